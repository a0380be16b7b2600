//! What is said of a result in words, the same on every surface.

use crate::{
    findings::{
        nodule::Nodule,
        reading::{Decision, Reading, Readings},
    },
    report::overview::OverviewTitle,
};

pub use crate::findings::share::{chance, decimals, percent};

/// What every surface says.
pub const NOTICE: &str = "Research use only. Not a medical device.";

/// A volume in whole mm³; of a small one so many digits that it isn't 0.
pub fn volume(mm3: f64) -> String {
    let digits = if mm3 > 0.0 && mm3 < 1.0 { -mm3.log10().floor() } else { 0.0 };
    format!("{mm3:.*}", digits as usize)
}

/// "640 mm³ (520 to 790)".
pub fn volume_with_interval(nodule: &Nodule) -> String {
    let [own, low, high] = [nodule.volume_mm3, nodule.volume_mm3_p05, nodule.volume_mm3_p95].map(volume);
    format!("{own} mm³ ({low} to {high})")
}

/// "right lung, slice 84 of 300 from the feet", of canonical slice `k`, from 0; the slice alone where the lung isn't known.
pub fn place(nodule: &Nodule, slices: usize, k: usize) -> String {
    beside_lung(nodule, place_in(slices, k))
}

/// "right lung, centre in slice 84 of 300 from the feet", of a nodule with canonical indices; as [`centre_in`].
pub fn centre(nodule: &Nodule, slices: usize) -> String {
    beside_lung(nodule, centre_in(slices, nodule.centroid_ijk[2].round() as usize))
}

fn beside_lung(nodule: &Nodule, slice: String) -> String {
    if nodule.side.is_empty() { slice } else { format!("{}, {slice}", nodule.side) }
}

/// "slice 84 of 300 from the feet", of canonical slice `k`, from 0: where a size is told, that of the long axis.
pub fn place_in(slices: usize, k: usize) -> String {
    format!("slice {} of {slices} from the feet", k + 1)
}

/// "centre in slice 84 of 300 from the feet": where no long axis is told. The slice of the long axis may be another one.
pub fn centre_in(slices: usize, k: usize) -> String {
    format!("centre in {}", place_in(slices, k))
}

/// How many nodules were found.
pub fn found(nodules: usize) -> String {
    match nodules {
        0 => "No nodule was found".to_owned(),
        1 => "1 nodule was found".to_owned(),
        n => format!("{n} nodules were found"),
    }
}

/// How many of them should be looked at again; none where none should.
pub fn flagged(nodules: &[Nodule]) -> Option<String> {
    let flagged = nodules.iter().filter(|nodule| nodule.review).count();
    (flagged > 0).then(|| format!("{flagged} should be looked at again"))
}

/// How many micronodules there are, and what is one; none where there are none.
pub fn micronodules(title: &OverviewTitle) -> Option<String> {
    let named = match title.micronodules {
        0 => return None,
        1 => "1 micronodule".to_owned(),
        n => format!("{n} micronodules"),
    };
    Some(format!("{named} below {} mm", title.min_diameter_mm))
}

/// How sizes are told.
pub const SIZES: &str = "Sizes are long × short axis in the axial slice";

/// A size band as a person reads it: "<4 mm" as "< 4 mm", ">=8 mm" as "≥ 8 mm". Files for programs keep their names.
pub fn band(name: &str) -> String {
    name.replace(">=", "≥ ").replace('<', "< ").replace('>', "> ")
}

/// What the intervals around these nodules' volumes mean.
pub fn intervals(nodules: &[Nodule], title: &OverviewTitle) -> String {
    let (plain, clicked) = (title.volume_interval, title.clicked_volume_interval);
    let told = plain == clicked || nodules.iter().all(|nodule| !nodule.clicked);
    let clicked = if told { String::new() } else { format!("; with clicks, {}", clicked.meaning()) };
    plain.meaning() + &clicked
}

/// What a reader says of a nodule: "Rejected by AB: a vessel"; none where nothing was decided or written.
pub fn reading(reading: &Reading) -> Option<String> {
    let [comment, reader] = [&reading.comment, &reading.reader].map(|text| one_line(text));
    let decided = match reading.decision {
        Decision::Undecided if comment.is_empty() => return None,
        Decision::Undecided => "Not decided",
        Decision::Accepted => "Accepted",
        Decision::Rejected => "Rejected",
    };
    let by = match (reading.decision, reader.is_empty()) {
        (_, true) => String::new(),
        (Decision::Undecided, false) => format!(", comment of {reader}"),
        (_, false) => format!(" by {reader}"),
    };
    let comment = if comment.is_empty() { comment } else { format!(": {comment}") };
    Some(format!("{decided}{by}{comment}"))
}

/// How many nodules a reader accepted and rejected, the rejected ones by name; none where nobody read the result.
pub fn readings(nodules: &[Nodule], readings: &Readings) -> Option<String> {
    if readings.is_empty() {
        return None;
    }
    let rejected: Vec<String> = nodules.iter().filter(|nodule| readings.rejects(nodule.id)).map(name).collect();
    let named = if rejected.is_empty() { String::new() } else { format!(" ({})", rejected.join(", ")) };
    Some(format!(
        "Read by a person: {} accepted, {} rejected{named}, {} undecided",
        readings.count(Decision::Accepted),
        rejected.len(),
        readings.count(Decision::Undecided)
    ))
}

/// "Nodule 3": what the finding is called, by its class, and its number.
pub fn name(nodule: &Nodule) -> String {
    let class = if nodule.class.is_empty() { "nodule" } else { nodule.class.as_str() };
    format!("{} {}", capital(&one_line(class)), nodule.id)
}

/// With a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// `text` from elsewhere (a file's or a class's name) on one line: what controls a line or its direction is replaced.
pub fn one_line(text: &str) -> String {
    let controls = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if controls(c) { '\u{fffd}' } else { c }).collect()
}

/// Nodules in the order in which they are read: those to look at again first, of these the largest first; what a reader
/// rejected comes last.
pub fn reading_order(nodules: &[Nodule], readings: &Readings) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodules.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&nodules[*a], &nodules[*b]);
        let rejected = readings.rejects(a.id).cmp(&readings.rejects(b.id));
        rejected.then(b.review.cmp(&a.review)).then(b.volume_mm3.total_cmp(&a.volume_mm3)).then(a.id.cmp(&b.id))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_of_a_small_interval_s_end_is_not_0() {
        assert_eq!([1234.5, 9.6, 1.0, 0.96, 0.4, 0.034].map(volume), ["1234", "10", "1", "1.0", "0.4", "0.03"]);
        assert_eq!(volume(0.0), "0");
    }

    #[test]
    fn band_of_a_guideline_has_real_signs() {
        assert_eq!(
            ["<4 mm", "4 to <6 mm", "6 to 8 mm", ">8 mm", ">=30 mm"].map(band),
            ["< 4 mm", "4 to < 6 mm", "6 to 8 mm", "> 8 mm", "≥ 30 mm"]
        );
    }

    #[test]
    fn one_line_has_no_character_that_begins_another_or_turns_it_round() {
        assert_eq!(one_line("ct\r\nNodule 9\u{202e}\u{2028}x"), "ct\u{fffd}\u{fffd}Nodule 9\u{fffd}\u{fffd}x");
        assert_eq!(one_line("Müller <1>"), "Müller <1>");
    }

    #[test]
    fn reading_order_has_the_flagged_first_and_then_the_largest() {
        let nodule = |id, volume_mm3, review| Nodule { review, ..Nodule::unmeasured(id, [[0.0; 3]; 2], volume_mm3) };
        let nodules = [nodule(1, 9.0, false), nodule(2, 5.0, true), nodule(3, 5.0, false), nodule(4, 7.0, true)];
        assert_eq!(reading_order(&nodules, &Readings::default()), [3, 1, 0, 2]);
        let rejected = Reading { nodule: 4, decision: Decision::Rejected, ..Reading::default() };
        assert_eq!(reading_order(&nodules, &Readings::of(vec![rejected], &nodules).unwrap()), [1, 0, 2, 3]);
    }

    #[test]
    fn readings_say_who_decided_what_and_name_what_was_rejected() {
        let said = |decision, comment: &str, reader: &str| {
            reading(&Reading { nodule: 1, decision, comment: comment.into(), reader: reader.into() })
        };
        assert_eq!(said(Decision::Rejected, "a vessel\n", "AB").unwrap(), "Rejected by AB: a vessel\u{fffd}");
        assert_eq!(said(Decision::Accepted, "", "").unwrap(), "Accepted");
        assert_eq!(said(Decision::Undecided, "look", "AB").unwrap(), "Not decided, comment of AB: look");
        assert_eq!(said(Decision::Undecided, "", "AB"), None);
        let nodules = [1, 2, 3].map(|id| Nodule::unmeasured(id, [[0.0; 3]; 2], 1.0));
        let decided = |nodule, decision| Reading { nodule, decision, ..Reading::default() };
        let list = vec![decided(2, Decision::Rejected), decided(1, Decision::Accepted)];
        let told = readings(&nodules, &Readings::of(list, &nodules).unwrap()).unwrap();
        assert_eq!(told, "Read by a person: 1 accepted, 1 rejected (Nodule 2), 1 undecided");
        assert_eq!(readings(&nodules, &Readings::default()), None);
    }

    #[test]
    fn place_has_the_lung_that_was_measured_whatever_half_of_the_image_it_is_in() {
        let nodule = |side| Nodule { side, ..Nodule::unmeasured(1, [[90.0, 0.0, 5.0], [0.0; 3]], 1.0) };
        assert_eq!(place(&nodule("right lung"), 99, 5), "right lung, slice 6 of 99 from the feet");
        assert_eq!(place(&nodule(""), 99, 5), "slice 6 of 99 from the feet");
        assert_eq!(centre(&nodule("left lung"), 99), "left lung, centre in slice 6 of 99 from the feet");
    }

    #[test]
    fn name_is_that_of_the_class() {
        let of = |class: &str| name(&Nodule { class: class.into(), ..Nodule::unmeasured(2, [[0.0; 3]; 2], 1.0) });
        assert_eq!([of("nodule"), of("part-solid"), of("")], ["Nodule 2", "Part-solid 2", "Nodule 2"]);
    }
}
