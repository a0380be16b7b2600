"""Parts of a model.json of schema 2."""

from .files import sha256

WINDOW_HU = [-1000.0, 400.0]
CT = {"name": "CT", "unit": "HU", "normalise": {"window": WINDOW_HU}}
NODULE = {"name": "nodule", "code": ["SCT", "27925004", "Nodule"], "colour": [230, 159, 0]}


def contract(name, segment, **fields):
    """model.json of a bundle of one channel and one class; `fields` replace what differs."""
    return {
        "schema_version": 2,
        "name": name,
        "version": "1.0.0",
        "channels": [CT],
        "classes": [NODULE],
        "output": "instances",
        "segment": segment,
        "sampling": {"samples": 25},
        "decision": {"threshold": 0.5, "min_volume_mm3": 14.0},
        **fields,
        "provenance": {
            "data": "none: weights set by hand for tests, of no medical use",
            "licence": "MIT OR Apache-2.0",
            "attribution": "sam2lung contributors",
            "training": {},
        },
    }


def network(kind, members, graphs, embeddings=None, offsets_mm=None, grid=None, **fields):
    """A network; `members` name their files by part, such as {"encoder": "encoder.onnx", "decoder": "decoder.onnx"}."""
    tensors = {"image": "image", "logits": "logits"}
    if embeddings:
        tensors["embeddings"] = [{"name": n, "channels": c, "stride": s} for n, c, s in embeddings]
    if offsets_mm:
        tensors["offsets_mm"] = offsets_mm
    return {
        "kind": kind,
        **({"grid": grid} if grid else {}),
        "members": [member(graphs, **parts) for parts in members],
        "tensors": tensors,
        **fields,
    }


def member(graphs, **parts):
    return {part: {"file": file, "sha256": sha256(graphs[file])} for part, file in parts.items()}


def boxes(size, overlap, blend, spacing_mm=(None, None, None)):
    """The grid of a patch network."""
    return {"spacing_mm": list(spacing_mm), "multiple": 1, "size": list(size), "overlap": overlap, "blend": blend}


def dropout(*layers):
    """Inputs drop0, drop1 … of these (channels, rate)."""
    return [{"input": f"drop{n}", "channels": c, "rate": r} for n, (c, r) in enumerate(layers)]
