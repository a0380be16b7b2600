/// \file
/// The nodule table: columns, units, rows, and the facts about the run. Main thread only.

#ifndef SAM2LungTable_h
#define SAM2LungTable_h

#include "SAM2LungRun.h"

#include <string>
#include <vector>

#include <vtkSmartPointer.h>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLTableNode;
class vtkTable;

namespace sam2lung_slicer
{

/// The columns of `nodules.json`, those of a reader (SAM2LungReading.h) and those of a comparison (SAM2LungComparison.h), a row a
/// nodule; all are undecided and not compared.
vtkSmartPointer<vtkTable> MakeTable(const std::vector<sam2lung::Nodule>& nodules);
/// Makes it the node's, with titles, descriptions and units of the columns.
/// \param classes  RunOutput::classes
void WriteTable(vtkMRMLTableNode* node, vtkTable* table, const RunFacts& facts, const RunClasses& classes);
/// Whether the rows are classes of a model, and no nodules.
bool HasRegions(vtkMRMLTableNode* node);
/// Makes a table of an earlier version of the module such a table: columns that it lacks are added, empty.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void UpgradeTable(vtkMRMLTableNode* node);
/// Whether the node holds such a table.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool IsNoduleTable(vtkMRMLTableNode* node);

/// Numbers of the nodules, in the order of their rows; none if it is no such table.
std::vector<int> NoduleIDs(vtkMRMLTableNode* node);
/// Row of a nodule; -1: none.
int NoduleRow(vtkMRMLTableNode* node, int id);
int NoduleRow(vtkTable* table, int id);
/// Of the nodule's fields, those that name and place it and say why to look again.
sam2lung::Nodule NoduleInTable(vtkMRMLTableNode* node, int id);
/// Makes the nodule's row in `table` a copy of the one with `earlier` in the node, number and all else but the number.
void CopyRow(vtkMRMLTableNode* node, int earlier, vtkTable* table, int id);
/// Sets the row of the nodule, or adds one; it is undecided then.
void WriteNodule(vtkMRMLTableNode* node, const sam2lung::Nodule& nodule);
/// Removes its row, if there is one.
void RemoveNodule(vtkMRMLTableNode* node, int id);

/// A cell as text; empty: nothing there.
std::string CellText(vtkMRMLTableNode* node, int id, const std::string& column);
/// A cell as a number; NaN: nothing there.
double CellNumber(vtkMRMLTableNode* node, int id, const std::string& column);

/// The kind of uncertainty that the run's map shows; Uncertainty::bundle: it is not known.
sam2lung::Uncertainty TableUncertainty(vtkMRMLTableNode* node);
/// The classes and regions whose colours the segments have, a line each, "#d55e00 core"; empty: they have none of these.
std::string TableClassColors(vtkMRMLTableNode* node);
/// The result in a line; empty: the node holds none.
std::string TableResultText(vtkMRMLTableNode* node);
/// What the run found out that must be known, a line each; empty: nothing.
std::string TableWarningText(vtkMRMLTableNode* node);
/// The names of these warnings, as in `nodules.csv`: "W_THICK_SLICES; W_ONE_LUNG".
std::string TableWarningNames(vtkMRMLTableNode* node);

} // namespace sam2lung_slicer

#endif
