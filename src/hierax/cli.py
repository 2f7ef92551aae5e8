"""The `hierax` command: plan in a world, train in one, reproduce an experiment, list what there is.

Each command has its file in `hierax.commands`, which is imported when the command is called, so
that help appears at once.
"""

import contextlib
import dataclasses
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from hierax import __version__
from hierax.commands.catalogue import listing
from hierax.commands.errors import RunError, UsageError, in_one_line, unknown

COMMANDS: dict[str, str] = {
    "demo": "plan the Tower of Hanoi, train a point to run, two levels to find a goal",
    "list": "the agents, planners, worlds and experiments that there are",
    "plan": "plan in a world, a map of yours or a model of yours, and draw the plan",
    "train": "train an agent in a world; the same command resumes",
    "evaluate": "measure what a run learned",
    "watch": "film what a run learned",
    "plot": "draw learning curves of runs, with intervals over seeds",
    "reproduce": "run an experiment and judge the claims of its paper",
}
HELP = f"""\
usage: hierax COMMAND ...

hierax plans in worlds whose model is known, trains agents in worlds whose model is
not, and measures what papers claim.

commands:
{listing(COMMANDS)}

examples:
  hierax demo
  hierax plan himo Hanoi3-v0
  hierax plan auto my_rooms.txt --slip 0.1
  hierax train sac PointSpeed-v0 --steps 30000
  hierax reproduce himo-rooms --scale smoke

`hierax COMMAND --help` tells all about a command, `hierax --version` the version.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; ``arguments`` stand for those of the process.

    Raises:
        SystemExit: with status 2 where the arguments ask for something that cannot be done, after
            one line on the error stream; with status 1 where it was begun and failed, or nobody
            reads its output any more; with status 130 where it is interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _run(words)
    except UsageError as error:
        print(f"hierax: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except RunError as error:
        print(f"hierax: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt as interruption:
        print("; ".join(["hierax: interrupted", *interruption.args]), file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _run(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP, end="")
    elif words[0] in ("-V", "--version"):
        print(f"hierax {__version__}")
    elif words[0] in COMMANDS:
        _run_command(words[0], words[1:])
    else:
        raise unknown("command", words[0], COMMANDS)


def _run_command(name: str, words: list[str]) -> None:
    import tyro

    module = import_module(f"hierax.commands.{name}")
    program, text = f"hierax {name}", module.description()
    dotted = None
    if hasattr(module, "separate"):
        words, dotted = module.separate(words)
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            command = tyro.cli(module.Command, prog=program, description=text, args=words)
    except SystemExit as end:
        if not end.code:
            raise
        raise UsageError(in_one_line(complaint.getvalue(), program)) from None
    if dotted is not None:
        command = dataclasses.replace(command, dotted=dotted)
    command.run()


if __name__ == "__main__":
    main()
