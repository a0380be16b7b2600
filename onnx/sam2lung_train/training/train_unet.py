"""Trains a U-Net of the field.

Writes OUT/checkpoint.pt after each look at the development part (weights, their average, those that are shipped,
optimiser, generators, configuration) and OUT/log.jsonl. `resume` goes on from it. Minutes are those of a CPU thread, so
that trainings compare whatever else the machine does.
"""

import copy
import json
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch.nn import functional as F

from ..aliases import Record
from ..data import items
from ..data.items import Stack, Whole
from ..errors import UserError
from ..memory import keep_freed_memory
from ..networks.unet import UNet
from ..paths import CACHE
from ..run_folder import RunFolder
from ..systems import SYSTEMS, System, UnetTrainConfig
from .average import moved
from .train_boxes import ahead, clock_of
from .train_segmenter import rate_share
from .unet_windows import Windows, WindowSampler, straight

SMOOTH = 1.0  # pixels
DEVELOP_NODULES = {2: 200, 3: 16}  # that a look at the development part takes, by dimensions
STEPS_BETWEEN_LOOKS = 50  # at least, where a training's length is told in steps
# A network that marks everything has a recall of 1: a look counts only when its Dice is at least this share of the best.
WORTH = 0.9


@dataclass
class Options:
    """What is asked for."""

    out: Path  # the run's folder
    system: str  # one of SYSTEMS
    cache: Path = CACHE
    minutes: float = UnetTrainConfig.minutes
    steps: int = 0
    seed: int = 0
    device: str = "cpu"
    resume: bool = False  # go on from OUT/checkpoint.pt


def loss(logits: torch.Tensor, batch: Windows, system: System) -> torch.Tensor:
    """1 - overlap of the step's windows together, and the cross-entropy of what is known.

    Overlap = right / (right + (1 - missed) false + missed missing): Salehi et al. 2017, eq. 3; Dice where missed is 0.5.
    """
    probability = torch.sigmoid(logits) * batch.valid
    target = batch.target * batch.valid
    right, marked, wanted = (probability * target).sum(), probability.sum(), target.sum()
    total = right + (1 - system.missed) * (marked - right) + system.missed * (wanted - right)
    overlap = 1 - (right + SMOOTH) / (total + SMOOTH)
    if not system.entropy:
        return overlap
    entropy = F.binary_cross_entropy_with_logits(logits, batch.target, reduction="none") * batch.valid
    return overlap + system.entropy * entropy.sum() / batch.valid.sum().clamp(min=1)


class Run:
    """A training under way: everything that a checkpoint holds."""

    def __init__(self, config: UnetTrainConfig, stacks: list[Stack], wholes: list[Whole]) -> None:
        torch.manual_seed(config.seed)
        self.config, self.system = config, config.of
        self.network = UNet(self.system).to(config.device)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network, avg_fn=partial(moved, config.average), use_buffers=True
        )
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=config.rate, weight_decay=config.decay)
        self.sampler = WindowSampler(self.system, [s for s in stacks if not s.develop], wholes, config.seed)
        develop = [s for s in stacks if s.develop]
        self.develop = develop[:: max(1, len(develop) // DEVELOP_NODULES[self.system.dimensions])]
        self.steps, self.seconds = 0, 0.0
        self.looks: list[Record] = []
        self.shipped: dict = {}  # weights

    @property
    def progress(self) -> float:
        """Share of the training that is done."""
        if self.config.steps:
            return min(self.steps / self.config.steps, 1.0)
        return min(self.seconds / (self.config.minutes * 60), 1.0)

    def checked(self) -> int:
        """How many looks at the development part the progress so far asks for; few in a training of few steps."""
        few = 1 + self.config.steps // STEPS_BETWEEN_LOOKS if self.config.steps else self.config.checks
        return int(self.progress * min(self.config.checks, few))

    def step(self, batch: Windows) -> float:
        """One step; its loss."""
        batch = batch.to(self.config.device)
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate * rate_share(self.progress)
        self.network.train()
        masks = [mask.to(self.config.device) for mask in self.network.masks(len(batch.image))]
        with torch.autocast(self.config.device, torch.bfloat16):
            logits = self.network(batch.image, *masks)
        total = loss(logits.float(), batch, self.system)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.steps += 1
        return float(total.detach())

    @torch.no_grad()
    def look(self) -> Record:
        """Dice and recall of the averaged network, pooled over the pixels of development windows; what is shipped."""
        network = self.average.module.eval()
        found = torch.zeros(3)  # right, marked, wanted
        for stack in self.develop:
            image, target, valid = (part.to(self.config.device) for part in straight(self.system, stack))
            with torch.autocast(self.config.device, torch.bfloat16):
                logits = network(image, *(mask.to(self.config.device) for mask in network.masks(1, drop=False)))
            marked = (torch.sigmoid(logits.float()) > self.system.threshold) * valid
            target = target * valid
            found += torch.stack([(marked * target).sum(), marked.sum(), target.sum()]).cpu()
        right, marked, wanted = found.tolist()
        look = {"steps": self.steps, "dice": 2 * right / max(marked + wanted, 1), "recall": right / max(wanted, 1)}
        self.looks.append(look)
        if self.is_shipped(look):
            self.shipped = copy.deepcopy(network.state_dict())
        return look

    def is_shipped(self, look: Record) -> bool:
        """Whether the weights of the last look are those to ship, so far."""
        if self.system.keep == "last":
            return True
        worth = WORTH * max(other["dice"] for other in self.looks)
        return look["dice"] >= worth and look["recall"] >= max(o["recall"] for o in self.looks if o["dice"] >= worth)

    def save(self, path: Path) -> None:
        state = {
            "config": self.config.plain(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "shipped": self.shipped,
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
            "looks": self.looks,
            "numpy_state": self.sampler.rng.bit_generator.state,
            "torch_state": torch.get_rng_state(),
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        state = torch.load(path, map_location="cpu", weights_only=False)
        for name in ("network", "average", "optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.steps, self.seconds, self.looks, self.shipped = (
            state[name] for name in ("steps", "seconds", "looks", "shipped")
        )
        self.sampler.rng.bit_generator.state = state["numpy_state"]
        torch.set_rng_state(state["torch_state"])


def train(run: Run, out: Path) -> None:
    """Until the configured minutes or steps are spent."""
    path, log, clock = RunFolder(out).checkpoint, (out / "log.jsonl").open("a"), clock_of(run.config.device)
    stop, last, total, looked = threading.Event(), clock(), 0.0, run.steps
    due = run.checked() + 1
    for batch in ahead(run.sampler.batch, stop):
        total += run.step(batch)
        spent = clock()
        run.seconds += spent - last
        last = spent
        if run.checked() < due and run.progress < 1:
            continue
        due = run.checked() + 1
        entry = {"minutes": round(run.seconds / 60, 2), "loss": total / (run.steps - looked), **run.look()}
        log.write(json.dumps({name: round(value, 4) for name, value in entry.items()}) + "\n")
        log.flush()
        print(", ".join(f"{name} {value:.4g}" for name, value in entry.items()), flush=True)
        total, looked, last = 0.0, run.steps, clock()  # looking isn't training
        run.save(path)
        if run.progress >= 1:
            stop.set()
    print(f"{run.system.words}: {run.steps} steps; {path}")


def train_unet(asked: Options) -> None:
    """Trains, or goes on with a training, until the minutes or steps are spent.

    # Raises UserError for an unknown system, or another than was trained so far.
    """
    if asked.system not in SYSTEMS:
        raise UserError(f"--system {asked.system}: expected one of {', '.join(SYSTEMS)}")
    keep_freed_memory()
    asked.out.mkdir(parents=True, exist_ok=True)
    checkpoint = RunFolder(asked.out).checkpoint
    config = UnetTrainConfig(
        asked.system, minutes=asked.minutes, steps=asked.steps, seed=asked.seed, device=asked.device
    )
    if asked.resume:
        stored = UnetTrainConfig.read(torch.load(checkpoint, map_location="cpu", weights_only=False)["config"])
        if stored.system != asked.system:
            raise UserError(f"{checkpoint}: expected a training of {asked.system}, got one of {stored.system}")
        config = replace(stored, minutes=asked.minutes, steps=asked.steps, device=asked.device)
    wholes = items.load_wholes(asked.cache) if config.of.negatives else []
    run = Run(config, items.load_stacks(asked.cache), wholes)
    if asked.resume:
        run.restore(checkpoint)
    train(run, asked.out)
