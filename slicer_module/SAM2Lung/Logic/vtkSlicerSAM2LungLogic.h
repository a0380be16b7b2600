#ifndef __vtkSlicerSAM2LungLogic_h
#define __vtkSlicerSAM2LungLogic_h

#include <vtkSlicerModuleLogic.h>

#include <memory>
#include <string>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkIntArray;
class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;

/// \brief Finds the nodules of a CT in the scene, and brings what was found into the scene.
///
/// From Python, in Slicer:
/// \code{.py}
/// node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSAM2LungParametersNode")
/// node.SetInputVolumeNode(ct)
/// slicer.modules.sam2lung.logic().Segment(node)
/// \endcode
///
/// - *Threads.* Every method belongs on the main thread. The network runs on a thread of the logic's own, on copies:
///   the scene is only touched by ProcessEvents(), which the module calls while something runs (and Segment() itself).
/// - *One run at a time.* A second one is refused, with the reason in GetStatusText().
/// - *Errors* are false as the result, GetStatus(), and a text with what was got, what was expected and what to do.
///   Nothing is written into the scene then.
/// - Closing the scene, removing the CT or the parameter node, and deleting the logic end a run.
///
/// Research use only; not a medical device.
class VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT vtkSlicerSAM2LungLogic : public vtkSlicerModuleLogic
{
public:
  static vtkSlicerSAM2LungLogic* New();
  vtkTypeMacro(vtkSlicerSAM2LungLogic, vtkSlicerModuleLogic);
  void PrintSelf(ostream& os, vtkIndent indent) override;

  enum Events
  {
    StartedEvent = 20410, ///< A run began.
    ProgressEvent,        ///< GetProgress() and what belongs to it changed.
    FinishedEvent,        ///< A run is over, well or not: see GetStatus(). The outputs are written.
    NodulesModifiedEvent, ///< The nodules of a parameter node (callData) changed: found, added, decided, commented on.
    OrphansEvent,         ///< A CT with outputs was removed: RemoveOrphans() is to be called, once the removal is over.
    OrphansRemovedEvent   ///< RemoveOrphans() is through.
  };

  enum StatusType
  {
    StatusIdle = 0,  ///< Nothing has run.
    StatusRunning,
    StatusCompleted,
    StatusCancelled,
    StatusFailed,    ///< GetStatusText() says why.
    StatusRefused    ///< The last call was not begun; GetStatusText() says why.
  };

  /// \name Before a run
  /// \{
  /// The newest volume that can be a CT; none: nullptr.
  vtkMRMLScalarVolumeNode* GetNewestCT();
  /// Adds a chest CT made by arithmetic, to try the module without a patient. Its attribute `SAM2Lung.PhantomNodules`
  /// lists its nodules (JSON: centre_ras, radius_mm, volume_mm3, kind). \return nullptr where memory is short
  vtkMRMLScalarVolumeNode* AddPhantom(int seed = 0);
  /// Whether this looks like a CT that a user would choose: none that is hidden, none that a run has written.
  bool CanBeCT(vtkMRMLScalarVolumeNode* volume);
  /// Whether this is a map that a run has written, and no CT.
  bool IsOutput(vtkMRMLScalarVolumeNode* volume);
  /// The parameter node of this CT. `create`: made where there is none, with the options of the one made last.
  vtkMRMLSAM2LungParametersNode* GetParametersNode(vtkMRMLScalarVolumeNode* ct, bool create);
  /// Why this can't be segmented and what to do, for people; empty: it can be tried. Cheap: a few
  /// milliseconds.
  std::string GetInputProblem(vtkMRMLSAM2LungParametersNode* parameters);
  /// How many volumes the model of this parameter node takes; 1 where it can't be opened.
  int GetNumberOfChannels(vtkMRMLSAM2LungParametersNode* parameters);
  /// The name of one of them, as "PET". The first one, 0, is the input volume; the others are
  /// vtkMRMLSAM2LungParametersNode::SetChannelVolumeNode(). Empty: there is no such one, or the model can't be opened.
  std::string GetNthChannelName(vtkMRMLSAM2LungParametersNode* parameters, int n);
  /// Share of the slices that the fine network of this parameter node's model sees unless the node says otherwise, 0 to 1.
  /// Negative: the model is not a hybrid, or can't be opened.
  double GetModelShareOfSlices(vtkMRMLSAM2LungParametersNode* parameters);
  /// What of the user's work (rejected nodules, outlines made by a click, segments edited by hand) another run on this CT
  /// can't keep and why, for people; empty: it keeps all. Segment() doesn't ask; who has a user to ask, asks.
  std::string GetReviewLoss(vtkMRMLSAM2LungParametersNode* parameters);
  /// The most samples that a run may draw.
  static int GetMaximumSamples();
  /// What was found to compute on, a line a device. Loads ONNX Runtime.
  std::string GetDeviceReport();
  /// \}

  /// \name Models
  /// \{
  /// Reads anew which models are installed.
  void RefreshModels();
  /// How many models can be chosen: the one that is built in, 0, and the installed ones.
  int GetNumberOfModels();
  /// What vtkMRMLSAM2LungParametersNode::SetModelFolder() takes: empty, or `NAME@VERSION`.
  std::string GetNthModel(int n);
  /// Name and version, for people.
  std::string GetNthModelTitle(int n);
  /// What it is for, what its signature is worth and what is wrong with it, for people.
  std::string GetNthModelText(int n);
  /// Whether nothing is known to be wrong with it.
  bool GetNthModelUsable(int n);
  /// Why the installed ones can't be listed, for people; empty: they are.
  std::string GetModelsProblem();
  /// \}

  /// \name Runs
  /// \{
  /// Finds all nodules and returns when that is done. \return whether the outputs were written
  bool Segment(vtkMRMLSAM2LungParametersNode* parameters);
  /// The same, beside the main thread. \return whether it began
  bool StartSegment(vtkMRMLSAM2LungParametersNode* parameters);
  /// Outlines the nodule at a click (RAS of the world, mm) and adds it to the outputs, or replaces what was outlined
  /// there: as the library decides. \return whether the outputs were written
  bool OutlineAtClick(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s);
  /// The same, beside the main thread. \return whether it began
  bool StartOutlineAtClick(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s);
  /// Corrects the outline of one nodule by one more click, inside it or outside it: the model gets all clicks that this nodule
  /// had, and the new one. The outline of before stays to be seen until KeepCorrection() or DiscardCorrection(); Undo() takes
  /// back the clicks one by one. What the model outlines has to be a version of this nodule, as the library decides.
  /// \return whether the outputs were written
  bool CorrectAtClick(vtkMRMLSAM2LungParametersNode* parameters, int id, double r, double a, double s, bool inside);
  /// The same, beside the main thread. \return whether it began
  bool StartCorrectAtClick(vtkMRMLSAM2LungParametersNode* parameters, int id, double r, double a, double s, bool inside);
  /// Why a click on what a view shows is none in the CT, for people; empty: it can be taken. A view of the prior lies over the CT,
  /// and shows another one.
  /// \param volumeID  of the volume in the view's background, as a markups point's associated node
  std::string GetClickProblem(vtkMRMLSAM2LungParametersNode* parameters, const std::string& volumeID);
  /// Asks the run to end; does nothing when there is none. FinishedEvent follows.
  void Cancel();
  /// Brings progress and results from the run to the main thread.
  void ProcessEvents();
  bool IsRunning();
  /// \}

  /// \name How it goes, and how it went
  /// \{
  /// Part of the run, 0 to 1.
  double GetProgress();
  /// What is done now, for people.
  std::string GetStage();
  /// Estimate; negative: not known yet.
  double GetSecondsLeft();
  /// StatusType. A call that is refused while a run goes on shows here until the next ProcessEvents().
  int GetStatus();
  /// The last status for people: the result in a line, or what went wrong and what to do.
  std::string GetStatusText();
  /// The parameter node of the run that goes on, or of the last one.
  vtkMRMLSAM2LungParametersNode* GetRunParametersNode();
  /// Number of the nodule that the last run outlined at a click; 0: it wasn't such a run, or wrote nothing.
  int GetClickedNodule();
  /// The result that the outputs hold, in a line: how many, how long, which device. Empty: none.
  std::string GetResultText(vtkMRMLSAM2LungParametersNode* parameters);
  /// What the run behind the outputs found out that must be known (slices too thick, a lung that was not searched), a
  /// line each. Empty: nothing.
  std::string GetWarningText(vtkMRMLSAM2LungParametersNode* parameters);
  /// Where segments have the colours of the classes and regions of the model: these, a line each, "#d55e00 core". Empty: their
  /// colours say which nodules someone should look at again.
  std::string GetClassColors(vtkMRMLSAM2LungParametersNode* parameters);
  /// Whether the run that goes on, or the last one, outlines at a click.
  bool GetRunOfClick();
  /// \}

  /// \name Review
  /// \{
  /// Numbers of the nodules (column `id`) in the order in which to look at them: flagged ones first, then large ones.
  void GetReviewOrder(vtkMRMLSAM2LungParametersNode* parameters, vtkIntArray* ids);
  /// A nodule's cell in the table, as text; empty: none there.
  std::string GetNoduleText(vtkMRMLSAM2LungParametersNode* parameters, int id, const std::string& column);
  /// What a nodule is called in a list: "Nodule 3"; by a model of several classes "Mass 3", and of a region "core".
  std::string GetNoduleTitle(vtkMRMLSAM2LungParametersNode* parameters, int id);
  bool GetNoduleFlagged(vtkMRMLSAM2LungParametersNode* parameters, int id);
  enum DecisionType
  {
    DecisionUndecided = 0, ///< As every new finding; it is shown like an accepted one.
    DecisionAccepted,
    DecisionRejected
  };
  /// DecisionType: what a reader decided; of a nodule that isn't there DecisionUndecided.
  int GetNoduleDecision(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// A rejected nodule's segment and point are hidden. The table says so (columns `accepted` and `decided`), and by whom
  /// (`reader`). \return whether there is such a nodule, and such a decision
  bool SetNoduleDecision(vtkMRMLSAM2LungParametersNode* parameters, int id, int decision);
  /// Whether it isn't rejected.
  bool GetNoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// Accepts or rejects it: SetNoduleDecision() with two of the three.
  void SetNoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id, bool accepted);
  /// What a reader wrote of it; empty: nothing.
  std::string GetNoduleComment(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// In one line: line breaks and tabs become spaces, double quotes single ones. \return whether there is such a nodule
  bool SetNoduleComment(vtkMRMLSAM2LungParametersNode* parameters, int id, const std::string& comment);
  /// Who decided or commented on it last; empty: not known.
  std::string GetNoduleReader(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// Who reviews from now on; stands in the table beside what this reader decides or writes. Empty at first.
  void SetReaderName(const std::string& name);
  std::string GetReaderName();
  /// "Reviewed 3 of 10": how many of the nodules are accepted or rejected. Empty: there are none.
  std::string GetReviewedText(vtkMRMLSAM2LungParametersNode* parameters);
  /// The nodule to look at after this one, in the order of GetReviewOrder(), around its end; 0 as `id`: the first one.
  /// With `undecidedFirst` it is the next undecided one, as long as there is another one. 0: no nodules.
  int GetNextNodule(vtkMRMLSAM2LungParametersNode* parameters, int id, bool undecidedFirst = true);
  /// The same, backwards.
  int GetPreviousNodule(vtkMRMLSAM2LungParametersNode* parameters, int id, bool undecidedFirst = true);
  /// Takes back what was done last to the nodules of this parameter node: a decision, a comment, an outline at a click, a
  /// click that corrects one, or measuring anew, with what that replaced. A whole run ends what can be undone, and so does a
  /// click that writes outputs of another grid anew.
  /// \return whether something was taken back; where it could not be, GetStatusText() says why
  bool Undo(vtkMRMLSAM2LungParametersNode* parameters);
  /// What Undo() would take back, for people, as "Reject Nodule 3"; empty: nothing.
  std::string GetUndoText(vtkMRMLSAM2LungParametersNode* parameters);
  /// Does again what Undo() took back last, unless something else was done since.
  /// \return whether something was done again; where it could not be, GetStatusText() says why
  bool Redo(vtkMRMLSAM2LungParametersNode* parameters);
  /// What Redo() would do again, for people; empty: nothing.
  std::string GetRedoText(vtkMRMLSAM2LungParametersNode* parameters);
  /// \name Correcting an outline
  /// \{
  /// Why CorrectAtClick() can't be called for this nodule and what to do, for people; empty: it can be tried. Cheap.
  std::string GetCorrectionProblem(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// The nodule whose correction is neither kept nor discarded; 0: none.
  int GetCorrectedNodule(vtkMRMLSAM2LungParametersNode* parameters);
  /// How its volume changed, for people: "Nodule 3: 512 mm³ before, 430 mm³ now (-16 %)." Empty: none.
  std::string GetCorrectionText(vtkMRMLSAM2LungParametersNode* parameters);
  /// Keeps the corrected outline; the one of before is shown no more. \return whether there was one
  bool KeepCorrection(vtkMRMLSAM2LungParametersNode* parameters);
  /// Puts the outline of before back, with all that belongs to it. \return whether it was; else GetStatusText() says why
  bool DiscardCorrection(vtkMRMLSAM2LungParametersNode* parameters);
  /// The clicks that a nodule was outlined with: "in 12 34 5; out 13 35 5", as column, row, slice of the CT. Empty: none.
  std::string GetNoduleClicks(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// \}
  /// \name Segments that were edited by hand
  /// \{
  /// Which nodules' segments were edited since they were measured, for people: "Edited by hand: Nodule 2." Empty: none. Looks at
  /// all voxels of the label map.
  std::string GetEditedText(vtkMRMLSAM2LungParametersNode* parameters);
  /// Measures these nodules anew, by outline and CT. The table marks them as edited, and says nothing any more that the network
  /// said of the outline of before. What was decided and written stays. \return whether it was done; GetStatusText() says why not
  bool MeasureAgain(vtkMRMLSAM2LungParametersNode* parameters);
  /// \}
  /// \name What a list of the nodules shows
  /// \{
  /// How many measures can be chosen, and their names, as in the nodule table.
  static int GetNumberOfColumns();
  static std::string GetNthColumn(int n);
  /// Of a measure, for people: a title, a longer one for a menu, the unit, and what it is. Empty: no such one.
  static std::string GetColumnTitle(const std::string& column);
  static std::string GetColumnFullTitle(const std::string& column);
  static std::string GetColumnUnit(const std::string& column);
  static std::string GetColumnDescription(const std::string& column);
  /// How many decimals its numbers have for people; negative: it is a text or a flag, or no measure.
  static int GetColumnDecimals(const std::string& column);
  /// A probability or share with two decimals; what is merely rounded to 0.00 or 1.00 is "< 0.01" or "> 0.99".
  static std::string GetShareText(double share);
  /// Whether its cells are yes (1) or no (0).
  static bool GetColumnIsFlag(const std::string& column);
  /// The measures that are shown, by their names with spaces between them: as the parameter node says, or else as
  /// SetDefaultColumns() did, or else size, volume, probability and uncertainty.
  std::string GetShownColumns(vtkMRMLSAM2LungParametersNode* parameters);
  /// Chooses them for this parameter node; names that no measure has are left out.
  void SetShownColumns(vtkMRMLSAM2LungParametersNode* parameters, const std::string& columns);
  /// For parameter nodes that say nothing of it.
  void SetDefaultColumns(const std::string& columns);
  /// \}
  /// Draws long and short axis in any plane of the nodules that aren't rejected as locked lines, or takes them away, as
  /// vtkMRMLSAM2LungParametersNode::AxesVisible says. From then on they follow the nodules by themselves.
  void UpdateAxes(vtkMRMLSAM2LungParametersNode* parameters);
  /// Writes the nodules with their measures and readings into a folder, as `nodules.csv`; a file of that name is left as it
  /// is. \return whether it was written; GetStatusText() says where, or why not
  bool Export(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
  /// \name Reports
  /// \{
  /// Why ExportReport() can't write and what to do, for people; empty: it can be tried.
  /// \param folder  empty: none is chosen yet
  /// \param dicom   whether DICOM objects are wanted
  std::string GetReportProblem(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder, bool dicom);
  /// What the table has and the report won't have, for people: outlines that a reader made or changed, other numbers. Empty:
  /// nothing.
  std::string GetReportGaps(vtkMRMLSAM2LungParametersNode* parameters);
  /// How many nodules that a reader outlined, and didn't reject, the report won't have at all.
  int GetNumberOfUnreportedNodules(vtkMRMLSAM2LungParametersNode* parameters);
  /// Writes report.html, findings.txt, pictures, tables and volumes into a folder in `folder`, named as the CT, with what
  /// readers decided and wrote; with a file of the CT's DICOM series also DICOM objects (SEG, SR, secondary capture). It is of
  /// the last whole run in this session: what a reader outlined or edited since is said in comments and in GetStatusText(), stands
  /// beside it in outlined-by-readers.csv, and stops DICOM objects. Nothing is replaced. \return whether it was written; GetStatusText() says where, or why not
  bool ExportReport(vtkMRMLSAM2LungParametersNode* parameters,
                    const std::string& folder,
                    const std::string& dicomFile = std::string());
  /// The same, beside the main thread. \return whether it began
  bool StartExportReport(vtkMRMLSAM2LungParametersNode* parameters,
                         const std::string& folder,
                         const std::string& dicomFile = std::string());
  /// The folder of the report that was written last; empty: the last one was not written.
  std::string GetReportFolder();
  /// A file of the DICOM series that the CT was read from, by its storage node; empty: not known.
  std::string GetDicomFile(vtkMRMLSAM2LungParametersNode* parameters);
  /// SOP instance UID of one of the CT's images, for Slicer's DICOM database; empty: it has none.
  std::string GetDicomInstance(vtkMRMLSAM2LungParametersNode* parameters);
  /// \}

  /// \name Comparing with a prior CT
  /// \{
  /// Why Compare() can't be called and what to do, for people; empty: it can be tried. Cheap.
  std::string GetPriorProblem(vtkMRMLSAM2LungParametersNode* parameters);
  /// Whether Compare() segments the prior first, which writes its nodules anew (see GetReviewLoss() of its parameter node).
  bool GetPriorNeedsRun(vtkMRMLSAM2LungParametersNode* parameters);
  /// Days from the prior to the CT by their study dates; negative: not known.
  double GetDaysSincePrior(vtkMRMLSAM2LungParametersNode* parameters);
  /// Compares the nodules with those of vtkMRMLSAM2LungParametersNode::GetPriorVolumeNode(). Where PriorFolder names no folder of
  /// results, and the prior was not segmented in the same way (model, seed, samples, threshold) in this session, it is segmented
  /// first, as Segment() does. Then columns of the table say what became of each nodule. \return whether it was done
  bool Compare(vtkMRMLSAM2LungParametersNode* parameters);
  /// The same, beside the main thread. \return whether it began
  bool StartCompare(vtkMRMLSAM2LungParametersNode* parameters);
  /// Why ExportComparison() can't write and what to do, for people; empty: it can be tried.
  /// \param folder  empty: none is chosen yet
  std::string GetComparisonExportProblem(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
  /// Writes comparison.html, .txt, .json, .csv and pictures into a folder in `folder`, named as both CTs. It is of the runs that
  /// were compared in this session: what readers decided or outlined isn't in it, and GetStatusText() says so. Nothing is replaced.
  /// \return whether it was written; GetStatusText() says where, or why not
  bool ExportComparison(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
  /// With what the nodules were compared and how many are new, grown, gone …, for people; empty: they weren't.
  std::string GetComparisonText(vtkMRMLSAM2LungParametersNode* parameters);
  /// Why someone should check the matches, a line each; empty: nothing speaks against them.
  std::string GetComparisonWarningText(vtkMRMLSAM2LungParametersNode* parameters);
  /// What became of a nodule, for people; empty: it wasn't compared.
  std::string GetNoduleChangeText(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// Nodules that the prior alone has: how many, and in words.
  int GetNumberOfGoneNodules(vtkMRMLSAM2LungParametersNode* parameters);
  std::string GetNthGoneNoduleText(vtkMRMLSAM2LungParametersNode* parameters, int n);
  /// Moves the views to where it was. \return whether there is such a one
  bool JumpToNthGoneNodule(vtkMRMLSAM2LungParametersNode* parameters, int n);
  /// Shows prior and CT in two linked views beside each other, in which the prior lies over the CT. \return whether it could: they
  /// were compared, and both CTs are there
  bool ShowSideBySide(vtkMRMLSAM2LungParametersNode* parameters);
  bool GetSideBySide(vtkMRMLSAM2LungParametersNode* parameters);
  /// Whether the prior that is chosen now is the one that was compared: else there is nothing to show beside the CT.
  bool GetPriorAligned(vtkMRMLSAM2LungParametersNode* parameters);
  /// Back to the layout of before.
  void EndSideBySide();
  /// Ends it where the user chose another layout by hand; the panel calls it then.
  void FollowLayout();
  /// \}

  /// Moves all slice views there, and centres the 3-D views; where no slice view shows the CT, all do so then. Zooms, and
  /// shows the CT in a lung window, as the parameter node says.
  /// \return whether there is such a nodule
  bool JumpToNodule(vtkMRMLSAM2LungParametersNode* parameters, int id);
  /// \}

  /// \name What the views show
  /// \{
  /// All slice views show the CT from then on, whole, with its own outputs; other CTs' outputs are hidden. A CT that they
  /// show already stays as it is. \return whether a view changed
  bool ShowCT(vtkMRMLSAM2LungParametersNode* parameters);
  /// Shows the outputs of this CT, and hides those of all others; the volumes in the views stay.
  void ShowOutputs(vtkMRMLSAM2LungParametersNode* parameters);
  /// The volume that the first slice view shows; none: nullptr.
  vtkMRMLScalarVolumeNode* GetShownVolume();
  enum ShownType
  {
    ShownNowhere = 0,
    ShownSomewhere, ///< Other slice views show another volume.
    ShownEverywhere
  };
  /// ShownType: where slice views show the CT.
  int GetWhereShown(vtkMRMLSAM2LungParametersNode* parameters);
  /// Lays the uncertainty over the CT as OverlayVisible and OverlayOpacity say, where a slice view shows the CT.
  void UpdateOverlay(vtkMRMLSAM2LungParametersNode* parameters);
  /// \}

  /// \name Deprecated: earlier names
  /// \{
  bool OutlineAtPoint(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s);
  bool StartOutlineAtPoint(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s);
  int GetNoduleAtPoint();
  bool GetRunAtPoint();
  /// \}

  /// Removes what was made here of CTs that were removed. Where the user rejected or outlined nodules, segmentation, table
  /// and points stay, hidden. The module calls it after OrphansEvent.
  void RemoveOrphans();
  /// What RemoveOrphans() left and why, for people; empty: nothing.
  std::string GetOrphansText();

protected:
  vtkSlicerSAM2LungLogic();
  ~vtkSlicerSAM2LungLogic() override;

  void SetMRMLSceneInternal(vtkMRMLScene* newScene) override;
  void RegisterNodes() override;
  void ProcessMRMLSceneEvents(vtkObject* caller, unsigned long event, void* callData) override;
  void OnMRMLSceneNodeRemoved(vtkMRMLNode* node) override;
  void OnMRMLSceneEndImport() override;
  void OnMRMLSceneStartClose() override;

private:
  vtkSlicerSAM2LungLogic(const vtkSlicerSAM2LungLogic&) = delete;
  void operator=(const vtkSlicerSAM2LungLogic&) = delete;

  class vtkInternal;
  std::unique_ptr<vtkInternal> Internal;
};

#endif
