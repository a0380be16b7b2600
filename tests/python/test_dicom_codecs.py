"""JPEG-LS and HTJ2K in DICOM, as other people's encoders write them, against what other people's decoders read.

JPEG-LS is written by CharLS (PyPI pyjpegls; SKIPPED without it) and needs a sam2lung with the cargo feature jpeg-ls;
without the feature its refusal is tested. HTJ2K is written by OpenJPH (Debian openjph-tools; SKIPPED without it).
"""

import shutil
import subprocess

import made_dicom
import numpy as np
import pydicom
import pytest
from made_dicom import hu_sha256
from pydicom import uid

SHAPE = (4, 63, 45)
AFFINE = np.array([[-0.8, 0, 0, 90.0], [0, -0.7, 0, 80.5], [0, 0, 2.5, -300.0], [0, 0, 0, 1]])
HTJ2K = [uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K]
NO_JPEG_LS = "built with the cargo feature jpeg-ls, which needs CMake"


def smooth(seed=3):
    """Values between -1000 and 400 HU that a codec can squeeze."""
    rough = np.random.default_rng(seed).normal(0, 25, SHAPE)
    ramp = np.linspace(-950, 300, SHAPE[1])[None, :, None]
    return np.rint(ramp + rough).clip(-1000, 400).astype(int)


def series(bits=16, signed=True):
    made = made_dicom.series(smooth(), AFFINE)
    for image, plane in zip(made, smooth()):
        made_dicom.set_stored(image, plane + 1024, bits, signed)
    return made


# --- JPEG-LS ----------------------------------------------------------------------------------------------------------


def jpeg_ls(images, near=0):
    pytest.importorskip("jpeg_ls", reason="SKIPPED: pyjpegls is not installed (onnx/requirements-dicom.txt)")
    for image in images:
        if near:
            image.compress(uid.JPEGLSNearLossless, jls_error=near)
        else:
            image.compress(uid.JPEGLSLossless)
    return images


@pytest.fixture
def reads_jpeg_ls(segment, tmp_path):
    """Skips where the program was built without CharLS."""
    folder = made_dicom.write(tmp_path / "tried", jpeg_ls(series()))
    for status in (0, 1):
        try:
            said = segment(folder, status=status).stderr
        except AssertionError:
            continue
        if NO_JPEG_LS in said:
            pytest.skip("SKIPPED: sam2lung was built without the cargo feature jpeg-ls (it needs CMake)")
        return


@pytest.mark.parametrize("bits, signed", [(16, True), (16, False), (12, False)])
def test_jpeg_ls_gives_the_hu_that_were_written(reads_jpeg_ls, voxels_sha256, tmp_path, bits, signed):
    assert voxels_sha256(made_dicom.write(tmp_path / "ct", jpeg_ls(series(bits, signed)))) == hu_sha256(smooth())


def test_jpeg_ls_with_loss_gives_what_pydicom_decodes(reads_jpeg_ls, voxels_sha256, tmp_path):
    folder = made_dicom.write(tmp_path / "ct", jpeg_ls(series(12, False), near=3))
    decoded = np.stack([pydicom.dcmread(path).pixel_array.astype(int) for path in sorted(folder.iterdir())]) - 1024
    assert 0 < np.abs(decoded - smooth()).max() <= 3
    assert voxels_sha256(folder) == hu_sha256(decoded)


def test_frames_in_jpeg_ls_are_read(reads_jpeg_ls, voxels_sha256, tmp_path):
    made = made_dicom.enhanced(series())
    made.compress(uid.JPEGLSLossless)
    assert voxels_sha256(made_dicom.write(tmp_path / "ct", [made])) == hu_sha256(smooth())


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_jpeg_ls_cut_short_is_refused_by_its_file(reads_jpeg_ls, segment, tmp_path, share):
    images = jpeg_ls(series())
    (frame,) = pydicom.encaps.generate_frames(images[2].PixelData, number_of_frames=1)
    end = b"\xff\xd9"  # With an end, so that the decoder has to notice.
    for tail in (b"", end):
        cut = frame[: int(share * len(frame)) // 2 * 2] + tail
        images[2].PixelData = pydicom.encaps.encapsulate([cut])
        refused = segment(made_dicom.write(tmp_path / "ct", images), status=1).stderr
        assert "E_READ: " in refused and "1-003.dcm" in refused and "panicked" not in refused


def test_jpeg_ls_without_the_feature_is_refused_and_says_how_to_read_it(segment, tmp_path):
    """A frame without pixels: a program that reads JPEG-LS finds it damaged."""
    images = series()
    for image in images:
        image.file_meta.TransferSyntaxUID = uid.JPEGLSLossless
        image.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xf7\xff\xd9"])
    refused = segment(made_dicom.write(tmp_path / "ct", images), status=1).stderr
    assert "1-001.dcm" in refused and "panicked" not in refused
    if "E_READ: " in refused:
        assert "no frame header" in refused
        return
    assert [
        word for word in ("E_FORMAT: ", "JPEG-LS", uid.JPEGLSLossless, NO_JPEG_LS, "decompress") if word not in refused
    ] == []


# --- HTJ2K ------------------------------------------------------------------------------------------------------------


def htj2k(images, syntax, folder):
    """Encodes images of 16 bits without a sign."""
    encoder = shutil.which("ojph_compress")
    if not encoder:
        pytest.skip("SKIPPED: ojph_compress is not installed (Debian: openjph-tools)")
    lossless = syntax != uid.HTJ2K
    words = [
        "-reversible",
        "true" if lossless else "false",
        "-prog_order",
        "RPCL",
        *([] if lossless else ["-qstep", "0.0005"]),
    ]
    for image in images:
        plane = np.frombuffer(image.PixelData, "<u2").reshape(image.Rows, image.Columns)
        header = f"P5\n{image.Columns} {image.Rows}\n65535\n".encode()
        (folder / "plane.pgm").write_bytes(header + plane.astype(">u2").tobytes())
        subprocess.run(
            [encoder, "-i", folder / "plane.pgm", "-o", folder / "plane.j2c", *words], check=True, capture_output=True
        )
        image.PixelData = pydicom.encaps.encapsulate([(folder / "plane.j2c").read_bytes()])
        image["PixelData"].is_undefined_length = True
        image.file_meta.TransferSyntaxUID = syntax
    return images


@pytest.mark.parametrize("syntax", HTJ2K, ids=lambda syntax: syntax.keyword)
def test_htj2k_gives_what_pydicom_decodes(voxels_sha256, tmp_path, syntax):
    folder = made_dicom.write(tmp_path / "ct", htj2k(series(signed=False), syntax, tmp_path))
    decoded = np.stack([pydicom.dcmread(path).pixel_array.astype(int) for path in sorted(folder.iterdir())]) - 1024
    assert np.array_equal(decoded, smooth()) == (syntax != uid.HTJ2K)
    assert voxels_sha256(folder) == hu_sha256(decoded)


def test_htj2k_cut_short_is_refused_by_its_file(segment, tmp_path):
    images = htj2k(series(signed=False), uid.HTJ2KLossless, tmp_path)
    (frame,) = pydicom.encaps.generate_frames(images[2].PixelData, number_of_frames=1)
    images[2].PixelData = pydicom.encaps.encapsulate([frame[: len(frame) // 4 * 2]])
    refused = segment(made_dicom.write(tmp_path / "ct", images), status=1).stderr
    assert "E_READ: " in refused and "1-003.dcm" in refused and "panicked" not in refused
