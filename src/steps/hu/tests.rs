//! Made distributions of what CTs are made of: accepted in HU, refused with any intercept forgotten.

use ndarray::Array2;

use crate::steps::hu::*;

/// Voxels of one kind: how many of a thousand, mean, standard deviation.
type Kind = (usize, f32, f32);

const AIR: Kind = (180, -1000.0, 15.0);
const LUNG: Kind = (380, -850.0, 60.0);
const FAT: Kind = (140, -100.0, 20.0);
const MUSCLE: Kind = (250, 45.0, 20.0);
const BONE: Kind = (50, 450.0, 250.0);
const CHEST: [Kind; 5] = [AIR, LUNG, FAT, MUSCLE, BONE];

/// Values of these kinds with noise: the sum of twelve uniform numbers less six is close to a normal one.
fn values(kinds: &[Kind]) -> Vec<f32> {
    let mut state = 1u32;
    let mut uniform = || {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let mut value = |mean: f32, sd: f32| (mean + sd * ((0..12).map(|_| uniform()).sum::<f32>() - 6.0)).round();
    kinds.iter().flat_map(|(count, mean, sd)| (0..20 * count).map(|_| value(*mean, *sd)).collect::<Vec<_>>()).collect()
}

fn checked(values: &[f32]) -> Result<Densities, (String, String)> {
    let mut histogram = Histogram::default();
    let slice = Array2::from_shape_vec((1, values.len()), values.to_vec()).unwrap();
    assert_eq!(histogram.add(slice.view()), 0);
    histogram.densities()
}

fn mapped(values: &[f32], change: impl Fn(f32) -> f32) -> Vec<f32> {
    values.iter().map(|v| change(*v)).collect()
}

/// The values, and as many again of a third of them with `padding`.
fn padded(values: &[f32], padding: f32) -> Vec<f32> {
    [values, &vec![padding; values.len() / 3]].concat()
}

/// Every kind of good CT: whole, cropped, clipped, coarse.
fn good() -> Vec<(&'static str, Vec<f32>)> {
    let chest = values(&CHEST);
    vec![
        ("clipped at 12 bits", mapped(&chest, |v| v.clamp(-1024.0, 3071.0))),
        ("clipped at 1000", mapped(&chest, |v| v.clamp(-1000.0, 1000.0))),
        ("clipped at a lung window", mapped(&chest, |v| v.clamp(-1350.0, 150.0))),
        ("steps of 8", mapped(&chest, |v| (v.clamp(-1024.0, 1016.0) / 8.0).round() * 8.0)),
        ("sharp kernel", values(&CHEST.map(|(count, mean, sd)| (count, mean, sd.hypot(90.0))))),
        ("no air outside", values(&CHEST[1..])),
        ("almost only lung", values(&[(995, -870.0, 40.0), (5, 30.0, 30.0)])),
        ("only lung", values(&[(1000, -850.0, 50.0)])),
        ("soft tissue and little air", values(&[(1, -900.0, 60.0), (300, -100.0, 20.0), (699, 45.0, 20.0)])),
        ("soft tissue", values(&[FAT, MUSCLE])),
        ("contrast", values(&[AIR, LUNG, FAT, MUSCLE, (150, 350.0, 60.0)])),
        ("bone", values(&[(250, -700.0, 200.0), (100, -100.0, 30.0), (250, 60.0, 60.0), (150, 700.0, 350.0)])),
        ("metal", values(&[AIR, LUNG, FAT, MUSCLE, (40, 2900.0, 200.0), (20, -1500.0, 200.0)])),
        ("lung like air", values(&[AIR, (380, -990.0, 8.0), FAT, MUSCLE, BONE])),
        ("chest", chest),
    ]
}

const PADDING: [f32; 6] = [-1000.0, -1024.0, -2000.0, -2048.0, -3024.0, -32768.0];

#[test]
fn densities_of_any_good_ct_are_found_whatever_the_padding() {
    for (name, values) in good() {
        let plain = checked(&values).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        for padding in PADDING {
            let padded = checked(&padded(&values, padding)).unwrap_or_else(|why| panic!("{name} {padding}: {why:?}"));
            // Padding of a value that air has takes that value's share of the air with it.
            assert!((padded.air - plain.air).abs() < 0.16, "{name} {padding}: {plain:?} {padded:?}");
        }
    }
    let chest = checked(&values(&CHEST)).unwrap();
    assert!((chest.air - 0.56).abs() < 0.01, "{chest:?}");
}

#[test]
fn densities_with_any_intercept_forgotten_are_refused_whatever_the_padding() {
    for (name, values) in good() {
        for off in [1000.0, 1024.0, 2048.0, 8192.0] {
            let shifted = mapped(&values, |v| v + off);
            assert!(checked(&shifted).is_err(), "{name} + {off}");
            for padding in PADDING {
                assert!(checked(&padded(&shifted, padding)).is_err(), "{name} + {off}, padding {padding}");
            }
        }
    }
}

#[test]
fn densities_that_are_off_say_where_air_and_soft_tissue_lie_and_by_how_much() {
    let chest = padded(&mapped(&values(&CHEST), |v| v + 1024.0), -2000.0);
    let (got, remedy) = checked(&chest).unwrap_err();
    let number = |before: &str| -> i32 {
        let text = &got[got.find(before).unwrap_or_else(|| panic!("{got}")) + before.len()..];
        text[..text.find([',', ';']).unwrap()].parse().unwrap()
    };
    assert!((number("(air) lies near ") - 24).abs() < 15, "{got}");
    assert!((number("(soft tissue) near ") - 1069).abs() < 15, "{got}");
    assert!(got.contains("all values lie between -2000 and "), "{got}");
    assert!(remedy.contains("about 1000 too high") && remedy.contains("-1024"), "{remedy}");
}

#[test]
fn densities_of_what_is_no_ct_are_refused() {
    let chest = values(&CHEST);
    let windowed = |low: f32, high: f32| mapped(&chest, |v| (v.clamp(low, high) - low) / (high - low));
    let magnetic = values(&[(350, 30.0, 10.0), (300, 250.0, 80.0), (300, 500.0, 120.0), (50, 900.0, 200.0)]);
    let cases = [
        ("scaled to 1", windowed(-1024.0, 3071.0)),
        ("scaled to 255", mapped(&windowed(-1024.0, 3071.0), |v| (v * 255.0).round())),
        ("scaled to 4095", mapped(&windowed(-1024.0, 3071.0), |v| (v * 4095.0).round())),
        ("scaled to 65535", mapped(&windowed(-1024.0, 3071.0), |v| (v * 65535.0).round())),
        ("lung window, 8 bits", mapped(&windowed(-1350.0, 150.0), |v| (v * 255.0).round())),
        ("8 bits and an intercept", mapped(&windowed(-1350.0, 150.0), |v| (v * 255.0).round() - 1024.0)),
        ("soft tissue window", mapped(&chest, |v| v.clamp(-160.0, 240.0))),
        ("lower bound of -500", mapped(&chest, |v| v.max(-500.0))),
        ("from -1 to 1", mapped(&windowed(-1000.0, 400.0), |v| 2.0 * v - 1.0)),
        ("mean 0, standard deviation 1", mapped(&chest, |v| (v + 450.0) / 480.0)),
        ("thousandths", mapped(&chest, |v| v / 1000.0)),
        ("twice the intercept", mapped(&chest, |v| v - 1024.0)),
        ("magnetic resonance", magnetic.clone()),
        ("phase of it", values(&[(1000, 0.0, 1800.0)])),
        ("mask", [vec![0.0; 900], vec![1.0; 100]].concat()),
        ("label map", (0..20000).map(|n| (n % 13) as f32).collect()),
    ];
    for (name, values) in cases {
        assert!(checked(&values).is_err(), "{name}: {:?}", checked(&values));
        for padding in PADDING {
            assert!(checked(&padded(&values, padding)).is_err(), "{name}, padding {padding}");
        }
    }
}

#[test]
fn histogram_counts_what_is_not_finite_and_keeps_it_out() {
    let mut histogram = Histogram::default();
    let slice = Array2::from_shape_vec((1, 4), vec![f32::NAN, -5.5e8, 7.0, f32::INFINITY]).unwrap();
    assert_eq!(histogram.add(slice.view()), 2);
    assert_eq!((histogram.low, histogram.high), (-5.5e8, 7.0));
    assert_eq!(histogram.counts.iter().sum::<u32>(), 2);
}
