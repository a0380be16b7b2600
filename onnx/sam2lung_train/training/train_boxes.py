"""Trains one member of the segmenter of boxes.

Writes OUT/checkpoint.pt every few minutes (weights, their average, optimiser, generators, configuration) and
OUT/log.jsonl. `resume` goes on from it. The learning rate follows the share of the minutes that is spent: minutes of a
CPU thread, so that designs can be compared while the machine does other things.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from ..data import items
from ..data.items import Stack
from ..errors import UserError
from ..memory import keep_freed_memory
from ..networks.box_network import BoxConfig, BoxNetwork
from ..paths import CACHE
from ..progress import bar
from ..run_folder import RunFolder
from .box_losses import Weights, loss
from .boxes import BoxSampler
from .develop_boxes import develop_dice
from .train_segmenter import rate_share

SAVE_EVERY_S = 120.0
REPORT_EVERY = 50  # steps
AHEAD = 4  # batches that wait
Made = TypeVar("Made")

# What is tried against each other: the planes that a slice brings along, and kernels' depths in encoder and decoder.
DESIGNS = {
    "3d": {},
    "2d": {"planes": 7, "encoder_depth": 1, "decoder_depth": 1, "widths": (16, 48, 96, 160)},
    "2d-3d": {"planes": 3, "encoder_depth": 1, "decoder_depth": 3, "widths": (16, 48, 96, 144)},
}


@dataclass
class BoxTrainConfig:
    """One training run."""

    minutes: float = 60.0
    batch: int = 8
    rate: float = 2e-3
    decay: float = 0.02
    average: float = 0.998  # of the weights that are shipped
    seed: int = 0
    design: str = "3d"
    weights: Weights = field(default_factory=Weights)

    def network(self) -> BoxConfig:
        return BoxConfig(**DESIGNS[self.design])

    @staticmethod
    def of(plain: dict) -> "BoxTrainConfig":
        return BoxTrainConfig(**{**plain, "weights": Weights(**plain["weights"])})


@dataclass
class Options:
    """What is asked for."""

    out: Path  # the run's folder
    cache: Path = CACHE
    minutes: float = BoxTrainConfig.minutes
    seed: int = 0
    rate: float = BoxTrainConfig.rate
    design: str = "3d"
    resume: bool = False  # go on from OUT/checkpoint.pt
    start_from: Path | None = None  # checkpoint whose weights a new training begins with


class Run:
    """A training under way: everything that a checkpoint holds."""

    def __init__(self, config: BoxTrainConfig, stacks: list[Stack]) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.network = BoxNetwork(config.network()).to(memory_format=torch.channels_last_3d)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network, avg_fn=partial(moved, config.average), use_buffers=True
        )
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=config.rate, weight_decay=config.decay)
        self.sampler = BoxSampler([s for s in stacks if not s.develop], config.batch, config.seed)
        self.develop = [s for s in stacks if s.develop]
        self.steps, self.seconds = 0, 0.0

    @property
    def progress(self) -> float:
        """Share of the training that is done."""
        return min(self.seconds / (self.config.minutes * 60), 1.0)

    def save(self, path: Path) -> None:
        state = {
            "config": asdict(self.config),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
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
        self.steps, self.seconds = state["steps"], state["seconds"]
        self.sampler.rng.bit_generator.state = state["numpy_state"]
        torch.set_rng_state(state["torch_state"])

    def start_from(self, path: Path) -> None:
        """Takes the averaged weights of another training."""
        weights = averaged(torch.load(path, map_location="cpu", weights_only=False))
        for network in (self.network, self.average.module):
            network.load_state_dict(weights)


def moved(
    decay: float, average: torch.Tensor, now: torch.Tensor, count: torch.Tensor | int
) -> torch.Tensor:
    """The exponential average, which follows faster at first: a short training must not ship its beginning."""
    count = int(count)
    kept = min(decay, (1 + count) / (10 + count))
    return average + (now - average) * (1 - kept) if average.is_floating_point() else now


def averaged(state: dict) -> dict[str, torch.Tensor]:
    """The averaged network's weights in a checkpoint."""
    return {name.removeprefix("module."): value for name, value in state["average"].items() if name != "n_averaged"}


def load_boxes(checkpoint: Path) -> BoxNetwork:
    """The averaged network of a checkpoint, ready to be looked through."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    network = BoxNetwork(BoxTrainConfig.of(state["config"]).network())
    network.load_state_dict(averaged(state))
    return network.eval()


def ahead(draw: Callable[[], Made], stop: threading.Event) -> Iterator[Made]:
    """What `draw` gives, drawn ahead by a thread of its own."""
    waiting: queue.Queue = queue.Queue(AHEAD)

    def work():
        while not stop.is_set():
            made = draw()
            while not stop.is_set():
                try:
                    waiting.put(made, timeout=0.5)
                    break
                except queue.Full:
                    continue

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while not stop.is_set():
        yield waiting.get()
    thread.join()


def step(run: Run, batch) -> dict[str, float]:
    """One step; the parts of its loss."""
    for group in run.optimiser.param_groups:
        group["lr"] = run.config.rate * rate_share(run.progress)
    run.network.train()
    boxes = batch.boxes.contiguous(memory_format=torch.channels_last_3d)
    with torch.autocast("cpu", torch.bfloat16):
        logits, deep = run.network(boxes, batch.clicks)
    total, parts = loss(logits.float(), deep, batch, run.config.weights)
    run.optimiser.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimiser.step()
    run.average.update_parameters(run.network)
    run.steps += 1
    return parts


def train(run: Run, out: Path) -> None:
    """Until the configured minutes are spent."""
    path, log = RunFolder(out).checkpoint, (out / "log.jsonl").open("a")
    stop, sums, saved, last = threading.Event(), {}, time.monotonic(), time.process_time()
    shown = bar(total=round(run.config.minutes * 60), initial=round(run.seconds), unit="s")
    for batch in ahead(run.sampler.batch, stop):
        for name, value in step(run, batch).items():
            sums[name] = sums.get(name, 0.0) + value
        now, spent = time.monotonic(), time.process_time()
        run.seconds += (spent - last) / torch.get_num_threads()
        last = spent
        if run.steps % REPORT_EVERY == 0:
            entry = {"steps": run.steps, "minutes": round(run.seconds / 60, 2)}
            entry |= {name: round(value / REPORT_EVERY, 5) for name, value in sums.items()}
            sums = {}
            log.write(json.dumps(entry) + "\n")
            log.flush()
            shown.set_postfix(entry, refresh=False)
            shown.update(round(run.seconds) - shown.n)
        if now - saved > SAVE_EVERY_S or run.progress >= 1:
            run.save(path)
            saved = now
        if run.progress >= 1:
            stop.set()
    print(f"{run.steps} steps; {develop_dice(run.average.module.eval(), run.develop)}; {path}")


def train_boxes(asked: Options) -> None:
    """Trains, or goes on with a training, until the minutes are spent."""
    if asked.design not in DESIGNS:
        raise UserError(f"--design {asked.design}: expected one of {', '.join(DESIGNS)}")
    keep_freed_memory()
    asked.out.mkdir(parents=True, exist_ok=True)
    checkpoint = RunFolder(asked.out).checkpoint
    config = BoxTrainConfig(minutes=asked.minutes, rate=asked.rate, seed=asked.seed, design=asked.design)
    if asked.resume:
        stored = BoxTrainConfig.of(torch.load(checkpoint, map_location="cpu", weights_only=False)["config"])
        config = replace(stored, minutes=asked.minutes)
    run = Run(config, items.load_stacks(asked.cache))
    if asked.resume:
        run.restore(checkpoint)
    elif asked.start_from:
        run.start_from(asked.start_from)
    train(run, asked.out)
