"""`preset`: an agent with settings that are known to work in a world, ready to be trained."""

import dataclasses
from typing import Any

from hierax.agents.agent import Agent
from hierax.registry import AGENTS, PRESETS, Stage, find
from hierax.training.config import AnyWorld, describe_world, make_world
from hierax.training.curriculum import train_levels
from hierax.training.session import Trained
from hierax.training.trainer import train


@dataclasses.dataclass(frozen=True)
class Setup:
    """An agent, its world, and how it is trained there.

    Attributes:
        agent: made for the world.
        world: the world that the agent, or its top level, is trained in.
        curriculum: one stage for each level below the top.
        options: further arguments of `train`, such as ``environments``.
        evidence: what the settings reached, and where the result is; empty without a preset.
    """

    agent: Agent
    world: AnyWorld
    curriculum: tuple[Stage, ...] = ()
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    evidence: str = ""

    def train(self, steps: int, seed: int = 0, **options: Any) -> Trained:
        """Train the agent, level by level where it has levels.

        Args:
            steps: environment steps of each seed, of the top level where the agent has levels.
            seed: of all random numbers.
            **options: of `hierax.train`; they override those of the setup.
        """
        options = {**self.options, **options}
        if not hasattr(self.agent, "up_to"):
            return train(self.agent, self.world, steps, seed, **options)
        levelled: Any = self.agent
        curriculum = self.curriculum
        return train_levels(levelled, self.world, steps, seed, curriculum=curriculum, **options)


def preset(agent: str, world: AnyWorld | str, **fields: Any) -> Setup:
    """Return the agent, curriculum and options of the preset of an agent in a world.

    ``hierax train AGENT WORLD`` uses the same preset, and gives the same numbers.

    Args:
        agent: name of the agent, such as ``"lsp"``.
        world: a world, or its name; by its name it gets the fields of the preset.
        **fields: of the agent, in place of those of the preset.

    Raises:
        ValueError: if there is no preset of this pair, or a field is not allowed.
    """
    name = world if isinstance(world, str) else describe_world(world)["name"]
    entry = find("agent", AGENTS, agent)
    found = PRESETS.get((agent, name))
    if found is None:
        known = ", ".join(f"{each} in {place}" for each, place in PRESETS)
        raise ValueError(f"no preset of {agent!r} in world {name!r}; known: {known}")
    made = make_world(world, **found.world_fields) if isinstance(world, str) else world
    kind = entry.load()
    return Setup(
        kind(made.spec, **{**entry.fields, **found.agent_fields(kind), **fields}),
        made,
        found.curriculum,
        dict(found.options),
        found.evidence,
    )
