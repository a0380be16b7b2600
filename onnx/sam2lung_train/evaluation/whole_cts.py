"""Runs the built command line on whole CTs and counts what it found and what it should not have.

The CTs at hand may be used for training, so the figures say how the product behaves, not how it does on unseen
patients. A listed lesion counts as found when a component covers its voxel, or has its centre within the lesion's
radius + 5 mm. Lesions below `smallest`, those called uncertain, places where readers marked a nodule under 3 mm, and
those that look like a nodule nobody listed don't have to be found, and what is found there isn't false: these are
counted apart (centre within 8 mm of a mark), as are findings below `smallest_false`. Every other component is a false
finding.

Each CT is run twice: as shipped, and with the classifier's threshold at 0 for the free-response curve. One scan in two
kernels is compared with itself (`kernels`).
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import nibabel
import numpy as np

from ..aliases import Record
from ..data.annotations import reader
from ..data.lesions import FUSED_CT
from ..errors import UserError
from ..paths import DATA, DEFAULT_BUNDLE
from . import froc, kernels, metrics, product, tables
from .files import fill_card, plain, version_of
from .product import Product

BEYOND_RADIUS_MM = 5.0
SMALL_MARK_MM = 8.0
SMALLEST_LESION_MM = 5.0
SMALLEST_FALSE_MM = 4.0
UNCERTAIN = "uncertain"  # how the index begins to say what such a lesion is
NOTE = (
    "These CTs are training patients (their lesions' surroundings were left out), all but one were read by no radiologist, "
    "and they are few: this says how the product behaves, not at what rate it finds or errs on new patients."
)


@dataclass
class Options:
    """What is asked for."""

    sam2lung: Path  # the built command line
    out: Path  # folder for results and tables
    data: Path = DATA
    model: Path | None = None  # bundle to measure; the built-in one when left out
    only: str | None = None  # only CTs whose name holds this text
    smallest: float = SMALLEST_LESION_MM  # mm, diameter from which a lesion has to be found
    smallest_false: float = SMALLEST_FALSE_MM  # mm, diameter from which a finding can be false
    keep: bool = False  # segment only what has no result in OUT yet
    froc: bool = True  # run a second time, for the free-response curve
    rounds: int = 1000  # bootstrap rounds of the intervals
    card: Path | None = None  # model card that gets the tables between its whole-ct markers

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()


@dataclass
class WholeCt:
    """A CT file or folder with what is known to be in it."""

    path: Path
    patient: str
    lesions: list  # dicts with voxel (i, j, k), diameter_mm (None: a mark under 3 mm), what
    split: str = "train"

    def listed(self, smallest_mm: float) -> list[Record]:
        """Lesions that have to be found."""
        return [x for x in self.sized if self.counts(x, smallest_mm)]

    def small(self, smallest_mm: float) -> list[Record]:
        """Lesions that needn't be found, but are no false findings."""
        return [x for x in self.sized if not self.counts(x, smallest_mm)]

    @staticmethod
    def counts(lesion: Record, smallest_mm: float) -> bool:
        return lesion["diameter_mm"] >= smallest_mm and not lesion["what"].startswith(UNCERTAIN)

    @property
    def sized(self) -> list[Record]:
        return [x for x in self.lesions if x["diameter_mm"]]

    @property
    def marks(self) -> list[Record]:
        return [x for x in self.lesions if x["diameter_mm"] is None]


def whole_cts(data: Path) -> list[WholeCt]:
    """Every whole CT of the data folder; its index lists masks, too."""
    records = json.loads((data / "whole_ct" / "index.json").read_text())
    records = [r for r in records if not r.get("reconstruction", "").startswith("mask")]
    listed = [
        WholeCt(data / "whole_ct" / r["file"], r["patient"], [*r["lesions"], *unlisted(r["file"])], r["split"])
        for r in records
    ]
    fused = data / FUSED_CT
    return [*listed, WholeCt(fused, "fcp", seen_by_eye(FUSED_CT))] if fused.is_dir() else listed


def seen_by_eye(ct: str) -> list[Record]:
    """The lesions of a CT that were found by eye, as its index would list them."""
    places = reader.of_ct(reader.SEEN_BY_EYE, ct)
    return [{"voxel": list(p.voxel_ijk), "diameter_mm": p.diameter_mm, "what": p.what} for p in places]


def unlisted(file: str) -> list[Record]:
    """Places of a file of `whole_ct` that look like a nodule and aren't in its index, as marks without a size."""
    places = reader.of_ct(reader.UNLISTED_NODULES, f"whole_ct/{file}")
    return [{"voxel": list(p.voxel_ijk), "diameter_mm": None, "what": p.what} for p in places]


def sort_findings(
    ct: WholeCt,
    labels: np.ndarray,
    spacing_mm: Sequence[float] | np.ndarray,
    nodules: list[Record],
    smallest_mm: float = SMALLEST_LESION_MM,
    smallest_false_mm: float = 0.0,
) -> Record:
    """Sorts the findings. `labels` [k, j, i] in the grid of the lesions' voxels, `spacing_mm` (i, j, k)."""

    def distance_mm(nodule, lesion):
        return float(np.linalg.norm((np.subtract(nodule["centroid_ijk"], lesion["voxel"])) * spacing_mm))

    def finds(nodule, lesion):
        i, j, k = lesion["voxel"]
        near = distance_mm(nodule, lesion) <= lesion["diameter_mm"] / 2 + BEYOND_RADIUS_MM
        return near or labels[k, j, i] == nodule["id"]

    lesions = [
        {**lesion, "found_by": [n["id"] for n in nodules if finds(n, lesion)]} for lesion in ct.listed(smallest_mm)
    ]
    right = {number for lesion in lesions for number in lesion["found_by"]}
    rest = [n for n in nodules if n["id"] not in right]

    def is_small(nodule):
        at_mark = any(distance_mm(nodule, mark) <= SMALL_MARK_MM for mark in ct.marks)
        return at_mark or any(finds(nodule, lesion) for lesion in ct.small(smallest_mm))

    small = [n for n in rest if n["equivalent_diameter_mm"] < smallest_false_mm or is_small(n)]
    wrong = [n for n in rest if n not in small]
    return {"lesions": lesions, "small": small, "false_findings": wrong}


def evaluate_ct(ct: WholeCt, runner: Product, out: Path, asked: Options) -> Record:
    """Segments one CT into `out`, so that its time is its own, and sorts what was found."""
    keep = asked.keep
    name = product.stem(ct.path)
    contract = product.contract_of(runner.model) if keep and runner.model else None
    started = time.monotonic()
    kept = keep and product.is_complete(out / name, contract)
    refused = {} if kept else runner.segment([ct.path], out)
    seconds = time.monotonic() - started
    if refused:
        return {"name": name, "patient": ct.patient, "split": ct.split, "refused": refused[ct.path], "seconds": seconds}
    result = product.read_result(out / name)
    if kept:
        seconds = sum(result.run.get("timings_s", {}).values())
    spacing = np.array(nibabel.load(out / name / "label.nii.gz").header.get_zooms()[:3], float)
    found = sort_findings(ct, result.labels, spacing, result.nodules, asked.smallest, asked.smallest_false)
    model = product.model_of(result)
    return {
        "name": name, "patient": ct.patient, "split": ct.split, "refused": None, "seconds": seconds,
        "model": str(model) if model else None,
        "networks": model.networks if model else None, "nodules": result.nodules, **found,
    }  # fmt: skip


def scan_of(result: Record) -> froc.Scan:
    """A CT's findings for the free-response curve; a refused CT finds nothing, and nobody counts its lesions."""
    by_number = {n["id"]: n["nodule_probability"] for n in result["nodules"]}
    lesions = [max((by_number[n] for n in lesion["found_by"]), default=None) for lesion in result["lesions"]]
    return froc.Scan(
        result["name"], result["patient"], lesions, [n["nodule_probability"] for n in result["false_findings"]]
    )


def measured_froc(cts: list[WholeCt], asked: Options, networks: set[str]) -> Record | None:
    """The free-response curve; None when the bundle has no classifier."""
    folder = asked.out / "every_finding"
    bundle, threshold = product.with_every_finding(asked.model or DEFAULT_BUNDLE, folder / "bundle")
    if threshold is None:
        return None
    runner = Product(asked.sam2lung, bundle)
    results = [evaluate_ct(ct, runner, folder, asked) for ct in cts]
    if networks - {r.get("networks") for r in results}:
        raise UserError("the command line has another bundle built in than bundles/default: name it with --model")
    scans = [scan_of(r) for r in results if not r["refused"]]
    whose = " (training patients)" if is_training(results) else ""
    return {
        **froc.summary(scans, threshold, asked.rounds),
        "findings": [asdict(scan) for scan in scans],
        "whose": whose,
    }


def is_training(results: list[Record]) -> bool:
    return any(r["split"] == "train" for r in results)


def volume_of(result: Record, lesion: Record) -> str:
    by_number = {n["id"]: n for n in result["nodules"]}
    volume = sum(by_number[n]["volume_mm3"] for n in lesion["found_by"])
    return f"{volume:.0f}{probability_of(by_number[n] for n in lesion['found_by'])}" if lesion["found_by"] else "missed"


def probability_of(nodules: Iterable[Record]) -> str:
    known = [n["nodule_probability"] for n in nodules if n.get("nodule_probability") is not None]
    return f" (P {max(known):.2f})" if known else ""


def row(result: Record) -> list[str]:
    if result["refused"]:
        return [result["name"], result["refused"].split(":")[0], "–", "–", "–", f"{result['seconds']:.0f}"]
    hits = sum(bool(lesion["found_by"]) for lesion in result["lesions"])
    return [
        result["name"],
        f"{hits} of {len(result['lesions'])}",
        str(len(result["false_findings"])),
        str(len(result["small"])),
        ", ".join(volume_of(result, lesion) for lesion in result["lesions"]) or "–",
        f"{result['seconds']:.0f}",
    ]


def totals(results: list[Record]) -> Record:
    """Of the CTs that were taken: lesions found and missed, false findings a scan."""
    taken = [r for r in results if not r["refused"]]
    lesions = [lesion for r in taken for lesion in r["lesions"]]
    false = [len(r["false_findings"]) for r in taken]
    return {
        "scans": len(taken),
        "refused": len(results) - len(taken),
        "lesions": len(lesions),
        "found": sum(bool(lesion["found_by"]) for lesion in lesions),
        "false_findings": sum(false),
        "false_per_scan": metrics.ratio(sum(false), len(false)),
        "most_false_in_one_scan": max(false, default=0),
    }


def total_text(results: list[Record], smallest_mm: float) -> str:
    t = totals(results)
    return (
        f"{t['found']} of {t['lesions']} lesions of {smallest_mm:g} mm and more found, {t['lesions'] - t['found']} missed; "
        f"{tables.number(t['false_per_scan'], 2)} false findings a scan ({t['false_findings']} in {t['scans']} CTs, at most "
        f"{t['most_false_in_one_scan']} in one); {t['refused']} CTs refused."
    )


def false_finding_line(result: Record, nodule: Record) -> str:
    place = ", ".join(f"{v:.0f}" for v in nodule["centroid_ijk"])
    chance = nodule.get("nodule_probability")
    sure = "" if chance is None else f", P(nodule) {chance:.2f}"
    size = nodule["equivalent_diameter_mm"]
    return f"- {result['name']} no. {nodule['id']}: false finding at voxel ({place}), {size:.1f} mm{sure}"


def report(results: list[Record], curve: Record | None = None, smallest_mm: float = SMALLEST_LESION_MM) -> str:
    head = [
        "CT",
        f"Lesions of {smallest_mm:g} mm and more found",
        "False findings",
        "Small, or at uncertain places",
        "Volumes mm³",
        "Seconds",
    ]
    parts = [NOTE] if is_training(results) else []
    parts += [tables.table(head, [row(result) for result in results]), total_text(results, smallest_mm)]
    lines = [false_finding_line(result, nodule) for result in results for nodule in result.get("false_findings", [])]
    if lines:
        parts.append("\n".join(lines))
    if curve:
        parts.append(tables.froc_table({f"a scan, {curve['scans']} whole CTs, {curve['lesions']} lesions": curve}))
    return "\n\n".join(parts)


def kernel_pairs(results: list[Record], asked: Options) -> dict[tuple[str, str], list[kernels.Place]]:
    """The places of each pair of `kernels.PAIRS` of which both CTs were taken."""
    taken = {result["name"]: result["nodules"] for result in results if not result["refused"]}
    pairs = [names for names in kernels.PAIRS if set(names) <= set(taken)]
    return {
        names: kernels.places(
            tuple(product.read_result(asked.out / name).labels for name in names),
            tuple(taken[name] for name in names),
            asked.smallest_false,
        )
        for names in pairs
    }


def evaluate_whole_ct(asked: Options) -> None:
    """Writes OUT/whole_ct.md and OUT/whole_ct.json."""
    runner = Product(asked.sam2lung, asked.model)
    chosen = [ct for ct in whole_cts(asked.data) if (asked.only or "") in ct.path.name]
    results = []
    for ct in chosen:
        print(ct.path.name, flush=True)
        results.append(evaluate_ct(ct, runner, asked.out, asked))
    networks = {r["networks"] for r in results if r.get("networks")}
    curve = measured_froc(chosen, asked, networks) if asked.froc else None
    pairs = kernel_pairs(results, asked)
    text = "\n\n".join([report(results, curve, asked.smallest), *(kernels.report(*pair) for pair in pairs.items())])
    (asked.out / "whole_ct.md").write_text(text + "\n")
    everything = {
        "program": version_of(runner.program), "smallest_mm": asked.smallest,
        "totals": totals(results), "results": results, "froc": curve,
        "kernels": [{"names": names, "places": [asdict(place) for place in found]} for names, found in pairs.items()],
    }  # fmt: skip
    (asked.out / "whole_ct.json").write_text(json.dumps(plain(everything), indent=1) + "\n")
    fill_card(asked.card, "whole-ct", text)
    print("\n" + text)
