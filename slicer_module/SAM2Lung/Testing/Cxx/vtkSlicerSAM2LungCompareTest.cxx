// Nodules of a CT compared with those of a prior one, and both beside each other.

#include "SAM2LungChests.h"

#include "SAM2LungComparison.h"
#include "SAM2LungSideBySide.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLDisplayNode.h>
#include <vtkMRMLLayoutNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSelectionNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLSliceNode.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>

#include <vtkDataArray.h>
#include <vtkImageData.h>
#include <vtkIntArray.h>
#include <vtkPointData.h>

#include <vtksys/SystemTools.hxx>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

using Logic = vtkSlicerSAM2LungLogic;
using Parameters = vtkMRMLSAM2LungParametersNode;
using Constants = vtkMRMLSubjectHierarchyConstants;

bool Holds(const std::string& text, const std::string& part)
{
  return text.find(part) != std::string::npos;
}

/// How far the patient lies from where the prior showed them, mm.
constexpr Point SHIFT{ 12.0, -7.0, 9.0 };
/// Cells are texts of six digits; places lie within 1 m.
constexpr double CELL_MM = 1e-3;

/// A prior, and a CT that lacks one of its nodules and lies elsewhere.
struct TwoScans : TestScene
{
  explicit TwoScans(const std::string& bundles)
    : TestScene(bundles)
  {
    // Markups ask it for the unit of lengths.
    vtkNew<vtkMRMLSelectionNode> selection;
    this->Scene->AddNode(selection);
    this->Prior = AddChest(*this, "Before");
    this->CT = AddChest(*this, "Now");
    Parameters* const of_prior = AddChestParameters(*this, this->Prior);
    this->Done = this->Logic->Segment(of_prior);
    this->OfPrior = of_prior;
    RemoveNodule(this->CT, of_prior->GetLabelMapNode(), GONE);
    Shift(this->CT, SHIFT);
    this->OfCT = AddChestParameters(*this, this->CT);
    this->Done = this->Done && this->Logic->Segment(this->OfCT);
    this->OfCT->SetPriorVolumeNode(this->Prior);
  }

  int CountOf(Parameters* parameters)
  {
    vtkNew<vtkIntArray> ids;
    this->Logic->GetReviewOrder(parameters, ids);
    return static_cast<int>(ids->GetNumberOfValues());
  }

  static constexpr int GONE = 2;
  bool Done = false;
  vtkMRMLScalarVolumeNode* Prior = nullptr;
  vtkMRMLScalarVolumeNode* CT = nullptr;
  Parameters* OfPrior = nullptr;
  Parameters* OfCT = nullptr;
};

/// Mean place of the nodule's points in the CT's own frame, mm.
Point PlaceOf(TestScene& test, Parameters* parameters, int id)
{
  const auto number = [&](const char* column) { return std::atof(test.Logic->GetNoduleText(parameters, id, column).c_str()); };
  return { number("centroid_r"), number("centroid_a"), number("centroid_s") };
}

int TableSaysWhatBecameOfEachNodule(TwoScans& test)
{
  CHECK_BOOL(test.Done, true);
  CHECK_STD_STRING(test.Logic->GetPriorProblem(test.OfCT), "");
  CHECK_BOOL(test.Logic->GetPriorNeedsRun(test.OfCT), false);
  test.OfCT->SetPriorDays(100);
  CHECK_BOOL(test.Logic->Compare(test.OfCT), true);
  std::cout << test.Logic->GetStatusText() << std::endl;
  const int before = test.CountOf(test.OfPrior), now = test.CountOf(test.OfCT);
  CHECK_INT(now, before - 1);
  CHECK_STD_STRING(test.Logic->GetStatusText(), test.Logic->GetComparisonText(test.OfCT));
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfCT), "Compared with 'Before', 100 days before: "), true);
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfCT), "1 gone."), true);
  for (int id = 1; id <= now; ++id)
  {
    // The same voxels: nothing grew, and each is as far from its prior as the patient moved.
    const std::string change = test.Logic->GetNoduleText(test.OfCT, id, "change");
    CHECK_BOOL(change == "stable" || change == "cut-off", true);
    const int prior = std::atoi(test.Logic->GetNoduleText(test.OfCT, id, "prior_id").c_str());
    const Point here = PlaceOf(test, test.OfCT, id), there = PlaceOf(test, test.OfPrior, prior);
    for (std::size_t axis = 0; axis < 3; ++axis)
    {
      CHECK_DOUBLE_TOLERANCE(here[axis] - there[axis], SHIFT[axis], CELL_MM);
    }
    CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfCT, id, "prior_volume_mm3"),
                     test.Logic->GetNoduleText(test.OfPrior, prior, "volume_mm3"));
    CHECK_BOOL(test.Logic->GetNoduleChangeText(test.OfCT, id).empty(), false);
    if (change == "stable")
    {
      CHECK_DOUBLE(std::atof(test.Logic->GetNoduleText(test.OfCT, id, "volume_change_percent").c_str()), 0.0);
      CHECK_BOOL(Holds(test.Logic->GetNoduleChangeText(test.OfCT, id), "Stable: +0 %"), true);
    }
  }
  CHECK_BOOL(Holds(test.Logic->GetShownColumns(test.OfCT), "growth_probability"), true);
  return EXIT_SUCCESS;
}

int GoneOneIsToldAndCanBeLookedAt(TwoScans& test)
{
  CHECK_INT(test.Logic->GetNumberOfGoneNodules(test.OfCT), 1);
  std::cout << test.Logic->GetNthGoneNoduleText(test.OfCT, 0) << std::endl;
  CHECK_BOOL(Holds(test.Logic->GetNthGoneNoduleText(test.OfCT, 0), "Gone: nodule 2 of the prior, "), true);
  CHECK_STD_STRING(test.Logic->GetNthGoneNoduleText(test.OfCT, 1), "");
  CHECK_BOOL(test.Logic->JumpToNthGoneNodule(test.OfCT, 1), false);
  const Point there = PlaceOf(test, test.OfPrior, TwoScans::GONE);
  const GoneNodule gone = GoneNodules(test.OfCT->GetNoduleTableNode()).front();
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    // As well as the lungs' surfaces lie over each other.
    CHECK_DOUBLE_TOLERANCE(gone.place_ras[axis], there[axis] + SHIFT[axis], 1.0);
  }
  return EXIT_SUCCESS;
}

int PriorLiesOverTheCTBesideIt(TwoScans& test)
{
  vtkNew<vtkMRMLLayoutNode> added;
  auto* const layout = vtkMRMLLayoutNode::SafeDownCast(test.Scene->AddNode(added));
  for (const int known : { vtkMRMLLayoutNode::SlicerLayoutFourUpView, vtkMRMLLayoutNode::SlicerLayoutOneUpRedSliceView })
  {
    layout->AddLayoutDescription(known, "<layout type=\"horizontal\"></layout>");
  }
  layout->SetViewArrangement(vtkMRMLLayoutNode::SlicerLayoutFourUpView);
  vtkNew<vtkMRMLSliceNode> red;
  red->SetLayoutName("Red");
  vtkMRMLNode* const red_view = test.Scene->AddNode(red);
  const int volumes = test.Scene->GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode");
  CHECK_BOOL(test.Logic->GetSideBySide(test.OfCT), false);
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  CHECK_BOOL(test.Logic->GetSideBySide(test.OfCT), true);
  CHECK_INT(layout->GetViewArrangement(), SIDE_BY_SIDE_LAYOUT);

  auto* const prior_view = CompositeOf(test.Scene, PRIOR_VIEW);
  auto* const ct_view = CompositeOf(test.Scene, CURRENT_VIEW);
  CHECK_NOT_NULL(prior_view);
  CHECK_NOT_NULL(ct_view);
  CHECK_STRING(ct_view->GetBackgroundVolumeID(), test.CT->GetID());
  CHECK_INT(prior_view->GetLinkedControl(), 1);
  CHECK_INT(ct_view->GetLinkedControl(), 1);
  auto* const shown =
    vtkMRMLScalarVolumeNode::SafeDownCast(test.Scene->GetNodeByID(prior_view->GetBackgroundVolumeID()));
  CHECK_NOT_NULL(shown);
  CHECK_NOT_NULL(test.Scene->GetNodeByID(prior_view->GetLabelVolumeID()));
  CHECK_POINTER(shown->GetImageData(), test.Prior->GetImageData());
  // The prior itself stays where it was, and nobody takes the shown one for a CT.
  CHECK_NULL(test.Prior->GetParentTransformNode());
  CHECK_BOOL(test.Logic->CanBeCT(shown), false);
  CHECK_INT(test.Scene->GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode"), volumes + 2); // with the label map
  CHECK_INT(test.Logic->GetWhereShown(test.OfCT), Logic::ShownEverywhere);

  // A place of the prior is shown where the CT has it.
  const Point there = PlaceOf(test, test.OfPrior, TwoScans::GONE);
  double world[3];
  shown->TransformPointToWorld(there.data(), world);
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    CHECK_DOUBLE_TOLERANCE(world[axis], there[axis] + SHIFT[axis], 1.0);
  }
  CHECK_BOOL(test.Logic->JumpToNthGoneNodule(test.OfCT, 0), true);
  for (const char* name : { PRIOR_VIEW, CURRENT_VIEW })
  {
    auto* const slice = vtkMRMLSliceNode::SafeDownCast(test.Scene->GetSingletonNode(name, "vtkMRMLSliceNode"));
    CHECK_NOT_NULL(slice);
    for (int axis = 0; axis < 3; ++axis)
    {
      CHECK_DOUBLE_TOLERANCE(slice->GetSliceToRAS()->GetElement(axis, 3),
                             GoneNodules(test.OfCT->GetNoduleTableNode()).front().place_ras[axis],
                             1e-6);
    }
  }
  // Outlines of the CT don't lie over the prior.
  vtkMRMLDisplayNode* const outlines = test.OfCT->GetSegmentationNode()->GetDisplayNode();
  CHECK_BOOL(outlines->IsDisplayableInView(red_view->GetID()), true);
  CHECK_BOOL(outlines->IsDisplayableInView(test.Scene->GetSingletonNode(CURRENT_VIEW, "vtkMRMLSliceNode")->GetID()), true);
  CHECK_BOOL(outlines->IsDisplayableInView(test.Scene->GetSingletonNode(PRIOR_VIEW, "vtkMRMLSliceNode")->GetID()), false);

  // A click there is none in the CT.
  CHECK_STD_STRING(test.Logic->GetClickProblem(test.OfCT, test.CT->GetID()), "");
  CHECK_STD_STRING(test.Logic->GetClickProblem(test.OfCT, ""), "");
  CHECK_BOOL(Holds(test.Logic->GetClickProblem(test.OfCT, shown->GetID()), "in the view of the prior (P)"), true);

  test.Logic->EndSideBySide();
  CHECK_BOOL(test.Logic->GetSideBySide(test.OfCT), false);
  CHECK_INT(layout->GetViewArrangement(), vtkMRMLLayoutNode::SlicerLayoutFourUpView);
  CHECK_INT(outlines->GetNumberOfViewNodeIDs(), 0);
  CHECK_NULL(prior_view->GetBackgroundVolumeID());

  // Another CT, or another layout, ends it.
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  test.Logic->ShowCT(test.OfPrior);
  CHECK_BOOL(test.Logic->GetSideBySide(test.OfCT), false);
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  layout->SetViewArrangement(vtkMRMLLayoutNode::SlicerLayoutOneUpRedSliceView);
  test.Logic->FollowLayout();
  CHECK_BOOL(test.Logic->GetSideBySide(test.OfCT), false);
  CHECK_INT(layout->GetViewArrangement(), vtkMRMLLayoutNode::SlicerLayoutOneUpRedSliceView);
  CHECK_INT(outlines->GetNumberOfViewNodeIDs(), 0);
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfPrior), false);

  // As a scene that was saved so comes back: without what showed the prior.
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  CHECK_INT(shown->GetSaveWithScene(), 0);
  test.Scene->RemoveNode(shown);
  test.Scene->StartState(vtkMRMLScene::ImportState);
  test.Scene->EndState(vtkMRMLScene::ImportState);
  CHECK_INT(layout->GetViewArrangement(), vtkMRMLLayoutNode::SlicerLayoutOneUpRedSliceView);
  CHECK_INT(outlines->GetNumberOfViewNodeIDs(), 0);
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  test.Logic->EndSideBySide();
  return EXIT_SUCCESS;
}

bool IsShownBeside(TwoScans& test, vtkMRMLDisplayableNode* mark, const char* view)
{
  return mark->GetDisplayNode()->IsDisplayableInView(test.Scene->GetSingletonNode(view, "vtkMRMLSliceNode")->GetID());
}

int MarksMadeMeanwhileStayOutOfThePriorsView(TwoScans& test)
{
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  test.OfCT->SetAxesVisible(true);
  test.Logic->UpdateAxes(test.OfCT);
  const Point place = PlaceOf(test, test.OfCT, 1);
  CHECK_BOOL(test.Logic->CorrectAtClick(test.OfCT, 1, place[0], place[1], place[2], true), true);
  std::vector<vtkMRMLNode*> nodes, outlines;
  test.Scene->GetNodesByClass("vtkMRMLMarkupsLineNode", nodes);
  CHECK_BOOL(nodes.size() >= 2, true);
  test.Scene->GetNodesByClass("vtkMRMLSegmentationNode", outlines);
  const auto others = std::remove_if(outlines.begin(),
                                     outlines.end(),
                                     [&](vtkMRMLNode* node)
                                     {
                                       return node == test.OfCT->GetSegmentationNode() ||
                                              node == test.OfPrior->GetSegmentationNode();
                                     });
  outlines.erase(others, outlines.end());
  CHECK_INT(static_cast<int>(outlines.size()), 1); // of before the click
  nodes.push_back(outlines.front());
  for (vtkMRMLNode* node : nodes)
  {
    auto* const mark = vtkMRMLDisplayableNode::SafeDownCast(node);
    CHECK_BOOL(IsShownBeside(test, mark, PRIOR_VIEW), false);
    CHECK_BOOL(IsShownBeside(test, mark, CURRENT_VIEW), true);
  }
  // Without a call by hand: lines follow the nodules.
  CHECK_BOOL(test.Logic->DiscardCorrection(test.OfCT), true);
  CHECK_BOOL(test.Logic->SetNoduleDecision(test.OfCT, 1, Logic::DecisionRejected), true);
  CHECK_BOOL(test.Logic->Undo(test.OfCT), true);
  test.Scene->GetNodesByClass("vtkMRMLMarkupsLineNode", nodes);
  for (vtkMRMLNode* node : nodes)
  {
    CHECK_BOOL(IsShownBeside(test, vtkMRMLDisplayableNode::SafeDownCast(node), PRIOR_VIEW), false);
  }
  test.Logic->EndSideBySide();
  for (vtkMRMLNode* node : nodes)
  {
    CHECK_INT(vtkMRMLDisplayableNode::SafeDownCast(node)->GetDisplayNode()->GetNumberOfViewNodeIDs(), 0);
  }
  test.OfCT->SetAxesVisible(false);
  test.Logic->UpdateAxes(test.OfCT);
  return EXIT_SUCCESS;
}

int WindowOfTheUserIsThePriorsToo(TwoScans& test)
{
  vtkMRMLScalarVolumeDisplayNode* const display = test.CT->GetScalarVolumeDisplayNode();
  display->SetAutoWindowLevel(0);
  display->SetWindowLevel(400.0, 40.0);
  test.OfCT->SetLungWindow(false);
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  vtkMRMLScalarVolumeDisplayNode* const prior = test.OfCT->GetAlignedPriorVolumeNode()->GetScalarVolumeDisplayNode();
  for (vtkMRMLScalarVolumeDisplayNode* each : { display, prior })
  {
    CHECK_DOUBLE(each->GetWindow(), 400.0);
    CHECK_DOUBLE(each->GetLevel(), 40.0);
  }
  test.OfCT->SetLungWindow(true);
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  for (vtkMRMLScalarVolumeDisplayNode* each : { display, prior })
  {
    CHECK_DOUBLE(each->GetWindow(), 1500.0);
    CHECK_DOUBLE(each->GetLevel(), -600.0);
  }
  test.Logic->EndSideBySide();
  return EXIT_SUCCESS;
}

/// The run didn't see it, and a reader did: in the CT it isn't gone, and in the prior what the run finds there isn't new.
int WhatAReaderOutlinedIsNeitherGoneNorNew(TwoScans& test)
{
  const GoneNodule gone = GoneNodules(test.OfCT->GetNoduleTableNode()).front();
  const Point place{ gone.place_ras[0], gone.place_ras[1], gone.place_ras[2] };
  const std::string before = test.Logic->GetComparisonText(test.OfCT);
  CHECK_BOOL(test.Logic->OutlineAtClick(test.OfCT, place[0], place[1], place[2]), true);
  const int clicked = test.Logic->GetClickedNodule();
  CHECK_INT(test.Logic->GetNumberOfGoneNodules(test.OfCT), 0);
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfCT), "gone"), false);
  std::cout << test.Logic->GetNoduleChangeText(test.OfCT, clicked) << std::endl;
  CHECK_BOOL(Holds(test.Logic->GetNoduleChangeText(test.OfCT, clicked),
                   "Outlined by a reader, not compared; here was nodule 2 of the prior, "),
             true);
  // An outline that the reader rejects is no nodule.
  CHECK_BOOL(test.Logic->SetNoduleDecision(test.OfCT, clicked, Logic::DecisionRejected), true);
  CHECK_INT(test.Logic->GetNumberOfGoneNodules(test.OfCT), 1);
  CHECK_BOOL(test.Logic->Undo(test.OfCT), true);
  CHECK_INT(test.Logic->GetNumberOfGoneNodules(test.OfCT), 0);

  // The other way round, as if the CT were the prior.
  test.OfPrior->SetPriorVolumeNode(test.CT);
  CHECK_BOOL(test.Logic->Compare(test.OfPrior), true);
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfPrior, TwoScans::GONE, "change"), "");
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfPrior), "here or in the prior: Nodule 2."), true);
  CHECK_BOOL(test.Logic->Undo(test.OfCT), true);
  CHECK_BOOL(test.Logic->Compare(test.OfPrior), true);
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfPrior, TwoScans::GONE, "change"), "new");
  test.OfPrior->SetPriorVolumeNode(nullptr);
  CHECK_STD_STRING(test.Logic->GetComparisonText(test.OfCT), before);
  return EXIT_SUCCESS;
}

int FilesOfTheComparisonAreWritten(TwoScans& test, const std::string& folder)
{
  CHECK_STD_STRING(test.Logic->GetComparisonExportProblem(test.OfCT, ""), "");
  CHECK_BOOL(Holds(test.Logic->GetComparisonExportProblem(test.OfPrior, ""), "There is no comparison to export"), true);
  CHECK_BOOL(Holds(test.Logic->GetComparisonExportProblem(nullptr, ""), "There is no parameter node"), true);
  CHECK_BOOL(test.Logic->ExportComparison(test.OfCT, folder + "/none"), false);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "is no folder"), true);
  CHECK_BOOL(test.Logic->ExportComparison(test.OfCT, folder), true);
  std::cout << test.Logic->GetStatusText() << std::endl;
  const std::string written = folder + "/Now compared with Before";
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "'" + written + "' is written; comparison.html is its first page."), true);
  for (const char* file : { "comparison.html", "comparison.txt", "comparison.json", "comparison.csv", "comparison.png" })
  {
    CHECK_BOOL(vtksys::SystemTools::FileLength(written + "/" + file) > 0, true);
  }
  CHECK_BOOL(test.Logic->ExportComparison(test.OfCT, folder), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "is there already"), true);

  // As after a scene was loaded: the table says what was compared, and nothing else does.
  vtkMRMLTableNode* const table = test.OfCT->GetNoduleTableNode();
  vtkNew<vtkMRMLTableNode> kept;
  kept->Copy(table);
  vtkMRMLNode* const loaded = test.Scene->AddNode(kept);
  test.OfCT->SetNoduleTableNode(vtkMRMLTableNode::SafeDownCast(loaded));
  CHECK_BOOL(test.Logic->GetComparisonText(test.OfCT).empty(), false);
  CHECK_BOOL(Holds(test.Logic->GetComparisonExportProblem(test.OfCT, ""), "There are no files of this comparison"), true);
  test.OfCT->SetNoduleTableNode(table);
  test.Scene->RemoveNode(loaded);
  CHECK_STD_STRING(test.Logic->GetComparisonExportProblem(test.OfCT, ""), "");
  return EXIT_SUCCESS;
}

int WhatAReaderOutlinedIsNotComparedAndSaid(TwoScans& test)
{
  const Point place = PlaceOf(test, test.OfCT, 1);
  // Taken back, it is what was compared.
  const std::string change = test.Logic->GetNoduleText(test.OfCT, 1, "change");
  CHECK_BOOL(change.empty(), false);
  CHECK_BOOL(test.Logic->OutlineAtClick(test.OfCT, place[0], place[1], place[2]), true);
  CHECK_BOOL(test.Logic->Undo(test.OfCT), true);
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfCT, 1, "change"), change);
  CHECK_BOOL(test.Logic->OutlineAtClick(test.OfCT, place[0], place[1], place[2]), true);
  const int clicked = test.Logic->GetClickedNodule();
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfCT, clicked, "change"), "");
  const std::string named = "Not compared, since a reader outlined or edited them, here or in the prior: Nodule " +
                            std::to_string(clicked) + ".";
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfCT), named), true);
  CHECK_BOOL(test.Logic->Compare(test.OfCT), true);
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfCT, clicked, "change"), "");
  CHECK_STD_STRING(test.Logic->GetNoduleChangeText(test.OfCT, clicked), "");
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfCT), named), true);
  // Taken back after another comparison, it isn't what that one compared.
  CHECK_BOOL(test.Logic->Undo(test.OfCT), true);
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfCT, 1, "change"), "");
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfCT, 1, "prior_volume_mm3"), "");
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfCT), "here or in the prior: Nodule 1."), true);
  // Compared while both are seen beside each other, they stay there, with the prior's nodules.
  CHECK_BOOL(test.Logic->ShowSideBySide(test.OfCT), true);
  CHECK_BOOL(test.Logic->Compare(test.OfCT), true);
  CHECK_BOOL(test.Logic->GetSideBySide(test.OfCT), true);
  CHECK_NOT_NULL(test.Scene->GetNodeByID(CompositeOf(test.Scene, PRIOR_VIEW)->GetLabelVolumeID()));
  test.Logic->EndSideBySide();
  CHECK_BOOL(Holds(test.Logic->GetComparisonText(test.OfCT), "Not compared"), false);
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.OfCT, 1, "change"), change);
  return EXIT_SUCCESS;
}

int PriorOfAnotherSeedIsSegmentedFirst(TwoScans& test)
{
  test.OfPrior->SetSeed(5);
  CHECK_BOOL(test.Logic->Segment(test.OfPrior), true);
  CHECK_BOOL(test.Logic->GetPriorNeedsRun(test.OfCT), true);
  // Cancelled while the prior is segmented: nothing is compared.
  CHECK_BOOL(test.Logic->StartCompare(test.OfCT), true);
  CHECK_POINTER(test.Logic->GetRunParametersNode(), test.OfPrior);
  test.Logic->Cancel();
  while (test.Logic->IsRunning())
  {
    test.Logic->ProcessEvents();
  }
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  CHECK_BOOL(test.Logic->GetPriorNeedsRun(test.OfCT), true);

  // As the run was, whatever was chosen since.
  test.OfCT->SetModelFolder(test.Bundles + "/tiny-identity");
  test.OfCT->SetSearch(Parameters::SearchEverywhere);
  test.OfCT->SetSensitivity(0.5);
  test.OfCT->SetMinDiameter(9.0);
  CHECK_BOOL(test.Logic->Compare(test.OfCT), true);
  CHECK_STD_STRING(test.OfPrior->GetModelFolder(), test.Bundles + "/tiny-clicks");
  CHECK_INT(test.OfPrior->GetSearch(), Parameters::SearchLungs);
  CHECK_DOUBLE(test.OfPrior->GetSensitivity(), 0.0);
  CHECK_DOUBLE(test.OfPrior->GetMinDiameter(), 4.0);
  CHECK_INT(test.OfPrior->GetSeed(), 0);
  CHECK_BOOL(test.Logic->GetPriorNeedsRun(test.OfCT), false);
  CHECK_POINTER(test.Logic->GetRunParametersNode(), test.OfCT);
  // Cancelled while both are compared: what was compared before stays.
  const std::string before = test.Logic->GetComparisonText(test.OfCT);
  CHECK_BOOL(test.Logic->StartCompare(test.OfCT), true);
  CHECK_BOOL(test.Logic->StartCompare(test.OfCT), false);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "Something else goes on: 'Now' is being compared with its prior;"), true);
  CHECK_BOOL(test.Logic->Undo(test.OfCT), false);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "Nothing can be undone now: 'Now' is being compared with its prior."), true);
  test.Logic->Cancel();
  while (test.Logic->IsRunning())
  {
    test.Logic->ProcessEvents();
  }
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  CHECK_STD_STRING(test.Logic->GetComparisonText(test.OfCT), before);
  return EXIT_SUCCESS;
}

int PriorOfAFolderIsCompared(TwoScans& test, const std::string& folder)
{
  CHECK_BOOL(test.Logic->ExportReport(test.OfPrior, folder), true);
  const std::string written = test.Logic->GetReportFolder();
  CHECK_STD_STRING(written, folder + "/Before");
  test.OfCT->SetPriorFolder(folder);
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(test.OfCT), "holds no result (no run.json)"), true);
  test.OfCT->SetPriorFolder(written);
  CHECK_BOOL(test.Logic->GetPriorNeedsRun(test.OfCT), false);
  const std::string before = test.Logic->GetComparisonText(test.OfCT);
  CHECK_BOOL(test.Logic->Compare(test.OfCT), true);
  CHECK_STD_STRING(test.Logic->GetComparisonText(test.OfCT), before);
  vtkMRMLLabelMapVolumeNode* const labels = test.OfCT->GetAlignedPriorLabelMapNode();
  CHECK_NOT_NULL(labels);
  CHECK_INT(labels->GetSaveWithScene(), 1);
  CHECK_DOUBLE(labels->GetImageData()->GetScalarRange()[1], test.CountOf(test.OfPrior));
  // Of another CT it is none.
  test.OfCT->SetPriorVolumeNode(AddChest(test, "Another"));
  Shift(test.OfCT->GetPriorVolumeNode(), SHIFT);
  auto* const voxel = static_cast<short*>(test.OfCT->GetPriorVolumeNode()->GetImageData()->GetScalarPointer());
  *voxel = static_cast<short>(*voxel + 1);
  CHECK_BOOL(test.Logic->Compare(test.OfCT), false);
  std::cout << test.Logic->GetStatusText() << std::endl;
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  CHECK_STD_STRING(test.Logic->GetComparisonText(test.OfCT), before);
  return EXIT_SUCCESS;
}

/// Nodules are to be looked for in a segment that has all voxels.
void AddWholeSegment(TestScene& test, Parameters* parameters)
{
  vtkNew<vtkOrientedImageData> everything;
  everything->SetDimensions(parameters->GetInputVolumeNode()->GetImageData()->GetDimensions());
  everything->SetImageToWorldMatrix(AxialGrid());
  everything->AllocateScalars(VTK_UNSIGNED_CHAR, 1);
  everything->GetPointData()->GetScalars()->Fill(1);
  vtkNew<vtkSegment> segment;
  segment->SetLabelValue(1);
  segment->AddRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName(), everything);
  auto* const node = vtkMRMLSegmentationNode::SafeDownCast(
    test.Scene->AddNewNodeByClass("vtkMRMLSegmentationNode", "Everything"));
  node->GetSegmentation()->AddSegment(segment, "everything");
  parameters->SetLungMaskSegmentationNode(node);
  parameters->SetLungMaskSegmentID("everything");
  parameters->SetSearch(Parameters::SearchSegment);
}

int WhatCantBeComparedIsSaid(const std::string& bundles)
{
  TestScene test(bundles);
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(nullptr), "There is no parameter node"), true);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  vtkMRMLScalarVolumeNode* const prior = test.AddCT();
  // The same voxels would be refused as one CT given twice.
  prior->GetImageData()->SetScalarComponentFromDouble(0, 0, 0, 0, -840.0);
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(parameters), "No prior is chosen"), true);
  parameters->SetPriorVolumeNode(ct);
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(parameters), "The prior is the CT itself"), true);
  parameters->SetPriorVolumeNode(prior);
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(parameters), "There is no result at hand"), true);
  CHECK_BOOL(test.Logic->Compare(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  CHECK_STD_STRING(test.Logic->GetPriorProblem(parameters), "");
  // What counts is where the run looked.
  AddWholeSegment(test, parameters);
  CHECK_STD_STRING(test.Logic->GetPriorProblem(parameters), "");
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(parameters), "in a segment, which the prior has not"), true);
  parameters->SetSearch(Parameters::SearchEverywhere);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  // Lung without an edge can't be laid over another one.
  CHECK_BOOL(test.Logic->Compare(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "could not be registered"), true);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "Choose a prior CT of the same patient"), true);
  CHECK_STD_STRING(test.Logic->GetComparisonText(parameters), "");
  CHECK_BOOL(test.Logic->ShowSideBySide(parameters), false);
  // A closed scene takes the results with it.
  test.Scene->Clear(0);
  Parameters* const others = test.AddParameters(test.AddCT());
  others->SetPriorVolumeNode(test.AddCT());
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(others), "There is no result at hand"), true);
  return EXIT_SUCCESS;
}

int DaysAreThoseBetweenTheStudies(const std::string& bundles)
{
  TestScene test(bundles);
  auto* const hierarchy = vtkMRMLSubjectHierarchyNode::GetSubjectHierarchyNode(test.Scene);
  CHECK_NOT_NULL(hierarchy);
  const auto add = [&](const std::string& date)
  {
    vtkMRMLScalarVolumeNode* const ct = test.AddCT();
    const vtkIdType study = hierarchy->CreateStudyItem(hierarchy->GetSceneItemID(), "Study " + date);
    hierarchy->SetItemAttribute(study, Constants::GetDICOMStudyDateAttributeName(), date);
    hierarchy->SetItemParent(hierarchy->GetItemByDataNode(ct) ? hierarchy->GetItemByDataNode(ct)
                                                              : hierarchy->CreateItem(study, ct),
                             study);
    return ct;
  };
  vtkMRMLScalarVolumeNode* const prior = add("20230228");
  vtkMRMLScalarVolumeNode* const ct = add("20240301");
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_DOUBLE(test.Logic->GetDaysSincePrior(parameters), -1.0);
  parameters->SetPriorVolumeNode(prior);
  CHECK_DOUBLE(test.Logic->GetDaysSincePrior(parameters), 367.0); // over a leap day
  parameters->SetPriorVolumeNode(add("2023"));
  CHECK_DOUBLE(test.Logic->GetDaysSincePrior(parameters), -1.0);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  parameters->SetPriorVolumeNode(add("20240302"));
  CHECK_BOOL(Holds(test.Logic->GetPriorProblem(parameters), "is of 20240302, after 'CT' of 20240301"), true);
  parameters->SetPriorDays(3);
  CHECK_STD_STRING(test.Logic->GetPriorProblem(parameters), "");
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungCompareTest(int, char* argv[])
{
  const std::string folder = std::string(argv[2]) + "/out";
  vtksys::SystemTools::RemoveADirectory(folder);
  vtksys::SystemTools::MakeDirectory(folder);
  CHECK_EXIT_SUCCESS(WhatCantBeComparedIsSaid(argv[1]));
  CHECK_EXIT_SUCCESS(DaysAreThoseBetweenTheStudies(argv[1]));
  TwoScans test(argv[1]);
  CHECK_EXIT_SUCCESS(TableSaysWhatBecameOfEachNodule(test));
  CHECK_EXIT_SUCCESS(GoneOneIsToldAndCanBeLookedAt(test));
  CHECK_EXIT_SUCCESS(PriorLiesOverTheCTBesideIt(test));
  CHECK_EXIT_SUCCESS(MarksMadeMeanwhileStayOutOfThePriorsView(test));
  CHECK_EXIT_SUCCESS(WindowOfTheUserIsThePriorsToo(test));
  CHECK_EXIT_SUCCESS(FilesOfTheComparisonAreWritten(test, folder));
  CHECK_EXIT_SUCCESS(WhatAReaderOutlinedIsNeitherGoneNorNew(test));
  CHECK_EXIT_SUCCESS(WhatAReaderOutlinedIsNotComparedAndSaid(test));
  CHECK_EXIT_SUCCESS(PriorOfAnotherSeedIsSegmentedFirst(test));
  CHECK_EXIT_SUCCESS(PriorOfAFolderIsCompared(test, folder));
  return EXIT_SUCCESS;
}
