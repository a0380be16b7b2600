/* Two scans of one patient: a made chest, and the same without one of its nodules. Usage: compare BUNDLES FOLDER */
#include "check.h"

#include <math.h>

/* A CT of coarse voxels of its own. */
struct chest {
    float *hu;
    sam2lung_volume volume;
};

/* Every third voxel along i and j, every second slice. */
static struct chest coarse(const sam2lung_image *image)
{
    const int64_t step[3] = {3, 3, 2};
    sam2lung_volume fine;
    fine.struct_size = sizeof fine;
    GOOD(sam2lung_image_volume(image, &fine, &error));
    struct chest chest;
    memset(&chest, 0, sizeof chest);
    sam2lung_volume *volume = &chest.volume;
    volume->struct_size = sizeof *volume;
    volume->voxel_type = SAM2LUNG_VOXEL_TYPE_FLOAT32;
    memcpy(volume->ijk_to_ras, fine.ijk_to_ras, sizeof fine.ijk_to_ras);
    for (int axis = 0; axis < 3; axis++) {
        volume->dims[axis] = fine.dims[axis] / step[axis];
        for (int row = 0; row < 3; row++) {
            volume->ijk_to_ras[4 * row + axis] *= (double)step[axis];
        }
    }
    volume->bytes = (size_t)(volume->dims[0] * volume->dims[1] * volume->dims[2]) * sizeof(float);
    chest.hu = (float *)malloc(volume->bytes);
    CHECK(chest.hu != NULL);
    size_t at = 0;
    for (int64_t k = 0; k < volume->dims[2]; k++) {
        for (int64_t j = 0; j < volume->dims[1]; j++) {
            for (int64_t i = 0; i < volume->dims[0]; i++) {
                int64_t from = ((step[2] * k) * fine.dims[1] + step[1] * j) * fine.dims[0] + step[0] * i;
                chest.hu[at++] = ((const float *)fine.voxels)[from];
            }
        }
    }
    volume->voxels = chest.hu;
    return chest;
}

static sam2lung_result *result_of(sam2lung_engine *engine, const struct chest *chest, uint64_t seed)
{
    sam2lung_run_options options;
    GOOD(sam2lung_run_options_init(&options, sizeof options, &error));
    options.seed = seed;
    const sam2lung_volume *volumes[1] = {&chest->volume};
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    return result;
}

/* Takes a nodule out of the CT. */
static void remove_nodule(struct chest *chest, const sam2lung_result *result, size_t index)
{
    sam2lung_volume labels;
    labels.struct_size = sizeof labels;
    sam2lung_nodule nodule;
    nodule.struct_size = sizeof nodule;
    GOOD(sam2lung_result_labels(result, &labels, &error));
    GOOD(sam2lung_result_nodule(result, index, &nodule, &error));
    for (size_t n = 0; n < labels.bytes / sizeof(uint16_t); n++) {
        if (((const uint16_t *)labels.voxels)[n] == nodule.id) {
            chest->hu[n] = -850.0f;
        }
    }
}

static int rows_of(const sam2lung_comparison *comparison, int32_t change)
{
    int count = 0;
    for (size_t n = 0; n < sam2lung_comparison_row_count(comparison); n++) {
        sam2lung_comparison_row row;
        row.struct_size = sizeof row;
        GOOD(sam2lung_comparison_row_at(comparison, n, &row, &error));
        count += row.change == change;
    }
    return count;
}

static bool stop(const sam2lung_progress *progress, void *data)
{
    (void)data;
    return progress->stage != SAM2LUNG_STAGE_REGISTER;
}

int main(int count, char **arguments)
{
    CHECK(count >= 3);
    sam2lung_image *image = NULL;
    GOOD(sam2lung_image_phantom(3, &image, &error));
    struct chest before = coarse(image), now = coarse(image);
    sam2lung_image_free(image);
    sam2lung_engine *engine = engine_of(arguments[1], "tiny-clicks");
    sam2lung_result *prior = result_of(engine, &before, 0);
    size_t nodules = sam2lung_result_nodule_count(prior);
    CHECK(nodules > 1);
    remove_nodule(&now, prior, 1);
    sam2lung_result *current = result_of(engine, &now, 0), *other = result_of(engine, &now, 1);
    CHECK(sam2lung_result_nodule_count(current) == nodules - 1);
    sam2lung_engine_free(engine);

    sam2lung_compare_options options;
    GOOD(sam2lung_compare_options_init(&options, sizeof options, &error));
    options.days = 100;
    options.current_name = "after";
    sam2lung_comparison *comparison = NULL;
    GOOD(sam2lung_compare(prior, &before.volume, current, &now.volume, &options, &comparison, &error));
    CHECK(sam2lung_comparison_row_count(comparison) == nodules);
    CHECK(rows_of(comparison, SAM2LUNG_CHANGE_GONE) == 1);
    CHECK(rows_of(comparison, SAM2LUNG_CHANGE_GROWN) == 0 && rows_of(comparison, SAM2LUNG_CHANGE_NEW) == 0);
    sam2lung_comparison_row row;
    row.struct_size = sizeof row;
    GOOD(sam2lung_comparison_row_at(comparison, 0, &row, &error));
    CHECK(row.current_id == 1 && row.in_prior && row.in_current && row.distance_mm < 1.0);
    CHECK(fabs(row.volume_change_percent) < 1e-9 && fabs(row.current_ras[0] - row.prior_ras[0]) < 1e-9);
    CHECK(row.change == SAM2LUNG_CHANGE_STABLE || row.change == SAM2LUNG_CHANGE_CUT_OFF);
    GOOD(sam2lung_comparison_row_at(comparison, nodules - 1, &row, &error));
    CHECK(row.change == SAM2LUNG_CHANGE_GONE && row.prior_id == 2 && row.current_id == 0 && !row.in_current);
    CHECK(isnan(row.current_volume_mm3) && isnan(row.distance_mm) && row.prior_volume_mm3 > 0);
    BAD(sam2lung_comparison_row_at(comparison, nodules, &row, &error), "E_ARGUMENT");
    row.struct_size = 8;
    BAD(sam2lung_comparison_row_at(comparison, 0, &row, &error), "E_ARGUMENT");
    row.struct_size = sizeof row;
    CHECK(sam2lung_comparison_days(comparison) == 100.0 && sam2lung_comparison_surface_mm(comparison) < 1.0);
    CHECK(sam2lung_comparison_lung_dice(comparison) > 0.9);
    double matrix[16];
    GOOD(sam2lung_comparison_current_to_prior(comparison, matrix, &error));
    for (int n = 0; n < 16; n++) { /* the lungs didn't move */
        CHECK(fabs(matrix[n] - (n % 5 == 0 ? 1.0 : 0.0)) < (n % 4 == 3 ? 0.5 : 0.01));
    }
    const char *json = sam2lung_comparison_json(comparison);
    CHECK(strstr(json, "\"name\": \"after\"") != NULL && strstr(json, "\"status\": \"gone\"") != NULL);
    CHECK(strcmp(sam2lung_change_name(SAM2LUNG_CHANGE_GONE), "gone") == 0);
    CHECK(strcmp(sam2lung_change_name(99), "") == 0);
    for (size_t n = 0; n < sam2lung_comparison_doubt_count(comparison); n++) {
        CHECK(strlen(sam2lung_comparison_doubt(comparison, n)) > 0);
    }
    CHECK(strcmp(sam2lung_comparison_doubt(comparison, 99), "") == 0);
    char folder[4200];
    snprintf(folder, sizeof folder, "%s/compared/change", arguments[2]);
    GOOD(sam2lung_comparison_write(comparison, folder, &error));
    GOOD(sam2lung_comparison_write(comparison, folder, &error)); /* replaced */
    BAD(sam2lung_comparison_write(comparison, arguments[1], &error), "E_WRITE");
    BAD(sam2lung_comparison_write(comparison, NULL, &error), "E_ARGUMENT");
    sam2lung_comparison_free(comparison);
    comparison = NULL;

    /* A prior that was written into a folder and read again is the same one. */
    snprintf(folder, sizeof folder, "%s/compared/prior", arguments[2]);
    GOOD(sam2lung_result_write_report(prior, &before.volume, NULL, folder, &error));
    sam2lung_result *kept = NULL;
    BAD(sam2lung_result_read(folder, &now.volume, NULL, &kept, &error), "E_OPTION"); /* another CT */
    BAD(sam2lung_result_read(arguments[1], &before.volume, NULL, &kept, &error), "E_READ");
    GOOD(sam2lung_result_read(folder, &before.volume, NULL, &kept, &error));
    CHECK(sam2lung_result_nodule_count(kept) == nodules);
    GOOD(sam2lung_compare(kept, &before.volume, current, &now.volume, NULL, &comparison, &error));
    CHECK(sam2lung_comparison_row_count(comparison) == nodules && rows_of(comparison, SAM2LUNG_CHANGE_GONE) == 1);
    CHECK(isnan(sam2lung_comparison_days(comparison)));
    sam2lung_comparison_free(comparison);
    comparison = NULL;

    /* Refusals. */
    BAD(sam2lung_compare(prior, &before.volume, other, &now.volume, NULL, &comparison, &error), "E_NOT_PAIRED");
    BAD(sam2lung_compare(prior, &now.volume, current, &now.volume, NULL, &comparison, &error), "E_OPTION");
    BAD(sam2lung_compare(NULL, &before.volume, current, &now.volume, NULL, &comparison, &error), "E_ARGUMENT");
    BAD(sam2lung_compare(prior, NULL, current, &now.volume, NULL, &comparison, &error), "E_ARGUMENT");
    BAD(sam2lung_compare(prior, &before.volume, current, &now.volume, NULL, NULL, &error), "E_ARGUMENT");
    options.days = -1;
    BAD(sam2lung_compare(prior, &before.volume, current, &now.volume, &options, &comparison, &error), "E_ARGUMENT");
    options.days = 0;
    options.progress = stop;
    BAD(sam2lung_compare(prior, &before.volume, current, &now.volume, &options, &comparison, &error), "E_CANCELLED");
    CHECK(comparison == NULL);
    CHECK(sam2lung_comparison_row_count(NULL) == 0 && isnan(sam2lung_comparison_days(NULL)));
    sam2lung_comparison_free(NULL);

    sam2lung_result_free(kept);
    sam2lung_result_free(other);
    sam2lung_result_free(current);
    sam2lung_result_free(prior);
    free(before.hu);
    free(now.hu);
    printf("compare: good\n");
    return 0;
}
