/// \file
/// How far a nodule's surroundings reach, where its maps stay with it when a run goes over the CT again. Any thread.

#ifndef SAM2LungNeighbourhood_h
#define SAM2LungNeighbourhood_h

#include "SAM2LungLabels.h"

#include <sam2lung/volume.hpp>

namespace sam2lung_slicer
{

/// The voxels that must be known to tell what is near a nodule in `nodule`.
Box Reach(const Box& nodule, const sam2lung::Matrix& ijk_to_ras, vtkImageData* image);
/// Not 0 within 10 mm of the label, where no other label is nearer: as the library does with a point.
/// \param labels  uint16, on a part of the CT's voxels
/// \return uint8, on the same voxels
vtkSmartPointer<vtkImageData> NearNodule(vtkImageData* labels, int label, const sam2lung::Matrix& ijk_to_ras);
/// Copies a map's values where the mask (uint8, on a part of both maps' voxels) isn't 0.
void PutValues(vtkImageData* map, vtkImageData* from, vtkImageData* mask);

} // namespace sam2lung_slicer

#endif
