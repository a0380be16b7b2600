"""Risk-coverage curves by hand."""

import numpy as np
import pytest

from sam2lung_train.evaluation import risk


def test_curve_by_hand_is_the_mean_loss_of_the_surest():
    coverage, kept = risk.curve([0.3, 0.1, 0.2], [0.9, 0.0, 0.6])
    assert coverage == pytest.approx([1 / 3, 2 / 3, 1])
    assert kept == pytest.approx([0.0, 0.3, 0.5])
    assert risk.aurc([0.3, 0.1, 0.2], [0.9, 0.0, 0.6]) == pytest.approx((0 + 0.3 + 0.5) / 3)


def test_e_aurc_of_the_best_order_is_zero_and_of_the_worst_the_largest():
    loss = np.array([0.0, 0.2, 0.4, 0.9])
    assert risk.e_aurc(10 * loss, loss) == 0.0
    # Worst first: 0.9, 0.65, 0.5, 0.375; best first: 0, 0.1, 0.2, 0.375.
    assert risk.e_aurc(-loss, loss) == pytest.approx((0.9 + 0.65 + 0.5 - 0.1 - 0.2) / 4)


def test_equal_uncertainties_share_their_loss_whatever_their_order():
    assert risk.aurc([1, 1], [0.0, 1.0]) == risk.aurc([1, 1], [1.0, 0.0]) == 0.5
    assert risk.curve([1, 1, 0], [0.0, 1.0, 0.2])[1] == pytest.approx([0.2, 0.35, 0.4])


def test_uncertainty_without_meaning_has_the_mean_loss_as_its_area():
    random = np.random.default_rng(0)
    loss = random.random(20_000)
    assert risk.aurc(random.random(loss.size), loss) == pytest.approx(0.5, abs=0.02)


def test_no_nodules_is_nan():
    assert np.isnan(risk.aurc([], [])) and np.isnan(risk.e_aurc([], []))
