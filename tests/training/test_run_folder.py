"""One folder is one run: the same command finds it again, every other is refused."""

import json
import subprocess
import sys

import numpy as np
import pytest

from hierax.training.run_folder import RunFolder, is_finished, load_config
from refusals import refusal

CONFIG = {
    "agent": {"name": "sac", "learning_rate": 0.0003, "layers": [64, 64]},
    "steps": 1000,
    "checkpoint_every": None,
}


def changed(**agent):
    return {**CONFIG, "agent": {**CONFIG["agent"], **agent}}


def begun(folder, config=CONFIG):
    """The folder of a run that has logged something."""
    made(folder, config)
    (folder / "metrics.jsonl").write_text('{"step": 10}\n')
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def made(folder, config=CONFIG):
    RunFolder.open(folder, config).close()
    return folder


def test_a_new_folder_gets_the_configuration_and_the_versions(tmp_path):
    path = made(tmp_path / "runs" / "one")
    text = (path / "config.json").read_text()
    record = json.loads(text)
    assert list(record) == sorted(record)
    assert {*record["versions"]} >= {"python", "hierax", "jax"}
    assert load_config(path) == CONFIG
    assert {*contents(path)} == {"config.json", ".lock"}


def test_the_places_in_it(tmp_path):
    with RunFolder.open(tmp_path, CONFIG) as run:
        assert (run.path, run.config) == (tmp_path, CONFIG)
        places = run.checkpoints, run.metrics, run.summary
    names = "checkpoints", "metrics.jsonl", "summary.json"
    assert places == tuple(tmp_path / name for name in names)


def test_the_same_configuration_finds_the_run_again(tmp_path):
    path = made(tmp_path)
    record = json.loads((path / "config.json").read_text())
    record["versions"] = {"python": "2.7"}  # a run may be resumed with another version
    (path / "config.json").write_text(json.dumps(record))
    before = contents(path)
    made(path, {**changed(layers=(64, 64), learning_rate=3e-4), "steps": 1000})
    assert contents(path) == before


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            changed(learning_rate=0.001),
            "its agent.learning_rate is 0.0003, yours is 0.001; give another folder as run=, or "
            "the same settings to continue it",
        ),
        (
            {**changed(name="td3"), "steps": 7},
            "its agent.name is 'sac', yours is 'td3'; its steps is 1000, yours is 7; give",
        ),
        (changed(layers=[64]), "its agent.layers is [64, 64], yours is [64]; give"),
        (changed(tau=1), "its agent.tau is not set, yours is 1; give"),
        ({**CONFIG, "checkpoint_every": 5}, "its checkpoint_every is None, yours is 5; give"),
        (
            {"agent": CONFIG["agent"], "steps": 1000},
            "its checkpoint_every is None, yours is not set; give",
        ),
    ],
)
def test_fields_that_differ_are_named_with_both_values(tmp_path, config, words):
    before = contents(begun(tmp_path))
    sentence = refusal(RunFolder.open, tmp_path, config)
    assert sentence.replace(str(tmp_path), "DIR").startswith(f"DIR holds another run: {words}")
    assert contents(tmp_path) == before
    made(tmp_path)  # and the folder is not held


def test_two_differences_are_named_and_the_others_counted(tmp_path):
    path = begun(tmp_path)
    others = {**changed(name="td3", layers=[8], learning_rate=1.0, tau=1), "steps": 7}
    sentence = refusal(RunFolder.open, path, others)
    assert "its agent.name is 'sac', yours is 'td3'; its agent.layers is" in sentence
    assert "; 3 more fields differ; give another folder as run=" in sentence
    assert sentence.count("yours is") == 2


def test_a_run_with_more_steps_is_the_same_run_continued(tmp_path):
    path = begun(tmp_path)
    record = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps({**record, "versions": {"python": "2.7"}}))
    with RunFolder.open(path, CONFIG) as run:
        run.write_summary({"mean": 1.0})
    made(path, {**CONFIG, "steps": 2000})
    assert load_config(path)["steps"] == 2000
    assert json.loads((path / "config.json").read_text())["versions"] == {"python": "2.7"}
    assert not is_finished(path)
    sentence = refusal(RunFolder.open, path, CONFIG)
    assert "its steps is 2000, yours is 1000" in sentence
    sentence = refusal(RunFolder.open, path, {**changed(tau=1), "steps": 3000})
    assert "its agent.tau is not set, yours is 1" in sentence


@pytest.mark.parametrize("left", [None, "metrics.jsonl", "times.jsonl", "checkpoints"])
def test_a_run_that_logged_and_saved_nothing_does_not_hold_its_folder(tmp_path, left):
    path = made(tmp_path / "run")
    if left == "checkpoints":
        (path / left).mkdir()
    elif left is not None:
        (path / left).touch()
    other = changed(learning_rate=1.0)
    made(path, other)
    assert load_config(path) == other
    (path / "checkpoints" / "000000000010").mkdir(parents=True)
    assert "agent.learning_rate" in refusal(RunFolder.open, path, CONFIG)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "plan.json", "checkpoints"])
def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    assert "holds other files and no config.json" in refusal(RunFolder.open, tmp_path, CONFIG)
    assert contents(tmp_path) == {name: b"mine"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": 3', "\x00", '{"versions": {}'])
def test_a_configuration_of_something_else_is_refused_and_left_alone(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    assert "is not the configuration of a run" in refusal(RunFolder.open, tmp_path, CONFIG)
    assert contents(tmp_path) == {"config.json": text.encode()}


def test_a_folder_that_was_begun_and_killed_is_as_good_as_empty(tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".config.json.part").write_text('{"ste')
    assert load_config(made(tmp_path)) == CONFIG


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        assert f"cannot write to {path}: Not a directory" == refusal(RunFolder.open, path, CONFIG)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"a": float("inf")}, "must be JSON"),
        ({"a": np.zeros(1)}, "must be JSON"),
        ({"versions": 1}, "'versions'"),
    ],
)
def test_a_configuration_that_is_not_plain_is_refused(tmp_path, config, words):
    assert words in refusal(RunFolder.open, tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_a_configuration_is_read_from_a_run_alone(tmp_path):
    assert refusal(load_config, tmp_path).endswith(
        "is not the folder of a run: it has no config.json"
    )
    (tmp_path / "config.json").mkdir()
    assert refusal(load_config, tmp_path).endswith("config.json cannot be read: Is a directory")


def test_only_one_at_a_time_works_in_a_folder(tmp_path):
    with RunFolder.open(tmp_path, CONFIG):
        sentence = refusal(RunFolder.open, tmp_path, CONFIG)
        assert f"another process is at work in {tmp_path}; wait for it" in sentence
    made(tmp_path)


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    program = (
        "import sys, time, pathlib, json\n"
        "from hierax.training.run_folder import RunFolder\n"
        "run = RunFolder.open(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2]))\n"
        "print('open', flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, tmp_path, json.dumps(CONFIG)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline() == b"open\n"
            assert "another process" in refusal(RunFolder.open, tmp_path, CONFIG)
        finally:
            other.kill()
    made(tmp_path)


def test_a_run_is_finished_when_its_summary_says_so(tmp_path):
    with RunFolder.open(tmp_path, CONFIG) as run:
        assert not run.finished
        run.write_summary({"finished": False, "mean": 1.0})
        assert not run.finished
        run.write_summary({"mean": np.float32(0.5), "iqm": np.nan, "episodes": 3})
        assert run.finished
        record = json.loads(run.summary.read_text())
        assert record == {"finished": True, "mean": 0.5, "iqm": None, "episodes": 3}
        run.summary.write_text("[]")
        assert not run.finished
