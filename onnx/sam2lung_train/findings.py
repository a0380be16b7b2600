"""What the network finds, as the 3-D patches that the judge learns from.

    python -m sam2lung_train.findings --checkpoint runs/first/checkpoint.pt --out runs/first

Runs the network with dropout over the crops of `train` and over the whole CTs, cuts the mean probability into components as the product
does, and stores a patch around each: nodules (they share voxels with the consensus) and everything else. Most crops are
gone on with by their caps, the others end as they do, so that the judge knows both a nodule's end and a scan's end.
Writes OUT/findings.npz.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from . import data
from .look import load_network, slice_logits
from .progress import bar
from .windows import DRIFT_PX_A_MM

# The judge's patch (samples and mm along k, j, i), and what is stored of it: more, so that training can turn and shift it.
SIZE, SPACING_MM = (13, 36, 36), (1.6, 0.9, 0.9)
STORED = (15, 52, 52)
THRESHOLDS = (0.5, 0.3)  # the product's, and a lower one that finds more of what is no nodule
SMALLEST_MM3 = 14.0
BEYOND_MM = 9.0  # how far a crop goes on
GONE_ON_SHARE = 0.65  # of the crops
AWAY_MM = 3.0  # what is nearer to something a reader marked is neither nodule nor false
SAMPLES = 3
NOISE_HU = 12.0


@dataclass
class Finding:
    """A component that the network found, seen by the judge."""

    where: str  # nodule's key or CT's name
    patient: str
    develop: bool
    nodule: bool
    whole: bool  # from a whole CT
    threshold: float
    diameter_mm: float  # of the component
    hu: np.ndarray  # int16 STORED
    probability: np.ndarray  # uint8 STORED, x 255
    inside: np.ndarray  # bool STORED: within the volume


def mean_probability(network, hu, spacing_mm, k, masks):
    """Mean over dropout samples of the probability (rows, columns) at the voxels of slice `k`."""
    return torch.sigmoid(slice_logits(network, hu, spacing_mm, k, masks)).mean(0).numpy()


def probabilities(network, hu, spacing_mm, words=None):
    """Mean probability of a volume; one set of dropout networks for all of its slices."""
    masks = network.masks(SAMPLES, "cpu")
    slices = bar(range(len(hu)), words, disable=words is None)
    return np.stack([mean_probability(network, hu, spacing_mm, k, masks) for k in slices])


def gone_on(stack, rng):
    """The crop with caps on both sides: HU, votes."""
    count = int(np.ceil(BEYOND_MM / stack.step_mm))
    drift = rng.uniform(-DRIFT_PX_A_MM, DRIFT_PX_A_MM, (2, 2))

    def beyond(side, n):
        moved = ndimage.shift(stack.caps[side].astype(np.float32), drift[side] * n * stack.step_mm, order=1, mode="nearest")
        return moved + rng.normal(0, NOISE_HU, moved.shape)

    below = [beyond(0, n) for n in range(count, 0, -1)]
    above = [beyond(1, n) for n in range(1, count + 1)]
    hu = data.as_hu(np.concatenate([below, stack.hu, above]))
    return hu, np.pad(stack.votes, ((count, count), (0, 0), (0, 0)))


def components(probability, threshold, spacing_mm):
    """(mask of one component, its centre k, j, i, its volume in mm3) of each that the product would report."""
    labels, _ = ndimage.label(probability > threshold, np.ones((3, 3, 3)))
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        part = labels[box] == number
        volume = part.sum() * np.prod(spacing_mm)
        if volume >= SMALLEST_MM3:
            yield box, part, np.argwhere(part).mean(0) + [s.start for s in box], volume


def patch(volume, centre_kji, spacing_mm, size=STORED):
    """Trilinear samples around a centre, edges repeated; and which lie within the volume."""
    positions = [
        centre + (np.arange(n) - (n - 1) / 2) * step / spacing
        for n, step, centre, spacing in zip(size, SPACING_MM, centre_kji, spacing_mm)
    ]
    inside = np.ones(size, bool)
    for axis, (at, length) in enumerate(zip(positions, volume.shape)):
        within = (at >= -0.5) & (at <= length - 0.5)
        inside &= within.reshape([-1 if a == axis else 1 for a in range(3)])
    low = [max(int(np.floor(at[0])), 0) for at in positions]
    box = tuple(slice(l, min(int(np.ceil(at[-1])) + 2, n)) for l, at, n in zip(low, positions, volume.shape))
    grid = np.meshgrid(*(at - l for at, l in zip(positions, low)), indexing="ij")
    return ndimage.map_coordinates(volume[box].astype(np.float32), grid, order=1, mode="nearest"), inside


def found_in(volume, probability, spacing_mm, verdict, facts):
    """A `Finding` for each component that `verdict(box, part, centre)` calls True or False."""
    seen = set()
    for threshold in THRESHOLDS:
        for box, part, centre, mm3 in components(probability, threshold, spacing_mm):
            place = (threshold != THRESHOLDS[0], tuple(np.round(centre).astype(int)))
            nodule = verdict(box, part, centre)
            if nodule is None or (False, place[1]) in seen:
                continue
            seen.add(place)
            hu, inside = patch(volume, centre, spacing_mm)
            p, _ = patch(probability, centre, spacing_mm)
            yield Finding(
                **facts,
                nodule=bool(nodule),
                threshold=threshold,
                diameter_mm=float(np.cbrt(6 * mm3 / np.pi)),
                hu=data.as_hu(hu),
                probability=np.round(p * 255).astype(np.uint8),
                inside=inside,
            )


def verdict_by_votes(votes, spacing_mm):
    """True: shares a voxel with the consensus. False: far from any mark. None: neither."""
    consensus, away = votes >= 128, ndimage.distance_transform_edt(votes == 0, sampling=spacing_mm) > AWAY_MM

    def verdict(box, part, centre):
        if (consensus[box] & part).any():
            return True
        return False if away[box][part].all() else None

    return verdict


def stack_findings(network, stack, others, rng):
    """Findings in a nodule's crop, gone on with or as it is."""
    spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
    facts = {"where": stack.key, "patient": stack.patient, "develop": stack.develop, "whole": False}
    goes_on = len(stack.hu) == 1 or rng.uniform() < GONE_ON_SHARE
    hu, votes = gone_on(stack, rng) if goes_on else (stack.hu, stack.votes)
    by_votes = verdict_by_votes(votes, spacing)

    def verdict(box, part, centre):
        nodule = by_votes(box, part, centre)
        return None if nodule is False and is_another_nodule(hu, centre, others) else nodule

    yield from found_in(hu, probabilities(network, hu, spacing), spacing, verdict, facts)


def is_another_nodule(hu, centre_kji, others, half=7, alike=0.98):
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
        region = other.hu[:, 64 - half - reach : 65 + half + reach, 64 - half - reach : 65 + half + reach].astype(np.float32)
        tiles = np.lib.stride_tricks.sliding_window_view(region, here.shape[1:], (1, 2)).reshape(-1, *here.shape[1:])
        if (normalised(tiles) * here).sum((1, 2)).max() > alike:
            return True
    return False


def normalised(tiles):
    """Tiles (N, h, w) with mean 0 and length 1."""
    tiles = tiles - tiles.mean((1, 2), keepdims=True, dtype=np.float32)
    return tiles / np.maximum(np.sqrt((tiles**2).sum((1, 2), keepdims=True)), 1e-3)


def whole_findings(network, whole, lesions):
    """Findings in a whole CT; components at a listed lesion are nodules."""
    probability = probabilities(network, whole.hu, whole.spacing_mm, whole.name)
    facts = {"where": whole.name, "patient": whole.name, "develop": False, "whole": True}

    def verdict(box, part, centre):
        if (whole.votes[box] >= 128)[part].any():
            return True
        for voxel_ijk, radius_mm in lesions:
            if np.linalg.norm((centre - voxel_ijk[::-1]) * np.array(whole.spacing_mm)) <= radius_mm:
                return True
        return False if whole.known[box][part].all() else None

    yield from found_in(whole.hu, probability, whole.spacing_mm, verdict, facts)


def known_lesions(folder):
    """Voxel (i, j, k) and radius of each lesion without a mask, by the CT's name; none of marks under 3 mm."""
    records = json.loads((folder / "whole_ct" / "index.json").read_text())
    listed = {r["file"]: [(np.array(x["voxel"]), x["diameter_mm"] / 2) for x in r["lesions"] if x["diameter_mm"]] for r in records}
    return {**listed, "fcp_dicom": [(np.array([182, 285, 65]), 9.5 / 2)]}


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=data.DATA)
    parser.add_argument("--cache", type=Path, default=data.CACHE)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="only N nodules, drawn at random")
    arguments = parser.parse_args(words)
    network, rng = load_network(arguments.checkpoint), np.random.default_rng(0)
    torch.manual_seed(0)
    lesions, found = known_lesions(arguments.data), []
    for whole in data.load_wholes(arguments.cache):
        found += whole_findings(network, whole, lesions[whole.name])
    stacks = data.load_stacks(arguments.cache)
    chosen = stacks if arguments.limit is None else [stacks[n] for n in rng.permutation(len(stacks))[: arguments.limit]]
    for stack in bar(chosen, "nodules"):
        others = [s for s in stacks if s.patient == stack.patient and s.key != stack.key]
        found += stack_findings(network, stack, others, rng)
    data.save(arguments.out / "findings.npz", found)
    for words, part in (("crops", [f for f in found if not f.whole]), ("whole CTs", [f for f in found if f.whole])):
        print(f"{words}: {sum(f.nodule for f in part)} nodules, {sum(not f.nodule for f in part)} others")


if __name__ == "__main__":
    main()
