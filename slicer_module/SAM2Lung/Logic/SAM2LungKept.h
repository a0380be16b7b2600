/// \file
/// What runs found, kept for comparisons and reports as long as the scene shows it. Main thread only.

#ifndef SAM2LungKept_h
#define SAM2LungKept_h

#include "SAM2LungRun.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <vtkMRMLTableNode.h>
#include <vtkWeakPointer.h>

#include "vtkMRMLSAM2LungParametersNode.h"

#include <sam2lung/comparison.hpp>
#include <sam2lung/result.hpp>

namespace sam2lung_slicer
{

/// The library's result of a whole run. It holds maps of the CT's size: about 10 bytes a voxel.
struct Kept
{
  std::shared_ptr<const sam2lung::Result> result;
  RunFacts facts;
  std::map<int, int> numbers;          ///< RunOutput::numbers.
  std::string model_folder;            ///< RunInput::model_folder, and what else of it says how nodules were found.
  sam2lung::Search search = sam2lung::Search::lungs;
  double sensitivity = 0;
  vtkWeakPointer<vtkMRMLTableNode> table; ///< Into which its nodules were written.
  std::shared_ptr<const sam2lung::Comparison> comparison; ///< With a prior, in this session; null: there was none.
  int comparison_stamp = 0;                               ///< ComparisonStamp() of the table that it was written into.

  /// Number in the scene of the result's nodule; 0: another outline took its place at once.
  int NumberNow(int number) const;
};

/// The last whole run of each parameter node.
class KeptResults
{
public:
  void Keep(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output);
  /// Keeps what the table says of a prior, with the run that was compared.
  void KeepComparison(vtkMRMLSAM2LungParametersNode* parameters,
                      const std::shared_ptr<const sam2lung::Comparison>& comparison);
  /// None where the run came with another session, or its outputs were exchanged.
  const Kept* Find(vtkMRMLSAM2LungParametersNode* parameters) const;
  /// Null: those of all.
  void Forget(vtkMRMLSAM2LungParametersNode* parameters);

private:
  struct Entry
  {
    vtkWeakPointer<vtkMRMLSAM2LungParametersNode> parameters;
    Kept kept;
  };
  std::vector<Entry> Entries;
};

} // namespace sam2lung_slicer

#endif
