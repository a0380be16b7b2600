"""model.json, schema 2: the only place in the package that knows its fields, which onnx/README.md describes.

Another schema is a change of this file: `model_json` writes it; `classifier_of` and `with_classifier_threshold` are what
the evaluation reads and changes. Needs no PyTorch.
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

SCHEMA = 2
FILE = "model.json"
ENCODER_FILE, DECODER_FILE, CLASSIFIER_FILE = "encoder.onnx", "decoder.onnx", "classify.onnx"
INTERPOLATE = "interpolate_above_mm"
STRIDES = (1, 2, 4, 8, 16)  # of the embeddings
NODULE = {"name": "nodule", "code": ["SCT", "27925004", "Nodule"], "colour": [230, 159, 0]}
SAMPLES = 25  # unless the caller says otherwise
SCOUT = {"threshold": 0.03, "margin_mm": 4.0}
ATTRIBUTION = (
    "LIDC-IDRI: Armato SG III et al., The Cancer Imaging Archive, doi 10.7937/K9/TCIA.2015.LO9QL9SX, CC BY 3.0. "
    "Whole CTs from LIDC-IDRI, Lung-Fused-CT-Pathology, CMB-CRC, CPTAC-LSCC, CPTAC-PDA, ACRIN-NSCLC-FDG-PET, Lung-PET-CT-Dx "
    "(doi 10.7937/TCIA.2020.NNC20461) and TCGA-LIHC (TCIA, Creative Commons attribution)."
)
FROM_SAM2 = "; the encoder's began at SAM 2's (Ravi N et al., 2024, Apache-2.0)"

Spec = dict[str, Any]


# --- writing ----------------------------------------------------------------------------------------------------------


def is_compact(config: NetworkConfig) -> bool:
    """Whether the encoder is the compact one, which sees any part of a slice as it sees the whole."""
    return config.encoder == "compact"


def embedding_channels(config: NetworkConfig) -> list[int]:
    """Channels of the embeddings at STRIDES."""
    return [*config.decoder_widths[::-1], config.widths[4]]


def model_json(config: NetworkConfig, calibration: Spec, folder: Path, version: str, training: Spec) -> Spec:
    """The contract of the graphs in `folder`, with what `run_folder` says was chosen.

    Fields stand in the order in which `sam2lung model upgrade` writes them; what may be left out and isn't there is.
    """
    spec = {
        "schema_version": SCHEMA,
        "name": f"sam2lung-{config.encoder.removeprefix('sam2.1-')}",
        "version": version,
        "channels": [{"name": "CT", "unit": "HU", "normalise": {"window": list(WINDOW_HU)}}],
        "classes": [NODULE],
        "output": "instances",
        "lungs": {"lift_below_hu": LIFT_BELOW_HU, "lift_to_hu": LIFT_TO_HU},
        "classify": classifier_fields(calibration, folder),
        "segment": segmenter_fields(config, calibration, folder),
        "sampling": {"samples": SAMPLES, "uncertainty": "entropy"},
        "decision": {"threshold": calibration["threshold"], "min_volume_mm3": SMALLEST_MM3},
        "review": calibration["review"],
        "uncertainty": calibration["uncertainty"],
        "tried": {"slice_mm": TRIED_SLICE_MM},
        "provenance": provenance_fields(training),
    }
    return {field: value for field, value in spec.items() if value is not None}


def graph_fields(folder: Path, name: str) -> Spec:
    """A graph's file and its hash."""
    return {"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}


def calibration_fields(temperature: float, bias: float) -> Spec:
    """From logits to probabilities."""
    return {"activation": "sigmoid", "temperature": temperature, "bias": bias}


def classifier_fields(calibration: Spec, folder: Path) -> Spec | None:
    """The role `classify`; None where there is no graph for it."""
    if not (folder / CLASSIFIER_FILE).exists():
        return None
    points, marked = calibration["classifier_points"], calibration["classifier_marked"]
    return {
        "kind": "patch",
        "grid": {"spacing_mm": list(PATCH_SPACING_MM), "size": list(PATCH_SIZE)},
        "shows": ["image", "probability", "inside"],
        "members": [{"graph": graph_fields(folder, CLASSIFIER_FILE)}],
        "image": "patch",
        "logit": "logit",
        "calibration": calibration_fields(calibration["classifier_temperature"], calibration["classifier_bias"]),
        **({"marked": {"logit": "marked", "calibration": calibration_fields(*marked)}} if marked else {}),
        "threshold": calibration["classifier_threshold"],
        **({"operating_points": points} if points else {}),
    }


def segmenter_fields(config: NetworkConfig, calibration: Spec, folder: Path) -> Spec:
    """The role `segment`: the slice network."""
    return {
        "kind": "slice",
        "grid": {"spacing_mm": [None, PIXEL_MM, PIXEL_MM], "multiple": MULTIPLE},
        "neighbours": {"each_side": EACH_SIDE, "step_mm": NEIGHBOUR_STEP_MM, INTERPOLATE: INTERPOLATE_ABOVE_MM},
        **({} if is_compact(config) else {"whole_slice": True}),
        "halo_px": HALO_PX,
        "scout": SCOUT,
        "members": [{"encoder": graph_fields(folder, ENCODER_FILE), "decoder": graph_fields(folder, DECODER_FILE)}],
        "tensors": tensor_fields(config),
        "random": {"dropout": dropout_fields(config)},
        "clicks": {"input": "clicks", "decay_mm": CLICK_DECAY_MM},
        "calibration": calibration_fields(calibration["temperature"], calibration["bias"]),
    }


def tensor_fields(config: NetworkConfig) -> Spec:
    """Names of the tensors of encoder and decoder."""
    embeddings = zip(embedding_channels(config), STRIDES)
    return {
        "image": "slices",
        "offsets_mm": "offsets_mm",
        "embeddings": [{"name": f"e{n}", "channels": c, "stride": s} for n, (c, s) in enumerate(embeddings)],
        "logits": "logits",
    }


def dropout_fields(config: NetworkConfig) -> list[Spec]:
    """The decoder's dropout inputs."""
    return [{"input": f"drop{n}", "channels": c, "rate": rate} for n, (c, rate) in enumerate(config.dropout())]


def provenance_fields(training: Spec) -> Spec:
    """Where the weights come from."""
    is_from_sam2 = bool(training["config"].get("checkpoint"))
    return {
        "data": "LIDC-IDRI training patients and nine whole CTs of The Cancer Imaging Archive; see onnx/MODEL_CARD.md",
        "licence": "weights: MIT OR Apache-2.0, with the attribution of the data" + (FROM_SAM2 if is_from_sam2 else ""),
        "attribution": ATTRIBUTION,
        "training": training,
    }


def write(bundle: Path, spec: Spec) -> None:
    """Writes a bundle's model.json. Numbers read back as they are (Python writes the shortest digits that do).

    # Raises ValueError for a number that is not finite: JSON has none.
    """
    (bundle / FILE).write_text(json.dumps(spec, indent=2, allow_nan=False) + "\n")


# --- reading ----------------------------------------------------------------------------------------------------------


def read(bundle: Path) -> Spec:
    """A bundle's model.json.

    # Raises UserError for another schema.
    """
    spec = json.loads((bundle / FILE).read_text())
    got = spec.get("schema_version")
    if got == 1:
        raise UserError(
            f"{bundle / FILE}: expected schema_version {SCHEMA}, got 1: 'sam2lung model upgrade {bundle}' writes it"
        )
    if got != SCHEMA:
        raise UserError(f"{bundle / FILE}: expected schema_version {SCHEMA}, got {got}")
    return spec


def classifier_of(spec: Spec) -> Spec | None:
    """The role `classify`; None where there is no classifier."""
    return spec.get("classify")


def classifier_file(spec: Spec) -> str | None:
    """The classifier's graph, `judge.onnx` in bundles up to 0.2.0; None where there is no classifier."""
    classifier = classifier_of(spec)
    return classifier["members"][0]["graph"]["file"] if classifier else None


def with_classifier_threshold(spec: Spec, threshold: float) -> Spec:
    """The contract with another threshold of its classifier, which has to be there."""
    changed = copy.deepcopy(spec)
    classifier_of(changed)["threshold"] = threshold
    return changed
