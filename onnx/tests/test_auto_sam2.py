"""AutoSAM2: made heads, prompts, both networks, their training, the bundle, and the table by share of slices."""

import json
import os

import numpy as np
import pytest
from conftest import ONNX_FOLDER

from sam2lung_train.config import AutoSam2Config, NetworkConfig
from sam2lung_train.data import nested_phantom as heads
from sam2lung_train.evaluation import hybrid as table
from sam2lung_train.networks.prompts import prompts_of

# --- without PyTorch --------------------------------------------------------------------------------------------------


def test_head_has_nested_regions_in_a_head_in_air():
    head = heads.nested_phantom(3)
    assert head.volumes.shape == (4, *heads.SHAPE) and head.labels.shape == heads.SHAPE
    whole, core, rim = (head.region(name) for name in ("whole", "core", "enhancing_rim"))
    assert whole.sum() > core.sum() > rim.sum() > 100
    assert (core <= whole).all() and (rim <= core).all()
    air = head.volumes[0] == 0
    assert 0.3 < air.mean() < 0.7 and not head.labels[air].any()
    assert ((head.volumes == 0) == air).all(), "the same voxels in each channel"
    # The rim is what T1c shows, necrosis is dark in it.
    t1c = head.volumes[heads.CHANNELS.index("T1c")]
    assert t1c[head.labels == 3].mean() > 1.3 * t1c[head.labels == 1].mean()


def test_head_of_a_seed_is_the_same_and_of_another_is_another():
    first, again, other = heads.nested_phantom(5), heads.nested_phantom(5), heads.nested_phantom(6)
    assert np.array_equal(first.volumes, again.volumes) and np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_prompts_of_a_bar_are_those_that_the_product_makes():
    """The same bar as in src/networks/hybrid/marks.rs, by hand there."""
    p = np.full((8, 10), 0.1)
    p[3:5, 2:6] = 0.7
    p[3, 4], p[6, 5] = 0.9, 0.01
    config = AutoSam2Config(positive=5, negative=3, ring_mm=(1.5, 3.0), box_margin_mm=1.5)
    made = prompts_of(p, config)
    assert made.points[:4].tolist() == [[4, 3], [2, 4], [5, 4], [2, 3]]
    assert made.points[5:7].tolist() == [[5, 6], [0, 1]]
    assert made.labels.tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    assert made.box.tolist() == [0.5, 1.5, 6.5, 5.5]
    none = prompts_of(p * 0, config)
    assert set(none.labels) == {-1} and not none.points.any() and none.box.tolist() == [0, 0, 9, 7]


def test_dice_and_scores_of_what_is_right_are_1_and_of_another_class_are_not():
    head = heads.nested_phantom(1)
    assert set(table.scores(head.labels, head).values()) == {1.0}
    swapped = np.where(head.labels == 1, 3, head.labels)  # all of the core is called its rim
    found = table.scores(swapped, head)
    assert found["whole"] == found["core"] == found["edema"] == 1
    assert found["necrosis"] == 0 and 0 < found["enhancing_rim"] < 1


# --- with PyTorch -----------------------------------------------------------------------------------------------------

torch = pytest.importorskip("torch", reason="SKIPPED: PyTorch is not installed (pip install -e '.[train]')")

from sam2lung_train.export import auto_sam2 as export  # noqa: E402
from sam2lung_train.networks.auto_sam2 import CoarseUNet, FineNetwork, at_slice, load_auto_sam2  # noqa: E402
from sam2lung_train.training import train_auto_sam2 as training  # noqa: E402

ASKED = {"cache": None, "on": "phantom", "minutes": 1.0, "seed": 0, "rate": 1e-3, "encoder": "compact", "device": "cpu"}


def test_at_slice_reads_a_ramp_at_the_middles_of_its_steps():
    # Features of stride 2 of a box of 8 x 32 x 48 voxels: what a voxel is, 100 k + 10 j + i, in the middle of each cube.
    k, j, i = (np.arange(n // 2) * 2 + 0.5 for n in (8, 32, 48))
    ramp = torch.tensor(100 * k[:, None, None] + 10 * j[:, None] + i)[None].float()
    got = at_slice(ramp, 3, (32, 48), 8)[0].numpy()
    rows, columns = np.arange(4) * 8 + 3.5, np.arange(6) * 8 + 3.5
    np.testing.assert_allclose(got, 300 + 10 * rows[:, None] + columns, rtol=1e-6)
    assert at_slice(ramp, 0, (32, 48), 8)[0, 0, 0] == 50 + 35 + 3.5, "the edge is repeated"


def test_networks_give_logits_of_every_class_and_the_middle_features():
    config = AutoSam2Config()
    logits, middle = CoarseUNet(config).eval()(torch.randn(1, 4, 8, 16, 16))
    assert logits.shape == (1, 4, 8, 16, 16) and middle.shape == (1, 32, 4, 8, 8)
    fine = FineNetwork(config).eval()
    shown = (torch.zeros(2, 13, 2), torch.full((2, 13), -1.0), torch.tensor([[0.0, 0, 47, 31]] * 2))
    slices, coarse = torch.randn(2, 4, 32, 48), torch.randn(2, 32, 4, 6)
    got = fine(slices, *shown, coarse)
    assert got.shape == (2, 4, 32, 48) and not got[:, 0].any(), "the background's logit is 0"
    # Where no point is, its place doesn't matter; where one is, it does; and so do box and features.
    moved = fine(slices, shown[0] + 5, *shown[1:], coarse)
    assert torch.equal(moved, got)
    inside = fine(slices, shown[0] + 5, torch.ones(2, 13), shown[2], coarse)
    elsewhere = fine(slices, shown[0] + 9, torch.ones(2, 13), shown[2], coarse)
    assert not torch.allclose(inside, elsewhere) and not torch.allclose(inside, got)
    assert not torch.allclose(fine(slices, *shown[:2], shown[2] / 2, coarse), got)
    assert not torch.allclose(fine(slices, *shown, coarse * 0), got)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Four steps of a training, two of each network."""
    out = tmp_path_factory.mktemp("auto_sam2")
    training.train_auto_sam2(training.Options(out=out, steps=4, resume=False, **ASKED))
    return out


def test_training_goes_through_both_networks_and_goes_on_where_it_stopped(run, tmp_path):
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert entries[-1]["steps"] == 4 and "fine" in entries[-1]
    (tmp_path / "checkpoint.pt").write_bytes((run / "checkpoint.pt").read_bytes())
    training.train_auto_sam2(training.Options(out=tmp_path, steps=5, resume=True, **ASKED))
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=False)
    assert state["steps"] == 5 and state["part"] == "fine"
    first = torch.load(run / "checkpoint.pt", weights_only=False)
    assert all(torch.equal(value, state["coarse"][name]) for name, value in first["coarse"].items()), "it stays"


@pytest.fixture(scope="module")
def bundle(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "auto-sam2"
    export.export_auto_sam2(run, folder, "0.0.1")
    return folder


def test_bundle_is_what_the_schema_says_and_its_graphs_give_what_pytorch_gives(run, bundle):
    onnxruntime = pytest.importorskip("onnxruntime", reason="SKIPPED: ONNX Runtime is not installed")
    contract = json.loads((bundle / "model.json").read_text())
    jsonschema = pytest.importorskip("jsonschema", reason="SKIPPED: jsonschema is not installed")
    jsonschema.validate(contract, json.loads((ONNX_FOLDER / "schema" / "model.schema.json").read_text()))
    coarse, fine, config = load_auto_sam2(run / "checkpoint.pt")
    sessions = [onnxruntime.InferenceSession(bundle / name) for name in (export.COARSE_FILE, export.FINE_FILE)]
    box = torch.randn(1, 4, *export.AUTO_SAM2_BOX)
    with torch.no_grad():
        wanted = coarse(box)
    for own, given in zip(wanted, sessions[0].run(["logits", "middle"], {"boxes": box.numpy()})):
        np.testing.assert_allclose(given, own.numpy(), atol=2e-4)
    for size in ((64, 64), (80, 48)):
        shown = {
            "slices": torch.randn(1, 4, *size),
            "points": torch.rand(1, 13, 2) * 40,
            "labels": torch.tensor([[1.0] * 8 + [-1.0] * 2 + [0.0] * 3]),
            "box": torch.tensor([[3.0, 4.0, 30.0, 41.0]]),
            "middle": torch.randn(1, config.network.widths[1], size[0] // 8, size[1] // 8),
        }
        with torch.no_grad():
            wanted = fine(*shown.values()).numpy()
        (given,) = sessions[1].run(["logits"], {name: value.numpy() for name, value in shown.items()})
        np.testing.assert_allclose(given, wanted, atol=2e-4)


def test_table_has_a_row_for_each_share_and_mode(bundle, tmp_path):
    program = os.environ.get("SAM2LUNG_BIN")
    if not program:
        pytest.skip("SKIPPED: SAM2LUNG_BIN does not name the built sam2lung")
    table.evaluate_hybrid(table.Options(program, bundle, tmp_path, heads=1, shares=[0.0, 0.3]))
    rows = json.loads((tmp_path / "hybrid.json").read_text())
    assert [(row["mode"], row["share"]) for row in rows] == [("coarse only", 0), ("both", 0.3), ("slices only", 0.3)]
    assert len({row["dice"]["whole"] for row in rows}) == 3, "each way gives something else"
    assert "| 30% | slices only |" in (tmp_path / "hybrid.md").read_text()


def test_lung_boxes_have_one_windowed_channel_and_the_readers_majority(monkeypatch):
    from test_boxes import nodule_stack

    monkeypatch.setattr(training.items, "load_stacks", lambda cache: [nodule_stack(readers=1)])
    volumes, labels, known = training.Nodules(None, seed=2).box()
    assert volumes.shape == (1, *export.AUTO_SAM2_BOX) and 0 <= volumes.min() and volumes.max() <= 1
    assert labels.shape == known.shape == export.AUTO_SAM2_BOX
    # A ball of 5 mm radius, in voxels of 1.25 x 0.6 x 0.6 mm, of which the caps show all that there is.
    assert labels.sum() * 0.45 == pytest.approx(4 / 3 * np.pi * 5**3, rel=0.15)
    config = training.config_of(training.Options(out=None, steps=2, resume=False, **(ASKED | {"on": "lidc"})))
    assert (config.network.channels, config.network.classes) == (("CT",), ("nodule",))
    assert isinstance(config.network.encoder, NetworkConfig)
