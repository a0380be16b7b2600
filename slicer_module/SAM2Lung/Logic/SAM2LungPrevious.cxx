#include "SAM2LungPrevious.h"

#include "SAM2LungLabels.h"
#include "SAM2LungMaps.h"
#include "SAM2LungNeighbourhood.h"
#include "SAM2LungReading.h"
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

/// A copy of the node's voxels in a box; null where it has none of that type on the grid of the run's CT.
vtkSmartPointer<vtkImageData> CopyOnGrid(vtkMRMLVolumeNode* node, const RunInput& input, int scalar_type, const Box& box)
{
  return OnGrid(node, input, scalar_type) && !box.Empty() ? Crop(node->GetImageData(), box) : nullptr;
}

/// Where the maps are needed: for a click everywhere, for a run around what was clicked before.
Box BoxOfMaps(const Previous& previous, const RunInput& input)
{
  if (!input.clicks.empty())
  {
    return BoxOf(input.ct);
  }
  Box box;
  const bool any = std::any_of(
    previous.nodules.begin(), previous.nodules.end(), [](const auto& nodule) { return nodule.second.clicked; });
  if (any && previous.labels)
  {
    for (const auto& [number, share] : FindLabels(previous.labels))
    {
      const auto nodule = previous.nodules.find(number);
      if (nodule != previous.nodules.end() && nodule->second.clicked)
      {
        box = box.With(Reach(share.box, input.ijk_to_ras, previous.labels));
      }
    }
  }
  return box;
}

} // namespace

//----------------------------------------------------------------------------
std::shared_ptr<const Previous> TakePrevious(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  const bool elsewhere =
    HasImage(parameters->GetLabelMapNode()) && !OnGrid(parameters->GetLabelMapNode(), input, VTK_UNSIGNED_SHORT);
  if (elsewhere || (!input.clicks.empty() && HasRegions(table)))
  {
    return nullptr;
  }
  const auto previous = std::make_shared<Previous>();
  previous->regions = HasRegions(table);
  previous->last_number = LastSegment(parameters->GetSegmentationNode());
  for (const int id : IsNoduleTable(table) ? NoduleIDs(table) : std::vector<int>())
  {
    sam2lung::Nodule& nodule = previous->nodules[id] = NoduleInTable(table, id);
    // An outline that was edited by hand stays as one that was clicked does.
    nodule.clicked = nodule.clicked || CellNumber(table, id, "edited") > 0;
    previous->last_number = std::max(previous->last_number, id);
  }
  previous->labels = CopyOnGrid(parameters->GetLabelMapNode(), input, VTK_UNSIGNED_SHORT, BoxOf(input.ct));
  const Box box = BoxOfMaps(*previous, input);
  previous->uncertainty = CopyOnGrid(parameters->GetUncertaintyVolumeNode(), input, VTK_FLOAT, box);
  if (input.probability)
  {
    previous->probability = CopyOnGrid(parameters->GetProbabilityVolumeNode(), input, VTK_FLOAT, box);
  }
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
  const std::string reviewed = Numbers(table, [table](int id) { return HasReadersWork(table, id); });
  if (!reviewed.empty() && !OnGridOf(parameters->GetInputVolumeNode(), parameters->GetLabelMapNode()))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "You reviewed or outlined nodules (%1) of an earlier run, and the label map "
                                         "that says where they lie is gone or has another grid than the CT. A new run "
                                         "can't match them: what you decided and wrote goes, what you rejected "
                                         "comes back, and what you outlined goes."),
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
