#include "vtkSlicerSAM2LungLogic.h"

#include "SAM2LungInput.h"
#include "SAM2LungNodes.h"
#include "SAM2LungOutputs.h"
#include "SAM2LungOverlay.h"
#include "SAM2LungReview.h"
#include "SAM2LungSnapshot.h"
#include "SAM2LungText.h"
#include "SAM2LungWorker.h"
#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>

#include <vtkIntArray.h>
#include <vtkNew.h>
#include <vtkObjectFactory.h>
#include <vtkSmartPointer.h>
#include <vtkWeakPointer.h>

#include <chrono>
#include <utility>

using namespace sam2lung_slicer;

namespace
{

/// How long a waiting call sleeps at most, so that observers hear of progress and may cancel.
constexpr std::chrono::milliseconds WAIT{ 50 };

/// Views and lists follow once, at the end, and not after each node.
class BatchProcess
{
public:
  explicit BatchProcess(vtkMRMLScene* scene)
    : Scene(scene)
  {
    this->Scene->StartState(vtkMRMLScene::BatchProcessState);
  }
  ~BatchProcess() { this->Scene->EndState(vtkMRMLScene::BatchProcessState); }
  BatchProcess(const BatchProcess&) = delete;
  void operator=(const BatchProcess&) = delete;

private:
  vtkSmartPointer<vtkMRMLScene> Scene;
};

std::string NothingAtPointText()
{
  return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                   "The model sees no nodule at the point; nothing was changed. Place it in the middle of a nodule, or "
                   "lower the threshold under Advanced.");
}

} // namespace

//----------------------------------------------------------------------------
class vtkSlicerSAM2LungLogic::vtkInternal
{
public:
  /// One call of Segment() or OutlineAtPoint() that was begun.
  struct Run
  {
    vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Parameters;
    vtkWeakPointer<vtkMRMLScalarVolumeNode> CT;
    std::shared_ptr<const RunInput> Input;
    std::string Interrupted; ///< Why it is to end early, for people; empty: it goes on.
    int Status{ StatusRunning };
  };

  explicit vtkInternal(vtkSlicerSAM2LungLogic* external)
    : External(external)
  {
  }

  /// \return the run, or null if it was refused
  std::shared_ptr<Run> Begin(vtkMRMLSAM2LungParametersNode* parameters, const std::optional<PointRas>& point_ras);
  /// Lets observers hear of the run until it is over. \return whether it wrote its outputs
  bool WaitFor(const std::shared_ptr<Run>& run);
  /// Asks the run to end; the first reason stays.
  void Interrupt(const std::string& reason);
  /// \return whether something changed
  bool TakeProgress(const RunProgress& progress);
  /// Ends the run, and tells observers.
  void Finish(const RunOutcome& outcome);

  Worker Thread;
  std::shared_ptr<Run> Current; ///< Null: none runs.
  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> LastParameters;
  int Status{ StatusIdle };
  std::string Message;
  double Progress{ 0 };
  std::string Stage;
  double SecondsLeft{ -1 };

private:
  /// Why a run can't begin; empty: it can.
  std::string Problem(vtkMRMLSAM2LungParametersNode* parameters, bool at_point);
  std::shared_ptr<Run> Refuse(const std::string& problem);
  /// Why the results of a run belong nowhere; empty: they do.
  std::string DeliveryProblem(const Run& run);
  void Deliver(Run& run, const RunOutput& output);
  void End(Run& run, int status, const std::string& message);

  vtkSlicerSAM2LungLogic* External;
};

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::Problem(vtkMRMLSAM2LungParametersNode* parameters, bool at_point)
{
  std::string problem = NodeProblem(parameters, this->External->GetMRMLScene());
  if (problem.empty())
  {
    problem = VolumeProblem(parameters->GetInputVolumeNode());
  }
  if (problem.empty())
  {
    problem = OptionProblem(parameters);
  }
  // At a point the segment doesn't matter.
  if (problem.empty() && !at_point)
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
  const std::optional<PointRas>& point_ras)
{
  if (this->Current)
  {
    return this->Refuse(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                  "Another CT or point is being segmented; expected one at a time. Wait until that is "
                                  "done, or cancel it."));
  }
  const std::string problem = this->Problem(parameters, point_ras.has_value());
  if (!problem.empty())
  {
    return this->Refuse(problem);
  }
  const auto run = std::make_shared<Run>();
  try
  {
    const Snapshot snapshot = TakeSnapshot(parameters, point_ras);
    if (!snapshot.input)
    {
      return this->Refuse(snapshot.problem);
    }
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
  this->Status = StatusRunning;
  this->Message.clear();
  this->TakeProgress(RunProgress{});
  this->External->InvokeEvent(StartedEvent, parameters);
  return run;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::WaitFor(const std::shared_ptr<Run>& run)
{
  // An observer may delete the logic.
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  while (run && run->Status == StatusRunning)
  {
    this->Thread.WaitForNews(WAIT);
    this->External->ProcessEvents();
  }
  return run && run->Status == StatusCompleted;
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
                     "Another input volume was chosen while the CT was segmented; nothing was written. Segment it again.");
  }
  if (!HasGridOf(run.CT, *run.Input))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "The CT '%1' was moved or resized while it was segmented; nothing was written. "
                                         "Segment it again."),
                               run.CT->GetName());
  }
  return {};
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::Finish(const RunOutcome& outcome)
{
  // Until the outputs are written the run goes on: an observer of the nodes can't begin another one.
  const std::shared_ptr<Run> run = this->Current;
  const vtkSmartPointer<vtkMRMLSAM2LungParametersNode> parameters = run->Parameters.GetPointer();
  const std::string problem = this->DeliveryProblem(*run);
  if (!problem.empty())
  {
    this->End(*run, StatusCancelled, problem);
  }
  else if (outcome.error)
  {
    this->End(*run, StatusFailed, FailureText(outcome.error));
  }
  else
  {
    this->Deliver(*run, outcome.output);
  }
  const bool changed = run->Status == StatusCompleted && parameters->GetScene();
  if (changed)
  {
    this->External->InvokeEvent(NodulesModifiedEvent, parameters);
  }
  this->External->InvokeEvent(FinishedEvent, parameters);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::Deliver(Run& run, const RunOutput& output)
{
  if (output.at_point && *output.at_point == 0)
  {
    this->End(run, StatusFailed, NothingAtPointText());
    return;
  }
  const vtkSmartPointer<vtkMRMLSAM2LungParametersNode> parameters = run.Parameters.GetPointer();
  const vtkSmartPointer<vtkMRMLScalarVolumeNode> ct = run.CT.GetPointer();
  try
  {
    // Before the batch, within which nothing is saved.
    this->External->GetMRMLScene()->SaveStateForUndo();
    const BatchProcess batch(this->External->GetMRMLScene());
    if (output.at_point)
    {
      MergeNodule(parameters, *run.Input, output);
    }
    else
    {
      WriteOutputs(parameters, *run.Input, output);
    }
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
void vtkSlicerSAM2LungLogic::vtkInternal::End(Run& run, int status, const std::string& message)
{
  run.Status = status;
  this->Current.reset();
  this->Status = status;
  this->Message = message;
  this->SecondsLeft = -1;
}

//----------------------------------------------------------------------------
vtkStandardNewMacro(vtkSlicerSAM2LungLogic);

//----------------------------------------------------------------------------
vtkSlicerSAM2LungLogic::vtkSlicerSAM2LungLogic()
  : Internal(std::make_unique<vtkInternal>(this))
{
}

//----------------------------------------------------------------------------
vtkSlicerSAM2LungLogic::~vtkSlicerSAM2LungLogic() = default;

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::PrintSelf(ostream& os, vtkIndent indent)
{
  this->Superclass::PrintSelf(os, indent);
  os << indent << "Status: " << this->Internal->Status << "\n";
  os << indent << "Message: " << this->Internal->Message << "\n";
  os << indent << "Stage: " << this->Internal->Stage << "\n";
  os << indent << "Progress: " << this->Internal->Progress << "\n";
  os << indent << "SecondsLeft: " << this->Internal->SecondsLeft << "\n";
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkSlicerSAM2LungLogic::GetNewestCT()
{
  return this->GetMRMLScene() ? NewestCT(this->GetMRMLScene()) : nullptr;
}

//----------------------------------------------------------------------------
vtkMRMLSAM2LungParametersNode* vtkSlicerSAM2LungLogic::GetParametersNode(vtkMRMLScalarVolumeNode* ct, bool create)
{
  vtkMRMLScene* const scene = this->GetMRMLScene();
  if (!scene || !ct || ct->GetScene() != scene)
  {
    return nullptr;
  }
  vtkMRMLSAM2LungParametersNode* const found = FindParametersNode(scene, ct);
  return found || !create ? found : AddParametersNode(scene, ct);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetInputProblem(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->Problem(parameters, false);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetDeviceReport()
{
  return DeviceText();
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::Segment(vtkMRMLSAM2LungParametersNode* parameters)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->WaitFor(this->Internal->Begin(parameters, std::nullopt));
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::StartSegment(vtkMRMLSAM2LungParametersNode* parameters)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->Begin(parameters, std::nullopt) != nullptr;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::OutlineAtPoint(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->WaitFor(this->Internal->Begin(parameters, PointRas{ r, a, s }));
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::StartOutlineAtPoint(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->Begin(parameters, PointRas{ r, a, s }) != nullptr;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::Cancel()
{
  this->Internal->Interrupt(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Cancelled; nothing was written."));
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::ProcessEvents()
{
  // An observer may delete the logic.
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  if (!this->Internal->Current)
  {
    return;
  }
  if (this->Internal->Status == StatusRefused)
  {
    // Of a call that came meanwhile; who made it has read it.
    this->Internal->Status = StatusRunning;
    this->Internal->Message.clear();
  }
  const RunNews news = this->Internal->Thread.TakeNews();
  if (news.progress && this->Internal->TakeProgress(*news.progress))
  {
    this->InvokeEvent(ProgressEvent, this->Internal->Current->Parameters);
  }
  if (news.outcome)
  {
    this->Internal->Finish(*news.outcome);
  }
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::IsRunning()
{
  return this->Internal->Current != nullptr;
}

//----------------------------------------------------------------------------
double vtkSlicerSAM2LungLogic::GetProgress()
{
  return this->Internal->Progress;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetStage()
{
  return this->Internal->Stage;
}

//----------------------------------------------------------------------------
double vtkSlicerSAM2LungLogic::GetSecondsLeft()
{
  return this->Internal->SecondsLeft;
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetStatus()
{
  return this->Internal->Status;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetMessage()
{
  return this->Internal->Message;
}

//----------------------------------------------------------------------------
vtkMRMLSAM2LungParametersNode* vtkSlicerSAM2LungLogic::GetRunParametersNode()
{
  return this->Internal->LastParameters;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetResultText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? ResultText(parameters) : std::string();
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::GetReviewOrder(vtkMRMLSAM2LungParametersNode* parameters, vtkIntArray* ids)
{
  if (!ids)
  {
    vtkErrorMacro("GetReviewOrder: no array for the numbers");
    return;
  }
  ids->Initialize();
  for (int id : parameters ? ReviewOrder(parameters) : std::vector<int>())
  {
    ids->InsertNextValue(id);
  }
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNoduleText(vtkMRMLSAM2LungParametersNode* parameters,
                                                  int id,
                                                  const std::string& column)
{
  return parameters ? NoduleText(parameters, id, column) : std::string();
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetNoduleFlagged(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return parameters && NoduleFlagged(parameters, id);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetNoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return parameters && NoduleAccepted(parameters, id);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::SetNoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id, bool accepted)
{
  if (!parameters || !parameters->GetScene())
  {
    return;
  }
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  parameters->GetScene()->SaveStateForUndo();
  if (sam2lung_slicer::SetNoduleAccepted(parameters, id, accepted))
  {
    this->InvokeEvent(NodulesModifiedEvent, parameters);
  }
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::JumpToNodule(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return parameters && parameters->GetScene() && sam2lung_slicer::JumpToNodule(parameters, id);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::UpdateOverlay(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (parameters && parameters->GetScene())
  {
    sam2lung_slicer::UpdateOverlay(parameters, OverlayManners::insistent);
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::SetMRMLSceneInternal(vtkMRMLScene* newScene)
{
  this->Internal->Interrupt(
    vtkMRMLTr("vtkSlicerSAM2LungLogic", "Cancelled, because the scene was exchanged; nothing was written."));
  vtkNew<vtkIntArray> events;
  events->InsertNextValue(vtkMRMLScene::NodeRemovedEvent);
  events->InsertNextValue(vtkMRMLScene::StartCloseEvent);
  this->SetAndObserveMRMLSceneEventsInternal(newScene, events);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::RegisterNodes()
{
  this->GetMRMLScene()->RegisterNodeClass(vtkNew<vtkMRMLSAM2LungParametersNode>());
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::OnMRMLSceneNodeRemoved(vtkMRMLNode* node)
{
  const auto& run = this->Internal->Current;
  if (!run)
  {
    return;
  }
  if (node == run->CT.GetPointer())
  {
    this->Internal->Interrupt(
      vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                    "Cancelled, because the CT '%1' was removed; nothing was written."),
                          node->GetName() ? node->GetName() : ""));
  }
  else if (node == run->Parameters.GetPointer())
  {
    this->Internal->Interrupt(
      vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                    "Cancelled, because the parameter node '%1' was removed; nothing was written."),
                          node->GetName() ? node->GetName() : ""));
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::OnMRMLSceneStartClose()
{
  this->Internal->Interrupt(
    vtkMRMLTr("vtkSlicerSAM2LungLogic", "Cancelled, because the scene was closed; nothing was written."));
}
