// Taking back what a reader did: decisions, comments, and what a click replaced.

#include "SAM2LungMadeRun.h"

#include "SAM2LungNodulesBefore.h"
#include "SAM2LungOutputs.h"
#include "SAM2LungPrevious.h"
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
#include <vtkSegmentationConverter.h>

#include <vtkCallbackCommand.h>
#include <vtkTable.h>

#include <algorithm>
#include <memory>
#include <sstream>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

using Logic = vtkSlicerSAM2LungLogic;

/// A scene with the outputs of a run: ThreeBalls().
struct AfterRun : MadeScene
{
  AfterRun()
  {
    MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
    run.Input.whole_uncertainty = true;
    WriteOutputs(this->Parameters, run.Input, run.Output);
  }
};

std::string VoxelsText(vtkMRMLVolumeNode* node)
{
  std::ostringstream text;
  vtkImageData* const image = node->GetImageData();
  double sum = 0.0, places = 0.0;
  vtkDataArray* const voxels = image->GetPointData()->GetScalars();
  for (vtkIdType n = 0; n < voxels->GetNumberOfTuples(); ++n)
  {
    sum += voxels->GetTuple1(n);
    places += voxels->GetTuple1(n) * static_cast<double>(n % 9973);
  }
  text.precision(17);
  text << sum << " " << places << "\n";
  return text.str();
}

std::string SegmentsText(vtkMRMLSegmentationNode* node)
{
  std::ostringstream text;
  auto* const display = vtkMRMLSegmentationDisplayNode::SafeDownCast(node->GetDisplayNode());
  std::vector<std::string> ids = node->GetSegmentation()->GetSegmentIDs();
  std::sort(ids.begin(), ids.end());
  for (const std::string& id : ids)
  {
    vtkSegment* const segment = node->GetSegmentation()->GetSegment(id);
    vtkNew<vtkOrientedImageData> labelmap;
    node->GetBinaryLabelmapRepresentation(id, labelmap);
    int voxels = 0;
    double places = 0.0;
    const auto& extent = labelmap->GetExtent();
    for (int k = extent[4]; k <= extent[5]; ++k)
    {
      for (int j = extent[2]; j <= extent[3]; ++j)
      {
        for (int i = extent[0]; i <= extent[1]; ++i)
        {
          const bool own = labelmap->GetScalarComponentAsDouble(i, j, k, 0) > 0;
          voxels += own;
          places += own ? i + 100.0 * j + 10000.0 * k : 0.0;
        }
      }
    }
    const auto* const surface = segment->GetRepresentation(
      vtkSegmentationConverter::GetSegmentationClosedSurfaceRepresentationName());
    text << id << " " << segment->GetName() << " " << voxels << " " << places << " " << segment->GetColor()[0] << " "
         << (surface != nullptr) << display->GetSegmentVisibility(id) << "\n";
  }
  return text.str();
}

std::string PointsText(vtkMRMLMarkupsFiducialNode* node)
{
  std::ostringstream text;
  for (int n = 0; n < node->GetNumberOfControlPoints(); ++n)
  {
    double place[3];
    node->GetNthControlPointPosition(n, place);
    text << node->GetNthControlPointID(n) << " " << node->GetNthControlPointLabel(n) << " "
         << node->GetNthControlPointDescription(n) << " " << place[0] << " " << place[1] << " " << place[2] << " "
         << node->GetNthControlPointVisibility(n) << node->GetNthControlPointSelected(n)
         << node->GetNthControlPointLocked(n) << "\n";
  }
  return text.str();
}

std::string TableText(vtkMRMLTableNode* node)
{
  std::string text;
  for (int row = 0; row < node->GetNumberOfRows(); ++row)
  {
    for (int column = 0; column < node->GetNumberOfColumns(); ++column)
    {
      text += node->GetTable()->GetValue(row, column).ToString() + "\t";
    }
    text += "\n";
  }
  return text;
}

/// All that the outputs hold, but for the colours of numbers that no nodule has.
std::string Everything(vtkMRMLSAM2LungParametersNode* parameters)
{
  std::string text = TableText(parameters->GetNoduleTableNode()) + SegmentsText(parameters->GetSegmentationNode()) +
                     PointsText(parameters->GetNodulePointsNode()) + VoxelsText(parameters->GetLabelMapNode()) +
                     VoxelsText(parameters->GetUncertaintyVolumeNode()) + ResultText(parameters);
  vtkMRMLColorNode* const colors = parameters->GetLabelMapNode()->GetDisplayNode()->GetColorNode();
  for (int n = 0; n < std::min(4, colors->GetNumberOfColors()); ++n)
  {
    text += std::string("\n") + colors->GetColorName(n);
  }
  return text;
}

/// As the logic does it.
std::shared_ptr<NodulesBefore> Click(MadeScene& made, const MadeBall& ball, const std::set<int>& replaced = {})
{
  const MadeRun run = MakeClickRun(StraightGrid(), ball, made.Parameters, replaced);
  const auto before = std::make_shared<NodulesBefore>(made.Parameters, run.Output);
  WriteClick(made.Parameters, run.Input, run.Output);
  before->Shrink();
  return before;
}

int DecisionsAndCommentsAreTakenBackOneByOne()
{
  AfterRun made;
  Logic* const logic = made.Logic;
  vtkMRMLSAM2LungParametersNode* const node = made.Parameters;
  CHECK_STD_STRING(logic->GetUndoText(node), "");
  CHECK_BOOL(logic->Undo(node), false);
  CHECK_STD_STRING(logic->GetUndoText(nullptr), "");
  CHECK_BOOL(logic->Undo(nullptr), false);

  std::vector<std::string> states, texts;
  const auto remember = [&](const std::string& what)
  {
    states.push_back(Everything(node));
    texts.push_back(what);
  };
  logic->SetReaderName("Dr. A");
  remember("Accept Nodule 1");
  logic->SetNoduleDecision(node, 1, Logic::DecisionAccepted);
  remember("Comment on Nodule 1");
  logic->SetNoduleComment(node, 1, "calcified");
  remember("Reject Nodule 2");
  logic->SetNoduleDecision(node, 2, Logic::DecisionRejected);
  logic->SetReaderName("Dr. B");
  remember("Make Nodule 1 undecided");
  logic->SetNoduleDecision(node, 1, Logic::DecisionUndecided);
  // What changes nothing is nothing to take back.
  logic->SetNoduleDecision(node, 1, Logic::DecisionUndecided);
  logic->SetNoduleComment(node, 1, " calcified");
  states.push_back(Everything(node));
  CHECK_STD_STRING(logic->GetRedoText(node), "");
  CHECK_BOOL(logic->Redo(node), false);
  for (std::size_t n = texts.size(); n-- > 0;)
  {
    CHECK_STD_STRING(logic->GetUndoText(node), texts[n]);
    CHECK_BOOL(logic->Undo(node), true);
    CHECK_STD_STRING(Everything(node), states[n]);
    CHECK_STD_STRING(logic->GetRedoText(node), texts[n]);
  }
  CHECK_BOOL(logic->Undo(node), false);
  // And all of it again, in its order.
  for (std::size_t n = 0; n < texts.size(); ++n)
  {
    CHECK_STD_STRING(logic->GetRedoText(node), texts[n]);
    CHECK_BOOL(logic->Redo(node), true);
    CHECK_STD_STRING(Everything(node), states[n + 1]);
  }
  CHECK_BOOL(logic->Redo(node), false);
  // What is done anew ends what could be done again.
  CHECK_BOOL(logic->Undo(node), true);
  logic->SetNoduleDecision(node, 3, Logic::DecisionAccepted);
  CHECK_STD_STRING(logic->GetRedoText(node), "");
  CHECK_BOOL(logic->Redo(node), false);
  CHECK_BOOL(logic->Redo(nullptr), false);
  return EXIT_SUCCESS;
}

int EachCTHasItsOwnSteps()
{
  AfterRun made;
  vtkMRMLScalarVolumeNode* const other_ct = made.AddCT("Other", StraightGrid());
  vtkMRMLSAM2LungParametersNode* const other = made.Logic->GetParametersNode(other_ct, true);
  const MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  WriteOutputs(other, run.Input, run.Output);
  made.Logic->SetNoduleAccepted(made.Parameters, 1, false);
  made.Logic->SetNoduleAccepted(other, 2, false);
  CHECK_BOOL(made.Logic->Undo(made.Parameters), true);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 1), true);
  CHECK_BOOL(NoduleAccepted(other, 2), false);
  CHECK_BOOL(made.Logic->Undo(made.Parameters), false);
  CHECK_BOOL(made.Logic->Undo(other), true);
  CHECK_BOOL(NoduleAccepted(other, 2), true);
  return EXIT_SUCCESS;
}

int NoduleThatIsGoneCantBeUndone()
{
  AfterRun made;
  int told = 0;
  vtkNew<vtkCallbackCommand> observer;
  observer->SetClientData(&told);
  observer->SetCallback([](vtkObject*, unsigned long, void* data, void*) { ++*static_cast<int*>(data); });
  made.Logic->SetNoduleAccepted(made.Parameters, 1, false);
  made.Logic->SetNoduleAccepted(made.Parameters, 3, false);
  made.Logic->AddObserver(Logic::NodulesModifiedEvent, observer);
  made.Parameters->GetNoduleTableNode()->RemoveRow(2);
  CHECK_BOOL(made.Logic->Undo(made.Parameters), false);
  CHECK_INT(told, 0);
  CHECK_INT(made.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_BOOL(made.Logic->GetStatusText().find("'Reject Nodule 3' can't be undone") == 0, true);
  // What was done before still can.
  CHECK_BOOL(made.Logic->Undo(made.Parameters), true);
  CHECK_INT(told, 1);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 1), true);
  // And so with what would be done again.
  made.Parameters->GetNoduleTableNode()->RemoveRow(0);
  CHECK_STD_STRING(made.Logic->GetRedoText(made.Parameters), "Reject Nodule 1");
  CHECK_BOOL(made.Logic->Redo(made.Parameters), false);
  CHECK_BOOL(made.Logic->GetStatusText().find("'Reject Nodule 1' can't be done again") == 0, true);
  CHECK_STD_STRING(made.Logic->GetRedoText(made.Parameters), "");
  return EXIT_SUCCESS;
}

int ClosedSceneForgetsTheSteps()
{
  AfterRun made;
  made.Logic->SetNoduleAccepted(made.Parameters, 1, false);
  CHECK_STD_STRING(made.Logic->GetUndoText(made.Parameters), "Reject Nodule 1");
  made.Scene->Clear(0);
  made.CT = made.AddCT("CT", StraightGrid());
  made.Parameters = made.Logic->GetParametersNode(made.CT, true);
  CHECK_STD_STRING(made.Logic->GetUndoText(made.Parameters), "");
  return EXIT_SUCCESS;
}

int ClickOnNothingKnownIsTakenBack()
{
  AfterRun made;
  SetNoduleReading(made.Parameters, 2, { Decision::rejected, "a vessel", "Dr. A" });
  const std::string before = Everything(made.Parameters);
  const auto click = Click(made, { 4, { 30.0, 12.0, 10.0 }, 4.0, true });
  CHECK_BOOL(Everything(made.Parameters) == before, false);
  CHECK_BOOL(click->PutBack(), true);
  CHECK_STD_STRING(Everything(made.Parameters), before);
  CHECK_STD_STRING(ReviewLoss(made.Parameters), ""); // segments and label map agree
  return EXIT_SUCCESS;
}

/// Rows, names, readings and outlines of the nodules whose place it took come back, each to its place.
int ClickThatReplacedNodulesIsTakenBack()
{
  AfterRun made;
  SetNoduleReading(made.Parameters, 1, { Decision::accepted, "calcified", "Dr. A" });
  SetNoduleReading(made.Parameters, 3, { Decision::rejected, "part of 1", "Dr. B" });
  vtkSegmentation* const segmentation = made.Parameters->GetSegmentationNode()->GetSegmentation();
  segmentation->GetSegment("Nodule_1")->SetName("Granuloma");
  const std::string before = Everything(made.Parameters);
  const auto click = Click(made, { 1, { 16.0, 25.0, 20.0 }, 20.0 }, { 3 });
  const std::string between = Everything(made.Parameters);
  const auto second = Click(made, { 2, { 46.0, 15.0, 25.0 }, 3.0 });
  const std::string after = Everything(made.Parameters);
  CHECK_BOOL(second->PutBack(), true);
  CHECK_STD_STRING(Everything(made.Parameters), between);
  CHECK_BOOL(click->PutBack(), true);
  CHECK_STD_STRING(Everything(made.Parameters), before);
  // Once more each: forwards.
  CHECK_BOOL(click->PutBack(), true);
  CHECK_STD_STRING(Everything(made.Parameters), between);
  CHECK_BOOL(second->PutBack(), true);
  CHECK_STD_STRING(Everything(made.Parameters), after);
  return EXIT_SUCCESS;
}

/// An edit by hand belongs to the segment, not to the label map.
int SegmentComesBackAsItWasEdited()
{
  AfterRun made;
  auto* const image = vtkOrientedImageData::SafeDownCast(
    made.Parameters->GetSegmentationNode()->GetSegmentation()->GetSegment("Nodule_2")->GetRepresentation(
      vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()));
  image->SetScalarComponentFromDouble(45, 15, 25, 0, 0.0);
  const std::string before = Everything(made.Parameters);
  const auto click = Click(made, { 2, { 46.0, 15.0, 25.0 }, 3.0 });
  CHECK_BOOL(click->PutBack(), true);
  CHECK_STD_STRING(Everything(made.Parameters), before);
  return EXIT_SUCCESS;
}

int FirstClickLeavesNoResult()
{
  MadeScene made;
  const auto click = Click(made, { 1, { 45.0, 15.0, 25.0 }, 5.0, true });
  CHECK_BOOL(ResultText(made.Parameters).empty(), false);
  const std::string outlined = Everything(made.Parameters);
  CHECK_BOOL(click->PutBack(), true);
  CHECK_STD_STRING(ResultText(made.Parameters), "");
  CHECK_INT(made.Parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 0);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 0);
  for (vtkMRMLVolumeNode* map : std::initializer_list<vtkMRMLVolumeNode*>{
         made.Parameters->GetLabelMapNode(), made.Parameters->GetUncertaintyVolumeNode() })
  {
    CHECK_DOUBLE(map->GetImageData()->GetScalarRange()[1], 0.0);
  }
  // And again: forwards, backwards, and by another click.
  CHECK_BOOL(click->PutBack(), true);
  CHECK_STD_STRING(Everything(made.Parameters), outlined);
  CHECK_BOOL(click->PutBack(), true);
  Click(made, { 1, { 45.0, 15.0, 25.0 }, 5.0, true });
  CHECK_STD_STRING(ResultText(made.Parameters), "1 nodule (1 to review) in 3 s on CPU. Research use only.");
  return EXIT_SUCCESS;
}

int ExchangedOutputsStayAsTheyAre()
{
  AfterRun made;
  const auto click = Click(made, { 4, { 30.0, 12.0, 10.0 }, 4.0 });
  made.Parameters->GetLabelMapNode()->SetAndObserveImageData(MadeImage({ 30, 25, 20 }, VTK_UNSIGNED_SHORT));
  const std::string before = Everything(made.Parameters);
  CHECK_BOOL(click->PutBack(), false);
  CHECK_STD_STRING(Everything(made.Parameters), before);
  made.Scene->RemoveNode(made.Parameters->GetNoduleTableNode());
  CHECK_BOOL(click->PutBack(), false);
  return EXIT_SUCCESS;
}

int WhatIsUndoneIsSaved()
{
  AfterRun made;
  int told = 0;
  vtkNew<vtkCallbackCommand> observer;
  observer->SetClientData(&told);
  observer->SetCallback([](vtkObject*, unsigned long, void* data, void*) { ++*static_cast<int*>(data); });
  const auto click = Click(made, { 4, { 30.0, 12.0, 10.0 }, 4.0 });
  vtkMRMLVolumeNode* const labels = made.Parameters->GetLabelMapNode();
  labels->AddObserver(vtkMRMLVolumeNode::ImageDataModifiedEvent, observer);
  CHECK_BOOL(click->PutBack(), true);
  CHECK_BOOL(told > 0, true);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungUndoTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(DecisionsAndCommentsAreTakenBackOneByOne());
  CHECK_EXIT_SUCCESS(EachCTHasItsOwnSteps());
  CHECK_EXIT_SUCCESS(NoduleThatIsGoneCantBeUndone());
  CHECK_EXIT_SUCCESS(ClosedSceneForgetsTheSteps());
  CHECK_EXIT_SUCCESS(ClickOnNothingKnownIsTakenBack());
  CHECK_EXIT_SUCCESS(ClickThatReplacedNodulesIsTakenBack());
  CHECK_EXIT_SUCCESS(SegmentComesBackAsItWasEdited());
  CHECK_EXIT_SUCCESS(FirstClickLeavesNoResult());
  CHECK_EXIT_SUCCESS(ExchangedOutputsStayAsTheyAre());
  CHECK_EXIT_SUCCESS(WhatIsUndoneIsSaved());
  return EXIT_SUCCESS;
}
