"""Enhanced multi-frame CT: a frame is a slice, placed and scaled by its functional groups (PS3.3 C.7.6.16)."""

import json

import made_dicom
import numpy as np
import pydicom
import pytest
from made_dicom import enhanced, hu_sha256
from pydicom import uid

SHAPE = (7, 63, 45)  # Frames of an odd number of pixels.
AFFINE = np.array([[-0.8, 0, 0, 90.0], [0, -0.7, 0, 80.5], [0, 0, 2.5, -300.0], [0, 0, 0, 1]])


def texture(seed=3):
    return np.random.default_rng(seed).integers(-1000, 400, SHAPE)


@pytest.fixture
def images():
    """The slices of a CT, each with a rescale of its own, not in order."""
    made = made_dicom.series(texture(), AFFINE)
    for k, image in enumerate(made):
        image.RescaleIntercept = -1024 - k
        made_dicom.set_stored(image, texture()[k] + 1024 + k)
    return [made[k] for k in (4, 0, 6, 2, 1, 5, 3)]


@pytest.fixture
def is_refused(segment, tmp_path):
    def check(images, name, *words):
        folder = made_dicom.write(tmp_path / "ct", images)
        refused = segment(folder, status=1).stderr
        assert f"{name}: " in refused and "panicked" not in refused and not (tmp_path / "out").exists()
        assert [word for word in words if word not in refused] == []

    return check


# --- what is read -----------------------------------------------------------------------------------------------------


def implicit(made):
    made.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian


def without_lengths(made):
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        made[keyword].is_undefined_length = True
        for item in made[keyword].value:
            item.is_undefined_length_sequence_item = True


def rle(made):
    made.compress(uid.RLELossless)


def jpeg_2000(made):
    made.compress(uid.JPEG2000Lossless)


def in_fragments(made):
    """Three fragments a frame, told apart by the offset table."""
    jpeg_2000(made)
    frames = list(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=SHAPE[0]))
    made.PixelData = pydicom.encaps.encapsulate(frames, fragments_per_frame=3, has_bot=True)


def without_offset_table(made):
    jpeg_2000(made)
    frames = list(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=SHAPE[0]))
    made.PixelData = pydicom.encaps.encapsulate(frames, has_bot=False)


@pytest.mark.parametrize(
    "change",
    [None, implicit, without_lengths, rle, jpeg_2000, in_fragments, without_offset_table],
    ids=lambda f: f.__name__ if f else "explicit",
)
def test_frames_are_slices_in_the_order_of_their_places(segment, images, tmp_path, change):
    made = enhanced(images)
    if change:
        change(made)
    segment(made_dicom.write(tmp_path / "ct", [made], ["IM0"]))
    told = json.loads((tmp_path / "out" / "ct" / "run.json").read_text())["input"]
    assert told["voxels_sha256"] == hu_sha256(texture()) and told["files"] == 1
    assert told["spacing_mm"] == pytest.approx([0.8, 0.7, 2.5])


def test_frames_of_several_files_are_one_stack(voxels_sha256, images, tmp_path):
    files = [enhanced(images[:3]), enhanced(images[3:]), enhanced(images[3:])]
    assert voxels_sha256(made_dicom.write(tmp_path / "ct", files)) == hu_sha256(texture())


def test_legacy_ct_that_highdicom_converted_is_read(voxels_sha256, images, tmp_path):
    highdicom = pytest.importorskip(
        "highdicom", reason="SKIPPED: highdicom is not installed (onnx/requirements-dicom.txt)"
    )
    for image in images:
        image.FrameOfReferenceUID, image.PatientName, image.PatientID = "1.2.3.4", "A^B", "1"
        image.StudyID = image.StudyDate = image.StudyTime = image.AccessionNumber = image.PatientSex = (
            image.PatientBirthDate
        ) = ""
        image.ReferringPhysicianName = image.Manufacturer = ""
        image.SliceThickness, image.ImageType, image.SeriesNumber = 2.5, ["ORIGINAL", "PRIMARY", "AXIAL"], 1
    made = highdicom.legacy.LegacyConvertedEnhancedCTImage(
        legacy_datasets=images,
        series_instance_uid="1.2.3.5",
        series_number=2,
        sop_instance_uid="1.2.3.6",
        instance_number=1,
    )
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    assert voxels_sha256(made_dicom.write(tmp_path / "ct", [made])) == hu_sha256(texture())


def test_one_of_two_series_of_frames_can_be_chosen_and_the_other_is_left_aside_once(segment, images, tmp_path):
    other = made_dicom.series(texture(seed=9), AFFINE, series_uid="1.2.3.9")
    folder = made_dicom.write(tmp_path / "ct", [enhanced(images), enhanced(other)])
    refused = segment(folder, status=1).stderr
    assert "E_SEVERAL_SERIES" in refused and "7 image(s), 2.50 mm apart" in refused
    segment(folder, "--series", images[0].SeriesInstanceUID)
    told = json.loads((tmp_path / "out" / "ct" / "run.json").read_text())["input"]
    assert told["voxels_sha256"] == hu_sha256(texture())
    assert told["left_aside"] == [{"why": "an image of another CT series, 1.2.3.9", "count": 1, "files": ["1-002.dcm"]}]


# --- what is refused --------------------------------------------------------------------------------------------------


def frame_without_a_place(made):
    del made.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence


def frame_without_rescale(made):
    del made.PerFrameFunctionalGroupsSequence[3].PixelValueTransformationSequence


def groups_of_too_few_frames(made):
    del made.PerFrameFunctionalGroupsSequence[3]


def frame_left_out(made):
    groups_of_too_few_frames(made)
    size = len(made.PixelData) // SHAPE[0]
    made.PixelData = made.PixelData[: 3 * size] + made.PixelData[4 * size :]
    made.NumberOfFrames -= 1


def two_frames_at_one_place(made):
    groups = made.PerFrameFunctionalGroupsSequence
    groups[3].PlanePositionSequence = groups[4].PlanePositionSequence


def too_few_pixels(made):
    made.PixelData = made.PixelData[:-64]


def fragments_without_offset_table(made):
    jpeg_2000(made)
    frames = list(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=SHAPE[0]))
    made.PixelData = pydicom.encaps.encapsulate(frames, fragments_per_frame=2, has_bot=False)


def deflated(made):
    made.file_meta.TransferSyntaxUID = uid.DeflatedExplicitVRLittleEndian


def damaged_frame(made):
    jpeg_2000(made)
    frames = list(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=SHAPE[0]))
    frames[2] = frames[2][: len(frames[2]) // 4 * 2]
    made.PixelData = pydicom.encaps.encapsulate(frames)


REFUSED = {
    "no_place": (frame_without_a_place, "E_READ", "1-001.dcm", "no position"),
    "no_rescale": (frame_without_rescale, "E_NOT_HU", "1-001.dcm frame 4: has no Rescale Slope"),
    "too_few_groups": (groups_of_too_few_frames, "E_READ", "7 frames, but has functional groups of 6"),
    "gap": (frame_left_out, "E_SLICE_GAP", "5.000 mm between"),
    "one_place": (two_frames_at_one_place, "E_DUPLICATE_SLICE", "1-001.dcm (frame 4) and 1-001.dcm (frame 5)"),
    "too_few_pixels": (too_few_pixels, "E_READ", "expected 39690 for 7 frames of 45 x 63"),
    "unparted": (fragments_without_offset_table, "E_READ", "14 fragments of pixels for 7 frames, and no offset table"),
    "deflated": (deflated, "E_READ", "7 frames is deflated"),
    "damaged": (damaged_frame, "E_READ", "frame 3: ", "cut off"),
}


@pytest.mark.parametrize("change, name, words", [(c, n, w) for c, n, *w in REFUSED.values()], ids=REFUSED)
def test_frames_that_are_no_stack_are_refused_by_name(is_refused, images, change, name, words):
    made = enhanced(images)
    change(made)
    is_refused([made], name, *words)


# --- objects made from them -------------------------------------------------------------------------------------------


def test_objects_refer_to_frames(segment, images, tmp_path):
    for image in images:
        image.FrameOfReferenceUID = "1.2.3.4"
    hu = np.full(SHAPE, -850)
    hu[2:4, 10:20, 10:20] = 50
    for k, image in zip((4, 0, 6, 2, 1, 5, 3), images):
        image.RescaleIntercept = -1024
        made_dicom.set_stored(image, hu[k] + 1024)
    source = enhanced(images)
    segment(made_dicom.write(tmp_path / "ct", [source]), "--dicom")
    made = pydicom.dcmread(tmp_path / "out" / "ct" / "segmentation.dcm")
    groups = made.PerFrameFunctionalGroupsSequence
    references = [group.DerivationImageSequence[0].SourceImageSequence[0] for group in groups]
    assert {reference.ReferencedSOPInstanceUID for reference in references} == {source.SOPInstanceUID}
    # The frames at the places of slices 0 to 6.
    assert [reference.ReferencedFrameNumber for reference in references] == [2, 5, 4, 7, 1, 6, 3]
    (listed,) = made.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert listed.ReferencedSOPInstanceUID == source.SOPInstanceUID
    highdicom = pytest.importorskip(
        "highdicom", reason="SKIPPED: highdicom is not installed (onnx/requirements-dicom.txt)"
    )
    outlines = highdicom.seg.segread(tmp_path / "out" / "ct" / "segmentation.dcm")
    found = outlines.get_pixels_by_source_frame(source.SOPInstanceUID, [2, 5, 4, 7, 1, 6, 3], combine_segments=True)
    assert np.array_equal(found > 0, hu > 0)
    highdicom.sr.srread(tmp_path / "out" / "ct" / "report.dcm").content.get_volumetric_roi_measurement_groups()
