"""Writes the chain as a bundle: detector, classifier, and the members of the segmenter of boxes."""

import datetime
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from ..errors import UserError
from ..networks.box_network import BoxNetwork
from ..networks.classifier import Classifier, load_classifier
from ..networks.inference import load_boxes, load_network
from ..networks.network import Network
from ..run_folder import RunFolder
from .box_graphs import export_detector, export_member
from .chain_contract import DETECTOR_FILE, Spec, member_files, model_json
from .chain_parity import detector_differences, member_differences
from .contract import CLASSIFIER_FILE, provenance_fields, write
from .graphs import export_classifier
from .parity import classifier_differences, within_tolerance


def export_chain(detect: Path, segment: Sequence[Path], bundle: Path, version: str) -> None:
    """Writes the ONNX files and model.json, complete or not at all.

    `detect` is the detector's run, with its classifier, which is left out when it isn't there; `segment` the members'
    runs, the first of which holds the segmenter's calibration.
    """
    found, first = RunFolder(detect), RunFolder(segment[0])
    members = [load_boxes(RunFolder(run).checkpoint) for run in segment]
    if any(member.config != members[0].config for member in members):
        raise UserError(f"{', '.join(map(str, segment))}: expected members of one design")
    classifier = load_classifier(found.classifier) if found.classifier.exists() else None
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent) as scratch:
        made = Path(scratch) / "bundle"
        made.mkdir()
        differences = list(write_graphs(load_network(found.checkpoint), classifier, members, made))
        if not within_tolerance(differences):
            raise UserError(f"{bundle}: not written: its graphs differ from PyTorch by more than the tolerance")
        spec = model_json(
            found.read_calibration(), first.read_calibration(), members[0].config, len(members), made, version
        )
        write(made, spec | {"provenance": provenance_fields(trained(found, segment))})
        if bundle.exists():
            shutil.rmtree(bundle)
        made.rename(bundle)
    print(f"{bundle}: {sum(f.stat().st_size for f in bundle.iterdir()) / 1e6:.1f} MB")


def write_graphs(
    detector: Network, classifier: Classifier | None, members: Sequence[BoxNetwork], folder: Path
) -> Iterator[tuple[str, float]]:
    """Writes the ONNX files into `folder`; how far each is from PyTorch."""
    torch.manual_seed(0)
    export_detector(detector, folder / DETECTOR_FILE)
    yield from detector_differences(detector, folder / DETECTOR_FILE)
    if classifier:
        export_classifier(classifier, folder / CLASSIFIER_FILE)
        yield from classifier_differences(classifier, folder / CLASSIFIER_FILE)
    for n, member in enumerate(members):
        files = [folder / name for name in member_files(n)]
        export_member(member, *files)
        yield from member_differences(member, *files)


def trained(detect: RunFolder, segment: Sequence[Path]) -> Spec:
    """How each network was trained."""

    def of(checkpoint: Path) -> Spec:
        state = torch.load(checkpoint, map_location="cpu", weights_only=False)
        return {"steps": state["steps"], "minutes": round(state["seconds"] / 60, 1), "config": state["config"]}

    return {
        "detect": of(detect.checkpoint),
        "segment": [of(RunFolder(run).checkpoint) for run in segment],
        "exported": datetime.date.today().isoformat(),
        "config": {},
    }
