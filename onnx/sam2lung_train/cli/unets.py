"""Subcommands of the field's U-Nets: training, bundle."""

import argparse
from pathlib import Path

from ..systems import SYSTEMS, UnetTrainConfig
from .command import Command, add_cache, add_device, add_run, options_of


def add_train_unet_options(parser: argparse.ArgumentParser) -> None:
    """Of train-unet."""
    add_cache(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the training")
    parser.add_argument("--system", required=True, metavar="NAME", help=f"one of {', '.join(SYSTEMS)}")
    minutes = UnetTrainConfig.minutes
    parser.add_argument("--minutes", type=float, default=minutes, help=f"of a CPU thread; default: {minutes:g}")
    parser.add_argument("--steps", type=int, default=0, help="train for so many steps instead")
    parser.add_argument("--seed", type=int, default=0)
    add_device(parser)
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")


def run_train_unet(arguments: argparse.Namespace) -> None:
    """train-unet."""
    from ..training.train_unet import Options, train_unet

    train_unet(options_of(Options, arguments))


def add_export_unet_options(parser: argparse.ArgumentParser) -> None:
    """Of export-unet."""
    add_run(parser)
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", help="folder of the bundle; default: RUN/bundle")
    parser.add_argument("--version", default="0.1.0", help="of the model")


def run_export_unet(arguments: argparse.Namespace) -> None:
    """export-unet."""
    from ..export.unet import export_unet

    export_unet(arguments.run, arguments.bundle, arguments.version)


COMMANDS = (
    Command(
        "train-unet",
        "trains a U-Net of the field",
        "Writes OUT/checkpoint.pt each time that the development part was looked at, and OUT/log.jsonl.\n"
        "--resume goes on from it.\n\n" + "\n".join(f"{name}: {system.words}" for name, system in SYSTEMS.items()),
        add_train_unet_options,
        run_train_unet,
    ),
    Command(
        "export-unet",
        "writes a U-Net as a bundle",
        "Reads RUN/checkpoint.pt; writes the bundle complete or not at all.",
        add_export_unet_options,
        run_export_unet,
    ),
)
