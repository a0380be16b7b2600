#include "SAM2LungEngine.h"

#include "SAM2LungText.h"

#include <utility>
#include <vector>

#include <sam2lung/version.hpp>

namespace sam2lung_slicer
{
namespace
{

sam2lung::Bundle OpenBundle(const std::string& folder)
{
  return folder.empty() ? sam2lung::Bundle::builtin() : sam2lung::Bundle::open(folder);
}

template <typename T>
sam2lung::VolumeView ViewAs(vtkImageData* image, const sam2lung::Matrix& ijk_to_ras)
{
  const int* const dims = image->GetDimensions();
  const sam2lung::Span<const T> voxels(static_cast<const T*>(image->GetScalarPointer()),
                                       static_cast<std::size_t>(image->GetNumberOfPoints()));
  return { voxels, { dims[0], dims[1], dims[2] }, ijk_to_ras };
}

sam2lung::VolumeView View(vtkImageData* image, const sam2lung::Matrix& ijk_to_ras)
{
  switch (image->GetScalarType())
  {
    case VTK_UNSIGNED_CHAR: return ViewAs<std::uint8_t>(image, ijk_to_ras);
    case VTK_SHORT: return ViewAs<std::int16_t>(image, ijk_to_ras);
    case VTK_UNSIGNED_SHORT: return ViewAs<std::uint16_t>(image, ijk_to_ras);
    case VTK_INT: return ViewAs<std::int32_t>(image, ijk_to_ras);
    case VTK_DOUBLE: return ViewAs<double>(image, ijk_to_ras);
    default: return ViewAs<float>(image, ijk_to_ras);
  }
}

sam2lung::RunOptions Options(const RunInput& input,
                             const sam2lung::ProgressFunction& progress,
                             const sam2lung::Cancel& cancel)
{
  sam2lung::RunOptions options;
  options.samples = input.samples;
  options.uncertainty = input.uncertainty;
  options.seed = input.seed;
  options.threshold = input.threshold;
  options.sensitivity = input.sensitivity;
  options.search = input.search;
  if (input.mask)
  {
    options.mask = View(input.mask, input.ijk_to_ras);
  }
  options.progress = progress;
  options.cancel = &cancel;
  return options;
}

/// An image of the CT's size, its voxels not set.
vtkSmartPointer<vtkImageData> Image(const RunInput& input, int type)
{
  const auto image = vtkSmartPointer<vtkImageData>::New();
  image->SetDimensions(input.ct->GetDimensions());
  image->AllocateScalars(type, 1);
  return image;
}

template <typename T>
sam2lung::Span<T> VoxelsOf(vtkImageData* image)
{
  return { static_cast<T*>(image->GetScalarPointer()), static_cast<std::size_t>(image->GetNumberOfPoints()) };
}

vtkSmartPointer<vtkImageData> LabelsOf(const sam2lung::Result& result, const RunInput& input)
{
  auto image = Image(input, VTK_UNSIGNED_SHORT);
  result.copy_labels(VoxelsOf<std::uint16_t>(image));
  return image;
}

vtkSmartPointer<vtkImageData> MapOf(const sam2lung::Result& result, sam2lung::Map map, const RunInput& input)
{
  auto image = Image(input, VTK_FLOAT);
  result.copy_map(map, VoxelsOf<float>(image));
  return image;
}

RunFacts FactsOf(const sam2lung::Result& result, const LoadedEngine& loaded, const RunInput& input)
{
  RunFacts facts;
  facts.model = loaded.bundle.name() + " " + loaded.bundle.version();
  facts.model_sha256 = loaded.bundle.sha256();
  facts.library = sam2lung::version();
  facts.device = loaded.engine.device() == sam2lung::Device::cuda ? "CUDA" : "CPU";
  facts.device_reason = loaded.engine.device_reason();
  facts.uncertainty = result.uncertainty();
  facts.samples = result.samples();
  facts.seed = input.seed;
  facts.threshold = result.threshold();
  facts.seconds = result.seconds();
  for (const sam2lung::Warning& warning : result.warnings())
  {
    facts.warnings.push_back({ warning.name, Sentence(warning.text) });
  }
  return facts;
}

} // namespace

LoadedEngine& EngineCache::Get(const RunInput& input)
{
  // Opened each time, because the files in the folder may be other ones by now.
  sam2lung::Bundle bundle = OpenBundle(input.model_folder);
  const bool same = this->Loaded && this->Folder == input.model_folder && this->Device == input.device &&
                    this->Loaded->bundle.sha256() == bundle.sha256();
  if (!same)
  {
    sam2lung::EngineOptions options;
    options.device = input.device;
    // The old one goes first, so that two never share the memory.
    this->Loaded.reset();
    sam2lung::Engine engine(bundle, options);
    this->Loaded.emplace(LoadedEngine{ std::move(bundle), std::move(engine) });
    this->Folder = input.model_folder;
    this->Device = input.device;
  }
  return *this->Loaded;
}

RunOutput RunOn(LoadedEngine& loaded,
                const RunInput& input,
                const sam2lung::ProgressFunction& progress,
                const sam2lung::Cancel& cancel)
{
  std::vector<sam2lung::Index> points;
  if (input.point_ijk)
  {
    points.push_back(*input.point_ijk);
  }
  const sam2lung::VolumeView ct = View(input.ct, input.ijk_to_ras);
  const sam2lung::Result result = loaded.engine.run_at(ct, points, {}, Options(input, progress, cancel));

  RunOutput output;
  output.labels = LabelsOf(result, input);
  output.uncertainty = MapOf(result, sam2lung::Map::uncertainty, input);
  if (input.probability)
  {
    output.probability = MapOf(result, sam2lung::Map::probability, input);
  }
  output.nodules = result.nodules();
  if (input.point_ijk)
  {
    output.at_point = result.point_nodules().at(0);
  }
  output.facts = FactsOf(result, loaded, input);
  return output;
}

} // namespace sam2lung_slicer
