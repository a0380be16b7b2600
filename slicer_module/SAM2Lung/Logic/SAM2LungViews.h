/// \file
/// Which patient the views show: a CT in all of them, its own outputs and nobody else's. Main thread only.

#ifndef SAM2LungViews_h
#define SAM2LungViews_h

#include <array>
#include <vector>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLDisplayableNode;
class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLScene;

namespace sam2lung_slicer
{

/// What slice views show of a CT.
enum class Shown
{
  nowhere,
  somewhere, ///< Other views show another volume.
  everywhere ///< In each view that shows a volume at all; one does.
};
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
Shown WhereShown(vtkMRMLSAM2LungParametersNode* parameters);

/// Background of the first slice view that shows a volume. None: nullptr.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
vtkMRMLScalarVolumeNode* ShownVolume(vtkMRMLScene* scene);

/// Makes all slice views show the CT. What lay over another volume goes: it belongs to another patient.
/// \return whether a view changed
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool BringCT(vtkMRMLSAM2LungParametersNode* parameters);

/// Shows segments and points of this CT, and hides those of all other CTs; what the user hid stays hidden.
/// \return whether anything was shown or hidden
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool ShowOutputsOfOne(vtkMRMLSAM2LungParametersNode* parameters);

/// What views draw over the CT for its nodules: segments, points, lines. Some may be null.
std::vector<vtkMRMLDisplayableNode*> MarksOf(vtkMRMLSAM2LungParametersNode* parameters);

/// Hides segments and points of a CT while slice views show volumes, and none of them this one.
void HideUnlessShown(vtkMRMLSAM2LungParametersNode* parameters);

/// Takes a volume out of all slice views, with what was laid there for it.
void TakeOutOfViews(vtkMRMLScalarVolumeNode* volume);

/// Looks at the place from where the 3-D views' cameras look now, near enough for so many mm to fill them.
void LookAtFrom3D(vtkMRMLScene* scene, const std::array<double, 3>& place_ras, double across_mm);
/// Turns the 3-D views to it without coming nearer.
void TurnTo(vtkMRMLScene* scene, const std::array<double, 3>& place_ras);
/// Centres the 3-D views on the nodules; without any, on the CT.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void Centre3D(vtkMRMLSAM2LungParametersNode* parameters);

/// Moves the slice views there. Those that don't show another volume than the CT also show so many mm around it; 0: they
/// keep their zoom.
void JumpSlices(vtkMRMLSAM2LungParametersNode* parameters, const std::array<double, 3>& place_ras, double across_mm);
/// Shows the CT in the window in which lungs are read.
void SetLungWindow(vtkMRMLScalarVolumeNode* ct);

} // namespace sam2lung_slicer

#endif
