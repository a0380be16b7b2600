"""Whether a chain's graphs compute what PyTorch computes, tensor by tensor."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from ..config import BOX_SIZE, EACH_SIDE, NEIGHBOUR_STEP_MM, SLICES
from ..networks.box_network import BoxNetwork, sampled
from ..networks.network import Network, no_clicks
from .chain_contract import EMBEDDINGS
from .parity import off, session


@torch.no_grad()
def detector_differences(network: Network, path: Path) -> Iterator[tuple[str, float]]:
    """(words, largest difference of the logits) for several sizes."""
    graph = session(path)
    offsets = torch.arange(-EACH_SIDE, EACH_SIDE + 1).float()[None] * NEIGHBOUR_STEP_MM
    for height, width in ((64, 64), (96, 160)):
        slices = torch.rand(1, SLICES, height, width)
        wanted = network.decoder(
            network.encoder(slices, offsets), no_clicks(slices), network.masks(1, "cpu", drop=False)
        )
        (got,) = graph.run(["logits"], {"slices": slices.numpy(), "offsets_mm": offsets.numpy()})
        yield f"detector {height} x {width}", off(got, wanted)


@torch.no_grad()
def member_differences(network: BoxNetwork, encoder: Path, decoder: Path) -> Iterator[tuple[str, float]]:
    """(words, largest difference of the logits) for several numbers of samples."""
    encode, decode = session(encoder), session(decoder)
    for samples in (1, 5):
        box, clicks = torch.rand(1, 1, *BOX_SIZE), torch.rand(1, 2, *BOX_SIZE)
        masks, noise = network.masks(samples), torch.randn(samples, network.config.rank)
        wanted = member_logits(network, box, clicks, masks, noise)
        feed = dict(zip(EMBEDDINGS, encode.run(list(EMBEDDINGS), {"box": box.numpy()})))
        feed |= {f"drop{n}": mask.numpy() for n, mask in enumerate(masks)}
        (got,) = decode.run(["logits"], feed | {"clicks": clicks.numpy(), "noise": noise.numpy()})
        yield f"{encoder.name}, {samples} sample(s)", off(got, wanted)


def member_logits(
    network: BoxNetwork, box: torch.Tensor, clicks: torch.Tensor, masks: Sequence[torch.Tensor], noise: torch.Tensor
) -> torch.Tensor:
    """Logits (T, 1, D, H, W) of one box under each sample."""
    logits, _ = network.decoder(network.encoder(box), clicks, list(masks))
    return sampled(logits, noise[:, None])
