/// \file
/// The nodule table as a file that other programs read. Main thread only.

#ifndef SAM2LungExport_h
#define SAM2LungExport_h

#include <set>
#include <string>

class vtkMRMLTableNode;
class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

constexpr const char* EXPORTED_FILE = "nodules.csv";

/// Writes EXPORTED_FILE into a folder: a row a nodule, the columns of the table, and the names of
/// the run's warnings, as the command line writes it. It is written complete or not at all, and replaces no file.
/// \return what stands in the way and what to do, for people; empty: it is written
std::string ExportNodules(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
/// What EXPORTED_FILE says of these nodules.
std::string NodulesText(vtkMRMLTableNode* node, const std::set<int>& ids);
/// Writes a file complete or not at all. \return whether it is written
bool WriteText(const std::string& path, const std::string& text);

} // namespace sam2lung_slicer

#endif
