//! VTK XML image data (`.vti`) with its direction matrix, in RAS millimetres: the frame of VTK's and 3D Slicer's worlds.
//!
//! Voxels are appended raw, a zlib block a slice (vtkXMLWriter's format: number of blocks, bytes of a block, bytes of
//! a last shorter one, packed bytes of each, then the blocks).

mod read;

use std::io::{Seek, SeekFrom, Write};

use flate2::{Compression, write::ZlibEncoder};

use super::write::{Sample, Stop};
use crate::{
    progress::CancelToken,
    space::{grid::Grid, volume::VolumeView},
};

pub use read::read;

/// Name of the voxels' array.
const ARRAY: &str = "voxels";
/// What a file says that is written here: by it the frame is known.
const OURS: &str = "<!-- sam2lung: research use only; RAS, mm -->";

pub fn write<T: Sample>(
    out: &mut (impl Write + Seek),
    volume: VolumeView<'_, T>,
    cancel: &CancelToken,
) -> Result<(), Stop> {
    out.write_all(header(volume.grid, T::VTK_TYPE).as_bytes())?;
    let table_at = out.stream_position()?;
    let [slices, rows, columns] = volume.grid.shape();
    let mut table = vec![slices as u64, (rows * columns * size_of::<T>()) as u64, 0];
    table.resize(3 + slices, 0);
    // Its place is kept: how much a block packs to is known behind it.
    out.write_all(&bytes_of(&table))?;
    let mut bytes = Vec::new();
    for (slice, packed_bytes) in volume.voxels.outer_iter().zip(&mut table[3..]) {
        cancel.check()?;
        T::put(slice, &mut bytes);
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&bytes)?;
        let packed = packed.finish()?;
        out.write_all(&packed)?;
        *packed_bytes = packed.len() as u64;
    }
    out.write_all(b"\n  </AppendedData>\n</VTKFile>\n")?;
    out.seek(SeekFrom::Start(table_at))?;
    Ok(out.write_all(&bytes_of(&table))?)
}

fn bytes_of(table: &[u64]) -> Vec<u8> {
    table.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn header(grid: &Grid, kind: &str) -> String {
    let words = |numbers: &[f64]| numbers.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(" ");
    let extent = grid.dims.map(|n| format!("0 {}", n as i64 - 1)).join(" ");
    // By rows: the directions of the axes are the columns.
    let direction: Vec<f64> = (0..9).map(|n| grid.direction[n % 3][n / 3]).collect();
    let (origin, spacing, direction) = (words(&grid.origin_ras), words(&grid.spacing_mm), words(&direction));
    format!(
        r#"<?xml version="1.0"?>
{OURS}
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64" compressor="vtkZLibDataCompressor">
  <ImageData WholeExtent="{extent}" Origin="{origin}" Spacing="{spacing}" Direction="{direction}">
    <Piece Extent="{extent}">
      <PointData Scalars="{ARRAY}">
        <DataArray type="{kind}" Name="{ARRAY}" format="appended" offset="0"/>
      </PointData>
      <CellData/>
    </Piece>
  </ImageData>
  <AppendedData encoding="raw">
_"#
    )
}
