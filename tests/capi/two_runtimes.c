/* The library beside a plugin of the host that was linked with another version of ONNX Runtime, in either order.
 * Usage: two_runtimes BUNDLES FOLDER PLUGIN VERSION */
#include "check.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *bundles, *plugin, *version;

/* The plugin is given the version that it was linked with. `flag`: RTLD_LOCAL, or RTLD_GLOBAL as careless hosts have it. */
static void use_plugin(int flag)
{
    void *handle = dlopen(plugin, RTLD_NOW | flag);
    if (handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    const char *(*told)(void);
    *(void **)&told = dlsym(handle, "plugin_version");
    CHECK(told != NULL && strcmp(told(), version) == 0);
}

/* A run; a number that stands for its map. */
static uint64_t run(void)
{
    sam2lung_engine *engine = engine_of(bundles, "tiny-identity");
    struct block block = block_of(24, 20, 16);
    sam2lung_volume volume = view_of(&block), map;
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    map.struct_size = sizeof map;
    GOOD(sam2lung_result_map(result, SAM2LUNG_MAP_PROBABILITY, &map, &error));
    uint64_t hash = 14695981039346656037u;
    for (size_t n = 0; n < map.bytes; n++) {
        hash = (hash ^ ((const uint8_t *)map.voxels)[n]) * 1099511628211u;
    }
    sam2lung_result_free(result);
    sam2lung_engine_free(engine);
    block_free(&block);
    sam2lung_runtime *runtime = NULL;
    GOOD(sam2lung_runtime_load(NULL, &runtime, &error));
    CHECK(strstr(sam2lung_runtime_build(runtime), version) == NULL);
    sam2lung_runtime_free(runtime);
    return hash;
}

/* In a child, for what was loaded stays; its map goes through a pipe. */
static uint64_t in_order(int first, int flag)
{
    int ends[2], status = 0;
    uint64_t hash = 0;
    CHECK(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (first) {
            use_plugin(flag);
        }
        hash = run();
        use_plugin(flag);
        CHECK(run() == hash);
        CHECK(write(ends[1], &hash, sizeof hash) == (ssize_t)sizeof hash);
        exit(0);
    }
    close(ends[1]);
    CHECK(read(ends[0], &hash, sizeof hash) == (ssize_t)sizeof hash);
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return hash;
}

int main(int argc, char **argv)
{
    CHECK(argc == 5);
    bundles = argv[1];
    plugin = argv[3];
    version = argv[4];
    uint64_t hash = in_order(1, RTLD_LOCAL);
    CHECK(in_order(0, RTLD_LOCAL) == hash);
    CHECK(in_order(1, RTLD_GLOBAL) == hash);
    CHECK(in_order(0, RTLD_GLOBAL) == hash);
    printf("two_runtimes: good, beside ONNX Runtime %s\n", version);
    return 0;
}
