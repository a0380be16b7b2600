#include "qSAM2LungNoduleTable.h"

// Qt includes
#include <QHeaderView>
#include <QKeyEvent>
#include <QLocale>
#include <QSignalBlocker>
#include <QStyle>
#include <QTimer>

// SAM2Lung includes
#include "vtkMRMLSAM2LungParametersNode.h"
#include "vtkSlicerSAM2LungLogic.h"

// VTK includes
#include <vtkIntArray.h>
#include <vtkNew.h>
#include <vtkWeakPointer.h>

namespace
{
enum Column
{
  NoduleColumn = 0, ///< Check box, warning sign and number.
  SizeColumn,
  VolumeColumn,
  ProbabilityColumn,
  DoubtColumn,
  ReviewColumn,
  ColumnCount
};

const int NoduleIdRole = Qt::UserRole;
} // namespace

//-----------------------------------------------------------------------------
class qSAM2LungNoduleTablePrivate
{
public:
  QString text(int id, const char* column) const;
  /// A number as people read it; a dash where there is none.
  QString number(int id, const char* column, int decimals) const;
  QString volume(int id) const;
  QString why(int id, bool flagged) const;

  vtkWeakPointer<vtkSlicerSAM2LungLogic> Logic;
  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Parameters;
  QTimer UpdateTimer;
};

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTablePrivate::text(int id, const char* column) const
{
  return QString::fromStdString(this->Logic->GetNoduleText(this->Parameters, id, column));
}

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTablePrivate::number(int id, const char* column, int decimals) const
{
  bool ok = false;
  const double value = this->text(id, column).toDouble(&ok);
  return ok ? QLocale().toString(value, 'f', decimals) : QString(QChar(0x2013));
}

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTablePrivate::volume(int id) const
{
  return QString("%1 (%2%3%4)")
    .arg(this->number(id, "volume_mm3", 0), this->number(id, "volume_mm3_p05", 0), QString(QChar(0x2013)),
         this->number(id, "volume_mm3_p95", 0));
}

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTablePrivate::why(int id, bool flagged) const
{
  if (!flagged)
  {
    return QString();
  }
  const QString reasons = this->text(id, "review_reasons");
  return reasons.isEmpty() ? qSAM2LungNoduleTable::tr("look again") : reasons;
}

//-----------------------------------------------------------------------------
qSAM2LungNoduleTable::qSAM2LungNoduleTable(QWidget* parent)
  : Superclass(0, ColumnCount, parent)
  , d_ptr(new qSAM2LungNoduleTablePrivate)
{
  Q_D(qSAM2LungNoduleTable);
  this->setHorizontalHeaderLabels(QStringList() << tr("Nodule") << tr("Size\nmm") << tr("Volume\nmm³")
                                                << tr("Proba-\nbility") << tr("Doubt") << tr("Look again"));
  const QStringList meanings = QStringList()
                               << tr("Ticked: accepted. A warning sign asks to look again.")
                               << tr("Longest diameter in an axial slice")
                               << tr("Volume of the outline, and the interval around it (5 % to 95 %)")
                               << tr("The model's second opinion on whether it is a nodule")
                               << tr("Mean uncertainty over the outline and its edge")
                               << tr("Why someone should look again");
  for (int column = 0; column < ColumnCount; ++column)
  {
    this->horizontalHeaderItem(column)->setToolTip(meanings[column]);
  }
  this->setAccessibleName(tr("Nodules"));
  this->setSelectionBehavior(QAbstractItemView::SelectRows);
  this->setSelectionMode(QAbstractItemView::SingleSelection);
  this->setEditTriggers(QAbstractItemView::NoEditTriggers);
  this->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  this->setTabKeyNavigation(false);
  this->setWordWrap(false);
  this->verticalHeader()->hide();
  this->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  this->horizontalHeader()->setSectionResizeMode(ReviewColumn, QHeaderView::Stretch);

  d->UpdateTimer.setSingleShot(true);
  connect(&d->UpdateTimer, &QTimer::timeout, this, &qSAM2LungNoduleTable::updateFromLogic);
  connect(this, &QTableWidget::itemChanged, this, &qSAM2LungNoduleTable::onItemChanged);
  connect(this, &QTableWidget::cellClicked, this, [this](int row, int) { this->jumpToRow(row); });
  connect(this, &QTableWidget::currentCellChanged, this,
          [this](int row, int, int previousRow, int)
          {
            if (row != previousRow)
            {
              this->jumpToRow(row);
            }
          });
}

//-----------------------------------------------------------------------------
qSAM2LungNoduleTable::~qSAM2LungNoduleTable() = default;

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::setLogic(vtkSlicerSAM2LungLogic* logic)
{
  Q_D(qSAM2LungNoduleTable);
  this->qvtkReconnect(
    d->Logic, logic, vtkSlicerSAM2LungLogic::NodulesModifiedEvent, this, SLOT(scheduleUpdate()));
  d->Logic = logic;
  this->updateFromLogic();
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::setParametersNode(vtkMRMLSAM2LungParametersNode* node)
{
  Q_D(qSAM2LungNoduleTable);
  if (node == d->Parameters)
  {
    return;
  }
  this->qvtkReconnect(d->Parameters, node, vtkCommand::ModifiedEvent, this, SLOT(scheduleUpdate()));
  d->Parameters = node;
  this->updateFromLogic();
}

//-----------------------------------------------------------------------------
int qSAM2LungNoduleTable::currentNodule() const
{
  const QTableWidgetItem* item = this->item(this->currentRow(), NoduleColumn);
  return item ? item->data(NoduleIdRole).toInt() : 0;
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::scheduleUpdate()
{
  Q_D(qSAM2LungNoduleTable);
  d->UpdateTimer.start(0);
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::updateFromLogic()
{
  Q_D(qSAM2LungNoduleTable);
  const QSignalBlocker blocker(this);
  const int current = this->currentNodule();
  vtkNew<vtkIntArray> ids;
  if (d->Logic && d->Parameters)
  {
    d->Logic->GetReviewOrder(d->Parameters, ids);
  }
  this->clearContents();
  this->setRowCount(static_cast<int>(ids->GetNumberOfValues()));
  for (int row = 0; row < this->rowCount(); ++row)
  {
    const int id = ids->GetValue(row);
    const bool flagged = d->Logic->GetNoduleFlagged(d->Parameters, id);
    const bool accepted = d->Logic->GetNoduleAccepted(d->Parameters, id);
    const QString why = d->why(id, flagged);
    const QStringList cells = QStringList() << QString::number(id) << d->number(id, "long_axis_mm", 1) << d->volume(id)
                                            << d->number(id, "nodule_probability", 2)
                                            << d->number(id, "uncertainty_mean", 2) << why;
    for (int column = 0; column < ColumnCount; ++column)
    {
      QTableWidgetItem* item = new QTableWidgetItem(cells[column]);
      QFont font = this->font();
      font.setStrikeOut(!accepted);
      item->setFont(font);
      item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
      item->setToolTip(flagged ? tr("Nodule %1, look again: %2").arg(id).arg(why) : tr("Nodule %1").arg(id));
      this->setItem(row, column, item);
    }
    QTableWidgetItem* first = this->item(row, NoduleColumn);
    first->setData(NoduleIdRole, id);
    first->setFlags(first->flags() | Qt::ItemIsUserCheckable);
    first->setCheckState(accepted ? Qt::Checked : Qt::Unchecked);
    first->setData(Qt::AccessibleTextRole,
                   tr("Nodule %1, %2%3")
                     .arg(QString::number(id), accepted ? tr("accepted") : tr("rejected"),
                          flagged ? tr(", look again") : QString()));
    if (flagged)
    {
      first->setIcon(this->style()->standardIcon(QStyle::SP_MessageBoxWarning));
    }
    if (id == current)
    {
      this->setCurrentCell(row, NoduleColumn);
    }
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::keyPressEvent(QKeyEvent* event)
{
  QTableWidgetItem* item = this->item(this->currentRow(), NoduleColumn);
  if (item && event->key() == Qt::Key_Space)
  {
    item->setCheckState(item->checkState() == Qt::Checked ? Qt::Unchecked : Qt::Checked);
  }
  else if (item && (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter))
  {
    this->jumpToRow(this->currentRow());
  }
  else
  {
    this->Superclass::keyPressEvent(event);
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::jumpToRow(int row)
{
  Q_D(qSAM2LungNoduleTable);
  const QTableWidgetItem* item = this->item(row, NoduleColumn);
  if (item && d->Logic && d->Parameters)
  {
    d->Logic->JumpToNodule(d->Parameters, item->data(NoduleIdRole).toInt());
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::onItemChanged(QTableWidgetItem* item)
{
  Q_D(qSAM2LungNoduleTable);
  if (item->column() == NoduleColumn && d->Logic && d->Parameters)
  {
    d->Logic->SetNoduleAccepted(
      d->Parameters, item->data(NoduleIdRole).toInt(), item->checkState() == Qt::Checked);
  }
}
