"""What is aimed at, beside what was measured."""

from dataclasses import dataclass

from ..evaluation import tables


@dataclass(frozen=True)
class Reached:
    """Figures that have an aim; ratios of seconds unless said."""

    published: float  # the published way ÷ ours
    script: float  # a good script ÷ ours
    samples: float  # T = 25 ÷ T = 1
    outside: float  # share of a run's time outside the networks
    info: float  # seconds of `sam2lung info`
    help: float  # seconds to the first byte of help


def table(reached: Reached) -> str:
    """Two threads on 512 × 512 × 300 voxels are what the aims are for."""
    rows = [
        ("the published way ÷ ours", "100 at least", reached.published >= 100, f"{reached.published:.0f}"),
        ("a good script ÷ ours", "2 at least", reached.script >= 2, f"{reached.script:.2f}"),
        ("T = 25 ÷ T = 1", "1.5 at most", reached.samples <= 1.5, f"{reached.samples:.2f}"),
        ("time outside the networks", "10 % at most", reached.outside <= 0.1, f"{100 * reached.outside:.0f} %"),
        ("`sam2lung info`", "0.3 s at most", reached.info <= 0.3, f"{reached.info:.2f} s"),
        ("first byte of help", "20 ms at most", reached.help <= 0.02, f"{1000 * reached.help:.0f} ms"),
    ]
    cells = [[words, aim, got, "yes" if good else "no"] for words, aim, good, got in rows]
    return tables.table(["Aim, for 2 threads on 512 × 512 × 300 voxels", "", "Measured", "Reached"], cells)
