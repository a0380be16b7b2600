"""What a hybrid's coarse network hands to its fine one, worked out in double precision from onnx/README.md.

Slices are [j, i]; points are (x, y) = (i, j). Pixels of the fine network are those of the CT here.
"""

import numpy as np
from by_hand import boxes


def spread(pixels, sure, count, spacing):
    """`count` of the pixels (j, i), which come row by row: the surest, then always the farthest from those so far."""
    points, apart = [], np.full(len(pixels), np.inf)
    while len(points) < min(count, len(pixels)):
        best = max(range(len(pixels)), key=lambda n: (apart[n], sure[n], -n))
        points.append(pixels[best])
        apart = np.minimum(apart, (((pixels - pixels[best]) * spacing) ** 2).sum(axis=1))
    return points


def prompts(p, spacing, positive, negative, size, threshold=0.5, ring_mm=(1.0, 5.0), margin_mm=2.0):
    """Points (N, 2), labels and box of a slice whose foreground is `p`; `size`: rows and columns of the image."""
    spacing = np.array(spacing)
    points, labels = np.zeros((positive + negative, 2)), np.full(positive + negative, -1.0)
    inside = np.argwhere(p > threshold)
    if len(inside) == 0:
        return points, labels, np.array([0, 0, size[1] - 1, size[0] - 1])
    every = np.argwhere(np.ones(p.shape, bool))
    off = np.sqrt((((every[:, None] - inside[None]) * spacing) ** 2).sum(axis=2)).min(axis=1)
    ring = every[(off > ring_mm[0]) & (off <= ring_mm[1])]
    for first, label, pixels, sign, count in ((0, 1, inside, 1, positive), (positive, 0, ring, -1, negative)):
        for n, at in enumerate(spread(pixels, sign * p[tuple(pixels.T)], count, spacing)):
            points[first + n], labels[first + n] = at[::-1], label
    low, high = inside.min(axis=0) - margin_mm / spacing, inside.max(axis=0) + margin_mm / spacing
    low, high = np.clip(low, 0, np.array(size) - 1), np.clip(high, 0, np.array(size) - 1)
    return points, labels, np.array([*low[::-1], *high[::-1]])


def lines(values, places):
    """Values along the first axis, linear at `places`, with the edge repeated."""
    places = np.clip(places, 0, len(values) - 1)
    below = np.minimum(places.astype(int), len(values) - 1)
    above = np.minimum(below + 1, len(values) - 1)
    share = (places - below).reshape(-1, *[1] * (values.ndim - 1))
    return (1 - share) * values[below] + share * values[above]


def of_cubes(x, size, overlap):
    """For each slice of x the means of cubes of two voxels of boxes, at the middles of squares of two pixels."""
    depth, height, width = x.shape
    middles = [np.clip(np.arange((n + 1) // 2) * 2 + 0.5, 0, n - 1) for n in (height, width)]
    total = np.zeros((depth, *map(len, middles)))
    weight = np.zeros_like(total)
    for box in boxes(x.shape, size, overlap):
        own = x[box].reshape(*(m for n in size for m in (n // 2, 2))).mean(axis=(1, 3, 5))
        places = [np.arange(depth, dtype=float), *middles]
        held = [(np.floor(at + 0.5) >= b.start) & (np.floor(at + 0.5) < b.stop) for at, b in zip(places, box)]
        for axis, (at, b) in enumerate(zip(places, box)):
            at = (at[held[axis]] - b.start + 0.5) / 2 - 0.5
            own = np.moveaxis(lines(np.moveaxis(own, axis, 0), at), 0, axis)
        total[np.ix_(*held)] += own
        weight[np.ix_(*held)] += 1
    return total / weight
