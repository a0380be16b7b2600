/// \file
/// What goes into a run and what comes out of it: values, shared with nothing in the scene.
///
/// Voxels lie in packed images, extent from (0, 0, 0), i fastest; where they lie in the patient stands in `ijk_to_ras`
/// alone (the images' own origin, spacing and directions stay at their defaults).

#ifndef SAM2LungRun_h
#define SAM2LungRun_h

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <vtkImageData.h>
#include <vtkSmartPointer.h>

#include <sam2lung/bundle.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/nodule.hpp>
#include <sam2lung/volume.hpp>

class vtkSegment;

namespace sam2lung
{
class Result;
}

namespace sam2lung_slicer
{

struct Compared;
struct Previous;

/// A volume beside the CT, on its grid.
struct RunChannel
{
  std::string name;                    ///< As the model names it.
  vtkSmartPointer<vtkImageData> image; ///< One component.
};

/// A voxel that a person pointed at.
struct RunClick
{
  sam2lung::Index ijk{};
  bool inside = true; ///< Whether it belongs to the nodule.

  bool operator==(const RunClick& other) const { return this->ijk == other.ijk && this->inside == other.inside; }
};

/// Copied from the scene on the main thread.
struct RunInput
{
  vtkSmartPointer<vtkImageData> ct;                                    ///< The model's first channel, one component.
  sam2lung::Matrix ijk_to_ras{};                                       ///< Of the volume node itself, without its parent transform.
  vtkSmartPointer<vtkImageData> mask;                                  ///< uint8 on the CT's grid, with Search::mask; else null.
  std::vector<RunClick> clicks;                                        ///< Outline the nodule at these, and nothing else;
                                                                       ///< none: look for all.
  int corrected = 0;                                                   ///< With clicks: the nodule whose outline they
                                                                       ///< correct; 0: whatever is there.
  sam2lung::Search search = sam2lung::Search::lungs;
  sam2lung::Uncertainty uncertainty = sam2lung::Uncertainty::bundle;
  sam2lung::Device device = sam2lung::Device::automatic;
  std::string model_folder;                                            ///< Empty: built in.
  std::uint32_t samples = 0;
  std::uint64_t seed = 0;
  double threshold = 0;
  double sensitivity = 0;
  double min_diameter_mm = 0;
  std::optional<double> share_of_slices;                               ///< Of a hybrid; none: the model's.
  bool probability = false;                                            ///< Whether RunOutput::probability is wanted.
  bool whole_uncertainty = false;                                      ///< Else it is kept near the nodules only.
  std::shared_ptr<const Previous> previous;                            ///< The outputs' content before; null: none.
  std::vector<RunChannel> channels;                                    ///< The model's other channels, in its order.
};

/// A class of a model, or a region that it makes of several of them.
struct RunClass
{
  std::string name;
  std::array<std::uint8_t, 3> colour{}; ///< Red, green, blue.
  sam2lung::Code code{};                ///< Its code, where it has one.
  std::set<int> labels{};               ///< Where labels are classes, whose voxels are its own: a class' number, or those of a
                                        ///< region's classes.
};

/// What a model tells apart.
struct RunClasses
{
  bool regions = false;       ///< Labels are numbers of classes; else of findings, each of one class.
  std::vector<RunClass> list; ///< Classes; with `regions` number n is the n-th, from 1, and the regions stand behind them.

  /// Whether findings differ by their class.
  bool Several() const { return this->regions || this->list.size() > 1; }
  /// The class or region of a finding; null: unknown.
  const RunClass* Of(const sam2lung::Nodule& nodule) const
  {
    if (this->regions)
    {
      return 1 <= nodule.id && nodule.id <= this->list.size() ? &this->list[nodule.id - 1] : nullptr;
    }
    const auto found = std::find_if(this->list.begin(), this->list.end(),
                                    [&](const RunClass& one) { return one.name == nodule.class_name; });
    return found == this->list.end() ? nullptr : &*found;
  }
};

/// Something that the run found out about the CT or about itself, and that whoever reads the result must know.
struct RunWarning
{
  std::string name; ///< Stable, such as "W_THICK_SLICES".
  std::string text; ///< For people.
};

/// How a run went, for the outputs' attributes and the result line.
struct RunFacts
{
  std::string model;         ///< Name and version.
  std::string model_sha256;  ///< Of model.json.
  std::string library;       ///< Version of libsam2lung.
  std::string device;        ///< "CPU" or "CUDA".
  std::string device_reason; ///< Why this one.
  sam2lung::Uncertainty uncertainty = sam2lung::Uncertainty::entropy;
  std::uint32_t samples = 0;
  std::uint64_t seed = 0;
  double threshold = 0;
  double seconds = 0;
  std::vector<RunWarning> warnings;
  std::size_t micronodules = 0; ///< Findings that are smaller than `min_diameter_mm`, and not shown.
  double min_diameter_mm = 0;
  std::optional<double> share_of_slices; ///< That the fine network of a hybrid saw.
};

/// Made on the run's thread. The images hold the whole result; after a click, earlier nodules with it.
struct RunOutput
{
  vtkSmartPointer<vtkImageData> labels;      ///< uint16: numbers of nodules, 0 elsewhere.
  vtkSmartPointer<vtkImageData> uncertainty; ///< float.
  vtkSmartPointer<vtkImageData> probability; ///< float; null unless wanted.
  std::vector<sam2lung::Nodule> nodules;     ///< Those that were measured, in the order of their numbers.
  RunClasses classes;
  std::optional<std::uint32_t> clicked;      ///< With RunInput::clicks: the nodule there, 0 for none.
  bool apart = false;                        ///< With RunInput::corrected, and nothing clicked: what the model outlines at
                                             ///< the clicks is not one version of that nodule.
  std::set<int> replaced;                    ///< With RunInput::clicks: earlier nodules whose place it took.
  RunFacts facts;
  std::shared_ptr<const sam2lung::Result> result; ///< Of a whole run: what comparisons and reports are made of.
  std::shared_ptr<const Compared> compared;       ///< Of a comparison, and nothing else then.

  /// \name Made of the above by Prepare()
  /// \{
  bool prepared = false;
  std::vector<vtkSmartPointer<vtkSegment>> segments; ///< One for each nodule that has voxels, with its surface.
  std::map<int, int> earlier;                        ///< Number of a nodule that was there before, to its number now.
  std::set<int> kept;                                ///< Outlined by a click before, and kept as they were.
  std::map<int, int> numbers;                        ///< Number of a nodule in `result`, to its number now; 0: another
                                                     ///< outline stays in its place. Empty: all are the same.
  /// \}
};

} // namespace sam2lung_slicer

#endif
