/// \file
/// What goes into a run and what comes out of it: values, shared with nothing in the scene.
///
/// Voxels lie in packed images, extent from (0, 0, 0), i fastest; where they lie in the patient stands in `ijk_to_ras`
/// alone (the images' own origin, spacing and directions stay at their defaults).

#ifndef SAM2LungRun_h
#define SAM2LungRun_h

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <vtkImageData.h>
#include <vtkSmartPointer.h>

#include <sam2lung/enums.hpp>
#include <sam2lung/nodule.hpp>
#include <sam2lung/volume.hpp>

namespace sam2lung_slicer
{

/// Copied from the scene on the main thread.
struct RunInput
{
  vtkSmartPointer<vtkImageData> ct;                                    ///< HU, one component.
  sam2lung::Matrix ijk_to_ras{};                                       ///< Of the volume node itself, without its parent transform.
  vtkSmartPointer<vtkImageData> mask;                                  ///< uint8 on the CT's grid, with Search::mask; else null.
  std::optional<sam2lung::Index> point_ijk;                            ///< Outline the nodule here, and nothing else.
  sam2lung::Search search = sam2lung::Search::lungs;
  sam2lung::Uncertainty uncertainty = sam2lung::Uncertainty::bundle;
  sam2lung::Device device = sam2lung::Device::automatic;
  std::string model_folder;                                            ///< Empty: built in.
  std::uint32_t samples = 0;
  std::uint64_t seed = 0;
  double threshold = 0;
  double sensitivity = 0;
  bool probability = false;                                            ///< Whether RunOutput::probability is wanted.
};

/// How a run went, for the outputs' attributes and the result line.
struct RunFacts
{
  std::string model;         ///< Name and version.
  std::string model_sha256;  ///< Of model.json.
  std::string library;       ///< Version of libsam2lung.
  std::string device;        ///< "CPU" or "CUDA".
  std::string device_reason; ///< Why this one.
  sam2lung::Uncertainty uncertainty = sam2lung::Uncertainty::entropy;
  std::uint32_t samples = 0;
  std::uint64_t seed = 0;
  double threshold = 0;
  double seconds = 0;
};

/// Made on the run's thread.
struct RunOutput
{
  vtkSmartPointer<vtkImageData> labels;      ///< uint16: numbers of nodules, 0 elsewhere.
  vtkSmartPointer<vtkImageData> uncertainty; ///< float.
  vtkSmartPointer<vtkImageData> probability; ///< float; null unless wanted.
  std::vector<sam2lung::Nodule> nodules;     ///< In the order of their numbers.
  std::optional<std::uint32_t> at_point;     ///< With RunInput::point_ijk: the nodule there, 0 for none.
  RunFacts facts;
};

} // namespace sam2lung_slicer

#endif
