"""Tasks with vision: colours of targets, and the view of the task."""

import numpy as np

from hierax.worlds.mujoco.tasks.vision_arrangement import VisionArrangement
from refusals import refuses


def test_targets_have_different_colours():
    world = VisionArrangement("Four", targets=4)
    colours = {world.colour(target, required=False) for target in range(4)}
    assert len({*colours, world.colour(0, required=True)}) == 5


def test_more_targets_than_colours_are_refused():
    refuses(lambda: VisionArrangement("Five", targets=5), "targets", "at most 4", "5")


def test_the_task_has_the_mover_and_not_the_target():
    fields = {"boxes": 2, "targets": 2, "movers": ("body", "boxes")}
    world = VisionArrangement("Who", **fields)
    for seed in range(8):
        asked = world.draw_task(np.random.default_rng(seed))
        who = np.any(asked["required"], 2).astype(float)
        np.testing.assert_array_equal(asked["task"], who.ravel())
