"""Do the readers' masks have the volume of the nodule? Their volume against what HU say, on training patients.

A voxel that is partly nodule has HU in between, so the sum of (HU - lung) / (nodule - lung) around a nodule is its
volume whatever the blur: on made balls of 4 to 20 mm it is right to 2 % (a test). It wants lung all around, so nodules
with more than a tenth of anything else in the shell from 1.8 to 4 mm are left out; so are those that aren't solid, that
hold calcium, or that end where the crop ends. The nodule's HU are the upper quartile of its inside; of nodules under
8 mm, which have no inside free of blur, 30 HU are taken.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..aliases import Record, Spacing
from ..data import cases, shared_data
from ..paths import DATA
from . import metrics, summary, tables
from .files import plain

REACH_MM = 2.0  # of what counts, in plane
SHELL_MM = (1.8, 4.0)
DENSE_HU, MOST_DENSE = -600.0, 0.1
SOLID = 4.5  # mean texture rating
LARGEST_MM, BLURRED_MM = 22.0, 8.0
SMALL_HU, HIGHEST_HU = 30.0, 120.0
SIZES_MM = (("3–6 mm", 3, 6), ("6–10 mm", 6, 10), ("10–22 mm", 10, 22))
NO_CALCIUM = 6  # LIDC's rating "absent"


@dataclass
class Options:
    """What is asked for."""

    out: Path  # folder for the table
    data: Path = DATA
    rounds: int = 1000  # bootstrap rounds of the intervals


@dataclass
class Volumes:
    """One nodule, mm3."""

    patient: str
    diameter_mm: float
    physical: float
    consensus: float  # of at least half of the readers
    reader: float  # mean of the readers
    unmarked: float  # share of the physical volume in slices that the consensus lacks
    middle: float  # consensus / physical in slices between the outermost two on each side; NaN with fewer than five


def volumes(hu: np.ndarray, readers: Sequence[np.ndarray], spacing_mm: Spacing, inside_hu: float) -> dict | None:
    """The figures of `Volumes`; None where the nodule isn't surrounded by lung. Masks [slice, row, column]."""
    union, consensus = np.any(readers, axis=0), 2 * np.sum(readers, axis=0) >= len(readers)
    away = ndimage.distance_transform_edt(~union, sampling=spacing_mm)
    shell = hu[(away > SHELL_MM[0]) & (away < SHELL_MM[1])]
    if not consensus.any() or shell.size < 30 or (shell > DENSE_HU).mean() > MOST_DENSE:
        return None
    lung = float(np.median(shell))
    part = np.clip((hu - lung) / (inside_hu - lung), -0.2, 1.0)
    # Beyond the marks too: a slice counts where one of its neighbours does.
    beside = ndimage.binary_dilation(union, np.ones((3, 1, 1)))
    reached = [ndimage.distance_transform_edt(~plane, sampling=spacing_mm[1:]) <= REACH_MM for plane in beside]
    near = np.stack(reached) & beside.any((1, 2), keepdims=True)
    physical, marked = (part * near).sum((1, 2)), consensus.sum((1, 2))
    if physical.sum() <= 0:
        return None
    slices = np.flatnonzero(marked)[1:-1] if (marked > 0).sum() >= 5 else []
    voxel = float(np.prod(spacing_mm))
    return {
        "physical": voxel * float(physical.sum()),
        "consensus": voxel * float(marked.sum()),
        "reader": voxel * float(np.mean([reader.sum() for reader in readers])),
        "unmarked": float(physical[marked == 0].sum() / physical.sum()),
        "middle": metrics.ratio(marked[slices].sum(), physical[slices].sum()) if len(slices) else float("nan"),
    }


def is_solid(record: Record) -> bool:
    ratings = [rating for rating in record["ratings"] or [] if rating]
    hard = all(rating["calcification"] == NO_CALCIUM for rating in ratings)
    return bool(ratings) and hard and cases.texture(ratings) >= SOLID


def nodule(data: Path, record: Record) -> Volumes | None:
    """One record of the index; None where it can't be compared."""
    case = cases.lidc_case(data / "lidc", record)
    before, after = shared_data.true_ends(data, record, case.hu)
    if not before or not after or not case.reference.any():
        return None
    hu = np.concatenate([*(end[None] for end in before), case.hu, *(end[None] for end in after)])
    readers = [np.pad(mask, ((len(before), len(after)), (0, 0), (0, 0))) for mask in case.readers]
    inside = SMALL_HU
    if case.diameter_mm >= BLURRED_MM:
        core = ndimage.binary_erosion(case.reference, np.ones((1, 3, 3)))
        inside = float(np.clip(np.percentile(case.hu[core], 75), 0, HIGHEST_HU)) if core.any() else SMALL_HU
    measured = volumes(hu, readers, case.spacing_mm, inside)
    return Volumes(case.patient, case.diameter_mm, **measured) if measured else None


# --- figures ----------------------------------------------------------------------------------------------------------


def ratio(rows: list[Volumes], field: str) -> float:
    """Geometric mean of a volume over the physical one."""
    return float(np.exp(summary.over_known(np.mean, [np.log(getattr(r, field) / r.physical) for r in rows])))


FIGURES = (
    ("consensus", "Consensus ÷ physical volume", lambda rows: ratio(rows, "consensus")),
    ("reader", "A reader's ÷ physical volume", lambda rows: ratio(rows, "reader")),
    ("middle", "– areas of the middle slices, consensus", lambda rows: summary.over_known(np.mean, [r.middle for r in rows])),
    ("unmarked", "Share in slices beyond the consensus", lambda rows: summary.over_known(np.mean, [r.unmarked for r in rows])),
)  # fmt: skip


def measure_contours(asked: Options) -> None:
    """Writes OUT/contours.md and OUT/contours.json."""
    records = [r for r in cases.lidc_records(asked.data, "train") if r["equivalent_diameter_mm"] <= LARGEST_MM]
    made = (nodule(asked.data, record) for record in records if is_solid(record))
    rows = [row for row in made if row]
    groups = [("all", rows), *summary.binned(rows, "diameter_mm", list(SIZES_MM))]
    figures = {
        words: {key: metrics.with_interval(some, of, asked.rounds) for key, _, of in FIGURES} for words, some in groups
    }
    body = [
        [words, str(len(some)), *(tables.cell(figures[words][key], 2) for key, *_ in FIGURES)] for words, some in groups
    ]
    text = tables.table(["Solid nodules", "n", *(words for _, words, _ in FIGURES)], body)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "contours.md").write_text(text + "\n")
    everything = plain({"figures": figures, "nodules": [asdict(row) for row in rows]})
    (asked.out / "contours.json").write_text(json.dumps(everything, indent=1) + "\n")
    print("\n" + text)
