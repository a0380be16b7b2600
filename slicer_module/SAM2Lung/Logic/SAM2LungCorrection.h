/// \file
/// Correcting the outline of a nodule by further clicks, seen beside the outline of before until it is kept or discarded. Main
/// thread only.

#ifndef SAM2LungCorrection_h
#define SAM2LungCorrection_h

#include "SAM2LungReading.h"

#include <string>
#include <vector>

#include <vtkSegment.h>
#include <vtkSmartPointer.h>
#include <vtkWeakPointer.h>

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

struct ModelFacts;

/// Why the outline of a nodule can't be corrected by clicks, for people; empty: it can be tried. Cheap.
/// \param model  null: it can't be opened, and the run says why
std::string CorrectionProblem(vtkMRMLSAM2LungParametersNode* parameters, int id, const ModelFacts* model);

/// The outline of before a nodule's first click that isn't kept yet.
class Correction
{
public:
  /// Before that click.
  /// \param group  number of its steps (UndoSteps)
  Correction(vtkMRMLSAM2LungParametersNode* parameters, int id, int group);

  vtkMRMLSAM2LungParametersNode* Parameters() const { return this->Owner; }
  int Nodule() const { return this->ID; }
  int Group() const { return this->Number; }
  /// What the last click left of the nodule's reading: a new outline is undecided.
  void LeaveReading(const Reading& reading) { this->Left = reading; }
  const Reading& ReadingLeft() const { return this->Left; }
  /// Shows the outline of before, thin and grey, in a segmentation of its own that no scene file keeps; or takes it away.
  void ShowBefore(bool shown);
  /// "Nodule 3: 512 mm³ before, 430 mm³ now (-16 %)".
  std::string Text() const;

private:
  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Owner;
  int ID;
  int Number;
  double VolumeMm3;
  Reading Left;
  vtkSmartPointer<vtkSegment> Outline; ///< Null: it had none.
};

} // namespace sam2lung_slicer

#endif
