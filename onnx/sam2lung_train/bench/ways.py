"""Other ways of doing the same as a run, each in turn with it."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nibabel
import numpy as np

from ..aliases import Record
from ..evaluation import tables
from .asked import SAMPLES, Options
from .processes import Ran, dice, segmented
from .published import Published, published

PASSES, QUICK_PASSES = 20, 3  # of the published way that are timed


@dataclass
class Ways:
    """Runs of each, in the order in which they took turns."""

    ours: list[Ran] = field(default_factory=list)
    one_thread: list[Ran] = field(default_factory=list)
    one_sample: list[Ran] = field(default_factory=list)
    scripts: list[dict[str, float]] = field(default_factory=list)  # seconds by stage, and of the process
    same: float = 0.0  # Dice of the script's label map with ours
    published: Published | None = None

    def plain(self) -> Record:
        """Every single figure."""
        runs = {name: getattr(self, name) for name in ("ours", "one_thread", "one_sample")}
        return {
            "seconds": {name: [run.seconds for run in ran] for name, ran in runs.items()},
            "peak_mb": {name: [run.mb for run in ran] for name, ran in runs.items()},
            "script": self.scripts,
            "same": self.same,
            "published": asdict(self.published) if self.published else None,
        }


def compared(asked: Options, ct: Path) -> Ways:
    """Each way `runs` times, in turn; the published one by passes."""
    made = Ways()

    def ours(folder: str, samples: int, threads: int) -> Ran:
        options = ["--samples", str(samples), "--threads", str(threads)]
        return segmented(asked.sam2lung, ct, asked.out / folder, options)

    for _ in range(asked.runs):
        made.ours.append(ours("ours", SAMPLES, asked.threads))
        made.scripts.append(scripted(asked, ct))
        made.one_thread.append(ours("one-thread", SAMPLES, 1))
        made.one_sample.append(ours("one-sample", 1, asked.threads))
    image = nibabel.load(ct)
    shape_mm = np.array(image.shape[::-1]) * np.array(image.header.get_zooms()[::-1])
    timed = QUICK_PASSES if asked.quick else PASSES
    made.published = published(asked.bundle, shape_mm, SAMPLES, asked.threads, timed)
    made.same = dice(made.ours[-1].folder / "label.nii.gz", asked.out / "script/label.nii.gz")
    return made


def scripted(asked: Options, ct: Path) -> dict[str, float]:
    """The script in a process of its own."""
    module = "sam2lung_train.bench.as_script"
    words = [sys.executable, "-m", module, asked.bundle, ct, asked.out / "script", SAMPLES, asked.threads]
    told = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(told.stdout)


def ratio(of: list[float], to: list[float]) -> str:
    """Median and range of the ratios of runs that stood side by side."""
    ratios = np.divide(of, to)
    return f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"


def table(made: Ways, threads: int) -> str:
    """A row for each way."""
    ours = [run.seconds for run in made.ours]
    rows = [
        (f"ours, {threads} threads, T = {SAMPLES}", ours, ""),
        (f"ours, 1 thread, T = {SAMPLES}", [run.seconds for run in made.one_thread], ""),
        (f"ours, {threads} threads, T = 1", [run.seconds for run in made.one_sample], ""),
        (
            "a good script: Python, ONNX Runtime, NumPy, SciPy, the same graphs",
            [run["process"] for run in made.scripts],
            f"label map: Dice {made.same:.3f} with ours",
        ),
    ]
    cells = [[words, f"{np.median(seconds):.1f}", ratio(seconds, ours), note] for words, seconds, note in rows]
    return tables.table(
        ["Way", "Seconds", "÷ ours", ""], [*cells, published_row(made.published, float(np.median(ours)))]
    )


def published_row(naive: Published, ours: float) -> list[str]:
    note = (
        f"scaled from {naive.timed} passes to {naive.boxes} boxes × {SAMPLES} samples; probabilities differ by "
        f"{naive.difference:.0e} at most"
    )
    words = "the published way: PyTorch, the whole CT, encoder and decoder anew for each sample, the same weights"
    return [words, f"{naive.seconds:.0f}", f"{naive.seconds / ours:.0f}", note]
