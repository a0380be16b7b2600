#include "SAM2LungViews.h"

#include "SAM2LungNodes.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungOverlay.h"
#include "SAM2LungSideBySide.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLCameraNode.h>
#include <vtkMRMLDisplayNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLSliceNode.h>

#include <vtkBoundingBox.h>
#include <vtkMath.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

/// Marks a display node that was hidden here, because its patient wasn't the one that is looked at.
constexpr const char* HIDDEN = "SAM2Lung.Hidden";

/// The window in which lungs are read: 1500 HU wide about -600 HU.
constexpr double LUNG_WINDOW_HU = 1500.0;
constexpr double LUNG_LEVEL_HU = -600.0;

/// Less than this much isn't shown in 3-D: a nodule alone would fill the view and say nothing of where it is.
constexpr double LEAST_ACROSS_3D_MM = 150.0;

template <typename Node>
std::vector<Node*> NodesOf(vtkMRMLScene* scene, const char* class_name)
{
  std::vector<vtkMRMLNode*> nodes;
  if (scene)
  {
    scene->GetNodesByClass(class_name, nodes);
  }
  std::vector<Node*> list;
  for (vtkMRMLNode* node : nodes)
  {
    list.push_back(Node::SafeDownCast(node));
  }
  return list;
}

/// All but that of a prior, which belongs to the view beside it.
std::vector<vtkMRMLSliceCompositeNode*> Composites(vtkMRMLScene* scene)
{
  auto views = NodesOf<vtkMRMLSliceCompositeNode>(scene, "vtkMRMLSliceCompositeNode");
  views.erase(std::remove_if(views.begin(), views.end(), IsPriorView), views.end());
  return views;
}

vtkMRMLScalarVolumeNode* Background(vtkMRMLSliceCompositeNode* view)
{
  const char* const id = view->GetBackgroundVolumeID();
  return id ? vtkMRMLScalarVolumeNode::SafeDownCast(view->GetScene()->GetNodeByID(id)) : nullptr;
}

vtkMRMLScalarVolumeNode* Foreground(vtkMRMLSliceCompositeNode* view)
{
  const char* const id = view->GetForegroundVolumeID();
  return id ? vtkMRMLScalarVolumeNode::SafeDownCast(view->GetScene()->GetNodeByID(id)) : nullptr;
}

/// Whether a run on another CT has written it.
bool IsMapOfAnother(vtkMRMLScalarVolumeNode* volume, vtkMRMLSAM2LungParametersNode* parameters)
{
  return volume && volume != parameters->GetUncertaintyVolumeNode() &&
         volume != parameters->GetProbabilityVolumeNode() && IsOutput(volume);
}

vtkMRMLScene* SceneOf(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? parameters->GetScene() : nullptr;
}

/// \return whether it was shown
bool Hide(vtkMRMLDisplayableNode* node)
{
  vtkMRMLDisplayNode* const display = node ? node->GetDisplayNode() : nullptr;
  if (!display || !display->GetVisibility())
  {
    return false;
  }
  MRMLNodeModifyBlocker blocker(display);
  display->SetAttribute(HIDDEN, "1");
  display->SetVisibility(0);
  return true;
}

/// Shows it if it was hidden here. \return whether it was
bool ShowAgain(vtkMRMLDisplayableNode* node)
{
  vtkMRMLDisplayNode* const display = node ? node->GetDisplayNode() : nullptr;
  if (!display || !display->GetAttribute(HIDDEN))
  {
    return false;
  }
  MRMLNodeModifyBlocker blocker(display);
  display->RemoveAttribute(HIDDEN);
  display->SetVisibility(1);
  return true;
}

/// The volume in the slice view's background; none: nullptr.
vtkMRMLScalarVolumeNode* VolumeIn(vtkMRMLSliceNode* slice)
{
  for (vtkMRMLSliceCompositeNode* view : Composites(slice->GetScene()))
  {
    if (view->GetLayoutName() && slice->GetLayoutName() && !strcmp(view->GetLayoutName(), slice->GetLayoutName()))
    {
      return Background(view);
    }
  }
  return nullptr;
}

/// So that `across_mm` just fit the shorter side of the view.
void Zoom(vtkMRMLSliceNode* slice, double across_mm)
{
  const int* const dims = slice->GetDimensions();
  const double shorter = std::max(1, std::min(dims[0], dims[1]));
  const double* const now = slice->GetFieldOfView();
  slice->SetFieldOfView(across_mm * dims[0] / shorter, across_mm * dims[1] / shorter, now[2]);
}

void Move(vtkMRMLCameraNode* camera, const std::array<double, 3>& place_ras, double distance_mm)
{
  MRMLNodeModifyBlocker blocker(camera);
  std::array<double, 3> focus_ras{};
  std::array<double, 3> position_ras{};
  camera->GetFocalPoint(focus_ras.data());
  camera->GetPosition(position_ras.data());
  std::array<double, 3> towards_camera{};
  vtkMath::Subtract(position_ras.data(), focus_ras.data(), towards_camera.data());
  const double distance_now_mm = vtkMath::Norm(towards_camera.data());
  const double scale = distance_mm > 0.0 && distance_now_mm > 0.0 ? distance_mm / distance_now_mm : 1.0;
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    position_ras[axis] = place_ras[axis] + scale * towards_camera[axis];
  }
  std::array<double, 3> place = place_ras;
  camera->SetFocalPoint(place.data());
  camera->SetPosition(position_ras.data());
  camera->ResetClippingRange();
}

/// In the world; invalid: there is nothing.
vtkBoundingBox BoundsOf(vtkMRMLDisplayableNode* node)
{
  double bounds[6] = { 1, -1, 1, -1, 1, -1 };
  if (node)
  {
    node->GetRASBounds(bounds);
  }
  vtkBoundingBox box;
  if (bounds[0] <= bounds[1] && bounds[2] <= bounds[3] && bounds[4] <= bounds[5])
  {
    box.SetBounds(bounds);
  }
  return box;
}

} // namespace

//----------------------------------------------------------------------------
Shown WhereShown(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLScalarVolumeNode* const ct = parameters ? parameters->GetInputVolumeNode() : nullptr;
  bool here = false;
  bool others = false;
  for (vtkMRMLSliceCompositeNode* view : Composites(SceneOf(parameters)))
  {
    vtkMRMLScalarVolumeNode* const background = Background(view);
    here = here || (background && background == ct);
    others = others || (background && background != ct);
  }
  return !here ? Shown::nowhere : others ? Shown::somewhere : Shown::everywhere;
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* ShownVolume(vtkMRMLScene* scene)
{
  for (vtkMRMLSliceCompositeNode* view : Composites(scene))
  {
    if (vtkMRMLScalarVolumeNode* background = Background(view))
    {
      return background;
    }
  }
  return nullptr;
}

//----------------------------------------------------------------------------
bool BringCT(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLScalarVolumeNode* const ct = parameters ? parameters->GetInputVolumeNode() : nullptr;
  bool changed = false;
  for (vtkMRMLSliceCompositeNode* view : Composites(ct ? SceneOf(parameters) : nullptr))
  {
    vtkMRMLScalarVolumeNode* const before = Background(view);
    MRMLNodeModifyBlocker blocker(view);
    // Slicer exchanges the background alone, when it loads or removes a volume.
    if ((before && before != ct) || IsMapOfAnother(Foreground(view), parameters))
    {
      TakeOverlayAway(view);
      view->SetForegroundVolumeID(nullptr);
      view->SetLabelVolumeID(nullptr);
    }
    if (before != ct)
    {
      view->SetBackgroundVolumeID(ct->GetID());
      changed = true;
    }
  }
  UpdateOverlay(parameters, OverlayManners::polite);
  return changed;
}

//----------------------------------------------------------------------------
bool ShowOutputsOfOne(vtkMRMLSAM2LungParametersNode* parameters)
{
  bool changed = false;
  const std::vector<vtkMRMLDisplayableNode*> own =
    parameters ? MarksOf(parameters) : std::vector<vtkMRMLDisplayableNode*>();
  const auto parameter_nodes =
    NodesOf<vtkMRMLSAM2LungParametersNode>(SceneOf(parameters), "vtkMRMLSAM2LungParametersNode");
  for (vtkMRMLSAM2LungParametersNode* other : parameter_nodes)
  {
    for (vtkMRMLDisplayableNode* node : other == parameters ? std::vector<vtkMRMLDisplayableNode*>() : MarksOf(other))
    {
      if (std::find(own.begin(), own.end(), node) == own.end())
      {
        changed = Hide(node) || changed;
      }
    }
  }
  for (vtkMRMLDisplayableNode* node : own)
  {
    changed = ShowAgain(node) || changed;
  }
  return changed;
}

//----------------------------------------------------------------------------
std::vector<vtkMRMLDisplayableNode*> MarksOf(vtkMRMLSAM2LungParametersNode* parameters)
{
  std::vector<vtkMRMLDisplayableNode*> marks{ parameters->GetSegmentationNode(), parameters->GetNodulePointsNode() };
  for (const char* role : { AXES_ROLE, BEFORE_ROLE })
  {
    const std::vector<vtkMRMLDisplayableNode*> beside = NodesBeside(parameters, role);
    marks.insert(marks.end(), beside.begin(), beside.end());
  }
  return marks;
}

//----------------------------------------------------------------------------
void HideUnlessShown(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (WhereShown(parameters) != Shown::nowhere || !ShownVolume(SceneOf(parameters)))
  {
    return;
  }
  for (vtkMRMLDisplayableNode* node : MarksOf(parameters))
  {
    Hide(node);
  }
}

//----------------------------------------------------------------------------
void TakeOutOfViews(vtkMRMLScalarVolumeNode* volume)
{
  const char* const id = volume ? volume->GetID() : nullptr;
  for (vtkMRMLSliceCompositeNode* view : Composites(id ? volume->GetScene() : nullptr))
  {
    MRMLNodeModifyBlocker blocker(view);
    if (view->GetForegroundVolumeID() && !strcmp(view->GetForegroundVolumeID(), id))
    {
      TakeOverlayAway(view);
    }
    if (view->GetForegroundVolumeID() && !strcmp(view->GetForegroundVolumeID(), id))
    {
      view->SetForegroundVolumeID(nullptr);
    }
    if (view->GetBackgroundVolumeID() && !strcmp(view->GetBackgroundVolumeID(), id))
    {
      view->SetBackgroundVolumeID(nullptr);
    }
    if (view->GetLabelVolumeID() && !strcmp(view->GetLabelVolumeID(), id))
    {
      view->SetLabelVolumeID(nullptr);
    }
  }
}

//----------------------------------------------------------------------------
void LookAtFrom3D(vtkMRMLScene* scene, const std::array<double, 3>& place_ras, double across_mm)
{
  for (vtkMRMLCameraNode* camera : NodesOf<vtkMRMLCameraNode>(scene, "vtkMRMLCameraNode"))
  {
    // A ball of this size touches the edges of the view.
    const double half_angle = vtkMath::RadiansFromDegrees(camera->GetViewAngle() / 2.0);
    Move(camera, place_ras, across_mm / 2.0 / std::sin(half_angle));
    if (camera->GetParallelProjection())
    {
      camera->SetParallelScale(across_mm / 2.0);
    }
  }
}

//----------------------------------------------------------------------------
void TurnTo(vtkMRMLScene* scene, const std::array<double, 3>& place_ras)
{
  for (vtkMRMLCameraNode* camera : NodesOf<vtkMRMLCameraNode>(scene, "vtkMRMLCameraNode"))
  {
    Move(camera, place_ras, 0.0);
  }
}

//----------------------------------------------------------------------------
void Centre3D(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (!SceneOf(parameters))
  {
    return;
  }
  vtkBoundingBox box = BoundsOf(parameters->GetSegmentationNode());
  if (!box.IsValid())
  {
    box = BoundsOf(parameters->GetInputVolumeNode());
  }
  if (!box.IsValid())
  {
    return;
  }
  std::array<double, 3> centre_ras{};
  box.GetCenter(centre_ras.data());
  LookAtFrom3D(parameters->GetScene(), centre_ras, std::max(LEAST_ACROSS_3D_MM, box.GetDiagonalLength()));
}

//----------------------------------------------------------------------------
void JumpSlices(vtkMRMLSAM2LungParametersNode* parameters, const std::array<double, 3>& place_ras, double across_mm)
{
  for (vtkMRMLSliceNode* slice : NodesOf<vtkMRMLSliceNode>(SceneOf(parameters), "vtkMRMLSliceNode"))
  {
    // Views follow once, when place and zoom are set.
    MRMLNodeModifyBlocker blocker(slice);
    slice->JumpSliceByCentering(place_ras[0], place_ras[1], place_ras[2]);
    vtkMRMLScalarVolumeNode* const volume = VolumeIn(slice);
    if (across_mm > 0.0 && (!volume || volume == parameters->GetInputVolumeNode()))
    {
      Zoom(slice, across_mm);
    }
  }
}

//----------------------------------------------------------------------------
void SetLungWindow(vtkMRMLScalarVolumeNode* ct)
{
  vtkMRMLScalarVolumeDisplayNode* const display = ct ? ct->GetScalarVolumeDisplayNode() : nullptr;
  if (display)
  {
    MRMLNodeModifyBlocker blocker(display);
    display->SetAutoWindowLevel(0);
    display->SetWindowLevel(LUNG_WINDOW_HU, LUNG_LEVEL_HU);
  }
}

} // namespace sam2lung_slicer
