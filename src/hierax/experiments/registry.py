"""The experiments by name, and `reproduce`, which runs one and writes what it found."""

import importlib
import json
from pathlib import Path
from typing import Any, NamedTuple

SCALES = ("smoke", "laptop", "paper")


class Experiment(NamedTuple):
    """An experiment: what it is about and where its code is.

    Its module has ``run(scale, seeds) -> Result`` and ``draw(result, path) -> None``, which draws
    the figure from the result alone. Where there is something to see move, it has
    ``animate(result, path) -> None`` too.

    Attributes:
        name: system and claim, such as ``himo-hanoi``.
        summary: one line.
        claims: ids of the claims that it judges.
        module: name of the module in `hierax.experiments`.
        seeds: number of seeds by default; 0 where the computation is exact.
    """

    name: str
    summary: str
    claims: tuple[str, ...]
    module: str
    seeds: int = 0


EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "himo-hanoi",
            "HIMO on the Tower of Hanoi: in which order are states decided?",
            ("H1", "H2", "H3", "H4", "H5"),
            "himo_hanoi",
        ),
        Experiment(
            "himo-rooms",
            "HIMO in four rooms: are the doors into the goal's room decided first?",
            ("H1", "H6"),
            "himo_rooms",
        ),
        Experiment(
            "himo-wormhole",
            "HIMO in four rooms with a wormhole: does it take the place of the doors?",
            ("H7",),
            "himo_wormhole",
        ),
        Experiment(
            "himo-hierarchy",
            "What predicts when HIMO decides a state: action gap, distance or betweenness?",
            (),
            "himo_hierarchy",
        ),
        Experiment(
            "himo-metric",
            "Does the metric of paths couple states? Does the metric of visits?",
            ("H8",),
            "himo_metric",
            seeds=200,
        ),
        Experiment(
            "option-gradient-rooms",
            "Options learned on 80 % of the goals: how fast is planning for the others?",
            ("O3", "O4", "O5"),
            "option_gradient_rooms",
            seeds=5,
        ),
        Experiment(
            "option-gradient-cost",
            "Implicit against unrolled gradients: memory, time and error by number of sweeps.",
            ("O1",),
            "option_gradient_cost",
        ),
        Experiment(
            "flat-pendulum",
            "SAC and TD3 on Pendulum-v1: do the learners that hierarchies are compared with learn?",
            (),
            "flat_pendulum",
            seeds=5,
        ),
        Experiment(
            "lsp-bandit",
            "Stacked flows on bandits with known optima: is a level more than a lower temperature?",
            ("L1",),
            "lsp_bandit",
            seeds=5,
        ),
        Experiment(
            "lsp-lqr",
            "Two levels on linear-quadratic problems: are they what a Riccati equation gives?",
            (),
            "lsp_lqr",
            seeds=5,
        ),
        Experiment(
            "lsp-pendulum",
            "One level with an invertible policy on Pendulum-v1: is it as good as a Gaussian?",
            ("L3",),
            "lsp_pendulum",
            seeds=5,
        ),
        Experiment(
            "lsp-layers",
            "A level more on the same reward: better than one level at half the temperature?",
            ("L4", "L6"),
            "lsp_layers",
            seeds=5,
        ),
        Experiment(
            "lsp-spin-cross",
            "A skill below and a sparse task above: who else finds the goal of SpinCross-v0?",
            ("L5",),
            "lsp_spin_cross",
            seeds=5,
        ),
        Experiment(
            "lsp-point-cross",
            "The same on PointCross-v0, where holding an action is a strong control.",
            (),
            "lsp_point_cross",
            seeds=5,
        ),
        Experiment(
            "lsp-cheetah-reach",
            "A goal far ahead of a half cheetah: a body of others where held actions lead nowhere.",
            (),
            "lsp_cheetah_reach",
            seeds=5,
        ),
        Experiment(
            "lsp-ant-cross",
            "An ant and a goal round a corner: the sparse task of the paper, at its scale.",
            (),
            "lsp_ant_cross",
            seeds=5,
        ),
        Experiment(
            "lsp-latents",
            "What a level above acts by: where do latents lead through a level that has learned?",
            (),
            "lsp_latents",
            seeds=5,
        ),
    )
}


def reproduce(
    name: str,
    scale: str = "laptop",
    seeds: int | None = None,
    out: str | Path = "results",
    command: str | None = None,
) -> Path:
    """Run an experiment and write ``OUT/NAME/SCALE/result.json`` and ``figure.png``.

    Some write ``figure.gif`` beside them.

    Args:
        name: one of `EXPERIMENTS`.
        scale: ``"smoke"`` (seconds), ``"laptop"`` (two cores) or ``"paper"`` (finest settings).
        seeds: number of seeds; the experiment's own number by default. An exact experiment draws
            nothing and has no use for them.
        out: folder of all results.
        command: the command line that is recorded; by default the one that repeats this call.

    Returns:
        The folder that was written.

    Raises:
        ValueError: where there is no such experiment or scale, or ``seeds`` is below 1.
    """
    from hierax.experiments.result import write

    experiment = find(name)
    if scale not in SCALES:
        raise ValueError(f"scale is {scale!r}, but must be one of {', '.join(map(repr, SCALES))}")
    if seeds is not None and seeds < 1:
        raise ValueError(f"seeds is {seeds}, but must be at least 1")
    module = importlib.import_module(f"hierax.experiments.{experiment.module}")
    result = module.run(scale, seeds or experiment.seeds)
    folder = Path(out) / name / scale
    option = f" --seeds {seeds}" if seeds else ""
    write(
        result, name, scale, command or f"hierax reproduce {name} --scale {scale}{option}", folder
    )
    module.draw(result, folder / "figure.png")
    if hasattr(module, "animate"):
        module.animate(result, folder / "figure.gif")
    return folder


def find(name: str) -> Experiment:
    """The experiment called ``name``.

    Raises:
        ValueError: where there is none; the message lists those that exist.
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"there is no experiment {name!r}; there are {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]


def load(name: str, scale: str, out: str | Path = "results") -> dict[str, Any] | None:
    """The ``result.json`` of an experiment at a scale, or None where it was not run.

    Raises:
        ValueError: where the file is not a result.
    """
    path = Path(out) / name / scale / "result.json"
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        record = None
    if not isinstance(record, dict) or "claims" not in record:
        raise ValueError(f"{path} is no result of an experiment: repeat it or remove the file")
    return record
