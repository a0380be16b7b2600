"""The segmenter of the chain: a 3-D encoder that runs once a box and a light mask decoder that runs once a sample.

SAM 2's shape in three dimensions: embeddings at several scales, clicks that the decoder is told, a learnable nodule
token that looks at the box and makes the weights of the mask from what it sees. What readers would draw differently is
the logits' low-rank noise (stochastic segmentation networks, Monteiro et al. 2020): the mask decoder gives a mean and
`rank` factors, and a sample is their sum with one draw of normal noise for the whole nodule. What the network doesn't
know is the dropout on its features. Both are drawn outside of it.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from ..config import BoxConfig

Size = tuple[int, int, int]  # along k, j, i


def conv(inside: int, outside: int, size: Size = (3, 3, 3), stride: Size = (1, 1, 1)) -> nn.Sequential:
    padding = tuple(n // 2 for n in size)
    return nn.Sequential(
        nn.Conv3d(inside, outside, size, stride, padding, bias=False), nn.BatchNorm3d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, width: int, size: Size) -> None:
        super().__init__()
        self.first = conv(width, width, size)
        self.second = conv(width, width, size)[:2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.second(self.first(x)))


def larger(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """`x` on the finer grid of `like`, each voxel repeated."""
    return F.interpolate(x, size=like.shape[2:], mode="nearest")


def with_neighbours(boxes: torch.Tensor, planes: int) -> torch.Tensor:
    """Boxes (B, 1, D, H, W) whose slices bring along their neighbours: (B, planes, D, H, W); ends are repeated."""
    if planes == 1:
        return boxes
    side, depth = planes // 2, boxes.shape[2]
    padded = F.pad(boxes, (0, 0, 0, 0, side, side), "replicate")
    return torch.cat([padded[:, :, n : n + depth] for n in range(planes)], 1)


STRIDES: tuple[Size, ...] = ((1, 2, 2), (2, 2, 2), (2, 2, 2))


class BoxEncoder(nn.Module):
    """Boxes (B, 1, D, H, W) in [0, 1] to embeddings at strides (1, 1, 1), (1, 2, 2), (2, 4, 4), (4, 8, 8).

    Those of the middle levels know the coarser ones: they have come down and up again, so that the decoder can be
    light. The finest level has few features, since most of the time goes there.
    """

    def __init__(self, config: BoxConfig) -> None:
        super().__init__()
        a, b, c, d = config.widths
        size = (config.encoder_depth, 3, 3)
        self.planes, flat = config.planes, config.encoder_depth == 1
        first, *rest = [(1, 2, 2)] * 3 if flat else STRIDES
        self.first = conv(config.planes, a, size)
        self.down = nn.ModuleList([
            nn.Sequential(conv(a, b, size, first), Residual(b, size)),
            nn.Sequential(conv(b, c, size, rest[0]), Residual(c, size), Residual(c, size)),
            nn.Sequential(conv(c, d, size, rest[1]), Residual(d, size), Residual(d, size)),
        ])  # fmt: skip
        self.mix2, self.look2 = conv(d + c, c, (1, 1, 1)), conv(c, c, size)
        self.mix1, self.look1 = conv(c + b, b, (1, 1, 1)), conv(b, b, size)

    def forward(self, boxes: torch.Tensor) -> list[torch.Tensor]:
        e0 = self.first(with_neighbours(boxes * 2 - 1, self.planes))
        x1 = self.down[0](e0)
        x2 = self.down[1](x1)
        e3 = self.down[2](x2)
        e2 = self.look2(self.mix2(torch.cat([larger(e3, x2), x2], 1)))
        e1 = self.look1(self.mix1(torch.cat([larger(e2, x1), x1], 1)))
        return [e0, e1, e2, e3]


class Clicked(nn.Module):
    """Click maps (B, 2, D, H, W), inside and outside, to what a level of the decoder adds to its features."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(nn.Conv3d(4, width, 1, bias=False) for width in widths)

    def forward(self, clicks: torch.Tensor, like: list[torch.Tensor]) -> list[torch.Tensor]:
        added = []
        for level, at in zip(self.levels, like):
            ratio = [fine // coarse for fine, coarse in zip(clicks.shape[2:], at.shape[2:])]
            near = F.avg_pool3d(clicks, ratio)
            added.append(level(torch.cat([near, near**4], 1)))  # the second falls off four times as fast
        return added


class BoxDecoder(nn.Module):
    """Embeddings, clicks (1 or B, 2, D, H, W), dropout masks (T, C, 1, 1, 1) to mean logits and factors.

    (T, 1 + rank, D, H, W); T is B in training, and the samples of one box otherwise.
    """

    def __init__(self, config: BoxConfig) -> None:
        super().__init__()
        a, b, c, d = config.widths
        c2, c1, c0 = config.decoder_widths
        size = (config.decoder_depth, 3, 3)
        self.clicked = Clicked((d, c2, c1))
        self.token = nn.Parameter(torch.randn(config.token) * 0.1)
        self.query = nn.Linear(config.token, 32, bias=False)
        self.key, self.value = nn.Conv3d(d, 32, 1, bias=False), nn.Conv3d(d, config.token, 1)
        self.coarse = nn.Conv3d(d, c2, 1, bias=False)
        self.enter2, self.look2 = conv(c, c2, (1, 1, 1)), conv(c2, c2, size)
        self.coarse1 = nn.Conv3d(c2, c1, 1, bias=False)
        self.enter1, self.look1 = conv(b, c1, (1, 1, 1)), conv(c1, c1, size)
        self.coarse0 = nn.Conv3d(c1, c0, 1, bias=False)
        self.enter0, self.look0 = conv(a, c0, (1, 1, 1)), conv(c0, c0, size)
        self.outputs = 1 + config.rank
        self.mask = nn.Conv3d(c0, self.outputs, 1)
        self.made = nn.Sequential(nn.Linear(config.token, 64), nn.ReLU(), nn.Linear(64, c0 + 1))
        nn.init.zeros_(self.made[2].weight)
        nn.init.zeros_(self.made[2].bias)
        with torch.no_grad():
            self.mask.weight[1:] *= 0.3
        self.deep = nn.ModuleList([nn.Conv3d(c2, 1, 1), nn.Conv3d(c1, 1, 1)])  # training only

    def forward(
        self, embeddings: list[torch.Tensor], clicks: torch.Tensor, masks: list[torch.Tensor]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        e0, *others = embeddings
        return self.decoded([self.enter0(e0), *others], clicks, masks)

    def decoded(
        self, embeddings: list[torch.Tensor], clicks: torch.Tensor, masks: list[torch.Tensor]
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The same on embeddings the finest of which has gone through `enter0`, which no sample changes."""
        e0, e1, e2, e3 = embeddings
        p3, p2, p1 = self.clicked(clicks, [e3, e2, e1])
        x3 = e3 * masks[0] + p3
        token = self.looked(x3)
        x2 = self.look2(self.enter2(e2 * masks[1]) + larger(self.coarse(x3), e2) + p2)
        x1 = self.look1(self.enter1(e1 * masks[2]) + larger(self.coarse1(x2), e1) + p1)
        x0 = self.look0(e0 + larger(self.coarse0(x1), e0))
        weights = self.made(token)[..., None, None, None]  # (T, C + 1, 1, 1, 1)
        of_token = (x0 * weights[:, :-1]).sum(1, keepdim=True) + weights[:, -1:]
        logits = self.mask(x0)
        logits = torch.cat([logits[:, :1] + of_token, logits[:, 1:]], 1)
        return logits, [self.deep[0](x2), self.deep[1](x1)] if self.training else []

    def looked(self, x: torch.Tensor) -> torch.Tensor:
        """What the token reads in the coarsest features (T, C, d, h, w): (T, token)."""
        keys, values = self.key(x).flatten(2), self.value(x).flatten(2)  # (T, 32 or token, N)
        likeness = torch.einsum("tcn,c->tn", keys, self.query(self.token)) / 32**0.5
        return self.token + torch.einsum("tn,tcn->tc", likeness.softmax(1), values)


class BoxNetwork(nn.Module):
    """Encoder and decoder together, for training: every box gets its own dropout."""

    def __init__(self, config: BoxConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = BoxEncoder(config), BoxDecoder(config)

    def masks(self, count: int, drop: bool = True) -> list[torch.Tensor]:
        """Dropout masks (count, C, 1, 1, 1): 0 or 1 / (1 - rate); ones without dropout."""
        made = []
        for channels, rate in self.config.dropout():
            kept = (torch.rand(count, channels) >= rate).float() / (1 - rate) if drop else torch.ones(count, channels)
            made.append(kept[..., None, None, None])
        return made

    def forward(self, boxes: torch.Tensor, clicks: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        masks = [mask.to(boxes.device) for mask in self.masks(len(boxes))]
        return self.decoder(self.encoder(boxes), clicks, masks)


def sampled(logits: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Logits (B, T, D, H, W) of T samples: mean and factors (B, 1 + R, D, H, W), noise (T, R) or (B, T, R)."""
    mean, factors = logits[:, :1], logits[:, 1:]
    if noise.dim() == 2:
        noise = noise.expand(len(logits), -1, -1)
    return mean + torch.einsum("brdhw,btr->btdhw", factors, noise)
