"""DICOM folders as they come from the field: odd files that are read right, and files that can't be, refused by name.

Each test writes six slices with its own oddity. Read right means: the HU are those that were written.
"""

import json
import shutil

import made_dicom
import numpy as np
import pydicom
import pytest
from made_dicom import hu_sha256
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

SHAPE = (6, 64, 48)
AFFINE = np.array([[-0.8, 0, 0, 90.0], [0, -0.7, 0, 80.5], [0, 0, 2.5, -300.0], [0, 0, 0, 1]])
PIXELS = b"\xe0\x7f\x10\x00OW"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def texture(shape=SHAPE, seed=3):
    return np.random.default_rng(seed).integers(-1000, 400, shape)


@pytest.fixture
def images():
    made = made_dicom.series(texture(), AFFINE)
    for image in made:
        image.PatientName, image.PatientID, image.SeriesNumber = "Roe^Jane", "id-471147", 2
        image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    return made


@pytest.fixture
def run_json(segment, tmp_path):
    """Segments a folder; what run.json says."""

    def run(folder, *words):
        done = segment(folder, *words)
        record = json.loads((tmp_path / "out" / folder.name / "run.json").read_text())
        return record | {"printed": done.stdout + done.stderr}

    return run


@pytest.fixture
def is_read(run_json):
    """Fails unless all slices of a folder are read as they were written; what was left aside, by reason."""

    def check(folder, *words, hu=texture()):
        record = run_json(folder, *words)
        assert record["input"]["voxels_sha256"] == hu_sha256(hu)
        assert record["input"]["files"] == len(hu)
        assert "471147" not in json.dumps(record) and "Roe" not in json.dumps(record)
        return {group["why"]: group["files"] for group in record["input"].get("left_aside", [])}

    return check


@pytest.fixture
def is_refused(segment, tmp_path):
    """Fails unless a folder is refused by this name, in these words."""

    def check(folder, name, *words):
        refused = segment(folder, status=1).stderr
        assert f"{name}: " in refused
        assert [word for word in words if word not in refused] == []
        assert "panicked" not in refused and not (tmp_path / "out").exists()

    return check


def change_bytes(folder, change):
    for path in folder.iterdir():
        path.write_bytes(change(path.read_bytes()))
    return folder


def without_meta(folder, images, implicit, little=True):
    folder.mkdir()
    for k, made in enumerate(images):
        del made.file_meta
        if not little:
            made.PixelData = np.frombuffer(made.PixelData, "<i2").astype(">i2").tobytes()
        path = folder / f"{k}"
        pydicom.dcmwrite(path, made, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    return folder


# --- how files are written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("implicit, little", [(True, True), (False, True), (False, False)])
def test_files_without_preamble_and_meta_information_are_read(is_read, images, tmp_path, implicit, little):
    assert is_read(without_meta(tmp_path / "ct", images, implicit, little)) == {}


def test_half_of_a_series_without_preamble_is_read(is_read, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images[:3])
    rest = without_meta(tmp_path / "rest", images[3:], True)
    for path in rest.iterdir():
        path.rename(folder / f"TOP{path.name}")
    assert is_read(folder) == {}


SAMPLES = b"\x28\x00\x02\x00US"
META = {
    "no_preamble": lambda b: b[132:],
    "mark_alone": lambda b: b[128:],
    "no_length": lambda b: b[:132] + b[144:],
    "length_too_large": lambda b: b[:140] + b"\xff\xff\x00\x00" + b[144:],
    "length_too_small": lambda b: b[:140] + b"\x08\x00\x00\x00" + b[144:],
    "length_zero": lambda b: b[:140] + b"\x00\x00\x00\x00" + b[144:],
    "preamble_not_empty": lambda b: b"II*\0" + b"\x55" * 124 + b[128:],
    "bytes_behind_the_pixels": lambda b: b + b"\xfc\xff\xfc\xff\x00\x00garbage",
    "group_length": lambda b: b.replace(SAMPLES, b"\x28\x00\x00\x00UL\x04\x00\x01\x00\x00\x00" + SAMPLES),
}


@pytest.mark.parametrize("change", META.values(), ids=META)
def test_meta_information_that_is_odd_is_read(is_read, images, tmp_path, change):
    assert is_read(change_bytes(made_dicom.write(tmp_path / "ct", images), change)) == {}


@pytest.mark.parametrize("stated, implicit", [(uid.ExplicitVRLittleEndian, True), (uid.ImplicitVRLittleEndian, False)])
def test_encoding_other_than_stated_is_read(is_read, images, tmp_path, stated, implicit):
    folder = tmp_path / "ct"
    folder.mkdir()
    for k, made in enumerate(images):
        written = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
        made.file_meta.TransferSyntaxUID = written
        pydicom.dcmwrite(folder / f"{k}.dcm", made, enforce_file_format=True)
        path = folder / f"{k}.dcm"
        one, other = written.encode(), stated.encode()
        one, other = (u + b"\0" * (len(u) % 2) for u in (one, other))
        swap = lambda u: b"\x02\x00\x10\x00UI" + len(u).to_bytes(2, "little") + u
        data = path.read_bytes()
        assert swap(one) in data
        path.write_bytes(data.replace(swap(one), swap(other)))
    assert is_read(folder) == {}


ITEM, ITEM_END = b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x0d\xe0\0\0\0\0"
END = b"\xfe\xff\xdd\xe0\0\0\0\0"
UNKNOWN = b"\x01\x20\x5f\x10UN\0\0\xff\xff\xff\xff"
INNER = b"\x01\x20\x01\x10\x04\0\0\0ABCD"
ICON = b"\x28\x00\x10\x00US\x02\0\x02\0" + b"\xe0\x7f\x10\x00OB\0\0"
ODD = {
    "unknown_sequence": UNKNOWN + ITEM + INNER + ITEM_END + END,
    "nested_unknown": UNKNOWN + ITEM + b"\x01\x20\x02\x10\xff\xff\xff\xff"
    + ITEM + INNER + 2 * (ITEM_END + END),
    "unknown_with_explicit_items": UNKNOWN + ITEM + b"\x01\x20\x01\x10LO\x04\0ABCD" + ITEM_END + END,
    "unknown_items_of_known_length": UNKNOWN + b"\xfe\xff\x00\xe0\x0c\0\0\0" + INNER + END,
    "unknown_empty": UNKNOWN + END,
    "text_in_a_number": b"\x18\x00\x11\x93FD\x06\x000.264 ",
    "number_of_three_bytes": b"\x18\x00\x11\x93US\x03\x00abc",
    "no_kind": b"\x01\x20\x60\x10??\x04\x00abcd",
    "kind_of_spaces": b"\x01\x20\x60\x10  \x04\x00abcd",
    "kind_of_the_future": b"\x01\x20\x60\x10OX\0\0\x04\0\0\0abcd",
    "implicit_among_explicit": b"\x01\x20\x60\x10\x04\0\0\0abcd",
    "sequence_of_rubbish": b"\x01\x20\x60\x10SQ\0\0\x0a\0\0\0rubbish...",
    "icon": b"\x88\x00\x00\x02SQ\0\0\xff\xff\xff\xff" + ITEM + ICON + b"\x04\0\0\0abcd" + ITEM_END + END,
    "icon_compressed": b"\x88\x00\x00\x02SQ\0\0\xff\xff\xff\xff" + ITEM + ICON + b"\xff\xff\xff\xff"
    + b"\xfe\xff\x00\xe0\0\0\0\0" + b"\xfe\xff\x00\xe0\x04\0\0\0abcd" + END + ITEM_END + END,
}


@pytest.mark.parametrize("element", ODD.values(), ids=ODD)
def test_element_that_nobody_needs_is_passed_over(is_read, images, tmp_path, element):
    folder = made_dicom.write(tmp_path / "ct", images)
    assert is_read(change_bytes(folder, lambda b: b.replace(PIXELS, element + PIXELS))) == {}


def test_needed_elements_of_unknown_kind_are_read(is_read, images, tmp_path):
    """As an archive that knows no private or new elements writes them."""

    def unknown(data):
        for keyword in (b"\x20\x00\x32\x00DS", b"\x28\x00\x10\x00US"):
            at = data.index(keyword)
            length = int.from_bytes(data[at + 6 : at + 8], "little")
            data = data[: at + 4] + b"UN\0\0" + length.to_bytes(4, "little") + data[at + 8 :]
        return data

    assert is_read(change_bytes(made_dicom.write(tmp_path / "ct", images), unknown)) == {}


def test_implicit_file_with_text_where_the_dictionary_has_a_number_is_read(is_read, images, tmp_path):
    for made in images:
        made.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        made.add(pydicom.dataelem.DataElement(0x00189311, "OB", b"0.264 "))
    assert is_read(made_dicom.write(tmp_path / "ct", images)) == {}


@pytest.mark.parametrize("fragments", [1, 2, 4])
def test_jpeg_2000_in_fragments_is_read(is_read, images, tmp_path, fragments):
    for made in images:
        made.compress(uid.JPEG2000Lossless)
        (frame,) = pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1)
        made.PixelData = pydicom.encaps.encapsulate([frame], fragments_per_frame=fragments, has_bot=False)
    assert is_read(made_dicom.write(tmp_path / "ct", images)) == {}


def enhance(made, k):
    """An enhanced CT of one frame: position and rescale in the functional groups (PS3.3 C.7.6.16)."""
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = ENHANCED_CT
    made.NumberOfFrames = 1
    groups = {
        "PlanePositionSequence": ["ImagePositionPatient"],
        "PlaneOrientationSequence": ["ImageOrientationPatient"],
        "PixelMeasuresSequence": ["PixelSpacing"],
        "PixelValueTransformationSequence": ["RescaleIntercept", "RescaleSlope"],
    }
    shared, frame = Dataset(), Dataset()
    for n, (sequence, keywords) in enumerate(groups.items()):
        macro = Dataset()
        for keyword in keywords:
            setattr(macro, keyword, getattr(made, keyword))
            delattr(made, keyword)
        setattr(frame if n == 0 or k % 2 else shared, sequence, Sequence([macro]))
    made.SharedFunctionalGroupsSequence, made.PerFrameFunctionalGroupsSequence = Sequence([shared]), Sequence([frame])
    made["SharedFunctionalGroupsSequence"].is_undefined_length = k > 2
    made["PerFrameFunctionalGroupsSequence"].is_undefined_length = k > 2


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_enhanced_files_of_one_frame_are_read(is_read, images, tmp_path, syntax):
    for k, made in enumerate(images):
        enhance(made, k)
        made.file_meta.TransferSyntaxUID = syntax
    assert is_read(made_dicom.write(tmp_path / "ct", images)) == {}


# --- what values mean -------------------------------------------------------------------------------------------------


def test_monochrome_1_says_how_to_show_not_what_was_measured(is_read, images, tmp_path):
    for made in images:
        made.PhotometricInterpretation = "MONOCHROME1"
    assert is_read(made_dicom.write(tmp_path / "ct", images)) == {}


def test_bits_above_those_stored_are_no_part_of_the_value(is_read, images, tmp_path):
    overlays = np.random.default_rng(0).integers(0, 16, SHAPE).astype(np.uint16) << 12
    for made, plane, overlay in zip(images, texture(), overlays):
        made_dicom.set_stored(made, ((plane + 1024).astype(np.uint16) | overlay), bits=12, signed=False)
    assert is_read(made_dicom.write(tmp_path / "ct", images)) == {}


def test_padding_without_a_sign_is_air(is_read, images, tmp_path):
    """-2000 written as 63536 would be 62512 HU."""
    hu = texture()
    hu[:, :8] = -1024
    for made, plane in zip(images, hu):
        stored = plane + 1024
        stored[:8] = 63536
        made_dicom.set_stored(made, stored, signed=False)
        made.add_new(0x00280120, "US", 63536)
    is_read(made_dicom.write(tmp_path / "ct", images), hu=hu)


def test_rescale_with_spaces_exponent_and_sign_is_read(is_read, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images)
    old = b"\x28\x00\x52\x10DS\x08\x00-1024.0 "
    texts = [b" -1024", b"-1.024E3", b"-1024\0\0", b"-1024.0", b"-01024", b"-1024.000000"]
    for path, text in zip(sorted(folder.iterdir()), texts):
        text += b" " * (len(text) % 2)
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, old[:6] + len(text).to_bytes(2, "little") + text))
    assert is_read(folder) == {}


def without(keyword):
    return lambda made: delattr(made, keyword)


def empty(keyword):
    return lambda made: setattr(made, keyword, None)


def text_in(keyword, text):
    def change(made):
        element = made[keyword]
        made[keyword] = pydicom.dataelem.RawDataElement(element.tag, element.VR, len(text), text, 0, False, True)

    return change


def attribute(keyword, value):
    return lambda made: setattr(made, keyword, value)


def modality_lut(made):
    table = Dataset()
    table.add_new(0x00283002, "US", [2, 0, 16])
    table.ModalityLUTType = "HU"
    table.add_new(0x00283006, "US", [0, 1])
    made.ModalityLUTSequence = Sequence([table])


def without_rescale(made):
    del made.RescaleSlope, made.RescaleIntercept


def lut_instead_of_rescale(made):
    without_rescale(made)
    modality_lut(made)


UNUSABLE = {
    "no_intercept": (without("RescaleIntercept"), "E_NOT_HU", "Rescale Intercept (0028,1052)"),
    "no_slope": (without("RescaleSlope"), "E_NOT_HU", "Rescale Slope (0028,1053)"),
    "neither": (without_rescale, "E_NOT_HU", "has no Rescale Slope"),
    "empty": (empty("RescaleIntercept"), "E_NOT_HU", "has no Rescale Intercept"),
    "word": (text_in("RescaleIntercept", b"none"), "E_NOT_HU", "not a number: 'none'"),
    "decimal_comma": (text_in("RescaleIntercept", b"-1024,0 "), "E_NOT_HU", "'-1024,0'"),
    "two_values": (text_in("RescaleSlope", b"1\\1 "), "E_NOT_HU", "Rescale Slope", "'1\\1'"),
    "not_a_number": (text_in("RescaleSlope", b"NaN "), "E_NOT_HU", "'NaN'"),
    "slope_zero": (attribute("RescaleSlope", 0), "E_NOT_HU", "of 0"),
    "other_unit": (attribute("RescaleType", "Z_EFF"), "E_NOT_HU", "'Z_EFF'"),
    "modality_lut": (lut_instead_of_rescale, "E_NOT_HU", "Modality LUT Sequence"),
    "both": (modality_lut, "E_NOT_HU", "Modality LUT Sequence"),
    "high_bit": (attribute("HighBit", 14), "E_FORMAT", "high bit 14"),
    "bits_stored": (attribute("BitsStored", 17), "E_FORMAT", "17 stored"),
    "sign": (without("PixelRepresentation"), "E_FORMAT", "not said whether signed"),
    "two_samples": (attribute("SamplesPerPixel", 2), "E_READ", "2 sample(s)"),
    "palette": (attribute("PhotometricInterpretation", "PALETTE COLOR"), "E_READ", "PALETTE COLOR"),
}


@pytest.mark.parametrize("change, name, words", [(c, n, w) for c, n, *w in UNUSABLE.values()], ids=UNUSABLE)
@pytest.mark.parametrize("which", [[3], range(6)], ids=["one_slice", "all_slices"])
def test_slice_without_usable_values_is_refused_by_its_file(is_refused, images, tmp_path, change, name, words, which):
    for k in which:
        change(images[k])
    is_refused(made_dicom.write(tmp_path / "ct", images), name, f"1-{which[0] + 1:03}.dcm", *words)


# --- what lies in the folder ------------------------------------------------------------------------------------------


def test_cd_export_is_read_and_what_else_is_on_it_is_listed(is_read, images, tmp_path):
    root = tmp_path / "cd"
    made_dicom.write(root / "DIR00001" / "ROE_JANE", images, [f"IM{k:06}" for k in range(6)])
    directory = Dataset()
    directory.file_meta = pydicom.dataset.FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = uid.MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    directory.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    directory.FileSetID, directory.DirectoryRecordSequence = "CD", []
    pydicom.dcmwrite(root / "DICOMDIR", directory, enforce_file_format=True)
    foreign = {
        "README.TXT": b"read me",
        "AUTORUN.INF": b"[autorun]",
        "Thumbs.db": b"\xd0\xcf\x11\xe0" + bytes(64),
        ".DS_Store": b"\0\0\0\1Bud1",
    }
    for name, data in foreign.items():
        (root / name).write_bytes(data)
    (root / "VIEWER").mkdir()
    (root / "VIEWER" / "viewer.exe").write_bytes(b"MZ" + bytes(200))
    (root / "VIEWER" / "empty.dat").write_bytes(b"")
    series = root / "DIR00001" / "ROE_JANE"
    (series / "._IM000001").write_bytes(b"\0\5\x16\7" + bytes(300))
    (series / "report.pdf").write_bytes(b"%PDF-1.4")
    (series / "VERSION").write_text("1.0")
    aside = is_read(root)
    assert aside["a DICOMDIR"] == ["DICOMDIR"]
    assert set(aside["a file of the system"]) == {".DS_Store", "AUTORUN.INF", "DIR00001/*/._IM000001", "Thumbs.db"}
    foreign = {"DIR00001/*/VERSION", "DIR00001/*/report.pdf", "README.TXT", "VIEWER/viewer.exe"}
    assert set(aside["it is not a DICOM file"]) == foreign
    assert aside["it is empty"] == ["VIEWER/empty.dat"]


def test_damaged_dicomdir_is_left_aside(is_read, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct" / "DICOM", images)
    (tmp_path / "ct" / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + b"junk" * 10)
    assert is_read(folder.parent) == {"a DICOMDIR": ["DICOMDIR"]}


def other_modality(image):
    image.Modality = "OT"


def other_class(image):
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"


def localizer_in_the_plane(image):
    image.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


def capture_without_place(image):
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = SECONDARY_CAPTURE
    del image.ImagePositionPatient


@pytest.mark.parametrize("spoil", [other_modality, other_class, localizer_in_the_plane, capture_without_place], ids=lambda spoil: spoil.__name__)
def test_last_slice_that_its_header_makes_another_kind_is_left_aside_with_a_warning(is_read, run_json, images, tmp_path, spoil):
    spoil(images[5])
    folder = made_dicom.write(tmp_path / "ct", images)
    assert is_read(folder, hu=texture()[:5]) != {}
    (warning,) = [w for w in run_json(folder)["warnings"] if w["name"] == "W_FILES_LEFT_ASIDE"]
    assert warning["text"].startswith("1 file(s) of the folder were left aside, the first 1-006.dcm: ")


def test_image_of_another_kind_in_the_series_beside_the_stack_needs_no_warning(is_read, run_json, images, tmp_path):
    other_modality(images[5])
    images[5].ImagePositionPatient[2] += 50.0
    folder = made_dicom.write(tmp_path / "ct", images)
    assert is_read(folder, hu=texture()[:5]) == {"an image of modality OT": ["1-006.dcm"]}
    assert "W_FILES_LEFT_ASIDE" not in run_json(folder)["printed"]


def test_series_over_several_levels_is_read_whole(is_read, images, tmp_path):
    made_dicom.write(tmp_path / "ct", images[:2])
    made_dicom.write(tmp_path / "ct" / "more", images[2:4])
    made_dicom.write(tmp_path / "ct" / "more" / "and more", images[4:])
    assert is_read(tmp_path / "ct") == {}


def test_copies_of_files_are_dropped_and_listed(is_read, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images)
    shutil.copy(folder / "1-002.dcm", folder / "1-002 (1).dcm")
    shutil.copytree(folder, folder / "backup")
    assert len(is_read(folder)["a copy of another file, equal in every byte"]) == 8


def other_image(modality, class_uid, series_uid=None):
    """An image of 20 x 30 that is no slice of the CT."""
    made = made_dicom.image(texture()[0, :20, :30], AFFINE, 0, series_uid or uid.generate_uid())
    made.Modality, made.SOPClassUID, made.file_meta.MediaStorageSOPClassUID = modality, class_uid, class_uid
    return made


def localizer(series_uid=None):
    made = other_image("CT", uid.CTImageStorage, series_uid)
    made.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    made.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    return made


def dose_sheet():
    made = other_image("CT", SECONDARY_CAPTURE)
    del made.ImagePositionPatient, made.ImageOrientationPatient, made.PixelSpacing
    del made.RescaleSlope, made.RescaleIntercept
    return made


def unplaced_ct():
    """A dose sheet that says it is a CT image."""
    made = dose_sheet()
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = uid.CTImageStorage
    return made


def structured_report():
    made = other_image("SR", uid.BasicTextSRStorage)
    del made.PixelData, made.Rows, made.Columns
    return made


def structures():
    made = other_image("RTSTRUCT", uid.RTStructureSetStorage)
    del made.PixelData, made.Rows, made.Columns
    return made


def frames_of(modality, class_uid):
    def make():
        made = other_image(modality, class_uid)
        made.NumberOfFrames, made.PixelData = 3, 3 * made.PixelData
        return made

    return make


def projection():
    made = other_image("CT", uid.CTImageStorage)
    made.ImageType = ["DERIVED", "SECONDARY", "MIP"]
    return made


BESIDE = {
    "localizer": (localizer, "a localizer (image type LOCALIZER)"),
    "dose_sheet": (dose_sheet, "a picture without a place in the patient (a secondary capture)"),
    "dose_sheet_as_ct": (unplaced_ct, "an image of another CT series"),
    "report": (structured_report, "Basic Text SR Storage"),
    "rtstruct": (structures, "RT Structure Set Storage"),
    "rtdose": (frames_of("RTDOSE", uid.RTDoseStorage), "RT Dose Storage"),
    "seg": (frames_of("SEG", uid.SegmentationStorage), "Segmentation Storage"),
    "pet": (
        lambda: other_image("PT", uid.PositronEmissionTomographyImageStorage),
        "Positron Emission Tomography Image Storage",
    ),
    "mip": (projection, "a projection (image type MIP)"),
}


@pytest.mark.parametrize("make, why", BESIDE.values(), ids=BESIDE)
def test_the_one_ct_is_picked_and_what_lies_beside_it_is_named(is_read, images, tmp_path, make, why):
    folder = made_dicom.write(tmp_path / "ct", images)
    made_dicom.write(folder, [make(), make()], ["AAA.dcm", "zzz.dcm"])
    aside = is_read(folder)
    assert [files for reason, files in aside.items() if reason.startswith(why)] != [] and "AAA.dcm" in json.dumps(aside)


def test_localizer_in_the_same_series_is_set_aside(is_read, images, tmp_path):
    made_dicom.write(tmp_path / "ct", [localizer(images[0].SeriesInstanceUID), *images])
    assert is_read(tmp_path / "ct") == {"a localizer (image type LOCALIZER)": ["1-001.dcm"]}


def test_image_across_the_series_is_left_out_with_a_warning(run_json, images, tmp_path):
    """A scout that doesn't say so, as some archives rewrite the image type."""
    scout = localizer(images[0].SeriesInstanceUID)
    scout.ImageType = ["DERIVED", "SECONDARY"]
    record = run_json(made_dicom.write(tmp_path / "ct", [scout, *images]))
    assert record["input"]["voxels_sha256"] == hu_sha256(texture())
    assert "W_FILES_LEFT_ASIDE" in record["printed"] and "1-001.dcm" in record["printed"]


def test_images_at_one_place_are_no_second_ct(is_read, images, tmp_path):
    """Watching a bolus arrive: many images of one slice, in a series of their own."""
    folder = made_dicom.write(tmp_path / "ct", images)
    watched = [made_dicom.image(texture()[2], AFFINE, 2, "1.2.3.9") for _ in range(4)]
    made_dicom.write(folder / "watch", watched)
    assert list(is_read(folder)) == ["an image of another CT series, 1.2.3.9"]


def test_two_scouts_that_do_not_say_so_are_no_second_ct(is_read, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images)
    scouts = [localizer("1.2.3.9"), localizer("1.2.3.9")]
    scouts[1].ImagePositionPatient, scouts[1].ImageOrientationPatient = [50, 50, -250], [1, 0, 0, 0, 0, -1]
    for made in scouts:
        made.ImageType = ["ORIGINAL", "PRIMARY"]
    made_dicom.write(folder / "scouts", scouts)
    assert list(is_read(folder)) == ["an image of another CT series, 1.2.3.9"]


def test_two_series_of_two_slices_are_several_cts(is_refused, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images[:2])
    made_dicom.write(folder / "other", made_dicom.series(texture()[:2], AFFINE))
    is_refused(folder, "E_SEVERAL_SERIES", "2 CT series", "2.50 mm apart")


@pytest.fixture
def three_cts(tmp_path):
    """Series of 2.5, 1.25 and 1.25 mm with the numbers 7, 9 and 8; by UID their HU."""
    found = {}
    for n, (step_mm, number) in enumerate([(2.5, 7), (1.25, 9), (1.25, 8)]):
        affine = AFFINE.copy()
        affine[2, 2] = step_mm
        series_uid = f"1.2.3.{n}"
        images = made_dicom.series(texture(seed=n), affine, series_uid=series_uid)
        for made in images:
            made.SeriesNumber = number
        made_dicom.write(tmp_path / "ct" / str(n), images)
        found[series_uid] = texture(seed=n)
    return tmp_path / "ct", found


@pytest.mark.parametrize("rule, chosen", [("first", 0), ("thinnest", 2), ("1.2.3.1", 1)])
def test_one_of_several_cts_is_chosen_by_rule_or_uid(is_read, three_cts, rule, chosen):
    folder, found = three_cts
    aside = is_read(folder, "--series", rule, hu=found[f"1.2.3.{chosen}"])
    others = {f"an image of another CT series, 1.2.3.{n}" for n in range(3) if n != chosen}
    assert set(aside) == others


def test_several_cts_are_listed_with_how_to_choose(is_refused, three_cts):
    is_refused(three_cts[0], "E_SEVERAL_SERIES", "3 CT series", "1.2.3.1", "1.25 mm apart", "--series thinnest")


def test_rule_that_is_none_is_refused_by_name(segment, three_cts):
    refused = segment(three_cts[0], "--series", "thickest", status=1).stderr
    assert "E_OPTION: " in refused and "'thickest'" in refused and "'thinnest'" in refused


def test_chosen_series_that_is_no_ct_is_refused_by_name(segment, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images)
    made_dicom.write(folder, [localizer("1.2.3.4")], ["scout.dcm"])
    refused = segment(folder, "--series", "1.2.3.4", status=1).stderr
    assert "E_NOT_HU: " in refused and "a localizer" in refused


# --- what can't be read -----------------------------------------------------------------------------------------------


def cut(share):
    return lambda data: data[: int(share * len(data))]


BROKEN = {
    "empty": (lambda data: b"", "it is empty"),
    "zeros": (lambda data: bytes(len(data)), "not a DICOM file"),
    "error_page": (lambda data: b"<html>404 Not Found</html>", "not a DICOM file"),
    "noise": (lambda data: np.random.default_rng(5).bytes(len(data)), "not a DICOM file"),
    "cut_in_preamble": (lambda data: data[:100], "not a DICOM file"),
    "cut_in_meta": (lambda data: data[:180], "says it has"),
    "cut_in_header": (lambda data: data[: data.index(b"\x28\x00\x10\x00US")], "ends before its pixels"),
    "cut_in_pixels": (cut(0.8), "the pixels are cut off"),
    "cut_by_a_byte": (lambda data: data[:-1], "the pixels are cut off"),
    "no_pixels": (lambda data: data[: data.index(PIXELS)], "ends before its pixels"),
    "shifted": (lambda data: data.replace(b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.5..1.1.2\0"), "can't be read"),
    "modality_that_is_none": (lambda data: data.replace(b"CS\x02\0CT", b"CS\x02\0\x01p"), "of which modality"),
    "length_beyond_the_end": (
        lambda data: data.replace(PIXELS, b"\x09\x00\x10\x00OB\0\0\xf0\xff\xff\xff" + PIXELS),
        "(0009,0010)",
    ),
}


@pytest.mark.parametrize("change, why", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["1-001.dcm", "1-004.dcm", "1-006.dcm"], ids=["first", "middle", "last"])
def test_file_of_the_series_that_cannot_be_read_is_refused_by_its_path(is_refused, images, tmp_path, change, why, name):
    folder = made_dicom.write(tmp_path / "ct", images)
    broken = folder / name
    broken.write_bytes(change(broken.read_bytes()))
    is_refused(folder, "E_READ", name, why)


@pytest.mark.parametrize("change, why", BROKEN.values(), ids=BROKEN)
def test_file_without_ending_that_cannot_be_read_is_refused_too(is_refused, images, tmp_path, change, why):
    folder = made_dicom.write(tmp_path / "ct", images, [f"IM{k:04}" for k in range(6)])
    broken = folder / "IM0005"
    broken.write_bytes(change(broken.read_bytes()))
    is_refused(folder, "E_READ", "IM0005", why)


@pytest.mark.parametrize("name", ["IM0007.DCM", "IM0007.dcm.part", "IM0007"])
def test_file_that_is_empty_in_a_folder_below_is_refused(is_refused, images, tmp_path, name):
    folder = made_dicom.write(tmp_path / "ct", images, [f"IM{k:04}.dcm" for k in range(6)])
    (folder / "more").mkdir()
    (folder / "more" / name).write_bytes(b"")
    is_refused(folder, "E_READ", f"more/{name}", "it is empty")


def test_link_to_nothing_is_refused_by_its_path(is_refused, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images)
    (folder / "1-007.dcm").symlink_to(tmp_path / "gone")
    is_refused(folder, "E_READ", "1-007.dcm")


def test_damaged_file_of_another_series_is_left_aside_with_a_warning(run_json, images, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", images)
    image = made_dicom.image(texture()[0], AFFINE, 0, "1.2.3.9")
    other = made_dicom.write(tmp_path / "ct" / "other", [image], ["a.dcm"])
    (other / "a.dcm").write_bytes((other / "a.dcm").read_bytes()[:-100])
    record = run_json(folder)
    assert record["input"]["voxels_sha256"] == hu_sha256(texture())
    assert "W_FILES_LEFT_ASIDE" in record["printed"] and "other/a.dcm" in record["printed"]


def cut_codestream(made):
    made.compress(uid.JPEG2000Lossless)
    (frame,) = pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1)
    made.PixelData = pydicom.encaps.encapsulate([frame[: len(frame) // 4 * 2]])


def cut_rle(made):
    made.compress(uid.RLELossless)
    (frame,) = pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1)
    made.PixelData = pydicom.encaps.encapsulate([frame[: len(frame) // 4 * 2]])


def codestream_of_another_size(made):
    rows, columns = made.Rows, made.Columns
    made_dicom.set_stored(made, texture()[0, :32, :40])
    made.compress(uid.JPEG2000Lossless)
    made.Rows, made.Columns = rows, columns


def fewer_pixels(made):
    made.PixelData = made.PixelData[:-64]


def more_pixels(made):
    made.PixelData = 2 * made.PixelData


PIXELS_OFF = {
    "codestream_cut": (cut_codestream, "E_READ", "cut off"),
    "rle_cut": (cut_rle, "E_READ", "RLE"),
    "codestream_of_another_size": (codestream_of_another_size, "E_READ", "40 x 32", "48 x 64"),
    "fewer": (fewer_pixels, "E_READ", "6080 bytes", "expected 6144"),
    "twice_as_many": (more_pixels, "E_READ", "12288 bytes"),
}


@pytest.mark.parametrize("change, name, words", [(c, n, w) for c, n, *w in PIXELS_OFF.values()], ids=PIXELS_OFF)
def test_pixels_that_are_not_those_of_the_header_are_refused(is_refused, images, tmp_path, change, name, words):
    change(images[2])
    is_refused(made_dicom.write(tmp_path / "ct", images), name, "1-003.dcm", *words)


@pytest.mark.parametrize("compressed", [True, False])
def test_pixels_that_are_not_written_as_stated_are_refused(is_refused, images, tmp_path, compressed):
    """Compressed pixels in a syntax that has none; plain ones in a private syntax, which may turn their bytes."""
    stated = uid.ExplicitVRLittleEndian
    if compressed:
        stated = uid.JPEG2000Lossless
        for made in images:
            made.compress(stated)
    other = uid.ExplicitVRLittleEndian if compressed else "1.2.840.113619.5."

    def misstate(data):
        pad = lambda text: text.encode() + b"\0" * (len(text) % 2)
        element = lambda text: b"\x02\x00\x10\x00UI" + len(pad(text)).to_bytes(2, "little") + pad(text)
        assert element(stated) in data
        return data.replace(element(stated), element(other))

    folder = change_bytes(made_dicom.write(tmp_path / "ct", images), misstate)
    words = "compressed pixels in DICOM" if compressed else "uncompressed pixels in DICOM"
    is_refused(folder, "E_FORMAT", words, other, "1-001.dcm")


def position(k, text):
    return lambda images: text_in("ImagePositionPatient", text)(images[k])


def several_patients(images):
    for made in images[3:]:
        made.PatientID = "another"


def several_frames_of_reference(images):
    for k, made in enumerate(images):
        made.FrameOfReferenceUID = "1.2.3" if k < 3 else "1.2.4"


def acquisitions_between_each_other(images):
    for k, made in enumerate(images):
        made.AcquisitionNumber = 1 + k % 2


def last_of_another_series(images):
    images[5].SeriesInstanceUID = "1.2.3.9"


def first_of_another_series(images):
    images[0].SeriesInstanceUID = "1.2.3.9"


def two_acquisitions(images):
    again = made_dicom.series(texture(seed=9), AFFINE, series_uid=images[0].SeriesInstanceUID)
    for made in again:
        made.AcquisitionNumber = 2
    images.extend(again)


MIXED = {
    "position_with_commas": (position(2, b"-90,0\\-80,5\\-295,0 "), "E_READ", "1-003.dcm", "position"),
    "position_of_two": (position(2, b"-90.0\\-80.5"), "E_READ", "1-003.dcm", "position"),
    "patients": (several_patients, "E_MIXED_GEOMETRY", "patient", "1-004.dcm"),
    "frames_of_reference": (several_frames_of_reference, "E_MIXED_GEOMETRY", "frame of reference"),
    "acquisitions_interleaved": (acquisitions_between_each_other, "E_MIXED_GEOMETRY", "acquisition number"),
    "last_of_another_series": (last_of_another_series, "E_MIXED_GEOMETRY", "1-006.dcm", "'1.2.3.9'"),
    "first_of_another_series": (first_of_another_series, "E_MIXED_GEOMETRY", "1-001.dcm", "'1.2.3.9'"),
    "two_acquisitions": (two_acquisitions, "E_DUPLICATE_SLICE", "6 slice position(s)", "one acquisition"),
}


@pytest.mark.parametrize("change, name, words", [(c, n, w) for c, n, *w in MIXED.values()], ids=MIXED)
def test_slices_that_are_not_one_scan_are_refused(is_refused, images, tmp_path, change, name, words):
    change(images)
    is_refused(made_dicom.write(tmp_path / "ct", images), name, *words)


def test_acquisitions_one_after_the_other_are_one_scan(is_read, images, tmp_path):
    for k, made in enumerate(images):
        made.AcquisitionNumber = 1 + k // 2
        made.FrameOfReferenceUID = f"1.2.3.{k}"  # an anonymizer gave each file its own
    assert is_read(made_dicom.write(tmp_path / "ct", images)) == {}


def test_folder_without_a_ct_says_what_it_holds(is_refused, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", [localizer(), structured_report()])
    is_refused(folder, "E_READ", "no DICOM image of a CT", "1 x a localizer", "1 x Basic Text SR Storage")
    for path in folder.iterdir():
        path.write_bytes(b"")
    is_refused(folder, "E_READ", "no DICOM image of a CT", "2 x it is empty")
