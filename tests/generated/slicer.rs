//! `SAM2LungTableColumns.cxx`: the columns of the Slicer module's table. Titles and descriptions are literals there, so that
//! Slicer's tools find what is to be translated.

use sam2lung::findings::measures::{Column, Get, Unit, columns};

use crate::{
    agree,
    region::replaced,
    text,
    words::{capital, cpp_name},
};

const FILE: &str = "slicer_module/SAM2Lung/Logic/SAM2LungTableColumns.cxx";

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::None | Unit::Share => "NONE",
        Unit::Voxel => "VOXEL",
        Unit::Millimetre => "MM",
        Unit::CubicMillimetre => "MM3",
        Unit::Hounsfield => "HU",
        Unit::Milligram => "MG",
        Unit::Uncertainty => "UNCERTAINTY",
    }
}

/// VTK's type, and the function that makes a cell.
fn cell(column: &Column, axis: usize) -> (&'static str, String) {
    let member = cpp_name(column.measure);
    match column.measure.get {
        Get::Whole(_) => ("VTK_INT", format!("Whole<&Nodule::{member}>")),
        Get::Number(_) => ("VTK_DOUBLE", format!("Number<&Nodule::{member}>")),
        Get::Optional(_) => ("VTK_DOUBLE", format!("Optional<&Nodule::{member}>")),
        Get::Place(..) => ("VTK_DOUBLE", format!("Place<&Nodule::{member}, {axis}>")),
        Get::Flag(_) => ("VTK_BIT", format!("Flag<&Nodule::{member}>")),
        Get::Text(_) | Get::Shares(_) => ("VTK_STRING", format!("Text<&Nodule::{member}>")),
        Get::Texts(_) => ("VTK_STRING", format!("Texts<&Nodule::{member}>")),
        Get::Numbers(_) => unreachable!("lists make no columns"),
    }
}

#[test]
fn slicer_table_has_the_measures() {
    let all = columns();
    let translated = |text: &str| format!("vtkMRMLTr(\"vtkSlicerSAM2LungLogic\", {text:?})");
    let lines = all.iter().flat_map(|column| {
        let axis = all.iter().filter(|c| c.measure.name == column.measure.name).position(|c| c.name == column.name);
        let (kind, cell) = cell(column, axis.expect("it is one of them"));
        [
            format!("columns.push_back({{ {:?},", column.name),
            format!("                    {kind},"),
            format!("                    {},", unit(column.measure.unit)),
            format!("                    {},", translated(column.title)),
            format!("                    {},", translated(&capital(column.measure.meaning))),
            format!("                    {cell} }});"),
        ]
    });
    agree(FILE, &replaced(&text(FILE), "columns", &lines.collect::<Vec<_>>()));
}
