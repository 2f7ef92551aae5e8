"""`hierax plan`: plan in a world, print how good the plan is, and draw it."""

import dataclasses
from typing import Annotated, Any, Literal

from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional, arg

from hierax.commands.errors import UsageError, unknown
from hierax.commands.options import number, whole_number, word
from hierax.registry import PLANNERS, PLANNING, listing, worlds_of

EXACT = "the exact planners"
OPERATORS = ("hard", "logsumexp", "mellowmax", "boltzmann")


def description() -> str:
    """Return the text above the options in the command's help."""
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
{listing(worlds_of(PLANNING))}
  Hanoi{{n}}-v0       Tower of Hanoi with n discs

or a file or an environment:
  MAP.txt    a map: '#' or 'w' wall, '.' or blank free, 'S' start, 'G' goal
  MODEL.npz  arrays transition (S, A, S), reward (S, A) or (S, A, S), discount;
             optional: initial (a state or S probabilities), available (S, A),
             layout (sas, ass, or pairs with a row for each state and action),
             pair_states and pair_actions of these rows
  gymnasium:FrozenLake-v1, or another environment with a table of transitions

The folder of the plan holds
  plan.png   value, greedy policy, occupancy; for himo the order of decision;
             for option-gradient planning curves and options
  plan.npz   the tables of the picture
  plan.json  the summary"""


@dataclasses.dataclass(frozen=True)
class WorldOptions:
    """The task, and the moves on a map. A model takes only --discount, Hanoi also --reward."""

    discount: Annotated[float | None, *number("GAMMA", "the world's or model's; 0.99 on maps")] = (
        None
    )
    """Discount of every step, in [0, 1); a model that ends may have 1."""
    reward: Annotated[str | None, *word("stay", "goal", "arrival", "terminal", default="stay")] = (
        None
    )
    """Event with reward 1: staying at the goal, any action there, arrival, or arrival and end."""
    slip: Annotated[float | None, *number("P", "0")] = None
    """Probability that a move goes in one of the other directions."""
    stay: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="[default]")] = False
    """Include the action of staying."""
    no_stay: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Leave out the action of staying; the reward must not be 'stay'."""
    bump: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Moves into walls are actions that stay in place; otherwise they are not available."""


@dataclasses.dataclass(frozen=True)
class HimoOptions:
    """For the planner himo."""

    foresight: Annotated[float | None, *number("LAMBDA", "the discount")] = None
    """Discount of the flow, at most that of the world."""
    step_size: Annotated[float | None, *number("ETA", "0.02")] = None
    """Step of the flow, in 1 / reward; keep it small for the order of decision."""
    iterations: Annotated[int | None, *whole_number("T", "1000")] = None
    """Number of steps."""
    metric: Annotated[str | None, *word("path", "occupancy", default="path")] = None
    """Metric of the gradient: on distributions of paths, or on occupancies."""
    evaluation: Annotated[str | None, *word("exact", "modified", default="exact")] = None
    """Evaluation of each policy; 'modified' (20 sweeps) is for large worlds."""


@dataclasses.dataclass(frozen=True)
class OptionGradientOptions:
    """For the planner option-gradient, which trains options on four fifths of all goals."""

    options: Annotated[int | None, *whole_number("K", "4")] = None
    """Number of options."""
    steps: Annotated[int | None, *whole_number("N", "300")] = None
    """Gradient steps of a training."""
    restarts: Annotated[int | None, *whole_number("R", "1")] = None
    """Trainings from different initial values; the best on the training goals is kept."""
    seed: Annotated[int | None, *whole_number("SEED", "0")] = None
    """Seed of the held-out goals and of the initial values."""


@dataclasses.dataclass(frozen=True)
class SolverOptions:
    """For the exact planners: auto and those with a method in their name."""

    operator: Annotated[str | None, *word(*OPERATORS, default="hard")] = None
    """Operator from action values to the value; all but 'hard' need --temperature."""
    temperature: Annotated[float | None, *number("TAU", "none")] = None
    """Temperature of the operator, in units of reward."""
    tolerance: Annotated[float | None, *number("EPS", "1e-8")] = None
    """Largest accepted error of the value, in units of reward."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Plan in a world whose model is known, and draw the plan."""

    planner: Annotated[Positional[str], arg(metavar="PLANNER", help_behavior_hint="")]
    """Planner, see above."""
    world: Annotated[Positional[str], arg(metavar="WORLD", help_behavior_hint="")]
    """Name of a world, or a file, see above."""
    out: Annotated[str, arg(metavar="OUT")] = "plans"
    """Folder of all plans; each has its own folder there, named after the request."""
    format: Literal["png", "pdf", "svg"] = "png"
    """Format of the picture."""
    world_options: OmitArgPrefixes[Annotated[WorldOptions, arg(name="world")]] = WorldOptions()
    himo_options: OmitArgPrefixes[Annotated[HimoOptions, arg(name="himo")]] = HimoOptions()
    option_gradient_options: OmitArgPrefixes[
        Annotated[OptionGradientOptions, arg(name="option-gradient")]
    ] = OptionGradientOptions()
    solver_options: OmitArgPrefixes[Annotated[SolverOptions, arg(name="exact planner")]] = (
        SolverOptions()
    )

    def run(self) -> None:
        """Plan, write, draw and report.

        Raises:
            UsageError: if the planner, the world, an option or the folder is not allowed.
        """
        if self.planner not in PLANNERS:
            raise unknown("planner", self.planner, PLANNERS)
        world_options = _given(self.world_options)
        planner_options = self._planner_options()

        from hierax.commands.plan_folder import PlanFolder
        from hierax.commands.plan_report import report
        from hierax.commands.planners import make_plan
        from hierax.commands.problems import read_problem
        from hierax.planning.progress_bar import lines_without_terminal

        problem = read_problem(self.world, self._task(world_options))
        folder = PlanFolder.claim(
            self.out, self.planner, self.world, {**world_options, **planner_options}
        )
        try:
            with lines_without_terminal():
                plan = make_plan(problem, self.planner, planner_options)
            picture = folder.write(plan, self.format)
        finally:
            folder.leave()
        report(plan, picture)
        if plan.summary.get("interrupted"):
            raise KeyboardInterrupt(f"the plan so far is in {folder.path}")

    def _task(self, world_options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of the world; option-gradient ignores the goal of the world."""
        if self.planner != "option-gradient":
            return world_options
        if "reward" in world_options:
            raise UsageError("--reward is for planners with one goal, not for option-gradient")
        # Every world allows this rule, with the action of staying or without.
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
                raise UsageError(
                    f"{_flag(next(iter(foreign)))} is for {owner}, not for {self.planner}"
                )
        _check_softness(own)
        return own


def _check_softness(solver: dict[str, Any]) -> None:
    softness = solver.get("operator", "hard") != "hard"
    if softness and "temperature" not in solver:
        raise UsageError(f"--operator {solver['operator']} needs --temperature")
    if "temperature" in solver and not softness:
        raise UsageError(f"--temperature needs --operator {', '.join(OPERATORS[1:])}")


def _given(options: Any) -> dict[str, Any]:
    """Return the options that were given on the command line."""
    values = dataclasses.asdict(options)
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
