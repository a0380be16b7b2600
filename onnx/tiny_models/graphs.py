"""ONNX graphs, node by node. The bytes of a graph depend on nothing but what is written here."""

import numpy as np
from onnx import checker, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


def tensor(name, *shape, precision=np.float32):
    """A graph input or output; text in `shape` is a free dimension."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(precision))
    return helper.make_tensor_value_info(name, kind, list(shape))


def constant(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def model(name, nodes, inputs, outputs, constants=()):
    """A checked ONNX model's bytes."""
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="make_tiny_models")
    made.ir_version = IR_VERSION
    checker.check_model(made, full_check=True)
    return made.SerializeToString(deterministic=True)


class Graph:
    """A graph that is written down like a formula: each call adds a node and returns the name of what it gives."""

    def __init__(self, name, precision=np.float32):
        self.name, self.precision = name, precision
        self.nodes, self.inputs, self.outputs, self.constants = [], [], [], []

    def input(self, name, *shape):
        self.inputs.append(tensor(name, *shape, precision=self.precision))
        return name

    def output(self, value, name, *shape):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(tensor(name, *shape, precision=self.precision))

    def constant(self, values, dtype=None):
        name = f"c{len(self.constants)}"
        self.constants.append(constant(name, values, dtype or self.precision))
        return name

    def node(self, operator, *values, **attributes):
        """A node; numbers among `values` become constants."""
        names = [value if isinstance(value, str) else self.constant(value) for value in values]
        result = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [result], **attributes))
        return result

    def sum(self, *values):
        total, *others = values
        for value in others:
            total = self.node("Add", total, value)
        return total

    def product(self, *values):
        total, *others = values
        for value in others:
            total = self.node("Mul", total, value)
        return total

    def bytes(self):
        return model(self.name, self.nodes, self.inputs, self.outputs, self.constants)
