"""Phantoms of known volume through a program that writes known results, and the comparison of two kernels."""

import json
import stat
import sys

import numpy as np
import pytest

from sam2lung_train.cli.main import main
from sam2lung_train.errors import UserError
from sam2lung_train.evaluation import files, kernels, phantoms
from sam2lung_train.evaluation.product import Result

# Stands in for `sam2lung`: a phantom of two balls of 10 mm in voxels of 1 mm, of which it finds the first, 1.25 times
# as large as it is; with a click both.
FAKE = """#!{python}
import json, sys
from pathlib import Path
import nibabel
import numpy as np

words = sys.argv[1:]
CENTRES, SHAPE = [(10, 10, 10), (30, 10, 10)], (40, 20, 20)
affine = np.diag([-1.0, -1.0, 1.0, 1.0])
i, j, k = np.ogrid[:SHAPE[0], :SHAPE[1], :SHAPE[2]]
def ball(centre):
    return sum((axis - c) ** 2 for axis, c in zip((i, j, k), centre)) <= 25
if words == ["--version"]:
    print("sam2lung 0.0.0-fake")
elif words[1] == "--help":
    print("--min-diameter")
elif words[0] == "phantom":
    path = Path(words[1])
    nibabel.save(nibabel.Nifti1Image(np.full(SHAPE, -850, np.int16), affine), path)
    volume = np.pi / 6 * 1000
    facts = [dict(centre_ras=(affine @ [*c, 1])[:3].tolist(), radius_mm=5.0, volume_mm3=volume, kind="solid") for c in CENTRES]
    path.with_name(path.name.replace(".nii.gz", ".json")).write_text(json.dumps(facts))
else:
    name = Path(words[1]).name.removesuffix(".nii.gz")
    folder = Path(words[words.index("--output") + 1]) / name
    folder.mkdir(parents=True)
    labels = np.zeros(SHAPE, np.uint16)
    clicks = [words[n + 1] for n, word in enumerate(words) if word == "--click"]
    shown = CENTRES if clicks else CENTRES[:1]
    assert clicks in ([], ["10,10,10", "30,10,10"]) and "--min-diameter" in words
    nodules = []
    for number, centre in enumerate(shown, start=1):
        labels[ball(centre)] = number
        volume = 1.25 * np.pi / 6 * 1000
        nodules.append(dict(id=number, volume_mm3=volume, volume_mm3_p05=0.7 * volume, volume_mm3_p95=1.1 * volume))
    if not clicks:
        labels[0, 0, 0] = 9
        nodules.append(dict(id=9, volume_mm3=1.0, volume_mm3_p05=0.5, volume_mm3_p95=2.0))
    for kind in ("label", "probability", "uncertainty"):
        nibabel.save(nibabel.Nifti1Image(labels, affine), folder / f"{{kind}}.nii.gz")
    (folder / "nodules.json").write_text(json.dumps(nodules))
    (folder / "run.json").write_text("{{}}")
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "sam2lung"
    path.write_text(FAKE.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_phantoms_are_counted_with_their_known_volumes(program, tmp_path):
    card = tmp_path / "CARD.md"
    card.write_text("\n".join(files.markers("phantoms")))
    words = ["--sam2lung", program, "--out", tmp_path / "out", "--phantoms", 3, "--rounds", 20, "--card", card]
    assert main(["evaluate-phantoms", *map(str, words)]) == 0
    written = json.loads((tmp_path / "out" / "phantoms.json").read_text())
    assert written["seeds"] == [1, 2, 3] and written["phantoms"] == 3 and written["false_findings"] == 3
    alone, clicked = (written["groups"]["all"][way] for way in ("automatic", "click"))
    assert alone["nodules"] == clicked["nodules"] == 6
    assert (alone["found"]["value"], clicked["found"]["value"]) == (0.5, 1.0)
    assert alone["volume_ratio"]["value"] == pytest.approx(1.25)
    # 0.7 times 1.25 is below 1: the interval holds the known volume.
    assert alone["interval_coverage"]["value"] == 1.0 and alone["broken_intervals"] == 0
    assert alone["interval_width"]["value"] == pytest.approx(1.1 / 0.7)
    assert "1.250 (1.250 to 1.250)" in card.read_text() and "1.00 a phantom" in card.read_text()


def test_phantoms_of_the_training_are_refused(tmp_path):
    with pytest.raises(UserError, match="101"):
        phantoms.Options(tmp_path, tmp_path, phantoms=3, first_seed=99)


def test_found_at_is_the_finding_with_most_voxels_in_the_ball():
    labels = np.zeros((20, 20, 20), int)
    labels[10, 10, 8:12], labels[10, 12, 8:10], labels[10, 10, 17] = 1, 2, 3
    result = Result("a", labels=labels, nodules=[{"id": n} for n in (1, 2, 3)])
    spacing = np.array([1.0, 1.0, 2.0])
    at = lambda i, j, k: {"voxel": np.array([i, j, k], float), "radius_mm": 3.0}  # noqa: E731
    assert phantoms.found_at(result, at(10, 11, 10), spacing) == {"id": 1}
    assert phantoms.found_at(result, at(18, 10, 10), spacing) == {"id": 3}
    # 6 mm along k are 3 voxels of 2 mm.
    assert phantoms.found_at(result, at(10, 10, 12), spacing) is None
    assert phantoms.found_at(result, at(0, 0, 0), spacing) is None


def finding(number, volume, diameter=8.0):
    return {"id": number, "volume_mm3": volume, "equivalent_diameter_mm": diameter, "centroid_ijk": [number, 0, 0]}


def test_kernels_places_are_joined_by_voxels_and_summed():
    first, second = np.zeros((1, 1, 20), int), np.zeros((1, 1, 20), int)
    first[..., 1:4], first[..., 5:6], first[..., 10:12], first[..., 15] = 1, 2, 3, 4
    second[..., 2:6], second[..., 11:13], second[..., 18] = 1, 2, 3
    nodules = (
        [finding(1, 60.0), finding(2, 40.0), finding(3, 50.0), finding(4, 9.0, 3.0)],
        [finding(1, 110.0), finding(2, 40.0), finding(3, 30.0)],
    )
    found = kernels.places((first, second), nodules, smallest_mm=4.0)
    assert [(p.first_mm3, p.second_mm3, p.agrees) for p in found] == [
        (100.0, 110.0, True),
        (50.0, 40.0, False),
        (0.0, 30.0, False),
    ]
    text = kernels.report(("a", "b"), found)
    assert "2 of 3 places found in both, 1 with volumes within 15%" in text and "| 3, 0, 0 | – | 30 | – |" in text
    assert len(kernels.places((first, second), nodules, smallest_mm=0.0)) == 4
