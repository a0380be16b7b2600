"""Subcommands that make the chain: detector, segmenter of boxes, bundle."""

import argparse
from pathlib import Path

from .command import Command, add_cache, add_data, add_device, add_run, add_sam2lung, options_of


def add_members(parser: argparse.ArgumentParser) -> None:
    """--segment."""
    parser.add_argument(
        "--segment", type=Path, nargs="+", required=True, metavar="RUN", help="folders of the members' trainings"
    )


def add_train_boxes_options(parser: argparse.ArgumentParser) -> None:
    """Of train-boxes."""
    add_cache(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the training")
    parser.add_argument("--minutes", type=float, default=60.0, help="of a CPU thread, or of the GPU; default: 60")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--design", default="3d", help="3d, 2d or 2d-3d; default: 3d")
    add_device(parser)
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")
    parser.add_argument(
        "--start-from", type=Path, metavar="FILE", help="checkpoint whose weights a new training begins with"
    )


def run_train_boxes(arguments: argparse.Namespace) -> None:
    """train-boxes."""
    from ..training.train_boxes import Options, train_boxes

    train_boxes(options_of(Options, arguments))


def add_keep_weights_options(parser: argparse.ArgumentParser) -> None:
    """Of keep-weights."""
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="checkpoint.pt of a training")
    parser.add_argument("out", type=Path, metavar="FILE", help="file to be written")
    parser.add_argument("--half", action="store_true", help="in half precision")


def run_keep_weights(arguments: argparse.Namespace) -> None:
    """keep-weights."""
    from ..training.keep_weights import keep_weights

    keep_weights(arguments.checkpoint, arguments.out, arguments.half)


def add_calibrate_detector_options(parser: argparse.ArgumentParser) -> None:
    """Of calibrate-detector."""
    add_cache(parser)
    add_run(parser, "folder of the detector's training")


def run_calibrate_detector(arguments: argparse.Namespace) -> None:
    """calibrate-detector."""
    from ..training.calibrate_detector import calibrate_detector

    calibrate_detector(arguments.cache, arguments.run)


def add_quantise_detector_options(parser: argparse.ArgumentParser) -> None:
    """Of quantise-detector."""
    add_cache(parser)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FOLDER", help="stays as it is")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument("--version", required=True, help="of the model that is written")
    parser.add_argument("--slices", type=int, default=40, metavar="N", help="of whole CTs, and of nodules; default: 40")


def run_quantise_detector(arguments: argparse.Namespace) -> None:
    """quantise-detector."""
    from ..training.quantise_detector import Options, quantise_detector

    quantise_detector(options_of(Options, arguments))


def add_calibrate_boxes_options(parser: argparse.ArgumentParser) -> None:
    """Of calibrate-boxes."""
    add_cache(parser)
    add_members(parser)


def run_calibrate_boxes(arguments: argparse.Namespace) -> None:
    """calibrate-boxes."""
    from ..training.calibrate_boxes import calibrate_boxes

    calibrate_boxes(arguments.cache, arguments.segment)


def add_export_chain_options(parser: argparse.ArgumentParser) -> None:
    """Of export-chain."""
    parser.add_argument(
        "--detect",
        type=Path,
        required=True,
        metavar="RUN",
        help="folder of the detector's training, with its classifier",
    )
    add_members(parser)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FOLDER", help="folder of the bundle")
    parser.add_argument("--version", required=True, help="of the model")


def run_export_chain(arguments: argparse.Namespace) -> None:
    """export-chain."""
    from ..export.chain import export_chain

    export_chain(arguments.detect, arguments.segment, arguments.bundle, arguments.version)


def add_make_chain_options(parser: argparse.ArgumentParser) -> None:
    """Of make-chain."""
    parser.add_argument(
        "--runs",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="of everything that is made; the bundle is RUNS/chain",
    )
    add_sam2lung(parser)
    add_data(parser)
    add_cache(parser)
    parser.add_argument("--members", type=int, default=3, help="of the segmenter; default: 3")
    parser.add_argument("--minutes", type=float, default=75.0, help="of a member's training; default: 75")
    parser.add_argument("--detector-minutes", type=float, default=90.0, help="default: 90")
    parser.add_argument("--classifier-minutes", type=float, default=25.0, help="default: 25")
    add_device(parser)
    parser.add_argument("--version", required=True, help="of the model")


def run_make_chain(arguments: argparse.Namespace) -> None:
    """make-chain."""
    from ..make_chain import Options, make_chain

    make_chain(options_of(Options, arguments))


COMMANDS = (
    Command(
        "make-chain",
        "all steps from the CTs to a chain, as the default bundle is one",
        "Runs, in this order: pack-data, train --role detect, calibrate-detector, find, train-classifier,\n"
        "calibrate-classifier, train-boxes for each member, calibrate-boxes, export-chain. A step whose result is there\n"
        "already is passed over, and trainings go on from their checkpoints: after an interruption the same command goes\n"
        "on.",
        add_make_chain_options,
        run_make_chain,
    ),
    Command(
        "train-boxes",
        "trains a member of the segmenter of boxes",
        "Writes OUT/checkpoint.pt every two minutes and OUT/log.jsonl. Stopping it is harmless: --resume goes on.",
        add_train_boxes_options,
        run_train_boxes,
    ),
    Command(
        "keep-weights",
        "takes the averaged weights out of a checkpoint",
        "A quarter of its size: enough to export, to calibrate and to begin another training with.",
        add_keep_weights_options,
        run_keep_weights,
    ),
    Command(
        "calibrate-detector",
        "chooses the detector's calibration and threshold",
        "Reads RUN/checkpoint.pt of train --role detect; writes RUN/calibration.json. On the development part of train\n"
        "and on whole CTs.",
        add_calibrate_detector_options,
        run_calibrate_detector,
    ),
    Command(
        "quantise-detector",
        "writes a bundle whose detector works in 8 bits",
        "Weights and images of the detector's large convolutions become 8 bits wide, by what slices of training CTs make.\n"
        "Prints recall, false candidates, ECE and the time of a call before and after, on the development part. Nothing is\n"
        "written where one of the first three is worse than it may be.",
        add_quantise_detector_options,
        run_quantise_detector,
    ),
    Command(
        "calibrate-boxes",
        "chooses the segmenter's calibration, threshold and interval",
        "Reads the members' checkpoints; writes the first one's calibration.json. On the development part of train.",
        add_calibrate_boxes_options,
        run_calibrate_boxes,
    ),
    Command(
        "export-chain",
        "writes detector, classifier and segmenter as a bundle",
        "Reads the runs' checkpoints, the classifier and what was chosen; writes the bundle complete or not at all, and\n"
        "only if its graphs compute what PyTorch does.",
        add_export_chain_options,
        run_export_chain,
    ),
)
