/// \file
/// From a run's results to the output nodes of a parameter node. Main thread only.

#ifndef SAM2LungOutputs_h
#define SAM2LungOutputs_h

#include "SAM2LungRun.h"

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Writes everything a whole run found; makes the output nodes that are absent, beside the CT in the subject hierarchy
/// and under its parent transform. The parameter node has a scene and an input volume.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void WriteOutputs(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output);

/// Lets the one nodule `output.at_point` into the outputs, in the place of the one of which it is another version (they share
/// half of the smaller one's voxels), or as a new one; no other nodule changes. Where outputs are absent or lie on another
/// grid, they are made with this nodule alone.
/// \return its number in the outputs; 0 if there was no nodule at the point
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
int MergeNodule(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output);

/// The result that the outputs hold, in a line; empty: none.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string ResultText(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
