"""Runs `sam2lung compare` on pairs of phantoms whose nodules change in a known way, and counts what it says of them.

A pair is one chest scanned twice (`sam2lung phantom --volume-factors`): the second time in another pose and breath, with
other voxels and another noise. Of its balls some stay, some grow by half, one shrinks, one comes, one goes. Seeds of the
training's phantoms are refused.

What an unchanged nodule differs by from scan to scan is a number of the library (`rules.rescan_surface_mm` of
`comparison.json`; `growth.rs`). It was fitted on the seeds DEVELOPMENT, which nothing may be reported on: on them the last
figures say what the numbers should be.
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
DEVELOPMENT = range(2001, 2100)
NORMAL_END = 1.6448536  # of a 90 % interval, in standard deviations
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
    rescan_spread: float | None = None  # what the interval has of two scans' difference: of the ratio's logarithm
    diameter_change_mm: float | None = None  # said, of the mean diameter
    diameter_growth_probability: float | None = None
    known_diameter_change_mm: float | None = None


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
    both = bool(before and now)
    return Told(
        str(seed), KINDS[before, now], diameter, status, growth and growth["volume_change_percent"],
        interval and (interval["p05"], interval["p95"]), 100 * (now / before - 1) if both else None,
        *(growth and growth[key] for key in ("rescan_spread", "diameter_change_mm", "diameter_growth_probability")),
        diameter * (now ** (1 / 3) - before ** (1 / 3)) if both else None,
    )  # fmt: skip


def measured(asked: Options, seed: int) -> tuple[list[Told], Record, Record]:
    """Every ball of one pair, the pair's registration, and the program's rules."""
    scans = [made(asked.sam2lung, asked.out / "ct", seed, now) for now in (False, True)]
    folder = asked.out / "compared" / str(seed)
    if not (asked.keep and (folder / "comparison.json").exists()):
        model = ("--model", asked.model) if asked.model else ()
        words = ["compare", *(path for path, _ in scans), "--output", folder, "--days", DAYS, "--quiet", *model]
        done = subprocess.run([str(word) for word in (asked.sam2lung, *words)], capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{seed}: {done.stderr.strip()}")
    said = json.loads((folder / "comparison.json").read_text())
    (compared,) = said["priors"]
    facts = [facts for _, facts in scans]
    rows = [told_of(seed, ball, facts, compared["nodules"]) for ball in range(len(PLAN))]
    return rows, compared["registration"], said["rules"]


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


def needed_spread(row: Told) -> float:
    """The spread from scan to scan with which the row's interval would just hold the known change."""
    logarithm = lambda percent: float(np.log1p(percent / 100))  # noqa: E731
    said, known = logarithm(row.change_percent), logarithm(row.known_percent)
    width = abs(logarithm(row.interval[known > said]) - said)
    of_pairs = width**2 - (NORMAL_END * row.rescan_spread) ** 2
    return max(0.0, (known - said) ** 2 - of_pairs) ** 0.5 / NORMAL_END


def needed_surface_mm(surface_mm: float) -> Callable[[list[Told]], float]:
    """What `surface_mm` should be so that 90 % of the intervals hold the known change: spreads rise with it."""

    def of(rows: list[Told]) -> float:
        needed = [surface_mm * needed_spread(row) / row.rescan_spread for row in paired(rows) if row.interval]
        return summary.over_known(lambda values: np.quantile(values, 0.9), needed)

    return of


def diameter_errors(rows: list[Told]) -> list[float]:
    return [r.diameter_change_mm - r.known_diameter_change_mm for r in paired(rows) if r.diameter_change_mm is not None]


def diameter_grown(rows: list[Told]) -> float:
    of = [row.diameter_growth_probability for row in rows if row.kind == "stable"]
    return summary.share(p > 0.5 for p in of if p is not None)


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
    ("coverage", "90 % interval of the change holds the known change", 3, coverage),
    ("diameter_bias", "Measured − known change of the mean diameter, mean (mm)", 2, lambda rows: summary.over_known(np.mean, diameter_errors(rows))),
    ("diameter_error", "The same, standard deviation (mm)", 2, lambda rows: summary.over_known(np.std, diameter_errors(rows))),
    ("diameter_grown", "Unchanged nodules with P(diameter > +1.5 mm) above a half", 3, diameter_grown),
]  # fmt: skip


def figures_of(rules: Record) -> list[tuple[str, str, int, Callable]]:
    """With what the program's number for scans' difference should be, by these rows."""
    surface_mm = rules["rescan_surface_mm"]
    words = f"rescan_surface_mm with which 90 % would (the program has {surface_mm} mm)"
    return [*FIGURES, ("needed_surface_mm", words, 3, needed_surface_mm(surface_mm))]


def report(results: Record) -> str:
    told = figures_of(results["rules"])
    rows = [[words, tables.cell(results["figures"][key], places)] for key, words, places, _ in told]
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
    registrations, rules = [], {}
    for seed in asked.seeds:
        told, registration, rules = measured(asked, seed)
        rows += told
        registrations.append(registration)
    kinds = {kind: [row.status for row in rows if row.kind == kind] for kind in KINDS.values()}
    results = {
        "program": version_of(asked.sam2lung), "seeds": list(asked.seeds), "registrations": registrations, "rules": rules,
        "figures": {key: metrics.with_interval(rows, of, asked.rounds) for key, _, _, of in figures_of(rules)},
        "statuses": {kind: {status: said.count(status) for status in sorted(set(said))} for kind, said in kinds.items()},
    }  # fmt: skip
    text = report(results)
    (asked.out / "compare.md").write_text(text + "\n")
    everything = plain({**results, "nodules": [asdict(row) for row in rows]})
    (asked.out / "compare.json").write_text(json.dumps(everything, indent=1) + "\n")
    if asked.card and set(asked.seeds) & set(DEVELOPMENT):
        raise UserError(f"--card: got seeds of the development ({asked.seeds[0]}): their figures aren't to be reported")
    fill_card(asked.card, "compare", text)
    print("\n" + text)
