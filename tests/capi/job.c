/* Runs on a thread of the library's own. Usage: job BUNDLES FOLDER */
#include "check.h"

#include <pthread.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static uint64_t hash_of(const sam2lung_result *result)
{
    sam2lung_volume map;
    map.struct_size = sizeof map;
    CHECK(sam2lung_result_map(result, SAM2LUNG_MAP_UNCERTAINTY, &map, NULL) == SAM2LUNG_STATUS_OK);
    uint64_t hash = 14695981039346656037u;
    for (size_t n = 0; n < map.bytes; n++) {
        hash = (hash ^ ((const uint8_t *)map.voxels)[n]) * 1099511628211u;
    }
    return hash;
}

static bool tell(const sam2lung_progress *progress, void *data)
{
    (void)progress;
    (void)data;
    return true;
}

/* Polls until the job has ended; the fraction never falls. No `error` here: threads would share it. */
static void *watch(void *data)
{
    const sam2lung_job *job = (const sam2lung_job *)data;
    double fraction = 0;
    for (bool ended = false; !ended;) {
        sam2lung_progress progress;
        progress.struct_size = sizeof progress;
        CHECK(sam2lung_job_poll(job, &progress, &ended, NULL) == SAM2LUNG_STATUS_OK);
        CHECK(progress.struct_size == sizeof progress && progress.stage_title != NULL);
        CHECK(progress.fraction >= fraction && progress.fraction <= 1.0);
        fraction = progress.fraction;
        CHECK(sam2lung_job_wait(job, 1, &ended, NULL) == SAM2LUNG_STATUS_OK);
    }
    return NULL;
}

/* A job that takes long: it is there to be cancelled. Returns when it is well under way. */
static sam2lung_job *endless(sam2lung_engine *engine, const struct block *block)
{
    sam2lung_volume volume = view_of(block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    options.samples = SAM2LUNG_MAX_SAMPLES;
    sam2lung_job *job = NULL;
    GOOD(sam2lung_job_start(engine, volumes, 1, &options, &job, &error));
    sam2lung_progress progress;
    progress.struct_size = sizeof progress;
    progress.stage = SAM2LUNG_STAGE_READ;
    while (progress.stage != SAM2LUNG_STAGE_SEGMENT) {
        bool ended = true;
        GOOD(sam2lung_job_wait(job, 1, &ended, &error));
        CHECK(!ended);
        GOOD(sam2lung_job_poll(job, &progress, NULL, &error));
    }
    return job;
}

int main(int count, char **arguments)
{
    CHECK(count >= 2);
    sam2lung_engine *engine = engine_of(arguments[1], "tiny-identity"), *second = engine_of(arguments[1], "tiny-clicks");
    struct block block = block_of(40, 36, 24), other = block_of(40, 36, 24);
    sam2lung_volume volume = view_of(&block), gone = view_of(&other);
    const sam2lung_volume *volumes[1] = {&volume}, *copied[1] = {&gone};
    sam2lung_run_options options = everywhere();
    sam2lung_result *blocking = NULL, *found = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &blocking, &error));
    uint64_t hash = hash_of(blocking);

    /* The same bits as a call that blocks, from voxels that are gone by then; two threads look on. */
    sam2lung_job *job = NULL;
    GOOD(sam2lung_job_start(engine, copied, 1, &options, &job, &error));
    memset(other.voxels, 0, gone.bytes);
    pthread_t watchers[2];
    CHECK(pthread_create(&watchers[0], NULL, watch, job) == 0 && pthread_create(&watchers[1], NULL, watch, job) == 0);
    bool ended = false;
    GOOD(sam2lung_job_wait(job, -1, &ended, &error));
    CHECK(ended && pthread_join(watchers[0], NULL) == 0 && pthread_join(watchers[1], NULL) == 0);
    GOOD(sam2lung_job_result(job, &found, &error));
    CHECK(hash_of(found) == hash && sam2lung_result_seconds(found) > 0);
    sam2lung_result *again = NULL;
    BAD(sam2lung_job_result(job, &again, &error), "E_ARGUMENT"); /* handed over once */
    CHECK(again == NULL);
    sam2lung_job_cancel(job); /* nothing is left to cancel */
    sam2lung_job_free(job);
    sam2lung_result_free(found);

    /* Clicks; a result that nobody takes goes with its job. */
    GOOD(sam2lung_job_start_clicks(second, volumes, 1, block.centre, 1, NULL, 0, &options, &job, &error));
    GOOD(sam2lung_job_wait(job, -1, NULL, &error));
    GOOD(sam2lung_job_result(job, &found, &error));
    CHECK(sam2lung_result_click_count(found) == 1);
    sam2lung_result_free(found);
    sam2lung_job_free(job);
    GOOD(sam2lung_job_start(second, volumes, 1, &options, &job, &error));
    GOOD(sam2lung_job_wait(job, -1, NULL, &error));
    sam2lung_job_free(job);

    /* One at a time on an engine, whoever asks; another engine goes its own way. */
    sam2lung_job *runs = endless(engine, &block);
    job = NULL;
    BAD(sam2lung_job_start(engine, volumes, 1, &options, &job, &error), "E_BUSY");
    BAD(sam2lung_engine_run(engine, volumes, 1, &options, &found, &error), "E_BUSY");
    BAD(sam2lung_job_result(runs, &found, &error), "E_ARGUMENT"); /* still runs */
    double asked = now();
    GOOD(sam2lung_job_wait(runs, 50, &ended, &error));
    CHECK(!ended && now() - asked >= 0.05);
    GOOD(sam2lung_job_start(second, volumes, 1, &options, &job, &error));
    GOOD(sam2lung_job_wait(job, -1, &ended, &error));
    CHECK(ended);
    sam2lung_job_free(job);

    /* Cancelled in mid-run: said as often as it is asked, and the engine is free. */
    sam2lung_job_cancel(runs);
    GOOD(sam2lung_job_wait(runs, -1, &ended, &error));
    BAD(sam2lung_job_result(runs, &found, &error), "E_CANCELLED");
    BAD(sam2lung_job_result(runs, &found, &error), "E_CANCELLED");
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &found, &error));
    CHECK(hash_of(found) == hash);
    sam2lung_result_free(found);
    sam2lung_job_free(runs);

    /* Cancelled by a token that is freed before. */
    sam2lung_cancel *cancel = NULL;
    GOOD(sam2lung_cancel_create(&cancel, &error));
    sam2lung_run_options slow = options;
    slow.samples = SAM2LUNG_MAX_SAMPLES;
    slow.cancel = cancel;
    GOOD(sam2lung_job_start(engine, volumes, 1, &slow, &job, &error));
    sam2lung_cancel_request(cancel);
    sam2lung_cancel_free(cancel);
    GOOD(sam2lung_job_wait(job, -1, NULL, &error));
    BAD(sam2lung_job_result(job, &found, &error), "E_CANCELLED");
    sam2lung_job_free(job);

    /* What can't run never starts; what fails in the run is told at its end. */
    options.progress = tell;
    BAD(sam2lung_job_start(engine, volumes, 1, &options, &job, &error), "E_ARGUMENT");
    options.progress = NULL;
    BAD(sam2lung_job_start(engine, volumes, 2, &options, &job, &error), "E_ARGUMENT");
    BAD(sam2lung_job_start(NULL, volumes, 1, &options, &job, &error), "E_ARGUMENT");
    BAD(sam2lung_job_start(engine, volumes, 1, &options, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_job_start_clicks(engine, volumes, 1, NULL, 0, NULL, 0, &options, &job, &error), "E_ARGUMENT");
    volume.dims[0] = volume.dims[1] = volume.dims[2] = 2; /* a corner, all of one value */
    GOOD(sam2lung_job_start(engine, volumes, 1, &options, &job, &error));
    GOOD(sam2lung_job_wait(job, -1, NULL, &error));
    BAD(sam2lung_job_result(job, &found, &error), "E_NOT_HU");
    sam2lung_job_free(job);
    BAD(sam2lung_job_poll(NULL, NULL, NULL, &error), "E_ARGUMENT");
    BAD(sam2lung_job_wait(NULL, 0, NULL, &error), "E_ARGUMENT");
    sam2lung_job_cancel(NULL);
    sam2lung_job_free(NULL);

    /* Freed in mid-run, its engine before it. */
    runs = endless(engine, &block);
    sam2lung_engine_free(engine);
    GOOD(sam2lung_job_poll(runs, NULL, &ended, &error));
    CHECK(!ended);
    sam2lung_job_free(runs);

    sam2lung_engine_free(second);
    sam2lung_result_free(blocking);
    block_free(&block);
    block_free(&other);
    printf("job: good\n");
    return 0;
}
