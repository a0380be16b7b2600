/// \file
/// Where nodules are looked for, as voxels on the CT's grid. Main thread only.

#ifndef SAM2LungMask_h
#define SAM2LungMask_h

#include "SAM2LungRun.h"

#include <string>

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLSegmentationNode;

namespace sam2lung_slicer
{

/// A segment's voxels on the grid of `input.ct`, uint8, wherever both lie under their parent transforms; null: it holds none there.
vtkSmartPointer<vtkImageData> VoxelsOfSegment(vtkMRMLSegmentationNode* node,
                                              const std::string& segment_id,
                                              vtkMRMLScalarVolumeNode* ct,
                                              const RunInput& input);

/// Makes `input.mask` of the parameter node's segment, wherever it and the CT lie under their parent transforms.
/// \return what stands in the way and what to do, for people; empty: it was made
std::string SegmentMask(vtkMRMLSAM2LungParametersNode* parameters, RunInput& input);

} // namespace sam2lung_slicer

#endif
