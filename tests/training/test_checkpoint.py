"""A checkpoint is whole or not there, and fits or says where it does not."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hierax.training import checkpoint
from hierax.training.checkpoint import AS_STORED, CheckpointError, load, save
from hierax.training.serialisation import tree_digest
from refusals import refusal

TREE = {
    "learner": {"weights": jnp.arange(6.0).reshape(2, 3), "none": None},
    "replay": np.arange(12, dtype=np.uint8).reshape(3, 4),
    "key": jax.random.key(1),
    "steps": 12,
}


def saved(folder, *steps, keep=3, tree=TREE):
    for step in steps:
        save(folder, tree, step, keep=keep)
    return folder


def complaint(folder, like=TREE, step=None):
    with pytest.raises(CheckpointError) as caught:
        load(folder, like, step)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_tree_its_step_and_its_meta_come_back(tmp_path):
    meta = {"records": {"bytes": 7, "sha256": "ab"}, "pair": (1, 2.5), 3: None, "ü": "ü"}
    path = save(tmp_path / "checkpoints", TREE, 12_000, meta=meta)
    assert path == tmp_path / "checkpoints" / "000000012000"
    tree, step, found = load(tmp_path / "checkpoints", TREE)
    assert jax.tree.structure(tree) == jax.tree.structure(TREE)
    assert (tree_digest(tree), step) == (tree_digest(TREE), 12_000)
    assert found == {"records": meta["records"], "pair": [1, 2.5], "3": None, "ü": "ü"}


def test_the_same_tree_makes_the_same_bytes_wherever_it_comes_from(tmp_path):
    saved(tmp_path / "one", 5)
    shapes = {name: jax.eval_shape(lambda leaf=TREE[name]: leaf) for name in ("learner", "key")}
    tree, _, _ = load(tmp_path / "one", {**TREE, **shapes})
    saved(tmp_path / "other", 5, tree=tree)
    for name in ("arrays.safetensors", "manifest.json"):
        one, other = (tmp_path / folder / "000000000005" / name for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_the_manifest_says_what_the_arrays_are(tmp_path):
    manifest = json.loads((save(tmp_path, TREE, 5) / "manifest.json").read_text())
    assert (manifest["format"], manifest["step"], manifest["meta"]) == (1, 5, {})
    assert manifest["digest"] == tree_digest(TREE)
    assert manifest["arrays"]["['key']"].items() >= {"impl": "threefry2x32", "shape": []}.items()
    assert manifest["arrays"]["['replay']"].items() >= {"dtype": "uint8", "shape": [3, 4]}.items()


ENVIRONMENTS = {
    "qpos": np.arange(3.0),
    "random/state": np.array([2**63 + 1], np.uint64),
    "it's": np.zeros((0, 2), np.uint8),
}


def test_a_part_of_unknown_shapes_is_read_as_it_was_stored(tmp_path):
    tree = [(ENVIRONMENTS, {"learner": TREE}), (None, {"learner": TREE})]
    save(tmp_path, tree, 1)
    like = [(AS_STORED, {"learner": TREE})] * 2
    ((first, run), (second, _)), _, _ = load(tmp_path, like)
    assert second is None
    assert tree_digest(run) == tree_digest({"learner": TREE})
    assert first.keys() == ENVIRONMENTS.keys()
    for name, array in ENVIRONMENTS.items():
        assert type(first[name]) is np.ndarray
        assert first[name].dtype == array.dtype
        np.testing.assert_array_equal(first[name], array)


def test_a_part_of_unknown_shapes_is_a_dictionary_of_arrays(tmp_path):
    save(tmp_path, {"part": {"nested": {"a": 1}}, "parted": 1}, 1)
    sentence = refusal(load, tmp_path, {"part": AS_STORED, "parted": 0})
    assert "has an array ['part']['nested']['a'], which is not asked for" in sentence
    sentence = refusal(load, tmp_path, {"part": AS_STORED})
    assert "which is not asked for" in sentence


def test_a_part_of_unknown_shapes_is_verified_too(tmp_path):
    path = save(tmp_path, {"part": ENVIRONMENTS}, 1)
    file = path / "arrays.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert "SHA-256" in str(complaint(tmp_path, {"part": AS_STORED}))


@pytest.mark.parametrize("tree", [{}, None, np.zeros(()), jnp.ones(3), [[], 4]])
def test_trees_of_few_leaves(tmp_path, tree):
    save(tmp_path, tree, 0)
    assert tree_digest(load(tmp_path, tree)[0]) == tree_digest(tree)


def test_the_last_ones_are_kept(tmp_path):
    saved(tmp_path, 1, 20, 300, 4000, 10**13)
    assert checkpoint.steps(tmp_path) == [300, 4000, 10**13]
    assert checkpoint.latest(tmp_path) == 10**13
    saved(tmp_path, 10**13 + 1, keep=1)
    assert checkpoint.steps(tmp_path) == [10**13 + 1]


def test_an_earlier_step_is_read_on_request(tmp_path):
    save(tmp_path, {"a": 1}, 1)
    save(tmp_path, {"a": 2}, 2)
    assert load(tmp_path, {"a": 0}, step=1)[:2] == ({"a": 1}, 1)


def test_a_step_is_replaced_and_what_was_to_come_after_it_removed(tmp_path):
    saved(tmp_path, 10, 20, 30)
    save(tmp_path, {"a": 1}, 20)
    assert checkpoint.steps(tmp_path) == [10, 20]
    assert load(tmp_path, {"a": 0})[0] == {"a": 1}


def test_what_a_killed_process_left_is_passed_over_and_cleaned_away(tmp_path):
    saved(tmp_path, 1)
    left = [tmp_path / ".000000000002.part", tmp_path / ".000000000000.old"]
    for path in left:
        path.mkdir()
        (path / "manifest.json").write_text("{")
    (tmp_path / ".DS_Store").touch()
    assert load(tmp_path, TREE)[1] == 1
    saved(tmp_path, 2)
    assert checkpoint.steps(tmp_path) == [1, 2]
    assert not any(path.exists() for path in left)
    assert (tmp_path / ".DS_Store").exists()


def test_a_folder_without_checkpoints(tmp_path):
    for folder in (tmp_path, tmp_path / "not there"):
        assert (checkpoint.steps(folder), checkpoint.latest(folder)) == ([], None)
        assert checkpoint.latest_whole(folder) is None
        assert str(complaint(folder)).endswith("holds no checkpoint")


def test_a_step_that_is_not_there(tmp_path):
    saved(tmp_path, 1, 20)
    assert str(complaint(tmp_path, step=3)).endswith("no checkpoint of step 3, but of 1, 20")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"more": 1.0}, "has no array ['more'], but float64 () is asked for"),
        ({"steps": None}, "has an array ['steps'], which is not asked for"),
        ({"steps": 1.0}, "is int64 (), but float64 () is asked for"),
        ({"replay": np.zeros((4, 3), np.uint8)}, "is uint8 (3, 4), but uint8 (4, 3) is asked for"),
        ({"replay": np.zeros((3, 4), np.int8)}, "['replay'] in "),
        ({"key": jax.random.PRNGKey(1)}, "is key<fry> (), but uint32 (2,) is asked for"),
        ({"key": jax.random.key(1, impl="rbg")}, "but key<rbg> () is asked for"),
    ],
)
def test_a_tree_that_does_not_fit_is_refused(tmp_path, change, words):
    saved(tmp_path, 1)
    assert words in refusal(load, tmp_path, {**TREE, **change})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"step": -1}, "step must be an integer >= 0, got -1"),
        ({"step": 1.5}, "step must be an integer >= 0, got 1.5"),
        ({"keep": 0}, "keep must be an integer >= 1, got 0"),
        ({"meta": {"a": np.float32(1)}}, "meta must be"),
        ({"meta": {"a": float("nan")}}, "meta must be"),
        ({"tree": {"f": len}}, "['f'] must be an array or a number, got builtin"),
    ],
)
def test_what_cannot_be_saved_leaves_no_trace(tmp_path, arguments, words):
    given = {"tree": TREE, "step": 1, **arguments}
    assert words in refusal(lambda: save(tmp_path / "checkpoints", **given))
    assert not (tmp_path / "checkpoints").exists()


def test_of_damaged_ones_the_latest_whole_one_is_offered(tmp_path):
    saved(tmp_path, 1, 2, 3)
    (tmp_path / "000000000003" / "manifest.json").unlink()
    error = complaint(tmp_path)
    assert "000000000003/manifest.json cannot be read: No such file" in str(error)
    assert str(error).endswith("; step 2 is whole and can be resumed from")
    (tmp_path / "000000000002" / "arrays.safetensors").write_bytes(b"")
    error = complaint(tmp_path)
    assert error.whole_step == checkpoint.latest_whole(tmp_path) == 1
    assert "arrays.safetensors has 0 bytes instead of" in str(complaint(tmp_path, step=2))
    (tmp_path / "000000000001").rename(tmp_path / "000000000000")
    assert str(complaint(tmp_path)).endswith("; no earlier step is whole")
    assert "is of step 1, which its folder is not" in str(complaint(tmp_path, step=0))


def test_an_array_that_changed_while_it_was_saved_is_found_out(tmp_path, monkeypatch):
    saved(tmp_path, 1)
    array = np.zeros(3)

    def changed_meanwhile(path):
        array[1] += 1  # after the bytes were written and before they are hashed

    monkeypatch.setattr("hierax.atomic_files.sync", changed_meanwhile)
    save(tmp_path, {"a": array}, 2)
    error = complaint(tmp_path, {"a": array})
    assert "holds another ['a'] than was to be saved" in str(error)
    assert error.whole_step == 1


def test_a_later_format_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("hierax.training.checkpoint_files.FORMAT", 2)
    saved(tmp_path, 1)
    monkeypatch.undo()
    assert "has format 2, but this version of hierax reads 1" in str(complaint(tmp_path))


def damage(path, rng):
    """Changes a file in one of five ways; returns what it held."""
    content = path.read_bytes()
    changed = bytearray(content)
    place, other = rng.integers(len(content), size=2)
    match rng.choice(["flip", "truncate", "delete", "swap", "append"]):
        case "flip":
            changed[place] ^= 1 << rng.integers(8)
        case "truncate":
            del changed[place:]
        case "swap":
            changed[place], changed[other] = changed[other], changed[place]
            if changed == content:  # two bytes that are the same
                return damage(path, rng)
        case "append":
            changed.append(rng.integers(256))
        case "delete":
            path.unlink()
            return content
    path.write_bytes(changed)
    return content


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_damage_is_found_and_the_step_before_offered(tmp_path, count):
    saved(tmp_path, 1, 2)
    rng = np.random.default_rng(count)
    files = sorted((tmp_path / "000000000002").iterdir())
    assert len(files) == 2
    for _ in range(count):
        path = files[rng.integers(2)]
        content = damage(path, rng)
        error = complaint(tmp_path)
        assert str(path) in str(error)
        assert error.whole_step == 1
        path.write_bytes(content)
    tree, step, _ = load(tmp_path, TREE, step=error.whole_step)
    assert (tree_digest(tree), step) == (tree_digest(TREE), 1)
    assert load(tmp_path, TREE)[1] == 2


@pytest.mark.slow
def test_there_is_no_bit_that_may_flip(tmp_path):
    saved(tmp_path, 1, tree={"a": np.arange(2.0)})
    for path in (tmp_path / "000000000001").iterdir():
        content = path.read_bytes()
        for bit in range(8 * len(content)):
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            assert checkpoint.latest_whole(tmp_path) is None, (path.name, bit)
        path.write_bytes(content)
    assert checkpoint.latest_whole(tmp_path) == 1


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_whatever_moment_a_save_is_killed_at_a_checkpoint_is_left(tmp_path, kills):
    program = Path(__file__).with_name("killed_saver.py")
    arguments = [sys.executable, "-W", "ignore", program, tmp_path, str(kills), str(kills)]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    right, in_the_middle = map(int, ended.stdout.split())
    assert right == kills
    assert in_the_middle >= kills // 20  # a few are too few to be sure of one
