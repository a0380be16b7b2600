"""What the self-test of SAM2Lung asserts, on a chest phantom of which every nodule is known.

Each check takes the MRML scene and the module's logic, so that it runs in Slicer (SAM2LungSelfTest.py) and on Slicer's
core alone (test_self_test.py). Lengths are mm, volumes mm³, positions RAS.
"""

import json
import math
import time

SEED = 0
# The model outlines the phantom's nodules within 17 % of their volume (README, "How good is it"). A quarter more leaves
# room for another processor's rounding, and for little else.
VOLUME_TOLERANCE = 0.21
# The phantom's hila and vessels may be taken for nodules, four times with the model that is built in; each must be flagged.
OTHER_FINDINGS_AT_MOST = 4
CANCELLED_WITHIN_S = 30


def expect(condition, what):
    """An assertion that also holds under ``python -O``."""
    if not condition:
        raise AssertionError(what)


def segment_phantom(scene, logic):
    """The three lines of the README; returns the parameter node."""
    ct = logic.AddPhantom(SEED)
    node = scene.AddNewNodeByClass("vtkMRMLSAM2LungParametersNode")
    node.SetInputVolumeNode(ct)
    expect(logic.Segment(node), f"Segment: {logic.GetStatusText()}")
    return node


def known_nodules(node):
    """The phantom's nodules: centre_ras, radius_mm, volume_mm3, kind."""
    return json.loads(node.GetInputVolumeNode().GetAttribute("SAM2Lung.PhantomNodules"))["nodules"]


def check_nodules(node):
    """Every nodule of the phantom is in the table, where it is and as large as it is; what else is there is flagged."""
    table = node.GetNoduleTableNode().GetTable()
    rows = [{table.GetColumnName(c): table.GetValue(r, c).ToString() for c in range(table.GetNumberOfColumns())}
            for r in range(table.GetNumberOfRows())]
    for known in known_nodules(node):
        def distance_mm(row):
            return math.dist(known["centre_ras"], [float(row[f"centroid_{axis}"]) for axis in "ras"])

        nearest = min(rows, key=distance_mm)
        expect(distance_mm(nearest) < known["radius_mm"],
               f"{known['kind']} nodule at {known['centre_ras']}: the nearest finding is {distance_mm(nearest):.1f} mm off, "
               f"expected less than its radius, {known['radius_mm']:.1f} mm")
        error = float(nearest["volume_mm3"]) / known["volume_mm3"] - 1
        expect(abs(error) < VOLUME_TOLERANCE, f"{known['kind']} nodule of {known['volume_mm3']:.0f} mm3: got "
               f"{float(nearest['volume_mm3']):.0f} mm3, {error:+.0%}; expected within {VOLUME_TOLERANCE:.0%}")
        rows.remove(nearest)
    expect(len(rows) <= OTHER_FINDINGS_AT_MOST, f"{len(rows)} other findings, expected {OTHER_FINDINGS_AT_MOST} at most")
    unflagged = [row["id"] for row in rows if row["review"] not in ("1", "true")]
    expect(not unflagged, f"findings {unflagged} are no nodules of the phantom, and not flagged for review")


def check_outputs_agree(node, logic):
    """Table, segments, points and volumes tell of the same nodules, on the CT's grid."""
    import vtk

    ct, count = node.GetInputVolumeNode(), node.GetNoduleTableNode().GetTable().GetNumberOfRows()
    segments = node.GetSegmentationNode().GetSegmentation().GetNumberOfSegments()
    points = node.GetNodulePointsNode().GetNumberOfControlPoints()
    expect(segments == points == count, f"{count} rows, {segments} segments, {points} points; expected as many of each")
    of_ct, of_output = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    ct.GetIJKToRASMatrix(of_ct)
    for volume, highest in ((node.GetLabelMapNode(), count), (node.GetUncertaintyVolumeNode(), 1.0)):
        volume.GetIJKToRASMatrix(of_output)
        off = max(abs(of_ct.GetElement(r, c) - of_output.GetElement(r, c)) for r in range(4) for c in range(4))
        expect(off < 1e-6, f"{volume.GetName()}: IJK to RAS differs from the CT's by {off}")
        low, high = volume.GetImageData().GetScalarRange()
        expect(low == 0 and 0 < high <= highest, f"{volume.GetName()}: from {low} to {high}, expected 0 to {highest}")
    text = logic.GetResultText(node)
    expect("esearch use only" in text, f"the result line is {text!r}, expected it to say 'Research use only'")


def check_rejecting(node, logic):
    """A rejected nodule's segment is hidden and its row says so; accepted again, it is back."""
    display = node.GetSegmentationNode().GetDisplayNode()
    for accepted in (False, True):
        logic.SetNoduleAccepted(node, 1, accepted)
        shown = bool(display.GetSegmentVisibility("Nodule_1"))
        expect(shown == accepted and logic.GetNoduleAccepted(node, 1) == accepted,
               f"accepted: {accepted}, segment shown: {shown}, table: {logic.GetNoduleAccepted(node, 1)}")


def check_outline_at_click(node, logic):
    """A click on a nodule that is there already replaces its outline and adds none."""
    count = node.GetNoduleTableNode().GetTable().GetNumberOfRows()
    centre = known_nodules(node)[0]["centre_ras"]
    expect(logic.OutlineAtClick(node, *centre), f"OutlineAtClick: {logic.GetStatusText()}")
    after = node.GetNoduleTableNode().GetTable().GetNumberOfRows()
    expect(after == count, f"{after} nodules after a click on one of {count}; expected no other one")


def check_cancel(node, logic):
    """A run that is cancelled ends, leaves the outputs as they were, and lets the next one begin."""
    before = node.GetLabelMapNode().GetImageData().GetMTime()
    expect(logic.StartSegment(node), f"StartSegment: {logic.GetStatusText()}")
    expect(not logic.StartSegment(node), "a second run began beside the first one; expected a refusal")
    logic.Cancel()
    end = time.monotonic() + CANCELLED_WITHIN_S
    while logic.IsRunning() and time.monotonic() < end:
        logic.ProcessEvents()
        time.sleep(0.01)
    expect(not logic.IsRunning(), f"the run still goes on {CANCELLED_WITHIN_S} s after Cancel()")
    expect(logic.GetStatus() == logic.StatusCancelled, f"status {logic.GetStatus()}: {logic.GetStatusText()}")
    expect(node.GetLabelMapNode().GetImageData().GetMTime() == before, "a cancelled run changed the label map")


def check_everything(scene, logic, say=print):
    """All of the above, one after the other; returns the parameter node."""
    say("Segmenting a chest phantom")
    node = segment_phantom(scene, logic)
    say(logic.GetStatusText())
    check_nodules(node)
    check_outputs_agree(node, logic)
    say("Rejecting a nodule, and accepting it again")
    check_rejecting(node, logic)
    say("Outlining the nodule at a click")
    check_outline_at_click(node, logic)
    say("Cancelling a run")
    check_cancel(node, logic)
    say("SAM2Lung works")
    return node
