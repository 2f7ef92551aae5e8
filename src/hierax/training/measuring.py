"""`evaluate`: the returns of a trained agent in whole episodes, without training."""

from pathlib import Path
from typing import Any

from hierax import checks
from hierax.agents.agent import Agent
from hierax.precision import in_float32
from hierax.training.config import AnyWorld
from hierax.training.evaluation import in_both_modes, make_evaluator
from hierax.training.finiteness import evidence_saved
from hierax.training.player import Player, load
from hierax.training.run_folder import load_config


@in_float32
def evaluate(
    run: str | Path | Player,
    *,
    episodes: int = 100,
    environments: int | None = None,
    seed: int = 0,
    step: int | None = None,
    agent: Agent | None = None,
    world: AnyWorld | None = None,
) -> dict[str, Any]:
    """Return the evaluation of a trained agent, as ``hierax evaluate`` makes it.

    Args:
        run: folder of a run, of which every seed is evaluated, or one `Player`.
        episodes: of each seed and mode.
        environments: stepped together, in a world that is stepped from the host; by default one for
            each episode.
        seed: of the random numbers of the episodes.
        step: after which the agent was saved; the last one by default. Not for a `Player`.
        agent: needed if the agent of the folder is not registered.
        world: in which it is evaluated, such as one with another goal; by default that of the run.

    Returns:
        ``step``, ``seed``, and the contents of ``summary.json`` that are not times: ``mean``,
        ``iqm``, ``episodes``, ``mean_length``, ``by_seed``, ``success_rate`` where the world has
        success, all of actions without exploration; and the same with exploration in ``sampled``.

    Raises:
        ValueError: if there is no such run, or an argument is not allowed.
        NotFiniteError: if an observation, action or reward is not finite.
    """
    checks.count("episodes", episodes, 1)
    checks.count("seed", seed, 0)
    if environments is not None:
        checks.count("environments", environments, 1)
    if isinstance(run, Player):
        players, folder = [run], None
    else:
        players, folder = load_all(run, step, agent=agent, world=world), Path(run)
    first = players[0]
    evaluator = make_evaluator(first.agent, world or first.world, episodes, environments)
    keys = range(seed * len(players), (seed + 1) * len(players))
    try:
        with evidence_saved(folder):
            found = in_both_modes(evaluator, [player.state for player in players], keys)
    finally:
        evaluator.close()
    return {"step": first.step, "seed": seed, **found}


def load_all(run: str | Path, step: int | None = None, **given: Any) -> list[Player]:
    """Return the trained agent of each seed of a run, after ``step`` or after the last step.

    Args:
        run: folder of the run.
        step: after which the agents were saved.
        **given: ``agent`` and ``world`` of `load`.
    """
    config = load_config(Path(run))
    seeds = range(config["seed"], config["seed"] + config["seeds"])
    first = load(run, step=step, seed=seeds[0], **given)
    return [first, *(load(run, step=first.step, seed=seed, **given) for seed in seeds[1:])]
