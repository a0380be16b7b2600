#include "qSlicerSAM2LungModuleWidget.h"
#include "ui_qSlicerSAM2LungModuleWidget.h"

// Qt includes
#include <QApplication>
#include <QShortcut>
#include <QSignalBlocker>
#include <QStyle>
#include <QTimer>

// SAM2Lung includes
#include "qSAM2LungPointPlacer.h"
#include "vtkMRMLSAM2LungParametersNode.h"
#include "vtkSlicerSAM2LungLogic.h"

// MRML includes
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkMRMLTransformableNode.h>

// VTK includes
#include <vtkWeakPointer.h>

namespace
{
typedef vtkMRMLSAM2LungParametersNode Parameters;

//-----------------------------------------------------------------------------
/// Setting what is there already would move the cursor under the hands of who types.
template <class SpinBox, class Value>
void showValue(SpinBox* box, Value value)
{
  const QSignalBlocker blocker(box);
  if (box->value() != value)
  {
    box->setValue(value);
  }
}

//-----------------------------------------------------------------------------
void showIndex(QComboBox* box, int index)
{
  const QSignalBlocker blocker(box);
  box->setCurrentIndex(index);
}

//-----------------------------------------------------------------------------
void showChecked(QAbstractButton* button, bool checked)
{
  const QSignalBlocker blocker(button);
  button->setChecked(checked);
}

//-----------------------------------------------------------------------------
void showNode(qMRMLNodeComboBox* box, vtkMRMLNode* node)
{
  const QSignalBlocker blocker(box);
  box->setCurrentNode(node);
}

//-----------------------------------------------------------------------------
void showPath(ctkPathLineEdit* edit, const QString& path)
{
  const QSignalBlocker blocker(edit);
  if (edit->currentPath() != path)
  {
    edit->setCurrentPath(path);
  }
}

//-----------------------------------------------------------------------------
QString timeLeft(double seconds)
{
  const int rounded = qRound(seconds);
  return rounded < 60 ? qSlicerSAM2LungModuleWidget::tr("about %1 s left").arg(rounded)
                      : qSlicerSAM2LungModuleWidget::tr("about %1 min %2 s left").arg(rounded / 60).arg(rounded % 60);
}
} // namespace

//-----------------------------------------------------------------------------
class qSlicerSAM2LungModuleWidgetPrivate : public Ui_qSlicerSAM2LungModuleWidget
{
  Q_DECLARE_PUBLIC(qSlicerSAM2LungModuleWidget);

protected:
  qSlicerSAM2LungModuleWidget* const q_ptr;

public:
  explicit qSlicerSAM2LungModuleWidgetPrivate(qSlicerSAM2LungModuleWidget& object)
    : q_ptr(&object)
  {
  }

  vtkSlicerSAM2LungLogic* logic() const;
  bool isRunning() const;

  void fillComboBoxes();
  void connectActions();
  void connectOptions();
  void connectOutputs();
  template <class NodeType>
  void connectOutput(qMRMLNodeComboBox* box, void (Parameters::*set)(NodeType*));

  void takeMessage();
  void showMessage(const QString& text, QStyle::StandardPixmap icon);
  void updateInput();
  void updateResult();
  void updateOptions();
  void updateOutputs();

  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Node;
  vtkWeakPointer<vtkMRMLScalarVolumeNode> CT;
  qSAM2LungPointPlacer Placer;
  QTimer PreselectionTimer;
  /// How the last run or call went, unless it completed.
  QString Message;
  QStyle::StandardPixmap MessageIcon{ QStyle::SP_MessageBoxInformation };
  bool DeviceReported{ false };
};

//-----------------------------------------------------------------------------
vtkSlicerSAM2LungLogic* qSlicerSAM2LungModuleWidgetPrivate::logic() const
{
  Q_Q(const qSlicerSAM2LungModuleWidget);
  return vtkSlicerSAM2LungLogic::SafeDownCast(q->logic());
}

//-----------------------------------------------------------------------------
bool qSlicerSAM2LungModuleWidgetPrivate::isRunning() const
{
  return this->logic() && this->logic()->IsRunning();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::fillComboBoxes()
{
  typedef qSlicerSAM2LungModuleWidget Widget;
  // In the order of the parameter node's enumerations.
  this->DeviceComboBox->addItems(QStringList() << Widget::tr("Automatic") << Widget::tr("CPU")
                                               << Widget::tr("NVIDIA GPU (CUDA)"));
  this->SearchComboBox->addItems(QStringList() << Widget::tr("In the lungs") << Widget::tr("Everywhere")
                                               << Widget::tr("In a segment"));
  this->UncertaintyComboBox->addItems(QStringList()
                                      << Widget::tr("Model's") << Widget::tr("Entropy: all doubt")
                                      << Widget::tr("Variance over samples")
                                      << Widget::tr("Mutual information: doubt about the network"));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectActions()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  typedef qSlicerSAM2LungModuleWidget Widget;
  QObject::connect(this->InputVolumeComboBox, QOverload<vtkMRMLNode*>::of(&qMRMLNodeComboBox::currentNodeChanged), q,
                   &Widget::chooseCT);
  QObject::connect(this->SegmentNodulesButton, &QPushButton::clicked, q, &Widget::segmentNodules);
  QObject::connect(this->CancelButton, &QPushButton::clicked, q, &Widget::cancel);
  QObject::connect(this->OutlineAtPointButton, &QPushButton::toggled, q, &Widget::setPlacing);
  QObject::connect(&this->Placer, &qSAM2LungPointPlacer::placed, q, &Widget::outlineAtPoint);
  QObject::connect(&this->Placer, &qSAM2LungPointPlacer::placingChanged, q, &Widget::updateWidgetFromMRML);
  QObject::connect(this->OverlayCheckBox, &QCheckBox::toggled, q, &Widget::setOverlayVisible);
  QObject::connect(this->OverlayOpacitySlider, &ctkSliderWidget::valueChanged, q, &Widget::setOverlayOpacity);
  QObject::connect(this->AdvancedCollapsibleButton, &ctkCollapsibleButton::contentsCollapsed, q,
                   &Widget::onAdvancedCollapsed);
  QShortcut* escape = new QShortcut(QKeySequence(Qt::Key_Escape), q);
  escape->setContext(Qt::WidgetWithChildrenShortcut);
  QObject::connect(escape, &QShortcut::activated, q, &Widget::cancel);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectOptions()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  const auto changeNode = [this](auto&& change)
  {
    return [this, change](auto value)
    {
      if (this->Node)
      {
        change(this->Node, value);
      }
    };
  };
  const auto spin = QOverload<int>::of(&QSpinBox::valueChanged);
  const auto spinDouble = QOverload<double>::of(&QDoubleSpinBox::valueChanged);
  const auto choose = QOverload<int>::of(&QComboBox::currentIndexChanged);
  QObject::connect(this->SamplesSpinBox, spin, q, changeNode([](Parameters* p, int n) { p->SetSamples(n); }));
  QObject::connect(this->SeedSpinBox, spin, q, changeNode([](Parameters* p, int n) { p->SetSeed(n); }));
  QObject::connect(
    this->ThresholdSpinBox, spinDouble, q, changeNode([](Parameters* p, double v) { p->SetThreshold(v); }));
  QObject::connect(
    this->SensitivitySpinBox, spinDouble, q, changeNode([](Parameters* p, double v) { p->SetSensitivity(v); }));
  QObject::connect(this->DeviceComboBox, choose, q, changeNode([](Parameters* p, int n) { p->SetDevice(n); }));
  QObject::connect(this->SearchComboBox, choose, q, changeNode([](Parameters* p, int n) { p->SetSearch(n); }));
  QObject::connect(
    this->UncertaintyComboBox, choose, q, changeNode([](Parameters* p, int n) { p->SetUncertainty(n); }));
  QObject::connect(this->WriteProbabilityCheckBox, &QCheckBox::toggled, q,
                   changeNode([](Parameters* p, bool on) { p->SetWriteProbability(on); }));
  QObject::connect(this->ModelFolderPathLineEdit, &ctkPathLineEdit::currentPathChanged, q,
                   changeNode([](Parameters* p, const QString& path) { p->SetModelFolder(path.toStdString()); }));
  QObject::connect(this->LungMaskSelector, QOverload<vtkMRMLNode*>::of(&qMRMLSegmentSelectorWidget::currentNodeChanged),
                   q, changeNode([](Parameters* p, vtkMRMLNode* node)
                                 { p->SetLungMaskSegmentationNode(vtkMRMLSegmentationNode::SafeDownCast(node)); }));
  QObject::connect(this->LungMaskSelector, &qMRMLSegmentSelectorWidget::currentSegmentChanged, q,
                   changeNode([](Parameters* p, const QString& id) { p->SetLungMaskSegmentID(id.toStdString()); }));
}

//-----------------------------------------------------------------------------
template <class NodeType>
void qSlicerSAM2LungModuleWidgetPrivate::connectOutput(qMRMLNodeComboBox* box, void (Parameters::*set)(NodeType*))
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  QObject::connect(box, QOverload<vtkMRMLNode*>::of(&qMRMLNodeComboBox::currentNodeChanged), q,
                   [this, set](vtkMRMLNode* node)
                   {
                     if (this->Node)
                     {
                       (this->Node->*set)(NodeType::SafeDownCast(node));
                     }
                   });
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectOutputs()
{
  this->connectOutput(this->SegmentationComboBox, &Parameters::SetSegmentationNode);
  this->connectOutput(this->LabelMapComboBox, &Parameters::SetLabelMapNode);
  this->connectOutput(this->UncertaintyVolumeComboBox, &Parameters::SetUncertaintyVolumeNode);
  this->connectOutput(this->ProbabilityVolumeComboBox, &Parameters::SetProbabilityVolumeNode);
  this->connectOutput(this->NoduleTableComboBox, &Parameters::SetNoduleTableNode);
  this->connectOutput(this->NodulePointsComboBox, &Parameters::SetNodulePointsNode);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::takeMessage()
{
  const int status = this->logic()->GetStatus();
  const bool wrong =
    status == vtkSlicerSAM2LungLogic::StatusFailed || status == vtkSlicerSAM2LungLogic::StatusRefused;
  this->MessageIcon = wrong ? QStyle::SP_MessageBoxCritical : QStyle::SP_MessageBoxInformation;
  // The result line tells how a completed run went.
  this->Message = status == vtkSlicerSAM2LungLogic::StatusCompleted
                    ? QString()
                    : QString::fromStdString(this->logic()->GetMessage());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::showMessage(const QString& text, QStyle::StandardPixmap icon)
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  const int size = q->style()->pixelMetric(QStyle::PM_SmallIconSize);
  this->MessageIconLabel->setPixmap(q->style()->standardIcon(icon).pixmap(size, size));
  this->MessageLabel->setText(text);
  this->MessageWidget->setVisible(!text.isEmpty());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateInput()
{
  const bool running = this->isRunning();
  const QString problem =
    this->Node ? QString::fromStdString(this->logic()->GetInputProblem(this->Node))
               : qSlicerSAM2LungModuleWidget::tr("Choose a chest CT in Hounsfield units; load one if there is none.");
  showNode(this->InputVolumeComboBox, this->CT);
  this->SegmentNodulesButton->setEnabled(!running && problem.isEmpty());
  this->SegmentNodulesButton->setToolTip(
    running              ? qSlicerSAM2LungModuleWidget::tr("A run goes on: wait for it, or cancel it.")
    : !problem.isEmpty() ? problem
                         : qSlicerSAM2LungModuleWidget::tr("Finds and outlines the nodules in the whole CT"));
  this->OutlineAtPointButton->setEnabled(!running && problem.isEmpty());
  this->OutlineAtPointButton->setToolTip(
    problem.isEmpty() ? qSlicerSAM2LungModuleWidget::tr("Click a nodule in a slice: it is outlined and joins the table")
                      : problem);
  showChecked(this->OutlineAtPointButton, this->Placer.isPlacing());
  this->ProgressWidget->setVisible(running);

  const QString result = QString::fromStdString(this->logic()->GetResultText(this->Node));
  this->ResultLabel->setText(result);
  this->ResultLabel->setVisible(!result.isEmpty());
  if (running)
  {
    this->showMessage(QString(), QStyle::SP_MessageBoxInformation);
  }
  else if (!this->Message.isEmpty())
  {
    this->showMessage(this->Message, this->MessageIcon);
  }
  else
  {
    this->showMessage(problem, QStyle::SP_MessageBoxInformation);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateResult()
{
  const bool hasMap = this->Node && this->Node->GetUncertaintyVolumeNode();
  this->OverlayCheckBox->setEnabled(hasMap);
  this->OverlayOpacitySlider->setEnabled(hasMap && this->Node->GetOverlayVisible());
  if (this->Node)
  {
    showChecked(this->OverlayCheckBox, this->Node->GetOverlayVisible());
    showValue(this->OverlayOpacitySlider, 100.0 * this->Node->GetOverlayOpacity());
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateOptions()
{
  showValue(this->SamplesSpinBox, this->Node->GetSamples());
  showValue(this->SeedSpinBox, this->Node->GetSeed());
  showValue(this->ThresholdSpinBox, this->Node->GetThreshold());
  showValue(this->SensitivitySpinBox, this->Node->GetSensitivity());
  showIndex(this->DeviceComboBox, this->Node->GetDevice());
  showIndex(this->SearchComboBox, this->Node->GetSearch());
  showIndex(this->UncertaintyComboBox, this->Node->GetUncertainty());
  showChecked(this->WriteProbabilityCheckBox, this->Node->GetWriteProbability());
  showPath(this->ModelFolderPathLineEdit, QString::fromStdString(this->Node->GetModelFolder()));

  const QSignalBlocker blocker(this->LungMaskSelector);
  this->LungMaskSelector->setEnabled(this->Node->GetSearch() == Parameters::SearchSegment);
  this->LungMaskSelector->setCurrentNode(this->Node->GetLungMaskSegmentationNode());
  this->LungMaskSelector->setCurrentSegmentID(QString::fromStdString(this->Node->GetLungMaskSegmentID()));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateOutputs()
{
  showNode(this->SegmentationComboBox, this->Node->GetSegmentationNode());
  showNode(this->LabelMapComboBox, this->Node->GetLabelMapNode());
  showNode(this->UncertaintyVolumeComboBox, this->Node->GetUncertaintyVolumeNode());
  showNode(this->ProbabilityVolumeComboBox, this->Node->GetProbabilityVolumeNode());
  showNode(this->NoduleTableComboBox, this->Node->GetNoduleTableNode());
  showNode(this->NodulePointsComboBox, this->Node->GetNodulePointsNode());
}

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
  d->connectActions();
  d->connectOptions();
  d->connectOutputs();
  d->PreselectionTimer.setSingleShot(true);
  connect(&d->PreselectionTimer, &QTimer::timeout, this, &qSlicerSAM2LungModuleWidget::preselectCT);

  vtkSlicerSAM2LungLogic* logic = d->logic();
  d->NoduleTable->setLogic(logic);
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::StartedEvent, this, SLOT(onRunStarted()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::ProgressEvent, this, SLOT(updateProgress()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::FinishedEvent, this, SLOT(onRunFinished()));
  this->qvtkConnect(logic, vtkSlicerSAM2LungLogic::NodulesModifiedEvent, this, SLOT(updateWidgetFromMRML()));
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::enter()
{
  this->Superclass::enter();
  this->preselectCT();
  this->updateWidgetFromMRML();
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
    this->setParametersNode(parameters);
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
  this->qvtkReconnect(old, scene, vtkMRMLScene::NodeAddedEvent, this, SLOT(schedulePreselection()));
  this->qvtkReconnect(old, scene, vtkMRMLScene::EndImportEvent, this, SLOT(schedulePreselection()));
  this->qvtkReconnect(old, scene, vtkMRMLScene::EndBatchProcessEvent, this, SLOT(schedulePreselection()));
  this->qvtkReconnect(
    old, scene, vtkMRMLScene::NodeRemovedEvent, this, SLOT(onNodeRemoved(vtkObject*, vtkObject*)));
  this->qvtkReconnect(old, scene, vtkMRMLScene::EndCloseEvent, this, SLOT(onSceneClosed()));
  this->Superclass::setMRMLScene(scene);
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
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::preselectCT()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->Node || !this->isEntered() || !d->logic() || !this->mrmlScene() || this->mrmlScene()->IsBatchProcessing())
  {
    return;
  }
  if (vtkMRMLScalarVolumeNode* newest = d->logic()->GetNewestCT())
  {
    this->chooseCT(newest);
  }
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
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onSceneClosed()
{
  this->setParametersNode(nullptr);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::segmentNodules()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!d->logic()->StartSegment(d->Node))
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::outlineAtPoint(double r, double a, double s)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!d->logic()->StartOutlineAtPoint(d->Node, r, a, s))
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setPlacing(bool placing)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!placing)
  {
    d->Placer.stop();
  }
  else if (!d->Placer.start(this->mrmlScene()))
  {
    d->MessageIcon = QStyle::SP_MessageBoxCritical;
    d->Message = tr("No point can be placed: the scene has no interaction node. Close the scene and try again.");
  }
  this->updateWidgetFromMRML();
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
void qSlicerSAM2LungModuleWidget::onRunStarted()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const bool keyboardThere = d->SegmentNodulesButton->hasFocus();
  d->Message.clear();
  d->Placer.stop();
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
  d->takeMessage();
  this->updateWidgetFromMRML();
  if (keyboardThere)
  {
    const bool completed = d->logic()->GetStatus() == vtkSlicerSAM2LungLogic::StatusCompleted;
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
  d->DeviceReportLabel->setText(QString::fromStdString(d->logic()->GetDeviceReport()));
  QApplication::restoreOverrideCursor();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::updateProgress()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString stage = QString::fromStdString(d->logic()->GetStage());
  const double seconds = d->logic()->GetSecondsLeft();
  d->ProgressBar->setValue(qRound(100.0 * d->logic()->GetProgress()));
  d->StageLabel->setText(seconds < 0.0 ? stage : tr("%1, %2").arg(stage, timeLeft(seconds)));
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

  d->NoduleTable->setParametersNode(d->Node);
  d->AdvancedCollapsibleButton->setEnabled(d->Node);
  d->updateInput();
  d->updateResult();
  if (d->Node)
  {
    d->updateOptions();
    d->updateOutputs();
  }
}
