/// \file
/// Where nodules are looked for, as voxels on the CT's grid. Main thread only.

#ifndef SAM2LungMask_h
#define SAM2LungMask_h

#include "SAM2LungRun.h"

#include <string>

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Makes `input.mask` of the parameter node's segment, wherever it and the CT lie under their parent transforms.
/// \return what stands in the way and what to do, for people; empty: it was made
std::string SegmentMask(vtkMRMLSAM2LungParametersNode* parameters, RunInput& input);

} // namespace sam2lung_slicer

#endif
