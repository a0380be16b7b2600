"""What leaving out the most uncertain outlines is worth: risk-coverage curve and its area.

Nodules are sorted by uncertainty, the surest first. At coverage c the surest c of them are kept; the *risk* is the mean
loss of those, with the loss 1 - Dice. AURC is the mean risk over all coverages (Geifman and El-Yaniv, NeurIPS 2017),
E-AURC what of it exceeds the order by the loss itself, which no uncertainty can beat (Geifman et al., ICLR 2019). Less
is better for both; an uncertainty that says nothing has the mean loss as its expected AURC.
"""

from collections.abc import Sequence

import numpy as np


def curve(
    uncertainty: Sequence[float] | np.ndarray, loss: Sequence[float] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(coverage, risk) after each of the nodules, in order of uncertainty. Equal ones share their mean loss."""
    uncertainty, loss = np.asarray(uncertainty, float), np.asarray(loss, float)
    _, group = np.unique(uncertainty, return_inverse=True)
    shared = np.bincount(group, loss) / np.maximum(np.bincount(group), 1) if loss.size else loss
    kept = np.arange(1, loss.size + 1)
    return kept / max(loss.size, 1), np.cumsum(shared[np.sort(group)] if loss.size else loss) / kept


def aurc(uncertainty: Sequence[float] | np.ndarray, loss: Sequence[float] | np.ndarray) -> float:
    """Area under the risk-coverage curve; NaN without nodules."""
    _, risk = curve(uncertainty, loss)
    return float(risk.mean()) if risk.size else float("nan")


def e_aurc(uncertainty: Sequence[float] | np.ndarray, loss: Sequence[float] | np.ndarray) -> float:
    """AURC beyond that of the best order."""
    return aurc(uncertainty, loss) - aurc(loss, loss)
