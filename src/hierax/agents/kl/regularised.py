"""The base of agents whose policies pay for their divergence from default policies.

The weight α of the divergence is constant, or it is adapted so that the divergence has a given
value (as the temperature of SAC is for the entropy): log α descends

    log α (target - KL)

with the mean KL of the policies for each decision as a constant. α stays within `KL_WEIGHTS`.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from hierax import checks
from hierax.agents.kl.learner import KL_WEIGHT, KL_WEIGHTS, Modules, Weights, Window
from hierax.agents.kl.modular import ModularAgent


@dataclasses.dataclass(frozen=True, kw_only=True)
class Regularised(ModularAgent):
    """An agent with default policies.

    Attributes:
        spec: the world that the agent acts in.
        kl_weight: α, weight of the divergence from the default policies, in units of reward for
            each nat; with ``kl_target`` the weight before the first update.
        kl_target: nats of divergence for each decision, of all policies together, that α is
            adapted to; None keeps α. Frozen policies cannot reach it.

    Raises:
        ValueError: if a value is not allowed, or the world has no such view.
    """

    kl_weight: float = 1e-2
    kl_target: float | None = None

    def __post_init__(self) -> None:
        checks.not_negative("kl_weight", self.kl_weight)
        if self.kl_target is not None:
            checks.positive("kl_target", self.kl_target)
            least, most = KL_WEIGHTS
            if not least <= self.kl_weight <= most:
                raise ValueError(
                    f"kl_weight must be from {least:g} to {most:g} where kl_target adapts it, got "
                    f"{self.kl_weight:g}"
                )
        super().__post_init__()

    @property
    def multipliers(self) -> Mapping[str, Any]:
        """The logarithm of α as a module, where it is adapted."""
        return {} if self.kl_target is None else {KL_WEIGHT: jnp.log(jnp.float32(self.kl_weight))}

    def weights(self, modules: Modules, window: Window) -> Weights:
        """Return the weights of an update."""
        found = super().weights(modules, window)
        if self.kl_target is None:
            return found._replace(kl=self.kl_weight)
        present = jnp.exp(modules.parameters[KL_WEIGHT])
        return found._replace(kl=present, kl_target=self.kl_target)
