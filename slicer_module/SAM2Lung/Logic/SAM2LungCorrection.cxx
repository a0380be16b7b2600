#include "SAM2LungCorrection.h"

#include "SAM2LungMaps.h"
#include "SAM2LungModels.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungReview.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>

#include <vtkNew.h>
#include <vtkSegmentation.h>

#include <array>
#include <cmath>

namespace sam2lung_slicer
{

namespace
{

constexpr std::array<double, 3> GREY{ { 0.8, 0.8, 0.8 } };
constexpr int THIN = 1; // pixel

std::string Whole(double value)
{
  return std::to_string(std::lround(value));
}

} // namespace

//----------------------------------------------------------------------------
std::string CorrectionProblem(vtkMRMLSAM2LungParametersNode* parameters, int id, const ModelFacts* model)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  if (!IsNoduleTable(table) || NoduleRow(table, id) < 0)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "No nodule is chosen. Choose its row in the table first.");
  }
  if (HasRegions(table))
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "The table holds regions of a model, and no nodules; clicks correct nodules alone.");
  }
  if (!HasImage(parameters->GetLabelMapNode()))
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "The label map that says where the nodule lies is gone. Segment the CT again.");
  }
  if (model && !model->takes_clicks)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "The model '%1' takes no clicks to correct an outline with. Choose another model "
                                         "under Advanced, or edit the segment in the Segment Editor."),
                               model->name.c_str());
  }
  return {};
}

//----------------------------------------------------------------------------
Correction::Correction(vtkMRMLSAM2LungParametersNode* parameters, int id, int group)
  : Owner(parameters)
  , ID(id)
  , Number(group)
  , VolumeMm3(CellNumber(parameters->GetNoduleTableNode(), id, "volume_mm3"))
  , Outline(parameters->GetSegmentationNode() ? CopySegment(parameters->GetSegmentationNode(), id) : nullptr)
{
}

//----------------------------------------------------------------------------
void Correction::ShowBefore(bool shown)
{
  if (!this->Owner || !this->Owner->GetScene())
  {
    return;
  }
  const std::vector<vtkMRMLDisplayableNode*> there = NodesBeside(this->Owner, BEFORE_ROLE);
  if (!shown)
  {
    for (vtkMRMLDisplayableNode* node : there)
    {
      RemoveWhole(node);
    }
    return;
  }
  if (!there.empty() || !this->Outline || !this->Owner->GetInputVolumeNode())
  {
    return;
  }
  vtkNew<vtkMRMLSegmentationNode> node;
  node->SetName(vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 before"),
                                    NoduleTitle(this->Owner, this->ID).c_str())
                  .c_str());
  node->SetHideFromEditors(true);
  node->SetSaveWithScene(false);
  AddBeside(this->Owner, node, BEFORE_ROLE);
  vtkNew<vtkSegment> outline;
  outline->DeepCopy(this->Outline);
  std::array<double, 3> grey = GREY;
  outline->SetColor(grey.data());
  WriteSegment(node, this->Owner->GetInputVolumeNode(), outline);
  ShowSegments(node);
  if (auto* const display = vtkMRMLSegmentationDisplayNode::SafeDownCast(node->GetDisplayNode()))
  {
    display->SetSaveWithScene(false);
    display->SetVisibility3D(false);
    display->SetSliceIntersectionThickness(THIN);
  }
}

//----------------------------------------------------------------------------
std::string Correction::Text() const
{
  if (!this->Owner)
  {
    return {};
  }
  const double now = CellNumber(this->Owner->GetNoduleTableNode(), this->ID, "volume_mm3");
  const double percent = 100.0 * (now / this->VolumeMm3 - 1.0);
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1: %2 mm³ before, %3 mm³ now (%4 %)."),
                             NoduleTitle(this->Owner, this->ID).c_str(),
                             Whole(this->VolumeMm3).c_str(),
                             Whole(now).c_str(),
                             ((percent > 0.0 ? "+" : "") + Whole(percent)).c_str());
}

} // namespace sam2lung_slicer
