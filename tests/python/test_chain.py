"""The chain of roles, and several channels, from volumes to results.

onnx/tiny_models/chains.py describes the bundles.
"""

import hashlib

import made_ct
import numpy as np
import pytest
from by_hand import Found, Samples, changed, factors, on_every_second_voxel
from scipy import ndimage

SPACING = (0.75, 0.75, 2.0)
# Each axis begins and ends with a voxel of the detector's grid, which lies on every second voxel.
SHAPE = (13, 31, 81)
CENTRES = [(14, 14, 6), (40, 16, 6), (66, 14, 6)]
RADIUS_MM = 5.0
CLOSE = {"atol": 4e-6, "rtol": 0}
MARGIN_MM = 4.0


def balls():
    return [made_ct.ball(SHAPE, centre, RADIUS_MM, SPACING) for centre in CENTRES]


def made_hu(*levels):
    """Lung with a ball of each of these HU."""
    hu = np.full(SHAPE, made_ct.LUNG_HU)
    for ball, level in zip(balls(), levels):
        hu[ball] = level
    return hu


def detected(hu):
    """The detector's probability on the CT's voxels: its logits are linear between every second one."""
    return made_ct.sigmoid((16 * on_every_second_voxel(made_ct.windowed(hu)) - 6) / 2)


@pytest.fixture
def find(sam2lung, bundles, tmp_path):
    """Runs a bundle, by name or folder, over a CT."""

    def run(bundle, hu, *words):
        ct = made_ct.write(tmp_path / "ct.nii.gz", hu, SPACING)
        bundle = bundles / bundle if isinstance(bundle, str) else bundle
        sam2lung.segment(ct, "--output", tmp_path / "out", "--model", bundle, "--lung-mask", "off", *words)
        return Found(tmp_path / "out" / "ct")

    return run


def distance_mm(mask):
    """How far each voxel lies from a mask."""
    return ndimage.distance_transform_edt(~mask, sampling=SPACING[::-1])


def same(a, b):
    return np.abs(a - b) < CLOSE["atol"]


def test_maps_show_the_segmenter_around_candidates_and_the_detector_elsewhere(find):
    hu = made_hu(100, 50)
    found = find("tiny-detect", hu)
    detector, segmenter = detected(hu), made_ct.sigmoid(20 * made_ct.windowed(hu) - 9)
    candidates = detector > 0.5
    # Far from the balls the two differ by 0.024 against 0.001: the map says which one it was.
    assert np.abs(detector - segmenter)[distance_mm(candidates) > 2].min() > 0.01
    by_segmenter = same(found.probability, segmenter)
    assert (by_segmenter | same(found.probability, detector)).all()
    assert by_segmenter[distance_mm(candidates) <= MARGIN_MM].all()
    # A box reaches 4 mm beyond its candidate along each axis, so its corners lie at most this far from the ball.
    corner_mm = np.sqrt(3) * (RADIUS_MM + MARGIN_MM + 2) - RADIUS_MM
    assert not by_segmenter[distance_mm(candidates) > corner_mm].any()
    np.testing.assert_allclose(found.uncertainty, made_ct.entropy_bits(found.probability), atol=4e-5, rtol=0)
    assert np.array_equal(found.label > 0, balls()[0] | balls()[1])
    assert all(nodule["nodule_probability"] is None for nodule in found.nodules)


def test_detector_s_spread_is_zero(find):
    hu = made_hu(100, 50)
    assert not find("tiny-detect", hu, "--uncertainty", "variance").uncertainty.any()


def test_candidates_of_the_highest_probability_go_on(find):
    hu = made_hu(0, 100, 50)
    found = find("tiny-detect", hu)
    assert np.array_equal(found.label > 0, balls()[1] | balls()[2])
    assert same(found.probability, detected(hu))[balls()[0]].all()


def test_outline_of_the_segmenter_needs_no_more_than_to_touch_a_candidate(find):
    # x is 0.43 at -400 HU: the detector says 0.61, the segmenter 0.4, which is below the threshold: no finding.
    assert find("tiny-detect", made_hu(-400)).nodules == []


def classified(x, p):
    """tiny-scout's classifier, inside a ball."""
    return made_ct.sigmoid(10 * x + 2 * p + 1 - 7)


def test_classifier_drops_candidates_before_they_are_segmented(find):
    # x is 0.786, and 0.443: P(nodule) is 0.98 and 0.43.
    hu = made_hu(100, -380)
    found = find("tiny-chain", hu, "--seed", 4)
    detector = detected(hu)
    kept = [factors(4, s, 0, 1, 0.5)[0] for s in range(25)]
    samples = Samples(np.stack([8 * m * made_ct.windowed(hu) - 6 for m in kept]))
    assert np.array_equal(found.label > 0, balls()[0])
    (nodule,) = found.nodules
    i, j, k = CENTRES[0]
    wanted = classified(made_ct.windowed(100), detector[k, j, i])
    assert nodule["nodule_probability"] == pytest.approx(wanted, abs=1e-5)
    columns = np.indices(SHAPE)[2]
    near = distance_mm((detector > 0.5) & (columns < 27)) <= MARGIN_MM
    np.testing.assert_allclose(found.probability[near], samples.mean[near], **CLOSE)
    np.testing.assert_allclose(found.uncertainty[near], samples.entropy[near], atol=4e-5, rtol=0)
    far = columns > 30
    np.testing.assert_allclose(found.probability[far], detector[far], **CLOSE)
    assert nodule["sample_volumes_mm3"] == pytest.approx([balls()[0].sum() * np.prod(SPACING) * (m > 0) for m in kept])


def test_candidates_that_are_all_dropped_leave_the_detector_s_map(find):
    hu = made_hu(-380)
    found = find("tiny-chain", hu)
    assert found.nodules == [] and not found.label.any()
    np.testing.assert_allclose(found.probability, detected(hu), **CLOSE)


def test_classifier_s_members_are_averaged(find):
    hu = made_hu(100)
    (nodule,) = find("tiny-opinions", hu).nodules
    x = made_ct.windowed(100)
    p = made_ct.sigmoid(16 * x - 6)
    wanted = np.mean([classified(x, p), made_ct.sigmoid(4 * x - p + 0.5 - 3)])
    assert nodule["nodule_probability"] == pytest.approx(wanted, abs=1e-5)


def test_classifier_says_which_share_of_readers_would_mark_a_nodule_where_it_has_learnt_it(find):
    hu = made_hu(100)
    (nodule,) = find("tiny-opinions", hu).nodules
    x = made_ct.windowed(100)
    p = made_ct.sigmoid(16 * x - 6)
    # Its second answer is the opposite of the first, at temperature 2 and with a bias of 0.25.
    wanted = np.mean([made_ct.sigmoid(-logit / 2 + 0.25) for logit in (10 * x + 2 * p + 1 - 7, 4 * x - p + 0.5 - 3)])
    assert nodule["readers_share"] == pytest.approx(wanted, abs=1e-5)
    assert all(nodule["readers_share"] is None for nodule in find("tiny-chain", hu).nodules)


def test_click_is_segmented_in_its_box_where_nothing_was_detected(find):
    # tiny-detect takes no click maps: the segmenter's own outline at the click, at a lower threshold if need be.
    hu = made_hu(100, 50, 0)
    i, j, k = CENTRES[2]
    found = find("tiny-detect", hu, "--click", f"{i},{j},{k}")
    assert np.array_equal(found.label > 0, np.logical_or.reduce(balls()))
    (clicked,) = found.run["result"]["clicks"]
    assert np.array_equal(found.label == clicked, balls()[2])


def in_one_box(hu, group, inside):
    """tiny-grows' probability at the voxels of a group (slices along k, j, i), with clicks at these voxels (k, j, i)."""
    spacing, size = np.array(SPACING[::-1]), np.array([12, 16, 16])
    step, last = np.array([2.0, 1.5, 1.5]) / spacing, np.array(hu.shape) - 1
    ends = np.array([(own.start, own.stop - 1) for own in group])
    step = step * max(1, (np.ptp(ends, axis=1) / (step * (size - 1))).max())
    room = last - step * (size - 1)
    centred = ends.mean(axis=1) - step * (size - 1) / 2
    start = np.where(room < 0, centred, np.clip(centred, 0, np.maximum(room, 0)))
    places = np.stack(np.meshgrid(*(s + d * np.arange(n) for s, d, n in zip(start, step, size)), indexing="ij"))
    x = ndimage.map_coordinates(made_ct.windowed(hu), places, order=1, mode="nearest")
    off = [np.linalg.norm((places - np.reshape(c, (3, 1, 1, 1))) * spacing[:, None, None, None], axis=0) for c in inside]
    logits = 16 * x - 6 + 10 * np.exp(-np.min(off, axis=0) / 6)
    voxels = np.stack(np.meshgrid(*(np.arange(own.start, own.stop) for own in group), indexing="ij"))
    back = (voxels - start[:, None, None, None]) / step[:, None, None, None]
    return made_ct.sigmoid(ndimage.map_coordinates(logits, back, order=1, mode="nearest"))


def groups(candidates):
    """Each candidate's box with its margin of 2 mm, and the voxel nearest to its centre."""
    labels, count = ndimage.label(candidates, np.ones((3, 3, 3)))
    steps = [int(2.0 / mm) for mm in SPACING[::-1]]
    for label, own in enumerate(ndimage.find_objects(labels), 1):
        grown = (slice(max(o.start - s, 0), min(o.stop + s, n)) for o, s, n in zip(own, steps, labels.shape))
        centre = ndimage.center_of_mass(labels == label)
        yield tuple(grown), tuple(int(np.floor(c + 0.5)) for c in centre)


def rod():
    """A finding of 38 mm: larger than a box of 22 mm."""
    k, j, i = np.indices(SHAPE)
    return (abs(k - 6) <= 1) & (abs(j - 14) <= 4) & (abs(i - 40) <= 25)


@pytest.mark.parametrize(
    "hu",
    [made_hu(100, 50), np.where(rod(), 50, made_ct.LUNG_HU), made_hu(100, 50)[5:8]],
    ids=["two that fit into a box", "one that doesn't", "three slices"],
)
def test_boxes_grow_with_their_finding_go_on_beyond_the_volume_and_are_shown_candidates(find, hu):
    found, detector = find("tiny-grows", hu), detected(hu)
    boxes = list(groups(detector > 0.5))
    far = np.ones(hu.shape, bool)
    for group, _ in boxes:
        wanted = in_one_box(hu, group, [centre for _, centre in boxes])
        np.testing.assert_allclose(found.probability[group], wanted, **CLOSE)
        far[group] = False
    np.testing.assert_allclose(found.probability[far], detector[far], **CLOSE)
    assert len(found.nodules) == len(boxes) and not any(nodule["clicked"] for nodule in found.nodules)


def test_click_is_run_in_one_box_around_it_with_that_click_alone(find):
    hu = made_hu(100, 50)
    automatic, clicked = find("tiny-grows", hu), find("tiny-grows", hu, "--click", "66,14,6")
    # 22 x 22.5 x 22.5 mm: five slices and fifteen voxels on each side.
    box = (slice(1, 12), slice(0, 30), slice(51, 81))
    changed_there = clicked.probability != automatic.probability
    assert changed_there[6, 14, 66] and not changed_there[:, :, :51].any()
    wanted = in_one_box(hu, box, [(6, 14, 66)])[changed_there[box]]
    np.testing.assert_allclose(clicked.probability[changed_there], wanted, **CLOSE)
    assert clicked.run["result"]["clicks"] == [clicked.label[6, 14, 66]] and len(clicked.nodules) == 3


# --- channels ---------------------------------------------------------------------------------------------------------

PATIENT = (6, 12, 20)


def core():
    return made_ct.ball(PATIENT, (9, 6, 3), 2.5, SPACING)


def whole():
    return made_ct.ball(PATIENT, (9, 6, 3), 4.5, SPACING)


def ct_and_pet():
    """Soft tissue in a ball, and uptake in its core; a little of chance in both."""
    chance = np.random.default_rng(8)
    hu = np.where(whole(), 20, made_ct.LUNG_HU) + chance.integers(-30, 31, PATIENT)
    pet = np.where(core(), 9.0, 2.0) + chance.integers(-4, 5, PATIENT) / 8
    return hu, pet


def softmax(ct, pet):
    """Probabilities of core and rim: logits of the background come first."""
    x, z = made_ct.windowed(ct), (pet - 2) / 4
    logits = np.stack([np.zeros(ct.shape), 2 * x + 8 * z - 6, 16 * x - 6])
    shares = np.exp(logits - logits.max(axis=0))
    return (shares / shares.sum(axis=0))[1:]


@pytest.fixture
def patient(tmp_path):
    """A folder with a file for each channel."""
    folder = tmp_path / "patient7"
    folder.mkdir()
    ct, pet = ct_and_pet()
    made_ct.write(folder / "p7_ct.nii.gz", ct, SPACING)
    made_ct.write(folder / "PET.nii.gz", pet, SPACING, dtype=np.float32)
    return folder


@pytest.fixture
def regions(sam2lung, bundles, tmp_path):
    """Runs tiny-regions; what it wrote, or the error's text."""

    def run(*words, status=0, bundle=bundles / "tiny-regions", mask="off"):
        words = (*words, "--output", tmp_path / "out", "--model", bundle, "--lung-mask", mask)
        done = sam2lung.segment(*words, status=status)
        (folder,) = (tmp_path / "out").iterdir() if status == 0 else [None]
        return done.stderr if status else Found(folder)

    return run


def test_regions_are_numbered_and_measured(regions, patient):
    found = regions(patient)
    probability = softmax(*ct_and_pet())
    np.testing.assert_allclose(found.probability, probability.max(axis=0), **CLOSE)
    for n, name in enumerate(("core", "rim")):
        np.testing.assert_allclose(found.volume(f"probability_{name}"), probability[n], **CLOSE)
        entropy = made_ct.entropy_bits(probability[n])
        np.testing.assert_allclose(found.volume(f"uncertainty_{name}"), entropy, atol=4e-5, rtol=0)
    label = np.where(probability.max(axis=0) > 0.5, 1 + probability.argmax(axis=0), 0)
    assert np.array_equal(found.label, label) and set(np.unique(label)) == {0, 1, 2}
    volumes = {nodule["class"]: (nodule["id"], nodule["volume_mm3"]) for nodule in found.nodules}
    voxel = np.prod(SPACING)
    core, rim = ((label == n).sum() * voxel for n in (1, 2))
    assert volumes == {
        "core": (1, pytest.approx(core)),
        "rim": (2, pytest.approx(rim)),
        "whole": (3, pytest.approx(core + rim)),
    }


def test_run_json_tells_every_channel_s_source_and_hash(regions, patient):
    channels = regions(patient).run["input"]["channels"]
    assert [(c["channel"], c["name"]) for c in channels] == [("CT", "p7_ct.nii.gz"), ("PET", "PET.nii.gz")]
    for channel, voxels in zip(channels, ct_and_pet()):
        assert channel["voxels_sha256"] == hashlib.sha256(voxels.astype("<f4").tobytes()).hexdigest()


def test_files_by_name_are_those_of_the_folder(regions, patient, tmp_path):
    by_folder = regions(patient)
    other = tmp_path / "other"
    other.mkdir()
    files = [patient / "PET.nii.gz", patient / "p7_ct.nii.gz"]
    files = [file.rename(other / name) for file, name in zip(files, ("p7_PET.nii.gz", "any.nii.gz"))]
    words = ("--channel", f"pet={files[0]}", "--channel", f"CT={files[1]}")
    probability = by_folder.probability.tobytes()
    (tmp_path / "out").rename(tmp_path / "earlier")
    found = regions(*words)
    assert found.folder.name == "p7"
    assert found.probability.tobytes() == probability


def test_channel_in_another_order_of_axes_is_brought_to_the_first_s(regions, patient):
    straight = regions(patient).probability
    _, pet = ct_and_pet()
    affine = np.diag([SPACING[0], -SPACING[1], -SPACING[2], 1.0])
    affine[0, 3], affine[2, 3] = -SPACING[0] * (PATIENT[2] - 1), SPACING[2] * (PATIENT[0] - 1)
    made_ct.write(patient / "PET.nii.gz", pet[::-1, :, ::-1], affine=affine, dtype=np.float32)
    assert np.array_equal(regions(patient).probability, straight)


def moved(voxels, **changes):
    def change(patient):
        affine = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])
        affine[0, 3] = changes.get("x", 0.0)
        made_ct.write(patient / "PET.nii.gz", voxels(ct_and_pet()[1]), affine=affine, dtype=np.float32)

    return change


@pytest.mark.parametrize(
    "name, words, change",
    [
        ("E_CHANNELS", ["no file for channel PET"], lambda p: (p / "PET.nii.gz").unlink()),
        ("E_CHANNELS", ["PET.nii.gz", "x_pet.nii.gz"], lambda p: (p / "x_pet.nii.gz").write_bytes(b"")),
        ("E_CHANNEL_GRID", ["channel PET", "19 x 12 x 6"], moved(lambda pet: pet[:, :, 1:])),
        ("E_CHANNEL_GRID", ["channel PET", "voxels off"], moved(lambda pet: pet, x=5.0)),
        ("E_NON_FINITE", ["NaN"], moved(lambda pet: np.where(pet > 9, np.nan, pet))),
        ("E_NOT_HU", [], lambda p: made_ct.write(p / "p7_ct.nii.gz", ct_and_pet()[0] + 1000, SPACING)),
    ],
    ids=["missing", "doubled", "shape", "place", "nan", "hu"],
)
def test_channels_that_do_not_fit_are_refused_by_name(regions, patient, name, words, change):
    change(patient)
    text = regions(patient, status=1)
    assert f"{name}: " in text, text
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    "given, words",
    [
        (["CT"], "no file for channel PET"),
        (["CT", "PET", "MR"], "channel MR, which the model doesn't take"),
        (["CT", "PET", "pet"], "two files for channel PET"),
    ],
    ids=["missing", "unknown", "doubled"],
)
def test_files_by_name_that_do_not_fit_are_refused_by_name(regions, patient, given, words):
    files = [word for name in given for word in ("--channel", f"{name}={patient / 'PET.nii.gz'}")]
    text = regions(*files, status=1)
    assert "E_CHANNELS: " in text and words in text and "CT, PET" in text


def test_files_by_name_and_inputs_together_are_wrong_usage(sam2lung, patient, tmp_path):
    done = sam2lung("segment", patient, "--channel", f"CT={patient / 'p7_ct.nii.gz'}", "--output", tmp_path / "out")
    assert done.returncode == 2 and "--channel" in done.stderr


def test_one_file_for_a_model_of_two_channels_is_refused_by_name(regions, patient):
    text = regions(patient / "p7_ct.nii.gz", status=1)
    assert "E_CHANNELS: " in text and "CT, PET" in text


@pytest.mark.parametrize(
    "over, inside", [("all", lambda pet: np.ones(pet.shape, bool)), ("non_zero", lambda pet: pet != 0)]
)
def test_z_score_is_that_of_the_whole_volume(regions, patient, bundles, tmp_path, over, inside):
    def change(contract):
        contract["channels"][1]["normalise"] = {"z_score": over}

    bundle = changed(bundles / "tiny-regions", tmp_path / "bundle", change)
    ct, pet = ct_and_pet()
    pet = np.where(np.indices(PATIENT)[2] < 3, 0.0, pet)
    made_ct.write(patient / "PET.nii.gz", pet, SPACING, dtype=np.float32)
    found = regions(patient, bundle=bundle)
    own = pet[inside(pet)]
    z = np.where(inside(pet), (pet - own.mean()) / own.std(), 0.0)
    # softmax() takes (pet - 2) / 4.
    np.testing.assert_allclose(found.volume("probability_core"), softmax(ct, 4 * z + 2)[0], atol=2e-5, rtol=0)


def test_model_without_a_channel_in_hu_searches_everywhere(regions, patient, bundles, tmp_path):
    def change(contract):
        contract["channels"][0].update(unit="arbitrary", name="T1")

    bundle = changed(bundles / "tiny-regions", tmp_path / "bundle", change)
    (patient / "p7_ct.nii.gz").rename(patient / "T1.nii.gz")
    made_ct.write(patient / "T1.nii.gz", ct_and_pet()[0] + 1000, SPACING)
    found = regions(patient, bundle=bundle, mask="auto")
    ct, pet = ct_and_pet()
    np.testing.assert_allclose(found.volume("probability_rim"), softmax(ct + 1000, pet)[1], **CLOSE)
