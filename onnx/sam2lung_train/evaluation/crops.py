"""Measures the built command line (not the PyTorch model) on the nodules of `val`.

Each nodule's crop is written as a NIfTI file, segmented by `sam2lung segment`, and compared with what the readers drew:
`lidc` (HU-calibrated, at least half of the readers) with and without the lung mask, and with a click on the nodule;
`lidc_hu` (its own mask) without a lung mask. `lidc` is also run with the classifier's threshold at 0, for the
free-response curve.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ..aliases import Record
from ..data import cases
from ..data.cases import Case
from ..data.items import is_develop
from ..errors import UserError
from ..paths import DATA, DEFAULT_BUNDLE
from . import agreement, froc, product, scores, summary, tables
from .files import fill_card, plain, version_of
from .product import Model, Product, Result, every_size
from .scores import Score


@dataclass
class Set:
    """Nodules and how the command line is run on them."""

    words: str
    load: Callable
    options: tuple
    click: bool = False  # with a click on the nodule
    every_finding: bool = False  # classifier's threshold at 0: for the free-response curve, not for the table
    samples: bool = False  # with the samples' outlines, for their distance to the readers'


@dataclass
class Options:
    """What is asked for."""

    sam2lung: Path  # the built command line
    out: Path  # folder for crops, results and tables
    data: Path = DATA  # folder with lidc/, lidc_hu/
    model: Path | None = None  # bundle to measure; the built-in one when left out
    split: str = "val"  # or "train"
    develop: bool = False  # only the development part of `train`
    sets: list[str] = field(default_factory=lambda: list(SETS))
    keep: bool = False  # segment only what has no result in OUT yet, score everything
    limit: int | None = None  # only the first nodules of each set: for a quick look, not for a report
    jobs: int = 1  # processes at a time
    rounds: int = 1000  # bootstrap rounds of the intervals
    card: Path | None = None  # model card that gets the tables between its evaluate markers

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()


OFF = ("--lung-mask", "off")
SAMPLE_OUTLINES = "--sample-outlines"
SETS = {
    "lidc_off": Set("lidc, lung mask off", cases.lidc_cases, OFF, samples=True),
    "lidc_auto": Set("lidc, lung mask auto", cases.lidc_cases, ("--lung-mask", "auto")),
    "lidc_click": Set("lidc, lung mask off, with a click", cases.lidc_cases, OFF, click=True),
    "lidc_hu_off": Set("lidc_hu, lung mask off", cases.lidc_hu_cases, OFF),
    "lidc_every": Set("lidc, every finding", cases.lidc_cases, OFF, every_finding=True),
}


def measurable(loaded: list[Case], limit: int | None = None) -> tuple[list[Case], dict[str, list[str]]]:
    """The cases that the product can take and a reference exists for; and how many were left out, and why."""
    flat = [c.name for c in loaded if c.slices < 2]
    empty = [c.name for c in loaded if c.slices >= 2 and not c.reference.any()]
    kept = [c for c in loaded if c.slices >= 2 and c.reference.any()]
    left_out = {"single slice, which the product refuses": flat, "no voxel that half of the readers marked": empty}
    return kept[:limit], left_out


def loaded_of(kind: Set, asked: Options) -> tuple[list[Case], dict[str, list[str]]]:
    """`measurable` of the set's cases that are asked for."""
    loaded = kind.load(asked.data, asked.split)
    return measurable([c for c in loaded if is_develop(c.patient)] if asked.develop else loaded, asked.limit)


def sample_options(kind: Set, program: Path) -> tuple[str, ...]:
    """The option that writes the samples' outlines, where they are wanted and known; older command lines lack it."""
    return (SAMPLE_OUTLINES,) if kind.samples and product.knows(program, SAMPLE_OUTLINES) else ()


def run_set(
    loaded: list[Case], runner: Product, folder: Path, jobs: int, click: bool = False, keep: bool = False
) -> Iterator[tuple[Case, Result]]:
    """Segments the cases into `folder`; yields each case with its `product.Result`."""
    inputs, output = folder / "ct", folder / "result"
    inputs.mkdir(parents=True, exist_ok=True)
    paths = {case.name: inputs / f"{case.name}.nii.gz" for case in loaded}
    contract = product.contract_of(runner.model) if keep and runner.model else None
    outlines = SAMPLE_OUTLINES in runner.options
    missing = [c for c in loaded if not (keep and product.is_complete(output / c.name, contract, outlines))]
    for case in missing:
        cases.write_ct(case, paths[case.name])
    clicks = {paths[case.name]: product.click_inside(case.click_ijk) for case in missing} if click else None
    refused = runner.segment([paths[case.name] for case in missing], output, jobs, clicks)
    for case in loaded:
        yield case, product.read_result(output / case.name, refused.get(paths[case.name]))


def evaluate_set(
    loaded: list[Case], runner: Product, folder: Path, jobs: int, click: bool = False, keep: bool = False
) -> tuple[list[Score], set[Model]]:
    """Segments the cases into `folder` and scores them; also what wrote the results."""
    runs = run_set(loaded, runner, folder, jobs, click, keep)
    scored, models = [], set()
    for case, result in runs:
        scored.append(scores.score(case, result))
        models |= {product.model_of(result)} - {None}
    return scored, models


def findings_of(case: Case, result: Result) -> froc.Scan:
    """A crop's findings for the free-response curve: a hit shares a voxel with the consensus."""
    if result.refused:
        return froc.Scan(case.name, case.patient, [None], [])
    numbers = set(np.unique(result.labels[case.reference])) - {0}
    right, wrong = (
        [n["nodule_probability"] for n in result.nodules if (n["id"] in numbers) == hit] for hit in (True, False)
    )
    return froc.Scan(case.name, case.patient, [max(right, default=None)], wrong)


def measured(key: str, asked: Options) -> tuple[Record, set[Model]]:
    """One set of the table: its figures and scores; and what wrote the results."""
    kind = SETS[key]
    loaded, left_out = loaded_of(kind, asked)
    print(f"{kind.words}: {len(loaded)} nodules", flush=True)
    runner = Product(
        asked.sam2lung, asked.model, (*kind.options, *every_size(asked.sam2lung), *sample_options(kind, asked.sam2lung))
    )
    scored, models = evaluate_set(loaded, runner, asked.out / key, asked.jobs, kind.click, asked.keep)
    figures = {
        "words": kind.words,
        "left_out": left_out,
        "summary": summary.summary(scored, asked.rounds),
        "agreement": agreement.summary(scored, asked.rounds),
        "agreement_found": agreement.summary(summary.found(scored), asked.rounds),
        "slices": summary.slices_summary(scored, asked.rounds),
        "scores": scored,
    }
    return figures, models


def measured_froc(key: str, asked: Options) -> tuple[Record | None, set[Model]]:
    """The free-response curve in crops, None when the bundle has no classifier; and what wrote the results."""
    kind = SETS[key]
    folder = asked.out / key
    bundle, threshold = product.with_every_finding(asked.model or DEFAULT_BUNDLE, folder / "bundle")
    if threshold is None:
        print(f"{kind.words}: the bundle has no classifier, no probabilities to sort by", flush=True)
        return None, set()
    loaded, _ = loaded_of(kind, asked)
    print(f"{kind.words}: {len(loaded)} crops", flush=True)
    runner = Product(asked.sam2lung, bundle, (*kind.options, *every_size(asked.sam2lung)))
    scans, models = [], set()
    for case, result in run_set(loaded, runner, folder, asked.jobs, keep=asked.keep):
        scans.append(findings_of(case, result))
        models |= {product.model_of(result)} - {None}
    return {**froc.summary(scans, threshold, asked.rounds), "findings": [asdict(scan) for scan in scans]}, models


def measure(asked: Options) -> Record:
    """Everything: {"sets": {key: …}, "click", "froc", "model"}."""
    results, models, networks = {"sets": {}}, set(), set()
    for key in asked.sets:
        if SETS[key].every_finding:
            results["froc"], wrote = measured_froc(key, asked)
        else:
            results["sets"][key], wrote = measured(key, asked)
            models |= wrote
        networks |= {model.networks for model in wrote}
    if len(models) > 1 or len(networks) > 1:
        raise UserError(several_models(asked.out, models, networks))
    results["model"] = f"model {models.pop()}" if models else "model unknown"
    if {"lidc_off", "lidc_click"} <= set(results["sets"]):
        pair = (results["sets"][key]["scores"] for key in ("lidc_off", "lidc_click"))
        results["click"] = summary.click_summary(*pair)
    return results


def several_models(folder: Path, models: set[Model], networks: set[str]) -> str:
    return (
        f"{folder} holds results of several models: {'; '.join(sorted(map(str, models)))}; networks "
        f"{', '.join(sorted(networks))}. Run without --keep; and if the command line has another bundle built in than "
        "bundles/default, name it with --model"
    )


def write(results: Record, asked: Options, program: str) -> str:
    text = tables.report(results, program)
    options = {key: str(value) if isinstance(value, Path) else value for key, value in vars(asked).items()}
    sets = {key: {**result, "scores": [asdict(s) for s in result["scores"]]} for key, result in results["sets"].items()}
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "evaluate.md").write_text(text + "\n")
    everything = plain({"program": program, "arguments": options, **results, "sets": sets})
    (asked.out / "evaluate.json").write_text(json.dumps(everything, indent=1) + "\n")
    fill_card(asked.card, "evaluate", text)
    return text


def set_names(text: str) -> list[str]:
    """The named sets, comma-separated, in the order of SETS: the first is the one that the small tables are about."""
    names = text.split(",")
    if unknown := [name for name in names if name not in SETS]:
        raise UserError(f"--sets: got {', '.join(unknown)}; expected some of {', '.join(SETS)}")
    if all(SETS[name].every_finding for name in names):
        raise UserError(f"--sets: got {text} alone; expected one of the table's sets with it")
    return [name for name in SETS if name in names]


def evaluate(asked: Options) -> None:
    """Writes OUT/evaluate.md (the tables) and OUT/evaluate.json (every figure and every nodule; the figures are drawn
    from it).
    """
    program = version_of(asked.sam2lung)
    print("\n" + write(measure(asked), asked, program))
