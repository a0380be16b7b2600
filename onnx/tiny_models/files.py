"""From bundles in memory to folders."""

import hashlib
import json
from pathlib import Path


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def write(folder, contract, graphs):
    """Writes one bundle: `contract` as model.json, and the bytes of each graph under its name; the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(contract, indent=2) + "\n"
    for name, data in {**graphs, "model.json": text.encode()}.items():
        (folder / name).write_bytes(data)
    return folder
