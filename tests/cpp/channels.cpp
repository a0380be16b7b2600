// A bundle of two channels, two classes and a region of both, through the C++ wrappers, against numbers worked out by hand.
//
// tiny-regions: logits 0, 2 x + 8 z - 6 and 16 x - 6 for background, core and rim, with x = (HU + 1000) / 1400 and
// z = (PET - 2) / 4 (onnx/tiny_models).

#include <cmath>
#include <vector>

#include "check.hpp"
#include "made_ct.hpp"

namespace {

/// Soft tissue: x is 0.5, so that rim is 2 and a warm core 2 * 0.5 + 8 * 1.75 - 6 = 9. Lung: x is 150 / 1400, rim is -4.3.
constexpr float COLD = 2.0F, WARM = 9.0F;

sam2lung::Engine regions_engine() {
    sam2lung::EngineOptions options;
    options.device = sam2lung::Device::cpu;
    options.threads = 1;
    return sam2lung::Engine(sam2lung::Bundle::open(bundle_folder("tiny-regions")), options);
}

/// Uptake in the middle of one of the balls, 3 x 3 x 3 voxels.
std::vector<float> uptake(const MadeCt& ct) {
    std::vector<float> pet(ct.hu.size(), COLD);
    for (std::int64_t n = 0; n < 27; ++n) {
        const auto& ball = MadeCt::BALL;
        pet[ct.offset({ball[0] + n % 3 - 1, ball[1] + n / 3 % 3 - 1, ball[2] + n / 9 - 1})] = WARM;
    }
    return pet;
}

} // namespace

TEST(bundle_of_two_channels_names_channels_classes_and_regions) {
    const sam2lung::Bundle bundle = sam2lung::Bundle::open(bundle_folder("tiny-regions"));
    const auto channels = bundle.channel_list();
    CHECK(channels.size() == bundle.channels() && channels.size() == 2);
    CHECK(channels[0].name == "CT" && channels[0].is_hu && channels[1].name == "PET" && !channels[1].is_hu);
    CHECK(bundle.classes().size() == 2 && bundle.classes()[1].name == "rim" && !bundle.classes()[1].code);
    const auto regions = bundle.regions();
    CHECK(regions.size() == 1 && regions[0].name == "whole" && !regions[0].code);
    CHECK((regions[0].colour == std::array<std::uint8_t, 3>{{240, 228, 66}}));
    CHECK((regions[0].classes == std::vector<std::size_t>{0, 1}));
    const auto nodule = sam2lung::Bundle::builtin().classes().at(0);
    CHECK(nodule.code && nodule.code.scheme == "SCT" && nodule.code.value == "27925004" && nodule.code.meaning == "Nodule");
}

TEST(run_of_two_channels_labels_classes_and_measures_the_region_of_both) {
    const MadeCt ct;
    const std::vector<float> pet = uptake(ct);
    const std::vector<sam2lung::VolumeView> both{ct.view(), {pet, ct.dims, ct.ijk_to_ras}};
    const sam2lung::Result result = regions_engine().run(both, everywhere());
    const std::vector<std::uint16_t> labels = result.copy_labels();
    std::size_t core = 0, rim = 0;
    for (std::size_t n = 0; n < labels.size(); ++n) {
        const int wanted = pet[n] == WARM ? 1 : ct.hu[n] == -300 ? 2 : 0;
        CHECK(labels[n] == wanted);
        core += wanted == 1;
        rim += wanted == 2;
    }
    CHECK(core == 27 && rim > 100);
    const double background = std::exp(0.0), warm = std::exp(9.0), soft = std::exp(2.0);
    const auto probability = result.copy_map(sam2lung::Map::probability);
    // Single precision.
    CHECK(std::abs(probability[ct.offset(MadeCt::BALL)] - warm / (background + warm + soft)) < 4e-6);

    const auto found = result.nodules();
    CHECK(found.size() == 3 && found[0].class_name == "core" && found[1].class_name == "rim");
    CHECK(found[2].class_name == "whole" && found[2].id == 3);
    const double voxel_mm3 = 0.8 * 0.8 * 2.0;
    CHECK(std::abs(found[0].volume_mm3 - 27 * voxel_mm3) < 1e-6);
    CHECK(std::abs(found[2].volume_mm3 - static_cast<double>(core + rim) * voxel_mm3) < 1e-6);
}

TEST(run_of_two_channels_refuses_one_volume_and_another_grid_by_name) {
    const MadeCt ct;
    sam2lung::Engine engine = regions_engine();
    CHECK(thrown_by<sam2lung::Error>([&] { engine.run(ct.view(), everywhere()); }).name() == "E_ARGUMENT");
    const std::vector<float> pet = uptake(ct);
    sam2lung::Matrix shifted = ct.ijk_to_ras;
    shifted[3] += 5.0;
    const std::vector<sam2lung::VolumeView> apart{ct.view(), {pet, ct.dims, shifted}};
    CHECK(thrown_by<sam2lung::Error>([&] { engine.run(apart, everywhere()); }).name() == "E_CHANNEL_GRID");
}

int main() { return run_all(); }
