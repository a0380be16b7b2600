"""Agreement with readers: tables, references and verdicts by hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from sam2lung_train.evaluation import agreement, metrics


def row(*columns):
    """One slice, one row of 40 voxels with these columns marked."""
    mask = np.zeros((1, 1, 40), bool)
    mask[0, 0, list(columns)] = True
    return mask


def test_kappa_by_hand_is_that_of_cohens_formula():
    # Agreement (20 + 15) / 50 = 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    assert agreement.kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)
    assert agreement.kappa(np.array([[10, 0], [0, 10]])) == 1.0
    assert agreement.kappa(np.array([[5, 5], [5, 5]])) == 0.0


def test_kappa_one_empty_outline_is_zero_and_no_choice_at_all_is_nan():
    assert agreement.kappa(np.array([[6, 4], [0, 0]])) == 0.0
    assert np.isnan(agreement.kappa(np.array([[10, 0], [0, 0]])))


def test_table_counts_no_and_yes_of_both():
    a, b = np.array([0, 0, 1, 1, 1], bool), np.array([0, 1, 0, 1, 1], bool)
    assert agreement.table(a, b).tolist() == [[1, 1], [1, 2]]


def test_compare_our_copy_of_a_reader_against_hand_counts():
    a, b, c = row(10, 11, 12, 13), row(12, 13, 14, 15), row(10, 11, 12, 13)
    figures = agreement.compare(a, [a, b, c])
    # Pairs: a b 0.5, a c 1, b c 0.5. Ours (a): 1, 0.5, 1.
    assert figures["dice"] == pytest.approx((2.5 / 3, 2 / 3))
    # Others' consensus is their union: of b c and of a b 6 voxels (Dice 0.8 with a, with c), of a c 4 (0.5 with b, 1
    # with ours).
    assert figures["dice_others"] == pytest.approx((2.6 / 3, 2.1 / 3))
    assert figures["good"] == pytest.approx((1.0, 2 / 3))
    # Neighbourhood of columns 10 to 15: 5 to 20, 16 voxels. a b: 12 of 16 agree; by chance (4 * 4 + 12 * 12) / 256.
    chance = (16 + 144) / 256
    kappa = (12 / 16 - chance) / (1 - chance)
    assert figures["kappa"] == pytest.approx(((2 + kappa) / 3, (1 + 2 * kappa) / 3))


def test_compare_asks_about_the_consensus_of_readers_other_than_both():
    a, b, c = row(10, 11, 12, 13), row(12, 13, 14, 15), row(10, 11, 12, 13)
    ours, readers = agreement.compare(a, [a, b, c])["asked"]
    # Third reader a: ours yes, b no, c yes; third reader b: all no; third reader c: ours yes, a yes, b no. Both orders.
    assert ours * 6 == pytest.approx(np.array([[2, 0], [2, 2]]))
    assert readers * 6 == pytest.approx(np.array([[2, 2], [2, 0]]))


def test_compare_missed_nodule_is_zero_on_every_measure():
    readers = [row(10, 11), row(10, 11, 12)]
    figures = agreement.compare(row(), readers)
    assert [figures[key][agreement.OURS] for key in ("dice", "dice_others", "kappa", "good")] == [0, 0, 0, 0]
    assert figures["asked"] == (None, None)  # two readers leave no third


def test_compare_single_reader_says_nothing():
    assert agreement.compare(row(1), [row(1)]) is None and agreement.compare(row(1), []) is None


def test_consensus_of_two_is_their_union_and_of_three_the_majority():
    a, b, c = row(1, 2), row(2, 3), row(2, 4)
    assert np.array_equal(agreement.consensus([a, b]), row(1, 2, 3))
    assert np.array_equal(agreement.consensus([a, b, c]), row(2))


def test_verdict_goes_by_the_interval_and_the_margin():
    assert agreement.verdict((-0.04, 0.02), 49) == agreement.TRUE
    assert agreement.verdict((-0.06, 0.02), 49) == agreement.NOT_SHOWN
    assert agreement.verdict((-0.12, -0.06), 49) == agreement.FALSE
    assert agreement.verdict((float("nan"), float("nan")), 49) == agreement.NOT_SHOWN
    assert agreement.verdict((0.02, 0.02), 1) == agreement.NOT_SHOWN  # one patient: an interval of no width


@dataclass
class Scored:
    patient: str
    agreement: dict | None


def study(outline, readers, patients=24):
    return [Scored(str(n), agreement.compare(outline, readers)) for n in range(patients)] + [Scored("x", None)]


def test_summary_of_a_reader_is_true_and_of_noise_false():
    a, b = row(*range(10, 20)), row(*range(11, 21))
    good = agreement.summary(study(a, [a, b]), rounds=50)
    assert (good["nodules"], good["patients"], good["sentence"]) == (24, 24, agreement.TRUE)
    assert good["measures"]["dice"]["difference"]["value"] == pytest.approx(0.05)
    poor = agreement.summary(study(row(19), [a, b]), rounds=50)
    assert poor["sentence"] == agreement.FALSE
    assert "false" in agreement.sentence(poor) and "−0.05" in agreement.sentence(poor)


def test_summary_without_readers_is_not_shown():
    nothing = agreement.summary([Scored("x", None)], rounds=10)
    assert nothing["nodules"] == 0 and nothing["sentence"] == agreement.NOT_SHOWN


def test_neighbourhood_is_that_of_any_reader_so_what_lies_beyond_is_left_out():
    readers = [row(10, 11), row(11, 12)]
    near = agreement.compare(row(10, 11, 30), readers)["kappa"][agreement.OURS]
    assert near == agreement.compare(row(10, 11), readers)["kappa"][agreement.OURS]
    assert not metrics.neighbourhood(readers[0] | readers[1])[0, 0, 30]
