"""Metrics against cases that can be worked out on paper."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage

from sam2lung_train.evaluation import metrics


def ball(shape, centre_mm, radius_mm, spacing_mm):
    """Voxels of a [slice, row, column] grid inside a sphere."""
    places = np.indices(shape) * np.reshape(spacing_mm, (3, 1, 1, 1))
    return ((places - np.reshape(centre_mm, (3, 1, 1, 1))) ** 2).sum(axis=0) <= radius_mm**2


def box(shape, start, stop):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(start, stop))] = True
    return mask


def test_dice_and_iou_shifted_boxes_give_the_fractions():
    a, b = box((4, 8, 8), (0, 0, 0), (4, 4, 4)), box((4, 8, 8), (0, 0, 1), (4, 4, 5))
    assert metrics.dice(a, b) == 3 / 4  # 48 of 64 voxels shared
    assert metrics.iou(a, b) == 48 / 80


def test_dice_offset_spheres_agree_with_the_lens_formula():
    spacing, radius, apart = (0.5, 0.5, 0.5), 10.0, 6.0
    a = ball((50, 50, 64), (12.0, 12.0, 12.0), radius, spacing)
    b = ball((50, 50, 64), (12.0, 12.0, 12.0 + apart), radius, spacing)
    # Two spheres of radius r, d apart, share pi (4 r + d) (2 r - d)^2 / 12.
    lens = np.pi * (4 * radius + apart) * (2 * radius - apart) ** 2 / 12
    # A sphere of 20 voxels' radius is drawn to about 0.1 % of its volume.
    assert metrics.dice(a, b) == pytest.approx(lens / (4 / 3 * np.pi * radius**3), abs=0.005)


def test_dice_empty_result_is_zero_and_nothing_at_all_is_nan():
    empty, full = np.zeros((2, 2, 2), bool), np.ones((2, 2, 2), bool)
    assert metrics.dice(empty, full) == metrics.iou(empty, full) == 0.0
    assert np.isnan(metrics.dice(empty, empty)) and np.isnan(metrics.iou(empty, empty))


def test_touching_takes_whole_components_and_leaves_the_others():
    labels = np.zeros((1, 1, 10), int)
    labels[0, 0, [0, 1, 2]], labels[0, 0, [5, 6]], labels[0, 0, 9] = 1, 2, 3
    reference = box((1, 1, 10), (0, 0, 2), (1, 1, 6))
    assert np.flatnonzero(metrics.touching(labels, reference)).tolist() == [0, 1, 2, 5, 6]


def test_touching_background_alone_is_empty():
    labels = np.zeros((1, 1, 4), int)
    labels[0, 0, 0] = 1
    assert not metrics.touching(labels, box((1, 1, 4), (0, 0, 2), (1, 1, 4))).any()


def test_hd95_shifted_plates_give_the_shift_in_mm_of_each_axis():
    for axis, spacing_mm in enumerate((2.5, 0.7, 0.6)):
        shape = [9, 9, 9]
        start, stop = [0, 0, 0], [9, 9, 9]
        start[axis], stop[axis] = 1, 2
        a = box(shape, start, stop)
        b = np.roll(a, 3, axis)
        assert metrics.hd95(a, b, (2.5, 0.7, 0.6)) == pytest.approx(3 * spacing_mm)


def test_hd95_equal_masks_is_zero_and_nested_spheres_differ_by_their_radii():
    spacing = (1.0, 0.5, 0.5)
    small = ball((40, 80, 80), (20.0, 20.0, 20.0), 8.0, spacing)
    large = ball((40, 80, 80), (20.0, 20.0, 20.0), 12.0, spacing)
    assert metrics.hd95(small, small, spacing) == 0.0
    # Surfaces are drawn to a voxel's half diagonal.
    assert metrics.hd95(small, large, spacing) == pytest.approx(4.0, abs=0.75)


def test_hd95_one_far_voxel_in_many_does_not_count():
    a = box((12, 12, 12), (0, 0, 0), (10, 10, 10))
    b = a.copy()
    b[11, 11, 11] = True
    assert metrics.hd95(a, b, (1.0, 1.0, 1.0)) == 0.0


def test_hd95_empty_mask_is_nan():
    empty, full = np.zeros((3, 3, 3), bool), np.ones((3, 3, 3), bool)
    assert np.isnan(metrics.hd95(empty, full, (1, 1, 1))) and np.isnan(metrics.hd95(full, empty, (1, 1, 1)))


def test_hd95_does_not_depend_on_the_empty_space_around():
    a, b = box((6, 6, 6), (2, 2, 2), (4, 4, 4)), box((6, 6, 6), (2, 2, 3), (4, 4, 5))
    wide = [np.pad(mask, 7) for mask in (a, b)]
    assert metrics.hd95(a, b, (1, 2, 3)) == metrics.hd95(*wide, (1, 2, 3)) == 3.0


def test_neighbourhood_of_a_voxel_is_a_ball_of_voxels():
    point = box((13, 13, 13), (6, 6, 6), (7, 7, 7))
    near = metrics.neighbourhood(point, 5)
    assert np.array_equal(near, ball((13, 13, 13), (6, 6, 6), 5.0, (1, 1, 1)))


def test_ece_of_calibrated_probabilities_is_small_and_of_shifted_ones_the_shift():
    random = np.random.default_rng(1)
    chance = random.random(200_000) * 0.8
    truth = random.random(chance.size) < chance
    # The expected value of the 15 bins' sampling noise is about 0.003.
    assert metrics.ece(metrics.calibration_bins(chance, truth)) < 0.006
    assert metrics.ece(metrics.calibration_bins(chance + 0.2, truth)) == pytest.approx(0.2, abs=0.006)


def test_ece_by_hand_weighs_bins_by_their_voxels():
    probability = np.array([0.9, 0.9, 0.9, 0.1])
    truth = np.array([True, True, False, False])
    # Bin of 0.9: |0.9 - 2/3| with 3 voxels; bin of 0.1: 0.1 with 1.
    assert metrics.ece(metrics.calibration_bins(probability, truth)) == pytest.approx((3 * (0.9 - 2 / 3) + 0.1) / 4)


def test_ece_bins_of_parts_add_up_and_ones_belong_to_the_last():
    random = np.random.default_rng(2)
    probability, truth = np.append(random.random(100), 1.0), random.random(101) < 0.5
    whole = metrics.calibration_bins(probability, truth)
    parts = metrics.calibration_bins(probability[:40], truth[:40]) + metrics.calibration_bins(
        probability[40:], truth[40:]
    )
    np.testing.assert_allclose(whole, parts)
    assert whole[0].sum() == 101
    assert np.isnan(metrics.ece(np.zeros((3, 15))))


def test_auroc_by_hand_counts_pairs_and_halves_ties():
    score, positive = [0.1, 0.4, 0.4, 0.8], [False, True, False, True]
    # Pairs: 0.4 beats 0.1, ties with 0.4; 0.8 beats both: 3.5 of 4.
    assert metrics.auroc(score, positive) == 3.5 / 4
    assert metrics.auroc([1, 2, 3], [True, False, False]) == 0.0
    assert np.isnan(metrics.auroc([1, 2], [True, True]))


@dataclass
class Patient:
    patient: str
    value: float


def mean_value(cases):
    return float(np.mean([case.value for case in cases]))


def test_bootstrap_many_patients_gives_the_normal_interval():
    random = np.random.default_rng(3)
    cases = [Patient(str(n), value) for n, value in enumerate(random.normal(5, 2, 400))]
    low, high = metrics.bootstrap_by_patient(cases, mean_value)
    half = 1.96 * np.std([c.value for c in cases]) / 20
    assert (low, high) == pytest.approx((mean_value(cases) - half, mean_value(cases) + half), abs=0.03)


def test_bootstrap_copies_of_a_patients_nodule_do_not_narrow_the_interval():
    single = [Patient(str(n), n) for n in range(10)]
    copied = [Patient(case.patient, case.value) for case in single for _ in range(50)]
    assert metrics.bootstrap_by_patient(copied, mean_value) == metrics.bootstrap_by_patient(single, mean_value)


def test_bootstrap_same_seed_gives_the_same_interval_and_nan_where_nothing_can_be_said():
    cases = [Patient(str(n), n) for n in range(10)]
    assert metrics.bootstrap_by_patient(cases, mean_value) == metrics.bootstrap_by_patient(cases, mean_value)
    assert np.isnan(metrics.bootstrap_by_patient(cases, lambda _: float("nan"))).all()


def test_surface_of_a_box_leaves_its_inside():
    shell = metrics.surface(box((7, 7, 7), (1, 1, 1), (6, 6, 6)))
    assert shell.sum() == 5**3 - 3**3
    assert ndimage.binary_fill_holes(shell).sum() == 5**3
