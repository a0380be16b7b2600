// Clicks on an earlier result through the C++ wrappers.

#include <cmath>
#include <vector>

#include "check.hpp"
#include "made_ct.hpp"

TEST(click_in_empty_lung_adds_a_nodule_to_an_earlier_result_and_leaves_the_others) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const sam2lung::Result earlier = engine.run(ct.view(), everywhere());
    const std::vector<sam2lung::Index> inside{MadeCt::NOWHERE};
    const sam2lung::Result result = engine.click(ct.view(), earlier, inside, {}, everywhere());
    CHECK(earlier.nodules().size() == 2 && result.nodules().size() == 3);
    CHECK(result.click_nodules() == std::vector<std::uint32_t>{3});
    CHECK(result.nodules().back().clicked && result.nodules().front().volume_mm3 == earlier.nodules().front().volume_mm3);
    CHECK(result.copy_labels()[ct.offset(MadeCt::NOWHERE)] == 3);
    CHECK(result.nodules().back().sample_volumes_mm3.size() == result.samples());
}

TEST(click_on_a_nodule_of_kept_maps_keeps_its_number) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const sam2lung::Result run = engine.run(ct.view(), everywhere());
    std::vector<std::uint16_t> numbers = run.copy_labels();
    for (std::uint16_t& number : numbers) {
        number = static_cast<std::uint16_t>(number == 0 ? 0 : number + 10);
    }
    const sam2lung::VolumeView labels{numbers, ct.dims, ct.ijk_to_ras};
    const sam2lung::Result kept = sam2lung::Result::from_maps(labels);
    CHECK(kept.nodules().size() == 2 && kept.nodules().front().id == 11 && std::isnan(kept.nodules().front().mean_hu));
    CHECK(kept.nodules().front().sample_volumes_mm3.empty());
    const sam2lung::Result measured = sam2lung::Result::from_outlines(ct.view(), labels);
    CHECK(measured.nodules().size() == 2 && measured.nodules().front().id == 11);
    CHECK(measured.nodules().front().long_axis_mm > 0 && !std::isnan(measured.nodules().front().mean_hu));
    CHECK(std::isnan(measured.nodules().front().volume_mm3_p05) && !measured.nodules().front().texture.empty());
    const std::vector<sam2lung::Index> inside{MadeCt::BALL};
    const sam2lung::Result result = engine.click(ct.view(), kept, inside, {}, everywhere());
    const std::uint16_t before = numbers[ct.offset(MadeCt::BALL)];
    CHECK(result.click_nodules() == std::vector<std::uint32_t>{before});
    CHECK(result.nodules().size() == 2);

    std::vector<float> near_map(numbers.size());
    result.copy_map_near_nodules(sam2lung::Map::probability, near_map);
    CHECK(near_map[ct.offset(MadeCt::BALL)] == result.copy_map(sam2lung::Map::probability)[ct.offset(MadeCt::BALL)]);
    CHECK(near_map[ct.offset(MadeCt::NOWHERE)] == 0.0F);
}

int main() { return run_all(); }
