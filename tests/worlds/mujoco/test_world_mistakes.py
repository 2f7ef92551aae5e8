"""Mistakes in a world of one's own are named in errors."""

import numpy as np
import pytest

from hierax.worlds.mujoco import MujocoBatch
from refusals import refuses
from worlds.mujoco.toys import Slider


class Faulty(Slider):
    """A slider with the mistake that its name says."""

    def observe(self, data):
        shown = dict(super().observe(data))
        if self.name == "flat":
            shown["place"] = shown["place"][:, 0]
        if self.name == "blind":
            del shown["flag"]
        return shown

    def initial_state(self, random):
        begun = super().initial_state(random)
        if self.name == "long":
            return begun._replace(qpos=np.zeros(2))
        if self.name == "fixed":
            return begun._replace(mocap={"block": begun.mocap["flag"]})
        return begun

    def reward_and_termination(self, previous, data):
        result = super().reward_and_termination(previous, data)
        if self.name == "inventive":
            return result._replace(task_state={**result.task_state, "more": data.qpos})
        return result._replace(task_state={}) if self.name == "forgetful" else result

    def compose(self):
        spec = super().compose()
        if self.name == "unbounded":
            (motor,) = spec.actuators
            motor.ctrllimited = False
        return spec


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("flat", ("view 'place'", "shape (2, 1)", "(2,)")),
        ("blind", ("observe", "'flag'", "'place', 'clock'")),
        ("long", ("qpos of initial_state", "shape (1,)", "(2,)")),
        ("fixed", ("mocap of initial_state", "mocap bodies ('flag')", "'block'")),
        ("forgetful", ("task_state of reward_and_termination", "'clock'", "nothing")),
        ("inventive", ("task_state of reward_and_termination", "'clock'", "'clock', 'more'")),
        ("unbounded", ("actuator 0", "unbounded", "ctrlrange")),
    ],
)
def test_mistakes_in_a_world_are_named(name, parts):
    def reset_and_step():
        batch = MujocoBatch(Faulty(name=name), 2)
        batch.reset(0), batch.step(np.zeros((2, 1)))

    refuses(reset_and_step, *parts)
