"""SAC of SBX or Stable-Baselines3 on HalfCheetah-v5 with one seed and regular evaluations.

`half_cheetah.py` runs this script with the Python interpreter that has the peer. All settings are
the peer's defaults, except 10,000 initial random steps. After each evaluation it writes
{"rows": [{"step", "returns", "cpu_seconds"}, ...]}; CPU seconds do not include evaluations.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

LEARNING_STARTS = 10_000


def main() -> None:
    options = _options()
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import gymnasium
    from stable_baselines3.common.callbacks import BaseCallback

    class Evaluate(BaseCallback):
        """Run a few deterministic episodes at regular steps."""

        def __init__(self) -> None:
            super().__init__()
            self.rows: list[dict[str, Any]] = []
            self.excluded = time.process_time()

        def _on_step(self) -> bool:
            if self.num_timesteps % options.every == 0:
                seconds = time.process_time() - self.excluded
                start = time.process_time()
                returns = _play(self.model, test, options)
                self.rows.append(
                    {"step": self.num_timesteps, "returns": returns, "cpu_seconds": seconds}
                )
                _write(options, self.rows)
                self.excluded += time.process_time() - start
            return True

    test = gymnasium.make("HalfCheetah-v5")
    model = _sac(options.library)(
        "MlpPolicy",
        gymnasium.make("HalfCheetah-v5"),
        seed=options.seed,
        learning_starts=LEARNING_STARTS,
        verbose=0,
    )
    model.learn(options.steps, callback=Evaluate())


def _sac(library: str) -> Any:
    if library == "sbx":
        from sbx import SAC

        return SAC
    import torch
    from stable_baselines3 import SAC

    torch.set_num_threads(1)
    return SAC


def _play(model: Any, test: Any, options: argparse.Namespace) -> list[float]:
    returns = []
    for episode in range(options.episodes):
        observation, _ = test.reset(seed=10_000 + 100 * options.seed + episode)
        total, ended = 0.0, False
        while not ended:
            action, _ = model.predict(observation, deterministic=True)
            observation, reward, terminated, truncated, _ = test.step(action)
            total, ended = total + reward, terminated or truncated
        returns.append(total)
    return returns


def _write(options: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    part = options.out.with_suffix(".part")
    part.write_text(json.dumps({"library": options.library, "seed": options.seed, "rows": rows}))
    part.replace(options.out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", choices=("sbx", "sb3"), default="sbx")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300_000)
    parser.add_argument("--every", type=int, default=20_000)
    parser.add_argument("--episodes", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
