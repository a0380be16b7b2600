//! The C functions called from Rust, where a panic can be injected.

use std::{
    ffi::{CStr, CString},
    path::Path,
    process::Command,
    ptr,
};

use super::{
    bundle::*, engine::*, error::*, guard::inject::panic_at, measures::*, nodule::*, options::*, result::*, run::*,
    status::sam2lung_status, structs::Abi, volume::sam2lung_volume, write::*,
};
use crate::progress::Stage;

#[test]
fn header_committed_equals_the_generated() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/sam2lung.h"));
    let committed = include_str!("../../include/sam2lung.h");
    assert!(generated == committed, "include/sam2lung.h is out of date: run `cargo xtask header` and commit it");
}

/// An engine of a bundle in tests/bundles.
pub(super) fn engine(name: &str) -> *mut sam2lung_engine {
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
pub(super) fn voxels() -> Vec<i16> {
    let inside = |n: usize| [n % 16, n / 16 % 16, n / 256].iter().all(|index| (6..10).contains(index));
    (0..16 * 16 * 16).map(|n| if inside(n) { 300 } else { -900 }).collect()
}

pub(super) fn view(voxels: &[i16]) -> sam2lung_volume {
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

/// The result of a run without clicks; the engine is freed.
fn result(engine: *mut sam2lung_engine) -> *mut sam2lung_result {
    let (voxels, mut result) = (voxels(), ptr::null_mut());
    let (volume, options) = (view(&voxels), sam2lung_run_options { search: 1, ..Abi::DEFAULT });
    let volumes = [ptr::from_ref(&volume)];
    // SAFETY: every pointer is to a variable here; the engine isn't used any more.
    unsafe {
        let status = sam2lung_engine_run(engine, volumes.as_ptr(), 1, &options, &mut result, ptr::null_mut());
        assert_eq!(status, sam2lung_status::Ok);
        sam2lung_engine_free(engine);
    }
    result
}

pub(super) fn said(text: *const std::ffi::c_char) -> String {
    // SAFETY: texts of the library end with NUL and live as long as their owner, which the callers keep.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}

#[test]
fn measures_at_run_time_are_those_of_the_struct_and_the_csv() {
    let result = result(engine("tiny-clicks"));
    let mut nodule = sam2lung_nodule::DEFAULT;
    // SAFETY: every pointer is to a variable here, and the result lives to the end.
    unsafe {
        assert_eq!(sam2lung_result_nodule(result, 0, &mut nodule, ptr::null_mut()), sam2lung_status::Ok);
        let names: Vec<String> = (0..sam2lung_measure_count()).map(|n| said(sam2lung_measure_name(n))).collect();
        let at = |name: &str| names.iter().position(|other| other == name).unwrap();
        let number = |name: &str| {
            let mut value = 0.0;
            let status = sam2lung_result_measure(result, 0, at(name), &mut value, ptr::null_mut());
            (status == sam2lung_status::Ok).then_some(value)
        };
        assert_eq!(number("id"), Some(1.0));
        assert_eq!(number("centroid_j"), Some(nodule.centroid_ijk[1]));
        assert_eq!(number("volume_mm3"), Some(nodule.volume_mm3));
        assert_eq!(number("review"), Some(f64::from(u8::from(nodule.review))));
        assert!(number("expected_dice").unwrap().is_nan());
        assert_eq!(number("class"), None, "a text is refused as a number");
        assert_eq!(sam2lung_measure_type(at("class")), sam2lung_value_type::Text as i32);
        assert_eq!(said(sam2lung_result_measure_text(result, 0, at("class"))), "nodule");
        assert_eq!(said(sam2lung_result_nodule_class(result, 0)), "nodule");
        assert_eq!(said(sam2lung_result_nodule_class(result, 99)), "");
        assert_eq!(said(sam2lung_measure_unit(at("volume_mm3"))), "mm³");
        let beyond = names.len();
        assert_eq!((said(sam2lung_measure_name(beyond)), sam2lung_measure_type(beyond)), (String::new(), -1));
        let mut count = 7;
        let volumes = sam2lung_result_sample_volumes(result, 0, &mut count);
        assert_eq!(count, sam2lung_result_samples(result) as usize);
        let volumes = std::slice::from_raw_parts(volumes, count);
        assert!(volumes.iter().any(|mm3| *mm3 > 0.0), "{volumes:?}");
        assert!(sam2lung_result_sample_volumes(result, 99, &mut count).is_null());
        assert_eq!(count, 0);
        sam2lung_result_free(result);
    }
}

#[test]
fn nodule_struct_of_interface_3_is_still_filled() {
    // Versions 1 to 3 ended with `review_reason_count`, at 216 on machines of 64 bits (tests/capi/abi.txt).
    let first = sam2lung_nodule::FIRST_SIZE;
    assert_eq!(first, std::mem::offset_of!(sam2lung_nodule, review_reason_count) + size_of::<usize>());
    assert!(cfg!(not(target_pointer_width = "64")) || first == 224);
    let (result, mut nodule) = (result(engine("tiny-clicks")), sam2lung_nodule::DEFAULT);
    // SAFETY: every pointer is to a variable here.
    unsafe {
        nodule.struct_size = first;
        assert_eq!(sam2lung_result_nodule(result, 0, &mut nodule, ptr::null_mut()), sam2lung_status::Ok);
        assert_eq!((nodule.id, nodule.struct_size), (1, first));
        nodule.struct_size = first - 8;
        assert_eq!(sam2lung_result_nodule(result, 0, &mut nodule, ptr::null_mut()), sam2lung_status::InvalidArgument);
        sam2lung_result_free(result);
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
    for stage in [Stage::Read, Stage::Lungs, Stage::Segment, Stage::Click, Stage::Nodules] {
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
