// The library in somebody else's process, each case in a child of its own: some of it stays for the life of a process, and
// what goes wrong hangs.

#include <cfenv>
#include <cstdlib>
#include <functional>
#include <optional>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "check.hpp"
#include "made_ct.hpp"

namespace {

/// As a program has it that makes its engine at the beginning.
std::optional<sam2lung::Engine> at_program_scope;

sam2lung::EngineOptions threads(std::uint32_t count) {
    sam2lung::EngineOptions options;
    options.device = sam2lung::Device::cpu;
    options.threads = count;
    return options;
}

/// How a child ends that does this within half a minute; -1: by a signal.
int end_of(const std::function<void()>& work) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        alarm(30);
        try {
            work();
        } catch (const std::exception& exception) {
            std::fprintf(stderr, "%s\n", exception.what());
            std::_Exit(1);
        }
        std::exit(0); // with destructors of static objects
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

TEST(fork_child_with_a_static_engine_exits) {
    CHECK(end_of([] {
              at_program_scope.emplace(sam2lung::Bundle::builtin(), threads(3));
              CHECK(end_of([] {}) == 0); // the child's child frees the engine at its end
              CHECK(end_of([] { at_program_scope.reset(); }) == 0);
          }) == 0);
}

TEST(log_receiver_may_ask_for_the_runtime_while_it_is_loaded) {
    CHECK(end_of([] {
              std::string build;
              sam2lung::set_log(
                  [&](sam2lung::LogLevel, std::string_view, std::string_view) { build = sam2lung::Runtime::load().build(); },
                  sam2lung::LogLevel::trace);
              const sam2lung::Engine engine(sam2lung::Bundle::open(bundle_folder("tiny-clicks")), threads(2));
              sam2lung::clear_log();
              CHECK(build.find("ORT Build Info") != std::string::npos);
          }) == 0);
}

TEST(float_mode_of_the_caller_stays_and_callbacks_have_it) {
    CHECK(end_of([] {
              const MadeCt ct;
              const auto plain = sam2lung::Engine(sam2lung::Bundle::open(bundle_folder("tiny-clicks")), threads(2));
              CHECK(std::fesetround(FE_UPWARD) == 0);
              bool same = true;
              const auto look = [&](const sam2lung::Progress&) {
                  same = same && std::fegetround() == FE_UPWARD;
                  return true;
              };
              sam2lung::EngineOptions engine_options = threads(2);
              engine_options.progress = look;
              sam2lung::Engine engine(sam2lung::Bundle::open(bundle_folder("tiny-clicks")), engine_options);
              CHECK(std::fegetround() == FE_UPWARD);
              sam2lung::RunOptions options = everywhere();
              options.progress = look;
              const sam2lung::Result upward = engine.run(ct.view(), options);
              CHECK(std::fegetround() == FE_UPWARD && same);
              CHECK(std::fesetround(FE_TONEAREST) == 0);
              const sam2lung::Result nearest = engine.run(ct.view(), everywhere());
              const auto one = upward.map(sam2lung::Map::probability), other = nearest.map(sam2lung::Map::probability);
              const auto left = one.voxels<float>(), right = other.voxels<float>();
              CHECK(left.size() == right.size() && left.size() > 0);
              for (std::size_t n = 0; n < left.size(); ++n) {
                  CHECK(left[n] == right[n]);
              }
          }) == 0);
}

TEST(engine_that_is_made_shows_progress_to_its_end) {
    sam2lung::EngineOptions options = threads(2);
    std::vector<double> fractions;
    options.progress = [&](const sam2lung::Progress& progress) {
        fractions.push_back(progress.stage == sam2lung::Stage::load ? progress.fraction : -1.0);
        return true;
    };
    const sam2lung::Engine engine(sam2lung::Bundle::open(bundle_folder("tiny-scout")), options);
    CHECK(fractions.size() == 6); // three networks, each loaded and tried
    for (std::size_t n = 1; n < fractions.size(); ++n) {
        CHECK(fractions[n - 1] > 0 && fractions[n - 1] < fractions[n]);
    }
    CHECK(fractions.back() > 0.999);
}

TEST(engine_that_is_made_is_cancelled_by_token_and_by_progress) {
    const sam2lung::Bundle bundle = sam2lung::Bundle::open(bundle_folder("tiny-scout"));
    const sam2lung::Cancel cancel;
    sam2lung::EngineOptions options = threads(2);
    options.cancel = &cancel;
    options.progress = [&](const sam2lung::Progress&) {
        cancel.request();
        return true;
    };
    const auto by_token = thrown_by<sam2lung::Error>([&] { const sam2lung::Engine engine(bundle, options); });
    CHECK(by_token.status() == sam2lung::Status::cancelled && by_token.stage() == "Loading the model");
    const sam2lung::Cancel fresh;
    options.cancel = &fresh;
    options.progress = [](const sam2lung::Progress&) { return false; };
    const auto by_progress = thrown_by<sam2lung::Error>([&] { const sam2lung::Engine engine(bundle, options); });
    CHECK(by_progress.status() == sam2lung::Status::cancelled);
    options.progress = [](const sam2lung::Progress&) -> bool { throw std::logic_error("of the test"); };
    CHECK(thrown_by<std::logic_error>([&] { const sam2lung::Engine engine(bundle, options); }).what() ==
          std::string("of the test"));
}

int main() { return run_all(); }
