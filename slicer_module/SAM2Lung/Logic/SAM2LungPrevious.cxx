#include "SAM2LungPrevious.h"

#include "SAM2LungMaps.h"
#include "SAM2LungNeighbourhood.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>

#include <vtkImageData.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>

#include <algorithm>
#include <set>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

/// Numbers of the nodules of which this is true, in words: "1, 4".
template <typename Is>
std::string Numbers(vtkMRMLTableNode* table, Is is)
{
  std::string text;
  for (const int id : NoduleIDs(table))
  {
    if (is(id))
    {
      text += (text.empty() ? "" : ", ") + std::to_string(id);
    }
  }
  return text;
}

bool IsReviewed(vtkMRMLTableNode* table, int id)
{
  return CellNumber(table, id, "clicked") > 0 || CellNumber(table, id, "accepted") == 0;
}

/// Whether the node's voxels lie where the CT's do.
bool OnGridOf(vtkMRMLScalarVolumeNode* ct, vtkMRMLVolumeNode* node)
{
  vtkImageData* const image = ct ? ct->GetImageData() : nullptr;
  if (!image || !HasImage(node) || node->GetImageData()->GetScalarType() != VTK_UNSIGNED_SHORT ||
      !std::equal(image->GetDimensions(), image->GetDimensions() + 3, node->GetImageData()->GetDimensions()))
  {
    return false;
  }
  vtkNew<vtkMatrix4x4> of_ct;
  vtkNew<vtkMatrix4x4> of_node;
  ct->GetIJKToRASMatrix(of_ct);
  node->GetIJKToRASMatrix(of_node);
  return SameGrid(of_ct->GetData(), of_node->GetData());
}

} // namespace

//----------------------------------------------------------------------------
std::shared_ptr<const Previous> TakePrevious(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  vtkMRMLLabelMapVolumeNode* const labels = parameters->GetLabelMapNode();
  if (!IsNoduleTable(table) || !OnGrid(labels, input, VTK_UNSIGNED_SHORT))
  {
    return nullptr;
  }
  const auto previous = std::make_shared<Previous>();
  for (const auto& [number, share] : FindLabels(labels->GetImageData()))
  {
    if (NoduleRow(table, number) >= 0)
    {
      previous->shares[number] = share;
      previous->labels[number] = Crop(labels->GetImageData(), share.box);
    }
  }
  for (const int id : NoduleIDs(table))
  {
    previous->nodules[id] = NoduleInTable(table, id);
  }
  const auto take = [&](vtkMRMLScalarVolumeNode* node, std::map<int, vtkSmartPointer<vtkImageData>>& pieces)
  {
    for (const auto& [number, nodule] : previous->nodules)
    {
      if (nodule.clicked && previous->shares.count(number) > 0 && OnGrid(node, input, VTK_FLOAT))
      {
        const Box box = Reach(previous->shares.at(number).box, input.ijk_to_ras, node->GetImageData());
        pieces[number] = Crop(node->GetImageData(), box);
      }
    }
  };
  take(parameters->GetUncertaintyVolumeNode(), previous->uncertainty);
  take(input.probability ? parameters->GetProbabilityVolumeNode() : nullptr, previous->probability);
  return previous;
}

//----------------------------------------------------------------------------
std::string ReviewLoss(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  if (!IsNoduleTable(table))
  {
    return {};
  }
  const std::string reviewed = Numbers(table, [table](int id) { return IsReviewed(table, id); });
  if (!reviewed.empty() && !OnGridOf(parameters->GetInputVolumeNode(), parameters->GetLabelMapNode()))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "You rejected or outlined nodules (%1) of an earlier run, and the label map "
                                         "that says where they lie is gone or has another grid than the CT. A new run "
                                         "can't match them: what you rejected comes back, and what you outlined "
                                         "goes."),
                               reviewed.c_str());
  }
  vtkMRMLSegmentationNode* const segmentation = parameters->GetSegmentationNode();
  const std::set<int> changed = EditedSegments(segmentation, parameters->GetLabelMapNode(), NoduleIDs(table));
  const std::string edited = Numbers(table, [&](int id) { return changed.count(id) > 0; });
  if (!edited.empty())
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "The segments of these nodules were edited or removed by hand: %1. A new run "
                                         "outlines them anew, and the edits go. To keep them, clone the segmentation "
                                         "in the module Data first."),
                               edited.c_str());
  }
  return {};
}

} // namespace sam2lung_slicer
