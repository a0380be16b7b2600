"""Clicks (--click, --click-outside) with tiny-clicks, whose logits can be worked out on paper, from a CT to its results."""

import json
import shutil

import made_ct
import numpy as np
import pytest
from scipy import ndimage

SAMPLES = 25
SPACING = (0.75, 0.75, 2.0)
SHAPE = (24, 60, 72)
# onnx/tiny_models/schema1.py describes the bundle.
M, G, DECAY_MM = 0.25, 10.0, 6.0
THRESHOLD = 0.2
# What src/pipeline/click.rs says: how far around the nodule maps change.
REACH_MM = 10.0
BALL, EMPTY = (22, 24, 10), (54, 40, 14)
# Float32 networks against double precision.
CLOSE = {"atol": 3e-6, "rtol": 0}


def ball():
    return made_ct.ball(SHAPE, BALL, 7.0, SPACING)


def hu():
    volume = np.full(SHAPE, made_ct.LUNG_HU)
    volume[ball()] = -300
    return volume


def click_map(voxels):
    """exp(-d / decay) of the distance to the nearest of `voxels` (column, row, slice)."""
    places = np.stack(np.indices(SHAPE)[::-1], -1) * SPACING
    distances = [np.linalg.norm(places - np.multiply(voxel, SPACING), axis=-1) for voxel in voxels]
    return np.exp(-np.min(distances, axis=0) / DECAY_MM) if distances else np.zeros(SHAPE)


def mean_of(kept, inside=(), outside=()):
    """tiny-clicks' mean probability with `kept` of SAMPLES channels kept."""
    x = made_ct.windowed(hu())
    x = x - M * x.mean(axis=(1, 2), keepdims=True)
    logit = made_ct.B + G * (click_map(inside) - click_map(outside))
    p0, p1 = made_ct.sigmoid(logit), made_ct.sigmoid(2 * made_ct.A * x + logit)
    return kept / SAMPLES * p1 + (1 - kept / SAMPLES) * p0


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    return made_ct.write(tmp_path_factory.mktemp("ct") / "ct.nii.gz", hu(), SPACING)


@pytest.fixture(scope="module")
def run(sam2lung, bundles, ct, tmp_path_factory):
    """Segments with clicks: mean probability, labels, nodules and manifest."""

    def segment(*clicks, lung_mask="off"):
        out = tmp_path_factory.mktemp("out")
        words = ("--output", out, "--model", bundles / "tiny-clicks", "--lung-mask", lung_mask, "--samples", SAMPLES)
        sam2lung.segment(ct, *words, *clicks)
        volumes = (made_ct.read(out / "ct" / f"{name}.nii.gz") for name in ("probability", "label", "uncertainty"))
        tables = (json.loads((out / "ct" / f"{name}.json").read_text()) for name in ("nodules", "run"))
        return (*volumes, *tables)

    return segment


@pytest.fixture(scope="module")
def automatic(run):
    return run()


@pytest.fixture(scope="module")
def kept(automatic):
    """Samples that kept the channel, from the brightest voxel."""
    p0, p1 = mean_of(0).max(), mean_of(SAMPLES).max()
    number = round(SAMPLES * (automatic[0].max() - p0) / (p1 - p0))
    assert 0 < number < SAMPLES
    return number


def at(voxel):
    return ",".join(map(str, voxel))


def distance_mm(mask):
    return ndimage.distance_transform_edt(~mask, sampling=SPACING[::-1])


def test_automatic_run_has_no_click_before_its_decoder(automatic, kept):
    mean, label, _, nodules, _ = automatic
    np.testing.assert_allclose(mean, mean_of(kept), **CLOSE)
    assert np.array_equal(label > 0, ball())
    assert [nodule["clicked"] for nodule in nodules] == [False]


def test_whole_slices_are_encoded_whatever_the_search_region(run, kept, tmp_path):
    mask = np.zeros(SHAPE)
    mask[:, 15:34, 12:32] = 1
    path = made_ct.write(tmp_path / "mask.nii.gz", mask, SPACING, dtype=np.uint8)
    mean = run(lung_mask=path)[0]
    # The encoder takes away a share of the slice's mean: a part of the slice has another.
    inside = mask > 0
    np.testing.assert_allclose(mean[inside], mean_of(kept)[inside], **CLOSE)
    assert not mean[~inside].any()


def test_click_in_empty_lung_outlines_what_the_network_says_with_it(run, automatic, kept):
    mean, label, uncertainty, nodules, manifest = run("--click", at(EMPTY))
    wanted = mean_of(kept, [EMPTY])
    outlined = ndimage.label(wanted > THRESHOLD, np.ones((3, 3, 3)))[0]
    outlined = outlined == outlined[EMPTY[::-1]]
    assert 50 < outlined.sum() < 1000
    added = manifest["result"]["clicks"][0]
    assert np.array_equal(label == added, outlined)
    assert [nodule["clicked"] for nodule in nodules] == [nodule["id"] == added for nodule in nodules]
    # What lies nearer to the nodule that nobody clicked on stays as it was.
    taken = (distance_mm(outlined) <= REACH_MM) & (distance_mm(outlined) <= distance_mm(ball()))
    assert (distance_mm(outlined)[~taken] <= REACH_MM).any()
    np.testing.assert_allclose(mean[taken], wanted[taken], **CLOSE)
    # Elsewhere not a bit changes.
    assert mean[~taken].tobytes() == automatic[0][~taken].tobytes()
    assert uncertainty[~taken].tobytes() == automatic[2][~taken].tobytes()
    assert np.array_equal(label[~taken] > 0, automatic[1][~taken] > 0)


def test_click_on_a_nodule_replaces_the_automatic_outline(run, kept):
    mean, label, _, nodules, _ = run("--click", at(BALL))
    wanted = mean_of(kept, [BALL])
    assert np.array_equal(label > 0, wanted > THRESHOLD)
    (nodule,) = nodules
    assert nodule["clicked"]
    assert nodule["probability_inside"] == pytest.approx(wanted[label > 0].mean(), abs=1e-5)
    # Both kinds of samples outline something now: around the click, or the ball as well.
    assert nodule["detection_rate"] == 1.0


def test_click_outside_is_taken_off(run, kept):
    beside = (BALL[0] + 7, BALL[1], BALL[2])
    _, label, _, nodules, manifest = run("--click", at(BALL), "--click-outside", at(beside))
    wanted = mean_of(kept, [BALL], [beside]) > THRESHOLD
    assert (ball() & ~wanted).sum() > 20, "the click has to cost the ball something"
    assert np.array_equal(label > 0, wanted)
    assert manifest["options"]["clicks"] == {"inside": [list(BALL)], "outside": [list(beside)]}


def test_clicks_under_their_old_names_give_the_same(run):
    beside = (BALL[0] + 7, BALL[1], BALL[2])
    new = run("--click", at(BALL), "--click-outside", at(beside))
    old = run("--at", at(BALL), "--not-at", at(beside))
    assert [values.tobytes() for values in new[:3]] == [values.tobytes() for values in old[:3]]
    assert new[3] == old[3]


def test_two_clicks_are_both_before_the_decoder_in_either_order(run, kept):
    one, other = (run("--click", at(a), "--click", at(b)) for a, b in ((BALL, EMPTY), (EMPTY, BALL)))
    assert one[0].tobytes() == other[0].tobytes() and one[1].tobytes() == other[1].tobytes()
    assert one[4]["result"]["clicks"] == other[4]["result"]["clicks"][::-1]
    wanted = mean_of(kept, [BALL, EMPTY])
    assert np.array_equal(one[1] > 0, wanted > THRESHOLD)
    assert all(nodule["clicked"] for nodule in one[3])


def test_mirrored_ct_has_its_clicks_where_they_belong(sam2lung, bundles, tmp_path, run):
    """The same chest with its columns and slices in the other order."""
    flipped = hu()[::-1, :, ::-1]
    affine = np.diag([SPACING[0], -SPACING[1], -SPACING[2], 1.0])
    path = made_ct.write(tmp_path / "ct.nii.gz", flipped, affine=affine)
    voxel = (SHAPE[2] - 1 - EMPTY[0], EMPTY[1], SHAPE[0] - 1 - EMPTY[2])
    words = ("--output", tmp_path, "--model", bundles / "tiny-clicks", "--lung-mask", "off", "--samples", SAMPLES)
    sam2lung.segment(path, *words, "--click", at(voxel))
    label = made_ct.read(tmp_path / "ct" / "label.nii.gz")
    assert np.array_equal(label[::-1, :, ::-1], run("--click", at(EMPTY))[1])


def test_empty_lung_mask_leaves_only_what_was_clicked_on(run, tmp_path):
    path = made_ct.write(tmp_path / "mask.nii.gz", np.zeros(SHAPE), SPACING, dtype=np.uint8)
    _, label, _, nodules, manifest = run("--click", at(EMPTY), lung_mask=path)
    assert [nodule["clicked"] for nodule in nodules] == [True]
    assert label[BALL[::-1]] == 0 and label[EMPTY[::-1]] == 1
    assert manifest["result"]["searched_ml"] > 0 and "click" in manifest["timings_s"]


def test_info_says_whether_clicks_are_taken(sam2lung, bundles):
    lines = {name: sam2lung("info", bundles / name).stdout.splitlines() for name in ("tiny-clicks", "tiny-identity")}
    told = {name: next(line for line in text if line.startswith("clicks")) for name, text in lines.items()}
    assert "inside" in told["tiny-clicks"] and "none" in told["tiny-identity"]


@pytest.mark.parametrize(
    "clicks, name, words",
    [
        ({"name": "clicks", "decay_mm": 0}, "E_MODEL_BUNDLE", ("decoder.clicks", "decay_mm")),
        ({"name": "e0", "decay_mm": 6}, "E_MODEL_BUNDLE", ("decoder.clicks", "name")),
        ({"name": "other", "decay_mm": 6}, "E_MODEL_SHAPE", ("'other'", "missing")),
        (None, "E_MODEL_SHAPE", ("'clicks'", "no such input")),
    ],
    ids=str,
)
def test_contract_that_is_not_the_graph_s_is_refused_by_name(sam2lung, bundles, tmp_path, clicks, name, words):
    bundle = shutil.copytree(bundles / "tiny-clicks", tmp_path / "bundle")
    contract = json.loads((bundle / "model.json").read_text())
    contract["decoder"]["clicks"] = clicks
    (bundle / "model.json").write_text(json.dumps(contract))
    done = sam2lung("info", bundle)
    assert done.returncode == 1 and done.stderr.startswith(f"{name}: ")
    assert [word for word in words if word not in done.stderr] == []
