#include "SAM2LungEngine.h"

#include "SAM2LungLabels.h"
#include "SAM2LungModels.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungText.h"
#include "SAM2LungVoxels.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include <sam2lung/result.hpp>
#include <sam2lung/version.hpp>

namespace sam2lung_slicer
{
namespace
{

sam2lung::Bundle OpenBundle(const std::string& folder)
{
  return folder.empty() ? sam2lung::Bundle::builtin() : sam2lung::Bundle::open(folder);
}

sam2lung::RunOptions Options(const RunInput& input,
                             const sam2lung::Bundle& bundle,
                             const sam2lung::ProgressFunction& progress,
                             const sam2lung::Cancel& cancel)
{
  sam2lung::RunOptions options;
  options.samples = input.samples;
  options.uncertainty = input.uncertainty;
  options.seed = input.seed;
  options.threshold = input.threshold;
  options.sensitivity = input.sensitivity;
  options.min_diameter_mm = input.min_diameter_mm;
  options.share_of_slices = bundle.share_of_slices() ? input.share_of_slices : std::nullopt;
  options.search = input.search;
  if (input.mask)
  {
    options.mask = ViewOf(input.mask, input.ijk_to_ras);
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
  facts.micronodules = result.micronodules().size();
  facts.min_diameter_mm = input.min_diameter_mm;
  const std::optional<double> own_share = loaded.bundle.share_of_slices();
  facts.share_of_slices = own_share && input.share_of_slices ? input.share_of_slices : own_share;
  return facts;
}

/// The volumes of a run, in the model's order.
std::vector<sam2lung::VolumeView> VolumesOf(const RunInput& input)
{
  std::vector<sam2lung::VolumeView> volumes{ ViewOf(input.ct, input.ijk_to_ras) };
  for (const RunChannel& channel : input.channels)
  {
    volumes.push_back(ViewOf(channel.image, input.ijk_to_ras));
  }
  return volumes;
}

/// Whether the model takes the volumes that were copied: its folder may hold another one since they were chosen.
bool TakesChannels(const sam2lung::Bundle& bundle, const RunInput& input)
{
  const std::vector<sam2lung::ModelChannel> wanted = bundle.channel_list();
  return wanted.size() == input.channels.size() + 1 &&
         std::equal(input.channels.begin(), input.channels.end(), wanted.begin() + 1,
                    [](const RunChannel& given, const sam2lung::ModelChannel& channel)
                    { return given.name == channel.name; });
}

RunClasses ClassesOf(const sam2lung::Bundle& bundle)
{
  RunClasses classes;
  classes.regions = bundle.output() == sam2lung::Output::regions;
  for (const sam2lung::ModelClass& one : bundle.classes())
  {
    classes.list.push_back({ one.name, one.colour, one.code, { static_cast<int>(classes.list.size()) + 1 } });
  }
  for (const sam2lung::ModelRegion& region : bundle.regions())
  {
    std::set<int> labels;
    for (const std::size_t place : region.classes)
    {
      labels.insert(static_cast<int>(place) + 1);
    }
    classes.list.push_back({ region.name, region.colour, region.code, labels });
  }
  return classes;
}

/// Maps and facts; the nodules follow.
RunOutput OutputOf(const sam2lung::Result& result, const LoadedEngine& loaded, const RunInput& input)
{
  RunOutput output;
  output.labels = LabelsOf(result, input);
  output.uncertainty = MapOf(result, sam2lung::Map::uncertainty, input);
  if (input.probability)
  {
    output.probability = MapOf(result, sam2lung::Map::probability, input);
  }
  output.classes = ClassesOf(loaded.bundle);
  output.facts = FactsOf(result, loaded, input);
  return output;
}

/// What the scene held before, as the result that is clicked on.
sam2lung::Result EarlierOf(const RunInput& input)
{
  const Previous previous = input.previous ? *input.previous : Previous{};
  const vtkSmartPointer<vtkImageData> labels =
    previous.labels ? previous.labels : Blank(BoxOf(input.ct), VTK_UNSIGNED_SHORT);
  const auto view = [&](vtkImageData* map)
  { return map ? std::optional(ViewOf(map, input.ijk_to_ras)) : std::nullopt; };
  const auto probability = view(previous.probability);
  const auto uncertainty = view(previous.uncertainty);
  return sam2lung::Result::from_maps(ViewOf(labels, input.ijk_to_ras),
                                     probability ? &*probability : nullptr,
                                     uncertainty ? &*uncertainty : nullptr);
}

std::set<int> NumbersOf(const std::vector<sam2lung::Nodule>& nodules)
{
  std::set<int> numbers;
  for (const sam2lung::Nodule& nodule : nodules)
  {
    numbers.insert(static_cast<int>(nodule.id));
  }
  return numbers;
}

/// A nodule that is new gets a number that no row and no segment of the scene has: the label map may lack some of them.
void GiveFreeNumber(sam2lung::Nodule& nodule, const RunInput& input, vtkImageData* labels)
{
  const int last = input.previous ? input.previous->last_number : 0;
  if (static_cast<int>(nodule.id) > last || last >= std::numeric_limits<std::uint16_t>::max())
  {
    return;
  }
  const auto free = static_cast<std::uint16_t>(last + 1);
  const sam2lung::Span<std::uint16_t> voxels = VoxelsOf<std::uint16_t>(labels);
  std::replace(voxels.begin(), voxels.end(), static_cast<std::uint16_t>(nodule.id), free);
  nodule.id = free;
}

std::vector<sam2lung::Index> PlacesOf(const std::vector<RunClick>& clicks, bool inside)
{
  std::vector<sam2lung::Index> places;
  for (const RunClick& click : clicks)
  {
    if (click.inside == inside)
    {
      places.push_back(click.ijk);
    }
  }
  return places;
}

/// The nodule that was outlined at the clicks, and those whose place it took.
void TakeClicked(const sam2lung::Result& result,
                 const sam2lung::Result& earlier,
                 const RunInput& input,
                 RunOutput& output)
{
  const std::vector<std::uint32_t> at_clicks = result.click_nodules();
  const std::uint32_t at_click = at_clicks.at(0);
  const std::vector<sam2lung::Nodule> nodules = result.nodules();
  const std::set<int> before = NumbersOf(earlier.nodules());
  const std::set<int> now = NumbersOf(nodules);
  output.clicked = 0;
  output.apart = input.corrected != 0 && at_click != 0 &&
                 std::any_of(at_clicks.begin(),
                             at_clicks.end(),
                             [&](std::uint32_t at) { return at != static_cast<std::uint32_t>(input.corrected); });
  if (output.apart)
  {
    return;
  }
  for (sam2lung::Nodule nodule : nodules)
  {
    // Only what was measured was outlined: where the network shows nothing, an earlier outline stays as it was.
    if (nodule.id == at_click && !nodule.sample_volumes_mm3.empty())
    {
      if (before.count(static_cast<int>(nodule.id)) == 0)
      {
        GiveFreeNumber(nodule, input, output.labels);
      }
      output.clicked = nodule.id;
      output.nodules = { nodule };
      std::set_difference(before.begin(), before.end(), now.begin(), now.end(),
                          std::inserter(output.replaced, output.replaced.end()));
    }
  }
}

} // namespace

UnfitModel::UnfitModel(Reason what_for, const sam2lung::Bundle& bundle, const RunInput& input)
  : reason(what_for)
  , name(bundle.name())
  , wanted(NamesOf(bundle.channel_list()))
{
  for (const RunChannel& channel : input.channels)
  {
    this->given += (this->given.empty() ? "" : ", ") + channel.name;
  }
}

LoadedEngine& EngineCache::Get(const RunInput& input)
{
  // Opened each time, because the files in the folder may be other ones by now.
  sam2lung::Bundle bundle = OpenBundle(input.model_folder);
  if (!TakesChannels(bundle, input))
  {
    throw UnfitModel(UnfitModel::Reason::channels, bundle, input);
  }
  if (!input.clicks.empty() && bundle.output() == sam2lung::Output::regions)
  {
    throw UnfitModel(UnfitModel::Reason::clicks, bundle, input);
  }
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
  const std::vector<sam2lung::VolumeView> volumes = VolumesOf(input);
  const sam2lung::RunOptions options = Options(input, loaded.bundle, progress, cancel);
  if (input.clicks.empty())
  {
    const auto result = std::make_shared<const sam2lung::Result>(loaded.engine.run(volumes, options));
    RunOutput output = OutputOf(*result, loaded, input);
    output.nodules = result->nodules();
    output.result = result;
    return output;
  }
  const sam2lung::Result earlier = EarlierOf(input);
  const std::vector<sam2lung::Index> inside = PlacesOf(input.clicks, true);
  const std::vector<sam2lung::Index> outside = PlacesOf(input.clicks, false);
  const sam2lung::Result result = loaded.engine.click(volumes, earlier, inside, outside, options);
  RunOutput output = OutputOf(result, loaded, input);
  TakeClicked(result, earlier, input, output);
  return output;
}

} // namespace sam2lung_slicer
