//! What is installed is there, whole, and found by its name.

use std::{fs, path::Path};

use serde_json::json;

use super::made::{Bench, Files, named, names_in, read, tiny, tiny_with, tiny_with_graph, write, zip, zip_in};
use crate::{
    contract::{bundle::Bundle, signature::Signature},
    models::Outcome,
};

/// The bundle with a licence and a model card.
fn with_notes() -> Files {
    let notes = [("LICENSE-MIT", "free"), ("model_card.md", "what it is"), ("Notice", "of whom")];
    tiny().into_iter().chain(notes.map(|(name, text)| (name.into(), text.into()))).collect()
}

#[test]
fn install_folder_archive_and_archive_of_a_folder_give_the_same_files() {
    let files = with_notes();
    for source in 0..4 {
        let bench = Bench::new();
        let path = match source {
            0 => bench.folder(&files),
            1 => bench.archive(&zip(&files)),
            2 => bench.archive(&zip_in("my bundle/", &files)),
            _ => {
                // With an entry for the folder itself, as `zip -r` writes it.
                let mut entries = Files::from([("made/".to_owned(), Vec::new())]);
                entries.extend(files.iter().map(|(name, bytes)| (format!("made/{name}"), bytes.clone())));
                bench.archive(&zip(&entries))
            }
        };
        let outcome = bench.installed().install(&path, false).unwrap();
        assert!(matches!(outcome, Outcome::Installed(_)), "{source}");
        let folder = bench.models().join("tiny-plain/1.0.0");
        assert_eq!(outcome.entry().folder.as_deref(), Some(folder.as_path()));
        assert_eq!(read(&folder), files, "{source}");
        assert_eq!(names_in(&bench.models()), [".lock", "tiny-plain"], "{source}");
    }
}

#[cfg(unix)]
#[test]
fn install_gives_the_rights_of_any_new_folder_and_file() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.installed().install(&bench.folder(&tiny()), false).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (folder, usual) = (bench.models().join("tiny-plain/1.0.0"), bench.path("usual"));
    fs::create_dir(&usual).unwrap();
    fs::write(usual.join("file"), "").unwrap();
    assert_eq!(mode(&folder), mode(&usual));
    assert_eq!(mode(&folder.join("graph.onnx")), mode(&usual.join("file")));
}

#[test]
fn install_again_writes_nothing_for_the_same_files_and_refuses_others_unless_they_are_to_replace() {
    let bench = Bench::new();
    let installed = bench.installed();
    installed.install(&bench.folder(&with_notes()), false).unwrap();
    let folder = bench.models().join("tiny-plain/1.0.0");
    let before = fs::metadata(folder.join("model.json")).unwrap().modified().unwrap();
    let again = installed.install(&bench.archive(&zip(&with_notes())), true).unwrap();
    assert!(matches!(again, Outcome::AlreadyThere(_)));
    assert_eq!(fs::metadata(folder.join("model.json")).unwrap().modified().unwrap(), before);

    let other = tiny_with("/decision/threshold", json!(0.75));
    let error = installed.install(&bench.folder(&other), false).unwrap_err();
    assert_eq!(error.name(), "E_MODEL_INSTALLED");
    assert!(error.to_string().contains("another model.json, LICENSE-MIT, Notice, model_card.md"), "{error}");
    assert_eq!(read(&folder), with_notes());

    let replaced = installed.install(&bench.folder(&other), true).unwrap();
    assert!(matches!(replaced, Outcome::Replaced(_)));
    assert_eq!(read(&folder), other);
    assert_eq!(names_in(&bench.models()), [".lock", "tiny-plain"]);
}

#[test]
fn install_damaged_bundle_again_is_told_apart_and_mended() {
    let bench = Bench::new();
    let installed = bench.installed();
    installed.install(&bench.folder(&tiny()), false).unwrap();
    let graph = bench.models().join("tiny-plain/1.0.0/graph.onnx");
    fs::write(&graph, "damaged").unwrap();
    let error = installed.install(&bench.folder(&tiny()), false).unwrap_err();
    assert!(error.to_string().contains("another graph.onnx"), "{error}");
    installed.install(&bench.folder(&tiny()), true).unwrap();
    assert!(installed.open("tiny-plain".as_ref()).is_ok());
}

#[test]
fn install_name_or_version_in_another_case_is_refused() {
    let bench = Bench::new();
    let installed = bench.installed();
    installed.install(&bench.folder(&named("net", "1.0.0-rc")), false).unwrap();
    for (name, version) in [("Net", "1.0.0"), ("net", "1.0.0-RC")] {
        let error = installed.install(&bench.folder(&named(name, version)), true).unwrap_err();
        assert_eq!(error.name(), "E_MODEL_BUNDLE");
        assert!(error.to_string().contains("case of letters"), "{error}");
    }
}

#[test]
fn list_has_the_built_in_bundle_first_then_names_in_order_and_the_newest_version_first() {
    let bench = Bench::new();
    let installed = bench.installed();
    assert_eq!(installed.list().unwrap().len(), 1, "no folder, no bundles");
    for (name, version) in [("b", "1.2.0"), ("b", "1.10.0"), ("a", "1.0.0"), ("b", "1.10.0-rc.1")] {
        installed.install(&bench.folder(&named(name, version)), false).unwrap();
    }
    // What isn't a bundle's is left alone.
    write(&Files::new(), &bench.models().join(".part-123456/bundle"));
    write(&Files::new(), &bench.models().join("not a name/1.0.0"));
    fs::write(bench.models().join("notes"), "").unwrap();
    let list = installed.list().unwrap();
    let names: Vec<_> = list.iter().skip(1).map(|entry| (entry.name.as_str(), entry.version.as_str())).collect();
    assert_eq!(names, [("a", "1.0.0"), ("b", "1.10.0"), ("b", "1.10.0-rc.1"), ("b", "1.2.0")]);
    let built_in = Bundle::builtin().unwrap();
    assert_eq!((list[0].name.as_str(), &list[0].folder), (built_in.model.name.as_str(), &None));
    assert_eq!(list[0].signature, Signature::BuiltIn);
    let a = &list[1];
    assert_eq!(a.folder.as_deref(), Some(bench.models().join("a/1.0.0").as_path()));
    let files = named("a", "1.0.0");
    assert_eq!(a.bytes, files.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    assert_eq!(a.sha256, crate::contract::bundle::sha256_hex(&files["model.json"]));
    assert_eq!(a.purpose.as_ref().unwrap().to_string(), "CT -> findings of nodule; segment (slice)");
    assert!(a.problem.is_none() && a.signature == Signature::Missing);
}

#[test]
fn list_says_what_is_wrong_with_each_and_lists_the_others() {
    let bench = Bench::new();
    let at = |name: &str| bench.models().join(name).join("1.0.0");
    write(&named("good", "1.0.0"), &at("good"));
    write(&named("good", "1.0.0"), &at("moved"));
    write(&Files::new(), &at("empty"));
    write(&tiny_with("/schema_version", json!(9)), &at("newer"));
    let mut lacking = named("lacking", "1.0.0");
    lacking.remove("graph.onnx");
    write(&lacking, &at("lacking"));
    let list = bench.installed().list().unwrap();
    let problem = |name: &str| {
        let entry = list.iter().find(|entry| entry.name == name).unwrap();
        entry.problem.as_ref().map(|problem| format!("{}: {problem}", problem.name())).unwrap_or_default()
    };
    assert_eq!(problem("good"), "");
    for (name, begin, words) in [
        ("moved", "E_MODEL_BUNDLE", "it is good 1.0.0; expected moved 1.0.0"),
        ("empty", "E_MODEL_BUNDLE", "model.json can't be read"),
        ("newer", "E_MODEL_SCHEMA", "schema version 9"),
        ("lacking", "E_MODEL_BUNDLE", "graph.onnx can't be read"),
    ] {
        assert!(problem(name).starts_with(begin) && problem(name).contains(words), "{}", problem(name));
    }
    // The moved one can't be opened by the other's name.
    assert!(bench.installed().open("moved".as_ref()).unwrap_err().to_string().contains("it is good 1.0.0"));
}

#[test]
fn list_of_a_folder_that_is_a_file_is_refused_by_name() {
    let bench = Bench::new();
    write(&Files::from([("models".to_owned(), b"a file".to_vec())]), &bench.path("place"));
    assert_eq!(bench.installed().list().unwrap_err().name(), "E_READ");
}

#[test]
fn open_takes_the_newest_version_or_the_one_asked_for_and_a_path_first() {
    let bench = Bench::new();
    let installed = bench.installed();
    for version in ["1.9.0", "1.10.0"] {
        installed.install(&bench.folder(&named("net", version)), false).unwrap();
    }
    let version = |wanted: &str| installed.open(wanted.as_ref()).map(|bundle| bundle.model.version);
    assert_eq!(version("net").unwrap(), "1.10.0");
    assert_eq!(version("net@1.9.0").unwrap(), "1.9.0");
    assert_eq!(installed.open(&bench.folder(&named("net", "7"))).unwrap().model.version, "7");
    // The built-in one goes by its name, until a newer one of the same name is installed.
    let built_in = Bundle::builtin().unwrap().model;
    assert_eq!(installed.open(built_in.name.as_ref()).unwrap().signature, Signature::BuiltIn);
    installed.install(&bench.folder(&named(&built_in.name, "99.0.0")), false).unwrap();
    assert_eq!(version(&built_in.name).unwrap(), "99.0.0");
    let own = format!("{}@{}", built_in.name, built_in.version);
    assert_eq!(installed.open(own.as_ref()).unwrap().signature, Signature::BuiltIn);
}

#[test]
fn open_what_is_not_there_says_what_is() {
    let bench = Bench::new();
    let installed = bench.installed();
    let refused = |wanted: &str| {
        let error = installed.open(wanted.as_ref()).unwrap_err();
        (error.name(), error.to_string())
    };
    assert!(refused("net").1.contains(": none"), "{}", refused("net").1);
    installed.install(&bench.folder(&named("net", "1.9.0")), false).unwrap();
    let (name, text) = refused("net@2.0.0");
    assert_eq!(name, "E_NO_SUCH_MODEL");
    assert!(text.contains("'net@2.0.0'") && text.contains("net@1.9.0") && text.contains("place/models"), "{text}");
    assert_eq!(refused("no/such/folder").0, "E_MODEL_BUNDLE");
    let archive = bench.archive(&zip(&tiny()));
    let (name, text) = refused(archive.to_str().unwrap());
    assert!(name == "E_MODEL_BUNDLE" && text.contains("Install"), "{text}");
    // To check it is another thing.
    assert_eq!(installed.check(&archive).unwrap().model.name, "tiny-plain");
    let damaged = tiny_with_graph(b"not a graph".to_vec());
    assert_eq!(installed.check(&bench.archive(&zip(&damaged))).unwrap_err().name(), "E_MODEL_BUNDLE");
}

#[test]
fn remove_takes_one_bundle_and_nothing_else() {
    let bench = Bench::new();
    let installed = bench.installed();
    for (name, version) in [("a", "1.0.0"), ("a", "2.0.0"), ("b", "1.0.0")] {
        installed.install(&bench.folder(&named(name, version)), false).unwrap();
    }
    let refused = |wanted: &str| {
        let error = installed.remove(wanted).unwrap_err();
        (error.name(), error.to_string())
    };
    let (name, text) = refused("a");
    assert!(name == "E_OPTION" && text.contains("one of a@2.0.0, a@1.0.0"), "{text}");
    assert_eq!(installed.remove("a@1.0.0").unwrap().to_string(), "a@1.0.0");
    assert_eq!(installed.remove("a").unwrap().to_string(), "a@2.0.0");
    assert_eq!(names_in(&bench.models()), [".lock", "b"]);
    assert_eq!(refused("a").0, "E_NO_SUCH_MODEL");
    for bad in ["..", "../models", "b/1.0.0", "", "b@..", ".lock"] {
        assert_eq!(refused(bad).0, "E_OPTION", "{bad}");
    }
    let (name, text) = refused(&Bundle::builtin().unwrap().model.name);
    assert!(name == "E_OPTION" && text.contains("built into the program"), "{text}");
    assert_eq!(names_in(&bench.models().join("b")), ["1.0.0"]);
}

#[test]
fn remove_of_folders_that_are_no_bundles_is_refused() {
    let bench = Bench::new();
    let documents = bench.models().join("documents/mine");
    write(&Files::from([("thesis.txt".to_owned(), b"years".to_vec())]), &documents);
    assert_eq!(bench.installed().remove("documents").unwrap_err().name(), "E_WRITE");
    write(&Files::from([("model.json".to_owned(), b"{}".to_vec())]), &documents);
    write(&Files::new(), &documents.join("deeper"));
    assert_eq!(bench.installed().remove("documents").unwrap_err().name(), "E_WRITE");
    assert_eq!(names_in(&documents), ["deeper", "model.json", "thesis.txt"]);
    // A damaged bundle goes.
    fs::remove_dir(documents.join("deeper")).unwrap();
    bench.installed().remove("documents").unwrap();
}
