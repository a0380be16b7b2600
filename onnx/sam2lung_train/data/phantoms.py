"""Chest CTs made by arithmetic (`sam2lung phantom`): vessel trees and hila that are no nodules, beside nodules of known
place and size.

They teach the classifier what no real CT here holds: that a vessel's fork without texture or noise around it isn't a
nodule either.
"""

import json
import subprocess
from pathlib import Path

import nibabel
import numpy as np

from ..progress import bar
from .items import Whole, as_hu, hide

SEEDS = tuple(range(101, 107))  # the demonstration's, 0, is not among them
MARGIN_MM = 3.0  # around a nodule, whose place is known exactly


def made(program: Path, folder: str | Path) -> tuple[list[Whole], dict[str, list[tuple[np.ndarray, float]]]]:
    """([Whole], {name: [(voxel i j k, radius in mm)] of its nodules}) of SEEDS, written to `folder` by the command line
    `program`.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    wholes, nodules = [], {}
    for seed in bar(SEEDS, "phantoms"):
        path = Path(folder) / f"phantom{seed}.nii.gz"
        subprocess.run([str(program), "phantom", str(path), "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL)
        whole, nodules[path.name] = read(path)
        wholes.append(whole)
    return wholes, nodules


def read(path: Path) -> tuple[Whole, list[tuple[np.ndarray, float]]]:
    """A phantom's Whole, and its nodules' (voxel, radius)."""
    image = nibabel.load(path)
    spacing = tuple(float(s) for s in image.header.get_zooms()[::-1])
    hu = as_hu(np.asarray(image.dataobj, np.float32).T)
    facts = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
    to_voxel = np.linalg.inv(image.affine)
    nodules = [(np.round((to_voxel @ [*f["centre_ras"], 1])[:3]).astype(int), f["radius_mm"]) for f in facts]
    known = np.ones(hu.shape, bool)
    for voxel, radius in nodules:
        hide(known, voxel, radius + MARGIN_MM, spacing)
    return Whole(path.name, hu, np.zeros(hu.shape, np.uint8), known, spacing), nodules
