#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLMarkupsFiducialNode.h>

#include <vtkMath.h>

#include <algorithm>
#include <sstream>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// Outlines lie around the middles to a voxel; the pleura cuts off a part of the nodules that it touches.
constexpr double POSITION_MM = 2.0;
constexpr int NODULES = 8;
/// What looks like a nodule and isn't one: crossings of vessels.
constexpr int MOST_OTHERS = 4;

/// Every "centre_ras": [r, a, s] of the phantom's facts.
std::vector<Point> Centers(const std::string& facts)
{
  const std::string key = "\"centre_ras\"";
  std::vector<Point> centers;
  for (std::size_t at = facts.find(key); at != std::string::npos; at = facts.find(key, at + 1))
  {
    std::istringstream numbers(facts.substr(facts.find('[', at) + 1));
    Point center;
    char comma;
    numbers >> center[0] >> comma >> center[1] >> comma >> center[2];
    centers.push_back(center);
  }
  return centers;
}

int BuiltInModelFindsThePhantomsNodules()
{
  TestScene test({});
  vtkMRMLScalarVolumeNode* const ct = test.Logic->AddPhantom(0);
  CHECK_POINTER(test.Logic->GetNewestCT(), ct);
  Parameters* const parameters = test.Logic->GetParametersNode(ct, true);
  parameters->SetDevice(Parameters::DeviceCPU);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  std::cout << test.Logic->GetStatusText() << std::endl;

  vtkMRMLMarkupsFiducialNode* const points = parameters->GetNodulePointsNode();
  const std::vector<Point> centers = Centers(ct->GetAttribute("SAM2Lung.PhantomNodules"));
  CHECK_INT(static_cast<int>(centers.size()), NODULES);
  for (const Point& center : centers)
  {
    double nearest_mm = VTK_DOUBLE_MAX;
    for (int n = 0; n < points->GetNumberOfControlPoints(); ++n)
    {
      double at[3];
      points->GetNthControlPointPositionWorld(n, at);
      nearest_mm = std::min(nearest_mm, std::sqrt(vtkMath::Distance2BetweenPoints(at, center.data())));
    }
    std::cout << "nodule at " << center[0] << ", " << center[1] << ", " << center[2] << ": outlined " << nearest_mm
              << " mm beside" << std::endl;
    CHECK_BOOL(nearest_mm <= POSITION_MM, true);
  }
  CHECK_BOOL(points->GetNumberOfControlPoints() <= NODULES + MOST_OTHERS, true);

  // At a point the network runs around it only, and what it outlines there takes the place of what was found.
  const int before = points->GetNumberOfControlPoints();
  CHECK_BOOL(test.Logic->OutlineAtClick(parameters, centers[0][0], centers[0][1], centers[0][2]), true);
  std::cout << test.Logic->GetStatusText() << std::endl;
  CHECK_INT(points->GetNumberOfControlPoints(), before);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicPhantomTest(int /*argc*/, char* /*argv*/[])
{
  CHECK_EXIT_SUCCESS(BuiltInModelFindsThePhantomsNodules());
  return EXIT_SUCCESS;
}
