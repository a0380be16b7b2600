/// \file
/// What a report can be told: Result::write_report().

#ifndef SAM2LUNG_REPORT_HPP
#define SAM2LUNG_REPORT_HPP

#include <cstdint>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/image.hpp>
#include <sam2lung/options.hpp>
#include <sam2lung/volume.hpp>

namespace sam2lung {

/// What a reader says of a nodule.
struct Reading {
    std::uint32_t nodule = 0;                ///< Its number in the label map (Nodule::id).
    Decision decision = Decision::undecided; ///< What was decided.
    std::string comment = {};                ///< What was written; may be empty.
    std::string reader = {};                 ///< Who decided or wrote last; may be empty.
};

/// Options of a report.
struct ReportOptions {
    /// Write DICOM objects (SEG, SR, secondary capture) as well; needs an Image of a DICOM folder, or `dicom_source`.
    bool dicom = false;
    /// Where the DICOM series of a CT in memory lies: a folder with one CT series, or one of its files. It is read and
    /// compared with the CT. Empty: there is none.
    std::string dicom_source = {};
    VolumeFormat volume_format = VolumeFormat::nii_gz; ///< Of label map, probability and uncertainty.
    /// In any order; other nodules are undecided. Empty: nobody read the result.
    std::vector<Reading> readings = {};
    ProgressFunction progress = {}; ///< May be empty.
    const Cancel* cancel = nullptr; ///< May be null.
    SurfaceFormat surface_format = SurfaceFormat::none; ///< Of the nodules' closed surfaces.
    /// Write which sample calls which voxel near nodules a nodule as well; needs a format of volumes.
    bool sample_outlines = false;
};

/// \cond Not for programs.
namespace detail {

/// Writes a report; `ct` or `image` is not null.
inline void write_report(const sam2lung_result* result, const VolumeView* ct, const Image* image,
                         const std::string& folder, const ReportOptions& options) {
    std::vector<sam2lung_reading> readings;
    for (const Reading& reading : options.readings) {
        sam2lung_reading raw{};
        raw.struct_size = sizeof raw;
        raw.nodule = reading.nodule;
        raw.decision = static_cast<std::int32_t>(reading.decision);
        raw.comment = text(reading.comment, "comment");
        raw.reader = text(reading.reader, "reader");
        readings.push_back(raw);
    }
    sam2lung_report_options raw{};
    call([&](sam2lung_error** error) { return sam2lung_report_options_init(&raw, sizeof raw, error); });
    raw.image = image != nullptr ? image->c() : nullptr;
    raw.dicom_source = options.dicom_source.empty() ? nullptr : text(options.dicom_source, "dicom_source");
    raw.dicom = options.dicom;
    raw.volume_format = static_cast<std::int32_t>(options.volume_format);
    raw.readings = readings.data();
    raw.reading_count = readings.size();
    raw.progress = on_progress;
    raw.progress_data = const_cast<ProgressFunction*>(&options.progress);
    raw.cancel = options.cancel != nullptr ? options.cancel->c() : nullptr;
    raw.surface_format = static_cast<std::int32_t>(options.surface_format);
    raw.sample_outlines = options.sample_outlines;
    call([&](sam2lung_error** error) {
        const sam2lung_volume* const volume = ct != nullptr ? &ct->c() : nullptr;
        return sam2lung_result_write_report(result, volume, &raw, text(folder, "folder"), error);
    });
}

} // namespace detail
/// \endcond

} // namespace sam2lung

#endif
