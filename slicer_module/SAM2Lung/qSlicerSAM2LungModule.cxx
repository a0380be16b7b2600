#include "qSlicerSAM2LungModule.h"

// Qt includes
#include <QCoreApplication>
#include <QIcon>
#include <QTimer>

// SAM2Lung includes
#include "qSlicerSAM2LungModuleWidget.h"
#include "vtkSlicerSAM2LungLogic.h"

namespace
{
/// Often enough for a progress bar, seldom enough to cost nothing.
const int EVENT_INTERVAL_MS = 50;
} // namespace

//-----------------------------------------------------------------------------
class qSlicerSAM2LungModulePrivate
{
public:
  QTimer EventTimer;
};

//-----------------------------------------------------------------------------
qSlicerSAM2LungModule::qSlicerSAM2LungModule(QObject* parent)
  : Superclass(parent)
  , d_ptr(new qSlicerSAM2LungModulePrivate)
{
}

//-----------------------------------------------------------------------------
qSlicerSAM2LungModule::~qSlicerSAM2LungModule() = default;

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModule::setup()
{
  Q_D(qSlicerSAM2LungModule);
  this->Superclass::setup();

  d->EventTimer.setInterval(EVENT_INTERVAL_MS);
  connect(&d->EventTimer, &QTimer::timeout, this, &qSlicerSAM2LungModule::processEvents);
  this->qvtkConnect(this->logic(), vtkSlicerSAM2LungLogic::StartedEvent, this, SLOT(onRunStarted()));
  this->qvtkConnect(this->logic(), vtkSlicerSAM2LungLogic::FinishedEvent, this, SLOT(onRunFinished()));
  this->qvtkConnect(this->logic(), vtkSlicerSAM2LungLogic::OrphansEvent, this, SLOT(scheduleOrphans()));
  connect(QCoreApplication::instance(), &QCoreApplication::aboutToQuit, this, &qSlicerSAM2LungModule::cancel);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModule::onRunStarted()
{
  Q_D(qSlicerSAM2LungModule);
  d->EventTimer.start();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModule::onRunFinished()
{
  Q_D(qSlicerSAM2LungModule);
  d->EventTimer.stop();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModule::scheduleOrphans()
{
  // Whoever removes the CT may still be going through a list of nodes.
  QTimer::singleShot(0, this, &qSlicerSAM2LungModule::removeOrphans);
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModule::removeOrphans()
{
  vtkSlicerSAM2LungLogic::SafeDownCast(this->logic())->RemoveOrphans();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModule::processEvents()
{
  vtkSlicerSAM2LungLogic::SafeDownCast(this->logic())->ProcessEvents();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModule::cancel()
{
  vtkSlicerSAM2LungLogic::SafeDownCast(this->logic())->Cancel();
}

//-----------------------------------------------------------------------------
qSlicerAbstractModuleRepresentation* qSlicerSAM2LungModule::createWidgetRepresentation()
{
  return new qSlicerSAM2LungModuleWidget;
}

//-----------------------------------------------------------------------------
vtkMRMLAbstractLogic* qSlicerSAM2LungModule::createLogic()
{
  return vtkSlicerSAM2LungLogic::New();
}

//-----------------------------------------------------------------------------
QIcon qSlicerSAM2LungModule::icon() const
{
  return QIcon(":/Icons/SAM2Lung.png");
}

//-----------------------------------------------------------------------------
QStringList qSlicerSAM2LungModule::categories() const
{
  return QStringList() << qSlicerAbstractCoreModule::tr("Segmentation");
}

//-----------------------------------------------------------------------------
QString qSlicerSAM2LungModule::helpText() const
{
  return "<p>"
         + tr("Finds the nodules in a chest CT, outlines each one, and says how sure it is: by an interval around each "
              "volume, a map of doubt over the CT, and a flag on what should be looked at again.")
         + "</p><p>"
         + tr("Choose a CT in Hounsfield units and press <i>Segment nodules</i>. Then walk through the table: a row "
              "brings all views to its nodule; unticked nodules are rejected and hidden.")
         + "</p><p><b>" + tr("Research use only. Not a medical device.") + "</b> "
         + tr("Nothing leaves this computer.") + "</p>";
}

//-----------------------------------------------------------------------------
QString qSlicerSAM2LungModule::acknowledgementText() const
{
  return tr("The built-in model was trained on LIDC-IDRI (The Cancer Imaging Archive, CC BY 3.0). It runs on ONNX "
            "Runtime (MIT licence).");
}

//-----------------------------------------------------------------------------
QStringList qSlicerSAM2LungModule::contributors() const
{
  return QStringList() << tr("The sam2lung authors");
}

//-----------------------------------------------------------------------------
QStringList qSlicerSAM2LungModule::dependencies() const
{
  return QStringList() << "Colors" << "Markups" << "Segmentations" << "SubjectHierarchy" << "Tables" << "Terminologies"
                       << "Volumes";
}

//-----------------------------------------------------------------------------
QStringList qSlicerSAM2LungModule::associatedNodeTypes() const
{
  return QStringList() << "vtkMRMLSAM2LungParametersNode";
}
