"""The patch kind beside MONAI's sliding window: one network, the same boxes, Gaussian weights."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import torch

from ..evaluation import tables
from .processes import segmented
from .ways import ratio

SHAPE, SIZE, SPACING_MM = (96, 192, 192), (32, 64, 64), (1.0, 1.0, 1.0)  # k, j, i


@dataclass(frozen=True)
class Slid:
    """Seconds of each repeat, and the largest difference of the probabilities."""

    ours: list[float]
    monai: list[float]
    difference: float


def network() -> torch.nn.Module:
    """A SegResNet at random weights."""
    from monai.networks.nets import SegResNet

    torch.manual_seed(0)
    return SegResNet(3, init_filters=8, in_channels=1, out_channels=1, blocks_down=(1, 2), blocks_up=(1,)).eval()


def bundle(model: torch.nn.Module, folder: Path) -> Path:
    """Of one graph, boxes as MONAI has them."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {"opset_version": 18, "dynamo": True, "external_data": False, "verbose": False}
    program = torch.onnx.export(
        model, (torch.rand(1, 1, *SIZE),), input_names=["image"], output_names=["logits"], **words
    )
    data = program.model_proto.SerializeToString()
    (folder / "graph.onnx").write_bytes(data)
    contract = {
        "schema_version": 2,
        "name": "seg-res-net",
        "version": "1.0.0",
        "channels": [{"name": "image", "unit": "arbitrary", "normalise": {"standard": {"mean": 0, "deviation": 1}}}],
        "classes": [{"name": "anything", "colour": [230, 159, 0]}],
        "output": "regions",
        "segment": {
            "kind": "patch",
            "grid": {"size": SIZE, "overlap": 0.5, "blend": "gaussian", "beyond": "zero"},
            "members": [{"graph": {"file": "graph.onnx", "sha256": hashlib.sha256(data).hexdigest()}}],
            "tensors": {"image": "image", "logits": "logits"},
            "calibration": {"activation": "sigmoid"},
        },
        "sampling": {"samples": 1},
        "decision": {"threshold": 0.5, "min_volume_mm3": 0},
        "provenance": {},
    }
    (folder / "model.json").write_text(json.dumps(contract))
    return folder


def slid(sam2lung: Path, out: Path, threads: int, repeats: int) -> Slid:
    """Both in turn. Seconds are those within the sliding windows: reading and writing aren't compared."""
    from monai.inferers import sliding_window_inference

    model, before = network(), torch.get_num_threads()
    model_folder = bundle(model, out / "seg-res-net")
    image = np.random.default_rng(0).normal(0, 1, SHAPE).astype(np.float32)
    ct = out / "noise.nii.gz"
    made = nibabel.Nifti1Image(image.T, np.diag([-1.0, -1.0, 1.0, 1.0]))
    made.set_qform(made.affine, 1)
    nibabel.save(made, ct)
    torch.set_num_threads(threads)
    ours, monai, told = [], [], None
    for _ in range(repeats):
        options = ["--model", str(model_folder), "--lung-mask", "off", "--threads", str(threads)]
        ran = segmented(sam2lung, ct, out / "slid", options)
        ours.append(ran.record["timings_s"]["segment"])
        begun = time.perf_counter()
        with torch.no_grad():
            told = sliding_window_inference(
                torch.from_numpy(image)[None, None], SIZE, 1, model, overlap=0.5, mode="gaussian"
            )
        monai.append(time.perf_counter() - begun)
    torch.set_num_threads(before)
    got = np.asarray(nibabel.load(ran.folder / "probability.nii.gz").dataobj).T
    return Slid(ours, monai, float(np.abs(got - torch.sigmoid(told)[0, 0].numpy()).max()))


def table(made: Slid) -> str:
    """One row."""
    size = " × ".join(map(str, SHAPE))
    cells = ["ours, `patch`", f"{np.median(made.ours):.2f}", ratio(made.monai, made.ours), f"{made.difference:.0e}"]
    head = [f"SegResNet, {size} voxels", "Seconds", "MONAI's sliding window ÷ ours", "Probabilities differ by"]
    return tables.table(head, [cells])
