/// \file
/// The voxels of a run as volume nodes. Main thread only.

#ifndef SAM2LungMaps_h
#define SAM2LungMaps_h

#include "SAM2LungRun.h"

class vtkMRMLColorTableNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLVolumeNode;

namespace sam2lung_slicer
{

/// Gives the node these voxels, which lie where the run's CT does.
void WriteImage(vtkMRMLVolumeNode* node, vtkImageData* image, const sam2lung::Matrix& ijk_to_ras);
/// Whether the node has voxels of that type on the grid of the run's CT.
bool OnGrid(vtkMRMLVolumeNode* node, const RunInput& input, int scalar_type);
/// Whether two matrices (row by row) from voxels to mm are the same.
bool SameGrid(const double* ijk_to_ras, const double* other);
/// Whether the node has voxels at all.
bool HasImage(vtkMRMLVolumeNode* node);

/// Labels look up their color by their number.
void ShowLabels(vtkMRMLVolumeNode* node, vtkMRMLColorTableNode* colors);
/// Colors from 0 to `most`, 0 being transparent.
void ShowMap(vtkMRMLScalarVolumeNode* node, vtkMRMLColorTableNode* colors, double most);
/// The most that an uncertainty can be.
double MostUncertain(sam2lung::Uncertainty uncertainty);

} // namespace sam2lung_slicer

#endif
