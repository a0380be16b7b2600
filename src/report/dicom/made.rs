//! A CT series made for tests.

use std::path::Path;

use dicom_dictionary_std::{tags, uids};

use super::data_set::DataSet;
use crate::space::volume::Volume;

/// Writes `ct` (whole HU, axes along the patient's) as a series into `folder`, slice k as image k + 1; the patient has this name.
pub fn write_series(folder: &Path, ct: &Volume<f32>, patient: &str) {
    let grid = &ct.grid;
    // From RAS to LPS.
    let lps = |ras: [f64; 3]| [-ras[0], -ras[1], ras[2]];
    let [row, column] = [grid.direction[0], grid.direction[1]].map(lps);
    for (k, slice) in ct.voxels.outer_iter().enumerate() {
        let stored = slice.iter().flat_map(|hu| (*hu as i16).to_le_bytes()).collect();
        DataSet::new()
            .text(tags::SOP_CLASS_UID, uids::CT_IMAGE_STORAGE)
            .text(tags::SOP_INSTANCE_UID, &format!("1.2.3.4.{}", k + 1))
            .text(tags::STUDY_INSTANCE_UID, "1.2.3")
            .text(tags::SERIES_INSTANCE_UID, "1.2.3.4")
            .text(tags::FRAME_OF_REFERENCE_UID, "1.2.5")
            .text(tags::STUDY_DATE, "20240229")
            .text(tags::MODALITY, "CT")
            .text(tags::IMAGE_TYPE, "ORIGINAL")
            .text(tags::PATIENT_NAME, patient)
            .text(tags::PATIENT_ID, "4711")
            .text(tags::INSTANCE_NUMBER, &(k + 1).to_string())
            .decimals(tags::IMAGE_POSITION_PATIENT, &lps(grid.ras([0.0, 0.0, k as f64])))
            .decimals(tags::IMAGE_ORIENTATION_PATIENT, &[row, column].concat())
            .decimals(tags::PIXEL_SPACING, &[grid.spacing_mm[1], grid.spacing_mm[0]])
            .decimals(tags::SLICE_THICKNESS, &[grid.spacing_mm[2]])
            .decimals(tags::RESCALE_SLOPE, &[1.0])
            .decimals(tags::RESCALE_INTERCEPT, &[0.0])
            .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
            .number(tags::SAMPLES_PER_PIXEL, 1)
            .number(tags::ROWS, grid.dims[1] as u16)
            .number(tags::COLUMNS, grid.dims[0] as u16)
            .number(tags::BITS_ALLOCATED, 16)
            .number(tags::BITS_STORED, 16)
            .number(tags::HIGH_BIT, 15)
            .number(tags::PIXEL_REPRESENTATION, 1)
            .pixels(stored)
            .write(&folder.join(format!("{}.dcm", k + 1)))
            .expect("the test's folder can be written");
    }
}
