"""Subcommands of AutoSAM2, the hybrid: training, bundle, table."""

import argparse
from pathlib import Path

from .command import Command, add_cache, add_device, add_run, add_sam2lung, options_of


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """Of train-auto-sam2."""
    parser.add_argument("--on", default="phantom", help="phantom: made heads of four channels; lidc: --cache")
    add_cache(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the training")
    parser.add_argument("--minutes", type=float, default=60.0, help="of a CPU thread, or of the GPU; default: 60")
    parser.add_argument("--steps", type=int, default=0, help="the training's length in steps instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--encoder", default="compact", help="compact, or a SAM 2 encoder such as sam2.1-hiera-tiny")
    add_device(parser)
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")


def run_train(arguments: argparse.Namespace) -> None:
    """train-auto-sam2."""
    from ..training.train_auto_sam2 import Options, train_auto_sam2

    train_auto_sam2(options_of(Options, arguments))


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Of export-auto-sam2."""
    add_run(parser)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FOLDER", help="folder of the bundle")
    parser.add_argument("--version", default="0.1.0", help="of the model")
    parser.add_argument(
        "--share", type=float, default=0.3, help="of the slices that the fine network sees; default: 0.3"
    )


def run_export(arguments: argparse.Namespace) -> None:
    """export-auto-sam2."""
    from ..export.auto_sam2 import export_auto_sam2

    export_auto_sam2(arguments.run, arguments.bundle, arguments.version, arguments.share)


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Of evaluate-hybrid."""
    add_sam2lung(parser)
    parser.add_argument("--model", type=Path, required=True, metavar="BUNDLE", help="of train-auto-sam2 --on phantom")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for heads, results and the table")
    parser.add_argument("--heads", type=int, default=8, metavar="N", help="made heads; default: 8")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.3, 0.6], metavar="S", help="of the slices")


def run_evaluate(arguments: argparse.Namespace) -> None:
    """evaluate-hybrid."""
    from ..evaluation.hybrid import Options, evaluate_hybrid

    evaluate_hybrid(options_of(Options, arguments))


COMMANDS = (
    Command(
        "train-auto-sam2",
        "trains AutoSAM2: a coarse 3-D U-Net and a fine network that it drives",
        "Writes OUT/checkpoint.pt every two minutes and OUT/log.jsonl. The first half of the time is the coarse\n"
        "network's. Stopping it is harmless: --resume goes on.",
        add_train_options,
        run_train,
    ),
    Command(
        "export-auto-sam2",
        "writes AutoSAM2 as a hybrid bundle",
        "Reads RUN/checkpoint.pt; writes the bundle complete or not at all.",
        add_export_options,
        run_export,
    ),
    Command(
        "evaluate-hybrid",
        "measures a hybrid by the share of slices that its fine network sees",
        "Runs the command line over made heads at each share, both networks together and the fine one alone; writes\n"
        "OUT/hybrid.md and OUT/hybrid.json: Dice of each region and class, seconds, memory.",
        add_evaluate_options,
        run_evaluate,
    ),
)
