"""Scenes for the tests in this folder: Slicer's core from its wheels, the module's wrapped classes, a CT of balls.

CTest puts the folder of the wrapped classes on PYTHONPATH, and the folder with tiny models into SAM2LUNG_TEST_BUNDLES.
"""

import os

import numpy as np
import slicer_core as slicer  # before the module's classes: it loads the libraries that they stand on
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkSlicerSAM2LungModuleLogicPython import vtkSlicerSAM2LungLogic
from vtkSlicerSAM2LungModuleMRMLPython import vtkMRMLSAM2LungParametersNode

TINY_MODEL = os.path.join(os.environ["SAM2LUNG_TEST_BUNDLES"], "tiny-clicks")  # soft tissue is a nodule to it
LUNG_HU, BALL_HU = -850, -300


class Scene:
    """A MRML scene with what Slicer's application brings along, and the module's logic."""

    def __init__(self):
        self.mrml = slicer.vtkMRMLScene()
        self.application = slicer.vtkSlicerApplicationLogic()
        self.application.SetMRMLScene(self.mrml)
        self.colors = slicer.vtkMRMLColorLogic()
        self.colors.SetMRMLScene(self.mrml)
        self.logic = vtkSlicerSAM2LungLogic()
        self.logic.SetMRMLApplicationLogic(self.application)
        self.logic.SetMRMLScene(self.mrml)

    def add_volume(self, name, voxels, ijk_to_ras, kind="vtkMRMLScalarVolumeNode"):
        """A volume of ``voxels[k, j, i]``; ``ijk_to_ras`` is 4 x 4."""
        image = vtk.vtkImageData()
        image.SetDimensions(voxels.shape[::-1])
        image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(voxels).ravel(), deep=True))
        matrix = vtk.vtkMatrix4x4()
        matrix.DeepCopy(np.asarray(ijk_to_ras, float).ravel())
        node = self.mrml.AddNewNodeByClass(kind, name)
        node.SetAndObserveImageData(image)
        node.SetIJKToRASMatrix(matrix)
        node.CreateDefaultDisplayNodes()
        return node

    def add_balls(self, balls, shape=(24, 80, 90), spacing_mm=(0.8, 0.8, 2.0)):
        """A CT in HU of balls in lung, along the patient's axes; ``balls``: (i, j, k, radius in mm)."""
        k, j, i = np.indices(shape)
        hu = np.full(shape, LUNG_HU, np.int16)
        for at_i, at_j, at_k, radius_mm in balls:
            away = [(a - b) * s for a, b, s in zip((i, j, k), (at_i, at_j, at_k), spacing_mm, strict=True)]
            hu[sum(d**2 for d in away) <= radius_mm**2] = BALL_HU
        return self.add_volume("Chest", hu, np.diag([*spacing_mm, 1.0]))

    def add_parameters(self, ct, **options):
        """A parameter node that takes the tiny model and searches everywhere: a CT of balls has no lungs."""
        node = self.mrml.AddNewNodeByClass("vtkMRMLSAM2LungParametersNode")
        node.SetInputVolumeNode(ct)
        node.SetModelFolder(TINY_MODEL)
        node.SetSearch(vtkMRMLSAM2LungParametersNode.SearchEverywhere)
        node.SetDevice(vtkMRMLSAM2LungParametersNode.DeviceCPU)
        for name, value in options.items():
            getattr(node, f"Set{name}")(value)
        return node


def voxels(node):
    """The voxels of a volume node, ``[k, j, i]``."""
    image = node.GetImageData()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
