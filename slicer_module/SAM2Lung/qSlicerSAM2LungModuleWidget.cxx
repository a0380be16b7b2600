#include "qSlicerSAM2LungModuleWidget.h"
#include "qSlicerSAM2LungModuleWidget_p.h"

// Qt includes
#include <QApplication>
#include <QEvent>
#include <QKeyEvent>

// SAM2Lung includes
#include "vtkSlicerSAM2LungLogic.h"

// MRML includes
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLTransformableNode.h>

namespace
{
typedef vtkMRMLSAM2LungParametersNode Parameters;

//-----------------------------------------------------------------------------
QString timeLeft(double seconds)
{
  const int rounded = qRound(seconds);
  if (rounded < 1)
  {
    return qSlicerSAM2LungModuleWidget::tr("almost done");
  }
  return rounded < 60 ? qSlicerSAM2LungModuleWidget::tr("about %1 s left").arg(rounded)
                      : qSlicerSAM2LungModuleWidget::tr("about %1 min %2 s left").arg(rounded / 60).arg(rounded % 60);
}

//-----------------------------------------------------------------------------
/// Ctrl-Y or Ctrl-Shift-Z: systems differ, and readers change systems.
bool isRedo(QKeyEvent* key)
{
  return (key->key() == Qt::Key_Y && key->modifiers() == Qt::ControlModifier) ||
         (key->key() == Qt::Key_Z && key->modifiers() == (Qt::ControlModifier | Qt::ShiftModifier));
}
} // namespace

//-----------------------------------------------------------------------------
qSlicerSAM2LungModuleWidget::qSlicerSAM2LungModuleWidget(QWidget* parent)
  : Superclass(parent)
  , d_ptr(new qSlicerSAM2LungModuleWidgetPrivate(*this))
{
}

//-----------------------------------------------------------------------------
qSlicerSAM2LungModuleWidget::~qSlicerSAM2LungModuleWidget() = default;

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setup()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->setupUi(this);
  this->Superclass::setup();

  d->fillComboBoxes();
  d->fillModels();
  d->fillOverlayLegend();
  d->letShrink();
  d->connectActions();
  d->connectReader();
  d->connectOptions();
  d->connectOutputs();
  d->connectCorrection();
  d->connectColumns();
  d->connectExport();
  d->connectPrior();
  d->EditsTimer.setSingleShot(true);
  connect(&d->EditsTimer, &QTimer::timeout, this, &qSlicerSAM2LungModuleWidget::lookForEdits);
  d->PreselectionTimer.setSingleShot(true);
  connect(&d->PreselectionTimer, &QTimer::timeout, this, &qSlicerSAM2LungModuleWidget::preselectCT);
  d->FollowingTimer.setSingleShot(true);
  connect(&d->FollowingTimer, &QTimer::timeout, this, &qSlicerSAM2LungModuleWidget::followViews);

  vtkSlicerSAM2LungLogic* logic = d->logic();
  d->NoduleTable->setLogic(logic);
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::StartedEvent, this, SLOT(onRunStarted()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::ProgressEvent, this, SLOT(updateProgress()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::FinishedEvent, this, SLOT(onRunFinished()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::NodulesModifiedEvent, this, SLOT(updateWidgetFromMRML()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::NodulesModifiedEvent, this, SLOT(scheduleLookForEdits()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::OrphansRemovedEvent, this, SLOT(onOrphansRemoved()));
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
QSize qSlicerSAM2LungModuleWidget::sizeHint() const
{
  return QSize(this->minimumSizeHint().width(), this->Superclass::sizeHint().height());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::enter()
{
  this->Superclass::enter();
  Q_D(qSlicerSAM2LungModuleWidget);
  d->fillModels();
  this->preselectCT();
  this->followViews();
  this->updateWidgetFromMRML();
  this->scheduleLookForEdits(); // the user may come from the Segment Editor
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::exit()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->Placer.stop();
  this->Superclass::exit();
}

//-----------------------------------------------------------------------------
bool qSlicerSAM2LungModuleWidget::setEditedNode(vtkMRMLNode* node, QString role, QString context)
{
  Q_UNUSED(role);
  Q_UNUSED(context);
  if (Parameters* parameters = Parameters::SafeDownCast(node))
  {
    this->chooseCT(parameters->GetInputVolumeNode());
    if (!parameters->GetInputVolumeNode())
    {
      this->setParametersNode(parameters);
    }
    return true;
  }
  if (vtkMRMLScalarVolumeNode::SafeDownCast(node))
  {
    this->chooseCT(node);
    return true;
  }
  return false;
}

//-----------------------------------------------------------------------------
vtkMRMLSAM2LungParametersNode* qSlicerSAM2LungModuleWidget::parametersNode() const
{
  Q_D(const qSlicerSAM2LungModuleWidget);
  return d->Node;
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setMRMLScene(vtkMRMLScene* scene)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  vtkMRMLScene* const old = this->mrmlScene();
  if (scene == old)
  {
    return;
  }
  d->Placer.stop();
  this->setParametersNode(nullptr);
  this->qvtkReconnect(old, scene, vtkMRMLScene::NodeAddedEvent, this, SLOT(onNodeAdded(vtkObject*, vtkObject*)));
  this->qvtkReconnect(old, scene, vtkMRMLScene::EndImportEvent, this, SLOT(schedulePreselection()));
  this->qvtkReconnect(old, scene, vtkMRMLScene::EndBatchProcessEvent, this, SLOT(schedulePreselection()));
  this->qvtkReconnect(
    old, scene, vtkMRMLScene::NodeRemovedEvent, this, SLOT(onNodeRemoved(vtkObject*, vtkObject*)));
  this->qvtkReconnect(old, scene, vtkMRMLScene::EndCloseEvent, this, SLOT(onSceneClosed()));
  this->Superclass::setMRMLScene(scene);
  d->observeViews();
  this->schedulePreselection();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setParametersNode(vtkMRMLSAM2LungParametersNode* node)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (node != d->Node)
  {
    d->Placer.stop();
    d->Message.clear();
    d->Edited.clear();
    this->scheduleLookForEdits();
  }
  this->qvtkReconnect(d->Node, node, vtkCommand::ModifiedEvent, this, SLOT(updateWidgetFromMRML()));
  d->Node = node;
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::chooseCT(vtkMRMLNode* ct)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  vtkMRMLScalarVolumeNode* const volume = vtkMRMLScalarVolumeNode::SafeDownCast(ct);
  this->setParametersNode(volume && d->logic() ? d->logic()->GetParametersNode(volume, true) : nullptr);
  if (d->Node)
  {
    d->logic()->ShowCT(d->Node);
    d->updateTitle();
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::preselectCT()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->Node || !this->isEntered() || !d->logic() || !this->mrmlScene() || this->mrmlScene()->IsBatchProcessing())
  {
    return;
  }
  vtkMRMLScalarVolumeNode* const shown = d->logic()->GetShownVolume();
  vtkMRMLScalarVolumeNode* const ct = shown && d->logic()->CanBeCT(shown) ? shown : d->logic()->GetNewestCT();
  if (ct)
  {
    this->chooseCT(ct);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::scheduleFollowing()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->FollowingTimer.start(0);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::followViews()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!this->isEntered() || !d->logic() || !this->mrmlScene() || this->mrmlScene()->IsBatchProcessing())
  {
    return;
  }
  vtkMRMLScalarVolumeNode* const shown = d->logic()->GetShownVolume();
  const bool other = d->Node && shown && d->logic()->GetWhereShown(d->Node) == vtkSlicerSAM2LungLogic::ShownNowhere;
  if (other && d->canBeChosen(shown))
  {
    this->chooseCT(shown);
  }
  d->updateTitle();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onNodeAdded(vtkObject* scene, vtkObject* node)
{
  Q_UNUSED(scene);
  Q_D(qSlicerSAM2LungModuleWidget);
  if (vtkMRMLSliceCompositeNode* view = vtkMRMLSliceCompositeNode::SafeDownCast(node))
  {
    d->observeView(view);
  }
  this->schedulePreselection();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onOrphansRemoved()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString kept = QString::fromStdString(d->logic()->GetOrphansText());
  if (!kept.isEmpty())
  {
    d->addNotice(kept);
  }
  this->preselectCT();
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::schedulePreselection()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->PreselectionTimer.start(0);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onNodeRemoved(vtkObject* scene, vtkObject* node)
{
  Q_UNUSED(scene);
  Q_D(qSlicerSAM2LungModuleWidget);
  if (node && (node == d->Node || node == d->CT))
  {
    this->setParametersNode(nullptr);
    this->schedulePreselection();
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onSceneClosed()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->Notice.clear();
  this->setParametersNode(nullptr);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::segmentNodules()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString loss = QString::fromStdString(d->logic()->GetReviewLoss(d->Node));
  if (!loss.isEmpty() && !d->isLossAccepted(loss))
  {
    return;
  }
  if (!d->logic()->StartSegment(d->Node))
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onPlaced(double r, double a, double s, const QString& volumeID)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString problem = QString::fromStdString(d->logic()->GetClickProblem(d->Node, volumeID.toStdString()));
  if (!problem.isEmpty())
  {
    d->MessageIcon = QStyle::SP_MessageBoxInformation;
    d->Message = problem;
    d->waitForClick(d->PlacedFor);
    this->updateWidgetFromMRML();
    return;
  }
  const bool begun = d->PlacedFor == qSlicerSAM2LungModuleWidgetPrivate::Outline
                       ? d->logic()->StartOutlineAtClick(d->Node, r, a, s)
                       : d->logic()->StartCorrectAtClick(d->Node, d->NoduleTable->currentNodule(), r, a, s,
                                                         d->PlacedFor == qSlicerSAM2LungModuleWidgetPrivate::AddInside);
  if (!begun)
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setPlacing(bool placing)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  placing ? static_cast<void>(d->waitForClick(qSlicerSAM2LungModuleWidgetPrivate::Outline)) : d->Placer.stop();
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setAddingInside(bool placing)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  placing ? static_cast<void>(d->waitForClick(qSlicerSAM2LungModuleWidgetPrivate::AddInside)) : d->Placer.stop();
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setTakingAway(bool placing)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  placing ? static_cast<void>(d->waitForClick(qSlicerSAM2LungModuleWidgetPrivate::TakeAway)) : d->Placer.stop();
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::keepCorrection()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->Placer.stop();
  d->logic()->KeepCorrection(d->Node);
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::discardCorrection()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->Placer.stop();
  if (d->logic()->GetCorrectedNodule(d->Node) > 0 && !d->logic()->DiscardCorrection(d->Node))
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::measureAgain()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->logic()->MeasureAgain(d->Node))
  {
    d->Message.clear();
  }
  else
  {
    d->takeMessage();
  }
  this->lookForEdits();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::scheduleLookForEdits()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  // A brush changes the segment at each move of the mouse, and a look goes over the whole label map.
  const int wait_ms = 500;
  d->EditsTimer.start(wait_ms);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::lookForEdits()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->logic() && !d->isRunning())
  {
    d->Edited = QString::fromStdString(d->logic()->GetEditedText(d->Node));
    this->updateWidgetFromMRML();
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setAxesVisible(bool visible)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->Node)
  {
    d->Node->SetAxesVisible(visible);
    d->logic()->UpdateAxes(d->Node);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::cancel()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->Placer.stop();
  if (d->isRunning())
  {
    d->logic()->Cancel();
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::undo()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!d->logic() || d->logic()->GetUndoText(d->Node).empty())
  {
    return;
  }
  if (d->logic()->Undo(d->Node))
  {
    d->Message.clear();
  }
  else
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::redo()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!d->logic() || d->logic()->GetRedoText(d->Node).empty())
  {
    return;
  }
  if (d->logic()->Redo(d->Node))
  {
    d->Message.clear();
  }
  else
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
bool qSlicerSAM2LungModuleWidget::event(QEvent* event)
{
  if (event->type() == QEvent::ShortcutOverride || event->type() == QEvent::KeyPress)
  {
    // Slicer's menu has the same keys, for the scene. A line in which text is typed took them before they came here.
    QKeyEvent* const key = static_cast<QKeyEvent*>(event);
    const bool isUndo = key->matches(QKeySequence::Undo);
    if (isUndo || isRedo(key))
    {
      if (event->type() == QEvent::KeyPress)
      {
        isUndo ? this->undo() : this->redo();
      }
      event->accept();
      return true;
    }
  }
  return this->Superclass::event(event);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onRunStarted()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const bool keyboardThere = d->SegmentNodulesButton->hasFocus();
  d->Message.clear();
  d->Notice.clear();
  d->Placer.stop();
  d->placeProgress();
  this->updateProgress();
  this->updateWidgetFromMRML();
  if (keyboardThere)
  {
    d->CancelButton->setFocus();
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onRunFinished()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const bool keyboardThere = d->CancelButton->hasFocus();
  const bool completed = d->logic()->GetStatus() == vtkSlicerSAM2LungLogic::StatusCompleted;
  d->takeMessage();
  d->takeReport();
  this->updateWidgetFromMRML();
  if (completed && d->Node == d->logic()->GetRunParametersNode())
  {
    d->NoduleTable->setCurrentNodule(d->logic()->GetClickedNodule());
  }
  if (keyboardThere)
  {
    (completed ? static_cast<QWidget*>(d->NoduleTable) : d->SegmentNodulesButton)->setFocus();
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setOverlayVisible(bool visible)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->Node)
  {
    d->Node->SetOverlayVisible(visible);
    d->logic()->UpdateOverlay(d->Node);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setOverlayOpacity(double percent)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->Node)
  {
    d->Node->SetOverlayOpacity(percent / 100.0);
    d->logic()->UpdateOverlay(d->Node);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onAdvancedCollapsed(bool collapsed)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (collapsed || d->DeviceReported || !d->logic())
  {
    return;
  }
  d->DeviceReported = true;
  QApplication::setOverrideCursor(Qt::WaitCursor);
  d->DeviceReportText->setPlainText(QString::fromStdString(d->logic()->GetDeviceReport()));
  QApplication::restoreOverrideCursor();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::updateProgress()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString stage = QString::fromStdString(d->logic()->GetStage());
  const double seconds = d->logic()->GetSecondsLeft();
  // Of a click nobody knows how long it takes: two seconds, and a bar that only moves.
  const bool known = !d->logic()->GetRunOfClick();
  d->ProgressBar->setMaximum(known ? 100 : 0);
  d->ProgressBar->setValue(known ? qRound(100.0 * d->logic()->GetProgress()) : -1);
  const QString what = known && seconds >= 0.0 ? tr("%1, %2").arg(stage, timeLeft(seconds)) : stage;
  d->StageLabel->setText(tr("%1: %2").arg(d->runCTName(), what));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::updateWidgetFromMRML()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!d->logic())
  {
    return;
  }
  // A transform or voxels that change may make the CT one that can be segmented, or no more.
  vtkMRMLScalarVolumeNode* const ct = d->Node ? d->Node->GetInputVolumeNode() : nullptr;
  const char* const update = SLOT(updateWidgetFromMRML());
  this->qvtkReconnect(d->CT, ct, vtkMRMLTransformableNode::TransformModifiedEvent, this, update);
  this->qvtkReconnect(d->CT, ct, vtkMRMLVolumeNode::ImageDataModifiedEvent, this, update);
  d->CT = ct;
  vtkMRMLSegmentationNode* const node = d->Node ? d->Node->GetSegmentationNode() : nullptr;
  vtkSegmentation* const segmentation = node ? node->GetSegmentation() : nullptr;
  const char* const look = SLOT(scheduleLookForEdits());
  this->qvtkReconnect(d->Segmentation, segmentation, vtkSegmentation::SourceRepresentationModified, this, look);
  this->qvtkReconnect(d->Segmentation, segmentation, vtkSegmentation::SegmentRemoved, this, look);
  d->Segmentation = segmentation;

  d->NoduleTable->setParametersNode(d->Node);
  d->AdvancedCollapsibleButton->setEnabled(d->Node);
  d->updateInput();
  d->updateResult();
  d->updateCorrection();
  d->updateEdited();
  d->updatePrior();
  if (d->Node)
  {
    d->updateOptions();
    d->updateOutputs();
  }
}
