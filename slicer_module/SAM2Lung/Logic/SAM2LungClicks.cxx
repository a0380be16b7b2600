#include "SAM2LungClicks.h"

#include "SAM2LungLabels.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungTable.h"

#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkTable.h>
#include <vtkVariant.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <sstream>

namespace sam2lung_slicer
{

namespace
{

constexpr const char* COLUMN = "clicks";
constexpr const char* INSIDE = "in";
constexpr const char* OUTSIDE = "out";

/// How far apart two voxels lie, in mm squared.
double SquaredMm(const std::array<double, 3>& a_ijk, const std::array<double, 3>& b_ijk, const sam2lung::Matrix& m)
{
  double squared = 0.0;
  for (std::size_t row = 0; row < 3; ++row)
  {
    double along = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis)
    {
      along += m[4 * row + axis] * (a_ijk[axis] - b_ijk[axis]);
    }
    squared += along * along;
  }
  return squared;
}

/// The voxel of the nodule's outline that is nearest to its centre; none: it has no outline.
std::optional<sam2lung::Index> MiddleOf(int id, const RunInput& input)
{
  const Previous* const previous = input.previous.get();
  const auto nodule = previous ? previous->nodules.find(id) : std::map<int, sam2lung::Nodule>::const_iterator();
  if (!previous || !previous->labels || nodule == previous->nodules.end())
  {
    return std::nullopt;
  }
  const auto shares = FindLabels(previous->labels);
  const auto own = shares.find(id);
  std::optional<sam2lung::Index> middle;
  double nearest = std::numeric_limits<double>::infinity();
  ForEachVoxel(own == shares.end() ? Box() : own->second.box,
               [&](int i, int j, int k)
               {
                 const auto label = *static_cast<std::uint16_t*>(previous->labels->GetScalarPointer(i, j, k));
                 const double squared = SquaredMm(
                   { double(i), double(j), double(k) }, nodule->second.centroid_ijk, input.ijk_to_ras);
                 if (label == id && squared < nearest)
                 {
                   nearest = squared;
                   middle = sam2lung::Index{ i, j, k };
                 }
               });
  return middle;
}

} // namespace

//----------------------------------------------------------------------------
std::string ClicksText(const std::vector<RunClick>& clicks)
{
  std::ostringstream text;
  for (const RunClick& click : clicks)
  {
    text << (text.tellp() > 0 ? "; " : "") << (click.inside ? INSIDE : OUTSIDE);
    for (const std::int64_t index : click.ijk)
    {
      text << " " << index;
    }
  }
  return text.str();
}

//----------------------------------------------------------------------------
std::vector<RunClick> ClicksOfText(const std::string& text)
{
  std::vector<RunClick> clicks;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ';');)
  {
    std::istringstream words(part);
    std::string side;
    RunClick click;
    if (words >> side >> click.ijk[0] >> click.ijk[1] >> click.ijk[2] && (side == INSIDE || side == OUTSIDE))
    {
      click.inside = side == INSIDE;
      clicks.push_back(click);
    }
  }
  return clicks;
}

//----------------------------------------------------------------------------
std::vector<RunClick> ClicksInTable(vtkMRMLTableNode* node, int id)
{
  return ClicksOfText(CellText(node, id, COLUMN));
}

//----------------------------------------------------------------------------
void WriteClicks(vtkMRMLTableNode* node, int id, const std::vector<RunClick>& clicks)
{
  const int row = NoduleRow(node, id);
  vtkAbstractArray* const cells = row < 0 ? nullptr : node->GetTable()->GetColumnByName(COLUMN);
  if (cells)
  {
    cells->SetVariantValue(row, vtkVariant(ClicksText(clicks)));
    cells->Modified();
    node->GetTable()->Modified();
  }
}

//----------------------------------------------------------------------------
std::vector<RunClick> WithClicksBefore(vtkMRMLTableNode* node, int id, const RunClick& click, const RunInput& input)
{
  std::vector<RunClick> clicks = ClicksInTable(node, id);
  // Of a table that belonged to another CT, or was edited, a voxel may lie beyond this one; the library would refuse it.
  const int* const dims = input.ct->GetDimensions();
  const auto beyond = [dims](const RunClick& each)
  {
    bool inside = true;
    for (std::size_t axis = 0; axis < 3; ++axis)
    {
      inside = inside && 0 <= each.ijk[axis] && each.ijk[axis] < dims[axis];
    }
    return !inside;
  };
  clicks.erase(std::remove_if(clicks.begin(), clicks.end(), beyond), clicks.end());
  const bool any_inside = std::any_of(clicks.begin(), clicks.end(), [](const RunClick& each) { return each.inside; });
  if (const auto middle = any_inside ? std::nullopt : MiddleOf(id, input))
  {
    clicks.insert(clicks.begin(), { *middle, true });
  }
  clicks.erase(std::remove_if(clicks.begin(), clicks.end(), [&](const RunClick& each) { return each.ijk == click.ijk; }),
               clicks.end());
  clicks.push_back(click);
  return clicks;
}

} // namespace sam2lung_slicer
