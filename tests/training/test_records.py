"""Two equal runs leave equal bytes, and a resumed run goes on where its checkpoint was."""

import hashlib
import json
import os

import jax.numpy as jnp
import numpy as np
import pytest

from hierax.training.records import Records, read_metrics
from refusals import refusal


def run(records, *steps):
    for step in steps:
        records.write(step, {"return": step / 7, "loss": np.float32(0.1)})


def lines(folder, name="metrics.jsonl"):
    return (folder / name).read_text().splitlines()


def test_a_line_is_one_object_with_the_step_first(tmp_path):
    with Records(tmp_path / "run") as records:
        records.write(10, {"z": 1, "a": jnp.float32(0.5), "ended": np.bool_(True)})
        records.write(np.int64(20), {"z": np.nan, "a": jnp.inf, "b": -np.float32(np.inf)}, seed=3)
    assert lines(tmp_path / "run") == [
        '{"step": 10, "z": 1, "a": 0.5, "ended": true}',
        '{"step": 20, "seed": 3, "z": null, "a": null, "b": null}',
    ]


def test_single_numbers_are_written_to_their_last_bit(tmp_path):
    number = np.float32(1 / 3)
    with Records(tmp_path) as records:
        records.write(1, {"a": number, "b": 1 / 3})
    (line,) = read_metrics(tmp_path / "metrics.jsonl")
    assert np.float32(line["a"]) == number
    assert line["b"] == 1 / 3


def test_two_equal_runs_have_equal_metrics_and_times_of_their_own(tmp_path):
    for name in ("one", "other"):
        with Records(tmp_path / name) as records:
            run(records, 1000, 2000)
    one, other = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("one", "other"))
    assert one == other
    times = read_metrics(tmp_path / "one" / "times.jsonl")
    assert [list(line) for line in times] == [
        ["step", "wall_seconds", "cpu_seconds", "steps_per_second"]
    ] * 2


def test_seconds_add_up_and_speed_is_that_since_the_last_line(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("time.process_time", lambda: clock[0] / 2)
    with Records(tmp_path) as records:
        clock[0] = 102.0
        run(records, 10)
        clock[0] = 106.0
        run(records, 50)
        position = records.position()
        clock[0] = 1000.0
        run(records, 60)
    clock[0] = 5000.0
    with Records(tmp_path) as records:
        records.rewind(position)
        clock[0] = 5001.0
        run(records, 70)
        assert records.seconds == (7.0, 3.5)
    times = [list(line.values()) for line in read_metrics(tmp_path / "times.jsonl")]
    assert times == [[10, 2.0, 1.0, 5.0], [50, 6.0, 3.0, 10.0], [70, 7.0, 3.5, 20.0]]


def test_seeds_side_by_side_share_a_line_of_times(tmp_path):
    with Records(tmp_path) as records:
        for step in (10, 20):
            for seed in range(3):
                records.write(step, {"return": 0.0}, seed)
    assert len(lines(tmp_path)) == 6
    assert [line["step"] for line in read_metrics(tmp_path / "times.jsonl")] == [10, 20]


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"loss": np.zeros(2)}, "metric 'loss' must be a single number, got [0. 0.]"),
        ({"loss": "low"}, "metric 'loss' must be a single number, got low"),
        ({"step": 1}, "must not be called 'step' or 'seed', got 'step'"),
        ({"seed": 1}, "must not be called 'step' or 'seed', got 'seed'"),
    ],
)
def test_what_is_no_metric_is_refused_and_not_written(tmp_path, metrics, words):
    with Records(tmp_path) as records:
        assert words in refusal(records.write, 1, {"good": 1.0, **metrics})
    assert lines(tmp_path) == lines(tmp_path, "times.jsonl") == []


def test_a_position_is_of_what_is_on_the_disk(tmp_path):
    with Records(tmp_path) as records:
        run(records, 1, 2)
        records.flush()
        content = (tmp_path / "metrics.jsonl").read_bytes()
        position = records.position()
    assert json.loads(json.dumps(position)) == {
        "metrics_bytes": len(content),
        "metrics_sha256": hashlib.sha256(content).hexdigest(),
        "times_bytes": (tmp_path / "times.jsonl").stat().st_size,
    }
    with Records(tmp_path) as records:
        assert records.position() == position


def test_a_resumed_run_leaves_the_bytes_of_one_that_was_not_interrupted(tmp_path):
    with Records(tmp_path / "whole") as records:
        run(records, 1, 2, 3, 4)
        end = records.position()
    with Records(tmp_path / "killed") as records:
        run(records, 1, 2)
        position = records.position()
        run(records, 3)
    with (tmp_path / "killed" / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 4, "ret')
    with Records(tmp_path / "killed") as records:
        records.rewind(position)
        assert records.position() == position
        assert len(lines(tmp_path / "killed", "times.jsonl")) == 2
        run(records, 3, 4)
        assert records.position()["metrics_sha256"] == end["metrics_sha256"]
    assert lines(tmp_path / "killed") == lines(tmp_path / "whole")


def test_a_run_without_a_checkpoint_begins_anew(tmp_path):
    with Records(tmp_path) as records:
        start = records.position()
        run(records, 1)
        records.rewind(None)
        assert records.position() == start
        run(records, 2)
    assert [line["step"] for line in read_metrics(tmp_path / "metrics.jsonl")] == [2]


@pytest.mark.parametrize("altered", [b"", b"x", b"{}\n"])
def test_metrics_that_were_altered_are_refused_and_left_alone(tmp_path, altered):
    with Records(tmp_path) as records:
        run(records, 1, 2)
        position = records.position()
        run(records, 3)
    path = tmp_path / "metrics.jsonl"
    content = altered + path.read_bytes()[5 * len(altered) + 100 * (not altered) :]
    path.write_bytes(content)
    with Records(tmp_path) as records:
        sentence = refusal(records.rewind, position)
    assert f"bytes of {path} have changed since the checkpoint" in sentence
    assert path.read_bytes() == content


def test_times_that_were_lost_do_not_stop_a_run(tmp_path):
    with Records(tmp_path) as records:
        run(records, 1, 2)
        position = records.position()
    os.truncate(tmp_path / "times.jsonl", 0)
    with Records(tmp_path) as records:
        records.rewind(position)
        run(records, 3)
    assert [line["step"] for line in read_metrics(tmp_path / "times.jsonl")] == [3]


def test_reading_passes_over_a_line_that_was_torn_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\n\n{"step": 2}')
    assert read_metrics(path) == [{"step": 1}, {"step": 2}]
    path.write_bytes(b'{"step": 1}\n{"step": 2, "re\xc3')
    assert read_metrics(path) == [{"step": 1}]
    path.write_bytes(b'{"step": 1\n{"step": 2}\n')
    assert refusal(read_metrics, path) == f"line 1 of {path} is not JSON"
