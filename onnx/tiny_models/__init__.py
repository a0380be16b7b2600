"""Tiny model bundles: networks so small that their results can be computed by hand.

The bytes depend on nothing but these files, so that writing them again changes nothing. Needs numpy and onnx only.
"""

from pathlib import Path

from . import chains, patches, schema1, slices
from .files import write

BUNDLES = schema1.BUNDLES + slices.BUNDLES + patches.BUNDLES + chains.BUNDLES


def write_all(folder):
    """Writes every bundle to `folder`/NAME; returns the bundles' folders."""
    made = (make() for make in BUNDLES)
    return [write(Path(folder) / contract["name"], contract, graphs) for contract, graphs in made]
