"""Nodules of crops set into whole CTs.

Whole CTs with outlined nodules are few. A nodule in a lung that goes on around it, with the texture, noise and kernel
of a whole CT, teaches what crops can't: how a nodule ends, and that it is the nodule that matters and not whose crop it
came in.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from .items import Stack, Whole, as_hu

SMALLEST_MM, LARGEST_MM = 3.5, 28.0
APART_MM = 26.0  # between the middles of two nodules that are set in
MARGIN_MM = 2.0
LUNG_HU = (-960, -650)
AIR_HU = -400
TRIES = 400


def with_nodules(whole: Whole, stacks: list[Stack], count: int, rng: np.random.Generator) -> Whole:
    """The whole CT with up to `count` of the stacks' nodules in its lungs; what it knew of other lesions stays."""
    hu, votes, taken = whole.hu.copy(), whole.votes.copy(), []
    spacing = np.array(whole.spacing_mm)
    calm = ndimage.uniform_filter(whole.hu.astype(np.float32), 3)
    parenchyma = (calm > LUNG_HU[0]) & (calm < LUNG_HU[1]) & inner_air(whole.hu)
    lung = np.argwhere(parenchyma & whole.known & (whole.votes == 0))
    suitable = [s for s in stacks if SMALLEST_MM <= s.diameter_mm <= LARGEST_MM and (s.votes >= 128).any()]
    for _ in range(TRIES):
        if len(taken) == count:
            break
        centre = lung[rng.integers(len(lung))]
        near = any(np.linalg.norm((centre - other) * spacing) < APART_MM for other in taken)
        if not near and put(hu, votes, whole, suitable[rng.integers(len(suitable))], centre, rng):
            taken.append(centre)
    return replace(whole, hu=hu, votes=votes)


def inner_air(hu: np.ndarray) -> np.ndarray:
    """Air that doesn't reach the image's sides: lungs and bowel, not what is around the patient."""
    air, _ = ndimage.label(hu < AIR_HU)
    outer = np.unique(
        np.concatenate([air[:, side].ravel() for side in (0, -1)] + [air[:, :, side].ravel() for side in (0, -1)])
    )
    return ~np.isin(air, outer)


def put(
    hu: np.ndarray, votes: np.ndarray, whole: Whole, stack: Stack, centre: np.ndarray, rng: np.random.Generator
) -> bool:
    """Blends one nodule in at `centre`, in place; False when it doesn't fit into what is known to be free."""
    nodule, share = turned(stack, rng)
    marked = np.argwhere(share > 0)
    ratio = np.array(whole.spacing_mm) / (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
    middle = (marked.min(0) + marked.max(0)) / 2
    half = np.ceil(((marked.max(0) - marked.min(0)) / 2 + 1 + MARGIN_MM / stack.pixel_mm) / ratio).astype(int)
    low, high = centre - half, centre + half + 1
    if (low < 0).any() or (high > hu.shape).any():
        return False
    box = tuple(slice(a, b) for a, b in zip(low, high))
    if not whole.known[box].all():
        return False
    at = np.stack(np.meshgrid(*(np.arange(-h, h + 1) * r + m for h, r, m in zip(half, ratio, middle)), indexing="ij"))
    read = lambda values, mode: ndimage.map_coordinates(values.astype(np.float32), at, order=1, mode=mode)  # noqa: E731
    weight = ndimage.gaussian_filter(read(soft_mask(share), "constant"), (0, 0.5, 0.5))
    hu[box] = as_hu(weight * read(nodule, "nearest") + (1 - weight) * hu[box])
    votes[box] = np.maximum(votes[box], np.round(read(share, "constant")).astype(np.uint8))
    return True


def turned(stack: Stack, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The stack's HU and votes, turned by quarters and mirrored."""
    quarters, mirrored, upside = rng.integers(4), rng.integers(2), rng.integers(2)

    def turn(array):
        array = np.rot90(array, quarters, (1, 2))
        array = array[:, :, ::-1] if mirrored else array
        return array[::-1] if upside else array

    return turn(stack.hu), turn(stack.votes)


def soft_mask(share: np.ndarray) -> np.ndarray:
    """1 on what any reader marked and a pixel around it within the slice, where the nodule's blurred edge is."""
    return ndimage.binary_dilation(share > 0, np.ones((1, 3, 3)), iterations=1).astype(np.float32)
