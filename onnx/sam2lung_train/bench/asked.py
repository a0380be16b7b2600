"""What is asked of the benchmark."""

from dataclasses import dataclass
from pathlib import Path

SAMPLES = 25


@dataclass
class Options:
    """Of one benchmark."""

    sam2lung: Path  # the built command line
    bundle: Path  # the built-in bundle's folder
    out: Path
    ct: Path | None = None  # a NIfTI file; a made chest when left out
    threads: int = 2
    runs: int = 3  # of each way
    quick: bool = False  # a small CT, no curves: whether all of it works
    card: Path | None = None  # gets the tables between its bench markers
    charts: Path | None = None  # gets the charts; OUT when left out

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()
