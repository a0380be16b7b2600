"""What one nodule scores. How many nodules' scores become one figure: summary.py.

Two ways to count a label map against the readers' consensus: *touching* takes only the components that share a voxel
with the nodule (how good is the outline?); *all* takes every positive voxel of the crop (what does a false finding
cost?). A CT that was refused, or in which nothing was found, scores Dice 0.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..aliases import Record
from ..data.cases import Case
from . import agreement, metrics, roughness, spread
from .product import Result

HIT_DICE, GOOD_DICE, POOR_DICE = 0.0, 0.5, 0.7


@dataclass
class Score:
    """One nodule's figures; NaN where there is nothing to measure."""

    name: str
    patient: str
    diameter_mm: float
    refused: str | None
    dice_touching: float
    dice_all: float
    iou_touching: float
    iou_all: float
    hd95_mm: float
    true_positive: int  # voxels of the crop, all components
    false_positive: int
    false_negative: int
    true_negative: int
    bins: np.ndarray  # calibration_bins near the nodule
    uncertainty_wrong: tuple[float, int]  # sum and number of voxels near the nodule
    uncertainty_right: tuple[float, int]
    nodule: dict | None  # the entry of nodules.json that shares most voxels with the consensus
    volume_mm3: float  # of the consensus
    texture: float  # mean rating of the readers, 1 (ground glass) to 5 (solid); NaN where unknown
    agreement: dict | None  # agreement.compare with the readers; None with fewer than two
    slices: dict  # roughness.compare
    # spread.compare: the parts of the energy distance in each slice; None where the program wrote no samples' outlines.
    energy: list[tuple[float, float, float]] | None = None

    @property
    def hit(self) -> bool:
        return self.dice_touching > HIT_DICE


def score(case: Case, result: Result) -> Score:
    """Compares a `product.Result` with its `cases.Case`."""
    reference = case.reference
    labels = np.zeros(reference.shape, int) if result.refused else result.labels
    if labels.shape != reference.shape:
        raise ValueError(f"{case.name}: the label map is {labels.shape}, the CT {reference.shape}")
    found, near = labels > 0, metrics.neighbourhood(reference)
    outline = metrics.touching(labels, reference)
    wrong = near & (found != reference)
    return Score(
        name=case.name,
        patient=case.patient,
        diameter_mm=case.diameter_mm,
        refused=result.refused,
        dice_touching=metrics.dice(outline, reference),
        dice_all=metrics.dice(found, reference),
        iou_touching=metrics.iou(outline, reference),
        iou_all=metrics.iou(found, reference),
        hd95_mm=metrics.hd95(outline, reference, case.spacing_mm),
        true_positive=int((found & reference).sum()),
        false_positive=int((found & ~reference).sum()),
        false_negative=int((~found & reference).sum()),
        true_negative=int((~found & ~reference).sum()),
        bins=calibration(result, reference, near),
        uncertainty_wrong=uncertainty_sum(result, wrong),
        uncertainty_right=uncertainty_sum(result, near & ~wrong),
        nodule=best_entry(labels, reference, result.nodules),
        volume_mm3=float(reference.sum() * np.prod(case.spacing_mm)),
        texture=case.texture,
        agreement=agreement.compare(outline, case.readers),
        slices=roughness.compare(outline, case),
        energy=energy(case, result, labels),
    )


def energy(case: Case, result: Result, labels: np.ndarray) -> list[tuple[float, float, float]] | None:
    """None without samples' outlines or without readers; a refused CT has empty ones."""
    if not case.readers or (result.bits is None and not result.refused):
        return None
    bits = np.zeros(labels.shape, np.uint32) if result.refused else result.bits
    count = min(result.samples or spread.SAMPLES, spread.SAMPLES)
    shares = {nodule["id"]: nodule.get("readers_share") for nodule in result.nodules}
    return spread.compare(spread.outlines(bits, labels, count, case.spacing_mm, shares), case.readers)


def calibration(result: Result, reference: np.ndarray, near: np.ndarray) -> np.ndarray:
    if result.refused:
        return np.zeros((3, metrics.ECE_BINS))
    return metrics.calibration_bins(result.probability[near], reference[near])


def uncertainty_sum(result: Result, voxels: np.ndarray) -> tuple[float, int]:
    return (0.0, 0) if result.refused else (float(result.uncertainty[voxels].sum()), int(voxels.sum()))


def best_entry(labels: np.ndarray, reference: np.ndarray, nodules: list[Record]) -> Record | None:
    shared = np.bincount(labels[reference])
    shared[:1] = 0
    number = int(shared.argmax()) if shared.size and shared.any() else 0
    return next((entry for entry in nodules if entry["id"] == number), None)


def from_json(entry: Record) -> Score:
    """A `Score` out of evaluate.json, where null stands for NaN."""
    numbers = {field.name for field in fields(Score) if field.type is float}
    score = Score(
        **{key: nan_for_null(value) if key in numbers | {"slices"} else value for key, value in entry.items()}
    )
    score.bins = np.asarray(score.bins, float)
    return score


def nan_for_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: nan_for_null(item) for key, item in value.items()}
    return float("nan") if value is None else value
