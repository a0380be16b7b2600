/* Bundles of other kinds than slices, of several channels and of several roles, against numbers worked out by hand.
   onnx/tiny_models describes the bundles. Usage: kinds BUNDLES FOLDER */
#include "check.h"

#include <math.h>

/* Windowed HU of the air and of the block: x = (HU + 1000) / 1400. */
static const double AIR = 100.0 / 1400.0;
static const double BLOCK = 1300.0 / 1400.0;
static const int64_t BLOCK_VOXELS = 7 * 7 * 7;

static double sigmoid(double logit)
{
    return 1.0 / (1.0 + exp(-logit));
}

static sam2lung_result *run_of(const char *bundles, const char *name, const sam2lung_volume *const *volumes,
                               size_t count)
{
    sam2lung_engine *engine = engine_of(bundles, name);
    sam2lung_run_options options = everywhere();
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, count, &options, &result, &error));
    sam2lung_engine_free(engine);
    return result;
}

static double probability_at(const sam2lung_result *result, int64_t i, int64_t j, int64_t k)
{
    sam2lung_volume map;
    map.struct_size = sizeof map;
    GOOD(sam2lung_result_map(result, SAM2LUNG_MAP_PROBABILITY, &map, &error));
    return ((const float *)map.voxels)[(k * map.dims[1] + j) * map.dims[0] + i];
}

static int64_t voxels_with(const sam2lung_result *result, uint16_t label)
{
    sam2lung_volume labels;
    labels.struct_size = sizeof labels;
    GOOD(sam2lung_result_labels(result, &labels, &error));
    int64_t count = 0;
    for (int64_t n = 0; n < labels.dims[0] * labels.dims[1] * labels.dims[2]; n++) {
        count += ((const uint16_t *)labels.voxels)[n] == label;
    }
    return count;
}

/* Float32 networks against double precision. */
static void near_to(double got, double wanted, int line)
{
    if (!(fabs(got - wanted) < 4e-6)) {
        fprintf(stderr, "%s:%d: %.8f, expected %.8f\n", __FILE__, line, got, wanted);
        exit(1);
    }
}

#define NEAR(got, wanted) near_to((got), (wanted), __LINE__)

/* tiny-patch: logit = 16 x - 6 + k / 2 + j / 4 - i / 8 of the place in a box of 4 x 8 x 8; boxes overlap by half. */
static void patch(const char *bundles, const sam2lung_volume *volume)
{
    sam2lung_result *result = run_of(bundles, "tiny-patch", &volume, 1);
    CHECK(sam2lung_result_samples(result) == 1);
    /* In one box only, at its place 1, 1, 1. */
    NEAR(probability_at(result, 1, 1, 1), sigmoid(16 * AIR - 6 + 0.5 + 0.25 - 0.125));
    /* In two boxes along each axis: at the places 2 and 0 along k, 6 and 2 along j, 4 and 0 along i. */
    NEAR(probability_at(result, 12, 10, 8), sigmoid(16 * BLOCK - 6 + 0.5 * 1 + 0.25 * 4 - 0.125 * 2));
    CHECK(voxels_with(result, 1) == BLOCK_VOXELS);
    sam2lung_result_free(result);
}

/* tiny-hybrid: coarse logit 8 x - 5, fine logit 32 x - 12, which counts for 3 / 4 and sees 8 of the 16 slices: the seven
   that hold the block, and of the others, which are all alike, the first. */
static void hybrid(const char *bundles, const sam2lung_volume *volume)
{
    sam2lung_result *result = run_of(bundles, "tiny-hybrid", &volume, 1);
    NEAR(probability_at(result, 12, 10, 8), sigmoid(0.25 * (8 * BLOCK - 5) + 0.75 * (32 * BLOCK - 12)));
    NEAR(probability_at(result, 2, 10, 3), sigmoid(0.25 * (8 * AIR - 5) + 0.75 * (32 * AIR - 12)));
    /* Slice 3 lies between slices 0, which is air, and 5, where the block begins. */
    double between = 0.4 * (32 * AIR - 12) + 0.6 * (32 * BLOCK - 12);
    NEAR(probability_at(result, 12, 10, 3), sigmoid(0.25 * (8 * AIR - 5) + 0.75 * between));
    sam2lung_result_free(result);
}

/* The classes of tiny-regions, whose labels are their numbers, and that of a bundle that finds nodules. */
static void classes(const char *bundles)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s/tiny-regions", bundles);
    sam2lung_bundle *bundle = NULL;
    GOOD(sam2lung_bundle_open(folder, &bundle, &error));
    CHECK(sam2lung_bundle_output(bundle) == SAM2LUNG_OUTPUT_REGIONS && sam2lung_bundle_class_count(bundle) == 2);
    CHECK(strcmp(sam2lung_bundle_class_name(bundle, 0), "core") == 0);
    CHECK(strcmp(sam2lung_bundle_class_name(bundle, 1), "rim") == 0);
    CHECK(sam2lung_bundle_class_colour(bundle, 0) == 0xD55E00 && sam2lung_bundle_class_colour(bundle, 1) == 0x0072B2);
    CHECK(strcmp(sam2lung_bundle_class_name(bundle, 2), "") == 0 && sam2lung_bundle_class_colour(bundle, 2) == 0);
    CHECK(strcmp(sam2lung_bundle_class_code(bundle, 0, SAM2LUNG_CODE_PART_VALUE), "") == 0);
    CHECK(sam2lung_bundle_channels(bundle) == 2);
    CHECK(strcmp(sam2lung_bundle_channel_name(bundle, 0), "CT") == 0 && sam2lung_bundle_channel_is_hu(bundle, 0));
    CHECK(strcmp(sam2lung_bundle_channel_name(bundle, 1), "PET") == 0 && !sam2lung_bundle_channel_is_hu(bundle, 1));
    CHECK(strcmp(sam2lung_bundle_channel_name(bundle, 2), "") == 0 && !sam2lung_bundle_channel_is_hu(bundle, 2));
    CHECK(sam2lung_bundle_region_count(bundle) == 1 && strcmp(sam2lung_bundle_region_name(bundle, 0), "whole") == 0);
    CHECK(sam2lung_bundle_region_colour(bundle, 0) == 0xF0E442 && sam2lung_bundle_region_colour(bundle, 1) == 0);
    CHECK(strcmp(sam2lung_bundle_region_code(bundle, 0, SAM2LUNG_CODE_PART_MEANING), "") == 0);
    CHECK(sam2lung_bundle_region_has_class(bundle, 0, 0) && sam2lung_bundle_region_has_class(bundle, 0, 1));
    CHECK(!sam2lung_bundle_region_has_class(bundle, 0, 2) && !sam2lung_bundle_region_has_class(bundle, 1, 0));
    sam2lung_bundle_free(bundle);
    GOOD(sam2lung_bundle_builtin(&bundle, &error));
    CHECK(strcmp(sam2lung_bundle_class_code(bundle, 0, SAM2LUNG_CODE_PART_SCHEME), "SCT") == 0);
    CHECK(strcmp(sam2lung_bundle_class_code(bundle, 0, SAM2LUNG_CODE_PART_VALUE), "27925004") == 0);
    CHECK(strcmp(sam2lung_bundle_class_code(bundle, 0, SAM2LUNG_CODE_PART_MEANING), "Nodule") == 0);
    CHECK(strcmp(sam2lung_bundle_class_code(bundle, 0, 3), "") == 0);
    CHECK(strcmp(sam2lung_bundle_class_code(bundle, 0, -1), "") == 0);
    CHECK(sam2lung_bundle_region_count(bundle) == 0 && sam2lung_bundle_channel_is_hu(bundle, 0));
    CHECK(sam2lung_bundle_region_count(NULL) == 0 && strcmp(sam2lung_bundle_region_name(NULL, 0), "") == 0);
    CHECK(strcmp(sam2lung_bundle_channel_name(NULL, 0), "") == 0 && !sam2lung_bundle_region_has_class(NULL, 0, 0));
    CHECK(sam2lung_bundle_output(bundle) == SAM2LUNG_OUTPUT_INSTANCES && sam2lung_bundle_class_count(bundle) == 1);
    CHECK(strcmp(sam2lung_bundle_class_name(bundle, 0), "nodule") == 0);
    sam2lung_bundle_free(bundle);
}

/* tiny-regions: logits 0, 2 x + 8 z - 6 and 16 x - 6 for background, core and rim, with z = (PET - 2) / 4. */
static void regions(const char *bundles, const struct block *block, const sam2lung_volume *volume)
{
    struct block uptake = block_of(block->dims[0], block->dims[1], block->dims[2]);
    for (int64_t n = 0; n < uptake.dims[0] * uptake.dims[1] * uptake.dims[2]; n++) {
        uptake.voxels[n] = 2;
    }
    for (int64_t n = 0; n < 27; n++) {
        int64_t k = uptake.centre[2] + n / 9 - 1, j = uptake.centre[1] + n / 3 % 3 - 1;
        int64_t i = uptake.centre[0] + n % 3 - 1;
        uptake.voxels[(k * uptake.dims[1] + j) * uptake.dims[0] + i] = 9;
    }
    sam2lung_volume pet = view_of(&uptake);
    const sam2lung_volume *both[2] = {volume, &pet};
    sam2lung_result *result = run_of(bundles, "tiny-regions", both, 2);
    double core = exp(2 * BLOCK + 8 * 1.75 - 6), rim = exp(16 * BLOCK - 6);
    NEAR(probability_at(result, 12, 10, 8), core / (1 + core + rim));
    double cold = exp(2 * BLOCK - 6);
    NEAR(probability_at(result, 9, 10, 8), rim / (1 + cold + rim));
    CHECK(voxels_with(result, 1) == 27 && voxels_with(result, 2) == BLOCK_VOXELS - 27);
    /* Core and rim, and the whole that both make up, which has no number in the label map. */
    const double volumes_mm3[3] = {27, 343 - 27, 343};
    CHECK(sam2lung_result_nodule_count(result) == 3);
    for (size_t n = 0; n < 3; n++) {
        sam2lung_nodule nodule;
        nodule.struct_size = sizeof nodule;
        GOOD(sam2lung_result_nodule(result, n, &nodule, &error));
        CHECK(nodule.id == n + 1 && fabs(nodule.volume_mm3 - volumes_mm3[n]) < 1e-6);
    }
    sam2lung_result_free(result);

    sam2lung_engine *engine = engine_of(bundles, "tiny-regions");
    sam2lung_run_options options = everywhere();
    result = NULL;
    BAD(sam2lung_engine_run(engine, both, 1, &options, &result, &error), "E_ARGUMENT");
    pet.ijk_to_ras[3] += 5.0;
    BAD(sam2lung_engine_run(engine, both, 2, &options, &result, &error), "E_CHANNEL_GRID");
    CHECK(result == NULL);
    sam2lung_engine_free(engine);
    block_free(&uptake);
}

/* tiny-chain: where the detector's p = sigmoid((16 x - 6) / 2) is above a half, a classifier looks; what it keeps is
   segmented by logit = 8 x m - 6, where m is 0 or 2. With seed 0 the mask of 12 of 25 samples is 2. */
static void chain(const char *bundles, const sam2lung_volume *volume)
{
    sam2lung_result *result = run_of(bundles, "tiny-chain", &volume, 1);
    CHECK(sam2lung_result_samples(result) == 25 && sam2lung_result_nodule_count(result) == 1);
    NEAR(probability_at(result, 12, 10, 8), (12 * sigmoid(16 * BLOCK - 6) + 13 * sigmoid(-6)) / 25);
    NEAR(probability_at(result, 0, 0, 0), sigmoid((16 * AIR - 6) / 2));
    CHECK(voxels_with(result, 1) == BLOCK_VOXELS);
    sam2lung_nodule nodule;
    nodule.struct_size = sizeof nodule;
    GOOD(sam2lung_result_nodule(result, 0, &nodule, &error));
    CHECK(fabs(nodule.detection_rate - 12.0 / 25.0) < 1e-12);
    /* sigmoid(10 x + 2 p + 1 - 7) of the block's middle, with p between 1/2 and 1. */
    CHECK(nodule.nodule_probability > sigmoid(10 * BLOCK - 5) && nodule.nodule_probability < sigmoid(10 * BLOCK - 4));
    sam2lung_result_free(result);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    struct block block = block_of(24, 20, 16);
    sam2lung_volume volume = view_of(&block);
    patch(argv[1], &volume);
    hybrid(argv[1], &volume);
    classes(argv[1]);
    regions(argv[1], &block, &volume);
    chain(argv[1], &volume);
    block_free(&block);
    puts("kinds: good");
    return 0;
}
