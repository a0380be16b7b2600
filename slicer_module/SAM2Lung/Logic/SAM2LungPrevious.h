/// \file
/// What an earlier run and its reader left in the outputs, so that the next run can keep the reader's work.

#ifndef SAM2LungPrevious_h
#define SAM2LungPrevious_h

#include "SAM2LungLabels.h"
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
  std::map<int, sam2lung::Nodule> nodules;             ///< By number; of the fields, those that name and place a nodule.
  std::map<int, LabelShare> shares;                    ///< Where each of them lies.
  std::map<int, vtkSmartPointer<vtkImageData>> labels; ///< By number: uint16, on the part of the CT's voxels that holds it.
  /// By the number of a nodule that was outlined by a click: the map about it, on a part of the CT's voxels.
  std::map<int, vtkSmartPointer<vtkImageData>> uncertainty;
  std::map<int, vtkSmartPointer<vtkImageData>> probability; ///< The same; only where there is one.
};

/// Main thread. \return null where there are no outputs on the run's grid
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::shared_ptr<const Previous> TakePrevious(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input);

/// What of the reader's work the next run can't keep and why, for people; empty: it keeps all. Main thread.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::string ReviewLoss(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
