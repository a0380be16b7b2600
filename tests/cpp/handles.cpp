// Objects can be moved, not copied, and free what they own once.

#include <fstream>
#include <iterator>
#include <type_traits>
#include <utility>

#include "check.hpp"
#include "made_ct.hpp"

template <typename T>
constexpr bool move_only = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                           !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

static_assert(move_only<sam2lung::Runtime> && move_only<sam2lung::Bundle> && move_only<sam2lung::Engine>);
static_assert(move_only<sam2lung::Cancel> && move_only<sam2lung::Image> && move_only<sam2lung::Result>);
static_assert(std::is_nothrow_copy_constructible_v<sam2lung::Error>);

TEST(version_of_library_and_headers_fit) {
    CHECK(sam2lung::version() == SAM2LUNG_TEST_VERSION);
    CHECK(sam2lung::is_compatible());
}

TEST(runtime_names_its_file_and_devices) {
    const sam2lung::Runtime runtime = sam2lung::Runtime::load();
    // An installed package has it under a name of its own.
    const std::string library = runtime.library();
    CHECK(library.find("sam2lung_ort") != std::string::npos || library.find("onnxruntime") != std::string::npos);
    CHECK(!runtime.build().empty());
    bool cpu_works = false;
    for (const sam2lung::DeviceInfo& info : runtime.devices()) {
        CHECK(!info.reason.empty());
        cpu_works = cpu_works || (info.device == sam2lung::Device::cpu && info.usable);
    }
    CHECK(cpu_works);
}

TEST(bundle_describes_itself) {
    const sam2lung::Bundle bundle = sam2lung::Bundle::open(bundle_folder("tiny-clicks"));
    CHECK(bundle.name() == "tiny-clicks" && bundle.version() == "1.0.0");
    CHECK(bundle.origin().find("tiny-clicks") != std::string::npos);
    CHECK(bundle.contract().find("\"schema_version\"") != std::string::npos);
    CHECK(bundle.sha256().size() == 64);
    CHECK(bundle.channels() == 1 && bundle.samples() == 25);
    CHECK(bundle.threshold() == 0.2);
    CHECK(bundle.takes_clicks());
    CHECK(sam2lung::Bundle::builtin().origin() == "<built in>");
}

namespace {

std::string bytes_of(const std::string& file) {
    std::ifstream stream(bundle_folder("tiny-clicks/" + file), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

sam2lung::Span<const unsigned char> span_of(const std::string& bytes) {
    return {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
}

} // namespace

TEST(bundle_in_memory_is_the_one_in_the_folder) {
    const std::string contract = bytes_of("model.json"), encoder = bytes_of("encoder.onnx");
    std::string decoder = bytes_of("decoder.onnx");
    const auto opened = [&] {
        return sam2lung::Bundle::from_memory(contract,
                                             {{"encoder.onnx", span_of(encoder)}, {"decoder.onnx", span_of(decoder)}});
    };
    const sam2lung::Bundle bundle = opened();
    CHECK(bundle.origin() == "<in memory>");
    CHECK(bundle.sha256() == sam2lung::Bundle::open(bundle_folder("tiny-clicks")).sha256());
    const MadeCt ct;
    sam2lung::EngineOptions options;
    options.device = sam2lung::Device::cpu;
    options.threads = 1;
    decoder[0] ^= 1; // it was copied
    sam2lung::Engine engine(bundle, options);
    CHECK(engine.run(ct.view(), everywhere()).copy_labels() ==
          made_engine().run(ct.view(), everywhere()).copy_labels());

    CHECK(thrown_by<sam2lung::Error>([&] { (void)opened(); }).name() == "E_MODEL_HASH");
    const auto missing = thrown_by<sam2lung::Error>(
        [&] { (void)sam2lung::Bundle::from_memory(contract, {{"encoder.onnx", span_of(encoder)}}); });
    CHECK(missing.status() == sam2lung::Status::model);
    CHECK(missing.message().find("decoder.onnx") != std::string::npos);
}

TEST(engine_moved_still_runs) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    sam2lung::Engine moved = std::move(engine);
    CHECK(moved.run(ct.view(), everywhere()).nodules().size() == 2);
    moved = made_engine();
    CHECK(moved.run(ct.view(), everywhere()).nodules().size() == 2);
    CHECK(moved.device() == sam2lung::Device::cpu && moved.threads() == 1 && !moved.device_reason().empty());
}

TEST(result_moved_keeps_its_voxels_where_they_are) {
    const MadeCt ct;
    sam2lung::Result result = made_engine().run(ct.view(), everywhere()); // the engine is gone by now
    const auto before = result.labels().voxels<std::uint16_t>();
    const sam2lung::Result moved = std::move(result);
    const auto after = moved.labels().voxels<std::uint16_t>();
    CHECK(before.data() == after.data() && after.size() == ct.hu.size());
}

TEST(moved_from_object_says_so_by_an_error) {
    sam2lung::Image image = sam2lung::Image::phantom();
    const sam2lung::Image moved = std::move(image);
    CHECK(moved.volume().dims()[2] > 1);
    const auto error = thrown_by<sam2lung::Error>([&] { (void)std::as_const(image).volume(); }); // NOLINT: on purpose
    CHECK(error.status() == sam2lung::Status::invalid_argument);
}

int main() { return run_all(); }
