use serde_json::json;

use super::*;
use crate::{
    report::overview::tests::{title, with_nodules},
    warning::Warning,
};

/// Calls `with` for a result of `count` one-voxel nodules, changed by `change`.
fn with_report(count: u16, change: impl Fn(&mut Nodule), with: impl FnOnce(Report<'_>)) {
    with_titled(count, title(Vec::new()), change, with);
}

fn with_titled(count: u16, title: OverviewTitle, change: impl Fn(&mut Nodule), with: impl FnOnce(Report<'_>)) {
    with_nodules([64, 48, 70], [0.7, 0.7, 1.0], count, |maps, nodules| {
        let mut nodules = nodules.to_vec();
        nodules.iter_mut().for_each(change);
        let run = json!({"model": {"name": "tiny"}, "options": {"seed": 7}});
        let (canonical, maps) = (nodules.clone(), *maps);
        with(Report { title: &title, maps, nodules: &nodules, canonical: &canonical, micronodules: &[], run: &run });
    });
}

fn text(report: Report<'_>) -> String {
    let cancel = CancelToken::new();
    markup(&Known::of(report, &cancel).unwrap(), "the text", &cancel).unwrap()
}

fn flagged(nodule: &mut Nodule) {
    nodule.review = nodule.id == 3;
    nodule.review_reasons = if nodule.review { vec!["a reason".into()] } else { Vec::new() };
}

#[test]
fn page_has_the_flagged_first_and_of_each_nodule_three_pictures_and_every_measure() {
    with_report(4, flagged, |report| {
        let text = text(report);
        let places =
            ["nodule-3", "nodule-1", "nodule-2", "nodule-4"].map(|id| text.find(&format!(r#"<article id="{id}""#)));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
        assert_eq!(text.matches(r#"role="img""#).count(), 3 * 4);
        assert!(text.contains("<li>a reason</li>") && text.contains("4 nodules were found."));
        for shown in measures::Shown::all() {
            let glossary = 1;
            let everywhere = 4 + glossary;
            let elsewhere = ["id", "review", "review_reasons"].contains(&shown.name);
            let said = text.matches(&format!("<dt>{}", shown.title)).count();
            assert!(said >= if elsewhere { glossary } else { everywhere }, "{} {said}", shown.name);
        }
    });
}

#[test]
fn page_without_nodules_says_so_and_has_no_table() {
    with_report(
        0,
        |_| {},
        |report| {
            let text = text(report);
            assert!(
                text.contains("No nodule was found.") && !text.contains("<table") && !text.contains("Pictures show")
            );
            assert!(text.contains(crate::report::words::NOTICE));
        },
    );
}

#[test]
fn page_escapes_what_comes_from_elsewhere() {
    let hostile = "</title><script>alert(1)</script>\" onload=\"x";
    let left_aside = Warning::FilesLeftAside { count: 1, first: hostile.into(), why: hostile.into() };
    let title = OverviewTitle { input: hostile.into(), model: hostile.into(), ..title(vec![left_aside]) };
    let change = |nodule: &mut Nodule| {
        (nodule.class, nodule.review, nodule.review_reasons) = (hostile.into(), true, vec![hostile.into()]);
    };
    with_titled(1, title, change, |report| {
        let text = text(report);
        assert_eq!(text.matches("<script").count(), 1, "the page's own");
        assert!(!text.contains("\" onload") && text.matches("</title>").count() == 1);
        assert!(text.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x"));
        assert!(text.contains("W_FILES_LEFT_ASIDE"));
    });
}

#[test]
fn page_loads_nothing() {
    with_report(
        2,
        |_| {},
        |report| {
            let text = text(report);
            assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("<link"));
            let addresses = text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
            assert!(addresses.into_iter().all(|to| to.starts_with('#') || to.starts_with("data:image/png;base64,")));
        },
    );
}

#[test]
fn page_of_more_nodules_than_have_pictures_names_them_all() {
    let count = MAX_REPORT_NODULES as u16 + 2;
    with_report(
        count,
        |_| {},
        |report| {
            let text = text(report);
            assert_eq!(text.matches("<article").count(), MAX_REPORT_NODULES + 2);
            assert_eq!(text.matches(r#"class="axial""#).count(), MAX_REPORT_NODULES);
            assert!(text.contains(&format!("The first {MAX_REPORT_NODULES} have pictures here")));
        },
    );
}

#[test]
fn page_of_a_region_of_other_classes_has_its_measures_without_pictures() {
    with_report(
        1,
        |nodule| nodule.id = 9,
        |report| {
            let text = text(report);
            assert!(text.contains("It is made of other classes") && !text.contains(r#"role="img""#));
        },
    );
}

#[test]
fn page_drawn_twice_is_the_same_and_a_cancelled_one_ends() {
    with_report(3, flagged, |report| {
        assert_eq!(text(report), text(report));
        let token = CancelToken::new();
        let known = Known::of(report, &token).unwrap();
        token.cancel();
        assert_eq!(markup(&known, "", &token).unwrap_err().name(), "E_CANCELLED");
        assert!(Known::of(report, &token).is_err());
    });
}

#[test]
fn stack_has_the_nodule_and_at_most_as_many_slices_as_fit() {
    use crate::limits::MAX_REPORT_SLICES;
    for (start, end, first) in [(0, 1, 0), (30, 33, 31), (10, 60, 25), (0, 70, 69), (68, 70, 69)] {
        let voi = Voi { start: [0, 0, start], end: [1, 1, end] };
        let slices = view::stack(&voi, first, 70);
        assert!(slices.contains(&first) && slices.len() <= MAX_REPORT_SLICES && slices.is_sorted(), "{slices:?}");
        let step = slices[1] - slices[0];
        assert!(slices[0] <= start + step && slices[slices.len() - 1] + step >= end - 1, "{slices:?}");
        assert!(slices.iter().all(|slice| *slice < 70));
    }
}

#[test]
fn findings_say_each_nodule_on_a_line_of_its_own_and_nothing_else_makes_one() {
    let title = OverviewTitle { input: "ct\nNodule 9: left side".into(), ..title(vec![Warning::NoLungMask]) };
    let change = |nodule: &mut Nodule| {
        flagged(nodule);
        (nodule.nodule_probability, nodule.class) = (Some(0.9991), "nodule".into());
        nodule.side = "right lung";
    };
    with_titled(3, title, change, |report| {
        let known = Known::of(report, &CancelToken::new()).unwrap();
        let text = findings_text::of(&report, &known.order, &known.slices);
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("Nodule ")).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(
            lines[0].starts_with("Nodule 3: right lung, slice 3 of 70 from the feet. ")
                && lines[0].ends_with(" Look again: a reason.")
        );
        assert!(lines[1].contains(" Probability that it is a nodule: above 99 %. Found by "), "{text}");
        assert!(
            text.contains("3 nodules were found; 1 should be looked at again.")
                && text.contains("Warning: the whole image was searched")
        );
        assert!(text.contains("Research use only. Not a medical device. No reader has checked this text.\n"));
    });
}

#[test]
fn page_and_findings_of_a_result_that_somebody_read_name_what_was_rejected_and_show_it_last() {
    use crate::findings::reading::{Decision, Reading, Readings};

    let said =
        |nodule, decision, comment: &str| Reading { nodule, decision, comment: comment.into(), reader: "A <b>".into() };
    let list = vec![said(3, Decision::Rejected, "a vessel"), said(1, Decision::Accepted, "")];
    let numbers = [1, 2, 3].map(|id| Nodule::unmeasured(id, [[0.0; 3]; 2], 1.0));
    let title = OverviewTitle { readings: Readings::of(list, &numbers).unwrap(), ..title(Vec::new()) };
    with_titled(3, title, flagged, |report| {
        let page = text(report);
        assert!(page.contains("Read by a person: 1 accepted, 1 rejected (Nodule 3), 1 undecided."), "{page}");
        assert!(page.contains("<strong>Rejected by A &lt;b&gt;: a vessel.</strong>") && page.contains(">Reader</th>"));
        let places = ["nodule-1", "nodule-2", "nodule-3"].map(|id| page.find(&format!(r#"<article id="{id}""#)));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "the rejected one is last: {places:?}");
        let known = Known::of(report, &CancelToken::new()).unwrap();
        let findings = findings_text::of(&report, &known.order, &known.slices);
        let last = findings.lines().rfind(|line| line.starts_with("Nodule ")).unwrap();
        assert!(last.starts_with("Nodule 3: ") && last.contains(" Rejected by A <b>: a vessel. "), "{findings}");
        assert!(findings.contains("\n\nRead by a person: 1 accepted, 1 rejected (Nodule 3), 1 undecided.\n\n"));
        assert!(findings.ends_with("No reader has checked the numbers.\n"), "{findings}");
    });
}
