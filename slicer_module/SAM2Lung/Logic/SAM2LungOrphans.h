/// \file
/// What is left of a CT that was removed. Main thread only.

#ifndef SAM2LungOrphans_h
#define SAM2LungOrphans_h

#include <string>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Removes the parameter node and what was made for it; nodes that the user chose or another parameter node uses stay.
/// So do segmentation, table and points that hold the user's work; they are hidden.
/// \return what stays and why, for people; empty: nothing
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string RemoveOutputs(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
