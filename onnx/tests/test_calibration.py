"""Calibration, the fit of a nodule's uncertainty, nodules set into whole CTs. Needs torch, which the modules import."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="SKIPPED: torch is not installed (pip install -r onnx/requirements.txt)")

from test_data import stack  # noqa: E402

from sam2lung_train.data import insert, items  # noqa: E402
from sam2lung_train.run_folder import RunFolder  # noqa: E402
from sam2lung_train.training import calibrate_classifier, calibrate_segmenter, fit_uncertainty  # noqa: E402


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# --- the segmenter ----------------------------------------------------------------------------------------------------


def test_temperature_and_bias_are_found_again():
    rng = np.random.default_rng(0)
    nodules = []
    for _ in range(20):
        logits = rng.normal(0, 4, (1, 4, 20, 20)).astype(np.float16)
        truth = rng.uniform(size=logits.shape[1:]) < sigmoid(logits[0].astype(np.float32) / 2 - 0.7)
        nodules.append(calibrate_segmenter.Seen(logits, truth, np.ones(truth.shape, bool)))
    temperature, bias = calibrate_segmenter.temperature_and_bias(nodules)
    # 32,000 coin tosses: the slope is known to 2 %, the bias to 0.02; five of them.
    assert temperature == pytest.approx(2, rel=0.1) and bias == pytest.approx(-0.7, abs=0.1)


def test_threshold_stays_at_a_half_unless_it_gains():
    reference = np.zeros((2, 30, 30), bool)
    reference[:, 5:15, 5:15] = True
    certain = calibrate_segmenter.Seen(np.where(reference, 8.0, -8.0)[None].astype(np.float16), reference, reference)
    assert calibrate_segmenter.best_threshold([certain], 1.0, 0.0)[0] == 0.5
    shy = calibrate_segmenter.Seen(
        np.where(reference, -0.5, -8.0)[None].astype(np.float16), reference, reference
    )  # 0.38 inside
    assert calibrate_segmenter.best_threshold([shy], 1.0, 0.0)[0] < 0.38


def test_threshold_leaves_what_does_not_touch_the_nodule_to_the_classifier():
    reference = np.zeros((2, 30, 30), bool)
    reference[:, 5:15, 5:15] = True
    logits = np.where(reference, 0.3, -8.0)  # 0.57 inside
    logits[:, 20:28, 20:28] = 0.5  # 0.62: a vessel that a threshold of 0.6 wouldn't drop either
    seen = calibrate_segmenter.Seen(logits[None].astype(np.float16), reference, reference)
    assert calibrate_segmenter.best_threshold([seen], 1.0, 0.0)[1][0.5] == 1


def test_update_keeps_what_it_does_not_know(tmp_path):
    run = RunFolder(tmp_path)
    run.add_to_calibration({"temperature": 1.5, "review": {"expected_dice_below": 0.7}})
    run.add_to_calibration({"bias": 0.1, "review": {"nodule_probability_below": 0.9}})
    assert json.loads(run.calibration.read_text()) == {
        "temperature": 1.5,
        "bias": 0.1,
        "review": {"expected_dice_below": 0.7, "nodule_probability_below": 0.9},
    }


def test_classifier_fit_is_found_again():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, 20000)
    temperature, bias = calibrate_classifier.fitted(logits, rng.uniform(size=20000) < sigmoid(logits / 1.5 + 0.4))
    assert temperature == pytest.approx(1.5, rel=0.1) and bias == pytest.approx(0.4, abs=0.1)


# --- a nodule's uncertainty -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spread_out():
    """Log ratios whose spread grows with one feature: 40 patients of 15 nodules."""
    rng = np.random.default_rng(2)
    softness = rng.uniform(0, 1, 600)
    x = np.stack([np.ones(600), softness, rng.normal(size=600)], 1)
    y = rng.normal(0.1, 0.05 + 0.5 * softness)
    return np.repeat([f"p{n}" for n in range(40)], 15), x, y


def test_quantile_follows_the_feature(spread_out):
    _, x, y = spread_out
    low, high = fit_uncertainty.interval_coefficients(x, y)
    # 1.645 standard deviations of 0.05 + 0.5 softness on each side of 0.1; the useless feature gets little.
    assert high[0] == pytest.approx(0.1 + 0.05 * 1.645, abs=0.15) and high[1] == pytest.approx(0.5 * 1.645, rel=0.3)
    assert low[1] == pytest.approx(-0.5 * 1.645, rel=0.3) and abs(high[2]) < 0.1


def test_interval_holds_its_level_on_nodules_it_has_not_seen(spread_out):
    patients, x, y = spread_out
    low, high, _ = fit_uncertainty.interval(patients, x, y)
    rng = np.random.default_rng(3)
    softness = rng.uniform(0, 1, 20000)
    fresh = np.stack([np.ones(20000), softness, rng.normal(size=20000)], 1)
    true = rng.normal(0.1, 0.05 + 0.5 * softness)
    inside = (true >= fresh @ low) & (true <= fresh @ high)
    # 600 nodules place the conformal constant to sqrt(0.9 * 0.1 / 600) = 1.2 % of coverage; three of them.
    assert inside.mean() == pytest.approx(0.9, abs=0.037)


def test_interval_of_a_useless_regression_is_widened():
    y = np.linspace(-1, 1, 99)
    assert fit_uncertainty.conformal(y, np.zeros(99), np.zeros(99)) == pytest.approx(0.9 * 100 / 99 - 1 / 99, abs=0.03)


def test_held_out_never_answers_for_a_patient_it_learned_from(spread_out):
    patients, x, _ = spread_out

    def predict(learn, ask):
        assert not set(patients[learn]) & set(patients[ask])
        return ask[ask].astype(float)

    assert (fit_uncertainty.held_out(patients, x, predict) == 1).all()


def test_expected_dice_is_found_again():
    rng = np.random.default_rng(4)
    x = np.stack([np.ones(2000), rng.normal(size=2000)], 1)
    np.testing.assert_allclose(fit_uncertainty.share(x, sigmoid(x @ [1.0, 0.5])), [1.0, 0.5], atol=0.1)


def test_features_without_a_classifier():
    entry = {
        "probability_inside": np.exp(-0.2),
        "probability_around": np.exp(0.3) - 1,
        "volume_spread": 0.1,
        "equivalent_diameter_mm": 8.0,
        "sample_dice": 0.9,
        "nodule_probability": None,
    }
    np.testing.assert_allclose(fit_uncertainty.features(entry), [1, -0.2, 0.3, 0.1, 0.125, 0.1, 0], atol=1e-12)


# --- nodules in whole CTs ---------------------------------------------------------------------------------------------


def test_nodules_are_set_into_the_lung_and_nowhere_else():
    hu = np.full((40, 160, 160), 40, np.int16)
    hu[:, 20:140, 20:140] = -850
    hu[:, :4] = -1000  # air around the patient
    whole = items.Whole("made", hu, np.zeros(hu.shape, np.uint8), np.ones(hu.shape, bool), (1.25, 0.7, 0.7))
    whole.known[:, :, 80:] = False
    votes = np.zeros((3, 128, 128), np.uint8)
    votes[:, 60:68, 60:68] = 255
    nodule = stack(votes=votes, hu=np.full((3, 128, 128), 40, np.int16), step_mm=1.25)  # as the wall
    nodule.diameter_mm = 5.0
    shown = insert.with_nodules(whole, [nodule], 6, np.random.default_rng(0))
    marked = shown.votes >= 128
    assert 1 <= marked.sum() and not marked[:, :, 80:].any()
    assert (shown.hu[marked] > -100).all()
    changed = np.argwhere(shown.hu != hu)
    assert (hu[tuple(changed.T)] == -850).all()
    assert (whole.votes == 0).all() and (whole.hu == hu).all()


def test_as_marked_drops_the_slices_that_no_reader_marked():
    votes = np.zeros((5, 128, 128), np.uint8)
    votes[1:3, 60, 60] = 100
    hu, marked = items.as_marked(stack(votes=votes, hu=np.arange(5)[:, None, None] * np.ones((5, 128, 128), np.int16)))
    assert hu[:, 0, 0].tolist() == [1, 2] and len(marked) == 2
