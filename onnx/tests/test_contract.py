"""model.json: what is written for the default bundle's networks is what the default bundle holds."""

import json
import shutil
from dataclasses import replace

import pytest

from sam2lung_train.config import TrainConfig
from sam2lung_train.errors import UserError
from sam2lung_train.export import contract
from sam2lung_train.paths import DEFAULT_BUNDLE
from sam2lung_train.run_folder import DEFAULTS, RunFolder


def test_model_json_of_the_default_bundles_training_is_the_bundles_own():
    spec = contract.read(DEFAULT_BUNDLE)
    training, classifier = spec["provenance"]["training"], contract.classifier_of(spec)
    chosen = {
        **spec["calibration"],
        "threshold": spec["decision"]["threshold"],
        "classifier_temperature": classifier["temperature"],
        "classifier_bias": classifier["bias"],
        "classifier_threshold": classifier["threshold"],
        "classifier_points": classifier["operating_points"],
        "uncertainty": spec["doubt"],
        "review": spec["review"],
    }
    rates = tuple(mask["rate"] for mask in spec["decoder"]["dropout"])  # the calibration's choice
    config = replace(TrainConfig.of(training["config"]).network, rates=rates)
    written = contract.model_json(config, chosen, DEFAULT_BUNDLE, spec["version"], training)
    # Text, so that the order of the fields counts, too.
    assert json.dumps(written, indent=2) + "\n" == (DEFAULT_BUNDLE / contract.FILE).read_text()


def test_model_json_without_a_classifier_says_null(tmp_path):
    for name in (contract.ENCODER_FILE, contract.DECODER_FILE):
        (tmp_path / name).write_bytes(b"")
    spec = contract.model_json(TrainConfig().network, DEFAULTS, tmp_path, "0", {"config": {}})
    assert spec["judge"] is None and contract.classifier_of(spec) is None


def test_with_classifier_threshold_leaves_the_original_as_it_was():
    spec = contract.read(DEFAULT_BUNDLE)
    changed = contract.with_classifier_threshold(spec, 0.0)
    assert contract.classifier_of(changed)["threshold"] == 0.0
    assert spec == contract.read(DEFAULT_BUNDLE)


def test_read_of_another_schema_is_refused_with_got_and_expected(tmp_path):
    shutil.copy(DEFAULT_BUNDLE / contract.FILE, tmp_path)
    spec = json.loads((tmp_path / contract.FILE).read_text())
    contract.write(tmp_path, {**spec, "schema_version": 7})
    with pytest.raises(UserError, match="expected schema_version 1 or 2, got 7"):
        contract.read(tmp_path)


def test_classifier_of_schema_2_is_what_classifies(bundles):
    spec = contract.read(bundles / "tiny-chain")
    assert spec["schema_version"] == 2 and contract.classifier_of(spec) == spec["classify"]
    changed = contract.with_classifier_threshold(spec, 0.0)
    assert changed["classify"].pop("threshold") == 0.0 and spec["classify"].pop("threshold") is not None
    assert changed == spec


def test_without_interpolation_of_schema_2_changes_every_network_of_slices():
    spec = {
        "schema_version": 2,
        "name": "made",
        "detect": {"neighbours": {"each_side": 1, "step_mm": 2.0, "interpolate_above_mm": 3.0}},
        "segment": {"neighbours": {"each_side": 1, "step_mm": 2.0, "interpolate_above_mm": 2.5}},
    }
    changed, above_mm = contract.without_interpolation(spec)
    assert above_mm == 2.5
    assert changed["detect"] == changed["segment"] == {"neighbours": {"each_side": 1, "step_mm": 2.0}}
    with pytest.raises(UserError, match="made: expected neighbours"):
        contract.without_interpolation(changed)


def test_run_folder_of_before_the_renames_is_read_by_todays_names(tmp_path):
    old = {"temperature": 1.5, "judge_threshold": 0.4, "judge_points": [1], "doubt": {"level": 0.9}, "review": {}}
    (tmp_path / "calibration.json").write_text(json.dumps(old))
    (tmp_path / "judge.pt").write_bytes(b"weights")
    run = RunFolder(tmp_path)
    found = run.read_calibration()
    assert (found["temperature"], found["classifier_threshold"], found["classifier_points"]) == (1.5, 0.4, [1])
    assert found["uncertainty"] == {"level": 0.9} and found["review"] == DEFAULTS["review"]
    assert run.classifier_weights() == tmp_path / "judge.pt"
    run.add_to_calibration({"bias": 0.1})
    assert (
        set(json.loads(run.calibration.read_text())) == set(run.chosen()) and "doubt" not in run.calibration.read_text()
    )
    run.classifier.write_bytes(b"newer weights")
    assert run.classifier_weights() == tmp_path / "classifier.pt"
