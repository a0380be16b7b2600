/// \file
/// CTs and parameter nodes of a scene. Main thread only.

#ifndef SAM2LungNodes_h
#define SAM2LungNodes_h

#include <vector>

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLScene;

namespace sam2lung_slicer
{

/// Whether a user would choose it as a CT: not hidden, a CT by its looks, and not made by this module.
bool CanBeCT(vtkMRMLScalarVolumeNode* volume);
/// Whether a run has written it: an uncertainty or a probability. The volume is in a scene.
bool IsOutput(vtkMRMLScalarVolumeNode* volume);
/// The volume that came last and can be a CT: by CanBeCT(). None: nullptr.
vtkMRMLScalarVolumeNode* NewestCT(vtkMRMLScene* scene);
/// All parameter nodes of a CT, in the order in which they came.
std::vector<vtkMRMLSAM2LungParametersNode*> FindParametersNodes(vtkMRMLScene* scene, vtkMRMLScalarVolumeNode* ct);
/// The first of them. None: nullptr.
vtkMRMLSAM2LungParametersNode* FindParametersNode(vtkMRMLScene* scene, vtkMRMLScalarVolumeNode* ct);
/// Makes the nodule tables of all of them such as this version of the module writes.
void UpgradeTables(vtkMRMLScene* scene);
/// A new one, with the options of the one that was made last.
vtkMRMLSAM2LungParametersNode* AddParametersNode(vtkMRMLScene* scene, vtkMRMLScalarVolumeNode* ct);

} // namespace sam2lung_slicer

#endif
