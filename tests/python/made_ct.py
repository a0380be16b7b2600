"""CTs made with NumPy, and what the tiny bundles make of them, worked out in double precision.

Volumes are [slice, row, column]; spacings are mm in the order of NIfTI (column, row, slice).
"""

import itertools

import nibabel
import numpy as np
from scipy import ndimage

# The networks' constants; onnx/tiny_models/schema1.py describes them.
A, B = 8.0, -6.0
W0, W1, C, B_NEIGHBOURS, TEMPERATURE = (1.0, 4.0, 2.0), (0.5, 2.0, 1.0), 0.25, -4.0, 1.25
J0, J1, J2, JB, CLASSIFIER_TEMPERATURE = 10.0, 2.0, 1.0, -7.0, 2.0
LUNG_HU = -850


def ball(shape, centre_ijk, radius_mm, spacing_mm):
    k, j, i = np.indices(shape)
    places = np.stack([i, j, k], -1)
    return (((places - centre_ijk) * spacing_mm) ** 2).sum(-1) <= radius_mm**2


def write(path, hu, spacing_mm=(0.75, 0.75, 2.0), affine=None, dtype=np.int16):
    """Writes a CT (axial, LPS axes) unless `affine` says otherwise."""
    if affine is None:
        affine = np.diag([-spacing_mm[0], -spacing_mm[1], spacing_mm[2], 1.0])
    image = nibabel.Nifti1Image(np.asarray(hu, dtype).T, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    nibabel.save(image, path)
    return path


def read(path):
    return np.asarray(nibabel.load(path).dataobj).T


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, float)))


def entropy_bits(p):
    p = np.clip(p, 1e-300, 1 - 1e-16)
    return -p * np.log2(p) - (1 - p) * np.log2(1 - p)


def windowed(hu):
    return np.clip((np.asarray(hu, float) + 1000) / 1400, 0, 1)


class TwoValues:
    """tiny-identity's samples at each voxel: `kept` of `samples` have p1, the others p0."""

    def __init__(self, x, kept, samples):
        self.p0, self.p1 = np.full(x.shape, sigmoid(B)), sigmoid(2 * A * x + B)
        self.share = kept / samples

    def _mean_of(self, function):
        return self.share * function(self.p1) + (1 - self.share) * function(self.p0)

    @property
    def mean(self):
        return self._mean_of(lambda p: p)

    @property
    def variance(self):
        return self._mean_of(np.square) - self.mean**2

    @property
    def entropy(self):
        return entropy_bits(self.mean)

    @property
    def mutual_information(self):
        return self.entropy - self._mean_of(entropy_bits)

    @classmethod
    def that_gives(cls, mean, x, samples):
        """With the number of kept samples that explains `mean` at the brightest voxel; also that number."""
        at = np.unravel_index(x.argmax(), x.shape)
        p0, p1 = sigmoid(B), sigmoid(2 * A * x[at] + B)
        kept = round(samples * (mean[at] - p0) / (p1 - p0))
        return cls(x, kept, samples), kept


def neighbours_probability(x, step_mm, m0, m1):
    """tiny-neighbours' probability with one pair of masks; neighbours are the next slices, `step_mm` away."""
    planes = []
    for k in range(len(x)):
        used = [min(max(k + n, 0), len(x) - 1) for n in (-1, 0, 1)]
        fine = sum(W0[n] * x[used[n]] * m0[n] for n in range(3))
        coarse = sum(W1[n] * (pooled(x[used[n]]) + C * (used[n] - k) * step_mm) * m1[n] for n in range(3))
        planes.append(B_NEIGHBOURS + fine + coarse.repeat(2, axis=0).repeat(2, axis=1))
    return sigmoid(np.stack(planes) / TEMPERATURE)


def pooled(plane):
    rows, columns = plane.shape
    return plane.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))


def neighbours_masks():
    """Every pair of masks of tiny-neighbours (rates 0.5 and 0.25)."""
    kept = list(itertools.product([0.0, 1.0], repeat=3))
    return [(np.multiply(a, 2), np.divide(b, 0.75)) for a in kept for b in kept]


def smoothed(x):
    """tiny-scout's 3 x 3 binomial smoothing of each slice, zero beyond it."""
    line = np.array([1, 2, 1]) / 4
    return ndimage.convolve(x, np.outer(line, line)[None], mode="constant")
