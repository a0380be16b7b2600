use std::collections::BTreeSet;

use super::*;
use crate::findings::bands::{Bands, SizeBands};

fn bands() -> Bands {
    let share = |name, probability| Share { name, probability };
    Bands { own: "<80 mm³", shares: vec![share("<80 mm³", 1.0 / 3.0), share(">=300 mm³", 0.5)] }
}

/// A nodule whose measures all differ.
fn nodule() -> Nodule {
    Nodule {
        id: 1,
        centroid_ijk: [2.0, 3.0, 4.0],
        centroid_ras: [5.0, 6.0, 7.0],
        volume_mm3: 8.0,
        volume_mm3_p05: 9.0,
        volume_mm3_p50: 10.0,
        volume_mm3_p95: 11.0,
        sample_volume_mm3_p05: 12.0,
        sample_volume_mm3_p50: 13.0,
        sample_volume_mm3_p95: 14.0,
        volume_spread: 15.0,
        equivalent_diameter_mm: 16.0,
        long_axis_mm: 17.0,
        short_axis_mm: 18.0,
        mean_hu: 19.0,
        probability_inside: 20.0,
        probability_around: 21.0,
        uncertainty_mean: 22.0,
        sample_dice: 23.0,
        detection_rate: 24.0,
        nodule_probability: Some(25.0),
        expected_dice: None,
        clicked: true,
        review: false,
        review_reasons: vec!["one".into(), "two".into()],
        class: "nodule".into(),
        sample_volumes_mm3: vec![27.0, 0.0, 28.0],
        readers_share: Some(26.0),
        long_axis_3d_mm: 27.0,
        short_axis_3d_mm: 28.0,
        mean_diameter_mm: 29.0,
        mean_diameter_mm_p05: 30.0,
        mean_diameter_mm_p95: 31.0,
        sample_mean_diameters_mm: vec![3.5, 0.0],
        side: "left lung",
        touches_pleura: "no",
        pleura_distance_mm: Some(37.0),
        long_axis_slice: Some(38.0),
        long_axis_instance_number: Some(39.0),
        long_axis_sop_instance_uid: "1.2.3".into(),
        long_axis_3d_start_ras: [40.0, 41.0, 42.0],
        long_axis_3d_end_ras: [43.0, 44.0, 45.0],
        short_axis_3d_start_ras: [46.0, 47.0, 48.0],
        short_axis_3d_end_ras: [49.0, 50.0, 51.0],
        texture: "solid",
        solid_volume_mm3: Some(32.0),
        solid_mean_diameter_mm: Some(33.0),
        calcium_mm3: Some(34.0),
        fat_mm3: Some(35.0),
        mass_mg: Some(36.0),
        size_bands: SizeBands { bts_volume: bands(), ..SizeBands::default() },
        outline_threshold: None,
    }
}

#[test]
fn measure_each_getter_gives_its_own_field() {
    let nodule = nodule();
    let numbers: Vec<f64> = columns()
        .iter()
        .filter_map(|column| match column.cell(&nodule) {
            Cell::Whole(value) => Some(value.into()),
            Cell::Number(value) => value,
            Cell::Flag(_) | Cell::Text(_) => None,
        })
        .collect();
    assert_eq!(numbers, (1..=51).map(f64::from).collect::<Vec<_>>());
    let cell = |name: &str| columns().iter().find(|column| column.name == name).unwrap().cell(&nodule);
    assert_eq!(cell("expected_dice"), Cell::Number(None));
    assert_eq!((cell("clicked"), cell("review")), (Cell::Flag(true), Cell::Flag(false)));
    assert_eq!(cell("review_reasons"), Cell::Text("one; two".into()));
    assert_eq!(cell("bts_2015_volume_band"), Cell::Text("<80 mm³".into()));
    assert_eq!(cell("bts_2015_volume_band_probabilities"), Cell::Text("<80 mm³: 0.333; >=300 mm³: 0.5".into()));
    let texts = ["side", "touches_pleura", "long_axis_sop_instance_uid"].map(cell);
    assert_eq!(texts, ["left lung", "no", "1.2.3"].map(|text| Cell::Text(text.into())));
    assert_eq!(cell("texture"), Cell::Text("solid".into()));
    assert_eq!(cell("class"), Cell::Text("nodule".into()));
    assert!(columns().iter().all(|column| column.name != "sample_volumes_mm3"), "a list is no column");
}

#[test]
fn measures_have_names_and_words_of_their_own() {
    let names: BTreeSet<&str> = columns().iter().map(|column| column.name).collect();
    assert_eq!(names.len(), columns().len());
    for measure in MEASURES {
        assert!(measure.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{measure:?}");
        assert!(!measure.title.is_empty() && !measure.meaning.is_empty(), "{measure:?}");
        assert!(!measure.meaning.ends_with('.'), "{measure:?}");
        // A name that says a unit says the table's.
        let endings = [
            ("_mm", Unit::Millimetre),
            ("_mm3", Unit::CubicMillimetre),
            ("_hu", Unit::Hounsfield),
            ("_mg", Unit::Milligram),
        ];
        for (ending, unit) in endings {
            assert!(!measure.name.ends_with(ending) || measure.unit == unit, "{measure:?}");
        }
    }
}

#[test]
fn nodule_as_json_has_the_measures_in_the_tables_order() {
    let json = serde_json::to_string(&nodule()).unwrap();
    let places: Vec<usize> = MEASURES.iter().map(|m| json.find(&format!("\"{}\":", m.name)).expect(m.name)).collect();
    assert!(places.is_sorted(), "{json}");
    assert!(json.contains(r#""centroid_ijk":[2.0,3.0,4.0]"#) && json.contains(r#""expected_dice":null"#), "{json}");
    let probabilities = r#""bts_2015_volume_band_probabilities":{"<80 mm³":0.3333333333333333,">=300 mm³":0.5}"#;
    assert!(json.contains(probabilities), "{json}");
    assert!(json.contains(r#""sample_mean_diameters_mm":[3.5,0.0]"#), "{json}");
    assert!(json.contains(r#""sample_volumes_mm3":[27.0,0.0,28.0]"#), "{json}");
}
