//! Which form is taken is what SimpleITK 2.5 took of the same headers; tests/python/test_forms.py asks it again.

use super::*;
use crate::space::grid::Grid;

const DIMS: [usize; 3] = [40, 50, 20];

fn turned(degrees: f64, origin_ras: [f64; 3]) -> Grid {
    let (c, s) = (degrees.to_radians().cos(), degrees.to_radians().sin());
    let columns = [[-0.7 * c, -0.7 * s, 0.0], [0.8 * s, -0.8 * c, 0.0], [0.0, 0.0, 2.5]];
    Grid::from_columns(DIMS, columns, origin_ras).unwrap()
}

/// The qform of one grid, the sform of another, with these codes.
fn forms(qform: &Grid, qform_code: i16, sform: &Grid, sform_code: i16) -> NiftiForms {
    let srow = NiftiForms::of_grid(sform).srow;
    NiftiForms { srow, qform_code, sform_code, ..NiftiForms::of_grid(qform) }
}

/// With the second axis leant over by `degrees` in the sform.
fn leant(mut forms: NiftiForms, degrees: f64) -> NiftiForms {
    for row in &mut forms.srow {
        row[1] += row[0] / 0.7 * 0.8 * degrees.to_radians().tan() as f32;
    }
    forms
}

fn place(forms: &NiftiForms) -> Result<Placed> {
    forms.place(Path::new("ct.nii"), DIMS, None)
}

#[test]
fn forms_of_a_grid_come_back_by_either_through_the_bytes_of_a_header() {
    let grid = turned(33.0, [11.0, -22.0, 33.5]);
    for (q, s) in [(1, 0), (0, 1), (1, 1), (2, 3)] {
        let told = forms(&grid, q, &grid, s);
        let mut bytes = vec![0; 352];
        bytes[..4].copy_from_slice(&348i32.to_le_bytes());
        bytes[40..48].copy_from_slice(&[3, 0, 40, 0, 50, 0, 20, 0]);
        bytes[344..348].copy_from_slice(b"n+1\0");
        told.put(&mut bytes);
        let again = NiftiForms::of(&NiftiHeader::from_reader(&bytes[..]).unwrap());
        assert_eq!(again, told);
        let placed = place(&again).unwrap();
        assert!(placed.grid.matches(&grid, 1e-3), "{q} {s}");
        assert!(placed.warnings.is_empty(), "{:?}", placed.warnings);
    }
}

#[test]
fn forms_that_disagree_the_one_that_itk_takes_is_taken_and_said() {
    let (one, other) = (turned(10.0, [10.0, 20.0, 30.0]), turned(25.0, [22.0, 0.0, 65.0]));
    for (q, s, by_sform) in [(1, 1, true), (2, 1, true), (1, 2, false), (1, 4, false), (2, 3, false)] {
        let placed = place(&forms(&one, q, &other, s)).unwrap();
        assert!(placed.grid.matches(if by_sform { &other } else { &one }, 1e-3), "{q} {s}");
        let name = if by_sform { format!("sform (code {s})") } else { format!("qform (code {q})") };
        assert_eq!(placed.by, name);
        let [Warning::FormsDisagree { how, used }] = &placed.warnings[..] else { panic!("{:?}", placed.warnings) };
        assert_eq!(*used, format!("the {name}"));
        assert!(how.contains("mm and 15.00 degrees apart"), "{how}");
    }
}

#[test]
fn forms_leant_over_a_little_leave_it_to_a_good_qform_and_are_refused_without_one() {
    let grid = turned(10.0, [10.0, 20.0, 30.0]);
    for (degrees, warned) in [(0.05, false), (0.1, false), (0.3, true)] {
        for code in [1, 2] {
            let placed = place(&leant(forms(&grid, 1, &grid, code), degrees)).unwrap();
            assert_eq!(placed.by, "qform (code 1)");
            assert!(placed.grid.matches(&grid, 1e-3));
            // 49 rows of 0.8 mm: 0.034, 0.068 and 0.2 mm, against a tenth of 0.7 mm.
            assert_eq!(!placed.warnings.is_empty(), warned, "{degrees}");
        }
        let refused = place(&leant(forms(&grid, 0, &grid, 1), degrees.max(0.06))).err().unwrap();
        assert_eq!(refused.name(), "E_SHEARED");
    }
    // Single precision is no shear.
    assert!(place(&leant(forms(&grid, 0, &grid, 1), 0.003)).unwrap().warnings.is_empty());
}

#[test]
fn forms_of_a_tilted_scan_are_refused_though_the_qform_hides_it() {
    let grid = turned(10.0, [10.0, 20.0, 30.0]);
    assert_eq!(place(&leant(forms(&grid, 1, &grid, 1), 5.0)).err().unwrap().name(), "E_SHEARED");
    // Aligned to something else: the scanner's own geometry is the qform.
    let placed = place(&leant(forms(&grid, 1, &grid, 4), 5.0)).unwrap();
    assert!(placed.grid.matches(&grid, 1e-3));
    assert!(placed.warnings[0].to_string().contains("5.00 degrees apart"), "{}", placed.warnings[0]);
}

#[test]
fn forms_of_neither_code_are_refused_unless_it_is_said_which_way_the_axes_run() {
    let grid = turned(0.0, [10.0, 20.0, 30.0]);
    let none = forms(&grid, 0, &grid, 0);
    let error = place(&none).err().unwrap();
    assert_eq!(error.name(), "E_NO_ORIENTATION");
    assert!(error.to_string().starts_with("ct.nii: the NIfTI header has neither a qform nor an sform"), "{error}");
    let placed = none.place(Path::new("ct.nii"), DIMS, Some("PSR".parse().unwrap())).unwrap();
    assert_eq!(placed.grid.ras([1.0, 1.0, 1.0]).map(|v| (v * 1e4).round() / 1e4), [2.5, -0.7, 0.8]);
    assert_eq!(placed.by, "assumed PSR");
    assert_eq!(placed.warnings[0].name(), "W_ORIENTATION_ASSUMED");
    // Whoever has a form needs no assumption.
    let told = forms(&grid, 1, &grid, 0).place(Path::new("ct.nii"), DIMS, Some(Frame::RAS)).unwrap();
    assert!(told.grid.matches(&grid, 1e-3) && told.warnings.is_empty());
}

#[test]
fn forms_spacing_is_that_of_pixdim_and_a_disagreement_is_said() {
    let grid = turned(10.0, [10.0, 20.0, 30.0]);
    let other = NiftiForms { pixdim: [1.0, 0.9, 0.9, 3.0], ..forms(&grid, 0, &grid, 1) };
    let placed = place(&other).unwrap();
    assert_eq!(placed.grid.spacing_mm.map(|mm| (mm * 1e4).round() / 1e4), [0.9, 0.9, 3.0]);
    let text = placed.warnings[0].to_string();
    assert!(text.contains("0.7000 x 0.8000 x 2.5000 mm") && text.contains("0.9000 x 0.9000 x 3.0000 mm"), "{text}");
    let untold = NiftiForms { pixdim: [1.0, 0.0, 0.0, 0.0], ..forms(&grid, 1, &grid, 1) };
    let placed = place(&untold).unwrap();
    assert!(placed.grid.matches(&grid, 1e-3) && placed.warnings.len() == 1);
    // Some readers mirror a negative axis, others don't.
    for (pixdim, sform_code) in [([1.0, -0.7, 0.8, 2.5], 1), ([1.0, 0.0, 0.8, 2.5], 0), ([1.0, f32::NAN, 0.8, 2.5], 0)]
    {
        let told = NiftiForms { pixdim, ..forms(&grid, 1, &grid, sform_code) };
        assert_eq!(place(&told).err().unwrap().name(), "E_SPACING", "{pixdim:?}");
    }
}

#[test]
fn forms_with_an_sform_of_nothing_leave_it_to_the_qform() {
    let grid = turned(10.0, [10.0, 20.0, 30.0]);
    for value in [0.0, f32::NAN, f32::INFINITY] {
        let told = NiftiForms { srow: [[value; 4]; 3], ..forms(&grid, 1, &grid, 1) };
        let placed = place(&told).unwrap();
        assert!(placed.grid.matches(&grid, 1e-3));
        assert!(placed.warnings[0].to_string().contains("its sform (code 1) is not a grid of voxels"), "{value}");
        assert!(place(&NiftiForms { qform_code: 0, ..told }).is_err());
    }
}

#[test]
fn forms_of_a_half_turn_are_at_right_angles_whatever_the_rounding() {
    let half_turn = NiftiForms { quatern: [0.7072, 0.7072, 0.0], ..NiftiForms::of_grid(&turned(0.0, [0.0; 3])) };
    let placed = place(&NiftiForms { sform_code: 0, ..half_turn }).unwrap();
    let direction = placed.grid.direction.map(|axis| axis.map(|v| v.round()));
    assert_eq!(direction, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]);
    assert!(shear_degrees(&placed.grid.direction) < 1e-6);
}
