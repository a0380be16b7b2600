"""--min-diameter: what is smaller is listed apart, and changes nothing else."""

import json

import made_ct
import numpy as np
import pytest

SHAPE = (12, 40, 48)
SPACING = (0.75, 0.75, 2.0)
# Centres (column, row, slice) and radii in mm; voxels of 1.125 mm³.
BALLS = [((12, 14, 5), 6.0), ((36, 28, 7), 4.0), ((30, 8, 4), 2.0), ((8, 32, 8), 1.5)]


def ball(n):
    centre, radius = BALLS[n]
    return made_ct.ball(SHAPE, centre, radius, SPACING)


def diameter_mm(n):
    """Of the sphere of its voxels' volume."""
    return np.cbrt(6 * ball(n).sum() * np.prod(SPACING) / np.pi)


@pytest.fixture
def segment(sam2lung, bundles, tmp_path):
    hu = np.full(SHAPE, made_ct.LUNG_HU)
    for n in range(len(BALLS)):
        hu[ball(n)] = 50
    ct = made_ct.write(tmp_path / "ct.nii.gz", hu, SPACING)

    def run(*words, status=0):
        words = ("--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off", *words)
        done = sam2lung.segment(ct, *words, "--samples", 4, status=status)
        folder = tmp_path / "out" / "ct"
        if status:
            return done.stderr
        return (
            done.stdout,
            json.loads((folder / "nodules.json").read_text()),
            json.loads((folder / "run.json").read_text()),
            {name: made_ct.read(folder / f"{name}.nii.gz") for name in ("label", "probability", "uncertainty")},
        )

    return run


def test_below_4_mm_findings_are_listed_apart_and_the_others_are_as_they_were(segment):
    assert min(diameter_mm(0), diameter_mm(1)) > 4 > diameter_mm(2) > diameter_mm(3)
    _, every, all_run, all_maps = segment("--min-diameter", 0)
    said, nodules, run, maps = segment()
    assert [nodule["id"] for nodule in every] == [1, 2, 3, 4] and nodules == every[:2]
    assert "2 nodule(s)" in said and "2 micronodule(s) below 4 mm" in said
    assert (run["options"]["min_diameter_mm"], all_run["options"]["min_diameter_mm"]) == (4, 0)
    assert all_run["result"]["micronodules"] == [] and run["result"]["dropped"] == all_run["result"]["dropped"]
    assert (run["result"]["nodules"], all_run["result"]["nodules"]) == (2, 4)
    fields = "centroid_ijk", "centroid_ras", "equivalent_diameter_mm", "nodule_probability", "class"
    told = [{name: one[name] for name in fields} for one in run["result"]["micronodules"]]
    assert told == [{name: nodule[name] for name in fields} for nodule in every[2:]]
    assert [nodule["equivalent_diameter_mm"] for nodule in every[2:]] == pytest.approx([diameter_mm(2), diameter_mm(3)])
    assert np.array_equal(maps["label"], np.where(all_maps["label"] > 2, 0, all_maps["label"]))
    for name in ("probability", "uncertainty"):
        assert np.array_equal(maps[name], all_maps[name])


def test_a_finding_that_was_clicked_on_is_shown_whatever_its_size(segment):
    centre = ",".join(map(str, BALLS[3][0]))
    _, nodules, run, maps = segment("--click", centre)
    assert [nodule["id"] for nodule in nodules] == [1, 2, 3]
    assert np.array_equal(maps["label"] == 3, ball(3)) and run["result"]["clicks"] == [3]
    assert [small["equivalent_diameter_mm"] for small in run["result"]["micronodules"]] == pytest.approx([diameter_mm(2)])


def test_diameters_that_make_no_sense_are_refused_by_name(segment):
    for value in ("-1", "101", "nan"):
        said = segment(f"--min-diameter={value}", status=1)
        assert "E_OPTION" in said and "min-diameter" in said and "0 to 100 mm" in said
