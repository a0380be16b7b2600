"""Where a NIfTI volume lies: ITK, nibabel and sam2lung lay the label over the CT, whatever its header's two forms say."""

import json

import made_ct
import nibabel
import numpy as np
import pytest
import SimpleITK

SPACING = (0.75, 0.8, 2.5)
SHAPE = (10, 40, 48)
RAS_TO_LPS = np.array([-1, -1, 1])


def ball():
    return made_ct.ball(SHAPE, (30, 14, 4), 5.5, SPACING)


def texture():
    """Lung with texture that no network here calls a nodule, and a ball."""
    hu = np.random.default_rng(8).integers(-900, -700, SHAPE)
    hu[ball()] = 60
    return hu


def affine(turn=0.0, origin=(88.25, -31.5, -412.125)):
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    made = np.eye(4)
    made[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag([-1, -1, 1]) @ np.diag(SPACING)
    made[:3, 3] = origin
    return made


def leant(degrees):
    """The sform of a resampling in single precision: the second axis is off its right angle."""
    made = affine(17)
    made[:3, 1] += made[:3, 0] / SPACING[0] * SPACING[1] * np.tan(np.deg2rad(degrees))
    return made


def write(path, qform, qform_code, sform, sform_code, pixdim=SPACING):
    """A NIfTI file with exactly this header, which nibabel's own way of saving would change."""
    hu = texture().astype("<i2")
    header = nibabel.Nifti1Header()
    header.set_data_shape(hu.T.shape)
    header.set_data_dtype(np.int16)
    header.set_qform(qform, 1)
    header.set_sform(sform, 1)
    header["qform_code"], header["sform_code"], header["xyzt_units"] = qform_code, sform_code, 2
    header["pixdim"][1:4], header["magic"], header["vox_offset"] = pixdim, b"n+1\0", 352
    path.write_bytes(header.binaryblock + bytes(4) + hu.tobytes())
    return path


FORMS = {
    "qform_alone": (affine(17), 1, affine(), 0),
    "sform_alone": (affine(), 0, affine(17), 1),
    "aligned_sform_alone": (affine(), 0, affine(17), 2),
    "alike": (affine(17), 1, affine(17), 1),
    "scanner_sform_shifted": (affine(17), 1, affine(17, (100.25, -51.5, -377.125)), 1),
    "aligned_sform_shifted": (affine(17), 1, affine(17, (100.25, -51.5, -377.125)), 2),
    "talairach_sform_turned": (affine(17), 1, affine(40, (0, 0, 0)), 3),
    "aligned_qform_scanner_sform": (affine(17), 2, affine(25), 1),
    "both_aligned": (affine(17), 2, affine(25), 2),
    "mirrored_sform": (affine(17), 1, affine(17) @ np.diag([-1, 1, 1, 1]), 1),
    "sform_leant_by_0.1": (affine(17), 1, leant(0.1), 1),
    "sform_leant_by_0.3": (affine(17), 1, leant(0.3), 1),
    "aligned_sform_leant_by_5": (affine(17), 1, leant(5), 4),
    "pixdim_of_another_size": (affine(17), 0, affine(17), 1, (0.9, 0.9, 3.0)),
    "sform_of_nothing": (affine(17), 1, np.diag([0, 0, 0, 1.0]), 1),
}
UNWARNED = {"qform_alone", "sform_alone", "aligned_sform_alone", "alike", "sform_leant_by_0.1"}
GEOMETRY = ["xyzt_units", "qform_code", "sform_code"]
GEOMETRY += [f"quatern_{a}" for a in "bcd"] + [f"qoffset_{a}" for a in "xyz"] + [f"srow_{a}" for a in "xyz"]


@pytest.fixture
def segment(sam2lung, bundles, tmp_path):
    """Segments with a tiny model: the folder of its results and what it said on standard error."""

    def run(path, *words):
        words = (*words, "--model", bundles / "tiny-identity", "--lung-mask", "off", "--samples", 4)
        done = sam2lung.segment(path, "--output", tmp_path / "out", *words)
        return tmp_path / "out" / "ct", done.stderr

    return run


@pytest.mark.parametrize("forms", FORMS.values(), ids=FORMS)
def test_label_lies_over_the_ct_in_itk_and_nibabel_and_its_places_are_those_of_itk(request, segment, tmp_path, forms):
    path = write(tmp_path / "ct.nii", *forms)
    folder, text = segment(path)
    for name in ("label", "probability", "uncertainty"):
        written = nibabel.load(folder / f"{name}.nii.gz").header
        read = nibabel.load(path).header
        np.testing.assert_array_equal(written["pixdim"][:4], read["pixdim"][:4])
        for field in GEOMETRY:
            np.testing.assert_array_equal(written[field], read[field])
    np.testing.assert_array_equal(nibabel.load(folder / "label.nii.gz").affine, nibabel.load(path).affine)

    ct, label = SimpleITK.ReadImage(str(path)), SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(label), ball())
    assert label.GetOrigin() == ct.GetOrigin()
    assert label.GetSpacing() == ct.GetSpacing()
    assert label.GetDirection() == ct.GetDirection()
    (nodule,) = json.loads((folder / "nodules.json").read_text())
    lps = ct.TransformContinuousIndexToPhysicalPoint(nodule["centroid_ijk"])
    assert nodule["centroid_ras"] == pytest.approx(np.multiply(lps, RAS_TO_LPS), abs=1e-3)
    assert nodule["volume_mm3"] == pytest.approx(ball().sum() * np.prod(ct.GetSpacing()), rel=1e-6)
    assert ("W_FORMS_DISAGREE" in text) == (request.node.callspec.id not in UNWARNED), text


@pytest.mark.parametrize("ending", ["nrrd", "vti"])
def test_other_formats_and_surfaces_follow_the_form_that_was_taken(segment, tmp_path, ending):
    path = write(tmp_path / "ct.nii", *FORMS["aligned_sform_shifted"])
    folder, _ = segment(path, "--format", ending, "--surfaces", "vtk")
    origin = affine()[:3, 3]
    if ending == "nrrd":
        label = SimpleITK.ReadImage(str(folder / "label.nrrd"))
        assert label.GetOrigin() == pytest.approx(origin * RAS_TO_LPS, abs=1e-4)
    else:
        text = (folder / "label.vti").read_bytes()[:2000].decode("latin-1")
        told = [float(v) for v in text.split('Origin="')[1].split('"')[0].split()]
        assert told == pytest.approx(origin, abs=1e-4)
    (nodule,) = json.loads((folder / "nodules.json").read_text())
    surface = (folder / "nodules.vtk").read_bytes()
    count = int(surface.split(b"POINTS ")[1].split()[0])
    points = np.frombuffer(surface.split(b"POINTS ")[1].split(b"\n", 1)[1], ">f4", 3 * count).reshape(-1, 3)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    assert middle == pytest.approx(nodule["centroid_ras"], abs=0.5)


def test_disagreement_is_told_in_mm_and_degrees_with_the_form_that_was_taken(segment, tmp_path):
    folder, text = segment(write(tmp_path / "ct.nii", *FORMS["aligned_sform_shifted"]))
    for words in ("qform (code 1)", "sform (code 2)", "42.06 mm and 0.00 degrees", "Used: the qform"):
        assert words in text
    run = json.loads((folder / "run.json").read_text())
    assert run["input"]["facts"]["geometry"] == "qform (code 1)"
    assert (run["input"]["nifti"]["qform_code"], run["input"]["nifti"]["sform_code"]) == (1, 2)
    assert "W_FORMS_DISAGREE" in {warning["name"] for warning in run["warnings"]}


@pytest.mark.parametrize("frame", ["LPS", "ras", "PSR"])
def test_volume_without_a_form_is_refused_unless_its_axes_are_named(sam2lung, segment, tmp_path, frame):
    path = write(tmp_path / "ct.nii", affine(17), 0, affine(17), 0)
    refused = sam2lung.segment(path, "--output", tmp_path / "out", status=1).stderr
    assert refused.startswith(f"E_NO_ORIENTATION: {path}: ")
    assert "--assume-orientation LPS" in refused and not (tmp_path / "out").exists()
    folder, text = segment(path, "--assume-orientation", frame)
    assert f"W_ORIENTATION_ASSUMED: {path}: " in text and frame.upper() in text
    run = json.loads((folder / "run.json").read_text())
    assert run["options"]["assume_orientation"] == frame.upper()
    assert run["input"]["facts"]["geometry"] == f"assumed {frame.upper()}"
    (nodule,) = json.loads((folder / "nodules.json").read_text())
    steps = np.multiply(nodule["centroid_ijk"], SPACING)
    towards = dict(L=[-1, 0, 0], R=[1, 0, 0], P=[0, -1, 0], A=[0, 1, 0], S=[0, 0, 1], I=[0, 0, -1])
    wanted = sum(step * np.array(towards[letter]) for step, letter in zip(steps, frame.upper(), strict=True))
    assert nodule["centroid_ras"] == pytest.approx(wanted, abs=1e-3)
    # Every program shows the label where it shows the CT: both say nothing.
    ct, label = SimpleITK.ReadImage(str(path)), SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert (label.GetOrigin(), label.GetDirection()) == (ct.GetOrigin(), ct.GetDirection())
    np.testing.assert_array_equal(nibabel.load(folder / "label.nii.gz").affine, nibabel.load(path).affine)
    if frame == "LPS":
        lps = ct.TransformContinuousIndexToPhysicalPoint(nodule["centroid_ijk"])
        assert nodule["centroid_ras"] == pytest.approx(np.multiply(lps, RAS_TO_LPS), abs=1e-3)


@pytest.mark.parametrize("frame", ["LRS", "LP", "xyz"])
def test_orientation_that_is_none_is_wrong_usage(sam2lung, tmp_path, frame):
    done = sam2lung("segment", "ct.nii", "--output", tmp_path, "--assume-orientation", frame)
    assert done.returncode == 2 and "such as LPS" in done.stderr


@pytest.mark.parametrize("code, degrees", [(0, 0.1), (0, 2), (1, 2)], ids=str)
def test_shear_without_a_good_qform_or_of_a_tilted_scan_is_refused(sam2lung, tmp_path, code, degrees):
    path = write(tmp_path / "ct.nii", affine(17), code, leant(degrees), 1)
    text = sam2lung.segment(path, "--output", tmp_path / "out", "--lung-mask", "off", status=1).stderr
    assert text.startswith(f"E_SHEARED: {path}: ")


def test_negative_spacing_that_readers_mirror_or_not_is_refused(sam2lung, tmp_path):
    path = write(tmp_path / "ct.nii", affine(17), 1, affine(17), 1, (-0.75, 0.8, 2.5))
    text = sam2lung.segment(path, "--output", tmp_path / "out", "--lung-mask", "off", status=1).stderr
    assert text.startswith(f"E_SPACING: {path}: ") and "-0.7500" in text


@pytest.mark.parametrize("off_mm, status", [(0.06, 0), (0.14, 0), (0.4, 1)], ids=str)
def test_mask_a_little_off_is_taken_and_half_a_voxel_off_refused(sam2lung, bundles, tmp_path, off_mm, status):
    path = write(tmp_path / "ct.nii", affine(17), 1, affine(17), 1)
    moved = affine(17)
    moved[:3, 3] += [off_mm, 0, 0]
    mask = made_ct.write(tmp_path / "mask.nii.gz", np.ones(SHAPE), affine=moved, dtype=np.uint8)
    words = ("--model", bundles / "tiny-identity", "--lung-mask", mask, "--output", tmp_path / "out")
    text = sam2lung.segment(path, *words, status=status).stderr
    if status:
        # Along the first axis, which is turned by 17 degrees.
        assert "E_MASK_GRID: " in text and f"{0.4 * np.cos(np.deg2rad(17)) / 0.75:.2f} voxels off" in text
