"""A whole CT as other scanners and reconstructions might have shown it."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ..data.items import Whole, as_hu

THIN_MM = 2.0  # thinner slices are also averaged in pairs
INSERTIONS = ("train", "develop")  # passes with nodules of that part set in


def kinds_of(whole: Whole) -> list[str]:
    """What a whole CT is shown as: as it is, as other scanners and reconstructions might have, and with nodules set in."""
    return ["plain", "sharp", "scaled", *(["thick"] if whole.spacing_mm[0] < THIN_MM else []), *INSERTIONS]


def reconstruction(whole: Whole, kind: str, rng: np.random.Generator) -> Whole:
    """The whole CT as `kind`."""
    if kind == "plain":
        return whole
    if kind == "scaled":  # a smaller or larger patient
        scale = rng.uniform(0.85, 1.18)
        return replace(whole, spacing_mm=tuple(s * scale for s in whole.spacing_mm))
    if kind == "thick":
        return in_pairs(whole)
    smooth = np.stack([ndimage.gaussian_filter(plane.astype(np.float32), 0.8) for plane in whole.hu])
    return replace(whole, hu=as_hu(1.8 * whole.hu - 0.8 * smooth + rng.normal(0, 25, whole.hu.shape)))


def in_pairs(whole: Whole) -> Whole:
    """The whole CT with slices averaged in pairs."""
    count = len(whole.hu) // 2
    pairs = lambda array: array[: 2 * count].reshape(count, 2, *array.shape[1:])  # noqa: E731
    return replace(
        whole,
        hu=as_hu(pairs(whole.hu).mean(1, dtype=np.float32)),
        votes=pairs(whole.votes).max(1),
        known=pairs(whole.known).all(1),
        spacing_mm=(whole.spacing_mm[0] * 2, *whole.spacing_mm[1:]),
    )
