/**
 * @file sam2lung.h
 * The C interface of sam2lung: finds and outlines lung nodules in a chest CT and says how sure it is.
 * Research use only; not a medical device. @ref conventions says what holds for every function.
 */

#ifndef SAM2LUNG_H
#define SAM2LUNG_H

/* Generated from src/capi by `cargo xtask header`; do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/**
 * @page conventions Conventions of the C interface
 *
 * What holds for every function of sam2lung.h, unless its own text says otherwise.
 *
 * @section conventions_names Names
 * Functions are called `sam2lung_<object>_<verb>`, constants `SAM2LUNG_<ENUM>_<VALUE>`.
 *
 * @section conventions_errors Errors
 * A function that can fail returns a #sam2lung_status and has `sam2lung_error **error` as its last parameter. That may be
 * NULL. Only on failure an error object is written there; it belongs to the caller, who frees it with
 * sam2lung_error_free(). What was there before is overwritten, not freed. The status is worth looking at, not `*error`:
 * it stays as it was when all goes well. Names of errors (`E_NOT_HU`) never change once released. Functions that only
 * tell something have no error: for NULL or an index out of range they return the neutral value that their text names.
 *
 * Order of parameters: the object, inputs, options, outputs, error. Outputs are written only on success, all of them or
 * none. Files are written whole or not at all.
 *
 * No panic and no exception of the library ever reaches the caller, and the library prints nothing: what ONNX Runtime has to
 * say goes to the receiver of sam2lung_log_set(), where there is one. A mistake inside the library is
 * SAM2LUNG_STATUS_INTERNAL, after which every object can be used as before.
 *
 * @section conventions_ownership Ownership
 * An object that a function writes to an output belongs to the caller. Each kind has its own `_free`, which takes NULL.
 * Objects keep each other alive where they need to: they may be freed in any order. Whatever goes in is borrowed for the
 * call and never changed. Texts and voxels that come out belong to the object that was asked, and stay valid and unchanged
 * until that is freed; `const` says that they mustn't be written to.
 *
 * @section conventions_null NULL
 * Each parameter's text says whether it may be NULL. A NULL where none may be is SAM2LUNG_STATUS_INVALID_ARGUMENT, and the
 * message names the parameter. Texts that come out are never NULL.
 *
 * @section conventions_text Text
 * UTF-8 that ends with NUL, in both directions, paths included. Other bytes are SAM2LUNG_STATUS_INVALID_ARGUMENT. Numbers
 * in texts have a decimal point whatever the locale; the library neither reads nor sets the locale.
 *
 * @section conventions_threads Threads
 * Every function may be called on any thread. Bundles, lists of bundles, results, comparisons, images, runtimes and errors never change:
 * several threads may read one at once. Engines know nothing of each other; one engine runs one call or job at a time, and a
 * second one gets SAM2LUNG_STATUS_BUSY at once instead of waiting. sam2lung_job_start() runs on a thread of the library's own;
 * everything else happens on the thread that made the call. Nobody may free an object while another thread uses it; a cancel token
 * may be freed while a call that was given it goes on. Progress is reported on the thread that made the call, log
 * messages on any. A callback may use every object but the engine that called it, and no C++ exception or longjmp may
 * leave it (sam2lung.hpp takes care of exceptions).
 *
 * @section conventions_process Process
 * There is one ONNX Runtime a process and one receiver of log messages; nothing else is shared. dlclose() is allowed and
 * leaves the code loaded, since ONNX Runtime and ended threads may still point into it; opening the library again finds
 * it as it was left. A process may exit with live objects, but for a job that still runs: free it before. After fork() the child may exit, execute another program, and
 * free what the parent made (an engine's memory stays until the child ends); a run on an engine of the parent is refused
 * there (SAM2LUNG_STATUS_INVALID_ARGUMENT), since its threads stay with the parent, and a child that makes its own engine
 * relies on ONNX Runtime to bear a fork, which it doesn't promise.
 *
 * @section conventions_memory Memory
 * Before a run the memory that its maps will take is asked for, and during the run what each sample found; where it isn't
 * there the call gets SAM2LUNG_STATUS_OUT_OF_MEMORY, as where ONNX Runtime says so. What is freed goes to the C library,
 * which may keep it for later: sam2lung_engine_options::give_back_memory. If memory ends in the middle of a small
 * allocation the process is aborted, as Rust does.
 *
 * @section conventions_thread_state The calling thread
 * A call takes up to 512 KiB of the calling thread's stack, which is less than the usual 8 MiB but more than a stack of
 * 64 or 128 KiB that some hosts give their threads. The library works in the standard floating-point mode (to nearest, with
 * subnormal numbers, no exception trapped) and leaves that of the calling thread as it was, flags included; callbacks run in
 * the caller's. No C++ exception passes through the library: one that leaves a callback ends the process.
 *
 * @section conventions_growth How the interface grows
 * Functions, values and fields are only ever added, and none changes its meaning; #SAM2LUNG_ABI_VERSION then grows. Fields
 * are added at the end of structs, which begin with `struct_size`. A program sets it to the size that it was compiled
 * with (an `_init` function does so for options). Of a shorter struct the library takes the missing fields as their
 * defaults. A longer one, from a newer program, is accepted where everything that the library doesn't know is zero, which
 * means "as before"; else the message says that the library is older than the program. Into structs that it fills the
 * library writes no more than `struct_size` bytes, and zero where it knows nothing. Values of enums stay what they are;
 * those that go in are passed as int32_t, and one that the library doesn't know is refused by name. An unknown one that
 * comes out is to be taken as "something else".
 *
 * @section conventions_geometry Geometry
 * Voxel indices are i (column), j (row), k (slice), from 0 at the centre of the first voxel. World coordinates are RAS in
 * millimetres. Matrices are row-major 4 x 4. Volumes may be oblique, mirrored and anisotropic, not sheared. Voxels of a CT
 * are Hounsfield units.
 */


/**
 * Samples that a run may draw at most. Since version 4 of the interface.
 */
#define SAM2LUNG_MAX_SAMPLES 10000

/**
 * CPU threads that an engine may be given at most. Since version 4 of the interface.
 */
#define SAM2LUNG_MAX_THREADS 1024

/**
 * Clicks inside, and clicks outside, of one call at most. Since version 4 of the interface.
 */
#define SAM2LUNG_MAX_CLICKS 10000

/**
 * Largest sam2lung_run_options::min_diameter_mm. Since version 5 of the interface.
 */
#define SAM2LUNG_MAX_MIN_DIAMETER_MM 100

/**
 * Version of the binary interface that this header describes.
 *
 * Grows by one when functions, fields or values are added; they are only ever added. A program that was compiled with this
 * header needs a library whose sam2lung_abi_version() is at least this.
 */
#define SAM2LUNG_ABI_VERSION 5

/**
 * Outcome of a call. The values never change; later versions may add some, so treat an unknown one as a failure.
 */
typedef enum sam2lung_status {
  /**
   * It went well; outputs are written.
   */
  SAM2LUNG_STATUS_OK = 0,
  /**
   * E_ARGUMENT, E_OPTION: the call itself is wrong.
   */
  SAM2LUNG_STATUS_INVALID_ARGUMENT = 1,
  /**
   * E_NOT_HU, E_SHEARED, E_DIMENSIONS, E_ONE_SLICE, E_NON_FINITE, E_SPACING, E_TOO_LARGE, E_NO_LUNG, E_MASK_GRID,
   * E_CHANNELS, E_CHANNEL_GRID, E_BOX, E_REGISTRATION, E_NOT_PAIRED: the volume, or the two scans, can't be used.
   */
  SAM2LUNG_STATUS_INVALID_INPUT = 2,
  /**
   * E_READ, E_FORMAT, E_SEVERAL_SERIES, E_NO_SUCH_SERIES, E_SLICE_GAP, E_DUPLICATE_SLICE, E_MIXED_GEOMETRY,
   * E_GANTRY_TILT, E_NO_ORIENTATION: files can't be read.
   */
  SAM2LUNG_STATUS_READ = 3,
  /**
   * E_WRITE: a file can't be written.
   */
  SAM2LUNG_STATUS_WRITE = 4,
  /**
   * E_MODEL_BUNDLE, E_MODEL_SCHEMA, E_MODEL_HASH, E_MODEL_SHAPE, E_SIGNATURE, E_MODEL_ARCHIVE, E_NO_SUCH_MODEL,
   * E_MODEL_INSTALLED: the bundle can't be used.
   */
  SAM2LUNG_STATUS_MODEL = 5,
  /**
   * E_RUNTIME: ONNX Runtime can't be loaded.
   */
  SAM2LUNG_STATUS_RUNTIME = 6,
  /**
   * E_DEVICE: the device that was asked for can't be used.
   */
  SAM2LUNG_STATUS_DEVICE = 7,
  /**
   * E_INFERENCE: the network failed while running.
   */
  SAM2LUNG_STATUS_INFERENCE = 8,
  /**
   * E_CANCELLED: a cancel token or the progress callback ended the call.
   */
  SAM2LUNG_STATUS_CANCELLED = 9,
  /**
   * E_BUSY: this engine runs another call, or is called from its own callback.
   */
  SAM2LUNG_STATUS_BUSY = 10,
  /**
   * E_OUT_OF_MEMORY, E_THREADS: there is not enough memory, or a thread can't be started.
   */
  SAM2LUNG_STATUS_OUT_OF_MEMORY = 11,
  /**
   * E_INTERNAL: a mistake in this library. The objects that were used stay usable.
   */
  SAM2LUNG_STATUS_INTERNAL = 99,
} sam2lung_status;

/**
 * How a voxel is stored, in the machine's own byte order. Values of sam2lung_volume::voxel_type.
 */
typedef enum sam2lung_voxel_type {
  /**
   * int16_t.
   */
  SAM2LUNG_VOXEL_TYPE_INT16 = 1,
  /**
   * uint16_t.
   */
  SAM2LUNG_VOXEL_TYPE_UINT16 = 2,
  /**
   * int32_t.
   */
  SAM2LUNG_VOXEL_TYPE_INT32 = 3,
  /**
   * float.
   */
  SAM2LUNG_VOXEL_TYPE_FLOAT32 = 4,
  /**
   * double.
   */
  SAM2LUNG_VOXEL_TYPE_FLOAT64 = 5,
  /**
   * uint8_t, for masks.
   */
  SAM2LUNG_VOXEL_TYPE_UINT8 = 6,
} sam2lung_voxel_type;

/**
 * Where the networks run. Values of sam2lung_engine_options::device.
 */
typedef enum sam2lung_device {
  /**
   * CUDA where it works, else the CPU; the engine says why.
   */
  SAM2LUNG_DEVICE_AUTO = 0,
  /**
   * The CPU.
   */
  SAM2LUNG_DEVICE_CPU = 1,
  /**
   * CUDA, or an error that says what is missing.
   */
  SAM2LUNG_DEVICE_CUDA = 2,
} sam2lung_device;

/**
 * Kinds of uncertainty. Values of sam2lung_run_options::uncertainty.
 */
typedef enum sam2lung_uncertainty {
  /**
   * The bundle's choice.
   */
  SAM2LUNG_UNCERTAINTY_BUNDLE = 0,
  /**
   * Entropy of the mean probability in bits, 0 to 1: all uncertainty.
   */
  SAM2LUNG_UNCERTAINTY_ENTROPY = 1,
  /**
   * Variance of the probability over the samples, 0 to 0.25.
   */
  SAM2LUNG_UNCERTAINTY_VARIANCE = 2,
  /**
   * Entropy of the mean less the mean entropy in bits, 0 to 1: of the network, not of the image.
   */
  SAM2LUNG_UNCERTAINTY_MUTUAL_INFORMATION = 3,
} sam2lung_uncertainty;

/**
 * Where nodules are searched. Values of sam2lung_run_options::search.
 */
typedef enum sam2lung_search {
  /**
   * In the lungs, found from the HU.
   */
  SAM2LUNG_SEARCH_LUNGS = 0,
  /**
   * In the whole volume.
   */
  SAM2LUNG_SEARCH_EVERYWHERE = 1,
  /**
   * Where sam2lung_run_options::mask is above 0.5.
   */
  SAM2LUNG_SEARCH_MASK = 2,
} sam2lung_search;

/**
 * Maps of a result. Values of the parameter `map`.
 */
typedef enum sam2lung_map {
  /**
   * Mean probability over the samples.
   */
  SAM2LUNG_MAP_PROBABILITY = 0,
  /**
   * Uncertainty of the kind that the run was asked for (sam2lung_result_uncertainty()).
   */
  SAM2LUNG_MAP_UNCERTAINTY = 1,
  /**
   * Entropy of the mean probability, bits; with all_uncertainties, or where it is the kind asked for.
   */
  SAM2LUNG_MAP_ENTROPY = 2,
  /**
   * Variance over the samples; with all_uncertainties, or where it is the kind asked for.
   */
  SAM2LUNG_MAP_VARIANCE = 3,
  /**
   * Mutual information, bits; with all_uncertainties, or where it is the kind asked for.
   */
  SAM2LUNG_MAP_MUTUAL_INFORMATION = 4,
} sam2lung_map;

/**
 * The parts of a run, in order, and what comes before all runs.
 */
typedef enum sam2lung_stage {
  /**
   * Reading and checking the input.
   */
  SAM2LUNG_STAGE_READ = 0,
  /**
   * Finding the lungs.
   */
  SAM2LUNG_STAGE_LUNGS = 1,
  /**
   * Encoder and decoder over the slices.
   */
  SAM2LUNG_STAGE_SEGMENT = 2,
  /**
   * The same once more around clicks, with the clicks.
   */
  SAM2LUNG_STAGE_PROMPT = 3,
  /**
   * Candidates, classification and measures.
   */
  SAM2LUNG_STAGE_NODULES = 4,
  /**
   * Writing files.
   */
  SAM2LUNG_STAGE_WRITE = 5,
  /**
   * Loading and trying the networks: sam2lung_engine_create().
   */
  SAM2LUNG_STAGE_LOAD = 6,
  /**
   * The detector over the search region, between Lungs and Segment; only with bundles that have one. Since version 4 of the
   * interface.
   */
  SAM2LUNG_STAGE_DETECT = 7,
  /**
   * Laying the lungs of two scans over each other: sam2lung_compare(). Since version 5 of the interface.
   */
  SAM2LUNG_STAGE_REGISTER = 8,
} sam2lung_stage;

/**
 * How much is said. Values of the parameter `level`.
 */
typedef enum sam2lung_log_level {
  /**
   * Nothing.
   */
  SAM2LUNG_LOG_LEVEL_OFF = 0,
  /**
   * What went wrong; a call that fails for it says so by its status as well.
   */
  SAM2LUNG_LOG_LEVEL_ERROR = 1,
  /**
   * What may be wrong.
   */
  SAM2LUNG_LOG_LEVEL_WARN = 2,
  /**
   * What happens: the ONNX Runtime that was loaded, the device that is used.
   */
  SAM2LUNG_LOG_LEVEL_INFO = 3,
  /**
   * Details for those who look for a mistake.
   */
  SAM2LUNG_LOG_LEVEL_DEBUG = 4,
  /**
   * All details.
   */
  SAM2LUNG_LOG_LEVEL_TRACE = 5,
} sam2lung_log_level;

/**
 * Types of measures. Values of sam2lung_measure_type().
 */
typedef enum sam2lung_value_type {
  /**
   * A number; NaN: the model has nothing to say.
   */
  SAM2LUNG_VALUE_TYPE_NUMBER = 0,
  /**
   * A whole number.
   */
  SAM2LUNG_VALUE_TYPE_WHOLE = 1,
  /**
   * 0 or 1.
   */
  SAM2LUNG_VALUE_TYPE_FLAG = 2,
  /**
   * A text: sam2lung_result_measure_text() alone has it.
   */
  SAM2LUNG_VALUE_TYPE_TEXT = 3,
} sam2lung_value_type;

/**
 * What the numbers of a label map are.
 */
typedef enum sam2lung_output {
  /**
   * Findings, 1 to N.
   */
  SAM2LUNG_OUTPUT_INSTANCES = 0,
  /**
   * Classes, 1 to sam2lung_bundle_class_count().
   */
  SAM2LUNG_OUTPUT_REGIONS = 1,
} sam2lung_output;

/**
 * What the signature of a bundle is worth. Values of sam2lung_bundle_signature() and sam2lung_bundle_list_signature().
 */
typedef enum sam2lung_signature {
  /**
   * There is none.
   */
  SAM2LUNG_SIGNATURE_MISSING = 0,
  /**
   * There is one, and no key was chosen to check it with.
   */
  SAM2LUNG_SIGNATURE_NOT_CHECKED = 1,
  /**
   * It is that of model.json, by one of the chosen keys.
   */
  SAM2LUNG_SIGNATURE_RIGHT = 2,
  /**
   * The bundle is a part of the library.
   */
  SAM2LUNG_SIGNATURE_BUILT_IN = 3,
  /**
   * It is not that of model.json by any of the chosen keys: the bundle can't be opened.
   */
  SAM2LUNG_SIGNATURE_WRONG = 4,
} sam2lung_signature;

/**
 * Which part of a code, as DICOM has them (PS3.3 section 8). Values of sam2lung_bundle_class_code() and
 * sam2lung_bundle_region_code().
 */
typedef enum sam2lung_code_part {
  /**
   * The coding scheme, as SCT.
   */
  SAM2LUNG_CODE_PART_SCHEME = 0,
  /**
   * The value, as 27925004.
   */
  SAM2LUNG_CODE_PART_VALUE = 1,
  /**
   * The meaning, as Nodule.
   */
  SAM2LUNG_CODE_PART_MEANING = 2,
} sam2lung_code_part;

/**
 * Formats of the volumes in a folder of results. Values of sam2lung_report_options::volume_format.
 */
typedef enum sam2lung_volume_format {
  /**
   * NIfTI, compressed: .nii.gz.
   */
  SAM2LUNG_VOLUME_FORMAT_NII_GZ = 0,
  /**
   * .nrrd.
   */
  SAM2LUNG_VOLUME_FORMAT_NRRD = 1,
  /**
   * VTK XML image data: .vti.
   */
  SAM2LUNG_VOLUME_FORMAT_VTI = 2,
  /**
   * No volume is written: the program has them already. Such a folder can't be compared with another one later.
   */
  SAM2LUNG_VOLUME_FORMAT_NONE = 3,
} sam2lung_volume_format;

/**
 * Formats of the nodules' surfaces in a folder of results. Values of sam2lung_report_options::surface_format. Since version 5 of the
 * interface.
 */
typedef enum sam2lung_surface_format {
  /**
   * No surface is written.
   */
  SAM2LUNG_SURFACE_FORMAT_NONE = 0,
  /**
   * VTK XML PolyData: .vtp.
   */
  SAM2LUNG_SURFACE_FORMAT_VTP = 1,
  /**
   * VTK legacy PolyData: .vtk.
   */
  SAM2LUNG_SURFACE_FORMAT_VTK = 2,
} sam2lung_surface_format;

/**
 * What a reader says of a nodule. Values of sam2lung_reading::decision.
 */
typedef enum sam2lung_decision {
  /**
   * Nothing yet.
   */
  SAM2LUNG_DECISION_UNDECIDED = 0,
  /**
   * It is one.
   */
  SAM2LUNG_DECISION_ACCEPTED = 1,
  /**
   * It is none, or it doesn't count.
   */
  SAM2LUNG_DECISION_REJECTED = 2,
} sam2lung_decision;

/**
 * What became of a nodule. Values of sam2lung_comparison_row::change. Later versions may have more.
 */
typedef enum sam2lung_change {
  /**
   * In the current scan alone; the prior one was searched there.
   */
  SAM2LUNG_CHANGE_NEW = 0,
  /**
   * In the prior scan alone; the current one was searched there.
   */
  SAM2LUNG_CHANGE_GONE = 1,
  /**
   * In both: that its volume grew by more than 25 % is more probable than not.
   */
  SAM2LUNG_CHANGE_GROWN = 2,
  /**
   * In both: the same with the scans exchanged.
   */
  SAM2LUNG_CHANGE_SHRUNK = 3,
  /**
   * In both, neither grown nor shrunk.
   */
  SAM2LUNG_CHANGE_STABLE = 4,
  /**
   * In both, but the edge of one scan cuts it off: how it changed isn't known.
   */
  SAM2LUNG_CHANGE_CUT_OFF = 5,
  /**
   * In the current scan, at a place that the prior one doesn't show or that wasn't searched in it.
   */
  SAM2LUNG_CHANGE_NOT_SEARCHED_BEFORE = 6,
  /**
   * In the prior scan, at a place that the current one doesn't show or that wasn't searched in it.
   */
  SAM2LUNG_CHANGE_NOT_SEARCHED_NOW = 7,
} sam2lung_change;

/**
 * A checked model: its contract and its graphs. Never changes; several engines may be made from one.
 */
typedef struct sam2lung_bundle sam2lung_bundle;

/**
 * The bundles that were installed in a folder when the list was made, and the built-in one, which comes first. Never changes.
 * Since version 5 of the interface.
 */
typedef struct sam2lung_bundle_list sam2lung_bundle_list;

/**
 * Asks calls to stop, from any thread. One token may be given to several calls.
 */
typedef struct sam2lung_cancel sam2lung_cancel;

/**
 * What two scans say together. Never changes: any thread may read it, several at once. It holds its pictures, and no CT.
 */
typedef struct sam2lung_comparison sam2lung_comparison;

/**
 * A bundle on a device, ready to segment one CT after the other. It runs one call or job at a time; engines don't know of each
 * other.
 */
typedef struct sam2lung_engine sam2lung_engine;

/**
 * Why a call failed. Belongs to the caller, who frees it with sam2lung_error_free().
 */
typedef struct sam2lung_error sam2lung_error;

/**
 * A volume of this library's own. Never changes: any thread may read it, several at once.
 */
typedef struct sam2lung_image sam2lung_image;

/**
 * A run that goes on while its caller does something else. Any thread may use it, several at once; one frees it.
 */
typedef struct sam2lung_job sam2lung_job;

/**
 * What a run found. Never changes: any thread may read it, several at once.
 */
typedef struct sam2lung_result sam2lung_result;

/**
 * ONNX Runtime as this process has loaded it, and the devices that it can use.
 */
typedef struct sam2lung_runtime sam2lung_runtime;

/**
 * How far a call or a job is. Filled by the library: for a callback, valid while that runs, or by sam2lung_job_poll().
 */
typedef struct sam2lung_progress {
  /**
   * In a callback the size of the struct in the library, beyond which no fields exist; for sam2lung_job_poll()
   * sizeof(sam2lung_progress), set by the caller.
   */
  size_t struct_size;
  /**
   * The stage that runs, a sam2lung_stage.
   */
  int32_t stage;
  /**
   * The stage in words, for example "Segmenting slices"; UTF-8, valid as long as the library is loaded.
   */
  const char *stage_title;
  /**
   * Steps of the stage that are done.
   */
  uint64_t done;
  /**
   * Steps that the stage has.
   */
  uint64_t total;
  /**
   * Part of the whole call that is done, 0 to 1, never falling.
   */
  double fraction;
  /**
   * Estimated time to the end in seconds; negative: not known yet.
   */
  double seconds_left;
} sam2lung_progress;

/**
 * Is told how far a call is, on the thread that made the call.
 *
 * Returns true to go on and false to cancel. It may use any object but the engine that runs (SAM2LUNG_STATUS_BUSY). No
 * C++ exception and no longjmp may leave it: there are frames of Rust below it.
 */
typedef bool (*sam2lung_progress_fn)(const struct sam2lung_progress *progress, void *user_data);

/**
 * Options of sam2lung_compare(); sam2lung_compare_options_init() fills in the defaults. What it points to is only used during the
 * call. Since version 5 of the interface.
 */
typedef struct sam2lung_compare_options {
  /**
   * sizeof(sam2lung_compare_options); sam2lung_compare_options_init() sets it.
   */
  size_t struct_size;
  /**
   * Days from the prior to the current scan, above 0; 0: by the study dates of the images, else unknown. Without it there is no
   * doubling time.
   */
  double days;
  /**
   * The image that the prior CT was read into, may be NULL: then its study date and patient ID count, and `prior_volume` may be
   * NULL. The ID is compared and never written.
   */
  const struct sam2lung_image *prior_image;
  /**
   * The same of the current CT.
   */
  const struct sam2lung_image *current_image;
  /**
   * What the files call the prior scan, UTF-8; NULL: prior.
   */
  const char *prior_name;
  /**
   * What the files call the current scan, UTF-8; NULL: current.
   */
  const char *current_name;
  /**
   * Is told how far the call is; may be NULL.
   */
  sam2lung_progress_fn progress;
  /**
   * Handed to `progress`.
   */
  void *progress_data;
  /**
   * Cancels the call from any thread, may be NULL.
   */
  const struct sam2lung_cancel *cancel;
} sam2lung_compare_options;

/**
 * Voxels that belong to somebody else, and where they lie in the patient.
 *
 * Coming in they are only read, and only during the call. Going out (the functions that fill such a struct) they belong
 * to the object that was asked and stay valid until it is freed; don't write to them.
 */
typedef struct sam2lung_volume {
  /**
   * sizeof(sam2lung_volume), set by the caller in both directions.
   */
  size_t struct_size;
  /**
   * Voxel (0, 0, 0); needn't be aligned.
   */
  const void *voxels;
  /**
   * Size of the buffer from `voxels` on, in bytes.
   */
  size_t bytes;
  /**
   * How voxels are stored, a sam2lung_voxel_type.
   */
  int32_t voxel_type;
  /**
   * Number of voxels along i (columns), j (rows) and k (slices), at least 1 each.
   */
  int64_t dims[3];
  /**
   * Bytes from a voxel to the next along i, j, k; voxels must not overlap. All 0: packed, i fastest. Negative along an axis
   * that runs backwards in memory: then `bytes_before` says how far back the buffer reaches.
   */
  int64_t strides[3];
  /**
   * Row-major 4 x 4 matrix from voxel indices to RAS millimetres; its axes are at right angles, its last row is 0 0 0 1.
   */
  double ijk_to_ras[16];
  /**
   * Size of the buffer before `voxels`, in bytes, for negative strides. Since ABI 3.
   */
  size_t bytes_before;
} sam2lung_volume;

/**
 * A nodule in one or both scans. Since version 5 of the interface.
 */
typedef struct sam2lung_comparison_row {
  /**
   * sizeof(sam2lung_comparison_row), set by the caller.
   */
  size_t struct_size;
  /**
   * What became of it, a sam2lung_change.
   */
  int32_t change;
  /**
   * Its number in the prior scan; 0: a micronodule, or not there (`in_prior`).
   */
  uint32_t prior_id;
  /**
   * Its number in the current scan; 0: a micronodule, or not there (`in_current`).
   */
  uint32_t current_id;
  /**
   * Pairs of samples of which one at least found it; 0 without a pair of nodules.
   */
  uint32_t pairs;
  /**
   * Whether it was found in the prior scan.
   */
  bool in_prior;
  /**
   * Whether it was found in the current scan.
   */
  bool in_current;
  /**
   * Whether the whole interval of the change says what `change` does: it lies on one side of the limit.
   */
  bool samples_agree;
  /**
   * Of what one scan alone has: whether the other one may show it all the same, below the threshold. Then it may be neither new
   * nor gone.
   */
  bool other_may_show_it;
  /**
   * Where its centre lies in the prior CT, by the registration where it wasn't found there; RAS, mm.
   */
  double prior_ras[3];
  /**
   * The same in the current CT.
   */
  double current_ras[3];
  /**
   * Volume in the prior scan in mm³; NaN: not found there.
   */
  double prior_volume_mm3;
  /**
   * Volume in the current scan in mm³; NaN: not found there.
   */
  double current_volume_mm3;
  /**
   * Change of the volume in per cent of the prior one; NaN where it isn't known, as all below.
   */
  double volume_change_percent;
  /**
   * Lower end of its 90 % interval, from the pairs of samples and from what differs between two CTs of an unchanged nodule.
   */
  double volume_change_percent_p05;
  /**
   * Upper end.
   */
  double volume_change_percent_p95;
  /**
   * P(the volume grew by more than 25 %), as the interval.
   */
  double growth_probability;
  /**
   * P(the volume shrank by more than 20 %, the same with the scans exchanged).
   */
  double shrinkage_probability;
  /**
   * Growth of the mean diameter, of the axial long and short axis, in mm; NaN where a folder of results doesn't keep it.
   */
  double diameter_change_mm;
  /**
   * P(the mean diameter grew by more than 1.5 mm).
   */
  double diameter_growth_probability;
  /**
   * Days in which the volume doubles at that pace; NaN where it didn't grow, or the days between the scans aren't known.
   */
  double doubling_time_days;
  /**
   * Lower end of its 90 % interval.
   */
  double doubling_time_days_p05;
  /**
   * Upper end; NaN where the volume may not have grown.
   */
  double doubling_time_days_p95;
  /**
   * How far the two centres lie apart after registration, mm.
   */
  double distance_mm;
  /**
   * Of what one scan alone has: the highest mean probability of a nodule in the other one about that place.
   */
  double probability_in_other;
} sam2lung_comparison_row;

/**
 * Options of an engine; sam2lung_engine_options_init() fills in the defaults.
 */
typedef struct sam2lung_engine_options {
  /**
   * sizeof(sam2lung_engine_options); sam2lung_engine_options_init() sets it.
   */
  size_t struct_size;
  /**
   * A sam2lung_device.
   */
  int32_t device;
  /**
   * CPU threads that work at the same time, up to SAM2LUNG_MAX_THREADS; 0: as many as the machine has.
   */
  uint32_t threads;
  /**
   * Is told how far sam2lung_engine_create() is (SAM2LUNG_STAGE_LOAD), may be NULL. Since version 3 of the interface.
   */
  sam2lung_progress_fn progress;
  /**
   * Handed to `progress`.
   */
  void *progress_data;
  /**
   * Cancels sam2lung_engine_create() from any thread; may be NULL. It isn't used afterwards.
   */
  const struct sam2lung_cancel *cancel;
  /**
   * Give free memory of the whole process back to the system after each run of this engine, and when a result of it is
   * freed. The C library keeps some of it for later, some 70 MiB after a run; giving it back takes up to seconds in a
   * process with a large heap. Only with glibc; elsewhere nothing happens.
   */
  bool give_back_memory;
} sam2lung_engine_options;

/**
 * Options of a run; sam2lung_run_options_init() fills in the defaults. What it points to is only used during the call.
 */
typedef struct sam2lung_run_options {
  /**
   * sizeof(sam2lung_run_options); sam2lung_run_options_init() sets it.
   */
  size_t struct_size;
  /**
   * Samples, up to SAM2LUNG_MAX_SAMPLES; 0: the bundle's number.
   */
  uint32_t samples;
  /**
   * Which uncertainty SAM2LUNG_MAP_UNCERTAINTY shows, a sam2lung_uncertainty.
   */
  int32_t uncertainty;
  /**
   * Seed of what is random (dropout, noise): the same seed gives the same bits.
   */
  uint64_t seed;
  /**
   * Mean probability above which a voxel belongs to a nodule, above 0 and below 1; 0: the bundle's.
   */
  double threshold;
  /**
   * Share of nodules that the classifier is to keep, up to 1, by the bundle's operating points; 0: its usual threshold.
   */
  double sensitivity;
  /**
   * Where to search, a sam2lung_search.
   */
  int32_t search;
  /**
   * Samples decoded in one call at most; any number gives the same bits. 0: the library's choice.
   */
  uint32_t batch;
  /**
   * With SAM2LUNG_SEARCH_MASK the mask, above 0.5 inside, on the CT's grid; else NULL. Borrowed for the call.
   */
  const struct sam2lung_volume *mask;
  /**
   * Keep the uncertainty of every kind as well: 12 bytes a voxel more.
   */
  bool all_uncertainties;
  /**
   * Is told how far the run is; may be NULL.
   */
  sam2lung_progress_fn progress;
  /**
   * Handed to `progress`.
   */
  void *progress_data;
  /**
   * Cancels the run from any thread; may be NULL.
   */
  const struct sam2lung_cancel *cancel;
  /**
   * Findings of a smaller equivalent diameter, in mm, are listed apart (sam2lung_result_micronodule()), unless they were
   * clicked on; up to 100. 0: none is. sam2lung_run_options_init() sets 4. Not for models whose output is regions. Since
   * version 5 of the interface.
   */
  double min_diameter_mm;
  /**
   * Share of the slices that the fine network of a hybrid sees, up to 1; 0: the bundle's; below 0: none, its coarse network
   * alone answers. Other than 0 only for models that outline with a hybrid. Since version 5 of the interface.
   */
  double share_of_slices;
} sam2lung_run_options;

/**
 * Is told what the library and ONNX Runtime say, on any thread and possibly on several at once.
 *
 * `level` is a sam2lung_log_level; `target` names the part of the library, or is "onnxruntime"; `message` is the text, both
 * UTF-8 and valid during the callback. It may call sam2lung_log_set() and use every object but the engine that runs; what it
 * makes the library say is dropped. No C++ exception and no
 * longjmp may leave it.
 */
typedef void (*sam2lung_log_fn)(int32_t level, const char *target, const char *message, void *user_data);

/**
 * A reader's decision and comment on a nodule. Since version 5 of the interface.
 */
typedef struct sam2lung_reading {
  /**
   * sizeof(sam2lung_reading), the same in all of an array.
   */
  size_t struct_size;
  /**
   * The nodule's number in the label map (sam2lung_nodule::id).
   */
  uint32_t nodule;
  /**
   * A sam2lung_decision.
   */
  int32_t decision;
  /**
   * What the reader wrote, UTF-8, may be NULL.
   */
  const char *comment;
  /**
   * Who decided or wrote last, UTF-8, may be NULL.
   */
  const char *reader;
} sam2lung_reading;

/**
 * Options of sam2lung_result_write_report(); sam2lung_report_options_init() fills in the defaults. What it points to is only used
 * during the call. Since version 5 of the interface.
 */
typedef struct sam2lung_report_options {
  /**
   * sizeof(sam2lung_report_options); sam2lung_report_options_init() sets it.
   */
  size_t struct_size;
  /**
   * The image that the CT was read into (sam2lung_image_read_ct()), may be NULL: then its warnings, its DICOM series or the
   * geometry of its NIfTI header go into the files, and `volume` may be NULL.
   */
  const struct sam2lung_image *image;
  /**
   * Where the CT's DICOM series lies, for programs that hold the voxels already: a folder with one CT series, or one of the
   * series' files, UTF-8; may be NULL, and is with `image`. It is read and compared with the CT: another one is refused.
   */
  const char *dicom_source;
  /**
   * Write DICOM objects (SEG, SR, secondary capture) as well. Needs an `image` of a DICOM folder, or `dicom_source`.
   */
  bool dicom;
  /**
   * Format of label map, probability and uncertainty, a sam2lung_volume_format.
   */
  int32_t volume_format;
  /**
   * What a reader says of nodules, in any order; the others are undecided. May be NULL: nobody read the result. All pages and
   * tables say it. What was rejected is told by name, and is no finding of the DICOM objects.
   */
  const struct sam2lung_reading *readings;
  /**
   * How many that are.
   */
  size_t reading_count;
  /**
   * Is told how far the call is; may be NULL.
   */
  sam2lung_progress_fn progress;
  /**
   * Handed to `progress`.
   */
  void *progress_data;
  /**
   * Cancels the call from any thread, may be NULL.
   */
  const struct sam2lung_cancel *cancel;
  /**
   * Write the nodules' closed surfaces as well, a sam2lung_surface_format.
   */
  int32_t surface_format;
  /**
   * Write as well which sample calls which voxel a nodule: bit s of a voxel is sample s, for 64 samples at most. Needs a format of
   * volumes. A result keeps that of voxels near nodules alone, and elsewhere no bit is set: the command line, which writes right
   * behind the run, has it of all voxels.
   */
  bool sample_outlines;
} sam2lung_report_options;

/**
 * A nodule. Set struct_size before sam2lung_result_nodule(). NaN: the model has nothing to say.
 */
typedef struct sam2lung_nodule {
  /**
   * sizeof(sam2lung_nodule), set by the caller.
   */
  size_t struct_size;
  /**
   * Number in the label map, from 1.
   */
  uint32_t id;
  /**
   * Whether someone should look again.
   */
  bool review;
  /**
   * Whether the network outlined it with clicks.
   */
  bool clicked;
  /**
   * Centre as column, row, slice of the CT, from 0.
   */
  double centroid_ijk[3];
  /**
   * Centre towards right, anterior, superior in the CT's patient frame, mm.
   */
  double centroid_ras[3];
  /**
   * Volume of the outline in the label map, mm³.
   */
  double volume_mm3;
  /**
   * Lower end of the interval around the volume; above 0 and at most the volume; mm³.
   */
  double volume_mm3_p05;
  /**
   * Median of the volume over the samples; outside the interval its nearer end; mm³.
   */
  double volume_mm3_p50;
  /**
   * Upper end of the interval around the volume; at least the volume; mm³.
   */
  double volume_mm3_p95;
  /**
   * 5th percentile of the volume over the samples; a sample that misses the nodule counts as 0; mm³.
   */
  double sample_volume_mm3_p05;
  /**
   * Median of the volume over the samples, mm³.
   */
  double sample_volume_mm3_p50;
  /**
   * 95th percentile of the volume over the samples, mm³.
   */
  double sample_volume_mm3_p95;
  /**
   * Standard deviation of the natural logarithm of the volume over the samples.
   */
  double volume_spread;
  /**
   * Diameter of the sphere of that volume, mm.
   */
  double equivalent_diameter_mm;
  /**
   * Longest diameter in an axial slice, mm.
   */
  double long_axis_mm;
  /**
   * Longest diameter at right angles to the long axis, in the same slice, mm.
   */
  double short_axis_mm;
  /**
   * Mean over the outline, HU.
   */
  double mean_hu;
  /**
   * Mean over the outline.
   */
  double probability_inside;
  /**
   * Probability within 4 mm of the outline that belongs to no nodule, as a share of the outline's voxels: what
   * may be left out.
   */
  double probability_around;
  /**
   * Mean of the uncertainty map over the outline and the voxels that touch it.
   */
  double uncertainty_mean;
  /**
   * How well the outlines of two samples agree: mean Dice over the pairs of the first 200 samples; 1 with one
   * sample.
   */
  double sample_dice;
  /**
   * Share of the samples that found the nodule.
   */
  double detection_rate;
  /**
   * Probability that it is a nodule, by the model's classifier; none if the model has no classifier.
   */
  double nodule_probability;
  /**
   * Dice that the outline should have with the true one; none if the model hasn't learnt it.
   */
  double expected_dice;
  /**
   * How many texts sam2lung_result_review_reason() has.
   */
  size_t review_reason_count;
  /**
   * Share of radiologists that would mark it, by the model's classifier; none if the model hasn't learnt it.
   */
  double readers_share;
  /**
   * Longest diameter in any plane, hence in space, mm.
   */
  double long_axis_3d_mm;
  /**
   * Longest diameter at right angles to that long axis, in a plane that holds it, mm.
   */
  double short_axis_3d_mm;
  /**
   * Mean of the axial long and short axis, as Lung-RADS v2022 measures: both axes to 0.1 mm, their mean to 0.1
   * mm; mm.
   */
  double mean_diameter_mm;
  /**
   * 5th percentile of the mean diameter over the samples; at most the mean diameter; not calibrated; a sample
   * that misses the nodule counts as 0; mm.
   */
  double mean_diameter_mm_p05;
  /**
   * 95th percentile of the mean diameter over the samples; at least the mean diameter; not calibrated; mm.
   */
  double mean_diameter_mm_p95;
  /**
   * Volume of the solid part: the largest connected part above -300 HU (Scholten et al. 2015); mm³.
   */
  double solid_volume_mm3;
  /**
   * Mean diameter of the solid part, measured as that of the nodule; 0 where there is none; mm.
   */
  double solid_mean_diameter_mm;
  /**
   * Volume of the voxels of 200 HU and more; contrast medium counts as well; mm³.
   */
  double calcium_mm3;
  /**
   * Volume of the voxels of -120 to -40 HU away from the outline's edge; within ground glass blur can look
   * like fat; mm³.
   */
  double fat_mm3;
  /**
   * Volume times density: (mean HU + 1000) / 1000 mg per mm³; mg.
   */
  double mass_mg;
  /**
   * Distance to the border of the lung mask (pleura, or hilum), to about 2 mm; 0 where it reaches beyond; none
   * where the lungs weren't looked for; mm.
   */
  double pleura_distance_mm;
  /**
   * Slice of the CT with the axial long axis, from 0; none where the CT's slices aren't axial.
   */
  double long_axis_slice;
  /**
   * Instance number of that slice's DICOM image; none for other inputs.
   */
  double long_axis_instance_number;
  /**
   * Where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame, mm.
   */
  double long_axis_3d_start_ras[3];
  /**
   * Where it ends, mm.
   */
  double long_axis_3d_end_ras[3];
  /**
   * Where the short axis in any plane begins, in the same frame, mm.
   */
  double short_axis_3d_start_ras[3];
  /**
   * Where it ends, mm.
   */
  double short_axis_3d_end_ras[3];
} sam2lung_nodule;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Reads and checks the bundle in a folder, or an installed one by its name; no file outside its folder is opened, and the
 * folder isn't needed afterwards.
 *
 * A signature (model.json.sig) is checked with the public keys in the folder that the environment variable SAM2LUNG_KEYS
 * names, else in the folder keys beside the usual folder of installed bundles (sam2lung_bundle_list_create()). A wrong one is
 * refused (E_SIGNATURE), and where SAM2LUNG_REQUIRE_SIGNATURE is 1 a missing one too. Any thread.
 *
 * @param folder path of the folder that holds model.json; where nothing lies at that path the name of an installed bundle,
 *   `NAME` (its newest version) or `NAME@VERSION`, since version 5 of the interface; UTF-8, not NULL
 * @param bundle where the bundle goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_bundle_open(const char *folder,
                                          struct sam2lung_bundle **bundle,
                                          struct sam2lung_error **error);

/**
 * Checks a bundle that lies in memory: what model.json holds, and the files that it names.
 *
 * Everything is copied; nothing is needed after the call. Files that model.json doesn't name are left aside, but for
 * model.json.sig: its signature is checked as sam2lung_bundle_open() does. Any thread.
 *
 * @param contract the bytes of model.json, not NULL
 * @param contract_bytes how many
 * @param names `count` names of files, as model.json has them, UTF-8, none NULL; may be NULL where count is 0
 * @param files where the bytes of each file begin, none NULL; may be NULL where count is 0
 * @param sizes how many bytes each file has; may be NULL where count is 0
 * @param count how many files
 * @param bundle where the bundle goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_bundle_from_memory(const void *contract,
                                                 size_t contract_bytes,
                                                 const char *const *names,
                                                 const void *const *files,
                                                 const size_t *sizes,
                                                 size_t count,
                                                 struct sam2lung_bundle **bundle,
                                                 struct sam2lung_error **error);

/**
 * Gives the bundle that is compiled into the library.
 *
 * Any thread.
 *
 * @param bundle where the bundle goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_bundle_builtin(struct sam2lung_bundle **bundle,
                                             struct sam2lung_error **error);

/**
 * The model's name.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_bundle_name(const struct sam2lung_bundle *bundle);

/**
 * The model's version.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_bundle_version(const struct sam2lung_bundle *bundle);

/**
 * Where the bundle came from.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return the folder as it was given, `<built in>` or `<in memory>`; "" for NULL; never NULL
 */
const char *sam2lung_bundle_origin(const struct sam2lung_bundle *bundle);

/**
 * The whole contract: model.json as it was read.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return JSON, UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_bundle_contract(const struct sam2lung_bundle *bundle);

/**
 * The sha256 of model.json, which in turn names that of each graph.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return 64 lower-case hexadecimal digits; "" for NULL; never NULL
 */
const char *sam2lung_bundle_sha256(const struct sam2lung_bundle *bundle);

/**
 * What the bundle's signature is worth. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return a sam2lung_signature; SAM2LUNG_SIGNATURE_MISSING for NULL
 */
int32_t sam2lung_bundle_signature(const struct sam2lung_bundle *bundle);

/**
 * The same in words, to be shown: "not signed", "signed, checked with hospital.pem". Since version 5 of the interface.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return UTF-8, in English; "" for NULL; never NULL
 */
const char *sam2lung_bundle_signature_text(const struct sam2lung_bundle *bundle);

/**
 * How many samples a run draws unless its options say otherwise.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return the number; 0 for NULL
 */
uint32_t sam2lung_bundle_samples(const struct sam2lung_bundle *bundle);

/**
 * Mean probability above which a voxel belongs to a nodule, unless the options of a run say otherwise.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return above 0 and below 1; NaN for NULL
 */
double sam2lung_bundle_threshold(const struct sam2lung_bundle *bundle);

/**
 * Whether the model takes clicks: points of sam2lung_engine_run_at() then shape the outline, and points outside can be
 * given. Without clicks such points make sure that something is searched and outlined there.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return whether it does; false for NULL
 */
bool sam2lung_bundle_takes_clicks(const struct sam2lung_bundle *bundle);

/**
 * The share of the slices that the fine network of a hybrid sees, unless the options of a run say otherwise
 * (sam2lung_run_options::share_of_slices). Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return 0 to 1; NaN for a model that outlines with one network, and for NULL
 */
double sam2lung_bundle_share_of_slices(const struct sam2lung_bundle *bundle);

/**
 * What the numbers of the label map are. Since version 4 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return a sam2lung_output; SAM2LUNG_OUTPUT_INSTANCES for NULL
 */
int32_t sam2lung_bundle_output(const struct sam2lung_bundle *bundle);

/**
 * Frees a bundle; engines that were made from it go on.
 *
 * Any thread; not while another one uses it.
 *
 * @param bundle the bundle, may be NULL
 */
void sam2lung_bundle_free(struct sam2lung_bundle *bundle);

/**
 * Lists the installed bundles: by name, of each the newest version first; before them the built-in one. Since version 5 of the
 * interface.
 *
 * Contracts and signatures are checked, the hashes of the graphs are not, so this is quick: sam2lung_bundle_open() does that.
 * What is wrong with a bundle is said in its entry. `sam2lung model install` installs bundles. Any thread.
 *
 * @param folder path of the folder of installed bundles, UTF-8; NULL: the one that the environment variable SAM2LUNG_MODELS
 *   names, else sam2lung/models in the user's data folder (`$XDG_DATA_HOME` or ~/.local/share, `%LOCALAPPDATA%`,
 *   ~/Library/Application Support). Where there is none, nothing is installed
 * @param list where the list goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_list_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not: the folder can't be read, or the keys of signatures can't
 */
enum sam2lung_status sam2lung_bundle_list_create(const char *folder,
                                                 struct sam2lung_bundle_list **list,
                                                 struct sam2lung_error **error);

/**
 * The folder of installed bundles that was looked into. Since version 5 of the interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @return UTF-8; "" for NULL, and where the environment doesn't tell where it is; never NULL
 */
const char *sam2lung_bundle_list_folder(const struct sam2lung_bundle_list *list);

/**
 * How many bundles there are, with the built-in one. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param list the list, may be NULL
 * @return at least 1; 0 for NULL
 */
size_t sam2lung_bundle_list_count(const struct sam2lung_bundle_list *list);

/**
 * The name of a bundle. Since version 5 of the interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return UTF-8; "" for NULL and where there is no such bundle; never NULL
 */
const char *sam2lung_bundle_list_name(const struct sam2lung_bundle_list *list, size_t index);

/**
 * The version of a bundle. Since version 5 of the interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return UTF-8; "" for NULL and where there is no such bundle; never NULL
 */
const char *sam2lung_bundle_list_version(const struct sam2lung_bundle_list *list, size_t index);

/**
 * The folder of a bundle, for sam2lung_bundle_open(). Since version 5 of the interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return UTF-8; "" for the built-in bundle (sam2lung_bundle_builtin()), for NULL and where there is no such bundle; never NULL
 */
const char *sam2lung_bundle_list_path(const struct sam2lung_bundle_list *list,
                                      size_t index);

/**
 * What a bundle is for, in a line: its channels, what it outlines, its roles with the kinds of their networks. Since version 5
 * of the interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return UTF-8, in English; "" where its contract can't be used, for NULL and where there is no such bundle; never NULL
 */
const char *sam2lung_bundle_list_purpose(const struct sam2lung_bundle_list *list,
                                         size_t index);

/**
 * What a bundle's signature is worth. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return a sam2lung_signature; SAM2LUNG_SIGNATURE_MISSING for NULL and where there is no such bundle
 */
int32_t sam2lung_bundle_list_signature(const struct sam2lung_bundle_list *list, size_t index);

/**
 * The same in words, to be shown. Since version 5 of the interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return UTF-8, in English; "" for NULL and where there is no such bundle; never NULL
 */
const char *sam2lung_bundle_list_signature_text(const struct sam2lung_bundle_list *list, size_t index);

/**
 * Why a bundle can't be opened, as far as that is seen without its graphs' hashes: "E_NAME: message". Since version 5 of the
 * interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return UTF-8, in English; "" where nothing is wrong, for NULL and where there is no such bundle; never NULL
 */
const char *sam2lung_bundle_list_problem(const struct sam2lung_bundle_list *list,
                                         size_t index);

/**
 * The sha256 of a bundle's model.json, which in turn names that of each graph. Since version 5 of the interface.
 *
 * Belongs to the list, valid until it is freed. Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return 64 lower-case hexadecimal digits; "" where it can't be read, for NULL and where there is no such bundle; never NULL
 */
const char *sam2lung_bundle_list_sha256(const struct sam2lung_bundle_list *list,
                                        size_t index);

/**
 * How large a bundle is: its model.json and its graphs. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return bytes; 0 for NULL and where there is no such bundle
 */
uint64_t sam2lung_bundle_list_bytes(const struct sam2lung_bundle_list *list, size_t index);

/**
 * Whether a bundle is the built-in one. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param list the list, may be NULL
 * @param index which one, from 0
 * @return whether it is; false for NULL and where there is no such bundle
 */
bool sam2lung_bundle_list_is_builtin(const struct sam2lung_bundle_list *list, size_t index);

/**
 * Frees a list; bundles that were opened from it stay.
 *
 * Any thread; not while another one uses it. Since version 5 of the interface.
 *
 * @param list the list, may be NULL
 */
void sam2lung_bundle_list_free(struct sam2lung_bundle_list *list);

/**
 * How many volumes a run takes: the channels of the model's input, all on one grid.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return at least 1; 0 for NULL
 */
uint32_t sam2lung_bundle_channels(const struct sam2lung_bundle *bundle);

/**
 * The name of a volume that a run takes, such as CT or PET. Since version 5 of the interface.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0: its place among the volumes of a run
 * @return ASCII letters, digits, `-`, `_`; "" for NULL and where there is no such channel; never NULL
 */
const char *sam2lung_bundle_channel_name(const struct sam2lung_bundle *bundle, size_t index);

/**
 * Whether a volume has to be a CT in Hounsfield units; a run refuses another one. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0
 * @return whether it has to; false for NULL and where there is no such channel
 */
bool sam2lung_bundle_channel_is_hu(const struct sam2lung_bundle *bundle,
                                   size_t index);

/**
 * How many classes the model tells apart, without the background. Since version 4 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return at least 1; 0 for NULL
 */
size_t sam2lung_bundle_class_count(const struct sam2lung_bundle *bundle);

/**
 * The name of a class (sam2lung_nodule::class_name). Since version 4 of the interface.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0; with SAM2LUNG_OUTPUT_REGIONS its number in the label map is one more
 * @return UTF-8; "" for NULL and where there is no such class; never NULL
 */
const char *sam2lung_bundle_class_name(const struct sam2lung_bundle *bundle, size_t index);

/**
 * The colour in which a class is to be shown. Since version 4 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0
 * @return red, green and blue, 0 to 255 each: red * 65536 + green * 256 + blue; 0 for NULL and where there is no such class
 */
uint32_t sam2lung_bundle_class_colour(const struct sam2lung_bundle *bundle,
                                      size_t index);

/**
 * A part of the code of a class. Since version 5 of the interface.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0
 * @param part a sam2lung_code_part
 * @return UTF-8; "" for NULL, where there is no such class or part, and where the class has no code; never NULL
 */
const char *sam2lung_bundle_class_code(const struct sam2lung_bundle *bundle,
                                       size_t index,
                                       int32_t part);

/**
 * How many regions the model makes of its classes, such as a whole of core and rim. Since version 5 of the interface.
 *
 * With SAM2LUNG_OUTPUT_REGIONS a result measures them behind the classes: region n is the "nodule" with the number
 * sam2lung_bundle_class_count() + n + 1. They have no number in the label map: a voxel belongs to a region if it belongs to one
 * of its classes. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @return the number, often 0; 0 for NULL
 */
size_t sam2lung_bundle_region_count(const struct sam2lung_bundle *bundle);

/**
 * The name of a region. Since version 5 of the interface.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0
 * @return UTF-8; "" for NULL and where there is no such region; never NULL
 */
const char *sam2lung_bundle_region_name(const struct sam2lung_bundle *bundle, size_t index);

/**
 * The colour in which a region is to be shown. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0
 * @return as sam2lung_bundle_class_colour(); 0 for NULL and where there is no such region
 */
uint32_t sam2lung_bundle_region_colour(const struct sam2lung_bundle *bundle, size_t index);

/**
 * A part of the code of a region. Since version 5 of the interface.
 *
 * Belongs to the bundle, valid until it is freed. Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which one, from 0
 * @param part a sam2lung_code_part
 * @return UTF-8; "" for NULL, where there is no such region or part, and where the region has no code; never NULL
 */
const char *sam2lung_bundle_region_code(const struct sam2lung_bundle *bundle,
                                        size_t index,
                                        int32_t part);

/**
 * Whether a class belongs to a region. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param bundle the bundle, may be NULL
 * @param index which region, from 0
 * @param class_index which class, from 0
 * @return whether it does; false for NULL and where there is no such region or class
 */
bool sam2lung_bundle_region_has_class(const struct sam2lung_bundle *bundle, size_t index, size_t class_index);

/**
 * Makes a token that isn't cancelled.
 *
 * Any thread.
 *
 * @param cancel where the token goes, not NULL; belongs to the caller, who frees it with sam2lung_cancel_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_cancel_create(struct sam2lung_cancel **cancel,
                                            struct sam2lung_error **error);

/**
 * Asks every call that has this token to stop, and every later one not to begin; asking again changes nothing.
 *
 * Returns at once; the calls end soon after with SAM2LUNG_STATUS_CANCELLED. Any thread, but no signal handler: it takes a
 * lock.
 *
 * @param cancel the token, may be NULL
 */
void sam2lung_cancel_request(const struct sam2lung_cancel *cancel);

/**
 * Whether sam2lung_cancel_request() was called.
 *
 * Any thread.
 *
 * @param cancel the token, may be NULL
 * @return true once it was called; false for NULL
 */
bool sam2lung_cancel_is_requested(const struct sam2lung_cancel *cancel);

/**
 * Frees a token. Calls that were given it may still run; they can't be cancelled by it any more.
 *
 * Any thread; not while another one is about to use it.
 *
 * @param cancel the token, may be NULL
 */
void sam2lung_cancel_free(struct sam2lung_cancel *cancel);

/**
 * Sets every field to its default and struct_size to the size given. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
 * @param struct_size sizeof(sam2lung_compare_options) as the caller's compiler knows it; no more is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_compare_options_init(struct sam2lung_compare_options *options,
                                                   size_t struct_size,
                                                   struct sam2lung_error **error);

/**
 * Compares two scans of one patient, as `sam2lung compare` of the command line does: the lungs are laid over each other, nodules
 * are matched one to one, and each is new, gone, grown, shrunk, stable, or of unknown change. Since version 5 of the interface.
 *
 * Both results have to be made in one way: the same bundle of one channel and of instances, seed, number of samples and threshold,
 * else E_NOT_PAIRED names what differs; searched in the lungs or everywhere, not in a mask. The prior one may be read from a folder
 * of the command line (sam2lung_result_read()). E_REGISTRATION: the lungs don't lie over each other, as those of two patients.
 * Nothing is said of what a change means for the patient.
 *
 * Any thread, several at once.
 *
 * @param prior the earlier result, not NULL; not changed, and not used after the call
 * @param prior_volume the CT that it was made from, voxel for voxel; NULL with sam2lung_compare_options::prior_image
 * @param current the later result, not NULL; as `prior`
 * @param current_volume the CT that it was made from; NULL with sam2lung_compare_options::current_image
 * @param options options, borrowed for the call; NULL: the defaults
 * @param comparison where the comparison goes, not NULL; belongs to the caller, who frees it with sam2lung_comparison_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_compare(const struct sam2lung_result *prior,
                                      const struct sam2lung_volume *prior_volume,
                                      const struct sam2lung_result *current,
                                      const struct sam2lung_volume *current_volume,
                                      const struct sam2lung_compare_options *options,
                                      struct sam2lung_comparison **comparison,
                                      struct sam2lung_error **error);

/**
 * Reads a folder of results of the command line, or of sam2lung_result_write_report(), with which its scan can be compared. Since
 * version 5 of the interface.
 *
 * It is a result as sam2lung_result_from_maps() makes it: labels and probability, and nodules with number, place and volume. What
 * a comparison wants to know of nodules and samples besides comes from the folder. An edited label map is refused.
 *
 * Any thread.
 *
 * @param folder the folder, UTF-8, not NULL; it holds its volumes, and not the CT
 * @param volume the CT that was segmented, voxel for voxel (another one is refused), not NULL; borrowed for the call
 * @param cancel cancels the call from any thread, may be NULL
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_read(const char *folder,
                                          const struct sam2lung_volume *volume,
                                          const struct sam2lung_cancel *cancel,
                                          struct sam2lung_result **result,
                                          struct sam2lung_error **error);

/**
 * The name of what became of a nodule, as in comparison.json, such as not-searched-before.
 *
 * Belongs to the library, valid as long as it is loaded. Any thread. Since version 5 of the interface.
 *
 * @param change a sam2lung_change
 * @return UTF-8; "" for another number; never NULL
 */
const char *sam2lung_change_name(int32_t change);

/**
 * How many rows a comparison has: a row a nodule, those of the current scan by number, then those of the prior one alone. Since
 * version 5 of the interface.
 *
 * Any thread.
 *
 * @param comparison the comparison, may be NULL
 * @return the number; 0 for NULL
 */
size_t sam2lung_comparison_row_count(const struct sam2lung_comparison *comparison);

/**
 * A row of a comparison. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param comparison the comparison, not NULL
 * @param index from 0, less than sam2lung_comparison_row_count()
 * @param row where it goes, not NULL, with struct_size set; no more than that is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_comparison_row_at(const struct sam2lung_comparison *comparison,
                                                size_t index,
                                                struct sam2lung_comparison_row *row,
                                                struct sam2lung_error **error);

/**
 * Days from the prior to the current scan. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param comparison the comparison, may be NULL
 * @return the days; NaN where they aren't known, and for NULL
 */
double sam2lung_comparison_days(const struct sam2lung_comparison *comparison);

/**
 * How well the lungs lie over each other: the mean distance of their surfaces. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param comparison the comparison, may be NULL
 * @return mm; NaN for NULL
 */
double sam2lung_comparison_surface_mm(const struct sam2lung_comparison *comparison);

/**
 * How well the lungs lie over each other: their Dice. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param comparison the comparison, may be NULL
 * @return 0 to 1; NaN for NULL
 */
double sam2lung_comparison_lung_dice(const struct sam2lung_comparison *comparison);

/**
 * How many reasons there are why a person should check the matches. Show them beside the rows. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param comparison the comparison, may be NULL
 * @return the number; 0 for NULL
 */
size_t sam2lung_comparison_doubt_count(const struct sam2lung_comparison *comparison);

/**
 * A reason why a person should check the matches, in English. Since version 5 of the interface.
 *
 * Belongs to the comparison, valid until it is freed. Any thread.
 *
 * @param comparison the comparison, may be NULL
 * @param index from 0, less than sam2lung_comparison_doubt_count()
 * @return UTF-8; "" where there is none and for NULL; never NULL
 */
const char *sam2lung_comparison_doubt(const struct sam2lung_comparison *comparison, size_t index);

/**
 * Where a point of the current CT lies in the prior one: a row-major 4 x 4 matrix, RAS millimetres to RAS millimetres. Since
 * version 5 of the interface.
 *
 * Any thread.
 *
 * @param comparison the comparison, not NULL
 * @param matrix where its 16 numbers go, not NULL
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_comparison_current_to_prior(const struct sam2lung_comparison *comparison,
                                                          double *matrix,
                                                          struct sam2lung_error **error);

/**
 * The comparison as the text of comparison.json that the command line writes. Since version 5 of the interface.
 *
 * Belongs to the comparison, valid until it is freed. Any thread.
 *
 * @param comparison the comparison, may be NULL
 * @return UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_comparison_json(const struct sam2lung_comparison *comparison);

/**
 * Writes page, text, tables and pictures of a comparison into a folder, as the command line does. The folder is there whole or not
 * at all; an earlier comparison there is replaced, and a folder that holds anything else is refused (E_WRITE). Since version 5 of
 * the interface.
 *
 * Any thread, several at once.
 *
 * @param comparison the comparison, not NULL
 * @param folder where it goes, UTF-8, not NULL; folders above it are made
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_comparison_write(const struct sam2lung_comparison *comparison,
                                               const char *folder,
                                               struct sam2lung_error **error);

/**
 * Frees a comparison and all its texts.
 *
 * Any thread; not while another one reads it.
 *
 * @param comparison the comparison, may be NULL
 */
void sam2lung_comparison_free(struct sam2lung_comparison *comparison);

/**
 * Loads a bundle onto a device, and ONNX Runtime where this process hasn't loaded it yet (sam2lung_runtime_load()).
 *
 * For networks whose calls can't go side by side threads are started, sam2lung_engine_options::threads less one at most. Where one
 * can't be started (a limit of a container), the call ends with E_THREADS; where memory is short, with E_OUT_OF_MEMORY.
 *
 * Any thread.
 *
 * @param bundle the bundle, not NULL; it may be freed while the engine lives
 * @param options device and threads, progress and cancelling, borrowed for the call; NULL: the defaults
 * @param engine where the engine goes, not NULL; belongs to the caller, who frees it with sam2lung_engine_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_engine_create(const struct sam2lung_bundle *bundle,
                                            const struct sam2lung_engine_options *options,
                                            struct sam2lung_engine **engine,
                                            struct sam2lung_error **error);

/**
 * Which device runs the networks.
 *
 * Any thread, also while a call runs on the engine.
 *
 * @param engine the engine, may be NULL
 * @return SAM2LUNG_DEVICE_CPU or SAM2LUNG_DEVICE_CUDA; SAM2LUNG_DEVICE_AUTO for NULL
 */
int32_t sam2lung_engine_device(const struct sam2lung_engine *engine);

/**
 * Why it runs on that device.
 *
 * Belongs to the engine, valid until it is freed. Any thread, also while a call runs on the engine.
 *
 * @param engine the engine, may be NULL
 * @return UTF-8, in English; "" for NULL; never NULL
 */
const char *sam2lung_engine_device_reason(const struct sam2lung_engine *engine);

/**
 * CPU threads that work at the same time.
 *
 * Any thread, also while a call runs on the engine.
 *
 * @param engine the engine, may be NULL
 * @return the number; 0 for NULL
 */
uint32_t sam2lung_engine_threads(const struct sam2lung_engine *engine);

/**
 * Frees an engine and the memory of its networks; results of its runs stay. In a process that was forked from the engine's
 * own nothing is given back, for the engine's threads aren't there: a static object may free it while the child exits.
 *
 * Any thread, but not while a call runs on the engine, and not from its callback. A job (sam2lung_job_start()) keeps what it needs:
 * an engine may be freed before its job ends.
 *
 * @param engine the engine, may be NULL
 */
void sam2lung_engine_free(struct sam2lung_engine *engine);

/**
 * Status of an error, the same that the failed call returned.
 *
 * Any thread.
 *
 * @param error the error, may be NULL
 * @return its status; SAM2LUNG_STATUS_OK for NULL
 */
enum sam2lung_status sam2lung_error_status(const struct sam2lung_error *error);

/**
 * Name of an error, which never changes once released: programs match on it, people search for it.
 *
 * Belongs to the error, valid until it is freed. Any thread.
 *
 * @param error the error, may be NULL
 * @return for example "E_NOT_HU"; "" for NULL; never NULL
 */
const char *sam2lung_error_name(const struct sam2lung_error *error);

/**
 * The whole text: what was got, what was expected and what to do.
 *
 * Belongs to the error, valid until it is freed. Any thread.
 *
 * @param error the error, may be NULL
 * @return UTF-8, in English; "" for NULL; never NULL
 */
const char *sam2lung_error_message(const struct sam2lung_error *error);

/**
 * The stage of a run that failed.
 *
 * Belongs to the error, valid until it is freed. Any thread.
 *
 * @param error the error, may be NULL
 * @return for example "Segmenting slices"; "" for NULL and where no stage had begun; never NULL
 */
const char *sam2lung_error_stage(const struct sam2lung_error *error);

/**
 * What to do: the part of the message that can be shown by itself.
 *
 * Belongs to the error, valid until it is freed. Any thread.
 *
 * @param error the error, may be NULL
 * @return UTF-8, in English; "" for NULL and where the message has no more to say than what was expected; never NULL
 */
const char *sam2lung_error_remedy(const struct sam2lung_error *error);

/**
 * Frees an error and its texts.
 *
 * Any thread; not while another one reads it.
 *
 * @param error the error, may be NULL
 */
void sam2lung_error_free(struct sam2lung_error *error);

/**
 * Reads a CT: a folder with a DICOM series, NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr) or MetaImage (.mha, .mhd). What
 * can't be HU is refused.
 *
 * Any thread.
 *
 * @param path the folder or file, UTF-8, not NULL
 * @param series which of several CT series in the folder: its UID, "thinnest" or "first" (series number); may be NULL
 * @param cancel cancels the call from any thread, may be NULL
 * @param image where the image goes, not NULL; belongs to the caller, who frees it with sam2lung_image_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_image_read_ct(const char *path,
                                            const char *series,
                                            const struct sam2lung_cancel *cancel,
                                            struct sam2lung_image **image,
                                            struct sam2lung_error **error);

/**
 * Reads any scalar volume in these formats, such as a mask or a map, whatever its values mean.
 *
 * Any thread.
 *
 * @param path the folder or file, UTF-8, not NULL
 * @param image where the image goes, not NULL; belongs to the caller, who frees it with sam2lung_image_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_image_read(const char *path,
                                         struct sam2lung_image **image,
                                         struct sam2lung_error **error);

/**
 * Makes a chest CT by arithmetic, to try things out: 336 x 272 x 100 voxels with nodules that sam2lung_image_facts()
 * lists.
 *
 * Any thread.
 *
 * @param seed another seed gives another chest
 * @param image where the image goes, not NULL; belongs to the caller, who frees it with sam2lung_image_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_image_phantom(uint64_t seed,
                                            struct sam2lung_image **image,
                                            struct sam2lung_error **error);

/**
 * The voxels: SAM2LUNG_VOXEL_TYPE_FLOAT32, packed; HU for a CT.
 *
 * They belong to the image and stay valid until it is freed; don't write to them. Any thread.
 *
 * @param image the image, not NULL
 * @param volume where the view goes, not NULL, with struct_size set; no more than that is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_image_volume(const struct sam2lung_image *image,
                                           struct sam2lung_volume *volume,
                                           struct sam2lung_error **error);

/**
 * Where an image came from, as a JSON object; nothing in it names the patient.
 *
 * Belongs to the image, valid until it is freed. Any thread.
 *
 * @param image the image, may be NULL
 * @return UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_image_facts(const struct sam2lung_image *image);

/**
 * How many warnings an image has: what it can't be trusted for.
 *
 * Any thread.
 *
 * @param image the image, may be NULL
 * @return the number; 0 for NULL
 */
size_t sam2lung_image_warning_count(const struct sam2lung_image *image);

/**
 * The name of a warning, `W_…`; it never changes once released.
 *
 * Belongs to the image, valid until it is freed. Any thread.
 *
 * @param image the image, may be NULL
 * @param index from 0, less than sam2lung_image_warning_count()
 * @return UTF-8; "" where there is none and for NULL; never NULL
 */
const char *sam2lung_image_warning_name(const struct sam2lung_image *image, size_t index);

/**
 * What a warning says, in English; show it beside the image.
 *
 * Belongs to the image, valid until it is freed. Any thread.
 *
 * @param image the image, may be NULL
 * @param index from 0, less than sam2lung_image_warning_count()
 * @return UTF-8; "" where there is none and for NULL; never NULL
 */
const char *sam2lung_image_warning_text(const struct sam2lung_image *image, size_t index);

/**
 * Frees an image and its voxels.
 *
 * Any thread; not while another one reads it or a view of it.
 *
 * @param image the image, may be NULL
 */
void sam2lung_image_free(struct sam2lung_image *image);

/**
 * Starts a run on a thread of the library's own and returns. Since version 5 of the interface.
 *
 * What a run is told and finds is that of sam2lung_engine_run(). Volumes and mask are copied before this returns (as a run does as
 * well, so that no more memory is taken): the caller may change or free them at once, and options too. That, and the checks
 * that need no network, are what this call takes its time for.
 *
 * The engine is busy until the job ends: another call or job on it gets SAM2LUNG_STATUS_BUSY at once, none is queued. The engine
 * may be freed before. Jobs on different engines run at the same time. Wait for jobs or free them before the process ends.
 *
 * Any thread.
 *
 * @param engine the engine, not NULL
 * @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; copied
 * @param volume_count how many there are
 * @param options options of the run, borrowed for the call; its progress is NULL (sam2lung_job_poll() tells it), its cancel token
 *        may be freed before the job ends; NULL: the defaults
 * @param job where the job goes, not NULL; belongs to the caller, who frees it with sam2lung_job_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not: then nothing runs
 */
enum sam2lung_status sam2lung_job_start(struct sam2lung_engine *engine,
                                        const struct sam2lung_volume *const *volumes,
                                        size_t volume_count,
                                        const struct sam2lung_run_options *options,
                                        struct sam2lung_job **job,
                                        struct sam2lung_error **error);

/**
 * As sam2lung_job_start(), with clicks as sam2lung_engine_run_clicks() has them. Since version 5 of the interface.
 *
 * @param engine the engine, not NULL
 * @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; copied
 * @param volume_count how many there are
 * @param inside voxel indices i, j, k of each click in a nodule, not NULL; copied
 * @param inside_count how many clicks that are, at least 1
 * @param outside voxel indices i, j, k of clicks that don't belong to it; may be NULL when there is none; copied
 * @param outside_count how many clicks that are
 * @param options as for sam2lung_job_start()
 * @param job where the job goes, not NULL; belongs to the caller, who frees it with sam2lung_job_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not: then nothing runs
 */
enum sam2lung_status sam2lung_job_start_clicks(struct sam2lung_engine *engine,
                                               const struct sam2lung_volume *const *volumes,
                                               size_t volume_count,
                                               const int64_t *inside,
                                               size_t inside_count,
                                               const int64_t *outside,
                                               size_t outside_count,
                                               const struct sam2lung_run_options *options,
                                               struct sam2lung_job **job,
                                               struct sam2lung_error **error);

/**
 * How far a job is; returns at once. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param job the job, not NULL
 * @param progress where it goes, with struct_size set; no more than that is written; may be NULL. Before the first step all
 *        numbers are 0
 * @param ended whether the job has ended, well or not (sam2lung_job_result() tells); may be NULL
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_job_poll(const struct sam2lung_job *job,
                                       struct sam2lung_progress *progress,
                                       bool *ended,
                                       struct sam2lung_error **error);

/**
 * Waits until a job ends, or for some time. Since version 5 of the interface.
 *
 * Any thread, several at once; the job mustn't be freed meanwhile.
 *
 * @param job the job, not NULL
 * @param timeout_ms how long at most, in ms; 0: not at all; negative: until it ends
 * @param ended whether the job has ended, well or not (sam2lung_job_result() tells); may be NULL
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, also when the time is over; or why not
 */
enum sam2lung_status sam2lung_job_wait(const struct sam2lung_job *job,
                                       int64_t timeout_ms,
                                       bool *ended,
                                       struct sam2lung_error **error);

/**
 * Hands over what a job found, or says why it failed: with the status and error that sam2lung_engine_run() would have ended with,
 * SAM2LUNG_STATUS_CANCELLED among them. Since version 5 of the interface.
 *
 * A result is handed over once; why a job failed is told as often as it is asked. A job that still runs is
 * SAM2LUNG_STATUS_INVALID_ARGUMENT.
 *
 * Any thread.
 *
 * @param job the job, not NULL
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free(); it outlives job and
 *        engine
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_job_result(const struct sam2lung_job *job,
                                         struct sam2lung_result **result,
                                         struct sam2lung_error **error);

/**
 * Asks a job to stop; asking again, or when it has ended, changes nothing. Returns at once: the job ends soon after, as a run does
 * (sam2lung_cancel_request()). Since version 5 of the interface.
 *
 * Any thread, but no signal handler: it takes a lock.
 *
 * @param job the job, may be NULL
 */
void sam2lung_job_cancel(const struct sam2lung_job *job);

/**
 * Frees a job: one that still runs is cancelled and waited for, as long as a cancelled run takes. A result that wasn't handed over
 * goes with it. Since version 5 of the interface.
 *
 * Any thread; not while another one uses the job.
 *
 * @param job the job, may be NULL
 */
void sam2lung_job_free(struct sam2lung_job *job);

/**
 * Sets who is told what the library says; there is one receiver a process, and none at first.
 *
 * Any thread. A callback of the receiver before may still be running on another thread when this returns.
 *
 * @param callback the receiver; NULL: nobody
 * @param user_data handed to the callback; has to stay valid as long as that can be called
 * @param level a sam2lung_log_level: what is less important isn't told; SAM2LUNG_LOG_LEVEL_OFF: nothing is
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_log_set(sam2lung_log_fn callback,
                                      void *user_data,
                                      int32_t level,
                                      struct sam2lung_error **error);

/**
 * Makes a result of maps that were kept, so that sam2lung_engine_click() can go on from it. Since version 4 of the interface.
 *
 * Its nodules are the numbers in the label map, each with a place (sam2lung_nodule::centroid_ijk, centroid_ras), a volume and
 * the diameter of a ball of that volume; every other number is NaN or 0. Nobody knows which uncertainty the map shows
 * (sam2lung_result_uncertainty() is SAM2LUNG_UNCERTAINTY_BUNDLE), nor the threshold (NaN). A map that isn't given is 0 everywhere.
 *
 * Any thread.
 *
 * @param labels the nodules' numbers, 0 elsewhere, SAM2LUNG_VOXEL_TYPE_UINT16, on the CT's grid, not NULL; copied
 * @param probability mean probability on the same grid, of any voxel type, may be NULL; copied
 * @param uncertainty uncertainty on the same grid, of any voxel type, may be NULL; copied
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_from_maps(const struct sam2lung_volume *labels,
                                               const struct sam2lung_volume *probability,
                                               const struct sam2lung_volume *uncertainty,
                                               struct sam2lung_result **result,
                                               struct sam2lung_error **error);

/**
 * Measures outlines that no run made, such as ones that a person drew or edited. Since version 5 of the interface.
 *
 * As sam2lung_result_from_maps(), and each nodule has every measure that its outline, the CT and the maps give: axes, mean
 * diameter and its size bands, HU and texture, probability and uncertainty. What samples, a model or the lungs say is NaN, 0 or
 * empty: intervals, shares of samples, reasons for review, class, side, distance to the pleura. So is what a map says that isn't
 * given.
 *
 * Volumes may be a part of the CT that holds the outlines and what lies within 10 mm of them; voxel indices
 * (sam2lung_nodule::centroid_ijk, long_axis_slice) are then that part's.
 *
 * Any thread.
 *
 * @param volume the CT, of any voxel type, not NULL; copied
 * @param labels numbers of the outlines, 0 elsewhere, SAM2LUNG_VOXEL_TYPE_UINT16, on the same grid, not NULL; copied
 * @param probability mean probability on the same grid, of any voxel type, may be NULL; copied
 * @param uncertainty uncertainty on the same grid, of any voxel type, may be NULL; copied
 * @param hounsfield whether the volume's values are HU; else what HU say of density is NaN or empty
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_from_outlines(const struct sam2lung_volume *volume,
                                                   const struct sam2lung_volume *labels,
                                                   const struct sam2lung_volume *probability,
                                                   const struct sam2lung_volume *uncertainty,
                                                   bool hounsfield,
                                                   struct sam2lung_result **result,
                                                   struct sam2lung_error **error);

/**
 * How many measures this library knows: the columns of nodules.csv but for the last. Later libraries have more, and those
 * that are there keep their numbers.
 *
 * Any thread. Since version 4 of the interface.
 *
 * @return the number
 */
size_t sam2lung_measure_count(void);

/**
 * The name of a measure, as in nodules.csv, such as volume_mm3.
 *
 * Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
 *
 * @param measure from 0, less than sam2lung_measure_count()
 * @return UTF-8; "" where there is none; never NULL
 */
const char *sam2lung_measure_name(size_t measure);

/**
 * A few English words for the head of a measure's column.
 *
 * Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
 *
 * @param measure from 0, less than sam2lung_measure_count()
 * @return UTF-8; "" where there is none; never NULL
 */
const char *sam2lung_measure_title(size_t measure);

/**
 * The unit of a measure, such as mm³.
 *
 * Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
 *
 * @param measure from 0, less than sam2lung_measure_count()
 * @return UTF-8; "" for a number without unit, for uncertainty_mean, whose unit is that of the uncertainty map (bit, or none
 * for the variance), and where there is no such measure; never NULL
 */
const char *sam2lung_measure_unit(size_t measure);

/**
 * What a measure is, in English, without a full stop.
 *
 * Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
 *
 * @param measure from 0, less than sam2lung_measure_count()
 * @return UTF-8; "" where there is none; never NULL
 */
const char *sam2lung_measure_meaning(size_t measure);

/**
 * The type of a measure.
 *
 * Any thread. Since version 4 of the interface.
 *
 * @param measure from 0, less than sam2lung_measure_count()
 * @return a sam2lung_value_type; -1 where there is none
 */
int32_t sam2lung_measure_type(size_t measure);

/**
 * A measure of a nodule as a number.
 *
 * Any thread. Since version 4 of the interface.
 *
 * @param result the result, not NULL
 * @param nodule index of the nodule, from 0
 * @param measure from 0, less than sam2lung_measure_count(); not a text
 * @param value where it goes, not NULL; 0 or 1 for a flag, NaN where the model has nothing to say
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_measure(const struct sam2lung_result *result,
                                             size_t nodule,
                                             size_t measure,
                                             double *value,
                                             struct sam2lung_error **error);

/**
 * A measure of a nodule as text, as it stands in nodules.csv; several texts are separated by "; ".
 *
 * Belongs to the result, valid until it is freed. Any thread. Since version 4 of the interface.
 *
 * @param result the result, may be NULL
 * @param nodule index of the nodule, from 0
 * @param measure from 0, less than sam2lung_measure_count()
 * @return UTF-8; "" where the model has nothing to say, where there is none, and for NULL; never NULL
 */
const char *sam2lung_result_measure_text(const struct sam2lung_result *result, size_t nodule, size_t measure);

/**
 * The name of a nodule's class, as the model has it.
 *
 * Belongs to the result, valid until it is freed. Any thread. Since version 4 of the interface.
 *
 * @param result the result, may be NULL
 * @param nodule index of the nodule, from 0
 * @return UTF-8; "" where there is none and for NULL; never NULL
 */
const char *sam2lung_result_nodule_class(const struct sam2lung_result *result, size_t nodule);

/**
 * A nodule's volume under each sample in mm³, in the order of the samples; 0 where a sample misses it. With the same seed
 * and model sample n is the same network in every CT, so that two scans can be compared sample by sample.
 *
 * The numbers belong to the result and stay valid until it is freed; don't write to them. Any thread. Since version 4 of the
 * interface.
 *
 * @param result the result, may be NULL
 * @param nodule index of the nodule, from 0
 * @param count where their number goes, may be NULL; 0 where there are none
 * @return the volumes; NULL where there are none
 */
const double *sam2lung_result_sample_volumes(const struct sam2lung_result *result,
                                             size_t nodule,
                                             size_t *count);

/**
 * A nodule's mean diameter (mean_diameter_mm) under each sample in mm, in the order of the samples; 0 where one misses it.
 *
 * The numbers belong to the result and stay valid until it is freed; don't write to them. Any thread. Since version 5 of the
 * interface.
 *
 * @param result the result, may be NULL
 * @param nodule index of the nodule, from 0
 * @param count where their number goes, may be NULL; 0 where there are none
 * @return the diameters; NULL where there are none
 */
const double *sam2lung_result_sample_mean_diameters(const struct sam2lung_result *result,
                                                    size_t nodule,
                                                    size_t *count);

/**
 * The name of a kind of uncertainty, as on the command line, such as mutual-information.
 *
 * Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
 *
 * @param uncertainty a sam2lung_uncertainty
 * @return UTF-8; "" for another number; never NULL
 */
const char *sam2lung_uncertainty_name(int32_t uncertainty);

/**
 * Sets every field to its default and struct_size to the size given.
 *
 * Any thread.
 *
 * @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
 * @param struct_size sizeof(sam2lung_engine_options) as the caller's compiler knows it; no more is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_engine_options_init(struct sam2lung_engine_options *options,
                                                  size_t struct_size,
                                                  struct sam2lung_error **error);

/**
 * Sets every field to its default and struct_size to the size given.
 *
 * Any thread.
 *
 * @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
 * @param struct_size sizeof(sam2lung_run_options) as the caller's compiler knows it; no more is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_run_options_init(struct sam2lung_run_options *options,
                                               size_t struct_size,
                                               struct sam2lung_error **error);

/**
 * Sets every field to its default and struct_size to the size given. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
 * @param struct_size sizeof(sam2lung_report_options) as the caller's compiler knows it; no more is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_report_options_init(struct sam2lung_report_options *options,
                                                  size_t struct_size,
                                                  struct sam2lung_error **error);

/**
 * Writes a result into a folder, as `sam2lung segment` of the command line does: report.html to begin with, findings.txt,
 * overview.png, nodules.json, nodules.csv, run.json, the volumes, and surfaces, sample outlines and DICOM objects where they are
 * asked for. README.md lists the files. Nothing leaves the machine. Since version 5 of the interface.
 *
 * The folder is there whole or not at all: what is written is gathered beside it and takes its place at the end. An earlier
 * result there is replaced; a folder that holds anything else is refused (E_WRITE). Its name is what the pages call the CT.
 *
 * DICOM objects have patient, study and frame of reference of the CT's series. What a reader rejected is no segment and no
 * measurement group.
 *
 * The result has to be one of a run: of maps that were kept (sam2lung_result_from_maps()), and of a click by another bundle or
 * seed than the run's, nobody knows how they were made. It is not changed.
 *
 * Any thread, several at once.
 *
 * @param result the result, not NULL
 * @param volume the CT that it was made from, voxel for voxel (another one is refused); of several channels the first in HU. May
 *        be NULL with sam2lung_report_options::image; borrowed for the call
 * @param options what is written, borrowed for the call; NULL: the defaults
 * @param folder where it goes, UTF-8, not NULL; folders above it are made
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_write_report(const struct sam2lung_result *result,
                                                  const struct sam2lung_volume *volume,
                                                  const struct sam2lung_report_options *options,
                                                  const char *folder,
                                                  struct sam2lung_error **error);

/**
 * How many nodules were found.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return the number; 0 for NULL
 */
size_t sam2lung_result_nodule_count(const struct sam2lung_result *result);

/**
 * A nodule in numbers; nodules stand by rising number (sam2lung_nodule::id). A run numbers them 1 to N by falling volume; after
 * sam2lung_engine_click() and in what sam2lung_result_from_maps() makes numbers may have gaps and say nothing of size.
 *
 * Any thread.
 *
 * @param result the result, not NULL
 * @param index from 0, less than sam2lung_result_nodule_count()
 * @param nodule where it goes, not NULL, with struct_size set; no more than that is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_nodule(const struct sam2lung_result *result,
                                            size_t index,
                                            struct sam2lung_nodule *nodule,
                                            struct sam2lung_error **error);

/**
 * How many micronodules were found: findings that are smaller than sam2lung_run_options::min_diameter_mm. They are no nodules
 * of sam2lung_result_nodule() and have no voxel in the label map. Since version 5 of the interface.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return the number; 0 for NULL
 */
size_t sam2lung_result_micronodule_count(const struct sam2lung_result *result);

/**
 * A micronodule in numbers, the largest first. Its id is 0, and its review reasons can't be had. Since version 5 of the
 * interface.
 *
 * Any thread.
 *
 * @param result the result, not NULL
 * @param index from 0, less than sam2lung_result_micronodule_count()
 * @param nodule where it goes, not NULL, with struct_size set; no more than that is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_micronodule(const struct sam2lung_result *result,
                                                 size_t index,
                                                 struct sam2lung_nodule *nodule,
                                                 struct sam2lung_error **error);

/**
 * Why someone should look again at a nodule.
 *
 * Belongs to the result, valid until it is freed. Any thread.
 *
 * @param result the result, may be NULL
 * @param nodule index of the nodule, from 0
 * @param reason index of the reason, from 0, less than sam2lung_nodule::review_reason_count
 * @return UTF-8, in English; "" where there is none and for NULL; never NULL
 */
const char *sam2lung_result_review_reason(const struct sam2lung_result *result, size_t nodule, size_t reason);

/**
 * How many clicks inside a nodule there were (sam2lung_engine_run_clicks(), sam2lung_engine_click()). Since version 4 of the
 * interface.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return the number of clicks inside; 0 for NULL and after sam2lung_engine_run()
 */
size_t sam2lung_result_click_count(const struct sam2lung_result *result);

/**
 * The nodule at a click. Since version 4 of the interface.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @param click index of the click inside, in the order in which they were given, from 0
 * @return the nodule's number in the label map; 0: nothing was found there, no such click, or NULL
 */
uint32_t sam2lung_result_click_nodule(const struct sam2lung_result *result, size_t click);

/**
 * Deprecated: the name of sam2lung_result_click_count() before version 4 of the interface.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return the number of clicks inside; 0 for NULL and after sam2lung_engine_run()
 */
size_t sam2lung_result_point_count(const struct sam2lung_result *result);

/**
 * Deprecated: the name of sam2lung_result_click_nodule() before version 4 of the interface.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @param point index of the click inside, in the order in which they were given, from 0
 * @return the nodule's number in the label map; 0: nothing was found there, no such click, or NULL
 */
uint32_t sam2lung_result_point_nodule(const struct sam2lung_result *result, size_t point);

/**
 * The label map: the nodules' numbers, 0 elsewhere, SAM2LUNG_VOXEL_TYPE_UINT16, packed, on the CT's own grid.
 *
 * The voxels belong to the result and stay valid until it is freed; don't write to them. Any thread.
 *
 * @param result the result, not NULL
 * @param volume where the view goes, not NULL, with struct_size set; no more than that is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_labels(const struct sam2lung_result *result,
                                            struct sam2lung_volume *volume,
                                            struct sam2lung_error **error);

/**
 * A map: SAM2LUNG_VOXEL_TYPE_FLOAT32, packed, on the CT's own grid.
 *
 * The voxels belong to the result and stay valid until it is freed; don't write to them. Any thread.
 *
 * @param result the result, not NULL
 * @param map a sam2lung_map
 * @param volume where the view goes, not NULL, with struct_size set; no more than that is written
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_map(const struct sam2lung_result *result,
                                         int32_t map,
                                         struct sam2lung_volume *volume,
                                         struct sam2lung_error **error);

/**
 * Copies the label map: packed, i fastest.
 *
 * Any thread.
 *
 * @param result the result, not NULL
 * @param buffer where the voxels go, not NULL, aligned for its type
 * @param count voxels that fit there: exactly those of the volume
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_copy_labels(const struct sam2lung_result *result,
                                                 uint16_t *buffer,
                                                 size_t count,
                                                 struct sam2lung_error **error);

/**
 * Copies a map: packed, i fastest.
 *
 * Any thread.
 *
 * @param result the result, not NULL
 * @param map a sam2lung_map
 * @param buffer where the voxels go, not NULL, aligned for its type
 * @param count voxels that fit there: exactly those of the volume
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_copy_map(const struct sam2lung_result *result,
                                              int32_t map,
                                              float *buffer,
                                              size_t count,
                                              struct sam2lung_error **error);

/**
 * The kind of uncertainty that SAM2LUNG_MAP_UNCERTAINTY shows.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return a sam2lung_uncertainty; SAM2LUNG_UNCERTAINTY_BUNDLE for NULL, and for maps of which nobody knows
 *         (sam2lung_result_from_maps())
 */
int32_t sam2lung_result_uncertainty(const struct sam2lung_result *result);

/**
 * How many samples were drawn.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return the number; 0 for NULL
 */
uint32_t sam2lung_result_samples(const struct sam2lung_result *result);

/**
 * The threshold that was used.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return mean probability above which a voxel belongs to a nodule; NaN for NULL
 */
double sam2lung_result_threshold(const struct sam2lung_result *result);

/**
 * How long the run took.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return seconds; NaN for NULL
 */
double sam2lung_result_seconds(const struct sam2lung_result *result);

/**
 * The nodules as a JSON list, the text of nodules.json that the command line writes.
 *
 * Belongs to the result, valid until it is freed. Any thread.
 *
 * @param result the result, may be NULL
 * @return UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_result_nodules_json(const struct sam2lung_result *result);

/**
 * How many warnings a result has: what it can't be trusted for.
 *
 * Any thread.
 *
 * @param result the result, may be NULL
 * @return the number; 0 for NULL
 */
size_t sam2lung_result_warning_count(const struct sam2lung_result *result);

/**
 * The name of a warning, `W_…`; it never changes once released.
 *
 * Belongs to the result, valid until it is freed. Any thread.
 *
 * @param result the result, may be NULL
 * @param index from 0, less than sam2lung_result_warning_count()
 * @return UTF-8; "" where there is none and for NULL; never NULL
 */
const char *sam2lung_result_warning_name(const struct sam2lung_result *result, size_t index);

/**
 * What a warning says, in English; show it beside the result.
 *
 * Belongs to the result, valid until it is freed. Any thread.
 *
 * @param result the result, may be NULL
 * @param index from 0, less than sam2lung_result_warning_count()
 * @return UTF-8; "" where there is none and for NULL; never NULL
 */
const char *sam2lung_result_warning_text(const struct sam2lung_result *result, size_t index);

/**
 * Copies a map where it lies within 10 mm of a nodule, and 0 elsewhere: packed, i fastest. Since version 4 of the interface.
 *
 * Any thread.
 *
 * @param result the result, not NULL
 * @param map a sam2lung_map
 * @param buffer where the voxels go, not NULL, aligned for its type
 * @param count voxels that fit there: exactly those of the volume
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_copy_map_near_nodules(const struct sam2lung_result *result,
                                                           int32_t map,
                                                           float *buffer,
                                                           size_t count,
                                                           struct sam2lung_error **error);

/**
 * Frees a result and all its maps and texts.
 *
 * Any thread; not while another one reads it or a view of it.
 *
 * @param result the result, may be NULL
 */
void sam2lung_result_free(struct sam2lung_result *result);

/**
 * Finds and outlines the nodules of a CT in HU.
 *
 * The same volume, options and bundle give the same bits, whatever the number of threads or the batch. After an error or
 * a cancel the engine can be used again, and the memory of the run is given back. Any thread; one call at a time on an
 * engine, another one gets SAM2LUNG_STATUS_BUSY.
 *
 * @param engine the engine, not NULL
 * @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
 * @param volume_count how many there are
 * @param options options of the run, borrowed for the call; NULL: the defaults
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_engine_run(struct sam2lung_engine *engine,
                                         const struct sam2lung_volume *const *volumes,
                                         size_t volume_count,
                                         const struct sam2lung_run_options *options,
                                         struct sam2lung_result **result,
                                         struct sam2lung_error **error);

/**
 * As sam2lung_engine_run(), and outlines a nodule at each click inside in any case. Since version 4 of the interface.
 *
 * @param engine the engine, not NULL
 * @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
 * @param volume_count how many there are
 * @param inside voxel indices i, j, k of each click in a nodule, not NULL; borrowed for the call
 * @param inside_count how many clicks that are, at least 1
 * @param outside voxel indices i, j, k of clicks that don't belong to it, for bundles that take clicks
 *        (sam2lung_bundle_takes_clicks()); may be NULL when there is none; borrowed for the call
 * @param outside_count how many clicks that are
 * @param options options of the run, borrowed for the call; NULL: the defaults
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_engine_run_clicks(struct sam2lung_engine *engine,
                                                const struct sam2lung_volume *const *volumes,
                                                size_t volume_count,
                                                const int64_t *inside,
                                                size_t inside_count,
                                                const int64_t *outside,
                                                size_t outside_count,
                                                const struct sam2lung_run_options *options,
                                                struct sam2lung_result **result,
                                                struct sam2lung_error **error);

/**
 * Deprecated: the name of sam2lung_engine_run_clicks() before version 4 of the interface.
 *
 * @param engine the engine, not NULL
 * @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
 * @param volume_count how many there are
 * @param inside voxel indices i, j, k of each click in a nodule, not NULL; borrowed for the call
 * @param inside_count how many clicks that are, at least 1
 * @param outside voxel indices i, j, k of clicks that don't belong to it, for bundles that take clicks
 *        (sam2lung_bundle_takes_clicks()); may be NULL when there is none; borrowed for the call
 * @param outside_count how many clicks that are
 * @param options options of the run, borrowed for the call; NULL: the defaults
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_engine_run_at(struct sam2lung_engine *engine,
                                            const struct sam2lung_volume *const *volumes,
                                            size_t volume_count,
                                            const int64_t *inside,
                                            size_t inside_count,
                                            const int64_t *outside,
                                            size_t outside_count,
                                            const struct sam2lung_run_options *options,
                                            struct sam2lung_result **result,
                                            struct sam2lung_error **error);

/**
 * Outlines a nodule at each click inside in an earlier result of the same volumes. Only boxes around the clicks are run, which
 * takes seconds. Since version 4 of the interface.
 *
 * What is new takes the place of what it is another version of: of outlines with which it shares at least half of the smaller
 * one. It keeps the number of the nodule that it replaces (of several: of the one with which it shares most voxels), else it gets
 * the highest number there is, plus one. The maps change within 10 mm of it, but not nearer to another nodule. Everything else
 * is as it was: other nodules keep their numbers, outlines and measures. Where nothing is found at a click
 * (sam2lung_result_click_nodule() is 0), nothing changes.
 *
 * The options are those of a run. sam2lung_run_options::search says how lungs are known, if the bundle wants to know;
 * SAM2LUNG_SEARCH_EVERYWHERE is the fastest, and right for all but lungs that are nearly air. The kind of uncertainty is that of
 * the earlier result, unless that is of sam2lung_result_from_maps().
 *
 * @param engine the engine, not NULL
 * @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
 * @param volume_count how many there are
 * @param earlier the earlier result, not NULL; not changed, and not used after the call
 * @param inside voxel indices i, j, k of each click in a nodule, not NULL; borrowed for the call
 * @param inside_count how many clicks that are, at least 1
 * @param outside voxel indices i, j, k of clicks that don't belong to it, for bundles that take clicks
 *        (sam2lung_bundle_takes_clicks()); may be NULL when there is none; borrowed for the call
 * @param outside_count how many clicks that are
 * @param options options of the run, borrowed for the call; NULL: the defaults
 * @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_engine_click(struct sam2lung_engine *engine,
                                           const struct sam2lung_volume *const *volumes,
                                           size_t volume_count,
                                           const struct sam2lung_result *earlier,
                                           const int64_t *inside,
                                           size_t inside_count,
                                           const int64_t *outside,
                                           size_t outside_count,
                                           const struct sam2lung_run_options *options,
                                           struct sam2lung_result **result,
                                           struct sam2lung_error **error);

/**
 * Loads ONNX Runtime, unless this process has loaded it, and tries the devices.
 *
 * Engines load it by themselves when they need it; this says where it is, and lets a program name the file. Where none is
 * named it is looked for: the environment variable SAM2LUNG_ONNXRUNTIME, beside this library or in ../lib from there, in
 * .deps/ of a folder above, where the system's loader finds it. The first success stays for the life of the process: a
 * later call that names another file gets SAM2LUNG_STATUS_RUNTIME. Loading sets the environment variable
 * ORT_DISABLE_TELEMETRY, so that nothing leaves the machine: call it before other threads use the environment.
 *
 * Any thread.
 *
 * @param library path of libonnxruntime, UTF-8; NULL: it is looked for
 * @param runtime where the description goes, not NULL; belongs to the caller, who frees it with sam2lung_runtime_free()
 * @param error where an error goes, may be NULL; its message lists every place that was tried
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_runtime_load(const char *library,
                                           struct sam2lung_runtime **runtime,
                                           struct sam2lung_error **error);

/**
 * The file that ONNX Runtime was loaded from.
 *
 * Belongs to the object, valid until it is freed. Any thread.
 *
 * @param runtime the runtime, may be NULL
 * @return its path as it was given or found, UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_runtime_library(const struct sam2lung_runtime *runtime);

/**
 * What ONNX Runtime says of itself: version, commit, flags.
 *
 * Belongs to the object, valid until it is freed. Any thread.
 *
 * @param runtime the runtime, may be NULL
 * @return UTF-8; "" for NULL; never NULL
 */
const char *sam2lung_runtime_build(const struct sam2lung_runtime *runtime);

/**
 * How many devices this library knows of; not each of them can be used.
 *
 * Any thread.
 *
 * @param runtime the runtime, may be NULL
 * @return the number; 0 for NULL
 */
size_t sam2lung_runtime_device_count(const struct sam2lung_runtime *runtime);

/**
 * A device, and whether it can be used. All outputs are written or none.
 *
 * Any thread.
 *
 * @param runtime the runtime, not NULL
 * @param index from 0, less than sam2lung_runtime_device_count()
 * @param device where the sam2lung_device goes, not NULL
 * @param usable where it goes whether the device can be used, not NULL
 * @param reason where it goes why, or why not, not NULL; the text (UTF-8) belongs to the runtime, valid until that is freed
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_runtime_device(const struct sam2lung_runtime *runtime,
                                             size_t index,
                                             int32_t *device,
                                             bool *usable,
                                             const char **reason,
                                             struct sam2lung_error **error);

/**
 * Frees the description; ONNX Runtime stays loaded.
 *
 * Any thread; not while another one reads it.
 *
 * @param runtime the runtime, may be NULL
 */
void sam2lung_runtime_free(struct sam2lung_runtime *runtime);

/**
 * Name of a status.
 *
 * Belongs to the library, valid as long as it is loaded. Any thread.
 *
 * @param status value of a sam2lung_status
 * @return for example "SAM2LUNG_STATUS_OK"; "unknown" for a value that this library doesn't know; never NULL
 */
const char *sam2lung_status_name(int32_t status);

/**
 * The library's version as text, for example "0.4.0".
 *
 * Belongs to the library, valid as long as it is loaded. Any thread.
 *
 * @return UTF-8; never NULL
 */
const char *sam2lung_version(void);

/**
 * Version of the binary interface that this library has; compare it with SAM2LUNG_ABI_VERSION.
 *
 * Any thread.
 *
 * @return the version
 */
uint32_t sam2lung_abi_version(void);

/**
 * Writes a volume in the format that the path's ending names, with voxels of their own type. The file is there whole or
 * not at all; one that was there before is replaced.
 *
 * Any thread.
 *
 * @param volume the volume, not NULL; borrowed for the call
 * @param path where it goes: .nii, .nii.gz, .nrrd or .vti, UTF-8, not NULL
 * @param cancel cancels the call from any thread, may be NULL
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_volume_write(const struct sam2lung_volume *volume,
                                           const char *path,
                                           const struct sam2lung_cancel *cancel,
                                           struct sam2lung_error **error);

/**
 * Writes the surfaces of nodules as VTK PolyData in RAS millimetres, with the nodule's number as cell array "id". The file
 * is there whole or not at all; one that was there before is replaced.
 *
 * Any thread.
 *
 * @param result the result, not NULL
 * @param id number of one nodule, from 1; 0: all of them
 * @param path where it goes: .vtp or .vtk, UTF-8, not NULL
 * @param error where an error goes, may be NULL
 * @return SAM2LUNG_STATUS_OK, or why not
 */
enum sam2lung_status sam2lung_result_write_surfaces(const struct sam2lung_result *result,
                                                    uint32_t id,
                                                    const char *path,
                                                    struct sam2lung_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SAM2LUNG_H */
