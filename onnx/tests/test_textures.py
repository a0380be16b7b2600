"""The rule of texture on made nodules, and against what the library says of the same voxels."""

import numpy as np
import pytest

from sam2lung_train.evaluation import textures

SPACING = (1.0, 0.8, 0.8)


def away():
    """Distance of each voxel from the middle in mm, and the ball of 9 mm radius around it."""
    axes = [(np.arange(n) - n // 2) * mm for n, mm in zip((24, 30, 30), SPACING)]
    mm = np.sqrt(sum(axis**2 for axis in np.ix_(*axes)))
    return mm, mm <= 9


@pytest.mark.parametrize(
    ("core_mm", "core", "around", "wanted"),
    [
        (9, -10, -10, "solid"),
        (8, 20, -500, "solid"),
        (0, 20, -600, "ground glass"),
        (5, 20, -600, "part-solid"),
        (3, 20, -600, "ground glass"),
    ],
)
def test_texture_of_made_balls_is_what_the_library_says_of_them(core_mm, core, around, wanted):
    """The same balls as in src/findings/nodule/tests.rs."""
    mm, ball = away()
    assert textures.texture(np.where(mm <= core_mm, core, around), ball, SPACING) == wanted


def test_counts_have_readers_in_rows_and_the_rule_in_columns():
    row = textures.Compared
    rows = [row(5, "solid", "part-solid"), row(5, "solid", "solid"), row(5, "ground glass", "ground glass")]
    assert textures.counts(rows).tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]


@pytest.mark.parametrize(
    ("rating", "words"), [(1, "ground glass"), (2, "ground glass"), (2.25, "part-solid"), (4, "solid"), (5, "solid")]
)
def test_ratings_in_words(rating, words):
    assert textures.in_words(rating) == words
