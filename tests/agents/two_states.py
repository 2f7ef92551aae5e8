"""A process of two states, two latents and two actions, small enough to enumerate every path.

A latent z ~ π(z|s) is drawn anew at every step, an action follows π(a|s, z). Behaviour μ(a|s) is
another policy. Leaving the default policies costs α KL(s, z).
"""

from itertools import product

import numpy as np

DISCOUNT = 0.7
STEPS = 3
"""Length of a window."""


def random_distribution(rng, *shape):
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


class TwoStates:
    """Tables by state s, latent z, action a; the next state is t."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.transition = random_distribution(rng, 2, 2, 2)
        self.reward = rng.normal(size=(2, 2))
        self.latent = random_distribution(rng, 2, 2)
        self.policy = random_distribution(rng, 2, 2, 2)
        self.behaviour = random_distribution(rng, 2, 2)
        self.cost = rng.uniform(0.1, 1.0, size=(2, 2))  # α KL(s, z)
        self.log_ratio = np.log(self.policy) - np.log(self.behaviour[:, None])

    def action_value(self, cost):
        """Q(s, z, a) = r(s, a) + γ E[E_π Q(s', z', a') - cost(s', z')], from its linear system."""
        onward = np.einsum("sat,tw,twb->satwb", self.transition, self.latent, self.policy)
        onward = np.broadcast_to(onward[:, None], (2,) * 6).reshape(8, 8)
        charged = np.einsum("sat,tw,tw->sa", self.transition, self.latent, cost)
        reward = np.broadcast_to((self.reward - DISCOUNT * charged)[:, None], (2, 2, 2)).ravel()
        return np.linalg.solve(np.eye(8) - DISCOUNT * onward, reward).reshape(2, 2, 2)

    def value(self, policy, cost):
        """V(s) = Σ_a π(a|s) [r + γ E(V(s') - cost(s'))] of a ``policy`` (s, a) without latents."""
        onward = np.einsum("sa,sat->st", policy, self.transition)
        reward = np.einsum("sa,sa->s", policy, self.reward) - DISCOUNT * onward @ cost
        return np.linalg.solve(np.eye(2) - DISCOUNT * onward, reward)

    def paths(self):
        """Every path of `STEPS` steps under μ as indices s, z (STEPS + 1, P), a (STEPS, P).

        With them comes their probability (P,), given s_0, z_0 and a_0.
        """
        choices = np.array(list(product((0, 1), repeat=3 * STEPS + 2))).T
        s, z = choices[: STEPS + 1], choices[STEPS + 1 : 2 * STEPS + 2]
        a = choices[2 * STEPS + 2 :]
        probability = self.transition[s[:-1], a, s[1:]].prod(0) * self.latent[s[1:], z[1:]].prod(0)
        return s, z, a, probability * self.behaviour[s[1:-1], a[1:]].prod(0)
