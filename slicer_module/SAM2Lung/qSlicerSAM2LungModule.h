#ifndef __qSlicerSAM2LungModule_h
#define __qSlicerSAM2LungModule_h

#include <qSlicerLoadableModule.h>

#include <ctkVTKObject.h>

#include "qSlicerSAM2LungModuleExport.h"

class qSlicerSAM2LungModulePrivate;

/// \brief The module *Segment nodules*: brings the logic to the application, with or without its panel.
///
/// While a run goes on, a timer lets the logic carry progress and results to the main thread.
class Q_SLICER_QTMODULES_SAM2LUNG_EXPORT qSlicerSAM2LungModule : public qSlicerLoadableModule
{
  Q_OBJECT
  QVTK_OBJECT
  Q_PLUGIN_METADATA(IID "org.slicer.modules.loadable.qSlicerLoadableModule/1.0");
  Q_INTERFACES(qSlicerLoadableModule);

public:
  typedef qSlicerLoadableModule Superclass;
  explicit qSlicerSAM2LungModule(QObject* parent = nullptr);
  ~qSlicerSAM2LungModule() override;

  qSlicerGetTitleMacro(tr("Segment nodules"));

  QIcon icon() const override;
  QStringList categories() const override;
  QString helpText() const override;
  QString acknowledgementText() const override;
  QStringList contributors() const override;
  QStringList dependencies() const override;
  QStringList associatedNodeTypes() const override;

protected:
  void setup() override;
  qSlicerAbstractModuleRepresentation* createWidgetRepresentation() override;
  vtkMRMLAbstractLogic* createLogic() override;

protected slots:
  void onRunStarted();
  void onRunFinished();
  void processEvents();
  void cancel();
  void scheduleOrphans();
  void removeOrphans();

protected:
  QScopedPointer<qSlicerSAM2LungModulePrivate> d_ptr;

private:
  Q_DECLARE_PRIVATE(qSlicerSAM2LungModule);
  Q_DISABLE_COPY(qSlicerSAM2LungModule);
};

#endif
