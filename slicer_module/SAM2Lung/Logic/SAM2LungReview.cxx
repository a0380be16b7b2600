#include "SAM2LungReview.h"

#include "SAM2LungPoints.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLCameraNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkMRMLTransformNode.h>

#include <vtkGeneralTransform.h>
#include <vtkNew.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace sam2lung_slicer
{

namespace
{

vtkMRMLTableNode* TableOf(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? parameters->GetNoduleTableNode() : nullptr;
}

/// The transform above the CT; where the CT is gone, that above what was made from it.
vtkMRMLTransformNode* TransformAbove(vtkMRMLSAM2LungParametersNode* parameters)
{
  const std::array<vtkMRMLTransformableNode*, 4> nodes{ { parameters->GetInputVolumeNode(),
                                                          parameters->GetSegmentationNode(),
                                                          parameters->GetNodulePointsNode(),
                                                          parameters->GetLabelMapNode() } };
  const auto first = std::find_if(nodes.begin(), nodes.end(), [](const auto* node) { return node != nullptr; });
  return first == nodes.end() ? nullptr : (*first)->GetParentTransformNode();
}

/// Where the nodule is in the world, mm.
std::array<double, 3> PlaceRas(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  vtkMRMLTableNode* const table = TableOf(parameters);
  const std::array<double, 3> local_ras{ { CellNumber(table, id, "centroid_r"),
                                           CellNumber(table, id, "centroid_a"),
                                           CellNumber(table, id, "centroid_s") } };
  vtkNew<vtkGeneralTransform> to_world;
  vtkMRMLTransformNode::GetTransformBetweenNodes(TransformAbove(parameters), nullptr, to_world);
  std::array<double, 3> world_ras{};
  to_world->TransformPoint(local_ras.data(), world_ras.data());
  return world_ras;
}

/// Turns the camera's way of looking into one at the place, without turning the camera.
void LookAt(vtkMRMLCameraNode* camera, const std::array<double, 3>& place_ras)
{
  MRMLNodeModifyBlocker blocker(camera);
  std::array<double, 3> focus_ras{};
  std::array<double, 3> position_ras{};
  camera->GetFocalPoint(focus_ras.data());
  camera->GetPosition(position_ras.data());
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    position_ras[axis] += place_ras[axis] - focus_ras[axis];
  }
  std::array<double, 3> place = place_ras;
  camera->SetFocalPoint(place.data());
  camera->SetPosition(position_ras.data());
  camera->ResetClippingRange();
}

} // namespace

//----------------------------------------------------------------------------
std::vector<int> ReviewOrder(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLTableNode* const table = TableOf(parameters);
  std::vector<int> ids = NoduleIDs(table);
  std::stable_sort(ids.begin(),
                   ids.end(),
                   [table](int a, int b)
                   {
                     const bool a_flagged = CellNumber(table, a, "review") > 0;
                     const bool b_flagged = CellNumber(table, b, "review") > 0;
                     if (a_flagged != b_flagged)
                     {
                       return a_flagged;
                     }
                     return CellNumber(table, a, "volume_mm3") > CellNumber(table, b, "volume_mm3");
                   });
  return ids;
}

//----------------------------------------------------------------------------
std::string NoduleText(vtkMRMLSAM2LungParametersNode* parameters, int id, const std::string& column)
{
  return CellText(TableOf(parameters), id, column);
}

//----------------------------------------------------------------------------
bool NoduleFlagged(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return CellNumber(TableOf(parameters), id, "review") > 0;
}

//----------------------------------------------------------------------------
bool NoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return CellNumber(TableOf(parameters), id, "accepted") > 0;
}

//----------------------------------------------------------------------------
bool SetNoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id, bool accepted)
{
  if (NoduleRow(TableOf(parameters), id) < 0)
  {
    return false;
  }
  WriteAccepted(TableOf(parameters), id, accepted);
  ShowSegment(parameters->GetSegmentationNode(), id, accepted);
  ShowPoint(parameters->GetNodulePointsNode(), id, accepted);
  return true;
}

//----------------------------------------------------------------------------
bool JumpToNodule(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  if (NoduleRow(TableOf(parameters), id) < 0)
  {
    return false;
  }
  const std::array<double, 3> place_ras = PlaceRas(parameters, id);
  const auto finite = [](double mm) { return std::isfinite(mm); };
  if (!std::all_of(place_ras.begin(), place_ras.end(), finite))
  {
    return false;
  }
  vtkMRMLScene* const scene = parameters->GetScene();
  vtkMRMLSliceNode::JumpAllSlices(
    scene, place_ras[0], place_ras[1], place_ras[2], vtkMRMLSliceNode::CenteredJumpSlice);
  std::vector<vtkMRMLNode*> cameras;
  scene->GetNodesByClass("vtkMRMLCameraNode", cameras);
  for (vtkMRMLNode* camera : cameras)
  {
    LookAt(vtkMRMLCameraNode::SafeDownCast(camera), place_ras);
  }
  return true;
}

} // namespace sam2lung_slicer
