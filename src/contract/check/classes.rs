//! What comes out: classes, regions, and what the label map numbers.

use super::{Checked, counted, demand, distinct, plain_word, refuse};
use crate::contract::{
    classes::{CODE_LETTERS, Class, Code, Output, Region},
    limits::{MAX_CLASSES, MAX_NAME},
    model::Model,
};

pub(super) fn check(model: &Model) -> Checked {
    counted("classes", &model.classes, MAX_CLASSES)?;
    for (n, class) in model.classes.iter().enumerate() {
        let at = format!("classes[{n}]");
        name(&at, class, model.classes.len())?;
        class.code.as_ref().map_or(Ok(()), |given| code(&at, given))?;
        let coded = class.code.is_some() || model.output != Output::Instances;
        demand(coded, format_args!("{at}.code"), "left out", "a code, since the output is instances")?;
    }
    let given = model.regions.len();
    demand(
        given <= MAX_CLASSES,
        "regions",
        format_args!("a list of {given}"),
        format_args!("{MAX_CLASSES} entries at most"),
    )?;
    demand(
        given == 0 || model.output == Output::Regions,
        "regions",
        format_args!("a list of {given}"),
        "no entry, since the output is instances: a finding belongs to one class",
    )?;
    let classes = model.classes.iter().enumerate().map(|(n, class)| (format!("classes[{n}].name"), &*class.name));
    let regions = model.regions.iter().enumerate().map(|(n, region)| (format!("regions[{n}].name"), &*region.name));
    distinct(classes.chain(regions))?;
    for (n, region) in model.regions.iter().enumerate() {
        check_region(&format!("regions[{n}]"), region, &model.classes)?;
    }
    Ok(())
}

/// The name of the only class names no file.
fn name(at: &str, class: &Class, classes: usize) -> Checked {
    let (at, name) = (format!("{at}.name"), class.name.as_str());
    if classes > 1 {
        return plain_word(at, name);
    }
    let letters = name.chars().count();
    let good = (1..=MAX_NAME).contains(&letters) && !name.chars().any(char::is_control);
    demand(good, at, format_args!("'{}'", name.escape_debug()), format_args!("1 to {MAX_NAME} letters"))
}

fn code(at: &str, Code(scheme, value, meaning): &Code) -> Checked {
    for (n, (text, most)) in [scheme, value, meaning].into_iter().zip(CODE_LETTERS).enumerate() {
        let good = (1..=most).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || c == '\\');
        let expected = format_args!("1 to {most} letters (scheme, value and meaning, as DICOM has them)");
        demand(good, format_args!("{at}.code[{n}]"), format_args!("'{}'", text.escape_debug()), expected)?;
    }
    Ok(())
}

fn check_region(at: &str, region: &Region, classes: &[Class]) -> Checked {
    plain_word(format_args!("{at}.name"), &region.name)?;
    region.code.as_ref().map_or(Ok(()), |given| code(at, given))?;
    counted(format_args!("{at}.of"), &region.of, MAX_CLASSES)?;
    for (n, name) in region.of.iter().enumerate() {
        let (field, got) = (format!("{at}.of[{n}]"), format!("'{}'", name.escape_debug()));
        if !classes.iter().any(|class| class.name == *name) {
            let known = classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
            return refuse(field, got, format_args!("the name of a class ({known})"));
        }
        demand(!region.of[..n].contains(name), field, got, "each class once")?;
    }
    Ok(())
}
