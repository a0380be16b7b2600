"""The command line from a CT file to its files of results, with networks that can be worked out by hand."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

import made_ct
import nibabel
import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

SAMPLES = 25
SPACING = (0.75, 0.75, 2.0)
SHAPE = (12, 40, 48)
# Float32 networks against double precision.
CLOSE = {"atol": 3e-6, "rtol": 0}
FIELDS = (
    "id centroid_ijk centroid_ras volume_mm3 volume_mm3_p05 volume_mm3_p50 volume_mm3_p95 sample_volume_mm3_p05 "
    "sample_volume_mm3_p50 sample_volume_mm3_p95 volume_spread equivalent_diameter_mm long_axis_mm short_axis_mm "
    "mean_hu probability_inside probability_around uncertainty_mean sample_dice detection_rate nodule_probability "
    "expected_dice readers_share long_axis_3d_mm short_axis_3d_mm mean_diameter_mm mean_diameter_mm_p05 "
    "mean_diameter_mm_p95 sample_mean_diameters_mm lung_rads_2022_diameter_band lung_rads_2022_volume_band "
    "fleischner_2017_diameter_band fleischner_2017_volume_band bts_2015_diameter_band bts_2015_volume_band "
    "lung_rads_2022_diameter_band_probabilities lung_rads_2022_volume_band_probabilities "
    "fleischner_2017_diameter_band_probabilities fleischner_2017_volume_band_probabilities "
    "bts_2015_diameter_band_probabilities bts_2015_volume_band_probabilities texture solid_volume_mm3 "
    "solid_mean_diameter_mm calcium_mm3 fat_mm3 mass_mg side touches_pleura pleura_distance_mm long_axis_slice "
    "long_axis_instance_number long_axis_sop_instance_uid clicked review review_reasons class sample_volumes_mm3 "
    "long_axis_3d_start_ras long_axis_3d_end_ras short_axis_3d_start_ras short_axis_3d_end_ras scan_warnings"
).split()


def large():
    return made_ct.ball(SHAPE, (14, 16, 5), 6.0, SPACING)


def small():
    return made_ct.ball(SHAPE, (36, 28, 7), 4.0, SPACING)


def two_balls():
    """Lung with a ball of 50 HU and a smaller one of -100 HU, and one voxel of noise."""
    hu = np.full(SHAPE, made_ct.LUNG_HU)
    hu[large()], hu[small()] = 50, -100
    hu[1, 3, 44] = 300
    return hu


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    return made_ct.write(tmp_path_factory.mktemp("ct") / "chest.nii.gz", two_balls(), SPACING)


@pytest.fixture(scope="module")
def identity(sam2lung, bundles, ct, tmp_path_factory):
    """tiny-identity's results for `two_balls`, one folder for each kind of uncertainty."""
    out = tmp_path_factory.mktemp("identity")
    for kind in ("entropy", "variance", "mutual-information"):
        words = ("--output", out / kind, "--model", bundles / "tiny-identity", "--lung-mask", "off", "--uncertainty", kind)
        sam2lung.segment(ct, *words, "--samples", SAMPLES)
    return {kind.name: kind / "chest" for kind in out.iterdir()}


def expected(identity):
    x = made_ct.windowed(two_balls())
    return made_ct.TwoValues.that_gives(made_ct.read(identity["entropy"] / "probability.nii.gz"), x, SAMPLES)


# --- words and exit status --------------------------------------------------------------------------------------------


def test_help_names_the_commands_and_says_research_use_only(sam2lung):
    done = sam2lung("--help")
    assert done.returncode == 0
    for word in ("segment", "info", "phantom", "E_NOT_HU", "Research use only"):
        assert word in done.stdout
    segment = sam2lung("segment", "--help")
    assert segment.returncode == 0
    options = "--output --model --samples --seed --device --threads --lung-mask --click --click-outside --threshold --sensitivity --uncertainty --sample-outlines --min-diameter --share-of-slices --format --quiet --series --assume-orientation"
    assert [o for o in options.split() if o not in segment.stdout] == []


def test_version_is_one_line(sam2lung):
    done = sam2lung("--version")
    assert done.returncode == 0
    name, version = done.stdout.split()
    assert name == "sam2lung" and version[0].isdigit()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("segment",),
        ("segment", "ct.nii.gz"),
        ("segment", "ct.nii.gz", "--output", "o", "--uncertainty", "guess"),
        ("segment", "ct.nii.gz", "--output", "o", "--click", "1,2"),
        ("segment", "ct.nii.gz", "--output", "o", "--samples", "many"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_explains(sam2lung, words):
    done = sam2lung(*words)
    assert done.returncode == 2
    assert done.stderr.strip()


def test_info_describes_the_bundle(sam2lung, bundles):
    done = sam2lung("info", bundles / "tiny-scout")
    assert done.returncode == 0, done.stderr
    spec = json.loads((bundles / "tiny-scout" / "model.json").read_text())
    for text in ("tiny-scout", "nodule", "drop0", "judge.onnx", spec["judge"]["sha256"], spec["encoder"]["sha256"]):
        assert text in done.stdout
    assert "cpu" in done.stdout


def test_info_into_a_pipe_that_nobody_reads_ends_quietly(sam2lung, bundles):
    reader, writer = os.pipe()
    os.close(reader)
    words = [sam2lung.path, "info", str(bundles / "tiny-scout")]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


def test_phantom_is_there_whole_with_its_facts_beside_it(sam2lung, tmp_path):
    done = sam2lung("phantom", tmp_path / "p.nii.gz")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"p.nii.gz", "p.json"}
    known = json.loads((tmp_path / "p.json").read_text())
    assert str(len(known)) in done.stdout and all(nodule["volume_mm3"] > 0 for nodule in known)


def test_phantom_with_lungs_in_another_state_says_which(sam2lung, tmp_path):
    done = sam2lung("phantom", tmp_path / "p.nii.gz", "--lungs", "left-only")
    assert done.returncode == 0, done.stderr
    known = json.loads((tmp_path / "p.json").read_text())
    assert known and {nodule["lungs"] for nodule in known} == {"left-only"}
    assert all(nodule["centre_ras"][0] < 0 for nodule in known)


def test_phantom_that_can_not_be_written_is_refused_by_name_and_leaves_nothing_half(sam2lung, tmp_path):
    begun = time.monotonic()
    done = sam2lung("phantom", tmp_path / "p.mha")
    before_the_work = time.monotonic()
    assert done.returncode == 1 and done.stderr.startswith("E_OPTION: ")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "p.json").mkdir()
    done = sam2lung("phantom", tmp_path / "p.nii.gz")
    assert done.returncode == 1 and done.stderr.startswith("E_WRITE: ") and "p.json" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"p.json"}
    assert before_the_work - begun < (time.monotonic() - before_the_work) / 2


# --- refusals ---------------------------------------------------------------------------------------------------------


def noise(shape=(4, 8, 8)):
    return np.random.default_rng(5).integers(-1000, 400, shape)


def sheared(path):
    affine = np.diag([-0.75, -0.75, 2.0, 1.0])
    affine[1, 2] = 0.5
    image = nibabel.Nifti1Image(noise().astype(np.int16).T, affine)
    image.set_sform(affine, 1)
    image.set_qform(None, 0)
    nibabel.save(image, path)


def four_d(path):
    nibabel.save(nibabel.Nifti1Image(noise((8, 8, 4, 3)).astype(np.int16), np.eye(4)), path)


def not_finite(path):
    hu = noise().astype(np.float32)
    hu[1, 2, 3] = np.nan
    made_ct.write(path, hu, dtype=np.float32)


REFUSED = {
    "E_NOT_HU": lambda path: made_ct.write(path, noise() + 1000),
    "E_ONE_SLICE": lambda path: made_ct.write(path, noise((1, 8, 8))),
    "E_DIMENSIONS": four_d,
    "E_SHEARED": sheared,
    "E_NON_FINITE": not_finite,
    "E_READ": lambda path: path.write_bytes(b"no NIfTI at all"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_ct_is_refused_by_name_and_leaves_nothing(sam2lung, bundles, tmp_path, name):
    path = tmp_path / "bad.nii.gz"
    REFUSED[name](path)
    done = sam2lung.segment(path, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", status=1)
    assert f"{name}: " in done.stderr
    assert "panicked" not in done.stderr
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_missing_file_is_refused_by_name(sam2lung, bundles, tmp_path):
    path = tmp_path / "nowhere.nii.gz"
    words = (path, "--output", tmp_path / "out", "--model", bundles / "tiny-identity")
    text = sam2lung.segment(*words, status=1).stderr
    assert text.startswith(f"E_READ: {path}: ") and text.count(str(path)) == 1


@pytest.mark.parametrize("option", [("--threshold", "1.5"), ("--samples", "0"), ("--click", "500,1,1")], ids=" ".join)
def test_option_out_of_range_is_refused_by_name(sam2lung, bundles, ct, tmp_path, option):
    words = (ct, "--output", tmp_path, "--model", bundles / "tiny-identity", "--lung-mask", "off")
    assert "E_OPTION: " in sam2lung.segment(*words, *option, status=1).stderr


def changed_graph(bundle):
    path = bundle / "decoder.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def changed_json(**fields):
    def change(bundle):
        path = bundle / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return change


@pytest.mark.parametrize(
    "name, change",
    [
        ("E_MODEL_HASH", changed_graph),
        ("E_MODEL_SCHEMA", changed_json(schema_version=99)),
        ("E_MODEL_BUNDLE", changed_json(surprise=1)),
        ("E_MODEL_BUNDLE", lambda bundle: (bundle / "encoder.onnx").unlink()),
    ],
)
def test_bad_bundle_is_refused_by_name(sam2lung, bundles, ct, tmp_path, name, change):
    bundle = shutil.copytree(bundles / "tiny-identity", tmp_path / "bundle")
    change(bundle)
    done = sam2lung.segment(ct, "--output", tmp_path / "out", "--model", bundle, status=1)
    assert f"{name}: " in done.stderr
    assert not (tmp_path / "out").exists()


def test_bundle_of_two_classes_is_refused_by_name(sam2lung, bundles, ct, tmp_path):
    words = (ct, "--output", tmp_path / "out", "--model", bundles / "tiny-multiclass")
    done = sam2lung.segment(*words, status=1)
    assert "E_MODEL_BUNDLE: " in done.stderr and "class" in done.stderr


def test_bad_ct_among_good_ones_is_named_and_the_others_are_done(sam2lung, bundles, ct, tmp_path):
    bad = made_ct.write(tmp_path / "bad.nii.gz", noise() + 1000)
    words = ("--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
    done = sam2lung.segment(bad, ct, *words, status=1)
    assert done.stderr.startswith(f"E_NOT_HU: {bad}: ")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"chest", "index.html", "summary.csv"}


# --- voxels -----------------------------------------------------------------------------------------------------------


def test_identity_sample_is_one_network_across_the_volume(identity):
    mean = made_ct.read(identity["entropy"] / "probability.nii.gz")
    values, kept = expected(identity)
    assert 0 < kept < SAMPLES
    np.testing.assert_allclose(mean, values.mean, **CLOSE)


@pytest.mark.parametrize("kind", ["entropy", "variance", "mutual-information"])
def test_identity_uncertainty_is_the_one_worked_out_by_hand(identity, kind):
    values, _ = expected(identity)
    wanted = getattr(values, kind.replace("-", "_"))
    # Entropy's slope near 0 is about -log2(p): 1e-6 of p becomes 1e-5 bits.
    np.testing.assert_allclose(made_ct.read(identity[kind] / "uncertainty.nii.gz"), wanted, atol=3e-5, rtol=0)


def test_identity_labels_are_the_components_above_the_threshold_by_falling_volume(identity):
    labels = made_ct.read(identity["entropy"] / "label.nii.gz")
    assert labels.dtype == np.uint16
    # The single bright voxel is smaller than the bundle's min_volume_mm3 of 14.
    assert np.array_equal(labels, np.where(large(), 1, np.where(small(), 2, 0)))


def test_identity_nodules_have_every_field_and_the_values_worked_out_by_hand(identity):
    nodules = json.loads((identity["entropy"] / "nodules.json").read_text())
    values, kept = expected(identity)
    entropy = made_ct.read(identity["entropy"] / "uncertainty.nii.gz")
    for entry, mask, hu in zip(nodules, (large(), small()), (50, -100), strict=True):
        assert sorted(entry) == sorted(FIELDS)
        volume = mask.sum() * np.prod(SPACING)
        rim = ndimage.binary_dilation(mask, np.ones((3, 3, 3)))
        centroid = np.argwhere(mask).mean(axis=0)[::-1]
        assert entry["centroid_ijk"] == pytest.approx(centroid)
        assert entry["centroid_ras"] == pytest.approx(centroid * [-0.75, -0.75, 2.0])
        assert entry["volume_mm3"] == pytest.approx(volume)
        assert entry["equivalent_diameter_mm"] == pytest.approx(np.cbrt(6 * volume / np.pi))
        assert entry["mean_hu"] == pytest.approx(hu)
        assert entry["probability_inside"] == pytest.approx(values.mean[mask].mean(), abs=1e-5)
        assert entropy[rim].mean() - 0.05 <= entry["uncertainty_mean"] <= entropy[mask].max()
        # Kept samples outline the whole ball, the others nothing.
        assert entry["detection_rate"] == pytest.approx(kept / SAMPLES)
        assert entry["class"] == "nodule"
        assert sorted(entry["sample_volumes_mm3"]) == pytest.approx([0.0] * (SAMPLES - kept) + [volume] * kept)
        samples = [entry[f"sample_volume_mm3_{end}"] for end in ("p05", "p95")]
        assert samples == [0.0, pytest.approx(volume)]
        assert entry["sample_volume_mm3_p50"] in (0.0, pytest.approx(volume))
        # One probability inside, next to none around: no evidence of a smaller or a larger one.
        assert [entry[f"volume_mm3_{end}"] for end in ("p05", "p50", "p95")] == pytest.approx([volume] * 3)
        assert entry["short_axis_mm"] <= entry["long_axis_mm"] <= entry["long_axis_3d_mm"] * 1.002
        axes = [round(entry[axis], 1) for axis in ("long_axis_mm", "short_axis_mm")]
        assert entry["mean_diameter_mm"] == pytest.approx(np.mean(axes), abs=0.0501)
        own = entry["mean_diameter_mm"]
        assert sorted(entry["sample_mean_diameters_mm"]) == [0.0] * (SAMPLES - kept) + [own] * kept
        # No lungs were looked for (--lung-mask off), and the CT is no DICOM.
        assert [entry[key] for key in ("side", "touches_pleura", "pleura_distance_mm")] == ["", "", None]
        assert (entry["long_axis_instance_number"], entry["long_axis_sop_instance_uid"]) == (None, "")
        assert entry["long_axis_slice"] == centroid[2]
        assert entry["texture"] == "solid" and entry["solid_volume_mm3"] == pytest.approx(volume)
        assert entry["solid_mean_diameter_mm"] == entry["mean_diameter_mm"]
        assert entry["mass_mg"] == pytest.approx(volume * (hu + 1000) / 1000)
        assert entry["calcium_mm3"] == 0
        # Samples that miss it are in the lowest band, the others in the nodule's own.
        for guideline, below in (("lung_rads_2022", "<34 mm³"), ("fleischner_2017", "<100 mm³"), ("bts_2015", "<80 mm³")):
            probabilities = entry[f"{guideline}_volume_band_probabilities"]
            assert sum(probabilities.values()) == pytest.approx(1)
            assert probabilities[below] == pytest.approx(1 - kept / SAMPLES)
            assert probabilities[entry[f"{guideline}_volume_band"]] == pytest.approx(kept / SAMPLES)
        assert [entry["mean_diameter_mm_p05"], entry["mean_diameter_mm_p95"]] == [0.0, own]
        assert entry["nodule_probability"] is None
        assert entry["review"] is True and any("samples" in reason for reason in entry["review_reasons"])
    assert nodules[0]["long_axis_mm"] == pytest.approx(12.0, abs=0.8)


def test_identity_with_all_uncertainties_has_the_map_of_each_kind(sam2lung, bundles, ct, tmp_path, identity):
    words = ("--output", tmp_path, "--model", bundles / "tiny-identity", "--lung-mask", "off", "--samples", SAMPLES)
    sam2lung.segment(ct, *words, "--all-uncertainties")
    for kind, folder in identity.items():
        assert np.array_equal(made_ct.read(tmp_path / "chest" / f"{kind}.nii.gz"), made_ct.read(folder / "uncertainty.nii.gz"))
    # A folder that holds them is one of results: another run may replace it, and then they are gone.
    sam2lung.segment(ct, *words)
    assert not (tmp_path / "chest" / "variance.nii.gz").exists()


def test_identity_csv_says_what_json_says(identity):
    nodules = json.loads((identity["entropy"] / "nodules.json").read_text())
    with open(identity["entropy"] / "nodules.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["id"]) for row in rows] == [entry["id"] for entry in nodules]
    for row, entry in zip(rows, nodules):
        assert float(row["volume_mm3"]) == pytest.approx(entry["volume_mm3"], rel=1e-3)


def test_threshold_given_moves_the_outline(sam2lung, bundles, ct, tmp_path, identity):
    values, _ = expected(identity)
    between = float(values.mean[small()].mean() + values.mean[large()].mean()) / 2
    words = (ct, "--output", tmp_path, "--model", bundles / "tiny-identity", "--lung-mask", "off", "--threshold", between)
    sam2lung.segment(*words)
    assert np.array_equal(made_ct.read(tmp_path / "chest" / "label.nii.gz") > 0, large())


@pytest.fixture(scope="module")
def textured():
    """A lung full of texture, at the bundle's own pixels, rows and columns multiples of 4."""
    return np.random.default_rng(11).integers(-1100, 500, (5, 16, 24))


def test_neighbours_one_sample_is_one_of_the_networks(sam2lung, bundles, tmp_path, textured):
    """Every voxel, the repeated slices at the ends included, follows one pair of masks."""
    spacing = (0.7, 0.7, 2.0)
    path = made_ct.write(tmp_path / "ct.nii.gz", textured, spacing)
    networks = [
        made_ct.neighbours_probability(made_ct.windowed(textured), 2.0, *pair) for pair in made_ct.neighbours_masks()
    ]
    matched = set()
    for seed in range(4):
        out = tmp_path / str(seed)
        words = ("--output", out, "--model", bundles / "tiny-neighbours", "--lung-mask", "off", "--seed", seed)
        sam2lung.segment(path, *words, "--samples", 1)
        got = made_ct.read(out / "ct" / "probability.nii.gz")
        # NIfTI keeps 0.7 in single precision: 1e-8 of a pixel, 1e-7 of HU.
        worst = [np.abs(got - network).max() for network in networks]
        assert min(worst) < 1e-5
        matched.add(int(np.argmin(worst)))
    assert len(matched) > 1


def test_neighbours_resampled_plane_without_texture_is_unchanged(sam2lung, bundles, tmp_path):
    """At 0.5 mm pixels, slices of one value each give the formula at every voxel, edges included."""
    hu = np.repeat([-900, -300, 100, -600, -1000], 30 * 22).reshape(5, 30, 22)
    path = made_ct.write(tmp_path / "ct.nii.gz", hu, (0.5, 0.5, 2.0))
    words = ("--output", tmp_path, "--model", bundles / "tiny-neighbours", "--lung-mask", "off", "--samples", 1)
    sam2lung.segment(path, *words)
    got = made_ct.read(tmp_path / "ct" / "probability.nii.gz")
    networks = [
        made_ct.neighbours_probability(made_ct.windowed(hu), 2.0, *pair) for pair in made_ct.neighbours_masks()
    ]
    assert min(np.abs(got - network).max() for network in networks) < 1e-5


def test_scout_samples_near_what_it_sees_and_the_classifier_drops_the_faint_ball(sam2lung, bundles, tmp_path):
    hu = two_balls()
    hu[small()] = -400
    path = made_ct.write(tmp_path / "ct.nii.gz", hu, SPACING)
    words = ("--model", bundles / "tiny-scout", "--lung-mask", "off", "--samples", 100)
    sam2lung.segment(path, "--output", tmp_path, *words)
    mean = made_ct.read(tmp_path / "ct" / "probability.nii.gz")
    x = made_ct.smoothed(made_ct.windowed(hu))
    values, kept = made_ct.TwoValues.that_gives(mean, x, 100)
    plain = made_ct.sigmoid(made_ct.A * x + made_ct.B)
    np.testing.assert_allclose(mean[plain > 0.02], values.mean[plain > 0.02], **CLOSE)
    # Elsewhere a voxel was sampled (margin) or has the deterministic probability.
    off = np.minimum(np.abs(mean - values.mean), np.abs(mean - plain))
    assert off.max() < 3e-6
    far = ndimage.distance_transform_edt(plain <= 0.02, sampling=SPACING[::-1]) > 12
    np.testing.assert_allclose(mean[far], plain[far], **CLOSE)
    assert np.abs(values.mean - plain)[far].max() > 1e-4

    assert values.mean[small()].max() > 0.2, "the faint ball has to be a component for the classifier to drop"
    (nodule,) = json.loads((tmp_path / "ct" / "nodules.json").read_text())
    # The patch's centre lies inside the ball of 50 HU, where smoothing changes nothing.
    logit = made_ct.J0 * made_ct.windowed(50) + made_ct.J1 * values.mean[5, 16, 14] + made_ct.J2 + made_ct.JB
    assert nodule["nodule_probability"] == pytest.approx(made_ct.sigmoid(logit / made_ct.CLASSIFIER_TEMPERATURE), abs=1e-5)
    assert json.loads((tmp_path / "ct" / "run.json").read_text())["result"]["dropped"] >= 1


def scout_bundle(bundles, folder, scout_threshold, margin_mm=0.0):
    """tiny-identity, sampled only around pixels above `scout_threshold`."""
    bundle = shutil.copytree(bundles / "tiny-identity", folder)
    contract = json.loads((bundle / "model.json").read_text())
    contract["sampling"].update(scout_threshold=scout_threshold, scout_margin_mm=margin_mm)
    (bundle / "model.json").write_text(json.dumps(contract))
    return bundle


def test_threshold_below_the_scout_s_is_sampled(sam2lung, bundles, tmp_path):
    """The scout gives the ball 0.2: less than the bundle's scout threshold, more than what is asked for."""
    hu = np.full(SHAPE, made_ct.LUNG_HU)
    hu[large()] = -192
    path = made_ct.write(tmp_path / "ct.nii.gz", hu, SPACING)
    bundle = scout_bundle(bundles, tmp_path / "bundle", 0.3)
    words = ("--output", tmp_path, "--model", bundle, "--lung-mask", "off", "--samples", SAMPLES, "--threshold", 0.1)
    sam2lung.segment(path, *words)
    (nodule,) = json.loads((tmp_path / "ct" / "nodules.json").read_text())
    values, kept = made_ct.TwoValues.that_gives(
        made_ct.read(tmp_path / "ct" / "probability.nii.gz"), made_ct.windowed(hu), SAMPLES
    )
    assert 0 < kept < SAMPLES
    assert nodule["probability_inside"] == pytest.approx(values.mean[large()].mean(), abs=1e-5)
    assert nodule["detection_rate"] == pytest.approx(kept / SAMPLES)
    assert nodule["volume_mm3_p95"] == pytest.approx(nodule["volume_mm3"])


@pytest.mark.parametrize("samples", [25, 70])
def test_part_of_a_nodule_that_no_sample_drew_has_the_scout_s_outline_in_each(sam2lung, bundles, tmp_path, samples):
    """In slices 6 to 8 the ball doesn't touch the search region, which there lies on both sides of it."""
    hu = np.full(SHAPE, made_ct.LUNG_HU)
    hu[large()] = 50
    path = made_ct.write(tmp_path / "ct.nii.gz", hu, SPACING)
    mask = np.ones(SHAPE)
    mask[6:, :, 4:26] = 0
    assert large()[6:].any() and not (large() & (mask > 0))[6:].any()
    mask_path = made_ct.write(tmp_path / "mask.nii.gz", mask, SPACING, dtype=np.uint8)
    bundle = scout_bundle(bundles, tmp_path / "bundle", 0.02)
    words = ("--output", tmp_path, "--model", bundle, "--lung-mask", mask_path, "--samples", samples)
    sam2lung.segment(path, *words)
    (nodule,) = json.loads((tmp_path / "ct" / "nodules.json").read_text())
    voxel_mm3 = np.prod(SPACING)
    assert nodule["volume_mm3"] == pytest.approx(large().sum() * voxel_mm3)
    assert nodule["sample_volume_mm3_p05"] == pytest.approx(large()[6:].sum() * voxel_mm3)
    assert nodule["volume_mm3_p95"] == pytest.approx(large().sum() * voxel_mm3)
    assert nodule["detection_rate"] == 1.0


def test_bound_of_the_mean_uncertainty_is_for_entropy_alone(sam2lung, bundles, ct, tmp_path):
    bundle = scout_bundle(bundles, tmp_path / "bundle", None)
    contract = json.loads((bundle / "model.json").read_text())
    contract["review"]["uncertainty_mean_above"] = 0.001
    (bundle / "model.json").write_text(json.dumps(contract))
    for kind, applies in (("entropy", True), ("variance", False), ("mutual-information", False)):
        out = tmp_path / kind
        sam2lung.segment(ct, "--output", out, "--model", bundle, "--lung-mask", "off", "--uncertainty", kind)
        for nodule in json.loads((out / "chest" / "nodules.json").read_text()):
            assert nodule["uncertainty_mean"] > 0.001
            assert any("mean uncertainty" in reason for reason in nodule["review_reasons"]) == applies


# --- replay -----------------------------------------------------------------------------------------------------------


def test_replay_one_and_two_threads_give_the_same_bits(sam2lung, bundles, tmp_path, textured):
    path = made_ct.write(tmp_path / "ct.nii.gz", textured, (0.6, 0.6, 1.0))
    for threads in (1, 2):
        words = ("--output", tmp_path / str(threads), "--model", bundles / "tiny-neighbours", "--lung-mask", "off")
        sam2lung.segment(path, *words, "--threads", threads)
    for file in ("probability.nii.gz", "uncertainty.nii.gz", "label.nii.gz"):
        one, two = (made_ct.read(tmp_path / n / "ct" / file) for n in "12")
        assert one.tobytes() == two.tobytes(), file
    assert (tmp_path / "1/ct/nodules.json").read_text() == (tmp_path / "2/ct/nodules.json").read_text()


def test_replay_another_seed_gives_other_bits(sam2lung, bundles, tmp_path, textured):
    path = made_ct.write(tmp_path / "ct.nii.gz", textured, (0.7, 0.7, 2.0))
    for seed in (1, 2):
        words = ("--output", tmp_path / str(seed), "--model", bundles / "tiny-neighbours", "--lung-mask", "off")
        sam2lung.segment(path, *words, "--seed", seed)
    one, two = (made_ct.read(tmp_path / n / "ct" / "probability.nii.gz") for n in "12")
    assert np.abs(one - two).max() > 1e-3


def test_run_json_has_what_a_replay_needs(identity):
    run = json.loads((identity["variance"] / "run.json").read_text())
    assert {"notice", "versions", "model", "input", "options", "device", "timings_s", "networks", "peak_memory_mib"} <= set(run)
    voxels = np.ascontiguousarray(two_balls(), "<f4")
    assert run["input"]["voxels_sha256"] == hashlib.sha256(voxels.tobytes()).hexdigest()
    assert (run["options"]["seed"], run["options"]["samples"], run["options"]["uncertainty"]) == (0, SAMPLES, "variance")
    assert 1 <= run["options"]["threads"] <= len(os.sched_getaffinity(0))
    assert run["input"]["lung_mask_sha256"] is None
    assert all(seconds == round(seconds, 3) for seconds in run["timings_s"].values())
    assert all(work["calls"] > 0 and work["elements"] for work in run["networks"])
    assert "esearch use only" in run["notice"]
    assert run["versions"]["sam2lung"] and run["versions"]["onnxruntime"]


def test_run_json_has_every_option_once_and_the_hash_of_every_model_file(identity, bundles):
    def once(pairs):
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)

    run = json.loads((identity["entropy"] / "run.json").read_text(), object_pairs_hook=once)
    options = "model samples samples_asked sample_sources seed device threads lung_mask clicks threshold sensitivity min_diameter_mm share_of_slices classify_threshold uncertainty format series assume_orientation batch"
    assert set(run["options"]) == set(options.split())
    bundle = bundles / "tiny-identity"
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in bundle.iterdir()}
    assert run["model"]["sha256"] == files


# --- where things lie -------------------------------------------------------------------------------------------------


def oblique(spacing_mm):
    turn, tilt = np.deg2rad(20), np.deg2rad(-12)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([-1, -1, 1]) @ np.diag(spacing_mm)
    affine[:3, 3] = [91.25, -126.5, -72.125]
    return affine


AFFINES = {
    "axial": np.diag([-0.75, -0.75, 2.0, 1.0]),
    "oblique": oblique(SPACING),
    "mirrored": np.diag([0.75, -0.75, 2.0, 1.0]),
    "upside_down": np.diag([-0.75, -0.75, -2.0, 1.0]),
}


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
@pytest.mark.parametrize("ending", ["nii.gz", "nrrd"])
def test_results_lie_on_the_grid_of_the_input(sam2lung, bundles, tmp_path, affine, ending):
    path = made_ct.write(tmp_path / "chest.nii.gz", two_balls(), affine=affine)
    words = ("--output", tmp_path, "--model", bundles / "tiny-identity", "--lung-mask", "off", "--format", ending)
    sam2lung.segment(path, *words)
    wanted = SimpleITK.ReadImage(str(path))
    kinds = {"label": "16-bit unsigned", "probability": "32-bit float", "uncertainty": "32-bit float"}
    for file, kind in kinds.items():
        image = SimpleITK.ReadImage(str(tmp_path / "chest" / f"{file}.{ending}"))
        assert image.GetSize() == wanted.GetSize()
        assert image.GetSpacing() == pytest.approx(wanted.GetSpacing(), abs=1e-5)
        assert image.GetOrigin() == pytest.approx(wanted.GetOrigin(), abs=1e-4)
        assert image.GetDirection() == pytest.approx(wanted.GetDirection(), abs=1e-5)
        assert image.GetPixelIDTypeAsString().startswith(kind)
        if file == "label":
            labels = SimpleITK.GetArrayFromImage(image)
            assert np.array_equal(labels, np.where(large(), 1, np.where(small(), 2, 0)))
    for entry in json.loads((tmp_path / "chest" / "nodules.json").read_text()):
        lps = wanted.TransformContinuousIndexToPhysicalPoint(entry["centroid_ijk"])
        assert entry["centroid_ras"] == pytest.approx([-lps[0], -lps[1], lps[2]], abs=1e-3)


def test_folder_of_results_is_complete(identity):
    names = {path.name for path in identity["entropy"].iterdir()}
    assert names == {
        "label.nii.gz",
        "probability.nii.gz",
        "uncertainty.nii.gz",
        "nodules.json",
        "nodules.csv",
        "overview.png",
        "report.html",
        "findings.txt",
        "run.json",
        "warnings.txt",
    }
    # the search was everywhere
    assert (identity["entropy"] / "warnings.txt").read_text().startswith("W_NO_LUNG_MASK: ")


def test_folder_of_results_has_the_name_that_was_given_even_of_a_link(sam2lung, bundles, ct, tmp_path):
    link = tmp_path / "patient7.nii.gz"
    link.symlink_to(ct)
    sam2lung.segment(link, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
    assert [folder.name for folder in (tmp_path / "out").iterdir()] == ["patient7"]


def test_lung_mask_file_bounds_the_search_and_at_reaches_beyond_it(sam2lung, bundles, ct, tmp_path):
    mask = np.zeros(SHAPE)
    mask[:, :, :26] = 1
    mask_path = made_ct.write(tmp_path / "mask.nii.gz", mask, SPACING, dtype=np.uint8)
    words = (ct, "--model", bundles / "tiny-identity", "--lung-mask", mask_path)
    sam2lung.segment(*words, "--output", tmp_path / "masked")
    assert np.array_equal(made_ct.read(tmp_path / "masked/chest/label.nii.gz") > 0, large())
    run = json.loads((tmp_path / "masked/chest/run.json").read_text())
    assert run["input"]["lung_mask_sha256"] == hashlib.sha256(mask.astype(np.uint8).tobytes()).hexdigest()
    sam2lung.segment(*words, "--output", tmp_path / "at", "--click", "36,28,7")
    assert np.array_equal(made_ct.read(tmp_path / "at/chest/label.nii.gz") > 0, large() | small())


def test_at_below_the_threshold_outlines_and_says_so(sam2lung, bundles, ct, tmp_path):
    words = (ct, "--model", bundles / "tiny-identity", "--lung-mask", "off", "--threshold", 0.95)
    sam2lung.segment(*words, "--output", tmp_path / "without")
    assert json.loads((tmp_path / "without/chest/nodules.json").read_text()) == []
    sam2lung.segment(*words, "--output", tmp_path / "at", "--click", "36,28,7")
    assert np.array_equal(made_ct.read(tmp_path / "at/chest/label.nii.gz") > 0, small())
    (nodule,) = json.loads((tmp_path / "at/chest/nodules.json").read_text())
    assert nodule["volume_mm3"] == pytest.approx(small().sum() * np.prod(SPACING))
    assert nodule["review"] and "outlined at a click, below the usual threshold" in nodule["review_reasons"]


def test_lung_mask_on_another_grid_is_refused_by_name(sam2lung, bundles, ct, tmp_path):
    mask = made_ct.write(tmp_path / "mask.nii.gz", np.ones((4, 8, 8)), SPACING, dtype=np.uint8)
    words = (ct, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", mask)
    assert "E_MASK_GRID: " in sam2lung.segment(*words, status=1).stderr
