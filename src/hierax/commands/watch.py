"""`hierax watch`: film what a run learned."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from hierax.commands.errors import UsageError
from hierax.commands.options import whole_number

if TYPE_CHECKING:
    from hierax.training import Player


def description() -> str:
    """Returns what stands above the options in the command's help."""
    return """\
Film what a run learned, as GIF or MP4.

examples:
  hierax watch runs/sac-PointSpeed-v0-seed-0
  hierax watch runs/cross --episodes 3 --mode sampled --out cross.mp4

worlds:
  Points and states of tables are drawn from above.
  A Gymnasium environment draws itself, if it can.

Of a run with several seeds the first is shown."""


@dataclasses.dataclass(frozen=True)
class Command:
    """Film what a run learned."""

    run_folder: Annotated[Positional[str], arg(metavar="RUN", help_behavior_hint="")]
    """Folder of the run."""
    out: Annotated[
        str | None, arg(metavar="FILE", help_behavior_hint="[default: RUN/episode.gif]")
    ] = None
    """Film to write: .gif or .mp4."""
    episodes: Annotated[int, *whole_number("E", "1")] = 1
    """Episodes, one after the other."""
    mode: Literal["deterministic", "sampled"] = "deterministic"
    """As well as it can, or with the randomness that it learns by."""
    step: Annotated[int | None, *whole_number("T", "the last")] = None
    """Environment steps after which it was saved."""

    def run(self) -> None:
        """Films.

        Raises:
            UsageError: where there is no such run or step, the world cannot be drawn, or the film
                not be written.
        """
        from hierax.commands.video import check_format, write_video

        if self.episodes < 1:
            raise UsageError(f"--episodes is {self.episodes}, but must be at least 1")
        path = Path(self.run_folder)
        out = path / "episode.gif" if self.out is None else Path(self.out)
        check_format(out)

        from hierax.commands import compilation_cache
        from hierax.commands.runs import refusals
        from hierax.training import load

        compilation_cache.enable()
        with refusals():
            player = load(path, step=self.step)
            write_video(out, self._frames(player))
        print(f"film: {out}")

    def _frames(self, player: "Player") -> Iterator[Any]:
        from hierax.commands.recording import film, is_functional, play

        explore = self.mode == "sampled"
        for seed in range(self.episodes):
            if is_functional(player.world):
                episode = play(player, seed, explore=explore)
                yield from episode.frames(player.world.spec.name)
            else:
                yield from film(player, seed, explore=explore)
