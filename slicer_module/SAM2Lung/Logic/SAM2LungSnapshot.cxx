#include "SAM2LungSnapshot.h"

#include "SAM2LungClicks.h"
#include "SAM2LungMask.h"
#include "SAM2LungModels.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungTable.h"
#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>

#include <vtkDataArray.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkPointData.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace sam2lung_slicer
{
namespace
{

/// The types that the library reads; others become float, which holds every HU exactly.
int VoxelType(int type)
{
  switch (type)
  {
    case VTK_UNSIGNED_CHAR:
    case VTK_SHORT:
    case VTK_UNSIGNED_SHORT:
    case VTK_INT:
    case VTK_FLOAT:
    case VTK_DOUBLE: return type;
    default: return VTK_FLOAT;
  }
}

vtkSmartPointer<vtkImageData> CopyVoxels(vtkImageData* image)
{
  vtkDataArray* const voxels = image->GetPointData()->GetScalars();
  const int type = VoxelType(voxels->GetDataType());
  const auto copy = vtkSmartPointer<vtkDataArray>::Take(vtkDataArray::CreateDataArray(type));
  copy->DeepCopy(voxels);
  const auto packed = vtkSmartPointer<vtkImageData>::New();
  packed->SetDimensions(image->GetDimensions());
  packed->GetPointData()->SetScalars(copy);
  return packed;
}

/// From the indices of the copy, which begin at 0, to mm: the image's own extent may begin elsewhere.
sam2lung::Matrix IjkToRas(vtkMRMLScalarVolumeNode* ct)
{
  vtkNew<vtkMatrix4x4> matrix;
  ct->GetIJKToRASMatrix(matrix);
  const int* const extent = ct->GetImageData()->GetExtent();
  const double first[4] = { double(extent[0]), double(extent[2]), double(extent[4]), 1.0 };
  double origin[4];
  matrix->MultiplyPoint(first, origin);
  sam2lung::Matrix ijk_to_ras{};
  std::copy_n(matrix->GetData(), ijk_to_ras.size(), ijk_to_ras.begin());
  for (int row = 0; row < 3; ++row)
  {
    ijk_to_ras[4 * row + 3] = origin[row];
  }
  return ijk_to_ras;
}

/// The voxel at a place in the world; none if it lies outside.
std::optional<sam2lung::Index> VoxelAt(vtkMRMLScalarVolumeNode* ct, const RunInput& input, const ClickRas& click_ras)
{
  double ras[4] = { 0.0, 0.0, 0.0, 1.0 };
  ct->TransformPointFromWorld(click_ras.data(), ras);
  vtkNew<vtkMatrix4x4> ras_to_ijk;
  ras_to_ijk->DeepCopy(input.ijk_to_ras.data());
  ras_to_ijk->Invert();
  double ijk[4];
  ras_to_ijk->MultiplyPoint(ras, ijk);
  sam2lung::Index voxel{};
  for (int axis = 0; axis < 3; ++axis)
  {
    // Written so that NaN lies outside.
    if (!(ijk[axis] >= -0.5 && ijk[axis] < input.ct->GetDimensions()[axis] - 0.5))
    {
      return std::nullopt;
    }
    voxel[axis] = static_cast<std::int64_t>(std::floor(ijk[axis] + 0.5));
  }
  return voxel;
}

std::string OutsideText(vtkMRMLScalarVolumeNode* ct, const ClickRas& click_ras)
{
  std::ostringstream at;
  at << std::fixed << std::setprecision(1) << click_ras[0] << ", " << click_ras[1] << ", " << click_ras[2];
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The click at (%1) mm lies outside the CT '%2'. Click in the CT, in the "
                                       "middle of a nodule."),
                             at.str().c_str(),
                             ct->GetName());
}

std::string OutsideAloneText()
{
  return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                   "The click outside lies on the only click inside; expected another place. Click inside the nodule first.");
}

sam2lung::Search SearchOf(int search)
{
  switch (search)
  {
    case vtkMRMLSAM2LungParametersNode::SearchEverywhere: return sam2lung::Search::everywhere;
    case vtkMRMLSAM2LungParametersNode::SearchSegment: return sam2lung::Search::mask;
    default: return sam2lung::Search::lungs;
  }
}

sam2lung::Device DeviceOf(int device)
{
  switch (device)
  {
    case vtkMRMLSAM2LungParametersNode::DeviceCPU: return sam2lung::Device::cpu;
    case vtkMRMLSAM2LungParametersNode::DeviceCUDA: return sam2lung::Device::cuda;
    default: return sam2lung::Device::automatic;
  }
}

sam2lung::Uncertainty UncertaintyOf(int uncertainty)
{
  switch (uncertainty)
  {
    case vtkMRMLSAM2LungParametersNode::UncertaintyEntropy: return sam2lung::Uncertainty::entropy;
    case vtkMRMLSAM2LungParametersNode::UncertaintyVariance: return sam2lung::Uncertainty::variance;
    case vtkMRMLSAM2LungParametersNode::UncertaintyMutualInformation: return sam2lung::Uncertainty::mutual_information;
    default: return sam2lung::Uncertainty::bundle;
  }
}

void CopyOptions(vtkMRMLSAM2LungParametersNode* parameters, RunInput& input)
{
  input.search = SearchOf(parameters->GetSearch());
  input.uncertainty = UncertaintyOf(parameters->GetUncertainty());
  input.device = DeviceOf(parameters->GetDevice());
  input.model_folder = parameters->GetModelFolder();
  input.samples = static_cast<std::uint32_t>(parameters->GetSamples());
  input.seed = static_cast<std::uint64_t>(parameters->GetSeed());
  input.threshold = parameters->GetThreshold();
  input.sensitivity = parameters->GetSensitivity();
  input.min_diameter_mm = parameters->GetMinDiameter();
  if (parameters->GetShareOfSlices() >= 0.0)
  {
    input.share_of_slices = parameters->GetShareOfSlices();
  }
  input.probability = parameters->GetWriteProbability();
  input.whole_uncertainty = parameters->GetUncertaintyEverywhere();
}

} // namespace

Snapshot TakeSnapshot(vtkMRMLSAM2LungParametersNode* parameters,
                      const ModelFacts* model,
                      const std::optional<ClickRequest>& click)
{
  vtkMRMLScalarVolumeNode* const ct = parameters->GetInputVolumeNode();
  const auto input = std::make_shared<RunInput>();
  CopyOptions(parameters, *input);
  input->ct = CopyVoxels(ct->GetImageData());
  input->ijk_to_ras = IjkToRas(ct);
  for (std::size_t n = 1; model && n < model->channels.size(); ++n)
  {
    const std::string& name = model->channels[n].name;
    input->channels.push_back({ name, CopyVoxels(parameters->GetChannelVolumeNode(name)->GetImageData()) });
  }
  if (click)
  {
    const std::optional<sam2lung::Index> voxel = VoxelAt(ct, *input, click->ras);
    if (!voxel)
    {
      return { nullptr, OutsideText(ct, click->ras) };
    }
    input->clicks = { { *voxel, click->inside } };
    input->corrected = click->corrected;
    // No time goes into finding lungs: the network runs around the click alone.
    input->search = sam2lung::Search::everywhere;
  }
  else if (input->search == sam2lung::Search::mask)
  {
    const std::string problem = SegmentMask(parameters, *input);
    if (!problem.empty())
    {
      return { nullptr, problem };
    }
  }
  input->previous = TakePrevious(parameters, *input);
  if (input->corrected != 0)
  {
    input->clicks = WithClicksBefore(parameters->GetNoduleTableNode(), input->corrected, input->clicks.front(), *input);
    const bool any_inside = std::any_of(
      input->clicks.begin(), input->clicks.end(), [](const RunClick& each) { return each.inside; });
    if (!any_inside)
    {
      return { nullptr, OutsideAloneText() };
    }
  }
  if (click && input->previous && input->previous->uncertainty)
  {
    // One map shows one kind.
    input->uncertainty = TableUncertainty(parameters->GetNoduleTableNode());
  }
  return { input, {} };
}

RunInput TakeCT(vtkMRMLScalarVolumeNode* ct)
{
  RunInput input;
  input.ct = CopyVoxels(ct->GetImageData());
  input.ijk_to_ras = IjkToRas(ct);
  return input;
}

bool HasGridOf(vtkMRMLScalarVolumeNode* ct, const RunInput& input)
{
  vtkImageData* const image = ct->GetImageData();
  return image && std::equal(image->GetDimensions(), image->GetDimensions() + 3, input.ct->GetDimensions()) &&
         IjkToRas(ct) == input.ijk_to_ras;
}

} // namespace sam2lung_slicer
