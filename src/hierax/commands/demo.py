"""`hierax demo`: the first thing to run."""

import dataclasses
import os
import shutil
import sys
from typing import Annotated, Literal

from tyro.conf import arg

WELCOME = """\
HIMO plans the Tower of Hanoi: three discs, 27 states, seven moves from S to G.
It starts from chance, follows the natural gradient of the return, and shows
which states are decided first. The paper makes five claims; do they hold?
"""
NEXT = """
Try next:
  hierax plan himo FourRooms-v0         the order of decision in four rooms
  hierax plan himo my_rooms.txt         on a map of yours: '#' wall, S, G
  hierax reproduce himo-hanoi           the same claims at finer steps
  hierax list                           all planners, worlds and experiments
"""


def description() -> str:
    """Returns what stands above the options in the command's help."""
    return """\
Plan the Tower of Hanoi by HIMO, draw what was found, say what to try next.

This is the experiment himo-hanoi at its smallest scale; it takes seconds.

examples:
  hierax demo
  hierax demo --scale laptop --out results"""


@dataclasses.dataclass(frozen=True)
class Command:
    """Plan the Tower of Hanoi by HIMO, draw what was found, say what to try next."""

    scale: Literal["smoke", "laptop"] = "smoke"
    """How finely: in seconds, or as the results of the project were made."""
    out: Annotated[str, arg(metavar="OUT")] = "results-demo"
    """Folder that the picture and the numbers are written to."""

    def run(self) -> None:
        """Runs the experiment, prints its verdicts and what to try next."""
        from hierax.commands.reproduce import Command as Reproduce

        print(WELCOME)
        Reproduce("himo-hanoi", self.scale, out=self.out).run()
        print(NEXT, end="")
        if shutil.which("hierax") is None:
            print(f"\nHere `hierax` is {os.path.relpath(sys.argv[0])}.")
