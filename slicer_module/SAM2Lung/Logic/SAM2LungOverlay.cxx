#include "SAM2LungOverlay.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSliceCompositeNode.h>

#include <vtkVariant.h>

#include <cstdio>
#include <string>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

// What was laid into a view and what was there before, kept at the view's own node: so it is saved with the scene.
constexpr const char* LAID = "SAM2Lung.foreground";
constexpr const char* BEFORE = "SAM2Lung.foregroundBefore";
constexpr const char* OPACITY_BEFORE = "SAM2Lung.ForegroundOpacityBefore";

std::string ToText(double value)
{
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

/// A slice view, as far as the overlay goes.
class View
{
public:
  View(vtkMRMLSliceCompositeNode* node)
    : Node(node)
  {
  }

  vtkMRMLNode* Background() const { return this->Find(this->Node->GetBackgroundVolumeID()); }
  vtkMRMLNode* Foreground() const { return this->Find(this->Node->GetForegroundVolumeID()); }
  bool HasLaid() const { return this->Node->GetAttribute(OPACITY_BEFORE) != nullptr; }

  /// Forgets what was laid when someone put something else there since: that stays.
  void Look()
  {
    if (this->HasLaid() && this->Foreground() && this->Foreground() != this->Node->GetNodeReference(LAID))
    {
      this->Forget();
    }
  }

  void Lay(vtkMRMLNode* overlay, double opacity)
  {
    MRMLNodeModifyBlocker blocker(this->Node);
    if (!this->HasLaid())
    {
      vtkMRMLNode* const before = this->Foreground() == overlay ? nullptr : this->Foreground();
      this->Node->SetNodeReferenceID(BEFORE, before ? before->GetID() : nullptr);
      this->Node->SetAttribute(OPACITY_BEFORE, ToText(this->Node->GetForegroundOpacity()).c_str());
    }
    this->Node->SetNodeReferenceID(LAID, overlay->GetID());
    this->Node->SetForegroundVolumeID(overlay->GetID());
    this->Node->SetForegroundOpacity(opacity);
  }

  /// Brings back what was there before; where nothing was laid, nothing is there then.
  void TakeAway()
  {
    MRMLNodeModifyBlocker blocker(this->Node);
    vtkMRMLNode* const before = this->Node->GetNodeReference(BEFORE);
    this->Node->SetForegroundVolumeID(before ? before->GetID() : nullptr);
    if (this->HasLaid())
    {
      this->Node->SetForegroundOpacity(vtkVariant(this->Node->GetAttribute(OPACITY_BEFORE)).ToDouble());
    }
    this->Forget();
  }

private:
  vtkMRMLNode* Find(const char* id) const { return id ? this->Node->GetScene()->GetNodeByID(id) : nullptr; }

  void Forget()
  {
    this->Node->RemoveAttribute(OPACITY_BEFORE);
    this->Node->RemoveNodeReferenceIDs(BEFORE);
    this->Node->RemoveNodeReferenceIDs(LAID);
  }

  vtkMRMLSliceCompositeNode* Node;
};

/// None without a scene.
std::vector<vtkMRMLSliceCompositeNode*> Views(vtkMRMLSAM2LungParametersNode* parameters)
{
  std::vector<vtkMRMLNode*> nodes;
  if (parameters && parameters->GetScene())
  {
    parameters->GetScene()->GetNodesByClass("vtkMRMLSliceCompositeNode", nodes);
  }
  std::vector<vtkMRMLSliceCompositeNode*> views;
  for (vtkMRMLNode* node : nodes)
  {
    views.push_back(vtkMRMLSliceCompositeNode::SafeDownCast(node));
  }
  return views;
}

void UpdateView(View view, vtkMRMLSAM2LungParametersNode* parameters, OverlayManners manners)
{
  view.Look();
  vtkMRMLNode* const overlay = parameters->GetUncertaintyVolumeNode();
  vtkMRMLNode* const foreground = view.Foreground();
  const bool shows_ct = view.Background() && view.Background() == parameters->GetInputVolumeNode();
  const bool shows_overlay = overlay && foreground == overlay;
  if (overlay && shows_ct && parameters->GetOverlayVisible())
  {
    if (!foreground || shows_overlay || view.HasLaid() || manners == OverlayManners::insistent)
    {
      view.Lay(overlay, parameters->GetOverlayOpacity());
    }
    return;
  }
  // A view of another CT keeps what its user laid over it; one whose overlay was deleted is put in order.
  const bool laid_here = view.HasLaid() && (shows_overlay || !foreground);
  if (laid_here || (shows_overlay && shows_ct))
  {
    view.TakeAway();
  }
}

} // namespace

//----------------------------------------------------------------------------
void UpdateOverlay(vtkMRMLSAM2LungParametersNode* parameters, OverlayManners manners)
{
  for (vtkMRMLSliceCompositeNode* view : Views(parameters))
  {
    UpdateView(View(view), parameters, manners);
  }
}

//----------------------------------------------------------------------------
void TakeOverlayAway(vtkMRMLSliceCompositeNode* node)
{
  View view(node);
  view.Look();
  if (view.HasLaid())
  {
    view.TakeAway();
  }
}

} // namespace sam2lung_slicer
