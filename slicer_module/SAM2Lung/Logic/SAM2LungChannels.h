/// \file
/// The volumes that a model takes beside the input volume. Main thread only.

#ifndef SAM2LungChannels_h
#define SAM2LungChannels_h

#include "SAM2LungModels.h"

#include <string>
#include <vector>

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;

namespace sam2lung_slicer
{

/// Why the volumes that were chosen can't be the model's channels and what to do, for people; empty: they can. The input volume
/// is the first channel; the others have to lie on its grid and under its transform.
std::string ChannelsProblem(vtkMRMLSAM2LungParametersNode* parameters, const ModelFacts& model);

} // namespace sam2lung_slicer

#endif
