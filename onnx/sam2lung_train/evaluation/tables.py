"""The tables of the evaluation, as Markdown."""

from collections.abc import Sequence

import numpy as np

from ..aliases import Record
from . import agreement, summary
from .scores import GOOD_DICE, Score


def number(value: float | None, decimals: int) -> str:
    """`0.812`; a dash where there is nothing to say."""
    return "–" if value is None or not np.isfinite(value) else f"{value:.{decimals}f}"


def cell(figure: Record, decimals: int) -> str:
    """`0.812 (0.79 to 0.84)`."""
    text = number(figure["value"], decimals)
    if figure["ci95"] is None or text == "–":
        return text
    low, high = (number(v, decimals) for v in figure["ci95"])
    return f"{text} ({low} to {high})"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main_table(sets: dict[str, Record]) -> str:
    rows = [
        [words, *(cell(result["summary"][key], decimals) for result in sets.values())]
        for key, words, decimals, _, _ in summary.FIGURES
    ]
    return table(["In brackets: 95 % interval, bootstrap by patient", *(r["words"] for r in sets.values())], rows)


def group_table(title: str, groups: list[tuple[str, list[Score]]]) -> str:
    """One row for each (words, scores)."""

    def row(words, members):
        figures = [("dice_touching", summary.mean), ("dice_touching", summary.median), ("dice_all", summary.mean)]
        dices = [number(of(members, field), 3) for field, of in figures]
        shares = [number(summary.share(flags), 2) for flags in (
            [s.hit for s in members], [s.dice_touching >= GOOD_DICE for s in members])]  # fmt: skip
        return [words, str(len(members)), *dices, number(summary.median(members, "hd95_mm"), 2), *shares]

    head = [title, "Nodules", "Dice touching, mean", "median", "Dice all, mean", "HD95 mm, median", "hit", "Dice ≥ 0.5"]
    return table(head, [row(words, members) for words, members in groups])


def agreement_table(figures: Record) -> str:
    head = ["Agreement", "ours with readers", "readers with each other", "difference", "as good?"]
    rows = [
        [m["words"], *(cell(m[part], 3) for part in ("ours", "readers", "difference")), m["verdict"]]
        for m in figures["measures"].values()
    ]
    return table(head, rows)


def slices_table(figures: Record) -> str:
    words = {
        "step": "Step: 1 − Dice of neighbouring slices",
        "roughness": "Roughness: 1 − Dice with the neighbours’ interpolation",
    }
    parts = ("ours", "consensus", "reader", "ours_minus_consensus", "ours_minus_reader")
    rows = [[words[measure], *(cell(columns[part], 3) for part in parts)] for measure, columns in figures.items()]
    return table(["Across slices", "ours", "consensus", "a single reader", "ours − consensus", "ours − reader"], rows)


def click_table(groups: dict[str, Record]) -> str:
    words = {
        "all": "all",
        "missed": "missed without a click",
        "poor": "found, but with Dice < 0.7",
    }
    rows = [
        [words[name], str(g["nodules"]), number(g["before"], 3), number(g["after"], 3), str(g["hit"]), str(g["good"])]
        for name, g in groups.items()
    ]
    return table(["Nodules", "n", "Dice without a click", "with one", "hit with one", "Dice ≥ 0.5 with one"], rows)


def froc_table(columns: dict[str, Record]) -> str:
    """`columns`: {words: froc.summary}."""
    rates = ["1/8", "1/4", "1/2", "1", "2", "4", "8"]
    rows = [
        [f"Sensitivity at {rate}", *(cell(f["points"][n], 3) for f in columns.values())] for n, rate in enumerate(rates)
    ]
    rows.append(["CPM, mean of these", *(cell(f["cpm"], 3) for f in columns.values())])
    rows.append(["Every finding: false ones each, sensitivity", *(end_of(f) for f in columns.values())])
    rows.append(["As shipped: false ones each, sensitivity", *(pair(f["product"]) for f in columns.values())])
    return table(["Free-response curve: at false findings each", *columns], rows)


def end_of(figures: Record) -> str:
    return pair((figures["false_per_scan"][-1], figures["sensitivity"][-1]))


def pair(values: Sequence[float] | None) -> str:
    return "–" if values is None else ", ".join(number(value, 3) for value in values)


def left_out_text(result: Record) -> str:
    parts = [f"{len(names)} with {why}" for why, names in result["left_out"].items() if names]
    return f"{result['words']}: {'; '.join(parts) or 'none'}"


def report(results: Record, program: str) -> str:
    """Everything that `evaluate` prints and puts into the model card."""
    sets = results["sets"]
    first = next(iter(sets.values()))
    left_out = ". ".join(left_out_text(result) for result in sets.values())
    parts = [
        f"Measured with `{program}`, the built command line, with its default samples and seed, {results['model']}.",
        main_table(sets),
        f"By diameter of the consensus ({first['words']}):",
        group_table("Diameter", summary.by_diameter(first["scores"])),
        f"By texture, the mean of the readers' ratings ({first['words']}):",
        group_table("Texture", summary.by_texture(first["scores"])),
        *reader_study(first),
        *slices(first),
    ]
    if results.get("click"):
        parts += [
            "What a click on the nodule changes (`--click`, at the consensus' centre):",
            click_table(results["click"]),
        ]
    if results.get("froc"):
        parts += froc(results["froc"])
    parts.append(
        "A nodule in which nothing was found, or whose CT was refused, has Dice 0. *Near* nodules: within 5 voxels of the "
        "consensus. Uncertainty, intervals, volumes and flags are those of found nodules. Other nodules of the same patient inside a "
        "crop count as errors in the rows that take all positive voxels, and as false findings. A review flag whose only reason "
        "is that the nodule touches the crop's edge isn't counted. –: nothing to measure, or the bundle doesn't say. "
        f"Left out: {left_out}."
    )
    return "\n\n".join(parts)


def reader_study(result: Record) -> list[str]:
    figures = result["agreement"]
    if not figures["nodules"]:
        return []
    among = result["agreement_found"]
    difference = among["measures"]["dice"]["difference"]
    return [
        f"Agreement as in a reader study ({result['words']}; {figures['nodules']} nodules of {figures['patients']} patients "
        "with outlines of two readers or more; both sides against the same references; a nodule without a finding counts as 0 "
        "for us, one without a mark doesn't count for a reader):",
        agreement_table(figures),
        agreement.sentence(figures)
        + f" Among the {among['nodules']} nodules that were found, the difference is {cell(difference, 3)}.",
    ]


def slices(result: Record) -> list[str]:
    figures = result["slices"]
    if not np.isfinite(figures["step"]["ours"]["value"]):
        return []
    head = f"Smoothness across slices ({result['words']}; 0 for a cylinder, on the slices that all outlines share):"
    return [head, slices_table(figures)]


def froc(figures: Record) -> list[str]:
    return [
        "Findings in crops, each with its probability of being a nodule, the classifier's threshold at 0. *Each* is a crop of "
        "128 × 128 pixels around a nodule, a small part of a scan: for false findings a scan see the whole CTs.",
        froc_table({f"lidc, {figures['scans']} crops": figures}),
    ]
