"""Puts the subcommands together."""

import argparse
import sys
from collections.abc import Sequence

from ..errors import UserError
from . import bench, chain, data, evaluation, export, figures, hybrid, training, unets
from .command import Command

COMMANDS: tuple[Command, ...] = (
    *data.COMMANDS,
    *training.COMMANDS,
    *chain.COMMANDS,
    *unets.COMMANDS,
    *hybrid.COMMANDS,
    *export.COMMANDS,
    *evaluation.COMMANDS,
    *bench.COMMANDS,
    *figures.COMMANDS,
)
# Packages that not every subcommand needs, and the extra of pyproject.toml that installs each.
OPTIONAL = {
    "torch": "train",
    "tensorboard": "train",
    "transformers": "train",
    "onnx": "train",
    "onnxscript": "train",
    "onnxruntime": "train",
    "matplotlib": "figures",
}


def parser() -> argparse.ArgumentParser:
    """The parser with every subcommand."""
    description = "Trains, exports and measures the networks of sam2lung."
    whole = argparse.ArgumentParser(prog="sam2lung-train", description=description)
    subcommands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = subcommands.add_parser(
            command.name,
            help=command.help,
            description=command.about,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_options(one)
        one.set_defaults(call=command.run)
    return whole


def main(words: Sequence[str] | None = None) -> int:
    """Runs one subcommand; returns the exit status: 0, or 1 for what the user can put right.

    Options that can't be read end the program with status 2, as argparse does.
    """
    arguments = parser().parse_args(words)
    try:
        return arguments.call(arguments) or 0
    except UserError as error:
        told = f": {error}"
    except FileNotFoundError as error:
        told = f": {error.filename} is not there"
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in OPTIONAL:
            raise
        told = f" needs {package}: pip install -e '.[{OPTIONAL[package]}]'"
    print(f"sam2lung-train {arguments.command}{told}", file=sys.stderr)
    return 1
