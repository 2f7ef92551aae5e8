"""Metrics go to whatever was asked for and is installed."""

import sys
from types import SimpleNamespace

import pytest

from hierax.training.records import Records
from refusals import refusal


class Recorder:
    """Stands for a writer or a run: remembers what it was told."""

    def __init__(self, *arguments, **options):
        self.made, self.told = (arguments, options), []

    def __getattr__(self, name):
        return lambda *arguments, **options: self.told.append((name, *arguments, options))


@pytest.fixture
def made(monkeypatch):
    """Everything that stand-ins for both packages were asked to make."""
    made = []

    def make(*arguments, **options):
        made.append(Recorder(*arguments, **options))
        return made[-1]

    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=make))
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=make))
    return made


@pytest.mark.parametrize(
    ("board", "package"), [("tensorboard", "tensorboardX"), ("wandb", "wandb")]
)
def test_a_package_that_is_missing_is_named_with_the_way_to_it(
    tmp_path, monkeypatch, board, package
):
    monkeypatch.setitem(sys.modules, package, None)
    sentence = refusal(lambda: Records(tmp_path, **{board: True}))
    assert f"{package} is not installed: run pip install 'hierax[{board}]'" in sentence


def test_without_being_asked_for_neither_is_imported(tmp_path, monkeypatch):
    for package in ("tensorboardX", "wandb"):
        monkeypatch.setitem(sys.modules, package, None)
    Records(tmp_path).close()


def test_tensorboard_has_a_folder_for_each_seed_and_no_point_from_before_a_rewind(tmp_path, made):
    with Records(tmp_path, tensorboard=True) as records:
        records.write(10, {"return": 0.5, "loss": float("nan")})
        records.write(20, {"return": 1.0})
        records.write(20, {"return": 2.0}, seed=3)
        records.flush()
    plain, seeded = made
    assert plain.made == ((str(tmp_path / "tensorboard"),), {"purge_step": 10})
    assert seeded.made == ((str(tmp_path / "tensorboard" / "seed-3"),), {"purge_step": 20})
    points = [("add_scalar", "return", 0.5, 10, {}), ("add_scalar", "return", 1.0, 20, {})]
    assert plain.told == [*points, ("flush", {}), ("close", {})]


def test_weights_and_biases_go_on_with_the_run_of_the_folder(tmp_path, made):
    for _ in range(2):
        with Records(tmp_path, wandb=True) as records:
            records.write(10, {"return": 0.5, "loss": float("inf")})
            records.write(10, {"return": 0.5}, seed=3)
            records.flush()
    first, second = made
    assert first.made == second.made
    assert first.made[1].items() >= {"name": tmp_path.name, "resume": "allow"}.items()
    log = [("log", {"return": 0.5}, {"step": 10}), ("log", {"seed-3/return": 0.5}, {"step": 10})]
    assert first.told == [*log, ("finish", {})]


def test_tensorboard_writes_event_files(tmp_path):
    pytest.importorskip("tensorboardX")
    with Records(tmp_path, tensorboard=True) as records:
        records.write(10, {"return": 0.5})
        records.flush()
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"return" in events.read_bytes()
