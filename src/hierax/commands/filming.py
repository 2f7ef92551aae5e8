"""`film`: episodes of a trained agent as a GIF or MP4 file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from hierax import checks
from hierax.agents.agent import Agent
from hierax.training.config import AnyWorld
from hierax.training.player import Player, load


def film(
    run: str | Path | Player,
    out: str | Path | None = None,
    *,
    episodes: int = 1,
    mode: Literal["deterministic", "sampled"] = "deterministic",
    step: int | None = None,
    agent: Agent | None = None,
    world: AnyWorld | None = None,
) -> Path:
    """Write a film of a trained agent and return its path, as ``hierax watch`` does it.

    Args:
        run: folder of a run, of which the first seed is filmed, or one `Player`.
        out: ``.gif`` or ``.mp4`` file; by default ``RUN/episode.gif``.
        episodes: number of episodes.
        mode: actions without exploration, or with that of training.
        step: after which the agent was saved; the last one by default. Not for a `Player`.
        agent: needed if the agent of the folder is not registered.
        world: needed if the world of the folder cannot be made by its name.

    Raises:
        ValueError: if there is no such run, the world cannot be drawn, or the film cannot be
            written.
    """
    from hierax.commands.video import check_format, write_video

    checks.count("episodes", episodes, 1)
    checks.one_of("mode", mode, ("deterministic", "sampled"))
    if out is None and isinstance(run, Player):
        raise ValueError("out must be given for a player, which has no folder")
    path = Path(str(run), "episode.gif") if out is None else Path(out)
    check_format(path)
    player = run if isinstance(run, Player) else load(run, step=step, agent=agent, world=world)
    write_video(path, _frames(player, episodes, explore=mode == "sampled"))
    return path


def _frames(player: Player, episodes: int, *, explore: bool) -> Iterator[Any]:
    from hierax.commands.recording import pictures, play

    for seed in range(episodes):
        if player.world.spec.stepped == "jit":
            episode = play(player, seed, explore=explore)
            yield from episode.frames(player.world.spec.name)
        else:
            yield from pictures(player, seed, explore=explore)
