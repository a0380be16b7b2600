// Progress and log: what they are told, what becomes of what they throw, and calling back into the library.

#include <stdexcept>
#include <thread>

#include "check.hpp"
#include "made_ct.hpp"

namespace {

/// No exception of the standard library, so that only the exact type can arrive.
struct Surprise {
    std::string text;
    int number;
};

} // namespace

TEST(progress_rises_to_the_end_on_the_calling_thread) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::RunOptions options = everywhere();
    double last = 0;
    int calls = 0;
    bool in_order = true;
    const std::thread::id caller = std::this_thread::get_id();
    options.progress = [&](const sam2lung::Progress& progress) {
        in_order = in_order && progress.fraction >= last && progress.fraction <= 1 && !progress.stage_title.empty() &&
                   progress.done <= progress.total && caller == std::this_thread::get_id();
        last = progress.fraction;
        ++calls;
        return true;
    };
    (void)engine.run(ct.view(), options);
    CHECK(in_order);
    CHECK(calls > 1);
    CHECK(last > 0.9);
}

TEST(progress_that_returns_false_cancels_and_engine_goes_on) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::RunOptions options = endless();
    options.progress = [](const sam2lung::Progress& progress) { return progress.stage != sam2lung::Stage::segment; };
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(ct.view(), options); });
    CHECK(error.status() == sam2lung::Status::cancelled && error.name() == "E_CANCELLED");
    CHECK(engine.run(ct.view(), everywhere()).nodules().size() == 2);
}

TEST(progress_that_throws_ends_the_run_with_that_exception) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::RunOptions options = endless();
    int calls = 0;
    options.progress = [&](const sam2lung::Progress&) -> bool {
        ++calls;
        throw Surprise{"the disk is full", 28};
    };
    const auto surprise = thrown_by<Surprise>([&] { (void)engine.run(ct.view(), options); });
    CHECK(surprise.text == "the disk is full" && surprise.number == 28);
    CHECK(calls == 1);
    options.progress = [](const sam2lung::Progress&) -> bool { throw std::out_of_range("text with an \xC3\xB6"); };
    const auto standard = thrown_by<std::out_of_range>([&] { (void)engine.run(ct.view(), options); });
    CHECK(std::string(standard.what()) == "text with an \xC3\xB6");
    CHECK(engine.run(ct.view(), everywhere()).nodules().size() == 2);
}

TEST(log_that_throws_ends_the_call_with_that_exception) {
    const MadeCt ct;
    int calls = 0;
    sam2lung::set_log([&](sam2lung::LogLevel, std::string_view, std::string_view message) {
        ++calls;
        throw Surprise{std::string(message), 7};
    }, sam2lung::LogLevel::trace);
    const auto surprise = thrown_by<Surprise>([] { (void)made_engine(); }); // says which device it took
    sam2lung::clear_log();
    CHECK(surprise.number == 7 && surprise.text.find("engine") != std::string::npos);
    CHECK(calls == 1);
    CHECK(made_engine().run(ct.view(), everywhere()).nodules().size() == 2);
}

TEST(log_that_throws_within_a_progress_callback_ends_both_calls) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::set_log([](sam2lung::LogLevel, std::string_view, std::string_view) { throw Surprise{"inner", 8}; },
                      sam2lung::LogLevel::trace);
    sam2lung::RunOptions options = endless();
    options.progress = [](const sam2lung::Progress&) { return made_engine().threads() > 0; };
    const auto surprise = thrown_by<Surprise>([&] { (void)engine.run(ct.view(), options); });
    sam2lung::clear_log();
    CHECK(surprise.text == "inner" && surprise.number == 8);
    CHECK(engine.run(ct.view(), everywhere()).nodules().size() == 2);
}

TEST(log_receives_level_target_and_text_until_cleared) {
    std::string seen;
    sam2lung::set_log([&](sam2lung::LogLevel level, std::string_view target, std::string_view message) {
        seen += std::to_string(static_cast<int>(level));
        seen.append(target).append(message);
    }, sam2lung::LogLevel::trace);
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    (void)engine.run(ct.view(), everywhere());
    CHECK(seen.find("sam2lung") != std::string::npos);
    sam2lung::clear_log();
    seen.clear();
    (void)engine.run(ct.view(), everywhere());
    CHECK(seen.empty());
}

TEST(callback_that_runs_its_own_engine_gets_busy) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::RunOptions options = everywhere();
    sam2lung::Status inner = sam2lung::Status::ok;
    options.progress = [&](const sam2lung::Progress&) {
        inner = thrown_by<sam2lung::Error>([&] { (void)engine.run(ct.view(), everywhere()); }).status();
        return true;
    };
    CHECK(engine.run(ct.view(), options).nodules().size() == 2);
    CHECK(inner == sam2lung::Status::busy);
}

TEST(callback_that_lets_busy_escape_ends_the_run_with_it) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::RunOptions options = everywhere();
    options.progress = [&](const sam2lung::Progress&) {
        (void)engine.run(ct.view(), everywhere());
        return true;
    };
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(ct.view(), options); });
    CHECK(error.status() == sam2lung::Status::busy && error.name() == "E_BUSY");
}

TEST(callback_may_run_another_engine) {
    const MadeCt ct;
    sam2lung::Engine outer = made_engine(), inner = made_engine();
    sam2lung::RunOptions options = everywhere();
    std::size_t found = 0;
    options.progress = [&](const sam2lung::Progress&) {
        if (found == 0) {
            found = inner.run(ct.view(), everywhere()).nodules().size();
        }
        return true;
    };
    CHECK(outer.run(ct.view(), options).nodules().size() == 2);
    CHECK(found == 2);
}

int main() { return run_all(); }
