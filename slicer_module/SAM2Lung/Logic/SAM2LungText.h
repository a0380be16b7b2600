/// \file
/// The library's errors, stages and devices in the words of the panel. Main thread only: the words may be translated.

#ifndef SAM2LungText_h
#define SAM2LungText_h

#include "SAM2LungWorker.h"

#include <exception>
#include <string>

namespace sam2lung_slicer
{

/// What went wrong and what to do. Where the panel has a place for the library's advice, that place is named instead.
std::string FailureText(const std::exception_ptr& error);
/// The same of a comparison, which can't do without lungs.
std::string ComparisonFailureText(const std::exception_ptr& error);
/// A sentence: with a capital, and a full stop where it ends with a word.
std::string Sentence(std::string text);
/// What a run does now.
std::string StageText(const RunProgress& progress);
/// What there is to compute on, a line a device, and the versions of the libraries. Never throws.
std::string DeviceText();

} // namespace sam2lung_slicer

#endif
