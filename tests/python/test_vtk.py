"""Surfaces and volumes for VTK: read by VTK itself where it is installed, volumes by the text of the format as well."""

import struct
import zlib
from xml.etree import ElementTree

import made_ct
import numpy as np
import pytest

SPACING = (0.75, 0.8, 1.25)
SHAPE = (20, 48, 48)
CENTRE_IJK = np.array([22.3, 24.6, 9.7])
RADIUS_MM = 8.0
BALL_MM3 = 4 / 3 * np.pi * RADIUS_MM**3


def affine(mirrored):
    turn = np.deg2rad(25)
    turned = np.eye(4)
    turned[:2, :2] = [[-np.cos(turn), np.sin(turn)], [-np.sin(turn), -np.cos(turn)]]
    return turned @ np.diag([*SPACING, 1]) @ np.diag([-1 if mirrored else 1, 1, 1, 1]) + shift()


def shift():
    matrix = np.zeros((4, 4))
    matrix[:3, 3] = [60.5, -20.25, 300.125]
    return matrix


def depth_mm():
    """How deep each voxel lies in the ball; negative outside."""
    k, j, i = np.indices(SHAPE)
    places = (np.stack([i, j, k], -1) - CENTRE_IJK) * SPACING
    return RADIUS_MM - np.linalg.norm(places, axis=-1)


@pytest.fixture(params=[False, True], ids=["as_it_is", "mirrored"])
def grid(request):
    return affine(request.param)


@pytest.fixture
def segment(sam2lung, bundles, grid, tmp_path):
    """Segments a ball with a blurred edge; the folder of its results."""

    def run(*words):
        hu = np.clip(-850 + 900 / (1 + np.exp(-depth_mm() / 0.6)), -850, 50).round()
        path = made_ct.write(tmp_path / "ct.nii.gz", hu, affine=grid)
        words = (*words, "--output", tmp_path / "out", "--model", bundles / "tiny-identity", "--lung-mask", "off")
        sam2lung.segment(path, *words, "--samples", 4)
        return tmp_path / "out" / "ct"

    return run


# --- surfaces ---------------------------------------------------------------------------------------------------------


def vtk_module(name):
    return pytest.importorskip(f"vtkmodules.{name}", reason="SKIPPED: vtk is not installed", exc_type=ImportError)


def read_surface(path):
    """The mesh as VTK reads it."""
    kind, reader = ("vtkIOXML", "vtkXMLPolyDataReader") if path.suffix == ".vtp" else ("vtkIOLegacy", "vtkPolyDataReader")
    reader = getattr(vtk_module(kind), reader)()
    reader.SetFileName(str(path))
    reader.Update()
    assert reader.GetErrorCode() == 0
    return reader.GetOutput()


@pytest.mark.parametrize("ending", ["vtp", "vtk"])
def test_surface_in_vtk_has_the_volume_and_place_of_the_known_ball(segment, grid, ending):
    folder = segment("--surfaces", ending)
    mesh = read_surface(folder / f"nodules.{ending}")
    filters = vtk_module("vtkFiltersCore")
    assert mesh.GetCellData().GetArray("id").GetRange() == (1, 1)

    edges = filters.vtkFeatureEdges()
    edges.SetInputData(mesh)
    edges.FeatureEdgesOff()
    edges.BoundaryEdgesOn()
    edges.NonManifoldEdgesOn()
    edges.Update()
    assert edges.GetOutput().GetNumberOfCells() == 0, "watertight"

    mass = filters.vtkMassProperties()
    mass.SetInputData(mesh)
    mass.Update()
    label_mm3 = made_ct.read(folder / "label.nii.gz").astype(bool).sum() * np.prod(SPACING)
    # The ball as the network sees it: of the label, whose voxels are counted whole.
    assert mass.GetVolume() == pytest.approx(label_mm3, rel=0.02)

    low_high = np.reshape(mesh.GetBounds(), (3, 2))
    centre_ras = (grid @ [*CENTRE_IJK, 1])[:3]
    assert low_high.mean(axis=1) == pytest.approx(centre_ras, abs=0.1)
    radius_mm = np.cbrt(label_mm3 * 3 / 4 / np.pi)
    assert np.diff(low_high).ravel() / 2 == pytest.approx([radius_mm] * 3, abs=0.15)


# --- volumes ----------------------------------------------------------------------------------------------------------


TYPES = {"UInt16": "<u2", "Float32": "<f4"}


def read_vti(path):
    """Voxels [slice, row, column], and the matrix from IJK to the file's world, by the text of VTK's format alone."""
    head, _, body = path.read_bytes().partition(b'<AppendedData encoding="raw">\n_')
    image = ElementTree.fromstring(head.rstrip() + b"</VTKFile>").find("ImageData")
    numbers = {name: [float(word) for word in image.get(name).split()] for name in ("Origin", "Spacing", "Direction")}
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(numbers["Direction"], (3, 3)) @ np.diag(numbers["Spacing"])
    matrix[:3, 3] = numbers["Origin"]

    blocks, block_bytes, last = struct.unpack_from("<3Q", body)
    assert last == 0
    sizes = struct.unpack_from(f"<{blocks}Q", body, 24)
    starts = 24 + 8 * blocks + np.cumsum([0, *sizes])
    voxels = [zlib.decompress(body[start : start + size]) for start, size in zip(starts, sizes)]
    assert {len(block) for block in voxels} == {block_bytes}
    assert body[starts[-1] :].split() == [b"</AppendedData>", b"</VTKFile>"]
    extent = [int(word) for word in image.get("WholeExtent").split()]
    shape = [extent[2 * axis + 1] + 1 for axis in (2, 1, 0)]
    kind = image.find("Piece/PointData/DataArray").get("type")
    return np.frombuffer(b"".join(voxels), TYPES[kind]).reshape(shape), matrix


STEMS = ("label", "probability", "uncertainty")


def test_vti_holds_the_voxels_of_the_nifti_in_ras(segment, grid):
    wanted = {stem: made_ct.read(segment() / f"{stem}.nii.gz") for stem in STEMS}
    folder = segment("--format", "vti")
    for stem in STEMS:
        voxels, matrix = read_vti(folder / f"{stem}.vti")
        assert np.array_equal(voxels, wanted[stem])
        # The CT came as NIfTI, in single precision.
        assert matrix == pytest.approx(grid, abs=1e-4)


def test_vti_in_vtk_has_the_voxels_at_their_places(segment, grid):
    wanted = made_ct.read(segment() / "label.nii.gz")
    reader = vtk_module("vtkIOXML").vtkXMLImageDataReader()
    reader.SetFileName(str(segment("--format", "vti") / "label.vti"))
    reader.Update()
    assert reader.GetErrorCode() == 0
    image = reader.GetOutput()
    numpy_support = vtk_module("util.numpy_support")
    voxels = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    assert np.array_equal(voxels, wanted)
    for ijk in [(0, 0, 0), (47, 0, 0), (0, 47, 0), (47, 47, 19)]:
        ras = [0.0] * 3
        image.TransformIndexToPhysicalPoint(ijk, ras)
        assert ras == pytest.approx((grid @ [*ijk, 1])[:3], abs=1e-3)
