"""One CT in every format: the same voxels, label map and places, and those that SimpleITK reads."""

import gzip
import zlib
import hashlib
import json
import struct

import made_ct
import made_dicom
import nibabel
import numpy as np
import pytest
import SimpleITK

SPACING = (0.75, 0.8, 2.5)
SHAPE = (10, 40, 48)


def turned(spacing_mm):
    """An axial grid turned about two axes, and shifted; right-handed, so that a DICOM series can hold it."""
    turn, tilt = np.deg2rad(17), np.deg2rad(-9)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([-1, -1, 1]) @ np.diag(spacing_mm)
    affine[:3, 3] = [88.25, -31.5, -412.125]
    return affine


AFFINES = {"axial": np.diag([-0.75, -0.8, 2.5, 1.0]), "oblique": turned(SPACING)}


def ball():
    return made_ct.ball(SHAPE, (30, 14, 4), 5.5, SPACING)


def texture():
    """Lung with texture that no network here calls a nodule, and a ball."""
    hu = np.random.default_rng(8).integers(-900, -700, SHAPE)
    hu[ball()] = 60
    return hu


def image(affine):
    made = SimpleITK.GetImageFromArray(texture().astype(np.int16))
    steps = affine[:3, :3] * made_dicom.RAS_TO_LPS[:, None]
    made.SetSpacing(SPACING)
    made.SetDirection((steps / SPACING).ravel().tolist())
    made.SetOrigin((affine[:3, 3] * made_dicom.RAS_TO_LPS).tolist())
    return made


def by_simpleitk(ending, compress):
    def write(folder, affine):
        path = folder / f"ct{ending}"
        SimpleITK.WriteImage(image(affine), str(path), useCompression=compress)
        return path

    return write


def as_dicom(folder, affine):
    return made_dicom.write(folder / "ct", made_dicom.series(texture(), affine))


FORMATS = {
    "dicom": (as_dicom, "DICOM", SHAPE[0]),
    "nii": (by_simpleitk(".nii", False), "NIfTI", 1),
    "nii_gz": (by_simpleitk(".nii.gz", True), "NIfTI", 1),
    "nrrd_raw": (by_simpleitk(".nrrd", False), "NRRD", 1),
    "nrrd_gzip": (by_simpleitk(".nrrd", True), "NRRD", 1),
    "nhdr_raw": (by_simpleitk(".nhdr", False), "NRRD", 2),
    "nhdr_gzip": (by_simpleitk(".nhdr", True), "NRRD", 2),
    "mha_raw": (by_simpleitk(".mha", False), "MetaImage", 1),
    "mha_zlib": (by_simpleitk(".mha", True), "MetaImage", 1),
    "mhd_raw": (by_simpleitk(".mhd", False), "MetaImage", 2),
    "mhd_zraw": (by_simpleitk(".mhd", True), "MetaImage", 2),
}


def read_by_simpleitk(path):
    if not path.is_dir():
        return SimpleITK.ReadImage(str(path))
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path)))
    return reader.Execute()


@pytest.fixture
def segment(sam2lung, bundles, tmp_path):
    """Segments a CT with a tiny model; the folder of its results."""

    def run(path):
        words = ("--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
        sam2lung.segment(path, *words, "--samples", 4)
        (folder,) = (tmp_path / "out").iterdir()
        return folder

    return run


def voxels_sha256(folder):
    return json.loads((folder / "run.json").read_text())["input"]["voxels_sha256"]


def sha256(hu):
    return hashlib.sha256(np.ascontiguousarray(hu, "<f4").tobytes()).hexdigest()


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
@pytest.mark.parametrize("write, name, files", FORMATS.values(), ids=FORMATS)
def test_ct_in_any_format_gives_one_label_map_and_the_places_of_simpleitk(
    segment, tmp_path, affine, write, name, files
):
    path = write(tmp_path, affine)
    folder = segment(path)
    assert folder.name == "ct"
    run = json.loads((folder / "run.json").read_text())
    assert (run["input"]["format"], run["input"]["files"]) == (name, files)
    assert voxels_sha256(folder) == sha256(texture())

    wanted, label = read_by_simpleitk(path), SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(wanted), texture())
    assert np.array_equal(SimpleITK.GetArrayFromImage(label), ball())
    assert label.GetSpacing() == pytest.approx(wanted.GetSpacing(), abs=1e-5)
    assert label.GetOrigin() == pytest.approx(wanted.GetOrigin(), abs=1e-4)
    # NIfTI's header is in single precision.
    assert label.GetDirection() == pytest.approx(wanted.GetDirection(), abs=1e-5)

    (nodule,) = json.loads((folder / "nodules.json").read_text())
    centre_ijk = np.argwhere(ball()).mean(axis=0)[::-1]
    lps = wanted.TransformContinuousIndexToPhysicalPoint(centre_ijk.tolist())
    assert nodule["centroid_ijk"] == pytest.approx(centre_ijk)
    assert nodule["centroid_ras"] == pytest.approx(np.multiply(lps, made_dicom.RAS_TO_LPS), abs=1e-3)
    assert nodule["centroid_ras"] == pytest.approx((affine @ [*centre_ijk, 1])[:3], abs=1e-3)


@pytest.mark.parametrize("slope, intercept", [(8, -1024), (0.5, -499.75), (0, 77)])
def test_nifti_slope_and_intercept_are_applied_and_slope_0_means_none(segment, tmp_path, slope, intercept):
    stored = texture() if slope != 8 else np.clip((texture() + 1024) // 8, 0, 255)
    path = made_ct.write(tmp_path / "ct.nii", stored, SPACING, dtype=np.uint8 if slope == 8 else np.int16)
    written = bytearray(path.read_bytes())
    struct.pack_into("<2f", written, 112, slope, intercept)  # scl_slope, scl_inter (nifti1.h)
    path.write_bytes(written)
    hu = stored * slope + intercept if slope else stored
    assert voxels_sha256(segment(path)) == sha256(hu)


@pytest.mark.parametrize("form", ["qform", "sform"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little_endian", "big_endian"])
@pytest.mark.parametrize("mirrored", [False, True], ids=["as_it_is", "mirrored"])
def test_nifti_by_either_form_and_byte_order_lies_where_nibabel_puts_it(segment, tmp_path, form, order, mirrored):
    affine = AFFINES["oblique"] @ np.diag([-1 if mirrored else 1, 1, 1, 1])
    written = nibabel.Nifti1Image(texture().astype(np.int16).T, affine, nibabel.Nifti1Header(endianness=order))
    written.set_qform(affine, 1)
    written.set_sform(affine, 1)
    path = tmp_path / "ct.nii"
    nibabel.save(written, path)
    changed = bytearray(path.read_bytes())
    struct.pack_into(f"{order}2h", changed, 252, form == "qform", form == "sform")  # qform_code, sform_code
    path.write_bytes(changed)
    folder = segment(path)
    assert voxels_sha256(folder) == sha256(texture())
    (nodule,) = json.loads((folder / "nodules.json").read_text())
    wanted = nibabel.load(path).affine @ [*np.argwhere(ball()).mean(axis=0)[::-1], 1]
    assert nodule["centroid_ras"] == pytest.approx(wanted[:3], abs=1e-3)


def vector(values):
    return "(" + ",".join(repr(float(v)) for v in values) + ")"


def test_nrrd_in_ras_big_endian_behind_a_foreign_header_is_read(segment, tmp_path):
    """What Slicer and teem don't write, but the format allows."""
    voxels = texture().astype(">i2").tobytes()
    (tmp_path / "voxels.bin").write_bytes(b"some other header" + voxels)
    affine = AFFINES["oblique"]
    lines = [
        "NRRD0005",
        "# made by hand",
        "type: short",
        "dimension: 3",
        "space: right-anterior-superior",
        f"sizes: {SHAPE[2]} {SHAPE[1]} {SHAPE[0]}",
        "space directions: " + " ".join(vector(affine[:3, axis]) for axis in range(3)),
        "endian: big",
        "encoding: raw",
        "byte skip: -1",
        f"space origin: {vector(affine[:3, 3])}",
        "data file: voxels.bin",
    ]
    path = tmp_path / "ct.nhdr"
    path.write_text("\n".join(lines) + "\n")
    folder = segment(path)
    assert voxels_sha256(folder) == sha256(texture())
    label = SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert label.GetOrigin() == pytest.approx(affine[:3, 3] * made_dicom.RAS_TO_LPS, abs=1e-4)


def test_metaimage_behind_a_foreign_header_is_read(segment, tmp_path):
    (tmp_path / "voxels.raw").write_bytes(b"some other header" + texture().astype("<i2").tobytes())
    path = tmp_path / "ct.mhd"
    path.write_text(
        f"NDims = 3\nDimSize = {SHAPE[2]} {SHAPE[1]} {SHAPE[0]}\nElementSpacing = 0.75 0.75 2\nHeaderSize = -1\n"
        "ElementType = MET_SHORT\nElementDataFile = voxels.raw\n"
    )
    assert voxels_sha256(segment(path)) == sha256(texture())


# --- headers as other programs write them -----------------------------------------------------------------------------



def orientation_warnings(folder):
    warnings = json.loads((folder / "run.json").read_text())["warnings"]
    return [warning["text"] for warning in warnings if warning["name"] == "W_ORIENTATION_ASSUMED"]


DIRECTIONS = " ".join(vector(AFFINES["oblique"][:3, axis] * made_dicom.RAS_TO_LPS) for axis in range(3))
ORIGIN = vector(AFFINES["oblique"][:3, 3] * made_dicom.RAS_TO_LPS)
SIZES = f"{SHAPE[2]} {SHAPE[1]} {SHAPE[0]}"


def nrrd(path, *lines, sizes=SIZES, dimension=3, end="\n", voxels=None):
    head = ["NRRD0005", "type: short", f"dimension: {dimension}", f"sizes: {sizes}", "endian: little", *lines, "", ""]
    voxels = texture().astype("<i2").tobytes() if voxels is None else voxels
    path.write_bytes(end.join(head).encode() + voxels)
    return path


LPS, RAW = "space: left-posterior-superior", "encoding: raw"
NRRDS = {
    "one_time_point": dict(
        lines=(LPS, f"space directions: {DIRECTIONS} none", f"space origin: {ORIGIN}", RAW), sizes=f"{SIZES} 1", dimension=4
    ),
    "list_of_one_in_front": dict(
        lines=(LPS, f"space directions: none {DIRECTIONS}", "kinds: list domain domain domain", f"space origin: {ORIGIN}", RAW),
        sizes=f"1 {SIZES}",
        dimension=4,
    ),
    "vector_of_one_by_nan": dict(
        lines=(LPS, f"space directions: (nan,nan,nan) {DIRECTIONS}", "kinds: vector space space space", f"space origin: {ORIGIN}", RAW),
        sizes=f"1 {SIZES}",
        dimension=4,
    ),
    "space_with_time": dict(
        lines=(
            "space: left-posterior-superior-time",
            f"space directions: {DIRECTIONS.replace(')', ',0)')} (0,0,0,1)",
            f"space origin: {ORIGIN[:-1]},0)",
            RAW,
        ),
        sizes=f"{SIZES} 1",
        dimension=4,
    ),
    "carriage_returns": dict(lines=(LPS, f"space directions: {DIRECTIONS}", f"space origin: {ORIGIN}", RAW), end="\r\n"),
    "other_letters_and_spaces": dict(
        lines=(
            "# a comment: of no use",
            "Space: LPS",
            f"Space Directions:   {DIRECTIONS.replace(',', ', ')}",
            "content: chest",
            "window:=lung",
            "modality:=CT: chest",
            f"SPACE ORIGIN: {ORIGIN}",
            "Encoding:raw",
        )
    ),
    "kinds_and_units": dict(
        lines=(
            LPS,
            f"space directions: {DIRECTIONS}",
            "kinds: domain domain domain",
            'space units: "mm" "mm" "mm"',
            "thicknesses: nan nan 2.5",
            f"space origin: {ORIGIN}",
            RAW,
        )
    ),
}


@pytest.mark.parametrize("made", NRRDS.values(), ids=NRRDS)
def test_nrrd_of_any_dialect_lies_where_its_header_says(segment, tmp_path, made):
    others = {name: value for name, value in made.items() if name != "lines"}
    folder = segment(nrrd(tmp_path / "ct.nrrd", *made["lines"], **others))
    assert voxels_sha256(folder) == sha256(texture())
    label = SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert label.GetOrigin() == pytest.approx(AFFINES["oblique"][:3, 3] * made_dicom.RAS_TO_LPS, abs=1e-4)
    wanted = AFFINES["oblique"][:3, :3] * made_dicom.RAS_TO_LPS[:, None] / SPACING
    assert label.GetDirection() == pytest.approx(wanted.ravel(), abs=1e-5)
    assert label.GetSpacing() == pytest.approx(SPACING, abs=1e-5)
    assert orientation_warnings(folder) == []


UNNAMED = {
    "space_dimension": ("space dimension: 3", f"space directions: {DIRECTIONS}", f"space origin: {ORIGIN}", RAW),
    "scanner": ("space: scanner-xyz", f"space directions: {DIRECTIONS}", f"space origin: {ORIGIN}", RAW),
    "spacings": ("spacings: 0.75 0.8 2.5", RAW),
}


@pytest.mark.parametrize("lines", UNNAMED.values(), ids=UNNAMED)
def test_nrrd_in_a_world_without_a_name_lies_where_itk_puts_it_and_says_so(segment, tmp_path, lines):
    path = nrrd(tmp_path / "ct.nrrd", *lines)
    folder = segment(path)
    wanted, label = SimpleITK.ReadImage(str(path)), SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert label.GetOrigin() == pytest.approx(wanted.GetOrigin(), abs=1e-4)
    assert label.GetDirection() == pytest.approx(wanted.GetDirection(), abs=1e-5)
    (text,) = orientation_warnings(folder)
    assert "LPS (as ITK and 3D Slicer do)" in text


def test_nrrd_in_a_world_without_a_name_lies_where_the_caller_says(sam2lung, bundles, tmp_path):
    path = nrrd(tmp_path / "ct.nrrd", "space dimension: 3", f"space directions: {DIRECTIONS}", f"space origin: {ORIGIN}", RAW)
    words = ("--model", bundles / "tiny-identity", "--lung-mask", "off", "--assume-orientation", "RAS")
    sam2lung.segment(path, "--output", tmp_path / "out", *words)
    label = SimpleITK.ReadImage(str(tmp_path / "out" / "ct" / "label.nii.gz"))
    # The file's numbers, which are LPS to ITK, are RAS here.
    assert label.GetOrigin() == pytest.approx(AFFINES["oblique"][:3, 3] * made_dicom.RAS_TO_LPS * made_dicom.RAS_TO_LPS, abs=1e-4)


@pytest.mark.parametrize("field", ['space units: "cm" "cm" "cm"', "space units: m m m", 'units: "um" "um" "um"'])
def test_nrrd_with_lengths_in_other_units_is_refused_with_the_unit(sam2lung, tmp_path, field):
    path = nrrd(tmp_path / "ct.nrrd", LPS, f"space directions: {DIRECTIONS}", field, f"space origin: {ORIGIN}", RAW)
    refused = sam2lung.segment(path, "--output", tmp_path / "out", status=1).stderr
    unit = field.split()[-1].strip('"')
    assert f"E_FORMAT: {path}: an NRRD with lengths in '{unit}'" in refused


def metaimage(path, *lines, end="\n", voxels=None):
    voxels = texture().astype("<i2").tobytes() if voxels is None else voxels
    path.write_bytes(end.join([*lines, ""]).encode() + voxels)
    return path


def directions(axes=3):
    steps = np.eye(axes)
    steps[:3, :3] = (AFFINES["oblique"][:3, :3] * made_dicom.RAS_TO_LPS[:, None] / SPACING).T
    return " ".join(repr(float(v)) for v in steps.ravel())


LPS_ORIGIN = " ".join(repr(float(v)) for v in AFFINES["oblique"][:3, 3] * made_dicom.RAS_TO_LPS)
PLAIN = ("ObjectType = Image", "NDims = 3", f"DimSize = {SIZES}", "ElementSpacing = 0.75 0.8 2.5")
PLACED = (f"TransformMatrix = {directions()}", f"Offset = {LPS_ORIGIN}", "ElementType = MET_SHORT")
LOCAL = "ElementDataFile = LOCAL"
METAIMAGES = {
    "empty_lines_and_comments": dict(lines=("", *PLAIN, "", "# made by hand", "% and more", *PLACED, "   ", LOCAL)),
    "carriage_returns": dict(lines=(*PLAIN, "", *PLACED, LOCAL), end="\r\n"),
    "colons": dict(lines=tuple(line.replace(" =", ":") for line in (*PLAIN, *PLACED, LOCAL))),
    "small_letters": dict(lines=(*(line.replace("ObjectType", "objecttype").lower() for line in PLAIN), *PLACED, "elementdatafile = local")),
    "big_endian": dict(lines=(*PLAIN, *PLACED, "BinaryDataByteOrderMSB = True", LOCAL), voxels=texture().astype(">i2").tobytes()),
    "gzip": dict(
        lines=(*PLAIN, *PLACED, "CompressedData = True", LOCAL), voxels=gzip.compress(texture().astype("<i2").tobytes())
    ),
    "one_time_point": dict(
        lines=(
            "ObjectType = Image",
            "NDims = 4",
            f"DimSize = {SIZES} 1",
            "ElementSpacing = 0.75 0.8 2.5 1",
            f"TransformMatrix = {directions(4)}",
            f"Offset = {LPS_ORIGIN} 0",
            "ElementType = MET_SHORT",
            LOCAL,
        )
    ),
}


@pytest.mark.parametrize("made", METAIMAGES.values(), ids=METAIMAGES)
def test_metaimage_of_any_dialect_lies_where_its_header_says(segment, tmp_path, made):
    folder = segment(metaimage(tmp_path / "ct.mha", *made["lines"], end=made.get("end", "\n"), voxels=made.get("voxels")))
    assert voxels_sha256(folder) == sha256(texture())
    label = SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert label.GetOrigin() == pytest.approx(AFFINES["oblique"][:3, 3] * made_dicom.RAS_TO_LPS, abs=1e-4)
    wanted = AFFINES["oblique"][:3, :3] * made_dicom.RAS_TO_LPS[:, None] / SPACING
    assert label.GetDirection() == pytest.approx(wanted.ravel(), abs=1e-5)


@pytest.mark.parametrize("line", [None, "AnatomicalOrientation = LPS", "AnatomicalOrientation = RAI"])
def test_metaimage_without_directions_lies_where_itk_puts_it_and_says_so(segment, tmp_path, line):
    lines = (*PLAIN, f"Offset = {LPS_ORIGIN}", *([line] if line else []), "ElementType = MET_SHORT", LOCAL)
    folder = segment(metaimage(tmp_path / "ct.mha", *lines))
    label = SimpleITK.ReadImage(str(folder / "label.nii.gz"))
    assert label.GetOrigin() == pytest.approx(AFFINES["oblique"][:3, 3] * made_dicom.RAS_TO_LPS, abs=1e-4)
    assert label.GetDirection() == pytest.approx(np.eye(3).ravel(), abs=1e-5)
    # From the right, the front and the feet: the letters of LPS to MetaImage.
    assert len(orientation_warnings(folder)) == (0 if line == "AnatomicalOrientation = RAI" else 1)


def test_metaimage_without_directions_lies_where_the_caller_says(sam2lung, bundles, tmp_path):
    path = metaimage(tmp_path / "ct.mha", *PLAIN, "Offset = 1 2 3", "ElementType = MET_SHORT", LOCAL)
    words = ("--model", bundles / "tiny-identity", "--lung-mask", "off", "--assume-orientation", "RAS")
    sam2lung.segment(path, "--output", tmp_path / "out", *words)
    label = nibabel.load(tmp_path / "out" / "ct" / "label.nii.gz")
    np.testing.assert_allclose(label.affine[:3], [[0.75, 0, 0, 1], [0, 0.8, 0, 2], [0, 0, 2.5, 3]], atol=1e-5)


def test_metaimage_without_spacing_is_refused(sam2lung, tmp_path):
    path = metaimage(tmp_path / "ct.mha", *(line for line in PLAIN if "Spacing" not in line), *PLACED, LOCAL)
    refused = sam2lung.segment(path, "--output", tmp_path / "out", status=1).stderr
    assert f"E_READ: {path}: the header lacks 'ElementSpacing'" in refused


def flipped_bit(path):
    """Into the voxels, which are stored uncompressed here: only the checksum tells."""
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    path.write_bytes(damaged)
    return path


def stored_nifti(path):
    nibabel.save(nibabel.Nifti1Image(texture().astype(np.int16).T, AFFINES["oblique"]), path.with_suffix(""))
    path.write_bytes(gzip.compress(path.with_suffix("").read_bytes(), 0))
    return path


def test_gzip_with_damaged_voxels_is_refused(sam2lung, tmp_path):
    path = flipped_bit(stored_nifti(tmp_path / "ct.nii.gz"))
    assert f"E_READ: {path}: " in sam2lung.segment(path, "--output", tmp_path / "out", status=1).stderr


def test_zlib_with_damaged_voxels_is_refused(sam2lung, tmp_path):
    stored = zlib.compress(texture().astype("<i2").tobytes(), 0)
    path = flipped_bit(metaimage(tmp_path / "ct.mha", *PLAIN, *PLACED, "CompressedData = True", LOCAL, voxels=stored))
    assert f"E_READ: {path}: " in sam2lung.segment(path, "--output", tmp_path / "out", status=1).stderr


def test_gzip_that_is_cut_off_behind_the_voxels_is_refused(sam2lung, tmp_path):
    path = stored_nifti(tmp_path / "ct.nii.gz")
    path.write_bytes(path.read_bytes()[:-6])
    assert f"E_READ: {path}: " in sam2lung.segment(path, "--output", tmp_path / "out", status=1).stderr


def test_gzip_in_members_with_something_behind_them_is_read(segment, tmp_path):
    path = stored_nifti(tmp_path / "ct.nii.gz")
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[:5000]) + gzip.compress(whole[5000:]) + b"left over")
    assert voxels_sha256(segment(path)) == sha256(texture())


def test_nifti_of_one_time_point_is_read_and_its_results_are_volumes(segment, tmp_path):
    written = nibabel.Nifti1Image(texture().astype(np.int16).T[..., None], AFFINES["oblique"])
    nibabel.save(written, tmp_path / "ct.nii.gz")
    folder = segment(tmp_path / "ct.nii.gz")
    assert voxels_sha256(folder) == sha256(texture())
    label = nibabel.load(folder / "label.nii.gz")
    assert label.shape == SHAPE[::-1]
    np.testing.assert_allclose(label.affine, AFFINES["oblique"], atol=1e-4)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_file_without_an_ending_is_read_by_what_is_in_it(segment, tmp_path, ending):
    made = by_simpleitk(ending, ending != ".nii")(tmp_path, AFFINES["oblique"])
    folder = segment(made.rename(tmp_path / "CT_0001"))
    assert folder.name == "CT_0001"
    assert voxels_sha256(folder) == sha256(texture())
