// The program of docs/first-result-in-cpp.md: it is that page's code, block by block.

#include <cstdint>
#include <cstdio>
#include <vector>

#include <sam2lung.hpp>

int main() try {
    // Voxels in Hounsfield units, column by column, row by row, slice by slice. Yours come from wherever you have
    // them; here the library makes a chest CT by arithmetic.
    const sam2lung::Image phantom = sam2lung::Image::phantom();
    const sam2lung::Index dims = phantom.volume().dims();
    const sam2lung::Matrix ijk_to_ras = phantom.volume().ijk_to_ras();
    std::vector<std::int16_t> hu;
    for (const float value : phantom.volume().voxels<float>()) {
        hu.push_back(static_cast<std::int16_t>(value));
    }

    // How many there are, and where voxel (i, j, k) lies in the patient. Nothing is copied: `hu` must stay.
    const sam2lung::VolumeView ct(hu, dims, ijk_to_ras);

    // An engine is a model on a device. Making one takes a moment: keep it for many runs.
    sam2lung::Engine engine(sam2lung::Bundle::builtin());

    sam2lung::RunOptions options;
    options.samples = 4; // quick; without this line as many as the model was calibrated with
    options.progress = [](const sam2lung::Progress& progress) {
        std::printf("\r%3.0f %%", 100.0 * progress.fraction);
        std::fflush(stdout);
        return true; // false cancels
    };
    const sam2lung::Result result = engine.run(ct, options);

    for (const sam2lung::Nodule& nodule : result.nodules()) {
        std::printf("\nnodule %u: %.0f mm3, perhaps %.0f to %.0f%s", static_cast<unsigned>(nodule.id),
                    nodule.volume_mm3, nodule.volume_mm3_p05, nodule.volume_mm3_p95,
                    nodule.review ? ", look again" : "");
    }
    std::printf("\n");

    // Borrowed from `result`, on the CT's grid: 0, or the number of the nodule.
    const sam2lung::Span<const std::uint16_t> labels = result.labels().voxels<std::uint16_t>();
    std::size_t inside = 0;
    for (const std::uint16_t label : labels) {
        inside += label > 0 ? 1 : 0;
    }
    std::printf("%zu of %zu voxels lie in nodules\n", inside, labels.size());

    sam2lung::write_volume(result.labels(), "label.nii.gz");
    sam2lung::write_volume(result.map(sam2lung::Map::uncertainty), "uncertainty.nii.gz");
    return 0;
} catch (const sam2lung::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
