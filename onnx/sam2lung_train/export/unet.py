"""Writes a U-Net of the field as a bundle: one graph, with its dropout masks as inputs."""

import datetime
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch

from ..config import SMALLEST_MM3
from ..networks.inference import load_unet
from ..networks.unet import UNet
from ..run_folder import RunFolder
from ..systems import System, UnetTrainConfig
from .contract import NODULE, SCHEMA, graph_fields, provenance_fields, write
from .graphs import write_graph

FILE = "unet.onnx"
OVERLAP = 0.5  # of boxes
AGREE_BELOW = 0.7  # mean Dice between samples below which a finding is flagged

Spec = dict[str, Any]


def export_graph(network: UNet, path: Path) -> None:
    """Writes the graph: slices of any size that is a multiple of what the network needs, or boxes of one size; any
    number of samples where there is dropout.
    """
    system = network.system
    masks = network.masks(3, drop=False) if system.rate else []
    names = ["image", *(f"drop{n}" for n in range(len(masks)))]
    if system.dimensions == 2:
        side = 4 * system.multiple
        image, (height, width) = torch.rand(1, system.slices, side, side + system.multiple), map(dim, ("h", "w"))
        space = {2: system.multiple * height, 3: system.multiple * width}
    else:
        image, space = torch.rand(1, 1, *system.size), None
    samples = dim("samples")
    dynamic = [space, tuple({0: samples} for _ in masks)] if masks else [space]
    write_graph(network.eval(), (image, *masks), names, ["logits"], dynamic, path)


def dim(name: str) -> torch.export.Dim:
    return torch.export.Dim(name)


def segmenter_fields(system: System, folder: Path) -> Spec:
    """The role `segment`: boxes that overlap by half, slices, or slabs of the CT's own slices."""
    common = {
        "members": [{"graph": graph_fields(folder, FILE)}],
        "tensors": {"image": "image", "logits": "logits"},
    }
    spacing = {"spacing_mm": list(system.spacing_mm)} if any(system.spacing_mm) else {}
    grid = {**spacing, "multiple": system.multiple}
    if system.dimensions == 2:
        sides = system.slices // 2
        slab = {"neighbours": {"each_side": sides, "step_slices": 1}} if sides else {}
        return {"kind": "slice", "grid": grid, **slab, "halo_px": system.halo_px, **common}
    boxes = {"size": list(system.size), "overlap": OVERLAP, "blend": "gaussian", "beyond": "repeat"}
    dropout = [{"input": f"drop{n}", "channels": c, "rate": r} for n, (c, r) in enumerate(system.dropout())]
    random = {"random": {"dropout": dropout}} if dropout else {}
    return {"kind": "patch", "grid": grid | boxes, **common, **random}


def model_json(config: UnetTrainConfig, folder: Path, version: str, training: Spec) -> Spec:
    """The contract of the graph in `folder`."""
    system = config.of
    sampled = {"review": {"sample_dice_below": AGREE_BELOW, "detection_rate_below": 0.9}} if system.rate else {}
    return {
        "schema_version": SCHEMA,
        "name": config.system,
        "version": version,
        "channels": [{"name": "CT", "unit": "HU", "normalise": {"window": list(system.window_hu)}}],
        "classes": [NODULE],
        "output": "instances",
        "segment": segmenter_fields(system, folder),
        "sampling": {"samples": system.samples, "uncertainty": "variance" if system.rate else "entropy"},
        "decision": {"threshold": system.threshold, "min_volume_mm3": SMALLEST_MM3},
        **sampled,
        "provenance": provenance_fields(training),
    }


def export_unet(run: Path, bundle: Path | None = None, version: str = "0.1.0") -> None:
    """Reads RUN/checkpoint.pt; writes the ONNX file and model.json, complete or not at all. RUN/bundle when left out."""
    folder = RunFolder(run)
    bundle = bundle or folder.bundle
    state = torch.load(folder.checkpoint, map_location="cpu", weights_only=False)
    training = {
        "steps": state["steps"],
        "minutes": round(state["seconds"] / 60, 1),
        "looks": state["looks"],
        "config": state["config"],
        "exported": datetime.date.today().isoformat(),
    }
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent) as scratch:
        made = Path(scratch) / "bundle"
        made.mkdir()
        export_graph(load_unet(folder.checkpoint), made / FILE)
        write(made, model_json(UnetTrainConfig.read(state["config"]), made, version, training))
        if bundle.exists():
            shutil.rmtree(bundle)
        made.rename(bundle)
    print(f"{bundle}: {sum(f.stat().st_size for f in bundle.iterdir()) / 1e6:.1f} MB")
