"""What the machine is and what it could do at most: its ceilings, measured."""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

COPIED_BYTES = 256 << 20  # far more than any cache
REPEATS = 5
EDGE = 1536  # of the matrices that are multiplied


@dataclass(frozen=True)
class Machine:
    """Description and ceilings, with the threads that they were measured with."""

    cpu: str
    threads: int
    memory_gib: float
    system: str
    bytes_s: float  # memory: read and written by a copy
    flops_s: float  # float32: a large matrix product

    @property
    def words(self) -> str:
        return (
            f"{self.cpu}, {self.threads} threads, {self.memory_gib:.0f} GiB, {self.system}. Ceilings, measured: "
            f"{self.bytes_s / 1e9:.1f} GB/s of memory (a copy, read and written), {self.flops_s / 1e9:.0f} GFLOP/s (a "
            "float32 matrix product)"
        )


def best(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of the fastest of some repeats: a ceiling is what the machine does undisturbed."""
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def cpu_name() -> str:
    """As the system calls it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def memory_gib() -> float:
    """Of the machine; 0 where the system doesn't tell."""
    try:
        with open("/proc/meminfo") as lines:
            return int(next(line.split()[1] for line in lines if line.startswith("MemTotal"))) / 2**20
    except (OSError, StopIteration):
        return 0.0


def machine(threads: int) -> Machine:
    """This one."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    source = torch.ones(COPIED_BYTES // 4)
    target = torch.empty_like(source)
    bytes_s = 2 * COPIED_BYTES / best(lambda: target.copy_(source))
    a = torch.from_numpy(np.random.default_rng(0).normal(size=(EDGE, EDGE)).astype(np.float32))
    flops_s = 2 * EDGE**3 / best(lambda: a @ a)
    torch.set_num_threads(before)
    system = f"{platform.system()} {platform.machine()}"
    return Machine(cpu_name(), threads, memory_gib(), system, bytes_s, flops_s)
