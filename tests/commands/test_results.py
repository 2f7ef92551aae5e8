"""Verdicts of experiments on the terminal."""

import json

import pytest

from hierax.commands.results import claim_states, report, state
from hierax.experiments import find
from hierax.experiments.claims import CLAIMS


def leave(out, scale, **claims):
    folder = out / "himo-hanoi" / scale
    folder.mkdir(parents=True)
    judged = [{"claim": name, "holds": holds, "note": "Why."} for name, holds in claims.items()]
    (folder / "result.json").write_text(json.dumps({"claims": judged}))
    return folder


@pytest.mark.parametrize(("holds", "word"), [(True, "holds"), (False, "fails"), (None, "depends")])
def test_a_verdict_has_a_word(holds, word):
    assert state(holds).plain == word


def test_verdicts_come_from_the_largest_scale(tmp_path):
    experiment = find("himo-hanoi")
    assert claim_states(experiment, tmp_path) == (None, {})
    leave(tmp_path, "smoke", H1=False, H2=True)
    assert claim_states(experiment, tmp_path) == ("smoke", {"H1": False, "H2": True})
    leave(tmp_path, "paper", H1=True)
    leave(tmp_path, "laptop", H1=None)
    assert claim_states(experiment, str(tmp_path)) == ("paper", {"H1": True})


def test_a_report_has_a_row_for_each_claim(tmp_path, capsys):
    folder = leave(tmp_path, "smoke", H1=True, H3=None)
    report(folder)
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[1:3] for line in lines if line.startswith("H")}
    first = {claim: CLAIMS[claim].statement.split()[0] for claim in ("H1", "H3")}
    assert rows == {"H1": ["holds", first["H1"]], "H3": ["depends", first["H3"]]}
    assert sum(line.strip() == "Why." for line in lines) == 2
    figure, numbers = folder / "figure.png", folder / "result.json"
    assert lines[-2:] == [f"picture: {figure}", f"numbers: {numbers}"]


def test_a_report_names_the_film_where_there_is_one(tmp_path, capsys):
    folder = leave(tmp_path, "smoke", H1=True)
    film = folder / "figure.gif"
    film.write_bytes(b"")
    report(folder)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [f"film:    {film}", f"numbers: {folder / 'result.json'}"]
