"""Training data in pieces: what is split can be joined, and nothing else."""

import numpy as np
import pytest
from test_data import stack

from sam2lung_train.data import items, pieces


@pytest.fixture
def packed(tmp_path):
    """A cache of two nodules and a CT, split into pieces of 20 kB."""
    rng = np.random.default_rng(0)
    nodules = [stack(key=key, votes=rng.integers(0, 255, (3, 128, 128), np.uint8)) for key in "ab"]
    hu = rng.integers(-1000, 1000, (5, 40, 40)).astype(np.int16)
    whole = items.Whole("made", hu, np.zeros(hu.shape, np.uint8), hu > 0, (1.25, 0.7, 0.7))
    for (name, _), some in zip(pieces.FILES, (nodules, [whole])):
        items.save(tmp_path / name, some)
    return tmp_path, nodules, whole, pieces.split(tmp_path, tmp_path / "pieces", 20_000)


def test_pieces_come_together_again(packed, tmp_path):
    _, nodules, whole, paths = packed
    assert len(paths) > 3 and all(path.stat().st_size <= 20_000 for path in paths)
    pieces.join(tmp_path / "pieces", tmp_path / "there")
    joined, (other,) = items.load_stacks(tmp_path / "there"), items.load_wholes(tmp_path / "there")
    for mine, theirs in zip(nodules, joined):
        assert mine.key == theirs.key and np.array_equal(mine.votes, theirs.votes)
        assert np.abs(mine.hu - theirs.hu).max() <= pieces.STEP_HU / 2
    assert np.abs(whole.hu - other.hu).max() <= pieces.STEP_HU / 2
    assert np.array_equal(whole.known, other.known) and tuple(other.spacing_mm) == whole.spacing_mm


def test_a_missing_piece_is_named(packed, tmp_path):
    *_, paths = packed
    paths[1].unlink()
    with pytest.raises(ValueError, match="00.xz, 02.xz.*expected all pieces"):
        pieces.join(tmp_path / "pieces", tmp_path / "there")
    assert not (tmp_path / "there").exists()
