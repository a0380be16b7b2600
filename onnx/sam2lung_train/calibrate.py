"""Temperatures and thresholds, chosen on the development part of `train`.

    python -m sam2lung_train.calibrate --run runs/first

Reads RUN/checkpoint.pt and, if they are there, RUN/judge.pt with RUN/findings.npz; writes RUN/calibration.json for `export`.
- `temperature`: least cross-entropy of the mean probability near nodules (within 5 voxels of the consensus).
- `threshold`: best mean 3-D Dice.
- `judge_temperature`: least cross-entropy over findings, nodules and others weighing the same.
- `judge_threshold`: keeps KEPT of the development nodules.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from . import data, metrics
from .findings import THRESHOLDS, Finding
from .judge import load_judge, logits_of
from .look import load_network, volume_logits
from .progress import bar

SAMPLES = 10
TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(2.5), 43))
PROBABILITIES = np.round(np.arange(0.3, 0.66, 0.025), 3)
# A threshold that gains less than this is noise: 0.5 stays.
WORTH_DICE = 0.003
KEPT = 0.985


def mean_probability(logits, temperature):
    return (1 / (1 + np.exp(-logits / temperature))).mean(0)


def entropy(probability, truth):
    """Mean cross-entropy in nats."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-np.where(truth, np.log(p), np.log(1 - p)).mean())


def network_calibration(network, stacks):
    """Temperature and threshold."""
    logits, references = [], []
    for stack in bar(stacks, "development part"):
        reference = stack.votes >= 128
        if reference.any():
            spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
            sampled = volume_logits(network, stack.hu, spacing, network.masks(SAMPLES, "cpu"))
            logits.append(sampled.astype(np.float16))
            references.append(reference)
    near = [metrics.neighbourhood(reference) for reference in references]
    # Every nodule counts the same: large ones would drown the others.
    costs = [
        np.mean([entropy(mean_probability(l[:, n].astype(np.float32), t), r[n]) for l, r, n in zip(logits, references, near)])
        for t in TEMPERATURES
    ]
    temperature = float(TEMPERATURES[int(np.argmin(costs))])
    means = [mean_probability(l.astype(np.float32), temperature) for l in logits]
    dices = {p: np.mean([metrics.dice(m > p, r) for m, r in zip(means, references)]) for p in PROBABILITIES}
    best = max(dices, key=dices.get)
    threshold = float(best) if dices[best] - dices[0.5] > WORTH_DICE else 0.5
    bins = sum(metrics.calibration_bins(m[n], r[n]) for m, n, r in zip(means, near, references))
    print(f"{len(means)} nodules; temperature {temperature:.3f}; ECE near nodules {metrics.ece(bins):.4f}")
    print("Dice by threshold: " + ", ".join(f"{p} {d:.4f}" for p, d in dices.items()))
    return {"temperature": round(temperature, 3), "threshold": threshold}


def judge_calibration(judge, findings):
    """The judge's temperature and threshold."""
    develop = [f for f in findings if f.develop and f.threshold == THRESHOLDS[0]]
    logits, nodule = logits_of(judge, develop), np.array([f.nodule for f in develop])
    halves = lambda t: [entropy(1 / (1 + np.exp(-logits[part] / t)), nodule[part]) for part in (nodule, ~nodule)]  # noqa: E731
    temperature = float(TEMPERATURES[int(np.argmin([sum(halves(t)) for t in TEMPERATURES]))])
    bound = float(np.quantile(logits[nodule], 1 - KEPT))
    threshold = float(1 / (1 + np.exp(-bound / temperature)))
    print(f"judge: {nodule.sum()} nodules, {(~nodule).sum()} others; temperature {temperature:.3f}, threshold {threshold:.3f}: "
          f"{(logits[nodule] >= bound).mean():.1%} of the nodules and {(logits[~nodule] >= bound).mean():.1%} of the others stay")  # fmt: skip
    for name in sorted({f.where for f in findings if f.whole}):
        some = [f for f in findings if f.where == name and f.threshold == THRESHOLDS[0] and not f.nodule]
        print(f"  {name} (trained on): {len(some)} others, {(logits_of(judge, some) >= bound).sum()} stay")
    return {"judge_temperature": round(temperature, 3), "judge_threshold": round(threshold, 3)}


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=data.CACHE)
    parser.add_argument("--run", type=Path, required=True)
    arguments = parser.parse_args(words)
    torch.manual_seed(0)
    stacks = [s for s in data.load_stacks(arguments.cache) if s.develop and s.calibrated]
    found = network_calibration(load_network(arguments.run / "checkpoint.pt"), stacks)
    judge = arguments.run / "judge.pt"
    if judge.exists():
        found |= judge_calibration(load_judge(judge), data.load(arguments.run / "findings.npz", Finding))
    (arguments.run / "calibration.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
