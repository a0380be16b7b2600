"""What is measured of an outline, of its probabilities and of its uncertainty.

Masks are bool arrays [slice, row, column]; spacings are mm in the same order. A figure that has no meaning for
its input (a surface distance to nothing) is NaN, never a number that looks like a result.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage
from scipy.stats import rankdata

from ..aliases import Record, Spacing

ECE_BINS = 15


def dice(found: np.ndarray, reference: np.ndarray) -> float:
    """2 |A and B| / (|A| + |B|). 0 when one is empty, NaN when both are."""
    total = int(found.sum()) + int(reference.sum())
    return 2 * int((found & reference).sum()) / total if total else float("nan")


def iou(found: np.ndarray, reference: np.ndarray) -> float:
    """|A and B| / |A or B|. 0 when one is empty, NaN when both are."""
    union = int((found | reference).sum())
    return int((found & reference).sum()) / union if union else float("nan")


def touching(labels: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The components of a label map that share a voxel with the reference, each as a whole."""
    numbers = np.unique(labels[reference])
    return np.isin(labels, numbers[numbers > 0])


def surface(mask: np.ndarray) -> np.ndarray:
    """Voxels of the mask with a face on something else; what lies beyond the array counts as something else."""
    return mask & ~ndimage.binary_erosion(mask, border_value=0)


def hd95(found: np.ndarray, reference: np.ndarray, spacing_mm: Spacing) -> float:
    """95 % Hausdorff distance in mm: the larger of the two directed 95th percentiles of surface distances.

    NaN when either is empty.
    """
    if not found.any() or not reference.any():
        return float("nan")
    both = found | reference
    box = tuple(slice(max(0, s.start - 1), s.stop + 1) for s in ndimage.find_objects(both.astype(np.uint8))[0])
    a, b = surface(found[box]), surface(reference[box])
    to_b = ndimage.distance_transform_edt(~b, sampling=spacing_mm)[a]
    to_a = ndimage.distance_transform_edt(~a, sampling=spacing_mm)[b]
    return float(max(np.percentile(to_b, 95), np.percentile(to_a, 95)))


def neighbourhood(reference: np.ndarray, voxels: int = 5) -> np.ndarray:
    """Voxels within `voxels` voxel steps (straight-line, counted in voxels) of the reference, itself included.

    Calibration is measured here: over a whole volume the air far away would drown everything else.
    """
    return ndimage.distance_transform_edt(~reference) <= voxels


def calibration_bins(probability: np.ndarray, truth: np.ndarray, bins: int = ECE_BINS) -> np.ndarray:
    """(3, bins): number of voxels, sum of probabilities, number of true ones. Bins of several cases add up."""
    index = np.minimum((probability * bins).astype(int), bins - 1)
    sums = (np.bincount(index, weights, minlength=bins) for weights in (None, probability, truth.astype(float)))
    return np.stack([np.asarray(s, float) for s in sums])


def ece(bins: np.ndarray) -> float:
    """Expected calibration error of `calibration_bins`: mean |probability - truth| of bins, weighed by voxels."""
    count, probability, truth = bins
    return float(np.abs(probability - truth).sum() / count.sum()) if count.sum() else float("nan")


def auroc(score: Sequence[float] | np.ndarray, positive: Sequence[bool] | np.ndarray) -> float:
    """Chance that a positive has the higher score than a negative, ties counted half. NaN without both kinds."""
    score, positive = np.asarray(score, float), np.asarray(positive, bool)
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def ratio(numerator: float, denominator: float) -> float:
    """numerator / denominator; NaN for a denominator of 0."""
    return float(numerator) / float(denominator) if denominator else float("nan")


def bootstrap_by_patient(
    cases: list, statistic: Callable[[list], float], rounds: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of `statistic(cases)` when whole patients are drawn again with replacement.

    Cases carry `.patient`. Nodules of one patient are alike; drawing nodules would make the interval too narrow.
    """
    by_patient = defaultdict(list)
    for case in cases:
        by_patient[case.patient].append(case)
    groups = list(by_patient.values())
    random = np.random.default_rng(seed)
    drawn = (random.integers(len(groups), size=len(groups)) for _ in range(rounds))
    values = np.array([statistic([case for g in draw for case in groups[g]]) for draw in drawn])
    values = values[~np.isnan(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def with_interval(cases: list, statistic: Callable[[list], float], rounds: int = 1000) -> Record:
    """{"value", "ci95": [low, high]} of `statistic(cases)`; without cases both say nothing."""
    if not cases:
        return {"value": float("nan"), "ci95": (float("nan"), float("nan"))}
    return {"value": statistic(cases), "ci95": bootstrap_by_patient(cases, statistic, rounds)}
