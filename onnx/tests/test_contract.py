"""model.json: what is written for the default bundle's networks is what the default bundle holds; the schema and the
program accept it.
"""

import json
import os
import shutil
import subprocess

import jsonschema
import pytest
from conftest import ONNX_FOLDER

from sam2lung_train.config import BoxConfig, BoxTrainConfig, NetworkConfig
from sam2lung_train.errors import UserError
from sam2lung_train.export import chain_contract, contract
from sam2lung_train.paths import DEFAULT_BUNDLE
from sam2lung_train.run_folder import DEFAULTS, RunFolder

VALIDATOR = jsonschema.Draft202012Validator(json.loads((ONNX_FOLDER / "schema" / "model.schema.json").read_text()))
HIERA = NetworkConfig(encoder="sam2.1-hiera-tiny")


def choices_of(spec):
    """What was chosen for a chain's detector with its classifier, and for its segmenter, as its contract tells them."""
    classifier, segmenter = spec["classify"], spec["segment"]
    detect = {
        **chosen_calibration(spec["detect"]),
        "threshold": spec["decision"]["candidates"]["threshold"],
        "classifier_temperature": classifier["calibration"]["temperature"],
        "classifier_bias": classifier["calibration"]["bias"],
        "classifier_threshold": classifier["threshold"],
        "classifier_points": classifier["operating_points"],
        "classifier_marked": tuple(chosen_calibration(classifier["marked"]).values()),
        "review": spec["review"],
    }
    segment = {
        **chosen_calibration(segmenter),
        "threshold": spec["decision"]["threshold"],
        "noise_scale": segmenter["random"]["noise"][0]["scale"],
        "review": spec["review"],
    }
    return detect, segment


def chosen_calibration(role):
    return {name: role["calibration"][name] for name in ("temperature", "bias")}


def made_bundle(folder, bundles, config, chosen, has_classifier=True):
    """A bundle of a contract written for a slice network of `config`; its graphs are a tiny bundle's."""
    graphs = {contract.ENCODER_FILE: "encoder.onnx", contract.DECODER_FILE: "decoder.onnx"}
    for name, source in (graphs | ({contract.CLASSIFIER_FILE: "judge.onnx"} if has_classifier else {})).items():
        shutil.copy(bundles / "tiny-scout" / source, folder / name)
    spec = contract.model_json(config, chosen, folder, "0.1.0", {"config": {}})
    contract.write(folder, spec)
    return spec


def test_model_json_of_the_default_bundles_training_is_the_bundles_own():
    spec = contract.read(DEFAULT_BUNDLE)
    trained = BoxTrainConfig.of(spec["provenance"]["training"]["segment"][0]["config"])
    members = len(spec["segment"]["members"])
    written = chain_contract.model_json(*choices_of(spec), trained.network(), members, DEFAULT_BUNDLE, spec["version"])
    written |= {"provenance": contract.provenance_fields(spec["provenance"]["training"])}
    # Text, so that the order of the fields counts, too.
    assert json.dumps(written, indent=2) + "\n" == (DEFAULT_BUNDLE / contract.FILE).read_text()


def test_default_bundle_is_accepted_by_the_schema():
    VALIDATOR.validate(json.loads((DEFAULT_BUNDLE / contract.FILE).read_text()))


@pytest.mark.parametrize("config", [NetworkConfig(), HIERA], ids=lambda config: config.encoder)
@pytest.mark.parametrize("has_classifier", [True, False], ids=["classifier", "none"])
def test_model_json_of_an_uncalibrated_network_is_accepted_by_the_schema_and_the_program(
    config, has_classifier, bundles, tmp_path
):
    spec = made_bundle(tmp_path, bundles, config, DEFAULTS, has_classifier)
    VALIDATOR.validate(spec)
    assert ("classify" in spec) == has_classifier and "uncertainty" not in spec
    assert spec["segment"].get("whole_slice", False) == (config.encoder != "compact")
    if not os.environ.get("SAM2LUNG_BIN"):
        pytest.skip("SKIPPED: the program's part; SAM2LUNG_BIN doesn't name a built sam2lung")
    verify = [os.environ["SAM2LUNG_BIN"], "model", "verify", str(tmp_path)]
    done = subprocess.run(verify, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and f"{spec['name']} 0.1.0: good" in done.stdout


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


def test_written_numbers_read_back_exactly(bundles, tmp_path):
    thirds = {"temperature": 1 / 3, "bias": -1e-7 / 3, "threshold": 0.1 + 0.2}
    spec = made_bundle(tmp_path, bundles, NetworkConfig(), {**DEFAULTS, **thirds})
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
