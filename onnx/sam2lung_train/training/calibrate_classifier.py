"""The classifier's temperature, bias and operating points, chosen on the development part of `train`.

- P(nodule) = sigmoid(logit / `classifier_temperature` + `classifier_bias`): least cross-entropy over the findings of
  development crops. There a finding is a nodule more often than in a whole CT; read P as what a finding that is worth a
  look would say.
- `classifier_marked`: the same two numbers of its other answer, the share of readers that would mark a nodule, over the
  development nodules of which it is known.
- `classifier_points`: which threshold keeps which share of the development nodules that the segmenter finds;
  `classifier_threshold`: that of SENSITIVITY.
- `review.nodule_probability_below`: the bound below which the REVIEWED share of the kept development nodules lies.
"""

from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from ..aliases import Record
from ..data import items
from ..evaluation.metrics import auroc
from ..networks.classifier import Classifier, load_classifier
from ..run_folder import RunFolder
from .calibrate_segmenter import entropy
from .findings import Finding
from .train_classifier import MARKED, logits_of

SENSITIVITIES = (0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995)
# By the table that is printed, a middle: from 0.97 to 0.98 the others that stay in whole CTs rise from 73 to 132 of 1,760,
# the nodules that stay in crops gone on with from 96.5 to 98.6 %.
SENSITIVITY = 0.975
REVIEWED = 0.1
# Development nodules by how they are shown.
KINDS = {
    "crops as they are": lambda f: f.ends,
    "gone on with": lambda f: not f.ends and not f.whole,
    "set into whole CTs": lambda f: f.whole,
}


def fitted(logits: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    """Temperature and bias with the least cross-entropy; `share`: what should come of each logit, 0 to 1."""
    chance = lambda at: 1 / (1 + np.exp(-(logits / np.exp(at[0]) + at[1])))  # noqa: E731
    best = minimize(lambda at: entropy(chance(at), share).mean(), (0.0, 0.0), method="Nelder-Mead").x
    return float(np.exp(best[0])), float(best[1])


def classifier_calibration(classifier: Classifier, findings: list[Finding]) -> Record:
    """Temperature, bias, operating points, review bound."""
    develop = [f for f in findings if f.develop and f.product]
    logits, nodule = logits_of(classifier, develop), np.array([f.nodule for f in develop])
    temperature, bias = fitted(logits, nodule)
    chance = 1 / (1 + np.exp(-(logits / temperature + bias)))
    points = [(kept, float(np.quantile(chance[nodule], 1 - kept))) for kept in SENSITIVITIES]
    print(
        f"classifier: {nodule.sum()} nodules, {(~nodule).sum()} others, AUROC {auroc(logits, nodule):.4f}; "
        f"temperature {temperature:.3f}, bias {bias:.3f}"
    )
    whole = [f for f in findings if f.whole and f.product and not f.nodule]
    chance_whole = 1 / (1 + np.exp(-(logits_of(classifier, whole) / temperature + bias)))
    kinds = {words: nodule & np.array([test(f) for f in develop]) for words, test in KINDS.items()}
    for kept, bound in points:
        parts = ", ".join(f"{(chance[kind] >= bound).mean():.1%} {words}" for words, kind in kinds.items())
        print(f"  {kept:.1%} of the nodules kept above {bound:.4f} ({parts}): {(chance[~nodule] >= bound).mean():.1%} of the crops' others stay, "
              f"{(chance_whole >= bound).sum()} of {len(whole)} in the whole CTs (trained on)")  # fmt: skip
    threshold = dict(points)[SENSITIVITY]
    kept = chance[nodule & (chance >= threshold)]
    return {
        "classifier_temperature": round(temperature, 4),
        "classifier_bias": round(bias, 4),
        "classifier_threshold": round(threshold, 4),
        "classifier_points": [{"sensitivity": kept, "threshold": round(bound, 4)} for kept, bound in points],
        "review": {"nodule_probability_below": round(float(np.quantile(kept, REVIEWED)), 3)},
    }


def marked_calibration(classifier: Classifier, findings: list[Finding]) -> tuple[float, float]:
    """Temperature and bias of the share of readers that would mark a nodule."""
    known = [f for f in findings if f.develop and f.product and f.nodule and not np.isnan(f.marked)]
    logits, share = logits_of(classifier, known, MARKED), np.array([f.marked for f in known])
    temperature, bias = fitted(logits, share)
    told = 1 / (1 + np.exp(-(logits / temperature + bias)))
    print(
        f"share of readers: {len(known)} nodules, mean {share.mean():.3f}, told {told.mean():.3f}, "
        f"correlation {np.corrcoef(share, told)[0, 1]:.3f}; temperature {temperature:.3f}, bias {bias:.3f}"
    )
    return round(temperature, 4), round(bias, 4)


def calibrate_classifier(run: Path) -> None:
    """Reads RUN/classifier.pt and RUN/findings.npz; adds to RUN/calibration.json."""
    folder = RunFolder(run)
    findings = items.load(folder.findings, Finding)
    classifier = load_classifier(folder.classifier_weights())
    chosen = classifier_calibration(classifier, findings)
    folder.add_to_calibration(chosen | {"classifier_marked": marked_calibration(classifier, findings)})
