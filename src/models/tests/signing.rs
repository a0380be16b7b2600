//! Signatures where bundles are installed, listed and opened.

use std::fs;

use super::made::{Bench, Files, names_in, tiny, tiny_with, zip};
use crate::{
    contract::{
        bundle::Bundle,
        signature::{
            SIGNATURE_FILE, Signature, Trust,
            tests::{private_key, publish, signed},
        },
    },
    models::Outcome,
};

/// The tiny bundle, signed with a key.
fn signed_by(number: u8) -> Files {
    let mut files = tiny();
    files.insert(SIGNATURE_FILE.into(), signed(&files["model.json"], &private_key(number)));
    files
}

/// Trust in the keys 1 and 2.
fn trust(bench: &Bench, required: bool) -> Trust {
    publish(&private_key(1), &bench.path("keys"), "hospital.pem");
    publish(&private_key(2), &bench.path("keys"), "other.pem");
    Trust::of(&bench.path("keys"), required).unwrap()
}

#[test]
fn install_and_open_show_whose_signature_it_is() {
    let bench = Bench::new();
    let installed = bench.trusting(trust(&bench, true));
    let outcome = installed.install(&bench.archive(&zip(&signed_by(1))), false).unwrap();
    let hospital = Signature::By("hospital.pem".into());
    assert_eq!(outcome.entry().signature, hospital);
    assert_eq!(installed.list().unwrap()[1].signature, hospital);
    assert_eq!(installed.open("tiny-plain".as_ref()).unwrap().signature, hospital);
    assert_eq!(hospital.to_string(), "signed, checked with hospital.pem");
    // Without keys nobody can tell.
    assert_eq!(bench.installed().open("tiny-plain".as_ref()).unwrap().signature, Signature::NotChecked);
}

#[test]
fn install_of_a_wrong_signature_is_refused_and_of_none_where_one_is_required() {
    let bench = Bench::new();
    let (free, strict) = (bench.trusting(trust(&bench, false)), bench.trusting(trust(&bench, true)));
    let mut changed = tiny_with("/decision/threshold", serde_json::json!(0.25));
    changed.insert(SIGNATURE_FILE.into(), signed_by(1)[SIGNATURE_FILE].clone());
    let mut short = signed_by(1);
    short.get_mut(SIGNATURE_FILE).unwrap().pop();
    for (bundle, installed) in [(signed_by(3), &free), (changed, &free), (short, &free), (tiny(), &strict)] {
        for source in [bench.archive(&zip(&bundle)), bench.folder(&bundle)] {
            let error = installed.install(&source, false).unwrap_err();
            assert_eq!(error.name(), "E_SIGNATURE", "{error}");
            assert!(error.to_string().contains(&source.display().to_string()), "{error}");
            assert_eq!(names_in(&bench.models()), [] as [&str; 0]);
        }
    }
    assert!(free.install(&bench.folder(&tiny()), false).is_ok());
}

#[test]
fn open_refuses_a_bundle_that_was_changed_after_it_was_signed() {
    let bench = Bench::new();
    let installed = bench.trusting(trust(&bench, false));
    installed.install(&bench.folder(&signed_by(2)), false).unwrap();
    let contract = bench.models().join("tiny-plain/1.0.0/model.json");
    let text = fs::read_to_string(&contract).unwrap();
    fs::write(&contract, text.replace("1000.0", "1000.5")).unwrap();
    assert_eq!(installed.open("tiny-plain".as_ref()).unwrap_err().name(), "E_SIGNATURE");
    let entry = installed.list().unwrap().remove(1);
    assert!(matches!(entry.signature, Signature::Wrong(_)) && entry.purpose.is_none());
    assert_eq!(entry.problem.unwrap().name(), "E_SIGNATURE");
    // A graph that was exchanged has another hash than the signed contract says.
    fs::write(&contract, text).unwrap();
    fs::write(contract.with_file_name("graph.onnx"), "another").unwrap();
    assert_eq!(installed.open("tiny-plain".as_ref()).unwrap_err().name(), "E_MODEL_HASH");
}

#[test]
fn open_of_a_bundle_without_signature_is_refused_where_one_is_required_but_not_the_built_in_one() {
    let bench = Bench::new();
    let strict = trust(&bench, true);
    let error = Bundle::open_trusting(&bench.folder(&tiny()), &strict).unwrap_err();
    assert_eq!(error.name(), "E_SIGNATURE");
    assert!(error.to_string().contains("not signed") && error.to_string().contains("required"), "{error}");
    let built_in = Bundle::builtin().unwrap().model.name;
    assert!(bench.trusting(strict).open(built_in.as_ref()).is_ok());
}

#[test]
fn install_of_a_bundle_that_was_signed_since_asks_to_replace() {
    let bench = Bench::new();
    let installed = bench.trusting(trust(&bench, false));
    installed.install(&bench.folder(&tiny()), false).unwrap();
    let error = installed.install(&bench.folder(&signed_by(1)), false).unwrap_err();
    assert!(error.to_string().contains("another model.json.sig"), "{error}");
    assert!(matches!(installed.install(&bench.folder(&signed_by(1)), true).unwrap(), Outcome::Replaced(_)));
}
