"""Cases as pictures: the CT with each reader's outline and ours, beside it the map of uncertainty."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from ..data.cases import Case
from ..evaluation import metrics, product
from ..evaluation.product import Result
from ..evaluation.scores import Score
from .charts import GREEN, ORANGE, PURPLE, SKY, foot

WINDOW_HU = (-1350, 150)  # the usual lung window
SMALLEST_SIDE_MM, AROUND_MM = 26.0, 7.0
# Where the colours of the map end: entropy's and variance's own maximum; mutual information hardly gets further.
HIGHEST = {"entropy": 1.0, "variance": 0.25, "mutual information": 0.5}
READERS = [SKY, ORANGE, GREEN, PURPLE]
OURS = "#F0E442"  # Okabe and Ito's yellow stands out on grey; on the map of uncertainty lines are white with a dark rim
RIM = [withStroke(linewidth=2.6, foreground="black")]


def cases_figure(title: str, members: list[tuple[Score, Case, Result]], note: str) -> Figure:
    """`members`: (score, case, result) of each. One column a case: CT with outlines, uncertainty with outlines."""
    figure = Figure(figsize=(9.0, 6.75), layout="constrained")
    foot(figure, note, more=0.22)
    figure.get_layout_engine().set(h_pad=0.02, w_pad=0.03)
    axes = figure.subplots(2, len(members), squeeze=False)
    shown = product.uncertainty_of(members[0][2])
    for column, member in zip(axes.T, members):
        heat = case_column(column, *member, HIGHEST[shown])
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    unit = "" if shown == "variance" else ", bits"
    figure.colorbar(heat, ax=axes[1].tolist(), label=f"uncertainty ({shown}{unit})", shrink=0.85, pad=0.01)
    legend = [
        Line2D([], [], color=colour, linewidth=1.3, label=f"reader {n}") for n, colour in enumerate(READERS, start=1)
    ]
    legend.append(Line2D([], [], color="#B8AD00", linewidth=2.4, label="sam2lung (yellow; below: white)"))
    legend.append(Line2D([], [], color="#777777", linewidth=1.2, linestyle="--", label="consensus (below, white)"))
    figure.legend(handles=legend, loc="lower left", bbox_to_anchor=(0.0, 0.05), ncols=6, frameon=False, fontsize=8)
    return figure


def case_column(axes: np.ndarray, score: Score, case: Case, result: Result, highest: float) -> AxesImage:
    """Draws one case into two axes; returns the map's image for the colour bar."""
    labels = np.zeros(case.reference.shape, int) if result.refused else result.labels
    outline = metrics.touching(labels, case.reference)
    k = int(case.reference.sum(axis=(1, 2)).argmax())
    rows, columns = square(np.logical_or.reduce([outline[k], *(r[k] for r in case.readers)]), case.spacing_mm[1:])
    uncertainty = np.zeros(case.hu.shape) if result.refused else result.uncertainty
    top, bottom = axes
    top.imshow(case.hu[k, rows, columns], cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1], interpolation="bicubic")
    heat = bottom.imshow(uncertainty[k, rows, columns], cmap="inferno", vmin=0, vmax=highest, interpolation="bicubic")
    for reader, colour in zip(case.readers, READERS):
        draw_outline(top, reader[k, rows, columns], colour, 1.2)
    draw_outline(top, outline[k, rows, columns], OURS, 2.0)
    draw_outline(bottom, outline[k, rows, columns], "white", 1.3, rim=RIM)
    draw_outline(bottom, case.reference[k, rows, columns], "white", 1.0, "--")
    for one in axes:
        one.set_axis_off()
    scale_bar(top, case.spacing_mm[2])
    dice = "missed" if not score.hit else f"Dice {score.dice_touching:.2f}"
    texture = "" if np.isnan(score.texture) else f", texture {score.texture:.1f}"
    top.set_title(f"{case.name}, {dice}\n{case.diameter_mm:.1f} mm{texture}, slice {k + 1} of {case.slices}", fontsize=8.5,
                  fontweight="normal")  # fmt: skip
    return heat


def square(mask: np.ndarray, spacing_mm: Sequence[float]) -> tuple[slice, slice]:
    """Rows and columns of a square around the mask, as large as it takes and at least SMALLEST_SIDE_MM, within the
    image.
    """
    held = np.argwhere(mask)
    low, high = held.min(axis=0), held.max(axis=0) + 1
    side_mm = max(SMALLEST_SIDE_MM, float(((high - low) * spacing_mm).max()) + 2 * AROUND_MM)
    size = np.minimum(np.round(side_mm / np.asarray(spacing_mm)).astype(int), mask.shape)
    start = np.clip((low + high - size) // 2, 0, np.asarray(mask.shape) - size)
    return tuple(slice(int(a), int(a + n)) for a, n in zip(start, size))


def draw_outline(
    axes: Axes, mask: np.ndarray, colour: str, width: float, style: str = "-", rim: list[withStroke] | None = None
) -> None:
    if mask.any():
        # Padded, so that an outline at the picture's edge is closed.
        axes.contour(np.arange(-1, mask.shape[1] + 1), np.arange(-1, mask.shape[0] + 1), np.pad(mask, 1).astype(float), [0.5],
                     colors=[colour], linewidths=width, linestyles=style).set_path_effects(rim)  # fmt: skip


def scale_bar(axes: Axes, pixel_mm: float, length_mm: int = 10) -> None:
    """A bar of 10 mm at the lower left."""
    width, height = (abs(np.diff(limits)[0]) for limits in (axes.get_xlim(), axes.get_ylim()))
    left, line = 0.05 * width, 0.93 * height
    axes.plot([left, left + length_mm / pixel_mm], [line, line], color="white", linewidth=2.5, solid_capstyle="butt",
              path_effects=[withStroke(linewidth=4, foreground="black")])  # fmt: skip
    axes.text(left, line - 0.02 * height, f"{length_mm} mm", color="white", fontsize=7.5, va="bottom",
              path_effects=[withStroke(linewidth=2, foreground="black")])  # fmt: skip
