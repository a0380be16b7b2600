"""What the network finds, as the 3-D patches that the classifier learns from.

Enters: a calibrated network and a volume. Leaves: a `Finding` for each component of the mean probability, cut as the
product cuts it: nodules (they share voxels with the consensus) and everything else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage

from ..aliases import Box, Record, Spacing
from ..config import PATCH_SPACING_MM, SMALLEST_MM3
from ..data.beyond import gone_on
from ..data.items import Stack, Whole, as_hu, as_marked
from ..networks.inference import load_network, own_slices_logits, slice_logits
from ..run_folder import RunFolder

# (box, mask, centre k j i) of a component: True for a nodule, False for anything else, None for what is neither.
Verdict = Callable[[Box, np.ndarray, np.ndarray], bool | None]

# What is stored of a patch: more than the classifier sees, so that training can turn and shift it.
STORED = (24, 76, 76)
MOST = 60  # components of a volume, the likeliest first
LOWER = 0.5  # a second threshold, as a share of the product's, finds more of what is no nodule
AWAY_MM = 3.0  # what is nearer to something a reader marked is neither nodule nor false
SAMPLES = 3
LIDC_READERS = 4


@dataclass
class Finding:
    """A component that the network found, seen by the classifier."""

    where: str  # nodule's key or CT's name
    patient: str
    develop: bool
    nodule: bool
    marked: float  # share of LIDC's four readers that marked it; 0 of what is no nodule, NaN where nobody knows
    whole: bool  # from a whole CT
    ends: bool  # the crop ends where the marks end
    product: bool  # found at the product's threshold, not only at the lower one
    diameter_mm: float  # of the component
    hu: np.ndarray  # int16 STORED
    probability: np.ndarray  # uint8 STORED, x 255
    inside: np.ndarray  # bool STORED: within the volume


@dataclass
class Calibrated:
    """The calibrated network, as the product runs it."""

    network: torch.nn.Module
    temperature: float
    bias: float
    threshold: float

    def probabilities(self, hu: np.ndarray, spacing_mm: Spacing) -> np.ndarray:
        """Mean probability of a volume; one set of dropout networks for all of its slices."""
        if self.network.config.own_slices:  # a detector: it runs once, and nothing in it is random
            logits = own_slices_logits(self.network, hu, spacing_mm)
            return 1 / (1 + np.exp(-(logits / self.temperature + self.bias)))
        masks = self.network.masks(SAMPLES, "cpu")
        logits = (slice_logits(self.network, hu, spacing_mm, k, masks) for k in range(len(hu)))
        return np.stack([torch.sigmoid(l / self.temperature + self.bias).mean(0).numpy() for l in logits])


def components(
    probability: np.ndarray, threshold: float, spacing_mm: Spacing, smallest_mm3: float = SMALLEST_MM3
) -> Iterator[tuple[Box, np.ndarray, np.ndarray, float]]:
    """(box, mask of one component in it, its centre k, j, i, its volume in mm3) of the `MOST` likeliest that the product
    would report.
    """
    labels, count = ndimage.label(probability > threshold, np.ones((3, 3, 3)))
    boxes = ndimage.find_objects(labels)
    highest = ndimage.maximum(probability, labels, range(1, count + 1)) if count else []
    for number in np.argsort(highest)[::-1][:MOST] + 1:
        box = boxes[number - 1]
        part = labels[box] == number
        volume = part.sum() * np.prod(spacing_mm)
        if volume >= smallest_mm3:
            yield box, part, np.argwhere(part).mean(0) + [s.start for s in box], volume


def patch(
    volume: np.ndarray,
    centre_kji: Sequence[float] | np.ndarray,
    spacing_mm: Spacing,
    size: tuple[int, int, int] = STORED,
) -> tuple[np.ndarray, np.ndarray]:
    """Trilinear samples around a centre, edges repeated; and which lie within the volume."""
    positions = [
        centre + (np.arange(n) - (n - 1) / 2) * step / spacing
        for n, step, centre, spacing in zip(size, PATCH_SPACING_MM, centre_kji, spacing_mm)
    ]
    inside = np.ones(size, bool)
    for axis, (at, length) in enumerate(zip(positions, volume.shape)):
        within = (at >= -0.5) & (at <= length - 0.5)
        inside &= within.reshape([-1 if a == axis else 1 for a in range(3)])
    low = [max(int(np.floor(at[0])), 0) for at in positions]
    box = tuple(slice(l, min(int(np.ceil(at[-1])) + 2, n)) for l, at, n in zip(low, positions, volume.shape))
    grid = np.meshgrid(*(at - l for at, l in zip(positions, low)), indexing="ij")
    return ndimage.map_coordinates(volume[box].astype(np.float32), grid, order=1, mode="nearest"), inside


def found_in(
    volume: np.ndarray,
    calibrated: Calibrated,
    spacing_mm: Spacing,
    verdict: Verdict,
    facts: Record,
    marked: float = float("nan"),
) -> Iterator[Finding]:
    """A `Finding` for each component that `verdict(box, part, centre)` calls True or False; `marked`: of its nodules."""
    probability, seen = calibrated.probabilities(volume, spacing_mm), set()
    for at_product in (True, False):
        threshold = calibrated.threshold * (1.0 if at_product else LOWER)
        smallest = 0.0 if calibrated.network.config.own_slices else SMALLEST_MM3  # no candidate is too small
        for box, part, centre, mm3 in components(probability, threshold, spacing_mm, smallest):
            place = tuple(np.round(centre).astype(int))
            nodule = verdict(box, part, centre)
            if nodule is None or place in seen:
                continue
            seen.add(place)
            hu, inside = patch(volume, centre, spacing_mm)
            p, _ = patch(probability, centre, spacing_mm)
            yield Finding(
                **facts,
                nodule=bool(nodule),
                marked=marked if nodule else 0.0,
                product=at_product,
                diameter_mm=float(np.cbrt(6 * mm3 / np.pi)),
                hu=as_hu(hu),
                probability=np.round(p * 255).astype(np.uint8),
                inside=inside,
            )


def verdict_by_votes(votes: np.ndarray, spacing_mm: Spacing) -> Verdict:
    """True: shares a voxel with the consensus. False: far from any mark. None: neither."""
    consensus, away = votes >= 128, ndimage.distance_transform_edt(votes == 0, sampling=spacing_mm) > AWAY_MM

    def verdict(box, part, centre):
        if (consensus[box] & part).any():
            return True
        return False if away[box][part].all() else None

    return verdict


def stack_findings(
    calibrated: Calibrated, stack: Stack, ends: bool, others: list[Stack], rng: np.random.Generator
) -> Iterator[Finding]:
    """Findings in a nodule's crop, gone on with or ending as it does."""
    spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
    facts = {"where": stack.key, "patient": stack.patient, "develop": stack.develop, "whole": False, "ends": ends}
    hu, votes = as_marked(stack) if ends else gone_on(stack, rng)
    by_votes = verdict_by_votes(votes, spacing)

    def verdict(box, part, centre):
        nodule = by_votes(box, part, centre)
        return None if nodule is False and is_another_nodule(hu, centre, others) else nodule

    yield from found_in(hu, calibrated, spacing, verdict, facts, stack.readers / LIDC_READERS)


def is_another_nodule(
    hu: np.ndarray, centre_kji: Sequence[float] | np.ndarray, others: list[Stack], half: int = 7, alike: float = 0.98
) -> bool:
    """True if the place shows the centre of another nodule's crop of the same patient: pixel for pixel the same CT.

    Correlation, since estimated grey scales differ. Other nodules would otherwise count as false.
    """
    k, j, i = (int(round(c)) for c in centre_kji)
    rows, columns = slice(j - half, j + half + 1), slice(i - half, i + half + 1)
    if min(j, i) < half or max(j, i) + half >= hu.shape[1]:
        return False
    here = normalised(hu[k, rows, columns][None])
    reach = 8  # centres of components and crops needn't agree
    for other in others:
        region = other.hu[:, 64 - half - reach : 65 + half + reach, 64 - half - reach : 65 + half + reach].astype(
            np.float32
        )
        tiles = np.lib.stride_tricks.sliding_window_view(region, here.shape[1:], (1, 2)).reshape(-1, *here.shape[1:])
        if (normalised(tiles) * here).sum((1, 2)).max() > alike:
            return True
    return False


def normalised(tiles: np.ndarray) -> np.ndarray:
    """Tiles (N, h, w) with mean 0 and length 1."""
    tiles = tiles - tiles.mean((1, 2), keepdims=True, dtype=np.float32)
    return tiles / np.maximum(np.sqrt((tiles**2).sum((1, 2), keepdims=True)), 1e-3)


def whole_findings(
    calibrated: Calibrated, whole: Whole, slices: int, lesions: list[tuple[np.ndarray, float]], develop: bool = False
) -> Iterator[Finding]:
    """Findings in a reconstruction of a whole CT that had `slices` slices; components at a listed lesion are nodules."""
    facts = {"where": whole.name, "patient": whole.name, "develop": develop, "whole": True, "ends": False}
    thick = slices // len(whole.hu)

    def verdict(box, part, centre):
        if (whole.votes[box] >= 128)[part].any():
            return True
        for voxel_ijk, radius_mm in lesions:
            at = voxel_ijk[::-1] / np.array([thick, 1, 1])
            if np.linalg.norm((centre - at) * np.array(whole.spacing_mm)) <= radius_mm:
                return True
        return False if whole.known[box][part].all() else None

    yield from found_in(whole.hu, calibrated, whole.spacing_mm, verdict, facts)


def load_calibrated(run: RunFolder) -> Calibrated:
    """The network of a run with its calibration."""
    found = run.read_calibration()
    return Calibrated(
        load_network(run.checkpoint, found["rates"]), found["temperature"], found["bias"], found["threshold"]
    )


shared = {}
