"""`hierax demo`: the first thing to run."""

import dataclasses
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from hierax.commands.demo_levels import STORY, learn_levels

PLANNING = """\
HIMO plans the Tower of Hanoi: three discs, 27 states, seven moves from S to G.
It starts from chance, follows the natural gradient of the return, and shows
which states are decided first. The paper makes five claims; do they hold?
"""
LEARNING = """
Now somebody who is given no model: SAC learns to move a point that is paid for
its speed. First it pushes at random, which leads nowhere; will it run straight?
"""
NEXT = """
Try next:
  hierax plan himo FourRooms-v0         the order of decision in four rooms
  hierax plan himo my_rooms.txt         on a map of yours: '#' wall, S, G
  hierax train sac PointMaze-v0 --steps 100000 --world.goal 8 0
                                        round the first corner of a maze
  hierax train lsp SpinCross-v0 --steps 80000 --world.goal 6 -6
                                        two levels, another goal
  hierax reproduce himo-hanoi           the same claims at finer steps
  hierax list                           all agents, planners, worlds, experiments
"""
STEPS = 25_000
POINTS = 20
"""Evaluations on the way."""
MOST = 1004
"""The return of pushing along a diagonal from the first step on."""
AGENT: dict[str, tuple[str, ...]] = {
    "agent.hidden_sizes": ("64", "64"),
    "agent.batch_size": ("128",),
    "agent.learning_rate": ("1e-3",),
    "agent.learning_starts": ("2000",),
    "agent.updates_per_step": ("0.25",),
}
METRIC = "deterministic/return"


def description() -> str:
    """Returns what stands above the options in the command's help."""
    return """\
Plan the Tower of Hanoi by HIMO, train a point to run, let two levels find a goal.

examples:
  hierax demo
  hierax demo --scale laptop --out results

parts:
  planning  the experiment himo-hanoi, at its smallest scale: seconds
  learning  the agent sac in the world PointSpeed-v0: less than a minute
  levels    the agents lsp and sac in the world SpinCross-v0: two minutes"""


@dataclasses.dataclass(frozen=True)
class Command:
    """Plan the Tower of Hanoi by HIMO, train a point to run, let two levels find a goal."""

    scale: Literal["smoke", "laptop"] = "smoke"
    """How finely to plan: in seconds, or as the results of the project were made."""
    out: Annotated[str, arg(metavar="OUT")] = "results-demo"
    """Folder that pictures, numbers and the run are written to."""

    def run(self) -> None:
        """Plans, learns, prints what was found and what to try next."""
        from hierax.commands.reproduce import Command as Reproduce

        print(PLANNING)
        Reproduce("himo-hanoi", self.scale, out=self.out).run()
        print(LEARNING)
        learn(Path(self.out, "learning"))
        print(STORY)
        learn_levels(Path(self.out, "levels"))
        print(NEXT, end="")
        if shutil.which("hierax") is None:
            print(f"\nHere `hierax` is {os.path.relpath(sys.argv[0])}.")


def learn(folder: Path) -> None:
    """Trains, draws the curve, films an episode, and prints what became of it."""
    from hierax.commands.plot import write_curves
    from hierax.commands.recording import play
    from hierax.commands.train import Command as Train
    from hierax.commands.video import write_video
    from hierax.training import load
    from hierax.training.records import METRICS, read_metrics

    run, curve, film = folder / "run", folder / "curve.png", folder / "episode.gif"
    if (run / "config.json").exists():
        shutil.rmtree(run)  # of an earlier demo: this one begins anew
    every = STEPS // POINTS
    Train(
        "sac", "PointSpeed-v0", STEPS, run_folder=str(run), dotted=AGENT,
        log_every=every, evaluate_every=every,
    ).run()  # fmt: skip
    write_curves((str(run),), METRIC, curve)
    episode = play(load(run), 0, explore=False)
    write_video(film, episode.frames("PointSpeed-v0"))
    first, *_, last = (line[METRIC] for line in read_metrics(run / METRICS) if METRIC in line)
    print(
        f"\nBefore it learned, an episode was paid {first:.0f}; now it is paid {last:.0f}, "
        f"and none can be paid more than {MOST}.\n"
        f"From its beginning to its end it is {episode.straightness:.0%} of the way that it runs."
    )
    print(f"curve:   {curve}\nfilm:    {film}")
