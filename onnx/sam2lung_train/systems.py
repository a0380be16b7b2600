"""The U-Nets of the field: what each of them is, and how it is trained. Kept inside every checkpoint.

One configuration a system. What their papers and repositories leave open is as small as two cores allow.
"""

from dataclasses import asdict, dataclass
from typing import Any

from .config import WINDOW_HU


@dataclass(frozen=True)
class System:
    """One network, its grid, its target and its loss. Arrays of three run along k, j, i."""

    words: str
    dimensions: int  # of its convolutions: 2 or 3
    size: tuple  # of a training window; the number of slices that go in where dimensions is 2
    spacing_mm: tuple  # None: the CT's own
    window_hu: tuple
    widths: tuple  # channels from the finest level to the coarsest, each half the size of the one before
    target: str  # "consensus" of at least half of the readers, "union" of all, "sphere" of the nodule's diameter
    entropy: float  # weight of the cross-entropy beside the overlap
    missed: float  # how a missed pixel counts in the overlap, a false one counts 1 - this: 0.5 is Dice (Tversky loss)
    rate: float = 0.0  # of dropout at every level of encoder and decoder
    shift_px: int = 8  # how far a window's middle lies from the nodule's, at most, in the plane
    nodules: int = 8  # windows at nodules in a step
    negatives: int = 0  # windows of whole CTs in a step
    keep: str = "last"  # which weights are shipped: the last, or those of the best "recall" on the development part
    threshold: float = 0.5
    samples: int = 1

    @property
    def slices(self) -> int:
        """Channels of the input: slices of a slab, or the one channel of a box."""
        return self.size[0] if self.dimensions == 2 else 1

    @property
    def multiple(self) -> int:
        """Sizes are multiples of this."""
        return 2 ** (len(self.widths) - 1)

    @property
    def halo_px(self) -> int:
        """No pixel further away changes a pixel's logits.

        Two convolutions a level reach 2 · 2^n pixels, on the way down, at the bottom and on the way up: 6 · 2^d - 4 in
        all; and a pixel may lie anywhere in its coarsest one: 2^d - 1 more.
        """
        return 7 * self.multiple

    def dropout(self) -> list[tuple[int, float]]:
        """(channels, rate) of each dropout mask: the levels of the encoder, then those of the decoder."""
        return [(width, self.rate) for width in (*self.widths, *self.widths[-2::-1])] if self.rate else []


SYSTEMS = {
    "mc-unet-3d": System(
        "3-D U-Net with MC dropout",
        dimensions=3,
        size=(64, 64, 64),
        spacing_mm=(1.0, 1.0, 1.0),
        window_hu=WINDOW_HU,
        widths=(16, 32, 64, 128, 256),  # 5.6 M parameters
        target="consensus",
        entropy=1.0,
        missed=0.5,
        rate=0.2,
        nodules=1,
        negatives=1,
        samples=20,
    ),
    "recall-unet-2d": System(
        "2-D U-Net, recall first",
        dimensions=2,
        size=(1, 128, 128),
        spacing_mm=(None, None, None),
        window_hu=(-1350.0, 150.0),  # centre -600, width 1500
        widths=(16, 32, 64, 128),
        target="union",
        entropy=0.0,
        missed=0.5,
        keep="recall",
        threshold=0.35,
    ),
    "luna-unet-2.5d": System(
        "2.5-D U-Net on LUNA16",
        dimensions=2,
        size=(7, 64, 64),
        spacing_mm=(None, None, None),
        window_hu=WINDOW_HU,
        widths=(24, 48, 96, 192),
        target="sphere",
        entropy=0.0,
        missed=0.7,
        shift_px=16,  # 64 x 64 somewhere in the 96 x 96 around the nodule
        negatives=4,
    ),
}


@dataclass
class UnetTrainConfig:
    """One training run."""

    system: str
    minutes: float = 10.0
    steps: int = 0  # the training's length in steps instead, unless 0
    rate: float = 2e-3
    decay: float = 0.01
    average: float = 0.99  # of the weights that are shipped
    checks: int = 6  # how often the development part is looked at, the last time at the end
    seed: int = 0
    device: str = "cpu"

    @property
    def of(self) -> System:
        """What is trained."""
        return SYSTEMS[self.system]

    def plain(self) -> dict[str, Any]:
        """With what the system was when it was trained."""
        return asdict(self) | {"is": asdict(self.of)}

    @staticmethod
    def read(plain: dict[str, Any]) -> "UnetTrainConfig":
        """What `plain` wrote."""
        return UnetTrainConfig(**{name: value for name, value in plain.items() if name != "is"})
