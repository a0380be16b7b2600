/// \file
/// A chest CT made by arithmetic, to try the module without a patient. Main thread only.

#ifndef SAM2LungPhantom_h
#define SAM2LungPhantom_h

#include <cstdint>

class vtkMRMLScalarVolumeNode;
class vtkMRMLScene;

namespace sam2lung_slicer
{

/// Name of the volume's attribute that lists its nodules: JSON, as sam2lung::Image::facts has them.
constexpr char PHANTOM_NODULES_ATTRIBUTE[] = "SAM2Lung.PhantomNodules";

/// Adds the phantom of this seed as a volume of int16 HU, shown in a lung window once someone shows it.
/// \throws sam2lung::Error if memory is short
vtkMRMLScalarVolumeNode* AddPhantom(vtkMRMLScene* scene, std::uint64_t seed);

} // namespace sam2lung_slicer

#endif
