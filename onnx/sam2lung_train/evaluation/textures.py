"""Does the library's rule of texture say what radiologists say? The rule on the readers' consensus outlines of training
patients, against the mean of their texture ratings.

The rule is that of `src/findings/density.rs`, in NumPy: the library measures its own outlines, here the outlines are the
readers'. A rating of 2 or less is ground glass, of 4 or more solid, between them part-solid. The rule's reach of a blurred
edge and its share of ground glass were chosen on these nodules, its threshold and its least solid share were not.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..aliases import Spacing
from ..data import cases
from ..paths import DATA
from . import agreement, tables

SOLID_ABOVE_HU, MIN_SOLID_SHARE = -300.0, 0.06
RIM_MM, MAX_GLASS_SHARE = 1.0, 0.2
TEXTURES = ("ground glass", "part-solid", "solid")
LARGE_MM = 8.0


@dataclass
class Options:
    """What is asked for."""

    out: Path  # folder for the table
    data: Path = DATA


@dataclass
class Compared:
    """One nodule."""

    diameter_mm: float
    readers: str
    rule: str


def texture(hu: np.ndarray, outline: np.ndarray, spacing_mm: Spacing) -> str:
    """The rule's word for an outline with a voxel; arrays and spacing are slice, row, column."""
    solid = outline & (hu > SOLID_ABOVE_HU)
    labels, count = ndimage.label(solid)
    part = np.bincount(labels.ravel())[1:].max() if count else 0
    if part / outline.sum() < MIN_SOLID_SHARE:
        return "ground glass"
    # One voxel is never too far, however thick the slices are.
    away = ndimage.distance_transform_edt(~solid, sampling=np.minimum(spacing_mm, RIM_MM))
    glass = (outline & (away > RIM_MM + 1e-3)).sum()
    return "part-solid" if glass / outline.sum() > MAX_GLASS_SHARE else "solid"


def in_words(rating: float) -> str:
    """A mean rating of 1 to 5."""
    return TEXTURES[0] if rating <= 2 else TEXTURES[2] if rating >= 4 else TEXTURES[1]


def counts(rows: list[Compared]) -> np.ndarray:
    """How often readers (rows) and rule (columns) say which texture."""
    found = Counter((row.readers, row.rule) for row in rows)
    return np.array([[found[readers, rule] for rule in TEXTURES] for readers in TEXTURES])


def compare_textures(asked: Options) -> None:
    """Writes OUT/textures.md and OUT/textures.json."""
    rows = []
    for record in cases.lidc_records(asked.data, "train"):
        case = cases.lidc_case(asked.data / "lidc", record)
        if np.isfinite(case.texture) and case.reference.any():
            rule = texture(case.hu, case.reference, case.spacing_mm)
            rows.append(Compared(case.diameter_mm, in_words(case.texture), rule))
    groups = {"all": rows, f"{LARGE_MM:.0f} mm and more": [row for row in rows if row.diameter_mm >= LARGE_MM]}
    found = {words: counts(some) for words, some in groups.items()}
    body = [
        [words, readers, *(str(n) for n in row), f"{row[n] / max(row.sum(), 1):.2f}", f"{agreement.kappa(table):.2f}"]
        for words, table in found.items()
        for n, (readers, row) in enumerate(zip(TEXTURES, table))
    ]
    heads = ["Nodules", "readers say", *(f"rule: {words}" for words in TEXTURES), "share that agrees", "κ of the group"]
    text = tables.table(heads, body)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "textures.md").write_text(text + "\n")
    figures = {words: {"counts": table.tolist(), "kappa": agreement.kappa(table)} for words, table in found.items()}
    (asked.out / "textures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print("\n" + text)
