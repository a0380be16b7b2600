"""Evaluation from the command line's files to the tables, with a program that writes known results in its place."""

import json
import stat
import sys

import numpy as np
import pytest

from sam2lung_train import cases, evaluate, evaluate_whole_ct, product, scores

# Stands in for `sam2lung`: outlines everything above -300 HU, refuses what is called "bad", has a fixed doubt.
FAKE = '''#!{python}
import json, sys
from pathlib import Path
import nibabel
import numpy as np
from scipy import ndimage

words = sys.argv[1:]
if words == ["--version"]:
    print("sam2lung 0.0.0-fake")
    sys.exit(0)
assert words[0] == "segment"
output = Path(words[words.index("--output") + 1])
status = 0
for path in map(Path, words[1:words.index("--output")]):
    name = path.name.removesuffix(".nii.gz")
    if "bad" in name:
        print(f"E_NO_LUNG: {{path}}: no lung was found", file=sys.stderr)
        status = 1
        continue
    image = nibabel.load(path)
    hu = np.asarray(image.dataobj)
    labels, count = ndimage.label(hu > -300, np.ones((3, 3, 3)))
    folder = output / name
    folder.mkdir(parents=True)
    def save(kind, data, dtype):
        nibabel.save(nibabel.Nifti1Image(data.astype(dtype), image.affine), folder / f"{{kind}}.nii.gz")
    save("label", labels, np.uint16)
    save("probability", np.where(labels > 0, 0.9, 0.1), np.float32)
    save("uncertainty", np.full(hu.shape, 0.25), np.float32)
    voxel = float(np.prod(image.header.get_zooms()))
    nodules = []
    for n in range(1, count + 1):
        volume = voxel * int((labels == n).sum())
        nodules.append(dict(id=n, centroid_ijk=list(map(float, ndimage.center_of_mass(labels == n))),
            volume_mm3=volume, volume_mm3_p05=0.9 * volume, volume_mm3_p95=1.1 * volume,
            equivalent_diameter_mm=(6 * volume / np.pi) ** (1 / 3), sample_dice=0.8, uncertainty_mean=0.25,
            nodule_probability=None, review=True, review_reasons=["touches the edge of the scan: a part may be missing"]))
    (folder / "nodules.json").write_text(json.dumps(nodules))
    (folder / "run.json").write_text("{{}}")
sys.exit(status)
'''


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "sam2lung"
    path.write_text(FAKE.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def made_case(name, patient="p", extra=False, spacing_mm=(2.0, 0.5, 0.5)):
    """A box of tissue in lung; `extra` adds a second one that no reader marked."""
    hu = np.full((6, 32, 32), -850, np.float32)
    reference = np.zeros(hu.shape, bool)
    reference[2:4, 8:16, 8:16] = True
    hu[reference] = 0
    if extra:
        hu[2:4, 24:28, 24:28] = 0
    return cases.Case(name, patient, 8.0, hu, reference, spacing_mm)


def scored(made, program, tmp_path):
    runner = product.Product(program)
    return evaluate.evaluate_set(made, runner, tmp_path / "set", jobs=1)


def test_score_perfect_outline_has_perfect_figures(program, tmp_path):
    (one,) = scored([made_case("a")], program, tmp_path)
    assert (one.dice_touching, one.dice_all, one.iou_touching, one.hd95_mm) == (1.0, 1.0, 1.0, 0.0)
    assert (one.true_positive, one.false_positive, one.false_negative) == (128, 0, 0)
    assert scores.ece_pooled([one]) == pytest.approx(0.1)
    assert one.volume_mm3 == one.nodule["volume_mm3"] == 64.0
    assert scores.interval_coverage([one]) == 1.0


def test_score_second_component_costs_only_where_all_voxels_count(program, tmp_path):
    (one,) = scored([made_case("a", extra=True)], program, tmp_path)
    assert one.dice_touching == 1.0
    assert one.dice_all == 2 * 128 / (128 + 128 + 32)
    assert one.false_positive == 32
    assert one.nodule["volume_mm3"] == 64.0


def test_score_refused_ct_counts_as_missed_and_keeps_its_error(program, tmp_path):
    bad, good = scored([made_case("bad"), made_case("good")], program, tmp_path)
    assert bad.refused == "E_NO_LUNG: no lung was found" and good.refused is None
    assert (bad.dice_touching, bad.dice_all, bad.hit, bad.nodule) == (0.0, 0.0, False, None)
    assert np.isnan(bad.hd95_mm)
    assert scores.sensitivity([bad, good]) == 0.5
    # Calibration says nothing about a CT without probabilities.
    assert scores.ece_pooled([bad, good]) == pytest.approx(0.1)
    assert np.isnan(scores.ece_pooled([bad]))


def test_score_edge_of_the_crop_alone_is_no_review_flag(program, tmp_path):
    (one,) = scored([made_case("a")], program, tmp_path)
    assert scores.review_rate([one]) == 0.0
    one.nodule["review_reasons"].append("found in 40 % of the samples only")
    assert scores.review_rate([one]) == 1.0


def test_product_crash_is_an_error_and_not_a_bad_score(tmp_path):
    program = tmp_path / "sam2lung"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 101\n")
    program.chmod(0o755)
    with pytest.raises(RuntimeError, match="101"):
        product.Product(program).segment([tmp_path / "a.nii.gz"], tmp_path / "out")


def test_error_line_is_that_of_the_path_and_begins_with_the_name():
    text = "ignored\nE_READ: b/ct/1.dcm: damaged\nE_NOT_HU: b/ct.nii.gz: no air\nE_NO_LUNG: b/c: none\nE_X: d holds 2 series"
    found = [product.error_line(text, path) for path in ("b/ct", "b/ct.nii.gz", "b/c", "d", "e")]
    wanted = ["E_READ: b/ct/1.dcm: damaged", "E_NOT_HU: no air", "E_NO_LUNG: none", "E_X: d holds 2 series"]
    assert found == [*wanted, None]


def test_doubt_ratio_is_that_of_means(program, tmp_path):
    (one,) = scored([made_case("a")], program, tmp_path)
    one.uncertainty_wrong, one.uncertainty_right = (6.0, 10), (30.0, 100)
    assert scores.doubt_ratio([one]) == pytest.approx(2.0)


def test_by_diameter_bins_hold_each_nodule_once():
    made = [type("S", (), {"diameter_mm": d})() for d in (3.0, 6.0, 9.99, 10.0, 20.0, 45.0)]
    assert [len(members) for _, members in scores.by_diameter(made)] == [1, 2, 1, 2]


def test_written_crop_keeps_geometry_and_voxels(tmp_path):
    import SimpleITK

    made = made_case("a", spacing_mm=(2.5, 0.7, 0.6))
    made.hu[1, 2, 3] = 123.4
    cases.write_ct(made, tmp_path / "a.nii.gz")
    image = SimpleITK.ReadImage(str(tmp_path / "a.nii.gz"))
    assert image.GetSpacing() == pytest.approx((0.6, 0.7, 2.5))
    assert image.GetDirection() == pytest.approx(np.eye(3).ravel())
    assert image.GetPixel(3, 2, 1) == 123


def test_measurable_counts_what_is_left_out():
    flat, empty, fine = made_case("flat"), made_case("empty"), made_case("fine")
    flat.hu, flat.reference = flat.hu[:1], flat.reference[:1]
    empty.reference[:] = False
    kept, left_out = evaluate.measurable([flat, empty, fine])
    assert [c.name for c in kept] == ["fine"]
    assert list(left_out.values()) == [["flat"], ["empty"]]


def test_consensus_of_active_readers_is_at_least_half():
    marks = np.array([0b0000, 0b0001, 0b0101, 0b1010])
    assert cases.consensus(marks, [0, 1, 2, 3]).tolist() == [False, False, True, True]
    assert cases.consensus(marks, [0, 2]).tolist() == [False, True, True, False]


def test_put_between_replaces_only_what_lies_between():
    text = f"head\n{evaluate.BEGIN}\nold\n{evaluate.END}\ntail\n"
    once = evaluate.put_between(text, evaluate.BEGIN, evaluate.END, "new")
    assert once == f"head\n{evaluate.BEGIN}\nnew\n{evaluate.END}\ntail\n"
    assert evaluate.put_between(once, evaluate.BEGIN, evaluate.END, "new") == once
    with pytest.raises(ValueError, match="once each"):
        evaluate.put_between("no markers", evaluate.BEGIN, evaluate.END, "new")


def test_model_card_has_the_markers():
    card = (evaluate.HERE.parent / "MODEL_CARD.md").read_text()
    assert "new" in evaluate.put_between(card, evaluate.BEGIN, evaluate.END, "new")


def test_evaluate_on_real_nodules_writes_table_json_and_card(shared_data, program, tmp_path):
    card = tmp_path / "CARD.md"
    card.write_text(f"{evaluate.BEGIN}\n{evaluate.END}\n")
    words = ["--data", shared_data, "--sam2lung", program, "--out", tmp_path / "out", "--limit", "3", "--rounds", "20"]
    evaluate.main([str(w) for w in [*words, "--card", card]])
    written = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert list(written["sets"]) == ["lidc_off", "lidc_auto", "lidc_hu_off"]
    figures = written["sets"]["lidc_off"]["summary"]
    assert figures["nodules"]["value"] == 3
    low, high = figures["dice_touching_mean"]["ci95"]
    assert 0 <= low <= figures["dice_touching_mean"]["value"] <= high <= 1
    table = (tmp_path / "out" / "evaluate.md").read_text()
    assert "3-D Dice" in table and table.strip() in card.read_text()


def test_lidc_cases_consensus_has_the_diameter_of_the_index(shared_data):
    loaded = cases.lidc_cases(shared_data)
    assert len(loaded) == 80
    for case in loaded:
        volume = case.reference.sum() * np.prod(case.spacing_mm)
        # index.json gives two decimals.
        assert np.cbrt(6 * volume / np.pi) == pytest.approx(case.diameter_mm, abs=0.006), case.name


def test_lidc_hu_cases_belong_to_val_patients_only(shared_data):
    loaded = cases.lidc_hu_cases(shared_data)
    train = {r["patient"] for r in cases.lidc_records(shared_data, "train")}
    assert loaded and not train & {case.patient for case in loaded}
    assert all(case.hu.shape == case.reference.shape for case in loaded)


def nodule(number, ijk):
    return {"id": number, "centroid_ijk": ijk, "volume_mm3": 10.0, "equivalent_diameter_mm": 3.0}


def test_whole_ct_findings_are_sorted_into_found_marks_and_false():
    lesions = [
        {"voxel": [10, 10, 5], "diameter_mm": 10.0, "what": "centre near"},
        {"voxel": [40, 10, 5], "diameter_mm": 10.0, "what": "covered, centre far"},
        {"voxel": [90, 90, 9], "diameter_mm": 6.0, "what": "missed"},
        {"voxel": [90, 10, 5], "diameter_mm": 4.0, "what": "too small to be listed"},
        {"voxel": [60, 60, 5], "diameter_mm": None, "what": "a mark"},
    ]
    labels = np.zeros((10, 100, 100), int)
    labels[5, 10, 40] = 2
    spacing = np.array([1.0, 1.0, 2.0])
    nodules = [
        nodule(1, [10, 19.9, 5]),  # 9.9 mm from the centre: radius 5 + 5
        nodule(2, [70, 10, 5]),
        nodule(3, [60, 60, 8.9]),  # 7.8 mm above the mark
        nodule(4, [60, 60, 9.1]),  # 8.2 mm
        nodule(5, [10, 20.1, 5]),  # 10.1 mm
    ]
    found = evaluate_whole_ct.judge(evaluate_whole_ct.WholeCt(None, lesions), labels, spacing, nodules)
    assert [lesion["found_by"] for lesion in found["lesions"]] == [[1], [2], []]
    assert [n["id"] for n in found["small_marks"]] == [3]
    assert [n["id"] for n in found["false_findings"]] == [4, 5]


def test_whole_ct_report_names_every_false_finding():
    lesion = {"voxel": [1, 1, 1], "diameter_mm": 9.0, "what": "x", "found_by": [1]}
    done = {
        "name": "a", "refused": None, "seconds": 61.4, "nodules": [nodule(1, [1, 1, 1]), nodule(2, [7, 8, 9])],
        "lesions": [lesion], "small_marks": [], "false_findings": [nodule(2, [7, 8, 9])],
    }  # fmt: skip
    refused = {"name": "b", "refused": "E_NO_LUNG: none", "seconds": 2.0}
    text = evaluate_whole_ct.report([done, refused])
    assert "| a | 1 of 1 | 1 | 0 | 10 | 61 |" in text
    assert "| b | E_NO_LUNG | – | – | – | 2 |" in text
    assert "a no. 2: false finding at voxel (7, 8, 9)" in text


def test_whole_ct_list_has_every_lesion_of_the_index(shared_data):
    listed = {ct.path.name: ct for ct in evaluate_whole_ct.whole_cts(shared_data)}
    assert len(listed) == 5
    assert [len(listed[name].listed) for name in ("lidc0002.nii.gz", "cptac_lscc.nii.gz", "fcp_dicom")] == [1, 2, 1]
    assert len(listed["lidc0002.nii.gz"].small_marks) == 11
