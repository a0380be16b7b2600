// Finds the nodules of a chest CT from C++: progress with the time left, Ctrl-C cancels, volumes and a table come out.
//
//   segment CT|--phantom OUTPUT_FOLDER [SAMPLES]
//
// Research use only; not a medical device.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>

#include <sam2lung.hpp>

namespace {

// All that a signal handler may do is to set a flag; Cancel::request takes a lock.
volatile std::sig_atomic_t interrupted = 0;

extern "C" void on_interrupt(int) { interrupted = 1; }

/// Cancels on Ctrl-C whatever was given its token: reading, the run, writing.
class CancelOnInterrupt {
public:
    CancelOnInterrupt() : watcher_([this] { watch(); }) { std::signal(SIGINT, on_interrupt); }
    ~CancelOnInterrupt() {
        done_ = true;
        watcher_.join();
    }
    CancelOnInterrupt(const CancelOnInterrupt&) = delete;
    CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;

    const sam2lung::Cancel& token() const { return token_; }

private:
    void watch() {
        while (!done_ && interrupted == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        if (interrupted != 0) {
            token_.request();
        }
    }

    sam2lung::Cancel token_;
    std::atomic<bool> done_{false};
    std::thread watcher_; // last: it uses the others
};

bool show_progress(const sam2lung::Progress& progress) {
    const std::string title(progress.stage_title);
    std::fprintf(stderr, "\r%3.0f %%  %-24s", 100.0 * progress.fraction, title.c_str());
    if (progress.seconds_left) {
        std::fprintf(stderr, "%6.0f s left", *progress.seconds_left);
    }
    return true; // false would cancel, too
}

void print_nodules(const sam2lung::Result& result) {
    std::printf("%4s %10s %19s %9s  review\n", "id", "mm3", "interval, mm3", "axis, mm");
    for (const sam2lung::Nodule& nodule : result.nodules()) {
        std::printf("%4u %10.0f %8.0f to %7.0f %9.1f  %s", static_cast<unsigned>(nodule.id), nodule.volume_mm3,
                    nodule.volume_mm3_p05, nodule.volume_mm3_p95, nodule.long_axis_mm, nodule.review ? "yes" : "no");
        for (const std::string& reason : nodule.review_reasons) {
            std::printf(" (%s)", reason.c_str());
        }
        std::printf("\n");
    }
}

sam2lung::Image read(const std::string& input, const sam2lung::Cancel& cancel) {
    return input == "--phantom" ? sam2lung::Image::phantom() : sam2lung::Image::read_ct(input, {}, &cancel);
}

void segment(const std::string& input, const std::string& folder, std::uint32_t samples) {
    const CancelOnInterrupt interrupt;
    const sam2lung::Cancel& cancel = interrupt.token();
    const sam2lung::Image ct = read(input, cancel);
    sam2lung::Engine engine(sam2lung::Bundle::builtin());
    std::fprintf(stderr, "%s\n", engine.device_reason().c_str());

    sam2lung::RunOptions options;
    options.samples = samples;
    options.progress = show_progress;
    options.cancel = &cancel;
    const sam2lung::Result result = engine.run(ct.volume(), options);
    std::fprintf(stderr, "\n");
    print_nodules(result);

    std::filesystem::create_directories(folder);
    const auto write = [&](const sam2lung::VolumeView& volume, const std::string& name) {
        sam2lung::write_volume(volume, folder + "/" + name, &cancel);
    };
    write(result.labels(), "label.nii.gz");
    write(result.map(sam2lung::Map::probability), "probability.nii.gz");
    write(result.map(sam2lung::Map::uncertainty), "uncertainty.nii.gz");
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s CT|--phantom OUTPUT_FOLDER [SAMPLES]\n", argv[0]);
        return 2;
    }
    try {
        segment(argv[1], argv[2], argc > 3 ? static_cast<std::uint32_t>(std::stoul(argv[3])) : 0);
        return 0;
    } catch (const sam2lung::Error& error) {
        std::fprintf(stderr, "\n%s\n", error.what());
        return error.status() == sam2lung::Status::cancelled ? 130 : 1; // as shells say that Ctrl-C ended a program
    } catch (const std::exception& error) {
        std::fprintf(stderr, "\n%s\n", error.what());
        return 1;
    }
}
