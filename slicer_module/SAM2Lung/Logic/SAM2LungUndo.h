/// \file
/// What a reader did to the nodules of a parameter node, one step at a time, to take it back and do it again. Main thread only.
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
  /// What was taken back before can't be done again from here on.
  /// \param text   what was done, for people
  /// \param undo   takes it back; false: that can't be done any more, and nothing was changed
  /// \param redo   does it again; false: the same
  /// \param group  steps that belong together have one number above 0
  void Add(vtkMRMLSAM2LungParametersNode* parameters,
           const std::string& text,
           std::function<bool()> undo,
           std::function<bool()> redo,
           int group = 0);
  /// What Undo() would take back next; empty: nothing.
  std::string Text(vtkMRMLSAM2LungParametersNode* parameters) const;
  /// What Redo() would do again next; empty: nothing.
  std::string RedoText(vtkMRMLSAM2LungParametersNode* parameters) const;
  /// Takes back what was done last to the nodules of this parameter node; Redo() may do it again. \return whether it could;
  /// where it couldn't, it never will
  bool Undo(vtkMRMLSAM2LungParametersNode* parameters);
  /// Does again what was taken back last. \return whether it could; where it couldn't, it never will
  bool Redo(vtkMRMLSAM2LungParametersNode* parameters);
  /// How many steps of a group could be taken back.
  int Count(vtkMRMLSAM2LungParametersNode* parameters, int group) const;
  /// Takes back all steps of a group, the last one first, and forgets them. \return whether it could: false leaves the rest
  bool UndoGroup(vtkMRMLSAM2LungParametersNode* parameters, int group);
  /// Nothing of what was done to this parameter node's nodules can be taken back, or done again, any more; null: to any.
  void Forget(vtkMRMLSAM2LungParametersNode* parameters);

private:
  struct Step
  {
    vtkWeakPointer<vtkMRMLSAM2LungParametersNode> parameters;
    std::string text;
    std::function<bool()> undo;
    std::function<bool()> redo;
    int group = 0;
  };
  std::deque<Step> Done;   ///< The last one last.
  std::deque<Step> Undone; ///< The one that was taken back last stands last.
};

} // namespace sam2lung_slicer

#endif
