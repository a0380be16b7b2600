#include "SAM2LungOutputNodes.h"

#include "SAM2LungColors.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLDisplayNode.h>
#include <vtkMRMLDisplayableNode.h>
#include <vtkMRMLI18N.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLStorageNode.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTableNode.h>

#include <vtkSmartPointer.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

/// What the node holds, in an attribute of the node.
constexpr const char* KIND = "SAM2Lung.Kind";
/// Marks what was made here, as against what the user chose.
constexpr const char* MADE = "SAM2Lung.Made";
/// Roles by which the parameter node refers to the color tables, so that each run uses the same.
constexpr const char* NODULE_COLORS = "SAM2Lung.noduleColors";
constexpr const char* MAP_COLORS = "SAM2Lung.mapColors";

const char* NameOf(vtkMRMLNode* node)
{
  return node->GetName() ? node->GetName() : "";
}

/// The folder of the outputs, beside the CT in the subject hierarchy; made when the first thing is put there. Where the CT
/// is in no hierarchy, as in scripts without Slicer's window, nothing keeps one, and nothing is put there.
class Folder
{
public:
  Folder(vtkMRMLScalarVolumeNode* ct)
    : Hierarchy(vtkMRMLSubjectHierarchyNode::GetSubjectHierarchyNode(ct->GetScene()))
    , Name(vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodules"), NameOf(ct)))
  {
    const vtkIdType item = this->Hierarchy ? this->Hierarchy->GetItemByDataNode(ct) : NONE;
    this->Parent = item ? this->Hierarchy->GetItemParent(item) : NONE;
  }

  void Put(vtkMRMLNode* node)
  {
    if (!this->Parent)
    {
      return;
    }
    const vtkIdType item = this->Hierarchy->GetItemByDataNode(node);
    if (item)
    {
      this->Hierarchy->SetItemParent(item, this->GetItem());
    }
    else
    {
      this->Hierarchy->CreateItem(this->GetItem(), node);
    }
  }

private:
  static constexpr vtkIdType NONE = 0;

  vtkIdType GetItem()
  {
    if (!this->Item)
    {
      this->Item = this->Find();
    }
    if (!this->Item)
    {
      this->Item = this->Hierarchy->CreateFolderItem(this->Parent, this->Name);
    }
    return this->Item;
  }

  /// By name and level: the segmentation has the same name, and Slicer puts it beside the CT, too.
  vtkIdType Find()
  {
    std::vector<vtkIdType> items;
    this->Hierarchy->GetItemChildren(this->Parent, items);
    for (const vtkIdType item : items)
    {
      const bool is_folder =
        this->Hierarchy->IsItemLevel(item, vtkMRMLSubjectHierarchyConstants::GetSubjectHierarchyLevelFolder());
      if (is_folder && this->Hierarchy->GetItemName(item) == this->Name)
      {
        return item;
      }
    }
    return NONE;
  }

  vtkMRMLSubjectHierarchyNode* Hierarchy;
  std::string Name;
  vtkIdType Parent = NONE;
  vtkIdType Item = NONE;
};

template <typename Node>
Node* AddNode(vtkMRMLScene* scene, const char* class_name, const std::string& name)
{
  const auto node = vtkSmartPointer<vtkMRMLNode>::Take(scene->CreateNodeByClass(class_name));
  node->SetName(scene->GenerateUniqueName(name).c_str());
  node->SetAttribute(MADE, "1");
  return Node::SafeDownCast(scene->AddNode(node));
}

/// Makes output nodes of one parameter node.
class Maker
{
public:
  Maker(vtkMRMLSAM2LungParametersNode* parameters, int at_most)
    : Parameters(parameters)
    , Left(at_most)
    , CT(parameters->GetInputVolumeNode())
    , Outputs(this->CT)
  {
  }

  /// The node, or a new one; the latter is put into the folder and into the parameter node.
  template <typename Node>
  Node* Make(Node* node,
             const char* class_name,
             const std::string& name,
             void (vtkMRMLSAM2LungParametersNode::*set)(Node*))
  {
    if (!node && this->TakeOne())
    {
      node = AddNode<Node>(this->Parameters->GetScene(), class_name, this->Named(name));
      this->Outputs.Put(node);
      (this->Parameters->*set)(node);
    }
    return node;
  }

  template <typename Node>
  Node* MakeUnderTransform(Node* node,
                           const char* class_name,
                           const std::string& name,
                           void (vtkMRMLSAM2LungParametersNode::*set)(Node*))
  {
    node = this->Make(node, class_name, name, set);
    if (node)
    {
      node->SetAndObserveTransformNodeID(this->CT->GetTransformNodeID());
    }
    return node;
  }

  template <typename Write>
  vtkMRMLColorTableNode* MakeColors(const char* role, const std::string& name, Write write)
  {
    auto* node = vtkMRMLColorTableNode::SafeDownCast(this->Parameters->GetNodeReference(role));
    if (!node && this->TakeOne())
    {
      node = AddNode<vtkMRMLColorTableNode>(this->Parameters->GetScene(), "vtkMRMLColorTableNode", this->Named(name));
      write(node);
      node->SetAttribute("Category", "SAM2Lung");
      node->SetHideFromEditors(false); // hidden ones aren't offered for saving
      this->Parameters->SetNodeReferenceID(role, node->GetID());
    }
    return node;
  }

private:
  bool TakeOne() { return this->Left-- > 0; }

  std::string Named(const std::string& name) { return vtkMRMLI18N::Format(name, NameOf(this->CT)); }

  vtkMRMLSAM2LungParametersNode* Parameters;
  int Left; ///< How many more may be made.
  vtkMRMLScalarVolumeNode* CT;
  Folder Outputs;
};

} // namespace

//----------------------------------------------------------------------------
OutputNodes MakeOutputNodes(vtkMRMLSAM2LungParametersNode* parameters, bool probability, int at_most)
{
  using Parameters = vtkMRMLSAM2LungParametersNode;
  // No batch processing of the scene, here and wherever a result is written: at its end, Slicer's node selectors and views
  // begin anew, which takes a second, and slice views forget the outlines until they move.
  MRMLNodeModifyBlocker blocker(parameters);
  Maker maker(parameters, at_most);
  OutputNodes nodes;
  nodes.segmentation = maker.MakeUnderTransform(parameters->GetSegmentationNode(),
                                                "vtkMRMLSegmentationNode",
                                                vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodules"),
                                                &Parameters::SetSegmentationNode);
  nodes.labels = maker.MakeUnderTransform(parameters->GetLabelMapNode(),
                                          "vtkMRMLLabelMapVolumeNode",
                                          vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodule labels"),
                                          &Parameters::SetLabelMapNode);
  nodes.uncertainty = maker.MakeUnderTransform(parameters->GetUncertaintyVolumeNode(),
                                               "vtkMRMLScalarVolumeNode",
                                               vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 uncertainty"),
                                               &Parameters::SetUncertaintyVolumeNode);
  if (probability)
  {
    nodes.probability = maker.MakeUnderTransform(parameters->GetProbabilityVolumeNode(),
                                                 "vtkMRMLScalarVolumeNode",
                                                 vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 probability"),
                                                 &Parameters::SetProbabilityVolumeNode);
  }
  nodes.table = maker.Make(parameters->GetNoduleTableNode(),
                           "vtkMRMLTableNode",
                           vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodule table"),
                           &Parameters::SetNoduleTableNode);
  nodes.points = maker.MakeUnderTransform(parameters->GetNodulePointsNode(),
                                          "vtkMRMLMarkupsFiducialNode",
                                          vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodule points"),
                                          &Parameters::SetNodulePointsNode);
  nodes.nodule_colors =
    maker.MakeColors(NODULE_COLORS,
                     vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodule colors"),
                     [](vtkMRMLColorTableNode* node) { WriteNoduleColors(node, {}); });
  nodes.map_colors =
    maker.MakeColors(MAP_COLORS, vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 uncertainty colors"), WriteHeatColors);
  return nodes;
}

//----------------------------------------------------------------------------
vtkMRMLColorTableNode* NoduleColorsOf(vtkMRMLSAM2LungParametersNode* parameters)
{
  return vtkMRMLColorTableNode::SafeDownCast(parameters->GetNodeReference(NODULE_COLORS));
}

//----------------------------------------------------------------------------
void AddBeside(vtkMRMLSAM2LungParametersNode* parameters, vtkMRMLTransformableNode* node, const char* role)
{
  vtkMRMLScalarVolumeNode* const ct = parameters->GetInputVolumeNode();
  node->SetAttribute(MADE, "1");
  parameters->GetScene()->AddNode(node);
  node->SetAndObserveTransformNodeID(ct->GetTransformNodeID());
  Folder(ct).Put(node);
  if (node->GetSaveWithScene())
  {
    parameters->AddNodeReferenceID(role, node->GetID());
  }
  else
  {
    node->SetAttribute(role, parameters->GetID());
  }
}

//----------------------------------------------------------------------------
std::vector<vtkMRMLDisplayableNode*> NodesBeside(vtkMRMLSAM2LungParametersNode* parameters, const char* role)
{
  std::vector<vtkMRMLDisplayableNode*> nodes;
  for (int n = 0; n < parameters->GetNumberOfNodeReferences(role); ++n)
  {
    if (auto* const node = vtkMRMLDisplayableNode::SafeDownCast(parameters->GetNthNodeReference(role, n)))
    {
      nodes.push_back(node);
    }
  }
  std::vector<vtkMRMLNode*> all;
  if (parameters->GetScene() && std::string(role) == BEFORE_ROLE)
  {
    parameters->GetScene()->GetNodesByClass("vtkMRMLSegmentationNode", all);
  }
  for (vtkMRMLNode* node : all)
  {
    const char* const owner = node->GetAttribute(role);
    if (owner && parameters->GetID() && std::string(owner) == parameters->GetID())
    {
      nodes.push_back(vtkMRMLDisplayableNode::SafeDownCast(node));
    }
  }
  return nodes;
}

//----------------------------------------------------------------------------
void RemoveWhole(vtkMRMLNode* node)
{
  vtkMRMLScene* const scene = node->GetScene();
  std::vector<vtkSmartPointer<vtkMRMLNode>> nodes;
  if (auto* const displayable = vtkMRMLDisplayableNode::SafeDownCast(node))
  {
    for (int n = 0; n < displayable->GetNumberOfDisplayNodes(); ++n)
    {
      nodes.emplace_back(displayable->GetNthDisplayNode(n));
    }
  }
  if (auto* const storable = vtkMRMLStorableNode::SafeDownCast(node))
  {
    nodes.emplace_back(storable->GetStorageNode());
  }
  nodes.emplace_back(node);
  // Slicer's module would do it, but scripts run without its window, too. Where there is no hierarchy, none is made.
  auto* const hierarchy =
    vtkMRMLSubjectHierarchyNode::SafeDownCast(scene->GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode"));
  const vtkIdType item = hierarchy ? hierarchy->GetItemByDataNode(node) : 0;
  if (item)
  {
    hierarchy->RemoveItem(item, false, false);
  }
  for (vtkMRMLNode* each : nodes)
  {
    if (each && each->GetScene() == scene)
    {
      scene->RemoveNode(each);
    }
  }
}

//----------------------------------------------------------------------------
bool AreThere(const OutputNodes& nodes, vtkMRMLScene* scene, bool probability)
{
  const auto there = [scene](vtkMRMLNode* node) { return node && node->GetScene() == scene; };
  return there(nodes.segmentation) && there(nodes.labels) && there(nodes.uncertainty) && there(nodes.table) &&
         there(nodes.points) && there(nodes.nodule_colors) && there(nodes.map_colors) &&
         (!probability || there(nodes.probability));
}

//----------------------------------------------------------------------------
void MarkMade(vtkMRMLNode* node)
{
  node->SetAttribute(MADE, "1");
}

//----------------------------------------------------------------------------
std::vector<vtkMRMLNode*> MadeNodes(vtkMRMLSAM2LungParametersNode* parameters)
{
  std::vector<vtkMRMLNode*> made;
  std::vector<vtkMRMLNode*> referencing;
  std::vector<vtkMRMLNode*> all{ parameters->GetSegmentationNode(),
                                 parameters->GetLabelMapNode(),
                                 parameters->GetUncertaintyVolumeNode(),
                                 parameters->GetProbabilityVolumeNode(),
                                 parameters->GetNoduleTableNode(),
                                 parameters->GetNodulePointsNode(),
                                 parameters->GetAlignedPriorVolumeNode(),
                                 parameters->GetAlignedPriorLabelMapNode(),
                                 parameters->GetPriorTransformNode(),
                                 parameters->GetNodeReference(NODULE_COLORS),
                                 parameters->GetNodeReference(MAP_COLORS) };
  for (const char* role : { AXES_ROLE, BEFORE_ROLE })
  {
    const std::vector<vtkMRMLDisplayableNode*> beside = NodesBeside(parameters, role);
    all.insert(all.end(), beside.begin(), beside.end());
  }
  for (vtkMRMLNode* node : all)
  {
    if (!node || !node->GetAttribute(MADE))
    {
      continue;
    }
    node->GetScene()->GetReferencingNodes(node, referencing);
    const bool shared = std::any_of(referencing.begin(),
                                    referencing.end(),
                                    [parameters](vtkMRMLNode* other)
                                    { return other != parameters && other->IsA("vtkMRMLSAM2LungParametersNode"); });
    if (!shared)
    {
      made.push_back(node);
    }
  }
  return made;
}

//----------------------------------------------------------------------------
bool FirstTime(vtkMRMLNode* node, const char* kind)
{
  const char* before = node->GetAttribute(KIND);
  const bool first = !before || std::string(before) != kind;
  if (first)
  {
    node->SetAttribute(KIND, kind);
  }
  return first;
}

} // namespace sam2lung_slicer
