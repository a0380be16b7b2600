"""Boxes of nodules for training the segmenter: drawn, turned, and given the noise that scanners have.

A box is what the product's patch network sees of a finding: [20, 48, 48] voxels around it, whose spacings grow with the
finding. Clicks say what is wanted: one is always there, near the nodule's middle, where the detector's candidate or a
person's click would be.

A crop ends with its marks as often as `CLAMPED_SHARE` says (the product then repeats the last slice), else it goes on
with its caps (`data.beyond`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from ..config import BOX_MARGIN_MM, BOX_SIZE, BOX_SPACING_MM, CLICK_DECAY_MM
from ..data.beyond import BEYOND_MM, DRIFT_PX_PER_MM, NOISE_HU
from ..data.items import Stack
from .windows import with_scanner

CLAMPED_SHARE = 0.4
JITTER_MM = 3.0  # of the box's middle against the nodule's
CLICK_JITTER_MM = 1.0  # of a candidate's centre
OUTSIDE_SHARE = 0.15  # of the boxes that have a click outside, too
NEAR_VOXELS = 5  # around what any reader marked: where the likelihood of outlines is taken


@dataclass
class Boxes:
    """Tensors of one step."""

    boxes: torch.Tensor  # (B, 1, D, H, W) in [0, 1]
    clicks: torch.Tensor  # (B, 2, D, H, W) inside, outside
    readers: torch.Tensor  # (B, 4, D, H, W) 1 where a reader marked; of fewer readers some come twice
    share: torch.Tensor  # (B, 1, D, H, W) of the readers that marked
    valid: torch.Tensor  # (B, 1, D, H, W) 1 where the target is known
    near: torch.Tensor  # (B, 1, D, H, W) 1 around the marks

    def to(self, device: str | torch.device) -> "Boxes":
        return Boxes(**{name: value.to(device) for name, value in vars(self).items()})


@dataclass
class Seen:
    """How a box lies over its volume: matrix from mm along the box's axes to mm along the volume's, and its middle."""

    middle_kji: np.ndarray  # in voxels of the volume
    turn: np.ndarray  # (3, 3)
    scale: float  # of the spacing


def spread(array: np.ndarray, spacing_mm: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Middle of the box around what is marked (voxels), and its extent in mm."""
    at = np.argwhere(array)
    low, high = at.min(0), at.max(0) + 1
    return (low + high - 1) / 2, (high - low) * np.asarray(spacing_mm)


def drawn_view(rng: np.random.Generator, middle: np.ndarray, extent_mm: np.ndarray, spacing_mm: np.ndarray) -> Seen:
    """A random turn in the plane, mirroring, zoom and place; the scale that the finding needs."""
    angle, zoom = rng.uniform(-np.pi, np.pi), np.exp(rng.normal(0, 0.08))
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) * rng.choice([-1.0, 1.0], 3) * zoom
    turn[0, 0] *= np.exp(rng.normal(0, 0.08))
    fits = np.array(BOX_SIZE) * BOX_SPACING_MM
    needed = float(((extent_mm * rng.uniform(0.8, 1.3) + 2 * BOX_MARGIN_MM) / fits).max())
    scale = max(needed, 1.0) * (np.exp(rng.uniform(0, 0.4)) if rng.uniform() < 0.15 else 1.0)
    moved = np.asarray(middle) + rng.normal(0, JITTER_MM / 2, 3) * scale / spacing_mm
    return Seen(moved, turn, scale)


def straight_view(middle: np.ndarray, extent_mm: np.ndarray) -> Seen:
    """As the product looks at a finding."""
    fits = np.array(BOX_SIZE) * BOX_SPACING_MM
    scale = max(float(((np.asarray(extent_mm) + 2 * BOX_MARGIN_MM) / fits).max()), 1.0)
    return Seen(np.asarray(middle, float), np.eye(3), scale)


def positions_mm(view: Seen) -> np.ndarray:
    """Places (D, H, W, 3) of a box's voxels from its middle, in mm along the volume's axes k, j, i."""
    axes = [
        (np.arange(n, dtype=np.float32) - (n - 1) / 2) * step * view.scale for n, step in zip(BOX_SIZE, BOX_SPACING_MM)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1) @ view.turn.T.astype(np.float32)


def voxels_of(view: Seen, spacing_mm: np.ndarray, at_mm: np.ndarray) -> np.ndarray:
    """The same places as voxels (D, H, W, 3) of the volume, with fractions."""
    return (view.middle_kji + at_mm / spacing_mm).astype(np.float32)


def inside(voxels: np.ndarray, shape: Sequence[int]) -> torch.Tensor:
    """(1, D, H, W): 1 within a volume of that shape."""
    within = ((voxels >= -0.5) & (voxels <= np.array(shape, np.float32) - 0.5)).all(-1)
    return torch.from_numpy(within.astype(np.float32))[None]


def cut(volumes: np.ndarray, voxels: np.ndarray) -> torch.Tensor:
    """Trilinear samples (C, D, H, W) of volumes (C, d, h, w) at `voxels`; beyond the edge it is repeated."""
    shape = np.array(volumes.shape[1:])
    low = np.clip(np.floor(voxels.min((0, 1, 2))).astype(int), 0, shape - 1)
    high = np.clip(np.ceil(voxels.max((0, 1, 2))).astype(int) + 1, low + 1, shape)
    part = np.ascontiguousarray(volumes[:, low[0] : high[0], low[1] : high[1], low[2] : high[2]], np.float32)
    length = high - low - 1
    at = np.where(length > 0, (voxels - low.astype(np.float32)) * (2 / np.maximum(length, 1)).astype(np.float32) - 1, 0)
    grid = torch.from_numpy(np.ascontiguousarray(at[..., ::-1], np.float32))[None]
    return F.grid_sample(torch.from_numpy(part)[None], grid, padding_mode="border", align_corners=True)[0]


def click_maps(
    clicks: tuple[Sequence[np.ndarray], Sequence[np.ndarray]], view: Seen, spacing_mm: np.ndarray, at_mm: np.ndarray
) -> torch.Tensor:
    """Maps (2, D, H, W) of clicks (voxels of the volume) inside and outside: exp(-d / CLICK_DECAY_MM)."""
    maps = np.zeros((2, *at_mm.shape[:3]), np.float32)
    for kind, voxels in enumerate(clicks):
        for voxel in voxels:
            distance = np.linalg.norm(at_mm - (np.asarray(voxel) - view.middle_kji) * spacing_mm, axis=-1)
            maps[kind] = np.maximum(maps[kind], np.exp(-distance / CLICK_DECAY_MM))
    return torch.from_numpy(maps)


def grown(mask: torch.Tensor) -> torch.Tensor:
    """A mask (1, D, H, W) and what is near it: a slice along k, `NEAR_VOXELS` in the plane."""
    for axis, reach in ((1, 1), (2, NEAR_VOXELS), (3, NEAR_VOXELS)):
        size, padding = [1, 1, 1], [0, 0, 0]
        size[axis - 1], padding[axis - 1] = 2 * reach + 1, reach
        mask = F.max_pool3d(mask[None], size, 1, padding)[0]
    return mask


def gone_on_whole_pixels(stack: Stack, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """As `data.beyond.gone_on`, with HU and marks, by whole pixels: fast enough for training."""
    count = int(np.ceil(BEYOND_MM / stack.step_mm))
    drift = rng.uniform(-DRIFT_PX_PER_MM, DRIFT_PX_PER_MM, (2, 2)) * stack.step_mm

    def beyond(side: int, n: int) -> np.ndarray:
        return np.roll(stack.caps[side], np.round(drift[side] * n).astype(int), (0, 1))

    parts = [*(beyond(0, n) for n in range(count, 0, -1)), *stack.hu, *(beyond(1, n) for n in range(1, count + 1))]
    hu = np.stack(parts).astype(np.float32)
    for ends in (slice(0, count), slice(len(hu) - count, None)):
        hu[ends] += rng.standard_normal(hu[ends].shape, np.float32) * NOISE_HU
    return hu, np.pad(stack.marks, ((count, count), (0, 0), (0, 0)))


class BoxSampler:
    """Draws batches of boxes. Its state is its generator, which a checkpoint keeps."""

    def __init__(self, stacks: list[Stack], batch: int, seed: int) -> None:
        self.stacks = [s for s in stacks if (s.votes >= 128).any()]
        self.size, self.rng = batch, np.random.default_rng(seed)
        # Small nodules are the many, and the hard ones to outline: all count alike.

    def batch(self) -> Boxes:
        """One `Boxes`."""
        drawn = [self.box(self.stacks[self.rng.integers(len(self.stacks))]) for _ in range(self.size)]
        return Boxes(*(torch.stack(part) for part in zip(*drawn)))

    def box(self, stack: Stack) -> tuple[torch.Tensor, ...]:
        """One nodule's box, clicks, readers, their share, validity and surroundings."""
        rng = self.rng
        hu, marks = self.shown(stack)
        spacing = np.array([stack.step_mm, stack.pixel_mm, stack.pixel_mm])
        middle, extent = spread(marks > 0, spacing)
        view = drawn_view(rng, middle, extent, spacing)
        at_mm = positions_mm(view)
        voxels = voxels_of(view, spacing, at_mm)
        valid = inside(voxels, hu.shape)
        bits = np.stack([marks >> reader & 1 for reader in range(stack.readers)])
        outlines = (cut(bits, voxels) > 0.5).float()
        share = outlines.mean(0, keepdim=True)
        clicks = click_maps(self.clicks(marks, spacing), view, spacing, at_mm)
        boxes = with_scanner(cut(hu[None], voxels)[0], stack.calibrated, rng)[None]
        outlines = outlines[torch.from_numpy(rng.permutation(stack.readers))][torch.arange(4) % stack.readers]
        return boxes, clicks, outlines, share, valid, grown((share > 0).float()) * valid

    def shown(self, stack: Stack) -> tuple[np.ndarray, np.ndarray]:
        """HU and marks of the crop, ending with its marks or gone on with."""
        if self.rng.uniform() < CLAMPED_SHARE:
            marked = np.flatnonzero(stack.marks.any((1, 2)))
            ends = slice(marked[0], marked[-1] + 1)
            return stack.hu[ends], stack.marks[ends]
        return gone_on_whole_pixels(stack, self.rng)

    def clicks(self, marks: np.ndarray, spacing: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """A candidate's centre or a person's click inside; sometimes one outside."""
        rng = self.rng
        marked = np.argwhere(marks > 0)
        centre = marked.mean(0)
        if rng.uniform() < 0.6:
            inside = centre + rng.normal(0, CLICK_JITTER_MM, 3) / spacing
        else:
            few = marked[rng.integers(len(marked), size=rng.integers(1, 6))]
            inside = few[np.argmin((((few - centre) * spacing) ** 2).sum(1))]
        if rng.uniform() > OUTSIDE_SHARE:
            return [inside], []
        k = int(np.clip(round(float(inside[0])), 0, len(marks) - 1))
        at = marks[k] > 0
        ring = (
            ndimage.binary_dilation(at, iterations=10) & ~ndimage.binary_dilation(at, iterations=3) if at.any() else at
        )
        beside = np.argwhere(ring)
        return [inside], [np.array([k, *beside[rng.integers(len(beside))]])] if len(beside) else []
