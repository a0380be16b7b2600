//! RLE Lossless (PS3.5 annex G): one frame of one sample a pixel.

/// Segments that a header has room for.
const MAX_SEGMENTS: usize = 15;
/// Most cells that two bytes unpack to.
const MAX_RUN: usize = 128;

/// Unpacks `pixels` cells of `bytes` bytes each, least significant first; `None` for damaged data.
pub fn decode(frame: &[u8], pixels: usize, bytes: usize) -> Option<Vec<u8>> {
    let number = |n: usize| Some(u32::from_le_bytes(frame.get(4 * n..4 * n + 4)?.try_into().ok()?) as usize);
    let count = number(0)?;
    // Memory grows with what the data hold, not with what the header promises.
    if count != bytes || count > MAX_SEGMENTS || pixels > MAX_RUN * frame.len() {
        return None;
    }
    let mut cells = vec![0; pixels * bytes];
    for segment in 0..count {
        let end = if segment + 1 < count { number(segment + 2)? } else { frame.len() };
        let unpacked = unpack(frame.get(number(segment + 1)?..end)?, pixels)?;
        // The first segment holds the most significant bytes.
        for (cell, byte) in cells.chunks_exact_mut(bytes).zip(unpacked) {
            cell[bytes - 1 - segment] = byte;
        }
    }
    Some(cells)
}

/// Unpacks `count` bytes of a segment (PackBits, PS3.5 G.3.2).
fn unpack(mut packed: &[u8], count: usize) -> Option<Vec<u8>> {
    let mut unpacked = Vec::with_capacity(count);
    while unpacked.len() < count {
        let (control, rest) = packed.split_first()?;
        let length = usize::from(*control);
        match length {
            0..=127 => {
                unpacked.extend(rest.get(..length + 1)?);
                packed = &rest[length + 1..];
            }
            128 => packed = rest,
            _ => {
                unpacked.extend(std::iter::repeat_n(*rest.first()?, 257 - length));
                packed = &rest[1..];
            }
        }
    }
    unpacked.truncate(count);
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(segments: &[&[u8]]) -> Vec<u8> {
        let mut header = vec![segments.len() as u32];
        let mut at = 64;
        for segment in segments {
            header.push(at);
            at += segment.len() as u32;
        }
        header.resize(16, 0);
        header.iter().flat_map(|n| n.to_le_bytes()).chain(segments.concat()).collect()
    }

    #[test]
    fn decode_runs_and_literals_give_their_cells() {
        let high: &[u8] = &[254, 1, 0, 2]; // 1 1 1, 2
        let low: &[u8] = &[128, 3, 10, 20, 30, 40]; // nothing, then as they are
        let cells = decode(&frame(&[high, low]), 4, 2).unwrap();
        assert_eq!(cells, [10, 1, 20, 1, 30, 1, 40, 2]);
    }

    #[test]
    fn decode_damaged_data_are_none() {
        let good = frame(&[&[254, 1, 0, 2], &[3, 10, 20, 30, 40]]);
        for end in 0..good.len() {
            assert_eq!(decode(&good[..end], 4, 2), None, "{end}");
        }
        assert_eq!(decode(&good, 5, 2), None);
        assert_eq!(decode(&good, 4, 1), None);
        assert_eq!(decode(&[0xff; 80], 4, 2), None);
    }
}
