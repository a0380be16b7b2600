//! `src/cxx_bridge.rs`: fields of the struct that C++ built in the same tree sees.

use sam2lung::findings::measures::{Get, MEASURES, Measure};

use crate::{
    agree,
    region::replaced,
    text,
    words::{comment, cpp_name, sentence},
};

const FILE: &str = "src/cxx_bridge.rs";

fn kind(measure: &Measure) -> &'static str {
    match measure.get {
        Get::Whole(_) => "u16",
        Get::Flag(_) => "bool",
        Get::Number(_) | Get::Optional(_) => "f64",
        Get::Place(..) => "[f64; 3]",
        Get::Text(_) | Get::Shares(_) => "String",
        Get::Texts(_) => "Vec<String>",
        Get::Numbers(_) => "Vec<f64>",
    }
}

fn value(measure: &Measure) -> String {
    let name = cpp_name(measure);
    let more = match measure.get {
        Get::Text(_) | Get::Shares(_) => return format!("{name}: said(nodule, {:?}),", measure.name),
        Get::Optional(_) => ".unwrap_or(f64::NAN)",
        Get::Texts(_) | Get::Numbers(_) => ".clone()",
        _ => "",
    };
    format!("{name}: nodule.{}{more},", measure.name)
}

#[test]
fn bridge_struct_has_the_measures() {
    let fields = MEASURES.iter().flat_map(|measure| {
        let mut lines = comment(&sentence(measure), 110);
        lines.push(format!("{}: {},", cpp_name(measure), kind(measure)));
        lines
    });
    let text = replaced(&text(FILE), "fields", &fields.collect::<Vec<_>>());
    let values: Vec<String> = MEASURES.iter().map(value).collect();
    agree(FILE, &replaced(&text, "values", &values));
}
