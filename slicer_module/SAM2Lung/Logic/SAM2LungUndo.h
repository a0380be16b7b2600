/// \file
/// What a reader did to the nodules of a parameter node, one step at a time, to take it back. Main thread only.
///
/// The scene's own undo is off in Slicer and copies whole nodes, but no voxels.

#ifndef SAM2LungUndo_h
#define SAM2LungUndo_h

#include <deque>
#include <functional>
#include <string>

#include <vtkWeakPointer.h>

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

class UndoSteps
{
public:
  /// \param text  what was done, for people
  /// \param undo  takes it back; false: that can't be done any more, and nothing was changed
  void Add(vtkMRMLSAM2LungParametersNode* parameters, const std::string& text, std::function<bool()> undo);
  /// What Undo() would take back next; empty: nothing.
  std::string Text(vtkMRMLSAM2LungParametersNode* parameters) const;
  /// Takes back what was done last to the nodules of this parameter node, and forgets it. \return whether it could
  bool Undo(vtkMRMLSAM2LungParametersNode* parameters);
  /// Nothing of what was done to this parameter node's nodules can be taken back any more; null: to any.
  void Forget(vtkMRMLSAM2LungParametersNode* parameters);

private:
  struct Step
  {
    vtkWeakPointer<vtkMRMLSAM2LungParametersNode> parameters;
    std::string text;
    std::function<bool()> undo;
  };
  std::deque<Step> Steps; ///< The last one last.
};

} // namespace sam2lung_slicer

#endif
