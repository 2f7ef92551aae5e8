"""Versions are those that are installed."""

import platform

import numpy as np

from hierax.versions import versions


def test_versions_are_those_installed():
    assert versions(["numpy"]) == {"python": platform.python_version(), "numpy": np.__version__}
