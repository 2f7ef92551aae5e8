"""`hierax list`: the agents, planners, worlds and experiments that there are."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from hierax.commands.catalogue import (
    AGENTS,
    LEARNING_WORLDS,
    OTHER_LEARNING_WORLDS,
    OTHER_WORLDS,
    PLANNERS,
    WORLDS,
    listing,
)

if TYPE_CHECKING:
    from rich.console import Console

    from hierax.spec import Continuous, Discrete, View

LISTS = ("agents", "planners", "worlds", "experiments")


def description() -> str:
    """Returns what stands above the options in the command's help."""
    return """\
List the agents, planners, worlds and experiments that there are.

examples:
  hierax list
  hierax list worlds
  hierax list experiments --out results

claims:
  Each experiment comes with the claims that it judges, and with how they came
  out in the folder OUT, at the largest scale that was run there."""


@dataclasses.dataclass(frozen=True)
class Command:
    """List the agents, planners, worlds and experiments that there are."""

    what: Annotated[
        Positional[Literal["everything", "agents", "planners", "worlds", "experiments"]],
        arg(
            metavar="[agents|planners|worlds|experiments]",
            help_behavior_hint="[default: everything]",
        ),
    ] = "everything"
    """What to list."""
    out: Annotated[str, arg(metavar="OUT")] = "results"
    """Folder with the results of experiments."""

    def run(self) -> None:
        """Prints the lists."""
        from rich.console import Console

        console = Console(highlight=False, markup=False)
        if self.what in ("everything", "agents"):
            _list_agents(console)
        if self.what in ("everything", "planners"):
            _list_planners(console)
        if self.what in ("everything", "worlds"):
            _list_worlds(console)
            _list_learning_worlds(console)
            _list_mujoco_worlds(console)
        if self.what in ("everything", "experiments"):
            _list_experiments(console, self.out)


def _list_agents(console: "Console") -> None:
    console.print("agents", style="bold")
    console.print(listing(AGENTS))
    console.print("hierax train AGENT WORLD --steps N\n", style="dim")


def _list_planners(console: "Console") -> None:
    console.print("planners", style="bold")
    console.print(listing(PLANNERS))
    console.print("hierax plan PLANNER WORLD\n", style="dim")


def _list_worlds(console: "Console") -> None:
    from rich.table import Table

    from hierax.worlds import make_tabular

    console.print("worlds to plan in", style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    table.add_column("states", justify="right", header_style="dim")
    table.add_column("pairs", justify="right", header_style="dim")
    for name, summary in WORLDS.items():
        mdp = make_tabular(name).mdp
        table.add_row(f"  {name}", summary, str(mdp.states), str(mdp.available.sum()))
    console.print(table)
    console.print(f"{OTHER_WORLDS}\n", style="dim")


def _list_learning_worlds(console: "Console") -> None:
    from hierax.worlds import make

    console.print("worlds to learn in", style="bold")
    _print_sizes(console, {name: (line, make(name)) for name, line in LEARNING_WORLDS.items()})
    console.print(f"{OTHER_LEARNING_WORLDS}\n", style="dim")


def _list_mujoco_worlds(console: "Console") -> None:
    from hierax.worlds import make
    from hierax.worlds.mujoco.catalogue import ENTRIES

    console.print("worlds of MuJoCo to learn in", style="bold")
    _print_sizes(console, {name: (entry.summary, make(name)) for name, entry in ENTRIES.items()})
    console.print()


def _print_sizes(console: "Console", worlds: Mapping[str, tuple[str, Any]]) -> None:
    """What there is to do in each world, what is seen of it, and how it is acted in."""
    width = max(map(len, worlds)) + 4
    for name, (summary, world) in worlds.items():
        spec = world.spec
        views = ", ".join(f"{view.name} {_size(view)}" for view in spec.views)
        told = f"sees {views}; acts in {_actions(spec.action)}; {spec.episode_limit} steps"
        console.print(f"  {name:{width - 2}}{summary}", soft_wrap=True)
        console.print(f"{'':{width}}{told}", style="dim", soft_wrap=True)


def _size(view: "View") -> str:
    """How many numbers a view holds, on each side where it is a picture."""
    return " x ".join(map(str, view.shape)) if len(view.shape) > 1 else str(view.size)


def _actions(action: "Continuous | Discrete") -> str:
    """All actions, in the notation of intervals and lists."""
    count = getattr(action, "count", None)
    return f"[-1, 1]^{action.shape[0]}" if count is None else f"0 .. {count - 1}"


def _list_experiments(console: "Console", out: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from hierax.commands.results import claim_states, state
    from hierax.experiments import EXPERIMENTS
    from hierax.experiments.claims import CLAIMS

    console.print(f"experiments, and how their claims came out in {out}", style="bold")
    for experiment in EXPERIMENTS.values():
        scale, judged = claim_states(experiment, out)
        console.print(Text(f"  {experiment.name}", style="bold"), f"({scale or 'not run'})")
        console.print(f"    {experiment.summary}")
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for claim in experiment.claims:
            verdict = state(judged[claim]) if claim in judged else Text("unknown", style="dim")
            table.add_row(f"    {claim}", verdict, CLAIMS[claim].statement)
        if experiment.claims:
            console.print(table)
    console.print("hierax reproduce NAME", style="dim")
