/// \file
/// What a result can't be trusted for.

#ifndef SAM2LUNG_WARNING_HPP
#define SAM2LUNG_WARNING_HPP

#include <string>

namespace sam2lung {

/// Why a result says less than it seems to, such as slices thicker than the model was tried on.
struct Warning {
    std::string name; ///< W_…; never changes once released.
    std::string text; ///< For people, in English.
};

} // namespace sam2lung

#endif
