"""Agents of `kl-body-grid`: high levels trained on a body of one step, and what is done with them.

A *setting* is a body, a grid, a rule of rewards, a weight of the entropy and initial weights. An
*arm* is an agent in a setting. High level and its default policy of transfer arms come from a body
of one step in a grid of the same size, and stay as they are.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hierax.agents.agent import TrainState
from hierax.agents.kl import IMPALA, KL
from hierax.agents.kl.agent import HIGH, HIGH_DEFAULT
from hierax.experiments.learning_runs import Runs, first_step, learn
from hierax.statistics import UNIT, interval
from hierax.training import transfer
from hierax.training.session import Trained
from hierax.worlds import BodyGrid, Rewarded

ENVIRONMENTS = 128
DEFAULTS: Mapping[str, float] = {"isotropic": 0.1, "ar1": 1e-2, "learned": 1e-3}
"""Weight of the KL where all is new, for each kind of default policy."""
KL_WEIGHT = 0.1
"""Weight of the KL in transfers; other weights are tried in two settings."""
FLAT_SIZES = (64, 64)
"""Layers of a flat policy: as many as those of both levels together."""
SUCCESS, SAMPLED = "deterministic/success", "sampled/success"
RETURN, SAMPLED_RETURN = "deterministic/return", "sampled/return"
METRICS = (SAMPLED, SUCCESS, SAMPLED_RETURN, RETURN)
LAST = 3
"""Evaluations whose mean is the headline."""
REACHED = 0.95
"""Success rate of a solved task."""
PARTS = (HIGH, HIGH_DEFAULT)
Kind = Literal["kl", "none", "constant", "kl alone", "scratch", "flat"]


class Setting(NamedTuple):
    """A task of an arm.

    Attributes:
        body: n, steps for one cell.
        size: cells along each side.
        reward: rule of rewards.
        entropy: weight of the entropy of actions.
        scale: factor of the initial weights of last layers.
    """

    body: int = 8
    size: int = 8
    reward: Literal["paper", "goal"] = "paper"
    entropy: float = 1e-3
    scale: float = 0.1

    @property
    def world(self) -> BodyGrid:
        """The world."""
        return BodyGrid(self.body, self.size, self.reward)

    @property
    def name(self) -> str:
        """Name in tables."""
        rule = "paper's rewards" if self.reward == "paper" else "goal alone"
        grid = f"{self.size} × {self.size}"
        learner = f"entropy {self.entropy:g}, scale {self.scale:g}"
        return f"{self.body} steps, {grid}, {rule}, {learner}"


class Arm(NamedTuple):
    """An agent in a setting.

    Attributes:
        kind: ``"kl"`` and ``"none"``: the high level is transferred, with and without a KL reward;
            ``"constant"``: the mean of the KL reward in its place; ``"kl alone"``: no reward of the
            task; ``"scratch"``: all is new; ``"flat"``: all is new, and there is no hierarchy.
        setting: the task.
        default: kind of the default policy.
        weight: α of a transfer.
    """

    kind: Kind
    setting: Setting
    default: str = "learned"
    weight: float = KL_WEIGHT

    @property
    def is_transfer(self) -> bool:
        """Whether the high level comes from another body."""
        return self.kind not in ("scratch", "flat")


@dataclasses.dataclass(frozen=True)
class Less:
    """The reward of the world times a factor, less a constant cost of each step.

    Attributes:
        cost: of each step.
        factor: of the world's reward.
    """

    cost: float = 0.0
    factor: float = 1.0

    def __call__(
        self, observation: Any, action: Any, next_observation: Any, reward: jax.Array
    ) -> jax.Array:
        """Return the reward of a step."""
        del observation, action, next_observation
        return jnp.float32(self.factor * reward - self.cost)


def high_level(size: int, default: str) -> tuple[KL, BodyGrid]:
    """Return the agent of a body of one step that high levels come from, and its world."""
    world = BodyGrid(1, size)
    return _hierarchy(Setting(1, size), default, DEFAULTS[default]), world


def trained(agent: Any, world: Any, steps: int, parts: int, episodes: int, seeds: int) -> Runs:
    """Train an agent of one step; the states of the runs have neither replay nor key."""
    runs = _learn(agent, world, steps, parts, episodes, seeds, metrics=(*METRICS, "high/kl"))
    return _small(runs)


def run_arm(
    arm: Arm, source: Runs | None, steps: int, parts: int, episodes: int, seeds: int
) -> Runs:
    """Train an arm with every seed.

    Args:
        arm: the arm.
        source: of its high levels, one for each seed.
        steps: environment steps.
        parts: number of evaluations.
        episodes: of an evaluation.
        seeds: number of seeds.
    """
    world = arm.setting.world
    agent = agent_of(arm)
    start = None
    if source is not None:
        given = Trained(high_level(arm.setting.size, arm.default)[0], source.states, {})
        start = transfer(given, agent, keep=PARTS, freeze=PARTS)
    rewarded = _rewarded(arm, world, source)
    runs = _learn(
        agent, rewarded, steps, parts, episodes, seeds, start=start, evaluation_world=world
    )
    return _small(runs)._replace(states=[])


def row(runs: Runs) -> dict[str, Any]:
    """Return the row of an arm."""
    last = {name: values[:, -LAST:].mean(axis=1) for name, values in runs.measured.items()}
    return {
        "success": interval(last[SAMPLED], UNIT),
        "by_seed": last[SAMPLED],
        "deterministic_by_seed": last[SUCCESS],
        "return_by_seed": last[SAMPLED_RETURN],
        "deterministic_return_by_seed": last[RETURN],
        "seeds_at_0.95": int((last[SAMPLED] >= REACHED).sum()),
        "first_at_0.95_by_seed": [
            first_step(runs.steps, rates, REACHED) for rates in runs.measured[SAMPLED]
        ],
        "cpu_seconds_a_seed": runs.cpu_seconds / len(last[SAMPLED]),
    }


def _hierarchy(setting: Setting, default: str, weight: float) -> KL:
    return KL(
        setting.world.spec,
        period=setting.body,
        high_views=("task",),
        default=default,  # type: ignore[arg-type]
        kl_weight=weight,
        entropy=setting.entropy,
        initial_scale=setting.scale,
    )


def agent_of(arm: Arm) -> KL | IMPALA:
    """Return the agent of an arm."""
    setting = arm.setting
    if arm.kind == "flat":
        return IMPALA(
            setting.world.spec,
            hidden_sizes=FLAT_SIZES,
            entropy=setting.entropy,
            initial_scale=setting.scale,
        )
    transferred = arm.weight if arm.kind in ("kl", "kl alone") else 0.0
    weight = transferred if arm.is_transfer else DEFAULTS[arm.default]
    return _hierarchy(setting, arm.default, weight)


def _rewarded(arm: Arm, world: BodyGrid, source: Runs | None) -> BodyGrid | Rewarded:
    """Return the world with the reward that an arm learns from."""
    if arm.kind == "kl alone":
        return Rewarded(world, Less(factor=0.0))
    if arm.kind != "constant":
        return world
    assert source is not None
    nats = float(np.mean(source.measured["high/kl"][:, -1]))
    return Rewarded(world, Less(cost=arm.weight * nats / world.body))


def _learn(
    agent: Any, world: Any, steps: int, parts: int, episodes: int, seeds: int, **options: Any
) -> Runs:
    given = {"metrics": METRICS, **options}
    every = -(-steps // parts)
    return learn(
        agent,
        world,
        steps,
        seeds,
        evaluate_every=every,
        episodes=episodes,
        environments=ENVIRONMENTS,
        progress=False,
        **given,
    )


def _small(runs: Runs) -> Runs:
    """Return runs whose states have neither replay nor key."""

    def small(state: TrainState) -> TrainState:
        return jax.device_get(state._replace(replay=None, key=None))

    return runs._replace(states=list(map(small, runs.states)))
