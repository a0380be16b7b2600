// Of vtkSlicerSAM2LungLogicInternal.h: undo and redo, corrections, and measuring anew.

#include "vtkSlicerSAM2LungLogicInternal.h"

#include "SAM2LungAxes.h"
#include "SAM2LungInput.h"
#include "SAM2LungMeasure.h"
#include "SAM2LungNodulesBefore.h"
#include "SAM2LungReview.h"
#include "SAM2LungSideBySide.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScene.h>

#include <vtkSmartPointer.h>

#include <algorithm>

using namespace sam2lung_slicer;

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::BusyProblem(vtkMRMLSAM2LungParametersNode* parameters,
                                                             const std::string& what)
{
  return this->Current && this->Current->Parameters == parameters ? this->NotNowText(what) : std::string();
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::TellOfNodules(vtkMRMLSAM2LungParametersNode* parameters)
{
  sam2lung_slicer::UpdateAxes(parameters);
  KeepOutOfPriorView(parameters);
  this->External->InvokeEvent(NodulesModifiedEvent, parameters);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::Undo(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->TakeStep(parameters,
                        { vtkMRMLTr("vtkSlicerSAM2LungLogic", "undone"),
                          vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                    "'%1' can't be undone: its nodule or an output was removed or exchanged since then; "
                                    "nothing was changed."),
                          &UndoSteps::Text,
                          &UndoSteps::Undo });
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::Redo(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->TakeStep(parameters,
                        { vtkMRMLTr("vtkSlicerSAM2LungLogic", "done again"),
                          vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                    "'%1' can't be done again: its nodule or an output was removed or exchanged since "
                                    "then; nothing was changed."),
                          &UndoSteps::RedoText,
                          &UndoSteps::Redo });
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::TakeStep(vtkMRMLSAM2LungParametersNode* parameters, const Direction& direction)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  const std::string busy = this->BusyProblem(parameters, direction.done);
  if (!busy.empty())
  {
    this->Refuse(busy);
    return false;
  }
  const std::string what = (this->Done.*direction.text)(parameters);
  if (what.empty())
  {
    return false;
  }
  if (!(this->Done.*direction.take)(parameters))
  {
    this->Refuse(vtkMRMLI18N::Format(direction.problem, what.c_str()));
    return false;
  }
  this->ShowBefore(parameters);
  this->TellOfNodules(parameters);
  return true;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::Forget(vtkMRMLSAM2LungParametersNode* parameters)
{
  this->Done.Forget(parameters);
  this->Results.Forget(parameters);
  for (Correction& correction : this->Corrections)
  {
    if (parameters && correction.Parameters() == parameters)
    {
      correction.ShowBefore(false);
    }
  }
  this->Corrections.erase(std::remove_if(this->Corrections.begin(),
                                         this->Corrections.end(),
                                         [&](const Correction& correction)
                                         {
                                           return !parameters || !correction.Parameters() ||
                                                  correction.Parameters() == parameters;
                                         }),
                          this->Corrections.end());
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::CorrectionProblem(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  std::string problem = NodeProblem(parameters, this->External->GetMRMLScene());
  if (problem.empty())
  {
    problem = sam2lung_slicer::CorrectionProblem(parameters, id, this->ModelsThere.Find(parameters->GetModelFolder()));
  }
  const Correction* const open = problem.empty() ? this->OpenCorrection(parameters) : nullptr;
  if (open && open->Nodule() != id)
  {
    problem = vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                            "The correction of %1 is neither kept nor discarded. Keep or discard it first."),
                                  NoduleTitle(parameters, open->Nodule()).c_str());
  }
  return problem;
}

//----------------------------------------------------------------------------
std::shared_ptr<vtkSlicerSAM2LungLogic::vtkInternal::Run> vtkSlicerSAM2LungLogic::vtkInternal::BeginCorrection(
  vtkMRMLSAM2LungParametersNode* parameters,
  const ClickRequest& click)
{
  std::string problem = this->CorrectionProblem(parameters, click.corrected);
  if (problem.empty() && EditedNodules(parameters).count(click.corrected) > 0)
  {
    problem = vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                            "The segment of %1 was edited by hand, and a click would go on from the outline "
                                            "of before. Press Measure again first, or take the edit back."),
                                  NoduleTitle(parameters, click.corrected).c_str());
  }
  return problem.empty() ? this->Begin(parameters, click) : this->Refuse(problem);
}

//----------------------------------------------------------------------------
const Correction* vtkSlicerSAM2LungLogic::vtkInternal::OpenCorrection(vtkMRMLSAM2LungParametersNode* parameters) const
{
  const auto found = std::find_if(this->Corrections.begin(),
                                  this->Corrections.end(),
                                  [&](const Correction& correction)
                                  {
                                    return parameters && correction.Parameters() == parameters &&
                                           this->Done.Count(parameters, correction.Group()) > 0;
                                  });
  return found == this->Corrections.end() ? nullptr : &*found;
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::vtkInternal::StepsOfCorrection(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  if (const Correction* const open = this->OpenCorrection(parameters))
  {
    return open->Group();
  }
  // One whose clicks were all undone, if there is one, can't be done again from here on.
  this->Corrections.erase(std::remove_if(this->Corrections.begin(),
                                         this->Corrections.end(),
                                         [&](const Correction& correction)
                                         { return !correction.Parameters() || correction.Parameters() == parameters; }),
                          this->Corrections.end());
  this->Corrections.emplace_back(parameters, id, ++this->LastGroup);
  return this->LastGroup;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::ShowBefore(vtkMRMLSAM2LungParametersNode* parameters)
{
  const bool open = this->OpenCorrection(parameters) != nullptr;
  for (Correction& correction : this->Corrections)
  {
    if (correction.Parameters() == parameters)
    {
      correction.ShowBefore(open);
    }
  }
  KeepOutOfPriorView(parameters);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::KeepCorrection(vtkMRMLSAM2LungParametersNode* parameters)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  const Correction* const open = this->OpenCorrection(parameters);
  if (!open)
  {
    return false;
  }
  Correction(*open).ShowBefore(false);
  this->Corrections.erase(this->Corrections.begin() + (open - this->Corrections.data()));
  this->TellOfNodules(parameters);
  return true;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::DiscardCorrection(vtkMRMLSAM2LungParametersNode* parameters)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  const std::string busy = this->BusyProblem(parameters, vtkMRMLTr("vtkSlicerSAM2LungLogic", "discarded"));
  const Correction* const open = this->OpenCorrection(parameters);
  if (!busy.empty() || !open)
  {
    this->Refuse(busy.empty() ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "There is no correction to discard.") : busy);
    return false;
  }
  const Correction correction = *open;
  Correction(correction).ShowBefore(false);
  this->Corrections.erase(this->Corrections.begin() + (open - this->Corrections.data()));
  const Reading now = NoduleReading(parameters, correction.Nodule());
  const bool discarded = this->Done.UndoGroup(parameters, correction.Group());
  if (discarded)
  {
    // What the reader decided and wrote meanwhile is of the nodule, not of its outline.
    ChangeReading(parameters, correction.Nodule(), correction.ReadingLeft(), now);
  }
  else
  {
    this->Refuse(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                           "The correction can't be discarded: its nodule or an output was removed or exchanged since then."));
  }
  this->TellOfNodules(parameters);
  return discarded;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::MeasureAgain(vtkMRMLSAM2LungParametersNode* parameters)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  std::string problem = this->BusyProblem(parameters, vtkMRMLTr("vtkSlicerSAM2LungLogic", "measured"));
  if (problem.empty())
  {
    problem = NodeProblem(parameters, this->External->GetMRMLScene());
  }
  // Where the model is not on this machine, the CT is taken for one in HU, as it is in the run's own check.
  const ModelFacts* const model = problem.empty() ? this->ModelsThere.Find(parameters->GetModelFolder()) : nullptr;
  const bool hounsfield = !model || model->channels.front().is_hu;
  if (problem.empty())
  {
    problem = VolumeProblem(parameters->GetInputVolumeNode(), hounsfield);
  }
  const Correction* const open = problem.empty() ? this->OpenCorrection(parameters) : nullptr;
  if (open)
  {
    problem = this->CorrectionProblem(parameters, 0);
  }
  if (!problem.empty())
  {
    this->Refuse(problem);
    return false;
  }
  const Measured measured = sam2lung_slicer::MeasureAgain(parameters, hounsfield);
  if (!measured.problem.empty())
  {
    this->Refuse(measured.problem);
    return false;
  }
  const std::string what =
    measured.nodules.size() == 1
      ? vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Measure %1 again"),
                            NoduleTitle(parameters, *measured.nodules.begin()).c_str())
      : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Measure %1 nodules again"),
                            std::to_string(measured.nodules.size()).c_str());
  const auto exchange = [before = measured.before] { return before->PutBack(); };
  this->Done.Add(parameters, what, exchange, exchange);
  this->Status = StatusCompleted;
  this->Message = this->External->GetResultText(parameters);
  this->TellOfNodules(parameters);
  return true;
}
