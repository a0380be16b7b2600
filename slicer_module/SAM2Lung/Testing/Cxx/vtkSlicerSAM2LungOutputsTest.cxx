// What the outputs hold, from made nodules: no network runs here.

#include "SAM2LungTestScene.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungOverlay.h"
#include "SAM2LungReview.h"

#include <vtkMRMLColorTableNode.h>
#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLSliceNode.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkSlicerSegmentationsModuleLogic.h>

#include <vtkMassProperties.h>
#include <vtkOrientedImageData.h>
#include <vtkPolyData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkTriangleFilter.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iostream>

namespace
{

using namespace sam2lung_slicer;
using sam2lung_testing::AxialGrid;
using sam2lung_testing::Ball;
using sam2lung_testing::Point;
using sam2lung_testing::TestScene;

constexpr double SAME_MM = 1e-6;

/// Turned about two axes, 0.7 x 0.6 x 1.5 mm, left-handed.
vtkSmartPointer<vtkMatrix4x4> ObliqueGrid()
{
  const double c = std::cos(0.4), s = std::sin(0.4), d = std::cos(0.3), t = std::sin(0.3);
  const double directions[3][3] = { { c, -s * d, s * t }, { s, c * d, -c * t }, { 0, t, d } };
  const double spacing_mm[3] = { 0.7, -0.6, 1.5 };
  const double origin_ras[3] = { -20, 30, 5 };
  const auto matrix = vtkSmartPointer<vtkMatrix4x4>::New();
  for (int row = 0; row < 3; ++row)
  {
    for (int column = 0; column < 3; ++column)
    {
      matrix->SetElement(row, column, directions[row][column] * spacing_mm[column]);
    }
    matrix->SetElement(row, 3, origin_ras[row]);
  }
  return matrix;
}

Point ToRas(vtkMatrix4x4* ijk_to_ras, const Point& ijk)
{
  const double in[4] = { ijk[0], ijk[1], ijk[2], 1 };
  double out[4];
  ijk_to_ras->MultiplyPoint(in, out);
  return { { out[0], out[1], out[2] } };
}

struct Made
{
  RunInput Input;
  RunOutput Output;
};

/// A run's values on a grid, without nodules.
Made MakeRun(vtkMRMLScalarVolumeNode* ct, vtkMatrix4x4* ijk_to_ras)
{
  Made made;
  made.Input.ct = ct->GetImageData();
  std::copy_n(ijk_to_ras->GetData(), 16, made.Input.ijk_to_ras.begin());
  int dims[3];
  ct->GetImageData()->GetDimensions(dims);
  const auto blank = [&dims](int type)
  {
    const auto image = vtkSmartPointer<vtkImageData>::New();
    image->SetDimensions(dims);
    image->AllocateScalars(type, 1);
    const auto points = static_cast<std::size_t>(image->GetNumberOfPoints());
    std::memset(image->GetScalarPointer(), 0, points * static_cast<std::size_t>(image->GetScalarSize()));
    return image;
  };
  made.Output.labels = blank(VTK_UNSIGNED_SHORT);
  made.Output.uncertainty = blank(VTK_FLOAT);
  made.Output.facts.model = "made 1";
  made.Output.facts.device = "CPU";
  made.Output.facts.seconds = 38.2;
  return made;
}

/// A ball around a voxel, with what is known of it.
void AddBall(Made& made,
             vtkMatrix4x4* ijk_to_ras,
             std::uint32_t id,
             const Point& center_ijk,
             double radius_mm,
             bool review)
{
  const Point center_ras = ToRas(ijk_to_ras, center_ijk);
  const int* const dims = made.Output.labels->GetDimensions();
  std::int64_t voxels = 0;
  for (int k = 0; k < dims[2]; ++k)
  {
    for (int j = 0; j < dims[1]; ++j)
    {
      for (int i = 0; i < dims[0]; ++i)
      {
        const Point at = ToRas(ijk_to_ras, { { double(i), double(j), double(k) } });
        const double x = at[0] - center_ras[0], y = at[1] - center_ras[1], z = at[2] - center_ras[2];
        if (std::sqrt(x * x + y * y + z * z) <= radius_mm)
        {
          *static_cast<std::uint16_t*>(made.Output.labels->GetScalarPointer(i, j, k)) = static_cast<std::uint16_t>(id);
          *static_cast<float*>(made.Output.uncertainty->GetScalarPointer(i, j, k)) = 0.25f;
          ++voxels;
        }
      }
    }
  }
  sam2lung::Nodule nodule;
  nodule.id = id;
  nodule.review = review;
  if (review)
  {
    nodule.review_reasons = { "touches the wall" };
  }
  nodule.centroid_ijk = center_ijk;
  nodule.centroid_ras = center_ras;
  nodule.volume_mm3 = static_cast<double>(voxels) * std::abs(ijk_to_ras->Determinant());
  nodule.long_axis_mm = 2 * radius_mm;
  made.Output.nodules.push_back(nodule);
}

Made TwoNodules(vtkMRMLScalarVolumeNode* ct, vtkMatrix4x4* grid)
{
  Made made = MakeRun(ct, grid);
  AddBall(made, grid, 1, { { 20, 22, 8 } }, 6.0, false);
  AddBall(made, grid, 2, { { 60, 50, 11 } }, 4.0, true);
  return made;
}

vtkSegment* SegmentOf(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return parameters->GetSegmentationNode()->GetSegmentation()->GetSegment("Nodule_" + std::to_string(id));
}

int GeometryHolds(vtkMatrix4x4* grid)
{
  TestScene scene("");
  vtkMRMLScalarVolumeNode* ct = scene.AddCT(grid);
  vtkMRMLSAM2LungParametersNode* parameters = scene.Logic->GetParametersNode(ct, true);
  const Made made = TwoNodules(ct, grid);
  WriteOutputs(parameters, made.Input, made.Output);
  vtkNew<vtkMatrix4x4> matrix;
  for (vtkMRMLVolumeNode* node :
       { static_cast<vtkMRMLVolumeNode*>(parameters->GetLabelMapNode()),
         static_cast<vtkMRMLVolumeNode*>(parameters->GetUncertaintyVolumeNode()) })
  {
    node->GetIJKToRASMatrix(matrix);
    for (int element = 0; element < 16; ++element)
    {
      CHECK_DOUBLE_TOLERANCE(matrix->GetData()[element], grid->GetData()[element], SAME_MM);
    }
  }
  auto* labelmap = vtkOrientedImageData::SafeDownCast(SegmentOf(parameters, 1)->GetRepresentation("Binary labelmap"));
  CHECK_NOT_NULL(labelmap);
  labelmap->GetImageToWorldMatrix(matrix);
  for (int element = 0; element < 16; ++element)
  {
    CHECK_DOUBLE_TOLERANCE(matrix->GetData()[element], grid->GetData()[element], SAME_MM);
  }
  const int label = *static_cast<std::uint16_t*>(labelmap->GetScalarPointer(20, 22, 8));
  CHECK_INT(label, SegmentOf(parameters, 1)->GetLabelValue());
  double at_ras[3];
  parameters->GetNodulePointsNode()->GetNthControlPointPosition(0, at_ras);
  for (int axis = 0; axis < 3; ++axis)
  {
    CHECK_DOUBLE_TOLERANCE(at_ras[axis], made.Output.nodules[0].centroid_ras[static_cast<std::size_t>(axis)], SAME_MM);
  }
  return EXIT_SUCCESS;
}

/// How much of a ball's voxels the surface holds, 1: all.
double SurfaceShare(double radius_mm)
{
  vtkNew<vtkMatrix4x4> grid; // 0.7 x 0.7 x 1 mm
  grid->SetElement(0, 0, 0.7);
  grid->SetElement(1, 1, 0.7);
  TestScene scene("");
  vtkMRMLScalarVolumeNode* ct = scene.AddCT(grid);
  vtkMRMLSAM2LungParametersNode* parameters = scene.Logic->GetParametersNode(ct, true);
  Made made = MakeRun(ct, grid);
  AddBall(made, grid, 1, { { 45, 40, 10 } }, radius_mm, false);
  WriteOutputs(parameters, made.Input, made.Output);
  vtkNew<vtkTriangleFilter> triangles;
  triangles->SetInputData(vtkPolyData::SafeDownCast(SegmentOf(parameters, 1)->GetRepresentation("Closed surface")));
  vtkNew<vtkMassProperties> mass;
  mass->SetInputConnection(triangles->GetOutputPort());
  return mass->GetVolume() / made.Output.nodules[0].volume_mm3;
}

/// Slicer's conversion cuts corners even without smoothing (4 mm: 9 %), so small balls may lose more. Volumes in the
/// table are counted in voxels.
int SurfacesHoldVolumes()
{
  const double bounds[5][2] = { { 2.0, 0.13 }, { 3.0, 0.05 }, { 4.0, 0.03 }, { 6.0, 0.015 }, { 9.0, 0.01 } };
  for (const auto& [radius_mm, tolerance] : bounds)
  {
    const double share = SurfaceShare(radius_mm);
    std::cout << "ball of " << 2 * radius_mm << " mm: surface holds " << share << " of the voxels' volume\n";
    CHECK_DOUBLE_TOLERANCE(share, 1.0, tolerance);
  }
  return EXIT_SUCCESS;
}

int NodesAreReusedAndKeepTheirDisplay()
{
  TestScene scene("");
  vtkMRMLScalarVolumeNode* ct = scene.AddCT();
  vtkMRMLSAM2LungParametersNode* parameters = scene.Logic->GetParametersNode(ct, true);
  const Made first = TwoNodules(ct, AxialGrid());
  WriteOutputs(parameters, first.Input, first.Output);
  const int nodes = scene.Scene->GetNumberOfNodes();
  auto* display = parameters->GetUncertaintyVolumeNode()->GetScalarVolumeDisplayNode();
  CHECK_DOUBLE_TOLERANCE(display->GetWindowLevelMin(), 0.0, 1e-12);
  CHECK_DOUBLE_TOLERANCE(display->GetWindowLevelMax(), 1.0, 1e-12);
  CHECK_BOOL(display->GetAutoWindowLevel() != 0, false);
  display->SetWindowLevelMinMax(0.2, 0.7);
  Made second = MakeRun(ct, AxialGrid());
  AddBall(second, AxialGrid(), 1, { { 30, 30, 9 } }, 5.0, false);
  WriteOutputs(parameters, second.Input, second.Output);
  CHECK_INT(scene.Scene->GetNumberOfNodes(), nodes);
  CHECK_DOUBLE_TOLERANCE(display->GetWindowLevelMax(), 0.7, 1e-12);
  CHECK_INT(parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 1);
  CHECK_INT(parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 1);
  CHECK_INT(parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  CHECK_STD_STRING(ResultText(parameters), "1 nodule in 38 s on CPU. Research use only.");
  const Made none = MakeRun(ct, AxialGrid());
  WriteOutputs(parameters, none.Input, none.Output);
  CHECK_STD_STRING(ResultText(parameters), "No nodules found in 38 s on CPU. Research use only.");
  CHECK_INT(parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 0);
  return EXIT_SUCCESS;
}

int ReviewWorks()
{
  TestScene scene("");
  vtkMRMLScalarVolumeNode* ct = scene.AddCT();
  vtkMRMLSAM2LungParametersNode* parameters = scene.Logic->GetParametersNode(ct, true);
  const Made made = TwoNodules(ct, AxialGrid());
  WriteOutputs(parameters, made.Input, made.Output);
  CHECK_STD_STRING(ResultText(parameters), "2 nodules (1 to review) in 38 s on CPU. Research use only.");
  CHECK_STD_STRING(SegmentOf(parameters, 1)->GetName(), "Nodule 1 (12 mm)");
  CHECK_BOOL((ReviewOrder(parameters) == std::vector<int>{ 2, 1 }), true);
  CHECK_STD_STRING(NoduleText(parameters, 2, "review"), "1");
  CHECK_STD_STRING(NoduleText(parameters, 1, "review"), "0");
  CHECK_STD_STRING(NoduleText(parameters, 1, "accepted"), "1");
  CHECK_BOOL(NoduleFlagged(parameters, 2), true);
  auto* shown = vtkMRMLSegmentationDisplayNode::SafeDownCast(parameters->GetSegmentationNode()->GetDisplayNode());
  CHECK_BOOL(SetNoduleAccepted(parameters, 1, false), true);
  CHECK_BOOL(NoduleAccepted(parameters, 1), false);
  CHECK_BOOL(shown->GetSegmentVisibility("Nodule_1"), false);
  CHECK_BOOL(parameters->GetNodulePointsNode()->GetNthControlPointVisibility(0), false);
  CHECK_BOOL(SetNoduleAccepted(parameters, 7, false), false);
  vtkNew<vtkMRMLSliceNode> slice;
  slice->SetLayoutName("Red");
  scene.Scene->AddNode(slice);
  CHECK_BOOL(JumpToNodule(parameters, 2), true);
  for (int axis = 0; axis < 3; ++axis)
  {
    CHECK_DOUBLE_TOLERANCE(slice->GetSliceToRAS()->GetElement(axis, 3),
                           made.Output.nodules[1].centroid_ras[static_cast<std::size_t>(axis)], SAME_MM);
  }
  CHECK_BOOL(JumpToNodule(parameters, 7), false);
  return EXIT_SUCCESS;
}

int MergingReplacesItsOwnNoduleOnly()
{
  TestScene scene("");
  vtkMRMLScalarVolumeNode* ct = scene.AddCT();
  vtkMRMLSAM2LungParametersNode* parameters = scene.Logic->GetParametersNode(ct, true);
  const Made made = TwoNodules(ct, AxialGrid());
  WriteOutputs(parameters, made.Input, made.Output);
  const std::string before = NoduleText(parameters, 1, "volume_mm3");
  Made again = MakeRun(ct, AxialGrid());
  AddBall(again, AxialGrid(), 1, { { 60, 50, 11 } }, 5.0, false);
  again.Output.at_point = 1;
  CHECK_INT(MergeNodule(parameters, again.Input, again.Output), 2);
  Made other = MakeRun(ct, AxialGrid());
  AddBall(other, AxialGrid(), 1, { { 20, 60, 6 } }, 4.0, false);
  other.Output.at_point = 1;
  CHECK_INT(MergeNodule(parameters, other.Input, other.Output), 3);
  other.Output.at_point = 0;
  CHECK_INT(MergeNodule(parameters, other.Input, other.Output), 0);
  CHECK_INT(parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 3);
  CHECK_INT(parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_STD_STRING(NoduleText(parameters, 1, "volume_mm3"), before);
  return EXIT_SUCCESS;
}

int OverlayGivesBackWhatWasThere()
{
  TestScene scene("");
  vtkMRMLScalarVolumeNode* ct = scene.AddCT();
  vtkMRMLScalarVolumeNode* pet = scene.AddCT();
  vtkMRMLSAM2LungParametersNode* parameters = scene.Logic->GetParametersNode(ct, true);
  const Made made = TwoNodules(ct, AxialGrid());
  WriteOutputs(parameters, made.Input, made.Output);
  const std::string overlay = parameters->GetUncertaintyVolumeNode()->GetID();
  vtkNew<vtkMRMLSliceCompositeNode> view;
  scene.Scene->AddNode(view);
  view->SetBackgroundVolumeID(ct->GetID());
  view->SetForegroundVolumeID(pet->GetID());
  view->SetForegroundOpacity(0.3);
  parameters->SetOverlayVisible(true);
  UpdateOverlay(parameters, OverlayManners::polite);
  CHECK_STRING(view->GetForegroundVolumeID(), pet->GetID());
  UpdateOverlay(parameters, OverlayManners::insistent);
  CHECK_STRING(view->GetForegroundVolumeID(), overlay.c_str());
  parameters->SetOverlayVisible(false);
  UpdateOverlay(parameters, OverlayManners::polite);
  CHECK_STRING(view->GetForegroundVolumeID(), pet->GetID());
  CHECK_DOUBLE_TOLERANCE(view->GetForegroundOpacity(), 0.3, 1e-12);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungOutputsTest(int, char*[])
{
  vtkNew<vtkMRMLScene> registered;
  vtkNew<vtkSlicerSegmentationsModuleLogic> converters; // knows how surfaces are made
  converters->SetMRMLScene(registered);
  CHECK_EXIT_SUCCESS(GeometryHolds(AxialGrid()));
  CHECK_EXIT_SUCCESS(GeometryHolds(ObliqueGrid()));
  CHECK_EXIT_SUCCESS(NodesAreReusedAndKeepTheirDisplay());
  CHECK_EXIT_SUCCESS(ReviewWorks());
  CHECK_EXIT_SUCCESS(MergingReplacesItsOwnNoduleOnly());
  CHECK_EXIT_SUCCESS(OverlayGivesBackWhatWasThere());
  CHECK_EXIT_SUCCESS(SurfacesHoldVolumes());
  return EXIT_SUCCESS;
}
