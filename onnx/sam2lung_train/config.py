"""What defines the default network and its training; kept inside every checkpoint."""

from dataclasses import asdict, dataclass, field
from typing import Any

# Part of the bundle's contract: changing one of these needs a new training.
WINDOW_HU = (-1000.0, 400.0)
PIXEL_MM = 0.7
EACH_SIDE = 3  # slices before and after the centre slice
NEIGHBOUR_STEP_MM = 2.0
INTERPOLATE_ABOVE_MM = 2.5  # between slices farther apart neighbours are interpolated, exactly a step apart
LIFT_BELOW_HU, LIFT_TO_HU = (
    -940.0,
    -850.0,
)  # lungs of the training CTs have medians of -880 to -750; airier ones are lifted
TRIED_SLICE_MM = 5.0  # evaluate-thickness: above, too much is missed
SLICES = 2 * EACH_SIDE + 1
CLICK_DECAY_MM = 6.0  # a click at distance d counts exp(-d / this)
# At least the decoder's receptive field's radius: 1 + 2 + 4 + 8, and up to 7 since a pixel lies anywhere in its coarser
# one.
HALO_PX = 24
MULTIPLE = 16  # height and width of what the encoder gets
SMALLEST_MM3 = 14.0  # of a component that is reported
# The classifier's patch: samples and mm along k, j, i. It looks at the middle as it is and at all of it on half the grid.
PATCH_SIZE, PATCH_SPACING_MM = (20, 56, 56), (1.5, 0.8, 0.8)
PATCH_MIDDLE = (12, 28, 28)

# The detector: the same network on coarser pixels and slices of its own.
DETECT_PIXEL_MM, DETECT_WINDOW_PX = 1.4, 48

# The segmenter's box: voxels and mm along k, j, i, and how far it reaches beyond a candidate.
BOX_SIZE, BOX_SPACING_MM, BOX_MARGIN_MM = (20, 48, 48), (1.25, 0.6, 0.6), 5.0

HIERA_WINDOW_PX = (
    112  # of a Hiera encoder's training windows: most of a 128 pixel crop, since Hiera uses what is around
)


@dataclass
class NetworkConfig:
    """Widths at strides 1, 2, 4, 8, 16, and dropout rates from the coarsest decoder level to the finest."""

    widths: tuple = (24, 48, 80, 144, 224)
    decoder_widths: tuple = (96, 48, 32, 24)  # strides 8, 4, 2, 1
    # Bottleneck, then what leaves strides 8, 4, 2. Training draws each window's rates between 0 and twice these, so
    # that the shipped ones can be chosen afterwards, by what their uncertainty achieves.
    rates: tuple = (0.25, 0.25, 0.25, 0.25)
    clicks: int = 16  # channels that clicks are made into
    token: int = 64  # length of the nodule prompt token
    pixel_mm: float = PIXEL_MM  # of the windows that it sees
    own_slices: bool = False  # it sees slices on a grid of its own, exactly NEIGHBOUR_STEP_MM apart, between the CT's
    encoder: str = "compact"  # or one of networks.hiera.SIZES
    # Of a Hiera encoder alone: pixels of its square picture's side, and how many of the network's pixels that side
    # holds.
    side: int = 512
    field_px: int = 512  # 358 mm

    def dropout(self) -> list[tuple[int, float]]:
        """(channels, rate) of each dropout mask."""
        return list(zip((self.widths[4], *self.decoder_widths[:3]), self.rates))


@dataclass
class TrainConfig:
    """One training run."""

    minutes: float = 60.0
    steps: int = 0  # the training's length in steps instead, unless 0: the same work whatever else the machine does
    window_px: int = 80
    pairs: int = 3  # nodule windows with the next slice beside them, for the loss between neighbours
    singles: int = 5  # nodule windows alone
    negatives: int = 6  # windows of whole CTs
    inserted: int = 0  # windows of whole CTs at nodules that were set into them
    clamped_share: float = 0.35  # of nodule windows that end like a crop
    rate: float = 2e-3
    decay: float = 0.02
    average: float = 0.998  # of the weights that are shipped
    mine_at: tuple = (0.25, 0.5, 0.75)  # shares of the time after which hard negatives are looked for
    hard_share: float = 0.6  # of the whole-CT windows, once there are hard ones
    neighbour_weight: float = 0.3  # lambda of the loss between neighbouring slices, after the warm-up
    bce_weight: float = 20.0
    share_weight: float = 0.25  # of the readers' share in the target of the cross-entropy, the rest is their consensus
    focus: float = 0.0
    target: str = "readers"  # what their share says; or "any": what any reader marked, for a network that has to find
    click_share: float = 0.35  # of the nodule windows that come with clicks
    # Of an encoder that begins at another's weights, which is frozen first and then learns more slowly.
    checkpoint: str = ""  # which weights: name and sha256 of the file
    frozen: float = 0.2  # share of the time
    pretrained_rate: float = 0.1  # of the learning rate
    seed: int = 0
    device: str = "cpu"
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def of(plain: dict[str, Any]) -> "TrainConfig":
        return TrainConfig(**{**plain, "network": NetworkConfig(**plain["network"])})


@dataclass
class BoxConfig:
    """Widths at the four levels of the encoder, from the CT's scale to strides (4, 8, 8), and what the decoder has."""

    widths: tuple = (8, 32, 64, 96)
    decoder_widths: tuple = (48, 32, 16)  # at levels 2, 1, 0
    rates: tuple = (0.2, 0.2, 0.2)  # dropout of what the decoder reads at levels 3, 2, 1
    rank: int = 8
    token: int = 64
    # Designs: planes that a slice brings along (1: itself), and how far a kernel reaches along k in either half.
    planes: int = 1
    encoder_depth: int = 3
    decoder_depth: int = 3

    def dropout(self) -> list[tuple[int, float]]:
        """(channels, rate) of each dropout mask."""
        return list(zip((self.widths[3], self.widths[2], self.widths[1]), self.rates))


# What is tried against each other: the planes that a slice brings along, and kernels' depths in encoder and decoder.
DESIGNS = {
    "3d": {},
    "2d": {"planes": 7, "encoder_depth": 1, "decoder_depth": 1, "widths": (16, 48, 96, 160)},
    "2d-3d": {"planes": 3, "encoder_depth": 1, "decoder_depth": 3, "widths": (16, 48, 96, 144)},
}


@dataclass
class BoxWeights:
    """Of the parts of the loss."""

    dice: float = 1.0
    entropy: float = 1.0
    readers: float = 1.0
    deep: float = 0.2
    share: float = 0.5  # of the readers' share in the target of the cross-entropy, the rest is their consensus


@dataclass
class BoxTrainConfig:
    """One training run."""

    minutes: float = 60.0
    batch: int = 8
    rate: float = 2e-3
    decay: float = 0.02
    average: float = 0.998  # of the weights that are shipped
    seed: int = 0
    design: str = "3d"
    device: str = "cpu"
    weights: BoxWeights = field(default_factory=BoxWeights)

    def network(self) -> BoxConfig:
        return BoxConfig(**DESIGNS[self.design])

    @staticmethod
    def of(plain: dict[str, Any]) -> "BoxTrainConfig":
        return BoxTrainConfig(**{**plain, "weights": BoxWeights(**plain["weights"])})


# AutoSAM2's hybrid: a coarse 3-D U-Net on boxes, a fine network of SAM 2's shape on slices.
AUTO_SAM2_BOX, AUTO_SAM2_MULTIPLE = (32, 64, 64), 8  # voxels along k, j, i, and what they are multiples of
AUTO_SAM2_SHARES = (0.0, 0.3, 0.6)  # of the slices; the published ones


@dataclass
class AutoSam2Config:
    """Both networks. The U-Net's features go from widths[0] to widths[-1]; those of widths[1] are handed over."""

    channels: tuple = ("T1", "T1c", "T2", "FLAIR")
    classes: tuple = ("necrosis", "edema", "enhancing")  # beside the background
    spacing_mm: tuple = (1.0, 1.0, 1.0)  # along k, j, i
    widths: tuple = (16, 32, 64, 128)
    embedding: int = 256  # channels of SAM 2's image embedding, at stride 16
    heads: int = 8
    blocks: int = 2  # of the two-way transformer
    finest: int = 16  # channels of which masks are made
    feature_px: int = 8  # pixels of the slice a step of the coarse features
    positive: int = 10
    negative: int = 3
    threshold: float = 0.5  # of the coarse foreground, for prompts
    ring_mm: tuple = (1.0, 5.0)
    box_margin_mm: float = 2.0
    encoder: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(widths=(16, 32, 48, 64, 96), encoder="compact")
    )

    @staticmethod
    def of(plain: dict[str, Any]) -> "AutoSam2Config":
        return AutoSam2Config(**{**plain, "encoder": NetworkConfig(**plain["encoder"])})


# The lungs in place of the made head: one channel, one class, boxes of the segmenter's spacing.
AUTO_SAM2_LUNG = {"channels": ("CT",), "classes": ("nodule",), "spacing_mm": BOX_SPACING_MM}


@dataclass
class AutoSam2TrainConfig:
    """One training run: first the coarse network, then the fine one on what the coarse one, which stays, hands over."""

    data: str = "phantom"  # or "lidc"
    minutes: float = 60.0
    steps: int = 0  # the training's length in steps instead, unless 0; half of them are the coarse network's
    coarse_share: float = 0.5  # of the time
    batch: int = 1
    slices: int = 8  # of a box that the fine network learns from in a step: half of them the least certain
    rate: float = 2e-3
    decay: float = 0.02
    seed: int = 0
    device: str = "cpu"
    network: AutoSam2Config = field(default_factory=AutoSam2Config)

    @staticmethod
    def of(plain: dict[str, Any]) -> "AutoSam2TrainConfig":
        return AutoSam2TrainConfig(**{**plain, "network": AutoSam2Config.of(plain["network"])})


def neighbour_stride(spacing_mm: float) -> int:
    """Slices between two neighbours: max(1, round(step / spacing)), halves rounded up, as the product does where it
    doesn't interpolate.
    """
    return max(1, int(NEIGHBOUR_STEP_MM / spacing_mm + 0.5))
