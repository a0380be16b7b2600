/* What the C tests share: checks that name the line, a small CT with one nodule, an engine of a tiny bundle. */
#ifndef SAM2LUNG_TESTS_CHECK_H
#define SAM2LUNG_TESTS_CHECK_H

#include <sam2lung.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sam2lung_error *error = NULL;

/* Ends the program unless the condition holds. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static inline void expect(sam2lung_status status, const char *name, const char *file, int line)
{
    const char *got = status == SAM2LUNG_STATUS_OK ? "OK" : sam2lung_error_name(error);
    if (strcmp(got, name) != 0) {
        fprintf(stderr, "%s:%d: %s (%s), expected %s: %s\n", file, line, sam2lung_status_name(status), got, name,
                sam2lung_error_message(error));
        exit(1);
    }
    if (status != SAM2LUNG_STATUS_OK) {
        CHECK(sam2lung_error_status(error) == status);
        CHECK(strlen(sam2lung_error_message(error)) > 0);
        CHECK(strstr(sam2lung_error_message(error), sam2lung_error_remedy(error)) != NULL);
    }
    sam2lung_error_free(error);
    error = NULL;
}

/* A call that has to go well. Its last argument is &error. */
#define GOOD(call)                                                                                                     \
    do {                                                                                                               \
        sam2lung_status status_ = (call);                                                                              \
        CHECK(status_ != SAM2LUNG_STATUS_OK || error == NULL);                                                         \
        expect(status_, "OK", __FILE__, __LINE__);                                                                     \
    } while (0)

/* A call that has to fail with the error of that name. Its last argument is &error. */
#define BAD(call, name)                                                                                                \
    do {                                                                                                               \
        sam2lung_status status_ = (call);                                                                              \
        CHECK(status_ != SAM2LUNG_STATUS_OK && error != NULL);                                                         \
        expect(status_, name, __FILE__, __LINE__);                                                                     \
    } while (0)

/* A CT of air with a block of tissue, int16, packed. */
struct block {
    int16_t *voxels;
    int64_t dims[3];
    int64_t centre[3];
};

static inline struct block block_of(int64_t width, int64_t height, int64_t depth)
{
    struct block block = {NULL, {width, height, depth}, {width / 2, height / 2, depth / 2}};
    size_t count = (size_t)(width * height * depth);
    block.voxels = (int16_t *)malloc(count * sizeof(int16_t));
    CHECK(block.voxels != NULL);
    for (size_t n = 0; n < count; n++) {
        block.voxels[n] = -900;
    }
    for (int64_t k = -3; k <= 3; k++) {
        for (int64_t j = -3; j <= 3; j++) {
            for (int64_t i = -3; i <= 3; i++) {
                int64_t at = ((block.centre[2] + k) * height + block.centre[1] + j) * width + block.centre[0] + i;
                block.voxels[at] = 300;
            }
        }
    }
    return block;
}

static inline void block_free(struct block *block)
{
    free(block->voxels);
    block->voxels = NULL;
}

static inline sam2lung_volume view_of(const struct block *block)
{
    sam2lung_volume volume;
    memset(&volume, 0, sizeof volume);
    volume.struct_size = sizeof volume;
    volume.voxels = block->voxels;
    volume.bytes = (size_t)(block->dims[0] * block->dims[1] * block->dims[2]) * sizeof(int16_t);
    volume.voxel_type = SAM2LUNG_VOXEL_TYPE_INT16;
    memcpy(volume.dims, block->dims, sizeof volume.dims);
    volume.ijk_to_ras[0] = -1.0;
    volume.ijk_to_ras[5] = -1.0;
    volume.ijk_to_ras[10] = 1.0;
    volume.ijk_to_ras[15] = 1.0;
    return volume;
}

static inline sam2lung_run_options everywhere(void)
{
    sam2lung_run_options options;
    GOOD(sam2lung_run_options_init(&options, sizeof options, &error));
    options.search = SAM2LUNG_SEARCH_EVERYWHERE;
    return options;
}

/* An engine of one of the bundles in tests/bundles, on one thread of the CPU; whether free memory goes back after runs. */
static inline sam2lung_engine *engine_that(bool gives_back_memory, const char *bundles, const char *name)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/%s", bundles, name);
    sam2lung_bundle *bundle = NULL;
    GOOD(sam2lung_bundle_open(folder, &bundle, &error));
    sam2lung_engine_options options;
    GOOD(sam2lung_engine_options_init(&options, sizeof options, &error));
    options.device = SAM2LUNG_DEVICE_CPU;
    options.threads = 1;
    options.give_back_memory = gives_back_memory;
    sam2lung_engine *engine = NULL;
    GOOD(sam2lung_engine_create(bundle, &options, &engine, &error));
    sam2lung_bundle_free(bundle); /* engines go on without it */
    return engine;
}

static inline sam2lung_engine *engine_of(const char *bundles, const char *name)
{
    return engine_that(false, bundles, name);
}

#endif
