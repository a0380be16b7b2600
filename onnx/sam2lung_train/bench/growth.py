"""How seconds and memory grow: with slices, with the lungs' volume, with samples."""

from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

from ..evaluation.speed import resampled
from .asked import Options
from .processes import Ran, segmented

SLICES = (50, 100, 200, 300, 450, 600)
# The same voxels with other spacing: a child's chest and a large one.
SCALES = (0.8, 0.9, 1.0, 1.1, 1.2)
SAMPLES = (1, 5, 10, 25, 50, 100)
# What runs along a curve, and its title.
WORDS = {
    "slices": ("slices of 512 × 512", "By slices"),
    "lungs": ("litres searched", "By the lungs' volume"),
    "samples": ("samples T", "By samples"),
}


@dataclass(frozen=True)
class Point:
    """One run."""

    x: float
    seconds: float
    mb: float


def of_slices(sam2lung: Path, ct: Path, out: Path, counts: tuple[int, ...]) -> list[Point]:
    """The same chest in so many slices."""
    columns, rows, _ = nibabel.load(ct).shape
    points = []
    for count in counts:
        made = resampled(ct, (columns, rows, count), out / f"{count}-slices.nii.gz")
        ran = segmented(sam2lung, made, out / "grown", [])
        points.append(Point(count, ran.seconds, ran.mb))
    return points


def of_lungs(sam2lung: Path, ct: Path, out: Path, scales: tuple[float, ...]) -> list[Point]:
    """Chests of other sizes on as many voxels; by litres that were searched."""
    points = []
    for scale in scales:
        image = nibabel.load(ct)
        affine = image.affine @ np.diag([scale, scale, scale, 1])
        made = nibabel.Nifti1Image(np.asarray(image.dataobj), affine)
        made.set_qform(affine, 1)
        made.set_sform(affine, 1)
        path = out / f"scaled-{scale}.nii.gz"
        nibabel.save(made, path)
        ran = segmented(sam2lung, path, out / "grown", [])
        points.append(Point(ran.record["result"]["searched_ml"] / 1000, ran.seconds, ran.mb))
    return points


def of_samples(sam2lung: Path, ct: Path, out: Path, counts: tuple[int, ...], repeats: int) -> list[Point]:
    """Medians, in turn."""
    runs: dict[int, list[Ran]] = {count: [] for count in counts}
    for _ in range(repeats):
        for count in counts:
            runs[count].append(segmented(sam2lung, ct, out / "grown", ["--samples", str(count)]))
    return [
        Point(count, float(np.median([r.seconds for r in ran])), float(np.median([r.mb for r in ran])))
        for count, ran in runs.items()
    ]


def curves(asked: Options, ct: Path) -> dict[str, list[Point]]:
    """By what runs along them."""
    return {
        "slices": of_slices(asked.sam2lung, ct, asked.out, SLICES),
        "lungs": of_lungs(asked.sam2lung, ct, asked.out, SCALES),
        "samples": of_samples(asked.sam2lung, ct, asked.out, SAMPLES, asked.runs),
    }
