"""Volumes of readers' masks against HU: made balls have the volume of a ball."""

import numpy as np
import pytest
from scipy import ndimage

from sam2lung_train.evaluation import contours

SPACING = (1.5, 0.7, 0.7)
SUB = 6  # samples a voxel and axis


def ball(diameter, offset=(0.2, -0.3, 0.1), shape=(22, 48, 48), blur_mm=0.6):
    """HU of a ball in lung, and the part of each voxel that it fills."""
    axes = [(np.arange(n * SUB) + 0.5) / SUB - n / 2 - o for n, o in zip(shape, offset)]
    away = sum((axis * mm) ** 2 for axis, mm in zip(np.ix_(*axes), SPACING))
    filled = away <= (diameter / 2) ** 2
    part = filled.reshape(shape[0], SUB, shape[1], SUB, shape[2], SUB).mean((1, 3, 5))
    blurred = ndimage.gaussian_filter(part, (0, blur_mm / SPACING[1], blur_mm / SPACING[2]))
    return -850 + 880 * blurred, part


@pytest.mark.parametrize("diameter", [4, 6, 10, 20])
def test_physical_volume_of_a_blurred_ball_is_the_balls(diameter):
    hu, part = ball(diameter)
    found = contours.volumes(hu, [part > 0.5], SPACING, 30.0)
    # What is left is blur beyond the reach, and SUB samples a voxel.
    assert found["physical"] == pytest.approx(np.pi / 6 * diameter**3, rel=0.02)


def test_mask_that_lacks_its_end_slices_and_is_too_wide_says_both():
    hu, part = ball(12)
    inside = part > 0.5
    inside[: np.flatnonzero(inside.any((1, 2)))[0] + 1] = False
    wide = ndimage.binary_dilation(inside, np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]))
    exact, large = (contours.volumes(hu, [mask], SPACING, 30.0) for mask in (inside, wide))
    assert exact["middle"] == pytest.approx(1, abs=0.02) and 0.01 < exact["unmarked"] < 0.1
    assert large["middle"] == pytest.approx(((6 + 0.7) / 6) ** 2, abs=0.08)


def test_nodule_at_a_vessel_or_without_a_consensus_isnt_compared():
    hu, part = ball(8)
    assert contours.volumes(hu, [part > 0.5], SPACING, 30.0)
    assert contours.volumes(hu, [part > 2], SPACING, 30.0) is None
    hu[:, 20:28] = 40
    assert contours.volumes(hu, [part > 0.5], SPACING, 30.0) is None


def test_solid_is_what_was_rated_so_and_holds_no_calcium():
    rated = lambda **more: {"ratings": [{"texture": 5, "calcification": 6, **more}, None]}  # noqa: E731
    assert contours.is_solid(rated())
    assert not contours.is_solid(rated(texture=4)) and not contours.is_solid(rated(calcification=3))
    assert not contours.is_solid({"ratings": None})
