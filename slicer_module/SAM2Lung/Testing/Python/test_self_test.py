"""The checks of SAM2LungSelfTest, with the model that is built in, on Slicer's core alone."""

import unittest

from sam2lung_scene import Scene
from SAM2LungSelfTestLib import checks


class SelfTestTest(unittest.TestCase):
    def test_every_check_holds(self):
        scene = Scene()
        checks.check_everything(scene.mrml, scene.logic)

    def test_a_missing_nodule_is_noticed(self):
        scene = Scene()
        node = checks.segment_phantom(scene.mrml, scene.logic)
        node.GetNoduleTableNode().GetTable().RemoveRow(0)
        with self.assertRaisesRegex(AssertionError, "nearest finding"):
            checks.check_nodules(node)


if __name__ == "__main__":
    unittest.main()
