"""Claims of the papers that experiments judge, by their id in the register of the docs."""

from typing import NamedTuple


class Claim(NamedTuple):
    """A claim that a run can judge.

    Attributes:
        source: paper and section or figure.
        statement: the claim in one sentence.
    """

    source: str
    statement: str


CLAIMS: dict[str, Claim] = {
    "H1": Claim(
        "McNamee 2019, section 3, algorithm 1",
        "The exact path gradient from counter correlations converges to the optimal policy.",
    ),
    "H2": Claim(
        "McNamee 2019, section 4, figure 1",
        "Of all states, the policy divergence of the goal (its STOP) peaks first.",
    ),
    "H3": Claim(
        "McNamee 2019, section 4, figure 1",
        "On the optimal path the bottleneck between the clusters comes second.",
    ),
    "H4": Claim(
        "McNamee 2019, section 4, figure 1",
        "The policy at the start state is optimised last.",
    ),
    "H5": Claim(
        "McNamee 2019, section 4, figure 1",
        "Visits to all states of the goal's cluster rise; then they fall for all but the goal.",
    ),
    "H6": Claim(
        "McNamee 2019, section 4, figure 2",
        "In the room world the doors into the goal's room are prioritised.",
    ),
    "H7": Claim(
        "McNamee 2019, supplement 6.1, figure S1",
        "With a wormhole, its entrance and exit are prioritised instead of the doors.",
    ),
    "H8": Claim(
        "McNamee 2019, section 5",
        "The natural path gradient couples states, unlike Kakade's natural gradient.",
    ),
    "O1": Claim(
        "note on the option gradient, implicit function theorem",
        "The extrinsic value has an exact gradient through a smooth planner, by the implicit "
        "function theorem.",
    ),
    "O3": Claim(
        "note on the option gradient, options",
        "One planner works with option models alone and with options plus primitive actions.",
    ),
    "O4": Claim(
        "note on the option gradient, open points",
        "Policies of K options can be learned by training intrinsic rewards through the planner.",
    ),
    "O5": Claim(
        "note on the option gradient, experiments",
        "In four rooms, options trained on 80 % of the goals speed up planning for the other 20 %.",
    ),
    "L1": Claim(
        "Haarnoja et al. 2018, section III",
        "Policies made of invertible flows have tractable densities and are expressive.",
    ),
    "L3": Claim(
        "Haarnoja et al. 2018, experiments",
        "With one level, latent space policies match the best flat baselines.",
    ),
    "L4": Claim(
        "Haarnoja et al. 2018, experiments",
        "A second level with the same reward improves the policy.",
    ),
    "L6": Claim(
        "Haarnoja et al. 2018, section III",
        "Levels can also be trained end to end, as one policy.",
    ),
    "L5": Claim(
        "Haarnoja et al. 2018, experiments",
        "A level with a shaped reward below a level with a sparse reward solves tasks that flat "
        "baselines cannot.",
    ),
    "N1": Claim(
        "Nachum et al. 2019, theorems 1 and 3, claims 2 and 4",
        "The error of a representation bounds the sub-optimality of the hierarchy on it.",
    ),
    "N2": Claim(
        "Nachum et al. 2019, section 4",
        "The objective of the representation is a lower bound on a mutual information.",
    ),
    "N3": Claim(
        "Nachum et al. 2019, figure 2",
        "The learned goal space of two dimensions recovers the position.",
    ),
    "N4": Claim(
        "Nachum et al. 2019, figure 3",
        "Goals in the learned space are close to an oracle with the position, and better than in "
        "the spaces of a VAE, of E2C and of the whole observation.",
    ),
    "N5": Claim(
        "Nachum et al. 2019, section 5; research note",
        "The term of mutual information in the reward of the low level helps.",
    ),
    "N6": Claim(
        "Nachum et al. 2018, section 3.3",
        "Relabelling the goals of the high level (off-policy correction) helps.",
    ),
    "N7": Claim(
        "Nachum et al. 2018, table 1",
        "Success rates of HIRO within 10M steps are 0.99 in Ant Maze, 0.92 in Ant Push and 0.66 in "
        "Ant Fall.",
    ),
    "N8": Claim(
        "research note, discussion",
        "An on-policy low level is better in a learned goal space.",
    ),
    "K1": Claim(
        "Tirumala et al. 2019, equations 6, 9 and 27",
        "The divergence of latents bounds that of actions, and so the objective from below.",
    ),
    "K2": Claim(
        "Tirumala et al. 2019, equations 2 to 5",
        "The optimal policy is the tilted default policy, and the optimal default policy is the "
        "mean of the policies that it cannot tell apart.",
    ),
    "K3": Claim(
        "Tirumala et al. 2019, figure 3, left",
        "On a task of going to one of three targets, agents with a KL learn more than SVG(0), and "
        "hierarchies at least as much as DISTRAL.",
    ),
    "K4": Claim(
        "Tirumala et al. 2019, figure 3, centre and right",
        "On tasks of pushing, agents with a KL learn more than SVG(0), and hierarchies more "
        "than DISTRAL, the more so in harder tasks.",
    ),
    "K5": Claim(
        "Tirumala et al. 2019, figure 5",
        "A hierarchy that keeps a low level of an easier task learns sooner than one from "
        "scratch, and than DISTRAL with its default policy.",
    ),
    "K6": Claim(
        "Tirumala et al. 2019, section 7.1",
        "The divergence from the default policy is smaller with latents than with DISTRAL.",
    ),
    "K7": Claim(
        "Tirumala et al. 2019, figure 6",
        "Where skills must change, a separate low level learns more than a shared one.",
    ),
    "K8": Claim(
        "Tirumala et al. 2019, figures 7 and 11",
        "A high level from another body with a KL reward learns sooner than without one, and "
        "than agents from scratch.",
    ),
    "K9": Claim(
        "Tirumala et al. 2019, figure 12, left",
        "Only transfer with a KL reward solves the body of eight steps.",
    ),
    "K10": Claim(
        "Tirumala et al. 2019, figure 12, right",
        "The KL reward is a vector field towards the goal.",
    ),
    "K11": Claim(
        "Tirumala et al. 2019, figure 9",
        "Hierarchies learn sooner than SVG(0) and DISTRAL near on-policy, and with one "
        "environment.",
    ),
    "K12": Claim(
        "Tirumala et al. 2019, figure 10",
        "A low level is of use in another task if it sees the box, and the high level has a KL.",
    ),
    "K13": Claim(
        "Tirumala et al. 2019, figure 8",
        "Default policies with a network, an LSTM or latents speed up learning a little, and "
        "help in another task.",
    ),
    "K14": Claim(
        "Tirumala et al. 2019, section 3.1",
        "Isotropic, AR(1) and learned autoregressive default policies all work.",
    ),
}
