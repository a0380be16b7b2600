/// \file
/// The uncertainty over the CT in slice views. Main thread only.

#ifndef SAM2LungOverlay_h
#define SAM2LungOverlay_h

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLSliceCompositeNode;

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

/// Takes away what was laid over a view here; what was there before is there again. Does nothing where nothing was laid.
void TakeOverlayAway(vtkMRMLSliceCompositeNode* view);

} // namespace sam2lung_slicer

#endif
