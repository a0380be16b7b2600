"""A network's probabilities on whole slices, as the product sees them: same pixels, neighbours and clamping."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ..aliases import Record, Spacing
from ..config import (
    EACH_SIDE,
    INTERPOLATE_ABOVE_MM,
    MULTIPLE,
    NEIGHBOUR_STEP_MM,
    PIXEL_MM,
    WINDOW_HU,
    BoxTrainConfig,
    TrainConfig,
    neighbour_stride,
)
from ..systems import UnetTrainConfig
from .box_network import BoxNetwork
from .network import Network, no_clicks
from .unet import UNet


def neighbours(count: int, k: int, spacing_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions of slice `k` and its neighbours, whole numbers unless slices are thick, and how far each is in mm; ends
    are repeated.
    """
    stride = NEIGHBOUR_STEP_MM / spacing_mm if spacing_mm > INTERPOLATE_ABOVE_MM else neighbour_stride(spacing_mm)
    used = np.clip(k + stride * np.arange(-EACH_SIDE, EACH_SIDE + 1), 0, count - 1)
    return used, (used - k).astype(np.float32) * np.float32(spacing_mm)


def network_input(
    hu: np.ndarray, k: int, spacing_mm: Spacing, pixel_mm: float = PIXEL_MM
) -> tuple[torch.Tensor, torch.Tensor]:
    """Slices (1, S, H, W) in [0, 1] on the network's pixels, edge repeated to a multiple; distances (1, S)."""
    used, offsets = neighbours(len(hu), k, spacing_mm[0])
    first = int(used[0])
    planes = interpolated(torch.from_numpy(hu[first : int(np.ceil(used[-1])) + 1].astype(np.float32)), 0, used - first)
    for axis, (length, spacing) in enumerate(zip(hu.shape[1:], spacing_mm[1:]), start=1):
        pixels = int(np.ceil((length - 1) * spacing / pixel_mm - 1e-9)) + 1
        pixels = -(-pixels // MULTIPLE) * MULTIPLE
        planes = interpolated(planes, axis, np.arange(pixels) * pixel_mm / spacing)
    low, high = WINDOW_HU
    return ((planes - low) / (high - low)).clamp(0, 1)[None], torch.from_numpy(offsets)[None]


def interpolated(planes: torch.Tensor, axis: int, positions: np.ndarray) -> torch.Tensor:
    """Linear along an axis at `positions`, ends repeated."""
    last = planes.shape[axis] - 1
    positions = np.clip(positions, 0, last)
    low = np.floor(positions).astype(int)
    weight = torch.from_numpy((positions - low).astype(np.float32)).reshape([-1 if a == axis else 1 for a in range(3)])
    below, above = (planes.index_select(axis, torch.from_numpy(n)) for n in (low, np.minimum(low + 1, last)))
    return below + (above - below) * weight


@torch.no_grad()
def slice_logits(
    network: Network, hu: np.ndarray, spacing_mm: Spacing, k: int, masks: list[torch.Tensor]
) -> torch.Tensor:
    """Logits (T, rows, columns) at the voxels of slice `k` under dropout masks (T, C, 1, 1)."""
    pixel_mm = network.config.pixel_mm
    slices, offsets = network_input(hu, k, spacing_mm, pixel_mm)
    device = masks[0].device
    with torch.autocast(device.type, torch.bfloat16):
        embeddings = network.encoder(slices.to(device), offsets.to(device))
        logits = network.decoder(embeddings, no_clicks(slices).to(device), masks)
    return at_voxels(logits[:, 0].float().cpu(), hu.shape, spacing_mm, pixel_mm)


def at_voxels(logits: torch.Tensor, shape: Sequence[int], spacing_mm: Spacing, pixel_mm: float) -> torch.Tensor:
    """Logits (T, H, W) on the network's pixels at the rows and columns of a volume of `shape`."""
    for axis, (length, spacing) in enumerate(zip(shape[1:], spacing_mm[1:]), start=1):
        logits = interpolated(logits, axis, np.arange(length) * spacing / pixel_mm)
    return logits


def own_slices_logits(network: Network, hu: np.ndarray, spacing_mm: Spacing) -> np.ndarray:
    """Logits (slices, rows, columns) of a network with slices of its own."""
    masks = undropped(network)
    return over_own_slices(hu, spacing_mm, lambda own, own_mm, k: slice_logits(network, own, own_mm, k, masks)[0])


def over_own_slices(
    hu: np.ndarray, spacing_mm: Spacing, answer: Callable[[np.ndarray, Spacing, int], torch.Tensor]
) -> np.ndarray:
    """Logits (slices, rows, columns) of slices as far apart as a network's neighbours, from the volume's first on; back at
    the volume's slices linearly. `answer(volume, spacing_mm, k)`: logits (rows, columns) of slice k of these.
    """
    own, own_mm = own_slices(hu, spacing_mm)
    logits = torch.stack([answer(own, own_mm, k) for k in range(len(own))])
    return interpolated(logits, 0, np.arange(len(hu)) * spacing_mm[0] / NEIGHBOUR_STEP_MM).numpy()


def own_slices(hu: np.ndarray, spacing_mm: Spacing) -> tuple[np.ndarray, Spacing]:
    """The volume on slices as far apart as a network's neighbours, and its spacing."""
    count = int(np.ceil((len(hu) - 1) * spacing_mm[0] / NEIGHBOUR_STEP_MM - 1e-9)) + 1
    own = interpolated(torch.from_numpy(hu.astype(np.float32)), 0, np.arange(count) * NEIGHBOUR_STEP_MM / spacing_mm[0])
    return own.numpy(), (NEIGHBOUR_STEP_MM, *spacing_mm[1:])


def volume_logits(network: Network, hu: np.ndarray, spacing_mm: Spacing, masks: list[torch.Tensor]) -> np.ndarray:
    """Logits (T, slices, rows, columns) of a volume: one set of dropout networks for all of its slices."""
    return torch.stack([slice_logits(network, hu, spacing_mm, k, masks) for k in range(len(hu))], 1).numpy()


def undropped(network: Network, device: str | torch.device = "cpu") -> list[torch.Tensor]:
    """The masks of the network without dropout."""
    return network.masks(1, device, drop=False)


def averaged_weights(state: Record) -> dict[str, torch.Tensor]:
    """The averaged network's weights in a checkpoint."""
    return {name.removeprefix("module."): value for name, value in state["average"].items() if name != "n_averaged"}


def load_network(checkpoint: Path, rates: Sequence[float] | None = None) -> Network:
    """The averaged network of a checkpoint, ready to be looked through; with other dropout rates than it was trained
    around, if given.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    config = TrainConfig.of(state["config"]).network
    network = Network(replace(config, rates=tuple(rates)) if rates else config)
    network.load_state_dict(averaged_weights(state))
    return network.eval()


def load_boxes(checkpoint: Path) -> BoxNetwork:
    """The averaged network of boxes of a checkpoint, ready to be looked through."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = BoxNetwork(BoxTrainConfig.of(state["config"]).network())
    network.load_state_dict(averaged_weights(state))
    return network.eval()


def load_unet(checkpoint: Path) -> UNet:
    """The network of a U-Net's checkpoint that is shipped, ready to be looked through."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = UNet(UnetTrainConfig.read(state["config"]).of)
    network.load_state_dict(state["shipped"])
    return network.eval()
