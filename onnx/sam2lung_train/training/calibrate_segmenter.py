"""The segmenter's temperature, bias and threshold, chosen on the development part of `train`.

- p = sigmoid(logit / `temperature` + `bias`): least cross-entropy of the mean probability near nodules (within 5 voxels
  of the consensus), half of it with voxels pooled and half with nodules weighing the same. The bias is there because
  the training's target isn't the consensus alone.
- `threshold`: best mean 3-D Dice of the components that touch the nodule; what else is found is the classifier's
  business.

Each nodule is seen in its crop as it is, every third one also gone on with beyond the marks, as in a whole CT.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.optimize import minimize

from ..aliases import Record
from ..data import items
from ..data.beyond import gone_on
from ..data.items import Stack
from ..evaluation import metrics
from ..memory import keep_freed_memory
from ..networks.inference import load_network, volume_logits
from ..networks.network import Network
from ..progress import bar
from ..run_folder import RunFolder

SAMPLES = 10
GONE_ON_EVERY = 3
PROBABILITIES = np.round(np.arange(0.3, 0.66, 0.025), 3)
# A difference of less than this is noise: of thresholds that close to the best the one nearest to a half is taken.
WORTH_DICE = 0.001
VOXELS_PER_NODULE = 1500  # that the temperature is fitted on


@dataclass
class Seen:
    """A development nodule under dropout: logits (T, slices, rows, columns), its consensus, what is near it."""

    logits: np.ndarray  # float16
    reference: np.ndarray
    near: np.ndarray
    goes_on: bool = False  # its crop is gone on with

    def probability(self, temperature: float, bias: float) -> np.ndarray:
        return mean_probability(self.logits.astype(np.float32), temperature, bias)


def mean_probability(logits: np.ndarray, temperature: float, bias: float) -> np.ndarray:
    """Mean over the samples (first axis)."""
    return (1 / (1 + np.exp(-(logits / temperature + bias)))).mean(0)


def entropy(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Cross-entropy in nats; `truth`: True or False, or a share."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return -(truth * np.log(p) + (1 - truth) * np.log(1 - p))


def develop_part(stacks: list[Stack]) -> list[Stack]:
    """The nodules to calibrate on: HU known, and marked by half of the readers somewhere."""
    return [s for s in stacks if s.develop and s.calibrated and (s.votes >= 128).any()]


def seen_nodules(network: Network, stacks: Iterable[Stack]) -> Iterator[Seen]:
    """Each nodule as it is, some gone on with."""
    rng = np.random.default_rng(0)
    for n, stack in enumerate(bar(stacks, "development part")):
        spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
        shown = [items.as_marked(stack), *([gone_on(stack, rng)] if n % GONE_ON_EVERY == 0 else [])]
        for goes_on, (hu, votes) in enumerate(shown):
            logits = volume_logits(network, hu, spacing, network.masks(SAMPLES, "cpu"))
            reference = votes >= 128
            yield Seen(logits.astype(np.float16), reference, metrics.neighbourhood(reference), bool(goes_on))


def temperature_and_bias(nodules: list[Seen]) -> tuple[float, float]:
    """The calibration with the least cross-entropy."""
    rng, logits, truth, weight = np.random.default_rng(0), [], [], []
    for nodule in nodules:
        near = nodule.logits[:, nodule.near].astype(np.float32)
        some = rng.permutation(near.shape[1])[:VOXELS_PER_NODULE]
        logits.append(near[:, some])
        truth.append(nodule.reference[nodule.near][some])
        weight.append(np.full(len(some), near.shape[1] / len(some)))
    sizes = [len(w) for w in weight]
    logits, truth, pooled = np.concatenate(logits, 1), np.concatenate(truth), np.concatenate(weight)
    alike = np.repeat(1 / np.array(sizes), sizes)
    weight = pooled / pooled.sum() + alike / alike.sum()

    def cost(at):
        return float((entropy(mean_probability(logits, np.exp(at[0]), at[1]), truth) * weight).sum())

    best = minimize(cost, (0.0, 0.0), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6}).x
    return round(float(np.exp(best[0])), 3), round(float(best[1]), 3)


def best_threshold(nodules: list[Seen], temperature: float, bias: float) -> tuple[float, dict[float, float]]:
    """The threshold with the best mean Dice of touching components, and the mean Dice by threshold."""
    means = [n.probability(temperature, bias) for n in nodules]
    dices = {
        float(p): np.mean([touching_dice(m > p, n.reference) for m, n in zip(means, nodules)]) for p in PROBABILITIES
    }
    good = [p for p, d in dices.items() if d > max(dices.values()) - WORTH_DICE]
    return min(good, key=lambda p: abs(p - 0.5)), dices


def touching_dice(mask: np.ndarray, reference: np.ndarray) -> float:
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    return metrics.dice(metrics.touching(labels, reference), reference)


def network_calibration(network: Network, stacks: list[Stack]) -> Record:
    """Temperature, bias and threshold."""
    nodules = list(seen_nodules(network, develop_part(stacks)))
    temperature, bias = temperature_and_bias(nodules)
    threshold, dices = best_threshold(nodules, temperature, bias)
    for words, goes_on in (("as they are", False), ("gone on with", True)):
        some = [n for n in nodules if n.goes_on == goes_on]
        bins = [metrics.calibration_bins(n.probability(temperature, bias)[n.near], n.reference[n.near]) for n in some]
        print(f"{len(some)} nodules {words}: ECE near them {metrics.ece(sum(bins)):.4f} pooled, "
              f"{np.mean([metrics.ece(b) for b in bins]):.4f} a nodule")  # fmt: skip
    print("Dice by threshold: " + ", ".join(f"{p} {d:.4f}" for p, d in dices.items()))
    return {"temperature": temperature, "bias": bias, "threshold": threshold}


def calibrate_segmenter(cache: Path, run: Path, rates: list[float] | None = None) -> None:
    """Reads RUN/checkpoint.pt; writes RUN/calibration.json, which everything after it reads.

    `rates` are dropout rates; those of the configuration when left out.
    """
    keep_freed_memory()
    folder = RunFolder(run)
    network = load_network(folder.checkpoint, rates)
    found = network_calibration(network, items.load_stacks(cache))
    folder.add_to_calibration({**found, "rates": list(network.config.rates)})
