"""`hierax plan`: plan in a world, print how good the plan is, and draw it."""

import dataclasses
from typing import Annotated, Any

from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional, arg

from hierax.commands.catalogue import PLANNERS, WORLDS, listing
from hierax.commands.errors import UsageError, unknown
from hierax.commands.options import number, whole_number, word

EXACT = "the exact planners"
OPERATORS = ("hard", "logsumexp", "mellowmax", "boltzmann")


def description() -> str:
    """Returns what stands above the options in the command's help."""
    return f"""\
Plan in a world whose model is known, and draw the plan.

examples:
  hierax plan himo Hanoi3-v0
  hierax plan policy-iteration FourRooms-v0 --slip 0.1
  hierax plan himo my_rooms.txt --foresight 0.95
  hierax plan auto my_model.npz --operator mellowmax --temperature 0.05
  hierax plan option-gradient FourRooms-v0 --slip 0.33

PLANNER is one of
{listing(PLANNERS)}

WORLD is one of
{listing(WORLDS)}
  Hanoi{{n}}-v0       Tower of Hanoi with n discs

Or it is a file of yours:
  MAP.txt    a map: '#' or 'w' wall, '.' or blank free, 'S' start, 'G' goal
  MODEL.npz  arrays transition (S, A, S), reward (S, A) or (S, A, S), discount;
             also initial (a state or S probabilities) and available (S, A)

The folder that is written holds
  plan.png   value, greedy policy, occupancy; for himo the order of decision;
             for option-gradient how fast planning is, and the options
  plan.npz   the tables behind the picture
  plan.json  the summary that is printed"""


@dataclasses.dataclass(frozen=True)
class WorldOptions:
    """The task, and how maps are walked on. Models take --discount alone, Hanoi --reward too."""

    discount: Annotated[float | None, *number("GAMMA", "the world's or model's; 0.99 on maps")] = (
        None
    )
    """Discount of every step, in [0, 1)."""
    reward: Annotated[str | None, *word("stay", "goal", "arrival", "terminal", default="stay")] = (
        None
    )
    """What pays 1: staying at the goal, acting there, arriving there, or arriving for good."""
    slip: Annotated[float | None, *number("P", "0")] = None
    """Probability that a move goes in one of the other directions."""
    stay: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="[default]")] = False
    """Have an action of staying."""
    no_stay: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Have none; then the reward must be another than 'stay'."""
    bump: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Let moves into walls be actions that stay put; else they are no actions."""


@dataclasses.dataclass(frozen=True)
class HimoOptions:
    """For the planner himo."""

    foresight: Annotated[float | None, *number("LAMBDA", "the discount")] = None
    """Discount that the flow plans with, at most that of the world."""
    step_size: Annotated[float | None, *number("ETA", "0.02")] = None
    """Step of the flow, in 1 / reward; the order of decision is that of small steps."""
    iterations: Annotated[int | None, *whole_number("T", "1000")] = None
    """Number of steps."""
    metric: Annotated[str | None, *word("path", "occupancy", default="path")] = None
    """Metric of the gradient: distributions of paths, or visits of states and actions."""
    evaluation: Annotated[str | None, *word("exact", "modified", default="exact")] = None
    """How each policy is evaluated; 'modified' (20 sweeps) is for large worlds."""


@dataclasses.dataclass(frozen=True)
class OptionGradientOptions:
    """For the planner option-gradient, which learns options on four fifths of all goals."""

    options: Annotated[int | None, *whole_number("K", "4")] = None
    """Number of options."""
    steps: Annotated[int | None, *whole_number("N", "300")] = None
    """Gradient steps of a training."""
    restarts: Annotated[int | None, *whole_number("R", "1")] = None
    """Trainings from other beginnings, of which the best on the training goals is kept."""
    seed: Annotated[int | None, *whole_number("SEED", "0")] = None
    """Of the goals held out and of the beginnings."""


@dataclasses.dataclass(frozen=True)
class SolverOptions:
    """For the exact planners: auto and those with a method in their name."""

    operator: Annotated[str | None, *word(*OPERATORS, default="hard")] = None
    """How a state's value follows from its action values; all but 'hard' need --temperature."""
    temperature: Annotated[float | None, *number("TAU", "none")] = None
    """Softness of the operator, in units of reward."""
    tolerance: Annotated[float | None, *number("EPS", "1e-8")] = None
    """Largest error of the value that is accepted, in units of reward."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Plan in a world whose model is known, and draw the plan."""

    planner: Annotated[Positional[str], arg(metavar="PLANNER", help_behavior_hint="")]
    """Who plans, see above."""
    world: Annotated[Positional[str], arg(metavar="WORLD", help_behavior_hint="")]
    """Where to plan: the name of a world, or a file, see above."""
    out: Annotated[str, arg(metavar="OUT")] = "plans"
    """Folder of all plans; each has a folder of its own there, named after what was asked."""
    world_options: OmitArgPrefixes[Annotated[WorldOptions, arg(name="world")]] = WorldOptions()
    himo_options: OmitArgPrefixes[Annotated[HimoOptions, arg(name="himo")]] = HimoOptions()
    option_gradient_options: OmitArgPrefixes[
        Annotated[OptionGradientOptions, arg(name="option-gradient")]
    ] = OptionGradientOptions()
    solver_options: OmitArgPrefixes[Annotated[SolverOptions, arg(name="exact planner")]] = (
        SolverOptions()
    )

    def run(self) -> None:
        """Plans, writes, draws and reports.

        Raises:
            UsageError: where planner, world, options or the folder do not allow it.
        """
        if self.planner not in PLANNERS:
            raise unknown("planner", self.planner, PLANNERS)
        world_options = _given(self.world_options)
        planner_options = self._planner_options()

        from hierax.commands.plan_folder import PlanFolder
        from hierax.commands.plan_report import report
        from hierax.commands.planners import make_plan
        from hierax.commands.problems import read_problem

        problem = read_problem(self.world, self._task(world_options))
        folder = PlanFolder.claim(
            self.out, self.planner, self.world, {**world_options, **planner_options}
        )
        try:
            plan = make_plan(problem, self.planner, planner_options)
            folder.write(plan)
        finally:
            folder.leave()
        report(plan, folder.path)

    def _task(self, world_options: dict[str, Any]) -> dict[str, Any]:
        """The options of the world; options are learned for goals everywhere, not for its own."""
        if self.planner != "option-gradient":
            return world_options
        if "reward" in world_options:
            raise UsageError("--reward is for planners of one goal, not option-gradient")
        # A rule that every world allows, with the action of staying or without.
        return world_options if self.world.endswith(".npz") else {**world_options, "reward": "goal"}

    def _planner_options(self) -> dict[str, Any]:
        given = {
            "himo": _given(self.himo_options),
            "option-gradient": _given(self.option_gradient_options),
            EXACT: _given(self.solver_options),
        }
        own = given.pop(self.planner if self.planner in given else EXACT)
        for owner, foreign in given.items():
            if foreign:
                raise UsageError(f"{_flag(next(iter(foreign)))} is for {owner}, not {self.planner}")
        _check_softness(own)
        return own


def _check_softness(solver: dict[str, Any]) -> None:
    softness = solver.get("operator", "hard") != "hard"
    if softness and "temperature" not in solver:
        raise UsageError(f"--operator {solver['operator']} needs --temperature")
    if "temperature" in solver and not softness:
        raise UsageError(f"--temperature needs --operator {', '.join(OPERATORS[1:])}")


def _given(options: Any) -> dict[str, Any]:
    """Those of the options that were given on the command line."""
    values = dataclasses.asdict(options)
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
