"""SAM2LungSelfTest: shows within a minute or two whether *Segment nodules* works on this machine.

In Slicer: module SAM2LungSelfTest (category Testing), button "Reload and Test"; or
``slicer.selfTests["SAM2LungSelfTest"]()`` in the Python console.
"""

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

from SAM2LungSelfTestLib import checks


class SAM2LungSelfTest(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("SAM2Lung self-test")
        parent.categories = ["Testing.TestCases"]
        parent.dependencies = ["SAM2Lung"]
        parent.contributors = ["sam2lung developers"]
        parent.helpText = _("Segments a chest phantom of which every nodule is known, and compares.")
        parent.acknowledgementText = _("Research use only; not a medical device.")


class SAM2LungSelfTestWidget(ScriptedLoadableModuleWidget):
    def setup(self):
        super().setup()
        self.layout.addStretch(1)


class SAM2LungSelfTestTest(ScriptedLoadableModuleTest):
    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_phantom()

    def test_phantom(self):
        logic = slicer.modules.sam2lung.logic()
        node = checks.check_everything(slicer.mrmlScene, logic, say=self.delayDisplay)
        expected = logic.GetNewestCT()
        self.assertIs(node.GetInputVolumeNode(), expected)
        slicer.util.setSliceViewerLayers(background=expected, fit=True)
        logic.JumpToNodule(node, 1)
