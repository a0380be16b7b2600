"""The classifier: a small 3-D network that tells nodules from everything else that the segmenter finds."""

from pathlib import Path

import torch
from torch import nn

WIDTHS = (16, 32, 64, 96)


def conv(inside: int, outside: int, stride: int | tuple[int, int, int] = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm3d(outside), nn.ReLU(inplace=True)
    )


class Classifier(nn.Module):
    """Patches (N, 3, D, H, W): windowed HU, mean probability, inside the volume; to logits (N, 1)."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.features = nn.Sequential(
            conv(3, a), conv(a, b, (1, 2, 2)), conv(b, b), conv(b, c, 2), conv(c, c), conv(c, d, 2), conv(d, d)
        )
        self.score = nn.Sequential(nn.Linear(2 * d, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1))

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        x = self.features(patches)
        depth, height, width = x.shape[2:]
        middle = x[:, :, depth // 2, height // 2, width // 2]  # the finding itself
        return self.score(torch.cat([x.mean((2, 3, 4)), middle], 1))


def load_classifier(path: Path) -> Classifier:
    classifier = Classifier()
    classifier.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return classifier.eval()
