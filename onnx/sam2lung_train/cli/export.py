"""Subcommands that make a bundle of a training."""

import argparse
from pathlib import Path

from .command import Command, add_run

WHERE = "RUN/bundle when left out"


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Of export."""
    add_run(parser)
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help=WHERE)
    parser.add_argument("--version", default="0.1.0", help="of the model")


def run_export(arguments: argparse.Namespace) -> None:
    """export."""
    from ..export.bundle import export

    export(arguments.run, arguments.bundle, arguments.version)


def add_parity_options(parser: argparse.ArgumentParser) -> None:
    """Of parity."""
    add_run(parser)
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help=WHERE)


def run_parity(arguments: argparse.Namespace) -> int:
    """parity."""
    from ..export.parity import check_parity

    return 0 if check_parity(arguments.run, arguments.bundle) else 1


def add_rewrite_options(parser: argparse.ArgumentParser) -> None:
    """Of rewrite-bundle."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="FOLDER", help="stays as it is")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument("--version", required=True, help="of the model that is written")


def run_rewrite(arguments: argparse.Namespace) -> None:
    """rewrite-bundle."""
    from ..export.rewrite import rewrite

    print("\n".join(rewrite(arguments.bundle, arguments.out, arguments.version)))


COMMANDS = (
    Command(
        "export",
        "writes a training as a bundle",
        "Reads RUN/checkpoint.pt, RUN/classifier.pt (left out when it isn't there) and RUN/calibration.json (defaults when\n"
        "it isn't there); writes the bundle's ONNX files and model.json, complete or not at all.",
        add_export_options,
        run_export,
    ),
    Command(
        "parity",
        "compares a bundle with PyTorch",
        "Checks that the bundle's graphs compute what PyTorch computes, tensor by tensor.\n"
        "The exit status is 1 above the tolerance.",
        add_parity_options,
        run_parity,
    ),
    Command(
        "rewrite-bundle",
        "writes a bundle's graphs as the exporter would write them today",
        "Weights stay as they are, and each graph that changes has to give the same numbers: to the bit, a detector's to the\n"
        "rounding of float32. Prints their names.\n"
        "What is gained: seconds.",
        add_rewrite_options,
        run_rewrite,
    ),
)
