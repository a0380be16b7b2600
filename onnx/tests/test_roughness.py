"""Smoothness across slices of shapes that are known in closed form."""

import numpy as np
import pytest

from sam2lung_train.data import cases
from sam2lung_train.evaluation import roughness


def discs(radii, centres=None, size=64):
    """A stack of discs, [slice, row, column]."""
    centres = centres or [(size / 2, size / 2)] * len(radii)
    rows, columns = np.indices((size, size))
    return np.stack([(rows - r) ** 2 + (columns - c) ** 2 < radius**2 for radius, (r, c) in zip(radii, centres)])


def test_cylinder_has_no_step_and_no_roughness():
    cylinder = discs([10] * 5)
    assert roughness.step(cylinder, (0, 4)) == roughness.roughness(cylinder, (0, 4)) == 0.0


def test_step_of_a_disc_on_a_larger_one_is_one_minus_their_dice():
    small, large = discs([5])[0], discs([10])[0]
    wanted = 1 - 2 * small.sum() / (small.sum() + large.sum())
    assert roughness.step(np.stack([small, large]), (0, 1)) == pytest.approx(wanted)


def test_cone_has_a_step_but_hardly_a_roughness():
    cone = discs([8, 10, 12, 14, 16])
    # Steps of 2 in 12: 1 - Dice is about 2 * 2 / 12 / 2.
    assert roughness.step(cone, (0, 4)) == pytest.approx(0.18, abs=0.03)
    # Discs are drawn to a pixel: a ring of half a pixel is 4 % of the area at these radii.
    assert roughness.roughness(cone, (0, 4)) < 0.04


def test_tilted_cylinder_has_hardly_a_roughness_and_one_that_jumps_has():
    tilted = discs([10] * 5, [(32, 24 + 2 * k) for k in range(5)])
    jumping = discs([10] * 5, [(32, 32 + 2 * (k % 2)) for k in range(5)])
    assert roughness.step(tilted, (0, 4)) == roughness.step(jumping, (0, 4))
    assert roughness.roughness(tilted, (0, 4)) < 0.04 < 0.1 < roughness.roughness(jumping, (0, 4))


def test_slice_left_out_inside_counts_as_one():
    holed = discs([10] * 5)
    holed[2] = False
    assert roughness.roughness(holed, (1, 3)) == 1.0
    assert roughness.step(holed, (0, 4)) == 0.5


def test_ends_do_not_count_and_too_few_slices_are_nan():
    cylinder = np.concatenate([np.zeros((2, 64, 64), bool), discs([10] * 3), np.zeros((1, 64, 64), bool)])
    assert roughness.span(cylinder) == (2, 4)
    assert roughness.common_span([cylinder, np.roll(cylinder, 1, 0)]) == (3, 4)
    assert np.isnan(roughness.roughness(cylinder, (3, 4))) and np.isnan(roughness.step(cylinder, (3, 3)))
    assert roughness.span(np.zeros((2, 3, 3), bool)) == (0, -1)


def test_compare_measures_all_outlines_on_the_slices_that_they_share():
    ours, smooth = discs([10] * 5, [(32, 32 + 2 * (k % 2)) for k in range(5)]), discs([10] * 5)
    ours[4] = False
    case = cases.Case(
        "a", "p", 9.0, np.zeros(smooth.shape, np.float32), smooth, (2.0, 0.7, 0.7), readers=(smooth, ours)
    )
    figures = roughness.compare(ours, case)
    assert figures["step"]["consensus"] == 0.0
    assert figures["step"]["ours"] == roughness.step(ours, (0, 3)) > 0.1
    assert figures["step"]["reader"] == pytest.approx(figures["step"]["ours"] / 2)
    missed = roughness.compare(np.zeros_like(ours), case)
    assert all(np.isnan(value) for measure in missed.values() for value in measure.values())


def test_compare_far_away_pixels_change_nothing():
    wide = np.pad(discs([6, 7, 8], size=32), [(0, 0), (40, 3), (2, 50)])
    narrow = discs([6, 7, 8], size=32)
    made = [cases.Case("a", "p", 9.0, np.zeros(m.shape, np.float32), m, (2.0, 0.7, 0.7)) for m in (wide, narrow)]
    assert (
        roughness.compare(wide, made[0])["roughness"]["ours"] == roughness.compare(narrow, made[1])["roughness"]["ours"]
    )
