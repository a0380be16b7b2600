"""The shared data folder as `Stack`s and `Whole`s. Only patients of `train` are read."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from scipy import ndimage

from ..aliases import Record
from ..progress import bar
from . import cases
from .annotations import reader
from .beyond import without_nodule
from .hu_estimate import estimate_hu
from .items import Stack, Whole, as_hu, hide, is_develop
from .lesions import FUSED_CT, known_lesions

# Nothing is learned within a lesion's radius + this of a whole CT's lesion that has no mask.
LESION_MARGIN_MM = 10.0
SMALL_MARK_RADIUS_MM = 5.0
UNLISTED_RADIUS_MM = 9.0
VESSELS = "_vessels.nii.gz"  # masks of vessels that were traced by hand, listed beside the CTs


# --- nodules ----------------------------------------------------------------------------------------------------------


def stacks(data: Path) -> list[Stack]:
    """Every `train` nodule with a known voxel size."""
    folder = Path(data) / "lidc"
    records = json.loads((folder / "index.json").read_text())
    usable = [r for r in records if r["split"] == "train" and r["pixel_mm"] and r["slice_step_mm"]]
    made = (stack(data, record) for record in bar(usable, "nodules"))
    return [s for s in made if s is not None]


def stack(data: Path, record: Record) -> Stack | None:
    """The record's nodule; None when its HU can't even be estimated."""
    folder, key = Path(data) / "lidc", record["key"]
    grey, marks = (cases.read_stack(folder / part / f"{key}.png") for part in ("images", "masks"))
    calibrated = cases.hu_known(record)
    hu = calibrated_hu(grey, record) if calibrated else estimate_hu(grey)
    if hu is None:
        return None
    readers = record["readers_active"]
    of_readers = [marks >> reader & 1 for reader in readers]
    votes = sum(mark.astype(np.float32) for mark in of_readers) / len(readers)
    bits = sum(mark.astype(np.uint8) << bit for bit, mark in enumerate(of_readers))
    before, after = true_ends(data, record, hu) if calibrated else ([], [])
    marked = votes > 0
    hu = np.concatenate([*(e[None] for e in before), hu, *(e[None] for e in after)])
    ends = ((len(before), len(after)), (0, 0), (0, 0))
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
        votes=np.round(np.pad(votes, ends) * 255).astype(np.uint8),
        marks=np.pad(bits, ends).astype(np.uint8),
        readers=len(readers),
        caps=as_hu(caps),
        pixel_mm=record["pixel_mm"],
        step_mm=record["slice_step_mm"],
        diameter_mm=record["equivalent_diameter_mm"],
    )


def calibrated_hu(grey: np.ndarray, record: Record) -> np.ndarray:
    gain, offset = np.array(record["hu_gain_offset"], np.float32).T[:, :, None, None]
    return grey * gain + offset


def true_ends(data: Path, record: Record, hu: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
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


def pasted(plane: np.ndarray, crop: np.ndarray, row: int, column: int) -> np.ndarray:
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


def wholes(data: Path) -> list[Whole]:
    """The whole CTs of `whole_ct` and `fcp_dicom`."""
    records = json.loads((Path(data) / "whole_ct" / "index.json").read_text())
    cts = [record for record in records if not record["file"].endswith(VESSELS)]
    listed = [whole_ct(Path(data) / "whole_ct", record) for record in bar(cts, "whole CTs")]
    return [*listed, fused_ct(Path(data) / FUSED_CT, known_lesions(Path(data))[FUSED_CT])]


def whole_ct(folder: Path, record: Record) -> Whole:
    if record["split"] != "train":
        raise ValueError(f"{record['file']} is not a training CT")
    hu = as_hu(np.asarray(nibabel.load(folder / record["file"]).dataobj, np.float32).T)
    spacing = tuple(record["spacing_mm"][::-1])
    votes, known = np.zeros(hu.shape, np.uint8), np.ones(hu.shape, bool)
    for lesion in record["lesions"]:
        radius = lesion["diameter_mm"] / 2 + LESION_MARGIN_MM if lesion["diameter_mm"] else SMALL_MARK_RADIUS_MM
        hide(known, lesion["voxel"], radius, spacing)
    for place in reader.of_ct(reader.UNLISTED_NODULES, f"{folder.name}/{record['file']}"):
        hide(known, place.voxel_ijk, UNLISTED_RADIUS_MM, spacing)
    outlined = folder / record["file"].replace(".nii.gz", "_votes.nii.gz")
    if outlined.exists():
        marks = np.asarray(nibabel.load(outlined).dataobj).astype(np.uint8).T
        readers = [bit for bit in range(8) if (marks >> bit & 1).any()]
        votes = np.round(sum((marks >> b & 1).astype(np.float32) for b in readers) * 255 / len(readers)).astype(
            np.uint8
        )
        known |= ndimage.binary_dilation(votes > 0, iterations=5)
    return Whole(record["file"], hu, votes, known, spacing)


def fused_ct(folder: Path, seen: list[tuple[np.ndarray, float]]) -> Whole:
    """`fcp_dicom`; slices by position from the feet up, the lesions that were `seen` (voxel, radius in mm) hidden."""
    slices = [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    slices.sort(key=lambda s: float(s.ImagePositionPatient[2]))
    hu = np.stack([s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices])
    step = float(slices[1].ImagePositionPatient[2]) - float(slices[0].ImagePositionPatient[2])
    spacing = (step, *(float(v) for v in slices[0].PixelSpacing))
    known = np.ones(hu.shape, bool)
    for voxel, radius in seen:
        hide(known, voxel, radius + LESION_MARGIN_MM, spacing)
    traced = folder.parent / "whole_ct" / f"fcp{VESSELS}"
    vessels = np.asarray(nibabel.load(traced).dataobj).T if traced.exists() else np.zeros(hu.shape, np.uint8)
    return Whole(folder.name, as_hu(hu), np.zeros(hu.shape, np.uint8), known, spacing, np.argwhere(vessels > 0))
