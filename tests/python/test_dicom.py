"""DICOM series through the command line: order, rescale, compression, and what is no series of a CT."""

import json

import made_dicom
import numpy as np
import pydicom
import pytest
from made_dicom import hu_sha256 as sha256
from pydicom import uid

SHAPE = (6, 64, 48)
AFFINE = np.array([[-0.8, 0, 0, 90.0], [0, -0.7, 0, 80.5], [0, 0, 2.5, -300.0], [0, 0, 0, 1]])


def texture(shape=SHAPE, seed=3):
    return np.random.default_rng(seed).integers(-1000, 400, shape)


# --- what is read -----------------------------------------------------------------------------------------------------


def test_series_with_shuffled_names_and_instance_numbers_is_sorted_by_position(voxels_sha256, tmp_path):
    images = made_dicom.series(texture(), AFFINE)
    shuffled = np.random.default_rng(1).permutation(len(images))
    for made, number in zip(images, shuffled[::-1]):
        made.InstanceNumber = int(number)
    folder = made_dicom.write(tmp_path / "ct", images, [f"{n}.dcm" for n in shuffled])
    assert voxels_sha256(folder) == sha256(texture())


def test_rescale_of_each_slice_is_its_own(voxels_sha256, tmp_path):
    stored = np.random.default_rng(4).integers(-600, 1400, SHAPE)
    slopes, intercepts = [1, 0.5, 2, 1.25, 1, 3], [-1024, -1000, -500, 0, 24, -1024.5]
    images = made_dicom.series(texture(), AFFINE)
    for made, plane, slope, intercept in zip(images, stored, slopes, intercepts):
        made.RescaleSlope, made.RescaleIntercept = slope, intercept
        made_dicom.set_stored(made, plane)
    hu = stored * np.reshape(slopes, (-1, 1, 1)) + np.reshape(intercepts, (-1, 1, 1))
    assert voxels_sha256(made_dicom.write(tmp_path / "ct", images)) == sha256(hu)


def test_unsigned_12_bits_are_read_as_such(voxels_sha256, tmp_path):
    images = made_dicom.series(texture(), AFFINE)
    for made, plane in zip(images, texture()):
        made_dicom.set_stored(made, plane + 1024, bits=12, signed=False)
    assert voxels_sha256(made_dicom.write(tmp_path / "ct", images)) == sha256(texture())


def test_positions_rounded_to_a_tenth_are_an_even_stack(segment, tmp_path):
    """0.625 mm apart: steps of 0.6 and 0.7 in the headers."""
    affine = AFFINE.copy()
    affine[2, 2] = 0.625
    images = made_dicom.series(texture((17, 64, 48)), affine)
    for made in images:
        made.ImagePositionPatient[2] = round(float(made.ImagePositionPatient[2]), 1)
    segment(made_dicom.write(tmp_path / "ct", images))
    run = json.loads((tmp_path / "out" / "ct" / "run.json").read_text())
    assert run["input"]["spacing_mm"][2] == pytest.approx(0.625, abs=1e-3)


def plain(syntax):
    def change(made):
        made.file_meta.TransferSyntaxUID = syntax

    return change


def big_endian(made):
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    made.PixelData = np.frombuffer(made.PixelData, "<i2").astype(">i2").tobytes()


def compressed(syntax, **options):
    return lambda made: made.compress(syntax, **options)


SYNTAXES = {
    "implicit": plain(uid.ImplicitVRLittleEndian),
    "explicit": plain(uid.ExplicitVRLittleEndian),
    "explicit_big": big_endian,
    "deflated": plain(uid.DeflatedExplicitVRLittleEndian),
    "rle": compressed(uid.RLELossless),
    "jpeg_2000_lossless": compressed(uid.JPEG2000Lossless),
}


@pytest.mark.parametrize("encode", SYNTAXES.values(), ids=SYNTAXES)
def test_transfer_syntax_without_loss_gives_the_hu_that_were_written(voxels_sha256, tmp_path, encode):
    images = made_dicom.series(texture(), AFFINE)
    for made in images:
        encode(made)
    assert voxels_sha256(made_dicom.write(tmp_path / "ct", images)) == sha256(texture())


def test_jpeg_2000_with_loss_gives_what_pydicom_decodes(voxels_sha256, tmp_path):
    images = made_dicom.series(texture(), AFFINE)
    for made in images:
        made.compress(uid.JPEG2000, j2k_psnr=[50])
    folder = made_dicom.write(tmp_path / "ct", images)
    decoded = [pydicom.dcmread(path).pixel_array - 1024 for path in sorted(folder.iterdir())]
    assert not np.array_equal(decoded, texture())
    assert voxels_sha256(folder) == sha256(decoded)


def test_folder_with_other_files_is_read_and_folders_below_an_empty_one_are_searched(voxels_sha256, tmp_path):
    inner = made_dicom.write(tmp_path / "patient" / "series", made_dicom.series(texture(), AFFINE))
    (inner / "README.txt").write_text("no DICOM")
    report = made_dicom.image(texture()[0], AFFINE, 0, uid.generate_uid())
    for keyword in ("Rows", "Columns", "PixelData"):
        delattr(report, keyword)
    made_dicom.write(inner, [report], ["DICOMDIR"])
    assert voxels_sha256(tmp_path / "patient") == sha256(texture())


def two_series(folder):
    """Two series in one folder; their UIDs and their HU."""
    found = {}
    for n in (1, 2):
        images = made_dicom.series(texture(seed=n), AFFINE)
        for made in images:
            made.SeriesDescription = f"kernel {n}"
        made_dicom.write(folder, images, [f"{n}-{k}" for k in range(len(images))])
        found[images[0].SeriesInstanceUID] = texture(seed=n)
    return found


def test_several_series_are_listed_and_one_of_them_can_be_chosen(segment, voxels_sha256, tmp_path):
    found = two_series(tmp_path / "ct")
    refused = segment(tmp_path / "ct", status=1).stderr
    assert "E_SEVERAL_SERIES: " in refused and "--series UID" in refused
    for series_uid, hu in found.items():
        assert series_uid in refused
        assert voxels_sha256(tmp_path / "ct", "--series", series_uid) == sha256(hu)
    assert "'kernel 1', 6 image(s)" in refused and "'kernel 2', 6 image(s)" in refused


def test_series_that_is_not_there_is_refused_by_name_with_those_that_are(segment, tmp_path):
    found = two_series(tmp_path / "ct")
    refused = segment(tmp_path / "ct", "--series", "1.2.3", status=1).stderr
    assert "E_NO_SUCH_SERIES: " in refused and "1.2.3" in refused
    assert [series_uid for series_uid in found if series_uid not in refused] == []


# --- what is refused --------------------------------------------------------------------------------------------------


def all_but_the_first(images):
    del images[1:]


def without_a_position(images):
    del images[2].ImagePositionPatient


def without_slice_2(images):
    del images[2]


def uneven_first_step(images):
    del images[3:]
    images[2].ImagePositionPatient[2] += 1.5


def fine_without_one(images):
    """Steps of 0.2 mm, where rounding would hide a gap of 0.1 mm more, but not that of a slice."""
    for k, made in enumerate(images):
        made.ImagePositionPatient[2] = -300 + 0.2 * k
    del images[3]


def copy_of_slice_3(images):
    images.append(made_dicom.image(texture()[3], AFFINE, 3, images[0].SeriesInstanceUID))


def another_size(images):
    made_dicom.set_stored(images[4], np.zeros((64, 40)))


def another_orientation(images):
    images[4].ImageOrientationPatient = [0, 1, 0, 0, 0, -1]


def another_pixel_spacing(images):
    images[4].PixelSpacing = [0.7, 0.9]


def aside(k):
    def change(images):
        images[k].ImagePositionPatient[0] += 20

    return change


def tilted(images):
    for k, made in enumerate(images):
        made.ImagePositionPatient[1] += 2.5 * k * np.tan(np.deg2rad(12))


def magnetic_resonance(images):
    for made in images:
        made.Modality = "MR"


def several_frames(images):
    images[1].NumberOfFrames = 3


def three_colours(images):
    for made in images:
        made.PixelData = 3 * made.PixelData
        made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0


REFUSED = {
    "gap": (without_slice_2, "E_SLICE_GAP", "5.000 mm between -297.500 and -292.500 mm", "2.500 mm apart"),
    "gap_of_three": (uneven_first_step, "E_SLICE_GAP", "4.000 mm between -297.500 and -293.500 mm", "2.500 mm apart"),
    "gap_of_fine_slices": (fine_without_one, "E_SLICE_GAP", "0.400 mm between -299.600 and -299.200 mm"),
    "copy": (copy_of_slice_3, "E_DUPLICATE_SLICE", "1-004.dcm", "1-007.dcm", "-292.500 mm"),
    "size": (another_size, "E_MIXED_GEOMETRY", "size", "[48.0, 64.0]", "[40.0, 64.0]"),
    "orientation": (another_orientation, "E_MIXED_GEOMETRY", "orientation"),
    "pixel_spacing": (another_pixel_spacing, "E_MIXED_GEOMETRY", "pixel spacing", "0.9"),
    "first_aside": (aside(0), "E_MIXED_GEOMETRY", "position", "1-001.dcm", "20.0 mm"),
    "middle_aside": (aside(3), "E_MIXED_GEOMETRY", "position", "1-004.dcm", "20.0 mm"),
    "last_aside": (aside(5), "E_MIXED_GEOMETRY", "position", "1-006.dcm", "20.0 mm"),
    "tilt": (tilted, "E_GANTRY_TILT", "12.00 degrees"),
    "one_slice": (all_but_the_first, "E_ONE_SLICE", "1 slice(s)", "whole series"),
    "modality": (magnetic_resonance, "E_NOT_HU", "'MR'", "CT series"),
    "position": (without_a_position, "E_READ", "1-003.dcm", "no position"),
    "frames": (several_frames, "E_FORMAT", "1-002.dcm", "3 frames"),
    "colours": (three_colours, "E_READ", "1-001.dcm", "single-channel"),
}


@pytest.mark.parametrize("change, name, words", [(c, n, w) for c, n, *w in REFUSED.values()], ids=REFUSED)
def test_bad_series_is_refused_by_name_and_says_what_is_wrong(segment, tmp_path, change, name, words):
    images = made_dicom.series(texture(), AFFINE)
    change(images)
    refused = segment(made_dicom.write(tmp_path / "ct", images), status=1).stderr
    assert f"{name}: " in refused
    assert [word for word in words if word not in refused] == []
    assert "panicked" not in refused
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("syntax", ["explicit", "rle", "jpeg_2000_lossless"])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.9])
def test_file_cut_short_is_refused_by_name(segment, tmp_path, syntax, share):
    images = made_dicom.series(texture((3, 64, 64)), AFFINE)
    for made in images:
        SYNTAXES[syntax](made)
    folder = made_dicom.write(tmp_path / "ct", images)
    cut = folder / "1-002.dcm"
    cut.write_bytes(cut.read_bytes()[: max(int(share * cut.stat().st_size), 200)])
    refused = segment(folder, status=1).stderr
    assert "E_READ: " in refused and "1-002.dcm" in refused
    assert "panicked" not in refused


def test_folder_without_dicom_is_refused_by_name(segment, tmp_path):
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "slice.png").write_bytes(b"no DICOM")
    refused = segment(tmp_path / "ct", status=1).stderr
    assert "E_READ: " in refused and "no DICOM image" in refused
