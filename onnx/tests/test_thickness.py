"""Thick slices made of thin ones, and the tables of the evaluation on them, by hand."""

from pathlib import Path

import numpy as np
import pytest

from sam2lung_train.evaluation import slice_thickness, thickness


def ramp(count):
    """Slices of one value each: 0, 1, 2, …"""
    return np.arange(float(count))[:, None, None] * np.ones((1, 2, 3))


def test_slabs_are_the_mean_of_the_slices_that_they_hold():
    assert thickness.slabs(ramp(7), 1.0, 2.0)[:, 0, 0] == pytest.approx([0.5, 2.5, 4.5])
    # From 0.5 mm on: halves of slice 0 and 2 around slice 1.
    assert thickness.slabs(ramp(7), 1.0, 2.0, 0.5)[:, 1, 2] == pytest.approx([1.0, 3.0, 5.0])
    # 1.5 slices each: (0 + 1/2 · 1) / 1.5, (1/2 · 1 + 2) / 1.5.
    assert thickness.slabs(ramp(4), 1.0, 1.5)[:, 0, 0] == pytest.approx([1 / 3, 5 / 3])


def test_slabs_as_thick_as_the_slices_are_the_slices():
    assert np.array_equal(thickness.slabs(ramp(5), 1.25, 1.25), ramp(5))


def test_slabs_of_too_little_are_refused():
    with pytest.raises(ValueError, match="don't fill"):
        thickness.slabs(ramp(3), 1.0, 4.0)


def test_thin_puts_each_slab_back_on_the_slices_whose_middle_it_holds():
    labels = np.array([1, 2])[:, None, None]
    assert thickness.thin(labels, 6, 1.0, 2.0)[:, 0, 0].tolist() == [1, 1, 2, 2, 0, 0]
    assert thickness.thin(labels, 6, 1.0, 2.0, 0.6)[:, 0, 0].tolist() == [0, 1, 1, 2, 2, 0]


def test_start_is_within_one_slab_and_stays_for_a_name():
    starts = {thickness.start_mm(f"nodule {n}", 5.0, 1.0) for n in range(50)}
    assert all(0 <= start < 5 for start in starts) and len(starts) > 40
    assert thickness.start_mm("nodule 1", 1.0, 1.25) == 0


def test_report_names_both_bundles(bundles):
    before, after = (slice_thickness.named(bundles / name) for name in ("tiny-chain", "tiny-grows"))
    made = {"program": "sam2lung 0.0.0", "before": before, "after": after, "crops": [], "lesions": [], "phantoms": []}
    asked = slice_thickness.Options(Path("sam2lung"), Path("out"), before=Path("before"))
    text = slice_thickness.report(made, asked)
    assert "the model's number of samples; tiny-chain 1.0.0 → tiny-grows 1.0.0." in text


def test_volume_at_adds_up_findings_near_the_place_alone():
    nodule = lambda i, k, mm3: {"centroid_ijk": [i, 10, k], "volume_mm3": mm3}  # noqa: E731
    result = type("Result", (), {"nodules": [nodule(10, 4, 100.0), nodule(12, 5, 20.0), nodule(40, 4, 3.0)]})
    # Voxel (10, 10, 4) of 0.5 x 0.5 x 5 mm has its middle at 22.5, 5.25, 5.25 mm.
    assert slice_thickness.volume_at(result, (5.0, 0.5, 0.5), np.array([22.5, 5.25, 5.25]), 6.0) == 120.0


def test_crop_table_sets_before_beside_after():
    row = lambda when, dice, ratio: {"thick_mm": 5.0, "when": when, "dice": dice, "possible": 0.9, "ratio": ratio}  # noqa: E731
    rows = [row("before", 0.0, 0.0), row("before", 0.4, 0.5), row("after", 0.8, 0.8), row("after", 0.6, 1.25)]
    last = slice_thickness.crop_table(rows).splitlines()[-1]
    assert last == "| 5 mm | 1 → 2 of 2 | 0.200 → 0.700 | 0.900 | 0.50 → 1.00 |"
