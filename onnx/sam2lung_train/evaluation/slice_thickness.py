"""Measures a bundle on the same CTs at slices of 1 to 10 mm, beside another bundle: the one that it replaces, say.

Thick slices are means of thin ones (`thickness`).

- Crops: nodules of `lidc_hu` in slices of 1.25 mm or less that end within their crop; the end slices are repeated for
  12 mm, so that thick slices have neighbours. Without a lung mask. Dice is taken on the thin slices; *possible* is the
  Dice of the best outline in thick slices: what the readers marked in at least half of a slab. A nodule in which
  nothing is found has Dice 0.
- Lesions of the whole CTs, in a box around each, without a lung mask: found volumes, in mm³. They have no masks, and
  were training CTs.
- The phantom as `sam2lung phantom` makes it (slices of 2 mm), whole, in its lungs: nodules found, and their known
  volumes.
"""

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom

from ..aliases import Record, Spacing
from ..data import cases
from ..data.annotations import reader
from ..data.cases import Case
from ..data.items import is_develop
from ..export import contract
from ..paths import DATA, DEFAULT_BUNDLE
from . import metrics, product, tables, thickness
from .files import fill_card, plain, version_of
from .product import Product, Result, every_size

THICK_MM = (1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0)
PHANTOM_MM = (2.0, 4.0, 6.0, 8.0, 10.0)
PARTS = ("crops", "lesions", "phantoms")
THIN_MM = 1.25
PADDING_MM = 12.0
BOX_MM = 36.0  # half a lesion's box
REACH_MM = 8.0  # a finding whose centre is farther than a lesion's radius and this belongs to something else


@dataclass
class Options:
    """What is asked for."""

    sam2lung: Path  # the built command line
    out: Path  # folder for CTs, results and tables
    before: Path  # bundle to compare with
    data: Path = DATA
    model: Path | None = None  # bundle to measure; bundles/default when left out
    parts: list[str] = field(default_factory=lambda: list(PARTS))
    split: str = "val"  # or "train"
    develop: bool = False  # only the development part of `train`
    seeds: list[int] = field(default_factory=lambda: [0])  # phantoms; 0 is the demonstration's
    samples: int | None = None  # the model's number when left out
    limit: int | None = None  # only the first crops: for a quick look, not for a report
    keep: bool = False  # segment only what has no result in OUT yet
    card: Path | None = None  # model card that gets the tables between its thickness markers

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()


# --- CTs --------------------------------------------------------------------------------------------------------------


def crops(folder: Path, split: str, develop: bool) -> list[Case]:
    """Cases of `lidc_hu`, thin and whole, with their end slices repeated."""
    found = []
    for case in cases.lidc_hu_cases(folder, split):
        ends = case.reference[[0, -1]].any()
        if (
            case.spacing_mm[0] > THIN_MM
            or ends
            or not case.reference.any()
            or (develop and not is_develop(case.patient))
        ):
            continue
        more = int(np.ceil(PADDING_MM / case.spacing_mm[0]))
        case.hu = np.pad(case.hu, ((more, more), (0, 0), (0, 0)), mode="edge")
        case.reference = np.pad(case.reference, ((more, more), (0, 0), (0, 0)))
        found.append(case)
    return found


def read_ct(path: Path) -> tuple[np.ndarray, Spacing]:
    """HU [slice, row, column] from the lowest slice, and its spacing in mm in the same order."""
    if path.is_dir():
        slices = sorted(
            (pydicom.dcmread(file) for file in path.glob("*.dcm")), key=lambda s: float(s.ImagePositionPatient[2])
        )
        hu = [s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices]
        step = float(slices[1].ImagePositionPatient[2]) - float(slices[0].ImagePositionPatient[2])
        return np.stack(hu).astype(np.float32), (step, *map(float, slices[0].PixelSpacing))
    image = nibabel.load(path)
    return np.asarray(image.dataobj, np.float32).T, tuple(float(s) for s in image.header.get_zooms()[2::-1])


def box(hu: np.ndarray, spacing: Spacing, voxel: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The part of `hu` around a voxel (column, row, slice), and the voxel's place in it, in mm (slice, row, column)."""
    reach = [int(BOX_MM / s) for s in spacing]
    first = [max(0, v - r) for v, r in zip(voxel[::-1], reach)]
    part = hu[tuple(slice(f, v + r + 1) for f, v, r in zip(first, voxel[::-1], reach))]
    return part, np.array([(v - f + 0.5) * s for v, f, s in zip(voxel[::-1], first, spacing)])


# --- runs -------------------------------------------------------------------------------------------------------------


class Runs:
    """The command line with the bundle ("after") and with the one that it is compared with ("before")."""

    def __init__(self, asked: Options) -> None:
        self.program, self.out, self.keep = asked.sam2lung, asked.out, asked.keep
        self.samples = ("--samples", asked.samples) if asked.samples else ()
        self.bundles = {"after": asked.model or DEFAULT_BUNDLE, "before": asked.before}

    def segment(
        self, thick_mm: float, volumes: dict[str, tuple[np.ndarray, Spacing]], options: tuple[str, ...]
    ) -> dict[str, dict[str, Result]]:
        """{when: {name: Result}} of {name: (HU, spacing)} at slices of `thick_mm`."""
        folder = self.out / f"{thick_mm:g}mm"
        (folder / "ct").mkdir(parents=True, exist_ok=True)
        paths = [folder / "ct" / f"{name}.nii.gz" for name in volumes]
        for path, (name, (hu, spacing)) in zip(paths, volumes.items()):
            cases.write_ct(cases.Case(name, "", 0.0, hu, None, spacing), path)
        results = {}
        for when in self.bundles:
            missing = [p for p in paths if not (self.keep and product.is_complete(folder / when / product.stem(p)))]
            runner = Product(self.program, self.bundles[when], (*options, *every_size(self.program), *self.samples))
            refused = runner.segment(missing, folder / when)
            results[when] = {n: product.read_result(folder / when / n, refused.get(p)) for n, p in zip(volumes, paths)}
        return results


OFF = ("--lung-mask", "off")


def crop_rows(runs: Runs, nodules: list[Case]) -> list[Record]:
    rows = []
    for thick_mm in THICK_MM:
        volumes = {}
        for case in nodules:
            step, *pixel = case.spacing_mm
            slice_mm = max(thick_mm, step)
            start = thickness.start_mm(case.name, slice_mm, step)
            volumes[case.name] = thickness.slabs(case.hu, step, slice_mm, start), (slice_mm, *pixel)
        results = runs.segment(thick_mm, volumes, OFF)
        rows += [
            crop_row(case, thick_mm, when, found[case.name]) for when, found in results.items() for case in nodules
        ]
    return rows


def crop_row(case: Case, thick_mm: float, when: str, result: Result) -> Record:
    step = case.spacing_mm[0]
    slice_mm = max(thick_mm, step)
    placed = len(case.reference), step, slice_mm, thickness.start_mm(case.name, slice_mm, step)
    outline = metrics.touching(thickness.thin(result.labels, *placed), case.reference)
    best = thickness.thin(thickness.slabs(case.reference, *placed[1:]) >= 0.5, *placed)
    return {
        "name": case.name, "patient": case.patient, "thick_mm": thick_mm, "when": when,
        "dice": metrics.dice(outline, case.reference), "possible": metrics.dice(best > 0, case.reference),
        "ratio": float(outline.sum() / case.reference.sum()),
    }  # fmt: skip


def lesion_rows(runs: Runs, folder: Path) -> list[Record]:
    rows = []
    for lesion in reader.read(reader.THICK_SLICE_LESIONS):
        hu, spacing = read_ct(folder / lesion.ct)
        part, middle = box(hu, spacing, lesion.voxel_ijk)
        name = lesion.what.split(",")[0] + f"_{lesion.voxel_ijk[0]}"
        for thick_mm in (t for t in THICK_MM if t >= 0.9 * spacing[0]):
            slice_mm = max(thick_mm, spacing[0])
            volume = thickness.slabs(part, spacing[0], slice_mm), (slice_mm, *spacing[1:])
            for when, results in runs.segment(thick_mm, {name: volume}, OFF).items():
                rows.append({"what": lesion.what, "thick_mm": thick_mm, "when": when,
                             "mm3": volume_at(results[name], volume[1], middle, lesion.radius_mm + REACH_MM)})  # fmt: skip
    return rows


def volume_at(result: Result, spacing: Spacing, middle_mm: np.ndarray, reach_mm: float) -> float:
    """Volume of the findings whose centre lies within `reach_mm` of a place (slice, row, column)."""

    def is_near(nodule):
        centre = (np.array(nodule["centroid_ijk"][::-1]) + 0.5) * spacing
        return np.linalg.norm(centre - middle_mm) <= reach_mm

    return sum(n["volume_mm3"] for n in result.nodules if is_near(n))


def phantom_rows(runs: Runs, seed: int) -> list[Record]:
    path = runs.out / f"phantom{seed}.nii.gz"
    subprocess.run(
        [str(runs.program), "phantom", str(path), "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL
    )
    hu, spacing = read_ct(path)
    facts = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
    to_voxel = np.linalg.inv(nibabel.load(path).affine)
    places = [((to_voxel @ [*fact["centre_ras"], 1])[2::-1] + 0.5) * spacing for fact in facts]
    rows = []
    for thick_mm in PHANTOM_MM:
        volume = thickness.slabs(hu, spacing[0], thick_mm), (thick_mm, *spacing[1:])
        for when, results in runs.segment(thick_mm, {path.name.removesuffix(".nii.gz"): volume}, ()).items():
            (result,) = results.values()
            volumes = [volume_at(result, volume[1], p, f["radius_mm"] + thick_mm / 2) for p, f in zip(places, facts)]
            rows.append({"seed": seed, "thick_mm": thick_mm, "when": when, "found": volumes,
                         "known": [f["volume_mm3"] for f in facts], "findings": len(result.nodules)})  # fmt: skip
    return rows


# --- tables -----------------------------------------------------------------------------------------------------------


def geometric_mean(values: Iterable[float]) -> float:
    values = [v for v in values if v > 0]
    return float(np.exp(np.mean(np.log(values)))) if values else float("nan")


def pair(rows: list[Record], value: Callable[[list[Record]], str]) -> str:
    """`before → after` of `value(rows)`."""
    return " → ".join(value([r for r in rows if r["when"] == when]) for when in ("before", "after"))


def by(rows: list[Record], key: str) -> dict[Any, list[Record]]:
    return {value: [r for r in rows if r[key] == value] for value in dict.fromkeys(r[key] for r in rows)}


def crop_table(rows: list[Record]) -> str:
    head = ["Slices", "Nodules found", "3-D Dice, mean", "possible", "Volume ÷ readers', found ones, geometric mean"]
    body = []
    for thick_mm, some in by(rows, "thick_mm").items():
        body.append([
            f"{thick_mm:g} mm",
            pair(some, lambda r: f"{sum(x['ratio'] > 0 for x in r)}") + f" of {len(some) // 2}",
            pair(some, lambda r: tables.number(np.mean([x["dice"] for x in r]), 3)),
            tables.number(np.mean([x["possible"] for x in some]), 3),
            pair(some, lambda r: tables.number(geometric_mean([x["ratio"] for x in r]), 2)),
        ])  # fmt: skip
    return tables.table(head, body)


def lesion_table(rows: list[Record]) -> str:
    head = ["Lesion, mm³", *(f"{t:g} mm" for t in THICK_MM)]
    body = []
    for words, some in by(rows, "what").items():
        thick = by(some, "thick_mm")
        body.append([words, *(pair(thick[t], lambda r: f"{r[0]['mm3']:.0f}") if t in thick else "–" for t in THICK_MM)])
    return tables.table(head, body)


def phantom_table(rows: list[Record]) -> str:
    head = [
        "Slices",
        "Nodules found",
        "Volume ÷ known, found ones, geometric mean",
        "The 20 mm ball ÷ known",
        "Findings",
    ]

    def ratios(row):
        return [found / known for found, known in zip(row["found"], row["known"])]

    def largest(row):
        return ratios(row)[int(np.argmax(row["known"]))]

    body = []
    for thick_mm, some in by(rows, "thick_mm").items():
        body.append([
            f"{thick_mm:g} mm",
            pair(some, lambda r: f"{sum(v > 0 for x in r for v in x['found'])}") + f" of {sum(len(x['known']) for x in some) // 2}",
            pair(some, lambda r: tables.number(geometric_mean([v for x in r for v in ratios(x)]), 2)),
            pair(some, lambda r: tables.number(np.mean([largest(x) for x in r]), 2)),
            pair(some, lambda r: f"{sum(x['findings'] for x in r)}"),
        ])  # fmt: skip
    return tables.table(head, body)


def named(bundle: Path) -> str:
    """A bundle's name and version."""
    spec = contract.read(bundle)
    return f"{spec['name']} {spec['version']}"


def report(results: Record, asked: Options) -> str:
    samples = f"{asked.samples} samples" if asked.samples else "the model's number of samples"
    whose = f"`{asked.split}`" + (", its development part" if asked.develop else "")
    parts = [f"Measured with `{results['program']}`, {samples}; {results['before']} → {results['after']}."]
    if results["crops"]:
        parts += [
            f"Nodules of {whose} (`lidc_hu`), the same thin crops at each thickness:",
            crop_table(results["crops"]),
        ]
    if results["lesions"]:
        parts += [
            "Lesions of whole CTs, volumes of what is found at them (0: nothing):",
            lesion_table(results["lesions"]),
        ]
    if results["phantoms"]:
        parts += [f"Phantoms of seed {', '.join(map(str, asked.seeds))}, whole:", phantom_table(results["phantoms"])]
    return "\n\n".join(parts)


def evaluate_thickness(asked: Options) -> None:
    """Writes OUT/thickness.md and OUT/thickness.json."""
    runs = Runs(asked)
    names = {when: named(bundle) for when, bundle in runs.bundles.items()}
    results = {"program": version_of(runs.program), **names, "crops": [], "lesions": [], "phantoms": []}
    if "lesions" in asked.parts:
        results["lesions"] = lesion_rows(runs, asked.data)
    if "crops" in asked.parts:
        nodules = crops(asked.data, asked.split, asked.develop)[: asked.limit]
        results["crops"] = crop_rows(runs, nodules)
    if "phantoms" in asked.parts:
        results["phantoms"] = [row for seed in asked.seeds for row in phantom_rows(runs, seed)]
    text = report(results, asked)
    (asked.out / "thickness.md").write_text(text + "\n")
    (asked.out / "thickness.json").write_text(json.dumps(plain(results), indent=1) + "\n")
    fill_card(asked.card, "thickness", text)
    print("\n" + text)
