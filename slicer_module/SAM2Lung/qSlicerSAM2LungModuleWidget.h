#ifndef __qSlicerSAM2LungModuleWidget_h
#define __qSlicerSAM2LungModuleWidget_h

#include <qSlicerAbstractModuleWidget.h>

#include "qSlicerSAM2LungModuleExport.h"

class QEvent;
class qSlicerSAM2LungModuleWidgetPrivate;
class vtkMRMLNode;
class vtkMRMLSAM2LungParametersNode;
class vtkObject;

/// \brief The panel *Segment nodules*: shows a parameter node and hands everything to the logic.
///
/// The parameter node of the chosen CT is its only state. The views show the chosen CT, and the panel chooses the one that
/// they are made to show: it never lists one patient's nodules beside another one's images. While the panel is open and
/// no CT is chosen, it takes the one in the views, or else the newest.
///
/// Before a run that can't keep the user's work it asks. The setting `SAM2Lung/SegmentAnew` answers for scripts:
/// QMessageBox::AcceptRole (0) or QMessageBox::RejectRole (1).
class Q_SLICER_QTMODULES_SAM2LUNG_EXPORT qSlicerSAM2LungModuleWidget : public qSlicerAbstractModuleWidget
{
  Q_OBJECT

public:
  typedef qSlicerAbstractModuleWidget Superclass;
  explicit qSlicerSAM2LungModuleWidget(QWidget* parent = nullptr);
  ~qSlicerSAM2LungModuleWidget() override;

  void enter() override;
  void exit() override;
  /// Takes a parameter node or a CT.
  bool setEditedNode(vtkMRMLNode* node, QString role = QString(), QString context = QString()) override;

  vtkMRMLSAM2LungParametersNode* parametersNode() const;
  /// As narrow as the panel can be: Slicer makes it the least width of its own panel, and so of the main window.
  QSize sizeHint() const override;

public slots:
  void setMRMLScene(vtkMRMLScene* scene) override;
  void setParametersNode(vtkMRMLSAM2LungParametersNode* node);

protected:
  void setup() override;
  /// Takes Ctrl-Z for undo(), Ctrl-Y and Ctrl-Shift-Z for redo().
  bool event(QEvent* event) override;

protected slots:
  void chooseCT(vtkMRMLNode* ct);
  void preselectCT();
  /// preselectCT(), when the events at hand are through: a node is added before its voxels.
  void schedulePreselection();
  void onNodeAdded(vtkObject* scene, vtkObject* node);
  void onNodeRemoved(vtkObject* scene, vtkObject* node);
  void onOrphansRemoved();
  /// Where the views were made to show another CT, chooses that one.
  void followViews();
  /// followViews(), when the events at hand are through: views change one by one.
  void scheduleFollowing();
  void onSceneClosed();

  void segmentNodules();
  /// At a click in a view: outlines a nodule, or corrects the current one's outline, as the click was asked for. Of a click in the
  /// prior's view, says so and waits for another one.
  /// \param volumeID  of the volume that the view showed
  void onPlaced(double r, double a, double s, const QString& volumeID);
  void setPlacing(bool placing);
  void setAddingInside(bool placing);
  void setTakingAway(bool placing);
  void keepCorrection();
  void discardCorrection();
  void measureAgain();
  /// Looks whether segments were edited by hand, when the events at hand are through.
  void scheduleLookForEdits();
  void lookForEdits();
  void setAxesVisible(bool visible);
  void cancel();
  /// Takes back the last decision, comment, click or measurement (Ctrl-Z).
  void undo();
  /// Does again what was taken back last.
  void redo();
  /// Asks for a folder, and writes the nodules there.
  void exportNodules();
  /// The same with report page, pictures, tables and volumes.
  void exportReport();
  /// The same with DICOM objects as well.
  void exportDicom();
  /// Writes a report with DICOM objects, and puts these into Slicer's DICOM database.
  void exportIntoDatabase();
  /// Asks for a folder, and writes the files of the comparison with the prior there.
  void exportComparison();
  void compareWithPrior();
  void setSideBySide(bool shown);
  void onLayoutChanged();
  void jumpToGoneNodule(const QString& link);
  void onRunStarted();
  void onRunFinished();

  void setOverlayVisible(bool visible);
  void setOverlayOpacity(double percent);
  void onAdvancedCollapsed(bool collapsed);

  void updateProgress();
  void updateWidgetFromMRML();

protected:
  QScopedPointer<qSlicerSAM2LungModuleWidgetPrivate> d_ptr;

private:
  Q_DECLARE_PRIVATE(qSlicerSAM2LungModuleWidget);
  Q_DISABLE_COPY(qSlicerSAM2LungModuleWidget);
};

#endif
