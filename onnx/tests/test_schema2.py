"""model.schema.json accepts every example of the page and refuses what the library would refuse.

That the file is made of the types that read a bundle is tested in Rust (src/contract/schema.rs).
"""

import copy
import json
import re

import jsonschema
import pytest
from conftest import ONNX_FOLDER, REPOSITORY

VALIDATOR = jsonschema.Draft202012Validator(json.loads((ONNX_FOLDER / "schema" / "model.schema.json").read_text()))
PAGE = (ONNX_FOLDER / "README.md").read_text().replace('"SHA256"', '"' + "0" * 64 + '"')
EXAMPLES = {e["name"]: e for e in map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))}


CONTRACTS = [json.loads(path.read_text()) for path in sorted((REPOSITORY / "tests" / "bundles").glob("*/model.json"))]
BUNDLES = {contract["name"]: contract for contract in CONTRACTS if contract["schema_version"] == 2}


def objects(value, path=()):
    """Path of every object inside `value`, itself included, but for what is free."""
    if path[:1] == ("provenance",):
        return
    if isinstance(value, dict):
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from objects(item, (*path, key))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def test_schema_is_a_schema_itself():
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


def test_examples_are_of_every_kind():
    assert list(EXAMPLES) == ["slices", "slabs", "patches", "plain", "hybrid", "chain"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_the_page_is_accepted(name):
    VALIDATOR.validate(EXAMPLES[name])


@pytest.mark.parametrize("name", BUNDLES)
def test_bundle_of_schema_2_is_accepted(name):
    VALIDATOR.validate(BUNDLES[name])


@pytest.mark.parametrize("name, path", [(name, path) for name in EXAMPLES for path in objects(EXAMPLES[name])], ids=str)
def test_unknown_field_is_refused_everywhere(name, path):
    contract = copy.deepcopy(EXAMPLES[name])
    at(contract, path)["surprise"] = 1
    assert not VALIDATOR.is_valid(contract)


NEEDED = [
    ("slices", ()),
    ("slices", ("channels", 0)),
    ("chain", ("decision", "candidates")),
    ("slices", ("classify", "grid")),
    ("slices", ("lungs",)),
    ("slices", ("segment", "members", 0, "encoder")),
    ("slices", ("segment", "clicks")),
    ("patches", ("segment", "random", "noise", 0)),
    ("hybrid", ("segment", "hybrid")),
    ("hybrid", ("segment", "hybrid", "prompts")),
    ("hybrid", ("segment", "hybrid", "features", 0)),
]
OPTIONAL = {
    (): {"output", "lungs", "detect", "classify", "review", "uncertainty", "tried"},
    ("segment", "hybrid"): {"prompts", "features"},
    ("segment", "hybrid", "prompts"): {"box"},
}


@pytest.mark.parametrize("name, path", NEEDED, ids=str)
def test_missing_field_is_refused(name, path):
    for key in at(EXAMPLES[name], path):
        contract = copy.deepcopy(EXAMPLES[name])
        del at(contract, path)[key]
        assert VALIDATOR.is_valid(contract) == (key in OPTIONAL.get(path, ())), key


SENSELESS = [
    ("slices", ("schema_version",), 1),
    ("slices", ("channels",), []),
    ("plain", ("channels", 0, "name"), "a b"),
    ("slices", ("channels", 0, "unit"), "hu"),
    ("slices", ("channels", 0, "normalise"), {"window": [0]}),
    ("slices", ("channels", 0, "normalise"), {"window": [0, 1], "z_score": "all"}),
    ("patches", ("channels", 0, "normalise", "standard", "deviation"), 0),
    ("plain", ("channels", 0, "normalise"), {"z_score": "some"}),
    ("slices", ("classes", 0, "code"), ["SCT", "27925004"]),
    ("slices", ("classes", 0, "colour"), [0, 0, 256]),
    ("plain", ("output",), "region"),
    ("slices", ("segment", "kind"), "slab"),
    ("slices", ("segment", "grid", "multiple"), 0),
    ("slices", ("segment", "grid", "spacing_mm"), [1.0, 1.0]),
    ("slices", ("segment", "grid", "spacing_mm"), [None, 0.7, 0.01]),
    ("patches", ("segment", "grid", "size"), [32, 96, 0]),
    ("patches", ("segment", "grid", "overlap"), 1),
    ("patches", ("segment", "grid", "blend"), "linear"),
    ("slices", ("segment", "neighbours", "each_side"), 33),
    ("slices", ("segment", "neighbours", "step_mm"), 0),
    ("slabs", ("segment", "neighbours", "step_slices"), 0),
    ("slices", ("segment", "scout", "threshold"), 1),
    ("slices", ("segment", "members", 0, "encoder", "file"), "../encoder.onnx"),
    ("slices", ("segment", "members", 0, "encoder", "file"), ".."),
    ("slices", ("segment", "members", 0, "encoder", "sha256"), "xyz"),
    ("slices", ("segment", "tensors", "embeddings", 0, "channels"), 0),
    ("slices", ("segment", "random", "dropout", 0, "rate"), 1),
    ("patches", ("segment", "random", "noise", 0, "rank"), 0),
    ("slabs", ("segment", "random", "flips"), ["x"]),
    ("slabs", ("segment", "random", "flips"), ["i", "i"]),
    ("slices", ("segment", "clicks", "decay_mm"), 0),
    ("slices", ("segment", "calibration", "temperature"), 0),
    ("slices", ("segment", "calibration", "bias"), 101),
    ("plain", ("segment", "calibration", "activation"), "relu"),
    ("hybrid", ("segment", "hybrid", "share_of_slices"), -0.1),
    ("hybrid", ("segment", "hybrid", "fine_weights"), [1.5]),
    ("slices", ("classify", "kind"), "slice"),
    ("slices", ("classify", "grid", "size"), [1, 1, 257]),
    ("slices", ("classify", "shows"), []),
    ("slices", ("classify", "threshold"), 1.5),
    ("slices", ("classify", "operating_points", 0, "sensitivity"), 0),
    ("slices", ("sampling", "samples"), 0),
    ("slices", ("sampling", "uncertainty"), "mutual_information"),
    ("slices", ("decision", "threshold"), "0.5"),
    ("slices", ("decision", "threshold"), 1),
    ("chain", ("decision", "candidates", "most"), 0),
    ("slices", ("review", "expected_dice_below"), 1.5),
    ("slices", ("uncertainty", "level"), 1),
    ("slices", ("uncertainty", "dice"), [0] * 6),
    ("slices", ("uncertainty", "dice"), [0, 0, 0, 0, 0, 0, 2e6]),
    ("slices", ("tried", "slice_mm"), 0),
]


@pytest.mark.parametrize("name, path, value", SENSELESS, ids=str)
def test_senseless_value_is_refused(name, path, value):
    contract = copy.deepcopy(EXAMPLES[name])
    at(contract, path[:-1])[path[-1]] = value
    assert not VALIDATOR.is_valid(contract)
