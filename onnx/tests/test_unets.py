"""U-Nets of the field: the network, its windows, its loss, which weights are shipped, its bundle."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="SKIPPED: PyTorch is not installed (pip install -e '.[train]')")

from conftest import ONNX_FOLDER  # noqa: E402
from test_boxes import nodule_stack  # noqa: E402

from sam2lung_train.data import items  # noqa: E402
from sam2lung_train.errors import UserError  # noqa: E402
from sam2lung_train.networks.unet import UNet  # noqa: E402
from sam2lung_train.systems import SYSTEMS, UnetTrainConfig  # noqa: E402
from sam2lung_train.training import train_unet, unet_windows  # noqa: E402

SLICE, SLAB, BOX = (SYSTEMS[name] for name in ("recall-unet-2d", "luna-unet-2.5d", "mc-unet-3d"))
SMALL_BOX = replace(BOX, size=(16, 16, 16), widths=(4, 8, 8))


def network_of(system, seed=0):
    """At random weights that keep signals as large as they are, with statistics that aren't those of a new layer."""
    torch.manual_seed(seed)
    network = UNet(system).eval()
    for module in network.modules():
        if hasattr(module, "kernel_size") and hasattr(module, "weight"):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if hasattr(module, "running_mean"):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network


# --- network ----------------------------------------------------------------------------------------------------------


def test_unet_of_64_cubed_has_the_published_number_of_weights():
    assert sum(weight.numel() for weight in UNet(BOX).parameters()) == pytest.approx(5.6e6, rel=0.01)


@torch.no_grad()
def test_unet_of_a_part_of_a_slice_says_what_it_says_of_the_whole():
    network, image = network_of(SLICE), torch.rand(1, 1, 256, 256)
    halo, multiple = SLICE.halo_px, SLICE.multiple
    assert (halo, multiple) == (56, 8)
    whole = network(image)
    part = network(image[..., 96 - halo :, 96 - halo :])
    inside = part[..., halo:, halo:]
    torch.testing.assert_close(inside, whole[..., 96:, 96:], rtol=0, atol=1e-4)
    # The halo is needed: with a multiple of it only, the edge differs.
    near = network(image[..., 96 - multiple :, 96 - multiple :])[..., multiple:, multiple:]
    assert (near - whole[..., 96:, 96:]).abs().max() > 1e-3


@torch.no_grad()
def test_unet_every_dropout_mask_changes_the_logits_and_ones_change_nothing():
    network, image = network_of(SMALL_BOX), torch.rand(1, 1, 16, 16, 16)
    masks, plain = network.masks(1, drop=False), network(image)
    assert len(masks) == len(SMALL_BOX.dropout()) == 5
    torch.testing.assert_close(network(image, *masks), plain, rtol=0, atol=1e-4)
    for n, mask in enumerate(masks):
        others = [other.clone() for other in masks]
        others[n] = mask * 0
        assert not torch.allclose(network(image, *others), plain), f"mask {n}"


@torch.no_grad()
def test_unet_samples_of_one_image_are_those_of_each_set_of_masks():
    network, image = network_of(SMALL_BOX), torch.rand(1, 1, 16, 16, 16)
    masks = network.masks(3)
    together = network(image, *masks)
    for sample in range(3):
        alone = network(image, *(mask[sample : sample + 1] for mask in masks))
        torch.testing.assert_close(together[sample : sample + 1], alone, rtol=0, atol=1e-4)


def test_masks_keep_the_mean():
    torch.manual_seed(0)
    for mask, (channels, rate) in zip(UNet(BOX).masks(2000), BOX.dropout()):
        assert mask.shape == (2000, channels, 1, 1, 1) and set(mask.unique().tolist()) == {0.0, 1.25}
        assert float(mask.mean()) == pytest.approx(1, abs=0.02)  # 32000 draws or more: deviation 0.003


# --- windows ----------------------------------------------------------------------------------------------------------


def test_target_of_a_sphere_has_the_nodules_diameter_and_of_the_union_every_mark():
    stack = nodule_stack(slices=15, radius=6.0, readers=2)
    voxel_mm3 = stack.step_mm * stack.pixel_mm**2
    sphere = unet_windows.target_of(stack, "sphere")
    assert sphere.sum() * voxel_mm3 == pytest.approx(np.pi * 12**3 / 6, rel=0.03)  # voxels at its face
    assert (unet_windows.target_of(stack, "union") == (stack.marks > 0)).all()
    assert (unet_windows.target_of(stack, "consensus") == (stack.marks > 0)).all()  # one of two is half


def test_places_of_a_slab_are_whole_slices_and_of_a_box_millimetres():
    spacing, middle = np.array([2.0, 0.5, 0.5]), (10, 40, 40)
    slab = unet_windows.places(SLAB, spacing, middle, np.eye(3))
    assert slab.shape == (7, 64, 64, 3) and slab[:, 0, 0, 0].tolist() == [7, 8, 9, 10, 11, 12, 13]
    assert slab[3, 0, [0, -1], 2].tolist() == [40 - 31.5, 40 + 31.5]
    box = unet_windows.places(BOX, spacing, middle, np.eye(3))
    # 64 voxels of 1 mm: 31.5 mm on each side are 15.75 slices and 63 pixels.
    assert box[[0, -1], 0, 0, 0].tolist() == [10 - 15.75, 10 + 15.75]
    assert box[0, 0, [0, -1], 2].tolist() == [40 - 63, 40 + 63]


def test_read_slab_has_its_slices_as_channels_and_the_middle_ones_target():
    hu = np.arange(9, dtype=np.int16)[:, None, None] * np.ones((1, 80, 80), np.int16)
    target = np.zeros(hu.shape, bool)
    target[4, 40:, :] = True
    voxels = unet_windows.places(SLAB, np.ones(3), (4, 40, 40), np.eye(3))
    image, marked, valid = unet_windows.read(SLAB, hu, target, voxels)
    assert image[:, 20, 20].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert marked.shape == valid.shape == (1, 64, 64) and valid.min() == 1
    # Rows lie between two voxels: 40 - 31.5 + n; those from 39.5 on read one half or more.
    assert marked[0, :, 20].tolist() == [0.0] * 31 + [1.0] * 33


@pytest.mark.parametrize("system", [SLICE, SLAB, BOX], ids=lambda system: system.words)
def test_sampler_same_seed_gives_the_same_batch_of_known_pixels(system):
    one, two = (unet_windows.WindowSampler(system, [nodule_stack()], [], 7).batch() for _ in range(2))
    space = system.size if system.dimensions == 3 else system.size[1:]
    assert one.image.shape == (system.nodules, system.slices, *space)
    assert one.target.shape == one.valid.shape == (system.nodules, 1, *space)
    for name in vars(one):
        assert torch.equal(getattr(one, name), getattr(two, name)), name
    assert one.image.min() >= 0 and one.image.max() <= 1 and one.target.sum() > 0


# --- loss, and what is shipped ----------------------------------------------------------------------------------------


def a_batch(target):
    target = torch.tensor(target).reshape(1, 1, 1, -1)
    return unet_windows.Windows(target, target, torch.ones_like(target))


def test_loss_weighs_missed_pixels_more_than_false_ones():
    # Probabilities 1, 0, 1, 0 of 1, 1, 0, 0: one right, one missed, one false.
    logits = torch.tensor([50.0, -50.0, 50.0, -50.0]).reshape(1, 1, 1, 4)
    batch, smooth = a_batch([1.0, 1.0, 0.0, 0.0]), train_unet.SMOOTH
    wanted = 1 - (1 + smooth) / (1 + 0.7 * 1 + 0.3 * 1 + smooth)
    assert float(train_unet.loss(logits, batch, SLAB)) == pytest.approx(wanted)
    only_missed = torch.tensor([50.0, -50.0, -50.0, -50.0]).reshape(1, 1, 1, 4)
    only_false = torch.tensor([50.0, 50.0, 50.0, -50.0]).reshape(1, 1, 1, 4)
    missed, false = (float(train_unet.loss(at, batch, SLAB)) for at in (only_missed, only_false))
    assert missed == pytest.approx(1 - 2 / 2.7) and false == pytest.approx(1 - 3 / 3.3)


def test_loss_without_weights_is_dice_and_forgets_unknown_pixels():
    logits = torch.tensor([50.0, -50.0, 50.0, 50.0]).reshape(1, 1, 1, 4)
    batch = a_batch([1.0, 1.0, 0.0, 0.0])
    batch.valid[..., 3] = 0
    # One right of two marked and two wanted: Dice (2 + 2 smooth) / (4 + 2 smooth).
    assert float(train_unet.loss(logits, batch, SLICE)) == pytest.approx(1 - 4 / 6)


def test_shipped_are_the_weights_of_the_best_recall_among_looks_worth_it():
    run = train_unet.Run(UnetTrainConfig("recall-unet-2d"), [nodule_stack()], [])
    looks = [
        ({"dice": 0.02, "recall": 1.0}, True),  # the first, which marks everything
        ({"dice": 0.70, "recall": 0.7}, True),  # the first is no longer worth it
        ({"dice": 0.69, "recall": 0.8}, True),
        ({"dice": 0.72, "recall": 0.75}, False),
        ({"dice": 0.50, "recall": 0.95}, False),
    ]
    for look, wanted in looks:
        run.looks.append(look)
        assert run.is_shipped(look) == wanted, look


# --- from the command to the bundle -----------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path):
    """Packed data of made nodules: eight to learn from, two of the development part; a whole CT of lung."""
    names = [n for n in range(200)]
    learned = [n for n in names if not items.is_develop(f"p{n}")][:8]
    develop = [n for n in names if items.is_develop(f"p{n}")][:2]
    stacks = [replace(nodule_stack(), key=f"n{n}", patient=f"p{n}", develop=n in develop) for n in (*learned, *develop)]
    hu = np.full((12, 90, 90), -850, np.int16)
    empty = np.zeros(hu.shape, np.uint8)
    whole = items.Whole("lung", hu, empty, np.ones(hu.shape, bool), (1.25, 0.7, 0.7))
    (tmp_path / "cache").mkdir()
    items.save(tmp_path / "cache" / items.NODULES, stacks)
    items.save(tmp_path / "cache" / items.WHOLES, [whole])
    return tmp_path / "cache"


@pytest.mark.parametrize("name", ["recall-unet-2d", "luna-unet-2.5d"])
def test_train_resume_and_export_leave_a_bundle_that_the_schema_takes(name, cache, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="SKIPPED: onnxruntime is not installed")
    from sam2lung_train.export.unet import export_unet

    asked = train_unet.Options(out=tmp_path / "run", system=name, cache=cache, steps=2)
    train_unet.train_unet(asked)
    train_unet.train_unet(replace(asked, steps=3, resume=True))
    # Each ended with a look, the second though the first had had all that were due.
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=False)
    assert [look["steps"] for look in state["looks"]] == [2, 3] and state["config"]["system"] == name
    export_unet(tmp_path / "run")
    contract = json.loads((tmp_path / "run" / "bundle" / "model.json").read_text())
    schema = json.loads((ONNX_FOLDER / "schema" / "model.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(contract)
    assert contract["decision"]["threshold"] == SYSTEMS[name].threshold
    network = UNet(SYSTEMS[name]).eval()
    network.load_state_dict(state["shipped"])
    graph = onnxruntime.InferenceSession(str(tmp_path / "run" / "bundle" / "unet.onnx"))
    image = torch.rand(1, SYSTEMS[name].slices, 40, 72)
    with torch.no_grad():
        np.testing.assert_allclose(graph.run(None, {"image": image.numpy()})[0], network(image).numpy(), atol=1e-4)


def test_export_of_boxes_has_every_mask_as_an_input(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="SKIPPED: onnxruntime is not installed")
    from sam2lung_train.export.unet import export_graph, segmenter_fields

    network = network_of(SMALL_BOX)
    export_graph(network, tmp_path / "unet.onnx")
    image, masks = torch.rand(1, 1, 16, 16, 16), network.masks(4)
    graph = onnxruntime.InferenceSession(str(tmp_path / "unet.onnx"))
    feed = {"image": image.numpy()} | {f"drop{n}": mask.numpy() for n, mask in enumerate(masks)}
    with torch.no_grad():
        np.testing.assert_allclose(graph.run(None, feed)[0], network(image, *masks).numpy(), atol=1e-4)
    fields = segmenter_fields(SMALL_BOX, tmp_path)
    assert [drop["channels"] for drop in fields["random"]["dropout"]] == [4, 8, 8, 8, 4]
    assert fields["grid"]["overlap"] == 0.5 and fields["grid"]["blend"] == "gaussian"


def test_train_unknown_system_is_refused_by_name(tmp_path):
    with pytest.raises(UserError, match="--system unet: expected one of mc-unet-3d, recall-unet-2d, luna-unet-2.5d"):
        train_unet.train_unet(train_unet.Options(out=tmp_path, system="unet"))
