/// \file
/// The C enums, as scoped ones of the same values.

#ifndef SAM2LUNG_ENUMS_HPP
#define SAM2LUNG_ENUMS_HPP

#include <cstdint>

#include <sam2lung.h>

#include <sam2lung/macros_off.hpp>
namespace sam2lung {

/// What kind of failure it was. Newer libraries may have more.
enum class Status : std::int32_t {
    ok = SAM2LUNG_STATUS_OK,                             ///< None.
    invalid_argument = SAM2LUNG_STATUS_INVALID_ARGUMENT, ///< The call itself is wrong.
    invalid_input = SAM2LUNG_STATUS_INVALID_INPUT,       ///< The CT or mask can't be what it should be.
    read = SAM2LUNG_STATUS_READ,                         ///< A file can't be read.
    write = SAM2LUNG_STATUS_WRITE,                       ///< A file can't be written.
    model = SAM2LUNG_STATUS_MODEL,                       ///< The bundle is damaged or not understood.
    runtime = SAM2LUNG_STATUS_RUNTIME,                   ///< ONNX Runtime can't be loaded.
    device = SAM2LUNG_STATUS_DEVICE,                     ///< The device that was asked for doesn't work.
    inference = SAM2LUNG_STATUS_INFERENCE,               ///< The network failed.
    cancelled = SAM2LUNG_STATUS_CANCELLED,               ///< By a Cancel or by the progress callback.
    busy = SAM2LUNG_STATUS_BUSY,                         ///< The engine runs another call.
    out_of_memory = SAM2LUNG_STATUS_OUT_OF_MEMORY,       ///< Memory is short, or a thread can't be started.
    internal = SAM2LUNG_STATUS_INTERNAL,                 ///< A mistake in this library.
};

/// The same under a name that is no macro of X11, for programs that include both.
using StatusCode = Status;

/// Type of the voxels of a volume.
enum class VoxelType : std::int32_t {
    int16 = SAM2LUNG_VOXEL_TYPE_INT16,     ///< std::int16_t
    uint16 = SAM2LUNG_VOXEL_TYPE_UINT16,   ///< std::uint16_t
    int32 = SAM2LUNG_VOXEL_TYPE_INT32,     ///< std::int32_t
    float32 = SAM2LUNG_VOXEL_TYPE_FLOAT32, ///< float
    float64 = SAM2LUNG_VOXEL_TYPE_FLOAT64, ///< double
    uint8 = SAM2LUNG_VOXEL_TYPE_UINT8,     ///< std::uint8_t, for masks
};

/// Where the network runs.
enum class Device : std::int32_t {
    automatic = SAM2LUNG_DEVICE_AUTO, ///< CUDA if it works, else the CPU.
    cpu = SAM2LUNG_DEVICE_CPU,        ///< The processor.
    cuda = SAM2LUNG_DEVICE_CUDA,      ///< An NVIDIA GPU, or an error.
};

/// Kinds of uncertainty.
enum class Uncertainty : std::int32_t {
    bundle = SAM2LUNG_UNCERTAINTY_BUNDLE,                         ///< The bundle's choice.
    entropy = SAM2LUNG_UNCERTAINTY_ENTROPY,                       ///< All uncertainty, 0 to 1 bit.
    variance = SAM2LUNG_UNCERTAINTY_VARIANCE,                     ///< Of the probability over samples, 0 to 0.25.
    mutual_information = SAM2LUNG_UNCERTAINTY_MUTUAL_INFORMATION, ///< Of the network alone, bits.
};

/// The name of a kind of uncertainty, as on the command line; empty for one that the library doesn't know.
inline const char* name(Uncertainty kind) noexcept {
    return sam2lung_uncertainty_name(static_cast<std::int32_t>(kind));
}

/// Where nodules are looked for.
enum class Search : std::int32_t {
    lungs = SAM2LUNG_SEARCH_LUNGS,           ///< In the lungs, which the library finds.
    everywhere = SAM2LUNG_SEARCH_EVERYWHERE, ///< In the whole volume.
    mask = SAM2LUNG_SEARCH_MASK,             ///< Where RunOptions::mask is above 0.5.
};

/// Maps of a result: a float32 a voxel, on the CT's grid.
enum class Map : std::int32_t {
    probability = SAM2LUNG_MAP_PROBABILITY,               ///< Of nodule, mean over the samples, 0 to 1.
    uncertainty = SAM2LUNG_MAP_UNCERTAINTY,               ///< The kind asked for.
    entropy = SAM2LUNG_MAP_ENTROPY,                       ///< Only with RunOptions::all_uncertainties.
    variance = SAM2LUNG_MAP_VARIANCE,                     ///< Only with RunOptions::all_uncertainties.
    mutual_information = SAM2LUNG_MAP_MUTUAL_INFORMATION, ///< Only with RunOptions::all_uncertainties.
};

/// What the numbers of a label map are. Newer libraries may have more.
enum class Output : std::int32_t {
    instances = SAM2LUNG_OUTPUT_INSTANCES, ///< Findings, 1 to N.
    regions = SAM2LUNG_OUTPUT_REGIONS,     ///< Classes, in the order of Bundle::classes().
};

/// What the signature of a bundle is worth. Newer libraries may have more.
enum class Signature : std::int32_t {
    missing = SAM2LUNG_SIGNATURE_MISSING,         ///< There is none.
    not_checked = SAM2LUNG_SIGNATURE_NOT_CHECKED, ///< There is one, and no key was chosen to check it with.
    right = SAM2LUNG_SIGNATURE_RIGHT,             ///< It is that of model.json, by one of the chosen keys.
    built_in = SAM2LUNG_SIGNATURE_BUILT_IN,       ///< The bundle is a part of the library.
    wrong = SAM2LUNG_SIGNATURE_WRONG,             ///< It is not: the bundle can't be opened.
};

/// Parts of a run, in order. Newer libraries may have more.
enum class Stage : std::int32_t {
    read = SAM2LUNG_STAGE_READ,       ///< Reading and checking the input.
    lungs = SAM2LUNG_STAGE_LUNGS,     ///< Finding the lungs.
    segment = SAM2LUNG_STAGE_SEGMENT, ///< The network over all slices.
    click = SAM2LUNG_STAGE_PROMPT,    ///< The network around clicks.
    prompt = SAM2LUNG_STAGE_PROMPT,   ///< Deprecated: the name of click before version 4 of the interface.
    nodules = SAM2LUNG_STAGE_NODULES, ///< Measuring nodules.
    write = SAM2LUNG_STAGE_WRITE,     ///< Writing results.
    load = SAM2LUNG_STAGE_LOAD,       ///< Loading and trying the networks, before all runs.
    detect = SAM2LUNG_STAGE_DETECT,   ///< Looking for nodules, between lungs and segment; with models that detect.
    registering = SAM2LUNG_STAGE_REGISTER, ///< Laying the lungs of two scans over each other.
};

/// How much is logged: a level and all above it.
enum class LogLevel : std::int32_t {
    off = SAM2LUNG_LOG_LEVEL_OFF,     ///< Nothing.
    error = SAM2LUNG_LOG_LEVEL_ERROR, ///< What failed.
    warn = SAM2LUNG_LOG_LEVEL_WARN,   ///< What may be wrong.
    info = SAM2LUNG_LOG_LEVEL_INFO,   ///< What happens.
    debug = SAM2LUNG_LOG_LEVEL_DEBUG, ///< For developers.
    trace = SAM2LUNG_LOG_LEVEL_TRACE, ///< Everything.
};

/// Types of measures. Newer libraries may have more.
enum class ValueType : std::int32_t {
    number = SAM2LUNG_VALUE_TYPE_NUMBER, ///< A number; NaN: the model has nothing to say.
    whole = SAM2LUNG_VALUE_TYPE_WHOLE,   ///< A whole number.
    flag = SAM2LUNG_VALUE_TYPE_FLAG,     ///< 0 or 1.
    text = SAM2LUNG_VALUE_TYPE_TEXT,     ///< A text; Result::measure_text alone has it.
};

/// Formats of the volumes in a folder of results.
enum class VolumeFormat : std::int32_t {
    nii_gz = SAM2LUNG_VOLUME_FORMAT_NII_GZ, ///< NIfTI, compressed.
    nrrd = SAM2LUNG_VOLUME_FORMAT_NRRD,     ///< NRRD.
    vti = SAM2LUNG_VOLUME_FORMAT_VTI,       ///< VTK XML image data.
    none = SAM2LUNG_VOLUME_FORMAT_NONE,     ///< No volume is written.
};

/// Formats of the nodules' surfaces in a folder of results.
enum class SurfaceFormat : std::int32_t {
    none = SAM2LUNG_SURFACE_FORMAT_NONE, ///< No surface is written.
    vtp = SAM2LUNG_SURFACE_FORMAT_VTP,   ///< VTK XML PolyData.
    vtk = SAM2LUNG_SURFACE_FORMAT_VTK,   ///< VTK legacy PolyData.
};

/// What a reader says of a nodule.
enum class Decision : std::int32_t {
    undecided = SAM2LUNG_DECISION_UNDECIDED, ///< Nothing yet.
    accepted = SAM2LUNG_DECISION_ACCEPTED,   ///< It is one.
    rejected = SAM2LUNG_DECISION_REJECTED,   ///< It is none, or it doesn't count.
};

/// What became of a nodule. Newer libraries may have more.
enum class Change : std::int32_t {
    appeared = SAM2LUNG_CHANGE_NEW,                            ///< New: in the current scan alone.
    gone = SAM2LUNG_CHANGE_GONE,                               ///< In the prior scan alone.
    grown = SAM2LUNG_CHANGE_GROWN,                             ///< By more than 25 %, more probably than not.
    shrunk = SAM2LUNG_CHANGE_SHRUNK,                           ///< The same with the scans exchanged.
    stable = SAM2LUNG_CHANGE_STABLE,                           ///< Neither.
    cut_off = SAM2LUNG_CHANGE_CUT_OFF,                         ///< The edge of a scan cuts it off: not known.
    not_searched_before = SAM2LUNG_CHANGE_NOT_SEARCHED_BEFORE, ///< The prior scan doesn't show the place.
    not_searched_now = SAM2LUNG_CHANGE_NOT_SEARCHED_NOW,       ///< The current scan doesn't show the place.
};

/// The name of a change, as in comparison.json; empty for one that the library doesn't know.
inline const char* name(Change change) noexcept { return sam2lung_change_name(static_cast<std::int32_t>(change)); }

} // namespace sam2lung

#include <sam2lung/macros_back.hpp>

#endif
