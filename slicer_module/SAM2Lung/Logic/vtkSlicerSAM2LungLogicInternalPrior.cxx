// What goes on beside the main thread other than runs: comparisons with a prior, and reports.

#include "vtkSlicerSAM2LungLogicInternal.h"

#include "SAM2LungCompare.h"
#include "SAM2LungComparison.h"
#include "SAM2LungExport.h"
#include "SAM2LungInput.h"
#include "SAM2LungNodes.h"
#include "SAM2LungPrior.h"
#include "SAM2LungReport.h"
#include "SAM2LungSnapshot.h"
#include "SAM2LungText.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScene.h>

#include <vtkSmartPointer.h>

using namespace sam2lung_slicer;

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::PriorProblem(vtkMRMLSAM2LungParametersNode* parameters)
{
  const std::string problem = NodeProblem(parameters, this->External->GetMRMLScene());
  return problem.empty() ? sam2lung_slicer::PriorProblem(parameters, this->Results.Find(parameters)) : problem;
}

//----------------------------------------------------------------------------
const Kept* vtkSlicerSAM2LungLogic::vtkInternal::FindPrior(vtkMRMLSAM2LungParametersNode* parameters) const
{
  const Kept* const current = this->Results.Find(parameters);
  const Kept* const prior =
    this->Results.Find(FindParametersNode(parameters->GetScene(), parameters->GetPriorVolumeNode()));
  return current && prior && ArePairs(*prior, *current) ? prior : nullptr;
}

//----------------------------------------------------------------------------
std::shared_ptr<vtkSlicerSAM2LungLogic::vtkInternal::Run> vtkSlicerSAM2LungLogic::vtkInternal::BeginJob(
  const std::shared_ptr<Run>& run,
  const Job& job)
{
  try
  {
    this->Thread.Start(job);
  }
  catch (...)
  {
    return this->Refuse(FailureText(std::current_exception()));
  }
  this->Current = run;
  this->LastParameters = run->Parameters;
  this->ClickedNodule = 0;
  this->RunOfClick = false;
  this->Status = StatusRunning;
  this->Message.clear();
  RunProgress begun;
  begun.stage = sam2lung::Stage::read;
  this->TakeProgress(begun);
  this->External->InvokeEvent(StartedEvent, run->Parameters);
  return run;
}

//----------------------------------------------------------------------------
std::shared_ptr<vtkSlicerSAM2LungLogic::vtkInternal::Run> vtkSlicerSAM2LungLogic::vtkInternal::BeginComparison(
  vtkMRMLSAM2LungParametersNode* parameters,
  bool prior_is_segmented)
{
  const std::string problem = this->Current ? this->OneAtATimeText() : this->PriorProblem(parameters);
  if (!problem.empty())
  {
    return this->Refuse(problem);
  }
  const Kept* const current = this->Results.Find(parameters);
  const Kept* prior = nullptr;
  if (parameters->GetPriorFolder().empty())
  {
    // Once segmented, what still differs the library tells by name.
    prior = prior_is_segmented
              ? this->Results.Find(FindParametersNode(parameters->GetScene(), parameters->GetPriorVolumeNode()))
              : this->FindPrior(parameters);
    if (!prior)
    {
      const std::shared_ptr<Run> run = this->Begin(PriorParameters(parameters, *current), std::nullopt);
      if (run)
      {
        const vtkWeakPointer<vtkMRMLSAM2LungParametersNode> weak = parameters;
        const std::weak_ptr<Run> before = run;
        run->Then = [this, weak, before]
        {
          before.lock()->Followed = this->BeginComparison(weak, true);
          if (!before.lock()->Followed)
          {
            this->External->InvokeEvent(FinishedEvent, weak);
          }
        };
      }
      return run;
    }
  }
  const auto run = std::make_shared<Run>();
  try
  {
    const auto input = std::make_shared<const CompareInput>(TakeComparison(parameters, *current, prior));
    run->Does = Task::compare;
    run->Parameters = parameters;
    run->CT = parameters->GetInputVolumeNode();
    run->Input = std::make_shared<RunInput>(input->current.ct);
    run->Deliver = [this, input](Run& ended, const RunOutcome& outcome)
    { this->DeliverComparison(ended, *input, outcome); };
    return this->BeginJob(run,
                          [input](const sam2lung::ProgressFunction& progress, const sam2lung::Cancel& cancel)
                          { return CompareOn(*input, progress, cancel); });
  }
  catch (...)
  {
    return this->Refuse(FailureText(std::current_exception()));
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::vtkInternal::DeliverComparison(Run& run,
                                                            const CompareInput& input,
                                                            const RunOutcome& outcome)
{
  const vtkSmartPointer<vtkMRMLSAM2LungParametersNode> parameters = run.Parameters.GetPointer();
  if (!run.Interrupted.empty())
  {
    this->End(run, StatusCancelled, run.Interrupted);
    return;
  }
  if (outcome.error)
  {
    this->End(run, StatusFailed, ComparisonFailureText(outcome.error));
    return;
  }
  const Kept* const current = this->Results.Find(parameters);
  const bool there = current && current->result == input.current.result && parameters->GetPriorVolumeNode() &&
                     parameters->GetScene() == this->External->GetMRMLScene() && run.CT &&
                     parameters->GetInputVolumeNode() == run.CT.GetPointer() &&
                     HasGridOf(run.CT, input.current.ct) && HasGridOf(parameters->GetPriorVolumeNode(), input.prior.ct);
  const Kept* prior = nullptr;
  if (there && input.prior.result)
  {
    prior = this->Results.Find(FindParametersNode(parameters->GetScene(), parameters->GetPriorVolumeNode()));
  }
  if (!there || (input.prior.result && (!prior || prior->result != input.prior.result)))
  {
    this->End(run,
              StatusCancelled,
              vtkMRMLTr("vtkSlicerSAM2LungLogic",
                        "The CT, its prior or their nodules were exchanged while they were compared; nothing was written. "
                        "Compare them again."));
    return;
  }
  try
  {
    sam2lung_slicer::DeliverComparison(parameters, input, *outcome.output.compared, *current, prior);
    this->Results.KeepComparison(parameters, outcome.output.compared->files);
    this->External->SetShownColumns(parameters, this->External->GetShownColumns(parameters) + " " + COMPARED_COLUMNS);
  }
  catch (...)
  {
    this->End(run, StatusFailed, FailureText(std::current_exception()));
    return;
  }
  this->Progress = 1.0;
  this->End(run, StatusCompleted, ComparisonText(parameters->GetNoduleTableNode()));
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::ComparisonExportProblem(vtkMRMLSAM2LungParametersNode* parameters,
                                                                         const std::string& folder)
{
  const std::string problem =
    this->Current ? this->OneAtATimeText() : NodeProblem(parameters, this->External->GetMRMLScene());
  return problem.empty() ? ComparisonFilesProblem(parameters, this->Results.Find(parameters), folder) : problem;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::ExportComparison(vtkMRMLSAM2LungParametersNode* parameters,
                                                           const std::string& folder)
{
  const std::string problem = this->ComparisonExportProblem(parameters, folder);
  if (!problem.empty())
  {
    this->Refuse(problem);
    return false;
  }
  const std::string path = ComparisonFolder(parameters, folder);
  try
  {
    // At once: pages and pictures were made with the comparison.
    this->Results.Find(parameters)->comparison->write(path);
  }
  catch (...)
  {
    this->Status = StatusFailed;
    this->Message = FailureText(std::current_exception());
    return false;
  }
  this->Status = StatusCompleted;
  this->Message = vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                                "'%1' is written; comparison.html is its first page. It is of both runs: what "
                                                "readers decided, wrote or outlined isn't in it."),
                                      path.c_str());
  return true;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::vtkInternal::WaitForAll(const std::shared_ptr<Run>& run)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this->External);
  return this->WaitFor(run) && (!run->Then || this->WaitForAll(run->Followed));
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::vtkInternal::ReportProblem(vtkMRMLSAM2LungParametersNode* parameters,
                                                               const std::string& folder,
                                                               bool dicom)
{
  const std::string problem = this->Current ? this->OneAtATimeText() : NodeProblem(parameters, this->External->GetMRMLScene());
  return problem.empty()
           ? sam2lung_slicer::ReportProblem(parameters, this->Results.Find(parameters), folder, dicom)
           : problem;
}

//----------------------------------------------------------------------------
std::shared_ptr<vtkSlicerSAM2LungLogic::vtkInternal::Run> vtkSlicerSAM2LungLogic::vtkInternal::BeginReport(
  vtkMRMLSAM2LungParametersNode* parameters,
  const std::string& folder,
  const std::string& dicom_file)
{
  const std::string problem = this->ReportProblem(parameters, folder, !dicom_file.empty());
  if (!problem.empty())
  {
    return this->Refuse(problem);
  }
  this->ReportFolder.clear();
  const auto run = std::make_shared<Run>();
  try
  {
    const Kept& kept = *this->Results.Find(parameters);
    const auto input = std::make_shared<const ReportInput>(TakeReport(parameters, kept, folder, dicom_file));
    const std::string written =
      vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "'%1' is written; report.html is its first page."),
                          input->folder.c_str()) +
      ReportGaps(parameters, kept);
    run->Does = Task::report;
    run->Parameters = parameters;
    run->CT = parameters->GetInputVolumeNode();
    run->Deliver = [this, input, written](Run& ended, const RunOutcome& outcome)
    {
      if (outcome.error)
      {
        // What interrupted it is told, unless it failed by itself.
        const bool interrupted = !ended.Interrupted.empty();
        this->End(ended,
                  interrupted ? StatusCancelled : StatusFailed,
                  interrupted ? ended.Interrupted : FailureText(outcome.error));
        return;
      }
      this->ReportFolder = input->folder;
      this->Progress = 1.0;
      const std::string readers = input->folder + "/" + READERS_FILE;
      const bool all = input->readers.empty() || WriteText(readers, input->readers);
      this->End(ended,
                StatusCompleted,
                all ? written
                    : written + vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                                              " But '%1' can't be written: make room there, or export the table."),
                                                    readers.c_str()));
    };
    return this->BeginJob(run,
                          [input](const sam2lung::ProgressFunction& progress, const sam2lung::Cancel& cancel)
                          { return ReportOn(*input, progress, cancel); });
  }
  catch (...)
  {
    return this->Refuse(FailureText(std::current_exception()));
  }
}
