"""The way the published method works, in PyTorch, with the default bundle's own weights.

There is no detector: the whole CT goes through encoder and decoder, both anew for each of the T samples (here in the
segmenter's boxes, side by side, where the published network takes slices). On two cores that takes very long, so some
boxes are timed and the rest is scaled by their number.
"""

import json
import time
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from ..aliases import Record
from ..config import BoxConfig
from ..errors import UserError
from ..export.parity import session
from ..networks.box_network import BoxNetwork, sampled

AGREE = 1e-4  # of probabilities


@dataclass(frozen=True)
class Published:
    """What was measured."""

    seconds: float  # of the whole CT, scaled
    boxes: int  # in the whole CT
    timed: int  # passes of encoder and decoder that were timed
    difference: float  # largest, between the probabilities of PyTorch and of the bundle's graphs


def weights(*paths: Path) -> dict[str, torch.Tensor]:
    """Of graphs, by the names of PyTorch."""
    graphs = (onnx.load(path).graph.initializer for path in paths)
    return {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for graph in graphs for one in graph}


def member(bundle: Path, files: Record) -> BoxNetwork:
    """A member of the default bundle's segmenter in PyTorch.

    The export has folded each normalisation into the convolution before it (`NAME.0.weight`, `NAME.0.weight_bias`), and
    the token's query into one vector; they are unfolded as far as the network wants them.

    # Raises UserError for graphs of another network.
    """
    told = weights(bundle / files["encoder"]["file"], bundle / files["decoder"]["file"])
    network = BoxNetwork(BoxConfig()).eval()
    own = network.state_dict()
    for name in own:
        of_export = "decoder." + name.removeprefix("decoder.") if name.startswith("decoder.enter0") else name
        if (value := told.get(of_export, told.get(name.removeprefix("decoder.")))) is not None:
            own[name] = value
    for name, part in network.named_modules():
        if isinstance(part, nn.BatchNorm3d):
            before = name.rsplit(".", 1)[0] + ".0"
            bias = told.get(f"{before}.weight_bias", told.get(f"{before.removeprefix('decoder.')}.weight_bias"))
            if bias is None:
                raise UserError(f"{bundle}: expected the default bundle's segmenter, whose {before} has a bias")
            own[f"{name}.weight"] = torch.full_like(bias, float(np.sqrt(1 + part.eps)))
            own[f"{name}.bias"], own[f"{name}.running_mean"] = bias, torch.zeros_like(bias)
            own[f"{name}.running_var"] = torch.ones_like(bias)
    token, query = own["decoder.token"], told["linear"]
    own["decoder.query.weight"] = torch.outer(query, token) / token.square().sum()
    network.load_state_dict(own)
    return network


@torch.no_grad()
def passed(network: BoxNetwork, box: torch.Tensor, clicks: torch.Tensor, scale: float) -> torch.Tensor:
    """Encoder and decoder for one sample: logits (1, 1, D, H, W)."""
    masks, noise = network.masks(1), torch.randn(1, network.config.rank) * scale
    logits, _ = network.decoder(network.encoder(box), clicks, masks)
    return sampled(logits, noise[:, None])


@torch.no_grad()
def difference(network: BoxNetwork, bundle: Path, files: Record, contract: Record) -> float:
    """Largest difference of the probabilities of three samples of one box."""
    segment = contract["segment"]
    size, rank = segment["grid"]["size"], segment["random"]["noise"][0]["rank"]
    box, clicks = torch.rand(1, 1, *size), torch.rand(1, 2, *size)
    masks, noise = network.masks(3), torch.randn(3, rank)
    logits, _ = network.decoder(network.encoder(box), clicks, masks)
    wanted = sampled(logits, noise[:, None])
    encode, decode = (session(bundle / files[part]["file"]) for part in ("encoder", "decoder"))
    names = [e["name"] for e in segment["tensors"]["embeddings"]]
    feed = dict(zip(names, encode.run(names, {segment["tensors"]["image"]: box.numpy()})))
    feed |= {drop["input"]: mask.numpy() for drop, mask in zip(segment["random"]["dropout"], masks)}
    feed |= {segment["clicks"]["input"]: clicks.numpy(), segment["random"]["noise"][0]["input"]: noise.numpy()}
    (got,) = decode.run(["logits"], feed)
    return float((torch.sigmoid(wanted) - torch.sigmoid(torch.from_numpy(got))).abs().max())


def boxes_of(shape_mm: np.ndarray, grid: Record) -> int:
    """Boxes side by side that hold a volume of that many mm along k, j, i."""
    # A rounding must not cost a box.
    return prod(ceil(mm / (n * step) - 1e-9) for mm, n, step in zip(shape_mm, grid["size"], grid["spacing_mm"]))


def published(bundle: Path, shape_mm: np.ndarray, samples: int, threads: int, timed: int) -> Published:
    """Times `timed` passes and scales them to all boxes of the CT and `samples` samples.

    # Raises UserError where the answers differ by more than `AGREE`: then it isn't the same network.
    """
    contract = json.loads((bundle / "model.json").read_text())
    segment, before = contract["segment"], torch.get_num_threads()
    torch.set_num_threads(threads)
    files = segment["members"][0]
    network = member(bundle, files)
    off = difference(network, bundle, files, contract)
    if off > AGREE:
        raise UserError(
            f"{bundle}: PyTorch's probabilities differ by {off:.1e} from the graphs', expected {AGREE:.0e} at most"
        )
    box, clicks = torch.rand(1, 1, *segment["grid"]["size"]), torch.zeros(1, 2, *segment["grid"]["size"])
    scale = segment["random"]["noise"][0]["scale"]
    passed(network, box, clicks, scale)  # the first one allocates
    begun = time.perf_counter()
    for _ in range(timed):
        passed(network, box, clicks, scale)
    seconds = (time.perf_counter() - begun) / timed
    torch.set_num_threads(before)
    boxes = boxes_of(shape_mm, segment["grid"])
    return Published(seconds * boxes * samples, boxes, timed, off)
