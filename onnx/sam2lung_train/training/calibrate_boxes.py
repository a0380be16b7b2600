"""What is chosen for the segmenter of boxes on the development part of `train`, on its nodules whose HU are known: what
the product sees is in HU, and where they were estimated networks are less sure. The samples say the rest.

- `noise_scale`: the one number by which samples that are too much alike are made to differ as readers do: the draws'
  standard deviation with which the samples' own volumes hold `LEVEL` of the consensus volumes. An outline of volume V
  and samples of quantiles q05, q50, q95 say V q05 / q50 to V q95 / q50.
- p = sigmoid(logit / `temperature` + `bias`) of a sample: least cross-entropy of the mean probability near nodules.
- `threshold`: best mean Dice, of {mean probability > t}; a sample's outline is where it exceeds the same threshold.
- `review.expected_dice_below`: below it lies the `REVIEWED` share of the samples' mean Dice with the outline.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data import items
from ..evaluation import metrics
from ..memory import keep_freed_memory
from ..networks.inference import load_boxes
from ..progress import bar
from ..run_folder import RunFolder
from .calibrate_segmenter import Seen, best_threshold, develop_part, temperature_and_bias
from .develop_boxes import Outlined, outlined

SAMPLES = 25
LEVEL, REVIEWED = 0.9, 0.15
OUTLINES = np.arange(0.1, 0.91, 0.05)  # thresholds of which the outline is one
NOISE_SCALES = np.arange(1.0, 3.01, 0.25)


@dataclass
class Drawn:
    """A nodule's outline of the largest expected Dice, against its consensus and its samples."""

    volume: float
    consensus: float
    quantiles: np.ndarray  # q05, q50, q95 of the samples' volumes
    expected: float
    dice: float


def mean_dice(mask: np.ndarray, samples: np.ndarray) -> float:
    """Mean Dice of a mask with samples (T, ...); 0 with an empty one."""
    shared, total = (samples & mask).sum((1, 2, 3)), samples.sum((1, 2, 3)) + mask.sum()
    return float(np.mean(2 * shared / np.maximum(total, 1)))


def drawn(seen: Seen, temperature: float, bias: float, threshold: float) -> Drawn:
    """The outline as the product chooses it."""
    probability = 1 / (1 + np.exp(-(seen.logits.astype(np.float32) / temperature + bias)))
    samples, mean = probability > threshold, probability.mean(0)
    expected = [mean_dice(mean > t, samples) for t in OUTLINES]
    best = int(np.argmax(expected))
    mask = mean > OUTLINES[best]
    volumes = np.maximum(samples.sum((1, 2, 3)), 1)
    return Drawn(
        volume=max(float(mask.sum()), 1.0),
        consensus=float(seen.reference.sum()),
        quantiles=np.quantile(volumes, [0.05, 0.5, 0.95]),
        expected=expected[best],
        dice=metrics.dice(mask, seen.reference),
    )


@dataclass
class Chosen:
    """What is chosen at one scale of the noise, and what comes of it."""

    noise_scale: float
    temperature: float
    bias: float
    threshold: float
    nodules: list[Seen]
    outlines: list[Drawn]

    @property
    def held(self) -> float:
        """Share of the consensus volumes in the intervals that the samples say."""
        return float(np.mean([holds(o) for o in self.outlines]))


def holds(outline: Drawn) -> bool:
    """Whether the interval holds the consensus' volume."""
    low, middle, high = outline.quantiles
    return low / middle <= outline.consensus / outline.volume <= high / middle


def chosen_at(noise_scale: float, seen: Sequence[Outlined]) -> Chosen:
    """Temperature, bias and threshold for samples of this noise."""
    consensus = [o.share >= 0.5 for o in seen]
    nodules = [
        Seen(o.logits(noise_scale).astype(np.float16), mask, metrics.neighbourhood(mask))
        for o, mask in zip(seen, consensus)
    ]
    temperature, bias = temperature_and_bias(nodules)
    threshold, _ = best_threshold(nodules, temperature, bias)
    outlines = [drawn(nodule, temperature, bias, threshold) for nodule in nodules]
    return Chosen(noise_scale, temperature, bias, threshold, nodules, outlines)


def report(chosen: Chosen) -> str:
    """What comes of it, in words."""
    expected, reached = (np.array([getattr(o, name) for o in chosen.outlines]) for name in ("expected", "dice"))
    bins = [
        metrics.calibration_bins(n.probability(chosen.temperature, chosen.bias)[n.near], n.reference[n.near])
        for n in chosen.nodules
    ]
    ratio = np.exp(np.mean([np.log(o.volume / o.consensus) for o in chosen.outlines]))
    return (
        f"noise times {chosen.noise_scale:g}: outline of the largest expected Dice {reached.mean():.4f}, its volume over the "
        f"consensus' {ratio:.3f}; the samples' interval holds {chosen.held:.3f}; ECE near {metrics.ece(sum(bins)):.4f}; AUROC "
        f"of 1 - expected Dice for Dice < 0.7: {metrics.auroc(1 - expected, reached < 0.7):.3f} of {(reached < 0.7).sum()}; "
        f"temperature {chosen.temperature:.3f}, bias {chosen.bias:.3f}, threshold {chosen.threshold:g}"
    )


def calibrate_boxes(cache: Path, runs: Sequence[Path]) -> None:
    """Reads the members' checkpoints; writes the first run's calibration.json."""
    keep_freed_memory()
    networks = [load_boxes(RunFolder(run).checkpoint) for run in runs]
    stacks = develop_part(items.load_stacks(cache))
    seen = list(bar(outlined(networks, stacks, SAMPLES), "development part", total=len(stacks)))
    best = None
    for noise_scale in NOISE_SCALES:
        chosen = chosen_at(float(noise_scale), seen)
        print(report(chosen), flush=True)
        if best is None or abs(chosen.held - LEVEL) < abs(best.held - LEVEL):
            best = chosen
    expected = [o.expected for o in best.outlines]
    RunFolder(runs[0]).add_to_calibration({
        "noise_scale": best.noise_scale,
        "temperature": best.temperature,
        "bias": best.bias,
        "threshold": best.threshold,
        "review": {"expected_dice_below": round(float(np.quantile(expected, REVIEWED)), 3)},
    })  # fmt: skip
