"""The charts of an evaluation: each function takes scores and returns a matplotlib figure.

Colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart; where colour says
something, the shape of the marker or the line says it too.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..aliases import Record
from ..evaluation import metrics, risk, summary
from ..evaluation.scores import Score

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
GREY, INK = "#8C8C8C", "#222222"
STYLE = {
    "figure.dpi": 150, "savefig.dpi": 150, "figure.facecolor": "white", "font.family": "DejaVu Sans", "font.size": 9,
    "axes.titlesize": 10, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelcolor": INK, "text.color": INK,
    "axes.edgecolor": GREY, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False, "legend.fontsize": 8, "xtick.color": INK,
    "ytick.color": INK,
}  # fmt: skip
WIDE, TALL = 6.4, 4.3  # inches
RUNNING = 21  # nodules in a running median


def blank(
    note: str, rows: int = 1, columns: int = 1, size: tuple[float, float] = (WIDE, TALL), **options: Any
) -> tuple[Figure, Any]:
    """A figure with its axes and, at the foot, whom it is about."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, **options)
    foot(figure, note)
    return figure, axes


def foot(figure: Figure, note: str, more: float = 0.0) -> None:
    """Writes the note of two lines at the foot and keeps that place free, and `more` inches above it."""
    height = figure.get_size_inches()[1]
    free = (0.34 + more) / height
    figure.get_layout_engine().set(rect=(0, free, 1, 1 - free))
    figure.text(0.01, 0.06 / height, note, fontsize=6.5, color="#595959", linespacing=1.4)


def reliability(bins: np.ndarray, note: str) -> Figure:
    """How often voxels near nodules belong to the consensus, by probability. `bins`: metrics.calibration_bins, pooled."""
    count, probability, truth = bins
    held = count > 0
    figure, (top, bottom) = blank(note, 2, 1, (5.6, 5.3), sharex=True, height_ratios=[3.2, 1])
    top.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfectly calibrated")
    top.plot(probability[held] / count[held], truth[held] / count[held], "o-", color=BLUE, markersize=4.5, linewidth=1.3,
             label=f"voxels within 5 voxels of the nodule, ECE {metrics.ece(bins):.3f}")  # fmt: skip
    top.set(ylabel="share that readers marked", xlim=(0, 1), ylim=(0, 1), title="Reliability of the probability")
    top.legend(loc="upper left")
    edges = np.linspace(0, 1, count.size + 1)
    bottom.bar(edges[:-1], count, width=np.diff(edges), align="edge", color=SKY, edgecolor="white", linewidth=0.5)
    bottom.set(yscale="log", ylabel="voxels", xlabel="mean probability over dropout samples")
    bottom.set_ylim(bottom=10 ** np.floor(np.log10(count[held].min()) - 0.3) if held.any() else None)
    return figure


def risk_coverage(scored: list[Score], note: str) -> Figure:
    """Mean 1 - Dice of the nodules that are kept when the most uncertain are left out."""
    figure, axes = blank(note)
    lines = [
        ("expected_dice", "by 1 − expected_dice", BLUE, "-"),
        ("sample_dice", "by 1 − sample_dice", ORANGE, "--"),
        ("uncertainty_mean", "by uncertainty_mean", PURPLE, "-."),
    ]
    for field, words, colour, style in lines:
        uncertainty, dice = summary.uncertain(scored, field)
        if dice.size:
            label = f"{words}, AURC {risk.aurc(uncertainty, 1 - dice):.3f}"
            axes.plot(*risk.curve(uncertainty, 1 - dice), color=colour, linestyle=style, linewidth=1.6, label=label)
    loss = np.array([1 - s.dice_touching for s in summary.found(scored)])
    if loss.size:
        best = f"best order, AURC {risk.aurc(loss, loss):.3f}"
        axes.plot(*risk.curve(loss, loss), color=GREY, linewidth=1, linestyle=":", label=best)
        axes.axhline(loss.mean(), color=GREY, linewidth=0.8, label=f"no order, {loss.mean():.3f}")
    missed = len(scored) - loss.size
    left_out = f"\n({missed} missed nodules have no uncertainty and are left out)" if missed else ""
    axes.set(xlabel=f"share of the {loss.size} found nodules that is kept, the surest first{left_out}",
             ylabel="mean of 1 − Dice", title="Risk–coverage: what leaving out the uncertain is worth",
             xlim=(0, 1.01), ylim=(0, None))  # fmt: skip
    if loss.size:
        axes.legend(loc="lower right")
    return figure


def dice(scored: list[Score], note: str) -> Figure:
    """Dice of each nodule by its diameter and by its texture."""
    figure, (left, right) = blank(note, 1, 2, (9.0, 4.3), sharey=True, width_ratios=[1.5, 1])
    by_size(left, scored)
    by_rating(right, scored)
    return figure


def by_size(axes: Axes, scored: list[Score]) -> None:
    ordered = sorted(scored, key=lambda s: s.diameter_mm)
    diameter, reached = (np.array([getattr(s, field) for s in ordered]) for field in ("diameter_mm", "dice_touching"))
    points(axes, diameter, reached)
    window = min(RUNNING, len(ordered))
    starts = range(len(ordered) - window + 1)
    middle = [np.median(np.log(diameter[n : n + window])) for n in starts]
    axes.plot(np.exp(middle), [np.median(reached[n : n + window]) for n in starts], color=INK, linewidth=1.8,
              label=f"running median of {window} nodules")  # fmt: skip
    axes.set(xscale="log", xlabel="diameter of the readers' consensus, mm (log scale)", ylabel="3-D Dice with the consensus",
             title="Dice by diameter", ylim=(-0.04, 1.0))  # fmt: skip
    plain_ticks(axes.xaxis, [3, 4, 6, 8, 10, 15, 20, 30, 40])
    axes.legend(loc="lower right")


def by_rating(axes: Axes, scored: list[Score]) -> None:
    rated = sorted((s for s in scored if not np.isnan(s.texture)), key=lambda s: (s.texture, s.name))
    jitter = np.random.default_rng(0).uniform(-0.07, 0.07, len(rated))
    points(axes, np.array([s.texture for s in rated]) + jitter, np.array([s.dice_touching for s in rated]))
    spans = [(0.8, 2.5), (2.5, 4.5), (4.5, 5.2)]
    for (words, members), (low, high) in zip(summary.by_texture(rated), spans):
        if members:
            axes.plot(
                [low + 0.05, high - 0.05], [summary.median(members, "dice_touching")] * 2, color=INK, linewidth=1.8
            )
        axes.text((low + high) / 2, 0.06, f"{words.split(' (')[0].replace(' ', chr(10))}\nn = {len(members)}", ha="center",
                  va="bottom", fontsize=7.5)  # fmt: skip
    for edge in (2.5, 4.5):
        axes.axvline(edge, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(xlabel="texture, mean of the readers' ratings (1 to 5)", title="Dice by texture, with medians", xlim=(0.8, 5.2),
             xticks=[1, 2, 3, 4, 5])  # fmt: skip


def points(axes: Axes, x: np.ndarray, reached: np.ndarray) -> None:
    found = reached > 0
    axes.plot(x[found], reached[found], "o", color=BLUE, markersize=4, alpha=0.75, markeredgewidth=0, label="nodule")
    if (~found).any():
        axes.plot(x[~found], reached[~found], "x", color=VERMILION, markersize=6, label=f"missed, {(~found).sum()}")


def bland_altman(scored: list[Score], note: str) -> Figure:
    """Our volume over the consensus volume against their geometric mean (Bland and Altman on logarithms)."""
    found = summary.found(scored)
    logs = np.array(summary.log_ratios(found))
    size = np.array([np.sqrt(s.nodule["volume_mm3"] * s.volume_mm3) for s in found])
    figure, axes = blank(note)
    axes.plot(size, np.exp(logs), "o", color=BLUE, markersize=4, alpha=0.75, markeredgewidth=0)
    axes.axhline(1, color=GREY, linewidth=0.8)
    if logs.size > 1:
        centre, spread = logs.mean(), 1.96 * logs.std(ddof=1)
        limits = ((centre - spread, "--", "lower 95 % limit"), (centre + spread, "--", "upper 95 % limit"))
        for value, style, words in ((centre, "-", "geometric mean"), *limits):
            axes.axhline(np.exp(value), color=INK, linestyle=style, linewidth=1.2)
            percent = f"{100 * np.expm1(value):+.0f} %".replace("-", "−")
            axes.text(
                1.01,
                np.exp(value),
                f"{words}\n{percent}",
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize=8,
            )
    missed = len(scored) - len(found)
    axes.set(xscale="log", yscale="log", xlabel="geometric mean of both volumes, mm³", ylabel="our volume ÷ consensus volume",
             title=f"Limits of agreement of {len(found)} volumes" + (f" ({missed} missed left out)" if missed else ""))  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.5), max(high, 2.0))
    plain_ticks(axes.yaxis, [0.2, 0.3, 0.5, 0.7, 1, 1.4, 2, 3, 5])
    plain_ticks(axes.xaxis, [10, 30, 100, 300, 1000, 3000, 10_000, 30_000])
    return figure


def intervals(scored: list[Score], note: str) -> Figure:
    """Each nodule's volume interval, as shown, over the consensus volume; behind it the dropout samples' own."""
    found = sorted(summary.found(scored), key=lambda s: (s.volume_mm3, s.name))
    both = ([summary.interval(s.nodule, samples) for s in found] for samples in (False, True))
    shown, own = (np.array(bounds, float).reshape(-1, 2) for bounds in both)
    truth = np.array([s.volume_mm3 for s in found])
    volume = np.array([s.nodule["volume_mm3"] for s in found])
    holds = (shown[:, 0] <= truth) & (truth <= shown[:, 1])
    place = np.arange(len(found))
    figure, axes = blank(note, size=(8.4, 4.3))
    if not np.allclose(shown, own):
        ends = np.maximum(own / truth[:, None], 1e-3)
        axes.vlines(place, *ends.T, color="#D9D9D9", linewidth=4.5, label=f"samples' own, {coverage_text(found, True)}")
    for kind, colour, marker, words in ((holds, BLUE, "o", "holds it"), (~holds, VERMILION, "x", "doesn't")):
        ends = np.maximum(shown[kind] / truth[kind, None], 1e-3)
        axes.vlines(place[kind], *ends.T, color=colour, linewidth=1.5)
        label = f"{words}: {kind.sum()} nodules"
        axes.plot(place[kind], volume[kind] / truth[kind], marker, color=colour, markersize=4, label=label)
    axes.axhline(1, color=INK, linewidth=1)
    axes.set(yscale="log", ylabel="volume ÷ consensus volume", xlim=(-1, len(found)),
             xlabel="found nodules by consensus volume" + volume_range(truth),
             title=f"The volume's 90 % interval holds the consensus volume: {coverage_text(found)}")  # fmt: skip
    axes.set_xticks([])
    plain_ticks(axes.yaxis, [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.4, 2, 3, 5, 10])
    axes.set_ylim(bottom=0.8 * axes.get_ylim()[0])  # a place for the legend
    axes.legend(loc="lower right", ncols=3)
    return figure


def coverage_text(found: list[Score], samples: bool = False) -> str:
    if not found:
        return "no nodule found"
    coverage, width = summary.interval_coverage(found, samples), summary.interval_width(found, samples)
    return f"{100 * coverage:.0f} % of nodules, median width ×{width:.2f}"


def volume_range(volumes: np.ndarray) -> str:
    return f", {volumes[0]:,.0f} to {volumes[-1]:,.0f} mm³" if volumes.size else ""


def free_response(curves: dict[str, Record], note: str) -> Figure:
    """Sensitivity against false findings, as LUNA16 draws it. `curves`: {"crops" or "whole CTs": froc.summary}."""
    figure, axes = blank(note, 1, len(curves), (WIDE if len(curves) == 1 else 9.0, TALL), sharey=True, squeeze=False)
    for one, (words, curve) in zip(axes[0], curves.items()):
        free_response_panel(one, words, curve)
    axes[0, 0].set_ylabel("sensitivity: share of the lesions found")
    return figure


def free_response_panel(axes: Axes, words: str, curve: Record) -> None:
    ticks = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8]
    false, found = (np.asarray(curve[key], float) for key in ("false_per_scan", "sensitivity"))
    shown = np.maximum(false, ticks[0])
    axes.plot(shown, found, color=BLUE, linewidth=1.8, label=f"CPM {curve['cpm']['value']:.3f}")
    if shown[-1] < ticks[-1]:
        axes.plot(
            [shown[-1], ticks[-1]], [found[-1]] * 2, color=BLUE, linewidth=1, linestyle=":", label="every finding kept"
        )
    if curve["product"]:
        x, y = curve["product"]
        axes.plot(max(x, ticks[0]), y, "D", color=VERMILION, markersize=7, clip_on=False, zorder=5,
                  label=f"as shipped: {x:.2f} false, {100 * y:.0f} % found")  # fmt: skip
    one = words.rstrip("s")
    axes.set(xscale="log", xlim=(ticks[0], ticks[-1]), ylim=(0, 1.02), xlabel=f"false findings a {one} (left edge: up to 1/32)",
             title=f"{curve['scans']} {words}, {curve['lesions']} lesions{curve.get('whose', '')}")  # fmt: skip
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"1/{1 / v:.0f}" if v < 1 else f"{v:.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(loc="lower right")


def plain_ticks(axis: Axis, values: Sequence[float]) -> None:
    """A logarithmic axis with plain numbers at `values`."""
    axis.set_major_locator(FixedLocator(values))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 3 else f"{value:g}"))
    axis.set_minor_locator(NullLocator())
