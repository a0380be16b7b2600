//! Comparing two scans of one patient: results and their CTs in, a comparison out.

use std::{
    ffi::{c_char, c_void},
    path::Path,
    ptr,
    time::Duration,
};

use super::{
    cancel::{sam2lung_cancel, token_of},
    comparison::sam2lung_comparison,
    error::sam2lung_error,
    guard::{Call, guard},
    image::sam2lung_image,
    options::{init, read_or_default},
    pointers::{check_output, hand_over, input, optional_text, refuse, text},
    progress::{sam2lung_progress_fn, sink},
    report::{Ct, unknown},
    result::sam2lung_result,
    status::sam2lung_status,
    structs::Abi,
    volume::sam2lung_volume,
};
use crate::{
    compare::{
        self,
        kept::Kept,
        scan::{About, MadeBy, Scan, check_model, searched_everywhere},
    },
    error::Result,
    findings::result::Segmentation,
    memory,
    progress::{Monitor, Stage},
    report::manifest::voxels_sha256,
    space::volume::Volume,
};

/// What a comparison consists of.
const STAGES: &[Stage] = &[Stage::Read, Stage::Lungs, Stage::Register];

/// Options of sam2lung_compare(); sam2lung_compare_options_init() fills in the defaults. What it points to is only used during the
/// call. Since version 5 of the interface.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_compare_options {
    /// sizeof(sam2lung_compare_options); sam2lung_compare_options_init() sets it.
    pub struct_size: usize,
    /// Days from the prior to the current scan, above 0; 0: by the study dates of the images, else unknown. Without it there is no
    /// doubling time.
    pub days: f64,
    /// The image that the prior CT was read into, may be NULL: then its study date and patient ID count, and `prior_volume` may be
    /// NULL. The ID is compared and never written.
    pub prior_image: *const sam2lung_image,
    /// The same of the current CT.
    pub current_image: *const sam2lung_image,
    /// What the files call the prior scan, UTF-8; NULL: prior.
    pub prior_name: *const c_char,
    /// What the files call the current scan, UTF-8; NULL: current.
    pub current_name: *const c_char,
    /// Is told how far the call is; may be NULL.
    pub progress: sam2lung_progress_fn,
    /// Handed to `progress`.
    pub progress_data: *mut c_void,
    /// Cancels the call from any thread, may be NULL.
    pub cancel: *const sam2lung_cancel,
}

// SAFETY: repr(C), its size first, no bool; a function pointer that may be NULL has no invalid bits.
unsafe impl Abi for sam2lung_compare_options {
    const NAME: &'static str = "sam2lung_compare_options";
    const FIRST_SIZE: usize = size_of::<Self>();
    const BOOLS: &'static [(&'static str, usize)] = &[];
    const DEFAULT: Self = sam2lung_compare_options {
        struct_size: size_of::<Self>(),
        days: 0.0,
        prior_image: ptr::null(),
        current_image: ptr::null(),
        prior_name: ptr::null(),
        current_name: ptr::null(),
        progress: None,
        progress_data: ptr::null_mut(),
        cancel: ptr::null(),
    };
}

/// Sets every field to its default and struct_size to the size given. Since version 5 of the interface.
///
/// Any thread.
///
/// @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
/// @param struct_size sizeof(sam2lung_compare_options) as the caller's compiler knows it; no more is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_compare_options_init(
    options: *mut sam2lung_compare_options,
    struct_size: usize,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { init(options, struct_size, error) }
}

/// Compares two scans of one patient, as `sam2lung compare` of the command line does: the lungs are laid over each other, nodules
/// are matched one to one, and each is new, gone, grown, shrunk, stable, or of unknown change. Since version 5 of the interface.
///
/// Both results have to be made in one way: the same bundle of one channel and of instances, seed, number of samples and threshold,
/// else E_NOT_PAIRED names what differs; searched in the lungs or everywhere, not in a mask. The prior one may be read from a folder
/// of the command line (sam2lung_result_read()). E_REGISTRATION: the lungs don't lie over each other, as those of two patients.
/// Nothing is said of what a change means for the patient.
///
/// Any thread, several at once.
///
/// @param prior the earlier result, not NULL; not changed, and not used after the call
/// @param prior_volume the CT that it was made from, voxel for voxel; NULL with sam2lung_compare_options::prior_image
/// @param current the later result, not NULL; as `prior`
/// @param current_volume the CT that it was made from; NULL with sam2lung_compare_options::current_image
/// @param options options, borrowed for the call; NULL: the defaults
/// @param comparison where the comparison goes, not NULL; belongs to the caller, who frees it with sam2lung_comparison_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_compare(
    prior: *const sam2lung_result,
    prior_volume: *const sam2lung_volume,
    current: *const sam2lung_result,
    current_volume: *const sam2lung_volume,
    options: *const sam2lung_compare_options,
    comparison: *mut *mut sam2lung_comparison,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        check_output(comparison, "comparison")?;
        // SAFETY: the contract of the C ABI.
        let given = unsafe { read_or_default(options) }?;
        let days = days(given.days)?;
        // SAFETY: the contract of the C ABI.
        let (before, now) = unsafe {
            let name = optional_text(given.prior_name, "options->prior_name")?.unwrap_or("prior");
            let before = Given::of(["prior", "prior_volume"], prior, prior_volume, given.prior_image, name)?;
            let name = optional_text(given.current_name, "options->current_name")?.unwrap_or("current");
            let now = Given::of(["current", "current_volume"], current, current_volume, given.current_image, name)?;
            (before, now)
        };
        // SAFETY: the contract of the C ABI.
        let token = unsafe { token_of(given.cancel) };
        // SAFETY: the contract of the C ABI.
        let mut report = unsafe { sink(call, given.progress, given.progress_data, token.clone()) };
        let mut monitor = Monitor::new(token, &mut report).over(STAGES);
        // What can't be paired is refused before the long part.
        now.made_by()?.check_prior(&before.made_by()?)?;
        let (before, now) = (before.scan(&mut monitor)?, now.scan(&mut monitor)?);
        let days = compare::days_apart(days, &before, &now)?;
        let found = compare::compare(&before, &now, days, &mut monitor)?;
        let made = sam2lung_comparison::new(&before, &now, found, monitor.cancel_token())?;
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(comparison, made) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// `None` for 0.
fn days(given: f64) -> Result<Option<f64>> {
    if given.is_finite() && given >= 0.0 {
        return Ok((given > 0.0).then_some(given));
    }
    Err(refuse("options->days", given.to_string(), "days above 0, or 0: not known"))
}

/// One scan as it comes in.
struct Given<'a> {
    result: &'a sam2lung_result,
    ct: Ct<'a>,
    /// What the volume's parameter is called.
    volume: &'static str,
    image: Option<&'a sam2lung_image>,
    name: &'a str,
}

impl<'a> Given<'a> {
    /// # Safety
    /// The contract of the C ABI.
    unsafe fn of(
        [argument, volume_argument]: [&'static str; 2],
        result: *const sam2lung_result,
        volume: *const sam2lung_volume,
        image: *const sam2lung_image,
        name: &'a str,
    ) -> Result<Self> {
        // SAFETY: as this function's own.
        let (result, image) = unsafe { (input(result, argument)?, image.as_ref()) };
        // SAFETY: as this function's own.
        let ct = unsafe { Ct::of(volume, volume_argument, image) }?;
        Ok(Given { result, ct, volume: volume_argument, image, name })
    }

    /// By what it was made.
    fn made_by(&self) -> Result<MadeBy> {
        if let Some(kept) = &self.result.kept {
            return Ok(kept.made_by.clone());
        }
        let made = self.result.made.as_ref().ok_or_else(unknown)?;
        check_model(&made.bundle)?;
        Ok(MadeBy::of(&made.bundle, made.options.seed, &self.result.found))
    }

    fn scan(&self, monitor: &mut Monitor<'_>) -> Result<Scan> {
        let ct = self.ct.read(monitor)?;
        let hash = voxels_sha256(&ct.voxels, monitor.cancel_token())?;
        let series = self.image.and_then(|image| image.read.as_ref()?.dicom.as_ref());
        let about = About::of(self.name.to_owned(), series, self.made_by()?);
        let found = &self.result.found;
        if let Some(kept) = &self.result.kept {
            kept.check_ct(Path::new(self.volume), &hash)?;
            let maps = found.native();
            let labels = memory::copied(maps.labels.voxels, "a copy of the labels")?;
            let probability = memory::copied(maps.probability.voxels, "a copy of the probability")?;
            return Scan::of_kept(about, (ct, labels, probability), kept.clone(), monitor);
        }
        let made = self.result.made.as_ref().ok_or_else(unknown)?;
        made.check_ct(self.volume, &hash)?;
        let everywhere = searched_everywhere(&made.lung_mask, self.volume)?;
        Scan::of_run(about, found.with_ct(ct, monitor.cancel_token())?, everywhere, monitor)
    }
}

/// Reads a folder of results of the command line, or of sam2lung_result_write_report(), with which its scan can be compared. Since
/// version 5 of the interface.
///
/// It is a result as sam2lung_result_from_maps() makes it: labels and probability, and nodules with number, place and volume. What
/// a comparison wants to know of nodules and samples besides comes from the folder. An edited label map is refused.
///
/// Any thread.
///
/// @param folder the folder, UTF-8, not NULL; it holds its volumes, and not the CT
/// @param volume the CT that was segmented, voxel for voxel (another one is refused), not NULL; borrowed for the call
/// @param cancel cancels the call from any thread, may be NULL
/// @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_read(
    folder: *const c_char,
    volume: *const sam2lung_volume,
    cancel: *const sam2lung_cancel,
    result: *mut *mut sam2lung_result,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        check_output(result, "result")?;
        // SAFETY: the contract of the C ABI.
        let (folder, ct) = unsafe { (Path::new(text(folder, "folder")?), Ct::of(volume, "volume", None)?) };
        // SAFETY: the contract of the C ABI.
        let token = unsafe { token_of(cancel) };
        // SAFETY: there is no callback.
        let mut report = unsafe { sink(call, None, ptr::null_mut(), token.clone()) };
        let mut monitor = Monitor::new(token, &mut report);
        let kept = Kept::read(folder)?;
        let Volume { grid, voxels } = ct.read(&mut monitor)?;
        kept.check_ct(Path::new("volume"), &voxels_sha256(&voxels, monitor.cancel_token())?)?;
        drop(voxels);
        let (labels, probability) = kept.maps(folder, &grid, &mut monitor)?;
        let labels = Volume::new(grid, labels);
        let found = Segmentation::from_maps(labels, Some(probability), None, monitor.cancel_token())?;
        let mut made = sam2lung_result::new(found, None, Duration::ZERO, false);
        made.kept = Some(kept);
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(result, made) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}
