"""Checks that the bundle's graphs compute what PyTorch computes, tensor by tensor.

    python -m sam2lung_train.parity --run runs/first [--bundle bundles/default]

Sizes other than the exported ones, one and several dropout samples, batches of one and several patches. Ends with status 1 above
the tolerance.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from .config import EACH_SIDE, NEIGHBOUR_STEP_MM, SLICES
from .export import STRIDES, bundle_of
from .findings import SIZE
from .judge import load_judge
from .look import load_network

# Float32 with another order of sums; logits are of the order of 10.
TOLERANCE = 2e-4


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def off(mine, theirs):
    return float(np.abs(mine - theirs.numpy()).max())


@torch.no_grad()
def network_differences(network, bundle):
    """(words, largest difference of the logits) for several sizes and numbers of samples."""
    encoder, decoder = session(bundle / "encoder.onnx"), session(bundle / "decoder.onnx")
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
def judge_differences(judge, bundle):
    graph = session(bundle / "judge.onnx")
    for count in (1, 5):
        patches = torch.rand(count, 3, *SIZE)
        yield f"judge, {count} patch(es)", off(graph.run(["logit"], {"patch": patches.numpy()})[0], judge(patches))


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, help="bundles/default, or RUN/bundle of a network with a SAM 2 encoder")
    arguments = parser.parse_args(words)
    torch.manual_seed(0)
    network = load_network(arguments.run / "checkpoint.pt")
    bundle = arguments.bundle or bundle_of(network, arguments.run)
    found = list(network_differences(network, bundle))
    if json.loads((bundle / "model.json").read_text())["judge"]:
        found += judge_differences(load_judge(arguments.run / "judge.pt"), bundle)
    for words, difference in found:
        print(f"{words}: {difference:.1e}")
    worst = max(difference for _, difference in found)
    print(f"largest {worst:.1e}, tolerance {TOLERANCE:.0e}")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
