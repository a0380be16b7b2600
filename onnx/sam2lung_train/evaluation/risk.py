"""What leaving out the most doubtful outlines is worth: risk-coverage curve and its area.

Nodules are sorted by doubt, the surest first. At coverage c the surest c of them are kept; the *risk* is the mean loss of
those, with the loss 1 - Dice. AURC is the mean risk over all coverages (Geifman and El-Yaniv, NeurIPS 2017), E-AURC what of it
exceeds the order by the loss itself, which no doubt can beat (Geifman et al., ICLR 2019). Less is better for both; a doubt that
says nothing has the mean loss as its expected AURC.
"""

import numpy as np


def curve(doubt, loss):
    """(coverage, risk) after each of the nodules, in order of doubt. Equal doubts share their mean loss."""
    doubt, loss = np.asarray(doubt, float), np.asarray(loss, float)
    _, group = np.unique(doubt, return_inverse=True)
    shared = np.bincount(group, loss) / np.maximum(np.bincount(group), 1) if loss.size else loss
    kept = np.arange(1, loss.size + 1)
    return kept / max(loss.size, 1), np.cumsum(shared[np.sort(group)] if loss.size else loss) / kept


def aurc(doubt, loss):
    """Area under the risk-coverage curve; NaN without nodules."""
    _, risk = curve(doubt, loss)
    return float(risk.mean()) if risk.size else float("nan")


def e_aurc(doubt, loss):
    """AURC beyond that of the best order."""
    return aurc(doubt, loss) - aurc(loss, loss)
