"""The command line of training is a contract: what it takes, what it writes, how it refuses."""

import json
import shutil
import subprocess
import sys

import pytest

from hierax.cli import main
from hierax.commands.train import Command
from hierax.training import NotFiniteError, Trained
from hierax.training.records import read_metrics


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_has_all_of_its_files(finished):
    config = json.loads((finished / "config.json").read_text())
    assert config["agent"]["name"] == "sac"
    assert config["agent"]["hidden_sizes"] == [8]
    assert config["world"] == {"name": "PointSpeed-v0", "episode_limit": 10}
    assert (config["steps"], config["seeds"]) == (96, 2)
    summary = json.loads((finished / "summary.json").read_text())
    assert summary["step"] == 96
    assert summary["episodes"] == 4  # two of each seed
    steps = [line["step"] for line in read_metrics(finished / "metrics.jsonl")]
    assert steps == [32, 32, 64, 64, 96, 96]
    assert any((finished / "checkpoints").iterdir())


def test_the_same_command_on_a_finished_run_prints_its_summary_again(finished, command_of, capsys):
    before = snapshot(finished)
    main(command_of(finished))
    printed = capsys.readouterr().out
    assert "was finished before" in printed
    assert f"hierax watch {finished}" in printed
    assert f"{json.loads((finished / 'summary.json').read_text())['mean']:.4g}" in printed
    assert snapshot(finished) == before


def test_another_configuration_is_refused_by_the_fields_that_differ(finished, command_of, refusal):
    words = [*command_of(finished), "--agent.discount", "0.9"]
    message = refusal(*["8,8" if word == "8" else word for word in words])
    assert "agent.discount is 0.9, but the run" in message
    assert "agent.hidden_sizes is [8, 8]" in message


def test_what_was_asked_for_reaches_training(monkeypatch, tmp_path, capsys):
    asked = {}

    def stand_in(agent, world, **options):
        asked.update(options, agent=agent, world=world)
        found = {"mean": 1.0, "iqm": 1.0, "episodes": 1, "mean_length": 3.0}
        times = {"wall_seconds": 1.0, "steps_per_second": 7.0}
        return Trained(agent, [], {"step": 7, **found, "sampled": found, "seeds": [4], **times})

    monkeypatch.setattr("hierax.training.train", stand_in)
    monkeypatch.chdir(tmp_path)
    main(
        [
            "train",
            "td3",
            "SpinCross-v0",
            "--steps",
            "7",
            "--seed",
            "4",
            "--checkpoint-every",
            "5",
            "--driver",
            "host",
            "--keep",
            "2",
            "--agent.policy-delay",
            "3",
            "--world.goal",
            "12",
            "0",
            "--world.period=4",
            "--tensorboard",
        ]
    )
    assert asked["run"].as_posix() == "runs/td3-SpinCross-v0-seed-4"
    assert (asked["agent"].policy_delay, asked["agent"].discount) == (3, 0.99)
    assert (asked["world"].goal, asked["world"].period) == ((12.0, 0.0), 4.0)
    assert (asked["steps"], asked["seed"], asked["seeds"]) == (7, 4, 1)
    assert (asked["checkpoint_every"], asked["log_every"]) == (5, None)
    assert (asked["driver"], asked["keep"]) == ("host", 2)
    assert (asked["tensorboard"], asked["wandb"]) == (True, False)
    assert "was finished before" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sacc PointSpeed-v0", "there is no agent 'sacc', but sac, td3, lsp; did you mean sac?"),
        ("sac PointSped-v0", "there is no world 'PointSped-v0'"),
        ("sac FourRooms-v0", "has 5 discrete actions, but SAC needs continuous ones"),
        ("sac Hanoi3-v0 --world.slip 1", "Hanoi3-v0 has no option 'slip'"),
        ("sac Nothing:Here-v0", "Nothing:Here-v0 cannot be made"),
        ("sac PointSpeed-v0 --agent.hiden 3", "did you mean hidden?"),
        ("sac PointSpeed-v0 --agent.hidden-sizes", "--agent.hidden-sizes is given no value"),
        ("sac PointSpeed-v0 --agent.discount 2", "sac: discount is 2.0, but must be a number in"),
        ("sac PointSpeed-v0 --agent.views place", "has no view 'place', but 'velocity'"),
        ("sac PointSpeed-v0 --world.goal 1 2", "there is no field of PointSpeed-v0 'goal'"),
        ("sac PointSpeed-v0 --world.episode-limit 0", "episode_limit must be an integer >= 1"),
        ("sac PointSpeed-v0 --agents.hidden_sizes 3", "there is no option '--agents.hidden_sizes'"),
        ("sac PointSpeed-v0 --seeds 0", "--seeds is 0, but must be at least 1"),
        ("sac PointSpeed-v0 --seed -1", "--seed is -1, but must be at least 0"),
        ("sac PointSpeed-v0 --log-every 0", "--log-every is 0, but must be at least 1"),
        ("sac PointSpeed-v0 --driver scam", "'scan'"),
        ("sac PointSpeed-v0 --sed 3", "did you mean --seed?"),
        ("sac PointSpeed-v0 --seed x", "'x' is given, but it must be a whole number"),
        ("sac", "missing from hierax train: WORLD"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(refusal, monkeypatch, words, message):
    monkeypatch.setattr("hierax.training.train", None)  # it is never come to
    assert message in refusal("train", *words.split(), "--steps", 10)


def test_steps_must_be_given(refusal):
    assert "--steps" in refusal("train", "sac", "PointSpeed-v0")


def test_names_and_types_are_checked_before_anything_heavy_is_imported():
    program = (
        "import sys\n"
        "from hierax.cli import main\n"
        "for words in (['--agent.discont', '1'], ['--agent.hidden-sizes', 'x'], ['--steps', '0']):\n"
        "    try: main(['train', 'sac', 'PointSpeed-v0', '--steps', '5', *words])\n"
        "    except SystemExit: pass\n"
        "sys.exit(len({'jax', 'numpy', 'scipy', 'rich'} & set(sys.modules)))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.count("\n") == 3


def raising(error):
    def stand_in(*_, **__):
        raise error

    return stand_in


def test_numbers_that_are_not_finite_end_with_status_1(refusal, monkeypatch, tmp_path):
    error = NotFiniteError("reward is not finite, so the run\nwas stopped")
    monkeypatch.setattr("hierax.training.train", raising(error))
    words = ("train", "sac", "PointSpeed-v0", "--steps", 5, "--run", tmp_path)
    assert "reward is not finite, so the run was stopped" in refusal(*words, status=1)


def test_who_interrupts_is_told_how_to_go_on(refusal, monkeypatch, tmp_path):
    monkeypatch.setattr("hierax.training.train", raising(KeyboardInterrupt()))
    words = ("train", "sac", "PointSpeed-v0", "--steps", 5, "--run", tmp_path)
    assert f"the same command goes on from the last checkpoint in {tmp_path}" in refusal(
        *words, status=130
    )


def test_a_damaged_checkpoint_is_named_with_the_way_out(finished, command_of, refusal, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "copy")
    (copy / "summary.json").unlink()
    last = max((copy / "checkpoints").iterdir())
    (last / "manifest.json").write_text("{}")
    message = refusal(*command_of(copy))
    assert str(last) in message
    assert "remove the later ones and the same command goes on from there" in message


def test_folders_are_named_after_what_is_trained():
    command = Command("sac", "hierax/PointSpeed-v0", 5, seed=3)
    assert command.folder.as_posix() == "runs/sac-hierax-PointSpeed-v0-seed-3"
