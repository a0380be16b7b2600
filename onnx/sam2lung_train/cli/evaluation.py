"""Subcommands that measure the built command line."""

import argparse
from pathlib import Path

from .command import Command, add_data, add_jobs, add_sam2lung, options_of

# evaluation.crops.SETS and evaluation.slice_thickness.PARTS, whose modules take a second to import; a test compares
# them.
SETS = ("lidc_off", "lidc_auto", "lidc_click", "lidc_hu_off", "lidc_every")
PARTS = ("crops", "lesions", "phantoms")


def add_model(parser: argparse.ArgumentParser) -> None:
    """--model."""
    parser.add_argument(
        "--model", type=Path, metavar="BUNDLE", help="bundle to measure; the built-in one when left out"
    )


def add_out(parser: argparse.ArgumentParser) -> None:
    """--out."""
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for inputs, results and tables")


def add_keep(parser: argparse.ArgumentParser) -> None:
    """--keep."""
    parser.add_argument(
        "--keep", action="store_true", help="segment only what has no result in OUT yet, score everything"
    )


def add_part(parser: argparse.ArgumentParser) -> None:
    """--split and --develop."""
    parser.add_argument("--split", choices=["val", "train"], default="val")
    parser.add_argument("--develop", action="store_true", help="only the development part: with --split train")


def add_rounds(parser: argparse.ArgumentParser) -> None:
    """--rounds."""
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap rounds of the intervals; default: 1000")


def add_card(parser: argparse.ArgumentParser, markers: str) -> None:
    """--card."""
    parser.add_argument(
        "--card", type=Path, metavar="FILE", help=f"model card that gets the tables between its {markers} markers"
    )


# --- nodules ----------------------------------------------------------------------------------------------------------


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Of evaluate."""
    add_sam2lung(parser)
    add_out(parser)
    add_data(parser, "folder with lidc/, lidc_hu/")
    add_model(parser)
    add_part(parser)
    parser.add_argument("--sets", default=",".join(SETS), help=f"comma-separated, of {', '.join(SETS)}; default: all")
    add_keep(parser)
    parser.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help="only the first N nodules of each set: for a quick look, not for a report",
    )
    add_jobs(parser, 1)
    add_rounds(parser)
    add_card(parser, "evaluate")


def run_evaluate(arguments: argparse.Namespace) -> None:
    """evaluate."""
    from ..evaluation.crops import Options, evaluate, set_names

    arguments.sets = set_names(arguments.sets)
    evaluate(options_of(Options, arguments))


# --- whole CTs --------------------------------------------------------------------------------------------------------


def add_whole_ct_options(parser: argparse.ArgumentParser) -> None:
    """Of evaluate-whole-ct."""
    add_sam2lung(parser)
    add_out(parser)
    add_data(parser)
    add_model(parser)
    parser.add_argument("--only", metavar="TEXT", help="only CTs whose name holds this text")
    parser.add_argument(
        "--smallest",
        type=float,
        default=5.0,
        metavar="MM",
        help="diameter from which a lesion has to be found; default: 5",
    )
    parser.add_argument(
        "--smallest-false",
        type=float,
        default=4.0,
        metavar="MM",
        help="diameter from which a finding can be a false one; default: 4",
    )
    add_keep(parser)
    parser.add_argument(
        "--no-froc", dest="froc", action="store_false", help="leave out the second run, for the free-response curve"
    )
    add_rounds(parser)
    add_card(parser, "whole-ct")


def run_whole_ct(arguments: argparse.Namespace) -> None:
    """evaluate-whole-ct."""
    from ..evaluation.whole_cts import Options, evaluate_whole_ct

    evaluate_whole_ct(options_of(Options, arguments))


# --- slices of 1 to 10 mm ---------------------------------------------------------------------------------------------


def parts(text: str) -> list[str]:
    """crops,lesions as a list."""
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"got {', '.join(unknown)}; expected some of {', '.join(PARTS)}")
    return names


def add_thickness_options(parser: argparse.ArgumentParser) -> None:
    """Of evaluate-thickness."""
    add_sam2lung(parser)
    add_out(parser)
    add_data(parser)
    add_model(parser)
    parser.add_argument("--before", type=Path, required=True, metavar="BUNDLE", help="bundle to compare with")
    parser.add_argument(
        "--parts", type=parts, default=list(PARTS), help=f"comma-separated, of {', '.join(PARTS)}; default: all"
    )
    add_part(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="phantoms; default: the demonstration's")
    parser.add_argument("--samples", type=int, help="dropout samples; the model's number when left out")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N crops: for a quick look, not for a report"
    )
    add_keep(parser)
    add_card(parser, "thickness")


def run_thickness(arguments: argparse.Namespace) -> None:
    """evaluate-thickness."""
    from ..evaluation.slice_thickness import Options, evaluate_thickness

    evaluate_thickness(options_of(Options, arguments))


# --- phantoms ---------------------------------------------------------------------------------------------------------


def add_phantom_options(parser: argparse.ArgumentParser) -> None:
    """Of evaluate-phantoms."""
    add_sam2lung(parser)
    add_out(parser)
    add_model(parser)
    parser.add_argument(
        "--phantoms", type=int, default=13, metavar="N", help="of each kind, eight nodules each; default: 13"
    )
    parser.add_argument("--first-seed", type=int, default=1, metavar="N", help="of the phantoms; default: 1")
    add_keep(parser)
    add_rounds(parser)
    add_card(parser, "phantoms")


def run_phantoms(arguments: argparse.Namespace) -> None:
    """evaluate-phantoms."""
    from ..evaluation.phantoms import Options, evaluate_phantoms

    evaluate_phantoms(options_of(Options, arguments))


def add_compare_options(parser: argparse.ArgumentParser) -> None:
    """Of evaluate-compare."""
    add_sam2lung(parser)
    add_out(parser)
    add_model(parser)
    parser.add_argument("--pairs", type=int, default=10, metavar="N", help="nine nodules each; default: 10")
    parser.add_argument("--first-seed", type=int, default=1001, metavar="N", help="of the pairs; default: 1001")
    add_keep(parser)
    add_rounds(parser)
    add_card(parser, "compare")


def run_compare(arguments: argparse.Namespace) -> None:
    """evaluate-compare."""
    from ..evaluation.growth import Options, evaluate_compare

    evaluate_compare(options_of(Options, arguments))


# --- readers' contours ------------------------------------------------------------------------------------------------


def add_contour_options(parser: argparse.ArgumentParser) -> None:
    """Of measure-contours."""
    add_out(parser)
    add_data(parser)
    add_rounds(parser)


def run_contours(arguments: argparse.Namespace) -> None:
    """measure-contours."""
    from ..evaluation.contours import Options, measure_contours

    measure_contours(options_of(Options, arguments))


def add_texture_options(parser: argparse.ArgumentParser) -> None:
    """Of compare-textures."""
    add_out(parser)
    add_data(parser)


def run_textures(arguments: argparse.Namespace) -> None:
    """compare-textures."""
    from ..evaluation.textures import Options, compare_textures

    compare_textures(options_of(Options, arguments))


# --- parts of a bundle ------------------------------------------------------------------------------------------------


def add_ablation_options(parser: argparse.ArgumentParser) -> None:
    """Of ablate-bundle."""
    add_sam2lung(parser)
    add_out(parser)
    add_data(parser)
    add_model(parser)
    parser.add_argument("--other", type=Path, metavar="BUNDLE", help="its roles take this one's place, one at a time")
    parser.add_argument("--only", action="append", metavar="NAME", help="a variant; may be given again; default: all")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N nodules: for a quick look")
    add_keep(parser)
    add_rounds(parser)
    add_card(parser, "ablation")


def run_ablation(arguments: argparse.Namespace) -> None:
    """ablate-bundle."""
    from ..evaluation.variants import Options, ablate_bundle

    ablate_bundle(options_of(Options, arguments))


# --- bundles of all kinds --------------------------------------------------------------------------------------------


def add_kinds_options(parser: argparse.ArgumentParser) -> None:
    """Of compare-kinds."""
    add_sam2lung(parser)
    add_out(parser)
    add_data(parser, "folder with lidc/")
    parser.add_argument(
        "--bundle", dest="bundles", type=Path, nargs="+", required=True, metavar="FOLDER", help="bundles to compare"
    )
    add_keep(parser)
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N nodules: for a quick look, not for a report"
    )
    add_jobs(parser, 1)
    add_card(parser, "kinds")


def run_kinds(arguments: argparse.Namespace) -> None:
    """compare-kinds."""
    from ..evaluation.kinds import Options, compare_kinds

    compare_kinds(options_of(Options, arguments))


# --- speed ------------------------------------------------------------------------------------------------------------


def shape(text: str) -> tuple[int, int, int]:
    """512,512,300 as numbers."""
    try:
        columns, rows, slices = map(int, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text}; expected COLUMNS,ROWS,SLICES") from None
    return columns, rows, slices


def add_speed_options(parser: argparse.ArgumentParser) -> None:
    """Of compare-speed."""
    add_sam2lung(parser)
    add_out(parser)
    parser.add_argument("--ct", type=Path, required=True, metavar="FILE", help="a CT as NIfTI")
    parser.add_argument("--against", type=Path, metavar="PROGRAM", help="the other command line; default: the same")
    add_model(parser)
    parser.add_argument("--against-model", type=Path, metavar="BUNDLE", help="bundle of the other")
    parser.add_argument(
        "--shape",
        dest="shapes",
        type=shape,
        action="append",
        default=[],
        metavar="COLUMNS,ROWS,SLICES",
        help="resample the CT; may be given again",
    )
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of each; default: 3")
    add_card(parser, "speed")
    parser.add_argument("options", nargs="*", metavar="-- OPTION", help="further options of segment, for both")


def run_speed(arguments: argparse.Namespace) -> None:
    """compare-speed."""
    from ..evaluation.speed import Options, compare_speed

    compare_speed(options_of(Options, arguments))


COMMANDS = (
    Command(
        "evaluate",
        "measures nodules of `val`",
        "Segments the nodules of `val` in several ways with the built command line, scores them against the readers.\n\n"
        "Writes OUT/evaluate.md (the tables) and OUT/evaluate.json (every figure and every nodule); with --card also\n"
        "the model card's tables.",
        add_evaluate_options,
        run_evaluate,
    ),
    Command(
        "evaluate-whole-ct",
        "counts findings in whole CTs",
        "Runs the built command line on whole CTs, twice: as shipped, and with every finding kept for the\n"
        "free-response curve.\n\n"
        "Writes OUT/whole_ct.md and OUT/whole_ct.json; with --card also the model card's tables.",
        add_whole_ct_options,
        run_whole_ct,
    ),
    Command(
        "evaluate-thickness",
        "measures slices of 1 to 10 mm",
        "Makes thick slices of thin ones and compares the bundle with another one on them.\n\n"
        "Writes OUT/thickness.md and OUT/thickness.json; with --card also the model card's tables.",
        add_thickness_options,
        run_thickness,
    ),
    Command(
        "evaluate-phantoms",
        "compares volumes of phantoms with what they are",
        "Makes phantoms of many seeds with the built command line, segments them without and with clicks, and compares\n"
        "with the known volumes.\n\n"
        "Writes OUT/phantoms.md and OUT/phantoms.json; with --card also the model card's tables.",
        add_phantom_options,
        run_phantoms,
    ),
    Command(
        "evaluate-compare",
        "compares what `sam2lung compare` says of pairs of phantoms with what happened to their nodules",
        "Makes pairs of phantoms with the built command line: nodules that stay, grow by half, shrink, come and go, in\n"
        "another pose, breath, spacing and noise. Counts what `sam2lung compare` says of each.\n\n"
        "Writes OUT/compare.md and OUT/compare.json; with --card also the model card's tables.",
        add_compare_options,
        run_compare,
    ),
    Command(
        "measure-contours",
        "compares the volumes that readers outlined with what HU say",
        "Compares the readers' outlines of isolated solid nodules of `train` with their physical volumes.\n\n"
        "Writes OUT/contours.md and OUT/contours.json.",
        add_contour_options,
        run_contours,
    ),
    Command(
        "compare-textures",
        "compares the rule of texture with the readers' ratings",
        "Applies the library's rule (solid, part-solid, ground glass by HU) to the readers' consensus outlines of `train`\n"
        "and compares it with their mean texture ratings.\n\n"
        "Writes OUT/textures.md and OUT/textures.json.",
        add_texture_options,
        run_textures,
    ),
    Command(
        "ablate-bundle",
        "measures a bundle with one thing changed at a time",
        "Runs copies of a bundle (fewer members, no noise, no dropout, other numbers of samples, roles of another\n"
        "bundle) on the crops of the development part.\n\n"
        "Writes OUT/ablation.md and OUT/ablation.json; with --card also the model card's table.",
        add_ablation_options,
        run_ablation,
    ),
    Command(
        "compare-kinds",
        "measures bundles of all kinds on the same nodules",
        "Runs each bundle on the crops of `val`: Dice both ways, found, false findings, calibration, seconds, memory;\n"
        "and the pixels of all crops together, beside what is published.\n\n"
        "Writes OUT/kinds.md and OUT/kinds.json; with --card also that page's tables.",
        add_kinds_options,
        run_kinds,
    ),
    Command(
        "compare-speed",
        "seconds and memory of two command lines or bundles, in turn",
        "Runs two command lines or two bundles in turn on the same CT and compares seconds and peak memory.\n\n"
        "Writes OUT/speed.md and OUT/speed.json; with --card also the model card's table.",
        add_speed_options,
        run_speed,
    ),
)
