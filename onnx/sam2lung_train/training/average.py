"""The average of the weights that a training ships."""

import torch


def moved(decay: float, average: torch.Tensor, now: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
    """The exponential average, which follows faster at first: a short training must not ship its beginning."""
    kept = min(decay, (1 + int(count)) / (10 + int(count)))
    return average + (now - average) * (1 - kept) if average.is_floating_point() else now
