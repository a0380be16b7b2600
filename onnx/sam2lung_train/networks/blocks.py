"""What both encoders are built of."""

import torch
from torch import nn
from torch.nn import functional as F

from ..config import SLICES


def conv(inside: int, outside: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, stride, size // 2, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.second(self.first(x)))


class SlicePosition(nn.Module):
    """Sinusoidal embedding of the slices' distances to a bias of the first features."""

    def __init__(self, width: int, waves: int = 6) -> None:
        super().__init__()
        self.register_buffer("frequency", 2.0 ** -torch.arange(waves, dtype=torch.float32))  # radian a mm
        self.project = nn.Sequential(nn.Linear(SLICES * 2 * waves, 32), nn.ReLU(), nn.Linear(32, width))

    def forward(self, offsets_mm: torch.Tensor) -> torch.Tensor:  # (B, S)
        phase = offsets_mm[..., None] * self.frequency  # (B, S, W)
        waves = torch.cat([phase.sin(), phase.cos()], -1).flatten(1)  # (B, S * 2W)
        return self.project(waves)[:, :, None, None]  # (B, C, 1, 1)
