"""The segmenter of boxes and the detector as ONNX graphs.

What doesn't depend on the sample runs in the encoder: the whole of the decoder's entry at the finest level. The decoder
draws nothing: dropout masks (T, C, 1, 1, 1) and noise (T, rank) are inputs, and logits leave it summed, one map a sample.
"""

from pathlib import Path

import onnx
import torch
from torch import nn

from ..config import BOX_SIZE, MULTIPLE, SLICES
from ..networks.box_network import BoxNetwork
from ..networks.network import Network, no_clicks
from .chain_contract import EMBEDDINGS
from .graphs import write_graph
from .lean import lean


class BoxEncoderGraph(nn.Module):
    """The encoder, and the decoder's entry at its finest level."""

    def __init__(self, network: BoxNetwork) -> None:
        super().__init__()
        self.encoder, self.enter0 = network.encoder, network.decoder.enter0

    def forward(self, box: torch.Tensor) -> tuple[torch.Tensor, ...]:
        e0, *others = self.encoder(box)
        return (self.enter0(e0), *others)


class BoxDecoderGraph(nn.Module):
    """The decoder on the embeddings of `BoxEncoderGraph`; logits (T, 1, D, H, W)."""

    def __init__(self, network: BoxNetwork) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(
        self,
        e0: torch.Tensor,
        e1: torch.Tensor,
        e2: torch.Tensor,
        e3: torch.Tensor,
        clicks: torch.Tensor,
        drop0: torch.Tensor,
        drop1: torch.Tensor,
        drop2: torch.Tensor,
        noise: torch.Tensor,
    ) -> torch.Tensor:
        logits, _ = self.decoder.decoded([e0, e1, e2, e3], clicks, [drop0, drop1, drop2])
        return logits[:, :1] + (logits[:, 1:] * noise[..., None, None, None]).sum(1, keepdim=True)


class DetectorGraph(nn.Module):
    """Encoder and decoder in one, without clicks and without dropout: slices in, logits (1, 1, H, W) out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, slices: torch.Tensor, offsets_mm: torch.Tensor) -> torch.Tensor:
        embeddings = self.network.encoder(slices, offsets_mm)
        masks = self.network.masks(1, "cpu", drop=False)
        return self.network.decoder(embeddings, no_clicks(slices), masks)


def export_member(network: BoxNetwork, encoder: Path, decoder: Path) -> None:
    """Writes one member of the segmenter: boxes of one size, any number of samples."""
    samples = torch.export.Dim("samples")
    first = BoxEncoderGraph(network).eval()
    box = torch.rand(1, 1, *BOX_SIZE)
    write_graph(first, (box,), ["box"], list(EMBEDDINGS), [None], encoder)
    masks = [torch.ones(3, channels, 1, 1, 1) for channels, _ in network.config.dropout()]
    inputs = (
        *(e.detach() for e in first(box)),
        torch.rand(1, 2, *BOX_SIZE),
        *masks,
        torch.randn(3, network.config.rank),
    )
    names = [*EMBEDDINGS, "clicks", *(f"drop{n}" for n in range(len(masks))), "noise"]
    shapes = [*([None] * 5), *([{0: samples}] * (len(masks) + 1))]
    write_graph(BoxDecoderGraph(network).eval(), inputs, names, ["logits"], shapes, decoder)


def export_detector(network: Network, path: Path) -> None:
    """Writes the detector: slices of any height and width that are multiples of `MULTIPLE`."""
    height, width = (torch.export.Dim(name) for name in ("height", "width"))
    side = 4 * MULTIPLE
    inputs = (torch.rand(1, SLICES, side, side + MULTIPLE), torch.zeros(1, SLICES))
    grid = {2: MULTIPLE * height, 3: MULTIPLE * width}
    write_graph(DetectorGraph(network).eval(), inputs, ["slices", "offsets_mm"], ["logits"], [grid, None], path)
    onnx.save(lean(onnx.load(path)), path)
