"""What each part of a bundle is worth: copies of it with one thing changed, through the built command line, on the
development part.

Variants: fewer members; without noise; without dropout; other numbers of samples; without the classifier; a role of
another bundle in its place. An input that is fixed (noise at 0, dropout factors at 1) becomes a constant of the graph,
so that the contract needn't name it.
"""

import copy
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..aliases import Record
from ..errors import UserError
from ..export import contract
from ..export.contract import Spec
from ..export.rewrite import ROLES, graphs
from ..paths import DATA, DEFAULT_BUNDLE
from . import crops, scores, summary, tables
from .files import fill_card, plain, version_of
from .product import Product, every_size
from .scores import Score

MEMBERS = (1, 3, 5)
SAMPLES = (5, 10, 25, 50)
# Keys of summary.FIGURES that the table shows, with their heads.
SHOWN = {
    "dice_touching_mean": "3-D Dice",
    "good": "Dice ≥ 0.5",
    "hd95_median_mm": "HD95 mm",
    "ece_pooled": "ECE",
    "uncertainty_ratio": "Wrong ÷ right",
    "auroc_expected_dice": "AUROC of uncertainty",
    "interval_coverage": "Interval holds it",
    "sample_coverage": "Samples' own",
    "interval_width": "Width",
    "energy_distance": "GED",
}


@dataclass
class Options:
    """What is asked for."""

    sam2lung: Path  # the built command line
    out: Path  # folder for bundles, results and the table
    data: Path = DATA
    model: Path | None = None  # bundle; bundles/default when left out
    other: Path | None = None  # bundle whose roles take this one's place, one at a time
    only: list[str] | None = None  # names of variants; all when left out
    keep: bool = False  # segment only what has no result in OUT yet
    limit: int | None = None  # only the first nodules: for a quick look, not for a report
    rounds: int = 1000  # bootstrap rounds of the intervals
    card: Path | None = None  # model card that gets the table between its ablation markers

    def __post_init__(self) -> None:
        self.sam2lung = self.sam2lung.resolve()


@dataclass
class Variant:
    """A bundle's contract with one thing changed, and options of the command line."""

    name: str
    spec: Spec
    constants: dict[str, float] = field(default_factory=dict)  # inputs of the segmenter's graphs that are fixed
    other: Path | None = None  # where graphs lie whose name begins with OTHER
    options: tuple[str, ...] = ()


OTHER = "other-"


def variants(spec: Spec, other: Path | None = None) -> Iterator[Variant]:
    """The bundle as it is first, then everything that can be changed in it."""
    segment = spec["segment"]
    random, members = segment.get("random") or {}, segment.get("members", [])
    yield Variant("as it is", spec)
    for count in (n for n in MEMBERS if n < len(members)):
        changed = copy.deepcopy(spec)
        changed["segment"]["members"] = members[:count]
        yield Variant(f"{count} of {len(members)} members", changed)
    for source, value in (("noise", 0.0), ("dropout", 1.0)):
        if random.get(source):
            changed = copy.deepcopy(spec)
            fixed = changed["segment"]["random"].pop(source)
            yield Variant(f"no {source}", changed, {x["input"]: value for x in fixed})
    for count in SAMPLES:
        yield Variant(f"T = {count}", spec, options=("--samples", str(count)))
    if spec.get("classify") and not spec.get("detect"):
        yield Variant("no classifier", {key: value for key, value in spec.items() if key != "classify"})
    theirs = contract.read(other) if other else {}
    for role in (role for role in ROLES if theirs.get(role)):
        changed = {**spec, role: copy.deepcopy(theirs[role])}
        for graph in graphs(changed[role]):
            graph["file"] = OTHER + graph["file"]
        if changed != spec:
            yield Variant(f"{role} of {other.name}", changed, other=other)


def write(variant: Variant, bundle: Path, folder: Path) -> Path:
    """The variant as a bundle in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = copy.deepcopy(variant.spec)
    used = [graph for role in ROLES for graph in graphs(spec.get(role))]
    for graph in used:
        name = graph["file"]
        source = variant.other / name.removeprefix(OTHER) if name.startswith(OTHER) else bundle / name
        shutil.copyfile(source, folder / name)
    if variant.constants:
        for graph in graphs(spec["segment"]):
            fix_inputs(folder / graph["file"], variant.constants)
    for graph in used:
        graph["sha256"] = hashlib.sha256((folder / graph["file"]).read_bytes()).hexdigest()
    contract.write(folder, spec)
    return folder


def fix_inputs(path: Path, constants: dict[str, float]) -> None:
    """Makes inputs of a graph constants of it, 1 long where their shape is free; a graph that has none of them stays as it is."""
    import onnx

    model = onnx.load(path)
    fixed = [value for value in model.graph.input if value.name in constants]
    for value in fixed:
        kind = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        shape = [size.dim_value or 1 for size in value.type.tensor_type.shape.dim]
        model.graph.input.remove(value)
        constant = np.full(shape, constants[value.name], kind)
        model.graph.initializer.append(onnx.numpy_helper.from_array(constant, value.name))
    if fixed:
        del model.graph.value_info[:]  # shapes that were told for the free inputs
        onnx.save(model, path)


# --- measuring --------------------------------------------------------------------------------------------------------


def measured(variant: Variant, asked: Options) -> Record:
    """The figures of one variant, and its seconds a crop."""
    folder = asked.out / variant.name.replace(" ", "_").replace("=", "")
    bundle = write(variant, asked.model or DEFAULT_BUNDLE, folder / "bundle")
    kind = crops.SETS["lidc_off"]
    part = crops.Options(asked.sam2lung, asked.out, asked.data, split="train", develop=True, limit=asked.limit)
    loaded, _ = crops.loaded_of(kind, part)
    options = (
        *kind.options,
        *every_size(asked.sam2lung),
        *variant.options,
        *crops.sample_options(kind, asked.sam2lung),
    )
    seconds, scored = [], []
    for case, result in crops.run_set(loaded, Product(asked.sam2lung, bundle, options), folder, 1, keep=asked.keep):
        scored.append(scores.score(case, result))
        seconds += [sum(result.run["timings_s"].values())] if result.run.get("timings_s") else []
    figures = summary.summary(scored, asked.rounds)
    return {"figures": figures, "seconds": summary.over_known(np.mean, seconds), "n": counted(scored)}


def counted(scored: list[Score]) -> str:
    return f"{len(scored)} nodules of {len({s.patient for s in scored})} patients"


def report(rows: dict[str, Record], program: str) -> str:
    places = {key: decimals for key, _, decimals, _, _ in summary.FIGURES}
    body = [
        [name, *(tables.number(row["figures"][key]["value"], places[key]) for key in SHOWN),
         tables.number(row["seconds"], 2)]
        for name, row in rows.items()
    ]  # fmt: skip
    whose = next(iter(rows.values()))["n"]
    text = (
        f"Measured with `{program}` on the development part, {whose}, without a lung mask; one thing changed at a time."
    )
    return text + "\n\n" + tables.table(["Bundle", *SHOWN.values(), "Seconds a crop"], body)


def ablate_bundle(asked: Options) -> None:
    """Writes OUT/ablation.md and OUT/ablation.json."""
    bundle = asked.model or DEFAULT_BUNDLE
    made = {variant.name: variant for variant in variants(contract.read(bundle), asked.other)}
    if unknown := set(asked.only or ()) - set(made):
        raise UserError(f"--only: got {', '.join(sorted(unknown))}; expected some of {', '.join(made)}")
    rows = {}
    for name in asked.only or made:
        print(name, flush=True)
        rows[name] = measured(made[name], asked)
    program = version_of(asked.sam2lung)
    text = report(rows, program)
    (asked.out / "ablation.md").write_text(text + "\n")
    (asked.out / "ablation.json").write_text(json.dumps(plain({"program": program, "rows": rows}), indent=1) + "\n")
    fill_card(asked.card, "ablation", text)
    print("\n" + text)
