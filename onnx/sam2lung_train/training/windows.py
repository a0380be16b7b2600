"""Windows of slices for training: drawn, turned, and given the noise that scanners have.

A window is what the product's encoder sees: the centre slice and its neighbours, in [0, 1], on the network's
pixels, with the distances of the slices that were really taken.

Crops of nodules end where readers' marks end. Sometimes a window shows that (neighbours repeat the last slice, as the
product does at a volume's end), else the stack goes on with its caps: a nodule that ends while vessels go on is what
tells the two apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from ..config import CLICK_DECAY_MM, EACH_SIDE, NEIGHBOUR_STEP_MM, SLICES, WINDOW_HU, TrainConfig, neighbour_stride
from ..data.beyond import DRIFT_PX_PER_MM
from ..data.items import Stack, Whole

# Voxels (k, j, i) inside the nodule, and outside it.
Clicks = tuple[list, list]

CLAMPED_SHARE = 0.35  # of whole-CT windows that end like a crop
SHIFT_MM = 20.0
ANY_SHARE = 0.1  # of the readers, between a marked pixel and its neighbours: any of them marked it
REFUSED_SHARE = 0.1  # of the whole-CT windows that have a click outside at what isn't a nodule
OUTSIDE_SHARE = 0.3  # of the clicked nodules that get a click outside, too


@dataclass
class Batch:
    """Tensors of one step."""

    slices: torch.Tensor  # (B, S, H, W) in [0, 1]
    offsets_mm: torch.Tensor  # (B, S)
    clicks: torch.Tensor  # (B, 2, H, W) inside, outside
    votes: torch.Tensor  # (B, 1, H, W) share of the readers
    valid: torch.Tensor  # (B, 1, H, W) 1 where the target is known
    pairs: torch.Tensor  # (P, 2) windows of neighbouring slices

    def to(self, device: str | torch.device) -> "Batch":
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


@dataclass
class Planes:
    """What a window is cut from: slices (S, h, w) in HU, their shifts in pixels (S, 2), target planes."""

    hu: np.ndarray
    shift_px: np.ndarray
    offsets_mm: np.ndarray
    votes: np.ndarray  # (h, w) 0 to 1
    known: np.ndarray  # (h, w)
    pixel_mm: float


@dataclass
class View:
    """How a window lies over its planes: centre in pixels (x, y), the 2 x 2 matrix from window to plane in mm, and the
    window's pixels.
    """

    centre: np.ndarray
    matrix: np.ndarray
    pixel_mm: float


def draw_view(
    rng: np.random.Generator, centre: Sequence[float], shift_mm: float, pixel_mm: float, window_pixel_mm: float
) -> View:
    """A random position near `centre`, rotation, flip and zoom."""
    angle, zoom = rng.uniform(-np.pi, np.pi), np.exp(rng.normal(0, 0.1))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flip = np.diag([rng.choice([-1.0, 1.0]), 1.0])
    return View(
        np.asarray(centre) + rng.uniform(-shift_mm, shift_mm, 2) / pixel_mm, zoom * turn @ flip, window_pixel_mm
    )


def render(planes: Planes, view: View, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The window: HU (S, size, size), votes and validity (1, size, size)."""
    steps = (np.arange(size) - (size - 1) / 2) * view.pixel_mm
    offsets = np.stack(np.meshgrid(steps, steps), -1) @ view.matrix.T / planes.pixel_mm  # (size, size, xy)
    height, width = planes.hu.shape[1:]
    scale = 2.0 / (np.array([width, height]) - 1)
    at = lambda shift: torch.from_numpy(((view.centre + offsets + shift) * scale - 1).astype(np.float32))  # noqa: E731
    grid = torch.stack([at(shift) for shift in planes.shift_px])  # (S, size, size, 2)
    hu = sample(torch.from_numpy(planes.hu)[:, None], grid, "border")[:, 0]
    target = np.stack([planes.votes * planes.known, planes.known]).astype(np.float32)
    votes, valid = sample(torch.from_numpy(target)[None], at(0.0)[None], "zeros")[0]
    # A pixel half of whose voters are unknown isn't known.
    return hu, votes[None], (valid[None] > 0.99).float()


def sample(planes: torch.Tensor, grid: torch.Tensor, beyond: str) -> torch.Tensor:
    return F.grid_sample(planes, grid, mode="bilinear", padding_mode=beyond, align_corners=True)


def click_maps(clicks: Clicks, k: int, view: View, planes: Planes, step_mm: float, size: int) -> torch.Tensor:
    """Maps (2, size, size) of `clicks` (voxels k, j, i inside the nodule, and outside it), as slice `k` shows them.

    exp(-d / CLICK_DECAY_MM) of the distance in space to the nearest click, 0 without one.
    """
    steps = (np.arange(size) - (size - 1) / 2) * view.pixel_mm
    x, y = np.meshgrid(steps, steps)
    maps = np.zeros((2, size, size), np.float32)
    for kind, voxels in enumerate(clicks):
        for at, j, i in voxels:
            u, v = np.linalg.solve(view.matrix, (np.array([i, j]) - view.centre) * planes.pixel_mm)
            distance = np.sqrt((x - u) ** 2 + (y - v) ** 2 + ((at - k) * step_mm) ** 2)
            maps[kind] = np.maximum(maps[kind], np.exp(-distance / CLICK_DECAY_MM))
    return torch.from_numpy(maps)


def draw_clicks(stack: Stack, k: int, rng: np.random.Generator) -> Clicks:
    """What a user may click: a voxel of the nodule, mostly near its middle; sometimes one beside it, in slice `k`."""
    nodule = np.argwhere(stack.votes >= 128)
    if not len(nodule):
        return [], []
    middle = np.linalg.norm((nodule - nodule.mean(0)) * (stack.step_mm, stack.pixel_mm, stack.pixel_mm), axis=1)
    some = rng.integers(len(nodule), size=rng.integers(1, 6))
    inside = nodule[some[np.argmin(middle[some])]]
    if rng.uniform() > OUTSIDE_SHARE:
        return [inside], []
    marked = stack.votes[k] > 0
    beside = np.argwhere(
        ndimage.binary_dilation(marked, iterations=12) & ~ndimage.binary_dilation(marked, iterations=2)
    )
    return [inside], [(k, *beside[rng.integers(len(beside))])] if len(beside) else []


def between(volume: np.ndarray, k: float) -> np.ndarray:
    """The plane at `k`, linear between two slices; (h, w) float32."""
    low = int(k)
    high, weight = min(low + 1, len(volume) - 1), np.float32(k - low)
    return volume[low] if weight == 0 else volume[low] * (1 - weight) + volume[high] * weight


def nodule_planes(stack: Stack, k: float, clamped: bool, rng: np.random.Generator, own_slices: bool = False) -> Planes:
    """The planes around slice `k` of a nodule's stack; `own_slices`: exactly a step apart, between its slices."""
    stride = NEIGHBOUR_STEP_MM / stack.step_mm if own_slices else neighbour_stride(stack.step_mm)
    last = len(stack.hu) - 1
    drift = rng.uniform(-DRIFT_PX_PER_MM, DRIFT_PX_PER_MM, (2, 2))  # of the lower and the upper cap
    hu, shift, offsets = [], [], []
    for n in range(-EACH_SIDE, EACH_SIDE + 1):
        wanted = k + n * stride
        used = float(np.clip(wanted, 0, last))
        if wanted == used or clamped:
            hu.append(between(stack.hu, used))
            shift.append((0.0, 0.0))
            offsets.append((used - k) * stack.step_mm)
        else:
            side = int(wanted > last)
            hu.append(stack.caps[side])
            shift.append(drift[side] * abs(wanted - used) * stack.step_mm)
            offsets.append((wanted - k) * stack.step_mm)
    votes = between(stack.votes, k).astype(np.float32) / 255
    return Planes(
        hu=np.stack(hu).astype(np.float32),
        shift_px=np.array(shift),
        offsets_mm=np.array(offsets, np.float32),
        votes=votes,
        known=np.ones(votes.shape, np.float32),
        pixel_mm=stack.pixel_mm,
    )


def whole_planes(
    whole: Whole,
    voxel_kji: Sequence[int] | np.ndarray,
    thick: int,
    ends: tuple[int, int] | None,
    half_px: int,
    own_slices: bool = False,
) -> tuple[Planes, tuple[int, int]]:
    """The planes around a voxel of a whole CT, and where the voxel lies in them.

    `thick` slices are averaged to one; `ends` (below, above) is how many slices there are on each side, None for all.
    """
    k, j, i = voxel_kji
    spacing = whole.spacing_mm[0] * thick
    stride = NEIGHBOUR_STEP_MM / spacing if own_slices else neighbour_stride(spacing)
    count = len(whole.hu) // thick
    k = min(k // thick, count - 1)
    below, above = ends or (count, count)
    used = [
        float(np.clip(k + n * stride, max(k - below, 0), min(k + above, count - 1)))
        for n in range(-EACH_SIDE, EACH_SIDE + 1)
    ]
    rows, columns = (slice(max(at - half_px, 0), at + half_px) for at in (j, i))
    mean = lambda array, slab: array[slab * thick : slab * thick + thick, rows, columns].mean(0, dtype=np.float32)  # noqa: E731

    def plane(at):
        low, weight = int(at), np.float32(at % 1)
        return (
            mean(whole.hu, low)
            if weight == 0
            else mean(whole.hu, low) * (1 - weight) + mean(whole.hu, low + 1) * weight
        )

    known = whole.known[k * thick : k * thick + thick, rows, columns].all(0)
    planes = Planes(
        hu=np.stack([plane(at) for at in used]),
        shift_px=np.zeros((SLICES, 2)),
        offsets_mm=np.array([(slab - k) * spacing for slab in used], np.float32),
        votes=mean(whole.votes, k) / 255,
        known=known.astype(np.float32),
        pixel_mm=whole.spacing_mm[2],
    )
    return planes, (i - columns.start, j - rows.start)


def with_scanner(
    hu: torch.Tensor, calibrated: bool, rng: np.random.Generator, window_hu: Sequence[float] = WINDOW_HU
) -> torch.Tensor:
    """HU (S, H, W) with another scanner's scale, kernel and noise; in [0, 1]."""
    spread = (12.0, 0.02) if calibrated else (35.0, 0.06)  # HU, share: estimated scales are that far off
    hu = (hu + 1000.0) * (1 + rng.normal(0, spread[1])) - 1000.0 + rng.normal(0, spread[0])
    kernel = rng.uniform()
    if kernel < 0.25:
        hu = blurred(hu, rng.uniform(0.4, 0.9))
    elif kernel < 0.5:
        hu = hu + rng.uniform(0.3, 1.2) * (hu - blurred(hu, 0.8))
    if rng.uniform() < 0.5:
        noise = torch.from_numpy(rng.standard_normal(hu.shape, np.float32)) * float(rng.exponential(25.0))
        hu = hu + (blurred(noise, 0.6) * 2 if rng.uniform() < 0.5 else noise)
    low, high = window_hu
    return ((hu - low) / (high - low)).clamp(0, 1)


def blurred(planes: torch.Tensor, sigma_px: float) -> torch.Tensor:
    """Gaussian blur of (S, H, W) by a 5 x 5 kernel."""
    steps = torch.arange(-2, 3, dtype=torch.float32)
    line = torch.exp(-(steps**2) / (2 * sigma_px**2))
    kernel = torch.outer(line, line)
    padded = F.pad(planes[:, None], (2, 2, 2, 2), "replicate")
    return F.conv2d(padded, (kernel / kernel.sum())[None, None])[:, 0]


def middles(whole: Whole) -> np.ndarray:
    """Voxels (N, 3) in the middle of what a whole CT's readers marked."""
    labels, count = ndimage.label(whole.votes >= 128)
    return np.round(ndimage.center_of_mass(labels > 0, labels, range(1, count + 1))).astype(int).reshape(-1, 3)


class Sampler:
    """Draws batches. Its state is its generator, which a checkpoint keeps."""

    def __init__(
        self, stacks: list[Stack], wholes: list[Whole], config: TrainConfig, with_nodules: Sequence[Whole] = ()
    ) -> None:
        self.stacks, self.wholes, self.config = stacks, wholes, config
        # Whole CTs with nodules set in, and the voxels of their middles.
        self.with_nodules = [(whole, middles(whole)) for whole in with_nodules]
        self.rng = np.random.default_rng(config.seed)
        self.hard = [w.hard for w in wholes]  # voxels k, j, i of what is easily taken for a nodule
        # Large nodules have many slices that look alike: each nodule counts by the square root of its slices.
        weight = np.sqrt([len(s.hu) for s in stacks])
        self.weight = weight / weight.sum()
        size = np.array([w.hu.size**0.5 for w in wholes])
        self.whole_weight = size / size.sum() if wholes else size

    def batch(self) -> Batch:
        """One `Batch`."""
        windows, pairs = [], []
        for _ in range(self.config.pairs):
            pairs.append((len(windows), len(windows) + 1))
            windows += self.nodule_windows(2)
        for _ in range(self.config.singles):
            windows += self.nodule_windows(1)
        windows += [self.whole_window() for _ in range(self.config.negatives if self.wholes else 0)]
        windows += [self.inserted_window() for _ in range(self.config.inserted if self.with_nodules else 0)]
        slices, offsets, clicks, votes, valid = (torch.stack(part) for part in zip(*windows))
        return Batch(slices, offsets, clicks, votes, valid, torch.tensor(pairs, dtype=torch.long).reshape(-1, 2))

    def nodule_windows(self, count: int) -> list[tuple[torch.Tensor, ...]]:
        """`count` neighbouring slices of one nodule, seen alike."""
        stack = self.stacks[self.rng.choice(len(self.stacks), p=self.weight)]
        count = min(count, len(stack.hu))
        first = int(self.rng.integers(len(stack.hu) - count + 1))
        clamped = self.rng.uniform() < self.config.clamped_share
        view = draw_view(self.rng, (64.0, 64.0), SHIFT_MM, stack.pixel_mm, self.config.network.pixel_mm)
        clicks = draw_clicks(stack, first, self.rng) if self.rng.uniform() < self.config.click_share else ([], [])
        own = self.config.network.own_slices
        between_slices = self.rng.uniform() * (first + count < len(stack.hu)) if own else 0.0
        state = self.rng.integers(2**32, size=2)
        made = []
        for k in range(first, first + count):
            rng = np.random.default_rng(state)  # neighbours come from one scan: the same drift, scale and kernel
            planes = nodule_planes(stack, k + between_slices, clamped, rng, own)
            maps = click_maps(clicks, k, view, planes, stack.step_mm, self.config.window_px)
            made.append(self.window(planes, view, stack.calibrated, maps, rng))
        return made if len(made) == count else made * 2

    def whole_window(self) -> tuple[torch.Tensor, ...]:
        """A window of a whole CT, at a hard place if there are some."""
        n = int(self.rng.choice(len(self.wholes), p=self.whole_weight))
        whole, hard = self.wholes[n], self.hard[n]
        if len(hard) and self.rng.uniform() < self.config.hard_share:
            voxel = hard[self.rng.integers(len(hard))]
        else:
            voxel = self.random_voxel(whole)
        return self.window_at(whole, voxel)

    def inserted_window(self) -> tuple[torch.Tensor, ...]:
        """A window of a whole CT at a nodule that was set into it."""
        whole, places = self.with_nodules[self.rng.integers(len(self.with_nodules))]
        moved = places[self.rng.integers(len(places))] + self.rng.integers(-1, 2, 3) * (1, 0, 0)
        return self.window_at(whole, np.clip(moved, 0, np.array(whole.hu.shape) - 1))

    def window_at(self, whole: Whole, voxel: np.ndarray) -> tuple[torch.Tensor, ...]:
        """A window around a voxel of a whole CT, as some scanner might have shown it."""
        thickest = max(1, min(3, int(5.0 / whole.spacing_mm[0])))
        thick = int(self.rng.integers(1, thickest + 1)) if self.rng.uniform() < 0.4 else 1
        ends = tuple(self.rng.integers(0, 5, 2)) if self.rng.uniform() < CLAMPED_SHARE else None
        half_px = int(self.config.window_px * self.config.network.pixel_mm / whole.spacing_mm[2])
        planes, centre = whole_planes(whole, voxel, thick, ends, half_px, self.config.network.own_slices)
        view = draw_view(self.rng, centre, SHIFT_MM / 2, planes.pixel_mm, self.config.network.pixel_mm)
        clicks = ([], [(0, centre[1], centre[0])] if self.rng.uniform() < REFUSED_SHARE else [])
        maps = click_maps(clicks, 0, view, planes, 1.0, self.config.window_px)
        return self.window(planes, view, True, maps, self.rng)

    def random_voxel(self, whole: Whole) -> np.ndarray:
        """A voxel of the lungs, mostly; sometimes of anything that isn't air around the patient."""
        low, high = (-950, -600) if self.rng.uniform() < 0.75 else (-600, 2000)
        for _ in range(200):
            voxel = self.rng.integers(whole.hu.shape)
            if low < whole.hu[tuple(voxel)] < high:
                break
        return voxel

    def window(
        self, planes: Planes, view: View, calibrated: bool, clicks: torch.Tensor, rng: np.random.Generator
    ) -> tuple[torch.Tensor, ...]:
        hu, votes, valid = render(planes, view, self.config.window_px)
        if self.config.target == "any":
            votes = (votes > ANY_SHARE).float()
        return with_scanner(hu, calibrated, rng), torch.from_numpy(planes.offsets_mm), clicks, votes, valid
