"""Evaluation from the command line's files to the tables, with a program that writes known results in its place."""

import json
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from sam2lung_train.cli.main import main
from sam2lung_train.data import cases
from sam2lung_train.errors import UserError
from sam2lung_train.evaluation import crops, files, froc, product, summary, whole_cts
from sam2lung_train.paths import DEFAULT_BUNDLE, ONNX_FOLDER

# Stands in for `sam2lung`: outlines everything above -300 HU, refuses what is called "bad", has a fixed uncertainty.
FAKE = """#!{python}
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
if words[1] == "--help":
    print("--sample-outlines")
    sys.exit(0)
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
    if "--sample-outlines" in words:
        save("sample_outlines", np.where(labels > 0, 0b11, 0), np.uint32)
    voxel = float(np.prod(image.header.get_zooms()))
    nodules = []
    for n in range(1, count + 1):
        volume = voxel * int((labels == n).sum())
        nodules.append(dict(id=n, centroid_ijk=list(map(float, ndimage.center_of_mass(labels == n))),
            volume_mm3=volume, volume_mm3_p05=0.9 * volume, volume_mm3_p95=1.1 * volume,
            equivalent_diameter_mm=(6 * volume / np.pi) ** (1 / 3),
            sample_volumes_mm3=[volume, volume], sample_dice=0.8, uncertainty_mean=0.25,
            nodule_probability=0.8, review=True, review_reasons=["touches the edge of the scan: a part may be missing"]))
    (folder / "nodules.json").write_text(json.dumps(nodules))
    (folder / "run.json").write_text(json.dumps(dict(words=words)))
sys.exit(status)
"""


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


def scored(made, program, tmp_path, **options):
    runner = product.Product(program)
    return crops.evaluate_set(made, runner, tmp_path / "set", jobs=1, **options)[0]


def test_score_perfect_outline_has_perfect_figures(program, tmp_path):
    (one,) = scored([made_case("a")], program, tmp_path)
    assert (one.dice_touching, one.dice_all, one.iou_touching, one.hd95_mm) == (1.0, 1.0, 1.0, 0.0)
    assert (one.true_positive, one.false_positive, one.false_negative) == (128, 0, 0)
    assert summary.ece_pooled([one]) == pytest.approx(0.1)
    assert one.volume_mm3 == one.nodule["volume_mm3"] == 64.0
    assert summary.interval_coverage([one]) == 1.0


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
    assert summary.sensitivity([bad, good]) == 0.5
    # Calibration says nothing about a CT without probabilities.
    assert summary.ece_pooled([bad, good]) == pytest.approx(0.1)
    assert np.isnan(summary.ece_pooled([bad]))


def test_score_edge_of_the_crop_alone_is_no_review_flag(program, tmp_path):
    (one,) = scored([made_case("a")], program, tmp_path)
    assert summary.review_rate([one]) == 0.0
    one.nodule["review_reasons"].append("found in 40 % of the samples only")
    assert summary.review_rate([one]) == 1.0


def test_click_set_asks_at_each_nodules_own_voxel(program, tmp_path):
    made = [made_case("a"), made_case("b")]
    made[1].reference[:] = False
    made[1].reference[2, 4:7, 20] = True
    assert [case.click_ijk for case in made] == [(11, 11, 2), (20, 5, 2)]
    scored(made, program, tmp_path, click=True)
    words = [product.read_result(tmp_path / "set" / "result" / name).run["words"] for name in "ab"]
    assert [w[w.index("--click") + 1] for w in words] == ["11,11,2", "20,5,2"]


def test_keep_segments_only_what_has_no_result_yet(program, tmp_path):
    scored([made_case("a")], program, tmp_path)
    program.write_text(program.read_text().replace("hu > -300", "hu > 9000"))
    old, new = scored([made_case("a"), made_case("b")], program, tmp_path, keep=True)
    assert (old.dice_touching, new.dice_touching) == (1.0, 0.0)


def test_is_complete_wants_the_result_of_the_bundle_that_is_asked_for(program, tmp_path):
    scored([made_case("a")], program, tmp_path)
    folder = tmp_path / "set" / "result" / "a"
    assert product.is_complete(folder) and not product.is_complete(folder.parent / "b")
    assert not product.is_complete(folder, contract="0123abcd")  # a run.json that names no model
    record = {
        "name": "m",
        "version": "1",
        "sha256": {"model.json": "0123abcdef", "encoder.onnx": "aa", "decoder.onnx": "bb"},
    }
    (folder / "run.json").write_text(json.dumps({"model": record}))
    assert product.is_complete(folder, contract="0123abcd") and not product.is_complete(folder, contract="ffffffff")


def test_networks_of_a_model_are_known_whatever_their_files_are_called():
    def networks(**digests):
        model = {"name": "m", "version": "1", "sha256": digests}
        return product.model_of(product.Result("a", run={"model": model})).networks

    contract = {"model.json": "0123abcdef"}
    assert networks(**contract, judge="aa", decoder="bb") == networks(**contract, decoder="bb", classify="aa")
    assert networks(**contract, judge="aa", decoder="bb") != networks(**contract, judge="aa", decoder="cc")


def test_with_every_finding_changes_the_classifiers_threshold_and_nothing_else(bundles, tmp_path):
    made = tmp_path / "bundle"
    source = DEFAULT_BUNDLE
    had = json.loads((source / "model.json").read_text())
    copy, threshold = product.with_every_finding(source, made)
    now = json.loads((copy / "model.json").read_text())
    assert threshold == had["classify"]["threshold"] > 0 and now["classify"]["threshold"] == 0.0
    now["classify"]["threshold"] = threshold
    assert now == had
    assert (copy / "classify.onnx").read_bytes() == (source / "classify.onnx").read_bytes()
    without_classifier = bundles / "tiny-plain"
    assert product.with_every_finding(without_classifier, tmp_path / "none") == (None, None)
    assert not (tmp_path / "none").exists()


def test_findings_of_a_crop_are_hits_and_false_ones(program, tmp_path):
    made = [made_case("a", extra=True), made_case("bad")]
    runs = crops.run_set(made, product.Product(program), tmp_path / "set", jobs=1)
    assert [crops.findings_of(*run) for run in runs] == [
        froc.Scan("a", "p", [0.8], [0.8]),
        froc.Scan("bad", "p", [None], []),
    ]


def test_several_models_in_one_folder_are_refused(monkeypatch, tmp_path):
    models = iter("ab")
    made = [product.Model("m", "1", "n", "x"), product.Model("m", "1", "n", "y")]
    monkeypatch.setattr(
        crops, "measured", lambda key, _: ({"words": key, "scores": []}, {made["ab".index(next(models))]})
    )
    asked = crops.Options(sam2lung=Path("x"), out=tmp_path, sets=["lidc_off", "lidc_auto"])
    with pytest.raises(ValueError, match="several models"):
        crops.measure(asked)


def test_sets_are_named_in_their_order_and_unknown_ones_refused():
    assert crops.set_names("lidc_hu_off,lidc_off") == ["lidc_off", "lidc_hu_off"]
    for text, why in (("lidc_of", "expected some of"), ("lidc_every", "expected one of")):
        with pytest.raises(UserError, match=why):
            crops.set_names(text)


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


def test_uncertainty_ratio_is_that_of_means(program, tmp_path):
    (one,) = scored([made_case("a")], program, tmp_path)
    one.uncertainty_wrong, one.uncertainty_right = (6.0, 10), (30.0, 100)
    assert summary.uncertainty_ratio([one]) == pytest.approx(2.0)


def told(dice, patient="p", volume=100.0, **nodule):
    """A score of which only some figures matter."""
    shown = {
        "volume_mm3": volume,
        "volume_mm3_p05": 80.0,
        "volume_mm3_p95": 120.0,
        "sample_dice": 0.9,
        "uncertainty_mean": 0.2,
    }
    return type("S", (), {
        "patient": patient, "dice_touching": dice, "hit": dice > 0, "nodule": {**shown, **nodule} if dice else None,
        "volume_mm3": 100.0, "name": patient,
    })()  # fmt: skip


def test_uncertainty_auroc_and_aurc_without_expected_dice_are_nan():
    old = [told(0.9), told(0.5, sample_dice=0.8)]
    assert np.isnan(summary.uncertainty_auroc(old, "expected_dice")) and np.isnan(
        summary.uncertainty_aurc(old, "expected_dice")
    )
    assert summary.uncertainty_auroc(old, "sample_dice") == 1.0
    none = [told(0.9, expected_dice=None), told(0.5, expected_dice=None)]
    assert np.isnan(summary.uncertainty_auroc(none, "expected_dice"))


def test_uncertainty_by_hand_leaves_missed_nodules_out():
    made = [told(0.9, expected_dice=0.8), told(0.6, expected_dice=0.7), told(0.8, expected_dice=0.6), told(0.0)]
    # 1 - expected_dice: the poor one (0.6) has 0.3, above 0.2 and below 0.4.
    assert summary.uncertainty_auroc(made, "expected_dice") == 0.5
    assert summary.uncertainty_aurc(made, "expected_dice") == pytest.approx((0.1 + 0.25 + 0.7 / 3) / 3)
    # The best order: 0.1, 0.2, 0.4.
    assert summary.uncertainty_e_aurc(made, "expected_dice") == pytest.approx((0.25 - 0.15) / 3)


def test_interval_of_older_results_is_the_samples_own():
    new = told(0.9, sample_volume_mm3_p05=101.0, sample_volume_mm3_p95=104.0)
    assert summary.interval_coverage([new]) == 1.0 and summary.interval_coverage([new], samples=True) == 0.0
    assert summary.interval_width([new]) == 1.5 and summary.interval_width([new], samples=True) == 104 / 101
    assert summary.interval_width([told(0.9)], samples=True) == 1.5
    assert summary.interval_width([told(0.9, volume_mm3_p05=0.0)]) == np.inf
    assert files.plain({"value": np.inf}) == {"value": None}


def test_broken_intervals_leave_out_the_volume_or_touch_zero():
    bounds = [(80, 120), (101, 120), (80, 99), (0, 120), (0, 0)]
    made = [told(0.9, volume_mm3_p05=float(low), volume_mm3_p95=float(high)) for low, high in bounds]
    assert summary.broken_intervals(made) == 4 and summary.broken_intervals([told(0.0)]) == 0


def test_samples_median_is_compared_with_the_volume():
    made = [told(0.9, sample_volumes_mm3=[50.0, 200.0, 300.0]), told(0.9, sample_volumes_mm3=[0.0, 50.0, 90.0])]
    assert summary.samples_median_ratio(made) == pytest.approx(1.0)
    assert np.isnan(summary.samples_median_ratio([told(0.9)]))


def test_volume_ratio_of_twice_and_half_is_one():
    assert summary.volume_ratio([told(0.9, volume=200.0), told(0.9, volume=50.0)]) == pytest.approx(1.0)


def test_click_summary_pairs_nodules_by_name():
    automatic = [told(0.0, "a"), told(0.6, "b"), told(0.9, "c")]
    clicked = [told(0.9, "c"), told(0.8, "b"), told(0.4, "a")]
    groups = summary.click_summary(automatic, clicked)
    assert groups["missed"] == {"nodules": 1, "before": 0.0, "after": 0.4, "hit": 1, "good": 0}
    assert groups["poor"] == {"nodules": 1, "before": 0.6, "after": 0.8, "hit": 1, "good": 1}
    assert groups["all"]["after"] == pytest.approx(0.7)


def test_texture_is_the_mean_of_ratings_and_goes_to_the_nearest():
    assert cases.texture([{"texture": 5}, None, {"texture": 4}]) == 4.5
    assert np.isnan(cases.texture(None)) and np.isnan(cases.texture([None]))
    made = [type("S", (), {"texture": t})() for t in (1.0, 2.33, 2.5, 4.33, 4.5, 5.0, float("nan"))]
    assert [len(members) for _, members in summary.by_texture(made)] == [2, 2, 2]


def test_by_diameter_bins_hold_each_nodule_once():
    made = [type("S", (), {"diameter_mm": d})() for d in (3.0, 6.0, 9.99, 10.0, 20.0, 45.0)]
    assert [len(members) for _, members in summary.by_diameter(made)] == [1, 2, 1, 2]


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
    kept, left_out = crops.measurable([flat, empty, fine])
    assert [c.name for c in kept] == ["fine"]
    assert list(left_out.values()) == [["flat"], ["empty"]]


def test_consensus_of_active_readers_is_at_least_half():
    marks = np.array([0b0000, 0b0001, 0b0101, 0b1010])
    assert cases.consensus(marks, [0, 1, 2, 3]).tolist() == [False, False, True, True]
    assert cases.consensus(marks, [0, 2]).tolist() == [False, True, True, False]


def test_put_between_replaces_only_what_lies_between():
    begin, end = files.markers("evaluate")
    text = f"head\n{begin}\nold\n{end}\ntail\n"
    once = files.put_between(text, begin, end, "new")
    assert once == f"head\n{begin}\nnew\n{end}\ntail\n"
    assert files.put_between(once, begin, end, "new") == once
    with pytest.raises(ValueError, match="once each"):
        files.put_between("no markers", begin, end, "new")


def test_model_card_has_the_markers():
    card = (ONNX_FOLDER / "MODEL_CARD.md").read_text()
    for name in ("evaluate", "whole-ct", "phantoms", "thickness", "ablation", "speed"):
        assert "new" in files.put_between(card, *files.markers(name), "new")


def test_evaluate_on_real_nodules_writes_table_json_and_card(shared_data, program, tmp_path):
    card = tmp_path / "CARD.md"
    card.write_text(f"{files.markers('evaluate')[0]}\n{files.markers('evaluate')[1]}\n")
    words = ["--data", shared_data, "--sam2lung", program, "--out", tmp_path / "out", "--limit", "3", "--rounds", "20"]
    assert main(["evaluate", *map(str, words), "--card", str(card)]) == 0
    written = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert list(written["sets"]) == ["lidc_off", "lidc_auto", "lidc_click", "lidc_hu_off"]
    assert written["froc"]["scans"] == written["click"]["all"]["nodules"] == 3
    assert {"texture", "agreement", "slices"} <= set(written["sets"]["lidc_off"]["scores"][0])
    figures = written["sets"]["lidc_off"]["summary"]
    assert 0 < figures["energy_distance"]["value"] < 2 and figures["energy_samples"]["value"] == 0
    assert written["sets"]["lidc_auto"]["summary"]["energy_distance"]["value"] is None
    assert figures["nodules"]["value"] == 3
    low, high = figures["dice_touching_mean"]["ci95"]
    assert 0 <= low <= figures["dice_touching_mean"]["value"] <= high <= 1
    table = (tmp_path / "out" / "evaluate.md").read_text()
    assert all(
        part in table for part in ("3-D Dice", "as they agree with each other", "CPM", "Roughness", "ground glass")
    )
    assert table.strip() in card.read_text()


def test_lidc_cases_consensus_has_the_diameter_of_the_index(shared_data):
    loaded = cases.lidc_cases(shared_data)
    assert len(loaded) == 80
    # Two readers or more outlined each of these, and someone rated each.
    assert all(len(case.readers) >= 2 and 1 <= case.texture <= 5 for case in loaded)
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
        {"voxel": [90, 10, 5], "diameter_mm": 4.0, "what": "too small to have to be found"},
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
        nodule(6, [90, 16.9, 5]),  # 6.9 mm from the lesion of 4 mm
    ]
    ct = whole_cts.WholeCt(None, "p", lesions)
    found = whole_cts.sort_findings(ct, labels, spacing, nodules)
    assert [lesion["found_by"] for lesion in found["lesions"]] == [[1], [2], []]
    assert [n["id"] for n in found["small"]] == [3, 6]
    assert [n["id"] for n in found["false_findings"]] == [4, 5]
    # Findings are 3 mm: none of them is false where only those of 4 mm and more can be.
    large = whole_cts.sort_findings(ct, labels, spacing, nodules, smallest_false_mm=4)
    assert [n["id"] for n in large["small"]] == [3, 4, 5, 6] and large["false_findings"] == []
    all_of_them = whole_cts.sort_findings(ct, labels, spacing, nodules, smallest_mm=3)
    assert [lesion["found_by"] for lesion in all_of_them["lesions"]] == [[1], [2], [], [6]]


def test_whole_ct_uncertain_lesion_neednt_be_found_and_isnt_false():
    lesion = {"voxel": [10, 10, 5], "diameter_mm": 9.0, "what": "uncertain: a scar"}
    ct = whole_cts.WholeCt(None, "p", [lesion])
    found = whole_cts.sort_findings(ct, np.zeros((10, 20, 20), int), np.ones(3), [nodule(1, [11, 10, 5])])
    assert found["lesions"] == [] and [n["id"] for n in found["small"]] == [1] and found["false_findings"] == []


def test_whole_ct_scan_of_the_curve_has_each_lesions_best_finding():
    nodules = [{"id": n, "nodule_probability": p} for n, p in enumerate((0.2, 0.9, 0.6), start=1)]
    result = {
        "name": "a", "patient": "p", "nodules": nodules,
        "lesions": [{"found_by": [1, 2]}, {"found_by": []}], "false_findings": nodules[2:],
    }  # fmt: skip
    assert whole_cts.scan_of(result) == froc.Scan("a", "p", [0.9, None], [0.6])


def test_whole_ct_report_names_every_false_finding():
    lesion = {"voxel": [1, 1, 1], "diameter_mm": 9.0, "what": "x", "found_by": [1]}
    done = {
        "name": "a", "split": "train", "refused": None, "seconds": 61.4, "nodules": [nodule(1, [1, 1, 1]), nodule(2, [7, 8, 9])],
        "lesions": [lesion], "small": [], "false_findings": [nodule(2, [7, 8, 9])],
    }  # fmt: skip
    refused = {"name": "b", "split": "train", "refused": "E_NO_LUNG: none", "seconds": 2.0}
    text = whole_cts.report([done, refused])
    assert "| a | 1 of 1 | 1 | 0 | 10 | 61 |" in text
    assert "| b | E_NO_LUNG | – | – | – | 2 |" in text
    assert "a no. 2: false finding at voxel (7, 8, 9)" in text
    assert "1 of 1 lesions of 5 mm and more found, 0 missed; 1.00 false findings a scan (1 in 1 CTs" in text
    assert "training patients" in text and "Free-response" not in text
    curve = froc.summary([froc.Scan("a", "p", [0.9], [0.6])], threshold=0.7, rounds=10)
    assert "| As shipped: false ones each, sensitivity | 0.000, 1.000 |" in whole_cts.report([done], curve)


def test_whole_ct_run_twice_writes_the_curve(program, tmp_path):
    made = made_case("ct", extra=True)
    folder = tmp_path / "data" / "whole_ct"
    folder.mkdir(parents=True)
    cases.write_ct(made, folder / "ct.nii.gz")
    lesion = {"voxel": [12, 12, 2], "diameter_mm": 6.0, "what": "x"}
    record = {"file": "ct.nii.gz", "patient": "p", "split": "test", "lesions": [lesion]}
    (folder / "index.json").write_text(json.dumps([record]))
    words = ["--data", tmp_path / "data", "--sam2lung", program, "--out", tmp_path / "out", "--rounds", "10"]
    words += ["--smallest-false", "3"]  # the other finding is 3.1 mm
    assert main(["evaluate-whole-ct", *map(str, words)]) == 0
    written = json.loads((tmp_path / "out" / "whole_ct.json").read_text())
    assert written["totals"]["found"] == 1 and written["totals"]["false_findings"] == 1
    assert written["froc"]["findings"] == [{"name": "ct", "patient": "p", "lesions": [0.8], "false": [0.8]}]
    assert main(["evaluate-whole-ct", *map(str, words), "--keep", "--no-froc"]) == 0
    assert json.loads((tmp_path / "out" / "whole_ct.json").read_text())["froc"] is None


def test_whole_ct_list_has_every_lesion_of_the_index(shared_data):
    listed = {ct.path.name: ct for ct in whole_cts.whole_cts(shared_data)}
    masks = {"fcp_vessels.nii.gz", "lidc0002_votes.nii.gz"}
    assert set(listed) == {p.name for p in shared_data.glob("whole_ct/*.nii.gz")} - masks | {"fcp_dicom"}
    assert [len(listed[name].listed(5.0)) for name in ("lidc0002.nii.gz", "cptac_lscc.nii.gz", "fcp_dicom")] == [
        1,
        2,
        1,
    ]
    assert len(listed["lidc0002.nii.gz"].marks) == 11
    assert [len(listed[f"{name}.nii.gz"].marks) for name in ("cmb_crc", "cptac_lscc")] == [6, 2]
    assert all(len(listed[f"lungdx_{kernel}.nii.gz"].listed(5.0)) == 3 for kernel in ("lung", "soft"))
