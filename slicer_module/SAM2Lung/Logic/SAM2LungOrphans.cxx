#include "SAM2LungOrphans.h"

#include "SAM2LungOutputNodes.h"
#include "SAM2LungReading.h"
#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLDisplayNode.h>
#include <vtkMRMLDisplayableNode.h>
#include <vtkMRMLI18N.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>

#include <vtkSmartPointer.h>

#include <algorithm>
#include <set>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

/// Whether a reader outlined, accepted, rejected or commented on a nodule.
bool IsReviewed(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  const std::vector<int> ids = IsNoduleTable(table) ? NoduleIDs(table) : std::vector<int>();
  return std::any_of(ids.begin(), ids.end(), [table](int id) { return HasReadersWork(table, id); });
}

/// Items of the subject hierarchy, and the folders in which they lie.
struct Items
{
  std::set<vtkIdType> items;
  std::set<vtkIdType> folders;
};

Items ItemsOf(vtkMRMLSubjectHierarchyNode* hierarchy, const std::vector<vtkMRMLNode*>& nodes)
{
  Items found;
  for (vtkMRMLNode* node : hierarchy ? nodes : std::vector<vtkMRMLNode*>())
  {
    const vtkIdType item = hierarchy->GetItemByDataNode(node);
    const vtkIdType parent = item ? hierarchy->GetItemParent(item) : 0;
    if (parent &&
        hierarchy->IsItemLevel(parent, vtkMRMLSubjectHierarchyConstants::GetSubjectHierarchyLevelFolder()))
    {
      found.items.insert(item);
      found.folders.insert(parent);
    }
  }
  return found;
}

/// Removes the folders in which nothing lies any more. The items of removed nodes go by Slicer's module, where it is there.
void RemoveEmptyFolders(vtkMRMLSubjectHierarchyNode* hierarchy, const Items& before)
{
  for (const vtkIdType folder : before.folders)
  {
    std::vector<vtkIdType> children;
    hierarchy->GetItemChildren(folder, children);
    const bool empty = std::all_of(children.begin(),
                                   children.end(),
                                   [&](vtkIdType child)
                                   { return before.items.count(child) > 0 && !hierarchy->GetItemDataNode(child); });
    if (empty)
    {
      hierarchy->RemoveItem(folder);
    }
  }
}

} // namespace

//----------------------------------------------------------------------------
std::string RemoveOutputs(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLScene* const scene = parameters->GetScene();
  const vtkSmartPointer<vtkMRMLSAM2LungParametersNode> alive = parameters;
  const bool reviewed = IsReviewed(parameters);
  const std::vector<vtkMRMLNode*> work{ parameters->GetSegmentationNode(),
                                        parameters->GetNoduleTableNode(),
                                        parameters->GetNodulePointsNode() };
  const auto stays = [&](vtkMRMLNode* node)
  { return reviewed && std::find(work.begin(), work.end(), node) != work.end(); };
  const std::vector<vtkMRMLNode*> made = MadeNodes(parameters);
  auto* const hierarchy =
    vtkMRMLSubjectHierarchyNode::SafeDownCast(scene->GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode"));
  const Items items = ItemsOf(hierarchy, made);
  std::string kept;
  for (vtkMRMLNode* node : made)
  {
    if (!stays(node))
    {
      RemoveWhole(node);
      continue;
    }
    kept += (kept.empty() ? "'" : ", '") + std::string(node->GetName() ? node->GetName() : "") + "'";
    auto* const displayable = vtkMRMLDisplayableNode::SafeDownCast(node);
    if (displayable && displayable->GetDisplayNode())
    {
      displayable->GetDisplayNode()->SetVisibility(0);
    }
  }
  RemoveEmptyFolders(hierarchy, items);
  scene->RemoveNode(parameters);
  return kept.empty() ? std::string()
                      : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                                      "Its CT was removed, but these hold your review and stay, hidden: "
                                                      "%1."),
                                            kept.c_str());
}

} // namespace sam2lung_slicer
