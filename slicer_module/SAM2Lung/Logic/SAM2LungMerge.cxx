// MergeNodule() of SAM2LungOutputs.h.

#include "SAM2LungOutputs.h"

#include "SAM2LungColors.h"
#include "SAM2LungLabels.h"
#include "SAM2LungMaps.h"
#include "SAM2LungNeighbourhood.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungPoints.h"
#include "SAM2LungPrepare.h"
#include "SAM2LungReview.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungShow.h"
#include "SAM2LungTable.h"
#include "SAM2LungViews.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkSegment.h>

#include <vtkDataArray.h>
#include <vtkPointData.h>
#include <vtkTable.h>

#include <algorithm>
#include <map>

namespace sam2lung_slicer
{

namespace
{

const sam2lung::Nodule* FindNodule(const RunOutput& output)
{
  const std::uint32_t id = output.at_point.value_or(0);
  const auto found = std::find_if(output.nodules.begin(),
                                  output.nodules.end(),
                                  [id](const sam2lung::Nodule& nodule) { return id != 0 && nodule.id == id; });
  return found == output.nodules.end() ? nullptr : &*found;
}

/// A number that no output has yet.
int NewNumber(vtkMRMLSAM2LungParametersNode* parameters, const std::map<int, LabelShare>& shares)
{
  int last = shares.empty() ? 0 : shares.rbegin()->first;
  for (const int id : NoduleIDs(parameters->GetNoduleTableNode()))
  {
    last = std::max(last, id);
  }
  return std::max(last, LastSegment(parameters->GetSegmentationNode())) + 1;
}

/// Puts the nodule into the labels of its surroundings. Voxels of other nodules stay theirs.
void PutNodule(vtkImageData* labels, vtkImageData* run_labels, int at_point, int number)
{
  ForEachVoxel(BoxOf(labels),
               [&](int i, int j, int k)
               {
                 auto& label = *static_cast<std::uint16_t*>(labels->GetScalarPointer(i, j, k));
                 const bool inside = *static_cast<std::uint16_t*>(run_labels->GetScalarPointer(i, j, k)) == at_point;
                 if (label == 0 || label == number)
                 {
                   label = inside ? static_cast<std::uint16_t>(number) : 0;
                 }
               });
}

/// The node's voxels to write into, or blank ones.
vtkSmartPointer<vtkImageData> Voxels(vtkMRMLVolumeNode* node, const RunInput& input, int scalar_type)
{
  return OnGrid(node, input, scalar_type) ? vtkSmartPointer<vtkImageData>(node->GetImageData())
                                          : Blank(BoxOf(input.ct), scalar_type);
}

/// Gives the node the voxels, or says that they changed.
void Commit(vtkMRMLVolumeNode* node, vtkImageData* image, const sam2lung::Matrix& ijk_to_ras)
{
  if (node->GetImageData() != image)
  {
    WriteImage(node, image, ijk_to_ras);
    return;
  }
  image->GetPointData()->GetScalars()->Modified();
  image->Modified();
  node->StorableModified();
}

/// What is to be written, all made before the scene is touched.
struct Merge
{
  Merge(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output);

  void WriteVoxels(const OutputNodes& nodes, const RunInput& input, const RunOutput& output) const;
  void WriteNodule(const OutputNodes& nodes, vtkMRMLScalarVolumeNode* ct, const RunFacts& facts) const;

  sam2lung::Nodule Nodule;                     ///< With its number in the outputs.
  bool Anew = false;                           ///< Nothing in the outputs belongs to this CT.
  vtkSmartPointer<vtkImageData> Labels;        ///< The node's own voxels, or new ones; not yet changed.
  vtkSmartPointer<vtkImageData> Uncertainty;   ///< The same.
  vtkSmartPointer<vtkImageData> Probability;   ///< The same; null unless wanted.
  vtkSmartPointer<vtkImageData> Piece;         ///< The labels about the nodule as they shall be.
  vtkSmartPointer<vtkImageData> Near;          ///< Where the maps shall have the run's values.
  vtkSmartPointer<vtkSegment> Segment;
};

Merge::Merge(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
  : Nodule(*FindNodule(output))
{
  vtkMRMLLabelMapVolumeNode* const old = parameters->GetLabelMapNode();
  this->Anew = HasImage(old) && !OnGrid(old, input, VTK_UNSIGNED_SHORT);
  const auto voxels = [&](vtkMRMLVolumeNode* node, int scalar_type)
  { return Voxels(this->Anew ? nullptr : node, input, scalar_type); };
  this->Labels = voxels(old, VTK_UNSIGNED_SHORT);
  this->Uncertainty = voxels(parameters->GetUncertaintyVolumeNode(), VTK_FLOAT);
  if (output.probability)
  {
    this->Probability = voxels(parameters->GetProbabilityVolumeNode(), VTK_FLOAT);
  }

  const int at_point = static_cast<int>(this->Nodule.id);
  const std::map<int, LabelShare> shares = FindLabels(this->Labels);
  const LabelShare mask = FindLabels(output.labels)[at_point];
  const int version = FindVersion(this->Labels, shares, output.labels, at_point, mask);
  const int number = version != 0 ? version : this->Anew ? 1 : NewNumber(parameters, shares);
  this->Nodule.id = static_cast<std::uint32_t>(number);
  const Box old_box = version != 0 ? shares.at(version).box : Box();
  this->Piece = Crop(this->Labels, Reach(mask.box, input.ijk_to_ras, this->Labels).With(old_box));
  PutNodule(this->Piece, output.labels, at_point, number);
  this->Near = NearNodule(this->Piece, number, input.ijk_to_ras);
  this->Segment = MakeSegments(this->Piece, input.ijk_to_ras, { this->Nodule }).front();
}

void Merge::WriteVoxels(const OutputNodes& nodes, const RunInput& input, const RunOutput& output) const
{
  Copy(this->Piece, this->Labels, BoxOf(this->Piece));
  Commit(nodes.labels, this->Labels, input.ijk_to_ras);
  PutValues(this->Uncertainty, output.uncertainty, this->Near);
  Commit(nodes.uncertainty, this->Uncertainty, input.ijk_to_ras);
  if (this->Probability)
  {
    PutValues(this->Probability, output.probability, this->Near);
    Commit(nodes.probability, this->Probability, input.ijk_to_ras);
  }
}

void Merge::WriteNodule(const OutputNodes& nodes, vtkMRMLScalarVolumeNode* ct, const RunFacts& facts) const
{
  if (this->Anew || !IsNoduleTable(nodes.table))
  {
    WriteTable(nodes.table, MakeTable({ this->Nodule }), facts);
  }
  else
  {
    sam2lung_slicer::WriteNodule(nodes.table, this->Nodule);
  }
  if (this->Anew)
  {
    WriteNoduleColors(nodes.nodule_colors, { LookOf(this->Nodule) });
    while (RemoveNextSegment(nodes.segmentation))
    {
    }
    WriteSegment(nodes.segmentation, ct, this->Segment);
    WritePoints(nodes.points, { this->Nodule });
    return;
  }
  WriteNoduleColor(nodes.nodule_colors, LookOf(this->Nodule));
  WriteSegment(nodes.segmentation, ct, this->Segment);
  WritePoint(nodes.points, this->Nodule);
}

} // namespace

//----------------------------------------------------------------------------
int MergeNodule(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
{
  if (!FindNodule(output))
  {
    return 0;
  }
  const Merge merge(parameters, input, output);
  const OutputNodes nodes = MakeOutputNodes(parameters, output.probability != nullptr);
  ShowVolumes(nodes, output.facts.uncertainty);
  ShowMarks(nodes);
  HideUnlessShown(parameters);
  merge.WriteVoxels(nodes, input, output);
  merge.WriteNodule(nodes, parameters->GetInputVolumeNode(), output.facts);
  ShowAsAccepted(parameters);
  return static_cast<int>(merge.Nodule.id);
}

} // namespace sam2lung_slicer
