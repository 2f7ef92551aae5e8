"""`hierax demo`: the first command to run."""

import dataclasses
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from hierax.commands.demo_levels import STORY, learn_levels
from hierax.commands.demo_runs import fresh, train_words

PLANNING = """\
HIMO plans the Tower of Hanoi with three discs: 27 states, seven moves from S to G.
It starts from a uniform policy and follows the natural gradient of the return. The
paper makes five claims about the order in which states are decided.
"""
LEARNING = """
Next, an agent without a model: SAC moves a point mass, and its reward is the speed.
The first actions are random.
"""
NEXT = """
Try next:
  hierax plan himo FourRooms-v0         the order of decision in four rooms
  hierax plan himo my_rooms.txt         on your own map: '#' wall, S start, G goal
  hierax train sac PointMaze-v0 --steps 100000 --world.goal 8 0
                                        round the first corner of a maze
  hierax train lsp SpinCross-v0 --steps 80000 --world.goal 6 -6
                                        two levels, another goal
  hierax reproduce himo-hanoi           the same claims with smaller steps
  hierax list                           agents, planners, worlds, presets, experiments
"""
STEPS = 25_000
POINTS = 20
"""Number of evaluations."""
MOST = 1004
"""The return of pushing along a diagonal from the first step on."""
FIELDS = (
    "--agent.hidden-sizes 64 64 --agent.batch-size 128 --agent.learning-rate 1e-3 "
    "--agent.learning-starts 2000 --agent.updates-per-step 0.25"
)
METRIC = "deterministic/return"


def description() -> str:
    """Return the text above the options in the command's help."""
    return """\
Plan the Tower of Hanoi by HIMO, then train one agent without levels and one with two.

examples:
  hierax demo
  hierax demo --scale laptop --out results

parts:
  planning  the experiment himo-hanoi, at its smallest scale: seconds
  learning  the agent sac in the world PointSpeed-v0: less than a minute
  levels    the agents lsp and sac in the world SpinCross-v0: two minutes"""


@dataclasses.dataclass(frozen=True)
class Command:
    """Plan the Tower of Hanoi by HIMO, then train one agent without levels and one with two."""

    scale: Literal["smoke", "laptop"] = "smoke"
    """Scale of the planning: seconds, or the scale of the results of the project."""
    out: Annotated[str, arg(metavar="OUT")] = "results-demo"
    """Folder for pictures, numbers and runs."""

    def run(self) -> None:
        """Plan, train, and print the results and further commands."""
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
    """Train, draw the curve, film an episode, and print the result."""
    from hierax.commands.plot import write_curves
    from hierax.commands.recording import play
    from hierax.commands.video import write_video
    from hierax.training import load
    from hierax.training.records import METRICS, read_metrics

    run, curve, film = fresh(folder / "run"), folder / "curve.png", folder / "episode.gif"
    train_words(f"sac PointSpeed-v0 --steps {STEPS} {FIELDS}", run, STEPS // POINTS)
    write_curves((str(run),), METRIC, curve)
    episode = play(load(run), 0, explore=False)
    write_video(film, episode.frames("PointSpeed-v0"))
    first, *_, last = (line[METRIC] for line in read_metrics(run / METRICS) if METRIC in line)
    print(
        f"\nBefore training the return is {first:.0f}, after it {last:.0f}; at most {MOST} is "
        f"possible.\nThe straight line from start to end is {episode.straightness:.0%} of the "
        "path that the point takes."
    )
    print(f"curve:   {curve}\nfilm:    {film}")
