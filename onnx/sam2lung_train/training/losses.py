"""What the network is trained for.

(1 - l) (Dice + w * focal BCE) + l * |s(f(t)) - s(f(t+1))|^2 between neighbouring slices, with l raised from 0 during a
warm-up. The focal BCE is against a mixture of the consensus and of the readers' share, so that disagreement stays in
the probabilities; Dice against the consensus of at least half of the readers.

`focus` 0 makes it the plain cross-entropy, a proper score: any other leaves easy pixels at probabilities like 0.03,
which reads as uncertainty where there is none.
"""

import torch
from torch.nn import functional as F

from ..config import TrainConfig
from .windows import Batch

WARM_UP = 0.2  # share of the training after which the neighbour loss has its full weight
SMOOTH = 1.0  # pixels: keeps Dice of a nearly empty slice from being a coin toss


def loss(
    logits: torch.Tensor, batch: Batch, config: TrainConfig, progress: float
) -> tuple[torch.Tensor, dict[str, float]]:
    """Total loss and its parts, for logits (B, 1, H, W)."""
    consensus = (batch.votes >= 0.5).float()
    parts = {
        "dice": dice_loss(logits, consensus, batch.valid),
        "bce": focal_bce(logits, torch.lerp(consensus, batch.votes, config.share_weight), batch.valid, config.focus),
        "neighbours": neighbour_loss(logits, batch.pairs),
    }
    weight = config.neighbour_weight * min(progress / WARM_UP, 1.0)
    total = (1 - weight) * (parts["dice"] + config.bce_weight * parts["bce"]) + weight * parts["neighbours"]
    return total, {name: float(part.detach()) for name, part in parts.items()}


def dice_loss(logits: torch.Tensor, consensus: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """1 - soft Dice, mean over the windows that show a nodule."""
    shows = (consensus * valid).sum((1, 2, 3)) > 0
    if not shows.any():
        return logits.sum() * 0
    probability, consensus = torch.sigmoid(logits[shows]) * valid[shows], consensus[shows] * valid[shows]
    shared = 2 * (probability * consensus).sum((1, 2, 3))
    total = probability.sum((1, 2, 3)) + consensus.sum((1, 2, 3))
    return (1 - (shared + SMOOTH) / (total + SMOOTH)).mean()


def focal_bce(logits: torch.Tensor, target: torch.Tensor, valid: torch.Tensor, focus: float) -> torch.Tensor:
    """Cross-entropy with soft targets, weighed by how far off a pixel is: |p - t|^focus (Lin et al. 2017, soft form)."""
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    off = (torch.sigmoid(logits.detach()) - target).abs() ** focus
    return (entropy * off * valid).sum() / valid.sum().clamp(min=1)


def neighbour_loss(logits: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
    """Mean squared difference between the probabilities of neighbouring slices (P, 2: indices of windows)."""
    if not len(pairs):
        return logits.sum() * 0
    probability = torch.sigmoid(logits)
    return ((probability[pairs[:, 0]] - probability[pairs[:, 1]]) ** 2).mean()
