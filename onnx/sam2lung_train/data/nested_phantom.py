"""A made head of four channels with nested regions: no brain data can be had, and a hybrid needs something to learn
from.

Arrays run k, j, i. A head is an ellipsoid in air (exactly 0 in each channel, as after the skull was taken off), with
two ventricles. In it lies one lesion: edema around a core, the core an enhancing rim around necrosis, each an ellipsoid
with a bumpy surface. Channels show of each tissue what they do in people, roughly; a slow drift of brightness, the
scanner's blur and noise come on top. It is of no medical use: it only has the shape of the task.
"""

from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

CHANNELS = ("T1", "T1c", "T2", "FLAIR")
CLASSES = ("necrosis", "edema", "enhancing")  # labels 1, 2, 3
REGIONS = {
    "whole": ("necrosis", "edema", "enhancing"),
    "core": ("necrosis", "enhancing"),
    "enhancing_rim": ("enhancing",),
}
FIRST_HELD_OUT = 1_000_000  # heads from this seed on are never learned from
SHAPE = (40, 64, 64)  # rows and columns of a box of the hybrid: a slice is seen whole in training, too
# Of each tissue in each channel, as a share of the brightest.
TISSUES = {
    "brain": (0.55, 0.55, 0.45, 0.45),
    "ventricle": (0.25, 0.25, 0.95, 0.20),
    "necrosis": (0.30, 0.32, 0.85, 0.50),
    "edema": (0.42, 0.42, 0.75, 0.85),
    "enhancing": (0.48, 0.95, 0.60, 0.65),
}
NOISE, DRIFT, BLUR_VOXELS = 0.06, 0.15, 0.7
BRIGHTEST = 1000.0


@dataclass
class NestedPhantom:
    """One head."""

    volumes: np.ndarray  # (4, D, H, W) in the order of CHANNELS; 0 outside the head
    labels: np.ndarray  # (D, H, W) uint8: 0, or the class' number from 1
    spacing_mm: tuple = (1.0, 1.0, 1.0)

    def region(self, name: str) -> np.ndarray:
        """(D, H, W) bool."""
        return np.isin(self.labels, [CLASSES.index(of) + 1 for of in REGIONS[name]])


def distance(shape: tuple, centre: np.ndarray, radii: np.ndarray, turn: np.ndarray | None = None) -> np.ndarray:
    """(D, H, W): 1 on the surface of an ellipsoid, less inside."""
    off = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1) - centre
    off = off if turn is None else off @ turn
    return np.sqrt(((off / radii) ** 2).sum(-1))


def smooth(shape: tuple, rng: np.random.Generator, reach: float) -> np.ndarray:
    """Noise of deviation 1 that changes over `reach` voxels."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape), reach)
    return field / field.std()


def turned(rng: np.random.Generator) -> np.ndarray:
    """A random rotation (3, 3)."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    return q * np.sign(np.diag(r))


def nested_phantom(seed: int, shape: tuple = SHAPE) -> NestedPhantom:
    """Head number `seed`."""
    rng = np.random.default_rng([seed, 0x4E455354])
    size = np.array(shape)
    middle = (size - 1) / 2
    head = distance(shape, middle, size * 0.46) < 1
    tissue = np.where(head, 0, -1)  # -1 air, else the tissue's number
    for side in (-1, 1):
        centre = middle + np.array([rng.uniform(-1, 1), rng.uniform(-2, 2), side * size[2] * 0.09])
        tissue[head & (distance(shape, centre, size * (0.16, 0.15, 0.045)) < 1)] = 1
    outer = rng.uniform(0.16, 0.24, 3) * size.min() * (1.0, 1.2, 1.2)
    direction = rng.standard_normal(3)
    direction *= rng.uniform(0.1, 0.5) / np.linalg.norm(direction)
    bumps = smooth(shape, rng, 5.0) * 0.08
    away = distance(shape, middle + direction * size * 0.36, outer, turned(rng)) + bumps
    core, rim = rng.uniform(0.55, 0.75), rng.uniform(0.55, 0.75)
    labels = np.zeros(shape, np.uint8)
    for reach, label in ((1.0, 2), (core, 3), (core * rim, 1)):
        labels[head & (away < reach)] = label
    for label, name in enumerate(CLASSES, 1):
        tissue[labels == label] = list(TISSUES).index(name)
    volumes = np.stack([channel(tissue, n, rng) for n in range(len(CHANNELS))])
    volumes[:, ~head] = 0
    return NestedPhantom(volumes.astype(np.float32), labels)


def channel(tissue: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Channel `n` of a head of these tissues, with scanner's gain, drift, blur and noise; above 0 everywhere."""
    shades = np.array([*(values[n] for values in TISSUES.values()), 0.0])
    clean = ndimage.gaussian_filter(shades[tissue], BLUR_VOXELS)
    drift = 1 + DRIFT * smooth(tissue.shape, rng, 25.0) / 2
    noisy = clean * drift + NOISE * rng.standard_normal(tissue.shape)
    return np.maximum(noisy, 0.01) * BRIGHTEST * rng.uniform(0.7, 1.3)


def write(phantom: NestedPhantom, folder: Path) -> None:
    """FOLDER/CHANNEL.nii.gz for each channel: what the command line takes as one input."""
    folder.mkdir(parents=True, exist_ok=True)
    affine = np.diag([*phantom.spacing_mm[::-1], 1.0])
    for name, volume in zip(CHANNELS, phantom.volumes):
        image = nibabel.Nifti1Image(np.ascontiguousarray(volume.T), affine)
        image.header.set_xyzt_units("mm")
        nibabel.save(image, folder / f"{name}.nii.gz")
