#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>

#include <vtkMath.h>

#include <algorithm>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// Positions that are the same up to how numbers are rounded: the tiny network outlines exactly the ball's voxels.
constexpr double SAME_MM = 1e-6;
/// A ball's voxels lie around its centre, but for a voxel of its rim more or less.
constexpr double RIM_MM = 0.1;
constexpr double BALL_MM = 6.0;
/// Where the balls lie, i, j, k.
constexpr Point BALLS_IJK[] = { { 24, 30, 10 }, { 65, 50, 9 } };

struct Frame
{
  const char* Name;
  std::array<double, 16> Elements;
};

const Frame GRIDS[] = {
  { "anisotropic", { 0.7, 0, 0, -30, 0, 0.9, 0, -20, 0, 0, 2.5, 5, 0, 0, 0, 1 } },
  { "as scanners write it", { -0.8, 0, 0, 130, 0, -0.8, 0, 95, 0, 0, 2, -300, 0, 0, 0, 1 } },
  { "mirrored", { 0.8, 0, 0, 0, 0, 0.8, 0, 0, 0, 0, -2, 40, 0, 0, 0, 1 } },
  { "sagittal", { 0, 0, 2, -20, 0.8, 0, 0, -40, 0, 0.8, 0, 10, 0, 0, 0, 1 } },
  // Turned by 0.3 rad around S, then by 0.2 rad around R.
  { "oblique",
    { 0.764269191, -0.236416165, 0, 12, 0.231702965, 0.749032498, -0.397338662, -7,
      0.046967148, 0.151830741, 1.960133156, 20, 0, 0, 0, 1 } },
};

const Frame TRANSFORMS[] = {
  { "none", { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 } },
  { "turned and shifted", { 0.6, -0.8, 0, 10, 0.8, 0.6, 0, -20, 0, 0, 1, 30, 0, 0, 0, 1 } },
  { "mirrored", { -1, 0, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3, 0, 0, 0, 1 } },
};

vtkSmartPointer<vtkMatrix4x4> Matrix(const Frame& frame)
{
  const auto matrix = vtkSmartPointer<vtkMatrix4x4>::New();
  matrix->DeepCopy(frame.Elements.data());
  return matrix;
}

Point Apply(vtkMatrix4x4* matrix, const Point& point)
{
  const double in[4] = { point[0], point[1], point[2], 1.0 };
  double out[4];
  matrix->MultiplyPoint(in, out);
  return { out[0], out[1], out[2] };
}

double Distance(const Point& a, const Point& b)
{
  return std::sqrt(vtkMath::Distance2BetweenPoints(a.data(), b.data()));
}

/// Centre, in the world, of the voxels of an image that a predicate takes.
template <typename Predicate>
Point CenterWorld(vtkMRMLScalarVolumeNode* volume, const Predicate& takes)
{
  vtkImageData* const image = volume->GetImageData();
  const int* const dims = image->GetDimensions();
  Point sum{};
  double count = 0;
  for (int k = 0; k < dims[2]; ++k)
  {
    for (int j = 0; j < dims[1]; ++j)
    {
      for (int i = 0; i < dims[0]; ++i)
      {
        if (takes(Point{ double(i), double(j), double(k) }, image->GetScalarComponentAsDouble(i, j, k, 0)))
        {
          sum = { sum[0] + i, sum[1] + j, sum[2] + k };
          ++count;
        }
      }
    }
  }
  vtkNew<vtkMatrix4x4> ijk_to_ras;
  volume->GetIJKToRASMatrix(ijk_to_ras);
  const Point ras = Apply(ijk_to_ras, { sum[0] / count, sum[1] / count, sum[2] / count });
  Point world;
  volume->TransformPointToWorld(ras.data(), world.data());
  return world;
}

/// Distance of the nearest point of the outputs.
double DistanceOfNearestPoint(vtkMRMLMarkupsFiducialNode* points, const Point& world)
{
  double nearest = VTK_DOUBLE_MAX;
  for (int n = 0; n < points->GetNumberOfControlPoints(); ++n)
  {
    Point point;
    points->GetNthControlPointPositionWorld(n, point.data());
    nearest = std::min(nearest, Distance(point, world));
  }
  return nearest;
}

int BallsLieWhereTheCTHasThem(const std::string& bundles, const Frame& grid, const Frame& transform)
{
  const auto ijk_to_ras = Matrix(grid), to_world = Matrix(transform);
  TestScene test(bundles);
  std::vector<Ball> balls;
  for (const Point& ijk : BALLS_IJK)
  {
    balls.push_back({ Apply(ijk_to_ras, ijk), BALL_MM });
  }
  vtkMRMLScalarVolumeNode* const ct = test.AddCT(ijk_to_ras, balls);
  auto* const parent =
    vtkMRMLLinearTransformNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLLinearTransformNode", "T"));
  parent->SetMatrixTransformToParent(to_world);
  ct->SetAndObserveTransformNodeID(parent->GetID());
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->Segment(parameters), true);

  vtkMRMLLabelMapVolumeNode* const labels = parameters->GetLabelMapNode();
  for (vtkMRMLScalarVolumeNode* output : { static_cast<vtkMRMLScalarVolumeNode*>(labels),
                                           parameters->GetUncertaintyVolumeNode() })
  {
    vtkNew<vtkMatrix4x4> matrix;
    output->GetIJKToRASMatrix(matrix);
    for (int n = 0; n < 16; ++n)
    {
      CHECK_DOUBLE_TOLERANCE(matrix->GetData()[n], grid.Elements[n], SAME_MM);
    }
    CHECK_POINTER(output->GetParentTransformNode(), parent);
  }
  CHECK_POINTER(parameters->GetNodulePointsNode()->GetParentTransformNode(), parent);

  for (std::size_t n = 0; n < balls.size(); ++n)
  {
    const Point& at = BALLS_IJK[n];
    const double label = labels->GetImageData()->GetScalarComponentAsDouble(int(at[0]), int(at[1]), int(at[2]), 0);
    CHECK_BOOL(label > 0, true);
    const Point outlined = CenterWorld(labels, [label](const Point&, double value) { return value == label; });
    const Point real = CenterWorld(ct,
                                   [&](const Point& ijk, double hu)
                                   { return hu > -500 && Distance(Apply(ijk_to_ras, ijk), balls[n].center_ras) < 8; });
    CHECK_DOUBLE_TOLERANCE(Distance(real, Apply(to_world, balls[n].center_ras)), 0, RIM_MM);
    CHECK_DOUBLE_TOLERANCE(Distance(outlined, real), 0, SAME_MM);
    CHECK_DOUBLE_TOLERANCE(DistanceOfNearestPoint(parameters->GetNodulePointsNode(), outlined), 0, SAME_MM);
    std::cout << grid.Name << ", " << transform.Name << ", ball " << n << ": outline " << Distance(outlined, real)
              << " mm beside the ball, point "
              << DistanceOfNearestPoint(parameters->GetNodulePointsNode(), outlined) << " mm beside the outline"
              << std::endl;
  }
  return EXIT_SUCCESS;
}

/// Some filters leave an extent that doesn't begin at 0; Slicer then counts voxels from there.
int ExtentThatBeginsElsewhereStaysInPlace(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  const auto in_label = [](const Point&, double value) { return value == 1; };
  const Point before = CenterWorld(parameters->GetLabelMapNode(), in_label);

  vtkNew<vtkImageData> moved;
  moved->DeepCopy(ct->GetImageData());
  moved->SetExtent(5, 94, -3, 76, 2, 21);
  vtkMRMLScalarVolumeNode* const other = test.AddCT();
  vtkNew<vtkMatrix4x4> ijk_to_ras;
  other->GetIJKToRASMatrix(ijk_to_ras);
  const Point origin = Apply(ijk_to_ras, { -5, 3, -2 });
  other->SetAndObserveImageData(moved);
  other->SetOrigin(origin[0], origin[1], origin[2]);
  Parameters* const others = test.AddParameters(other);
  CHECK_BOOL(test.Logic->Segment(others), true);
  CHECK_DOUBLE_TOLERANCE(Distance(CenterWorld(others->GetLabelMapNode(), in_label), before), 0, SAME_MM);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicGeometryTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  for (const Frame& grid : GRIDS)
  {
    for (const Frame& transform : TRANSFORMS)
    {
      CHECK_EXIT_SUCCESS(BallsLieWhereTheCTHasThem(bundles, grid, transform));
    }
  }
  CHECK_EXIT_SUCCESS(ExtentThatBeginsElsewhereStaysInPlace(bundles));
  return EXIT_SUCCESS;
}
