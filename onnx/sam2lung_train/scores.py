"""What one nodule scores, and how many nodules' scores become one figure with its interval.

Two ways to count a label map against the readers' consensus: *touching* takes only the components that share a voxel with
the nodule (how good is the outline?); *all* takes every positive voxel of the crop (what does a false finding cost?).
A CT that was refused, or in which nothing was found, scores Dice 0.
"""

from dataclasses import dataclass

import numpy as np

from . import metrics

HIT_DICE, GOOD_DICE, POOR_DICE = 0.0, 0.5, 0.7
# Crops end where the readers' marks end, so most nodules reach the crop's first or last slice: that reason for a
# review says something about the crop, not about the nodule, and isn't counted.
CROP_REASON = "touches the edge"


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

    @property
    def hit(self):
        return self.dice_touching > HIT_DICE


def score(case, result):
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
    )


def calibration(result, reference, near):
    if result.refused:
        return np.zeros((3, metrics.ECE_BINS))
    return metrics.calibration_bins(result.probability[near], reference[near])


def uncertainty_sum(result, voxels):
    return (0.0, 0) if result.refused else (float(result.uncertainty[voxels].sum()), int(voxels.sum()))


def best_entry(labels, reference, nodules):
    shared = np.bincount(labels[reference])
    shared[:1] = 0
    number = int(shared.argmax()) if shared.size and shared.any() else 0
    return next((entry for entry in nodules if entry["id"] == number), None)


# --- many nodules to one figure ---------------------------------------------------------------------------------------


def mean(scores, field):
    return float(np.nanmean([getattr(s, field) for s in scores])) if has_numbers(scores, field) else float("nan")


def median(scores, field):
    return float(np.nanmedian([getattr(s, field) for s in scores])) if has_numbers(scores, field) else float("nan")


def has_numbers(scores, field):
    return any(not np.isnan(getattr(s, field)) for s in scores)


def share(values):
    values = list(values)
    return metrics.ratio(sum(values), len(values))


def sensitivity(scores):
    hit = sum(s.true_positive for s in scores)
    return metrics.ratio(hit, hit + sum(s.false_negative for s in scores))


def specificity(scores):
    right = sum(s.true_negative for s in scores)
    return metrics.ratio(right, right + sum(s.false_positive for s in scores))


def ece_pooled(scores):
    return metrics.ece(sum(s.bins for s in scores))


def ece_a_nodule(scores):
    return metrics.ratio(*np.sum([(metrics.ece(s.bins), 1) for s in scores if s.bins[0].sum()] or [(0, 0)], axis=0))


def doubt_ratio(scores):
    """Mean uncertainty of wrong voxels over that of right ones, pooled."""
    wrong, right = (np.sum([getattr(s, f"uncertainty_{kind}") for s in scores], axis=0) for kind in ("wrong", "right"))
    return metrics.ratio(metrics.ratio(*wrong), metrics.ratio(*right))


def found(scores):
    return [s for s in scores if s.nodule]


def doubt_auroc(scores, doubt):
    """How well `doubt(entry)` tells a poor outline (Dice below 0.7) among the nodules that were found."""
    entries = found(scores)
    return metrics.auroc([doubt(s.nodule) for s in entries], [s.dice_touching < POOR_DICE for s in entries])


def interval_coverage(scores):
    """Share of found nodules whose consensus volume lies in the interval of volumes over samples."""
    return share(s.nodule["volume_mm3_p05"] <= s.volume_mm3 <= s.nodule["volume_mm3_p95"] for s in found(scores))


def review_rate(scores):
    return share(any(not r.startswith(CROP_REASON) for r in s.nodule["review_reasons"]) for s in found(scores))


# Key, words of the table, decimals, whether more of it gets an interval, function of a list of scores.
FIGURES = [
    ("nodules", "Nodules", 0, False, len),
    ("patients", "Patients", 0, False, lambda s: len({x.patient for x in s})),
    ("refused", "CTs refused", 0, False, lambda s: sum(x.refused is not None for x in s)),
    ("dice_touching_mean", "3-D Dice of components touching the nodule, mean", 3, True, lambda s: mean(s, "dice_touching")),
    ("dice_touching_median", "– median", 3, True, lambda s: median(s, "dice_touching")),
    ("dice_all_mean", "3-D Dice of all positive voxels of the crop, mean", 3, True, lambda s: mean(s, "dice_all")),
    ("dice_all_median", "– median", 3, True, lambda s: median(s, "dice_all")),
    ("iou_touching_mean", "IoU of components touching the nodule, mean", 3, True, lambda s: mean(s, "iou_touching")),
    ("iou_all_mean", "IoU of all positive voxels, mean", 3, True, lambda s: mean(s, "iou_all")),
    ("hd95_median_mm", "HD95 of hit nodules in mm, median", 2, True, lambda s: median(s, "hd95_mm")),
    ("hd95_mean_mm", "– mean", 2, True, lambda s: mean(s, "hd95_mm")),
    ("hit", "Nodules hit (Dice > 0)", 3, True, lambda s: share(x.hit for x in s)),
    ("good", "Nodules outlined well (Dice ≥ 0.5)", 3, True, lambda s: share(x.dice_touching >= GOOD_DICE for x in s)),
    ("sensitivity", "Sensitivity, voxels of the crop", 3, True, sensitivity),
    ("specificity", "Specificity, voxels of the crop", 4, True, specificity),
    ("ece_pooled", "ECE near nodules, voxels pooled", 3, True, ece_pooled),
    ("ece_a_nodule", "ECE near nodules, mean of nodules", 3, True, ece_a_nodule),
    ("doubt_ratio", "Mean uncertainty of wrong voxels ÷ of right ones", 2, True, doubt_ratio),
    (
        "auroc_sample_dice",
        "AUROC of 1 − sample_dice for an outline with Dice < 0.7",
        3,
        True,
        lambda s: doubt_auroc(s, lambda entry: 1 - entry["sample_dice"]),
    ),
    (
        "auroc_uncertainty",
        "AUROC of uncertainty_mean for an outline with Dice < 0.7",
        3,
        True,
        lambda s: doubt_auroc(s, lambda entry: entry["uncertainty_mean"]),
    ),
    ("interval_coverage", "Consensus volume inside [p05, p95]", 3, True, interval_coverage),
    ("review_rate", "Found nodules flagged for review", 3, True, review_rate),
]


def summary(scores, rounds=1000):
    """Every figure as {"value": …, "ci95": [low, high] or null}."""
    figures = {}
    for key, _, _, with_interval, statistic in FIGURES:
        interval = metrics.bootstrap_by_patient(scores, statistic, rounds) if with_interval and scores else None
        figures[key] = {"value": statistic(scores), "ci95": interval}
    return figures


DIAMETER_BINS_MM = [("< 6 mm", 0, 6), ("6–10 mm", 6, 10), ("10–20 mm", 10, 20), ("> 20 mm", 20, float("inf"))]


def by_diameter(scores):
    """(words of the bin, its scores), low end included."""
    return [(words, [s for s in scores if low <= s.diameter_mm < high]) for words, low, high in DIAMETER_BINS_MM]
