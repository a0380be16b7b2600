/// \file
/// Nodules as segments. Main thread only, but for MakeSegments(), which touches no node.

#ifndef SAM2LungSegmentation_h
#define SAM2LungSegmentation_h

#include "SAM2LungColors.h"
#include "SAM2LungRun.h"

#include <set>
#include <string>
#include <vector>

#include <vtkSmartPointer.h>

class vtkMRMLScalarVolumeNode;
class vtkMRMLSegmentationNode;
class vtkMRMLVolumeNode;
class vtkOrientedImageData;
class vtkSegment;

namespace sam2lung_slicer
{

/// "Nodule 1": its class, and its number.
std::string NoduleTitle(const sam2lung::Nodule& nodule);
/// "Nodule 1 (7 mm)": with the long axis, which is what radiologists quote and compare over time.
std::string NoduleName(const sam2lung::Nodule& nodule);
/// A nodule by its number, warm where someone should look again. By a model of several classes it has the colour of its class;
/// a region is called by its name, too.
/// \param classes  RunOutput::classes
NoduleLook LookOf(const sam2lung::Nodule& nodule, const RunClasses& classes);

/// ID of a nodule's segment and of its point: stays the same whatever they are called.
std::string NoduleKey(int id);

/// The segments of those nodules that have voxels, each with its labelmap and its surface, not yet in a segmentation.
///
/// They share one labelmap as small as can be: so Slicer keeps them, edits them and saves them in one layer. A region of several
/// classes has one of its own, since it lies over theirs.
/// \param labels   uint16, on the voxels of the CT or of a part of it
/// \param classes  RunOutput::classes
std::vector<vtkSmartPointer<vtkSegment>> MakeSegments(vtkImageData* labels,
                                                      const sam2lung::Matrix& ijk_to_ras,
                                                      const std::vector<sam2lung::Nodule>& nodules,
                                                      const RunClasses& classes);
/// Makes room for them, a segment a call: what was made here before goes, and what the user made stays.
/// \return whether there may be another one
bool RemoveNextSegment(vtkMRMLSegmentationNode* node);
/// Puts one of them into the node, in the place of the one with its number.
///
/// Nothing holds back what the node says of it: views and lists need to hear of each segment, and of which one.
void WriteSegment(vtkMRMLSegmentationNode* node, vtkMRMLScalarVolumeNode* ct, vtkSegment* segment);
/// A copy of the nodule's segment that shares no voxels with others, in no segmentation; null: there is none.
vtkSmartPointer<vtkSegment> CopySegment(vtkMRMLSegmentationNode* node, int id);
/// Removes the segment of a nodule, if there is one.
void RemoveSegment(vtkMRMLSegmentationNode* node, int id);
/// Shown in slices as an outline that leaves the nodule free, and in 3-D.
void ShowSegments(vtkMRMLSegmentationNode* node);
void ShowSegment(vtkMRMLSegmentationNode* node, int id, bool visible);
/// What the user calls the segment of the nodule; empty: as it was called here (NoduleLook::name).
std::string OwnName(vtkMRMLSegmentationNode* node, const NoduleLook& nodule);
/// Those of the nodules whose segments aren't what the label map says; with no segmentation, none.
std::set<int> EditedSegments(vtkMRMLSegmentationNode* node, vtkMRMLVolumeNode* labels, const std::vector<int>& nodules);
/// ID of the nodule's segment; empty: none.
std::string FindSegment(vtkMRMLSegmentationNode* node, int nodule);
/// Whether the image's voxels are ones of the label map, by their indices.
bool LiesOn(vtkOrientedImageData* image, vtkMRMLVolumeNode* labels);
/// Names and colours the nodule's segment anew after its measures changed; a name that the user gave stays.
/// \param before  as it was called and coloured before
void RenameSegment(vtkMRMLSegmentationNode* node, const NoduleLook& before, const NoduleLook& now);
/// Highest number of a nodule's segment; 0: none.
int LastSegment(vtkMRMLSegmentationNode* node);

} // namespace sam2lung_slicer

#endif
