"""A U-Net in two or three dimensions, whose dropout is given from outside.

Ronneberger et al. 2015, Çiçek et al. 2016: two convolutions a level, skips, transposed convolutions on the way up.
Normalisation is by batches, so that a network that is shipped says of a part of a slice what it says of the whole.
"""

from collections.abc import Iterator

import torch
from torch import nn

from ..systems import System

# Where the logits begin under a cross-entropy, which would else spend the first hundreds of steps on the background and
# end there: one voxel in a hundred is a nodule's (Lin et al. 2017, Focal Loss, 4.1).
RARE = -4.6

LAYERS = {
    2: (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.ConvTranspose2d),
    3: (nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d, nn.ConvTranspose3d),
}


class UNet(nn.Module):
    """Images (B, S, H, W) or (B, 1, D, H, W) in [0, 1] and dropout masks to logits of one class.

    One image and masks of T samples give logits of T samples.
    """

    def __init__(self, system: System) -> None:
        super().__init__()
        self.system = system
        conv, norm, pool, up = LAYERS[system.dimensions]

        def block(inside: int, outside: int) -> nn.Sequential:
            layers = []
            for channels in (inside, outside):
                layers += [conv(channels, outside, 3, padding=1, bias=False), norm(outside), nn.ReLU(inplace=True)]
            return nn.Sequential(*layers)

        widths = system.widths
        self.pool = pool(2)
        self.down = nn.ModuleList(block(a, b) for a, b in zip((system.slices, *widths), widths))
        coarse_to_fine = list(zip(widths[::-1], widths[-2::-1]))
        self.up = nn.ModuleList(up(coarse, fine, 2, 2) for coarse, fine in coarse_to_fine)
        self.join = nn.ModuleList(block(2 * fine, fine) for _, fine in coarse_to_fine)
        self.mask = conv(widths[0], 1, 1)
        if system.entropy:
            nn.init.constant_(self.mask.bias, RARE)

    def masks(self, count: int, drop: bool = True) -> list[torch.Tensor]:
        """Dropout masks (count, C, 1, 1) or (count, C, 1, 1, 1): 0 or 1 / (1 - rate); ones without dropout."""
        made = []
        for channels, rate in self.system.dropout():
            kept = (torch.rand(count, channels) >= rate).float() / (1 - rate) if drop else torch.ones(count, channels)
            made.append(kept.reshape(count, channels, *[1] * self.system.dimensions))
        return made

    def forward(self, image: torch.Tensor, *masks: torch.Tensor) -> torch.Tensor:
        drop = iter(masks)
        x, skips = image * 2 - 1, []
        for level, block in enumerate(self.down):
            x = dropped(block(self.pool(x) if level else x), drop)
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1]):
            x = dropped(join(torch.cat([up(x), skip], 1)), drop)
        return self.mask(x)


def dropped(x: torch.Tensor, masks: Iterator[torch.Tensor]) -> torch.Tensor:
    """`x` under the next mask, if there is one."""
    mask = next(masks, None)
    return x if mask is None else x * mask
