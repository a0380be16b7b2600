#include "SAM2LungChannels.h"

#include "SAM2LungInput.h"
#include "SAM2LungMaps.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLTransformNode.h>

#include <vtkImageData.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>

#include <algorithm>

namespace sam2lung_slicer
{
namespace
{

std::string Name(vtkMRMLNode* node)
{
  return node->GetName() ? node->GetName() : "";
}

std::string MissingProblem(const std::string& channel, const ModelFacts& model)
{
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The model '%1' takes %2 volumes on one grid (%3), and none is chosen as %4. Choose "
                                       "it below the first one, or another model under Advanced."),
                             model.name.c_str(),
                             std::to_string(model.channels.size()).c_str(),
                             NamesOf(model.channels).c_str(),
                             channel.c_str());
}

std::string TwiceProblem(vtkMRMLScalarVolumeNode* volume, const std::string& one, const std::string& other)
{
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "'%1' is chosen as %2 and as %3; expected two volumes. Choose another one for one of "
                                       "them."),
                             Name(volume).c_str(),
                             one.c_str(),
                             other.c_str());
}

std::string SizeOf(vtkMRMLScalarVolumeNode* volume)
{
  const int* const dims = volume->GetImageData()->GetDimensions();
  return std::to_string(dims[0]) + " x " + std::to_string(dims[1]) + " x " + std::to_string(dims[2]);
}

/// Both have voxels.
std::string GridProblem(vtkMRMLScalarVolumeNode* volume, const std::string& channel, vtkMRMLScalarVolumeNode* first)
{
  const int* const dims = volume->GetImageData()->GetDimensions();
  vtkNew<vtkMatrix4x4> own;
  vtkNew<vtkMatrix4x4> wanted;
  volume->GetIJKToRASMatrix(own);
  first->GetIJKToRASMatrix(wanted);
  if (!std::equal(dims, dims + 3, first->GetImageData()->GetDimensions()) ||
      !SameGrid(own->GetData(), wanted->GetData()))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' (%2, %3 voxels) has another grid than '%4' (%5 voxels); expected the same "
                                         "voxels at the same places. Resample it to '%4' in the module Resample "
                                         "Scalar/Vector/DWI Volume."),
                               Name(volume).c_str(),
                               channel.c_str(),
                               SizeOf(volume).c_str(),
                               Name(first).c_str(),
                               SizeOf(first).c_str());
  }
  if (volume->GetParentTransformNode() != first->GetParentTransformNode())
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' (%2) and '%3' lie under different transforms; expected the same one, or "
                                         "none. Change that in the module Transforms."),
                               Name(volume).c_str(),
                               channel.c_str(),
                               Name(first).c_str());
  }
  return {};
}

} // namespace

//----------------------------------------------------------------------------
std::string ChannelsProblem(vtkMRMLSAM2LungParametersNode* parameters, const ModelFacts& model)
{
  vtkMRMLScalarVolumeNode* const first = parameters->GetInputVolumeNode();
  std::vector<vtkMRMLScalarVolumeNode*> chosen{ first };
  for (std::size_t n = 1; n < model.channels.size(); ++n)
  {
    const sam2lung::ModelChannel& channel = model.channels[n];
    vtkMRMLScalarVolumeNode* const volume = parameters->GetChannelVolumeNode(channel.name);
    if (!volume)
    {
      return MissingProblem(channel.name, model);
    }
    const auto same = std::find(chosen.begin(), chosen.end(), volume);
    if (same != chosen.end())
    {
      return TwiceProblem(volume, model.channels[static_cast<std::size_t>(same - chosen.begin())].name, channel.name);
    }
    std::string problem = VolumeProblem(volume, channel.is_hu);
    problem = problem.empty() ? GridProblem(volume, channel.name, first) : problem;
    if (!problem.empty())
    {
      return problem;
    }
    chosen.push_back(volume);
  }
  return {};
}

} // namespace sam2lung_slicer
