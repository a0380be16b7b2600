"""Boxes of the segmenter: how they are cut, what they are trained for, what their graphs give, what is chosen."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="SKIPPED: PyTorch is not installed (pip install -e '.[train]')")

from test_data import stack  # noqa: E402

from sam2lung_train.config import BOX_MARGIN_MM, BOX_SIZE, BOX_SPACING_MM, BoxConfig, NetworkConfig  # noqa: E402
from sam2lung_train.export import chain, chain_contract, chain_parity, parity  # noqa: E402
from sam2lung_train.networks.box_network import BoxNetwork, sampled, with_neighbours  # noqa: E402
from sam2lung_train.networks.classifier import Classifier  # noqa: E402
from sam2lung_train.networks.network import Network  # noqa: E402
from sam2lung_train.training import box_losses, boxes, calibrate_boxes, develop_boxes  # noqa: E402
from sam2lung_train.training.average import moved  # noqa: E402

RANDOM = np.random.default_rng(5)


def nodule_stack(slices=9, radius=5.0, step_mm=1.25, pixel_mm=0.7, readers=2):
    """A ball of soft tissue in lung; the second reader draws a pixel more."""
    k, j, i = np.ogrid[:slices, :128, :128]
    mm = np.sqrt(((k - slices // 2) * step_mm) ** 2 + ((j - 64) * pixel_mm) ** 2 + ((i - 64) * pixel_mm) ** 2)
    marks = (mm < radius).astype(np.uint8)
    if readers == 2:
        marks |= (mm < radius + pixel_mm).astype(np.uint8) << 1
    votes = sum((marks >> r & 1).astype(np.float32) for r in range(readers)) / readers
    return stack(
        hu=np.where(mm < radius, 40, -850).astype(np.int16), votes=np.round(votes * 255).astype(np.uint8), marks=marks,
        readers=readers, step_mm=step_mm, pixel_mm=pixel_mm, diameter_mm=2 * radius,
        caps=np.full((2, 128, 128), -850, np.int16),
    )  # fmt: skip


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return BoxNetwork(BoxConfig()).eval()


# --- boxes ------------------------------------------------------------------------------------------------------------


def test_straight_view_of_a_small_finding_keeps_the_spacing_and_of_a_large_one_grows():
    fits = np.array(BOX_SIZE) * BOX_SPACING_MM
    assert boxes.straight_view(np.zeros(3), fits - 2 * BOX_MARGIN_MM).scale == pytest.approx(1)
    assert boxes.straight_view(np.zeros(3), 2 * fits - 2 * BOX_MARGIN_MM).scale == pytest.approx(2)


def test_cut_reads_a_linear_field_at_the_boxs_places():
    k, j, i = np.meshgrid(np.arange(30.0), np.arange(60.0), np.arange(70.0), indexing="ij")
    spacing, view = np.array([2.0, 0.8, 0.8]), boxes.straight_view(np.array([15.0, 30.0, 35.0]), np.ones(3))
    at_mm = boxes.positions_mm(view)
    got = boxes.cut((k * 100 + j * 10 + i)[None], boxes.voxels_of(view, spacing, at_mm))[0].numpy()
    wanted = (15 + at_mm[..., 0] / 2) * 100 + (30 + at_mm[..., 1] / 0.8) * 10 + 35 + at_mm[..., 2] / 0.8
    np.testing.assert_allclose(got, wanted, rtol=1e-4)


def test_cut_beyond_the_volume_repeats_its_edge():
    volume = np.arange(3.0).reshape(1, 3, 1, 1) * np.ones((1, 3, 60, 60))
    view = boxes.straight_view(np.array([1.0, 30.0, 30.0]), np.ones(3))
    got = boxes.cut(volume, boxes.voxels_of(view, np.array([1.25, 0.6, 0.6]), boxes.positions_mm(view)))[0]
    # The box's slices -9.5, ..., 9.5 steps from the middle: the volume's three, and its ends.
    assert got[0, 24, 24] == 0 and got[-1, 24, 24] == 2
    assert got[9, 24, 24] == pytest.approx(0.5) and got[10, 24, 24] == pytest.approx(1.5)


def test_click_maps_fall_off_from_the_click_in_space():
    view = boxes.straight_view(np.array([4.0, 64.0, 64.0]), np.ones(3))
    spacing, at_mm = np.array([1.25, 0.6, 0.6]), boxes.positions_mm(view)
    maps = boxes.click_maps(([np.array([4.0, 64.0, 66.0])], []), view, spacing, at_mm)
    distance = np.sqrt(at_mm[..., 0] ** 2 + at_mm[..., 1] ** 2 + (at_mm[..., 2] - 1.2) ** 2)
    np.testing.assert_allclose(maps[0].numpy(), np.exp(-distance / 6.0), atol=1e-5)
    assert maps[1].max() == 0


def test_sampler_gives_outlines_share_and_surroundings_of_one_nodule():
    sampler = boxes.BoxSampler([nodule_stack()], batch=4, seed=1)
    batch = sampler.batch()
    assert batch.boxes.shape == (4, 1, *BOX_SIZE) and batch.readers.shape == (4, 4, *BOX_SIZE)
    # Two readers come twice each, so the mean of four is their share.
    torch.testing.assert_close(batch.readers.mean(1, keepdim=True), batch.share)
    assert set(batch.share.unique().tolist()) == {0.0, 0.5, 1.0}
    assert ((batch.near > 0) | (batch.share * batch.valid == 0)).all()
    assert (batch.clicks[:, 0].amax((1, 2, 3)) > 0.7).all()


def test_sampler_same_seed_gives_the_same_batch():
    one, two = (boxes.BoxSampler([nodule_stack()], batch=2, seed=7).batch() for _ in range(2))
    for name in vars(one):
        assert torch.equal(getattr(one, name), getattr(two, name)), name


# --- losses -----------------------------------------------------------------------------------------------------------


def a_batch(readers):
    """One box of two voxels that all are near."""
    readers = torch.tensor(readers, dtype=torch.float32).reshape(1, -1, 1, 1, 2)
    ones = torch.ones(1, 1, 1, 1, 2)
    share = readers.mean(1, keepdim=True)
    return boxes.Boxes(ones * 0, ones.expand(-1, 2, -1, -1, -1), readers, share, ones, ones)


def test_reader_loss_is_the_log_mean_likelihood_of_whole_outlines():
    # Two samples, two voxels, one reader who marked the first voxel alone.
    logits = torch.tensor([[1.0, -2.0], [-1.0, 0.5]]).reshape(1, 2, 1, 1, 2)
    sigmoid = lambda x: 1 / (1 + math.exp(-x))  # noqa: E731
    one = math.log(sigmoid(1.0)) + math.log(1 - sigmoid(-2.0))
    two = math.log(sigmoid(-1.0)) + math.log(1 - sigmoid(0.5))
    a = box_losses.ALIKE_VOXELS
    wanted = -(a / 2) * math.log((math.exp(one / a) + math.exp(two / a)) / 2)
    got = box_losses.reader_loss(logits, a_batch([[1, 0]]), torch.tensor([2.0]))
    assert float(got) == pytest.approx(wanted, rel=1e-5)


def test_dice_loss_of_the_consensus_itself_is_nothing():
    consensus = torch.zeros(1, 1, 4, 8, 8)
    consensus[..., 2:4, 2:6, 2:6] = 1
    ones = torch.ones_like(consensus)
    assert float(box_losses.dice_loss(consensus, consensus, ones)) == pytest.approx(0)
    assert float(box_losses.dice_loss(1 - consensus, consensus, ones)) > 0.9


# --- network ----------------------------------------------------------------------------------------------------------


def test_sampled_is_the_mean_and_the_factors_times_the_noise():
    logits = torch.tensor([1.0, 2.0, -3.0]).reshape(1, 3, 1, 1, 1)
    noise = torch.tensor([[0.0, 0.0], [1.0, 0.5]])
    assert sampled(logits, noise).flatten().tolist() == [1.0, 1.0 + 2.0 - 1.5]


def test_with_neighbours_brings_slices_along_and_repeats_the_ends():
    box = torch.arange(3.0).reshape(1, 1, 3, 1, 1)
    got = with_neighbours(box, 3)[0, :, :, 0, 0]
    assert got.tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 2]]


def test_every_mask_click_and_factor_of_the_network_matters(network):
    torch.manual_seed(1)
    box, clicks = torch.rand(1, 1, *BOX_SIZE), torch.rand(1, 2, *BOX_SIZE)
    masks = network.masks(1, drop=False)
    with torch.no_grad():
        embeddings = network.encoder(box)
        plain, _ = network.decoder(embeddings, clicks, masks)
        for n in range(len(masks)):
            changed = [m * 0 if at == n else m for at, m in enumerate(masks)]
            assert not torch.allclose(network.decoder(embeddings, clicks, changed)[0], plain), f"mask {n}"
        assert not torch.allclose(network.decoder(embeddings, clicks * 0, masks)[0], plain)
    assert plain.shape == (1, 1 + network.config.rank, *BOX_SIZE)
    assert plain[:, 1:].abs().amax((0, 2, 3, 4)).min() > 0


def test_exported_halves_equal_the_network(network):
    from sam2lung_train.export.box_graphs import BoxDecoderGraph, BoxEncoderGraph

    torch.manual_seed(2)
    box, clicks, noise = torch.rand(1, 1, *BOX_SIZE), torch.rand(1, 2, *BOX_SIZE), torch.randn(3, 8)
    masks = network.masks(3)
    with torch.no_grad():
        logits, _ = network.decoder(network.encoder(box), clicks, masks)
        wanted = logits[:, :1] + torch.einsum("trdhw,tr->tdhw", logits[:, 1:], noise)[:, None]
        got = BoxDecoderGraph(network)(*BoxEncoderGraph(network)(box), clicks, *masks, noise)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)  # another order of sums


def test_moved_average_forgets_its_beginning_in_a_short_training():
    average = torch.tensor(100.0)
    for count in range(300):
        average = moved(0.998, average, torch.tensor(1.0), count)
    assert float(average) == pytest.approx(1.0, abs=0.01)


# --- what is chosen ---------------------------------------------------------------------------------------------------


def test_back_puts_logits_at_the_crops_voxels():
    one = nodule_stack()
    spacing = np.array([one.step_mm, one.pixel_mm, one.pixel_mm])
    view = boxes.straight_view(np.array([4.0, 64.0, 64.0]), np.full(3, 10.0))
    at_mm = torch.from_numpy(boxes.positions_mm(view))
    logits = 5.0 - at_mm.norm(dim=-1)  # positive in a ball of 5 mm
    back = develop_boxes.back(logits[None], view, spacing, one.hu.shape, -20.0)[0].numpy()
    ball = one.marks & 1 > 0
    # Voxels whose middle lies within half a voxel of the ball's face may go either way.
    assert (back > 0)[ball].mean() > 0.97 and (back > 0)[~(one.marks > 0)].sum() == 0
    assert back[0, 0, 0] < -10


@pytest.mark.parametrize(
    ("consensus", "held"), [(100.0, True), (120.0, True), (121.0, False), (50.0, True), (49.0, False)]
)
def test_interval_is_the_samples_spread_around_the_outline(consensus, held):
    outline = calibrate_boxes.Drawn(100.0, consensus, np.array([40.0, 80.0, 96.0]), 0.9, 0.9)
    assert calibrate_boxes.holds(outline) == held


def test_chosen_noise_is_what_makes_the_samples_hold_the_consensus():
    """Samples of a row of voxels: the noise moves their end by a voxel a unit, and readers' ends lie two further or nearer."""
    columns, seen = np.arange(40), []
    for off in (-2, -1, 0, 1, 2) * 2:
        ends = np.tile([-1.0, 0.0, 1.0], 7)[:, None, None, None]
        undisturbed = np.broadcast_to(20.0 - columns, (21, 1, 1, 40)).astype(np.float16)
        noise = np.broadcast_to(ends, undisturbed.shape).astype(np.float16)
        share = (columns < 20 + off).astype(np.float32)[None, None]
        seen.append(develop_boxes.Outlined(undisturbed, noise, share, None))
    assert np.array_equal(seen[0].logits(2.0)[0], seen[0].logits(0.0)[0] - 2)
    narrow, wide = (calibrate_boxes.chosen_at(scale, seen).held for scale in (1.0, 3.0))
    assert narrow < 0.7 and wide == 1.0


def test_drawn_outline_maximises_the_mean_dice_with_the_samples():
    reference = np.zeros((1, 1, 10), bool)
    reference[..., :6] = True
    # Samples of 4, 5, 6, 6, 9 voxels: the mean exceeds 0.5 in six, where their mean Dice is highest.
    logits = np.full((5, 1, 1, 10), -9.0, np.float32)
    for sample, length in enumerate((4, 5, 6, 6, 9)):
        logits[sample, ..., :length] = 9.0
    outline = calibrate_boxes.drawn(calibrate_boxes.Seen(logits, reference, reference), 1.0, 0.0, 0.5)
    dices = [2 * min(6, n) / (6 + n) for n in (4, 5, 6, 6, 9)]
    assert outline.volume == 6 and outline.dice == 1
    assert outline.expected == pytest.approx(np.mean(dices), abs=1e-6)


def test_kept_weights_are_the_average_and_load_as_the_checkpoint_does(tmp_path):
    from sam2lung_train.config import BoxTrainConfig
    from sam2lung_train.networks.inference import load_boxes
    from sam2lung_train.training.keep_weights import keep_weights
    from sam2lung_train.training.train_boxes import Run

    run = Run(BoxTrainConfig(), [nodule_stack()])
    with torch.no_grad():
        run.average.module.decoder.token.fill_(0.5)
    run.save(tmp_path / "checkpoint.pt")
    keep_weights(tmp_path / "checkpoint.pt", tmp_path / "kept" / "member.pt")
    kept = load_boxes(tmp_path / "kept" / "member.pt")
    assert (kept.decoder.token == 0.5).all()
    assert (tmp_path / "kept" / "member.pt").stat().st_size < (tmp_path / "checkpoint.pt").stat().st_size
    assert not list((tmp_path / "kept").glob("*.part"))
    keep_weights(tmp_path / "checkpoint.pt", tmp_path / "half.pt", half=True)
    halved = load_boxes(tmp_path / "half.pt").state_dict()
    assert all(torch.allclose(value, halved[name], rtol=1e-3, atol=1e-6) for name, value in kept.state_dict().items())
    assert (tmp_path / "half.pt").stat().st_size < 0.6 * (tmp_path / "kept" / "member.pt").stat().st_size


# --- graphs -----------------------------------------------------------------------------------------------------------


def test_graphs_of_a_chain_compute_what_pytorch_does_and_others_dont(network, tmp_path, capsys):
    torch.manual_seed(1)
    detector, classifier = Network(NetworkConfig()).eval(), Classifier().eval()
    found = list(chain.write_graphs(detector, classifier, [network], tmp_path))
    assert len(found) == 2 + 4 + 2 and parity.within_tolerance(found), found
    assert "largest" in capsys.readouterr().out
    other = BoxNetwork(BoxConfig()).eval()
    files = [tmp_path / name for name in chain_contract.member_files(0)]
    assert not parity.within_tolerance(list(chain_parity.member_differences(other, *files)))
