"""What tells the levels of a latent space policy apart, as data."""

import dataclasses
from typing import Literal

from hierax import checks
from hierax.agents.flows import Halves, alternating, everything


@dataclasses.dataclass(frozen=True, kw_only=True)
class Level:
    """One level: what it sees, when it decides, what its policy is made of, where it learns.

    Attributes:
        views: names of the views that it sees; None for all of the world's.
        world: where it learns, for whose reward; None for the world of the run. A level that has
            others above it needs ``steps`` too.
        steps: environment steps that it learns for before it is frozen.
        control_interval: steps for which what it decides is held.
        temperature: α; None learns it so that KL(π ‖ prior) is ``target_kl``.
        initial_temperature: α at the beginning, where it is learned.
        target_kl: nats for each decision; None for d, and d (1 + log 2) at the bottom, where that
            is an entropy of -d.
        noise: whether z is drawn at each decision or once for each episode, while it explores.
        policy: ``"flow"``, or ``"gaussian"`` for one affine layer.
        couplings: layers of a flow.
        coupling_units: units of the hidden layer of each coupling.
        scale_limit: bound of the logarithm of the scale of each layer.
        identity: whether it starts as the identity, or at random.

    Raises:
        ValueError: where a value is not allowed.
    """

    views: tuple[str, ...] | None = None
    world: str | None = None
    steps: int | None = None
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
        if self.world is not None:
            checks.instance("world", self.world, str)
        if self.steps is not None:
            checks.count("steps", self.steps, 1)
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
        """What each of its layers moves, see `alternating`."""
        if self.policy == "gaussian":
            return everything(size)
        return alternating(size, self.couplings, begin_with)
