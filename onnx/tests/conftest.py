"""What every test here needs: the import path, ONNX Runtime without telemetry, and where real data lies."""

import os
import sys
from pathlib import Path

import pytest

# Before anything imports onnxruntime: from 1.29 on it would send telemetry otherwise.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

ONNX_FOLDER = Path(__file__).resolve().parent.parent
REPOSITORY = ONNX_FOLDER.parent
sys.path.insert(0, str(ONNX_FOLDER))


def shared_folder():
    """The folder with real data beside the repository; SAM2LUNG_SHARED names another one."""
    return Path(os.environ.get("SAM2LUNG_SHARED") or REPOSITORY.parent / "shared")


@pytest.fixture(scope="session")
def shared_data():
    """../shared/data; without it the test is skipped."""
    folder = shared_folder() / "data"
    if not folder.is_dir():
        pytest.skip(f"SKIPPED: no real data at {folder} (set SAM2LUNG_SHARED to the folder that holds data/)")
    return folder


@pytest.fixture(scope="session")
def bundles():
    """The committed tiny bundles."""
    return REPOSITORY / "tests" / "bundles"
