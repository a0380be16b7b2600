//! Surfaces of nodules as VTK PolyData: XML (`.vtp`) or legacy binary (`.vtk`), through vtkio.
//!
//! One mesh for all surfaces, in RAS millimetres, with the nodule's number as cell array `id`. 3D Slicer takes meshes
//! for LPS unless they say otherwise: legacy files say so in their title, XML files in a field array `SPACE`.

use crate::limits::MAX_TRIANGLES;
use std::path::Path;

use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};
use vtkio::model::{Attribute, Attributes, ByteOrder, DataSet, PolyDataPiece, Version, VertexNumbers, Vtk};

use super::write::write_file;
use crate::{
    error::{Error, Result},
    steps::surfaces::Surface,
};

const TITLE: &str = "sam2lung: research use only. SPACE=RAS";
/// What 3D Slicer writes, which vtkio has no type for: a string as numbers of its letters.
const SPACE_FIELD: &str = "<FieldData><Array type=\"String\" Name=\"SPACE\" NumberOfTuples=\"1\" format=\"ascii\">\
                           82 65 83 0</Array></FieldData>";

/// A format that surfaces are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
pub enum SurfaceFormat {
    /// VTK XML PolyData.
    #[strum(serialize = "vtp")]
    Xml,
    /// VTK legacy PolyData.
    #[strum(serialize = "vtk")]
    Legacy,
}

impl SurfaceFormat {
    /// All of them, the usual one first.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The file ending, without the dot.
    pub fn ending(self) -> &'static str {
        self.into()
    }
}

/// Writes surfaces as one mesh in RAS mm; `path` ends in `.vtp` or `.vtk`. Without surfaces it is an empty mesh.
///
/// # Errors
/// [`Error::Option`] or [`Error::Write`]; then nothing is left at `path` that wasn't there.
pub fn write_surfaces(path: &Path, surfaces: &[Surface]) -> Result<()> {
    let format = format_of(path)?;
    if surfaces.iter().map(|s| s.triangles.len()).sum::<usize>() > MAX_TRIANGLES {
        return Err(Error::write(path, format!("the surfaces have more than {MAX_TRIANGLES} triangles")));
    }
    let mut bytes = Vec::new();
    let mesh = mesh(surfaces, format);
    let written = match format {
        SurfaceFormat::Xml => mesh.write_xml(&mut bytes),
        SurfaceFormat::Legacy => mesh.write_legacy(&mut bytes),
    };
    written.map_err(|e| Error::write(path, e))?;
    if format == SurfaceFormat::Xml {
        bytes = with_space(bytes);
    }
    write_file(path, &bytes)
}

fn format_of(path: &Path) -> Result<SurfaceFormat> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.and_then(|ending| ending.parse().ok()).ok_or_else(|| Error::Option {
        option: "path",
        got: path.display().to_string(),
        expected: "a path that ends in .vtp or .vtk".into(),
    })
}

/// All surfaces as one set of points and triangles.
fn mesh(surfaces: &[Surface], format: SurfaceFormat) -> Vtk {
    let (mut points, mut corners, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for surface in surfaces {
        let first = points.len() as u64 / 3;
        points.extend(surface.vertices_ras.iter().flatten().map(|mm| *mm as f32));
        corners.extend(surface.triangles.iter().flatten().map(|corner| first + u64::from(*corner)));
        ids.extend(std::iter::repeat_n(i32::from(surface.id), surface.triangles.len()));
    }
    let offsets = (1..=ids.len() as u64).map(|n| 3 * n).collect();
    let data = PolyDataPiece {
        points: points.into(),
        polys: Some(VertexNumbers::XML { connectivity: corners, offsets }),
        data: Attributes { point: Vec::new(), cell: vec![Attribute::scalars("id", 1).with_data(ids)] },
        ..PolyDataPiece::default()
    };
    Vtk {
        version: Version::Auto,
        title: TITLE.into(),
        byte_order: match format {
            SurfaceFormat::Xml => ByteOrder::LittleEndian,
            SurfaceFormat::Legacy => ByteOrder::BigEndian, // the only one that VTK reads
        },
        data: DataSet::inline(data),
        file_path: None,
    }
}

/// The XML file with the field array that tells 3D Slicer the frame.
fn with_space(xml: Vec<u8>) -> Vec<u8> {
    const MESH: &[u8] = b"<PolyData>";
    let behind = xml.windows(MESH.len()).position(|part| part == MESH).map_or(0, |at| at + MESH.len());
    [&xml[..behind], SPACE_FIELD.as_bytes(), &xml[behind..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tetrahedron(id: u16) -> Surface {
        Surface {
            id,
            vertices_ras: vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            triangles: vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]],
        }
    }

    fn read(path: &Path) -> PolyDataPiece {
        // vtkio's reader knows no string arrays.
        let bytes = std::fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let vtk = match format_of(path).unwrap() {
            SurfaceFormat::Xml => Vtk::parse_xml(text.replace(SPACE_FIELD, "").as_bytes()).unwrap(),
            SurfaceFormat::Legacy => Vtk::parse_legacy_be(&bytes[..]).unwrap(),
        };
        let DataSet::PolyData { pieces, .. } = vtk.data else { panic!("no PolyData") };
        pieces.into_iter().next().expect("one piece").into_loaded_piece_data(None).unwrap()
    }

    #[test]
    fn write_surfaces_both_formats_hold_all_points_triangles_and_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["nodules.vtp", "nodules.vtk"] {
            let path = folder.path().join(name);
            write_surfaces(&path, &[tetrahedron(3), tetrahedron(8)]).unwrap();
            let mesh = read(&path);
            assert_eq!(mesh.num_points(), 8);
            let corners: Vec<u64> = match mesh.polys.expect("triangles") {
                VertexNumbers::XML { connectivity, .. } => connectivity,
                VertexNumbers::Legacy { vertices, .. } => {
                    vertices.chunks(4).flat_map(|cell| &cell[1..]).map(|corner| u64::from(*corner)).collect()
                }
            };
            assert_eq!(corners.len(), 24);
            assert_eq!(corners[12..15], [4, 6, 5]);
            let Attribute::DataArray(ids) = &mesh.data.cell[0] else { panic!("no array") };
            assert_eq!(ids.name, "id");
            assert_eq!(ids.data.clone().cast_into::<i32>().unwrap(), [3, 3, 3, 3, 8, 8, 8, 8]);
            assert!(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("SPACE"));
        }
    }

    #[test]
    fn write_surfaces_where_it_can_not_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_surfaces(&folder.path().join("nodules.stl"), &[]).unwrap_err();
        assert_eq!(error.name(), "E_OPTION");
        let there = folder.path().join("nodules.vtp");
        std::fs::create_dir(&there).unwrap();
        assert_eq!(write_surfaces(&there, &[tetrahedron(1)]).unwrap_err().name(), "E_WRITE");
        assert_eq!(write_surfaces(&folder.path().join("no/a.vtp"), &[]).unwrap_err().name(), "E_WRITE");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
