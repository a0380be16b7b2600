"""The networks as ONNX graphs.

What doesn't depend on the dropout sample runs in the encoder: the decoder's first operation at each scale is a 1 x 1
convolution of coarse and fine features together, which is the sum of one convolution each. The fine one moves to the
encoder, the coarse one goes before the doubling of pixels. The numbers stay the same up to rounding.
"""

from pathlib import Path

import onnx
import torch
from torch import nn
from torch.nn import functional as F

from ..config import MULTIPLE, PATCH_SIZE, SLICES
from ..networks.classifier import Classifier
from ..networks.network import Network, Up
from .contract import CLASSIFIER_FILE, DECODER_FILE, ENCODER_FILE, STRIDES
from .doubling import quick_doubling

OPSET = 18


class EncoderGraph(nn.Module):
    """The encoder, and at each scale what the decoder needs of it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.encoder = network.encoder
        self.fine = nn.ModuleList(split_mix(up)[1] for up in network.decoder.up)

    def forward(self, slices: torch.Tensor, offsets_mm: torch.Tensor) -> tuple[torch.Tensor, ...]:
        *skips, coarsest = self.encoder(slices, offsets_mm)
        fine = [conv(skip) for conv, skip in zip(self.fine, reversed(skips))]
        return (*reversed(fine), coarsest)  # strides 1, 2, 4, 8, 16


class DecoderGraph(nn.Module):
    """The decoder on the embeddings of `EncoderGraph`."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        decoder = network.decoder
        self.attend, self.score, self.prompt = decoder.attend, decoder.score, decoder.prompt
        self.coarse = nn.ModuleList(split_mix(up)[0] for up in decoder.up)
        self.look = nn.ModuleList(up.look for up in decoder.up)

    def forward(
        self,
        e0: torch.Tensor,
        e1: torch.Tensor,
        e2: torch.Tensor,
        e3: torch.Tensor,
        e4: torch.Tensor,
        clicks: torch.Tensor,
        drop0: torch.Tensor,
        drop1: torch.Tensor,
        drop2: torch.Tensor,
        drop3: torch.Tensor,
    ) -> torch.Tensor:
        coarsest, *prompts = self.prompt(clicks)
        x = (self.attend(e4) + coarsest) * drop0
        levels = zip(self.coarse, self.look, (e3, e2, e1, e0), prompts, (drop1, drop2, drop3, None))
        for coarse, look, fine, prompt, drop in levels:
            x = look(F.relu(F.interpolate(coarse(x), scale_factor=2.0, mode="nearest") + fine + prompt))
            x = x if drop is None else x * drop
        return self.score(x)


class ClassifierGraph(nn.Module):
    """The classifier with an output (N, 1) for each question."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.classifier(patches)
        return logits[:, :1], logits[:, 1:]


def split_mix(up: Up) -> tuple[nn.Conv2d, nn.Conv2d]:
    """The two halves of an `Up`'s 1 x 1 convolution with its normalisation folded in: of coarse and of fine features."""
    conv, norm = up.mix[0], up.mix[1]
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    weight = conv.weight * scale[:, None, None, None]
    inside = up.look[0].in_channels
    coarse_channels = up.coarse_channels
    coarse = nn.Conv2d(coarse_channels, inside, 1, bias=False)
    fine = nn.Conv2d(weight.shape[1] - coarse_channels, inside, 1)
    with torch.no_grad():
        coarse.weight.copy_(weight[:, :coarse_channels])
        fine.weight.copy_(weight[:, coarse_channels:])
        fine.bias.copy_(norm.bias - norm.running_mean * scale)
    return coarse, fine


def export_graphs(network: Network, classifier: Classifier | None, folder: Path) -> None:
    """Writes encoder, decoder and, if there is one, classifier into `folder`."""
    height, width, samples = (torch.export.Dim(name) for name in ("height", "width", "samples"))
    side = 4 * MULTIPLE
    encoder = EncoderGraph(network).eval()
    inputs = (torch.rand(1, SLICES, side, side + MULTIPLE), torch.zeros(1, SLICES))
    names = [f"e{n}" for n in range(len(STRIDES))]
    grid = {2: MULTIPLE * height, 3: MULTIPLE * width}
    write_graph(encoder, inputs, ["slices", "offsets_mm"], names, [grid, None], folder / ENCODER_FILE)

    embeddings = [e.detach() for e in encoder(*inputs)]
    clicks = torch.rand(1, 2, *inputs[0].shape[2:])
    masks = [torch.ones(3, channels, 1, 1) for channels, _ in network.dropout()]
    grids = [
        {2: MULTIPLE // s * height, 3: MULTIPLE // s * width} if s < MULTIPLE else {2: height, 3: width}
        for s in STRIDES
    ]
    shapes = [*grids, grid, *({0: samples} for _ in masks)]
    write_graph(
        DecoderGraph(network).eval(),
        (*embeddings, clicks, *masks),
        [*names, "clicks", *(f"drop{n}" for n in range(len(masks)))],
        ["logits"],
        shapes,
        folder / DECODER_FILE,
    )
    if classifier is not None:
        export_classifier(classifier, folder / CLASSIFIER_FILE)


def export_classifier(classifier: Classifier, path: Path) -> None:
    """Writes the classifier: any number of patches of one size."""
    patches, count = torch.rand(3, 3, *PATCH_SIZE), torch.export.Dim("count")
    write_graph(ClassifierGraph(classifier).eval(), (patches,), ["patch"], ["logit", "marked"], [{0: count}], path)


def write_graph(
    module: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    input_names: list[str],
    output_names: list[str],
    dynamic: list,
    path: Path,
) -> None:
    program = torch.onnx.export(
        module,
        inputs,
        input_names=input_names,
        output_names=output_names,
        dynamic_shapes=tuple(dynamic),
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    onnx.save(quick_doubling(without_traces(program.model_proto)), path)


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what the exporter notes of its source: lines of code and the paths of the machine they lay on.

    So the same weights give the same file, wherever they are exported.
    """
    for holder in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del holder.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
    return model
