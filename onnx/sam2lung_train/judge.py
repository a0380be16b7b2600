"""The judge: a small 3-D network that tells nodules from everything else that the slice network finds.

    python -m sam2lung_train.judge --run runs/first --minutes 15

Reads RUN/findings.npz, writes RUN/judge.pt. Crops teach it what readers call a nodule, whole CTs what they don't.
Findings of the development part are only watched.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import data
from .config import WINDOW_HU
from .findings import SIZE, STORED, Finding
from .memory import keep_freed_memory
from .metrics import auroc
from .progress import bar

BATCH = 48
WIDTHS = (16, 32, 64, 96)
SMOOTHING = 0.03  # readers disagree about what is a nodule, too
CUT_SHARE = 0.3  # of what whole CTs show, cut as if the scan ended there
NARROW_SHARE = 0.3  # of all patches, cut at their sides as if the image ended there, as in tight crops


def conv(inside, outside, stride=1):
    return nn.Sequential(
        nn.Conv3d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm3d(outside), nn.ReLU(inplace=True)
    )


class Judge(nn.Module):
    """Patches (N, 3, D, H, W): windowed HU, mean probability, inside the volume; to logits (N, 1)."""

    def __init__(self):
        super().__init__()
        a, b, c, d = WIDTHS
        self.features = nn.Sequential(
            conv(3, a), conv(a, b, (1, 2, 2)), conv(b, b), conv(b, c, 2), conv(c, c), conv(c, d, 2), conv(d, d)
        )
        self.score = nn.Sequential(nn.Linear(2 * d, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1))

    def forward(self, patches):
        x = self.features(patches)
        depth, height, width = x.shape[2:]
        middle = x[:, :, depth // 2, height // 2, width // 2]  # the finding itself
        return self.score(torch.cat([x.mean((2, 3, 4)), middle], 1))


def plain_patches(findings):
    """The judge's patches (N, 3, D, H, W) as the product makes them: the middle of what is stored."""
    middle = tuple(slice((s - n) // 2, (s - n) // 2 + n) for s, n in zip(STORED, SIZE))
    stacked = [np.stack([getattr(f, field)[middle] for f in findings]) for field in ("hu", "probability", "inside")]
    hu, probability, inside = (torch.from_numpy(part.astype(np.float32)) for part in stacked)
    return torch.stack([windowed(hu), probability / 255, inside], 1)


def windowed(hu):
    low, high = WINDOW_HU
    return ((hu - low) / (high - low)).clamp(0, 1)


def drawn_patches(findings, rng):
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
        torch.stack([hu, probability / 255, inside], 1), grid, mode="bilinear", padding_mode="border", align_corners=True
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
    hu = (patches[:, 0] + 1000) * scale - 1000 + shift + noise * torch.from_numpy(rng.standard_normal((count, *SIZE), np.float32))
    return torch.stack([windowed(hu), patches[:, 1] ** power, (patches[:, 2] > 0.5).float()], 1)


def cut(hu, probability, inside, rng):
    """Ends a stored patch (D, H, W) some samples below and above its middle, in place."""
    middle = len(hu) // 2
    low, high = middle - int(rng.integers(1, 6)), middle + int(rng.integers(1, 6))
    for array in (hu, probability):
        array[:low], array[high + 1 :] = array[low], array[high]
    inside[:low], inside[high + 1 :] = 0, 0


def narrow(hu, probability, inside, rng):
    """Ends a stored patch (D, H, W) some samples beside its middle, in place."""
    for axis in (1, 2):
        middle = hu.shape[axis] // 2
        low, high = middle - int(rng.integers(7, 20)), middle + int(rng.integers(7, 20))
        for array in (hu, probability, inside):
            view = array.transpose(0, axis)
            edge = (view[low].clone(), view[high].clone()) if array is not inside else (0, 0)
            view[:low], view[high + 1 :] = edge


def grid_of(rng):
    """Where the patch's samples lie in what is stored, (D, H, W, 3) as `grid_sample` counts."""
    axes = [np.arange(n) - (n - 1) / 2 for n in SIZE]
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

    def __init__(self, findings, rng):
        self.rng = rng
        kinds = [(nodule, whole) for nodule in (True, False) for whole in (True, False)]
        self.groups = {kind: [f for f in findings if (f.nodule, f.whole) == kind] for kind in kinds}
        self.shares = {(True, True): 0.2, (True, False): 0.3, (False, True): 0.28, (False, False): 0.22}

    def batch(self):
        some = [kind for kind, group in self.groups.items() if group]
        share = np.array([self.shares[kind] for kind in some])
        kinds = self.rng.choice(len(some), BATCH, p=share / share.sum())
        drawn = [self.groups[some[n]][self.rng.integers(len(self.groups[some[n]]))] for n in kinds]
        target = torch.tensor([float(f.nodule) for f in drawn])
        return drawn_patches(drawn, self.rng), target * (1 - SMOOTHING) + SMOOTHING / 2


@torch.no_grad()
def logits_of(judge, findings):
    judge.eval()
    parts = [findings[n : n + 64] for n in range(0, len(findings), 64)]
    return np.concatenate([judge(plain_patches(part))[:, 0].numpy() for part in parts]) if parts else np.zeros(0)


def train(findings, minutes, seed, start=None):
    """A judge trained on `findings`, from `start` if there is one, averaged over its steps."""
    torch.manual_seed(seed)
    judge, draw = start or Judge(), Draw(findings, np.random.default_rng(seed))
    average = torch.optim.swa_utils.AveragedModel(
        judge, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99), use_buffers=True
    )
    optimiser = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.05)
    started, shown = time.monotonic(), bar(total=round(minutes * 60), unit="s")
    progress, steps, running = 0.0, 0, 0.0
    while progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(progress / 0.05 + 0.02, 1) * (0.505 + 0.495 * np.cos(np.pi * progress))
        judge.train()
        patches, target = draw.batch()
        with torch.autocast("cpu", torch.bfloat16):
            logits = judge(patches)[:, 0]
        loss = F.binary_cross_entropy_with_logits(logits.float(), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update_parameters(judge)
        steps, running = steps + 1, 0.98 * running + 0.02 * float(loss.detach())
        seconds = time.monotonic() - started
        progress = seconds / (minutes * 60)
        shown.update(round(seconds) - shown.n)
        shown.set_postfix(steps=steps, loss=f"{running:.3f}", refresh=False)
    return average.module.eval(), steps


def report(words, judge, findings):
    """How well the judge tells these findings apart."""
    logits, nodule = logits_of(judge, findings), np.array([f.nodule for f in findings])
    print(f"{words}: {nodule.sum()} nodules, {(~nodule).sum()} others, AUROC {auroc(logits, nodule):.4f}")
    if nodule.any() and not nodule.all():
        for kept in (0.9, 0.95, 0.98, 1.0):
            bound = np.quantile(logits[nodule], 1 - kept)
            print(f"  {kept:.0%} of the nodules kept: {(logits[~nodule] >= bound).mean():.1%} of the others stay")


def load_judge(path):
    judge = Judge()
    judge.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return judge.eval()


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start-from", type=Path, help="a judge.pt to go on from")
    parser.add_argument("--without", help="leave the findings of this whole CT out of training, and report on them")
    arguments = parser.parse_args(words)
    keep_freed_memory()
    findings = data.load(arguments.run / "findings.npz", Finding)
    left_out = [f for f in findings if f.where == arguments.without]
    some = [f for f in findings if not f.develop and f.where != arguments.without]
    start = load_judge(arguments.start_from) if arguments.start_from else None
    judge, steps = train(some, arguments.minutes, arguments.seed, start)
    print(f"{steps} steps")
    report("development crops", judge, [f for f in findings if f.develop])
    if left_out:
        report(f"{arguments.without}, not trained on", judge, left_out)
        return
    torch.save(judge.state_dict(), arguments.run / "judge.pt")


if __name__ == "__main__":
    main()
