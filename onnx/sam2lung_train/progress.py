"""Progress bars: live on a terminal, a line every half minute in a log."""

import sys
from typing import Any

from tqdm import tqdm


def bar(*arguments: Any, **options: Any) -> tqdm:
    """`tqdm` at a pace that suits where it is shown."""
    return tqdm(*arguments, mininterval=0.2 if sys.stderr.isatty() else 30.0, **options)
