"""Keeps the allocator from giving memory back between two tensors."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
NEVER = 1 << 30  # bytes


def keep_freed_memory() -> None:
    """For programs that make and drop large tensors all the time: glibc hands each back to the system at once, and the
    page faults of the next one took a quarter of the time. Does nothing without glibc."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, NEVER)
            mallopt(M_TRIM_THRESHOLD, NEVER)
