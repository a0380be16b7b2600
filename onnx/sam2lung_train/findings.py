"""What the network finds, as the 3-D patches that the judge learns from.

    python -m sam2lung_train.findings --run runs/first --sam2lung ../target/release/sam2lung [--jobs 2]

Runs the network with dropout, calibrated as in RUN/calibration.json, over the crops of `train` and over the whole CTs, cuts the mean
probability into components as the product does, and stores a patch around each: nodules (they share voxels with the consensus) and
everything else. Crops are seen ending as they do, half of them gone on with by their caps as well, so that the judge knows both a
nodule's end and a scan's end; each whole CT as several scanners and reconstructions might have shown it, and with nodules of the
crops set in (see `insert`), since there are few of them; and some made by arithmetic (see `phantoms`).
Writes RUN/findings.npz.
"""

import argparse
import json
import multiprocessing
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from . import data, phantoms
from .insert import with_nodules
from .look import load_network, slice_logits
from .memory import keep_freed_memory
from .progress import bar
from .windows import DRIFT_PX_A_MM

# The judge's patch (samples and mm along k, j, i), and what is stored of it: more, so that training can turn and shift it.
SIZE, SPACING_MM = (13, 36, 36), (1.6, 0.9, 0.9)
STORED = (15, 52, 52)
LOWER = 0.5  # a second threshold, as a share of the product's, finds more of what is no nodule
SMALLEST_MM3 = 14.0
BEYOND_MM = 9.0  # how far a crop goes on
AWAY_MM = 3.0  # what is nearer to something a reader marked is neither nodule nor false
THIN_MM = 2.0  # thinner slices are also averaged in pairs
INSERTIONS = ("train", "develop")  # passes with nodules of that part set in
INSERTED = 100  # nodules a pass, where there is room
GONE_ON_SHARE = 0.5  # of the crops that are also gone on with
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
    ends: bool  # the crop ends where the marks end
    product: bool  # found at the product's threshold, not only at the lower one
    diameter_mm: float  # of the component
    hu: np.ndarray  # int16 STORED
    probability: np.ndarray  # uint8 STORED, x 255
    inside: np.ndarray  # bool STORED: within the volume


@dataclass
class Product:
    """The calibrated network, as the product runs it."""

    network: torch.nn.Module
    temperature: float
    bias: float
    threshold: float

    def probabilities(self, hu, spacing_mm):
        """Mean probability of a volume; one set of dropout networks for all of its slices."""
        masks = self.network.masks(SAMPLES, "cpu")
        logits = (slice_logits(self.network, hu, spacing_mm, k, masks) for k in range(len(hu)))
        return np.stack([torch.sigmoid(l / self.temperature + self.bias).mean(0).numpy() for l in logits])


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


def found_in(volume, product, spacing_mm, verdict, facts):
    """A `Finding` for each component that `verdict(box, part, centre)` calls True or False."""
    probability, seen = product.probabilities(volume, spacing_mm), set()
    for at_product in (True, False):
        threshold = product.threshold * (1.0 if at_product else LOWER)
        for box, part, centre, mm3 in components(probability, threshold, spacing_mm):
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
                product=at_product,
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


def stack_findings(product, stack, ends, others, rng):
    """Findings in a nodule's crop, gone on with or ending as it does."""
    spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
    facts = {"where": stack.key, "patient": stack.patient, "develop": stack.develop, "whole": False, "ends": ends}
    hu, votes = data.as_marked(stack) if ends else gone_on(stack, rng)
    by_votes = verdict_by_votes(votes, spacing)

    def verdict(box, part, centre):
        nodule = by_votes(box, part, centre)
        return None if nodule is False and is_another_nodule(hu, centre, others) else nodule

    yield from found_in(hu, product, spacing, verdict, facts)


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


def kinds_of(whole):
    """What a whole CT is shown as: as it is, as other scanners and reconstructions might have, and with nodules set in."""
    return ["plain", "sharp", "scaled", *(["thick"] if whole.spacing_mm[0] < THIN_MM else []), *INSERTIONS]


def reconstruction(whole, kind, rng):
    """The whole CT as `kind`."""
    if kind == "plain":
        return whole
    if kind == "scaled":  # a smaller or larger patient
        scale = rng.uniform(0.85, 1.18)
        return replace(whole, spacing_mm=tuple(s * scale for s in whole.spacing_mm))
    if kind == "thick":
        return in_pairs(whole)
    smooth = np.stack([ndimage.gaussian_filter(plane.astype(np.float32), 0.8) for plane in whole.hu])
    return replace(whole, hu=data.as_hu(1.8 * whole.hu - 0.8 * smooth + rng.normal(0, 25, whole.hu.shape)))


def in_pairs(whole):
    """The whole CT with slices averaged in pairs."""
    count = len(whole.hu) // 2
    pairs = lambda array: array[: 2 * count].reshape(count, 2, *array.shape[1:])  # noqa: E731
    return replace(
        whole,
        hu=data.as_hu(pairs(whole.hu).mean(1, dtype=np.float32)),
        votes=pairs(whole.votes).max(1),
        known=pairs(whole.known).all(1),
        spacing_mm=(whole.spacing_mm[0] * 2, *whole.spacing_mm[1:]),
    )


def whole_findings(product, whole, slices, lesions, develop=False):
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

    yield from found_in(whole.hu, product, whole.spacing_mm, verdict, facts)


def known_lesions(folder):
    """Voxel (i, j, k) and radius of each lesion without a mask, by the CT's name; none of marks under 3 mm."""
    index = folder / "whole_ct" / "index.json"
    records = json.loads(index.read_text()) if index.exists() else []
    listed = {r["file"]: [(np.array(x["voxel"]), x["diameter_mm"] / 2) for x in r["lesions"] if x["diameter_mm"]] for r in records}
    return {**listed, "fcp_dicom": [(np.array([182, 285, 65]), 9.5 / 2)]}


def load_product(run):
    """The network of a run with its calibration."""
    found = json.loads((run / "calibration.json").read_text())
    network = load_network(run / "checkpoint.pt", found.get("rates"))
    return Product(network, found["temperature"], found["bias"], found["threshold"])


class Finder:
    """Everything that a job reads; `made`: phantoms, which are shown as they are."""

    def __init__(self, product, stacks, wholes, lesions, made=()):
        self.product, self.stacks, self.lesions = product, stacks, lesions
        self.wholes = [*wholes, *made]
        self.kinds = [*map(kinds_of, wholes), *(["plain"] for _ in made)]

    def jobs(self):
        """(number, kind of reconstruction) of whole CTs, then (number, whether the crop ends where the marks end) of stacks."""
        gone_on_too = np.random.default_rng(0).uniform(size=len(self.stacks)) < GONE_ON_SHARE
        flat = [len(data.as_marked(stack)[0]) == 1 for stack in self.stacks]
        ending = [(n, True) for n in range(len(self.stacks)) if not flat[n]]
        going_on = [(n, False) for n in range(len(self.stacks)) if flat[n] or gone_on_too[n]]
        return [*((n, kind) for n, kinds in enumerate(self.kinds) for kind in kinds), *ending, *going_on]

    def findings(self, job):
        number, how = job
        torch.manual_seed(number)
        rng = np.random.default_rng([number, INSERTIONS.index(how) if how in INSERTIONS else 0])
        if how in INSERTIONS:
            return self.findings_set_in(self.wholes[number], how.startswith("develop"), rng)
        if isinstance(how, str):
            whole = self.wholes[number]
            shown = reconstruction(whole, how, rng)
            return list(whole_findings(self.product, shown, len(whole.hu), self.lesions.get(whole.name, [])))
        stack = self.stacks[number]
        others = [s for s in self.stacks if s.patient == stack.patient and s.key != stack.key]
        return list(stack_findings(self.product, stack, how, others, rng))

    def findings_set_in(self, whole, develop, rng):
        """The nodules that were set into a whole CT; nothing else of it, which the other kinds have shown."""
        shown = with_nodules(whole, [s for s in self.stacks if s.develop == develop], INSERTED, rng)
        found = whole_findings(self.product, shown, len(whole.hu), [], develop)
        return [f for f in found if f.nodule]


def find_all(finder, processes):
    """Findings of all jobs. Processes are forked, so that they share the CTs; `finder` reaches them by `take`."""
    jobs = finder.jobs()
    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(processes, take, (finder,)) as pool:
        return [f for some in bar(pool.imap(do, jobs), "findings", total=len(jobs)) for f in some]


shared = {}


def take(finder):
    shared["finder"] = finder


def do(job):
    return shared["finder"].findings(job)


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=data.DATA)
    parser.add_argument("--cache", type=Path, default=data.CACHE)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--sam2lung", type=Path, required=True, help="the built command line, which makes the phantoms")
    parser.add_argument("--limit", type=int, help="only N nodules, drawn at random")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    arguments = parser.parse_args(words)
    keep_freed_memory()
    stacks, lesions = data.load_stacks(arguments.cache), known_lesions(arguments.data)
    if arguments.limit is not None:
        stacks = [stacks[n] for n in np.random.default_rng(0).permutation(len(stacks))[: arguments.limit]]
    with tempfile.TemporaryDirectory() as folder:
        made, nodules = phantoms.made(arguments.sam2lung, folder)
    finder = Finder(load_product(arguments.run), stacks, data.load_wholes(arguments.cache), {**lesions, **nodules}, made)
    found = find_all(finder, arguments.jobs)
    data.save(arguments.run / "findings.npz", found)
    for words, part in (("crops", [f for f in found if not f.whole]), ("whole CTs", [f for f in found if f.whole])):
        print(f"{words}: {sum(f.nodule for f in part)} nodules, {sum(not f.nodule for f in part)} others")
    seen = {f.where for f in found if f.nodule and f.product and f.ends}
    usual = [s for s in stacks if (s.votes >= 128).any() and len(data.as_marked(s)[0]) > 1]
    print(f"without a finding in crops as they are: {sum(s.key not in seen for s in usual)} of {len(usual)} nodules")


if __name__ == "__main__":
    main()
