#ifndef __qSAM2LungNoduleTable_h
#define __qSAM2LungNoduleTable_h

#include <QTableWidget>

#include <ctkPimpl.h>
#include <ctkVTKObject.h>

class QMenu;
class qSAM2LungNoduleTablePrivate;
class vtkMRMLSAM2LungParametersNode;
class vtkSlicerSAM2LungLogic;

/// \brief The nodules of a parameter node, in the order in which to look at them.
///
/// The current row's nodule is brought into view; its box (Space, in any column) accepts or rejects it, and is half
/// ticked as long as nobody has decided. A click on the box of another row makes that row the current one: highlight,
/// details and views always tell of one nodule. Keys: A accepts, R rejects, U makes it undecided, N and P go to the
/// next and the previous undecided one; I and O ask for a click that adds to the current nodule or takes away from it,
/// K and D keep or discard what such clicks made of it. Which measures have a column is chosen by a menu on the header.
/// No row is current until one is chosen, not even when the table gets the keyboard. What has no room in a row is told
/// of the current one by details(). Everything shown is asked from the logic anew when the nodules change.
class qSAM2LungNoduleTable : public QTableWidget
{
  Q_OBJECT
  QVTK_OBJECT

public:
  typedef QTableWidget Superclass;
  explicit qSAM2LungNoduleTable(QWidget* parent = nullptr);
  ~qSAM2LungNoduleTable() override;

  void setLogic(vtkSlicerSAM2LungLogic* logic);
  void setParametersNode(vtkMRMLSAM2LungParametersNode* node);
  /// Number of the nodule in the current row; 0: none.
  int currentNodule() const;
  /// Of the current row, in words: the volume's interval, and why to look again. Empty: no row is current.
  QString details() const;
  /// Wide enough for the titles.
  QSize minimumSizeHint() const override;
  /// Three rows: all that a small window must find room for. The table takes what more there is.
  QSize sizeHint() const override;

public slots:
  /// Makes that nodule's row the current one, which brings the nodule into view; does nothing where there is none.
  void setCurrentNodule(int id);
  /// Makes the next undecided nodule the current one; where no other one is undecided, the next row's.
  void goToNextNodule();
  void goToPreviousNodule();
  void updateFromLogic();
  /// The same, once, when the events at hand are through: a table node changes cell by cell.
  void scheduleUpdate();

  /// Fills a menu with all measures; those that have a column are ticked.
  void fillColumnsMenu(QMenu* menu);

signals:
  void detailsChanged(const QString& details);
  /// The names of the measures that the user chose, with spaces between them.
  void columnsChosen(const QString& names);
  /// Of the current nodule: a click inside it, or outside it, is to correct its outline.
  void correctionRequested(bool inside);
  void keepRequested();
  void discardRequested();

protected:
  void focusInEvent(QFocusEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;

protected slots:
  void jumpToRow(int row);
  void onCellClicked(int row);
  void onItemChanged(QTableWidgetItem* item);

protected:
  void clearCurrent();
  /// Of the current nodule.
  void decide(int decision);
  void fillRow(int row, int id);
  /// A column for each measure that is to be shown.
  void updateColumns();
  void chooseColumn(const QString& name, bool shown);

  QScopedPointer<qSAM2LungNoduleTablePrivate> d_ptr;

private:
  Q_DECLARE_PRIVATE(qSAM2LungNoduleTable);
  Q_DISABLE_COPY(qSAM2LungNoduleTable);
};

#endif
