"""SAM 2's image encoder (Hiera and its feature pyramid) in the place of the compact one; needs `transformers`.

(B, S, H, W) slices in [0, 1] and their distances (B, S) in mm go in, embeddings at strides 1, 2, 4, 8, 16 come out, of
the same widths as the compact encoder's, so that the decoder, its clicks and its dropout stay what they are.

- Channels: SAM 2 knows pictures of three channels. They begin as the slice before, the centre slice and the one after,
  so that a checkpoint sees grey pictures like those it was trained on; a small network of all S slices and of their
  distances, which begins at nothing, adds to them.
- Size: Hiera has global attention and position embeddings of a picture, so it gets a square of fixed side whatever H
  and W are. Slices are *laid* into it at a fixed scale, `side / field_px` of its pixels for one of the network's; what
  is left of the square is air. Only a slice larger than `field_px` is shrunk to fit. Stretching each slice to the
  square would show a nodule of a training window four times as large as the same nodule in a whole slice. While
  training, windows lie anywhere in the square.
- Strides 4, 8, 16 are Hiera's, put back on the network's pixels and normalised there, where no air of the square
  counts. Strides 1 and 2 come from the slices themselves by a few convolutions, the first of the compact encoder:
  Hiera's finest pixels are 4 x 4 (2.8 mm), half a small nodule, and a boundary can't be sharper than what the decoder
  is shown.

The whole slice has to be encoded: `encoder.whole_slice` in model.json.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from ..config import EACH_SIDE, SLICES, NetworkConfig
from ..errors import UserError
from .blocks import Residual, SlicePosition, conv

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # weights come from a local file or not at all
from transformers import Sam2HieraDetConfig, Sam2VisionConfig, Sam2VisionModel  # noqa: E402

PATCH = 32  # the side is a multiple: Hiera's coarsest pixels, and the period of its window embedding
STRIDES = (4, 8, 16)
# Of the pictures that Hiera was trained on (ImageNet's, as SAM 2 has them).
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass
class Hiera:
    """What differs between the sizes (the configurations of sam2.1 as Meta publishes them)."""

    width: int
    heads: int
    blocks: tuple
    attends_globally: tuple  # blocks
    background: int  # side of the position embedding
    windows: tuple = (8, 4, 14, 7)
    neck: int = 256


SIZES = {
    "sam2.1-hiera-tiny": Hiera(96, 1, (1, 2, 7, 2), (5, 7, 9), 7),
    "sam2.1-hiera-small": Hiera(96, 1, (1, 2, 11, 2), (7, 10, 13), 7),
    "sam2.1-hiera-base-plus": Hiera(112, 2, (2, 3, 16, 3), (12, 16, 20), 14),
    "sam2.1-hiera-large": Hiera(144, 2, (2, 6, 36, 4), (23, 33, 43), 7, windows=(8, 4, 16, 8)),
}


def vision_model(name: str, side: int) -> Sam2VisionModel:
    """SAM 2's image encoder at random weights.

    # Raises UserError for a name or side that there is none for.
    """
    if name not in SIZES:
        raise UserError(f"no encoder {name!r}: expected compact or one of {', '.join(SIZES)}")
    if side % PATCH:
        raise UserError(f"side {side}: expected a multiple of {PATCH}")
    size = SIZES[name]
    widths = [size.width * 2**n for n in range(4)]
    backbone = Sam2HieraDetConfig(
        hidden_size=size.width,
        num_attention_heads=size.heads,
        image_size=[side, side],
        blocks_per_stage=list(size.blocks),
        embed_dim_per_stage=widths,
        num_attention_heads_per_stage=[size.heads * 2**n for n in range(4)],
        window_size_per_stage=list(size.windows),
        window_positional_embedding_background_size=[size.background] * 2,
        global_attention_blocks=list(size.attends_globally),
    )
    sizes = [[side // stride] * 2 for stride in STRIDES]
    return Sam2VisionModel(
        Sam2VisionConfig(
            backbone_config=backbone,
            backbone_channel_list=widths[::-1],
            backbone_feature_sizes=sizes,
            fpn_hidden_size=size.neck,
        )
    )


class Channels(nn.Module):
    """Slices (B, S, H, W) in [0, 1] and distances (B, S) to the three channels (B, 3, H, W) that Hiera is used to."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.position = SlicePosition(width)
        self.look = nn.Conv2d(SLICES, width, 3, padding=1)
        self.add = nn.Conv2d(width, 3, 1)
        nn.init.zeros_(self.add.weight)
        nn.init.zeros_(self.add.bias)

    def forward(self, slices: torch.Tensor, offsets_mm: torch.Tensor) -> torch.Tensor:
        three = slices[:, EACH_SIDE - 1 : EACH_SIDE + 2]
        return three + self.add(F.relu(self.look(slices * 2 - 1) + self.position(offsets_mm)))


class HieraEncoder(nn.Module):
    """(B, S, H, W) in [0, 1] and (B, S) mm to embeddings at strides 1, 2, 4, 8, 16."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.side, self.field_px = config.side, config.field_px
        fine, half, *coarser = config.widths
        self.stem = nn.Conv2d(SLICES, fine, 3, padding=1)
        self.position = SlicePosition(fine)
        self.first = nn.Sequential(nn.BatchNorm2d(fine), nn.ReLU(), conv(fine, fine))
        self.halved = nn.Sequential(conv(fine, half, stride=2), Residual(half))
        self.channels = Channels()
        self.sam2 = vision_model(config.encoder, config.side)
        neck = SIZES[config.encoder].neck
        self.project = nn.ModuleList(nn.Conv2d(neck, width, 1, bias=False) for width in coarser)
        self.norm = nn.ModuleList(nn.Sequential(nn.BatchNorm2d(width), nn.ReLU()) for width in coarser)
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def pretrained(self) -> list[nn.Parameter]:
        """Parameters that a checkpoint of SAM 2 brings."""
        return list(self.sam2.parameters())

    def forward(self, slices: torch.Tensor, offsets_mm: torch.Tensor) -> list[torch.Tensor]:
        finest = self.first(self.stem(slices * 2 - 1) + self.position(offsets_mm))
        place = self.place(slices)
        picture = self.lay(self.channels(slices, offsets_mm), place)  # (B, 3, side, side)
        features = self.sam2((picture - self.mean) / self.deviation).fpn_hidden_states
        back = [
            norm(self.put_back(project(feature), place, stride, slices))
            for feature, project, norm, stride in zip(features, self.project, self.norm, STRIDES)
        ]
        return [finest, self.halved(finest), *back]

    def zoom(self, slices: torch.Tensor) -> float:
        """Pixels of the square for one of the slices'."""
        height, width = slices.shape[2:]
        return self.side / torch.sym_max(torch.sym_max(height, width), self.field_px)

    def place(self, slices: torch.Tensor) -> torch.Tensor:
        """Where in the square the slices' corners lie (B, 2: x, y), in its pixels: at its corner, or anywhere while
        training.
        """
        count, _, height, width = slices.shape
        if not self.training:
            return slices.new_zeros(count, 2)
        room = self.side - self.zoom(slices) * torch.tensor([width, height], dtype=torch.float32)
        return (torch.rand(count, 2) * (room + 1)).floor().to(slices.device)

    def lay(self, picture: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) laid into the square (B, C, side, side), with nothing around."""
        at = torch.arange(self.side, device=picture.device) + 0.5
        zoom = self.zoom(picture)
        height, width = picture.shape[2:]
        x, y = ((at[None] - place[:, n, None]) * (2 / (zoom * length)) - 1 for n, length in ((0, width), (1, height)))
        return sampled(picture, x, y, "zeros")

    def put_back(self, feature: torch.Tensor, place: torch.Tensor, stride: int, slices: torch.Tensor) -> torch.Tensor:
        """Features (B, C, side / stride, side / stride) on the slices' pixels (B, C, H / stride, W / stride)."""
        zoom = self.zoom(slices)
        height, width = slices.shape[2:]
        x, y = (
            ((torch.arange(length // stride, device=feature.device)[None] + 0.5) * (stride * zoom) + place[:, n, None])
            * (2 / self.side) - 1
            for n, length in ((0, width), (1, height))
        )  # fmt: skip
        return sampled(feature, x, y, "border")


def sampled(picture: torch.Tensor, x: torch.Tensor, y: torch.Tensor, beyond: str) -> torch.Tensor:
    """Bilinear at columns `x` (B, W) and rows `y` (B, H) in the units of `grid_sample`: -1 and 1 are the outer edges."""
    count, columns, rows = x.shape[0], x.shape[1], y.shape[1]
    grid = torch.stack([x[:, None].expand(count, rows, columns), y[:, :, None].expand(count, rows, columns)], -1)
    return F.grid_sample(picture.float(), grid.float(), mode="bilinear", padding_mode=beyond, align_corners=False)


# --- checkpoints ------------------------------------------------------------------------------------------------------

# How each writer calls the two halves of the image encoder.
PREFIXES = (
    ("vision_encoder.backbone.", "vision_encoder.neck."),  # transformers: Sam2Model, Sam2VideoModel
    ("image_encoder.trunk.", "image_encoder.neck."),  # Meta: sam2.1_hiera_*.pt
    ("backbone.", "neck."),  # transformers: Sam2VisionModel
)
# Meta's names after the prefix, and transformers'.
RENAMED = (
    ("patch_embed.proj.", "patch_embed.projection."),
    (".norm1.", ".layer_norm1."),
    (".norm2.", ".layer_norm2."),
    (".mlp.layers.0.", ".mlp.proj_in."),
    (".mlp.layers.1.", ".mlp.proj_out."),
    (".conv.", "."),
)
NAMES_SHOWN = 10


def load_checkpoint(encoder: HieraEncoder, file: Path) -> int:
    """Puts the weights of a local SAM 2 checkpoint into `encoder`; returns how many tensors of it weren't wanted.

    Takes what transformers writes (`model.safetensors`, `pytorch_model.bin`) and Meta's `sam2.1_hiera_*.pt`. Mask
    decoder, prompt encoder and memory are left out: the image encoder's weights have to be there one and all.

    # Raises UserError naming what is missing, what there is no place for, and what has another shape.
    """
    file = Path(file)
    weights = read_weights(file)
    found, left = vision_weights(weights, file)
    wanted = encoder.sam2.state_dict()
    problems = {
        "missing": sorted(set(wanted) - set(found)),
        "no place for": sorted(set(found) - set(wanted)),
        "another shape": [
            f"{name} {tuple(found[name].shape)}, expected {tuple(wanted[name].shape)}"
            for name in sorted(set(found) & set(wanted))
            if found[name].shape != wanted[name].shape
        ],
    }
    if any(problems.values()):
        told = "; ".join(f"{kind}: {some(names)}" for kind, names in problems.items() if names)
        raise UserError(f"{file} doesn't fit this encoder (is it of another size?): {told}")
    encoder.sam2.load_state_dict(found)
    return left


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    weights = torch.load(file, map_location="cpu", weights_only=True)
    return weights.get("model", weights)


def vision_weights(weights: dict[str, torch.Tensor], file: Path) -> tuple[dict[str, torch.Tensor], int]:
    """The image encoder's weights by the names of `Sam2VisionModel`, and how many others there were."""
    for backbone, neck in PREFIXES:
        if any(name.startswith(backbone) for name in weights):
            break
    else:
        expected = ", ".join(backbone for backbone, _ in PREFIXES)
        raise UserError(
            f"{file} holds no SAM 2 image encoder: expected names that begin with {expected}; got {some(sorted(weights))}"
        )
    found = {}
    for name, value in weights.items():
        for prefix, new in ((backbone, "backbone."), (neck, "neck.")):
            if name.startswith(prefix):
                found[new + renamed(name.removeprefix(prefix))] = value
    return found, len(weights) - len(found)


def renamed(name: str) -> str:
    for meta, ours in RENAMED:
        name = name.replace(meta, ours)
    return name


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
