"""Bundles of kind slice: x is the windowed HU of a pixel, 0 to 1.

tiny-plain    one graph, nothing random: logit = PLAIN x + B.
tiny-half     as tiny-identity in float16: encoder e = x, decoder logit = A e m + B, m of rate 0.5.
tiny-members  three members, nothing else random: encoder n is e = E[n] x, decoder n is logit = D[n] e + MB[n].
              An encoder with another member's decoder gives none of these.
tiny-flips    one graph, which samples see mirrored along j and i: logit = A x + FJ x(row - 1) + FI x(column - 1) + B.
tiny-noise    encoder e = x, decoder logit = PLAIN e + B + Z0 z0 + Z1 e z1, with noise of rank 2.
tiny-mixed    every source at once, two members of one graph each, mirrored along i, two dropout channels of rate 0.25,
              noise of rank 1: logit = G[n] (x m0 + x(column - 1) m1) / 2 + B + Z0 z.
tiny-slab     three slices, two slices of the CT apart: encoder e_n = x_n + C d_n, with d_n the distance in mm; decoder
              logit = sum over n of W[n] e_n + SB.
tiny-spaced   tiny-plain's graph on slices 3 mm apart, whatever the CT's.
tiny-classes  two classes, each by itself: nodule PLAIN x + B, mass MASS x + KB, which is more above 342 HU.
tiny-opinions tiny-plain with a classifier of two members: P[n] weighs the centre of its box; their mean counts, of the
              share of readers as well.
"""

import numpy as np

from . import schema1
from .contract import NODULE, contract, dropout, member, network
from .graphs import Graph

A, B = 8.0, -6.0
PLAIN = 16.0
# tiny-members
E, D, MB = [1.0, 0.5, 2.0], [8.0, 28.0, 10.0], [-5.0, -6.0, -7.0]
# tiny-flips
FJ, FI = 4.0, 2.0
# tiny-noise and tiny-mixed
Z0, Z1 = 1.0, 2.0
G = [12.0, 24.0]
# tiny-slab
W, C, SB = [2.0, 9.0, 4.0], 0.125, -6.0
# tiny-classes
MASS, KB = 40.0, -29.0
# tiny-opinions: weights of tiny-scout's classifier (image, probability, inside) and bias of each member
P = [[10.0, 2.0, 1.0, -7.0], [4.0, -1.0, 0.5, -3.0]]
MARKED_TEMPERATURE, MARKED_BIAS = 2.0, 0.25
MARKED_CALIBRATION = {"activation": "sigmoid", "temperature": MARKED_TEMPERATURE, "bias": MARKED_BIAS}


def plain_graph():
    """logit = PLAIN x + B."""
    g = Graph("plain")
    x = g.input("image", 1, 1, "H", "W")
    g.output(g.sum(g.product(x, PLAIN), B), "logits", 1, 1, "H", "W")
    return g.bytes()


def plain_network(graphs, **fields):
    """A network of tiny-plain's graph, which is added to `graphs`."""
    graphs["graph.onnx"] = plain_graph()
    return network("slice", [{"graph": "graph.onnx"}], graphs, **fields)


def tiny_plain():
    graphs = {}
    return contract("tiny-plain", plain_network(graphs)), graphs


def scaling_encoder(gain, precision=np.float32):
    """e = gain x."""
    g = Graph("encoder", precision)
    x = g.input("image", 1, 1, "H", "W")
    g.output(g.product(x, gain), "e", 1, 1, "H", "W")
    return g.bytes()


def half_decoder():
    g = Graph("decoder", np.float16)
    e = g.input("e", 1, 1, "H", "W")
    m = g.input("drop0", "T", 1, 1, 1)
    g.output(g.sum(g.product(e, m, A), B), "logits", "T", 1, "H", "W")
    return g.bytes()


def tiny_half():
    graphs = {"encoder.onnx": scaling_encoder(1.0, np.float16), "decoder.onnx": half_decoder()}
    members = [{"encoder": "encoder.onnx", "decoder": "decoder.onnx"}]
    segment = network("slice", members, graphs, [("e", 1, 1)], random={"dropout": dropout((1, 0.5))})
    return contract("tiny-half", segment, decision={"threshold": 0.2, "min_volume_mm3": 14.0}), graphs


def affine_decoder(gain, bias):
    """logit = gain e + bias."""
    g = Graph("decoder")
    e = g.input("e", 1, 1, "H", "W")
    g.output(g.sum(g.product(e, gain), bias), "logits", 1, 1, "H", "W")
    return g.bytes()


def tiny_members():
    graphs, members = {}, []
    for n in range(3):
        parts = {"encoder": f"encoder{n}.onnx", "decoder": f"decoder{n}.onnx"}
        graphs |= {parts["encoder"]: scaling_encoder(E[n]), parts["decoder"]: affine_decoder(D[n], MB[n])}
        members.append(parts)
    return contract("tiny-members", network("slice", members, graphs, [("e", 1, 1)])), graphs


def shifted(g, x, axis):
    """The pixel before along j (0) or i (1); 0 before the first."""
    kernel = np.zeros((1, 1, 3, 3))
    kernel[0, 0][(0, 1) if axis == 0 else (1, 0)] = 1
    return g.node("Conv", x, kernel, kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def flips_graph():
    g = Graph("flips")
    x = g.input("image", 1, 1, "H", "W")
    terms = g.product(x, A), g.product(shifted(g, x, 0), FJ), g.product(shifted(g, x, 1), FI)
    g.output(g.sum(*terms, B), "logits", 1, 1, "H", "W")
    return g.bytes()


def tiny_flips():
    graphs = {"graph.onnx": flips_graph()}
    segment = network("slice", [{"graph": "graph.onnx"}], graphs, halo_px=1, random={"flips": ["j", "i"]})
    return contract("tiny-flips", segment), graphs


def drawn(g, z, number, rank):
    """One of the noise's numbers, (T, 1, 1, 1)."""
    return g.node("Reshape", g.node("Gemm", z, np.eye(rank)[:, [number]]), g.constant([-1, 1, 1, 1], np.int64))


def noise_decoder():
    g = Graph("decoder")
    e = g.input("e", 1, 1, "H", "W")
    z = g.input("noise", "T", 2)
    terms = g.product(e, PLAIN), g.product(drawn(g, z, 0, 2), Z0), g.product(e, drawn(g, z, 1, 2), Z1)
    g.output(g.sum(*terms, B), "logits", "T", 1, "H", "W")
    return g.bytes()


def tiny_noise():
    graphs = {"encoder.onnx": scaling_encoder(1.0), "decoder.onnx": noise_decoder()}
    members = [{"encoder": "encoder.onnx", "decoder": "decoder.onnx"}]
    random = {"noise": [{"input": "noise", "rank": 2}]}
    return contract("tiny-noise", network("slice", members, graphs, [("e", 1, 1)], random=random)), graphs


def mixed_graph(gain):
    g = Graph("mixed")
    x = g.input("image", 1, 1, "H", "W")
    m = g.input("drop0", "T", 2, 1, 1)
    z = g.input("noise", "T", 1)
    both = g.node("Concat", x, shifted(g, x, 1), axis=1)
    mean = g.node("ReduceMean", g.product(both, m), axes=[1], keepdims=1)
    g.output(g.sum(g.product(mean, gain), g.product(drawn(g, z, 0, 1), Z0), B), "logits", "T", 1, "H", "W")
    return g.bytes()


def tiny_mixed():
    graphs = {f"graph{n}.onnx": mixed_graph(G[n]) for n in range(2)}
    random = {"dropout": dropout((2, 0.25)), "noise": [{"input": "noise", "rank": 1}], "flips": ["i"]}
    segment = network("slice", [{"graph": file} for file in graphs], graphs, halo_px=1, random=random)
    return contract("tiny-mixed", segment), graphs


def slab_encoder():
    g = Graph("encoder")
    x = g.input("image", 1, 3, "H", "W")
    d = g.input("offsets_mm", 1, 3)
    far = g.node("Reshape", g.product(d, C), g.constant([1, 3, 1, 1], np.int64))
    g.output(g.sum(x, far), "e", 1, 3, "H", "W")
    return g.bytes()


def slab_decoder():
    g = Graph("decoder")
    e = g.input("e", 1, 3, "H", "W")
    weighed = g.node("Conv", e, np.reshape(W, (1, 3, 1, 1)), [SB], kernel_shape=[1, 1])
    g.output(weighed, "logits", 1, 1, "H", "W")
    return g.bytes()


def tiny_slab():
    graphs = {"encoder.onnx": slab_encoder(), "decoder.onnx": slab_decoder()}
    members = [{"encoder": "encoder.onnx", "decoder": "decoder.onnx"}]
    slab = {"each_side": 1, "step_slices": 2}
    segment = network("slice", members, graphs, [("e", 3, 1)], "offsets_mm", neighbours=slab)
    return contract("tiny-slab", segment), graphs


def tiny_spaced():
    graphs = {}
    grid = {"spacing_mm": [3.0, None, None], "multiple": 1}
    return contract("tiny-spaced", plain_network(graphs, grid=grid)), graphs


def classes_graph():
    g = Graph("classes")
    x = g.input("image", 1, 1, "H", "W")
    gains, biases = np.reshape([PLAIN, MASS], (2, 1, 1)), np.reshape([B, KB], (2, 1, 1))
    g.output(g.sum(g.product(x, gains), biases), "logits", 1, 2, "H", "W")
    return g.bytes()


def tiny_classes():
    graphs = {"graph.onnx": classes_graph()}
    mass = {"name": "mass", "code": ["SCT", "4147007", "Mass"], "colour": [86, 180, 233]}
    segment = network("slice", [{"graph": "graph.onnx"}], graphs)
    return contract("tiny-classes", segment, classes=[NODULE, mass]), graphs


def opinion_network(graphs, weights, marked=False):
    """A classifier of one member for each of `weights`, added to `graphs`; P(nodule) needs 0.5. `marked`: it also says which
    share of readers would mark a nodule: sigmoid(-logit / MARKED_TEMPERATURE + MARKED_BIAS).
    """
    files = [f"classify{n}.onnx" for n in range(len(weights))]
    for file, numbers in zip(files, weights):
        graphs[file] = schema1.centre_classifier(*numbers, marked=marked)
    return {
        "kind": "patch",
        "grid": {"spacing_mm": [1.5, 0.8, 0.8], "size": schema1.CLASSIFIER_SIZE},
        "shows": ["image", "probability", "inside"],
        "members": [member(graphs, graph=file) for file in files],
        "image": "patch",
        "logit": "logit",
        "threshold": 0.5,
        **({"marked": {"logit": "marked", "calibration": MARKED_CALIBRATION}} if marked else {}),
    }


def tiny_opinions():
    graphs = {}
    segment = plain_network(graphs)
    return contract("tiny-opinions", segment, classify=opinion_network(graphs, P, marked=True)), graphs


BUNDLES = [tiny_plain, tiny_half, tiny_members, tiny_flips, tiny_noise, tiny_mixed, tiny_slab, tiny_spaced]
BUNDLES += [tiny_classes, tiny_opinions]
