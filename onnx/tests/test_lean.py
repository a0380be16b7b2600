"""A detector's graph without needless arithmetic says the same; what a rule doesn't fit stays as it is."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sam2lung_train.errors import UserError
from sam2lung_train.export import contract
from sam2lung_train.export.lean import POINT, lean
from sam2lung_train.export.rewrite import ROUNDING, check_same, length, rewrite, same

NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
AROUND = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}


def detector(**other: object) -> onnx.ModelProto:
    """Slices (1, 3, 2h, 2w) to logits (1, 1, 2h, 2w), written as PyTorch exports a detector; `other`: what is unusual."""
    draw = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return draw.normal(size=shape).astype(np.float32)

    ones = np.ones((1, 6, 1, 1), np.float32)
    constants = {
        "fine.w": weights(4, 3, 3, 3), "fine.b": weights(4), "coarse.w": weights(6, 4, 3, 3), "coarse.b": weights(6),
        "two": np.array([2]), "one": np.array([1]), "clicks.w": weights(5, 2, 1, 1), "clicks.b": weights(5),
        "level1.w": weights(4, 5, 1, 1), "level2.w": weights(6, 5, 1, 1), "ones": other.get("ones", ones),
        "scales": np.array([1, 1, 2, 2], np.float32), "four": np.array([1, 1, 1, 1]), "mix.w": weights(4, 10, 1, 1),
        "mix.b": weights(4), "token": weights(1, 4, 1, 1), "last": weights(),
    }  # fmt: skip
    node = helper.make_node
    zeros = numpy_helper.from_array(np.zeros(1, np.float32))
    nodes = [
        node("Conv", ["slices", "fine.w", "fine.b"], ["fine"], **AROUND),
        node("Conv", ["fine", "coarse.w", "coarse.b"], ["coarse"], **AROUND, strides=[2, 2]),
        node("Shape", ["slices"], ["height"], start=2, end=3),
        node("Shape", ["slices"], ["width"], start=3, end=4),
        node("Concat", ["one", "two", "height", "width"], ["size"], axis=0),
        node("ConstantOfShape", ["size"], ["empty"], value=zeros),
        node("Conv", ["empty", "clicks.w", "clicks.b"], ["features"], **POINT),
        node("Relu", ["features"], ["felt"]),
        node("AveragePool", ["felt"], ["wider"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["wider", "level2.w"], ["prompt2"], **POINT),
        node("Conv", ["felt", "level1.w"], ["prompt1"], **POINT),
        node("Sigmoid", ["coarse"], ["attended"]),
        node("Add", ["attended", "prompt2"], ["prompted"]),
        node("Mul", ["prompted", "ones"], ["kept"]),
        node("Resize", ["kept", "", "scales"], ["doubled"], **{**NEAREST, **other.get("resize", {})}),
        node("Expand", ["fine", "four"], ["expanded"]),
        node("Concat", ["doubled", "expanded"], ["beside"], axis=1),
        node("Conv", ["beside", "mix.w", "mix.b"], ["mixed"], **POINT),
        node("Add", ["mixed", "prompt1"], ["joined"]),
        node("Relu", ["joined"], ["looked"]),
        node("Mul", ["looked", "token"], ["weighed"]),
        node("ReduceSum", ["weighed", "one"], ["summed"], keepdims=1),
        node("Add", ["summed", "last"], ["logits"]),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, "2*h", "2*w"])
        for name, channels in (("slices", 3), ("logits", 1))
    ]
    named = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "g", values[:1], values[1:], named), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 9
    mixed = helper.make_tensor_value_info("mixed", TensorProto.FLOAT, [1, 4, "2*h", "2*w"])
    model.graph.value_info.append(mixed)
    onnx.checker.check_model(model, full_check=True)
    return model


def answer(model: onnx.ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    slices = np.random.default_rng(1).normal(size=(1, 3, 12, 16)).astype(np.float32)
    return session.run(None, {"slices": slices})[0]


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    return onnx.ModelProto.FromString(model.SerializeToString())


def test_lean_detector_says_the_same_with_half_of_the_nodes():
    before = detector()
    after = lean(copied(before))
    onnx.checker.check_model(after, full_check=True)
    convs = ["Conv", "Conv", "Sigmoid", "Add", "Conv", "Resize", "Conv", "Add", "Relu", "Conv"]
    assert kinds(after) == convs
    assert same(answer(before), answer(after), ROUNDING)
    low = next(node for node in after.graph.node if node.op_type == "Resize").input[0]
    assert low == "mixed.coarse"
    told = {value.name: value.type for value in after.graph.value_info}
    assert told["mixed.doubled"] == told["mixed.fine"] == told["mixed"]


def test_lean_detector_written_again_stays_as_it_is():
    once = lean(detector()).SerializeToString()
    assert lean(onnx.ModelProto.FromString(once)).SerializeToString() == once


@pytest.mark.parametrize(
    ("other", "stays"),
    [
        ({"ones": np.full((1, 6, 1, 1), 1.5, np.float32)}, {"Mul": 1}),
        ({"resize": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}}, {"Concat": 1}),
    ],
    ids=["a mask that drops", "linear doubling"],
)
def test_lean_detector_keeps_what_a_rule_does_not_fit(other, stays):
    before = detector(**other)
    after = lean(copied(before))
    assert {kind: kinds(after).count(kind) for kind in stays} == stays
    assert same(answer(before), answer(after), ROUNDING)


def test_lean_keeps_a_constant_image_that_spreads_what_it_is_added_to():
    """(1, 2, 1, 1) plus an image of (1, 2, h, w) is an image."""
    node = helper.make_node
    constants = {"weight": np.ones((2, 1, 1, 1), np.float32), "bias": np.ones(2, np.float32), "one": np.array([1])}
    nodes = [
        node("Shape", ["image"], ["grid"], start=2, end=4),
        node("Concat", ["one", "one", "grid"], ["size"], axis=0),
        node("ConstantOfShape", ["size"], ["empty"]),
        node("Conv", ["empty", "weight", "bias"], ["same"], **POINT),
        node("Add", ["each", "same"], ["y"]),
    ]
    sizes = {"image": [1, 2, "h", "w"], "each": [1, 2, 1, 1], "y": [1, 2, "h", "w"]}
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()]
    named = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    model = helper.make_model(helper.make_graph(nodes, "g", values[:2], values[2:], named))
    before = model.SerializeToString()
    assert lean(model).SerializeToString() == before


def test_lean_of_a_graph_without_any_of_it_is_the_same_file():
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, 4, 4]) for name in "xy")
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y]))
    before = model.SerializeToString()
    assert lean(model).SerializeToString() == before


def bundle_of(folder: Path, role: str) -> Path:
    folder.mkdir()
    onnx.save(detector(), folder / "graph.onnx")
    members = [{"graph": contract.graph_fields(folder, "graph.onnx")}]
    (folder / contract.FILE).write_text(json.dumps({"schema_version": 2, role: {"members": members}}))
    return folder


def test_rewrite_makes_a_detector_lean_and_leaves_a_segmenter(tmp_path):
    assert rewrite(bundle_of(tmp_path / "detects", "detect"), tmp_path / "new", "1.0.1") == ["graph.onnx"]
    assert "Mul" not in kinds(onnx.load(tmp_path / "new/graph.onnx"))
    with pytest.raises(UserError, match="nothing to do"):
        rewrite(bundle_of(tmp_path / "segments", "segment"), tmp_path / "other", "1.0.1")


def test_check_same_of_a_detector_that_moves_by_more_than_rounding_is_refused(tmp_path):
    model = detector()
    onnx.save(model, tmp_path / "a.onnx")
    last = next(value for value in model.graph.initializer if value.name == "last")
    last.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(last) + np.float32(0.01), "last"))
    onnx.save(model, tmp_path / "b.onnx")
    with pytest.raises(UserError, match="other numbers"):
        check_same(tmp_path / "a.onnx", tmp_path / "b.onnx", ROUNDING)


def test_length_of_an_axis_keeps_its_multiple():
    assert [length(size) for size in (7, "samples", "16*height")] == [7, 2, 32]
