"""Bundles of several roles, and of several channels.

tiny-detect   detector: a slice network on 4 x 1.5 x 1.5 mm, logit = DETECT x + DB, p = sigmoid(logit /
              DETECT_TEMPERATURE); candidates above 0.5, two at most, boxes 4 mm around them.
              Segmenter: a slice network on the CT's pixels, logit = GAIN x + B.
tiny-chain    the same detector; a classifier, tiny-scout's classifier; a patch segmenter with one dropout channel of rate
              0.5: logit = A x m + B.
tiny-grows    the same detector; a patch segmenter of tiny-patch-clicks' graphs whose boxes of 12 x 16 x 16 voxels of
              2 x 1.5 x 1.5 mm grow with their finding, go on beyond the volume, and are shown candidates as clicks:
              logit = patches.GAIN x + patches.B + patches.CLICK c_inside - patches.CLICK c_outside.
tiny-regions  channels CT (HU) and PET (arbitrary, (value - 2) / 4), a patch network, softmax over background, core and
              rim: logits = 0, CORE_CT x_ct + CORE_PET x_pet + CORE_B, RIM_CT x_ct + RIM_B.
              Regions are numbered; whole = core + rim.
"""

import numpy as np

from . import patches, slices
from .contract import CT, boxes, contract, dropout, network
from .graphs import Graph

DETECT, DB, DETECT_TEMPERATURE = 16.0, -6.0, 2.0
GAIN, B = 20.0, -9.0
CANDIDATES = {"threshold": 0.5, "most": 2, "margin_mm": 4.0}
# tiny-chain
A = 8.0
# tiny-grows
GROWS_SIZE = [12, 16, 16]
# tiny-regions
PET_MEAN, PET_DEVIATION = 2.0, 4.0
CORE_CT, CORE_PET, CORE_B, RIM_CT, RIM_B = 2.0, 8.0, -6.0, 16.0, -6.0


def slice_graph(gain, bias):
    """logit = gain x + bias."""
    g = Graph("affine")
    x = g.input("image", 1, 1, "H", "W")
    g.output(g.sum(g.product(x, gain), bias), "logits", 1, 1, "H", "W")
    return g.bytes()


def detector(graphs):
    """The detector, whose graph is added to `graphs`."""
    graphs["detect.onnx"] = slice_graph(DETECT, DB)
    grid = {"spacing_mm": [4.0, 1.5, 1.5], "multiple": 1}
    calibration = {"activation": "sigmoid", "temperature": DETECT_TEMPERATURE}
    return network("slice", [{"graph": "detect.onnx"}], graphs, grid=grid, calibration=calibration)


def tiny_detect():
    graphs = {"segment.onnx": slice_graph(GAIN, B)}
    segment = network("slice", [{"graph": "segment.onnx"}], graphs)
    decision = {"threshold": 0.5, "min_volume_mm3": 14.0, "candidates": CANDIDATES}
    return contract("tiny-detect", segment, detect=detector(graphs), decision=decision), graphs


def tiny_chain():
    graphs = {"segment.onnx": patches.dropout_graph(A)}
    fields = {"grid": boxes([4, 12, 12], 0.5, "gaussian"), "random": {"dropout": dropout((1, 0.5))}}
    segment = network("patch", [{"graph": "segment.onnx"}], graphs, **fields)
    roles = {"detect": detector(graphs), "classify": slices.opinion_network(graphs, slices.P[:1])}
    decision = {"threshold": 0.2, "min_volume_mm3": 14.0, "candidates": CANDIDATES}
    return contract("tiny-chain", segment, **roles, decision=decision), graphs


def tiny_grows():
    graphs = {"encoder.onnx": patches.identity_encoder(), "decoder.onnx": patches.clicked_decoder()}
    grid = {"spacing_mm": [2.0, 1.5, 1.5], "size": GROWS_SIZE, "beyond": "repeat", "grows": True}
    fields = {"grid": grid, "clicks": {"input": "clicks", "decay_mm": patches.DECAY_MM, "candidates": True}}
    members = [{"encoder": "encoder.onnx", "decoder": "decoder.onnx"}]
    segment = network("patch", members, graphs, [("e", 1, 1)], **fields)
    decision = {"threshold": 0.5, "min_volume_mm3": 14.0, "candidates": {**CANDIDATES, "margin_mm": 2.0}}
    return contract("tiny-grows", segment, detect=detector(graphs), decision=decision), graphs


def regions_graph():
    g = Graph("regions")
    x = g.input("image", 1, 2, "D", "H", "W")
    weights = np.reshape([[0, 0], [CORE_CT, CORE_PET], [RIM_CT, 0]], (3, 2, 1, 1, 1))
    logits = g.node("Conv", x, weights, [0, CORE_B, RIM_B], kernel_shape=[1, 1, 1])
    g.output(logits, "logits", 1, 3, "D", "H", "W")
    return g.bytes()


def tiny_regions():
    graphs = {"graph.onnx": regions_graph()}
    calibration = {"activation": "softmax", "temperature": 1.0}
    grid = boxes([4, 8, 8], 0.5, "gaussian")
    segment = network("patch", [{"graph": "graph.onnx"}], graphs, grid=grid, calibration=calibration)
    standard = {"standard": {"mean": PET_MEAN, "deviation": PET_DEVIATION}}
    fields = {
        "channels": [CT, {"name": "PET", "unit": "arbitrary", "normalise": standard}],
        "classes": [{"name": "core", "colour": [213, 94, 0]}, {"name": "rim", "colour": [0, 114, 178]}],
        "regions": [{"name": "whole", "of": ["core", "rim"], "colour": [240, 228, 66]}],
        "output": "regions",
    }
    return contract("tiny-regions", segment, **fields), graphs


BUNDLES = [tiny_detect, tiny_chain, tiny_grows, tiny_regions]
