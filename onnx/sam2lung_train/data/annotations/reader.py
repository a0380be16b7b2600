"""Reads the CSV files of this folder. A row that can't be right is refused by its line: nothing is learned from a slip
of the pen.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from ...errors import UserError

FOLDER = Path(__file__).resolve().parent
SEEN_BY_EYE = FOLDER / "seen_by_eye.csv"
UNLISTED_NODULES = FOLDER / "unlisted_nodules.csv"
THICK_SLICE_LESIONS = FOLDER / "thick_slice_lesions.csv"
COLUMNS = ("ct", "i", "j", "k", "diameter_mm", "what")
LARGEST_MM = 200.0  # a lesion can't be larger than a lung


@dataclass(frozen=True)
class Place:
    """One row."""

    ct: str  # file or folder, relative to the shared data
    voxel_ijk: tuple[int, int, int]
    diameter_mm: float | None
    what: str

    @property
    def radius_mm(self) -> float:
        """Half the diameter.

        # Raises UserError where nobody measured it.
        """
        if self.diameter_mm is None:
            raise UserError(f"{self.ct}, voxel {self.voxel_ijk}: expected a diameter_mm, got nothing")
        return self.diameter_mm / 2


def read(path: Path) -> list[Place]:
    """Every row of a file, in its order.

    # Raises UserError for columns other than COLUMNS, a value that can't be right, a voxel that is listed twice.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise UserError(
                f"{path}: expected the columns {', '.join(COLUMNS)}; got {', '.join(rows.fieldnames or ())}"
            )
        places = []
        for row in rows:
            place = place_of(row, f"{path}, line {rows.line_num}")
            if any((place.ct, place.voxel_ijk) == (other.ct, other.voxel_ijk) for other in places):
                raise UserError(f"{path}, line {rows.line_num}: voxel {place.voxel_ijk} of {place.ct} is listed twice")
            places.append(place)
    return places


def place_of(row: dict[str, str | None], where: str) -> Place:
    """One row as a `Place`; `where` is what an error calls it."""
    # csv puts what is too much under None, and None where too little is.
    if None in row or None in row.values():
        raise UserError(f"{where}: expected {len(COLUMNS)} values, got {[v for v in row.values() if v is not None]}")
    if not row["ct"] or not row["what"]:
        raise UserError(f"{where}: expected words in ct and what, got {list(row.values())}")
    voxel = tuple(index_of(row[axis], axis, where) for axis in "ijk")
    return Place(row["ct"], voxel, diameter_of(row["diameter_mm"], where), row["what"])


def index_of(text: str, axis: str, where: str) -> int:
    """A voxel's index along `axis`."""
    if not text.isdecimal():
        raise UserError(f"{where}: expected a whole number from 0 on in {axis}, got {text!r}")
    return int(text)


def diameter_of(text: str, where: str) -> float | None:
    """A diameter in mm; None for an empty one."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= LARGEST_MM:
        raise UserError(f"{where}: expected a diameter_mm from 0 to {LARGEST_MM:g} or nothing, got {text!r}")
    return value


def of_ct(path: Path, ct: str) -> list[Place]:
    """The file's places in one CT."""
    return [place for place in read(path) if place.ct == ct]
