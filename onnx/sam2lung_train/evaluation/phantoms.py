"""Runs the built command line on many phantoms, whose nodules' volumes are known exactly, and compares.

Two kinds of phantom (`sam2lung phantom`), a seed each: as the demonstration's (eight nodules of 5 to 20 mm: solid,
ground glass, on the pleura, on a vessel), and with solid balls of 3 to 20 mm. Each is run without clicks, and with a
click in the middle of every nodule. A nodule is found by the finding that has most voxels in its ball. Intervals are by
phantom; seeds of the training's phantoms are refused.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..aliases import Record
from ..errors import UserError
from . import metrics, product, summary, tables
from .files import fill_card, plain, version_of
from .phantom_options import PhantomOptions
from .product import Product, Result

BALLS_MM = (3, 4, 5, 6, 8, 10, 15, 20)
SIZES_MM = (
    ("< 4 mm", 0, 4),
    ("4–6 mm", 4, 6),
    ("6–8 mm", 6, 8),
    ("8–12 mm", 8, 12),
    ("12–16 mm", 12, 16),
    ("> 16 mm", 16, 99),
)


@dataclass
class Options(PhantomOptions):
    """What is asked for."""

    phantoms: int = 13  # of each kind

    @property
    def count(self) -> int:
        return self.phantoms


@dataclass
class Known:
    """One nodule of one phantom and what was found of it."""

    patient: str  # the phantom
    kind: str
    diameter_mm: float  # of the ball with its volume
    known_mm3: float
    click: bool
    nodule: Record | None  # its entry of nodules.json

    @property
    def ratio(self) -> float:
        return self.nodule["volume_mm3"] / self.known_mm3 if self.nodule else float("nan")

    @property
    def volume_mm3(self) -> float:
        """The reference, by the name that `summary` knows."""
        return self.known_mm3


def made(program: Path, folder: Path, seed: int, balls: bool) -> tuple[Path, list[Record]]:
    """A phantom's file and its facts, with the voxel (i, j, k) of each nodule's centre."""
    path = folder / f"{'balls' if balls else 'phantom'}{seed}.nii.gz"
    more = ("--diameters", ",".join(map(str, BALLS_MM))) if balls else ()
    words = [program, "phantom", path, "--seed", seed, *more]
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    facts = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
    to_voxel = np.linalg.inv(product.affine(path))
    return path, [{**fact, "voxel": (to_voxel @ [*fact["centre_ras"], 1])[:3]} for fact in facts]


def found_at(result: Result, fact: Record, spacing_mm: np.ndarray) -> Record | None:
    """The finding with most voxels in the nodule's ball; `spacing_mm` (i, j, k)."""
    reach = np.ceil(fact["radius_mm"] / spacing_mm).astype(int)
    middle = np.round(fact["voxel"]).astype(int)
    low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, result.labels.shape[::-1])
    axes = np.ogrid[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1]))]
    away = sum(((axis - at) * mm) ** 2 for axis, at, mm in zip(axes, fact["voxel"][::-1], spacing_mm[::-1]))
    inside = result.labels[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1]))][away <= fact["radius_mm"] ** 2]
    counts = np.bincount(inside, minlength=1)[1:]
    number = int(counts.argmax()) + 1 if counts.any() else 0
    return next((nodule for nodule in result.nodules if nodule["id"] == number), None)


def measured(asked: Options, seed: int, balls: bool, click: bool) -> tuple[list[Known], int, Result]:
    """Every nodule of one phantom, the number of findings that are none, and the run."""
    folder = asked.out / ("click" if click else "automatic")
    path, facts = made(asked.sam2lung, asked.out / "ct", seed, balls)
    clicks = [word for f in facts for word in product.click_inside(tuple(int(v) for v in np.round(f["voxel"])))]
    every = product.every_size(asked.sam2lung)
    name = product.stem(path)
    contract = product.contract_of(asked.model) if asked.keep and asked.model else None
    if not (asked.keep and product.is_complete(folder / name, contract)):
        refused = Product(asked.sam2lung, asked.model, (*every, *(clicks if click else ()))).segment([path], folder)
        if refused:
            raise UserError(f"{path}: {refused[path]}")
    result = product.read_result(folder / name)
    spacing = np.linalg.norm(product.affine(path)[:3, :3], axis=0)
    nodules = [found_at(result, fact, spacing) for fact in facts]
    known = [
        Known(name, "ball" if balls else f["kind"], 2 * f["radius_mm"], f["volume_mm3"], click, nodule)
        for f, nodule in zip(facts, nodules)
    ]
    right = {nodule["id"] for nodule in nodules if nodule}
    return known, len([n for n in result.nodules if n["id"] not in right]), result


# --- figures ----------------------------------------------------------------------------------------------------------


def found(rows: list[Known]) -> float:
    return summary.share(row.nodule is not None for row in rows)


def volume_ratio(rows: list[Known]) -> float:
    return float(np.exp(summary.over_known(np.mean, [np.log(row.ratio) for row in rows])))


# Key, words, decimals, statistic of rows.
FIGURES: list[tuple[str, str, int, Callable]] = [
    ("found", "Found", 3, found),
    ("volume_ratio", "Volume ÷ known, found ones, geometric mean", 3, volume_ratio),
    ("interval_coverage", "Interval holds the known volume, of those found", 3, summary.interval_coverage),
    ("interval_width", "Interval's p95 ÷ p05, median", 2, summary.interval_width),
    ("sample_coverage", "Samples' own interval holds it", 3, lambda rows: summary.interval_coverage(rows, True)),
]


def figures(rows: list[Known], rounds: int) -> dict[str, Record]:
    """Each of FIGURES with its interval by phantom; and how many intervals can't be."""
    with_intervals = {key: metrics.with_interval(rows, of, rounds) for key, _, _, of in FIGURES}
    return {**with_intervals, "nodules": len(rows), "broken_intervals": summary.broken_intervals(rows)}


GROUPS: list[tuple[str, Callable[[Known], bool]]] = [
    ("all", lambda row: True),
    *[(f"balls {words}", lambda row, low=low, high=high: row.kind == "ball" and low <= round(row.diameter_mm, 3) < high)
      for words, low, high in SIZES_MM],
    *[(kind, lambda row, kind=kind: row.kind == kind) for kind in ("solid", "ground-glass", "pleural", "vessel-attached")],
]  # fmt: skip


def summarised(rows: list[Known], rounds: int) -> dict[str, dict[str, Record]]:
    """{group: {"automatic", "click": figures}}, of groups with nodules."""
    table = {}
    for words, belongs in GROUPS:
        own = [row for row in rows if belongs(row)]
        if own:
            ways = {"automatic": [r for r in own if not r.click], "click": [r for r in own if r.click]}
            table[words] = {way: figures(some, rounds) for way, some in ways.items()}
    return table


def report(results: Record) -> str:
    groups, count = results["groups"], results["phantoms"]
    head = ["Nodules", "n", *(words for _, words, _, _ in FIGURES), "Impossible intervals"]
    parts = [
        f"Measured with `{results['program']}`, the built command line, {results['model']}, on {count} phantoms of seeds "
        f"{results['seeds'][0]} to {results['seeds'][-1]}; in brackets 95 % intervals, bootstrap by phantom.",
    ]
    for way, words in (("automatic", "Found by itself:"), ("click", "With a click in the middle of each:")):
        rows = [
            [name, str(f[way]["nodules"]), *(tables.cell(f[way][key], places) for key, _, places, _ in FIGURES),
             str(f[way]["broken_intervals"])]
            for name, f in groups.items()
        ]  # fmt: skip
        parts += [words, tables.table(head, rows)]
    parts.append(f"Findings that are no nodule: {results['false_findings'] / count:.2f} a phantom, without clicks.")
    return "\n\n".join(parts)


def evaluate_phantoms(asked: Options) -> None:
    """Writes OUT/phantoms.md and OUT/phantoms.json."""
    (asked.out / "ct").mkdir(parents=True, exist_ok=True)
    kinds = (False, True) if product.knows(asked.sam2lung, "--diameters", "phantom") else (False,)
    rows, false, models = [], 0, set()
    for seed in asked.seeds:
        for balls in kinds:
            for click in (False, True):
                known, wrong, result = measured(asked, seed, balls, click)
                rows += known
                false += 0 if click else wrong
                models |= {product.model_of(result)} - {None}
    results = {
        "program": version_of(asked.sam2lung), "model": f"model {', '.join(map(str, models)) or 'unknown'}",
        "seeds": list(asked.seeds), "phantoms": len(kinds) * len(asked.seeds), "false_findings": false,
        "groups": summarised(rows, asked.rounds),
    }  # fmt: skip
    text = report(results)
    (asked.out / "phantoms.md").write_text(text + "\n")
    everything = plain({**results, "nodules": [asdict(row) for row in rows]})
    (asked.out / "phantoms.json").write_text(json.dumps(everything, indent=1) + "\n")
    fill_card(asked.card, "phantoms", text)
    print("\n" + text)
