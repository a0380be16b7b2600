"""The table of all kinds: pixels counted together, published figures, with a program that writes known results."""

import json

import numpy as np
import pytest
from test_evaluate import made_case, program  # noqa: F401

from sam2lung_train.errors import UserError
from sam2lung_train.evaluation import kinds

CONTRACT = {
    "schema_version": 2, "name": "recall-unet-2d", "version": "1",
    "segment": {"kind": "slice", "neighbours": {"each_side": 3, "step_slices": 1}, "members": [{}]},
}  # fmt: skip


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "model.json").write_text(json.dumps(CONTRACT))
    return tmp_path / "bundle"


def test_pooled_counts_pixels_of_all_crops_together():
    pooled = kinds.Pooled()
    pooled.add(np.array([True, True, False, False]), np.array([True, False, True, False]))
    pooled.add(np.array([True, True, True, True]), np.array([True, True, True, False]))
    # 4 right, 2 false, 1 missed, 1 rightly left.
    assert vars(pooled) == {"true_positive": 4, "false_positive": 2, "false_negative": 1, "true_negative": 1}
    assert (pooled.dice, pooled.recall, pooled.precision) == (8 / 11, 4 / 5, 4 / 6)


def test_ratio_is_of_means_over_all_crops():
    ratio = kinds.Ratio()
    ratio.add(np.array([0.4, 0.1, 0.1]), np.array([True, False, False]))
    ratio.add(np.array([0.2, 0.1]), np.array([True, False]))
    assert ratio.value == pytest.approx(0.3 / 0.1)


def test_kind_of_tells_slabs_ensembles_and_chains():
    patch = {"kind": "patch", "members": [{}, {}, {}]}
    assert kinds.kind_of(CONTRACT) == "slice, 7 slices"
    assert kinds.kind_of({"detect": {"kind": "slice", "members": [{}]}, "segment": patch}) == (
        "detect slice; segment patch, 3 members"
    )


def test_compare_kinds_prints_ours_and_what_is_published(program, bundle, tmp_path, monkeypatch):  # noqa: F811
    made = [made_case("a"), made_case("b", extra=True)]
    # A second reader marked the slice below, too: the union has 64 voxels more than the consensus.
    for case in made:
        wider = case.reference.copy()
        wider[1] = wider[2]
        case.readers = (case.reference, wider)
    monkeypatch.setattr(kinds.cases, "lidc_cases", lambda data, split: made)
    monkeypatch.setattr(kinds.speed, "measured", lambda words: (1.0, 123.0))
    asked = kinds.Options(sam2lung=program, out=tmp_path / "out", bundles=[bundle])
    kinds.compare_kinds(asked)
    told = (tmp_path / "out" / "kinds.md").read_text()
    lines = {line.split(" | ")[0].removeprefix("| "): line.split(" | ") for line in told.splitlines() if "|" in line}
    ours = lines["recall-unet-2d (slice, 7 slices)"]
    # Dice of a: 1, of b: 2 * 128 / (128 + 160); one false finding in two crops.
    assert ours[1:5] == ["1.000", f"{(1 + 256 / 288) / 2:.3f}", "1.000", "0.50"] and ours[-1] == "123 |"
    union = lines["recall-unet-2d, union"]
    # 256 right and 32 false of 2 * 192.
    assert union[1:4] == [f"{512 / (512 + 32 + 128):.3f}", f"{256 / 384:.3f}", f"{256 / 288:.3f}"]
    assert union[5:8] == ["256", "32", "128"]
    published = lines["– published: 2-D U-Net, recall first"]
    assert published[1:3] == ["0.731", "0.760"]
    rows = [line.split(" | ")[0] for line in told.splitlines()]
    assert rows[rows.index("| – published: 2-D U-Net, recall first") - 1] == "| recall-unet-2d, union"
    everything = json.loads((tmp_path / "out" / "kinds.json").read_text())
    assert everything[0]["pooled"]["union"]["true_positive"] == 256


def test_compare_kinds_refuses_two_bundles_of_one_name(program, bundle, tmp_path):  # noqa: F811
    with pytest.raises(UserError, match="different names or versions"):
        kinds.compare_kinds(kinds.Options(sam2lung=program, out=tmp_path / "out", bundles=[bundle, bundle]))
