"""Lesions of whole CTs that have a place and a size, but no mask."""

import json
from pathlib import Path

import numpy as np

from .annotations import reader

FUSED_CT = "fcp_dicom"


def known_lesions(folder: Path) -> dict[str, list[tuple[np.ndarray, float]]]:
    """Voxel (i, j, k) and radius in mm of each lesion without a mask, by the CT's name; none of marks under 3 mm."""
    index = folder / "whole_ct" / "index.json"
    records = json.loads(index.read_text()) if index.exists() else []
    listed = {
        r["file"]: [(np.array(x["voxel"]), x["diameter_mm"] / 2) for x in r["lesions"] if x["diameter_mm"]]
        for r in records
    }
    seen = [(np.array(place.voxel_ijk), place.radius_mm) for place in reader.of_ct(reader.SEEN_BY_EYE, FUSED_CT)]
    return {**listed, FUSED_CT: seen}
