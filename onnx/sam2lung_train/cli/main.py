"""Puts the subcommands together."""

import argparse
import sys
from collections.abc import Sequence

from ..errors import UserError
from . import data, evaluation, export, figures, training
from .command import Command

COMMANDS: tuple[Command, ...] = (
    *data.COMMANDS,
    *training.COMMANDS,
    *export.COMMANDS,
    *evaluation.COMMANDS,
    *figures.COMMANDS,
)


def parser() -> argparse.ArgumentParser:
    """The parser with every subcommand."""
    whole = argparse.ArgumentParser(
        prog="sam2lung-train", description="Trains, exports and measures the networks of sam2lung."
    )
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
    """Runs one subcommand; returns the exit status: 0, 1 for what the user can put right, 2 for options that can't be
    read.
    """
    arguments = parser().parse_args(words)
    try:
        return arguments.call(arguments) or 0
    except UserError as error:
        print(f"sam2lung-train {arguments.command}: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in OPTIONAL:
            raise
        extra = OPTIONAL[error.name.partition(".")[0]]
        print(f"sam2lung-train {arguments.command} needs {error.name}: pip install -e '.[{extra}]'", file=sys.stderr)
        return 1


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
