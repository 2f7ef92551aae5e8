"""KL-regularised hierarchies learn where the best policy is known."""

import numpy as np
import pytest

import hierax
from agents.kl_windows import trained
from agents.on_policy_agent import StayOrLeave
from hierax.agents.kl import KL, VTrace
from hierax.training.serialisation import tree_digest
from hierax.worlds import BodyGrid

GRID = BodyGrid(1, size=4)

pytestmark = pytest.mark.slow


def test_the_high_level_learns_to_show_what_the_low_level_does_not_see():
    """It sees the latent alone, and has to act by a cue that only the high level sees."""
    world = StayOrLeave()
    learner = VTrace(rollout_length=8, learning_rate=1e-2)
    agent = KL(
        world.spec, hidden_sizes=(16,), value_hidden_sizes=(16,), latent_size=2, discount=0.9,
        default="learned", default_hidden_sizes=(8,), kl_weight=1e-3, entropy=1e-2, low_views=(),
        learner=learner,
    )  # fmt: skip
    *_, last = trained(agent, world, 150)
    stays = np.asarray(last.action != last.observation["cue"].argmax(axis=-1))
    assert stays[np.asarray(last.is_step)].mean() > 0.95


def trained_in_grid(steps, seed=0, **changes):
    """The result of a training."""
    agent = KL(GRID.spec, **changes)
    given = {"environments": 64, "episodes": 100, "progress": False}
    return hierax.train(agent, GRID, steps, seed, **given)


@pytest.mark.parametrize("latents", ["stored", "resample"])
@pytest.mark.parametrize("low_level", ["shared", "separate"])
@pytest.mark.parametrize("default", ["isotropic", "ar1", "learned"])
def test_they_learn_the_grid_with_each_default_policy(default, low_level, latents):
    done = trained_in_grid(100_000, default=default, low_level=low_level, latents=latents)
    assert done.summary["success_rate"] > 0.95
    assert done.summary["mean"] > 0.6  # at best 0.73


def test_equal_seeds_give_equal_numbers():
    changes = {"default": "learned", "low_level": "separate", "period": 2}
    one, again, other = (
        tree_digest(trained_in_grid(5_000, seed, **changes).states[0].learner) for seed in (0, 0, 1)
    )
    assert one == again != other
