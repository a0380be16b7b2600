"""Trains the classifier on RUN/findings.npz.

Crops teach it what readers call a nodule, whole CTs what they don't. Findings of the development part are only watched.
"""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from ..config import PATCH_SIZE, WINDOW_HU
from ..data import items
from ..errors import UserError
from ..evaluation.metrics import auroc
from ..memory import keep_freed_memory
from ..networks.classifier import Classifier, load_classifier
from ..progress import bar
from ..run_folder import RunFolder
from .average import moved
from .findings import STORED, Finding

BATCH = 48
SMOOTHING = 0.03  # readers disagree about what is a nodule, too
CUT_SHARE = 0.3  # of what whole CTs show, cut as if the scan ended there
NODULE, MARKED = 0, 1  # questions: is it a nodule, would a reader mark it
QUESTIONS = torch.tensor([1.0, 0.5])  # their weights
NARROW_SHARE = 0.3  # of all patches, cut at their sides as if the image ended there, as in tight crops


def plain_patches(findings: list[Finding]) -> torch.Tensor:
    """The classifier's patches (N, 3, D, H, W) as the product makes them: the middle of what is stored."""
    middle = tuple(slice((s - n) // 2, (s - n) // 2 + n) for s, n in zip(STORED, PATCH_SIZE))
    stacked = [np.stack([getattr(f, field)[middle] for f in findings]) for field in ("hu", "probability", "inside")]
    hu, probability, inside = (torch.from_numpy(part.astype(np.float32)) for part in stacked)
    return torch.stack([windowed(hu), probability / 255, inside], 1)


def windowed(hu: torch.Tensor) -> torch.Tensor:
    low, high = WINDOW_HU
    return ((hu - low) / (high - low)).clamp(0, 1)


def drawn_patches(findings: list[Finding], rng: np.random.Generator) -> torch.Tensor:
    """Patches turned, shifted, scaled, mirrored, cut, and given another scanner's scale and noise."""
    stored = [np.stack([getattr(f, field) for f in findings]) for field in ("hu", "probability", "inside")]
    hu, probability, inside = (torch.from_numpy(part.astype(np.float32)) for part in stored)
    for n, finding in enumerate(findings):
        if finding.whole and rng.uniform() < CUT_SHARE:
            cut(hu[n], probability[n], inside[n], rng)
        if rng.uniform() < NARROW_SHARE:
            narrow(hu[n], probability[n], inside[n], rng)
    grid = torch.from_numpy(np.stack([grid_of(rng) for _ in findings]))
    patches = F.grid_sample(
        torch.stack([hu, probability / 255, inside], 1),
        grid,
        mode="bilinear",
        padding_mode="border",
        align_corners=True,
    )
    count = len(findings)
    scale, shift, noise, power = (
        torch.from_numpy(values.astype(np.float32)).reshape(-1, 1, 1, 1)
        for values in (
            1 + rng.normal(0, 0.03, count),
            rng.normal(0, 20, count),
            rng.exponential(20, count),
            np.exp(rng.normal(0, 0.25, count)),
        )
    )
    hu = (
        (patches[:, 0] + 1000) * scale
        - 1000
        + shift
        + noise * torch.from_numpy(rng.standard_normal((count, *PATCH_SIZE), np.float32))
    )
    return torch.stack([windowed(hu), patches[:, 1] ** power, (patches[:, 2] > 0.5).float()], 1)


def cut(hu: torch.Tensor, probability: torch.Tensor, inside: torch.Tensor, rng: np.random.Generator) -> None:
    """Ends a stored patch (D, H, W) some samples below and above its middle, in place."""
    middle = len(hu) // 2
    low, high = middle - int(rng.integers(1, 6)), middle + int(rng.integers(1, 6))
    for array in (hu, probability):
        array[:low], array[high + 1 :] = array[low], array[high]
    inside[:low], inside[high + 1 :] = 0, 0


def narrow(hu: torch.Tensor, probability: torch.Tensor, inside: torch.Tensor, rng: np.random.Generator) -> None:
    """Ends a stored patch (D, H, W) some samples beside its middle, in place."""
    for axis in (1, 2):
        middle = hu.shape[axis] // 2
        low, high = middle - int(rng.integers(7, 20)), middle + int(rng.integers(7, 20))
        for array in (hu, probability, inside):
            view = array.transpose(0, axis)
            edge = (view[low].clone(), view[high].clone()) if array is not inside else (0, 0)
            view[:low], view[high + 1 :] = edge


def grid_of(rng: np.random.Generator) -> np.ndarray:
    """Where the patch's samples lie in what is stored, (D, H, W, 3) as `grid_sample` counts."""
    axes = [np.arange(n) - (n - 1) / 2 for n in PATCH_SIZE]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    angle, zoom = rng.uniform(-np.pi, np.pi), np.exp(rng.normal(0, 0.08))
    flip = rng.choice([-1.0, 1.0], 3)
    u = zoom * (np.cos(angle) * x - np.sin(angle) * y) * flip[0] + rng.normal(0, 0.8)
    v = zoom * (np.sin(angle) * x + np.cos(angle) * y) + rng.normal(0, 0.8)
    w = z * flip[2] * np.exp(rng.normal(0, 0.06)) + rng.normal(0, 0.3)
    half = (np.array(STORED)[::-1] - 1) / 2
    return (np.stack([u, v, w], -1) / half).astype(np.float32)


class Draw:
    """Draws findings: as many nodules as others, and of both about as many from whole CTs as from crops."""

    def __init__(self, findings: list[Finding], rng: np.random.Generator) -> None:
        self.rng = rng
        kinds = [(nodule, whole) for nodule in (True, False) for whole in (True, False)]
        self.groups = {kind: [f for f in findings if (f.nodule, f.whole) == kind] for kind in kinds}
        self.shares = {(True, True): 0.2, (True, False): 0.3, (False, True): 0.28, (False, False): 0.22}

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Patches, and (N, 2): whether it is a nodule, and which share of the readers marked it, NaN where unknown."""
        some = [kind for kind, group in self.groups.items() if group]
        share = np.array([self.shares[kind] for kind in some])
        kinds = self.rng.choice(len(some), BATCH, p=share / share.sum())
        drawn = [self.groups[some[n]][self.rng.integers(len(self.groups[some[n]]))] for n in kinds]
        target = torch.tensor([[float(f.nodule), f.marked] for f in drawn])
        return drawn_patches(drawn, self.rng), target * (1 - SMOOTHING) + SMOOTHING / 2


@torch.no_grad()
def logits_of(classifier: Classifier, findings: list[Finding], question: int = NODULE) -> np.ndarray:
    """The classifier's logits (N,) to one of its two questions."""
    classifier.eval()
    parts = [findings[n : n + 64] for n in range(0, len(findings), 64)]
    return (
        np.concatenate([classifier(plain_patches(part))[:, question].numpy() for part in parts])
        if parts
        else np.zeros(0)
    )


def train(
    findings: list[Finding], minutes: float, seed: int, start: Classifier | None = None, most_steps: int = 0
) -> tuple[Classifier, int]:
    """A classifier trained on `findings`, from `start` if there is one, averaged over its steps.

    For so many minutes, or for `most_steps` unless 0: the same work whatever else the machine does.
    """
    torch.manual_seed(seed)
    classifier, draw = start or Classifier(), Draw(findings, np.random.default_rng(seed))
    average = torch.optim.swa_utils.AveragedModel(classifier, avg_fn=partial(moved, 0.99), use_buffers=True)
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=2e-3, weight_decay=0.05)
    started, shown = time.monotonic(), bar(total=round(minutes * 60), unit="s")
    progress, steps, running = 0.0, 0, 0.0
    while progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(progress / 0.05 + 0.02, 1) * (0.505 + 0.495 * np.cos(np.pi * progress))
        classifier.train()
        patches, target = draw.batch()
        with torch.autocast("cpu", torch.bfloat16):
            logits = classifier(patches).float()
        known = ~target.isnan()
        entropy = F.binary_cross_entropy_with_logits(logits, target.nan_to_num(), reduction="none") * known
        loss = (entropy.sum(0) / known.sum(0).clamp(min=1)) @ QUESTIONS
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update_parameters(classifier)
        steps, running = steps + 1, 0.98 * running + 0.02 * float(loss.detach())
        seconds = time.monotonic() - started
        progress = steps / most_steps if most_steps else seconds / (minutes * 60)
        shown.update(round(seconds) - shown.n)
        shown.set_postfix(steps=steps, loss=f"{running:.3f}", refresh=False)
    return average.module.eval(), steps


def report(words: str, classifier: Classifier, findings: list[Finding]) -> None:
    """How well the classifier tells these findings apart."""
    logits, nodule = logits_of(classifier, findings), np.array([f.nodule for f in findings])
    print(f"{words}: {nodule.sum()} nodules, {(~nodule).sum()} others, AUROC {auroc(logits, nodule):.4f}")
    if nodule.any() and not nodule.all():
        for kept in (0.9, 0.95, 0.98, 1.0):
            bound = np.quantile(logits[nodule], 1 - kept)
            print(f"  {kept:.0%} of the nodules kept: {(logits[~nodule] >= bound).mean():.1%} of the others stay")


def report_left_out(classifier: Classifier, develop: list[Finding], left_out: list[Finding]) -> None:
    """What the classifier says of a whole CT that it hasn't seen, in all the forms in which it was shown; thresholds are
    those that keep so much of the development part's nodules.
    """
    of_develop = logits_of(classifier, [f for f in develop if f.nodule and f.product])
    left_out = [f for f in left_out if f.product]
    logits, nodule = logits_of(classifier, left_out), np.array([f.nodule for f in left_out])
    words = f"{left_out[0].where}, not trained on: AUROC {auroc(logits, nodule):.4f}"
    for kept in (0.95, 0.98):
        stay = logits >= np.quantile(of_develop, 1 - kept)
        words += (
            f"; at {kept:.0%} of the development part {stay[nodule].sum()} of {nodule.sum()} nodules "
            f"and {stay[~nodule].sum()} of {(~nodule).sum()} others stay"
        )
    print(words, flush=True)


def train_classifier(
    run: Path, minutes: float, seed: int = 0, start_from: Path | None = None, without: Sequence[str] = ()
) -> None:
    """Writes RUN/classifier.pt.

    `start_from` is a classifier.pt to go on from. `without` names whole CTs whose findings are left out of training
    and reported on; then nothing is written.

    # Raises UserError for a CT in which nothing was found.
    """
    keep_freed_memory()
    folder = RunFolder(run)
    findings = items.load(folder.findings, Finding)
    if unknown := set(without) - {f.where for f in findings if f.whole}:
        raise UserError(f"{folder.findings}: nothing was found in a whole CT {', '.join(sorted(unknown))}")
    some = [f for f in findings if not f.develop and f.where not in without]
    classifier, steps = train(some, minutes, seed, load_classifier(start_from) if start_from else None)
    print(f"{steps} steps")
    develop = [f for f in findings if f.develop and f.where not in without]
    report("development crops", classifier, develop)
    for name in without:
        report_left_out(classifier, develop, [f for f in findings if f.where == name])
    if without:
        return
    torch.save(classifier.state_dict(), folder.classifier)
