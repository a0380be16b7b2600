#include "SAM2LungInput.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLTransformNode.h>

#include <vtkDataArray.h>
#include <vtkImageData.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkPointData.h>

#include <cmath>
#include <vector>

namespace
{

/// Of squared lengths: lengths then hold to 0.05 %, volumes to 0.15 %.
constexpr double RIGID_TOLERANCE = 1e-3;

std::string Name(vtkMRMLNode* node)
{
  return node->GetName() ? node->GetName() : "";
}

std::string KindProblem(vtkMRMLScalarVolumeNode* ct)
{
  if (ct->IsA("vtkMRMLLabelMapVolumeNode"))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' is a label map; expected a CT in Hounsfield units. "
                                         "Choose the CT itself as input volume."),
                               Name(ct).c_str());
  }
  if (ct->IsA("vtkMRMLTensorVolumeNode") || ct->IsA("vtkMRMLDiffusionWeightedVolumeNode"))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' is a volume of vectors, such as a colour picture; expected a CT with "
                                         "one value a voxel, in Hounsfield units. Choose the CT itself as input "
                                         "volume."),
                               Name(ct).c_str());
  }
  return {};
}

std::string VoxelsProblem(vtkMRMLScalarVolumeNode* ct)
{
  vtkImageData* const image = ct->GetImageData();
  vtkDataArray* const voxels = image ? image->GetPointData()->GetScalars() : nullptr;
  if (!voxels || voxels->GetNumberOfTuples() == 0 || voxels->GetNumberOfTuples() != image->GetNumberOfPoints())
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' has no voxels; expected a loaded CT. Load its file again, or choose "
                                         "another volume."),
                               Name(ct).c_str());
  }
  if (voxels->GetNumberOfComponents() != 1)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' has %2 values a voxel; expected one, in Hounsfield units. Extract one "
                                         "with the module Vector to Scalar Volume."),
                               Name(ct).c_str(),
                               std::to_string(voxels->GetNumberOfComponents()).c_str());
  }
  const int* const dims = image->GetDimensions();
  if (dims[0] < 2 || dims[1] < 2 || dims[2] < 2)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' has %2 x %3 x %4 voxels; expected at least 2 slices along each axis. "
                                         "Load the whole series, not a single image."),
                               Name(ct).c_str(),
                               std::to_string(dims[0]).c_str(),
                               std::to_string(dims[1]).c_str(),
                               std::to_string(dims[2]).c_str());
  }
  return {};
}

/// The voxels of such a volume are exchanged while its browser plays.
std::string SequenceProblem(vtkMRMLScalarVolumeNode* ct)
{
  std::vector<vtkMRMLNode*> referencing;
  ct->GetScene()->GetReferencingNodes(ct, referencing);
  for (vtkMRMLNode* node : referencing)
  {
    // By its name, because the module Sequences may be absent.
    if (node->IsA("vtkMRMLSequenceBrowserNode"))
    {
      return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                           "'%1' shows one frame of the sequence browser '%2', which exchanges its "
                                           "voxels; expected a volume of its own. Clone it in the module Data, and "
                                           "choose the copy."),
                                 Name(ct).c_str(),
                                 Name(node).c_str());
    }
  }
  return {};
}

/// Whether lengths and angles stay as they are. A mirror image is allowed: what is measured stays true, and the outputs
/// get the same parent transform.
bool IsRigid(vtkMatrix4x4* matrix)
{
  for (int column = 0; column < 3; ++column)
  {
    for (int other = 0; other < 3; ++other)
    {
      double product = 0;
      for (int row = 0; row < 3; ++row)
      {
        product += matrix->GetElement(row, column) * matrix->GetElement(row, other);
      }
      // Written so that NaN isn't rigid.
      if (!(std::abs(product - (column == other ? 1.0 : 0.0)) <= RIGID_TOLERANCE))
      {
        return false;
      }
    }
  }
  return true;
}

std::string TransformProblem(vtkMRMLScalarVolumeNode* ct)
{
  vtkMRMLTransformNode* const transform = ct->GetParentTransformNode();
  if (!transform)
  {
    return {};
  }
  if (!transform->IsTransformToWorldLinear())
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' lies under the transform '%2', which bends it; expected a shift and a "
                                         "rotation at most, so that sizes in mm hold. Harden the transform on the "
                                         "volume in the module Transforms, or take the volume out of it."),
                               Name(ct).c_str(),
                               Name(transform).c_str());
  }
  vtkNew<vtkMatrix4x4> toWorld;
  transform->GetMatrixTransformToWorld(toWorld);
  if (!IsRigid(toWorld))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' lies under the transform '%2', which scales or shears it; expected a "
                                         "shift and a rotation at most, so that sizes in mm hold. Harden the transform "
                                         "on the volume in the module Transforms, or take the volume out of it."),
                               Name(ct).c_str(),
                               Name(transform).c_str());
  }
  return {};
}

} // namespace

namespace sam2lung_slicer
{

std::string NodeProblem(vtkMRMLSAM2LungParametersNode* parameters, vtkMRMLScene* scene)
{
  if (!scene)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "There is no scene. Give the logic one with SetMRMLScene().");
  }
  if (!parameters)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "There is no parameter node; expected one of the scene. Choose a CT, or make one with "
                     "GetParametersNode().");
  }
  if (parameters->GetScene() != scene)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "The parameter node '%1' is not in this scene. Add it to the scene, or choose "
                                         "one that is there."),
                               Name(parameters).c_str());
  }
  if (!parameters->GetInputVolumeNode())
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "No CT of this scene is chosen. Choose a chest CT as input volume.");
  }
  return {};
}

std::string VolumeProblem(vtkMRMLScalarVolumeNode* ct)
{
  for (const auto& check : { KindProblem, VoxelsProblem, SequenceProblem, TransformProblem })
  {
    const std::string problem = check(ct);
    if (!problem.empty())
    {
      return problem;
    }
  }
  return {};
}

} // namespace sam2lung_slicer
