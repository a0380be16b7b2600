"""Floating-point operations of a graph, counted from its convolutions and matrix products."""

from collections.abc import Mapping
from math import prod
from pathlib import Path

import onnx
from onnx import numpy_helper, shape_inference

from ..aliases import Record

Sizes = Mapping[str, tuple[int, ...]]


def with_sizes(path: Path, sizes: Sizes) -> onnx.ModelProto:
    """The graph with its inputs fixed to `sizes`, and every size within inferred from them."""
    model = onnx.load(path)
    for given in model.graph.input:
        if given.name in sizes:
            for at, size in zip(given.type.tensor_type.shape.dim, sizes[given.name]):
                at.dim_value = size
    for told in model.graph.output:
        told.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    return shape_inference.infer_shapes(model, data_prop=True)


def operations(path: Path, sizes: Sizes) -> int:
    """Additions and multiplications of one call with inputs of `sizes`.

    A convolution makes 2 · outputs · (kernel · input channels / groups), a matrix product 2 · outputs · inner size.
    All else is small beside them and isn't counted.
    """
    model = with_sizes(path, sizes)
    shapes = {name: size for name, size in sizes.items()}
    for info in [*model.graph.value_info, *model.graph.output]:
        shapes[info.name] = tuple(at.dim_value for at in info.type.tensor_type.shape.dim)
    for weight in model.graph.initializer:
        shapes[weight.name] = tuple(numpy_helper.to_array(weight).shape)
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            weight = shapes[node.input[1]]
            total += 2 * prod(shapes[node.output[0]]) * prod(weight[1:])
        elif node.op_type == "ConvTranspose":
            total += 2 * prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
        elif node.op_type in ("MatMul", "Gemm"):
            inner = shapes[node.input[0]][-1]
            total += 2 * prod(shapes[node.output[0]]) * inner
    return total


def network_of(contract: Record, file: str) -> tuple[Record, str]:
    """The network that a graph belongs to, and what the graph is of it: "graph", "encoder" or "decoder"."""
    for role in ("detect", "classify", "segment"):
        network = contract.get(role) or {}
        for member in network.get("members", ()):
            for part, graph in member.items():
                if graph["file"] == file:
                    return network, part
    raise KeyError(file)


def image_of(network: Record) -> str:
    """Name of the tensor that the image goes in by."""
    return network.get("tensors", network)["image"]


def sizes_of(network: Record, part: str, samples: int, voxels: tuple[int, ...]) -> Sizes:
    """Sizes of a graph's inputs for `samples` samples of one image of `voxels`."""
    tensors, random = network.get("tensors", {}), network.get("random", {})
    neighbours = network.get("neighbours", {}).get("each_side", 0)
    channels = 2 * neighbours + 1 if network["kind"] == "slice" else len(network.get("shows", ["image"]))
    sizes: dict[str, tuple[int, ...]] = {image_of(network): (1, channels, *voxels)}
    if "offsets_mm" in tensors:
        sizes[tensors["offsets_mm"]] = (1, channels)
    if part == "encoder":
        return sizes
    if part == "decoder":
        sizes = {
            e["name"]: (1, e["channels"], *(n // stride for n, stride in zip(voxels, e["stride"])))
            for e in tensors["embeddings"]
        }
    if "clicks" in network:
        sizes[network["clicks"]["input"]] = (1, 2, *voxels)
    for drop in random.get("dropout", ()):
        sizes[drop["input"]] = (samples, drop["channels"], *[1] * len(voxels))
    for noise in random.get("noise", ()):
        sizes[noise["input"]] = (samples, noise["rank"])
    return sizes


def in_all(bundle: Path, contract: Record, work: Record) -> float:
    """Operations of all calls of a graph in a run, from what `run.json` says of it (`networks`).

    They grow with the numbers that go in and, where a graph draws samples, with the logits that come out: operations a
    number are counted from a call of one sample and one of two.
    """
    elements, path = work["elements"], bundle / work["file"]
    network, part = network_of(contract, work["file"])
    voxels = tuple(network["grid"].get("size", (64, 64)))

    def counted(samples: int) -> int:
        return operations(path, sizes_of(network, part, samples, voxels))

    entry = network["tensors"]["embeddings"][0]["name"] if part == "decoder" else image_of(network)
    share = elements[entry] / prod(sizes_of(network, part, 1, voxels)[entry])  # images of `voxels` that went in
    once = counted(1)
    if part == "encoder" or not network.get("random"):
        return once * share
    of_sample = counted(2) - once
    return (once - of_sample) * share + of_sample * elements[network["tensors"]["logits"]] / prod(voxels)
