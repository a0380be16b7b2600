"""The packed training data in pieces small enough to travel to a machine that takes 64 MB a call.

HU travel in steps of 8 from -1024 to 1016, one byte a voxel; the network's window is 1400 HU wide and the noise of a CT
is larger than that. Everything else is exact. No module's name goes into a piece, so pieces outlive a move of modules.
"""

import hashlib
import lzma
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from . import items

PIECE_BYTES = 60_000_000
STEP_HU, LOWEST_HU = 8, -1024
HU_FIELDS = ("hu", "caps")
FILES = ((items.NODULES, items.Stack), (items.WHOLES, items.Whole))


def thinned(item: items.Stack | items.Whole) -> dict[str, Any]:
    """An item's fields with HU as bytes."""
    fields = dict(vars(item))
    for name in HU_FIELDS:
        if name in fields:
            fields[name] = np.clip(np.round((fields[name] - LOWEST_HU) / STEP_HU), 0, 255).astype(np.uint8)
    return fields


def restored(fields: dict[str, Any], kind: type) -> items.Stack | items.Whole:
    """The item that `thinned` was given, up to the step."""
    for name in HU_FIELDS:
        if name in fields:
            fields[name] = fields[name].astype(np.int16) * STEP_HU + LOWEST_HU
    return kind(**fields)


def split(cache: Path, out: Path, piece_bytes: int = PIECE_BYTES) -> list[Path]:
    """Writes the pieces; returns their paths. The first 32 bytes of each are the hash of the whole, so that pieces of
    two packings can't mix.
    """
    stored = {name: [thinned(item) for item in items.load(cache / name, kind)] for name, kind in FILES}
    packed = lzma.compress(pickle.dumps(stored, protocol=5), preset=1)
    digest, size = hashlib.sha256(packed).digest(), piece_bytes - 32
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.xz"):
        old.unlink()
    paths = [out / f"{n:02d}.xz" for n in range(-(-len(packed) // size))]
    for n, path in enumerate(paths):
        path.write_bytes(digest + packed[n * size : (n + 1) * size])
    return paths


def join(out: Path, cache: Path) -> None:
    """Writes the cache from all pieces in `out`."""
    parts = [path.read_bytes() for path in sorted(out.glob("*.xz"))]
    packed = b"".join(part[32:] for part in parts)
    if not parts or any(part[:32] != hashlib.sha256(packed).digest() for part in parts):
        names = ", ".join(path.name for path in sorted(out.glob("*.xz"))) or "nothing"
        raise UserError(
            f"{out} holds {names}: expected all pieces of one packing; carry the missing ones over, or split again"
        )
    # Only what `split` wrote gets here: the hash was checked. Still, unpickle pieces of your own alone.
    stored = pickle.loads(lzma.decompress(packed))
    cache.mkdir(parents=True, exist_ok=True)
    for name, kind in FILES:
        items.save(cache / name, [restored(fields, kind) for fields in stored[name]])
