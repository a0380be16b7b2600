"""Measures the built command line (not the PyTorch model) on the nodules of `val`.

    python -m sam2lung_train.evaluate --sam2lung ../target/release/sam2lung --out runs/evaluate

Each nodule's crop is written as a NIfTI file, segmented by `sam2lung segment`, and compared with what the readers drew: `lidc`
(HU-calibrated, at least half of the readers) with and without the lung mask, and with a click on the nodule; `lidc_hu` (its
own mask) without a lung mask. `lidc` is also run with the judge's threshold at 0, for the free-response curve.
Writes OUT/evaluate.md (the tables) and OUT/evaluate.json (every figure and every nodule; figures.py draws from it); with --card
also puts the tables into a model card.
"""

import argparse
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from . import agreement, cases, froc, product, scores, summary, tables

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
BEGIN, END = "<!-- evaluate:begin -->", "<!-- evaluate:end -->"


@dataclass
class Set:
    """Nodules and how the command line is run on them."""

    words: str
    load: Callable
    options: tuple
    click: bool = False  # `--at` the nodule
    every_finding: bool = False  # judge's threshold at 0: for the free-response curve, not for the table


OFF = ("--lung-mask", "off")
SETS = {
    "lidc_off": Set("lidc, lung mask off", cases.lidc_cases, OFF),
    "lidc_auto": Set("lidc, lung mask auto", cases.lidc_cases, ("--lung-mask", "auto")),
    "lidc_click": Set("lidc, lung mask off, with a click", cases.lidc_cases, OFF, click=True),
    "lidc_hu_off": Set("lidc_hu, lung mask off", cases.lidc_hu_cases, OFF),
    "lidc_every": Set("lidc, every finding", cases.lidc_cases, OFF, every_finding=True),
}


def measurable(loaded, limit=None):
    """The cases that the product can take and a reference exists for; and how many were left out, and why."""
    flat = [c.name for c in loaded if c.slices < 2]
    empty = [c.name for c in loaded if c.slices >= 2 and not c.reference.any()]
    kept = [c for c in loaded if c.slices >= 2 and c.reference.any()]
    left_out = {"single slice, which the product refuses": flat, "no voxel that half of the readers marked": empty}
    return kept[:limit], left_out


def run_set(loaded, runner, folder, jobs, click=False, keep=False):
    """Segments the cases into `folder`; yields each case with its `product.Result`."""
    inputs, output = folder / "ct", folder / "result"
    inputs.mkdir(parents=True, exist_ok=True)
    paths = {case.name: inputs / f"{case.name}.nii.gz" for case in loaded}
    contract = product.contract_of(runner.model) if keep and runner.model else None
    missing = [case for case in loaded if not (keep and product.is_complete(output / case.name, contract))]
    for case in missing:
        cases.write_ct(case, paths[case.name])
    clicks = {paths[case.name]: ("--at", ",".join(map(str, case.click_ijk))) for case in missing} if click else None
    refused = runner.segment([paths[case.name] for case in missing], output, jobs, clicks)
    for case in loaded:
        yield case, product.read_result(output / case.name, refused.get(paths[case.name]))


def evaluate_set(loaded, runner, folder, jobs, click=False, keep=False):
    """Segments the cases into `folder` and scores them; also what wrote the results."""
    runs = run_set(loaded, runner, folder, jobs, click, keep)
    scored, models = [], set()
    for case, result in runs:
        scored.append(scores.score(case, result))
        models |= {product.model_of(result)} - {None}
    return scored, models


def findings_of(case, result):
    """A crop's findings for the free-response curve: a hit shares a voxel with the consensus."""
    if result.refused:
        return froc.Scan(case.name, case.patient, [None], [])
    numbers = set(np.unique(result.labels[case.reference])) - {0}
    right, wrong = ([n["nodule_probability"] for n in result.nodules if (n["id"] in numbers) == hit] for hit in (True, False))
    return froc.Scan(case.name, case.patient, [max(right, default=None)], wrong)


def measured(key, arguments):
    """One set of the table: its figures and scores; and what wrote the results."""
    kind = SETS[key]
    loaded, left_out = measurable(kind.load(arguments.data, arguments.split), arguments.limit)
    print(f"{kind.words}: {len(loaded)} nodules", flush=True)
    runner = product.Product(arguments.sam2lung, arguments.model, kind.options)
    scored, models = evaluate_set(loaded, runner, arguments.out / key, arguments.jobs, kind.click, arguments.keep)
    figures = {
        "words": kind.words,
        "left_out": left_out,
        "summary": summary.summary(scored, arguments.rounds),
        "agreement": agreement.summary(scored, arguments.rounds),
        "agreement_found": agreement.summary(summary.found(scored), arguments.rounds),
        "slices": summary.slices_summary(scored, arguments.rounds),
        "scores": scored,
    }
    return figures, models


def measured_froc(key, arguments):
    """The free-response curve in crops, None when the bundle has no judge; and what wrote the results."""
    kind = SETS[key]
    folder = arguments.out / key
    bundle, threshold = product.with_every_finding(arguments.model or product.DEFAULT_BUNDLE, folder / "bundle")
    if threshold is None:
        print(f"{kind.words}: the bundle has no judge, no probabilities to sort by", flush=True)
        return None, set()
    loaded, _ = measurable(kind.load(arguments.data, arguments.split), arguments.limit)
    print(f"{kind.words}: {len(loaded)} crops", flush=True)
    runner = product.Product(arguments.sam2lung, bundle, kind.options)
    scans, models = [], set()
    for case, result in run_set(loaded, runner, folder, arguments.jobs, keep=arguments.keep):
        scans.append(findings_of(case, result))
        models |= {product.model_of(result)} - {None}
    return {**froc.summary(scans, threshold, arguments.rounds), "findings": [asdict(scan) for scan in scans]}, models


def evaluate(arguments):
    """Everything: {"sets": {key: …}, "click", "froc", "model"}."""
    results, models, networks = {"sets": {}}, set(), set()
    for key in arguments.sets:
        if SETS[key].every_finding:
            results["froc"], wrote = measured_froc(key, arguments)
        else:
            results["sets"][key], wrote = measured(key, arguments)
            models |= wrote
        networks |= {model.networks for model in wrote}
    if len(models) > 1 or len(networks) > 1:
        raise ValueError(several_models(arguments.out, models, networks))
    results["model"] = f"model {models.pop()}" if models else "model unknown"
    if {"lidc_off", "lidc_click"} <= set(results["sets"]):
        pair = (results["sets"][key]["scores"] for key in ("lidc_off", "lidc_click"))
        results["click"] = summary.click_summary(*pair)
    return results


def several_models(folder, models, networks):
    return (
        f"{folder} holds results of several models: {'; '.join(sorted(map(str, models)))}; networks "
        f"{', '.join(sorted(networks))}. Run without --keep; and if the command line has another bundle built in than "
        "bundles/default, name it with --model"
    )


def put_between(text, begin, end, insert):
    """`text` with what lies between the markers replaced."""
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"expected {begin} and, later, {end}, once each")
    head, tail = text.split(begin)[0], text.split(end)[1]
    return f"{head}{begin}\n{insert}\n{end}{tail}"


def plain(value):
    """For JSON: arrays to lists, what is no finite number to null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def write(results, arguments, program):
    text = tables.report(results, program)
    asked = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
    sets = {key: {**result, "scores": [asdict(s) for s in result["scores"]]} for key, result in results["sets"].items()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "evaluate.md").write_text(text + "\n")
    everything = plain({"program": program, "arguments": asked, **results, "sets": sets})
    (arguments.out / "evaluate.json").write_text(json.dumps(everything, indent=1) + "\n")
    if arguments.card:
        card = arguments.card.read_text()
        arguments.card.write_text(put_between(card, BEGIN, END, text))
    return text


def version_of(program):
    """`sam2lung 0.1.0`."""
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def set_names(text):
    """The named sets, in the order of SETS: the first is the one that the small tables are about."""
    asked = text.split(",")
    if unknown := [name for name in asked if name not in SETS]:
        raise argparse.ArgumentTypeError(f"got {', '.join(unknown)}; expected some of {', '.join(SETS)}")
    if all(SETS[name].every_finding for name in asked):
        raise argparse.ArgumentTypeError(f"got {text} alone; expected one of the table's sets with it")
    return [name for name in SETS if name in asked]


def arguments_of(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data", help="folder with lidc/, lidc_hu/")
    parser.add_argument("--sam2lung", type=Path, required=True, help="the built command line")
    parser.add_argument("--out", type=Path, required=True, help="folder for crops, results and tables")
    parser.add_argument("--model", type=Path, help="bundle to measure; the built-in one when left out")
    parser.add_argument("--split", choices=["val", "train"], default="val")
    parser.add_argument("--sets", type=set_names, default=list(SETS), help=f"comma-separated, of {', '.join(SETS)}; default: all")
    parser.add_argument("--keep", action="store_true", help="segment only what has no result in OUT yet, score everything")
    parser.add_argument("--limit", type=int, help="only the first N nodules of each set: for a quick look, not for a report")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap rounds of the intervals")
    parser.add_argument("--card", type=Path, help="model card that gets the tables between its evaluate markers")
    return parser.parse_args(words)


def main(words=None):
    arguments = arguments_of(words)
    arguments.sam2lung = arguments.sam2lung.resolve()
    program = version_of(arguments.sam2lung)
    print("\n" + write(evaluate(arguments), arguments, program))


if __name__ == "__main__":
    main()
