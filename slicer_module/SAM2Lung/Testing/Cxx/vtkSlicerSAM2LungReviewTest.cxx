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
#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkTable.h>
#include <vtkTestingOutputWindow.h>

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

int DecisionCommentAndReaderStandInTheTable()
{
  MadeScene made;
  using Logic = vtkSlicerSAM2LungLogic;
  CHECK_STD_STRING(made.Logic->GetReviewedText(made.Parameters), "");
  Write(made);
  Logic* const logic = made.Logic;
  CHECK_INT(logic->GetNoduleDecision(made.Parameters, 1), Logic::DecisionUndecided);
  CHECK_BOOL(logic->GetNoduleAccepted(made.Parameters, 1), true);
  CHECK_STD_STRING(logic->GetReviewedText(made.Parameters), "Reviewed 0 of 3");
  logic->SetReaderName("Dr. A");
  CHECK_BOOL(logic->SetNoduleDecision(made.Parameters, 1, Logic::DecisionAccepted), true);
  logic->SetReaderName("Dr. B");
  CHECK_BOOL(logic->SetNoduleDecision(made.Parameters, 2, Logic::DecisionRejected), true);
  CHECK_BOOL(logic->SetNoduleComment(made.Parameters, 3, "  calcified\tcentre "), true);
  CHECK_STD_STRING(logic->GetReviewedText(made.Parameters), "Reviewed 2 of 3");
  const std::vector<std::vector<std::string>> expected{
    { "1", "1", "", "Dr. A" }, { "0", "1", "", "Dr. B" }, { "1", "0", "calcified centre", "Dr. B" }
  };
  const std::vector<std::string> columns{ "accepted", "decided", "comment", "reader" };
  for (int id = 1; id <= 3; ++id)
  {
    for (std::size_t n = 0; n < columns.size(); ++n)
    {
      CHECK_STD_STRING(logic->GetNoduleText(made.Parameters, id, columns[n]),
                       expected[static_cast<std::size_t>(id - 1)][n]);
    }
  }
  CHECK_STD_STRING(logic->GetNoduleReader(made.Parameters, 2), "Dr. B");
  // What is undecided and has no comment has no reader either.
  CHECK_BOOL(logic->SetNoduleDecision(made.Parameters, 2, Logic::DecisionUndecided), true);
  CHECK_STD_STRING(logic->GetNoduleReader(made.Parameters, 2), "");
  CHECK_BOOL(logic->SetNoduleDecision(made.Parameters, 99, Logic::DecisionAccepted), false);
  CHECK_BOOL(logic->SetNoduleComment(made.Parameters, 99, "none"), false);
  CHECK_BOOL(logic->SetNoduleComment(nullptr, 1, "none"), false);
  TESTING_OUTPUT_ASSERT_ERRORS_BEGIN();
  CHECK_BOOL(logic->SetNoduleDecision(made.Parameters, 1, 3), false);
  TESTING_OUTPUT_ASSERT_ERRORS_END();
  CHECK_INT(logic->GetNoduleDecision(made.Parameters, 1), Logic::DecisionAccepted);
  // Unticked in Slicer's own table, it is rejected, too.
  made.Parameters->GetNoduleTableNode()->GetTable()->GetColumnByName("accepted")->SetVariantValue(2, vtkVariant(0));
  CHECK_INT(logic->GetNoduleDecision(made.Parameters, 3), Logic::DecisionRejected);
  return EXIT_SUCCESS;
}

int NextNoduleIsTheNextUndecidedOne()
{
  MadeScene made;
  Write(made);
  vtkSlicerSAM2LungLogic* const logic = made.Logic;
  vtkMRMLSAM2LungParametersNode* const node = made.Parameters;
  // In the order 2, 3, 1, around its ends.
  const auto expect = [&](int id, bool undecided_first, int next, int previous)
  {
    CHECK_INT(logic->GetNextNodule(node, id, undecided_first), next);
    CHECK_INT(logic->GetPreviousNodule(node, id, undecided_first), previous);
    return EXIT_SUCCESS;
  };
  for (const bool undecided_first : { true, false })
  {
    CHECK_EXIT_SUCCESS(expect(0, undecided_first, 2, 1));
    CHECK_EXIT_SUCCESS(expect(2, undecided_first, 3, 1));
    CHECK_EXIT_SUCCESS(expect(1, undecided_first, 2, 3));
    CHECK_EXIT_SUCCESS(expect(99, undecided_first, 2, 1));
  }
  SetNoduleAccepted(node, 3, true);
  CHECK_EXIT_SUCCESS(expect(2, true, 1, 1));
  CHECK_EXIT_SUCCESS(expect(2, false, 3, 1));
  CHECK_EXIT_SUCCESS(expect(0, true, 2, 1));
  SetNoduleAccepted(node, 2, false);
  CHECK_EXIT_SUCCESS(expect(3, true, 1, 1));
  // The current one is the last that is undecided, and then none is: in the order of the table.
  CHECK_EXIT_SUCCESS(expect(1, true, 2, 3));
  SetNoduleAccepted(node, 1, true);
  CHECK_EXIT_SUCCESS(expect(2, true, 3, 1));
  MadeScene empty;
  CHECK_INT(empty.Logic->GetNextNodule(empty.Parameters, 0), 0);
  CHECK_INT(empty.Logic->GetNextNodule(nullptr, 0), 0);
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
  CHECK_EXIT_SUCCESS(DecisionCommentAndReaderStandInTheTable());
  CHECK_EXIT_SUCCESS(NextNoduleIsTheNextUndecidedOne());
  CHECK_EXIT_SUCCESS(JumpingTakesTheParentTransformAlong());
  CHECK_EXIT_SUCCESS(JumpingShowsTheCTWhereNoViewDoes());
  CHECK_EXIT_SUCCESS(OverlayGivesBackWhatWasThere());
  CHECK_EXIT_SUCCESS(OverlayStaysAwayFromOtherVolumes());
  return EXIT_SUCCESS;
}
