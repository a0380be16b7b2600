"""How well a segmenter of boxes outlines the development part: for watching, and for choosing between designs.

Crops end where the marks end, a candidate's centre is the consensus' centroid moved by up to a millimetre, and Dice is
taken on the crop's own voxels, as the product will be measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..config import BOX_SIZE, BOX_SPACING_MM, WINDOW_HU
from ..data.items import Stack, as_marked
from ..evaluation.metrics import dice
from ..networks.box_network import BoxNetwork
from .boxes import Seen, click_maps, cut, positions_mm, spread, straight_view, voxels_of

SAMPLES = 16
FAR_BELOW = -20.0  # a logit where the network has seen nothing
THRESHOLDS = np.arange(0.25, 0.7, 0.05)


@dataclass
class Outlined:
    """One nodule on the crop's voxels: the samples' logits without noise, what their noise adds, the readers' share."""

    undisturbed: np.ndarray  # float16 (T, slices, rows, columns)
    noise: np.ndarray  # the same, for draws of standard deviation 1
    share: np.ndarray  # (slices, rows, columns)
    stack: Stack

    def logits(self, noise_scale: float = 1.0) -> np.ndarray:
        """float32 (T, slices, rows, columns) under draws of this standard deviation."""
        return self.undisturbed.astype(np.float32) + noise_scale * self.noise.astype(np.float32)


def outlined(
    networks: Sequence[BoxNetwork], stacks: list[Stack], samples: int = SAMPLES, drop: bool = True
) -> Iterator[Outlined]:
    """Every stack that has a consensus, by members that share the samples out between them."""
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    noise = torch.randn(samples, networks[0].config.rank, generator=generator)
    torch.manual_seed(0)
    masks = [network.masks(samples, drop) for network in networks]
    for stack in stacks:
        hu, votes = as_marked(stack)
        consensus = votes >= 128
        if not consensus.any():
            continue
        spacing = np.array([stack.step_mm, stack.pixel_mm, stack.pixel_mm])
        middle, extent = spread(consensus, spacing)
        view = straight_view(middle, extent)
        at_mm = positions_mm(view)
        box = cut(hu[None], voxels_of(view, spacing, at_mm))[None]
        low, high = WINDOW_HU
        box = ((box - low) / (high - low)).clamp(0, 1)
        click = np.argwhere(consensus).mean(0) + rng.uniform(-1, 1, 3) / spacing
        clicks = click_maps(([click], []), view, spacing, at_mm)[None]
        parts = torch.empty(2, samples, *BOX_SIZE)
        for member, network in enumerate(networks):
            mine = list(range(member, samples, len(networks)))
            parts[:, mine] = member_logits(network, box, clicks, [m[mine] for m in masks[member]], noise[mine])
        undisturbed, added = (
            back(part, view, spacing, hu.shape, beyond).numpy().astype(np.float16)
            for part, beyond in zip(parts, (FAR_BELOW, 0.0))
        )
        yield Outlined(undisturbed, added, votes / 255, stack)


@torch.no_grad()
def member_logits(
    network: BoxNetwork, box: torch.Tensor, clicks: torch.Tensor, masks: list[torch.Tensor], noise: torch.Tensor
) -> torch.Tensor:
    """Logits of one member without noise, and what the noise adds: (2, T, D, H, W)."""
    with torch.autocast("cpu", torch.bfloat16):
        embeddings = network.encoder(box)
        logits, _ = network.decoder(embeddings, clicks, masks)
    mean, factors = logits[:, :1].float(), logits[:, 1:].float()
    return torch.stack([mean[:, 0], torch.einsum("trdhw,tr->tdhw", factors, noise)])


def back(values: torch.Tensor, view: Seen, spacing: np.ndarray, shape: tuple[int, ...], beyond: float) -> torch.Tensor:
    """Values (T, D, H, W) of a straight box at the volume's voxels; `beyond` outside the box."""
    axes = [
        ((np.arange(n) - middle) * step / (fine * view.scale)) / max(size - 1, 1) * 2
        for n, middle, step, fine, size in zip(shape, view.middle_kji, spacing, BOX_SPACING_MM, BOX_SIZE)
    ]
    at = np.stack(np.meshgrid(*axes, indexing="ij"), -1)[..., ::-1].astype(np.float32)
    grid = torch.from_numpy(np.ascontiguousarray(at))[None]
    read = torch.nn.functional.grid_sample(values[None] - beyond, grid, mode="bilinear", align_corners=True)
    return read[0] + beyond


def develop_dice(network: BoxNetwork | Sequence[BoxNetwork], stacks: list[Stack]) -> str:
    """Mean Dice at one half and at the best threshold, and what the samples say of the volume, in words."""
    networks = [network] if isinstance(network, BoxNetwork) else list(network)
    scores, small, inside, ratio = [], [], [], []
    for seen in outlined(networks, stacks):
        logits, consensus = seen.logits(), seen.share >= 0.5
        mean = (1 / (1 + np.exp(-logits))).mean(0)
        scores.append([dice(mean > t, consensus) for t in THRESHOLDS])
        small.append(seen.stack.diameter_mm < 6)
        volumes = (logits > 0).sum((1, 2, 3))
        low, middle, high = np.quantile(volumes, [0.05, 0.5, 0.95])
        inside.append(low <= consensus.sum() <= high)
        ratio.append(np.log(max(middle, 1) / consensus.sum()))
    scores, small = np.array(scores), np.array(small)
    best = scores.mean(0).argmax()
    half = int(np.argmin(abs(THRESHOLDS - 0.5)))
    return (
        f"development Dice {scores[:, half].mean():.4f} (median {np.median(scores[:, half]):.4f}, under 6 mm "
        f"{scores[small, half].mean():.4f}), best {scores[:, best].mean():.4f} at {THRESHOLDS[best]:.2f}, each its own "
        f"{scores.max(1).mean():.4f}; samples' volumes hold the consensus {np.mean(inside):.3f}, median ratio "
        f"{np.exp(np.mean(ratio)):.3f}; {len(scores)} nodules"
    )
