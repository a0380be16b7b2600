"""Points and a box of what a coarse network finds in a slice, as the product makes them (onnx/README.md, hybrid).

The training has to show the fine network what it will be shown; arrays are [j, i], points (x, y) = (i, j). The pixels
of the fine network are those of the volume here.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..config import AutoSam2Config

INSIDE, OUTSIDE, NO_POINT = 1.0, 0.0, -1.0


@dataclass
class Prompts:
    """For one slice."""

    points: np.ndarray  # (N, 2) x, y; 0, 0 where there is none
    labels: np.ndarray  # (N,)
    box: np.ndarray  # (4,) x and y of the first pixel, x and y of the last


def spread(pixels: np.ndarray, sure: np.ndarray, count: int, spacing_mm: np.ndarray) -> list[np.ndarray]:
    """`count` of the pixels (P, 2), which come row by row: the surest, then always the farthest from those so far."""
    points: list[np.ndarray] = []
    apart = np.full(len(pixels), np.inf)
    while len(points) < min(count, len(pixels)):
        farthest = np.flatnonzero(apart == apart.max())
        points.append(pixels[farthest[sure[farthest].argmax()]])
        apart = np.minimum(apart, (((pixels - points[-1]) * spacing_mm) ** 2).sum(1))
    return points


def prompts_of(probability: np.ndarray, config: AutoSam2Config) -> Prompts:
    """Of a slice [H, W] of the coarse foreground."""
    spacing_mm, last = np.array(config.spacing_mm[1:]), np.array(probability.shape) - 1
    count = config.positive + config.negative
    made = Prompts(np.zeros((count, 2)), np.full(count, NO_POINT), np.array([0, 0, *last[::-1]], float))
    inside = probability > config.threshold
    if not inside.any():
        return made
    off = ndimage.distance_transform_edt(~inside, sampling=spacing_mm)
    near, far = config.ring_mm
    ring = (off > near) & (off <= far)
    sides = (
        (0, INSIDE, inside, probability, config.positive),
        (config.positive, OUTSIDE, ring, -probability, config.negative),
    )
    for first, label, mask, sure, most in sides:
        pixels = np.argwhere(mask)
        for n, at in enumerate(spread(pixels, sure[mask], most, spacing_mm)):
            made.points[first + n], made.labels[first + n] = at[::-1], label
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    margin = config.box_margin_mm / spacing_mm
    low = np.clip(np.array([rows[0], columns[0]]) - margin, 0, last)
    high = np.clip(np.array([rows[-1], columns[-1]]) + margin, 0, last)
    made.box = np.array([*low[::-1], *high[::-1]])
    return made
