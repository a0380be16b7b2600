//! Real files are read as other software reads them.

use std::path::{Path, PathBuf};

use sam2lung::{progress::CancelToken, report::manifest::voxels_sha256, steps::check::check_ct};

use crate::data::{self, WHOLE_CTS};

/// What `python sha.py FOLDER` printed with pydicom 3.0.2 and pylibjpeg-libjpeg 2.5.0, where sha.py is
///
/// ```python
/// import glob, hashlib, sys, numpy, pydicom
/// images = map(pydicom.dcmread, glob.glob(sys.argv[1] + "/*.dcm"))
/// images = sorted(images, key=lambda d: d.ImagePositionPatient[2])
/// hu = numpy.array([d.pixel_array * d.RescaleSlope + d.RescaleIntercept for d in images], "<f4")
/// print(hashlib.sha256(hu.tobytes()).hexdigest())
/// ```
const BY_PYDICOM: [(&str, &str); 2] = [
    ("ricord_dicom", "005cfacde885da60dcaca1f68d33c38f4127a2223ff3cbefa7cbe7d44d106b0c"),
    ("fcp_dicom", "c913cb189b4ed4fc721ea64d90047eb3250e376d75ea00048efc1f20b074d789"),
];

#[test]
fn dicom_jpeg_lossless_reads_equal_to_pydicom() {
    reads_equal_to_pydicom(BY_PYDICOM[0]);
}

#[test]
fn dicom_uncompressed_reads_equal_to_pydicom() {
    reads_equal_to_pydicom(BY_PYDICOM[1]);
}

fn reads_equal_to_pydicom((folder, sha256): (&str, &str)) {
    let Some(path) = data::find(folder) else { return };
    assert_eq!(voxels_sha256(&data::read(&path).volume.voxels, &CancelToken::new()).unwrap(), sha256);
}

/// Numbers from the headers: PixelSpacing, and ImagePositionPatient of the lowest and highest slice.
#[test]
fn dicom_geometry_is_that_of_the_headers() {
    let Some(path) = data::find("fcp_dicom") else { return };
    let grid = data::read(&path).volume.grid;
    assert_eq!(grid.dims, [512, 512, 98]);
    near(grid.spacing_mm, [0.759765625, 0.759765625, 1.0]);
    near(grid.ras([0.0; 3]), [189.1201171875, 364.1201171875, -5.5]);
    near(grid.ras([0.0, 0.0, 97.0]), [189.1201171875, 364.1201171875, 91.5]);
    near(grid.ras([511.0, 0.0, 0.0]), [189.1201171875 - 511.0 * 0.759765625, 364.1201171875, -5.5]);
}

fn near(got: [f64; 3], expected: [f64; 3]) {
    assert!((0..3).all(|axis| (got[axis] - expected[axis]).abs() < 1e-9), "{got:?}, expected {expected:?}");
}

/// Stored as 8 bits with slope 8 and intercept -1024.
#[test]
fn nifti_slope_and_intercept_are_honoured() {
    for name in WHOLE_CTS {
        let Some(path) = data::find_whole_ct(name) else { return };
        let voxels = data::read(&path).volume.voxels;
        let (low, high) = voxels.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        assert_eq!((low, high), (-1024.0, 1016.0), "{name}");
        assert!(voxels.iter().all(|hu| hu % 8.0 == 0.0), "{name}");
    }
}

/// Every real CT here, and crops of 854 nodules of other ones: some are lung alone, some bone.
#[test]
fn hu_of_every_real_ct_and_crop_are_taken_and_refused_with_the_intercept_forgotten() {
    let Some(whole) = data::find("whole_ct") else { return };
    let folders = ["fcp_dicom", "ricord_dicom"].into_iter().filter_map(data::find);
    let whole: Vec<PathBuf> = volumes_in(&whole).into_iter().chain(folders).collect();
    let crops = data::find("lidc_hu/image").map_or(Vec::new(), |folder| volumes_in(&folder));
    assert!(whole.len() >= 10, "{whole:?}");
    let mut taken = Vec::new();
    for path in whole.iter().chain(&crops) {
        let mut ct = data::read(path).volume;
        for off in [1000.0, 24.0] {
            ct.voxels.mapv_inplace(|hu| hu + off);
            if check_ct(&ct, None, &CancelToken::new()).is_ok() {
                taken.push(path);
            }
            // Padding that hid it.
            let mut padded = ct.clone();
            padded.voxels.indexed_iter_mut().filter(|((_, j, i), _)| i + j < 40).for_each(|(_, hu)| *hu = -2000.0);
            if check_ct(&padded, None, &CancelToken::new()).is_ok() {
                taken.push(path);
            }
        }
    }
    assert!(taken.is_empty(), "{taken:?}");
}

/// NIfTI files of a folder, but those that mark something.
fn volumes_in(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().expect("a folder of the data");
    let paths = entries.map(|entry| entry.expect("an entry of it").path());
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let ct = |path: &PathBuf| {
        let name = name(path);
        name.ends_with(".nii.gz") && !["vessels", "votes"].iter().any(|mark| name.contains(mark))
    };
    paths.filter(ct).collect()
}
