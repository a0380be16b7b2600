/// \file
/// Nodules whose segments were edited by hand: which they are, and measuring them anew by the library. Main thread only.

#ifndef SAM2LungMeasure_h
#define SAM2LungMeasure_h

#include <memory>
#include <set>
#include <string>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

class NodulesBefore;

/// Nodules whose segments aren't what was measured. None of a model that gives regions.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
std::set<int> EditedNodules(vtkMRMLSAM2LungParametersNode* parameters);

struct Measured
{
  std::set<int> nodules;                 ///< Those that were measured.
  std::shared_ptr<NodulesBefore> before; ///< To take it back.
  std::string problem;                   ///< Why nothing was changed, for people; empty: it was done.
};

/// Measures them anew: the label map takes their segments' voxels, and the table says what outline and CT give, that they were
/// edited, and nothing that samples or the model said of the outline of before. What a reader decided and wrote stays.
/// \param hounsfield  whether the CT's values are HU
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
Measured MeasureAgain(vtkMRMLSAM2LungParametersNode* parameters, bool hounsfield);

} // namespace sam2lung_slicer

#endif
