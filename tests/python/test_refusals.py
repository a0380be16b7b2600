"""Errors that begin with a name: for each name of the README's table that other files don't show, what brings it about
and the words that a user needs."""

import gzip
import hashlib
import json
import os
import shutil
import struct

import made_ct
import numpy as np
import onnx
import pytest

SHAPE = (4, 24, 32)


def texture():
    return np.random.default_rng(2).integers(-1000, 400, SHAPE)


@pytest.fixture
def ct(tmp_path):
    return made_ct.write(tmp_path / "chest.nii.gz", texture())


@pytest.fixture
def refused(sam2lung, bundles, tmp_path):
    """Segments what is to be refused; the text of the error."""

    def run(path, *words, model=bundles / "tiny-identity", lung_mask="off", output=tmp_path / "out"):
        words = (*words, "--output", output, "--model", model, "--lung-mask", lung_mask)
        text = sam2lung.segment(path, *words, status=1).stderr
        assert "panicked" not in text
        return text

    return run


def says(text, name, *words):
    assert any(line.startswith(f"{name}: ") for line in text.splitlines()), text
    assert [word for word in words if word not in text] == [], text


# --- the CT -----------------------------------------------------------------------------------------------------------


def metaimage(path, sizes="32 24 4", spacing="0.75 0.75 2", voxels=None, kind="MET_SHORT"):
    header = f"ObjectType = Image\nNDims = 3\nDimSize = {sizes}\nElementSpacing = {spacing}\nElementType = {kind}\n"
    voxels = texture().astype("<i2").tobytes() if voxels is None else voxels
    path.write_bytes(f"{header}ElementDataFile = LOCAL\n".encode() + voxels)
    return path


@pytest.mark.parametrize("spacing", ["0 0.75 2", "0.75 0.75 25", "0.75 0.01 2"])
def test_spacing_that_can_not_be_is_refused_with_the_limits(refused, tmp_path, spacing):
    text = refused(metaimage(tmp_path / "ct.mha", spacing=spacing))
    got = " x ".join(f"{float(mm):.4f}" for mm in spacing.split())
    says(text, "E_SPACING", got, "between 0.05 and 20 mm", "header")


def nifti_of(path, sizes):
    made_ct.write(path, texture())
    written = bytearray(path.read_bytes())
    struct.pack_into("<3h", written, 42, *sizes)  # dim[1] to dim[3] (nifti1.h)
    path.write_bytes(written)
    return path


def nrrd_of(path, sizes):
    directions = "(0.75,0,0) (0,0.75,0) (0,0,2)"
    path.write_text(
        f"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: {sizes}\n"
        f"space directions: {directions}\nendian: little\nencoding: raw\nspace origin: (0,0,0)\n\n"
    )
    return path


LYING = {
    "mha": (lambda folder: metaimage(folder / "ct.mha", sizes="100000 100000 100000"), 10**15),
    "mha_beyond_64_bits": (lambda folder: metaimage(folder / "ct.mha", sizes=" ".join([str(2**63)] * 3)), 2**64 - 1),
    "nii": (lambda folder: nifti_of(folder / "ct.nii", (32767, 32767, 32767)), 32767**3),
    "nrrd": (lambda folder: nrrd_of(folder / "ct.nrrd", "2048 2048 257"), 2048 * 2048 * 257),
}


@pytest.mark.parametrize("write, voxels", LYING.values(), ids=LYING)
def test_header_that_promises_too_much_is_refused_before_anything_is_read(refused, tmp_path, write, voxels):
    says(refused(write(tmp_path)), "E_TOO_LARGE", f"{voxels} voxels", f"at most {2**29}", "Crop")


def test_header_that_promises_more_than_the_file_holds_is_refused_with_the_slice(refused, tmp_path):
    path = metaimage(tmp_path / "ct.mha", sizes="32 24 1000")
    says(refused(path), "E_READ", "slice 4", "1000 slices of 32 x 24", "truncated")


@pytest.mark.parametrize(
    "sizes", ["32 24 0", "0 24 4", "32 24 1", "2147483648 2147483648 0", "0 24 1099511627776"]
)
def test_axis_with_less_than_two_voxels_is_refused(refused, tmp_path, sizes):
    says(refused(metaimage(tmp_path / "ct.mha", sizes=sizes)), "E_ONE_SLICE", "at least 2")


def test_data_file_outside_the_header_s_folder_is_refused_with_its_name(refused, tmp_path):
    (tmp_path / "elsewhere.raw").write_bytes(texture().astype("<i2").tobytes())
    (tmp_path / "in").mkdir()
    for name in ("../elsewhere.raw", str(tmp_path / "elsewhere.raw")):
        header = metaimage(tmp_path / "in" / "ct.mhd", voxels=b"")
        header.write_text(header.read_text().replace("LOCAL", name))
        says(refused(header), "E_FORMAT", name, "beside the header")
        detached = nrrd_of(tmp_path / "in" / "ct.nhdr", "32 24 4")
        detached.write_text(detached.read_text().replace("\n\n", f"\ndata file: {name}\n"))
        says(refused(detached), "E_FORMAT", name, "beside the header")


def test_pipe_in_place_of_a_file_is_refused_and_not_waited_for(refused, tmp_path):
    os.mkfifo(tmp_path / "ct.nii")
    says(refused(tmp_path / "ct.nii"), "E_READ", "not a regular file")
    os.mkfifo(tmp_path / "voxels.raw")
    header = metaimage(tmp_path / "ct.mhd", voxels=b"")
    header.write_text(header.read_text().replace("LOCAL", "voxels.raw"))
    says(refused(header), "E_READ", "voxels.raw", "not a regular file")


def test_gzip_that_unpacks_to_more_than_its_header_says_is_left_unread(sam2lung, bundles, tmp_path):
    """4 GiB of zeros behind the voxels, in 4 MB: unpacked they would take longer than this test may."""
    made_ct.write(tmp_path / "plain.nii", texture())
    zeros = gzip.compress(bytes(1 << 24), 9)
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(gzip.compress((tmp_path / "plain.nii").read_bytes()) + zeros * 256)
    words = ("--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
    sam2lung.segment(path, *words)
    # The same in front of them, as one header says.
    bomb = bytearray((tmp_path / "plain.nii").read_bytes())
    struct.pack_into("<f", bomb, 108, 1e9)  # vox_offset (nifti1.h)
    path.write_bytes(gzip.compress(bytes(bomb)) + zeros * 256)
    done = sam2lung("segment", path, *words)
    says(done.stderr, "E_READ", "before the voxels", "67108864")


def test_image_of_several_times_or_components_is_refused_with_its_dimensions(refused, tmp_path):
    series = made_ct.write(tmp_path / "times.nii", np.zeros((3, *SHAPE)))
    says(refused(series), "E_DIMENSIONS", "4 dimensions (32 x 24 x 4 x 3)", "one time point")
    for directions in ("none (0.75,0,0) (0,0.75,0) (0,0,2)", "(0.75,0,0) (0,0.75,0) (0,0,2) none"):
        nrrd = nrrd_of(tmp_path / "times.nrrd", "32 24 4 3" if directions.endswith("none") else "3 32 24 4")
        header = nrrd.read_text().replace("dimension: 3", "dimension: 4")
        nrrd.write_text(header.replace("space directions: (0.75,0,0) (0,0.75,0) (0,0,2)", f"space directions: {directions}"))
        says(refused(nrrd), "E_DIMENSIONS", "4 dimensions", "one time point")
    colours = metaimage(tmp_path / "colours.mha")
    colours.write_bytes(b"ElementNumberOfChannels = 3\n" + colours.read_bytes())
    says(refused(colours), "E_DIMENSIONS", "3 component(s)", "component")


def nifti_2(path):
    path.write_bytes(struct.pack("<i", 540) + b"n+2\0\r\n\x1a\n" + bytes(600))
    return path


def pair(path):
    made_ct.write(path, texture())
    path.write_bytes(path.read_bytes()[:344] + b"ni1\0" + path.read_bytes()[348:])
    return path


def text_file(path):
    path.write_text("a chest CT")
    return path


def single_dicom(path):
    path.write_bytes(bytes(128) + b"DICM" + bytes(100))
    return path


def nrrd_list(path):
    nrrd_of(path, "32 24 4")
    path.write_text(path.read_text().replace("\n\n", "\ndata file: LIST\n1.raw\n2.raw\n"))
    return path


def metaimage_list(path):
    metaimage(path, voxels=b"1.raw\n2.raw\n")
    path.write_text(path.read_text().replace("LOCAL", "LIST"))
    return path


def bzip2_nrrd(path):
    nrrd_of(path, "32 24 4")
    path.write_text(path.read_text().replace("encoding: raw", "encoding: bzip2"))
    return path


def as_text(path):
    metaimage(path)
    path.write_bytes(b"BinaryData = False\n" + path.read_bytes())
    return path


FORMATS = {
    "text": (lambda folder: text_file(folder / "ct.txt"), "this kind of file", "DICOM series", ".nii.gz", ".mhd"),
    "single_dicom": (lambda folder: single_dicom(folder / "slice.dcm"), "a single DICOM file", "a folder"),
    "nifti_2": (lambda folder: nifti_2(folder / "ct.nii"), "NIfTI-2", "NIfTI-1"),
    "hdr_img_pair": (lambda folder: pair(folder / "ct.nii"), ".hdr/.img pair", "single .nii"),
    "nrrd_bzip2": (lambda folder: bzip2_nrrd(folder / "ct.nrrd"), "'bzip2'", "raw or gzip"),
    "nrrd_list": (lambda folder: nrrd_list(folder / "ct.nhdr"), "many data files", "one data file"),
    "mhd_list": (lambda folder: metaimage_list(folder / "ct.mhd"), "many data files", "one data file"),
    "mha_text": (lambda folder: as_text(folder / "ct.mha"), "BinaryData = False", "binary"),
    "mha_colour": (lambda folder: metaimage(folder / "ct.mha", kind="MET_UCHAR_ARRAY"), "MET_UCHAR_ARRAY", "scalar"),
}


@pytest.mark.parametrize("write, words", [(w, words) for w, *words in FORMATS.values()], ids=FORMATS)
def test_format_that_is_not_read_is_refused_with_those_that_are(refused, tmp_path, write, words):
    path = write(tmp_path)
    says(refused(path), "E_FORMAT", str(path), "not supported", *words)


def leg(path):
    """Muscle and fat with a little gas in it."""
    hu = np.random.default_rng(4).normal(40, 15, (12, 60, 60))
    hu[:, 40:] -= 140
    hu[5, 30:33, 30:33] -= 1040
    return made_ct.write(path, hu)


def test_tissue_without_lung_is_refused_with_the_way_out(refused, tmp_path):
    says(refused(leg(tmp_path / "leg.nii.gz"), lung_mask="auto"), "E_NO_LUNG", "ml", "chest CT", "--lung-mask off", "--lung-mask FILE")


def test_advice_that_is_followed_without_lungs_gives_no_silent_nothing(sam2lung, bundles, tmp_path):
    words = (leg(tmp_path / "leg.nii.gz"), "--output", tmp_path / "out", "--model", bundles / "tiny-scout")
    done = sam2lung.segment(*words, "--lung-mask", "off")
    assert "warning(s)" in done.stdout
    assert "W_LITTLE_LUNG: " in done.stderr and "0.02 % of the volume" in done.stderr


def chest():
    """A chest as its histogram: air, lung, fat, muscle, bone."""
    kinds = [(0.18, -1000, 15), (0.38, -850, 60), (0.14, -100, 20), (0.25, 45, 20), (0.05, 450, 250)]
    random = np.random.default_rng(9)
    return np.concatenate([random.normal(mean, sd, round(20000 * share)) for share, mean, sd in kinds])


@pytest.mark.parametrize("lung_mask", ["off", "auto"])
@pytest.mark.parametrize("padding", [None, -1000, -1024, -2000, -3024, -32768])
@pytest.mark.parametrize("off", [1000, 1024])
def test_ct_with_its_intercept_forgotten_is_refused_with_the_places_of_air_and_tissue(refused, tmp_path, lung_mask, padding, off):
    hu = np.clip(chest(), -1024, 3071) + off
    hu = hu if padding is None else np.concatenate([hu, np.full(10000, padding)])
    path = made_ct.write(tmp_path / "ct.nii.gz", hu.reshape(5, -1, 50))
    text = refused(path, lung_mask=lung_mask)
    says(text, "E_NOT_HU", "dark part of the volume (air) lies near", "bright part (soft tissue) near 10", "1000 too high", "intercept")


@pytest.mark.parametrize("padding", [-2000, -3024, -32768])
def test_ct_in_hu_is_taken_whatever_its_padding(sam2lung, bundles, tmp_path, padding):
    hu = np.concatenate([np.clip(chest(), -1024, 3071), np.full(10000, padding)]).reshape(5, -1, 50)
    path = made_ct.write(tmp_path / "ct.nii.gz", hu)
    sam2lung.segment(path, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")


NO_CT = {
    "scaled_to_1": lambda hu: (hu + 1024) / 4095,
    "scaled_to_255": lambda hu: (hu + 1024) / 4095 * 255,
    "windowed": lambda hu: np.clip(hu, -160, 240),
    "normalised": lambda hu: (hu - hu.mean()) / hu.std(),
    "mask": lambda hu: hu > 0,
    "labels": lambda hu: np.arange(len(hu)) % 12,
}


@pytest.mark.parametrize("change", NO_CT.values(), ids=NO_CT)
def test_volume_that_is_no_ct_in_hu_is_refused_with_what_to_check(refused, tmp_path, change):
    values = change(np.clip(chest(), -1024, 3071)).reshape(5, -1, 50)
    says(refused(made_ct.write(tmp_path / "ct.nii.gz", values, dtype=np.float32)), "E_NOT_HU", "all values lie between")


def test_mask_of_another_grid_is_refused_with_both_grids(refused, ct, tmp_path):
    mask = made_ct.write(tmp_path / "mask.nii.gz", np.ones(SHAPE), (0.75, 0.75, 2.5), dtype=np.uint8)
    text = refused(ct, lung_mask=mask)
    says(text, "E_MASK_GRID", "0.7500 x 0.7500 x 2.5000 mm", "0.7500 x 0.7500 x 2.0000 mm", "Resample the mask")


@pytest.mark.parametrize(
    "option, words",
    [
        (("--threshold", "1.5"), ("threshold", "1.5", "between 0 and 1")),
        (("--samples", "10001"), ("samples", "10001", "1 to 10000")),
        (("--click", "32,0,0"), ("click", "32,0,0", "31,23,3")),
        (("--click-outside", "1,0,0"), ("click-outside", "1,0,0", "'click') as well")),
        (("--click", "1,0,0", "--click-outside", "1,0,0"), ("click-outside", "1,0,0", "another voxel")),
        (("--click", "1,0,0", "--click-outside", "2,0,0"), ("click-outside", "2,0,0", "takes clicks", "tiny-identity takes none")),
        (("--threads", "0"), ("threads", "0", "1 to 1024")),
    ],
    ids=lambda value: value[0],
)
def test_option_out_of_range_is_refused_with_the_range(refused, ct, option, words):
    says(refused(ct, *option), "E_OPTION", *words)


@pytest.mark.parametrize(
    "option", [("--samples", "0"), ("--threshold", "2"), ("--threads", "0")], ids=lambda option: option[0]
)
def test_option_that_no_ct_is_needed_for_is_refused_once_before_anything_is_loaded(refused, ct, tmp_path, option):
    text = refused(ct, tmp_path / "nowhere.nii.gz", *option, model=tmp_path / "no_bundle")
    says(text, "E_OPTION", option[0].removeprefix("--"))
    assert text.count("E_") == 1


def test_series_without_a_folder_to_pick_it_from_is_refused(refused, ct, tmp_path):
    text = refused(ct, "--series", "1.2.3", model=tmp_path / "no_bundle")
    says(text, "E_OPTION", "series is 1.2.3", "DICOM folder")


def test_mask_without_a_voxel_is_refused_unless_a_voxel_is_asked_for(refused, sam2lung, bundles, ct, tmp_path):
    mask = made_ct.write(tmp_path / "mask.nii.gz", np.zeros(SHAPE), dtype=np.uint8)
    says(refused(ct, lung_mask=mask), "E_NO_LUNG", "lung mask has no voxel above 0.5", "--lung-mask off")
    words = ("--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", mask)
    sam2lung.segment(ct, *words, "--click", "4,4,1")


def test_volume_that_nifti_can_not_hold_is_refused_with_the_format_that_can(refused, tmp_path):
    voxels = np.random.default_rng(3).integers(-1000, 400, 2 * 2 * 40000).astype("<i2").tobytes()
    path = metaimage(tmp_path / "ct.mha", sizes="2 40000 2", voxels=voxels)
    says(refused(path), "E_OPTION", "format", "40000 voxels", "nrrd", "32767")
    assert not (tmp_path / "out").exists()


def test_inputs_that_would_share_a_folder_are_refused(refused, ct, tmp_path):
    (tmp_path / "other").mkdir()
    twin = shutil.copy(ct, tmp_path / "other" / ct.name)
    says(refused(ct, twin), "E_OPTION", "both write to chest", "different names")


@pytest.mark.parametrize("output", ["out", "a/b/out"])
def test_refused_ct_leaves_no_folder_behind(refused, tmp_path, output):
    path = leg(tmp_path / "leg.nii.gz")
    before = sorted(path.name for path in tmp_path.iterdir())
    says(refused(path, lung_mask="auto", output=tmp_path / output), "E_NO_LUNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_refused_ct_leaves_a_folder_that_was_there(refused, tmp_path):
    path = leg(tmp_path / "leg.nii.gz")
    (tmp_path / "out").mkdir()
    says(refused(path, lung_mask="auto"), "E_NO_LUNG")
    assert list((tmp_path / "out").iterdir()) == []


# --- where results go -------------------------------------------------------------------------------------------------


def test_output_that_can_not_be_a_folder_is_refused_before_the_long_part(refused, ct, tmp_path):
    (tmp_path / "file").write_text("in the way")
    says(refused(ct, output=tmp_path / "file"), "E_WRITE", str(tmp_path / "file"), "cannot be written", "rights")
    assert (tmp_path / "file").read_text() == "in the way"


def test_folder_that_holds_anything_but_results_is_left_alone(refused, ct, tmp_path):
    """Such as the DICOM folder itself, with its parent as --output."""
    folder = tmp_path / "out" / "chest"
    folder.mkdir(parents=True)
    (folder / "1-001.dcm").write_bytes(b"a CT")
    says(refused(ct), "E_WRITE", str(folder), "1-001.dcm", "another folder")
    assert (folder / "1-001.dcm").read_bytes() == b"a CT"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["chest"]


# --- ONNX Runtime and devices -----------------------------------------------------------------------------------------


def test_runtime_that_is_not_there_is_refused_with_what_was_tried(refused, ct, tmp_path, monkeypatch):
    library = tmp_path / "nowhere" / "libonnxruntime.so"
    monkeypatch.setenv("SAM2LUNG_ONNXRUNTIME", str(library))
    says(refused(ct), "E_RUNTIME", str(library), "no such file", "cargo xtask setup", "SAM2LUNG_ONNXRUNTIME")


def test_runtime_that_is_no_library_is_refused_with_what_was_tried(refused, ct, tmp_path, monkeypatch):
    library = tmp_path / "libonnxruntime.so"
    library.write_bytes(b"no library" * 100)
    monkeypatch.setenv("SAM2LUNG_ONNXRUNTIME", str(library))
    says(refused(ct), "E_RUNTIME", str(library), "cargo xtask setup")


def test_cuda_without_a_gpu_is_refused_with_what_is_missing(sam2lung, bundles, ct, tmp_path):
    words = ("--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
    done = sam2lung("segment", ct, *words, "--device", "cuda")
    if done.returncode == 0:
        pytest.skip("SKIPPED: CUDA works on this machine")
    assert done.returncode == 1
    says(done.stderr, "E_DEVICE", "'cuda'", "cargo xtask setup --cuda", "--device cpu")
    assert "libcuda" in done.stderr or "CUDA execution provider" in done.stderr


def test_cuda_libraries_beside_the_runtime_are_the_ones_that_are_loaded(sam2lung, bundles, ct, tmp_path, monkeypatch):
    """In one flat folder, as `cargo xtask setup --cuda` leaves them; `auto` says what is wrong with them."""
    library = os.environ.get("SAM2LUNG_ONNXRUNTIME")
    if not library:
        pytest.skip("SKIPPED: SAM2LUNG_ONNXRUNTIME does not name ONNX Runtime's library")
    folder = tmp_path / "onnxruntime-cuda"
    folder.mkdir()
    copied = shutil.copy(library, folder)
    for name in ("libonnxruntime_providers_cuda.so", "libcudart.so.13"):
        (folder / name).write_bytes(b"no library")
    monkeypatch.setenv("SAM2LUNG_ONNXRUNTIME", str(copied))
    words = ("segment", ct, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
    done = sam2lung(*words, "--device", "auto")
    assert done.returncode == 0, done.stderr
    device = json.loads((tmp_path / "out" / "chest" / "run.json").read_text())["device"]
    assert (device["asked"], device["used"]) == ("auto", "cpu")
    assert "libcudart.so.13" in device["reason"]
    done = sam2lung(*words, "--device", "cuda")
    assert done.returncode == 1
    says(done.stderr, "E_DEVICE", "libcudart.so.13", "--device cpu")


# --- the bundle -------------------------------------------------------------------------------------------------------


@pytest.fixture
def bundle(bundles, tmp_path):
    """A copy of tiny-identity that may be spoilt."""
    return shutil.copytree(bundles / "tiny-identity", tmp_path / "bundle")


def change_json(bundle, change):
    path = bundle / "model.json"
    contract = json.loads(path.read_text())
    change(contract)
    path.write_text(json.dumps(contract))


def change_graph(bundle, file, change):
    """Changes a graph and the hash in the contract."""
    graph = onnx.load(bundle / file)
    change(graph)
    onnx.save(graph, bundle / file)
    sha256 = hashlib.sha256((bundle / file).read_bytes()).hexdigest()
    change_json(bundle, lambda contract: contract[file.removesuffix(".onnx")].update(sha256=sha256))


def test_bundle_whose_graph_has_other_channels_is_refused_with_the_tensor(refused, ct, bundle):
    change_json(bundle, lambda contract: contract["encoder"]["embeddings"][0].update(channels=7))
    says(refused(ct, model=bundle), "E_MODEL_SHAPE", "encoder.onnx", "'e0'", "7", "float32")


def test_bundle_without_dropout_is_refused_since_its_uncertainty_would_be_made_up(refused, ct, bundle):
    change_json(bundle, lambda contract: contract["decoder"].update(dropout=[]))
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "decoder.dropout", "at least one")


def test_bundle_whose_graph_lacks_a_tensor_is_refused_with_the_tensor(refused, ct, bundle):
    change_json(bundle, lambda contract: contract["decoder"]["dropout"][0].update(name="drop9"))
    says(refused(ct, model=bundle), "E_MODEL_SHAPE", "decoder.onnx", "'drop9'", "missing")


def test_bundle_whose_graph_has_double_precision_is_refused_with_the_tensor(refused, ct, bundle):
    def to_double(graph):
        for value in (graph.graph.input[0], graph.graph.output[0]):
            value.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE

    change_graph(bundle, "encoder.onnx", to_double)
    says(refused(ct, model=bundle), "E_MODEL_SHAPE", "encoder.onnx", "f64", "float32 or float16")


def test_bundle_whose_graph_ignores_its_dropout_is_refused_with_the_input(refused, ct, bundle):
    """What an exporter may leave behind: the input is there, and nothing reads it."""

    def ignore(graph):
        graph.graph.initializer.append(onnx.helper.make_tensor("one", onnx.TensorProto.FLOAT, [1], [1.0]))
        graph.graph.node[0].input[1] = "one"

    change_graph(bundle, "decoder.onnx", ignore)
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "decoder.onnx (segment.members[0])", "'drop0'", "changes nothing", "Export")


def test_bundle_whose_graph_is_no_onnx_is_refused_with_the_file(refused, ct, bundle):
    (bundle / "encoder.onnx").write_bytes(b"no graph")
    sha256 = hashlib.sha256(b"no graph").hexdigest()
    change_json(bundle, lambda contract: contract["encoder"].update(sha256=sha256))
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "encoder.onnx", "can't be read to its end")


def test_bundle_whose_graph_is_cut_short_is_refused_with_the_file(refused, ct, bundle):
    whole = (bundle / "decoder.onnx").read_bytes()
    (bundle / "decoder.onnx").write_bytes(whole[: len(whole) // 2])
    sha256 = hashlib.sha256(whole[: len(whole) // 2]).hexdigest()
    change_json(bundle, lambda contract: contract["decoder"].update(sha256=sha256))
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "decoder.onnx", "can't be read to its end")


def test_bundle_whose_graph_is_another_network_is_refused_with_the_tensor(refused, ct, bundle):
    """The decoder in the encoder's place, with its own hash."""
    shutil.copy(bundle / "decoder.onnx", bundle / "encoder.onnx")
    sha256 = hashlib.sha256((bundle / "encoder.onnx").read_bytes()).hexdigest()
    change_json(bundle, lambda contract: contract["encoder"].update(sha256=sha256))
    says(refused(ct, model=bundle), "E_MODEL_SHAPE", "encoder.onnx", "'slices'", "missing")


def test_bundle_whose_graph_wants_another_input_is_refused_with_the_tensor(refused, ct, bundle):
    def one_more(graph):
        graph.graph.input.append(onnx.helper.make_tensor_value_info("surprise", onnx.TensorProto.FLOAT, [1]))

    change_graph(bundle, "encoder.onnx", one_more)
    says(refused(ct, model=bundle), "E_MODEL_SHAPE", "encoder.onnx", "'surprise'", "no such input")


def test_bundle_whose_graph_keeps_data_in_another_file_is_refused_with_the_tensor(refused, ct, bundle):
    def elsewhere(graph):
        tensor = graph.graph.initializer.add(name="weights", data_type=onnx.TensorProto.FLOAT, dims=[4])
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../../etc/passwd")

    graph = onnx.load(bundle / "encoder.onnx")
    elsewhere(graph)
    (bundle / "encoder.onnx").write_bytes(graph.SerializeToString())
    sha256 = hashlib.sha256((bundle / "encoder.onnx").read_bytes()).hexdigest()
    change_json(bundle, lambda contract: contract["encoder"].update(sha256=sha256))
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "encoder.onnx", "'weights'", "another file")


@pytest.mark.parametrize("name", ["../encoder.onnx", "/etc/passwd", "..", ".", "", "a/b.onnx", "a\\b.onnx", "a\0b", "C:x"])
def test_bundle_that_names_a_file_outside_its_folder_is_refused(refused, ct, bundle, name):
    change_json(bundle, lambda contract: contract["encoder"].update(file=name))
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "not a plain file name")


def to_a_link(path):
    path.rename(path.parents[1] / "outside")
    path.symlink_to("../outside")


def to_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def to_a_folder(path):
    path.unlink()
    path.mkdir()


def to_a_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("change", [to_a_link, to_a_pipe, to_a_folder, to_a_device])
@pytest.mark.parametrize("file", ["model.json", "encoder.onnx"])
def test_bundle_file_that_is_no_file_of_the_folder_is_refused_at_once(refused, ct, bundle, change, file):
    change(bundle / file)
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", f"{file} can't be read")


def test_contract_that_is_huge_or_nested_without_end_is_refused(refused, ct, bundle):
    path = bundle / "model.json"
    path.write_text(path.read_text() + " " * (1 << 20))
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "model.json can't be read", "1048576")
    path.write_text("[" * 100_000)
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "recursion limit")


ABSURD = {
    "channels": lambda c: c["encoder"]["embeddings"][0].update(channels=10**9),
    "embeddings": lambda c: c["encoder"].update(embeddings=c["encoder"]["embeddings"] * 300),
    "mask": lambda c: c["decoder"]["dropout"][0].update(channels=2**64 - 1),
    "masks_times_samples": lambda c: (
        c["decoder"].update(dropout=[{"name": str(n), "channels": 65536, "rate": 0.5} for n in range(8)]),
        c["sampling"].update(samples=10000),
    ),
    "samples": lambda c: c["sampling"].update(samples=10**9),
    "halo": lambda c: c["decoder"].update(halo_px=2**40),
    "window": lambda c: c["input"].update(window_hu=[-1e308, 1e308]),
}


@pytest.mark.parametrize("change", ABSURD.values(), ids=ABSURD)
def test_contract_that_asks_for_absurd_memory_is_refused_with_the_bound(refused, ct, bundle, change):
    change_json(bundle, change)
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "Correct model.json")


def test_classifier_of_absurd_size_is_refused_with_the_limit(refused, bundles, ct, tmp_path):
    bundle = shutil.copytree(bundles / "tiny-scout", tmp_path / "huge")
    change_json(bundle, lambda contract: contract["judge"].update(size=[256, 256, 256]))
    says(refused(ct, model=bundle), "E_MODEL_BUNDLE", "judge.size", "2097152")


def test_bundle_of_another_schema_or_hash_is_refused_with_both_values(refused, ct, bundle):
    (bundle / "decoder.onnx").write_bytes((bundle / "decoder.onnx").read_bytes() + b"\0")
    sha256 = hashlib.sha256((bundle / "decoder.onnx").read_bytes()).hexdigest()
    wanted = json.loads((bundle / "model.json").read_text())["decoder"]["sha256"]
    says(refused(ct, model=bundle), "E_MODEL_HASH", "decoder.onnx", sha256, wanted, "copy the bundle again")
    change_json(bundle, lambda contract: contract.update(schema_version=3))
    says(refused(ct, model=bundle), "E_MODEL_SCHEMA", "version 3", "expected 1 or 2", "newer sam2lung")


def test_network_that_fails_while_it_runs_is_named(refused, ct, bundle):
    """A graph that only takes slices of 2 x 2 pixels: the trial run at loading passes, the CT doesn't."""

    def only_2_by_2(graph):
        graph.graph.initializer.append(onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [4], [1, 1, 2, 2]))
        graph.graph.node.insert(0, onnx.helper.make_node("Reshape", ["slices", "shape"], ["small"]))
        graph.graph.node[1].input[0] = "small"

    change_graph(bundle, "encoder.onnx", only_2_by_2)
    says(refused(ct, model=bundle), "E_INFERENCE", "encoder", "--device cpu")
