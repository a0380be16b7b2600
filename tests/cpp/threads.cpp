// Engines are independent: several run at once, and one says so if it is called twice.

#include <atomic>
#include <thread>

#include "check.hpp"
#include "made_ct.hpp"

TEST(two_engines_on_two_threads_give_what_each_gives_alone) {
    const MadeCt ct;
    const std::vector<std::uint16_t> alone = made_engine().run(ct.view(), everywhere()).copy_labels();
    std::vector<std::uint16_t> found[2];
    std::thread threads[2];
    for (std::size_t n = 0; n < 2; ++n) {
        threads[n] = std::thread([&, n] {
            sam2lung::Engine engine = made_engine();
            for (int again = 0; again < 5; ++again) {
                found[n] = engine.run(ct.view(), everywhere()).copy_labels();
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(found[0] == alone && found[1] == alone);
}

TEST(one_engine_on_two_threads_is_busy_for_the_second) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const sam2lung::Cancel cancel;
    std::atomic<bool> runs{false};
    sam2lung::Status first_ended_by = sam2lung::Status::ok;
    std::thread first([&] {
        sam2lung::RunOptions options = endless();
        options.cancel = &cancel;
        options.progress = [&](const sam2lung::Progress&) {
            runs = true;
            return true;
        };
        try {
            (void)engine.run(ct.view(), options);
        } catch (const sam2lung::Error& error) { // cancelled below
            first_ended_by = error.status();
        }
        runs = true;
    });
    while (!runs) {
        std::this_thread::yield();
    }
    sam2lung::Status second = sam2lung::Status::ok;
    try {
        (void)engine.run(ct.view(), everywhere());
    } catch (const sam2lung::Error& error) {
        second = error.status();
    }
    cancel.request();
    first.join();
    CHECK(second == sam2lung::Status::busy);
    CHECK(first_ended_by == sam2lung::Status::cancelled);
}

TEST(log_receiver_may_be_replaced_while_others_log) {
    const MadeCt ct;
    std::atomic<bool> done{false};
    std::thread runner([&] {
        sam2lung::Engine engine = made_engine();
        for (int again = 0; again < 5; ++again) {
            (void)engine.run(ct.view(), everywhere());
        }
        done = true;
    });
    std::atomic<int> messages{0};
    while (!done) {
        sam2lung::set_log([&](sam2lung::LogLevel, std::string_view, std::string_view) { ++messages; },
                          sam2lung::LogLevel::trace);
        sam2lung::clear_log();
    }
    runner.join();
    CHECK(messages >= 0);
}

int main() { return run_all(); }
