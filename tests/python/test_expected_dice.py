"""Outlines by expected Dice and intervals of the samples, worked out from the samples that were written."""

import by_hand
import made_ct
import numpy as np
import pytest
from scipy import ndimage

SHAPE = (12, 40, 48)
SPACING = (0.75, 0.75, 2.0)
SAMPLES, WIDEN = 25, 1.5
BESIDE = np.ones((3, 3, 3))


def hu():
    """Balls with a faint rim, two of them so near that their rims touch."""
    volume = np.full(SHAPE, made_ct.LUNG_HU, float)
    k, j, i = np.indices(SHAPE)
    for centre, radius, middle in [((12, 14, 5), 6.0, 60), ((12, 35, 5), 5.0, -100), ((36, 24, 7), 4.5, -300)]:
        away = np.sqrt((((np.stack([i, j, k], -1) - centre) * SPACING) ** 2).sum(-1))
        volume = np.maximum(volume, middle - np.clip(away - radius / 2, 0, None) * 130)
    return np.maximum(volume, made_ct.LUNG_HU).round().astype(np.int16)


@pytest.fixture(scope="module")
def found(sam2lung, bundles, tmp_path_factory):
    """tiny-noise's results under three contracts, by name."""
    folder = tmp_path_factory.mktemp("expected")
    ct = made_ct.write(folder / "ct.nii.gz", hu(), SPACING)

    def dice(contract):
        contract["decision"]["outline"] = "expected_dice"

    def samples(contract):
        contract["uncertainty"] = {"level": 0.9, "samples": {"widen": WIDEN}}

    results = {}
    for name, changes in {"plain": [], "dice": [dice], "both": [dice, samples]}.items():
        bundle = by_hand.changed(bundles / "tiny-noise", folder / name, lambda c, all=changes: [one(c) for one in all])
        words = ("--model", bundle, "--lung-mask", "off", "--samples", SAMPLES, "--sample-outlines")
        sam2lung.segment(ct, "--output", folder / f"{name}-out", *words, "--min-diameter", 0)
        results[name] = by_hand.Found(folder / f"{name}-out" / "ct")
    return results


def near(own):
    """The box around it, 10 mm larger on each side."""
    inside = np.zeros(SHAPE, bool)
    reach = [int(np.ceil(10 / mm)) for mm in SPACING[::-1]]
    inside[tuple(slice(max(0, a.min() - r), a.max() + r + 1) for a, r in zip(np.nonzero(own), reach))] = True
    return inside


def outlines(found, own, label, number):
    """The outline of `own` under each sample; `label` holds others besides `number`."""
    bits = found.volume("sample_outlines")
    free = near(own) & ((label == 0) | (label == number))
    for sample in range(SAMPLES):
        inside = (bits >> np.uint32(sample) & np.uint32(1)).astype(bool) & free
        parts, _ = ndimage.label(inside, BESIDE)
        yield inside & np.isin(parts, np.unique(parts[own & inside]))


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def agreement(outline, samples):
    return np.mean([dice(outline, sample) for sample in samples])


def test_outlines_are_those_that_agree_best_with_the_samples(found):
    plain, made = found["plain"], found["dice"]
    assert np.array_equal(plain.probability, made.probability) and len(plain.nodules) == len(made.nodules) >= 3
    # The largest by the usual threshold is outlined first, on the map of all.
    label = plain.label.copy()
    thresholds = np.unique([*np.arange(1, 40) / 40, 0.5])
    for number in range(1, len(plain.nodules) + 1):
        own = label == number
        samples = list(outlines(made, own, label, number))
        lowest = made.probability[own].min()
        best, chain = (-1, None), own
        for t in thresholds:
            free = (made.probability > t) & ((label == 0) | own)
            if t < lowest:
                parts, _ = ndimage.label(free & near(own), BESIDE)
                outline = parts == parts[own][0]
            else:
                parts, count = ndimage.label(chain & free, BESIDE)
                if count == 0:
                    break
                sizes = np.bincount(parts.ravel())[1:]
                outline = chain = parts == sizes.argmax() + 1
            best = max(best, (round(agreement(outline, samples), 12), -abs(t - 0.5), t), key=lambda it: it[:2])
            if best[-1] == t:
                wanted = outline
        got = made.label[tuple(np.argwhere(wanted)[0])]
        assert np.array_equal(made.label == got, wanted), (number, best)
        label[own], label[wanted] = 0, number
    assert [n["volume_mm3"] for n in made.nodules] == sorted((n["volume_mm3"] for n in made.nodules), reverse=True)


def test_outlines_volumes_lie_near_the_median_of_the_samples(found):
    for nodule in found["dice"].nodules:
        assert nodule["volume_mm3"] == pytest.approx(nodule["sample_volume_mm3_p50"], rel=0.1)


def test_intervals_and_expected_dice_are_the_samples(found):
    made, plain = found["both"], found["dice"]
    assert np.array_equal(made.label, plain.label)
    for nodule in made.nodules:
        own = made.label == nodule["id"]
        samples = list(outlines(made, own, made.label, nodule["id"]))
        volumes = [max(1, sample.sum()) * np.prod(SPACING) for sample in samples]
        low, middle, high = np.percentile(volumes, [5, 50, 95])
        volume = nodule["volume_mm3"]
        ends = volume * (low / middle) ** WIDEN, volume * (high / middle) ** WIDEN
        assert (nodule["volume_mm3_p05"], nodule["volume_mm3_p95"]) == pytest.approx(ends)
        assert 0 < nodule["volume_mm3_p05"] <= volume <= nodule["volume_mm3_p95"]
        assert nodule["expected_dice"] == pytest.approx(agreement(own, samples))
        assert nodule["detection_rate"] == np.mean([sample.any() for sample in samples])
    assert made.run["result"]["volume_interval"] == {"kind": "calibrated", "level": 0.9}
    assert made.run["result"]["clicked_volume_interval"] == {"kind": "calibrated", "level": 0.9}
    assert all(nodule["expected_dice"] is None for nodule in plain.nodules)
