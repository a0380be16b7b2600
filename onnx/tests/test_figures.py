"""Figures of made results: what they show, that they are the same every time, and that they stay small."""

import io
import json

import numpy as np
import pytest
from PIL import Image

matplotlib = pytest.importorskip(
    "matplotlib", reason="SKIPPED: matplotlib is not installed (pip install -r onnx/requirements.txt)"
)

from sam2lung_train.cli.main import main  # noqa: E402
from sam2lung_train.data import cases  # noqa: E402
from sam2lung_train.evaluation import files, froc, product, scores  # noqa: E402
from sam2lung_train.figures import charts, draw, pictures  # noqa: E402


def made_score(number, random, uncertain=False):
    """A nodule with plausible figures; every tenth was missed."""
    missed = number % 10 == 9
    truth = float(np.exp(random.uniform(3.5, 9)))
    volume = truth * float(np.exp(random.normal(0, 0.2)))
    nodule = {"volume_mm3": volume, "volume_mm3_p05": 0.9 * volume, "volume_mm3_p95": 1.1 * volume,
              "sample_dice": float(random.uniform(0.8, 1)), "uncertainty_mean": float(random.uniform(0.2, 0.5))}  # fmt: skip
    if uncertain:
        nodule |= {"expected_dice": float(random.uniform(0.6, 1)), "sample_volume_mm3_p05": 0.97 * volume,
                   "sample_volume_mm3_p95": 1.03 * volume}  # fmt: skip
    bins = np.stack([np.full(15, 100.0), 100 * (np.arange(15) + 0.5) / 15, 100 * (np.arange(15) + 0.5) / 15])
    return scores.Score(
        name=f"n{number}", patient=f"p{number // 2}", diameter_mm=float(np.cbrt(6 * truth / np.pi)), refused=None,
        dice_touching=0.0 if missed else float(random.uniform(0.6, 0.95)), dice_all=0.8, iou_touching=0.7, iou_all=0.7,
        hd95_mm=float("nan") if missed else 1.0, true_positive=1, false_positive=1, false_negative=1, true_negative=1, bins=bins,
        uncertainty_wrong=(1.0, 2), uncertainty_right=(1.0, 9), nodule=None if missed else nodule, volume_mm3=truth,
        texture=float("nan") if number == 3 else float(random.choice([1, 2, 3, 4, 5])), agreement=None, slices={},
    )  # fmt: skip


def made_scores(count=30, uncertain=False):
    random = np.random.default_rng(5)
    return [made_score(n, random, uncertain) for n in range(count)]


def texts(figure):
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def test_score_survives_the_way_through_json():
    one = made_scores(10)[9]
    entry = json.loads(json.dumps(files.plain(vars(one))))
    back = scores.from_json(entry)
    assert entry["hd95_mm"] is None and np.isnan(back.hd95_mm)
    assert back.nodule is None and back.dice_touching == 0.0 and np.array_equal(back.bins, one.bins)


def test_chosen_cases_are_best_median_worst_and_worst_found():
    made = made_scores(30)
    groups = {name: [s.name for s in members] for name, (_, members) in draw.chosen(made).items()}
    ranked = [s.name for s in sorted(made, key=lambda s: s.dice_touching)]
    assert groups["cases_best"] == ranked[::-1][:3]
    assert sorted(groups["cases_worst"]) == ["n19", "n29", "n9"]  # the missed ones
    assert groups["cases_worst_found"] == ranked[3:6]
    assert groups["cases_median"] == ranked[14:17]
    found = [s for s in made if s.hit]
    assert "cases_worst_found" not in draw.chosen(found)


def test_reliability_says_the_ece_and_lies_on_the_diagonal():
    figure = charts.reliability(made_scores(1)[0].bins, "val: 1 nodule")
    line = figure.axes[0].lines[1]
    assert line.get_xdata() == pytest.approx(line.get_ydata())
    assert "ECE 0.000" in texts(figure) and "val: 1 nodule" in texts(figure)


def test_risk_coverage_shows_expected_dice_only_where_it_is_known():
    assert "expected_dice" not in texts(charts.risk_coverage(made_scores(), "note"))
    shown = texts(charts.risk_coverage(made_scores(uncertain=True), "note"))
    assert "by 1 − expected_dice, AURC" in shown and "3 missed nodules" in shown


def test_intervals_show_the_samples_own_only_where_they_differ():
    assert "samples' own" not in texts(charts.intervals(made_scores(), "note"))
    assert "samples' own" in texts(charts.intervals(made_scores(uncertain=True), "note"))


def test_bland_altman_limits_are_those_of_the_logarithms():
    made = [s for s in made_scores() if s.hit]
    logs = np.log([s.nodule["volume_mm3"] / s.volume_mm3 for s in made])
    upper = 100 * np.expm1(logs.mean() + 1.96 * logs.std(ddof=1))
    assert f"{upper:+.0f} %" in texts(charts.bland_altman(made, "note"))


def test_charts_of_no_found_nodule_can_be_drawn():
    missed = [s for s in made_scores() if not s.hit]
    for chart in (charts.risk_coverage, charts.dice, charts.bland_altman, charts.intervals):
        assert draw.png(chart(missed, "note"))


def test_free_response_has_a_panel_for_each_curve():
    curve = froc.summary([froc.Scan("a", "p", [0.9, None], [0.8, 0.3])], threshold=0.5, rounds=5)
    figure = charts.free_response({"crops": curve, "whole CTs": {**curve, "whose": " (training patients)"}}, "note")
    assert len(figure.axes) == 2
    assert "1 whole CTs, 2 lesions (training patients)" in texts(
        figure
    ) and "as shipped: 1.00 false, 50 % found" in texts(figure)


def test_square_stays_inside_and_holds_the_mask():
    mask = np.zeros((64, 64), bool)
    mask[2:6, 58:63] = True
    rows, columns = pictures.square(mask, (0.7, 0.7))
    assert rows.start == 0 and columns.stop == 64
    assert rows.stop - rows.start == columns.stop - columns.start == round(26 / 0.7)
    mask[:] = True
    assert pictures.square(mask, (0.7, 0.7)) == (slice(0, 64), slice(0, 64))


def made_case():
    """A box of tissue with two readers, and what the product made of it."""
    reference = np.zeros((5, 48, 48), bool)
    reference[1:4, 20:28, 20:28] = True
    hu = np.where(reference, 0, -850).astype(np.float32)
    readers = (reference, np.roll(reference, 1, 1))
    case = cases.Case("a", "p", 8.0, hu, reference, (2.0, 0.7, 0.7), readers, texture=5.0)
    uncertainty = np.where(reference, 0.5, 0.0)
    return case, product.Result("a", labels=np.roll(reference, 1, 2).astype(int), uncertainty=uncertainty)


def test_cases_figure_is_the_same_every_time_and_small():
    case, result = made_case()
    score = made_scores(1)[0]
    members = [(score, case, result), (score, case, product.Result("b", refused="E_NO_LUNG: none"))]
    with matplotlib.rc_context(charts.STYLE):
        first, second = (draw.png(pictures.cases_figure("Best", members, "val")) for _ in range(2))
    assert first == second
    assert len(first) < draw.LARGEST_BYTES
    assert Image.open(io.BytesIO(first)).size[0] > 1000


def test_cases_figure_names_the_uncertainty_that_the_map_shows():
    case, result = made_case()
    members = [(made_scores(1)[0], case, result)]
    assert "uncertainty (entropy, bits)" in texts(pictures.cases_figure("Best", members, "val"))
    result.run = {"options": {"uncertainty": "mutual-information"}}
    assert "uncertainty (mutual information, bits)" in texts(pictures.cases_figure("Best", members, "val"))


def test_figures_of_a_real_evaluation_are_written(shared_data, tmp_path):
    """Three real nodules, outlined by a made program: the whole way from evaluate.json to the files."""
    folder, made = tmp_path / "run", made_scores(3)
    for score, record in zip(made, cases.lidc_records(shared_data, "val")):
        score.name = record["key"]
        write_result(cases.lidc_case(shared_data / "lidc", record), folder / draw.SET / "result" / score.name)
    sets = {draw.SET: {"scores": [vars(s) for s in made]}}
    everything = {"program": "sam2lung 0", "arguments": {"split": "val"}, "sets": sets}
    (folder / "evaluate.json").write_text(json.dumps(files.plain(everything)))
    assert (
        main(["figures", "--data", str(shared_data), "--evaluation", str(folder), "--out", str(tmp_path / "figures")])
        == 0
    )
    names = {path.stem for path in (tmp_path / "figures").iterdir()}
    charts_made = {"reliability", "risk_coverage", "dice", "volume_agreement", "volume_interval"}
    assert names == charts_made | {"cases_best", "cases_median", "cases_worst"}


def write_result(case, folder):
    import nibabel

    folder.mkdir(parents=True)
    for kind, data in (
        ("label", case.reference),
        ("probability", case.reference * 0.9),
        ("uncertainty", case.reference * 0.5),
    ):
        nibabel.save(nibabel.Nifti1Image(data.T.astype(np.float32), np.eye(4)), folder / f"{kind}.nii.gz")
    (folder / "nodules.json").write_text("[]")
    (folder / "run.json").write_text("{}")
