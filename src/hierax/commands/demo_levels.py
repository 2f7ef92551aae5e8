"""The part of the demo with a hierarchy: two levels find a goal that one level does not."""

from pathlib import Path

from hierax.commands.demo_runs import field_words, fresh, train_words
from hierax.registry import PRESETS

STORY = """
Last, a task for two levels: a point mass whose thruster rotates by itself, and a
sparse reward at a goal round a corner. The lower level of a latent space policy is
trained for speed on an open plane. Then the upper level is trained on the task.
SAC has one level and the same total number of steps.
"""
WORLD = "SpinCross-v0"
BELOW, ABOVE, POINTS = 24_000, 80_000, 10
"""Steps of the lower and of the upper level, and number of evaluations of the upper one."""
FLAT = "--agent.temperature 0.01 --agent.prior uniform"
"""Settings of SAC besides those that it shares with the preset of `lsp`."""
METRIC = "sampled/success"


def learn_levels(folder: Path) -> None:
    """Train both agents, draw their curves, film the hierarchy, and print both success rates."""
    from hierax.commands.plot import write_curves
    from hierax.commands.recording import play
    from hierax.commands.video import write_video
    from hierax.training import load
    from hierax.training.records import METRICS, read_metrics

    levels, flat = fresh(folder / "levels"), fresh(folder / "flat")
    curves, film = folder / "curves.png", folder / "episode.gif"
    every, episodes = ABOVE // POINTS, "--episodes 50"
    below = f"--curriculum.0.steps {BELOW}"
    train_words(f"lsp {WORLD} --steps {ABOVE} {below} {episodes}", levels, every)
    shared = field_words(PRESETS["lsp", WORLD].settings)
    train_words(f"sac {WORLD} --steps {BELOW + ABOVE} {shared} {FLAT} {episodes}", flat, every)
    write_curves((str(levels), str(flat)), METRIC, curves)
    write_video(film, play(load(levels), 0, explore=True).frames(WORLD))
    ends = [
        [line[METRIC] for line in read_metrics(run / METRICS) if METRIC in line][-1]
        for run in (levels, flat)
    ]
    print(
        f"\nThe goal is reached in {ends[0]:.0%} of episodes with two levels, and in {ends[1]:.0%} "
        f"with one level\nafter as many steps in total.\ncurves:  {curves}\nfilm:    {film}"
    )
