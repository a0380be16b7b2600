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
/// Whether a volume can be segmented where it lies.
/// \param hu  whether it has to be a CT in Hounsfield units; else it is any volume of one value a voxel
std::string VolumeProblem(vtkMRMLScalarVolumeNode* volume, bool hu = true);
/// Whether it is a CT, wherever it lies: its kind, modality, size and values.
std::string ImageProblem(vtkMRMLScalarVolumeNode* volume);

} // namespace sam2lung_slicer

#endif
