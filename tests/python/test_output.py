"""Where lines and folders of results can't go as planned: full and closed outputs, killed runs, runs at the same time."""

import json
import os
import signal
import subprocess
import time

import made_ct
import numpy as np
import pytest

SHAPE = (12, 40, 48)
SPACING = (0.75, 0.75, 2.0)
START_S = 60


def cubes(count):
    """Lung with `count` nodules of 3 x 3 x 2 voxels, 20 mm³ each."""
    hu = np.full(SHAPE, made_ct.LUNG_HU)
    for n in range(count):
        i, j, k = 3 + 8 * (n % 5), 4 + 8 * (n // 5 % 4), 2 + 6 * (n // 20)
        hu[k : k + 2, j : j + 3, i : i + 3] = 50
    return hu


@pytest.fixture(scope="module")
def cts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cts")
    return [made_ct.write(folder / f"{name}.nii.gz", cubes(2), SPACING) for name in ("one", "two")]


@pytest.fixture
def words(sam2lung, bundles, tmp_path):
    """`sam2lung segment` into tmp_path/out, without inputs."""
    bundle = bundles / "tiny-identity"
    return [sam2lung.path, "segment", "--output", tmp_path / "out", "--model", bundle, "--lung-mask", "off", "--min-diameter", "0"]


def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "wb")


def full():
    return open("/dev/full", "wb")


def without_warnings(text):
    return "".join(line for line in text.decode().splitlines(keepends=True) if not line.startswith("W_"))


def ended(words, **streams):
    """Status, and what was said on standard error besides warnings."""
    done = subprocess.run([str(word) for word in words], timeout=300, **{"stderr": subprocess.PIPE, **streams})
    return done.returncode, without_warnings(done.stderr or b"")


@pytest.mark.parametrize("nowhere", [full, closed_pipe], ids=lambda nowhere: nowhere.__name__)
def test_output_that_takes_nothing_is_an_error_by_name_and_the_other_inputs_go_on(words, cts, tmp_path, nowhere):
    with nowhere() as stdout:
        status, text = ended([*words, *cts], stdout=stdout)
    assert (status, text.count("E_WRITE: standard output")) == (1, 1), text
    assert "panicked" not in text
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "one", "summary.csv", "two"]
    assert all((tmp_path / "out" / name / "run.json").exists() for name in ("one", "two"))


def test_output_that_takes_nothing_is_no_error_where_nothing_is_said(words, cts):
    with full() as stdout:
        assert ended([*words, cts[0], "--quiet"], stdout=stdout) == (0, "")


def test_output_that_is_closed_takes_no_file_s_place(words, cts, tmp_path):
    shell = ["sh", "-c", 'exec "$0" "$@" >&- 2>&-', *words, *cts]
    assert ended(shell)[0] == 0
    assert json.loads((tmp_path / "out" / "two" / "run.json").read_text())["result"]["nodules"] == 2


@pytest.mark.parametrize("command", ["info", "--help", "--version", "segment --help", "phantom"])
def test_full_output_of_a_command_is_an_error_by_name(sam2lung, bundles, tmp_path, command):
    more = {"info": [bundles / "tiny-identity"], "phantom": [tmp_path / "p.nii.gz"]}.get(command, [])
    with full() as stdout:
        status, text = ended([sam2lung.path, *command.split(), *more], stdout=stdout)
    assert status == 1 and text.startswith("E_WRITE: standard output: ") and text.count("\n") == 1, text


def test_full_standard_error_ends_no_run(words, cts, tmp_path):
    with full() as stderr:
        status, _ = ended([*words, tmp_path / "missing.nii.gz", *cts], stdout=subprocess.DEVNULL, stderr=stderr)
    assert status == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "one", "summary.csv", "two"]


def wait_for(condition, process):
    give_up = time.monotonic() + START_S
    while not condition():
        assert process.poll() is None and time.monotonic() < give_up
        time.sleep(0.002)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT], ids=lambda number: number.name)
def test_killed_run_leaves_a_folder_that_the_next_run_takes_away(words, cts, tmp_path, number):
    out, hu = tmp_path / "out", np.random.default_rng(1).integers(-1000, 400, (24, 384, 384))
    slow = [*words, made_ct.write(tmp_path / "one.nii.gz", hu), "--samples", 2000]
    process = subprocess.Popen([str(word) for word in slow], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: list(out.glob(".one.partial-*")), process)
    # A run at the same time leaves the living one's folder alone.
    assert ended([*words, cts[1]], stdout=subprocess.DEVNULL)[0] == 0
    assert len(list(out.glob(".one.partial-*"))) == 1
    process.send_signal(number)
    process.wait(START_S)
    assert len(list(out.glob(".one.partial-*"))) == 1
    assert ended([*words, cts[1]], stdout=subprocess.DEVNULL)[0] == 0
    assert [path.name for path in out.iterdir()] == ["two"]


def test_run_behind_nohup_goes_on_when_its_terminal_closes(words, cts, tmp_path):
    command = [str(word) for word in ("nohup", *words, cts[0], "--samples", 200)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: list((tmp_path / "out").glob(".one.partial-*")), process)
    process.send_signal(signal.SIGHUP)
    assert process.wait(START_S) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one"]


def test_runs_at_the_same_time_into_one_folder_leave_one_whole_result(words, cts, tmp_path):
    calls = [[str(word) for word in (*words, cts[0], "--seed", seed)] for seed in range(4)]
    runs = [subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for call in calls]
    said = [run.communicate(timeout=300)[1] for run in runs]
    assert [(without_warnings(text), run.returncode) for text, run in zip(said, runs)] == [("", 0)] * 4
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one"]
    assert json.loads((tmp_path / "out" / "one" / "run.json").read_text())["options"]["seed"] in range(4)


def test_full_disk_is_an_error_by_name_and_leaves_nothing(words, cts, tmp_path):
    # A limit on the size of a file stands in for the disk: writing beyond it fails in the same place.
    limited = ["sh", "-c", 'ulimit -f 1; exec "$0" "$@"', *words, cts[0]]
    status, text = ended(limited, stdout=subprocess.DEVNULL)
    assert status == 1 and text.startswith("E_WRITE: ") and "cannot be written" in text, text
    assert not (tmp_path / "out").exists()


def test_more_than_12_nodules_go_on_on_further_pages_and_a_rerun_takes_them_away(words, tmp_path):
    many = made_ct.write(tmp_path / "many.nii.gz", cubes(30), SPACING)
    assert ended([*words, many], stdout=subprocess.DEVNULL) == (0, "")
    pages = sorted(path.name for path in (tmp_path / "out" / "many").glob("*.png"))
    assert pages == ["overview-2.png", "overview-3.png", "overview.png"]
    assert len(json.loads((tmp_path / "out" / "many" / "nodules.json").read_text())) == 30
    made_ct.write(tmp_path / "many.nii.gz", cubes(3), SPACING)
    assert ended([*words, many], stdout=subprocess.DEVNULL) == (0, "")
    assert [path.name for path in (tmp_path / "out" / "many").glob("*.png")] == ["overview.png"]
