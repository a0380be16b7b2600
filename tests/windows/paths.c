/* Paths in UTF-8: results go to and come from folders with letters of many scripts, and paths of more than 260 letters.
 * Usage: paths BUNDLES FOLDER */
#include "../capi/check.h"

#include <windows.h>

/* Makes the folder, writes labels there, and reads them back. */
static void write_below(const char *folder, const char *name, const sam2lung_volume *labels)
{
    char path[4096];
    wchar_t wide[4096];
    snprintf(path, sizeof path, "\\\\?\\%s\\%s", folder, name);
    CHECK(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, 4096) > 0);
    CHECK(CreateDirectoryW(wide, NULL));
    snprintf(path, sizeof path, "%s\\%s\\label %s.nii.gz", folder, name, name);
    GOOD(sam2lung_volume_write(labels, path, NULL, &error));
    sam2lung_image *image = NULL;
    GOOD(sam2lung_image_read(path, &image, &error));
    sam2lung_volume read;
    read.struct_size = sizeof read;
    GOOD(sam2lung_image_volume(image, &read, &error));
    CHECK(memcmp(read.dims, labels->dims, sizeof read.dims) == 0);
    sam2lung_image_free(image);
    /* The system has it under the same name. */
    CHECK(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide + 4, 4092) > 0);
    memcpy(wide, L"\\\\?\\", 4 * sizeof(wchar_t));
    CHECK(GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    sam2lung_engine *engine = engine_of(argv[1], "tiny-identity");
    struct block block = block_of(24, 20, 16);
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    sam2lung_volume labels;
    labels.struct_size = sizeof labels;
    GOOD(sam2lung_result_labels(result, &labels, &error));

    write_below(argv[2], "Pr\xc3\xbc\x66ung \xe8\x82\xba \xd0\xbb\xd1\x91\xd0\xb3\xd0\xba\xd0\xbe\xd0\xb5", &labels);
    char name[161];
    memset(name, 'n', 160);
    name[160] = '\0';
    write_below(argv[2], name, &labels); /* twice 160 letters */

    BAD(sam2lung_volume_write(&labels, "\xff.nii", NULL, &error), "E_ARGUMENT");
    sam2lung_result_free(result);
    sam2lung_engine_free(engine);
    block_free(&block);
    puts("paths: good");
    return 0;
}
