//! The text of `nodules.csv` and `nodules.json`, which other programs read: a committed copy of what two made-up nodules
//! give. A line of it that changes breaks such programs; lines and columns are only ever added.

use sam2lung::{
    Warning,
    findings::{
        bands::{Bands, Share, SizeBands},
        nodule::Nodule,
    },
    report::tables,
};

use crate::agree;

fn nodules() -> [Nodule; 2] {
    let clicked = Nodule {
        id: 1,
        centroid_ijk: [182.25, 285.0, 65.123456789],
        centroid_ras: [-40.5, 0.0, 1234.56789012],
        volume_mm3: 523.598775598,
        volume_mm3_p05: 400.0,
        volume_mm3_p50: 520.0,
        volume_mm3_p95: 700.25,
        sample_volume_mm3_p05: 390.0,
        sample_volume_mm3_p50: 521.0,
        sample_volume_mm3_p95: 610.0,
        volume_spread: 0.125,
        equivalent_diameter_mm: 10.0,
        long_axis_mm: 11.0,
        short_axis_mm: 9.5,
        mean_hu: -123.456789,
        probability_inside: 0.87654321987,
        probability_around: 0.000123456789,
        uncertainty_mean: 0.5,
        sample_dice: 0.9,
        detection_rate: 1.0,
        nodule_probability: Some(0.75),
        expected_dice: Some(0.8125),
        clicked: true,
        review: true,
        review_reasons: vec!["one, with a comma".into(), "a \"quoted\" one".into()],
        class: "nodule".into(),
        sample_volumes_mm3: vec![0.0, 610.0],
        readers_share: Some(0.625),
        long_axis_3d_mm: 12.25,
        short_axis_3d_mm: 9.75,
        mean_diameter_mm: 10.3,
        mean_diameter_mm_p05: 8.0,
        mean_diameter_mm_p95: 11.4,
        sample_mean_diameters_mm: vec![0.0, 10.4],
        side: "right lung",
        touches_pleura: "yes",
        pleura_distance_mm: Some(1.5),
        long_axis_slice: Some(65.0),
        long_axis_instance_number: Some(66.0),
        long_axis_sop_instance_uid: "1.2.840.1".into(),
        long_axis_3d_start_ras: [-46.0, 1.5, 1234.0],
        long_axis_3d_end_ras: [-34.0, 1.5, 1236.5],
        short_axis_3d_start_ras: [-40.5, -4.875, 1235.0],
        short_axis_3d_end_ras: [-40.5, 4.875, 1235.0],
        texture: "part-solid",
        solid_volume_mm3: Some(200.5),
        solid_mean_diameter_mm: Some(7.4),
        calcium_mm3: Some(0.0),
        fat_mm3: Some(1.25),
        mass_mg: Some(458.95),
        size_bands: SizeBands {
            lung_rads_diameter: Bands {
                own: "8 to <15 mm",
                shares: vec![
                    Share { name: "<4 mm", probability: 0.5 },
                    Share { name: "8 to <15 mm", probability: 0.5 },
                ],
            },
            ..SizeBands::default()
        },
        outline_threshold: None,
    };
    let plain = Nodule {
        id: 2,
        nodule_probability: None,
        expected_dice: None,
        clicked: false,
        review: false,
        review_reasons: Vec::new(),
        sample_volumes_mm3: vec![1e-9],
        side: "",
        touches_pleura: "",
        pleura_distance_mm: None,
        long_axis_slice: None,
        long_axis_instance_number: None,
        long_axis_sop_instance_uid: String::new(),
        texture: "",
        solid_volume_mm3: None,
        solid_mean_diameter_mm: None,
        calcium_mm3: None,
        fat_mm3: None,
        mass_mg: None,
        readers_share: None,
        ..clicked.clone()
    };
    [clicked, plain]
}

#[test]
fn tables_keep_their_text() {
    let warnings = [Warning::ThickSlices { spacing_mm: 7.5, tried_mm: 5.0 }, Warning::LittleLung { percent: 0.1 }];
    agree("tests/generated/nodules.json", &tables::json(&nodules(), &warnings));
    agree("tests/generated/nodules.csv", &tables::csv(&nodules(), &warnings));
}
