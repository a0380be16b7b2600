//! What a run found: nodules, maps, and how the run went.
//!
//! Enters: the maps of a run in canonical orientation ([`Orientation`]), with the CT and the samples that measures and pictures
//! are made from. Leaves: views of the same arrays, [`Segmentation::canonical`] for measuring and drawing, and
//! [`Segmentation::native`] on the CT's own grid. Who keeps a result for long calls [`Segmentation::pack_native`], which lets go
//! of all that only the run needed.
//!
//! What holds of every result: a nodule's `id` is its number in the label map, nodules stand by rising number, and each has a
//! voxel. A run numbers 1 to N by falling volume; micronodules stand apart. After [`crate::pipeline::Engine::click`] nodules keep the numbers that they
//! had, so that numbers may have gaps and say nothing of size.

use std::{collections::BTreeMap, time::Duration};

use ndarray::Array3;

use super::canonical::Canonical;
use crate::{
    contract::uncertainty::Uncertainty,
    error::{Error, Result},
    findings::{
        interval::VolumeInterval,
        nodule::{Nodule, measure_outlines},
        samples::Territory,
    },
    memory,
    networks::neighbours::SliceSteps,
    progress::CancelToken,
    runtime::work::Work,
    space::{
        grid::Grid,
        orientation::Orientation,
        volume::{Voi, Volume, VolumeView},
    },
    steps::{
        labels::{Labelled, labelled, near_labels},
        sample_masks::SampleMasks,
        surfaces::{Level, Surface, surfaces},
    },
    warning::Warning,
};

/// How far a CT's voxels may lie from those of its result, in voxels: a header's rounding.
const CT_OFF_VOXELS: f64 = 0.01;
/// What a result takes for each voxel beside itself while it has its CT: label, probability and uncertainty once more, and where
/// the CT's axes are turned the CT.
const BYTES_PER_VOXEL: usize = 14;

/// What a run found.
#[derive(Debug)]
pub struct Segmentation {
    /// The nodules by rising number; their voxel indices are those of the CT as it was given.
    pub nodules: Vec<Nodule>,
    /// What is smaller than `min_diameter_mm`, by falling volume. They have no number (0) and no voxel in the label map.
    pub micronodules: Vec<Nodule>,
    /// Equivalent diameter in mm below which a finding is a micronodule, unless someone clicked on it; 0: none is.
    pub min_diameter_mm: f64,
    /// For each click inside: the number of the nodule there, if any.
    pub clicks: Vec<Option<u16>>,
    /// Candidates that were segmented; `None` without a detector.
    pub candidates: Option<usize>,
    /// Components that were found and dropped again: too small, outside, or no nodule by the classifier.
    pub dropped: usize,
    /// Samples that were drawn.
    pub samples: usize,
    /// The threshold that was used.
    pub threshold: f64,
    /// Lowest P(nodule) that the classifier let stay; `None` without one.
    pub classify_threshold: Option<f64>,
    /// Which uncertainty the uncertainty map shows.
    pub uncertainty: Uncertainty,
    /// What the interval around a nodule's volume means.
    pub volume_interval: VolumeInterval,
    /// The same of nodules that were outlined with clicks.
    pub clicked_volume_interval: VolumeInterval,
    /// Volume of the region that was searched, in millilitres.
    pub searched_ml: f64,
    /// How far the CT's slices lie apart, and those that the network was given.
    pub slices: SliceSteps,
    /// What the result can't be trusted for, that of the options first.
    pub warnings: Vec<Warning>,
    /// Time a stage took.
    pub stages: BTreeMap<&'static str, Duration>,
    /// What each graph of the bundle did.
    pub work: Vec<Work>,
    /// True for maps that were kept ([`Segmentation::from_maps`]): what a run would know of itself is unknown.
    pub of_maps: bool,
    pub(crate) arrays: Arrays,
    pub(crate) orientation: Orientation,
}

/// The arrays `[k, j, i]` of a result.
#[derive(Debug)]
pub(crate) struct Arrays {
    /// Nodule numbers, 0 elsewhere.
    pub labels: Array3<u16>,
    /// Mean probability over samples.
    pub probability: Array3<f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: Array3<f32>,
    /// Uncertainty of each of [`Uncertainty::ALL`], where that was asked for as well; else none.
    pub kinds: Vec<Array3<f32>>,
    /// The maps of each class, where there are several; else none.
    pub classes: Vec<ClassArrays>,
    /// What only measures and pictures need. With it the arrays are in canonical orientation; without it they lie on the CT's
    /// own grid, packed.
    pub evidence: Option<Evidence>,
    /// What is left of the samples without the evidence: those of voxels near nodules, in canonical order, for pictures that are
    /// drawn later. `None` for maps that were kept.
    pub near: Option<SampleMasks>,
}

impl Arrays {
    /// A copy in canonical orientation, without the evidence.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] or [`Error::Cancelled`].
    pub fn copied(&self, orientation: &Orientation, cancel: &CancelToken) -> Result<Self> {
        let float = |map: &Array3<f32>| self.copied_map(map, orientation, cancel);
        let class = |class: &ClassArrays| -> Result<ClassArrays> {
            let (probability, uncertainty) = (float(&class.probability)?, float(&class.uncertainty)?);
            Ok(ClassArrays { name: class.name.clone(), probability, uncertainty })
        };
        Ok(Arrays {
            labels: self.copied_map(&self.labels, orientation, cancel)?,
            probability: float(&self.probability)?,
            uncertainty: float(&self.uncertainty)?,
            kinds: self.kinds.iter().map(float).collect::<Result<_>>()?,
            classes: self.classes.iter().map(class).collect::<Result<_>>()?,
            evidence: None,
            near: self.evidence.as_ref().map(|evidence| &evidence.samples).or(self.near.as_ref()).cloned(),
        })
    }

    fn copied_map<T: Copy>(&self, map: &Array3<T>, to: &Orientation, cancel: &CancelToken) -> Result<Array3<T>> {
        cancel.check()?;
        let copy = memory::copied(map.view(), "a copy of a result's maps")?;
        match self.evidence {
            Some(_) => Ok(copy),
            None => to.array_to_canonical(copy, cancel),
        }
    }
}

/// The maps of one class.
#[derive(Debug)]
pub(crate) struct ClassArrays {
    /// Its name.
    pub name: String,
    /// Mean probability over samples.
    pub probability: Array3<f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: Array3<f32>,
}

/// What nodules are measured from beside the maps.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// HU, in canonical orientation.
    pub ct: Volume<f32>,
    /// Which samples called which voxel a nodule.
    pub samples: SampleMasks,
}

/// A result on the CT's own grid.
#[derive(Debug, Clone)]
pub struct Native<'a> {
    /// Nodule numbers, 0 elsewhere.
    pub labels: VolumeView<'a, u16>,
    /// Mean probability over samples.
    pub probability: VolumeView<'a, f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: VolumeView<'a, f32>,
    /// Uncertainty of each of [`Uncertainty::ALL`], where that was asked for as well; else none.
    pub kinds: Vec<VolumeView<'a, f32>>,
    /// The maps of each class, where there are several; else none.
    pub classes: Vec<NativeClass<'a>>,
}

/// The maps of one class on the CT's own grid.
#[derive(Debug, Clone)]
pub struct NativeClass<'a> {
    /// Its name.
    pub name: &'a str,
    /// Mean probability over samples.
    pub probability: VolumeView<'a, f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: VolumeView<'a, f32>,
}

impl Segmentation {
    /// The maps on the CT's own grid: the same memory in another order. They are packed after [`Segmentation::pack_native`].
    pub fn native(&self) -> Native<'_> {
        let Arrays { labels, probability, uncertainty, kinds, classes, .. } = &self.arrays;
        Native {
            labels: self.on_native_grid(labels),
            probability: self.on_native_grid(probability),
            uncertainty: self.on_native_grid(uncertainty),
            kinds: kinds.iter().map(|map| self.on_native_grid(map)).collect(),
            classes: classes.iter().map(|class| self.native_class(class)).collect(),
        }
    }

    fn native_class<'a>(&'a self, class: &'a ClassArrays) -> NativeClass<'a> {
        NativeClass {
            name: &class.name,
            probability: self.on_native_grid(&class.probability),
            uncertainty: self.on_native_grid(&class.uncertainty),
        }
    }

    fn on_native_grid<'a, T>(&'a self, map: &'a Array3<T>) -> VolumeView<'a, T> {
        match self.arrays.evidence {
            Some(_) => self.orientation.to_native(map.view()),
            None => VolumeView { grid: self.orientation.native_grid(), voxels: map.view() },
        }
    }

    /// For each voxel the samples that call it a nodule, bit s for sample s; in the arrays' own orientation, that of
    /// [`Segmentation::canonical`]. `T` has a bit for each sample.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]; [`Error::Internal`] after [`Segmentation::pack_native`].
    pub fn spread_samples<T: TryFrom<u64> + Copy + Default>(&self) -> Result<Array3<T>> {
        let evidence = self.arrays.evidence.as_ref();
        let evidence = evidence.ok_or_else(|| Error::Internal { what: "the result no longer holds samples".into() })?;
        evidence.samples.spread(evidence.ct.grid.shape())
    }

    /// An array in the arrays' own orientation on the CT's grid.
    pub fn native_of<'a, T>(&'a self, array: &'a Array3<T>) -> VolumeView<'a, T> {
        self.on_native_grid(array)
    }

    /// The maps as measuring and drawing want them; `None` after [`Segmentation::pack_native`].
    pub fn canonical(&self) -> Option<Canonical<'_>> {
        let Arrays { labels, probability, uncertainty, evidence, .. } = &self.arrays;
        let Evidence { ct, samples } = evidence.as_ref()?;
        Some(Canonical { ct, probability, uncertainty, labels, samples })
    }

    /// CT, labels and probability of [`Segmentation::canonical`], where that has them: nothing is copied.
    pub fn into_canonical(self) -> Option<(Volume<f32>, Array3<u16>, Array3<f32>)> {
        let Arrays { labels, probability, evidence, .. } = self.arrays;
        Some((evidence?.ct, labels, probability))
    }

    /// The nodules with the voxel indices of [`Segmentation::canonical`].
    pub fn canonical_nodules(&self) -> Vec<Nodule> {
        self.nodules.iter().map(|nodule| self.with_canonical_ijk(nodule)).collect()
    }

    /// The micronodules with the voxel indices of [`Segmentation::canonical`].
    pub fn canonical_micronodules(&self) -> Vec<Nodule> {
        self.micronodules.iter().map(|nodule| self.with_canonical_ijk(nodule)).collect()
    }

    fn with_canonical_ijk(&self, nodule: &Nodule) -> Nodule {
        let long_axis_slice = nodule.long_axis_slice.map(|k| self.orientation.canonical_slice(k));
        Nodule { centroid_ijk: self.orientation.canonical_ijk(nodule.centroid_ijk), long_axis_slice, ..nodule.clone() }
    }

    /// A result of maps that were kept, as a program finds them again: `labels` with the nodules' numbers, and maps on the same
    /// grid, 0 everywhere where there is none. Its nodules have a number, a place and a volume; all else is NaN, 0 or empty.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    ///
    /// # Panics
    /// When a map has another shape than the labels: a mistake in the calling code.
    pub fn from_maps(
        labels: Volume<u16>,
        probability: Option<Array3<f32>>,
        uncertainty: Option<Array3<f32>>,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let shape = labels.grid.shape();
        let map = |given: Option<Array3<f32>>| {
            let map = given.unwrap_or_else(|| Array3::zeros(shape));
            assert_eq!(map.shape(), shape, "a map has the shape of the labels");
            map
        };
        let Volume { grid, voxels: labels } = labels;
        let unknown = VolumeInterval::under(None, false, false);
        Ok(Segmentation {
            nodules: kept_nodules(&grid, &labels, cancel)?,
            micronodules: Vec::new(),
            min_diameter_mm: 0.0,
            clicks: Vec::new(),
            candidates: None,
            dropped: 0,
            samples: 0,
            threshold: f64::NAN,
            classify_threshold: None,
            uncertainty: Uncertainty::default(),
            volume_interval: unknown,
            clicked_volume_interval: unknown,
            searched_ml: f64::NAN,
            slices: SliceSteps { ct_mm: grid.spacing_mm[2], network_mm: None, interpolated: false },
            warnings: Vec::new(),
            stages: BTreeMap::new(),
            work: Vec::new(),
            of_maps: true,
            arrays: Arrays {
                labels,
                probability: map(probability),
                uncertainty: map(uncertainty),
                kinds: Vec::new(),
                classes: Vec::new(),
                evidence: None,
                near: None,
            },
            orientation: Orientation::of(&grid),
        })
    }

    /// A result of outlines that no run made, as a person draws them, with `ct` on their grid: [`Segmentation::from_maps`] with
    /// all measures that outline, CT and maps give. What samples or a model say is NaN or empty, and so is what a map says that
    /// isn't given. `hounsfield`: the CT's values are HU.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] or [`Error::Cancelled`].
    ///
    /// # Panics
    /// When a map or the CT has another shape than the labels: a mistake in the calling code.
    pub fn from_outlines(
        labels: Volume<u16>,
        (ct, hounsfield): (Array3<f32>, bool),
        probability: Option<Array3<f32>>,
        uncertainty: Option<Array3<f32>>,
        cancel: &CancelToken,
    ) -> Result<Self> {
        assert_eq!(ct.shape(), labels.grid.shape(), "a CT has the shape of the labels");
        let (told, sure) = (probability.is_some(), uncertainty.is_some());
        let mut found = Self::from_maps(labels, probability, uncertainty, cancel)?;
        let orientation = found.orientation.clone();
        let ct = orientation.to_canonical(Volume::new(orientation.native_grid().clone(), ct), cancel)?;
        let Arrays { labels, probability, uncertainty, .. } = found.arrays.copied(&orientation, cancel)?;
        let samples = SampleMasks::new(0);
        let maps = Canonical {
            ct: &ct,
            probability: &probability,
            uncertainty: &uncertainty,
            labels: &labels,
            samples: &samples,
        };
        let known = |value: f64, known: bool| if known { value } else { f64::NAN };
        let own = |nodule: Nodule| Nodule {
            probability_inside: known(nodule.probability_inside, told),
            probability_around: known(nodule.probability_around, told),
            uncertainty_mean: known(nodule.uncertainty_mean, sure),
            ..nodule.into_native(&orientation)
        };
        found.nodules = measure_outlines(&maps, hounsfield, cancel)?.into_iter().map(own).collect();
        Ok(found)
    }

    /// Where a voxel lies within `reach_mm` of a nodule, on the CT's own grid.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn near_nodules(&self, reach_mm: f64, cancel: &CancelToken) -> Result<Array3<bool>> {
        let labels = self.native().labels;
        near_labels(labels.voxels, labels.grid, reach_mm, cancel)
    }

    /// The same result without what only the run needed, its maps on the CT's own grid, packed; nothing is copied where they are
    /// on it already. [`Segmentation::with_ct`] is the way back.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] or [`Error::Cancelled`].
    pub fn pack_native(mut self, cancel: &CancelToken) -> Result<Self> {
        let Some(Evidence { ct, samples }) = self.arrays.evidence.take() else { return Ok(self) };
        self.arrays.near = Some(near_samples(&samples, &self.arrays.labels, &ct.grid, cancel)?);
        // Given back first: room for the copies.
        drop((ct, samples));
        let Segmentation { arrays, orientation, .. } = &mut self;
        arrays.labels = orientation.array_to_native(std::mem::take(&mut arrays.labels), cancel)?;
        let of_classes = arrays.classes.iter_mut().flat_map(|class| [&mut class.probability, &mut class.uncertainty]);
        let whole = [&mut arrays.probability, &mut arrays.uncertainty].into_iter().chain(&mut arrays.kinds);
        for map in whole.chain(of_classes) {
            *map = orientation.array_to_native(std::mem::take(map), cancel)?;
        }
        Ok(self)
    }

    /// The same result with the CT that it was made from, as a run leaves it: what reports and comparisons are made of. Only near
    /// nodules is it known which sample calls which voxel a nodule. `ct`: HU on the CT's own grid.
    ///
    /// # Errors
    /// [`Error::Option`] for a CT on another grid, and for maps that were kept; [`Error::OutOfMemory`] or [`Error::Cancelled`].
    pub fn with_ct(&self, ct: Volume<f32>, cancel: &CancelToken) -> Result<Self> {
        let Some(near) = &self.arrays.near else {
            let expected = "a result of a run: of maps that were kept nobody knows what the samples say".into();
            return Err(Error::Option { option: "result", got: "one of maps that were kept".into(), expected });
        };
        if !ct.grid.voxels_off(self.orientation.native_grid()).is_some_and(|off| off <= CT_OFF_VOXELS) {
            let got = format!("on another grid ({:?} voxels)", ct.grid.dims);
            let expected = format!("that of the result ({:?} voxels)", self.orientation.native_grid().dims);
            return Err(Error::Option { option: "ct", got, expected });
        }
        memory::check_free(ct.grid.len() * BYTES_PER_VOXEL, "a result with its CT")?;
        let mut arrays = self.arrays.copied(&self.orientation, cancel)?;
        let ct = Volume::new(self.orientation.grid(), self.orientation.array_to_canonical(ct.voxels, cancel)?);
        (arrays.evidence, arrays.near) = (Some(Evidence { ct, samples: near.clone() }), None);
        Ok(Segmentation {
            nodules: self.nodules.clone(),
            micronodules: self.micronodules.clone(),
            clicks: self.clicks.clone(),
            warnings: self.warnings.clone(),
            stages: self.stages.clone(),
            work: self.work.clone(),
            orientation: self.orientation.clone(),
            arrays,
            ..*self
        })
    }

    /// What `work` makes of this result on another grid of the same voxels, whose axes may be exchanged or reversed: the maps stay
    /// where they are in the patient, and voxel indices of nodules are those of `grid`. Only with its CT
    /// ([`Segmentation::with_ct`]).
    pub(crate) fn laid_on<T>(&mut self, grid: &Grid, work: impl FnOnce(&Self) -> T) -> T {
        if self.orientation.native_grid() == grid {
            return work(self);
        }
        let orientation = Orientation::of(grid);
        let turned = |nodule: &Nodule| self.with_canonical_ijk(nodule).into_native(&orientation);
        let nodules = self.nodules.iter().map(turned).collect();
        let micronodules = self.micronodules.iter().map(turned).collect();
        let own = (
            std::mem::replace(&mut self.nodules, nodules),
            std::mem::replace(&mut self.micronodules, micronodules),
            std::mem::replace(&mut self.orientation, orientation),
        );
        let made = work(self);
        (self.nodules, self.micronodules, self.orientation) = own;
        made
    }

    /// How far the voxels of another grid lie from those of this result's, in voxels along an axis, in whatever order their axes
    /// run; `None` for other dimensions.
    pub(crate) fn voxels_off(&self, grid: &Grid) -> Option<f64> {
        self.orientation.grid().voxels_off(&Orientation::of(grid).grid())
    }

    /// Closed surfaces of all nodules; of number `only` alone, where it is given.
    ///
    /// # Errors
    /// [`Error::Option`] when there is no nodule of that number; [`Error::Cancelled`].
    pub fn surfaces(&self, only: Option<u32>, cancel: &CancelToken) -> Result<Vec<Surface>> {
        let number = only.map(|id| self.number(id)).transpose()?;
        let Native { labels, probability, .. } = self.native();
        let own: BTreeMap<u16, f64> = self.nodules.iter().filter_map(|n| Some((n.id, n.outline_threshold?))).collect();
        let threshold = |id: u16| own.get(&id).copied().unwrap_or(self.threshold);
        let level = |id: u16| Some(Level { probability: probability.voxels, threshold: threshold(id) });
        surfaces(labels, &level, number, cancel)
    }

    /// A number as it stands in the label map.
    fn number(&self, id: u32) -> Result<u16> {
        let found = self.nodules.iter().find(|nodule| u32::from(nodule.id) == id);
        found.map(|nodule| nodule.id).ok_or_else(|| Error::Option {
            option: "id",
            got: id.to_string(),
            expected: format!("the number of one of the {} nodule(s)", self.nodules.len()),
        })
    }
}

/// Those samples of `samples` that lie where the outline of some nodule may under a sample ([`Territory`]).
fn near_samples(samples: &SampleMasks, labels: &Array3<u16>, grid: &Grid, cancel: &CancelToken) -> Result<SampleMasks> {
    let numbers = labelled(labels.view(), cancel)?;
    let near: Vec<Voi> = numbers.into_iter().flatten().map(|found| Territory::reach(&found.voi, grid)).collect();
    let [width, height, _] = grid.dims;
    let is_near = |index: u32| {
        let index = index as usize;
        let ijk = [index % width, index / width % height, index / (width * height)];
        near.iter().any(|voi| (0..3).all(|axis| (voi.start[axis]..voi.end[axis]).contains(&ijk[axis])))
    };
    SampleMasks::new(samples.samples()).with(samples, is_near)
}

/// Number, place and volume of each nodule of a label map.
fn kept_nodules(grid: &Grid, labels: &Array3<u16>, cancel: &CancelToken) -> Result<Vec<Nodule>> {
    let found = labelled(labels.view(), cancel)?;
    let numbered = found.iter().zip(1u16..).filter_map(|(found, id)| Some(((*found)?, id)));
    let nodule = |(Labelled { voi, voxels }, id): (Labelled, u16)| {
        cancel.check()?;
        let own = || voi.indices().filter(|index| labels[*index] == id);
        let mean = |axis: usize| own().map(|index| index[2 - axis] as f64).sum::<f64>() / voxels as f64;
        let centroid_ijk = [0, 1, 2].map(mean);
        let volume_mm3 = voxels as f64 * grid.voxel_mm3();
        Ok(Nodule::unmeasured(id, [centroid_ijk, grid.ras(centroid_ijk)], volume_mm3))
    };
    numbered.map(nodule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::grid::Grid;

    /// A made result of a CT whose axes run k, j, i and backwards: value and number of a voxel are its place.
    fn found() -> (Segmentation, Array3<f32>) {
        let native = Grid::from_columns([2, 3, 4], [[0.0, 0.0, -2.0], [0.0, 0.7, 0.0], [-0.5, 0.0, 0.0]], [0.0; 3]);
        let native = native.expect("axes at right angles");
        let values = Array3::from_shape_fn(native.shape(), |(k, j, i)| (i + 10 * j + 100 * k) as f32);
        let (orientation, cancel) = (Orientation::of(&native), CancelToken::new());
        let ct = orientation.to_canonical(Volume::new(native, values.clone()), &cancel).unwrap();
        let interval = VolumeInterval::under(None, false, false);
        let mut samples = SampleMasks::new(1);
        samples.push(0, &[1]);
        let arrays = Arrays {
            labels: ct.voxels.mapv(|value| value as u16),
            probability: ct.voxels.clone(),
            uncertainty: ct.voxels.mapv(|value| -value),
            kinds: vec![ct.voxels.mapv(|value| 2.0 * value)],
            classes: vec![ClassArrays {
                name: "one".into(),
                probability: ct.voxels.mapv(|value| 3.0 * value),
                uncertainty: ct.voxels.mapv(|value| 4.0 * value),
            }],
            evidence: Some(Evidence { ct, samples }),
            near: None,
        };
        let found = Segmentation {
            nodules: Vec::new(),
            micronodules: Vec::new(),
            min_diameter_mm: 0.0,
            clicks: Vec::new(),
            candidates: None,
            dropped: 0,
            samples: 1,
            threshold: 0.5,
            classify_threshold: None,
            uncertainty: Uncertainty::Variance,
            volume_interval: interval,
            clicked_volume_interval: interval,
            searched_ml: 0.0,
            slices: SliceSteps { ct_mm: 1.0, network_mm: None, interpolated: false },
            warnings: Vec::new(),
            stages: BTreeMap::new(),
            work: Vec::new(),
            of_maps: false,
            arrays,
            orientation,
        };
        (found, values)
    }

    #[test]
    fn native_maps_before_and_after_packing_are_those_of_the_ct_s_own_grid() {
        let (found, values) = found();
        assert!(!found.native().labels.voxels.is_standard_layout(), "a CT whose axes are in another order");
        let check = |found: &Segmentation| {
            let native = found.native();
            assert_eq!(native.labels.grid.dims, [2, 3, 4]);
            assert_eq!(native.labels.voxels, values.mapv(|value| value as u16));
            assert_eq!(native.probability.voxels, values);
            assert_eq!(native.uncertainty.voxels, values.mapv(|value| -value));
            assert_eq!(native.kinds[0].voxels, values.mapv(|value| 2.0 * value));
            assert_eq!(native.classes[0].probability.voxels, values.mapv(|value| 3.0 * value));
            assert_eq!(native.classes[0].uncertainty.voxels, values.mapv(|value| 4.0 * value));
        };
        check(&found);
        let packed = found.pack_native(&CancelToken::new()).unwrap();
        check(&packed);
        let native = packed.native();
        assert!(native.labels.voxels.is_standard_layout() && native.kinds[0].voxels.is_standard_layout());
        assert!(packed.canonical().is_none(), "the CT is gone");
        check(&packed.pack_native(&CancelToken::new()).unwrap());
    }

    #[test]
    fn with_ct_is_the_result_as_the_run_left_it_and_another_grid_is_refused() {
        let (as_run, values) = found();
        let grid = as_run.orientation.native_grid().clone();
        let packed = found().0.pack_native(&CancelToken::new()).unwrap();
        let again = packed.with_ct(Volume::new(grid.clone(), values.clone()), &CancelToken::new()).unwrap();
        let (before, after) = (as_run.canonical().unwrap(), again.canonical().unwrap());
        assert_eq!((before.ct, before.labels, before.samples), (after.ct, after.labels, after.samples));
        assert_eq!((before.probability, before.uncertainty), (after.probability, after.uncertainty));
        let moved = Grid { origin_ras: [1.0, 0.0, 0.0], ..grid };
        let refused = packed.with_ct(Volume::new(moved, values), &CancelToken::new()).unwrap_err();
        assert!(refused.name() == "E_OPTION" && refused.to_string().contains("on another grid"), "{refused}");
    }

    #[test]
    fn laid_on_a_grid_with_its_axes_turned_indices_move_and_no_voxel_does_in_space() {
        let (mut found, _) = found();
        let nodule = Nodule { long_axis_slice: None, ..Nodule::unmeasured(1, [[1.0, 2.0, 0.0], [0.0; 3]], 1.0) };
        found.nodules = vec![nodule];
        let ras = found.orientation.native_grid().ras([1.0, 2.0, 0.0]);
        let number = |found: &Segmentation| {
            let [i, j, k] = found.nodules[0].centroid_ijk.map(|index| index.round() as usize);
            (found.native().labels.voxels[[k, j, i]], found.native().labels.grid.ras(found.nodules[0].centroid_ijk))
        };
        assert_eq!(number(&found), (21, ras));
        let turned = found.orientation.grid();
        assert!(found.voxels_off(&turned).unwrap() < 1e-9);
        let (label, there) = found.laid_on(&turned, |found| {
            assert_eq!(found.native().labels.grid, &turned);
            number(found)
        });
        assert!(label == 21 && (0..3).all(|axis| (there[axis] - ras[axis]).abs() < 1e-9), "{there:?}");
        assert_eq!(number(&found), (21, ras), "it lies where it did again");
    }

    #[test]
    fn from_maps_has_number_place_and_volume_of_each_nodule_and_zeros_for_a_map_that_is_not_there() {
        let grid = Grid::axial([5, 4, 3], [0.5, 1.0, 2.0]);
        let mut labels = Array3::zeros(grid.shape());
        (labels[[1, 2, 1]], labels[[1, 2, 3]], labels[[0, 0, 0]]) = (7, 7, 2);
        let probability = Some(Array3::from_elem(grid.shape(), 0.25));
        let found =
            Segmentation::from_maps(Volume::new(grid.clone(), labels.clone()), probability, None, &CancelToken::new());
        let found = found.unwrap();
        assert_eq!(found.nodules.iter().map(|n| (n.id, n.volume_mm3)).collect::<Vec<_>>(), [(2, 1.0), (7, 2.0)]);
        assert_eq!(found.nodules[1].centroid_ijk, [2.0, 2.0, 1.0]);
        assert_eq!(found.nodules[1].centroid_ras, grid.ras([2.0, 2.0, 1.0]));
        assert!(found.nodules[1].mean_hu.is_nan() && found.threshold.is_nan() && found.of_maps);
        assert_eq!((found.native().labels.voxels, found.native().probability.voxels[[2, 3, 4]]), (labels.view(), 0.25));
        assert!(found.native().uncertainty.voxels.iter().all(|value| *value == 0.0));
        assert_eq!(found.surfaces(Some(7), &CancelToken::new()).unwrap().len(), 1);
    }

    #[test]
    fn from_outlines_measures_by_outline_and_ct_and_knows_nothing_of_samples() {
        // Columns run towards the left and slices downwards: canonical indices differ from the CT's own.
        let columns = [[-0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, -2.0]];
        let grid = Grid::from_columns([20, 20, 8], columns, [30.0, -20.0, 10.0]).unwrap();
        let mut labels = Array3::zeros(grid.shape());
        // 12 x 4 x 1 voxels in slice 2, and one in slice 6.
        for (j, i) in (5..9).flat_map(|j| (3..15).map(move |i| (j, i))) {
            labels[[2, j, i]] = 3;
        }
        labels[[6, 18, 18]] = 1;
        let ct = Array3::from_elem(grid.shape(), 40.0f32);
        let uncertainty = Some(Array3::from_elem(grid.shape(), 0.5f32));
        let of = |hounsfield: bool, uncertainty: Option<Array3<f32>>| {
            let labels = Volume::new(grid.clone(), labels.clone());
            let cancel = CancelToken::new();
            Segmentation::from_outlines(labels, (ct.clone(), hounsfield), None, uncertainty, &cancel).unwrap()
        };
        let found = of(true, uncertainty);
        assert_eq!(found.nodules.iter().map(|nodule| nodule.id).collect::<Vec<_>>(), [1, 3]);
        let nodule = &found.nodules[1];
        assert_eq!((nodule.volume_mm3, nodule.centroid_ijk), (24.0, [8.5, 6.5, 2.0]));
        assert_eq!(nodule.centroid_ras, grid.ras(nodule.centroid_ijk));
        assert_eq!((nodule.long_axis_slice, nodule.mean_hu, nodule.uncertainty_mean), (Some(2.0), 40.0, 0.5));
        assert_eq!((nodule.texture, nodule.mass_mg), ("solid", Some(24.0 * 1.04)));
        // From corner to corner of 5.5 x 1.5 mm between centres, and a voxel of 0.5 mm.
        assert!((nodule.long_axis_mm - (5.5f64.hypot(1.5) + 0.5)).abs() < 0.01, "{}", nodule.long_axis_mm);
        let ends = [nodule.long_axis_3d_start_ras, nodule.long_axis_3d_end_ras];
        let length = (0..3).map(|axis| (ends[0][axis] - ends[1][axis]).powi(2)).sum::<f64>().sqrt();
        assert!((length - nodule.long_axis_3d_mm).abs() < 1e-9, "{ends:?}");
        let middle: [f64; 3] = std::array::from_fn(|axis| (ends[0][axis] + ends[1][axis]) / 2.0);
        let off = (0..3).map(|axis| (middle[axis] - nodule.centroid_ras[axis]).abs()).fold(0.0, f64::max);
        assert!(off < 1e-9, "the long axis of a box goes through its middle: {middle:?}");
        for unknown in [
            nodule.volume_mm3_p05,
            nodule.volume_mm3_p95,
            nodule.sample_volume_mm3_p50,
            nodule.volume_spread,
            nodule.mean_diameter_mm_p05,
            nodule.sample_dice,
            nodule.detection_rate,
            nodule.probability_inside,
            nodule.probability_around,
        ] {
            assert!(unknown.is_nan(), "{nodule:?}");
        }
        assert!(nodule.sample_volumes_mm3.is_empty() && nodule.review_reasons.is_empty() && !nodule.review);
        assert_eq!((nodule.size_bands.bts_volume.own, nodule.size_bands.bts_volume.shares.len()), ("<80 mm³", 0));
        let unsure = of(false, None);
        let nodule = &unsure.nodules[1];
        assert_eq!((nodule.texture, nodule.mass_mg, nodule.mean_hu), ("", None, 40.0));
        assert!(nodule.uncertainty_mean.is_nan());
    }

    #[test]
    fn near_nodules_reaches_as_far_as_it_is_told_in_space() {
        let grid = Grid::axial([9, 1, 3], [2.0, 2.0, 5.0]);
        let mut labels = Array3::zeros(grid.shape());
        labels[[1, 0, 3]] = 1;
        let found = Segmentation::from_maps(Volume::new(grid, labels), None, None, &CancelToken::new()).unwrap();
        let near = found.near_nodules(6.0, &CancelToken::new()).unwrap();
        let columns = |k: usize| (0..9).filter(|i| near[[k, 0, *i]]).collect::<Vec<_>>();
        // 6 mm are 3 voxels in the slice; 5 mm away in the next one sqrt(36 - 25) = 3.3 mm are left, 1 voxel.
        assert_eq!((columns(1), columns(0)), ((0..7).collect(), vec![2, 3, 4]));
    }

    #[test]
    fn canonical_maps_lie_with_k_along_the_patient() {
        let (found, _) = found();
        let canonical = found.canonical().unwrap();
        assert_eq!(canonical.ct.grid.spacing_mm, [0.5, 0.7, 2.0]);
        assert_eq!(canonical.probability, &canonical.ct.voxels);
    }

    #[test]
    fn surfaces_of_a_number_that_no_nodule_has_are_refused_by_name() {
        let (found, _) = found();
        assert_eq!(found.surfaces(Some(3), &CancelToken::new()).unwrap_err().name(), "E_OPTION");
    }
}
