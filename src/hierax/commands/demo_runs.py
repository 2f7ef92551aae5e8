"""Runs of the demo: each starts from the beginning and is trained by a command line."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def fresh(run: Path) -> Path:
    """Return the folder of a run, after removing the run of an earlier demo."""
    if (run / "config.json").exists() or (run / "levels").exists():
        shutil.rmtree(run)
    return run


def train_words(words: str, run: Path, every: int) -> None:
    """Train as ``hierax train WORDS`` does; log and evaluate after each ``every`` steps."""
    from hierax.commands.train import read

    every_few = ["--log-every", str(every), "--evaluate-every", str(every)]
    read([*words.split(), "--run", str(run), *every_few]).run()


def field_words(settings: Mapping[str, Any]) -> str:
    """Return the options that set fields of an agent."""
    words = []
    for name, value in settings.items():
        values = value if isinstance(value, tuple) else (value,)
        words += [f"--agent.{name}", *map(str, values)]
    return " ".join(words)
