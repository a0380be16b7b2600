/// \file
/// Walking through the nodules of a parameter node: order, cells, accepting, rejecting, looking. Main thread only.

#ifndef SAM2LungReview_h
#define SAM2LungReview_h

#include "SAM2LungReading.h"

#include <array>
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
/// Writes it into the table; shows or hides segment and point. \return whether there is such a nodule
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool SetNoduleReading(vtkMRMLSAM2LungParametersNode* parameters, int id, const Reading& reading);
/// Takes it from one reading to another: what both have in common is left as it is now. \return whether there is such a nodule
bool ChangeReading(vtkMRMLSAM2LungParametersNode* parameters, int id, const Reading& from, const Reading& to);
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
Reading NoduleReading(vtkMRMLSAM2LungParametersNode* parameters, int id);
/// The nodule to look at after this one (`step` 1) or before it (-1) in the order of review, around its ends; 0: there is
/// none. From none, `id` 0, to the first or last one.
/// \param undecided_first  the others only when no other one is undecided
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
int NeighbourInReview(vtkMRMLSAM2LungParametersNode* parameters, int id, int step, bool undecided_first);
/// Shows the segments and points of accepted nodules, and hides those of rejected ones.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void ShowAsAccepted(vtkMRMLSAM2LungParametersNode* parameters);
/// Whether there is such a nodule, and it is known where.
bool HasPlace(vtkMRMLSAM2LungParametersNode* parameters, int id);
/// Moves slice and 3-D views of the parameter node's scene. \return whether there is such a nodule
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool JumpToNodule(vtkMRMLSAM2LungParametersNode* parameters, int id);
/// The same of a place in the CT's own frame, mm.
void JumpToPlace(vtkMRMLSAM2LungParametersNode* parameters, const std::array<double, 3>& local_ras);

} // namespace sam2lung_slicer

#endif
