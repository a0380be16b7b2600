"""The tiny bundles of schema 2 compute what tiny_models says they do, by ONNX Runtime against NumPy."""

import json

import numpy as np
import onnxruntime
import pytest

from tiny_models import BUNDLES, chains, patches, schema1, slices

RANDOM = np.random.default_rng(11)
SCHEMA2 = [make()[0]["name"] for make in BUNDLES if make not in schema1.BUNDLES]
# (1, 1, H, W) and (1, 1, D, H, W); the patch's size is that of the boxes.
PIXELS, VOXELS = RANDOM.random((1, 1, 5, 7)), RANDOM.random((1, 1, *patches.SIZE))
FACTORS = np.array([0.0, 2.0])


def session(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def run(file, **inputs):
    """The graph's only output."""
    opened = session(file)
    types = {i.name: np.float16 if "float16" in i.type else np.float32 for i in opened.get_inputs()}
    (output,) = opened.run(None, {name: np.asarray(value, types[name]) for name, value in inputs.items()})
    return output


def networks(contract):
    """Every network that cuts volumes; a hybrid's two in its place."""
    for role in ("detect", "segment"):
        network = contract.get(role)
        if network:
            both = network.get("hybrid")
            yield from [both["coarse"], both["fine"]] if both else [network]


def handed_over(contract):
    """Outputs of a hybrid's coarse network beside its logits, and inputs of its fine one, by the logits' graph."""
    both = contract["segment"].get("hybrid", {})
    prompts, features = both.get("prompts", {}), both.get("features", [])
    given = {feature["output"] for feature in features}
    taken = {feature["input"] for feature in features} | {
        prompts[key] for key in ("points", "labels", "box") if prompts
    }
    return given, taken


def before(values, axis):
    """The neighbour before along an axis, 0 before the first."""
    moved = np.roll(values, 1, axis)
    np.moveaxis(moved, axis, 0)[0] = 0
    return moved


@pytest.mark.parametrize("name", SCHEMA2)
def test_tensors_are_those_of_model_json(bundles, name):
    contract = json.loads((bundles / name / "model.json").read_text())
    assert sum(f.stat().st_size for f in (bundles / name).iterdir()) < 8192
    given, taken = handed_over(contract)
    for network in networks(contract):
        fine, coarse = (network["kind"] == kind for kind in ("slice", "patch"))
        tensors, random = network["tensors"], network.get("random", {})
        embeddings = {e["name"] for e in tensors.get("embeddings", [])}
        drawn = {d["input"] for d in random.get("dropout", []) + random.get("noise", [])}
        clicks = {network["clicks"]["input"]} if "clicks" in network else set()
        image = {tensors["image"], tensors.get("offsets_mm")} - {None}
        for member in network["members"]:
            first = session(bundles / name / member.get("encoder", member.get("graph"))["file"])
            last = session(bundles / name / member.get("decoder", member.get("graph"))["file"])
            assert {o.name for o in last.get_outputs()} == {tensors["logits"]} | (given if coarse else set())
            drawn |= taken if fine else set()
            if "graph" in member:
                assert {i.name for i in first.get_inputs()} == image | drawn | clicks
            else:
                assert {i.name for i in first.get_inputs()} == image
                assert {o.name for o in first.get_outputs()} == embeddings
                assert {i.name for i in last.get_inputs()} == embeddings | drawn | clicks


@pytest.mark.parametrize("name", ["tiny-plain", "tiny-spaced"])
def test_plain_logit_rises_with_x(bundles, name):
    got = run(bundles / name / "graph.onnx", image=PIXELS)
    np.testing.assert_allclose(got, slices.PLAIN * PIXELS + slices.B, atol=1e-5)


def test_half_graphs_take_and_give_float16(bundles):
    for file in ("tiny-half/encoder.onnx", "tiny-half/decoder.onnx", "tiny-patch-half/graph.onnx"):
        opened = session(bundles / file)
        assert {t.type for t in (*opened.get_inputs(), *opened.get_outputs())} == {"tensor(float16)"}
    e = run(bundles / "tiny-half/encoder.onnx", image=PIXELS)
    got = run(bundles / "tiny-half/decoder.onnx", e=e, drop0=FACTORS.reshape(2, 1, 1, 1))
    wanted = [np.full(PIXELS.shape[2:], slices.B), 2 * slices.A * PIXELS[0, 0] + slices.B]
    # Eleven bits: of x that are multiplied by 16, and of logits up to 16.
    np.testing.assert_allclose(got[:, 0], wanted, atol=16 * 2.0**-11)


def test_members_encoder_and_decoder_belong_together(bundles):
    gains = set()
    for n in range(3):
        for other in range(3):
            e = run(bundles / f"tiny-members/encoder{n}.onnx", image=PIXELS)
            got = run(bundles / f"tiny-members/decoder{other}.onnx", e=e)
            gain = slices.E[n] * slices.D[other]
            np.testing.assert_allclose(got, gain * PIXELS + slices.MB[other], atol=1e-5)
            gains.add(gain)
    assert len(gains) == 9


def test_flips_neighbours_before_count(bundles):
    got = run(bundles / "tiny-flips/graph.onnx", image=PIXELS)
    sides = slices.FJ * before(PIXELS, 2) + slices.FI * before(PIXELS, 3)
    np.testing.assert_allclose(got, slices.A * PIXELS + sides + slices.B, atol=1e-5)
    got = run(bundles / "tiny-patch-flips/graph.onnx", image=VOXELS)
    sides = sum(patches.F[axis] * before(VOXELS, axis + 2) for axis in range(3))
    np.testing.assert_allclose(got, patches.A * VOXELS + sides + patches.B, atol=1e-5)


def test_noise_moves_the_logit_and_the_gain(bundles):
    z = np.array([[0.5, -1.0], [-2.0, 0.25]])
    got = run(bundles / "tiny-noise/decoder.onnx", e=PIXELS, noise=z)[:, 0]
    plain = slices.PLAIN * PIXELS[0, 0] + slices.B
    wanted = [plain + slices.Z0 * z0 + slices.Z1 * PIXELS[0, 0] * z1 for z0, z1 in z]
    np.testing.assert_allclose(got, wanted, atol=1e-5)


@pytest.mark.parametrize("member", [0, 1])
def test_mixed_takes_masks_and_noise(bundles, member):
    m, z = np.array([[0, 4 / 3], [4 / 3, 4 / 3]]), np.array([[0.5], [-1.0]])
    got = run(bundles / f"tiny-mixed/graph{member}.onnx", image=PIXELS, drop0=m.reshape(2, 2, 1, 1), noise=z)[:, 0]
    x, left = PIXELS[0, 0], before(PIXELS, 3)[0, 0]
    gain = slices.G[member] / 2
    wanted = [gain * (x * m0 + left * m1) + slices.Z0 * z0 + slices.B for (m0, m1), (z0,) in zip(m, z)]
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_slab_slices_and_distances_have_weights_of_their_own(bundles):
    x, d = RANDOM.random((1, 3, 4, 4)), np.array([[-2.0, 0.0, 4.0]])
    e = run(bundles / "tiny-slab/encoder.onnx", image=x, offsets_mm=d)
    got = run(bundles / "tiny-slab/decoder.onnx", e=e)
    wanted = sum(slices.W[n] * (x[0, n] + slices.C * d[0, n]) for n in range(3)) + slices.SB
    np.testing.assert_allclose(got[0, 0], wanted, atol=1e-5)


def test_classes_have_logits_of_their_own(bundles):
    got = run(bundles / "tiny-classes/graph.onnx", image=PIXELS)[0]
    x = PIXELS[0, 0]
    np.testing.assert_allclose(got, [slices.PLAIN * x + slices.B, slices.MASS * x + slices.KB], atol=1e-5)


def test_opinions_weigh_the_centre_each_in_its_own_way(bundles):
    patch = RANDOM.random((2, 3, *schema1.CLASSIFIER_SIZE))
    centre = patch[(slice(None), slice(None), *(slice(a, b) for a, b in schema1.CLASSIFIER_CENTRE))].mean(
        axis=(2, 3, 4)
    )
    for n, (*weights, bias) in enumerate(slices.P):
        graph = session(bundles / f"tiny-opinions/classify{n}.onnx")
        logit, marked = graph.run(["logit", "marked"], {"patch": patch.astype(np.float32)})
        np.testing.assert_allclose(logit[:, 0], centre @ weights + bias, atol=1e-5)
        assert np.array_equal(marked, -logit)


@pytest.mark.parametrize("name", ["tiny-patch", "tiny-patch-gaussian"])
def test_patch_logit_depends_on_the_place_in_the_box(bundles, name):
    got = run(bundles / name / "graph.onnx", image=VOXELS)
    place = sum(r * axis for r, axis in zip(patches.R, np.indices(patches.SIZE)))
    np.testing.assert_allclose(got[0, 0], patches.GAIN * VOXELS[0, 0] + place + patches.B, atol=1e-5)


@pytest.mark.parametrize(
    "file, gain",
    [("tiny-patch-dropout/graph0.onnx", patches.G[0]), ("tiny-patch-dropout/graph1.onnx", patches.G[1])]
    + [("tiny-chain/segment.onnx", chains.A)],
)
def test_patch_masks_take_the_image_away(bundles, file, gain):
    got = run(bundles / file, image=VOXELS, drop0=FACTORS.reshape(2, 1, 1, 1, 1))[:, 0]
    wanted = [np.full(patches.SIZE, patches.B), 2 * gain * VOXELS[0, 0] + patches.B]
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_patch_clicks_are_added(bundles):
    clicks = RANDOM.random((1, 2, *patches.SIZE))
    e = run(bundles / "tiny-patch-clicks/encoder.onnx", image=VOXELS)
    got = run(bundles / "tiny-patch-clicks/decoder.onnx", e=e, clicks=clicks)[0, 0]
    clicked = patches.CLICK * (clicks[0, 0] - clicks[0, 1])
    np.testing.assert_allclose(got, patches.GAIN * VOXELS[0, 0] + clicked + patches.B, atol=1e-5)


def test_hybrid_coarse_and_fine_differ(bundles):
    coarse = run(bundles / "tiny-hybrid/coarse.onnx", image=VOXELS)
    np.testing.assert_allclose(coarse, patches.COARSE * VOXELS + patches.CB, atol=1e-5)
    fine = run(bundles / "tiny-hybrid/fine.onnx", image=PIXELS)
    np.testing.assert_allclose(fine, patches.FINE * PIXELS + patches.FB, atol=1e-5)


@pytest.mark.parametrize("name", ["tiny-detect", "tiny-chain"])
def test_detector_has_a_graph_of_its_own(bundles, name):
    got = run(bundles / name / "detect.onnx", image=PIXELS)
    np.testing.assert_allclose(got, chains.DETECT * PIXELS + chains.DB, atol=1e-5)


def test_regions_mix_channels_behind_a_background(bundles):
    image = RANDOM.random((1, 2, *patches.SIZE))
    ct, pet = image[0]
    core = chains.CORE_CT * ct + chains.CORE_PET * pet + chains.CORE_B
    wanted = [np.zeros_like(ct), core, chains.RIM_CT * ct + chains.RIM_B]
    np.testing.assert_allclose(run(bundles / "tiny-regions/graph.onnx", image=image)[0], wanted, atol=1e-5)
