/// \file
/// The diameters in any plane as lines to be seen: two locked lines a nodule, beside its CT. Main thread only.

#ifndef SAM2LungAxes_h
#define SAM2LungAxes_h

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Draws long and short axis of each nodule that isn't rejected, by the ends in the table, where the parameter node asks for them
/// (vtkMRMLSAM2LungParametersNode::GetAxesVisible()). Lines that are there are moved; those of other nodules go. A nodule whose
/// axes aren't known has none.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void UpdateAxes(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
