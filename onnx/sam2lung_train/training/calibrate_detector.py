"""The detector's temperature, bias and threshold, chosen on the development part of `train` and on whole CTs.

- p = sigmoid(logit / `temperature` + `bias`): least cross-entropy against the consensus, over the voxels of development
  crops and of whole CTs where no lesion is known: what the maps show where nothing was segmented.
- `threshold`: the highest at which `RECALL` of the development nodules of `SMALLEST_MM` and more have a candidate, the
  voxels above it that hang together. A CT's candidates beyond the `MOST` likeliest are dropped, so the report says how
  many there are.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.optimize import minimize

from ..data import items
from ..data.beyond import gone_on
from ..data.items import Stack, Whole, as_marked
from ..memory import keep_freed_memory
from ..networks.inference import load_network, own_slices_logits
from ..networks.network import Network
from ..progress import bar
from ..run_folder import RunFolder
from .calibrate_segmenter import entropy

RECALL, SMALLEST_MM, MOST = 0.995, 4.0, 40
THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
VOXELS = 4000  # of a volume, that the temperature is fitted on


@dataclass
class Reached:
    """A development nodule: the highest logit within its consensus, and whether its crop goes on."""

    highest: float
    diameter_mm: float
    goes_on: bool


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class Voxels:
    """Voxels of many volumes, drawn at random, for the temperature."""

    def __init__(self) -> None:
        self.rng, self.logits, self.truth, self.weight = np.random.default_rng(0), [], [], []

    def add(self, logits: np.ndarray, truth: np.ndarray) -> None:
        some = self.rng.integers(logits.size, size=VOXELS)
        self.logits.append(logits.ravel()[some])
        self.truth.append(truth.ravel()[some])
        self.weight.append(np.full(VOXELS, logits.size / VOXELS))

    def fitted(self) -> tuple[float, float]:
        """Temperature and bias with the least cross-entropy."""
        logits, truth, weight = (np.concatenate(part) for part in (self.logits, self.truth, self.weight))

        def cost(at):
            return float((entropy(sigmoid(logits / np.exp(at[0]) + at[1]), truth) * weight).sum() / weight.sum())

        best = minimize(cost, (0.0, 0.0), method="Nelder-Mead").x
        return float(np.exp(best[0])), float(best[1])


def reached(network: Network, stacks: list[Stack], voxels: Voxels) -> list[Reached]:
    """Each development nodule as its crop ends, and gone on with."""
    rng, found = np.random.default_rng(0), []
    for stack in bar(stacks, "development part"):
        for goes_on, (hu, votes) in enumerate((as_marked(stack), gone_on(stack, rng))):
            logits = own_slices_logits(network, hu, (stack.step_mm, stack.pixel_mm, stack.pixel_mm))
            consensus = votes >= 128
            voxels.add(logits, consensus)
            found.append(Reached(float(logits[consensus].max()), stack.diameter_mm, bool(goes_on)))
    return found


def candidates(probability: np.ndarray, threshold: float) -> int:
    return ndimage.label(probability > threshold, np.ones((3, 3, 3)))[1]


def calibrate_detector(cache: Path, run: Path) -> None:
    """Reads RUN/checkpoint.pt; writes RUN/calibration.json."""
    keep_freed_memory()
    folder, voxels = RunFolder(run), Voxels()
    network = load_network(folder.checkpoint)
    stacks = [s for s in items.load_stacks(cache) if s.develop and (s.votes >= 128).any()]
    nodules = reached(network, stacks, voxels)
    wholes: list[tuple[Whole, np.ndarray]] = []
    for whole in bar(items.load_wholes(cache), "whole CTs"):
        logits = own_slices_logits(network, whole.hu, whole.spacing_mm).astype(np.float16)
        voxels.add(logits[whole.known].astype(np.float32), whole.votes[whole.known] >= 128)
        wholes.append((whole, logits))
    temperature, bias = voxels.fitted()
    at = lambda logit: sigmoid(np.asarray(logit, np.float32) / temperature + bias)  # noqa: E731
    large = np.array([n.diameter_mm >= SMALLEST_MM for n in nodules])
    highest, on = at([n.highest for n in nodules]), np.array([n.goes_on for n in nodules])
    for t in THRESHOLDS:
        counts = [candidates(at(logits), t) for _, logits in wholes]
        print(
            f"threshold {t}: of nodules of {SMALLEST_MM:g} mm and more {np.mean(highest[large & ~on] > t):.3f} in crops as "
            f"they are, {np.mean(highest[large & on] > t):.3f} gone on with; smaller {np.mean(highest[~large] > t):.3f}; "
            f"candidates in whole CTs: {', '.join(map(str, counts))}"
        )
    threshold = float(np.clip(np.quantile(highest[large], 1 - RECALL), 0.01, 0.5))
    missed = sorted(n.diameter_mm for n, p in zip(nodules, highest) if p <= threshold and n.diameter_mm >= SMALLEST_MM)
    print(f"temperature {temperature:.3f}, bias {bias:.3f}, threshold {threshold:.4f}; below it (mm): {missed}")
    folder.add_to_calibration({
        "temperature": round(temperature, 4), "bias": round(bias, 4), "threshold": round(threshold, 4),
    })  # fmt: skip
