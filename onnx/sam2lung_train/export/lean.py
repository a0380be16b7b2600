"""A detector's graph without arithmetic that its answer doesn't need.

As PyTorch exports it, it takes no clicks and drops nothing, yet blurs an empty click map over all pixels and multiplies by
masks of ones. Coarse pixels are doubled, put beside the fine ones, and only then mixed. And ONNX Runtime keeps pixels in
blocks of 16 channels; what isn't a convolution, or joins what it can't follow, costs the way out of them and back.

Five rules, each by itself; a node that one doesn't fit stays as it is:
- A product with ones and an Expand to ones are left out.
- What is the same at every pixel whatever comes in, one number a channel, is reckoned here and added as that number, within a
  convolution's bias where there is one.
- A 1 x 1 convolution of doubled pixels beside others is the sum of one convolution each, the first before the doubling.
- A sum over channels, each times a constant, is a 1 x 1 convolution.
- A constant added to such a sum is its bias.

Enters and leaves: images (N, C, H, W). Sums come in another order, so numbers move by the rounding of float32, no more.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .doubling import known_shapes, needed

POINT = {"kernel_shape": [1, 1], "pads": [0, 0, 0, 0], "strides": [1, 1]}


class Parts:
    """A model's nodes and constants while they are written anew."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph, self.sizes = model.graph, known_shapes(model)
        self.nodes = list(model.graph.node)
        self.constants = {value.name: numpy_helper.to_array(value) for value in model.graph.initializer}

    def maker(self, name: str) -> onnx.NodeProto | None:
        """The node that `name` comes from; None of an input and of a constant."""
        return next((node for node in self.nodes if name in node.output), None)

    def only_for(self, node: onnx.NodeProto) -> bool:
        """Whether what `node` makes goes into one other node and nowhere else."""
        (name,) = node.output
        uses = sum(list(other.input).count(name) for other in self.nodes)
        return uses == 1 and all(name != value.name for value in self.graph.output)

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants[name] = np.ascontiguousarray(values, np.float32)
        return name

    def size_as(self, name: str, other: str) -> None:
        """Tells that `name` has the size of `other`: where ONNX Runtime knows that, a convolution adds the other image as it
        goes.
        """
        for value in list(self.graph.value_info):
            if value.name == other:
                self.graph.value_info.append(helper.make_value_info(name, value.type))

    def put(self, node: onnx.NodeProto, *written: onnx.NodeProto) -> None:
        """`written` in the place of `node`."""
        at = next(n for n, other in enumerate(self.nodes) if other is node)
        self.nodes[at : at + 1] = written

    def pass_on(self, node: onnx.NodeProto, name: str) -> None:
        """`name` in the place of what `node` makes, which isn't needed any more."""
        (made,) = node.output
        self.put(node)
        for other in self.nodes:
            for n, taken in enumerate(other.input):
                if taken == made:
                    other.input[n] = name

    def is_answer(self, node: onnx.NodeProto) -> bool:
        return any(value.name in node.output for value in self.graph.output)

    def write(self) -> None:
        """Into the model: what its outputs come from."""
        nodes = needed(self.nodes, {value.name for value in self.graph.output})
        used = {name for node in nodes for name in node.input}
        made = {name for node in nodes for name in node.output}
        constants = [numpy_helper.from_array(self.constants[name], name) for name in self.constants if name in used]
        known = [value for value in self.graph.value_info if value.name in made]
        for field, values in (("node", nodes), ("initializer", constants), ("value_info", known)):
            values = [type(value).FromString(value.SerializeToString()) for value in values]
            self.graph.ClearField(field)
            getattr(self.graph, field).extend(values)


def lean(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model written anew by the five rules; byte for byte as it was where none fits."""
    before = [node.SerializeToString() for node in model.graph.node]
    parts = Parts(model)
    for rule in (without_ones, with_constants_added, mixed_before_doubling, summed_by_convolution, with_bias):
        rule(parts)
    if [node.SerializeToString() for node in parts.nodes] != before:
        parts.write()
    return model


def without_ones(parts: Parts) -> None:
    """Leaves out products with ones and Expands to ones that don't change a size."""
    for node in list(parts.nodes):
        if node.op_type not in ("Mul", "Expand") or parts.is_answer(node):
            continue
        source, ones = node.input
        values, size = parts.constants.get(ones), parts.sizes.get(source, [])
        if values is None or not (values == 1).all():
            continue
        told = list(values.shape) if node.op_type == "Mul" else [1] * values.size
        if len(told) <= len(size) and all(n in (1, m) for n, m in zip(told[::-1], size[::-1])):
            parts.pass_on(node, source)


def with_constants_added(parts: Parts) -> None:
    """Adds what is the same at every pixel as one number a channel."""
    same = dict(same_everywhere(parts))
    for node in list(parts.nodes):
        if node.op_type != "Add" or node.input[1] not in same:
            continue
        source, each = node.input[0], same[node.input[1]]
        if parts.sizes.get(source, [])[2:] != parts.sizes.get(node.output[0], [0])[2:]:
            continue  # what it is added to is smaller than the image
        before = parts.maker(source)
        if before is None or before.op_type != "Conv" or not parts.only_for(before) or parts.is_answer(node):
            each = parts.constant(f"{node.output[0]}.each", each.reshape(1, -1, 1, 1))
            node.input[1] = each
        elif add_to_bias(parts, before, each):
            parts.pass_on(node, source)


def same_everywhere(parts: Parts) -> Iterator[tuple[str, np.ndarray]]:
    """(name, number of each channel) of images made of a constant one by 1 x 1 convolutions, Relu and averages."""
    found: dict[str, np.ndarray] = {}
    for node in parts.nodes:
        source = found.get(node.input[0]) if node.input else None
        if node.op_type == "ConstantOfShape" and len(parts.sizes.get(node.output[0], [])) == 4:
            value = attributes(node).get("value")
            # One number for any number of channels.
            each = np.full(1, 0.0 if value is None else numpy_helper.to_array(value).item())
        elif source is None:
            continue
        elif node.op_type == "Conv" and is_point(node, parts):
            weight = parts.constants[node.input[1]][:, :, 0, 0].astype(np.float64)
            bias = parts.constants[node.input[2]] if len(node.input) > 2 else 0
            each = weight @ np.broadcast_to(source, weight.shape[1:]) + bias
        elif node.op_type == "Relu":
            each = np.maximum(source, 0)
        elif node.op_type == "AveragePool" and not any(attributes(node).get("pads", [0])):
            each = source
        else:
            continue
        found[node.output[0]] = each
        yield node.output[0], each


def mixed_before_doubling(parts: Parts) -> None:
    """Conv(Concat(Resize(coarse), fine)) as Resize(Conv(coarse)) + Conv(fine), for 1 x 1 convolutions."""
    for node in list(parts.nodes):
        beside = parts.maker(node.input[0]) if node.op_type == "Conv" else None
        if beside is None or beside.op_type != "Concat" or len(beside.input) != 2 or not is_point(node, parts):
            continue
        doubled = parts.maker(beside.input[0])
        alone = doubled is not None and parts.only_for(doubled) and parts.only_for(beside)
        if not alone or attributes(beside)["axis"] != 1 or not repeats(doubled, parts):
            continue
        coarse, fine, (made,) = doubled.input[0], beside.input[1], node.output
        weight, channels = parts.constants[node.input[1]], parts.sizes[coarse][1]
        low, up, sharp = (f"{made}.{what}" for what in ("coarse", "doubled", "fine"))
        weights = [parts.constant(f"{low}.weight", weight[:, :channels])]
        weights.append(parts.constant(f"{sharp}.weight", weight[:, channels:]))
        resize = helper.make_node("Resize", [low, *doubled.input[1:]], [up])
        resize.attribute.extend(doubled.attribute)
        parts.put(
            node,
            helper.make_node("Conv", [coarse, weights[0]], [low], **POINT),
            resize,
            helper.make_node("Conv", [fine, weights[1], *node.input[2:]], [sharp], **POINT),
            helper.make_node("Add", [sharp, up], [made]),
        )
        for name in (up, sharp):
            parts.size_as(name, made)
        parts.put(beside)
        parts.put(doubled)


def summed_by_convolution(parts: Parts) -> None:
    """ReduceSum(Mul(image, constants of the channels)) over channels as a 1 x 1 convolution."""
    for node in list(parts.nodes):
        product = parts.maker(node.input[0]) if node.op_type == "ReduceSum" and len(node.input) == 2 else None
        if product is None or product.op_type != "Mul" or not parts.only_for(product):
            continue
        weight, axes = parts.constants.get(product.input[1]), parts.constants.get(node.input[1])
        channels = parts.sizes.get(product.input[0], [])[1:2]
        if weight is None or axes is None or axes.tolist() != [1] or not attributes(node).get("keepdims", 1):
            continue
        if 0 in channels or list(weight.shape) != [1, *channels, 1, 1]:
            continue
        weight = parts.constant(f"{node.output[0]}.weight", weight)
        parts.put(node, helper.make_node("Conv", [product.input[0], weight], list(node.output), **POINT))
        parts.put(product)


def with_bias(parts: Parts) -> None:
    """A constant that is added to a convolution of one channel, as its bias."""
    for node in list(parts.nodes):
        before = parts.maker(node.input[0]) if node.op_type == "Add" else None
        values = parts.constants.get(node.input[1]) if before is not None else None
        if values is None or values.size != 1 or before.op_type != "Conv" or not parts.only_for(before):
            continue
        if len(parts.constants.get(before.input[1], ())) == 1 and add_to_bias(parts, before, values.reshape(1)):
            before.output[0] = node.output[0]
            parts.put(node)


def add_to_bias(parts: Parts, conv: onnx.NodeProto, each: np.ndarray) -> bool:
    """Adds a number a channel to a convolution; False where its bias isn't a constant."""
    bias = parts.constants.get(conv.input[2]) if len(conv.input) > 2 else np.zeros_like(each)
    if bias is None or bias.shape != each.shape:
        return False
    name = parts.constant(f"{conv.output[0]}.bias", bias + each)
    del conv.input[2:]
    conv.input.append(name)
    return True


def is_point(node: onnx.NodeProto, parts: Parts) -> bool:
    """Whether it is a 1 x 1 convolution with constant weights that sees each pixel by itself."""
    told = attributes(node)
    weight = parts.constants.get(node.input[1])
    bias_known = len(node.input) < 3 or node.input[2] in parts.constants
    plain = told.get("group", 1) == 1 and not any(told.get("pads", [0])) and set(told.get("strides", [1])) == {1}
    return weight is not None and bias_known and weight.shape[2:] == (1, 1) and plain


def repeats(node: onnx.NodeProto, parts: Parts) -> bool:
    """Whether it is a Resize that repeats pixels of (N, C, H, W) and leaves N and C as they are."""
    if node.op_type != "Resize" or len(node.input) != 3:
        return False
    told, scales = attributes(node), parts.constants.get(node.input[2])
    words = (b"nearest", b"asymmetric", b"floor")
    nearest = tuple(told.get(n) for n in ("mode", "coordinate_transformation_mode", "nearest_mode")) == words
    size = parts.sizes.get(node.input[0], [])
    return nearest and scales is not None and scales[:2].tolist() == [1, 1] and len(size) == 4 and size[1] > 0


def attributes(node: onnx.NodeProto) -> dict:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
