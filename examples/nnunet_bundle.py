"""Makes a bundle of what nnU-Net trained: plans.json, dataset.json and the folds' checkpoints.

    python nnunet_bundle.py --plans plans.json --dataset dataset.json --configuration 3d_fullres \
        --checkpoint fold_0/checkpoint_final.pth fold_1/checkpoint_final.pth --out bundle

Needs torch, onnx, onnxscript and dynamic-network-architectures. What becomes of what, and what stays different:
docs/nnunet.md. A checkpoint is a pickle: use only those that you trust.
"""

import argparse
import hashlib
import json
import re
from pathlib import Path
from pydoc import locate

import torch
from torch import nn

OPSET = 18
COLOURS = ([230, 159, 0], [86, 180, 233], [0, 158, 115], [204, 121, 167], [213, 94, 0], [0, 114, 178], [240, 228, 66])
AXES = "kji"


class InOurOrder(nn.Module):
    """A network of nnU-Net behind our axes: boxes (1, C, D, H, W) along k, j, i in, logits of the same box out.

    `order` says which of our axes each of the network's is (`transpose_forward`). A 2-D network sees boxes of one slice.
    """

    def __init__(self, network: nn.Module, order: list[int], flat: bool) -> None:
        super().__init__()
        self.network, self.flat = network, flat
        self.there = [0, 1, *(2 + axis for axis in order)]
        self.back = [0, 1, *(2 + order.index(axis) for axis in range(3))]

    def forward(self, box: torch.Tensor) -> torch.Tensor:
        box = box.permute(self.there)
        logits = self.network(box[:, :, 0])[:, :, None] if self.flat else self.network(box)
        return logits.permute(self.back)


def configuration_of(plans: dict, name: str) -> dict:
    """A configuration with what it inherits."""
    own = plans["configurations"][name]
    parent = own.get("inherits_from")
    return {**(configuration_of(plans, parent) if parent else {}), **own}


def network_of(configuration: dict, channels: int, outputs: int) -> nn.Module:
    """The network that the plans name, at random weights."""
    architecture = configuration["architecture"]
    words = dict(architecture["arch_kwargs"])
    for name in architecture["_kw_requires_import"]:
        words[name] = locate(words[name]) if words[name] else None
    kind = locate(architecture["network_class_name"])
    return kind(input_channels=channels, num_classes=outputs, deep_supervision=False, **words)


def normalise_of(scheme: str, masked: bool, found: dict) -> dict:
    """How a channel becomes what the network is fed."""
    if scheme == "CTNormalization":
        clip = [found["percentile_00_5"], found["percentile_99_5"]]
        return {"standard": {"mean": found["mean"], "deviation": max(found["std"], 1e-6), "clip": clip}}
    if scheme == "ZScoreNormalization":
        return {"z_score": "non_zero" if masked else "all"}
    if scheme == "NoNormalization":
        return {"standard": {"mean": 0, "deviation": 1}}
    raise SystemExit(f"{scheme}: expected CTNormalization, ZScoreNormalization or NoNormalization")


def plain(name: str) -> str:
    """A name of letters, digits, - and _."""
    return re.sub("[^A-Za-z0-9-]+", "-", name).strip("-") or "channel"


def channels_of(plans: dict, configuration: dict, dataset: dict) -> list[dict]:
    """The volumes that go in."""
    names = dataset.get("channel_names") or dataset["modality"]
    found = plans.get("foreground_intensity_properties_per_channel", {})
    schemes = zip(configuration["normalization_schemes"], configuration["use_mask_for_norm"])
    made = []
    for n, (scheme, masked) in enumerate(schemes):
        unit = "HU" if scheme == "CTNormalization" else "arbitrary"
        normalise = normalise_of(scheme, masked, found.get(str(n), {}))
        made.append({"name": plain(names[str(n)]), "unit": unit, "normalise": normalise})
    return made


def classes_of(dataset: dict) -> list[dict]:
    """The classes without the background, in the order of the logits."""
    labels = {name: value for name, value in dataset["labels"].items() if name != "background"}
    if any(not isinstance(value, int) for value in labels.values()):
        raise SystemExit("labels: expected one number each, got regions (sigmoid), which may overlap")
    ordered = sorted((value, name) for name, value in labels.items() if name != "ignore")
    return [{"name": plain(name), "colour": COLOURS[n % len(COLOURS)]} for n, (_, name) in enumerate(ordered)]


def grid_of(plans: dict, configuration: dict) -> dict:
    """Boxes on our axes: nnU-Net's order of axes undone; of a 2-D configuration boxes of one slice of the CT's own."""
    order = plans.get("transpose_forward", [0, 1, 2])
    size, spacing = list(configuration["patch_size"]), list(configuration["spacing"])
    if len(size) == 2:
        size, spacing = [1, *size], [None, *spacing[-2:]]
    ours = [order.index(axis) for axis in range(3)]
    return {
        "spacing_mm": [spacing[n] for n in ours],
        "size": [size[n] for n in ours],
        "overlap": 0.5,
        "blend": "gaussian",
        "beyond": "zero",
    }


def flips_of(checkpoint: dict, order: list[int], flat: bool) -> list[str]:
    """Our axes along which nnU-Net mirrored in training, and mirrors when it predicts."""
    mirrored = checkpoint.get("inference_allowed_mirroring_axes") or ()
    return sorted((AXES[order[axis + flat]] for axis in mirrored), key=AXES.index)


def export(network: nn.Module, shape: list[int], path: Path) -> str:
    """Writes the graph; its hash."""
    program = torch.onnx.export(
        network.eval(),
        (torch.rand(1, *shape),),
        input_names=["image"],
        output_names=["logits"],
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    path.write_bytes(program.model_proto.SerializeToString(deterministic=True))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(plans: dict, dataset: dict, name: str, checkpoints: list[Path], out: Path, mirror: bool) -> None:
    """Writes the bundle."""
    configuration = configuration_of(plans, name)
    channels, classes = channels_of(plans, configuration, dataset), classes_of(dataset)
    grid, order = grid_of(plans, configuration), plans.get("transpose_forward", [0, 1, 2])
    flat = len(configuration["patch_size"]) == 2
    out.mkdir(parents=True)
    members, flips = [], []
    for n, path in enumerate(checkpoints):
        checkpoint = torch.load(path, map_location="cpu", weights_only=False)
        network = network_of(configuration, len(channels), len(classes) + 1)
        network.load_state_dict(checkpoint["network_weights"])
        flips = flips_of(checkpoint, order, flat) if mirror else []
        file = f"fold{n}.onnx"
        digest = export(InOurOrder(network, order, flat), [len(channels), *grid["size"]], out / file)
        members.append({"graph": {"file": file, "sha256": digest}})
    contract = {
        "schema_version": 2,
        "name": plain(plans.get("dataset_name", "nnunet")),
        "version": "1.0.0",
        "channels": channels,
        "classes": classes,
        "output": "regions",
        "segment": {
            "kind": "patch",
            "grid": grid,
            "members": members,
            "tensors": {"image": "image", "logits": "logits"},
            "random": {"flips": flips},
            "calibration": {"activation": "softmax"},
        },
        "sampling": {"samples": len(members) * 2 ** len(flips)},
        "decision": {"threshold": 0.5, "min_volume_mm3": 0},
        "provenance": {"training": {"plans": plans.get("plans_name"), "configuration": name}},
    }
    (out / "model.json").write_text(json.dumps(contract, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes a sam2lung bundle of what nnU-Net trained.")
    parser.add_argument("--plans", type=Path, required=True, help="plans.json of the trained model")
    parser.add_argument("--dataset", type=Path, required=True, help="dataset.json of the trained model")
    parser.add_argument("--configuration", default="3d_fullres", help="of the plans; default: 3d_fullres")
    parser.add_argument("--checkpoint", type=Path, nargs="+", required=True, help="one a fold; each is a member")
    parser.add_argument(
        "--no-mirror", dest="mirror", action="store_false", help="no mirrored samples: 2, 4 or 8 times as fast"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle, which may not be there yet")
    asked = parser.parse_args()
    plans, dataset = (json.loads(path.read_text()) for path in (asked.plans, asked.dataset))
    make(plans, dataset, asked.configuration, asked.checkpoint, asked.out, asked.mirror)
    print(f"{asked.out}: try 'sam2lung info {asked.out}'")


if __name__ == "__main__":
    main()
