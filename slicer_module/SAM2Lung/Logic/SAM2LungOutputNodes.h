/// \file
/// The output nodes of a parameter node: made where they are absent, each with its name and place. Main thread only.

#ifndef SAM2LungOutputNodes_h
#define SAM2LungOutputNodes_h

class vtkMRMLColorTableNode;
class vtkMRMLLabelMapVolumeNode;
class vtkMRMLMarkupsFiducialNode;
class vtkMRMLNode;
class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLSegmentationNode;
class vtkMRMLTableNode;

namespace sam2lung_slicer
{

struct OutputNodes
{
  vtkMRMLSegmentationNode* segmentation = nullptr;
  vtkMRMLLabelMapVolumeNode* labels = nullptr;
  vtkMRMLScalarVolumeNode* uncertainty = nullptr;
  vtkMRMLScalarVolumeNode* probability = nullptr; ///< Null unless wanted.
  vtkMRMLTableNode* table = nullptr;
  vtkMRMLMarkupsFiducialNode* points = nullptr;
  vtkMRMLColorTableNode* nodule_colors = nullptr;
  vtkMRMLColorTableNode* map_colors = nullptr; ///< Of uncertainty and probability.
};

/// All of them, in a folder beside the CT in the subject hierarchy where they are new, and under the CT's transform.
///
/// Two parameter nodes with one output node: the later run's content stands there, for both.
OutputNodes MakeOutputNodes(vtkMRMLSAM2LungParametersNode* parameters, bool probability);

/// Whether something of this kind is written into the node for the first time: then how it is shown is still to be set;
/// later it is the user's business. Remembers the kind.
bool FirstTime(vtkMRMLNode* node, const char* kind);

} // namespace sam2lung_slicer

#endif
