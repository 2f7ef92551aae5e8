"""Levels of `hierax train lsp`, from what is known of a world and from options."""

import pytest

from hierax.agents import Level
from hierax.commands.dotted import separate
from hierax.commands.errors import UsageError
from hierax.commands.levels import levels_of
from hierax.training.curriculum import CURRICULA


def levels(world, words=""):
    return levels_of(world, separate(words.split())[1])


def test_a_world_brings_its_levels_along():
    assert levels("SpinCross-v0") == CURRICULA["SpinCross-v0"]
    assert levels("PointMaze-v0") == (Level(),)


def test_options_change_levels_and_add_them():
    words = "--level.0.steps 9000 --level.2.control-interval=3 --level.2.noise episode"
    lower, middle, upper = levels("PointCross-v0", words)
    known = CURRICULA["PointCross-v0"]
    assert (lower.steps, lower.world, lower.views) == (9_000, "PointSpeed-v0", ("velocity",))
    assert middle == known[1]
    assert upper == Level(control_interval=3, noise="episode")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--level.2.steps 5", "there is an option for level 2, but none for level 1: levels are "),
        ("--level.0.couplings 0", "level 0: couplings must be an integer >= 1, got 0"),
        ("--level.0.coupling 3", "there is no field of level 'coupling', but views, world, steps"),
        ("--level.0.noise never", "--level.0.noise is 'never', but must be step or episode"),
        ("--level.x.noise step", "there is no option '--level.x.noise', but --agent.FIELD"),
    ],
)
def test_what_is_not_allowed_is_named(words, message):
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        levels("PointMaze-v0", words)
