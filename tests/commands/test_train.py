"""The command line of training is a contract: what it takes, what it writes, how it refuses."""

import json
import shutil
import subprocess
import sys

import pytest

from hierax.cli import main
from hierax.commands.train_command import Command
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
    place = words.index("8")
    message = refusal(*words[:place], "8", *words[place:])
    for part in ("agent.discount", "0.9", "0.99", "agent.hidden_sizes", "[8, 8]", "[8]"):
        assert part in message


def test_what_was_asked_for_reaches_training(monkeypatch, tmp_path, capsys):
    asked = {}

    def stand_in(agent, world, steps, seed, **options):
        asked.update(options, agent=agent, world=world, steps=steps, seed=seed)
        found = {"mean": 1.0, "iqm": 1.0, "episodes": 1, "mean_length": 3.0}
        times = {"wall_seconds": 1.0, "steps_per_second": 7.0}
        return Trained(agent, [], {"step": 7, **found, "sampled": found, "seeds": [4], **times})

    monkeypatch.setattr("hierax.training.presets.train", stand_in)
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
    assert (asked["checkpoint_every"], "log_every" in asked) == (5, False)
    assert (asked["driver"], asked["keep"]) == ("host", 2)
    assert (asked["tensorboard"], asked["wandb"]) == (True, False)
    assert "was finished before" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sacc PointSpeed-v0", "unknown agent 'sacc'; did you mean 'sac'?"),
        ("ppo PointSpeed-v0", "unknown agent 'ppo'; known: sac, td3, lsp"),
        ("sac PointSped-v0", "unknown world 'PointSped-v0'; did you mean 'PointSpeed-v0'?"),
        ("sac FourRooms-v0", "needs continuous actions, got FourRooms-v0 with 5 discrete actions"),
        ("sac Hanoi3-v0 --world.slip 1", "unknown option of Hanoi3-v0 'slip'; known: reward"),
        ("sac Nothing:Here-v0", "Nothing:Here-v0 cannot be made"),
        ("sac PointSpeed-v0 --agent.discont 3", "did you mean '--agent.discount'?"),
        ("sac PointSpeed-v0 --agent.hidden-sizes", "sac: hidden_sizes"),
        ("sac PointSpeed-v0 --agent.hidden-sizes x", "--agent.hidden-sizes must be integers"),
        ("sac PointSpeed-v0 --agent.discount 2", "sac: discount must be in [0, 1), got 2.0"),
        ("sac PointSpeed-v0 --agent.views place", "'place'"),
        ("sac PointSpeed-v0 --world.goal 1 2", "unknown option '--world.goal'"),
        ("sac PointSpeed-v0 --world.episode-limit 0", "episode_limit must be an integer >= 1"),
        ("sac PointSpeed-v0 --agents.hidden_sizes 3", "did you mean '--agent.hidden-sizes'?"),
        ("sac PointSpeed-v0 --seeds 0", "--seeds must be an integer >= 1, got '0'"),
        ("sac PointSpeed-v0 --seed -1", "--seed must be an integer >= 0, got '-1'"),
        ("sac PointSpeed-v0 --log-every 0", "--log-every must be an integer >= 1, got '0'"),
        ("sac PointSpeed-v0 --driver scam", "--driver must be auto, scan or host, got 'scam'"),
        ("sac PointSpeed-v0 --sed 3", "unknown option '--sed'; did you mean '--seed'?"),
        ("sac PointSpeed-v0 --seed x", "--seed must be an integer >= 0, got 'x'"),
        ("sac PointSpeed-v0 --preset best", "--preset must be auto or none, got 'best'"),
        ("sac", "missing: WORLD"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(refusal, monkeypatch, words, message):
    monkeypatch.setattr("hierax.training.presets.train", None)  # never called
    assert message in refusal("train", *words.split(), "--steps", 10)


def test_steps_must_be_given(refusal):
    assert "--steps" in refusal("train", "sac", "PointSpeed-v0")


def test_names_and_types_are_checked_before_training_is_imported():
    program = (
        "import sys\n"
        "from hierax.cli import main\n"
        "for words in (['--agent.discont', '1'], ['--agent.tau', 'x'], ['--agent.tau', '2']):\n"
        "    try: main(['train', 'sac', 'PointSpeed-v0', '--steps', '5', *words])\n"
        "    except SystemExit: pass\n"
        "sys.exit(len({'hierax.training', 'rich', 'gymnasium', 'mujoco'} & set(sys.modules)))\n"
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
    monkeypatch.setattr("hierax.training.presets.train", raising(error))
    words = ("train", "sac", "PointSpeed-v0", "--steps", 5, "--run", tmp_path)
    assert "reward is not finite, so the run was stopped" in refusal(*words, status=1)


def test_who_interrupts_is_told_how_to_go_on(refusal, monkeypatch, tmp_path):
    monkeypatch.setattr("hierax.training.presets.train", raising(KeyboardInterrupt()))
    words = ("train", "sac", "PointSpeed-v0", "--steps", 5, "--run", tmp_path)
    assert f"{tmp_path} has no checkpoint yet: the same command starts" in refusal(
        *words, status=130
    )
    for run, step in ((tmp_path / "levels" / "0", 1_000), (tmp_path, 2_000)):
        (run / "checkpoints" / f"{step:012}").mkdir(parents=True)
        message = f"the same command resumes from the checkpoint of step {step:,} in {run}"
        assert message in refusal(*words, status=130)


def test_a_damaged_checkpoint_is_named_with_the_way_out(finished, command_of, refusal, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "copy")
    (copy / "summary.json").unlink()
    last = max((copy / "checkpoints").iterdir())
    (last / "manifest.json").write_text("{}")
    message = refusal(*command_of(copy))
    assert str(last) in message
    assert "remove the later ones and run the same command again" in message


def test_folders_are_named_after_what_is_trained():
    command = Command("sac", "hierax/PointSpeed-v0", 5, seed=3)
    assert command.folder.as_posix() == "runs/sac-hierax-PointSpeed-v0-seed-3"
