/// \file
/// Walking through the nodules of a parameter node: order, cells, accepting, rejecting, looking. Main thread only.

#ifndef SAM2LungReview_h
#define SAM2LungReview_h

#include <string>
#include <vector>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Flagged nodules first, then large ones first.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::vector<int> ReviewOrder(vtkMRMLSAM2LungParametersNode* parameters);
/// A cell of the table, as text; empty: none there.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string NoduleText(vtkMRMLSAM2LungParametersNode* parameters, int id, const std::string& column);
/// What it is called in a list, of a region its name; empty: there is no such nodule.
std::string NoduleTitle(vtkMRMLSAM2LungParametersNode* parameters, int id);
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool NoduleFlagged(vtkMRMLSAM2LungParametersNode* parameters, int id);
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool NoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id);
/// Marks it in the table; shows or hides segment and point. \return whether there is such a nodule
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool SetNoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id, bool accepted);
/// Shows the segments and points of accepted nodules, and hides those of rejected ones.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void ShowAsAccepted(vtkMRMLSAM2LungParametersNode* parameters);
/// Whether there is such a nodule, and it is known where.
bool HasPlace(vtkMRMLSAM2LungParametersNode* parameters, int id);
/// Moves slice and 3-D views of the parameter node's scene. \return whether there is such a nodule
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool JumpToNodule(vtkMRMLSAM2LungParametersNode* parameters, int id);

} // namespace sam2lung_slicer

#endif
