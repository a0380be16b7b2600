// Walking through nodules, and the uncertainty over the CT.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungOverlay.h"
#include "SAM2LungReview.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLCameraNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLSliceNode.h>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

constexpr double SAME_MM = 1e-6;

MadeRun Write(MadeScene& made)
{
  MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  return run;
}

int FlaggedOnesComeFirstThenLargeOnes()
{
  MadeScene made;
  Write(made);
  CHECK_BOOL((ReviewOrder(made.Parameters) == std::vector<int>{ 2, 3, 1 }), true);
  CHECK_BOOL(NoduleFlagged(made.Parameters, 2), true);
  CHECK_BOOL(NoduleFlagged(made.Parameters, 1), false);
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "review"), "1");
  CHECK_STD_STRING(NoduleText(made.Parameters, 1, "accepted"), "1");
  CHECK_STD_STRING(NoduleText(made.Parameters, 1, "no such column"), "");
  CHECK_STD_STRING(NoduleText(made.Parameters, 99, "review"), "");
  return EXIT_SUCCESS;
}

int RejectedNoduleIsHiddenUntilItIsAccepted()
{
  MadeScene made;
  Write(made);
  auto* const display =
    vtkMRMLSegmentationDisplayNode::SafeDownCast(made.Parameters->GetSegmentationNode()->GetDisplayNode());
  for (const bool accepted : { false, true })
  {
    CHECK_BOOL(SetNoduleAccepted(made.Parameters, 1, accepted), true);
    CHECK_BOOL(NoduleAccepted(made.Parameters, 1), accepted);
    CHECK_BOOL(display->GetSegmentVisibility("Nodule_1"), accepted);
    CHECK_BOOL(made.Parameters->GetNodulePointsNode()->GetNthControlPointVisibility(0), accepted);
    CHECK_BOOL(display->GetSegmentVisibility("Nodule_2"), true);
  }
  CHECK_BOOL(SetNoduleAccepted(made.Parameters, 99, false), false);
  return EXIT_SUCCESS;
}

int JumpingTakesTheParentTransformAlong()
{
  MadeScene made;
  vtkNew<vtkMRMLLinearTransformNode> shift;
  made.Scene->AddNode(shift);
  vtkNew<vtkMatrix4x4> matrix;
  matrix->SetElement(0, 3, 100);
  shift->SetMatrixTransformToParent(matrix);
  made.CT->SetAndObserveTransformNodeID(shift->GetID());
  const MadeRun run = Write(made);
  vtkNew<vtkMRMLSliceNode> slice;
  slice->SetLayoutName("Red");
  made.Scene->AddNode(slice);
  vtkNew<vtkMRMLCameraNode> camera;
  made.Scene->AddNode(camera);

  CHECK_BOOL(JumpToNodule(made.Parameters, 2), true);
  std::array<double, 3> expected_ras = run.Output.nodules[1].centroid_ras;
  expected_ras[0] += 100;
  for (int axis = 0; axis < 3; ++axis)
  {
    const double at = expected_ras[static_cast<std::size_t>(axis)];
    CHECK_DOUBLE_TOLERANCE(slice->GetSliceToRAS()->GetElement(axis, 3), at, SAME_MM);
    CHECK_DOUBLE_TOLERANCE(camera->GetFocalPoint()[axis], at, SAME_MM);
  }
  CHECK_BOOL(JumpToNodule(made.Parameters, 99), false);
  return EXIT_SUCCESS;
}

int OverlayGivesBackWhatWasThere()
{
  MadeScene made;
  Write(made);
  vtkMRMLScalarVolumeNode* const pet = made.AddCT("PET", StraightGrid());
  const std::string overlay = made.Parameters->GetUncertaintyVolumeNode()->GetID();
  vtkNew<vtkMRMLSliceCompositeNode> view;
  made.Scene->AddNode(view);
  view->SetBackgroundVolumeID(made.CT->GetID());
  view->SetForegroundVolumeID(pet->GetID());
  view->SetForegroundOpacity(0.3);

  made.Parameters->SetOverlayVisible(true);
  UpdateOverlay(made.Parameters, OverlayManners::polite);
  CHECK_STRING(view->GetForegroundVolumeID(), pet->GetID());
  UpdateOverlay(made.Parameters, OverlayManners::insistent);
  CHECK_STRING(view->GetForegroundVolumeID(), overlay.c_str());
  CHECK_DOUBLE_TOLERANCE(view->GetForegroundOpacity(), made.Parameters->GetOverlayOpacity(), 1e-12);
  made.Parameters->SetOverlayVisible(false);
  UpdateOverlay(made.Parameters, OverlayManners::polite);
  CHECK_STRING(view->GetForegroundVolumeID(), pet->GetID());
  CHECK_DOUBLE_TOLERANCE(view->GetForegroundOpacity(), 0.3, 1e-12);
  return EXIT_SUCCESS;
}

int OverlayStaysAwayFromOtherVolumes()
{
  MadeScene made;
  Write(made);
  vtkMRMLScalarVolumeNode* const other = made.AddCT("Other", StraightGrid());
  vtkNew<vtkMRMLSliceCompositeNode> view;
  made.Scene->AddNode(view);
  view->SetBackgroundVolumeID(other->GetID());
  UpdateOverlay(made.Parameters, OverlayManners::insistent);
  CHECK_NULL(view->GetForegroundVolumeID());
  return EXIT_SUCCESS;
}

int JumpingShowsTheCTWhereNoViewDoes()
{
  MadeScene made;
  Write(made);
  vtkMRMLScalarVolumeNode* const other = made.AddCT("Other", StraightGrid());
  vtkNew<vtkMRMLSliceCompositeNode> red, green;
  for (vtkMRMLSliceCompositeNode* view : { red.GetPointer(), green.GetPointer() })
  {
    made.Scene->AddNode(view);
    view->SetBackgroundVolumeID(other->GetID());
  }
  CHECK_BOOL(made.Logic->JumpToNodule(made.Parameters, 99), false);
  CHECK_STRING(red->GetBackgroundVolumeID(), other->GetID());
  CHECK_BOOL(made.Logic->JumpToNodule(made.Parameters, 1), true);
  for (vtkMRMLSliceCompositeNode* view : { red.GetPointer(), green.GetPointer() })
  {
    CHECK_STRING(view->GetBackgroundVolumeID(), made.CT->GetID());
    CHECK_STRING(view->GetForegroundVolumeID(), made.Parameters->GetUncertaintyVolumeNode()->GetID());
  }
  // Two volumes side by side stay so.
  green->SetBackgroundVolumeID(other->GetID());
  CHECK_BOOL(made.Logic->JumpToNodule(made.Parameters, 2), true);
  CHECK_STRING(green->GetBackgroundVolumeID(), other->GetID());
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungReviewTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(FlaggedOnesComeFirstThenLargeOnes());
  CHECK_EXIT_SUCCESS(RejectedNoduleIsHiddenUntilItIsAccepted());
  CHECK_EXIT_SUCCESS(JumpingTakesTheParentTransformAlong());
  CHECK_EXIT_SUCCESS(JumpingShowsTheCTWhereNoViewDoes());
  CHECK_EXIT_SUCCESS(OverlayGivesBackWhatWasThere());
  CHECK_EXIT_SUCCESS(OverlayStaysAwayFromOtherVolumes());
  return EXIT_SUCCESS;
}
