"""Other people's networks in a patch bundle give what their own sliding window gives.

The peer is MONAI's `sliding_window_inference`: Gaussian weights, half of a box overlapping, the network's own spacing.
Networks have random weights; those of nnU-Net come through examples/nnunet_bundle.py.
"""

import hashlib
import json
import sys
from pathlib import Path

import made_ct
import numpy as np
import pytest
from by_hand import Found

torch = pytest.importorskip("torch", reason="SKIPPED: PyTorch is not installed")
pytest.importorskip("onnxscript", reason="SKIPPED: onnxscript is not installed, which exports networks")
monai = pytest.importorskip("monai", reason="SKIPPED: monai is not installed")

from monai.inferers import sliding_window_inference  # noqa: E402
from monai.networks.nets import DynUNet, SegResNet  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SPACING = (0.75, 0.75, 2.0)
SIZE = (8, 16, 24)
# Larger than a box along each axis, so that boxes overlap and the last is moved back; smaller by an odd number of voxels.
SHAPES = {"larger": (13, 35, 41), "smaller": (5, 35, 19)}
CLOSE = {"atol": 1e-4, "rtol": 0}


def values(shape):
    """Blobs and noise of about ±2: networks answer differently everywhere."""
    k, j, i = np.indices(shape)
    noise = np.random.default_rng(4).normal(0, 0.7, shape)
    return (2 * np.sin(j / 3) * np.cos(i / 4) + np.sin(k) + noise).astype(np.float32)


def seg_res_net():
    return SegResNet(3, init_filters=8, in_channels=1, out_channels=1, blocks_down=(1, 1), blocks_up=(1,))


def dyn_unet():
    return DynUNet(3, 1, 3, [3, 3, 3], [1, 2, 2], [2, 2], filters=[8, 16, 32], norm_name="instance")


def written(network, folder, classes, activation, **fields):
    """The bundle of a network at its own spacing."""
    folder.mkdir()
    options = {"opset_version": 18, "dynamo": True, "external_data": False, "verbose": False}
    names = {"input_names": ["image"], "output_names": ["logits"]}
    program = torch.onnx.export(network, (torch.rand(1, 1, *SIZE),), **names, **options)
    data = program.model_proto.SerializeToString()
    (folder / "graph.onnx").write_bytes(data)
    contract = {
        "schema_version": 2,
        "name": "peer",
        "version": "1.0.0",
        "channels": [{"name": "image", "unit": "arbitrary", "normalise": {"standard": {"mean": 0, "deviation": 1}}}],
        "classes": [{"name": f"class{n}", "colour": [n, 0, 0]} for n in range(classes)],
        "output": "regions",
        "segment": {
            "kind": "patch",
            "grid": {"size": SIZE, "overlap": 0.5, "blend": "gaussian", "beyond": "zero"},
            "members": [{"graph": {"file": "graph.onnx", "sha256": hashlib.sha256(data).hexdigest()}}],
            "tensors": {"image": "image", "logits": "logits"},
            "calibration": {"activation": activation},
            **fields,
        },
        "sampling": {"samples": 1},
        "decision": {"threshold": 0.5, "min_volume_mm3": 0},
        "provenance": {},
    }
    (folder / "model.json").write_text(json.dumps(contract))
    return folder


def slid(network, image, size=SIZE):
    """MONAI's logits [class, k, j, i] of an image [k, j, i]."""
    with torch.no_grad():
        told = sliding_window_inference(
            torch.from_numpy(image)[None, None], size, 1, network, overlap=0.5, mode="gaussian"
        )
    return told[0].numpy()


def probabilities(logits, activation):
    """[class, k, j, i], without the background."""
    told = torch.from_numpy(logits)
    return (told.sigmoid() if activation == "sigmoid" else told.softmax(0)[1:]).numpy()


@pytest.fixture
def find(sam2lung, tmp_path):
    """Runs a bundle over an image of floats; the finding."""

    def run(bundle, image, dtype=np.float32):
        path = made_ct.write(tmp_path / "ct.nii.gz", image, SPACING, dtype=dtype)
        sam2lung.segment(path, "--output", tmp_path / "out", "--model", bundle, "--lung-mask", "off")
        return Found(tmp_path / "out" / "ct")

    return run


def compare(found, wanted, classes):
    """Each class' probabilities; they have to be worth comparing."""
    assert np.ptp(wanted) > 0.3
    for n, name in enumerate(classes):
        got = found.volume(f"probability_{name}" if len(classes) > 1 else "probability")
        np.testing.assert_allclose(got, wanted[n], **CLOSE)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(
    "make, classes, activation", [(seg_res_net, 1, "sigmoid"), (dyn_unet, 2, "softmax")], ids=["SegResNet", "DynUNet"]
)
def test_monai_network_gives_what_its_sliding_window_gives(find, tmp_path, make, classes, activation, shape):
    torch.manual_seed(0)
    network, image = make().eval(), values(shape)
    found = find(written(network, tmp_path / "bundle", classes, activation), image)
    wanted = probabilities(slid(network, image), activation)
    compare(found, wanted, [f"class{n}" for n in range(classes)])


def test_mirrored_samples_are_the_mean_over_mirrored_sliding_windows(find, tmp_path):
    torch.manual_seed(1)
    network, image = seg_res_net().eval(), values(SHAPES["larger"])
    bundle = written(network, tmp_path / "bundle", 1, "sigmoid", random={"flips": ["j", "i"]})
    contract = json.loads((bundle / "model.json").read_text()) | {"sampling": {"samples": 4}}
    (bundle / "model.json").write_text(json.dumps(contract))

    def mirrored_network(axes):
        return lambda box: network(box.flip(axes)).flip(axes) if axes else network(box)

    each = [probabilities(slid(mirrored_network(axes), image), "sigmoid") for axes in ([], [3], [4], [3, 4])]
    compare(find(bundle, image), np.mean(each, axis=0), ["class0"])


# --- nnU-Net ----------------------------------------------------------------------------------------------------------

FOUND = {"mean": -300.0, "std": 400.0, "percentile_00_5": -900.0, "percentile_99_5": 150.0}
LABELS = {"background": 0, "nodule": 1, "vessel": 2}


def plans(order, dimensions):
    """plans.json of a small network; `order` is transpose_forward."""
    size, spacing = [SIZE[axis] for axis in order], [SPACING[::-1][axis] for axis in order]
    layer = "torch.nn.modules.conv.Conv3d" if dimensions == 3 else "torch.nn.modules.conv.Conv2d"
    norm = f"torch.nn.modules.instancenorm.InstanceNorm{dimensions}d"
    words = {
        "n_stages": 3,
        "features_per_stage": [8, 16, 32],
        "conv_op": layer,
        "kernel_sizes": [[3] * dimensions] * 3,
        "strides": [[1] * dimensions, [2] * dimensions, [2] * dimensions],
        "n_conv_per_stage": [1, 1, 1],
        "n_conv_per_stage_decoder": [1, 1],
        "conv_bias": True,
        "norm_op": norm,
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }
    architecture = {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": words,
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
    configuration = {
        "patch_size": size[-dimensions:],
        "spacing": spacing[-dimensions:],
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        "architecture": architecture,
    }
    return {
        "dataset_name": "Dataset001_Lung",
        "transpose_forward": list(order),
        "foreground_intensity_properties_per_channel": {"0": FOUND},
        "configurations": {"base": configuration, "own": {"inherits_from": "base"}},
    }


@pytest.mark.parametrize(
    "order, dimensions, mirrored",
    [((0, 1, 2), 3, "k"), ((2, 0, 1), 3, "i"), ((0, 1, 2), 2, "j")],
    ids=["3d", "turned", "2d"],
)
def test_nnunet_checkpoint_gives_what_the_sliding_window_gives(
    find, tmp_path, monkeypatch, order, dimensions, mirrored
):
    pytest.importorskip(
        "dynamic_network_architectures", reason="SKIPPED: dynamic-network-architectures is not installed"
    )
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    import nnunet_bundle

    torch.manual_seed(2)
    made = plans(order, dimensions)
    network = nnunet_bundle.network_of(nnunet_bundle.configuration_of(made, "own"), 1, len(LABELS)).eval()
    checkpoint = {"network_weights": network.state_dict(), "inference_allowed_mirroring_axes": (0,)}
    torch.save(checkpoint, tmp_path / "checkpoint_final.pth")
    dataset = {"channel_names": {"0": "CT"}, "labels": LABELS}
    nnunet_bundle.make(made, dataset, "own", [tmp_path / "checkpoint_final.pth"], tmp_path / "bundle", mirror=True)
    contract = json.loads((tmp_path / "bundle" / "model.json").read_text())
    assert contract["segment"]["random"]["flips"] == [mirrored]

    hu = np.round(values(SHAPES["smaller"]) * 350 - 400).astype(np.int16)
    fed = (np.clip(hu.astype(np.float32), -900, 150) + 300) / 400
    ours = nnunet_bundle.InOurOrder(network, list(order), dimensions == 2)
    axis = [2 + "kji".index(mirrored)]
    size = contract["segment"]["grid"]["size"]
    each = [slid(ours, fed, size), slid(lambda box: ours(box.flip(axis)).flip(axis), fed, size)]
    wanted = np.mean([probabilities(logits, "softmax") for logits in each], axis=0)
    compare(find(tmp_path / "bundle", hu, np.int16), wanted, ["nodule", "vessel"])


def test_nnunet_regions_are_refused_by_name():
    sys.path.insert(0, str(EXAMPLES))
    import nnunet_bundle

    with pytest.raises(SystemExit, match="regions"):
        nnunet_bundle.classes_of({"labels": {"background": 0, "whole": [1, 2]}})
