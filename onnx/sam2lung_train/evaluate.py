"""Measures the built command line (not the PyTorch model) on the nodules of `val`.

    python -m sam2lung_train.evaluate --sam2lung ../target/release/sam2lung --out runs/evaluate

Each nodule's crop is written as a NIfTI file, segmented by `sam2lung segment`, and compared with what the readers
drew: `lidc` (HU-calibrated, at least half of the readers) with and without the lung mask, and `lidc_hu` (its own mask) without.
Writes OUT/evaluate.md (the tables), OUT/evaluate.json (every figure and every nodule); with --card also puts the tables into a
model card.
"""

import argparse
import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np

from . import cases, product, scores

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
# (key, words, loader, options of the command line)
SETS = [
    ("lidc_off", "lidc, lung mask off", cases.lidc_cases, ("--lung-mask", "off")),
    ("lidc_auto", "lidc, lung mask auto", cases.lidc_cases, ("--lung-mask", "auto")),
    ("lidc_hu_off", "lidc_hu, lung mask off", cases.lidc_hu_cases, ("--lung-mask", "off")),
]
BEGIN, END = "<!-- evaluate:begin -->", "<!-- evaluate:end -->"


def measurable(loaded, limit=None):
    """The cases that the product can take and a reference exists for; and how many were left out, and why."""
    flat = [c.name for c in loaded if c.slices < 2]
    empty = [c.name for c in loaded if c.slices >= 2 and not c.reference.any()]
    kept = [c for c in loaded if c.slices >= 2 and c.reference.any()]
    left_out = {"single slice, which the product refuses": flat, "no voxel that half of the readers marked": empty}
    return kept[:limit], left_out


def evaluate_set(loaded, runner, folder, jobs):
    """Segments the cases into `folder` and scores them."""
    inputs, output = folder / "ct", folder / "result"
    inputs.mkdir(parents=True, exist_ok=True)
    paths = {case.name: inputs / f"{case.name}.nii.gz" for case in loaded}
    for case in loaded:
        cases.write_ct(case, paths[case.name])
    refused = runner.segment(list(paths.values()), output, jobs)
    read = (product.read_result(output / case.name, refused.get(paths[case.name])) for case in loaded)
    return [scores.score(case, result) for case, result in zip(loaded, read)]


def evaluate(arguments):
    """Everything: {set: {"words", "left_out", "summary", "scores"}}."""
    results = {}
    for key, words, load, options in SETS:
        loaded, left_out = measurable(load(arguments.data, arguments.split), arguments.limit)
        print(f"{words}: {len(loaded)} nodules", flush=True)
        runner = product.Product(arguments.sam2lung, arguments.model, options)
        scored = evaluate_set(loaded, runner, arguments.out / key, arguments.jobs)
        summary = scores.summary(scored, arguments.rounds)
        results[key] = {"words": words, "left_out": left_out, "summary": summary, "scores": scored}
    return results


# --- tables -----------------------------------------------------------------------------------------------------------


def number(value, decimals):
    return "–" if value is None or np.isnan(value) else f"{value:.{decimals}f}"


def cell(figure, decimals):
    """`0.812 (0.79–0.84)`."""
    text = number(figure["value"], decimals)
    if figure["ci95"] is None or np.isnan(figure["value"]):
        return text
    low, high = (number(v, decimals) for v in figure["ci95"])
    return f"{text} ({low} to {high})"


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main_table(results):
    rows = [
        [words, *(cell(result["summary"][key], decimals) for result in results.values())]
        for key, words, decimals, _, _ in scores.FIGURES
    ]
    return table(["In brackets: 95 % interval, bootstrap by patient", *(r["words"] for r in results.values())], rows)


def diameter_table(result):
    def row(words, members):
        figures = [("dice_touching", scores.mean), ("dice_touching", scores.median), ("dice_all", scores.mean)]
        dices = [number(of(members, field), 3) for field, of in figures]
        shares = [number(scores.share(flags), 2) for flags in (
            [s.hit for s in members], [s.dice_touching >= scores.GOOD_DICE for s in members])]  # fmt: skip
        return [words, str(len(members)), *dices, number(scores.median(members, "hd95_mm"), 2), *shares]

    head = ["Diameter", "Nodules", "Dice touching, mean", "median", "Dice all, mean", "HD95 mm, median", "hit", "Dice ≥ 0.5"]
    return table(head, [row(words, members) for words, members in scores.by_diameter(result["scores"])])


def left_out_text(result):
    parts = [f"{len(names)} with {why}" for why, names in result["left_out"].items() if names]
    return f"{result['words']}: {'; '.join(parts) or 'none'}"


def report(results, program):
    first = next(iter(results.values()))
    left_out = ". ".join(left_out_text(result) for result in results.values())
    return "\n\n".join(
        [
            f"Measured with `{program}`, the built command line, with its default samples and seed.",
            main_table(results),
            f"By diameter of the consensus ({first['words']}):",
            diameter_table(first),
            "A nodule in which nothing was found, or whose CT was refused, has Dice 0. *Near* nodules: within 5 voxels of the "
            "consensus. Other nodules of the same patient inside a crop count as errors in the rows that take all positive "
            "voxels. A review flag whose only reason is that the nodule touches the crop's edge isn't counted. "
            f"Left out: {left_out}.",
        ]
    )


def put_between(text, begin, end, insert):
    """`text` with what lies between the markers replaced."""
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"expected {begin} and, later, {end}, once each")
    head, tail = text.split(begin)[0], text.split(end)[1]
    return f"{head}{begin}\n{insert}\n{end}{tail}"


def plain(value):
    """For JSON: arrays to lists, NaN to null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value


def write(results, arguments, program):
    text = report(results, program)
    asked = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
    sets = {key: {**result, "scores": [asdict(s) for s in result["scores"]]} for key, result in results.items()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "evaluate.md").write_text(text + "\n")
    everything = plain({"program": program, "arguments": asked, "sets": sets})
    (arguments.out / "evaluate.json").write_text(json.dumps(everything, indent=1) + "\n")
    if arguments.card:
        card = arguments.card.read_text()
        arguments.card.write_text(put_between(card, BEGIN, END, text))
    return text


def version_of(program):
    """`sam2lung 0.1.0`."""
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def arguments_of(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data", help="folder with lidc/, lidc_hu/")
    parser.add_argument("--sam2lung", type=Path, required=True, help="the built command line")
    parser.add_argument("--out", type=Path, required=True, help="folder for crops, results and tables")
    parser.add_argument("--model", type=Path, help="bundle to measure; the built-in one when left out")
    parser.add_argument("--split", choices=["val", "train"], default="val")
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
