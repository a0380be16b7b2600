/// \file
/// Whether the options of a parameter node are ones that there are. Main thread only.
///
/// Each function returns what was got, what was expected and what to do, for people; empty: nothing stands in the way.

#ifndef SAM2LungOptions_h
#define SAM2LungOptions_h

#include <string>

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

class Models;

/// Numbers, choices, and whether the model is there.
std::string OptionProblem(vtkMRMLSAM2LungParametersNode* parameters, Models& models);
/// Whether the segment to search in is there, where one is asked for. Whether it holds a voxel shows when it is copied.
std::string SegmentProblem(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
