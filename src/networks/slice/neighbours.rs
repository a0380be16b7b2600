//! The network's grid across slices: which slices it answers for, which go in with each, and how they are made from the CT's.
//!
//! A network without a spacing along k of its own answers for the CT's slices. It learned from neighbours a few mm apart. Where
//! the CT's slices lie no further apart than the bundle's `interpolate_above_mm`, neighbours are slices of the CT. Where they
//! lie further apart, a nodule would end before the first neighbour, and be taken for noise: so neighbours lie `step_mm`
//! apart, as the network knows it, and are linear interpolations of the values between the CT's slices. The slice that is
//! answered for is one of the CT's own in both cases.
//!
//! A network with a spacing along k has slices of its own, at multiples of it from the CT's first slice; each is a linear
//! interpolation. Its neighbours are counted in these.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, Axis};
use serde::Serialize;

use crate::{
    contract::network::{Neighbours, Network},
    space::grid::Grid,
    steps::resample::{PixelAxis, Tap, bilinear},
};

/// The slices that a network answers for, along k.
#[derive(Debug, Clone, Copy)]
pub struct SliceAxis {
    axis: PixelAxis,
    /// Distance of its slices in mm.
    spacing_mm: f64,
    /// Slices of the CT.
    ct: usize,
}

impl SliceAxis {
    /// Those of `network` over a CT on `grid`: the CT's own unless the network has a spacing along k.
    pub fn new(network: &Network, grid: &Grid) -> Self {
        let own_mm = network.grid.spacing_mm[0];
        SliceAxis {
            axis: PixelAxis::new(grid.dims[2], grid.spacing_mm[2], own_mm),
            spacing_mm: own_mm.unwrap_or(grid.spacing_mm[2]),
            ct: grid.dims[2],
        }
    }

    /// How many there are: the last lies at or beyond the CT's last.
    pub fn count(&self) -> usize {
        self.axis.pixels()
    }

    /// Where slice `n` lies, in slices of the CT.
    pub fn position(&self, n: usize) -> f64 {
        self.axis.to_native(n as f64)
    }
}

/// A slice that goes in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The CT's slices that it is made from.
    pub tap: Tap,
    /// Its distance from the slice that is answered for, in mm; negative towards the feet.
    pub offset_mm: f32,
}

/// How far slices lie apart, as a manifest tells it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SliceSteps {
    /// Distance of the CT's neighbouring slices in mm, along the patient.
    pub ct_mm: f64,
    /// Distance of the neighbours that the network was given, in mm; `None`: it takes none.
    pub network_mm: Option<f64>,
    /// True: they are interpolated between the CT's slices.
    pub interpolated: bool,
}

impl SliceSteps {
    /// The steps of a network with `network` over a CT on `grid`; of a hybrid those of its slice network.
    pub fn of(network: &Network, grid: &Grid) -> Self {
        let network = network.hybrid.as_ref().map_or(network, |hybrid| &hybrid.fine);
        let slices_mm = SliceAxis::new(network, grid).spacing_mm;
        let neighbours = network.neighbours.as_ref();
        let between = neighbours.is_some_and(|n| interpolates(n, slices_mm));
        let network_mm = neighbours.map(|n| if between { step_mm(n) } else { steps(n, slices_mm) as f64 * slices_mm });
        let interpolated = between || (network_mm.is_some() && network.grid.spacing_mm[0].is_some());
        SliceSteps { ct_mm: grid.spacing_mm[2], network_mm, interpolated }
    }
}

fn interpolates(spec: &Neighbours, spacing_mm: f64) -> bool {
    spec.step_mm.is_some() && spec.interpolate_above_mm.is_some_and(|most| spacing_mm > most)
}

/// Distance aimed at; none where it is counted in slices.
fn step_mm(spec: &Neighbours) -> f64 {
    spec.step_mm.unwrap_or(0.0)
}

/// Slices a step: as counted, else what comes nearest to `step_mm`, halves rounded up; one at least.
fn steps(spec: &Neighbours, spacing_mm: f64) -> i64 {
    if let Some(slices) = spec.step_slices {
        return slices as i64;
    }
    ((step_mm(spec) / spacing_mm + 0.5).floor() as i64).max(1)
}

/// The slices that go in for slice `n` of `axis`, from the feet to the head. Beyond the volume's end the last slice inside
/// takes a neighbour's place, with its true distance.
pub fn neighbours(network: &Network, axis: &SliceAxis, n: usize) -> Vec<Neighbour> {
    let at = |place: f64| Tap::at(place * axis.axis.to_native(1.0), axis.ct);
    let Some(spec) = &network.neighbours else {
        return vec![Neighbour { tap: at(n as f64), offset_mm: 0.0 }];
    };
    let spacing = axis.spacing_mm;
    let step = if interpolates(spec, spacing) { step_mm(spec) / spacing } else { steps(spec, spacing) as f64 };
    let last = axis.count() as f64 - 1.0;
    let each_side = spec.each_side as i64;
    let neighbour = |side: i64| {
        let place = (n as f64 + side as f64 * step).clamp(0.0, last);
        Neighbour { tap: at(place), offset_mm: ((place - n as f64) * spacing) as f32 }
    };
    (-each_side..=each_side).map(neighbour).collect()
}

/// Values of `neighbours` at the crossings of `rows` and `columns`: (S, H, W), one slice after the other.
pub fn stack(voxels: &Array3<f32>, neighbours: &[Neighbour], rows: &[Tap], columns: &[Tap]) -> Array3<f32> {
    // Neighbours share the CT's slices: each is sampled once.
    let used = neighbours.iter().flat_map(|n| [n.tap.low, if n.tap.weight == 0.0 { n.tap.low } else { n.tap.high }]);
    let plane = |k: usize| bilinear(voxels.index_axis(Axis(0), k), rows, columns);
    let mut planes: BTreeMap<usize, Array2<f32>> = BTreeMap::new();
    for k in used {
        planes.entry(k).or_insert_with(|| plane(k));
    }
    let mut stack = Array3::zeros((neighbours.len(), rows.len(), columns.len()));
    for (mut slice, Neighbour { tap, .. }) in stack.outer_iter_mut().zip(neighbours) {
        slice.assign(&planes[&tap.low]);
        if tap.weight > 0.0 {
            slice.zip_mut_with(&planes[&tap.high], |low, high| *low += (high - *low) * tap.weight);
        }
    }
    stack
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, ArrayView3, s};

    use super::*;
    use crate::{
        contract::{model::Model, uncertainty::Uncertainty},
        networks::{
            clicks::Clicks,
            images::Images,
            kinds::{Cutting, OfKind},
            made::{self, Arithmetic, Decode},
            roles::Segmenter,
            sampling::Sampling,
        },
        progress::{CancelToken, Monitor, Stage},
        space::volume::Volume,
    };

    /// Each side's slices 2 mm apart, interpolated above 2.5 mm.
    fn spec(each_side: usize) -> Model {
        let json = include_str!("../../../tests/bundles/tiny-thick/model.json");
        let mut spec = crate::contract::bundle::parse("test".as_ref(), json.as_bytes()).expect("a committed bundle");
        spec.segment.grid.spacing_mm = [None; 3];
        (spec.segment.grid.multiple, spec.segment.halo_px) = (1, 0);
        spec.segment.neighbours.as_mut().expect("it has some").each_side = each_side;
        spec
    }

    fn on(network: &Network, grid: &Grid, k: usize) -> Vec<Neighbour> {
        neighbours(network, &SliceAxis::new(network, grid), k)
    }

    fn offsets_mm(spacing_mm: f64, k: usize, each_side: usize) -> Vec<f32> {
        let grid = Grid::axial([4, 4, 9], [1.0, 1.0, spacing_mm]);
        on(&spec(each_side).segment, &grid, k).iter().map(|n| n.offset_mm).collect()
    }

    #[test]
    fn neighbours_of_thin_slices_are_the_ct_s_own_as_near_to_the_step_as_they_lie() {
        for (spacing_mm, offset) in [(0.5, 2.0), (0.625, 1.875), (1.0, 2.0), (1.25, 2.5), (1.5, 1.5), (2.5, 2.5)] {
            assert_eq!(offsets_mm(spacing_mm, 4, 1), [-offset, 0.0, offset]);
            let grid = Grid::axial([4, 4, 9], [1.0, 1.0, spacing_mm]);
            assert!(on(&spec(1).segment, &grid, 4).iter().all(|n| n.tap.weight == 0.0), "{spacing_mm}");
        }
        // Beyond the end the last slice, with its true distance.
        assert_eq!(offsets_mm(1.0, 8, 2), [-4.0, -2.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn neighbours_of_thick_slices_lie_the_network_s_step_apart_between_them() {
        assert_eq!(offsets_mm(5.0, 4, 3), [-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0]);
        assert_eq!(offsets_mm(5.0, 8, 3), [-6.0, -4.0, -2.0, 0.0, 0.0, 0.0, 0.0]);
        let grid = Grid::axial([4, 4, 9], [1.0, 1.0, 5.0]);
        let [below, own, above] = on(&spec(1).segment, &grid, 4)[..] else { panic!("three go in") };
        assert_eq!((below.tap, own.tap.low, own.tap.weight), (Tap { low: 3, high: 4, weight: 0.6 }, 4, 0.0));
        assert_eq!(above.tap, Tap { low: 4, high: 5, weight: 0.4 });
    }

    #[test]
    fn stack_of_a_ramp_along_the_patient_holds_its_values_at_the_neighbours() {
        let grid = Grid::axial([3, 2, 9], [1.0, 1.0, 5.0]);
        let hu = |z_mm: f64| (20.0 * z_mm - 800.0) as f32;
        let ct = Volume::new(grid.clone(), Array3::from_shape_fn(grid.shape(), |(k, ..)| hu(5.0 * k as f64)));
        let taps = |len: usize| (0..len).map(|n| Tap::at(n as f64, len)).collect::<Vec<_>>();
        for k in 0..9 {
            let neighbours = on(&spec(3).segment, &grid, k);
            let stack = stack(&ct.voxels, &neighbours, &taps(2), &taps(3));
            for (slice, n) in stack.outer_iter().zip(&neighbours) {
                let wanted = hu(5.0 * k as f64 + f64::from(n.offset_mm));
                assert!(slice.iter().all(|got| (got - wanted).abs() < 1e-3), "slice {k}, {} mm", n.offset_mm);
            }
        }
    }

    #[test]
    fn neighbours_of_a_network_with_slices_of_its_own_are_counted_in_these() {
        // 9 slices of 1.5 mm reach 12 mm: slices at 0, 2, … 12 mm.
        let mut network = made::slice();
        network.grid.spacing_mm[0] = Some(2.0);
        network.neighbours = spec(1).segment.neighbours.map(|n| Neighbours { step_mm: Some(4.0), ..n });
        let grid = Grid::axial([4, 4, 9], [1.0, 1.0, 1.5]);
        let axis = SliceAxis::new(&network, &grid);
        assert_eq!((axis.count(), axis.position(3)), (7, 4.0));
        let found = neighbours(&network, &axis, 4);
        assert_eq!(found.iter().map(|n| n.offset_mm).collect::<Vec<_>>(), [-4.0, 0.0, 4.0]);
        // 4, 8 and 12 mm are slices 2.67, 5.33 and 8.
        let positions: Vec<f64> = found.iter().map(|n| n.tap.low as f64 + f64::from(n.tap.weight)).collect();
        assert!(positions.iter().zip([8.0 / 3.0, 16.0 / 3.0, 8.0]).all(|(a, b)| (a - b).abs() < 1e-6), "{positions:?}");
        assert_eq!(neighbours(&network, &axis, 0)[0].offset_mm, 0.0, "before the first slice it comes again");
        let steps = SliceSteps::of(&network, &grid);
        assert_eq!(steps, SliceSteps { ct_mm: 1.5, network_mm: Some(4.0), interpolated: true });
    }

    #[test]
    fn neighbours_of_a_slab_are_the_next_slices_whatever_their_distance() {
        let mut network = made::slice();
        network.neighbours =
            Some(Neighbours { each_side: 2, step_mm: None, step_slices: Some(2), interpolate_above_mm: None });
        let found = on(&network, &Grid::axial([4, 4, 9], [1.0, 1.0, 3.0]), 3);
        assert_eq!(found.iter().map(|n| n.tap.low).collect::<Vec<_>>(), [0, 1, 3, 5, 7]);
        assert_eq!(found.iter().map(|n| n.offset_mm).collect::<Vec<_>>(), [-9.0, -6.0, 0.0, 6.0, 12.0]);
    }

    #[test]
    fn slice_steps_say_what_the_network_was_given() {
        let steps = |spacing_mm: f64| SliceSteps::of(&spec(1).segment, &Grid::axial([4, 4, 9], [1.0, 1.0, spacing_mm]));
        assert_eq!(steps(1.25), SliceSteps { ct_mm: 1.25, network_mm: Some(2.5), interpolated: false });
        assert_eq!(steps(5.0), SliceSteps { ct_mm: 5.0, network_mm: Some(2.0), interpolated: true });
    }

    /// Mean probability of a run over the whole of `ct` by a network whose decoder is `decode`; every sample says the same.
    fn probability(ct: &Volume<f32>, spec: &Model, decode: Decode) -> Array3<f32> {
        let (uncertainty, threshold) = (Uncertainty::Entropy, 0.5);
        let sampling = Sampling { seed: 0, samples: 2, batch: 8, threshold, uncertainty, kinds: &[] };
        let mut network = Cutting::One(Box::new(Arithmetic::new(decode)));
        let mut segmenter = OfKind::new("segment", &spec.segment, 1, &mut network).segmenter();
        let everywhere = Array3::from_elem(ct.voxels.raw_dim(), true);
        let channels = [(&ct.voxels, spec.channels[0].normalise)];
        let images = Images::new(&ct.grid, channels, &CancelToken::new()).expect("nobody cancels");
        let mut monitor = Monitor::silent();
        let stage = Stage::Segment;
        let found = segmenter.segment(&images, &everywhere, &Clicks::default(), &sampling, stage, &mut monitor);
        found.expect("a good CT").into_probability()
    }

    /// The slices that go in: (S, H, W).
    fn slices(image: &ArrayD<f32>) -> ArrayView3<'_, f32> {
        image.view().index_axis_move(Axis(0), 0).into_dimensionality().expect("slices")
    }

    /// A ball of soft tissue in air, each slice the mean over its thickness, as a scanner makes them.
    fn ball(radius_mm: f64, slice_mm: f64, shift_mm: f64) -> Volume<f32> {
        const FINE: usize = 50;
        let grid = Grid::axial([40, 40, (60.0 / slice_mm) as usize], [1.0, 1.0, slice_mm]);
        let middle = [19.5, 19.5, (grid.dims[2] as f64 - 1.0) / 2.0 * slice_mm + shift_mm];
        let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| {
            let across = (i as f64 - middle[0]).powi(2) + (j as f64 - middle[1]).powi(2);
            let z = |n: usize| (k as f64 + (n as f64 + 0.5) / FINE as f64 - 0.5) * slice_mm - middle[2];
            let inside = (0..FINE).filter(|n| across + z(*n).powi(2) < radius_mm * radius_mm).count();
            -900.0 + 940.0 * inside as f32 / FINE as f32
        });
        Volume::new(grid, voxels)
    }

    #[test]
    fn answer_of_a_network_that_looks_at_its_own_slice_alone_is_that_of_the_thick_ct_s_slices() {
        let own: Decode = |image, _, _, _| slices(image).slice(s![3..4, .., ..]).mapv(|x| 6.0 * x - 3.0).into_dyn();
        let (ct, spec) = (ball(9.0, 6.0, 1.3), spec(3));
        for (got, hu) in probability(&ct, &spec, own).iter().zip(&ct.voxels) {
            let x = ((hu + 1000.0) / 1400.0).clamp(0.0, 1.0);
            let wanted = spec.segment.calibration.probability(6.0 * x - 3.0);
            assert!((f64::from(*got) - wanted).abs() < 1e-6, "{hu} HU: {got}, not {wanted}");
        }
    }

    #[test]
    fn answer_of_a_network_that_wants_a_nodule_in_three_slices_outlines_a_thick_ball_by_interpolation_alone() {
        // Soft here and in two more of the seven slices: at the network's 2 mm, what is 4 to 6 mm long at least.
        let three: Decode = |image, _, _, _| {
            let soft = slices(image).mapv(|x| if x > 0.4 { 1.0 } else { 0.0 });
            let here = soft.index_axis(Axis(0), 3).to_owned();
            (soft.sum_axis(Axis(0)) * here).mapv(|n| n - 2.5).insert_axis(Axis(0)).into_dyn()
        };
        let (radius, interpolating) = (6.5, spec(3));
        let known = 4.0 / 3.0 * std::f64::consts::PI * f64::powi(radius, 3);
        let mut stepping = spec(3);
        stepping.segment.neighbours.as_mut().expect("it has some").interpolate_above_mm = None;
        for shift_mm in [0.0, 1.2, 2.5] {
            let ct = ball(radius, 5.0, shift_mm);
            let volume = |spec: &Model| {
                let found = probability(&ct, spec, three);
                found.iter().filter(|p| **p > 0.5).count() as f64 * ct.grid.voxel_mm3()
            };
            let (with, without) = (volume(&interpolating) / known, volume(&stepping) / known);
            // Slices of 5 mm hold a ball of 13 mm to about a tenth.
            assert!((with - 1.0).abs() < 0.1, "shifted {shift_mm} mm: {with:.2} of the ball");
            assert!(without < 0.7, "shifted {shift_mm} mm: {without:.2} of the ball without interpolation");
        }
    }
}
