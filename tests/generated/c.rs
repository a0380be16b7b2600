//! `src/capi/nodule.rs`: the C struct's fields. cbindgen makes the header of it.

use sam2lung::findings::measures::{Get, MEASURES, Measure};

use crate::{
    agree,
    region::replaced,
    text,
    words::{comment, count_name, sentence},
};

const FILE: &str = "src/capi/nodule.rs";
/// What stood first when the struct was released; all else follows in the table's order.
const FIRST: [&str; 3] = ["id", "review", "clicked"];

/// A field: its measure, name, type, default and value.
struct Field {
    doc: String,
    name: String,
    kind: &'static str,
    default: &'static str,
    value: String,
}

/// The field of a measure; texts but for their number, and lists, have functions.
fn field(measure: &Measure) -> Option<Field> {
    let name = measure.name;
    let field =
        |kind, default, value| Some(Field { doc: sentence(measure), name: name.to_owned(), kind, default, value });
    match measure.get {
        Get::Whole(_) => field("u32", "0", format!("nodule.{name}.into()")),
        Get::Flag(_) => field("bool", "false", format!("nodule.{name}")),
        Get::Number(_) => field("f64", "f64::NAN", format!("nodule.{name}")),
        Get::Optional(_) => field("f64", "f64::NAN", format!("nodule.{name}.unwrap_or(f64::NAN)")),
        Get::Place(..) => field("[f64; 3]", "[f64::NAN; 3]", format!("nodule.{name}")),
        Get::Texts(_) => Some(Field {
            doc: format!("How many texts sam2lung_result_{}() has.", name.trim_end_matches('s')),
            name: count_name(measure),
            kind: "usize",
            default: "0",
            value: format!("nodule.{name}.len()"),
        }),
        Get::Text(_) | Get::Numbers(_) | Get::Shares(_) => None,
    }
}

fn fields() -> Vec<Field> {
    let first = FIRST.iter().map(|name| MEASURES.iter().find(|m| m.name == *name).expect("it was released"));
    let rest = MEASURES.iter().filter(|measure| !FIRST.contains(&measure.name));
    first.chain(rest).filter_map(field).collect()
}

#[test]
fn c_struct_has_the_measures() {
    let fields = fields();
    let declared = fields.iter().flat_map(|f| {
        let mut lines = comment(&f.doc, 110);
        lines.push(format!("pub {}: {},", f.name, f.kind));
        lines
    });
    let text = replaced(&text(FILE), "fields", &declared.collect::<Vec<_>>());
    let defaults: Vec<String> = fields.iter().map(|f| format!("{}: {},", f.name, f.default)).collect();
    let text = replaced(&text, "defaults", &defaults);
    let values: Vec<String> = fields.iter().map(|f| format!("{}: {},", f.name, f.value)).collect();
    agree(FILE, &replaced(&text, "values", &values));
}
