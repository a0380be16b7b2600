//! The pixels of a DICOM series: decoded and rescaled to HU, slice by slice.

use std::{path::Path, thread};

use dicom_object::open_file;
use dicom_pixeldata::PixelDecoder;
use ndarray::{Array3, ArrayViewMut2, Axis};

use super::{
    Read, Source, file_name,
    series::{self, Slice},
};
use crate::{
    error::{Error, Result},
    progress::{Monitor, Stage},
    volume::Volume,
};

/// Slices decoded side by side.
const WORKERS: usize = 4;

pub fn read(folder: &Path, wanted: Option<&str>, monitor: &mut Monitor<'_>) -> Result<Read> {
    let series = series::find(folder, wanted, monitor)?;
    super::raw::check_dims(series.grid.dims.map(|n| n as u64))?;
    let mut voxels = Array3::zeros(series.grid.shape());
    let count = series.slices.len();
    let groups = voxels.axis_chunks_iter_mut(Axis(0), WORKERS).zip(series.slices.chunks(WORKERS));
    for (n, (mut images, slices)) in groups.enumerate() {
        monitor.step(Stage::Read, count / 4 + n * WORKERS, count / 4 + count)?;
        thread::scope(|scope| {
            let pairs = images.outer_iter_mut().zip(slices);
            let running: Vec<_> = pairs.map(|(image, slice)| scope.spawn(|| decode(slice, image))).collect();
            running.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(panicked(slices))))
        })?;
    }
    Ok(Read {
        volume: Volume::new(series.grid, voxels),
        source: Source { format: "DICOM", name: file_name(folder), files: count, facts: series.facts },
        unscaled_bits: None,
    })
}

/// Decodes one slice and applies its own rescale slope and intercept (PS3.3 C.11.1).
fn decode(slice: &Slice, mut image: ArrayViewMut2<'_, f32>) -> Result<()> {
    let object = open_file(&slice.path).map_err(|e| damaged(slice, &e))?;
    let syntax = object.meta().transfer_syntax().trim_end_matches('\0').to_owned();
    let pixels = object.decode_pixel_data().map_err(|e| match supported(&syntax) {
        true => damaged(slice, &e),
        false => Error::Format {
            path: slice.path.clone(),
            got: format!("DICOM transfer syntax {syntax}"),
            expected: "uncompressed, RLE, JPEG Lossless, JPEG-LS or JPEG 2000 images (decompress with gdcmconv --raw)"
                .into(),
        },
    })?;
    let values = pixels.to_vec::<f32>().map_err(|e| damaged(slice, &e))?;
    if values.len() != image.len() {
        let reason = format!("{} values for {} pixels", values.len(), image.len());
        return Err(Error::read(&slice.path, reason, "Only single-channel images can be CT: copy the file again"));
    }
    image.iter_mut().zip(values).for_each(|(pixel, value)| *pixel = value);
    Ok(())
}

fn supported(syntax: &str) -> bool {
    const NAMES: [&str; 10] = [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.81",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.91",
    ];
    NAMES.contains(&syntax)
}

fn damaged(slice: &Slice, error: &dyn std::error::Error) -> Error {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason += &format!(": {cause}");
        source = cause.source();
    }
    Error::read(&slice.path, reason, "The file is damaged or unusual: export the series again, uncompressed")
}

/// A decoder that panics on damaged data ends its thread, not the program.
fn panicked(slices: &[Slice]) -> Error {
    let last = slices.last().expect("a group has a slice");
    let reason =
        format!("the decoder failed on {} or one of the {} slices before it", last.path.display(), WORKERS - 1);
    Error::read(&last.path, reason, "The file is damaged: copy it again")
}
