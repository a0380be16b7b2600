"""Writes the chain as a bundle: detector, classifier, and the members of the segmenter of boxes."""

import datetime
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from ..config import (
    BOX_MARGIN_MM,
    BOX_SIZE,
    BOX_SPACING_MM,
    CLICK_DECAY_MM,
    DETECT_PIXEL_MM,
    EACH_SIDE,
    HALO_PX,
    LIFT_BELOW_HU,
    LIFT_TO_HU,
    MULTIPLE,
    NEIGHBOUR_STEP_MM,
    SMALLEST_MM3,
    TRIED_SLICE_MM,
    WINDOW_HU,
    BoxConfig,
)
from ..errors import UserError
from ..networks.box_network import BoxNetwork
from ..networks.classifier import Classifier, load_classifier
from ..networks.inference import load_boxes, load_network
from ..networks.network import Network
from ..run_folder import RunFolder
from .box_graphs import EMBEDDINGS, export_detector, export_member
from .chain_parity import detector_differences, member_differences
from .contract import (
    CLASSIFIER_FILE,
    NODULE,
    SAMPLES,
    SCHEMA,
    calibration_fields,
    classifier_fields,
    graph_fields,
    provenance_fields,
    write,
)
from .graphs import export_classifier
from .parity import classifier_differences, within_tolerance

DETECTOR_FILE = "detect.onnx"
MOST_CANDIDATES = 40
STRIDES = ([1, 1, 1], [1, 2, 2], [2, 4, 4], [4, 8, 8])  # of the embeddings, along k, j, i

Spec = dict[str, Any]


def member_files(member: int) -> tuple[str, str]:
    """Names of a member's encoder and decoder."""
    return f"encoder{member}.onnx", f"decoder{member}.onnx"


def detector_fields(chosen: Spec, folder: Path) -> Spec:
    """The role `detect`: the slice network on coarse pixels and slices of its own."""
    return {
        "kind": "slice",
        "grid": {"spacing_mm": [NEIGHBOUR_STEP_MM, DETECT_PIXEL_MM, DETECT_PIXEL_MM], "multiple": MULTIPLE},
        "neighbours": {"each_side": EACH_SIDE, "step_mm": NEIGHBOUR_STEP_MM},
        "halo_px": HALO_PX,
        "members": [{"graph": graph_fields(folder, DETECTOR_FILE)}],
        "tensors": {"image": "slices", "offsets_mm": "offsets_mm", "logits": "logits"},
        "calibration": calibration_fields(chosen["temperature"], chosen["bias"]),
    }


def segmenter_fields(config: BoxConfig, chosen: Spec, members: int, folder: Path) -> Spec:
    """The role `segment`: boxes around findings, whose pixels grow with them."""
    a, b, c, d = config.widths
    channels = (config.decoder_widths[2], b, c, d)
    embeddings = zip(EMBEDDINGS, channels, STRIDES)
    files = [member_files(member) for member in range(members)]
    return {
        "kind": "patch",
        "grid": {"spacing_mm": list(BOX_SPACING_MM), "size": list(BOX_SIZE), "beyond": "repeat", "grows": True},
        "members": [{"encoder": graph_fields(folder, e), "decoder": graph_fields(folder, d)} for e, d in files],
        "tensors": {
            "image": "box",
            "embeddings": [{"name": n, "channels": c, "stride": s} for n, c, s in embeddings],
            "logits": "logits",
        },
        "random": {
            "dropout": [{"input": f"drop{n}", "channels": c, "rate": r} for n, (c, r) in enumerate(config.dropout())],
            "noise": [{"input": "noise", "rank": config.rank}],
        },
        "clicks": {"input": "clicks", "decay_mm": CLICK_DECAY_MM, "candidates": True},
        "calibration": calibration_fields(chosen["temperature"], chosen["bias"]),
    }


def model_json(detect: Spec, segment: Spec, config: BoxConfig, members: int, folder: Path, version: str) -> Spec:
    """The contract of the graphs in `folder`; `detect` and `segment` are what was chosen for them."""
    spec = {
        "schema_version": SCHEMA,
        "name": "sam2lung-chain",
        "version": version,
        "channels": [{"name": "CT", "unit": "HU", "normalise": {"window": list(WINDOW_HU)}}],
        "classes": [NODULE],
        "output": "instances",
        "lungs": {"lift_below_hu": LIFT_BELOW_HU, "lift_to_hu": LIFT_TO_HU},
        "detect": detector_fields(detect, folder),
        "classify": classifier_fields(detect, folder),
        "segment": segmenter_fields(config, segment, members, folder),
        "sampling": {"samples": SAMPLES, "uncertainty": "entropy"},
        "decision": {
            "threshold": segment["threshold"],
            "outline": "expected_dice",
            "min_volume_mm3": SMALLEST_MM3,
            "candidates": {"threshold": detect["threshold"], "most": MOST_CANDIDATES, "margin_mm": BOX_MARGIN_MM},
        },
        "review": segment["review"] | {
            "nodule_probability_below": detect["review"]["nodule_probability_below"],
        },
        "uncertainty": {"level": 0.9, "samples": {"widen": segment["widen"]}},
        "tried": {"slice_mm": TRIED_SLICE_MM},
    }  # fmt: skip
    return {name: value for name, value in spec.items() if value is not None}


def export_chain(detect: Path, segment: Sequence[Path], bundle: Path, version: str) -> None:
    """Writes the ONNX files and model.json, complete or not at all.

    `detect` is the detector's run, with its classifier, which is left out when it isn't there; `segment` the members'
    runs, the first of which holds the segmenter's calibration.
    """
    found, first = RunFolder(detect), RunFolder(segment[0])
    members = [load_boxes(RunFolder(run).checkpoint) for run in segment]
    if any(member.config != members[0].config for member in members):
        raise UserError(f"{', '.join(map(str, segment))}: expected members of one design")
    classifier = load_classifier(found.classifier) if found.classifier.exists() else None
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent) as scratch:
        made = Path(scratch) / "bundle"
        made.mkdir()
        differences = list(write_graphs(load_network(found.checkpoint), classifier, members, made))
        if not within_tolerance(differences):
            raise UserError(f"{bundle}: not written: its graphs differ from PyTorch by more than the tolerance")
        spec = model_json(
            found.read_calibration(), first.read_calibration(), members[0].config, len(members), made, version
        )
        write(made, spec | {"provenance": provenance_fields(trained(found, segment))})
        if bundle.exists():
            shutil.rmtree(bundle)
        made.rename(bundle)
    print(f"{bundle}: {sum(f.stat().st_size for f in bundle.iterdir()) / 1e6:.1f} MB")


def write_graphs(
    detector: Network, classifier: Classifier | None, members: Sequence[BoxNetwork], folder: Path
) -> Iterator[tuple[str, float]]:
    """Writes the ONNX files into `folder`; how far each is from PyTorch."""
    torch.manual_seed(0)
    export_detector(detector, folder / DETECTOR_FILE)
    yield from detector_differences(detector, folder / DETECTOR_FILE)
    if classifier:
        export_classifier(classifier, folder / CLASSIFIER_FILE)
        yield from classifier_differences(classifier, folder / CLASSIFIER_FILE)
    for n, member in enumerate(members):
        files = [folder / name for name in member_files(n)]
        export_member(member, *files)
        yield from member_differences(member, *files)


def trained(detect: RunFolder, segment: Sequence[Path]) -> Spec:
    """How each network was trained."""

    def of(checkpoint: Path) -> Spec:
        state = torch.load(checkpoint, map_location="cpu", weights_only=False)
        return {"steps": state["steps"], "minutes": round(state["seconds"] / 60, 1), "config": state["config"]}

    return {
        "detect": of(detect.checkpoint),
        "segment": [of(RunFolder(run).checkpoint) for run in segment],
        "exported": datetime.date.today().isoformat(),
        "config": {},
    }
