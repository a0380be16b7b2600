/// \file
/// The run that goes on, from its beginning on the main thread to its end there.

#ifndef vtkSlicerSAM2LungLogicInternal_h
#define vtkSlicerSAM2LungLogicInternal_h

#include "SAM2LungCorrection.h"
#include "SAM2LungKept.h"
#include "SAM2LungModels.h"
#include "SAM2LungOutputs.h"
#include "SAM2LungReading.h"
#include "SAM2LungSnapshot.h"
#include "SAM2LungUndo.h"
#include "SAM2LungWorker.h"
#include "vtkMRMLSAM2LungParametersNode.h"
#include "vtkSlicerSAM2LungLogic.h"

#include <vtkMRMLScalarVolumeNode.h>

#include <vtkWeakPointer.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sam2lung_slicer
{
class NodulesBefore;
struct CompareInput;
}

class vtkSlicerSAM2LungLogic::vtkInternal
{
public:
  /// What a run does.
  enum class Task
  {
    segment,
    click,
    compare,
    report
  };

  /// One call of Segment(), OutlineAtClick(), Compare() or ExportReport() that was begun.
  struct Run
  {
    Task Does{ Task::segment };
    vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Parameters;
    vtkWeakPointer<vtkMRMLScalarVolumeNode> CT;
    std::shared_ptr<const sam2lung_slicer::RunInput> Input;
    std::string Interrupted; ///< Why it is to end early, for people; empty: it goes on.
    int Status{ StatusRunning };
    sam2lung_slicer::RunOutput Found; ///< What is kept of a whole run: its result, facts and numbers.
    /// Of a comparison or report: what becomes of its outcome. It ends the run. Empty: nodules are written into the scene.
    std::function<void(Run& run, const sam2lung_slicer::RunOutcome& outcome)> Deliver;
    std::function<void()> Then;    ///< What follows once it is completed; may be empty.
    std::shared_ptr<Run> Followed; ///< What Then() began; null: it was refused.
  };

  explicit vtkInternal(vtkSlicerSAM2LungLogic* external)
    : External(external)
  {
  }

  /// Why a run can't begin; empty: it can.
  std::string Problem(vtkMRMLSAM2LungParametersNode* parameters, bool at_click);
  /// \return the run, or null if it was refused
  std::shared_ptr<Run> Begin(vtkMRMLSAM2LungParametersNode* parameters,
                             const std::optional<sam2lung_slicer::ClickRequest>& click);
  /// The same of a click that corrects a nodule's outline.
  std::shared_ptr<Run> BeginCorrection(vtkMRMLSAM2LungParametersNode* parameters,
                                       const sam2lung_slicer::ClickRequest& click);
  /// Lets observers hear of the run until it is over. \return whether it wrote its outputs
  bool WaitFor(const std::shared_ptr<Run>& run);
  /// Writes what the reader made of a nodule, in the reader's name. \return whether there is such a nodule
  bool Read(vtkMRMLSAM2LungParametersNode* parameters, int id, sam2lung_slicer::Reading reading);
  /// Writes the nodules into a folder. \return whether it did
  bool Export(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
  /// Why the nodules can't be compared with the chosen prior; empty: it can be tried.
  std::string PriorProblem(vtkMRMLSAM2LungParametersNode* parameters);
  /// The result of the prior CT, if it was made in the same way as that of the CT; else null.
  const sam2lung_slicer::Kept* FindPrior(vtkMRMLSAM2LungParametersNode* parameters) const;
  /// Compares with the prior, or first begins to segment that. \return the run, or null if it was refused
  std::shared_ptr<Run> BeginComparison(vtkMRMLSAM2LungParametersNode* parameters, bool prior_is_segmented = false);
  /// Why no files of the comparison can be written; empty: it can be tried.
  std::string ComparisonExportProblem(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
  /// Writes them. \return whether it did
  bool ExportComparison(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
  /// Lets observers hear of the run, and of what follows, until all is over. \return whether all was completed
  bool WaitForAll(const std::shared_ptr<Run>& run);
  /// Why no report can be written; empty: it can be tried.
  std::string ReportProblem(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder, bool dicom);
  std::shared_ptr<Run> BeginReport(vtkMRMLSAM2LungParametersNode* parameters,
                                   const std::string& folder,
                                   const std::string& dicom_file);
  /// Takes back what the reader did last. \return whether it could
  bool Undo(vtkMRMLSAM2LungParametersNode* parameters);
  /// Does it again. \return whether it could
  bool Redo(vtkMRMLSAM2LungParametersNode* parameters);
  /// Nothing of what was done to this parameter node's nodules can be taken back any more; null: to any.
  void Forget(vtkMRMLSAM2LungParametersNode* parameters);
  /// Why a nodule's outline can't be corrected by clicks; empty: it can be tried.
  std::string CorrectionProblem(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// The correction that is neither kept nor discarded; null: none.
  const sam2lung_slicer::Correction* OpenCorrection(vtkMRMLSAM2LungParametersNode* parameters) const;
  bool KeepCorrection(vtkMRMLSAM2LungParametersNode* parameters);
  bool DiscardCorrection(vtkMRMLSAM2LungParametersNode* parameters);
  bool MeasureAgain(vtkMRMLSAM2LungParametersNode* parameters);
  /// Asks the run to end; the first reason stays. A result that is being written is written to its end.
  void Interrupt(const std::string& reason);
  /// \return whether something changed
  bool TakeProgress(const sam2lung_slicer::RunProgress& progress);
  /// Ends the run, or begins to write its result.
  void Finish(const sam2lung_slicer::RunOutcome& outcome);
  /// Goes on writing the result, no longer than the main thread may be kept; at the end ends the run.
  void GoOnWriting();
  /// The CT is about to be removed: what was made of it goes out of the views, and soon out of the scene.
  void Orphan(vtkMRMLScalarVolumeNode* ct);
  std::string RemoveOrphans();
  /// Whether a part of the result is in the scene already.
  bool HasBegunWriting() const { return this->Writing && this->Writing->HasBegun(); }
  bool IsWriting() const { return this->Writing != nullptr; }

  /// Empty where there is no such one.
  sam2lung_slicer::ModelChoice NthModel(int n)
  {
    const auto& list = this->ModelsThere.List();
    return 0 <= n && n < static_cast<int>(list.size()) ? list[static_cast<std::size_t>(n)]
                                                       : sam2lung_slicer::ModelChoice();
  }

  sam2lung_slicer::Worker Thread;
  sam2lung_slicer::Models ModelsThere;
  std::shared_ptr<Run> Current; ///< Null: none runs.
  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> LastParameters;
  int ClickedNodule{ 0 };
  std::string Reader; ///< Who reviews.
  std::string ReportFolder; ///< The report that was written last.
  sam2lung_slicer::KeptResults Results;
  sam2lung_slicer::UndoSteps Done; ///< What can be taken back.
  std::string DefaultColumns; ///< That a list of nodules shows.
  bool RunOfClick{ false };
  int Status{ StatusIdle };
  std::string Message;
  double Progress{ 0 };
  std::string Stage;
  double SecondsLeft{ -1 };
  /// What was left behind by CTs that were removed: parameter nodes.
  std::vector<vtkWeakPointer<vtkMRMLSAM2LungParametersNode>> Orphans;
  std::string OrphansText;
  bool CTRemoved{ false }; ///< One that had a parameter node, since a CT was shown last.

private:
  std::shared_ptr<Run> Refuse(const std::string& problem);
  /// Begins something else than a run.
  std::shared_ptr<Run> BeginJob(const std::shared_ptr<Run>& run, const sam2lung_slicer::Job& job);
  void DeliverComparison(Run& run,
                         const sam2lung_slicer::CompareInput& input,
                         const sam2lung_slicer::RunOutcome& outcome);
  /// Why the results of a run belong nowhere; empty: they do.
  std::string DeliveryProblem(const Run& run);
  void DeliverClick(Run& run, const sam2lung_slicer::RunOutput& output);
  /// \param before  null: the click wrote everything anew, and nothing can be taken back any more
  /// \param group   of the correction that the click belongs to; 0: none
  void CanTakeBack(vtkMRMLSAM2LungParametersNode* parameters,
                   const std::shared_ptr<sam2lung_slicer::NodulesBefore>& before,
                   int group);
  void BeginWriting(Run& run, const sam2lung_slicer::RunOutput& output);
  void EndWriting(Run& run);
  /// A run anew: what was compared of that CT, as the current one or as a prior, isn't there any more.
  void EndComparisonsWith(vtkMRMLSAM2LungParametersNode* parameters);
  /// Begins a correction, unless it goes on. \return number of its steps
  int StepsOfCorrection(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// The outline of before is shown as long as a click could still be taken back.
  void ShowBefore(vtkMRMLSAM2LungParametersNode* parameters);
  /// After nodules changed: what else is made of them, and observers.
  void TellOfNodules(vtkMRMLSAM2LungParametersNode* parameters);
  /// Undoing, or doing again.
  struct Direction
  {
    std::string done;    ///< "undone"
    std::string problem; ///< Why it couldn't be, with "%1" for the step.
    std::string (sam2lung_slicer::UndoSteps::*text)(vtkMRMLSAM2LungParametersNode*) const;
    bool (sam2lung_slicer::UndoSteps::*take)(vtkMRMLSAM2LungParametersNode*);
  };
  bool TakeStep(vtkMRMLSAM2LungParametersNode* parameters, const Direction& direction);
  /// Why the nodules can't be changed at all now, in which `what` names the change; empty: they can.
  std::string BusyProblem(vtkMRMLSAM2LungParametersNode* parameters, const std::string& what);
  /// What goes on, for people: "'CT 2024' is being segmented".
  std::string DoingText() const;
  /// Why nothing else can begin while something goes on.
  std::string OneAtATimeText() const;
  /// The same of what is done at once: "Nothing can be undone while ...".
  std::string NotNowText(const std::string& what) const;
  /// Tells observers, too.
  void End(Run& run, int status, const std::string& message);

  std::vector<sam2lung_slicer::Correction> Corrections; ///< One a parameter node: that which is open, or was undone.
  int LastGroup{ 0 };                                    ///< Of steps that belong to one correction.
  std::unique_ptr<sam2lung_slicer::Delivery> Writing; ///< Null: nothing is being written.

  vtkSlicerSAM2LungLogic* External;
};

#endif
