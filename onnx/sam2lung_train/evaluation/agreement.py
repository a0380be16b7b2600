"""Agreement as in a reader study: ours with each reader, as each reader with the others.

For every nodule with at least two readers' outlines. On each measure both sides have the same references:

- *Dice, pairwise*: our outline with each reader; each reader with each other reader.
- *Dice with the others' consensus*: for each reader r, what at least half of the other readers marked; ours with it, r
  with it.
- *kappa on voxels*: Cohen's kappa (Educ. Psychol. Meas. 20, 1960) on the voxels within 5 voxels of what any reader
  marked, pairwise.
- *Dice >= 0.7 with the others' consensus*: how often, by the second measure's Dices.
- *kappa on that question*: for each two readers r and s, the consensus of the readers other than both is asked about;
  each of us, r and s has a yes or no. kappa of us with r and with s, and of r with s. Takes three readers. Which reader
  is which says nothing across nodules, so r with s counts in both orders. Each nodule weighs the same.

"Our outline" is the components that touch the consensus of all readers. A nodule that we missed counts with Dice and
kappa 0; a reader who marked nothing isn't in the data, so the comparison favours the readers there.

The verdict is that of a non-inferiority trial: the difference ours - readers', its 95 % interval by patient, and a
margin that was fixed beforehand. "As well as" is *true* when the interval's lower end is above -margin, *false* when
its upper end is below -margin, else *not shown*; with fewer than 20 patients always *not shown*. The sentence is
decided by pairwise Dice; the other measures have a verdict each, to be read beside it.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations

import numpy as np

from ..aliases import Record
from . import metrics

MARGIN = 0.05
FEWEST_PATIENTS = 20  # a bootstrap over fewer gives intervals that are too narrow
GOOD_DICE = 0.7
TRUE, FALSE, NOT_SHOWN = "true", "false", "not shown"


def compare(outline: np.ndarray, readers: Sequence[np.ndarray]) -> Record | None:
    """One nodule's figures of both sides; None with fewer than two readers."""
    if len(readers) < 2:
        return None
    near = metrics.neighbourhood(np.logical_or.reduce(readers))
    pairs = list(combinations(readers, 2))
    others = [consensus(without(readers, {r})) for r in range(len(readers))]
    ours_others = [metrics.dice(outline, other) for other in others]
    reader_others = [metrics.dice(reader, other) for reader, other in zip(readers, others)]
    ours_asked, readers_asked = asked(outline, readers)
    return {
        "readers": len(readers),
        "dice": (mean(metrics.dice(outline, r) for r in readers), mean(metrics.dice(r, s) for r, s in pairs)),
        "dice_others": (mean(ours_others), mean(reader_others)),
        "kappa": (
            mean(kappa(table(outline[near], r[near])) for r in readers),
            mean(kappa(table(r[near], s[near])) for r, s in pairs),
        ),
        "good": tuple(mean(dice >= GOOD_DICE for dice in dices) for dices in (ours_others, reader_others)),
        "asked": (ours_asked, readers_asked),
    }


def without(readers: Sequence[np.ndarray], left_out: set[int]) -> list[np.ndarray]:
    return [reader for number, reader in enumerate(readers) if number not in left_out]


def consensus(masks: Sequence[np.ndarray]) -> np.ndarray:
    """What at least half of the masks hold."""
    return 2 * np.sum(masks, axis=0) >= len(masks)


def asked(outline: np.ndarray, readers: Sequence[np.ndarray]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Tables of shares (2, 2) of yes and no: ours against a reader, a reader against another. None with two readers."""
    if len(readers) < 3:
        return None, None
    ours, theirs = np.zeros((2, 2)), np.zeros((2, 2))
    for r, s in permutations(range(len(readers)), 2):
        other = consensus(without(readers, {r, s}))
        yes = [int(metrics.dice(mask, other) >= GOOD_DICE) for mask in (outline, readers[r], readers[s])]
        ours[yes[0], yes[1]] += 1
        theirs[yes[1], yes[2]] += 1
    return ours / ours.sum(), theirs / theirs.sum()


def table(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(2, 2) counts: a says no or yes, b says no or yes."""
    return np.bincount(2 * a.astype(int).ravel() + b.astype(int).ravel(), minlength=4).reshape(2, 2)


def kappa(counts: np.ndarray) -> float:
    """Cohen's kappa of a (2, 2) table; NaN where both always say the same single thing."""
    share = counts / counts.sum()
    chance = float(share.sum(axis=1) @ share.sum(axis=0))
    return (float(np.trace(share)) - chance) / (1 - chance) if chance < 1 else float("nan")


def mean(values: Iterable[float]) -> float:
    values = [float(value) for value in values]
    return float(np.mean(values)) if values else float("nan")


# --- many nodules -----------------------------------------------------------------------------------------------------

OURS, READERS = 0, 1
# Key, words.
MEASURES = [
    ("dice", "3-D Dice, pairwise"),
    ("dice_others", "3-D Dice with the consensus of the other readers"),
    ("kappa", "Cohen's κ, voxels near the nodule, pairwise"),
    ("good", "Dice ≥ 0.7 with the consensus of the other readers"),
    ("asked", "Cohen's κ of that question"),
]


def side(scores: list, key: str, who: int) -> float:
    """The figure of one side over nodules."""
    values = [s.agreement[key][who] for s in scores]
    if key == "asked":
        tables = [np.asarray(value) for value in values if value is not None]
        return kappa(np.mean(tables, axis=0)) if tables else float("nan")
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def verdict(interval: tuple[float, float], patients: int) -> str:
    """Whether ours is as good, by the 95 % interval of ours - readers'."""
    low, high = interval
    if patients < FEWEST_PATIENTS or np.isnan([low, high]).any():
        return NOT_SHOWN
    return TRUE if low > -MARGIN else FALSE if high < -MARGIN else NOT_SHOWN


def summary(scores: list, rounds: int = 1000) -> Record:
    """For each measure: both sides and their difference with 95 % intervals by patient, and the verdict."""
    studied = [s for s in scores if s.agreement]
    patients = len({s.patient for s in studied})
    figures = {"nodules": len(studied), "patients": patients, "margin": MARGIN, "measures": {}}
    for key, words in MEASURES:
        parts = {
            "ours": lambda s: side(s, key, OURS),
            "readers": lambda s: side(s, key, READERS),
            "difference": lambda s: side(s, key, OURS) - side(s, key, READERS),
        }
        measured = {name: metrics.with_interval(studied, part, rounds) for name, part in parts.items()}
        figures["measures"][key] = {
            "words": words,
            **measured,
            "verdict": verdict(measured["difference"]["ci95"], patients),
        }
    figures["sentence"] = figures["measures"]["dice"]["verdict"]
    return figures


def sentence(figures: Record) -> str:
    """'It agrees with radiologists as well as they agree with each other': true, false or not shown, and why."""
    difference = figures["measures"]["dice"]["difference"]
    low, high = difference["ci95"]
    return (
        f"**“It agrees with radiologists as well as they agree with each other”: {figures['sentence']}.** The rule, fixed "
        "beforehand: true when the 95 % interval of the difference in pairwise Dice (ours − readers’: "
        f"{difference['value']:+.3f}, {low:+.3f} to {high:+.3f}) lies above −{figures['margin']:.2f}, false when it lies "
        "below, else not shown."
    )
