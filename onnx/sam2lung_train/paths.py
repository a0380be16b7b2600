"""Where things lie if nothing else is said."""

from pathlib import Path

_BESIDE_PACKAGE = Path(__file__).resolve().parent.parent
# The folder `onnx` of the repository. An installed copy of the package has none beside it: then it is the working
# directory.
ONNX_FOLDER = _BESIDE_PACKAGE if (_BESIDE_PACKAGE / "bundles").is_dir() else Path.cwd()
DATA = ONNX_FOLDER.parent.parent / "shared" / "data"
CACHE = ONNX_FOLDER / "cache"
# The bundle that is compiled into the command line.
DEFAULT_BUNDLE = ONNX_FOLDER / "bundles" / "default"
