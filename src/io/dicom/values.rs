//! Stored cells become HU (PS3.3 C.7.6.3.1, C.11.1).

use super::slice::{Rescale, Slice, Stored};
use crate::error::{Error, Result};

/// Air: what is given to padding that would be brighter than tissue.
const AIR_HU: f32 = -1024.0;
/// The brightest value of 12 bits, in HU: bone and metal reach it.
const BRIGHTEST_HU: f32 = 3071.0;

/// Refuses slices whose values can't be HU, by file.
///
/// # Errors
/// [`Error::NotHu`].
pub fn check_rescale(slices: &[Slice]) -> Result<()> {
    let reason = |slice: &Slice| match &slice.rescale {
        Rescale::Linear { .. } => None,
        Rescale::Unusable(reason) => Some(format!("{} {}", slice.path.display(), slice.concerning(reason))),
    };
    let unusable: Vec<String> = slices.iter().filter_map(reason).collect();
    let Some(first) = unusable.first() else { return Ok(()) };
    let others = match unusable.len() - 1 {
        0 => String::new(),
        others => format!(" (the same is true of {others} of the other {} files)", slices.len() - 1),
    };
    let remedy = "Without both values nobody can know the HU: export the series again with its rescale";
    Err(Error::NotHu { got: format!("{first}{others}"), remedy: remedy.into() })
}

/// Refuses cells that aren't single-channel, or lie in their words in a way that isn't in use any more.
///
/// # Errors
/// [`Error::Read`] or [`Error::Format`].
pub fn check_cells(slice: &Slice) -> Result<()> {
    let stored = &slice.stored;
    let is_single = stored.samples == 1 && matches!(stored.photometric.as_str(), "MONOCHROME1" | "MONOCHROME2" | "");
    if !is_single {
        let reason = format!("the image has {} sample(s) a pixel, {}", stored.samples, stored.photometric);
        return Err(Error::read(&slice.path, reason, "Only single-channel images can be CT: copy the file again"));
    }
    let (allocated, bits, high) = (stored.bits_allocated, stored.bits_stored, stored.high_bit);
    let fits = matches!(allocated, 8 | 16 | 32) && (1..=allocated).contains(&bits);
    if fits && high == bits - 1 && stored.signed.is_some() {
        return Ok(());
    }
    let sign = if stored.signed.is_none() { ", not said whether signed" } else { "" };
    Err(Error::Format {
        path: slice.path.clone(),
        got: format!("{allocated} bits allocated, {bits} stored, high bit {high}{sign}"),
        expected:
            "8, 16 or 32 bits allocated, as many or fewer stored, the high bit one below those stored (PS3.5 8.1.1), \
                   and the pixel representation. Export the series again"
                .into(),
    })
}

/// HU of cells of `bytes` bytes each.
pub fn hu(stored: &Stored, rescale: &Rescale, cells: &[u8], bytes: usize, big_endian: bool) -> Vec<f32> {
    let Rescale::Linear { slope, intercept } = *rescale else { return Vec::new() };
    let unused = (64 - stored.bits_stored) as u32;
    let is_signed = stored.signed == Some(true);
    let value = |cell: &[u8]| {
        let mut wide = [0; 8];
        wide[..bytes].copy_from_slice(cell);
        if big_endian {
            wide[..bytes].reverse();
        }
        let raw = u64::from_le_bytes(wide);
        // Bits above those stored may hold anything, such as overlays.
        let shifted = raw << unused;
        let number = if is_signed { (shifted as i64 >> unused) as f64 } else { (shifted >> unused) as f64 };
        let hu = (slope * number + intercept) as f32;
        let is_padding = || stored.padding.is_some_and(|[low, high]| (low.into()..=high.into()).contains(&raw));
        // Padding below tissue is read as air anyway, and stays as it is.
        let is_beyond = hu > BRIGHTEST_HU || raw >> stored.bits_stored != 0;
        if is_beyond && !is_signed && is_padding() { AIR_HU } else { hu }
    };
    cells.chunks_exact(bytes).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::dicom::header::Pixels;

    fn stored(bits_stored: i64, signed: bool, padding: Option<[u16; 2]>) -> Stored {
        Stored {
            pixels: Pixels::Fragments(Vec::new()),
            syntax: String::new(),
            deflated_at: None,
            samples: 1,
            photometric: "MONOCHROME2".into(),
            bits_allocated: 16,
            bits_stored,
            high_bit: bits_stored - 1,
            signed: Some(signed),
            padding,
        }
    }

    fn values(stored: &Stored, intercept: f64, cells: &[u16]) -> Vec<f32> {
        let little: Vec<u8> = cells.iter().flat_map(|c| c.to_le_bytes()).collect();
        let big: Vec<u8> = cells.iter().flat_map(|c| c.to_be_bytes()).collect();
        let rescale = Rescale::Linear { slope: 1.0, intercept };
        let found = hu(stored, &rescale, &little, 2, false);
        assert_eq!(found, hu(stored, &rescale, &big, 2, true));
        found
    }

    #[test]
    fn hu_of_12_bits_is_without_what_lies_above_them() {
        let cells = [0xf000, 0x07ff, 0xa800, 0xbfff];
        assert_eq!(values(&stored(12, true, None), 0.0, &cells), [0.0, 2047.0, -2048.0, -1.0]);
        assert_eq!(values(&stored(12, false, None), -1024.0, &cells), [-1024.0, 1023.0, 1024.0, 3071.0]);
    }

    #[test]
    fn hu_of_padding_is_never_brighter_than_air() {
        // -2000 as two bytes without a sign, in 16 bits and in 12.
        for bits in [16, 12] {
            assert_eq!(values(&stored(bits, false, Some([63536; 2])), -1024.0, &[63536, 24]), [-1024.0, -1000.0]);
        }
        // Padding that reads as air or as tissue stays: it may be a measurement, too.
        assert_eq!(values(&stored(16, true, Some([63536; 2])), 0.0, &[63536, 0]), [-2000.0, 0.0]);
        assert_eq!(values(&stored(16, false, Some([0; 2])), -1024.0, &[0, 1024]), [-1024.0, 0.0]);
    }
}
