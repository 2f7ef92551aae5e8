"""`hierax list`: list agents, planners, worlds, presets and experiments."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from hierax.registry import (
    AGENTS,
    BODIES,
    EXPERIMENTS,
    LEARNING,
    MUJOCO,
    PLANNERS,
    PLANNING,
    PRESETS,
    REGISTERED,
    Entry,
    listing,
    worlds_of,
)

if TYPE_CHECKING:
    from rich.console import Console

    from hierax.spec import Continuous, Discrete, View


def description() -> str:
    """Return the text above the options in the command's help."""
    return """\
List agents, planners, worlds, presets and experiments.

examples:
  hierax list
  hierax list worlds
  hierax list presets
  hierax list experiments --out results

experiments:
  Each experiment is listed with its claims and their verdicts. The verdicts come
  from the folder OUT, at the largest scale that was run there.

--import MODULE also lists the agents and worlds of your module."""


@dataclasses.dataclass(frozen=True)
class Command:
    """List agents, planners, worlds, presets and experiments."""

    what: Annotated[
        Positional[Literal["everything", "agents", "planners", "worlds", "presets", "experiments"]],
        arg(
            metavar="[agents|planners|worlds|presets|experiments]",
            help_behavior_hint="[default: everything]",
        ),
    ] = "everything"
    """Lists to print."""
    out: Annotated[str, arg(metavar="OUT")] = "results"
    """Folder with the results of experiments."""

    def run(self) -> None:
        """Print the lists."""
        from rich.console import Console

        console = Console(highlight=False, markup=False)
        if self.what in ("everything", "agents"):
            _list_names(console, "agents", AGENTS, "hierax train AGENT WORLD --steps N")
        if self.what in ("everything", "planners"):
            _list_names(console, "planners", PLANNERS, "hierax plan PLANNER WORLD")
        if self.what in ("everything", "worlds"):
            _list_planning_worlds(console)
            _list_learning_worlds(console)
        if self.what in ("everything", "presets"):
            _list_presets(console)
        if self.what in ("everything", "experiments"):
            _list_experiments(console, self.out)


def _list_names(console: "Console", title: str, entries: dict[str, Entry], usage: str) -> None:
    console.print(title, style="bold")
    console.print(listing(entries), soft_wrap=True)
    console.print(f"{usage}\n", style="dim")


def _list_planning_worlds(console: "Console") -> None:
    from rich.table import Table

    from hierax.worlds import make_tabular

    console.print("worlds to plan in", style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    table.add_column("states", justify="right", header_style="dim")
    table.add_column("pairs", justify="right", header_style="dim")
    for name, entry in worlds_of(PLANNING).items():
        mdp = make_tabular(name).mdp
        table.add_row(f"  {name}", entry.summary, str(mdp.states), str(mdp.available.sum()))
    console.print(table)
    console.print(
        "Also Hanoi{n}-v0, a map MAP.txt, a model MODEL.npz, gymnasium:FrozenLake-v1.\n",
        style="dim",
    )


def _list_learning_worlds(console: "Console") -> None:
    console.print("worlds to learn in", style="bold")
    _print_sizes(console, worlds_of(LEARNING, REGISTERED))
    console.print(
        "Also every world to plan in, and every Gymnasium environment by its id.\n", style="dim"
    )
    console.print("grids for several bodies", style="bold")
    _print_sizes(console, worlds_of(BODIES))
    console.print()
    console.print("MuJoCo worlds to learn in", style="bold")
    _print_sizes(console, worlds_of(MUJOCO))
    console.print()


def _print_sizes(console: "Console", worlds: Mapping[str, Entry]) -> None:
    """Print the summary of each world, its views, its actions and its episode limit."""
    from hierax.worlds import make

    width = max(map(len, worlds)) + 4
    for name, entry in worlds.items():
        spec = make(name).spec
        views = ", ".join(f"{view.name} {_size(view)}" for view in spec.views)
        sizes = f"views {views}; actions {_actions(spec.action)}; {spec.episode_limit} steps"
        console.print(f"  {name:{width - 2}}{entry.summary}", soft_wrap=True)
        console.print(f"{'':{width}}{sizes}", style="dim", soft_wrap=True)


def _size(view: "View") -> str:
    """Return how many numbers a view has, or the sides of a picture."""
    return " x ".join(map(str, view.shape)) if len(view.shape) > 1 else str(view.size)


def _actions(action: "Continuous | Discrete") -> str:
    """Return the set of actions, as an interval or a range."""
    kind: Any = action
    count = getattr(kind, "count", None)
    return f"[-1, 1]^{kind.shape[0]}" if count is None else f"0 .. {count - 1}"


def _list_presets(console: "Console") -> None:
    console.print("presets", style="bold")
    width = max(len(f"{agent} {world}") for agent, world in PRESETS) + 2
    for (agent, world), preset in PRESETS.items():
        console.print(f"  {f'{agent} {world}':{width}}{preset.evidence}", soft_wrap=True)
    console.print("hierax train AGENT WORLD uses them; --preset none does not\n", style="dim")


def _list_experiments(console: "Console", out: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from hierax.commands.results import claim_states, state
    from hierax.experiments.claims import CLAIMS

    console.print(f"experiments, with the verdicts on their claims in {out}", style="bold")
    for experiment in EXPERIMENTS.values():
        scale, judged = claim_states(experiment, out)
        console.print(Text(f"  {experiment.name}", style="bold"), f"({scale or 'not run'})")
        console.print(f"    {experiment.summary}", soft_wrap=True)
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for claim in experiment.claims:
            verdict = state(judged[claim]) if claim in judged else Text("unknown", style="dim")
            table.add_row(f"    {claim}", verdict, CLAIMS[claim].statement)
        if experiment.claims:
            console.print(table)
    console.print("hierax reproduce NAME", style="dim")
