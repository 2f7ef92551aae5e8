"""The command line: it writes what the planner found, and refuses in one line what it cannot do."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import hierax
from hierax.cli import COMMANDS, main
from hierax.planning import Mellowmax, himo, occupancy, solve_bellman
from hierax.planning.bellman_host import METHODS, ROUNDS
from hierax.registry import (
    AGENTS,
    EXPERIMENTS,
    LEARNING,
    MUJOCO,
    PLANNERS,
    PLANNING,
    PRESETS,
    worlds_of,
)
from hierax.worlds import GridWorld, four_rooms, tower_of_hanoi

WORLDS, LEARNING_WORLDS, ENTRIES = (worlds_of(x) for x in (PLANNING, LEARNING, MUJOCO))
EXACT = [method.replace("_", "-") for method in METHODS]
ROOM = "#####\n#S.G#\n#...#\n#####\n"
NO_WAY = "S#G"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test has an empty working folder, with one map in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "room.txt").write_text(ROOM)
    return tmp_path


@pytest.fixture
def plan(here, capsys, monkeypatch):
    """Runs `hierax plan` and returns its tables, its record and what it printed.

    Its pictures are empty, which saves most of the time; `test_pictures_are_drawn` has real ones.
    """
    monkeypatch.setattr("hierax.commands.planners.draw_plan", lambda *_: Figure())

    def run(command):
        main(["plan", *command.split()])
        printed = capsys.readouterr().out
        (line,) = [line for line in printed.splitlines() if line.startswith("picture: ")]
        folder = (here / line.removeprefix("picture: ")).parent
        assert (folder / "plan.png").is_file()
        with np.load(folder / "plan.npz") as tables:
            return dict(tables), json.loads((folder / "plan.json").read_text()), printed

    return run


def refusal(capsys, *words):
    """What is printed when a command line is refused."""
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    return capsys.readouterr().err


def save_model(path, mdp, **changes):
    tables = {
        "transition": mdp.transition,
        "reward": mdp.reward,
        "discount": mdp.discount,
        "initial": mdp.initial,
        "available": mdp.available,
        **changes,
    }
    np.savez(path, **{name: table for name, table in tables.items() if table is not None})


def test_help_names_every_command(capsys):
    for words in ([], ["--help"], ["-h"]):
        main(words)
        printed = capsys.readouterr().out
        assert all(f"  {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("demo", ["himo-hanoi", "PointSpeed-v0"]),
        ("list", ["agents", "planners", "worlds", "presets", "experiments", "--import"]),
        (
            "train",
            [*AGENTS, *LEARNING_WORLDS, "--agent.FIELD", "--world.goal", "--seeds", "--preset"],
        ),
        ("evaluate", ["--episodes", "--step", "evaluation.json"]),
        ("watch", ["--out", "--mode", "episode.gif"]),
        ("plot", ["--metric", "--out", "curves.png"]),
        ("plan", [*PLANNERS, *WORLDS, "--foresight", "--slip", "--operator", ".npz"]),
        ("reproduce", [*EXPERIMENTS, "smoke", "laptop", "paper", "--seeds", "--out"]),
    ],
)
def test_help_of_a_command_names_what_it_takes(capsys, command, names):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert f"  hierax {command}" in printed  # an example
    assert all(name in printed for name in names)


def test_help_fits_a_terminal(capsys):
    main(["--help"])
    for command in set(COMMANDS) - {"reproduce"}:
        with pytest.raises(SystemExit):
            main([command, "--help"])
    lines = capsys.readouterr().out.splitlines()
    long = [line for line in lines if len(line) > 88 and not line.startswith("usage: ")]
    assert long == []


def test_help_comes_before_anything_heavy_is_imported():
    program = (
        "import sys\n"
        "from hierax.cli import COMMANDS, main\n"
        "main(['--help'])\n"
        "for command in COMMANDS:\n"
        "    try: main([command, '--help'])\n"
        "    except SystemExit: pass\n"
        "heavy = {'jax', 'numpy', 'numba', 'scipy', 'matplotlib', 'networkx', 'rich'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.stderr.strip() == ""


def test_version(capsys):
    main(["--version"])
    assert capsys.readouterr().out == f"hierax {hierax.__version__}\n"


@pytest.mark.parametrize("planner", EXACT)
def test_every_exact_planner_writes_the_optimal_plan(plan, planner):
    tables, record, printed = plan(f"{planner} room.txt")
    world = GridWorld.from_text(ROOM)
    exact = solve_bellman(world.mdp, tolerance=1e-10)
    np.testing.assert_allclose(tables["value"], exact.value, atol=1e-8)
    np.testing.assert_array_equal(tables["policy"].shape, world.mdp.available.shape)
    np.testing.assert_allclose(tables["occupancy"], occupancy(world.mdp, tables["policy"]))
    assert record["planner"] == planner
    assert record["summary"]["value_at_start"] == pytest.approx(0.99**2 / 0.01)
    assert record["summary"]["steps_to_goal"] == 2
    assert record["summary"]["converged"] is True
    assert "98.01" in printed


def test_an_interrupted_search_writes_the_plan_so_far(plan, monkeypatch, capsys):
    made, (backup, evaluate) = [], ROUNDS["value_iteration"]

    def interrupted(search):
        if len(made) == 100:
            raise KeyboardInterrupt
        made.append(backup(search))

    monkeypatch.setitem(ROUNDS, "value_iteration", (interrupted, evaluate))
    with pytest.raises(SystemExit) as end:
        plan("value-iteration room.txt --discount 0.9999999")
    assert end.value.code == 130
    printed = capsys.readouterr()
    assert "Interrupted: the value is within" in printed.out
    assert "hierax: interrupted; the plan so far is in " in printed.err
    folder = Path(printed.err.split(" is in ")[1].strip())
    summary = json.loads((folder / "plan.json").read_text())["summary"]
    assert (summary["steps"], summary["interrupted"], summary["converged"]) == (100, True, False)
    assert summary["steps_to_goal"] == 2


def test_options_are_learned_and_written(plan):
    tables, record, printed = plan("option-gradient room.txt --options 2 --steps 3 --seed 5")
    assert tables["policy"].shape == (2, 6, 5)
    np.testing.assert_allclose(tables["policy"].sum(axis=-1), 1.0)
    assert set(tables["termination"].ravel()) <= {0.0, 1.0}
    np.testing.assert_allclose(tables["learned_policy"].sum(axis=-1), 1.0)
    assert ((tables["learned_termination"] > 0) & (tables["learned_termination"] < 1)).all()
    assert record["options"] == {"options": 2, "steps": 3, "seed": 5}
    summary = record["summary"]
    assert summary["training_goals"] + summary["held_out_goals"] == summary["states"] == 6
    assert summary["sweeps_to_90_%_with_actions_alone"] >= 1
    assert "sweeps to 90 % with hardened options" in printed


@pytest.mark.parametrize(
    "command", ["auto room.txt", "auto m.npz", "himo Hanoi3-v0 --iterations 9"]
)
def test_pictures_are_drawn(here, command):
    save_model("m.npz", tower_of_hanoi(2).mdp)
    main(["plan", *command.split()])
    (picture,) = (here / "plans").glob("*/plan.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 10_000


def test_himo_writes_and_lists_the_order_of_decision(plan):
    tables, record, printed = plan("himo Hanoi3-v0 --iterations 200 --step-size 0.05")
    run = himo(tower_of_hanoi().mdp, iterations=200, step_size=0.05)
    np.testing.assert_allclose(tables["time_to_peak"], run.time_to_peak)
    np.testing.assert_allclose(tables["value"], run.value[-1])
    np.testing.assert_allclose(tables["policy"], run.policy[-1])
    assert record["options"] == {"step_size": 0.05, "iterations": 200}
    assert record["summary"]["optimal_value_at_start"] == pytest.approx(0.97**7 / 0.03)
    first, *_ = [line.split("│") for line in printed.splitlines() if line.startswith("│    1 ")]
    time = f"{run.time_to_peak.min():.4g}"
    assert [cell.strip() for cell in first[1:-1]] == ["1", "222", time, "goal"]


def test_foresight_replaces_the_discount(plan):
    tables, record, _ = plan("himo room.txt --foresight 0.8 --iterations 20")
    run = himo(GridWorld.from_text(ROOM).mdp, foresight=0.8, iterations=20)
    np.testing.assert_allclose(tables["value"], run.value[-1])
    assert tables["occupancy"].sum() == pytest.approx(1 / (1 - 0.8))
    assert record["summary"]["discount"] == 0.8
    assert record["summary"]["optimal_value_at_start"] == pytest.approx(0.8**2 / 0.2)


def test_foresight_scales_discounts_that_vary(plan):
    tables, record, _ = plan("himo room.txt --reward terminal --foresight 0.9 --iterations 20")
    run = himo(GridWorld.from_text(ROOM, reward="terminal").mdp, foresight=0.9, iterations=20)
    np.testing.assert_allclose(tables["value"], run.value[-1])
    assert record["summary"]["largest_discount"] == pytest.approx(0.9)
    assert record["summary"]["optimal_value_at_start"] == pytest.approx(0.9)


@pytest.mark.parametrize("options", ["--metric occupancy", "--evaluation modified"])
def test_options_of_himo_reach_it(plan, options):
    tables, _, _ = plan(f"himo room.txt --iterations 30 {options}")
    name, value = options.removeprefix("--").split()
    run = himo(GridWorld.from_text(ROOM).mdp, iterations=30, **{name: value})
    np.testing.assert_allclose(tables["value"], run.value[-1])


def test_states_that_were_still_speeding_up_are_pointed_out(plan):
    tables, record, printed = plan("himo Hanoi3-v0 --iterations 65")
    times = himo(tower_of_hanoi().mdp, iterations=65).time_to_peak
    is_decided = times < 65 * 0.02 - 0.02
    assert 0 < is_decided.sum() < 27
    np.testing.assert_allclose(tables["time_to_peak"], np.where(is_decided, times, np.nan))
    assert record["summary"]["undecided_states"] == 27 - is_decided.sum()
    assert "are not decided" in printed


def test_options_of_a_map_reach_the_world(plan):
    options = "--slip 0.2 --no-stay --bump --reward arrival --discount 0.9"
    tables, record, _ = plan(f"auto room.txt {options}")
    world = GridWorld.from_text(
        ROOM, slip=0.2, stay=False, bump=True, reward="arrival", discount=0.9
    )
    np.testing.assert_allclose(tables["value"], solve_bellman(world.mdp).value, atol=1e-7)
    assert record["summary"]["available_pairs"] == 6 * 4


def test_options_of_a_room_world_reach_it(plan):
    tables, _, _ = plan("auto FourRooms-v0 --slip 0.1 --stay")
    exact = solve_bellman(four_rooms(slip=0.1).mdp)
    np.testing.assert_allclose(tables["value"], exact.value, atol=1e-7)


def test_operators_reach_the_solver(plan):
    tables, _, _ = plan("auto room.txt --operator mellowmax --temperature 0.5")
    exact = solve_bellman(GridWorld.from_text(ROOM).mdp, Mellowmax(0.5))
    np.testing.assert_allclose(tables["value"], exact.value, atol=1e-7)


def test_an_operator_without_certificate_says_so(plan):
    _, record, printed = plan("auto room.txt --operator boltzmann --temperature 0.5")
    assert record["summary"]["error_bound"] is None  # JSON knows no infinity
    assert "not a contraction" in printed


def test_a_saved_model_gives_the_plan_of_its_world(plan):
    world = four_rooms()
    save_model("rooms.npz", world.mdp)
    of_model, record, _ = plan("auto rooms.npz")
    of_world, _, _ = plan("auto FourRooms-v0")
    for name in ("value", "policy", "occupancy"):
        np.testing.assert_array_equal(of_model[name], of_world[name])
    assert record["summary"]["value_at_start"] == pytest.approx(0.99**20 / 0.01)


def test_a_model_may_leave_out_what_has_a_default(plan):
    mdp = tower_of_hanoi(2).mdp
    everywhere = np.where(mdp.available[:, :, None], mdp.transition, 1 / mdp.states)
    save_model("m.npz", mdp, transition=everywhere, initial=None, available=None, discount=None)
    _, record, _ = plan("auto m.npz --discount 0.9")
    assert record["summary"]["available_pairs"] == 9 * 4
    assert record["summary"]["discount"] == 0.9


def test_a_model_may_name_its_first_state(plan):
    save_model("m.npz", tower_of_hanoi(2).mdp, initial=np.array(4))
    tables, record, _ = plan("himo m.npz --iterations 20")
    assert record["summary"]["value_at_start"] == pytest.approx(tables["value"][4])


def test_a_goal_out_of_reach_is_no_error(plan, here):
    (here / "wall.txt").write_text(NO_WAY)
    _, record, printed = plan("auto wall.txt")
    assert record["summary"]["steps_to_goal"] is None
    assert "not reached" in printed


def test_a_map_without_a_start_begins_anywhere(plan, here):
    (here / "open.txt").write_text("..G")
    tables, record, _ = plan("auto open.txt")
    assert record["summary"]["value_at_start"] == pytest.approx(tables["value"].mean())
    assert "steps_to_goal" not in record["summary"]


def test_the_same_plan_replaces_itself_and_no_other(plan, here):
    _, first, _ = plan("auto room.txt")
    (here / "room.txt").write_text(ROOM.replace("S.G", "SG."))
    _, second, _ = plan("auto room.txt")
    plan("auto room.txt --slip 0.1")
    assert first["summary"]["steps_to_goal"] == 2
    assert second["summary"]["steps_to_goal"] == 1
    folders = {path.name for path in (here / "plans").iterdir()}
    assert folders == {"auto-room", "auto-room-slip-0.1"}


@pytest.mark.parametrize("stranger", ["notes.txt", "plan.json"])
def test_what_is_not_the_same_plan_is_left_alone(capsys, here, stranger):
    file = here / "plans" / "auto-room" / stranger
    file.parent.mkdir(parents=True)
    file.write_text('{"planner": "auto", "world": "elsewhere/room.txt", "options": {}}')
    assert "holds other files" in refusal(capsys, "plan", "auto", "room.txt")
    assert [path.name for path in file.parent.iterdir()] == [stranger]


def test_a_plan_that_fails_leaves_no_folder(capsys, here):
    refusal(capsys, "plan", "himo", "room.txt", "--step-size", "-1")
    assert list((here / "plans").iterdir()) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("plam", "did you mean 'plan'?"),
        ("plan himmo room.txt", "did you mean 'himo'?"),
        ("plan auto FourRoms-v0", "did you mean 'FourRooms-v0'?"),
        ("plan auto Hanoi99-v0", "discs must be at most 18, got 99"),
        ("plan auto missing.txt", "missing.txt: No such file or directory"),
        ("plan auto folder.txt", "folder.txt: Is a directory"),
        ("plan auto bytes.txt", "bytes.txt is not a map or a model that hierax can read"),
        ("plan auto tiger.POMDP", "tiger.POMDP is not a map or a model that hierax can read"),
        ("plan auto odd.txt", "got 'x' at line 1, column 2"),
        ("plan auto nowhere.txt", "nowhere.txt: the map must have a goal"),
        ("plan auto missing.npz", "missing.npz: No such file or directory"),
        ("plan auto bytes.npz", "bytes.npz: it is not an archive"),
        ("plan auto cut.npz", "cut.npz: it is not an archive"),
        ("plan auto single.npz", "single.npz: it is not an archive"),
        ("plan auto objects.npz", "objects.npz: it is not an archive"),
        ("plan auto partial.npz", "'reward' is missing"),
        ("plan auto wrong.npz", "transition must sum to 1 within 1e-8, got 2 at state 0, action 0"),
        ("plan auto Hanoi3-v0 --slip 0.1", "--slip is for maps and rooms"),
        ("plan auto Hanoi3-v0 --no-stay", "--no-stay is for maps and rooms"),
        ("plan auto model.npz --slip 0.1", "--slip is for worlds and maps"),
        ("plan auto model.npz --bump", "--bump is for worlds and maps"),
        ("plan auto model.npz --reward goal", "--reward is for worlds and maps"),
        ("plan auto room.txt --foresight 0.9", "--foresight is for himo"),
        ("plan value-iteration room.txt --step-size 1", "--step-size is for himo"),
        ("plan himo room.txt --tolerance 1e-3", "--tolerance is for the exact planners"),
        ("plan option-gradient room.txt --reward goal", "--reward is for planners with one goal"),
        ("plan option-gradient room.txt --step-size 1", "--step-size is for himo"),
        ("plan option-gradient room.txt --seed -1", "seed must be an integer >= 0, got -1"),
        ("plan auto room.txt --restarts 3", "--restarts is for option-gradient"),
        ("plan himo room.txt --operator hard", "--operator is for the exact planners"),
        ("plan auto room.txt --operator logsumexp", "logsumexp needs --temperature"),
        ("plan auto room.txt --temperature 1", "--temperature needs --operator"),
        ("plan auto room.txt --stay --no-stay", "--stay and --no-stay exclude each other"),
        ("plan auto room.txt --no-stay", "reward must be 'goal', 'arrival' or 'terminal'"),
        ("plan auto room.txt --slip 2", "slip must be in [0, 1), got 2.0"),
        ("plan auto room.txt --discount 1", "discount must be in [0, 1), got 1.0"),
        ("plan auto room.txt --tolerance 0", "tolerance must be a finite number > 0, got 0.0"),
        ("plan himo room.txt --iterations 0", "iterations must be an integer >= 1, got 0"),
        ("plan himo room.txt --foresight 0.999", "foresight must be at most the discount"),
        ("plan auto room.txt --out model.npz", "cannot write to model.npz"),
        ("reproduce himo-hanio", "did you mean 'himo-hanoi'?"),
        ("reproduce himo-metric --seeds 0", "--seeds must be an integer >= 1, got '0'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(capsys, here, command, words):
    mdp = tower_of_hanoi(1).mdp
    (here / "folder.txt").mkdir()
    (here / "odd.txt").write_text("SxG")
    (here / "nowhere.txt").write_text("S..")
    (here / "tiger.POMDP").write_text("discount: 0.95\nstates: left right\nactions: listen Go\n")
    for name in ("bytes.txt", "bytes.npz"):
        (here / name).write_bytes(b"\xff\xfe\x00 no text")
    save_model("model.npz", mdp)
    (here / "cut.npz").write_bytes((here / "model.npz").read_bytes()[:200])
    with (here / "single.npz").open("wb") as file:
        np.save(file, mdp.transition)
    save_model("objects.npz", mdp, reward=np.array([{}], dtype=object))
    save_model("partial.npz", mdp, reward=None)
    save_model("wrong.npz", mdp, transition=2 * mdp.transition)
    message = refusal(capsys, *command.split())
    assert message.startswith("hierax: ")
    assert words in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("plan", "PLANNER"),
        ("plan auto", "missing: WORLD"),
        ("plan auto room.txt --slip much", "--slip must be a number, got 'much'"),
        (
            "plan auto room.txt --reward money",
            "--reward must be stay, goal, arrival or terminal, got 'money'",
        ),
        ("plan auto room.txt extra", "unexpected word 'extra'"),
        ("list cheeses", "got 'cheeses'"),
        ("reproduce himo-hanoi --scale huge", "--scale must be smoke, laptop or paper, got 'huge'"),
    ],
)
def test_words_that_make_no_sense_are_refused(capsys, command, words):
    message = refusal(capsys, *command.split())
    assert words in message
    assert f"see hierax {command.split()[0]} --help" in message
    assert message.count("\n") == 1


def test_a_list_of_worlds_counts_their_states(capsys):
    main(["list", "worlds"])
    tabular, _, learning = capsys.readouterr().out.partition("worlds to learn in")
    lines = {line.split()[0]: line.split()[-2:] for line in tabular.splitlines()[2:-2]}
    assert lines["Hanoi3-v0"] == ["27", "105"]
    assert lines["FourRooms-v0"] == ["104", "440"]
    assert set(lines) == set(WORLDS)
    assert all(f"  {name} " in learning for name in LEARNING_WORLDS)
    assert "views position 2, heading 2, time 1, goal 2; actions [-1, 1]^2; 500 steps" in learning


def test_a_list_of_worlds_has_the_sizes_of_those_of_mujoco(capsys):
    main(["list", "worlds"])
    *_, listed = capsys.readouterr().out.partition("MuJoCo worlds to learn in")
    assert all(
        f"  {name} " in listed and entry.summary in listed for name, entry in ENTRIES.items()
    )
    assert "views proprioception 10, targets 9, task 3; actions [-1, 1]^2; 400 steps" in listed
    assert "views proprioception 57, vision 64 x 64 x 3; actions [-1, 1]^12; 400 steps" in listed


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("plan auto room.txt --nonsense", "unknown option '--nonsense'; did you mean '--no-stay'?"),
        ("plan auto room.txt --slipp 0.1", "unknown option '--slipp'; did you mean '--slip'?"),
        ("list --import", "--import must have the name of a module, got none"),
        ("list --import no_such_module", "cannot import module 'no_such_module'"),
    ],
)
def test_unknown_options_and_modules_are_refused(capsys, command, message):
    printed = refusal(capsys, *command.split())
    assert message in printed
    assert printed.count("\n") == 1


def test_a_list_of_everything_has_all_of_it(capsys):
    main(["list"])
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*AGENTS, *PLANNERS, *WORLDS, *EXPERIMENTS))
    assert all(preset.evidence in printed for preset in PRESETS.values())


def write_result(out, name, scale, claims):
    folder = out / name / scale
    folder.mkdir(parents=True, exist_ok=True)
    judged = [{"claim": claim, "holds": holds, "note": "Why."} for claim, holds in claims.items()]
    (folder / "result.json").write_text(json.dumps({"claims": judged}))
    return folder


def test_a_list_of_experiments_tells_how_claims_came_out(capsys, here):
    write_result(here / "r", "himo-hanoi", "smoke", {"H1": False})
    write_result(here / "r", "himo-hanoi", "laptop", {"H1": True, "H2": False, "H3": None})
    main(["list", "experiments", "--out", "r"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    hanoi = lines[lines.index(["himo-hanoi", "(laptop)"]) :]
    states = {line[0]: line[1] for line in hanoi if line[0].startswith("H")}
    assert ["himo-rooms", "(not", "run)"] in lines
    assert {claim: states[claim] for claim in ("H2", "H3", "H4")} == {
        "H2": "fails",
        "H3": "depends",
        "H4": "unknown",
    }


@pytest.fixture
def calls(here, monkeypatch):
    """Replaces the running of experiments by a record of what was asked for."""
    asked = []

    def stand_in(name, scale, seeds, out, **_):
        asked.append((name, scale, seeds, out))
        return write_result(here / out, name, scale, {"H1": True, "H3": None})

    monkeypatch.setattr("hierax.commands.reproduce.reproduce", stand_in)
    return asked


def test_reproduce_runs_the_experiment_and_prints_its_verdicts(capsys, calls):
    main(["reproduce", "himo-metric", "--scale", "smoke", "--seeds", "3", "--out", "r"])
    assert calls == [("himo-metric", "smoke", 3, "r")]
    printed = capsys.readouterr().out
    assert "holds" in printed
    assert "depends" in printed
    assert "picture: " in printed
    assert "figure.png" in printed


def test_reproduce_has_the_laptop_and_the_results_folder_by_default(calls):
    main(["reproduce", "himo-rooms"])
    assert calls == [("himo-rooms", "laptop", None, "results")]


def test_demo_runs_the_first_experiment_and_says_what_is_next(capsys, calls, monkeypatch):
    for part in ("learn", "learn_levels"):
        monkeypatch.setattr(f"hierax.commands.demo.{part}", lambda folder: print(folder))
    main(["demo"])
    assert calls == [("himo-hanoi", "smoke", None, "results-demo")]
    printed = capsys.readouterr().out
    assert "figure.png" in printed
    assert "results-demo/learning" in printed
    commands = [line.split()[1] for line in printed.splitlines() if line.startswith("  hierax ")]
    assert set(commands) <= set(COMMANDS)
    assert commands


def test_a_folder_that_cannot_be_written_is_named(capsys, here):
    (here / "taken").write_text("")
    message = refusal(capsys, "reproduce", "himo-metric", "--scale", "smoke", "--out", "taken")
    assert message.startswith("hierax: cannot write to taken")


def test_an_interruption_is_no_traceback(capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("hierax.commands.reproduce.reproduce", interrupt)
    with pytest.raises(SystemExit) as end:
        main(["reproduce", "himo-hanoi"])
    assert end.value.code == 130
    assert capsys.readouterr().err == "hierax: interrupted\n"
