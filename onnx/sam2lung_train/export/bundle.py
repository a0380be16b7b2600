"""Writes a run as a bundle."""

import datetime
import shutil
import tempfile
from pathlib import Path

import torch

from ..networks.classifier import load_classifier
from ..networks.inference import load_network
from ..run_folder import RunFolder
from . import contract
from .graphs import export_graphs


def export(run: Path, bundle: Path | None = None, version: str = "0.1.0") -> None:
    """Writes the ONNX files and model.json, complete or not at all.

    Reads RUN/checkpoint.pt, the classifier (left out when it isn't there) and RUN/calibration.json (defaults when it
    isn't there). `bundle` is RUN/bundle when left out.
    """
    folder = RunFolder(run)
    calibration, classifier = folder.read_calibration(), folder.classifier_weights()
    network = load_network(folder.checkpoint, calibration["rates"])
    state = torch.load(folder.checkpoint, map_location="cpu", weights_only=False)
    training = {
        "steps": state["steps"],
        "minutes": round(state["seconds"] / 60, 1),
        "config": state["config"],
        "exported": datetime.date.today().isoformat(),
    }
    bundle = bundle or folder.bundle
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent) as scratch:
        made = Path(scratch) / "bundle"
        made.mkdir()
        export_graphs(network, load_classifier(classifier) if classifier.exists() else None, made)
        contract.write(made, contract.model_json(network.config, calibration, made, version, training))
        if bundle.exists():
            shutil.rmtree(bundle)
        made.rename(bundle)
    print(f"{bundle}: {sum(f.stat().st_size for f in bundle.iterdir()) / 1e6:.1f} MB")
