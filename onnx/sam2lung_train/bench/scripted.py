"""The default chain as a good script would run it: ONNX Runtime, NumPy, SciPy and nibabel, the same graphs.

Read → lungs → detect → classify → segment with T samples → outline, measure → write. Written as well as Python allows:
whole arrays at a time, embeddings once a member, the samples of a member in one call. Simpler than the library where
that makes it faster: the lungs are a threshold with a closing, measures are a few, and nothing is checked.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import nibabel
import numpy as np
import onnxruntime
from scipy import ndimage

from ..aliases import Record

AIR_HU, LUNG_ML, BLOCK_MM, CLOSING_MM = -500, 60, 2.0, 10.0


@dataclass
class Chain:
    """A bundle's graphs and contract."""

    folder: Path
    threads: int
    contract: Record = field(init=False)
    sessions: dict[str, onnxruntime.InferenceSession] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contract = json.loads((self.folder / "model.json").read_text())

    def run(self, file: str, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What a graph gives; it is loaded when it is first wanted."""
        if file not in self.sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
            providers = ["CPUExecutionProvider"]
            self.sessions[file] = onnxruntime.InferenceSession(self.folder / file, options, providers=providers)
        return self.sessions[file].run(None, feed)


@dataclass
class Scan:
    """A CT, axes k to the head, j to the back, i to the left."""

    hu: np.ndarray  # float32
    spacing_mm: np.ndarray  # k, j, i
    affine: np.ndarray


def probability(logits: np.ndarray, calibration: Record) -> np.ndarray:
    return 1 / (1 + np.exp(-(logits / calibration["temperature"] + calibration["bias"])))


def shown(hu: np.ndarray) -> np.ndarray:
    """In [0, 1]."""
    return np.clip((hu + 1000) / 1400, 0, 1, dtype=np.float32)


def read(path: Path) -> Scan:
    image = nibabel.load(path)
    ways = nibabel.orientations
    turn = ways.ornt_transform(ways.io_orientation(image.affine), ways.axcodes2ornt("LPS"))
    image = image.as_reoriented(turn)
    hu = np.asarray(image.dataobj, np.float32).T
    return Scan(np.ascontiguousarray(hu), np.array(image.header.get_zooms()[2::-1], float), image.affine)


def cut(volume: np.ndarray, *axes: np.ndarray) -> np.ndarray:
    """A volume read at the crossings of places along k, j, i, linearly, axis by axis; the edge is repeated."""
    for axis, places in enumerate(axes):
        places = np.clip(places, 0, volume.shape[axis] - 1)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, volume.shape[axis] - 1)
        share = (places - low).astype(np.float32).reshape([-1 if n == axis else 1 for n in range(3)])
        first = volume.take(low, axis)
        volume = first + (volume.take(high, axis) - first) * share
    return volume


def lungs(scan: Scan) -> np.ndarray:
    """Where nodules are searched, on the CT's grid."""
    steps = np.maximum(np.round(BLOCK_MM / scan.spacing_mm), 1).astype(int)
    coarse = scan.hu[:: steps[0], :: steps[1], :: steps[2]]
    block_mm = scan.spacing_mm * steps
    labels, count = ndimage.label(coarse < AIR_HU)
    sides = np.unique(np.concatenate([labels[:, [0, -1]].ravel(), labels[:, :, [0, -1]].ravel()]))
    millilitres = np.bincount(labels.ravel(), minlength=count + 1) * block_mm.prod() / 1000
    kept = millilitres > LUNG_ML
    kept[sides] = False
    reach = CLOSING_MM / block_mm
    ball = (
        sum((axis / r) ** 2 for axis, r in zip(np.ogrid[tuple(slice(-int(r), int(r) + 1) for r in reach)], reach)) <= 1
    )
    closed = ndimage.binary_closing(np.pad(kept[labels], 6), ball)[6:-6, 6:-6, 6:-6]
    places = [np.minimum(np.arange(n) // step, m - 1) for n, step, m in zip(scan.hu.shape, steps, closed.shape)]
    return closed[np.ix_(*places)]


def detect(chain: Chain, scan: Scan, search: np.ndarray) -> np.ndarray:
    """Probability of a nodule on the CT's grid, 0 outside the lungs."""
    network = chain.contract["detect"]
    spacing, multiple = np.array(network["grid"]["spacing_mm"]), network["grid"]["multiple"]
    side, step = network["neighbours"]["each_side"], network["neighbours"]["step_mm"]
    ((k, j, i),) = ndimage.find_objects(search.astype(np.uint8))
    ratio = spacing / scan.spacing_mm

    def axis(n: int, within: slice, whole: int = 1) -> np.ndarray:
        count = int(np.ceil((within.stop - within.start) / ratio[n]))
        return within.start + np.arange(-(-count // whole) * whole) * ratio[n]

    planes, rows, columns = axis(0, k), axis(1, j, multiple), axis(2, i, multiple)
    around = np.concatenate(
        [planes[:1] - np.arange(side, 0, -1) * ratio[0], planes, planes[-1:] + np.arange(1, side + 1) * ratio[0]]
    )
    volume = shown(cut(scan.hu, around, rows, columns))
    offsets = (np.arange(-side, side + 1) * step)[None].astype(np.float32)
    file = network["members"][0]["graph"]["file"]
    logits = [
        chain.run(file, {"slices": volume[None, n : n + 2 * side + 1], "offsets_mm": offsets})[0][0, 0]
        for n in range(len(planes))
    ]
    answer = probability(np.stack(logits), network["calibration"]).astype(np.float32)
    back = [
        (np.arange(s.start, s.stop) - places[0]) / r for s, places, r in zip((k, j, i), (planes, rows, columns), ratio)
    ]
    whole = np.zeros(search.shape, np.float32)
    whole[k, j, i] = cut(answer, *back) * search[k, j, i]
    return whole


def candidates(chain: Chain, scan: Scan, detected: np.ndarray) -> list[tuple[tuple[slice, ...], np.ndarray]]:
    """Box and centre (k, j, i) of what the classifier lets stay."""
    rule, network = chain.contract["decision"]["candidates"], chain.contract["classify"]
    labels, count = ndimage.label(detected > rule["threshold"], np.ones((3, 3, 3)))
    if not count:
        return []
    index = np.arange(1, count + 1)
    likely = np.argsort(-ndimage.mean(detected, labels, index))[: rule["most"]]
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, index))[likely]
    boxes = ndimage.find_objects(labels)
    boxes = [boxes[n] for n in likely]
    size, spacing = np.array(network["grid"]["size"]), np.array(network["grid"]["spacing_mm"])
    patches = []
    for centre in centres:
        places = [
            c + (np.arange(n) - (n - 1) / 2) * mm / own for c, n, mm, own in zip(centre, size, spacing, scan.spacing_mm)
        ]
        inside = [(p >= -0.5) & (p <= n - 0.5) for p, n in zip(places, scan.hu.shape)]
        within = (inside[0][:, None, None] & inside[1][None, :, None] & inside[2]).astype(np.float32)
        patches.append(np.stack([shown(cut(scan.hu, *places)), cut(detected, *places), within]))
    file, stay = network["members"][0]["graph"]["file"], []
    for start in range(0, len(patches), 8):
        logit = chain.run(file, {network["image"]: np.stack(patches[start : start + 8])})[0].ravel()
        stay.extend(probability(logit, network["calibration"]) >= network["threshold"])
    return [(box, centre) for box, centre, keep in zip(boxes, centres, stay) if keep]


def grown(box: tuple[slice, ...], scan: Scan, margin_mm: float) -> list[list[int]]:
    """First and last + 1 voxel along each axis."""
    steps = (margin_mm / scan.spacing_mm).astype(int)
    return [[max(s.start - n, 0), min(s.stop + n, size)] for s, n, size in zip(box, steps, scan.hu.shape)]


def apart(boxes: list[list[list[int]]]) -> list[list[list[int]]]:
    """Boxes of which none meets another: those that do are one."""
    merged: list[list[list[int]]] = []
    for box in boxes:
        while True:
            meets = [other for other in merged if all(a[0] <= b[1] and b[0] <= a[1] for a, b in zip(box, other))]
            if not meets:
                break
            merged = [other for other in merged if other not in meets]
            box = [[min(b[n][0] for b in [box, *meets]), max(b[n][1] for b in [box, *meets])] for n in range(3)]
        merged.append(box)
    return merged


def segment(
    chain: Chain, scan: Scan, found: list[tuple[tuple[slice, ...], np.ndarray]], samples: int, seed: int
) -> list[tuple[tuple[slice, ...], np.ndarray]]:
    """Boxes and probabilities (T, k, j, i) in them."""
    network, rng = chain.contract["segment"], np.random.default_rng(seed)
    spacing, size = np.array(network["grid"]["spacing_mm"]), np.array(network["grid"]["size"])
    margin = chain.contract["decision"]["candidates"]["margin_mm"]
    masks, noise = draws(network, samples, rng)
    centres = [np.round(centre) for _, centre in found]
    answers = []
    for box in apart([grown(box, scan, margin) for box, _ in found]):
        first, last = np.array([[a, b - 1] for a, b in box], float).T
        factor = max(1.0, *((last - first) * scan.spacing_mm / spacing / (size - 1)))
        ratio = spacing * factor / scan.spacing_mm
        start = (first + last) / 2 - (size - 1) / 2 * ratio
        room = np.array(scan.hu.shape) - 1 - (size - 1) * ratio
        start = np.where(room < 0, start, np.clip(start, 0, np.maximum(room, 0)))
        places = [s + np.arange(n) * r for s, n, r in zip(start, size, ratio)]
        image = shown(cut(scan.hu, *places))[None, None]
        fed = {network["clicks"]["input"]: clicked(places, centres, scan, network["clicks"]["decay_mm"])}
        back = [(np.arange(a, b) - s) / r for (a, b), s, r in zip(box, start, ratio)]
        given = np.empty((samples, *(b - a for a, b in box)), np.float32)
        members = network["members"]
        for n, member in enumerate(members):
            own = slice(n, samples, len(members))
            embeddings = chain.run(member["encoder"]["file"], {network["tensors"]["image"]: image})
            named = {e["name"]: value for e, value in zip(network["tensors"]["embeddings"], embeddings)}
            drawn = {name: value[own] for name, value in (masks | noise).items()}
            (logits,) = chain.run(member["decoder"]["file"], named | fed | drawn)
            given[own] = [cut(one[0], *back) for one in logits]
        answers.append((tuple(slice(a, b) for a, b in box), probability(given, network["calibration"])))
    return answers


def draws(network: Record, samples: int, rng: np.random.Generator) -> tuple[dict, dict]:
    """Dropout masks and noise of each sample."""
    masks = {
        d["input"]: ((rng.random((samples, d["channels"])) >= d["rate"]) / (1 - d["rate"])).astype(np.float32)[
            ..., None, None, None
        ]
        for d in network["random"]["dropout"]
    }
    noise = {
        n["input"]: (rng.normal(size=(samples, n["rank"])) * n["scale"]).astype(np.float32)
        for n in network["random"]["noise"]
    }
    return masks, noise


def clicked(places: list[np.ndarray], centres: list[np.ndarray], scan: Scan, decay_mm: float) -> np.ndarray:
    """Maps (1, 2, D, H, W) of clicks inside, and none outside."""
    squared = np.inf
    for centre in centres:
        k, j, i = (((p - c) * mm) ** 2 for p, c, mm in zip(places, centre, scan.spacing_mm))
        squared = np.minimum(squared, k[:, None, None] + j[None, :, None] + i)
    inside = np.exp(-np.sqrt(squared) / decay_mm)
    return np.stack([inside, np.zeros_like(inside)])[None].astype(np.float32)


def outline(
    chain: Chain, scan: Scan, answers: list, detected: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list]:
    """Labels, probability, entropy and a row a nodule."""
    threshold, smallest = chain.contract["decision"]["threshold"], chain.contract["decision"]["min_volume_mm3"]
    mean = detected.copy()
    for box, samples in answers:
        mean[box] = samples.mean(0)
    p = np.clip(mean, 1e-7, 1 - 1e-7)
    entropy = np.where(mean > 0, -(p * np.log(p) + (1 - p) * np.log(1 - p)), 0).astype(np.float32)
    labels, rows, voxel_mm3 = np.zeros(mean.shape, np.uint16), [], scan.spacing_mm.prod()
    for box, samples in answers:
        own, count = ndimage.label(mean[box] > threshold, np.ones((3, 3, 3)))
        for n in range(1, count + 1):
            mask = own == n
            if mask.sum() * voxel_mm3 < smallest:
                continue
            labels[box][mask] = len(rows) + 1
            near = ndimage.binary_dilation(mask)
            volumes = ((samples > threshold) & near).sum((1, 2, 3)) * voxel_mm3
            centre = np.argwhere(mask).mean(0) + [s.start for s in box]
            rows.append(measures(mask, volumes, centre, scan, scan.hu[box], entropy[box][near]))
    return labels, mean, entropy, rows


def measures(
    mask: np.ndarray, volumes: np.ndarray, centre: np.ndarray, scan: Scan, hu: np.ndarray, entropy: np.ndarray
) -> Record:
    voxels = mask.sum()
    widest = mask[mask.sum((1, 2)).argmax()]
    edge = np.argwhere(widest & ~ndimage.binary_erosion(widest)) * scan.spacing_mm[1:]
    long_axis = np.sqrt(((edge[:, None] - edge[None]) ** 2).sum(-1)).max()
    ras = scan.affine @ [*centre[::-1], 1]
    volume = voxels * scan.spacing_mm.prod()
    return {
        "centroid_ras": ras[:3].tolist(),
        "volume_mm3": float(volume),
        "volumes_mm3": np.percentile(volumes, [5, 50, 95]).tolist(),
        "equivalent_diameter_mm": float((6 * volume / np.pi) ** (1 / 3)),
        "long_axis_mm": float(long_axis),
        "mean_hu": float(hu[mask].mean()),
        "uncertainty_mean": float(entropy.mean()),
    }


def write(scan: Scan, folder: Path, volumes: dict[str, np.ndarray], rows: list[Record]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, volume in volumes.items():
        nibabel.save(nibabel.Nifti1Image(volume.T, scan.affine), folder / f"{name}.nii.gz")
    (folder / "nodules.json").write_text(json.dumps(rows, indent=1))


def script(bundle: Path, ct: Path, out: Path, samples: int, threads: int, seed: int = 0) -> dict[str, float]:
    """Runs it; seconds by stage."""
    seconds, last = {}, time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[name], last = now - last, now

    chain = Chain(bundle, threads)
    scan = read(ct)
    lap("read")
    search = lungs(scan)
    lap("lungs")
    detected = detect(chain, scan, search)
    found = candidates(chain, scan, detected)
    lap("detect")
    answers = segment(chain, scan, found, samples, seed)
    lap("segment")
    labels, mean, entropy, rows = outline(chain, scan, answers, detected)
    lap("nodules")
    write(scan, out, {"label": labels, "probability": mean, "uncertainty": entropy}, rows)
    lap("write")
    return seconds
