// Volumes in, labels and maps out: types, strides, frames, masks, points, files.

#include <algorithm>
#include <filesystem>

#include "check.hpp"
#include "made_ct.hpp"

namespace {

/// Volume of a ball as its voxels have it is within a few per cent of this.
double ball_mm3(double radius_mm) { return 4.0 / 3.0 * 3.14159265358979 * radius_mm * radius_mm * radius_mm; }

std::vector<std::uint16_t> labels_of(const sam2lung::VolumeView& ct) {
    return made_engine().run(ct, everywhere()).copy_labels();
}

std::string scratch(const char* name) { return (std::filesystem::temp_directory_path() / name).string(); }

} // namespace

TEST(span_of_vector_and_array_sees_the_same_memory) {
    std::vector<int> numbers{1, 2, 3};
    const sam2lung::Span<int> writable(numbers);
    const sam2lung::Span<const int> readable = writable;
    writable[1] = 20;
    CHECK(readable[1] == 20 && readable.size() == 3 && readable.size_bytes() == 3 * sizeof(int));
    CHECK(*readable.begin() == 1 && readable.end() - readable.begin() == 3);
    const std::array<int, 2> pair{4, 5};
    CHECK(sam2lung::Span<const int>(pair)[1] == 5);
    CHECK(sam2lung::Span<int>().empty() && sam2lung::Span<int>().begin() == sam2lung::Span<int>().end());
}

TEST(result_lies_on_the_grid_of_the_ct_and_finds_the_balls) {
    const MadeCt ct;
    const sam2lung::Result result = made_engine().run(ct.view(), everywhere());
    const sam2lung::VolumeView labels = result.labels();
    CHECK(labels.dims() == ct.dims && labels.ijk_to_ras() == ct.ijk_to_ras);
    const auto voxels = labels.voxels<std::uint16_t>();
    const std::uint16_t ball = voxels[ct.offset(MadeCt::BALL)], other = voxels[ct.offset(MadeCt::OTHER_BALL)];
    CHECK(ball > 0 && other > 0 && ball != other && voxels[ct.offset(MadeCt::NOWHERE)] == 0);
    for (const sam2lung::Nodule& nodule : result.nodules()) {
        const bool first = nodule.id == ball;
        const sam2lung::Index& centre = first ? MadeCt::BALL : MadeCt::OTHER_BALL;
        const double expected = ball_mm3(first ? MadeCt::RADIUS_MM : MadeCt::OTHER_RADIUS_MM);
        CHECK(std::abs(nodule.volume_mm3 - expected) < 0.1 * expected); // voxels of 1.3 mm3 at the edge
        for (std::size_t axis = 0; axis < 3; ++axis) { // balls centred on a voxel, and symmetric about it
            const double ijk = static_cast<double>(centre[axis]);
            const double ras = ct.ijk_to_ras[4 * axis + 3] + MadeCt::SPACING_MM[axis] * ijk;
            CHECK(std::abs(nodule.centroid_ijk[axis] - ijk) < 1e-6);
            CHECK(std::abs(nodule.centroid_ras[axis] - ras) < 1e-6);
        }
        CHECK(!nodule.nodule_probability && !nodule.expected_dice); // tiny-clicks has no opinion on either
        CHECK(nodule.review == !nodule.review_reasons.empty());
        CHECK(!nodule.clicked);
        CHECK(nodule.class_name == "nodule");
        CHECK(nodule.sample_volumes_mm3.size() == result.samples());
    }
    CHECK(result.nodules_json().find("\"centroid_ijk\"") != std::string::npos);
    CHECK(result.samples() == 25 && result.threshold() == 0.2 && result.seconds() > 0);
}

TEST(measures_at_run_time_are_those_of_the_struct) {
    const MadeCt ct;
    const sam2lung::Result result = made_engine().run(ct.view(), everywhere());
    const std::vector<sam2lung::Nodule> nodules = result.nodules();
    const std::vector<sam2lung::Measure> measures = sam2lung::measures();
    CHECK(!nodules.empty() && measures.size() == sam2lung_measure_count());
    std::size_t numbers = 0, texts = 0;
    for (const sam2lung::Measure& measure : measures) {
        CHECK(!measure.name.empty() && !measure.title.empty() && !measure.meaning.empty());
        if (measure.type == sam2lung::ValueType::text) {
            const std::string text = result.measure_text(1, measure);
            if (measure.name == "class") CHECK(text == nodules[1].class_name);
            if (measure.name == "texture") CHECK(text == nodules[1].texture);
            if (measure.name == "bts_2015_volume_band") CHECK(text == nodules[1].bts_2015_volume_band && !text.empty());
            ++texts;
            continue;
        }
        const double value = result.measure(1, measure);
        if (measure.name == "id") CHECK(value == nodules[1].id && measure.type == sam2lung::ValueType::whole);
        if (measure.name == "centroid_s") CHECK(value == nodules[1].centroid_ras[2] && measure.unit == "mm");
        if (measure.name == "volume_mm3") CHECK(value == nodules[1].volume_mm3 && measure.unit == "mm³");
        if (measure.name == "expected_dice") CHECK(std::isnan(value) && result.measure_text(1, measure).empty());
        if (measure.name == "review") CHECK(result.measure_text(1, measure) == (nodules[1].review ? "true" : "false"));
        ++numbers;
    }
    CHECK(texts > 2 && numbers > 2 && numbers + texts == measures.size());
    sam2lung::Measure none;
    none.index = measures.size();
    CHECK(result.measure_text(1, none).empty() && result.measure_text(nodules.size(), measures[0]).empty());
    const auto refused = [&](std::size_t nodule, const sam2lung::Measure& measure) {
        const auto error = thrown_by<sam2lung::Error>([&] { (void)result.measure(nodule, measure); });
        return error.status() == sam2lung::Status::invalid_argument;
    };
    CHECK(refused(1, none) && refused(nodules.size(), measures[0]));
}

TEST(voxel_types_and_strides_give_the_same_labels) {
    const MadeCt ct;
    const std::vector<std::uint16_t> expected = labels_of(ct.view());
    const std::vector<float> floats(ct.hu.begin(), ct.hu.end());
    const std::vector<double> doubles(ct.hu.begin(), ct.hu.end());
    const std::vector<std::int32_t> ints(ct.hu.begin(), ct.hu.end());
    CHECK(labels_of({floats, ct.dims, ct.ijk_to_ras}) == expected);
    CHECK(labels_of({doubles, ct.dims, ct.ijk_to_ras}) == expected);
    CHECK(labels_of({ints, ct.dims, ct.ijk_to_ras}) == expected);

    std::vector<std::int16_t> k_fastest(ct.hu.size()); // as NumPy's C order of [i, j, k] has it
    const sam2lung::Index strides{2 * ct.dims[2] * ct.dims[1], 2 * ct.dims[2], 2};
    for (std::int64_t k = 0; k < ct.dims[2]; ++k) {
        for (std::int64_t j = 0; j < ct.dims[1]; ++j) {
            for (std::int64_t i = 0; i < ct.dims[0]; ++i) {
                const std::int64_t at = (i * strides[0] + j * strides[1] + k * strides[2]) / 2;
                k_fastest[static_cast<std::size_t>(at)] = ct.hu[ct.offset({i, j, k})];
            }
        }
    }
    const sam2lung::Span<const std::int16_t> voxels(k_fastest);
    CHECK(labels_of(sam2lung::VolumeView(voxels, ct.dims, ct.ijk_to_ras, strides)) == expected);
}

TEST(voxels_that_run_backwards_give_the_same_labels) {
    const MadeCt ct;
    const std::vector<std::int16_t> reversed(ct.hu.rbegin(), ct.hu.rend());
    const sam2lung::Index strides{-2, -2 * ct.dims[0], -2 * ct.dims[0] * ct.dims[1]};
    const sam2lung::Span<const std::int16_t> buffer(reversed);
    const sam2lung::VolumeView view(buffer, buffer.size() - 1, ct.dims, ct.ijk_to_ras, strides);
    CHECK(labels_of(view) == labels_of(ct.view()));
    const auto beyond = thrown_by<sam2lung::Error>(
        [&] { (void)sam2lung::VolumeView(buffer, buffer.size(), ct.dims, ct.ijk_to_ras, strides); });
    CHECK(beyond.status() == sam2lung::Status::invalid_argument);
    const sam2lung::VolumeView too_early(buffer, buffer.size() - 2, ct.dims, ct.ijk_to_ras, strides);
    const auto refused = thrown_by<sam2lung::Error>([&] { (void)labels_of(too_early); });
    CHECK(refused.message().find("bytes_before") != std::string::npos);
}

TEST(maps_are_borrowed_or_copied_and_kept_when_asked) {
    const MadeCt ct;
    sam2lung::Engine engine = made_engine();
    const sam2lung::Result bare = engine.run(ct.view(), everywhere());
    const auto probability = bare.map(sam2lung::Map::probability).voxels<float>();
    CHECK(probability.size() == ct.hu.size());
    CHECK(probability[ct.offset(MadeCt::BALL)] > 0.2F && probability[ct.offset(MadeCt::NOWHERE)] < 0.2F);
    std::vector<float> copy(ct.hu.size());
    bare.copy_map(sam2lung::Map::probability, copy);
    CHECK(std::equal(copy.begin(), copy.end(), probability.begin()));
    CHECK(bare.map(sam2lung::Map::probability).voxels<double>().empty()); // not of that type
    std::vector<float> short_by_one(ct.hu.size() - 1);
    CHECK(thrown_by<sam2lung::Error>([&] { bare.copy_map(sam2lung::Map::probability, short_by_one); }).status() ==
          sam2lung::Status::invalid_argument);

    sam2lung::RunOptions options = everywhere();
    options.all_uncertainties = true;
    options.uncertainty = sam2lung::Uncertainty::variance;
    const sam2lung::Result all = engine.run(ct.view(), options);
    CHECK(all.uncertainty() == sam2lung::Uncertainty::variance);
    CHECK(all.copy_map(sam2lung::Map::uncertainty) == all.copy_map(sam2lung::Map::variance));
    CHECK(all.copy_map(sam2lung::Map::entropy) != all.copy_map(sam2lung::Map::mutual_information));
}

TEST(mask_limits_where_nodules_are_looked_for) {
    const MadeCt ct;
    std::vector<std::uint8_t> left_half(ct.hu.size());
    for (std::size_t at = 0; at < left_half.size(); ++at) {
        left_half[at] = at % 90 < 45;
    }
    sam2lung::RunOptions options;
    options.search = sam2lung::Search::mask;
    options.mask = sam2lung::VolumeView(left_half, ct.dims, ct.ijk_to_ras);
    const auto nodules = made_engine().run(ct.view(), options).nodules();
    CHECK(nodules.size() == 1 && std::abs(nodules[0].centroid_ijk[0] - 20) < 1e-6);
}

TEST(findings_below_the_smallest_diameter_are_micronodules) {
    const MadeCt ct;
    sam2lung::RunOptions options = everywhere();
    options.min_diameter_mm = MadeCt::RADIUS_MM + MadeCt::OTHER_RADIUS_MM; // between the two diameters
    const sam2lung::Result result = made_engine().run(ct.view(), options);
    const std::vector<sam2lung::Micronodule> small = result.micronodules();
    CHECK(result.nodules().size() == 1 && small.size() == 1);
    CHECK(small[0].equivalent_diameter_mm < 11 && result.nodules()[0].equivalent_diameter_mm > 11);
    for (std::size_t axis = 0; axis < 3; ++axis) {
        CHECK(std::abs(small[0].centroid_ijk[axis] - static_cast<double>(MadeCt::OTHER_BALL[axis])) < 1e-6);
    }
    CHECK(!small[0].nodule_probability && small[0].volume_mm3 > 0);
    CHECK(result.labels().voxels<std::uint16_t>()[ct.offset(MadeCt::OTHER_BALL)] == 0);
    CHECK(made_engine().run(ct.view(), everywhere()).micronodules().empty());
}

TEST(run_at_outlines_what_is_pointed_at_and_says_which) {
    const MadeCt ct;
    const std::vector<sam2lung::Index> inside{MadeCt::NOWHERE, MadeCt::BALL}, outside{MadeCt::OTHER_BALL};
    const sam2lung::Result result = made_engine().run_at(ct.view(), inside, outside, everywhere());
    const std::vector<std::uint32_t> numbers = result.point_nodules();
    CHECK(numbers.size() == 2 && numbers[0] > 0 && numbers[1] > 0 && numbers[0] != numbers[1]);
    const auto nodules = result.nodules();
    const auto added = std::find_if(nodules.begin(), nodules.end(), [&](const auto& n) { return n.id == numbers[0]; });
    CHECK(added != nodules.end() && added->clicked);
}

TEST(volumes_written_are_read_back_alike) {
    const MadeCt ct;
    const sam2lung::Result result = made_engine().run(ct.view(), everywhere());
    for (const char* const name : {"sam2lung-test-label.nii.gz", "sam2lung-test-label.nrrd"}) {
        sam2lung::write_volume(result.labels(), scratch(name));
        const sam2lung::Image image = sam2lung::Image::read(scratch(name));
        std::filesystem::remove(scratch(name));
        const auto read = image.volume().voxels<float>();
        const auto written = result.labels().voxels<std::uint16_t>();
        CHECK(image.volume().dims() == ct.dims);
        CHECK(std::equal(read.begin(), read.end(), written.begin(), written.end(),
                         [](float a, std::uint16_t b) { return a == static_cast<float>(b); }));
        for (std::size_t n = 0; n < 16; ++n) { // NIfTI keeps its matrix in 32 bits
            CHECK(std::abs(image.volume().ijk_to_ras()[n] - ct.ijk_to_ras[n]) < 1e-5);
        }
    }
}

TEST(volume_with_an_unknown_ending_is_refused_and_not_written) {
    const MadeCt ct;
    const std::string path = scratch("sam2lung-test.png");
    const auto error = thrown_by<sam2lung::Error>([&] { sam2lung::write_volume(ct.view(), path); });
    CHECK(error.status() == sam2lung::Status::invalid_argument);
    CHECK(error.name() == "E_OPTION" && error.message().find("png") != std::string::npos);
    CHECK(!std::filesystem::exists(path));
}

TEST(surfaces_are_written_for_all_nodules_or_one) {
    const MadeCt ct;
    const sam2lung::Result result = made_engine().run(ct.view(), everywhere());
    const std::string all = scratch("sam2lung-test-all.vtp"), one = scratch("sam2lung-test-one.vtp");
    result.write_surfaces(all);
    result.write_surfaces(one, result.nodules()[0].id);
    CHECK(std::filesystem::file_size(all) > std::filesystem::file_size(one));
    std::filesystem::remove(all);
    std::filesystem::remove(one);
}

TEST(phantom_has_facts_and_the_same_seed_gives_the_same_voxels) {
    const sam2lung::Image one = sam2lung::Image::phantom(3), other = sam2lung::Image::phantom(3);
    const auto a = one.volume().voxels<float>(), b = other.volume().voxels<float>();
    CHECK(!a.empty() && std::equal(a.begin(), a.end(), b.begin(), b.end()));
    CHECK(one.facts().find('{') != std::string::npos);
}

TEST(share_of_slices_is_that_of_the_options_for_a_hybrid_and_refused_for_others) {
    const MadeCt ct;
    sam2lung::EngineOptions cpu;
    cpu.device = sam2lung::Device::cpu;
    const sam2lung::Bundle bundle = sam2lung::Bundle::open(bundle_folder("tiny-hybrid"));
    CHECK(bundle.share_of_slices() == 0.5 && !sam2lung::Bundle::open(bundle_folder("tiny-plain")).share_of_slices());
    sam2lung::Engine hybrid(bundle, cpu);
    const auto probability = [&](std::optional<double> share) {
        sam2lung::RunOptions options = everywhere();
        options.share_of_slices = share;
        return hybrid.run(ct.view(), options).copy_map(sam2lung::Map::probability);
    };
    const auto usual = probability({});
    CHECK(probability(0.5) == usual); // the bundle's own
    CHECK(probability(0.0) != usual && probability(1.0) != usual && probability(0.0) != probability(1.0));
    sam2lung::RunOptions options = everywhere();
    options.share_of_slices = 0.5;
    CHECK(thrown_by<sam2lung::Error>([&] { (void)made_engine().run(ct.view(), options); }).name() == "E_OPTION");
}

int main() { return run_all(); }
