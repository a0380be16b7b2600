"""Writes AutoSAM2's two networks as a hybrid bundle."""

import datetime
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..config import (
    AUTO_SAM2_BOX,
    AUTO_SAM2_MULTIPLE,
    AUTO_SAM2_SHARES,
    MULTIPLE,
    SMALLEST_MM3,
    WINDOW_HU,
    AutoSam2Config,
    AutoSam2TrainConfig,
)
from ..data.nested_phantom import REGIONS
from ..networks.auto_sam2 import CoarseUNet, FineNetwork, load_auto_sam2
from ..run_folder import RunFolder
from .contract import ATTRIBUTION, NODULE, SCHEMA, graph_fields, write
from .graphs import write_graph

COARSE_FILE, FINE_FILE = "coarse.onnx", "fine.onnx"
COLOURS = ([204, 121, 167], [86, 180, 233], [230, 159, 0])
REGION_COLOURS = ([0, 158, 115], [213, 94, 0], [240, 228, 66])

Spec = dict[str, Any]


class FineGraph(nn.Module):
    """The fine network for one slice, its inputs in the contract's order."""

    def __init__(self, network: FineNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, slices: torch.Tensor, points: torch.Tensor, labels: torch.Tensor, box: torch.Tensor, coarse: torch.Tensor
    ) -> torch.Tensor:
        return self.network(slices, points, labels, box, coarse)


def export_graphs(coarse: CoarseUNet, fine: FineNetwork, config: AutoSam2Config, folder: Path) -> None:
    """Writes both graphs: boxes of one size; slices of any height and width that are multiples of `MULTIPLE`."""
    channels, count = len(config.channels), config.positive + config.negative
    box = torch.randn(1, channels, *AUTO_SAM2_BOX)
    write_graph(coarse.eval(), (box,), ["boxes"], ["logits", "middle"], [None], folder / COARSE_FILE)
    height, width = (torch.export.Dim(name, min=2) for name in ("height", "width"))
    rows, columns = 4 * MULTIPLE, 5 * MULTIPLE
    steps = MULTIPLE // config.feature_px
    inputs = (
        torch.randn(1, channels, rows, columns),
        torch.rand(1, count, 2) * rows,
        torch.ones(1, count),
        torch.tensor([[1.0, 2.0, rows - 2.0, rows - 1.0]]),
        torch.randn(1, config.widths[1], rows // config.feature_px, columns // config.feature_px),
    )
    shapes = [
        {2: MULTIPLE * height, 3: MULTIPLE * width}, None, None, None, {2: steps * height, 3: steps * width}
    ]  # fmt: skip
    names = ["slices", "points", "labels", "box", "middle"]
    write_graph(FineGraph(fine).eval(), inputs, names, ["logits"], shapes, folder / FINE_FILE)


def channel_fields(config: AutoSam2TrainConfig) -> list[Spec]:
    if config.data == "lidc":
        return [{"name": "CT", "unit": "HU", "normalise": {"window": list(WINDOW_HU)}}]
    normalise = {"z_score": "non_zero"}
    return [{"name": name, "unit": "arbitrary", "normalise": normalise} for name in config.network.channels]


def class_fields(config: AutoSam2TrainConfig) -> Spec:
    """Classes, regions and what the label map numbers."""
    if config.data == "lidc":
        return {"classes": [NODULE], "output": "instances"}
    classes = [{"name": name, "colour": colour} for name, colour in zip(config.network.classes, COLOURS)]
    regions = zip(REGIONS.items(), REGION_COLOURS)
    return {
        "classes": classes,
        "regions": [{"name": name, "of": list(of), "colour": colour} for (name, of), colour in regions],
        "output": "regions",
    }


def hybrid_fields(config: AutoSam2Config, share: float, folder: Path) -> Spec:
    """The role `segment`."""
    softmax = {"activation": "softmax"}
    grid = {"spacing_mm": list(config.spacing_mm), "multiple": AUTO_SAM2_MULTIPLE, "size": list(AUTO_SAM2_BOX)}
    return {
        "kind": "hybrid",
        "calibration": softmax,
        "hybrid": {
            "coarse": {
                "kind": "patch",
                "grid": grid | {"overlap": 0.5, "blend": "gaussian", "beyond": "repeat"},
                "members": [{"graph": graph_fields(folder, COARSE_FILE)}],
                "tensors": {"image": "boxes", "logits": "logits"},
                "calibration": softmax,
            },
            "fine": {
                "kind": "slice",
                "grid": {"spacing_mm": [None, *config.spacing_mm[1:]], "multiple": MULTIPLE},
                "whole_slice": True,
                "members": [{"graph": graph_fields(folder, FINE_FILE)}],
                "tensors": {"image": "slices", "logits": "logits"},
                "calibration": softmax,
            },
            "share_of_slices": share,
            "fine_weights": [0.5] * len(config.classes),
            "prompts": {
                "points": "points",
                "labels": "labels",
                "box": "box",
                "positive": config.positive,
                "negative": config.negative,
                "threshold": config.threshold,
                "ring_mm": list(config.ring_mm),
                "box_margin_mm": config.box_margin_mm,
            },
            "features": [
                {
                    "output": "middle",
                    "input": "middle",
                    "channels": config.widths[1],
                    "stride": 2,
                    "fine_stride": config.feature_px,
                }
            ],
        },
    }


def model_json(config: AutoSam2TrainConfig, share: float, folder: Path, version: str, training: Spec) -> Spec:
    """The contract of the graphs in `folder`."""
    lung = config.data == "lidc"
    made = "made heads (sam2lung_train.data.nested_phantom), no patient"
    return {
        "schema_version": SCHEMA,
        "name": f"auto-sam2-{config.data}",
        "version": version,
        "channels": channel_fields(config),
        **class_fields(config),
        "segment": hybrid_fields(config.network, share, folder),
        "sampling": {"samples": 1},
        "decision": {"threshold": 0.5, "min_volume_mm3": SMALLEST_MM3 if lung else 0.0},
        "provenance": {
            "data": "LIDC-IDRI training patients" if lung else made,
            "licence": "weights: MIT OR Apache-2.0" + (", with the attribution of the data" if lung else ""),
            "attribution": ATTRIBUTION if lung else "sam2lung contributors",
            "training": training,
        },
    }


def export_auto_sam2(run: Path, bundle: Path, version: str, share: float = AUTO_SAM2_SHARES[1]) -> None:
    """Writes the ONNX files and model.json, complete or not at all."""
    checkpoint = RunFolder(run).checkpoint
    coarse, fine, config = load_auto_sam2(checkpoint)
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    training = {
        "steps": state["steps"],
        "minutes": round(state["seconds"] / 60, 1),
        "config": state["config"],
        "exported": datetime.date.today().isoformat(),
    }
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent) as scratch:
        made = Path(scratch) / "bundle"
        made.mkdir()
        export_graphs(coarse, fine, config.network, made)
        write(made, model_json(config, share, made, version, training))
        if bundle.exists():
            shutil.rmtree(bundle)
        made.rename(bundle)
    print(f"{bundle}: {sum(f.stat().st_size for f in bundle.iterdir()) / 1e6:.1f} MB")
