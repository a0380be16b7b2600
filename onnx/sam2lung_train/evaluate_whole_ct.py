"""Runs the built command line on whole CTs and counts what it found and what it should not have.

    python -m sam2lung_train.evaluate_whole_ct --sam2lung ../target/release/sam2lung --out runs/whole_ct

The CTs at hand may be used for training, so the figures say how the product behaves, not how it does on unseen patients. A
listed lesion counts as found when a component covers its voxel, or has its centre within the lesion's radius + 5 mm. Lesions
below --smallest, and places where readers marked a nodule under 3 mm, don't have to be found, and what is found there isn't
false: these are counted apart (centre within 8 mm of a mark). Every other component is a false finding.

Each CT is run twice: as shipped, and with the judge's threshold at 0 for the free-response curve (--no-froc leaves that out).
Writes OUT/whole_ct.md and OUT/whole_ct.json.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import nibabel
import numpy as np

from . import evaluate, froc, metrics, product, tables

BEYOND_RADIUS_MM = 5.0
SMALL_MARK_MM = 8.0
SMALLEST_LESION_MM = 5.0
# Found by eye, voxel (column, row, slice from the lowest z); see shared/data/README.md.
FCP_LESION = {"voxel": [182, 285, 65], "diameter_mm": 9.5, "what": "part-solid, spiculated; seen by eye, no mask"}
NOTE = (
    "These CTs are training patients (their lesions' surroundings were left out), four of five were read by no radiologist, "
    "and they are few: this says how the product behaves, not at what rate it finds or errs on new patients."
)


@dataclass
class WholeCt:
    """A CT file or folder with what is known to be in it."""

    path: Path
    patient: str
    lesions: list  # dicts with voxel (i, j, k), diameter_mm (None: a mark under 3 mm), what
    split: str = "train"

    def listed(self, smallest_mm):
        """Lesions that have to be found."""
        return [x for x in self.lesions if x["diameter_mm"] and x["diameter_mm"] >= smallest_mm]

    def small(self, smallest_mm):
        """Lesions that needn't be found, but are no false findings."""
        return [x for x in self.lesions if x["diameter_mm"] and x["diameter_mm"] < smallest_mm]

    @property
    def marks(self):
        return [x for x in self.lesions if x["diameter_mm"] is None]


def whole_cts(data):
    """Every whole CT of the data folder; its index lists masks, too."""
    records = json.loads((data / "whole_ct" / "index.json").read_text())
    records = [r for r in records if not r.get("reconstruction", "").startswith("mask")]
    listed = [WholeCt(data / "whole_ct" / r["file"], r["patient"], r["lesions"], r["split"]) for r in records]
    fcp = data / "fcp_dicom"
    return [*listed, WholeCt(fcp, "fcp", [FCP_LESION])] if fcp.is_dir() else listed


def sort_findings(ct, labels, spacing_mm, nodules, smallest_mm=SMALLEST_LESION_MM):
    """Sorts the findings. `labels` [k, j, i] in the grid of the lesions' voxels, `spacing_mm` (i, j, k)."""

    def distance_mm(nodule, lesion):
        return float(np.linalg.norm((np.subtract(nodule["centroid_ijk"], lesion["voxel"])) * spacing_mm))

    def finds(nodule, lesion):
        i, j, k = lesion["voxel"]
        near = distance_mm(nodule, lesion) <= lesion["diameter_mm"] / 2 + BEYOND_RADIUS_MM
        return near or labels[k, j, i] == nodule["id"]

    lesions = [{**lesion, "found_by": [n["id"] for n in nodules if finds(n, lesion)]} for lesion in ct.listed(smallest_mm)]
    right = {number for lesion in lesions for number in lesion["found_by"]}
    rest = [n for n in nodules if n["id"] not in right]

    def is_small(nodule):
        at_mark = any(distance_mm(nodule, mark) <= SMALL_MARK_MM for mark in ct.marks)
        return at_mark or any(finds(nodule, lesion) for lesion in ct.small(smallest_mm))

    small = [n for n in rest if is_small(n)]
    wrong = [n for n in rest if n not in small]
    return {"lesions": lesions, "small": small, "false_findings": wrong}


def evaluate_ct(ct, runner, out, smallest_mm=SMALLEST_LESION_MM, keep=False):
    """Segments one CT, so that its time is its own, and sorts what was found."""
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
    found = sort_findings(ct, result.labels, spacing, result.nodules, smallest_mm)
    model = product.model_of(result)
    return {
        "name": name, "patient": ct.patient, "split": ct.split, "refused": None, "seconds": seconds,
        "model": str(model) if model else None,
        "networks": model.networks if model else None, "nodules": result.nodules, **found,
    }  # fmt: skip


def scan_of(result):
    """A CT's findings for the free-response curve; a refused CT finds nothing, and nobody counts its lesions."""
    by_number = {n["id"]: n["nodule_probability"] for n in result["nodules"]}
    lesions = [max((by_number[n] for n in lesion["found_by"]), default=None) for lesion in result["lesions"]]
    return froc.Scan(result["name"], result["patient"], lesions, [n["nodule_probability"] for n in result["false_findings"]])


def measured_froc(cts, arguments, networks):
    """The free-response curve; None when the bundle has no judge."""
    folder = arguments.out / "every_finding"
    bundle, threshold = product.with_every_finding(arguments.model or product.DEFAULT_BUNDLE, folder / "bundle")
    if threshold is None:
        return None
    runner = product.Product(arguments.sam2lung.resolve(), bundle)
    results = [evaluate_ct(ct, runner, folder, arguments.smallest, arguments.keep) for ct in cts]
    if networks - {r.get("networks") for r in results}:
        raise ValueError("the command line has another bundle built in than bundles/default: name it with --model")
    scans = [scan_of(r) for r in results if not r["refused"]]
    whose = " (training patients)" if is_training(results) else ""
    return {**froc.summary(scans, threshold, arguments.rounds), "findings": [asdict(scan) for scan in scans], "whose": whose}


def is_training(results):
    return any(r["split"] == "train" for r in results)


def volume_of(result, lesion):
    by_number = {n["id"]: n for n in result["nodules"]}
    volume = sum(by_number[n]["volume_mm3"] for n in lesion["found_by"])
    return f"{volume:.0f}{probability_of(by_number[n] for n in lesion['found_by'])}" if lesion["found_by"] else "missed"


def probability_of(nodules):
    judged = [n["nodule_probability"] for n in nodules if n.get("nodule_probability") is not None]
    return f" (P {max(judged):.2f})" if judged else ""


def row(result):
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


def totals(results):
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
        "false_a_scan": metrics.ratio(sum(false), len(false)),
        "most_false_in_a_scan": max(false, default=0),
    }


def total_text(results, smallest_mm):
    t = totals(results)
    return (
        f"{t['found']} of {t['lesions']} lesions of {smallest_mm:g} mm and more found, {t['lesions'] - t['found']} missed; "
        f"{tables.number(t['false_a_scan'], 2)} false findings a scan ({t['false_findings']} in {t['scans']} CTs, at most "
        f"{t['most_false_in_a_scan']} in one); {t['refused']} CTs refused."
    )


def false_finding_line(result, nodule):
    place = ", ".join(f"{v:.0f}" for v in nodule["centroid_ijk"])
    judged = nodule.get("nodule_probability")
    sure = "" if judged is None else f", P(nodule) {judged:.2f}"
    size = nodule["equivalent_diameter_mm"]
    return f"- {result['name']} no. {nodule['id']}: false finding at voxel ({place}), {size:.1f} mm{sure}"


def report(results, curve=None, smallest_mm=SMALLEST_LESION_MM):
    head = ["CT", f"Lesions of {smallest_mm:g} mm and more found", "False findings", "At smaller ones", "Volumes mm³", "Seconds"]
    parts = [NOTE] if is_training(results) else []
    parts += [tables.table(head, [row(result) for result in results]), total_text(results, smallest_mm)]
    lines = [false_finding_line(result, nodule) for result in results for nodule in result.get("false_findings", [])]
    if lines:
        parts.append("\n".join(lines))
    if curve:
        parts.append(tables.froc_table({f"a scan, {curve['scans']} whole CTs, {curve['lesions']} lesions": curve}))
    return "\n\n".join(parts)


def arguments_of(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=evaluate.REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--sam2lung", type=Path, required=True, help="the built command line")
    parser.add_argument("--out", type=Path, required=True, help="folder for results and tables")
    parser.add_argument("--model", type=Path, help="bundle to measure; the built-in one when left out")
    parser.add_argument("--only", help="only CTs whose name holds this text")
    parser.add_argument("--smallest", type=float, default=SMALLEST_LESION_MM, metavar="MM",
                        help="diameter from which a lesion has to be found; default: 5")  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="segment only what has no result in OUT yet")
    parser.add_argument("--no-froc", action="store_true", help="leave out the second run, for the free-response curve")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap rounds of the intervals")
    return parser.parse_args(words)


def main(words=None):
    arguments = arguments_of(words)
    runner = product.Product(arguments.sam2lung.resolve(), arguments.model)
    chosen = [ct for ct in whole_cts(arguments.data) if (arguments.only or "") in ct.path.name]
    results = []
    for ct in chosen:
        print(ct.path.name, flush=True)
        results.append(evaluate_ct(ct, runner, arguments.out, arguments.smallest, arguments.keep))
    networks = {r["networks"] for r in results if r.get("networks")}
    curve = None if arguments.no_froc else measured_froc(chosen, arguments, networks)
    text = report(results, curve, arguments.smallest)
    (arguments.out / "whole_ct.md").write_text(text + "\n")
    everything = {
        "program": evaluate.version_of(runner.program), "smallest_mm": arguments.smallest,
        "totals": totals(results), "results": results, "froc": curve,
    }  # fmt: skip
    (arguments.out / "whole_ct.json").write_text(json.dumps(evaluate.plain(everything), indent=1) + "\n")
    print("\n" + text)


if __name__ == "__main__":
    main()
