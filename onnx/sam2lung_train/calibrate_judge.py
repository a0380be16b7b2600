"""The judge's temperature, bias and operating points, chosen on the development part of `train`.

    python -m sam2lung_train.calibrate_judge --run runs/first

Reads RUN/judge.pt and RUN/findings.npz; adds to RUN/calibration.json.
- P(nodule) = sigmoid(logit / `judge_temperature` + `judge_bias`): least cross-entropy over the findings of development crops. There a finding
  is a nodule more often than in a whole CT; read P as what a finding that is worth a look would say.
- `judge_points`: which threshold keeps which share of the development nodules that the slice network finds; `judge_threshold`: that of SENSITIVITY.
- `review.nodule_probability_below`: the bound below which the REVIEWED share of the kept development nodules lies.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from . import data
from .calibrate import entropy, update
from .findings import Finding
from .judge import load_judge, logits_of
from .metrics import auroc

SENSITIVITIES = (0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995)
# The highest at which whole CTs, in the mean of their forms, keep fewer than one false finding: half of what is wanted, for the judge was trained on them.
SENSITIVITY = 0.98
REVIEWED = 0.1
# Development nodules by how they are shown.
KINDS = {
    "crops as they are": lambda f: f.ends,
    "gone on with": lambda f: not f.ends and not f.whole,
    "set into whole CTs": lambda f: f.whole,
}


def fitted(logits, nodule):
    """Temperature and bias with the least cross-entropy."""
    chance = lambda at: 1 / (1 + np.exp(-(logits / np.exp(at[0]) + at[1])))  # noqa: E731
    best = minimize(lambda at: entropy(chance(at), nodule).mean(), (0.0, 0.0), method="Nelder-Mead").x
    return float(np.exp(best[0])), float(best[1])


def judge_calibration(judge, findings):
    """Temperature, bias, operating points, review bound."""
    develop = [f for f in findings if f.develop and f.product]
    logits, nodule = logits_of(judge, develop), np.array([f.nodule for f in develop])
    temperature, bias = fitted(logits, nodule)
    chance = 1 / (1 + np.exp(-(logits / temperature + bias)))
    points = [(kept, float(np.quantile(chance[nodule], 1 - kept))) for kept in SENSITIVITIES]
    print(f"judge: {nodule.sum()} nodules, {(~nodule).sum()} others, AUROC {auroc(logits, nodule):.4f}; temperature {temperature:.3f}, bias {bias:.3f}")
    whole = [f for f in findings if f.whole and f.product and not f.nodule]
    chance_whole = 1 / (1 + np.exp(-(logits_of(judge, whole) / temperature + bias)))
    kinds = {words: nodule & np.array([test(f) for f in develop]) for words, test in KINDS.items()}
    for kept, bound in points:
        parts = ", ".join(f"{(chance[kind] >= bound).mean():.1%} {words}" for words, kind in kinds.items())
        print(f"  {kept:.1%} of the nodules kept above {bound:.4f} ({parts}): {(chance[~nodule] >= bound).mean():.1%} of the crops' others stay, "
              f"{(chance_whole >= bound).sum()} of {len(whole)} in the whole CTs (trained on)")  # fmt: skip
    threshold = dict(points)[SENSITIVITY]
    kept = chance[nodule & (chance >= threshold)]
    return {
        "judge_temperature": round(temperature, 4),
        "judge_bias": round(bias, 4),
        "judge_threshold": round(threshold, 4),
        "judge_points": [{"sensitivity": kept, "threshold": round(bound, 4)} for kept, bound in points],
        "review": {"nodule_probability_below": round(float(np.quantile(kept, REVIEWED)), 3)},
    }


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    arguments = parser.parse_args(words)
    findings = data.load(arguments.run / "findings.npz", Finding)
    update(arguments.run / "calibration.json", judge_calibration(load_judge(arguments.run / "judge.pt"), findings))


if __name__ == "__main__":
    main()
