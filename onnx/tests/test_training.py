"""Windows, network, losses and classifier: what has to hold whatever the weights are. Needs torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed (pip install -r onnx/requirements.txt)")

from test_data import stack  # noqa: E402

from sam2lung_train.config import (  # noqa: E402
    CLICK_DECAY_MM,
    EACH_SIDE,
    HALO_PX,
    PATCH_SIZE,
    PATCH_SPACING_MM,
    PIXEL_MM,
    SLICES,
    NetworkConfig,
    TrainConfig,
    neighbour_stride,
)
from sam2lung_train.data.items import Whole  # noqa: E402
from sam2lung_train.errors import UserError  # noqa: E402
from sam2lung_train.export import contract, graphs  # noqa: E402
from sam2lung_train.networks import inference  # noqa: E402
from sam2lung_train.networks.network import Network  # noqa: E402
from sam2lung_train.training import findings, losses, train_classifier, windows  # noqa: E402

RANDOM = np.random.default_rng(9)


@pytest.fixture(scope="module")
def network():
    """Random weights, and normalisations that do something."""
    torch.manual_seed(1)
    network = Network(NetworkConfig()).eval()
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.2)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    for level in network.decoder.prompt.levels:
        torch.nn.init.normal_(level.weight, 0, 0.3)
    return network


# --- windows ----------------------------------------------------------------------------------------------------------


def ramp_planes(pixel_mm):
    rows, columns = np.indices((128, 128), dtype=np.float32)
    return windows.Planes(
        hu=np.stack([2 * columns - rows] * SLICES),
        shift_px=np.zeros((SLICES, 2)),
        offsets_mm=np.zeros(SLICES, np.float32),
        votes=(columns > 64).astype(np.float32),
        known=np.ones((128, 128), np.float32),
        pixel_mm=pixel_mm,
    )


def test_render_without_turn_reads_the_ramp_at_the_networks_pixels():
    view = windows.View(np.array([64.0, 60.0]), np.eye(2), PIXEL_MM)
    hu, votes, valid = windows.render(ramp_planes(0.5), view, 9)
    steps = (np.arange(9) - 4) * PIXEL_MM / 0.5
    expected = 2 * (64 + steps[None]) - (60 + steps[:, None])
    np.testing.assert_allclose(hu[3].numpy(), expected, atol=1e-3)
    assert valid.min() == 1
    assert votes[0, 4, 0] == 0 and votes[0, 4, 8] == 1


def test_render_beyond_the_crop_is_not_valid():
    view = windows.View(np.array([2.0, 64.0]), np.eye(2), PIXEL_MM)
    _, _, valid = windows.render(ramp_planes(0.7), view, 21)
    assert (valid[0, :, :8] == 0).all() and (valid[0, :, 10:] == 1).all()


@pytest.mark.parametrize("spacing_mm, stride", [(0.5, 4), (1.0, 2), (1.25, 2), (1.34, 1), (2.5, 1), (5.0, 1)])
def test_neighbour_stride_is_the_nearest_to_two_mm(spacing_mm, stride):
    assert neighbour_stride(spacing_mm) == stride


def test_nodule_planes_clamped_repeat_the_end_and_say_so():
    crop = stack(step_mm=2.0)
    planes = windows.nodule_planes(crop, 2, True, np.random.default_rng(0))
    assert planes.offsets_mm.tolist() == [-4, -4, -2, 0, 0, 0, 0]
    assert np.array_equal(planes.hu[-1], crop.hu[2].astype(np.float32))


def test_nodule_planes_gone_on_show_the_cap_at_its_distance():
    crop = stack(step_mm=2.0, caps=np.stack([np.full((128, 128), -1, np.int16), np.full((128, 128), -2, np.int16)]))
    planes = windows.nodule_planes(crop, 2, False, np.random.default_rng(0))
    assert planes.offsets_mm.tolist() == [-6, -4, -2, 0, 2, 4, 6]
    assert (planes.hu[0] == -1).all() and (planes.hu[-1] == -2).all()
    assert np.array_equal(planes.hu[EACH_SIDE], crop.hu[2].astype(np.float32))


def test_whole_planes_thick_slices_are_means_and_ends_are_repeated():
    hu = np.repeat(np.arange(20, dtype=np.int16), 64 * 64).reshape(20, 64, 64)
    whole = Whole("made", hu, np.zeros(hu.shape, np.uint8), np.ones(hu.shape, bool), (1.25, 0.7, 0.7))
    planes, centre = windows.whole_planes(whole, (8, 30, 33), 2, (1, 0), 20)
    # Slab 4 is the mean of slices 8 and 9; stride 1 at 2.5 mm; one slab below, none above.
    assert planes.hu[:, 0, 0].tolist() == [6.5, 6.5, 6.5, 8.5, 8.5, 8.5, 8.5]
    assert planes.offsets_mm.tolist() == [-2.5, -2.5, -2.5, 0, 0, 0, 0]
    assert centre == (20, 20)


def test_sampler_same_seed_gives_the_same_batches():
    crops = [stack(votes=np.full((3, 128, 128), 255, np.uint8))]
    config = TrainConfig(pairs=1, singles=1, negatives=1, window_px=32)
    hu = RANDOM.integers(-1000, 100, (12, 80, 80)).astype(np.int16)
    whole = Whole("made", hu, np.zeros(hu.shape, np.uint8), np.ones(hu.shape, bool), (2.5, 0.7, 0.7))
    one, two = (windows.Sampler(crops, [whole], config).batch() for _ in range(2))
    assert torch.equal(one.slices, two.slices) and torch.equal(one.votes, two.votes)
    assert one.slices.shape == (4, SLICES, 32, 32) and one.pairs.tolist() == [[0, 1]]
    assert one.slices.min() >= 0 and one.slices.max() <= 1


def test_click_maps_fall_off_with_the_distance_in_space():
    planes = ramp_planes(0.5)
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    view = windows.View(np.array([64.0, 64.0]), turn, PIXEL_MM)
    # 3 slices of 2 mm away, and 8 pixels of 0.5 mm along x: along v in the turned window, at (0, -4) mm.
    maps = windows.click_maps(([(5, 64, 72)], []), 2, view, planes, 2.0, 21)
    steps = (np.arange(21) - 10) * PIXEL_MM
    x, y = np.meshgrid(steps, steps)
    distance = np.sqrt(x**2 + (y + 4) ** 2 + 36)
    np.testing.assert_allclose(maps[0].numpy(), np.exp(-distance / CLICK_DECAY_MM), atol=1e-6)
    assert (maps[1] == 0).all()


def test_drawn_clicks_are_inside_and_beside_the_nodule():
    votes = np.zeros((3, 128, 128), np.uint8)
    votes[1, 60:70, 60:70] = 255
    crop, rng = stack(votes=votes), np.random.default_rng(3)
    drawn = [windows.draw_clicks(crop, 1, rng) for _ in range(50)]
    assert all(votes[tuple(inside[0])] for inside, _ in drawn)
    beside = [out[0] for _, out in drawn if out]
    assert 5 < len(beside) < 30 and not any(votes[tuple(voxel)] for voxel in beside)


# --- network ----------------------------------------------------------------------------------------------------------


@torch.no_grad()
def test_decoder_part_with_its_halo_equals_the_whole(network):
    embeddings = network.encoder(torch.rand(1, SLICES, 192, 192), torch.zeros(1, SLICES))
    masks, clicks = network.masks(2, "cpu"), torch.rand(1, 2, 192, 192)
    whole = network.decoder(embeddings, clicks, masks)
    # Pixels 80 to 96 with the halo around them, on multiples of 16.
    low, high = (80 - HALO_PX) // 16 * 16, -(-(96 + HALO_PX) // 16) * 16
    part = [e[:, :, low // s : high // s, low // s : high // s] for e, s in zip(embeddings, contract.STRIDES)]
    got = network.decoder(part, clicks[:, :, low:high, low:high], masks)[:, :, 80 - low : 96 - low, 80 - low : 96 - low]
    torch.testing.assert_close(got, whole[:, :, 80:96, 80:96], atol=1e-5, rtol=0)


@torch.no_grad()
def test_exported_halves_equal_the_network(network):
    slices, offsets, masks = torch.rand(1, SLICES, 64, 48), torch.randn(1, SLICES), network.masks(3, "cpu")
    clicks = torch.rand(1, 2, 64, 48)
    wanted = network.decoder(network.encoder(slices, offsets), clicks, masks)
    encoder, decoder = graphs.EncoderGraph(network).eval(), graphs.DecoderGraph(network).eval()
    embeddings = encoder(slices, offsets)
    assert [e.shape[1] for e in embeddings] == contract.embedding_channels(network.config)
    torch.testing.assert_close(decoder(*embeddings, clicks, *masks), wanted, atol=1e-4, rtol=0)


@torch.no_grad()
def test_network_every_mask_click_and_offset_matters(network):
    slices, offsets = torch.rand(1, SLICES, 32, 32), torch.zeros(1, SLICES)
    embeddings, clicks = network.encoder(slices, offsets), torch.zeros(1, 2, 32, 32)
    plain = network.decoder(embeddings, clicks, network.masks(1, "cpu", drop=False))
    for layer in range(4):
        masks = network.masks(1, "cpu", drop=False)
        masks[layer] = masks[layer] * (torch.arange(masks[layer].shape[1]) % 2)[None, :, None, None]
        assert (network.decoder(embeddings, clicks, masks) - plain).abs().max() > 1e-6, layer
    for kind in range(2):
        clicked = clicks.clone()
        clicked[:, kind] = 0.5
        assert (network.decoder(embeddings, clicked, network.masks(1, "cpu", drop=False)) - plain).abs().max() > 1e-4, (
            kind
        )
    moved = network.encoder(slices, offsets + 2.0)
    assert (moved[0] - embeddings[0]).abs().max() > 1e-4


def test_masks_keep_the_mean(network):
    for mask, (channels, rate) in zip(network.masks(4000, "cpu"), network.dropout()):
        assert mask.shape == (4000, channels, 1, 1)
        # The mean of n values 0 or 1 / (1 - r) has standard deviation sqrt(r / (1 - r) / n); five of them.
        assert abs(float(mask.mean()) - 1) < 5 * (rate / (1 - rate) / mask.numel()) ** 0.5


def test_training_masks_have_rates_of_their_own(network):
    torch.manual_seed(0)
    (channels, rate), *_ = network.dropout()
    dropped = (network.training_masks(500, "cpu")[0] == 0).float().mean((1, 2, 3))
    # Uniform between 0 and twice the rate: standard deviation rate / sqrt(3) a window, before the channels' own.
    assert abs(float(dropped.mean()) - rate) < 5 * rate / 3**0.5 / 500**0.5
    assert dropped.min() < rate / 4 and dropped.max() > 1.6 * rate


def test_a_new_prompt_adds_nothing():
    torch.manual_seed(2)
    network = Network(NetworkConfig()).eval()
    assert all((level == 0).all() for level in network.decoder.prompt(torch.rand(1, 2, 32, 32)))


def test_inference_there_and_back_keeps_a_ramp():
    hu = np.tile(np.arange(50, dtype=np.float32), (3, 40, 1))
    wide, _ = inference.network_input(hu * 10 - 800, 1, (2.5, 0.53, 0.91))
    back = inference.interpolated(wide[0], 2, np.arange(50) * 0.91 / PIXEL_MM)
    back = inference.interpolated(back, 1, np.arange(40) * 0.53 / PIXEL_MM)
    expected = (hu[0] * 10 - 800 + 1000) / 1400
    # The last pixel reads the repeated edge.
    np.testing.assert_allclose(back[3, :39, :48], expected[:39, :48], atol=1e-4)


# --- losses -----------------------------------------------------------------------------------------------------------


def batch_of(votes, pairs=()):
    votes = torch.as_tensor(votes, dtype=torch.float32)
    pairs = torch.tensor(list(pairs), dtype=torch.long).reshape(-1, 2)
    return windows.Batch(torch.zeros(0), torch.zeros(0), torch.zeros(0), votes, torch.ones_like(votes), pairs)


def test_loss_of_a_perfect_answer_is_nothing_and_of_its_opposite_much():
    votes = torch.zeros(2, 1, 16, 16)
    votes[0, 0, 4:9, 4:9] = 1
    good, parts = losses.loss((votes * 2 - 1) * 20, batch_of(votes), TrainConfig(), 0.0)
    bad, _ = losses.loss((1 - votes * 2) * 20, batch_of(votes), TrainConfig(), 0.0)
    assert float(good) < 1e-3 and parts["dice"] < 1e-3
    assert float(bad) > 10


def test_dice_loss_counts_only_windows_that_show_a_nodule():
    votes = torch.zeros(2, 1, 8, 8)
    votes[0, 0, 2:5, 2:5] = 1
    logits = (votes * 2 - 1) * 20
    logits[1] = 20  # a false finding in an empty window costs cross-entropy, not Dice
    assert float(losses.dice_loss(logits, votes, torch.ones_like(votes))) < 1e-3


def test_focal_bce_leaves_out_what_is_not_known():
    votes, valid = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    logits = torch.full((1, 1, 4, 4), -20.0)
    logits[0, 0, 0, 0], valid[0, 0, 0, 0] = 20.0, 0
    assert float(losses.focal_bce(logits, votes, valid, 1.0)) < 1e-6


def test_neighbour_loss_is_the_mean_squared_step_between_slices():
    logits = torch.zeros(3, 1, 2, 2)
    logits[1] = 100.0
    assert float(losses.neighbour_loss(logits, torch.tensor([[0, 1]]))) == pytest.approx(0.25)
    assert float(losses.neighbour_loss(logits, torch.tensor([[0, 2]]))) == 0


# --- findings, classifier --------------------------------------------------------------------------------------------


def test_patch_samples_a_linear_field_and_says_what_lies_outside():
    volume = np.add.outer(np.add.outer(100.0 * np.arange(12), 10.0 * np.arange(40)), np.arange(40.0))
    spacing, centre, size = PATCH_SPACING_MM, (1.0, 20.0, 20.0), (5, 4, 4)
    values, inside = findings.patch(volume, centre, spacing, size)
    assert values[2, 0, 0] == pytest.approx(100 + 10 * 18.5 + 18.5)
    assert not inside[0].any() and inside[1].all()
    assert values[0, 0, 0] == pytest.approx(values[1, 0, 0])  # the edge is repeated


def test_components_smaller_than_the_product_reports_are_left_out():
    probability = np.zeros((6, 20, 20))
    probability[2:4, 3:8, 3:8] = 0.9
    probability[4, 15, 15] = 0.9
    found = list(findings.components(probability, 0.5, (2.0, 0.7, 0.7)))
    assert len(found) == 1
    _, part, centre, volume = found[0]
    assert part.sum() == 50 and centre.tolist() == [2.5, 5.0, 5.0]
    assert volume == pytest.approx(50 * 2.0 * 0.49)


def test_is_another_nodule_knows_the_same_place_in_another_crop():
    here = RANDOM.normal(-800, 100, (4, 128, 128))
    there = np.roll(here, (-24, -30), (1, 2)) * 1.1 + 40  # another crop of the CT, with another grey scale
    other = stack(hu=there)
    assert findings.is_another_nodule(here, (2, 88, 94), [other])
    assert not findings.is_another_nodule(here, (2, 60, 40), [other])


def finding(**fields):
    plain = {
        "where": "made", "patient": "a", "develop": False, "nodule": True, "marked": 0.5, "whole": True, "ends": False, "product": True,
        "diameter_mm": 6.0,
        "hu": RANDOM.integers(-1000, 400, findings.STORED).astype(np.int16),
        "probability": np.full(findings.STORED, 128, np.uint8), "inside": np.ones(findings.STORED, bool),
    }  # fmt: skip
    return findings.Finding(**{**plain, **fields})


def test_plain_patches_are_the_middle_of_what_is_stored():
    one = finding()
    patches = train_classifier.plain_patches([one])
    assert patches.shape == (1, 3, *PATCH_SIZE)
    middle = tuple(n // 2 for n in findings.STORED)
    at = tuple(m - (s - n) // 2 for m, s, n in zip(middle, findings.STORED, PATCH_SIZE))
    assert float(patches[(0, 0, *at)]) == pytest.approx((float(one.hu[middle]) + 1000) / 1400, abs=1e-6)


def test_whole_ct_that_is_left_out_is_reported_on_at_the_development_parts_thresholds(monkeypatch, capsys):
    """The classifier's logit is the diameter: 95 % of the development part's nodules have 1 and more, as have two of the
    CT's three nodules and one of its two others.
    """
    monkeypatch.setattr(
        train_classifier, "logits_of", lambda _, found, *question: np.array([f.diameter_mm for f in found])
    )
    develop = [finding(develop=True, diameter_mm=d) for d in [0.0, *range(1, 21)]]
    ct = {"whole": True, "where": "ct.nii.gz"}
    left_out = [finding(**ct, diameter_mm=d) for d in (0.0, 5.0, 9.0)]
    left_out += [finding(**ct, nodule=False, diameter_mm=d) for d in (0.5, 3.0)]
    left_out += [finding(**ct, nodule=False, product=False, diameter_mm=30.0)]
    train_classifier.report_left_out(None, develop, left_out)
    said = capsys.readouterr().out
    assert "ct.nii.gz, not trained on: AUROC 0.6667" in said
    assert "at 95% of the development part 2 of 3 nodules and 1 of 2 others stay" in said


def test_whole_ct_without_findings_can_not_be_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr(train_classifier.items, "load", lambda *_: [finding(whole=True, where="ct.nii.gz")])
    with pytest.raises(UserError, match="nothing was found in a whole CT other.nii.gz"):
        train_classifier.train_classifier(tmp_path, 1.0, without=["ct.nii.gz", "other.nii.gz"])


def test_cut_repeats_the_last_slice_and_marks_what_is_beyond():
    one = finding()
    hu, probability, inside = (torch.from_numpy(a.astype(np.float32)) for a in (one.hu, one.probability, one.inside))
    train_classifier.cut(hu, probability, inside, np.random.default_rng(0))
    beyond = inside[:, 0, 0] == 0
    assert beyond.any() and not beyond[len(hu) // 2]
    first = int((~beyond).nonzero()[0])
    assert all(torch.equal(hu[n], hu[first]) for n in range(first))


def test_narrow_repeats_the_sides_and_marks_what_is_beyond():
    one = finding()
    hu, probability, inside = (torch.from_numpy(a.astype(np.float32)) for a in (one.hu, one.probability, one.inside))
    train_classifier.narrow(hu, probability, inside, np.random.default_rng(0))
    middle = tuple(n // 2 for n in hu.shape)
    assert inside[middle] == 1 and inside[0, 0, middle[2]] == 0 and inside[0, middle[1], -1] == 0
    row = inside[0, :, middle[2]]
    first = int(row.nonzero()[0])
    assert all(torch.equal(hu[:, n, middle[2]], hu[:, first, middle[2]]) for n in range(first))
    assert torch.equal(
        hu[0, first : middle[1], middle[2]],
        torch.from_numpy(one.hu.astype(np.float32))[0, first : middle[1], middle[2]],
    )


def test_classifier_learns_to_tell_bright_from_dark():
    some = [
        finding(
            nodule=bool(n % 2),
            marked=n % 2 / 1,
            whole=bool(n % 3),
            hu=np.full(findings.STORED, 100 if n % 2 else -800, np.int16),
        )  # fmt: skip
        for n in range(12)
    ]
    trained, _ = train_classifier.train(some, 1.0, 0, most_steps=12)
    logits = train_classifier.logits_of(trained, some)
    assert logits[1::2].min() > logits[::2].max()
