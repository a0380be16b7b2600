"""The nodules that the product is measured on: CT crops in HU with the readers' consensus.

From `lidc`: crops of 128 x 128 pixels whose grey levels are known in HU in every slice; the reference is what at
least half of the readers marked who marked anything. From `lidc_hu`: crops of about 44 x 44 pixels in true HU; the
reference is the mask that comes with them. Arrays are [slice, row, column].
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from ..aliases import Record

CROP = 128


@dataclass
class Case:
    """One nodule in its crop."""

    name: str
    patient: str
    diameter_mm: float
    hu: np.ndarray  # float32 (slices, rows, columns)
    reference: np.ndarray  # bool, the same shape
    spacing_mm: tuple[float, float, float]  # slice, row, column
    readers: tuple = ()  # each reader's outline, bool arrays of the same shape; none where only one mask is known
    texture: float = float("nan")  # mean of the readers' ratings, 1 (ground glass) to 5 (solid)

    @property
    def slices(self) -> int:
        return self.hu.shape[0]

    @property
    def click_ijk(self) -> tuple[int, int, int]:
        """Where someone would click: the voxel (column, row, slice) of the consensus nearest to its centroid."""
        voxels = np.argwhere(self.reference)
        distance = ((voxels - voxels.mean(axis=0)) * self.spacing_mm) ** 2
        return tuple(int(index) for index in voxels[distance.sum(axis=1).argmin()][::-1])


def lidc_records(data: Path, split: str) -> list[Record]:
    """index.json's records of `split` whose geometry and HU are known throughout."""
    records = json.loads((Path(data) / "lidc" / "index.json").read_text())
    return [r for r in records if r["split"] == split and r["pixel_mm"] and r["slice_step_mm"] and hu_known(r)]


def hu_known(record: Record) -> bool:
    return bool(record["hu_gain_offset"]) and all(pair is not None for pair in record["hu_gain_offset"])


def lidc_cases(data: Path, split: str = "val") -> list[Case]:
    return [lidc_case(Path(data) / "lidc", record) for record in lidc_records(data, split)]


def lidc_case(folder: Path, record: Record) -> Case:
    key, pixel = record["key"], record["pixel_mm"]
    grey, marks = (read_stack(folder / part / f"{key}.png") for part in ("images", "masks"))
    gain, offset = np.array(record["hu_gain_offset"], np.float32).T[:, :, None, None]
    return Case(
        name=key,
        patient=record["patient"],
        diameter_mm=record["equivalent_diameter_mm"],
        hu=grey * gain + offset,
        reference=consensus(marks, record["readers_active"]),
        spacing_mm=(record["slice_step_mm"], pixel, pixel),
        readers=tuple(marks >> reader & 1 > 0 for reader in record["readers_active"]),
        texture=texture(record["ratings"]),
    )


def texture(ratings: list[Record | None] | None) -> float:
    """Mean texture rating of the readers who gave one; NaN where none did."""
    given = [rating["texture"] for rating in ratings or [] if rating]
    return float(np.mean(given)) if given else float("nan")


def read_stack(path: Path) -> np.ndarray:
    """A PNG of slices stacked downwards as [slice, row, column]."""
    return np.asarray(Image.open(path)).reshape(-1, CROP, CROP)


def consensus(marks: np.ndarray, readers: list[int]) -> np.ndarray:
    """Pixels that at least half of `readers` (bit numbers) marked."""
    votes = sum((marks >> reader & 1).astype(int) for reader in readers)
    return 2 * votes >= len(readers)


def lidc_hu_cases(data: Path, split: str = "val") -> list[Case]:
    """The crops of `lidc_hu` whose patients belong to `split` of `lidc`."""
    records = json.loads((Path(data) / "lidc" / "index.json").read_text())
    patients = {r["patient"] for r in records if r["split"] == split}
    folder = Path(data) / "lidc_hu"
    with open(folder / "nodules.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["patient_id"] in patients]
    named = [(row, f"{row['patient_id']}_R_{row['nodule_id']}.nii.gz") for row in rows]
    return [lidc_hu_case(folder, row, name) for row, name in named if (folder / "image" / name).exists()]


def lidc_hu_case(folder: Path, row: dict[str, str], name: str) -> Case:
    image = nibabel.load(folder / "image" / name)
    mask = nibabel.load(folder / "mask" / name)
    reference = np.asarray(mask.dataobj).T > 0
    spacing = tuple(float(s) for s in image.header.get_zooms()[2::-1])
    volume = reference.sum() * np.prod(spacing)
    return Case(
        name=name.removesuffix(".nii.gz"),
        patient=row["patient_id"],
        diameter_mm=float(np.cbrt(6 * volume / np.pi)),
        hu=np.asarray(image.dataobj, np.float32).T,
        reference=reference,
        spacing_mm=spacing,
    )


def write_ct(case: Case, path: Path) -> None:
    """The crop as int16 NIfTI in plain axial orientation (columns to the left, rows to the back)."""
    step, row, column = case.spacing_mm
    affine = np.diag([-column, -row, step, 1.0])
    image = nibabel.Nifti1Image(np.round(case.hu).astype(np.int16).T, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    nibabel.save(image, path)
