"""Windows for training U-Nets: boxes of voxels, slices or slabs of a nodule's crop or of a whole CT.

A slice is a box of one slice, a slab a box of several whose target is the middle one. Windows are turned in the plane,
mirrored, zoomed, and given the noise that scanners have. Crops end where the readers' marks end: sometimes that is
shown (the last slice is repeated, as the product does), else they go on with their caps (`data.beyond`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..data.items import Stack, Whole
from ..systems import System
from .boxes import CLAMPED_SHARE, cut, gone_on_whole_pixels, inside
from .windows import with_scanner

LUNG_HU = (-950, -500)


@dataclass
class Windows:
    """Tensors of one step; space is H, W or D, H, W."""

    image: torch.Tensor  # (B, S or 1, *space) in [0, 1]
    target: torch.Tensor  # (B, 1, *space) 0 or 1
    valid: torch.Tensor  # (B, 1, *space) 1 where the target is known

    def to(self, device: str | torch.device) -> "Windows":
        return Windows(**{name: value.to(device) for name, value in vars(self).items()})


def target_of(stack: Stack, kind: str) -> np.ndarray:
    """The crop's target as a mask: "consensus", "union" or "sphere"."""
    if kind == "union":
        return stack.votes > 0
    consensus = stack.votes >= 128
    if kind == "consensus":
        return consensus
    # As LUNA16's annotations.csv has it: a centre and a diameter.
    middle = np.argwhere(consensus if consensus.any() else stack.votes > 0).mean(0)
    spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
    axes = np.ogrid[tuple(slice(0, n) for n in stack.hu.shape)]
    squared = sum(((axis - at) * mm) ** 2 for axis, at, mm in zip(axes, middle, spacing))
    return squared <= (stack.diameter_mm / 2) ** 2


def turned(rng: np.random.Generator) -> np.ndarray:
    """A random turn in the plane, mirroring and zoom (3, 3), from a window's mm to a volume's."""
    angle, zoom = rng.uniform(-np.pi, np.pi), np.exp(rng.normal(0, 0.08))
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, cos * zoom, -sin * zoom], [0, sin * zoom, cos * zoom]])
    return turn * rng.choice([-1.0, 1.0], 3)


def places(system: System, spacing_mm: np.ndarray, middle_kji: Sequence[float], turn: np.ndarray) -> np.ndarray:
    """Voxels (D, H, W, 3) of the volume, with fractions, at which a window is read."""
    steps = [own if mm is None else mm for mm, own in zip(system.spacing_mm, spacing_mm)]
    axes = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(system.size, steps)]
    at_mm = np.stack(np.meshgrid(*axes, indexing="ij"), -1) @ turn.T
    return (np.asarray(middle_kji) + at_mm / spacing_mm).astype(np.float32)


def scaled(hu: torch.Tensor, window_hu: tuple) -> torch.Tensor:
    """HU in [0, 1]."""
    low, high = window_hu
    return ((hu - low) / (high - low)).clamp(0, 1)


def read(
    system: System, hu: np.ndarray, target: np.ndarray, voxels: np.ndarray, known: np.ndarray | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """HU (S or 1, *space), target and valid (1, *space) of a window."""
    image = cut(hu[None], voxels)  # (1, D, H, W)
    if system.dimensions == 2:
        image, voxels = image[0], voxels[len(voxels) // 2][None]
    marked = (cut(target[None], voxels) >= 0.5).float()
    valid = inside(voxels, hu.shape)
    if known is not None:
        valid = valid * (cut(known[None], voxels) > 0.99).float()
    return (image, marked[:, 0], valid[:, 0]) if system.dimensions == 2 else (image, marked, valid)


class WindowSampler:
    """Draws batches of windows. Its state is its generator, which a checkpoint keeps."""

    def __init__(self, system: System, stacks: list[Stack], wholes: list[Whole], seed: int) -> None:
        self.system, self.stacks, self.wholes = system, stacks, wholes
        self.rng = np.random.default_rng(seed)
        # Each nodule counts by the square root of its slices, each whole CT by that of its voxels.
        self.weight = shares(np.sqrt([len(stack.hu) for stack in stacks]))
        self.whole_weight = shares(np.sqrt([whole.hu.size for whole in wholes]))

    def batch(self) -> Windows:
        """One step's windows."""
        drawn = [self.nodule() for _ in range(self.system.nodules)]
        drawn += [self.negative() for _ in range(self.system.negatives if self.wholes else 0)]
        return Windows(*(torch.stack(part) for part in zip(*drawn)))

    def nodule(self) -> tuple[torch.Tensor, ...]:
        """A window of a nodule's crop."""
        rng, system = self.rng, self.system
        stack = self.stacks[rng.choice(len(self.stacks), p=self.weight)]
        hu, target = self.shown(stack)
        spacing = np.array([stack.step_mm, stack.pixel_mm, stack.pixel_mm])
        marked = np.argwhere(target)
        middle = marked.mean(0) if len(marked) else np.array(hu.shape) / 2
        if system.dimensions == 2 and len(marked):
            middle[0] = rng.integers(marked[:, 0].min(), marked[:, 0].max() + 1)
        shift = rng.uniform(-system.shift_px, system.shift_px, 3) * (system.dimensions == 3, 1, 1)
        voxels = places(system, spacing, middle + shift, turned(rng))
        image, marked, valid = read(system, hu, target, voxels)
        return self.seen(image, stack.calibrated), marked, valid

    def negative(self) -> tuple[torch.Tensor, ...]:
        """A window of a whole CT, around a voxel of a lung."""
        rng, system = self.rng, self.system
        whole = self.wholes[rng.choice(len(self.wholes), p=self.whole_weight)]
        for _ in range(200):
            voxel = rng.integers(whole.hu.shape)
            if LUNG_HU[0] < whole.hu[tuple(voxel)] < LUNG_HU[1]:
                break
        voxels = places(system, np.array(whole.spacing_mm), voxel, turned(rng))
        image, marked, valid = read(system, whole.hu, whole.votes >= 128, voxels, whole.known)
        return self.seen(image, True), marked, valid

    def shown(self, stack: Stack) -> tuple[np.ndarray, np.ndarray]:
        """HU and target of the crop, ending with its marks or gone on with."""
        target = target_of(stack, self.system.target)
        if self.rng.uniform() < CLAMPED_SHARE:
            marked = np.flatnonzero(stack.votes.any((1, 2)))
            ends = slice(marked[0], marked[-1] + 1)
            return stack.hu[ends], target[ends]
        hu, _ = gone_on_whole_pixels(stack, self.rng)
        count = (len(hu) - len(target)) // 2
        return hu, np.pad(target, ((count, count), (0, 0), (0, 0)))

    def seen(self, hu: torch.Tensor, calibrated: bool) -> torch.Tensor:
        """In [0, 1], as some scanner might have shown it."""
        planes = hu.flatten(0, -3)  # (slices, H, W)
        return with_scanner(planes, calibrated, self.rng, self.system.window_hu).reshape(hu.shape)


def shares(weight: np.ndarray) -> np.ndarray:
    """Weights that add up to 1."""
    return weight / weight.sum() if len(weight) else weight


def straight(system: System, stack: Stack) -> tuple[torch.Tensor, ...]:
    """The window around a nodule's middle as it is, ending with its marks: image, target, valid, each with a leading 1."""
    marked = np.flatnonzero(stack.votes.any((1, 2)))
    ends = slice(marked[0], marked[-1] + 1)
    hu, target = stack.hu[ends], target_of(stack, system.target)[ends]
    spacing = np.array([stack.step_mm, stack.pixel_mm, stack.pixel_mm])
    middle = np.argwhere(target).mean(0) if target.any() else np.array(hu.shape) / 2
    if system.dimensions == 2:
        middle = np.round(middle)
    image, marked, valid = read(system, hu, target, places(system, spacing, middle, np.eye(3)))
    return scaled(image, system.window_hu)[None], marked[None], valid[None]
