#include "SAM2LungShownColumns.h"

#include "SAM2LungTableColumns.h"

#include <vtkMRMLI18N.h>

#include <vtkType.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>

namespace sam2lung_slicer
{

namespace
{

/// Shown unless someone chooses.
constexpr const char* DEFAULT = "long_axis_mm volume_mm3 nodule_probability uncertainty_mean";

/// What every list of nodules says anyway.
bool IsShownAnyway(const std::string& name)
{
  static const std::set<std::string> names{ "id", "accepted", "decided", "comment", "reader", "review" };
  return names.count(name) > 0;
}

/// Radiologists read the size of a nodule in mm with one decimal, and its volume and HU in whole numbers.
int DecimalsOf(const TableColumn& column)
{
  const std::string unit = column.unit.label;
  if (column.type == VTK_STRING || column.type == VTK_BIT)
  {
    return -1;
  }
  if (column.type == VTK_INT || unit == "mm³" || unit == "%" || unit == "d" || unit == "HU" || unit == "mg" || unit == "voxel")
  {
    return 0;
  }
  return unit == "mm" ? 1 : 2;
}

/// What the default columns are called in a narrow panel.
std::string TitleOf(const TableColumn& column)
{
  const std::string name = column.name;
  return name == "long_axis_mm"         ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Size")
         : name == "nodule_probability" ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Prob.")
         : name == "uncertainty_mean"   ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Doubt")
                                        : column.title;
}

} // namespace

//----------------------------------------------------------------------------
const std::vector<ShownColumn>& ChoosableColumns()
{
  static const std::vector<ShownColumn> all = []
  {
    std::vector<ShownColumn> columns;
    for (const TableColumn& column : TableColumns(sam2lung::Uncertainty::variance))
    {
      if (!IsShownAnyway(column.name))
      {
        columns.push_back({ column.name, TitleOf(column), column.title, column.unit.label, column.description,
                            DecimalsOf(column), column.type == VTK_BIT });
      }
    }
    return columns;
  }();
  return all;
}

//----------------------------------------------------------------------------
std::vector<ShownColumn> ColumnsOf(const std::string& names)
{
  std::istringstream words(names);
  const std::set<std::string> wanted{ std::istream_iterator<std::string>(words), std::istream_iterator<std::string>() };
  std::vector<ShownColumn> columns;
  std::copy_if(ChoosableColumns().begin(),
               ChoosableColumns().end(),
               std::back_inserter(columns),
               [&](const ShownColumn& column) { return wanted.count(column.name) > 0; });
  return columns.empty() ? ColumnsOf(DEFAULT) : columns;
}

//----------------------------------------------------------------------------
std::string ShareText(double share)
{
  const double hundredths = std::round(100.0 * share);
  if (hundredths < 1.0 && share > 0.0)
  {
    return "< 0.01";
  }
  if (hundredths > 99.0 && share < 1.0)
  {
    return "> 0.99";
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", share);
  return text;
}

//----------------------------------------------------------------------------
std::string ChanceText(double probability)
{
  // Not a number stays that.
  return ShareText(std::min(std::max(probability, std::numeric_limits<double>::min()), std::nextafter(1.0, 0.0)));
}

//----------------------------------------------------------------------------
std::string NamesOf(const std::vector<ShownColumn>& columns)
{
  std::string names;
  for (const ShownColumn& column : columns)
  {
    names += (names.empty() ? "" : " ") + column.name;
  }
  return names;
}

} // namespace sam2lung_slicer
