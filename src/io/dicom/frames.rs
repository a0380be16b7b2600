//! The slices of one file: of an enhanced CT a slice for each frame, placed and scaled by the frame's functional groups
//! (PS3.3 C.7.6.16).

use std::path::Path;

use super::{
    header::{Fragment, Header, Pixels, tag},
    slice::Slice,
};

/// The slices of a file whose pixels were found. A file of several frames whose header places none of them is one slice, which
/// the stack refuses.
///
/// # Errors
/// In words, where the pixels of a frame can't be told from those of the others.
pub fn of(path: &Path, header: &Header, pixels: Pixels) -> Result<Vec<Slice>, String> {
    let count = header.integer(tag::FRAMES).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    if count < 2 || header.placed_frames() == 0 {
        return Ok(vec![Slice::of(path, header, pixels)]);
    }
    if header.placed_frames() != count {
        let placed = header.placed_frames();
        return Err(format!("it says it has {count} frames, but has functional groups of {placed}"));
    }
    if header.deflated_at.is_some() {
        return Err(format!("its data set of {count} frames is deflated, which is read of single images only"));
    }
    let first = Slice::of(path, &header.of_frame(0), pixels.clone());
    let pixels = match pixels {
        Pixels::Native { at, length, big_endian } => {
            let parts = native(&first, length, count)?;
            parts.map(|(from, length)| Pixels::Native { at: at + from, length, big_endian }).collect()
        }
        Pixels::Fragments(list) => fragments(list, &header.offsets, count)?,
    };
    let slice = |(frame, pixels): (usize, Pixels)| {
        let slice = Slice::of(path, &header.of_frame(frame), pixels);
        Slice { frame: Some(frame as u32), frames: 1, kept: first.kept.clone(), ..slice }
    };
    Ok(pixels.into_iter().enumerate().map(slice).collect())
}

/// Position and length of each frame's pixels, counted from where they begin.
fn native(slice: &Slice, length: u32, count: usize) -> Result<impl Iterator<Item = (u64, u32)> + use<>, String> {
    let (rows, columns) = (u64::from(slice.rows), u64::from(slice.columns));
    let bits = u64::try_from(slice.stored.bits_allocated).unwrap_or(0);
    let samples = u64::try_from(slice.stored.samples).unwrap_or(0);
    let frame = [columns, bits / 8, samples].into_iter().try_fold(rows, u64::checked_mul).unwrap_or(u64::MAX);
    let needed = frame.saturating_mul(count as u64);
    // A byte may follow to make the count even.
    if bits % 8 != 0 || frame == 0 || u64::from(length) < needed || u64::from(length) > needed + 1 {
        return Err(format!("{length} bytes of pixels; expected {needed} for {count} frames of {columns} x {rows}"));
    }
    Ok((0..count as u64).map(move |n| (n * frame, frame as u32)))
}

/// The fragments of each frame: one each, or as the offset table parts them (PS3.5 A.4).
fn fragments(list: Vec<Fragment>, offsets: &[u32], count: usize) -> Result<Vec<Pixels>, String> {
    if list.len() == count {
        return Ok(list.into_iter().map(|fragment| Pixels::Fragments(vec![fragment])).collect());
    }
    let unclear = |why: &str| Err(format!("{} fragments of pixels for {count} frames, and {why}", list.len()));
    if offsets.is_empty() {
        return unclear("no offset table");
    }
    // Offsets are those of the fragments' marks, eight bytes before them, from the first one.
    let start = list.first().map_or(0, |(at, _)| *at);
    let mut frames: Vec<Vec<Fragment>> = Vec::with_capacity(offsets.len());
    for (at, length) in &list {
        if offsets.get(frames.len()).is_some_and(|offset| u64::from(*offset) == at - start) {
            frames.push(Vec::new());
        }
        match frames.last_mut() {
            Some(frame) => frame.push((*at, *length)),
            None => return unclear("an offset table that doesn't begin with the first"),
        }
    }
    if frames.len() != count || offsets.len() != count {
        return unclear("an offset table that doesn't fit them");
    }
    Ok(frames.into_iter().map(Pixels::Fragments).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(list: &[Fragment], offsets: &[u32], count: usize) -> Result<Vec<Vec<Fragment>>, String> {
        let list_of = |pixels| match pixels {
            Pixels::Fragments(list) => list,
            Pixels::Native { .. } => Vec::new(),
        };
        fragments(list.to_vec(), offsets, count).map(|frames| frames.into_iter().map(list_of).collect())
    }

    #[test]
    fn fragments_as_many_as_frames_are_one_each() {
        assert_eq!(parted(&[(100, 4), (112, 6)], &[], 2).unwrap(), [[(100, 4)], [(112, 6)]]);
    }

    #[test]
    fn fragments_are_parted_by_the_offset_table() {
        let list = [(100, 4), (112, 6), (126, 2)];
        assert_eq!(parted(&list, &[0, 26], 2).unwrap(), [vec![(100, 4), (112, 6)], vec![(126, 2)]]);
        assert_eq!(parted(&list, &[0, 12], 2).unwrap(), [vec![(100, 4)], vec![(112, 6), (126, 2)]]);
    }

    #[test]
    fn fragments_that_can_t_be_parted_are_refused() {
        let list = [(100, 4), (112, 6), (126, 2)];
        for (offsets, why) in [
            (&[][..], "no offset table"),
            (&[12, 26], "doesn't begin with the first"),
            (&[0, 11], "doesn't fit"),
            (&[0, 12, 26], "doesn't fit"),
        ] {
            let error = parted(&list, offsets, 2).unwrap_err();
            assert!(error.contains(why) && error.contains("3 fragments of pixels for 2 frames"), "{error}");
        }
    }
}
