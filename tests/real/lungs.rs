//! The lung mask on real CTs: what it has to hold and what it has to leave out. Voxels were chosen by eye, as column,
//! row, slice from the lowest.

use std::{fs, path::Path};

use sam2lung::{
    io::{self, ReadOptions},
    progress::{CancelToken, Monitor},
    space::orientation::Orientation,
    steps::lungs::{LungMask, find_lungs},
    warning::{End, Side, Warning},
};

use crate::data::{self, FCP_NODULE};

type Voxel = [usize; 3];

/// Trachea, mediastinum, abdomen, table, air around the patient.
const LEFT_OUT: [(&str, &[(&str, Voxel)]); 6] = [
    (
        "fcp_dicom",
        &[
            ("trachea", [271, 221, 53]),
            ("trachea", [259, 262, 9]),
            ("aortic arch", [290, 265, 9]),
            ("vertebra", [262, 330, 53]),
            ("air before the chest", [256, 30, 53]),
            ("table", [256, 470, 20]),
        ],
    ),
    (
        "ricord_dicom",
        &[
            ("carina", [238, 229, 29]),
            ("heart", [260, 180, 13]),
            ("table", [256, 430, 15]),
            ("beyond the scan circle", [5, 5, 15]),
        ],
    ),
    (
        "cmb_crc",
        &[
            ("trachea", [157, 131, 61]),
            ("trachea", [155, 120, 70]),
            ("heart", [150, 70, 17]),
            ("liver", [60, 100, 0]),
            ("air before the chest", [10, 10, 70]),
        ],
    ),
    (
        "cptac_lscc",
        &[
            ("trachea", [234, 210, 71]),
            ("trachea", [259, 173, 88]),
            ("heart", [250, 150, 36]),
            ("liver", [150, 120, 18]),
            ("bowel gas", [186, 31, 9]),
            ("air before the chest", [15, 20, 88]),
        ],
    ),
    (
        "cptac_pda",
        &[("aorta", [155, 160, 2]), ("liver", [60, 70, 6]), ("bowel gas", [250, 36, 2]), ("heart", [200, 80, 21])],
    ),
    (
        "lidc0002",
        &[
            ("trachea", [222, 170, 183]),
            ("trachea", [223, 149, 228]),
            ("heart", [230, 140, 91]),
            ("liver", [100, 70, 46]),
            ("air before the chest", [10, 20, 228]),
        ],
    ),
];

/// The mask of a CT, asked at voxels.
fn mask_of(path: &Path) -> impl Fn(Voxel) -> bool {
    let lungs = find_lungs(&data::canonical(path), &mut Monitor::silent()).expect("a chest");
    move |[i, j, k]| lungs.search[[k, j, i]]
}

fn find(name: &str) -> Option<std::path::PathBuf> {
    if name.ends_with("_dicom") { data::find(name) } else { data::find_whole_ct(name) }
}

#[test]
fn lungs_leave_out_trachea_mediastinum_abdomen_and_outside() {
    for (name, voxels) in LEFT_OUT {
        let Some(path) = find(name) else { return };
        let inside = mask_of(&path);
        let wrong: Vec<_> = voxels.iter().filter(|(_, voxel)| inside(*voxel)).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?} counted as lung");
    }
}

#[test]
fn lungs_hold_the_nodule_at_the_pleura() {
    let Some(path) = data::find("fcp_dicom") else { return };
    assert!(mask_of(&path)(FCP_NODULE));
}

/// What `index.json` lists: masses, nodules of 2 mm, ground glass.
#[test]
fn lungs_hold_every_known_lesion() {
    let Some(index) = data::find("whole_ct/index.json") else { return };
    let text = fs::read_to_string(index).expect("readable");
    let cts: Vec<serde_json::Value> = serde_json::from_str(&text).expect("a list");
    let (mut seen, mut left_out) = (0, Vec::new());
    for ct in &cts {
        let name = ct["file"].as_str().expect("a name").trim_end_matches(".nii.gz");
        let lesions = ct["lesions"].as_array().expect("a list");
        // The list names masks, too.
        if lesions.is_empty() {
            continue;
        }
        let Some(path) = data::find_whole_ct(name) else { return };
        let inside = mask_of(&path);
        for lesion in lesions {
            let voxel: Voxel = serde_json::from_value(lesion["voxel"].clone()).expect("three numbers");
            let what = lesion["what"].as_str().expect("words");
            if what.contains("mediastinal") {
                println!("SKIPPED {name} {voxel:?}: {what}: the search region holds the lungs, not the mediastinum");
                continue;
            }
            seen += 1;
            if !inside(voxel) {
                left_out.push(format!("{name} {voxel:?}: {what}"));
            }
        }
    }
    assert!(left_out.is_empty(), "left out: {left_out:#?}");
    assert!(seen >= 15, "the list has only {seen} lesions");
}

/// What is said about each CT: nothing where both lungs are there as a whole.
#[test]
fn warnings_name_what_each_ct_cuts_off_and_nothing_else() {
    let cases: [(&str, &[End]); 9] = [
        ("acrin_nsclc", &[]),
        ("cmb_crc", &[End::Feet]),
        ("cptac_lscc", &[]),
        ("cptac_pda", &[End::Head]),
        ("lidc0002", &[]),
        ("lungdx_lung", &[]),
        ("lungdx_soft", &[]),
        ("tcga_bc", &[End::Head]),
        ("fcp_dicom", &[End::Feet]),
    ];
    for (name, ends) in cases {
        let Some(path) = find(name) else { return };
        let found = find_lungs(&data::canonical(&path), &mut Monitor::silent()).expect("a chest");
        let cut = Warning::LungsCutOff { ends: ends.to_vec() };
        let expected = if ends.is_empty() { vec![] } else { vec![cut] };
        assert_eq!(found.warnings, expected, "{name}");
    }
}

/// Real chests whose lungs were made nearly air, and one lung air or fluid.
#[test]
fn lungs_made_air_or_fluid_are_searched_or_named() {
    for name in ["acrin_nsclc", "cptac_lscc", "lidc0002", "tcga_bc", "fcp_dicom"] {
        let Some(path) = find(name) else { return };
        let ct = data::canonical(&path);
        let known = find_lungs(&ct, &mut Monitor::silent()).expect("a chest");
        let middle = (known.voi.start[0] + known.voi.end[0]) / 2;
        let changed = |hu_of: &dyn Fn(usize, f32) -> f32| {
            let mut changed = ct.clone();
            for ((k, j, i), hu) in changed.voxels.indexed_iter_mut() {
                if known.search[[k, j, i]] {
                    *hu = hu_of(i, *hu);
                }
            }
            find_lungs(&changed, &mut Monitor::silent()).expect("a chest")
        };
        for air in [-990.0, -1000.0] {
            let found = changed(&|_, hu| if hu < -700.0 { air } else { hu });
            assert!(covered(&known, &found) > 0.99, "{name} at {air} HU: {}", covered(&known, &found));
            assert_eq!(found.warnings, known.warnings, "{name} at {air} HU");
        }
        let found = changed(&|i, hu| if i > middle && hu < -500.0 { -1000.0 } else { hu });
        assert!(covered(&known, &found) > 0.98, "{name}, left lung air: {}", covered(&known, &found));
        let found = changed(&|i, hu| if i > middle { 20.0 } else { hu });
        let one = |warning: &Warning| matches!(warning, Warning::OneLung { side: Side::Right, .. });
        assert!(found.warnings.iter().any(one), "{name}: {:?}", found.warnings);
    }
}

/// Part of a search that another one holds.
fn covered(known: &LungMask, found: &LungMask) -> f64 {
    let both = known.search.iter().zip(&found.search).filter(|(known, found)| **known && **found).count();
    both as f64 / known.search.iter().filter(|known| **known).count() as f64
}

/// Crops of a few centimetres around nodules that radiologists outlined: hardly any chest to go by. A finding counts
/// from 0.3 of its voxels inside on.
#[test]
fn lungs_of_small_crops_hold_the_outlined_nodules() {
    let Some(folder) = data::find("lidc_hu") else { return };
    let mut shares = Vec::new();
    for entry in fs::read_dir(folder.join("image")).expect("a folder") {
        let name = entry.expect("readable").file_name();
        let share = share_inside(&folder.join("image").join(&name), &folder.join("mask").join(&name));
        assert!(share >= 0.3, "{name:?}: {share}");
        shares.push(share);
    }
    let nearly_whole = shares.iter().filter(|share| **share >= 0.9).count();
    assert!(nearly_whole * 100 >= 98 * shares.len() && !shares.is_empty(), "{nearly_whole} of {}", shares.len());
}

/// Part of an outlined nodule that is in the lungs of its CT.
fn share_inside(ct: &Path, outline: &Path) -> f64 {
    let ct = data::read(ct).volume;
    let outline = io::read_mask(outline, &ct.grid, ReadOptions::default(), &mut Monitor::silent());
    let outline = outline.expect("a mask on the same grid");
    let orientation = Orientation::of(&ct.grid);
    let outline = orientation.array_to_canonical(outline, &CancelToken::new()).expect("memory for it");
    let canonical = orientation.to_canonical(ct, &CancelToken::new()).expect("memory for it");
    let lungs = find_lungs(&canonical, &mut Monitor::silent()).expect("lung around a nodule");
    let inside = outline.iter().zip(&lungs.search).filter(|(nodule, lung)| **nodule && **lung).count();
    inside as f64 / outline.iter().filter(|nodule| **nodule).count() as f64
}
