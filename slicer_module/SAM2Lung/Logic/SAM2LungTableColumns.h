/// \file
/// What stands in the columns of the nodule table.

#ifndef SAM2LungTableColumns_h
#define SAM2LungTableColumns_h

#include <string>
#include <vector>

#include <vtkVariant.h>

#include <sam2lung/enums.hpp>
#include <sam2lung/nodule.hpp>

namespace sam2lung_slicer
{

/// A unit for people and, as Slicer's tables want it, in the Unified Code for Units of Measure; both empty: none.
struct TableUnit
{
  const char* label = "";
  const char* ucum = "";
  const char* meaning = "";
};

struct TableColumn
{
  const char* name; ///< As in `nodules.csv`; never translated.
  int type;         ///< VTK_DOUBLE, VTK_INT, VTK_BIT (shown as a check box) or VTK_STRING.
  TableUnit unit;
  std::string title;
  std::string description;
  vtkVariant (*cell)(const sam2lung::Nodule& nodule); ///< NaN: the model says nothing about it.
};

/// Between the reasons of one nodule, as in `nodules.csv`.
constexpr const char* REASON_SEPARATOR = "; ";

/// Of what kind the uncertainty is decides one unit.
std::vector<TableColumn> TableColumns(sam2lung::Uncertainty uncertainty);

/// As on the command line: "entropy", "variance", "mutual-information".
const char* UncertaintyName(sam2lung::Uncertainty uncertainty);

} // namespace sam2lung_slicer

#endif
