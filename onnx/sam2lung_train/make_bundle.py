"""From the CTs to a bundle of a slice network: every step, one after the other. The default bundle: `make_chain`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .data import items
from .data.originals.plan import Originals
from .data.pack import pack
from .errors import UserError
from .export.bundle import export
from .export.parity import check_parity
from .paths import CACHE, DATA
from .run_folder import RunFolder
from .steps import Step, is_trained, make
from .training import fit_uncertainty, train_segmenter
from .training.calibrate_classifier import calibrate_classifier
from .training.calibrate_segmenter import calibrate_segmenter
from .training.find import find
from .training.train_classifier import train_classifier


@dataclass
class Options:
    """What a bundle is made of."""

    run: Path  # folder of everything that is made; the bundle is RUN/bundle
    sam2lung: Path  # the built command line
    data: Path = DATA
    cache: Path = CACHE
    minutes: float = 80.0  # of the segmenter's training
    classifier_minutes: float = 20.0
    rate: float = 2e-3
    start_from: Path | None = None  # checkpoint whose weights the training begins with
    device: str = "cpu"  # or "cuda"
    version: str = "0.2.0"


def steps(asked: Options) -> Iterator[Step]:
    """Each step in turn; whether it is done is seen when its turn comes."""
    run, cache, folder = asked.run, asked.cache, RunFolder(asked.run)
    resume = folder.checkpoint.exists()
    training = train_segmenter.Options(
        out=run,
        cache=cache,
        minutes=asked.minutes,
        rate=asked.rate,
        device=asked.device,
        resume=resume,
        start_from=None if resume else asked.start_from,
    )
    fit = fit_uncertainty.Options(run=run, sam2lung=asked.sam2lung, model=folder.bundle, cache=cache)
    into = (run, folder.bundle, asked.version)

    yield Step("pack-data", (cache / items.WHOLES).exists(), lambda: pack(cache, Originals(data=asked.data)))
    yield Step("train", is_trained(folder.checkpoint), lambda: train_segmenter.train_segmenter(training))
    yield Step("calibrate", "temperature" in folder.chosen(), lambda: calibrate_segmenter(cache, run))
    yield Step("find", folder.findings.exists(), lambda: find(asked.data, cache, run, asked.sam2lung))
    trained = folder.classifier_weights().exists()
    yield Step("train-classifier", trained, lambda: train_classifier(run, asked.classifier_minutes))
    yield Step("calibrate-classifier", "classifier_points" in folder.chosen(), lambda: calibrate_classifier(run))
    fitted = "uncertainty" in folder.chosen()
    yield Step("export", fitted, lambda: export(*into))
    yield Step("fit-uncertainty", fitted, lambda: fit_uncertainty.fit_uncertainty(fit))
    yield Step("export", False, lambda: export(*into))
    yield Step("parity", False, lambda: check_or_refuse(run, folder.bundle))


def check_or_refuse(run: Path, bundle: Path) -> None:
    """# Raises UserError when the graphs don't compute what PyTorch does."""
    if not check_parity(run, bundle):
        raise UserError(f"{bundle}: its graphs differ from PyTorch by more than the tolerance")


def make_bundle(asked: Options) -> None:
    """Passes over what is done, and training goes on from its checkpoint: after an interruption the same call goes on."""
    asked.run.mkdir(parents=True, exist_ok=True)
    make(steps(asked))
