/* A result's folder of files. Usage: report BUNDLES FOLDER */
#include "check.h"

#include <dirent.h>
#include <sys/stat.h>

static char folder[4096];

/* A file of the folder as text, to be freed; NULL: it isn't there. */
static char *text_of(const char *name)
{
    char path[5000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    CHECK(fseek(file, 0, SEEK_END) == 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = (char *)calloc(size + 1, 1);
    CHECK(text != NULL && fread(text, 1, size, file) == size);
    fclose(file);
    return text;
}

/* Whether a file of the folder is there and says this. */
static bool says(const char *name, const char *words)
{
    char *text = text_of(name);
    bool found = text != NULL && strstr(text, words) != NULL;
    free(text);
    return found;
}

static int files_in(const char *path)
{
    DIR *entries = opendir(path);
    int count = 0;
    for (struct dirent *entry = NULL; entries != NULL && (entry = readdir(entries)) != NULL;) {
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return count;
}

static bool stop(const sam2lung_progress *progress, void *data)
{
    return progress->stage != SAM2LUNG_STAGE_WRITE || data == NULL;
}

int main(int count, char **arguments)
{
    CHECK(count >= 3);
    snprintf(folder, sizeof folder, "%s/reported/chest", arguments[2]);
    sam2lung_engine *engine = engine_of(arguments[1], "tiny-identity");
    struct block block = block_of(40, 36, 24);
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options run = everywhere();
    run.seed = 7;
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &run, &result, &error));
    CHECK(sam2lung_result_nodule_count(result) == 1);
    sam2lung_engine_free(engine); /* results outlive it, with all that a report says of the run */

    GOOD(sam2lung_result_write_report(result, &volume, NULL, folder, &error));
    CHECK(says("report.html", "1 nodule was found") && says("findings.txt", "Lung nodules in chest"));
    CHECK(says("run.json", "\"seed\": 7") && says("run.json", "\"format\": \"memory\""));
    CHECK(says("run.json", "\"lung_mask\": \"off\"") && says("run.json", "\"format\": \"nii.gz\""));
    CHECK(!says("nodules.csv", "accepted") && text_of("segmentation.dcm") == NULL);
    char *json = text_of("nodules.json");
    CHECK(json != NULL && strcmp(json, sam2lung_result_nodules_json(result)) == 0);
    free(json);
    int all = files_in(folder);
    char above[4200];
    snprintf(above, sizeof above, "%s/reported", arguments[2]);
    CHECK(files_in(above) == 1);

    /* What a reader says is in every file; without volumes there are three files less. */
    sam2lung_reading readings[1];
    memset(readings, 0, sizeof readings);
    readings[0].struct_size = sizeof readings[0];
    readings[0].nodule = 1;
    readings[0].decision = SAM2LUNG_DECISION_REJECTED;
    readings[0].comment = "a vessel";
    readings[0].reader = "AB";
    sam2lung_report_options options;
    GOOD(sam2lung_report_options_init(&options, sizeof options, &error));
    options.readings = readings;
    options.reading_count = 1;
    options.volume_format = SAM2LUNG_VOLUME_FORMAT_NONE;
    GOOD(sam2lung_result_write_report(result, &volume, &options, folder, &error));
    CHECK(files_in(folder) == all - 3);
    CHECK(says("report.html", "Rejected by AB: a vessel.") && says("findings.txt", "1 rejected (Nodule 1)"));
    CHECK(says("nodules.csv", ",accepted,decided,comment,reader,") && says("nodules.csv", ",false,true,a vessel,AB,"));
    CHECK(says("run.json", "\"decision\": \"rejected\""));
    options.surface_format = SAM2LUNG_SURFACE_FORMAT_VTP;
    GOOD(sam2lung_result_write_report(result, &volume, &options, folder, &error));
    CHECK(files_in(folder) == all - 2 && says("nodules.vtp", "PolyData"));

    /* Refusals leave what was there. */
    readings[0].nodule = 2;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_OPTION");
    readings[0].nodule = 1;
    readings[0].decision = 3;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    readings[0].decision = 0;
    readings[0].comment = "\xe4";
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    readings[0].comment = NULL;
    readings[0].struct_size = 8;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    options.readings = NULL;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    options.reading_count = 0;
    options.volume_format = 4;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    options.volume_format = 0;
    options.surface_format = 3;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    options.surface_format = 0;
    options.sample_outlines = true;
    options.volume_format = SAM2LUNG_VOLUME_FORMAT_NONE;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    options.sample_outlines = false;
    options.volume_format = 0;
    options.dicom = true;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_ARGUMENT");
    options.dicom_source = "/nowhere";
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_READ");
    options.dicom_source = NULL;
    options.dicom = false;
    BAD(sam2lung_result_write_report(NULL, &volume, &options, folder, &error), "E_ARGUMENT");
    BAD(sam2lung_result_write_report(result, NULL, &options, folder, &error), "E_ARGUMENT");
    BAD(sam2lung_result_write_report(result, &volume, &options, NULL, &error), "E_ARGUMENT");
    block.voxels[0] = -899;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_OPTION"); /* another CT */
    block.voxels[0] = -900;
    volume.ijk_to_ras[3] = 5.0;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_OPTION"); /* elsewhere */
    volume.ijk_to_ras[3] = 0.0;
    options.progress = stop;
    options.progress_data = &options;
    BAD(sam2lung_result_write_report(result, &volume, &options, folder, &error), "E_CANCELLED");
    options.progress = NULL;
    BAD(sam2lung_result_write_report(result, &volume, &options, arguments[1], &error), "E_WRITE"); /* holds bundles */
    CHECK(files_in(folder) == all - 2 && files_in(above) == 1);

    /* Of maps nobody knows how they were made. */
    sam2lung_volume labels;
    labels.struct_size = sizeof labels;
    GOOD(sam2lung_result_labels(result, &labels, &error));
    sam2lung_result *kept = NULL;
    GOOD(sam2lung_result_from_maps(&labels, NULL, NULL, &kept, &error));
    BAD(sam2lung_result_write_report(kept, &volume, NULL, folder, &error), "E_ARGUMENT");
    sam2lung_result_free(kept);

    sam2lung_result_free(result);
    block_free(&block);
    printf("report: good\n");
    return 0;
}
