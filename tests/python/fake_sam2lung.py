"""A program that answers as sam2lung does, without segmenting: what runs it can be counted and broken.

    fake_sam2lung.py --version | model list --json | segment PATH --output DIR …

The CT is a text: `nodules N`, or what is to go wrong: an error's name, `exit N`, `kill`, `hang`. Every start and finish
is a line in the file that FAKE_NOTES names: what, path, process id, the parent's. FAKE_NAP_S is how long a run takes,
FAKE_VERSION the version that it says.
"""

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

VERSION = os.environ.get("FAKE_VERSION", "0.3.0")
MODEL_SHA256 = "ab" * 32


def note(what, path):
    line = f"{what} {path} {os.getpid()} {os.getppid()}\n".encode()
    to = os.open(os.environ["FAKE_NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(to, line)
    os.close(to)


def nodule(number):
    """A few measures of each kind that nodules.json has."""
    return {
        "id": number,
        "centroid_ijk": [1.5, 2, 3],
        "volume_mm3": 100 if number == 1 else 100.5,
        "review": number == 1,
        "review_reasons": [],
        "texture": "solid",
        "nodule_probability": None,
        "bts_2015_volume_band_probabilities": {"< 80": 0, "≥ 80 and < 300": 1},
    }


def write(folder, nodules):
    run = {
        "versions": {"sam2lung": VERSION},
        "model": {"name": "fake", "version": "1.0.0", "sha256": {"model.json": MODEL_SHA256}},
        "input": {"dims": [4, 5, 6], "spacing_mm": [1, 1, 2], "voxels_sha256": "cd" * 32},
        "warnings": [{"name": "W_THICK_SLICES", "text": "thick"}],
        "options": {"samples": 2, "seed": 0},
        "device": {"used": "cpu"},
        "result": {"nodules": nodules, "review": min(nodules, 1), "searched_ml": 1.5, "micronodules": []},
        "made_at": time.time_ns(),
    }
    (folder / "nodules.json").write_text(json.dumps([nodule(n + 1) for n in range(nodules)]))
    (folder / "run.json").write_text(json.dumps(run))


def segment(path, output):
    note("start", path)
    time.sleep(float(os.environ.get("FAKE_NAP_S", "0")))
    words = Path(path).read_text().split()
    if words[0].startswith("E_"):
        print(f"{words[0]}: {path}: told by the test", file=sys.stderr)
        return 1
    if words[0] == "exit":
        return int(words[1])
    if words[0] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if words[0] == "hang":
        time.sleep(600)
    output.mkdir(parents=True, exist_ok=True)
    name = Path(path).name.removesuffix(".nii")
    with tempfile.TemporaryDirectory(dir=output, prefix=f".{name}.partial-") as made:
        part = Path(made) / "part"
        part.mkdir()
        write(part, int(words[1]))
        if (output / name).exists():
            (output / name).rename(Path(made) / "earlier")
        part.rename(output / name)
    note("finish", path)
    return 0


def main(words):
    if words == ["--version"]:
        print(f"sam2lung {VERSION}")
    elif words == ["model", "list", "--json"]:
        print(json.dumps({"bundles": [{"sha256": MODEL_SHA256}]}))
    elif words[0] == "segment":
        return segment(words[1], Path(words[words.index("--output") + 1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
