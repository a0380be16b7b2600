"""Where the program, the bundles and Python's own modules lie."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

# Behind `nohup`, or as a script's background job, a process is told to ignore these, and so are its children: what tests send
# a program would not reach it.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


class Program:
    """The built command line."""

    def __init__(self, path):
        self.path = path

    def __call__(self, *words):
        """Runs it with `words`; returns the finished process with its text."""
        return subprocess.run([self.path, *map(str, words)], capture_output=True, text=True, timeout=300)

    def segment(self, *words, status=0):
        """`sam2lung segment` on the CPU, which has to end with `status`."""
        done = self("segment", *words, "--device", "cpu")
        assert done.returncode == status, done.stderr
        return done


@pytest.fixture(scope="session")
def sam2lung():
    """The program that SAM2LUNG_BIN names; without it every test here is skipped."""
    path = os.environ.get("SAM2LUNG_BIN")
    if not path:
        pytest.skip("SKIPPED: SAM2LUNG_BIN does not name the built sam2lung (run 'cargo xtask test --only python')")
    return Program(path)


@pytest.fixture(scope="session")
def bundles():
    """The committed tiny bundles."""
    return REPOSITORY / "tests" / "bundles"


@pytest.fixture
def segment(sam2lung, bundles, tmp_path):
    """Segments a folder with two samples of a tiny model; the finished process."""

    def run(folder, *words, status=0):
        words = (*words, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
        return sam2lung.segment(folder, *words, "--samples", 2, status=status)

    return run


@pytest.fixture
def voxels_sha256(segment, tmp_path):
    """The sha256 of the HU that were read from a folder."""

    def read(folder, *words):
        segment(folder, *words)
        return json.loads((tmp_path / "out" / folder.name / "run.json").read_text())["input"]["voxels_sha256"]

    return read
