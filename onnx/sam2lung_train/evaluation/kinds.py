"""Bundles of all kinds on the same nodules: one table, and the published figures of their systems beside ours.

Each bundle is run by the built command line on the crops of `lidc`, lung mask off. Beside what a nodule scores
(`scores`) pixels are counted over all crops together, as the systems' authors count: a large nodule weighs more there.
A published figure is compared with the one that is computed the same way against the same reference; whose patients
they were differs.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..aliases import Record
from ..data import cases
from ..data.cases import Case
from ..errors import UserError
from ..export import contract as model_json
from ..paths import DATA
from . import metrics, scores, speed, summary, tables
from .crops import OFF, measurable, run_set
from .files import fill_card, plain, version_of
from .product import Product, Result, every_size
from .scores import Score

CONSENSUS, UNION = "consensus", "union"


@dataclass(frozen=True)
class Published:
    """What is published for a system."""

    words: str
    reference: str  # against which it was counted: CONSENSUS or UNION
    dice: float
    recall: float | None = None
    uncertainty_ratio: float | None = None  # mean uncertainty of wrong voxels over that of right ones


PUBLISHED = {
    "mc-unet-3d": Published("3-D U-Net with MC dropout", CONSENSUS, dice=0.685, uncertainty_ratio=1.07),
    "recall-unet-2d": Published("2-D U-Net, recall first", UNION, dice=0.731, recall=0.760),
}


@dataclass
class Pooled:
    """Pixels of all crops together, against one reference."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0

    def add(self, found: np.ndarray, reference: np.ndarray) -> None:
        """Counts one crop."""
        self.true_positive += int((found & reference).sum())
        self.false_positive += int((found & ~reference).sum())
        self.false_negative += int((~found & reference).sum())
        self.true_negative += int((~found & ~reference).sum())

    @property
    def dice(self) -> float:
        return metrics.ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)

    @property
    def recall(self) -> float:
        return metrics.ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def precision(self) -> float:
        return metrics.ratio(self.true_positive, self.true_positive + self.false_positive)


@dataclass
class Ratio:
    """Mean uncertainty of wrong voxels over that of right ones, of all crops together."""

    wrong: tuple[float, int] = (0.0, 0)
    right: tuple[float, int] = (0.0, 0)

    def add(self, uncertainty: np.ndarray, wrong: np.ndarray) -> None:
        """Counts one crop."""
        both = (self.wrong, self.right)
        self.wrong, self.right = (
            (total + float(uncertainty[those].sum()), count + int(those.sum()))
            for (total, count), those in zip(both, (wrong, ~wrong))
        )

    @property
    def value(self) -> float:
        return metrics.ratio(metrics.ratio(*self.wrong), metrics.ratio(*self.right))


@dataclass
class Measured:
    """What one bundle came to."""

    name: str
    kind: str
    scored: list[Score] = field(default_factory=list)
    pooled: dict[str, Pooled] = field(default_factory=lambda: {CONSENSUS: Pooled(), UNION: Pooled()})
    everywhere: Ratio = field(default_factory=Ratio)  # in whole crops; `scores` has it near nodules
    false_findings: int = 0
    seconds: list[float] = field(default_factory=list)  # of each crop, without loading the networks
    megabytes: float = float("nan")  # peak of a process, for the crop of most voxels

    def add(self, case: Case, result: Result) -> None:
        """Counts one crop."""
        self.scored.append(scores.score(case, result))
        if result.refused:
            labels = np.zeros(case.reference.shape, int)
        else:
            labels = result.labels
            self.seconds.append(sum(result.run.get("timings_s", {}).values()))
            self.everywhere.add(result.uncertainty, (labels > 0) != case.reference)
        for reference, truth in ((CONSENSUS, case.reference), (UNION, np.any(case.readers, axis=0))):
            self.pooled[reference].add(labels > 0, truth)
        right = set(np.unique(labels[case.reference]))
        self.false_findings += sum(number not in right for number in set(np.unique(labels)) - {0})


@dataclass
class Options:
    """What is asked for."""

    sam2lung: Path  # the built command line
    out: Path  # folder for crops, results and tables
    bundles: list[Path]
    data: Path = DATA
    keep: bool = False  # segment only what has no result in OUT yet, score everything
    limit: int | None = None  # only the first nodules: for a quick look, not for a report
    jobs: int = 1
    card: Path | None = None  # page that gets the tables between its kinds markers

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()


def kind_of(contract: Record) -> str:
    """The bundle's networks in words: `slice`, `slice, 7 slices`, `detect slice, segment patch of 3`."""

    def words(network: Record) -> str:
        sides = (network.get("neighbours") or {}).get("each_side", 0)
        members = len(network.get("members", []))
        slab = f", {2 * sides + 1} slices" if sides else ""
        return network["kind"] + slab + (f", {members} members" if members > 1 else "")

    segment = words(contract["segment"])
    return f"detect {words(contract['detect'])}; segment {segment}" if contract.get("detect") else segment


def measure(bundle: Path, loaded: list[Case], asked: Options) -> Measured:
    """Runs one bundle over the crops."""
    contract = model_json.read(bundle)
    measured = Measured(contract["name"], kind_of(contract))
    print(f"{measured.name}: {len(loaded)} nodules", flush=True)
    folder = asked.out / f"{measured.name}-{contract['version']}"
    options = (*OFF, *every_size(asked.sam2lung))
    for case, result in run_set(loaded, Product(asked.sam2lung, bundle, options), folder, asked.jobs, keep=asked.keep):
        measured.add(case, result)
    largest = max(loaded, key=lambda case: case.hu.size)
    ct = folder / "ct" / f"{largest.name}.nii.gz"
    if not ct.exists():
        cases.write_ct(largest, ct)
    words = [asked.sam2lung, "segment", ct, "--output", folder / "memory", "--quiet", "--model", bundle, *options]
    _, measured.megabytes = speed.measured(words)
    return measured


def row(measured: Measured) -> list[str]:
    """A bundle's row of the table."""
    scored, number = measured.scored, tables.number
    return [
        f"{measured.name} ({measured.kind})",
        number(summary.mean(scored, "dice_touching"), 3),
        number(summary.mean(scored, "dice_all"), 3),
        number(summary.share(score.hit for score in scored), 3),
        number(metrics.ratio(measured.false_findings, len(scored)), 2),
        number(summary.ece_pooled(scored), 3),
        number(summary.uncertainty_ratio(scored), 2),
        number(float(np.median(measured.seconds)) if measured.seconds else None, 1),
        number(measured.megabytes, 0),
    ]


HEAD = [
    "Bundle",
    "Dice, touching",
    "Dice, all",
    "Found",
    "False findings a crop",
    "ECE",
    "Wrong ÷ right",
    "Seconds",
    "MB",
]


def pooled_rows(measured: Measured) -> list[list[str]]:
    """A bundle's pixels, counted together, and what is published beside it."""
    number, rows = tables.number, []
    for reference, pooled in measured.pooled.items():
        figures = [pooled.dice, pooled.recall, pooled.precision]
        ratio = measured.everywhere.value if reference == CONSENSUS else None
        counts = (pooled.true_positive, pooled.false_positive, pooled.false_negative, pooled.true_negative)
        rows.append([
            f"{measured.name}, {reference}", *(number(figure, 3) for figure in figures), number(ratio, 2), *map(str, counts)
        ])  # fmt: skip
        published = PUBLISHED.get(measured.name)
        if published and published.reference == reference:
            told = [number(published.dice, 3), number(published.recall, 3), "–", number(published.uncertainty_ratio, 2)]
            rows.append([f"– published: {published.words}", *told, *["–"] * 4])
    return rows


POOLED_HEAD = [
    "Pixels of all crops together",
    "Dice",
    "Recall",
    "Precision",
    "Wrong ÷ right, everywhere",
    "TP",
    "FP",
    "FN",
    "TN",
]


def report(found: list[Measured], left_out: int, program: str) -> str:
    """Both tables."""
    scored = found[0].scored
    patients = len({score.patient for score in scored})
    return "\n\n".join([
        f"Measured with `{program}` on {len(scored)} crops of {patients} patients of `val`, which no weight has seen, lung mask "
        f"off; {left_out} crops that can't be measured are left out. Dice in 3-D against at least half of the readers, mean "
        "of the crops: of the components that touch the nodule, and of all that is positive. ECE and wrong ÷ right (mean "
        "uncertainty of wrong voxels over that of right ones) within 5 voxels of the nodule. Seconds: median of a crop, "
        f"networks loaded, {os.cpu_count()} cores. MB: peak of a process.",
        tables.table(HEAD, [row(measured) for measured in found]),
        "The same label maps, pixels of all crops counted together, against at least half of the readers (consensus) and "
        "against any (union). The published figures are of other patients of LIDC-IDRI:",
        tables.table(POOLED_HEAD, [line for measured in found for line in pooled_rows(measured)]),
    ])  # fmt: skip


def compare_kinds(asked: Options) -> None:
    """Writes OUT/kinds.md and OUT/kinds.json.

    # Raises UserError for two bundles of one name and version.
    """
    contracts = [model_json.read(bundle) for bundle in asked.bundles]
    names = [f"{contract['name']} {contract['version']}" for contract in contracts]
    if len(set(names)) < len(names):
        raise UserError(f"--bundle: expected bundles of different names or versions, got {', '.join(names)}")
    loaded, left_out = measurable(cases.lidc_cases(asked.data, "val"), asked.limit)
    found = [measure(bundle, loaded, asked) for bundle in asked.bundles]
    text = report(found, sum(map(len, left_out.values())), version_of(asked.sam2lung))
    (asked.out / "kinds.md").write_text(text + "\n")
    plainly = [
        {
            **{name: getattr(measured, name) for name in ("name", "kind", "false_findings", "seconds", "megabytes")},
            "pooled": {reference: vars(pooled) for reference, pooled in measured.pooled.items()},
            "uncertainty_ratio_everywhere": measured.everywhere.value,
            "scores": [vars(score) for score in measured.scored],
        }
        for measured in found
    ]
    (asked.out / "kinds.json").write_text(json.dumps(plain(plainly), indent=1) + "\n")
    fill_card(asked.card, "kinds", text)
    print("\n" + text)
