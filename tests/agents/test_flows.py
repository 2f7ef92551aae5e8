"""Flows against automatic differentiation, quadrature and closed forms."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from agents import in_numpy
from hierax.agents.distributions import log_det_tanh
from hierax.agents.latent_space.flows import Flow, all_entries, alternating, standard_log_prob
from refusals import refuses

KEY = jax.random.key(0)
SIZES = (1, 2, 3, 5, 8, 17)
sizes = pytest.mark.parametrize("size", SIZES)
OBSERVED = 4
HIDDEN = (8, 6)


def flow(size, moved=None, seed=0, spread=2.0, limit=3.0):
    """Random numbers in all places, biases too; ``spread`` multiplies the last layers."""
    moved = alternating(size, 2) if moved is None else moved
    # Drawn by NumPy, since JAX would compile the drawing of each shape.
    shapes = jax.eval_shape(lambda key: Flow(key, OBSERVED, size, HIDDEN, moved, 7, limit), KEY)
    rng = np.random.default_rng(seed)

    def some(leaf):
        return np.asarray(rng.normal(size=leaf.shape) / leaf.shape[0] ** 0.5, leaf.dtype)

    made = with_last_layers(jax.tree.map(some, shapes), lambda last, _: spread * last)
    return jax.tree.map(jnp.asarray, made)


def with_last_layers(flow, change):
    """The flow with other last layers: ``change`` is given an array and how many entries move."""

    def changed(coupling):
        begin, end = coupling.moved
        parts = lambda coupling: (  # noqa: E731
            coupling.net.layers[-1].weight,
            coupling.net.layers[-1].bias,
        )
        both = tuple(change(leaf, end - begin) for leaf in parts(coupling))
        return eqx.tree_at(parts, coupling, both)

    return eqx.tree_at(lambda flow: flow.couplings, flow, tuple(map(changed, flow.couplings)))


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def new(size, moved, final_scale):
    """As an agent makes them. The key is of a kind that is quickly compiled."""
    return Flow(
        jax.random.key(0, impl="unsafe_rbg"),
        OBSERVED,
        size,
        HIDDEN,
        moved,
        7,
        final_scale=final_scale,
    )


def compiled(function):
    """The compiled function, whose results are NumPy's: what is done to them compiles nothing."""
    one_piece = jax.jit(function)
    return lambda *given: jax.device_get(one_piece(*given))


def rows(size, count=16, seed=0, scale=1.0):
    """Noise, and observations of a size."""
    rng = np.random.default_rng(seed)
    seen = scale * rng.normal(size=(count, OBSERVED))
    return jnp.asarray(rng.normal(size=(count, size))), jnp.asarray(seen)


@compiled
def forward(flow, z, seen):
    return flow.forward(z, seen)


@compiled
def inverse(flow, x, seen):
    return flow.inverse(x, seen)


@compiled
def log_prob(flow, x, seen):
    return flow.log_prob(x, seen)


@compiled
def gradient(flow, x, seen):
    """Of the mean log-density by all numbers of the flow."""
    return jax.grad(lambda flow: flow.log_prob(x, seen).mean())(flow)


@compiled
def slopes(flow, z, seen):
    """∂x/∂z and ∂x/∂observation of each row."""
    x = lambda z, seen: flow.forward(z, seen)[0]  # noqa: E731
    return jax.vmap(jax.jacfwd(x, argnums=(0, 1)))(z, seen)


@compiled
def log_density(flow, points, seen):
    """Log π at many points, for one observation."""
    return jax.vmap(flow.log_prob, (0, None))(points, seen)


def plane(axis):
    """All points of a grid in two dimensions."""
    return jnp.asarray(np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2))


@pytest.mark.parametrize("scale", [1.0, 100.0])
@sizes
def test_the_inverse_finds_the_noise_again(x64, size, scale):
    z, seen = rows(size, scale=scale)
    x, log_det = forward(flow(size), z, seen)
    back, log_det_back = inverse(flow(size), x, seen)
    np.testing.assert_allclose(back, z, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(log_det, -log_det_back, rtol=0, atol=1e-9)
    assert np.abs(x - z).max(axis=0).min() > 0.1


@pytest.mark.parametrize("scale", [1.0, 100.0])
@sizes
def test_the_inverse_finds_the_noise_again_in_single_precision(size, scale):
    z, seen = rows(size, scale=scale)
    x, log_det = forward(flow(size), z, seen)
    back, log_det_back = inverse(flow(size), x, seen)
    assert back.dtype == log_det.dtype == jnp.float32
    # Two layers that shrink by e^3 magnify rounding errors 400 times: 1e-5 would be too strict.
    np.testing.assert_allclose(back, z, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(log_det, -log_det_back, rtol=1e-4, atol=1e-4)


@sizes
def test_the_log_det_is_that_of_the_jacobian(x64, size):
    for scale in (1.0, 100.0):
        z, seen = rows(size, scale=scale)
        _, log_det = forward(flow(size), z, seen)
        sign, exact = np.linalg.slogdet(slopes(flow(size), z, seen)[0])
        np.testing.assert_array_equal(sign, 1.0)
        np.testing.assert_allclose(log_det, exact, rtol=1e-9, atol=1e-9)
        assert np.abs(log_det).max() > 0.1


@pytest.mark.parametrize("seed", [0, 1])
def test_the_density_integrates_to_one(x64, seed):
    policy, seen = flow(2, seed=seed, spread=0.4), rows(2)[1][seed]
    # Trapezoids: for a smooth density that vanishes at the edges they are exact to the last digits.
    axis = np.linspace(-16, 16, 400)
    density = np.exp(log_density(policy, plane(axis), seen))
    assert density.sum() * (axis[1] - axis[0]) ** 2 == pytest.approx(1.0, abs=1e-9)
    # Over actions tanh x, in their own cube, by the rule of Takahasi and Mori, dense at its edges.
    place = np.linspace(-2.6, 2.6, 400)
    inner = np.pi / 2 * np.sinh(place)
    weight = np.pi / 2 * np.cosh(place) / np.cosh(inner) ** 2 * (place[1] - place[0])
    points = plane(np.arctanh(np.tanh(inner)))
    density = np.exp(log_density(policy, points, seen) - log_det_tanh(points))
    assert density @ np.outer(weight, weight).ravel() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("size", "count"), [(1, 400), (3, 64)])
def test_so_does_that_of_an_odd_number_of_entries(x64, size, count):
    policy, seen = flow(size, spread=0.2), rows(size)[1][0]
    axis = np.linspace(-8, 8, count)
    points = np.stack(np.meshgrid(*[axis] * size, indexing="ij"), -1).reshape(-1, size)
    density = np.exp(log_density(policy, jnp.asarray(points), seen))
    assert density.sum() * (axis[1] - axis[0]) ** size == pytest.approx(1.0, abs=1e-9)
    _, log_det = forward(policy, *rows(size))
    assert np.abs(log_det).max() > 0.1


def test_both_passes_give_samples_the_same_probability(x64):
    z, seen = rows(8)
    x, log_det = forward(flow(8), z, seen)
    told = standard_log_prob(z) - log_det
    np.testing.assert_allclose(told, log_prob(flow(8), x, seen), rtol=0, atol=1e-9)
    normal = scipy.stats.norm.logpdf(z).sum(axis=-1)
    np.testing.assert_allclose(standard_log_prob(z), normal, rtol=1e-12)


@pytest.mark.parametrize("size", [1, 8])
def test_a_level_above_can_undo_the_one_below_and_do_anything_else(x64, size):
    below, wanted = flow(size, seed=1), flow(size, seed=2)
    z, seen = rows(size)
    x, log_det = forward(wanted, z, seen)
    latent, back = inverse(below, x, seen)
    reached, again = forward(below, latent, seen)
    np.testing.assert_allclose(reached, x, rtol=1e-10, atol=1e-10)
    composed = standard_log_prob(z) - (log_det + back) - again
    np.testing.assert_allclose(composed, log_prob(wanted, x, seen), rtol=0, atol=1e-10)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_flow_that_begins_with_what_moved_last_holds_the_inverse_of_the_one_below(x64, size):
    # Of shifts alone, since what undoes a shift has the same net but for its sign.
    below = with_last_layers(flow(size), lambda last, count: last.at[..., :count].set(0.0))
    opposite = with_last_layers(below, lambda last, _: -last)
    nets = [coupling.net for coupling in reversed(opposite.couplings)]
    above = flow(size, alternating(size, 2, begin_with=1))
    parts = lambda flow: (flow.torso, *(each.net for each in flow.couplings))  # noqa: E731
    above = eqx.tree_at(parts, above, (below.torso, *nets))
    z, seen = rows(size)
    latent, _ = forward(above, z, seen)
    x, _ = forward(below, latent, seen)
    np.testing.assert_allclose(x, z, rtol=0, atol=1e-12)
    assert np.abs(latent - z).max(axis=0).min() > 0.1


def test_divergences_in_latents_and_in_actions_are_the_same(x64):
    # Small numbers: actions that tanh takes to the end of their interval have no derivatives left.
    below = flow(3, seed=1, spread=0.5)
    above = flow(3, alternating(3, 2, begin_with=1), seed=2, spread=0.5)
    z, seen = rows(3)
    latent, log_det = forward(above, z, seen)
    in_latents = standard_log_prob(z) - log_det - standard_log_prob(jnp.asarray(latent))

    def by_the_lower(latent, seen):
        return jnp.tanh(below.forward(latent, seen)[0])

    def by_both(z, seen):
        return by_the_lower(above.forward(z, seen)[0], seen)

    def density(policy, noise):
        volume = jax.jit(jax.vmap(jax.jacfwd(policy)))(noise, seen)
        return standard_log_prob(noise) - np.linalg.slogdet(volume)[1]

    # The same action of both policies, whose densities come from the derivatives of all of it.
    in_actions = density(by_both, z) - density(by_the_lower, jnp.asarray(latent))
    np.testing.assert_allclose(in_latents, in_actions, rtol=1e-9, atol=1e-9)
    assert np.abs(in_latents).min() > 1e-3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_soft_value_is_below_log_z_by_the_divergence_from_the_best_policy(x64, seed):
    policy, seen = flow(2, seed=seed, spread=0.4), rows(2)[1][seed]
    temperature = 0.5

    def value(x):
        return 2 * np.sin(2 * x[:, 0]) * np.cos(x[:, 1]) - 0.1 * (x**2).sum(axis=1)

    axis = np.linspace(-16, 16, 400)
    points, area = plane(axis), (axis[1] - axis[0]) ** 2
    best = standard_log_prob(points) + value(points) / temperature
    log_z = np.log(np.exp(best).sum() * area)
    log_policy = log_density(policy, points, seen)
    divergence = (np.exp(log_policy) * (log_policy - best + log_z)).sum() * area

    # The soft value from the forward pass, as the loss of an actor has it: over noise.
    x, log_det = forward(policy, points, jnp.broadcast_to(seen, (len(points), OBSERVED)))
    log_ratio = standard_log_prob(points) - log_det - standard_log_prob(jnp.asarray(x))
    soft_value = np.exp(standard_log_prob(points)) * (value(x) / temperature - log_ratio)
    soft_value = soft_value.sum() * area
    assert soft_value == pytest.approx(float(log_z - divergence), abs=1e-8)
    assert divergence > 0.1


def test_the_best_policy_of_a_gaussian_bandit_has_a_soft_value_of_log_z_at_each_sample(x64):
    # r = -½ (a - μ)ᵀ P (a - μ), prior N(0, I): the best policy is N(S ρP μ, S), S = (I + ρP)⁻¹.
    sharpness, centre = 1.5 * np.array([2.0, 0.5]), np.array([1.0, -1.0])
    variance = 1 / (1 + sharpness)
    mean = variance * sharpness * centre
    np.testing.assert_allclose(mean, [0.75, -0.428571], atol=1e-6)
    bias = jnp.asarray(np.concatenate([3 * np.arctanh(0.5 * np.log(variance) / 3), mean]))
    policy = with_last_layers(
        flow(2, all_entries(2)), lambda last, _: bias if last.ndim == 1 else 0.0 * last
    )
    z, seen = rows(2)
    x, log_det = forward(policy, z, seen)
    log_ratio = standard_log_prob(z) - log_det - standard_log_prob(jnp.asarray(x))
    soft_value = -0.5 * (sharpness * (x - centre) ** 2).sum(axis=1) - log_ratio
    quadratic = sharpness - sharpness**2 * variance
    log_z = -0.5 * (np.log(1 + sharpness) + quadratic * centre**2).sum()
    assert log_z == pytest.approx(-1.562241, abs=1e-6)
    np.testing.assert_allclose(soft_value, log_z, rtol=1e-12)


@pytest.mark.parametrize(
    ("size", "moved"),
    [*((size, alternating(size, 2)) for size in SIZES), (5, all_entries(5))],
    ids=[*map(str, SIZES), "gaussian"],
)
def test_a_new_flow_is_the_identity_to_the_bit(size, moved):
    policy = new(size, moved, 0.0)
    for scale in (1.0, 1e4):
        z, seen = rows(size, scale=scale)
        for out, log_det in (forward(policy, z, seen), inverse(policy, z, seen)):
            np.testing.assert_array_equal(out, z)
            np.testing.assert_array_equal(log_det, 0.0)


@pytest.mark.parametrize("size", [2, 5])
def test_a_flow_that_starts_at_random_moves_every_entry(size):
    z, seen = rows(size, scale=5.0)
    x, log_det = forward(new(size, alternating(size, 2), 1.0), z, seen)
    assert (x != z).all()
    assert (log_det != 0).all()


def test_the_identity_can_learn():
    z, seen = rows(5)
    for coupling in gradient(new(5, alternating(5, 2), 0.0), z, seen).couplings:
        assert (coupling.net.layers[-1].weight != 0).any(axis=0).all()


def test_gradients_are_finite_for_large_observations():
    z, seen = rows(5, scale=1e4)
    found = jax.tree.leaves(gradient(flow(5, spread=100.0), z, seen))
    assert all(np.isfinite(leaf).all() for leaf in found)


def test_halves_take_turns():
    assert alternating(4, 3) == ((0, 2), (2, 4), (0, 2))
    assert alternating(5, 2) == ((0, 2), (2, 5))
    assert alternating(5, 3, begin_with=1) == ((2, 5), (0, 2), (2, 5))
    assert alternating(1, 2) == alternating(1, 2, begin_with=1) == ((0, 1), (0, 1))
    assert all_entries(5) == ((0, 5),)


@pytest.mark.parametrize(
    ("moved", "entries"),
    [
        (alternating(5, 1), [0, 1]),
        (alternating(5, 1, begin_with=1), [2, 3, 4]),
        (((1, 3),), [1, 2]),
    ],
)
def test_one_coupling_moves_its_entries_given_the_others_and_the_observation(moved, entries):
    kept = [k for k in range(5) if k not in entries]
    by_noise, by_seen = map(np.asarray, slopes(flow(5, moved), *rows(5)))
    # Those that move depend on themselves, on all that are kept, and on nothing else.
    depends = np.eye(5, dtype=bool)
    depends[np.ix_(entries, kept)] = True
    np.testing.assert_array_equal((by_noise != 0).any(axis=0), depends)
    np.testing.assert_array_equal(
        by_noise[:, kept], np.broadcast_to(np.eye(5)[kept], (16, len(kept), 5))
    )
    np.testing.assert_array_equal((by_seen != 0).any(axis=(0, 2)), np.isin(range(5), entries))


@pytest.mark.parametrize("size", [3, 8])
@pytest.mark.parametrize("begin_with", [0, 1])
def test_with_two_couplings_all_entries_depend_on_the_other_half(x64, size, begin_with):
    policy = flow(size, alternating(size, 2, begin_with))
    by_noise, by_seen = ((slope != 0).any(axis=0) for slope in slopes(policy, *rows(size)))
    second_half = np.arange(size) >= size // 2
    first = np.flatnonzero(second_half == bool(begin_with))
    # All but those that moved first, of each other: they moved given the second half alone.
    expected = np.ones((size, size), bool)
    expected[np.ix_(first, first)] = np.eye(len(first), dtype=bool)
    np.testing.assert_array_equal(by_noise, expected)
    assert by_seen.any(axis=1).all()


def test_a_single_entry_moves_given_the_observation_alone(x64):
    z, seen = rows(1)
    by_noise, by_seen = slopes(flow(1), z, seen)
    assert (by_seen != 0).any()
    elsewhere, _ = slopes(flow(1), z + 1.0, seen)
    np.testing.assert_array_equal(by_noise, elsewhere)  # affine in the noise
    assert np.ptp(by_noise) > 0.1  # with a scale for each observation


def test_a_gaussian_policy_is_one_affine_layer(x64):
    policy, (_, seen) = flow(3, all_entries(3)), rows(3, count=4)
    features = np.maximum(in_numpy.network(policy.torso, np.asarray(seen)), 0)
    first, last = policy.couplings[0].net.layers
    output = np.tanh(features @ first.weight + first.bias) @ last.weight + last.bias
    raw_scale, mean = np.split(output, 2, axis=1)
    scale = np.exp(3 * np.tanh(raw_scale / 3))
    normal = scipy.stats.norm(mean, scale)
    z = jnp.asarray(np.random.default_rng(5).normal(size=(20_000, 4, 3)))
    samples, log_det = forward(policy, z, jnp.broadcast_to(seen, (20_000, 4, OBSERVED)))
    # Five standard errors of 20 000 samples.
    assert (np.abs(samples.mean(axis=0) - mean) < 5 * scale / 141).all()
    np.testing.assert_allclose(samples.std(axis=0), scale, rtol=5 / 200)
    np.testing.assert_allclose(log_det[0], np.log(scale).sum(axis=1), rtol=1e-12)
    x = samples[0]
    np.testing.assert_allclose(log_prob(policy, x, seen), normal.logpdf(x).sum(axis=1), rtol=1e-11)
    assert scale.max() / scale.min() > 2


@pytest.mark.parametrize(("moved", "limit"), [(alternating(5, 2), 3.0), (all_entries(5), 0.5)])
def test_scales_are_bounded_whatever_is_seen(moved, limit):
    policy = flow(5, moved, spread=100.0, limit=limit)
    bound = limit * sum(end - begin for begin, end in moved)
    largest = 0.0
    for scale in (1.0, 100.0, 1e4, 1e8):
        z, seen = rows(5, scale=scale)
        for out, log_det in (forward(policy, z, seen), inverse(policy, z, seen)):
            assert np.isfinite(out).all()
            assert np.abs(log_det).max() <= bound * (1 + 1e-6)
            largest = max(largest, float(np.abs(log_det).max()))
    assert largest > 0.5 * bound


def test_any_batch_axes_will_do(x64):
    policy, (z, seen) = flow(3), rows(3, count=6)
    x, _ = forward(policy, z, seen)
    folded, log_det_folded = forward(policy, z.reshape(2, 3, 3), seen.reshape(2, 3, OBSERVED))
    assert log_det_folded.shape == (2, 3)
    np.testing.assert_allclose(folded.reshape(6, 3), x, rtol=1e-12)
    alone, log_det_alone = forward(policy, z[0], seen[0])
    assert log_det_alone.shape == ()
    np.testing.assert_allclose(alone, x[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"units": 0}, ("units", "an integer >= 1", "got 0")),
        ({"units": 1.5}, ("units", "an integer >= 1", "got 1.5")),
        ({"limit": 0.0}, ("limit", "a finite number > 0", "got 0.0")),
        ({"limit": -1.0}, ("limit", "a finite number > 0", "got -1.0")),
        ({"limit": float("inf")}, ("limit", "a finite number > 0", "got inf")),
        ({"final_scale": -1.0}, ("final_scale", "a finite number >= 0", "got -1.0")),
        ({"observation_size": 0}, ("layer", "an integer >= 1", "got 0")),
        ({"hidden_sizes": (0,)}, ("layer", "an integer >= 1", "got 0")),
        ({"hidden_sizes": ()}, ("hidden_sizes", "at least one layer", "got ()")),
        ({"size": 0, "moved": alternating(0, 2)}, ("layer", "an integer >= 1", "got 0")),
    ],
)
def test_refusals(changes, names):
    usual = {"observation_size": 3, "size": 2, "hidden_sizes": (4,), "moved": alternating(2, 2)}
    refuses(lambda: Flow(KEY, **{**usual, **changes}), *names)
