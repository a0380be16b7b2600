/// \file
/// Which bundles are installed.

#ifndef SAM2LUNG_INSTALLED_HPP
#define SAM2LUNG_INSTALLED_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/bundle.hpp>
#include <sam2lung/call.hpp>
#include <sam2lung/enums.hpp>

namespace sam2lung {

/// A bundle that may be opened.
struct InstalledBundle {
    std::string name;           ///< Its name.
    std::string version;        ///< Its version.
    std::string path;           ///< Its folder; empty for the built-in one.
    std::string purpose;        ///< Channels, classes and roles in a line; empty where its contract can't be used.
    std::string signature_text; ///< What its signature is worth, in words.
    std::string problem;        ///< Why it can't be opened, "E_NAME: message"; empty where nothing is wrong so far.
    std::string sha256;         ///< sha256 of its model.json, in hexadecimal.
    std::uint64_t bytes = 0;    ///< How large it is: model.json and graphs.
    Signature signature = Signature::missing; ///< What its signature is worth.
    bool is_builtin = false;                  ///< Whether it is a part of the library.

    /// Opens it; its graphs' hashes are checked then.
    /// \throws Error Status::model if it is damaged or not understood, or its signature is wrong
    Bundle open() const { return is_builtin ? Bundle::builtin() : Bundle::open(path); }
};

/// The bundles that are installed in a folder: by name, of each the newest version first; before them the built-in one.
/// This is quick: the hashes of graphs are checked by InstalledBundle::open.
///
/// \param folder  the folder of installed bundles; empty: the one that SAM2LUNG_MODELS names, else sam2lung/models in the
///                user's data folder. It needn't be there
/// \throws Error  Status::read if it can't be read, Status::model if the keys of signatures can't
inline std::vector<InstalledBundle> installed_bundles(const std::string& folder = {}) {
    const auto list = detail::create<sam2lung_bundle_list, sam2lung_bundle_list_free>(
        [&](sam2lung_bundle_list** made, sam2lung_error** error) {
            const char* path = folder.empty() ? nullptr : detail::text(folder, "folder");
            return sam2lung_bundle_list_create(path, made, error);
        });
    std::vector<InstalledBundle> bundles(sam2lung_bundle_list_count(list.get()));
    for (std::size_t n = 0; n < bundles.size(); ++n) {
        InstalledBundle& bundle = bundles[n];
        bundle.name = sam2lung_bundle_list_name(list.get(), n);
        bundle.version = sam2lung_bundle_list_version(list.get(), n);
        bundle.path = sam2lung_bundle_list_path(list.get(), n);
        bundle.purpose = sam2lung_bundle_list_purpose(list.get(), n);
        bundle.signature_text = sam2lung_bundle_list_signature_text(list.get(), n);
        bundle.problem = sam2lung_bundle_list_problem(list.get(), n);
        bundle.sha256 = sam2lung_bundle_list_sha256(list.get(), n);
        bundle.bytes = sam2lung_bundle_list_bytes(list.get(), n);
        bundle.signature = static_cast<Signature>(sam2lung_bundle_list_signature(list.get(), n));
        bundle.is_builtin = sam2lung_bundle_list_is_builtin(list.get(), n);
    }
    return bundles;
}

} // namespace sam2lung

#endif
