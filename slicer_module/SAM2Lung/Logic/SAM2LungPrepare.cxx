#include "SAM2LungPrepare.h"

#include "SAM2LungLabels.h"
#include "SAM2LungNeighbourhood.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungVoxels.h"

#include <vtkImageData.h>
#include <vtkPointData.h>
#include <vtkDataArray.h>
#include <vtkSegment.h>

#include <algorithm>
#include <map>
#include <tuple>

#include <sam2lung/result.hpp>

namespace sam2lung_slicer
{

namespace
{

std::uint16_t& Label(vtkImageData* labels, int i, int j, int k)
{
  return *static_cast<std::uint16_t*>(labels->GetScalarPointer(i, j, k));
}

/// Whether two outlines are versions of one nodule.
bool AreVersions(std::int64_t shared, std::int64_t voxels, std::int64_t other_voxels)
{
  return shared > 0 && 2 * shared >= std::min(voxels, other_voxels);
}

using Shares = std::map<int, LabelShare>;

/// What was there before, and where in its label map the nodules of its table are.
struct Before
{
  explicit Before(const Previous& held)
    : previous(held)
  {
    for (const auto& [number, share] : FindLabels(held.labels))
    {
      if (held.nodules.count(number) > 0)
      {
        this->shares[number] = share;
      }
    }
  }

  const Previous& previous;
  Shares shares;
};

/// A run's nodule and the earlier one of which it is a version.
struct Pair
{
  int earlier = 0;
  int found = 0;
  std::int64_t shared = 0;
};

/// All versions, those that share most first.
std::vector<Pair> FindPairs(const Before& before, vtkImageData* labels, const Shares& shares)
{
  std::map<std::pair<int, int>, std::int64_t> shared;
  for (const auto& [earlier, share] : before.shares)
  {
    const int number = earlier;
    ForEachVoxel(share.box,
                 [&](int i, int j, int k)
                 {
                   if (Label(before.previous.labels, i, j, k) == number)
                   {
                     ++shared[{ number, Label(labels, i, j, k) }];
                   }
                 });
  }
  std::vector<Pair> pairs;
  for (const auto& [pair, voxels] : shared)
  {
    if (pair.second != 0 && AreVersions(voxels, before.shares.at(pair.first).voxels, shares.at(pair.second).voxels))
    {
      pairs.push_back({ pair.first, pair.second, voxels });
    }
  }
  std::sort(pairs.begin(),
            pairs.end(),
            [](const Pair& a, const Pair& b)
            { return std::tie(b.shared, a.earlier, a.found) < std::tie(a.shared, b.earlier, b.found); });
  return pairs;
}

/// What becomes of the run's nodules and of the earlier ones.
struct Plan
{
  std::map<int, int> numbers;   ///< Number in the run to the number now; 0: another outline stays in its place.
  std::map<int, int> earlier;   ///< Earlier number to the number now.
  std::set<int> kept;           ///< Earlier ones that stay as they were.
};

Plan MakePlan(const Before& before, const std::vector<Pair>& pairs, const std::vector<sam2lung::Nodule>& nodules)
{
  Plan plan;
  std::set<int> taken;
  const Previous& previous = before.previous;
  for (const auto& [number, nodule] : previous.nodules)
  {
    if (nodule.clicked && before.shares.count(number) > 0)
    {
      plan.kept.insert(number);
      plan.earlier[number] = number;
      taken.insert(number);
    }
  }
  for (const Pair& pair : pairs)
  {
    if (plan.kept.count(pair.earlier) > 0)
    {
      plan.numbers[pair.found] = 0;
    }
  }
  for (const Pair& pair : pairs)
  {
    if (plan.earlier.count(pair.earlier) == 0 && plan.numbers.count(pair.found) == 0)
    {
      plan.numbers[pair.found] = pair.earlier;
      plan.earlier[pair.earlier] = pair.earlier;
      taken.insert(pair.earlier);
    }
  }
  int last = previous.nodules.empty() ? 0 : previous.nodules.rbegin()->first;
  for (const sam2lung::Nodule& nodule : nodules)
  {
    last = std::max(last, static_cast<int>(nodule.id));
  }
  for (const sam2lung::Nodule& nodule : nodules)
  {
    const int number = static_cast<int>(nodule.id);
    if (plan.numbers.count(number) == 0)
    {
      plan.numbers[number] = taken.insert(number).second ? number : ++last;
    }
  }
  return plan;
}

void Renumber(vtkImageData* labels, const Shares& shares, const std::map<int, int>& numbers)
{
  // One box may hold parts of several nodules: each voxel is looked at once, with the numbers of the run.
  Box all;
  for (const auto& share : shares)
  {
    all = all.With(share.second.box);
  }
  ForEachVoxel(all,
               [&](int i, int j, int k)
               {
                 std::uint16_t& label = Label(labels, i, j, k);
                 const auto number = numbers.find(label);
                 label = number == numbers.end() ? label : static_cast<std::uint16_t>(number->second);
               });
}

/// Writes an earlier outline over what is there.
void PutBack(vtkImageData* labels, const Before& before, int number)
{
  ForEachVoxel(before.shares.at(number).box,
               [&](int i, int j, int k)
               {
                 if (Label(before.previous.labels, i, j, k) == number)
                 {
                   Label(labels, i, j, k) = static_cast<std::uint16_t>(number);
                 }
               });
}

void Apply(const Plan& plan, const Before& before, const Shares& shares, RunOutput& output)
{
  const bool changes = std::any_of(
    plan.numbers.begin(), plan.numbers.end(), [](const auto& number) { return number.first != number.second; });
  if (changes)
  {
    Renumber(output.labels, shares, plan.numbers);
  }
  std::vector<sam2lung::Nodule> nodules;
  for (sam2lung::Nodule& nodule : output.nodules)
  {
    nodule.id = static_cast<std::uint32_t>(plan.numbers.at(static_cast<int>(nodule.id)));
    if (nodule.id != 0)
    {
      nodules.push_back(nodule);
    }
  }
  for (const int number : plan.kept)
  {
    PutBack(output.labels, before, number);
    nodules.push_back(before.previous.nodules.at(number));
  }
  std::sort(nodules.begin(), nodules.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  output.nodules = nodules;
  output.earlier = plan.earlier;
  output.kept = plan.kept;
  output.numbers = plan.numbers;
}

void Match(const RunInput& input, RunOutput& output)
{
  const bool regions = output.classes.regions;
  if (!input.previous || !input.previous->labels || input.previous->nodules.empty() || input.previous->regions != regions)
  {
    return;
  }
  if (regions)
  {
    // A class has its number in every run.
    for (const auto& [number, nodule] : input.previous->nodules)
    {
      output.earlier[number] = number;
    }
    return;
  }
  const Before before(*input.previous);
  const Shares shares = FindLabels(output.labels);
  const std::vector<Pair> pairs = FindPairs(before, output.labels, shares);
  Apply(MakePlan(before, pairs, output.nodules), before, shares, output);
}

/// Sets the uncertainty to 0 beyond 10 mm of every nodule.
void KeepNear(const RunInput& input, RunOutput& output)
{
  const sam2lung::VolumeView map = ViewOf(output.uncertainty, input.ijk_to_ras);
  const auto whole = sam2lung::Result::from_maps(ViewOf(output.labels, input.ijk_to_ras), nullptr, &map);
  whole.copy_map_near_nodules(sam2lung::Map::uncertainty, VoxelsOf<float>(output.uncertainty));
}

/// Copies the earlier map's values near the nodules that were kept.
void PutMapBack(vtkImageData* map, vtkImageData* earlier, const RunInput& input, const RunOutput& output)
{
  const Shares shares = map && earlier && !output.kept.empty() ? FindLabels(output.labels) : Shares();
  for (const auto& [number, share] : shares)
  {
    if (output.kept.count(number) > 0)
    {
      const Box box = Reach(share.box, input.ijk_to_ras, output.labels);
      PutValues(map, earlier, NearNodule(Crop(output.labels, box), number, input.ijk_to_ras));
    }
  }
}

/// Slicer asks for the range on the main thread; an array remembers it once it was asked for.
void KnowRange(vtkImageData* image)
{
  if (image)
  {
    image->GetScalarRange();
  }
}

} // namespace

//----------------------------------------------------------------------------
void Prepare(const RunInput& input, RunOutput& output)
{
  if (output.prepared)
  {
    return;
  }
  if (input.clicks.empty())
  {
    Match(input, output);
    if (!input.whole_uncertainty)
    {
      KeepNear(input, output);
    }
  }
  if (input.clicks.empty() && input.previous)
  {
    PutMapBack(output.uncertainty, input.previous->uncertainty, input, output);
    PutMapBack(output.probability, input.previous->probability, input, output);
  }
  output.segments = MakeSegments(output.labels, input.ijk_to_ras, output.nodules, output.classes);
  for (vtkImageData* image : { output.labels.Get(), output.uncertainty.Get(), output.probability.Get() })
  {
    KnowRange(image);
  }
  output.prepared = true;
}

} // namespace sam2lung_slicer
