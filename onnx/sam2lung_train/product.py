"""Runs the built command line and reads what it wrote: what is measured is what people get."""

import json
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nibabel
import numpy as np

# Loading the networks costs a second or so; one call does this many CTs.
INPUTS_A_CALL = 16


@dataclass
class Result:
    """What one CT came to. Arrays are [slice, row, column]; all `None` when it was refused."""

    name: str
    refused: str | None = None  # the error line
    labels: np.ndarray | None = None
    probability: np.ndarray | None = None
    uncertainty: np.ndarray | None = None
    nodules: list = field(default_factory=list)  # nodules.json
    run: dict = field(default_factory=dict)  # run.json


@dataclass
class Product:
    """The command line with the options of one evaluation."""

    program: Path
    model: Path | None = None
    options: tuple = ()

    def segment(self, inputs, output, jobs=1):
        """Segments `inputs`, `jobs` processes at a time; returns the error line of each refused one by its path."""
        calls = [inputs[n : n + INPUTS_A_CALL] for n in range(0, len(inputs), INPUTS_A_CALL)]
        refused, done, started = {}, 0, time.monotonic()
        with ThreadPoolExecutor(jobs) as pool:
            for call, errors in zip(calls, pool.map(lambda call: self._call(call, output), calls)):
                refused.update(errors)
                done += len(call)
                print(f"  {done} of {len(inputs)} CTs, {time.monotonic() - started:.0f} s", flush=True)
        return refused

    def _call(self, inputs, output):
        model = ["--model", self.model] if self.model else []
        words = [self.program, "segment", *inputs, "--output", output, "--quiet", *model, *self.options]
        environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=environment)
        refused = {path: line for path in inputs if (line := error_line(done.stderr, path))}
        unexplained = [path for path in inputs if path not in refused and not (output / stem(path)).is_dir()]
        if done.returncode not in (0, 1) or unexplained:
            raise RuntimeError(f"{self.program} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return refused


def error_line(text, path):
    """`E_NAME: message` that the command line printed for `path`, as `E_NAME: path: message` or `E_NAME: path/file: …`."""
    begins = re.compile(rf"E_[A-Z_]+: {re.escape(str(path))}(: |/| holds )")
    lines = (line for line in text.splitlines() if begins.match(line))
    return next((line.replace(f" {path}: ", " ", 1) for line in lines), None)


def stem(path):
    """The folder's name that the command line gives an input."""
    return Path(path).name.removesuffix(".nii.gz")


def read_result(folder, refused=None):
    """What was written to `folder` for one CT."""
    if refused:
        return Result(folder.name, refused=refused)
    return Result(
        folder.name,
        labels=read_volume(folder / "label.nii.gz").astype(int),
        probability=read_volume(folder / "probability.nii.gz"),
        uncertainty=read_volume(folder / "uncertainty.nii.gz"),
        nodules=json.loads((folder / "nodules.json").read_text()),
        run=json.loads((folder / "run.json").read_text()),
    )


def read_volume(path):
    """Voxels as [slice, row, column]."""
    return np.asarray(nibabel.load(path).dataobj).T
