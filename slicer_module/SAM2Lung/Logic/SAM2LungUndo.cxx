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

/// The last one of a parameter node; the end: there is none.
template <typename Steps>
auto Last(Steps& steps, vtkMRMLSAM2LungParametersNode* parameters)
{
  const auto last =
    std::find_if(steps.rbegin(), steps.rend(), [&](const auto& step) { return step.parameters == parameters; });
  return !parameters || last == steps.rend() ? steps.end() : std::prev(last.base());
}

template <typename Steps, typename Is>
void Remove(Steps& steps, Is is)
{
  steps.erase(std::remove_if(steps.begin(), steps.end(), is), steps.end());
}

} // namespace

//----------------------------------------------------------------------------
void UndoSteps::Add(vtkMRMLSAM2LungParametersNode* parameters,
                    const std::string& text,
                    std::function<bool()> undo,
                    std::function<bool()> redo,
                    int group)
{
  Remove(this->Undone, [&](const Step& step) { return step.parameters == parameters; });
  this->Done.push_back({ parameters, text, std::move(undo), std::move(redo), group });
  if (this->Done.size() > MAX_STEPS)
  {
    this->Done.pop_front();
  }
}

//----------------------------------------------------------------------------
std::string UndoSteps::Text(vtkMRMLSAM2LungParametersNode* parameters) const
{
  const auto last = Last(this->Done, parameters);
  return last == this->Done.end() ? std::string() : last->text;
}

//----------------------------------------------------------------------------
std::string UndoSteps::RedoText(vtkMRMLSAM2LungParametersNode* parameters) const
{
  const auto last = Last(this->Undone, parameters);
  return last == this->Undone.end() ? std::string() : last->text;
}

//----------------------------------------------------------------------------
bool UndoSteps::Undo(vtkMRMLSAM2LungParametersNode* parameters)
{
  const auto last = Last(this->Done, parameters);
  if (last == this->Done.end())
  {
    return false;
  }
  // Out of the list first: an observer of the nodes may come back here.
  const Step step = *last;
  this->Done.erase(last);
  if (!step.undo())
  {
    return false;
  }
  this->Undone.push_back(step);
  return true;
}

//----------------------------------------------------------------------------
bool UndoSteps::Redo(vtkMRMLSAM2LungParametersNode* parameters)
{
  const auto last = Last(this->Undone, parameters);
  if (last == this->Undone.end())
  {
    return false;
  }
  const Step step = *last;
  this->Undone.erase(last);
  if (!step.redo())
  {
    return false;
  }
  this->Done.push_back(step);
  return true;
}

//----------------------------------------------------------------------------
int UndoSteps::Count(vtkMRMLSAM2LungParametersNode* parameters, int group) const
{
  return static_cast<int>(
    std::count_if(this->Done.begin(),
                  this->Done.end(),
                  [&](const Step& step) { return step.parameters == parameters && step.group == group; }));
}

//----------------------------------------------------------------------------
bool UndoSteps::UndoGroup(vtkMRMLSAM2LungParametersNode* parameters, int group)
{
  while (this->Count(parameters, group) > 0)
  {
    const auto last =
      std::find_if(this->Done.rbegin(),
                   this->Done.rend(),
                   [&](const Step& step) { return step.parameters == parameters && step.group == group; });
    const Step step = *last;
    this->Done.erase(std::prev(last.base()));
    if (!step.undo())
    {
      return false;
    }
  }
  Remove(this->Undone, [&](const Step& step) { return step.parameters == parameters; });
  return true;
}

//----------------------------------------------------------------------------
void UndoSteps::Forget(vtkMRMLSAM2LungParametersNode* parameters)
{
  const auto is = [&](const Step& step)
  { return !parameters || !step.parameters || step.parameters == parameters; };
  Remove(this->Done, is);
  Remove(this->Undone, is);
}

} // namespace sam2lung_slicer
