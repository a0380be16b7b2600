"""Thick slices made of thin ones, as a scanner reconstructs them: each slice is the mean over its thickness."""

import zlib

import numpy as np


def slabs(volume: np.ndarray, step_mm: float, thick_mm: float, start_mm: float = 0.0) -> np.ndarray:
    """`volume` [slice, row, column] with slices of `step_mm` as slices of `thick_mm`, the first from `start_mm` on.

    The mean is exact for slices that are constant over their own thickness. What doesn't fill a slab is left out.
    """
    count = int((len(volume) * step_mm - start_mm) / thick_mm + 1e-6)
    if count < 1:
        raise ValueError(f"{len(volume)} slices of {step_mm} mm don't fill one of {thick_mm} mm")
    sums = np.concatenate([np.zeros((1, *volume.shape[1:])), np.cumsum(volume, axis=0, dtype=float)])
    edges = (start_mm + thick_mm * np.arange(count + 1)) / step_mm
    low = np.minimum(edges.astype(int), len(volume) - 1)
    at = sums[low] + (sums[low + 1] - sums[low]) * (edges - low)[:, None, None]
    return np.diff(at, axis=0) * (step_mm / thick_mm)


def thin(labels: np.ndarray, count: int, step_mm: float, thick_mm: float, start_mm: float = 0.0) -> np.ndarray:
    """Labels of thick slices on the `count` thin ones that they were made of: the slab that holds a slice's middle; 0
    beyond.
    """
    slab = np.floor(((np.arange(count) + 0.5) * step_mm - start_mm) / thick_mm).astype(int)
    inside = (slab >= 0) & (slab < len(labels))
    return np.where(inside[:, None, None], labels[np.clip(slab, 0, len(labels) - 1)], 0)


def start_mm(name: str, thick_mm: float, step_mm: float) -> float:
    """Where the first slab begins: anywhere within one slab, always the same for a name. Thin slices stay as they are."""
    return 0.0 if thick_mm <= step_mm else zlib.crc32(name.encode()) % 1000 / 1000 * thick_mm
