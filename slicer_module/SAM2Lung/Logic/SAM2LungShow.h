/// \file
/// How outputs look when they are first written. Main thread only.

#ifndef SAM2LungShow_h
#define SAM2LungShow_h

#include <sam2lung/enums.hpp>

namespace sam2lung_slicer
{

struct OutputNodes;

/// Sets how those outputs are shown that are written for the first time, or with another kind of uncertainty; what the
/// user set at others stays.
void ShowVolumes(const OutputNodes& nodes, sam2lung::Uncertainty uncertainty);
/// The same for segments and points.
void ShowMarks(const OutputNodes& nodes);

} // namespace sam2lung_slicer

#endif
