"""Temperatures and thresholds, chosen on the development part of `train`.

    python -m sam2lung_train.calibrate --run runs/first

Reads RUN/checkpoint.pt and, if they are there, RUN/judge.pt with RUN/findings.npz; writes RUN/calibration.json for `export`.
- `temperature`: least cross-entropy of the mean probability near nodules (within 5 voxels of the consensus).
- `threshold`: best mean 3-D Dice.
- `judge_temperature`: least cross-entropy over findings, nodules and others weighing the same.
- `judge_threshold`: keeps KEPT of the development nodules.
- `review`: bounds that flag the REVIEWED share of the development nodules whose samples agree least, and of those that the judge is
  least sure of.
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
REVIEWED = 0.15


def mean_probability(logits, temperature):
    return (1 / (1 + np.exp(-logits / temperature))).mean(0)


def entropy(probability, truth):
    """Mean cross-entropy in nats."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-np.where(truth, np.log(p), np.log(1 - p)).mean())


def sample_dice(logits, near, threshold, temperature):
    """Mean Dice between the outlines of two samples near a nodule; 1 where all of them are empty."""
    masks = (1 / (1 + np.exp(-logits.astype(np.float32) / temperature)) > threshold) & near
    pairs = [metrics.dice(a, b) for n, a in enumerate(masks) for b in masks[:n]]
    return float(np.mean([1.0 if np.isnan(d) else d for d in pairs]))


def network_calibration(network, stacks):
    """Temperature, threshold, and the bound of the samples' agreement."""
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
    agreement = np.array([sample_dice(l, n, threshold, temperature) for l, n in zip(logits, near)])
    bound = round(float(np.quantile(agreement, REVIEWED)), 3)
    reached = np.array([metrics.dice(m > threshold, r) for m, r in zip(means, references)])
    print(f"review: sample Dice below {bound}: mean Dice {reached[agreement < bound].mean():.3f} there, "
          f"{reached[agreement >= bound].mean():.3f} elsewhere")  # fmt: skip
    return {"temperature": round(temperature, 3), "threshold": threshold, "review": {"sample_dice_below": bound}}


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
    kept = 1 / (1 + np.exp(-logits[nodule & (logits >= bound)] / temperature))
    review = {"nodule_probability_below": round(float(np.quantile(kept, REVIEWED)), 3)}
    return {"judge_temperature": round(temperature, 3), "judge_threshold": round(threshold, 3), "review": review}


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=data.CACHE)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--judge-only", action="store_true", help="keep what RUN/calibration.json says of the slice network")
    arguments = parser.parse_args(words)
    torch.manual_seed(0)
    written = arguments.run / "calibration.json"
    if arguments.judge_only:
        found = json.loads(written.read_text())
    else:
        stacks = [s for s in data.load_stacks(arguments.cache) if s.develop and s.calibrated]
        found = network_calibration(load_network(arguments.run / "checkpoint.pt"), stacks)
    judge = arguments.run / "judge.pt"
    if judge.exists():
        judged = judge_calibration(load_judge(judge), data.load(arguments.run / "findings.npz", Finding))
        found = {**found, **judged, "review": {**found["review"], **judged["review"]}}
    written.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
