/* What a process may do with the library: open and close it, end with a live engine, fork, run out of memory or threads,
 * name an ONNX Runtime that is none, look at what is printed and at its heap. Each in a child of its own, since some of it stays for the life of a process.
 * Usage: process BUNDLES FOLDER */
#include "check.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *bundles, *folder;

static void run_good(sam2lung_engine *engine)
{
    struct block block = block_of(24, 20, 16);
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    sam2lung_result *result = NULL;
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    sam2lung_result_free(result);
    block_free(&block);
}

/* Ends with an engine, a bundle and an error that nobody frees. */
static void exits_with_live_objects(void)
{
    run_good(engine_of(bundles, "tiny-identity"));
    sam2lung_bundle *bundle = NULL;
    CHECK(sam2lung_bundle_builtin(&bundle, NULL) == SAM2LUNG_STATUS_OK);
    CHECK(sam2lung_bundle_open("no such folder", &bundle, &error) != SAM2LUNG_STATUS_OK);
}

/* After fork() a child may end, and is told that the engine isn't its own. */
static void forks(void)
{
    sam2lung_engine *engine = engine_of(bundles, "tiny-identity");
    run_good(engine);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct block block = block_of(24, 20, 16);
        sam2lung_volume volume = view_of(&block);
        const sam2lung_volume *volumes[1] = {&volume};
        sam2lung_result *result = NULL;
        BAD(sam2lung_engine_run(engine, volumes, 1, NULL, &result, &error), "E_ARGUMENT");
        block_free(&block);
        exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    run_good(engine);
    sam2lung_engine_free(engine);
}

/* Leaves this much address space besides what is taken; the limit as it was. */
static struct rlimit limit_memory_mib(int mib)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    struct rlimit before, limit;
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    limit = before;
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)mib << 20);
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    return before;
}

/* Little memory is a named error, and the engine runs again when there is more. */
static void runs_short_of_memory(void)
{
    sam2lung_engine *engine = engine_of(bundles, "tiny-identity");
    run_good(engine);
    struct block block = block_of(256, 256, 128);
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    sam2lung_result *result = NULL;
    /* 8 Mi voxels: room for nothing, for the CT (32 MiB), and for the CT and a part of the maps (128 MiB). */
    static const int room_mib[] = {8, 48, 128};
    for (size_t n = 0; n < sizeof room_mib / sizeof room_mib[0]; n++) {
        struct rlimit before = limit_memory_mib(room_mib[n]);
        BAD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error), "E_OUT_OF_MEMORY");
        CHECK(result == NULL && setrlimit(RLIMIT_AS, &before) == 0);
    }
    GOOD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error));
    sam2lung_result_free(result);
    block_free(&block);
    sam2lung_engine_free(engine);
}

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

static void refuse_runtime(const char *path, const char *reason)
{
    sam2lung_runtime *runtime = NULL;
    sam2lung_status status = sam2lung_runtime_load(path, &runtime, &error);
    CHECK(status == SAM2LUNG_STATUS_RUNTIME && runtime == NULL);
    const char *message = sam2lung_error_message(error);
    printf("  %s\n", message);
    CHECK(strcmp(sam2lung_error_name(error), "E_RUNTIME") == 0);
    CHECK(strstr(message, path) != NULL && strstr(message, reason) != NULL);
    CHECK(strlen(sam2lung_error_remedy(error)) > 0);
    sam2lung_error_free(error);
    error = NULL;
}

/* What is no ONNX Runtime is refused with the reason, and the right one can be loaded afterwards. */
static void names_runtimes_that_are_none(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/no-such-file.so", folder);
    refuse_runtime(path, "no such file");
    refuse_runtime(folder, "folder");
    snprintf(path, sizeof path, "%s/garbage.so", folder);
    write_file(path, "this is no library", 18);
    refuse_runtime(path, "not a shared library");
    snprintf(path, sizeof path, "%s/empty.so", folder);
    write_file(path, "", 0);
    refuse_runtime(path, "not a shared library");

    const char *good = getenv("SAM2LUNG_ONNXRUNTIME");
    CHECK(good != NULL);
    FILE *file = fopen(good, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *bytes = (char *)malloc(size);
    CHECK(bytes != NULL && fread(bytes, 1, size, file) == size);
    fclose(file);
    static const int sixteenths[] = {1, 8, 15};
    snprintf(path, sizeof path, "%s/truncated.so", folder);
    for (int n = 0; n < 3; n++) {
        write_file(path, bytes, size / 16 * (size_t)sixteenths[n]);
        refuse_runtime(path, "truncated");
    }
    free(bytes);
    remove(path);

    snprintf(path, sizeof path, "%s/old-runtime.so", folder);
    refuse_runtime(path, "1.10.0");
    refuse_runtime("/proc/self/mem", "");

    sam2lung_runtime *runtime = NULL;
    GOOD(sam2lung_runtime_load(good, &runtime, &error));
    sam2lung_runtime_free(runtime);
    GOOD(sam2lung_runtime_load(good, &runtime, &error)); /* the same once more */
    sam2lung_runtime_free(runtime);
    runtime = NULL;
    BAD(sam2lung_runtime_load(path, &runtime, &error), "E_RUNTIME"); /* another one is too late */
    run_good(engine_of(bundles, "tiny-identity"));
}

/* Nothing is found: the message lists every place. */
static void finds_no_runtime(void)
{
    setenv("SAM2LUNG_ONNXRUNTIME", "/no/such/libonnxruntime.so", 1);
    sam2lung_runtime *runtime = NULL;
    BAD(sam2lung_runtime_load(NULL, &runtime, &error), "E_RUNTIME");
    sam2lung_bundle *bundle = NULL;
    GOOD(sam2lung_bundle_builtin(&bundle, &error));
    sam2lung_engine *engine = NULL;
    BAD(sam2lung_engine_create(bundle, NULL, &engine, &error), "E_RUNTIME");
    CHECK(engine == NULL);
    sam2lung_bundle_free(bundle);
}

/* What each sample found takes more than all maps where many samples call much a nodule: a named error as well. */
static void runs_short_of_memory_for_samples(void)
{
    sam2lung_engine *engine = engine_of(bundles, "tiny-identity");
    run_good(engine);
    struct block block = block_of(64, 64, 8);
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    options.samples = 10000; /* 1256 bytes a voxel, 41 MB in all, twice that while they grow; the maps take 0.5 MB */
    options.threshold = 1e-6;
    sam2lung_result *result = NULL;
    struct rlimit before = limit_memory_mib(72);
    BAD(sam2lung_engine_run(engine, volumes, 1, &options, &result, &error), "E_OUT_OF_MEMORY");
    CHECK(result == NULL && setrlimit(RLIMIT_AS, &before) == 0);
    run_good(engine);
    block_free(&block);
    sam2lung_engine_free(engine);
}

static sam2lung_status make_engine(uint32_t threads, sam2lung_engine **engine)
{
    sam2lung_bundle *bundle = NULL;
    CHECK(sam2lung_bundle_builtin(&bundle, NULL) == SAM2LUNG_STATUS_OK);
    sam2lung_engine_options options;
    CHECK(sam2lung_engine_options_init(&options, sizeof options, NULL) == SAM2LUNG_STATUS_OK);
    options.device = SAM2LUNG_DEVICE_CPU;
    options.threads = threads;
    sam2lung_status status = sam2lung_engine_create(bundle, &options, engine, &error);
    sam2lung_bundle_free(bundle);
    return status;
}

/* A limit on threads is a named error, after which fewer threads do. */
static void runs_short_of_threads(void)
{
    sam2lung_runtime *runtime = NULL;
    GOOD(sam2lung_runtime_load(NULL, &runtime, &error));
    sam2lung_runtime_free(runtime);
    /* The limit doesn't hold for root. It counts all threads of a user: nobody else has this one. */
    CHECK(geteuid() != 0 || setresuid(54321, 54321, 54321) == 0);
    struct rlimit limit = {5, 5};
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    sam2lung_engine *engine = NULL;
    BAD(make_engine(8, &engine), "E_THREADS");
    CHECK(engine == NULL);
    GOOD(make_engine(1, &engine));
    sam2lung_engine_free(engine);
}

/* Far too little address space is a named error, enough makes an engine, and neither hangs (in_a_child sees to the time).
 * In between the last small allocation may be glibc's own, for a thread that begins: then it ends the process, as the
 * conventions say of small allocations. */
static void makes_engines_short_of_address_space(void)
{
    sam2lung_runtime *runtime = NULL;
    GOOD(sam2lung_runtime_load(NULL, &runtime, &error));
    sam2lung_runtime_free(runtime);
    static const int too_little_mib[] = {24, 32, 40, 50};
    for (size_t n = 0; n < sizeof too_little_mib / sizeof too_little_mib[0]; n++) {
        struct rlimit before = limit_memory_mib(too_little_mib[n]);
        sam2lung_engine *engine = NULL;
        sam2lung_status status = make_engine(6, &engine);
        CHECK(setrlimit(RLIMIT_AS, &before) == 0);
        printf("  %4d MiB: %s\n", too_little_mib[n], sam2lung_error_name(error));
        CHECK(status == SAM2LUNG_STATUS_OUT_OF_MEMORY && engine == NULL);
        CHECK(strcmp(sam2lung_error_name(error), "E_OUT_OF_MEMORY") == 0);
        sam2lung_error_free(error);
        error = NULL;
    }
    struct rlimit before = limit_memory_mib(4096);
    sam2lung_engine *engine = NULL;
    GOOD(make_engine(6, &engine));
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    sam2lung_engine_free(engine);
}

/* A run that fails in the network, for a reason with this word. */
static void refuse_run(const char *name, const char *word)
{
    sam2lung_engine *engine = engine_of(bundles, name);
    struct block block = block_of(24, 20, 16);
    sam2lung_volume volume = view_of(&block);
    const sam2lung_volume *volumes[1] = {&volume};
    sam2lung_run_options options = everywhere();
    sam2lung_result *result = NULL;
    sam2lung_status status = sam2lung_engine_run(engine, volumes, 1, &options, &result, &error);
    CHECK(status == SAM2LUNG_STATUS_INFERENCE && result == NULL);
    CHECK(strcmp(sam2lung_error_name(error), "E_INFERENCE") == 0);
    CHECK(strstr(sam2lung_error_message(error), word) != NULL);
    sam2lung_error_free(error);
    error = NULL;
    block_free(&block);
    sam2lung_engine_free(engine);
}

/* NaN out of a network is an error, not a CT without nodules. */
static void refuses_nan(void)
{
    refuse_run("tiny-nan", "NaN");
}

static int told_by_runtime = 0;

static void count_messages(int32_t level, const char *target, const char *message, void *data)
{
    (void)data;
    CHECK(level >= SAM2LUNG_LOG_LEVEL_ERROR && strlen(message) > 0);
    told_by_runtime += strcmp(target, "onnxruntime") == 0;
}

/* Neither the library nor ONNX Runtime says anything but to the receiver, where there is one. */
static void prints_nothing(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/printed.txt", folder);
    fflush(stderr);
    int kept = dup(2), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(kept >= 0 && to >= 0 && dup2(to, 2) == 2);
    refuses_nan();
    refuse_run("tiny-fixed", "Reshape"); /* ONNX Runtime logs what fails in a run */
    CHECK(told_by_runtime == 0);
    GOOD(sam2lung_log_set(count_messages, NULL, SAM2LUNG_LOG_LEVEL_ERROR, &error));
    refuse_run("tiny-fixed", "Reshape");
    CHECK(told_by_runtime > 0);
    GOOD(sam2lung_log_set(NULL, NULL, SAM2LUNG_LOG_LEVEL_OFF, &error));
    struct stat about;
    CHECK(dup2(kept, 2) == 2 && fstat(to, &about) == 0);
    if (about.st_size != 0) {
        fprintf(stderr, "%s holds %ld bytes\n", path, (long)about.st_size);
    }
    CHECK(about.st_size == 0);
}

static int trims = 0;

/* Stands in for the C library's: how often the whole heap is walked. */
int malloc_trim(size_t pad)
{
    (void)pad;
    trims++;
    return 0;
}

/* The host's heap is left alone unless the host asks for it. */
static void gives_memory_back_on_request_only(void)
{
    sam2lung_result_free(NULL);
    sam2lung_engine *engine = engine_of(bundles, "tiny-identity");
    run_good(engine);
    sam2lung_engine_free(engine);
    CHECK(trims == 0);
    engine = engine_that(true, bundles, "tiny-identity");
    CHECK(trims == 0);
    run_good(engine);
    CHECK(trims == 2); /* after the run, and with its result */
    sam2lung_result_free(NULL);
    CHECK(trims == 2);
    sam2lung_engine_free(engine);
}

/* Runs a test in a child, which has to end by itself and well. */
static void in_a_child(const char *name, void (*test)(void))
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(120); /* what goes wrong here hangs */
        test();
        exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) {
        printf("%s: ended by signal %d\n", name, WTERMSIG(status));
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    printf("%s: good\n", name);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    bundles = argv[1];
    folder = argv[2];
    in_a_child("exits with live objects", exits_with_live_objects);
    in_a_child("forks", forks);
    in_a_child("runs short of memory", runs_short_of_memory);
    in_a_child("runs short of memory for samples", runs_short_of_memory_for_samples);
    in_a_child("runs short of threads", runs_short_of_threads);
    in_a_child("makes engines short of address space", makes_engines_short_of_address_space);
    in_a_child("refuses NaN", refuses_nan);
    in_a_child("prints nothing", prints_nothing);
    in_a_child("gives memory back on request only", gives_memory_back_on_request_only);
    in_a_child("names runtimes that are none", names_runtimes_that_are_none);
    in_a_child("finds no runtime", finds_no_runtime);
    puts("process: good");
    return 0;
}
