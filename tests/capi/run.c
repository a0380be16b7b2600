/* The whole way once: bundle, engine, run, results, files, progress, cancel, log. Usage: run BUNDLES FOLDER */
#include "check.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    int calls;
    int last_stage;
    double fraction;
    int stop_at;
    sam2lung_engine *engine;
    const sam2lung_volume *volume;
    sam2lung_status inner;
};

static bool on_progress(const sam2lung_progress *progress, void *user_data)
{
    struct seen *seen = (struct seen *)user_data;
    CHECK(progress->struct_size >= sizeof(sam2lung_progress));
    CHECK(progress->fraction >= seen->fraction && progress->fraction <= 1.0);
    CHECK(progress->done <= progress->total);
    CHECK(strlen(progress->stage_title) > 0);
    seen->fraction = progress->fraction;
    seen->last_stage = progress->stage;
    seen->calls += 1;
    if (seen->engine != NULL) {
        sam2lung_result *result = NULL;
        seen->inner = sam2lung_engine_run(seen->engine, &seen->volume, 1, NULL, &result, NULL);
        CHECK(result == NULL);
    }
    return seen->stop_at == 0 || seen->calls < seen->stop_at;
}

static void on_log(int32_t level, const char *target, const char *message, void *user_data)
{
    CHECK(level >= SAM2LUNG_LOG_LEVEL_ERROR && level <= SAM2LUNG_LOG_LEVEL_TRACE);
    CHECK(strlen(target) > 0 && strlen(message) > 0);
    *(int *)user_data += 1;
}

static void compare_copies(const sam2lung_result *result)
{
    sam2lung_volume labels, probability;
    labels.struct_size = sizeof labels;
    probability.struct_size = sizeof probability;
    GOOD(sam2lung_result_labels(result, &labels, &error));
    GOOD(sam2lung_result_map(result, SAM2LUNG_MAP_PROBABILITY, &probability, &error));
    CHECK(labels.voxel_type == SAM2LUNG_VOXEL_TYPE_UINT16 && probability.voxel_type == SAM2LUNG_VOXEL_TYPE_FLOAT32);
    size_t count = (size_t)(labels.dims[0] * labels.dims[1] * labels.dims[2]);
    CHECK(labels.bytes == count * sizeof(uint16_t) && probability.bytes == count * sizeof(float));
    uint16_t *ids = (uint16_t *)malloc(labels.bytes);
    float *values = (float *)malloc(probability.bytes);
    GOOD(sam2lung_result_copy_labels(result, ids, count, &error));
    GOOD(sam2lung_result_copy_map(result, SAM2LUNG_MAP_PROBABILITY, values, count, &error));
    CHECK(memcmp(ids, labels.voxels, labels.bytes) == 0);
    CHECK(memcmp(values, probability.voxels, probability.bytes) == 0);
    free(ids);
    free(values);
}

static void check_nodules(const sam2lung_result *result, const struct block *block)
{
    size_t count = sam2lung_result_nodule_count(result);
    CHECK(count == 1);
    sam2lung_nodule nodule;
    nodule.struct_size = sizeof nodule;
    GOOD(sam2lung_result_nodule(result, 0, &nodule, &error));
    CHECK(nodule.id == 1);
    for (int axis = 0; axis < 3; axis++) {
        CHECK(fabs(nodule.centroid_ijk[axis] - block->centre[axis]) < 0.51);
    }
    CHECK(nodule.volume_mm3 > 0 && nodule.equivalent_diameter_mm > 0);
    for (size_t n = 0; n < nodule.review_reason_count; n++) {
        CHECK(strlen(sam2lung_result_review_reason(result, 0, n)) > 0);
    }
    CHECK(strlen(sam2lung_result_review_reason(result, 0, nodule.review_reason_count)) == 0);
    CHECK(strstr(sam2lung_result_nodules_json(result), "\"volume_mm3\"") != NULL);
}

/* The block as a micronodule, as a nodule, and for a program that was compiled before there was a choice. */
static void check_micronodules(sam2lung_engine *engine, const sam2lung_volume *const *volumes, const struct block *block)
{
    sam2lung_run_options options = everywhere();
    CHECK(options.min_diameter_mm == 4.0);
    options.min_diameter_mm = SAM2LUNG_MAX_MIN_DIAMETER_MM;
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    CHECK(sam2lung_result_nodule_count(result) == 0 && sam2lung_result_micronodule_count(result) == 1);
    sam2lung_nodule small;
    small.struct_size = sizeof small;
    GOOD(sam2lung_result_micronodule(result, 0, &small, &error));
    CHECK(small.id == 0 && small.volume_mm3 > 0 && fabs(small.centroid_ijk[0] - block->centre[0]) < 0.51);
    BAD(sam2lung_result_micronodule(result, 1, &small, &error), "E_ARGUMENT");
    BAD(sam2lung_result_nodule(result, 0, &small, &error), "E_ARGUMENT");
    sam2lung_result_free(result);

    options.struct_size = offsetof(sam2lung_run_options, min_diameter_mm);
    result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    CHECK(sam2lung_result_nodule_count(result) == 1 && sam2lung_result_micronodule_count(result) == 0);
    sam2lung_result_free(result);
    CHECK(sam2lung_result_micronodule_count(NULL) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    int logged = 0;
    GOOD(sam2lung_log_set(on_log, &logged, SAM2LUNG_LOG_LEVEL_INFO, &error));

    sam2lung_runtime *runtime = NULL;
    GOOD(sam2lung_runtime_load(NULL, &runtime, &error));
    CHECK(strlen(sam2lung_runtime_library(runtime)) > 0 && strlen(sam2lung_runtime_build(runtime)) > 0);
    for (size_t n = 0; n < sam2lung_runtime_device_count(runtime); n++) {
        int32_t device = -1;
        bool usable = false;
        const char *reason = NULL;
        GOOD(sam2lung_runtime_device(runtime, n, &device, &usable, &reason, &error));
        printf("device %d: %s (%s)\n", (int)device, usable ? "usable" : "not usable", reason);
    }
    sam2lung_runtime_free(runtime);
    CHECK(logged > 0);

    sam2lung_engine *engine = engine_of(argv[1], "tiny-identity");
    CHECK(sam2lung_engine_device(engine) == SAM2LUNG_DEVICE_CPU && sam2lung_engine_threads(engine) == 1);
    CHECK(strlen(sam2lung_engine_device_reason(engine)) > 0);

    struct block block = block_of(24, 20, 16);
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    struct seen seen = {0, -1, 0.0, 0, engine, &volume, SAM2LUNG_STATUS_OK};
    sam2lung_run_options options = everywhere();
    options.progress = on_progress;
    options.progress_data = &seen;
    options.all_uncertainties = true;
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    CHECK(seen.inner == SAM2LUNG_STATUS_BUSY);
    CHECK(seen.last_stage == SAM2LUNG_STAGE_NODULES && seen.fraction > 0.999);
    check_nodules(result, &block);
    compare_copies(result);
    CHECK(sam2lung_result_samples(result) > 0 && sam2lung_result_seconds(result) > 0);

    char path[4096];
    snprintf(path, sizeof path, "%s/label.nii.gz", argv[2]);
    sam2lung_volume labels;
    labels.struct_size = sizeof labels;
    GOOD(sam2lung_result_labels(result, &labels, &error));
    GOOD(sam2lung_volume_write(&labels, path, NULL, &error));
    sam2lung_image *image = NULL;
    GOOD(sam2lung_image_read(path, &image, &error));
    sam2lung_volume read;
    read.struct_size = sizeof read;
    GOOD(sam2lung_image_volume(image, &read, &error));
    CHECK(memcmp(read.dims, labels.dims, sizeof read.dims) == 0);
    sam2lung_image_free(image);
    sam2lung_result_free(result);

    check_micronodules(engine, volumes, &block);
    int64_t point[3] = {block.centre[0], block.centre[1], block.centre[2]};
    result = NULL;
    seen.engine = NULL;
    seen.fraction = 0;
    GOOD(sam2lung_engine_run_at(engine, volumes, 1, point, 1, NULL, 0, &options, &result, &error));
    CHECK(sam2lung_result_point_count(result) == 1 && sam2lung_result_point_nodule(result, 0) == 1);
    sam2lung_result_free(result);

    result = NULL;
    seen.stop_at = seen.calls + 3;
    seen.fraction = 0;
    BAD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error), "E_CANCELLED");
    CHECK(result == NULL);

    sam2lung_cancel *cancel = NULL;
    GOOD(sam2lung_cancel_create(&cancel, &error));
    CHECK(!sam2lung_cancel_is_requested(cancel));
    sam2lung_cancel_request(cancel);
    sam2lung_cancel_request(cancel);
    CHECK(sam2lung_cancel_is_requested(cancel));
    options.cancel = cancel;
    options.progress = NULL;
    BAD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error), "E_CANCELLED");
    sam2lung_cancel_free(cancel);
    options.cancel = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    sam2lung_engine_free(engine);
    CHECK(sam2lung_result_nodule_count(result) == 1); /* a result outlives its engine */
    sam2lung_result_free(result);
    GOOD(sam2lung_log_set(NULL, NULL, SAM2LUNG_LOG_LEVEL_INFO, &error));
    block_free(&block);
    puts("run: good");
    return 0;
}
