"""Runs the built command line on whole CTs and counts what it found and what it should not have.

    python -m sam2lung_train.evaluate_whole_ct --sam2lung ../target/release/sam2lung --out runs/whole_ct

These CTs may be used for training, so the figures say how the product behaves, not how it does on unseen patients. A listed lesion
counts as found when a component covers its voxel, or has its centre within the lesion's radius + 5 mm. Every
other component is a false finding, except those with their centre within 8 mm of a place where readers marked a nodule
under 3 mm: these are counted apart. Writes OUT/whole_ct.md and OUT/whole_ct.json.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

from . import evaluate, product

BEYOND_RADIUS_MM = 5.0
SMALL_MARK_MM = 8.0
SMALLEST_LESION_MM = 5.0
# Found by eye, voxel (column, row, slice from the lowest z); see shared/data/README.md.
FCP_LESION = {"voxel": [182, 285, 65], "diameter_mm": 9.5, "what": "part-solid, spiculated; seen by eye, no mask"}


@dataclass
class WholeCt:
    """A CT file or folder with what is known to be in it."""

    path: Path
    lesions: list  # dicts with voxel (i, j, k), diameter_mm (None: a mark under 3 mm), what

    @property
    def listed(self):
        return [x for x in self.lesions if x["diameter_mm"] and x["diameter_mm"] >= SMALLEST_LESION_MM]

    @property
    def small_marks(self):
        return [x for x in self.lesions if x["diameter_mm"] is None]


def whole_cts(data):
    """Every whole CT of the data folder."""
    records = json.loads((data / "whole_ct" / "index.json").read_text())
    listed = [WholeCt(data / "whole_ct" / r["file"], r["lesions"]) for r in records]
    return [*listed, WholeCt(data / "fcp_dicom", [FCP_LESION])]


def judge(ct, labels, spacing_mm, nodules):
    """Sorts the findings. `labels` [k, j, i] in the grid of the lesions' voxels, `spacing_mm` (i, j, k)."""

    def distance_mm(nodule, lesion):
        return float(np.linalg.norm((np.subtract(nodule["centroid_ijk"], lesion["voxel"])) * spacing_mm))

    def finds(nodule, lesion):
        i, j, k = lesion["voxel"]
        near = distance_mm(nodule, lesion) <= lesion["diameter_mm"] / 2 + BEYOND_RADIUS_MM
        return near or labels[k, j, i] == nodule["id"]

    lesions = [{**lesion, "found_by": [n["id"] for n in nodules if finds(n, lesion)]} for lesion in ct.listed]
    right = {number for lesion in lesions for number in lesion["found_by"]}
    rest = [n for n in nodules if n["id"] not in right]
    small = [n for n in rest if any(distance_mm(n, mark) <= SMALL_MARK_MM for mark in ct.small_marks)]
    wrong = [n for n in rest if n not in small]
    return {"lesions": lesions, "small_marks": small, "false_findings": wrong}


def evaluate_ct(ct, runner, out):
    """Segments one CT, so that its time is its own, and sorts what was found."""
    started = time.monotonic()
    refused = runner.segment([ct.path], out)
    seconds = time.monotonic() - started
    name = product.stem(ct.path)
    if refused:
        return {"name": name, "refused": refused[ct.path], "seconds": seconds}
    result = product.read_result(out / name)
    spacing = np.array(nibabel.load(out / name / "label.nii.gz").header.get_zooms()[:3], float)
    found = judge(ct, result.labels, spacing, result.nodules)
    return {"name": name, "refused": None, "seconds": seconds, "nodules": result.nodules, **found}


def row(result):
    if result["refused"]:
        return [result["name"], result["refused"].split(":")[0], "–", "–", "–", f"{result['seconds']:.0f}"]
    by_number = {n["id"]: n for n in result["nodules"]}
    volumes = [
        f"{sum(by_number[n]['volume_mm3'] for n in lesion['found_by']):.0f}" if lesion["found_by"] else "missed"
        for lesion in result["lesions"]
    ]
    hits = sum(bool(lesion["found_by"]) for lesion in result["lesions"])
    return [
        result["name"],
        f"{hits} of {len(result['lesions'])}",
        str(len(result["false_findings"])),
        str(len(result["small_marks"])),
        ", ".join(volumes) or "–",
        f"{result['seconds']:.0f}",
    ]


def report(results):
    head = ["CT", "Lesions of 5 mm and more found", "False findings", "At marks under 3 mm", "Volumes mm³", "Seconds"]
    lines = [evaluate.table(head, [row(result) for result in results])]
    for result in results:
        for nodule in result.get("false_findings", []):
            place = ", ".join(f"{v:.0f}" for v in nodule["centroid_ijk"])
            judged = nodule.get("nodule_probability")
            sure = "" if judged is None else f", P(nodule) {judged:.2f}"
            size = nodule["equivalent_diameter_mm"]
            lines.append(f"- {result['name']} no. {nodule['id']}: false finding at voxel ({place}), {size:.1f} mm{sure}")
    return "\n".join(lines[:1] + [""] + lines[1:])


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=evaluate.REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--sam2lung", type=Path, required=True, help="the built command line")
    parser.add_argument("--out", type=Path, required=True, help="folder for results and tables")
    parser.add_argument("--model", type=Path, help="bundle to measure; the built-in one when left out")
    parser.add_argument("--only", help="only CTs whose name holds this text")
    arguments = parser.parse_args(words)
    runner = product.Product(arguments.sam2lung.resolve(), arguments.model)
    chosen = [ct for ct in whole_cts(arguments.data) if (arguments.only or "") in ct.path.name]
    results = []
    for ct in chosen:
        print(ct.path.name, flush=True)
        results.append(evaluate_ct(ct, runner, arguments.out))
    text = report(results)
    (arguments.out / "whole_ct.md").write_text(text + "\n")
    (arguments.out / "whole_ct.json").write_text(json.dumps(evaluate.plain(results), indent=1) + "\n")
    print("\n" + text)


if __name__ == "__main__":
    main()
