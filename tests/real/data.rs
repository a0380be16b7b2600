//! Where the CTs lie, and how they are read.

use std::{
    env,
    path::{Path, PathBuf},
};

use sam2lung::{
    io::{self, Ct, ReadOptions},
    progress::{CancelToken, Monitor},
    space::{orientation::Orientation, volume::Volume},
};

/// Names of the NIfTI files in `whole_ct`.
pub const WHOLE_CTS: [&str; 4] = ["cmb_crc", "cptac_lscc", "cptac_pda", "lidc0002"];
/// The part-solid nodule of `fcp_dicom`, found by eye: column, row, slice from the lowest.
pub const FCP_NODULE: [usize; 3] = [182, 285, 65];

/// The file or folder `name` of the data; `None`, said as SKIPPED, where it isn't.
pub fn find(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = env::var_os("SAM2LUNG_SHARED").map_or_else(beside, PathBuf::from);
    let path = shared.join("data").join(name);
    if !path.exists() {
        println!("SKIPPED: no {name} in the folder 'data' of ../shared or SAM2LUNG_SHARED");
        return None;
    }
    Some(path)
}

/// Where the CT `name` of `whole_ct` lies.
pub fn find_whole_ct(name: &str) -> Option<PathBuf> {
    find(&format!("whole_ct/{name}.nii.gz"))
}

pub fn read(path: &Path) -> Ct {
    io::read_ct(path, ReadOptions::default(), &mut Monitor::silent()).expect("a good CT")
}

/// The CT with its axes along the patient: i to the left, j to the back, k to the head.
pub fn canonical(path: &Path) -> Volume<f32> {
    let volume = read(path).volume;
    Orientation::of(&volume.grid).to_canonical(volume, &CancelToken::new()).expect("memory for it")
}
