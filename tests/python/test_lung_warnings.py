"""What of the chest was not searched, on every surface of the command line: a chest of ellipses, worked on."""

import csv
import json

import made_ct
import numpy as np
import pytest

SPACING = (3.0, 3.0, 5.0)
SHAPE = (48, 72, 96)
AIR, LUNG, TISSUE, FLUID, BONE = -1000, -860, 30, 10, 500
K, J, I = np.indices(SHAPE)  # noqa: E741


def ellipse(centre, axes):
    return ((I - centre[0]) / axes[0]) ** 2 + ((J - centre[1]) / axes[1]) ** 2 < 1


# NIfTI's affine of made_ct has columns to the patient's left.
LEFT, RIGHT = ellipse((66, 36), (15, 22)), ellipse((29, 36), (15, 22))
INSIDE = (K > 5) & (K < 42)


def chest(shapes=()):
    """Two lungs, spine and ribs in a body; then each (where, HU) of `shapes` over it."""
    hu = np.full(SHAPE, AIR)
    hu[ellipse((48, 36), (44, 32))] = TISSUE
    hu[ellipse((48, 58), (5, 5))] = BONE
    hu[ellipse((48, 36), (41, 29)) & ~ellipse((48, 36), (39, 27)) & ((I + J + K) % 4 == 0)] = BONE
    hu[(LEFT | RIGHT) & INSIDE] = LUNG
    # vessels: lung is never without
    hu[(LEFT | RIGHT) & INSIDE & (I % 7 == 0) & (J % 6 == 0)] = -300
    for where, value in shapes:
        hu[where] = value
    return hu + np.random.default_rng(1).normal(0, 6, SHAPE).round().astype(int)


CASES = {
    "W_ONE_LUNG": (chest([(LEFT & INSIDE, FLUID)]), "only the right lung was searched"),
    "W_LUNG_WITHOUT_AIR": (chest([(LEFT & INSIDE & (K < 24), FLUID)]), "the left lung's lower part"),
    "W_SMALL_LUNGS": (chest([((LEFT | RIGHT) & INSIDE & (J > 26), FLUID)]), "the lungs that were searched are small"),
    "W_LUNGS_CUT_OFF": (chest()[20:], "cuts the lungs off towards the feet;"),
    "W_AIR_NOT_SEARCHED": (
        chest(
            [
                ((J - 36) ** 2 + (I - 66) ** 2 + (5 / 3 * (K - 30)) ** 2 < 10.2**2, TISSUE),
                ((J - 36) ** 2 + (I - 66) ** 2 + (5 / 3 * (K - 30)) ** 2 < 8**2, AIR),
            ]
        ),
        "ml of air in the chest (left, ",
    ),
}


def warned(sam2lung, bundles, tmp_path, hu, *words):
    """The warnings of a run: as run.json has them, after checking that every other surface says the same."""
    ct = made_ct.write(tmp_path / "chest.nii.gz", hu, SPACING)
    words = (*words, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--samples", 2)
    done = sam2lung.segment(ct, *words)
    folder = tmp_path / "out/chest"
    warnings = json.loads((folder / "run.json").read_text())["warnings"]
    for warning in warnings:
        assert f"{warning['name']}: {ct}: {warning['text']}" in done.stderr
        assert f"{warning['name']}: {warning['text']}" in (folder / "warnings.txt").read_text()
    names = [warning["name"] for warning in warnings]
    assert all(nodule["scan_warnings"] == names for nodule in json.loads((folder / "nodules.json").read_text()))
    with open(folder / "nodules.csv", newline="") as file:
        assert all(row["scan_warnings"] == "; ".join(names) for row in csv.DictReader(file))
    assert (f"{len(warnings)} warning(s)" in done.stdout) == bool(warnings)
    return warnings


@pytest.mark.parametrize("name", CASES)
def test_lungs_not_searched_whole_are_named_on_every_surface(sam2lung, bundles, tmp_path, name):
    hu, text = CASES[name]
    warnings = warned(sam2lung, bundles, tmp_path, hu)
    assert [w["name"] for w in warnings] == [name], warnings
    assert text in warnings[0]["text"]


@pytest.mark.parametrize("density", [LUNG, -990, AIR])
def test_whole_lungs_of_any_density_are_searched_without_a_warning(sam2lung, bundles, tmp_path, density):
    lung = (LEFT | RIGHT) & INSIDE & ~((I % 7 == 0) & (J % 6 == 0))
    hu = chest([(lung, density)])
    assert warned(sam2lung, bundles, tmp_path, hu) == []
    run = json.loads((tmp_path / "out/chest/run.json").read_text())
    known_ml = ((LEFT | RIGHT) & INSIDE).sum() * np.prod(SPACING) / 1000
    assert 0.97 < run["result"]["searched_ml"] / known_ml < 1.3


def test_mask_of_ones_own_and_none_say_that_nothing_was_checked(sam2lung, bundles, tmp_path):
    mask = made_ct.write(tmp_path / "mask.nii.gz", RIGHT & INSIDE, SPACING, dtype=np.uint8)
    (own,) = warned(sam2lung, bundles, tmp_path, chest(), "--lung-mask", mask)
    ml = round((RIGHT & INSIDE).sum() * np.prod(SPACING) / 1000)
    assert own["name"] == "W_OWN_MASK" and f"only in the given mask, {ml} ml" in own["text"]
    (none,) = warned(sam2lung, bundles, tmp_path, chest(), "--lung-mask", "off")
    assert none["name"] == "W_NO_LUNG_MASK"


def test_nodules_in_lungs_that_are_nearly_air_are_found_and_the_lungs_are_named(sam2lung, tmp_path):
    ct = tmp_path / "airy.nii.gz"
    assert sam2lung("phantom", ct, "--lungs", "air").returncode == 0
    done = sam2lung.segment(ct, "--output", tmp_path / "out", "--samples", 2)
    assert done.returncode == 0, done.stderr
    warnings = json.loads((tmp_path / "out/airy/run.json").read_text())["warnings"]
    assert [w["name"] for w in warnings] == ["W_AIRY_LUNGS"]
    assert "the lungs are nearly air (median -98" in done.stderr
    found = json.loads((tmp_path / "out/airy/nodules.json").read_text())
    known = json.loads((tmp_path / "airy.json").read_text())
    assert len(known) == 8
    for nodule in known:
        away = [np.linalg.norm(np.subtract(n["centroid_ras"], nodule["centre_ras"])) for n in found]
        assert min(away) < 2.5, f"{nodule} isn't among {found}"
