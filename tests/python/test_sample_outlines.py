"""--sample-outlines: which sample calls which voxel a nodule, against the volumes in the table."""

import json

import made_ct
import nibabel
import numpy as np
import pytest
import SimpleITK
from scipy import ndimage

SHAPE = (12, 40, 48)
SPACING = (0.75, 0.75, 2.0)


def hu():
    """A ball, a fainter part of it that only some samples see, and one that lies elsewhere."""
    volume = np.full(SHAPE, made_ct.LUNG_HU)
    volume[made_ct.ball(SHAPE, (18, 18, 5), 7.0, SPACING)] = -420
    volume[made_ct.ball(SHAPE, (16, 18, 5), 5.0, SPACING)] = 60
    volume[made_ct.ball(SHAPE, (38, 30, 6), 4.0, SPACING)] = -100
    return volume


@pytest.fixture
def written(sam2lung, bundles, tmp_path):
    """The folder of results with as many samples, and further words."""
    # Columns run to the left and slices downwards: not the order that the program works in.
    affine = np.diag([SPACING[0], -SPACING[1], -SPACING[2], 1.0])
    ct = made_ct.write(tmp_path / "ct.nii.gz", hu(), affine=affine)

    def run(samples, *words):
        words = ("--output", tmp_path / "out", "--model", bundles / "tiny-noise", "--lung-mask", "off", *words)
        sam2lung.segment(ct, *words, "--samples", samples, "--sample-outlines")
        return tmp_path / "out" / "ct"

    return run


@pytest.mark.parametrize(("samples", "kind"), [(25, np.uint32), (32, np.uint32), (33, np.uint64), (64, np.uint64)])
def test_sample_outlines_hold_the_volumes_of_the_table_bit_by_bit(written, samples, kind):
    folder = written(samples)
    bits, label = (made_ct.read(folder / f"{name}.nii.gz") for name in ("sample_outlines", "label"))
    assert bits.dtype == kind and bits.shape == SHAPE
    nodules = json.loads((folder / "nodules.json").read_text())
    assert len(nodules) >= 2
    volumes = set()
    for nodule in nodules:
        own = label == nodule["id"]
        near = np.zeros(SHAPE, bool)
        reach = [int(np.ceil(10 / mm)) for mm in SPACING[::-1]]
        near[tuple(slice(max(0, a.min() - r), a.max() + r + 1) for a, r in zip(np.nonzero(own), reach))] = True
        for sample, volume in enumerate(nodule["sample_volumes_mm3"]):
            inside = (bits >> kind(sample) & kind(1)).astype(bool) & near & (own | (label == 0))
            parts, _ = ndimage.label(inside, np.ones((3, 3, 3)))
            connected = np.isin(parts, np.unique(parts[own & inside]))
            assert (connected & inside).sum() * np.prod(SPACING) == pytest.approx(volume), (nodule["id"], sample)
            volumes.add(volume)
    assert len(volumes) > 2, "samples differ"


def test_sample_outlines_of_other_formats_are_the_same(written):
    wanted = made_ct.read(written(40) / "sample_outlines.nii.gz")
    nrrd = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(written(40, "--format", "nrrd") / "sample_outlines.nrrd"))
    assert nrrd.dtype == np.uint64 and np.array_equal(nrrd, wanted)
    header = nibabel.load(written(40) / "sample_outlines.nii.gz").header
    assert header.get_data_dtype() == np.uint64


def test_more_samples_than_bits_are_refused_before_anything_runs(sam2lung, bundles, tmp_path):
    ct = made_ct.write(tmp_path / "ct.nii.gz", hu(), SPACING)
    words = ("--output", tmp_path / "out", "--lung-mask", "off", "--sample-outlines", "--samples", 65)
    done = sam2lung.segment(ct, *words, "--model", bundles / "tiny-noise", status=1)
    assert "E_OPTION" in done.stderr and "sample-outlines" in done.stderr and "65 samples" in done.stderr
    assert not (tmp_path / "out").exists()
    # Of one deterministic network one sample is drawn, whatever was asked for.
    sam2lung.segment(ct, *words, "--model", bundles / "tiny-plain")
    assert set(np.unique(made_ct.read(tmp_path / "out" / "ct" / "sample_outlines.nii.gz"))) <= {0, 1}
