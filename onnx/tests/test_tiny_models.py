"""The tiny bundles of schema 1 do what tiny_models says they do, by ONNX Runtime against NumPy."""

import itertools
import json

import numpy as np
import onnxruntime
import pytest

from tiny_models import schema1 as tiny, write_all

RANDOM = np.random.default_rng(7)


def session(bundle, file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(bundle / file), options, providers=["CPUExecutionProvider"])


def run(bundle, file, **inputs):
    """All outputs by name."""
    opened = session(bundle, file)
    names = [output.name for output in opened.get_outputs()]
    feeds = {name: np.asarray(value, np.float32) for name, value in inputs.items()}
    return dict(zip(names, opened.run(names, feeds)))


def all_masks(channels, rate):
    """Every mask there is, (2^C, C, 1, 1)."""
    kept = list(itertools.product([0.0, 1.0], repeat=channels))
    return np.reshape(kept, (-1, channels, 1, 1)) / (1 - rate)


def test_bundles_regenerated_are_the_committed_ones(tmp_path, bundles):
    for made in write_all(tmp_path):
        for file in made.iterdir():
            assert file.read_bytes() == (bundles / made.name / file.name).read_bytes(), f"{made.name}/{file.name}"
        assert {f.name for f in made.iterdir()} == {f.name for f in (bundles / made.name).iterdir()}


def test_bundles_tensors_are_those_of_model_json(bundles):
    for make in tiny.BUNDLES:
        folder = bundles / make()[0]["name"]
        spec = json.loads((folder / "model.json").read_text())
        encoder, decoder = session(folder, spec["encoder"]["file"]), session(folder, spec["decoder"]["file"])
        embeddings = {e["name"]: e["channels"] for e in spec["encoder"]["embeddings"]}
        dropout = {d["name"]: d["channels"] for d in spec["decoder"]["dropout"]}
        wanted = {spec["encoder"]["slices"], spec["encoder"]["offsets_mm"]} - {None}
        assert {i.name for i in encoder.get_inputs()} == wanted
        assert {o.name: o.shape[1] for o in encoder.get_outputs()} == embeddings
        clicks = spec["decoder"].get("clicks")
        clicked = {clicks["name"]: 2} if clicks else {}
        assert {i.name: i.shape[1] for i in decoder.get_inputs()} == {**embeddings, **dropout, **clicked}
        (logits,) = decoder.get_outputs()
        assert (logits.name, logits.shape[1]) == (spec["decoder"]["logits"], len(spec["decoder"]["classes"]))


def test_identity_logits_take_the_two_values_of_the_formula(bundles):
    x = RANDOM.random((1, 1, 5, 7), np.float32)
    e0 = run(bundles / "tiny-identity", "encoder.onnx", slices=x)["e0"]
    assert np.array_equal(e0, x)
    masks = np.reshape([0.0, 2.0, 1.0], (3, 1, 1, 1))
    logits = run(bundles / "tiny-identity", "decoder.onnx", e0=e0, drop0=masks)["logits"]
    wanted = [np.full_like(x[0, 0], tiny.B), 2 * tiny.A * x[0, 0] + tiny.B, tiny.A * x[0, 0] + tiny.B]
    np.testing.assert_allclose(logits[:, 0], wanted, atol=1e-5)


def test_clicks_are_added_to_the_logits_of_a_slice_that_is_seen_whole(bundles):
    x, clicks = RANDOM.random((1, 1, 5, 7), np.float32), RANDOM.random((1, 2, 5, 7), np.float32)
    e0 = run(bundles / "tiny-clicks", "encoder.onnx", slices=x)["e0"]
    np.testing.assert_allclose(e0, x - tiny.M * x.mean(), atol=1e-6)
    masks = np.reshape([0.0, 2.0], (2, 1, 1, 1))
    logits = run(bundles / "tiny-clicks", "decoder.onnx", e0=e0, clicks=clicks, drop0=masks)["logits"]
    clicked = tiny.B + tiny.G * (clicks[0, 0] - clicks[0, 1])
    np.testing.assert_allclose(logits[:, 0], [clicked, clicked + 2 * tiny.A * e0[0, 0]], atol=1e-5)


def neighbours_by_hand(x, offsets, m0, m1):
    """tiny-neighbours' formula for one sample: x (3, H, W), offsets (3,), masks (3,)."""
    pooled = x.reshape(3, x.shape[1] // 2, 2, x.shape[2] // 2, 2).mean(axis=(2, 4))
    coarse = sum(tiny.W1[n] * (pooled[n] + tiny.C * offsets[n]) * m1[n] for n in range(3))
    fine = sum(tiny.W0[n] * x[n] * m0[n] for n in range(3))
    return tiny.B_NEIGHBOURS + fine + coarse.repeat(2, axis=0).repeat(2, axis=1)


def test_neighbours_every_pair_of_masks_gives_the_formula(bundles):
    folder = bundles / "tiny-neighbours"
    x = RANDOM.random((1, 3, 8, 12), np.float32)
    offsets = np.array([[-1.5, 0.0, 3.0]])
    embeddings = run(folder, "encoder.onnx", slices=x, offsets_mm=offsets)
    pairs = list(itertools.product(all_masks(3, 0.5), all_masks(3, 0.25)))
    drop0, drop1 = np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs])
    logits = run(folder, "decoder.onnx", **embeddings, drop0=drop0, drop1=drop1)["logits"]
    for got, m0, m1 in zip(logits[:, 0], drop0[..., 0, 0], drop1[..., 0, 0]):
        np.testing.assert_allclose(got, neighbours_by_hand(x[0], offsets[0], m0, m1), atol=1e-5)


def test_neighbours_swapped_slices_or_offsets_change_the_logits(bundles):
    folder = bundles / "tiny-neighbours"
    x = RANDOM.random((1, 3, 4, 4), np.float32)
    ones = np.ones((1, 3, 1, 1))

    def logits(slices, offsets):
        embeddings = run(folder, "encoder.onnx", slices=slices, offsets_mm=[offsets])
        return run(folder, "decoder.onnx", **embeddings, drop0=ones, drop1=ones)["logits"]

    straight = logits(x, [-2.0, 0.0, 2.0])
    assert np.abs(straight - logits(x[:, ::-1], [-2.0, 0.0, 2.0])).max() > 0.1
    # The last slice of a volume repeats itself: distance 0 instead of 2 moves the logit by C x W1[2] x 2.
    moved = straight - logits(x, [-2.0, 0.0, 0.0])
    np.testing.assert_allclose(moved, tiny.C * tiny.W1[2] * 2.0, atol=1e-5)


def test_scout_logits_are_smoothed_with_zeros_beyond_the_image(bundles):
    x = RANDOM.random((1, 1, 6, 9), np.float32)
    logits = run(bundles / "tiny-scout", "decoder.onnx", e0=x, drop0=np.ones((1, 1, 1, 1)))["logits"]
    padded = np.pad(x[0, 0], 1)
    kernel = tiny.binomial_kernel()
    smooth = sum(kernel[i, j] * padded[i : i + 6, j : j + 9] for i in range(3) for j in range(3))
    np.testing.assert_allclose(logits[0, 0], tiny.A * smooth + tiny.B, atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
def test_classifier_logit_is_the_weighed_means_of_the_centre(bundles, count):
    patch = RANDOM.random((count, 3, *tiny.CLASSIFIER_SIZE), np.float32)
    logit = run(bundles / "tiny-scout", "judge.onnx", patch=patch)["logit"]
    centre = patch[(slice(None), slice(None), *(slice(a, b) for a, b in tiny.CLASSIFIER_CENTRE))].mean(axis=(2, 3, 4))
    np.testing.assert_allclose(logit, centre @ [[tiny.J0], [tiny.J1], [tiny.J2]] + tiny.JB, atol=1e-5)


def test_multiclass_has_one_plane_of_logits_a_class(bundles):
    x = RANDOM.random((1, 1, 3, 4), np.float32)
    logits = run(bundles / "tiny-multiclass", "decoder.onnx", e0=x, drop0=np.full((2, 1, 1, 1), 2.0))["logits"]
    assert logits.shape == (2, 2, 3, 4)
    np.testing.assert_allclose(logits[1, 0], 2 * tiny.A * x[0, 0] + tiny.B, atol=1e-5)
    np.testing.assert_allclose(logits[1, 1], 2 * tiny.A2 * x[0, 0] + tiny.B2, atol=1e-5)


def test_masks_averaged_over_all_of_them_leave_the_mean_logit_alone(bundles):
    """Inverted dropout: the mean over masks, weighed by their chance, is the deterministic logit."""
    folder = bundles / "tiny-neighbours"
    x = RANDOM.random((1, 3, 4, 4), np.float32)
    embeddings = run(folder, "encoder.onnx", slices=x, offsets_mm=[[-2.0, 0.0, 2.0]])
    masks = all_masks(3, 0.5)
    ones = np.ones_like(masks)
    sampled = run(folder, "decoder.onnx", **embeddings, drop0=masks, drop1=ones)["logits"].mean(axis=0)
    plain = run(folder, "decoder.onnx", **embeddings, drop0=ones[:1], drop1=ones[:1])["logits"][0]
    np.testing.assert_allclose(sampled, plain, atol=1e-5)
