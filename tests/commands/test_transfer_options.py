"""The options of a transfer: what they ask for, and what is refused."""

import json

import pytest

from hierax import transfer
from hierax.agents import KL, SAC
from hierax.commands.errors import UsageError
from hierax.commands.train import read
from hierax.commands.transfer_options import NOTHING, TransferOptions
from hierax.training.serialisation import tree_digest
from hierax.worlds import BodyGrid, PointSpeed

GRID = KL(BodyGrid(2).spec, high_views=("task",), period=2)
COMMAND = ["kl", "BodyGrid2-v0", "--steps", "400", "--agent.high-views", "task"]
SMALL = ["--environments", "4", "--episodes", "2"]


def test_without_options_a_run_starts_untrained():
    assert read(COMMAND).transfer == NOTHING
    assert NOTHING.start(GRID, 0, 1) is None


def test_options_are_read_as_names():
    words = "--transfer.source old --transfer.keep high high_default --transfer.freeze high"
    found = read([*COMMAND, *words.split(), "--transfer.initialise", "low=low_default"]).transfer
    assert found == TransferOptions(
        "old", ("high", "high_default"), ("high",), ("low=low_default",)
    )


def test_a_source_and_parts_are_needed():
    with pytest.raises(UsageError, match=r"--transfer\.source must be the folder of a run"):
        TransferOptions(keep=("high",)).start(GRID, 0, 1)
    with pytest.raises(UsageError, match=r"--transfer\.keep .* high, low, high_default, value"):
        TransferOptions("old").start(GRID, 0, 1)
    sac = SAC(PointSpeed().spec)
    with pytest.raises(UsageError, match="actor, critic, temperature"):
        TransferOptions("old").start(sac, 0, 1)


@pytest.mark.slow
def test_a_command_moves_a_high_level_to_another_body(tmp_path):
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    read([*COMMAND, *SMALL, "--run", first]).run()
    moved = ["kl", "BodyGrid4-v0", *COMMAND[2:], *SMALL, "--run", second, "--agent.period", "4"]
    words = f"--transfer.source {first} --transfer.keep high high_default --transfer.freeze high"
    read([*moved, *words.split()]).run()
    summary = json.loads((tmp_path / "second" / "summary.json").read_text())
    assert {name: each["unchanged"] for name, each in summary["frozen"].items()} == {"high": True}
    agent = KL(BodyGrid(4).spec, high_views=("task",), period=4)
    (state,) = transfer(second, agent, keep=("high",))
    (source,) = transfer(first, agent, keep=("high",))
    kept = [tree_digest(each.learner.parameters["high"]) for each in (state, source)]
    assert kept[0] == kept[1]
