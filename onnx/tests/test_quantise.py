"""A graph in 8 bits: what is in them, what stays in float32, and how near its answer is."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sam2lung_train.export.quantise import in_8_bits, quantised

AROUND = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
MULTIPLE = 16


def made_detector() -> onnx.ModelProto:
    """(1, 7, 16h, 16w) and (1, 7) to logits (1, 1, 16h, 16w): a first convolution, two of 16 channels, logits."""
    draw = np.random.default_rng(0)
    widths = [7, 16, 16, 16, 1]
    nodes, values, name = [], {}, "slices"
    for n, (a, b) in enumerate(zip(widths, widths[1:])):
        values[f"w{n}"] = (draw.normal(size=(b, a, 3, 3)) / np.sqrt(9 * a / 2)).astype(np.float32)
        values[f"b{n}"] = draw.normal(size=b, scale=0.1).astype(np.float32)
        nodes.append(helper.make_node("Conv", [name, f"w{n}", f"b{n}"], [f"conv{n}"], **AROUND))
        nodes.append(helper.make_node("Relu", [f"conv{n}"], [f"relu{n}"]))
        name = f"relu{n}"
    nodes[-1] = helper.make_node("ReduceSum", ["offsets_mm", "along"], ["far"], keepdims=0)
    nodes.append(helper.make_node("Mul", ["far", "nothing"], ["none"]))
    nodes.append(helper.make_node("Add", ["conv3", "none"], ["logits"]))
    values |= {"along": np.array([0, 1]), "nothing": np.float32(0)}
    grid = [f"{MULTIPLE}*h", f"{MULTIPLE}*w"]
    sizes = {"slices": [1, 7, *grid], "offsets_mm": [1, 7], "logits": [1, 1, *grid]}
    told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()]
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "g", told[:2], told[2:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    return model


def feed(seed: int) -> dict[str, np.ndarray]:
    slices = np.random.default_rng(seed).uniform(size=(1, 7, 32, 48)).astype(np.float32)
    return {"slices": slices, "offsets_mm": np.zeros((1, 7), np.float32)}


def answer(model: onnx.ModelProto, fed: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, fed)[0]


@pytest.fixture(scope="module")
def both() -> tuple[onnx.ModelProto, onnx.ModelProto]:
    return made_detector(), quantised(made_detector(), [feed(seed) for seed in range(3)])


def test_quantised_answer_is_near_and_not_the_same(both):
    before, after = (answer(model, feed(9)) for model in both)
    off, size = (float(np.sqrt(np.mean(values**2))) for values in (before - after, before))
    # A weight's step is 1/63 of its channel's largest, about 3 standard deviations of normal ones, and a rounding is off by
    # step / sqrt(12): 1.4 % a layer. Two layers and their images (8 bits, less): 2 to 3 %.
    assert 0 < off < 0.05 * size


def test_quantised_first_and_last_convolution_stay_in_float32(both):
    names = list(in_8_bits(named(both[0])))
    assert names == ["conv1", "relu1", "conv2", "relu2"]
    weights = {value.name for value in both[1].graph.initializer if value.data_type == TensorProto.FLOAT}
    assert {"w0", "w3"} <= weights and not {"w1", "w2"} & weights


def test_quantised_weights_leave_room_for_two_products_in_16_bits(both):
    eights = [v for v in both[1].graph.initializer if v.data_type == TensorProto.INT8 and len(v.dims) == 4]
    largest = [int(np.abs(numpy_helper.to_array(value).astype(int)).max()) for value in eights]
    assert len(largest) == 2 and all(2 * 255 * value < 2**15 for value in largest)
    assert min(largest) > 32  # and use the room that there is


def named(model: onnx.ModelProto) -> onnx.ModelProto:
    for node in model.graph.node:
        node.name = node.output[0]
    return model
