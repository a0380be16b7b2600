"""The classifier: a small 3-D network that tells nodules from everything else that is found.

It sees a candidate twice: its middle (18 x 22 x 22 mm) as it is, where a nodule's edge and texture show, and the whole
patch (30 x 45 x 45 mm) on half the grid, where a vessel shows that it goes on.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from ..config import PATCH_MIDDLE, PATCH_SIZE

WIDTHS = (16, 32, 64, 96)


def conv(inside: int, outside: int, stride: int | tuple[int, int, int] = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm3d(outside), nn.ReLU(inplace=True)
    )


class Look(nn.Module):
    """One view (N, 3, D, H, W) to features (N, 2 * WIDTHS[3]): their mean, and those in the middle."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.features = nn.Sequential(
            conv(3, a), conv(a, b, (1, 2, 2)), conv(b, b), conv(b, c, 2), conv(c, c), conv(c, d, 2), conv(d, d)
        )

    def forward(self, view: torch.Tensor) -> torch.Tensor:
        x = self.features(view)
        depth, height, width = x.shape[2:]
        middle = x[:, :, depth // 2, height // 2, width // 2]  # the candidate itself
        return torch.cat([x.mean((2, 3, 4)), middle], 1)


class Classifier(nn.Module):
    """Patches (N, 3, D, H, W): windowed HU, probability that it was found by, inside the volume; to logits (N, 2).

    The first: is it a nodule? The second: would a reader mark it?
    """

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = Look(), Look()
        self.score = nn.Sequential(nn.Linear(4 * WIDTHS[3], 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 2))

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        k, j, i = (slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(PATCH_SIZE, PATCH_MIDDLE))
        return self.score(torch.cat([self.fine(patches[:, :, k, j, i]), self.coarse(F.avg_pool3d(patches, 2))], 1))


def load_classifier(path: Path) -> Classifier:
    classifier = Classifier()
    classifier.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return classifier.eval()
