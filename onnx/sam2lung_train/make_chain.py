"""From the CTs to a chain, as the default bundle is one: detector, classifier, members of the segmenter."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .data import items
from .data.originals.plan import Originals
from .data.pack import pack
from .export.chain import export_chain
from .paths import CACHE, DATA
from .run_folder import RunFolder
from .steps import Step, is_trained, make
from .training import train_boxes, train_segmenter
from .training.calibrate_boxes import calibrate_boxes
from .training.calibrate_classifier import calibrate_classifier
from .training.calibrate_detector import calibrate_detector
from .training.find import find
from .training.train_classifier import train_classifier


@dataclass
class Options:
    """What a chain is made of."""

    runs: Path  # folder of everything that is made: RUNS/detect, RUNS/member1 …; the bundle is RUNS/chain
    sam2lung: Path  # the built command line
    version: str  # of the model
    data: Path = DATA
    cache: Path = CACHE
    members: int = 3  # of the segmenter
    minutes: float = 75.0  # of each member's training, of a CPU thread or of the GPU
    detector_minutes: float = 90.0
    classifier_minutes: float = 25.0
    device: str = "cpu"  # or "cuda"


def steps(asked: Options) -> Iterator[Step]:
    """Each step in turn; whether it is done is seen when its turn comes."""
    cache, detect = asked.cache, asked.runs / "detect"
    found = RunFolder(detect)
    members = [asked.runs / f"member{n}" for n in range(1, asked.members + 1)]

    yield Step("pack-data", (cache / items.WHOLES).exists(), lambda: pack(cache, Originals(data=asked.data)))
    yield Step("train --role detect", is_trained(found.checkpoint), lambda: train_detector(asked, found))
    yield Step("calibrate-detector", "threshold" in found.chosen(), lambda: calibrate_detector(cache, detect))
    yield Step("find", found.findings.exists(), lambda: find(asked.data, cache, detect, asked.sam2lung))
    trained = found.classifier_weights().exists()
    yield Step("train-classifier", trained, lambda: train_classifier(detect, asked.classifier_minutes))
    yield Step("calibrate-classifier", "classifier_points" in found.chosen(), lambda: calibrate_classifier(detect))
    for seed, member in enumerate(members, start=1):
        done = is_trained(RunFolder(member).checkpoint)
        yield Step(f"train-boxes --seed {seed}", done, lambda: train_member(asked, member, seed))
    chosen = "noise_scale" in RunFolder(members[0]).chosen()
    yield Step("calibrate-boxes", chosen, lambda: calibrate_boxes(cache, members))
    yield Step("export-chain", False, lambda: export_chain(detect, members, asked.runs / "chain", asked.version))


def train_detector(asked: Options, folder: RunFolder) -> None:
    train_segmenter.train_segmenter(
        train_segmenter.Options(
            out=folder.checkpoint.parent,
            cache=asked.cache,
            minutes=asked.detector_minutes,
            device=asked.device,
            role="detect",
            resume=folder.checkpoint.exists(),
        )
    )


def train_member(asked: Options, run: Path, seed: int) -> None:
    train_boxes.train_boxes(
        train_boxes.Options(
            out=run,
            cache=asked.cache,
            minutes=asked.minutes,
            seed=seed,
            device=asked.device,
            resume=RunFolder(run).checkpoint.exists(),
        )
    )


def make_chain(asked: Options) -> None:
    """Passes over what is done, and trainings go on from their checkpoints: after an interruption the same call goes on."""
    asked.runs.mkdir(parents=True, exist_ok=True)
    make(steps(asked))
