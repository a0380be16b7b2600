"""model.json: what is written for the default bundle's networks is what the default bundle holds; the schema and the
program accept it.
"""

import json
import os
import shutil
import subprocess
from dataclasses import replace

import jsonschema
import pytest
from conftest import ONNX_FOLDER

from sam2lung_train.config import BoxConfig, NetworkConfig, TrainConfig
from sam2lung_train.errors import UserError
from sam2lung_train.export import chain_contract, contract
from sam2lung_train.paths import DEFAULT_BUNDLE
from sam2lung_train.run_folder import DEFAULTS, RunFolder

VALIDATOR = jsonschema.Draft202012Validator(json.loads((ONNX_FOLDER / "schema" / "model.schema.json").read_text()))
HIERA = NetworkConfig(encoder="sam2.1-hiera-tiny")


def default_config_and_choices(spec):
    """The network's configuration and what was chosen, as the default bundle tells them."""
    segmenter, classifier = spec["segment"], contract.classifier_of(spec)
    chosen = {
        "temperature": segmenter["calibration"]["temperature"],
        "bias": segmenter["calibration"]["bias"],
        "threshold": spec["decision"]["threshold"],
        "classifier_temperature": classifier["calibration"]["temperature"],
        "classifier_bias": classifier["calibration"]["bias"],
        "classifier_threshold": classifier["threshold"],
        "classifier_points": classifier["operating_points"],
        "classifier_marked": None,
        "uncertainty": spec["uncertainty"],
        "review": spec["review"],
    }
    rates = tuple(mask["rate"] for mask in segmenter["random"]["dropout"])  # the calibration's choice
    return replace(TrainConfig.of(spec["provenance"]["training"]["config"]).network, rates=rates), chosen


def made_bundle(folder, config, chosen, has_classifier=True):
    """A bundle whose graphs are the default bundle's, of a contract written for `config`."""
    for name in (contract.ENCODER_FILE, contract.DECODER_FILE, *([contract.CLASSIFIER_FILE] if has_classifier else [])):
        shutil.copy(DEFAULT_BUNDLE / name, folder)
    spec = contract.model_json(config, chosen, folder, "0.1.0", {"config": {}})
    if has_classifier:
        spec["classify"]["grid"] = contract.read(DEFAULT_BUNDLE)["classify"]["grid"]  # that of the copied graph
    contract.write(folder, spec)
    return spec


def test_model_json_of_the_default_bundles_training_is_the_bundles_own():
    spec = contract.read(DEFAULT_BUNDLE)
    config, chosen = default_config_and_choices(spec)
    written = contract.model_json(config, chosen, DEFAULT_BUNDLE, spec["version"], spec["provenance"]["training"])
    written["classify"]["grid"] = spec["classify"]["grid"]  # the next classifier sees larger patches
    # Text, so that the order of the fields counts, too.
    assert json.dumps(written, indent=2) + "\n" == (DEFAULT_BUNDLE / contract.FILE).read_text()


def test_default_bundle_is_accepted_by_the_schema():
    VALIDATOR.validate(json.loads((DEFAULT_BUNDLE / contract.FILE).read_text()))


@pytest.mark.parametrize("config", [NetworkConfig(), HIERA], ids=lambda config: config.encoder)
@pytest.mark.parametrize("has_classifier", [True, False], ids=["classifier", "none"])
def test_model_json_of_an_uncalibrated_network_is_accepted_by_the_schema_and_the_program(
    config, has_classifier, tmp_path
):
    spec = made_bundle(tmp_path, config, DEFAULTS, has_classifier)
    VALIDATOR.validate(spec)
    assert ("classify" in spec) == has_classifier and "uncertainty" not in spec
    assert spec["segment"].get("whole_slice", False) == (config.encoder != "compact")
    if not os.environ.get("SAM2LUNG_BIN"):
        pytest.skip("SKIPPED: the program's part; SAM2LUNG_BIN doesn't name a built sam2lung")
    done = subprocess.run([os.environ["SAM2LUNG_BIN"], "info", str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and spec["name"] in done.stdout


@pytest.mark.parametrize("has_classifier", [True, False], ids=["classifier", "none"])
def test_model_json_of_a_chain_is_accepted_by_the_schema_and_names_its_files(has_classifier, tmp_path):
    names = [chain_contract.DETECTOR_FILE, *(name for n in range(2) for name in chain_contract.member_files(n))]
    for name in [*names, *([contract.CLASSIFIER_FILE] if has_classifier else [])]:
        (tmp_path / name).write_bytes(name.encode())
    detect = {**DEFAULTS, "classifier_marked": (1.5, 0.25)}
    spec = chain_contract.model_json(detect, DEFAULTS, BoxConfig(), 2, tmp_path, "0.1.0")
    contract.write(tmp_path, {**spec, "provenance": {}})
    written = contract.read(tmp_path)
    VALIDATOR.validate(written)
    assert len(written["segment"]["members"]) == 2 and ("classify" in written) == has_classifier
    if has_classifier:
        assert written["classify"]["marked"]["calibration"] == {
            "activation": "sigmoid",
            "temperature": 1.5,
            "bias": 0.25,
        }


def test_written_numbers_read_back_exactly(tmp_path):
    thirds = {"temperature": 1 / 3, "bias": -1e-7 / 3, "threshold": 0.1 + 0.2}
    spec = made_bundle(tmp_path, NetworkConfig(), {**DEFAULTS, **thirds})
    assert contract.read(tmp_path) == spec
    assert spec["segment"]["calibration"] == {"activation": "sigmoid", "temperature": 1 / 3, "bias": -1e-7 / 3}


def test_write_of_a_number_that_is_not_finite_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        contract.write(tmp_path, {"schema_version": 2, "bias": float("nan")})
    assert not (tmp_path / contract.FILE).exists()


def test_with_classifier_threshold_leaves_the_original_as_it_was():
    spec = contract.read(DEFAULT_BUNDLE)
    changed = contract.with_classifier_threshold(spec, 0.0)
    assert contract.classifier_of(changed)["threshold"] == 0.0
    assert spec == contract.read(DEFAULT_BUNDLE)


def test_read_of_another_schema_is_refused_with_got_and_expected(tmp_path):
    shutil.copy(DEFAULT_BUNDLE / contract.FILE, tmp_path)
    spec = json.loads((tmp_path / contract.FILE).read_text())
    contract.write(tmp_path, {**spec, "schema_version": 7})
    with pytest.raises(UserError, match="expected schema_version 2, got 7"):
        contract.read(tmp_path)


def test_read_of_schema_1_is_refused_with_the_command_that_writes_schema_2(bundles):
    with pytest.raises(UserError, match="expected schema_version 2, got 1: 'sam2lung model upgrade .*tiny-scout'"):
        contract.read(bundles / "tiny-scout")


def test_classifier_of_a_chain_is_what_classifies(bundles):
    spec = contract.read(bundles / "tiny-chain")
    assert contract.classifier_of(spec) == spec["classify"]
    assert contract.classifier_file(spec) == spec["classify"]["members"][0]["graph"]["file"]
    changed = contract.with_classifier_threshold(spec, 0.0)
    assert changed["classify"].pop("threshold") == 0.0 and spec["classify"].pop("threshold") is not None
    assert changed == spec


def test_without_interpolation_changes_every_network_of_slices():
    slices = {"neighbours": {"each_side": 1, "step_mm": 2.0, "interpolate_above_mm": 2.5}}
    spec = {
        "schema_version": 2,
        "name": "made",
        "detect": {"neighbours": {**slices["neighbours"], "interpolate_above_mm": 3.0}},
        "segment": {"hybrid": {"coarse": {}, "fine": slices}},
    }
    changed, above_mm = contract.without_interpolation(spec)
    assert above_mm == 2.5
    without = {"neighbours": {"each_side": 1, "step_mm": 2.0}}
    assert (changed["detect"], changed["segment"]) == (without, {"hybrid": {"coarse": {}, "fine": without}})
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
