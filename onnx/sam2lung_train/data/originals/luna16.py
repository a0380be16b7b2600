"""LUNA16: MetaImage volumes in subset0 … subset9, and what is in them as CSV files.

annotations.csv (seriesuid, coordX, coordY, coordZ, diameter_mm) lists the nodules of 3 mm and more that three of the
four readers marked; candidates_V2.csv, or candidates.csv (…, class), places that programs took for nodules, with class
1 where they were right; annotations_excluded.csv (in the evaluation script's folder) everything else that any reader
marked, diameter -1 where unknown. Coordinates are LPS in mm (https://luna16.grand-challenge.org/Data/).

A nodule is drawn as a ball of its diameter, which is the right place and size and a wrong outline: the Dice of such
balls with the readers' consensus is about 0.8 (the tests measure it). So `unsure` leaves out a shell at the surface,
for training that can leave voxels out; `--outlines readers` takes the readers' contours, which lie on the same voxels,
instead.
"""

import csv
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .volume import Ct, LoaderError, Nodule, ball, is_inside, oriented

PLACE = ("seriesuid", "coordX", "coordY", "coordZ")
ACCEPTED_BY = 3  # readers at least
UNSURE_SHARE, UNSURE_MM = 0.25, 1.0  # of the radius, or this, on both sides of a ball's surface
SMALL_MARK_MM, AROUND_MARK_MM = 5.0, 3.0


@dataclass
class Mark:
    """A row of a CSV file."""

    lps_mm: tuple
    value: float  # diameter in mm, or class


class Luna16:
    """The folder: which series there are, and what is known of each. `subsets` are the numbers to take, None for all."""

    def __init__(self, folder: Path, subsets: Collection[int] | None = None) -> None:
        self.folder = Path(folder)
        self.volumes = self._volumes(subsets)
        self.annotations = self._marks("annotations.csv", "diameter_mm")
        self.excluded = self._marks("annotations_excluded.csv", "diameter_mm")
        candidates = self._marks("candidates_V2.csv", "class")
        self.candidates = self._marks("candidates.csv", "class") if candidates is None else candidates
        if self.annotations is None:
            raise LoaderError(f"{folder}: expected LUNA16's annotations.csv in it or in a folder inside")
        for uid, marks in self.annotations.items():
            if any(mark.value <= 0 for mark in marks):
                raise LoaderError(f"{folder}: annotations.csv has a nodule without diameter in {uid}")
        if not set(self.volumes) & set(self.annotations):
            raise LoaderError(
                f"{folder}: none of the {len(self.volumes)} volumes' names is a seriesuid of annotations.csv"
            )

    def _volumes(self, subsets: Collection[int] | None) -> dict[str, Path]:
        # Other folders hold files of the same names: seg-lungs-LUNA16 has lung masks.
        found = {}
        inside = [(path, subset_of(path.relative_to(self.folder))) for path in sorted(self.folder.rglob("*.mhd"))]
        numbered = any(number is not None for _, number in inside)
        for path, number in inside:
            if (
                number is None
                and (numbered or path.parent != self.folder)
                or subsets is not None
                and number not in subsets
            ):
                continue
            if path.stem in found:
                raise LoaderError(f"{path} and {found[path.stem]} are the same series: expected each once")
            found[path.stem] = path
        if not found:
            some = "" if subsets is None else f" of the subsets {', '.join(map(str, sorted(subsets)))}"
            raise LoaderError(
                f"{self.folder}: no .mhd file{some} (expected subset0 … subset9 with a .mhd for each series)"
            )
        return found

    def _marks(self, name: str, column: str) -> dict[str, list[Mark]] | None:
        """{series: [Mark]} of the file, wherever it lies; None without it."""
        paths = [path for depth in ("", "*/", "*/*/", "*/*/*/") for path in sorted(self.folder.glob(depth + name))]
        return read_marks(paths[0], column) if paths else None

    def read(self, series_uid: str) -> Ct:
        """The series as a `Ct`."""
        import SimpleITK

        path = self.volumes[series_uid]
        try:
            image = SimpleITK.ReadImage(str(path))
        except RuntimeError as error:
            raise LoaderError(f"{path}: can't be read: {str(error).strip().splitlines()[-1].strip()}") from error
        stored = SimpleITK.GetArrayViewFromImage(image)  # `oriented` copies
        if stored.ndim != 3:
            raise LoaderError(f"{path}: expected three axes, got {image.GetSize()}")
        return oriented(series_uid, stored, image.GetOrigin(), image.GetSpacing(), image.GetDirection())

    def balls(self, ct: Ct) -> list[Nodule]:
        """The series' nodules as balls."""
        made = []
        for mark in self.annotations.get(ct.series_uid, []):
            centre, radius = ct.voxel(mark.lps_mm), mark.value / 2
            if not is_inside(ct.hu.shape, centre):
                raise LoaderError(
                    f"{ct.series_uid}: annotations.csv has a nodule at {mark.lps_mm} mm, outside of the volume"
                )
            shell = max(UNSURE_SHARE * radius, UNSURE_MM)
            box, distance = ball(ct.hu.shape, centre, radius + shell, ct.spacing_mm)
            share = (distance <= radius).astype(np.float32)
            share.flat[distance.argmin()] = 1  # a nodule between two thick slices has a voxel, too
            made.append(Nodule(tuple(s.start for s in box), share, ACCEPTED_BY, np.abs(distance - radius) <= shell))
        return made

    def irrelevant(self, ct: Ct) -> list[tuple[np.ndarray, float]]:
        """(voxel, radius in mm) around what is neither nodule nor negative: what a reader marked and LUNA16 leaves out."""
        made = [
            (ct.voxel(mark.lps_mm), mark.value / 2 + AROUND_MARK_MM if mark.value > 0 else SMALL_MARK_MM)
            for mark in (self.excluded or {}).get(ct.series_uid, [])
        ]
        # Candidates of class 1 lie in nodules: one that lies in no ball belongs to a nodule that annotations.csv lacks.
        nodules = [
            (ct.voxel(mark.lps_mm), mark.value / 2 + AROUND_MARK_MM) for mark in self.annotations.get(ct.series_uid, [])
        ]
        for voxel in self._candidates(ct, 1):
            if all(np.linalg.norm((voxel - centre) * ct.spacing_mm) > radius for centre, radius in nodules):
                made.append((voxel, SMALL_MARK_MM))
        return [(voxel, radius) for voxel, radius in made if is_inside(ct.hu.shape, voxel)]

    def hard(self, ct: Ct) -> np.ndarray:
        """Voxels (N, 3) of the candidates of class 0."""
        voxels = self._candidates(ct, 0)
        return np.round(voxels[is_inside(ct.hu.shape, voxels)]).astype(int)

    def _candidates(self, ct: Ct, kind: int) -> np.ndarray:
        marks = (self.candidates or {}).get(ct.series_uid, [])
        return ct.voxel(np.reshape([mark.lps_mm for mark in marks if mark.value == kind], (-1, 3)))


def subset_of(path: Path) -> int | None:
    """The number of the subset folder that a path lies in; None for none."""
    numbers = [re.fullmatch(r"subset(\d)", part) for part in path.parts]
    return next((int(number[1]) for number in numbers if number), None)


def read_marks(path: Path, column: str) -> dict[str, list[Mark]]:
    """{series: [Mark]} of a CSV file with LUNA16's columns."""
    marks, wanted = {}, (*PLACE, column)
    with open(path, newline="") as file:
        rows = csv.DictReader(file)
        lacking = [name for name in wanted if name not in (rows.fieldnames or [])]
        if lacking:
            raise LoaderError(f"{path}: expected the columns {', '.join(wanted)}; {', '.join(lacking)} isn't there")
        for row in rows:
            try:
                *place, value = (float(row[name]) for name in wanted[1:])
            except (TypeError, ValueError):
                place, value = [math.nan], math.nan
            if not all(map(math.isfinite, (*place, value))):
                raise LoaderError(
                    f"{path}, line {rows.line_num}: expected numbers in {', '.join(wanted[1:])}, got {list(row.values())}"
                )
            marks.setdefault(row["seriesuid"], []).append(Mark(tuple(place), value))
    return marks
