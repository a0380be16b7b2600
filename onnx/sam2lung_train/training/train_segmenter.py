"""Trains the segmenter.

Writes OUT/checkpoint.pt every few minutes (weights, their average, optimiser, generators, configuration, hard
negatives), OUT/log.jsonl and OUT/tensorboard. Stopping it is harmless: `resume` goes on from the last checkpoint. The
learning rate follows the share of the minutes that is spent. `start_from` begins a new training, with its own schedule,
at the averaged weights of another.

With a SAM 2 encoder and a checkpoint of it, that encoder is frozen for a share of the time, then learns at a tenth of
the rate.
"""

import hashlib
import json
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from ..aliases import Record
from ..config import DETECT_PIXEL_MM, DETECT_WINDOW_PX, HIERA_WINDOW_PX, NetworkConfig, TrainConfig
from ..data import items
from ..data.insert import with_nodules as inserted
from ..data.items import Stack, Whole
from ..errors import UserError
from ..evaluation.metrics import dice
from ..memory import keep_freed_memory
from ..networks.inference import averaged_weights, slice_logits, undropped, volume_logits
from ..networks.network import Network
from ..paths import CACHE
from ..progress import bar
from ..run_folder import RunFolder
from .losses import loss
from .windows import Batch, Sampler

SAVE_EVERY_S = 180.0
INSERTED = 60  # nodules that are set into each whole CT
REPORT_EVERY = 100  # steps
AHEAD = 4  # batches that wait
HARD_ABOVE = 0.3  # probability from which a place that is no nodule is worth another look
THIN_MM, THIN_STEP, THICK_STEP = 2.0, 4, 2  # every fourth slice is mined where slices are thin, else every second


@dataclass
class Options:
    """What is asked for."""

    out: Path  # the run's folder
    cache: Path = CACHE
    minutes: float = TrainConfig.minutes
    seed: int = 0
    device: str = "cpu"
    rate: float = TrainConfig.rate  # highest learning rate
    resume: bool = False  # go on from OUT/checkpoint.pt
    start_from: Path | None = None  # checkpoint whose weights a new training begins with
    window: int | None = None  # side of the training windows, pixels, a multiple of 16
    role: str = "segment"  # or "detect"
    encoder: str = "compact"  # or one of networks.hiera.SIZES
    checkpoint: Path | None = None  # local file with SAM 2's weights
    side: int = NetworkConfig.side  # of the picture that Hiera sees, pixels
    frozen: float = TrainConfig.frozen  # share of the time that SAM 2's weights stay

    def __post_init__(self) -> None:
        if self.checkpoint and (self.encoder == "compact" or self.resume or self.start_from):
            raise UserError("--checkpoint is for a new training of a sam2.1 --encoder")


class Run:
    """A training under way: everything that a checkpoint holds."""

    def __init__(self, config: TrainConfig, stacks: list[Stack], wholes: list[Whole]) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, torch.device(config.device)
        self.network = Network(config.network).to(self.device, memory_format=torch.channels_last)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.average), use_buffers=True
        )
        self.optimiser = torch.optim.AdamW(
            parameter_groups(self.network, config), lr=config.rate, weight_decay=config.decay
        )
        own = [s for s in stacks if not s.develop]
        set_in = np.random.default_rng(config.seed)
        with_nodules = [inserted(whole, own, INSERTED, set_in) for whole in wholes] if config.inserted else []
        self.sampler = Sampler(own, wholes, config, [whole for whole in with_nodules if (whole.votes >= 128).any()])
        self.develop = [s for s in stacks if s.develop and s.calibrated]
        self.steps, self.seconds, self.mined = 0, 0.0, 0

    @property
    def progress(self) -> float:
        """Share of the training that is done."""
        if self.config.steps:
            return min(self.steps / self.config.steps, 1.0)
        return min(self.seconds / (self.config.minutes * 60), 1.0)

    def save(self, path: Path) -> None:
        state = {
            "config": self.config.plain(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
            "mined": self.mined,
            "hard": self.sampler.hard,
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
        self.steps, self.seconds, self.mined = state["steps"], state["seconds"], state["mined"]
        if len(state["hard"]) != len(self.sampler.hard):
            raise UserError(
                f"{path} was trained on {len(state['hard'])} whole CTs, the cache holds {len(self.sampler.hard)}: use --start-from"
            )
        self.sampler.hard = state["hard"]
        self.sampler.rng.bit_generator.state = state["numpy_state"]
        torch.set_rng_state(state["torch_state"])

    def start_from(self, path: Path) -> None:
        """Takes the averaged weights and the hard negatives of another training."""
        state = torch.load(path, map_location="cpu", weights_only=False)
        weights = averaged_weights(state)
        new = set(self.network.state_dict()) - set(weights)
        if any(not name.startswith("decoder.prompt.") for name in new):
            raise UserError(f"{path} lacks {sorted(new)}: expected a network of this shape, with or without clicks")
        for network in (self.network, self.average.module):
            network.load_state_dict(weights, strict=False)
        if len(state["hard"]) == len(self.sampler.hard):  # of the same whole CTs
            self.sampler.hard = state["hard"]
        self.config = replace(self.config, checkpoint=state["config"].get("checkpoint", ""))

    def load_encoder(self, file: Path) -> None:
        """Takes a SAM 2 checkpoint for the encoder."""
        from ..networks.hiera import load_checkpoint  # the only part that needs transformers

        left = load_checkpoint(self.network.encoder, file)
        self.average.module.encoder.load_state_dict(self.network.encoder.state_dict())
        print(
            f"{self.config.network.encoder} begins at {self.config.checkpoint}; {left} tensors of other parts left out"
        )

    def step(self, batch: Batch) -> dict[str, float]:
        """One step; the parts of its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate * group.get("share", 1.0) * rate_share(self.progress)
        frozen = self.progress < self.config.frozen or self.config.frozen >= 1
        for parameter in self.network.encoder.pretrained():
            parameter.requires_grad_(not frozen)
        self.network.train()
        batch = batch.to(self.device)
        slices = batch.slices.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.network(slices, batch.offsets_mm, batch.clicks)
        total, parts = loss(logits.float(), batch, self.config, self.progress)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.steps += 1
        return parts

    def mine(self) -> None:
        """Looks for places of the whole CTs that the network wrongly takes for nodules."""
        network = self.average.module.eval()
        for n, whole in enumerate(bar(self.sampler.wholes, desc="hard negatives")):
            step = THIN_STEP if whole.spacing_mm[0] < THIN_MM else THICK_STEP
            start = int(self.sampler.rng.integers(step))
            found = [hard_places(network, whole, k, self.device) for k in range(start, len(whole.hu), step)]
            self.sampler.hard[n] = np.concatenate([whole.hard, *found])
        self.mined += 1

    def develop_dice(self) -> float:
        """Mean 3-D Dice on the development part, without dropout: for watching, and for choosing between runs."""
        network = self.average.module.eval()
        scores = []
        for stack in self.develop:
            reference = stack.votes >= 128
            if reference.any():
                spacing = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
                logits = volume_logits(network, stack.hu, spacing, undropped(network, self.device))
                scores.append(dice(logits[0] > 0, reference))
        return float(np.mean(scores))


def parameter_groups(network: Network, config: TrainConfig) -> list[Record]:
    """Parameters that begin at another's weights apart, with their own share of the learning rate."""
    pretrained = network.encoder.pretrained()
    apart = {id(parameter) for parameter in pretrained}
    new = [parameter for parameter in network.parameters() if id(parameter) not in apart]
    groups = [{"params": new, "share": 1.0}]
    return groups + [{"params": pretrained, "share": config.pretrained_rate}] if pretrained else groups


def rate_share(progress: float) -> float:
    """Warm-up over the first 3 %, then a half cosine to a hundredth."""
    return min(progress / 0.03 + 0.02, 1.0) * (0.505 + 0.495 * np.cos(np.pi * progress))


def hard_places(network: Network, whole: Whole, k: int, device: str | torch.device) -> np.ndarray:
    """Voxels (N, 3), one for each patch of slice `k` that looks like a nodule and isn't known to be one."""
    logits = slice_logits(network, whole.hu, whole.spacing_mm, k, undropped(network, device))
    probability = torch.sigmoid(logits[0]).numpy()
    wrong = (probability > HARD_ABOVE) & whole.known[k] & (whole.votes[k] == 0)
    patches, count = ndimage.label(wrong)
    centres = ndimage.maximum_position(probability, patches, range(1, count + 1)) if count else []
    return np.array([(k, j, i) for j, i in centres], int).reshape(-1, 3)


def batches(sampler: Sampler, stop: threading.Event) -> Iterator[Batch]:
    """Batches, drawn ahead by a thread of their own."""
    waiting = queue.Queue(AHEAD)

    def draw():
        while not stop.is_set():
            batch = sampler.batch()
            while not stop.is_set():
                try:
                    waiting.put(batch, timeout=0.5)
                    break
                except queue.Full:
                    continue

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    while not stop.is_set():
        yield waiting.get()
    thread.join()


def train(run: Run, out: Path) -> None:
    """Until the configured minutes are spent."""
    path, log = RunFolder(out).checkpoint, (out / "log.jsonl").open("a")
    board = SummaryWriter(out / "tensorboard")
    stop, sums, saved, last = threading.Event(), {}, time.monotonic(), time.monotonic()
    shown = bar(total=round(run.config.minutes * 60), initial=round(run.seconds), unit="s")
    for batch in batches(run.sampler, stop):
        for name, value in run.step(batch).items():
            sums[name] = sums.get(name, 0.0) + value
        if run.mined < len(run.config.mine_at) and run.progress > run.config.mine_at[run.mined]:
            run.mine()
            reached = run.develop_dice()
            board.add_scalar("development Dice", reached, run.steps)
            tqdm.write(f"hard places: {[len(h) for h in run.sampler.hard]}; development Dice {reached:.4f}")
        now = time.monotonic()
        run.seconds += now - last
        last = now
        if run.steps % REPORT_EVERY == 0:
            entry = {"steps": run.steps, "minutes": round(run.seconds / 60, 2)}
            entry |= {name: round(value / REPORT_EVERY, 5) for name, value in sums.items()}
            for name in sums:
                board.add_scalar(f"loss/{name}", entry[name], run.steps)
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
    print(f"{run.steps} steps, development Dice {run.develop_dice():.4f}; {path}")


def begun(asked: Options) -> TrainConfig:
    """The configuration of a new training."""
    config = TrainConfig(minutes=asked.minutes, seed=asked.seed, rate=asked.rate, device=asked.device)
    if asked.role == "detect":
        network = NetworkConfig(pixel_mm=DETECT_PIXEL_MM, own_slices=True)
        window = asked.window or DETECT_WINDOW_PX
        return replace(
            config,
            window_px=window,
            target="any",
            inserted=4,
            clamped_share=0.5,
            click_share=0.0,
            mine_at=(0.1, 0.35, 0.65),
            network=network,
        )
    if asked.encoder == "compact":
        return replace(config, window_px=asked.window or config.window_px)
    config = replace(
        config,
        window_px=asked.window or HIERA_WINDOW_PX,
        network=NetworkConfig(encoder=asked.encoder, side=asked.side),
        frozen=asked.frozen,
    )
    if asked.start_from:
        return config
    if not asked.checkpoint:
        print(
            f"{asked.encoder} begins at RANDOM weights, not SAM 2's: no --checkpoint. It isn't frozen, and learns at the full rate."
        )
        return replace(config, frozen=0.0, pretrained_rate=1.0)
    digest = hashlib.sha256(asked.checkpoint.read_bytes()).hexdigest()
    return replace(config, checkpoint=f"{asked.checkpoint.name} sha256 {digest}")


def train_segmenter(asked: Options) -> None:
    """Trains, or goes on with a training, until the minutes are spent."""
    keep_freed_memory()
    asked.out.mkdir(parents=True, exist_ok=True)
    checkpoint = RunFolder(asked.out).checkpoint
    if asked.resume:
        stored = TrainConfig.of(torch.load(checkpoint, map_location="cpu", weights_only=False)["config"])
        config = replace(stored, minutes=asked.minutes, device=asked.device)
    else:
        config = begun(asked)
    run = Run(config, items.load_stacks(asked.cache), items.load_wholes(asked.cache))
    if asked.resume:
        run.restore(checkpoint)
    elif asked.start_from:
        run.start_from(asked.start_from)
    elif asked.checkpoint:
        run.load_encoder(asked.checkpoint)
    train(run, asked.out)
