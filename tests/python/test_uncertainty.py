"""tiny-doubt from a CT to its table: biases, and the models of uncertainty, worked out from the volumes that were written."""

import csv
import json

import made_ct
import numpy as np
import pytest
from scipy import ndimage

SAMPLES = 25
SPACING = (0.75, 0.75, 2.0)
SHAPE = (12, 40, 48)
# onnx/tiny_models/schema1.py describes the bundle.
TEMPERATURE, BIAS, CLASSIFIER_BIAS = 0.8, -0.25, -0.5
KEPT_GAIN = 2 * made_ct.A


def lobes():
    """A ball, and beside it a fainter one whose mean stays below the threshold: probability around, of no nodule."""
    ball = made_ct.ball(SHAPE, (16, 18, 5), 6.0, SPACING)
    faint = made_ct.ball(SHAPE, (16, 30, 5), 5.0, SPACING) & ~ball
    return ball, faint


def hu():
    ball, faint = lobes()
    volume = np.full(SHAPE, made_ct.LUNG_HU)
    volume[faint], volume[ball] = -510, 60
    return volume


@pytest.fixture(scope="module")
def result(sam2lung, bundles, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uncertainty")
    ct = made_ct.write(folder / "ct.nii.gz", hu(), SPACING)
    words = ("--output", folder / "out", "--model", bundles / "tiny-doubt", "--lung-mask", "off", "--samples", SAMPLES)
    sam2lung.segment(ct, *words)
    return folder / "out" / "ct"


@pytest.fixture(scope="module")
def nodule(result):
    (found,) = json.loads((result / "nodules.json").read_text())
    return found


def kept(mean):
    """How many samples kept the channel, from the brightest voxel."""
    p1 = made_ct.sigmoid((KEPT_GAIN * made_ct.windowed(60) + made_ct.B) / TEMPERATURE + BIAS)
    p0 = made_ct.sigmoid(made_ct.B / TEMPERATURE + BIAS)
    return round(SAMPLES * (mean.max() - p0) / (p1 - p0))


def test_bias_is_added_to_the_logit_over_the_temperature(result):
    mean = made_ct.read(result / "probability.nii.gz")
    share = kept(mean) / SAMPLES
    assert 0 < share < 1
    p1 = made_ct.sigmoid((KEPT_GAIN * made_ct.windowed(hu()) + made_ct.B) / TEMPERATURE + BIAS)
    p0 = made_ct.sigmoid(made_ct.B / TEMPERATURE + BIAS)
    # Float32 networks against double precision.
    np.testing.assert_allclose(mean, share * p1 + (1 - share) * p0, atol=3e-6, rtol=0)


def test_bias_of_the_classifier_is_added_to_its_logit_over_the_temperature(result, nodule):
    mean = made_ct.read(result / "probability.nii.gz")
    # The patch's centre lies inside the ball, where both channels are constant.
    logit = made_ct.J0 * made_ct.windowed(60) + made_ct.J1 * mean[5, 18, 16] + made_ct.J2 + made_ct.JB
    wanted = made_ct.sigmoid(logit / made_ct.CLASSIFIER_TEMPERATURE + CLASSIFIER_BIAS)
    assert nodule["nodule_probability"] == pytest.approx(wanted, abs=1e-5)


def features(result, nodule):
    """The seven numbers, from the written volumes and what is known of the samples."""
    mean, label = (made_ct.read(result / f"{name}.nii.gz") for name in ("probability", "label"))
    own = label == nodule["id"]
    near = ndimage.distance_transform_edt(~own, sampling=SPACING[::-1]) <= 4.0
    inside = mean[own].mean(dtype=float)
    around = mean[near & (label == 0)].sum(dtype=float) / own.sum()
    share = kept(mean) / SAMPLES
    # Kept samples outline both balls, the others nothing, which counts as one voxel.
    spread = np.log(np.logical_or(*lobes()).sum()) * np.sqrt(share * (1 - share))
    diameter = np.cbrt(6 * own.sum() * np.prod(SPACING) / np.pi)
    odds = nodule["nodule_probability"] / (1 - nodule["nodule_probability"])
    x = [1, np.log(inside), np.log1p(around), spread, 1 / diameter, 1 - nodule["sample_dice"], np.log(odds)]
    return x, inside, around


def limits(result, nodule):
    """How small and how large the nodule may be, from the written volumes."""
    mean, label = (made_ct.read(result / f"{name}.nii.gz") for name in ("probability", "label"))
    own = label == nodule["id"]
    core = (mean[own] >= 0.95 * mean[own].max()).sum()
    near = ndimage.distance_transform_edt(~own, sampling=SPACING[::-1]) <= 4.0
    parts, _ = ndimage.label(own | near & (label == 0) & (mean > 0.05), np.ones((3, 3, 3)))
    connected = np.isin(parts, np.unique(parts[own]))
    return np.array([max(core, own.sum() / 10), connected.sum()]) * np.prod(SPACING)


def half_voxel_off(volume):
    """A sphere's volume with its surface half a voxel farther in and out."""
    off = np.cbrt(np.prod(SPACING)) / 2 / np.cbrt(volume * 3 / (4 * np.pi))
    return [volume * (1 - off) ** 3, volume * (1 + off) ** 3]


def test_features_are_written_as_they_are_worked_out_from_the_volumes(result, nodule):
    x, inside, around = features(result, nodule)
    # The faint ball gives the surroundings a weight far from that of plain lung.
    assert around > 0.03, "plain lung gives less than 0.01"
    assert nodule["probability_inside"] == pytest.approx(inside, rel=1e-6)
    assert nodule["probability_around"] == pytest.approx(around, rel=1e-6)
    assert nodule["volume_spread"] == pytest.approx(x[3], rel=1e-9)
    assert np.array_equal(made_ct.read(result / "label.nii.gz") > 0, lobes()[0])


def test_interval_and_dice_are_those_of_the_linear_models(result, nodule, bundles):
    x, _, _ = features(result, nodule)
    doubt = json.loads((bundles / "tiny-doubt" / "model.json").read_text())["doubt"]
    v, (least, most) = nodule["volume_mm3"], limits(result, nodule)
    ends = [v * np.exp(np.dot(doubt[end], x)) for end in ("volume_low", "volume_high")] + half_voxel_off(v)
    # Features that were read back from float32 volumes: 1e-6 at most.
    assert nodule["volume_mm3_p05"] == pytest.approx(min(max(min(ends), least), v), rel=1e-5)
    assert nodule["volume_mm3_p95"] == pytest.approx(max(min(max(ends), most), v), rel=1e-5)
    assert least <= nodule["volume_mm3_p05"] <= v <= nodule["volume_mm3_p95"] <= most
    assert nodule["expected_dice"] == pytest.approx(made_ct.sigmoid(np.dot(doubt["dice"], x)), abs=1e-5)
    both = np.logical_or(*lobes()).sum() * np.prod(SPACING)
    assert (nodule["sample_volume_mm3_p05"], nodule["sample_volume_mm3_p95"]) == (0.0, pytest.approx(both))


def test_poor_expected_dice_is_a_reason_to_look_again(nodule):
    assert nodule["expected_dice"] < 0.9
    assert any(f"expected agreement with the true one {nodule['expected_dice']:.2f}, below 0.90" in r for r in nodule["review_reasons"])


def test_run_json_says_which_interval_it_is(result, sam2lung, bundles, tmp_path):
    interval = json.loads((result / "run.json").read_text())["result"]["volume_interval"]
    assert interval == {"kind": "calibrated", "level": 0.8}
    # Nothing was fitted on outlines with clicks.
    clicked = json.loads((result / "run.json").read_text())["result"]["clicked_volume_interval"]
    assert clicked == {"kind": "samples", "level": 0.9}
    ct = made_ct.write(tmp_path / "ct.nii.gz", hu(), SPACING)
    sam2lung.segment(ct, "--output", tmp_path, "--model", bundles / "tiny-identity", "--lung-mask", "off")
    interval = json.loads((tmp_path / "ct" / "run.json").read_text())["result"]["volume_interval"]
    assert interval == {"kind": "samples", "level": 0.9}
    (plain,) = json.loads((tmp_path / "ct" / "nodules.json").read_text())
    assert plain["expected_dice"] is None
    v, (least, most) = plain["volume_mm3"], limits(tmp_path / "ct", plain)
    low, middle, high = (plain[f"sample_volume_mm3_{end}"] for end in ("p05", "p50", "p95"))
    ends = [low, high, *half_voxel_off(v)]
    assert plain["volume_mm3_p05"] == pytest.approx(min(max(min(ends), least), v))
    assert plain["volume_mm3_p95"] == pytest.approx(max(min(max(ends), most), v))
    assert plain["volume_mm3_p50"] == pytest.approx(np.clip(middle, plain["volume_mm3_p05"], plain["volume_mm3_p95"]))


def test_csv_has_every_number_to_eight_digits(result, nodule):
    with open(result / "nodules.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    numbers = {key: value for key, value in nodule.items() if isinstance(value, float)}
    assert {"volume_spread", "probability_around", "expected_dice", "sample_volume_mm3_p50"} <= set(numbers)
    for key, value in numbers.items():
        assert float(row[key]) == pytest.approx(value, rel=1e-7)


def rerun(sam2lung, bundles, tmp_path, *words, status=0):
    ct = made_ct.write(tmp_path / "ct.nii.gz", hu(), SPACING)
    words = ("--output", tmp_path, "--model", bundles / "tiny-doubt", "--lung-mask", "off", "--samples", SAMPLES, *words)
    done = sam2lung.segment(ct, *words, status=status)
    return done.stderr if status else [json.loads((tmp_path / "ct" / f"{name}.json").read_text()) for name in ("nodules", "run")]


@pytest.mark.parametrize(
    "sensitivity, threshold",
    # Points at 0.5 (0.9), 0.8 (0.6) and 1 (0.2): linear between, the ends' own beyond.
    [(0.1, 0.9), (0.5, 0.9), (0.65, 0.75), (0.8, 0.6), (0.95, 0.3), (1, 0.2)],
)
def test_sensitivity_picks_the_classifier_s_threshold(sam2lung, bundles, tmp_path, nodule, sensitivity, threshold):
    found, run = rerun(sam2lung, bundles, tmp_path, "--sensitivity", sensitivity)
    assert run["options"]["sensitivity"] == sensitivity
    assert run["options"]["classify_threshold"] == pytest.approx(threshold)
    assert abs(nodule["nodule_probability"] - threshold) > 0.01
    assert len(found) == (nodule["nodule_probability"] >= threshold)


def test_threshold_of_the_classifier_is_the_bundle_s_own_unless_asked(result):
    options = json.loads((result / "run.json").read_text())["options"]
    assert (options["sensitivity"], options["classify_threshold"]) == (None, 0.5)


@pytest.mark.parametrize("sensitivity", ["0", "1.01", "nan"])
def test_sensitivity_that_is_no_share_is_refused(sam2lung, bundles, tmp_path, sensitivity):
    text = rerun(sam2lung, bundles, tmp_path, "--sensitivity", sensitivity, status=1)
    assert text.startswith("E_OPTION: sensitivity is ") and "up to 1" in text


@pytest.mark.parametrize(
    "bundle, words", [("tiny-identity", "has no classifier"), ("tiny-scout", "classify.operating_points")], ids=str
)
def test_sensitivity_of_a_model_without_operating_points_is_refused(sam2lung, bundles, tmp_path, bundle, words):
    done = sam2lung("segment", "ct.nii.gz", "--output", tmp_path, "--model", bundles / bundle, "--sensitivity", "0.9")
    assert done.returncode == 1 and done.stderr.startswith("E_OPTION: sensitivity is 0.9") and words in done.stderr


def test_uncertainty_that_is_shown_is_the_bundle_s_choice_unless_asked(sam2lung, bundles, tmp_path, result):
    shown = made_ct.read(result / "uncertainty.nii.gz")
    assert json.loads((result / "run.json").read_text())["options"]["uncertainty"] == "mutual-information"
    for kind, same in (("mutual-information", True), ("entropy", False)):
        _, run = rerun(sam2lung, bundles, tmp_path, "--uncertainty", kind)
        assert run["options"]["uncertainty"] == kind
        assert np.array_equal(made_ct.read(tmp_path / "ct" / "uncertainty.nii.gz"), shown) == same


def test_info_lists_operating_points_and_the_uncertainty_that_is_shown(sam2lung, bundles):
    text = sam2lung("info", bundles / "tiny-doubt").stdout
    for words in ("50.0 % of the nodules kept above 0.9", "100.0 % of the nodules kept above 0.2", "mutual information"):
        assert words in text


def test_info_says_what_the_interval_means(sam2lung, bundles):
    assert "true volume in 80 % of nodules" in sam2lung("info", bundles / "tiny-doubt").stdout


@pytest.mark.parametrize(
    "part, field, value, word",
    [
        ("calibration", "bias", 1000, "calibration"),
        ("judge", "bias", -1000, "judge"),
        ("judge", "operating_points", [{"sensitivity": 0, "threshold": 0.5}], "operating_points"),
        ("judge", "operating_points", [{"sensitivity": 0.5, "threshold": 1.5}], "operating_points"),
        ("judge", "operating_points", [{"sensitivity": s, "threshold": 0.5} for s in (0.5, 0.5)], "operating_points"),
        (
            "judge",
            "operating_points",
            [{"sensitivity": s, "threshold": t} for s, t in ((0.5, 0.4), (0.6, 0.5))],
            "operating_points",
        ),
        ("sampling", "uncertainty", "mutual_information", "mutual_information"),
        ("doubt", "level", 1.0, "doubt.level"),
        ("doubt", "dice", [0, 0, 0, 0, 0, 0, 1e7], "coefficient"),
        ("doubt", "dice", [0] * 6, "length 6"),
        ("doubt", "surprise", 1, "surprise"),
        ("doubt", "clicked", {"volume_low": [0] * 7, "volume_high": [0] * 7}, "dice"),
        ("doubt", "clicked", {name: [1e7] * 7 for name in ("volume_low", "volume_high", "dice")}, "coefficient"),
    ],
    ids=str,
)
def test_senseless_number_is_refused_by_name(sam2lung, bundles, tmp_path, part, field, value, word):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for file in (bundles / "tiny-doubt").iterdir():
        (bundle / file.name).write_bytes(file.read_bytes())
    contract = json.loads((bundle / "model.json").read_text())
    contract[part][field] = value
    (bundle / "model.json").write_text(json.dumps(contract))
    done = sam2lung("info", bundle)
    assert done.returncode == 1 and done.stderr.startswith("E_MODEL_BUNDLE: ") and word in done.stderr
