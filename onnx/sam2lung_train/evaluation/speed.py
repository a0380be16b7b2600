"""Seconds and peak memory of two command lines or two bundles on the same CTs, run in turn on the same machine.

Whatever else the machine does meets both alike: they take turns, and the order turns round each time. A CT can be
resampled (linearly, over the same space) to several shapes, which says how time grows with slices and pixels.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

from ..aliases import Record
from ..errors import UserError
from . import tables
from .files import fill_card, plain, version_of

WAYS = ("new", "old")
# A process begins with the peak of the one that starts it (Linux, exec), which may be large here: a small one starts
# and watches it.
WATCH = """
import os, subprocess, sys, time
started = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_maxrss)
"""


@dataclass
class Options:
    """What is asked for."""

    sam2lung: Path  # the built command line
    ct: Path  # a NIfTI file
    out: Path  # folder for CTs, results and the table
    against: Path | None = None  # the other command line; the same when left out
    model: Path | None = None  # bundle; the built-in one when left out
    against_model: Path | None = None  # of the other
    shapes: list[tuple[int, int, int]] = field(default_factory=list)  # columns, rows, slices; as it is when left out
    runs: int = 3  # of each
    card: Path | None = None  # model card that gets the table between its speed markers
    options: list[str] = field(default_factory=list)  # further words for both

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()
        self.against = (self.against or self.sam2lung).resolve()
        if (self.against, self.against_model) == (self.sam2lung, self.model):
            raise UserError("got twice the same; expected another command line (--against) or bundle (--against-model)")


def resampled(path: Path, shape: Sequence[int], out: Path) -> Path:
    """The CT on a grid of `shape` (columns, rows, slices) over the same space, int16."""
    image = nibabel.load(path)
    factors = np.divide(shape, image.shape)
    hu = ndimage.zoom(np.asarray(image.dataobj, np.float32), factors, order=1, mode="nearest", grid_mode=True)
    affine = image.affine @ np.diag([*(1 / factors), 1])
    affine[:3, 3] = (image.affine @ [*((1 / factors - 1) / 2), 1])[:3]  # centres of voxels, not corners
    made = nibabel.Nifti1Image(np.round(hu).astype(np.int16), affine)
    made.set_qform(affine, 1)
    made.set_sform(affine, 1)
    made.header.set_xyzt_units("mm")
    nibabel.save(made, out)
    return out


def measured(words: Sequence[str | Path]) -> tuple[float, float]:
    """(seconds, peak resident memory in MB) of a process.

    # Raises RuntimeError when it fails.
    """
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    watched = [sys.executable, "-c", WATCH, *map(str, words)]
    told = subprocess.run(watched, env=environment, capture_output=True, text=True, check=True)
    status, seconds, kibibytes = map(float, told.stdout.split())
    if status:
        raise RuntimeError(f"{words[0]} ended with {status:.0f}:\n{told.stderr[-2000:]}")
    return seconds, kibibytes / 1024  # Linux counts KiB


def in_turn(asked: Options, ct: Path) -> list[Record]:
    """Each run of each way: {"way", "seconds", "mb"}."""
    rows = []
    for run in range(asked.runs):
        for way in WAYS if run % 2 == 0 else WAYS[::-1]:
            program, model = (asked.sam2lung, asked.model) if way == "new" else (asked.against, asked.against_model)
            bundle = ["--model", model] if model else []
            words = [program, "segment", ct, "--output", asked.out / way, "--quiet", *bundle, *asked.options]
            seconds, megabytes = measured(words)
            rows.append({"way": way, "seconds": seconds, "mb": megabytes})
    return rows


def row(words: str, runs: list[Record]) -> list[str]:
    """Medians of both, and new ÷ old, run by run: its median and range."""

    def of(way, key):
        return [run[key] for run in runs if run["way"] == way]

    cells = [words]
    for key, places in (("seconds", 1), ("mb", 0)):
        ratios = np.divide(of("new", key), of("old", key))
        cells += [tables.number(np.median(of(way, key)), places) for way in WAYS]
        cells.append(f"{np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return cells


def report(results: dict[str, list[Record]], programs: Record) -> str:
    head = ["CT", "Seconds, new", "old", "new ÷ old", "Peak MB, new", "old", "new ÷ old"]
    told = f"New: `{programs['new']}`. Old: `{programs['old']}`. Run in turn; medians, ratios of neighbouring runs with their range."
    return told + "\n\n" + tables.table(head, [row(words, runs) for words, runs in results.items()])


def compare_speed(asked: Options) -> None:
    """Writes OUT/speed.md and OUT/speed.json."""
    asked.out.mkdir(parents=True, exist_ok=True)
    cts = {"×".join(map(str, nibabel.load(asked.ct).shape)): asked.ct}
    if asked.shapes:
        named = {"×".join(map(str, shape)): shape for shape in asked.shapes}
        cts = {name: resampled(asked.ct, shape, asked.out / f"{name}.nii.gz") for name, shape in named.items()}
    results = {}
    for name, ct in cts.items():
        print(name, flush=True)
        results[name] = in_turn(asked, ct)
    bundles = {"new": asked.model, "old": asked.against_model}
    programs = {
        way: " ".join([version_of(program), *(f"with {bundle.name}" for bundle in [bundles[way]] if bundle)])
        for way, program in zip(WAYS, (asked.sam2lung, asked.against))
    }
    text = report(results, programs)
    (asked.out / "speed.md").write_text(text + "\n")
    (asked.out / "speed.json").write_text(json.dumps(plain({"programs": programs, "runs": results}), indent=1) + "\n")
    fill_card(asked.card, "speed", text)
    print("\n" + text)
