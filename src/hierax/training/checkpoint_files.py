"""The two files of a checkpoint: writing, verifying and reading.

    arrays.safetensors    every leaf of the tree, named by its path
    manifest.json         dtypes, shapes, and SHA-256 of everything

The manifest ends with its own SHA-256, so a change of any byte in either file is detected.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, TensorSpec, safe_open, serialize_file

from hierax import atomic_files
from hierax.training.serialisation import Leaf, records_digest

FORMAT = 1
ARRAYS = "arrays.safetensors"
MANIFEST = "manifest.json"


class CheckpointError(Exception):
    """A checkpoint is missing or damaged; the message is one sentence.

    Attributes:
        whole_step: the latest earlier step with a complete checkpoint, or None.
    """

    def __init__(self, message: str, whole_step: int | None = None):
        super().__init__(message)
        self.whole_step = whole_step


class NotSavedError(CheckpointError):
    """A file of a run could not be written, for example because the disk is full.

    The message names the last step with a complete checkpoint, which is ``whole_step``.
    """


def write(folder: Path, leaves: Mapping[str, Leaf], step: int, meta: Mapping[str, Any]) -> None:
    """Write both files into ``folder``, and onto the disk."""
    data = folder / ARRAYS
    arrays = {name: leaf.array for name, leaf in leaves.items()}
    specs = {
        name: TensorSpec(
            dtype=array.dtype.name,
            shape=array.shape,
            data_ptr=array.ctypes.data,
            data_len=array.nbytes,
        )
        for name, array in arrays.items()
    }
    try:
        serialize_file(specs, data)
    except SafetensorError as error:
        raise _as_os_error(error, data) from None
    atomic_files.sync(data)
    records = {name: leaf.record() for name, leaf in leaves.items()}
    manifest = {
        "format": FORMAT,
        "step": step,
        "meta": meta,
        "arrays": records,
        "digest": records_digest(records),
        "file": {"name": ARRAYS, "bytes": data.stat().st_size, "sha256": _file_digest(data)},
    }
    atomic_files.write_text(folder / MANIFEST, _sealed(manifest))


def verified(path: Path) -> dict[str, Any]:
    """Return the manifest, after verifying it and the file of arrays."""
    manifest = _read_manifest(path / MANIFEST)
    data, written = path / ARRAYS, manifest["file"]
    try:
        size = data.stat().st_size
        if size != written["bytes"]:
            raise CheckpointError(f"{data} has {size} bytes instead of {written['bytes']}")
        if _file_digest(data) != written["sha256"]:
            raise CheckpointError(f"{data} does not have the SHA-256 that it was written with")
    except OSError as error:
        raise CheckpointError(f"{data} cannot be read: {error.strerror}") from None
    return manifest


def read(path: Path, records: Mapping[str, Mapping[str, Any]]) -> dict[str, Leaf]:
    """Return the leaves of a verified checkpoint; each of them is verified again."""
    leaves = {}
    with safe_open(path / ARRAYS, framework="np") as file:
        for name, record in records.items():
            array = file.get_tensor(name)
            leaf = Leaf(array, record["dtype"], tuple(record["shape"]), record.get("impl"))
            if leaf.record() != record:  # it was changed by another thread while it was written
                raise CheckpointError(f"{path / ARRAYS} holds another {name} than was to be saved")
            leaves[name] = leaf
    return leaves


def _as_os_error(error: SafetensorError, path: Path) -> Exception:
    """Return the error of the system that stopped the writing of ``path``."""
    found = re.search(r"os error (\d+)", str(error))
    if found is None:
        return error
    number = int(found[1])
    return OSError(number, os.strerror(number), str(path))


def _sealed(record: Mapping[str, Any]) -> str:
    """JSON that ends with the SHA-256 of the text before it."""
    text = json.dumps(record, indent=1, allow_nan=False).removesuffix("\n}")
    return f'{text},\n "sha256": "{hashlib.sha256(text.encode()).hexdigest()}"\n}}\n'


def _unsealed(content: bytes) -> dict[str, Any] | None:
    """The sealed record; None if any byte has changed, even a space."""
    try:
        record = json.loads(content)
        del record["sha256"]
        return record if _sealed(record).encode() == content else None
    except (ValueError, KeyError, TypeError):
        return None


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    record = _unsealed(content)
    if record is None:
        raise CheckpointError(f"{path} does not have the SHA-256 that it was written with")
    if record["format"] != FORMAT:
        raise CheckpointError(
            f"{path} has format {record['format']}, but this version of hierax reads {FORMAT}"
        )
    if record["step"] != int(path.parent.name):
        raise CheckpointError(f"{path} is of step {record['step']}, which its folder is not")
    return record


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
