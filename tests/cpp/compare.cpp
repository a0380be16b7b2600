// Two scans of one patient. What a comparison says of a chest is tested in tests/capi/compare.c; here, how it fails and how its
// values read.

#include "check.hpp"
#include "made_ct.hpp"

TEST(comparison_of_results_that_were_made_in_two_ways_says_by_name_what_differs) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::RunOptions other = everywhere();
    other.seed = 1;
    const sam2lung::Result prior = engine.run(ct.view(), everywhere()), current = engine.run(ct.view(), other);
    const sam2lung::ScanView before(prior, ct.view()), now(current, ct.view());
    const auto refused = thrown_by<sam2lung::Error>([&] { const sam2lung::Comparison comparison(before, now); });
    CHECK(refused.status() == sam2lung::Status::invalid_input && refused.name() == "E_NOT_PAIRED");
    CHECK(refused.message().find("seed") != std::string::npos);
}

TEST(comparison_without_lungs_is_refused_and_what_its_progress_throws_arrives) {
    const MadeCt before;
    MadeCt now;
    now.hu.back() -= 10;
    const sam2lung::Result prior = made_engine().run(before.view(), everywhere());
    const sam2lung::Result current = made_engine().run(now.view(), everywhere());
    const sam2lung::ScanView scan(prior, before.view()), other(current, now.view());
    const auto same = thrown_by<sam2lung::Error>([&] { const sam2lung::Comparison comparison(scan, scan); });
    CHECK(same.status() == sam2lung::Status::invalid_argument);
    const auto refused = thrown_by<sam2lung::Error>([&] { const sam2lung::Comparison comparison(scan, other); });
    CHECK(refused.status() == sam2lung::Status::invalid_input && refused.name() == "E_REGISTRATION");
    sam2lung::CompareOptions options;
    options.progress = [](const sam2lung::Progress&) -> bool { throw std::logic_error("of the test"); };
    CHECK(thrown_by<std::logic_error>([&] { const sam2lung::Comparison comparison(scan, other, options); }).what() ==
          std::string("of the test"));
}

TEST(change_names_are_those_of_the_files) {
    CHECK(sam2lung::name(sam2lung::Change::appeared) == std::string("new"));
    CHECK(sam2lung::name(sam2lung::Change::not_searched_now) == std::string("not-searched-now"));
    CHECK(sam2lung::name(static_cast<sam2lung::Change>(99)) == std::string());
}

int main() { return run_all(); }
