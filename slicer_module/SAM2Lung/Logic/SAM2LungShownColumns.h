/// \file
/// Which measures a list of nodules shows, and how: chosen by the user, out of all columns of the nodule table.

#ifndef SAM2LungShownColumns_h
#define SAM2LungShownColumns_h

#include <string>
#include <vector>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

namespace sam2lung_slicer
{

struct ShownColumn
{
  std::string name;        ///< As in the nodule table.
  std::string title;       ///< For the head of a narrow column.
  std::string full_title;  ///< For a menu.
  std::string unit;        ///< Empty: none.
  std::string description;
  int decimals = -1;       ///< Of a number; negative: a text or a flag.
  bool flag = false;       ///< Whether its cells are yes (1) or no (0).
};

/// All that can be chosen, in the order of the nodule table: measures of the library, "edited" and "clicks". A new measure is
/// there by itself.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
const std::vector<ShownColumn>& ChoosableColumns();

/// Those of the names (with spaces between them) that can be chosen, each once, in the order of the nodule table; where there is
/// none, those that are shown unless someone chooses.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::vector<ShownColumn> ColumnsOf(const std::string& names);
/// Their names, with spaces between them.
std::string NamesOf(const std::vector<ShownColumn>& columns);

/// A probability or share with two decimals, as on the report page: what is merely rounded to 0.00 or 1.00 is "< 0.01" or "> 0.99".
std::string ShareText(double share);

/// The same of what nobody counted, such as the probability of growth: it is never certain, though its number may be rounded.
std::string ChanceText(double probability);

} // namespace sam2lung_slicer

#endif
