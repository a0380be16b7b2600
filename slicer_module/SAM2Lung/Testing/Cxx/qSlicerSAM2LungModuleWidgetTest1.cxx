// Qt includes
#include <QCheckBox>
#include <QCoreApplication>
#include <QElapsedTimer>
#include <QLabel>
#include <QPushButton>
#include <QTableWidget>

// Slicer includes
#include <qMRMLNodeComboBox.h>
#include <qMRMLWidget.h>
#include <qSlicerApplication.h>

// SAM2Lung includes
#include "SAM2LungTestScene.h"
#include "qSlicerSAM2LungModule.h"
#include "qSlicerSAM2LungModuleWidget.h"

// MRML includes
#include <vtkMRMLCoreTestingMacros.h>
#include <vtkMRMLTableNode.h>
#include <vtkSlicerApplicationLogic.h>

// STD includes
#include <functional>

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

  /// Events until this holds, but no longer than a minute. \return whether it holds
  static bool waitFor(const std::function<bool()>& holds)
  {
    QElapsedTimer timer;
    timer.start();
    while (!holds() && timer.elapsed() < 60000)
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
      this->parameters()->SetModelFolder(this->Bundles + "/tiny-clicks");
      this->parameters()->SetDevice(Parameters::DeviceCPU);
      this->parameters()->SetSearch(Parameters::SearchEverywhere);
      this->parameters()->SetSamples(0);
    }
    return ct;
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
  CHECK_BOOL(panel.logic()->GetNoduleAccepted(panel.parameters(), id), true);
  first->setCheckState(Qt::Unchecked);
  CHECK_BOOL(panel.logic()->GetNoduleAccepted(panel.parameters(), id), false);
  Panel::handleEvents();
  panel.table()->setCurrentCell(0, 0);
  const QString details = panel.find<QLabel>("NoduleDetailsLabel")->text();
  CHECK_BOOL(details.contains(QString::number(panel.table()->item(0, 0)->text().toInt())), true);
  return EXIT_SUCCESS;
}

int DeletedCTEndsTheRun(Panel& panel)
{
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
  CHECK_EXIT_SUCCESS(DeletedCTEndsTheRun(panel));
  CHECK_EXIT_SUCCESS(ClosedSceneEndsTheRun(panel));
  return EXIT_SUCCESS;
}
