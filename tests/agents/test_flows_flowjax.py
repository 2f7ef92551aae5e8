"""Flows against those of an independent library that are given the same weights."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.agents.latent_space.flows import Flow, all_entries, alternating

OBSERVED, FEATURES, UNITS, ROWS = 4, 6, 7, 16
ROUNDING = 1e-12  # float64 through two layers that stretch by e² at most


@pytest.fixture(scope="module")
def flowjax():
    for part in ("bijections", "distributions"):
        pytest.importorskip(f"flowjax.{part}")
    return pytest.importorskip("flowjax")


def random_flow(size, moved, limit):
    """Random numbers in all places, biases too."""
    key = jax.random.key(0)
    shapes = jax.eval_shape(
        lambda key: Flow(key, OBSERVED, size, (8, FEATURES), moved, UNITS, limit), key
    )
    rng = np.random.default_rng(size)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), shapes)


def theirs(flowjax, flow, size):
    """The same couplings, as one bijection whose condition is what the torso makes of a view."""
    parts = []
    for coupling in flow.couplings:
        begin, end = coupling.moved
        # Theirs moves the last entries, so those of ours are put there and back again.
        order = np.r_[:begin, end:size, begin:end]
        turned = flowjax.bijections.Permute(order)
        parts += [turned, _coupling(flowjax, coupling, size), flowjax.bijections.Invert(turned)]
    return flowjax.bijections.Chain(parts)


def _coupling(flowjax, coupling, size):
    from paramax import Parameterize

    limit, count = coupling.limit, coupling.moved[1] - coupling.moved[0]

    def scale(raw):
        return jnp.exp(limit * jnp.tanh(raw / limit))

    # Their scale goes through a softplus; any other function may be put in its place.
    affine = eqx.tree_at(
        lambda affine: affine.scale,
        flowjax.bijections.Affine(),
        Parameterize(scale, jnp.zeros(())),
        is_leaf=lambda node: isinstance(node, Parameterize),
    )
    made = flowjax.bijections.Coupling(
        jax.random.key(0),
        transformer=affine,
        untransformed_dim=size - count,
        dim=size,
        cond_dim=FEATURES,
        nn_width=UNITS,
        nn_depth=1,
        nn_activation=jnp.tanh,
    )
    first, last = coupling.net.layers
    # Ours puts out all scales, then all shifts; theirs shift and scale of one entry after another.
    turn = np.stack([np.arange(count) + count, np.arange(count)], axis=1).ravel()
    return eqx.tree_at(
        lambda made: [part for x in made.conditioner.layers for part in (x.weight, x.bias)],
        made,
        [first.weight.T, first.bias, last.weight.T[turn], last.bias[turn]],
    )


@jax.jit
def ours(flow, points, seen):
    return flow.forward(points, seen), flow.inverse(points, seen), flow.log_prob(points, seen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "moved", "limit"),
    [
        *((size, alternating(size, 2, begin_with=size % 2), 3.0) for size in (1, 2, 3, 5, 8)),
        (5, alternating(5, 3), 0.5),
        (5, all_entries(5), 3.0),
        (5, ((1, 3),), 3.0),
    ],
)
def test_flows_are_those_of_flowjax(x64, flowjax, size, moved, limit):
    flow = random_flow(size, moved, limit)
    oracle = theirs(flowjax, flow, size)
    distribution = flowjax.distributions.Transformed(
        flowjax.distributions.StandardNormal((size,)), oracle
    )
    rng = np.random.default_rng(0)
    # Points serve as noise and as what came of other noise.
    points, seen = (jnp.asarray(rng.normal(size=(ROWS, n))) for n in (size, OBSERVED))
    features = jax.nn.relu(flow.torso(seen))

    @jax.jit
    @jax.vmap
    def expected(point, features):
        return (
            oracle.transform_and_log_det(point, features),
            oracle.inverse_and_log_det(point, features),
            distribution.log_prob(point, features),
        )

    found = ours(flow, points, seen)
    for mine, other in zip(
        jax.tree.leaves(found), jax.tree.leaves(expected(points, features)), strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=ROUNDING, atol=ROUNDING)
    (x, log_det), *_ = found
    moves = np.unique(np.concatenate([np.arange(*part) for part in moved]))
    assert np.abs(x - points)[:, moves].max(axis=0).min() > 0.1
    assert np.abs(log_det).max() > 0.1
