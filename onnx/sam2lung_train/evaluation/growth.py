"""Runs `sam2lung compare` on pairs of phantoms whose nodules change in a known way, and counts what it says of them.

A pair is one chest scanned twice (`sam2lung phantom --volume-factors`): the second time in another pose and breath, with
other voxels and another noise. Of its balls some stay, some grow by half, one shrinks, one comes, one goes. Seeds of the
training's phantoms are refused.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..aliases import Record
from ..errors import UserError
from . import metrics, summary, tables
from .files import fill_card, plain, version_of
from .phantom_options import PhantomOptions

# Diameter in mm, and by how much its volume is multiplied before and now; 0: it isn't there.
PLAN = (
    (6, 1, 1), (8, 1, 1), (12, 1, 1),
    (6, 1, 1.5), (8, 1, 1.5), (12, 1, 1.5),
    (10, 1, 0.6), (9, 0, 1), (7, 1, 0),
)  # fmt: skip
KINDS = {(1, 1): "stable", (1, 1.5): "grown", (1, 0.6): "shrunk", (0, 1): "new", (1, 0): "gone"}
SPACINGS_MM = ((0.7, 0.7, 1.25), (0.75, 0.75, 1.0), (0.85, 0.85, 2.0), (0.9, 0.9, 2.5))
DAYS = 180
REACH_MM = 3.0  # how far a finding's centre may lie from the ball's, beyond half its radius


@dataclass
class Options(PhantomOptions):
    """What is asked for."""

    pairs: int = 10
    first_seed: int = 1001

    @property
    def count(self) -> int:
        return self.pairs


@dataclass
class Told:
    """One ball of one pair, and what was said of it."""

    patient: str  # the pair
    kind: str  # what happened to it
    diameter_mm: float  # before
    status: str  # what was said; "missed": in neither scan, "apart": in both, but not paired
    change_percent: float | None  # said
    interval: tuple[float, float] | None  # of the change
    known_percent: float | None


def words_of(seed: int, now: bool) -> list[str]:
    """How a scan is taken; the second time in another pose and breath."""
    draw = np.random.default_rng([seed, int(now)])
    spacing = SPACINGS_MM[draw.integers(len(SPACINGS_MM))]
    numbers = lambda values: ",".join(f"{value:.4f}" for value in values)  # noqa: E731
    words = [
        "--spacing",
        numbers(spacing),
        "--noise",
        f"{draw.uniform(12, 35):.2f}",
        "--noise-seed",
        str(2 * seed + now),
    ]
    if now:
        words += [f"--rotate={numbers(draw.uniform(-6, 6, 3))}", f"--shift={numbers(draw.uniform(-15, 15, 3))}"]
        words += [f"--stretch={numbers(draw.uniform(0.93, 1.05, 3))}"]
    return words


def made(program: Path, folder: Path, seed: int, now: bool) -> tuple[Path, dict[int, Record]]:
    """A phantom's file, and what is known of each ball of PLAN that is there."""
    path = folder / f"{seed}_{'current' if now else 'prior'}.nii.gz"
    diameters, factors = [ball[0] for ball in PLAN], [ball[1 + now] for ball in PLAN]
    words = ["--diameters", ",".join(map(str, diameters)), "--volume-factors", ",".join(map(str, factors))]
    words = [program, "phantom", path, "--seed", seed, *words, *words_of(seed, now)]
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    facts = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
    # The facts stand by falling diameter, without the balls that aren't there.
    order = [n for n in sorted(range(len(PLAN)), key=lambda n: -diameters[n]) if factors[n] > 0]
    return path, dict(zip(order, facts, strict=True))


def row_at(rows: list[Record], side: str, fact: Record | None) -> Record | None:
    """The row whose finding of that side lies at a ball."""
    if fact is None:
        return None
    away = lambda row: np.linalg.norm(np.subtract(row[side]["centroid_ras"], fact["centre_ras"]))  # noqa: E731
    near = [row for row in rows if row[side] and away(row) <= REACH_MM + fact["radius_mm"] / 2]
    return min(near, key=away, default=None)


def told_of(seed: int, ball: int, facts: list[dict[int, Record]], rows: list[Record]) -> Told:
    """What `rows` say of a ball; `facts` before and now."""
    diameter, before, now = PLAN[ball]
    at = [row_at(rows, side, known.get(ball)) for side, known in zip(("prior", "current"), facts)]
    here = [row for row in at if row]
    if not here:
        status = "missed"
    elif len(here) == 2 and here[0] is not here[1]:
        status = "apart"
    else:
        status = here[0]["status"]
    growth = here[0]["growth"] if here and status not in ("missed", "apart") else None
    interval = growth and growth["volume_change_percent_interval"]
    return Told(
        str(seed), KINDS[before, now], diameter, status, growth and growth["volume_change_percent"],
        interval and (interval["p05"], interval["p95"]), 100 * (now / before - 1) if before and now else None,
    )  # fmt: skip


def measured(asked: Options, seed: int) -> tuple[list[Told], Record]:
    """Every ball of one pair, and the pair's registration."""
    scans = [made(asked.sam2lung, asked.out / "ct", seed, now) for now in (False, True)]
    folder = asked.out / "compared" / str(seed)
    if not (asked.keep and (folder / "comparison.json").exists()):
        model = ("--model", asked.model) if asked.model else ()
        words = ["compare", *(path for path, _ in scans), "--output", folder, "--days", DAYS, "--quiet", *model]
        done = subprocess.run([str(word) for word in (asked.sam2lung, *words)], capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{seed}: {done.stderr.strip()}")
    compared = json.loads((folder / "comparison.json").read_text())["priors"][0]
    facts = [facts for _, facts in scans]
    return [told_of(seed, ball, facts, compared["nodules"]) for ball in range(len(PLAN))], compared["registration"]


# --- figures ----------------------------------------------------------------------------------------------------------


def called(status: str, kind: str) -> Callable[[list[Told]], float]:
    return lambda rows: summary.share(row.status == status for row in rows if row.kind == kind)


def paired(rows: list[Told]) -> list[Told]:
    return [row for row in rows if row.change_percent is not None and row.known_percent is not None]


def coverage(rows: list[Told]) -> float:
    own = [row for row in paired(rows) if row.interval]
    return summary.share(row.interval[0] <= row.known_percent <= row.interval[1] for row in own)


def log_errors(rows: list[Told]) -> list[float]:
    return [float(np.log((1 + r.change_percent / 100) / (1 + r.known_percent / 100))) for r in paired(rows)]


# Key, words, decimals, statistic of rows.
FIGURES: list[tuple[str, str, int, Callable]] = [
    ("stable_called_grown", "Unchanged nodules called grown (all of them)", 3, called("grown", "stable")),
    ("stable_called_shrunk", "Unchanged nodules called shrunk", 3, called("shrunk", "stable")),
    ("grown_found", "Growth by 50 % called grown, 6 mm and more (all of them, missed ones too)", 3, called("grown", "grown")),
    ("shrunk_found", "Volume × 0.6 called shrunk", 3, called("shrunk", "shrunk")),
    ("new_found", "New ones called new", 3, called("new", "new")),
    ("gone_found", "Those that went called gone", 3, called("gone", "gone")),
    ("bias", "Measured ÷ known ratio of volumes, mean logarithm", 3, lambda rows: summary.over_known(np.mean, log_errors(rows))),
    ("error", "The same, standard deviation", 3, lambda rows: summary.over_known(np.std, log_errors(rows))),
    ("coverage", "90 % interval of paired samples holds the known change", 3, coverage),
]  # fmt: skip


def report(results: Record) -> str:
    rows = [[words, tables.cell(results["figures"][key], places)] for key, words, places, _ in FIGURES]
    statuses = [[kind, ", ".join(f"{n} {status}" for status, n in sorted(counts.items(), key=lambda item: -item[1]))]
                for kind, counts in results["statuses"].items()]  # fmt: skip
    return "\n\n".join([
        f"Measured with `{results['program']}` on {len(results['seeds'])} pairs of phantoms of seeds {results['seeds'][0]} to "
        f"{results['seeds'][-1]}, {len(PLAN)} balls of 6 to 12 mm each; in brackets 95 % intervals, bootstrap by pair.",
        tables.table(["", "value"], rows),
        tables.table(["what happened", "what was said"], statuses),
        f"Lungs registered to {np.mean([fit['surface_mm'] for fit in results['registrations']]):.2f} mm in the mean.",
    ])  # fmt: skip


def evaluate_compare(asked: Options) -> None:
    """Writes OUT/compare.md and OUT/compare.json."""
    (asked.out / "ct").mkdir(parents=True, exist_ok=True)
    rows: list[Told] = []
    registrations = []
    for seed in asked.seeds:
        told, registration = measured(asked, seed)
        rows += told
        registrations.append(registration)
    kinds = {kind: [row.status for row in rows if row.kind == kind] for kind in KINDS.values()}
    results = {
        "program": version_of(asked.sam2lung), "seeds": list(asked.seeds), "registrations": registrations,
        "figures": {key: metrics.with_interval(rows, of, asked.rounds) for key, _, _, of in FIGURES},
        "statuses": {kind: {status: said.count(status) for status in sorted(set(said))} for kind, said in kinds.items()},
    }  # fmt: skip
    text = report(results)
    (asked.out / "compare.md").write_text(text + "\n")
    everything = plain({**results, "nodules": [asdict(row) for row in rows]})
    (asked.out / "compare.json").write_text(json.dumps(everything, indent=1) + "\n")
    fill_card(asked.card, "compare", text)
    print("\n" + text)
