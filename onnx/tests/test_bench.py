"""The benchmark counts what it says, and what it compares is the same network."""

import json
import os
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sam2lung_train.bench.graphs import in_all, operations

BUNDLE = Path(__file__).resolve().parents[1] / "bundles/default"


def convolution(folder: Path) -> Path:
    """Two channels to four by 3 × 3 without padding, in two groups; then to one by 1 × 1."""
    weights = [
        helper.make_tensor("a", TensorProto.FLOAT, (4, 1, 3, 3), np.ones(36)),
        helper.make_tensor("b", TensorProto.FLOAT, (1, 4, 1, 1), np.ones(4)),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "a"], ["x"], group=2),
        helper.make_node("Relu", ["x"], ["y"]),
        helper.make_node("Conv", ["y", "b"], ["logits"]),
    ]
    sizes = {"image": (1, 2, "h", "w"), "logits": (1, 1, "h2", "w2")}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    path = folder / "graph.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def test_operations_of_convolutions_are_counted_by_hand(tmp_path):
    # 8 × 6 outputs: 4 · 48 of 9 products each, then 48 of 4; two operations a product.
    assert operations(convolution(tmp_path), {"image": (1, 2, 10, 8)}) == 2 * (4 * 48 * 9 + 48 * 4)


def test_operations_of_a_run_grow_with_boxes_and_samples():
    contract = json.loads((BUNDLE / "model.json").read_text())
    voxels = 20 * 48 * 48

    def decoder(boxes, samples):
        elements = {"e0": 16 * voxels * boxes, "logits": voxels * boxes * samples}
        return in_all(BUNDLE, contract, {"file": "decoder0.onnx", "elements": elements})

    once, of_sample = decoder(1, 1), decoder(1, 2) - decoder(1, 1)
    assert 0 < of_sample <= once
    assert decoder(3, 25) == pytest.approx(3 * (once + 24 * of_sample))
    encoder = {"file": "encoder0.onnx", "elements": {"box": 2 * voxels}}
    half = {"file": "encoder0.onnx", "elements": {"box": voxels}}
    assert in_all(BUNDLE, contract, encoder) == pytest.approx(2 * in_all(BUNDLE, contract, half))


def test_published_way_in_pytorch_gives_what_the_bundle_gives():
    pytest.importorskip("torch", reason="SKIPPED: PyTorch is not installed")
    from sam2lung_train.bench.published import AGREE, difference, member

    contract = json.loads((BUNDLE / "model.json").read_text())
    for files in contract["segment"]["members"]:
        assert difference(member(BUNDLE, files), BUNDLE, files, contract) < AGREE


def test_published_way_covers_the_ct_by_boxes_side_by_side():
    pytest.importorskip("torch", reason="SKIPPED: PyTorch is not installed")
    from sam2lung_train.bench.published import boxes_of

    grid = {"size": [20, 48, 48], "spacing_mm": [1.25, 0.6, 0.6]}  # 25 × 28.8 × 28.8 mm
    assert boxes_of(np.array([75.0, 28.8, 29.0]), grid) == 3 * 1 * 2


def probable(path: Path) -> np.ndarray:
    """Where the mean probability is above the bundle's threshold."""
    threshold = json.loads((BUNDLE / "model.json").read_text())["decision"]["threshold"]
    return nibabel.as_closest_canonical(nibabel.load(path)).get_fdata() > threshold


def test_script_finds_what_the_program_finds(tmp_path):
    from sam2lung_train.bench.processes import segmented
    from sam2lung_train.bench.scripted import script

    if not (program := os.environ.get("SAM2LUNG_BIN")):
        pytest.skip("SKIPPED: SAM2LUNG_BIN does not name the built sam2lung")
    ct = tmp_path / "phantom.nii.gz"
    subprocess.run([program, "phantom", ct, "--spacing", "1.2,1.2,3"], check=True, capture_output=True)
    ran = segmented(Path(program), ct, tmp_path / "ours", ["--samples", "5"])
    seconds = script(BUNDLE, ct, tmp_path / "script", samples=5, threads=2)
    assert list(seconds) == ["read", "lungs", "detect", "segment", "nodules", "write"]
    # The library moves each outline to where it should be best, so the answers are compared: other draws; and the script's
    # lungs hold more of the hila, so that it may find more.
    ours, scripted = (probable(folder / "probability.nii.gz") for folder in (ran.folder, tmp_path / "script"))
    assert ours.any() and np.count_nonzero(ours & scripted) / np.count_nonzero(ours) > 0.95
    assert json.loads((tmp_path / "script/nodules.json").read_text())


def test_aims_say_what_was_reached():
    from sam2lung_train.bench.aims import Reached, table

    rows = table(Reached(published=99.9, script=2.0, samples=1.5, outside=0.11, info=0.2, help=0.03)).splitlines()[2:]
    assert [row.rsplit("|", 2)[1].strip() for row in rows] == ["no", "yes", "yes", "no", "yes", "no"]


def test_figures_with_an_aim_are_ratios_of_runs_side_by_side():
    pytest.importorskip("torch", reason="SKIPPED: PyTorch is not installed")
    from types import SimpleNamespace as Made

    from sam2lung_train.bench.bench import reached

    runs = lambda *seconds: [Made(seconds=each) for each in seconds]  # noqa: E731
    ways = Made(
        ours=runs(10, 20, 30),
        one_sample=runs(5, 20, 20),
        scripts=[{"process": 30}, {"process": 40}, {"process": 60}],
        published=Made(seconds=2000),
    )
    stages = [Made(network_seconds=6.0), Made(network_seconds=2.0)]
    got = reached(Made(ways=ways, stages=stages, wall=20.0, starts={"info": [0.4, 0.2, 0.3], "help": [0.01]}))
    assert (got.published, got.script, got.samples, got.outside) == (100, 2, 1.5, 0.6)
    assert (got.info, got.help) == (0.3, 0.01)
