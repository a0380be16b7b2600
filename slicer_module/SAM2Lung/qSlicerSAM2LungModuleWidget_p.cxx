#include "qSlicerSAM2LungModuleWidget_p.h"

// Qt includes
#include <QShortcut>
#include <QSignalBlocker>

// qMRML includes
#include <qMRMLSortFilterProxyModel.h>

// SAM2Lung includes
#include "vtkSlicerSAM2LungLogic.h"

// MRML includes
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>

// STD includes
#include <vector>

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
} // namespace

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
  QObject::connect(this->NoduleTable, &qSAM2LungNoduleTable::detailsChanged, q,
                   [this](const QString& details)
                   {
                     this->NoduleDetailsLabel->setText(details);
                     this->NoduleDetailsLabel->setVisible(!details.isEmpty());
                   });
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
                    : QString::fromStdString(this->logic()->GetStatusText());
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
void qSlicerSAM2LungModuleWidgetPrivate::hideOutputsFromInput()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  std::vector<vtkMRMLNode*> volumes;
  if (q->mrmlScene())
  {
    q->mrmlScene()->GetNodesByClass("vtkMRMLScalarVolumeNode", volumes);
  }
  QStringList hidden;
  for (vtkMRMLNode* volume : volumes)
  {
    if (this->logic()->IsOutput(vtkMRMLScalarVolumeNode::SafeDownCast(volume)))
    {
      hidden << volume->GetID();
    }
  }
  qMRMLSortFilterProxyModel* const model = this->InputVolumeComboBox->sortFilterProxyModel();
  if (model->hiddenNodeIDs() != hidden)
  {
    const QSignalBlocker blocker(this->InputVolumeComboBox);
    model->setHiddenNodeIDs(hidden);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateInput()
{
  const bool running = this->isRunning();
  const QString problem =
    this->Node ? QString::fromStdString(this->logic()->GetInputProblem(this->Node))
               : qSlicerSAM2LungModuleWidget::tr("Choose a chest CT in Hounsfield units; load one if there is none.");
  this->hideOutputsFromInput();
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
