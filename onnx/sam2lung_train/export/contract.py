"""model.json: the only place in the package that knows its fields. Schema 1 is written, schemas 1 and 2 are read.

Another schema is a change of this file: `model_json` writes it; `classifier_of`, `with_classifier_threshold` and
`without_interpolation` are what the evaluation reads or changes. Needs no PyTorch.
"""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

from ..config import (
    CLICK_DECAY_MM,
    EACH_SIDE,
    HALO_PX,
    INTERPOLATE_ABOVE_MM,
    LIFT_BELOW_HU,
    LIFT_TO_HU,
    MULTIPLE,
    NEIGHBOUR_STEP_MM,
    PATCH_SIZE,
    PATCH_SPACING_MM,
    PIXEL_MM,
    SMALLEST_MM3,
    TRIED_SLICE_MM,
    WINDOW_HU,
    NetworkConfig,
)
from ..errors import UserError

SCHEMA = 1  # that is written
READABLE = (1, 2)
FILE = "model.json"
# Schema 1 calls the classifier the judge; the file keeps that name, so that a bundle's files stay the same from export
# to export.
ENCODER_FILE, DECODER_FILE, CLASSIFIER_FILE = "encoder.onnx", "decoder.onnx", "judge.onnx"
CLASSIFIER = {1: "judge", 2: "classify"}  # its field, by schema
INTERPOLATE = "interpolate_above_mm"
STRIDES = (1, 2, 4, 8, 16)  # of the embeddings
SAMPLING = {"samples": 25, "scout_threshold": 0.03, "scout_margin_mm": 4.0}
ATTRIBUTION = (
    "LIDC-IDRI: Armato SG III et al., The Cancer Imaging Archive, doi 10.7937/K9/TCIA.2015.LO9QL9SX, CC BY 3.0. "
    "Whole CTs from LIDC-IDRI, Lung-Fused-CT-Pathology, CMB-CRC, CPTAC-LSCC and CPTAC-PDA (TCIA, Creative Commons attribution)."
)
FROM_SAM2 = "; the encoder's began at SAM 2's (Ravi N et al., 2024, Apache-2.0)"

Spec = dict[str, Any]


# --- writing ----------------------------------------------------------------------------------------------------------


def is_compact(config: NetworkConfig) -> bool:
    """Whether the encoder is the compact one, small enough to be compiled in."""
    return config.encoder == "compact"


def embedding_channels(config: NetworkConfig) -> list[int]:
    """Channels of the embeddings at STRIDES."""
    return [*config.decoder_widths[::-1], config.widths[4]]


def model_json(config: NetworkConfig, calibration: Spec, folder: Path, version: str, training: Spec) -> Spec:
    """The contract of the graphs in `folder`, with what `run_folder` says was chosen."""
    return {
        "schema_version": SCHEMA,
        "name": f"sam2lung-{config.encoder.removeprefix('sam2.1-')}",
        "version": version,
        "kind": "slice",
        "input": input_fields(),
        "encoder": encoder_fields(config, folder),
        "decoder": decoder_fields(config, folder),
        "sampling": SAMPLING,
        "calibration": {"temperature": calibration["temperature"], "bias": calibration["bias"]},
        "decision": {"threshold": calibration["threshold"], "min_volume_mm3": SMALLEST_MM3},
        CLASSIFIER[SCHEMA]: classifier_fields(calibration, folder),
        "doubt": calibration["uncertainty"],
        "review": calibration["review"],
        "tried": {"slice_mm": TRIED_SLICE_MM},
        "provenance": provenance_fields(training),
    }


def graph_fields(folder: Path, name: str) -> Spec:
    """A graph's file and its hash."""
    return {"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}


def input_fields() -> Spec:
    """What the encoder is fed."""
    return {
        "window_hu": list(WINDOW_HU),
        "pixel_mm": PIXEL_MM,
        "neighbours": {
            "each_side": EACH_SIDE,
            "step_mm": NEIGHBOUR_STEP_MM,
            INTERPOLATE: INTERPOLATE_ABOVE_MM,
        },
        "multiple": MULTIPLE,
        "lungs": {"lift_below_hu": LIFT_BELOW_HU, "lift_to_hu": LIFT_TO_HU},
    }


def encoder_fields(config: NetworkConfig, folder: Path) -> Spec:
    """The encoder's tensors."""
    embeddings = zip(embedding_channels(config), STRIDES)
    return {
        **graph_fields(folder, ENCODER_FILE),
        "slices": "slices",
        "offsets_mm": "offsets_mm",
        "embeddings": [{"name": f"e{n}", "channels": c, "stride": s} for n, (c, s) in enumerate(embeddings)],
        **({} if is_compact(config) else {"whole_slice": True}),
    }


def decoder_fields(config: NetworkConfig, folder: Path) -> Spec:
    """The decoder's tensors and what is random in it."""
    return {
        **graph_fields(folder, DECODER_FILE),
        "dropout": [{"name": f"drop{n}", "channels": c, "rate": rate} for n, (c, rate) in enumerate(config.dropout())],
        "clicks": {"name": "clicks", "decay_mm": CLICK_DECAY_MM},
        "logits": "logits",
        "classes": ["nodule"],
        "halo_px": HALO_PX,
    }


def classifier_fields(calibration: Spec, folder: Path) -> Spec | None:
    """The classifier; None where there is no graph of it."""
    if not (folder / CLASSIFIER_FILE).exists():
        return None
    return {
        **graph_fields(folder, CLASSIFIER_FILE),
        "patch": "patch",
        "logit": "logit",
        "size": list(PATCH_SIZE),
        "spacing_mm": list(PATCH_SPACING_MM),
        "temperature": calibration["classifier_temperature"],
        "bias": calibration["classifier_bias"],
        "threshold": calibration["classifier_threshold"],
        "operating_points": calibration["classifier_points"],
    }


def provenance_fields(training: Spec) -> Spec:
    """Where the weights come from."""
    is_from_sam2 = bool(training["config"].get("checkpoint"))
    return {
        "data": "LIDC-IDRI training patients and five whole CTs of The Cancer Imaging Archive; see onnx/MODEL_CARD.md",
        "licence": "weights: MIT OR Apache-2.0, with the attribution of the data" + (FROM_SAM2 if is_from_sam2 else ""),
        "attribution": ATTRIBUTION,
        "training": training,
    }


def write(bundle: Path, spec: Spec) -> None:
    """Writes a bundle's model.json."""
    (bundle / FILE).write_text(json.dumps(spec, indent=2) + "\n")


# --- reading ----------------------------------------------------------------------------------------------------------


def read(bundle: Path) -> Spec:
    """A bundle's model.json.

    # Raises UserError for another schema than READABLE.
    """
    spec = json.loads((bundle / FILE).read_text())
    if spec.get("schema_version") not in READABLE:
        expected = " or ".join(map(str, READABLE))
        raise UserError(f"{bundle / FILE}: expected schema_version {expected}, got {spec.get('schema_version')}")
    return spec


def classifier_of(spec: Spec) -> Spec | None:
    """The classifier's part; None where there is no classifier."""
    return spec.get(CLASSIFIER[spec["schema_version"]])


def with_classifier_threshold(spec: Spec, threshold: float) -> Spec:
    """The contract with another threshold of its classifier, which has to be there."""
    changed = copy.deepcopy(spec)
    classifier_of(changed)["threshold"] = threshold
    return changed


def without_interpolation(spec: Spec) -> tuple[Spec, float]:
    """The contract without interpolated neighbours, and the slice distance in mm above which it had them.

    # Raises UserError where it has none.
    """
    changed = copy.deepcopy(spec)
    above = [found.pop(INTERPOLATE) for found in neighbours_of(changed) if found.get(INTERPOLATE) is not None]
    if not above:
        raise UserError(f"{spec['name']}: expected neighbours with {INTERPOLATE}, got none")
    return changed, min(above)


def neighbours_of(spec: Spec) -> list[Spec]:
    """How each network of slices gets its neighbours."""
    networks = [spec["input"]] if spec["schema_version"] == 1 else [spec.get("detect"), spec["segment"]]
    return [network["neighbours"] for network in networks if network and network.get("neighbours")]
