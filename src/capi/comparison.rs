//! What two scans say together.

use std::{
    ffi::{CStr, CString, c_char},
    path::Path,
    ptr,
};

use super::{
    error::sam2lung_error,
    guard::{Call, guard, neutral},
    pointers::{c_text, check_output, getter, input, refuse, release, text},
    status::sam2lung_status,
    structs::{self, Abi},
};
use crate::{
    compare::{
        Comparison, Row, Status,
        growth::Growth,
        scan::{Finding, Scan},
    },
    error::{Error, Result},
    progress::{CancelToken, Stage},
    report::{
        comparison::{self, Compared, ComparisonReport, File, ScanRecord},
        outputs::is_comparison,
        staging::Staging,
    },
};

/// What became of a nodule. Values of sam2lung_comparison_row::change. Later versions may have more.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_change {
    /// In the current scan alone; the prior one was searched there.
    New = 0,
    /// In the prior scan alone; the current one was searched there.
    Gone = 1,
    /// In both: that its volume grew by more than 25 % is more probable than not.
    Grown = 2,
    /// In both: the same with the scans exchanged.
    Shrunk = 3,
    /// In both, neither grown nor shrunk.
    Stable = 4,
    /// In both, but the edge of one scan cuts it off: how it changed isn't known.
    CutOff = 5,
    /// In the current scan, at a place that the prior one doesn't show or that wasn't searched in it.
    NotSearchedBefore = 6,
    /// In the prior scan, at a place that the current one doesn't show or that wasn't searched in it.
    NotSearchedNow = 7,
}

impl From<Status> for sam2lung_change {
    fn from(status: Status) -> Self {
        match status {
            Status::New => sam2lung_change::New,
            Status::Gone => sam2lung_change::Gone,
            Status::Grown => sam2lung_change::Grown,
            Status::Shrunk => sam2lung_change::Shrunk,
            Status::Stable => sam2lung_change::Stable,
            Status::CutOff => sam2lung_change::CutOff,
            Status::NotSearchedBefore => sam2lung_change::NotSearchedBefore,
            Status::NotSearchedNow => sam2lung_change::NotSearchedNow,
        }
    }
}

/// A nodule in one or both scans. Since version 5 of the interface.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_comparison_row {
    /// sizeof(sam2lung_comparison_row), set by the caller.
    pub struct_size: usize,
    /// What became of it, a sam2lung_change.
    pub change: i32,
    /// Its number in the prior scan; 0: a micronodule, or not there (`in_prior`).
    pub prior_id: u32,
    /// Its number in the current scan; 0: a micronodule, or not there (`in_current`).
    pub current_id: u32,
    /// Pairs of samples of which one at least found it; 0 without a pair of nodules.
    pub pairs: u32,
    /// Whether it was found in the prior scan.
    pub in_prior: bool,
    /// Whether it was found in the current scan.
    pub in_current: bool,
    /// Whether the whole interval of the change says what `change` does: it lies on one side of the limit.
    pub samples_agree: bool,
    /// Of what one scan alone has: whether the other one may show it all the same, below the threshold. Then it may be neither new
    /// nor gone.
    pub other_may_show_it: bool,
    /// Where its centre lies in the prior CT, by the registration where it wasn't found there; RAS, mm.
    pub prior_ras: [f64; 3],
    /// The same in the current CT.
    pub current_ras: [f64; 3],
    /// Volume in the prior scan in mm³; NaN: not found there.
    pub prior_volume_mm3: f64,
    /// Volume in the current scan in mm³; NaN: not found there.
    pub current_volume_mm3: f64,
    /// Change of the volume in per cent of the prior one; NaN where it isn't known, as all below.
    pub volume_change_percent: f64,
    /// Lower end of its 90 % interval, from the pairs of samples and from what differs between two CTs of an unchanged nodule.
    pub volume_change_percent_p05: f64,
    /// Upper end.
    pub volume_change_percent_p95: f64,
    /// P(the volume grew by more than 25 %), as the interval.
    pub growth_probability: f64,
    /// P(the volume shrank by more than 20 %, the same with the scans exchanged).
    pub shrinkage_probability: f64,
    /// Growth of the mean diameter, of the axial long and short axis, in mm; NaN where a folder of results doesn't keep it.
    pub diameter_change_mm: f64,
    /// P(the mean diameter grew by more than 1.5 mm).
    pub diameter_growth_probability: f64,
    /// Days in which the volume doubles at that pace; NaN where it didn't grow, or the days between the scans aren't known.
    pub doubling_time_days: f64,
    /// Lower end of its 90 % interval.
    pub doubling_time_days_p05: f64,
    /// Upper end; NaN where the volume may not have grown.
    pub doubling_time_days_p95: f64,
    /// How far the two centres lie apart after registration, mm.
    pub distance_mm: f64,
    /// Of what one scan alone has: the highest mean probability of a nodule in the other one about that place.
    pub probability_in_other: f64,
}

// SAFETY: repr(C), its size first; the bools are listed.
unsafe impl Abi for sam2lung_comparison_row {
    const NAME: &'static str = "sam2lung_comparison_row";
    const FIRST_SIZE: usize = size_of::<Self>();
    const BOOLS: &'static [(&'static str, usize)] = &[
        ("in_prior", std::mem::offset_of!(sam2lung_comparison_row, in_prior)),
        ("in_current", std::mem::offset_of!(sam2lung_comparison_row, in_current)),
        ("samples_agree", std::mem::offset_of!(sam2lung_comparison_row, samples_agree)),
        ("other_may_show_it", std::mem::offset_of!(sam2lung_comparison_row, other_may_show_it)),
    ];
    const DEFAULT: Self = sam2lung_comparison_row {
        struct_size: size_of::<Self>(),
        change: 0,
        prior_id: 0,
        current_id: 0,
        pairs: 0,
        in_prior: false,
        in_current: false,
        samples_agree: false,
        other_may_show_it: false,
        prior_ras: [f64::NAN; 3],
        current_ras: [f64::NAN; 3],
        prior_volume_mm3: f64::NAN,
        current_volume_mm3: f64::NAN,
        volume_change_percent: f64::NAN,
        volume_change_percent_p05: f64::NAN,
        volume_change_percent_p95: f64::NAN,
        growth_probability: f64::NAN,
        shrinkage_probability: f64::NAN,
        diameter_change_mm: f64::NAN,
        diameter_growth_probability: f64::NAN,
        doubling_time_days: f64::NAN,
        doubling_time_days_p05: f64::NAN,
        doubling_time_days_p95: f64::NAN,
        distance_mm: f64::NAN,
        probability_in_other: f64::NAN,
    };
}

impl From<&Row> for sam2lung_comparison_row {
    fn from(row: &Row) -> Self {
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let id = |finding: &Option<Finding>| finding.as_ref().and_then(|finding| finding.id).map_or(0, u32::from);
        let volume = |finding: &Option<Finding>| number(finding.as_ref().map(|finding| finding.volume_mm3));
        let growth = |of: fn(&Growth) -> Option<f64>| number(row.growth.as_ref().and_then(of));
        sam2lung_comparison_row {
            change: sam2lung_change::from(row.status) as i32,
            prior_id: id(&row.prior),
            current_id: id(&row.current),
            pairs: row.growth.as_ref().map_or(0, |growth| growth.pairs as u32),
            in_prior: row.prior.is_some(),
            in_current: row.current.is_some(),
            samples_agree: row.growth.as_ref().is_some_and(|growth| growth.samples_agree),
            other_may_show_it: row.other_may_show_it,
            prior_ras: row.place_in_prior_ras,
            current_ras: row.place_in_current_ras,
            prior_volume_mm3: volume(&row.prior),
            current_volume_mm3: volume(&row.current),
            volume_change_percent: growth(|growth| Some(growth.volume_change_percent)),
            volume_change_percent_p05: growth(|growth| Some(growth.volume_change_percent_interval?.p05)),
            volume_change_percent_p95: growth(|growth| growth.volume_change_percent_interval?.p95),
            growth_probability: growth(|growth| growth.growth_probability),
            shrinkage_probability: growth(|growth| growth.shrinkage_probability),
            diameter_change_mm: growth(|growth| growth.diameter_change_mm),
            diameter_growth_probability: growth(|growth| growth.diameter_growth_probability),
            doubling_time_days: growth(|growth| growth.doubling_time_days),
            doubling_time_days_p05: growth(|growth| Some(growth.doubling_time_days_interval?.p05)),
            doubling_time_days_p95: growth(|growth| growth.doubling_time_days_interval?.p95),
            distance_mm: number(row.distance_mm),
            probability_in_other: number(row.probability_in_other),
            ..Self::DEFAULT
        }
    }
}

/// What two scans say together. Never changes: any thread may read it, several at once. It holds its pictures, and no CT.
pub struct sam2lung_comparison {
    rows: Vec<sam2lung_comparison_row>,
    days: f64,
    surface_mm: f64,
    lung_dice: f64,
    current_to_prior: [f64; 16],
    doubts: Vec<CString>,
    json: CString,
    files: Vec<File>,
}

impl sam2lung_comparison {
    pub(super) fn new(prior: &Scan, current: &Scan, found: Comparison, cancel: &CancelToken) -> Result<Self> {
        let compared = [Compared { prior: ScanRecord::of(prior), comparison: found }];
        let files = comparison::files(ComparisonReport { current, priors: &compared, latest: prior }, cancel)?;
        let json = c_text(&comparison::json(current, &compared));
        let [Compared { comparison: found, .. }] = compared;
        Ok(sam2lung_comparison {
            rows: found.nodules.iter().map(Into::into).collect(),
            days: found.days.unwrap_or(f64::NAN),
            surface_mm: found.registration.surface_mm,
            lung_dice: found.registration.lung_dice,
            current_to_prior: std::array::from_fn(|n| found.current_to_prior[n / 4][n % 4]),
            doubts: found.registration_doubts.iter().map(|doubt| c_text(doubt)).collect(),
            json,
            files,
        })
    }
}

/// The name of what became of a nodule, as in comparison.json, such as not-searched-before.
///
/// Belongs to the library, valid as long as it is loaded. Any thread. Since version 5 of the interface.
///
/// @param change a sam2lung_change
/// @return UTF-8; "" for another number; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_change_name(change: i32) -> *const c_char {
    let name: &'static CStr = neutral(c"", || match change {
        0 => c"new",
        1 => c"gone",
        2 => c"grown",
        3 => c"shrunk",
        4 => c"stable",
        5 => c"cut-off",
        6 => c"not-searched-before",
        7 => c"not-searched-now",
        _ => c"",
    });
    name.as_ptr()
}

/// How many rows a comparison has: a row a nodule, those of the current scan by number, then those of the prior one alone. Since
/// version 5 of the interface.
///
/// Any thread.
///
/// @param comparison the comparison, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_row_count(comparison: *const sam2lung_comparison) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(comparison, 0, |comparison| comparison.rows.len()) }
}

/// A row of a comparison. Since version 5 of the interface.
///
/// Any thread.
///
/// @param comparison the comparison, not NULL
/// @param index from 0, less than sam2lung_comparison_row_count()
/// @param row where it goes, not NULL, with struct_size set; no more than that is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_row_at(
    comparison: *const sam2lung_comparison,
    index: usize,
    row: *mut sam2lung_comparison_row,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(row, "row")?;
        // SAFETY: it isn't NULL.
        let size = unsafe { structs::check_room(row, "row") }?;
        // SAFETY: the contract of the C ABI.
        let rows = &unsafe { input(comparison, "comparison") }?.rows;
        let expected = || format!("less than the {} row(s)", rows.len());
        let numbers = rows.get(index).ok_or_else(|| refuse("index", index.to_string(), expected()))?;
        // SAFETY: it has room for `size` bytes, as the caller says.
        unsafe { structs::write(row, size, numbers) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Days from the prior to the current scan. Since version 5 of the interface.
///
/// Any thread.
///
/// @param comparison the comparison, may be NULL
/// @return the days; NaN where they aren't known, and for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_days(comparison: *const sam2lung_comparison) -> f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(comparison, f64::NAN, |comparison| comparison.days) }
}

/// How well the lungs lie over each other: the mean distance of their surfaces. Since version 5 of the interface.
///
/// Any thread.
///
/// @param comparison the comparison, may be NULL
/// @return mm; NaN for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_surface_mm(comparison: *const sam2lung_comparison) -> f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(comparison, f64::NAN, |comparison| comparison.surface_mm) }
}

/// How well the lungs lie over each other: their Dice. Since version 5 of the interface.
///
/// Any thread.
///
/// @param comparison the comparison, may be NULL
/// @return 0 to 1; NaN for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_lung_dice(comparison: *const sam2lung_comparison) -> f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(comparison, f64::NAN, |comparison| comparison.lung_dice) }
}

/// How many reasons there are why a person should check the matches. Show them beside the rows. Since version 5 of the interface.
///
/// Any thread.
///
/// @param comparison the comparison, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_doubt_count(comparison: *const sam2lung_comparison) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(comparison, 0, |comparison| comparison.doubts.len()) }
}

/// A reason why a person should check the matches, in English. Since version 5 of the interface.
///
/// Belongs to the comparison, valid until it is freed. Any thread.
///
/// @param comparison the comparison, may be NULL
/// @param index from 0, less than sam2lung_comparison_doubt_count()
/// @return UTF-8; "" where there is none and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_doubt(
    comparison: *const sam2lung_comparison,
    index: usize,
) -> *const c_char {
    let of = |comparison: &sam2lung_comparison| comparison.doubts.get(index).map_or(c"".as_ptr(), |text| text.as_ptr());
    // SAFETY: the contract of the C ABI.
    unsafe { getter(comparison, c"".as_ptr(), of) }
}

/// Where a point of the current CT lies in the prior one: a row-major 4 x 4 matrix, RAS millimetres to RAS millimetres. Since
/// version 5 of the interface.
///
/// Any thread.
///
/// @param comparison the comparison, not NULL
/// @param matrix where its 16 numbers go, not NULL
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_current_to_prior(
    comparison: *const sam2lung_comparison,
    matrix: *mut f64,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(matrix, "matrix")?;
        // SAFETY: the contract of the C ABI.
        let numbers = &unsafe { input(comparison, "comparison") }?.current_to_prior;
        // SAFETY: it has room for 16 numbers, as the caller says, and is none of this library's.
        unsafe { ptr::copy_nonoverlapping(numbers.as_ptr(), matrix, numbers.len()) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// The comparison as the text of comparison.json that the command line writes. Since version 5 of the interface.
///
/// Belongs to the comparison, valid until it is freed. Any thread.
///
/// @param comparison the comparison, may be NULL
/// @return UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_json(comparison: *const sam2lung_comparison) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(comparison, c"".as_ptr(), |comparison| comparison.json.as_ptr()) }
}

/// Writes page, text, tables and pictures of a comparison into a folder, as the command line does. The folder is there whole or not
/// at all; an earlier comparison there is replaced, and a folder that holds anything else is refused (E_WRITE). Since version 5 of
/// the interface.
///
/// Any thread, several at once.
///
/// @param comparison the comparison, not NULL
/// @param folder where it goes, UTF-8, not NULL; folders above it are made
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_write(
    comparison: *const sam2lung_comparison,
    folder: *const c_char,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        // SAFETY: the contract of the C ABI.
        let (found, folder) = unsafe { (input(comparison, "comparison")?, Path::new(text(folder, "folder")?)) };
        call.enter(Stage::Write);
        let target = std::path::absolute(folder).map_err(|e| Error::write(folder, e))?;
        let staging = Staging::create(&target, is_comparison)?;
        comparison::write(staging.path(), &found.files)?;
        staging.finish()
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Frees a comparison and all its texts.
///
/// Any thread; not while another one reads it.
///
/// @param comparison the comparison, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_comparison_free(comparison: *mut sam2lung_comparison) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(comparison) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sam2lung_change_name_is_the_name_in_files_of_every_status() {
        let all = [
            Status::New,
            Status::Gone,
            Status::Grown,
            Status::Shrunk,
            Status::Stable,
            Status::CutOff,
            Status::NotSearchedBefore,
            Status::NotSearchedNow,
        ];
        for (number, status) in all.into_iter().enumerate() {
            assert_eq!(sam2lung_change::from(status) as usize, number);
            // SAFETY: the function returns a static string that ends with NUL.
            let name = unsafe { CStr::from_ptr(sam2lung_change_name(number as i32)) };
            assert_eq!(name.to_str().unwrap(), status.name());
        }
    }
}
