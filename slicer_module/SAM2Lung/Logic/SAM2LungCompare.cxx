#include "SAM2LungCompare.h"

#include "SAM2LungVoxels.h"

#include <cstdint>

namespace sam2lung_slicer
{
namespace
{

vtkSmartPointer<vtkImageData> LabelsOf(const sam2lung::Result& result, const RunInput& ct)
{
  const auto image = vtkSmartPointer<vtkImageData>::New();
  image->SetDimensions(ct.ct->GetDimensions());
  image->AllocateScalars(VTK_UNSIGNED_SHORT, 1);
  result.copy_labels(VoxelsOf<std::uint16_t>(image));
  return image;
}

} // namespace

//----------------------------------------------------------------------------
RunOutput CompareOn(const CompareInput& input,
                    const sam2lung::ProgressFunction& progress,
                    const sam2lung::Cancel& cancel)
{
  const sam2lung::VolumeView prior_ct = ViewOf(input.prior.ct.ct, input.prior.ct.ijk_to_ras);
  const sam2lung::VolumeView current_ct = ViewOf(input.current.ct.ct, input.current.ct.ijk_to_ras);
  const auto compared = std::make_shared<Compared>();
  std::shared_ptr<const sam2lung::Result> prior = input.prior.result;
  if (!prior)
  {
    prior = std::make_shared<const sam2lung::Result>(sam2lung::Result::read(input.prior.folder, prior_ct, &cancel));
    compared->prior_labels = LabelsOf(*prior, input.prior.ct);
  }
  sam2lung::CompareOptions options;
  options.days = input.days;
  options.prior_name = input.prior.name;
  options.current_name = input.current.name;
  options.progress = progress;
  options.cancel = &cancel;
  const auto comparison =
    std::make_shared<const sam2lung::Comparison>(sam2lung::ScanView(*prior, prior_ct),
                                                 sam2lung::ScanView(*input.current.result, current_ct),
                                                 options);
  compared->rows = comparison->rows();
  compared->doubts = comparison->doubts();
  compared->days = comparison->days();
  compared->current_to_prior = comparison->current_to_prior();
  compared->files = comparison;
  RunOutput output;
  output.compared = compared;
  return output;
}

} // namespace sam2lung_slicer
