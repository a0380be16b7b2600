"""Writes the tiny model bundles under tests/bundles/ (tiny_models/ makes them and says what each computes).

python onnx/make_tiny_models.py [FOLDER]        # default: tests/bundles beside onnx/
"""

import sys
from pathlib import Path

from tiny_models import write_all

if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "tests" / "bundles"
    for bundle in write_all(target):
        print(f"{bundle.name}: {sum(f.stat().st_size for f in bundle.iterdir())} bytes")
