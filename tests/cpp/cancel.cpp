// A cancel token stops a run from any thread, and its engine goes on. tests/capi/cancel.c looks at how soon.

#include <atomic>
#include <memory>
#include <thread>

#include "check.hpp"
#include "made_ct.hpp"

namespace {

/// Slices as large as those of a CT.
const MadeCt& large_ct() {
    static const MadeCt ct({512, 512, 12});
    return ct;
}

} // namespace

TEST(cancel_from_another_thread_ends_the_run_and_engine_goes_on) {
    sam2lung::Engine engine = made_engine();
    const sam2lung::Cancel cancel;
    std::atomic<bool> runs{false};
    std::thread other([&] {
        while (!runs) {
            std::this_thread::yield();
        }
        cancel.request();
        cancel.request();
    });
    const AtEnd join([&] {
        runs = true; // whatever happened, the other thread has to end
        other.join();
    });
    sam2lung::RunOptions options = endless();
    options.cancel = &cancel;
    options.progress = [&](const sam2lung::Progress& progress) {
        runs = runs || progress.stage == sam2lung::Stage::segment;
        return true;
    };
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(large_ct().view(), options); });
    CHECK(error.status() == sam2lung::Status::cancelled);
    CHECK(cancel.is_requested());
    const MadeCt ct;
    CHECK(engine.run(ct.view(), everywhere()).nodules().size() == 2);
}

TEST(cancel_before_the_start_stops_run_and_reading) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const sam2lung::Cancel cancel;
    CHECK(!cancel.is_requested());
    cancel.request();
    sam2lung::RunOptions options = everywhere();
    options.cancel = &cancel;
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(ct.view(), options); });
    CHECK(error.status() == sam2lung::Status::cancelled);
    const auto unwritten =
        thrown_by<sam2lung::Error>([&] { sam2lung::write_volume(ct.view(), "cancelled.nii.gz", &cancel); });
    CHECK(unwritten.status() == sam2lung::Status::cancelled);
}

TEST(cancel_destroyed_during_the_run_that_was_given_it_does_no_harm) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    auto cancel = std::make_unique<sam2lung::Cancel>();
    sam2lung::RunOptions options = everywhere();
    options.cancel = cancel.get();
    options.progress = [&](const sam2lung::Progress&) {
        cancel.reset();
        return true;
    };
    CHECK(engine.run(ct.view(), options).nodules().size() == 2);
}

int main() { return run_all(); }
