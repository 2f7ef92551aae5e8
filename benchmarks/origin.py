"""Where a result comes from: command, day, machine, versions, commit."""

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def origin(packages: Sequence[str], private: Sequence[Any] = ()) -> dict[str, Any]:
    """The first fields of a record.

    Args:
        packages: whose versions are told, beside those of hierax and Python.
        private: arguments of the command that are this machine's own affair, such as where another
            interpreter lies; "..." stands in for them.
    """
    hidden = {str(word) for word in private}
    arguments = ["..." if word in hidden else word for word in sys.argv[1:]]
    script = f"benchmarks/{Path(sys.argv[0]).name}"
    return {
        "command": shlex.join(["python", script, *arguments]),
        "date": time.strftime("%Y-%m-%d"),
        "machine": _machine(),
        "versions": versions(sys.executable, ("hierax", *packages)),
        "commit": _commit(),
    }


def versions(python: str, packages: Sequence[str]) -> dict[str, str]:
    """Versions of Python and of those packages that this interpreter has."""
    script = (
        "import importlib.metadata as m, json, platform, sys\n"
        "known = {d.name.lower().replace('_', '-'): d.version for d in m.distributions()}\n"
        "found = {name: known[name] for name in sys.argv[1:] if name in known}\n"
        "print(json.dumps({'python': platform.python_version(), **found}))"
    )
    command = [python, "-c", script, *packages]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _machine() -> dict[str, Any]:
    names = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return {
        "processor": names[0].split(":")[1].strip() if names else platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "system": platform.system(),
    }


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    source = [*git, "status", "--porcelain", "src"]
    changed = subprocess.run(source, capture_output=True, text=True, check=True).stdout.strip()
    return commit.stdout.strip() + (" with local changes" if changed else "")
