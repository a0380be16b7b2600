"""Trains AutoSAM2's two networks: first the coarse one; then it stays, and the fine one learns on what it hands over.

Writes RUN/checkpoint.pt and RUN/log.jsonl. Boxes come from made heads (`data.nested_phantom`, seeds from 0 on; the
evaluation's begin at `FIRST_HELD_OUT`) or from the training crops of lung nodules.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from ..config import AUTO_SAM2_BOX, AUTO_SAM2_LUNG, AutoSam2Config, AutoSam2TrainConfig
from ..data import items
from ..data.nested_phantom import nested_phantom
from ..errors import UserError
from ..memory import keep_freed_memory
from ..networks.auto_sam2 import CoarseUNet, FineNetwork, at_slice
from ..networks.prompts import prompts_of
from ..progress import bar
from ..run_folder import RunFolder
from .boxes import Seen, cut, gone_on_whole_pixels, inside, spread, voxels_of
from .train_boxes import clock_of
from .windows import with_scanner

KEPT_HEADS = 64  # made once and drawn from again: making one takes as long as a step
WARM_UP = 0.05
REPORT_EVERY, SAVE_EVERY_S = 10, 120

Box = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # (C, D, H, W) normalised; labels (D, H, W); where they are known


@dataclass
class Options:
    """Of one training."""

    out: Path
    cache: Path
    on: str
    minutes: float
    steps: int
    seed: int
    rate: float
    encoder: str
    device: str
    resume: bool


# --- what is learned from ---------------------------------------------------------------------------------------------


def z_scored(volumes: np.ndarray) -> np.ndarray:
    """Each channel (…, D, H, W) with mean 0 and deviation 1 over its voxels that aren't 0, which stay 0."""
    made = np.zeros(volumes.shape, np.float32)
    for channel, own in zip(volumes, made):
        there = channel != 0
        own[there] = (channel[there] - channel[there].mean()) / (channel[there].std() or 1.0)
    return made


class Heads:
    """Draws boxes of made heads, mirrored at will."""

    def __init__(self, seed: int | tuple[int, ...]) -> None:
        self.rng, self.kept = np.random.default_rng(seed), {}

    def box(self) -> Box:
        rng = self.rng
        seed = int(rng.integers(KEPT_HEADS))
        if seed not in self.kept:
            phantom = nested_phantom(seed)
            self.kept[seed] = z_scored(phantom.volumes), phantom.labels
        volumes, labels = self.kept[seed]
        start = [int(rng.integers(n - size + 1)) for n, size in zip(labels.shape, AUTO_SAM2_BOX)]
        window = tuple(slice(a, a + size) for a, size in zip(start, AUTO_SAM2_BOX))
        axes = [axis for axis in range(3) if rng.uniform() < 0.5]
        volumes = np.flip(volumes[(slice(None), *window)], [axis + 1 for axis in axes]) * rng.normal(1, 0.05)
        labels = np.flip(labels[window], axes)
        made = torch.from_numpy(np.ascontiguousarray(volumes, np.float32))
        return made, torch.from_numpy(labels.astype(np.int64)), torch.ones(labels.shape)


class Nodules:
    """Draws boxes around nodules of the training crops; a voxel is nodule where half of its readers marked it."""

    def __init__(self, cache: Path, seed: int | tuple[int, ...]) -> None:
        stacks = items.load_stacks(cache)
        self.stacks = [s for s in stacks if not s.develop and (s.votes >= 128).any()]
        self.rng = np.random.default_rng(seed)

    def box(self) -> Box:
        rng = self.rng
        stack = self.stacks[rng.integers(len(self.stacks))]
        hu, marks = gone_on_whole_pixels(stack, rng)
        spacing_mm = np.array([stack.step_mm, stack.pixel_mm, stack.pixel_mm])
        middle, _ = spread(marks > 0, spacing_mm)
        angle = rng.uniform(-np.pi, np.pi)
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) * rng.choice([-1.0, 1.0], 3)
        view = Seen(middle + rng.normal(0, 6.0, 3) / spacing_mm, turn, 1.0)
        steps = [
            (np.arange(n, dtype=np.float32) - (n - 1) / 2) * mm
            for n, mm in zip(AUTO_SAM2_BOX, AUTO_SAM2_LUNG["spacing_mm"])
        ]
        at_mm = np.stack(np.meshgrid(*steps, indexing="ij"), -1) @ turn.T.astype(np.float32)
        voxels = voxels_of(view, spacing_mm, at_mm)
        bits = np.stack([marks >> reader & 1 for reader in range(stack.readers)])
        labels = (cut(bits, voxels).mean(0) >= 0.5).long()
        return with_scanner(cut(hu[None], voxels)[0], stack.calibrated, rng)[None], labels, inside(voxels, hu.shape)[0]


# --- steps ------------------------------------------------------------------------------------------------------------


def loss_of(logits: torch.Tensor, labels: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Cross-entropy and the mean over the classes of 1 - Dice. Logits (B, K + 1, …), labels and known (B, …)."""
    entropy = (F.cross_entropy(logits, labels, reduction="none") * known).sum() / known.sum().clamp(min=1)
    wanted = F.one_hot(labels, logits.shape[1]).movedim(-1, 1)[:, 1:] * known[:, None]
    given = torch.softmax(logits, 1)[:, 1:] * known[:, None]
    over = [0, *range(2, logits.ndim)]
    dice = (2 * (given * wanted).sum(over) + 1) / (given.sum(over) + wanted.sum(over) + 1)
    return entropy + 1 - dice.mean()


@torch.no_grad()
def handed_over(
    coarse: CoarseUNet, box: torch.Tensor, config: AutoSam2TrainConfig, rng: np.random.Generator
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Slices of a box (C, D, H, W) to learn from, and points, labels, boxes and features of each."""
    coarse.eval()
    with torch.autocast(config.device, torch.bfloat16):
        logits, middle = coarse(box[None])
    foreground = 1 - torch.softmax(logits[0].float(), 0)[0]
    p = foreground.clamp(1e-6, 1 - 1e-6)
    information = -(p * p.log2() + (1 - p) * (1 - p).log2()).mean((1, 2))
    depth, height, width = foreground.shape
    least_sure = information.argsort(descending=True)[: config.slices // 2].tolist()
    others = rng.choice(depth, config.slices - len(least_sure), replace=False).tolist()
    slices = torch.tensor(least_sure + others)
    prompts = [prompts_of(foreground[k].cpu().numpy(), config.network) for k in slices]
    fed = [torch.tensor(np.stack([getattr(one, name) for one in prompts]), dtype=torch.float32)
           for name in ("points", "labels", "box")]  # fmt: skip
    features = [at_slice(middle[0].float(), int(k), (height, width), config.network.feature_px) for k in slices]
    return slices, [part.to(box.device) for part in fed] + [torch.stack(features)]


class Run:
    """Both networks, the optimiser of the one that is trained now, and how far it is."""

    def __init__(self, config: AutoSam2TrainConfig, draw: Callable[[], Box]) -> None:
        torch.manual_seed(config.seed)
        self.config, self.draw = config, draw
        self.coarse = CoarseUNet(config.network).to(config.device)
        self.fine = FineNetwork(config.network).to(config.device)
        self.rng = np.random.default_rng([config.seed, 1])
        self.steps, self.seconds, self.part = 0, 0.0, ""
        self.optimiser: torch.optim.Optimizer | None = None

    @property
    def progress(self) -> float:
        """Share of the training that is done."""
        done = self.steps / self.config.steps if self.config.steps else self.seconds / (self.config.minutes * 60)
        return min(done, 1.0)

    def step(self) -> tuple[str, float]:
        """One step; which network it was of, and its loss."""
        share = self.config.coarse_share
        part = "coarse" if self.progress < share else "fine"
        within = self.progress / share if part == "coarse" else (self.progress - share) / max(1 - share, 1e-9)
        network = self.coarse if part == "coarse" else self.fine
        if part != self.part:
            self.part = part
            self.optimiser = torch.optim.AdamW(network.parameters(), self.config.rate, weight_decay=self.config.decay)
        for group in self.optimiser.param_groups:
            rising = min(within / WARM_UP + 0.02, 1)
            group["lr"] = self.config.rate * rising * (0.505 + 0.495 * np.cos(np.pi * within))
        boxes = [[part.to(self.config.device) for part in self.draw()] for _ in range(self.config.batch)]
        network.train()
        loss = self.coarse_loss(boxes) if part == "coarse" else self.fine_loss(boxes)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        self.optimiser.step()
        self.steps += 1
        return part, float(loss.detach())

    def coarse_loss(self, boxes: list[Box]) -> torch.Tensor:
        volumes, labels, known = (torch.stack(part) for part in zip(*boxes))
        with torch.autocast(self.config.device, torch.bfloat16):
            logits, _ = self.coarse(volumes)
        return loss_of(logits.float(), labels, known)

    def fine_loss(self, boxes: list[Box]) -> torch.Tensor:
        parts = []
        for volumes, labels, known in boxes:
            slices, fed = handed_over(self.coarse, volumes, self.config, self.rng)
            slices = slices.to(volumes.device)
            parts.append((volumes[:, slices].movedim(1, 0), *fed, labels[slices], known[slices]))
        *shown, labels, known = (torch.cat(part) for part in zip(*parts))
        with torch.autocast(self.config.device, torch.bfloat16):
            logits = self.fine(*shown)
        return loss_of(logits.float(), labels, known)

    def save(self, path: Path) -> None:
        state = {
            "config": asdict(self.config),
            "coarse": self.coarse.state_dict(),
            "fine": self.fine.state_dict(),
            "optimiser": self.optimiser.state_dict() if self.optimiser else None,
            "part": self.part,
            "steps": self.steps,
            "seconds": self.seconds,
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        state = torch.load(path, map_location="cpu", weights_only=False)
        self.coarse.load_state_dict(state["coarse"])
        self.fine.load_state_dict(state["fine"])
        self.steps, self.seconds, self.part = state["steps"], state["seconds"], state["part"]
        if state["optimiser"]:
            network = self.coarse if self.part == "coarse" else self.fine
            self.optimiser = torch.optim.AdamW(network.parameters(), self.config.rate, weight_decay=self.config.decay)
            self.optimiser.load_state_dict(state["optimiser"])
        # What is drawn after a stop isn't what was drawn before it, nor what would have been without it.
        self.rng = np.random.default_rng([self.config.seed, 1, self.steps])


def train(run: Run, out: Path) -> None:
    """Until the configured minutes or steps are spent."""
    path, log, clock = RunFolder(out).checkpoint, (out / "log.jsonl").open("a"), clock_of(run.config.device)
    shown, losses = bar(total=1000, initial=round(run.progress * 1000)), []
    saved, last = time.monotonic(), clock()
    while run.progress < 1:
        part, loss = run.step()
        spent = clock()
        run.seconds, last = run.seconds + spent - last, spent
        losses.append(loss)
        if run.steps % REPORT_EVERY == 0 or run.progress >= 1:
            entry = {"steps": run.steps, "minutes": round(run.seconds / 60, 2), part: round(float(np.mean(losses)), 4)}
            log.write(json.dumps(entry) + "\n")
            log.flush()
            losses = []
            shown.set_postfix(entry, refresh=False)
            shown.update(round(run.progress * 1000) - shown.n)
        if time.monotonic() - saved > SAVE_EVERY_S or run.progress >= 1:
            run.save(path)
            saved = time.monotonic()
    print(f"{run.steps} steps; {path}")


def config_of(asked: Options) -> AutoSam2TrainConfig:
    """What was asked for.

    # Raises UserError for data that there is no training on.
    """
    networks = {"phantom": AutoSam2Config(), "lidc": AutoSam2Config(**AUTO_SAM2_LUNG)}
    if asked.on not in networks:
        raise UserError(f"--on {asked.on}: expected one of {', '.join(networks)}")
    network = networks[asked.on]
    network = replace(network, encoder=replace(network.encoder, encoder=asked.encoder))
    return AutoSam2TrainConfig(
        data=asked.on, minutes=asked.minutes, steps=asked.steps, rate=asked.rate, seed=asked.seed, device=asked.device,
        network=network,
    )  # fmt: skip


def train_auto_sam2(asked: Options) -> None:
    """Trains, or goes on with a training."""
    config, checkpoint = config_of(asked), RunFolder(asked.out).checkpoint
    keep_freed_memory()
    asked.out.mkdir(parents=True, exist_ok=True)
    begun = 0
    if asked.resume:
        state = torch.load(checkpoint, map_location="cpu", weights_only=False)
        stored, begun = AutoSam2TrainConfig.of(state["config"]), state["steps"]
        config = replace(stored, minutes=asked.minutes, steps=asked.steps, device=asked.device)
    source = Heads((config.seed, begun)) if config.data == "phantom" else Nodules(asked.cache, (config.seed, begun))
    run = Run(config, source.box)
    if asked.resume:
        run.restore(checkpoint)
    train(run, asked.out)
