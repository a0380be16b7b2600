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
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from ..config import DESIGNS, BoxTrainConfig
from ..data import items
from ..data.items import Stack
from ..errors import UserError
from ..memory import keep_freed_memory
from ..networks.box_network import BoxNetwork
from ..networks.inference import averaged_weights
from ..paths import CACHE
from ..progress import bar
from ..run_folder import RunFolder
from .average import moved
from .box_losses import loss
from .boxes import Boxes, BoxSampler
from .develop_boxes import develop_dice
from .train_segmenter import rate_share

SAVE_EVERY_S = 120.0
REPORT_EVERY = 50  # steps
AHEAD = 4  # batches that wait
Made = TypeVar("Made")


@dataclass
class Options:
    """What is asked for."""

    out: Path  # the run's folder
    cache: Path = CACHE
    minutes: float = BoxTrainConfig.minutes
    seed: int = 0
    rate: float = BoxTrainConfig.rate
    design: str = "3d"
    device: str = "cpu"
    resume: bool = False  # go on from OUT/checkpoint.pt
    start_from: Path | None = None  # checkpoint whose weights a new training begins with


class Run:
    """A training under way: everything that a checkpoint holds."""

    def __init__(self, config: BoxTrainConfig, stacks: list[Stack]) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.network = BoxNetwork(config.network()).to(config.device, memory_format=torch.channels_last_3d)
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
        weights = averaged_weights(torch.load(path, map_location="cpu", weights_only=False))
        for network in (self.network, self.average.module):
            network.load_state_dict(weights)


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


def step(run: Run, batch: Boxes) -> dict[str, float]:
    """One step; the parts of its loss."""
    batch = batch.to(run.config.device)
    for group in run.optimiser.param_groups:
        group["lr"] = run.config.rate * rate_share(run.progress)
    run.network.train()
    boxes = batch.boxes.contiguous(memory_format=torch.channels_last_3d)
    with torch.autocast(run.config.device, torch.bfloat16):
        logits, deep = run.network(boxes, batch.clicks)
    total, parts = loss(logits.float(), deep, batch, run.config.weights)
    run.optimiser.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    run.optimiser.step()
    run.average.update_parameters(run.network)
    run.steps += 1
    return parts


def clock_of(device: str) -> Callable[[], float]:
    """Seconds of a thread on the CPU, so that what else the machine does doesn't count; else seconds."""
    threads = torch.get_num_threads()
    return (lambda: time.process_time() / threads) if device == "cpu" else time.monotonic


def train(run: Run, out: Path) -> None:
    """Until the configured minutes are spent."""
    path, log, clock = RunFolder(out).checkpoint, (out / "log.jsonl").open("a"), clock_of(run.config.device)
    stop, sums, saved, last = threading.Event(), {}, time.monotonic(), clock()
    shown = bar(total=round(run.config.minutes * 60), initial=round(run.seconds), unit="s")
    for batch in ahead(run.sampler.batch, stop):
        for name, value in step(run, batch).items():
            sums[name] = sums.get(name, 0.0) + value
        now, spent = time.monotonic(), clock()
        run.seconds += spent - last
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
    print(f"{run.steps} steps; {develop_dice(run.average.module.eval().cpu(), run.develop)}; {path}")


def train_boxes(asked: Options) -> None:
    """Trains, or goes on with a training, until the minutes are spent."""
    if asked.design not in DESIGNS:
        raise UserError(f"--design {asked.design}: expected one of {', '.join(DESIGNS)}")
    keep_freed_memory()
    asked.out.mkdir(parents=True, exist_ok=True)
    checkpoint = RunFolder(asked.out).checkpoint
    config = BoxTrainConfig(
        minutes=asked.minutes, rate=asked.rate, seed=asked.seed, design=asked.design, device=asked.device
    )
    if asked.resume:
        stored = BoxTrainConfig.of(torch.load(checkpoint, map_location="cpu", weights_only=False)["config"])
        config = replace(stored, minutes=asked.minutes, device=asked.device)
    run = Run(config, items.load_stacks(asked.cache))
    if asked.resume:
        run.restore(checkpoint)
    elif asked.start_from:
        run.start_from(asked.start_from)
    train(run, asked.out)
