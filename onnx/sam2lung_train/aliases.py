"""Types that many modules share."""

from typing import Any

Spacing = tuple[float, float, float]  # mm along slice k, row j, column i
Box = tuple[slice, slice, slice]  # k, j, i
Record = dict[str, Any]  # a JSON object
