"""Every agent, planner, world and experiment of hierax: each registered once, in one place."""

from collections.abc import Iterable
from typing import TypeVar

from hierax.registry.entry import Entry, Experiment
from hierax.registry.mujoco import MUJOCO_WORLDS

E = TypeVar("E", bound=Entry)
PLANNING, LEARNING, MUJOCO, REGISTERED = "planning", "learning", "MuJoCo", "registered"
BODIES = "bodies"
"""Groups of worlds. Those of users are ``REGISTERED``, grids for several bodies are ``BODIES``."""


def _table(entries: Iterable[E]) -> dict[str, E]:
    return {entry.name: entry for entry in entries}


_DEEP, _POINTS, _PLANS, _STUDIES = (
    f"hierax.{home}" for home in ("agents", "worlds", "commands", "experiments")
)
_SOLVE = f"{_PLANS}.planners:solve"
_ROOMS = f"{_POINTS}.rooms"

AGENTS: dict[str, Entry] = _table(
    Entry(name, f"{_DEEP}.{target}", summary)
    for name, target, summary in (
        ("sac", "sac:SAC", "soft actor-critic with twin critics and automatic temperature"),
        ("td3", "td3:TD3", "twin delayed deep deterministic policy gradient"),
        (
            "lsp",
            "latent_space:LatentSpacePolicy",
            "latent space policy: invertible policies in levels",
        ),
        (
            "hiro",
            "goal_conditioned:HIRO",
            "two levels joined by goals, with off-policy correction",
        ),
        ("norl", "goal_conditioned:NORL", "HIRO in a goal space that is learned"),
        ("kl", "kl:KL", "two levels joined by latents, with default policies"),
        ("impala", "kl:IMPALA", "actor-critic with V-trace, for discrete and continuous actions"),
        ("svg0", "kl:SVG0", "actor-critic with Retrace from a replay, for continuous actions"),
        ("distral", "kl:Distral", "policy near a default policy that sees less, and is learned"),
    )
)
PLANNERS: dict[str, Entry] = _table(
    Entry(*row)
    for row in (
        (
            "himo",
            f"{_PLANS}.planners:follow_himo",
            "natural gradient over paths; shows the order of decision",
        ),
        (
            "option-gradient",
            f"{_PLANS}.option_planner:learn_options",
            "options trained on 80 % of the states as goals",
        ),
        ("auto", _SOLVE, "exact; the fastest method for the size of the model"),
        ("value-iteration", _SOLVE, "exact; backs up all states at once"),
        ("policy-iteration", _SOLVE, "exact; solves for the value of each policy"),
        ("modified-policy-iteration", _SOLVE, "exact; improvement sweeps, then evaluation sweeps"),
        ("gauss-seidel", _SOLVE, "exact; improvement sweeps, one state after the other"),
    )
)
WORLDS: dict[str, Entry] = _table(
    [
        *(
            Entry(name, f"{_POINTS}.{target}", summary, group=LEARNING)
            for name, target, summary in (
                (
                    "PointCross-v0",
                    "cross:PointCross",
                    "point mass, sparse goal round the corner of a cross",
                ),
                (
                    "SpinCross-v0",
                    "cross:SpinCross",
                    "PointCross with a thruster that rotates",
                ),
                ("PointSpeed-v0", "speed:PointSpeed", "point mass on a plane, reward is the speed"),
                (
                    "SpinSpeed-v0",
                    "speed:SpinSpeed",
                    "PointSpeed with a thruster that rotates",
                ),
                (
                    "PointMaze-v0",
                    "point_maze:PointMaze",
                    "point robot in a U-shaped maze with a goal",
                ),
                (
                    "PointU-v0",
                    "u_maze:PointU",
                    "point that slides along the walls of the U-shaped maze",
                ),
                (
                    "RowerU-v0",
                    "u_maze:RowerU",
                    "PointU for a rower, which moves by alternating strokes",
                ),
            )
        ),
        *(
            Entry(
                f"BodyGrid{body}-v0",
                f"{_POINTS}.body_grid:BodyGrid",
                f"grid with a goal, for a body that needs {body} steps for one cell"
                if body > 1
                else "grid with a goal",
                {"body": body},
                BODIES,
            )
            for body in (1, 2, 4, 8, 16)
        ),
        *(
            Entry(name, target, summary, fields, MUJOCO)
            for name, target, summary, fields in MUJOCO_WORLDS
        ),
        *(
            Entry(
                f"Hanoi{discs}-v0",
                f"{_POINTS}.hanoi:tower_of_hanoi",
                f"Tower of Hanoi with {discs} discs",
                {"discs": discs},
                PLANNING,
            )
            for discs in (3, 4, 5)
        ),
        Entry(
            "FourRooms-v0",
            f"{_ROOMS}:four_rooms",
            "four rooms, four doors, 13 by 13 cells",
            group=PLANNING,
        ),
        Entry(
            "WormholeRooms-v0",
            f"{_ROOMS}:wormhole_rooms",
            "four rooms, two joined by a wormhole",
            group=PLANNING,
        ),
    ]
)
EXPERIMENTS: dict[str, Experiment] = _table(
    Experiment(name, f"{_STUDIES}.{name.replace('-', '_')}", summary, claims=claims, seeds=seeds)
    for name, claims, seeds, summary in (
        ("himo-hanoi", ("H1", "H2", "H3", "H4", "H5"), 0,
         "HIMO on the Tower of Hanoi: in which order are states decided?"),
        ("himo-rooms", ("H1", "H6"), 0,
         "HIMO in four rooms: are the doors into the goal's room decided first?"),
        ("himo-wormhole", ("H7",), 0,
         "HIMO in four rooms with a wormhole: does the wormhole replace the doors?"),
        ("himo-hierarchy", (), 0,
         "What predicts when HIMO decides a state: action gap, distance or betweenness?"),
        ("himo-metric", ("H8",), 200,
         "Does the path metric couple states? Does the occupancy metric?"),
        ("option-gradient-rooms", ("O3", "O4", "O5"), 5,
         "Options trained on 80 % of the goals: how fast is planning for the others?"),
        ("option-gradient-cost", ("O1",), 0,
         "Implicit and unrolled gradients: memory, time and error by number of sweeps."),
        ("flat-pendulum", (), 5,
         "SAC and TD3 on Pendulum-v1: do the flat baselines learn?"),
        ("lsp-bandit", ("L1",), 5,
         "Stacked flows on bandits with known optima: is a level more than a lower temperature?"),
        ("lsp-lqr", (), 5,
         "Two levels on linear-quadratic problems: do they match the Riccati solution?"),
        ("lsp-pendulum", ("L3",), 5,
         "One level with an invertible policy on Pendulum-v1: does it match a Gaussian policy?"),
        ("lsp-layers", ("L4", "L6"), 5,
         "A second level on the same reward: better than one level at half the temperature?"),
        ("lsp-spin-cross", ("L5",), 5,
         "A skill below a sparse task in SpinCross-v0: which baselines reach the goal?"),
        ("lsp-point-cross", (), 5,
         "A skill below a sparse task in PointCross-v0, where held actions are a strong baseline."),
        ("lsp-cheetah-reach", (), 5,
         "A half cheetah with a goal 10 m ahead: a standard body in which held actions fail."),
        ("lsp-ant-cross", (), 5,
         "An ant with a goal round a corner: the sparse task of the paper, at its scale."),
        ("lsp-latents", (), 5,
         "Paths with one latent held, through a trained and an untrained level."),
        ("hiro-point", (), 10,
         "HIRO and flat baselines in a U-shaped maze: which of them reach the goal?"),
        ("hiro-correction", ("N6",), 10,
         "HIRO with and without its off-policy correction: does relabelling goals help?"),
        ("hiro-exploration", (), 10,
         "HIRO with random goals and random actions at first: what makes it reliable?"),
        ("hiro-ant-maze", ("N7",), 2,
         "HIRO and flat TD3 with an ant in a maze, the task of the paper."),
        ("norl-theory", ("N1", "N2"), 500,
         "NORL by enumeration: does its error bound the loss, its objective the information?"),
        ("norl-representation", ("N3",), 10,
         "The learned goal space of NORL alone: does it hold the position, and no nuisance?"),
        ("norl-point", ("N4",), 10,
         "Goals in learned spaces in a U-shaped maze: NORL, an oracle, and five other spaces."),
        ("norl-low-reward", ("N5",), 10,
         "Rewards of the low level in a learned space: does the mutual information help?"),
        ("norl-ant-maze", (), 2,
         "NORL with an ant in a maze: a learned goal space of a body with legs."),
        ("norl-parking", (), 5,
         "Why agents stop beside the goal in a learned space: one setting changed at a time."),
        ("norl-on-policy", ("N8",), 10,
         "A replay that forgets: is a nearly on-policy low level better?"),
        ("kl-identities", ("K1", "K2"), 10,
         "KL-regularised RL by enumeration: does the latents' divergence bound that of actions?"),
        ("kl-body-grid", ("K9", "K10", "K14"), 5,
         "A high level moves to larger bodies: when is a KL reward needed?"),
        ("kl-ball-goto", ("K3", "K14"), 10,
         "A ball rolls to one of three targets: hierarchies, DISTRAL and SVG(0) side by side."),
        ("kl-regimes", ("K11",), 5,
         "The same with a short replay, and with one environment: are hierarchies ahead?"),
        ("kl-ball-push", ("K5", "K6"), 5,
         "Skills of pushing a box move to a task with three targets: hierarchy and DISTRAL."),
        ("kl-gap", ("K7",), 5,
         "Skills of a ball move to a corridor with a gap: must the low level be able to change?"),
        ("kl-asymmetry", ("K12",), 5,
         "Which views must a low level have to be of use in another task?"),
        ("kl-ball-to-ant", ("K8",), 5,
         "The high level of a ball moves to an ant: does its KL help the ant to learn?"),
        ("kl-latent-prior", ("K13",), 5,
         "Default policies with a network, an LSTM or latents: of use in other tasks of a ball?"),
        ("kl-paper-tasks", ("K4",), 5,
         "Tasks of the paper that need a cluster, with its networks and batches."),
    )
)  # fmt: skip
