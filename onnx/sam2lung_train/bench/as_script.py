"""`python -m sam2lung_train.bench.as_script BUNDLE CT OUT SAMPLES THREADS`: the script by itself; prints its seconds."""

import json
import sys
import time
from pathlib import Path

BEGUN = time.perf_counter()

from .scripted import script  # noqa: E402

if __name__ == "__main__":
    bundle, ct, out, samples, threads = sys.argv[1:]
    seconds = script(Path(bundle), Path(ct), Path(out), int(samples), int(threads))
    print(json.dumps(seconds | {"process": time.perf_counter() - BEGUN}))
