// Segments that were edited by hand: which they are, and what measuring them anew makes of the outputs.

#include "SAM2LungMadeRun.h"

#include "SAM2LungMeasure.h"
#include "SAM2LungNodulesBefore.h"
#include "SAM2LungOutputs.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungReview.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>

#include <vtkTable.h>

#include <algorithm>
#include <cstdlib>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

using Logic = vtkSlicerSAM2LungLogic;

/// Where nodule 2 lies in ThreeBalls(): (45, 15, 25), 5 mm.
struct AfterRun : MadeScene
{
  explicit AfterRun(const Matrix& ijk_to_ras = StraightGrid())
    : MadeScene(ijk_to_ras)
  {
    MadeRun run = MakeRun(ijk_to_ras, ThreeBalls());
    // Soft tissue in the balls, lung elsewhere.
    const auto* const label = static_cast<const std::uint16_t*>(run.Output.labels->GetScalarPointer());
    auto* const hu = static_cast<short*>(this->CT->GetImageData()->GetScalarPointer());
    std::transform(label, label + run.Output.labels->GetNumberOfPoints(), hu,
                   [](std::uint16_t number) { return number != 0 ? short(40) : short(-850); });
    run.Input.whole_uncertainty = true;
    WriteOutputs(this->Parameters, run.Input, run.Output);
  }

  vtkSegmentation* Segmentation() { return this->Parameters->GetSegmentationNode()->GetSegmentation(); }

  vtkOrientedImageData* Image(int id)
  {
    return vtkOrientedImageData::SafeDownCast(
      this->Segmentation()
        ->GetSegment("Nodule_" + std::to_string(id))
        ->GetRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()));
  }

  /// Gives a box of voxels to the segment of a nodule, or takes it away.
  void Paint(int id, const std::array<int, 6>& box, bool inside)
  {
    const int value = this->Segmentation()->GetSegment("Nodule_" + std::to_string(id))->GetLabelValue();
    for (int k = box[4]; k <= box[5]; ++k)
    {
      for (int j = box[2]; j <= box[3]; ++j)
      {
        for (int i = box[0]; i <= box[1]; ++i)
        {
          const double now = this->Image(id)->GetScalarComponentAsDouble(i, j, k, 0);
          const double painted = inside ? value : now == value ? 0.0 : now;
          this->Image(id)->SetScalarComponentFromDouble(i, j, k, 0, painted);
        }
      }
    }
  }

  /// Cuts nodule 2 to a box of 5 x 3 x 2 voxels about its middle.
  void CutSecond()
  {
    this->Paint(2, { 38, 52, 8, 22, 21, 29 }, false);
    this->Paint(2, { 43, 47, 14, 16, 25, 26 }, true);
  }

  double Number(int id, const std::string& column) { return std::atof(this->Text(id, column).c_str()); }
  std::string Text(int id, const std::string& column) { return NoduleText(this->Parameters, id, column); }

  std::string Everything()
  {
    std::string text;
    vtkTable* const table = this->Parameters->GetNoduleTableNode()->GetTable();
    for (vtkIdType row = 0; row < table->GetNumberOfRows(); ++row)
    {
      for (vtkIdType column = 0; column < table->GetNumberOfColumns(); ++column)
      {
        text += table->GetValue(row, column).ToString() + "\t";
      }
    }
    for (const std::string& id : this->Segmentation()->GetSegmentIDs())
    {
      text += this->Segmentation()->GetSegment(id)->GetName();
    }
    const auto* const label =
      static_cast<const std::uint16_t*>(this->Parameters->GetLabelMapNode()->GetImageData()->GetScalarPointer());
    long long sum = 0;
    for (vtkIdType n = 0; n < this->Parameters->GetLabelMapNode()->GetImageData()->GetNumberOfPoints(); ++n)
    {
      sum += label[n] * (n % 9973);
    }
    return text + std::to_string(sum);
  }
};

int EditIsNoticedAndMeasured(const Matrix& ijk_to_ras)
{
  AfterRun made(ijk_to_ras);
  Logic* const logic = made.Logic;
  CHECK_STD_STRING(logic->GetEditedText(made.Parameters), "");
  CHECK_BOOL(logic->MeasureAgain(made.Parameters), false);
  CHECK_STD_STRING(logic->GetStatusText(), "No segment was edited since it was measured; nothing was changed.");
  logic->SetReaderName("Dr. A");
  logic->SetNoduleDecision(made.Parameters, 2, Logic::DecisionAccepted);
  logic->SetNoduleComment(made.Parameters, 2, "calcified");
  const std::string others = made.Text(1, "volume_mm3_p05") + made.Text(3, "long_axis_mm");
  made.CutSecond();
  CHECK_STD_STRING(logic->GetEditedText(made.Parameters),
                   "Edited by hand since the table was made: Nodule 2. Its measures are those of the outline of before.");
  CHECK_BOOL(ReviewLoss(made.Parameters).empty(), false);
  const std::string before = made.Everything();

  CHECK_BOOL(logic->MeasureAgain(made.Parameters), true);
  CHECK_STD_STRING(logic->GetEditedText(made.Parameters), "");
  // A box of 5 x 3 x 2 voxels of 0.8 x 0.8 x 1.5 mm, whose middle is (45, 15, 25.5).
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "volume_mm3"), 30 * VoxelMm3(ijk_to_ras), 1e-6);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "centroid_i"), 45.0, 1e-9);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "centroid_j"), 15.0, 1e-9);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "centroid_k"), 25.5, 1e-9);
  const auto centre = ToRas(ijk_to_ras, { 45.0, 15.0, 25.5 });
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "centroid_r"), centre[0], 1e-6);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "centroid_a"), centre[1], 1e-6);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "centroid_s"), centre[2], 1e-6);
  // Between corners of 3.2 x 1.6 mm, and a voxel of 0.8 mm; 72 directions are 0.1 % short at most.
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "long_axis_mm"), std::hypot(3.2, 1.6) + 0.8, 0.01);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "mean_hu"), 40.0, 1e-6);
  CHECK_STD_STRING(made.Text(2, "texture"), "solid");
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "uncertainty_mean"), 0.5, 1e-6);
  // As long as the axis in any plane, and through the middle.
  double length = 0.0;
  for (const char* towards : { "r", "a", "s" })
  {
    const double from = made.Number(2, std::string("long_axis_3d_start_") + towards);
    const double to = made.Number(2, std::string("long_axis_3d_end_") + towards);
    length += (from - to) * (from - to);
  }
  CHECK_DOUBLE_TOLERANCE(std::sqrt(length), made.Number(2, "long_axis_3d_mm"), 1e-4); // numbers in six digits
  // What samples or the model said is not known any more.
  for (const char* column : { "volume_mm3_p05", "volume_mm3_p95", "sample_volume_mm3_p50", "volume_spread", "sample_dice",
                              "detection_rate", "nodule_probability", "expected_dice", "mean_diameter_mm_p05",
                              "probability_inside", "review_reasons", "bts_2015_volume_band_probabilities" })
  {
    CHECK_STD_STRING(made.Text(2, column), "");
  }
  CHECK_BOOL(logic->GetNoduleFlagged(made.Parameters, 2), false);
  CHECK_STD_STRING(made.Text(2, "edited"), "1");
  CHECK_STD_STRING(made.Text(1, "edited"), "0");
  CHECK_STD_STRING(made.Text(2, "comment"), "calcified");
  CHECK_INT(logic->GetNoduleDecision(made.Parameters, 2), Logic::DecisionAccepted);
  CHECK_STD_STRING(made.Text(1, "volume_mm3_p05") + made.Text(3, "long_axis_mm"), others);
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_2")->GetName(), "Nodule 2 (4 mm)");
  CHECK_STD_STRING(ReviewLoss(made.Parameters), ""); // a new run keeps it
  // The label map has exactly these voxels of it.
  int voxels = 0;
  const auto* const label =
    static_cast<const std::uint16_t*>(made.Parameters->GetLabelMapNode()->GetImageData()->GetScalarPointer());
  for (vtkIdType n = 0; n < made.Parameters->GetLabelMapNode()->GetImageData()->GetNumberOfPoints(); ++n)
  {
    voxels += label[n] == 2;
  }
  CHECK_INT(voxels, 30);

  const std::string after = made.Everything();
  CHECK_STD_STRING(logic->GetUndoText(made.Parameters), "Measure Nodule 2 again");
  CHECK_BOOL(logic->Undo(made.Parameters), true);
  CHECK_STD_STRING(made.Everything(), before);
  CHECK_BOOL(logic->GetEditedText(made.Parameters).empty(), false);
  CHECK_BOOL(logic->Redo(made.Parameters), true);
  CHECK_STD_STRING(made.Everything(), after);
  return EXIT_SUCCESS;
}

int EditedOutlineIsKeptByTheNextRun()
{
  AfterRun made;
  made.CutSecond();
  CHECK_BOOL(made.Logic->MeasureAgain(made.Parameters), true);
  const double volume = made.Number(2, "volume_mm3");
  MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_DOUBLE(made.Number(2, "volume_mm3"), volume);
  CHECK_STD_STRING(made.Text(2, "edited"), "1");
  CHECK_STD_STRING(made.Text(1, "edited"), "0");
  CHECK_STD_STRING(made.Logic->GetEditedText(made.Parameters), "");
  return EXIT_SUCCESS;
}

int NameOfTheUsersStays()
{
  AfterRun made;
  made.Segmentation()->GetSegment("Nodule_2")->SetName("Granuloma");
  made.CutSecond();
  CHECK_BOOL(made.Logic->MeasureAgain(made.Parameters), true);
  CHECK_STRING(made.Segmentation()->GetSegment("Nodule_2")->GetName(), "Granuloma");
  return EXIT_SUCCESS;
}

int EmptyAndOverlappingSegmentsAreRefused()
{
  AfterRun made;
  made.Paint(2, { 38, 52, 8, 22, 21, 29 }, false);
  const std::string before = made.Everything();
  CHECK_BOOL(made.Logic->MeasureAgain(made.Parameters), false);
  CHECK_INT(made.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_BOOL(made.Logic->GetStatusText().find("The segment of Nodule 2 is empty") == 0, true);
  CHECK_STD_STRING(made.Everything(), before);
  CHECK_STD_STRING(made.Logic->GetUndoText(made.Parameters), "");

  // Overlapping ones lie in images of their own: nodule 3 gets a voxel of nodule 1.
  AfterRun other;
  vtkNew<vtkOrientedImageData> own;
  own->DeepCopy(other.Image(3));
  vtkSegment* const third = other.Segmentation()->GetSegment("Nodule_3");
  third->AddRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName(), own);
  own->SetScalarComponentFromDouble(12, 12, 10, 0, third->GetLabelValue());
  CHECK_BOOL(other.Logic->MeasureAgain(other.Parameters), false);
  CHECK_STD_STRING(other.Logic->GetStatusText(),
                   "Nodule 3 and Nodule 1 overlap; expected a voxel in one of them. Take it away from one in the Segment "
                   "Editor, then measure again.");
  return EXIT_SUCCESS;
}

/// In the Segment Editor a segmentation may get a geometry of its own.
int SegmentOnAnotherGridIsMeasuredOnTheCTs()
{
  AfterRun made;
  vtkNew<vtkOrientedImageData> fine;
  // Voxels half as large, whose edges are those of the CT's: a box of 4 x 2 x 2 of these.
  fine->SetSpacing(0.4, 0.4, 0.75);
  fine->SetExtent(0, 7, 0, 3, 0, 3);
  const auto corner = ToRas(StraightGrid(), { 44.0, 15.0, 25.0 });
  fine->SetOrigin(corner[0] - 0.2, corner[1] - 0.2, corner[2] - 0.375);
  fine->AllocateScalars(VTK_UNSIGNED_CHAR, 1);
  fine->GetPointData()->GetScalars()->Fill(2);
  made.Segmentation()->GetSegment("Nodule_2")->AddRepresentation(
    vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName(), fine);
  CHECK_BOOL(made.Logic->MeasureAgain(made.Parameters), true);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "volume_mm3"), 16 * VoxelMm3(StraightGrid()), 1e-6);
  CHECK_DOUBLE_TOLERANCE(made.Number(2, "centroid_i"), 45.5, 1e-9);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungMeasureTest(int, char*[])
{
  for (const Matrix& grid : { StraightGrid(), MirroredGrid() })
  {
    CHECK_EXIT_SUCCESS(EditIsNoticedAndMeasured(grid));
  }
  CHECK_EXIT_SUCCESS(EditedOutlineIsKeptByTheNextRun());
  CHECK_EXIT_SUCCESS(NameOfTheUsersStays());
  CHECK_EXIT_SUCCESS(EmptyAndOverlappingSegmentsAreRefused());
  CHECK_EXIT_SUCCESS(SegmentOnAnotherGridIsMeasuredOnTheCTs());
  return EXIT_SUCCESS;
}
