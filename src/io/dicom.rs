//! The pixels of a DICOM series: decoded and rescaled to HU, slice by slice.

use std::{path::Path, thread};

use dicom_dictionary_std::tags;
use dicom_object::OpenFileOptions;
use dicom_pixeldata::PixelDecoder;
use dicom_transfer_syntax_registry::{TransferSyntaxIndex, TransferSyntaxRegistry};
use ndarray::Array3;

use super::{
    Read, ReadOptions, Source, file_name,
    series::{self, Slice},
};
use crate::{
    error::{Error, Result},
    memory,
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
    let count = series.slices.len();
    let workers = workers(options.threads);
    // Memory grows with what the files hold, not with what their headers promise.
    let mut voxels: Vec<f32> = Vec::new();
    for (n, slices) in series.slices.chunks(workers).enumerate() {
        monitor.step(Stage::Read, count / 4 + n * workers, count / 4 + count)?;
        for image in decode_group(slices, series.grid.dims[0] * series.grid.dims[1])? {
            memory::grow(&mut voxels, image.len(), "the series")?;
            voxels.extend(image);
        }
    }
    let voxels = Array3::from_shape_vec(series.grid.shape(), voxels).expect("every slice has its pixels");
    Ok(Read {
        volume: Volume::new(series.grid, voxels),
        source: Source { format: "DICOM", name: file_name(folder), files: count, facts: series.facts },
        warnings: Vec::new(),
        unscaled_bits: None,
    })
}

/// Decodes slices of so many pixels, each in a thread of its own.
fn decode_group(slices: &[Slice], pixels: usize) -> Result<Vec<Vec<f32>>> {
    thread::scope(|scope| {
        let spawn = |slice| {
            let builder = thread::Builder::new().name(DECODER_THREAD.into());
            (slice, builder.spawn_scoped(scope, move || decode(slice, pixels)))
        };
        let running: Vec<_> = slices.iter().map(spawn).collect();
        let join = |(slice, worker): (&Slice, std::io::Result<thread::ScopedJoinHandle<'_, _>>)| {
            let worker = worker.map_err(|e| Error::read(&slice.path, e, "Close other programs and try again"))?;
            worker.join().unwrap_or_else(|_| Err(panicked(slice)))
        };
        running.into_iter().map(join).collect()
    })
}

/// Slices decoded side by side with so many CPU threads.
fn workers(threads: Option<usize>) -> usize {
    let available = || thread::available_parallelism().map_or(1, |n| n.get());
    threads.unwrap_or_else(available).clamp(1, MOST_WORKERS)
}

/// Decodes one slice and applies its own rescale slope and intercept (PS3.3 C.11.1).
fn decode(slice: &Slice, pixels: usize) -> Result<Vec<f32>> {
    // What follows the pixels is nobody's business here, and may be anything.
    let object = OpenFileOptions::new().read_to(tags::PIXEL_DATA).open_file(&slice.path);
    let object = object.map_err(|e| damaged(slice, &e))?;
    decodable(slice, object.meta().transfer_syntax().trim_end_matches('\0'))?;
    let decoded = object.decode_pixel_data().map_err(|e| damaged(slice, &e))?;
    let values = decoded.to_vec::<f32>().map_err(|e| damaged(slice, &e))?;
    if values.len() != pixels {
        let reason = format!("{} values for {pixels} pixels", values.len());
        return Err(Error::read(&slice.path, reason, "Only single-channel images can be CT: copy the file again"));
    }
    Ok(values)
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
