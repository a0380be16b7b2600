"""model.v1.schema.json accepts every bundle of schema 1 and refuses what the library would refuse; test_schema2.py has schema 2."""

import copy
import json

import jsonschema
import pytest
from conftest import ONNX_FOLDER, REPOSITORY

SCHEMA = json.loads((ONNX_FOLDER / "schema" / "model.v1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ALL = sorted((REPOSITORY / "tests" / "bundles").glob("tiny-*/model.json"))
TINY = [path for path in ALL if json.loads(path.read_text())["schema_version"] == 1]


def tiny(name):
    return json.loads((REPOSITORY / "tests" / "bundles" / name / "model.json").read_text())


def test_schema_is_a_schema_itself():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", TINY, ids=lambda p: p.parent.name)
def test_tiny_bundle_is_accepted(path):
    VALIDATOR.validate(json.loads(path.read_text()))


def test_tiny_bundles_are_all_there():
    names = ["clicks", "doubt", "fixed", "identity", "multiclass", "nan", "neighbours", "scout", "thick"]
    names = [f"tiny-{name}" for name in names]
    assert [p.parent.name for p in TINY] == names


def test_provenance_training_is_free():
    spec = tiny("tiny-identity")
    spec["provenance"]["training"] = {"epochs": 3, "notes": ["anything"]}
    VALIDATOR.validate(spec)


def objects(value, path=()):
    """Path of every object inside `value`, itself included."""
    if isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from objects(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from objects(item, (*path, number))


def at(value, path):
    for step in path:
        value = value[step]
    return value


WITH_OPTIONAL = ["tiny-clicks", "tiny-doubt", "tiny-thick"]
FULL = [(name, path) for name in ("tiny-neighbours", "tiny-scout", *WITH_OPTIONAL) for path in objects(tiny(name))]
STRICT = [(name, path) for name, path in FULL if path != ("provenance", "training")]
# Fields that came after the first release.
OPTIONAL = [
    ("input", "neighbours", "interpolate_above_mm"),
    ("tried",),
    ("encoder", "whole_slice"),
    ("decoder", "clicks"),
    ("calibration", "bias"),
    ("judge", "bias"),
    ("judge", "operating_points"),
    ("sampling", "uncertainty"),
    ("review", "expected_dice_below"),
    ("doubt",),
]


@pytest.mark.parametrize("name, path", STRICT, ids=str)
def test_unknown_field_is_refused_everywhere(name, path):
    spec = tiny(name)
    at(spec, path)["surprise"] = 1
    assert not VALIDATOR.is_valid(spec)


@pytest.mark.parametrize("name, path", STRICT, ids=str)
def test_missing_field_is_refused_everywhere(name, path):
    spec = tiny(name)
    for key in at(spec, path):
        if (*path, key) in OPTIONAL:
            continue
        changed = copy.deepcopy(spec)
        del at(changed, path)[key]
        assert not VALIDATOR.is_valid(changed), key


@pytest.mark.parametrize("path", OPTIONAL, ids=str)
def test_optional_field_may_be_left_out_and_is_used_by_a_tiny_bundle(path):
    for spec in map(tiny, WITH_OPTIONAL):
        parent = at(spec, path[:-1])
        if parent and path[-1] in parent:
            del parent[path[-1]]
            VALIDATOR.validate(spec)
            return
    pytest.fail("no tiny bundle uses it")


def test_judge_may_have_no_operating_points():
    spec = tiny("tiny-doubt")
    spec["judge"]["operating_points"] = []
    VALIDATOR.validate(spec)


@pytest.mark.parametrize(
    "path, value",
    [
        (("encoder", "whole_slice"), 1),
        (("decoder", "clicks"), {"name": "clicks"}),
        (("decoder", "clicks"), {"name": "clicks", "decay_mm": 0}),
        (("decoder", "clicks"), {"name": "clicks", "decay_mm": 6, "surprise": 1}),
        (("calibration", "bias"), None),
        (("judge", "bias"), 101),
        (("judge", "operating_points"), None),
        (("judge", "operating_points"), [{"sensitivity": 0, "threshold": 0.5}]),
        (("judge", "operating_points"), [{"sensitivity": 0.5, "threshold": 1.5}]),
        (("sampling", "uncertainty"), "mutual_information"),
        (("review", "expected_dice_below"), 1.5),
        (("input", "neighbours"), {"each_side": 1, "step_mm": 2, "interpolate_above_mm": 0}),
        (("tried",), {}),
        (("tried",), {"slice_mm": 0}),
        (("doubt", "level"), 1),
        (("doubt", "volume_low"), [0] * 6),
        (("doubt", "volume_high"), [0] * 8),
        (("doubt", "dice"), [0, 0, 0, 0, 0, 0, 2e6]),
    ],
    ids=str,
)
def test_senseless_value_of_an_optional_field_is_refused(path, value):
    spec = tiny("tiny-doubt")
    at(spec, path[:-1])[path[-1]] = value
    assert not VALIDATOR.is_valid(spec)


@pytest.mark.parametrize(
    "path, value",
    [
        (("schema_version",), 2),
        (("kind",), "patch"),
        (("input", "window_hu"), [0.0]),
        (("input", "window_hu"), [0.0, 1.0, 2.0]),
        (("input", "pixel_mm"), 0.0),
        (("input", "multiple"), 0),
        (("input", "neighbours", "step_mm"), 0.0),
        (("encoder", "file"), "../encoder.onnx"),
        (("encoder", "file"), ".."),
        (("encoder", "sha256"), "ABC"),
        (("encoder", "embeddings"), []),
        (("decoder", "dropout"), []),
        (("decoder", "dropout", 0, "rate"), 1.0),
        (("decoder", "classes"), []),
        (("sampling", "samples"), 0),
        (("sampling", "scout_threshold"), 1.0),
        (("calibration", "temperature"), 0.0),
        (("decision", "threshold"), "0.5"),
    ],
    ids=str,
)
def test_senseless_value_is_refused(path, value):
    spec = tiny("tiny-neighbours")
    at(spec, path[:-1])[path[-1]] = value
    assert not VALIDATOR.is_valid(spec)
