use super::*;
use crate::{
    compare::scan::Scan,
    report::comparison::{
        tests::{compared, scan},
        text,
    },
};

/// The page of a made comparison: a nodule that grew, one that came, one that went.
fn made(current: &Scan, priors: &[Compared]) -> String {
    let latest = scan("before");
    let report = ComparisonReport { current, priors, latest: &latest };
    markup(report, &text::of(current, priors), &CancelToken::new()).unwrap()
}

#[test]
fn page_has_grown_and_new_nodules_first_and_both_cts_in_three_planes() {
    let text = made(&scan("now"), &[compared(Some(100.0))]);
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    let headings = ["Grown: nodule 1, before nodule 1", "New: nodule 2", "Gone: before nodule 2"];
    assert!(headings.map(at).is_sorted());
    assert_eq!(text.matches(r#"role="img""#).count(), 3 * 2 * 3);
    // The outline of what both show is in both, of the others in one CT.
    assert_eq!(text.matches("with its outline").count(), 3 * (2 + 1 + 1));
    at("+100 %");
    at("+3.0 mm");
    at("the other CT may show it");
    at(
        "The prior CT may show it, below the threshold: the highest probability of a nodule about that place of the prior CT is 25 %.",
    );
    at("is it the same patient?");
    assert_eq!(text.matches("the slices lie 7.5 mm apart. <code>W_THICK_SLICES</code>").count(), 2, "of both CTs");
    at(NOTICE);
    assert!(!text.contains("Volumes over time") && !text.contains("Earlier priors"), "one prior has no course");
}

#[test]
fn page_of_two_priors_has_the_plot_with_its_numbers_and_a_table_of_the_earlier_one() {
    let text = made(&scan("now"), &[compared(Some(400.0)), compared(Some(100.0))]);
    for part in ["Volumes over time", r#"id="all-volumes""#, "<polyline", r#"id="all-earlier""#, "400 days before"] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn page_escapes_names_and_loads_nothing() {
    let hostile = "</title><script>alert(1)</script>";
    let mut priors = vec![compared(None)];
    priors[0].prior.name = hostile.into();
    priors[0].comparison.registration_doubts = vec![hostile.into()];
    // As a run.json that somebody else wrote may tell it.
    priors[0].prior.warnings = vec![WarningRecord { name: hostile.into(), text: hostile.into() }];
    let text = made(&Scan { name: hostile.into(), ..scan("now") }, &priors);
    assert_eq!((text.matches("<script").count(), text.matches("</title>").count()), (1, 1), "the page's own");
    let addresses = text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert!(addresses.into_iter().all(|to| to.starts_with('#') || to.starts_with("data:image/png;base64,")));
    assert!(!text.contains("http:") && !text.contains("https:"));
}

#[test]
fn page_that_is_cancelled_ends() {
    let (current, latest, token) = (scan("now"), scan("before"), CancelToken::new());
    token.cancel();
    let report = ComparisonReport { current: &current, priors: &[compared(None)], latest: &latest };
    assert_eq!(markup(report, "", &token).unwrap_err().name(), "E_CANCELLED");
}

#[test]
fn text_says_each_nodule_with_its_change_and_what_the_other_ct_has() {
    let text = text::of(&scan("now"), &[compared(Some(100.0))]);
    for said in [
        "Compared with before (2024-02-29), 100 days before: 1 grown, 1 new, 1 gone; the other CT may show 1 of the new or gone ones.",
        "Nodule 1, before nodule 1: grown, centre in slice 4 of 8 from the feet. 1000 mm³ (500 to 2000) before, 2000 mm³ (1000 to 4000) now: +100 %",
        "P(diameter > +1.5 mm) above 99 %.",
        "Nodule 2: new, centre in slice 4 of 8 from the feet. 20 mm³ (10 to 40). The prior CT may show it, below the threshold",
        "Look again: current: small, \"odd\"",
        "Warning of before: the slices lie 7.5 mm apart (W_THICK_SLICES).",
        "No reader has checked this text.",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(text.split("\n\n").all(|paragraph| !paragraph.trim_end().contains('\n')));
}
