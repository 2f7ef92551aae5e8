"""The `hierax` command: plan, train, evaluate, film, plot, reproduce an experiment, list.

Each command has its file in `hierax.commands`, which is imported when the command is called, so
that help appears at once.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from hierax import __version__, registry
from hierax.commands.errors import RunError, UsageError, one_line, unknown

COMMANDS: dict[str, str] = {
    "demo": "plan the Tower of Hanoi, train one agent without levels and one with two",
    "list": "list agents, planners, worlds, presets and experiments",
    "plan": "plan in a world, a map or a model, and draw the plan",
    "train": "train an agent in a world; the same command resumes",
    "evaluate": "evaluate a trained agent",
    "watch": "film a trained agent",
    "plot": "draw learning curves of runs, with intervals over seeds",
    "reproduce": "run an experiment and judge the claims of its paper",
}
_COMMANDS = "\n".join(f"  {name:<11}{summary}" for name, summary in COMMANDS.items())
HELP = f"""\
usage: hierax COMMAND ...

Hierarchical reinforcement learning in JAX: plan in worlds with a known model, train
agents in worlds without one, and test the claims of papers.

commands:
{_COMMANDS}

examples:
  hierax demo
  hierax plan himo Hanoi3-v0
  hierax plan auto my_rooms.txt --slip 0.1
  hierax train sac PointSpeed-v0 --steps 30000
  hierax train lsp SpinCross-v0 --steps 80000
  hierax reproduce himo-rooms --scale smoke

`hierax COMMAND --help` prints the options of a command, `hierax --version` the version.
`--import MODULE` makes the agents and worlds that your module registers available.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ``arguments`` replace those of the process.

    Raises:
        SystemExit: with status 2 if a request cannot be fulfilled, after one line on the error
            stream; with status 1 if the work failed or the output is closed; with status 130 if
            the command is interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _warnings_of_one_line():
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
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


@contextlib.contextmanager
def _warnings_of_one_line() -> Iterator[None]:
    """Show warnings from this package as the command's other messages are, without a source line.

    Those from elsewhere, such as a user's environment, keep their place.
    """
    usual, package = warnings.formatwarning, Path(__file__).parent

    def formatted(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        line: str | None = None,
    ) -> str:
        if package in Path(filename).parents:
            return f"hierax: warning: {one_line(str(message))}\n"
        return usual(message, category, filename, lineno, line)

    warnings.formatwarning = formatted
    try:
        yield
    finally:
        warnings.formatwarning = usual


def _run(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP, end="")
    elif words[0] in ("-V", "--version"):
        print(f"hierax {__version__}")
    elif words[0] in COMMANDS:
        _run_command(words[0], _import_plugins(words[1:]))
    else:
        raise unknown("command", words[0], COMMANDS)


def _run_command(name: str, words: list[str]) -> None:
    module = import_module(f"hierax.commands.{name}")
    if hasattr(module, "read"):
        module.read(words).run()
        return
    from hierax.commands.parsing import parse

    parse(module.Command, words, f"hierax {name}", module.description()).run()


def _import_plugins(words: list[str]) -> list[str]:
    """Import the modules of ``--import MODULE`` and of plugins; return the other words."""
    rest, place = [], 0
    try:
        registry.load_plugins()
        while place < len(words):
            name, has_value, module = words[place].partition("=")
            place += 1
            if name != "--import":
                rest.append(words[place - 1])
                continue
            if not has_value and place < len(words):
                module, place = words[place], place + 1
            if not module or module.startswith("-"):
                raise UsageError("--import must have the name of a module, got none")
            registry.import_plugin(module)
    except ValueError as error:
        raise UsageError(one_line(error)) from None
    return rest


if __name__ == "__main__":
    main()
