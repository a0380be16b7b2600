// Two engines on two threads at once: engines are independent, so each thread has its own.
//
//   two_engines [SAMPLES]
//
// Research use only; not a medical device.

#include <cstdint>
#include <cstdio>
#include <exception>
#include <future>
#include <string>

#include <sam2lung.hpp>

namespace {

sam2lung::Result segment(const sam2lung::Bundle& bundle, const sam2lung::VolumeView& ct, std::uint64_t seed,
                         std::uint32_t samples) {
    sam2lung::EngineOptions on_half;
    on_half.threads = 1; // the two would compete for the same processors
    sam2lung::Engine engine(bundle, on_half);
    sam2lung::RunOptions options;
    options.seed = seed;
    options.samples = samples;
    return engine.run(ct, options);
}

} // namespace

int main(int argc, char** argv) {
    try {
        const auto samples = argc > 1 ? static_cast<std::uint32_t>(std::stoul(argv[1])) : 0U;
        const sam2lung::Bundle bundle = sam2lung::Bundle::builtin(); // shared: it is only read
        const sam2lung::Image image = sam2lung::Image::phantom();
        const sam2lung::VolumeView ct = image.volume();

        std::future<sam2lung::Result> other =
            std::async(std::launch::async, [&] { return segment(bundle, ct, 1, samples); });
        const sam2lung::Result first = segment(bundle, ct, 0, samples);
        const sam2lung::Result second = other.get(); // throws here what was thrown there

        for (const sam2lung::Result* const result : {&first, &second}) {
            std::printf("%zu nodules in %.1f s\n", result->nodules().size(), result->seconds());
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
