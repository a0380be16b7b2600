//! The pixels of a DICOM series: decoded and rescaled to HU, slice by slice.

use std::{path::Path, thread};

use dicom_object::open_file;
use dicom_pixeldata::PixelDecoder;
use dicom_transfer_syntax_registry::{TransferSyntaxIndex, TransferSyntaxRegistry};
use ndarray::{Array3, ArrayViewMut2, Axis};

use super::{
    Read, ReadOptions, Source, file_name,
    series::{self, Slice},
};
use crate::{
    error::{Error, Result},
    progress::{Monitor, Stage},
    volume::Volume,
};

/// Most slices decoded side by side.
const MOST_WORKERS: usize = 4;
/// Name of the threads that decode. A decoder may panic on damaged data: its thread ends, and an error says so. Who
/// sets a panic hook can leave these out.
pub const DECODER_THREAD: &str = "sam2lung-decoder";

pub fn read(folder: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Read> {
    let series = series::find(folder, options.series, monitor)?;
    super::raw::check_dims(series.grid.dims.map(|n| n as u64))?;
    let mut voxels = Array3::zeros(series.grid.shape());
    let count = series.slices.len();
    let workers = workers(options.threads);
    let groups = voxels.axis_chunks_iter_mut(Axis(0), workers).zip(series.slices.chunks(workers));
    for (n, (mut images, slices)) in groups.enumerate() {
        monitor.step(Stage::Read, count / 4 + n * workers, count / 4 + count)?;
        thread::scope(|scope| {
            let spawn = |(image, slice)| {
                let builder = thread::Builder::new().name(DECODER_THREAD.into());
                (slice, builder.spawn_scoped(scope, move || decode(slice, image)))
            };
            let running: Vec<_> = images.outer_iter_mut().zip(slices).map(spawn).collect();
            running.into_iter().try_for_each(|(slice, worker)| {
                let worker = worker.map_err(|e| Error::read(&slice.path, e, "Close other programs and try again"))?;
                worker.join().unwrap_or_else(|_| Err(panicked(slice)))
            })
        })?;
    }
    Ok(Read {
        volume: Volume::new(series.grid, voxels),
        source: Source { format: "DICOM", name: file_name(folder), files: count, facts: series.facts },
        unscaled_bits: None,
    })
}

/// Slices decoded side by side with so many CPU threads.
fn workers(threads: Option<usize>) -> usize {
    let available = || thread::available_parallelism().map_or(1, |n| n.get());
    threads.unwrap_or_else(available).clamp(1, MOST_WORKERS)
}

/// Decodes one slice and applies its own rescale slope and intercept (PS3.3 C.11.1).
fn decode(slice: &Slice, mut image: ArrayViewMut2<'_, f32>) -> Result<()> {
    let object = open_file(&slice.path).map_err(|e| damaged(slice, &e))?;
    decodable(slice, object.meta().transfer_syntax().trim_end_matches('\0'))?;
    let pixels = object.decode_pixel_data().map_err(|e| damaged(slice, &e))?;
    let values = pixels.to_vec::<f32>().map_err(|e| damaged(slice, &e))?;
    if values.len() != image.len() {
        let reason = format!("{} values for {} pixels", values.len(), image.len());
        return Err(Error::read(&slice.path, reason, "Only single-channel images can be CT: copy the file again"));
    }
    image.iter_mut().zip(values).for_each(|(pixel, value)| *pixel = value);
    Ok(())
}

/// Refuses compression that no decoder here undoes.
fn decodable(slice: &Slice, syntax: &str) -> Result<()> {
    let known = TransferSyntaxRegistry.get(syntax);
    if known.is_some_and(|syntax| syntax.can_decode_all()) {
        return Ok(());
    }
    let name = known.map_or(String::new(), |syntax| format!(" ({})", syntax.name()));
    Err(Error::Format {
        path: slice.path.clone(),
        got: format!("DICOM transfer syntax {syntax}{name}"),
        expected: "uncompressed, deflated, RLE, JPEG, JPEG Lossless or JPEG 2000 images. Export the series again, \
                   uncompressed, or decompress it with gdcmconv --raw"
            .into(),
    })
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

fn panicked(slice: &Slice) -> Error {
    Error::read(&slice.path, "the decoder stumbled over the pixels", "The file is damaged: copy it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_as_many_as_the_threads_up_to_four() {
        assert_eq!([0, 1, 3, 4, 64].map(|threads| workers(Some(threads))), [1, 1, 3, 4, 4]);
        assert!((1..=MOST_WORKERS).contains(&workers(None)));
    }
}
