"""How smoothly an outline goes on from slice to slice.

Readers draw slice by slice, and so does a network that sees slices: what the surface looks like along the patient tells
whether the slices belong together. Two figures, both 0 for a cylinder along the patient and 1 where a slice was left
out:

- *step*: mean of 1 - Dice between neighbouring slices. A sphere has a step of its own, so it says something only
  beside the step of another outline of the same nodule.
- *roughness*: mean of 1 - Dice between a slice and what its two neighbours lead one to expect there, by shape-based
  interpolation (Raya and Udupa, IEEE Trans. Med. Imaging 9, 1990). Taper and tilt drop out; what jumps to and fro
  stays.

Masks are bool arrays [slice, row, column] with square pixels. Only slices between the first and the last of the *span*
count: where a nodule ends is a matter of Dice. To compare outlines, take the span that they share.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from scipy import ndimage

from ..data.cases import Case
from . import metrics

MEASURES = ("step", "roughness")


def span(mask: np.ndarray) -> tuple[int, int]:
    """First and last slice of a mask; (0, -1) for an empty one."""
    held = np.flatnonzero(mask.any(axis=(1, 2)))
    return (int(held[0]), int(held[-1])) if held.size else (0, -1)


def common_span(masks: Sequence[np.ndarray]) -> tuple[int, int]:
    """The slices that lie within the span of each mask; last < first when there are none."""
    spans = [span(mask) for mask in masks]
    return max(first for first, _ in spans), min(last for _, last in spans)


def step(mask: np.ndarray, within: tuple[int, int]) -> float:
    """Mean of 1 - Dice of neighbouring slices; NaN with fewer than two slices."""
    first, last = within
    return mean_distance((mask[k], mask[k + 1]) for k in range(first, last))


def roughness(mask: np.ndarray, within: tuple[int, int]) -> float:
    """Mean of 1 - Dice of each inner slice and its neighbours' interpolation; NaN with fewer than three slices."""
    first, last = within
    return mean_distance((mask[k], between(mask[k - 1], mask[k + 1])) for k in range(first + 1, last))


def mean_distance(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    distances = [1 - metrics.dice(a, b) for a, b in pairs if a.any() or b.any()]
    return float(np.mean(distances)) if distances else float("nan")


def between(below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The shape halfway: where the mean of both signed distances lies inside. Empty when either is."""
    if not below.any() or not above.any():
        return np.zeros_like(below)
    return signed_distance(below) + signed_distance(above) > 0


def signed_distance(mask: np.ndarray) -> np.ndarray:
    """Pixels to the edge, positive inside, with what lies beyond the array as outside."""
    padded = np.pad(mask, 1)
    return (ndimage.distance_transform_edt(padded) - ndimage.distance_transform_edt(~padded))[1:-1, 1:-1]


def compare(outline: np.ndarray, case: Case) -> dict[str, dict[str, float]]:
    """{"step", "roughness"}: {"ours", "consensus", "reader" (mean of single readers)} on the slices that all share."""
    masks = [outline, case.reference, *case.readers]
    within = common_span(masks)
    box = tuple(slice(*edges) for edges in bounds(np.logical_or.reduce(masks)))
    masks = [mask[:, *box] for mask in masks]
    figures = {}
    for name, measure in zip(MEASURES, (step, roughness)):
        ours, consensus, *readers = (measure(mask, within) for mask in masks)
        figures[name] = {
            "ours": ours,
            "consensus": consensus,
            "reader": float(np.mean(readers)) if readers else float("nan"),
        }
    return figures


def bounds(mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """Rows and columns that hold the mask, one pixel around: what lies further changes no distance that matters."""
    for axis in (1, 2):
        held = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        yield (max(int(held[0]) - 1, 0), int(held[-1]) + 2)
