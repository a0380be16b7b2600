// Runs on a thread of the library's own: polled, waited for, cancelled, moved, and dropped in mid-run.

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "check.hpp"
#include "made_ct.hpp"

using namespace std::chrono_literals;

TEST(job_finds_what_a_call_finds_though_its_voxels_and_engine_are_gone) {
    std::optional<MadeCt> ct(std::in_place);
    const std::vector<std::uint16_t> wanted = made_engine().run(ct->view(), everywhere()).copy_labels();
    sam2lung::Job job = made_engine().start(ct->view(), everywhere());
    ct.reset();
    CHECK(job.result().copy_labels() == wanted);
    CHECK(job.ended() && job.progress().fraction > 0.999);
    CHECK(thrown_by<sam2lung::Error>([&] { (void)job.result(); }).status() == sam2lung::Status::invalid_argument);
}

TEST(job_is_polled_and_cancelled_from_another_thread) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::Job job = engine.start(ct.view(), endless());
    CHECK(!job.wait_for(1ms));
    std::thread other([&] {
        while (job.progress().stage != sam2lung::Stage::segment) {
            std::this_thread::yield();
        }
        job.cancel();
    });
    const auto cancelled = thrown_by<sam2lung::Error>([&] { (void)job.result(); });
    other.join();
    CHECK(cancelled.status() == sam2lung::Status::cancelled && cancelled.stage() == "Segmenting slices");
    CHECK(engine.run(ct.view(), everywhere()).nodules().size() == 2); // the engine is free again
}

TEST(job_that_is_dropped_or_replaced_in_mid_run_ends_and_leaves_the_engine_free) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine(), other = made_engine();
    { const sam2lung::Job dropped = engine.start(ct.view(), endless()); }
    sam2lung::Job job = engine.start(ct.view(), endless());
    CHECK(thrown_by<sam2lung::Error>([&] { (void)engine.start(ct.view()); }).status() == sam2lung::Status::busy);
    sam2lung::Job second = other.start(ct.view(), everywhere()); // two engines at once
    CHECK(second.result().nodules().size() == 2);
    job = std::move(second); // the endless one ends here
    CHECK(engine.run(ct.view(), everywhere()).nodules().size() == 2);
}

TEST(job_with_clicks_finds_their_nodules_and_a_progress_function_is_refused) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const sam2lung::VolumeView view = ct.view();
    const sam2lung::Index click = MadeCt::BALL;
    sam2lung::RunOptions options = everywhere();
    sam2lung::Job job = engine.start_clicks({&view, 1}, {&click, 1}, {}, options);
    CHECK(job.result().click_nodules().size() == 1);
    options.progress = [](const sam2lung::Progress&) { return true; };
    const auto refused = thrown_by<sam2lung::Error>([&] { (void)engine.start(view, options); });
    CHECK(refused.name() == "E_ARGUMENT" && refused.message().find("sam2lung_job_poll()") != std::string::npos);
}

int main() { return run_all(); }
