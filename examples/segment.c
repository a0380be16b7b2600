/* Finds the nodules of a chest CT from C: reads or makes a volume, runs, writes labels, prints a table.
 *
 *   segment_c CT OUTPUT.nii.gz [SAMPLES]
 *   segment_c --phantom OUTPUT.nii.gz [SAMPLES]
 *
 * Research use only; not a medical device. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sam2lung.h>

/* The status is to be looked at first: the error object exists only after a failure. */
static bool good(sam2lung_status status, sam2lung_error **error) {
    if (status == SAM2LUNG_STATUS_OK) {
        return true;
    }
    fprintf(stderr, "%s: %s\n", sam2lung_error_name(*error), sam2lung_error_message(*error));
    sam2lung_error_free(*error);
    *error = NULL;
    return false;
}

static bool on_progress(const sam2lung_progress *progress, void *user_data) {
    (void)user_data;
    fprintf(stderr, "\r%3.0f %%  %-30s", 100.0 * progress->fraction, progress->stage_title);
    return true; /* false would cancel the run */
}

static void print_nodules(const sam2lung_result *result) {
    printf("%4s %10s %19s %9s  review\n", "id", "mm3", "interval, mm3", "axis, mm");
    for (size_t index = 0; index < sam2lung_result_nodule_count(result); ++index) {
        sam2lung_nodule nodule = {0};
        sam2lung_error *error = NULL;
        nodule.struct_size = sizeof nodule;
        const sam2lung_status status = sam2lung_result_nodule(result, index, &nodule, &error);
        if (!good(status, &error)) {
            return;
        }
        printf("%4u %10.0f %8.0f to %7.0f %9.1f  %s\n", (unsigned)nodule.id, nodule.volume_mm3,
               nodule.volume_mm3_p05, nodule.volume_mm3_p95, nodule.long_axis_mm, nodule.review ? "yes" : "no");
    }
}

static bool write_labels(const sam2lung_result *result, const char *path) {
    sam2lung_volume labels = {0}; /* borrowed from the result */
    sam2lung_error *error = NULL;
    labels.struct_size = sizeof labels;
    sam2lung_status status = sam2lung_result_labels(result, &labels, &error);
    if (!good(status, &error)) {
        return false;
    }
    status = sam2lung_volume_write(&labels, path, NULL, &error);
    return good(status, &error);
}

/* Segments `image` with the built-in model; the result is the caller's, NULL after an error. */
static sam2lung_result *run(const sam2lung_image *image, uint32_t samples) {
    sam2lung_error *error = NULL;
    sam2lung_bundle *bundle = NULL;
    sam2lung_engine *engine = NULL;
    sam2lung_result *result = NULL;
    sam2lung_volume ct = {0};
    sam2lung_run_options options;
    ct.struct_size = sizeof ct;

    sam2lung_status status = sam2lung_image_volume(image, &ct, &error);
    if (status == SAM2LUNG_STATUS_OK) {
        status = sam2lung_bundle_builtin(&bundle, &error);
    }
    if (status == SAM2LUNG_STATUS_OK) {
        status = sam2lung_engine_create(bundle, NULL, &engine, &error);
    }
    if (status == SAM2LUNG_STATUS_OK) {
        status = sam2lung_run_options_init(&options, sizeof options, &error);
    }
    if (status == SAM2LUNG_STATUS_OK) {
        const sam2lung_volume *volumes[] = {&ct};
        options.samples = samples;
        options.progress = on_progress;
        status = sam2lung_engine_run(engine, volumes, 1, &options, &result, &error);
        fputc('\n', stderr);
    }
    good(status, &error);
    sam2lung_engine_free(engine);
    sam2lung_bundle_free(bundle);
    return result;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s CT|--phantom OUTPUT.nii.gz [SAMPLES]\n", argv[0]);
        return 2;
    }
    const uint32_t samples = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0; /* 0: the model's */
    sam2lung_error *error = NULL;
    sam2lung_image *image = NULL;
    const sam2lung_status status = strcmp(argv[1], "--phantom") == 0
                                       ? sam2lung_image_phantom(0, &image, &error)
                                       : sam2lung_image_read_ct(argv[1], NULL, NULL, &image, &error);
    if (!good(status, &error)) {
        return 1;
    }
    sam2lung_result *const result = run(image, samples);
    bool done = result != NULL;
    if (done) {
        print_nodules(result);
        done = write_labels(result, argv[2]);
    }
    sam2lung_result_free(result);
    sam2lung_image_free(image);
    return done ? 0 : 1;
}
