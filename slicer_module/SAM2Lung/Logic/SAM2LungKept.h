/// \file
/// What runs found, kept for comparisons and reports as long as the scene shows it. Main thread only.

#ifndef SAM2LungKept_h
#define SAM2LungKept_h

#include "SAM2LungRun.h"

#include <map>
#include <memory>
#include <vector>

#include <vtkMRMLTableNode.h>
#include <vtkWeakPointer.h>

#include "vtkMRMLSAM2LungParametersNode.h"

#include <sam2lung/result.hpp>

namespace sam2lung_slicer
{

/// The library's result of a whole run. It holds maps of the CT's size: about 10 bytes a voxel.
struct Kept
{
  std::shared_ptr<const sam2lung::Result> result;
  RunFacts facts;
  std::map<int, int> numbers;          ///< RunOutput::numbers.
  vtkWeakPointer<vtkMRMLTableNode> table; ///< Into which its nodules were written.

  /// Number in the scene of the result's nodule; 0: another outline took its place at once.
  int NumberNow(int number) const;
};

/// The last whole run of each parameter node.
class KeptResults
{
public:
  void Keep(vtkMRMLSAM2LungParametersNode* parameters, const RunOutput& output);
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
