"""Doubled voxels, written so that ONNX Runtime is quick at them.

ONNX Runtime goes voxel by voxel through a nearest Resize of five axes, and copies rows in one of four axes that doubles the
last two. So the first is written as the second, with depth as a further image, and depth is doubled by repeating slices.
Nothing is calculated: the numbers stay the same to the bit.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference

TWICE = (1.0, 1.0, 2.0, 2.0)


def quick_doubling(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every Resize that doubles voxels of (N, C, D, H, W) written anew; others stay as they are."""
    shapes = known_shapes(model)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        size = doubled_size(node, shapes)
        nodes.extend([node] if size is None else written(model.graph, node, *size))
    if len(nodes) > len(model.graph.node):
        nodes = needed(nodes, {value.name for value in model.graph.output})
        used = {name for node in nodes for name in node.input}
        constants = [value for value in model.graph.initializer if value.name in used]
        for field, values in (("node", nodes), ("initializer", constants)):
            model.graph.ClearField(field)
            getattr(model.graph, field).extend(values)
    return model


def needed(nodes: list[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    """Nodes that the outputs come from, in their order: what told a Resize its size is of no use without it."""
    used, kept = set(outputs), []
    for node in reversed(nodes):
        if used & set(node.output):
            kept.append(node)
            used.update(node.input)
    return kept[::-1]


def known_shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """Sizes of each tensor; 0 where one is free."""
    graph = shape_inference.infer_shapes(model).graph
    values = [*graph.input, *graph.value_info, *graph.output]
    return {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim] for value in values}


def doubled_size(node: onnx.NodeProto, shapes: dict[str, list[int]]) -> tuple[list[int], int] | None:
    """(sizes that go in, factor along depth), for a nearest Resize that repeats each voxel and whose sizes but N are fixed."""
    if node.op_type != "Resize":
        return None
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    repeats = (b"nearest", b"asymmetric", b"floor")
    if tuple(attributes.get(n) for n in ("mode", "coordinate_transformation_mode", "nearest_mode")) != repeats:
        return None
    size, made = shapes.get(node.input[0], []), shapes.get(node.output[0], [])
    if len(size) != 5 or len(made) != 5 or 0 in size[1:]:
        return None
    depth = made[2] // size[2]
    twice = [size[1], depth * size[2], 2 * size[3], 2 * size[4]]
    return (size, depth) if depth in (1, 2) and made[1:] == twice else None


def written(
    graph: onnx.GraphProto, node: onnx.NodeProto, size: list[int], along_depth: int
) -> Iterator[onnx.NodeProto]:
    """Nodes in the place of `node`; their constants go into `graph`."""
    _, channels, depth, height, width = size
    source, target = node.input[0], node.output[0]

    def constant(what: str, values: np.ndarray) -> str:
        name = f"{target}.{what}"
        graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def reshaped(name: str, what: str, to: list[int]) -> onnx.NodeProto:
        return helper.make_node(
            "Reshape", [name, constant(f"{what}.shape", np.array(to, np.int64))], [f"{target}.{what}"]
        )

    images = reshaped(source, "images", [-1, depth, height, width])
    yield images
    doubled = f"{target}.doubled"
    scales = constant("twice", np.array(TWICE, np.float32))
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    yield helper.make_node("Resize", [images.output[0], "", scales], [doubled], **nearest)
    if along_depth == 2:
        slices = reshaped(doubled, "slices", [-1, depth, 1, 4 * height * width])
        yield slices
        doubled = f"{target}.repeated"
        twice = constant("repeat", np.array([1, 1, 2, 1], np.int64))
        yield helper.make_node("Expand", [slices.output[0], twice], [doubled])
    volume = [-1, channels, along_depth * depth, 2 * height, 2 * width]
    yield helper.make_node("Reshape", [doubled, constant("shape", np.array(volume, np.int64))], [target])
