"""Environments that training and evaluation use in turn, for a simulator that exists once."""

from typing import Any

import numpy as np

from hierax.spec import WorldSpec
from hierax.worlds.host import HostBatch, HostWorld, Saved, tells_success
from hierax.worlds.world import Timestep


class SharedWorld:
    """A host world whose batches are all the same environments.

    A batch that steps after another one did begins new episodes: its step is a reset, with
    ``is_step`` False.

    Args:
        world: the world whose environments are shared.
    """

    def __init__(self, world: HostWorld):
        self.world = world
        self._environments: HostBatch | None = None
        self._users: list[SharedBatch] = []
        self._owner: SharedBatch | None = None

    @property
    def spec(self) -> WorldSpec:
        """Description of the world."""
        return self.world.spec

    def batch(self, count: int) -> "SharedBatch":
        """Return a batch of the shared environments; the first call makes ``count`` of them.

        Raises:
            ValueError: if there are already environments, and not ``count`` of them.
        """
        if self._environments is None:
            self._environments = self.world.batch(count)
        if self._environments.count != count:
            raise ValueError(
                f"environments of {self.spec.name} must be {self._environments.count}, which "
                f"training and evaluation share, got {count}"
            )
        self._users.append(SharedBatch(self, self._environments))
        return self._users[-1]

    def take(self, user: "SharedBatch") -> None:
        """Note that ``user`` began the episodes that go on now."""
        self._owner = user

    def is_taken_by(self, user: "SharedBatch") -> bool:
        """Return whether ``user`` began the episodes that go on now."""
        return self._owner is user

    def leave(self, user: "SharedBatch") -> None:
        """Close the environments after their last user."""
        self._users = [each for each in self._users if each is not user]
        if not self._users and self._environments is not None:
            self._environments.close()
            self._environments = None


class SharedBatch:
    """The environments of a `SharedWorld` as a `HostBatch`.

    Args:
        shared: the world.
        environments: those that are shared.
    """

    def __init__(self, shared: SharedWorld, environments: HostBatch):
        self._shared, self._environments = shared, environments
        self.spec, self.count = environments.spec, environments.count
        self._seed, self._interruptions = 0, 0

    @property
    def tells_success(self) -> bool:
        """Whether the environments report success."""
        return tells_success(self._environments)

    def reset(self, seed: int) -> Timestep:
        """Begin an episode in every environment."""
        self._seed = seed
        self._shared.take(self)
        return self._environments.reset(seed)

    def step(self, action: np.ndarray) -> Timestep:
        """Step each environment; begin new episodes if another batch was at work meanwhile."""
        if self._shared.is_taken_by(self):
            return self._environments.step(action)
        self._interruptions += 1
        sequence = np.random.SeedSequence([self._seed, self._interruptions])
        self._shared.take(self)
        return self._environments.reset(int(sequence.generate_state(1)[0]))

    def save(self) -> Saved:
        """Return the state of the environments; None after another batch was at work."""
        return self._environments.save() if self._shared.is_taken_by(self) else None

    def restore(self, saved: Any) -> None:
        """Continue from the state that `save` returned."""
        self._shared.take(self)
        self._environments.restore(saved)

    def close(self) -> None:
        """Close the environments if no other batch uses them."""
        self._shared.leave(self)
