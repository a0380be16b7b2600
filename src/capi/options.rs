//! Options of an engine and of a run: C structs on their way to [`Options`].

use std::{
    ffi::{CString, c_char, c_void},
    mem::offset_of,
    ptr,
    sync::LazyLock,
};

use super::{
    cancel::sam2lung_cancel,
    error::sam2lung_error,
    guard::guard,
    pointers::{c_text, check_output, refuse},
    progress::sam2lung_progress_fn,
    status::sam2lung_status,
    structs::{self, Abi},
    volume::sam2lung_volume,
};
use crate::{
    contract::uncertainty::Uncertainty,
    error::Result,
    limits,
    pipeline::options::{Options, Search},
    runtime::device::Device,
};

/// Where the networks run. Values of sam2lung_engine_options::device.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_device {
    /// CUDA where it works, else the CPU; the engine says why.
    Auto = 0,
    /// The CPU.
    Cpu = 1,
    /// CUDA, or an error that says what is missing.
    Cuda = 2,
}

/// Kinds of uncertainty. Values of sam2lung_run_options::uncertainty.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_uncertainty {
    /// The bundle's choice.
    Bundle = 0,
    /// Entropy of the mean probability in bits, 0 to 1: all uncertainty.
    Entropy = 1,
    /// Variance of the probability over the samples, 0 to 0.25.
    Variance = 2,
    /// Entropy of the mean less the mean entropy in bits, 0 to 1: of the network, not of the image.
    MutualInformation = 3,
}

/// Where nodules are searched. Values of sam2lung_run_options::search.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_search {
    /// In the lungs, found from the HU.
    Lungs = 0,
    /// In the whole volume.
    Everywhere = 1,
    /// Where sam2lung_run_options::mask is above 0.5.
    Mask = 2,
}

/// Options of an engine; sam2lung_engine_options_init() fills in the defaults.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_engine_options {
    /// sizeof(sam2lung_engine_options); sam2lung_engine_options_init() sets it.
    pub struct_size: usize,
    /// A sam2lung_device.
    pub device: i32,
    /// CPU threads that work at the same time, up to SAM2LUNG_MAX_THREADS; 0: as many as the machine has.
    pub threads: u32,
    /// Is told how far sam2lung_engine_create() is (SAM2LUNG_STAGE_LOAD), may be NULL. Since version 3 of the interface.
    pub progress: sam2lung_progress_fn,
    /// Handed to `progress`.
    pub progress_data: *mut c_void,
    /// Cancels sam2lung_engine_create() from any thread; may be NULL. It isn't used afterwards.
    pub cancel: *const sam2lung_cancel,
    /// Give free memory of the whole process back to the system after each run of this engine, and when a result of it is
    /// freed. The C library keeps some of it for later, some 70 MiB after a run; giving it back takes up to seconds in a
    /// process with a large heap. Only with glibc; elsewhere nothing happens.
    pub give_back_memory: bool,
}

/// Options of a run; sam2lung_run_options_init() fills in the defaults. What it points to is only used during the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_run_options {
    /// sizeof(sam2lung_run_options); sam2lung_run_options_init() sets it.
    pub struct_size: usize,
    /// Samples, up to SAM2LUNG_MAX_SAMPLES; 0: the bundle's number.
    pub samples: u32,
    /// Which uncertainty SAM2LUNG_MAP_UNCERTAINTY shows, a sam2lung_uncertainty.
    pub uncertainty: i32,
    /// Seed of what is random (dropout, noise): the same seed gives the same bits.
    pub seed: u64,
    /// Mean probability above which a voxel belongs to a nodule, above 0 and below 1; 0: the bundle's.
    pub threshold: f64,
    /// Share of nodules that the classifier is to keep, up to 1, by the bundle's operating points; 0: its usual threshold.
    pub sensitivity: f64,
    /// Where to search, a sam2lung_search.
    pub search: i32,
    /// Samples decoded in one call at most; any number gives the same bits. 0: the library's choice.
    pub batch: u32,
    /// With SAM2LUNG_SEARCH_MASK the mask, above 0.5 inside, on the CT's grid; else NULL. Borrowed for the call.
    pub mask: *const sam2lung_volume,
    /// Keep the uncertainty of every kind as well: 12 bytes a voxel more.
    pub all_uncertainties: bool,
    /// Is told how far the run is; may be NULL.
    pub progress: sam2lung_progress_fn,
    /// Handed to `progress`.
    pub progress_data: *mut c_void,
    /// Cancels the run from any thread; may be NULL.
    pub cancel: *const sam2lung_cancel,
    /// Findings of a smaller equivalent diameter, in mm, are listed apart (sam2lung_result_micronodule()), unless they were
    /// clicked on; up to 100. 0: none is. sam2lung_run_options_init() sets 4. Not for models whose output is regions. Since
    /// version 5 of the interface.
    pub min_diameter_mm: f64,
    /// Share of the slices that the fine network of a hybrid sees, up to 1; 0: the bundle's; below 0: none, its coarse network
    /// alone answers. Other than 0 only for models that outline with a hybrid. Since version 5 of the interface.
    pub share_of_slices: f64,
}

// SAFETY: repr(C), its size first; the only bool is listed; a function pointer that may be NULL has no invalid bits.
unsafe impl Abi for sam2lung_engine_options {
    const NAME: &'static str = "sam2lung_engine_options";
    // Versions 1 and 2 of the interface ended behind `threads`.
    const FIRST_SIZE: usize = offset_of!(sam2lung_engine_options, progress);
    const BOOLS: &'static [(&'static str, usize)] =
        &[("give_back_memory", offset_of!(sam2lung_engine_options, give_back_memory))];
    const DEFAULT: Self = sam2lung_engine_options {
        struct_size: size_of::<Self>(),
        device: 0,
        threads: 0,
        progress: None,
        progress_data: ptr::null_mut(),
        cancel: ptr::null(),
        give_back_memory: false,
    };
}

// SAFETY: repr(C), its size first; the only bool is listed; a function pointer that may be NULL has no invalid bits.
unsafe impl Abi for sam2lung_run_options {
    const NAME: &'static str = "sam2lung_run_options";
    // Versions 1 to 4 of the interface ended behind `cancel`.
    const FIRST_SIZE: usize = offset_of!(sam2lung_run_options, min_diameter_mm);
    const BOOLS: &'static [(&'static str, usize)] =
        &[("all_uncertainties", offset_of!(sam2lung_run_options, all_uncertainties))];
    const DEFAULT: Self = sam2lung_run_options {
        struct_size: size_of::<Self>(),
        samples: 0,
        uncertainty: 0,
        seed: 0,
        threshold: 0.0,
        sensitivity: 0.0,
        search: 0,
        batch: 0,
        mask: ptr::null(),
        all_uncertainties: false,
        progress: None,
        progress_data: ptr::null_mut(),
        cancel: ptr::null(),
        min_diameter_mm: limits::USUAL_MIN_DIAMETER_MM,
        share_of_slices: 0.0,
    };
}

/// A device as C numbers it.
pub(crate) fn c_device(device: Device) -> sam2lung_device {
    match device {
        Device::Auto => sam2lung_device::Auto,
        Device::Cpu => sam2lung_device::Cpu,
        Device::Cuda => sam2lung_device::Cuda,
    }
}

/// A kind of uncertainty as C numbers it.
pub(super) fn c_uncertainty(kind: Uncertainty) -> sam2lung_uncertainty {
    match kind {
        Uncertainty::Entropy => sam2lung_uncertainty::Entropy,
        Uncertainty::Variance => sam2lung_uncertainty::Variance,
        Uncertainty::MutualInformation => sam2lung_uncertainty::MutualInformation,
    }
}

/// Names of the values of sam2lung_uncertainty.
static UNCERTAINTY_NAMES: LazyLock<Vec<(i32, CString)>> = LazyLock::new(|| {
    let kinds = Uncertainty::ALL.iter().map(|kind| (c_uncertainty(*kind) as i32, c_text(kind.name())));
    kinds.chain([(sam2lung_uncertainty::Bundle as i32, c"bundle".to_owned())]).collect()
});

/// The name of a kind of uncertainty, as on the command line, such as mutual-information.
///
/// Belongs to the library, valid as long as it is loaded. Any thread. Since version 4 of the interface.
///
/// @param uncertainty a sam2lung_uncertainty
/// @return UTF-8; "" for another number; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_uncertainty_name(uncertainty: i32) -> *const c_char {
    let name = UNCERTAINTY_NAMES.iter().find(|(number, _)| *number == uncertainty);
    name.map_or(c"".as_ptr(), |(_, name)| name.as_ptr())
}

/// Samples that a run may draw at most. Since version 4 of the interface.
pub const SAM2LUNG_MAX_SAMPLES: u32 = 10_000;
/// CPU threads that an engine may be given at most. Since version 4 of the interface.
pub const SAM2LUNG_MAX_THREADS: u32 = 1024;
/// Clicks inside, and clicks outside, of one call at most. Since version 4 of the interface.
pub const SAM2LUNG_MAX_CLICKS: u32 = 10_000;
/// Largest sam2lung_run_options::min_diameter_mm. Since version 5 of the interface.
pub const SAM2LUNG_MAX_MIN_DIAMETER_MM: u32 = 100;

// cbindgen reads numbers only; these are the library's.
const _: () = assert!(SAM2LUNG_MAX_SAMPLES as usize == limits::MAX_SAMPLES);
const _: () = assert!(SAM2LUNG_MAX_THREADS as usize == limits::MAX_THREADS);
const _: () = assert!(SAM2LUNG_MAX_CLICKS as usize == limits::MAX_CLICKS);
const _: () = assert!(SAM2LUNG_MAX_MIN_DIAMETER_MM as f64 == limits::MAX_MIN_DIAMETER_MM);

/// Fills a struct with its defaults.
pub(super) unsafe fn init<T: Abi>(options: *mut T, size: usize, error: *mut *mut sam2lung_error) -> sam2lung_status {
    let work = || -> Result<()> {
        check_output(options, "options")?;
        structs::check_size::<T>(size, "struct_size")?;
        // SAFETY: it isn't NULL and has `size` bytes, as the caller says.
        unsafe { structs::write(options, size, &T::DEFAULT) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |_| work()) }
}

/// Sets every field to its default and struct_size to the size given.
///
/// Any thread.
///
/// @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
/// @param struct_size sizeof(sam2lung_engine_options) as the caller's compiler knows it; no more is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_options_init(
    options: *mut sam2lung_engine_options,
    struct_size: usize,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { init(options, struct_size, error) }
}

/// Sets every field to its default and struct_size to the size given.
///
/// Any thread.
///
/// @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
/// @param struct_size sizeof(sam2lung_run_options) as the caller's compiler knows it; no more is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_run_options_init(
    options: *mut sam2lung_run_options,
    struct_size: usize,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { init(options, struct_size, error) }
}

/// The caller's struct, or the defaults where there is none.
///
/// # Safety
/// `options` is NULL or points to as many bytes as its first field says.
pub(super) unsafe fn read_or_default<T: Abi>(options: *const T) -> Result<T> {
    if options.is_null() {
        return Ok(T::DEFAULT);
    }
    // SAFETY: as this function's own.
    unsafe { structs::read(options, "options") }
}

impl sam2lung_engine_options {
    /// Device, and threads unless they are the machine's.
    pub(crate) fn device_and_threads(&self) -> Result<(Device, Option<usize>)> {
        let device = Device::ALL.iter().copied().find(|device| c_device(*device) as i32 == self.device);
        let device =
            device.ok_or_else(|| refuse("options->device", self.device.to_string(), "a sam2lung_device, 0 to 2"))?;
        Ok((device, (self.threads != 0).then_some(self.threads as usize)))
    }
}

impl sam2lung_run_options {
    /// The options without the mask and the clicks, which need a CT.
    pub(crate) fn into_options(self) -> Result<Options> {
        let unless_zero = |value: f64| (value != 0.0).then_some(value);
        let is_bundles = self.uncertainty == sam2lung_uncertainty::Bundle as i32;
        let uncertainty = Uncertainty::ALL.iter().copied().find(|kind| c_uncertainty(*kind) as i32 == self.uncertainty);
        if uncertainty.is_none() && !is_bundles {
            let expected = "a sam2lung_uncertainty, 0 to 3";
            return Err(refuse("options->uncertainty", self.uncertainty.to_string(), expected));
        }
        let search = match self.search {
            0 | 2 => Search::Lungs,
            1 => Search::Everywhere,
            other => return Err(refuse("options->search", other.to_string(), "a sam2lung_search, 0 to 2")),
        };
        let wants_mask = self.search == sam2lung_search::Mask as i32;
        if wants_mask == self.mask.is_null() {
            let (got, expected) = if wants_mask {
                ("NULL", "a volume, since search is SAM2LUNG_SEARCH_MASK")
            } else {
                ("a volume", "NULL, since search is not SAM2LUNG_SEARCH_MASK")
            };
            return Err(refuse("options->mask", got, expected));
        }
        let options = Options {
            samples: (self.samples != 0).then_some(self.samples as usize),
            seed: self.seed,
            threshold: unless_zero(self.threshold),
            sensitivity: unless_zero(self.sensitivity),
            min_diameter_mm: self.min_diameter_mm,
            // Not a number stays, and is refused.
            share_of_slices: unless_zero(self.share_of_slices).map(|share| if share < 0.0 { 0.0 } else { share }),
            uncertainty,
            all_uncertainties: self.all_uncertainties,
            search,
            ..Options::default()
        };
        let options = if self.batch == 0 { options } else { Options { batch: self.batch as usize, ..options } };
        options.check().map(|()| options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_each_value_of_the_enums_are_the_librarys_and_others_are_refused() {
        for device in Device::ALL {
            let options = sam2lung_engine_options { device: c_device(*device) as i32, ..Abi::DEFAULT };
            assert_eq!(options.device_and_threads().unwrap().0, *device);
        }
        for kind in Uncertainty::ALL {
            let options = sam2lung_run_options { uncertainty: c_uncertainty(*kind) as i32, ..Abi::DEFAULT };
            assert_eq!(options.into_options().unwrap().uncertainty, Some(*kind));
        }
        assert_eq!(sam2lung_run_options::DEFAULT.into_options().unwrap().uncertainty, None);
        let share = |share_of_slices: f64| {
            sam2lung_run_options { share_of_slices, ..Abi::DEFAULT }
                .into_options()
                .map(|options| options.share_of_slices)
        };
        assert_eq!([0.0, -1.0, 0.3].map(|given| share(given).unwrap()), [None, Some(0.0), Some(0.3)]);
        assert!([1.5, f64::NAN].into_iter().all(|given| share(given).is_err()));
        for number in [-1, 4] {
            let run = sam2lung_run_options { uncertainty: number, ..Abi::DEFAULT };
            assert_eq!(run.into_options().unwrap_err().name(), "E_ARGUMENT");
            let engine = sam2lung_engine_options { device: number, ..Abi::DEFAULT };
            assert_eq!(engine.device_and_threads().unwrap_err().name(), "E_ARGUMENT");
        }
    }
}
