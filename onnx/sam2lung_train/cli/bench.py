"""The subcommand of the benchmark; `cargo xtask bench` calls it."""

import argparse
from pathlib import Path

from .command import Command, add_sam2lung, options_of


def add_options(parser: argparse.ArgumentParser) -> None:
    """Of bench."""
    add_sam2lung(parser)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FOLDER", help="the built-in bundle's folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for CTs, results, tables and charts")
    parser.add_argument("--ct", type=Path, metavar="FILE", help="a NIfTI file; a made chest when left out")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="of every way; default: 2")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of each way; default: 3")
    parser.add_argument("--quick", action="store_true", help="a small CT and no curves: whether all of it works")
    parser.add_argument("--card", type=Path, metavar="FILE", help="page that gets the tables between its bench markers")
    parser.add_argument("--charts", type=Path, metavar="FOLDER", help="gets the charts; OUT when left out")


def run(arguments: argparse.Namespace) -> None:
    """bench."""
    from ..bench.asked import Options
    from ..bench.bench import bench

    bench(options_of(Options, arguments))


COMMANDS = (
    Command(
        "bench",
        "times a run stage by stage, and against other ways of doing the same",
        "Writes OUT/bench.md, OUT/bench.json (every figure) and charts: where a run's time goes beside what the machine could do;\n"
        "the published way in PyTorch, a script with ONNX Runtime, MONAI's sliding window and ours, in turn; and how it grows.",
        add_options,
        run,
    ),
)
