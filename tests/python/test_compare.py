"""`sam2lung compare` on phantoms that are scanned again: files, what they say, and what is refused.

The tiny model outlines whatever is bright, vessels as well; what is asked of it is that it outlines alike.
"""

import csv
import json
import shutil

import nibabel
import numpy as np
import pytest

FILES = {"comparison.html", "comparison.txt", "comparison.json", "comparison.csv", "comparison.png"}
# Vessels keep clear of the balls as they are made: a ball that outgrew that would run into one.
PRIOR = ("--volume-factors", "0.4,1,1,0", "--noise-seed", 1)
CURRENT = (
    *("--volume-factors", "1,1,0,1", "--noise-seed", 2),
    *("--rotate=3,-2,4", "--shift=6,-8,10", "--stretch", "1,1.02,0.96"),
)


class Scans:
    """Three scans of one made chest, and the program that compares them."""

    def __init__(self, sam2lung, bundles, folder):
        self.program, self.folder = sam2lung, folder
        # The tiny model outlines vessels as well: the smallest diameter leaves them out, and makes the ball that grew a micronodule
        # before.
        self.model = ("--model", bundles / "tiny-identity", "--samples", 5, "--min-diameter", 8.6, "--device", "cpu")
        for name, words in (("prior", PRIOR), ("current", CURRENT)):
            words = ("phantom", self.ct(name), "--seed", 3, "--diameters", "10,12,11,9", "--spacing", "3,3,4", *words)
            assert sam2lung(*words).returncode == 0

    def ct(self, name):
        return self.folder / f"{name}.nii.gz"

    def facts(self, name):
        """By falling size before: balls of 12, 11, 10 and 9 mm, without those that aren't there."""
        return json.loads((self.folder / f"{name}.json").read_text())

    def segment(self, name, *words):
        """A folder of results."""
        self.program.segment(self.ct(name), "--output", self.folder / "results", *self.model[:6], *words)
        return self.folder / "results" / name

    def compare(self, output, *words, status=0, model=True):
        done = self.program("compare", *words, "--output", output, *(self.model if model else ()))
        assert done.returncode == status, done.stderr
        return done


@pytest.fixture(scope="module")
def scans(sam2lung, bundles, tmp_path_factory):
    return Scans(sam2lung, bundles, tmp_path_factory.mktemp("scans"))


@pytest.fixture(scope="module")
def compared(scans):
    """The comparison of the two CTs, 200 days apart."""
    output = scans.folder / "change"
    scans.compare(output, scans.ct("prior"), scans.ct("current"), "--days", 200)
    return output


def comparison(output):
    return json.loads((output / "comparison.json").read_text())


def row_at(rows, side, fact):
    """The row whose finding lies at a known ball."""
    near = [
        row
        for row in rows
        if row[side] and np.linalg.norm(np.subtract(row[side]["centroid_ras"], fact["centre_ras"])) < 3
    ]
    assert len(near) == 1
    return near[0]


def test_compare_says_what_grew_stayed_came_and_went(scans, compared):
    assert {path.name for path in compared.iterdir() if not path.name.startswith("comparison-")} == FILES
    told = comparison(compared)
    (prior,) = told["priors"]
    assert (prior["prior"]["name"], told["current"]["name"], prior["days"]) == ("prior", "current", 200)
    assert prior["registration"]["surface_mm"] < 2
    (doubt,) = prior["registration_doubts"]
    assert "voxels are up to 4.0 mm long" in doubt
    before, now = scans.facts("prior"), scans.facts("current")
    # Balls of 12 and 11 mm and a small one before; of 12, 10 (2.5 times its volume) and 9 mm now.
    stayed, went, _ = before
    same, grew, came = now
    rows = prior["nodules"]
    assert row_at(rows, "prior", stayed) is row_at(rows, "current", same)
    assert row_at(rows, "current", grew)["status"] == "grown"
    assert row_at(rows, "current", came)["status"] == "new"
    assert row_at(rows, "prior", went)["status"] == "gone"
    growth = row_at(rows, "current", grew)["growth"]
    # Where the ball's centre was before is known: the registration brought it within a voxel.
    assert row_at(rows, "current", grew)["distance_mm"] < 3
    ratio = 1 + growth["volume_change_percent"] / 100
    assert growth["doubling_time_days"] == pytest.approx(200 * np.log(2) / np.log(ratio))
    assert growth["growth_probability"] > 0.99
    assert growth["diameter_change_mm"] == pytest.approx(
        row_at(rows, "current", grew)["current"]["mean_diameter_mm"]
        - row_at(rows, "prior", before[2])["prior"]["mean_diameter_mm"]
    )


def test_compare_s_table_says_the_same_as_its_json(compared):
    with (compared / "comparison.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    rows = comparison(compared)["priors"][0]["nodules"]
    assert [line["status"] for line in table] == [row["status"] for row in rows]
    for line, row in zip(table, rows):
        if row["growth"]:
            assert float(line["volume_change_percent"]) == pytest.approx(
                row["growth"]["volume_change_percent"], rel=1e-6
            )
        assert (line["doubling_time_days"] == "") == (not (row["growth"] and row["growth"]["doubling_time_days"]))


def test_compare_of_results_says_the_same_as_of_their_cts(scans, compared, tmp_path):
    folders = [scans.segment(name) for name in ("prior", "current")]
    cts = ("--ct", scans.ct("prior"), "--ct", scans.ct("current"))
    scans.compare(tmp_path / "out", *folders, *cts, "--days", 200, model=False)
    own, other = (comparison(output)["priors"][0]["nodules"] for output in (compared, tmp_path / "out"))
    assert own == other and len(own) >= 4
    # Micronodules have their pairs, too.
    paired = [row for row in own if row["growth"] and None in (row["prior"]["id"], row["current"]["id"])]
    assert paired and all(row["growth"]["pairs"] > 0 for row in paired)


def test_compare_refuses_a_label_map_that_was_edited_even_where_volumes_stay(scans, tmp_path):
    folders = [shutil.copytree(scans.segment(name), tmp_path / name) for name in ("prior", "current")]
    path = folders[0] / "label.nii.gz"
    image = nibabel.load(path)
    labels = np.asanyarray(image.dataobj)
    moved = np.roll(labels, 1, axis=0)
    assert (np.bincount(labels.ravel()) == np.bincount(moved.ravel())).all() and (labels != moved).any()
    nibabel.save(nibabel.Nifti1Image(moved, image.affine, image.header), path)
    cts = ("--ct", scans.ct("prior"), "--ct", scans.ct("current"))
    text = scans.compare(tmp_path / "out", *folders, *cts, status=1, model=False).stderr
    assert "E_READ: " in text and "label.nii.gz: its voxels have sha256" in text and "outlines were edited" in text
    # The same outlines in a file that another program wrote are as good.
    nibabel.save(nibabel.Nifti1Image(labels, image.affine, image.header), path)
    scans.compare(tmp_path / "out", *folders, *cts, model=False)


def test_compare_of_older_results_says_that_their_micronodules_have_no_pairs(scans, tmp_path):
    folders = [shutil.copytree(scans.segment(name), tmp_path / name) for name in ("prior", "current")]
    for folder in folders:
        run = json.loads((folder / "run.json").read_text())
        kept = ("centroid_ijk", "centroid_ras", "equivalent_diameter_mm", "nodule_probability", "class")
        run["result"]["micronodules"] = [{key: one[key] for key in kept} for one in run["result"]["micronodules"]]
        (folder / "run.json").write_text(json.dumps(run))
    cts = ("--ct", scans.ct("prior"), "--ct", scans.ct("current"))
    scans.compare(tmp_path / "out", *folders, *cts, model=False)
    rows = comparison(tmp_path / "out")["priors"][0]["nodules"]
    without = [row for row in rows if row["growth"] and row["growth"]["pairs"] == 0]
    assert without
    for name in ("growth_probability", "diameter_change_mm", "diameter_growth_probability"):
        assert all(row["growth"][name] is None for row in without)
    for file in ("comparison.txt", "comparison.html"):
        told = (tmp_path / "out" / file).read_text().lower()
        assert told.count("no pairs of samples are kept of it: no interval and no probability") >= len(without)


def test_compare_reads_results_in_vti(scans, compared, tmp_path):
    cts = [scans.ct(name) for name in ("prior", "current")]
    scans.program.segment(*cts, "--output", tmp_path / "results", *scans.model[:6], "--format", "vti")
    folders = [tmp_path / "results" / name for name in ("prior", "current")]
    scans.compare(tmp_path / "out", *folders, *(w for ct in cts for w in ("--ct", ct)), "--days", 200, model=False)
    assert comparison(tmp_path / "out")["priors"][0]["nodules"] == comparison(compared)["priors"][0]["nodules"]


def test_compare_names_scans_of_one_name_apart_and_refuses_one_ct_twice(scans, tmp_path):
    for year, name in (("2023", "prior"), ("2024", "current")):
        (tmp_path / year).mkdir()
        shutil.copy(scans.ct(name), tmp_path / year / "ct.nii.gz")
    both = [tmp_path / year / "ct.nii.gz" for year in ("2023", "2024")]
    said = scans.compare(tmp_path / "out", *both, "--threshold", 0.3).stdout
    told = comparison(tmp_path / "out")
    assert (told["priors"][0]["prior"]["name"], told["current"]["name"]) == ("2023/ct", "2024/ct")
    assert said.startswith("2023/ct: ") and told["made_by"]["threshold"] == 0.3
    text = scans.compare(tmp_path / "twice", both[0], scans.ct("prior"), status=1).stderr
    assert "E_OPTION: " in text and "PRIOR is ct, the same CT as prior; expected another CT" in text, text
    assert not (tmp_path / "twice").exists()


def test_compare_with_two_priors_draws_the_volumes_over_time(scans, tmp_path):
    words = ("--seed", 3, "--diameters", "10,12,11,9", "--spacing", "3,3,4", *PRIOR[:2], "--noise-seed", 9)
    assert scans.program("phantom", scans.ct("older"), *words).returncode == 0
    names = ("older", "prior", "current")
    results = [scans.segment(name) for name in names]
    cts = [word for name in names for word in ("--ct", scans.ct(name))]
    scans.compare(tmp_path / "out", *results, *cts, "--days", 400, "--days", 200, model=False)
    assert {"volumes.png", *FILES} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert [prior["days"] for prior in comparison(tmp_path / "out")["priors"]] == [400, 200]


def test_compare_refuses_by_name_what_is_no_pair(scans, tmp_path):
    prior = scans.segment("prior")
    other = tmp_path / "results" / "current"
    scans.program.segment(scans.ct("current"), "--output", other.parent, *scans.model[:6], "--seed", 7)
    both = ("--ct", scans.ct("prior"), "--ct", scans.ct("current"))
    for words, name, says in (
        ((prior, other, *both), "E_NOT_PAIRED", "seed of the prior result is 0; expected that of the current one, 7"),
        ((prior, other, *both, "--threshold", 0.6), "E_OPTION", "threshold is given, where every scan is a result"),
        ((prior, other), "E_OPTION", "ct is 0 CT(s); expected one for each of the 2 folder(s) of results"),
        ((prior, other, *both[2:], *both[:2]), "E_OPTION", "expected the CT that was segmented"),
        ((prior, other, *both, "--days", 0), "E_OPTION", "the prior is the earlier scan"),
        ((prior, other, *both, "--days", 9, "--days", 8), "E_OPTION", "one for each of the 1 prior(s)"),
        (
            (prior, prior, other, *both, *both[:2], "--days", 8, "--days", 9),
            "E_OPTION",
            "days is 8 before 9; expected falling",
        ),
        (
            (prior, other, *both, *(["--series", "first"] * 3)),
            "E_OPTION",
            "one for all scans, or one for each of the 2",
        ),
        (
            (prior, other, *both, "--series", "first"),
            "E_OPTION",
            "series is first; expected a DICOM folder among the inputs to pick it from",
        ),
        ((scans.ct("prior"), tmp_path / "no.nii.gz"), "E_READ", "no such file"),
    ):
        text = scans.compare(tmp_path / "refused", *words, status=1, model=words[0] != prior).stderr
        assert f"{name}: " in text and says in text, text
        assert not (tmp_path / "refused").exists()


def test_compare_leaves_a_folder_alone_that_holds_anything_else(scans, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    text = scans.compare(tmp_path / "mine", scans.ct("prior"), scans.ct("current"), status=1).stderr
    assert "E_WRITE" in text and "thesis.txt" in text


def test_phantom_of_a_pose_or_factor_that_cannot_be_is_refused(sam2lung, tmp_path):
    for words, says in (
        (("--stretch", "1,2,1"), "stretch is 2"),
        (("--noise", "900"), "noise is 900"),
        (("--diameters", "8,9", "--volume-factors", "1"), "volume-factors is 1 factors"),
        (("--diameters", "8", "--volume-factors", "7"), "volume-factors is 7"),
    ):
        done = sam2lung("phantom", tmp_path / "p.nii.gz", *words)
        assert done.returncode == 1 and f"E_OPTION: {says}" in done.stderr, done.stderr
        assert not (tmp_path / "p.nii.gz").exists()
