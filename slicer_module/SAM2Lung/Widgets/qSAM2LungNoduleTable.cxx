#include "qSAM2LungNoduleTable.h"

// Qt includes
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QLocale>
#include <QMenu>
#include <QMouseEvent>
#include <QScrollBar>
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

// STD includes
#include <algorithm>

namespace
{
/// Check box, warning sign and number; measures stand in the others.
const int NoduleColumn = 0;
/// So many measures have room in a panel of its least width; more are reached by scrolling.
const int MostThatFit = 4;

const int NoduleIdRole = Qt::UserRole;

typedef vtkSlicerSAM2LungLogic Logic;

//-----------------------------------------------------------------------------
Qt::CheckState checkState(int decision)
{
  return decision == Logic::DecisionAccepted   ? Qt::Checked
         : decision == Logic::DecisionRejected ? Qt::Unchecked
                                               : Qt::PartiallyChecked;
}

//-----------------------------------------------------------------------------
int decisionOf(Qt::CheckState state)
{
  return state == Qt::Checked     ? Logic::DecisionAccepted
         : state == Qt::Unchecked ? Logic::DecisionRejected
                                  : Logic::DecisionUndecided;
}

//-----------------------------------------------------------------------------
QString decisionText(int decision)
{
  return decision == Logic::DecisionAccepted   ? qSAM2LungNoduleTable::tr("accepted")
         : decision == Logic::DecisionRejected ? qSAM2LungNoduleTable::tr("rejected")
                                               : qSAM2LungNoduleTable::tr("undecided");
}
} // namespace

//-----------------------------------------------------------------------------
class qSAM2LungNoduleTablePrivate
{
public:
  QString text(int id, const char* column) const;
  /// A number as people read it; a dash where there is none.
  QString number(int id, const char* column, int decimals) const;
  QString cell(int id, const QString& column) const;
  QString details(int id) const;
  QString title(int id) const;

  vtkWeakPointer<vtkSlicerSAM2LungLogic> Logic;
  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Parameters;
  QTimer UpdateTimer;
  QStringList Columns; ///< Names of the measures, from the second column on.
  int RowAtPress{ -1 };    ///< The current row when the mouse button went down.
  bool BoxClicked{ false }; ///< Whether the box was ticked or unticked since then.
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
  if (!ok)
  {
    return QString(QChar(0x2013));
  }
  if (decimals != 2)
  {
    return QLocale().toString(value, 'f', decimals);
  }
  // Numbers of two decimals are shares, or read like them.
  const QString share = QString::fromStdString(vtkSlicerSAM2LungLogic::GetShareText(value));
  return QString(share).replace(QChar('.'), QString(QLocale().decimalPoint()));
}

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTablePrivate::cell(int id, const QString& column) const
{
  const std::string name = column.toStdString();
  if (vtkSlicerSAM2LungLogic::GetColumnIsFlag(name))
  {
    return this->text(id, name.c_str()).toInt() != 0 ? qSAM2LungNoduleTable::tr("yes") : QString();
  }
  const int decimals = vtkSlicerSAM2LungLogic::GetColumnDecimals(name);
  return decimals < 0 ? this->text(id, name.c_str()) : this->number(id, name.c_str(), decimals);
}

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTablePrivate::title(int id) const
{
  return QString::fromStdString(this->Logic->GetNoduleTitle(this->Parameters, id));
}

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTablePrivate::details(int id) const
{
  const QString change = QString::fromStdString(this->Logic->GetNoduleChangeText(this->Parameters, id));
  if (this->text(id, "edited").toInt() != 0)
  {
    const QString edited = qSAM2LungNoduleTable::tr("%1: %2 mm, outline %3 mm³, edited by hand: how sure it is nobody knows.")
                             .arg(this->title(id), this->number(id, "long_axis_mm", 1), this->number(id, "volume_mm3", 0));
    return change.isEmpty() ? edited : edited + "\n" + change;
  }
  const QString size =
    qSAM2LungNoduleTable::tr("%1: %2 mm, outline %3 mm³, true volume likely %4 to %5.")
      .arg(this->title(id), this->number(id, "long_axis_mm", 1), this->number(id, "volume_mm3", 0),
           this->number(id, "volume_mm3_p05", 0), this->number(id, "volume_mm3_p95", 0));
  const QString known = change.isEmpty() ? size : size + "\n" + change;
  if (!this->Logic->GetNoduleFlagged(this->Parameters, id))
  {
    return known;
  }
  const QString reasons = this->text(id, "review_reasons");
  return known + (change.isEmpty() ? " " : "\n") +
         (reasons.isEmpty() ? qSAM2LungNoduleTable::tr("Look again.")
                            : qSAM2LungNoduleTable::tr("Look again: %1.").arg(reasons));
}

//-----------------------------------------------------------------------------
qSAM2LungNoduleTable::qSAM2LungNoduleTable(QWidget* parent)
  : Superclass(0, 1, parent)
  , d_ptr(new qSAM2LungNoduleTablePrivate)
{
  Q_D(qSAM2LungNoduleTable);
  this->setHorizontalHeaderLabels(QStringList() << tr("Nodule"));
  this->horizontalHeaderItem(NoduleColumn)
    ->setToolTip(tr("Ticked: accepted; empty: rejected; half: undecided. A warning sign asks to look again.\n"
                    "Keys: A accepts, R rejects, U undecided; N next and P previous undecided one;\n"
                    "I adds inside, O takes away outside by a click, K keeps and D discards what that made"));
  this->setAccessibleName(tr("Nodules"));
  this->setSelectionBehavior(QAbstractItemView::SelectRows);
  this->setSelectionMode(QAbstractItemView::SingleSelection);
  this->setEditTriggers(QAbstractItemView::NoEditTriggers);
  this->setTabKeyNavigation(false);
  this->setWordWrap(false);
  this->verticalHeader()->hide();
  this->horizontalHeader()->setHighlightSections(false); // bold titles need more room
  this->horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
  connect(this->horizontalHeader(), &QWidget::customContextMenuRequested, this,
          [this](const QPoint& at)
          {
            QMenu menu(this);
            this->fillColumnsMenu(&menu);
            menu.exec(this->horizontalHeader()->viewport()->mapToGlobal(at));
          });

  d->UpdateTimer.setSingleShot(true);
  connect(&d->UpdateTimer, &QTimer::timeout, this, &qSAM2LungNoduleTable::updateFromLogic);
  connect(this, &QTableWidget::itemChanged, this, &qSAM2LungNoduleTable::onItemChanged);
  connect(this, &QTableWidget::cellClicked, this, [this](int row, int) { this->onCellClicked(row); });
  connect(this, &QTableWidget::currentCellChanged, this,
          [this](int row, int, int previousRow, int)
          {
            if (row != previousRow)
            {
              this->jumpToRow(row);
              emit this->detailsChanged(this->details());
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
  // A number means another nodule in another CT.
  this->clearCurrent();
  this->updateFromLogic();
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::clearCurrent()
{
  const QSignalBlocker blocker(this);
  this->selectionModel()->clear();
}

//-----------------------------------------------------------------------------
int qSAM2LungNoduleTable::currentNodule() const
{
  const QTableWidgetItem* item = this->item(this->currentRow(), NoduleColumn);
  return item ? item->data(NoduleIdRole).toInt() : 0;
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::setCurrentNodule(int id)
{
  this->updateFromLogic();
  for (int row = 0; row < this->rowCount(); ++row)
  {
    if (this->item(row, NoduleColumn)->data(NoduleIdRole).toInt() == id)
    {
      this->setCurrentCell(row, NoduleColumn);
      return;
    }
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::goToNextNodule()
{
  Q_D(qSAM2LungNoduleTable);
  if (d->Logic && d->Parameters)
  {
    this->setCurrentNodule(d->Logic->GetNextNodule(d->Parameters, this->currentNodule()));
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::goToPreviousNodule()
{
  Q_D(qSAM2LungNoduleTable);
  if (d->Logic && d->Parameters)
  {
    this->setCurrentNodule(d->Logic->GetPreviousNodule(d->Parameters, this->currentNodule()));
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::decide(int decision)
{
  Q_D(qSAM2LungNoduleTable);
  const int id = this->currentNodule();
  if (id > 0 && d->Logic && d->Parameters)
  {
    d->Logic->SetNoduleDecision(d->Parameters, id, decision);
  }
}

//-----------------------------------------------------------------------------
QString qSAM2LungNoduleTable::details() const
{
  Q_D(const qSAM2LungNoduleTable);
  const int id = this->currentNodule();
  return id > 0 && d->Logic && d->Parameters ? d->details(id) : QString();
}

//-----------------------------------------------------------------------------
QSize qSAM2LungNoduleTable::minimumSizeHint() const
{
  QHeaderView* const header = this->horizontalHeader();
  const int margins = 2 * (this->style()->pixelMetric(QStyle::PM_HeaderMargin, nullptr, header) + 1);
  int width = this->verticalScrollBar()->sizeHint().width() + 2 * this->frameWidth();
  for (int column = 0; column < std::min(this->columnCount(), 1 + MostThatFit); ++column)
  {
    // The header's own hint is for titles in bold.
    width += header->fontMetrics().size(0, this->horizontalHeaderItem(column)->text()).width() + margins;
  }
  return QSize(width, this->Superclass::minimumSizeHint().height());
}

//-----------------------------------------------------------------------------
QSize qSAM2LungNoduleTable::sizeHint() const
{
  const int rows = 3 * this->verticalHeader()->defaultSectionSize();
  const int height = this->horizontalHeader()->sizeHint().height() + rows + 2 * this->frameWidth();
  return QSize(this->minimumSizeHint().width(), height);
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
  const int current = this->currentNodule();
  vtkNew<vtkIntArray> ids;
  if (d->Logic && d->Parameters)
  {
    d->Logic->GetReviewOrder(d->Parameters, ids);
  }
  {
    const QSignalBlocker blocker(this);
    this->clearCurrent();
    this->clearContents();
    this->updateColumns();
    this->setRowCount(static_cast<int>(ids->GetNumberOfValues()));
    for (int row = 0; row < this->rowCount(); ++row)
    {
      const int id = ids->GetValue(row);
      this->fillRow(row, id);
      if (id == current)
      {
        this->setCurrentCell(row, NoduleColumn);
      }
    }
  }
  emit this->detailsChanged(this->details());
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::updateColumns()
{
  Q_D(qSAM2LungNoduleTable);
  const QString names = d->Logic ? QString::fromStdString(d->Logic->GetShownColumns(d->Parameters)) : QString();
  const QStringList columns = names.split(' ', Qt::SkipEmptyParts);
  if (columns == d->Columns)
  {
    return;
  }
  d->Columns = columns;
  this->setColumnCount(1 + columns.size());
  for (int n = 0; n < columns.size(); ++n)
  {
    const std::string name = columns[n].toStdString();
    const QString title = QString::fromStdString(Logic::GetColumnTitle(name));
    const QString unit = QString::fromStdString(Logic::GetColumnUnit(name));
    QTableWidgetItem* const head = new QTableWidgetItem(unit.isEmpty() ? title : title + "\n" + unit);
    head->setToolTip(QString::fromStdString(Logic::GetColumnDescription(name)) + "\n" +
                     tr("Right-click: choose the columns"));
    this->setHorizontalHeaderItem(1 + n, head);
  }
  const bool fits = columns.size() <= MostThatFit;
  this->setHorizontalScrollBarPolicy(fits ? Qt::ScrollBarAlwaysOff : Qt::ScrollBarAsNeeded);
  this->horizontalHeader()->setSectionResizeMode(fits ? QHeaderView::Stretch : QHeaderView::ResizeToContents);
  for (int column = 0; column < std::min(3, this->columnCount()); ++column)
  {
    // So that their titles are whole in a narrow panel, too.
    this->horizontalHeader()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
  }
  this->updateGeometry();
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::fillColumnsMenu(QMenu* menu)
{
  Q_D(qSAM2LungNoduleTable);
  menu->clear();
  menu->setToolTipsVisible(true);
  connect(menu->addAction(tr("The usual columns")), &QAction::triggered, this,
          [this]
          {
            Q_D(qSAM2LungNoduleTable);
            d->Logic->SetShownColumns(d->Parameters, std::string());
            emit this->columnsChosen(QString());
          });
  menu->addSeparator();
  for (int n = 0; d->Logic && n < Logic::GetNumberOfColumns(); ++n)
  {
    const std::string column = Logic::GetNthColumn(n);
    const QString name = QString::fromStdString(column);
    QAction* const action = menu->addAction(QString::fromStdString(Logic::GetColumnFullTitle(column)));
    action->setObjectName(name);
    action->setToolTip(QString::fromStdString(Logic::GetColumnDescription(column)));
    action->setCheckable(true);
    action->setChecked(d->Columns.contains(name));
    connect(action, &QAction::toggled, this, [this, name](bool shown) { this->chooseColumn(name, shown); });
  }
  menu->setEnabled(d->Logic && d->Parameters);
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::chooseColumn(const QString& name, bool shown)
{
  Q_D(qSAM2LungNoduleTable);
  if (!d->Logic || !d->Parameters)
  {
    return;
  }
  QStringList columns = d->Columns;
  columns.removeAll(name);
  if (shown)
  {
    columns << name;
  }
  d->Logic->SetShownColumns(d->Parameters, columns.join(' ').toStdString());
  emit this->columnsChosen(QString::fromStdString(d->Logic->GetShownColumns(d->Parameters)));
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::fillRow(int row, int id)
{
  Q_D(qSAM2LungNoduleTable);
  const bool flagged = d->Logic->GetNoduleFlagged(d->Parameters, id);
  const int decision = d->Logic->GetNoduleDecision(d->Parameters, id);
  // Where all are nodules, the number says all.
  const bool of_one_class = d->Logic->GetClassColors(d->Parameters).empty();
  const QString first_cell = of_one_class ? QString::number(id) : d->title(id);
  QStringList cells = QStringList() << first_cell;
  for (const QString& column : d->Columns)
  {
    cells << d->cell(id, column);
  }
  QFont font = this->font();
  font.setStrikeOut(decision == Logic::DecisionRejected);
  for (int column = 0; column < cells.size(); ++column)
  {
    QTableWidgetItem* item = new QTableWidgetItem(cells[column]);
    item->setFont(font);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    item->setToolTip(d->details(id));
    if (column != NoduleColumn)
    {
      item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    }
    this->setItem(row, column, item);
  }
  QTableWidgetItem* first = this->item(row, NoduleColumn);
  first->setData(NoduleIdRole, id);
  first->setFlags(first->flags() | Qt::ItemIsUserCheckable);
  first->setCheckState(checkState(decision));
  first->setData(Qt::AccessibleTextRole,
                 tr("%1, %2%3")
                   .arg(d->title(id), decisionText(decision), flagged ? tr(", look again") : QString()));
  if (flagged)
  {
    first->setIcon(this->style()->standardIcon(QStyle::SP_MessageBoxWarning));
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::focusInEvent(QFocusEvent* event)
{
  const bool had_current = this->currentRow() >= 0;
  {
    // Qt makes the first row the current one, which nobody asked for: the views would jump.
    const QSignalBlocker blocker(this);
    this->Superclass::focusInEvent(event);
  }
  if (!had_current)
  {
    this->clearCurrent();
  }
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::mousePressEvent(QMouseEvent* event)
{
  Q_D(qSAM2LungNoduleTable);
  d->RowAtPress = this->currentRow();
  d->BoxClicked = false;
  this->Superclass::mousePressEvent(event);
}

//-----------------------------------------------------------------------------
void qSAM2LungNoduleTable::onCellClicked(int row)
{
  Q_D(qSAM2LungNoduleTable);
  if (row != this->currentRow())
  {
    // On a box, Qt leaves the current row where it was.
    this->setCurrentCell(row, NoduleColumn);
  }
  else if (row == d->RowAtPress && !d->BoxClicked)
  {
    // Again: the user may have moved the views since.
    this->jumpToRow(row);
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
  else if (event->modifiers() != Qt::NoModifier)
  {
    this->Superclass::keyPressEvent(event);
  }
  else
  {
    switch (event->key())
    {
      case Qt::Key_A: this->decide(Logic::DecisionAccepted); break;
      case Qt::Key_R: this->decide(Logic::DecisionRejected); break;
      case Qt::Key_U: this->decide(Logic::DecisionUndecided); break;
      case Qt::Key_N: this->goToNextNodule(); break;
      case Qt::Key_P: this->goToPreviousNodule(); break;
      case Qt::Key_I: emit this->correctionRequested(true); break;
      case Qt::Key_O: emit this->correctionRequested(false); break;
      case Qt::Key_K: emit this->keepRequested(); break;
      case Qt::Key_D: emit this->discardRequested(); break;
      default: this->Superclass::keyPressEvent(event);
    }
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
    d->BoxClicked = true;
    d->Logic->SetNoduleDecision(d->Parameters, item->data(NoduleIdRole).toInt(), decisionOf(item->checkState()));
  }
}
