//! HU or nothing: refuses what can't be a chest CT in Hounsfield units, by name.

use std::ops::Range;

use ndarray::Axis;

use crate::{
    error::{Error, Result},
    limits::MAX_VOXELS,
    progress::CancelToken,
    space::volume::Volume,
    steps::hu::{Densities, Histogram},
    threads::{share, slabs},
};

/// No scanner writes HU beyond this (padding reaches -32768; metal reaches 30710 on extended scales).
const BEYOND_HU: f32 = 65536.0;

/// Refuses a volume that isn't a CT in HU, in one pass; what it is made of. `unscaled_bits`: bits of a stored voxel that
/// was taken as it is.
///
/// # Errors
/// [`Error::OneSlice`], [`Error::TooLarge`], [`Error::NonFinite`], [`Error::NotHu`] or [`Error::Cancelled`].
pub fn check_ct(volume: &Volume<f32>, unscaled_bits: Option<u8>, cancel: &CancelToken) -> Result<Densities> {
    check_size(volume)?;
    let slices = share(slabs(volume.grid.dims[2]), |slab| Slices::of(volume, slab, cancel))?;
    let (mut values, mut odd, mut bright) = (Histogram::default(), 0, Vec::new());
    for slab in slices {
        values.join(&slab.values);
        odd += slab.odd;
        bright.extend(slab.bright);
    }
    check_finite(volume, odd)?;
    let densities = check_hu(&values, unscaled_bits)?;
    if bright.is_empty() { Ok(densities) } else { Err(bright_slices(&bright, volume.grid.dims[2])) }
}

/// Refuses a volume, of whatever values, that no network can take.
///
/// # Errors
/// [`Error::OneSlice`], [`Error::TooLarge`], [`Error::NonFinite`] or [`Error::Cancelled`].
pub fn check_values(volume: &Volume<f32>, cancel: &CancelToken) -> Result<()> {
    check_size(volume)?;
    let odd = share(slabs(volume.grid.dims[2]), |slab| {
        let slices = slab.map(|k| {
            cancel.check()?;
            Ok(volume.voxels.index_axis(Axis(0), k).iter().filter(|value| !value.is_finite()).count())
        });
        slices.sum::<Result<usize>>()
    })?;
    check_finite(volume, odd.iter().sum())
}

/// What some slices hold.
struct Slices {
    values: Histogram,
    /// How many voxels are NaN or infinite.
    odd: usize,
    /// Slices that hold soft tissue without its intercept.
    bright: Vec<usize>,
}

impl Slices {
    fn of(volume: &Volume<f32>, slab: Range<usize>, cancel: &CancelToken) -> Result<Self> {
        let mut slices = Slices { values: Histogram::default(), odd: 0, bright: Vec::new() };
        for k in slab {
            cancel.check()?;
            let (slice, before) = (volume.voxels.index_axis(Axis(0), k), slices.values.air_and_dense());
            slices.odd += slices.values.add(slice);
            if slices.values.is_bright_since(before, slice.len()) {
                slices.bright.push(k);
            }
        }
        Ok(slices)
    }
}

fn check_size(volume: &Volume<f32>) -> Result<()> {
    let dims = volume.grid.dims;
    if let Some(axis) = (0..3).find(|axis| dims[*axis] < 2) {
        return Err(Error::OneSlice { got: dims[axis], axis: ["i", "j", "k"][axis] });
    }
    let voxels = dims.iter().map(|n| *n as u64).product();
    if voxels > MAX_VOXELS {
        return Err(Error::TooLarge { got: voxels, limit: MAX_VOXELS });
    }
    Ok(())
}

/// Refuses a volume of which `odd` values were found that are no numbers.
fn check_finite(volume: &Volume<f32>, odd: usize) -> Result<()> {
    if odd == 0 {
        return Ok(());
    }
    let first = volume.voxels.indexed_iter().find(|(_, v)| !v.is_finite());
    let at = first.map_or(String::new(), |((k, j, i), _)| format!("voxel ({i}, {j}, {k})"));
    Err(Error::NonFinite { what: "the image", count: odd, at })
}

/// Slices that lie some 1000 HU above the others.
fn bright_slices(found: &[usize], of: usize) -> Error {
    let got = format!(
        "{} of {of} slices hold no air, but soft tissue near 1060, the first of them slice {} (from 0)",
        found.len(),
        found[0]
    );
    let remedy = "Each slice has its own rescale intercept (often -1024), and there it was not applied: convert or export \
                  the CT again";
    Error::NotHu { got, remedy: remedy.into() }
}

fn check_hu(values: &Histogram, unscaled_bits: Option<u8>) -> Result<Densities> {
    let refuse = |got: String, remedy: &str| Err(Error::NotHu { got, remedy: remedy.into() });
    let (low, high) = (values.low, values.high);
    if low == high {
        return refuse(format!("every voxel is {low}"), "Check that the right volume was chosen");
    }
    if unscaled_bits == Some(8) {
        let remedy = "Export the CT with its full range, 16 bits and rescaled to HU, not as a windowed picture";
        return refuse(format!("the voxels are 8-bit grey levels ({low} to {high})"), remedy);
    }
    if low.abs().max(high.abs()) > BEYOND_HU {
        return refuse(format!("voxels range from {low} to {high}"), "Export the CT again, rescaled to HU");
    }
    values.densities().map_err(|(got, remedy)| Error::NotHu { got, remedy })
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::space::grid::Grid;

    fn volume(dims: [usize; 3], value: impl Fn(usize) -> f32) -> Volume<f32> {
        let grid = Grid::axial(dims, [1.0; 3]);
        let mut n = 0;
        let voxels = Array3::from_shape_fn(grid.shape(), |_| {
            n += 1;
            value(n - 1)
        });
        Volume::new(grid, voxels)
    }

    #[test]
    fn check_each_thing_that_is_no_ct_is_refused_by_name() {
        let ramp = |low: f32, high: f32| move |n: usize| low + (high - low) * (n % 100) as f32 / 99.0;
        let cases: [(&str, &str, Volume<f32>, Option<u8>); 8] = [
            ("E_NOT_HU", "every voxel is -1000", volume([4, 4, 4], |_| -1000.0), None),
            ("E_NOT_HU", "all values lie between 0 and 4095", volume([8, 8, 8], ramp(0.0, 4095.0)), Some(16)),
            ("E_NOT_HU", "8-bit grey levels", volume([8, 8, 8], ramp(0.0, 255.0)), Some(8)),
            ("E_NOT_HU", "all values lie between -1 and 1", volume([8, 8, 8], ramp(-1.0, 1.0)), None),
            ("E_NOT_HU", "voxels range from", volume([8, 8, 8], ramp(-1e6, 1e6)), None),
            ("E_ONE_SLICE", "1 slice(s) along k", volume([8, 8, 1], ramp(-1000.0, 400.0)), None),
            (
                "E_NON_FINITE",
                "voxel (2, 1, 0)",
                volume([5, 4, 3], |n| if n == 7 { f32::NAN } else { n as f32 - 1000.0 }),
                None,
            ),
            (
                "E_NON_FINITE",
                "1 value(s)",
                volume([5, 4, 3], |n| if n == 7 { f32::INFINITY } else { n as f32 - 1000.0 }),
                None,
            ),
        ];
        for (name, text, volume, bits) in cases {
            let error = check_ct(&volume, bits, &CancelToken::new()).unwrap_err();
            assert_eq!(error.name(), name, "{error}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn check_thin_crop_with_padding_is_accepted_and_its_air_counted() {
        let ramp = |n: usize| if n.is_multiple_of(7) { -3024.0 } else { -1000.0 + (n % 1200) as f32 };
        let densities = check_ct(&volume([128, 128, 2], ramp), Some(16), &CancelToken::new()).unwrap();
        assert!((densities.air - 500.0 / 1200.0).abs() < 0.01, "{densities:?}");
    }

    #[test]
    fn check_slices_without_their_intercept_are_refused_with_the_first() {
        // Each slice: air around soft tissue with some bone, as a scanner sees it.
        let slices = |off: &[usize]| {
            let off = off.to_vec();
            volume([64, 64, 10], move |n| {
                let hu = [-1000, -990, -850, 30, 50, 60, 40, 900][n * 7 / 3 % 8] as f32 + (n % 5) as f32;
                if off.contains(&(n / 4096)) { hu + 1024.0 } else { hu }
            })
        };
        assert!(check_ct(&slices(&[]), Some(16), &CancelToken::new()).is_ok());
        for off in [[3].as_slice(), &[3, 4, 9]] {
            let error = check_ct(&slices(off), Some(16), &CancelToken::new()).unwrap_err();
            assert_eq!(error.name(), "E_NOT_HU");
            let text =
                format!("{} of 10 slices hold no air, but soft tissue near 1060, the first of them slice 3", off.len());
            assert!(error.to_string().contains(&text), "{error}");
        }
    }

    #[test]
    fn check_ends_when_it_is_cancelled() {
        let token = CancelToken::new();
        token.cancel();
        let error = check_ct(&volume([4, 4, 4], |n| n as f32 - 1000.0), None, &token).unwrap_err();
        assert_eq!(error.name(), "E_CANCELLED");
    }
}
