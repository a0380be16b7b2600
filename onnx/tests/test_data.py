"""Packing of training data: the development part, ends of stacks, regions that are not learned from, files."""

import json

import nibabel
import numpy as np
import pytest

from sam2lung_train.data import beyond, items, phantoms
from sam2lung_train.data.shared_data import pasted, stack as stack_of
from sam2lung_train.errors import UserError

RANDOM = np.random.default_rng(3)


def stack(**fields):
    plain = {
        "key": "a_n0",
        "patient": "a",
        "develop": False,
        "calibrated": True,
        "hu": RANDOM.integers(-1000, 400, (3, 128, 128)).astype(np.int16),
        "votes": np.zeros((3, 128, 128), np.uint8),
        "marks": np.zeros((3, 128, 128), np.uint8),
        "readers": 4,
        "caps": np.zeros((2, 128, 128), np.int16),
        "pixel_mm": 0.7,
        "step_mm": 2.5,
        "diameter_mm": 8.0,
    }
    return items.Stack(**{**plain, **fields})


def test_is_develop_is_a_fixed_tenth_of_the_patients():
    names = [f"LIDC-IDRI-{n:04d}" for n in range(1, 1013)]
    chosen = [n for n in names if items.is_develop(n)]
    assert chosen == [n for n in names if items.is_develop(n)]
    # Binomial: 101 expected of 1012, standard deviation 9.5; five of them.
    assert 54 < len(chosen) < 149


def test_without_nodule_fills_the_mark_from_around_and_keeps_the_rest():
    plane = np.full((128, 128), -850.0)
    marked = np.zeros((128, 128), bool)
    marked[60:68, 60:68] = True
    plane[marked] = 40
    plane[20, 20] = 300
    filled = beyond.without_nodule(plane, marked)
    assert np.abs(filled[58:70, 58:70] + 850).max() < 1
    assert filled[20, 20] == 300


def test_pasted_crop_is_exact_inside_and_fades_at_its_edge():
    plane, crop = np.zeros((128, 128), np.float32), np.full((44, 44), 100, np.float32)
    made = pasted(plane, crop, 40, 50)
    assert (made[44:80, 54:90] == 100).all()
    assert 0 < made[40, 70] < 100
    assert made[39, 70] == 0 and made[84, 70] == 0


def test_pasted_crop_that_leaves_the_plane_keeps_its_place():
    crop = np.zeros((44, 44), np.float32)
    crop[30, 20] = 77
    assert pasted(np.zeros((128, 128), np.float32), crop, -10, 100)[20, 120] == 77


def test_hide_makes_a_ball_in_mm():
    known = np.ones((20, 40, 40), bool)
    items.hide(known, (20, 10, 10), 5.0, (2.5, 1.0, 1.0))
    assert not known[10, 10, 20] and not known[12, 10, 20] and not known[10, 15, 20]
    assert known[13, 10, 20] and known[10, 16, 20] and known[12, 15, 20]


def test_save_and_load_give_the_same_items(tmp_path):
    made = [stack(), stack(key="b_n1", develop=True, hu=np.ones((1, 128, 128), np.int16))]
    items.save(tmp_path / "nodules.npz", made)
    loaded = items.load(tmp_path / "nodules.npz", items.Stack)
    assert [s.key for s in loaded] == ["a_n0", "b_n1"] and [s.develop for s in loaded] == [False, True]
    for a, b in zip(made, loaded):
        assert np.array_equal(a.hu, b.hu) and np.array_equal(a.caps, b.caps)


def test_load_of_what_is_not_there_says_what_to_run(tmp_path):
    with pytest.raises(UserError, match="sam2lung-train pack-data"):
        items.load(tmp_path / "nodules.npz", items.Stack)


def test_stacks_of_real_data_are_train_only(shared_data):
    """Reads the index alone; packing everything takes minutes."""
    import json

    records = json.loads((shared_data / "lidc" / "index.json").read_text())
    val = {r["patient"] for r in records if r["split"] == "val"}
    record = next(r for r in records if r["split"] == "train" and r["voi"] and r["pixel_mm"])
    made = stack_of(shared_data, record)
    assert made.patient not in val and made.calibrated
    assert made.hu.shape == made.votes.shape and made.hu.min() >= items.LOWEST_HU
    assert made.votes.max() == 255 or len(record["readers_active"]) > 1


def test_phantom_is_read_on_its_grid_with_its_nodules_hidden_from_what_is_known(tmp_path):
    """An LPS grid; the nodule's centre is voxel (30, 12, 5)."""
    hu = np.zeros((40, 30, 12), np.float32)
    hu[30, 12, 5] = -700
    affine = np.array([[-0.8, 0, 0, 16], [0, -0.8, 0, 9], [0, 0, 2, -4], [0, 0, 0, 1.0]])
    nibabel.save(nibabel.Nifti1Image(hu, affine), tmp_path / "p.nii.gz")
    centre = (affine @ [30, 12, 5, 1])[:3].tolist()
    (tmp_path / "p.json").write_text(json.dumps([{"centre_ras": centre, "radius_mm": 2.0}]))
    whole, nodules = phantoms.read(tmp_path / "p.nii.gz")
    assert whole.hu[5, 12, 30] == -700 and whole.spacing_mm == pytest.approx((2.0, 0.8, 0.8))
    ((voxel, radius),) = nodules
    assert voxel.tolist() == [30, 12, 5] and radius == 2.0
    # Hidden: the ball of 2 mm and the margin of 3 mm.
    assert not whole.known[5, 12, 36] and whole.known[5, 12, 37]
    assert not whole.known[7, 12, 30] and whole.known[8, 12, 30]
