"""Free-response curves by hand."""

import numpy as np
import pytest

from sam2lung_train.evaluation import froc


def scans():
    """Two scans, three lesions (one without a finding), three false findings."""
    return [
        froc.Scan("a", "p", lesions=[0.9, None], false=[0.8, 0.1]),
        froc.Scan("b", "q", lesions=[0.5], false=[0.6]),
    ]


def test_curve_by_hand_rises_with_every_finding():
    false, found = froc.curve(scans())
    # Thresholds: above all, 0.9 (hit), 0.8 (false), 0.6 (false), 0.5 (hit), 0.1 (false).
    assert false == pytest.approx([0, 0, 0.5, 1, 1, 1.5])
    assert found == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_sensitivities_by_hand_and_cpm_is_their_mean():
    wanted = [1 / 3, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 3]
    assert froc.sensitivities(scans()) == pytest.approx(wanted)
    assert froc.cpm(scans()) == pytest.approx(np.mean(wanted))


def test_hit_and_false_finding_of_one_probability_come_together():
    false, found = froc.curve([froc.Scan("a", "p", [0.5], [0.5])])
    assert false.tolist() == [0, 1] and found.tolist() == [0, 1]
    # LUNA16's linear interpolation between.
    assert froc.sensitivities([froc.Scan("a", "p", [0.5], [0.5])], [0.25]) == pytest.approx([0.25])


def test_at_threshold_keeps_what_reaches_it():
    assert froc.at_threshold(scans(), 0.6) == (1.0, pytest.approx(1 / 3))
    assert froc.at_threshold(scans(), 0.0) == (1.5, pytest.approx(2 / 3))


def test_perfect_classifier_has_a_cpm_of_one_without_false_findings():
    perfect = [froc.Scan(str(n), str(n), [0.9], []) for n in range(4)]
    assert froc.cpm(perfect) == 1.0
    assert froc.curve(perfect)[0].max() == 0.0


def test_scans_without_lesions_or_findings_say_nothing():
    assert np.isnan(froc.cpm([froc.Scan("a", "p", [], [0.3])]))
    missed = froc.summary([froc.Scan("a", "p", [None], [])], threshold=0.5, rounds=10)
    assert missed["cpm"]["value"] == 0.0 and missed["product"] == (0.0, 0.0)
    assert np.isnan(froc.summary([], rounds=10)["cpm"]["value"])


def test_summary_has_seven_points_with_intervals_and_where_the_product_stands():
    made = froc.summary(scans(), threshold=0.6, rounds=50)
    assert [p["false_per_scan"] for p in made["points"]] == [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8]
    low, high = made["points"][3]["ci95"]
    assert low <= made["points"][3]["value"] <= high
    assert (made["scans"], made["lesions"], made["product"]) == (2, 3, (1.0, pytest.approx(1 / 3)))
