//! Measures as a person reads them: rounded, with their unit, and with their interval where the table has one.
//!
//! All follows from the table of measures: a new line there is a new row here. A measure X with `X_p05` and `X_p95` beside it is
//! one row with an interval; so is `X_p50` where there is no X.

use crate::{
    findings::{
        measures::{Cell, Column, MEASURES, Unit, columns},
        nodule::Nodule,
    },
    report::words::{band, decimals, volume},
};

/// Where the model has nothing to say.
pub const NONE: &str = "–";
/// What the names of size bands, and of their shares, have.
const BAND: &str = "_band";
const LOW: &str = "_p05";
const MIDDLE: &str = "_p50";
const HIGH: &str = "_p95";

/// A measure that has a row: its columns, and those of the ends of its interval.
pub struct Shown {
    /// Its name in the table.
    pub name: &'static str,
    /// A few words for it.
    pub title: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Its unit's symbol; empty for none.
    pub unit: &'static str,
    columns: Vec<Column>,
    interval: Option<[Column; 2]>,
}

impl Shown {
    /// All measures that have a row, in the table's order.
    pub fn all() -> Vec<Self> {
        let all = columns();
        let of = |name: &str| all.iter().find(|column| column.name == name).copied();
        let interval = |name: &str| {
            let base = name.strip_suffix(MIDDLE).filter(|base| of(base).is_none()).unwrap_or(name);
            Some([of(&format!("{base}{LOW}"))?, of(&format!("{base}{HIGH}"))?])
        };
        let is_end = |name: &str| {
            let base = name.strip_suffix(LOW).or(name.strip_suffix(HIGH));
            base.is_some_and(|base| of(base).is_some() || of(&format!("{base}{MIDDLE}")).is_some())
        };
        let shown = MEASURES.iter().filter(|measure| !is_end(measure.name)).map(|measure| Shown {
            name: measure.name,
            title: measure.title,
            meaning: measure.meaning,
            unit: measure.unit.symbol(),
            columns: all.iter().filter(|column| column.measure.name == measure.name).copied().collect(),
            interval: interval(measure.name),
        });
        // Lists have no column.
        shown.filter(|shown| !shown.columns.is_empty()).collect()
    }

    /// Its value of a nodule in words, without the unit.
    pub fn value(&self, nodule: &Nodule) -> String {
        match self.columns.as_slice() {
            [column] => cell(column, nodule),
            parts => {
                // "R 12.0, A 3.5, S 4.0": what the place is says the row's title.
                let axis = |part: &Column| part.title.rsplit(' ').next().unwrap_or(part.title);
                parts.iter().map(|part| format!("{} {}", axis(part), cell(part, nodule))).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// The ends of its interval in words, where it has one.
    pub fn interval(&self, nodule: &Nodule) -> Option<String> {
        let [low, high] = self.interval.as_ref()?.each_ref().map(|column| cell(column, nodule));
        Some(format!("{low} to {high}"))
    }

    /// What the ends of its interval are, where it has one.
    pub fn ends(&self) -> Option<[&'static str; 2]> {
        self.interval.map(|ends| ends.map(|column| column.measure.meaning))
    }

    /// The number that it is sorted by; none for a text, and where the model has nothing to say.
    pub fn number(&self, nodule: &Nodule) -> Option<f64> {
        match self.columns.first()?.cell(nodule) {
            Cell::Whole(value) => Some(value.into()),
            Cell::Number(value) => value.filter(|value| value.is_finite()),
            Cell::Flag(value) => Some(f64::from(u8::from(value))),
            Cell::Text(_) => None,
        }
    }

    /// Its title with its unit: "Volume (mm³)".
    pub fn head(&self) -> String {
        let said = self.unit.is_empty() || self.title.ends_with(self.unit);
        if said { self.title.to_owned() } else { format!("{} ({})", self.title, self.unit) }
    }
}

fn cell(column: &Column, nodule: &Nodule) -> String {
    match column.cell(nodule) {
        Cell::Whole(value) => value.to_string(),
        Cell::Number(value) => {
            value.filter(|value| value.is_finite()).map_or(NONE.into(), |v| number(v, column.measure.unit))
        }
        Cell::Flag(value) => if value { "yes" } else { "no" }.into(),
        Cell::Text(text) if text.is_empty() => NONE.into(),
        // Of text measures the size bands alone have comparison signs.
        Cell::Text(text) if column.name.contains(BAND) => band(&text),
        Cell::Text(text) => text.into_owned(),
    }
}

/// A number to as many digits as one reads; a minus is one.
fn number(value: f64, unit: Unit) -> String {
    let text = match unit {
        Unit::CubicMillimetre => volume(value),
        Unit::Share => decimals(value),
        Unit::Hounsfield => format!("{value:.0}"),
        Unit::Voxel | Unit::None if value.fract() == 0.0 => format!("{value:.0}"),
        Unit::Millimetre | Unit::Voxel | Unit::Milligram => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    let is_zero = text.bytes().all(|b| !b.is_ascii_digit() || b == b'0');
    if is_zero { text.replace('-', "") } else { text.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodule() -> Nodule {
        Nodule {
            volume_mm3_p05: 350.4,
            volume_mm3_p95: 0.4,
            sample_volume_mm3_p05: 1.0,
            sample_volume_mm3_p50: 2.0,
            sample_volume_mm3_p95: 3.0,
            mean_hu: -12.6,
            clicked: true,
            nodule_probability: Some(0.987),
            ..Nodule::unmeasured(3, [[1.0, 2.0, 3.0], [-0.01, -5.25, 6.0]], 412.3)
        }
    }

    fn shown(name: &str) -> Shown {
        Shown::all().into_iter().find(|shown| shown.name == name).expect(name)
    }

    #[test]
    fn every_measure_but_lists_and_ends_of_intervals_has_a_row() {
        let names: Vec<&str> = Shown::all().iter().map(|shown| shown.name).collect();
        let left: Vec<&str> =
            MEASURES.iter().map(|measure| measure.name).filter(|name| !names.contains(name)).collect();
        let (ends, lists): (Vec<&str>, Vec<&str>) =
            left.into_iter().partition(|name| name.ends_with(LOW) || name.ends_with(HIGH));
        assert_eq!(ends.len() % 2, 0);
        assert_eq!(lists, ["sample_volumes_mm3", "sample_mean_diameters_mm"]);
    }

    #[test]
    fn shown_measures_have_their_intervals() {
        let of = |name: &str| (shown(name).value(&nodule()), shown(name).interval(&nodule()));
        assert_eq!(of("volume_mm3"), ("412".into(), Some("350 to 0.4".into())));
        assert_eq!(of("sample_volume_mm3_p50"), ("2".into(), Some("1 to 3".into())));
        assert_eq!(
            of("volume_mm3_p50"),
            (NONE.into(), None),
            "it is the volume's median, which has the interval itself"
        );
        assert_eq!(of("mean_hu"), ("−13".into(), None));
        assert!(shown("volume_mm3").ends().unwrap()[1].starts_with("upper end") && shown("mean_hu").ends().is_none());
    }

    #[test]
    fn shown_values_are_rounded_and_places_have_all_their_parts() {
        let value = |name: &str| shown(name).value(&nodule());
        assert_eq!(value("centroid_ras"), "R 0.0, A −5.2, S 6.0");
        assert_eq!([value("nodule_probability"), value("expected_dice")], ["0.99", NONE]);
        let sure = Nodule { nodule_probability: Some(0.997), ..nodule() };
        assert_eq!(shown("nodule_probability").value(&sure), "> 0.99", "1.00 would be certain");
        let mut large = nodule();
        large.size_bands.bts_diameter.own = ">=8 mm";
        assert_eq!(shown("bts_2015_diameter_band").value(&large), "≥ 8 mm", "files for programs have >=8 mm");
        assert_eq!([value("clicked"), value("review"), value("class")], ["yes", "no", NONE]);
        assert_eq!(shown("volume_mm3").head(), "Volume (mm³)");
        assert_eq!((shown("long_axis_mm").number(&nodule()), shown("id").number(&nodule())), (None, Some(3.0)));
    }
}
