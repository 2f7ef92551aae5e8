"""Presets: settings of an agent in a world that are known to work, each backed by a result."""

import dataclasses
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, get_args, get_type_hints


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage of a curriculum: where and for how long a level below the top is trained.

    Attributes:
        world: name of the world; None for the world of the run.
        steps: environment steps, at least 1.

    Raises:
        ValueError: if a value is not allowed.
    """

    world: str | None
    steps: int

    def __post_init__(self) -> None:
        if not (self.world is None or isinstance(self.world, str)):
            raise ValueError(f"world of a stage must be a name or None, got {self.world!r}")
        whole = isinstance(self.steps, Integral) and not isinstance(self.steps, bool)
        if not whole or self.steps < 1:
            raise ValueError(f"steps of a stage must be an integer >= 1, got {self.steps!r}")


@dataclasses.dataclass(frozen=True)
class Preset:
    """Settings of an agent in a world, and the result that backs them.

    Attributes:
        agent: name of the agent.
        world: name of the world.
        result: name of the experiment; the numbers are in ``results/NAME/laptop/result.json``.
        row: keys of the row of that file's tables.
        column: key of the measured mean in that row.
        metric: what the mean is of.
        reached: the mean over ``seeds`` seeds.
        seeds: number of seeds.
        steps: environment steps of the top level in that result.
        settings: fields of the agent, apart from its levels.
        levels: fields of each level, the bottom one first; empty for an agent without levels.
        curriculum: one stage for each level below the top.
        world_fields: fields of the world.
        options: further arguments of `hierax.train`, such as ``environments``.
    """

    agent: str
    world: str
    result: str
    row: tuple[str, ...]
    column: str
    metric: str
    reached: float
    seeds: int
    steps: int
    settings: Mapping[str, Any]
    levels: tuple[Mapping[str, Any], ...] = ()
    curriculum: tuple[Stage, ...] = ()
    world_fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def agent_fields(self, kind: type) -> dict[str, Any]:
        """Return the fields of an agent of class ``kind``, its levels included."""
        if not self.levels:
            return dict(self.settings)
        level = get_args(get_type_hints(kind)["levels"])[0]
        return {**self.settings, "levels": tuple(level(**fields) for fields in self.levels)}

    @property
    def evidence(self) -> str:
        """One line: what was reached, after how many steps, and where the result is."""
        steps = self.steps + sum(stage.steps for stage in self.curriculum)
        return (
            f"{self.metric} {self.reached:.4g} after {steps:,} steps, mean of {self.seeds} seeds; "
            f"results/{self.result}"
        )


_CROSS: Mapping[str, Any] = {
    "hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "tau": 0.01,
    "learning_starts": 2_000, "updates_per_step": 0.25, "buffer_size": 200_000,
}  # fmt: skip
_PENDULUM: Mapping[str, Any] = {
    "hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "learning_starts": 1_000,
}  # fmt: skip
_CHEETAH: Mapping[str, Any] = {
    "hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "tau": 0.01,
    "learning_starts": 5_000, "updates_per_step": 1.0, "buffer_size": 500_000,
}  # fmt: skip


_BODY: Mapping[str, Any] = {"high_views": ("task",), "default": "learned"}
_U: Mapping[str, Any] = {"goal_range": (3.0,)}
_NUISANCE: Mapping[str, Any] = {"nuisance": 4}
# A goal lasts as long as an ant needs to get somewhere: four times as long as in the paper, so γ is
# 0.99^4. Most updates go to the gait.
_ANT: Mapping[str, Any] = {
    "hidden_sizes": (128, 128), "goal_range": (10.0,), "control_interval": 40, "discount": 0.96,
    "low_views": ("height", "proprioception"), "low_updates": 24, "low_discount": 0.98,
    "high_reward_scale": 0.0025, "correction": 0.0, "learning_starts": 10_000,
    "random_actions": 50_000, "random_action_steps": (1, 2, 4, 8), "random_goals": 300_000,
}  # fmt: skip


def _cross(world: str, speed: str, views: tuple[str, ...], result: str, table: str) -> Preset:
    """Return the preset of a cross: a level trained for speed below a level for the sparse task."""
    return Preset(
        "lsp", world, result, (table, "two levels, interval 3"), "success_at_the_end",
        "sampled/success",
        reached=1.0, seeds=5, steps=80_000, settings=_CROSS,
        levels=(
            {"views": views, "temperature": 1.0},
            {"temperature": 0.01, "control_interval": 3},
        ),
        curriculum=(Stage(speed, 24_000),),
    )  # fmt: skip


def _pendulum(agent: str, result: str, row: str, reached: float, **more: Any) -> Preset:
    return Preset(
        agent, "Pendulum-v1", result, ("learners", row), "return_at_the_end",
        "deterministic/return", reached, seeds=5, steps=20_000, settings=_PENDULUM, **more,
    )  # fmt: skip


def _u_maze(agent: str, world: str, steps: int, settings: Mapping[str, Any], **more: Any) -> Preset:
    """Return the preset of an agent that reaches the goal with every seed."""
    return Preset(
        agent, world, f"{agent}-point", (f"{world}: arms", agent.upper()), "success",
        "deterministic/success, last three evaluations,", reached=1.0, seeds=10, steps=steps,
        settings=settings, **more,
    )  # fmt: skip


def _body(world: str, row: tuple[str, ...], metric: str, **settings: Any) -> Preset:
    """Return the preset of a hierarchy whose high level can be moved to other bodies."""
    return Preset(
        "kl", world, "kl-body-grid", row, "success", metric, reached=1.0, seeds=5, steps=1_500_000,
        settings={**_BODY, **settings}, options={"environments": 128, "episodes": 64},
    )  # fmt: skip


def _by_pair(presets: Iterable[Preset]) -> dict[tuple[str, str], Preset]:
    return {(preset.agent, preset.world): preset for preset in presets}


PRESETS: dict[tuple[str, str], Preset] = _by_pair(
    (
        _cross("SpinCross-v0", "SpinSpeed-v0", ("velocity", "phase"), "lsp-spin-cross", "arms"),
        _cross(
            "PointCross-v0", "PointSpeed-v0", ("velocity",), "lsp-point-cross", "goal (6, 6): arms"
        ),
        _pendulum("sac", "flat-pendulum", "sac", -159.43403),
        _pendulum("td3", "flat-pendulum", "td3", -160.17516),
        _pendulum("lsp", "lsp-pendulum", "one level", -156.49581, levels=({},)),
        Preset(
            "lsp", "HalfCheetah-v5", "lsp-layers", ("HalfCheetah-v5", "half the temperature"),
            "sampled_return", "sampled/return", reached=6327.3837, seeds=5, steps=100_000,
            settings=_CHEETAH, levels=({"temperature": 0.1},),
        ),
        _u_maze("hiro", "PointU-v0", 250_000, _U),
        _u_maze("hiro", "RowerU-v0", 400_000, _U),
        _u_maze("norl", "PointU-v0", 400_000, {}, world_fields=_NUISANCE),
        _u_maze("norl", "RowerU-v0", 400_000, {}, world_fields=_NUISANCE),
        Preset(
            "hiro", "AntMaze-v0", "hiro-ant-maze", ("AntMaze-v0: arms", "HIRO"),
            "training_success", "training/success, last three evaluations,",
            reached=0.58733974, seeds=2, steps=1_000_000, settings=_ANT,
            options={"environments": 16},
        ),
        _body(
            "BodyGrid1-v0", ("body of one step", "8 × 8, learned"),
            "sampled/success, last three evaluations,", kl_weight=1e-3,
        ),
        _body(
            "BodyGrid8-v0",
            ("8 steps, 8 × 8, paper's rewards, entropy 0.001, scale 0.1", "KL, learned"),
            "sampled/success with the high level of BodyGrid1-v0, last three evaluations,",
            period=8, kl_weight=0.1,
        ),
    )
)  # fmt: skip
"""Presets by agent and world."""
