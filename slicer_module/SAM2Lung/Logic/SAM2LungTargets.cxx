#include "SAM2LungTargets.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>

namespace sam2lung_slicer
{

std::string TargetProblem(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLScalarVolumeNode* const ct = parameters->GetInputVolumeNode();
  vtkMRMLScalarVolumeNode* const uncertainty = parameters->GetUncertaintyVolumeNode();
  vtkMRMLScalarVolumeNode* const probability =
    parameters->GetWriteProbability() ? parameters->GetProbabilityVolumeNode() : nullptr;
  if (ct && (ct == uncertainty || ct == probability))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "The CT '%1' is also chosen as an output, which would overwrite it; expected "
                                         "another volume, or none for a new one. Choose it again under Advanced."),
                               ct->GetName());
  }
  for (const std::string& channel : parameters->GetChannelNames())
  {
    vtkMRMLScalarVolumeNode* const volume = parameters->GetChannelVolumeNode(channel);
    if (volume && (volume == uncertainty || volume == probability))
    {
      return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                           "'%1' is chosen as %2 and as an output, which would overwrite it; expected "
                                           "another volume, or none for a new one. Choose it again under Advanced."),
                                 volume->GetName(),
                                 channel.c_str());
    }
  }
  if (uncertainty && uncertainty == probability)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' is chosen as uncertainty and as probability volume; expected two "
                                         "volumes, or none for new ones. Choose them again under Advanced."),
                               uncertainty->GetName());
  }
  vtkMRMLSegmentationNode* const segmentation = parameters->GetSegmentationNode();
  const bool reads_segment = parameters->GetSearch() == vtkMRMLSAM2LungParametersNode::SearchSegment;
  if (segmentation && reads_segment && segmentation == parameters->GetLungMaskSegmentationNode())
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' holds the segment to search in and is also chosen as the output, which "
                                         "would overwrite it; expected another segmentation, or none for a new one. "
                                         "Choose it again under Advanced."),
                               segmentation->GetName());
  }
  return {};
}

} // namespace sam2lung_slicer
