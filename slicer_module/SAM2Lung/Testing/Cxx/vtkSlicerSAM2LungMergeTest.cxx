// One nodule, outlined at a point, is let into the outputs of a run.

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

  int Merge(const MadeRun& run) { return MergeNodule(this->Parameters, run.Input, run.Output); }
  int LabelAt(int i, int j, int k) { return static_cast<int>(this->Labels()->GetScalarComponentAsDouble(i, j, k, 0)); }
  double DoubtAt(int i, int j, int k)
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

int NewNoduleGetsTheNextNumberAndChangesNoOther()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 2, false);
  const std::string first = RowText(made.Parameters, 1), second = RowText(made.Parameters, 2);
  const int second_voxels = Voxels(made.Labels(), 2);
  const int nodes = made.Scene->GetNumberOfNodes();
  const MadeRun run = MakePointRun(StraightGrid(), { 1, { 30.0, 12.0, 10.0 }, 4.0, true });
  CHECK_INT(made.Merge(run), 4);
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes);
  CHECK_STD_STRING(RowText(made.Parameters, 1), first);
  CHECK_STD_STRING(RowText(made.Parameters, 2), second);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 2), false);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 4), true);
  CHECK_STD_STRING(NoduleText(made.Parameters, 4, "id"), "4");
  CHECK_STD_STRING(NoduleText(made.Parameters, 4, "clicked"), "1");
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 4);
  CHECK_INT(Voxels(made.Labels(), 4), Voxels(run.Output.labels, 1));
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

int AnotherVersionKeepsTheNumber()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 2, false);
  const MadeRun run = MakePointRun(StraightGrid(), { 1, { 46.0, 15.0, 25.0 }, 3.0 });
  CHECK_INT(made.Merge(run), 2);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_INT(Voxels(made.Labels(), 2), Voxels(run.Output.labels, 1)); // the rest of the old one is gone
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

int RejectedNoduleThatIsOutlinedAgainIsShown()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 2, false);
  CHECK_INT(made.Merge(MakePointRun(StraightGrid(), { 1, { 45.0, 15.0, 25.0 }, 4.0 })), 2);
  auto* const display =
    vtkMRMLSegmentationDisplayNode::SafeDownCast(made.Parameters->GetSegmentationNode()->GetDisplayNode());
  CHECK_BOOL(display->GetSegmentVisibility("Nodule_2"), true);
  CHECK_BOOL(made.Parameters->GetNodulePointsNode()->GetNthControlPointVisibility(1), true);
  return EXIT_SUCCESS;
}

int LessThanHalfIsAnotherNodule()
{
  // Two balls of the same size share less than half where their centres are a radius apart.
  AfterRun made;
  const int before = Voxels(made.Labels(), 2);
  const MadeRun run = MakePointRun(StraightGrid(), { 1, { 45.0 - 7.0, 15.0, 25.0 }, 5.0 });
  CHECK_INT(made.Merge(run), 4);
  CHECK_INT(Voxels(made.Labels(), 2), before); // voxels of others stay theirs
  CHECK_BOOL(Voxels(made.Labels(), 4) < Voxels(run.Output.labels, 1), true);
  vtkNew<vtkOrientedImageData> labelmap;
  CHECK_BOOL(made.Parameters->GetSegmentationNode()->GetBinaryLabelmapRepresentation("Nodule_4", labelmap), true);
  int voxels = 0;
  for (vtkIdType n = 0; n < labelmap->GetNumberOfPoints(); ++n)
  {
    voxels += labelmap->GetPointData()->GetScalars()->GetTuple1(n) > 0;
  }
  CHECK_INT(voxels, Voxels(made.Labels(), 4));
  return EXIT_SUCCESS;
}

int DoubtIsTakenWithinTenMmAndNotNearerToOthers()
{
  AfterRun made;
  // Radius 4 mm at (30, 12, 10); the nodule 1 is 14.4 mm to its left at (12, 12, 10), radius 3 mm.
  CHECK_INT(made.Merge(MakePointRun(StraightGrid(), { 1, { 30.0, 12.0, 10.0 }, 4.0 })), 4);
  constexpr double NEW = 0.9F, OLD = 0.5F;
  CHECK_DOUBLE(made.DoubtAt(30, 12, 10), NEW);
  CHECK_DOUBLE(made.DoubtAt(30, 12, 10 + 8), NEW);  // 12 mm from the centre, 9 mm or less from the outline
  CHECK_DOUBLE(made.DoubtAt(30, 12, 10 + 10), OLD); // 15 mm: too far; within 15 mm of another's centre
  // Between both: the outlines are 7.2 mm apart, at i = 25 (4 mm from the centre) and 15.75 (3 mm).
  CHECK_DOUBLE(made.DoubtAt(22, 12, 10), NEW);
  CHECK_DOUBLE(made.DoubtAt(18, 12, 10), OLD);
  CHECK_DOUBLE(made.DoubtAt(12, 12, 10), OLD);
  CHECK_DOUBLE(made.DoubtAt(20, 38, 30), OLD);
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
  CHECK_INT(made.Merge(MakePointRun(StraightGrid(), { 1, { 45.0, 15.0, 25.0 }, 4.0 })), 2);
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

int NothingAtThePointChangesNothing()
{
  MadeScene made;
  MadeRun run = MakePointRun(StraightGrid(), { 1, { 45.0, 15.0, 25.0 }, 4.0 });
  const int nodes = made.Scene->GetNumberOfNodes();
  run.Output.at_point = 0;
  CHECK_INT(MergeNodule(made.Parameters, run.Input, run.Output), 0);
  run.Output.at_point = 7; // no such nodule
  CHECK_INT(MergeNodule(made.Parameters, run.Input, run.Output), 0);
  run.Output.at_point.reset();
  CHECK_INT(MergeNodule(made.Parameters, run.Input, run.Output), 0);
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes);
  return EXIT_SUCCESS;
}

int AbsentOutputsAreMadeWithThisNoduleAlone()
{
  MadeScene made;
  // Others that the network saw on its way aren't what was asked for.
  MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  run.Output.at_point = 2;
  CHECK_INT(MergeNodule(made.Parameters, run.Input, run.Output), 1);
  vtkImageData* const labels = made.Parameters->GetLabelMapNode()->GetImageData();
  CHECK_INT(Voxels(labels, 1), Voxels(run.Output.labels, 2));
  CHECK_INT(Voxels(labels, 2) + Voxels(labels, 3), 0);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  CHECK_DOUBLE(made.Parameters->GetUncertaintyVolumeNode()->GetImageData()->GetScalarComponentAsDouble(20, 38, 30, 0), 0.0);
  CHECK_STD_STRING(ResultText(made.Parameters), "1 nodule (1 to review) in 38 s on CPU. Research use only.");
  CHECK_POINTER_DIFFERENT(labels, run.Output.labels.Get());
  return EXIT_SUCCESS;
}

int OutputsOfAnotherGridAreWrittenAnew()
{
  AfterRun made;
  const int nodes = made.Scene->GetNumberOfNodes();
  const MadeRun run = MakePointRun(ObliqueGrid(), { 5, { 45.0, 15.0, 25.0 }, 4.0 });
  CHECK_INT(made.Merge(run), 1);
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  CHECK_INT(made.Segmentation()->GetNumberOfSegments(), 1);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 1);
  CHECK_INT(Voxels(made.Labels(), 1), Voxels(run.Output.labels, 5));
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
  CHECK_INT(made.Merge(MakePointRun(StraightGrid(), { 1, { 30.0, 12.0, 10.0 }, 4.0 })), 4);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 4);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 1);
  CHECK_DOUBLE(made.DoubtAt(30, 12, 10), 0.9F);
  CHECK_DOUBLE(made.DoubtAt(12, 12, 10), 0.0);
  // Without the label map, numbers that others have aren't given again.
  made.Scene->RemoveNode(made.Parameters->GetLabelMapNode());
  CHECK_INT(made.Merge(MakePointRun(StraightGrid(), { 1, { 45.0, 35.0, 10.0 }, 4.0 })), 5);
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
  made.Merge(MakePointRun(StraightGrid(), { 1, { 30.0, 12.0, 10.0 }, 4.0 }));
  CHECK_BOOL(told > 0, true);
  CHECK_BOOL(labels->GetModifiedSinceRead(), true);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungMergeTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(NewNoduleGetsTheNextNumberAndChangesNoOther());
  CHECK_EXIT_SUCCESS(AnotherVersionKeepsTheNumber());
  CHECK_EXIT_SUCCESS(RejectedNoduleThatIsOutlinedAgainIsShown());
  CHECK_EXIT_SUCCESS(LessThanHalfIsAnotherNodule());
  CHECK_EXIT_SUCCESS(DoubtIsTakenWithinTenMmAndNotNearerToOthers());
  CHECK_EXIT_SUCCESS(SegmentsThatTheUserEditedStay());
  CHECK_EXIT_SUCCESS(NothingAtThePointChangesNothing());
  CHECK_EXIT_SUCCESS(AbsentOutputsAreMadeWithThisNoduleAlone());
  CHECK_EXIT_SUCCESS(OutputsOfAnotherGridAreWrittenAnew());
  CHECK_EXIT_SUCCESS(OneAbsentOutputIsMadeTheOthersStay());
  CHECK_EXIT_SUCCESS(ChangedVoxelsAreToldAndSaved());
  return EXIT_SUCCESS;
}
