/// \file
/// A model: its contract and its networks.

#ifndef SAM2LUNG_BUNDLE_HPP
#define SAM2LUNG_BUNDLE_HPP

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/span.hpp>

namespace sam2lung {

/// A coded concept, as DICOM has them (PS3.3 section 8); all empty: none.
struct Code {
    std::string scheme;  ///< As SCT.
    std::string value;   ///< As 27925004.
    std::string meaning; ///< As Nodule.

    /// Whether there is one.
    explicit operator bool() const noexcept { return !value.empty(); }
};

/// A volume that a run takes.
struct ModelChannel {
    std::string name;   ///< Such as CT or PET.
    bool is_hu = false; ///< Whether it has to be a CT in Hounsfield units.
};

/// What a model tells apart from the background.
struct ModelClass {
    std::string name;                     ///< As in Nodule::class_name.
    std::array<std::uint8_t, 3> colour{}; ///< Red, green, blue.
    Code code{};                          ///< Its code, where it has one.
};

/// What several classes make up together, such as a whole of core and rim.
struct ModelRegion {
    std::string name;                     ///< As in Nodule::class_name.
    std::array<std::uint8_t, 3> colour{}; ///< Red, green, blue.
    Code code{};                          ///< Its code, where it has one.
    std::vector<std::size_t> classes{};   ///< Its classes, by their places in Bundle::classes().
};

/// A model that was opened and checked. Many engines may be made from one; it need not outlive them.
class Bundle {
public:
    /// The model that is built into the library.
    /// \throws Error Status::model
    static Bundle builtin() {
        return Bundle(detail::create<sam2lung_bundle, sam2lung_bundle_free>(sam2lung_bundle_builtin));
    }

    /// The model in a folder with model.json; where nothing lies at that path, the installed one of that name (`NAME`, its newest
    /// version, or `NAME@VERSION`). Its signature is checked as sam2lung_bundle_open() says.
    /// \throws Error Status::model if it isn't there, is damaged or not understood, or its signature is wrong
    static Bundle open(const std::string& folder) {
        return Bundle(detail::create<sam2lung_bundle, sam2lung_bundle_free>(
            [&](sam2lung_bundle** bundle, sam2lung_error** error) {
                return sam2lung_bundle_open(detail::text(folder, "folder"), bundle, error);
            }));
    }

    /// A model in memory. Everything is copied.
    ///
    /// \param contract  model.json, as text
    /// \param files     the files that it names, each with its bytes; model.json.sig among them is its signature
    /// \throws Error    Status::model if one is missing, is damaged or not understood
    static Bundle from_memory(const std::string& contract,
                              const std::vector<std::pair<std::string, Span<const unsigned char>>>& files) {
        std::vector<const char*> names;
        std::vector<const void*> contents;
        std::vector<std::size_t> sizes;
        for (const auto& file : files) {
            names.push_back(detail::text(file.first, "a file's name"));
            contents.push_back(file.second.data());
            sizes.push_back(file.second.size());
        }
        return Bundle(detail::create<sam2lung_bundle, sam2lung_bundle_free>(
            [&](sam2lung_bundle** bundle, sam2lung_error** error) {
                return sam2lung_bundle_from_memory(contract.data(), contract.size(), names.data(), contents.data(),
                                                   sizes.data(), files.size(), bundle, error);
            }));
    }

    /// Its name.
    std::string name() const { return sam2lung_bundle_name(c()); }
    /// Its version.
    std::string version() const { return sam2lung_bundle_version(c()); }
    /// The folder it came from, "<built in>" or "<in memory>".
    std::string origin() const { return sam2lung_bundle_origin(c()); }
    /// Its model.json, as text.
    std::string contract() const { return sam2lung_bundle_contract(c()); }
    /// sha256 of model.json, in hexadecimal.
    std::string sha256() const { return sam2lung_bundle_sha256(c()); }
    /// What its signature is worth.
    Signature signature() const noexcept { return static_cast<Signature>(sam2lung_bundle_signature(c())); }
    /// The same in words, to be shown: "not signed", "signed, checked with hospital.pem".
    std::string signature_text() const { return sam2lung_bundle_signature_text(c()); }
    /// How many volumes a run takes, all on one grid; 1 of a CT.
    std::uint32_t channels() const noexcept { return sam2lung_bundle_channels(c()); }
    /// How many samples a run draws unless told otherwise.
    std::uint32_t samples() const noexcept { return sam2lung_bundle_samples(c()); }
    /// Probability above which a voxel belongs to a nodule, unless told otherwise.
    double threshold() const noexcept { return sam2lung_bundle_threshold(c()); }
    /// Share of the slices that the fine network of a hybrid sees, unless RunOptions::share_of_slices says otherwise; none for a
    /// model that outlines with one network.
    std::optional<double> share_of_slices() const noexcept {
        const double share = sam2lung_bundle_share_of_slices(c());
        return std::isnan(share) ? std::nullopt : std::optional<double>(share);
    }
    /// What the numbers of the label map are.
    Output output() const noexcept { return static_cast<Output>(sam2lung_bundle_output(c())); }
    /// The volumes that a run takes, in this order: Bundle::channels() of them.
    std::vector<ModelChannel> channel_list() const {
        std::vector<ModelChannel> list;
        for (std::size_t n = 0; n < channels(); ++n) {
            list.push_back({sam2lung_bundle_channel_name(c(), n), sam2lung_bundle_channel_is_hu(c(), n)});
        }
        return list;
    }
    /// The classes that the model tells apart, without the background. With Output::regions the first one is number 1 in the
    /// label map, and so on.
    std::vector<ModelClass> classes() const {
        std::vector<ModelClass> list;
        const std::size_t count = sam2lung_bundle_class_count(c());
        for (std::size_t n = 0; n < count; ++n) {
            list.push_back({sam2lung_bundle_class_name(c(), n), bytes(sam2lung_bundle_class_colour(c(), n)),
                            code(sam2lung_bundle_class_code, n)});
        }
        return list;
    }
    /// The regions that the model makes of its classes. With Output::regions Result::nodules() has them behind the classes; they
    /// have no number in the label map.
    std::vector<ModelRegion> regions() const {
        std::vector<ModelRegion> list;
        const std::size_t count = sam2lung_bundle_region_count(c());
        for (std::size_t n = 0; n < count; ++n) {
            list.push_back({sam2lung_bundle_region_name(c(), n), bytes(sam2lung_bundle_region_colour(c(), n)),
                            code(sam2lung_bundle_region_code, n), {}});
            for (std::size_t m = 0; m < sam2lung_bundle_class_count(c()); ++m) {
                if (sam2lung_bundle_region_has_class(c(), n, m)) {
                    list.back().classes.push_back(m);
                }
            }
        }
        return list;
    }
    /// Whether Engine::run_clicks and Engine::click tell the network of the clicks; else what it shows there is taken.
    bool takes_clicks() const noexcept { return sam2lung_bundle_takes_clicks(c()); }

    /// The C object, which stays this one's.
    const sam2lung_bundle* c() const noexcept { return handle_.get(); }

private:
    static std::array<std::uint8_t, 3> bytes(std::uint32_t colour) noexcept {
        const auto byte = [colour](int shift) { return static_cast<std::uint8_t>(colour >> shift & 0xFFU); };
        return {{byte(16), byte(8), byte(0)}};
    }

    using CodeGetter = const char* (*)(const sam2lung_bundle*, std::size_t, std::int32_t);
    Code code(CodeGetter get, std::size_t n) const {
        return {get(c(), n, SAM2LUNG_CODE_PART_SCHEME), get(c(), n, SAM2LUNG_CODE_PART_VALUE),
                get(c(), n, SAM2LUNG_CODE_PART_MEANING)};
    }

    using Handle = detail::Handle<sam2lung_bundle, sam2lung_bundle_free>;
    explicit Bundle(Handle handle) noexcept : handle_(std::move(handle)) {}

    Handle handle_;
};

} // namespace sam2lung

#endif
