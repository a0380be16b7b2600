"""The files of one training: RUN/checkpoint.pt, findings.npz, classifier.pt, calibration.json, bundle/. Names stand
here alone.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What is taken until a step has chosen it.
DEFAULTS: dict[str, Any] = {
    "temperature": 1.0,
    "bias": 0.0,
    "threshold": 0.5,
    "rates": None,
    "classifier_temperature": 1.0,
    "classifier_bias": 0.0,
    "classifier_threshold": 0.5,
    "classifier_points": [],
    "classifier_marked": None,
    "uncertainty": None,
    "noise_scale": 1.0,
    "review": {
        "sample_dice_below": None,
        "detection_rate_below": 0.9,
        "nodule_probability_below": None,
        "uncertainty_mean_above": None,
        "expected_dice_below": None,
    },
}
# What calibration.json called things up to 0.2.0, and how they are called now.
RENAMED = {
    "judge_temperature": "classifier_temperature",
    "judge_bias": "classifier_bias",
    "judge_threshold": "classifier_threshold",
    "judge_points": "classifier_points",
    "doubt": "uncertainty",
}


@dataclass(frozen=True)
class RunFolder:
    """Where the steps of one training leave what they made."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        """The segmenter's training: weights, their average, configuration and what is needed to go on."""
        return self.path / "checkpoint.pt"

    @property
    def findings(self) -> Path:
        """What the classifier learns from."""
        return self.path / "findings.npz"

    @property
    def classifier(self) -> Path:
        """The classifier's weights, to be written."""
        return self.path / "classifier.pt"

    @property
    def calibration(self) -> Path:
        """What the steps have chosen."""
        return self.path / "calibration.json"

    @property
    def bundle(self) -> Path:
        """The bundle, unless it is the default one."""
        return self.path / "bundle"

    def classifier_weights(self) -> Path:
        """The classifier's weights, to be read: `judge.pt` in a folder that was made up to 0.2.0."""
        old = self.path / "judge.pt"
        return old if old.exists() and not self.classifier.exists() else self.classifier

    def chosen(self) -> dict[str, Any]:
        """What has been chosen so far, without the defaults, by today's names."""
        found = json.loads(self.calibration.read_text()) if self.calibration.exists() else {}
        return {RENAMED.get(name, name): value for name, value in found.items()}

    def read_calibration(self) -> dict[str, Any]:
        """What has been chosen so far, over the defaults."""
        found = self.chosen()
        return {**DEFAULTS, **found, "review": {**DEFAULTS["review"], **found.get("review", {})}}

    def add_to_calibration(self, found: dict[str, Any]) -> None:
        """Adds what a step has chosen; `review` keeps its other bounds."""
        before = self.chosen()
        review = {**before.get("review", {}), **found.get("review", {})}
        self.calibration.write_text(json.dumps({**before, **found, "review": review}, indent=2) + "\n")
        print(json.dumps(found))
