/* Opens the library by hand, runs, closes it, and again; then a thread that used it ends after it was closed.
 * Usage: reopen BUNDLES FOLDER; the library is the one that the variable SAM2LUNG_LIBRARY names. */
#include <sam2lung.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static const char *bundles;

/* Function `name` of the library as a function pointer of its type in the header. */
#define FUNCTION(handle, name)                                                                                           \
    __typeof__(name) *name##_;                                                                                         \
    *(void **)&name##_ = dlsym(handle, #name);                                                                         \
    CHECK(name##_ != NULL)

static void use(void *handle)
{
    FUNCTION(handle, sam2lung_bundle_open);
    FUNCTION(handle, sam2lung_bundle_free);
    FUNCTION(handle, sam2lung_engine_create);
    FUNCTION(handle, sam2lung_engine_run);
    FUNCTION(handle, sam2lung_engine_free);
    FUNCTION(handle, sam2lung_run_options_init);
    FUNCTION(handle, sam2lung_result_nodule_count);
    FUNCTION(handle, sam2lung_result_free);
    char path[4096];
    snprintf(path, sizeof path, "%s/tiny-identity", bundles);
    sam2lung_bundle *bundle = NULL;
    sam2lung_engine *engine = NULL;
    sam2lung_result *result = NULL;
    CHECK(sam2lung_bundle_open_(path, &bundle, NULL) == SAM2LUNG_STATUS_OK);
    CHECK(sam2lung_engine_create_(bundle, NULL, &engine, NULL) == SAM2LUNG_STATUS_OK);
    static int16_t voxels[16 * 16 * 16];
    for (int n = 0; n < 16 * 16 * 16; n++) {
        int i = n % 16, j = n / 16 % 16, k = n / 256;
        voxels[n] = i / 4 == 1 && j / 4 == 1 && k / 4 == 1 ? 300 : -900;
    }
    sam2lung_volume volume;
    memset(&volume, 0, sizeof volume);
    volume.struct_size = sizeof volume;
    volume.voxels = voxels;
    volume.bytes = sizeof voxels;
    volume.voxel_type = SAM2LUNG_VOXEL_TYPE_INT16;
    volume.dims[0] = volume.dims[1] = volume.dims[2] = 16;
    volume.ijk_to_ras[0] = volume.ijk_to_ras[5] = volume.ijk_to_ras[10] = volume.ijk_to_ras[15] = 1.0;
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options;
    CHECK(sam2lung_run_options_init_(&options, sizeof options, NULL) == SAM2LUNG_STATUS_OK);
    options.search = SAM2LUNG_SEARCH_EVERYWHERE;
    CHECK(sam2lung_engine_run_(engine, volumes, 1, &options, &result, NULL) == SAM2LUNG_STATUS_OK);
    CHECK(sam2lung_result_nodule_count_(result) == 1);
    sam2lung_result_free_(result);
    sam2lung_engine_free_(engine);
    sam2lung_bundle_free_(bundle);
}

static pthread_barrier_t closed;

static void *uses_it_and_ends_later(void *handle)
{
    use(handle);
    pthread_barrier_wait(&closed); /* it is used no more */
    pthread_barrier_wait(&closed); /* and now it is closed */
    return NULL;
}

int main(int argc, char **argv)
{
    CHECK(argc == 3 && getenv("SAM2LUNG_LIBRARY") != NULL);
    bundles = argv[1];
    for (int round = 0; round < 3; round++) {
        void *handle = dlopen(getenv("SAM2LUNG_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
        CHECK(handle != NULL);
        use(handle);
        CHECK(dlclose(handle) == 0);
    }
    void *handle = dlopen(getenv("SAM2LUNG_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    pthread_t thread;
    CHECK(pthread_barrier_init(&closed, NULL, 2) == 0);
    CHECK(pthread_create(&thread, NULL, uses_it_and_ends_later, handle) == 0);
    pthread_barrier_wait(&closed);
    CHECK(dlclose(handle) == 0);
    pthread_barrier_wait(&closed);
    CHECK(pthread_join(thread, NULL) == 0);
    puts("reopen: good");
    return 0;
}
