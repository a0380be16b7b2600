"""Doubled voxels: written anew they are the same, and what isn't one of them stays as it is."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sam2lung_train.errors import UserError
from sam2lung_train.export import contract
from sam2lung_train.export.doubling import quick_doubling
from sam2lung_train.export.rewrite import check_same, rewrite

SIZE = [2, 3, 4, 5]  # C, D, H, W


def resized(scales: list[float], by_sizes: bool = False, **attributes: str) -> onnx.ModelProto:
    """One Resize of (samples, *SIZE), followed by a Relu."""
    words = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"} | attributes
    made = [round(n * scale) for n, scale in zip(SIZE, scales[1:])]
    if by_sizes:  # as PyTorch exports it
        nodes = [
            helper.make_node("Shape", ["x"], ["count"], start=0, end=1),
            helper.make_node("Concat", ["count", "others"], ["sizes"], axis=0),
            helper.make_node("Resize", ["x", "", "", "sizes"], ["resized"], **words),
        ]
        constants = [numpy_helper.from_array(np.array(made, np.int64), "others")]
    else:
        nodes = [helper.make_node("Resize", ["x", "", "scales"], ["resized"], **words)]
        constants = [numpy_helper.from_array(np.array(scales, np.float32), "scales")]
    nodes.append(helper.make_node("Relu", ["resized"], ["y"]))
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["samples", *size])
        for name, size in (("x", SIZE), ("y", made))
    ]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], constants)
    shape = [helper.make_tensor_value_info("resized", TensorProto.FLOAT, ["samples", *made])]
    graph.value_info.extend(shape)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    return model


def answer(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("by_sizes", [False, True])
@pytest.mark.parametrize("scales", [[1, 1, 1, 2, 2], [1, 1, 2, 2, 2]])
def test_doubling_written_anew_repeats_each_voxel(scales, by_sizes):
    model = quick_doubling(resized(scales, by_sizes))
    onnx.checker.check_model(model, full_check=True)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Resize") == 1 and "Reshape" in kinds and "Concat" not in kinds
    x = np.random.default_rng(1).normal(size=(3, *SIZE)).astype(np.float32)
    expected = np.maximum(x, 0)
    for axis, scale in enumerate(scales):
        expected = expected.repeat(scale, axis)
    np.testing.assert_array_equal(answer(model, x), expected)


@pytest.mark.parametrize(
    "model",
    [
        resized([1, 1, 1, 2, 2], mode="linear", coordinate_transformation_mode="half_pixel"),
        resized([1, 1, 2, 4, 4]),
        resized([1, 1, 2, 1, 2]),
    ],
    ids=["linear", "four times", "along two axes"],
)
def test_doubling_of_anything_else_stays_as_it_is(model):
    before = model.SerializeToString()
    assert quick_doubling(model).SerializeToString() == before


def bundle_of(folder: Path, model: onnx.ModelProto) -> Path:
    folder.mkdir()
    onnx.save(model, folder / "graph.onnx")
    members = [{"graph": contract.graph_fields(folder, "graph.onnx")}]
    (folder / contract.FILE).write_text(
        json.dumps({"schema_version": 2, "version": "1.0.0", "segment": {"members": members}})
    )
    return folder


def test_rewrite_of_a_bundle_keeps_what_it_was_and_hashes_what_changed(tmp_path):
    bundle = bundle_of(tmp_path / "bundle", resized([1, 1, 2, 2, 2]))
    before = (bundle / "graph.onnx").read_bytes()
    assert rewrite(bundle, tmp_path / "new", "1.0.1") == ["graph.onnx"]
    assert (bundle / "graph.onnx").read_bytes() == before != (tmp_path / "new/graph.onnx").read_bytes()
    spec = contract.read(tmp_path / "new")
    assert spec["version"] == "1.0.1"
    assert spec["segment"]["members"] == [{"graph": contract.graph_fields(tmp_path / "new", "graph.onnx")}]
    with pytest.raises(UserError, match="nothing to do"):
        rewrite(tmp_path / "new", tmp_path / "again", "1.0.2")
    with pytest.raises(UserError, match="exists"):
        rewrite(bundle, tmp_path / "new", "1.0.1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "new"]


def test_check_same_of_graphs_with_other_numbers_is_refused(tmp_path):
    for name, scales in (("a.onnx", [1, 1, 1, 2, 2]), ("b.onnx", [1, 1, 2, 2, 2])):
        onnx.save(resized(scales), tmp_path / name)
    with pytest.raises(UserError, match="other numbers"):
        check_same(tmp_path / "a.onnx", tmp_path / "b.onnx")
