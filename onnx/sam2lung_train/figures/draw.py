"""Chooses what of an evaluation is drawn, and writes it.

Takes evaluate.json and the results beside it (made by `sam2lung-train evaluate`), whole_ct.json if there is one, and
the readers' outlines from the data. The same input gives the same bytes.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from ..aliases import Record
from ..data import cases
from ..errors import UserError
from ..evaluation import product, scores, summary
from ..evaluation.scores import Score
from . import charts, pictures

SET = "lidc_off"
# Levels of a colour channel beside 0: half the bytes, and no eye sees it. (A palette of 256 turned yellow lines into
# orange.)
STEPS = 63
LARGEST_BYTES = 300_000


def read(path: Path) -> tuple[list[Score], Record]:
    """evaluate.json's set SET as `Score`s, and everything else of the file."""
    everything = json.loads((path / "evaluate.json").read_text())
    if SET not in everything["sets"]:
        raise UserError(f"{path}/evaluate.json has no set {SET}: run sam2lung-train evaluate with it")
    return [scores.from_json(entry) for entry in everything["sets"][SET]["scores"]], everything


def caption(scored: list[Score], everything: Record) -> str:
    """What every figure says of whom it is about."""
    patients = len({s.patient for s in scored})
    split = everything["arguments"]["split"]
    nodules = f"{split}: {len(scored)} nodules of {patients} LIDC-IDRI patients"
    return f"{nodules} · research use only\n{everything['program']}, {everything.get('model', 'model unknown')}"


def chosen(scored: list[Score]) -> dict[str, tuple[str, list[Score]]]:
    """{name: (title, three scores)}: best, median, worst by Dice; and the worst found ones where the worst were missed."""
    ranked = sorted(scored, key=lambda s: (s.dice_touching, s.name))
    found = [s for s in ranked if s.hit]
    middle = max(len(ranked) // 2 - 1, 0)
    groups = {
        "cases_best": ("Best outlines", ranked[::-1][:3]),
        "cases_median": ("Median outlines", ranked[middle : middle + 3]),
        "cases_worst": ("Worst outlines", ranked[:3]),
    }
    if not all(s.hit for s in ranked[:3]):
        groups["cases_worst_found"] = ("Worst outlines of nodules that were found", found[:3])
    return groups


def case_pictures(scored: list[Score], folder: Path, data: Path, split: str, note: str) -> Iterator[tuple[str, Figure]]:
    """One figure for each group of cases."""
    records = {record["key"]: record for record in cases.lidc_records(data, split)}

    def loaded(score):
        result = product.read_result(folder / SET / "result" / score.name, score.refused)
        return score, cases.lidc_case(data / "lidc", records[score.name]), result

    for name, (title, members) in chosen(scored).items():
        if members:
            yield name, pictures.cases_figure(title, [loaded(s) for s in members], note)


def draw(evaluation: Path, whole_ct: Record | None, data: Path) -> Iterator[tuple[str, Figure]]:
    """Yields (name, figure)."""
    scored, everything = read(evaluation)
    note = caption(scored, everything)
    yield "reliability", charts.reliability(summary.bins_pooled(scored), note)
    yield "risk_coverage", charts.risk_coverage(scored, note)
    yield "dice", charts.dice(scored, note)
    yield "volume_agreement", charts.bland_altman(scored, note)
    yield "volume_interval", charts.intervals(scored, note)
    curves = {"crops": everything.get("froc"), "whole CTs": whole_ct and whole_ct["froc"]}
    curves = {words: curve for words, curve in curves.items() if curve}
    if curves:
        yield "froc", charts.free_response(curves, note)
    else:
        print("no free-response curve: neither evaluate.json nor whole_ct.json has one")
    yield from case_pictures(scored, evaluation, data, everything["arguments"]["split"], note)


def png(figure: Figure) -> bytes:
    """The figure's bytes, the same for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    image = Image.open(buffer).convert("RGB").point(lambda value: round(round(value / 255 * STEPS) / STEPS * 255))
    small = io.BytesIO()
    image.save(small, "PNG", optimize=True)
    return small.getvalue()


def draw_figures(evaluation: Path, out: Path, data: Path, whole_ct: Path | None = None) -> None:
    """Writes the figures of the folders that `evaluate` and `evaluate-whole-ct` wrote to `out`; `data` is the folder
    with lidc/.
    """
    whole = json.loads((whole_ct / "whole_ct.json").read_text()) if whole_ct else None
    out.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(charts.STYLE):
        for name, figure in draw(evaluation, whole, data):
            bytes_ = png(figure)
            if len(bytes_) > LARGEST_BYTES:
                raise ValueError(f"{name} has {len(bytes_)} bytes; expected at most {LARGEST_BYTES}")
            (out / f"{name}.png").write_bytes(bytes_)
            print(f"{out / name}.png  {len(bytes_) / 1000:.0f} kB", flush=True)
