"""The part of the demo with a hierarchy: two levels find a goal that one level does not."""

import shutil
from pathlib import Path
from typing import Any

STORY = """
And a task made for two levels: a point whose thruster turns by itself is to reach
a goal round a corner, which pays once. A latent space policy first learns to be
fast on an open plane, then the level on top learns the task. SAC has no levels.
"""
WORLD = "SpinCross-v0"
BELOW, ABOVE, POINTS = 24_000, 80_000, 10
"""Steps of the lower and of the upper level, and evaluations of the upper one."""
COMMON: dict[str, tuple[str, ...]] = {
    "agent.hidden_sizes": ("64", "64"),
    "agent.batch_size": ("128",),
    "agent.learning_rate": ("1e-3",),
    "agent.tau": ("0.01",),
    "agent.learning_starts": ("2000",),
    "agent.updates_per_step": ("0.25",),
    "agent.buffer_size": ("120000",),
}
FLAT = {"agent.temperature": ("0.01",), "agent.prior": ("uniform",)}
METRIC = "sampled/success"


def learn_levels(folder: Path) -> None:
    """Trains both, draws their curves, films the hierarchy, and prints who found the goal."""
    from hierax.commands.plot import write_curves
    from hierax.commands.recording import play
    from hierax.commands.train import Command as Train
    from hierax.commands.video import write_video
    from hierax.training import load
    from hierax.training.records import METRICS, read_metrics

    levels, flat = folder / "levels", folder / "flat"
    for run in (levels, flat):
        if (run / "config.json").exists() or (run / "levels").exists():
            shutil.rmtree(run)  # of an earlier demo: this one begins anew
    curves, film = folder / "curves.png", folder / "episode.gif"
    below = {"level.0.steps": (str(BELOW),)}
    options: dict[str, Any] = {
        "episodes": 50,
        "evaluate_every": ABOVE // POINTS,
        "log_every": ABOVE // POINTS,
    }
    Train("lsp", WORLD, ABOVE, run_folder=str(levels), dotted={**COMMON, **below}, **options).run()
    Train(
        "sac", WORLD, BELOW + ABOVE, run_folder=str(flat), dotted={**COMMON, **FLAT}, **options
    ).run()
    write_curves((str(levels), str(flat)), METRIC, curves)
    write_video(film, play(load(levels), 0, explore=True).frames(WORLD))
    ends = [
        [line[METRIC] for line in read_metrics(run / METRICS) if METRIC in line][-1]
        for run in (levels, flat)
    ]
    print(
        f"\nWith two levels {ends[0]:.0%} of episodes reach the goal; without, after as many steps "
        f"in all, {ends[1]:.0%}.\ncurves:  {curves}\nfilm:    {film}"
    )
