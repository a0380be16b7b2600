/* The whole way on a thread with as little stack as the conventions promise: 512 KiB, of which glibc takes its own part.
 * Usage: stack BUNDLES FOLDER [KIB] */
#include "check.h"

#include <pthread.h>

static const char *folder;

static void *whole_way(void *unused)
{
    (void)unused;
    sam2lung_image *phantom = NULL;
    GOOD(sam2lung_image_phantom(0, &phantom, &error));
    sam2lung_volume volume;
    volume.struct_size = sizeof volume;
    GOOD(sam2lung_image_volume(phantom, &volume, &error));
    volume.dims[2] = 24; /* as many slices as every stage needs */
    volume.bytes = (size_t)(volume.dims[0] * volume.dims[1] * volume.dims[2]) * sizeof(float);

    char path[4096];
    snprintf(path, sizeof path, "%s/stack.nii.gz", folder);
    GOOD(sam2lung_volume_write(&volume, path, NULL, &error));
    sam2lung_image *read = NULL;
    GOOD(sam2lung_image_read_ct(path, NULL, NULL, &read, &error));
    sam2lung_image_free(read);

    sam2lung_bundle *bundle = NULL;
    GOOD(sam2lung_bundle_builtin(&bundle, &error));
    sam2lung_engine *engine = NULL;
    GOOD(sam2lung_engine_create(bundle, NULL, &engine, &error));
    sam2lung_bundle_free(bundle);

    sam2lung_run_options options;
    GOOD(sam2lung_run_options_init(&options, sizeof options, &error));
    options.samples = 2;
    const sam2lung_volume *volumes[1] = {&volume};
    const int64_t inside[3] = {volume.dims[0] / 4, volume.dims[1] / 2, 12};
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run_at(engine, volumes, 1, inside, 1, NULL, 0, &options, &result, &error));
    snprintf(path, sizeof path, "%s/stack.vtp", folder);
    GOOD(sam2lung_result_write_surfaces(result, 0, path, &error));
    sam2lung_result_free(result);
    sam2lung_engine_free(engine);
    sam2lung_image_free(phantom);
    return NULL;
}

int main(int argc, char **argv)
{
    CHECK(argc > 2);
    folder = argv[2];
    size_t kib = argc > 3 ? (size_t)atol(argv[3]) : 512;
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, kib * 1024) == 0);
    CHECK(pthread_create(&thread, &attributes, whole_way, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attributes);
    printf("the whole way on %zu KiB of stack\n", kib);
    return 0;
}
