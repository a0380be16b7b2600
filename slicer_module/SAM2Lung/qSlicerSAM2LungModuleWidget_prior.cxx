// The part of the panel that compares the nodules with those of a prior CT.

#include "qSlicerSAM2LungModuleWidget_p.h"

// Slicer includes
#include <qSlicerApplication.h>
#include <qSlicerLayoutManager.h>

// SAM2Lung includes
#include "qSAM2LungShow.h"
#include "vtkSlicerSAM2LungLogic.h"

// MRML includes
#include <vtkMRMLScene.h>

namespace
{
typedef vtkMRMLSAM2LungParametersNode Parameters;
typedef qSlicerSAM2LungModuleWidget Widget;
} // namespace

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectPrior()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  letGoOfRemoved(this->PriorVolumeComboBox);
  QObject::connect(this->PriorVolumeComboBox, QOverload<vtkMRMLNode*>::of(&qMRMLNodeComboBox::currentNodeChanged), q,
                   [this](vtkMRMLNode* node)
                   {
                     if (this->Node && node != this->Node->GetPriorVolumeNode())
                     {
                       // Days and folder were another prior's.
                       this->Node->SetPriorDays(0.0);
                       this->Node->SetPriorFolder("");
                       this->Node->SetPriorVolumeNode(vtkMRMLScalarVolumeNode::SafeDownCast(node));
                     }
                   });
  QObject::connect(this->PriorFolderPathLineEdit, &ctkPathLineEdit::currentPathChanged, q,
                   [this](const QString& folder)
                   {
                     if (this->Node)
                     {
                       this->Node->SetPriorFolder(folder.toStdString());
                     }
                   });
  QObject::connect(this->PriorDaysSpinBox, QOverload<int>::of(&QSpinBox::valueChanged), q,
                   [this](int days)
                   {
                     if (this->Node)
                     {
                       this->Node->SetPriorDays(days);
                     }
                   });
  QObject::connect(this->CompareButton, &QPushButton::clicked, q, &Widget::compareWithPrior);
  QObject::connect(this->SideBySideButton, &QPushButton::toggled, q, &Widget::setSideBySide);
  QObject::connect(this->GoneLabel, &QLabel::linkActivated, q, &Widget::jumpToGoneNodule);
  qSlicerApplication* const application = qSlicerApplication::application();
  if (application && application->layoutManager())
  {
    QObject::connect(application->layoutManager(), &qSlicerLayoutManager::layoutChanged, q, &Widget::onLayoutChanged);
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::updatePrior()
{
  vtkSlicerSAM2LungLogic* const logic = this->logic();
  this->PriorCollapsibleButton->setEnabled(this->Node);
  const QString problem = this->isRunning()
                            ? Widget::tr("A run goes on: wait for it, or cancel it.")
                            : QString::fromStdString(logic->GetPriorProblem(this->Node));
  this->CompareButton->setEnabled(problem.isEmpty());
  this->CompareButton->setToolTip(
    problem.isEmpty() ? Widget::tr("Matches the nodules with those of the prior, and tells how each changed. Where the prior has "
                                   "no results made in the same way, it is segmented first")
                      : problem);
  const bool chosen = this->Node && this->Node->GetPriorVolumeNode();
  const QString text = QString::fromStdString(logic->GetComparisonText(this->Node));
  // Why it can't be compared, and what takes long, is told once a prior is chosen; before, the selector says what to do.
  QStringList lines = QStringList() << text;
  if (chosen && !this->isRunning())
  {
    lines << (problem.isEmpty() && logic->GetPriorNeedsRun(this->Node)
                ? Widget::tr("The prior has no results made in the same way: Compare segments it first.")
                : problem);
  }
  lines.removeAll(QString());
  this->ComparisonLabel->setText(lines.join('\n'));
  this->ComparisonLabel->setVisible(!this->ComparisonLabel->text().isEmpty());
  const bool shown = this->Node && logic->GetSideBySide(this->Node);
  const bool aligned = !text.isEmpty() && logic->GetPriorAligned(this->Node);
  this->SideBySideButton->setEnabled(shown || aligned);
  this->SideBySideButton->setToolTip(
    shown             ? Widget::tr("Back to the views of before")
    : aligned         ? Widget::tr("Shows prior and CT in two linked views beside each other")
    : text.isEmpty()  ? Widget::tr("Press Compare first: that finds how the prior lies over the CT.")
                      : Widget::tr("The prior that is chosen isn't the one that was compared. Press Compare first."));
  showChecked(this->SideBySideButton, shown);

  QStringList gone;
  for (int n = 0; n < logic->GetNumberOfGoneNodules(this->Node); ++n)
  {
    gone << QString("<a href=\"%1\">%2</a>")
              .arg(n)
              .arg(QString::fromStdString(logic->GetNthGoneNoduleText(this->Node, n)).toHtmlEscaped());
  }
  this->GoneLabel->setText(gone.join("<br>"));
  this->GoneLabel->setVisible(!gone.isEmpty());
  if (this->Node)
  {
    showNode(this->PriorVolumeComboBox, this->Node->GetPriorVolumeNode());
    showPath(this->PriorFolderPathLineEdit, QString::fromStdString(this->Node->GetPriorFolder()));
    showValue(this->PriorDaysSpinBox, qRound(this->Node->GetPriorDays()));
    const double days = logic->GetDaysSincePrior(this->Node);
    this->PriorDaysSpinBox->setSpecialValueText(
      days < 0.0 ? Widget::tr("by the study dates (not known)") : Widget::tr("%1, by the study dates").arg(qRound(days)));
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::compareWithPrior()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  // Where the prior is segmented anew, what was made of it by hand may be lost.
  vtkMRMLScalarVolumeNode* const prior = d->Node ? d->Node->GetPriorVolumeNode() : nullptr;
  Parameters* const ofPrior =
    prior && d->logic()->GetPriorNeedsRun(d->Node) ? d->logic()->GetParametersNode(prior, false) : nullptr;
  const QString loss = QString::fromStdString(d->logic()->GetReviewLoss(ofPrior));
  if (!loss.isEmpty() && !d->isLossAccepted(loss))
  {
    return;
  }
  if (!d->logic()->StartCompare(d->Node))
  {
    d->takeMessage();
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::setSideBySide(bool shown)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (!shown)
  {
    d->logic()->EndSideBySide();
  }
  else if (d->logic()->ShowSideBySide(d->Node) && d->NoduleTable->currentNodule() > 0)
  {
    d->logic()->JumpToNodule(d->Node, d->NoduleTable->currentNodule());
  }
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::onLayoutChanged()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  if (d->logic() && this->mrmlScene() && !this->mrmlScene()->IsBatchProcessing())
  {
    d->logic()->FollowLayout();
    d->updatePrior();
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::jumpToGoneNodule(const QString& link)
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->logic()->JumpToNthGoneNodule(d->Node, link.toInt());
}
