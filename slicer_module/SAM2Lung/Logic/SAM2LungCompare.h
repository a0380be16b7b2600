/// \file
/// Two scans of one patient from their CTs and results to what they say together, on the thread that calls.

#ifndef SAM2LungCompare_h
#define SAM2LungCompare_h

#include "SAM2LungRun.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sam2lung/cancel.hpp>
#include <sam2lung/comparison.hpp>
#include <sam2lung/options.hpp>
#include <sam2lung/result.hpp>

namespace sam2lung_slicer
{

/// One scan: a copy of its CT, and what a run found in it.
struct CompareScan
{
  RunInput ct; ///< Voxels and geometry; of the rest nothing is used.
  std::shared_ptr<const sam2lung::Result> result;
  std::string folder; ///< Of results, where there is no `result`.
  std::string name;   ///< For people.
};

/// Copied from the scene on the main thread.
struct CompareInput
{
  CompareScan prior;
  CompareScan current;
  std::optional<double> days; ///< From the prior to the current scan; none: not known.
};

/// Places and the map are in the CTs' own frames (RAS, mm).
struct Compared
{
  std::vector<sam2lung::ComparisonRow> rows;
  std::vector<std::string> doubts; ///< Why a person should check the matches.
  std::optional<double> days;
  std::shared_ptr<const sam2lung::Comparison> files; ///< What writes its pages and tables.
  sam2lung::Matrix current_to_prior{};
  vtkSmartPointer<vtkImageData> prior_labels; ///< uint16 on the prior CT's grid, of a folder; else null.
};

/// \throws sam2lung::Error, std::bad_alloc
RunOutput CompareOn(const CompareInput& input,
                    const sam2lung::ProgressFunction& progress,
                    const sam2lung::Cancel& cancel);
} // namespace sam2lung_slicer

#endif
