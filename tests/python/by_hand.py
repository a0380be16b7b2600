"""What a run says of a volume, worked out in double precision: sampler, boxes, blending, statistics.

Volumes are [k, j, i]; samples are stacked before them, [s, k, j, i]. Written from the pages and the papers, not from
the library.
"""

import itertools
import json

import made_ct
import numpy as np
from made_ct import entropy_bits, sigmoid

# --- the sampler ------------------------------------------------------------------------------------------------------


def philox4x32(counter, key):
    """Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011)."""
    (a, b, c, d), (k0, k1) = counter, key
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = right >> 32 ^ b ^ k0, right & 0xFFFFFFFF, left >> 32 ^ d ^ k1, left & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def _words(seed, counter):
    return philox4x32(counter, (seed & 0xFFFFFFFF, seed >> 32))


def factors(seed, sample, layer, channels, rate):
    """Factors of one sample of a dropout input: 0 with probability `rate`, else 1 / (1 - rate)."""
    drawn = [_words(seed, (c // 4, layer, sample, 0x4D434431))[c % 4] for c in range(channels)]
    return np.where(np.array(drawn) < rate * 2**32, 0.0, 1 / (1 - rate))


def noise(seed, sample, number, rank):
    """One sample of a noise input: Box and Muller's normal numbers, two of each pair of words."""
    drawn = []
    for n in range(rank):
        words = _words(seed, (n // 4, number, sample, 0x4E524D31))
        u, v = (words[n % 4 // 2 * 2] + 1) / 2**32, words[n % 4 // 2 * 2 + 1] / 2**32
        turn = np.cos if n % 2 == 0 else np.sin
        drawn.append(np.sqrt(-2 * np.log(u)) * turn(2 * np.pi * v))
    return np.array(drawn)


def member_and_mirrored(sample, members, axes):
    """Whose sample it is, and the axes ("kji") along which it sees the volume mirrored."""
    number = sample // members % 2 ** len(axes)
    return sample % members, [" kji".index(axis) - 1 for bit, axis in enumerate(axes) if number >> bit & 1]


def before(x, axis):
    """The neighbour before along an axis; 0 before the first."""
    moved = np.roll(x, 1, axis)
    np.moveaxis(moved, axis, 0)[0] = 0
    return moved


def mirrored(function, axes, x):
    """`function` of the volume as a sample sees it, turned back."""
    return np.flip(function(np.flip(x, axes)), axes)


# --- boxes ------------------------------------------------------------------------------------------------------------


def starts(length, size, overlap):
    """First voxels of the boxes along an axis: as many steps as it takes, the last box moved to end with the volume."""
    step = size if size == length else max(int(size * (1 - overlap)), 1)
    count = -(-(length - size) // step) + 1
    return [min(n * step, length - size) for n in range(count)]


def weights(size, blend):
    """How much each voxel of a box counts: with Gaussian weights no less than a thousandth, as in MONAI."""
    if blend == "constant":
        return np.ones(size)
    lines = [np.exp(-(((np.arange(n) - (n - 1) / 2) / (n / 8)) ** 2) / 2) for n in size]
    return np.maximum(np.einsum("k,j,i->kji", *lines), 1e-3)


def boxes(shape, size, overlap):
    """Slices of the volume, one a box."""
    for corner in itertools.product(*(starts(n, s, overlap) for n, s in zip(shape, size))):
        yield tuple(slice(a, a + s) for a, s in zip(corner, size))


def blended(function, x, size, overlap, blend):
    """Logits of `function`, which takes a box, blended where boxes overlap."""
    total, weight, own = np.zeros(x.shape), np.zeros(x.shape), weights(size, blend)
    for box in boxes(x.shape, size, overlap):
        total[box] += own * function(x[box])
        weight[box] += own
    return total / weight


# --- statistics -------------------------------------------------------------------------------------------------------


class Samples:
    """Statistics of probabilities [s, k, j, i]."""

    def __init__(self, logits):
        self.p = sigmoid(logits)
        self.mean = self.p.mean(axis=0)
        self.variance = self.p.var(axis=0)
        self.entropy = entropy_bits(self.mean)
        self.mutual_information = self.entropy - entropy_bits(self.p).mean(axis=0)

    def volumes_mm3(self, threshold, spacing_mm):
        """Volume of what each sample holds above the threshold."""
        return (self.p > threshold).sum(axis=(1, 2, 3)) * np.prod(spacing_mm)


def lines_between(values, at, wanted):
    """Planes `wanted` (places along k), linear between `values` at the places `at`; beyond the ends that of the end."""
    wanted = np.clip(wanted, at[0], at[-1])
    above = np.clip(np.searchsorted(at, wanted), 1, len(at) - 1) if len(at) > 1 else np.zeros(len(wanted), int)
    below = np.maximum(above - 1, 0)
    share = (wanted - np.take(at, below)) / np.maximum(np.take(at, above) - np.take(at, below), 1e-300)
    share = share[:, None, None]
    return (1 - share) * values[below] + share * values[above]


def on_every_second_voxel(x):
    """Linear along each axis between the voxels with even indices; every axis begins and ends with one."""
    for axis in range(3):
        lines = np.moveaxis(x, axis, 0)
        kept = lines[::2]
        filled = np.repeat(kept, 2, axis=0)[: len(lines)]
        filled[1::2] = (kept[:-1] + kept[1:]) / 2
        x = np.moveaxis(filled, 0, axis)
    return x


# --- bundles and results ----------------------------------------------------------------------------------------------


def changed(bundle, folder, change):
    """A copy of a bundle whose model.json was given to `change`."""
    folder.mkdir()
    for file in bundle.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    contract = json.loads((folder / "model.json").read_text())
    change(contract)
    (folder / "model.json").write_text(json.dumps(contract))
    return folder


class Found:
    """What a run wrote."""

    def __init__(self, folder):
        self.folder = folder
        self.label, self.probability, self.uncertainty = map(self.volume, ("label", "probability", "uncertainty"))
        self.run, self.nodules = (json.loads((folder / f"{name}.json").read_text()) for name in ("run", "nodules"))

    def volume(self, name):
        return made_ct.read(self.folder / f"{name}.nii.gz")
