"""The planning objectives against plain NumPy: goal models built directly, backups in a loop.

All kinds are compiled into one function of the options, since compiling costs more than computing.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.planning import Option, condition_on_goals, solve_bellman
from hierax.planning.option_gradient import PlanningObjective
from hierax.planning.option_gradient.objectives import KINDS, SMALLEST_GAP
from planning.models import random_tables
from planning.option_gradient.bilevel_oracle import soft_plan
from refusals import assert_names, refusal

OPTIONS, STATES, ACTIONS, DISCOUNT = 2, 5, 3, 0.9
TABLES = random_tables(8, STATES, ACTIONS, discount=DISCOUNT)
MDP = TABLES.dense()
AVAILABLE = MDP.available
GOALS = np.array([1, 4, 2])
BUDGET, ETA, TAU = 4, 0.6, 0.2
STEP = 1e-3  # fourth order: an error of about (step / τ)⁴, and rounding of 1e-15 / step
EACH_KIND = pytest.mark.parametrize("kind", KINDS)
x64 = pytest.mark.usefixtures("x64")


def parameters(seed=0):
    """Logits of policies ``(K, S, A)`` and of terminations ``(K, S)``."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(OPTIONS, STATES, ACTIONS)), rng.normal(size=(OPTIONS, STATES)) - 1.0


def options_of(policy_logits, logits):
    """Policies ``(K, S, A)`` and terminations ``(K, S)``, in NumPy or in JAX."""
    xp = jnp if isinstance(logits, jax.Array) else np
    weights = xp.where(AVAILABLE, xp.exp(policy_logits), 0.0)
    return weights / weights.sum(axis=2, keepdims=True), 1.0 / (1.0 + xp.exp(-logits))


def objectives(policy_logits, logits, optimum, scale, tau, budget, kinds):
    """Return ``(kinds,)``; ``scale (G, 1)`` multiplies the reward of a goal."""
    option = Option(*options_of(policy_logits, logits))
    families = {}
    for primitives in (False, True):
        family = condition_on_goals(MDP, option, GOALS, primitives=primitives)
        families[primitives] = family.__class__(**{**vars(family), "reward": family.reward * scale})
    found = []
    for kind in kinds:
        objective = PlanningObjective(kind, budget, ETA)
        found.append(objective(families[objective.uses_primitives], optimum * scale, tau))
    return jnp.stack(found)


@functools.cache
def best():
    """The optimum ``(G, S)``. Made in a test: each process collects, and would compile planners."""
    return solve_bellman(condition_on_goals(MDP, None, GOALS, primitives=True)).value


@functools.cache
def compiled(budget, kinds):
    """The slope of a weighted sum of objectives, and each of them: one pass serves any kind."""

    def weighted(policy_logits, logits, weights, *arguments):
        values = objectives(policy_logits, logits, *arguments, budget, kinds)
        return weights @ values, values

    return jax.jit(jax.grad(weighted, (0, 1), has_aux=True))


def library(kind, theta=None, *, optimum=None, scale=1.0, tau=TAU, budget=BUDGET, kinds=KINDS):
    """The value of a kind, and its derivatives by both kinds of logits."""
    theta = parameters() if theta is None else theta
    optimum = best() if optimum is None else optimum
    weights = np.array([float(kind == each) for each in kinds])
    scales = np.broadcast_to(scale, (len(GOALS), 1))
    slopes, values = compiled(budget, kinds)(*theta, weights, optimum, scales, tau)
    return float(values[kinds.index(kind)]), *map(np.asarray, slopes)


def flat_choices(policy, termination, primitives):
    """Policy ``(S, A)`` and termination ``(S,)`` of every choice, and who offers it ``(S, O)``."""
    choices = list(zip(policy, termination, strict=True))
    offered = np.ones((STATES, OPTIONS), bool)
    if primitives:
        choices += [(np.tile(row, (STATES, 1)), np.ones(STATES)) for row in np.eye(ACTIONS)]
        offered = np.concatenate([offered, AVAILABLE], axis=1)
    return choices, offered


def goal_model(choices, goal):
    """``r (S, O)`` and ``P (S, O, S)``: entering the goal has the reward 1 and ends the episode."""
    discounted = DISCOUNT * MDP.transition * (np.arange(STATES) != goal)
    earned, ends = [], []
    for policy, termination in choices:
        chain = np.einsum("sa,sat->st", policy, discounted)
        stays = np.eye(STATES) - chain * (1.0 - termination)
        entering = np.einsum("sa,sa->s", policy, MDP.transition[:, :, goal])
        earned.append(np.linalg.solve(stays, entering))
        ends.append(np.linalg.solve(stays, chain * termination))
    return np.stack(earned, axis=1), np.stack(ends, axis=1)


def relative_values(kind, tau=TAU):
    """Value relative to the optimum ``(H, G, S)``, or ``(1, G, S)`` where nothing is backed up."""
    policy, termination = options_of(*parameters())
    choices, offered = flat_choices(policy, termination, primitives=kind != "options_only")
    eta = ETA if kind == "decision_discount" else 1.0
    found = np.empty((BUDGET, len(GOALS), STATES))
    for index, goal in enumerate(GOALS):
        reward, transition = goal_model(choices, goal)
        top = best()[index]
        if kind in ("decision_discount", "options_only"):
            between = eta * transition * top / top[:, None, None]
            value, _ = soft_plan(reward / top[:, None], between, offered, tau, mellow=True)
            found[:, index] = value
            continue
        value = np.zeros(STATES)
        for sweep in range(BUDGET):
            q = np.where(offered, reward + transition @ value, -np.inf) / top[:, None]
            weights = np.exp(q / tau)
            value = top * tau * np.log(weights.sum(axis=1) / offered.sum(axis=1))
            found[sweep, index] = value / top
        if kind == "return":
            upper = weights / weights.sum(axis=1, keepdims=True)
            found[:, index] = flat_value(choices, upper, goal) / top
    return found


def flat_value(choices, upper, goal):
    """Value ``(S,)`` of calling options by ``upper (S, O)``, in the chain of (state, option)."""
    discounted = DISCOUNT * MDP.transition * (np.arange(STATES) != goal)
    number = len(choices)
    chain = np.zeros((STATES, number, STATES, number))
    earned = np.zeros((STATES, number))
    for o, (policy, termination) in enumerate(choices):
        step = np.einsum("sa,sat->st", policy, discounted)
        chain[:, o] = (step * termination)[:, :, None] * upper
        chain[:, o, :, o] += step * (1.0 - termination)
        earned[:, o] = np.einsum("sa,sa->s", policy, MDP.transition[:, :, goal])
    size = STATES * number
    value = np.linalg.solve(np.eye(size) - chain.reshape(size, size), earned.ravel())
    return (upper * value.reshape(STATES, number)).sum(axis=1)


def mean_elsewhere(relative):
    """Mean over goals and the states that are not the goal, ``(H, G, S) -> (H,)``."""
    return np.array([table[np.arange(STATES) != GOALS[:, None]].mean() for table in relative])


@x64
@EACH_KIND
def test_the_value_is_that_of_plain_numpy(kind):
    curve = mean_elsewhere(relative_values(kind))
    expected = {
        "area": curve.mean(),
        "log_gap": -np.log(1.0 + SMALLEST_GAP - curve).mean(),
    }.get(kind, curve[-1])
    assert library(kind)[0] == pytest.approx(expected, rel=1e-9)


@x64
@EACH_KIND
def test_the_gradient_is_that_of_finite_differences(kind):
    theta = parameters()
    _, *slopes = library(kind)
    for index in range(2):
        direction = [np.zeros_like(x) for x in theta]
        direction[index] = np.random.default_rng(index).normal(size=theta[index].shape)
        direction[index] /= np.linalg.norm(direction[index])
        found = sum((g * d).sum() for g, d in zip(slopes, direction, strict=True))

        def at(distance, direction=direction):
            moved = [x + distance * d for x, d in zip(theta, direction, strict=True)]
            return library(kind, moved)[0]

        near, far = (at(step) - at(-step) for step in (STEP, 2 * STEP))
        assert found == pytest.approx((8 * near - far) / (12 * STEP), rel=1e-6)


@x64
@EACH_KIND
def test_the_goal_itself_is_left_out_of_the_average(kind):
    """The value at the goal, of leaving and returning, does not affect the mean."""
    other = best().copy()
    other[np.arange(len(GOALS)), GOALS] *= 7.0
    assert library(kind, optimum=other)[0] == pytest.approx(library(kind)[0], rel=1e-9)


@x64
@EACH_KIND
def test_trap_11_near_and_far_goals_count_alike(kind):
    """In relative units value and gradient do not depend on the reward of a goal."""
    value, *slopes = library(kind, scale=np.array([[1e-3], [1.0], [50.0]]))
    assert value == pytest.approx(library(kind)[0], rel=1e-9)
    for found, expected in zip(slopes, library(kind)[1:], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


@x64
@EACH_KIND
def test_permuting_options_permutes_gradients(kind):
    value, *slopes = library(kind, [x[::-1] for x in parameters()])
    assert value == pytest.approx(library(kind)[0], rel=1e-12)
    for found, expected in zip(slopes, library(kind)[1:], strict=True):
        np.testing.assert_allclose(found[::-1], expected, atol=1e-11 * np.abs(expected).max())


@x64
@EACH_KIND
def test_trap_22_no_gradient_is_silently_zero(kind):
    _, slope, logit_slope = library(kind)
    chooses = AVAILABLE & (AVAILABLE.sum(axis=1) > 1)[:, None]
    np.testing.assert_array_equal(np.abs(slope) > 1e-9, np.broadcast_to(chooses, slope.shape))
    assert (np.abs(logit_slope) > 1e-9).all()


@x64
def test_the_optimum_may_be_a_constant_of_a_compiled_function():
    option = Option(*options_of(*parameters()))
    for kind in ("final", "decision_discount"):
        objective = PlanningObjective(kind, BUDGET, ETA)
        models = condition_on_goals(MDP, option, GOALS, primitives=objective.uses_primitives)
        found = jax.jit(functools.partial(objective, optimal_value=best(), temperature=TAU))(models)
        assert float(found) == pytest.approx(library(kind)[0], rel=1e-9)


@x64
def test_options_only_is_the_decision_discount_of_one_without_actions():
    models = condition_on_goals(MDP, Option(*options_of(*parameters())), GOALS)
    only = PlanningObjective("options_only", decision_discount=0.1)
    discounted = PlanningObjective("decision_discount", decision_discount=1.0)
    optimum = jnp.asarray(best())
    assert float(only(models, optimum, TAU)) == float(discounted(models, optimum, TAU))
    assert not only.uses_primitives
    assert discounted.uses_primitives


@x64
def test_the_decision_discount_counts_decisions():
    models = condition_on_goals(MDP, Option(*options_of(*parameters())), GOALS, primitives=True)
    optimum = jnp.asarray(best())
    found = [
        float(PlanningObjective("decision_discount", 1, eta)(models, optimum, TAU))
        for eta in (1e-9, 0.5, 1.0)
    ]
    assert found == sorted(found)
    # Where the next decision is worth nothing there is one backup.
    one = float(PlanningObjective("final", 1)(models, optimum, TAU))
    assert found[0] == pytest.approx(one, rel=1e-7)


@x64
def test_of_one_backup_the_area_is_the_final_value():
    models = condition_on_goals(MDP, Option(*options_of(*parameters())), GOALS, primitives=True)
    area, final, log_gap = (
        float(PlanningObjective(kind, 1)(models, best(), TAU))
        for kind in ("area", "final", "log_gap")
    )
    assert area == final
    assert log_gap == pytest.approx(-np.log(1.0 + SMALLEST_GAP - final), rel=1e-12)


@x64
def test_trap_19_a_converged_planner_with_actions_gives_no_gradient():
    """I16: the colder it is, the less, where the truncated planner's gradient stays."""
    truncated, converged = [], []
    for tau in (2e-2, 2e-3, 2e-4):
        truncated.append(np.abs(library("final", tau=tau)[1]).max())
        value, *slopes = library("final", tau=tau, budget=200, kinds=("final",))
        converged.append(max(np.abs(slope).max() for slope in slopes))
    assert value > 0.99
    assert min(truncated) > 1e-3
    assert converged[0] > 10 * converged[1] > 100 * converged[2]
    assert converged[-1] < 1e-12


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("areas",), "kind must be one of 'area', 'log_gap' ... 'areas'"),
        ((None,), "kind must be ... got None"),
        (("area", 0), "budget must be an integer >= 1 ... got 0"),
        (("area", 2.5), "budget must be an integer >= 1 ... got 2.5"),
        (("area", True), "budget must be an integer >= 1 ... got True"),
        (("decision_discount", 10, 0.0), "decision_discount must be ... got 0.0"),
        (("decision_discount", 10, 1.1), "decision_discount must be ... got 1.1"),
        (("decision_discount", 10, np.nan), "decision_discount must be ... got nan"),
        (("decision_discount", 10, "half"), "decision_discount must be ... got 'half'"),
    ],
)
def test_bad_arguments_are_refused(arguments, words):
    assert_names(refusal(PlanningObjective, *arguments), words)
