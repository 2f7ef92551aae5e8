"""What help texts and lists name, each with one line on what it is."""

PLANNERS: dict[str, str] = {
    "himo": "gradient over paths; shows what is decided first",
    "option-gradient": "options learned for goals all over the world",
    "auto": "exact; the fastest method for the model's size",
    "value-iteration": "exact; backs up all states at once",
    "policy-iteration": "exact; solves for the value of each policy",
    "modified-policy-iteration": "exact; sweeps that improve, sweeps that evaluate",
    "gauss-seidel": "exact; sweeps that improve, state after state",
}
AGENTS: dict[str, str] = {
    "sac": "soft actor-critic, with twin critics and its own temperature",
    "td3": "twin delayed deterministic policy gradient",
    "lsp": "latent space policy: levels of invertible policies, one trained at a time",
}
LEARNING_WORLDS: dict[str, str] = {
    "PointCross-v0": "a point looks for a goal round the corner of a cross",
    "SpinCross-v0": "the same, with a thruster that turns by itself",
    "PointSpeed-v0": "a point on a plane is paid for its speed",
    "SpinSpeed-v0": "the same, with a thruster that turns by itself",
    "PointMaze-v0": "a point steers through a U-shaped maze to a goal",
}
WORLDS: dict[str, str] = {
    "Hanoi3-v0": "Tower of Hanoi with 3 discs",
    "Hanoi4-v0": "Tower of Hanoi with 4 discs",
    "Hanoi5-v0": "Tower of Hanoi with 5 discs",
    "FourRooms-v0": "four rooms with four doors, 13 by 13 cells",
    "WormholeRooms-v0": "the same, with a wormhole between two rooms",
}
OTHER_WORLDS = "Also Hanoi{n}-v0 with n discs, a map MAP.txt, or a model MODEL.npz."
OTHER_LEARNING_WORLDS = "Also every world to plan in, and every Gymnasium environment by its id."
MUJOCO_WORLDS = "Also worlds of MuJoCo, such as BallGoTo3-v0: hierax list worlds names them."


def listing(entries: dict[str, str], indent: str = "  ") -> str:
    """Returns one line for each entry, with what it is in a column of its own."""
    width = max(map(len, entries)) + 2
    return "\n".join(f"{indent}{name:{width}}{summary}" for name, summary in entries.items())
