"""Free-response curve: how many nodules are found, at how many false findings a scan.

Each finding has a probability of being a nodule. Lowering the threshold finds more nodules and more of the rest:
sensitivity (share of all lesions) against false findings a scan. As in LUNA16 (Setio et al., Medical Image Analysis 42,
2017): a lesion has the highest probability of the findings that hit it; findings at places that don't count either way
are left out beforehand; sensitivity is read by linear interpolation at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false findings a
scan; the mean of these seven is the CPM. Beyond the curve's end the sensitivity stays what it was there: no threshold
gives more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..aliases import Record
from . import metrics

RATES = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8)


@dataclass
class Scan:
    """One CT's findings, sorted into hits and others."""

    name: str
    patient: str
    lesions: list = field(
        default_factory=list
    )  # for each lesion: probability of its best finding, None if there is none
    false: list = field(default_factory=list)  # probability of each false finding


def hits(scans: list[Scan]) -> list[float]:
    return [p for scan in scans for p in scan.lesions if p is not None]


def lesions(scans: list[Scan]) -> int:
    return sum(len(scan.lesions) for scan in scans)


def at_threshold(scans: list[Scan], threshold: float) -> tuple[float, float]:
    """(false findings a scan, sensitivity) when findings below the threshold are dropped."""
    false = sum(p >= threshold for scan in scans for p in scan.false)
    return metrics.ratio(false, len(scans)), metrics.ratio(sum(p >= threshold for p in hits(scans)), lesions(scans))


def curve(scans: list[Scan]) -> tuple[np.ndarray, np.ndarray]:
    """(false findings a scan, sensitivity), arrays from the strictest threshold to none; both start at 0."""
    right, wrong = np.sort(hits(scans)), np.sort([p for scan in scans for p in scan.false])
    thresholds = np.unique(np.concatenate([right, wrong]))[::-1]
    false, found = (np.append(0, p.size - np.searchsorted(p, thresholds)) for p in (wrong, right))
    return false / max(len(scans), 1), found / max(lesions(scans), 1)


def sensitivities(scans: list[Scan], rates: Sequence[float] = RATES) -> np.ndarray:
    """Sensitivity at each rate of false findings a scan; NaN without lesions."""
    if not lesions(scans):
        return np.full(len(rates), np.nan)
    return np.interp(rates, *curve(scans))


def cpm(scans: list[Scan]) -> float:
    """Mean sensitivity at the seven rates."""
    return float(sensitivities(scans).mean())


def summary(scans: list[Scan], threshold: float | None = None, rounds: int = 1000) -> Record:
    """Curve, sensitivities, CPM; intervals by patient. `threshold`: where the product stands."""
    points = {
        rate: metrics.with_interval(scans, lambda s: float(sensitivities(s, [rate])[0]), rounds) for rate in RATES
    }
    false, found = curve(scans)
    return {
        "scans": len(scans),
        "lesions": lesions(scans),
        "false_per_scan": false,
        "sensitivity": found,
        "points": [{"false_per_scan": rate, **figure} for rate, figure in points.items()],
        "cpm": metrics.with_interval(scans, cpm, rounds),
        "threshold": threshold,
        "product": None if threshold is None else at_threshold(scans, threshold),
    }
