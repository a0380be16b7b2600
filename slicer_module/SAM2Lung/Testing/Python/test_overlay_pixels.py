"""What a slice view shows, pixel by pixel: Slicer's own slice pipeline, drawn into memory.

The CT is made of balls along the patient's axes, one voxel a pixel, so that a pixel's place in the picture is known:
Slicer shows an axial slice with the patient's right on the left and the front on top.
"""

import unittest

import numpy as np
from sam2lung_scene import Scene, slicer, voxels
from vtk.util.numpy_support import vtk_to_numpy

SHAPE = (24, 80, 90)
BALL_IJK, BALL_MM = (20, 22, 10), 6.0
OTHER_IJK, OTHER_MM = (70, 40, 12), 5.0
SPACING_MM = (0.8, 0.8, 2.0)
FAINTEST_SHOWN = 0.1  # of the window, 0 to 1 (SAM2LungColors.cxx)


class SliceView:
    """The red slice view over a scene."""

    def __init__(self, scene):
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLScene(scene.mrml)
        self.node = self.logic.AddSliceNode("Red")
        self.composite = self.logic.GetSliceCompositeNode()

    def show(self, ct, k):
        """Axial slice ``k`` of a CT along the patient's axes, one voxel a pixel."""
        self.composite.SetBackgroundVolumeID(ct.GetID())
        columns, rows = SHAPE[2], SHAPE[1]
        self.node.SetOrientationToAxial()
        self.node.SetDimensions(columns, rows, 1)
        self.node.SetFieldOfView(columns * SPACING_MM[0], rows * SPACING_MM[1], 1)
        self.node.JumpSliceByCentering((columns - 1) / 2 * SPACING_MM[0], (rows - 1) / 2 * SPACING_MM[1], k * SPACING_MM[2])

    def pixels(self):
        """RGB as ``[j, i, 3]`` of the CT's voxels: undoes that the view has the patient's right on the left."""
        self.logic.UpdatePipeline()
        producer = self.logic.GetImageDataConnection().GetProducer()
        producer.Update()
        image = producer.GetOutputDataObject(0)
        rgba = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(*image.GetDimensions()[1::-1], -1)
        return rgba[:, ::-1, :3].astype(int)


class OverlayPixelsTest(unittest.TestCase):
    def setUp(self):
        self.scene = Scene()
        self.ct = self.scene.add_balls([(*BALL_IJK, BALL_MM), (*OTHER_IJK, OTHER_MM)], SHAPE, SPACING_MM)
        self.view = SliceView(self.scene)
        self.view.show(self.ct, BALL_IJK[2])
        self.node = self.scene.add_parameters(self.ct, OverlayVisible=False)
        self.assertTrue(self.scene.logic.Segment(self.node), self.scene.logic.GetStatusText())
        self.plain = self.view.pixels()

    def show_overlay(self, visible, opacity=0.4):
        self.node.SetOverlayVisible(visible)
        self.node.SetOverlayOpacity(opacity)
        self.scene.logic.UpdateOverlay(self.node)

    def changed(self):
        return (self.view.pixels() != self.plain).any(axis=-1)

    def test_ct_alone_is_grey_and_brightest_in_the_ball(self):
        self.assertTrue((self.plain == self.plain[..., :1]).all(), "a plain CT has colours")
        i, j, _ = BALL_IJK
        self.assertGreater(self.plain[j, i, 0], self.plain[60, 45, 0])

    def test_overlay_colours_the_uncertainty_and_nothing_else(self):
        self.show_overlay(True)
        uncertainty = voxels(self.node.GetUncertaintyVolumeNode())[BALL_IJK[2]]
        changed = self.changed()
        # Linear interpolation between voxels: a pixel's value comes from voxels at most one away.
        near = np.zeros_like(changed)
        for dj in (-1, 0, 1):
            for di in (-1, 0, 1):
                near |= np.roll(uncertainty >= FAINTEST_SHOWN, (dj, di), axis=(0, 1))
        self.assertEqual((changed & ~near).sum(), 0, "pixels changed where there is too little uncertainty to be shown")
        strong = uncertainty > 0.5
        self.assertGreater(strong.sum(), 0, "the tiny model is sure of everything")
        self.assertEqual((strong & ~changed).sum(), 0, "voxels of strong uncertainty that can't be seen")

    def test_overlay_lies_at_the_balls_of_its_own_slice(self):
        for k in (BALL_IJK[2], OTHER_IJK[2]):
            self.show_overlay(False)
            self.view.show(self.ct, k)
            self.plain = self.view.pixels()
            self.show_overlay(True)
            rows, columns = np.nonzero(self.changed())
            self.assertGreater(len(rows), 0, "the overlay can't be seen")
            # The tiny model is unsure of the balls alone; one voxel more comes from interpolation.
            outside = [np.hypot((columns - i) * SPACING_MM[0], (rows - j) * SPACING_MM[1]) - mm
                       for (i, j, _), mm in ((BALL_IJK, BALL_MM), (OTHER_IJK, OTHER_MM))]
            self.assertLessEqual(np.minimum(*outside).max(), np.hypot(*SPACING_MM[:2]))

    def test_overlay_that_is_switched_off_leaves_the_ct_as_it_was(self):
        self.show_overlay(True)
        self.show_overlay(False)
        self.assertEqual(self.changed().sum(), 0)

    def test_more_opacity_shows_more(self):
        differences = []
        for opacity in (0.2, 0.4, 0.8):
            self.show_overlay(True, opacity)
            differences.append(np.abs(self.view.pixels() - self.plain).sum())
        self.assertEqual(differences, sorted(set(differences)))


if __name__ == "__main__":
    unittest.main()
