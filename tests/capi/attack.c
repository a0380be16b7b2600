/* Arguments that can't be, for every function: a named error, outputs untouched, the engine usable afterwards.
 * Usage: attack BUNDLES FOLDER */
#include "check.h"

#include <limits.h>
#include <math.h>

/* What outputs hold before a call that has to fail. */
#define UNTOUCHED(type) ((type *)(uintptr_t)0x5a5a5a50)

/* A call with an object as output that has to fail and leave it alone. */
#define BAD_OUTPUT(type, output, call, name)                                                                           \
    do {                                                                                                               \
        output = UNTOUCHED(type);                                                                                      \
        BAD(call, name);                                                                                               \
        CHECK(output == UNTOUCHED(type));                                                                              \
        output = NULL;                                                                                                 \
    } while (0)

static sam2lung_engine *engine;
static sam2lung_result *result;
static struct block block;

static sam2lung_result *good_run(void)
{
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    sam2lung_result *found = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &found, &error));
    CHECK(sam2lung_result_nodule_count(found) == 1);
    return found;
}

static void refuse_volume(const sam2lung_volume *volume, const char *name)
{
    const sam2lung_volume *volumes[1] = {volume};
    sam2lung_run_options options = everywhere();
    sam2lung_result *found;
    BAD_OUTPUT(sam2lung_result, found, sam2lung_engine_run(engine, volumes, 1, &options, &found, &error), name);
    /* Without an error object the status alone tells. */
    CHECK(sam2lung_engine_run(engine, volumes, 1, &options, &found, NULL) != SAM2LUNG_STATUS_OK && found == NULL);
}

static void refuse_options(const sam2lung_run_options *options, const char *name)
{
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_result *found;
    BAD_OUTPUT(sam2lung_result, found, sam2lung_engine_run(engine, volumes, 1, options, &found, &error), name);
}

static void null_getters(void)
{
    CHECK(sam2lung_error_status(NULL) == SAM2LUNG_STATUS_OK);
    CHECK(strcmp(sam2lung_error_name(NULL), "") == 0 && strcmp(sam2lung_error_message(NULL), "") == 0);
    CHECK(strcmp(sam2lung_error_stage(NULL), "") == 0 && strcmp(sam2lung_error_remedy(NULL), "") == 0);
    CHECK(strcmp(sam2lung_runtime_library(NULL), "") == 0 && strcmp(sam2lung_runtime_build(NULL), "") == 0);
    CHECK(sam2lung_runtime_device_count(NULL) == 0);
    CHECK(sam2lung_bundle_signature(NULL) == SAM2LUNG_SIGNATURE_MISSING);
    CHECK(strcmp(sam2lung_bundle_signature_text(NULL), "") == 0 && strcmp(sam2lung_bundle_list_folder(NULL), "") == 0);
    CHECK(sam2lung_bundle_list_count(NULL) == 0 && strcmp(sam2lung_bundle_list_name(NULL, 0), "") == 0);
    CHECK(strcmp(sam2lung_bundle_list_version(NULL, 0), "") == 0 && strcmp(sam2lung_bundle_list_path(NULL, 0), "") == 0);
    CHECK(strcmp(sam2lung_bundle_list_purpose(NULL, 0), "") == 0 && sam2lung_bundle_list_bytes(NULL, 0) == 0);
    CHECK(strcmp(sam2lung_bundle_list_problem(NULL, 0), "") == 0 && !sam2lung_bundle_list_is_builtin(NULL, 0));
    CHECK(sam2lung_bundle_list_signature(NULL, 0) == SAM2LUNG_SIGNATURE_MISSING);
    CHECK(strcmp(sam2lung_bundle_list_signature_text(NULL, 0), "") == 0);
    CHECK(strcmp(sam2lung_bundle_list_sha256(NULL, 0), "") == 0);
    CHECK(strcmp(sam2lung_bundle_name(NULL), "") == 0 && strcmp(sam2lung_bundle_version(NULL), "") == 0);
    CHECK(strcmp(sam2lung_bundle_origin(NULL), "") == 0 && strcmp(sam2lung_bundle_contract(NULL), "") == 0);
    CHECK(strcmp(sam2lung_bundle_sha256(NULL), "") == 0);
    CHECK(sam2lung_bundle_channels(NULL) == 0 && sam2lung_bundle_samples(NULL) == 0);
    CHECK(isnan(sam2lung_bundle_threshold(NULL)) && !sam2lung_bundle_takes_clicks(NULL));
    CHECK(isnan(sam2lung_bundle_share_of_slices(NULL)));
    CHECK(sam2lung_bundle_output(NULL) == SAM2LUNG_OUTPUT_INSTANCES && sam2lung_bundle_class_count(NULL) == 0);
    CHECK(strcmp(sam2lung_bundle_class_name(NULL, 0), "") == 0 && sam2lung_bundle_class_colour(NULL, 0) == 0);
    CHECK(sam2lung_engine_device(NULL) == SAM2LUNG_DEVICE_AUTO && sam2lung_engine_threads(NULL) == 0);
    CHECK(strcmp(sam2lung_engine_device_reason(NULL), "") == 0);
    CHECK(!sam2lung_cancel_is_requested(NULL));
    sam2lung_cancel_request(NULL);
    CHECK(sam2lung_result_nodule_count(NULL) == 0 && sam2lung_result_point_count(NULL) == 0);
    CHECK(sam2lung_result_point_nodule(NULL, 0) == 0);
    CHECK(strcmp(sam2lung_result_review_reason(NULL, 0, 0), "") == 0);
    CHECK(sam2lung_result_uncertainty(NULL) == SAM2LUNG_UNCERTAINTY_BUNDLE && sam2lung_result_samples(NULL) == 0);
    CHECK(isnan(sam2lung_result_threshold(NULL)) && isnan(sam2lung_result_seconds(NULL)));
    CHECK(strcmp(sam2lung_result_nodules_json(NULL), "") == 0 && strcmp(sam2lung_image_facts(NULL), "") == 0);
}

static void null_frees(void)
{
    sam2lung_error_free(NULL);
    sam2lung_runtime_free(NULL);
    sam2lung_bundle_free(NULL);
    sam2lung_bundle_list_free(NULL);
    sam2lung_engine_free(NULL);
    sam2lung_cancel_free(NULL);
    sam2lung_result_free(NULL);
    sam2lung_image_free(NULL);
}

static void null_parameters(const char *folder)
{
    sam2lung_bundle *bundle;
    BAD_OUTPUT(sam2lung_bundle, bundle, sam2lung_bundle_open(NULL, &bundle, &error), "E_ARGUMENT");
    BAD(sam2lung_bundle_open(folder, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_bundle_list_create(folder, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_bundle_builtin(NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_runtime_load(NULL, NULL, &error), "E_ARGUMENT");

    sam2lung_runtime *runtime = NULL;
    GOOD(sam2lung_runtime_load(NULL, &runtime, &error));
    int32_t device = 77;
    bool usable = true;
    const char *reason = UNTOUCHED(const char);
    BAD(sam2lung_runtime_device(NULL, 0, &device, &usable, &reason, &error), "E_ARGUMENT");
    BAD(sam2lung_runtime_device(runtime, 0, NULL, &usable, &reason, &error), "E_ARGUMENT");
    BAD(sam2lung_runtime_device(runtime, 0, &device, NULL, &reason, &error), "E_ARGUMENT");
    BAD(sam2lung_runtime_device(runtime, 0, &device, &usable, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_runtime_device(runtime, 2, &device, &usable, &reason, &error), "E_ARGUMENT");
    BAD(sam2lung_runtime_device(runtime, SIZE_MAX, &device, &usable, &reason, &error), "E_ARGUMENT");
    CHECK(device == 77 && usable && reason == UNTOUCHED(const char));
    sam2lung_runtime_free(runtime);

    sam2lung_engine_options engine_options;
    sam2lung_run_options options;
    BAD(sam2lung_engine_options_init(NULL, sizeof engine_options, &error), "E_ARGUMENT");
    BAD(sam2lung_run_options_init(NULL, sizeof options, &error), "E_ARGUMENT");
    sam2lung_engine *made;
    BAD_OUTPUT(sam2lung_engine, made, sam2lung_engine_create(NULL, NULL, &made, &error), "E_ARGUMENT");
    GOOD(sam2lung_bundle_builtin(&bundle, &error));
    BAD(sam2lung_engine_create(bundle, NULL, NULL, &error), "E_ARGUMENT");
    sam2lung_bundle_free(bundle);

    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    const int64_t point[3] = {0, 0, 0};
    options = everywhere();
    sam2lung_result *found;
    BAD_OUTPUT(sam2lung_result, found, sam2lung_engine_run(NULL, volumes, 1, &options, &found, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_result, found, sam2lung_engine_run(engine, NULL, 1, &options, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_engine_run(engine, volumes, 1, &options, NULL, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_result, found,
               sam2lung_engine_run_at(NULL, volumes, 1, point, 1, NULL, 0, &options, &found, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_result, found,
               sam2lung_engine_run_at(engine, NULL, 1, point, 1, NULL, 0, &options, &found, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_result, found,
               sam2lung_engine_run_at(engine, volumes, 1, NULL, 1, NULL, 0, &options, &found, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_result, found,
               sam2lung_engine_run_at(engine, volumes, 1, point, 1, NULL, 1, &options, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_engine_run_at(engine, volumes, 1, point, 1, NULL, 0, &options, NULL, &error), "E_ARGUMENT");
    refuse_volume(NULL, "E_ARGUMENT");

    BAD(sam2lung_cancel_create(NULL, &error), "E_ARGUMENT");

    sam2lung_nodule nodule;
    memset(&nodule, 0x5a, sizeof nodule);
    sam2lung_nodule before = nodule;
    nodule.struct_size = before.struct_size = sizeof nodule;
    BAD(sam2lung_result_nodule(NULL, 0, &nodule, &error), "E_ARGUMENT");
    BAD(sam2lung_result_nodule(result, 1, &nodule, &error), "E_ARGUMENT");
    BAD(sam2lung_result_nodule(result, SIZE_MAX, &nodule, &error), "E_ARGUMENT");
    BAD(sam2lung_result_nodule(result, 0, NULL, &error), "E_ARGUMENT");
    CHECK(memcmp(&nodule, &before, sizeof nodule) == 0);

    memset(&volume, 0x5a, sizeof volume);
    volume.struct_size = sizeof volume;
    sam2lung_volume untouched = volume;
    BAD(sam2lung_result_labels(NULL, &volume, &error), "E_ARGUMENT");
    BAD(sam2lung_result_map(NULL, 0, &volume, &error), "E_ARGUMENT");
    BAD(sam2lung_result_map(result, 5, &volume, &error), "E_ARGUMENT");
    BAD(sam2lung_result_map(result, -1, &volume, &error), "E_ARGUMENT");
    BAD(sam2lung_result_map(result, SAM2LUNG_MAP_VARIANCE, &volume, &error), "E_ARGUMENT"); /* wasn't kept */
    BAD(sam2lung_image_volume(NULL, &volume, &error), "E_ARGUMENT");
    CHECK(memcmp(&volume, &untouched, sizeof volume) == 0);
    BAD(sam2lung_result_labels(result, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_result_map(result, 0, NULL, &error), "E_ARGUMENT");

    uint16_t ids[4] = {9, 9, 9, 9};
    float values[4] = {9, 9, 9, 9};
    BAD(sam2lung_result_copy_labels(NULL, ids, 4, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_labels(result, NULL, 4, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_labels(result, ids, 4, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_labels(result, ids, 0, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_labels(result, ids, SIZE_MAX, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_map(NULL, 0, values, 4, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_map(result, 0, NULL, 4, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_map(result, 0, values, 4, &error), "E_ARGUMENT");
    BAD(sam2lung_result_copy_map(result, 99, values, 4, &error), "E_ARGUMENT");
    CHECK(ids[0] == 9 && ids[3] == 9 && values[0] == 9.0f && values[3] == 9.0f);
    BAD(sam2lung_result_write_surfaces(NULL, 0, "a.vtp", &error), "E_ARGUMENT");
    BAD(sam2lung_result_write_surfaces(result, 0, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_result_write_surfaces(result, 2, "a.vtp", &error), "E_ARGUMENT");
    BAD(sam2lung_result_write_surfaces(result, UINT32_MAX, "a.vtp", &error), "E_ARGUMENT");

    sam2lung_image *image;
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read_ct(NULL, NULL, NULL, &image, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read(NULL, &image, &error), "E_ARGUMENT");
    BAD(sam2lung_image_read_ct(folder, NULL, NULL, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_image_read(folder, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_image_phantom(0, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_image_volume(NULL, NULL, &error), "E_ARGUMENT");
    volume = view_of(&block);
    BAD(sam2lung_volume_write(NULL, "a.nrrd", NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_volume_write(&volume, NULL, NULL, &error), "E_ARGUMENT");
}

static void no_utf8(void)
{
    const char *latin1 = "caf\xe9.nii.gz";
    sam2lung_bundle *bundle;
    sam2lung_image *image;
    sam2lung_runtime *runtime;
    sam2lung_volume volume = view_of(&block);
    BAD_OUTPUT(sam2lung_bundle, bundle, sam2lung_bundle_open(latin1, &bundle, &error), "E_ARGUMENT");
    sam2lung_bundle_list *list;
    BAD_OUTPUT(sam2lung_bundle_list, list, sam2lung_bundle_list_create(latin1, &list, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read_ct(latin1, NULL, NULL, &image, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read_ct("a", latin1, NULL, &image, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read(latin1, &image, &error), "E_ARGUMENT");
    BAD_OUTPUT(sam2lung_runtime, runtime, sam2lung_runtime_load(latin1, &runtime, &error), "E_ARGUMENT");
    BAD(sam2lung_volume_write(&volume, latin1, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_result_write_surfaces(result, 0, latin1, &error), "E_ARGUMENT");
}

static void dims_and_strides(void)
{
    static const int64_t dims[][3] = {{0, 20, 16},       {24, -1, 16},
                                      {24, 20, INT64_MIN}, {INT64_MAX, 2, 2},
                                      {INT64_MAX, INT64_MAX, INT64_MAX}, {25, 20, 16}};
    static const int64_t large[][3] = {{1 << 20, 1 << 20, 1 << 20}, {1 << 29, 2, 1}, {INT64_MAX, 2, 1}};
    for (size_t n = 0; n < sizeof dims / sizeof dims[0]; n++) {
        sam2lung_volume volume = view_of(&block);
        memcpy(volume.dims, dims[n], sizeof dims[n]);
        refuse_volume(&volume, "E_ARGUMENT");
        CHECK(volume.dims[0] == dims[n][0]);
    }
    for (size_t n = 0; n < sizeof large / sizeof large[0]; n++) {
        sam2lung_volume volume = view_of(&block);
        memcpy(volume.dims, large[n], sizeof large[n]);
        refuse_volume(&volume, "E_TOO_LARGE");
    }
    /* 24 x 20 x 16 of int16: negative, overlapping, smaller than a voxel, leaving the buffer, overflowing. */
    static const int64_t strides[][3] = {{2, 48, -960},         {-2, 48, 960},     {2, 46, 960},      {1, 48, 960},
                                         {2, 48, 958},          {2, 2, 2},         {0, 48, 960},      {2, 48, 1024},
                                         {2, INT64_MAX, 960},   {INT64_MAX, INT64_MAX, INT64_MAX},
                                         {INT64_MIN, 48, 960},  {640, 32, 3},      {2, 48, INT64_MAX / 2}};
    for (size_t n = 0; n < sizeof strides / sizeof strides[0]; n++) {
        sam2lung_volume volume = view_of(&block);
        memcpy(volume.strides, strides[n], sizeof strides[n]);
        refuse_volume(&volume, "E_ARGUMENT");
    }
    for (int kind = 0; kind < 5; kind++) {
        sam2lung_volume volume = view_of(&block);
        volume.bytes = kind == 0 ? volume.bytes - 1 : (size_t)(kind - 1);
        refuse_volume(&volume, "E_ARGUMENT");
    }
    sam2lung_volume volume = view_of(&block);
    volume.voxels = NULL;
    refuse_volume(&volume, "E_ARGUMENT");
    static const int32_t types[] = {0, 7, -1, INT32_MAX, INT32_MIN};
    for (size_t n = 0; n < sizeof types / sizeof types[0]; n++) {
        volume = view_of(&block);
        volume.voxel_type = types[n];
        refuse_volume(&volume, "E_ARGUMENT");
    }
    volume = view_of(&block);
    volume.voxel_type = SAM2LUNG_VOXEL_TYPE_FLOAT64; /* the buffer is too small for it */
    refuse_volume(&volume, "E_ARGUMENT");
    volume = view_of(&block);
    volume.dims[2] = 1;
    refuse_volume(&volume, "E_ONE_SLICE");
}

static void matrices(void)
{
    for (int at = 0; at < 16; at++) {
        sam2lung_volume volume = view_of(&block);
        volume.ijk_to_ras[at] = NAN;
        refuse_volume(&volume, at < 12 ? "E_NON_FINITE" : "E_ARGUMENT");
        volume.ijk_to_ras[at] = INFINITY;
        refuse_volume(&volume, at < 12 ? "E_NON_FINITE" : "E_ARGUMENT");
    }
    sam2lung_volume volume = view_of(&block);
    volume.ijk_to_ras[0] = 0.0;
    refuse_volume(&volume, "E_SPACING");
    volume.ijk_to_ras[0] = 1e300;
    refuse_volume(&volume, "E_SPACING");
    volume = view_of(&block);
    volume.ijk_to_ras[1] = 0.3;
    refuse_volume(&volume, "E_SHEARED");
    volume = view_of(&block);
    volume.ijk_to_ras[15] = 2.0;
    refuse_volume(&volume, "E_ARGUMENT");
}

/* Values that are no HU, in each type. */
static void voxel_values(void)
{
    size_t count = (size_t)(block.dims[0] * block.dims[1] * block.dims[2]);
    double *wide = (double *)malloc(count * sizeof(double));
    CHECK(wide != NULL);
    sam2lung_volume volume = view_of(&block);
    volume.voxels = wide;
    volume.bytes = count * sizeof(double);
    volume.voxel_type = SAM2LUNG_VOXEL_TYPE_FLOAT64;
    static const struct {
        double value;
        const char *name;
    } odd[] = {{NAN, "E_NON_FINITE"}, {-INFINITY, "E_NON_FINITE"}, {1e300, "E_NON_FINITE"}, {1e9, "E_NOT_HU"}};
    for (size_t kind = 0; kind < sizeof odd / sizeof odd[0]; kind++) {
        for (size_t n = 0; n < count; n++) {
            wide[n] = block.voxels[n];
        }
        wide[count / 2] = odd[kind].value;
        refuse_volume(&volume, odd[kind].name);
    }
    for (size_t n = 0; n < count; n++) {
        wide[n] = -1000.0;
    }
    refuse_volume(&volume, "E_NOT_HU");
    volume.voxel_type = SAM2LUNG_VOXEL_TYPE_UINT8;
    memset(wide, 7, count);
    ((uint8_t *)wide)[3] = 9;
    refuse_volume(&volume, "E_NOT_HU");
    free(wide);
}

static void option_values(const char *bundles)
{
    static const double no_probability[] = {NAN, INFINITY, -INFINITY, -0.5, 1.0, 1.5};
    for (size_t n = 0; n < sizeof no_probability / sizeof no_probability[0]; n++) {
        sam2lung_run_options options = everywhere();
        options.threshold = no_probability[n];
        refuse_options(&options, "E_OPTION");
        options = everywhere();
        options.sensitivity = no_probability[n]; /* 1 is one, but this bundle has no classifier */
        refuse_options(&options, "E_OPTION");
    }
    static const int32_t unknown[] = {-1, 4, 99, INT32_MAX, INT32_MIN};
    for (size_t n = 0; n < sizeof unknown / sizeof unknown[0]; n++) {
        sam2lung_run_options options = everywhere();
        options.uncertainty = unknown[n];
        refuse_options(&options, "E_ARGUMENT");
        options = everywhere();
        options.search = unknown[n];
        refuse_options(&options, "E_ARGUMENT");
        BAD(sam2lung_log_set(NULL, NULL, unknown[n] == 4 ? 6 : unknown[n], &error), "E_ARGUMENT");

        char folder[4096];
        snprintf(folder, sizeof folder, "%s/tiny-identity", bundles);
        sam2lung_bundle *bundle = NULL;
        GOOD(sam2lung_bundle_open(folder, &bundle, &error));
        sam2lung_engine_options engine_options;
        GOOD(sam2lung_engine_options_init(&engine_options, sizeof engine_options, &error));
        engine_options.device = unknown[n];
        sam2lung_engine *made;
        BAD_OUTPUT(sam2lung_engine, made, sam2lung_engine_create(bundle, &engine_options, &made, &error), "E_ARGUMENT");
        engine_options.device = SAM2LUNG_DEVICE_CPU;
        engine_options.threads = UINT32_MAX;
        BAD_OUTPUT(sam2lung_engine, made, sam2lung_engine_create(bundle, &engine_options, &made, &error), "E_OPTION");
        sam2lung_bundle_free(bundle);
    }
    sam2lung_run_options options = everywhere();
    options.samples = 10001;
    refuse_options(&options, "E_OPTION");
    static const double diameters[] = {-0.5, 100.5, 1e300, NAN, INFINITY};
    for (size_t n = 0; n < sizeof diameters / sizeof diameters[0]; n++) {
        options = everywhere();
        options.min_diameter_mm = diameters[n];
        refuse_options(&options, "E_OPTION");
    }
    static const double shares[] = {-1.0, 0.5, 1.0, 1.5, INFINITY, NAN}; /* the bundle is no hybrid */
    for (size_t n = 0; n < sizeof shares / sizeof shares[0]; n++) {
        options = everywhere();
        options.share_of_slices = shares[n];
        refuse_options(&options, "E_OPTION");
    }
    options = everywhere();
    options.search = SAM2LUNG_SEARCH_MASK;
    refuse_options(&options, "E_ARGUMENT"); /* no mask */
    sam2lung_volume mask = view_of(&block);
    options = everywhere();
    options.mask = &mask;
    refuse_options(&options, "E_ARGUMENT"); /* a mask that isn't wanted */
    options.search = SAM2LUNG_SEARCH_MASK;
    mask.dims[2] -= 1;
    refuse_options(&options, "E_MASK_GRID");
    mask = view_of(&block);
    mask.ijk_to_ras[3] += 1.0;
    refuse_options(&options, "E_MASK_GRID");
    mask = view_of(&block);
    mask.bytes = 3;
    refuse_options(&options, "E_ARGUMENT");
    options = everywhere();
    memset(&options.all_uncertainties, 2, 1); /* no bool */
    refuse_options(&options, "E_ARGUMENT");
}

static void points(void)
{
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[2] = {&volume, &volume};
    static const int64_t odd[][3] = {{-1, 0, 0}, {24, 0, 0}, {0, 20, 0}, {0, 0, 16}, {INT64_MIN, 0, 0}, {0, 0, INT64_MAX}};
    static const int64_t good[3] = {12, 10, 8};
    sam2lung_run_options options = everywhere();
    sam2lung_result *found;
    for (size_t n = 0; n < sizeof odd / sizeof odd[0]; n++) {
        BAD_OUTPUT(sam2lung_result, found,
                   sam2lung_engine_run_at(engine, volumes, 1, odd[n], 1, NULL, 0, &options, &found, &error),
                   "E_ARGUMENT");
        BAD_OUTPUT(sam2lung_result, found,
                   sam2lung_engine_run_at(engine, volumes, 1, good, 1, odd[n], 1, &options, &found, &error),
                   "E_ARGUMENT");
    }
    static const size_t counts[] = {0, 10001, SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 24 + 2};
    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        BAD_OUTPUT(sam2lung_result, found,
                   sam2lung_engine_run_at(engine, volumes, 1, good, counts[n], NULL, 0, &options, &found, &error),
                   "E_ARGUMENT");
        BAD_OUTPUT(sam2lung_result, found,
                   sam2lung_engine_run_at(engine, volumes, counts[n], good, 1, NULL, 0, &options, &found, &error),
                   "E_ARGUMENT");
        BAD_OUTPUT(sam2lung_result, found, sam2lung_engine_run(engine, volumes, counts[n], &options, &found, &error),
                   "E_ARGUMENT");
    }
    BAD_OUTPUT(sam2lung_result, found, sam2lung_engine_run(engine, volumes, 2, &options, &found, &error), "E_ARGUMENT");
    /* This bundle takes no clicks, so it can't be told what doesn't belong to a nodule. */
    static const int64_t other[3] = {1, 1, 1};
    BAD_OUTPUT(sam2lung_result, found,
               sam2lung_engine_run_at(engine, volumes, 1, good, 1, other, 1, &options, &found, &error), "E_OPTION");
}

/* A struct with room behind it, as a program from the future would have. */
struct longer_options {
    sam2lung_run_options options;
    uint64_t more[4];
};

static void struct_sizes(void)
{
    static const size_t odd[] = {0, 1, sizeof(size_t), 5000, SIZE_MAX, SIZE_MAX / 2};
    for (size_t n = 0; n < sizeof odd / sizeof odd[0]; n++) {
        sam2lung_volume volume = view_of(&block);
        volume.struct_size = odd[n];
        refuse_volume(&volume, "E_ARGUMENT");
        sam2lung_run_options options = everywhere();
        options.struct_size = odd[n];
        refuse_options(&options, "E_ARGUMENT");
        BAD(sam2lung_run_options_init(&options, odd[n], &error), "E_ARGUMENT");
        sam2lung_engine_options engine_options;
        BAD(sam2lung_engine_options_init(&engine_options, odd[n], &error), "E_ARGUMENT");
        sam2lung_nodule nodule;
        nodule.struct_size = odd[n];
        BAD(sam2lung_result_nodule(result, 0, &nodule, &error), "E_ARGUMENT");
        BAD(sam2lung_result_micronodule(result, 0, &nodule, &error), "E_ARGUMENT");
        volume.struct_size = odd[n];
        BAD(sam2lung_result_labels(result, &volume, &error), "E_ARGUMENT");
    }

    struct longer_options longer;
    memset(&longer, 0x5a, sizeof longer);
    GOOD(sam2lung_run_options_init(&longer.options, sizeof longer, &error));
    CHECK(longer.options.struct_size == sizeof longer && longer.more[0] == 0 && longer.more[3] == 0);
    longer.options.search = SAM2LUNG_SEARCH_EVERYWHERE;
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_result *found = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &longer.options, &found, &error));
    sam2lung_result_free(found);
    longer.more[3] = 1;
    sam2lung_status status = sam2lung_engine_run(engine, volumes, 1, &longer.options, &found, &error);
    CHECK(status == SAM2LUNG_STATUS_INVALID_ARGUMENT);
    CHECK(strstr(sam2lung_error_message(error), "library is older than the program") != NULL);
    sam2lung_error_free(error);
    error = NULL;

    struct {
        sam2lung_nodule nodule;
        uint64_t more[2];
        uint64_t beyond;
    } wide;
    memset(&wide, 0x5a, sizeof wide);
    wide.nodule.struct_size = sizeof wide - sizeof wide.beyond;
    GOOD(sam2lung_result_nodule(result, 0, &wide.nodule, &error));
    CHECK(wide.nodule.id == 1 && wide.more[0] == 0 && wide.more[1] == 0 && wide.beyond == 0x5a5a5a5a5a5a5a5aULL);
}

static void files(const char *bundles, const char *folder)
{
    sam2lung_bundle *bundle;
    sam2lung_image *image;
    BAD_OUTPUT(sam2lung_bundle, bundle, sam2lung_bundle_open(folder, &bundle, &error), "E_MODEL_BUNDLE");
    BAD_OUTPUT(sam2lung_bundle, bundle, sam2lung_bundle_open("", &bundle, &error), "E_MODEL_BUNDLE");
    char path[4096];
    snprintf(path, sizeof path, "%s/tiny-multiclass", bundles);
    BAD_OUTPUT(sam2lung_bundle, bundle, sam2lung_bundle_open(path, &bundle, &error), "E_MODEL_BUNDLE");
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read_ct("no/such/file.nii", NULL, NULL, &image, &error), "E_READ");
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read("", &image, &error), "E_READ");
    snprintf(path, sizeof path, "%s/tiny-identity/model.json", bundles);
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read(path, &image, &error), "E_FORMAT");
    sam2lung_volume volume = view_of(&block);
    BAD(sam2lung_volume_write(&volume, "no/such/folder/a.nii.gz", NULL, &error), "E_WRITE");
    snprintf(path, sizeof path, "%s/a.png", folder);
    BAD(sam2lung_volume_write(&volume, path, NULL, &error), "E_OPTION");
    FILE *left = fopen(path, "rb");
    CHECK(left == NULL);
    sam2lung_cancel *cancel = NULL;
    GOOD(sam2lung_cancel_create(&cancel, &error));
    sam2lung_cancel_request(cancel);
    snprintf(path, sizeof path, "%s/cancelled.nrrd", folder);
    BAD(sam2lung_volume_write(&volume, path, cancel, &error), "E_CANCELLED");
    CHECK(fopen(path, "rb") == NULL);
    BAD_OUTPUT(sam2lung_image, image, sam2lung_image_read_ct(bundles, NULL, cancel, &image, &error), "E_CANCELLED");
    sam2lung_cancel_free(cancel);
    CHECK(strcmp(sam2lung_status_name(-1), "unknown") == 0 && strcmp(sam2lung_status_name(INT32_MAX), "unknown") == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    engine = engine_of(argv[1], "tiny-identity");
    block = block_of(24, 20, 16);
    result = good_run();
    null_getters();
    null_frees();
    null_parameters(argv[2]);
    no_utf8();
    dims_and_strides();
    matrices();
    voxel_values();
    option_values(argv[1]);
    points();
    struct_sizes();
    files(argv[1], argv[2]);
    sam2lung_result_free(result);
    result = good_run(); /* after all of this the engine is as good as new */
    sam2lung_result_free(result);
    sam2lung_engine_free(engine);
    block_free(&block);
    puts("attack: good");
    return 0;
}
