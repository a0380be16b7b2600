"""What a subcommand is, and the options that several of them have."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from ..paths import CACHE, DATA

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Command:
    """One subcommand."""

    name: str
    help: str  # one line
    about: str  # what it reads and writes
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]  # the exit status; None is 0


def add_data(parser: argparse.ArgumentParser, holds: str = "the shared data") -> None:
    """--data."""
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help=f"{holds}; default: {DATA}")


def add_cache(parser: argparse.ArgumentParser) -> None:
    """--cache."""
    parser.add_argument(
        "--cache", type=Path, default=CACHE, metavar="FOLDER", help=f"packed training data; default: {CACHE}"
    )


def add_run(parser: argparse.ArgumentParser, holds: str = "folder of the training") -> None:
    """--run."""
    parser.add_argument("--run", type=Path, required=True, metavar="FOLDER", help=holds)


def add_sam2lung(parser: argparse.ArgumentParser, use: str = "") -> None:
    """--sam2lung."""
    parser.add_argument("--sam2lung", type=Path, required=True, metavar="PROGRAM", help=f"the built command line{use}")


def add_device(parser: argparse.ArgumentParser) -> None:
    """--device."""
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"], help="that trains; default: cpu")


def add_jobs(parser: argparse.ArgumentParser, default: int) -> None:
    """--jobs."""
    parser.add_argument(
        "--jobs", type=int, default=default, metavar="N", help=f"processes at a time; default: {default}"
    )


def options_of(kind: type[Kind], arguments: argparse.Namespace) -> Kind:
    """A dataclass from the options of the same names."""
    return kind(**{field.name: getattr(arguments, field.name) for field in fields(kind)})
