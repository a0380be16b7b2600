#include "SAM2LungPhantom.h"

#include <cmath>
#include <string>

#include <vtkImageData.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>

#include <sam2lung/image.hpp>

namespace sam2lung_slicer
{

namespace
{

/// What radiologists look at lungs with, HU.
constexpr double LUNG_WINDOW = 1500, LUNG_LEVEL = -600;

vtkNew<vtkImageData> ImageOf(const sam2lung::VolumeView& volume)
{
  vtkNew<vtkImageData> image;
  const sam2lung::Index dims = volume.dims();
  image->SetDimensions(static_cast<int>(dims[0]), static_cast<int>(dims[1]), static_cast<int>(dims[2]));
  image->AllocateScalars(VTK_SHORT, 1);
  auto* hu = static_cast<short*>(image->GetScalarPointer());
  for (const float value : volume.voxels<float>())
  {
    *hu++ = static_cast<short>(std::lround(value));
  }
  return image;
}

} // namespace

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* AddPhantom(vtkMRMLScene* scene, std::uint64_t seed)
{
  const sam2lung::Image phantom = sam2lung::Image::phantom(seed);
  const sam2lung::VolumeView volume = phantom.volume();
  const vtkNew<vtkImageData> image = ImageOf(volume);
  vtkNew<vtkMatrix4x4> ijk_to_ras;
  ijk_to_ras->DeepCopy(volume.ijk_to_ras().data());

  vtkNew<vtkMRMLScalarVolumeNode> node;
  node->SetName(("Chest phantom " + std::to_string(seed)).c_str());
  node->SetAndObserveImageData(image);
  node->SetIJKToRASMatrix(ijk_to_ras);
  node->SetAttribute(PHANTOM_NODULES_ATTRIBUTE, phantom.facts().c_str());
  scene->AddNode(node);
  node->CreateDefaultDisplayNodes();
  if (auto* display = vtkMRMLScalarVolumeDisplayNode::SafeDownCast(node->GetDisplayNode()))
  {
    display->AutoWindowLevelOff();
    display->SetWindowLevel(LUNG_WINDOW, LUNG_LEVEL);
  }
  return node;
}

} // namespace sam2lung_slicer
