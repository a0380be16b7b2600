//! The bridge for C++ that is built in the same tree from source (feature `cxx`): slices, strings and exceptions instead
//! of the C header. Whoever links a library that was built elsewhere takes `include/sam2lung.hpp`.
//!
//! ```text
//! cargo rustc --release --lib --features cxx --crate-type staticlib
//! #include "sam2lung/src/cxx_bridge.rs.h"    // headers: target/cxxbridge, library: target/release/libsam2lung.a
//! ```
//!
//! Enters: a CT in HU, or the volumes that the bundle takes, packed, `i` fastest, borrowed for the call, with its dims along
//! i, j, k and its row-major 4 × 4 matrix from voxel indices to RAS millimetres; options, of which zero and empty mean "the
//! bundle's". Leaves: maps on the same grid in the same order, which live as long as their [`Findings`], and nodules in mm and
//! mm³.
//!
//! Errors are exceptions, `rust::Error`, whose text is `E_NAME: message`; a panic is one, too (`E_INTERNAL`). The checks are
//! those of [`crate::capi`], and so are the conventions: any thread, one call at a time on an engine (`E_BUSY`).

use std::{
    fmt,
    path::Path,
    slice,
    sync::atomic::{AtomicU64, Ordering},
};

use ndarray::Array3;

use crate::{
    capi::{
        engine::sam2lung_engine,
        guard::{neutral, no_panic},
        options::{c_device, sam2lung_engine_options, sam2lung_run_options},
        pointers::refuse,
        run::STAGES,
        structs::Abi,
        voxels,
    },
    contract::{
        bundle::Bundle,
        classes::{Channel, Class, Code, Output, Region, Unit},
        model::Model,
        signature::Trust,
    },
    error::{Error, Result},
    findings::{measures, nodule, result::Segmentation},
    limits, memory,
    models::Installed,
    networks::clicks::Clicks,
    pipeline::{self, options::Search},
    progress::{CancelToken, Monitor, Progress, Stage},
    report::tables,
    runtime::environment::Runtime,
    space::{
        grid::Grid,
        volume::{Volume, VolumeView},
    },
};

/// What C++ sees, in the namespace `sam2lung::bridge`.
#[cxx::bridge(namespace = "sam2lung::bridge")]
pub mod ffi {
    /// Where the networks run.
    enum Device {
        /// CUDA where it works, else the CPU; the engine says why.
        Auto = 0,
        /// The CPU.
        Cpu = 1,
        /// CUDA, or an error that says what is missing.
        Cuda = 2,
    }

    /// Kinds of uncertainty.
    enum Uncertainty {
        /// The bundle's choice.
        Bundle = 0,
        /// Entropy of the mean probability in bits, 0 to 1: all uncertainty.
        Entropy = 1,
        /// Variance of the probability over the samples, 0 to 0.25.
        Variance = 2,
        /// Entropy of the mean less the mean entropy in bits, 0 to 1: of the network, not of the image.
        MutualInformation = 3,
    }

    /// Where nodules are searched unless there is a mask.
    enum Search {
        /// In the lungs, found from the HU.
        Lungs = 0,
        /// In the whole volume.
        Everywhere = 1,
    }

    /// A voxel.
    struct Voxel {
        /// Its indices along i, j, k, from 0.
        ijk: [usize; 3],
    }

    /// A CT, borrowed for the call.
    struct Ct<'a> {
        /// HU of every voxel, `i` fastest.
        hu: &'a [f32],
        /// Number of voxels along i (columns), j (rows), k (slices).
        dims: [usize; 3],
        /// Row-major 4 × 4 matrix from voxel indices to RAS millimetres; axes at right angles, last row 0 0 0 1.
        ijk_to_ras: [f64; 16],
    }

    /// A volume that a run takes.
    struct Channel {
        /// Its name, such as CT or PET.
        name: String,
        /// Whether it has to be a CT in Hounsfield units.
        is_hu: bool,
    }

    /// What the bundle tells apart from the background, or a region that several such classes make up.
    struct Class {
        /// Its name, as in `Nodule::class_name`.
        name: String,
        /// Red, green, blue.
        colour: [u8; 3],
        /// Coding scheme of its code, as SCT; the three are empty where it has none.
        code_scheme: String,
        /// Value of its code.
        code_value: String,
        /// Meaning of its code.
        code_meaning: String,
        /// Of a region its classes, by their places in `Engine::classes`; of a class nothing.
        of: Vec<usize>,
    }

    /// Options of a run; `RunOptions{}` has the defaults.
    struct RunOptions<'a> {
        /// Samples; 0: the bundle's number.
        samples: u32,
        /// Which uncertainty the uncertainty map shows.
        uncertainty: Uncertainty,
        /// Seed of what is random (dropout, noise): the same seed gives the same bits.
        seed: u64,
        /// Mean probability above which a voxel belongs to a nodule, above 0 and below 1; 0: the bundle's.
        threshold: f64,
        /// Share of nodules that the classifier is to keep, up to 1; 0: its usual threshold.
        sensitivity: f64,
        /// Findings of a smaller equivalent diameter, in mm, are left out, unless they were clicked on; 0: the usual 4 mm;
        /// below 0: none is.
        min_diameter_mm: f64,
        /// Share of the slices that the fine network of a hybrid sees, up to 1; 0: the bundle's; below 0: none, its coarse
        /// network alone answers.
        share_of_slices: f64,
        /// Where to search.
        search: Search,
        /// Where to search instead of `search`: a number for each voxel of the CT, not 0 inside; empty: no mask.
        mask: &'a [u8],
        /// Voxels at which a nodule is outlined in any case.
        inside: Vec<Voxel>,
        /// Voxels that don't belong to it, for bundles that take clicks.
        outside: Vec<Voxel>,
    }

    /// A nodule; see `sam2lung_nodule` in sam2lung.h for the same fields. NaN: the bundle has nothing to say.
    struct Nodule {
        // generated: fields
        /// Number in the label map, from 1.
        id: u16,
        /// Centre as column, row, slice of the CT, from 0.
        centroid_ijk: [f64; 3],
        /// Centre towards right, anterior, superior in the CT's patient frame, mm.
        centroid_ras: [f64; 3],
        /// Volume of the outline in the label map, mm³.
        volume_mm3: f64,
        /// Lower end of the interval around the volume; above 0 and at most the volume; mm³.
        volume_mm3_p05: f64,
        /// Median of the volume over the samples; outside the interval its nearer end; mm³.
        volume_mm3_p50: f64,
        /// Upper end of the interval around the volume; at least the volume; mm³.
        volume_mm3_p95: f64,
        /// 5th percentile of the volume over the samples; a sample that misses the nodule counts as 0; mm³.
        sample_volume_mm3_p05: f64,
        /// Median of the volume over the samples, mm³.
        sample_volume_mm3_p50: f64,
        /// 95th percentile of the volume over the samples, mm³.
        sample_volume_mm3_p95: f64,
        /// Standard deviation of the natural logarithm of the volume over the samples.
        volume_spread: f64,
        /// Diameter of the sphere of that volume, mm.
        equivalent_diameter_mm: f64,
        /// Longest diameter in an axial slice, mm.
        long_axis_mm: f64,
        /// Longest diameter at right angles to the long axis, in the same slice, mm.
        short_axis_mm: f64,
        /// Mean over the outline, HU.
        mean_hu: f64,
        /// Mean over the outline.
        probability_inside: f64,
        /// Probability within 4 mm of the outline that belongs to no nodule, as a share of the outline's voxels: what
        /// may be left out.
        probability_around: f64,
        /// Mean of the uncertainty map over the outline and the voxels that touch it.
        uncertainty_mean: f64,
        /// How well the outlines of two samples agree: mean Dice over the pairs of the first 200 samples; 1 with one
        /// sample.
        sample_dice: f64,
        /// Share of the samples that found the nodule.
        detection_rate: f64,
        /// Probability that it is a nodule, by the model's classifier; none if the model has no classifier.
        nodule_probability: f64,
        /// Dice that the outline should have with the true one; none if the model hasn't learnt it.
        expected_dice: f64,
        /// Whether the network outlined it with clicks.
        clicked: bool,
        /// Whether someone should look again.
        review: bool,
        /// Why someone should look again.
        review_reasons: Vec<String>,
        /// Name of its class, as the model has it.
        class_name: String,
        /// Volume under each sample, in the order of the samples; 0 where it misses the nodule; mm³.
        sample_volumes_mm3: Vec<f64>,
        /// Share of radiologists that would mark it, by the model's classifier; none if the model hasn't learnt it.
        readers_share: f64,
        /// Longest diameter in any plane, hence in space, mm.
        long_axis_3d_mm: f64,
        /// Longest diameter at right angles to that long axis, in a plane that holds it, mm.
        short_axis_3d_mm: f64,
        /// Mean of the axial long and short axis, as Lung-RADS v2022 measures: both axes to 0.1 mm, their mean to 0.1
        /// mm; mm.
        mean_diameter_mm: f64,
        /// 5th percentile of the mean diameter over the samples; at most the mean diameter; not calibrated; a sample
        /// that misses the nodule counts as 0; mm.
        mean_diameter_mm_p05: f64,
        /// 95th percentile of the mean diameter over the samples; at least the mean diameter; not calibrated; mm.
        mean_diameter_mm_p95: f64,
        /// Mean diameter under each sample, in the order of the samples; 0 where it misses the nodule; mm.
        sample_mean_diameters_mm: Vec<f64>,
        /// Size band of the mean diameter by ACR Lung-RADS v2022 (limits 4, 6, 8, 15, 30 mm): a size band, not a
        /// recommendation.
        lung_rads_2022_diameter_band: String,
        /// Share of the samples in each size band of the mean diameter by Lung-RADS v2022; a sample that misses the
        /// nodule is in the lowest.
        lung_rads_2022_diameter_band_probabilities: String,
        /// Size band of the volume by ACR Lung-RADS v2022 (limits 34, 113, 268, 1767, 14137 mm³): a size band, not a
        /// recommendation.
        lung_rads_2022_volume_band: String,
        /// Share of the samples in each size band of the volume by Lung-RADS v2022; a sample that misses the nodule
        /// is in the lowest.
        lung_rads_2022_volume_band_probabilities: String,
        /// Size band of the mean diameter in whole mm by Fleischner Society 2017 (6 to 8 mm): a size band, not a
        /// recommendation.
        fleischner_2017_diameter_band: String,
        /// Share of the samples in each size band of the mean diameter by Fleischner 2017; a sample that misses the
        /// nodule is in the lowest.
        fleischner_2017_diameter_band_probabilities: String,
        /// Size band of the volume by Fleischner Society 2017 (100 to 250 mm³): a size band, not a recommendation.
        fleischner_2017_volume_band: String,
        /// Share of the samples in each size band of the volume by Fleischner 2017; a sample that misses the nodule
        /// is in the lowest.
        fleischner_2017_volume_band_probabilities: String,
        /// Size band of the axial long axis by British Thoracic Society 2015 (limits 5, 6, 8 mm): a size band, not a
        /// recommendation.
        bts_2015_diameter_band: String,
        /// Share of the samples in each size band of the axial long axis by BTS 2015; a sample that misses the nodule
        /// is in the lowest.
        bts_2015_diameter_band_probabilities: String,
        /// Size band of the volume by British Thoracic Society 2015 (limits 80, 300 mm³): a size band, not a
        /// recommendation.
        bts_2015_volume_band: String,
        /// Share of the samples in each size band of the volume by BTS 2015; a sample that misses the nodule is in
        /// the lowest.
        bts_2015_volume_band_probabilities: String,
        /// Solid, part-solid or ground glass by a rule of HU (see Texture); empty where values aren't HU.
        texture: String,
        /// Volume of the solid part: the largest connected part above -300 HU (Scholten et al. 2015); mm³.
        solid_volume_mm3: f64,
        /// Mean diameter of the solid part, measured as that of the nodule; 0 where there is none; mm.
        solid_mean_diameter_mm: f64,
        /// Volume of the voxels of 200 HU and more; contrast medium counts as well; mm³.
        calcium_mm3: f64,
        /// Volume of the voxels of -120 to -40 HU away from the outline's edge; within ground glass blur can look
        /// like fat; mm³.
        fat_mm3: f64,
        /// Volume times density: (mean HU + 1000) / 1000 mg per mm³; mg.
        mass_mg: f64,
        /// Right lung or left lung; empty where the lungs weren't looked for, or not both were found.
        side: String,
        /// Distance to the border of the lung mask (pleura, or hilum), to about 2 mm; 0 where it reaches beyond; none
        /// where the lungs weren't looked for; mm.
        pleura_distance_mm: f64,
        /// Yes where the lung mask's border is 2 mm away or less, else no; empty where the lungs weren't looked for.
        touches_pleura: String,
        /// Slice of the CT with the axial long axis, from 0; none where the CT's slices aren't axial.
        long_axis_slice: f64,
        /// Instance number of that slice's DICOM image; none for other inputs.
        long_axis_instance_number: f64,
        /// SOP instance UID of that image; empty for other inputs.
        long_axis_sop_instance_uid: String,
        /// Where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame, mm.
        long_axis_3d_start_ras: [f64; 3],
        /// Where it ends, mm.
        long_axis_3d_end_ras: [f64; 3],
        /// Where the short axis in any plane begins, in the same frame, mm.
        short_axis_3d_start_ras: [f64; 3],
        /// Where it ends, mm.
        short_axis_3d_end_ras: [f64; 3],
        // end of generated
    }

    extern "Rust" {
        type Engine;
        type Control;
        type Findings;

        /// Loads ONNX Runtime from this file; without it engines look for it by themselves. There is one a process.
        fn load_runtime(library: &str) -> Result<()>;

        /// Loads the bundle in a folder, or an installed one by its name, onto a device. `threads`: CPU threads that work at the same time; 0: the machine's.
        fn open_engine(folder: &str, device: Device, threads: u32) -> Result<Box<Engine>>;
        /// The same with the bundle that is compiled into the library.
        fn builtin_engine(device: Device, threads: u32) -> Result<Box<Engine>>;
        /// The device that runs the networks, never `Auto`.
        fn device(self: &Engine) -> Device;
        /// Why it runs on that device.
        fn device_reason(self: &Engine) -> &str;
        /// Finds and outlines the nodules. After an error or a cancel the engine can be used again.
        fn run(self: &Engine, ct: &Ct, options: &RunOptions, control: &Control) -> Result<Box<Findings>>;
        /// The same of the volumes that `channels` names, in that order and on one grid; those that aren't in HU have their own
        /// values in `Ct::hu`.
        fn run_channels(
            self: &Engine,
            volumes: &[Ct],
            options: &RunOptions,
            control: &Control,
        ) -> Result<Box<Findings>>;
        /// The volumes that a run takes.
        fn channels(self: &Engine) -> Vec<Channel>;
        /// The classes that the bundle tells apart.
        fn classes(self: &Engine) -> Vec<Class>;
        /// The regions that several classes make up.
        fn regions(self: &Engine) -> Vec<Class>;
        /// Whether `Findings::labels` are the numbers of classes, from 1. Then `Findings::nodules` has the classes, and behind
        /// them the regions, which have no number in the label map.
        fn gives_regions(self: &Engine) -> bool;

        /// A control for one run, or for several that are cancelled together.
        fn new_control() -> Box<Control>;
        /// Ends the run with `E_CANCELLED`; any thread, also before the run.
        fn cancel(self: &Control);
        /// Part of the run that is done, 0 to 1; any thread.
        fn fraction(self: &Control) -> f64;

        /// 1 to N for the nodules by falling volume, or the numbers of classes (`Engine::gives_regions`); 0 elsewhere.
        fn labels(self: &Findings) -> &[u16];
        /// Mean probability over the samples.
        fn probability(self: &Findings) -> &[f32];
        /// Uncertainty of the kind asked for.
        fn uncertainty(self: &Findings) -> &[f32];
        /// The nodules, in the order of their numbers.
        fn nodules(self: &Findings) -> Vec<Nodule>;
        /// For each voxel of `RunOptions::inside` the number of the nodule there; 0: nothing was found.
        fn at_inside(self: &Findings) -> Vec<u16>;
        /// What the result can't be trusted for, each as `W_NAME: what`; show it beside the nodules.
        fn warnings(self: &Findings) -> Vec<String>;
    }
}

/// An error as C++ is to read it.
struct Named(Error);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.name(), self.0)
    }
}

/// A panic that reached cxx would abort the host.
fn named<T>(work: impl FnOnce() -> Result<T>) -> Result<T, Named> {
    no_panic(work).map_err(Named)
}

fn load_runtime(library: &str) -> Result<(), Named> {
    named(|| Runtime::load(Path::new(library)).map(drop))
}

/// A bundle on a device; it runs one call at a time.
pub struct Engine {
    engine: sam2lung_engine,
    /// What the bundle says, to be read while a run goes on.
    model: Model,
    device: ffi::Device,
    device_reason: String,
}

fn open_engine(folder: &str, device: ffi::Device, threads: u32) -> Result<Box<Engine>, Named> {
    named(|| Engine::new(Installed::usual(Trust::usual()?).open(Path::new(folder))?, device, threads))
}

fn builtin_engine(device: ffi::Device, threads: u32) -> Result<Box<Engine>, Named> {
    named(|| Engine::new(Bundle::builtin()?, device, threads))
}

impl Engine {
    fn new(bundle: Bundle, device: ffi::Device, threads: u32) -> Result<Box<Self>> {
        let options = sam2lung_engine_options { device: device.repr.into(), threads, ..Abi::DEFAULT };
        let (device, threads) = options.device_and_threads()?;
        let engine = pipeline::Engine::new(bundle, device, threads)?;
        let report = engine.device();
        let device = ffi::Device { repr: c_device(report.used) as u8 };
        let device_reason = report.reason.clone();
        let model = engine.bundle().model.clone();
        Ok(Box::new(Engine { engine: sam2lung_engine::new(engine, false), model, device, device_reason }))
    }

    fn device(&self) -> ffi::Device {
        self.device
    }

    fn device_reason(&self) -> &str {
        &self.device_reason
    }

    fn channels(&self) -> Vec<ffi::Channel> {
        let channel = |c: &Channel| ffi::Channel { name: c.name.clone(), is_hu: c.unit == Unit::Hounsfield };
        self.model.channels.iter().map(channel).collect()
    }

    fn classes(&self) -> Vec<ffi::Class> {
        let class = |class: &Class| ffi::Class::new(&class.name, class.colour, class.code.as_ref(), Vec::new());
        self.model.classes.iter().map(class).collect()
    }

    fn regions(&self) -> Vec<ffi::Class> {
        let place = |name: &String| self.model.classes.iter().position(|class| class.name == *name);
        let region = |region: &Region| {
            let of = region.of.iter().filter_map(place).collect();
            ffi::Class::new(&region.name, region.colour, region.code.as_ref(), of)
        };
        self.model.regions.iter().map(region).collect()
    }

    fn gives_regions(&self) -> bool {
        self.model.output == Output::Regions
    }

    fn run(&self, ct: &ffi::Ct, options: &ffi::RunOptions, control: &Control) -> Result<Box<Findings>, Named> {
        self.run_channels(slice::from_ref(ct), options, control)
    }

    fn run_channels(
        &self,
        volumes: &[ffi::Ct],
        options: &ffi::RunOptions,
        control: &Control,
    ) -> Result<Box<Findings>, Named> {
        named(|| self.find(volumes, options, control).map(|found| Box::new(Findings(found))))
    }

    fn find(&self, given: &[ffi::Ct], asked: &ffi::RunOptions, control: &Control) -> Result<Segmentation> {
        let taken = self.engine.take()?;
        let mut engine = taken.engine();
        if given.len() != self.model.channels() {
            let expected = format!("{}: the volumes that the bundle takes (Engine::channels)", self.model.channels());
            return Err(refuse("volumes", given.len().to_string(), expected));
        }
        let grids = given.iter().map(ffi::Ct::grid).collect::<Result<Vec<_>>>()?;
        let options = asked.to_options(&grids[0])?;
        options.check_on(&grids[0])?;
        options.check_for(&engine.bundle().model)?;
        let mut note = |progress: Progress| control.note(progress.fraction);
        let mut monitor = Monitor::new(control.token.clone(), &mut note).over(STAGES);
        let volumes = given.iter().zip(grids).map(|(volume, grid)| volume.read(grid, &mut monitor));
        let volumes = volumes.collect::<Result<Vec<_>>>()?;
        engine.segment(volumes, &options, &mut monitor)?.pack_native(&control.token)
    }
}

impl ffi::Class {
    fn new(name: &str, colour: [u8; 3], code: Option<&Code>, of: Vec<usize>) -> Self {
        let Code(code_scheme, code_value, code_meaning) =
            code.cloned().unwrap_or_else(|| Code(String::new(), String::new(), String::new()));
        ffi::Class { name: name.into(), colour, code_scheme, code_value, code_meaning, of }
    }
}

impl ffi::Ct<'_> {
    fn grid(&self) -> Result<Grid> {
        let dims = self.dims.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let dims = voxels::dims(dims, "ct.dims")?;
        let grid = Grid::from_ijk_to_ras(dims, &voxels::matrix(self.ijk_to_ras, "ct.ijk_to_ras")?)?;
        check_count(self.hu.len(), &grid, "ct.hu").map(|()| grid)
    }

    /// A copy of the voxels, slice by slice.
    fn read(&self, grid: Grid, monitor: &mut Monitor<'_>) -> Result<Volume<f32>> {
        let [width, height, depth] = grid.dims;
        let mut hu = memory::vec(grid.len(), "the volume")?;
        for (k, slice) in self.hu.chunks_exact(width * height).enumerate() {
            monitor.step(Stage::Read, k, depth)?;
            hu.extend_from_slice(slice);
        }
        monitor.step(Stage::Read, depth, depth)?;
        Ok(Volume::new(grid.clone(), on_grid(&grid, hu)))
    }
}

impl ffi::RunOptions<'_> {
    fn to_options(&self, grid: &Grid) -> Result<pipeline::options::Options> {
        let options = sam2lung_run_options {
            samples: self.samples,
            uncertainty: self.uncertainty.repr.into(),
            seed: self.seed,
            threshold: self.threshold,
            sensitivity: self.sensitivity,
            min_diameter_mm: match self.min_diameter_mm {
                0.0 => limits::USUAL_MIN_DIAMETER_MM,
                given => given.max(0.0),
            },
            share_of_slices: self.share_of_slices,
            search: match self.search {
                // 2 is the mask of the C interface, which comes otherwise here.
                ffi::Search::Lungs | ffi::Search::Everywhere => self.search.repr.into(),
                other => return Err(refuse("options.search", other.repr.to_string(), "a Search, 0 or 1")),
            },
            ..Abi::DEFAULT
        };
        let mut options = options.into_options()?;
        if !self.mask.is_empty() {
            check_count(self.mask.len(), grid, "options.mask")?;
            let mut inside = memory::vec(grid.len(), "the mask")?;
            inside.extend(self.mask.iter().map(|value| *value != 0));
            options.search = Search::Mask(on_grid(grid, inside));
        }
        let indices = |voxels: &[ffi::Voxel]| voxels.iter().map(|voxel| voxel.ijk).collect();
        options.clicks = Clicks { inside: indices(&self.inside), outside: indices(&self.outside) };
        Ok(options)
    }
}

fn check_count(count: usize, grid: &Grid, argument: &str) -> Result<()> {
    if count == grid.len() {
        return Ok(());
    }
    let [i, j, k] = grid.dims;
    Err(refuse(argument, format!("{count} values"), format!("{}, the voxels of {i} x {j} x {k}", grid.len())))
}

/// Values that [`check_count`] has counted, as an array `[k, j, i]`.
fn on_grid<T>(grid: &Grid, values: Vec<T>) -> Array3<T> {
    Array3::from_shape_vec(grid.shape(), values).expect("they were counted")
}

/// Watches over a run from any thread.
pub struct Control {
    token: CancelToken,
    /// The bits of an f64.
    fraction: AtomicU64,
}

fn new_control() -> Box<Control> {
    Box::new(Control { token: CancelToken::new(), fraction: AtomicU64::new(0) })
}

impl Control {
    fn cancel(&self) {
        neutral((), || self.token.cancel());
    }

    fn note(&self, fraction: f64) {
        self.fraction.store(fraction.to_bits(), Ordering::Relaxed);
    }

    fn fraction(&self) -> f64 {
        f64::from_bits(self.fraction.load(Ordering::Relaxed))
    }
}

/// What a run found.
pub struct Findings(Segmentation);

impl Findings {
    fn labels(&self) -> &[u16] {
        packed(self.0.native().labels)
    }

    fn probability(&self) -> &[f32] {
        packed(self.0.native().probability)
    }

    fn uncertainty(&self) -> &[f32] {
        packed(self.0.native().uncertainty)
    }

    fn nodules(&self) -> Vec<ffi::Nodule> {
        self.0.nodules.iter().map(ffi::Nodule::from).collect()
    }

    fn at_inside(&self) -> Vec<u16> {
        self.0.clicks.iter().map(|nodule| nodule.unwrap_or(0)).collect()
    }

    fn warnings(&self) -> Vec<String> {
        self.0.warnings.iter().map(|warning| format!("{}: {warning}", warning.name())).collect()
    }
}

fn packed<T>(map: VolumeView<'_, T>) -> &[T] {
    map.voxels.to_slice().expect("the run packed it")
}

/// A measure as it stands in `nodules.csv`; empty where there is none of that name.
fn said(nodule: &nodule::Nodule, measure: &str) -> String {
    let column = measures::columns().into_iter().find(|column| column.name == measure);
    column.map_or(String::new(), |column| tables::cell(&column, nodule))
}

impl From<&nodule::Nodule> for ffi::Nodule {
    fn from(nodule: &nodule::Nodule) -> Self {
        ffi::Nodule {
            // generated: values
            id: nodule.id,
            centroid_ijk: nodule.centroid_ijk,
            centroid_ras: nodule.centroid_ras,
            volume_mm3: nodule.volume_mm3,
            volume_mm3_p05: nodule.volume_mm3_p05,
            volume_mm3_p50: nodule.volume_mm3_p50,
            volume_mm3_p95: nodule.volume_mm3_p95,
            sample_volume_mm3_p05: nodule.sample_volume_mm3_p05,
            sample_volume_mm3_p50: nodule.sample_volume_mm3_p50,
            sample_volume_mm3_p95: nodule.sample_volume_mm3_p95,
            volume_spread: nodule.volume_spread,
            equivalent_diameter_mm: nodule.equivalent_diameter_mm,
            long_axis_mm: nodule.long_axis_mm,
            short_axis_mm: nodule.short_axis_mm,
            mean_hu: nodule.mean_hu,
            probability_inside: nodule.probability_inside,
            probability_around: nodule.probability_around,
            uncertainty_mean: nodule.uncertainty_mean,
            sample_dice: nodule.sample_dice,
            detection_rate: nodule.detection_rate,
            nodule_probability: nodule.nodule_probability.unwrap_or(f64::NAN),
            expected_dice: nodule.expected_dice.unwrap_or(f64::NAN),
            clicked: nodule.clicked,
            review: nodule.review,
            review_reasons: nodule.review_reasons.clone(),
            class_name: said(nodule, "class"),
            sample_volumes_mm3: nodule.sample_volumes_mm3.clone(),
            readers_share: nodule.readers_share.unwrap_or(f64::NAN),
            long_axis_3d_mm: nodule.long_axis_3d_mm,
            short_axis_3d_mm: nodule.short_axis_3d_mm,
            mean_diameter_mm: nodule.mean_diameter_mm,
            mean_diameter_mm_p05: nodule.mean_diameter_mm_p05,
            mean_diameter_mm_p95: nodule.mean_diameter_mm_p95,
            sample_mean_diameters_mm: nodule.sample_mean_diameters_mm.clone(),
            lung_rads_2022_diameter_band: said(nodule, "lung_rads_2022_diameter_band"),
            lung_rads_2022_diameter_band_probabilities: said(nodule, "lung_rads_2022_diameter_band_probabilities"),
            lung_rads_2022_volume_band: said(nodule, "lung_rads_2022_volume_band"),
            lung_rads_2022_volume_band_probabilities: said(nodule, "lung_rads_2022_volume_band_probabilities"),
            fleischner_2017_diameter_band: said(nodule, "fleischner_2017_diameter_band"),
            fleischner_2017_diameter_band_probabilities: said(nodule, "fleischner_2017_diameter_band_probabilities"),
            fleischner_2017_volume_band: said(nodule, "fleischner_2017_volume_band"),
            fleischner_2017_volume_band_probabilities: said(nodule, "fleischner_2017_volume_band_probabilities"),
            bts_2015_diameter_band: said(nodule, "bts_2015_diameter_band"),
            bts_2015_diameter_band_probabilities: said(nodule, "bts_2015_diameter_band_probabilities"),
            bts_2015_volume_band: said(nodule, "bts_2015_volume_band"),
            bts_2015_volume_band_probabilities: said(nodule, "bts_2015_volume_band_probabilities"),
            texture: said(nodule, "texture"),
            solid_volume_mm3: nodule.solid_volume_mm3.unwrap_or(f64::NAN),
            solid_mean_diameter_mm: nodule.solid_mean_diameter_mm.unwrap_or(f64::NAN),
            calcium_mm3: nodule.calcium_mm3.unwrap_or(f64::NAN),
            fat_mm3: nodule.fat_mm3.unwrap_or(f64::NAN),
            mass_mg: nodule.mass_mg.unwrap_or(f64::NAN),
            side: said(nodule, "side"),
            pleura_distance_mm: nodule.pleura_distance_mm.unwrap_or(f64::NAN),
            touches_pleura: said(nodule, "touches_pleura"),
            long_axis_slice: nodule.long_axis_slice.unwrap_or(f64::NAN),
            long_axis_instance_number: nodule.long_axis_instance_number.unwrap_or(f64::NAN),
            long_axis_sop_instance_uid: said(nodule, "long_axis_sop_instance_uid"),
            long_axis_3d_start_ras: nodule.long_axis_3d_start_ras,
            long_axis_3d_end_ras: nodule.long_axis_3d_end_ras,
            short_axis_3d_start_ras: nodule.short_axis_3d_start_ras,
            short_axis_3d_end_ras: nodule.short_axis_3d_end_ras,
            // end of generated
        }
    }
}
