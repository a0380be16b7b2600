"""One scan in two reconstruction kernels: are the findings the same, and their volumes?

Findings of the two label maps, which share a grid, belong together when they share a voxel; several may be one place,
whose volumes are summed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..aliases import Record
from . import tables

# File names in `whole_ct` of one scan.
PAIRS = (("lungdx_lung", "lungdx_soft"),)
AGREES = 0.15  # share by which the larger volume may exceed the smaller


@dataclass
class Place:
    """What either run found at one place; a volume of 0 where it found nothing."""

    voxel_ijk: list[float]
    first_mm3: float
    second_mm3: float

    @property
    def agrees(self) -> bool:
        small, large = sorted((self.first_mm3, self.second_mm3))
        return 0 < small and large <= (1 + AGREES) * small


def places(
    labels: tuple[np.ndarray, np.ndarray], nodules: tuple[list[Record], list[Record]], smallest_mm: float
) -> list[Place]:
    """The places of both runs' findings; those in which no finding has `smallest_mm` are left out."""
    count = [int(part.max()) for part in labels]
    both = (labels[0] > 0) & (labels[1] > 0)
    joined = coo_matrix(
        (np.ones(int(both.sum())), (labels[0][both], count[0] + labels[1][both])), shape=(sum(count) + 1,) * 2
    )
    member = connected_components(joined, directed=False)[1]
    found = {}
    for run, entries in enumerate(nodules):
        for entry in entries:
            found.setdefault(int(member[entry["id"] + (count[0] if run else 0)]), ([], []))[run].append(entry)
    made = []
    for parts in found.values():
        every = [*parts[0], *parts[1]]
        if max(entry["equivalent_diameter_mm"] for entry in every) < smallest_mm:
            continue
        largest = max(every, key=lambda entry: entry["volume_mm3"])
        volumes = (float(sum(entry["volume_mm3"] for entry in part)) for part in parts)
        made.append(Place(largest["centroid_ijk"], *volumes))
    return sorted(made, key=lambda place: -max(place.first_mm3, place.second_mm3))


def report(names: tuple[str, str], found: list[Place]) -> str:
    in_both = [place for place in found if place.first_mm3 and place.second_mm3]
    rows = [
        [
            ", ".join(f"{v:.0f}" for v in place.voxel_ijk),
            *(f"{volume:.0f}" if volume else "–" for volume in (place.first_mm3, place.second_mm3)),
            tables.number(place.second_mm3 / place.first_mm3 if place in in_both else None, 2),
        ]
        for place in found
    ]
    summary = (
        f"One scan in two kernels: {len(in_both)} of {len(found)} places found in both, "
        f"{sum(place.agrees for place in found)} with volumes within {AGREES:.0%}."
    )
    return summary + "\n\n" + tables.table(["Voxel", *(f"{name}, mm³" for name in names), "Second ÷ first"], rows)
