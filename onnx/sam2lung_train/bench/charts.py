"""The benchmark as pictures."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from ..figures.charts import BLUE, GREY, ORANGE, STYLE, blank
from .growth import Point
from .stages import STAGES, Stage

ABOVE = 1.06  # an axis goes so far above the largest value: the mark there is whole


def by_stage(made: list[Stage], wall: float, note: str) -> Figure:
    """Seconds by stage: within the networks and beside them."""
    figure, axes = blank(note, size=(6.4, 3.4))
    names = [STAGES[stage.name] for stage in made] + ["start, load, end"]
    inside = [stage.network_seconds for stage in made] + [0.0]
    outside = [stage.seconds - stage.network_seconds for stage in made] + [wall - sum(s.seconds for s in made)]
    rows = range(len(names))
    axes.barh(rows, inside, color=BLUE, label="in networks")
    axes.barh(rows, outside, left=inside, color=ORANGE, hatch="//", edgecolor="white", label="beside them")
    axes.set(yticks=list(rows), yticklabels=names, xlabel="seconds", title="Where a run's time goes")
    axes.invert_yaxis()
    axes.legend(loc="lower right")
    return figure


def grown(points: list[Point], x: str, title: str, note: str) -> Figure:
    """Seconds and memory by something."""
    figure, (left, right) = blank(note, 1, 2, (6.4, 3.0))
    xs = [point.x for point in points]
    seconds, gib = [point.seconds for point in points], [point.mb / 1024 for point in points]
    left.plot(xs, seconds, "o-", color=BLUE)
    left.set(xlabel=x, ylabel="seconds", title=title)
    right.plot(xs, gib, "s-", color=ORANGE)
    right.set(xlabel=x, ylabel="peak memory, GiB")
    for axes, ys in ((left, seconds), (right, gib)):
        axes.set(xlim=(0, ABOVE * max(xs)), ylim=(0, ABOVE * max(ys)))
        axes.tick_params(color=GREY)
    return figure


def save(figures: dict[str, Figure], folder: Path) -> None:
    """As PNG; the same figures give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})


def style() -> mpl.rc_context:
    """Of every chart."""
    return mpl.rc_context(STYLE)
