"""Work in steps that can be gone on with: what is there already is passed over."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass
class Step:
    """One step: its subcommand's name, whether its result is there already, and how it is made."""

    name: str
    done: bool
    make: Callable[[], None]


def is_trained(checkpoint: Path) -> bool:
    """True when the checkpoint's schedule has come to its end."""
    if not checkpoint.exists():
        return False
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    return state["seconds"] >= state["config"]["minutes"] * 60


def make(steps: Iterable[Step]) -> None:
    """Makes each step in turn; whether one is done is seen when its turn comes."""
    for step in steps:
        print(f"== {step.name}{': done already' if step.done else ''}", flush=True)
        if not step.done:
            step.make()
