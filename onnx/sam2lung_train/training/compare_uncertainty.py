"""Where uncertainty comes from, compared: dropout at several rates and places, an ensemble of checkpoints, and flips of
the input.

On the development part (crops as they are), each source with PASSES decoder passes and calibrated by itself
(temperature and bias, fitted on the other half of the patients). The rates that are shipped are chosen from this table.
- Ratio: mean entropy of wrong voxels over that of right ones, near nodules.
- AUROC: of 1 - sample Dice, and of 1 - expected Dice of the mean map, for an outline with Dice below 0.7.
- Inside: nodules whose consensus volume lies between the 5th and 95th percentile of the samples' volumes.
- Encoder: encoder passes a slice, which a whole CT feels most.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..data import items
from ..data.items import Stack
from ..evaluation import metrics
from ..evaluation.scores import POOR_DICE
from ..memory import keep_freed_memory
from ..networks.inference import load_network, volume_logits
from ..paths import CACHE
from ..progress import bar
from ..run_folder import RunFolder
from .ablate import cross_calibrated, figures
from .calibrate_segmenter import Seen, develop_part

PASSES = 12
RATES = (0.1, 0.25, 0.4, 0.5)
LAYERS = ("bottleneck", "stride 8", "stride 4", "stride 2")
FLIPS = ((), (1,), (2,), (1, 2))  # axes of (slices, rows, columns)


@dataclass
class Source:
    """A way to draw samples: `logits(stack's HU, spacing)` (PASSES, slices, rows, columns)."""

    words: str
    encoder_passes: int
    logits: Callable[[np.ndarray, tuple], np.ndarray]


def dropout_source(words: str, checkpoint: Path, rates: Sequence[float]) -> Source:
    network = load_network(checkpoint, rates)
    return Source(words, 1, lambda hu, spacing: volume_logits(network, hu, spacing, network.masks(PASSES, "cpu")))


def ensemble_source(checkpoints: Sequence[Path], dropped: bool) -> Source:
    """Each member with its share of the passes; `dropped`: with dropout, else its undropped pass once."""
    networks = [load_network(path) for path in checkpoints]
    share = PASSES // len(networks)

    def logits(hu, spacing):
        masks = [n.masks(share, "cpu") if dropped else n.masks(1, "cpu", drop=False) for n in networks]
        return np.concatenate([volume_logits(n, hu, spacing, m) for n, m in zip(networks, masks)])

    return Source(f"{len(networks)} checkpoints, {'with dropout' if dropped else 'undropped'}", len(networks), logits)


def flip_source(checkpoint: Path, dropped: bool) -> Source:
    network = load_network(checkpoint)

    def logits(hu, spacing):
        masks = network.masks(PASSES // len(FLIPS), "cpu") if dropped else network.masks(1, "cpu", drop=False)
        seen = (
            np.flip(volume_logits(network, np.flip(hu, axes).copy(), spacing, masks), [a + 1 for a in axes])
            for axes in FLIPS
        )
        return np.concatenate(list(seen))

    return Source(f"4 flips, {'with dropout' if dropped else 'undropped'}", len(FLIPS), logits)


def sources(run: Path, ensemble: Sequence[Path]) -> Iterator[Source]:
    checkpoint = RunFolder(run).checkpoint
    for rate in RATES:
        yield dropout_source(f"dropout {rate}", checkpoint, (rate,) * 4)
    for layer, words in enumerate(LAYERS):
        yield dropout_source(f"dropout 0.5, {words} alone", checkpoint, tuple(0.5 * (n == layer) for n in range(4)))
    for dropped in (False, True):
        if len(ensemble) > 1:
            yield ensemble_source(ensemble, dropped)
        yield flip_source(checkpoint, dropped)


def row(source: Source, stacks: list[Stack]) -> str:
    """One line of the table."""
    torch.manual_seed(0)
    nodules = []
    for stack in bar(stacks, source.words):
        hu, votes = items.as_marked(stack)
        logits = source.logits(hu, (stack.step_mm, stack.pixel_mm, stack.pixel_mm))
        nodules.append(Seen(logits.astype(np.float16), votes >= 128, metrics.neighbourhood(votes >= 128)))
    calibrations = cross_calibrated(np.array([s.patient for s in stacks]), nodules)
    reached = figures(nodules, calibrations)
    told = np.array([of_nodule(nodule, *calibration) for nodule, calibration in zip(nodules, calibrations)])
    dice, sample_dice, expected, inside = told.T
    poor = dice < POOR_DICE
    cells = (
        reached.dice,
        reached.ece,
        reached.ratio,
        metrics.auroc(-sample_dice, poor),
        metrics.auroc(-expected, poor),
        sample_dice.mean(),
        inside.mean(),
    )
    return f"| {source.words} | {source.encoder_passes} | " + " | ".join(f"{c:.3f}" for c in cells) + " |"


def of_nodule(nodule: Seen, temperature: float, bias: float) -> tuple[float, float, float, bool]:
    """Dice, mean Dice between samples, expected Dice of the mean map, whether the samples' volumes hold the consensus."""
    samples = 1 / (1 + np.exp(-(nodule.logits.astype(np.float32) / temperature + bias)))
    mean = samples.mean(0)
    outline = mean > 0.5
    masks = (samples > 0.5) & nodule.near
    pairs = [metrics.dice(a, b) for n, a in enumerate(masks) for b in masks[:n]]
    volumes = np.percentile(masks.sum((1, 2, 3)), [5, 95])
    expected = metrics.ratio(
        2 * mean[outline & nodule.near].sum(), (outline & nodule.near).sum() + mean[nodule.near].sum()
    )
    return (
        metrics.dice(outline, nodule.reference),
        np.mean([1.0 if np.isnan(p) else p for p in pairs]),
        expected,
        volumes[0] <= nodule.reference.sum() <= volumes[1],
    )


def compare_uncertainty(
    run: Path, ensemble: tuple[Path, ...] = (), limit: int | None = None, cache: Path = CACHE
) -> None:
    """Writes RUN/uncertainty_sources.md. `ensemble`: checkpoints of an ensemble; `limit`: only the first nodules."""
    keep_freed_memory()
    stacks = develop_part(items.load_stacks(cache))[:limit]
    names = ("Dice", "ECE", "Ratio", "AUROC sample Dice", "AUROC expected Dice", "Sample Dice", "Inside")
    lines = [
        f"| {len(stacks)} development nodules, {PASSES} passes | Encoder | " + " | ".join(names) + " |",
        "| --- |" + " ---: |" * 8,
    ]
    for source in sources(run, ensemble):
        lines.append(row(source, stacks))
        print(lines[-1], flush=True)
    (run / "uncertainty_sources.md").write_text("\n".join(lines) + "\n")
