// The part of the panel that writes nodules into files and into Slicer's DICOM database.

#include "qSlicerSAM2LungModuleWidget_p.h"

// Qt includes
#include <QAction>
#include <QDirIterator>
#include <QFileDialog>
#include <QMenu>
#include <QSettings>

// Slicer includes
#include <qSlicerApplication.h>
#include <vtkSlicerConfigure.h> // For Slicer_BUILD_DICOM_SUPPORT

// CTK includes
#ifdef Slicer_BUILD_DICOM_SUPPORT
#include <ctkDICOMDatabase.h>
#endif

// SAM2Lung includes
#include "vtkSlicerSAM2LungLogic.h"

namespace
{
typedef qSlicerSAM2LungModuleWidget Widget;

/// Into which something was exported last.
const char* const FOLDER_SETTING = "SAM2Lung/ExportFolder";

#ifdef Slicer_BUILD_DICOM_SUPPORT
//-----------------------------------------------------------------------------
/// Slicer's DICOM database; closed: nullptr.
ctkDICOMDatabase* openDatabase()
{
  qSlicerApplication* const application = qSlicerApplication::application();
  ctkDICOMDatabase* const database = application ? application->dicomDatabase() : nullptr;
  return database && database->isOpen() ? database : nullptr;
}
#endif

//-----------------------------------------------------------------------------
/// Whether there is a DICOM database that files can be put into.
bool hasDatabase()
{
#ifdef Slicer_BUILD_DICOM_SUPPORT
  return openDatabase() != nullptr;
#else
  return false;
#endif
}

//-----------------------------------------------------------------------------
/// File of a DICOM image; empty: it isn't in the database.
QString fileOfInstance(const QString& uid)
{
#ifdef Slicer_BUILD_DICOM_SUPPORT
  ctkDICOMDatabase* const database = uid.isEmpty() ? nullptr : openDatabase();
  return database ? database->fileForInstance(uid) : QString();
#else
  Q_UNUSED(uid);
  return QString();
#endif
}

//-----------------------------------------------------------------------------
/// Lets an action be chosen unless there is a problem, which its tip tells then.
void offer(QAction* action, const QString& problem, const QString& tip)
{
  action->setEnabled(problem.isEmpty());
  action->setToolTip(problem.isEmpty() ? tip : problem);
}

//-----------------------------------------------------------------------------
/// Copies all DICOM files of a folder into the database. \return how many are there then
int insertIntoDatabase(const QString& folder)
{
  int inserted = 0;
#ifdef Slicer_BUILD_DICOM_SUPPORT
  ctkDICOMDatabase* const database = openDatabase();
  QDirIterator files(folder, QStringList() << "*.dcm", QDir::Files, QDirIterator::Subdirectories);
  while (database && files.hasNext())
  {
    const QString file = files.next();
    // Without a thumbnail: a segmentation has none.
    database->insert(file, true, false);
    // By its SOP instance UID: the database has it in a copy of its own.
    inserted += database->fileForInstance(database->fileValue(file, "0008,0018")).isEmpty() ? 0 : 1;
  }
#else
  Q_UNUSED(folder);
#endif
  return inserted;
}
} // namespace

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::connectExport()
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  QMenu* const menu = new QMenu(this->ExportButton);
  menu->setToolTipsVisible(true);
  menu->addAction(Widget::tr("&Table (nodules.csv) ..."), q, &Widget::exportNodules);
  QAction* const report = menu->addAction(Widget::tr("&Report ..."), q, &Widget::exportReport);
  QAction* const dicom = menu->addAction(Widget::tr("Report and &DICOM objects ..."), q, &Widget::exportDicom);
  QAction* const database = menu->addAction(Widget::tr("DICOM objects into the data&base"), q, &Widget::exportIntoDatabase);
  QAction* const comparison = menu->addAction(Widget::tr("&Comparison ..."), q, &Widget::exportComparison);
  report->setObjectName("ExportReportAction");
  dicom->setObjectName("ExportDicomAction");
  comparison->setObjectName("ExportComparisonAction");
  this->ExportButton->setMenu(menu);
  // Only what can be written is offered; the tip of the rest says what is missing.
  QObject::connect(menu, &QMenu::aboutToShow, q,
                   [this, report, dicom, database, comparison]
                   {
                     vtkSlicerSAM2LungLogic* const logic = this->logic();
                     offer(report,
                           QString::fromStdString(logic->GetReportProblem(this->Node, "", false)),
                           Widget::tr("Page with pictures, text of the findings, tables and volumes, with your review"));
                     const int missing = logic->GetNumberOfUnreportedNodules(this->Node);
                     report->setText(missing > 0 ? Widget::tr("&Report, without %n outline(s) of yours ...", "", missing)
                                                 : Widget::tr("&Report ..."));
                     const QString gaps = QString::fromStdString(logic->GetReportGaps(this->Node));
                     report->setToolTip(gaps.isEmpty() ? report->toolTip() : report->toolTip() + "\n" + gaps);
                     QString problem = QString::fromStdString(logic->GetReportProblem(this->Node, "", true));
                     if (problem.isEmpty() && this->dicomFile().isEmpty())
                     {
                       problem =
                         Widget::tr("The DICOM series of this CT is not known: load the CT from Slicer's DICOM database");
                     }
                     offer(dicom, problem, Widget::tr("The same, and segmentation, measures and pictures as DICOM objects"));
                     problem = problem.isEmpty() && !hasDatabase() ? Widget::tr("Slicer's DICOM database is not open") : problem;
                     offer(database, problem, Widget::tr("Segmentation, measures and pictures join the CT's study"));
                     offer(comparison,
                           QString::fromStdString(logic->GetComparisonExportProblem(this->Node, "")),
                           Widget::tr("Page, text, table and pictures of what became of each nodule since the prior CT"));
                   });
}

//-----------------------------------------------------------------------------
QString qSlicerSAM2LungModuleWidgetPrivate::askForFolder(const QString& title)
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  const QString folder = QFileDialog::getExistingDirectory(q, title, QSettings().value(FOLDER_SETTING).toString());
  if (!folder.isEmpty())
  {
    QSettings().setValue(FOLDER_SETTING, folder);
  }
  return folder;
}

//-----------------------------------------------------------------------------
QString qSlicerSAM2LungModuleWidgetPrivate::dicomFile() const
{
  const QString own = QString::fromStdString(this->logic()->GetDicomFile(this->Node));
  return own.isEmpty() ? fileOfInstance(QString::fromStdString(this->logic()->GetDicomInstance(this->Node))) : own;
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::startReport(const QString& folder,
                                                     const QString& dicom_file,
                                                     bool into_database)
{
  Q_Q(qSlicerSAM2LungModuleWidget);
  this->Reporting = this->logic()->StartExportReport(this->Node, folder.toStdString(), dicom_file.toStdString());
  if (!this->Reporting)
  {
    this->takeMessage();
  }
  if (!this->Reporting || !into_database)
  {
    this->ForDatabase.reset();
  }
  q->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidgetPrivate::takeReport()
{
  if (!this->Reporting)
  {
    return;
  }
  this->Reporting = false;
  const QString folder = QString::fromStdString(this->logic()->GetReportFolder());
  if (!folder.isEmpty())
  {
    // What isn't in it must not be overlooked.
    this->MessageIcon = this->logic()->GetReportGaps(this->logic()->GetRunParametersNode()).empty()
                          ? QStyle::SP_MessageBoxInformation
                          : QStyle::SP_MessageBoxWarning;
    this->Message = QString::fromStdString(this->logic()->GetStatusText());
  }
  if (!folder.isEmpty() && this->ForDatabase)
  {
    const int inserted = insertIntoDatabase(folder);
    this->MessageIcon = inserted > 0 ? QStyle::SP_MessageBoxInformation : QStyle::SP_MessageBoxCritical;
    this->Message = inserted > 0 ? Widget::tr("%n DICOM object(s) joined the CT's study in Slicer's DICOM database.", "", inserted)
                                 : Widget::tr("Slicer's DICOM database took none of the objects. Export them into a folder, and "
                                              "import that in the module DICOM.");
  }
  this->ForDatabase.reset();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::exportNodules()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString folder = d->askForFolder(tr("Folder for nodules.csv"));
  if (folder.isEmpty())
  {
    return;
  }
  const bool written = d->logic()->Export(d->Node, folder.toStdString());
  d->MessageIcon = written ? QStyle::SP_MessageBoxInformation : QStyle::SP_MessageBoxCritical;
  d->Message = QString::fromStdString(d->logic()->GetStatusText());
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::exportComparison()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString folder = d->askForFolder(tr("Folder in which the comparison gets a folder of its own"));
  if (folder.isEmpty())
  {
    return;
  }
  const bool written = d->logic()->ExportComparison(d->Node, folder.toStdString());
  d->MessageIcon = written ? QStyle::SP_MessageBoxInformation : QStyle::SP_MessageBoxCritical;
  d->Message = QString::fromStdString(d->logic()->GetStatusText());
  this->updateWidgetFromMRML();
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::exportReport()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString folder = d->askForFolder(tr("Folder in which the report gets a folder of its own"));
  if (!folder.isEmpty())
  {
    d->startReport(folder, QString());
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::exportDicom()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  const QString folder = d->askForFolder(tr("Folder in which the report gets a folder of its own"));
  if (!folder.isEmpty())
  {
    d->startReport(folder, d->dicomFile());
  }
}

//-----------------------------------------------------------------------------
void qSlicerSAM2LungModuleWidget::exportIntoDatabase()
{
  Q_D(qSlicerSAM2LungModuleWidget);
  d->ForDatabase.reset(new QTemporaryDir);
  if (!d->ForDatabase->isValid())
  {
    d->MessageIcon = QStyle::SP_MessageBoxCritical;
    d->Message = tr("No temporary folder can be made: %1. Make room, and try again.").arg(d->ForDatabase->errorString());
    d->ForDatabase.reset();
    this->updateWidgetFromMRML();
    return;
  }
  d->startReport(d->ForDatabase->path(), d->dicomFile(), true);
}
