"""What each part of the method is worth: base, + temporal loss, + dropout, + calibration; same data, same steps, several seeds.

    python -m sam2lung_train.ablate --out runs/ablation --steps 4000 [--seeds 0 1]

Trains each arm from random weights and measures it on the development part (crops as they are). What was measured before stays in OUT, so
that stopping costs one arm at most. Writes OUT/ablation.md and OUT/ablation.json.
- base: Dice + cross-entropy, no dropout. + temporal: the loss between truly neighbouring slices. + dropout: in training, and SAMPLES samples of it
  averaged. + calibration: temperature and bias, fitted on half of the patients and measured on the other half, both ways.
- Rough: how much an outline changes from slice to slice more than the readers' does (see `roughness`).
"""

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from . import data, metrics, roughness
from .calibrate import Seen, develop_part, temperature_and_bias
from .config import NetworkConfig, TrainConfig
from .look import load_network, volume_logits
from .memory import keep_freed_memory
from .progress import bar
from .train import Run, train

SAMPLES = 10
# The weights are averaged over about a twentieth of the steps: the training's own average would still hold random weights after so few.
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


def seen_by(network, stacks):
    """(patient, what the network says) of each development nodule; one undropped pass where it has no dropout."""
    samples = SAMPLES if any(rate for _, rate in network.dropout()) else 1
    for stack in bar(stacks, "development part"):
        hu, votes = data.as_marked(stack)
        logits = volume_logits(network, hu, (stack.step_mm, stack.pixel_mm, stack.pixel_mm), network.masks(samples, "cpu"))
        reference = votes >= 128
        yield stack.patient, Seen(logits.astype(np.float16), reference, metrics.neighbourhood(reference))


def figures(nodules, calibrations):
    """Figures of nodules under a (temperature, bias) each."""
    bins, dices, rough = np.zeros((3, metrics.ECE_BINS)), [], []
    doubt = {True: [0.0, 0], False: [0.0, 0]}  # sum and number of voxels, by whether they are wrong
    for nodule, calibration in zip(nodules, calibrations):
        probability = nodule.probability(*calibration)
        outline = probability > 0.5
        dices.append(metrics.dice(outline, nodule.reference))
        bins += metrics.calibration_bins(probability[nodule.near], nodule.reference[nodule.near])
        rough.append(rougher(outline & nodule.near, nodule.reference))
        wrong, entropy = outline != nodule.reference, bits(probability)
        for kind in doubt:
            voxels = nodule.near & (wrong == kind)
            doubt[kind][0] += entropy[voxels].sum()
            doubt[kind][1] += voxels.sum()
    ratio = metrics.ratio(metrics.ratio(*doubt[True]), metrics.ratio(*doubt[False]))
    return Figures(float(np.mean(dices)), metrics.ece(bins), float(np.nanmean(rough)), ratio)


def rougher(outline, reference):
    """The outline's roughness less the readers', on the slices that both show; NaN on fewer than three."""
    within = roughness.common_span([outline, reference])
    return roughness.roughness(outline, within) - roughness.roughness(reference, within)


def bits(probability):
    """Entropy."""
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    return -(p * np.log2(p) + (1 - p) * np.log2(1 - p))


def cross_calibrated(patients, nodules):
    """A calibration for each nodule, from the other half of the patients."""
    names = np.unique(patients)
    first = np.isin(patients, names[::2])
    halves = {half: temperature_and_bias([n for n, is_first in zip(nodules, first) if is_first != half]) for half in (True, False)}
    return [halves[bool(half)] for half in first]


def measured(checkpoint, stacks, arm):
    """{name of the row: Figures} of a trained arm."""
    patients, nodules = zip(*seen_by(load_network(checkpoint), stacks))
    rows = {arm: figures(nodules, [(1.0, 0.0)] * len(nodules))}
    if arm == list(ARMS)[-1]:
        rows[CALIBRATED] = figures(nodules, cross_calibrated(np.array(patients), nodules))
    return rows


def run_arm(out, arm, start, stacks, wholes):
    """Trains and measures; reads what an earlier call has measured. `start`: the configuration that arms change."""
    folder = out / f"{arm.strip('+ ')}_{start.seed}"
    stored = folder / "figures.json"
    if not stored.exists():
        folder.mkdir(parents=True, exist_ok=True)
        train(Run(replace(start, **ARMS[arm]), stacks, wholes), folder)
        rows = measured(folder / "checkpoint.pt", develop_part(stacks), arm)
        stored.write_text(json.dumps({row: asdict(f) for row, f in rows.items()}, indent=1))
    return {row: Figures(**f) for row, f in json.loads(stored.read_text()).items()}


def table(results, steps, seeds, count):
    """Markdown; each cell mean and range over the seeds."""
    head = f"| {steps} steps, {len(seeds)} seeds, {count} development nodules | " + " | ".join(FIGURES.values()) + " |"
    lines = [head, "| --- |" + " ---: |" * len(FIGURES)]
    for row in (*ARMS, CALIBRATED):
        values = {field: [getattr(result[row], field) for result in results] for field in FIGURES}
        cells = [f"{np.mean(v):.3f} ({min(v):.3f} to {max(v):.3f})" for v in values.values()]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=data.CACHE)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000, help="of each arm, 100 at least")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--device", default="cpu", help="cpu or cuda, of the training")
    arguments = parser.parse_args(words)
    keep_freed_memory()
    stacks, wholes = data.load_stacks(arguments.cache), data.load_wholes(arguments.cache)
    results = []
    for seed in arguments.seeds:
        average = 1 - AVERAGED_OVER / arguments.steps
        start = TrainConfig(steps=arguments.steps, average=average, seed=seed, mine_at=(), device=arguments.device)
        results.append({})
        for arm in ARMS:
            results[-1] |= run_arm(arguments.out, arm, start, stacks, wholes)
    text = table(results, arguments.steps, arguments.seeds, len(develop_part(stacks)))
    (arguments.out / "ablation.md").write_text(text + "\n")
    plain = [{row: asdict(f) for row, f in result.items()} for result in results]
    (arguments.out / "ablation.json").write_text(json.dumps(dict(zip(map(str, arguments.seeds), plain)), indent=1))
    print(text)


if __name__ == "__main__":
    main()
