"""`hierax watch`: film a trained agent, or random actions in a world."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import FlagCreatePairsOff, Positional, arg

from hierax.commands.errors import UsageError
from hierax.commands.options import file_name, whole_number

if TYPE_CHECKING:
    from hierax.training import Player


def description() -> str:
    """Return the text above the options in the command's help."""
    return """\
Film a trained agent, or random actions in a world, as GIF or MP4.

examples:
  hierax watch runs/sac-PointSpeed-v0-seed-0
  hierax watch runs/cross --episodes 3 --mode sampled --out cross.mp4
  hierax watch AntMaze-v0 --random

worlds:
  Point and tabular worlds are drawn from above.
  MuJoCo worlds are rendered. So are Gymnasium environments that can be rendered.

If a run has several seeds, the first seed is filmed."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Film a trained agent, or random actions in a world."""

    what: Annotated[Positional[str], arg(metavar="RUN|WORLD", help_behavior_hint="")]
    """Folder of the run; with --random the name of a world."""
    random: Annotated[bool, FlagCreatePairsOff, arg(help_behavior_hint="")] = False
    """Take random actions in a world; no run is needed."""
    out: Annotated[
        str | None,
        arg(metavar="FILE", help_behavior_hint="[default: RUN/episode.gif, or WORLD.gif]"),
    ] = None
    """Film to write: .gif or .mp4."""
    episodes: Annotated[int, *whole_number("E", "1", 1)] = 1
    """Number of episodes."""
    mode: Literal["deterministic", "sampled"] = "deterministic"
    """Actions without exploration, or with the exploration of training."""
    step: Annotated[int | None, *whole_number("T", "the last")] = None
    """Environment steps after which the policy was saved."""

    def run(self) -> None:
        """Write the film.

        Raises:
            UsageError: if there is no such run, step or world, the world cannot be drawn, or
                the film cannot be written.
        """
        from hierax.commands.video import check_format

        if self.random and self.step is not None:
            raise UsageError(
                "--step is for a run, but --random takes a world: leave one of them out"
            )
        if self.out is not None:
            check_format(Path(self.out))

        from hierax.commands import compilation_cache
        from hierax.commands.filming import film
        from hierax.commands.runs import refusals

        compilation_cache.enable()
        with refusals():
            film(self._player(), self.film, episodes=self.episodes, mode=self.mode)
        print(f"film: {self.film}")

    @property
    def film(self) -> Path:
        """The file of the film."""
        if self.out is not None:
            return Path(self.out)
        if self.random:
            return Path(f"{file_name(self.what)}.gif")
        return Path(self.what, "episode.gif")

    def _player(self) -> "Player":
        from hierax.training import load, make_world
        from hierax.worlds import world_names

        if not self.random:
            if self.what in world_names() and not Path(self.what).exists():
                raise UsageError(
                    f"{self.what!r} is a world, not a run: add --random for random actions"
                )
            return load(self.what, step=self.step)
        if not self.what.strip():
            raise UsageError(
                f"WORLD must be the name of a world, got {self.what!r}; see hierax list worlds"
            )
        from hierax.commands.random_actions import random_player

        return random_player(make_world(self.what))
