"""How many nodules' scores become one figure with its interval.

A statistic is a function of a list of `scores.Score`; where it has nothing to say it is NaN. FIGURES lists what goes
into the table, in its order.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf

import numpy as np

from ..aliases import Record
from . import metrics, risk, spread
from .scores import GOOD_DICE, POOR_DICE, Score

# Crops end where the readers' marks end, so most nodules reach the crop's first or last slice: that reason for a
# review says something about the crop, not about the nodule, and isn't counted.
CROP_REASON = "touches the edge"


def mean(scores: list[Score], field: str) -> float:
    return over_known(np.mean, [getattr(s, field) for s in scores])


def median(scores: list[Score], field: str) -> float:
    return over_known(np.median, [getattr(s, field) for s in scores])


def over_known(statistic: Callable[[list[float]], float], values: Iterable[float]) -> float:
    """`statistic` of the values that are numbers; NaN when none is."""
    known = [value for value in values if not np.isnan(value)]
    return float(statistic(known)) if known else float("nan")


def share(values: Iterable[bool]) -> float:
    values = list(values)
    return metrics.ratio(sum(values), len(values))


def sensitivity(scores: list[Score]) -> float:
    hit = sum(s.true_positive for s in scores)
    return metrics.ratio(hit, hit + sum(s.false_negative for s in scores))


def specificity(scores: list[Score]) -> float:
    right = sum(s.true_negative for s in scores)
    return metrics.ratio(right, right + sum(s.false_positive for s in scores))


def bins_pooled(scores: list[Score]) -> np.ndarray:
    return sum(np.asarray(s.bins) for s in scores)


def ece_pooled(scores: list[Score]) -> float:
    return metrics.ece(bins_pooled(scores))


def ece_per_nodule(scores: list[Score]) -> float:
    return over_known(np.mean, [metrics.ece(s.bins) for s in scores if s.bins[0].sum()])


def uncertainty_ratio(scores: list[Score]) -> float:
    """Mean uncertainty of wrong voxels over that of right ones, pooled."""
    wrong, right = (np.sum([getattr(s, f"uncertainty_{kind}") for s in scores], axis=0) for kind in ("wrong", "right"))
    return metrics.ratio(metrics.ratio(*wrong), metrics.ratio(*right))


def found(scores: list[Score]) -> list[Score]:
    return [s for s in scores if s.nodule]


# --- uncertainty ------------------------------------------------------------------------------------------------------

# What nodules.json says of a nodule, as an uncertainty: more is worse. Older results lack expected_dice, and a bundle
# may.
UNCERTAINTIES = {
    "expected_dice": lambda value: 1 - value,
    "sample_dice": lambda value: 1 - value,
    "uncertainty_mean": lambda value: value,
}


def uncertain(scores: list[Score], field: str) -> tuple[np.ndarray, np.ndarray]:
    """(uncertainty, Dice) of each found nodule whose uncertainty is known."""
    known = [s for s in found(scores) if s.nodule.get(field) is not None]
    uncertainty = np.array([UNCERTAINTIES[field](s.nodule[field]) for s in known], float)
    return uncertainty, np.array([s.dice_touching for s in known], float)


def uncertainty_auroc(scores: list[Score], field: str) -> float:
    """How well an uncertainty tells a poor outline (Dice below 0.7) among the nodules that were found."""
    uncertainty, dice = uncertain(scores, field)
    return metrics.auroc(uncertainty, dice < POOR_DICE)


def uncertainty_aurc(scores: list[Score], field: str) -> float:
    uncertainty, dice = uncertain(scores, field)
    return risk.aurc(uncertainty, 1 - dice)


def uncertainty_e_aurc(scores: list[Score], field: str) -> float:
    uncertainty, dice = uncertain(scores, field)
    return risk.e_aurc(uncertainty, 1 - dice)


# --- volumes ----------------------------------------------------------------------------------------------------------


def interval(nodule: Record, samples: bool = False) -> Sequence[float]:
    """(p05, p95) in mm3 as shown, or of the dropout samples alone. Older results show the samples' own."""
    own = [nodule.get(f"sample_volume_mm3_{end}") for end in ("p05", "p95")]
    if samples and None not in own:
        return own
    return nodule["volume_mm3_p05"], nodule["volume_mm3_p95"]


def interval_coverage(scores: list[Score], samples: bool = False) -> float:
    """Share of found nodules whose consensus volume lies in the interval."""
    bounds = [(*interval(s.nodule, samples), s.volume_mm3) for s in found(scores)]
    return share(low <= volume <= high for low, high, volume in bounds)


def interval_width(scores: list[Score], samples: bool = False) -> float:
    """Median of p95 / p05: a wide interval holds everything and says nothing."""
    widths = [high / low if low > 0 else inf for low, high in (interval(s.nodule, samples) for s in found(scores))]
    return over_known(np.median, widths)


def broken_intervals(scores: list[Score]) -> int:
    """Found nodules whose interval leaves out the outline's own volume, or begins or ends at 0."""
    bounds = [(*interval(s.nodule), s.nodule["volume_mm3"]) for s in found(scores)]
    return sum(not 0 < low <= own <= high for low, high, own in bounds)


def samples_median_ratio(scores: list[Score]) -> float:
    """Geometric mean of the median of the samples' volumes over the outline's volume, where the median isn't 0."""
    medians = [
        (float(np.median(volumes)), s.nodule["volume_mm3"])
        for s in found(scores)
        if (volumes := s.nodule.get("sample_volumes_mm3"))
    ]
    return float(np.exp(over_known(np.mean, [np.log(median / own) for median, own in medians if median > 0])))


def volume_ratio(scores: list[Score]) -> float:
    """Geometric mean of our volume over the consensus volume, found nodules."""
    return float(np.exp(over_known(np.mean, log_ratios(scores))))


def log_ratios(scores: list[Score]) -> list[float]:
    return [float(np.log(s.nodule["volume_mm3"] / s.volume_mm3)) for s in found(scores)]


def review_rate(scores: list[Score]) -> float:
    return share(any(not r.startswith(CROP_REASON) for r in s.nodule["review_reasons"]) for s in found(scores))


# --- slices -----------------------------------------------------------------------------------------------------------


def across_slices(scores: list[Score], measure: str, who: str) -> float:
    """Mean step or roughness of "ours", the "consensus" or a single "reader", over nodules where all three have one."""
    kinds = ("ours", "consensus", "reader")
    known = [s.slices[measure] for s in scores if not np.isnan([s.slices[measure][kind] for kind in kinds]).any()]
    return over_known(np.mean, [figures[who] for figures in known])


# --- samples and readers ----------------------------------------------------------------------------------------------


def energy_parts(scores: list[Score]) -> np.ndarray:
    """(slices, 3): `spread.energy` of every slice; none where the program wrote no samples' outlines."""
    parts = [slice_ for s in scores for slice_ in s.energy or []]
    return np.asarray(parts, float).reshape(-1, 3)


def energy_distance(scores: list[Score]) -> float:
    """Mean of slices, as published: a nodule weighs as much as it has slices."""
    return over_known(np.mean, [spread.distance(parts) for parts in energy_parts(scores)])


def energy_part(scores: list[Score], part: int) -> float:
    return over_known(np.mean, energy_parts(scores)[:, part])


# Key, words of the table, decimals, whether it gets an interval, function of a list of scores.
FIGURES = [
    ("nodules", "Nodules", 0, False, len),
    ("patients", "Patients", 0, False, lambda s: len({x.patient for x in s})),
    ("refused", "CTs refused", 0, False, lambda s: sum(x.refused is not None for x in s)),
    (
        "dice_touching_mean",
        "3-D Dice of components touching the nodule, mean",
        3,
        True,
        lambda s: mean(s, "dice_touching"),
    ),
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
    ("ece_per_nodule", "ECE near nodules, mean of nodules", 3, True, ece_per_nodule),
    ("uncertainty_ratio", "Mean uncertainty of wrong voxels ÷ of right ones", 2, True, uncertainty_ratio),
    (
        "auroc_expected_dice",
        "AUROC of a nodule's uncertainty (1 − expected_dice) for an outline with Dice < 0.7",
        3,
        True,
        lambda s: uncertainty_auroc(s, "expected_dice"),
    ),
    ("auroc_sample_dice", "– of 1 − sample_dice", 3, True, lambda s: uncertainty_auroc(s, "sample_dice")),
    ("auroc_uncertainty", "– of uncertainty_mean", 3, True, lambda s: uncertainty_auroc(s, "uncertainty_mean")),
    (
        "aurc_expected_dice",
        "AURC, loss 1 − Dice, by a nodule's uncertainty",
        3,
        True,
        lambda s: uncertainty_aurc(s, "expected_dice"),
    ),
    (
        "e_aurc_expected_dice",
        "– beyond the best order (E-AURC)",
        3,
        True,
        lambda s: uncertainty_e_aurc(s, "expected_dice"),
    ),
    ("aurc_sample_dice", "AURC by 1 − sample_dice", 3, True, lambda s: uncertainty_aurc(s, "sample_dice")),
    ("e_aurc_sample_dice", "– beyond the best order (E-AURC)", 3, True, lambda s: uncertainty_e_aurc(s, "sample_dice")),
    ("interval_coverage", "Consensus volume inside the 90 % interval", 3, True, interval_coverage),
    ("interval_width", "– width: median of p95 ÷ p05", 2, True, interval_width),
    (
        "sample_coverage",
        "Consensus volume inside the samples' own interval",
        3,
        True,
        lambda s: interval_coverage(s, True),
    ),
    ("sample_width", "– width: median of p95 ÷ p05", 2, True, lambda s: interval_width(s, True)),
    ("broken_intervals", "Intervals without the outline's volume, or from or to 0", 0, False, broken_intervals),
    ("samples_median", "Median of the samples' volumes ÷ volume, geometric mean", 3, True, samples_median_ratio),
    (
        "energy_distance",
        "Generalised energy distance, 16 samples against four readers, a slice",
        3,
        True,
        energy_distance,
    ),
    ("energy_samples", "– 1 − IoU of two samples", 3, True, lambda s: energy_part(s, 1)),
    ("energy_readers", "– 1 − IoU of two readers", 3, True, lambda s: energy_part(s, 2)),
    ("volume_ratio", "Volume ÷ consensus volume, geometric mean", 3, True, volume_ratio),
    ("review_rate", "Found nodules flagged for review", 3, True, review_rate),
]


def summary(scores: list[Score], rounds: int = 1000) -> dict[str, Record]:
    """Every figure as {"value": …, "ci95": [low, high] or null}."""
    figures = {}
    for key, _, _, has_interval, statistic in FIGURES:
        drawn = has_interval and bool(scores)
        figures[key] = (
            metrics.with_interval(scores, statistic, rounds) if drawn else {"value": statistic(scores), "ci95": None}
        )
    return figures


def slices_summary(scores: list[Score], rounds: int = 1000) -> dict[str, dict[str, Record]]:
    """For "step" and "roughness": ours, consensus, a single reader, and our difference to both, with intervals."""
    table = {}
    for measure in ("step", "roughness"):
        parts = {who: lambda s, who=who: across_slices(s, measure, who) for who in ("ours", "consensus", "reader")}
        for who in ("consensus", "reader"):
            parts[f"ours_minus_{who}"] = lambda s, who=who: parts["ours"](s) - parts[who](s)
        table[measure] = {name: metrics.with_interval(scores, part, rounds) for name, part in parts.items()}
    return table


def click_summary(automatic: list[Score], clicked: list[Score]) -> dict[str, Record]:
    """What a click changes, nodule by nodule: of all, of those that the automatic run missed, of poorly outlined ones."""
    by_name = {s.name: s for s in clicked}
    pairs = [(s, by_name[s.name]) for s in automatic if s.name in by_name]
    groups = {
        "all": pairs,
        "missed": [pair for pair in pairs if not pair[0].hit],
        "poor": [pair for pair in pairs if pair[0].hit and pair[0].dice_touching < POOR_DICE],
    }
    return {name: click_group(members) for name, members in groups.items()}


def click_group(pairs: list[tuple[Score, Score]]) -> Record:
    before, after = ([pair[n] for pair in pairs] for n in (0, 1))
    return {
        "nodules": len(pairs),
        "before": mean(before, "dice_touching"),
        "after": mean(after, "dice_touching"),
        "hit": sum(s.hit for s in after),
        "good": sum(s.dice_touching >= GOOD_DICE for s in after),
    }


DIAMETER_BINS_MM = [("< 6 mm", 0, 6), ("6–10 mm", 6, 10), ("10–20 mm", 10, 20), ("> 20 mm", 20, inf)]
# LIDC rates 1 ground glass, 3 part-solid, 5 solid; the mean of readers goes to the nearest rating, halves up.
TEXTURE_BINS = [("ground glass (1–2)", 0, 2.5), ("part-solid (3–4)", 2.5, 4.5), ("solid (5)", 4.5, inf)]


def by_diameter(scores: list[Score]) -> list[tuple[str, list[Score]]]:
    """(words of the bin, its scores), low end included."""
    return binned(scores, "diameter_mm", DIAMETER_BINS_MM)


def by_texture(scores: list[Score]) -> list[tuple[str, list[Score]]]:
    """(words of the bin, its scores), low end included; without nodules that nobody rated."""
    return binned(scores, "texture", TEXTURE_BINS)


def binned(scores: list[Score], field: str, bins: list[tuple[str, float, float]]) -> list[tuple[str, list[Score]]]:
    return [(words, [s for s in scores if low <= getattr(s, field) < high]) for words, low, high in bins]
