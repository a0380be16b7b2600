"""Runs the built command line and reads what it wrote: what is measured is what people get."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nibabel
import numpy as np

from ..export import contract as model_json

# Loading the networks costs a second or so; one call does this many CTs.
INPUTS_PER_CALL = 16
OUTLINES = "sample_outlines.nii.gz"


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
    bits: np.ndarray | None = None  # bit s is set where sample s calls the voxel a nodule; None where not written

    @property
    def samples(self) -> int | None:
        """Number of samples that were drawn; None where nothing was found to tell it."""
        return len(self.nodules[0].get("sample_volumes_mm3", [])) or None if self.nodules else None


@dataclass
class Product:
    """The command line with the options of one evaluation."""

    program: Path
    model: Path | None = None
    options: tuple = ()

    def segment(
        self, inputs: list[Path], output: Path, jobs: int = 1, own_options: dict[Path, tuple[str, ...]] | None = None
    ) -> dict[Path, str]:
        """Segments `inputs`, `jobs` processes at a time; returns the error line of each refused one by its path.

        `own_options`: further options of each path. Then each input gets a call of its own.
        """
        size = 1 if own_options else INPUTS_PER_CALL
        calls = [inputs[n : n + size] for n in range(0, len(inputs), size)]
        refused, done, started = {}, 0, time.monotonic()

        def run(call):
            return self._call(call, output, own_options[call[0]] if own_options else ())

        with ThreadPoolExecutor(jobs) as pool:
            for call, errors in zip(calls, pool.map(run, calls)):
                refused.update(errors)
                done += len(call)
                print(f"  {done} of {len(inputs)} CTs, {time.monotonic() - started:.0f} s", flush=True)
        return refused

    def _call(self, inputs: list[Path], output: Path, own_options: tuple[str, ...]) -> dict[Path, str]:
        model = ["--model", self.model] if self.model else []
        words = [self.program, "segment", *inputs, "--output", output, "--quiet", *model, *self.options, *own_options]
        environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=environment)
        refused = {path: line for path in inputs if (line := error_line(done.stderr, path))}
        unexplained = [path for path in inputs if path not in refused and not (output / stem(path)).is_dir()]
        if done.returncode not in (0, 1) or unexplained:
            raise RuntimeError(f"{self.program} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return refused


@dataclass(frozen=True)
class Model:
    """What wrote a result; hashes are the first 8 digits."""

    name: str
    version: str
    networks: str  # of all graphs, whatever their files are called
    contract: str  # of model.json: thresholds, temperatures
    uncertainty: str = "entropy"  # which uncertainty the map shows

    def __str__(self) -> str:
        return f"{self.name} {self.version} (networks {self.networks}, model.json {self.contract}; map of {self.uncertainty})"


def model_of(result: Result) -> Model | None:
    """The `Model` by a result's run.json; None where it doesn't say."""
    model = result.run.get("model")
    if not model:
        return None
    graphs = "".join(sorted(digest for name, digest in model["sha256"].items() if name != model_json.FILE))
    networks = hashlib.sha256(graphs.encode()).hexdigest()
    return Model(
        model["name"], model["version"], networks[:8], model["sha256"][model_json.FILE][:8], uncertainty_of(result)
    )


def uncertainty_of(result: Result) -> str:
    """`entropy`, `variance` or `mutual information`: what the map of a result shows."""
    shown = result.run.get("options", {}).get("uncertainty", "entropy")
    return re.sub("[-_]", " ", shown)


def contract_of(bundle: Path) -> str:
    """The `Model.contract` of a bundle's folder."""
    return hashlib.sha256((Path(bundle) / model_json.FILE).read_bytes()).hexdigest()[:8]


def is_complete(folder: Path, contract: str | None = None, outlines: bool = False) -> bool:
    """Whether `folder` holds a result, that of the model.json with hash `contract` if one is given, and the samples'
    `outlines` if they are wanted.
    """
    if not (folder / "run.json").exists() or (outlines and not (folder / OUTLINES).exists()):  # run.json comes last
        return False
    model = model_of(read_result(folder)) if contract else None
    return contract is None or (model is not None and model.contract == contract)


def with_every_finding(bundle: Path, folder: Path) -> tuple[Path | None, float | None]:
    """Copies a bundle with its classifier's threshold at 0, so that no finding is dropped; returns the copy and the
    threshold it had.

    The threshold is None, and nothing is copied, without a classifier.
    """
    spec = model_json.read(Path(bundle))
    classifier = model_json.classifier_of(spec)
    if not classifier:
        return None, None
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(bundle, folder)
    model_json.write(folder, model_json.with_classifier_threshold(spec, 0.0))
    return folder, classifier["threshold"]


def click_inside(voxel_ijk: tuple[int, int, int]) -> tuple[str, str]:
    """The command line's words for a click inside a nodule, at a voxel (column, row, slice)."""
    return "--click", ",".join(map(str, voxel_ijk))


def error_line(text: str, path: str | Path) -> str | None:
    """`E_NAME: message` that the command line printed for `path`, as `E_NAME: path: message` or `E_NAME: path/file: …`."""
    begins = re.compile(rf"E_[A-Z_]+: {re.escape(str(path))}(: |/| holds )")
    lines = (line for line in text.splitlines() if begins.match(line))
    return next((line.replace(f" {path}: ", " ", 1) for line in lines), None)


def stem(path: Path) -> str:
    """The folder's name that the command line gives an input."""
    return Path(path).name.removesuffix(".nii.gz")


def knows(program: Path, option: str, command: str = "segment") -> bool:
    """Whether a subcommand of this command line has an option: older ones are measured, too."""
    told = subprocess.run([str(program), command, "--help"], capture_output=True, text=True, check=True).stdout
    return option in told


def every_size(program: Path) -> tuple[str, ...]:
    """The words that leave no finding out for its size: references have smaller ones than people are shown."""
    return ("--min-diameter", "0") if knows(program, "--min-diameter") else ()


def read_result(folder: Path, refused: str | None = None) -> Result:
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
        bits=read_volume(outlines) if (outlines := folder / OUTLINES).exists() else None,
    )


def affine(path: Path) -> np.ndarray:
    """From voxels (i, j, k, 1) to RAS in mm."""
    return nibabel.load(path).affine


def read_volume(path: Path) -> np.ndarray:
    """Voxels as [slice, row, column]."""
    return np.asarray(nibabel.load(path).dataobj).T
