"""The averaged weights of a training alone: a quarter of its checkpoint.

What is left is enough to export, to calibrate, and to begin another training with (`--start-from`); not to go on with
the same one (`--resume`).
"""

from pathlib import Path

import torch

KEPT = ("config", "average", "steps", "seconds", "hard")


def keep_weights(checkpoint: Path, out: Path, half: bool = False) -> None:
    """Writes what is kept of a checkpoint to `out`, complete or not at all; `half`: in half precision, half of the size."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    if half:
        state["average"] = {
            n: value.half() if value.is_floating_point() else value for n, value in state["average"].items()
        }
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".part")
    torch.save({name: state[name] for name in KEPT if name in state}, partial)
    partial.replace(out)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB of {checkpoint.stat().st_size / 1e6:.1f}")
