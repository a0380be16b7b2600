"""A bundle whose detector works in 8 bits, if what it finds stays what it was.

The graph is [made lean](../export/lean.py) and quantised on slices of the whole CTs and of crops, none of the development
part. Then the bundle's detector and the one in 8 bits answer for the development nodules, in crops as they are and gone on
with, and are compared at the bundle's own threshold, temperature and bias:

- recall: nodules of `SMALLEST_MM` and more with a voxel of their consensus above the threshold;
- false candidates a crop: voxels above it that hang together and hold none that some reader marked;
- ECE of the probability near the consensus.

What a call costs is measured in turn, on one thread.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from scipy import ndimage

from ..aliases import Record, Spacing
from ..config import NEIGHBOUR_STEP_MM
from ..data import items
from ..data.beyond import gone_on
from ..data.items import Stack, Whole, as_marked
from ..errors import UserError
from ..evaluation import metrics, tables
from ..export import contract
from ..export.lean import lean
from ..export.quantise import Feed, quantised
from ..export.rewrite import with_changed_graphs
from ..networks.inference import at_voxels, network_input, over_own_slices, own_slices
from ..progress import bar
from .calibrate_detector import SMALLEST_MM, sigmoid

# How much worse the detector in 8 bits may be: stated before it was measured.
RECALL_LOST, FALSE_MORE, ECE_MORE = 0.005, 0.02, 0.002
CALLS = 20  # of each graph, for what a call costs


@dataclass
class Options:
    """What is asked for."""

    bundle: Path  # stays as it is
    cache: Path  # packed training data
    out: Path  # a new folder
    version: str  # of the model that is written
    slices: int = 40  # of whole CTs, and as many of nodules, that steps are chosen from


@dataclass
class Detector:
    """A detector's graph on one thread, and how a bundle reads its answer."""

    session: onnxruntime.InferenceSession
    tensors: Record  # names: image, offsets_mm, logits
    pixel_mm: float
    temperature: float
    bias: float
    threshold: float

    def feed(self, own: np.ndarray, own_mm: Spacing, k: int) -> Feed:
        """Inputs of the graph for slice k of a volume on the network's slices."""
        slices, offsets = network_input(own, k, own_mm, self.pixel_mm)
        return {self.tensors["image"]: slices.numpy(), self.tensors["offsets_mm"]: offsets.numpy()}

    def probabilities(self, hu: np.ndarray, spacing_mm: Spacing) -> np.ndarray:
        """Of a volume's voxels."""

        def answer(own: np.ndarray, own_mm: Spacing, k: int) -> torch.Tensor:
            (logits,) = self.session.run([self.tensors["logits"]], self.feed(own, own_mm, k))
            return at_voxels(torch.from_numpy(logits[0]), own.shape, own_mm, self.pixel_mm)[0]

        return sigmoid(over_own_slices(hu, spacing_mm, answer) / self.temperature + self.bias)


def detector_of(path: Path, spec: Record) -> Detector:
    """The graph at `path` as the bundle with that model.json reads it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    role, threshold = spec["detect"], spec["decision"]["candidates"]["threshold"]
    read = role["calibration"]
    pixel_mm = role["grid"]["spacing_mm"][1]
    return Detector(session, role["tensors"], pixel_mm, read["temperature"], read["bias"], threshold)


@dataclass
class Measured:
    """What a detector found in volumes that show a nodule each."""

    found: list[bool] = field(default_factory=list)  # nodules of SMALLEST_MM and more
    false: list[int] = field(default_factory=list)  # candidates of each volume
    bins: np.ndarray = field(default_factory=lambda: np.zeros((3, metrics.ECE_BINS)))

    def add(self, probability: np.ndarray, votes: np.ndarray, threshold: float, counts: bool) -> None:
        """Of one volume; `counts`: whether its nodule has to be found."""
        consensus = votes >= 128
        if counts:
            self.found.append(bool(probability[consensus].max() > threshold))
        labels, count = ndimage.label(probability > threshold, np.ones((3, 3, 3)))
        marked = np.unique(labels[votes > 0])
        self.false.append(count - int((marked > 0).sum()))
        near = metrics.neighbourhood(consensus)
        self.bins = self.bins + metrics.calibration_bins(probability[near], consensus[near])

    @property
    def recall(self) -> float:
        return float(np.mean(self.found))

    @property
    def false_a_crop(self) -> float:
        return float(np.mean(self.false))

    @property
    def ece(self) -> float:
        return metrics.ece(self.bins)


def quantise_detector(asked: Options) -> None:
    """Writes the bundle, whole or not at all, and prints what was measured.

    # Raises UserError where the bundle's detector isn't of this package, or is worse in 8 bits than it may be.
    """
    torch.set_num_threads(1)  # it only resamples slices: threads cost more than they bring
    spec = contract.read(asked.bundle)
    file = detector_file(spec, asked.bundle)
    shown = [s for s in items.load_stacks(asked.cache) if (s.votes >= 128).any()]
    before = detector_of(asked.bundle / file, spec)
    feeds = of_wholes(before, items.load_wholes(asked.cache), asked.slices)
    feeds += of_nodules(before, [s for s in shown if not s.develop], asked.slices)

    def change(made: Path, _: Record) -> list[str]:
        onnx.save(quantised(lean(onnx.load(made / file)), feeds), made / file)
        detectors = {"as it is": before, "in 8 bits": detector_of(made / file, spec)}
        found = dict(zip(detectors, measure(list(detectors.values()), [s for s in shown if s.develop])))
        cost = dict(zip(detectors, milliseconds(list(detectors.values()), feeds[0])))
        print(table(found, cost))
        if worse := what_is_worse(*found.values()):
            raise UserError(f"{asked.out}: not written: in 8 bits {'; '.join(worse)}")
        return [file]

    with_changed_graphs(asked.bundle, asked.out, asked.version, change)


def detector_file(spec: Record, bundle: Path) -> str:
    """The graph of the role `detect`.

    # Raises UserError where it is no slice network on its own slices, of one member.
    """
    role = spec.get("detect") or {}
    own_mm = role.get("grid", {}).get("spacing_mm", [None])[0]
    if role.get("kind") != "slice" or own_mm != NEIGHBOUR_STEP_MM or len(role.get("members", ())) != 1:
        raise UserError(
            f"{bundle}: got another detector, or none; expected one slice network on slices {NEIGHBOUR_STEP_MM:g} mm apart, "
            "as export-chain writes it"
        )
    return role["members"][0]["graph"]["file"]


def of_wholes(detector: Detector, wholes: Sequence[Whole], count: int) -> list[Feed]:
    """Inputs for `count` slices of whole CTs, drawn at random from one after the other."""
    rng, feeds = np.random.default_rng(0), []
    for n, whole in enumerate(bar(wholes, "slices of whole CTs")):
        own, own_mm = own_slices(whole.hu, whole.spacing_mm)
        share = len(range(n, count, len(wholes)))
        feeds += [detector.feed(own, own_mm, int(k)) for k in rng.integers(len(own), size=share)]
    return feeds


def of_nodules(detector: Detector, stacks: Sequence[Stack], count: int) -> list[Feed]:
    """Inputs for the middle slices of `count` nodules, in crops that are gone on with: whole CTs show too few nodules for
    steps that hold the largest numbers one makes.
    """
    rng, feeds = np.random.default_rng(0), []
    for n in rng.permutation(len(stacks))[:count]:
        stack = stacks[n]
        own, own_mm = own_slices(gone_on(stack, rng)[0], (stack.step_mm, stack.pixel_mm, stack.pixel_mm))
        feeds.append(detector.feed(own, own_mm, len(own) // 2))
    return feeds


def measure(detectors: Sequence[Detector], stacks: Sequence[Stack]) -> list[Measured]:
    """Each detector on each nodule's crop, as it is and gone on with."""
    rng, measured = np.random.default_rng(0), [Measured() for _ in detectors]
    for stack in bar(stacks, "development part"):
        spacing_mm = (stack.step_mm, stack.pixel_mm, stack.pixel_mm)
        for hu, votes in (as_marked(stack), gone_on(stack, rng)):
            for detector, into in zip(detectors, measured):
                probability = detector.probabilities(hu, spacing_mm)
                into.add(probability, votes, detector.threshold, stack.diameter_mm >= SMALLEST_MM)
    return measured


def milliseconds(detectors: Sequence[Detector], feed: Feed) -> list[float]:
    """CPU time of a call on the thread that asks, the median of `CALLS` in turn."""
    spent: list[list[float]] = [[] for _ in detectors]
    for call in range(CALLS + 1):
        for detector, into in zip(detectors, spent):
            started = time.thread_time()
            detector.session.run(None, feed)
            if call:  # the first one also finds its memory
                into.append(1000 * (time.thread_time() - started))
    return [float(np.median(times)) for times in spent]


def what_is_worse(before: Measured, after: Measured) -> list[str]:
    """What of `after` is worse than it may be, in words."""
    limits = (
        ("recall", after.recall, "at least", before.recall - RECALL_LOST),
        ("false candidates a crop", after.false_a_crop, "at most", before.false_a_crop * (1 + FALSE_MORE)),
        ("ECE", after.ece, "at most", before.ece + ECE_MORE),
    )
    held = {"at least": lambda got, limit: got >= limit, "at most": lambda got, limit: got <= limit}
    return [
        f"{what} is {got:.4f}, expected {which} {limit:.4f}"
        for what, got, which, limit in limits
        if not held[which](got, limit)
    ]


def table(found: dict[str, Measured], cost: dict[str, float]) -> str:
    """One row a detector, as Markdown."""
    some = next(iter(found.values()))
    head = [
        f"Detector, {len(some.false)} crops of the development part",
        f"Recall, {len(some.found)} nodules of {SMALLEST_MM:g} mm and more",
        "False candidates a crop",
        "ECE near them",
        "ms of CPU a call",
    ]
    rows = [
        [name, f"{m.recall:.4f}", f"{m.false_a_crop:.3f}", f"{m.ece:.4f}", f"{cost[name]:.1f}"]
        for name, m in found.items()
    ]
    return tables.table(head, rows)
