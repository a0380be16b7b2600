"""The patch kind beside MONAI's sliding window: one network, the same boxes, Gaussian weights.

MONAI runs it in PyTorch, as people do; and once more over ONNX Runtime, which says what of the ratio is the engine's: on CPUs
PyTorch takes 3-D convolutions of a single small box by a plain loop (`slow_conv3d`).
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import onnxruntime
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
    monai_onnx: list[float]
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
    by_onnx = predictor(model_folder / "graph.onnx", threads)
    ours, monai, monai_onnx, told = [], [], [], None
    for _ in range(repeats):
        options = ["--model", str(model_folder), "--lung-mask", "off", "--threads", str(threads)]
        ran = segmented(sam2lung, ct, out / "slid", options)
        ours.append(ran.record["timings_s"]["segment"])
        for seconds, by in ((monai, model), (monai_onnx, by_onnx)):
            begun = time.perf_counter()
            with torch.no_grad():
                told = sliding_window_inference(
                    torch.from_numpy(image)[None, None], SIZE, 1, by, overlap=0.5, mode="gaussian"
                )
            seconds.append(time.perf_counter() - begun)
    torch.set_num_threads(before)
    got = np.asarray(nibabel.load(ran.folder / "probability.nii.gz").dataobj).T
    difference = float(np.abs(got - torch.sigmoid(told)[0, 0].numpy()).max())
    return Slid(ours, monai, monai_onnx, difference)


def predictor(graph: Path, threads: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network by ONNX Runtime, as MONAI calls one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda boxes: torch.from_numpy(session.run(None, {"image": boxes.numpy()})[0])


def table(made: Slid) -> str:
    """A row for each way."""
    size = " × ".join(map(str, SHAPE))
    difference = f"probabilities differ by {made.difference:.0e} at most"
    ways = [
        ("ours, `patch`", made.ours, ""),
        ("MONAI's sliding window, PyTorch", made.monai, ""),
        ("MONAI's sliding window over ONNX Runtime", made.monai_onnx, difference),
    ]
    rows = [[words, f"{np.median(seconds):.2f}", ratio(seconds, made.ours), note] for words, seconds, note in ways]
    return tables.table([f"SegResNet, {size} voxels", "Seconds", "÷ ours", ""], rows)
