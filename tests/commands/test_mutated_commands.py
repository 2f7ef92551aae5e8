"""Two hundred wrong command lines of `hierax train`: each ends in one line and with status 2."""

import itertools
import random

import pytest

from hierax.cli import main

VALID = {
    "agent": "sac",
    "world": "PointSpeed-v0",
    "--steps": "100",
    "--seed": "0",
    "--seeds": "1",
    "--environments": "16",
    "--episodes": "2",
    "--agent.hidden-sizes": "8",
    "--agent.batch_size": "8",
    "--agent.discount": "0.9",
    "--agent.learning_rate": "0.001",
    "--agent.buffer-size": "1000",
    "--world.episode_limit": "20",
}
COUNTS = ["0", "-3", "1.5", "many", "", "1e-3", "nan", "none"]
WRONG_VALUES = {
    "agent": ["sca", "SACC", "ppo", "td", ""],
    "world": ["PointSped-v0", "Point", "NoSuchWorld-v9", "FourRooms-v0"],
    "--steps": COUNTS,
    "--seed": ["-1", "0.5", "x", "none"],
    "--seeds": COUNTS,
    "--environments": ["0", "-1", "2.5", "few"],
    "--episodes": COUNTS,
    "--driver": ["gpu", "Scan", ""],
    "--keep": COUNTS,
    "--log-every": ["0", "-1", "x"],
    "--evaluate-every": ["0", "-1", "x"],
    "--checkpoint-every": ["0", "-1", "x"],
    "--agent.hidden-sizes": ["0", "8 -8", "wide", "8.5", "64 x"],
    "--agent.batch_size": ["0", "-1", "1.5", "x", "true"],
    "--agent.discount": ["1", "1.5", "-0.1", "nan", "inf", "high"],
    "--agent.learning_rate": ["0", "-1", "nan", "inf", "fast"],
    "--agent.tau": ["0", "2", "-1", "x"],
    "--agent.buffer-size": ["0", "-5", "0.5", "x", "16"],
    "--agent.learning-starts": ["-1", "0.5", "x"],
    "--agent.updates_per_step": ["0", "-1", "nan", "x"],
    "--agent.temperature": ["0", "-1", "nan", "hot"],
    "--agent.initial_temperature": ["0", "-1", "inf"],
    "--agent.target_entropy": ["nan", "inf", "low"],
    "--agent.prior": ["flatt", "normal", "1"],
    "--agent.views": ["sight", "velocity velocty"],
    "--agent.normalise_observations": ["yes", "1", "maybe"],
    "--world.episode_limit": ["0", "-1", "1.5", "long"],
}
WRONG_NAMES = [
    "--agent.discont", "--agent.lr", "--agent.", "--agent.spec", "--agent.policy-delay",
    "--agnt.discount", "--world.goal", "--world.limit", "--world.", "--policy.hidden", "--step",
    "--level.0.steps", "--agent.levels.0.couplings", "--curriculum.0.steps", "--sed", "--agent",
    "--runs", "--verbose", "--learning-rate",
]  # fmt: skip


def mutations():
    """Every wrong value, every wrong name, and pairs of wrong values, 200 in all."""
    single = [{**VALID, name: value} for name, values in WRONG_VALUES.items() for value in values]
    named = [{**VALID, name: "1"} for name in WRONG_NAMES]
    missing = [{k: v for k, v in VALID.items() if k != name} for name in ("--steps", "world")]
    drawn = random.Random(0)
    pairs = list(itertools.combinations(WRONG_VALUES, 2))
    twice = [
        {**VALID, **{name: drawn.choice(WRONG_VALUES[name]) for name in pair}}
        for pair in drawn.sample(pairs, 200)
    ]
    return (single + named + missing + twice)[:200]


def words_of(mutation):
    named = itertools.chain.from_iterable(
        (key, *value.split(" ")) for key, value in mutation.items() if key.startswith("--")
    )
    return ["train", *(mutation[k] for k in ("agent", "world") if k in mutation), *named]


def refused_in_one_line(mutation, capsys, folder):
    with pytest.raises(SystemExit) as end:
        main([*words_of(mutation), "--run", str(folder / "run")])
    printed = capsys.readouterr()
    assert end.value.code == 2, mutation
    assert printed.err.startswith("hierax: "), mutation
    assert printed.err.count("\n") == 1, printed.err
    assert not (folder / "run").exists(), mutation


def test_some_mutations_are_refused_in_one_line(capsys, tmp_path):
    for mutation in mutations()[::10]:
        refused_in_one_line(mutation, capsys, tmp_path)


@pytest.mark.slow
def test_two_hundred_mutations_are_refused_in_one_line(capsys, tmp_path):
    found = mutations()
    assert len(found) == 200
    assert len({tuple(words_of(mutation)) for mutation in found}) == 200
    for mutation in found:
        refused_in_one_line(mutation, capsys, tmp_path)
