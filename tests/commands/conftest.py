"""A run that the tests of commands on runs share, and a cache that none of them fills."""

import pytest

from hierax.cli import main

TINY = [
    "--agent.hidden-sizes",
    "8",
    "--agent.batch-size=8",
    "--agent.learning-starts",
    "32",
    "--agent.updates-per-step",
    "0.25",
    "--world.episode-limit",
    "10",
    "--environments",
    "4",
    "--episodes",
    "2",
    "--log-every",
    "32",
    "--evaluate-every",
    "32",
]
STEPS = 96


@pytest.fixture(scope="session")
def command_of():
    """The command line of a tiny training, by the folder of the run."""
    fixed = ["train", "sac", "PointSpeed-v0", "--steps", str(STEPS), "--seeds", "2", *TINY]
    return lambda folder: [*fixed, "--run", str(folder)]


@pytest.fixture(scope="session")
def finished(tmp_path_factory, command_of):
    """The folder of a run with two seeds that has come to its end; nobody may write to it."""
    folder = tmp_path_factory.mktemp("runs") / "speed"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hierax.commands.compilation_cache.enable", lambda: None)
        main(command_of(folder))
    return folder


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch, request):
    if "real_cache" not in request.fixturenames:
        monkeypatch.setattr("hierax.commands.compilation_cache.enable", lambda: None)


@pytest.fixture
def real_cache():
    """For tests of the cache itself."""


@pytest.fixture
def refusal(capsys):
    """Runs a command line that is refused, and returns the one line that it ends with."""

    def run(*words, status=2):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        assert end.value.code == status
        message = capsys.readouterr().err
        assert message.startswith("hierax: ")
        assert message.count("\n") == 1
        return message

    return run
