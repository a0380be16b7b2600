"""Accuracy and cost of a hybrid bundle by the share of the slices that its fine network sees, on made heads.

Heads are `data.nested_phantom`'s, of seeds that no training draws from. Needs no PyTorch.
"""

import copy
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..aliases import Record
from ..config import AUTO_SAM2_SHARES
from ..data.nested_phantom import CLASSES, FIRST_HELD_OUT, REGIONS, NestedPhantom, nested_phantom, write
from ..errors import UserError
from ..export import contract
from .product import Product, read_result

MODES = {"both": None, "slices only": 1.0}  # the fine network's weight; None: the bundle's


@dataclass
class Options:
    """What is asked for."""

    sam2lung: Path
    model: Path
    out: Path
    heads: int = 8
    shares: list[float] = field(default_factory=lambda: list(AUTO_SAM2_SHARES))


def dice(given: np.ndarray, wanted: np.ndarray) -> float:
    """1 where both are empty."""
    both = given.sum() + wanted.sum()
    return float(2 * (given & wanted).sum() / both) if both else 1.0


def scores(labels: np.ndarray, phantom: NestedPhantom) -> dict[str, float]:
    """Dice of each region, then of each class that is no region."""
    made = NestedPhantom(phantom.volumes, labels)
    found = {name: dice(made.region(name), phantom.region(name)) for name in REGIONS}
    others = [(n, name) for n, name in enumerate(CLASSES, 1) if (name,) not in REGIONS.values()]
    return found | {name: dice(labels == n, phantom.labels == n) for n, name in others}


def with_weight(bundle: Path, weight: float | None, folder: Path) -> Path:
    """The bundle, or a copy of it whose fine network counts for `weight`."""
    if weight is None:
        return bundle
    spec = copy.deepcopy(contract.read(bundle))
    hybrid = spec["segment"]["hybrid"]
    hybrid["fine_weights"] = [weight] * len(hybrid["fine_weights"])
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(bundle, folder)
    contract.write(folder, spec)
    return folder


def row(asked: Options, mode: str, share: float, heads: dict[Path, NestedPhantom]) -> Record:
    """Means over the heads of one way to run the bundle."""
    model = with_weight(asked.model, MODES[mode], asked.out / "slices-only")
    words = ("--lung-mask", "off", "--device", "cpu", "--share-of-slices", str(share))
    output = asked.out / f"{mode.replace(' ', '-')}-{share}"
    refused = Product(asked.sam2lung, model, words).segment(list(heads), output)
    if refused:
        raise UserError(f"expected a bundle for made heads; got {next(iter(refused.values()))}")
    results = {path: read_result(output / path.name) for path in heads}
    each = [scores(results[path].labels, phantom) for path, phantom in heads.items()]
    seconds = [result.run["timings_s"]["segment"] for result in results.values()]
    peaks = [result.run["peak_memory_mib"] or np.nan for result in results.values()]
    return {
        "mode": "coarse only" if share == 0 else mode,
        "share": share,
        "dice": {name: float(np.mean([one[name] for one in each])) for name in each[0]},
        "seconds": float(np.mean(seconds)),
        "peak_mib": float(np.max(peaks)),
    }


def table(rows: list[Record], heads: int) -> str:
    """As Markdown."""
    names = list(rows[0]["dice"])
    titles = ["slices seen", "mode", *(f"Dice {name.replace('_', ' ')}" for name in names), "seconds", "peak MiB"]
    lines = [f"Means over {heads} made heads that no training saw.", "", "| " + " | ".join(titles) + " |"]
    lines.append("|" + "---|" * len(titles))
    for one in rows:
        values = [f"{one['share']:.0%}", one["mode"], *(f"{one['dice'][name]:.3f}" for name in names)]
        lines.append("| " + " | ".join([*values, f"{one['seconds']:.2f}", f"{one['peak_mib']:.0f}"]) + " |")
    return "\n".join(lines) + "\n"


def evaluate_hybrid(asked: Options) -> None:
    """Writes OUT/hybrid.md and OUT/hybrid.json."""
    if contract.read(asked.model)["segment"]["kind"] != "hybrid":
        raise UserError(f"{asked.model}: expected a bundle that outlines with a hybrid")
    asked.out.mkdir(parents=True, exist_ok=True)
    heads = {}
    for seed in range(FIRST_HELD_OUT, FIRST_HELD_OUT + asked.heads):
        folder = asked.out / "heads" / f"head{seed}"
        heads[folder] = nested_phantom(seed)
        write(heads[folder], folder)
    ways = [("both", share) for share in asked.shares] + [("slices only", share) for share in asked.shares if share > 0]
    rows = [row(asked, mode, share, heads) for mode, share in ways]
    text = table(rows, asked.heads)
    (asked.out / "hybrid.md").write_text(text)
    (asked.out / "hybrid.json").write_text(json.dumps(rows, indent=2) + "\n")
    print(text)
