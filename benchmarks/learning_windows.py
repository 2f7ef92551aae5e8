"""Work of updates with Retrace, and of matrix products, for comparisons; see `contest_worker`."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
from jax.extend.core import Jaxpr, JaxprEqn, jaxprs_in_params

from hierax.agents import KL, SVG0, Retrace, Transition
from hierax.agents.agent import Agent, TrainState
from hierax.spec import Continuous, View, WorldSpec

Work = Callable[[], int]

ANT = WorldSpec("Ant-v0", (View("body", (144,)), View("task", (26,))), Continuous(8), 400)
"""The numbers of an ant that goes to one of three targets, as in the paper."""
ENVIRONMENTS, STEPS, UPDATES = 64, 100, 32
LATENT = 10
POLICY = (200, 100)


def updates(agent: str, critic: list[int]) -> Work:
    """Return the work of updates with 64 windows of 10 steps, in one compiled loop."""
    learned, state = _learning(_agent(agent, critic))

    def work() -> int:
        nonlocal state
        state = jax.block_until_ready(learned(state))
        return UPDATES

    return work


def products(agent: str, critic: list[int]) -> Work:
    """Return the work of the matrix products of such updates alone, in their shapes."""
    learner = _agent(agent, critic)
    _, state = _learning(learner)
    made = list(_products(jax.make_jaxpr(learner.learn)(state).jaxpr))
    operands = [[jnp.full(side.aval.shape, 0.01) for side in each.invars] for each in made]

    @jax.jit
    def multiplied(operands: list[list[jax.Array]]) -> list[list[jax.Array]]:
        def one(_: int, operands: list[list[jax.Array]]) -> list[list[jax.Array]]:
            return [_multiplied(each, *sides) for each, sides in zip(made, operands, strict=True)]

        return jax.lax.fori_loop(0, UPDATES, one, operands)

    def work() -> int:
        jax.block_until_ready(multiplied(operands))
        return UPDATES

    return work


def _products(program: Jaxpr) -> Iterator[JaxprEqn]:
    """Yield the matrix products of a program, and of the programs inside it."""
    for each in program.eqns:
        if each.primitive is jax.lax.dot_general_p:
            yield each
        for inside in jaxprs_in_params(each.params):
            yield from _products(inside)


def _multiplied(product: JaxprEqn, left: jax.Array, right: jax.Array) -> list[jax.Array]:
    """Return operands that depend on their product, so that none can be left out of a loop."""
    found = jax.lax.dot_general(left, right, product.params["dimension_numbers"])
    first = found[(0,) * found.ndim]
    return [left.at[(0,) * left.ndim].set(jnp.clip(first, -0.01, 0.01)), right]


def _agent(agent: str, critic: list[int]) -> KL | SVG0:
    """Return the agent called ``"svg0"``, or a hierarchy, with networks of the paper."""
    learner = Retrace(buffer_size=ENVIRONMENTS * STEPS, learning_starts=0)
    shared = {"hidden_sizes": POLICY, "value_hidden_sizes": tuple(critic), "learner": learner}
    if agent == "svg0":
        return SVG0(ANT, **shared)
    return KL(ANT, latent_size=LATENT, latents="resample", **shared)


def _learning(agent: Agent) -> tuple[Callable[[TrainState], TrainState], TrainState]:
    """Return a loop of updates, and a state whose replay is full of random steps."""

    @jax.jit
    def filled(state: TrainState) -> TrainState:
        def step(at: tuple, key: jax.Array) -> tuple:
            state, carry = at
            noise, act_key = jax.random.split(key)
            rows = jax.random.normal(noise, (ENVIRONMENTS, 170))
            seen = {"body": rows[:, :144], "task": rows[:, 144:]}
            carry, action, extras = agent.act(state, carry, seen, act_key, explore=True)
            goes_on = jnp.zeros(ENVIRONMENTS, bool)
            made = Transition(seen, action, extras, rows[:, 0], goes_on, goes_on, seen, ~goes_on)
            return (agent.observe(state, made), carry), None

        first = state, agent.initial_carry(ENVIRONMENTS)
        return jax.lax.scan(step, first, jax.random.split(jax.random.key(1), STEPS))[0][0]

    @jax.jit
    def learned(state: TrainState) -> TrainState:
        return jax.lax.fori_loop(0, UPDATES, lambda _, at: agent.learn(at)[0], state)

    return learned, filled(agent.init(jax.random.key(0), ENVIRONMENTS))
