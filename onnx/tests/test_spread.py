"""Generalised energy distance against sums by hand."""

import numpy as np
import pytest

from sam2lung_train.data.cases import Case
from sam2lung_train.evaluation import metrics, scores, spread, summary
from sam2lung_train.evaluation.product import Result


def rows(*counts, length=8):
    """Masks (N, 1, 1, length), each of the first `count` pixels."""
    return np.stack([np.arange(length) < count for count in counts])[:, None, None]


def test_distance_of_empty_masks_is_nothing_and_of_one_empty_one_is_all():
    masks = rows(0, 2, 4)[:, 0, 0]
    assert spread.distances(masks, masks).tolist() == [[0, 1, 1], [1, 0, 0.5], [1, 0.5, 0]]


def test_distance_is_one_less_iou():
    random = np.random.default_rng(0)
    a, b = random.random((2, 5, 40)) < 0.4
    assert spread.distances(a, b) == pytest.approx(np.array([[1 - metrics.iou(x, y) for y in b] for x in a]))


def test_samples_that_are_the_readers_have_no_distance_to_them():
    readers = rows(2, 3, 4, 0)
    (parts,) = spread.compare(np.repeat(readers, 4, axis=0), list(readers))
    assert spread.distance(parts) == pytest.approx(0)


def test_missing_readers_are_empty_masks():
    # One reader of four, every sample is that reader's outline: E d(S, Y) = 3/4, among readers 6 of 16 pairs.
    one = rows(4)
    (parts,) = spread.compare(np.repeat(one, 16, axis=0), list(one))
    assert parts == (0.75, 0.0, 0.375) and spread.distance(parts) == 1.125


def test_slices_without_a_mark_dont_count():
    readers = np.zeros((4, 3, 1, 8), bool)
    readers[0, 1, 0, :4] = True
    assert len(spread.compare(np.zeros((2, 3, 1, 8), bool), list(readers))) == 1


def test_outlines_are_the_samples_voxels_that_hang_together_with_a_finding():
    labels = np.zeros((1, 3, 40), int)
    labels[0, 1, 5:8], labels[0, 1, 10:12] = 1, 2
    bits = np.zeros(labels.shape, np.uint64)
    bits[0, 1, 4:8] |= np.uint64(1)  # sample 0: the first finding and a voxel beside it
    bits[0, 1, 30:] |= np.uint64(1)  # and something that isn't shown
    bits[0, 0, 9] |= np.uint64(1 << 40)  # sample 40: hangs together with the second by a corner
    bits[0, 1, 10] |= np.uint64(1 << 40)
    found = spread.outlines(bits, labels, 41, (1.0, 1.0, 1.0), {})
    assert np.argwhere(found[0]).tolist() == [[0, 1, x] for x in (4, 5, 6, 7)]
    assert np.argwhere(found[40]).tolist() == [[0, 0, 9], [0, 1, 10]]
    assert not found[1:40].any()


def test_outlines_of_a_finding_are_in_the_share_of_samples_that_readers_would_mark_it_in():
    labels = np.ones((1, 1, 2), int)
    bits = np.full(labels.shape, 0xFFFF, np.uint64)
    for share, marked in ((0.25, 4), (0.0, 0), (None, 16)):
        found = spread.outlines(bits, labels, 16, (1.0, 1.0, 1.0), {1: share})
        assert found.any((1, 2, 3)).sum() == marked
    # Two findings aren't marked by the same samples.
    assert any((spread.marking(1, 0.5, 16) != spread.marking(n, 0.5, 16)).any() for n in (2, 3))


def case(readers):
    hu = np.zeros(readers[0].shape, np.float32)
    return Case("a", "p", 5.0, hu, readers[0], (1.0, 1.0, 1.0), tuple(readers))


def test_energy_of_a_refused_ct_is_that_of_empty_samples_and_without_outlines_none():
    readers = list(np.pad(rows(4, 4, 4, 4), ((0, 0), (0, 1), (0, 1), (0, 0))))
    refused = Result("a", refused="E_NO_LUNG: none")
    assert scores.energy(case(readers), refused, np.zeros((2, 2, 8), int)) == [(1.0, 0.0, 0.0)]
    assert scores.energy(case(readers), Result("a"), np.zeros((2, 2, 8), int)) is None


def test_energy_distance_is_a_mean_of_slices():
    made = [type("S", (), {"energy": parts})() for parts in ([(0.5, 0.25, 0.25)], [(1.0, 0.0, 0.0)] * 3, None)]
    assert summary.energy_distance(made) == pytest.approx((0.5 + 3 * 2) / 4)
    assert summary.energy_part(made, 1) == pytest.approx(0.25 / 4)
    assert np.isnan(summary.energy_distance(made[2:]))
