// What a reader did stays when the CT is segmented again.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungPrepare.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungReview.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>

#include <vtkCallbackCommand.h>

#include <algorithm>
#include <cstdlib>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

/// A scene with the outputs of a run: ThreeBalls().
struct AfterRun : MadeScene
{
  AfterRun() { this->Run(ThreeBalls()); }

  void Run(const std::vector<MadeBall>& balls)
  {
    const MadeRun run = MakeRun(StraightGrid(), balls);
    WriteOutputs(this->Parameters, run.Input, run.Output);
  }
  void Click(const MadeBall& ball)
  {
    const MadeRun run = MakeClickRun(StraightGrid(), ball, this->Parameters);
    WriteClick(this->Parameters, run.Input, run.Output);
  }
  int LabelAt(int i, int j, int k) { return static_cast<int>(this->Labels()->GetScalarComponentAsDouble(i, j, k, 0)); }
  int Voxels(int label)
  {
    const auto* voxel = static_cast<const std::uint16_t*>(this->Labels()->GetScalarPointer());
    return static_cast<int>(std::count(voxel, voxel + this->Labels()->GetNumberOfPoints(), label));
  }
  vtkImageData* Labels() { return this->Parameters->GetLabelMapNode()->GetImageData(); }
  vtkSegmentation* Segmentation() { return this->Parameters->GetSegmentationNode()->GetSegmentation(); }
  bool IsShown(int id)
  {
    auto* const display =
      vtkMRMLSegmentationDisplayNode::SafeDownCast(this->Parameters->GetSegmentationNode()->GetDisplayNode());
    return display->GetSegmentVisibility("Nodule_" + std::to_string(id));
  }
  bool PointIsShown(int id)
  {
    vtkMRMLMarkupsFiducialNode* const points = this->Parameters->GetNodulePointsNode();
    const std::string key = "Nodule_" + std::to_string(id);
    return points->GetNthControlPointVisibility(points->GetControlPointIndexByID(key.c_str()));
  }
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

/// The balls of ThreeBalls() with other numbers, as a run with other options may give them.
std::vector<MadeBall> InAnotherOrder()
{
  std::vector<MadeBall> balls = ThreeBalls();
  balls[0].id = 3;
  balls[1].id = 1;
  balls[2].id = 2;
  return balls;
}

int RejectedNoduleStaysRejectedWhateverItsNumber()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 2, false);
  made.Run(InAnotherOrder());
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  for (const MadeBall& ball : ThreeBalls())
  {
    const int i = int(ball.center_ijk[0]), j = int(ball.center_ijk[1]), k = int(ball.center_ijk[2]);
    CHECK_INT(made.LabelAt(i, j, k), ball.id);
    CHECK_STD_STRING(NoduleText(made.Parameters, ball.id, "centroid_i"), std::to_string(i));
    CHECK_BOOL(NoduleAccepted(made.Parameters, ball.id), ball.id != 2);
    CHECK_BOOL(made.IsShown(ball.id), ball.id != 2);
    CHECK_BOOL(made.PointIsShown(ball.id), ball.id != 2);
  }
  CHECK_STD_STRING(ResultText(made.Parameters), "2 nodules, 1 rejected, in 38 s on CPU. Research use only.");
  return EXIT_SUCCESS;
}

int ReadingStaysWithItsNoduleWhateverItsNumber()
{
  AfterRun made;
  SetNoduleReading(made.Parameters, 1, { Decision::accepted, "calcified", "Dr. A" });
  SetNoduleReading(made.Parameters, 3, { Decision::undecided, "see the prior", "Dr. B" });
  made.Run(InAnotherOrder());
  const Reading first = NoduleReading(made.Parameters, 1), second = NoduleReading(made.Parameters, 2),
                third = NoduleReading(made.Parameters, 3);
  CHECK_BOOL(first.decision == Decision::accepted, true);
  CHECK_STD_STRING(first.comment, "calcified");
  CHECK_STD_STRING(first.reader, "Dr. A");
  CHECK_BOOL(second.decision == Decision::undecided, true);
  CHECK_STD_STRING(second.comment, "");
  CHECK_BOOL(third.decision == Decision::undecided, true);
  CHECK_STD_STRING(third.comment, "see the prior");
  CHECK_STD_STRING(third.reader, "Dr. B");
  // A finding that wasn't there before is undecided.
  std::vector<MadeBall> balls = ThreeBalls();
  balls.push_back({ 4, { 45.0, 40.0, 10.0 }, 3.0 });
  made.Run(balls);
  CHECK_STD_STRING(ReviewedText(made.Parameters->GetNoduleTableNode()), "Reviewed 1 of 4");
  return EXIT_SUCCESS;
}

int ClickedOutlineStaysAsItWas()
{
  AfterRun made;
  made.Click({ 4, { 30.0, 12.0, 10.0 }, 4.0 });
  SetNoduleReading(made.Parameters, 4, { Decision::accepted, "missed by the run", "Dr. A" });
  const std::string row = RowText(made.Parameters, 4);
  const int voxels = made.Voxels(4);
  CHECK_BOOL(voxels > 0, true);
  made.Run(ThreeBalls());
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 4);
  CHECK_STD_STRING(RowText(made.Parameters, 4), row);
  CHECK_INT(made.Voxels(4), voxels);
  CHECK_INT(made.Segmentation()->GetNumberOfSegments(), 4);
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_4")->GetName(), "Nodule 4 (8 mm)");
  CHECK_BOOL(made.IsShown(4), true);
  CHECK_DOUBLE(
    made.Parameters->GetUncertaintyVolumeNode()->GetImageData()->GetScalarComponentAsDouble(30, 12, 10, 0), 0.9F);
  // Rejected, it stays so, too.
  SetNoduleAccepted(made.Parameters, 4, false);
  made.Run(ThreeBalls());
  CHECK_BOOL(NoduleAccepted(made.Parameters, 4), false);
  CHECK_BOOL(made.IsShown(4), false);
  return EXIT_SUCCESS;
}

int ClickedVersionOfAFindingTakesItsPlace()
{
  AfterRun made;
  made.Click({ 2, { 46.0, 15.0, 25.0 }, 3.0 });
  const int voxels = made.Voxels(2);
  made.Run(ThreeBalls());
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_INT(made.Voxels(2), voxels);
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "clicked"), "1");
  return EXIT_SUCCESS;
}

int NewFindingGetsAFreeNumber()
{
  AfterRun made;
  made.Click({ 4, { 30.0, 12.0, 10.0 }, 4.0 }); // number 4
  std::vector<MadeBall> balls = ThreeBalls();
  balls.push_back({ 4, { 45.0, 40.0, 10.0 }, 3.0 });
  made.Run(balls);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 5);
  CHECK_INT(made.LabelAt(30, 12, 10), 4);
  CHECK_INT(made.LabelAt(45, 40, 10), 5);
  CHECK_STD_STRING(NoduleText(made.Parameters, 5, "clicked"), "0");
  return EXIT_SUCCESS;
}

int NameThatTheUserGaveStays()
{
  AfterRun made;
  made.Segmentation()->GetSegment("Nodule_3")->SetName("Granuloma");
  made.Run(InAnotherOrder());
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_3")->GetName(), "Granuloma");
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_1")->GetName(), "Nodule 1 (6 mm)");
  return EXIT_SUCCESS;
}

int TickedNoduleIsNeverHidden()
{
  AfterRun made;
  auto* const display =
    vtkMRMLSegmentationDisplayNode::SafeDownCast(made.Parameters->GetSegmentationNode()->GetDisplayNode());
  display->SetSegmentVisibility("Nodule_1", false);
  made.Run(ThreeBalls());
  for (const int id : { 1, 2, 3 })
  {
    CHECK_BOOL(NoduleAccepted(made.Parameters, id), true);
    CHECK_BOOL(made.IsShown(id), true);
  }
  return EXIT_SUCCESS;
}

/// Slicer's lists need to know which segment came and went.
int EachSegmentIsToldByItsID()
{
  AfterRun made;
  struct Told
  {
    int added = 0, removed = 0, without_id = 0;
  } told;
  vtkNew<vtkCallbackCommand> observer;
  observer->SetClientData(&told);
  observer->SetCallback(
    [](vtkObject*, unsigned long event, void* data, void* id)
    {
      auto* const so_far = static_cast<Told*>(data);
      so_far->added += event == vtkSegmentation::SegmentAdded;
      so_far->removed += event == vtkSegmentation::SegmentRemoved;
      so_far->without_id += id == nullptr;
    });
  made.Parameters->GetSegmentationNode()->AddObserver(vtkSegmentation::SegmentAdded, observer);
  made.Parameters->GetSegmentationNode()->AddObserver(vtkSegmentation::SegmentRemoved, observer);
  made.Run(ThreeBalls());
  CHECK_INT(told.added, 3);
  CHECK_INT(told.removed, 3);
  CHECK_INT(told.without_id, 0);
  return EXIT_SUCCESS;
}

/// A run of a model that gives regions: two classes, and a region of both, which is in no label map.
MadeRun MakeRegionsRun()
{
  std::vector<MadeBall> balls = ThreeBalls();
  balls.pop_back();
  MadeRun run = MakeRun(StraightGrid(), balls);
  run.Output.classes = { true,
                         { { "core", { { 213, 94, 0 } }, {}, { 1 } },
                           { "rim", { { 0, 114, 178 } }, { "SCT", "1234", "Rim" }, { 2 } },
                           { "whole", { { 240, 228, 66 } }, {}, { 1, 2 } } } };
  run.Output.nodules[0].class_name = "core";
  run.Output.nodules[1].class_name = "rim";
  run.Output.nodules.push_back(MadeNodule({ 3, { 30.0, 14.0, 18.0 }, 5.0 }, StraightGrid(), 600.0));
  run.Output.nodules[2].class_name = "whole";
  return run;
}

int RegionsHaveNamesAndColoursOfTheirClasses()
{
  AfterRun made;
  SetNoduleAccepted(made.Parameters, 1, false);
  const MadeRun run = MakeRegionsRun();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_INT(made.Segmentation()->GetNumberOfSegments(), 3);
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_1")->GetName(), "core");
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_2")->GetName(), "rim");
  const double* const color = made.Segmentation()->GetSegment("Nodule_2")->GetColor();
  CHECK_DOUBLE(color[0], 0.0);
  CHECK_DOUBLE(color[1], 114 / 255.0);
  CHECK_DOUBLE(color[2], 178 / 255.0);
  // Slicer gives what has no code one of its own.
  const auto has = [&](const char* segment, const char* code)
  { return made.Segmentation()->GetSegment(segment)->GetTerminology().find(code) != std::string::npos; };
  CHECK_BOOL(has("Nodule_1", "~SCT^27925004^Nodule~"), false);
  CHECK_BOOL(has("Nodule_2", "~SCT^1234^Rim~"), true);
  // The region holds the voxels of both classes, in a labelmap of its own.
  vtkSegment* const whole = made.Segmentation()->GetSegment("Nodule_3");
  CHECK_STRING(whole->GetName(), "whole");
  CHECK_DOUBLE(whole->GetColor()[0], 240 / 255.0);
  auto* const image = vtkOrientedImageData::SafeDownCast(
    whole->GetRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()));
  const auto* const first = static_cast<const std::uint16_t*>(image->GetScalarPointer());
  CHECK_INT(static_cast<int>(std::count(first, first + image->GetNumberOfPoints(), 3)), made.Voxels(1) + made.Voxels(2));
  CHECK_BOOL(made.Voxels(3) == 0, true);
  CHECK_STD_STRING(ReviewLoss(made.Parameters), "");
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_STD_STRING(NoduleText(made.Parameters, 3, "class"), "whole");
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 3);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 1), true); // the nodule that was rejected was no region
  CHECK_STD_STRING(ResultText(made.Parameters), "3 regions (1 to review) in 38 s on CPU. Research use only.");
  // Once more: a class is known by its number.
  SetNoduleAccepted(made.Parameters, 2, false);
  made.Segmentation()->GetSegment("Nodule_1")->SetName("Solid part");
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 1), true);
  CHECK_BOOL(NoduleAccepted(made.Parameters, 2), false);
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_1")->GetName(), "Solid part");
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_2")->GetName(), "rim");
  // And nodules again.
  made.Run(ThreeBalls());
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_1")->GetName(), "Nodule 1 (6 mm)");
  CHECK_BOOL(NoduleAccepted(made.Parameters, 2), true);
  return EXIT_SUCCESS;
}

bool Has(const std::string& text, const std::string& part)
{
  return text.find(part) != std::string::npos;
}

int WhatCantBeKeptIsTold()
{
  AfterRun made;
  const auto set_ct = [&] { made.CT->SetAndObserveImageData(MadeImage({ 60, 50, 40 }, VTK_SHORT)); };
  set_ct();
  CHECK_STD_STRING(ReviewLoss(made.Parameters), "");
  SetNoduleAccepted(made.Parameters, 2, false);
  CHECK_STD_STRING(ReviewLoss(made.Parameters), ""); // it is matched
  // Another grid: where it was isn't known.
  made.CT->SetAndObserveImageData(MadeImage({ 60, 50, 41 }, VTK_SHORT));
  CHECK_BOOL(Has(ReviewLoss(made.Parameters), "You reviewed or outlined nodules (2)"), true);
  set_ct();
  // An edit by hand, as the Segment Editor makes it.
  auto* const image = vtkOrientedImageData::SafeDownCast(made.Segmentation()->GetSegment("Nodule_3")->GetRepresentation(
    vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()));
  image->SetScalarComponentFromDouble(20, 38, 30, 0, 0.0);
  CHECK_BOOL(Has(ReviewLoss(made.Parameters), "edited or removed by hand: 3."), true);
  made.Segmentation()->RemoveSegment("Nodule_1");
  CHECK_BOOL(Has(ReviewLoss(made.Parameters), "edited or removed by hand: 1, 3."), true);
  made.Scene->RemoveNode(made.Parameters->GetLabelMapNode());
  CHECK_BOOL(Has(ReviewLoss(made.Parameters), "You reviewed or outlined nodules (2)"), true);
  SetNoduleAccepted(made.Parameters, 2, true);
  CHECK_BOOL(Has(ReviewLoss(made.Parameters), "You reviewed or outlined nodules (2)"), true);
  SetNoduleReading(made.Parameters, 2, { Decision::undecided, "calcified", "" });
  CHECK_BOOL(Has(ReviewLoss(made.Parameters), "You reviewed or outlined nodules (2)"), true);
  SetNoduleReading(made.Parameters, 2, {});
  CHECK_STD_STRING(ReviewLoss(made.Parameters), "");
  return EXIT_SUCCESS;
}

int UncertaintyIsShownNearNodulesOnly()
{
  MadeScene made;
  MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  // As in the aorta: everywhere.
  run.Output.uncertainty->GetPointData()->GetScalars()->Fill(0.7);
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkImageData* const map = made.Parameters->GetUncertaintyVolumeNode()->GetImageData();
  const Matrix grid = StraightGrid();
  for (int k = 0; k < 40; ++k)
  {
    for (int j = 0; j < 50; ++j)
    {
      for (int i = 0; i < 60; ++i)
      {
        double outside_mm = 1e9;
        for (const MadeBall& ball : ThreeBalls())
        {
          const double distance_mm = DistanceMm(grid, { double(i), double(j), double(k) }, ball.center_ijk);
          outside_mm = std::min(outside_mm, distance_mm - ball.radius_mm);
        }
        const double value = map->GetScalarComponentAsDouble(i, j, k, 0);
        // Between centres of voxels: the outermost one lies up to a voxel's diagonal, 1.9 mm, within the ball.
        if (outside_mm < 10.0 - 1.9)
        {
          CHECK_DOUBLE(value, 0.7F);
        }
        else if (outside_mm > 10.0)
        {
          CHECK_DOUBLE(value, 0.0);
        }
      }
    }
  }
  run.Output.uncertainty->GetPointData()->GetScalars()->Fill(0.7);
  run.Input.whole_uncertainty = true;
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_DOUBLE(made.Parameters->GetUncertaintyVolumeNode()->GetImageData()->GetScalarComponentAsDouble(0, 49, 0, 0), 0.7F);
  return EXIT_SUCCESS;
}

int WarningsAreKeptInTheScene()
{
  MadeScene made;
  MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  run.Output.facts.warnings = { { "W_THICK_SLICES", "The slices lie 7.5 mm apart; nodules may be missed." },
                                { "W_OTHER", "Only the left lung was searched." } };
  WriteOutputs(made.Parameters, run.Input, run.Output);
  const std::string expected =
    "The slices lie 7.5 mm apart; nodules may be missed.\nOnly the left lung was searched.";
  CHECK_STD_STRING(made.Logic->GetWarningText(made.Parameters), expected);
  // As a saved scene brings it back.
  vtkNew<vtkMRMLTableNode> again;
  again->CopyContent(made.Parameters->GetNoduleTableNode());
  CHECK_STRING(again->GetAttribute("SAM2Lung.Warnings"),
               made.Parameters->GetNoduleTableNode()->GetAttribute("SAM2Lung.Warnings"));
  run.Output.facts.warnings.clear();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STD_STRING(made.Logic->GetWarningText(made.Parameters), "");
  return EXIT_SUCCESS;
}

/// The window goes on between two steps: no step does the work of all.
int EachStepWritesOneOutput()
{
  AfterRun made;
  const MadeRun run = MakeRun(StraightGrid(), InAnotherOrder());
  RunInput input = run.Input;
  input.previous = TakePrevious(made.Parameters, input);
  RunOutput output = run.Output;
  Prepare(input, output);
  Delivery delivery(made.Parameters, input, output);
  CHECK_BOOL(delivery.HasBegun(), false);
  int segments = made.Segmentation()->GetNumberOfSegments();
  bool more = true;
  while (more)
  {
    more = delivery.Step();
    const int now = made.Segmentation()->GetNumberOfSegments();
    CHECK_BOOL(std::abs(now - segments) <= 1, true);
    segments = now;
  }
  CHECK_BOOL(delivery.HasBegun(), true);
  CHECK_INT(segments, 3);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungSecondRunTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(RejectedNoduleStaysRejectedWhateverItsNumber());
  CHECK_EXIT_SUCCESS(ReadingStaysWithItsNoduleWhateverItsNumber());
  CHECK_EXIT_SUCCESS(ClickedOutlineStaysAsItWas());
  CHECK_EXIT_SUCCESS(ClickedVersionOfAFindingTakesItsPlace());
  CHECK_EXIT_SUCCESS(NewFindingGetsAFreeNumber());
  CHECK_EXIT_SUCCESS(NameThatTheUserGaveStays());
  CHECK_EXIT_SUCCESS(TickedNoduleIsNeverHidden());
  CHECK_EXIT_SUCCESS(EachSegmentIsToldByItsID());
  CHECK_EXIT_SUCCESS(RegionsHaveNamesAndColoursOfTheirClasses());
  CHECK_EXIT_SUCCESS(WhatCantBeKeptIsTold());
  CHECK_EXIT_SUCCESS(UncertaintyIsShownNearNodulesOnly());
  CHECK_EXIT_SUCCESS(WarningsAreKeptInTheScene());
  CHECK_EXIT_SUCCESS(EachStepWritesOneOutput());
  return EXIT_SUCCESS;
}
