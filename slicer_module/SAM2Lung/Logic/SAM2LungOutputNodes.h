/// \file
/// The output nodes of a parameter node: made where they are absent, each with its name and place. Main thread only.

#ifndef SAM2LungOutputNodes_h
#define SAM2LungOutputNodes_h

#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>

#include <vtkWeakPointer.h>

#include <vector>

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Weak: between the steps of writing them, the user may remove one.
struct OutputNodes
{
  vtkWeakPointer<vtkMRMLSegmentationNode> segmentation;
  vtkWeakPointer<vtkMRMLLabelMapVolumeNode> labels;
  vtkWeakPointer<vtkMRMLScalarVolumeNode> uncertainty;
  vtkWeakPointer<vtkMRMLScalarVolumeNode> probability; ///< Null unless wanted.
  vtkWeakPointer<vtkMRMLTableNode> table;
  vtkWeakPointer<vtkMRMLMarkupsFiducialNode> points;
  vtkWeakPointer<vtkMRMLColorTableNode> nodule_colors;
  vtkWeakPointer<vtkMRMLColorTableNode> map_colors; ///< Of uncertainty and probability.
};

/// How many there are.
constexpr int OUTPUT_NODES = 8;

/// All of them, in a folder beside the CT in the subject hierarchy where they are new, and under the CT's transform.
///
/// Two parameter nodes with one output node: the later run's content stands there, for both.
/// \param at_most  so many new ones are made at most; the others are null then
OutputNodes MakeOutputNodes(vtkMRMLSAM2LungParametersNode* parameters, bool probability, int at_most = OUTPUT_NODES);

/// The colours of the nodules that were made for this parameter node; null: none.
vtkMRMLColorTableNode* NoduleColorsOf(vtkMRMLSAM2LungParametersNode* parameters);

/// What stands beside the outputs where it is asked for, shown and hidden with them. Lines are in a role of the
/// parameter node; the outline of before, which no scene file keeps, names its parameter node by an attribute: a
/// reference would be saved, and in the opened scene mean another node.
constexpr const char* AXES_ROLE = "SAM2Lung.axes";
constexpr const char* BEFORE_ROLE = "SAM2Lung.outlineBefore";

/// Makes it one of the nodes that were made here: into the folder beside the CT, and under the CT's transform.
void AddBeside(vtkMRMLSAM2LungParametersNode* parameters, vtkMRMLTransformableNode* node, const char* role);
/// Those nodes.
std::vector<vtkMRMLDisplayableNode*> NodesBeside(vtkMRMLSAM2LungParametersNode* parameters, const char* role);
/// Marks a node as made here, so that it goes with its CT.
void MarkMade(vtkMRMLNode* node);
/// Removes a node with what exists for it alone: display and storage nodes.
void RemoveWhole(vtkMRMLNode* node);

/// Whether all of them are still in the scene.
bool AreThere(const OutputNodes& nodes, vtkMRMLScene* scene, bool probability);
/// What was made for this parameter node alone and is in no other one's use: outputs and color tables.
std::vector<vtkMRMLNode*> MadeNodes(vtkMRMLSAM2LungParametersNode* parameters);

/// Whether something of this kind is written into the node for the first time: then how it is shown is still to be set;
/// later it is the user's business. Remembers the kind.
bool FirstTime(vtkMRMLNode* node, const char* kind);

} // namespace sam2lung_slicer

#endif
