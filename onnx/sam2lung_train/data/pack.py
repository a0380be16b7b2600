"""Packs the training data once, so that training reads arrays and nothing else."""

from pathlib import Path

from . import items, shared_data
from .originals.plan import Originals, plan


def pack(cache: Path, asked: Originals) -> None:
    """Writes CACHE/nodules.npz and CACHE/whole.npz.

    Of the shared data at `asked.data` where that is a folder, and of the originals that are asked for.

    # Raises UserError when neither gives a CT, or a file can't be read.
    """
    nodules, wholes = [], []
    originals = plan(asked)  # before the half minute of packing: most mistakes show here
    if asked.data.is_dir() or originals is None:
        nodules, wholes = shared_data.stacks(asked.data), shared_data.wholes(asked.data)
    if originals is not None:
        nodules, wholes = originals.added_to(nodules, wholes)
    cache.mkdir(parents=True, exist_ok=True)
    items.save(cache / items.NODULES, nodules)
    items.save(cache / items.WHOLES, wholes)
    print(summary(nodules, wholes))


def summary(nodules: list[items.Stack], wholes: list[items.Whole]) -> str:
    """How much there is, in one line."""
    develop = [s for s in nodules if s.develop]
    return (
        f"{len(nodules)} nodules of {len({s.patient for s in nodules})} patients, "
        f"{sum(s.calibrated for s in nodules)} with known HU; "
        f"development part: {len(develop)} of {len({s.patient for s in develop})}; {len(wholes)} whole CTs"
    )
