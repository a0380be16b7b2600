/// \file
/// What a click, or measuring anew, is about to replace in the outputs: to put it back, and to do it again. Main thread only.

#ifndef SAM2LungNodulesBefore_h
#define SAM2LungNodulesBefore_h

#include "SAM2LungRun.h"

#include <memory>
#include <set>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// Rows, segments, points, colours and voxels of some nodules.
class VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT NodulesBefore
{
public:
  /// Before WriteClick() with the same arguments: the nodule at the click and those whose place it takes.
  NodulesBefore(vtkMRMLSAM2LungParametersNode* parameters, const RunOutput& output);
  /// Before anything else is done to these nodules.
  NodulesBefore(vtkMRMLSAM2LungParametersNode* parameters, const std::set<int>& nodules);
  ~NodulesBefore();
  NodulesBefore(const NodulesBefore&) = delete;
  void operator=(const NodulesBefore&) = delete;

  /// After it was done: keeps of the voxels those that changed.
  void Shrink();
  /// Puts all of it back, and holds what was there instead: the next call does again what was done. What was changed elsewhere
  /// since then stays. Outputs that the click made stay, empty.
  /// \return whether it could: false where an output was removed or exchanged since then, and nothing is changed
  bool PutBack();

private:
  struct Content;
  std::unique_ptr<Content> Held;
};

} // namespace sam2lung_slicer

#endif
