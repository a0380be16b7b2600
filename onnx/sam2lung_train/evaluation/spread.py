"""Do the samples differ as readers do? Generalised energy distance between the program's samples and the readers.

As Kohl et al. (A Probabilistic U-Net, NeurIPS 2018) have it on LIDC: slices of 128 x 128 pixels that some reader
marked, four readers, one who marked nothing being an empty mask, and 16 samples;

    GED = 2 E d(S, Y) - E d(S, S') - E d(Y, Y'),  d = 1 - IoU, 0 between two empty masks,

means over all pairs, an outline with itself among them. A sample is what the program would show under it: for each
finding the sample's voxels that hang together with it. Where nothing was found every sample is empty. A reader may not
mark a nodule at all: where the program says which share of readers would (`readers_share`), a finding is in that share
of the samples, drawn at random but for their number.
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..aliases import Spacing

SAMPLES = 16
READERS = 4
REACH_MM = 10.0  # as far from a finding's box as its outline under a sample may reach; the library's own limit
EVERY_NEIGHBOUR = np.ones((3, 3, 3))


def distances(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """1 - IoU of each of `some` (N, pixels) with each of `others` (M, pixels), bool; (N, M). Two empty masks: 0."""
    some, others = (masks.astype(np.float32) for masks in (some, others))
    both = some @ others.T
    either = some.sum(1)[:, None] + others.sum(1)[None] - both
    return np.where(either > 0, 1 - both / np.maximum(either, 1), 0.0)


def energy(samples: np.ndarray, readers: np.ndarray) -> tuple[float, float, float]:
    """(E d(S, Y), E d(S, S'), E d(Y, Y')) of outlines (N, rows, columns) and (M, rows, columns) in one slice."""
    samples, readers = (masks.reshape(len(masks), -1) for masks in (samples, readers))
    pairs = ((samples, readers), (samples, samples), (readers, readers))
    return tuple(float(distances(*pair).mean()) for pair in pairs)


def compare(samples: np.ndarray, readers: Sequence[np.ndarray]) -> list[tuple[float, float, float]]:
    """`energy` of each slice that some reader marked.

    `samples`: (N, slices, rows, columns) bool; `readers`: at most four of (slices, rows, columns), the others are
    empty.
    """
    absent = [np.zeros(samples.shape[1:], bool)] * (READERS - len(readers))
    drawn = np.stack([*readers, *absent])
    return [energy(samples[:, k], drawn[:, k]) for k in np.flatnonzero(drawn.any((0, 2, 3)))]


def distance(parts: tuple[float, float, float]) -> float:
    """The generalised energy distance from the parts that `energy` gives."""
    between, samples, readers = parts
    return 2 * between - samples - readers


def marking(number: int, share: float | None, count: int) -> np.ndarray:
    """Which of `count` samples mark finding `number`, if this share of readers would; all where it is unknown."""
    order = np.random.default_rng(number).permutation(count)
    return order < round((1.0 if share is None else share) * count)


def outlines(
    bits: np.ndarray, labels: np.ndarray, count: int, spacing_mm: Spacing, shares: dict[int, float | None]
) -> np.ndarray:
    """(count, slices, rows, columns) bool: what each sample outlines of the findings in `labels`.

    `bits`: sample s calls a voxel a nodule where bit s is set (sample_outlines.nii.gz). `shares`: of the readers that
    would mark a finding, by its number.
    """
    found = np.zeros((count, *labels.shape), bool)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        near = tuple(
            slice(max(0, side.start - reach), side.stop + reach)
            for side, reach in zip(box, (int(np.ceil(REACH_MM / mm)) for mm in spacing_mm))
        )
        own = labels[near] == number
        free = own | (labels[near] == 0)
        for sample in np.flatnonzero(marking(number, shares.get(number), count)):
            inside = (bits[near] >> bits.dtype.type(sample) & bits.dtype.type(1)).astype(bool) & free
            parts, _ = ndimage.label(inside, EVERY_NEIGHBOUR)
            found[sample][near] |= inside & np.isin(parts, np.unique(parts[own & inside]))
    return found
