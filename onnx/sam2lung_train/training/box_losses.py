"""What the segmenter of boxes is trained for.

Three parts: Dice of the mean probability against the consensus of at least half of the readers; cross-entropy of the
mean probability against their share (a proper score); and the likelihood of each reader's whole outline under the
samples, log-mean-exp over them (Monteiro et al. 2020, eq. 6), taken around the marks, since far background makes the
covariance unstable. Voxels side by side are no independent witnesses: `ALIKE_VOXELS` of them count as one, which also
keeps the log-mean-exp from being the best sample alone.
"""

import math

import torch
from torch.nn import functional as F

from ..config import BoxWeights
from ..networks.box_network import sampled
from .boxes import Boxes

SAMPLES = 8
ALIKE_VOXELS = 6.0
SMOOTH = 8.0  # voxels


def loss(
    logits: torch.Tensor, deep: list[torch.Tensor], batch: Boxes, weights: BoxWeights
) -> tuple[torch.Tensor, dict[str, float]]:
    """Total loss and its parts, for mean logits and factors (B, 1 + R, D, H, W)."""
    half = torch.randn(len(logits), SAMPLES // 2, logits.shape[1] - 1, device=logits.device)
    samples = sampled(logits, torch.cat([half, -half], 1))  # antithetic: their mean is the mean
    probability = torch.sigmoid(samples).mean(1, keepdim=True).clamp(1e-5, 1 - 1e-5)
    consensus = (batch.share >= 0.5).float()
    target = torch.lerp(consensus, batch.share, weights.share)
    near = batch.near.sum((1, 2, 3, 4)).clamp(min=1)
    entropy = F.binary_cross_entropy(probability, target, reduction="none") * batch.valid
    parts = {
        "dice": dice_loss(probability, consensus, batch.valid),
        "entropy": (entropy.sum((1, 2, 3, 4)) / near).mean(),
        "readers": reader_loss(samples, batch, near),
        "deep": sum(deep_loss(at, consensus, batch) for at in deep) if deep else logits.sum() * 0,
    }
    total = sum(getattr(weights, name) * part for name, part in parts.items())
    return total, {name: float(part.detach()) for name, part in parts.items()}


def dice_loss(probability: torch.Tensor, consensus: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """1 - soft Dice, mean over the boxes; all (B, 1, D, H, W)."""
    probability, consensus = probability * valid, consensus * valid
    shared = 2 * (probability * consensus).sum((1, 2, 3, 4))
    total = probability.sum((1, 2, 3, 4)) + consensus.sum((1, 2, 3, 4))
    return (1 - (shared + SMOOTH) / (total + SMOOTH)).mean()


def reader_loss(samples: torch.Tensor, batch: Boxes, near: torch.Tensor) -> torch.Tensor:
    """Minus the log likelihood of the readers' outlines under the samples (B, T, D, H, W), a voxel near the marks."""
    # -log p(y) = softplus(logit) - y * logit
    weight = batch.near / ALIKE_VOXELS
    empty = (F.softplus(samples) * weight).flatten(2).sum(2)  # (B, T)
    marked = torch.einsum("bthwd,brhwd->btr", samples * weight, batch.readers)
    evidence = marked - empty[..., None]  # (B, T, R)
    likelihood = torch.logsumexp(evidence, 1) - math.log(samples.shape[1])
    return -(likelihood.mean(1) * ALIKE_VOXELS / near).mean()


def deep_loss(logits: torch.Tensor, consensus: torch.Tensor, batch: Boxes) -> torch.Tensor:
    """Dice and cross-entropy of a coarser level's logits."""
    consensus, valid, near = (F.adaptive_avg_pool3d(x, logits.shape[2:]) for x in (consensus, batch.valid, batch.near))
    logits, known = logits.float(), (valid > 0.99).float()
    entropy = F.binary_cross_entropy_with_logits(logits, consensus, reduction="none") * known
    return dice_loss(torch.sigmoid(logits), consensus, known) + entropy.sum() / near.sum().clamp(min=1)
