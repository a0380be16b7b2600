//! The table of measures at run time: for programs that show what they weren't compiled with.

use std::{
    ffi::{CString, c_char},
    ptr,
    sync::LazyLock,
};

use super::{
    error::sam2lung_error,
    guard::{Call, guard},
    pointers::{c_text, check_output, getter, input, refuse},
    result::sam2lung_result,
    status::sam2lung_status,
};
use crate::{
    error::Result,
    findings::{
        measures::{Cell, Column, Get, columns},
        nodule::Nodule,
    },
    report::tables,
};

/// Types of measures. Values of sam2lung_measure_type().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_value_type {
    /// A number; NaN: the model has nothing to say.
    Number = 0,
    /// A whole number.
    Whole = 1,
    /// 0 or 1.
    Flag = 2,
    /// A text: sam2lung_result_measure_text() alone has it.
    Text = 3,
}

/// A column with its words as C wants them.
struct Listed {
    column: Column,
    name: CString,
    title: CString,
    unit: CString,
    meaning: CString,
}

static LISTED: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let listed = columns().into_iter().map(|column| Listed {
        name: c_text(column.name),
        title: c_text(column.title),
        unit: c_text(column.measure.unit.symbol()),
        meaning: c_text(column.measure.meaning),
        column,
    });
    listed.collect()
});

/// All cells of a nodule as text, in the columns' order.
pub(super) fn cells(nodule: &Nodule) -> Vec<CString> {
    LISTED.iter().map(|listed| c_text(&tables::cell(&listed.column, nodule))).collect()
}

/// The number in a measure's cell.
fn number(measure: usize, nodule: &Nodule) -> Result<f64> {
    let listed = LISTED.get(measure).ok_or_else(|| {
        refuse("measure", measure.to_string(), format!("less than sam2lung_measure_count(), {}", LISTED.len()))
    })?;
    match listed.column.cell(nodule) {
        Cell::Whole(value) => Ok(value.into()),
        Cell::Number(value) => Ok(value.unwrap_or(f64::NAN)),
        Cell::Flag(value) => Ok(f64::from(u8::from(value))),
        Cell::Text(_) => Err(refuse(
            "measure",
            format!("{measure} ({}), which is a text", listed.column.name),
            "a number; sam2lung_result_measure_text() gives texts",
        )),
    }
}

fn word(measure: usize, of: impl Fn(&'static Listed) -> &'static CString) -> *const c_char {
    LISTED.get(measure).map_or(c"".as_ptr(), |listed| of(listed).as_ptr())
}

/// How many measures this library knows: the columns of nodules.csv but for the last. Later libraries have more, and those
/// that are there keep their numbers.
///
/// Any thread. Since version 4 of the interface.
///
/// @return the number
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_measure_count() -> usize {
    LISTED.len()
}

/// The name of a measure, as in nodules.csv, such as volume_mm3.
///
/// Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
///
/// @param measure from 0, less than sam2lung_measure_count()
/// @return UTF-8; "" where there is none; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_measure_name(measure: usize) -> *const c_char {
    word(measure, |listed| &listed.name)
}

/// A few English words for the head of a measure's column.
///
/// Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
///
/// @param measure from 0, less than sam2lung_measure_count()
/// @return UTF-8; "" where there is none; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_measure_title(measure: usize) -> *const c_char {
    word(measure, |listed| &listed.title)
}

/// The unit of a measure, such as mm³.
///
/// Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
///
/// @param measure from 0, less than sam2lung_measure_count()
/// @return UTF-8; "" for a number without unit, for uncertainty_mean, whose unit is that of the uncertainty map (bit, or none
/// for the variance), and where there is no such measure; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_measure_unit(measure: usize) -> *const c_char {
    word(measure, |listed| &listed.unit)
}

/// What a measure is, in English, without a full stop.
///
/// Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
///
/// @param measure from 0, less than sam2lung_measure_count()
/// @return UTF-8; "" where there is none; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_measure_meaning(measure: usize) -> *const c_char {
    word(measure, |listed| &listed.meaning)
}

/// The type of a measure.
///
/// Any thread. Since version 4 of the interface.
///
/// @param measure from 0, less than sam2lung_measure_count()
/// @return a sam2lung_value_type; -1 where there is none
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_measure_type(measure: usize) -> i32 {
    LISTED.get(measure).map_or(-1, |listed| type_of(&listed.column) as i32)
}

fn type_of(column: &Column) -> sam2lung_value_type {
    match column.measure.get {
        Get::Whole(_) => sam2lung_value_type::Whole,
        Get::Flag(_) => sam2lung_value_type::Flag,
        Get::Text(_) | Get::Texts(_) | Get::Shares(_) => sam2lung_value_type::Text,
        Get::Number(_) | Get::Optional(_) | Get::Place(..) | Get::Numbers(_) => sam2lung_value_type::Number,
    }
}

/// A measure of a nodule as a number.
///
/// Any thread. Since version 4 of the interface.
///
/// @param result the result, not NULL
/// @param nodule index of the nodule, from 0
/// @param measure from 0, less than sam2lung_measure_count(); not a text
/// @param value where it goes, not NULL; 0 or 1 for a flag, NaN where the model has nothing to say
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_measure(
    result: *const sam2lung_result,
    nodule: usize,
    measure: usize,
    value: *mut f64,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(value, "value")?;
        // SAFETY: the contract of the C ABI.
        let found = number(measure, unsafe { input(result, "result") }?.found_nodule(nodule, "nodule")?)?;
        // SAFETY: it isn't NULL and has room for a double, as the caller says.
        unsafe { value.write_unaligned(found) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// A measure of a nodule as text, as it stands in nodules.csv; several texts are separated by "; ".
///
/// Belongs to the result, valid until it is freed. Any thread. Since version 4 of the interface.
///
/// @param result the result, may be NULL
/// @param nodule index of the nodule, from 0
/// @param measure from 0, less than sam2lung_measure_count()
/// @return UTF-8; "" where the model has nothing to say, where there is none, and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_measure_text(
    result: *const sam2lung_result,
    nodule: usize,
    measure: usize,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, c"".as_ptr(), |result| result.cell(nodule, measure)) }
}

/// The name of a nodule's class, as the model has it.
///
/// Belongs to the result, valid until it is freed. Any thread. Since version 4 of the interface.
///
/// @param result the result, may be NULL
/// @param nodule index of the nodule, from 0
/// @return UTF-8; "" where there is none and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_nodule_class(result: *const sam2lung_result, nodule: usize) -> *const c_char {
    let of = |result: &sam2lung_result| {
        let measure = LISTED.iter().position(|listed| listed.column.name == "class");
        measure.map_or(c"".as_ptr(), |measure| result.cell(nodule, measure))
    };
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, c"".as_ptr(), of) }
}

/// A nodule's volume under each sample in mm³, in the order of the samples; 0 where a sample misses it. With the same seed
/// and model sample n is the same network in every CT, so that two scans can be compared sample by sample.
///
/// The numbers belong to the result and stay valid until it is freed; don't write to them. Any thread. Since version 4 of the
/// interface.
///
/// @param result the result, may be NULL
/// @param nodule index of the nodule, from 0
/// @param count where their number goes, may be NULL; 0 where there are none
/// @return the volumes; NULL where there are none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_sample_volumes(
    result: *const sam2lung_result,
    nodule: usize,
    count: *mut usize,
) -> *const f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { list(result, nodule, count, |nodule| &nodule.sample_volumes_mm3) }
}

/// A nodule's mean diameter (mean_diameter_mm) under each sample in mm, in the order of the samples; 0 where one misses it.
///
/// The numbers belong to the result and stay valid until it is freed; don't write to them. Any thread. Since version 5 of the
/// interface.
///
/// @param result the result, may be NULL
/// @param nodule index of the nodule, from 0
/// @param count where their number goes, may be NULL; 0 where there are none
/// @return the diameters; NULL where there are none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_sample_mean_diameters(
    result: *const sam2lung_result,
    nodule: usize,
    count: *mut usize,
) -> *const f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { list(result, nodule, count, |nodule| &nodule.sample_mean_diameters_mm) }
}

/// A list of a nodule, and its number of entries into `count`, unless that is NULL.
///
/// # Safety
/// The contract of the C ABI.
unsafe fn list(
    result: *const sam2lung_result,
    nodule: usize,
    count: *mut usize,
    of: fn(&Nodule) -> &Vec<f64>,
) -> *const f64 {
    let found = |result: &sam2lung_result| {
        let list = result.found.nodules.get(nodule).map_or(&[][..], |nodule| of(nodule));
        (list.len(), if list.is_empty() { ptr::null() } else { list.as_ptr() })
    };
    // SAFETY: the contract of the C ABI.
    let (number, first) = unsafe { getter(result, (0, ptr::null()), found) };
    if !count.is_null() {
        // SAFETY: it isn't NULL and has room for a size_t, as the caller says.
        unsafe { count.write_unaligned(number) };
    }
    first
}
