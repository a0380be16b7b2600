// Installed bundles: listed, with what is wrong with each, and opened.

#include <filesystem>

#include "check.hpp"
#include "made_ct.hpp"

namespace fs = std::filesystem;

namespace {

/// A folder of installed bundles, of copies of tests/bundles.
struct Models {
    fs::path folder = fs::temp_directory_path() / ("sam2lung-installed-" + std::to_string(std::rand()));

    Models() {
        for (const char* name : {"tiny-clicks", "tiny-plain"}) {
            fs::create_directories(folder / name);
            fs::copy(bundle_folder(name), folder / name / "1.0.0");
        }
        fs::remove(folder / "tiny-plain" / "1.0.0" / "graph.onnx");
    }
    ~Models() { fs::remove_all(folder); }
    Models(const Models&) = delete;
    Models& operator=(const Models&) = delete;
};

} // namespace

TEST(installed_bundles_say_what_they_are_and_what_is_wrong_with_them) {
    const Models models;
    const auto bundles = sam2lung::installed_bundles(models.folder.string());
    CHECK(bundles.size() == 3);
    CHECK(bundles[0].is_builtin && bundles[0].path.empty() && bundles[0].problem.empty());
    CHECK(bundles[0].signature == sam2lung::Signature::built_in && bundles[0].signature_text == "built in");
    CHECK(bundles[0].sha256 == sam2lung::Bundle::builtin().sha256());
    CHECK(bundles[1].name == "tiny-clicks" && bundles[1].version == "1.0.0" && !bundles[1].is_builtin);
    CHECK(bundles[1].purpose == "CT -> findings of nodule; segment (slice)" && bundles[1].problem.empty());
    CHECK(bundles[1].signature == sam2lung::Signature::missing && bundles[1].bytes > 1000);
    CHECK(bundles[2].name == "tiny-plain");
    CHECK(bundles[2].problem.find("E_MODEL_BUNDLE: ") == 0 && bundles[2].problem.find("graph.onnx") != std::string::npos);
}

TEST(installed_bundles_open_and_damaged_ones_throw) {
    const Models models;
    const auto bundles = sam2lung::installed_bundles(models.folder.string());
    CHECK(bundles.at(0).open().origin() == "<built in>");
    const sam2lung::Bundle opened = bundles.at(1).open();
    CHECK(opened.name() == "tiny-clicks" && opened.sha256() == bundles.at(1).sha256);
    CHECK(opened.signature() == sam2lung::Signature::missing && opened.signature_text() == "not signed");
    const auto error = thrown_by<sam2lung::Error>([&] { (void)bundles.at(2).open(); });
    CHECK(error.status() == sam2lung::Status::model && error.name() == "E_MODEL_BUNDLE");
}

TEST(installed_bundles_of_a_folder_that_is_not_there_are_the_built_in_one) {
    CHECK(sam2lung::installed_bundles("no/such/folder").size() == 1);
    const auto error = thrown_by<sam2lung::Error>(
        [] { (void)sam2lung::installed_bundles(bundle_folder("tiny-plain") + "/model.json"); });
    CHECK(error.status() == sam2lung::Status::read && error.name() == "E_READ");
}

int main() { return run_all(); }
