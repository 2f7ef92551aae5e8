"""Files that are whole or not there, whenever the power fails."""

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Writes ``text`` aside, then puts it in the place of ``path``, and onto the disk."""
    aside = part_of(path)
    aside.write_text(text, encoding="utf-8")
    sync(aside)
    aside.replace(path)
    sync(path.parent)


def part_of(path: Path) -> Path:
    """Where a file is written before it takes its place."""
    return path.with_name(f".{path.name}.part")


def sync(path: Path) -> None:
    """Waits until a file, or the list of names in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
