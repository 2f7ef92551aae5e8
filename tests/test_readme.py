"""The README: its examples run and give the values in their comments, its links exist."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from hierax.cli import COMMANDS
from hierax.registry import AGENTS, EXPERIMENTS, PLANNERS, WORLDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def results(example):
    """The value of every line of an example that is an expression, after all lines have run."""
    names = {}
    exec(example, names)
    expressions = [node for node in ast.parse(example).body if isinstance(node, ast.Expr)]
    return [eval(ast.unparse(node), names) for node in expressions]


def test_a_model_is_solved():
    value, is_certified = results(EXAMPLES[1])
    np.testing.assert_allclose(value, [9.0, 10.0])
    assert is_certified


def test_other_objectives_have_their_answers():
    lake, within, gain = results(EXAMPLES[2])
    np.testing.assert_allclose([lake, within], [14 / 17, 0.1991], atol=5e-5)
    np.testing.assert_allclose(gain, 7 / 6)


def test_himo_decides_the_goal_first():
    assert results(EXAMPLES[3]) == ["222", ["001", "110"]]


def test_a_map_has_a_door():
    (visits,) = results(EXAMPLES[4])
    np.testing.assert_allclose(visits, [1.08], atol=0.005)


@pytest.mark.slow
def test_learned_options_save_sweeps():
    assert results(EXAMPLES[5]) == [27, 8]


def test_an_agent_learns_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert results(EXAMPLES[6]) == [True]
    assert (tmp_path / "runs/td3-speed/summary.json").is_file()


def test_a_level_above_a_frozen_one_finds_the_goal():
    assert results(EXAMPLES[0]) == [1.0]


def test_there_are_no_further_examples():
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize(
    "target", re.findall(r"\]\(([^)]+)\)", README) + re.findall(r'src="([^"]+)"', README)
)
def test_links_lead_to_files(target):
    assert (ROOT / target.partition("#")[0]).is_file()


@pytest.mark.parametrize("words", re.findall(r"^hierax (.*?)\s+# ", README, re.MULTILINE))
def test_commands_exist(words):
    command, *rest = words.split()
    assert command in COMMANDS
    assert command != "plan" or rest[0] in PLANNERS
    assert command != "reproduce" or rest[0] in EXPERIMENTS
    assert command != "train" or (rest[0] in AGENTS and rest[1] in WORLDS)
