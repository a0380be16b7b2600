/// \file
/// What a click is about to replace in the outputs, to put it back. Main thread only.

#ifndef SAM2LungBeforeClick_h
#define SAM2LungBeforeClick_h

#include "SAM2LungRun.h"

#include <memory>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Rows, segments, points, colours and voxels: of the nodule at the click and of those whose place it takes.
class VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT BeforeClick
{
public:
  /// Before WriteClick() with the same arguments.
  BeforeClick(vtkMRMLSAM2LungParametersNode* parameters, const RunOutput& output);
  ~BeforeClick();
  BeforeClick(const BeforeClick&) = delete;
  void operator=(const BeforeClick&) = delete;

  /// After WriteClick(): keeps of the voxels those that it changed.
  void Shrink();
  /// Puts all of it back; what was changed elsewhere since then stays. Outputs that the click made stay, empty.
  /// \return whether it could: false where an output was removed or exchanged since then, and nothing is changed
  bool PutBack();

private:
  struct Content;
  std::unique_ptr<Content> Held;
};

} // namespace sam2lung_slicer

#endif
