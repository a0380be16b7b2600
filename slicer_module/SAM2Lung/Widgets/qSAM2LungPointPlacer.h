#ifndef __qSAM2LungPointPlacer_h
#define __qSAM2LungPointPlacer_h

#include <QObject>

#include <ctkPimpl.h>
#include <ctkVTKObject.h>

class qSAM2LungPointPlacerPrivate;
class vtkMRMLScene;

/// \brief Lets the user place one point in any view, and leaves nothing of it in the scene.
///
/// Placing goes through the scene's interaction and selection nodes and a markups node that no editor lists and no
/// scene file keeps. It ends with the point, by stop(), when the user or another module leaves place mode or places
/// something else, and with the scene.
class qSAM2LungPointPlacer : public QObject
{
  Q_OBJECT
  QVTK_OBJECT

public:
  typedef QObject Superclass;
  explicit qSAM2LungPointPlacer(QObject* parent = nullptr);
  ~qSAM2LungPointPlacer() override;

  bool isPlacing() const;

public slots:
  /// \return whether a point can be placed now
  bool start(vtkMRMLScene* scene);
  void stop();

signals:
  /// World coordinates, mm. Placing has ended then.
  /// \param volumeID  of the volume that the view showed; empty: none, or not a slice view
  void placed(double r, double a, double s, const QString& volumeID);
  void placingChanged(bool placing);

protected slots:
  void onPointDefined();
  void onSelectionChanged();
  void finish();

protected:
  QScopedPointer<qSAM2LungPointPlacerPrivate> d_ptr;

private:
  Q_DECLARE_PRIVATE(qSAM2LungPointPlacer);
  Q_DISABLE_COPY(qSAM2LungPointPlacer);
};

#endif
