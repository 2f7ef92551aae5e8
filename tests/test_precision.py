"""Learning computes in 32 bits whatever `jax_enable_x64` is, with the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.precision import in_float32
from hierax.worlds import FunctionalBatch, FunctionalHostWorld, PointCross, PointMaze
from hierax.worlds.gymnasium import HieraxEnv, HieraxVectorEnv

EXAMPLES = Path(__file__).parent.parent / "docs/examples"
RUN = """
import json, sys
import hierax
from gymnasium.utils.env_checker import check_env
from hierax.agents import SAC
from hierax.training.evaluation import in_both_modes, make_evaluator
from hierax.training.serialisation import tree_digest
from hierax.worlds.gymnasium import HieraxEnv, HostEnv
from own_mujoco_world import Arm
from own_world import Shuttle

found = {}
for world, face in ((Shuttle(), HieraxEnv), (Arm(), HostEnv)):
    check_env(face(world), skip_render_check=True)
    agent = SAC(world.spec, hidden_sizes=(8,), batch_size=8, learning_starts=16)
    run = f"{sys.argv[1]}/{world.name}"
    trained = hierax.train(agent, world, 64, run=run, episodes=2, progress=False)
    player = hierax.load(run, agent=agent, world=world)
    evaluated = in_both_modes(make_evaluator(agent, world, 3), [player.state], [0])
    found[world.name] = [tree_digest(trained.states), trained.summary["by_seed"], evaluated]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_a_program_with_the_flag_learns_the_numbers_of_one_without(tmp_path):
    def found(flag):
        folder = tmp_path / flag
        run = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", RUN, str(folder)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(EXAMPLES), "JAX_ENABLE_X64": flag},
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout.splitlines()[-1])

    assert found("1") == found("0")


def test_a_function_computes_in_32_bits(x64):
    assert in_float32(lambda: jnp.zeros(2).dtype)() == np.float32
    assert jnp.zeros(2).dtype == np.float64


def test_environments_stay_within_their_spaces(x64):
    environment = HieraxEnv(PointMaze())
    observation, _ = environment.reset(seed=0)
    assert observation in environment.observation_space
    assert environment.step([0.5, 0.5])[0] in environment.observation_space
    vector = HieraxVectorEnv(FunctionalHostWorld(PointMaze()), 2)
    observation, _ = vector.reset(seed=0)
    assert observation in vector.observation_space
    assert isinstance(vector, gymnasium.vector.VectorEnv)


def test_a_batch_has_the_dtypes_of_the_spec_in_a_loop(x64):
    world = PointCross()
    batch = FunctionalBatch(world, 2)
    first = batch.reset(jax.random.key(0))

    def body(_, state):
        return batch.step(state, jnp.zeros((2, 2)), jax.random.key(1))

    timestep = jax.eval_shape(lambda state: jax.lax.fori_loop(0, 2, body, state), first).timestep
    assert timestep.reward.dtype == timestep.episode_return.dtype == np.float32
    assert {str(array.dtype) for array in timestep.observation.values()} == {"float32"}
