"""HU of crops whose grey scale is unknown.

Grey levels of `lidc` are a min-max scaling of the whole CT slice, so gain and offset differ from slice to slice. Where
they were not recovered, two things are known of a chest crop: air-filled lung and soft tissue. Slices of a stack look
alike, so they are first brought to one grey scale, then the two peaks of the stack's histogram are put at their usual
HU.
"""

import numpy as np

# Where the two peaks lie in the train crops whose HU are known: median over slices (5th to 95th percentile
# -942 to -774 for lung; for tissue the peak is fat or muscle, -110 to 120).
LUNG_HU, TISSUE_HU = -870.0, 15.0
QUANTILES = np.linspace(0.05, 0.95, 19)


def estimate_hu(grey: np.ndarray) -> np.ndarray | None:
    """HU (slices, rows, columns) of `grey` (uint8, the same shape); None without two peaks to hold on to."""
    aligned = align(grey.astype(np.float32))
    lung, tissue = peaks(aligned)
    if tissue - lung < 20:  # fewer levels than this between lung and tissue: no usable scale
        return None
    gain = (TISSUE_HU - LUNG_HU) / (tissue - lung)
    return LUNG_HU + gain * (aligned - lung)


def align(grey: np.ndarray) -> np.ndarray:
    """Each slice's grey levels as a linear function of themselves that matches the middle slice's quantiles."""
    middle = np.quantile(grey[len(grey) // 2], QUANTILES)
    return np.stack([matched(plane, middle) for plane in grey])


def matched(plane: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    own = np.quantile(plane, QUANTILES)
    spread = float(((own - own.mean()) ** 2).sum())
    if spread == 0:
        return plane - own.mean() + wanted.mean()
    slope = float(((own - own.mean()) * (wanted - wanted.mean())).sum()) / spread
    return (plane - own.mean()) * slope + wanted.mean()


def peaks(grey: np.ndarray) -> tuple[int, int]:
    """The most frequent level below and above Otsu's threshold."""
    counts = np.bincount(np.clip(np.round(grey), 0, 255).astype(int).ravel(), minlength=256).astype(float)
    counts[[0, 255]] = 0  # clipped or padded
    counts = np.convolve(counts, [1, 2, 3, 2, 1], "same")
    threshold = otsu(counts)
    return int(counts[: threshold + 1].argmax()), int(counts[threshold + 1 :].argmax()) + threshold + 1


def otsu(counts: np.ndarray) -> int:
    """The level that splits a histogram best (N. Otsu, IEEE Trans. SMC 9, 1979)."""
    share = counts / max(counts.sum(), 1)
    below, moment = np.cumsum(share), np.cumsum(share * np.arange(len(counts)))
    between = (moment[-1] * below - moment) ** 2 / (below * (1 - below) + 1e-9)
    return int(between[:-1].argmax())
