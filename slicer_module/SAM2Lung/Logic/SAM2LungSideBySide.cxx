#include "SAM2LungSideBySide.h"

#include "SAM2LungMaps.h"
#include "SAM2LungNodes.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungViews.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLAbstractViewNode.h>
#include <vtkMRMLDisplayNode.h>
#include <vtkMRMLI18N.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLayoutNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLSliceNode.h>
#include <vtkMRMLVolumeDisplayNode.h>

#include <vtkMatrix4x4.h>
#include <vtkNew.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace sam2lung_slicer
{
namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// Of the two views alone: linked ones follow each other, and no other view.
constexpr int VIEW_GROUP = 3147;
/// The layout of before, in an attribute of the layout node.
constexpr const char* LAYOUT_BEFORE = "SAM2Lung.LayoutBefore";
/// Marks a display node that was kept out of the prior's view here.
constexpr const char* KEPT_OUT = "SAM2Lung.NotOverPrior";
/// The prior that a transform was found for, as a node reference: another prior isn't shown under it.
constexpr const char* PRIOR_OF = "SAM2Lung.priorOf";

constexpr const char* LAYOUT =
  "<layout type=\"horizontal\" split=\"true\">"
  "<item><view class=\"vtkMRMLSliceNode\" singletontag=\"SAM2LungPrior\">"
  "<property name=\"orientation\" action=\"default\">Axial</property>"
  "<property name=\"viewlabel\" action=\"default\">P</property>"
  "<property name=\"viewcolor\" action=\"default\">#EDD54C</property>"
  "<property name=\"viewgroup\" action=\"default\">3147</property></view></item>"
  "<item><view class=\"vtkMRMLSliceNode\" singletontag=\"SAM2LungCurrent\">"
  "<property name=\"orientation\" action=\"default\">Axial</property>"
  "<property name=\"viewlabel\" action=\"default\">C</property>"
  "<property name=\"viewcolor\" action=\"default\">#F34A33</property>"
  "<property name=\"viewgroup\" action=\"default\">3147</property></view></item>"
  "</layout>";

vtkMRMLLayoutNode* LayoutOf(vtkMRMLScene* scene)
{
  return vtkMRMLLayoutNode::SafeDownCast(scene ? scene->GetFirstNodeByClass("vtkMRMLLayoutNode") : nullptr);
}

std::string NameFor(const char* text, vtkMRMLNode* node)
{
  return vtkMRMLI18N::Format(text, node && node->GetName() ? node->GetName() : "");
}

/// A node that shows the image of another one, and isn't one that a user would choose.
template <typename Node>
Node* AddShown(vtkMRMLScene* scene, const char* class_name, const std::string& name, bool saved)
{
  auto* const node = Node::SafeDownCast(scene->AddNewNodeByClass(class_name, scene->GenerateUniqueName(name)));
  MarkMade(node);
  node->SetHideFromEditors(1);
  node->SetSaveWithScene(saved);
  node->CreateDefaultDisplayNodes();
  return node;
}

/// Lets it show the other's image, at the place to which the transform takes that.
void ShowImageOf(vtkMRMLVolumeNode* node, vtkMRMLVolumeNode* other, vtkMRMLTransformNode* transform)
{
  vtkNew<vtkMatrix4x4> ijk_to_ras;
  other->GetIJKToRASMatrix(ijk_to_ras);
  node->SetIJKToRASMatrix(ijk_to_ras);
  node->SetAndObserveImageData(other->GetImageData());
  node->SetAndObserveTransformNodeID(transform->GetID());
  vtkMRMLVolumeDisplayNode* const from = other->GetVolumeDisplayNode();
  vtkMRMLVolumeDisplayNode* const to = node->GetVolumeDisplayNode();
  if (from && to && from->GetColorNodeID())
  {
    to->SetAndObserveColorNodeID(from->GetColorNodeID());
  }
}

void MakePriorVolume(Parameters* parameters)
{
  vtkMRMLScalarVolumeNode* const prior = parameters->GetPriorVolumeNode();
  vtkMRMLScalarVolumeNode* node = parameters->GetAlignedPriorVolumeNode();
  const std::string name = NameFor(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 (prior)").c_str(), prior);
  if (!node)
  {
    node = AddShown<vtkMRMLScalarVolumeNode>(parameters->GetScene(), "vtkMRMLScalarVolumeNode", name, false);
    parameters->SetAlignedPriorVolumeNode(node);
  }
  node->SetName(name.c_str());
  ShowImageOf(node, prior, parameters->GetPriorTransformNode());
}

/// The nodules that this module found in the prior; those of a folder are there already.
void MakePriorLabels(Parameters* parameters)
{
  Parameters* const of_prior = FindParametersNode(parameters->GetScene(), parameters->GetPriorVolumeNode());
  vtkMRMLLabelMapVolumeNode* const labels = of_prior ? of_prior->GetLabelMapNode() : nullptr;
  if (!parameters->GetPriorFolder().empty() || !labels)
  {
    return;
  }
  vtkMRMLLabelMapVolumeNode* node = parameters->GetAlignedPriorLabelMapNode();
  if (!node)
  {
    node = AddShown<vtkMRMLLabelMapVolumeNode>(
      parameters->GetScene(),
      "vtkMRMLLabelMapVolumeNode",
      NameFor(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 (prior) nodules").c_str(), parameters->GetPriorVolumeNode()),
      false);
    parameters->SetAlignedPriorLabelMapNode(node);
  }
  ShowImageOf(node, labels, parameters->GetPriorTransformNode());
}

/// The view of that layout name, made where Slicer's window hasn't yet.
vtkMRMLSliceNode* MakeView(vtkMRMLScene* scene, const char* name, const char* label)
{
  auto* view = vtkMRMLSliceNode::SafeDownCast(scene->GetSingletonNode(name, "vtkMRMLSliceNode"));
  if (!view)
  {
    vtkNew<vtkMRMLSliceNode> made;
    made->SetLayoutName(name);
    made->SetName(name);
    made->SetLayoutLabel(label);
    view = vtkMRMLSliceNode::SafeDownCast(scene->AddNode(made));
  }
  view->SetViewGroup(VIEW_GROUP);
  return view;
}

vtkMRMLSliceCompositeNode* MakeComposite(vtkMRMLScene* scene, const char* name)
{
  auto* composite = CompositeOf(scene, name);
  if (!composite)
  {
    vtkNew<vtkMRMLSliceCompositeNode> made;
    made->SetSingletonTag(name);
    made->SetLayoutName(name);
    made->SetName(name);
    composite = vtkMRMLSliceCompositeNode::SafeDownCast(scene->AddNode(made));
  }
  // A CT that is loaded meanwhile must not take the prior's place.
  composite->SetDoPropagateVolumeSelection(std::strcmp(name, PRIOR_VIEW) != 0);
  composite->SetLinkedControl(1);
  composite->SetHotLinkedControl(1);
  return composite;
}

void LetIntoAllViews(vtkMRMLScene* scene)
{
  std::vector<vtkMRMLNode*> displays;
  scene->GetNodesByClass("vtkMRMLDisplayNode", displays);
  for (vtkMRMLNode* node : displays)
  {
    if (node->GetAttribute(KEPT_OUT))
    {
      MRMLNodeModifyBlocker blocker(node);
      node->RemoveAttribute(KEPT_OUT);
      vtkMRMLDisplayNode::SafeDownCast(node)->RemoveAllViewNodeIDs();
    }
  }
}

/// Both in one window: the lungs' if the user wants that, else the one that the CT is shown in.
void ShowAlike(Parameters* parameters)
{
  vtkMRMLScalarVolumeNode* const prior = parameters->GetAlignedPriorVolumeNode();
  if (parameters->GetLungWindow())
  {
    SetLungWindow(prior);
    SetLungWindow(parameters->GetInputVolumeNode());
    return;
  }
  vtkMRMLScalarVolumeDisplayNode* const from = parameters->GetInputVolumeNode()->GetScalarVolumeDisplayNode();
  vtkMRMLScalarVolumeDisplayNode* const to = prior->GetScalarVolumeDisplayNode();
  if (from && to)
  {
    MRMLNodeModifyBlocker blocker(to);
    to->SetAutoWindowLevel(0);
    to->SetWindowLevel(from->GetWindow(), from->GetLevel());
  }
}

void TakePriorOutOfView(vtkMRMLScene* scene)
{
  if (auto* const view = CompositeOf(scene, PRIOR_VIEW))
  {
    MRMLNodeModifyBlocker blocker(view);
    view->SetBackgroundVolumeID(nullptr);
    view->SetForegroundVolumeID(nullptr);
    view->SetLabelVolumeID(nullptr);
  }
}

void LeaveLayout(vtkMRMLScene* scene)
{
  vtkMRMLLayoutNode* const layout = LayoutOf(scene);
  const char* const before = layout ? layout->GetAttribute(LAYOUT_BEFORE) : nullptr;
  if (layout && layout->GetViewArrangement() == SIDE_BY_SIDE_LAYOUT)
  {
    layout->SetViewArrangement(before ? std::atoi(before) : vtkMRMLLayoutNode::SlicerLayoutFourUpView);
  }
}

} // namespace

//----------------------------------------------------------------------------
vtkMRMLSliceCompositeNode* CompositeOf(vtkMRMLScene* scene, const char* view)
{
  std::vector<vtkMRMLNode*> nodes;
  scene->GetNodesByClass("vtkMRMLSliceCompositeNode", nodes);
  const auto found = std::find_if(nodes.begin(),
                                  nodes.end(),
                                  [view](vtkMRMLNode* node)
                                  {
                                    const char* const name =
                                      vtkMRMLSliceCompositeNode::SafeDownCast(node)->GetLayoutName();
                                    return name && !std::strcmp(name, view);
                                  });
  return found == nodes.end() ? nullptr : vtkMRMLSliceCompositeNode::SafeDownCast(*found);
}

//----------------------------------------------------------------------------
bool IsPriorView(vtkMRMLSliceCompositeNode* view)
{
  return view->GetLayoutName() && !std::strcmp(view->GetLayoutName(), PRIOR_VIEW);
}

//----------------------------------------------------------------------------
void AlignPrior(Parameters* parameters, const CompareInput& input, const Compared& compared)
{
  vtkMRMLScene* const scene = parameters->GetScene();
  vtkMRMLLinearTransformNode* transform = parameters->GetPriorTransformNode();
  const std::string name =
    NameFor(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 laid over its follow-up").c_str(), parameters->GetPriorVolumeNode());
  if (!transform)
  {
    transform = vtkMRMLLinearTransformNode::SafeDownCast(
      scene->AddNewNodeByClass("vtkMRMLLinearTransformNode", scene->GenerateUniqueName(name)));
    MarkMade(transform);
    parameters->SetPriorTransformNode(transform);
  }
  transform->SetName(name.c_str());
  transform->SetNodeReferenceID(PRIOR_OF, parameters->GetPriorVolumeNode()->GetID());
  // The comparison takes places of the current CT to the prior; what is shown goes the other way.
  vtkNew<vtkMatrix4x4> prior_to_current;
  prior_to_current->DeepCopy(compared.current_to_prior.data());
  prior_to_current->Invert();
  transform->SetMatrixTransformToParent(prior_to_current);
  transform->SetAndObserveTransformNodeID(parameters->GetInputVolumeNode()->GetTransformNodeID());

  vtkMRMLLabelMapVolumeNode* labels = parameters->GetAlignedPriorLabelMapNode();
  if (labels)
  {
    RemoveWhole(labels);
  }
  if (compared.prior_labels)
  {
    labels = AddShown<vtkMRMLLabelMapVolumeNode>(
      scene,
      "vtkMRMLLabelMapVolumeNode",
      NameFor(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 (prior) nodules").c_str(), parameters->GetPriorVolumeNode()),
      true);
    WriteImage(labels, compared.prior_labels, input.prior.ct.ijk_to_ras);
    labels->SetAndObserveTransformNodeID(transform->GetID());
    parameters->SetAlignedPriorLabelMapNode(labels);
  }
}

//----------------------------------------------------------------------------
void RegisterSideBySide(vtkMRMLScene* scene)
{
  vtkMRMLLayoutNode* const layout = LayoutOf(scene);
  if (layout && !layout->IsLayoutDescription(SIDE_BY_SIDE_LAYOUT))
  {
    layout->AddLayoutDescription(SIDE_BY_SIDE_LAYOUT, LAYOUT);
  }
}

//----------------------------------------------------------------------------
bool IsPriorAligned(Parameters* parameters)
{
  vtkMRMLScalarVolumeNode* const prior = parameters ? parameters->GetPriorVolumeNode() : nullptr;
  vtkMRMLLinearTransformNode* const transform = prior ? parameters->GetPriorTransformNode() : nullptr;
  return transform && transform->GetNodeReference(PRIOR_OF) == prior;
}

//----------------------------------------------------------------------------
bool ShowSideBySide(Parameters* parameters)
{
  vtkMRMLScene* const scene = parameters ? parameters->GetScene() : nullptr;
  if (!scene || !parameters->GetInputVolumeNode() || !IsPriorAligned(parameters))
  {
    return false;
  }
  Parameters* const other = ShownSideBySide(scene);
  if (other && other != parameters)
  {
    EndSideBySide(scene);
  }
  MakePriorVolume(parameters);
  MakePriorLabels(parameters);
  vtkMRMLLabelMapVolumeNode* const labels = parameters->GetAlignedPriorLabelMapNode();
  vtkMRMLSliceNode* const prior_slice = MakeView(scene, PRIOR_VIEW, "P");
  MakeView(scene, CURRENT_VIEW, "C");
  prior_slice->SetUseLabelOutline(true);
  vtkMRMLSliceCompositeNode* const prior_view = MakeComposite(scene, PRIOR_VIEW);
  vtkMRMLSliceCompositeNode* const current_view = MakeComposite(scene, CURRENT_VIEW);
  {
    MRMLNodeModifyBlocker blocker(prior_view);
    prior_view->SetBackgroundVolumeID(parameters->GetAlignedPriorVolumeNode()->GetID());
    prior_view->SetForegroundVolumeID(nullptr);
    prior_view->SetLabelVolumeID(labels ? labels->GetID() : nullptr);
    prior_view->SetLabelOpacity(1.0);
  }
  current_view->SetBackgroundVolumeID(parameters->GetInputVolumeNode()->GetID());
  ShowAlike(parameters);
  KeepOutOfPriorView(parameters);
  vtkMRMLLayoutNode* const layout = LayoutOf(scene);
  if (layout && layout->GetViewArrangement() != SIDE_BY_SIDE_LAYOUT)
  {
    RegisterSideBySide(scene);
    layout->SetAttribute(LAYOUT_BEFORE, std::to_string(layout->GetViewArrangement()).c_str());
    layout->SetViewArrangement(SIDE_BY_SIDE_LAYOUT);
  }
  return true;
}

//----------------------------------------------------------------------------
Parameters* ShownSideBySide(vtkMRMLScene* scene)
{
  auto* const view = scene ? CompositeOf(scene, PRIOR_VIEW) : nullptr;
  const char* const shown = view ? view->GetBackgroundVolumeID() : nullptr;
  std::vector<vtkMRMLNode*> nodes;
  if (shown)
  {
    scene->GetNodesByClass("vtkMRMLSAM2LungParametersNode", nodes);
  }
  for (vtkMRMLNode* node : nodes)
  {
    auto* const parameters = Parameters::SafeDownCast(node);
    vtkMRMLScalarVolumeNode* const volume = parameters->GetAlignedPriorVolumeNode();
    if (volume && !std::strcmp(volume->GetID(), shown))
    {
      return parameters;
    }
  }
  return nullptr;
}

//----------------------------------------------------------------------------
void KeepOutOfPriorView(Parameters* parameters)
{
  vtkMRMLScene* const scene = parameters ? parameters->GetScene() : nullptr;
  std::vector<vtkMRMLNode*> views;
  if (scene && ShownSideBySide(scene) == parameters)
  {
    scene->GetNodesByClass("vtkMRMLAbstractViewNode", views);
  }
  for (vtkMRMLDisplayableNode* mark : views.empty() ? std::vector<vtkMRMLDisplayableNode*>() : MarksOf(parameters))
  {
    vtkMRMLDisplayNode* const display = mark ? mark->GetDisplayNode() : nullptr;
    // Where the user chose its views, these stay.
    if (!display || display->GetNumberOfViewNodeIDs() > 0)
    {
      continue;
    }
    MRMLNodeModifyBlocker blocker(display);
    display->SetAttribute(KEPT_OUT, "1");
    for (vtkMRMLNode* node : views)
    {
      auto* const view = vtkMRMLAbstractViewNode::SafeDownCast(node);
      if (view->GetLayoutName() && std::strcmp(view->GetLayoutName(), PRIOR_VIEW) != 0)
      {
        display->AddViewNodeID(view->GetID());
      }
    }
  }
}

//----------------------------------------------------------------------------
bool IsShownPrior(Parameters* parameters, const std::string& node_id)
{
  vtkMRMLScalarVolumeNode* const volume = parameters ? parameters->GetAlignedPriorVolumeNode() : nullptr;
  return volume && volume->GetID() && node_id == volume->GetID();
}

//----------------------------------------------------------------------------
void EndSideBySide(vtkMRMLScene* scene)
{
  if (!scene)
  {
    return;
  }
  TakePriorOutOfView(scene);
  LetIntoAllViews(scene);
  LeaveLayout(scene);
}

//----------------------------------------------------------------------------
void ForgetSavedSideBySide(vtkMRMLScene* scene)
{
  if (scene && !ShownSideBySide(scene))
  {
    LetIntoAllViews(scene);
    LeaveLayout(scene);
  }
}

//----------------------------------------------------------------------------
void LetGoOfPrior(vtkMRMLScalarVolumeNode* volume)
{
  std::vector<vtkMRMLNode*> nodes;
  volume->GetScene()->GetNodesByClass("vtkMRMLSAM2LungParametersNode", nodes);
  for (vtkMRMLNode* node : nodes)
  {
    auto* const parameters = Parameters::SafeDownCast(node);
    if (parameters->GetPriorVolumeNode() != volume && parameters->GetInputVolumeNode() != volume)
    {
      continue;
    }
    if (ShownSideBySide(volume->GetScene()) == parameters)
    {
      EndSideBySide(volume->GetScene());
    }
    if (parameters->GetAlignedPriorVolumeNode())
    {
      parameters->GetAlignedPriorVolumeNode()->SetAndObserveImageData(nullptr);
    }
  }
}

//----------------------------------------------------------------------------
void FollowLayout(vtkMRMLScene* scene)
{
  vtkMRMLLayoutNode* const layout = LayoutOf(scene);
  if (layout && layout->GetViewArrangement() != SIDE_BY_SIDE_LAYOUT)
  {
    EndSideBySide(scene);
  }
}

} // namespace sam2lung_slicer
