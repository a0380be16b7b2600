"""HU of crops with an unknown grey scale, on crops whose HU are known because they are made."""

import numpy as np
import pytest

from sam2lung_train.data.hu_estimate import align, estimate_hu

RANDOM = np.random.default_rng(4)


def crop():
    """Lung with noise, half of the plane muscle, a nodule."""
    hu = RANDOM.normal(-870, 30, (4, 128, 128))
    hu[:, :, 80:] = RANDOM.normal(15, 20, (4, 128, 48))
    hu[:, 40:52, 40:52] = 30
    return hu


def grey_of(hu, gain, offset):
    """As the data was made: HU = gain x grey + offset, a slice at a time, 8 bit."""
    return np.stack([np.clip(np.round((plane - o) / g), 0, 255) for plane, g, o in zip(hu, gain, offset)]).astype(
        np.uint8
    )


@pytest.mark.parametrize("gain, offset", [(8.0, -1024.0), (16.0, -3024.0)])
def test_estimate_hu_of_a_known_crop_is_near(gain, offset):
    hu = crop()
    estimated = estimate_hu(grey_of(hu, [gain] * 4, [offset] * 4))
    # A peak is known to a level or two (8 or 16 HU each), as the histogram is smoothed over five.
    assert np.abs(estimated[:, 40:52, 40:52].mean() - 30) < 3 * gain
    assert np.abs(np.median(estimated[:, :, :70]) + 870) < 3 * gain


def test_align_slices_with_scales_of_their_own_become_alike():
    hu = crop()[[0, 0, 0]]
    grey = grey_of(hu, [8.0, 9.0, 7.5], [-1024, -1000, -1060]).astype(float)
    assert np.abs(grey[0] - grey[1]).mean() > 5
    aligned = align(grey)
    assert np.abs(aligned[0] - aligned[1]).mean() < 1 and np.abs(aligned[2] - aligned[1]).mean() < 1


def test_estimate_hu_without_two_peaks_is_none():
    assert estimate_hu(np.full((3, 128, 128), 100, np.uint8)) is None
