"""What measurements on phantoms have in common: the program, where files go, and seeds that the training never saw."""

from dataclasses import dataclass
from pathlib import Path

from ..data import phantoms as training
from ..errors import UserError


@dataclass
class PhantomOptions:
    """What is asked for. Whoever measures says in `count` how many seeds there are from `first_seed` on."""

    sam2lung: Path  # the built command line
    out: Path  # folder for phantoms, results and tables
    model: Path | None = None  # bundle to measure; the built-in one when left out
    first_seed: int = 1
    keep: bool = False  # run only what has no result in OUT yet
    rounds: int = 1000  # bootstrap rounds of the intervals
    card: Path | None = None  # model card that gets the tables between its markers

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()
        if taken := set(self.seeds) & set(training.SEEDS):
            raise UserError(f"--first-seed {self.first_seed}: got seeds of the training's phantoms ({min(taken)})")

    @property
    def count(self) -> int:
        raise NotImplementedError

    @property
    def seeds(self) -> range:
        return range(self.first_seed, self.first_seed + self.count)
