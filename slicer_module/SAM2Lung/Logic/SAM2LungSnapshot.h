/// \file
/// Copies for a run what it needs of the scene. Main thread only.

#ifndef SAM2LungSnapshot_h
#define SAM2LungSnapshot_h

#include "SAM2LungRun.h"

#include <array>
#include <memory>
#include <optional>
#include <string>

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;

namespace sam2lung_slicer
{

struct ModelFacts;

/// Right, anterior, superior in the world, mm.
using ClickRas = std::array<double, 3>;

/// A click as it was asked for.
struct ClickRequest
{
  ClickRas ras{};
  bool inside = true;
  int corrected = 0; ///< The nodule whose outline it corrects, with all clicks that it had; 0: whatever is there.
};

struct Snapshot
{
  std::shared_ptr<const RunInput> input; ///< Null if there is a problem.
  std::string problem;                   ///< What stands in the way and what to do, for people.
};

/// Copies voxels, geometry and options of nodes in which no other check found a problem.
///
/// \param model  what the model takes; null: one CT
/// \param click  outline the nodule there and look for no other; none: look for all
Snapshot TakeSnapshot(vtkMRMLSAM2LungParametersNode* parameters,
                      const ModelFacts* model,
                      const std::optional<ClickRequest>& click);

/// The CT's voxels and where they lie, without what else a run needs.
RunInput TakeCT(vtkMRMLScalarVolumeNode* ct);

/// Whether the volume still has the grid that it had, so that results fit it.
bool HasGridOf(vtkMRMLScalarVolumeNode* ct, const RunInput& input);

} // namespace sam2lung_slicer

#endif
