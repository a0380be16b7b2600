"""What is chosen for the segmenter of boxes on the development part of `train`; the samples say the rest.

- p = sigmoid(logit / `temperature` + `bias`) of a sample: least cross-entropy of the mean probability near nodules.
- `threshold`: best mean Dice, of {mean probability > t}; a sample's outline is where it exceeds the same threshold.
- `widen`: the one number of the volume interval. An outline of volume V and samples of quantiles q05, q50, q95 say
  V (q05 / q50)^w to V (q95 / q50)^w; w is the least with which `LEVEL` of the consensus volumes lie within.
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
from .calibrate_segmenter import Seen, best_threshold, temperature_and_bias
from .develop_boxes import outlined

SAMPLES = 25
LEVEL, REVIEWED = 0.9, 0.15
OUTLINES = np.arange(0.1, 0.91, 0.05)  # thresholds of which the outline is one


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


def needed_widening(outline: Drawn) -> float:
    """The least w with which the interval holds the consensus' volume."""
    low, middle, high = outline.quantiles
    off = np.log(outline.consensus / outline.volume)
    reach = np.log((high if off > 0 else low) / middle)
    return 0.0 if off == 0 else float(off / reach) if reach != 0 else np.inf


def calibrate_boxes(cache: Path, runs: Sequence[Path]) -> None:
    """Reads the members' checkpoints; writes the first run's calibration.json."""
    keep_freed_memory()
    networks = [load_boxes(RunFolder(run).checkpoint) for run in runs]
    stacks = [s for s in items.load_stacks(cache) if s.develop]
    nodules = [
        Seen(o.logits.astype(np.float16), o.share >= 0.5, metrics.neighbourhood(o.share >= 0.5))
        for o in bar(outlined(networks, stacks, SAMPLES), "development part", total=len(stacks))
    ]
    temperature, bias = temperature_and_bias(nodules)
    threshold, dices = best_threshold(nodules, temperature, bias)
    outlines = [drawn(nodule, temperature, bias, threshold) for nodule in nodules]
    widen = float(np.quantile([needed_widening(o) for o in outlines], LEVEL))
    expected, reached = (np.array([getattr(o, name) for o in outlines]) for name in ("expected", "dice"))
    bins = [metrics.calibration_bins(n.probability(temperature, bias)[n.near], n.reference[n.near]) for n in nodules]
    ratio = np.exp(np.mean([np.log(o.volume / o.consensus) for o in outlines]))
    own = np.mean([o.quantiles[0] <= o.consensus <= o.quantiles[2] for o in outlines])
    print("Dice by threshold: " + ", ".join(f"{p} {d:.4f}" for p, d in dices.items()))
    print(
        f"outline of the largest expected Dice: {reached.mean():.4f}; its volume over the consensus' {ratio:.3f}; "
        f"samples' own interval holds {own:.3f}, widened {widen:.2f} times {LEVEL:g}; ECE near {metrics.ece(sum(bins)):.4f}; "
        f"AUROC of 1 - expected Dice for Dice < 0.7: {metrics.auroc(1 - expected, reached < 0.7):.3f} of {(reached < 0.7).sum()}"
    )
    RunFolder(runs[0]).add_to_calibration({
        "temperature": temperature,
        "bias": bias,
        "threshold": threshold,
        "widen": round(widen, 3),
        "review": {"expected_dice_below": round(float(np.quantile(expected, REVIEWED)), 3)},
    })  # fmt: skip
