"""What the training reads: `Stack`s (one nodule each) and `Whole`s (whole CTs), packed once into files of arrays.

A tenth of the patients, chosen by a hash of the patient's name, is the development part (`develop`): no weight sees it,
thresholds and temperatures are chosen on it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..aliases import Spacing
from ..errors import UserError
from ..paths import CACHE

Item = TypeVar("Item")  # a dataclass of arrays and of what JSON takes

LOWEST_HU, HIGHEST_HU = -1100, 2000
DEVELOP_SHARE = 0.1
NODULES, WHOLES = "nodules.npz", "whole.npz"  # files of the cache


@dataclass
class Stack:
    """One nodule: crop in HU, what share of its readers marked each voxel, and what lies beyond its ends."""

    key: str
    patient: str
    develop: bool
    calibrated: bool  # HU known, not estimated
    hu: np.ndarray  # int16 (slices, 128, 128)
    votes: np.ndarray  # uint8, share of the active readers x 255
    marks: np.ndarray  # uint8, bit r where active reader r marked the voxel
    readers: int  # active readers
    caps: np.ndarray  # int16 (2, 128, 128): what a slice before the first and after the last may look like
    pixel_mm: float
    step_mm: float
    diameter_mm: float


@dataclass
class Whole:
    """One whole CT: what is no nodule, and votes where a lesion was outlined."""

    name: str
    hu: np.ndarray  # int16 [k, j, i]
    votes: np.ndarray  # uint8, share of the active readers x 255
    known: np.ndarray  # bool: may be learned from
    spacing_mm: tuple  # k, j, i
    # Voxels (N, 3) known before any training to look like nodules and be none.
    hard: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), int))


def as_marked(stack: Stack) -> tuple[np.ndarray, np.ndarray]:
    """HU and votes of the slices from the first to the last that some reader marked: a crop as `lidc` has it."""
    marked = np.flatnonzero(stack.votes.any((1, 2)))
    slices = slice(marked[0], marked[-1] + 1) if len(marked) else slice(None)
    return stack.hu[slices], stack.votes[slices]


def is_develop(patient: str) -> bool:
    """True for the development part: a fixed tenth of the patients."""
    digest = hashlib.sha256(f"sam2lung develop {patient}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < DEVELOP_SHARE * 2**32


def as_hu(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), LOWEST_HU, HIGHEST_HU).astype(np.int16)


# --- whole CTs --------------------------------------------------------------------------------------------------------


def hide(known: np.ndarray, voxel_ijk: Sequence[int] | np.ndarray, radius_mm: float, spacing_mm: Spacing) -> None:
    """Marks the ball around a voxel as not to be learned from."""
    centre = voxel_ijk[::-1]
    reach = [int(np.ceil(radius_mm / s)) for s in spacing_mm]
    box = tuple(slice(max(c - r, 0), min(c + r + 1, n)) for c, r, n in zip(centre, reach, known.shape))
    axes = np.ogrid[box]
    distance = sum(((axis - c) * s) ** 2 for axis, c, s in zip(axes, centre, spacing_mm))
    known[box] &= distance > radius_mm**2


# --- files ------------------------------------------------------------------------------------------------------------


def save(path: Path, items: Sequence[Any]) -> None:
    """Items of one dataclass as an .npz: arrays apart, the rest as JSON."""
    arrays, facts = {}, []
    for n, item in enumerate(items):
        fields = vars(item)
        arrays |= {f"{n}.{name}": value for name, value in fields.items() if isinstance(value, np.ndarray)}
        facts.append({name: value for name, value in fields.items() if not isinstance(value, np.ndarray)})
    partial = path.with_suffix(".part.npz")
    np.savez(partial, facts=json.dumps(facts), **arrays)
    partial.replace(path)


def load(path: Path, kind: type[Item]) -> list[Item]:
    """What `save` wrote."""
    if not path.exists():
        raise UserError(f"{path} is missing: run sam2lung-train pack-data")
    with np.load(path) as stored:
        facts = json.loads(str(stored["facts"]))
        items = [dict(f) for f in facts]
        for name in stored.files:
            if name != "facts":
                n, field = name.split(".")
                items[int(n)][field] = stored[name]
    return [kind(**item) for item in items]


def load_stacks(cache: Path = CACHE) -> list[Stack]:
    return load(Path(cache) / NODULES, Stack)


def load_wholes(cache: Path = CACHE) -> list[Whole]:
    return load(Path(cache) / WHOLES, Whole)
