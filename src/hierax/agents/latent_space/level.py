"""One level of a latent space policy, as data."""

import dataclasses
from typing import Literal

from hierax import checks
from hierax.agents.latent_space.flows import Halves, all_entries, alternating


@dataclasses.dataclass(frozen=True, kw_only=True)
class Level:
    """One level: its views, its interval of decisions, its temperature and its policy.

    Attributes:
        views: names of the views that the level observes; None for all of the agent's.
        control_interval: environment steps that a decision is held for.
        temperature: α, the price of a nat of KL(π ‖ prior), for each decision: a decision that is
            held for c steps costs as much as one of a single step. None tunes it so that
            KL(π ‖ prior) is ``target_kl``.
        initial_temperature: α at the beginning, if it is tuned.
        target_kl: nats for each decision; None for d, and d (1 + log 2) at the bottom level, which
            is an entropy of -d there.
        noise: whether z is drawn at each ``"step"`` or once for each ``"episode"`` in training, the
            first random steps included.
        policy: ``"flow"``, or ``"gaussian"`` for one affine layer.
        couplings: layers of a flow.
        coupling_units: units of the hidden layer of each coupling.
        scale_limit: bound of the logarithm of the scale of each layer.
        identity: whether the flow starts as the identity, or at random.

    Raises:
        ValueError: if a value is not allowed.
    """

    views: tuple[str, ...] | None = None
    control_interval: int = 1
    temperature: float | None = None
    initial_temperature: float = 1.0
    target_kl: float | None = None
    noise: Literal["step", "episode"] = "step"
    policy: Literal["flow", "gaussian"] = "flow"
    couplings: int = 2
    coupling_units: int = 32
    scale_limit: float = 3.0
    identity: bool = True

    def __post_init__(self) -> None:
        if self.views is not None:
            checks.instance("views", self.views, tuple)
            for view in self.views:
                checks.instance("name in views", view, str)
        for name in ("control_interval", "couplings", "coupling_units"):
            checks.count(name, getattr(self, name), 1)
        for name in ("initial_temperature", "scale_limit"):
            checks.positive(name, getattr(self, name))
        for name in ("temperature", "target_kl"):
            if getattr(self, name) is not None:
                checks.positive(name, getattr(self, name))
        checks.one_of("noise", self.noise, ("step", "episode"))
        checks.one_of("policy", self.policy, ("flow", "gaussian"))
        checks.instance("identity", self.identity, bool)

    def moved(self, size: int, begin_with: int) -> Halves:
        """Return the entries that each layer transforms, as `alternating` does."""
        if self.policy == "gaussian":
            return all_entries(size)
        return alternating(size, self.couplings, begin_with)
