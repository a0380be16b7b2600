"""The SAM 2 encoder on a Hiera of a few thousand weights: shapes, scale, freezing, checkpoints, export. Needs torch and
transformers.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed (pip install -r onnx/requirements.txt)")
pytest.importorskip(
    "transformers", reason="SKIPPED: transformers is not installed (pip install -r onnx/requirements.txt)"
)

from test_data import stack  # noqa: E402

from sam2lung_train.cli.main import main  # noqa: E402
from sam2lung_train.config import EACH_SIDE, HIERA_WINDOW_PX, SLICES, NetworkConfig, TrainConfig  # noqa: E402
from sam2lung_train.errors import UserError  # noqa: E402
from sam2lung_train.export import contract, graphs, parity  # noqa: E402
from sam2lung_train.networks import hiera, inference  # noqa: E402
from sam2lung_train.networks.network import Network  # noqa: E402
from sam2lung_train.run_folder import DEFAULTS  # noqa: E402
from sam2lung_train.training import train_segmenter  # noqa: E402

SMALL = "sam2.1-hiera-test"
NETWORK = {"widths": (8, 8, 8, 16, 16), "decoder_widths": (16, 8, 8, 8), "clicks": 4, "token": 8}


@pytest.fixture(autouse=True, scope="module")
def small_size():
    """All kinds of blocks that the published sizes have: pooling, windows that need padding, global attention."""
    with pytest.MonkeyPatch.context() as patch:
        size = hiera.Hiera(8, 1, (1, 1, 2, 1), (3,), background=3, windows=(8, 4, 3, 2), neck=16)
        patch.setitem(hiera.SIZES, SMALL, size)
        yield


def config(**fields):
    return NetworkConfig(encoder=SMALL, **{"side": 64, "field_px": 64, **NETWORK, **fields})


def stirred(module):
    """Random values where an untrained network has zeros and ones."""
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if name.endswith("running_var"):
            value.data.uniform_(0.5, 2)
        elif name.endswith("running_mean") or value.is_floating_point() and not value.any():
            value.data.normal_(0, 0.2)
    return module.eval()


@pytest.fixture(scope="module")
def network(small_size):
    torch.manual_seed(2)
    return stirred(Network(config()))


def run_of(**fields):
    settings = TrainConfig(network=config(), pairs=1, singles=1, negatives=0, window_px=32, **fields)
    return train_segmenter.Run(settings, [stack(votes=np.full((3, 128, 128), 255, np.uint8))], [])


def weights_of(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


# --- shapes and scale -------------------------------------------------------------------------------------------------


@torch.no_grad()
@pytest.mark.parametrize("height, width", [(32, 48), (64, 64), (96, 160)])
def test_embeddings_have_the_decoders_widths_and_strides(network, height, width):
    slices = torch.rand(2, SLICES, height, width)
    embeddings = network.encoder(slices, torch.zeros(2, SLICES))
    expected = [(2, c, height // s, width // s) for c, s in zip(NETWORK["widths"], contract.STRIDES)]
    assert [tuple(e.shape) for e in embeddings] == expected
    logits = network.decoder(embeddings, torch.zeros(2, 2, height, width), network.masks(2, "cpu"))
    assert logits.shape == (2, 1, height, width)


@pytest.mark.parametrize("name, millions", [("tiny", 27.2), ("small", 34.3), ("base-plus", 69.1), ("large", 212.7)])
def test_published_sizes_have_their_number_of_parameters(name, millions):
    with torch.device("meta"):
        model = hiera.vision_model(f"sam2.1-hiera-{name}", 512)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


def test_unknown_names_and_sides_are_refused():
    with pytest.raises(ValueError, match="'sam3'.*compact.*sam2.1-hiera-tiny"):
        hiera.vision_model("sam3", 512)
    with pytest.raises(ValueError, match="side 500: expected a multiple of 32"):
        hiera.vision_model(SMALL, 500)


def test_lay_keeps_the_scale_of_a_small_slice_and_shrinks_a_large_one(network):
    encoder, nowhere = network.encoder, torch.zeros(1, 2)
    small = torch.rand(1, 3, 32, 48)
    square = encoder.lay(small, nowhere)
    # One of the square's pixels for one of the slice's: the same values, and nothing around.
    torch.testing.assert_close(square[:, :, :32, :48], small, atol=1e-5, rtol=0)
    assert not square[:, :, 32:].any() and not square[:, :, :, 48:].any()
    ramp = torch.arange(128.0)[None, None, None].expand(1, 1, 64, 128)
    # Two for one: pixel u of the square lies between 2u and 2u + 1.
    square = encoder.lay(ramp, nowhere)
    torch.testing.assert_close(square[0, 0, 5], 2 * torch.arange(64.0) + 0.5, atol=1e-3, rtol=0)
    assert not square[0, 0, 33:].any()


@pytest.mark.parametrize("height, width", [(32, 48), (96, 128)])
def test_put_back_finds_what_was_laid(network, height, width):
    """The square's own columns, averaged to stride 4, come back as the place of each of the slices' 4 x 4 pixels."""
    slices, place = (
        torch.zeros(1, SLICES, height, width),
        torch.tensor([[7.0, 3.0]]) if width < 64 else torch.zeros(1, 2),
    )
    columns = (torch.arange(16.0) * 4 + 2)[None, None, None].expand(1, 1, 16, 16)  # continuous: pixel u from u to u + 1
    back = network.encoder.put_back(columns, place, 4, slices)
    expected = (torch.arange(width // 4) * 4 + 2) * min(1, 64 / width) + place[0, 0]
    # The outermost half pixel repeats the edge.
    torch.testing.assert_close(back[0, 0, 1, 1:-1], expected[1:-1], atol=1e-3, rtol=0)


def test_place_is_the_corner_but_anywhere_inside_while_training(network):
    slices = torch.zeros(500, SLICES, 32, 48)
    assert not network.encoder.place(slices).any()
    try:
        place = network.encoder.train().place(slices)
    finally:
        network.eval()
    # Whole pixels, so that nothing is blurred; up to 64 - 48 and 64 - 32.
    assert place.min(0).values.tolist() == [0, 0] and place.max(0).values.tolist() == [16, 32]
    assert torch.equal(place, place.round())


@torch.no_grad()
def test_untrained_channels_are_the_three_middle_slices():
    slices = torch.rand(1, SLICES, 16, 16)
    made = hiera.Channels()(slices, torch.randn(1, SLICES))
    assert torch.equal(made, slices[:, EACH_SIDE - 1 : EACH_SIDE + 2])


@torch.no_grad()
def test_every_slice_and_distance_reaches_every_embedding(network):
    slices, offsets = torch.rand(1, SLICES, 64, 64), torch.zeros(1, SLICES)
    plain = network.encoder(slices, offsets)
    for moved in (slices.roll(1, 2), slices * 0.5):
        assert all((a - b).abs().max() > 1e-4 for a, b in zip(plain, network.encoder(moved, offsets)))
    for n in range(SLICES):
        other = slices.clone()
        other[:, n] = 0
        assert all((a - b).abs().max() > 1e-6 for a, b in zip(plain, network.encoder(other, offsets))), n
    assert all((a - b).abs().max() > 1e-6 for a, b in zip(plain, network.encoder(slices, offsets + 2)))


# --- training ---------------------------------------------------------------------------------------------------------


def test_frozen_weights_stay_while_the_rest_learns_and_then_learn_too():
    run = run_of(frozen=0.2, minutes=1)
    before, others = weights_of(run.network.encoder.sam2), weights_of(run.network)
    run.seconds = 6.0
    run.step(run.sampler.batch())
    assert all(torch.equal(value, before[name]) for name, value in run.network.encoder.sam2.state_dict().items())
    assert not torch.equal(run.network.decoder.token, others["decoder.token"])
    # The channels before Hiera learn through it.
    assert not torch.equal(run.network.encoder.channels.add.weight, others["encoder.channels.add.weight"])
    run.seconds = 12.0
    run.step(run.sampler.batch())
    changed = [
        name for name, value in run.network.encoder.sam2.state_dict().items() if not torch.equal(value, before[name])
    ]
    assert "backbone.blocks.0.attn.qkv.weight" in changed and "neck.convs.1.weight" in changed


def test_pretrained_weights_learn_at_a_tenth_of_the_rate():
    run = run_of(minutes=1)
    run.seconds = 30.0
    run.step(run.sampler.batch())
    new, pretrained = run.optimiser.param_groups
    assert new["lr"] == pytest.approx(run.config.rate * train_segmenter.rate_share(0.5), rel=1e-9)
    assert pretrained["lr"] == pytest.approx(new["lr"] / 10, rel=1e-9)
    assert len(pretrained["params"]) == len(list(run.network.encoder.sam2.parameters()))
    assert len(new["params"]) + len(pretrained["params"]) == len(list(run.network.parameters()))


def test_resume_keeps_encoder_groups_and_where_the_weights_came_from(tmp_path):
    run = run_of(minutes=1, checkpoint="made.pt sha256 00", pretrained_rate=0.05)
    run.seconds = 30.0
    run.step(run.sampler.batch())
    run.save(tmp_path / "checkpoint.pt")
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=False)
    again = train_segmenter.Run(TrainConfig.of(stored["config"]), run.sampler.stacks, [])
    again.restore(tmp_path / "checkpoint.pt")
    assert again.config == run.config and again.config.network.encoder == SMALL
    assert [group["share"] for group in again.optimiser.param_groups] == [1.0, 0.05]
    batch = run.sampler.batch()
    torch.manual_seed(3)
    first = run.step(batch)
    torch.manual_seed(3)
    assert again.step(batch) == first
    network = inference.load_network(tmp_path / "checkpoint.pt")
    assert torch.equal(network.decoder.token, stored["average"]["module.decoder.token"])


# --- checkpoints ------------------------------------------------------------------------------------------------------


def metas(weights):
    """A `Sam2VisionModel`'s weights as Meta's checkpoints call them."""
    renamed = {}
    for name, value in weights.items():
        name = name.replace("backbone.", "image_encoder.trunk.").replace("neck.", "image_encoder.neck.")
        name = name.replace("projection", "proj").replace("layer_norm", "norm")
        name = name.replace("mlp.proj_in", "mlp.layers.0").replace("mlp.proj_out", "mlp.layers.1")
        if ".convs." in name:
            name = name.replace(".weight", ".conv.weight").replace(".bias", ".conv.bias")
        renamed[name] = value
    return renamed


def written(kind, weights, folder):
    other = {"mask_decoder.token": torch.zeros(3), "memory_attention.norm.weight": torch.zeros(4)}
    if kind == "meta.pt":
        torch.save(
            {"model": {**metas(weights), "sam_mask_decoder.token": torch.zeros(3), "maskmem_tpos_enc": torch.zeros(4)}},
            folder / kind,
        )
    elif kind == "model.safetensors":
        from safetensors.torch import save_file

        save_file(
            {f"vision_encoder.{name}": value.contiguous() for name, value in weights.items()} | other, folder / kind
        )
    else:
        torch.save({**weights, **other}, folder / kind)
    return folder / kind


@torch.no_grad()
@pytest.mark.parametrize("kind", ["model.safetensors", "pytorch_model.bin", "meta.pt"])
def test_checkpoint_of_each_writer_gives_the_same_features(kind, tmp_path):
    source = stirred(hiera.vision_model(SMALL, 64))
    file = written(kind, weights_of(source), tmp_path)
    encoder = Network(config()).encoder.eval()
    assert hiera.load_checkpoint(encoder, file) == 2
    picture = torch.randn(1, 3, 64, 64)
    for mine, theirs in zip(encoder.sam2(picture).fpn_hidden_states, source(picture).fpn_hidden_states):
        assert torch.equal(mine, theirs)


def test_meta_names_are_those_that_meta_publishes(small_size):
    """Some of sam2.1_hiera_tiny.pt's own names."""
    names = set(metas(hiera.vision_model("sam2.1-hiera-tiny", 64).state_dict()))
    trunk, neck = "image_encoder.trunk.", "image_encoder.neck."
    assert {
        f"{trunk}pos_embed", f"{trunk}pos_embed_window", f"{trunk}patch_embed.proj.weight", f"{trunk}blocks.0.norm1.weight",
        f"{trunk}blocks.1.proj.bias", f"{trunk}blocks.11.attn.qkv.weight", f"{trunk}blocks.11.mlp.layers.1.bias",
        f"{neck}convs.3.conv.weight",
    } <= names  # fmt: skip


def test_checkpoint_that_does_not_fit_is_refused_by_the_names(tmp_path):
    weights = weights_of(hiera.vision_model(SMALL, 64))
    weights.pop("neck.convs.0.bias")
    weights["backbone.blocks.9.proj.bias"] = torch.zeros(2)
    weights["backbone.pos_embed"] = torch.zeros(1, 8, 7, 7)
    encoder = Network(config()).encoder
    before = weights_of(encoder)
    with pytest.raises(ValueError) as error:
        hiera.load_checkpoint(encoder, written("pytorch_model.bin", weights, tmp_path))
    told = str(error.value)
    assert "missing: neck.convs.0.bias" in told
    assert "no place for: backbone.blocks.9.proj.bias" in told
    assert "another shape: backbone.pos_embed (1, 8, 7, 7), expected (1, 8, 3, 3)" in told
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_checkpoint_of_something_else_is_refused(tmp_path):
    torch.save({"layer.weight": torch.zeros(1)}, tmp_path / "else.pt")
    with pytest.raises(ValueError, match="no SAM 2 image encoder.*vision_encoder.backbone.*got layer.weight"):
        hiera.load_checkpoint(Network(config()).encoder, tmp_path / "else.pt")


def test_options_without_a_checkpoint_say_so_and_freeze_nothing(tmp_path, capsys):
    asked = train_segmenter.Options(out=tmp_path, encoder="sam2.1-hiera-tiny")
    begun = train_segmenter.begun(asked)
    assert "RANDOM" in capsys.readouterr().out
    assert (begun.frozen, begun.pretrained_rate, begun.window_px) == (0.0, 1.0, HIERA_WINDOW_PX)
    (tmp_path / "weights.pt").write_bytes(b"abc")
    begun = train_segmenter.begun(replace(asked, checkpoint=tmp_path / "weights.pt", frozen=0.3))
    assert (begun.frozen, begun.pretrained_rate) == (0.3, 0.1)
    assert begun.checkpoint.startswith("weights.pt sha256 ba7816bf")
    with pytest.raises(UserError, match="sam2.1 --encoder"):
        train_segmenter.Options(out=tmp_path, checkpoint=Path("weights.pt"))


def test_training_from_a_checkpoint_by_the_command_and_going_on(tmp_path, capsys, monkeypatch):
    """Frozen all the time, so that the checkpoint's weights are still to be found at the end."""
    source = stirred(hiera.vision_model(SMALL, 64))
    file = written("model.safetensors", weights_of(source), tmp_path)
    votes = np.full((3, 128, 128), 255, np.uint8)
    stacks = [stack(votes=votes), stack(votes=votes, develop=True)]
    monkeypatch.setattr(train_segmenter.items, "load_stacks", lambda cache: stacks)
    monkeypatch.setattr(train_segmenter.items, "load_wholes", lambda cache: [])
    words = ["--out", str(tmp_path), "--minutes", "0.01"]
    assert (
        main(
            [
                "train",
                *words,
                "--encoder",
                SMALL,
                "--checkpoint",
                str(file),
                "--side",
                "64",
                "--window",
                "32",
                "--frozen",
                "1",
            ]
        )
        == 0
    )
    assert f"{SMALL} begins at model.safetensors sha256 " in capsys.readouterr().out
    first = torch.load(tmp_path / "checkpoint.pt", weights_only=False)
    assert main(["train", *words[:2], "--minutes", "0.02", "--resume"]) == 0
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=False)
    assert state["steps"] > first["steps"] and state["config"]["checkpoint"] == first["config"]["checkpoint"] != ""
    network = inference.load_network(tmp_path / "checkpoint.pt")
    assert all(
        torch.equal(value, source.state_dict()[name]) for name, value in network.encoder.sam2.state_dict().items()
    )


# --- export -----------------------------------------------------------------------------------------------------------


def test_exported_graphs_equal_the_network_at_other_sizes(network, tmp_path):
    """Smaller than, as large as and larger than what the square holds: 48 x 32, 64 x 64, 96 x 160."""
    graphs.export_graphs(network, None, tmp_path)
    for words, difference in parity.network_differences(network, tmp_path):
        assert difference < parity.TOLERANCE, words
    for name in (contract.ENCODER_FILE, contract.DECODER_FILE):
        written = (tmp_path / name).read_bytes()
        assert b"sam2lung_train" not in written and b".py" not in written, "the exporter's notes of this machine"


def test_contract_says_that_the_whole_slice_is_encoded(network, tmp_path):
    for name in ("encoder.onnx", "decoder.onnx"):
        (tmp_path / name).write_bytes(b"")
    training = {"config": {"checkpoint": "sam2.1_hiera_tiny.pt sha256 00"}}
    spec = contract.model_json(network.config, DEFAULTS, tmp_path, "0", training)
    assert spec["segment"]["whole_slice"] is True and spec["name"] == "sam2lung-hiera-test"
    assert "Apache-2.0)" in spec["provenance"]["licence"]
    spec = contract.model_json(NetworkConfig(), DEFAULTS, tmp_path, "0", {"config": {}})
    assert "whole_slice" not in spec["segment"] and spec["name"] == "sam2lung-compact"
    json.dumps(spec)
