"""Smoke runs of experiments, each made once for all tests and all workers."""

import fcntl

import pytest

from hierax.experiments import EXPERIMENTS, load, reproduce

SEEDS = 2


@pytest.fixture(scope="session")
def smoke(tmp_path_factory, request):
    """A function: from the name of an experiment to its record and folder at smoke scale."""
    base = tmp_path_factory.getbasetemp()
    out = (base.parent if hasattr(request.config, "workerinput") else base) / "smoke"
    out.mkdir(exist_ok=True)

    def run(name):
        with (out / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if load(name, "smoke", out) is None:
                reproduce(name, "smoke", SEEDS if EXPERIMENTS[name].seeds else None, out)
        return load(name, "smoke", out), out / name / "smoke"

    return run
