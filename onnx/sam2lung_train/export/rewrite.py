"""A bundle's graphs as the exporter would write them today, without a training: the same weights, the same numbers.

To the bit for classifier and segmenter, whose samples are told to repeat; a detector's to the rounding of float32.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from ..aliases import Record
from ..errors import UserError
from . import contract
from .doubling import quick_doubling
from .lean import lean

ROLES = ("detect", "classify", "segment")
ROWS = 2  # along free axes of the inputs of a comparison; multiplied where an axis is a multiple of something
# Of the largest number, how far a detector's may move: each of its thirty layers adds float32 numbers in some order, off by
# 6e-8 of the sum.
ROUNDING = 1e-5


def rewrite(bundle: Path, out: Path, version: str) -> list[str]:
    """Writes `bundle` into the new folder `out`, whole or not at all; the names of the graphs that changed.

    # Raises UserError where `out` exists, where no graph changes, or where one gives other numbers than before.
    """

    def change(made: Path, spec: Record) -> list[str]:
        detectors = {graph["file"] for graph in graphs(spec.get("detect"))}
        files = sorted({graph["file"] for role in ROLES for graph in graphs(spec.get(role))})
        changed = [name for name in files if rewritten(made / name, name in detectors)]
        if not changed:
            raise UserError(f"{bundle}: got graphs that are as today's exporter writes them; there is nothing to do")
        for name in changed:
            check_same(bundle / name, made / name, ROUNDING if name in detectors else 0.0)
        return changed

    return with_changed_graphs(bundle, out, version, change)


def with_changed_graphs(
    bundle: Path, out: Path, version: str, change: Callable[[Path, Record], list[str]]
) -> list[str]:
    """A copy of `bundle` in the new folder `out`, whole or not at all, in which `change(copy, model.json)` wrote graphs
    anew; their names, as it told them.

    # Raises UserError where `out` exists.
    """
    if out.exists():
        raise UserError(f"{out} exists; expected a new folder (--out)")
    spec = contract.read(bundle)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".rewritten-") as scratch:
        made = Path(scratch) / "bundle"
        shutil.copytree(bundle, made)
        changed = change(made, spec)
        for graph in (graph for role in ROLES for graph in graphs(spec.get(role))):
            graph["sha256"] = hashlib.sha256((made / graph["file"]).read_bytes()).hexdigest()
        contract.write(made, {**spec, "version": version})
        os.replace(made, out)
    return changed


def graphs(fields: object) -> list[Record]:
    """Every {"file", "sha256"} within a role."""
    if isinstance(fields, dict) and {"file", "sha256"} <= set(fields):
        return [fields]
    parts = fields.values() if isinstance(fields, dict) else fields if isinstance(fields, list) else ()
    return [graph for part in parts for graph in graphs(part)]


def rewritten(path: Path, detects: bool) -> bool:
    """Writes the graph anew, that of a detector without needless arithmetic, too; False where it stays as it is."""
    before = path.read_bytes()
    model = quick_doubling(onnx.load_model_from_string(before))
    model = lean(model) if detects else model
    after = model.SerializeToString()
    if after == before:
        return False
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(after)
    return True


def check_same(before: Path, after: Path, rounding: float = 0.0) -> None:
    """Both graphs on the same made numbers: bit for bit, or to `rounding` of the largest number of an output.

    # Raises UserError where they differ.
    """
    import onnxruntime

    sessions = [onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in (before, after)]
    draw = np.random.default_rng(0)
    shapes = {value.name: [length(size) for size in value.shape] for value in sessions[0].get_inputs()}
    fed = {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    answers = [session.run(None, fed) for session in sessions]
    if not all(same(a, b, rounding) for a, b in zip(*answers, strict=True)):
        raise UserError(f"{after.name}: got other numbers from the graph written anew; expected the same ones")


def length(size: int | str) -> int:
    """Of an axis in a comparison; a free one may be told as a multiple, as in 16*height."""
    if isinstance(size, int):
        return size
    multiple = re.match(r"(\d+)\*", size)
    return ROWS * (int(multiple[1]) if multiple else 1)


def same(a: np.ndarray, b: np.ndarray, rounding: float) -> bool:
    if rounding == 0.0 or a.shape != b.shape:
        return a.tobytes() == b.tobytes()
    return bool(np.abs(a - b).max() <= rounding * np.abs(a).max())
