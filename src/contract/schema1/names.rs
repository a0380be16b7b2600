//! What fields of schema version 2 are called in version 1.

/// Fields of schema 2 and their names in schema 1; a field stands for all that is in it.
pub const NAMES: [(&str, &str); 27] = [
    ("channels[0].normalise.window", "input.window_hu"),
    ("classes", "decoder.classes"),
    ("lungs", "input.lungs"),
    ("segment.kind", "kind"),
    ("segment.grid.spacing_mm[1]", "input.pixel_mm"),
    ("segment.grid.multiple", "input.multiple"),
    ("segment.neighbours", "input.neighbours"),
    ("segment.whole_slice", "encoder.whole_slice"),
    ("segment.halo_px", "decoder.halo_px"),
    ("segment.scout.threshold", "sampling.scout_threshold"),
    ("segment.scout.margin_mm", "sampling.scout_margin_mm"),
    ("segment.members[0].encoder", "encoder"),
    ("segment.members[0].decoder", "decoder"),
    ("segment.tensors.image", "encoder.slices"),
    ("segment.tensors.offsets_mm", "encoder.offsets_mm"),
    ("segment.tensors.embeddings", "encoder.embeddings"),
    ("segment.tensors.logits", "decoder.logits"),
    ("segment.random", "decoder"),
    ("segment.clicks.input", "decoder.clicks.name"),
    ("segment.clicks", "decoder.clicks"),
    ("segment.calibration", "calibration"),
    ("classify.grid", "judge"),
    ("classify.members[0].graph", "judge"),
    ("classify.image", "judge.patch"),
    ("classify.calibration", "judge"),
    ("classify", "judge"),
    ("uncertainty", "doubt"),
];

/// The name in schema 1 of a field of schema 2; the field itself where schema 1 has no such thing, or calls it the same.
pub fn name_of(field: &str) -> String {
    let rest = |prefix: &str| field.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let known = NAMES.iter().filter_map(|(new, old)| Some((new.len(), *old, rest(new)?)));
    let Some((_, old, rest)) = known.max_by_key(|(length, ..)| *length) else { return field.into() };
    match field.starts_with("segment.random.dropout") {
        true => format!("{old}{}", rest.replace(".input", ".name")),
        false => format!("{old}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_field_is_that_of_the_longest_known_part_of_it() {
        for (new, old) in [
            ("segment.grid.spacing_mm[1]", "input.pixel_mm"),
            ("segment.random.dropout[3].input", "decoder.dropout[3].name"),
            ("segment.random.dropout", "decoder.dropout"),
            ("segment.members[0].decoder.file", "decoder.file"),
            ("segment.clicks.decay_mm", "decoder.clicks.decay_mm"),
            ("segment.clicks.input", "decoder.clicks.name"),
            ("classify.grid.size[2]", "judge.size[2]"),
            ("classify.calibration.bias", "judge.bias"),
            ("classify.logit", "judge.logit"),
            ("uncertainty.clicked.dice[6]", "doubt.clicked.dice[6]"),
            ("sampling.samples", "sampling.samples"),
            ("classesx", "classesx"),
            ("review.expected_dice_below", "review.expected_dice_below"),
        ] {
            assert_eq!(name_of(new), old);
        }
    }
}
