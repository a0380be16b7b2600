"""Ctrl-C while a run is under way: it ends soon, by name, and leaves nothing behind."""

import os
import signal
import subprocess
import time
from pathlib import Path

import made_ct
import numpy as np
import pytest

SHAPE = (24, 384, 384)
# Many more than fit into the time that a test waits.
SAMPLES = 2000
# The promise is one second on an idle machine; machines that run tests are seldom idle.
BOUND_S = 5
START_S = 60


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    hu = np.random.default_rng(6).integers(-1000, 400, SHAPE)
    return made_ct.write(tmp_path_factory.mktemp("ct") / "chest.nii.gz", hu)


class Run:
    """A run under way, with a folder of its own for temporary files."""

    def __init__(self, program, *words, temporary):
        temporary.mkdir()
        words = [program.path, "segment", *map(str, words), "--device", "cpu"]
        environment = {**os.environ, "TMPDIR": str(temporary)}
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment)

    def wait_until(self, begun):
        give_up = time.monotonic() + START_S
        while not begun():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < give_up
            time.sleep(0.002)

    def wait_for_networks(self, output):
        """The folder that results are gathered in is made when the networks begin."""
        self.wait_until(lambda: list(output.glob(".*.partial-*")))

    def has_open(self, path):
        links = Path(f"/proc/{self.process.pid}/fd").iterdir()
        return any(link.resolve() == path.resolve() for link in links)

    def end(self, number):
        """Sends a signal; seconds until the run ended, its exit status and what it said."""
        self.process.send_signal(number)
        sent = time.monotonic()
        try:
            _, text = self.process.communicate(timeout=START_S)
        finally:
            self.process.kill()
        return time.monotonic() - sent, self.process.returncode, text


@pytest.fixture
def start(sam2lung, bundles, ct, tmp_path):
    def run(*words):
        words = (*words, "--output", tmp_path / "out", "--model", bundles / "tiny-neighbours", "--lung-mask", "off")
        return Run(sam2lung, *words, temporary=tmp_path / "temporary")

    return run


def left(folder):
    return [path.name for path in folder.rglob("*")] if folder.exists() else []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_while_the_networks_run_ends_them_soon_and_leaves_nothing(start, ct, tmp_path, number):
    run = start(ct, "--samples", SAMPLES)
    run.wait_for_networks(tmp_path / "out")
    time.sleep(0.5)
    seconds, status, text = run.end(number)
    assert (status, text.count("E_CANCELLED: ")) == (1, 1), text
    assert "panicked" not in text
    assert seconds < BOUND_S
    assert left(tmp_path / "out") == left(tmp_path / "temporary") == []


def test_signal_while_the_ct_is_read_ends_it_soon_and_leaves_nothing(start, tmp_path):
    path = tmp_path / "chest.mha"
    header = b"NDims = 3\nDimSize = 512 512 1024\nElementSpacing = 1 1 1\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    path.write_bytes(header)
    os.truncate(path, path.stat().st_size + 2 * 512 * 512 * 1024)
    run = start(path)
    run.wait_until(lambda: run.has_open(path))
    seconds, status, text = run.end(signal.SIGINT)
    assert (status, text.count("E_CANCELLED: ")) == (1, 1), text
    assert seconds < BOUND_S
    assert left(tmp_path / "out") == left(tmp_path / "temporary") == []


def test_signal_while_results_are_written_leaves_nothing(start, ct, tmp_path):
    run = start(ct, "--samples", 1)
    run.wait_until(lambda: list((tmp_path / "out").glob(".*.partial-*/*")))
    seconds, status, text = run.end(signal.SIGINT)
    assert (status, text.count("E_CANCELLED: ")) == (1, 1), text
    assert seconds < BOUND_S
    assert left(tmp_path / "out") == left(tmp_path / "temporary") == []


def test_signal_leaves_an_earlier_result_as_it_was_and_starts_no_other_input(start, sam2lung, bundles, ct, tmp_path):
    small = made_ct.write(tmp_path / "other.nii.gz", np.random.default_rng(7).integers(-1000, 400, (4, 16, 16)))
    words = ("--output", tmp_path / "out", "--model", bundles / "tiny-neighbours", "--lung-mask", "off")
    earlier = made_ct.write(tmp_path / ct.name, np.random.default_rng(8).integers(-1000, 400, (4, 16, 16)))
    sam2lung.segment(earlier, *words, "--samples", 2)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out" / "chest").iterdir()}
    run = start(ct, small, "--samples", SAMPLES)
    run.wait_for_networks(tmp_path / "out")
    _, status, text = run.end(signal.SIGINT)
    assert (status, text.count("E_CANCELLED: ")) == (1, 1), text
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["chest", "summary.csv"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out" / "chest").iterdir()} == before
