#include "SAM2LungUndo.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace sam2lung_slicer
{

namespace
{

/// So many steps are kept, of all parameter nodes together; a click holds the voxels that it changed.
constexpr std::size_t MAX_STEPS = 200;

} // namespace

//----------------------------------------------------------------------------
void UndoSteps::Add(vtkMRMLSAM2LungParametersNode* parameters, const std::string& text, std::function<bool()> undo)
{
  this->Steps.push_back({ parameters, text, std::move(undo) });
  if (this->Steps.size() > MAX_STEPS)
  {
    this->Steps.pop_front();
  }
}

//----------------------------------------------------------------------------
std::string UndoSteps::Text(vtkMRMLSAM2LungParametersNode* parameters) const
{
  const auto last = std::find_if(
    this->Steps.rbegin(), this->Steps.rend(), [&](const Step& step) { return step.parameters == parameters; });
  return parameters && last != this->Steps.rend() ? last->text : std::string();
}

//----------------------------------------------------------------------------
bool UndoSteps::Undo(vtkMRMLSAM2LungParametersNode* parameters)
{
  const auto last = std::find_if(
    this->Steps.rbegin(), this->Steps.rend(), [&](const Step& step) { return step.parameters == parameters; });
  if (!parameters || last == this->Steps.rend())
  {
    return false;
  }
  // Out of the list first: an observer of the nodes may come back here.
  const std::function<bool()> undo = last->undo;
  this->Steps.erase(std::next(last).base());
  return undo();
}

//----------------------------------------------------------------------------
void UndoSteps::Forget(vtkMRMLSAM2LungParametersNode* parameters)
{
  this->Steps.erase(std::remove_if(this->Steps.begin(),
                                   this->Steps.end(),
                                   [&](const Step& step)
                                   { return !parameters || !step.parameters || step.parameters == parameters; }),
                    this->Steps.end());
}

} // namespace sam2lung_slicer
