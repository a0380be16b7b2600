#include "vtkSlicerSAM2LungLogic.h"

#include "SAM2LungNodes.h"
#include "SAM2LungOutputs.h"
#include "SAM2LungOverlay.h"
#include "SAM2LungPhantom.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungReview.h"
#include "SAM2LungSideBySide.h"
#include "SAM2LungText.h"
#include "SAM2LungViews.h"
#include "vtkSlicerSAM2LungLogicInternal.h"

#include <vtkMRMLApplicationLogic.h>
#include <vtkMRMLI18N.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLTableNode.h>

#include <vtkIntArray.h>
#include <vtkNew.h>
#include <vtkObjectFactory.h>
#include <vtkSmartPointer.h>

#include <sam2lung/options.hpp>

using namespace sam2lung_slicer;

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
vtkMRMLScalarVolumeNode* vtkSlicerSAM2LungLogic::AddPhantom(int seed)
{
  if (!this->GetMRMLScene())
  {
    vtkErrorMacro("AddPhantom: there is no scene");
    return nullptr;
  }
  try
  {
    return sam2lung_slicer::AddPhantom(this->GetMRMLScene(), static_cast<std::uint64_t>(seed));
  }
  catch (const std::exception& failure)
  {
    vtkErrorMacro("AddPhantom: " << failure.what());
    return nullptr;
  }
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::CanBeCT(vtkMRMLScalarVolumeNode* volume)
{
  return volume && volume->GetScene() && sam2lung_slicer::CanBeCT(volume);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::IsOutput(vtkMRMLScalarVolumeNode* volume)
{
  return volume && volume->GetScene() && sam2lung_slicer::IsOutput(volume);
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
std::string vtkSlicerSAM2LungLogic::GetReviewLoss(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters && parameters->GetScene() ? ReviewLoss(parameters) : std::string();
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNumberOfChannels(vtkMRMLSAM2LungParametersNode* parameters)
{
  const ModelFacts* const model = parameters ? this->Internal->ModelsThere.Find(parameters->GetModelFolder()) : nullptr;
  return model ? static_cast<int>(model->channels.size()) : 1;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNthChannelName(vtkMRMLSAM2LungParametersNode* parameters, int n)
{
  const ModelFacts* const model = parameters ? this->Internal->ModelsThere.Find(parameters->GetModelFolder()) : nullptr;
  return model && 0 <= n && n < this->GetNumberOfChannels(parameters)
           ? model->channels[static_cast<std::size_t>(n)].name
           : std::string();
}

//----------------------------------------------------------------------------
double vtkSlicerSAM2LungLogic::GetModelShareOfSlices(vtkMRMLSAM2LungParametersNode* parameters)
{
  const ModelFacts* const model = parameters ? this->Internal->ModelsThere.Find(parameters->GetModelFolder()) : nullptr;
  return model ? model->share_of_slices.value_or(-1.0) : -1.0;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::RefreshModels()
{
  this->Internal->ModelsThere.Forget();
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNumberOfModels()
{
  return static_cast<int>(this->Internal->ModelsThere.List().size());
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNthModel(int n)
{
  return this->Internal->NthModel(n).model;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNthModelTitle(int n)
{
  return this->Internal->NthModel(n).title;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNthModelText(int n)
{
  return this->Internal->NthModel(n).text;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetNthModelUsable(int n)
{
  return this->Internal->NthModel(n).usable;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetModelsProblem()
{
  return this->Internal->ModelsThere.ListProblem();
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetMaximumSamples()
{
  return static_cast<int>(sam2lung::max_samples);
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
bool vtkSlicerSAM2LungLogic::OutlineAtClick(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->WaitFor(this->Internal->Begin(parameters, ClickRequest{ { r, a, s } }));
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::StartOutlineAtClick(vtkMRMLSAM2LungParametersNode* parameters,
                                                 double r,
                                                 double a,
                                                 double s)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->Begin(parameters, ClickRequest{ { r, a, s } }) != nullptr;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::CorrectAtClick(vtkMRMLSAM2LungParametersNode* parameters,
                                            int id,
                                            double r,
                                            double a,
                                            double s,
                                            bool inside)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->WaitFor(this->Internal->BeginCorrection(parameters, { { r, a, s }, inside, id }));
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::StartCorrectAtClick(vtkMRMLSAM2LungParametersNode* parameters,
                                                 int id,
                                                 double r,
                                                 double a,
                                                 double s,
                                                 bool inside)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->BeginCorrection(parameters, { { r, a, s }, inside, id }) != nullptr;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::Cancel()
{
  if (!this->Internal->HasBegunWriting())
  {
    this->Internal->Interrupt(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Cancelled; nothing was written."));
  }
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
  if (this->Internal->IsWriting())
  {
    this->Internal->GoOnWriting();
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
std::string vtkSlicerSAM2LungLogic::GetStatusText()
{
  return this->Internal->Message;
}

//----------------------------------------------------------------------------
vtkMRMLSAM2LungParametersNode* vtkSlicerSAM2LungLogic::GetRunParametersNode()
{
  return this->Internal->LastParameters;
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetClickedNodule()
{
  return this->Internal->ClickedNodule;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetResultText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? ResultText(parameters) : std::string();
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetWarningText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? WarningText(parameters) : std::string();
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetClassColors(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? ClassColors(parameters) : std::string();
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetRunOfClick()
{
  return this->Internal->RunOfClick;
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
std::string vtkSlicerSAM2LungLogic::GetNoduleTitle(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return parameters ? NoduleTitle(parameters, id) : std::string();
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
  this->SetNoduleDecision(parameters, id, accepted ? DecisionAccepted : DecisionRejected);
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNoduleDecision(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  switch (NoduleReading(parameters, id).decision)
  {
    case Decision::accepted: return DecisionAccepted;
    case Decision::rejected: return DecisionRejected;
    default: return DecisionUndecided;
  }
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::SetNoduleDecision(vtkMRMLSAM2LungParametersNode* parameters, int id, int decision)
{
  Reading reading = NoduleReading(parameters, id);
  switch (decision)
  {
    case DecisionUndecided: reading.decision = Decision::undecided; break;
    case DecisionAccepted: reading.decision = Decision::accepted; break;
    case DecisionRejected: reading.decision = Decision::rejected; break;
    default:
      vtkErrorMacro("SetNoduleDecision: got " << decision << ", expected one of DecisionType, 0 to 2");
      return false;
  }
  return this->Internal->Read(parameters, id, reading);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNoduleComment(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return NoduleReading(parameters, id).comment;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::SetNoduleComment(vtkMRMLSAM2LungParametersNode* parameters,
                                              int id,
                                              const std::string& comment)
{
  Reading reading = NoduleReading(parameters, id);
  reading.comment = comment;
  return this->Internal->Read(parameters, id, reading);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNoduleReader(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return NoduleReading(parameters, id).reader;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::SetReaderName(const std::string& name)
{
  this->Internal->Reader = name;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetReaderName()
{
  return this->Internal->Reader;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetReviewedText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? ReviewedText(parameters->GetNoduleTableNode()) : std::string();
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNextNodule(vtkMRMLSAM2LungParametersNode* parameters, int id, bool undecidedFirst)
{
  return NeighbourInReview(parameters, id, 1, undecidedFirst);
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetPreviousNodule(vtkMRMLSAM2LungParametersNode* parameters, int id, bool undecidedFirst)
{
  return NeighbourInReview(parameters, id, -1, undecidedFirst);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::Undo(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->Undo(parameters);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetUndoText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->Done.Text(parameters);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::Redo(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->Redo(parameters);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetRedoText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->Done.RedoText(parameters);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::Export(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder)
{
  return this->Internal->Export(parameters, folder);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::JumpToNodule(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  if (!parameters || !parameters->GetScene() || !HasPlace(parameters, id))
  {
    return false;
  }
  if (this->GetWhereShown(parameters) == ShownNowhere)
  {
    this->ShowCT(parameters);
  }
  return sam2lung_slicer::JumpToNodule(parameters, id);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::ShowCT(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (!parameters || !parameters->GetScene())
  {
    return false;
  }
  const vtkMRMLSAM2LungParametersNode* const beside = ShownSideBySide(this->GetMRMLScene());
  if (beside && beside != parameters)
  {
    // A prior never stands beside another patient's CT.
    this->EndSideBySide();
  }
  const bool marks_changed = ShowOutputsOfOne(parameters);
  const bool changed = BringCT(parameters);
  if (changed && this->GetMRMLApplicationLogic())
  {
    this->GetMRMLApplicationLogic()->FitSliceToAll();
  }
  // Slicer may have brought the CT already; 3-D still looks at where the other one's nodules were.
  if (changed || marks_changed || this->Internal->CTRemoved)
  {
    Centre3D(parameters);
  }
  this->Internal->CTRemoved = false;
  return changed;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::ShowOutputs(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (parameters && parameters->GetScene())
  {
    ShowOutputsOfOne(parameters);
  }
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkSlicerSAM2LungLogic::GetShownVolume()
{
  return ShownVolume(this->GetMRMLScene());
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetWhereShown(vtkMRMLSAM2LungParametersNode* parameters)
{
  switch (WhereShown(parameters))
  {
    case Shown::somewhere: return ShownSomewhere;
    case Shown::everywhere: return ShownEverywhere;
    default: return ShownNowhere;
  }
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
  this->Internal->Forget(nullptr);
  vtkNew<vtkIntArray> events;
  events->InsertNextValue(vtkMRMLScene::NodeAboutToBeRemovedEvent);
  events->InsertNextValue(vtkMRMLScene::NodeRemovedEvent);
  events->InsertNextValue(vtkMRMLScene::EndImportEvent);
  events->InsertNextValue(vtkMRMLScene::StartCloseEvent);
  this->SetAndObserveMRMLSceneEventsInternal(newScene, events);
  RegisterSideBySide(newScene);
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::RegisterNodes()
{
  const vtkNew<vtkMRMLSAM2LungParametersNode> parameters;
  // Another logic of this class may have done it.
  if (!this->GetMRMLScene()->IsNodeClassRegistered(parameters->GetClassName()))
  {
    this->GetMRMLScene()->RegisterNodeClass(parameters);
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::ProcessMRMLSceneEvents(vtkObject* caller, unsigned long event, void* callData)
{
  vtkMRMLScene* const scene = this->GetMRMLScene();
  auto* const ct = vtkMRMLScalarVolumeNode::SafeDownCast(static_cast<vtkObject*>(callData));
  // As long as its parameter node still refers to it.
  if (event == vtkMRMLScene::NodeAboutToBeRemovedEvent && caller == scene && ct && !scene->IsBatchProcessing() &&
      (scene->GetStates() & (vtkMRMLScene::UndoState | vtkMRMLScene::RedoState)) == 0)
  {
    this->Internal->Orphan(ct);
  }
  this->Superclass::ProcessMRMLSceneEvents(caller, event, callData);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::OutlineAtPoint(vtkMRMLSAM2LungParametersNode* parameters, double r, double a, double s)
{
  return this->OutlineAtClick(parameters, r, a, s);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::StartOutlineAtPoint(vtkMRMLSAM2LungParametersNode* parameters,
                                                 double r,
                                                 double a,
                                                 double s)
{
  return this->StartOutlineAtClick(parameters, r, a, s);
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNoduleAtPoint()
{
  return this->GetClickedNodule();
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetRunAtPoint()
{
  return this->GetRunOfClick();
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::RemoveOrphans()
{
  this->Internal->OrphansText = this->Internal->RemoveOrphans();
  this->InvokeEvent(OrphansRemovedEvent);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetOrphansText()
{
  return this->Internal->OrphansText;
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
void vtkSlicerSAM2LungLogic::OnMRMLSceneEndImport()
{
  RegisterSideBySide(this->GetMRMLScene());
  ForgetSavedSideBySide(this->GetMRMLScene());
  UpgradeTables(this->GetMRMLScene());
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::OnMRMLSceneStartClose()
{
  this->Internal->Interrupt(
    vtkMRMLTr("vtkSlicerSAM2LungLogic", "Cancelled, because the scene was closed; nothing was written."));
  this->Internal->Forget(nullptr);
}
