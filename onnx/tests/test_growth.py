"""Pairs of phantoms through a program that says known things of them."""

import json
import math
import stat
import sys

import pytest

from sam2lung_train.cli.main import main
from sam2lung_train.errors import UserError
from sam2lung_train.evaluation import growth

# Stands in for `sam2lung`: balls stand 50 mm apart by falling diameter. Of the unchanged ones it calls the first grown, of the
# grown ones the first stable; the one that shrank it finds twice without pairing it; what came it misses; what went is gone.
FAKE = """#!{python}
import json, sys
from pathlib import Path

words = sys.argv[1:]
if words == ["--version"]:
    print("sam2lung 0.0.0-fake")
elif words[0] == "phantom":
    path = Path(words[1])
    diameters, factors = ([float(w) for w in words[words.index(o) + 1].split(",")] for o in ("--diameters", "--volume-factors"))
    assert any(w.startswith("--rotate=") for w in words) == path.name.endswith("_current.nii.gz")
    order = sorted(range(len(diameters)), key=lambda n: -diameters[n])
    facts = [dict(centre_ras=[50.0 * n, 0, 0], radius_mm=diameters[n] / 2) for n in order if factors[n] > 0]
    path.with_name(path.name.replace(".nii.gz", ".json")).write_text(json.dumps(facts))
else:
    at = lambda n: dict(centroid_ras=[50.0 * n + 1, 0, 0])
    interval = lambda a, b: dict(p05=a, p95=b)
    diameter = dict(diameter_change_mm=0.5, diameter_growth_probability=0.25)
    change = lambda v: dict(volume_change_percent=v, volume_change_percent_interval=interval(v - 5, v + 5), rescan_spread=0.01, **diameter)
    both = lambda n, status, v: dict(status=status, prior=at(n), current=at(n), growth=change(v))
    rows = [both(0, "grown", 30.0), both(1, "stable", 2.0), both(2, "stable", -3.0)]
    rows += [both(3, "stable", 20.0), both(4, "grown", 48.0), both(5, "grown", 60.0)]
    rows += [dict(status="gone", prior=at(6), current=None, growth=None), dict(status="new", prior=None, current=at(6), growth=None)]
    rows += [dict(status="gone", prior=at(8), current=None, growth=None)]
    folder = Path(words[words.index("--output") + 1])
    folder.mkdir(parents=True)
    (folder / "comparison.json").write_text(json.dumps(dict(rules=dict(rescan_surface_mm=0.1), priors=[dict(nodules=rows, registration=dict(surface_mm=0.5))])))
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "sam2lung"
    path.write_text(FAKE.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_compare_is_counted_by_what_happened(program, tmp_path):
    words = ["--sam2lung", program, "--out", tmp_path / "out", "--pairs", 2, "--rounds", 20]
    assert main(["evaluate-compare", *map(str, words)]) == 0
    written = json.loads((tmp_path / "out" / "compare.json").read_text())
    value = {key: figure["value"] for key, figure in written["figures"].items()}
    assert value["stable_called_grown"] == pytest.approx(1 / 3) and value["grown_found"] == pytest.approx(2 / 3)
    assert (value["shrunk_found"], value["new_found"], value["gone_found"]) == (0, 0, 1)
    assert written["statuses"]["shrunk"] == {"apart": 2} and written["statuses"]["new"] == {"missed": 2}
    # Of the six paired balls the intervals of 2, -3 and 48 % hold what is known.
    assert value["coverage"] == pytest.approx(0.5)
    # Unchanged balls, and those that grew by half.
    grown_mm = [diameter * (1.5 ** (1 / 3) - 1) for diameter in (6, 8, 12)]
    assert value["diameter_bias"] == pytest.approx(0.5 - sum(grown_mm) / 6) and value["diameter_grown"] == 0
    assert "on 2 pairs of phantoms of seeds 1001 to 1002" in (tmp_path / "out" / "compare.md").read_text()


def test_needed_spread_is_that_with_which_the_interval_just_holds_the_known_change():
    logarithm = lambda percent: math.log1p(percent / 100)  # noqa: E731
    percent = lambda logarithm: 100 * math.expm1(logarithm)  # noqa: E731
    # 10 % where nothing changed; the pairs alone say plus or minus 0.03 by logarithms.
    for of_pairs, rescan in ((0.03, 0.02), (0.03, 0.07), (0.2, 0.02)):
        width = math.hypot(of_pairs, growth.NORMAL_END * rescan)
        ends = tuple(percent(logarithm(10) + side * width) for side in (-1, 1))
        row = growth.Told("1", "stable", 8, "stable", 10, ends, 0, rescan)
        expected = max(0, logarithm(10) ** 2 - of_pairs**2) ** 0.5 / growth.NORMAL_END
        assert growth.needed_spread(row) == pytest.approx(expected, abs=1e-9)
        assert growth.needed_surface_mm(0.1)([row]) == pytest.approx(0.1 * expected / rescan, abs=1e-9)


def test_compare_of_development_seeds_fills_no_card(program, tmp_path):
    card = tmp_path / "CARD.md"
    card.write_text("<!-- compare:begin -->\n<!-- compare:end -->\n")
    words = ["--sam2lung", program, "--out", tmp_path / "out", "--pairs", 1, "--rounds", 5, "--card", card]
    assert main(["evaluate-compare", *map(str, words), "--first-seed", "2001"]) != 0
    assert "pairs" not in card.read_text()
    assert main(["evaluate-compare", *map(str, words)]) == 0 and "pairs" in card.read_text()


def test_compare_of_the_training_s_phantoms_is_refused(tmp_path):
    with pytest.raises(UserError, match="101"):
        growth.Options(tmp_path, tmp_path, pairs=3, first_seed=99)
