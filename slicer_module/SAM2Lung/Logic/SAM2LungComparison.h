/// \file
/// A comparison with a prior as the nodule table keeps it: columns of its own, and attributes of its node. Main thread only.

#ifndef SAM2LungComparison_h
#define SAM2LungComparison_h

#include "SAM2LungCompare.h"
#include "SAM2LungKept.h"
#include "SAM2LungTableColumns.h"

#include <array>
#include <string>
#include <vector>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLTableNode;
class vtkTable;

namespace sam2lung_slicer
{

/// Columns of the nodule table, empty unless a comparison filled them.
std::vector<TableColumn> ComparisonColumns();

/// Those that a list of nodules gets when it is compared, with spaces between them.
constexpr const char* COMPARED_COLUMNS = "change volume_change_percent growth_probability";

/// A nodule that the prior scan alone has, and no reader outlined in the current one.
struct GoneNodule
{
  std::string change; ///< "gone", "not-searched-now", or what became of one that is below the smallest diameter now.
  int prior = 0;      ///< Its number there.
  std::array<double, 3> place_ras{}; ///< In the current CT's own frame, mm.
  double volume_mm3 = 0;             ///< In the prior scan.
  double probability = 0;            ///< Highest probability of a nodule there in the current scan; NaN: not known.
};

/// Writes the comparison into a table of nodules, over an earlier one. Nodules whose outline isn't the run's any more (clicked, or
/// edited by hand) stay empty: the comparison is of the run's.
/// \param current  the result behind the table
/// \param prior    the result behind the prior's table; null: of a folder, with numbers of its own
void WriteComparison(vtkMRMLTableNode* node,
                     const Compared& compared,
                     const Kept& current,
                     const Kept* prior,
                     const std::string& prior_name);
/// Which comparison the table's cells are of: another number once one was written, or went.
int ComparisonStamp(vtkMRMLTableNode* node);
/// Empties the columns of comparisons in a table that is in no node, or whose observers are told afterwards.
void EmptyComparison(vtkTable* rows);
/// Its attributes go; its columns go with the rows.
void ForgetComparison(vtkMRMLTableNode* node);
/// All of it goes, and the rows stay: what it was made of isn't there any more.
void EndComparison(vtkMRMLTableNode* node);

/// With what, when, and how many of which change: "Compared with 'CT 2023', 181 days before: 1 new, 3 stable, 1 gone." What
/// wasn't compared follows by name. Empty: no comparison.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string ComparisonText(vtkMRMLTableNode* node);
/// What the prior was called when it was compared; empty: no comparison.
std::string ComparedWith(vtkMRMLTableNode* node);
/// Why someone should check the matches, a line each; empty: nothing speaks against them.
std::string ComparisonDoubts(vtkMRMLTableNode* node);
/// What became of a nodule, for people; of one that a reader outlined, what the prior has there. Empty: it wasn't compared.
std::string ChangeText(vtkMRMLTableNode* node, int id);
/// Those that no reader outlined since: a click, and taking it back, count at once.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::vector<GoneNodule> GoneNodules(vtkMRMLTableNode* node);
/// "Gone: Nodule 3 of the prior, 280 mm³."
std::string GoneText(const GoneNodule& gone);

} // namespace sam2lung_slicer

#endif
