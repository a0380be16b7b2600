// Qt includes
#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QElapsedTimer>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMessageBox>
#include <QMouseEvent>
#include <QPushButton>
#include <QSettings>
#include <QSpinBox>
#include <QStyle>
#include <QStyleOptionViewItem>
#include <QTableWidget>
#include <QToolButton>

// CTK includes
#include <ctkCollapsibleButton.h>

// Slicer includes
#include <qMRMLNodeComboBox.h>
#include <qMRMLWidget.h>
#include <qSlicerApplication.h>

// SAM2Lung includes
#include "SAM2LungChests.h"
#include "SAM2LungTestScene.h"
#include "qSlicerSAM2LungModule.h"
#include "qSlicerSAM2LungModuleWidget.h"

// MRML includes
#include <vtkMRMLCoreTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSliceCompositeNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkSlicerApplicationLogic.h>

// VTK includes
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>
#include <vtkDataArray.h>
#include <vtkPointData.h>

// STD includes
#include <algorithm>
#include <functional>
#include <vector>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using Logic = vtkSlicerSAM2LungLogic;

/// The panel in an application without a main window, and a user's hands.
class Panel
{
public:
  explicit Panel(qSlicerApplication& application, const std::string& bundles)
    : Bundles(bundles)
    , Scene(application.mrmlScene())
  {
    this->Segmentations->SetMRMLScene(this->Scene);
    this->Module.initialize(application.applicationLogic());
    this->Module.setMRMLScene(this->Scene);
    this->Widget = dynamic_cast<qSlicerSAM2LungModuleWidget*>(this->Module.widgetRepresentation());
    this->Widget->resize(320, 600);
    this->Widget->show();
    this->Widget->enter();
  }

  template <class Type>
  Type* find(const char* name) const
  {
    return this->Widget->findChild<Type*>(name);
  }

  Logic* logic() { return Logic::SafeDownCast(this->Module.logic()); }
  Parameters* parameters() const { return this->Widget->parametersNode(); }
  QPushButton* segment() const { return this->find<QPushButton>("SegmentNodulesButton"); }
  QPushButton* cancel() const { return this->find<QPushButton>("CancelButton"); }
  QTableWidget* table() const { return this->find<QTableWidget>("NoduleTable"); }
  QString message() const { return this->find<QLabel>("MessageLabel")->text(); }

  /// Events until this holds, but no longer than five minutes: a busy machine is slow. \return whether it holds
  static bool waitFor(const std::function<bool()>& holds)
  {
    QElapsedTimer timer;
    timer.start();
    while (!holds() && timer.elapsed() < 300000)
    {
      QCoreApplication::processEvents(QEventLoop::AllEvents, 50);
    }
    return holds();
  }
  /// Also what is scheduled for when the events at hand are through.
  static void handleEvents()
  {
    for (int n = 0; n < 5; ++n)
    {
      QCoreApplication::processEvents();
    }
  }

  /// A CT of two balls, which the panel chooses, and the tiny network for it.
  vtkMRMLScalarVolumeNode* addCT(const char* name)
  {
    vtkNew<vtkMRMLScalarVolumeNode> made;
    made->SetName(name);
    made->SetIJKToRASMatrix(AxialGrid());
    made->SetAndObserveImageData(BallsImage(AxialGrid(), TwoBalls(), VTK_SHORT));
    auto* const ct = vtkMRMLScalarVolumeNode::SafeDownCast(this->Scene->AddNode(made));
    handleEvents();
    if (this->parameters())
    {
      this->takeTinyNetwork(Parameters::SearchEverywhere);
    }
    return ct;
  }

  void takeTinyNetwork(int search)
  {
    this->parameters()->SetModelFolder(this->Bundles + "/tiny-clicks");
    this->parameters()->SetDevice(Parameters::DeviceCPU);
    this->parameters()->SetSearch(search);
    this->parameters()->SetSamples(0);
  }

  /// An item of the menu of Export, as it is when the menu is opened.
  QAction* exportAction(const char* name) const
  {
    QMenu* const menu = this->find<QPushButton>("ExportButton")->menu();
    Q_EMIT menu->aboutToShow();
    return menu->findChild<QAction*>(name);
  }

  const std::string Bundles;
  vtkMRMLScene* const Scene;
  vtkNew<vtkSlicerSegmentationsModuleLogic> Segmentations;
  qSlicerSAM2LungModule Module;
  qSlicerSAM2LungModuleWidget* Widget;
};

int ButtonSaysWhyItCantBePressed(Panel& panel)
{
  CHECK_BOOL(panel.segment()->isEnabled(), false);
  CHECK_BOOL(panel.message().isEmpty(), false);
  // Slicer puts tags around a tool tip.
  CHECK_BOOL(panel.segment()->toolTip().contains(panel.message()), true);
  CHECK_BOOL(panel.cancel()->isVisible(), false);
  return EXIT_SUCCESS;
}

int NewestCTIsChosen(Panel& panel)
{
  vtkMRMLScalarVolumeNode* const ct = panel.addCT("CT");
  CHECK_POINTER(panel.find<qMRMLNodeComboBox>("InputVolumeComboBox")->currentNode(), ct);
  CHECK_BOOL(panel.segment()->isEnabled(), true);
  CHECK_BOOL(panel.message().isEmpty(), true);
  return EXIT_SUCCESS;
}

int CancelKeepsNothing(Panel& panel)
{
  panel.parameters()->SetSamples(10000); // endless
  panel.segment()->click();
  CHECK_BOOL(panel.segment()->isEnabled(), false);
  CHECK_BOOL(panel.cancel()->isVisible(), true);
  CHECK_BOOL(Panel::waitFor([&] { return panel.logic()->GetProgress() > 0.0; }), true);
  panel.cancel()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  CHECK_INT(panel.logic()->GetStatus(), Logic::StatusCancelled);
  CHECK_STD_STRING(panel.message().toStdString(), panel.logic()->GetStatusText());
  CHECK_BOOL(panel.cancel()->isVisible(), false);
  CHECK_NULL(panel.parameters()->GetLabelMapNode());
  panel.parameters()->SetSamples(0);
  return EXIT_SUCCESS;
}

int NodulesComeIntoTheTable(Panel& panel)
{
  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  CHECK_INT(panel.logic()->GetStatus(), Logic::StatusCompleted);
  Panel::handleEvents();
  CHECK_INT(panel.table()->rowCount(), static_cast<int>(panel.parameters()->GetNoduleTableNode()->GetNumberOfRows()));
  CHECK_BOOL(panel.table()->rowCount() >= 2, true);
  CHECK_STD_STRING(panel.find<QLabel>("ResultLabel")->text().toStdString(),
                   panel.logic()->GetResultText(panel.parameters()));
  CHECK_BOOL(panel.find<QCheckBox>("OverlayCheckBox")->isEnabled(), true);
  // What a run has written is no CT to choose.
  CHECK_INT(panel.find<qMRMLNodeComboBox>("InputVolumeComboBox")->nodeCount(), 1);
  return EXIT_SUCCESS;
}

int TickRejects(Panel& panel)
{
  QTableWidgetItem* const first = panel.table()->item(0, 0);
  const int id = first->text().toInt();
  CHECK_INT(first->checkState(), Qt::PartiallyChecked);
  CHECK_INT(panel.logic()->GetNoduleDecision(panel.parameters(), id), Logic::DecisionUndecided);
  first->setCheckState(Qt::Unchecked);
  CHECK_INT(panel.logic()->GetNoduleDecision(panel.parameters(), id), Logic::DecisionRejected);
  Panel::handleEvents();
  panel.table()->setCurrentCell(0, 0);
  const QString details = panel.find<QLabel>("NoduleDetailsLabel")->text();
  CHECK_BOOL(details.contains(QString::number(panel.table()->item(0, 0)->text().toInt())), true);
  return EXIT_SUCCESS;
}

/// With a left click, as Qt's own events bring it.
void ClickAt(QTableWidget* table, const QPoint& at)
{
  const QPointF place(at);
  const QPointF on_screen(table->viewport()->mapToGlobal(at));
  QMouseEvent press(
    QEvent::MouseButtonPress, place, on_screen, Qt::LeftButton, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(table->viewport(), &press);
  QMouseEvent release(
    QEvent::MouseButtonRelease, place, on_screen, Qt::LeftButton, Qt::NoButton, Qt::NoModifier);
  QCoreApplication::sendEvent(table->viewport(), &release);
  Panel::handleEvents();
}

/// Where the box of a row is.
QPoint BoxOf(QTableWidget* table, int row)
{
  QStyleOptionViewItem option;
  option.initFrom(table);
  option.rect = table->visualItemRect(table->item(row, 0));
  option.features = QStyleOptionViewItem::HasCheckIndicator | QStyleOptionViewItem::HasDisplay;
  return table->style()->subElementRect(QStyle::SE_ItemViewItemCheckIndicator, &option, table).center();
}

int RowsBoxesAndDetailsTellOfOneNodule(Panel& panel)
{
  QTableWidget* const table = panel.table();
  QLabel* const details = panel.find<QLabel>("NoduleDetailsLabel");
  table->setCurrentCell(0, 0);
  const int second = table->item(1, 0)->text().toInt();
  ClickAt(table, BoxOf(table, 1));
  CHECK_INT(panel.logic()->GetNoduleDecision(panel.parameters(), second), Logic::DecisionAccepted);
  CHECK_INT(table->currentRow(), 1);
  CHECK_BOOL(table->item(1, 0)->isSelected(), true);
  CHECK_BOOL(details->text().contains(QString("Nodule %1:").arg(second)), true);
  ClickAt(table, BoxOf(table, 1));
  CHECK_INT(panel.logic()->GetNoduleDecision(panel.parameters(), second), Logic::DecisionRejected);
  CHECK_INT(table->currentRow(), 1);
  return EXIT_SUCCESS;
}

void Press(QWidget* widget, int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier)
{
  QKeyEvent press(QEvent::KeyPress, key, modifiers);
  QCoreApplication::sendEvent(widget, &press);
  Panel::handleEvents();
}

int KeysDecideAndWalkOn(Panel& panel)
{
  QTableWidget* const table = panel.table();
  const auto decision = [&](int row)
  { return panel.logic()->GetNoduleDecision(panel.parameters(), table->item(row, 0)->text().toInt()); };
  table->setCurrentCell(0, 0);
  Press(table, Qt::Key_U);
  CHECK_INT(decision(0), Logic::DecisionUndecided);
  Press(table, Qt::Key_A);
  CHECK_INT(decision(0), Logic::DecisionAccepted);
  CHECK_BOOL(panel.find<QLabel>("ReviewedLabel")->text().startsWith("Reviewed "), true);
  table->setCurrentCell(1, 0);
  Press(table, Qt::Key_U);
  table->setCurrentCell(0, 0);
  Press(table, Qt::Key_N);
  CHECK_INT(table->currentRow(), 1);
  Press(table, Qt::Key_R);
  CHECK_INT(decision(1), Logic::DecisionRejected);
  Press(table, Qt::Key_Z, Qt::ControlModifier);
  CHECK_INT(decision(1), Logic::DecisionUndecided);
  panel.find<QPushButton>("UndoButton")->click();
  Panel::handleEvents();
  CHECK_INT(decision(1), Logic::DecisionRejected); // as the box left it
  return EXIT_SUCCESS;
}

/// Also when another row becomes the current one while the comment is still being typed.
int CommentGoesToTheNoduleItWasBegunFor(Panel& panel)
{
  QTableWidget* const table = panel.table();
  auto* const line = panel.find<QLineEdit>("CommentLineEdit");
  const int first = table->item(0, 0)->text().toInt();
  const int second = table->item(1, 0)->text().toInt();
  table->setCurrentCell(0, 0);
  Press(line, Qt::Key_End);
  QKeyEvent type(QEvent::KeyPress, Qt::Key_X, Qt::NoModifier, "x");
  QCoreApplication::sendEvent(line, &type);
  CHECK_STD_STRING(panel.logic()->GetNoduleComment(panel.parameters(), first), "");
  table->setCurrentCell(1, 0);
  CHECK_STD_STRING(panel.logic()->GetNoduleComment(panel.parameters(), first), "x");
  CHECK_STD_STRING(panel.logic()->GetNoduleComment(panel.parameters(), second), "");
  CHECK_BOOL(line->text().isEmpty(), true);
  table->setCurrentCell(0, 0);
  CHECK_STD_STRING(line->text().toStdString(), "x");
  return EXIT_SUCCESS;
}

int SecondRunKeepsTheReview(Panel& panel)
{
  const int id = panel.table()->item(0, 0)->text().toInt();
  panel.logic()->SetNoduleAccepted(panel.parameters(), id, false);
  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  Panel::handleEvents();
  CHECK_BOOL(panel.logic()->GetNoduleAccepted(panel.parameters(), id), false);
  return EXIT_SUCCESS;
}

/// Where the review can't be kept, the setting answers for the user.
int LossIsAskedFor(Panel& panel)
{
  panel.Scene->RemoveNode(panel.parameters()->GetLabelMapNode());
  CHECK_BOOL(panel.logic()->GetReviewLoss(panel.parameters()).empty(), false);
  QSettings settings;
  settings.setValue("SAM2Lung/SegmentAnew", static_cast<int>(QMessageBox::RejectRole));
  panel.segment()->click();
  CHECK_BOOL(panel.logic()->IsRunning(), false);
  settings.setValue("SAM2Lung/SegmentAnew", static_cast<int>(QMessageBox::AcceptRole));
  panel.segment()->click();
  CHECK_BOOL(panel.logic()->IsRunning(), true);
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  settings.remove("SAM2Lung/SegmentAnew");
  return EXIT_SUCCESS;
}

int NoRowIsCurrentUntilOneIsChosen(Panel& panel)
{
  vtkMRMLScalarVolumeNode* const first = panel.parameters()->GetInputVolumeNode();
  panel.table()->setCurrentCell(0, 0);
  vtkMRMLScalarVolumeNode* const second = panel.addCT("Second CT");
  auto* const box = panel.find<qMRMLNodeComboBox>("InputVolumeComboBox");
  QLabel* const title = panel.find<QLabel>("NodulesTitleLabel");
  box->setCurrentNode(second);
  Panel::handleEvents();
  CHECK_INT(panel.table()->rowCount(), 0);
  CHECK_BOOL(title->text().contains("Second CT"), true);
  box->setCurrentNode(first);
  Panel::handleEvents();
  CHECK_BOOL(panel.table()->rowCount() >= 2, true);
  CHECK_INT(panel.table()->currentRow(), -1);
  CHECK_BOOL(panel.find<QLabel>("NoduleDetailsLabel")->isVisible(), false);
  panel.table()->setFocus(Qt::TabFocusReason);
  Panel::handleEvents();
  CHECK_INT(panel.table()->currentRow(), -1);
  return EXIT_SUCCESS;
}

/// A view by its nodes; without a main window there is no other.
int ViewsAndPanelShowOnePatient(Panel& panel)
{
  vtkMRMLScalarVolumeNode* const first = panel.parameters()->GetInputVolumeNode();
  vtkMRMLScalarVolumeNode* const second =
    vtkMRMLScalarVolumeNode::SafeDownCast(panel.Scene->GetFirstNodeByName("Second CT"));
  auto* const view =
    vtkMRMLSliceCompositeNode::SafeDownCast(panel.Scene->AddNewNodeByClass("vtkMRMLSliceCompositeNode", "View"));
  view->SetLayoutName("View");
  panel.find<qMRMLNodeComboBox>("InputVolumeComboBox")->setCurrentNode(second);
  Panel::handleEvents();
  CHECK_STRING(view->GetBackgroundVolumeID(), second->GetID());
  view->SetBackgroundVolumeID(first->GetID()); // as Slicer does with a volume that was loaded
  Panel::handleEvents();
  CHECK_POINTER(panel.parameters()->GetInputVolumeNode(), first);
  CHECK_BOOL(panel.find<QLabel>("NodulesTitleLabel")->text().contains(first->GetName()), true);
  return EXIT_SUCCESS;
}

/// The next one would be taken for what the user chose, and written over.
int RemovedOutputIsNotReplacedByAnother(Panel& panel)
{
  vtkMRMLNode* const others =
    panel.Scene->AddNewNodeByClass("vtkMRMLSegmentationNode", "Of another patient");
  Panel::handleEvents();
  panel.Scene->RemoveNode(panel.parameters()->GetSegmentationNode());
  Panel::handleEvents();
  CHECK_NULL(panel.parameters()->GetSegmentationNode());
  CHECK_NULL(panel.find<qMRMLNodeComboBox>("SegmentationComboBox")->currentNode());
  panel.Scene->RemoveNode(others);
  return EXIT_SUCCESS;
}

int MaskCantBeSegmented(Panel& panel)
{
  vtkMRMLScalarVolumeNode* const before = panel.parameters()->GetInputVolumeNode();
  vtkNew<vtkMRMLScalarVolumeNode> mask;
  mask->SetName("Mask");
  const vtkSmartPointer<vtkImageData> image = BallsImage(AxialGrid(), TwoBalls(), VTK_SHORT);
  vtkDataArray* const voxels = image->GetPointData()->GetScalars();
  for (vtkIdType n = 0; n < voxels->GetNumberOfTuples(); ++n)
  {
    voxels->SetComponent(n, 0, voxels->GetComponent(n, 0) > -500 ? 1 : 0);
  }
  mask->SetAndObserveImageData(image);
  panel.Scene->AddNode(mask);
  auto* const box = panel.find<qMRMLNodeComboBox>("InputVolumeComboBox");
  box->setCurrentNode(mask);
  Panel::handleEvents();
  CHECK_BOOL(panel.segment()->isEnabled(), false);
  CHECK_BOOL(panel.message().contains("'Mask' is no CT in Hounsfield units"), true);
  box->setCurrentNode(before);
  Panel::handleEvents();
  CHECK_BOOL(panel.segment()->isEnabled(), true);
  panel.Scene->RemoveNode(mask);
  return EXIT_SUCCESS;
}

int AdvancedDoesNotWidenThePanel(Panel& panel)
{
  auto* const advanced = panel.find<ctkCollapsibleButton>("AdvancedCollapsibleButton");
  advanced->setCollapsed(true);
  Panel::handleEvents();
  const int before = panel.Widget->minimumSizeHint().width();
  advanced->setCollapsed(false);
  Panel::handleEvents();
  CHECK_BOOL(panel.Widget->minimumSizeHint().width() <= std::max(before, 300), true);
  // Slicer never makes a panel narrower than its size hint.
  CHECK_INT(panel.Widget->sizeHint().width(), panel.Widget->minimumSizeHint().width());
  return EXIT_SUCCESS;
}

/// The row that is clicked is the one that was meant.
int WaitingForAClickMovesNoRow(Panel& panel)
{
  panel.Widget->resize(320, 900); // Slicer scrolls it: nothing is squeezed
  Panel::handleEvents();
  auto* const button = panel.find<QPushButton>("OutlineAtClickButton");
  const auto top = [&panel] { return panel.table()->mapTo(panel.Widget, QPoint(0, 0)).y(); };
  const int before = top();
  const QString idle = button->text();
  button->click();
  Panel::handleEvents();
  CHECK_BOOL(button->isChecked(), true);
  CHECK_BOOL(button->text() != idle, true);
  CHECK_INT(top(), before);
  // Nor does the run at the point.
  button->click();
  Panel::handleEvents();
  CHECK_STD_STRING(button->text().toStdString(), idle.toStdString());
  CHECK_INT(top(), before);
  double place_ras[3] = { 0, 0, 0 };
  panel.parameters()->GetNodulePointsNode()->GetNthControlPointPositionWorld(0, place_ras);
  QMetaObject::invokeMethod(panel.Widget, "onPlaced", Q_ARG(double, place_ras[0]), Q_ARG(double, place_ras[1]),
                            Q_ARG(double, place_ras[2]), Q_ARG(QString, QString()));
  CHECK_BOOL(panel.logic()->IsRunning(), true);
  CHECK_BOOL(panel.cancel()->isVisible(), true);
  CHECK_INT(top(), before);
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  CHECK_INT(panel.logic()->GetStatus(), Logic::StatusCompleted);
  return EXIT_SUCCESS;
}

/// By keys, seen below the table, and put back.
int CorrectionIsShownUntilItIsKeptOrDiscarded(Panel& panel)
{
  auto* const inside = panel.find<QPushButton>("AddInsideButton");
  auto* const outside = panel.find<QPushButton>("TakeAwayButton");
  auto* const discard = panel.find<QPushButton>("DiscardButton");
  auto* const undo = panel.find<QPushButton>("UndoButton");
  auto* const redo = panel.find<QPushButton>("RedoButton");
  panel.table()->clearSelection();
  panel.table()->setCurrentCell(-1, -1);
  Panel::handleEvents();
  CHECK_BOOL(inside->isVisible() && !inside->isEnabled(), true);
  CHECK_BOOL(inside->toolTip().contains("Choose its row in the table first"), true);
  panel.table()->setCurrentCell(0, 0);
  Panel::handleEvents();
  CHECK_BOOL(inside->isEnabled() && outside->isEnabled(), true);
  CHECK_BOOL(discard->isVisible(), false);
  const int id = panel.table()->item(0, 0)->data(Qt::UserRole).toInt();
  Press(panel.table(), Qt::Key_I);
  CHECK_BOOL(inside->isChecked(), true);
  CHECK_BOOL(panel.find<QPushButton>("OutlineAtClickButton")->isChecked(), false);
  double place_ras[3] = { 0, 0, 0 };
  vtkMRMLMarkupsFiducialNode* const points = panel.parameters()->GetNodulePointsNode();
  points->GetNthControlPointPositionWorld(
    points->GetControlPointIndexByID(("Nodule_" + std::to_string(id)).c_str()), place_ras);
  inside->click(); // no click is waited for any more
  QMetaObject::invokeMethod(panel.Widget, "onPlaced", Q_ARG(double, place_ras[0]), Q_ARG(double, place_ras[1]),
                            Q_ARG(double, place_ras[2]), Q_ARG(QString, QString()));
  CHECK_BOOL(panel.logic()->IsRunning(), true);
  CHECK_BOOL(Panel::waitFor([&] { return !panel.logic()->IsRunning(); }), true);
  Panel::handleEvents();
  CHECK_INT(panel.logic()->GetCorrectedNodule(panel.parameters()), id);
  CHECK_BOOL(discard->isVisible(), true);
  CHECK_BOOL(panel.find<QLabel>("CorrectionLabel")->text().contains("mm³ before"), true);
  CHECK_BOOL(panel.segment()->isEnabled(), false);
  CHECK_BOOL(panel.segment()->toolTip().contains("neither kept nor discarded"), true);

  // Ctrl-Z and Ctrl-Shift-Z, wherever the keyboard is in the panel.
  Press(panel.table(), Qt::Key_Z, Qt::ControlModifier);
  CHECK_BOOL(discard->isVisible(), false);
  CHECK_BOOL(redo->isEnabled() && redo->toolTip().contains("Redo (Ctrl-Y)"), true);
  Press(panel.table(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
  CHECK_BOOL(discard->isVisible(), true);
  CHECK_BOOL(redo->isEnabled(), false);
  CHECK_BOOL(undo->isEnabled(), true);
  Press(panel.table(), Qt::Key_D);
  CHECK_INT(panel.logic()->GetCorrectedNodule(panel.parameters()), 0);
  CHECK_BOOL(discard->isVisible(), false);
  CHECK_BOOL(panel.segment()->isEnabled(), true);
  return EXIT_SUCCESS;
}

/// An edit shows half a second after the last stroke of the brush.
int EditedSegmentIsNoticedAndMeasured(Panel& panel)
{
  auto* const measure = panel.find<QPushButton>("MeasureAgainButton");
  CHECK_BOOL(measure->isVisible(), false);
  const int id = panel.table()->item(0, 0)->data(Qt::UserRole).toInt();
  vtkSegmentation* const segmentation = panel.parameters()->GetSegmentationNode()->GetSegmentation();
  auto* const image = vtkOrientedImageData::SafeDownCast(
    segmentation->GetSegment("Nodule_" + std::to_string(id))
      ->GetRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()));
  const vtkIdType voxels = image->GetNumberOfPoints();
  bool erased = false;
  for (vtkIdType n = 0; n < voxels && !erased; ++n)
  {
    erased = image->GetPointData()->GetScalars()->GetTuple1(n) == id;
    image->GetPointData()->GetScalars()->SetTuple1(n, erased ? 0 : image->GetPointData()->GetScalars()->GetTuple1(n));
  }
  CHECK_BOOL(erased, true);
  image->Modified();
  segmentation->InvokeEvent(vtkSegmentation::SourceRepresentationModified);
  CHECK_BOOL(Panel::waitFor([&] { return measure->isVisible(); }), true);
  CHECK_BOOL(panel.find<QLabel>("EditedLabel")->text().contains("Nodule " + QString::number(id)), true);
  measure->click();
  Panel::handleEvents();
  CHECK_BOOL(measure->isVisible(), false);
  CHECK_STD_STRING(panel.logic()->GetNoduleText(panel.parameters(), id, "edited"), "1");
  CHECK_BOOL(panel.logic()->Undo(panel.parameters()), true);
  CHECK_BOOL(Panel::waitFor([&] { return measure->isVisible(); }), true);
  CHECK_BOOL(panel.logic()->Redo(panel.parameters()), true);
  CHECK_BOOL(Panel::waitFor([&] { return !measure->isVisible(); }), true);
  return EXIT_SUCCESS;
}

int ColumnsAreChosenByAMenuAndRemembered(Panel& panel)
{
  QSettings().remove("SAM2Lung/Columns");
  const int before = panel.table()->columnCount();
  auto* const menu = panel.find<QToolButton>("ColumnsButton")->menu();
  CHECK_BOOL(menu != nullptr, true);
  Q_EMIT menu->aboutToShow();
  auto* const action = menu->findChild<QAction*>("mean_hu");
  CHECK_BOOL(action && action->isCheckable() && !action->isChecked(), true);
  action->setChecked(true);
  Panel::handleEvents();
  CHECK_INT(panel.table()->columnCount(), before + 1);
  CHECK_BOOL(panel.parameters()->GetShownColumns().find("mean_hu") != std::string::npos, true);
  CHECK_BOOL(QSettings().value("SAM2Lung/Columns").toString().contains("mean_hu"), true);
  const auto titles = [&panel]
  {
    QStringList list;
    for (int column = 0; column < panel.table()->columnCount(); ++column)
    {
      list << panel.table()->horizontalHeaderItem(column)->text();
    }
    return list.join(' ');
  };
  CHECK_BOOL(titles().contains("Mean HU"), true);
  Q_EMIT menu->aboutToShow();
  menu->actions().first()->trigger(); // the usual columns
  Panel::handleEvents();
  CHECK_INT(panel.table()->columnCount(), before);
  CHECK_BOOL(titles().contains("Mean HU"), false);
  QSettings().remove("SAM2Lung/Columns");
  return EXIT_SUCCESS;
}

int DiametersAreDrawnWhereTheBoxIsTicked(Panel& panel)
{
  auto* const box = panel.find<QCheckBox>("AxesCheckBox");
  CHECK_BOOL(box->isEnabled() && !box->isChecked(), true);
  CHECK_INT(panel.Scene->GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode"), 0);
  box->click();
  CHECK_BOOL(panel.Scene->GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode") > 0, true);
  box->click();
  CHECK_INT(panel.Scene->GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode"), 0);
  return EXIT_SUCCESS;
}

int ModelOfTwoVolumesAsksForBoth(Panel& panel)
{
  CHECK_NULL(panel.find<qMRMLNodeComboBox>("ChannelComboBox_PET"));
  panel.parameters()->SetModelFolder(panel.Bundles + "/tiny-regions");
  Panel::handleEvents();
  auto* const box = panel.find<qMRMLNodeComboBox>("ChannelComboBox_PET");
  CHECK_BOOL(box != nullptr, true);
  CHECK_NULL(box->currentNode());
  CHECK_BOOL(panel.segment()->isEnabled(), false);
  CHECK_BOOL(panel.segment()->toolTip().contains("none is chosen as PET"), true);
  auto* const models = panel.find<QComboBox>("ModelComboBox");
  CHECK_INT(models->currentIndex(), models->count() - 1);
  // The one that is built in, from the list.
  models->setCurrentIndex(0);
  Q_EMIT models->activated(0);
  Panel::handleEvents();
  CHECK_STD_STRING(panel.parameters()->GetModelFolder(), std::string());
  CHECK_NULL(panel.find<qMRMLNodeComboBox>("ChannelComboBox_PET"));
  panel.parameters()->SetModelFolder(panel.Bundles + "/tiny-clicks");
  Panel::handleEvents();
  return EXIT_SUCCESS;
}

int OnlyAHybridTakesAShareOfSlices(Panel& panel)
{
  auto* const share = panel.find<QSpinBox>("ShareOfSlicesSpinBox");
  CHECK_BOOL(share->isEnabled(), false);
  CHECK_STD_STRING(share->text().toStdString(), std::string("automatic"));
  panel.parameters()->SetModelFolder(panel.Bundles + "/tiny-hybrid");
  Panel::handleEvents();
  CHECK_BOOL(share->isEnabled(), true);
  CHECK_BOOL(share->toolTip().contains("50 %"), true);
  share->stepUp();
  CHECK_DOUBLE(panel.parameters()->GetShareOfSlices(), 0.0);
  share->setValue(30);
  CHECK_DOUBLE(panel.parameters()->GetShareOfSlices(), 0.3);
  CHECK_STD_STRING(share->text().toStdString(), std::string("30 %"));
  share->setValue(-7); // as typed
  Panel::handleEvents();
  CHECK_DOUBLE(panel.parameters()->GetShareOfSlices(), -1.0);
  CHECK_STD_STRING(share->text().toStdString(), std::string("automatic"));
  panel.parameters()->SetModelFolder(panel.Bundles + "/tiny-clicks");
  Panel::handleEvents();
  CHECK_BOOL(share->isEnabled(), false);
  return EXIT_SUCCESS;
}

int LegendTellsOfClassesWhereThereAreSeveral(Panel& panel)
{
  QLabel* const legend = panel.find<QLabel>("LegendLabel");
  CHECK_BOOL(legend->text().contains("look again"), true);
  CHECK_BOOL(panel.table()->item(0, 0)->text().toInt() > 0, true);
  panel.parameters()->SetModelFolder(panel.Bundles + "/tiny-classes");
  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  Panel::handleEvents();
  CHECK_INT(panel.logic()->GetStatus(), Logic::StatusCompleted);
  CHECK_BOOL(legend->text().contains("look again"), false);
  CHECK_BOOL(legend->text().contains("#56b4e9") && legend->text().contains("mass"), true);
  CHECK_BOOL(panel.table()->item(0, 0)->text().startsWith("Nodule "), true);
  panel.parameters()->SetModelFolder(panel.Bundles + "/tiny-clicks");
  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  Panel::handleEvents();
  CHECK_BOOL(legend->text().contains("look again"), true);
  return EXIT_SUCCESS;
}

int FieldsOfAdvancedLieBelowOneAnother(Panel& panel)
{
  auto* const advanced = panel.find<ctkCollapsibleButton>("AdvancedCollapsibleButton");
  advanced->setCollapsed(false);
  panel.Widget->resize(320, 1600); // Slicer scrolls it: nothing is squeezed
  Panel::handleEvents();
  std::vector<QRect> places;
  for (QLabel* const label : advanced->findChildren<QLabel*>(QString(), Qt::FindDirectChildrenOnly))
  {
    CHECK_BOOL(label->width() >= label->minimumSizeHint().width(), true);
    places.push_back(label->geometry());
  }
  CHECK_BOOL(places.size() >= 19, true);
  for (std::size_t n = 0; n < places.size(); ++n)
  {
    for (std::size_t m = 0; m < n; ++m)
    {
      CHECK_BOOL(places[n].intersects(places[m]), false);
    }
  }
  return EXIT_SUCCESS;
}

int DeletedCTIsSaidToHaveEndedTheRun(Panel& panel)
{
  vtkMRMLScalarVolumeNode* const kept = panel.parameters()->GetInputVolumeNode();
  vtkMRMLScalarVolumeNode* const third = panel.addCT("Third CT");
  auto* const box = panel.find<qMRMLNodeComboBox>("InputVolumeComboBox");
  box->setCurrentNode(third);
  Panel::handleEvents();
  panel.parameters()->SetModelFolder(panel.Bundles + "/tiny-clicks");
  panel.parameters()->SetDevice(Parameters::DeviceCPU);
  panel.parameters()->SetSearch(Parameters::SearchEverywhere);
  panel.parameters()->SetSamples(10000);
  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.logic()->GetProgress() > 0.0; }), true);
  panel.Scene->RemoveNode(third);
  CHECK_BOOL(Panel::waitFor([&] { return !panel.logic()->IsRunning(); }), true);
  Panel::handleEvents();
  // Another CT is chosen by then, and nothing said of it.
  CHECK_BOOL(box->currentNode() != nullptr, true);
  CHECK_STD_STRING(panel.message().toStdString(),
                   "Cancelled, because the CT 'Third CT' was removed; nothing was written.");
  box->setCurrentNode(kept == box->currentNode() ? panel.Scene->GetFirstNodeByName("Second CT") : kept);
  Panel::handleEvents();
  CHECK_BOOL(panel.message().contains("Third CT"), false);
  box->setCurrentNode(kept);
  Panel::handleEvents();
  return EXIT_SUCCESS;
}

int DeletedCTEndsTheRun(Panel& panel)
{
  panel.Scene->RemoveNode(panel.Scene->GetFirstNodeByName("Second CT"));
  Panel::handleEvents();
  panel.parameters()->SetSamples(10000);
  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.logic()->GetProgress() > 0.0; }), true);
  panel.Scene->RemoveNode(panel.parameters()->GetInputVolumeNode());
  CHECK_BOOL(Panel::waitFor([&] { return !panel.logic()->IsRunning(); }), true);
  Panel::handleEvents();
  CHECK_INT(panel.logic()->GetStatus(), Logic::StatusCancelled);
  CHECK_NULL(panel.find<qMRMLNodeComboBox>("InputVolumeComboBox")->currentNode());
  CHECK_BOOL(panel.segment()->isEnabled(), false);
  CHECK_INT(panel.table()->rowCount(), 0);
  // Only review would have stayed, and the last run had none.
  for (const char* name : { "vtkMRMLSAM2LungParametersNode", "vtkMRMLLabelMapVolumeNode", "vtkMRMLScalarVolumeNode" })
  {
    CHECK_INT(panel.Scene->GetNumberOfNodesByClass(name), 0);
  }
  return EXIT_SUCCESS;
}

int ClosedSceneEndsTheRun(Panel& panel)
{
  panel.addCT("Other CT");
  CHECK_BOOL(panel.segment()->isEnabled(), true);
  panel.parameters()->SetSamples(10000);
  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.logic()->GetProgress() > 0.0; }), true);
  panel.Scene->Clear(false);
  CHECK_BOOL(Panel::waitFor([&] { return !panel.logic()->IsRunning(); }), true);
  Panel::handleEvents();
  CHECK_NULL(panel.parameters());
  CHECK_BOOL(panel.segment()->isEnabled(), false);
  return EXIT_SUCCESS;
}

/// A chest in two CTs, chosen as CT and prior, and segmented; at the end compared.
int PriorIsChosenAndCompared(Panel& panel)
{
  auto* const compare = panel.find<QPushButton>("CompareButton");
  auto* const side_by_side = panel.find<QPushButton>("SideBySideButton");
  auto* const priors = panel.find<qMRMLNodeComboBox>("PriorVolumeComboBox");
  QLabel* const comparison = panel.find<QLabel>("ComparisonLabel");
  vtkMRMLScalarVolumeNode* const prior = AddChest(panel.logic(), "Before");
  vtkMRMLScalarVolumeNode* const ct = AddChest(panel.logic(), "Now");
  // The same voxels would be refused as one CT given twice.
  ct->GetImageData()->SetScalarComponentFromDouble(0, 0, 0, 0, -900.0);
  panel.find<qMRMLNodeComboBox>("InputVolumeComboBox")->setCurrentNode(ct);
  Panel::handleEvents();
  panel.takeTinyNetwork(Parameters::SearchLungs);
  Panel::handleEvents();
  CHECK_BOOL(compare->isEnabled(), false);
  CHECK_BOOL(compare->toolTip().contains("No prior is chosen"), true);
  CHECK_BOOL(side_by_side->isEnabled(), false);
  CHECK_BOOL(side_by_side->toolTip().contains("Press Compare first"), true);
  // Neither the CT itself nor a map is a prior.
  CHECK_INT(priors->nodeCount(), 1);
  priors->setCurrentNode(prior);
  Panel::handleEvents();
  CHECK_POINTER(panel.parameters()->GetPriorVolumeNode(), prior);
  CHECK_BOOL(compare->isEnabled(), false);
  CHECK_BOOL(comparison->text().contains("There is no result at hand"), true);

  panel.segment()->click();
  CHECK_BOOL(Panel::waitFor([&] { return panel.segment()->isEnabled(); }), true);
  Panel::handleEvents();
  CHECK_BOOL(compare->isEnabled(), true);
  CHECK_BOOL(comparison->text().contains("Compare segments it first"), true);
  CHECK_BOOL(panel.exportAction("ExportComparisonAction")->isEnabled(), false);
  CHECK_BOOL(panel.exportAction("ExportComparisonAction")->toolTip().contains("There is no comparison to export"), true);
  compare->click();
  CHECK_BOOL(panel.logic()->IsRunning(), true);
  CHECK_BOOL(compare->isEnabled(), false);
  CHECK_BOOL(Panel::waitFor([&] { return !panel.logic()->IsRunning(); }), true);
  Panel::handleEvents();
  CHECK_INT(panel.logic()->GetStatus(), Logic::StatusCompleted);
  CHECK_BOOL(comparison->text().startsWith("Compared with 'Before'"), true);
  CHECK_INT(priors->nodeCount(), 1);
  panel.table()->setCurrentCell(0, 0);
  Panel::handleEvents();
  CHECK_BOOL(panel.find<QLabel>("NoduleDetailsLabel")->text().contains('\n'), true); // with what became of it
  return EXIT_SUCCESS;
}

int PriorIsShownBesideTheCT(Panel& panel)
{
  auto* const side_by_side = panel.find<QPushButton>("SideBySideButton");
  CHECK_BOOL(side_by_side->isEnabled(), true);
  side_by_side->click();
  Panel::handleEvents();
  CHECK_BOOL(side_by_side->isChecked(), true);
  CHECK_BOOL(panel.logic()->GetSideBySide(panel.parameters()), true);
  // A click in the prior's view is refused, and another one waited for.
  auto* const outline = panel.find<QPushButton>("OutlineAtClickButton");
  outline->click();
  const QString shown = panel.parameters()->GetAlignedPriorVolumeNode()->GetID();
  QMetaObject::invokeMethod(panel.Widget, "onPlaced", Q_ARG(double, 0.0), Q_ARG(double, 0.0), Q_ARG(double, 0.0),
                            Q_ARG(QString, shown));
  CHECK_BOOL(panel.logic()->IsRunning(), false);
  CHECK_BOOL(panel.message().contains("in the view of the prior (P)"), true);
  CHECK_BOOL(outline->isChecked(), true);
  outline->click();
  Panel::handleEvents();
  side_by_side->click();
  Panel::handleEvents();
  CHECK_BOOL(side_by_side->isChecked(), false);
  CHECK_BOOL(panel.logic()->GetSideBySide(panel.parameters()), false);
  return EXIT_SUCCESS;
}

int MenuOffersWhatCanBeExported(Panel& panel)
{
  CHECK_BOOL(panel.exportAction("ExportReportAction")->isEnabled(), true);
  CHECK_BOOL(panel.exportAction("ExportReportAction")->text().contains("without"), false);
  CHECK_BOOL(panel.exportAction("ExportComparisonAction")->isEnabled(), true);
  CHECK_BOOL(panel.exportAction("ExportDicomAction")->isEnabled(), false);
  CHECK_BOOL(panel.exportAction("ExportDicomAction")->toolTip().contains("DICOM series of this CT is not known"), true);
  // As after a scene was loaded: the table is there, and the run isn't.
  vtkMRMLTableNode* const table = panel.parameters()->GetNoduleTableNode();
  vtkNew<vtkMRMLTableNode> copy;
  copy->Copy(table);
  vtkMRMLNode* const loaded = panel.Scene->AddNode(copy);
  panel.parameters()->SetNoduleTableNode(vtkMRMLTableNode::SafeDownCast(loaded));
  Panel::handleEvents();
  for (const char* name : { "ExportReportAction", "ExportDicomAction" })
  {
    CHECK_BOOL(panel.exportAction(name)->isEnabled(), false);
    CHECK_BOOL(panel.exportAction(name)->toolTip().contains("There is no report of this result"), true);
  }
  CHECK_BOOL(panel.exportAction("ExportComparisonAction")->isEnabled(), false);
  panel.parameters()->SetNoduleTableNode(table);
  panel.Scene->RemoveNode(loaded);
  panel.Scene->Clear(false);
  Panel::handleEvents();
  return EXIT_SUCCESS;
}

} // namespace

int qSlicerSAM2LungModuleWidgetTest1(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  qMRMLWidget::preInitializeApplication();
  int own_argc = 1; // the folder isn't an option of Slicer's
  qSlicerApplication application(own_argc, argv);
  qMRMLWidget::postInitializeApplication();
  Panel panel(application, bundles);
  CHECK_EXIT_SUCCESS(ButtonSaysWhyItCantBePressed(panel));
  CHECK_EXIT_SUCCESS(NewestCTIsChosen(panel));
  CHECK_EXIT_SUCCESS(CancelKeepsNothing(panel));
  CHECK_EXIT_SUCCESS(NodulesComeIntoTheTable(panel));
  CHECK_EXIT_SUCCESS(TickRejects(panel));
  CHECK_EXIT_SUCCESS(RowsBoxesAndDetailsTellOfOneNodule(panel));
  CHECK_EXIT_SUCCESS(WaitingForAClickMovesNoRow(panel));
  CHECK_EXIT_SUCCESS(CorrectionIsShownUntilItIsKeptOrDiscarded(panel));
  CHECK_EXIT_SUCCESS(EditedSegmentIsNoticedAndMeasured(panel));
  CHECK_EXIT_SUCCESS(ColumnsAreChosenByAMenuAndRemembered(panel));
  CHECK_EXIT_SUCCESS(DiametersAreDrawnWhereTheBoxIsTicked(panel));
  CHECK_EXIT_SUCCESS(KeysDecideAndWalkOn(panel));
  CHECK_EXIT_SUCCESS(CommentGoesToTheNoduleItWasBegunFor(panel));
  CHECK_EXIT_SUCCESS(SecondRunKeepsTheReview(panel));
  CHECK_EXIT_SUCCESS(LossIsAskedFor(panel));
  CHECK_EXIT_SUCCESS(NoRowIsCurrentUntilOneIsChosen(panel));
  CHECK_EXIT_SUCCESS(ViewsAndPanelShowOnePatient(panel));
  CHECK_EXIT_SUCCESS(RemovedOutputIsNotReplacedByAnother(panel));
  CHECK_EXIT_SUCCESS(MaskCantBeSegmented(panel));
  CHECK_EXIT_SUCCESS(AdvancedDoesNotWidenThePanel(panel));
  CHECK_EXIT_SUCCESS(FieldsOfAdvancedLieBelowOneAnother(panel));
  CHECK_EXIT_SUCCESS(ModelOfTwoVolumesAsksForBoth(panel));
  CHECK_EXIT_SUCCESS(OnlyAHybridTakesAShareOfSlices(panel));
  CHECK_EXIT_SUCCESS(LegendTellsOfClassesWhereThereAreSeveral(panel));
  CHECK_EXIT_SUCCESS(DeletedCTIsSaidToHaveEndedTheRun(panel));
  CHECK_EXIT_SUCCESS(DeletedCTEndsTheRun(panel));
  CHECK_EXIT_SUCCESS(ClosedSceneEndsTheRun(panel));
  CHECK_EXIT_SUCCESS(PriorIsChosenAndCompared(panel));
  CHECK_EXIT_SUCCESS(PriorIsShownBesideTheCT(panel));
  CHECK_EXIT_SUCCESS(MenuOffersWhatCanBeExported(panel));
  return EXIT_SUCCESS;
}
