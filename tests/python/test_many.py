"""Several inputs of one `sam2lung segment`: the same bits as alone, a table of what became of each, `--resume`, `--jobs`."""

import csv
import json
import os
import shutil
import signal
import subprocess
import time

import made_ct
import numpy as np
import pytest

NAMES = ("a", "b", "c")


def volume(seed, shape=(6, 48, 64)):
    """A CT of noise in which a few places look like nodules to the tiny model."""
    return np.random.default_rng(seed).integers(-1000, 400, shape)


@pytest.fixture
def cts(tmp_path):
    (tmp_path / "cts").mkdir()
    return [made_ct.write(tmp_path / "cts" / f"{name}.nii.gz", volume(n)) for n, name in enumerate(NAMES)]


@pytest.fixture
def run(sam2lung, bundles, tmp_path):
    """Segments inputs into a folder by the tiny model of this name."""

    def segment(inputs, *words, status=0, output="out", model="tiny-identity"):
        usual = ("--output", tmp_path / output, "--model", bundles / model, "--lung-mask", "off")
        return sam2lung.segment(*inputs, *usual, "--samples", 2, *words, status=status)

    return segment


def rows(output):
    with open(output / "summary.csv", newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def column(output, name):
    return [row[name] for row in rows(output)]


def made_at(output, names=NAMES):
    """When each result was made."""
    return {name: (output / name / "run.json").stat().st_mtime_ns for name in names}


@pytest.mark.parametrize("words", [(), ("--jobs", 2, "--threads", 2)], ids=["one job", "two jobs"])
def test_many_inputs_give_the_bits_that_each_gives_alone(run, cts, tmp_path, words):
    run(cts, *words)
    for ct in cts:
        run([ct], output="alone")
    for name in NAMES:
        alone = {path.name: path.read_bytes() for path in (tmp_path / "alone" / name).iterdir()}
        together = {path.name: path.read_bytes() for path in (tmp_path / "out" / name).iterdir()}
        # The record has times, and the page shows the record.
        for file in ("run.json", "report.html"):
            del alone[file], together[file]
        assert alone == together and len(together) > 5
    assert column(tmp_path / "out", "name") == list(NAMES) and not (tmp_path / "alone" / "summary.csv").exists()


def test_table_of_inputs_says_what_became_of_each(run, cts, tmp_path):
    made_ct.write(cts[1], np.full((6, 48, 64), 7))
    done = run([*cts, tmp_path / "none.nii"], status=1)
    assert "E_NOT_HU: " in done.stderr and "E_READ: " in done.stderr
    first, second, third, fourth = rows(tmp_path / "out")
    result = json.loads((tmp_path / "out" / "a" / "run.json").read_text())
    assert first == {
        "name": "a",
        "path": str(cts[0]),
        "status": "done",
        "error": "",
        "nodules": str(result["result"]["nodules"]),
        "flagged": str(result["result"]["review"]),
        "warnings": "; ".join(warning["name"] for warning in result["warnings"]),
        "seconds": first["seconds"],
    }
    assert float(first["seconds"]) > 0 and result["result"]["nodules"] > 0 and first["warnings"] == "W_NO_LUNG_MASK"
    assert (second["status"], second["error"], second["nodules"]) == ("failed", "E_NOT_HU", "")
    assert (third["status"], fourth["status"], fourth["error"]) == ("done", "failed", "E_READ")


def test_table_and_page_of_inputs_that_all_fail_are_there(run, tmp_path):
    run([tmp_path / "none.nii", tmp_path / "no.nii"], status=1)
    assert column(tmp_path / "out", "error") == ["E_READ", "E_READ"]
    assert (tmp_path / "out" / "index.html").is_file()


def test_table_that_is_not_ours_is_left_alone_before_anything_runs(run, cts, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.csv").write_text("patient,age\n")
    done = run(cts, status=1)
    assert done.stderr.startswith("E_WRITE: ") and "summary.csv" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["summary.csv"]


@pytest.mark.parametrize("jobs", ["0", "3"])
def test_jobs_beyond_the_threads_are_refused_by_name(run, cts, jobs):
    done = run(cts, "--jobs", jobs, "--threads", 2, status=1)
    assert done.stderr.startswith("E_OPTION: ") and "1 to 2" in done.stderr


def test_resume_leaves_alone_what_is_there_and_runs_the_rest(run, cts, tmp_path):
    run(cts[:2])
    before = made_at(tmp_path / "out", "ab")
    done = run(cts, "--resume")
    assert column(tmp_path / "out", "status") == ["done before", "done before", "done"]
    assert made_at(tmp_path / "out", "ab") == before and "anew" not in done.stderr
    assert "a: " in done.stdout and "done before" in done.stdout
    # The table of what was there says what the one of the run says.
    run(cts)
    fresh = [(row["nodules"], row["flagged"], row["warnings"]) for row in rows(tmp_path / "out")]
    run(cts, "--resume")
    assert [(row["nodules"], row["flagged"], row["warnings"]) for row in rows(tmp_path / "out")] == fresh
    assert column(tmp_path / "out", "seconds") == ["", "", ""]


def test_resume_reads_what_was_touched_and_runs_what_was_changed(run, cts, tmp_path):
    run(cts)
    before = made_at(tmp_path / "out")
    os.utime(cts[0], (1, 1))
    shutil.copy(cts[1], cts[1].with_suffix(".part"))
    cts[1].with_suffix(".part").rename(cts[1])
    made_ct.write(cts[2], volume(7))
    done = run(cts, "--resume")
    assert column(tmp_path / "out", "status") == ["done before", "done before", "done"]
    after = made_at(tmp_path / "out")
    assert [after[name] == before[name] for name in NAMES] == [True, True, False]
    assert done.stderr.count("done anew") == 1 and f"{cts[2]}: done anew: its input is another" in done.stderr


CHANGES = {
    "option": (("--seed", 3), {}, "seed was 0, is 3"),
    "files": (("--all-uncertainties",), {}, "all-uncertainties was false, is true"),
    "left out": (("--threshold", 0.4), {}, "threshold was left out, is 0.4"),
    "model": ((), {"model": "tiny-neighbours"}, "it was made by another model"),
}


@pytest.mark.parametrize("words, other, why", CHANGES.values(), ids=CHANGES)
def test_resume_does_anew_what_was_asked_for_otherwise_and_says_why(run, cts, tmp_path, words, other, why):
    run(cts[:1])
    assert f"{cts[0]}: done anew: {why}" in run(cts[:1], "--resume", *words, **other).stderr
    assert "anew" not in run(cts[:1], "--resume", *words, "--threads", 1, **other).stderr


@pytest.mark.parametrize("words", [("--resume",), ()], ids=["resume", "anew"])
def test_result_that_a_reader_worked_on_is_never_replaced(run, cts, tmp_path, words):
    run(cts)
    manifest = tmp_path / "out" / "b" / "run.json"
    told = json.loads(manifest.read_text())
    told["readings"] = [dict(nodule=1, decision="rejected", comment="", reader="AB")]
    manifest.write_text(json.dumps(told))
    before = {path.name: path.read_bytes() for path in manifest.parent.iterdir()}
    done = run(cts, *words, "--seed", 5, status=1)
    assert "E_WRITE: " in done.stderr and "a reader says of 1 nodule(s)" in done.stderr, done.stderr
    assert f"{cts[1]}: done anew" not in done.stderr
    assert {path.name: path.read_bytes() for path in manifest.parent.iterdir()} == before
    assert column(tmp_path / "out", "error") == ["", "E_WRITE", ""]
    if words:
        # What was asked for then is there: nothing is to be replaced.
        assert run(cts[1:2], *words).returncode == 0


def test_resume_of_a_result_that_tells_nothing_does_it_anew(run, cts, tmp_path):
    run(cts[:1])
    manifest = tmp_path / "out" / "a" / "run.json"
    told = json.loads(manifest.read_text())
    assert str(tmp_path) not in json.dumps(told["resume"])
    del told["resume"]
    manifest.write_text(json.dumps(told))
    assert "doesn't say what was asked for" in run(cts[:1], "--resume").stderr
    assert "resume" in json.loads(manifest.read_text())


def test_stop_leaves_what_is_finished_and_the_table_tells(sam2lung, bundles, tmp_path):
    """The first CT is small; the second takes much longer than the test waits."""
    small = made_ct.write(tmp_path / "small.nii.gz", volume(1, (4, 16, 16)))
    large = [made_ct.write(tmp_path / f"large-{n}.nii.gz", volume(n, (24, 384, 384))) for n in range(2)]
    output = tmp_path / "out"
    words = ["--output", output, "--model", bundles / "tiny-identity", "--lung-mask", "off", "--samples", "2000"]
    process = subprocess.Popen(
        [sam2lung.path, "segment", small, *large, *words, "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 300
    while not (output / "small" / "run.json").exists():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=300)
    assert process.returncode == 1 and said.count("E_CANCELLED: ") == 1, said
    assert out.startswith("small: ")
    assert column(output, "status") == ["done", "not run", "not run"]
    assert sorted(path.name for path in output.iterdir()) == ["index.html", "small", "summary.csv"]
    assert "E_CANCELLED" in (output / "index.html").read_text()
