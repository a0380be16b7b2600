#include "vtkSlicerSAM2LungLogicInternal.h"

#include "SAM2LungChannels.h"
#include "SAM2LungComparison.h"
#include "SAM2LungExport.h"
#include "SAM2LungInput.h"
#include "SAM2LungNodes.h"
#include "SAM2LungNodulesBefore.h"
#include "SAM2LungOptions.h"
#include "SAM2LungOrphans.h"
#include "SAM2LungOverlay.h"
#include "SAM2LungReview.h"
#include "SAM2LungSideBySide.h"
#include "SAM2LungTargets.h"
#include "SAM2LungText.h"
#include "SAM2LungViews.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScene.h>

#include <vtkSmartPointer.h>

#include <chrono>
#include <vector>

using namespace sam2lung_slicer;

namespace
{

/// How long a waiting call sleeps at most, so that observers hear of progress and may cancel.
constexpr std::chrono::milliseconds WAIT{ 50 };

/// How long the main thread is kept at a time: the window still seems to follow at once.
constexpr std::chrono::milliseconds AT_A_TIME{ 40 };

/// What a reader did, for people.
std::string ReadingText(const Reading& before, const Reading& now, const std::string& nodule)
{
  const std::string text =
    now.decision == before.decision       ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Comment on %1")
    : now.decision == Decision::accepted ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Accept %1")
    : now.decision == Decision::rejected ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Reject %1")
                                          : vtkMRMLTr("vtkSlicerSAM2LungLogic", "Make %1 undecided");
  return vtkMRMLI18N::Format(text, nodule.c_str());
}

std::string NothingAtClickText()
{
  return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                   "The model sees no nodule at the click; nothing was changed. Click in the middle of a nodule, or lower "
                   "the threshold under Advanced.");
}

std::string ApartText()
{
  return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                   "With this click the model outlines something else than this nodule, or several things; nothing was changed. "
                   "Click nearer to the nodule, or outline the other one by Outline at click.");
}

std::string OpenCorrectionText(const std::string& nodule)
{
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The correction of %1 is neither kept nor discarded. Keep or discard it first."),
                             nodule.c_str());
}

} // namespace

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::Problem(vtkMRMLSAM2LungParametersNode* parameters, bool at_click)
{
  std::string problem = NodeProblem(parameters, this->External->GetMRMLScene());
  // Where the model can't be opened the run says why.
  const ModelFacts* const model =
    problem.empty() ? this->ModelsThere.Find(parameters->GetModelFolder()) : nullptr;
  if (problem.empty())
  {
    problem = VolumeProblem(parameters->GetInputVolumeNode(), !model || model->channels.front().is_hu);
  }
  if (problem.empty() && model)
  {
    problem = ChannelsProblem(parameters, *model);
  }
  if (problem.empty())
  {
    problem = TargetProblem(parameters);
  }
  if (problem.empty())
  {
    problem = OptionProblem(parameters, this->ModelsThere);
  }
  // For a click the segment doesn't matter.
  if (problem.empty() && !at_click)
  {
    problem = SegmentProblem(parameters);
  }
  return problem;
}

//----------------------------------------------------------------------------
std::shared_ptr<vtkSlicerSAM2LungLogic::vtkInternal::Run> vtkSlicerSAM2LungLogic::vtkInternal::Refuse(
  const std::string& problem)
{
  this->Status = StatusRefused;
  this->Message = problem;
  return nullptr;
}

//----------------------------------------------------------------------------
std::shared_ptr<vtkSlicerSAM2LungLogic::vtkInternal::Run> vtkSlicerSAM2LungLogic::vtkInternal::Begin(
  vtkMRMLSAM2LungParametersNode* parameters,
  const std::optional<ClickRequest>& click)
{
  if (this->Current)
  {
    return this->Refuse(this->OneAtATimeText());
  }
  std::string problem = this->Problem(parameters, click.has_value());
  const Correction* const open = this->OpenCorrection(parameters);
  if (problem.empty() && open && !(click && click->corrected == open->Nodule()))
  {
    problem = OpenCorrectionText(NoduleTitle(parameters, open->Nodule()));
  }
  if (!problem.empty())
  {
    return this->Refuse(problem);
  }
  const auto run = std::make_shared<Run>();
  try
  {
    const Snapshot snapshot = TakeSnapshot(parameters, this->ModelsThere.Find(parameters->GetModelFolder()), click);
    if (!snapshot.input)
    {
      return this->Refuse(snapshot.problem);
    }
    run->Does = click ? Task::click : Task::segment;
    run->Parameters = parameters;
    run->CT = parameters->GetInputVolumeNode();
    run->Input = snapshot.input;
    this->Thread.Start(snapshot.input);
  }
  catch (...)
  {
    return this->Refuse(FailureText(std::current_exception()));
  }
  this->Current = run;
  this->LastParameters = parameters;
  this->ClickedNodule = 0;
  this->RunOfClick = click.has_value();
  this->Status = StatusRunning;
  this->Message.clear();
  this->TakeProgress(RunProgress{});
  this->External->InvokeEvent(StartedEvent, parameters);
  return run;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::DoingText() const
{
  const auto text = [this]
  {
    switch (this->Current->Does)
    {
      case Task::click: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "a nodule of '%1' is being outlined");
      case Task::compare: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "'%1' is being compared with its prior");
      case Task::report: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "the report of '%1' is being written");
      default: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "'%1' is being segmented");
    }
  };
  const char* const ct = this->Current->CT ? this->Current->CT->GetName() : nullptr;
  return vtkMRMLI18N::Format(text(), ct ? ct : "");
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::OneAtATimeText() const
{
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "Something else goes on: %1; expected one thing at a time. Wait until that is done, or "
                                       "cancel it."),
                             this->DoingText().c_str());
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::NotNowText(const std::string& what) const
{
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "Nothing can be %1 now: %2. Wait until that is done, or cancel it."),
                             what.c_str(),
                             this->DoingText().c_str());
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::WaitFor(const std::shared_ptr<Run>& run)
{
  // An observer may delete the logic.
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  while (run && run->Status == StatusRunning)
  {
    if (!this->IsWriting())
    {
      this->Thread.WaitForNews(WAIT);
    }
    this->External->ProcessEvents();
  }
  return run && run->Status == StatusCompleted;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::Read(vtkMRMLSAM2LungParametersNode* parameters, int id, Reading reading)
{
  if (!parameters || !parameters->GetScene())
  {
    return false;
  }
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  const bool anything = reading.decision != Decision::undecided || !CommentLine(reading.comment).empty();
  reading.reader = anything ? this->Reader : std::string();
  parameters->GetScene()->SaveStateForUndo();
  const Reading before = NoduleReading(parameters, id);
  if (!SetNoduleReading(parameters, id, reading))
  {
    return false;
  }
  const Reading now = NoduleReading(parameters, id);
  if (!(now == before))
  {
    const vtkWeakPointer<vtkMRMLSAM2LungParametersNode> weak = parameters;
    this->Done.Add(parameters,
                   ReadingText(before, now, NoduleTitle(parameters, id)),
                   [weak, id, before, now] { return ChangeReading(weak, id, now, before); },
                   [weak, id, before, now] { return ChangeReading(weak, id, before, now); });
  }
  this->TellOfNodules(parameters);
  return true;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::Export(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder)
{
  if (this->Current)
  {
    this->Refuse(this->NotNowText(vtkMRMLTr("vtkSlicerSAM2LungLogic", "exported")));
    return false;
  }
  const std::string problem =
    parameters ? ExportNodules(parameters, folder) : NodeProblem(parameters, this->External->GetMRMLScene());
  if (!problem.empty())
  {
    this->Refuse(problem);
    return false;
  }
  this->Status = StatusCompleted;
  this->Message = vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "'%1' is written."),
                                      (folder + "/" + EXPORTED_FILE).c_str());
  return true;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::Interrupt(const std::string& reason)
{
  if (this->Current && this->Current->Interrupted.empty())
  {
    this->Current->Interrupted = reason;
    this->Thread.Cancel();
  }
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::TakeProgress(const RunProgress& progress)
{
  const std::string stage = StageText(progress);
  const double left = progress.seconds_left.value_or(-1.0);
  const bool same = this->Progress == progress.fraction && this->Stage == stage && this->SecondsLeft == left;
  this->Progress = progress.fraction;
  this->Stage = stage;
  this->SecondsLeft = left;
  return !same;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::DeliveryProblem(const Run& run)
{
  vtkMRMLScene* const scene = this->External->GetMRMLScene();
  if (!run.Interrupted.empty())
  {
    return run.Interrupted;
  }
  const bool there = scene && run.Parameters && run.Parameters->GetScene() == scene && run.CT &&
                     run.Parameters->GetInputVolumeNode() == run.CT.GetPointer();
  if (!there)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "Another input volume was chosen while the CT was segmented; nothing was written. "
                     "Segment it again.");
  }
  if (!HasGridOf(run.CT, *run.Input))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "The CT '%1' was moved or resized while it was segmented; nothing was "
                                         "written. Segment it again."),
                               run.CT->GetName());
  }
  // Chosen since then, perhaps.
  return TargetProblem(run.Parameters);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::Finish(const RunOutcome& outcome)
{
  const std::shared_ptr<Run> run = this->Current;
  if (run->Deliver)
  {
    run->Deliver(*run, outcome);
    return;
  }
  const std::string problem = this->DeliveryProblem(*run);
  if (!problem.empty())
  {
    this->End(*run, StatusCancelled, problem);
  }
  else if (outcome.error)
  {
    this->End(*run, StatusFailed, FailureText(outcome.error));
  }
  else if (outcome.output.clicked)
  {
    this->DeliverClick(*run, outcome.output);
  }
  else
  {
    this->BeginWriting(*run, outcome.output);
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::DeliverClick(Run& run, const RunOutput& output)
{
  if (*output.clicked == 0)
  {
    this->End(run, StatusFailed, output.apart ? ApartText() : NothingAtClickText());
    return;
  }
  const vtkSmartPointer<vtkMRMLSAM2LungParametersNode> parameters = run.Parameters.GetPointer();
  const vtkSmartPointer<vtkMRMLScalarVolumeNode> ct = run.CT.GetPointer();
  try
  {
    this->External->GetMRMLScene()->SaveStateForUndo();
    const bool anew = ClickBeginsAnew(parameters, *run.Input);
    const auto before = anew ? nullptr : std::make_shared<NodulesBefore>(parameters, output);
    const int corrected = anew ? 0 : run.Input->corrected;
    const int group = corrected != 0 ? this->StepsOfCorrection(parameters, corrected) : 0;
    this->ClickedNodule = WriteClick(parameters, *run.Input, output);
    this->CanTakeBack(parameters, before, group);
    for (Correction& correction : this->Corrections)
    {
      if (group != 0 && correction.Parameters() == parameters)
      {
        correction.LeaveReading(NoduleReading(parameters, corrected));
      }
    }
    this->ShowBefore(parameters);
    sam2lung_slicer::UpdateOverlay(parameters, OverlayManners::polite);
  }
  catch (...)
  {
    this->End(run, StatusFailed, FailureText(std::current_exception()));
    return;
  }
  this->Progress = 1.0;
  this->End(run, StatusCompleted, ResultText(parameters));
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::CanTakeBack(vtkMRMLSAM2LungParametersNode* parameters,
                                                      const std::shared_ptr<NodulesBefore>& before,
                                                      int group)
{
  if (!before)
  {
    this->Forget(parameters);
    return;
  }
  before->Shrink();
  const std::string text = group != 0 ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Correct %1 at a click")
                                      : vtkMRMLTr("vtkSlicerSAM2LungLogic", "Outline %1 at a click");
  const auto exchange = [before] { return before->PutBack(); };
  this->Done.Add(parameters,
                 vtkMRMLI18N::Format(text, NoduleTitle(parameters, this->ClickedNodule).c_str()),
                 exchange,
                 exchange,
                 group);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::BeginWriting(Run& run, const RunOutput& output)
{
  try
  {
    this->External->GetMRMLScene()->SaveStateForUndo();
    this->Writing = std::make_unique<Delivery>(run.Parameters, *run.Input, output);
    run.Found.result = output.result;
    run.Found.facts = output.facts;
    run.Found.numbers = output.numbers;
    // Numbers may mean other nodules from here on.
    this->Forget(run.Parameters);
  }
  catch (...)
  {
    this->End(run, StatusFailed, FailureText(std::current_exception()));
    return;
  }
  this->Stage = vtkMRMLTr("vtkSlicerSAM2LungLogic", "Bringing the result into the scene");
  this->SecondsLeft = -1;
  this->External->InvokeEvent(ProgressEvent, run.Parameters);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::GoOnWriting()
{
  // Until the outputs are written the run goes on: an observer of the nodes can't begin another one.
  const std::shared_ptr<Run> run = this->Current;
  const auto end = std::chrono::steady_clock::now() + AT_A_TIME;
  std::string problem = run->Interrupted;
  bool more = true;
  try
  {
    while (more && problem.empty() && std::chrono::steady_clock::now() < end)
    {
      problem = this->Writing->Problem();
      more = problem.empty() && this->Writing->Step();
      // A node's observer may have removed the CT, or closed the scene.
      problem = problem.empty() ? run->Interrupted : problem;
    }
  }
  catch (...)
  {
    this->Writing.reset();
    this->End(*run, StatusFailed, FailureText(std::current_exception()));
    return;
  }
  if (!problem.empty())
  {
    this->Writing.reset();
    this->End(*run, StatusCancelled, problem);
  }
  else if (!more)
  {
    this->Writing.reset();
    this->EndWriting(*run);
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::EndWriting(Run& run)
{
  const vtkSmartPointer<vtkMRMLSAM2LungParametersNode> parameters = run.Parameters.GetPointer();
  sam2lung_slicer::UpdateOverlay(parameters, OverlayManners::polite);
  if (WhereShown(parameters) == Shown::everywhere)
  {
    Centre3D(parameters);
  }
  this->Results.Keep(parameters, *run.Input, run.Found);
  this->EndComparisonsWith(parameters);
  this->Progress = 1.0;
  this->End(run, StatusCompleted, ResultText(parameters));
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::EndComparisonsWith(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLScene* const scene = parameters->GetScene();
  std::vector<vtkMRMLNode*> nodes;
  scene->GetNodesByClass("vtkMRMLSAM2LungParametersNode", nodes);
  for (vtkMRMLNode* node : nodes)
  {
    auto* const other = vtkMRMLSAM2LungParametersNode::SafeDownCast(node);
    const bool of_prior = other->GetPriorFolder().empty() && other->GetPriorVolumeNode() &&
                          other->GetPriorVolumeNode() == parameters->GetInputVolumeNode();
    if (other != parameters && !of_prior)
    {
      continue;
    }
    if (ShownSideBySide(scene) == other)
    {
      sam2lung_slicer::EndSideBySide(scene);
    }
    EndComparison(other->GetNoduleTableNode());
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::End(Run& run, int status, const std::string& message)
{
  const vtkSmartPointer<vtkMRMLSAM2LungParametersNode> parameters = run.Parameters.GetPointer();
  run.Status = status;
  this->Current.reset();
  this->Status = status;
  this->Message = message;
  this->SecondsLeft = -1;
  if (status == StatusCompleted && parameters && parameters->GetScene())
  {
    this->TellOfNodules(parameters);
  }
  this->External->InvokeEvent(FinishedEvent, parameters);
  if (status == StatusCompleted && run.Then)
  {
    run.Then();
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::Orphan(vtkMRMLScalarVolumeNode* ct)
{
  LetGoOfPrior(ct);
  for (vtkMRMLSAM2LungParametersNode* parameters : FindParametersNodes(this->External->GetMRMLScene(), ct))
  {
    TakeOutOfViews(parameters->GetUncertaintyVolumeNode());
    TakeOutOfViews(parameters->GetProbabilityVolumeNode());
    this->Orphans.emplace_back(parameters);
    this->CTRemoved = true;
    this->External->InvokeEvent(OrphansEvent, parameters);
  }
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::RemoveOrphans()
{
  std::string kept;
  vtkMRMLScene* const scene = this->External->GetMRMLScene();
  const auto orphans = std::move(this->Orphans);
  this->Orphans.clear();
  for (const vtkWeakPointer<vtkMRMLSAM2LungParametersNode>& parameters : orphans)
  {
    // Perhaps it was given another CT since, or went with the scene.
    if (parameters && parameters->GetScene() == scene && !parameters->GetInputVolumeNode())
    {
      this->Results.Forget(parameters);
      kept += RemoveOutputs(parameters);
    }
  }
  return kept;
}
