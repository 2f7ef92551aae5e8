"""The off-policy correction of HIRO: the goal that explains what the low level did.

Nachum, Gu, Lee & Levine (2018), "Data-efficient hierarchical reinforcement learning", section 3.3.
The low level changes while the high level learns, so an old goal no longer leads to the stored
actions. In each stored segment s_0, a_0, ..., s_c the goal is replaced by the candidate under which
the present low level μ would most likely have acted so:

    candidates: the stored goal, m(s_c) - m(s_0), and draws around it
    score(g) = - Σ_i ‖a_i - μ(s_i, g_i)‖²,   g_0 = g,  g_{i+1} = h(s_i, g_i, s_{i+1})

Actions are in units of half their range, goals in units of the box. Candidates are clipped to the
box. The stored goal comes first, so it is kept where no other is better.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from hierax.agents.agent import Key
from hierax.agents.goal_conditioned.goals import Goals, in_box
from hierax.agents.networks import MLP

CANDIDATE_NOISE = 0.5
"""Standard deviation of the draws around the achieved displacement, in units of the box."""


class Segments(NamedTuple):
    """B stored segments of up to c steps, as the low level sees them.

    Attributes:
        observation: ``(c, B, D)``, encoded for the low level.
        place: ``(c, B, d)``, m(s).
        action: ``(c, B, A)``.
        is_step: ``(c, B)`` bool, False where a segment is shorter.
        goal: ``(B, d)``, the goal that was set at the first step.
        end: ``(B, d)``, m(s) after the last step.
    """

    observation: jax.Array
    place: jax.Array
    action: jax.Array
    is_step: jax.Array
    goal: jax.Array
    end: jax.Array

    def at(self, places: Callable[[jax.Array], jax.Array]) -> "Segments":
        """Return the segments with ``places`` of their places."""
        return self._replace(place=places(self.place), end=places(self.end))

    def first(self, number: int) -> "Segments":
        """Return the first so many segments."""
        observation, place, action, is_step = (leaf[:, :number] for leaf in self[:4])
        return Segments(observation, place, action, is_step, self.goal[:number], self.end[:number])


def corrected(
    goals: Goals, actor: MLP, segments: Segments, key: Key, draws: int, every: int = 1
) -> jax.Array:
    """Return the most likely goal of each segment, ``(B, d)``.

    Args:
        goals: the arithmetic of goals.
        actor: of the low level: (observation, goal) → action before the tanh.
        segments: as they are stored.
        key: of the draws.
        draws: candidates that are drawn, besides the stored goal and the achieved displacement.
        every: every how many steps of a segment are scored, from the first on.
    """
    noise = CANDIDATE_NOISE * jax.random.normal(key, (draws, *segments.goal.shape))
    reached = achieved(goals, segments)
    candidates = jnp.concatenate([segments.goal[None], reached[None], in_box(reached + noise)])
    best = _score(goals, actor, candidates, segments, every).argmax(axis=0)
    return jnp.take_along_axis(candidates, best[None, :, None], axis=0)[0]


def achieved(goals: Goals, segments: Segments) -> jax.Array:
    """Return the goal of each segment that lies where the segment ended, clipped, ``(B, d)``."""
    return in_box(goals.seen(segments.end, segments.place[0]))


def _score(
    goals: Goals, actor: MLP, candidates: jax.Array, segments: Segments, every: int
) -> jax.Array:
    """Return the score of each candidate in each segment, ``(K, B)``."""
    observation, place, action, is_step = (leaf[::every] for leaf in segments[:4])
    carried = goals.carried(candidates[:, None], place[0], place)
    # A goal that is a point has no axis of time yet.
    carried = jnp.broadcast_to(carried, (len(candidates), *place.shape))
    observation = jnp.broadcast_to(observation, (len(candidates), *observation.shape))
    likely = jnp.tanh(actor(jnp.concatenate([observation, carried], axis=-1)))
    error = jnp.square(action - likely).sum(axis=-1)
    return -jnp.where(is_step, error, 0.0).sum(axis=1)
