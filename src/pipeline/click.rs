//! What clicks change: the segmenter runs around them, with the clicks if its network takes any, and its answer takes the
//! place of what was outlined there before.
//!
//! Enters: the outlines of an automatic run, or those of an earlier result. Leaves them changed at the nodules that were
//! clicked on, and as they were, bit for bit, everywhere else:
//!
//! - What the new answer outlines at a click replaces the earlier outlines that it is another version of, or is added. Other
//!   outlines of that answer don't count.
//! - The maps take the new answer's values within [`REACH_MM`] of such a nodule (and of what it replaced), but not nearer to
//!   any other outline.
//!
//! Where the segmenter is run says [`super::click_boxes`]. Both hold for a run with clicks ([`super::run`]) and for clicks on an earlier result ([`super::again`]).

use std::collections::BTreeMap;

use ndarray::{Array3, Axis, Zip};

use super::{
    click_boxes::ClickBoxes,
    outlines::{Outlines, Parts, ProbabilityMaps},
};
use crate::{
    contract::network::Network,
    error::Result,
    findings::REACH_MM,
    networks::{
        answers::{Answers, ClassAnswer},
        clicks::Clicks,
        images::Images,
        roles::Segmenter,
        sampling::Sampling,
    },
    progress::{CancelToken, Monitor, Stage},
    space::{grid::Grid, volume::Voi},
    steps::distance::squared_distance,
    threads::{self, SLAB},
};

/// Two outlines are versions of one nodule when they share this part of the smaller one.
const SHARED_PART: f64 = 0.5;

/// What the segmenter says around clicks, and where that counts.
#[derive(Debug)]
pub struct Clicked {
    /// Its answers.
    pub answers: Answers,
    /// Where it was run.
    pub region: Array3<bool>,
    /// Where the maps change to its values.
    pub changed: Array3<bool>,
    /// The new outlines.
    pub drawn: Vec<Drawn>,
}

/// A new outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Its label.
    pub label: u32,
    /// Labels of the outlines that it replaced, each with the number of voxels that they share.
    pub replaced: Vec<(u32, usize)>,
    /// Array indices of its voxels, and of those that it replaced.
    footprint: Vec<[usize; 3]>,
}

/// Runs `segmenter`, which is as `spec` says, around the clicks and lets its outlines into `outlines`.
///
/// # Errors
/// As [`Segmenter::segment`].
pub fn around<S: Segmenter + ?Sized>(
    (segmenter, spec): (&mut S, &Network),
    images: &Images<'_>,
    (clicks, shown): (&Clicks, &Clicks),
    sampling: &Sampling,
    outlines: &mut Outlines,
    monitor: &mut Monitor<'_>,
) -> Result<Clicked> {
    let inside = &clicks.inside;
    let mut boxes = ClickBoxes::new(spec, images.grid, inside, outlines);
    loop {
        let mut region = boxes.region();
        let mut answers = segmenter.segment(images, &region, shown, sampling, Stage::Click, monitor)?;
        answers.classes.iter_mut().for_each(|class| clear_beyond(&mut class.probability, &region));
        let classes = answers.classes.iter().map(|class| &class.probability).collect();
        let maps = ProbabilityMaps { grid: images.grid, classes, threshold: sampling.threshold };
        let fresh = maps.outlines(inside, monitor.cancel_token())?;
        if boxes.grow(&fresh) {
            continue;
        }
        let drawn = replace(outlines, (&maps, &fresh), inside, monitor)?;
        if boxes.tells_beyond() {
            drawn.iter().flat_map(|drawn| &drawn.footprint).for_each(|index| region[*index] = true);
        }
        let changed = changed_voxels(images.grid, outlines, &drawn, &region, monitor.cancel_token())?;
        return Ok(Clicked { answers, region, changed, drawn });
    }
}

/// Networks may answer beyond the region, where they didn't sample. What is 0 already isn't written: memory that nobody wrote
/// to takes none.
pub fn clear_beyond(probability: &mut Array3<f32>, region: &Array3<bool>) {
    let slabs = probability.axis_chunks_iter_mut(Axis(0), SLAB).zip(region.axis_chunks_iter(Axis(0), SLAB));
    threads::each(slabs, |(probability, region)| {
        Zip::from(probability).and(region).for_each(|p, inside| {
            if !*inside && *p != 0.0 {
                *p = 0.0;
            }
        });
    });
}

/// Puts `fresh`, the outlines of `maps`, the new answer, at the clicks in the place of earlier outlines. Where it shows
/// nothing the earlier outline stays; where there is none either, a lower threshold is tried.
fn replace(
    outlines: &mut Outlines,
    (maps, fresh): (&ProbabilityMaps<'_>, &Outlines),
    inside: &[[usize; 3]],
    monitor: &Monitor<'_>,
) -> Result<Vec<Drawn>> {
    let parts = &mut outlines.parts;
    let mut outlined: BTreeMap<u32, Vec<[usize; 3]>> = BTreeMap::new();
    for label in fresh.asked.iter().flatten() {
        monitor.check()?;
        outlined.entry(*label).or_insert_with(|| fresh.parts.voxels(*label).collect());
    }
    // All that is replaced goes first: the order of clicks must not matter.
    let replaced: Vec<Vec<(u32, usize)>> = outlined.values().map(|own| versions(own, parts)).collect();
    let gone = |(label, _): &(u32, usize)| parts.voxels(*label).collect::<Vec<_>>();
    let earlier: Vec<Vec<[usize; 3]>> = replaced.iter().map(|labels| labels.iter().flat_map(gone).collect()).collect();
    monitor.check()?;
    replaced.iter().flatten().for_each(|(label, _)| parts.components.remove(*label));

    let (mut drawn, mut label_of) = (Vec::new(), BTreeMap::new());
    for (((fresh_label, own), earlier), replaced) in outlined.into_iter().zip(earlier).zip(replaced) {
        monitor.check()?;
        let free: Vec<[usize; 3]> = own.into_iter().filter(|index| parts.components.labels[*index] == 0).collect();
        if !free.is_empty() {
            let label = parts.add(&free, fresh.parts.class(fresh_label));
            label_of.insert(fresh_label, label);
            drawn.push(Drawn { label, replaced, footprint: [free, earlier].concat() });
        }
    }
    for (n, label) in fresh.asked.iter().enumerate() {
        let label = label.as_ref().and_then(|label| label_of.get(label)).copied();
        outlines.asked[n] = label.or_else(|| maps.nearest(&outlines.parts.components, inside[n]));
    }
    maps.lower_threshold(outlines, inside, monitor)?;
    for label in outlines.lowered.iter().copied() {
        let footprint = outlines.parts.voxels(label).collect();
        drawn.push(Drawn { label, replaced: Vec::new(), footprint });
    }
    outlines.clicked.extend(drawn.iter().map(|drawn| drawn.label));
    Ok(drawn)
}

/// Labels of the components that `own` is another version of, each with the number of voxels that they share.
fn versions(own: &[[usize; 3]], parts: &Parts) -> Vec<(u32, usize)> {
    let mut shared: BTreeMap<u32, usize> = BTreeMap::new();
    for index in own {
        *shared.entry(parts.components.labels[*index]).or_default() += 1;
    }
    shared.remove(&0);
    let smaller = |label: u32| own.len().min(parts.component(label).voxels) as f64;
    shared.into_iter().filter(|(label, n)| *n as f64 >= SHARED_PART * smaller(*label)).collect()
}

/// Where the maps change to the new answer's values.
fn changed_voxels(
    grid: &Grid,
    outlines: &Outlines,
    drawn: &[Drawn],
    region: &Array3<bool>,
    cancel: &CancelToken,
) -> Result<Array3<bool>> {
    let mut changed = Array3::from_elem(grid.shape(), false);
    let [x_mm, y_mm, z_mm] = grid.spacing_mm;
    for Drawn { footprint, .. } in drawn {
        // What lies nearer to a voxel within reach than the nodule does lies within twice the reach of the nodule.
        let frame = box_of(footprint).grown(grid.steps(2.0 * REACH_MM), grid.dims);
        let [i0, j0, k0] = frame.start;
        let [width, height, depth] = frame.size();
        let mut own = Array3::from_elem((depth, height, width), false);
        footprint.iter().for_each(|[k, j, i]| own[[k - k0, j - j0, i - i0]] = true);
        cancel.check()?;
        let other = Array3::from_shape_fn(own.dim(), |(k, j, i)| {
            let label = outlines.parts.components.labels[[k0 + k, j0 + j, i0 + i]];
            label != 0 && !outlines.clicked.contains(&label)
        });
        let to_own = squared_distance(&own, [z_mm, y_mm, x_mm], cancel)?;
        let to_other = squared_distance(&other, [z_mm, y_mm, x_mm], cancel)?;
        cancel.check()?;
        for (index, (own, other)) in frame.indices().zip(to_own.iter().zip(&to_other)) {
            changed[index] |= *own <= (REACH_MM * REACH_MM) as f32 && own <= other && region[index];
        }
    }
    Ok(changed)
}

/// The box around voxels.
fn box_of(footprint: &[[usize; 3]]) -> Voi {
    let mut boxes = footprint.iter().map(|[k, j, i]| Voi::voxel([*i, *j, *k]));
    let mut voi = boxes.next().expect("a footprint has voxels");
    boxes.for_each(|voxel| voi.include(voxel.start));
    voi
}

/// Puts the values of `clicked` into `whole` where `changed` is true.
///
/// # Errors
/// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn replace_values(
    whole: &mut Answers,
    clicked: &Answers,
    changed: &Array3<bool>,
    cancel: &CancelToken,
) -> Result<()> {
    for (whole, clicked) in whole.classes.iter_mut().zip(&clicked.classes) {
        for (whole, part) in whole.maps_mut().into_iter().zip(clicked.maps()) {
            replace_map(whole, part, changed, cancel)?;
        }
        cancel.check()?;
        let flags = changed.as_slice().expect("a new array is contiguous");
        whole.samples = whole.samples.with(&clicked.samples, |index| flags[index as usize])?;
    }
    Ok(())
}

/// Puts the values of `part` into `whole` where `changed` is true.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn replace_map(
    whole: &mut Array3<f32>,
    part: &Array3<f32>,
    changed: &Array3<bool>,
    cancel: &CancelToken,
) -> Result<()> {
    for ((mut whole, part), changed) in whole.outer_iter_mut().zip(part.outer_iter()).zip(changed.outer_iter()) {
        cancel.check()?;
        // Most slices hold none.
        if changed.iter().any(|changed| *changed) {
            Zip::from(&mut whole).and(&part).and(&changed).for_each(|value, part, changed| {
                *value = if *changed { *part } else { *value };
            });
        }
    }
    Ok(())
}

impl ClassAnswer {
    /// All its maps, in one order.
    pub(super) fn maps(&self) -> Vec<&Array3<f32>> {
        [&self.probability, &self.uncertainty].into_iter().chain(&self.kinds).collect()
    }

    /// The same, to change them.
    pub(super) fn maps_mut(&mut self) -> Vec<&mut Array3<f32>> {
        [&mut self.probability, &mut self.uncertainty].into_iter().chain(&mut self.kinds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::sample_masks::SampleMasks;

    const THRESHOLD: f64 = 0.5;

    /// A row of voxels of 2 mm.
    fn grid(len: usize) -> Grid {
        Grid::axial([len, 1, 1], [2.0; 3])
    }

    fn map(row: &[f32]) -> Array3<f32> {
        Array3::from_shape_vec((1, 1, row.len()), row.to_vec()).unwrap()
    }

    /// Outlines of the automatic row after those of the row with clicks came in, and their drawn.
    fn replaced(automatic: &[f32], clicked: &[f32], at: &[usize]) -> (Outlines, Vec<Drawn>) {
        let (grid, at) = (grid(automatic.len()), at.iter().map(|i| [*i, 0, 0]).collect::<Vec<_>>());
        let (automatic, clicked) = (map(automatic), map(clicked));
        let maps = |probability| ProbabilityMaps { grid: &grid, classes: vec![probability], threshold: THRESHOLD };
        let mut outlines = maps(&automatic).outlines(&at, &CancelToken::new()).unwrap();
        let maps = maps(&clicked);
        let fresh = maps.outlines(&at, &CancelToken::new()).unwrap();
        let drawn = replace(&mut outlines, (&maps, &fresh), &at, &Monitor::silent()).unwrap();
        (outlines, drawn)
    }

    fn labels(outlines: &Outlines) -> Vec<u32> {
        outlines.parts.components.labels.iter().copied().collect()
    }

    fn columns(drawn: &Drawn) -> Vec<usize> {
        let mut columns: Vec<_> = drawn.footprint.iter().map(|[_, _, i]| *i).collect();
        columns.sort_unstable();
        columns
    }

    #[test]
    fn replace_smaller_or_larger_version_takes_the_place_of_the_automatic_one() {
        let (found, drawn) = replaced(&[0.0, 0.9, 0.9, 0.9, 0.9, 0.0, 0.9], &[0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0], &[2]);
        assert_eq!(labels(&found), [0, 0, 3, 0, 0, 0, 2]);
        assert_eq!((found.asked, found.clicked, found.lowered), (vec![Some(3)], vec![3], vec![]));
        // What it gave up changes with it.
        assert_eq!(columns(&drawn[0]), [1, 2, 2, 3, 4]);
        let (found, _) = replaced(&[0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.9], &[0.0, 0.9, 0.9, 0.9, 0.9, 0.0, 0.0], &[2]);
        assert_eq!(labels(&found), [0, 3, 3, 3, 3, 0, 2]);
    }

    #[test]
    fn replace_nodule_that_the_automatic_run_missed_is_added() {
        let (found, _) = replaced(&[0.9, 0.0, 0.0, 0.0, 0.2, 0.2], &[0.0, 0.0, 0.0, 0.0, 0.8, 0.8], &[4]);
        assert_eq!(labels(&found), [1, 0, 0, 0, 2, 2]);
        assert_eq!((found.asked, found.clicked), (vec![Some(2)], vec![2]));
    }

    #[test]
    fn replace_outline_that_runs_into_another_nodule_leaves_it_its_voxels() {
        // Shared: one of four voxels of the one and of four of the other.
        let (found, drawn) =
            replaced(&[0.0, 0.0, 0.0, 0.9, 0.9, 0.9, 0.9, 0.0], &[0.9, 0.9, 0.9, 0.9, 0.0, 0.0, 0.0, 0.0], &[0]);
        assert_eq!(labels(&found), [2, 2, 2, 1, 1, 1, 1, 0]);
        assert_eq!(columns(&drawn[0]), [0, 1, 2]);
    }

    #[test]
    fn replace_outlines_of_the_other_run_that_nobody_asked_for_do_not_count() {
        let (found, _) =
            replaced(&[0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.9], &[0.0, 0.0, 0.9, 0.0, 0.9, 0.0, 0.0, 0.0], &[2]);
        assert_eq!(labels(&found), [1, 0, 3, 0, 0, 0, 2, 2]);
    }

    #[test]
    fn replace_two_clicks_in_any_order_give_the_same_outlines() {
        let (automatic, clicked) = ([0.9, 0.9, 0.9, 0.9, 0.9, 0.9], [0.9, 0.9, 0.0, 0.0, 0.9, 0.9]);
        let (one, _) = replaced(&automatic, &clicked, &[0, 5]);
        let (other, _) = replaced(&automatic, &clicked, &[5, 0]);
        assert_eq!(labels(&one), [2, 2, 0, 0, 3, 3]);
        assert_eq!(labels(&one), labels(&other));
        assert_eq!((one.asked, other.asked), (vec![Some(2), Some(3)], vec![Some(3), Some(2)]));
    }

    #[test]
    fn replace_where_clicks_show_nothing_the_automatic_outline_stays_else_a_lower_threshold_is_tried() {
        let (found, drawn) = replaced(&[0.9, 0.9, 0.0, 0.0], &[0.0, 0.3, 0.0, 0.0], &[1]);
        assert_eq!((labels(&found), found.asked, found.clicked), (vec![1, 1, 0, 0], vec![Some(1)], vec![]));
        assert!(drawn.is_empty());
        let (found, drawn) = replaced(&[0.0; 4], &[0.0, 0.3, 0.2, 0.1], &[1]);
        assert_eq!((labels(&found), found.asked), (vec![0, 1, 1, 0], vec![Some(1)]));
        assert_eq!((found.clicked, found.lowered), (vec![1], vec![1]));
        assert_eq!(columns(&drawn[0]), [1, 2]);
    }

    #[test]
    fn taken_reaches_10_mm_but_no_nearer_to_another_outline_and_not_beyond_the_region() {
        let mut automatic = vec![0.0; 40];
        automatic[26] = 0.9;
        let mut clicked = vec![0.0; 40];
        clicked[20] = 0.9;
        let (outlines, drawn) = replaced(&automatic, &clicked, &[20]);
        let mut region = Array3::from_elem((1, 1, 40), true);
        region[[0, 0, 16]] = false;
        let changed = changed_voxels(&grid(40), &outlines, &drawn, &region, &CancelToken::new()).unwrap();
        let held: Vec<usize> = (0..40).filter(|i| changed[[0, 0, *i]]).collect();
        // Voxel 23 lies as far from both; 25 is within reach and nearer to the other.
        assert_eq!(held, [15, 17, 18, 19, 20, 21, 22, 23]);
    }

    #[test]
    fn replace_values_changes_maps_and_samples_there_and_nowhere_else() {
        let answers = |value: f32, bits: u64| {
            let mut samples = SampleMasks::new(2);
            (0..3).for_each(|index| samples.push(index, &[bits]));
            samples.finish();
            let (probability, uncertainty) = (map(&[value; 3]), map(&[value / 2.0; 3]));
            let kinds = vec![map(&[value / 4.0; 3])];
            Answers { classes: vec![ClassAnswer { probability, uncertainty, kinds, samples }] }
        };
        let mut automatic = answers(0.25, 0b01);
        let changed = Array3::from_shape_vec((1, 1, 3), vec![false, true, false]).unwrap();
        replace_values(&mut automatic, &answers(0.75, 0b10), &changed, &CancelToken::new()).unwrap();
        let found = &automatic.classes[0];
        assert_eq!(found.probability, map(&[0.25, 0.75, 0.25]));
        assert_eq!(found.uncertainty, map(&[0.125, 0.375, 0.125]));
        assert_eq!(found.kinds[0], map(&[0.0625, 0.1875, 0.0625]));
        let bits: Vec<u64> = (0..3).map(|index| found.samples.get(index).unwrap()[0]).collect();
        assert_eq!(bits, [0b01, 0b10, 0b01]);
    }

    #[test]
    fn replace_tells_how_much_the_new_outline_shares_with_each_that_it_replaced() {
        let (_, drawn) = replaced(&[0.9, 0.9, 0.0, 0.9, 0.0], &[0.9, 0.9, 0.9, 0.9, 0.9], &[2]);
        assert_eq!((drawn[0].label, drawn[0].replaced.clone()), (3, vec![(1, 2), (2, 1)]));
    }
}
