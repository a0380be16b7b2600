"""Copies of a bundle with one thing changed, and two programs that take turns."""

import json
import stat
import sys

import nibabel
import numpy as np
import onnx
import onnxruntime
import pytest

from sam2lung_train.cli.main import main
from sam2lung_train.errors import UserError
from sam2lung_train.evaluation import speed, variants
from sam2lung_train.export import contract


def of(bundle, other=None):
    return {variant.name: variant for variant in variants.variants(contract.read(bundle), other)}


def files_of(spec):
    return [graph["file"] for role in variants.ROLES for graph in variants.graphs(spec.get(role))]


def test_variants_are_what_a_bundle_has(bundles):
    samples = [f"T = {n}" for n in (5, 10, 25, 50)]
    assert list(of(bundles / "tiny-noise")) == ["as it is", "no noise", *samples]
    members = len(contract.read(bundles / "tiny-members")["segment"]["members"])
    named = of(bundles / "tiny-members")
    assert [name for name in named if "member" in name] == [
        f"{n} of {members} members" for n in (1, 3, 5) if n < members
    ]
    assert len(named[f"1 of {members} members"].spec["segment"]["members"]) == 1
    assert "no classifier" in of(bundles / "tiny-opinions") and "no classifier" not in of(bundles / "tiny-chain")


def test_variant_without_noise_gives_what_noise_of_zero_gives(bundles, tmp_path):
    source = bundles / "tiny-noise"
    folder = variants.write(of(source)["no noise"], source, tmp_path / "made")
    spec = contract.read(folder)
    assert "noise" not in spec["segment"]["random"]
    had = contract.read(source)["segment"]
    (noise,) = had["random"]["noise"]
    changed = []
    for before, after in zip(variants.graphs(had), variants.graphs(spec["segment"])):
        old, new = (onnxruntime.InferenceSession(f / g["file"]) for f, g in ((source, before), (folder, after)))
        names = {x.name for x in old.get_inputs()} - {x.name for x in new.get_inputs()}
        if names:
            changed.append(names)
            random = np.random.default_rng(0)
            shapes = {x.name: [n if isinstance(n, int) else 1 if axis == 0 else 16 for axis, n in enumerate(x.shape)]
                      for x in old.get_inputs()}  # fmt: skip
            fed = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
            fed[noise["input"]] = np.zeros((1, noise["rank"]), np.float32)
            left = {name: value for name, value in fed.items() if name not in names}
            assert all(np.array_equal(a, b) for a, b in zip(old.run(None, fed), new.run(None, left)))
            assert before["sha256"] != after["sha256"]
    assert changed == [{noise["input"]}]


def test_variants_take_no_role_that_the_other_bundle_lacks(bundles):
    named = of(bundles / "tiny-chain", bundles / "tiny-members")
    assert [name for name in named if name.endswith(" of tiny-members")] == ["segment of tiny-members"]


def test_variant_takes_a_role_of_another_bundle_with_its_graphs(bundles, tmp_path):
    source, other = bundles / "tiny-chain", bundles / "tiny-opinions"
    variant = of(source, other)["classify of tiny-opinions"]
    folder = variants.write(variant, source, tmp_path / "made")
    spec = contract.read(folder)
    assert {path.name for path in folder.iterdir()} == {contract.FILE, *files_of(spec)}
    theirs = list(variants.graphs(contract.read(other)["classify"]))
    assert [g["sha256"] for g in variants.graphs(spec["classify"])] == [g["sha256"] for g in theirs]
    assert spec["segment"] == contract.read(source)["segment"]


def test_ablation_of_an_unknown_variant_is_refused_by_name(bundles, tmp_path):
    asked = variants.Options(tmp_path, tmp_path, model=bundles / "tiny-noise", only=["no nose"])
    with pytest.raises(UserError, match="got no nose; expected some of as it is, no noise"):
        variants.ablate_bundle(asked)


# --- speed ------------------------------------------------------------------------------------------------------------

# Takes 64 MB more and 0.2 s longer with --model.
FAKE = """#!{python}
import sys, time
if sys.argv[1:] == ["--version"]:
    print("sam2lung 0.0.0-fake")
elif "--model" in sys.argv:
    held = bytearray(b"x") * (64 << 20)
    time.sleep(0.3)
open("{log}", "a").write("model " if "--model" in sys.argv else "plain ")
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "sam2lung"
    path.write_text(FAKE.format(python=sys.executable, log=tmp_path / "log"))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def ct(tmp_path):
    """A ramp along k in a mirrored frame."""
    hu = np.broadcast_to(100 * np.arange(6, dtype=np.int16), (8, 8, 6))
    affine = np.diag([-1.0, -1.0, 2.0, 1.0])
    affine[:3, 3] = 5, 7, -9
    nibabel.save(nibabel.Nifti1Image(hu, affine), tmp_path / "ct.nii.gz")
    return tmp_path / "ct.nii.gz"


def test_speed_runs_in_turn_and_tells_time_and_memory_apart(program, ct, tmp_path):
    words = [
        "--sam2lung",
        program,
        "--ct",
        ct,
        "--out",
        tmp_path / "out",
        "--against-model",
        tmp_path / "x",
        "--runs",
        2,
    ]
    assert main(["compare-speed", *map(str, words)]) == 0
    assert (tmp_path / "log").read_text().split()[:4] == ["plain", "model", "model", "plain"]
    runs = json.loads((tmp_path / "out" / "speed.json").read_text())["runs"]["8×8×6"]
    new, old = ([run for run in runs if run["way"] == way] for way in ("new", "old"))
    assert all(run["mb"] > 60 + max(r["mb"] for r in new) for run in old)
    assert all(run["seconds"] >= 0.3 for run in old)
    assert "| 8×8×6 |" in (tmp_path / "out" / "speed.md").read_text()


def test_speed_of_the_same_twice_is_refused(program, ct, tmp_path):
    with pytest.raises(UserError, match="twice the same"):
        speed.Options(program, ct, tmp_path)


def test_speed_resampled_ct_covers_the_same_space(ct, tmp_path):
    made = nibabel.load(speed.resampled(ct, (8, 8, 12), tmp_path / "made.nii.gz"))
    assert made.shape == (8, 8, 12)
    assert made.header.get_zooms() == pytest.approx((1, 1, 1))
    # Twice as many slices of half the step: the first one's centre lies half a new slice below the old one's.
    assert made.affine[:3, 3] == pytest.approx([5, 7, -9.5])
    # The ramp has 50 HU a mm in both, between the old slices' centres.
    assert np.asarray(made.dataobj)[4, 4, 1:11] == pytest.approx(100 * (np.arange(1, 11) - 0.5) / 2, abs=0.51)


def test_fixed_input_keeps_the_shape_that_the_graph_wants(tmp_path):
    """Factors of a 3-D network: [samples, channels, 1, 1, 1]."""
    node = onnx.helper.make_node("Mul", ["x", "drop"], ["y"])
    of_floats = [onnx.TensorProto.FLOAT]
    x = onnx.helper.make_tensor_value_info("x", *of_floats, [1, 3, 2, 2, 2])
    drop = onnx.helper.make_tensor_value_info("drop", *of_floats, ["samples", 3, 1, 1, 1])
    y = onnx.helper.make_tensor_value_info("y", *of_floats, ["samples", 3, 2, 2, 2])
    graph = onnx.helper.make_graph([node], "g", [x, drop], [y])
    opset = onnx.helper.make_opsetid("", 18)
    path = tmp_path / "g.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10), path)
    variants.fix_inputs(path, {"drop": 2.0})
    session = onnxruntime.InferenceSession(path)
    assert [value.name for value in session.get_inputs()] == ["x"]
    values = np.random.default_rng(0).normal(size=(1, 3, 2, 2, 2)).astype(np.float32)
    (doubled,) = session.run(None, {"x": values})
    assert np.array_equal(doubled, 2 * values)
