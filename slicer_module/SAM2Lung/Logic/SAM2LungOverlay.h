/// \file
/// The CT in slice views, and the uncertainty over it. Main thread only.

#ifndef SAM2LungOverlay_h
#define SAM2LungOverlay_h

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;

namespace sam2lung_slicer
{

/// What has to give way to the overlay.
enum class OverlayManners
{
  polite,    ///< A foreground that someone else put there stays (after a run).
  insistent, ///< It is replaced, and comes back when the overlay goes (the user asked).
};

/// Shows or hides the uncertainty volume as the parameter node says, in each slice view that shows its CT.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void UpdateOverlay(vtkMRMLSAM2LungParametersNode* parameters, OverlayManners manners);

/// Where no slice view shows the CT, all of them do so from then on: a nodule's place means nothing in another CT.
/// \return whether that was so
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool ShowCT(vtkMRMLSAM2LungParametersNode* parameters);

} // namespace sam2lung_slicer

#endif
