"""A network's probabilities on whole slices, as the product sees them: same pixels, neighbours and clamping; no dropout."""

import numpy as np
import torch

from .config import EACH_SIDE, PIXEL_MM, WINDOW_HU, TrainConfig, neighbour_stride
from .model import Network

MULTIPLE = 16


def neighbours(count, k, spacing_mm):
    """Indices of slice `k` and its neighbours, and how far each is in mm; ends are repeated."""
    stride = neighbour_stride(spacing_mm)
    used = np.clip(k + stride * np.arange(-EACH_SIDE, EACH_SIDE + 1), 0, count - 1)
    return used, (used - k).astype(np.float32) * np.float32(spacing_mm)


def network_input(hu, k, spacing_mm):
    """Slices (1, S, H, W) in [0, 1] on the network's pixels, edge repeated to a multiple; distances (1, S)."""
    used, offsets = neighbours(len(hu), k, spacing_mm[0])
    planes = torch.from_numpy(hu[used].astype(np.float32))
    for axis, (length, spacing) in enumerate(zip(hu.shape[1:], spacing_mm[1:]), start=1):
        pixels = int(np.ceil((length - 1) * spacing / PIXEL_MM - 1e-9)) + 1
        pixels = -(-pixels // MULTIPLE) * MULTIPLE
        planes = interpolated(planes, axis, np.arange(pixels) * PIXEL_MM / spacing)
    low, high = WINDOW_HU
    return ((planes - low) / (high - low)).clamp(0, 1)[None], torch.from_numpy(offsets)[None]


def interpolated(planes, axis, positions):
    """Linear along an axis at `positions`, ends repeated."""
    last = planes.shape[axis] - 1
    positions = np.clip(positions, 0, last)
    low = np.floor(positions).astype(int)
    weight = torch.from_numpy((positions - low).astype(np.float32)).reshape([-1 if a == axis else 1 for a in range(3)])
    below, above = (planes.index_select(axis, torch.from_numpy(n)) for n in (low, np.minimum(low + 1, last)))
    return below + (above - below) * weight


@torch.no_grad()
def slice_probabilities(network, hu, spacing_mm, k, device="cpu"):
    """Probability (rows, columns) at the voxels of slice `k`."""
    slices, offsets = network_input(hu, k, spacing_mm)
    with torch.autocast(torch.device(device).type, torch.bfloat16):
        logits = network(slices.to(device), offsets.to(device), drop=False)
    logits = logits[0].float().cpu()
    for axis, (length, spacing) in enumerate(zip(hu.shape[1:], spacing_mm[1:]), start=1):
        logits = interpolated(logits, axis, np.arange(length) * spacing / PIXEL_MM)
    return torch.sigmoid(logits[0]).numpy()


def stack_probabilities(network, stack, device="cpu"):
    """Probabilities of every slice of a nodule's crop."""
    spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
    return np.stack([slice_probabilities(network, stack.hu, spacing, k, device) for k in range(len(stack.hu))])


def load_network(checkpoint):
    """The averaged network of a checkpoint, ready to be looked through."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = Network(TrainConfig.of(state["config"]).network)
    weights = {name.removeprefix("module."): value for name, value in state["average"].items() if name != "n_averaged"}
    network.load_state_dict(weights)
    return network.eval()
