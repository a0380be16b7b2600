"""What a crop may look like beyond its ends.

Crops of nodules end where the readers' marks end; what lies beyond is made, so that a nodule can be shown going on as
in a whole CT.
"""

import numpy as np
from scipy import ndimage

from .items import Stack, as_hu

BEYOND_MM = 9.0  # how far a crop goes on
NOISE_HU = 12.0
DRIFT_PX_PER_MM = 0.4  # how far what a cap shows may wander, since vessels slant


def without_nodule(plane: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """The slice as it may look one step further, where no reader saw the nodule: the nodule filled from around it.

    Readers marked every slice that shows the nodule, so the next one doesn't; what else there is goes on. The fill is
    smooth; windows get noise when they are drawn.
    """
    hole = ndimage.binary_dilation(marked, iterations=2)
    weight = (~hole).astype(np.float32)
    filled = plane.astype(np.float32).copy()
    smooth, total = (ndimage.gaussian_filter(a, 4.0) for a in (filled * weight, weight))
    filled[hole] = (smooth / np.maximum(total, 1e-3))[hole]
    return filled


def gone_on(stack: Stack, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The crop with caps on both sides: HU, votes."""
    count = int(np.ceil(BEYOND_MM / stack.step_mm))
    drift = rng.uniform(-DRIFT_PX_PER_MM, DRIFT_PX_PER_MM, (2, 2))

    def beyond(side, n):
        moved = ndimage.shift(
            stack.caps[side].astype(np.float32), drift[side] * n * stack.step_mm, order=1, mode="nearest"
        )
        return moved + rng.normal(0, NOISE_HU, moved.shape)

    below = [beyond(0, n) for n in range(count, 0, -1)]
    above = [beyond(1, n) for n in range(1, count + 1)]
    hu = as_hu(np.concatenate([below, stack.hu, above]))
    return hu, np.pad(stack.votes, ((count, count), (0, 0), (0, 0)))
