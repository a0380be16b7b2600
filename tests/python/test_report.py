"""report.html, findings.txt and index.html as files; test_report_page.py looks at them in a browser."""

import json
import re

import made_ct
import numpy as np
import pytest

SHAPE = (16, 40, 48)
SPACING = (0.75, 0.75, 2.0)
# Centres (column, row, slice) and radii in mm. The second touches the edge of the scan, which flags it.
BALLS = [((12, 14, 8), 6.0), ((44, 28, 7), 4.0), ((30, 8, 4), 1.5)]


@pytest.fixture
def ct(tmp_path):
    def write(name):
        hu = np.full(SHAPE, made_ct.LUNG_HU)
        for centre, radius in BALLS:
            hu[made_ct.ball(SHAPE, centre, radius, SPACING)] = 50
        return made_ct.write(tmp_path / name, hu, SPACING)

    return write


@pytest.fixture
def segment(sam2lung, bundles, tmp_path):
    def run(*words, status=0):
        words = (*words, "--output", tmp_path / "out", "--model", bundles / "tiny-noise", "--lung-mask", "off")
        return sam2lung.segment(*words, "--samples", 4, status=status)

    return run


def test_findings_say_what_the_table_says_the_flagged_first(segment, ct, tmp_path):
    segment(ct("chest.nii.gz"))
    folder = tmp_path / "out" / "chest"
    text, nodules = (folder / "findings.txt").read_text(), json.loads((folder / "nodules.json").read_text())
    assert [nodule["review"] for nodule in nodules] == [False, True]
    lines = [line for line in text.splitlines() if line.startswith("Nodule ")]
    assert [line.split(":")[0] for line in lines] == ["Nodule 2", "Nodule 1"]
    for line, nodule in zip(lines, reversed(nodules)):
        assert (
            f"{nodule['long_axis_mm']:.1f} × {nodule['short_axis_mm']:.1f} mm, {nodule['volume_mm3']:.0f} mm³" in line
        )
        assert all(reason in line for reason in nodule["review_reasons"])
    # Nobody looked for the lungs, so that no side is told.
    for line, nodule in zip(lines, reversed(nodules)):
        assert line.startswith(f"Nodule {nodule['id']}: slice {nodule['long_axis_slice'] + 1:.0f} of 16 from the feet. ")
    assert nodules[0]["long_axis_slice"] == 8
    assert "2 nodules were found; 1 should be looked at again. 1 micronodule below 4 mm, listed below." in text
    assert "Micronodules: centre in slice 5 of 16" in text
    assert "Warning: the whole image was searched" in text
    assert "Research use only" in text and not re.search("malignan|benign|cancer|follow-up|recommend|Lung-RADS", text)
    # In the page to be copied.
    assert text.splitlines()[4] in (folder / "report.html").read_text()


def test_findings_are_the_same_bytes_each_time(segment, ct, tmp_path):
    path, texts = ct("chest.nii.gz"), []
    for _ in range(2):
        segment(path)
        texts.append((tmp_path / "out" / "chest" / "findings.txt").read_bytes())
    assert texts[0] == texts[1]


def test_page_tells_of_the_run_and_the_record_of_the_seconds_that_the_page_took(segment, ct, tmp_path):
    segment(ct("chest.nii.gz"), "--seed", 4711)
    folder = tmp_path / "out" / "chest"
    page, run = (folder / "report.html").read_text(), json.loads((folder / "run.json").read_text())
    assert "<dt>Seed</dt><dd>4711</dd>" in page
    for told in (*run["model"]["sha256"].values(), run["input"]["voxels_sha256"], run["device"]["reason"] or "cpu"):
        assert told in page
    # The page is made before its own seconds are known.
    assert "<dt>Write</dt>" in page and "<dt>Report</dt>" not in page and "report" in run["timings_s"]


def test_one_ct_has_no_index_and_several_have_one_that_later_runs_keep(segment, ct, tmp_path):
    one, two = ct("one.nii.gz"), ct("two.nii.gz")
    index = tmp_path / "out" / "index.html"
    segment(one)
    assert not index.exists()
    segment(two, tmp_path / "missing.nii.gz", status=1)
    page = index.read_text()
    assert all(f'href="{name}/report.html"' in page for name in ("one", "two"))
    assert "missing" in page and "E_READ" in page and "1 CT of the last run has no result" in page
    # A run of one CT more brings it up to date.
    segment(ct("three.nii.gz"))
    page = index.read_text()
    assert 'href="three/report.html"' in page and "3 CTs: 6 nodules were found." in page and "E_READ" not in page
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "one", "summary.csv", "three", "two"]


def test_index_of_somebody_else_is_refused_before_anything_runs(segment, ct, tmp_path):
    index = tmp_path / "out" / "index.html"
    index.parent.mkdir()
    index.write_text("<html>my thesis</html>")
    said = segment(ct("one.nii.gz"), ct("two.nii.gz"), status=1).stderr
    assert "E_WRITE" in said and "wasn't written by sam2lung" in said
    assert [path.name for path in index.parent.iterdir()] == ["index.html"]
    segment(ct("one.nii.gz"))
    assert index.read_text() == "<html>my thesis</html>"


def test_index_of_runs_that_all_failed_lists_why(segment, tmp_path):
    segment(tmp_path / "a.nii.gz", status=1)
    assert not (tmp_path / "out").exists(), "a single CT has no index"
    segment(tmp_path / "a.nii.gz", tmp_path / "b.nii.gz", status=1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "summary.csv"]
    text = (tmp_path / "out" / "index.html").read_text()
    assert "No CT has a result." in text and text.count(">E_READ: ") == 2 and "nodule was found" not in text
