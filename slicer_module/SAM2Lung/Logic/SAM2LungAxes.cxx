#include "SAM2LungAxes.h"

#include "SAM2LungOutputNodes.h"
#include "SAM2LungReview.h"
#include "SAM2LungTable.h"
#include "SAM2LungViews.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLMarkupsDisplayNode.h>
#include <vtkMRMLMarkupsLineNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>

#include <vtkNew.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>

namespace sam2lung_slicer
{

namespace
{

/// Whose axis a line is, in an attribute of it: "3 long".
constexpr const char* AXIS = "SAM2Lung.Axis";
constexpr double LINE_MM = 0.4;
constexpr double TEXT_SCALE = 2.5;

struct Axis
{
  std::string name;                               ///< For people.
  std::array<std::array<double, 3>, 2> ends_ras{}; ///< In the CT's own frame, mm.
};

/// By the columns `long_axis_3d_start_r` and so on.
std::array<std::array<double, 3>, 2> EndsInTable(vtkMRMLTableNode* table, int id, const std::string& axis)
{
  std::array<std::array<double, 3>, 2> ends_ras{};
  const std::array<const char*, 2> parts{ { "start", "end" } };
  const std::array<const char*, 3> towards{ { "r", "a", "s" } };
  for (std::size_t end = 0; end < parts.size(); ++end)
  {
    for (std::size_t n = 0; n < towards.size(); ++n)
    {
      ends_ras[end][n] = CellNumber(table, id, axis + "_axis_3d_" + parts[end] + "_" + towards[n]);
    }
  }
  return ends_ras;
}

bool IsKnown(const Axis& axis)
{
  return std::all_of(axis.ends_ras.begin(),
                     axis.ends_ras.end(),
                     [](const std::array<double, 3>& end)
                     { return std::all_of(end.begin(), end.end(), [](double mm) { return std::isfinite(mm); }); });
}

/// The lines that are to be seen, by their keys.
std::map<std::string, Axis> Wanted(vtkMRMLSAM2LungParametersNode* parameters)
{
  std::map<std::string, Axis> wanted;
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  const bool shown = parameters->GetAxesVisible() && parameters->GetInputVolumeNode() && IsNoduleTable(table);
  for (const int id : shown ? NoduleIDs(table) : std::vector<int>())
  {
    const std::string title = NoduleTitle(parameters, id);
    const Axis longest{ vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 long axis"), title.c_str()),
                        EndsInTable(table, id, "long") };
    const Axis shortest{ vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 short axis"), title.c_str()),
                         EndsInTable(table, id, "short") };
    if (NoduleAccepted(parameters, id) && IsKnown(longest) && IsKnown(shortest))
    {
      wanted[std::to_string(id) + " long"] = longest;
      wanted[std::to_string(id) + " short"] = shortest;
    }
  }
  return wanted;
}

void Move(vtkMRMLMarkupsLineNode* line, const Axis& axis)
{
  MRMLNodeModifyBlocker blocker(line);
  line->SetName(axis.name.c_str());
  // A locked line can still be moved from here.
  for (int end = 0; end < 2; ++end)
  {
    const std::array<double, 3>& ras = axis.ends_ras[static_cast<std::size_t>(end)];
    if (line->GetNumberOfControlPoints() <= end)
    {
      line->AddControlPoint(ras[0], ras[1], ras[2]);
    }
    else
    {
      line->SetNthControlPointPosition(end, ras[0], ras[1], ras[2]);
    }
  }
}

void Show(vtkMRMLMarkupsLineNode* line)
{
  line->CreateDefaultDisplayNodes();
  auto* const display = vtkMRMLMarkupsDisplayNode::SafeDownCast(line->GetDisplayNode());
  if (display)
  {
    display->SetPointLabelsVisibility(false);
    display->SetPropertiesLabelVisibility(true); // name and length
    display->SetTextScale(TEXT_SCALE);
    display->SetGlyphScale(1.0);
    display->SetCurveLineSizeMode(vtkMRMLMarkupsDisplayNode::UseLineDiameter);
    display->SetLineDiameter(LINE_MM);
  }
}

void Add(vtkMRMLSAM2LungParametersNode* parameters, const std::string& key, const Axis& axis)
{
  vtkNew<vtkMRMLMarkupsLineNode> line;
  line->SetAttribute(AXIS, key.c_str());
  line->SetName(axis.name.c_str());
  // Into the scene first: its length is measured in the scene's unit.
  AddBeside(parameters, line, AXES_ROLE);
  Show(line);
  Move(line, axis);
  line->SetLocked(true);
}

} // namespace

//----------------------------------------------------------------------------
void UpdateAxes(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (!parameters || !parameters->GetScene())
  {
    return;
  }
  std::map<std::string, Axis> wanted = Wanted(parameters);
  for (vtkMRMLDisplayableNode* node : NodesBeside(parameters, AXES_ROLE))
  {
    auto* const line = vtkMRMLMarkupsLineNode::SafeDownCast(node);
    const char* const key = line ? line->GetAttribute(AXIS) : nullptr;
    const auto found = key ? wanted.find(key) : wanted.end();
    if (found == wanted.end())
    {
      RemoveWhole(node);
    }
    else
    {
      Move(line, found->second);
      wanted.erase(found);
    }
  }
  for (const auto& [key, axis] : wanted)
  {
    Add(parameters, key, axis);
  }
  if (!wanted.empty())
  {
    HideUnlessShown(parameters);
  }
}

} // namespace sam2lung_slicer
