"""sam2lung model: contracts of schema 1 as schema 2, and the schema itself."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import made_ct

BUNDLES = ["tiny-identity", "tiny-neighbours", "tiny-scout", "tiny-clicks", "tiny-doubt", "tiny-thick"]


@pytest.fixture
def ct(tmp_path):
    """A ball of soft tissue in air, with noise, of odd spacing."""
    noise = np.random.default_rng(0).normal(0, 30, (9, 24, 26))
    k, j, i = np.indices(noise.shape)
    ball = (1.8 * (k - 4)) ** 2 + (0.8 * (j - 12)) ** 2 + (0.7 * (i - 13)) ** 2 < 25
    return made_ct.write(tmp_path / "ct.nii.gz", np.where(ball, 30, -900) + noise, (0.7, 0.8, 1.8))


def run(sam2lung, ct, folder, bundle):
    """The maps of a result, by their files' names, and its nodules."""
    words = ("--model", bundle, "--lung-mask", "off", "--samples", "5", "--seed", "7")
    sam2lung.segment(ct, "--output", folder, *words)
    files = {path.name: path for path in (folder / "ct").iterdir()}
    maps = {name: made_ct.read(path) for name, path in files.items() if name.endswith(".nii.gz")}
    return maps, json.loads(files["nodules.json"].read_text())


@pytest.mark.parametrize("name", BUNDLES)
def test_upgraded_bundle_gives_the_same_bits(sam2lung, bundles, ct, tmp_path, name):
    bundle = shutil.copytree(bundles / name, tmp_path / "bundle")
    before = run(sam2lung, ct, tmp_path / "before", bundle)
    done = sam2lung("model", "upgrade", bundle)
    assert done.returncode == 0 and "schema version 2, was 1" in done.stdout
    contract = json.loads((bundle / "model.json").read_text())
    assert contract["schema_version"] == 2 and "judge" not in contract
    after = run(sam2lung, ct, tmp_path / "after", bundle)
    assert before[0].keys() == after[0].keys() and len(before[0]) == 3
    assert all(before[0][name].tobytes() == after[0][name].tobytes() for name in before[0])
    assert before[1] == after[1]


def test_upgrade_leaves_a_bundle_of_schema_2_alone_and_says_so(sam2lung, bundles, tmp_path):
    bundle = shutil.copytree(bundles / "tiny-scout", tmp_path / "bundle")
    assert sam2lung("model", "upgrade", bundle).returncode == 0
    # Its author's own form stays.
    path = bundle / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text())))
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in bundle.iterdir()}
    done = sam2lung("model", "upgrade", bundle)
    assert done.returncode == 0 and "schema version 2 already; nothing was written" in done.stdout
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in bundle.iterdir()} == before


def test_upgrade_to_a_new_folder_copies_the_graphs_and_leaves_the_bundle(sam2lung, bundles, tmp_path):
    before = {file.name: file.read_bytes() for file in (bundles / "tiny-scout").iterdir()}
    new = tmp_path / "somewhere" / "new"
    done = sam2lung("model", "upgrade", bundles / "tiny-scout", "--output", new)
    assert done.returncode == 0 and str(new) in done.stdout
    assert {file.name: file.read_bytes() for file in (bundles / "tiny-scout").iterdir()} == before
    made = {file.name: file.read_bytes() for file in new.iterdir()}
    assert made.keys() == before.keys()
    assert [name for name in before if made[name] != before[name]] == ["model.json"]
    assert [path.name for path in new.parent.iterdir()] == ["new"]
    assert sam2lung("info", new).returncode == 0
    # A bundle of schema 2 is copied byte for byte.
    assert sam2lung("model", "upgrade", new, "--output", tmp_path / "copy").returncode == 0
    assert {file.name: file.read_bytes() for file in (tmp_path / "copy").iterdir()} == made


def test_upgrade_into_a_folder_that_is_there_is_refused(sam2lung, bundles, tmp_path):
    (tmp_path / "mine").mkdir()
    done = sam2lung("model", "upgrade", bundles / "tiny-scout", "--output", tmp_path / "mine")
    assert done.returncode == 1 and done.stderr.startswith("E_WRITE: ") and "there already" in done.stderr
    assert list((tmp_path / "mine").iterdir()) == [] and len(list(tmp_path.iterdir())) == 1


def test_upgrade_of_a_bundle_that_is_refused_writes_nothing(sam2lung, bundles, tmp_path):
    bundle = shutil.copytree(bundles / "tiny-scout", tmp_path / "bundle")
    (bundle / "judge.onnx").write_bytes(b"another")
    before = (bundle / "model.json").read_bytes()
    done = sam2lung("model", "upgrade", bundle)
    assert done.returncode == 1 and done.stderr.startswith("E_MODEL_HASH: ")
    assert (bundle / "model.json").read_bytes() == before


def test_schema_is_the_committed_one(sam2lung):
    done = sam2lung("model", "schema")
    assert done.returncode == 0, done.stderr
    committed = Path(__file__).parents[2] / "onnx" / "schema" / "model.schema.json"
    assert json.loads(done.stdout) == json.loads(committed.read_text())


def test_refusal_of_schema_2_names_the_field_of_the_network(sam2lung, bundles, tmp_path):
    sam2lung("model", "upgrade", bundles / "tiny-scout", "--output", tmp_path / "new")
    path = tmp_path / "new" / "model.json"
    contract = json.loads(path.read_text())
    contract["segment"]["random"]["dropout"][0]["rate"] = 1.5
    path.write_text(json.dumps(contract))
    done = sam2lung("info", tmp_path / "new")
    assert done.returncode == 1 and done.stderr.startswith("E_MODEL_BUNDLE: ")
    assert "segment.random.dropout[0].rate is 1.5; expected 0 to below 1" in done.stderr


def test_info_of_an_upgraded_bundle_says_the_same_but_for_the_schema(sam2lung, bundles, tmp_path):
    sam2lung("model", "upgrade", bundles / "tiny-doubt", "--output", tmp_path / "new")
    old, new = (sam2lung("info", folder).stdout.splitlines() for folder in (bundles / "tiny-doubt", tmp_path / "new"))
    assert [(a.split()[0], b.split()[0]) for a, b in zip(old, new) if a != b] == [("model", "model"), ("schema", "schema")]
