/// \file
/// Which library this is.

#ifndef SAM2LUNG_VERSION_HPP
#define SAM2LUNG_VERSION_HPP

#include <string>

#include <sam2lung.h>

namespace sam2lung {

/// The library's version, for example "0.4.0".
inline std::string version() { return sam2lung_version(); }

/// Whether the library that was loaded has everything that these headers use: it is of the same age, or newer.
inline bool is_compatible() noexcept { return sam2lung_abi_version() >= SAM2LUNG_ABI_VERSION; }

} // namespace sam2lung

#endif
