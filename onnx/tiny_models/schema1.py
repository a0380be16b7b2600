"""Bundles of schema 1: one slice network each, cut into encoder and decoder. They prove that schema 1 goes on working.

All bundles window HU to x = clip((HU + 1000) / 1400, 0, 1): air (-1000 HU) is 0, water (0 HU) 5/7, 400 HU is 1.
A dropout mask value m is 0 or 1 / (1 - rate). What each network computes:

tiny-identity     one slice, native pixels, no scout, no classifier.
                  logit = A x m + B, one mask channel of rate 0.5, so m is 0 or 2 for a whole sample:
                  p is sigmoid(B) or sigmoid(2 A x + B), and nothing else.
tiny-neighbours   three slices 2 mm apart, 0.7 mm pixels, masks at two scales, temperature 1.25.
                  logit = B + sum over n of W0[n] x_n m0_n  +  up2( sum over n of W1[n] (pool2(x_n) + C d_n) m1_n )
                  with d_n the true distance of neighbour n in mm, pool2 the mean of 2 x 2 pixels, up2 its repetition:
                  other weights for each neighbour, so swapped, repeated or shifted slices change the result.
tiny-thick        tiny-neighbours' networks for CTs of any slice: above 2.5 mm neighbours are interpolated, 2 mm apart; tried up to 5 mm.
tiny-scout        as tiny-identity on smoothed pixels (3 x 3 binomial kernel, zero beyond the image), with a scout, a halo and a
                  classifier: logit = J0 mean(HU channel) + J1 mean(probability channel) + J2 mean(inside channel) + JB
                  over the patch's centre.
tiny-doubt        tiny-identity's networks and tiny-scout's classifier under every optional number of the contract: biases beside the
                  temperatures, operating points, mutual information as the uncertainty that is shown, and the linear models of
                  uncertainty D_LOW, D_HIGH, D_DICE.
tiny-clicks       as tiny-identity with clicks, and an encoder that has to see whole slices:
                  logit = A (x - M mean(x over the slice)) m + B + G (c_inside - c_outside)
                  with c = exp(-d / DECAY_MM) of the distance d to the nearest click, 0 without one.
tiny-fixed        as tiny-identity with the mean of x added, taken over four pixels: it runs on the 2 x 2 pixels of the trial when
                  it is loaded, and fails on any image.
tiny-nan          as tiny-identity with logit = sqrt(LIMIT_NAN - x) m: NaN in soft tissue, as of a network that was trained or
                  converted wrongly; a run is refused by name.
tiny-multiclass   as tiny-identity with two classes.
"""

import numpy as np
from onnx import helper

from .files import sha256
from .graphs import constant, model, tensor

WINDOW_HU = [-1000.0, 400.0]

# tiny-identity, tiny-scout and tiny-multiclass
A, B = 8.0, -6.0
# tiny-nan: about -160 HU
LIMIT_NAN = 0.6
# tiny-multiclass' second class
A2, B2 = 4.0, -5.0
# tiny-neighbours: neighbour -1, 0, +1
W0, W1 = [1.0, 4.0, 2.0], [0.5, 2.0, 1.0]
C, B_NEIGHBOURS = 0.25, -4.0
# tiny-scout's classifier, and the centre of its patch (D, H, W) that is looked at
J0, J1, J2, JB = 10.0, 2.0, 1.0, -7.0
CLASSIFIER_SIZE = [6, 12, 12]
CLASSIFIER_CENTRE = [(2, 4), (4, 8), (4, 8)]
# tiny-clicks: share of the slice's mean, weight and decay of clicks
M, G, DECAY_MM = 0.25, 10.0, 6.0
# tiny-doubt: p = sigmoid(logit / T_UNCERTAINTY + BIAS_UNCERTAINTY), and the coefficients of its models
T_UNCERTAINTY, BIAS_UNCERTAINTY = 0.8, -0.25
CLASSIFIER_BIAS = -0.5
OPERATING_POINTS = [{"sensitivity": s, "threshold": t} for s, t in ((0.5, 0.9), (0.8, 0.6), (1.0, 0.2))]
D_LOW = [-0.3, 0.5, 0.1, -0.2, -1.0, -0.1, 0.05]
D_HIGH = [0.2, -0.5, 0.8, 0.3, 1.0, 0.2, -0.05]
D_DICE = [1.5, 1.0, -0.5, -0.4, -2.0, -1.0, 0.2]


def binomial_kernel():
    """The 3 x 3 smoothing kernel of tiny-scout, sum 1."""
    line = np.array([1.0, 2.0, 1.0], np.float32) / 4
    return np.outer(line, line)


# --- graphs ---------------------------------------------------------------------------------------------------------


def identity_encoder():
    return model(
        "identity_encoder",
        [helper.make_node("Identity", ["slices"], ["e0"])],
        [tensor("slices", 1, 1, "H", "W")],
        [tensor("e0", 1, 1, "H", "W")],
    )


def affine_decoder(pairs, smooth=False):
    """logit[class] = a x m + b for each (a, b) of `pairs`; x smoothed first if asked."""
    nodes, constants, source = [], [], "e0"
    if smooth:
        constants.append(constant("kernel", binomial_kernel()[None, None]))
        nodes.append(helper.make_node("Conv", ["e0", "kernel"], ["smoothed"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        source = "smoothed"
    # The gain is shaped (K, 1, 1), so that (T, 1, H, W) becomes (T, K, H, W).
    constants.append(constant("gain", np.reshape([a for a, _ in pairs], (-1, 1, 1))))
    constants.append(constant("bias", np.reshape([b for _, b in pairs], (-1, 1, 1))))
    nodes += [
        helper.make_node("Mul", [source, "drop0"], ["dropped"]),
        helper.make_node("Mul", ["dropped", "gain"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logits"]),
    ]
    return model(
        "affine_decoder",
        nodes,
        [tensor("e0", 1, 1, "H", "W"), tensor("drop0", "T", 1, 1, 1)],
        [tensor("logits", "T", len(pairs), "H", "W")],
        constants,
    )


def root_decoder():
    """logit = sqrt(LIMIT_NAN - x) m."""
    return model(
        "root_decoder",
        [
            helper.make_node("Sub", ["limit", "e0"], ["below"]),
            helper.make_node("Sqrt", ["below"], ["root"]),
            helper.make_node("Mul", ["root", "drop0"], ["logits"]),
        ],
        [tensor("e0", 1, 1, "H", "W"), tensor("drop0", "T", 1, 1, 1)],
        [tensor("logits", "T", 1, "H", "W")],
        [constant("limit", LIMIT_NAN)],
    )


def fixed_decoder():
    """logit = x m + mean(x), of four pixels alone."""
    return model(
        "fixed_decoder",
        [
            helper.make_node("Reshape", ["e0", "four"], ["pixels"]),
            helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
            helper.make_node("Mul", ["e0", "drop0"], ["dropped"]),
            helper.make_node("Add", ["dropped", "mean"], ["logits"]),
        ],
        [tensor("e0", 1, 1, "H", "W"), tensor("drop0", "T", 1, 1, 1)],
        [tensor("logits", "T", 1, "H", "W")],
        [constant("four", [4], np.int64)],
    )


def centred_encoder():
    """e0 = the slice less M times its mean."""
    return model(
        "centred_encoder",
        [
            helper.make_node("GlobalAveragePool", ["slices"], ["mean"]),
            helper.make_node("Mul", ["mean", "share"], ["shared"]),
            helper.make_node("Sub", ["slices", "shared"], ["e0"]),
        ],
        [tensor("slices", 1, 1, "H", "W")],
        [tensor("e0", 1, 1, "H", "W")],
        [constant("share", M)],
    )


def clicked_decoder():
    """logit = A x m + B + G (inside - outside)."""
    return model(
        "clicked_decoder",
        [
            helper.make_node("Mul", ["e0", "drop0"], ["dropped"]),
            helper.make_node("Mul", ["dropped", "gain"], ["scaled"]),
            helper.make_node("Conv", ["clicks", "weights", "bias"], ["prompt"], kernel_shape=[1, 1]),
            helper.make_node("Add", ["scaled", "prompt"], ["logits"]),
        ],
        [tensor("e0", 1, 1, "H", "W"), tensor("clicks", 1, 2, "H", "W"), tensor("drop0", "T", 1, 1, 1)],
        [tensor("logits", "T", 1, "H", "W")],
        [constant("gain", A), constant("weights", np.reshape([G, -G], (1, 2, 1, 1))), constant("bias", [B])],
    )


def neighbours_encoder():
    """e0 = the slices; e1 = their 2 x 2 means plus C times each slice's distance."""
    nodes = [
        helper.make_node("Identity", ["slices"], ["e0"]),
        helper.make_node("AveragePool", ["slices"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Mul", ["offsets_mm", "per_mm"], ["distance"]),
        helper.make_node("Reshape", ["distance", "as_channels"], ["distance_channels"]),
        helper.make_node("Add", ["pooled", "distance_channels"], ["e1"]),
    ]
    constants = [constant("per_mm", C), constant("as_channels", [1, 3, 1, 1], np.int64)]
    return model(
        "neighbours_encoder",
        nodes,
        [tensor("slices", 1, 3, "H", "W"), tensor("offsets_mm", 1, 3)],
        [tensor("e0", 1, 3, "H", "W"), tensor("e1", 1, 3, "H2", "W2")],
        constants,
    )


def neighbours_decoder():
    nodes = [
        helper.make_node("Mul", ["e0", "drop0"], ["fine_dropped"]),
        helper.make_node("Conv", ["fine_dropped", "w0", "bias"], ["fine"], kernel_shape=[1, 1]),
        helper.make_node("Mul", ["e1", "drop1"], ["coarse_dropped"]),
        helper.make_node("Conv", ["coarse_dropped", "w1"], ["coarse"], kernel_shape=[1, 1]),
        helper.make_node(
            "Resize",
            ["coarse", "", "scales"],
            ["coarse_up"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        helper.make_node("Add", ["fine", "coarse_up"], ["logits"]),
    ]
    constants = [
        constant("w0", np.reshape(W0, (1, 3, 1, 1))),
        constant("w1", np.reshape(W1, (1, 3, 1, 1))),
        constant("bias", [B_NEIGHBOURS]),
        constant("scales", [1.0, 1.0, 2.0, 2.0]),
    ]
    return model(
        "neighbours_decoder",
        nodes,
        [
            tensor("e0", 1, 3, "H", "W"),
            tensor("e1", 1, 3, "H2", "W2"),
            tensor("drop0", "T", 3, 1, 1),
            tensor("drop1", "T", 3, 1, 1),
        ],
        [tensor("logits", "T", 1, "H", "W")],
        constants,
    )


def centre_classifier(image=J0, probability=J1, inside=J2, bias=JB, marked=False):
    """Weighs the channels' means over the patch's centre; `marked`: with the opposite as a second output."""
    starts, ends = zip(*CLASSIFIER_CENTRE)
    nodes = [
        helper.make_node("Slice", ["patch", "starts", "ends", "axes"], ["centre"]),
        helper.make_node("ReduceMean", ["centre"], ["means"], axes=[2, 3, 4], keepdims=0),
        helper.make_node("Gemm", ["means", "weights", "bias"], ["logit"]),
    ]
    constants = [
        constant("starts", starts, np.int64),
        constant("ends", ends, np.int64),
        constant("axes", [2, 3, 4], np.int64),
        constant("weights", [[image], [probability], [inside]]),
        constant("bias", [bias]),
    ]
    outputs = [tensor("logit", "N", 1)]
    if marked:
        nodes.append(helper.make_node("Neg", ["logit"], ["marked"]))
        outputs.append(tensor("marked", "N", 1))
    return model("centre_judge", nodes, [tensor("patch", "N", 3, *CLASSIFIER_SIZE)], outputs, constants)


# --- bundles --------------------------------------------------------------------------------------------------------


def contract(name, files):
    """model.json of tiny-identity; the other bundles change what differs."""
    return {
        "schema_version": 1,
        "name": name,
        "version": "1.0.0",
        "kind": "slice",
        "input": {"window_hu": WINDOW_HU, "pixel_mm": None, "neighbours": None, "multiple": 1},
        "encoder": {
            "file": "encoder.onnx",
            "sha256": sha256(files["encoder.onnx"]),
            "slices": "slices",
            "offsets_mm": None,
            "embeddings": [{"name": "e0", "channels": 1, "stride": 1}],
        },
        "decoder": {
            "file": "decoder.onnx",
            "sha256": sha256(files["decoder.onnx"]),
            "dropout": [{"name": "drop0", "channels": 1, "rate": 0.5}],
            "logits": "logits",
            "classes": ["nodule"],
            "halo_px": 0,
        },
        "sampling": {"samples": 25, "scout_threshold": None, "scout_margin_mm": 0.0},
        "calibration": {"temperature": 1.0},
        # The mean is about half of sigmoid(2 A x + B): 0.2 is passed at about -500 HU, far from lung and from water.
        "decision": {"threshold": 0.2, "min_volume_mm3": 14.0},
        "judge": None,
        "review": {
            "sample_dice_below": 0.7,
            "detection_rate_below": 0.9,
            "nodule_probability_below": 0.5,
            "uncertainty_mean_above": None,
        },
        "provenance": {
            "data": "none: weights set by hand for tests, of no medical use",
            "licence": "MIT OR Apache-2.0",
            "attribution": "sam2lung contributors",
            "training": {},
        },
    }


def tiny_identity():
    files = {"encoder.onnx": identity_encoder(), "decoder.onnx": affine_decoder([(A, B)])}
    return contract("tiny-identity", files), files


def tiny_fixed():
    files = {"encoder.onnx": identity_encoder(), "decoder.onnx": fixed_decoder()}
    return contract("tiny-fixed", files), files


def tiny_nan():
    files = {"encoder.onnx": identity_encoder(), "decoder.onnx": root_decoder()}
    return contract("tiny-nan", files), files


def tiny_neighbours():
    files = {"encoder.onnx": neighbours_encoder(), "decoder.onnx": neighbours_decoder()}
    spec = contract("tiny-neighbours", files)
    spec["input"].update(pixel_mm=0.7, neighbours={"each_side": 1, "step_mm": 2.0}, multiple=4)
    spec["encoder"]["offsets_mm"] = "offsets_mm"
    spec["encoder"]["embeddings"] = [
        {"name": "e0", "channels": 3, "stride": 1},
        {"name": "e1", "channels": 3, "stride": 2},
    ]
    spec["decoder"]["dropout"] = [
        {"name": "drop0", "channels": 3, "rate": 0.5},
        {"name": "drop1", "channels": 3, "rate": 0.25},
    ]
    spec["decoder"]["halo_px"] = 4
    spec["calibration"]["temperature"] = 1.25
    spec["decision"]["threshold"] = 0.5
    return spec, files


def tiny_thick():
    spec, files = tiny_neighbours()
    spec["name"] = "tiny-thick"
    spec["input"]["neighbours"]["interpolate_above_mm"] = 2.5
    spec["tried"] = {"slice_mm": 5.0}
    return spec, files


def tiny_scout():
    files = {
        "encoder.onnx": identity_encoder(),
        "decoder.onnx": affine_decoder([(A, B)], smooth=True),
        "judge.onnx": centre_classifier(),
    }
    spec = contract("tiny-scout", files)
    spec["input"]["multiple"] = 8
    spec["decoder"]["halo_px"] = 8
    spec["sampling"].update(scout_threshold=0.02, scout_margin_mm=3.0)
    spec["judge"] = classifier_contract(files)
    return spec, files


def classifier_contract(files):
    return {
        "file": "judge.onnx",
        "sha256": sha256(files["judge.onnx"]),
        "patch": "patch",
        "logit": "logit",
        "size": CLASSIFIER_SIZE,
        "spacing_mm": [1.5, 0.8, 0.8],
        "temperature": 2.0,
        "threshold": 0.5,
    }


def tiny_doubt():
    files = {
        "encoder.onnx": identity_encoder(),
        "decoder.onnx": affine_decoder([(A, B)]),
        "judge.onnx": centre_classifier(),
    }
    spec = contract("tiny-doubt", files)
    spec["calibration"] = {"temperature": T_UNCERTAINTY, "bias": BIAS_UNCERTAINTY}
    spec["judge"] = {**classifier_contract(files), "bias": CLASSIFIER_BIAS, "operating_points": OPERATING_POINTS}
    spec["sampling"]["uncertainty"] = "mutual-information"
    spec["review"]["expected_dice_below"] = 0.9
    spec["doubt"] = {"level": 0.8, "volume_low": D_LOW, "volume_high": D_HIGH, "dice": D_DICE}
    return spec, files


def tiny_clicks():
    files = {"encoder.onnx": centred_encoder(), "decoder.onnx": clicked_decoder()}
    spec = contract("tiny-clicks", files)
    spec["encoder"]["whole_slice"] = True
    spec["decoder"]["clicks"] = {"name": "clicks", "decay_mm": DECAY_MM}
    return spec, files


def tiny_multiclass():
    files = {"encoder.onnx": identity_encoder(), "decoder.onnx": affine_decoder([(A, B), (A2, B2)])}
    spec = contract("tiny-multiclass", files)
    spec["decoder"]["classes"] = ["nodule", "mass"]
    return spec, files


BUNDLES = [tiny_identity, tiny_neighbours, tiny_thick, tiny_scout, tiny_doubt, tiny_clicks]
BUNDLES += [tiny_multiclass, tiny_fixed, tiny_nan]
