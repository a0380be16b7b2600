"""Bundles of kind patch: x is the windowed HU of a voxel, 0 to 1; (k, j, i) is its place in the box, from 0.

tiny-patch           one graph, boxes of 4 x 8 x 8 that overlap by half and count alike:
                     logit = GAIN x + B + R . (k, j, i). The last box is shifted, so that it ends where the volume does.
tiny-patch-gaussian  the same graph, boxes that overlap by a quarter and count less towards their faces.
tiny-patch-dropout   two members of one graph each: logit = G[n] x m + B, m of rate 0.5; 4 x 1.5 x 1.5 mm.
tiny-patch-clicks    encoder e = x, decoder logit = GAIN e + B + CLICK (c_inside - c_outside), c = exp(-d / DECAY_MM).
tiny-patch-flips     mirrored along all axes, boxes side by side, 0 beyond them:
                     logit = A x + F . (x(k - 1), x(j - 1), x(i - 1)) + B.
tiny-patch-half      one graph in float16: logit = GAIN x + B.
tiny-hybrid          a patch network, logit = COARSE x + CB, and on half of the slices a slice network,
                     logit = FINE x + FB, which counts for FINE_WEIGHT.
tiny-prompted        the same, with what the coarse network hands over: f, the mean of cubes of two voxels of its image,
                     and points (x, y), labels l and a box b: logit = FINE x + FB + MIDDLE f on squares of two pixels
                     + sum over the points of l (PX x + PY y + P0) + BOX . b.
"""

import numpy as np

from .contract import boxes, contract, dropout, network
from .graphs import Graph

GAIN, B = 16.0, -6.0
SIZE = [4, 8, 8]
R = [0.5, 0.25, -0.125]
# tiny-patch-dropout
G = [8.0, 12.0]
# tiny-patch-clicks
CLICK, DECAY_MM = 10.0, 6.0
# tiny-patch-flips
A, F = 8.0, [4.0, 2.0, 1.0]
# tiny-hybrid
COARSE, CB, FINE, FB, FINE_WEIGHT = 8.0, -5.0, 32.0, -12.0, 0.75
# tiny-prompted
POSITIVE, NEGATIVE, MIDDLE = 10, 3, 4.0
PX, PY, P0, BOX = 1 / 64, 1 / 32, 0.125, [1 / 64, -1 / 32, 1 / 128, -1 / 16]


def affine_graph(gain, bias, precision=np.float32):
    """logit = gain x + bias."""
    g = Graph("affine", precision)
    x = g.input("image", 1, 1, "D", "H", "W")
    g.output(g.sum(g.product(x, gain), bias), "logits", 1, 1, "D", "H", "W")
    return g.bytes()


def ramp_graph():
    g = Graph("ramp")
    x = g.input("image", 1, 1, *SIZE)
    lines = (np.reshape(R[axis] * np.arange(n), np.roll((n, 1, 1), axis)) for axis, n in enumerate(SIZE))
    g.output(g.sum(g.product(x, GAIN), *lines, B), "logits", 1, 1, *SIZE)
    return g.bytes()


def one_graph(name, graph, grid, **fields):
    """A bundle of one graph."""
    graphs = {"graph.onnx": graph}
    return contract(name, network("patch", [{"graph": "graph.onnx"}], graphs, grid=grid, **fields)), graphs


def tiny_patch():
    return one_graph("tiny-patch", ramp_graph(), boxes(SIZE, 0.5, "constant"))


def tiny_patch_gaussian():
    return one_graph("tiny-patch-gaussian", ramp_graph(), boxes(SIZE, 0.25, "gaussian"))


def tiny_patch_half():
    return one_graph("tiny-patch-half", affine_graph(GAIN, B, np.float16), boxes(SIZE, 0.25, "gaussian"))


def dropout_graph(gain):
    g = Graph("dropout")
    x = g.input("image", 1, 1, "D", "H", "W")
    m = g.input("drop0", "T", 1, 1, 1, 1)
    g.output(g.sum(g.product(x, m, gain), B), "logits", "T", 1, "D", "H", "W")
    return g.bytes()


def tiny_patch_dropout():
    graphs = {f"graph{n}.onnx": dropout_graph(G[n]) for n in range(2)}
    grid = boxes([4, 12, 12], 0.5, "gaussian", (4.0, 1.5, 1.5))
    random = {"dropout": dropout((1, 0.5))}
    segment = network("patch", [{"graph": file} for file in graphs], graphs, grid=grid, random=random)
    return contract("tiny-patch-dropout", segment, decision={"threshold": 0.2, "min_volume_mm3": 14.0}), graphs


def identity_encoder():
    g = Graph("encoder")
    g.output(g.input("image", 1, 1, "D", "H", "W"), "e", 1, 1, "D", "H", "W")
    return g.bytes()


def clicked_decoder():
    g = Graph("decoder")
    e = g.input("e", 1, 1, "D", "H", "W")
    c = g.input("clicks", 1, 2, "D", "H", "W")
    clicked = g.node("Conv", c, np.reshape([CLICK, -CLICK], (1, 2, 1, 1, 1)), [B], kernel_shape=[1, 1, 1])
    g.output(g.sum(g.product(e, GAIN), clicked), "logits", 1, 1, "D", "H", "W")
    return g.bytes()


def tiny_patch_clicks():
    graphs = {"encoder.onnx": identity_encoder(), "decoder.onnx": clicked_decoder()}
    members = [{"encoder": "encoder.onnx", "decoder": "decoder.onnx"}]
    fields = {"grid": boxes(SIZE, 0.5, "gaussian"), "clicks": {"input": "clicks", "decay_mm": DECAY_MM}}
    return contract("tiny-patch-clicks", network("patch", members, graphs, [("e", 1, 1)], **fields)), graphs


def flips_graph():
    g = Graph("flips")
    x = g.input("image", 1, 1, "D", "H", "W")
    kernel = np.zeros((1, 1, 3, 3, 3))
    kernel[0, 0, 1, 1, 1] = A
    for axis, weight in enumerate(F):
        place = [1, 1, 1]
        place[axis] = 0
        kernel[(0, 0, *place)] = weight
    logits = g.node("Conv", x, kernel, [B], kernel_shape=[3, 3, 3], pads=[1] * 6)
    g.output(logits, "logits", 1, 1, "D", "H", "W")
    return g.bytes()


def tiny_patch_flips():
    random = {"flips": ["k", "j", "i"]}
    return one_graph("tiny-patch-flips", flips_graph(), boxes(SIZE, 0.0, "constant"), random=random)


def fine_graph():
    g = Graph("fine")
    x = g.input("image", 1, 1, "H", "W")
    g.output(g.sum(g.product(x, FINE), FB), "logits", 1, 1, "H", "W")
    return g.bytes()


def tiny_hybrid():
    graphs = {"coarse.onnx": affine_graph(COARSE, CB), "fine.onnx": fine_graph()}
    both = {
        "coarse": network("patch", [{"graph": "coarse.onnx"}], graphs, grid=boxes(SIZE, 0.5, "constant")),
        "fine": network("slice", [{"graph": "fine.onnx"}], graphs),
        "share_of_slices": 0.5,
        "fine_weights": [FINE_WEIGHT],
    }
    return contract("tiny-hybrid", {"kind": "hybrid", "hybrid": both}), graphs


def prompting_graph():
    g = Graph("prompting")
    x = g.input("image", 1, 1, *SIZE)
    g.output(g.sum(g.product(x, COARSE), CB), "logits", 1, 1, *SIZE)
    middle = g.node("AveragePool", x, kernel_shape=[2, 2, 2], strides=[2, 2, 2])
    g.output(middle, "middle", 1, 1, *(n // 2 for n in SIZE))
    return g.bytes()


def prompted_graph():
    g = Graph("prompted")
    x = g.input("image", 1, 1, "H", "W")
    points = g.input("points", 1, POSITIVE + NEGATIVE, 2)
    labels = g.input("labels", 1, POSITIVE + NEGATIVE)
    box = g.input("box", 1, 4)
    middle = g.input("coarse", 1, 1, "h", "w")
    same_place = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
    twice = g.node("Resize", middle, "", [1.0, 1.0, 2.0, 2.0], **same_place)
    of_points = g.node("MatMul", points, np.reshape([PX, PY], (2, 1)))
    of_points = g.node("Squeeze", of_points, g.constant([2], np.int64))
    shown = g.node("ReduceSum", g.product(g.sum(of_points, P0), labels), keepdims=0)
    shown = g.sum(shown, g.node("ReduceSum", g.product(box, np.reshape(BOX, (1, 4))), keepdims=0))
    logits = g.sum(g.product(x, FINE), g.product(twice, MIDDLE), shown, FB)
    g.output(logits, "logits", 1, 1, "H", "W")
    return g.bytes()


def tiny_prompted():
    graphs = {"coarse.onnx": prompting_graph(), "fine.onnx": prompted_graph()}
    grid = {**boxes(SIZE, 0.5, "constant"), "multiple": 2}
    both = {
        "coarse": network("patch", [{"graph": "coarse.onnx"}], graphs, grid=grid),
        "fine": network("slice", [{"graph": "fine.onnx"}], graphs, grid={"multiple": 2}),
        "share_of_slices": 0.5,
        "fine_weights": [FINE_WEIGHT],
        "prompts": {"points": "points", "labels": "labels", "box": "box", "positive": POSITIVE, "negative": NEGATIVE},
        "features": [{"output": "middle", "input": "coarse", "channels": 1, "stride": 2, "fine_stride": 2}],
    }
    return contract("tiny-prompted", {"kind": "hybrid", "hybrid": both}), graphs


BUNDLES = [tiny_patch, tiny_patch_gaussian, tiny_patch_half, tiny_patch_dropout, tiny_patch_clicks, tiny_patch_flips]
BUNDLES += [tiny_hybrid, tiny_prompted]
