"""`--dicom`: SEG, SR and secondary capture as other people's programs read them.

highdicom and pydicom-seg read the masks, dciodvfy (dicom3tools) checks the objects, dsrdump (DCMTK) reads the report, and
dcmqi's tools the segmentation and the report.
What isn't installed is SKIPPED; onnx/requirements-dicom.txt names what PyPI has of it. SAM2LUNG_PYDICOM_SEG names another
Python, with pydicom-seg.
"""

import json
import os
import shutil
import subprocess

import made_dicom
import nibabel
import numpy as np
import pydicom
import pytest
from pydicom import uid

SHAPE = (6, 63, 45)  # Frames whose bits end within a byte.
AFFINE = np.array([[-0.8, 0, 0, 90.0], [0, -0.7, 0, 80.5], [0, 0, 2.5, -300.0], [0, 0, 0, 1]])
OBLIQUE = np.array([[-0.64, 0, -1.5, 90.0], [0, -0.7, 0, 80.5], [-0.48, 0, 2.0, -300.0], [0, 0, 0, 1]])
CUBES = [(slice(2, 4), slice(10, 18), slice(10, 18)), (slice(3, 5), slice(40, 47), slice(30, 37))]
PATIENT = {"PatientName": "Müller^Jörg", "PatientID": "4711", "PatientBirthDate": "19500102", "PatientSex": "M", "IssuerOfPatientID": "WARD"}
STUDY = {"StudyDate": "20240203", "StudyTime": "101112.5", "StudyID": "77", "AccessionNumber": "A1", "ReferringPhysicianName": "Ärztin^Eva"}
FRAME_OF_REFERENCE = "1.2.3.4.5"
PLAIN = ["probability.dcm", "uncertainty.dcm", "report.dcm", "overview.dcm"]
ALL = ["segmentation.dcm", *PLAIN]


def ct(affine=AFFINE, cubes=CUBES):
    """The images of a lung, denser on one side, with a cube of tissue for each nodule and a voxel of it."""
    hu = np.full(SHAPE, -850)
    hu[:, :, 22:] = -750
    hu[1, 55, 5] = 50
    for cube in cubes:
        hu[cube] = 50
    # Identifiers that stay: runs are compared.
    images = made_dicom.series(hu, affine, series_uid="1.2.3.4.6")
    for k, made in enumerate(images):
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.7.{k + 1}"
        made.SpecificCharacterSet = "ISO_IR 100"
        made.FrameOfReferenceUID = FRAME_OF_REFERENCE
        for name, value in {**PATIENT, **STUDY}.items():
            setattr(made, name, value)
    return images


@pytest.fixture
def written(segment, tmp_path):
    """Segments a series with --dicom; its folder of results."""

    def run(images, *words, name="ct"):
        names = [f"{n}.dcm" for n in np.random.default_rng(1).permutation(len(images))]
        segment(made_dicom.write(tmp_path / name, images, names), "--dicom", *words)
        return tmp_path / "out" / name

    return run


def labels(folder):
    """The label map as [slice, row, column]."""
    return np.asarray(nibabel.load(folder / "label.nii.gz").dataobj).T


def read(folder, name):
    return pydicom.dcmread(folder / name)


def nodules(folder):
    return json.loads((folder / "nodules.json").read_text())


# --- what is written --------------------------------------------------------------------------------------------------


def test_objects_keep_patient_study_and_frame_of_reference(written):
    folder = written(ct())
    for name in ALL:
        made = read(folder, name)
        assert {key: str(made.get(key)) for key in {**PATIENT, **STUDY}} == {**PATIENT, **STUDY}, name
        assert made.StudyInstanceUID == ct()[0].StudyInstanceUID and made.SeriesInstanceUID != "1.2.3.4.6"
    for name in ("segmentation.dcm", "probability.dcm", "uncertainty.dcm"):
        assert read(folder, name).FrameOfReferenceUID == FRAME_OF_REFERENCE


def test_objects_of_the_same_run_are_the_same_bytes_and_of_another_seed_others(written):
    first = written(ct())
    kept = {name: (first / name).read_bytes() for name in ALL}
    again = written(ct(), "--threads", 2)
    assert {name: (again / name).read_bytes() for name in ALL} == kept
    uids = {read(again, name).SOPInstanceUID for name in ALL}
    other = written(ct(), "--seed", 5)
    assert len(uids) == 5 and uids.isdisjoint(read(other, name).SOPInstanceUID for name in ALL)


def test_uids_are_uuids_of_their_own_and_stand_in_the_manifest(written):
    folder = written(ct())
    listed = json.loads((folder / "run.json").read_text())["dicom"]
    assert [entry["file"] for entry in listed] == ALL
    for entry in listed:
        made = read(folder, entry["file"])
        assert (made.SOPInstanceUID, made.SeriesInstanceUID) == (entry["sop_instance_uid"], entry["series_instance_uid"])
        assert made.SOPClassUID == made.file_meta.MediaStorageSOPClassUID == entry["sop_class_uid"]
        assert made.SOPInstanceUID.startswith("2.25.") and uid.UID(made.SOPInstanceUID).is_valid
    assert len({entry["series_instance_uid"] for entry in listed}) == 5


def test_segmentation_has_every_slice_of_every_segment_and_its_own_tracking(written):
    folder = written(ct())
    made = read(folder, "segmentation.dcm")
    frames = [
        (int(f.SegmentIdentificationSequence[0].ReferencedSegmentNumber), float(f.PlanePositionSequence[0].ImagePositionPatient[2]))
        for f in made.PerFrameFunctionalGroupsSequence
    ]
    assert frames == [(segment, -300 + 2.5 * k) for segment in (1, 2) for k in range(SHAPE[0])]
    assert [(s.SegmentNumber, s.SegmentLabel, s.SegmentAlgorithmType) for s in made.SegmentSequence] == [
        (1, "Nodule 1", "AUTOMATIC"),
        (2, "Nodule 2", "AUTOMATIC"),
    ]
    assert len({s.TrackingUID for s in made.SegmentSequence}) == 2
    parameters = made.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0].AlgorithmParameters
    model = json.loads((folder / "run.json").read_text())["model"]
    assert "seed 0" in parameters and all(sha256 in parameters for sha256 in model["sha256"].values())


def test_uncertainty_says_what_its_scale_means(written):
    folder = written(ct(), "--uncertainty", "variance")
    made = read(folder, "uncertainty.dcm")
    assert made.SegmentSequence[0].SegmentDescription.endswith("variance of probability; stored value / 255 x 0.25")
    stored = made.pixel_array
    assert np.abs(stored / 255 * 0.25 - nibabel.load(folder / "uncertainty.nii.gz").get_fdata().T).max() <= 0.25 / 510 + 1e-7


def test_capture_is_the_picture_but_for_the_input_s_name_above_it(written):
    from PIL import Image

    folder = written(ct())
    made = read(folder, "overview.dcm")
    unlike = (made.pixel_array != np.asarray(Image.open(folder / "overview.png"))).any(axis=(1, 2)).nonzero()[0]
    # "this CT" instead of "ct": the title's line alone, below the band of the one warning.
    assert len(unlike) and unlike[-1] - unlike[0] < 40 and unlike[-1] < 200
    assert made.BurnedInAnnotation == "YES"


def test_objects_are_the_same_whatever_the_folder_of_the_ct_is_called(written):
    kept = {name: (written(ct()) / name).read_bytes() for name in ALL}
    other = written(ct(), name="Müller, Jörg 2024")
    assert {name: (other / name).read_bytes() for name in ALL} == kept


def test_objects_of_a_ct_without_nodules_say_so_and_no_segmentation_is_there(written):
    folder = written(ct(cubes=[]))
    assert sorted(path.name for path in folder.glob("*.dcm")) == sorted(PLAIN)
    assert "No nodule was found by this run" in read(folder, "report.dcm").to_json()


def test_ct_without_names_and_dates_is_written_too(written):
    made = read(written(without_names()), "segmentation.dcm")
    assert (made.PatientName, made.ContentDate, made.StudyDate) == ("", "19000101", "")
    assert made.FrameOfReferenceUID.startswith("2.25.")


def test_ct_without_frame_of_reference_is_told_and_its_objects_share_one_in_every_run(written, segment, tmp_path):
    def frames(folder):
        return {read(folder, name).FrameOfReferenceUID for name in ("segmentation.dcm", "probability.dcm", "uncertainty.dcm")}

    def warned(folder):
        return "W_NO_FRAME_OF_REFERENCE" in {one["name"] for one in json.loads((folder / "run.json").read_text())["warnings"]}

    images = ct()
    for image in images:
        del image.FrameOfReferenceUID
    folder = written(images)
    own = frames(folder)
    assert len(own) == 1 and warned(folder) and "frame of reference" in (folder / "warnings.txt").read_text()
    assert frames(written(images, "--seed", 5)) == own, "of the series, not of the run"
    # Without objects nothing is invented, and a CT that names it isn't warned of.
    segment(tmp_path / "ct")
    assert not warned(folder) and not warned(written(ct(), name="named"))


def test_model_of_regions_has_a_segment_for_each_class_and_region(sam2lung, bundles, tmp_path):
    # Tissue with uptake is the core, without it the rim.
    outer, inner = (slice(2, 4), slice(8, 40), slice(8, 40)), (slice(2, 4), slice(16, 28), slice(16, 28))
    folder = made_dicom.write(tmp_path / "ct", ct(cubes=[outer]))
    uptake = np.full(SHAPE, 2, np.float32)
    uptake[inner] = 9
    nibabel.save(nibabel.Nifti1Image(uptake.T, AFFINE), tmp_path / "pet.nii.gz")
    words = ("--output", tmp_path / "out", "--model", bundles / "tiny-regions", "--lung-mask", "off", "--dicom")
    sam2lung.segment("--channel", f"CT={folder}", "--channel", f"PET={tmp_path / 'pet.nii.gz'}", *words)
    (found,) = (tmp_path / "out").iterdir()
    made = read(found, "segmentation.dcm")
    assert [segment.SegmentLabel for segment in made.SegmentSequence] == ["core", "rim", "whole"]
    assert made.SegmentsOverlap == "YES"
    core, rim, whole = made.pixel_array.reshape(3, *SHAPE) > 0
    number = labels(found)
    assert np.array_equal(core, number == 1) and np.array_equal(rim, number == 2) and np.array_equal(whole, number > 0)
    assert core.sum() == 2 * 12 * 12 and whole.sum() == 2 * 32 * 32 + 1


def test_objects_beside_their_ct_are_left_aside_by_name(written, segment, tmp_path):
    folder = written(ct())
    voxels = json.loads((folder / "run.json").read_text())["input"]["voxels_sha256"]
    for name in ALL:
        shutil.copy(folder / name, tmp_path / "ct" / name)
    segment(tmp_path / "ct")
    told = json.loads((folder / "run.json").read_text())["input"]
    assert told["voxels_sha256"] == voxels
    assert {group["why"]: group["count"] for group in told["left_aside"]} == {
        "Segmentation Storage": 3,
        "Comprehensive 3D SR Storage": 1,
        "an image of modality OT": 1,
    }


def test_run_without_dicom_has_no_object(segment, tmp_path):
    segment(made_dicom.write(tmp_path / "ct", ct()))
    folder = tmp_path / "out" / "ct"
    assert not list(folder.glob("*.dcm"))
    assert "dicom" not in json.loads((folder / "run.json").read_text())


# --- what is refused --------------------------------------------------------------------------------------------------


def test_input_that_is_not_dicom_is_refused_before_the_run(segment, tmp_path):
    affine = np.diag([-0.8, -0.7, 2.5, 1])
    nibabel.save(nibabel.Nifti1Image(np.full(SHAPE, -850, np.int16).T, affine), tmp_path / "chest.nii.gz")
    done = segment(tmp_path / "chest.nii.gz", "--dicom", status=1)
    assert "E_OPTION: dicom is given with" in done.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["StudyInstanceUID", "SOPInstanceUID"])
def test_series_that_can_not_be_referred_to_is_refused_before_the_run(segment, tmp_path, name):
    images = ct()
    for made in images:
        setattr(made, name, "")
    folder = tmp_path / "ct"
    folder.mkdir()
    for k, made in enumerate(images):
        pydicom.dcmwrite(folder / f"{k}.dcm", made)
    done = segment(folder, "--dicom", status=1)
    assert "E_READ" in done.stderr and "--dicom" in done.stderr and not (tmp_path / "out").exists()
    segment(folder)


# --- others' eyes -----------------------------------------------------------------------------------------------------


def tool(name, package):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"SKIPPED: {name} is not installed ({package})")
    return path


@pytest.mark.parametrize("affine", [AFFINE, OBLIQUE], ids=["axial", "oblique"])
def test_highdicom_reads_the_masks_and_maps(written, affine):
    highdicom = pytest.importorskip("highdicom", reason="SKIPPED: highdicom is not installed (onnx/requirements-dicom.txt)")
    folder = written(ct(affine))
    order = [f"1.2.3.4.7.{k + 1}" for k in range(SHAPE[0])]
    outlines = highdicom.seg.segread(folder / "segmentation.dcm")
    found = outlines.get_pixels_by_source_instance(order, combine_segments=True)
    assert np.array_equal(found, labels(folder)) and found.max() == 2
    to_lps = np.diag([-1.0, -1, 1, 1]) @ affine
    volume = outlines.get_volume(combine_segments=True).match_geometry(
        highdicom.VolumeGeometry(to_lps[:, [2, 1, 0, 3]], SHAPE, coordinate_system="PATIENT")
    )
    assert np.array_equal(volume.array, labels(folder))
    for name in ("probability", "uncertainty"):
        map_ = highdicom.seg.segread(folder / f"{name}.dcm").get_pixels_by_source_instance(order)[..., 0]
        written_map = np.asarray(nibabel.load(folder / f"{name}.nii.gz").dataobj).T
        # Half a step of eight bits, and what single precision leaves.
        assert np.abs(map_ - written_map).max() <= 0.5 / 255 + 1e-6


def test_long_axis_s_image_is_named_and_holds_the_nodule(written):
    folder = written(ct())
    for nodule in nodules(folder):
        k = int(nodule["long_axis_slice"])
        assert (labels(folder)[k] == nodule["id"]).any()
        assert nodule["long_axis_sop_instance_uid"] == f"1.2.3.4.7.{k + 1}"
        assert nodule["long_axis_instance_number"] == k + 1


def test_highdicom_reads_the_report(written):
    highdicom = pytest.importorskip("highdicom", reason="SKIPPED: highdicom is not installed (onnx/requirements-dicom.txt)")
    folder = written(ct())
    groups = highdicom.sr.srread(folder / "report.dcm").content.get_volumetric_roi_measurement_groups()
    outlines = read(folder, "segmentation.dcm")
    for group, nodule, segment in zip(groups, nodules(folder), outlines.SegmentSequence, strict=True):
        assert (group.tracking_identifier, group.tracking_uid) == (segment.TrackingID, segment.TrackingUID)
        assert (group.finding_type.value, group.finding_sites[0].topographical_modifier) == ("27925004", None)
        said = {m.name.value: (m.value, m.unit.value) for m in group.get_measurements()}
        assert said["118565006"] == (nodule["volume_mm3"], "mm3")
        assert said["volume_mm3_p95"] == (nodule["volume_mm3_p95"], "mm3")
        assert said["103339001"] == (pytest.approx(nodule["long_axis_mm"]), "mm")
        assert said["118538004"] == (pytest.approx(nodule["mass_mg"]), "mg")
        assert said["81827009"] == (nodule["mean_diameter_mm"], "mm")
        assert said["detection_rate"] == (nodule["detection_rate"], "1")
        reference = group.reference_type
        assert reference.value == "121191"


def test_pydicom_seg_reads_the_masks(written, tmp_path):
    python = os.environ.get("SAM2LUNG_PYDICOM_SEG")
    if not python:
        pytest.skip("SKIPPED: SAM2LUNG_PYDICOM_SEG does not name a Python with pydicom-seg, which needs pydicom 2")
    folder = written(ct())
    script = (
        "import sys, pydicom, pydicom_seg, SimpleITK\n"
        "found = pydicom_seg.SegmentReader().read(pydicom.dcmread(sys.argv[1]))\n"
        "for n in found.available_segments:\n"
        "    SimpleITK.WriteImage(found.segment_image(n), f'{sys.argv[2]}/seen-{n}.nii')\n"
    )
    subprocess.run([python, "-c", script, folder / "segmentation.dcm", tmp_path], check=True)
    for number in (1, 2):
        image = nibabel.load(tmp_path / f"seen-{number}.nii")
        assert np.array_equal(np.asarray(image.dataobj).T > 0, labels(folder) == number)
        assert np.allclose(image.affine, AFFINE)


def many_nodules():
    """Twenty: more than a page of the overview shows."""
    return ct(cubes=[(slice(2, 4), slice(2 + 15 * n, 8 + 15 * n), slice(1 + 9 * m, 6 + 9 * m)) for n in range(4) for m in range(5)])


def without_names():
    images = ct()
    for made in images:
        for name in [*PATIENT, *STUDY, "FrameOfReferenceUID", "SpecificCharacterSet"]:
            delattr(made, name)
    return images


def frames():
    return [made_dicom.enhanced(ct())]


CTS = {
    "nodules": (ct, ALL),
    "none": (lambda: ct(cubes=[]), PLAIN),
    "many": (many_nodules, [*ALL, "overview-2.dcm"]),
    "without_names": (without_names, ALL),
    "frames": (frames, ALL),
}


@pytest.mark.parametrize("make, names", CTS.values(), ids=CTS)
def test_dciodvfy_finds_no_error(written, make, names):
    dciodvfy = tool("dciodvfy", "Debian: dicom3tools")
    folder = written(make())
    assert sorted(path.name for path in folder.glob("*.dcm")) == sorted(names)
    for name in names:
        said = subprocess.run([dciodvfy, "-new", folder / name], capture_output=True, text=True, errors="replace")
        lines = (said.stdout + said.stderr).splitlines()
        # A scheme of one's own is no defined term, and may be used (PS3.16 8). What a CT lacks its objects lack.
        allowed = ["<99SAM2LUNG>"] + ["needed to build DICOMDIR"] * (make is without_names)
        wrong = [line for line in lines if line.startswith(("Error", "Warning")) and not any(word in line for word in allowed)]
        assert not wrong, (name, wrong)


def test_dsrdump_reads_the_report(written):
    dsrdump = tool("dsrdump", "Debian: dcmtk")
    said = subprocess.run([dsrdump, "+Pc", written(ct()) / "report.dcm"], capture_output=True, text=True, errors="replace", check=True)
    assert said.stdout.count('(125007,DCM,"Measurement Group")') == 2 and not said.stderr
    assert '"+, range of upper measurement uncertainty"' in said.stdout


def test_dcmqi_reads_the_segmentation_and_the_report(written, tmp_path):
    reader = tool("segimage2itkimage", "PyPI: dcmqi")
    folder, out = written(ct()), tmp_path / "dcmqi"
    out.mkdir()
    subprocess.run([reader, "--inputDICOM", folder / "segmentation.dcm", "--outputDirectory", out, "--outputType", "nii"], check=True)
    for number in (1, 2):
        image = nibabel.load(out / f"{number}.nii.gz")
        assert np.array_equal(np.asarray(image.dataobj).T > 0, labels(folder) == number)
        assert np.allclose(image.affine, AFFINE)
    report = out / "report.json"
    subprocess.run([tool("tid1500reader", "PyPI: dcmqi"), "--inputDICOM", folder / "report.dcm", "--outputMetadata", report], check=True)
    groups = json.loads(report.read_text())["Measurements"]
    assert [group["TrackingIdentifier"] for group in groups] == ["Nodule 1", "Nodule 2"]
