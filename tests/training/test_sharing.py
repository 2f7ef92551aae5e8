"""The second equal training of a process compiles nothing; what may change is never shared."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from hierax.agents import TD3
from hierax.training import train
from hierax.training.serialisation import tree_digest
from hierax.training.sharing import cannot_change, shared
from hierax.worlds import PointSpeed, make
from training.test_drivers import nothing_compiled

SMALL = {"hidden_sizes": (4,), "batch_size": 8, "buffer_size": 300, "learning_starts": 32}


@pytest.mark.parametrize("driver", ["scan", pytest.param("host", marks=pytest.mark.slow)])
def test_the_second_equal_training_compiles_nothing(driver, caplog, tmp_path):
    def run(folder, seed=0, **changes):
        world = PointSpeed(episode_limit=20)
        agent = TD3(world.spec, **{**SMALL, **changes})
        given = {"environments": 4, "episodes": 2, "driver": driver, "progress": False}
        return train(agent, world, 160, seed, run=tmp_path / folder, **given)

    first = run("first")
    with nothing_compiled(caplog):
        again, other = run("again"), run("other", seed=1)
    assert tree_digest(again.states) == tree_digest(first.states)
    assert again.summary["mean"] == first.summary["mean"]
    assert tree_digest(other.states) != tree_digest(first.states)


class Plain:
    """A class whose objects may change."""


@dataclasses.dataclass
class Loose:
    number: int = 1


@dataclasses.dataclass(frozen=True)
class Fixed:
    part: Any = None


def test_what_cannot_change():
    for value in (
        1, 1.5, "word", None, True, (1, ("a", 2.0)), len, test_what_cannot_change, Fixed,
        Fixed((Fixed(1), "a")), make("PointCross-v0"), np.dtype("int8"),
    ):  # fmt: skip
        assert cannot_change(value), value
    for value in (
        [1], {"a": 1}, Plain(), Loose(), np.zeros(2), jax.numpy.zeros(2), Fixed([1]),
        Fixed(Plain()), (1, Loose()), make("FourRooms-v0"),
    ):  # fmt: skip
        assert not cannot_change(value), value


def test_equal_parts_share_one_object_and_others_do_not():
    assert shared(Fixed, (1, "a")) is shared(Fixed, (1, "a"))
    numbers = [shared(Fixed, number) for number in (1, 1.0, True)]
    assert len({id(each) for each in numbers}) == 3
    loose = Loose()
    assert shared(Fixed, loose) is not shared(Fixed, loose)


@pytest.mark.parametrize("name", ["PointMaze-v0", "SpinSpeed-v0", "AntSpeed-v0"])
def test_worlds_of_hierax_are_shared(name):
    assert cannot_change(make(name))
