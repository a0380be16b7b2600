"""A CT as the training sees it: HU [k, j, i] with k to the head, j to the back, i to the patient's left.

Files hold their voxels in either direction along each axis (LUNA16 has CTs whose first column is the patient's left,
for a prone patient, say). What is drawn on them is counted in the file's own columns and rows, so a `Ct` remembers
which axes were turned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...aliases import Box, Spacing
from ...errors import UserError
from ..items import HIGHEST_HU, LOWEST_HU, as_hu

STRAIGHT = 0.999  # cosine between an axis and the patient's: 2.6 degrees
LUNG_HU, LEAST_LUNG_MM3, COARSE, AROUND_LUNGS_MM = -500, 1e5, 4, 12.0
NOT_HU_ABOVE = -500  # the lowest value of a chest CT in HU is air


class LoaderError(UserError):
    """What is wrong with the files, said so that it can be put right."""


@dataclass
class Ct:
    """One series."""

    series_uid: str
    hu: np.ndarray  # int16 [k, j, i]
    origin_mm: np.ndarray  # LPS of voxel (0, 0, 0), x y z
    spacing_mm: tuple  # k, j, i
    turned: tuple  # (k, j, i): True where the file's order was the other way round

    def voxel(self, lps_mm: Sequence[float] | np.ndarray) -> np.ndarray:
        """Voxels k, j, i (float) of points x, y, z."""
        return (np.asarray(lps_mm, float) - self.origin_mm)[..., ::-1] / self.spacing_mm

    def column_row(self, stored: np.ndarray) -> np.ndarray:
        """Columns and rows (N, 2) as the file counts them, as this array's."""
        stored = np.array(stored)
        for axis, length in ((0, self.hu.shape[2]), (1, self.hu.shape[1])):
            if self.turned[2 - axis]:
                stored[:, axis] = length - 1 - stored[:, axis]
        return stored

    def slice_at(self, z_mm: float) -> int:
        """The slice k at z; refused where there is none within a quarter of a step."""
        k = (z_mm - self.origin_mm[2]) / self.spacing_mm[0]
        if abs(k - round(k)) > 0.25 or not 0 <= round(k) < len(self.hu):
            last = self.origin_mm[2] + (len(self.hu) - 1) * self.spacing_mm[0]
            raise LoaderError(f"{self.series_uid}: a reader drew at z = {z_mm:g} mm, where there is no slice "
                              f"({self.origin_mm[2]:g} to {last:g} mm, a slice every {self.spacing_mm[0]:g} mm)")  # fmt: skip
        return round(k)


@dataclass
class Nodule:
    """One nodule on a `Ct`'s voxels, in a box of its own."""

    start: tuple  # k, j, i of the box's first voxel
    share: np.ndarray  # float32: share of the readers who marked it that marked the voxel
    readers: int  # who marked it
    unsure: np.ndarray | None = None  # bool: where the outline isn't known well enough to be learned

    @property
    def box(self) -> Box:
        return tuple(slice(at, at + n) for at, n in zip(self.start, self.share.shape))


def oriented(
    series_uid: str,
    stored: np.ndarray,
    origin_mm: Sequence[float] | np.ndarray,
    spacing_mm: Sequence[float],
    direction: Sequence[float] | np.ndarray,
) -> Ct:
    """A `Ct` from voxels [k, j, i] as stored.

    `origin_mm` (x, y, z) of the first voxel, `spacing_mm` and the columns of `direction` (3 x 3) along the stored i, j,
    k, as ITK has them.
    """
    direction, spacing = np.asarray(direction, float).reshape(3, 3), np.asarray(spacing_mm, float)
    if (np.abs(np.diag(direction)) < STRAIGHT).any():
        raise LoaderError(
            f"{series_uid}: expected axial slices without tilt, got axes {np.round(direction, 3).tolist()}"
        )
    if stored.ndim != 3 or min(stored.shape) < 2:
        raise LoaderError(f"{series_uid}: expected a volume of at least 2 x 2 x 2 voxels, got {stored.shape[::-1]}")
    if abs(spacing[0] - spacing[1]) > 0.01 * spacing[0]:
        raise LoaderError(f"{series_uid}: expected square pixels, got {spacing[0]:g} x {spacing[1]:g} mm")
    if stored.min() > NOT_HU_ABOVE:
        raise LoaderError(
            f"{series_uid}: expected HU with air near -1000, got values from {stored.min()} to {stored.max()}"
        )
    turned = tuple(bool(d < 0) for d in np.diag(direction))
    last = (np.array(stored.shape[::-1]) - 1) * spacing
    # The last voxel of a turned axis becomes the first.
    origin = np.asarray(origin_mm, float) + direction @ (last * turned)
    flipped = stored[tuple(slice(None, None, -1 if t else 1) for t in turned[::-1])]
    # Rounding what is whole numbers would take seconds a CT.
    hu = np.clip(flipped, LOWEST_HU, HIGHEST_HU) if stored.dtype == np.int16 else as_hu(flipped)
    return Ct(series_uid, hu, origin, tuple(float(s) for s in spacing[::-1]), turned[::-1])


def lung_box(hu: np.ndarray, spacing_mm: Spacing) -> Box:
    """Slices k, j, i around the lungs and `AROUND_LUNGS_MM`; the whole volume where no lung is found.

    Lungs: air that doesn't reach the sides of the image, looked for on every fourth voxel.
    """
    step = tuple(max(1, round(COARSE * min(spacing_mm) / s)) for s in spacing_mm)
    coarse = hu[:: step[0], :: step[1], :: step[2]]
    labels, count = ndimage.label(coarse < LUNG_HU)
    sides = [labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]]
    outside = np.unique(np.concatenate([side.ravel() for side in sides]))
    volume = np.bincount(labels.ravel(), minlength=count + 1) * np.prod(np.multiply(spacing_mm, step))
    volume[[0, *outside]] = 0
    inside = np.isin(labels, np.flatnonzero(volume >= LEAST_LUNG_MM3))
    if not inside.any():
        return tuple(slice(0, n) for n in hu.shape)
    box = ndimage.find_objects(inside.astype(int))[0]
    margin = [int(np.ceil(AROUND_LUNGS_MM / s)) for s in spacing_mm]
    return tuple(
        slice(max(b.start * n - m, 0), min(b.stop * n + m, length))
        for b, n, m, length in zip(box, step, margin, hu.shape)
    )


def ball(
    shape: tuple[int, ...], centre_kji: Sequence[float] | np.ndarray, radius_mm: float, spacing_mm: Spacing
) -> tuple[Box, np.ndarray]:
    """The box around a ball, inside the volume, and the distance in mm of its voxels from the centre (k, j, i; float)."""
    box = tuple(
        slice(max(int(np.floor(c - radius_mm / s)), 0), min(int(np.ceil(c + radius_mm / s)) + 1, n))
        for c, s, n in zip(centre_kji, spacing_mm, shape)
    )
    axes = np.ogrid[box]
    return box, np.sqrt(sum(((axis - c) * s) ** 2 for axis, c, s in zip(axes, centre_kji, spacing_mm)))


def is_inside(shape: tuple[int, ...], voxels: np.ndarray) -> np.ndarray:
    """True for the voxels (..., 3) that the volume has."""
    return ((np.asarray(voxels) >= -0.5) & (np.asarray(voxels) < np.array(shape) - 0.5)).all(-1)
