"""The module's logic from Python, as a script in Slicer uses it."""

import unittest

from sam2lung_scene import Scene, voxels, vtkSlicerSAM2LungLogic

BALLS = [(20, 22, 10, 6.0), (70, 40, 12, 5.0)]


class SegmentTest(unittest.TestCase):
    def setUp(self):
        self.scene = Scene()
        self.logic = self.scene.logic

    def test_three_lines_fill_the_outputs(self):
        ct = self.scene.add_balls(BALLS)
        node = self.scene.add_parameters(ct)
        self.assertTrue(self.logic.Segment(node), self.logic.GetStatusText())
        self.assertEqual(self.logic.GetStatus(), vtkSlicerSAM2LungLogic.StatusCompleted)
        labels = voxels(node.GetLabelMapNode())
        for i, j, k, _ in BALLS:
            self.assertGreater(labels[k, j, i], 0, f"no label at the ball in ({i}, {j}, {k})")
        self.assertEqual(labels[12, 60, 45], 0, "a label where there is no ball")
        self.assertEqual(set(labels[labels > 0]), {1, 2})
        self.assertIn("2 nodules", self.logic.GetStatusText())

    def test_progress_rises_to_one_and_is_heard_by_observers(self):
        node = self.scene.add_parameters(self.scene.add_balls(BALLS), Samples=400)
        heard = []
        self.logic.AddObserver(vtkSlicerSAM2LungLogic.ProgressEvent,
                               lambda caller, event: heard.append((caller.GetProgress(), caller.GetStage())))
        self.assertTrue(self.logic.Segment(node), self.logic.GetStatusText())
        fractions = [fraction for fraction, _ in heard]
        self.assertTrue(fractions, "no progress was heard")
        self.assertEqual(fractions, sorted(fractions))
        self.assertTrue(all(0 <= f <= 1 for f in fractions))
        self.assertTrue(all(stage for _, stage in heard))

    def test_observer_of_progress_can_cancel_and_nothing_is_written(self):
        node = self.scene.add_parameters(self.scene.add_balls(BALLS), Samples=10000)
        nodes_before = self.scene.mrml.GetNumberOfNodes()
        self.logic.AddObserver(vtkSlicerSAM2LungLogic.ProgressEvent, lambda caller, event: caller.Cancel())
        self.assertFalse(self.logic.Segment(node))
        self.assertEqual(self.logic.GetStatus(), vtkSlicerSAM2LungLogic.StatusCancelled)
        self.assertEqual(self.scene.mrml.GetNumberOfNodes(), nodes_before)
        self.assertIsNone(node.GetLabelMapNode())

    def test_without_a_ct_the_refusal_says_what_to_do(self):
        node = self.scene.mrml.AddNewNodeByClass("vtkMRMLSAM2LungParametersNode")
        self.assertFalse(self.logic.Segment(node))
        self.assertEqual(self.logic.GetStatus(), vtkSlicerSAM2LungLogic.StatusRefused)
        self.assertEqual(self.logic.GetStatusText(), self.logic.GetInputProblem(node))
        self.assertIn("CT", self.logic.GetStatusText())

    def test_outline_at_click_adds_the_nodule_there(self):
        ct = self.scene.add_balls(BALLS)
        node = self.scene.add_parameters(ct)
        i, j, k, _ = BALLS[0]
        self.assertTrue(self.logic.OutlineAtClick(node, 0.8 * i, 0.8 * j, 2.0 * k), self.logic.GetStatusText())
        self.assertEqual(node.GetNoduleTableNode().GetTable().GetNumberOfRows(), 1)
        self.assertEqual(voxels(node.GetLabelMapNode())[k, j, i], 1)
        self.assertEqual(self.logic.GetNoduleText(node, 1, "clicked"), "1")


if __name__ == "__main__":
    unittest.main()
