/// \file
/// The table of measures at run time: for programs that show what they weren't compiled with.

#ifndef SAM2LUNG_MEASURE_HPP
#define SAM2LUNG_MEASURE_HPP

#include <cstddef>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/enums.hpp>

namespace sam2lung {

/// What is said of each nodule: a column of nodules.csv. Result::measure and Result::measure_text give its value.
struct Measure {
    std::size_t index = 0;              ///< Its number; never changes once released.
    std::string name;                   ///< As in nodules.csv; never changes once released.
    std::string title;                  ///< A few words for the head of a column, in English.
    std::string unit;                   ///< Such as mm³; empty for none, and for the uncertainty, whose kind decides.
    std::string meaning;                ///< What it is, in English.
    ValueType type = ValueType::number; ///< What its values are.
};

/// All measures that the library knows.
inline std::vector<Measure> measures() {
    std::vector<Measure> list;
    const std::size_t count = sam2lung_measure_count();
    for (std::size_t index = 0; index < count; ++index) {
        list.push_back({index, sam2lung_measure_name(index), sam2lung_measure_title(index), sam2lung_measure_unit(index),
                        sam2lung_measure_meaning(index), static_cast<ValueType>(sam2lung_measure_type(index))});
    }
    return list;
}

} // namespace sam2lung

#endif
