#include "SAM2LungMask.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTransformNode.h>

#include <vtkOrientedImageData.h>
#include <vtkOrientedImageDataResample.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>

#include <vtkDataArray.h>
#include <vtkGeneralTransform.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkPointData.h>

#include <algorithm>

namespace sam2lung_slicer
{
namespace
{

constexpr unsigned char INSIDE = 1;

/// The segment's label map, which other segments may share; made on a copy where the segmentation has none, so that
/// the user's segmentation stays as it is.
vtkSmartPointer<vtkSegment> WithLabelMap(vtkSegmentation* segmentation, const std::string& id)
{
  const char* const labelMap = vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName();
  if (segmentation->ContainsRepresentation(labelMap))
  {
    return segmentation->GetSegment(id);
  }
  vtkNew<vtkSegmentation> copy;
  copy->SetSourceRepresentationName(segmentation->GetSourceRepresentationName());
  copy->CopyConversionParameters(segmentation);
  copy->CopySegmentFromSegmentation(segmentation, id);
  return copy->CreateRepresentation(labelMap, true) ? copy->GetSegment(id) : nullptr;
}

/// A grid without voxels where the CT lies.
vtkSmartPointer<vtkOrientedImageData> GridOf(const RunInput& input)
{
  vtkNew<vtkMatrix4x4> ijk_to_ras;
  ijk_to_ras->DeepCopy(input.ijk_to_ras.data());
  const auto grid = vtkSmartPointer<vtkOrientedImageData>::New();
  grid->SetDimensions(input.ct->GetDimensions());
  grid->SetImageToWorldMatrix(ijk_to_ras);
  return grid;
}

/// The segment's label map on the CT's grid; null: it holds no voxel or can't be made.
vtkSmartPointer<vtkOrientedImageData> Resampled(vtkSegment* segment,
                                                vtkMRMLSegmentationNode* from,
                                                vtkMRMLScalarVolumeNode* to,
                                                const RunInput& input)
{
  auto* const labels = segment ? vtkOrientedImageData::SafeDownCast(segment->GetRepresentation(
                                   vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()))
                               : nullptr;
  if (!labels || labels->IsEmpty())
  {
    return nullptr;
  }
  vtkNew<vtkGeneralTransform> transform;
  vtkMRMLTransformNode::GetTransformBetweenNodes(
    from->GetParentTransformNode(), to->GetParentTransformNode(), transform);
  const auto resampled = vtkSmartPointer<vtkOrientedImageData>::New();
  const bool made = vtkOrientedImageDataResample::ResampleOrientedImageToReferenceOrientedImage(
    labels, GridOf(input), resampled, false, false, transform);
  return made ? resampled : nullptr;
}

/// \return whether there is one
bool TakeInside(vtkDataArray* labels, int label, vtkImageData* mask)
{
  auto* const inside = static_cast<unsigned char*>(mask->GetScalarPointer());
  bool any = false;
  for (vtkIdType voxel = 0; voxel < labels->GetNumberOfTuples(); ++voxel)
  {
    if (labels->GetComponent(voxel, 0) == label)
    {
      inside[voxel] = INSIDE;
      any = true;
    }
  }
  return any;
}

/// A mask on the grid of `input.ct` that holds no voxel.
vtkSmartPointer<vtkImageData> EmptyMask(const RunInput& input)
{
  const auto mask = vtkSmartPointer<vtkImageData>::New();
  mask->SetDimensions(input.ct->GetDimensions());
  mask->AllocateScalars(VTK_UNSIGNED_CHAR, 1);
  mask->GetPointData()->GetScalars()->Fill(0);
  return mask;
}

} // namespace

vtkSmartPointer<vtkImageData> VoxelsOfSegment(vtkMRMLSegmentationNode* node,
                                              const std::string& segment_id,
                                              vtkMRMLScalarVolumeNode* ct,
                                              const RunInput& input)
{
  const vtkSmartPointer<vtkSegment> segment = WithLabelMap(node->GetSegmentation(), segment_id);
  const auto labels = Resampled(segment, node, ct, input);
  const auto mask = EmptyMask(input);
  const bool any = labels && TakeInside(labels->GetPointData()->GetScalars(), segment->GetLabelValue(), mask);
  return any ? mask : nullptr;
}

std::string SegmentMask(vtkMRMLSAM2LungParametersNode* parameters, RunInput& input)
{
  vtkMRMLSegmentationNode* const node = parameters->GetLungMaskSegmentationNode();
  input.mask =
    VoxelsOfSegment(node, parameters->GetLungMaskSegmentID(), parameters->GetInputVolumeNode(), input);
  if (input.mask)
  {
    return {};
  }
  const std::string id = parameters->GetLungMaskSegmentID();
  const char* const name = node->GetSegmentation()->GetSegment(id)->GetName();
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The segment '%1' of '%2' is empty, or lies outside the CT '%3'; expected where "
                                       "in the CT to search. Choose another segment under Advanced, or search in the "
                                       "lungs."),
                             name && *name ? name : id.c_str(),
                             node->GetName(),
                             parameters->GetInputVolumeNode()->GetName());
}

} // namespace sam2lung_slicer
