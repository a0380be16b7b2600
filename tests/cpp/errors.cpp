// Errors carry status, name, text, stage and remedy, and leave objects usable.

#include <exception>
#include <filesystem>
#include <limits>

#include "check.hpp"
#include "made_ct.hpp"

TEST(error_of_a_missing_file_names_it) {
    const auto error = thrown_by<sam2lung::Error>([] { (void)sam2lung::Image::read_ct("no/such/file.nii.gz"); });
    CHECK(error.status() == sam2lung::Status::read);
    CHECK(error.name() == "E_READ");
    CHECK(error.message().find("no/such/file.nii.gz") != std::string::npos);
    CHECK(std::string(error.what()) == error.name() + ": " + error.message());
}

TEST(path_with_a_nul_is_refused_before_a_file_is_touched) {
    const std::string path("label.nii.gz\0.txt", 17);
    const MadeCt ct;
    const auto written = thrown_by<sam2lung::Error>([&] { sam2lung::write_volume(ct.view(), path); });
    CHECK(written.status() == sam2lung::Status::invalid_argument && written.name() == "E_ARGUMENT");
    CHECK(written.message().find("NUL") != std::string::npos && std::string(written.what()).find("E_ARGUMENT: ") == 0);
    CHECK(!std::filesystem::exists("label.nii.gz"));
    const auto read = thrown_by<sam2lung::Error>([&] { (void)sam2lung::Image::read(path); });
    const auto opened = thrown_by<sam2lung::Error>([&] { (void)sam2lung::Bundle::open(path); });
    CHECK(read.name() == "E_ARGUMENT" && opened.name() == "E_ARGUMENT");
}

TEST(error_of_an_input_says_what_to_do_and_engine_goes_on) {
    MadeCt ct;
    sam2lung::Engine engine = made_engine();
    std::vector<float> unscaled(ct.hu.begin(), ct.hu.end());
    for (float& value : unscaled) {
        value = 0.001F * value;
    }
    const sam2lung::VolumeView no_ct(unscaled, ct.dims, ct.ijk_to_ras);
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(no_ct, everywhere()); });
    CHECK(error.status() == sam2lung::Status::invalid_input);
    CHECK(error.name() == "E_NOT_HU");
    CHECK(error.stage() == "Reading the CT" && !error.remedy().empty());
    CHECK(engine.run(ct.view(), everywhere()).nodules().size() == 2);
}

TEST(error_copied_keeps_all_fields) {
    std::exception_ptr kept;
    try {
        (void)sam2lung::Bundle::open("no/such/folder");
    } catch (...) {
        kept = std::current_exception();
    }
    const auto error = thrown_by<sam2lung::Error>([&] { std::rethrow_exception(kept); });
    const sam2lung::Error copy = error;
    CHECK(copy.status() == error.status() && copy.name() == error.name() && !copy.name().empty());
    CHECK(copy.stage() == error.stage() && copy.remedy() == error.remedy());
    CHECK(std::string(copy.what()) == error.what());
}

TEST(option_out_of_range_is_refused_by_name) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::RunOptions options = everywhere();
    options.threshold = std::numeric_limits<double>::quiet_NaN();
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(ct.view(), options); });
    CHECK(error.status() == sam2lung::Status::invalid_argument);
    CHECK(!error.name().empty());
}

TEST(volume_that_leaves_its_buffer_is_refused) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const sam2lung::VolumeView beyond(ct.hu, {90, 80, 21}, ct.ijk_to_ras);
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(beyond, everywhere()); });
    CHECK(error.status() == sam2lung::Status::invalid_argument || error.status() == sam2lung::Status::invalid_input);
    CHECK(!error.message().empty());
}

TEST(volume_list_of_wrong_length_is_refused) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const std::vector<sam2lung::VolumeView> two{ct.view(), ct.view()};
    const auto error = thrown_by<sam2lung::Error>([&] { (void)engine.run(two, everywhere()); });
    CHECK(error.status() == sam2lung::Status::invalid_argument || error.status() == sam2lung::Status::invalid_input);
    const sam2lung::Span<const sam2lung::VolumeView> nothing;
    const auto none = thrown_by<sam2lung::Error>([&] { (void)engine.run(nothing); });
    CHECK(none.status() == sam2lung::Status::invalid_argument);
}

int main() { return run_all(); }
