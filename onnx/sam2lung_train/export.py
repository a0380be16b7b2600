"""Writes a checkpoint and a judge as a bundle.

    python -m sam2lung_train.export --run runs/first [--bundle bundles/default] [--version 0.1.0]

A network with a SAM 2 encoder, which is larger than what the library compiles in, goes to RUN/bundle instead of bundles/default.

Reads RUN/checkpoint.pt, RUN/judge.pt (left out when it isn't there) and RUN/calibration.json (defaults when it isn't there); writes the
bundle's ONNX files and model.json, complete or not at all.

What doesn't depend on the dropout sample runs in the encoder: the decoder's first operation at each scale is a 1 x 1
convolution of coarse and fine features together, which is the sum of one convolution each. The fine one moves to the
encoder, the coarse one goes before the doubling of pixels. The numbers stay the same up to rounding.
"""

import argparse
import datetime
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from .config import CLICK_DECAY_MM, EACH_SIDE, INTERPOLATE_ABOVE_MM, LIFT_BELOW_HU, LIFT_TO_HU, NEIGHBOUR_STEP_MM
from .config import PIXEL_MM, SLICES, TRIED_SLICE_MM, WINDOW_HU
from .findings import SIZE, SMALLEST_MM3, SPACING_MM
from .judge import load_judge
from .look import MULTIPLE, load_network
from .model import HALO_PX

OPSET = 18
STRIDES = (1, 2, 4, 8, 16)
DEFAULTS = {
    "temperature": 1.0,
    "bias": 0.0,
    "threshold": 0.5,
    "rates": None,
    "judge_temperature": 1.0,
    "judge_bias": 0.0,
    "judge_threshold": 0.5,
    "judge_points": [],
    "doubt": None,
    "review": {
        "sample_dice_below": None,
        "detection_rate_below": 0.9,
        "nodule_probability_below": None,
        "uncertainty_mean_above": None,
        "expected_dice_below": None,
    },
}
SAMPLING = {"samples": 25, "scout_threshold": 0.03, "scout_margin_mm": 4.0}
ATTRIBUTION = (
    "LIDC-IDRI: Armato SG III et al., The Cancer Imaging Archive, doi 10.7937/K9/TCIA.2015.LO9QL9SX, CC BY 3.0. "
    "Whole CTs from LIDC-IDRI, Lung-Fused-CT-Pathology, CMB-CRC, CPTAC-LSCC and CPTAC-PDA (TCIA, Creative Commons attribution)."
)
FROM_SAM2 = "; the encoder's began at SAM 2's (Ravi N et al., 2024, Apache-2.0)"


class EncoderGraph(nn.Module):
    """The encoder, and at each scale what the decoder needs of it."""

    def __init__(self, network):
        super().__init__()
        self.encoder = network.encoder
        self.fine = nn.ModuleList(split_mix(up)[1] for up in network.decoder.up)

    def forward(self, slices, offsets_mm):
        *skips, coarsest = self.encoder(slices, offsets_mm)
        fine = [conv(skip) for conv, skip in zip(self.fine, reversed(skips))]
        return (*reversed(fine), coarsest)  # strides 1, 2, 4, 8, 16


class DecoderGraph(nn.Module):
    """The decoder on the embeddings of `EncoderGraph`."""

    def __init__(self, network):
        super().__init__()
        decoder = network.decoder
        self.attend, self.score, self.prompt = decoder.attend, decoder.score, decoder.prompt
        self.coarse = nn.ModuleList(split_mix(up)[0] for up in decoder.up)
        self.look = nn.ModuleList(up.look for up in decoder.up)

    def forward(self, e0, e1, e2, e3, e4, clicks, drop0, drop1, drop2, drop3):
        coarsest, *prompts = self.prompt(clicks)
        x = (self.attend(e4) + coarsest) * drop0
        levels = zip(self.coarse, self.look, (e3, e2, e1, e0), prompts, (drop1, drop2, drop3, None))
        for coarse, look, fine, prompt, drop in levels:
            x = look(F.relu(F.interpolate(coarse(x), scale_factor=2.0, mode="nearest") + fine + prompt))
            x = x if drop is None else x * drop
        return self.score(x)


def split_mix(up):
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


def embedding_channels(config):
    """Channels of the embeddings at strides 1, 2, 4, 8, 16."""
    return [*config.decoder_widths[::-1], config.widths[4]]


def export_graphs(network, judge, folder):
    """encoder.onnx, decoder.onnx and, with a judge, judge.onnx."""
    height, width, samples = (torch.export.Dim(name) for name in ("height", "width", "samples"))
    side = 4 * MULTIPLE
    encoder = EncoderGraph(network).eval()
    inputs = (torch.rand(1, SLICES, side, side + MULTIPLE), torch.zeros(1, SLICES))
    names = [f"e{n}" for n in range(len(STRIDES))]
    grid = {2: MULTIPLE * height, 3: MULTIPLE * width}
    write_graph(encoder, inputs, ["slices", "offsets_mm"], names, [grid, None], folder / "encoder.onnx")

    embeddings = [e.detach() for e in encoder(*inputs)]
    clicks = torch.rand(1, 2, *inputs[0].shape[2:])
    masks = [torch.ones(3, channels, 1, 1) for channels, _ in network.dropout()]
    grids = [{2: MULTIPLE // s * height, 3: MULTIPLE // s * width} if s < MULTIPLE else {2: height, 3: width} for s in STRIDES]
    shapes = [*grids, grid, *({0: samples} for _ in masks)]
    write_graph(
        DecoderGraph(network).eval(),
        (*embeddings, clicks, *masks),
        [*names, "clicks", *(f"drop{n}" for n in range(len(masks)))],
        ["logits"],
        shapes,
        folder / "decoder.onnx",
    )
    if judge is not None:
        count = torch.export.Dim("count")
        write_graph(judge.eval(), (torch.rand(3, 3, *SIZE),), ["patch"], ["logit"], [{0: count}], folder / "judge.onnx")


def write_graph(module, inputs, input_names, output_names, dynamic, path):
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
    program.save(str(path), external_data=False)


def is_compact(network):
    return network.config.encoder == "compact"


def bundle_of(network, run):
    """Where a run's bundle lies if nothing else is said: the compiled-in one is for the compact encoder alone."""
    return Path(__file__).resolve().parent.parent / "bundles" / "default" if is_compact(network) else run / "bundle"


def contract(network, calibration, folder, version, training):
    """model.json."""
    config, is_from_sam2 = network.config, bool(training["config"].get("checkpoint"))
    graph = lambda name: {"file": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}  # noqa: E731
    embeddings = zip(embedding_channels(config), STRIDES)
    judge = {
        **graph("judge.onnx"),
        "patch": "patch",
        "logit": "logit",
        "size": list(SIZE),
        "spacing_mm": list(SPACING_MM),
        "temperature": calibration["judge_temperature"],
        "bias": calibration["judge_bias"],
        "threshold": calibration["judge_threshold"],
        "operating_points": calibration["judge_points"],
    } if (folder / "judge.onnx").exists() else None  # fmt: skip
    return {
        "schema_version": 1,
        "name": f"sam2lung-{config.encoder.removeprefix('sam2.1-')}",
        "version": version,
        "kind": "slice",
        "input": {
            "window_hu": list(WINDOW_HU),
            "pixel_mm": PIXEL_MM,
            "neighbours": {
                "each_side": EACH_SIDE,
                "step_mm": NEIGHBOUR_STEP_MM,
                "interpolate_above_mm": INTERPOLATE_ABOVE_MM,
            },
            "multiple": MULTIPLE,
            "lungs": {"lift_below_hu": LIFT_BELOW_HU, "lift_to_hu": LIFT_TO_HU},
        },
        "encoder": {
            **graph("encoder.onnx"),
            "slices": "slices",
            "offsets_mm": "offsets_mm",
            "embeddings": [{"name": f"e{n}", "channels": c, "stride": s} for n, (c, s) in enumerate(embeddings)],
            **({} if is_compact(network) else {"whole_slice": True}),
        },
        "decoder": {
            **graph("decoder.onnx"),
            "dropout": [
                {"name": f"drop{n}", "channels": c, "rate": rate} for n, (c, rate) in enumerate(network.dropout())
            ],
            "clicks": {"name": "clicks", "decay_mm": CLICK_DECAY_MM},
            "logits": "logits",
            "classes": ["nodule"],
            "halo_px": HALO_PX,
        },
        "sampling": SAMPLING,
        "calibration": {"temperature": calibration["temperature"], "bias": calibration["bias"]},
        "decision": {"threshold": calibration["threshold"], "min_volume_mm3": SMALLEST_MM3},
        "judge": judge,
        "doubt": calibration["doubt"],
        "review": calibration["review"],
        "tried": {"slice_mm": TRIED_SLICE_MM},
        "provenance": {
            "data": "LIDC-IDRI training patients and five whole CTs of The Cancer Imaging Archive; see onnx/MODEL_CARD.md",
            "licence": "weights: MIT OR Apache-2.0, with the attribution of the data" + (FROM_SAM2 if is_from_sam2 else ""),
            "attribution": ATTRIBUTION,
            "training": training,
        },
    }


def read_calibration(path):
    """What the steps before have chosen, over the defaults."""
    found = json.loads(path.read_text()) if path.exists() else {}
    return {**DEFAULTS, **found, "review": {**DEFAULTS["review"], **found.get("review", {})}}


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, help="bundles/default, or RUN/bundle of a network with a SAM 2 encoder")
    parser.add_argument("--version", default="0.1.0")
    arguments = parser.parse_args(words)
    calibration, judged = read_calibration(arguments.run / "calibration.json"), arguments.run / "judge.pt"
    network = load_network(arguments.run / "checkpoint.pt", calibration["rates"])
    state = torch.load(arguments.run / "checkpoint.pt", map_location="cpu", weights_only=False)
    training = {
        "steps": state["steps"],
        "minutes": round(state["seconds"] / 60, 1),
        "config": state["config"],
        "exported": datetime.date.today().isoformat(),
    }
    bundle = arguments.bundle or bundle_of(network, arguments.run)
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent) as made:
        folder = Path(made) / "bundle"
        folder.mkdir()
        export_graphs(network, load_judge(judged) if judged.exists() else None, folder)
        spec = contract(network, calibration, folder, arguments.version, training)
        (folder / "model.json").write_text(json.dumps(spec, indent=2) + "\n")
        if bundle.exists():
            shutil.rmtree(bundle)
        folder.rename(bundle)
    print(f"{bundle}: {sum(f.stat().st_size for f in bundle.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
