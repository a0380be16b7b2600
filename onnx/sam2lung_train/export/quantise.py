"""A slice network's graph with its large convolutions in 8 bits.

Enters: a graph in float32 and some of the inputs it will see. Leaves: the same graph in which images between convolutions
are uint8 and weights int8, each output channel with a step of its own, written as QuantizeLinear and DequantizeLinear, which
ONNX Runtime joins with what lies between. Steps are chosen from the smallest and largest number that these inputs make.

What stays in float32: a convolution that sees few channels (the first one, in which 8 bits would be few for HU, and which
ONNX Runtime is slower at), one that makes few (the logits), and what else isn't a convolution or between two of them.

Weights have 7 bits. Where a CPU has no VNNI, ONNX Runtime adds two products of uint8 and int8 in 16 bits, and what doesn't
fit is cut off without a word; 255 x 64 x 2 fits. So the answer doesn't depend on the CPU.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx

FEW = 16  # channels
BETWEEN = ("Relu", "Resize", "Add")  # stay in 8 bits where all that comes in does
Feed = dict[str, np.ndarray]


def quantised(model: onnx.ModelProto, feeds: Iterable[Feed]) -> onnx.ModelProto:
    """The model in 8 bits; `feeds`: inputs of the graph by name."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = iter(feeds)

        def get_next(self) -> Feed | None:
            return next(self.left, None)

    for node in model.graph.node:
        node.name = node.name or node.output[0]
    with tempfile.TemporaryDirectory(prefix="sam2lung-quantised-") as scratch:
        path = Path(scratch) / "quantised.onnx"
        quantize_static(
            model,
            path,
            Reader(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_quantize=list(in_8_bits(model)),
            op_types_to_quantize=["Conv", *BETWEEN],
            extra_options={"WeightSymmetric": True},
        )
        made = onnx.load(path)
    onnx.checker.check_model(made, full_check=True)
    return made


def in_8_bits(model: onnx.ModelProto) -> Iterator[str]:
    """Names of the nodes that work in 8 bits."""
    sizes = {value.name: list(value.dims) for value in model.graph.initializer}
    made: set[str] = set()
    for node in model.graph.node:
        images = [name for name in node.input if name and name not in sizes]
        if node.op_type == "Conv":
            chosen = node.input[1] in sizes and min(sizes[node.input[1]][:2]) >= FEW
        else:
            chosen = node.op_type in BETWEEN and made.issuperset(images)
        if chosen:
            made.update(node.output)
            yield node.name
