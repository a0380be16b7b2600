// Two patients in one scene: what the views show, and what is left when one goes.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungReview.h"
#include "SAM2LungViews.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLCameraNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLSliceNode.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTableNode.h>

#include <algorithm>
#include <cmath>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// Two CTs, both segmented, and three slice views.
struct TwoPatients : MadeScene
{
  TwoPatients()
  {
    this->Other = this->AddCT("Other", MirroredGrid());
    this->Others = this->Logic->GetParametersNode(this->Other, true);
    for (const char* name : { "Red", "Green", "Yellow" })
    {
      vtkNew<vtkMRMLSliceCompositeNode> view;
      view->SetLayoutName(name);
      this->Views.push_back(vtkMRMLSliceCompositeNode::SafeDownCast(this->Scene->AddNode(view)));
      vtkNew<vtkMRMLSliceNode> slice;
      slice->SetLayoutName(name);
      this->Slices.push_back(vtkMRMLSliceNode::SafeDownCast(this->Scene->AddNode(slice)));
    }
    this->Logic->ShowCT(this->Parameters);
    Write(this->Parameters, StraightGrid());
    this->Logic->UpdateOverlay(this->Parameters);
  }

  static void Write(::Parameters* parameters, const Matrix& grid)
  {
    const MadeRun run = MakeRun(grid, ThreeBalls());
    WriteOutputs(parameters, run.Input, run.Output);
  }
  /// Whether all views show this over that.
  bool AllShow(vtkMRMLNode* background, vtkMRMLNode* foreground)
  {
    const auto is = [](const char* id, vtkMRMLNode* node)
    { return node ? id && std::string(id) == node->GetID() : id == nullptr; };
    return std::all_of(this->Views.begin(),
                       this->Views.end(),
                       [&](vtkMRMLSliceCompositeNode* view)
                       { return is(view->GetBackgroundVolumeID(), background) && is(view->GetForegroundVolumeID(), foreground); });
  }
  static bool MarksAreShown(::Parameters* parameters)
  {
    const bool segments = parameters->GetSegmentationNode()->GetDisplayNode()->GetVisibility();
    return segments && parameters->GetNodulePointsNode()->GetDisplayNode()->GetVisibility();
  }

  vtkMRMLScalarVolumeNode* Other;
  ::Parameters* Others;
  std::vector<vtkMRMLSliceCompositeNode*> Views;
  std::vector<vtkMRMLSliceNode*> Slices;
};

int ChosenCTIsShownWithItsOwnOutputsAndNobodyElses()
{
  TwoPatients made;
  CHECK_BOOL(made.AllShow(made.CT, made.Parameters->GetUncertaintyVolumeNode()), true);
  CHECK_INT(made.Logic->GetWhereShown(made.Parameters), vtkSlicerSAM2LungLogic::ShownEverywhere);
  // Not segmented yet: nothing lies over it.
  CHECK_BOOL(made.Logic->ShowCT(made.Others), true);
  CHECK_BOOL(made.AllShow(made.Other, nullptr), true);
  CHECK_BOOL(made.MarksAreShown(made.Parameters), false);
  CHECK_POINTER(made.Logic->GetShownVolume(), made.Other);
  made.Write(made.Others, MirroredGrid());
  made.Logic->UpdateOverlay(made.Others);
  CHECK_BOOL(made.AllShow(made.Other, made.Others->GetUncertaintyVolumeNode()), true);
  CHECK_BOOL(made.MarksAreShown(made.Others), true);
  CHECK_BOOL(made.Logic->ShowCT(made.Parameters), true);
  CHECK_BOOL(made.AllShow(made.CT, made.Parameters->GetUncertaintyVolumeNode()), true);
  CHECK_BOOL(made.MarksAreShown(made.Parameters), true);
  CHECK_BOOL(made.MarksAreShown(made.Others), false);
  CHECK_BOOL(made.Logic->ShowCT(made.Parameters), false); // nothing to change
  return EXIT_SUCCESS;
}

int WhatLayOverAnotherPatientGoes()
{
  TwoPatients made;
  vtkMRMLScalarVolumeNode* const pet = made.AddCT("PET", StraightGrid());
  made.Views[1]->SetForegroundVolumeID(pet->GetID());
  made.Views[2]->SetLabelVolumeID(made.Parameters->GetLabelMapNode()->GetID());
  made.Logic->ShowCT(made.Others);
  CHECK_BOOL(made.AllShow(made.Other, nullptr), true);
  CHECK_NULL(made.Views[2]->GetLabelVolumeID());
  return EXIT_SUCCESS;
}

/// As Slicer does when a volume is loaded: the background alone is exchanged.
int OverlayOfAnotherCTGoesWhereSlicerBroughtTheCT()
{
  TwoPatients made;
  made.Write(made.Others, MirroredGrid());
  for (vtkMRMLSliceCompositeNode* view : made.Views)
  {
    view->SetBackgroundVolumeID(made.Other->GetID());
  }
  CHECK_BOOL(made.Logic->ShowCT(made.Others), false); // the views showed it already
  CHECK_BOOL(made.AllShow(made.Other, made.Others->GetUncertaintyVolumeNode()), true);
  CHECK_BOOL(made.MarksAreShown(made.Others), true);
  CHECK_BOOL(made.MarksAreShown(made.Parameters), false);
  // A foreground that the user took away is laid again with the choice of its CT.
  made.Views[0]->SetForegroundVolumeID(nullptr);
  made.Logic->ShowCT(made.Others);
  CHECK_BOOL(made.AllShow(made.Other, made.Others->GetUncertaintyVolumeNode()), true);
  return EXIT_SUCCESS;
}

int WhatTheUserHidStaysHidden()
{
  TwoPatients made;
  made.Parameters->GetSegmentationNode()->GetDisplayNode()->SetVisibility(0);
  made.Logic->ShowCT(made.Others);
  made.Logic->ShowCT(made.Parameters);
  CHECK_INT(made.Parameters->GetSegmentationNode()->GetDisplayNode()->GetVisibility(), 0);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetDisplayNode()->GetVisibility(), 1);
  return EXIT_SUCCESS;
}

int ResultOfACTThatIsNotLookedAtIsHidden()
{
  TwoPatients made;
  made.Write(made.Others, MirroredGrid()); // the views show the first CT
  CHECK_BOOL(made.MarksAreShown(made.Others), false);
  CHECK_BOOL(made.AllShow(made.CT, made.Parameters->GetUncertaintyVolumeNode()), true);
  made.Logic->ShowCT(made.Others);
  CHECK_BOOL(made.MarksAreShown(made.Others), true);
  return EXIT_SUCCESS;
}

int SomeViewsOfAnotherVolumeAreTold()
{
  TwoPatients made;
  made.Views[1]->SetBackgroundVolumeID(made.Other->GetID());
  CHECK_INT(made.Logic->GetWhereShown(made.Parameters), vtkSlicerSAM2LungLogic::ShownSomewhere);
  CHECK_INT(made.Logic->GetWhereShown(made.Others), vtkSlicerSAM2LungLogic::ShownSomewhere);
  for (vtkMRMLSliceCompositeNode* view : made.Views)
  {
    view->SetBackgroundVolumeID(made.Other->GetID());
  }
  CHECK_INT(made.Logic->GetWhereShown(made.Parameters), vtkSlicerSAM2LungLogic::ShownNowhere);
  return EXIT_SUCCESS;
}

int JumpZoomsAndSetsTheLungWindowUnlessSwitchedOff()
{
  TwoPatients made;
  made.CT->CreateDefaultDisplayNodes();
  vtkMRMLScalarVolumeDisplayNode* const display = made.CT->GetScalarVolumeDisplayNode();
  display->SetAutoWindowLevel(0);
  display->SetWindowLevel(400, 40);
  vtkMRMLSliceNode* const slice = made.Slices.front();
  slice->SetDimensions(600, 300, 1);
  slice->SetFieldOfView(400, 200, 1);
  made.Parameters->SetZoomToNodule(false);
  made.Parameters->SetLungWindow(false);
  CHECK_BOOL(made.Logic->JumpToNodule(made.Parameters, 1), true);
  CHECK_DOUBLE(slice->GetFieldOfView()[0], 400);
  CHECK_DOUBLE(display->GetWindow(), 400);
  made.Parameters->SetZoomToNodule(true);
  made.Parameters->SetLungWindow(true);
  CHECK_BOOL(made.Logic->JumpToNodule(made.Parameters, 1), true);
  CHECK_DOUBLE_TOLERANCE(slice->GetFieldOfView()[0], 120, 1e-9); // 60 mm along the shorter side
  CHECK_DOUBLE_TOLERANCE(slice->GetFieldOfView()[1], 60, 1e-9);
  CHECK_DOUBLE(display->GetWindow(), 1500);
  CHECK_DOUBLE(display->GetLevel(), -600);
  // A view of another volume keeps its zoom.
  made.Views[1]->SetBackgroundVolumeID(made.Other->GetID());
  made.Slices[1]->SetFieldOfView(250, 250, 1);
  CHECK_BOOL(made.Logic->JumpToNodule(made.Parameters, 2), true);
  CHECK_DOUBLE(made.Slices[1]->GetFieldOfView()[0], 250);
  return EXIT_SUCCESS;
}

int ThreeDIsCentredOnTheNodules()
{
  TwoPatients made;
  vtkNew<vtkMRMLCameraNode> camera;
  made.Scene->AddNode(camera);
  camera->SetFocalPoint(500, 500, 500);
  camera->SetPosition(500, 1000, 500);
  Centre3D(made.Parameters);
  double bounds[6];
  made.Parameters->GetSegmentationNode()->GetRASBounds(bounds);
  double distance = 0.0;
  for (int axis = 0; axis < 3; ++axis)
  {
    CHECK_DOUBLE_TOLERANCE(camera->GetFocalPoint()[axis], (bounds[2 * axis] + bounds[2 * axis + 1]) / 2, 1e-6);
    distance += std::pow(camera->GetFocalPoint()[axis] - camera->GetPosition()[axis], 2);
  }
  // 150 mm fill the view's angle.
  const double half_angle = camera->GetViewAngle() / 2 * std::acos(-1.0) / 180.0;
  CHECK_DOUBLE_TOLERANCE(std::sqrt(distance), 75.0 / std::sin(half_angle), 1e-6);
  return EXIT_SUCCESS;
}

/// As when Slicer brings the other CT by itself, or its result is looked at for the first time.
int ThreeDLeavesTheNodulesOfARemovedCT()
{
  for (const bool segmented : { false, true })
  {
    TwoPatients made;
    vtkNew<vtkMRMLCameraNode> camera;
    made.Scene->AddNode(camera);
    if (segmented)
    {
      made.Write(made.Others, MirroredGrid());
    }
    camera->SetFocalPoint(500, 500, 500); // the first one's nodules
    for (vtkMRMLSliceCompositeNode* view : made.Views)
    {
      view->SetBackgroundVolumeID(made.Other->GetID());
    }
    made.Scene->RemoveNode(made.CT);
    made.Logic->RemoveOrphans();
    CHECK_BOOL(made.Logic->ShowCT(made.Others), false); // the views showed it already
    double bounds[6];
    vtkMRMLDisplayableNode* looked_at = made.Other;
    if (segmented)
    {
      looked_at = made.Others->GetSegmentationNode();
    }
    looked_at->GetRASBounds(bounds);
    for (int axis = 0; axis < 3; ++axis)
    {
      CHECK_DOUBLE_TOLERANCE(camera->GetFocalPoint()[axis], (bounds[2 * axis] + bounds[2 * axis + 1]) / 2, 1e-6);
    }
    // Only once: then it is the user's.
    camera->SetFocalPoint(500, 500, 500);
    made.Logic->ShowCT(made.Others);
    CHECK_DOUBLE(camera->GetFocalPoint()[0], 500);
  }
  return EXIT_SUCCESS;
}

int RemovedCTLeavesNothing()
{
  TwoPatients made;
  vtkMRMLSubjectHierarchyNode* const hierarchy = vtkMRMLSubjectHierarchyNode::GetSubjectHierarchyNode(made.Scene);
  const vtkIdType study = hierarchy->CreateStudyItem(hierarchy->GetSceneItemID(), "Study");
  hierarchy->CreateItem(study, made.Other);
  const int nodes = made.Scene->GetNumberOfNodes();
  made.Write(made.Others, MirroredGrid());
  made.Logic->ShowCT(made.Others);
  made.Logic->UpdateOverlay(made.Others);
  const std::string uncertainty = made.Others->GetUncertaintyVolumeNode()->GetID();
  made.Scene->RemoveNode(made.Other);
  // At once: no uncertainty on black.
  CHECK_BOOL(made.AllShow(nullptr, nullptr), true);
  made.Logic->RemoveOrphans();
  CHECK_STD_STRING(made.Logic->GetOrphansText(), "");
  CHECK_NULL(made.Scene->GetNodeByID(uncertainty));
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes - 2); // the CT and its parameter node
  std::vector<vtkIdType> children;
  hierarchy->GetItemChildren(study, children, true);
  for (const vtkIdType child : children)
  {
    CHECK_BOOL(
      hierarchy->IsItemLevel(child, vtkMRMLSubjectHierarchyConstants::GetSubjectHierarchyLevelFolder()), false);
  }
  // The other CT's are there.
  CHECK_NOT_NULL(made.Parameters->GetSegmentationNode());
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  return EXIT_SUCCESS;
}

int ReviewOfARemovedCTStaysHidden()
{
  TwoPatients made;
  vtkMRMLNode* const segmentation = made.Parameters->GetSegmentationNode();
  vtkMRMLNode* const table = made.Parameters->GetNoduleTableNode();
  SetNoduleAccepted(made.Parameters, 1, false);
  made.Scene->RemoveNode(made.CT);
  made.Logic->RemoveOrphans();
  CHECK_STD_STRING(made.Logic->GetOrphansText(),
                   "Its CT was removed, but these hold your review and stay, hidden: 'CT nodules', 'CT nodule table', 'CT "
                   "nodule points'.");
  CHECK_BOOL(made.Scene->IsNodePresent(segmentation) != 0, true);
  CHECK_BOOL(made.Scene->IsNodePresent(table) != 0, true);
  CHECK_INT(vtkMRMLSegmentationNode::SafeDownCast(segmentation)->GetDisplayNode()->GetVisibility(), 0);
  CHECK_INT(made.Scene->GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode"), 0);
  return EXIT_SUCCESS;
}

int ClosedSceneIsNobodysOrphan()
{
  TwoPatients made;
  made.Scene->Clear(false);
  made.Logic->RemoveOrphans();
  CHECK_STD_STRING(made.Logic->GetOrphansText(), "");
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungViewsTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(ChosenCTIsShownWithItsOwnOutputsAndNobodyElses());
  CHECK_EXIT_SUCCESS(WhatLayOverAnotherPatientGoes());
  CHECK_EXIT_SUCCESS(OverlayOfAnotherCTGoesWhereSlicerBroughtTheCT());
  CHECK_EXIT_SUCCESS(WhatTheUserHidStaysHidden());
  CHECK_EXIT_SUCCESS(ResultOfACTThatIsNotLookedAtIsHidden());
  CHECK_EXIT_SUCCESS(SomeViewsOfAnotherVolumeAreTold());
  CHECK_EXIT_SUCCESS(JumpZoomsAndSetsTheLungWindowUnlessSwitchedOff());
  CHECK_EXIT_SUCCESS(ThreeDIsCentredOnTheNodules());
  CHECK_EXIT_SUCCESS(ThreeDLeavesTheNodulesOfARemovedCT());
  CHECK_EXIT_SUCCESS(RemovedCTLeavesNothing());
  CHECK_EXIT_SUCCESS(ReviewOfARemovedCTStaysHidden());
  CHECK_EXIT_SUCCESS(ClosedSceneIsNobodysOrphan());
  return EXIT_SUCCESS;
}
