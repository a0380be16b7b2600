"""The subcommand that draws an evaluation."""

import argparse
from pathlib import Path

from .command import Command, add_data


def add_options(parser: argparse.ArgumentParser) -> None:
    """Of figures."""
    add_data(parser, "folder with lidc/")
    parser.add_argument("--evaluation", type=Path, required=True, metavar="FOLDER", help="that evaluate wrote")
    parser.add_argument("--whole-ct", type=Path, metavar="FOLDER", help="that evaluate-whole-ct wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the figures")


def run(arguments: argparse.Namespace) -> None:
    """figures."""
    from ..figures.draw import draw_figures

    draw_figures(arguments.evaluation, arguments.out, arguments.data, arguments.whole_ct)


COMMANDS = (
    Command(
        "figures",
        "draws an evaluation",
        "Draws charts and pictures of cases from what evaluate and evaluate-whole-ct wrote.\n"
        "The same results give the same bytes.",
        add_options,
        run,
    ),
)
