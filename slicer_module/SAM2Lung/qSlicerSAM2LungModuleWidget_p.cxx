#include "qSlicerSAM2LungModuleWidget_p.h"

// Qt includes
#include <QAbstractItemView>
#include <QColor>
#include <QImage>
#include <QMenu>
#include <QScrollBar>
#include <QSettings>
#include <QShortcut>
#include <QSignalBlocker>
#include <QStandardItemModel>

// CTK includes
#include <ctkMessageBox.h>

// Slicer includes
#include <qSlicerApplication.h>
#include <qSlicerLayoutManager.h>

// qMRML includes
#include <qMRMLSliceView.h>
#include <qMRMLSliceWidget.h>
#include <qMRMLSortFilterProxyModel.h>

// SAM2Lung includes
#include "SAM2LungColors.h"
#include "qSAM2LungShow.h"
#include "vtkSlicerSAM2LungLogic.h"

// MRML includes
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLTableNode.h>

// STD includes
#include <array>
#include <vector>

namespace
{
typedef vtkMRMLSAM2LungParametersNode Parameters;

/// The reader's name, as the panel knew it last.
const char* const READER_SETTING = "SAM2Lung/Reader";
/// The columns that the user chose last: names of measures, with spaces between them.
const char* const COLUMNS_SETTING = "SAM2Lung/Columns";

//-----------------------------------------------------------------------------
/// A square of that colour, as rich text.
QString square(const QString& color)
{
  return QString("<span style=\"color:%1\">&#9632;</span>").arg(color);
}

//-----------------------------------------------------------------------------
/// In all shades of the nodules to look at again, or of the others.
QString squares(bool flagged)
{
  QString text;
  for (int id = 0; id < 3; ++id)
  {
    const std::array<double, 3> color = sam2lung_slicer::NoduleColor(id, flagged);
    text += square(QColor::fromRgbF(color[0], color[1], color[2]).name());
  }
  return text;
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
                                      << Widget::tr("Automatic") << Widget::tr("Entropy: all uncertainty")
                                      << Widget::tr("Variance over samples")
                                      << Widget::tr("Mutual information: uncertainty of the network"));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectActions()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  typedef qSlicerSAM2LungModuleWidget Widget;
  QObject::connect(this->InputVolumeComboBox, QOverload<vtkMRMLNode*>::of(&qMRMLNodeComboBox::currentNodeChanged), q,
                   [this, q](vtkMRMLNode* ct)
                   {
                     this->Notice.clear();
                     q->chooseCT(ct);
                   });
  letGoOfRemoved(this->InputVolumeComboBox);
  QObject::connect(this->SegmentNodulesButton, &QPushButton::clicked, q, &Widget::segmentNodules);
  QObject::connect(this->CancelButton, &QPushButton::clicked, q, &Widget::cancel);
  QObject::connect(this->UndoButton, &QPushButton::clicked, q, &Widget::undo);
  QObject::connect(this->RedoButton, &QPushButton::clicked, q, &Widget::redo);
  QObject::connect(this->NoduleTable, &qSAM2LungNoduleTable::detailsChanged, q,
                   [this](const QString& details)
                   {
                     this->NoduleDetailsLabel->setText(details);
                     this->NoduleDetailsLabel->setVisible(!details.isEmpty());
                     this->showComment();
                     this->updateCorrection();
                   });
  QObject::connect(this->OutlineAtClickButton, &QPushButton::toggled, q, &Widget::setPlacing);
  QObject::connect(&this->Placer, &qSAM2LungPointPlacer::placed, q, &Widget::onPlaced);
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
void qSlicerSAM2LungModuleWidgetPrivate::connectReader()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  if (!this->logic())
  {
    return;
  }
  this->ReaderLineEdit->setText(QSettings().value(READER_SETTING).toString());
  this->logic()->SetReaderName(this->ReaderLineEdit->text().toStdString());
  QObject::connect(this->ReaderLineEdit, &QLineEdit::editingFinished, q,
                   [this]
                   {
                     QSettings().setValue(READER_SETTING, this->ReaderLineEdit->text());
                     this->logic()->SetReaderName(this->ReaderLineEdit->text().toStdString());
                   });
  QObject::connect(this->CommentLineEdit, &QLineEdit::editingFinished, q, [this] { this->takeComment(); });
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::takeComment()
{
  if (this->CommentLineEdit->isModified())
  {
    this->CommentLineEdit->setModified(false);
    this->logic()->SetNoduleComment(
      this->CommentedNode, this->CommentedNodule, this->CommentLineEdit->text().toStdString());
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::showComment()
{
  if (!this->logic())
  {
    return;
  }
  const int id = this->NoduleTable->currentNodule();
  if (id != this->CommentedNodule || this->Node != this->CommentedNode)
  {
    this->takeComment();
    this->CommentedNodule = id;
    this->CommentedNode = this->Node;
  }
  const QString comment = QString::fromStdString(this->logic()->GetNoduleComment(this->Node, id));
  if (!this->CommentLineEdit->isModified() && this->CommentLineEdit->text() != comment)
  {
    this->CommentLineEdit->setText(comment);
  }
  this->CommentLineEdit->setEnabled(id > 0);
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
  this->SamplesSpinBox->setMaximum(vtkSlicerSAM2LungLogic::GetMaximumSamples());
  QObject::connect(this->SamplesSpinBox, spin, q, changeNode([](Parameters* p, int n) { p->SetSamples(n); }));
  QObject::connect(this->SeedSpinBox, spin, q, changeNode([](Parameters* p, int n) { p->SetSeed(n); }));
  QObject::connect(
    this->ThresholdSpinBox, spinDouble, q, changeNode([](Parameters* p, double v) { p->SetThreshold(v); }));
  QObject::connect(
    this->SensitivitySpinBox, spinDouble, q, changeNode([](Parameters* p, double v) { p->SetSensitivity(v); }));
  QObject::connect(
    this->MinDiameterSpinBox, spinDouble, q, changeNode([](Parameters* p, double v) { p->SetMinDiameter(v); }));
  QObject::connect(this->DeviceComboBox, choose, q, changeNode([](Parameters* p, int n) { p->SetDevice(n); }));
  QObject::connect(this->SearchComboBox, choose, q, changeNode([](Parameters* p, int n) { p->SetSearch(n); }));
  QObject::connect(
    this->UncertaintyComboBox, choose, q, changeNode([](Parameters* p, int n) { p->SetUncertainty(n); }));
  QObject::connect(this->UncertaintyEverywhereCheckBox, &QCheckBox::toggled, q,
                   changeNode([](Parameters* p, bool on) { p->SetUncertaintyEverywhere(on); }));
  QObject::connect(this->WriteProbabilityCheckBox, &QCheckBox::toggled, q,
                   changeNode([](Parameters* p, bool on) { p->SetWriteProbability(on); }));
  QObject::connect(this->ZoomToNoduleCheckBox, &QCheckBox::toggled, q,
                   changeNode([](Parameters* p, bool on) { p->SetZoomToNodule(on); }));
  QObject::connect(this->LungWindowCheckBox, &QCheckBox::toggled, q,
                   changeNode([](Parameters* p, bool on) { p->SetLungWindow(on); }));
  // By the user only: the item behind the list stands for the folder below it.
  QObject::connect(this->ModelComboBox, QOverload<int>::of(&QComboBox::activated), q,
                   changeNode(
                     [this](Parameters* p, int n)
                     {
                       const QVariant model = this->ModelComboBox->itemData(n);
                       if (model.isValid())
                       {
                         p->SetModelFolder(model.toString().toStdString());
                       }
                       this->updateModel();
                     }));
  QObject::connect(this->ShareOfSlicesSpinBox, spin, q,
                   changeNode([](Parameters* p, int percent)
                              { p->SetShareOfSlices(percent < 0 ? -1.0 : percent / 100.0); }));
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
  letGoOfRemoved(box);
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
  Parameters* const run = this->logic()->GetRunParametersNode();
  if (status == vtkSlicerSAM2LungLogic::StatusCancelled && !(run && run->GetInputVolumeNode()))
  {
    this->addNotice(this->Message);
    this->Message.clear();
  }
  // The run may have been on another CT than the one that is chosen by now.
  if (!this->Message.isEmpty() && this->Node && run && run != this->Node &&
      status != vtkSlicerSAM2LungLogic::StatusRefused)
  {
    this->Message = qSlicerSAM2LungModuleWidget::tr("%1: %2").arg(this->runCTName(), this->Message);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::addNotice(const QString& text)
{
  this->Notice = this->Notice.isEmpty() ? text : this->Notice + " " + text;
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::placeProgress()
{
  // A run of a click comes while the user goes through the rows: they stay where they are under the mouse.
  QWidget* const below = this->logic()->GetRunOfClick() ? static_cast<QWidget*>(this->OutlineAtClickButton)
                                                        : this->ResultLabel;
  this->PanelLayout->removeWidget(this->ProgressWidget);
  this->PanelLayout->insertWidget(this->PanelLayout->indexOf(below), this->ProgressWidget);
}

//-----------------------------------------------------------------------------
QString qSlicerSAM2LungModuleWidgetPrivate::runCTName() const
{
  Parameters* const parameters = this->logic()->GetRunParametersNode();
  vtkMRMLScalarVolumeNode* const ct = parameters ? parameters->GetInputVolumeNode() : nullptr;
  return ct ? QString::fromUtf8(ct->GetName()) : qSlicerSAM2LungModuleWidget::tr("A CT that was removed");
}

//-----------------------------------------------------------------------------
bool qSlicerSAM2LungModuleWidgetPrivate::canBeChosen(vtkMRMLScalarVolumeNode* volume) const
{
  return !volume->GetHideFromEditors() && !this->logic()->IsOutput(volume) &&
         !volume->IsA("vtkMRMLLabelMapVolumeNode") && !volume->IsA("vtkMRMLTensorVolumeNode") &&
         !volume->IsA("vtkMRMLDiffusionWeightedVolumeNode");
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::observeView(vtkMRMLSliceCompositeNode* view)
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  q->qvtkConnect(view, vtkCommand::ModifiedEvent, q, SLOT(scheduleFollowing()));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::observeViews()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  std::vector<vtkMRMLNode*> views;
  if (q->mrmlScene())
  {
    q->mrmlScene()->GetNodesByClass("vtkMRMLSliceCompositeNode", views);
  }
  for (vtkMRMLNode* view : views)
  {
    this->observeView(vtkMRMLSliceCompositeNode::SafeDownCast(view));
  }
}

//-----------------------------------------------------------------------------
bool qSlicerSAM2LungModuleWidgetPrivate::isLossAccepted(const QString& loss)
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  ctkMessageBox box(q);
  box.setIcon(QMessageBox::Warning);
  box.setWindowTitle(qSlicerSAM2LungModuleWidget::tr("Segment nodules"));
  box.setText(loss);
  QPushButton* const anew = box.addButton(qSlicerSAM2LungModuleWidget::tr("Segment anew"), QMessageBox::AcceptRole);
  QPushButton* const keep = box.addButton(qSlicerSAM2LungModuleWidget::tr("Keep what is there"), QMessageBox::RejectRole);
  box.setDefaultButton(keep);
  box.setEscapeButton(keep);
  // An answer for scripts and tests; users are asked each time.
  box.setDontShowAgainSettingsKey("SAM2Lung/SegmentAnew");
  box.setDontShowAgainVisible(false);
  box.exec();
  return box.clickedButton() == anew;
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::setViewCursors(bool placing)
{
  qSlicerApplication* const application = qSlicerApplication::application();
  qSlicerLayoutManager* const layout = application ? application->layoutManager() : nullptr;
  if (placing == this->CursorsSet || !layout)
  {
    return;
  }
  this->CursorsSet = placing;
  const auto set = [placing](auto* view)
  {
    if (placing)
    {
      view->setViewCursor(Qt::CrossCursor);
    }
    else
    {
      view->unsetViewCursor();
    }
  };
  for (const QString& name : layout->sliceViewNames())
  {
    set(layout->sliceWidget(name)->sliceView());
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::fillOverlayLegend()
{
  QImage bar(256, 1, QImage::Format_RGB32);
  for (int x = 0; x < bar.width(); ++x)
  {
    const double least = sam2lung_slicer::FaintestShown();
    const std::array<double, 3> color = sam2lung_slicer::HeatColor(least + (1.0 - least) * x / (bar.width() - 1));
    bar.setPixelColor(x, 0, QColor::fromRgbF(color[0], color[1], color[2]));
  }
  this->OverlayLegendLabel->setPixmap(QPixmap::fromImage(bar));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::letShrink()
{
  // Fields take the width that there is: a long name in one of them must not widen the whole panel.
  for (int row = 0; row < this->AdvancedLayout->rowCount(); ++row)
  {
    for (const QFormLayout::ItemRole role : { QFormLayout::FieldRole, QFormLayout::SpanningRole })
    {
      QLayoutItem* const item = this->AdvancedLayout->itemAt(row, role);
      if (QWidget* const field = item ? item->widget() : nullptr)
      {
        field->setSizePolicy(QSizePolicy::Ignored, field->sizePolicy().verticalPolicy());
      }
    }
  }
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
  const auto hide = [](qMRMLNodeComboBox* box, const QStringList& ids)
  {
    if (box->sortFilterProxyModel()->hiddenNodeIDs() != ids)
    {
      const QSignalBlocker blocker(box);
      box->sortFilterProxyModel()->setHiddenNodeIDs(ids);
    }
  };
  hide(this->InputVolumeComboBox, hidden);
  // A CT is no prior of its own.
  hide(this->PriorVolumeComboBox, this->CT ? hidden << this->CT->GetID() : hidden);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::fillModels()
{
  vtkSlicerSAM2LungLogic* const logic = this->logic();
  logic->RefreshModels();
  const QSignalBlocker blocker(this->ModelComboBox);
  this->ModelComboBox->clear();
  for (int n = 0; n < logic->GetNumberOfModels(); ++n)
  {
    this->ModelComboBox->addItem(QString::fromStdString(logic->GetNthModelTitle(n)),
                                 QString::fromStdString(logic->GetNthModel(n)));
    this->ModelComboBox->setItemData(n, QString::fromStdString(logic->GetNthModelText(n)), Qt::ToolTipRole);
    if (QStandardItemModel* const items = qobject_cast<QStandardItemModel*>(this->ModelComboBox->model()))
    {
      items->item(n)->setEnabled(logic->GetNthModelUsable(n));
    }
  }
  this->ModelComboBox->addItem(qSlicerSAM2LungModuleWidget::tr("In the folder below"));
  // The field may be too narrow for a name; the list isn't.
  QAbstractItemView* const list = this->ModelComboBox->view();
  list->setMinimumWidth(list->sizeHintForColumn(0) + list->verticalScrollBar()->sizeHint().width());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateModel()
{
  const QString model = QString::fromStdString(this->Node->GetModelFolder());
  const int listed = this->ModelComboBox->findData(model);
  const int shown = listed >= 0 ? listed : this->ModelComboBox->count() - 1;
  showIndex(this->ModelComboBox, shown);
  QStringList tip = QStringList() << this->ModelComboBox->itemText(shown)
                                  << this->ModelComboBox->itemData(shown, Qt::ToolTipRole).toString().split('\n')
                                  << QString::fromStdString(this->logic()->GetModelsProblem());
  tip.removeAll(QString());
  this->ModelComboBox->setToolTip("<p>" + tip.join('\n').toHtmlEscaped().replace('\n', "<br>") + "</p>");
  showPath(this->ModelFolderPathLineEdit, listed >= 0 ? QString() : model);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateShareOfSlices()
{
  typedef qSlicerSAM2LungModuleWidget Widget;
  const double own = this->logic()->GetModelShareOfSlices(this->Node);
  const double share = this->Node->GetShareOfSlices();
  showValue(this->ShareOfSlicesSpinBox, share < 0.0 ? this->ShareOfSlicesSpinBox->minimum() : qRound(100.0 * share));
  this->ShareOfSlicesSpinBox->setEnabled(own >= 0.0);
  this->ShareOfSlicesSpinBox->setToolTip(
    own >= 0.0
      ? Widget::tr("This model outlines roughly in all slices, and finely in some, where it is least sure. More of these: "
                   "finer, and slower; 0 %: roughly alone; automatic: as the model was set up, %1 %")
          .arg(qRound(100.0 * own))
      : Widget::tr("Only for models of two networks, one for all slices and a finer one for some of them"));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::addChannel(const std::string& name)
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  qMRMLNodeComboBox* const box = new qMRMLNodeComboBox(q);
  box->setObjectName(QString("ChannelComboBox_%1").arg(QString::fromStdString(name)));
  box->setNodeTypes(this->InputVolumeComboBox->nodeTypes());
  box->setHideChildNodeTypes(this->InputVolumeComboBox->hideChildNodeTypes());
  box->setNoneEnabled(true);
  box->setNoneDisplay(qSlicerSAM2LungModuleWidget::tr("Choose a volume"));
  box->setAddEnabled(false);
  box->setRemoveEnabled(false);
  box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  box->setToolTip(qSlicerSAM2LungModuleWidget::tr("A volume on the grid of the first one, which the model takes beside it"));
  box->setMRMLScene(q->mrmlScene());
  QObject::connect(q, SIGNAL(mrmlSceneChanged(vtkMRMLScene*)), box, SLOT(setMRMLScene(vtkMRMLScene*)));
  letGoOfRemoved(box);
  QObject::connect(box, QOverload<vtkMRMLNode*>::of(&qMRMLNodeComboBox::currentNodeChanged), q,
                   [this, name](vtkMRMLNode* node)
                   {
                     if (this->Node)
                     {
                       this->Node->SetChannelVolumeNode(name, vtkMRMLScalarVolumeNode::SafeDownCast(node));
                     }
                   });
  this->InputLayout->addRow(QString::fromStdString(name) + ":", box);
  this->ChannelComboBoxes.push_back(box);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateChannels()
{
  vtkSlicerSAM2LungLogic* const logic = this->logic();
  std::vector<std::string> names;
  for (int n = 1; this->Node && n < logic->GetNumberOfChannels(this->Node); ++n)
  {
    names.push_back(logic->GetNthChannelName(this->Node, n));
  }
  if (names != this->Channels)
  {
    for (qMRMLNodeComboBox* const box : this->ChannelComboBoxes)
    {
      // Not at once: it may be the one whose signal is being handled.
      box->disconnect();
      box->hide();
      QWidget* const label = this->InputLayout->labelForField(box);
      this->InputLayout->removeWidget(box);
      this->InputLayout->removeWidget(label);
      label->deleteLater();
      label->hide();
      box->deleteLater();
    }
    this->ChannelComboBoxes.clear();
    this->Channels = names;
    for (const std::string& name : names)
    {
      this->addChannel(name);
    }
  }
  for (std::size_t n = 0; n < names.size(); ++n)
  {
    showNode(this->ChannelComboBoxes[n], this->Node->GetChannelVolumeNode(names[n]));
  }
  const std::string first = this->Node ? logic->GetNthChannelName(this->Node, 0) : std::string();
  // Another name has no accelerator: its letter may be another field's.
  this->InputVolumeLabel->setText(first.empty() || first == "CT" ? qSlicerSAM2LungModuleWidget::tr("&CT:")
                                                                 : QString::fromStdString(first) + ":");
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateInput()
{
  this->updateChannels();
  const bool running = this->isRunning();
  const QString problem =
    this->Node ? QString::fromStdString(this->logic()->GetInputProblem(this->Node))
               : qSlicerSAM2LungModuleWidget::tr("Choose a chest CT in Hounsfield units; load one if there is none.");
  this->hideOutputsFromInput();
  showNode(this->InputVolumeComboBox, this->CT);
  const bool placing = this->isWaitingFor(Outline);
  const bool corrected = this->logic()->GetCorrectedNodule(this->Node) > 0;
  this->SegmentNodulesButton->setEnabled(!running && problem.isEmpty() && !corrected);
  this->SegmentNodulesButton->setToolTip(
    running              ? qSlicerSAM2LungModuleWidget::tr("A run goes on: wait for it, or cancel it.")
    : corrected ? qSlicerSAM2LungModuleWidget::tr("The correction below is neither kept nor discarded: do either first.")
    : !problem.isEmpty() ? problem
                         : qSlicerSAM2LungModuleWidget::tr("Finds and outlines the nodules in the whole CT"));
  this->OutlineAtClickButton->setEnabled(!running && problem.isEmpty() && !corrected);
  this->OutlineAtClickButton->setText(placing ? qSlicerSAM2LungModuleWidget::tr("Click a nodule in a slice (Esc ends)")
                                              : qSlicerSAM2LungModuleWidget::tr("&Outline at click"));
  this->OutlineAtClickButton->setToolTip(
    placing ? qSlicerSAM2LungModuleWidget::tr(
                "Waiting for a click in the middle of a nodule in a slice view. Esc, or this button again, ends it.")
    : corrected
      ? qSlicerSAM2LungModuleWidget::tr("The correction below is neither kept nor discarded: do either first.")
    : problem.isEmpty()
      ? qSlicerSAM2LungModuleWidget::tr("Click a nodule in a slice: it is outlined and joins the table")
      : problem);
  this->OutlineAtClickButton->setVisible(!running || !this->logic()->GetRunOfClick());
  showChecked(this->OutlineAtClickButton, placing);
  this->setViewCursors(this->Placer.isPlacing());
  this->ProgressWidget->setVisible(running);

  const QString result = QString::fromStdString(this->logic()->GetResultText(this->Node));
  this->ResultLabel->setText(result);
  this->ResultLabel->setVisible(!result.isEmpty());
  if (running)
  {
    this->showMessage(QString(), QStyle::SP_MessageBoxInformation);
  }
  else
  {
    // While a click is waited for, too: a line that came or went would move the rows under the mouse.
    const QString message = this->Message.isEmpty() ? problem : this->Message;
    this->showMessage(this->Notice.isEmpty() || message.isEmpty() ? this->Notice + message
                                                                  : this->Notice + "\n" + message,
                      this->Message.isEmpty() ? QStyle::SP_MessageBoxInformation : this->MessageIcon);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateTitle()
{
  typedef qSlicerSAM2LungModuleWidget Widget;
  QString title;
  if (this->CT)
  {
    const QString name = QString::fromUtf8(this->CT->GetName());
    switch (this->logic()->GetWhereShown(this->Node))
    {
      case vtkSlicerSAM2LungLogic::ShownSomewhere:
        title = Widget::tr("Nodules of %1 (some views show another volume)").arg(name);
        break;
      case vtkSlicerSAM2LungLogic::ShownNowhere:
        title = this->logic()->GetShownVolume() ? Widget::tr("Nodules of %1 (the views show another volume)").arg(name)
                                                : Widget::tr("Nodules of %1").arg(name);
        break;
      default: title = Widget::tr("Nodules of %1").arg(name);
    }
  }
  this->NodulesTitleLabel->setText(title);
  this->NodulesTitleLabel->setVisible(!title.isEmpty());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateWarnings()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  QStringList lines = QStringList() << QString::fromStdString(this->logic()->GetWarningText(this->Node))
                                    << QString::fromStdString(this->logic()->GetComparisonWarningText(this->Node));
  lines.removeAll(QString());
  const QString warnings = lines.join('\n');
  const int size = q->style()->pixelMetric(QStyle::PM_SmallIconSize);
  this->WarningIconLabel->setPixmap(q->style()->standardIcon(QStyle::SP_MessageBoxWarning).pixmap(size, size));
  this->WarningLabel->setText(warnings);
  this->WarningWidget->setVisible(!warnings.isEmpty());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateLegend()
{
  typedef qSlicerSAM2LungModuleWidget Widget;
  QStringList parts;
  const QString classes = QString::fromStdString(this->logic()->GetClassColors(this->Node));
  for (const QString& line : classes.isEmpty() ? QStringList() : classes.split('\n'))
  {
    parts << square(line.section(' ', 0, 0)) + " " + line.section(' ', 1).toHtmlEscaped();
  }
  if (parts.isEmpty())
  {
    parts << squares(true) + " " + Widget::tr("look again") << squares(false) + " " + Widget::tr("no sign of trouble");
  }
  this->LegendLabel->setText(parts.join(" &nbsp; "));
  this->LegendLabel->setVisible(!this->logic()->GetResultText(this->Node).empty());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateResult()
{
  this->updateTitle();
  this->updateWarnings();
  this->updateLegend();
  const QString reviewed = QString::fromStdString(this->logic()->GetReviewedText(this->Node));
  this->ReviewedLabel->setText(reviewed);
  const QString undo = QString::fromStdString(this->logic()->GetUndoText(this->Node));
  this->ReviewedLabel->setVisible(!reviewed.isEmpty() || !undo.isEmpty());
  this->UndoButton->setVisible(!reviewed.isEmpty() || !undo.isEmpty());
  this->ExportButton->setVisible(!reviewed.isEmpty());
  this->ExportButton->setEnabled(!this->isRunning());
  this->UndoButton->setEnabled(!undo.isEmpty() && !this->isRunning());
  this->UndoButton->setToolTip(undo.isEmpty() ? qSlicerSAM2LungModuleWidget::tr("Nothing to undo")
                                              : qSlicerSAM2LungModuleWidget::tr("Undo (Ctrl-Z): %1").arg(undo));
  const QString redo = QString::fromStdString(this->logic()->GetRedoText(this->Node));
  this->RedoButton->setVisible(this->UndoButton->isVisibleTo(this->UndoButton->parentWidget()));
  this->RedoButton->setEnabled(!redo.isEmpty() && !this->isRunning());
  this->RedoButton->setToolTip(redo.isEmpty() ? qSlicerSAM2LungModuleWidget::tr("Nothing to do again")
                                              : qSlicerSAM2LungModuleWidget::tr("Redo (Ctrl-Y): %1").arg(redo));
  this->ColumnsButton->setVisible(!reviewed.isEmpty());
  this->AxesCheckBox->setEnabled(!reviewed.isEmpty());
  showChecked(this->AxesCheckBox, this->Node && this->Node->GetAxesVisible());
  const bool hasMap = this->Node && this->Node->GetUncertaintyVolumeNode();
  this->OverlayCheckBox->setEnabled(hasMap);
  this->OverlayOpacitySlider->setEnabled(hasMap && this->Node->GetOverlayVisible());
  for (QLabel* legend : { this->OverlayLegendLowLabel, this->OverlayLegendLabel, this->OverlayLegendHighLabel })
  {
    legend->setVisible(hasMap && this->Node->GetOverlayVisible());
  }
  if (this->Node)
  {
    showChecked(this->OverlayCheckBox, this->Node->GetOverlayVisible());
    showValue(this->OverlayOpacitySlider, 100.0 * this->Node->GetOverlayOpacity());
  }
}

//-----------------------------------------------------------------------------
bool qSlicerSAM2LungModuleWidgetPrivate::waitForClick(Purpose purpose)
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  this->PlacedFor = purpose;
  if (!this->Placer.start(q->mrmlScene()))
  {
    this->MessageIcon = QStyle::SP_MessageBoxCritical;
    this->Message = qSlicerSAM2LungModuleWidget::tr(
      "No click can be taken: the scene has no interaction node. Close the scene and try again.");
    return false;
  }
  if (this->logic()->GetWhereShown(this->Node) == vtkSlicerSAM2LungLogic::ShownNowhere)
  {
    this->logic()->ShowCT(this->Node);
  }
  return true;
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectCorrection()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  typedef qSlicerSAM2LungModuleWidget Widget;
  QObject::connect(this->AddInsideButton, &QPushButton::toggled, q, &Widget::setAddingInside);
  QObject::connect(this->TakeAwayButton, &QPushButton::toggled, q, &Widget::setTakingAway);
  QObject::connect(this->KeepButton, &QPushButton::clicked, q, &Widget::keepCorrection);
  QObject::connect(this->DiscardButton, &QPushButton::clicked, q, &Widget::discardCorrection);
  QObject::connect(this->MeasureAgainButton, &QPushButton::clicked, q, &Widget::measureAgain);
  QObject::connect(this->AxesCheckBox, &QCheckBox::toggled, q, &Widget::setAxesVisible);
  // By keys as by the buttons: what can't be pressed does nothing.
  QObject::connect(this->NoduleTable, &qSAM2LungNoduleTable::correctionRequested, q,
                   [this](bool inside) { (inside ? this->AddInsideButton : this->TakeAwayButton)->click(); });
  QObject::connect(this->NoduleTable, &qSAM2LungNoduleTable::keepRequested, this->KeepButton, &QPushButton::click);
  QObject::connect(this->NoduleTable, &qSAM2LungNoduleTable::discardRequested, this->DiscardButton, &QPushButton::click);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectColumns()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  if (!this->logic())
  {
    return;
  }
  this->logic()->SetDefaultColumns(QSettings().value(COLUMNS_SETTING).toString().toStdString());
  QMenu* const menu = new QMenu(this->ColumnsButton);
  this->ColumnsButton->setMenu(menu);
  QObject::connect(menu, &QMenu::aboutToShow, q, [this, menu] { this->NoduleTable->fillColumnsMenu(menu); });
  QObject::connect(this->NoduleTable, &qSAM2LungNoduleTable::columnsChosen, q,
                   [this](const QString& names)
                   {
                     QSettings().setValue(COLUMNS_SETTING, names);
                     this->logic()->SetDefaultColumns(names.toStdString());
                   });
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateCorrection()
{
  typedef qSlicerSAM2LungModuleWidget Widget;
  if (!this->logic())
  {
    return;
  }
  const int id = this->NoduleTable->currentNodule();
  const QString problem =
    this->isRunning() ? Widget::tr("A run goes on: wait for it, or cancel it.")
                      : QString::fromStdString(this->logic()->GetCorrectionProblem(this->Node, id));
  const bool any = !this->logic()->GetReviewedText(this->Node).empty();
  const QString nodule = QString::fromStdString(this->logic()->GetNoduleTitle(this->Node, id));
  const auto show = [&](QPushButton* button, Purpose purpose, const QString& text, const QString& tip)
  {
    const bool waiting = this->isWaitingFor(purpose);
    button->setVisible(any);
    button->setEnabled(problem.isEmpty() || waiting);
    button->setText(waiting ? Widget::tr("Click in a slice (Esc)") : text);
    button->setToolTip(problem.isEmpty() ? tip : problem);
    showChecked(button, waiting);
  };
  show(this->AddInsideButton, AddInside, Widget::tr("Add &inside"),
       Widget::tr("Corrects the outline of %1: click what it lacks (I in the table)").arg(nodule));
  show(this->TakeAwayButton, TakeAway, Widget::tr("Take a&way outside"),
       Widget::tr("Corrects the outline of %1: click what doesn't belong to it (O in the table)").arg(nodule));
  const QString text = QString::fromStdString(this->logic()->GetCorrectionText(this->Node));
  this->CorrectionLabel->setText(text);
  this->CorrectionWidget->setVisible(!text.isEmpty());
  this->KeepButton->setEnabled(!text.isEmpty() && !this->isRunning());
  this->DiscardButton->setEnabled(!text.isEmpty() && !this->isRunning());
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateEdited()
{
  this->EditedLabel->setText(this->Edited);
  this->EditedWidget->setVisible(!this->Edited.isEmpty());
  typedef qSlicerSAM2LungModuleWidget Widget;
  const bool corrected = this->logic()->GetCorrectedNodule(this->Node) > 0;
  this->MeasureAgainButton->setEnabled(!this->isRunning() && !corrected);
  this->MeasureAgainButton->setToolTip(
    this->isRunning() ? Widget::tr("A run goes on: wait for it, or cancel it.")
    : corrected       ? Widget::tr("The correction above is neither kept nor discarded: do either first.")
                      : Widget::tr("Measures the edited segments anew, by outline and CT. The table marks them as edited; "
                                   "what the network said of the outline of before is not known any more"));
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updateOptions()
{
  showValue(this->SamplesSpinBox, this->Node->GetSamples());
  showValue(this->SeedSpinBox, this->Node->GetSeed());
  showValue(this->ThresholdSpinBox, this->Node->GetThreshold());
  showValue(this->SensitivitySpinBox, this->Node->GetSensitivity());
  showValue(this->MinDiameterSpinBox, this->Node->GetMinDiameter());
  showIndex(this->DeviceComboBox, this->Node->GetDevice());
  showIndex(this->SearchComboBox, this->Node->GetSearch());
  showIndex(this->UncertaintyComboBox, this->Node->GetUncertainty());
  showChecked(this->UncertaintyEverywhereCheckBox, this->Node->GetUncertaintyEverywhere());
  showChecked(this->WriteProbabilityCheckBox, this->Node->GetWriteProbability());
  showChecked(this->ZoomToNoduleCheckBox, this->Node->GetZoomToNodule());
  showChecked(this->LungWindowCheckBox, this->Node->GetLungWindow());
  this->updateModel();
  this->updateShareOfSlices();

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
