//! Looks at the frame header of a JPEG, JPEG-LS or JPEG 2000 image before a decoder gets it: a decoder asks for the memory that
//! the header promises, and returns what it could of an image that is cut short.

const JPEG_START: [u8; 2] = [0xff, 0xd8];
const J2K_START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
/// End of image, in both (ISO/IEC 10918-1 B.1.1.3, 15444-1 A.4.4).
const END: [u8; 2] = [0xff, 0xd9];

/// What a frame header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub columns: u32,
    pub rows: u32,
    pub components: u32,
    /// Bits of a sample.
    pub precision: u32,
}

/// Reads it.
///
/// # Errors
/// In words, for data without one or without an end.
pub fn frame(data: &[u8]) -> Result<Frame, &'static str> {
    let found = if data.starts_with(&JPEG_START) { jpeg(data) } else { jpeg_2000(data) };
    let frame = found.ok_or("the compressed pixels have no frame header")?;
    if data.windows(2).rev().any(|mark| mark == END) {
        Ok(frame)
    } else {
        Err("the compressed pixels are cut off: they have no end")
    }
}

fn number16(data: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?).into())
}

fn number32(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

/// ISO/IEC 10918-1 B.2.2, and the same in JPEG-LS.
fn jpeg(data: &[u8]) -> Option<Frame> {
    let mut at = 2;
    loop {
        let [0xff, marker] = data.get(at..at + 2)? else { return None };
        match marker {
            0xff => at += 1,
            // That of JPEG-LS (ISO/IEC 14495-1 C.2.2), and those of JPEG but the tables and the arithmetic conditioning among
            // their codes.
            0xf7 | 0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(marker) => {
                return Some(Frame {
                    precision: u32::from(*data.get(at + 4)?),
                    rows: number16(data, at + 5)?,
                    columns: number16(data, at + 7)?,
                    components: u32::from(*data.get(at + 9)?),
                });
            }
            _ => at += 2 + number16(data, at + 2)? as usize,
        }
    }
}

/// ISO/IEC 15444-1 A.5.1; the codestream may lie in a file of its own format.
fn jpeg_2000(data: &[u8]) -> Option<Frame> {
    let start = data.windows(4).take(1024).position(|mark| mark == J2K_START)?;
    let at = start + 8;
    let size = |n: usize| number32(data, at + 4 * n);
    Some(Frame {
        columns: size(0)?.checked_sub(size(2)?)?,
        rows: size(1)?.checked_sub(size(3)?)?,
        components: number16(data, at + 32)?,
        precision: u32::from(data.get(at + 34)? & 0x7f) + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_of_jpeg_is_behind_other_segments() {
        let header = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc3\0\x0b\x10\0\x40\0\x30\x01\x00\x11\0";
        let whole = [header.as_slice(), b"\xff\xda1234\xff\xd9\0"].concat();
        assert_eq!(frame(&whole), Ok(Frame { columns: 48, rows: 64, components: 1, precision: 16 }));
        assert!(frame(&whole[..whole.len() - 2]).unwrap_err().contains("cut off"));
        assert!(frame(&whole[..12]).unwrap_err().contains("no frame header"));
    }

    #[test]
    fn frame_of_jpeg_ls_is_read_as_that_of_jpeg() {
        let whole = b"\xff\xd8\xff\xf7\0\x0b\x0c\0\x40\0\x30\x01\x01\x11\0\xff\xda1234\xff\xd9";
        assert_eq!(frame(whole), Ok(Frame { columns: 48, rows: 64, components: 1, precision: 12 }));
    }

    #[test]
    fn frame_of_jpeg_2000_is_that_of_its_codestream() {
        let sizes: Vec<u8> = [48u32, 64, 0, 0, 48, 64, 0, 0].iter().flat_map(|n| n.to_be_bytes()).collect();
        let start = [J2K_START.as_slice(), b"\0\x29\0\0"].concat();
        let whole = [b"\0\0\0\x0cjP  ".as_slice(), &start, &sizes, b"\0\x01\x8b\x01\x01\xff\xd9"].concat();
        assert_eq!(frame(&whole), Ok(Frame { columns: 48, rows: 64, components: 1, precision: 12 }));
        assert!(frame(b"").is_err());
    }
}
