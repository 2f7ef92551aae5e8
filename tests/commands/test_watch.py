"""Films of runs in functional worlds and in environments that draw themselves."""

import gymnasium
import imageio.v3 as iio
import numpy as np
import pytest
from gymnasium import spaces

from hierax.agents import TD3
from hierax.cli import main
from hierax.commands import recording
from hierax.commands.random_actions import RandomAgent, random_player
from hierax.commands.recording import pictures, play
from hierax.spec import Continuous, Discrete, View, WorldSpec
from hierax.training import Player, load, make_world
from hierax.worlds import FunctionalHostWorld
from worlds.mujoco.drawing import skip_without_opengl


class Painter(gymnasium.Env):
    """Walks from 0 to 1 in five steps, and paints itself the whiter the further it has come."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012 (Gymnasium's own form)
    observation_space = spaces.Box(0.0, 1.0, (1,))
    action_space = spaces.Box(-1.0, 1.0, (1,))

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self._steps += 1
        return np.full(1, 0.2 * self._steps, np.float32), 1.0, self._steps == 5, False, {}

    def render(self):
        return np.full((33, 48, 3), 50 * self._steps, np.uint8)


class Blind(Painter):
    metadata = {"render_modes": []}  # noqa: RUF012


@pytest.fixture(scope="module")
def painter():
    for name, kind in (("Painter-v0", Painter), ("Blind-v0", Blind)):
        gymnasium.register(name, kind, max_episode_steps=20)
    yield
    for name in ("Painter-v0", "Blind-v0"):
        del gymnasium.registry[name]


def player(name):
    import jax

    world = make_world(name)
    agent = TD3(world.spec, hidden_sizes=(4,), buffer_size=8)
    state = agent.init(jax.random.key(0))._replace(replay=None)
    return Player(agent, state, world, 0)


def test_an_episode_is_played_to_its_end(finished):
    episode = play(load(finished), 0, explore=False)
    assert episode.path.shape == (11, 2)  # ten steps, and where it began
    np.testing.assert_array_equal(episode.path[0], 0.0)
    assert episode.returns[0] == 0.0
    assert 0.0 <= episode.straightness <= 1.0


def test_a_straight_way_is_straight():
    path = np.outer(np.arange(5.0), [3.0, 4.0])
    episode = recording.Episode(recording.Scene(), path, np.zeros(5))
    assert episode.straightness == pytest.approx(1.0)
    loop = recording.Episode(recording.Scene(), np.concatenate([path, path[::-1]]), np.zeros(10))
    assert loop.straightness == 0.0


def test_a_film_has_a_frame_for_each_step(finished, tmp_path, capsys):
    out = tmp_path / "new" / "film.gif"
    main(["watch", str(finished), "--out", str(out), "--episodes", "2", "--mode", "sampled"])
    assert capsys.readouterr().out == f"film: {out}\n"
    assert iio.imread(out).shape == (22, 432, 432, 3)


def test_frames_of_long_episodes_are_left_out(monkeypatch):
    monkeypatch.setattr(recording, "MOST_FRAMES", 4)
    np.testing.assert_array_equal(recording._shown(4), [0, 1, 2, 3])
    np.testing.assert_array_equal(recording._shown(8), [0, 2, 4, 6, 7])


@pytest.mark.parametrize("kind", [Continuous(2), Discrete(3)])
def test_random_actions_are_uniform(kind):
    import jax

    agent = RandomAgent(WorldSpec("Any", (View("seen", (1,)),), kind, 9))
    seen = {"seen": np.zeros((3000, 1))}
    key = jax.random.key(0)
    state, carry = agent.acting_state(key), agent.initial_carry(3000)
    _, action, _ = agent.act(state, carry, seen, key, explore=False)
    assert action.shape == (3000, *kind.shape)
    low, count = (-1.0, 2.0) if isinstance(kind, Continuous) else (0, 3)
    found, _ = np.histogram(action, 6, (low, low + count))
    expected = action.size / (6 if isinstance(kind, Continuous) else 3)
    np.testing.assert_allclose(found[found > 0], expected, rtol=0.15)


def test_random_actions_in_a_functional_world_are_filmed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recording, "MOST_FRAMES", 4)
    main(["watch", "Hanoi3-v0", "--random"])
    assert capsys.readouterr().out == "film: Hanoi3-v0.gif\n"
    assert iio.imread("Hanoi3-v0.gif").shape[1:] == (432, 432, 3)


def test_random_actions_in_a_world_of_mujoco_are_filmed():
    skip_without_opengl()
    player = random_player(make_world("BallGoTo3-v0", episode_limit=3))
    frames = list(pictures(player, 0, explore=True))
    assert [frame.shape for frame in frames] == [(360, 480, 3)] * 4
    assert (frames[0] != frames[-1]).any()
    other = list(pictures(player, 1, explore=True))
    assert (frames[0] != other[0]).any()


def test_random_actions_in_a_gymnasium_environment_are_filmed(painter):
    frames = list(pictures(random_player(make_world("Painter-v0")), 0, explore=False))
    assert [frame[0, 0, 0] for frame in frames] == [0, 50, 100, 150, 200, 250]


def test_an_environment_draws_itself(painter):
    frames = list(pictures(player("Painter-v0"), 0, explore=False))
    assert [frame[0, 0, 0] for frame in frames] == [0, 50, 100, 150, 200, 250]


def test_an_environment_without_pictures_is_refused(painter):
    with pytest.raises(recording.UsageError, match="Blind-v0 draws no pictures"):
        next(pictures(player("Blind-v0"), 0, explore=False))


def test_a_batch_without_pictures_is_refused():
    world = FunctionalHostWorld(make_world("PointSpeed-v0"))
    with pytest.raises(recording.UsageError, match="PointSpeed-v0 draws no pictures: its batches"):
        next(pictures(random_player(world), 0, explore=False))


def test_what_fails_to_draw_is_one_line(painter, monkeypatch):
    def fail(_):
        raise RuntimeError("no\nscreen")

    monkeypatch.setattr(Painter, "render", fail)
    with pytest.raises(recording.UsageError, match="Painter-v0 cannot be drawn here: no screen"):
        next(pictures(player("Painter-v0"), 0, explore=False))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--out", "film.avi"), "--out must end in .gif or .mp4, got 'film.avi'"),
        (("--episodes", "0"), "--episodes must be an integer >= 1, got '0'"),
        (("--step", "5"), "holds no checkpoint of step 5"),
        (("--mode", "wild"), "--mode must be deterministic or sampled, got 'wild'"),
        (("--random", "--step", "5"), "--step is for a run, but --random"),
    ],
)
def test_what_cannot_be_filmed_is_refused(refusal, finished, words, message):
    assert message in refusal("watch", finished, *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("BallGoTo3-v0",), "'BallGoTo3-v0' is a world, not a run: add --random"),
        (("", "--random"), "WORLD must be the name of a world, got ''"),
        (
            ("BallGoTo4-v0", "--random"),
            "unknown world 'BallGoTo4-v0'; did you mean 'BallGoTo3-v0'?",
        ),
        (("Hanoi3-v0", "--random", "--out", "film.avi"), "must end in .gif or .mp4"),
    ],
)
def test_what_is_no_run_or_no_world_is_refused(refusal, words, message):
    assert message in refusal("watch", *words)
