/// \file
/// The prior CT and the current one in two linked slice views beside each other. Main thread only.
///
/// The prior and its nodules are shown by nodes of their own, under the transform that a comparison found: the prior itself
/// stays where it is, so that both can still be segmented and measured.

#ifndef SAM2LungSideBySide_h
#define SAM2LungSideBySide_h

#include "SAM2LungCompare.h"

#include <string>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLScene;
class vtkMRMLSliceCompositeNode;

namespace sam2lung_slicer
{

/// Layout names of the two views.
constexpr const char* PRIOR_VIEW = "SAM2LungPrior";
constexpr const char* CURRENT_VIEW = "SAM2LungCurrent";
/// Number of the layout, far from Slicer's own.
constexpr int SIDE_BY_SIDE_LAYOUT = 3147;

/// Writes the transform that a comparison found, and for a prior of a folder its nodules.
void AlignPrior(vtkMRMLSAM2LungParametersNode* parameters, const CompareInput& input, const Compared& compared);

/// Tells the layout node of the layout, so that a scene that was saved with it can be shown.
void RegisterSideBySide(vtkMRMLScene* scene);
/// After a scene was loaded that was saved with both beside each other: they are no longer, since what showed the prior isn't
/// saved.
void ForgetSavedSideBySide(vtkMRMLScene* scene);
/// Whether the comparison's transform was found for the prior that is chosen now.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool IsPriorAligned(vtkMRMLSAM2LungParametersNode* parameters);
/// Shows both beside each other. \return whether there is something to show: a comparison, and both CTs
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
bool ShowSideBySide(vtkMRMLSAM2LungParametersNode* parameters);
/// The parameter node whose prior is shown so; none: null.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
vtkMRMLSAM2LungParametersNode* ShownSideBySide(vtkMRMLScene* scene);
/// While the parameter node's prior is shown so: its marks (segments, points, lines) are shown in all views but the prior's, over
/// which they would lie, too. To be called once marks were made; else it does nothing.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void KeepOutOfPriorView(vtkMRMLSAM2LungParametersNode* parameters);
/// Whether a node ID is that of what the prior's view shows.
bool IsShownPrior(vtkMRMLSAM2LungParametersNode* parameters, const std::string& node_id);
/// Back to the layout of before; does nothing where nothing is shown so.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void EndSideBySide(vtkMRMLScene* scene);
/// A CT is about to be removed: where it is one of the two, they are shown no longer, and no voxels of it are held.
void LetGoOfPrior(vtkMRMLScalarVolumeNode* volume);
/// Ends what belongs to it where the user chose another layout by hand.
void FollowLayout(vtkMRMLScene* scene);
/// What the slice view of a layout name shows; none: null.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
vtkMRMLSliceCompositeNode* CompositeOf(vtkMRMLScene* scene, const char* view);
/// Whether it is the view of the prior.
bool IsPriorView(vtkMRMLSliceCompositeNode* view);

} // namespace sam2lung_slicer

#endif
