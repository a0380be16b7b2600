"""Every kind of network and every source of randomness, from a CT to its maps, against by_hand.py.

The tiny bundles are described where they are made, in onnx/tiny_models. Networks calculate in float32, the reference in
double precision: that is the tolerance, unless a test says otherwise.
"""

import by_hand
import handed
import made_ct
import numpy as np
import pytest
from by_hand import Found, Samples, before, blended, changed, factors, member_and_mirrored, mirrored, noise
from by_hand import lines_between, on_every_second_voxel

SPACING = (0.75, 0.75, 2.0)
SHAPE = (11, 21, 26)
CENTRE = (12, 10, 5)
CLOSE = {"atol": 4e-6, "rtol": 0}
SIZE = (4, 8, 8)
THRESHOLD = 0.5


def ball(shape=SHAPE, centre=CENTRE):
    return made_ct.ball(shape, centre, 5.0, SPACING)


def made_hu(shape=SHAPE, centre=CENTRE):
    """Lung with a ball of soft tissue, and a little of chance everywhere: a voxel in another's place is seen."""
    hu = np.where(ball(shape, centre), 50, made_ct.LUNG_HU)
    return hu + np.random.default_rng(3).integers(-40, 41, shape)


@pytest.fixture
def find(sam2lung, bundles, tmp_path):
    """Runs a bundle, by name or folder, over a CT."""

    def run(bundle, hu, *words, affine=None):
        ct = made_ct.write(tmp_path / "ct.nii.gz", hu, SPACING, affine)
        bundle = bundles / bundle if isinstance(bundle, str) else bundle
        sam2lung.segment(ct, "--output", tmp_path / "out", "--model", bundle, "--lung-mask", "off", *words)
        return Found(tmp_path / "out" / "ct")

    return run


# --- networks in which nothing is random ------------------------------------------------------------------------------


def plain(x):
    return 16 * x - 6


def slab(x):
    """Two slices apart, which are 4 mm; at the ends the last slice stands for what lies beyond."""
    logits = np.full(x.shape, -6.0)
    for k in range(len(x)):
        for weight, step in zip((2, 9, 4), (-2, 0, 2)):
            used = np.clip(k + step, 0, len(x) - 1)
            logits[k] += weight * (x[used] + 0.125 * SPACING[2] * (used - k))
    return logits


def ramp(x):
    """tiny-patch in one box: the logit rises with the place in it."""
    return plain(x) + sum(slope * place for slope, place in zip((0.5, 0.25, -0.125), np.indices(x.shape)))


def boxed(overlap, blend):
    return lambda x: blended(ramp, x, SIZE, overlap, blend)


def spaced(x):
    """Slices 3 mm apart on slices 2 mm apart: interpolated going in and coming back. The last one lies beyond the CT."""
    own = np.arange(8) * 3 / SPACING[2]
    at = np.arange(len(x))
    assert own[-2] < at[-1] < own[-1]
    return lines_between(plain(lines_between(x, at, own)), own, at)


def hybrid(share):
    """The slices of the highest mean entropy of the coarse network are seen by the fine one as well."""

    def logits(x):
        coarse = 8 * x - 5
        information = made_ct.entropy_bits(made_ct.sigmoid(coarse)).mean(axis=(1, 2))
        chosen = np.sort(np.argsort(-information)[: int(np.ceil(share * len(x)))])
        return 0.25 * coarse + 0.75 * lines_between(32 * x[chosen] - 12, chosen, np.arange(len(x)))

    return logits


def prompted(share):
    """The same, and the fine network is shown what the coarse one finds."""

    def logits(x):
        coarse = 8 * x - 5
        p = made_ct.sigmoid(coarse)
        chosen = np.sort(np.argsort(-made_ct.entropy_bits(p).mean(axis=(1, 2)))[: int(np.ceil(share * len(x)))])
        middle = handed.of_cubes(x, SIZE, 0.5).repeat(2, axis=1).repeat(2, axis=2)[:, : x.shape[1], : x.shape[2]]
        size = [-(-n // 2) * 2 for n in x.shape[1:]]
        shown = []
        for k in chosen:
            points, labels, box = handed.prompts(p[k], SPACING[:2], 10, 3, size)
            of_points = labels @ (points @ [1 / 64, 1 / 32] + 0.125)
            shown.append(of_points + box @ [1 / 64, -1 / 32, 1 / 128, -1 / 16])
        fine = 32 * x[chosen] - 12 + 4 * middle[chosen] + np.reshape(shown, (-1, 1, 1))
        return 0.25 * coarse + 0.75 * lines_between(fine, chosen, np.arange(len(x)))

    return logits


PLAIN = {
    "tiny-plain": plain,
    "tiny-slab": slab,
    "tiny-spaced": spaced,
    "tiny-patch": boxed(0.5, "constant"),
    "tiny-patch-gaussian": boxed(0.25, "gaussian"),
    "tiny-patch-clicks": plain,
    "tiny-hybrid": hybrid(0.5),
    "tiny-prompted": prompted(0.5),
}


@pytest.mark.parametrize("name", PLAIN)
def test_network_without_chance_gives_one_sample(find, name):
    found = find(name, made_hu())
    wanted = Samples(PLAIN[name](made_ct.windowed(made_hu()))[None])
    np.testing.assert_allclose(found.probability, wanted.mean, **CLOSE)
    # Entropy of p is steeper than p itself: log2((1 - p) / p), at most 10 here.
    np.testing.assert_allclose(found.uncertainty, wanted.entropy, atol=4e-5, rtol=0)
    assert np.array_equal(found.label > 0, wanted.mean > THRESHOLD)
    assert found.run["options"]["samples"] == 1
    assert found.run["options"]["samples_asked"] == 25
    assert found.run["options"]["sample_sources"] == []
    (nodule,) = found.nodules
    assert nodule["volume_mm3"] == pytest.approx((wanted.mean > THRESHOLD).sum() * np.prod(SPACING))
    assert (nodule["sample_dice"], nodule["detection_rate"], nodule["volume_spread"]) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("name", ["tiny-plain", "tiny-patch"])
@pytest.mark.parametrize("kind", ["variance", "mutual-information"])
def test_one_sample_has_no_spread(find, name, kind):
    assert not find(name, made_hu(), "--uncertainty", kind).uncertainty.any()


@pytest.mark.parametrize("name, by_share", [("tiny-hybrid", hybrid), ("tiny-prompted", prompted)])
@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_share_of_slices_takes_the_place_of_the_bundle_s(find, name, by_share, share):
    found = find(name, made_hu(), "--share-of-slices", share)
    wanted = made_ct.sigmoid(by_share(share)(made_ct.windowed(made_hu())))
    np.testing.assert_allclose(found.probability, wanted, **CLOSE)
    assert found.run["options"]["share_of_slices"] == share


REFUSED = [
    (("features", 0, "output"), "nothing", "coarse.onnx"),
    (("features", 0, "channels"), 2, "coarse.onnx"),
    (("features", 0, "input"), "nothing", "fine.onnx"),
    (("prompts", "positive"), 9, "fine.onnx"),
    (("prompts", "box"), "nothing", "fine.onnx"),
]


@pytest.mark.parametrize("path, value, graph", REFUSED, ids=str)
def test_what_is_handed_over_and_a_graph_has_not_is_refused_by_graph_and_tensor(
    sam2lung, bundles, tmp_path, path, value, graph
):
    def change(contract):
        *steps, last = path
        at = contract["segment"]["hybrid"]
        for step in steps:
            at = at[step]
        at[last] = value

    bundle = changed(bundles / "tiny-prompted", tmp_path / "bundle", change)
    ct = made_ct.write(tmp_path / "ct.nii.gz", made_hu(), SPACING)
    done = sam2lung("segment", ct, "--output", tmp_path / "out", "--model", bundle)
    assert done.returncode == 1 and "E_MODEL_SHAPE" in done.stderr and graph in done.stderr


def test_share_of_no_slice_is_the_coarse_network_alone(find):
    found = find("tiny-prompted", made_hu(), "--share-of-slices", 0)
    wanted = made_ct.sigmoid(8 * made_ct.windowed(made_hu()) - 5)
    np.testing.assert_allclose(found.probability, wanted, **CLOSE)
    assert find("tiny-prompted", made_hu()).run["options"]["share_of_slices"] == 0.5
    assert find("tiny-plain", made_hu()).run["options"]["share_of_slices"] is None


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_hybrid_s_fine_network_sees_its_share_of_the_slices(find, bundles, tmp_path, share):
    def change(contract):
        contract["segment"]["hybrid"]["share_of_slices"] = share

    found = find(changed(bundles / "tiny-hybrid", tmp_path / "bundle", change), made_hu())
    wanted = made_ct.sigmoid(hybrid(share)(made_ct.windowed(made_hu())))
    np.testing.assert_allclose(found.probability, wanted, **CLOSE)


def test_constant_blend_is_the_mean_of_the_boxes(find):
    # Where the CT is constant, what is left is the place in the box. Along i boxes of 8 start at 0, 4, 8, 12, 16 and, moved, 18: voxel
    # 5 is the place 5 of the first and 1 of the second, voxel 19 the places 7, 3 and 1 of the boxes at 12, 16 and 18.
    assert by_hand.starts(26, 8, 0.5) == [0, 4, 8, 12, 16, 18]
    hu = np.full((4, 8, 26), made_ct.LUNG_HU)
    hu[0, 0] = 50
    p = find("tiny-patch", hu).probability
    logit = np.log(p / (1 - p))
    at = plain(made_ct.windowed(made_ct.LUNG_HU)) + 0.5 * 3 + 0.25 * 7
    for i, place in ((2, 2), (5, 3), (19, (7 + 3 + 1) / 3), (25, 7)):
        assert logit[3, 7, i] == pytest.approx(at - 0.125 * place, abs=1e-4)


def test_patches_of_a_mirrored_ct_are_the_same(find):
    """A CT whose axes run the other way is turned before it is cut."""
    straight = find("tiny-patch", made_hu()).probability
    turned = np.diag([SPACING[0], -SPACING[1], -SPACING[2], 1.0])
    hu = made_hu()[::-1, :, ::-1]
    # The corner that was first is last now; where it lies in the patient doesn't count.
    assert np.array_equal(find("tiny-patch", hu, affine=turned).probability[::-1, :, ::-1], straight)


@pytest.mark.parametrize("name", ["tiny-patch", "tiny-patch-flips"])
def test_volume_smaller_than_a_box_lies_in_the_middle_of_zeros(find, bundles, tmp_path, name):
    """As MONAI and nnU-Net pad it: zeros of what is normalised, the odd one behind."""

    def change(contract):
        contract["segment"]["grid"]["beyond"] = "zero"
        contract["segment"].pop("random", None)
        standard = {"mean": -850, "deviation": 1000, "clip": [-880, 20]}
        contract["channels"][0]["normalise"] = {"standard": standard}

    hu = np.where(np.arange(6) < 4, made_ct.LUNG_HU, 0) + np.random.default_rng(6).integers(-60, 61, (3, 5, 6))
    boxed = np.zeros(SIZE)
    middle = (slice(0, 3), slice(1, 6), slice(1, 7))
    boxed[middle] = (np.clip(hu, -880, 20) + 850) / 1000
    # tiny-patch adds the place in the box, tiny-patch-flips the voxels before, the first of which are zeros.
    logits = ramp(boxed) if name == "tiny-patch" else patch_flips(boxed, 0, 1)[0]
    found = find(changed(bundles / name, tmp_path / "bundle", change), hu)
    np.testing.assert_allclose(found.probability, made_ct.sigmoid(logits)[middle], **CLOSE)


def test_half_precision_graph_is_fed_and_read_in_float32(find):
    found = find("tiny-patch-half", made_hu())
    wanted = Samples(plain(made_ct.windowed(made_hu()))[None])
    # Eleven bits: x, which is multiplied by 16, and a logit of up to 10, are off by 2^-12 of themselves; p by a quarter.
    np.testing.assert_allclose(found.probability, wanted.mean, atol=(16 + 10) * 2**-12 / 4, rtol=0)
    assert np.abs(found.probability - wanted.mean).max() > 1e-5, "it ran in float16"


# --- networks that are sampled ----------------------------------------------------------------------------------------


def members(x, seed, samples):
    return np.stack([gain * x + bias for gain, bias in ((8, -5), (14, -6), (20, -7))][:samples])


def flips(x, seed, samples):
    """Mirrored along j and i: what lies before a pixel lies behind it."""

    def network(x):
        return 8 * x + 4 * before(x, 1) + 2 * before(x, 2) - 6

    return np.stack([mirrored(network, member_and_mirrored(s, 1, "ji")[1], x) for s in range(samples)])


def noisy(x, seed, samples):
    drawn = (noise(seed, s, 0, 2) for s in range(samples))
    return np.stack([16 * x - 6 + z0 + 2 * x * z1 for z0, z1 in drawn])


def mixed(x, seed, samples):
    """Every source at once."""

    def network(x, gain, m, z):
        return gain * (x * m[0] + before(x, 2) * m[1]) / 2 - 6 + z

    logits = []
    for s in range(samples):
        member, axes = member_and_mirrored(s, 2, "i")
        m, (z,) = factors(seed, s, 0, 2, 0.25), noise(seed, s, 0, 1)
        logits.append(mirrored(lambda x: network(x, (12, 24)[member], m, z), axes, x))
    return np.stack(logits)


def half(x, seed, samples):
    return np.stack([8 * x * factors(seed, s, 0, 1, 0.5)[0] - 6 for s in range(samples)])


def patch_flips(x, seed, samples):
    """Each box is mirrored; beyond it there is nothing."""

    def network(x):
        return 8 * x + 4 * before(x, 0) + 2 * before(x, 1) + before(x, 2) - 6

    def sample(s):
        axes = member_and_mirrored(s, 1, "kji")[1]
        return blended(lambda box: mirrored(network, axes, box), x, SIZE, 0.0, "constant")

    return np.stack([sample(s) for s in range(samples)])


SAMPLED = {
    # name: (logits of the samples, how many differ, sources, tolerance)
    "tiny-members": (members, 3, ["members 3"], 4e-6),
    "tiny-flips": (flips, 4, ["flips 4"], 4e-6),
    "tiny-noise": (noisy, None, ["noise"], 4e-6),
    "tiny-mixed": (mixed, None, ["members 2", "flips 2", "dropout", "noise"], 4e-6),
    # Eleven bits of a logit of up to 8, and of x multiplied by 16.
    "tiny-half": (half, None, ["dropout"], (16 + 8) * 2**-12 / 4),
    "tiny-patch-flips": (patch_flips, 8, ["flips 8"], 4e-6),
}


@pytest.mark.parametrize("name", SAMPLED)
@pytest.mark.parametrize("kind", ["entropy", "variance", "mutual-information"])
def test_statistics_are_those_of_the_samples(find, name, kind):
    logits, different, sources, tolerance = SAMPLED[name]
    found = find(name, made_hu(), "--uncertainty", kind, "--samples", 9, "--seed", 5)
    samples = min(9, different or 9)
    wanted = Samples(logits(made_ct.windowed(made_hu()), 5, samples))
    np.testing.assert_allclose(found.probability, wanted.mean, atol=tolerance, rtol=0)
    spread = getattr(wanted, kind.replace("-", "_"))
    np.testing.assert_allclose(found.uncertainty, spread, atol=tolerance * (1 if kind == "variance" else 10), rtol=0)
    options = found.run["options"]
    assert (options["samples"], options["samples_asked"], options["sample_sources"]) == (samples, 9, sources)


def soft_hu():
    """A ball that fades into lung, on one side more than on the other: samples outline it each in its own way."""
    k, j, i = np.indices(SHAPE)
    distance_mm = np.sqrt(((np.stack([i, j, k], -1) - CENTRE) * SPACING) ** 2 @ np.ones(3))
    slope = 30 * (i - CENTRE[0]) + 20 * (j - CENTRE[1]) - 15 * (k - CENTRE[2])
    return np.clip(250 - 150 * distance_mm + slope, made_ct.LUNG_HU, 300).round()


@pytest.mark.parametrize("name", ["tiny-members", "tiny-flips", "tiny-mixed", "tiny-patch-flips"])
def test_volumes_of_the_samples_are_theirs_in_their_order(find, name):
    logits, different, *_ = SAMPLED[name]
    (nodule,) = find(name, soft_hu(), "--seed", 2).nodules
    wanted = Samples(logits(made_ct.windowed(soft_hu()), 2, different or 25)).volumes_mm3(THRESHOLD, SPACING)
    assert len(set(wanted)) > 1, "samples that differ"
    assert nodule["sample_volumes_mm3"] == pytest.approx(list(wanted))
    low, high = np.quantile(wanted, [0.05, 0.95])
    assert nodule["sample_volume_mm3_p05"] == pytest.approx(low)
    assert nodule["sample_volume_mm3_p95"] == pytest.approx(high)


def test_sample_is_the_same_whatever_the_number_drawn(find):
    """Sample 0 alone, and as the difference of two means."""
    one, two = (find("tiny-noise", made_hu(), "--samples", t, "--seed", 9).probability for t in (1, 2))
    z0, z1 = noise(9, 0, 0, 2)
    x = made_ct.windowed(made_hu())
    np.testing.assert_allclose(one, made_ct.sigmoid(16 * x - 6 + z0 + 2 * x * z1), **CLOSE)
    z0, z1 = noise(9, 1, 0, 2)
    np.testing.assert_allclose(2.0 * two - one, made_ct.sigmoid(16 * x - 6 + z0 + 2 * x * z1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["entropy", "variance"])
def test_patches_on_a_coarser_grid_are_put_back_linearly(find, kind):
    # Boxes' voxels of 4 x 1.5 x 1.5 mm lie on every second voxel of the CT. All boxes say the same there, so it doesn't
    # matter how they are blended, only that each sample's logits are.
    shape = (11, 27, 33)
    hu = made_hu(shape, (16, 12, 5))
    found = find("tiny-patch-dropout", hu, "--uncertainty", kind, "--seed", 1)
    x = on_every_second_voxel(made_ct.windowed(hu))
    drawn = [((8, 12)[s % 2], factors(1, s, 0, 1, 0.5)[0]) for s in range(25)]
    wanted = Samples(np.stack([gain * m * x - 6 for gain, m in drawn]))
    assert {(gain, m) for gain, m in drawn} == {(8, 0), (8, 2), (12, 0), (12, 2)}
    np.testing.assert_allclose(found.probability, wanted.mean, **CLOSE)
    np.testing.assert_allclose(found.uncertainty, getattr(wanted, kind), atol=4e-5, rtol=0)
    assert found.run["options"]["sample_sources"] == ["members 2", "dropout"]


@pytest.mark.parametrize("name", ["tiny-mixed", "tiny-patch-dropout"])
def test_threads_change_no_bit(find, name):
    hu = made_hu((11, 27, 33), (16, 12, 5))
    one, two = (find(name, hu, "--threads", n) for n in (1, 2))
    assert one.probability.tobytes() == two.probability.tobytes()
    assert one.uncertainty.tobytes() == two.uncertainty.tobytes()


@pytest.mark.parametrize("axes", ["", "k", "ji", "kji"])
def test_flips_that_a_bundle_doesn_t_name_are_not_drawn(find, bundles, tmp_path, axes):
    def change(contract):
        contract["segment"]["random"] = {"flips": list(axes)}

    bundle = changed(bundles / "tiny-patch-flips", tmp_path / "bundle", change)
    found = find(bundle, made_hu())
    assert found.run["options"]["samples"] == 2 ** len(axes)


# --- clicks -----------------------------------------------------------------------------------------------------------


def distance_mm(at):
    places = np.stack(np.indices(SHAPE)[::-1], -1)
    return np.sqrt((((places - at) * SPACING) ** 2).sum(-1))


def test_patch_click_outlines_what_its_map_lifts_above_the_threshold(find):
    at = (2, 2, 10)
    found = find("tiny-patch-clicks", made_hu(), "--click", ",".join(map(str, at)))
    logits = plain(made_ct.windowed(made_hu())) + 10 * np.exp(-distance_mm(at) / 6)
    clicked = (logits > 0) & (distance_mm(at) < 8)
    ((nodule,), (other,)) = ([n for n in found.nodules if n["clicked"] == is_so] for is_so in (True, False))
    assert np.array_equal(found.label == nodule["id"], clicked)
    assert np.array_equal(found.label == other["id"], plain(made_ct.windowed(made_hu())) > 0)
    np.testing.assert_allclose(found.probability[clicked], made_ct.sigmoid(logits)[clicked], **CLOSE)


def test_patch_click_outside_takes_away(find):
    # A ball just below the threshold: the click lifts it, but for what lies nearer to the other one.
    hu = np.where(ball(), -500, made_ct.LUNG_HU)
    beside = (CENTRE[0] + 5, CENTRE[1], CENTRE[2])
    words = ["--click", ",".join(map(str, CENTRE)), "--click-outside", ",".join(map(str, beside))]
    found = find("tiny-patch-clicks", hu, *words)
    pull = np.exp(-distance_mm(CENTRE) / 6) - np.exp(-distance_mm(beside) / 6)
    wanted = plain(made_ct.windowed(hu)) + 10 * pull > 0
    (nodule,) = found.nodules
    assert nodule["clicked"] and np.array_equal(found.label > 0, wanted)
    assert wanted[CENTRE[2], CENTRE[1], CENTRE[0]] and not wanted[CENTRE[2], CENTRE[1], CENTRE[0] + 3]


# --- classes ----------------------------------------------------------------------------------------------------------


def test_voxel_belongs_to_the_class_of_highest_probability(find):
    hu = made_hu()
    core = made_ct.ball(SHAPE, CENTRE, 2.5, SPACING)
    hu[core] = 390
    found = find("tiny-classes", hu)
    x = made_ct.windowed(hu)
    both = made_ct.sigmoid(np.stack([plain(x), 40 * x - 29]))
    np.testing.assert_allclose(found.probability, both.max(axis=0), **CLOSE)
    entropy = made_ct.entropy_bits(both).max(axis=0)
    np.testing.assert_allclose(found.uncertainty, entropy, atol=4e-5, rtol=0)
    mass = (both[1] > both[0]) & (both[1] > THRESHOLD)
    assert np.array_equal(mass, core)
    by_name = {nodule["class"]: nodule for nodule in found.nodules}
    assert np.array_equal(found.label == by_name["mass"]["id"], mass)
    assert np.array_equal(found.label == by_name["nodule"]["id"], (both[0] > THRESHOLD) & ~mass)
    for n, name in enumerate(("nodule", "mass")):
        np.testing.assert_allclose(found.volume(f"probability_{name}"), both[n], **CLOSE)
        own = made_ct.entropy_bits(both[n])
        np.testing.assert_allclose(found.volume(f"uncertainty_{name}"), own, atol=4e-5, rtol=0)
