// The bridge of the feature `cxx` once around: run, results, refusals, cancel. Usage: cxx BUNDLES
#include "rust/cxx.h"
#include "sam2lung/src/cxx_bridge.rs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace bridge = sam2lung::bridge;

#define CHECK(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            std::cerr << __FILE__ << ":" << __LINE__ << ": not so: " #condition "\n";                                 \
            std::exit(1);                                                                                             \
        }                                                                                                             \
    } while (0)

/// The name of the error that `call` throws.
static std::string refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const rust::Error& error) {
        const std::string text = error.what();
        const std::size_t colon = text.find(": ");
        CHECK(colon != std::string::npos && text.size() > colon + 2);
        return text.substr(0, colon);
    }
    return "no error";
}

/// Air with a block of tissue of 7 x 5 x 3 voxels, which is what the bundle tiny-identity calls a nodule.
struct MadeCt {
    static constexpr std::size_t BLOCK_VOXELS = 7 * 5 * 3;
    std::array<std::size_t, 3> dims, centre;
    std::vector<float> hu;

    explicit MadeCt(const std::array<std::size_t, 3>& size)
        : dims(size), centre{size[0] / 2, size[1] / 2, size[2] / 2}, hu(size[0] * size[1] * size[2], -900.0F) {
        for (std::size_t k = centre[2] - 1; k <= centre[2] + 1; ++k) {
            for (std::size_t j = centre[1] - 2; j <= centre[1] + 2; ++j) {
                for (std::size_t i = centre[0] - 3; i <= centre[0] + 3; ++i) {
                    hu[(k * dims[1] + j) * dims[0] + i] = 300.0F;
                }
            }
        }
    }

    bridge::Ct view() const {
        return {{hu.data(), hu.size()}, dims, {-1, 0, 0, 10, 0, -1, 0, 20, 0, 0, 1, 30, 0, 0, 0, 1}};
    }
};

static bridge::RunOptions everywhere() {
    bridge::RunOptions options{};
    options.search = bridge::Search::Everywhere;
    return options;
}

static rust::Box<bridge::Findings> run(const bridge::Engine& engine, const MadeCt& ct,
                                       const bridge::RunOptions& options) {
    return engine.run(ct.view(), options, *bridge::new_control());
}

static void finds_the_block(const bridge::Engine& engine) {
    const MadeCt ct({24, 20, 16});
    bridge::RunOptions options = everywhere();
    options.inside.push_back({ct.centre});
    const rust::Box<bridge::Control> control = bridge::new_control();
    const rust::Box<bridge::Findings> found = engine.run(ct.view(), options, *control);
    CHECK(control->fraction() > 0.999);

    const rust::Slice<const std::uint16_t> labels = found->labels();
    CHECK(labels.size() == ct.hu.size() && found->uncertainty().size() == ct.hu.size());
    const rust::Slice<const float> probability = found->probability();
    CHECK(probability.size() == ct.hu.size());
    for (std::size_t n = 0; n < ct.hu.size(); ++n) { // in the same order; 0.2 is the bundle's threshold
        CHECK((labels[n] == 1) == (ct.hu[n] > 0.0F));
        CHECK((probability[n] > 0.2F) == (ct.hu[n] > 0.0F));
    }

    const rust::Vec<bridge::Nodule> nodules = found->nodules();
    CHECK(nodules.size() == 1 && nodules[0].id == 1);
    CHECK(std::abs(nodules[0].volume_mm3 - double(MadeCt::BLOCK_VOXELS)) < 1e-9); // voxels of 1 mm^3
    const std::array<double, 3> centre_ras{10.0 - double(ct.centre[0]), 20.0 - double(ct.centre[1]),
                                           30.0 + double(ct.centre[2])};
    for (std::size_t axis = 0; axis < 3; ++axis) {
        CHECK(std::abs(nodules[0].centroid_ijk[axis] - double(ct.centre[axis])) < 1e-9);
        CHECK(std::abs(nodules[0].centroid_ras[axis] - centre_ras[axis]) < 1e-9);
    }
    CHECK(found->at_inside().size() == 1 && found->at_inside()[0] == 1);
}

static void searches_where_the_mask_says(const bridge::Engine& engine) {
    const MadeCt ct({24, 20, 16});
    std::vector<std::uint8_t> mask(ct.hu.size(), 0);
    mask[0] = 1; // far from the block
    bridge::RunOptions options{};
    options.mask = {mask.data(), mask.size()};
    CHECK(run(engine, ct, options)->nodules().empty());
    std::fill(mask.begin(), mask.end(), std::uint8_t{1});
    CHECK(run(engine, ct, options)->nodules().size() == 1);
    options.mask = {mask.data(), mask.size() - 1};
    CHECK(refusal([&] { run(engine, ct, options); }) == "E_ARGUMENT");
}

static void refuses_by_name(const bridge::Engine& engine, const std::string& bundles) {
    using bridge::Device;
    CHECK(refusal([&] { bridge::open_engine(bundles + "/none", Device::Cpu, 1); }) == "E_MODEL_BUNDLE");
    CHECK(refusal([&] { bridge::open_engine(bundles + "/tiny-identity", Device(9), 1); }) == "E_ARGUMENT");
    MadeCt ct({24, 20, 16});
    const bridge::RunOptions options = everywhere();
    for (const std::size_t depth : {std::size_t{0}, std::size_t{15}, std::numeric_limits<std::size_t>::max()}) {
        bridge::Ct other = ct.view();
        other.dims[2] = depth;
        CHECK(refusal([&] { engine.run(other, options, *bridge::new_control()); }) == "E_ARGUMENT");
    }
    bridge::Ct sheared = ct.view();
    sheared.ijk_to_ras[1] = 0.5;
    CHECK(refusal([&] { engine.run(sheared, options, *bridge::new_control()); }) == "E_SHEARED");
    bridge::RunOptions strange = everywhere();
    strange.threshold = std::numeric_limits<double>::quiet_NaN();
    CHECK(refusal([&] { run(engine, ct, strange); }) == "E_OPTION");
    strange = everywhere();
    strange.share_of_slices = 0.5; // the bundle is no hybrid
    CHECK(refusal([&] { run(engine, ct, strange); }) == "E_OPTION");
    strange = everywhere();
    strange.search = bridge::Search(2);
    CHECK(refusal([&] { run(engine, ct, strange); }) == "E_ARGUMENT");
    strange = everywhere();
    strange.inside.push_back({{24, 0, 0}});
    CHECK(refusal([&] { run(engine, ct, strange); }) == "E_OPTION");
    ct.hu[5] = std::numeric_limits<float>::quiet_NaN();
    CHECK(refusal([&] { run(engine, ct, options); }) == "E_NON_FINITE");
}

/// tiny-regions: logits 0, 2 x + 8 z - 6 and 16 x - 6 for background, core and rim, with x = (HU + 1000) / 1400 and
/// z = (PET - 2) / 4. In the block rim is 16 * 1300 / 1400 - 6 = 8.9, and where PET is 10 core is 11.9.
static void takes_two_channels(const std::string& bundles) {
    const rust::Box<bridge::Engine> engine = bridge::open_engine(bundles + "/tiny-regions", bridge::Device::Cpu, 1);
    const rust::Vec<bridge::Channel> channels = engine->channels();
    CHECK(channels.size() == 2 && channels[0].name == "CT" && channels[0].is_hu);
    CHECK(channels[1].name == "PET" && !channels[1].is_hu);
    const rust::Vec<bridge::Class> classes = engine->classes(), regions = engine->regions();
    CHECK(classes.size() == 2 && classes[0].name == "core" && classes[1].name == "rim" && classes[1].of.empty());
    CHECK((classes[0].colour == std::array<std::uint8_t, 3>{213, 94, 0}) && classes[0].code_value.empty());
    CHECK(regions.size() == 1 && regions[0].name == "whole" && regions[0].of.size() == 2 && regions[0].of[1] == 1);
    CHECK(engine->gives_regions());

    const MadeCt ct({24, 20, 16});
    MadeCt pet({24, 20, 16});
    std::fill(pet.hu.begin(), pet.hu.end(), 2.0F);
    const std::size_t warm = (ct.centre[2] * ct.dims[1] + ct.centre[1]) * ct.dims[0] + ct.centre[0];
    std::fill_n(pet.hu.begin() + static_cast<std::ptrdiff_t>(warm) - 3, 7, 10.0F); // a row of the block
    const std::array<bridge::Ct, 2> both{ct.view(), pet.view()};
    const bridge::RunOptions options = everywhere();
    const rust::Slice<const bridge::Ct> volumes{both.data(), both.size()};
    const rust::Box<bridge::Findings> found = engine->run_channels(volumes, options, *bridge::new_control());
    const rust::Slice<const std::uint16_t> labels = found->labels();
    for (std::size_t n = 0; n < labels.size(); ++n) {
        CHECK(labels[n] == (pet.hu[n] > 2.0F ? 1 : ct.hu[n] > 0.0F ? 2 : 0));
    }
    const rust::Vec<bridge::Nodule> parts = found->nodules();
    CHECK(parts.size() == 3 && parts[2].class_name == "whole");
    CHECK(std::abs(parts[0].volume_mm3 - 7.0) < 1e-9); // voxels of 1 mm^3
    CHECK(std::abs(parts[2].volume_mm3 - double(MadeCt::BLOCK_VOXELS)) < 1e-9);

    CHECK(refusal([&] { run(*engine, ct, options); }) == "E_ARGUMENT");
    std::array<bridge::Ct, 2> apart{ct.view(), pet.view()};
    apart[1].ijk_to_ras[3] += 5.0;
    CHECK(refusal([&] { engine->run_channels({apart.data(), apart.size()}, options, *bridge::new_control()); }) ==
          "E_CHANNEL_GRID");
}

static void cancels(const bridge::Engine& engine) {
    const rust::Box<bridge::Control> before = bridge::new_control();
    before->cancel();
    before->cancel();
    CHECK(refusal([&] { engine.run(MadeCt({24, 20, 16}).view(), everywhere(), *before); }) == "E_CANCELLED");

    const MadeCt ct({256, 256, 64});
    bridge::RunOptions endless = everywhere();
    endless.samples = 10000; // the most there may be
    const rust::Box<bridge::Control> control = bridge::new_control();
    std::string name;
    std::thread other([&] { name = refusal([&] { engine.run(ct.view(), endless, *control); }); });
    while (control->fraction() == 0.0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(refusal([&] { run(engine, ct, endless); }) == "E_BUSY");
    control->cancel();
    other.join();
    CHECK(name == "E_CANCELLED" && control->fraction() < 1.0);
}

int main(int argc, char** argv) {
    CHECK(argc == 2);
    const std::string bundles = argv[1];
    const rust::Box<bridge::Engine> engine = bridge::open_engine(bundles + "/tiny-identity", bridge::Device::Cpu, 1);
    CHECK(engine->device() == bridge::Device::Cpu && !engine->device_reason().empty());
    CHECK(engine->channels().size() == 1 && engine->regions().empty() && !engine->gives_regions());
    finds_the_block(*engine);
    searches_where_the_mask_says(*engine);
    refuses_by_name(*engine, bundles);
    takes_two_channels(bundles);
    cancels(*engine);
    finds_the_block(*engine); // the engine goes on after all that
    std::cout << "cxx: good\n";
}
