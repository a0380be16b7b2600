#include "SAM2LungInput.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTransformNode.h>

#include <vtkDataArray.h>
#include <vtkImageData.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkPointData.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iomanip>
#include <sstream>
#include <vector>

namespace
{

/// Of squared lengths: lengths then hold to 0.05 %, volumes to 0.15 %.
constexpr double RIGID_TOLERANCE = 1e-3;

/// Red, green, blue and opacity.
constexpr int MOST_COLOURS = 4;
/// From fewer slices no nodule's volume can be told, and no chest CT has so few.
constexpr int LEAST_SLICES = 5;
/// Some voxel of a chest CT is below this, as in the library's check (src/stages/check.rs).
constexpr double AIR_HU = -200.0;
/// Enough for what is at least one voxel in a thousand, and read in a few milliseconds.
constexpr vtkIdType VALUES_LOOKED_AT = 20000;

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
  if (voxels->GetNumberOfComponents() > MOST_COLOURS)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' has %2 values a voxel, as a series over time has; expected one, in "
                                         "Hounsfield units. Choose one point of time as a volume of its own."),
                               Name(ct).c_str(),
                               std::to_string(voxels->GetNumberOfComponents()).c_str());
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
  if (*std::min_element(dims, dims + 3) < LEAST_SLICES)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' has %2 x %3 x %4 voxels; expected a chest CT with at least %5 along "
                                         "each axis. Load the whole series, not a part of it."),
                               Name(ct).c_str(),
                               std::to_string(dims[0]).c_str(),
                               std::to_string(dims[1]).c_str(),
                               std::to_string(dims[2]).c_str(),
                               std::to_string(LEAST_SLICES).c_str());
  }
  return {};
}

/// Of a volume that needn't be a CT.
std::string PlainProblem(vtkMRMLScalarVolumeNode* volume)
{
  vtkImageData* const image = volume->GetImageData();
  vtkDataArray* const voxels = image ? image->GetPointData()->GetScalars() : nullptr;
  if (voxels && voxels->GetNumberOfComponents() == 1 && voxels->GetNumberOfTuples() > 0 &&
      voxels->GetNumberOfTuples() == image->GetNumberOfPoints())
  {
    return {};
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "'%1' has no voxels, or several values a voxel; expected a loaded volume of one value "
                                       "a voxel. Load its file again, or choose another volume."),
                             Name(volume).c_str());
}

/// DICOM's modality of the series that the volume was loaded from, as "CT" or "MR"; empty: not known.
std::string Modality(vtkMRMLScalarVolumeNode* volume)
{
  // Not by GetSubjectHierarchyNode(), which makes one where there is none.
  auto* const hierarchy = vtkMRMLSubjectHierarchyNode::SafeDownCast(
    volume->GetScene() ? volume->GetScene()->GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode") : nullptr);
  const vtkIdType item = hierarchy ? hierarchy->GetItemByDataNode(volume) : 0;
  return item ? hierarchy->GetItemAttribute(
                  item, vtkMRMLSubjectHierarchyConstants::GetDICOMSeriesModalityAttributeName())
              : std::string();
}

std::string ModalityProblem(vtkMRMLScalarVolumeNode* ct)
{
  const std::string modality = Modality(ct);
  if (modality.empty() || modality == "CT")
  {
    return {};
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "'%1' is an image of the modality %2; expected a chest CT. Choose the CT, or "
                                       "load one."),
                             Name(ct).c_str(),
                             modality.c_str());
}

/// Values at places spread evenly over the volume; those that are no numbers are left out.
std::vector<double> SampledValues(vtkDataArray* voxels)
{
  const vtkIdType count = voxels->GetNumberOfTuples();
  // Rows and slices are a multiple of 2 long, most often: an odd step doesn't meet the same columns again and again.
  const vtkIdType step = std::max<vtkIdType>(1, count / VALUES_LOOKED_AT) | 1;
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(count / step) + 1);
  for (vtkIdType n = 0; n < count; n += step)
  {
    const double value = voxels->GetComponent(n, 0);
    if (std::isfinite(value))
    {
      values.push_back(value);
    }
  }
  return values;
}

std::string Rounded(double value)
{
  std::ostringstream text;
  text << std::setprecision(5) << value;
  return text.str();
}

/// A chest CT has air. The library looks at every voxel and finds more; this is what shows at a glance.
std::string ValuesProblem(vtkMRMLScalarVolumeNode* ct)
{
  const std::vector<double> values = SampledValues(ct->GetImageData()->GetPointData()->GetScalars());
  if (values.empty())
  {
    return {};
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*low <= AIR_HU && *low < *high)
  {
    return {};
  }
  const std::string problem =
    *low == *high
      ? vtkMRMLTr("vtkSlicerSAM2LungLogic",
                  "'%1' has the same value, %2, everywhere; expected a chest CT. Choose another volume.")
    : *low >= 0.0
      ? vtkMRMLTr("vtkSlicerSAM2LungLogic",
                  "'%1' is no CT in Hounsfield units: its values go from about %2 to %3, and air would be near -1000. "
                  "An MR, a mask or a picture looks like that. Choose a chest CT; if this is one, load it from DICOM, or "
                  "subtract what was added to its values (often 1024).")
      : vtkMRMLTr("vtkSlicerSAM2LungLogic",
                  "'%1' is no CT of a chest in Hounsfield units: its values go from about %2 to %3, and air would be "
                  "near -1000. Choose the chest CT as it came from the scanner, not a normalised or cropped one.");
  return vtkMRMLI18N::Format(problem, Name(ct).c_str(), Rounded(*low).c_str(), Rounded(*high).c_str());
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

/// The first check that finds something; empty: none does.
std::string First(vtkMRMLScalarVolumeNode* ct,
                  std::initializer_list<std::string (*)(vtkMRMLScalarVolumeNode*)> checks)
{
  for (const auto& check : checks)
  {
    const std::string problem = check(ct);
    if (!problem.empty())
    {
      return problem;
    }
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

std::string VolumeProblem(vtkMRMLScalarVolumeNode* volume, bool hu)
{
  const std::string problem = hu ? ImageProblem(volume) : PlainProblem(volume);
  return !problem.empty() ? problem : First(volume, { SequenceProblem, TransformProblem });
}

std::string ImageProblem(vtkMRMLScalarVolumeNode* volume)
{
  return First(volume, { KindProblem, ModalityProblem, VoxelsProblem, ValuesProblem });
}

} // namespace sam2lung_slicer
