"""`hiro-point`: HIRO and flat baselines in a U-shaped maze with a fixed goal.

The straight line to the goal is blocked, and the reward is the distance to it. So an agent that
follows the reward ends at the wall, 6 from the goal. A point moves as it likes (PointU-v0). A rower
moves only with an alternating stroke (RowerU-v0), so a held action does not travel.

The baselines explore in the ways that are known to help: uniform actions for 50,000 steps and with
probability 0.2 afterwards, noise that is held for ten steps, ten-step returns, action repeat, and
goals of hindsight.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hierax.agents import HIRO, SAC, TD3
from hierax.experiments.goal_study import Arm, budgets, by_world, draw_world, study
from hierax.experiments.result import Result
from hierax.registry import PRESETS
from hierax.worlds import make

STEPS = {"PointU-v0": 250_000, "RowerU-v0": 400_000}
LONG = 1_000_000
LONG_RUN = "TD3, 1M steps"
WITH, WITHOUT = "HIRO", "HIRO without correction"
DISTANCE = "HIRO, low level paid for distance"
FLAT: Mapping[str, Any] = {
    "hidden_sizes": (64, 64), "batch_size": 128, "learning_rate": 1e-3, "tau": 0.01,
    "learning_starts": 1_600, "updates_per_step": 0.1, "reward_scale": 0.1,
    "random_actions": 50_000, "random_action_probability": 0.2,
}  # fmt: skip
NOISY: Mapping[str, Any] = {
    **FLAT, "actor_learning_rate": 3e-4, "exploration_noise": 0.5, "target_policy_noise": 0.1,
    "target_noise_clip": 0.25, "pretanh_penalty": 1e-3,
}  # fmt: skip
HELD = 10
HELD_NOISE = "TD3, 10-step returns, held noise"
HINDSIGHT = "SAC, hindsight goals"
DRAWN = (WITH, WITHOUT, "TD3", HELD_NOISE, HINDSIGHT)
"""Arms of the figure."""
REPEATS = (2, 4, 10)
DISCOUNT_OF_DECISIONS = 0.99
BUDGETS = budgets(0.01, (WITH, WITHOUT, "TD3"))


def run(scale: str, seeds: int) -> Result:
    """Train all arms with every seed in both worlds."""
    budget = BUDGETS[scale]
    found = study({name: arms(name) for name in STEPS}, budget, seeds)
    return Result(claims=[], seeds=range(seeds), **by_world(found, budget))


def draw(result: Result, path: Path) -> None:
    """Draw success rates in RowerU-v0 by environment steps."""
    draw_world(result, "RowerU-v0", path, DRAWN)


def arms(name: str) -> dict[str, Arm]:
    """Return all arms of a world by name."""
    world, steps = make(name), STEPS[name]
    td3 = partial(TD3, world.spec, **NOISY)
    settings = PRESETS["hiro", name].settings
    longer = {"discount": 0.995, "n_step": HELD}
    held = {**longer, "noise_interval": HELD, "random_action_interval": HELD}
    found = {
        WITH: HIRO(world.spec, **settings),
        WITHOUT: HIRO(world.spec, **{**settings, "correction": 0.0}),
        DISTANCE: HIRO(
            world.spec, **{**settings, "low_reward": "distance", "low_reward_scale": 0.1}
        ),
        "TD3": td3(),
        "TD3, 10-step returns": td3(**longer),
        HELD_NOISE: td3(**held),
    }
    for repeat in REPEATS:
        discount = DISCOUNT_OF_DECISIONS ** (1 / repeat)
        found[f"TD3, action repeat {repeat}"] = td3(control_interval=repeat, discount=discount)
    (actions,) = world.spec.action.shape
    if name == "RowerU-v0":  # all but the stroke
        of_direction = (1, *(HELD,) * (actions - 1))
        kept = {"noise_interval": of_direction, "random_action_interval": of_direction}
        found["TD3, 10-step returns, held direction"] = td3(**{**longer, **kept})
    all_arms = {label: Arm(agent, world, steps) for label, agent in found.items()}
    all_arms[LONG_RUN] = Arm(td3(), world, LONG)
    shown = make(name, observe_goal=True)
    hindsight = SAC(shown.spec, **FLAT, hindsight=0.8)
    all_arms[HINDSIGHT] = Arm(hindsight, shown, steps)
    return all_arms
