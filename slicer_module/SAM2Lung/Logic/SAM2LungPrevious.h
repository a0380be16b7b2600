/// \file
/// What an earlier run and its reader left in the outputs, so that the next run keeps the reader's work, and a click
/// goes on from there.

#ifndef SAM2LungPrevious_h
#define SAM2LungPrevious_h

#include "SAM2LungRun.h"

#include <map>
#include <memory>
#include <string>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// A copy: nothing in it is shared with the scene.
struct Previous
{
  std::map<int, sam2lung::Nodule> nodules;    ///< By number; of the fields, those that name and place a nodule;
                                              ///< clicked are those that were edited by hand, too.
  bool regions = false;                       ///< They are classes of a model.
  int last_number = 0;                        ///< Highest number of a row or a segment.
  vtkSmartPointer<vtkImageData> labels;       ///< uint16, on the CT's grid; null: none.
  vtkSmartPointer<vtkImageData> uncertainty;  ///< float, the same; for a run, only where clicked nodules are.
  vtkSmartPointer<vtkImageData> probability;  ///< The same, if the run wants one.
};

/// Main thread. For a run that may keep something of it, or a click.
/// \return null where the outputs lie on another grid than the run's CT, and for a click on regions
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::shared_ptr<const Previous> TakePrevious(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input);

/// What of the reader's work the next run can't keep and why, for people; empty: it keeps all. Main thread.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string ReviewLoss(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
