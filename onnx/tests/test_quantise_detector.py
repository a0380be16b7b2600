"""A detector in 8 bits is written when it finds the same, and refused when it doesn't. Needs torch, which slices are made with."""

import json

import numpy as np
import onnx
import pytest

pytest.importorskip("torch", reason="SKIPPED: torch is not installed (pip install -r onnx/requirements.txt)")

from test_data import stack  # noqa: E402
from test_quantise import made_detector  # noqa: E402

from sam2lung_train.data import items  # noqa: E402
from sam2lung_train.errors import UserError  # noqa: E402
from sam2lung_train.export import contract  # noqa: E402
from sam2lung_train.training import quantise_detector as command  # noqa: E402
from sam2lung_train.training.quantise_detector import Measured, Options, quantise_detector, what_is_worse  # noqa: E402


def measured(found: int, false: int, off: float) -> Measured:
    """1000 nodules and crops of one voxel each: so many found, so many false candidates, an ECE of `off`."""
    bins = np.zeros((3, 15))
    bins[:, 0] = 1000, 1000 * off, 0
    return Measured([True] * found + [False] * (1000 - found), [1] * false + [0] * (1000 - false), bins)


@pytest.mark.parametrize(
    ("after", "worse"),
    [
        (measured(991, 509, 0.0309), []),
        (measured(996, 400, 0.01), []),
        (measured(989, 500, 0.03), ["recall"]),
        (measured(995, 511, 0.03), ["false candidates"]),
        (measured(995, 500, 0.0321), ["ECE"]),
        (measured(0, 999, 0.9), ["recall", "false candidates", "ECE"]),
    ],
)
def test_what_is_worse_names_what_left_its_bounds(after, worse):
    told = what_is_worse(measured(995, 500, 0.03), after)
    assert len(told) == len(worse) and all(line.startswith(name) for line, name in zip(told, worse))


def test_measured_tells_candidates_on_marks_from_false_ones():
    votes, probability = np.zeros((3, 20, 20), np.uint8), np.zeros((3, 20, 20))
    votes[1, 4:7, 4:7] = 255
    votes[1, 15, 15] = 64  # one reader's
    probability[1, 5, 5] = probability[1, 15, 15] = probability[1, 5, 15] = 0.9
    into = Measured()
    into.add(probability, votes, 0.5, True)
    into.add(probability * 0.1, votes, 0.5, True)
    into.add(probability, votes, 0.5, False)
    assert (into.found, into.false) == ([True, False], [1, 0, 1])


@pytest.fixture
def options(tmp_path, monkeypatch) -> Options:
    """A bundle with a made detector; one development nodule and one whole CT."""
    votes = np.zeros((3, 128, 128), np.uint8)
    votes[:, 60:68, 60:68] = 255
    nodule = stack(develop=True, votes=votes)
    hu = np.random.default_rng(0).integers(-1000, 400, (6, 40, 40)).astype(np.int16)
    whole = items.Whole("made", hu, np.zeros(hu.shape, np.uint8), np.ones(hu.shape, bool), (2.5, 0.7, 0.7))
    monkeypatch.setattr(command.items, "load_stacks", lambda cache: [nodule, stack(votes=votes), stack()])
    monkeypatch.setattr(command.items, "load_wholes", lambda cache: [whole])
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    onnx.save(made_detector(), bundle / "detect.onnx")
    detect = {
        "kind": "slice",
        "grid": {"spacing_mm": [2.0, 1.4, 1.4], "multiple": 16},
        "members": [{"graph": contract.graph_fields(bundle, "detect.onnx")}],
        "tensors": {"image": "slices", "offsets_mm": "offsets_mm", "logits": "logits"},
        "calibration": {"activation": "sigmoid", "temperature": 1.0, "bias": 0.0},
    }
    spec = {"schema_version": 2, "detect": detect, "decision": {"candidates": {"threshold": 0.3}}}
    (bundle / contract.FILE).write_text(json.dumps(spec))
    return Options(bundle, tmp_path / "cache", tmp_path / "new", "1.0.1", slices=3)


def test_quantise_detector_writes_a_bundle_with_other_weights_and_prints_both(options, capsys):
    before = (options.bundle / "detect.onnx").read_bytes()
    quantise_detector(options)
    assert (options.bundle / "detect.onnx").read_bytes() == before
    kinds = {node.op_type for node in onnx.load(options.out / "detect.onnx").graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    spec = contract.read(options.out)
    assert spec["version"] == "1.0.1"
    assert spec["detect"]["members"] == [{"graph": contract.graph_fields(options.out, "detect.onnx")}]
    rows = capsys.readouterr().out.splitlines()
    assert [row.split(" |")[0] for row in rows[2:]] == ["| as it is", "| in 8 bits"]


def test_quantise_detector_that_finds_less_is_not_written(options, monkeypatch):
    measures = [measured(995, 500, 0.03), measured(900, 500, 0.03)]
    monkeypatch.setattr(command, "measure", lambda detectors, stacks: measures)
    with pytest.raises(UserError, match=r"not written: in 8 bits recall is 0\.9000, expected at least 0\.9900"):
        quantise_detector(options)
    assert sorted(path.name for path in options.out.parent.iterdir()) == ["bundle"]


def test_quantise_detector_of_a_bundle_without_one_is_refused(options):
    (options.bundle / contract.FILE).write_text(json.dumps({"schema_version": 2, "detect": None}))
    with pytest.raises(UserError, match="expected one slice network"):
        quantise_detector(options)
