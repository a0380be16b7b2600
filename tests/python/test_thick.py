"""Thick slices through the command line: neighbours between the CT's slices, worked out in NumPy; what is said and flagged."""

import json

import made_ct
import numpy as np
import pytest

STEP_MM = 2.0  # tiny-thick's, interpolated above 2.5 mm and tried up to 5 mm


def probability(hu, slice_mm, m0, m1):
    """tiny-thick's probability with one pair of masks at slices of more than 2.5 mm."""
    planes = []
    for k in range(len(hu)):
        at = [min(max(k + n * STEP_MM / slice_mm, 0), len(hu) - 1) for n in (-1, 0, 1)]
        # HU are interpolated, then windowed: the window's corners make a difference.
        low = [min(int(p), len(hu) - 2) for p in at]
        x = [made_ct.windowed(hu[b] + (hu[b + 1] - hu[b]) * (p - b)) for b, p in zip(low, at)]
        fine = sum(made_ct.W0[n] * x[n] * m0[n] for n in range(3))
        offset_mm = [(p - k) * slice_mm for p in at]
        coarse = sum(made_ct.W1[n] * (made_ct.pooled(x[n]) + made_ct.C * offset_mm[n]) * m1[n] for n in range(3))
        planes.append(made_ct.B_NEIGHBOURS + fine + coarse.repeat(2, axis=0).repeat(2, axis=1))
    return made_ct.sigmoid(np.stack(planes) / made_ct.TEMPERATURE)


@pytest.fixture(scope="module")
def textured():
    return np.random.default_rng(5).integers(-1100, 500, (6, 16, 24))


def run(sam2lung, bundles, folder, hu, slice_mm):
    path = made_ct.write(folder / "ct.nii.gz", hu, (0.7, 0.7, slice_mm))
    words = ("--output", folder / "out", "--model", bundles / "tiny-thick", "--lung-mask", "off", "--samples", 1)
    done = sam2lung.segment(path, *words)
    return done, folder / "out" / "ct", json.loads((folder / "out" / "ct" / "run.json").read_text())


@pytest.mark.parametrize("slice_mm", [3.0, 5.0])
def test_thick_slices_probability_is_that_of_neighbours_between_them(sam2lung, bundles, tmp_path, textured, slice_mm):
    _, folder, manifest = run(sam2lung, bundles, tmp_path, textured, slice_mm)
    got = made_ct.read(folder / "probability.nii.gz")
    networks = [probability(textured, slice_mm, *pair) for pair in made_ct.neighbours_masks()]
    # Float32 and a spacing in single precision against double precision.
    assert min(np.abs(got - network).max() for network in networks) < 1e-5
    assert manifest["result"]["slices"] == {"ct_mm": slice_mm, "network_mm": STEP_MM, "interpolated": True}
    assert manifest["warnings"] == []


def test_thin_slices_probability_is_that_of_the_bundle_without_interpolation(sam2lung, bundles, tmp_path, textured):
    _, folder, manifest = run(sam2lung, bundles, tmp_path, textured, 2.5)
    words = ("--output", tmp_path / "other", "--model", bundles / "tiny-neighbours", "--lung-mask", "off", "--samples", 1)
    sam2lung.segment(tmp_path / "ct.nii.gz", *words)
    for name in ("probability", "uncertainty", "label"):
        pair = [made_ct.read(where / f"{name}.nii.gz") for where in (folder, tmp_path / "other" / "ct")]
        assert np.array_equal(*pair), name
    assert manifest["result"]["slices"] == {"ct_mm": 2.5, "network_mm": 2.5, "interpolated": False}


def test_slices_thicker_than_tried_are_flagged_wherever_the_result_is_read(sam2lung, bundles, tmp_path, textured):
    done, folder, manifest = run(sam2lung, bundles, tmp_path, textured, 7.5)
    assert [warning["name"] for warning in manifest["warnings"]] == ["W_THICK_SLICES"]
    assert "7.5 mm" in manifest["warnings"][0]["text"] and "5.0 mm" in manifest["warnings"][0]["text"]
    assert "W_THICK_SLICES" in done.stderr
    assert "W_THICK_SLICES" in (folder / "warnings.txt").read_text()
    nodules = json.loads((folder / "nodules.json").read_text())
    assert nodules and all(nodule["scan_warnings"] == ["W_THICK_SLICES"] for nodule in nodules)
