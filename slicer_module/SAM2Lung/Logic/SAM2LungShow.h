/// \file
/// How outputs look when they are first written. Main thread only.

#ifndef SAM2LungShow_h
#define SAM2LungShow_h

#include <sam2lung/enums.hpp>

namespace sam2lung_slicer
{

struct OutputNodes;

/// Sets how those outputs are shown that were written for the first time, or with another kind of uncertainty; what the
/// user set at others stays.
void ShowOutputs(const OutputNodes& nodes, sam2lung::Uncertainty uncertainty);

} // namespace sam2lung_slicer

#endif
