//! The pixels of one slice, decoded.

use std::borrow::Cow;

use dicom_encoding::{
    Codec,
    adapters::{PixelDataObject, RawPixelData},
    transfer_syntax::TransferSyntaxIndex,
};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::{
    bytes::Bytes,
    codestream, header,
    header::Pixels,
    rle,
    slice::{Slice, Stored},
    values,
};
use crate::error::{Error, Result};

/// Syntaxes of pixels that aren't compressed. What a private one does to them nobody can know.
const NATIVE: [&str; 4] = [header::IMPLICIT, header::EXPLICIT, header::BIG_ENDIAN, header::DEFLATED];
const ENCAPSULATED: &str = "1.2.840.10008.1.2.1.98";
const RLE: &str = "1.2.840.10008.1.2.5";
/// All JPEG syntaxes, also JPEG-LS and JPEG 2000; JPEG XL is refused before, for no decoder of it is built in.
const JPEG_FAMILY: &str = "1.2.840.10008.1.2.4.";
/// JPEG-LS, without and with loss.
const JPEG_LS: [&str; 2] = ["1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"];

/// HU of a slice, row by row, by its own rescale.
///
/// # Errors
/// [`Error::Read`] or [`Error::Format`].
pub fn decode(slice: &Slice) -> Result<Vec<f32>> {
    values::check_cells(slice)?;
    let stored = &slice.stored;
    let pixels = slice.rows as usize * slice.columns as usize;
    let bytes = stored.bits_allocated as usize / 8;
    let data = data(slice).map_err(|e| damaged(slice, e))?;
    let (cells, bytes) = match &stored.pixels {
        Pixels::Native { .. } if NATIVE.contains(&stored.syntax.as_str()) => (data, bytes),
        Pixels::Native { .. } => return Err(unknown(slice)),
        Pixels::Fragments(_) => match stored.syntax.as_str() {
            ENCAPSULATED => (data, bytes),
            RLE => {
                let cells = rle::decode(&data, pixels, bytes);
                (cells.ok_or_else(|| damaged(slice, "the RLE segments don't hold the image"))?, bytes)
            }
            _ => decompress(slice, data)?,
        },
    };
    let needed = pixels * bytes;
    // A byte may follow to make the count even; a whole image more would be another frame.
    if cells.len() < needed || cells.len() >= 2 * needed {
        let (rows, columns, found) = (slice.rows, slice.columns, cells.len());
        return Err(damaged(slice, format!("{found} bytes of pixels; expected {needed} for {columns} x {rows}")));
    }
    let big_endian = matches!(stored.pixels, Pixels::Native { big_endian: true, .. });
    Ok(values::hu(stored, &slice.rescale, &cells[..needed], bytes, big_endian))
}

/// The pixels as the file has them, fragments joined.
fn data(slice: &Slice) -> std::io::Result<Vec<u8>> {
    let mut bytes = Bytes::of_file(&slice.path)?;
    if let Some(at) = slice.stored.deflated_at {
        bytes = bytes.inflated(at)?;
    }
    match &slice.stored.pixels {
        Pixels::Native { at, length, .. } => bytes.read(*at, (*length).into()),
        Pixels::Fragments(list) => {
            let fragments = list.iter().map(|(at, length)| bytes.read(*at, (*length).into()));
            Ok(fragments.collect::<std::io::Result<Vec<_>>>()?.concat())
        }
    }
}

/// Cells of a JPEG or JPEG 2000 image, and bytes of a cell.
fn decompress(slice: &Slice, data: Vec<u8>) -> Result<(Vec<u8>, usize)> {
    let stored = &slice.stored;
    let decoder = match TransferSyntaxRegistry.get(&stored.syntax).map(|syntax| syntax.codec()) {
        Some(Codec::EncapsulatedPixelData(Some(decoder), _)) if stored.syntax.starts_with(JPEG_FAMILY) => decoder,
        _ => return Err(unknown(slice)),
    };
    let frame = codestream::frame(&data).map_err(|e| damaged(slice, e))?;
    if (frame.columns, frame.rows, frame.components) != (slice.columns, slice.rows, 1) {
        let (c, r, n) = (frame.columns, frame.rows, frame.components);
        let reason = format!("the compressed image has {c} x {r} pixels of {n} component(s)");
        return Err(damaged(slice, format!("{reason}; expected {} x {} of 1", slice.columns, slice.rows)));
    }
    if i64::from(frame.precision) > stored.bits_allocated || frame.precision > 16 {
        return Err(damaged(slice, format!("the compressed pixels have {} bits", frame.precision)));
    }
    let bytes = if frame.precision > 8 { 2 } else { 1 };
    let image = Image { slice, stored, bits: 8 * bytes as u16, data };
    let mut cells = Vec::new();
    decoder.decode_frame(&image, 0, &mut cells).map_err(|e| damaged(slice, in_full(&e)))?;
    Ok((cells, bytes))
}

fn in_full(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason += &format!(": {cause}");
        source = cause.source();
    }
    reason
}

/// Refuses compression that no decoder here undoes, and pixels that aren't written as the syntax says.
fn unknown(slice: &Slice) -> Error {
    let syntax = slice.stored.syntax.as_str();
    let known = TransferSyntaxRegistry.get(syntax).map(|syntax| syntax.name());
    let name = known.map_or(String::new(), |name| format!(" ({name})"));
    let is_compressed = matches!(slice.stored.pixels, Pixels::Fragments(_));
    let got = match (is_compressed, NATIVE.contains(&syntax)) {
        (true, true) => "compressed pixels in ",
        (false, false) => "uncompressed pixels in ",
        _ => "",
    };
    let also = match (JPEG_LS.contains(&syntax), cfg!(feature = "jpeg-ls")) {
        (_, true) => ", JPEG-LS",
        (true, false) => " (JPEG-LS where sam2lung was built with the cargo feature jpeg-ls, which needs CMake)",
        (false, false) => "",
    };
    Error::Format {
        path: slice.path.clone(),
        got: format!("{got}DICOM transfer syntax {syntax}{name}"),
        expected: format!(
            "uncompressed, deflated, RLE, JPEG, JPEG Lossless or JPEG 2000 images{also}. Export the series again, \
             uncompressed, or decompress it with gdcmconv --raw"
        ),
    }
}

fn damaged(slice: &Slice, reason: impl std::fmt::Display) -> Error {
    Error::read(
        &slice.path,
        slice.concerning(reason),
        "The file is damaged or unusual: export the series again, uncompressed",
    )
}

/// The image as the decoders ask for it: one frame in one fragment.
struct Image<'a> {
    slice: &'a Slice,
    stored: &'a Stored,
    /// Of a decoded cell.
    bits: u16,
    data: Vec<u8>,
}

impl PixelDataObject for Image<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        &self.stored.syntax
    }

    fn rows(&self) -> Option<u16> {
        self.slice.rows.try_into().ok()
    }

    fn cols(&self) -> Option<u16> {
        self.slice.columns.try_into().ok()
    }

    fn samples_per_pixel(&self) -> Option<u16> {
        Some(1)
    }

    fn bits_allocated(&self) -> Option<u16> {
        Some(self.bits)
    }

    fn bits_stored(&self) -> Option<u16> {
        self.stored.bits_stored.try_into().ok()
    }

    fn photometric_interpretation(&self) -> Option<&str> {
        Some("MONOCHROME2")
    }

    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }

    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }

    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(&self.data))
    }

    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        Some(Cow::Borrowed(&[]))
    }

    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData { fragments: vec![self.data.clone()].into(), offset_table: Vec::new().into() })
    }
}
