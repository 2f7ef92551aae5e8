"""The versions that numbers depend on, as results and runs record them."""

import importlib.metadata
import platform
from collections.abc import Iterable


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of ``packages`` that are installed."""
    found = {package: importlib.metadata.version(package) for package in packages}
    return {"python": platform.python_version(), **found}
