#include "SAM2LungReview.h"

#include "SAM2LungPoints.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungTable.h"
#include "SAM2LungViews.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
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

/// From the CT's own frame to the world, mm.
std::array<double, 3> ToWorld(vtkMRMLSAM2LungParametersNode* parameters, const std::array<double, 3>& local_ras)
{
  vtkNew<vtkGeneralTransform> to_world;
  vtkMRMLTransformNode::GetTransformBetweenNodes(TransformAbove(parameters), nullptr, to_world);
  std::array<double, 3> world_ras{};
  to_world->TransformPoint(local_ras.data(), world_ras.data());
  return world_ras;
}

/// Where the nodule is in the world, mm.
std::array<double, 3> PlaceRas(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  vtkMRMLTableNode* const table = TableOf(parameters);
  return ToWorld(parameters,
                 { { CellNumber(table, id, "centroid_r"),
                     CellNumber(table, id, "centroid_a"),
                     CellNumber(table, id, "centroid_s") } });
}

/// As much around a nodule as a jump shows, mm; of a large one, more.
constexpr double AROUND_MM = 60.0;
constexpr double TIMES_THE_NODULE = 1.5;

double AcrossMm(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  const double long_axis_mm = CellNumber(TableOf(parameters), id, "long_axis_mm");
  return std::isfinite(long_axis_mm) ? std::max(AROUND_MM, TIMES_THE_NODULE * long_axis_mm) : AROUND_MM;
}

/// Moves the views to a place in the world.
void Look(vtkMRMLSAM2LungParametersNode* parameters, const std::array<double, 3>& place_ras, double across_mm)
{
  if (parameters->GetLungWindow())
  {
    SetLungWindow(parameters->GetInputVolumeNode());
    SetLungWindow(parameters->GetAlignedPriorVolumeNode());
  }
  JumpSlices(parameters, place_ras, parameters->GetZoomToNodule() ? across_mm : 0.0);
  TurnTo(parameters->GetScene(), place_ras);
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
std::string NoduleTitle(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  vtkMRMLTableNode* const table = TableOf(parameters);
  if (NoduleRow(table, id) < 0)
  {
    return {};
  }
  return HasRegions(table) ? CellText(table, id, "class") : NoduleTitle(NoduleInTable(table, id));
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
Reading NoduleReading(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return ReadingInTable(TableOf(parameters), id);
}

//----------------------------------------------------------------------------
bool SetNoduleReading(vtkMRMLSAM2LungParametersNode* parameters, int id, const Reading& reading)
{
  if (NoduleRow(TableOf(parameters), id) < 0)
  {
    return false;
  }
  WriteReading(TableOf(parameters), id, reading);
  const bool shown = reading.decision != Decision::rejected;
  ShowSegment(parameters->GetSegmentationNode(), id, shown);
  ShowPoint(parameters->GetNodulePointsNode(), id, shown);
  return true;
}

//----------------------------------------------------------------------------
bool ChangeReading(vtkMRMLSAM2LungParametersNode* parameters, int id, const Reading& from, const Reading& to)
{
  Reading reading = parameters ? NoduleReading(parameters, id) : Reading();
  reading.decision = from.decision == to.decision ? reading.decision : to.decision;
  reading.comment = from.comment == to.comment ? reading.comment : to.comment;
  reading.reader = from.reader == to.reader ? reading.reader : to.reader;
  return parameters && SetNoduleReading(parameters, id, reading);
}

//----------------------------------------------------------------------------
int NeighbourInReview(vtkMRMLSAM2LungParametersNode* parameters, int id, int step, bool undecided_first)
{
  std::vector<int> ids = ReviewOrder(parameters);
  if (step < 0)
  {
    std::reverse(ids.begin(), ids.end());
  }
  // From the one behind this one on, this one last.
  const auto current = std::find(ids.begin(), ids.end(), id);
  if (current != ids.end())
  {
    std::rotate(ids.begin(), current + 1, ids.end());
  }
  const auto undecided = std::find_if(
    ids.begin(),
    ids.end(),
    [&](int each) { return each != id && NoduleReading(parameters, each).decision == Decision::undecided; });
  if (undecided_first && undecided != ids.end())
  {
    return *undecided;
  }
  return ids.empty() ? 0 : ids.front();
}

//----------------------------------------------------------------------------
void ShowAsAccepted(vtkMRMLSAM2LungParametersNode* parameters)
{
  for (const int id : NoduleIDs(TableOf(parameters)))
  {
    const bool accepted = NoduleAccepted(parameters, id);
    ShowSegment(parameters->GetSegmentationNode(), id, accepted);
    ShowPoint(parameters->GetNodulePointsNode(), id, accepted);
  }
}

//----------------------------------------------------------------------------
bool HasPlace(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  const std::array<double, 3> place_ras = PlaceRas(parameters, id);
  return NoduleRow(TableOf(parameters), id) >= 0 &&
         std::all_of(place_ras.begin(), place_ras.end(), [](double mm) { return std::isfinite(mm); });
}

//----------------------------------------------------------------------------
bool JumpToNodule(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  if (!HasPlace(parameters, id))
  {
    return false;
  }
  Look(parameters, PlaceRas(parameters, id), AcrossMm(parameters, id));
  return true;
}

//----------------------------------------------------------------------------
void JumpToPlace(vtkMRMLSAM2LungParametersNode* parameters, const std::array<double, 3>& local_ras)
{
  Look(parameters, ToWorld(parameters, local_ras), AROUND_MM);
}

} // namespace sam2lung_slicer
