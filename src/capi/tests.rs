//! The C functions called from Rust, where a panic can be injected.

use std::{
    ffi::{CStr, CString},
    path::Path,
    process::Command,
    ptr,
};

use super::{
    bundle::*, engine::*, error::*, guard::inject::panic_at, options::*, result::*, run::*, status::sam2lung_status,
    structs::Abi, volume::sam2lung_volume, write::*,
};
use crate::progress::Stage;

#[test]
fn header_committed_equals_the_generated() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/sam2lung.h"));
    let committed = include_str!("../../include/sam2lung.h");
    assert!(generated == committed, "include/sam2lung.h is out of date: run `cargo xtask header` and commit it");
}

/// An engine of a bundle in tests/bundles.
fn engine(name: &str) -> *mut sam2lung_engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles").join(name);
    let folder = CString::new(folder.to_str().unwrap()).unwrap();
    let (mut bundle, mut engine) = (ptr::null_mut(), ptr::null_mut());
    let options = sam2lung_engine_options { device: 1, threads: 1, ..Abi::DEFAULT };
    // SAFETY: every pointer is to a variable here.
    unsafe {
        assert_eq!(sam2lung_bundle_open(folder.as_ptr(), &mut bundle, ptr::null_mut()), sam2lung_status::Ok);
        assert_eq!(sam2lung_engine_create(bundle, &options, &mut engine, ptr::null_mut()), sam2lung_status::Ok);
        sam2lung_bundle_free(bundle);
    }
    engine
}

/// Air with a block of tissue.
fn voxels() -> Vec<i16> {
    let inside = |n: usize| [n % 16, n / 16 % 16, n / 256].iter().all(|index| (6..10).contains(index));
    (0..16 * 16 * 16).map(|n| if inside(n) { 300 } else { -900 }).collect()
}

fn view(voxels: &[i16]) -> sam2lung_volume {
    let mut ijk_to_ras = [0.0; 16];
    [0, 5, 10, 15].into_iter().for_each(|n| ijk_to_ras[n] = 1.0);
    sam2lung_volume {
        voxels: voxels.as_ptr().cast(),
        bytes: size_of_val(voxels),
        voxel_type: 1,
        dims: [16; 3],
        ijk_to_ras,
        ..Abi::DEFAULT
    }
}

/// A run with a click; the search is left to the lungs where the stage that looks for them is wanted.
fn run(engine: *mut sam2lung_engine, lungs: bool, error: *mut *mut sam2lung_error) -> sam2lung_status {
    let voxels = voxels();
    let volume = view(&voxels);
    let (volumes, point) = ([ptr::from_ref(&volume)], [8i64; 3]);
    let options = sam2lung_run_options { search: i32::from(!lungs), ..Abi::DEFAULT };
    let mut result = ptr::null_mut();
    // SAFETY: every pointer is to a variable here.
    unsafe {
        let (at, none) = (point.as_ptr(), ptr::null());
        let status = sam2lung_engine_run_at(engine, volumes.as_ptr(), 1, at, 1, none, 0, &options, &mut result, error);
        assert_eq!(result.is_null(), status != sam2lung_status::Ok, "an output is written on success alone");
        sam2lung_result_free(result);
        status
    }
}

/// The texts of an error, which is freed.
fn texts(error: *mut sam2lung_error) -> [String; 3] {
    // SAFETY: the error was written by a failed call; its texts are read before it is freed.
    unsafe {
        let of = |text| CStr::from_ptr(text).to_str().unwrap().to_owned();
        let texts = [sam2lung_error_name(error), sam2lung_error_message(error), sam2lung_error_stage(error)].map(of);
        sam2lung_error_free(error);
        texts
    }
}

fn panic_in_each_stage() {
    let engine = engine("tiny-clicks");
    for stage in [Stage::Read, Stage::Lungs, Stage::Segment, Stage::Prompt, Stage::Nodules] {
        panic_at(stage);
        let mut error = ptr::null_mut();
        assert_eq!(run(engine, stage == Stage::Lungs, &mut error), sam2lung_status::Internal);
        let [name, message, at] = texts(error);
        assert_eq!((name.as_str(), at.as_str()), ("E_INTERNAL", stage.title()));
        assert!(message.contains(&format!("injected in {stage:?} (src/capi/guard.rs:")), "{message}");
        assert_eq!(run(engine, false, ptr::null_mut()), sam2lung_status::Ok, "the engine goes on after {stage:?}");
    }
    let (voxels, mut error) = (voxels(), ptr::null_mut());
    panic_at(Stage::Write);
    // SAFETY: every pointer is to a variable here.
    let status = unsafe { sam2lung_volume_write(&view(&voxels), c"never.nrrd".as_ptr(), ptr::null(), &mut error) };
    assert_eq!(status, sam2lung_status::Internal);
    assert_eq!(texts(error)[0], "E_INTERNAL");
    // SAFETY: the engine isn't used any more.
    unsafe { sam2lung_engine_free(engine) };
}

/// The panics are made in a process of their own, whose stderr shows whether something was printed.
#[test]
fn panic_in_each_stage_is_an_error_by_name_that_prints_nothing_and_leaves_the_engine_usable() {
    const CHILD: &str = "SAM2LUNG_TEST_PANICS";
    const NAME: &str =
        "capi::tests::panic_in_each_stage_is_an_error_by_name_that_prints_nothing_and_leaves_the_engine_usable";
    if std::env::var_os(CHILD).is_some() {
        panic_in_each_stage();
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", NAME, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("1 passed"), "{out}");
    assert_eq!(err, "");
}
