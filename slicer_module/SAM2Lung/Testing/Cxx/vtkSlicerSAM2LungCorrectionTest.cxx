// Correcting the outline of a nodule by clicks inside and outside: seen beside the outline of before, undone click by
// click, kept or discarded, gone on with after loading.

#include "SAM2LungTestScene.h"

#include "SAM2LungClicks.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegmentation.h>
#include <vtkSegment.h>
#include <vtkSegmentationConverter.h>
#include <vtkTable.h>

#include <algorithm>
#include <cstdlib>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using Logic = vtkSlicerSAM2LungLogic;

/// 4 mm from the middle of the first ball, towards the right: in it.
constexpr Point AT_ITS_SIDE_RAS{ -10.0, -2.4, 25.0 };
/// 8 mm from the middle on the other side, 2 mm beyond its surface.
constexpr Point BESIDE_IT_RAS{ -22.0, -2.4, 25.0 };
/// Beyond a click outside: what is outlined there isn't connected with the ball.
constexpr Point BEHIND_IT_RAS{ -5.2, -2.4, 25.0 };

/// Two balls that were found; the first one's number.
struct AfterRun : TestScene
{
  explicit AfterRun(const std::string& bundles)
    : TestScene(bundles)
    , Node(this->AddParameters(this->AddCT()))
  {
    this->Logic->Segment(this->Node);
    this->First = this->NumberAt(TwoBalls()[0].center_ras);
  }

  int NumberAt(const Point& ras)
  {
    const double ijk[3] = { (ras[0] + 30) / 0.8, (ras[1] + 20) / 0.8, (ras[2] - 5) / 2 };
    return static_cast<int>(this->Node->GetLabelMapNode()->GetImageData()->GetScalarComponentAsDouble(
      int(ijk[0] + 0.5), int(ijk[1] + 0.5), int(ijk[2] + 0.5), 0));
  }

  bool Correct(int id, const Point& ras, bool inside)
  {
    return this->Logic->CorrectAtClick(this->Node, id, ras[0], ras[1], ras[2], inside);
  }

  double Volume(int id)
  {
    return std::atof(this->Logic->GetNoduleText(this->Node, id, "volume_mm3").c_str());
  }

  /// What the outputs hold.
  std::string State()
  {
    std::string text;
    vtkTable* const table = this->Node->GetNoduleTableNode()->GetTable();
    for (vtkIdType row = 0; row < table->GetNumberOfRows(); ++row)
    {
      for (vtkIdType column = 0; column < table->GetNumberOfColumns(); ++column)
      {
        text += table->GetValue(row, column).ToString() + "\t";
      }
    }
    const auto* const image = this->Node->GetLabelMapNode()->GetImageData();
    const auto* const label = static_cast<const unsigned short*>(
      const_cast<vtkImageData*>(image)->GetScalarPointer());
    long long sum = 0;
    for (vtkIdType n = 0; n < const_cast<vtkImageData*>(image)->GetNumberOfPoints(); ++n)
    {
      sum += label[n] * (n % 9973);
    }
    return text + std::to_string(sum);
  }

  /// The segmentation with the outline of before; none: null.
  vtkMRMLSegmentationNode* Before()
  {
    std::vector<vtkMRMLNode*> nodes;
    this->Scene->GetNodesByClass("vtkMRMLSegmentationNode", nodes);
    for (vtkMRMLNode* node : nodes)
    {
      if (node != this->Node->GetSegmentationNode())
      {
        return vtkMRMLSegmentationNode::SafeDownCast(node);
      }
    }
    return nullptr;
  }

  Parameters* Node;
  int First = 0;
};

int ClickOutsideTakesAwayAndClickInsideAdds(const std::string& bundles)
{
  AfterRun test(bundles);
  const int id = test.First;
  CHECK_BOOL(id > 0, true);
  const std::string found = test.State();
  const double before = test.Volume(id);
  CHECK_STD_STRING(test.Logic->GetCorrectionProblem(test.Node, id), "");
  CHECK_INT(test.Logic->GetCorrectedNodule(test.Node), 0);
  CHECK_STD_STRING(test.Logic->GetCorrectionText(test.Node), "");
  CHECK_STD_STRING(test.Logic->GetNoduleClicks(test.Node, id), "");
  CHECK_NULL(test.Before());

  CHECK_BOOL(test.Correct(id, AT_ITS_SIDE_RAS, false), true);
  const double less = test.Volume(id);
  const std::string once = test.State();
  CHECK_BOOL(less < before, true);
  CHECK_INT(test.Logic->GetClickedNodule(), id);
  CHECK_INT(test.Logic->GetCorrectedNodule(test.Node), id);
  CHECK_INT(test.Node->GetNoduleTableNode()->GetNumberOfRows(), 2);
  // The ball's middle voxel counts as clicked on, too: nobody had clicked before.
  const std::vector<RunClick> clicks = ClicksOfText(test.Logic->GetNoduleClicks(test.Node, id));
  CHECK_INT(static_cast<int>(clicks.size()), 2);
  CHECK_BOOL(clicks[0] == (RunClick{ { 20, 22, 10 }, true }), true);
  CHECK_BOOL(clicks[1] == (RunClick{ { 25, 22, 10 }, false }), true);
  const std::string text = test.Logic->GetCorrectionText(test.Node);
  const std::string expected = test.Logic->GetNoduleTitle(test.Node, id) + ": " + std::to_string(std::lround(before)) +
                               " mm³ before, " + std::to_string(std::lround(less)) + " mm³ now (";
  CHECK_STD_STRING(text.substr(0, expected.size()), expected);
  std::cout << text << std::endl;

  // And something beside it is added.
  CHECK_BOOL(test.Correct(id, BESIDE_IT_RAS, true), true);
  const std::string twice = test.State();
  CHECK_INT(static_cast<int>(ClicksOfText(test.Logic->GetNoduleClicks(test.Node, id)).size()), 3);
  CHECK_INT(test.NumberAt(BESIDE_IT_RAS), id);

  // Ctrl-Z, one click at a time; and again.
  CHECK_STD_STRING(test.Logic->GetUndoText(test.Node), "Correct " + test.Logic->GetNoduleTitle(test.Node, id) + " at a click");
  CHECK_BOOL(test.Logic->Undo(test.Node), true);
  CHECK_STD_STRING(test.State(), once);
  CHECK_INT(test.Logic->GetCorrectedNodule(test.Node), id);
  CHECK_BOOL(test.Logic->Undo(test.Node), true);
  CHECK_STD_STRING(test.State(), found);
  CHECK_INT(test.Logic->GetCorrectedNodule(test.Node), 0);
  CHECK_NULL(test.Before());
  CHECK_BOOL(test.Logic->Redo(test.Node), true);
  CHECK_NOT_NULL(test.Before());
  CHECK_STD_STRING(test.State(), once);
  CHECK_BOOL(test.Logic->Redo(test.Node), true);
  CHECK_STD_STRING(test.State(), twice);
  CHECK_BOOL(test.Logic->Redo(test.Node), false);
  CHECK_STD_STRING(test.Logic->GetRedoText(test.Node), "");

  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), true);
  CHECK_STD_STRING(test.State(), found);
  CHECK_NULL(test.Before());
  CHECK_INT(test.Logic->GetCorrectedNodule(test.Node), 0);
  CHECK_STD_STRING(test.Logic->GetUndoText(test.Node), "");
  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), false);
  return EXIT_SUCCESS;
}

int OutlineOfBeforeIsSeenUntilItIsKept(const std::string& bundles)
{
  AfterRun test(bundles);
  const int id = test.First;
  CHECK_BOOL(test.Correct(id, AT_ITS_SIDE_RAS, false), true);
  vtkMRMLSegmentationNode* const before = test.Before();
  CHECK_NOT_NULL(before);
  CHECK_BOOL(before->GetSaveWithScene(), false);
  // Nothing that is saved refers to it: in the opened scene its ID would be another node's.
  std::vector<vtkMRMLNode*> referring;
  test.Scene->GetReferencingNodes(before, referring);
  CHECK_BOOL(std::find(referring.begin(), referring.end(), test.Node) == referring.end(), true);
  CHECK_INT(before->GetSegmentation()->GetNumberOfSegments(), 1);
  auto* const display = vtkMRMLSegmentationDisplayNode::SafeDownCast(before->GetDisplayNode());
  CHECK_NOT_NULL(display);
  CHECK_INT(display->GetSliceIntersectionThickness(), 1);
  CHECK_BOOL(display->GetVisibility2DOutline(), true);
  CHECK_BOOL(display->GetVisibility2DFill(), false);
  CHECK_BOOL(display->GetVisibility3D(), false);
  CHECK_BOOL(display->GetSaveWithScene(), false);
  // A voxel that was taken away is in it, and not in the nodule's segment.
  const auto has = [](vtkMRMLSegmentationNode* node, const std::string& segment)
  {
    vtkNew<vtkOrientedImageData> labelmap;
    node->GetBinaryLabelmapRepresentation(segment, labelmap);
    const int* const extent = labelmap->GetExtent();
    return extent[0] <= 25 && 25 <= extent[1] && extent[2] <= 22 && 22 <= extent[3] && extent[4] <= 10 &&
           10 <= extent[5] && labelmap->GetScalarComponentAsDouble(25, 22, 10, 0) > 0;
  };
  CHECK_BOOL(has(before, before->GetSegmentation()->GetNthSegmentID(0)), true);
  CHECK_BOOL(has(test.Node->GetSegmentationNode(), "Nodule_" + std::to_string(id)), false);
  // Another click leaves it as it is: it is the outline of before the first one.
  CHECK_BOOL(test.Correct(id, BESIDE_IT_RAS, false), true);
  CHECK_POINTER(test.Before(), before);

  const std::string corrected = test.State();
  CHECK_BOOL(test.Logic->KeepCorrection(test.Node), true);
  CHECK_STD_STRING(test.State(), corrected);
  CHECK_NULL(test.Before());
  CHECK_INT(test.Logic->GetCorrectedNodule(test.Node), 0);
  CHECK_BOOL(test.Logic->KeepCorrection(test.Node), false);
  // What is kept can be undone all the same.
  CHECK_BOOL(test.Logic->Undo(test.Node), true);
  CHECK_BOOL(test.State() == corrected, false);
  CHECK_NULL(test.Before());
  return EXIT_SUCCESS;
}

int OneCorrectionIsOpenAtATime(const std::string& bundles)
{
  AfterRun test(bundles);
  const int other = 3 - test.First;
  CHECK_BOOL(test.Correct(test.First, AT_ITS_SIDE_RAS, false), true);
  const std::string title = test.Logic->GetNoduleTitle(test.Node, test.First);
  const std::string problem = "The correction of " + title + " is neither kept nor discarded. Keep or discard it first.";
  CHECK_STD_STRING(test.Logic->GetCorrectionProblem(test.Node, test.First), "");
  CHECK_STD_STRING(test.Logic->GetCorrectionProblem(test.Node, other), problem);
  CHECK_BOOL(test.Correct(other, TwoBalls()[1].center_ras, true), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_STD_STRING(test.Logic->GetStatusText(), problem);
  CHECK_BOOL(test.Logic->OutlineAtClick(test.Node, NOWHERE_RAS[0], NOWHERE_RAS[1], NOWHERE_RAS[2]), false);
  CHECK_STD_STRING(test.Logic->GetStatusText(), problem);
  CHECK_BOOL(test.Logic->MeasureAgain(test.Node), false);
  CHECK_BOOL(test.Logic->Segment(test.Node), false);
  CHECK_STD_STRING(test.Logic->GetStatusText(), problem);
  // Reviewing goes on, and stays when the correction goes.
  CHECK_BOOL(test.Logic->SetNoduleDecision(test.Node, other, Logic::DecisionAccepted), true);
  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), true);
  CHECK_INT(test.Logic->GetNoduleDecision(test.Node, other), Logic::DecisionAccepted);
  CHECK_STD_STRING(test.Logic->GetNoduleClicks(test.Node, test.First), "");
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  return EXIT_SUCCESS;
}

/// A new outline is undecided; with the outline of before its decision comes back, unless the reader decided anew.
int WhatAReaderDecidesAndWritesMeanwhileStaysWhenItIsDiscarded(const std::string& bundles)
{
  AfterRun test(bundles);
  const int id = test.First;
  test.Logic->SetReaderName("Dr. A");
  test.Logic->SetNoduleDecision(test.Node, id, Logic::DecisionAccepted);
  const std::string found = test.State();
  CHECK_BOOL(test.Correct(id, AT_ITS_SIDE_RAS, false), true);
  CHECK_INT(test.Logic->GetNoduleDecision(test.Node, id), Logic::DecisionUndecided);
  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), true);
  CHECK_STD_STRING(test.State(), found);

  CHECK_BOOL(test.Correct(id, AT_ITS_SIDE_RAS, false), true);
  test.Logic->SetReaderName("Dr. B");
  test.Logic->SetNoduleComment(test.Node, id, "with a vessel");
  CHECK_BOOL(test.Correct(id, BESIDE_IT_RAS, true), true);
  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), true);
  CHECK_INT(test.Logic->GetNoduleDecision(test.Node, id), Logic::DecisionAccepted);

  CHECK_BOOL(test.Correct(id, AT_ITS_SIDE_RAS, false), true);
  test.Logic->SetNoduleComment(test.Node, id, "a vessel");
  test.Logic->SetNoduleDecision(test.Node, id, Logic::DecisionRejected);
  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), true);
  CHECK_STD_STRING(test.Logic->GetNoduleClicks(test.Node, id), "");
  CHECK_STD_STRING(test.Logic->GetNoduleComment(test.Node, id), "a vessel");
  CHECK_INT(test.Logic->GetNoduleDecision(test.Node, id), Logic::DecisionRejected);
  CHECK_STD_STRING(test.Logic->GetNoduleReader(test.Node, id), "Dr. B");
  auto* const display =
    vtkMRMLSegmentationDisplayNode::SafeDownCast(test.Node->GetSegmentationNode()->GetDisplayNode());
  CHECK_BOOL(display->GetSegmentVisibility("Nodule_" + std::to_string(id)), false);
  // Each can be undone by itself, and leaves what was decided before.
  CHECK_BOOL(test.Logic->Undo(test.Node), true);
  CHECK_INT(test.Logic->GetNoduleDecision(test.Node, id), Logic::DecisionUndecided);
  CHECK_STD_STRING(test.Logic->GetNoduleComment(test.Node, id), "a vessel");
  return EXIT_SUCCESS;
}

int WhatCantBeCorrectedSaysWhy(const std::string& bundles)
{
  AfterRun test(bundles);
  const std::string found = test.State();
  CHECK_STD_STRING(test.Logic->GetCorrectionProblem(test.Node, 9),
                   "No nodule is chosen. Choose its row in the table first.");
  // Far away: another nodule.
  CHECK_BOOL(test.Correct(test.First, NOWHERE_RAS, true), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  CHECK_BOOL(test.Logic->GetStatusText().find("something else than this nodule") != std::string::npos, true);
  CHECK_STD_STRING(test.State(), found);
  CHECK_INT(test.Logic->GetCorrectedNodule(test.Node), 0);
  // A part that a click outside cuts off.
  CHECK_BOOL(test.Correct(test.First, AT_ITS_SIDE_RAS, false), true);
  const std::string once = test.State();
  CHECK_BOOL(test.Correct(test.First, BEHIND_IT_RAS, true), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  CHECK_STD_STRING(test.State(), once);
  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), true);
  // On the only click inside.
  CHECK_BOOL(test.Correct(test.First, TwoBalls()[0].center_ras, false), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "The click outside lies on the only click inside; expected another place. Click inside the nodule first.");
  // A segment that was edited by hand, and not measured.
  auto* const image = vtkOrientedImageData::SafeDownCast(
    test.Node->GetSegmentationNode()
      ->GetSegmentation()
      ->GetSegment("Nodule_" + std::to_string(test.First))
      ->GetRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()));
  const double label = image->GetScalarComponentAsDouble(20, 22, 10, 0);
  image->SetScalarComponentFromDouble(20, 22, 10, 0, 0.0);
  CHECK_BOOL(test.Correct(test.First, AT_ITS_SIDE_RAS, false), false);
  CHECK_BOOL(test.Logic->GetStatusText().find("was edited by hand") != std::string::npos, true);
  image->SetScalarComponentFromDouble(20, 22, 10, 0, label);
  // A model that takes no clicks.
  test.Node->SetModelFolder(bundles + "/tiny-identity");
  CHECK_BOOL(test.Correct(test.First, AT_ITS_SIDE_RAS, false), false);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "The model 'tiny-identity' takes no clicks to correct an outline with. Choose another model under "
                   "Advanced, or edit the segment in the Segment Editor.");
  CHECK_STD_STRING(test.State(), found);
  return EXIT_SUCCESS;
}

/// The clicks stand in the table, which is saved with the scene: SceneTest opens it again. Here a logic that knows
/// nothing else goes on from it.
int CorrectingGoesOnFromTheTable(const std::string& bundles)
{
  AfterRun test(bundles);
  CHECK_BOOL(test.Correct(test.First, AT_ITS_SIDE_RAS, false), true);
  CHECK_BOOL(test.Correct(test.First, BESIDE_IT_RAS, true), true);
  const std::string expected = test.State();
  CHECK_BOOL(test.Logic->DiscardCorrection(test.Node), true);
  CHECK_BOOL(test.Correct(test.First, AT_ITS_SIDE_RAS, false), true);
  CHECK_BOOL(test.Logic->KeepCorrection(test.Node), true);
  vtkNew<vtkSlicerSAM2LungLogic> later;
  later->SetMRMLScene(test.Scene);
  CHECK_BOOL(later->CorrectAtClick(test.Node, test.First, BESIDE_IT_RAS[0], BESIDE_IT_RAS[1], BESIDE_IT_RAS[2], true), true);
  CHECK_STD_STRING(test.State(), expected);
  return EXIT_SUCCESS;
}

int ClicksAreTextAndBack()
{
  const std::vector<RunClick> clicks{ { { 12, 0, 345 }, true }, { { 7, 8, 9 }, false } };
  CHECK_STD_STRING(ClicksText(clicks), "in 12 0 345; out 7 8 9");
  CHECK_BOOL(ClicksOfText(ClicksText(clicks)) == clicks, true);
  CHECK_INT(static_cast<int>(ClicksOfText("").size()), 0);
  CHECK_INT(static_cast<int>(ClicksOfText("in 1 2; by 1 2 3; out x 2 3; in 4 5 6").size()), 1);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungCorrectionTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(ClicksAreTextAndBack());
  CHECK_EXIT_SUCCESS(ClickOutsideTakesAwayAndClickInsideAdds(bundles));
  CHECK_EXIT_SUCCESS(OutlineOfBeforeIsSeenUntilItIsKept(bundles));
  CHECK_EXIT_SUCCESS(OneCorrectionIsOpenAtATime(bundles));
  CHECK_EXIT_SUCCESS(WhatAReaderDecidesAndWritesMeanwhileStaysWhenItIsDiscarded(bundles));
  CHECK_EXIT_SUCCESS(WhatCantBeCorrectedSaysWhy(bundles));
  CHECK_EXIT_SUCCESS(CorrectingGoesOnFromTheTable(bundles));
  return EXIT_SUCCESS;
}
