"""What each part of the method is worth: base, + temporal loss, + dropout, + calibration; same data, same steps,
several seeds.

Trains each arm from random weights and measures it on the development part (crops as they are). What was measured
before stays in OUT, so that stopping costs one arm at most.
- base: Dice + cross-entropy, no dropout. + temporal: the loss between truly neighbouring slices. + dropout: in
  training, and SAMPLES samples of it averaged. + calibration: temperature and bias, fitted on half of the patients and
  measured on the other half, both ways.
- Rough: how much an outline changes from slice to slice more than the readers' does (see `evaluation.roughness`).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ..config import NetworkConfig, TrainConfig
from ..data import items
from ..data.items import Stack, Whole
from ..evaluation import metrics, roughness
from ..memory import keep_freed_memory
from ..networks.inference import load_network, volume_logits
from ..networks.network import Network
from ..paths import CACHE
from ..progress import bar
from ..run_folder import RunFolder
from .calibrate_segmenter import Seen, develop_part, temperature_and_bias
from .train_segmenter import Run, train

SAMPLES = 10
# The weights are averaged over about a twentieth of the steps: the training's own average would still hold random
# weights after so few.
AVERAGED_OVER = 20
NO_DROPOUT = NetworkConfig(rates=(0.0, 0.0, 0.0, 0.0))
ARMS = {
    "base": {"neighbour_weight": 0.0, "network": NO_DROPOUT},
    "+ temporal": {"network": NO_DROPOUT},
    "+ dropout": {},
}
CALIBRATED = "+ calibration"
FIGURES = {"dice": "3-D Dice", "ece": "ECE near nodules", "rough": "Rough", "ratio": "Entropy of wrong ÷ right voxels"}


@dataclass
class Figures:
    """One arm, one seed."""

    dice: float
    ece: float
    rough: float
    ratio: float


def seen_by(network: Network, stacks: list[Stack]) -> Iterator[tuple[str, Seen]]:
    """(patient, what the network says) of each development nodule; one undropped pass where it has no dropout."""
    samples = SAMPLES if any(rate for _, rate in network.dropout()) else 1
    for stack in bar(stacks, "development part"):
        hu, votes = items.as_marked(stack)
        logits = volume_logits(
            network, hu, (stack.step_mm, stack.pixel_mm, stack.pixel_mm), network.masks(samples, "cpu")
        )
        reference = votes >= 128
        yield stack.patient, Seen(logits.astype(np.float16), reference, metrics.neighbourhood(reference))


def figures(nodules: Iterable[Seen], calibrations: Iterable[tuple[float, float]]) -> Figures:
    """Figures of nodules under a (temperature, bias) each."""
    bins, dices, rough = np.zeros((3, metrics.ECE_BINS)), [], []
    entropies = {True: [0.0, 0], False: [0.0, 0]}  # sum and number of voxels, by whether they are wrong
    for nodule, calibration in zip(nodules, calibrations):
        probability = nodule.probability(*calibration)
        outline = probability > 0.5
        dices.append(metrics.dice(outline, nodule.reference))
        bins += metrics.calibration_bins(probability[nodule.near], nodule.reference[nodule.near])
        rough.append(rougher(outline & nodule.near, nodule.reference))
        wrong, entropy = outline != nodule.reference, bits(probability)
        for kind in entropies:
            voxels = nodule.near & (wrong == kind)
            entropies[kind][0] += entropy[voxels].sum()
            entropies[kind][1] += voxels.sum()
    ratio = metrics.ratio(metrics.ratio(*entropies[True]), metrics.ratio(*entropies[False]))
    return Figures(float(np.mean(dices)), metrics.ece(bins), float(np.nanmean(rough)), ratio)


def rougher(outline: np.ndarray, reference: np.ndarray) -> float:
    """The outline's roughness less the readers', on the slices that both show; NaN on fewer than three."""
    within = roughness.common_span([outline, reference])
    return roughness.roughness(outline, within) - roughness.roughness(reference, within)


def bits(probability: np.ndarray) -> np.ndarray:
    """Entropy."""
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    return -(p * np.log2(p) + (1 - p) * np.log2(1 - p))


def cross_calibrated(patients: np.ndarray, nodules: Sequence[Seen]) -> list[tuple[float, float]]:
    """A calibration for each nodule, from the other half of the patients."""
    names = np.unique(patients)
    first = np.isin(patients, names[::2])
    halves = {
        half: temperature_and_bias([n for n, is_first in zip(nodules, first) if is_first != half])
        for half in (True, False)
    }
    return [halves[bool(half)] for half in first]


def measured(checkpoint: Path, stacks: list[Stack], arm: str) -> dict[str, Figures]:
    """{name of the row: Figures} of a trained arm."""
    patients, nodules = zip(*seen_by(load_network(checkpoint), stacks))
    rows = {arm: figures(nodules, [(1.0, 0.0)] * len(nodules))}
    if arm == list(ARMS)[-1]:
        rows[CALIBRATED] = figures(nodules, cross_calibrated(np.array(patients), nodules))
    return rows


def run_arm(out: Path, arm: str, start: TrainConfig, stacks: list[Stack], wholes: list[Whole]) -> dict[str, Figures]:
    """Trains and measures; reads what an earlier call has measured. `start`: the configuration that arms change."""
    folder = out / f"{arm.strip('+ ')}_{start.seed}"
    stored = folder / "figures.json"
    if not stored.exists():
        folder.mkdir(parents=True, exist_ok=True)
        train(Run(replace(start, **ARMS[arm]), stacks, wholes), folder)
        rows = measured(RunFolder(folder).checkpoint, develop_part(stacks), arm)
        stored.write_text(json.dumps({row: asdict(f) for row, f in rows.items()}, indent=1))
    return {row: Figures(**f) for row, f in json.loads(stored.read_text()).items()}


def table(results: list[dict[str, Figures]], steps: int, seeds: Sequence[int], count: int) -> str:
    """Markdown; each cell mean and range over the seeds."""
    head = f"| {steps} steps, {len(seeds)} seeds, {count} development nodules | " + " | ".join(FIGURES.values()) + " |"
    lines = [head, "| --- |" + " ---: |" * len(FIGURES)]
    for row in (*ARMS, CALIBRATED):
        values = {field: [getattr(result[row], field) for result in results] for field in FIGURES}
        cells = [f"{np.mean(v):.3f} ({min(v):.3f} to {max(v):.3f})" for v in values.values()]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ablate(
    out: Path, steps: int = 4000, seeds: tuple[int, ...] = (0, 1), cache: Path = CACHE, device: str = "cpu"
) -> None:
    """Writes OUT/ablation.md and OUT/ablation.json. `steps` of each arm, 100 at least; `device` of the training: cpu or
    cuda.
    """
    keep_freed_memory()
    stacks, wholes = items.load_stacks(cache), items.load_wholes(cache)
    results = []
    for seed in seeds:
        start = TrainConfig(steps=steps, average=1 - AVERAGED_OVER / steps, seed=seed, mine_at=(), device=device)
        results.append({})
        for arm in ARMS:
            results[-1] |= run_arm(out, arm, start, stacks, wholes)
    text = table(results, steps, seeds, len(develop_part(stacks)))
    (out / "ablation.md").write_text(text + "\n")
    plain = [{row: asdict(f) for row, f in result.items()} for result in results]
    (out / "ablation.json").write_text(json.dumps(dict(zip(map(str, seeds), plain)), indent=1))
    print(text)
