"""Subcommands that train and calibrate."""

import argparse
from pathlib import Path

from ..config import NetworkConfig, TrainConfig
from .command import Command, add_cache, add_data, add_device, add_jobs, add_run, add_sam2lung, options_of

# --- the segmenter ----------------------------------------------------------------------------------------------------


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """Of train."""
    add_cache(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the training")
    parser.add_argument("--minutes", type=float, default=TrainConfig.minutes, help=f"default: {TrainConfig.minutes:g}")
    parser.add_argument("--seed", type=int, default=0)
    add_device(parser)
    parser.add_argument("--rate", type=float, default=TrainConfig.rate, help="highest learning rate")
    parser.add_argument("--resume", action="store_true", help="go on from OUT/checkpoint.pt")
    parser.add_argument(
        "--start-from", type=Path, metavar="FILE", help="checkpoint whose weights a new training begins with"
    )
    parser.add_argument(
        "--role", choices=("segment", "detect"), default="segment", help="what is trained; default: segment"
    )
    parser.add_argument("--window", type=int, metavar="PIXELS", help="side of the training windows, a multiple of 16")
    parser.add_argument(
        "--encoder", default="compact", help="compact, or sam2.1-hiera-tiny, -small, -base-plus, -large"
    )
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="local file with SAM 2's weights, of transformers or Meta's own"
    )
    parser.add_argument("--side", type=int, default=NetworkConfig.side, help="of the picture that Hiera sees, pixels")
    parser.add_argument(
        "--frozen", type=float, default=TrainConfig.frozen, help="share of the time that SAM 2's weights stay"
    )


def run_train(arguments: argparse.Namespace) -> None:
    """train."""
    from ..training.train_segmenter import Options, train_segmenter

    train_segmenter(options_of(Options, arguments))


def add_calibrate_options(parser: argparse.ArgumentParser) -> None:
    """Of calibrate."""
    add_cache(parser)
    add_run(parser)
    parser.add_argument("--rates", type=float, nargs=4, help="dropout rates; those of the configuration when left out")


def run_calibrate(arguments: argparse.Namespace) -> None:
    """calibrate."""
    from ..training.calibrate_segmenter import calibrate_segmenter

    calibrate_segmenter(arguments.cache, arguments.run, arguments.rates)


# --- the classifier ---------------------------------------------------------------------------------------------------


def add_find_options(parser: argparse.ArgumentParser) -> None:
    """Of find."""
    add_data(parser)
    add_cache(parser)
    add_run(parser)
    add_sam2lung(parser, ", which makes the phantoms")
    parser.add_argument("--limit", type=int, metavar="N", help="only N nodules, drawn at random")
    add_jobs(parser, 2)


def run_find(arguments: argparse.Namespace) -> None:
    """find."""
    from ..training.find import find

    find(arguments.data, arguments.cache, arguments.run, arguments.sam2lung, arguments.limit, arguments.jobs)


def add_train_classifier_options(parser: argparse.ArgumentParser) -> None:
    """Of train-classifier."""
    add_run(parser)
    parser.add_argument("--minutes", type=float, default=15.0, help="default: 15")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start-from", type=Path, metavar="FILE", help="a classifier's weights to go on from")
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        metavar="CT",
        help="leave the findings of these whole CTs out of training, report on them, write nothing",
    )


def run_train_classifier(arguments: argparse.Namespace) -> None:
    """train-classifier."""
    from ..training.train_classifier import train_classifier

    train_classifier(arguments.run, arguments.minutes, arguments.seed, arguments.start_from, arguments.without)


def run_calibrate_classifier(arguments: argparse.Namespace) -> None:
    """calibrate-classifier."""
    from ..training.calibrate_classifier import calibrate_classifier

    calibrate_classifier(arguments.run)


# --- uncertainty ------------------------------------------------------------------------------------------------------


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """Of fit-uncertainty."""
    add_cache(parser)
    add_run(parser)
    add_sam2lung(parser)
    parser.add_argument(
        "--model", type=Path, required=True, metavar="BUNDLE", help="the bundle, without a fit of its own"
    )
    parser.add_argument(
        "--keep", action="store_true", help="outline only what RUN/develop_results lacks; for the same bundle"
    )
    add_jobs(parser, 2)


def run_fit(arguments: argparse.Namespace) -> None:
    """fit-uncertainty."""
    from ..training.fit_uncertainty import Options, fit_uncertainty

    fit_uncertainty(options_of(Options, arguments))


def add_compare_options(parser: argparse.ArgumentParser) -> None:
    """Of compare-uncertainty."""
    add_cache(parser)
    add_run(parser)
    parser.add_argument(
        "--ensemble", type=Path, nargs="*", default=[], metavar="FILE", help="checkpoints of an ensemble"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N nodules")


def run_compare(arguments: argparse.Namespace) -> None:
    """compare-uncertainty."""
    from ..training.compare_uncertainty import compare_uncertainty

    compare_uncertainty(arguments.run, tuple(arguments.ensemble), arguments.limit, arguments.cache)


# --- experiments, and everything --------------------------------------------------------------------------------------


def add_ablate_options(parser: argparse.ArgumentParser) -> None:
    """Of ablate."""
    add_cache(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="of the arms and the table")
    parser.add_argument("--steps", type=int, default=4000, help="of each arm, 100 at least; default: 4000")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="default: 0 1")
    add_device(parser)


def run_ablate(arguments: argparse.Namespace) -> None:
    """ablate."""
    from ..training.ablate import ablate

    ablate(arguments.out, arguments.steps, tuple(arguments.seeds), arguments.cache, arguments.device)


def add_make_bundle_options(parser: argparse.ArgumentParser) -> None:
    """Of make-bundle."""
    add_run(parser, "folder of everything that is made; the bundle is RUN/bundle")
    add_sam2lung(parser)
    add_data(parser)
    add_cache(parser)
    parser.add_argument("--minutes", type=float, default=80.0, help="of the segmenter's training; default: 80")
    parser.add_argument(
        "--classifier-minutes", type=float, default=20.0, help="of the classifier's training; default: 20"
    )
    parser.add_argument("--rate", type=float, default=TrainConfig.rate, help="highest learning rate of the segmenter")
    parser.add_argument(
        "--start-from", type=Path, metavar="FILE", help="checkpoint whose weights the training begins with"
    )
    add_device(parser)
    parser.add_argument("--version", default="0.2.0", help="of the model")


def run_make_bundle(arguments: argparse.Namespace) -> None:
    """make-bundle."""
    from ..make_bundle import Options, make_bundle

    make_bundle(options_of(Options, arguments))


COMMANDS = (
    Command(
        "make-bundle",
        "all steps from the CTs to a bundle of a slice network",
        "Runs, in this order: pack-data, train, calibrate, find, train-classifier, calibrate-classifier, export,\n"
        "fit-uncertainty, export again with the fit, parity. A step whose result is there already is passed over, and\n"
        "training goes on from its checkpoint: after an interruption the same command goes on.",
        add_make_bundle_options,
        run_make_bundle,
    ),
    Command(
        "train",
        "trains the segmenter",
        "Trains the segmenter: writes OUT/checkpoint.pt every few minutes, OUT/log.jsonl and OUT/tensorboard.\n\n"
        "Stopping it is harmless: --resume goes on from the last checkpoint. The learning rate follows the share of\n"
        "--minutes that is spent. --encoder sam2.1-hiera-tiny --checkpoint FILE puts SAM 2's image encoder in the compact\n"
        "one's place: frozen for the first --frozen of the time, then at a tenth of the learning rate.",
        add_train_options,
        run_train,
    ),
    Command(
        "calibrate",
        "the segmenter's temperature, bias and threshold",
        "Reads RUN/checkpoint.pt; writes the segmenter's temperature, bias and threshold to RUN/calibration.json.",
        add_calibrate_options,
        run_calibrate,
    ),
    Command(
        "find",
        "what the segmenter finds in the training CTs",
        "Runs the calibrated segmenter over the crops of `train` and over the whole CTs;\n"
        "writes RUN/findings.npz, what the classifier learns from.",
        add_find_options,
        run_find,
    ),
    Command(
        "train-classifier",
        "trains the classifier",
        "Reads RUN/findings.npz, writes RUN/classifier.pt.",
        add_train_classifier_options,
        run_train_classifier,
    ),
    Command(
        "calibrate-classifier",
        "the classifier's probability and operating points",
        "Reads RUN/classifier.pt and RUN/findings.npz; adds to RUN/calibration.json.",
        add_run,
        run_calibrate_classifier,
    ),
    Command(
        "fit-uncertainty",
        "volume interval, expected Dice and review bounds",
        "Fits them to what the built command line says of development nodules;\n"
        "adds `uncertainty` and `review` to RUN/calibration.json. Export again afterwards.",
        add_fit_options,
        run_fit,
    ),
    Command(
        "ablate",
        "what each part of the method is worth",
        "Trains base, + temporal loss, + dropout, + calibration from random weights;\n"
        "writes OUT/ablation.md and OUT/ablation.json.\n"
        "What was measured before stays in OUT, so that stopping costs one arm at most.",
        add_ablate_options,
        run_ablate,
    ),
    Command(
        "compare-uncertainty",
        "sources of uncertainty, compared",
        "Compares dropout rates and layers, an ensemble and flips on the development part;\n"
        "writes RUN/uncertainty_sources.md.",
        add_compare_options,
        run_compare,
    ),
)
