"""The demo ends with commands that the person can type."""

import shutil

import pytest

from hierax.cli import main
from hierax.commands.reproduce import Command


@pytest.mark.parametrize(("found", "told"), [(None, True), ("/bin/hierax", False)])
def test_the_demo_says_where_the_command_is_if_no_path_leads_to_it(
    found, told, monkeypatch, capsys
):
    asked = []
    monkeypatch.setattr(Command, "run", lambda command: asked.append(command))
    monkeypatch.setattr(shutil, "which", lambda _: found)
    main(["demo", "--out", "elsewhere"])
    output = capsys.readouterr().out
    assert [(c.name, c.scale, c.out) for c in asked] == [("himo-hanoi", "smoke", "elsewhere")]
    assert "hierax plan himo FourRooms-v0" in output
    assert ("Here `hierax` is" in output) is told
