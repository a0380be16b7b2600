"""One run of the benchmark: measured, told as tables, drawn."""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import nibabel
import numpy as np
from matplotlib.figure import Figure

from ..aliases import Record
from ..evaluation import tables
from ..evaluation.files import fill_card, plain
from ..evaluation.speed import resampled
from . import aims, charts, growth, sliding, stages, ways
from .asked import Options
from .machine import Machine, machine
from .processes import first_byte, seconds_of, segmented

SHAPE, QUICK_SHAPE = (512, 512, 300), (256, 256, 120)  # columns, rows, slices
STARTS = 5


@dataclass
class Measured:
    """All of one benchmark."""

    machine: Machine
    ct: str  # which, in words
    wall: float  # seconds of a whole run, from the process' start to its end
    stages: list[stages.Stage]
    ways: ways.Ways
    sliding: sliding.Slid
    starts: dict[str, list[float]]  # seconds
    curves: dict[str, list[growth.Point]]

    def plain(self) -> Record:
        """Every single figure."""
        lists = {name: [asdict(point) for point in points] for name, points in self.curves.items()}
        by_stage = [asdict(stage) for stage in self.stages]
        whole = {"machine": asdict(self.machine), "ct": self.ct, "wall_s": self.wall, "stages": by_stage}
        return whole | {
            "ways": self.ways.plain(),
            "sliding": asdict(self.sliding),
            "starts_s": self.starts,
            "curves": lists,
        }


def bench(asked: Options) -> None:
    """Writes OUT/bench.md, OUT/bench.json and the charts."""
    asked.out.mkdir(parents=True, exist_ok=True)
    made = measured(asked)
    text = told(made, asked)
    (asked.out / "bench.md").write_text(text + "\n")
    (asked.out / "bench.json").write_text(json.dumps(plain(made.plain()), indent=1) + "\n")
    with charts.style():
        charts.save(drawn(made), asked.charts or asked.out)
    fill_card(asked.card, "bench", text)
    print("\n" + text)


def measured(asked: Options) -> Measured:
    """Runs everything; a line before each part."""
    here, ct = machine(asked.threads), chest(asked)
    shape = nibabel.load(ct).shape
    say("whole runs")
    options = ["--threads", str(asked.threads)]
    runs = [segmented(asked.sam2lung, ct, asked.out / "whole", options) for _ in range(asked.runs)]
    by_stage = stages.stages(runs, asked.bundle, int(np.prod(shape)))
    say("other ways, in turn")
    others = ways.compared(asked, ct)
    say("MONAI's sliding window")
    slid = sliding.slid(asked.sam2lung, asked.out, asked.threads, asked.runs)
    say("starts")
    starts = {
        "`sam2lung info`": [seconds_of([asked.sam2lung, "info"]) for _ in range(STARTS)],
        "first byte of `sam2lung --help`": [first_byte([asked.sam2lung, "--help"]) for _ in range(STARTS)],
    }
    curves = {}
    if not asked.quick:
        say("curves")
        curves = growth.curves(asked, ct)
    of = "a made chest" if asked.ct is None else asked.ct.name
    words = f"{of}, {' × '.join(map(str, shape))} voxels"
    wall = float(np.median([run.seconds for run in runs]))
    return Measured(here, words, wall, by_stage, others, slid, starts, curves)


def say(what: str) -> None:
    print(what, flush=True)


def chest(asked: Options) -> Path:
    """The CT on so many voxels."""
    source = asked.ct
    if source is None:
        source = asked.out / "phantom.nii.gz"
        subprocess.run([asked.sam2lung, "phantom", source], check=True, capture_output=True)
    return resampled(source, QUICK_SHAPE if asked.quick else SHAPE, asked.out / "chest.nii.gz")


def told(made: Measured, asked: Options) -> str:
    """As Markdown."""
    about = (
        f"{made.machine.words}. CT: {made.ct}. Each way {asked.runs} times, in turn: medians, and ratios of runs that "
        "stood side by side, with their range."
    )
    starts = [[words, f"{1000 * np.median(seconds):.0f} ms"] for words, seconds in made.starts.items()]
    return "\n\n".join([
        about,
        stages.table(made.stages, made.wall, made.machine),
        ways.table(made.ways, asked.threads),
        sliding.table(made.sliding),
        tables.table(["Start", f"Median of {STARTS}"], starts),
        aims.table(reached(made)),
    ])  # fmt: skip


def reached(made: Measured) -> aims.Reached:
    """What has an aim: medians of ratios of runs that stood side by side."""
    ours = [run.seconds for run in made.ways.ours]
    one_sample = [run.seconds for run in made.ways.one_sample]
    info, first = (float(np.median(seconds)) for seconds in made.starts.values())
    return aims.Reached(
        published=made.ways.published.seconds / float(np.median(ours)),
        script=float(np.median(np.divide([run["process"] for run in made.ways.scripts], ours))),
        samples=float(np.median(np.divide(ours, one_sample))),
        outside=1 - sum(stage.network_seconds for stage in made.stages) / made.wall,
        info=info,
        help=first,
    )


def drawn(made: Measured) -> dict[str, Figure]:
    """The charts by their names."""
    here = made.machine
    note = f"{here.cpu}, {here.threads} threads, {here.memory_gib:.0f} GiB.\nCT: {made.ct}"
    figures = {"bench_stages": charts.by_stage(made.stages, made.wall, note)}
    for name, points in made.curves.items():
        figures[f"bench_{name}"] = charts.grown(points, *growth.WORDS[name], note)
    return figures
