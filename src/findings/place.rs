//! Where a nodule lies in the lungs: in which of them, and how far from the pleura.
//!
//! Both follow from the mask that is searched for the lungs ([`crate::steps::lungs`]), which is made on blocks of about
//! 2 mm and holds no mediastinum and no large airway. Its border is the pleura, and at the hilum the great vessels and
//! bronchi: which of them a nodule lies near to the mask doesn't say.

use ndarray::{Array3, Axis};

use crate::{
    error::Result,
    progress::CancelToken,
    space::{grid::Grid, volume::Voi},
    steps::{
        components::{Neighbourhood, connected_components},
        distance::squared_distance,
    },
    warning::{End, Side, Warning},
};

/// Nearer than the mask is fine: a nodule that touches the pleura for all that is known.
const TOUCHES_MM: f64 = 2.0;
/// How far the border is looked for, the near places first: the time goes with the cube of the reach. No voxel of a lung is
/// farther from it than the last.
const REACHES_MM: [f64; 5] = [12.0, 20.0, 32.0, 50.0, 80.0];
/// What is said of the side has to be so far from the middle, as a share of half the width of both lungs.
const OFF_MIDDLE: f64 = 0.1;

/// The lungs as they were searched.
#[derive(Debug, Clone, Copy)]
pub struct Lungs<'a> {
    mask: &'a Array3<bool>,
    /// Where both lungs lie along i: the middle between them and half their width; `None` where they aren't both there.
    across: Option<[f64; 2]>,
}

impl<'a> Lungs<'a> {
    /// Lungs in canonical orientation (i towards the patient's left); `warnings`: what was said of them.
    pub fn of(mask: &'a Array3<bool>, warnings: &[Warning]) -> Self {
        let is_side = |end: &End| matches!(end, End::Right | End::Left);
        let is_part = |warning: &Warning| match warning {
            Warning::OneLung { .. } => true,
            Warning::LungsCutOff { ends } => ends.iter().any(is_side),
            _ => false,
        };
        let voi = Voi::around(mask).filter(|_| !warnings.iter().any(is_part));
        let across = |Voi { start, end }: Voi| {
            let [first, last] = [start[0] as f64, (end[0] - 1) as f64];
            [(first + last) / 2.0, (last - first) / 2.0]
        };
        Lungs { mask, across: voi.map(across) }
    }
}

/// Where a nodule lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// In which lung; `None` where that isn't known.
    pub side: Option<Side>,
    /// From its nearest voxel to the nearest one outside of the lungs, in mm, between centres; 0 where it reaches out
    /// of them. `None` where the lungs aren't known.
    pub pleura_mm: Option<f64>,
}

impl Place {
    /// Where lungs aren't known.
    pub const UNKNOWN: Self = Place { side: None, pleura_mm: None };

    /// Of a nodule of these voxels `[k, j, i]`, one at least, which lie in `voi`.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] or [`crate::Error::OutOfMemory`].
    pub fn of(lungs: Lungs<'_>, grid: &Grid, voi: &Voi, voxels: &[[usize; 3]], cancel: &CancelToken) -> Result<Self> {
        for reach_mm in REACHES_MM {
            if let Some(mm) = border_mm(lungs.mask, grid, voi, voxels, reach_mm, cancel)? {
                return Ok(Place { side: side(lungs, voxels, cancel)?, pleura_mm: Some(mm) });
            }
        }
        Ok(Place { side: side(lungs, voxels, cancel)?, pleura_mm: None })
    }

    /// The lung in words: `right lung` or `left lung`; empty where it isn't known.
    pub fn lung(self) -> &'static str {
        match self.side {
            Some(Side::Right) => "right lung",
            Some(Side::Left) => "left lung",
            None => "",
        }
    }

    /// Whether it touches the pleura: `yes` or `no`; empty where the lungs aren't known.
    pub fn touches(self) -> &'static str {
        match self.pleura_mm {
            Some(mm) if mm <= TOUCHES_MM => "yes",
            Some(_) => "no",
            None => "",
        }
    }
}

/// Distance to the nearest voxel outside of the lungs; `None` where there is none within reach.
fn border_mm(
    lungs: &Array3<bool>,
    grid: &Grid,
    voi: &Voi,
    voxels: &[[usize; 3]],
    reach_mm: f64,
    cancel: &CancelToken,
) -> Result<Option<f64>> {
    let coarsest = grid.spacing_mm.into_iter().fold(0.0, f64::max);
    let near = voi.grown(grid.steps(reach_mm + coarsest), grid.dims);
    let [width, height, depth] = near.size();
    crate::memory::check_free(near.voxels() * 5, "the surroundings of a nodule")?;
    let outside = near.indices().map(|index| !lungs[index]).collect();
    let outside = Array3::from_shape_vec((depth, height, width), outside).expect("one flag a voxel of the box");
    let [x_mm, y_mm, z_mm] = grid.spacing_mm;
    let squared_mm = squared_distance(&outside, [z_mm, y_mm, x_mm], cancel)?;
    let [i0, j0, k0] = near.start;
    let nearest = voxels.iter().map(|[k, j, i]| squared_mm[[k - k0, j - j0, i - i0]]).fold(f32::INFINITY, f32::min);
    let mm = f64::from(nearest).sqrt();
    Ok((mm <= reach_mm).then_some(mm))
}

/// In which lung: on which side of the middle the lung lies that holds the nodule, or is nearest to it, in the slice of
/// its centre. Where both lungs are one there, on which side the nodule lies itself, unless it is in the middle.
fn side(lungs: Lungs<'_>, voxels: &[[usize; 3]], cancel: &CancelToken) -> Result<Option<Side>> {
    let Some([middle, half]) = lungs.across else { return Ok(None) };
    let mean = |axis: usize| voxels.iter().map(|voxel| voxel[axis] as f64).sum::<f64>() / voxels.len() as f64;
    let [k, j, i] = [mean(0), mean(1), mean(2)];
    let plane = lungs.mask.index_axis(Axis(0), k.round() as usize).to_owned().insert_axis(Axis(0));
    let parts = connected_components(&plane, Neighbourhood::All26, cancel)?;
    let away = |(_, y, x): (usize, usize, usize)| (x as f64 - i).powi(2) + (y as f64 - j).powi(2);
    let held = parts.labels.indexed_iter().filter(|(_, label)| **label > 0);
    let nearest = held.min_by(|(a, _), (b, _)| away(*a).total_cmp(&away(*b))).map(|(_, label)| *label);
    let columns =
        parts.labels.indexed_iter().filter(|(_, label)| nearest == Some(**label)).map(|((_, _, x), _)| x as f64);
    let (sum, count) = columns.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    let of_lung = (count > 0.0).then(|| sum / count);
    let is_off = |x: &f64| (x - middle).abs() > OFF_MIDDLE * half;
    let at = of_lung.filter(is_off).or_else(|| Some(i).filter(is_off));
    Ok(at.map(|x| if x < middle { Side::Right } else { Side::Left }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        phantom::{NoduleKind, Scanner, chest_phantom_with},
        progress::Monitor,
        space::{orientation::Orientation, volume::Volume},
        steps::lungs::find_lungs,
    };

    /// Two lungs of 20 x 40 x 30 voxels, 10 columns apart.
    fn lungs() -> (Grid, Array3<bool>) {
        let grid = Grid::axial([70, 60, 50], [1.0, 1.0, 2.0]);
        let inside = |(k, j, i): (usize, usize, usize)| {
            (10..40).contains(&k) && (10..50).contains(&j) && ((10..30).contains(&i) || (40..60).contains(&i))
        };
        (grid.clone(), Array3::from_shape_fn(grid.shape(), inside))
    }

    fn place(mask: &Array3<bool>, grid: &Grid, voxels: &[[usize; 3]], warnings: &[Warning]) -> Place {
        let [k, j, i] = voxels[0];
        let mut voi = Voi::voxel([i, j, k]);
        voxels.iter().for_each(|[k, j, i]| voi.include([*i, *j, *k]));
        Place::of(Lungs::of(mask, warnings), grid, &voi, voxels, &CancelToken::new()).unwrap()
    }

    #[test]
    fn place_in_made_lungs_has_side_and_distance_to_the_border() {
        let (grid, mask) = lungs();
        // The nearest voxel outside: column 9, 6 mm away; slice 9 is 6 slices of 2 mm away.
        let right = place(&mask, &grid, &[[16, 30, 15], [16, 30, 16]], &[]);
        assert_eq!(right, Place { side: Some(Side::Right), pleura_mm: Some(6.0) });
        assert_eq!((right.lung(), right.touches()), ("right lung", "no"));
        let at_border = place(&mask, &grid, &[[20, 30, 58], [20, 30, 59]], &[]);
        assert_eq!(at_border, Place { side: Some(Side::Left), pleura_mm: Some(1.0) });
        assert_eq!((at_border.lung(), at_border.touches()), ("left lung", "yes"));
        // Beyond the border: 0, and the lung beside it.
        let beyond = place(&mask, &grid, &[[20, 30, 30], [20, 30, 31]], &[]);
        assert_eq!(beyond, Place { side: Some(Side::Right), pleura_mm: Some(0.0) });
    }

    #[test]
    fn place_far_from_the_border_is_found_as_exactly() {
        let grid = Grid::axial([101, 101, 61], [1.0, 1.0, 2.0]);
        let mask = Array3::from_shape_fn(grid.shape(), |(k, j, i)| [k, j, i] != [30, 50, 90]);
        assert_eq!(place(&mask, &grid, &[[30, 50, 50]], &[]).pleura_mm, Some(40.0));
        let everywhere = Array3::from_elem(grid.shape(), true);
        assert_eq!(place(&everywhere, &grid, &[[30, 50, 50]], &[]).pleura_mm, None);
    }

    #[test]
    fn place_behind_the_middle_is_that_of_its_lung() {
        let (grid, mut mask) = lungs();
        // A tongue of the right lung reaches past the middle, column 34.5.
        mask.slice_mut(ndarray::s![20..22, 12..16, 30..37]).fill(true);
        assert_eq!(place(&mask, &grid, &[[20, 14, 36]], &[]).side, Some(Side::Right));
        // Where it joins the other lung, the nodule's own place counts, and nobody knows in the middle.
        mask.slice_mut(ndarray::s![20..22, 12..16, 30..40]).fill(true);
        assert_eq!(place(&mask, &grid, &[[20, 14, 36]], &[]).side, None);
        assert_eq!(place(&mask, &grid, &[[20, 14, 50]], &[]).side, Some(Side::Left));
    }

    #[test]
    fn place_in_the_only_lung_that_was_found_has_no_side() {
        let (grid, mask) = lungs();
        let one = [Warning::OneLung { side: Side::Right, other_ml: 3.0 }];
        let cut = [Warning::LungsCutOff { ends: vec![End::Head, End::Left] }];
        let head = [Warning::LungsCutOff { ends: vec![End::Head] }];
        let side = |warnings: &[Warning]| place(&mask, &grid, &[[20, 30, 15]], warnings).side;
        assert_eq!((side(&one), side(&cut), side(&head)), (None, None, Some(Side::Right)));
    }

    #[test]
    fn place_of_a_phantom_s_nodules_is_on_the_pleura_for_those_that_were_put_there() {
        let phantom = chest_phantom_with(11, &Scanner { spacing_mm: [1.7, 1.7, 2.0], ..Scanner::default() });
        let orientation = Orientation::of(&phantom.ct.grid);
        let ct: Volume<f32> = orientation.to_canonical(phantom.ct, &CancelToken::new()).unwrap();
        let found = find_lungs(&ct, &mut Monitor::silent()).unwrap();
        for nodule in &phantom.nodules {
            let near = |[k, j, i]: &[usize; 3]| {
                let at = ct.grid.ras([*i as f64, *j as f64, *k as f64]);
                crate::space::grid::norm([0, 1, 2].map(|axis: usize| at[axis] - nodule.centre_ras[axis]))
                    < nodule.radius_mm
            };
            let voxels: Vec<[usize; 3]> = Voi::whole(&ct.grid).indices().filter(near).collect();
            let found = place(&found.search, &ct.grid, &voxels, &found.warnings);
            let wanted = if nodule.centre_ras[0] > 0.0 { Side::Right } else { Side::Left };
            assert_eq!(found.side, Some(wanted), "{nodule:?}");
            if nodule.kind == NoduleKind::Pleural {
                assert_eq!(found.touches(), "yes", "{nodule:?} {found:?}");
            }
        }
        assert!(phantom.nodules.iter().any(|nodule| nodule.kind == NoduleKind::Pleural));
    }
}
