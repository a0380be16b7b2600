// A result's folder of files, with what a reader says.

#include <filesystem>
#include <fstream>
#include <iterator>

#include "check.hpp"
#include "made_ct.hpp"

namespace {

/// A folder of this program's own, which goes at the end.
struct Folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("sam2lung-report-" + std::to_string(std::rand()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string target() const { return (path / "chest").u8string(); }
};

bool says(const Folder& folder, const std::string& file, const std::string& words) {
    std::ifstream stream(folder.path / "chest" / file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    return text.find(words) != std::string::npos;
}

} // namespace

TEST(report_of_a_ct_in_memory_says_what_a_reader_decided) {
    const MadeCt ct;
    const Folder folder;
    const sam2lung::Result result = made_engine().run(ct.view(), everywhere());
    CHECK(result.nodules().size() == 2);
    sam2lung::ReportOptions options;
    options.readings = {{2, sam2lung::Decision::rejected, "a vessel", "AB"}};
    options.volume_format = sam2lung::VolumeFormat::nrrd;
    options.surface_format = sam2lung::SurfaceFormat::vtk;
    options.sample_outlines = true;
    double fraction = 0;
    options.progress = [&](const sam2lung::Progress& progress) {
        fraction = progress.fraction;
        return true;
    };
    result.write_report(ct.view(), folder.target(), options);
    CHECK(fraction > 0.999);
    CHECK(says(folder, "report.html", "Rejected by AB: a vessel."));
    CHECK(says(folder, "findings.txt", "0 accepted, 1 rejected (Nodule 2), 1 undecided."));
    for (const char* const file : {"label.nrrd", "sample_outlines.nrrd", "nodules.vtk"}) {
        CHECK(std::filesystem::exists(folder.path / "chest" / file));
    }
}

TEST(report_of_an_image_that_was_read_needs_no_volume) {
    const MadeCt ct;
    const Folder folder;
    const std::string file = (folder.path / "ct.nii.gz").u8string();
    sam2lung::write_volume(ct.view(), file);
    const sam2lung::Image image = sam2lung::Image::read_ct(file);
    const sam2lung::Result result = made_engine().run(image.volume(), everywhere());
    result.write_report(image, folder.target());
    CHECK(says(folder, "run.json", "\"format\": \"NIfTI\"") && says(folder, "run.json", "\"name\": \"ct.nii.gz\""));
    sam2lung::ReportOptions dicom;
    dicom.dicom = true;
    const auto refused = thrown_by<sam2lung::Error>([&] { result.write_report(image, folder.target(), dicom); });
    CHECK(refused.status() == sam2lung::Status::invalid_argument);
}

TEST(report_of_another_ct_is_refused_and_what_its_progress_throws_arrives) {
    const MadeCt ct;
    const Folder folder;
    const sam2lung::Result result = made_engine().run(ct.view(), everywhere());
    const MadeCt other({90, 80, 21});
    const auto refused = thrown_by<sam2lung::Error>([&] { result.write_report(other.view(), folder.target()); });
    CHECK(refused.name() == "E_OPTION" && refused.message().find("that the result was made from") != std::string::npos);
    sam2lung::ReportOptions options;
    options.progress = [](const sam2lung::Progress&) -> bool { throw std::logic_error("of the test"); };
    CHECK(thrown_by<std::logic_error>([&] { result.write_report(ct.view(), folder.target(), options); }).what() ==
          std::string("of the test"));
    CHECK(!std::filesystem::exists(folder.path / "chest"));
}

int main() { return run_all(); }
