//! A result's folder of files: pages, pictures, tables, volumes and DICOM objects.

use std::{
    ffi::{c_char, c_void},
    path::Path,
    ptr,
};

use super::{
    cancel::{sam2lung_cancel, token_of},
    error::sam2lung_error,
    guard::{Call, guard},
    image::{ReadFacts, sam2lung_image},
    options::{init, read_or_default},
    pointers::{input, optional_text, refuse, text},
    progress::{sam2lung_progress_fn, sink},
    result::sam2lung_result,
    status::sam2lung_status,
    structs::{self, Abi},
    volume::sam2lung_volume,
    voxels::View,
};
use crate::{
    contract::signature::Signature,
    error::{Error, Result},
    findings::{
        reading::{Decision, Reading, Readings},
        result::Segmentation,
    },
    io::{self, Source, SurfaceFormat, VolumeFormat},
    memory,
    progress::{Monitor, Stage},
    report::{
        dicom,
        folder::{Asked, Files, HowMade, Origin, ResultFolder},
        manifest::voxels_sha256,
        outputs::is_result,
        staging::Staging,
        volumes::check_samples,
    },
    space::{grid::Grid, volume::Volume},
    warning::Warning,
};

/// Formats of the volumes in a folder of results. Values of sam2lung_report_options::volume_format.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_volume_format {
    /// NIfTI, compressed: .nii.gz.
    NiiGz = 0,
    /// .nrrd.
    Nrrd = 1,
    /// VTK XML image data: .vti.
    Vti = 2,
    /// No volume is written: the program has them already. Such a folder can't be compared with another one later.
    None = 3,
}

/// Formats of the nodules' surfaces in a folder of results. Values of sam2lung_report_options::surface_format. Since version 5 of the
/// interface.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_surface_format {
    /// No surface is written.
    None = 0,
    /// VTK XML PolyData: .vtp.
    Vtp = 1,
    /// VTK legacy PolyData: .vtk.
    Vtk = 2,
}

/// What a reader says of a nodule. Values of sam2lung_reading::decision.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_decision {
    /// Nothing yet.
    Undecided = 0,
    /// It is one.
    Accepted = 1,
    /// It is none, or it doesn't count.
    Rejected = 2,
}

/// A reader's decision and comment on a nodule. Since version 5 of the interface.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_reading {
    /// sizeof(sam2lung_reading), the same in all of an array.
    pub struct_size: usize,
    /// The nodule's number in the label map (sam2lung_nodule::id).
    pub nodule: u32,
    /// A sam2lung_decision.
    pub decision: i32,
    /// What the reader wrote, UTF-8, may be NULL.
    pub comment: *const c_char,
    /// Who decided or wrote last, UTF-8, may be NULL.
    pub reader: *const c_char,
}

/// Options of sam2lung_result_write_report(); sam2lung_report_options_init() fills in the defaults. What it points to is only used
/// during the call. Since version 5 of the interface.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_report_options {
    /// sizeof(sam2lung_report_options); sam2lung_report_options_init() sets it.
    pub struct_size: usize,
    /// The image that the CT was read into (sam2lung_image_read_ct()), may be NULL: then its warnings, its DICOM series or the
    /// geometry of its NIfTI header go into the files, and `volume` may be NULL.
    pub image: *const sam2lung_image,
    /// Where the CT's DICOM series lies, for programs that hold the voxels already: a folder with one CT series, or one of the
    /// series' files, UTF-8; may be NULL, and is with `image`. It is read and compared with the CT: another one is refused.
    pub dicom_source: *const c_char,
    /// Write DICOM objects (SEG, SR, secondary capture) as well. Needs an `image` of a DICOM folder, or `dicom_source`.
    pub dicom: bool,
    /// Format of label map, probability and uncertainty, a sam2lung_volume_format.
    pub volume_format: i32,
    /// What a reader says of nodules, in any order; the others are undecided. May be NULL: nobody read the result. All pages and
    /// tables say it. What was rejected is told by name, and is no finding of the DICOM objects.
    pub readings: *const sam2lung_reading,
    /// How many that are.
    pub reading_count: usize,
    /// Is told how far the call is; may be NULL.
    pub progress: sam2lung_progress_fn,
    /// Handed to `progress`.
    pub progress_data: *mut c_void,
    /// Cancels the call from any thread, may be NULL.
    pub cancel: *const sam2lung_cancel,
    /// Write the nodules' closed surfaces as well, a sam2lung_surface_format.
    pub surface_format: i32,
    /// Write as well which sample calls which voxel a nodule: bit s of a voxel is sample s, for 64 samples at most. Needs a format of
    /// volumes. A result keeps that of voxels near nodules alone, and elsewhere no bit is set: the command line, which writes right
    /// behind the run, has it of all voxels.
    pub sample_outlines: bool,
}

// SAFETY: repr(C), its size first, no bool; any pointer is valid until it is followed.
unsafe impl Abi for sam2lung_reading {
    const NAME: &'static str = "sam2lung_reading";
    const FIRST_SIZE: usize = size_of::<Self>();
    const BOOLS: &'static [(&'static str, usize)] = &[];
    const DEFAULT: Self = sam2lung_reading {
        struct_size: size_of::<Self>(),
        nodule: 0,
        decision: 0,
        comment: ptr::null(),
        reader: ptr::null(),
    };
}

// SAFETY: repr(C), its size first; the bools are listed; a function pointer that may be NULL has no invalid bits.
unsafe impl Abi for sam2lung_report_options {
    const NAME: &'static str = "sam2lung_report_options";
    const FIRST_SIZE: usize = size_of::<Self>();
    const BOOLS: &'static [(&'static str, usize)] = &[
        ("dicom", std::mem::offset_of!(sam2lung_report_options, dicom)),
        ("sample_outlines", std::mem::offset_of!(sam2lung_report_options, sample_outlines)),
    ];
    const DEFAULT: Self = sam2lung_report_options {
        struct_size: size_of::<Self>(),
        image: ptr::null(),
        dicom_source: ptr::null(),
        dicom: false,
        volume_format: 0,
        readings: ptr::null(),
        reading_count: 0,
        progress: None,
        progress_data: ptr::null_mut(),
        cancel: ptr::null(),
        surface_format: 0,
        sample_outlines: false,
    };
}

/// Sets every field to its default and struct_size to the size given. Since version 5 of the interface.
///
/// Any thread.
///
/// @param options the struct, not NULL; belongs to the caller, nothing in it has to be freed
/// @param struct_size sizeof(sam2lung_report_options) as the caller's compiler knows it; no more is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_report_options_init(
    options: *mut sam2lung_report_options,
    struct_size: usize,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { init(options, struct_size, error) }
}

/// Writes a result into a folder, as `sam2lung segment` of the command line does: report.html to begin with, findings.txt,
/// overview.png, nodules.json, nodules.csv, run.json, the volumes, and surfaces, sample outlines and DICOM objects where they are
/// asked for. README.md lists the files. Nothing leaves the machine. Since version 5 of the interface.
///
/// The folder is there whole or not at all: what is written is gathered beside it and takes its place at the end. An earlier
/// result there is replaced; a folder that holds anything else is refused (E_WRITE). Its name is what the pages call the CT.
///
/// DICOM objects have patient, study and frame of reference of the CT's series. What a reader rejected is no segment and no
/// measurement group.
///
/// The result has to be one of a run: of maps that were kept (sam2lung_result_from_maps()), and of a click by another bundle or
/// seed than the run's, nobody knows how they were made. It is not changed.
///
/// Any thread, several at once.
///
/// @param result the result, not NULL
/// @param volume the CT that it was made from, voxel for voxel (another one is refused); of several channels the first in HU. May
///        be NULL with sam2lung_report_options::image; borrowed for the call
/// @param options what is written, borrowed for the call; NULL: the defaults
/// @param folder where it goes, UTF-8, not NULL; folders above it are made
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_write_report(
    result: *const sam2lung_result,
    volume: *const sam2lung_volume,
    options: *const sam2lung_report_options,
    folder: *const c_char,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        // SAFETY: the contract of the C ABI.
        let (result, folder) = unsafe { (input(result, "result")?, Path::new(text(folder, "folder")?)) };
        // SAFETY: the contract of the C ABI.
        let wanted = unsafe { Wanted::of(&read_or_default(options)?, volume) }?;
        // SAFETY: the contract of the C ABI.
        let given = unsafe { read_or_default(options) }?;
        // SAFETY: the contract of the C ABI.
        let token = unsafe { token_of(given.cancel) };
        // SAFETY: the contract of the C ABI.
        let mut report = unsafe { sink(call, given.progress, given.progress_data, token.clone()) };
        let mut monitor = Monitor::new(token, &mut report).over(&[Stage::Read, Stage::Write]);
        wanted.write(result, folder, &mut monitor)
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// What the caller wants, looked at.
struct Wanted<'a> {
    ct: Ct<'a>,
    image: Option<&'a sam2lung_image>,
    dicom_source: Option<&'a Path>,
    files: Files,
    readings: Vec<Reading>,
}

/// Where the CT's voxels are.
pub(super) enum Ct<'a> {
    Given(View),
    Image(&'a sam2lung_image),
}

impl<'a> Ct<'a> {
    /// The volume, or the image: one of them.
    ///
    /// # Safety
    /// As [`View::of`].
    pub unsafe fn of(
        volume: *const sam2lung_volume,
        argument: &str,
        image: Option<&'a sam2lung_image>,
    ) -> Result<Self> {
        match image {
            Some(image) if volume.is_null() => Ok(Ct::Image(image)),
            // Whose series the image is of isn't what the volume shows, as far as anyone knows.
            Some(_) => Err(refuse(argument, "a volume beside an image", "NULL: the image holds the CT")),
            // SAFETY: as this function's own.
            None => Ok(Ct::Given(unsafe { View::of(volume, argument) }?)),
        }
    }

    /// Its voxels, converted slice by slice.
    pub fn read(&self, monitor: &mut Monitor<'_>) -> Result<Volume<f32>> {
        let view = match self {
            Ct::Given(view) => view,
            Ct::Image(image) => {
                let voxels = memory::copied(image.volume.voxels.view(), "a copy of the CT")?;
                return Ok(image.volume.like(voxels));
            }
        };
        let depth = view.grid.dims[2];
        let voxels = view.map(|value| value as f32, |k| monitor.step(Stage::Read, k, depth))?;
        Ok(Volume::new(view.grid.clone(), voxels))
    }
}

impl<'a> Wanted<'a> {
    /// # Safety
    /// The contract of the C ABI, for every pointer in `given`, and for `volume`.
    unsafe fn of(given: &sam2lung_report_options, volume: *const sam2lung_volume) -> Result<Self> {
        // SAFETY: as this function's own.
        let (image, source) =
            unsafe { (given.image.as_ref(), optional_text(given.dicom_source, "options->dicom_source")?) };
        if image.is_some() && source.is_some() {
            return Err(refuse("options->dicom_source", "a path", "NULL, since options->image has its own source"));
        }
        // SAFETY: as this function's own.
        let ct = unsafe { Ct::of(volume, "volume", image) }?;
        let has_series = image.is_some_and(|image| image.read.as_ref().is_some_and(|read| read.dicom.is_some()));
        if given.dicom && !has_series && source.is_none() {
            let expected = "false, or the CT's DICOM series: options->dicom_source, or an options->image of one";
            return Err(refuse("options->dicom", "true without a DICOM series", expected));
        }
        let volumes = match given.volume_format {
            3 => None,
            number => Some(format_of(number)?),
        };
        let surfaces = match given.surface_format {
            0 => None,
            number => Some(surface_format_of(number)?),
        };
        let sample_outlines = given.sample_outlines;
        if sample_outlines && volumes.is_none() {
            let expected = "false, or a format of volumes other than SAM2LUNG_VOLUME_FORMAT_NONE";
            return Err(refuse("options->sample_outlines", "true without volumes", expected));
        }
        Ok(Wanted {
            ct,
            image,
            dicom_source: source.map(Path::new),
            files: Files { volumes, surfaces, sample_outlines, dicom: given.dicom },
            // SAFETY: as this function's own.
            readings: unsafe { readings(given.readings, given.reading_count) }?,
        })
    }

    fn write(self, result: &sam2lung_result, folder: &Path, monitor: &mut Monitor<'_>) -> Result<()> {
        let made = result.made.as_ref().ok_or_else(unknown)?;
        let readings = Readings::of(self.readings, &result.found.nodules)?;
        if self.files.sample_outlines {
            check_samples(result.found.samples)?;
        }
        // Before the long part: who can't write there learns it now.
        let target = std::path::absolute(folder).map_err(|e| Error::write(folder, e))?;
        let staging = Staging::create(&target, is_result)?;
        let ct = self.ct.read(monitor)?;
        if let Some(format) = self.files.volumes {
            format.check(&ct.grid)?;
        }
        made.check_ct("volume", &voxels_sha256(&ct.voxels, monitor.cancel_token())?)?;
        let mut found = result.found.with_ct(ct, monitor.cancel_token())?;
        let (read, grid) = match (self.image, self.dicom_source) {
            (Some(image), _) => (image.read.clone(), Some(image.volume.grid.clone())),
            (None, Some(path)) => {
                let (read, grid) = series_of(path, &found, monitor)?;
                (Some(read), Some(grid))
            }
            (None, None) => (None, None),
        };
        let ReadFacts { source, warnings, forms, dicom } = read.unwrap_or_else(in_memory);
        if self.files.dicom {
            dicom::check(dicom.as_ref(), self.dicom_source.unwrap_or(Path::new(&source.name)))?;
        }
        add_warnings(&mut found, warnings);
        let channels = made.voxels_sha256.len();
        let sources: Vec<Source> = std::iter::once(source).chain((1..channels).map(|_| in_memory().source)).collect();
        ResultFolder {
            made,
            origin: Origin { sources: &sources, forms: forms.as_ref(), dicom: dicom.as_ref().zip(grid.as_ref()) },
            files: self.files,
            asked: Asked { model: model_of(made), ..Asked::default() },
            readings: &readings,
        }
        .write(&mut found, staging, monitor)
    }
}

/// A result of which nobody knows how it was made.
pub(super) fn unknown() -> Error {
    let got = "one of maps that were kept, or of clicks by another bundle or seed than its run's";
    refuse("result", got, "a result of a run, or of clicks with the run's own bundle and seed on it")
}

/// What is known of a CT of which only the voxels are there.
fn in_memory() -> ReadFacts {
    let source = Source { format: "memory", ..Source::default() };
    ReadFacts { source, warnings: Vec::new(), forms: None, dicom: None }
}

/// Folder of the bundle; none for the built-in one.
fn model_of(made: &HowMade) -> Option<String> {
    let built_in = made.bundle.signature == Signature::BuiltIn;
    (!built_in).then(|| made.bundle.origin.display().to_string())
}

/// What reading found comes first, as where a run is told of it.
fn add_warnings(found: &mut Segmentation, mut warnings: Vec<Warning>) {
    warnings.retain(|warning| !found.warnings.contains(warning));
    warnings.append(&mut found.warnings);
    found.warnings = warnings;
}

fn format_of(number: i32) -> Result<VolumeFormat> {
    let format = usize::try_from(number).ok().and_then(|number| VolumeFormat::RESULTS.get(number));
    format
        .copied()
        .ok_or_else(|| refuse("options->volume_format", number.to_string(), "a sam2lung_volume_format, 0 to 3"))
}

fn surface_format_of(number: i32) -> Result<SurfaceFormat> {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let format = place.and_then(|place| SurfaceFormat::ALL.get(place));
    format
        .copied()
        .ok_or_else(|| refuse("options->surface_format", number.to_string(), "a sam2lung_surface_format, 0 to 2"))
}

/// The series that a path names: that of the CT, or it is refused.
fn series_of(path: &Path, found: &Segmentation, monitor: &mut Monitor<'_>) -> Result<(ReadFacts, Grid)> {
    let ct = io::read_series(path, monitor)?;
    let grid = ct.volume.grid.clone();
    dicom::check_same_ct("options->dicom_source", found, ct.volume, monitor.cancel_token())?;
    let (source, warnings, forms, dicom) = (ct.source, ct.warnings, ct.forms, ct.dicom);
    Ok((ReadFacts { source, warnings, forms, dicom }, grid))
}

/// Readings as C has them.
///
/// # Safety
/// `first` is NULL or points to `count` structs of the size that the first says.
unsafe fn readings(first: *const sam2lung_reading, count: usize) -> Result<Vec<Reading>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if count > usize::from(u16::MAX) {
        let expected = format!("at most {}, the highest number of a nodule", u16::MAX);
        return Err(refuse("options->reading_count", count.to_string(), expected));
    }
    if first.is_null() {
        return Err(refuse("options->readings", "NULL", format!("{count} reading(s)")));
    }
    // SAFETY: it isn't NULL and points to a struct, whose size comes first.
    let size = unsafe { first.cast::<usize>().read_unaligned() };
    structs::check_size::<sam2lung_reading>(size, "options->readings[0].struct_size")?;
    // SAFETY: as this function's own.
    (0..count).map(|n| unsafe { reading(first.byte_add(n * size), size, n) }).collect()
}

/// # Safety
/// `place` points to a struct of `size` bytes.
unsafe fn reading(place: *const sam2lung_reading, size: usize, n: usize) -> Result<Reading> {
    let argument = |field: &str| format!("options->readings[{n}].{field}");
    // SAFETY: as this function's own.
    let own = unsafe { place.cast::<usize>().read_unaligned() };
    if own != size {
        return Err(refuse(argument("struct_size"), own.to_string(), format!("{size}, as that of the first")));
    }
    // SAFETY: as this function's own.
    let given = unsafe { structs::read(place, &format!("options->readings[{n}]")) }?;
    let decision = match given.decision {
        0 => Decision::Undecided,
        1 => Decision::Accepted,
        2 => Decision::Rejected,
        other => return Err(refuse(argument("decision"), other.to_string(), "a sam2lung_decision, 0 to 2")),
    };
    let nodule = u16::try_from(given.nodule)
        .map_err(|_| refuse(argument("nodule"), given.nodule.to_string(), "the number of a nodule"))?;
    let text = |pointer, field| -> Result<String> {
        // SAFETY: the contract of the C ABI.
        Ok(unsafe { optional_text(pointer, &argument(field)) }?.unwrap_or_default().to_owned())
    };
    Ok(Reading { nodule, decision, comment: text(given.comment, "comment")?, reader: text(given.reader, "reader")? })
}

#[cfg(test)]
mod tests {
    use std::{ffi::CString, fs};

    use dicom_dictionary_std::tags;
    use dicom_object::open_file;

    use super::*;
    use crate::{
        capi::{
            engine::sam2lung_engine_free,
            error::{sam2lung_error_free, sam2lung_error_message, sam2lung_error_name},
            image::{sam2lung_image_free, sam2lung_image_read_ct, sam2lung_image_volume},
            result::sam2lung_result_free,
            run::{sam2lung_engine_click, sam2lung_engine_run},
            tests::{engine, said, view, voxels},
        },
        report::dicom::made::write_series,
    };

    fn path(path: &Path) -> CString {
        CString::new(path.to_str().unwrap()).unwrap()
    }

    /// A result of the volume; the engine is freed.
    fn result_of(volume: &sam2lung_volume) -> *mut sam2lung_result {
        let (engine, mut result) = (engine("tiny-clicks"), ptr::null_mut());
        let options = crate::capi::options::sam2lung_run_options { search: 1, ..Abi::DEFAULT };
        let volumes = [ptr::from_ref(volume)];
        // SAFETY: every pointer is to a variable here; the engine isn't used any more.
        unsafe {
            let status = sam2lung_engine_run(engine, volumes.as_ptr(), 1, &options, &mut result, ptr::null_mut());
            assert_eq!(status, sam2lung_status::Ok);
            sam2lung_engine_free(engine);
        }
        result
    }

    /// The report's error, "" for none.
    fn write(
        result: *const sam2lung_result,
        volume: *const sam2lung_volume,
        options: &sam2lung_report_options,
        folder: &Path,
    ) -> String {
        let (folder, mut error) = (path(folder), ptr::null_mut());
        // SAFETY: every pointer is to a variable of a test, or an object that it keeps.
        unsafe {
            if sam2lung_result_write_report(result, volume, options, folder.as_ptr(), &mut error) == sam2lung_status::Ok
            {
                return String::new();
            }
            let text = format!("{}: {}", said(sam2lung_error_name(error)), said(sam2lung_error_message(error)));
            sam2lung_error_free(error);
            text
        }
    }

    /// The volume of a test as a DICOM folder of its own.
    fn series(volume: &sam2lung_volume, patient: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        // SAFETY: the volume's voxels stay to the end of the test.
        let ct = unsafe { Ct::of(volume, "volume", None) }.unwrap().read(&mut Monitor::silent()).unwrap();
        write_series(folder.path(), &ct, patient);
        folder
    }

    #[test]
    fn report_with_a_dicom_source_has_the_patient_of_its_series_whatever_way_the_slices_run() {
        let voxels = voxels();
        let volume = view(&voxels);
        let source = series(&volume, "DOE^JANE");
        // The same voxels from the head on, as another program may hold them.
        let upside_down: Vec<i16> = voxels.chunks(256).rev().flatten().copied().collect();
        let mut turned = view(&upside_down);
        (turned.ijk_to_ras[10], turned.ijk_to_ras[11]) = (-1.0, 15.0);
        let file = path(&source.path().join("3.dcm"));
        let options = sam2lung_report_options { dicom: true, dicom_source: file.as_ptr(), ..Abi::DEFAULT };
        let place = |volume: &sam2lung_volume| {
            let (folder, result) = (tempfile::tempdir().unwrap(), result_of(volume));
            assert_eq!(write(result, volume, &options, &folder.path().join("chest")), "");
            // SAFETY: the result isn't used any more.
            unsafe { sam2lung_result_free(result) };
            folder
        };
        let places = [place(&volume), place(&turned)];
        let open = |n: usize, file: &str| open_file(places[n].path().join("chest").join(file)).unwrap();
        for n in [0, 1] {
            for file in ["segmentation.dcm", "report.dcm", "overview.dcm", "probability.dcm", "uncertainty.dcm"] {
                let object = open(n, file);
                assert_eq!(object.element(tags::PATIENT_NAME).unwrap().to_str().unwrap(), "DOE^JANE", "{file}");
                assert_eq!(object.element(tags::STUDY_INSTANCE_UID).unwrap().to_str().unwrap(), "1.2.3", "{file}");
            }
            let run = fs::read_to_string(places[n].path().join("chest/run.json")).unwrap();
            assert!(run.contains("\"format\": \"DICOM\"") && !run.contains("DOE"), "{run}");
        }
        // The outlines lie on the same images, voxel for voxel.
        let pixels =
            |n: usize| open(n, "segmentation.dcm").element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().to_vec();
        assert_eq!(pixels(0), pixels(1));
    }

    #[test]
    fn report_of_an_image_that_was_read_from_dicom_needs_no_other_source() {
        let voxels = voxels();
        let source = path(series(&view(&voxels), "DOE^JANE").keep().as_path());
        let (mut image, mut volume) = (ptr::null_mut(), sam2lung_volume::DEFAULT);
        // SAFETY: every pointer is to a variable here; the image lives to the end.
        unsafe {
            let token = ptr::null();
            let status = sam2lung_image_read_ct(source.as_ptr(), ptr::null(), token, &mut image, ptr::null_mut());
            assert_eq!(status, sam2lung_status::Ok);
            assert_eq!(sam2lung_image_volume(image, &mut volume, ptr::null_mut()), sam2lung_status::Ok);
        }
        let (result, folder) = (result_of(&volume), tempfile::tempdir().unwrap());
        let options = sam2lung_report_options { dicom: true, image, ..Abi::DEFAULT };
        let target = folder.path().join("chest");
        assert_eq!(write(result, ptr::null(), &options, &target), "");
        let csv = fs::read_to_string(target.join("nodules.csv")).unwrap();
        assert!(csv.contains(",1.2.3.4."), "the image of the long axis is named: {csv}");
        // SAFETY: neither is used any more.
        unsafe {
            sam2lung_result_free(result);
            sam2lung_image_free(image);
        }
        fs::remove_dir_all(source.to_str().unwrap()).unwrap();
    }

    #[test]
    fn report_has_surfaces_and_what_each_sample_calls_a_nodule_where_they_are_asked_for() {
        let voxels = voxels();
        let volume = view(&voxels);
        let (result, folder) = (result_of(&volume), tempfile::tempdir().unwrap());
        let options = sam2lung_report_options { surface_format: 2, sample_outlines: true, ..Abi::DEFAULT };
        let target = folder.path().join("chest");
        assert_eq!(write(result, &volume, &options, &target), "");
        assert!(fs::read(target.join("nodules.vtk")).unwrap().starts_with(b"# vtk DataFile"));
        let read = |name: &str| {
            io::read_volume(&target.join(name), io::ReadOptions::default(), &mut Monitor::silent()).unwrap().volume
        };
        let (bits, labels) = (read("sample_outlines.nii.gz"), read("label.nii.gz"));
        // SAFETY: the result lives to the end.
        let found = unsafe { &(*result).found };
        let (samples, volumes) = (found.samples, found.nodules[0].sample_volumes_mm3.clone());
        let counted = |sample: usize| {
            let has = |bits: &&f32| **bits as u64 >> sample & 1 == 1;
            bits.voxels.iter().filter(has).count() as f64 * labels.grid.voxel_mm3()
        };
        assert_eq!((0..samples).map(counted).collect::<Vec<_>>(), volumes);
        let wrong = sam2lung_report_options { surface_format: -1, ..options };
        assert!(write(result, &volume, &wrong, &target).starts_with("E_ARGUMENT: options->surface_format"));
        // SAFETY: the result isn't used any more.
        unsafe { sam2lung_result_free(result) };
    }

    #[test]
    fn click_takes_the_hash_of_the_result_s_own_ct_and_computes_that_of_any_other() {
        let (voxels, engine) = (voxels(), engine("tiny-clicks"));
        let volume = view(&voxels);
        let mut other_voxels = voxels.clone();
        other_voxels[4095] += 1;
        let other = view(&other_voxels);
        let options = crate::capi::options::sam2lung_run_options { search: 1, ..Abi::DEFAULT };
        let click = |volume: &sam2lung_volume, earlier: *const sam2lung_result| {
            let (inside, mut result) = ([7i64, 7, 7], ptr::null_mut());
            let volumes = [ptr::from_ref(volume)];
            // SAFETY: every pointer is to a variable here or to a result that lives to the end.
            let status = unsafe {
                let (inside, none) = (inside.as_ptr(), ptr::null());
                let out = &mut result;
                sam2lung_engine_click(
                    engine,
                    volumes.as_ptr(),
                    1,
                    earlier,
                    inside,
                    1,
                    none,
                    0,
                    &options,
                    out,
                    ptr::null_mut(),
                )
            };
            assert_eq!(status, sam2lung_status::Ok);
            result
        };
        // SAFETY: results live until they are freed here.
        unsafe {
            let mut result = ptr::null_mut();
            let volumes = [ptr::from_ref(&volume)];
            let status = sam2lung_engine_run(engine, volumes.as_ptr(), 1, &options, &mut result, ptr::null_mut());
            assert_eq!(status, sam2lung_status::Ok);
            let hash = |result: *const sam2lung_result| (*result).made.as_ref().unwrap().voxels_sha256.clone();
            let own = hash(result);
            // A word in the hash's place shows whether it was taken or computed.
            (*result).made.as_mut().unwrap().voxels_sha256 = vec!["taken".into()];
            let clicked = click(&volume, result);
            let again = click(&volume, clicked);
            assert_eq!([hash(clicked), hash(again)], [["taken"], ["taken"]]);
            let elsewhere = click(&other, again);
            assert!(hash(elsewhere) != ["taken"] && hash(elsewhere) != own, "{:?}", hash(elsewhere));
            let back = click(&volume, elsewhere);
            assert_eq!(hash(back), own);
            [result, clicked, again, elsewhere, back].into_iter().for_each(|result| sam2lung_result_free(result));
            sam2lung_engine_free(engine);
        }
    }

    #[test]
    fn report_with_another_series_than_the_ct_s_is_refused_and_nothing_is_written() {
        let voxels = voxels();
        let volume = view(&voxels);
        let result = result_of(&volume);
        let brighter: Vec<i16> = voxels.iter().map(|hu| hu + if *hu > 0 { 40 } else { 0 }).collect();
        let mut elsewhere = view(&voxels);
        elsewhere.ijk_to_ras[3] = 3.0;
        let folder = tempfile::tempdir().unwrap();
        for (other, why) in [(view(&brighter), "other values in 100 %"), (elsewhere, "3.00 voxels off")] {
            let source = series(&other, "ROE^JOHN");
            let named = path(source.path());
            let options = sam2lung_report_options { dicom: true, dicom_source: named.as_ptr(), ..Abi::DEFAULT };
            let refused = write(result, &volume, &options, &folder.path().join("chest"));
            assert!(refused.starts_with("E_OPTION: options->dicom_source") && refused.contains(why), "{refused}");
        }
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        // SAFETY: the result isn't used any more.
        unsafe { sam2lung_result_free(result) };
    }

    #[test]
    fn report_of_a_rejected_nodule_has_no_segment_and_no_measurement_group_of_it() {
        let voxels = voxels();
        let volume = view(&voxels);
        let (result, source, folder) = (result_of(&volume), series(&volume, "DOE^JANE"), tempfile::tempdir().unwrap());
        let named = path(source.path());
        let reading = sam2lung_reading { nodule: 1, decision: 2, reader: c"AB".as_ptr(), ..Abi::DEFAULT };
        let options = sam2lung_report_options {
            dicom: true,
            dicom_source: named.as_ptr(),
            readings: &reading,
            reading_count: 1,
            ..Abi::DEFAULT
        };
        let target = folder.path().join("chest");
        assert_eq!(write(result, &volume, &options, &target), "");
        assert!(!target.join("segmentation.dcm").exists());
        let report = fs::read(target.join("report.dcm")).unwrap();
        let says = |words: &str| report.windows(words.len()).any(|part| part == words.as_bytes());
        assert!(says(
            "Read by a person: 0 accepted, 1 rejected (Nodule 1), 0 undecided; rejected ones are no findings"
        ));
        assert!(!says("Measurement Group"));
        // SAFETY: the result isn't used any more.
        unsafe { sam2lung_result_free(result) };
    }
}
