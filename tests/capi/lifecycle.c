/* Many runs, many objects, many threads: memory doesn't grow and results are the same.
 * Usage: lifecycle BUNDLES FOLDER [RUNS] */
#include "check.h"

#include <pthread.h>
#include <unistd.h>

static const char *bundles;

/* Resident memory in KiB; 0 where the system doesn't tell, and under the address sanitizer, which keeps what is freed. */
static long resident_kib(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 0;
#endif
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0, resident = 0;
    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &total, &resident) != 2) {
            resident = 0;
        }
        fclose(file);
    }
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A good run, and a number that stands for all voxels of its uncertainty. No `error` here: threads would share it. */
static uint64_t run_once(sam2lung_engine *engine, const struct block *block)
{
    sam2lung_volume volume = view_of(block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options;
    sam2lung_result *result = NULL;
    CHECK(sam2lung_run_options_init(&options, sizeof options, NULL) == SAM2LUNG_STATUS_OK);
    options.search = SAM2LUNG_SEARCH_EVERYWHERE;
    CHECK(sam2lung_engine_run(engine, volumes, 1, &options, &result, NULL) == SAM2LUNG_STATUS_OK);
    CHECK(sam2lung_result_nodule_count(result) == 1);
    sam2lung_volume map;
    map.struct_size = sizeof map;
    CHECK(sam2lung_result_map(result, SAM2LUNG_MAP_UNCERTAINTY, &map, NULL) == SAM2LUNG_STATUS_OK);
    uint64_t hash = 14695981039346656037u;
    for (size_t n = 0; n < map.bytes; n++) {
        hash = (hash ^ ((const uint8_t *)map.voxels)[n]) * 1099511628211u;
    }
    sam2lung_result_free(result);
    return hash;
}

/* A run that fails, with its error object: that has to be given back as well. */
static void fail_once(sam2lung_engine *engine, const struct block *block)
{
    sam2lung_volume volume = view_of(block);
    volume.dims[0] = volume.dims[1] = volume.dims[2] = 2; /* a corner, all of one value */
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_result *result = NULL;
    BAD(sam2lung_engine_run(engine, volumes, 1, NULL, &result, &error), "E_NOT_HU");
}

/* Memory has to stay where it is once everything was done `warm` times. */
static void many_runs(int runs)
{
    sam2lung_engine *engine = engine_of(bundles, "tiny-identity");
    struct block block = block_of(24, 20, 16);
    int warm = runs / 5 + 1;
    long before = 0;
    uint64_t first = run_once(engine, &block);
    for (int n = 0; n < runs; n++) {
        CHECK(run_once(engine, &block) == first);
        fail_once(engine, &block);
        if (n == warm) {
            before = resident_kib();
        }
    }
    long grown = resident_kib() - before;
    printf("%d runs: resident memory grew by %ld KiB after %d\n", runs, grown, warm);
    CHECK(grown < 1024); /* a leak of one map of 7680 voxels a run would be 12 MiB over 400 runs */
    sam2lung_engine_free(engine);
    block_free(&block);
}

static void many_objects(int objects)
{
    struct block block = block_of(24, 20, 16);
    int warm = objects / 2;
    long before = 0;
    for (int n = 0; n < objects; n++) {
        sam2lung_engine *engine = engine_of(bundles, "tiny-clicks");
        run_once(engine, &block);
        sam2lung_cancel *cancel = NULL;
        GOOD(sam2lung_cancel_create(&cancel, &error));
        sam2lung_cancel_free(cancel);
        sam2lung_runtime *runtime = NULL;
        GOOD(sam2lung_runtime_load(NULL, &runtime, &error));
        sam2lung_runtime_free(runtime);
        sam2lung_engine_free(engine);
        if (n == warm) {
            before = resident_kib();
        }
    }
    long grown = resident_kib() - before;
    printf("%d engines: resident memory grew by %ld KiB after %d\n", objects, grown, warm);
    CHECK(grown < 4096); /* the allocator's own noise; an engine takes more than 1 MiB */
    block_free(&block);
}

struct worker {
    pthread_t thread;
    sam2lung_engine *engine;
    const struct block *block;
    uint64_t hash;
    int runs;
};

static void *work(void *argument)
{
    struct worker *worker = (struct worker *)argument;
    worker->hash = run_once(worker->engine, worker->block);
    for (int n = 1; n < worker->runs; n++) {
        CHECK(run_once(worker->engine, worker->block) == worker->hash);
    }
    return NULL;
}

static void many_threads(int runs)
{
    struct block block = block_of(24, 20, 16);
    struct worker workers[4];
    for (int n = 0; n < 4; n++) {
        workers[n].engine = engine_of(bundles, "tiny-identity");
        workers[n].block = &block;
        workers[n].runs = runs;
    }
    for (int n = 0; n < 4; n++) {
        CHECK(pthread_create(&workers[n].thread, NULL, work, &workers[n]) == 0);
    }
    for (int n = 0; n < 4; n++) {
        CHECK(pthread_join(workers[n].thread, NULL) == 0);
        CHECK(workers[n].hash == workers[0].hash);
    }
    for (int n = 0; n < 4; n++) {
        sam2lung_engine_free(workers[n].engine);
    }
    printf("4 threads with 4 engines, %d runs each: all the same\n", runs);
    block_free(&block);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3 || argc == 4);
    bundles = argv[1];
    int runs = argc == 4 ? atoi(argv[3]) : 500;
    many_runs(runs);
    many_objects(runs / 10);
    many_threads(runs / 20 + 1);
    puts("lifecycle: good");
    return 0;
}
