/* Installed bundles: listed with what is wrong with each, opened by name, their signatures. Usage: installed BUNDLES FOLDER */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

static char models[2048];

/* Makes FOLDER/models/NAME/VERSION a link to a bundle of tests/bundles. */
static void install(const char *bundles, const char *bundle, const char *name, const char *version)
{
    char from[4096], folder[4096], to[8192];
    snprintf(from, sizeof from, "%s/%s", bundles, bundle);
    snprintf(folder, sizeof folder, "%s/%s", models, name);
    snprintf(to, sizeof to, "%s/%s", folder, version);
    CHECK(mkdir(folder, 0777) == 0 || access(folder, F_OK) == 0);
    unlink(to);
    CHECK(symlink(from, to) == 0);
}

static void listed(const char *folder)
{
    sam2lung_bundle_list *list = NULL;
    GOOD(sam2lung_bundle_list_create(folder, &list, &error));
    CHECK(strcmp(sam2lung_bundle_list_folder(list), models) == 0);
    CHECK(sam2lung_bundle_list_count(list) == 4);
    /* The built-in one comes first. */
    CHECK(sam2lung_bundle_list_is_builtin(list, 0) && strcmp(sam2lung_bundle_list_path(list, 0), "") == 0);
    CHECK(sam2lung_bundle_list_signature(list, 0) == SAM2LUNG_SIGNATURE_BUILT_IN);
    sam2lung_bundle *builtin = NULL;
    GOOD(sam2lung_bundle_builtin(&builtin, &error));
    CHECK(strcmp(sam2lung_bundle_list_name(list, 0), sam2lung_bundle_name(builtin)) == 0);
    CHECK(strcmp(sam2lung_bundle_list_sha256(list, 0), sam2lung_bundle_sha256(builtin)) == 0);
    CHECK(sam2lung_bundle_signature(builtin) == SAM2LUNG_SIGNATURE_BUILT_IN);
    sam2lung_bundle_free(builtin);
    /* moved: its folder has another name than it has itself. */
    CHECK(strcmp(sam2lung_bundle_list_name(list, 1), "moved") == 0);
    CHECK(strncmp(sam2lung_bundle_list_problem(list, 1), "E_MODEL_BUNDLE: ", 16) == 0);
    /* Names in their order. */
    CHECK(strcmp(sam2lung_bundle_list_name(list, 2), "tiny-plain") == 0);
    CHECK(strcmp(sam2lung_bundle_list_name(list, 3), "tiny-regions") == 0);
    for (size_t n = 2; n < 4; n++) {
        CHECK(!sam2lung_bundle_list_is_builtin(list, n) && strcmp(sam2lung_bundle_list_version(list, n), "1.0.0") == 0);
        CHECK(strcmp(sam2lung_bundle_list_problem(list, n), "") == 0);
        CHECK(sam2lung_bundle_list_signature(list, n) == SAM2LUNG_SIGNATURE_MISSING);
        CHECK(strcmp(sam2lung_bundle_list_signature_text(list, n), "not signed") == 0);
        sam2lung_bundle *bundle = NULL;
        GOOD(sam2lung_bundle_open(sam2lung_bundle_list_path(list, n), &bundle, &error));
        CHECK(strcmp(sam2lung_bundle_name(bundle), sam2lung_bundle_list_name(list, n)) == 0);
        CHECK(strcmp(sam2lung_bundle_sha256(bundle), sam2lung_bundle_list_sha256(list, n)) == 0);
        sam2lung_bundle_free(bundle);
    }
    CHECK(strcmp(sam2lung_bundle_list_purpose(list, 2), "CT -> findings of nodule; segment (slice)") == 0);
    CHECK(strstr(sam2lung_bundle_list_purpose(list, 3), "CT + PET -> regions core, rim; segment") != NULL);
    CHECK(sam2lung_bundle_list_bytes(list, 2) > 1000 && sam2lung_bundle_list_bytes(list, 2) < 10000);
    /* Behind the end. */
    CHECK(strcmp(sam2lung_bundle_list_name(list, 4), "") == 0 && sam2lung_bundle_list_bytes(list, 4) == 0);
    CHECK(!sam2lung_bundle_list_is_builtin(list, SIZE_MAX));
    sam2lung_bundle_list_free(list);
}

static void by_name(void)
{
    sam2lung_bundle *bundle = NULL;
    GOOD(sam2lung_bundle_open("tiny-plain", &bundle, &error));
    CHECK(strcmp(sam2lung_bundle_name(bundle), "tiny-plain") == 0);
    CHECK(sam2lung_bundle_signature(bundle) == SAM2LUNG_SIGNATURE_MISSING);
    CHECK(strcmp(sam2lung_bundle_signature_text(bundle), "not signed") == 0);
    sam2lung_bundle_free(bundle);
    bundle = NULL;
    GOOD(sam2lung_bundle_open("tiny-regions@1.0.0", &bundle, &error));
    sam2lung_bundle_free(bundle);
    bundle = NULL;
    BAD(sam2lung_bundle_open("tiny-regions@2.0.0", &bundle, &error), "E_NO_SUCH_MODEL");
    BAD(sam2lung_bundle_open("moved", &bundle, &error), "E_MODEL_BUNDLE");
    BAD(sam2lung_bundle_open("no/such/folder", &bundle, &error), "E_MODEL_BUNDLE");
    CHECK(bundle == NULL);
}

static char *read_file(const char *bundles, const char *name, size_t *bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tiny-plain/%s", bundles, name);
    FILE *file = fopen(path, "rb");
    char *text = (char *)malloc(1 << 16);
    CHECK(file != NULL && text != NULL);
    *bytes = fread(text, 1, 1 << 16, file);
    CHECK(*bytes > 0 && *bytes < 1 << 16);
    fclose(file);
    return text;
}

/* Signatures of bundles in memory: a file of 64 bytes can't be checked without keys, one of another length is wrong. */
static void signatures(const char *bundles)
{
    size_t sizes[2] = {0, 64}, contract_bytes = 0;
    char *contract = read_file(bundles, "model.json", &contract_bytes), *graph = read_file(bundles, "graph.onnx", sizes);
    const char signature[64] = {1, 2, 3};
    const char *names[2] = {"graph.onnx", "model.json.sig"};
    const void *files[2] = {graph, signature};
    sam2lung_bundle *bundle = NULL;
    GOOD(sam2lung_bundle_from_memory(contract, contract_bytes, names, files, sizes, 2, &bundle, &error));
    CHECK(sam2lung_bundle_signature(bundle) == SAM2LUNG_SIGNATURE_NOT_CHECKED);
    CHECK(strstr(sam2lung_bundle_signature_text(bundle), "not checked") != NULL);
    sam2lung_bundle_free(bundle);
    bundle = NULL;
    sizes[1] = 63;
    BAD(sam2lung_bundle_from_memory(contract, contract_bytes, names, files, sizes, 2, &bundle, &error), "E_SIGNATURE");
    setenv("SAM2LUNG_REQUIRE_SIGNATURE", "1", 1);
    sizes[1] = 64;
    BAD(sam2lung_bundle_from_memory(contract, contract_bytes, names, files, sizes, 2, &bundle, &error), "E_SIGNATURE");
    BAD(sam2lung_bundle_from_memory(contract, contract_bytes, names, files, sizes, 1, &bundle, &error), "E_SIGNATURE");
    BAD(sam2lung_bundle_open("tiny-plain", &bundle, &error), "E_SIGNATURE");
    GOOD(sam2lung_bundle_builtin(&bundle, &error));
    sam2lung_bundle_free(bundle);
    unsetenv("SAM2LUNG_REQUIRE_SIGNATURE");
    /* Keys that were chosen and can't be read let nothing pass. */
    setenv("SAM2LUNG_KEYS", "no/such/folder", 1);
    bundle = NULL;
    BAD(sam2lung_bundle_open("tiny-plain", &bundle, &error), "E_SIGNATURE");
    sam2lung_bundle_list *list = NULL;
    BAD(sam2lung_bundle_list_create(NULL, &list, &error), "E_SIGNATURE");
    CHECK(bundle == NULL && list == NULL);
    unsetenv("SAM2LUNG_KEYS");
    free(contract);
    free(graph);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    snprintf(models, sizeof models, "%s/installed", argv[2]);
    CHECK(mkdir(models, 0777) == 0 || access(models, F_OK) == 0);
    install(argv[1], "tiny-plain", "tiny-plain", "1.0.0");
    install(argv[1], "tiny-regions", "tiny-regions", "1.0.0");
    install(argv[1], "tiny-plain", "moved", "1.0.0");
    /* Nothing of whoever runs this is looked at. */
    setenv("XDG_DATA_HOME", argv[2], 1);
    unsetenv("SAM2LUNG_KEYS");
    unsetenv("SAM2LUNG_REQUIRE_SIGNATURE");
    setenv("SAM2LUNG_MODELS", models, 1);
    listed(NULL);
    listed(models);
    by_name();
    signatures(argv[1]);
    /* A folder that isn't there yet holds nothing. */
    sam2lung_bundle_list *list = NULL;
    GOOD(sam2lung_bundle_list_create("no/such/folder", &list, &error));
    CHECK(sam2lung_bundle_list_count(list) == 1);
    sam2lung_bundle_list_free(list);
    char file[4096];
    snprintf(file, sizeof file, "%s/tiny-plain/model.json", argv[1]);
    list = NULL;
    BAD(sam2lung_bundle_list_create(file, &list, &error), "E_READ");
    CHECK(list == NULL);
    puts("installed: good");
    return 0;
}
