/// \file
/// Whether a run may write to the nodes that the user chose for its outputs. Main thread only.

#ifndef SAM2LungTargets_h
#define SAM2LungTargets_h

#include <string>

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Outputs are written anew: what the run reads, and what another output is written to, would be lost.
/// What was got, what was expected and what to do, for people; empty: nothing stands in the way.
std::string TargetProblem(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
