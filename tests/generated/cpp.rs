//! `include/sam2lung/nodule.hpp`: fields of the C++ struct, and how they are had from C.

use sam2lung::findings::measures::{Get, MEASURES, Measure};

use crate::{
    agree,
    region::replaced,
    text,
    words::{comment, count_name, cpp_name, sentence},
};

const FILE: &str = "include/sam2lung/nodule.hpp";

fn declaration(measure: &Measure) -> String {
    let name = cpp_name(measure);
    match measure.get {
        Get::Whole(_) => format!("std::uint32_t {name} = 0;"),
        Get::Flag(_) => format!("bool {name} = false;"),
        Get::Number(_) => format!("double {name} = 0;"),
        Get::Optional(_) => format!("std::optional<double> {name};"),
        Get::Place(..) => format!("std::array<double, 3> {name}{{}};"),
        Get::Text(_) | Get::Shares(_) => format!("std::string {name};"),
        Get::Texts(_) => format!("std::vector<std::string> {name};"),
        Get::Numbers(_) => format!("std::vector<double> {name};"),
    }
}

/// Letters of a line behind its indentation.
const LINE: usize = 116;

fn assignment(measure: &Measure) -> Vec<String> {
    let (name, raw) = (cpp_name(measure), measure.name);
    let value = match measure.get {
        Get::Whole(_) | Get::Flag(_) | Get::Number(_) => format!("raw.{raw}"),
        Get::Optional(_) => format!("unless_nan(raw.{raw})"),
        Get::Place(..) => format!("place(raw.{raw})"),
        Get::Text(_) if raw == "class" => "sam2lung_result_nodule_class(result, index)".into(),
        Get::Text(_) | Get::Shares(_) => format!("measure_text(result, index, {raw:?})"),
        Get::Texts(_) => format!("reasons(result, index, raw.{})", count_name(measure)),
        Get::Numbers(_) => format!("{}(result, index)", raw.trim_end_matches("_mm3").trim_end_matches("_mm")),
    };
    let line = format!("nodule.{name} = {value};");
    if line.len() <= LINE { vec![line] } else { vec![format!("nodule.{name} ="), format!("    {value};")] }
}

#[test]
fn cpp_struct_has_the_measures() {
    let fields = MEASURES.iter().flat_map(|measure| {
        let mut lines = comment(&sentence(measure), 106);
        lines.push(declaration(measure));
        lines
    });
    let text = replaced(&text(FILE), "fields", &fields.collect::<Vec<_>>());
    let values: Vec<String> = MEASURES.iter().flat_map(assignment).collect();
    agree(FILE, &replaced(&text, "values", &values));
}
