"""model.json of a chain: plain data, without PyTorch."""

from pathlib import Path
from typing import Any

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
from .contract import NODULE, SAMPLES, SCHEMA, calibration_fields, classifier_fields, graph_fields

DETECTOR_FILE = "detect.onnx"
# More than in any whole CT at hand (173): what the classifier doesn't see is told by a warning.
MOST_CANDIDATES = 200
EMBEDDINGS = ("e0", "e1", "e2", "e3")
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
            "noise": [{"input": "noise", "rank": config.rank, "scale": chosen["noise_scale"]}],
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
        "uncertainty": {"level": 0.9, "samples": {"widen": 1.0}},
        "tried": {"slice_mm": TRIED_SLICE_MM},
    }  # fmt: skip
    return {name: value for name, value in spec.items() if value is not None}
