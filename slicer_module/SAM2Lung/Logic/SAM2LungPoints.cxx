#include "SAM2LungPoints.h"

#include "SAM2LungColors.h"
#include "SAM2LungSegmentation.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLMarkupsDisplayNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>

#include <array>
#include <cmath>
#include <string>

namespace sam2lung_slicer
{

namespace
{

/// How points that were put here are told from the user's, whatever they are called.
bool IsNodulePoint(vtkMRMLMarkupsFiducialNode* node, int point)
{
  const std::string prefix = NoduleKey(0).substr(0, NoduleKey(0).size() - 1);
  return node->GetNthControlPointID(point).compare(0, prefix.size(), prefix) == 0;
}

/// Size, and why to look again.
std::string Description(const sam2lung::Nodule& nodule, const std::string& name)
{
  std::string text = vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1, %2 mm³"),
                                         name.c_str(),
                                         std::to_string(std::lround(nodule.volume_mm3)).c_str());
  for (const std::string& reason : nodule.review_reasons)
  {
    text += "; " + reason;
  }
  return text;
}

/// The node owns it when it has been added.
vtkMRMLMarkupsNode::ControlPoint* NewPoint(const sam2lung::Nodule& nodule, const RunClasses& classes)
{
  auto* point = new vtkMRMLMarkupsNode::ControlPoint;
  point->ID = NoduleKey(static_cast<int>(nodule.id));
  point->Label = std::to_string(nodule.id);
  point->Description = Description(nodule, LookOf(nodule, classes).name);
  for (int axis = 0; axis < 3; ++axis)
  {
    point->Position[axis] = nodule.centroid_ras[static_cast<std::size_t>(axis)];
  }
  point->PositionStatus = vtkMRMLMarkupsNode::PositionDefined;
  point->Locked = true;
  point->Selected = nodule.review; // has a color of its own
  return point;
}

} // namespace

//----------------------------------------------------------------------------
void WritePoints(vtkMRMLMarkupsFiducialNode* node,
                 const std::vector<sam2lung::Nodule>& nodules,
                 const RunClasses& classes)
{
  MRMLNodeModifyBlocker blocker(node);
  for (int point = node->GetNumberOfControlPoints() - 1; point >= 0; --point)
  {
    if (IsNodulePoint(node, point))
    {
      node->RemoveNthControlPoint(point);
    }
  }
  for (const sam2lung::Nodule& nodule : nodules)
  {
    node->AddControlPoint(NewPoint(nodule, classes));
  }
}

//----------------------------------------------------------------------------
void WritePoint(vtkMRMLMarkupsFiducialNode* node, const sam2lung::Nodule& nodule, const RunClasses& classes)
{
  MRMLNodeModifyBlocker blocker(node);
  const int old = node->GetControlPointIndexByID(NoduleKey(static_cast<int>(nodule.id)).c_str());
  if (old >= 0)
  {
    node->RemoveNthControlPoint(old);
  }
  node->InsertControlPoint(NewPoint(nodule, classes), old >= 0 ? old : node->GetNumberOfControlPoints());
}

//----------------------------------------------------------------------------
void RemovePoint(vtkMRMLMarkupsFiducialNode* node, int id)
{
  const int point = node->GetControlPointIndexByID(NoduleKey(id).c_str());
  if (point >= 0)
  {
    node->RemoveNthControlPoint(point);
  }
}

//----------------------------------------------------------------------------
void ShowPoints(vtkMRMLMarkupsFiducialNode* node)
{
  node->CreateDefaultDisplayNodes();
  auto* display = vtkMRMLMarkupsDisplayNode::SafeDownCast(node->GetDisplayNode());
  if (!display)
  {
    return;
  }
  std::array<double, 3> flagged = NoduleColor(0, true);
  std::array<double, 3> other = NoduleColor(0, false);
  display->SetSelectedColor(flagged.data());
  display->SetColor(other.data());
  display->SetGlyphType(vtkMRMLMarkupsDisplayNode::Cross2D);
  display->SetGlyphScale(1.0); // percent of the view
  display->SetTextScale(2.5);
}

//----------------------------------------------------------------------------
void ShowPoint(vtkMRMLMarkupsFiducialNode* node, int id, bool visible)
{
  const int point = node ? node->GetControlPointIndexByID(NoduleKey(id).c_str()) : -1;
  if (point >= 0 && node->GetNthControlPointVisibility(point) != visible)
  {
    node->SetNthControlPointVisibility(point, visible);
  }
}

} // namespace sam2lung_slicer
