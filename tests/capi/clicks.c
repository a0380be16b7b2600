/* Clicks on an earlier result: what they replace, which numbers nodules have, and that a result of maps that were kept will do.

   tiny-clicks calls all within about 5.3 mm of a click a nodule; voxels here are 1 mm. */
#include "check.h"

static const sam2lung_volume *volumes[1];

/* Of the nodule with this number. */
static sam2lung_nodule nodule_of(const sam2lung_result *result, uint32_t id)
{
    sam2lung_nodule nodule;
    for (size_t n = 0; n < sam2lung_result_nodule_count(result); n++) {
        nodule.struct_size = sizeof nodule;
        GOOD(sam2lung_result_nodule(result, n, &nodule, &error));
        if (nodule.id == id) {
            return nodule;
        }
    }
    CHECK(!"a nodule with that number");
    return nodule;
}

static sam2lung_result *clicked(sam2lung_engine *engine, const sam2lung_result *earlier, const int64_t *inside,
                                size_t count)
{
    sam2lung_run_options options = everywhere();
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_click(engine, volumes, 1, earlier, inside, count, NULL, 0, &options, &result, &error));
    CHECK(sam2lung_result_click_count(result) == count);
    return result;
}

/* A copy of a result's maps, as a program keeps them. */
struct kept {
    uint16_t *labels;
    float *probability;
    size_t count;
};

static struct kept kept_of(const sam2lung_result *result, size_t count)
{
    struct kept kept = {(uint16_t *)malloc(count * sizeof(uint16_t)), (float *)malloc(count * sizeof(float)), count};
    CHECK(kept.labels != NULL && kept.probability != NULL);
    GOOD(sam2lung_result_copy_labels(result, kept.labels, count, &error));
    GOOD(sam2lung_result_copy_map(result, SAM2LUNG_MAP_PROBABILITY, kept.probability, count, &error));
    return kept;
}

static void free_kept(struct kept *kept)
{
    free(kept->labels);
    free(kept->probability);
}

static void check_near(const sam2lung_result *result, const struct block *block, const struct kept *kept)
{
    float *near_map = (float *)malloc(kept->count * sizeof(float));
    CHECK(near_map != NULL);
    GOOD(sam2lung_result_copy_map_near_nodules(result, SAM2LUNG_MAP_PROBABILITY, near_map, kept->count, &error));
    size_t row = (size_t)((block->centre[2] * block->dims[1] + block->centre[1]) * block->dims[0]);
    CHECK(near_map[row + (size_t)block->centre[0]] == kept->probability[row + (size_t)block->centre[0]]);
    CHECK(near_map[0] == 0.0f); /* farther than 10 mm */
    BAD(sam2lung_result_copy_map_near_nodules(result, SAM2LUNG_MAP_PROBABILITY, near_map, 1, &error), "E_ARGUMENT");
    free(near_map);
}

static sam2lung_volume volume_of(const struct block *block, const void *voxels, size_t bytes, int32_t type)
{
    sam2lung_volume volume = view_of(block);
    volume.voxels = voxels;
    volume.bytes = bytes;
    volume.voxel_type = type;
    return volume;
}

static void check_from_maps(sam2lung_engine *engine, const struct block *block, struct kept *kept, const int64_t *inside)
{
    /* The nodule got another number in the meantime. */
    for (size_t n = 0; n < kept->count; n++) {
        kept->labels[n] = kept->labels[n] == 1 ? 40 : 0;
    }
    sam2lung_volume labels = volume_of(block, kept->labels, kept->count * sizeof(uint16_t), SAM2LUNG_VOXEL_TYPE_UINT16);
    sam2lung_volume probability =
        volume_of(block, kept->probability, kept->count * sizeof(float), SAM2LUNG_VOXEL_TYPE_FLOAT32);
    sam2lung_result *found = NULL;
    GOOD(sam2lung_result_from_maps(&labels, &probability, NULL, &found, &error));
    CHECK(sam2lung_result_nodule_count(found) == 1 && sam2lung_result_samples(found) == 0);
    CHECK(sam2lung_result_uncertainty(found) == SAM2LUNG_UNCERTAINTY_BUNDLE);
    sam2lung_nodule nodule = nodule_of(found, 40);
    CHECK(nodule.volume_mm3 > 0.0 && nodule.mean_hu != nodule.mean_hu);
    size_t samples = 1;
    CHECK(sam2lung_result_sample_volumes(found, 0, &samples) == NULL && samples == 0);

    sam2lung_result *again = clicked(engine, found, inside, 1);
    CHECK(sam2lung_result_click_nodule(again, 0) == 41); /* nothing was there: the highest number plus one */
    CHECK(nodule_of(again, 40).volume_mm3 == nodule.volume_mm3);
    CHECK(nodule_of(again, 41).clicked);
    sam2lung_result_free(again);
    sam2lung_result_free(found);

    BAD(sam2lung_result_from_maps(NULL, NULL, NULL, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_result_from_maps(&probability, NULL, NULL, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_result_from_maps(&labels, NULL, NULL, NULL, &error), "E_ARGUMENT");
    sam2lung_volume elsewhere = probability;
    elsewhere.ijk_to_ras[3] = 5.0;
    BAD(sam2lung_result_from_maps(&labels, &elsewhere, NULL, &found, &error), "E_ARGUMENT");
    kept->probability[7] = (float)strtod("nan", NULL);
    BAD(sam2lung_result_from_maps(&labels, &probability, NULL, &found, &error), "E_NON_FINITE");
}

/* Outlines that a person drew: measured by outline and CT; nobody knows what samples would say. */
static void check_from_outlines(const struct block *block, size_t count)
{
    uint16_t *numbers = (uint16_t *)calloc(count, sizeof *numbers);
    CHECK(numbers != NULL);
    const int64_t *dims = block->dims;
    /* 5 x 3 x 1 voxels of 1 mm about the middle. */
    for (int64_t j = -1; j <= 1; j++) {
        for (int64_t i = -2; i <= 2; i++) {
            numbers[dims[0] / 2 + i + dims[0] * (dims[1] / 2 + j + dims[1] * (dims[2] / 2))] = 7;
        }
    }
    sam2lung_volume labels = volume_of(block, numbers, count * sizeof(uint16_t), SAM2LUNG_VOXEL_TYPE_UINT16);
    sam2lung_result *found = NULL;
    GOOD(sam2lung_result_from_outlines(volumes[0], &labels, NULL, NULL, true, &found, &error));
    CHECK(sam2lung_result_nodule_count(found) == 1);
    sam2lung_nodule nodule = nodule_of(found, 7);
    CHECK(nodule.volume_mm3 == 15.0 && nodule.long_axis_mm > 5.0 && nodule.long_axis_mm < 6.0);
    CHECK(nodule.mean_hu == nodule.mean_hu && nodule.mass_mg == nodule.mass_mg);
    CHECK(nodule.volume_mm3_p05 != nodule.volume_mm3_p05 && nodule.sample_dice != nodule.sample_dice);
    CHECK(nodule.uncertainty_mean != nodule.uncertainty_mean);
    double squared = 0.0;
    for (int axis = 0; axis < 3; axis++) {
        const double along = nodule.long_axis_3d_end_ras[axis] - nodule.long_axis_3d_start_ras[axis];
        squared += along * along;
    }
    const double off = squared - nodule.long_axis_3d_mm * nodule.long_axis_3d_mm;
    CHECK(off < 1e-9 && off > -1e-9);
    sam2lung_result_free(found);

    GOOD(sam2lung_result_from_outlines(volumes[0], &labels, NULL, NULL, false, &found, &error));
    nodule = nodule_of(found, 7);
    CHECK(nodule.mass_mg != nodule.mass_mg);
    sam2lung_result_free(found);
    BAD(sam2lung_result_from_outlines(NULL, &labels, NULL, NULL, true, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_result_from_outlines(volumes[0], NULL, NULL, NULL, true, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_result_from_outlines(volumes[0], &labels, NULL, NULL, true, NULL, &error), "E_ARGUMENT");
    labels.ijk_to_ras[3] = 5.0;
    BAD(sam2lung_result_from_outlines(volumes[0], &labels, NULL, NULL, true, &found, &error), "E_ARGUMENT");
    free(numbers);
}

static void check_refusals(sam2lung_engine *engine, const sam2lung_result *earlier, const int64_t *inside)
{
    sam2lung_run_options options = everywhere();
    sam2lung_result *found = NULL;
    BAD(sam2lung_engine_click(engine, volumes, 1, NULL, inside, 1, NULL, 0, &options, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_engine_click(engine, volumes, 1, earlier, NULL, 0, NULL, 0, &options, &found, &error), "E_ARGUMENT");
    BAD(sam2lung_engine_click(engine, volumes, 1, earlier, inside, 1, inside, 1, &options, &found, &error), "E_OPTION");
    BAD(sam2lung_engine_click(engine, volumes, 1, earlier, inside, 1, NULL, 0, &options, NULL, &error), "E_ARGUMENT");
    options.uncertainty = SAM2LUNG_UNCERTAINTY_VARIANCE;
    BAD(sam2lung_engine_click(engine, volumes, 1, earlier, inside, 1, NULL, 0, &options, &found, &error), "E_OPTION");
    struct block other = block_of(20, 20, 20);
    sam2lung_volume volume = view_of(&other);
    const sam2lung_volume *others[1] = {&volume};
    const int64_t middle[3] = {10, 10, 10};
    options = everywhere();
    BAD(sam2lung_engine_click(engine, others, 1, earlier, middle, 1, NULL, 0, &options, &found, &error), "E_OPTION");
    CHECK(found == NULL);
    block_free(&other);
}

int main(int argc, char **argv)
{
    CHECK(argc > 1);
    sam2lung_engine *engine = engine_of(argv[1], "tiny-clicks");
    struct block block = block_of(48, 40, 36);
    sam2lung_volume volume = view_of(&block);
    volumes[0] = &volume;
    sam2lung_run_options options = everywhere();
    sam2lung_result *automatic = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &automatic, &error));
    CHECK(sam2lung_result_nodule_count(automatic) == 1 && sam2lung_result_click_count(automatic) == 0);

    /* Beside the block: a nodule more, the earlier one as it was. */
    const int64_t beside[3] = {6, 6, 6};
    sam2lung_result *two = clicked(engine, automatic, beside, 1);
    CHECK(sam2lung_result_nodule_count(two) == 2 && sam2lung_result_click_nodule(two, 0) == 2);
    CHECK(nodule_of(two, 1).volume_mm3 == nodule_of(automatic, 1).volume_mm3 && !nodule_of(two, 1).clicked);
    CHECK(nodule_of(two, 2).clicked);

    /* On the block: its number stays, and so does the other nodule. */
    sam2lung_result *replaced = clicked(engine, two, block.centre, 1);
    CHECK(sam2lung_result_nodule_count(replaced) == 2 && sam2lung_result_click_nodule(replaced, 0) == 1);
    CHECK(nodule_of(replaced, 1).clicked && nodule_of(replaced, 1).volume_mm3 > nodule_of(two, 1).volume_mm3);
    CHECK(nodule_of(replaced, 2).volume_mm3 == nodule_of(two, 2).volume_mm3);

    size_t count = (size_t)(block.dims[0] * block.dims[1] * block.dims[2]);
    struct kept kept = kept_of(automatic, count);
    check_near(automatic, &block, &kept);
    check_from_maps(engine, &block, &kept, beside);
    check_from_outlines(&block, count);
    check_refusals(engine, automatic, beside);
    free_kept(&kept);
    sam2lung_result_free(replaced);
    sam2lung_result_free(two);
    sam2lung_result_free(automatic);
    sam2lung_engine_free(engine);
    block_free(&block);
    return 0;
}
