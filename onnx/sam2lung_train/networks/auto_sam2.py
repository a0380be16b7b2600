"""AutoSAM2: a coarse 3-D U-Net whose answer, as points and a box, and whose middle features drive a network of SAM 2's
shape on slices.

- `CoarseUNet`: boxes (B, C, D, H, W) to logits (B, K + 1, D, H, W), the background first, and middle features
  (B, 32, D/2, H/2, W/2).
- `FineNetwork`: slices (B, C, H, W) with points, labels, a box and the features of their place to logits
  (B, K + 1, H, W). The background's logit is 0: a class is told against it.

The fine network's image encoder is the default network's or SAM 2's Hiera (`encoder_of`); an adapter makes its slices of
the channels. Its embedding at stride 16 is SAM 2's; prompts are encoded and attended to as SAM 2 does (Kirillov et al.,
Segment Anything, 2023, appendix A). The bridge makes the coarse features as wide as the embedding, with attention over
channels and over places (Woo et al., CBAM, ECCV 2018).
"""

import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from ..config import SLICES, AutoSam2Config, AutoSam2TrainConfig
from .blocks import conv
from .network import encoder_of


def conv3d(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inside, outside, 3, stride, 1, bias=False),
        nn.InstanceNorm3d(outside, affine=True),
        nn.LeakyReLU(0.01),
    )


def twice3d(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(conv3d(inside, outside, stride), conv3d(outside, outside))


class CoarseUNet(nn.Module):
    """(B, C, D, H, W) to logits (B, K + 1, D, H, W) and middle features (B, widths[1], D/2, H/2, W/2)."""

    def __init__(self, config: AutoSam2Config) -> None:
        super().__init__()
        widths = config.widths
        self.enter = twice3d(len(config.channels), widths[0])
        self.down = nn.ModuleList(twice3d(a, b, stride=2) for a, b in zip(widths, widths[1:]))
        self.up = nn.ModuleList(twice3d(a + b, b) for a, b in zip(widths[:0:-1], widths[-2::-1]))
        self.out = nn.Conv3d(widths[0], len(config.classes) + 1, 1)

    def forward(self, boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        levels = [self.enter(boxes)]
        for down in self.down:
            levels.append(down(levels[-1]))
        x, middle = levels[-1], levels[-1]
        for up, skip in zip(self.up, levels[-2::-1]):
            middle = x
            x = up(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        return self.out(x), middle  # middle: what the last step up began with


class Bridge(nn.Module):
    """Coarse features (B, 32, h, w), two steps for one of the embedding's, to (B, 256, h/2, w/2)."""

    def __init__(self, inside: int, outside: int, squeezed: int = 16) -> None:
        super().__init__()
        self.widen = nn.Sequential(conv(inside, 2 * inside), conv(2 * inside, outside, stride=2))
        self.channels = nn.Sequential(nn.Conv2d(outside, squeezed, 1), nn.ReLU(), nn.Conv2d(squeezed, outside, 1))
        self.places = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = self.widen(features)
        mean, most = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        x = x * torch.sigmoid(self.channels(mean) + self.channels(most))
        of_places = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.places(of_places))


class PromptEncoder(nn.Module):
    """Points (B, N, 2), labels (B, N) and boxes (B, 4) in pixels to tokens (B, N + 2, E)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.randn(2, width // 2))
        self.kinds = nn.Embedding(5, width)  # no point, outside, inside, a box's first and last corner

    def places(self, at: torch.Tensor) -> torch.Tensor:
        """Waves (…, E) of places (…, 2) in [0, 1]. No matrix product: half precision would move the places."""
        turns = (2 * at[..., :1] - 1) * self.frequencies[0] + (2 * at[..., 1:] - 1) * self.frequencies[1]
        phase = turns * (2 * math.pi)
        return torch.cat([phase.sin(), phase.cos()], -1)

    def grid(self, x: torch.Tensor) -> torch.Tensor:
        """Waves (1, E, h, w) of the middles of the steps of x (B, C, h, w)."""
        height, width = x.shape[2:]
        rows = (torch.arange(height, device=x.device) + 0.5) / height
        columns = (torch.arange(width, device=x.device) + 0.5) / width
        at = torch.stack([columns[None, :].expand(height, width), rows[:, None].expand(height, width)], -1)
        return self.places(at).permute(2, 0, 1)[None]

    def forward(
        self, points: torch.Tensor, labels: torch.Tensor, box: torch.Tensor, size: tuple[int, int]
    ) -> torch.Tensor:
        scale = torch.stack([torch.ones_like(box[:1, 0]) / size[1], torch.ones_like(box[:1, 0]) / size[0]], -1)
        waves = self.places((points + 0.5) * scale[:, None])
        there = (labels >= 0)[..., None].float()
        tokens = waves * there + self.kinds((labels + 1).long())
        corners = self.places((box.reshape(-1, 2, 2) + 0.5) * scale[:, None]) + self.kinds.weight[None, 3:]
        return torch.cat([tokens, corners], 1)


class Attention(nn.Module):
    """Attention of queries (B, Q, E) to keys (B, P, E)."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, inner) for _ in range(3))
        self.out = nn.Linear(inner, width)

    def forward(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        def split(x: torch.Tensor) -> torch.Tensor:  # (B, heads, N, inner / heads)
            return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = split(self.query(query)), split(self.key(key)), split(self.value(value))
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]), -1)
        return self.out((weights @ v).transpose(1, 2).flatten(2))


class TwoWay(nn.Module):
    """Tokens look at each other and at the image, the image at the tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.own = Attention(width, heads, width)
        self.to_image, self.to_tokens = (Attention(width, heads, width // 2) for _ in range(2))
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))

    def forward(
        self, tokens: torch.Tensor, image: torch.Tensor, of_tokens: torch.Tensor, of_image: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        asked = tokens + of_tokens
        tokens = self.norms[0](tokens + self.own(asked, asked, tokens))
        tokens = self.norms[1](tokens + self.to_image(tokens + of_tokens, image + of_image, image))
        tokens = self.norms[2](tokens + self.think(tokens))
        image = self.norms[3](image + self.to_tokens(image + of_image, tokens + of_tokens, tokens))
        return tokens, image


class FineNetwork(nn.Module):
    """(B, C, H, W), prompts and coarse features (B, 32, H/8, W/8) to logits (B, K + 1, H, W)."""

    def __init__(self, config: AutoSam2Config) -> None:
        super().__init__()
        width, widths = config.embedding, config.encoder.widths
        self.adapt = nn.Conv2d(len(config.channels), SLICES, 1)
        self.encoder = encoder_of(config.encoder)
        self.embed = nn.Conv2d(widths[4], width, 1)
        self.bridge = Bridge(config.widths[1], width)
        self.prompt = PromptEncoder(width)
        self.masks = nn.Parameter(torch.randn(len(config.classes), width) * 0.1)
        self.blocks = nn.ModuleList(TwoWay(width, config.heads) for _ in range(config.blocks))
        steps = (width, widths[3], widths[2], widths[1], config.finest)
        self.up = nn.ModuleList(conv(a + skip, b) for a, skip, b in zip(steps, widths[3::-1], steps[1:]))
        self.weigh = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, config.finest + 1))

    def forward(
        self, slices: torch.Tensor, points: torch.Tensor, labels: torch.Tensor, box: torch.Tensor, coarse: torch.Tensor
    ) -> torch.Tensor:
        adapted = self.adapt(slices)
        *skips, coarsest = self.encoder(adapted, adapted.new_zeros(adapted.shape[0], SLICES))
        x = self.embed(coarsest) + self.bridge(coarse)  # (B, E, H/16, W/16)
        height, width = x.shape[2:]
        shown = self.prompt(points, labels, box, slices.shape[2:])
        tokens = torch.cat([self.masks[None].expand(shown.shape[0], -1, -1), shown], 1)
        of_tokens, of_image = tokens, self.prompt.grid(x).flatten(2).transpose(1, 2)
        image = x.flatten(2).transpose(1, 2)  # (B, P, E)
        for block in self.blocks:
            tokens, image = block(tokens, image, of_tokens, of_image)
        x = image.transpose(1, 2).unflatten(2, (height, width))
        for up, skip in zip(self.up, reversed(skips)):
            x = up(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        weights = self.weigh(tokens[:, : len(self.masks)])  # (B, K, finest + 1)
        logits = torch.einsum("bkc,bchw->bkhw", weights[..., :-1], x) + weights[..., -1][..., None, None]
        return torch.cat([torch.zeros_like(logits[:, :1]), logits], 1)


def at_slice(middle: torch.Tensor, k: int, size: tuple[int, int], step_px: int) -> torch.Tensor:
    """Coarse features (C, D/2, H/2, W/2) of a box at slice `k` of it, (C, H / step_px, W / step_px), as the product
    reads them: trilinearly at the middles of the slice's steps, the edge repeated.
    """

    def lines(x: torch.Tensor, axis: int, places: torch.Tensor) -> torch.Tensor:
        places = ((places + 0.5) / 2 - 0.5).clamp(0, x.shape[axis] - 1)
        low = places.floor().long()
        high = (low + 1).clamp(max=x.shape[axis] - 1)
        share = (places - low).reshape([-1 if n == axis else 1 for n in range(x.ndim)])
        return x.index_select(axis, low) * (1 - share) + x.index_select(axis, high) * share

    def middles(n: int) -> torch.Tensor:
        at = torch.arange(n // step_px, device=middle.device) * step_px + (step_px - 1) / 2
        return at.clamp(max=n - 1)

    x = lines(middle, 1, torch.tensor([float(k)], device=middle.device))
    return lines(lines(x, 2, middles(size[0])), 3, middles(size[1]))[:, 0]


def load_auto_sam2(checkpoint: Path) -> tuple[CoarseUNet, FineNetwork, AutoSam2TrainConfig]:
    """Both networks of a checkpoint, ready to be looked through."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    config = AutoSam2TrainConfig.of(state["config"])
    coarse, fine = CoarseUNet(config.network), FineNetwork(config.network)
    coarse.load_state_dict(state["coarse"])
    fine.load_state_dict(state["fine"])
    return coarse.eval(), fine.eval(), config
