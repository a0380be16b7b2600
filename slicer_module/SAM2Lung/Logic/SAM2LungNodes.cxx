#include "SAM2LungNodes.h"

#include "SAM2LungInput.h"
#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sam2lung_slicer
{
namespace
{

/// In the order in which they came.
std::vector<vtkMRMLSAM2LungParametersNode*> ParametersNodes(vtkMRMLScene* scene)
{
  std::vector<vtkMRMLNode*> nodes;
  scene->GetNodesByClass("vtkMRMLSAM2LungParametersNode", nodes);
  std::vector<vtkMRMLSAM2LungParametersNode*> list;
  for (vtkMRMLNode* node : nodes)
  {
    list.push_back(vtkMRMLSAM2LungParametersNode::SafeDownCast(node));
  }
  return list;
}

} // namespace

bool CanBeCT(vtkMRMLScalarVolumeNode* volume)
{
  return !volume->GetHideFromEditors() && !IsOutput(volume) && ImageProblem(volume).empty();
}

bool IsOutput(vtkMRMLScalarVolumeNode* volume)
{
  const auto list = ParametersNodes(volume->GetScene());
  return std::any_of(list.begin(),
                     list.end(),
                     [volume](vtkMRMLSAM2LungParametersNode* parameters) {
                       return volume == parameters->GetUncertaintyVolumeNode() ||
                              volume == parameters->GetProbabilityVolumeNode();
                     });
}

vtkMRMLScalarVolumeNode* NewestCT(vtkMRMLScene* scene)
{
  std::vector<vtkMRMLNode*> volumes;
  scene->GetNodesByClass("vtkMRMLScalarVolumeNode", volumes);
  for (auto node = volumes.rbegin(); node != volumes.rend(); ++node)
  {
    auto* const volume = vtkMRMLScalarVolumeNode::SafeDownCast(*node);
    if (CanBeCT(volume))
    {
      return volume;
    }
  }
  return nullptr;
}

std::vector<vtkMRMLSAM2LungParametersNode*> FindParametersNodes(vtkMRMLScene* scene, vtkMRMLScalarVolumeNode* ct)
{
  auto list = ParametersNodes(scene);
  list.erase(std::remove_if(list.begin(),
                            list.end(),
                            [ct](vtkMRMLSAM2LungParametersNode* parameters)
                            { return parameters->GetInputVolumeNode() != ct; }),
             list.end());
  return list;
}

vtkMRMLSAM2LungParametersNode* FindParametersNode(vtkMRMLScene* scene, vtkMRMLScalarVolumeNode* ct)
{
  const auto list = FindParametersNodes(scene, ct);
  return list.empty() ? nullptr : list.front();
}

void UpgradeTables(vtkMRMLScene* scene)
{
  for (vtkMRMLSAM2LungParametersNode* parameters : ParametersNodes(scene))
  {
    UpgradeTable(parameters->GetNoduleTableNode());
  }
}

vtkMRMLSAM2LungParametersNode* AddParametersNode(vtkMRMLScene* scene, vtkMRMLScalarVolumeNode* ct)
{
  const auto earlier = ParametersNodes(scene);
  const std::string name =
    vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodule settings"), ct->GetName() ? ct->GetName() : "");
  auto* const parameters = vtkMRMLSAM2LungParametersNode::SafeDownCast(
    scene->AddNewNodeByClass("vtkMRMLSAM2LungParametersNode", name));
  if (!earlier.empty())
  {
    parameters->CopyOptions(earlier.back());
  }
  if (parameters->GetSearch() == vtkMRMLSAM2LungParametersNode::SearchSegment)
  {
    // The segment belongs to another CT.
    parameters->SetSearch(vtkMRMLSAM2LungParametersNode::SearchLungs);
  }
  parameters->SetInputVolumeNode(ct);
  return parameters;
}

} // namespace sam2lung_slicer
