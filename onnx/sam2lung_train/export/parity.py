"""Whether a bundle's graphs compute what PyTorch computes, tensor by tensor.

Sizes other than the exported ones, one and several dropout samples, batches of one and several patches.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from ..config import EACH_SIDE, NEIGHBOUR_STEP_MM, PATCH_SIZE, SLICES
from ..networks.classifier import Classifier, load_classifier
from ..networks.inference import load_network
from ..networks.network import Network
from ..run_folder import RunFolder
from . import contract
from .contract import DECODER_FILE, ENCODER_FILE, STRIDES

# Float32 with another order of sums; logits are of the order of 10.
TOLERANCE = 2e-4


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def off(mine: np.ndarray, theirs: torch.Tensor) -> float:
    return float(np.abs(mine - theirs.numpy()).max())


@torch.no_grad()
def network_differences(network: Network, bundle: Path) -> Iterator[tuple[str, float]]:
    """(words, largest difference of the logits) for several sizes and numbers of samples."""
    encoder, decoder = session(bundle / ENCODER_FILE), session(bundle / DECODER_FILE)
    offsets = torch.arange(-EACH_SIDE, EACH_SIDE + 1).float()[None] * NEIGHBOUR_STEP_MM
    for height, width, samples in ((64, 64, 1), (96, 160, 4), (48, 32, 25)):
        slices = torch.rand(1, SLICES, height, width)
        masks = network.masks(samples, "cpu", drop=samples > 1)
        clicks = torch.rand(1, 2, height, width)
        wanted = network.decoder(network.encoder(slices, offsets), clicks, masks)
        embeddings = encoder.run(None, {"slices": slices.numpy(), "offsets_mm": offsets.numpy()})
        feed = {f"e{n}": value for n, value in zip(range(len(STRIDES)), embeddings)}
        feed |= {"clicks": clicks.numpy()}
        feed |= {f"drop{n}": mask.numpy() for n, mask in enumerate(masks)}
        (got,) = decoder.run(["logits"], feed)
        yield f"logits {height} x {width}, {samples} sample(s)", off(got, wanted)


@torch.no_grad()
def classifier_differences(classifier: Classifier, path: Path) -> Iterator[tuple[str, float]]:
    """(words, largest difference of the logits) for one and several patches; `path` is the graph's."""
    graph = session(path)
    for count in (1, 5):
        patches = torch.rand(count, 3, *PATCH_SIZE)
        wanted = classifier(patches)
        for n, answer in enumerate(graph.run(["logit", "marked"], {"patch": patches.numpy()})):
            yield f"classifier, {count} patch(es), answer {n}", off(answer, wanted[:, n : n + 1])


def check_parity(run: Path, bundle: Path | None = None) -> bool:
    """Prints the largest difference of each graph; True when all are within TOLERANCE. `bundle` is
    RUN/bundle when left out.
    """
    folder = RunFolder(run)
    torch.manual_seed(0)
    network = load_network(folder.checkpoint)
    bundle = bundle or folder.bundle
    found = list(network_differences(network, bundle))
    if file := contract.classifier_file(contract.read(bundle)):
        found += classifier_differences(load_classifier(folder.classifier_weights()), bundle / file)
    return within_tolerance(found)


def within_tolerance(found: Sequence[tuple[str, float]]) -> bool:
    """Prints (words, largest difference) of each; True when all are within TOLERANCE."""
    for words, difference in found:
        print(f"{words}: {difference:.1e}")
    worst = max(difference for _, difference in found)
    print(f"largest {worst:.1e}, tolerance {TOLERANCE:.0e}")
    return worst <= TOLERANCE
