"""Packs the training data once, so that training reads arrays and nothing else.

    python -m sam2lung_train.data [--data ../../shared/data] [--cache cache] [--luna16 FOLDER] [--lidc-idri FOLDER]

Writes CACHE/nodules.npz and CACHE/whole.npz. Only patients of `train` are read. A tenth of them, chosen by a hash of the
patient's name, is the development part (`develop`): no weight sees it, thresholds and temperatures are chosen on it.
loaders/ adds the originals, or makes the cache of them alone where there is no --data folder.
"""

import argparse
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

from . import cases
from .hu_estimate import estimate_hu
from .progress import bar

HERE = Path(__file__).resolve().parent
DATA, CACHE = HERE.parent.parent.parent / "shared" / "data", HERE.parent / "cache"
LOWEST_HU, HIGHEST_HU = -1100, 2000
DEVELOP_SHARE = 0.1
# Nothing is learned within a lesion's radius + this of a whole CT's lesion that has no mask.
LESION_MARGIN_MM = 10.0
SMALL_MARK_RADIUS_MM = 5.0
# Voxels (i, j, k) that nobody listed and that look like nodules on pictures: round, apart from vessels, ending within a few slices. Two of these CTs
# were read by no radiologist. Whatever they are, nothing is learned from them; taught as no nodules they taught the judge to drop nodules.
UNLISTED = {
    "cmb_crc.nii.gz": [(96, 105, 14), (207, 42, 32), (269, 141, 70), (65, 78, 46), (58, 71, 29), (271, 182, 43)],
    "cptac_lscc.nii.gz": [(436, 235, 31), (45, 245, 44)],
}
UNLISTED_RADIUS_MM = 9.0


@dataclass
class Stack:
    """One nodule: crop in HU, what share of its readers marked each voxel, and what lies beyond its ends."""

    key: str
    patient: str
    develop: bool
    calibrated: bool  # HU known, not estimated
    hu: np.ndarray  # int16 (slices, 128, 128)
    votes: np.ndarray  # uint8, share of the active readers x 255
    caps: np.ndarray  # int16 (2, 128, 128): what a slice before the first and after the last may look like
    pixel_mm: float
    step_mm: float
    diameter_mm: float


@dataclass
class Whole:
    """One whole CT: what is no nodule, and votes where a lesion was outlined."""

    name: str
    hu: np.ndarray  # int16 [k, j, i]
    votes: np.ndarray  # uint8, share of the active readers x 255
    known: np.ndarray  # bool: may be learned from
    spacing_mm: tuple  # k, j, i
    # Voxels (N, 3) known before any training to look like nodules and be none.
    hard: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), int))


def as_marked(stack):
    """HU and votes of the slices from the first to the last that some reader marked: a crop as `lidc` has it."""
    marked = np.flatnonzero(stack.votes.any((1, 2)))
    slices = slice(marked[0], marked[-1] + 1) if len(marked) else slice(None)
    return stack.hu[slices], stack.votes[slices]


def is_develop(patient):
    """True for the development part: a fixed tenth of the patients."""
    digest = hashlib.sha256(f"sam2lung develop {patient}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < DEVELOP_SHARE * 2**32


def as_hu(values):
    return np.clip(np.round(values), LOWEST_HU, HIGHEST_HU).astype(np.int16)


# --- nodules ----------------------------------------------------------------------------------------------------------


def stacks(data):
    """Every `train` nodule with a known voxel size."""
    folder = Path(data) / "lidc"
    records = json.loads((folder / "index.json").read_text())
    usable = [r for r in records if r["split"] == "train" and r["pixel_mm"] and r["slice_step_mm"]]
    made = (stack(data, record) for record in bar(usable, "nodules"))
    return [s for s in made if s is not None]


def stack(data, record):
    """The record's nodule; None when its HU can't even be estimated."""
    folder, key = Path(data) / "lidc", record["key"]
    grey, marks = (cases.read_stack(folder / part / f"{key}.png") for part in ("images", "masks"))
    calibrated = cases.hu_known(record)
    hu = calibrated_hu(grey, record) if calibrated else estimate_hu(grey)
    if hu is None:
        return None
    readers = record["readers_active"]
    votes = sum((marks >> reader & 1).astype(np.float32) for reader in readers) / len(readers)
    before, after = true_ends(data, record, hu) if calibrated else ([], [])
    marked = votes > 0
    hu = np.concatenate([*(e[None] for e in before), hu, *(e[None] for e in after)])
    votes = np.pad(votes, ((len(before), len(after)), (0, 0), (0, 0)))
    caps = np.stack([
        hu[0] if before else without_nodule(hu[0], marked[0]),
        hu[-1] if after else without_nodule(hu[-1], marked[-1]),
    ])  # fmt: skip
    return Stack(
        key=key,
        patient=record["patient"],
        develop=is_develop(record["patient"]),
        calibrated=calibrated,
        hu=as_hu(hu),
        votes=np.round(votes * 255).astype(np.uint8),
        caps=as_hu(caps),
        pixel_mm=record["pixel_mm"],
        step_mm=record["slice_step_mm"],
        diameter_mm=record["equivalent_diameter_mm"],
    )


def calibrated_hu(grey, record):
    gain, offset = np.array(record["hu_gain_offset"], np.float32).T[:, :, None, None]
    return grey * gain + offset


def without_nodule(plane, marked):
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


def true_ends(data, record, hu):
    """Slices before and after the marked ones, from the nodule's crop in `lidc_hu` where it reaches further.

    Outside that smaller crop they repeat the stack's end without the nodule, blended over a few pixels.
    """
    voi = next(iter(record["voi"]), None)
    if voi is None:
        return [], []
    name, z, row, column = voi
    crop = np.asarray(nibabel.load(Path(data) / "lidc_hu" / "image" / name).dataobj, np.float32).T
    marks = cases.read_stack(Path(data) / "lidc" / "masks" / f"{record['key']}.png") > 0
    ends = (without_nodule(hu[0], marks[0]), without_nodule(hu[-1], marks[-1]))
    before = [pasted(ends[0], crop[n], row, column) for n in range(max(-z, 0))]
    after = [pasted(ends[1], plane, row, column) for plane in crop[max(len(hu) - z, 0) :]]
    return before, after


def pasted(plane, crop, row, column):
    """`plane` with `crop` laid over it at (row, column), faded in over 4 pixels."""
    height, width = crop.shape
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + height, plane.shape[0]), min(column + width, plane.shape[1])
    part = crop[top - row : bottom - row, left - column : right - column]
    edge = ndimage.distance_transform_cdt(np.pad(np.ones(part.shape, bool), 1), "chessboard")[1:-1, 1:-1]
    weight = np.clip(edge / 4.0, 0, 1)
    result = plane.copy()
    result[top:bottom, left:right] = weight * part + (1 - weight) * plane[top:bottom, left:right]
    return result


# --- whole CTs --------------------------------------------------------------------------------------------------------


def wholes(data):
    """The whole CTs of `whole_ct` and `fcp_dicom`."""
    records = json.loads((Path(data) / "whole_ct" / "index.json").read_text())
    listed = [whole_ct(Path(data) / "whole_ct", record) for record in bar(records, "whole CTs")]
    return [*listed, fused_ct(Path(data) / "fcp_dicom")]


def whole_ct(folder, record):
    if record["split"] != "train":
        raise ValueError(f"{record['file']} is not a training CT")
    hu = as_hu(np.asarray(nibabel.load(folder / record["file"]).dataobj, np.float32).T)
    spacing = tuple(record["spacing_mm"][::-1])
    votes, known = np.zeros(hu.shape, np.uint8), np.ones(hu.shape, bool)
    for lesion in record["lesions"]:
        radius = lesion["diameter_mm"] / 2 + LESION_MARGIN_MM if lesion["diameter_mm"] else SMALL_MARK_RADIUS_MM
        hide(known, lesion["voxel"], radius, spacing)
    for voxel in UNLISTED.get(record["file"], []):
        hide(known, voxel, UNLISTED_RADIUS_MM, spacing)
    outlined = folder / record["file"].replace(".nii.gz", "_votes.nii.gz")
    if outlined.exists():
        marks = np.asarray(nibabel.load(outlined).dataobj).astype(np.uint8).T
        readers = [bit for bit in range(8) if (marks >> bit & 1).any()]
        votes = np.round(sum((marks >> b & 1).astype(np.float32) for b in readers) * 255 / len(readers)).astype(np.uint8)
        known |= ndimage.binary_dilation(votes > 0, iterations=5)
    return Whole(record["file"], hu, votes, known, spacing)


def fused_ct(folder):
    """`fcp_dicom`; slices by position from the feet up, the nodule that was found by eye hidden."""
    import pydicom

    slices = [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    hu = np.stack([s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices])
    step = float(slices[1].ImagePositionPatient[2]) - float(slices[0].ImagePositionPatient[2])
    spacing = (step, *(float(v) for v in slices[0].PixelSpacing))
    known = np.ones(hu.shape, bool)
    hide(known, (182, 285, 65), 9.5 / 2 + LESION_MARGIN_MM, spacing)
    return Whole(folder.name, as_hu(hu), np.zeros(hu.shape, np.uint8), known, spacing)


def hide(known, voxel_ijk, radius_mm, spacing_mm):
    """Marks the ball around a voxel as not to be learned from."""
    centre = voxel_ijk[::-1]
    reach = [int(np.ceil(radius_mm / s)) for s in spacing_mm]
    box = tuple(slice(max(c - r, 0), min(c + r + 1, n)) for c, r, n in zip(centre, reach, known.shape))
    axes = np.ogrid[box]
    distance = sum(((axis - c) * s) ** 2 for axis, c, s in zip(axes, centre, spacing_mm))
    known[box] &= distance > radius_mm**2


# --- files ------------------------------------------------------------------------------------------------------------


def save(path, items):
    """Items of one dataclass as an .npz: arrays apart, the rest as JSON."""
    arrays, facts = {}, []
    for n, item in enumerate(items):
        fields = vars(item)
        arrays |= {f"{n}.{name}": value for name, value in fields.items() if isinstance(value, np.ndarray)}
        facts.append({name: value for name, value in fields.items() if not isinstance(value, np.ndarray)})
    partial = path.with_suffix(".part.npz")
    np.savez(partial, facts=json.dumps(facts), **arrays)
    partial.replace(path)


def load(path, kind):
    """What `save` wrote."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run python -m sam2lung_train.data")
    with np.load(path) as stored:
        facts = json.loads(str(stored["facts"]))
        items = [dict(f) for f in facts]
        for name in stored.files:
            if name != "facts":
                n, field = name.split(".")
                items[int(n)][field] = stored[name]
    return [kind(**item) for item in items]


def load_stacks(cache=CACHE):
    return load(Path(cache) / "nodules.npz", Stack)


def load_wholes(cache=CACHE):
    return load(Path(cache) / "whole.npz", Whole)


def main(words=None):
    from .loaders import command as originals  # they need this module

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=CACHE)
    originals.add_options(parser)
    arguments = parser.parse_args(words)
    nodules, whole = [], []
    try:
        more = originals.plan(arguments)  # before the half minute of packing: most mistakes show here
        if arguments.data.is_dir() or more is None:
            nodules, whole = stacks(arguments.data), wholes(arguments.data)
        if more is not None:
            nodules, whole = more.added_to(nodules, whole)
    except originals.LoaderError as error:
        raise SystemExit(f"sam2lung_train.data: {error}") from error
    arguments.cache.mkdir(parents=True, exist_ok=True)
    save(arguments.cache / "nodules.npz", nodules)
    save(arguments.cache / "whole.npz", whole)
    develop = [s for s in nodules if s.develop]
    print(f"{len(nodules)} nodules of {len({s.patient for s in nodules})} patients, "
          f"{sum(s.calibrated for s in nodules)} with known HU; "
          f"development part: {len(develop)} of {len({s.patient for s in develop})}; {len(whole)} whole CTs")  # fmt: skip


if __name__ == "__main__":
    main()
