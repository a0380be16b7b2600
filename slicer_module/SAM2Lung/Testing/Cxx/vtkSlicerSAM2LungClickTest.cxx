// What a click brings is written into the outputs; what it replaces is the library's to say.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungReview.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkMRMLVolumeDisplayNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>

#include <vtkCallbackCommand.h>

#include <algorithm>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

/// A scene with the outputs of a run: ThreeBalls().
struct AfterRun : MadeScene
{
  AfterRun()
  {
    MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
    run.Input.whole_uncertainty = true;
    WriteOutputs(this->Parameters, run.Input, run.Output);
  }

  int Click(const MadeBall& ball, const std::set<int>& replaced = {})
  {
    const MadeRun run = MakeClickRun(StraightGrid(), ball, this->Parameters, replaced);
    return WriteClick(this->Parameters, run.Input, run.Output);
  }
  int LabelAt(int i, int j, int k) { return static_cast<int>(this->Labels()->GetScalarComponentAsDouble(i, j, k, 0)); }
  double UncertaintyAt(int i, int j, int k)
  {
    return this->Parameters->GetUncertaintyVolumeNode()->GetImageData()->GetScalarComponentAsDouble(i, j, k, 0);
  }
  vtkImageData* Labels() { return this->Parameters->GetLabelMapNode()->GetImageData(); }
  vtkSegmentation* Segmentation() { return this->Parameters->GetSegmentationNode()->GetSegmentation(); }
};

std::string RowText(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  std::string text;
  for (int column = 0; column < parameters->GetNoduleTableNode()->GetNumberOfColumns(); ++column)
  {
    text += NoduleText(parameters, id, parameters->GetNoduleTableNode()->GetColumnName(column)) + "\t";
  }
  return text;
}

int Voxels(vtkImageData* labels, int label)
{
  const auto* voxel = static_cast<const std::uint16_t*>(labels->GetScalarPointer());
  return static_cast<int>(std::count(voxel, voxel + labels->GetNumberOfPoints(), label));
}

int NewNoduleIsAddedAndChangesNoOther()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 2, false);
  const std::string first = RowText(made.Parameters, 1), second = RowText(made.Parameters, 2);
  const int second_voxels = Voxels(made.Labels(), 2);
  const int nodes = made.Scene->GetNumberOfNodes();
  CHECK_INT(made.Click({ 4, { 30.0, 12.0, 10.0 }, 4.0, true }), 4);
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes);
  CHECK_STD_STRING(RowText(made.Parameters, 1), first);
  CHECK_STD_STRING(RowText(made.Parameters, 2), second);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 2), false);
  CHECK_BOOL(NoduleReading(made.Parameters, 4).decision == Decision::undecided, true);
  CHECK_STD_STRING(NoduleText(made.Parameters, 4, "id"), "4");
  CHECK_STD_STRING(NoduleText(made.Parameters, 4, "clicked"), "1");
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 4);
  CHECK_BOOL(Voxels(made.Labels(), 4) > 0, true);
  CHECK_INT(Voxels(made.Labels(), 2), second_voxels);
  CHECK_STD_STRING(made.Segmentation()->GetNthSegmentID(3), "Nodule_4");
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_4")->GetName(), "Nodule 4 (8 mm)");
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetControlPointIndexByID("Nodule_4"), 3);
  vtkMRMLColorNode* const colors = made.Parameters->GetLabelMapNode()->GetDisplayNode()->GetColorNode();
  CHECK_INT(colors->GetNumberOfColors(), 5);
  CHECK_STRING(colors->GetColorName(4), "Nodule 4 (8 mm)");
  CHECK_STRING(colors->GetColorName(1), "Nodule 1 (6 mm)");
  CHECK_STD_STRING(ResultText(made.Parameters), "3 nodules (1 to review), 1 rejected, in 38 s on CPU. Research use only.");
  return EXIT_SUCCESS;
}

int AnotherVersionTakesRowSegmentAndPoint()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 2, false);
  const MadeRun run = MakeClickRun(StraightGrid(), { 2, { 46.0, 15.0, 25.0 }, 3.0 }, made.Parameters);
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 2);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_INT(Voxels(made.Labels(), 2), Voxels(run.Output.labels, 2));
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "clicked"), "1");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "review"), "0");
  CHECK_BOOL(NoduleAccepted(made.Parameters, 2), true); // someone asked for it
  CHECK_INT(made.Segmentation()->GetNumberOfSegments(), 3);
  CHECK_STD_STRING(made.Segmentation()->GetNthSegmentID(1), "Nodule_2");
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_2")->GetName(), "Nodule 2 (6 mm)");
  vtkMRMLMarkupsFiducialNode* const points = made.Parameters->GetNodulePointsNode();
  CHECK_INT(points->GetNumberOfControlPoints(), 3);
  CHECK_INT(points->GetControlPointIndexByID("Nodule_2"), 1);
  double place[3];
  points->GetNthControlPointPosition(1, place);
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    CHECK_DOUBLE(place[axis], run.Output.nodules.front().centroid_ras[axis]);
  }
  return EXIT_SUCCESS;
}

/// The new outline is undecided; what readers wrote of the nodules in its place isn't lost.
int CommentsStayWithTheOutlineThatTakesTheirPlace()
{
  AfterRun made;
  SetNoduleReading(made.Parameters, 1, { Decision::accepted, "calcified", "Dr. A" });
  SetNoduleReading(made.Parameters, 2, { Decision::rejected, "a vessel", "Dr. A" });
  SetNoduleReading(made.Parameters, 3, { Decision::rejected, "part of 1", "Dr. B" });
  CHECK_INT(made.Click({ 1, { 16.0, 25.0, 20.0 }, 20.0 }, { 3 }), 1);
  const Reading now = NoduleReading(made.Parameters, 1);
  CHECK_BOOL(now.decision == Decision::undecided, true);
  CHECK_STD_STRING(now.comment, "calcified; part of 1");
  CHECK_STD_STRING(now.reader, "Dr. A; Dr. B");
  CHECK_STD_STRING(NoduleReading(made.Parameters, 2).comment, "a vessel");
  CHECK_BOOL(NoduleReading(made.Parameters, 2).decision == Decision::rejected, true);
  return EXIT_SUCCESS;
}

int RejectedNoduleThatIsOutlinedAgainIsShown()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 2, false);
  CHECK_INT(made.Click({ 2, { 45.0, 15.0, 25.0 }, 4.0 }), 2);
  auto* const display =
    vtkMRMLSegmentationDisplayNode::SafeDownCast(made.Parameters->GetSegmentationNode()->GetDisplayNode());
  CHECK_BOOL(display->GetSegmentVisibility("Nodule_2"), true);
  CHECK_BOOL(made.Parameters->GetNodulePointsNode()->GetNthControlPointVisibility(1), true);
  return EXIT_SUCCESS;
}

int SegmentIsWhatTheLabelMapSays()
{
  // It runs into nodule 2, whose voxels stay its own.
  AfterRun made;
  const int before = Voxels(made.Labels(), 2);
  CHECK_INT(made.Click({ 4, { 45.0 - 7.0, 15.0, 25.0 }, 5.0 }), 4);
  CHECK_INT(Voxels(made.Labels(), 2), before);
  vtkNew<vtkOrientedImageData> labelmap;
  CHECK_BOOL(made.Parameters->GetSegmentationNode()->GetBinaryLabelmapRepresentation("Nodule_4", labelmap), true);
  int voxels = 0;
  for (vtkIdType n = 0; n < labelmap->GetNumberOfPoints(); ++n)
  {
    voxels += labelmap->GetPointData()->GetScalars()->GetTuple1(n) > 0;
  }
  CHECK_BOOL(voxels > 0, true);
  CHECK_INT(voxels, Voxels(made.Labels(), 4));
  return EXIT_SUCCESS;
}

int NodulesWhosePlaceItTookGo()
{
  AfterRun made;
  const std::string second = RowText(made.Parameters, 2);
  CHECK_INT(made.Click({ 1, { 16.0, 25.0, 20.0 }, 20.0 }, { 3 }), 1);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 2);
  CHECK_STD_STRING(RowText(made.Parameters, 2), second);
  CHECK_STD_STRING(NoduleText(made.Parameters, 3, "id"), "");
  CHECK_INT(made.Segmentation()->GetNumberOfSegments(), 2);
  CHECK_NULL(made.Segmentation()->GetSegment("Nodule_3"));
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 2);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetControlPointIndexByID("Nodule_3"), -1);
  CHECK_INT(Voxels(made.Labels(), 3), 0);
  return EXIT_SUCCESS;
}

int MapsAreWritten()
{
  AfterRun made;
  MadeRun run = MakeClickRun(StraightGrid(), { 4, { 30.0, 12.0, 10.0 }, 4.0 }, made.Parameters);
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 4);
  CHECK_DOUBLE(made.UncertaintyAt(30, 12, 10), 0.9F);
  CHECK_DOUBLE(made.UncertaintyAt(12, 12, 10), 0.5F);
  CHECK_NULL(made.Parameters->GetProbabilityVolumeNode());
  run.Output.probability = MadeImage({ 60, 50, 40 }, VTK_FLOAT);
  run.Output.probability->SetScalarComponentFromDouble(30, 12, 10, 0, 0.75);
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 4);
  vtkImageData* const probability = made.Parameters->GetProbabilityVolumeNode()->GetImageData();
  CHECK_DOUBLE(probability->GetScalarComponentAsDouble(30, 12, 10, 0), 0.75);
  return EXIT_SUCCESS;
}

int SegmentsThatTheUserEditedStay()
{
  AfterRun made;
  vtkSegmentation* const segmentation = made.Segmentation();
  segmentation->GetSegment("Nodule_1")->SetName("Granuloma");
  segmentation->AddEmptySegment("Lung", "Lung");
  segmentation->RemoveSegment("Nodule_3");
  vtkNew<vtkOrientedImageData> before, after;
  CHECK_BOOL(made.Parameters->GetSegmentationNode()->GetBinaryLabelmapRepresentation("Nodule_1", before), true);
  CHECK_INT(made.Click({ 2, { 45.0, 15.0, 25.0 }, 4.0 }), 2);
  CHECK_STRING(segmentation->GetSegment("Nodule_1")->GetName(), "Granuloma");
  CHECK_NOT_NULL(segmentation->GetSegment("Lung"));
  CHECK_NULL(segmentation->GetSegment("Nodule_3"));
  CHECK_BOOL(made.Parameters->GetSegmentationNode()->GetBinaryLabelmapRepresentation("Nodule_1", after), true);
  CHECK_INT(static_cast<int>(before->GetNumberOfPoints()), static_cast<int>(after->GetNumberOfPoints()));
  for (vtkIdType n = 0; n < before->GetNumberOfPoints(); ++n)
  {
    CHECK_DOUBLE(before->GetPointData()->GetScalars()->GetTuple1(n), after->GetPointData()->GetScalars()->GetTuple1(n));
  }
  return EXIT_SUCCESS;
}

int NothingAtTheClickChangesNothing()
{
  MadeScene made;
  MadeRun run = MakeClickRun(StraightGrid(), { 1, { 45.0, 15.0, 25.0 }, 4.0 });
  const int nodes = made.Scene->GetNumberOfNodes();
  run.Output.clicked = 0;
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 0);
  run.Output.clicked = 7; // no such nodule
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 0);
  run.Output.clicked.reset();
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 0);
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes);
  return EXIT_SUCCESS;
}

int AbsentOutputsAreMade()
{
  MadeScene made;
  const MadeRun run = MakeClickRun(StraightGrid(), { 1, { 45.0, 15.0, 25.0 }, 5.0, true });
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 1);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  CHECK_INT(made.Parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 1);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 1);
  CHECK_STD_STRING(ResultText(made.Parameters), "1 nodule (1 to review) in 3 s on CPU. Research use only.");
  return EXIT_SUCCESS;
}

int OutputsOfAnotherGridAreWrittenAnew()
{
  AfterRun made;
  const int nodes = made.Scene->GetNumberOfNodes();
  const MadeRun run = MakeClickRun(ObliqueGrid(), { 1, { 45.0, 15.0, 25.0 }, 4.0 });
  CHECK_INT(WriteClick(made.Parameters, run.Input, run.Output), 1);
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  CHECK_INT(made.Segmentation()->GetNumberOfSegments(), 1);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 1);
  CHECK_INT(Voxels(made.Labels(), 1), Voxels(run.Output.labels, 1));
  vtkNew<vtkMatrix4x4> matrix;
  made.Parameters->GetLabelMapNode()->GetIJKToRASMatrix(matrix);
  for (std::size_t n = 0; n < 16; ++n)
  {
    CHECK_DOUBLE_TOLERANCE(matrix->GetData()[n], ObliqueGrid()[n], 1e-6);
  }
  return EXIT_SUCCESS;
}

int OneAbsentOutputIsMadeTheOthersStay()
{
  AfterRun made;
  made.Scene->RemoveNode(made.Parameters->GetUncertaintyVolumeNode());
  made.Scene->RemoveNode(made.Parameters->GetNodulePointsNode());
  CHECK_INT(made.Click({ 4, { 30.0, 12.0, 10.0 }, 4.0 }), 4);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 4);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 1);
  CHECK_DOUBLE(made.UncertaintyAt(30, 12, 10), 0.9F);
  CHECK_DOUBLE(made.UncertaintyAt(12, 12, 10), 0.0);
  made.Scene->RemoveNode(made.Parameters->GetLabelMapNode());
  CHECK_INT(made.Click({ 5, { 45.0, 35.0, 10.0 }, 4.0 }), 5);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 5);
  return EXIT_SUCCESS;
}

int ChangedVoxelsAreToldAndSaved()
{
  AfterRun made;
  int told = 0;
  vtkNew<vtkCallbackCommand> observer;
  observer->SetClientData(&told);
  observer->SetCallback([](vtkObject*, unsigned long, void* data, void*) { ++*static_cast<int*>(data); });
  vtkMRMLVolumeNode* const labels = made.Parameters->GetLabelMapNode();
  labels->AddObserver(vtkMRMLVolumeNode::ImageDataModifiedEvent, observer);
  made.Click({ 4, { 30.0, 12.0, 10.0 }, 4.0 });
  CHECK_BOOL(told > 0, true);
  CHECK_BOOL(labels->GetModifiedSinceRead(), true);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungClickTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(NewNoduleIsAddedAndChangesNoOther());
  CHECK_EXIT_SUCCESS(AnotherVersionTakesRowSegmentAndPoint());
  CHECK_EXIT_SUCCESS(CommentsStayWithTheOutlineThatTakesTheirPlace());
  CHECK_EXIT_SUCCESS(RejectedNoduleThatIsOutlinedAgainIsShown());
  CHECK_EXIT_SUCCESS(SegmentIsWhatTheLabelMapSays());
  CHECK_EXIT_SUCCESS(NodulesWhosePlaceItTookGo());
  CHECK_EXIT_SUCCESS(MapsAreWritten());
  CHECK_EXIT_SUCCESS(SegmentsThatTheUserEditedStay());
  CHECK_EXIT_SUCCESS(NothingAtTheClickChangesNothing());
  CHECK_EXIT_SUCCESS(AbsentOutputsAreMade());
  CHECK_EXIT_SUCCESS(OutputsOfAnotherGridAreWrittenAnew());
  CHECK_EXIT_SUCCESS(OneAbsentOutputIsMadeTheOthersStay());
  CHECK_EXIT_SUCCESS(ChangedVoxelsAreToldAndSaved());
  return EXIT_SUCCESS;
}
