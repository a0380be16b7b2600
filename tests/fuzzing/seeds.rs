//! Small good inputs that mutations start from.

use std::io::{Cursor, Write};

use ndarray::Array3;
use sam2lung::{
    io,
    progress::CancelToken,
    space::{grid::Grid, volume::Volume},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{targets::Target, volume_view};

/// Schema 1.
const CONTRACTS: [&str; 4] = [
    include_str!("../bundles/tiny-identity/model.json"),
    include_str!("../bundles/tiny-clicks/model.json"),
    include_str!("../bundles/tiny-doubt/model.json"),
    include_str!("../bundles/tiny-neighbours/model.json"),
];
/// Its examples are of schema 2, one of each kind.
const PAGE: &str = include_str!("../../onnx/README.md");
const GRAPHS: [&[u8]; 3] = [
    include_bytes!("../bundles/tiny-identity/encoder.onnx"),
    include_bytes!("../bundles/tiny-identity/decoder.onnx"),
    include_bytes!("../bundles/tiny-scout/judge.onnx"),
];

/// The seeds of a target.
pub fn of(target: Target) -> Vec<Vec<u8>> {
    match target {
        Target::ModelJson => contracts(),
        Target::Graph => GRAPHS.map(<[u8]>::to_vec).into(),
        Target::Archive => vec![archive(""), archive("bundle/")],
        Target::Nifti => vec![written("a.nii"), written("a.nii.gz"), disagreeing_nifti()],
        Target::Nrrd => vec![written("a.nrrd"), raw_nrrd(), nrrd_of_one_time()],
        Target::MetaImage => vec![metaimage(), metaimage_of_one_time()],
        Target::Vti => vec![written("a.vti")],
        Target::DicomFile => vec![dicom_slice(2.0), with_unknown_sequence(), without_meta(), with_frames()],
        Target::VolumeView => volume_view::seeds(),
    }
}

fn contracts() -> Vec<Vec<u8>> {
    let examples = PAGE.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    CONTRACTS.into_iter().chain(examples).map(|text| text.as_bytes().to_vec()).collect()
}

/// An archive of a bundle, its files stored under a folder's name; the mutations would hit little else in deflated ones.
fn archive(top: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let (contract, graphs) = (CONTRACTS[0].as_bytes(), GRAPHS);
    for (name, bytes) in [("model.json", contract), ("encoder.onnx", graphs[0]), ("decoder.onnx", graphs[1])] {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(format!("{top}{name}"), stored).expect("memory takes it");
        zip.write_all(bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// A contract whose graphs all have this hash.
pub fn contract_with(sha256: &str) -> String {
    let mut contract: serde_json::Value = serde_json::from_str(CONTRACTS[0]).expect("a committed bundle");
    for part in ["encoder", "decoder"] {
        contract[part]["sha256"] = sha256.into();
    }
    contract.to_string()
}

fn volume() -> Volume<f32> {
    let grid = Grid::axial([5, 4, 3], [0.7, 0.8, 2.0]);
    let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| (100 * k + 10 * j + i) as f32 - 1000.0);
    Volume::new(grid, voxels)
}

fn written(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join(name);
    io::write_volume(&path, volume().view(), &CancelToken::new()).expect("it can be written");
    std::fs::read(path).expect("it was written")
}

fn with_voxels(header: &str) -> Vec<u8> {
    let voxels = volume().voxels.mapv(|v| v as i16);
    header.bytes().chain(voxels.iter().flat_map(|v| v.to_le_bytes())).collect()
}

fn raw_nrrd() -> Vec<u8> {
    with_voxels(
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 5 4 3\nbyte skip: -1\n\
         space directions: (0.7,0,0) (0,0.8,0) (0,0,2)\nendian: little\nencoding: raw\nspace origin: (1,2,3)\n\n",
    )
}

/// The forms have other codes, and the sform another place (nifti1.h: sform_code, srow_x[3]).
fn disagreeing_nifti() -> Vec<u8> {
    let mut bytes = written("a.nii");
    bytes[254..256].copy_from_slice(&2i16.to_le_bytes());
    bytes[292..296].copy_from_slice(&12f32.to_le_bytes());
    bytes
}

fn nrrd_of_one_time() -> Vec<u8> {
    with_voxels(
        "NRRD0005\r\n# comment\r\nType:short\r\ndimension: 4\r\nspace dimension: 3\r\nsizes: 1 5 4 3\r\n\
         kinds: list domain domain domain\r\nspace directions: none (0.7,0,0) (0,0.8,0) (0,0,2)\r\nendian: little\r\n\
         encoding: raw\r\nspace origin: (1,2,3)\r\n\r\n",
    )
}

fn metaimage_of_one_time() -> Vec<u8> {
    with_voxels(
        "NDims = 4\n\n# comment\nDimSize: 5 4 3 1\nElementSpacing = 0.7 0.8 2 1\nOffset = 1 2 3 0\n\
         elementtype = MET_SHORT\nElementDataFile = LOCAL\n",
    )
}

fn metaimage() -> Vec<u8> {
    with_voxels(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n\
         TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 1 2 3\nElementSpacing = 0.7 0.8 2\nDimSize = 5 4 3\n\
         ElementType = MET_SHORT\nElementDataFile = LOCAL\n",
    )
}

/// A slice with a sequence of unknown kind, whose end is a mark (PS3.5 6.2.2).
fn with_unknown_sequence() -> Vec<u8> {
    let slice = dicom_slice(2.0);
    let mark = b"\xe0\x7f\x10\x00OW";
    let at = slice.windows(6).position(|bytes| bytes == mark).expect("it has pixels");
    let sequence = b"\x01\x20\x5f\x10UN\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\x08\0\0\x01\x04\0\0\0ABCD\
                     \xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0";
    [&slice[..at], sequence, &slice[at..]].concat()
}

/// A slice without preamble and meta information.
fn without_meta() -> Vec<u8> {
    let slice = dicom_slice(2.0);
    let at = slice.windows(6).position(|bytes| bytes == b"\x08\0\x16\0UI").expect("it has a class");
    slice[at..].to_vec()
}

/// Two slices as the frames of one file, each placed by its functional groups (PS3.3 C.7.6.16).
fn with_frames() -> Vec<u8> {
    let slice = dicom_slice(2.0);
    let at = |mark: &[u8]| slice.windows(mark.len()).position(|bytes| bytes == mark).expect("it is there");
    let (position, orientation) = (at(b"\x20\0\x32\0DS"), at(b"\x20\0\x37\0DS"));
    let (rows, pixels) = (at(b"\x28\0\x10\0US"), at(b"\xe0\x7f\x10\0OW"));
    let (item, item_end) = (b"\xfe\xff\x00\xe0\xff\xff\xff\xff".as_slice(), b"\xfe\xff\x0d\xe0\0\0\0\0".as_slice());
    let end = b"\xfe\xff\xdd\xe0\0\0\0\0".as_slice();
    let frame = |place: &[u8]| {
        let macro_start = b"\x20\0\x13\x91SQ\0\0\xff\xff\xff\xff".as_slice();
        [item, macro_start, item, b"\x20\0\x32\0DS\x06\0".as_slice(), place, item_end, end, item_end].concat()
    };
    let groups =
        [b"\x00\x52\x30\x92SQ\0\0\xff\xff\xff\xff".as_slice(), &frame(b"0\\0\\2 "), &frame(b"0\\0\\4 "), end].concat();
    let cells = &slice[pixels + 12..];
    let length = (2 * cells.len() as u32).to_le_bytes();
    let parts: [&[u8]; 9] = [
        &slice[..position],
        &slice[orientation..rows],
        b"\x28\0\x08\0IS\x02\x002 ",
        &slice[rows..pixels],
        &groups,
        &slice[pixels..pixels + 8],
        &length,
        cells,
        cells,
    ];
    parts.concat()
}

/// A CT slice of 5 x 4 pixels at `height_mm`, in explicit little endian (PS3.5 7.1.2, PS3.10 7.1).
pub fn dicom_slice(height_mm: f64) -> Vec<u8> {
    let element = |group: u16, number: u16, kind: &str, value: &[u8]| {
        let padded = [value, if value.len() % 2 == 1 { b" " } else { b"" }].concat();
        let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
        bytes.extend(kind.bytes());
        match kind {
            "OW" | "OB" => bytes.extend([[0; 2].as_slice(), &(padded.len() as u32).to_le_bytes()].concat()),
            _ => bytes.extend((padded.len() as u16).to_le_bytes()),
        }
        bytes.extend(padded);
        bytes
    };
    let short = |group, number, value: u16| element(group, number, "US", &value.to_le_bytes());
    let meta = [
        element(2, 1, "OB", &[0, 1]),
        element(2, 2, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
        element(2, 3, "UI", b"1.2.3.4\0"),
        element(2, 0x10, "UI", b"1.2.840.10008.1.2.1\0"),
        element(2, 0x12, "UI", b"1.2.3\0"),
    ]
    .concat();
    let pixels: Vec<u8> = (0..20u16).flat_map(|n| (24 + n).to_le_bytes()).collect();
    let image = [
        element(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
        element(8, 0x18, "UI", b"1.2.3.4\0"),
        element(8, 0x60, "CS", b"CT"),
        element(0x20, 0xd, "UI", b"1.2.3.5\0"),
        element(0x20, 0xe, "UI", b"1.2.3.6\0"),
        element(0x20, 0x32, "DS", format!("0\\0\\{height_mm}").as_bytes()),
        element(0x20, 0x37, "DS", b"1\\0\\0\\0\\1\\0"),
        short(0x28, 2, 1),
        element(0x28, 4, "CS", b"MONOCHROME2"),
        short(0x28, 0x10, 4),
        short(0x28, 0x11, 5),
        element(0x28, 0x30, "DS", b"0.8\\0.7"),
        short(0x28, 0x100, 16),
        short(0x28, 0x101, 16),
        short(0x28, 0x102, 15),
        short(0x28, 0x103, 0),
        element(0x28, 0x1052, "DS", b"-1024"),
        element(0x28, 0x1053, "DS", b"1"),
        element(0x7fe0, 0x10, "OW", &pixels),
    ]
    .concat();
    let length = element(2, 0, "UL", &(meta.len() as u32).to_le_bytes());
    [&[0; 128], b"DICM".as_slice(), &length, &meta, &image].concat()
}
