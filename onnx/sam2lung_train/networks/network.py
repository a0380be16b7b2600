"""The default network: an encoder that runs once a slice and a light mask decoder that runs once a dropout sample.

It has SAM 2's shape: multi-scale embeddings, a learnable prompt token that the decoder attends to, a mask made by a
small network from the token. All of it is local, so a part of a slice gives the same as the whole.
"""

import torch
from torch import nn
from torch.nn import functional as F

from ..config import SLICES, NetworkConfig
from .blocks import Residual, SlicePosition, conv


class Encoder(nn.Module):
    """(B, S, H, W) in [0, 1] and (B, S) mm to embeddings at strides 1, 2, 4, 8, 16."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        widths = config.widths
        self.stem = nn.Conv2d(SLICES, widths[0], 3, padding=1)
        self.position = SlicePosition(widths[0])
        self.first = nn.Sequential(nn.BatchNorm2d(widths[0]), nn.ReLU(), conv(widths[0], widths[0]))
        steps = zip(widths, widths[1:])
        self.down = nn.ModuleList(nn.Sequential(conv(a, b, stride=2), Residual(b)) for a, b in steps)

    def pretrained(self) -> list[nn.Parameter]:
        """Parameters that begin at another network's weights."""
        return []

    def forward(self, slices: torch.Tensor, offsets_mm: torch.Tensor) -> list[torch.Tensor]:
        x = self.first(self.stem(slices * 2 - 1) + self.position(offsets_mm))
        embeddings = [x]
        for down in self.down:
            embeddings.append(down(embeddings[-1]))
        return embeddings


class Up(nn.Module):
    """One step to finer pixels: joined with the encoder's features, mixed, then looked at around each pixel."""

    def __init__(self, coarse: int, skip: int, width: int) -> None:
        super().__init__()
        self.coarse_channels = coarse
        self.mix = conv(coarse + skip, width, size=1)
        self.look = conv(width, width)

    def forward(self, x: torch.Tensor, skip: torch.Tensor, prompt: torch.Tensor) -> torch.Tensor:
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        # Several dropout samples share one embedding.
        skip = skip.expand(x.shape[0], -1, -1, -1)
        convolution, norm, activation = self.mix
        return self.look(activation(norm(convolution(torch.cat([x, skip], 1))) + prompt))


class Prompt(nn.Module):
    """Click maps (B, 2, H, W), inside and outside, to what each level of the decoder adds, at strides 16, 8, 4, 2, 1.

    Starts out adding nothing, so that a network without clicks can be gone on with.
    """

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(2, channels, 1), nn.ReLU())
        self.levels = nn.ModuleList(nn.Conv2d(channels, width, 1, bias=False) for width in widths)
        for level in self.levels:
            nn.init.zeros_(level.weight)

    def forward(self, clicks: torch.Tensor) -> list[torch.Tensor]:
        x = self.features(clicks)
        finer = [level(F.avg_pool2d(x, 2**n)) for n, level in zip((4, 3, 2, 1), self.levels)]
        return [*finer, self.levels[4](x)]


class Decoder(nn.Module):
    """Embeddings, clicks (B, 2, H, W) and dropout masks (T, C, 1, 1) to logits (T, 1, H, W)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        widths, decoder = config.widths, config.decoder_widths
        self.token = nn.Parameter(torch.randn(config.token) * 0.1)
        self.query = nn.Linear(config.token, 32, bias=False)
        self.key = nn.Conv2d(widths[4], 32, 1, bias=False)
        self.value = nn.Linear(config.token, widths[4], bias=False)
        inputs = zip((widths[4], *decoder), widths[3::-1], decoder)
        self.up = nn.ModuleList(Up(coarse, skip, width) for coarse, skip, width in inputs)
        self.mask = nn.Sequential(nn.Linear(config.token, 64), nn.ReLU(), nn.Linear(64, decoder[-1] + 1))
        self.prompt = Prompt(config.clicks, (widths[4], *decoder))

    def forward(self, embeddings: list[torch.Tensor], clicks: torch.Tensor, masks: list[torch.Tensor]) -> torch.Tensor:
        prompts = self.prompt(clicks)
        x = (self.attend(embeddings[4]) + prompts[0]) * masks[0]  # (T, C4, H/16, W/16)
        for level, up in enumerate(self.up):
            x = up(x, embeddings[3 - level], prompts[level + 1])
            if level + 1 < len(masks):
                x = x * masks[level + 1]
        return self.score(x)

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        """Each of the coarsest pixels (B, C4, H/16, W/16) asks how far the nodule token concerns it."""
        likeness = (self.key(x) * self.query(self.token)[None, :, None, None]).sum(1, keepdim=True)
        return x + torch.sigmoid(likeness / 32**0.5) * self.value(self.token)[None, :, None, None]

    def score(self, x: torch.Tensor) -> torch.Tensor:
        """The finest features (T, C, H, W) weighed by what the token makes of them."""
        weights = self.mask(self.token)
        return (x * weights[None, :-1, None, None]).sum(1, keepdim=True) + weights[-1]  # (T, 1, H, W)


class Network(nn.Module):
    """Encoder and decoder together, for training: every window gets its own dropout."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = encoder_of(config), Decoder(config)

    def dropout(self) -> list[tuple[int, float]]:
        """(channels, rate) of each mask."""
        return self.config.dropout()

    def masks(self, count: int, device: str | torch.device, drop: bool = True) -> list[torch.Tensor]:
        """Masks (count, C, 1, 1): 0 or 1 / (1 - rate); ones without dropout."""
        if not drop:
            return [torch.ones(count, channels, 1, 1, device=device) for channels, _ in self.dropout()]
        return [dropped(count, channels, torch.full((count, 1), rate), device) for channels, rate in self.dropout()]

    def training_masks(self, count: int, device: str | torch.device) -> list[torch.Tensor]:
        """As `masks`, each window with rates of its own, from 0 to twice the configured ones."""
        share = torch.rand(count, 1) * 2
        return [dropped(count, channels, share * rate, device) for channels, rate in self.dropout()]

    def forward(self, slices: torch.Tensor, offsets_mm: torch.Tensor, clicks: torch.Tensor) -> torch.Tensor:
        """Logits of training windows."""
        masks = self.training_masks(slices.shape[0], slices.device)
        return self.decoder(self.encoder(slices, offsets_mm), clicks, masks)


def encoder_of(config: NetworkConfig) -> nn.Module:
    """The encoder that the configuration names."""
    if config.encoder == "compact":
        return Encoder(config)
    from .hiera import HieraEncoder  # the only one that needs transformers

    return HieraEncoder(config)


def dropped(count: int, channels: int, rates: torch.Tensor, device: str | torch.device) -> torch.Tensor:
    """Masks (count, channels, 1, 1) at `rates` (count, 1)."""
    kept = (torch.rand(count, channels) >= rates).float() / (1 - rates)
    return kept[..., None, None].to(device)


def no_clicks(slices: torch.Tensor) -> torch.Tensor:
    """The click maps of a run without clicks, for slices (B, S, H, W)."""
    return slices.new_zeros(slices.shape[0], 2, *slices.shape[2:])
