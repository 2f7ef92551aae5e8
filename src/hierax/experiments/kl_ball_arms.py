"""Agents of the experiments with a ball: hierarchies, DISTRAL and SVG(0) with one learner.

All have the same critic, the same bounds of the standard deviation of actions, and the same number
of environments.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hierax.agents.agent import TrainState
from hierax.agents.kl import KL, SVG0, Distral, Retrace
from hierax.agents.kl.modular import ModularAgent
from hierax.experiments.goal_study import Arm
from hierax.spec import WorldSpec
from hierax.training import transfer
from hierax.training.config import AnyWorld
from hierax.training.session import Trained

ENVIRONMENTS = 32
BODY = ("proprioception",)
STEPS = 400_000
LEARNER = Retrace(
    learning_starts=12_800, buffer_size=STEPS, updates_per_step=1 / 16, target_period=25
)
SHARED: Mapping[str, Any] = {
    "hidden_sizes": (64, 64), "value_hidden_sizes": (64, 64), "layer_norm": True,
    "normalise_observations": True, "action_scales": (0.3, 1.0), "discount": 0.99, "entropy": 1e-3,
    "learner": LEARNER,
}  # fmt: skip
"""Settings of all agents, where an experiment has no others."""
HIERARCHY: Mapping[str, Any] = {
    "latent_size": 10, "latents": "resample", "default_correlation": 0.95,
}  # fmt: skip
FLAT, DEFAULT = "SVG(0)", "DISTRAL"
HIERARCHIES = {"isotropic": "isotropic", "AR(1)": "ar1", "learned": "learned"}
"""Kinds of default policies by name."""
METHODS = (FLAT, DEFAULT, *HIERARCHIES)
WEIGHT_FIELDS: Mapping[str, str] = {
    FLAT: "entropy",
    DEFAULT: "kl_weight",
    **dict.fromkeys(HIERARCHIES, "kl_weight"),
}
"""The field of the weight that is chosen for each method."""
WEIGHTS: Mapping[str, float] = {
    FLAT: 1e-2, DEFAULT: 1e-1, "isotropic": 1e-4, "AR(1)": 1e-2, "learned": 1e-4,
}  # fmt: skip
"""The weights that `kl-ball-goto` chose, with larger networks; other experiments take them."""
NATS: Mapping[str, tuple[str, ...]] = {
    FLAT: (),
    DEFAULT: ("policy/kl",),
    **dict.fromkeys(HIERARCHIES, ("high/kl",)),
}
"""Metrics of the divergence of a method, in nats for each decision."""


def agent(spec: WorldSpec, method: str, seen: tuple[str, ...] = BODY, **changes: Any) -> Any:
    """Return the agent of a method.

    Args:
        spec: of its world.
        method: one of `METHODS`.
        seen: views of what knows no task: the low level, or the default policy of DISTRAL.
        **changes: fields, in place of those of all agents.
    """
    made: type[ModularAgent]
    if method == FLAT:
        made, own = SVG0, {}
    elif method == DEFAULT:
        made, own = Distral, {"policy_default_views": seen}
    else:
        made, own = KL, {**HIERARCHY, "low_views": seen, "default": HIERARCHIES[method]}
    return made(spec, **{**SHARED, **own, **changes})


def arm(world: AnyWorld, method: str, agent: Any, steps: int = STEPS, **fields: Any) -> Arm:
    """Return an arm of a method; ``fields`` are those of `Arm`."""
    return Arm(agent, world, steps, NATS[method], **{"environments": ENVIRONMENTS, **fields})


def learner_steps() -> float:
    """Return the steps that the learner processes for each step of an environment."""
    return LEARNER.updates_per_step * LEARNER.batch_size * LEARNER.window_length


def moved(source: Any, states: Sequence[TrainState], agent: Any, **parts: Any) -> list[TrainState]:
    """Return a state of an agent for each seed, with parts of trained ones.

    Args:
        source: the agent that was trained.
        states: its states, one for each seed.
        agent: the agent that begins with them.
        **parts: what `hierax.transfer` takes: ``keep``, ``freeze``, ``initialise``.
    """
    return transfer(Trained(source, list(states), {}), agent, **parts)
