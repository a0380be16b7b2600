"""A run, stage by stage: seconds, share, bytes and operations, and how near the machine's ceilings they come."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..aliases import Record
from ..evaluation import tables
from .graphs import in_all
from .machine import Machine
from .processes import Ran

# Stages in the order in which they run, and what they are for readers.
STAGES = {
    "read": "read the CT",
    "lungs": "find the lungs",
    "detect": "detect, classify",
    "segment": "segment",
    "click": "clicks",
    "nodules": "outline, measure",
    "write": "write volumes and tables",
    "report": "write page and pictures",
}
# Passes over all voxels of the CT that a stage has to make at least, and bytes a voxel of each: what memory alone would
# cost. int16 is read from the file's buffer, float32 is the CT in memory, maps are float32 and labels uint16.
PASSES = {"read": 2 + 4, "lungs": 4 + 1, "nodules": 3 * 4 + 2, "write": 2 * 4 + 2}


@dataclass
class Stage:
    """Medians over the runs."""

    name: str
    seconds: float
    network_seconds: float
    operations: float
    least_bytes: float


def stages(runs: list[Ran], bundle: Path, voxels: int) -> list[Stage]:
    """Of runs on one CT."""
    contract = json.loads((bundle / "model.json").read_text())
    names = [name for name in STAGES if any(name in run.record["timings_s"] for run in runs)]
    made = []
    for name in names:
        seconds = float(np.median([run.record["timings_s"].get(name, 0.0) for run in runs]))
        work = [of_stage(run.record, contract, name) for run in runs]
        network_seconds = float(np.median([sum(graph["seconds"] for graph in graphs) for graphs in work]))
        operations = sum(in_all(bundle, contract, graph) for graph in work[-1])
        made.append(Stage(name, seconds, network_seconds, operations, PASSES.get(name, 0) * voxels))
    return made


def of_stage(record: Record, contract: Record, stage: str) -> list[Record]:
    """What the graphs of a stage did. The classifier runs where candidates are chosen; without a detector, on what was outlined."""
    detects = "detect" in record["timings_s"]
    roles = {"detect": ("detect", "classify"), "segment": ("segment",)}
    roles = (roles if detects else roles | {"nodules": ("classify",)}).get(stage, ())
    files = {
        graph["file"]
        for role in roles
        for member in (contract.get(role) or {}).get("members", ())
        for graph in member.values()
    }
    return [graph for graph in record["networks"] if graph["file"] in files]


def table(made: list[Stage], wall: float, machine: Machine) -> str:
    """Rows by stage; what isn't a stage (starting, loading, checking) last."""
    head = ["Stage", "Seconds", "Share", "In networks", "GFLOP", "Of the FLOP/s ceiling", "Of the memory ceiling"]
    rows = [row(stage, wall, machine) for stage in made]
    known = sum(stage.seconds for stage in made)
    rows.append(["start, load the model, end", f"{wall - known:.2f}", percent(1 - known / wall), "", "", "", ""])
    networks = sum(stage.network_seconds for stage in made)
    total = sum(stage.operations for stage in made)
    rows.append(["all", f"{wall:.2f}", "100 %", percent(networks / wall), f"{total / 1e9:.0f}", "", ""])
    return tables.table(head, rows)


def row(stage: Stage, wall: float, machine: Machine) -> list[str]:
    cells = [STAGES[stage.name], f"{stage.seconds:.2f}", percent(stage.seconds / wall)]
    if stage.network_seconds:
        reached = stage.operations / stage.network_seconds / machine.flops_s
        cells += [percent(stage.network_seconds / stage.seconds), f"{stage.operations / 1e9:.0f}", percent(reached)]
    else:
        cells += ["", "", ""]
    memory = stage.least_bytes / stage.seconds / machine.bytes_s if stage.seconds else 0
    return [*cells, percent(memory) if stage.least_bytes else ""]


def percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %"
