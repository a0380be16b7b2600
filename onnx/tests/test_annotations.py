"""Places in whole CTs: the files of the package can be read, and a slip of the pen is refused by its line."""

import json

import nibabel
import numpy as np
import pytest

from sam2lung_train.data.annotations import reader
from sam2lung_train.data.lesions import FUSED_CT, known_lesions
from sam2lung_train.errors import UserError

HEAD = "ct,i,j,k,diameter_mm,what\n"
FILES = {reader.SEEN_BY_EYE: 1, reader.UNLISTED_NODULES: 8, reader.THICK_SLICE_LESIONS: 5}


def test_files_of_the_folder_are_those_that_the_reader_names():
    assert set(reader.FOLDER.glob("*.csv")) == set(FILES)


@pytest.mark.parametrize("path, count", FILES.items(), ids=lambda value: getattr(value, "stem", None))
def test_file_is_read_whole(path, count):
    places = reader.read(path)
    assert len(places) == count
    measured = path != reader.UNLISTED_NODULES
    assert all((place.diameter_mm is not None) == measured for place in places)


def test_file_lists_voxels_that_the_ct_has(shared_data):
    for place in (place for path in FILES for place in reader.read(path)):
        ct = shared_data / place.ct
        if ct.is_dir():
            assert len(list(ct.glob("*.dcm"))) > place.voxel_ijk[2]
        else:
            shape = nibabel.load(ct).shape
            assert all(index < length for index, length in zip(place.voxel_ijk, shape)), place


def test_of_ct_gives_the_places_of_one_ct_alone():
    found = reader.of_ct(reader.UNLISTED_NODULES, "whole_ct/cptac_lscc.nii.gz")
    assert [place.voxel_ijk for place in found] == [(436, 235, 31), (45, 245, 44)]


def test_known_lesions_are_the_indexs_and_those_seen_by_eye(tmp_path):
    (tmp_path / "whole_ct").mkdir()
    lesions = [{"voxel": [1, 2, 3], "diameter_mm": 8.0}, {"voxel": [4, 5, 6], "diameter_mm": None}]
    (tmp_path / "whole_ct" / "index.json").write_text(json.dumps([{"file": "a.nii.gz", "lesions": lesions}]))
    found = known_lesions(tmp_path)
    assert [(voxel.tolist(), radius) for voxel, radius in found["a.nii.gz"]] == [([1, 2, 3], 4.0)]
    assert [(voxel.tolist(), radius) for voxel, radius in found[FUSED_CT]] == [([182, 285, 65], 4.75)]


@pytest.mark.parametrize(
    "text, told",
    [
        ("ct,i,j,k,what\n", "expected the columns ct, i, j, k, diameter_mm, what; got ct, i, j, k, what"),
        (HEAD + "a,1,2,3,,x\na,1,-2,3,,x\n", "line 3: expected a whole number from 0 on in j, got '-2'"),
        (HEAD + "a,1,2,3.5,,x\n", "line 2: expected a whole number from 0 on in k, got '3.5'"),
        (HEAD + "a,1,2,3,0,x\n", "line 2: expected a diameter_mm from 0 to 200 or nothing, got '0'"),
        (HEAD + "a,1,2,3,9mm,x\n", "got '9mm'"),
        (HEAD + "a,1,2,3,nan,x\n", "got 'nan'"),
        (HEAD + "a,1,2,3,9\n", "line 2: expected 6 values"),
        (HEAD + "a,1,2,3,9,x,y\n", "line 2: expected 6 values"),
        (HEAD + "a,1,2,3,9,\n", "line 2: expected words in ct and what"),
        (HEAD + "a,1,2,3,9,x\nb,1,2,3,9,x\na,1,2,3,8,y\n", "line 4: voxel (1, 2, 3) of a is listed twice"),
    ],
)
def test_row_that_cannot_be_right_is_refused_by_its_line(text, told, tmp_path):
    (tmp_path / "places.csv").write_text(text)
    with pytest.raises(UserError) as error:
        reader.read(tmp_path / "places.csv")
    assert told in str(error.value)


def test_radius_of_a_place_that_nobody_measured_is_refused():
    with pytest.raises(UserError, match="expected a diameter_mm"):
        _ = reader.Place("a", (1, 2, 3), None, "x").radius_mm
    assert np.isclose(reader.Place("a", (1, 2, 3), 9.0, "x").radius_mm, 4.5)
