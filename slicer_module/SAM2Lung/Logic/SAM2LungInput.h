/// \file
/// Whether a run can be made of what the user chose. Main thread only; of the voxels, a sample is looked at.
///
/// Each function returns what was got, what was expected and what to do, for people; empty: nothing stands in the way.

#ifndef SAM2LungInput_h
#define SAM2LungInput_h

#include <string>

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLScene;

namespace sam2lung_slicer
{

/// Whether the parameter node and its volume belong to the scene.
std::string NodeProblem(vtkMRMLSAM2LungParametersNode* parameters, vtkMRMLScene* scene);
/// Whether a volume is a CT that can be segmented where it lies.
std::string VolumeProblem(vtkMRMLScalarVolumeNode* ct);
/// Whether it is a CT, wherever it lies: its kind, modality, size and values.
std::string ImageProblem(vtkMRMLScalarVolumeNode* volume);

} // namespace sam2lung_slicer

#endif
