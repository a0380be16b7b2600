"""Runs of the built command line: seconds and peak memory of the process, its own account, and its label map."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

from ..aliases import Record
from ..evaluation.speed import measured


@dataclass
class Ran:
    """One run."""

    seconds: float  # of the process, from its start to its end
    mb: float  # resident at most
    record: Record  # run.json
    folder: Path  # of the result


def segmented(sam2lung: Path, ct: Path, out: Path, options: list[str]) -> Ran:
    """A CT segmented into OUT."""
    words = [sam2lung, "segment", ct, "--output", out, "--quiet", *options]
    seconds, megabytes = measured(words)
    folder = out / ct.name.removesuffix(".nii.gz")
    return Ran(seconds, megabytes, json.loads((folder / "run.json").read_text()), folder)


def seconds_of(words: list[str | Path]) -> float:
    """Of a whole process."""
    begun = time.perf_counter()
    subprocess.run(list(map(str, words)), capture_output=True, check=True)
    return time.perf_counter() - begun


def first_byte(words: list[str | Path]) -> float:
    """Seconds until a process writes the first byte."""
    begun = time.perf_counter()
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        process.stdout.read(1)
        seconds = time.perf_counter() - begun
        process.stdout.read()
    return seconds


def dice(one: Path, other: Path) -> float:
    """Of two label maps, as foreground; 1 where both are empty."""
    a, b = (nibabel.as_closest_canonical(nibabel.load(path)).get_fdata() > 0 for path in (one, other))
    size = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / size if size else 1.0
