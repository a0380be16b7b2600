//! What clicks change: the network runs again around them, with the clicks before its decoder, and its answer takes the
//! place of the automatic one for the nodules that were asked for.
//!
//! Enters: the maps and outlines of the automatic run, which knows of no click. Leaves them changed at these nodules, and as
//! they were, bit for bit, everywhere else:
//!
//! - What the run with clicks outlines at a voxel asked for replaces the automatic outlines that it is another version
//!   of, or is added. Other outlines of that run don't count.
//! - The maps take that run's values within [`REACH_MM`] of such a nodule (and of what it replaced), but not nearer to any
//!   other automatic outline.

use std::collections::BTreeMap;

use ndarray::{Array3, Zip};

use crate::{
    error::Result,
    progress::{CancelToken, Monitor, Stage},
    space::{grid::Grid, volume::Voi},
    steps::{components::Components, distance::squared_distance},
};
use crate::{
    networks::{answers::Answers, clicks::Clicks, images::Images, roles::Segmenter, sampling::Sampling},
    pipeline::outlines::{Field, Outlines, voxels},
};

/// Half the side of the box around a voxel asked for that is run again, in mm: a nodule (at most 30 mm) fits whatever
/// voxel of it is clicked on.
const BOX_MM: f64 = 30.0;
/// How far around a nodule asked for the maps change, and how much room the box leaves around its automatic outline, in
/// mm: as far as a sample's outline may reach beyond the label.
const REACH_MM: f64 = 10.0;
/// Two outlines are versions of one nodule when they share this part of the smaller one.
const SHARED_PART: f64 = 0.5;

/// Runs `segmenter` with the clicks around those inside and lets its answer into `automatic` and `outlines`. Returns where it
/// was run.
///
/// # Errors
/// As [`Segmenter::segment`].
pub fn refine(
    segmenter: &mut impl Segmenter,
    images: &Images<'_>,
    clicks: &Clicks,
    sampling: &Sampling,
    (automatic, outlines): (&mut Answers, &mut Outlines),
    monitor: &mut Monitor<'_>,
) -> Result<Array3<bool>> {
    let (grid, at) = (images.grid, &clicks.inside);
    let region = region(grid, at, outlines);
    let mut prompted = segmenter.segment(images, &region, clicks, sampling, Stage::Prompt, monitor)?;
    let probability = &mut prompted.classes[0].probability;
    // Pieces may answer beyond the region, where they didn't sample.
    Zip::from(probability).and(&region).for_each(|p, inside| *p = if *inside { *p } else { 0.0 });
    let field = Field { grid, probability: &prompted.classes[0].probability, threshold: sampling.threshold };
    let footprints = replace(outlines, &field, at, monitor)?;
    let taken = taken(grid, outlines, &footprints, &region, monitor.cancel_token())?;
    take(automatic, &prompted, &taken, monitor.cancel_token())?;
    Ok(region)
}

/// Boxes around the voxels asked for, and around the automatic outlines that lie there.
fn region(grid: &Grid, at: &[[usize; 3]], outlines: &Outlines) -> Array3<bool> {
    let mut region = Array3::from_elem(grid.shape(), false);
    let list = &outlines.components.list;
    let around = at.iter().map(|at| Voi::voxel(*at).grown(grid.steps(BOX_MM), grid.dims));
    let outlined = outlines.asked.iter().flatten();
    let outlined = outlined.map(|label| list[*label as usize - 1].voi.grown(grid.steps(REACH_MM), grid.dims));
    around.chain(outlined).flat_map(|voi| voi.indices()).for_each(|index| region[index] = true);
    region
}

/// Voxels (array indices) of a nodule asked for and of the outlines that it replaced.
type Footprint = Vec<[usize; 3]>;

/// Puts what `field`, the run with clicks, shows at the voxels asked for in the place of automatic outlines. Where it shows
/// nothing the automatic outline stays; where there is none either, a lower threshold is tried.
fn replace(
    outlines: &mut Outlines,
    field: &Field<'_>,
    at: &[[usize; 3]],
    monitor: &Monitor<'_>,
) -> Result<Vec<Footprint>> {
    let fresh = field.outlines(at, monitor.cancel_token())?;
    let components = &mut outlines.components;
    let mut drawn: BTreeMap<u32, Footprint> = BTreeMap::new();
    for label in fresh.asked.iter().flatten() {
        monitor.check()?;
        let component = &fresh.components.list[*label as usize - 1];
        drawn.entry(*label).or_insert_with(|| voxels(&fresh.components, component).collect());
    }
    // All that is replaced goes first: the order of clicks must not matter.
    let replaced: Vec<Vec<u32>> = drawn.values().map(|own| versions(own, components)).collect();
    let gone = |label: &u32| voxels(components, &components.list[*label as usize - 1]);
    let earlier: Vec<Footprint> = replaced.iter().map(|labels| labels.iter().flat_map(gone).collect()).collect();
    monitor.check()?;
    replaced.iter().flatten().for_each(|label| components.remove(*label));

    let (mut footprints, mut label_of) = (Vec::new(), BTreeMap::new());
    for ((fresh_label, own), earlier) in drawn.into_iter().zip(earlier) {
        monitor.check()?;
        let free: Footprint = own.into_iter().filter(|index| components.labels[*index] == 0).collect();
        if !free.is_empty() {
            label_of.insert(fresh_label, components.add(&free));
            footprints.push([free, earlier].concat());
        }
    }
    for (n, label) in fresh.asked.iter().enumerate() {
        let label = label.as_ref().and_then(|label| label_of.get(label)).copied();
        outlines.asked[n] = label.or_else(|| field.nearest(&outlines.components, at[n]));
    }
    outlines.prompted.extend(label_of.into_values());
    field.lower_threshold(outlines, at, monitor)?;
    for label in &outlines.lowered {
        footprints.push(voxels(&outlines.components, &outlines.components.list[*label as usize - 1]).collect());
        outlines.prompted.push(*label);
    }
    Ok(footprints)
}

/// Labels of the components that `own` is another version of.
fn versions(own: &[[usize; 3]], components: &Components) -> Vec<u32> {
    let mut shared: BTreeMap<u32, usize> = BTreeMap::new();
    for index in own {
        *shared.entry(components.labels[*index]).or_default() += 1;
    }
    shared.remove(&0);
    let smaller = |label: u32| own.len().min(components.list[label as usize - 1].voxels) as f64;
    shared.into_iter().filter(|(label, n)| *n as f64 >= SHARED_PART * smaller(*label)).map(|(label, _)| label).collect()
}

/// Where the maps take the values of the run with clicks.
fn taken(
    grid: &Grid,
    outlines: &Outlines,
    footprints: &[Footprint],
    region: &Array3<bool>,
    cancel: &CancelToken,
) -> Result<Array3<bool>> {
    let mut taken = Array3::from_elem(grid.shape(), false);
    let [x_mm, y_mm, z_mm] = grid.spacing_mm;
    for footprint in footprints {
        // What lies nearer to a voxel within reach than the nodule does lies within twice the reach of the nodule.
        let frame = around(footprint).grown(grid.steps(2.0 * REACH_MM), grid.dims);
        let [i0, j0, k0] = frame.start;
        let [width, height, depth] = frame.size();
        let mut own = Array3::from_elem((depth, height, width), false);
        footprint.iter().for_each(|[k, j, i]| own[[k - k0, j - j0, i - i0]] = true);
        cancel.check()?;
        let other = Array3::from_shape_fn(own.dim(), |(k, j, i)| {
            let label = outlines.components.labels[[k0 + k, j0 + j, i0 + i]];
            label != 0 && !outlines.prompted.contains(&label)
        });
        let to_own = squared_distance(&own, [z_mm, y_mm, x_mm], cancel)?;
        let to_other = squared_distance(&other, [z_mm, y_mm, x_mm], cancel)?;
        cancel.check()?;
        for (index, (own, other)) in frame.indices().zip(to_own.iter().zip(&to_other)) {
            taken[index] |= *own <= (REACH_MM * REACH_MM) as f32 && own <= other && region[index];
        }
    }
    Ok(taken)
}

/// The box around voxels.
fn around(footprint: &Footprint) -> Voi {
    let mut boxes = footprint.iter().map(|[k, j, i]| Voi::voxel([*i, *j, *k]));
    let mut voi = boxes.next().expect("a footprint has voxels");
    boxes.for_each(|voxel| voi.include(voxel.start));
    voi
}

/// Lets the values of `prompted` into `automatic` where `taken` says so.
///
/// # Errors
/// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
fn take(automatic: &mut Answers, prompted: &Answers, taken: &Array3<bool>, cancel: &CancelToken) -> Result<()> {
    let mix = |whole: &mut Array3<f32>, part: &Array3<f32>| -> Result<()> {
        for ((mut whole, part), taken) in whole.outer_iter_mut().zip(part.outer_iter()).zip(taken.outer_iter()) {
            cancel.check()?;
            Zip::from(&mut whole).and(&part).and(&taken).for_each(|value, part, taken| {
                *value = if *taken { *part } else { *value };
            });
        }
        Ok(())
    };
    let flags = taken.as_slice().expect("a new array is contiguous");
    for (whole, part) in automatic.classes.iter_mut().zip(&prompted.classes) {
        whole.pairs(part).try_for_each(|(whole, part)| mix(whole, part))?;
        cancel.check()?;
        whole.samples = whole.samples.with(&part.samples, |index| flags[index as usize])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{networks::answers::ClassAnswer, steps::sample_masks::SampleMasks};

    const THRESHOLD: f64 = 0.5;

    /// A row of voxels of 2 mm.
    fn grid(len: usize) -> Grid {
        Grid::axial([len, 1, 1], [2.0; 3])
    }

    fn map(row: &[f32]) -> Array3<f32> {
        Array3::from_shape_vec((1, 1, row.len()), row.to_vec()).unwrap()
    }

    /// Outlines of the automatic row after those of the row with clicks came in, and their footprints.
    fn replaced(automatic: &[f32], clicked: &[f32], at: &[usize]) -> (Outlines, Vec<Footprint>) {
        let (grid, at) = (grid(automatic.len()), at.iter().map(|i| [*i, 0, 0]).collect::<Vec<_>>());
        let (automatic, clicked) = (map(automatic), map(clicked));
        let field = |probability| Field { grid: &grid, probability, threshold: THRESHOLD };
        let mut outlines = field(&automatic).outlines(&at, &CancelToken::new()).unwrap();
        let footprints = replace(&mut outlines, &field(&clicked), &at, &Monitor::silent()).unwrap();
        (outlines, footprints)
    }

    fn labels(outlines: &Outlines) -> Vec<u32> {
        outlines.components.labels.iter().copied().collect()
    }

    fn columns(footprint: &Footprint) -> Vec<usize> {
        let mut columns: Vec<_> = footprint.iter().map(|[_, _, i]| *i).collect();
        columns.sort_unstable();
        columns
    }

    #[test]
    fn replace_smaller_or_larger_version_takes_the_place_of_the_automatic_one() {
        let (found, footprints) =
            replaced(&[0.0, 0.9, 0.9, 0.9, 0.9, 0.0, 0.9], &[0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0], &[2]);
        assert_eq!(labels(&found), [0, 0, 3, 0, 0, 0, 2]);
        assert_eq!((found.asked, found.prompted, found.lowered), (vec![Some(3)], vec![3], vec![]));
        // What it gave up changes with it.
        assert_eq!(columns(&footprints[0]), [1, 2, 2, 3, 4]);
        let (found, _) = replaced(&[0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.9], &[0.0, 0.9, 0.9, 0.9, 0.9, 0.0, 0.0], &[2]);
        assert_eq!(labels(&found), [0, 3, 3, 3, 3, 0, 2]);
    }

    #[test]
    fn replace_nodule_that_the_automatic_run_missed_is_added() {
        let (found, _) = replaced(&[0.9, 0.0, 0.0, 0.0, 0.2, 0.2], &[0.0, 0.0, 0.0, 0.0, 0.8, 0.8], &[4]);
        assert_eq!(labels(&found), [1, 0, 0, 0, 2, 2]);
        assert_eq!((found.asked, found.prompted), (vec![Some(2)], vec![2]));
    }

    #[test]
    fn replace_outline_that_runs_into_another_nodule_leaves_it_its_voxels() {
        // Shared: one of four voxels of the one and of four of the other.
        let (found, footprints) =
            replaced(&[0.0, 0.0, 0.0, 0.9, 0.9, 0.9, 0.9, 0.0], &[0.9, 0.9, 0.9, 0.9, 0.0, 0.0, 0.0, 0.0], &[0]);
        assert_eq!(labels(&found), [2, 2, 2, 1, 1, 1, 1, 0]);
        assert_eq!(columns(&footprints[0]), [0, 1, 2]);
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
        let (found, footprints) = replaced(&[0.9, 0.9, 0.0, 0.0], &[0.0, 0.3, 0.0, 0.0], &[1]);
        assert_eq!((labels(&found), found.asked, found.prompted), (vec![1, 1, 0, 0], vec![Some(1)], vec![]));
        assert!(footprints.is_empty());
        let (found, footprints) = replaced(&[0.0; 4], &[0.0, 0.3, 0.2, 0.1], &[1]);
        assert_eq!((labels(&found), found.asked), (vec![0, 1, 1, 0], vec![Some(1)]));
        assert_eq!((found.prompted, found.lowered), (vec![1], vec![1]));
        assert_eq!(columns(&footprints[0]), [1, 2]);
    }

    #[test]
    fn region_holds_the_box_and_the_automatic_outline_that_reaches_beyond_it() {
        let mut row = vec![0.0; 60];
        row[30..50].fill(0.9);
        let (grid, probability) = (grid(row.len()), map(&row));
        let field = Field { grid: &grid, probability: &probability, threshold: THRESHOLD };
        let outlines = field.outlines(&[[30, 0, 0]], &CancelToken::new()).unwrap();
        let held: Vec<usize> = (0..60).filter(|i| region(&grid, &[[30, 0, 0]], &outlines)[[0, 0, *i]]).collect();
        // 30 mm are 15 voxels; the outline ends at 49, and 10 mm are 5 voxels.
        assert_eq!(held, (15..55).collect::<Vec<_>>());
    }

    #[test]
    fn taken_reaches_10_mm_but_no_nearer_to_another_outline_and_not_beyond_the_region() {
        let mut automatic = vec![0.0; 40];
        automatic[26] = 0.9;
        let mut clicked = vec![0.0; 40];
        clicked[20] = 0.9;
        let (outlines, footprints) = replaced(&automatic, &clicked, &[20]);
        let mut region = Array3::from_elem((1, 1, 40), true);
        region[[0, 0, 16]] = false;
        let taken = taken(&grid(40), &outlines, &footprints, &region, &CancelToken::new()).unwrap();
        let held: Vec<usize> = (0..40).filter(|i| taken[[0, 0, *i]]).collect();
        // Voxel 23 lies as far from both; 25 is within reach and nearer to the other.
        assert_eq!(held, [15, 17, 18, 19, 20, 21, 22, 23]);
    }

    #[test]
    fn take_changes_maps_and_samples_there_and_nowhere_else() {
        let assembled = |value: f32, bits: u64| {
            let kinds = vec![map(&[value / 4.0; 3])];
            let mut samples = SampleMasks::new(2);
            (0..3).for_each(|index| samples.push(index, &[bits]));
            samples.finish();
            let (probability, uncertainty) = (map(&[value; 3]), map(&[value / 2.0; 3]));
            Answers { classes: vec![ClassAnswer { probability, uncertainty, kinds, samples }] }
        };
        let mut automatic = assembled(0.25, 0b01);
        let taken = Array3::from_shape_vec((1, 1, 3), vec![false, true, false]).unwrap();
        take(&mut automatic, &assembled(0.75, 0b10), &taken, &CancelToken::new()).unwrap();
        assert_eq!(automatic.classes[0].probability, map(&[0.25, 0.75, 0.25]));
        assert_eq!(automatic.classes[0].uncertainty, map(&[0.125, 0.375, 0.125]));
        assert_eq!(automatic.classes[0].kinds[0], map(&[0.0625, 0.1875, 0.0625]));
        let bits: Vec<u64> = (0..3).map(|index| automatic.classes[0].samples.get(index).unwrap()[0]).collect();
        assert_eq!(bits, [0b01, 0b10, 0b01]);
    }
}
