"""Targets by sight: as many as have a colour, and nothing told of which is meant."""

import numpy as np

from hierax.worlds.mujoco.tasks.vision_arrangement import VisionArrangement
from refusals import refuses


def test_every_target_that_is_not_asked_for_has_a_colour_of_its_own():
    world = VisionArrangement("Four", targets=4)
    colours = {world.colour(target, required=False) for target in range(4)}
    assert len({*colours, world.colour(0, required=True)}) == 5


def test_more_targets_than_colours_are_refused():
    refuses(lambda: VisionArrangement("Five", targets=5), "targets", "at most 4", "5")


def test_who_is_asked_for_is_told_and_where_is_not():
    fields = {"boxes": 2, "targets": 2, "movers": ("body", "boxes")}
    world = VisionArrangement("Who", **fields)
    for seed in range(8):
        asked = world.draw_task(np.random.default_rng(seed))
        who = np.any(asked["required"], 2).astype(float)
        np.testing.assert_array_equal(asked["task"], who.ravel())
