/* Cancel at each stage of a run over 512 x 512 slices: how long it takes until the call is back, and the memory then.
 * Usage: cancel BUNDLES FOLDER [DEPTH [MOMENTS [BUNDLE]]] */
#include "check.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { SIDE = 512 };
/* What is promised on two cores. Time of the processors is measured: with cores to itself a process takes no longer by the
 * clock on the wall, and on a busy machine that would measure the others. */
static const double LIMIT_S = 0.5;

static double seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double now(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static double resident_mib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0, resident = 0;
    if (file == NULL || fscanf(file, "%ld %ld", &total, &resident) != 2) {
        resident = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* A body with two lungs, vessels in them and four nodules, with noise. */
static int16_t *chest(int64_t depth)
{
    int16_t *voxels = (int16_t *)malloc((size_t)(SIDE * SIDE * depth) * sizeof(int16_t));
    CHECK(voxels != NULL);
    uint32_t noise = 1;
    for (int64_t k = 0; k < depth; k++) {
        for (int64_t j = 0; j < SIDE; j++) {
            for (int64_t i = 0; i < SIDE; i++) {
                double x = (double)(i - 256) / 220.0, y = (double)(j - 256) / 160.0;
                double lung_x = (x < 0 ? x + 0.5 : x - 0.5) / 0.38, lung_y = y / 0.75;
                int value = -1000;
                if (x * x + y * y < 1.0) {
                    value = 40;
                }
                if (lung_x * lung_x + lung_y * lung_y < 1.0) {
                    int64_t ball = (i % 128 - 64) * (i % 128 - 64) + (j % 128 - 64) * (j % 128 - 64)
                                   + 9 * (k % 24 - 12) * (k % 24 - 12);
                    value = ball < 64 || (i * j) % 97 == 0 ? 0 : -850;
                }
                noise = noise * 1664525u + 1013904223u;
                voxels[(k * SIDE + j) * SIDE + i] = (int16_t)(value + (int)(noise >> 27) - 16);
            }
        }
    }
    return voxels;
}

struct watch {
    int32_t stage;   /* cancel there, -1 nowhere */
    uint64_t part;   /* once so many sixteenths of the stage are done */
    double asked;    /* when it was asked to stop */
    double entered[6];
    bool seen[6];
};

static bool on_progress(const sam2lung_progress *progress, void *user_data)
{
    struct watch *watch = (struct watch *)user_data;
    if (!watch->seen[progress->stage]) {
        watch->seen[progress->stage] = true;
        watch->entered[progress->stage] = now();
    }
    if (progress->stage != watch->stage || progress->done * 16 < watch->part * progress->total) {
        return true;
    }
    watch->asked = now();
    return false;
}

static sam2lung_engine *engine;
static sam2lung_volume volume;
static const int64_t point[3] = {64 + 128, 64 + 128, 12};

static sam2lung_status run(const sam2lung_run_options *options, sam2lung_result **result)
{
    const sam2lung_volume *volumes[1] = {&volume};
    return sam2lung_engine_run_at(engine, volumes, 1, point, 1, NULL, 0, options, result, &error);
}

static double worst = 0.0;

static void back_in_time(const char *what, double asked, double level_mib)
{
    double took = now() - asked, mib = resident_mib();
    if (took > worst) {
        worst = took;
    }
    printf("%s: back after %.3f s, %+.0f MiB\n", what, took, mib - level_mib);
    CHECK(took <= LIMIT_S);
    CHECK(mib <= level_mib + 32); /* blocks that the allocator keeps; the maps of a run take 16 bytes a voxel */
}

struct canceller {
    pthread_t thread;
    sam2lung_cancel *cancel;
    double at;
    double asked;
};

static void *cancel_later(void *argument)
{
    struct canceller *canceller = (struct canceller *)argument;
    while (seconds(CLOCK_MONOTONIC) < canceller->at) {
        usleep(1000);
    }
    canceller->asked = now();
    sam2lung_cancel_request(canceller->cancel);
    sam2lung_cancel_request(canceller->cancel); /* twice is as good as once */
    return NULL;
}

int main(int argc, char **argv)
{
    CHECK(argc >= 3);
    int64_t depth = argc > 3 ? atoi(argv[3]) : 26;
    int moments = argc > 4 ? atoi(argv[4]) : 6;
    /* Else the allocator keeps what was freed for later, some 70 MiB. */
    engine = engine_that(true, argv[1], argc > 5 ? argv[5] : "tiny-clicks");
    struct block block = {chest(depth), {SIDE, SIDE, depth}, {0, 0, 0}};
    volume = view_of(&block);
    volume.ijk_to_ras[0] = volume.ijk_to_ras[5] = -0.7;

    struct watch watch;
    memset(&watch, 0, sizeof watch);
    watch.stage = -1;
    sam2lung_run_options options;
    GOOD(sam2lung_run_options_init(&options, sizeof options, &error));
    options.progress = on_progress;
    options.progress_data = &watch;
    options.samples = 4;
    sam2lung_result *result = NULL;
    double started = now(), begun = seconds(CLOCK_MONOTONIC);
    GOOD(run(&options, &result));
    double whole = seconds(CLOCK_MONOTONIC) - begun;
    printf("a whole run: %.2f s, %.2f s of processors, %zu nodules\n", whole, now() - started,
           sam2lung_result_nodule_count(result));
    for (int stage = 0; stage < 5; stage++) {
        printf("  stage %d from %.2f s on\n", stage, watch.seen[stage] ? watch.entered[stage] - started : -1.0);
    }
    sam2lung_result_free(result);
    result = NULL;
    double level = resident_mib();

    for (int32_t stage = SAM2LUNG_STAGE_READ; stage <= SAM2LUNG_STAGE_NODULES; stage++) {
        for (uint64_t part = 0; part <= 16; part += 8) {
            watch.stage = stage;
            watch.part = part;
            BAD(run(&options, &result), "E_CANCELLED");
            CHECK(result == NULL);
            char what[64];
            snprintf(what, sizeof what, "callback, stage %d, %d/16", (int)stage, (int)part);
            back_in_time(what, watch.asked, level);
        }
    }

    watch.stage = -1;
    for (int n = 0; n < moments; n++) {
        struct canceller canceller;
        memset(&canceller, 0, sizeof canceller);
        GOOD(sam2lung_cancel_create(&canceller.cancel, &error));
        options.cancel = canceller.cancel;
        canceller.at = seconds(CLOCK_MONOTONIC) + whole * (n + 0.5) / moments;
        CHECK(pthread_create(&canceller.thread, NULL, cancel_later, &canceller) == 0);
        sam2lung_status status = run(&options, &result);
        double back = now();
        if (status == SAM2LUNG_STATUS_OK) { /* it was faster this time */
            sam2lung_result_free(result);
            result = NULL;
        } else {
            CHECK(pthread_join(canceller.thread, NULL) == 0);
            char what[64];
            snprintf(what, sizeof what, "another thread at %.2f s, %s", whole * (n + 0.5) / moments,
                     sam2lung_error_stage(error));
            back_in_time(what, canceller.asked + (now() - back), level);
            expect(status, "E_CANCELLED", __FILE__, __LINE__);
        }
        if (status == SAM2LUNG_STATUS_OK) {
            CHECK(pthread_join(canceller.thread, NULL) == 0);
        }
        sam2lung_cancel_free(canceller.cancel);
    }

    sam2lung_cancel *cancel = NULL;
    GOOD(sam2lung_cancel_create(&cancel, &error));
    sam2lung_cancel_request(cancel);
    options.cancel = cancel;
    double asked = now();
    BAD(run(&options, &result), "E_CANCELLED");
    back_in_time("before the start", asked, level);
    sam2lung_cancel_free(cancel);

    options.cancel = NULL;
    GOOD(run(&options, &result)); /* and the engine runs again */
    sam2lung_result_free(result);
    sam2lung_engine_free(engine);
    block_free(&block);
    printf("cancel: good, back after %.3f s at most\n", worst);
    return 0;
}
