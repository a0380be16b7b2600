//! Readers and the volume view under mutated input: a fixed number of deterministic executions each, and every crash that was ever found.
//!
//! The targets are those of `fuzz/`, where libFuzzer runs them for longer. Here no panic may come, and no single
//! allocation larger than the small inputs can justify.

mod allocations;
mod mutate;
mod seeds;
mod targets;
mod volume_view;

use std::{fs, path::Path};

use mutate::Mutator;
use targets::Target;

/// Largest single allocation: the decoders' own tables are below, and the inputs hold a few kilobytes.
const MAX_BYTES: usize = 64 << 20;

/// Runs `count` mutated inputs, and the crashes on file.
fn attack(target: Target, count: u64) {
    let seeds = seeds::of(target);
    for seed in &seeds {
        assert_eq!(targets::run(target, seed), Ok(()), "a seed is good input");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzzing/crashes").join(target.name());
    for crash in fs::read_dir(folder).into_iter().flatten() {
        let path = crash.expect("the folder can be listed").path();
        println!("{}", path.display());
        let _ = targets::run(target, &fs::read(path).expect("it can be read"));
    }
    let mut refused = 0;
    for number in 0..count {
        let input = Mutator::new(number).mutate(&seeds, target == Target::ModelJson);
        // What an input was is known from its number alone.
        let outcome = std::panic::catch_unwind(|| targets::run(target, &input));
        let outcome =
            outcome.unwrap_or_else(|_| panic!("{} {number}: {:?}", target.name(), input.escape_ascii().to_string()));
        refused += u64::from(outcome.is_err());
        let bytes = allocations::largest();
        assert!(bytes <= MAX_BYTES, "{} {number} or another test: {bytes} bytes at once: {outcome:?}", target.name());
    }
    println!("{}: {refused} of {count} inputs refused", target.name());
    // Mutations that hit nothing would test nothing.
    assert!(refused > count / 5, "{refused} of {count}");
}

#[test]
fn crashes_on_file_belong_to_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzzing/crashes");
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let name = entry.expect("the folder can be listed").file_name();
        assert!(Target::ALL.iter().any(|target| name == target.name()), "{}", name.display());
    }
}

#[test]
fn model_json_of_10000_mutations_is_refused_by_name_or_makes_sense() {
    attack(Target::ModelJson, 10_000);
}

#[test]
fn graph_of_any_bytes_is_refused_by_name_or_looked_through() {
    attack(Target::Graph, 2000);
}

#[test]
fn archive_of_any_bytes_is_refused_by_name_or_holds_one_bundle() {
    attack(Target::Archive, 3000);
}

#[test]
fn nifti_of_any_bytes_is_refused_by_name_or_read() {
    attack(Target::Nifti, 2000);
}

#[test]
fn nrrd_of_any_bytes_is_refused_by_name_or_read() {
    attack(Target::Nrrd, 2000);
}

#[test]
fn metaimage_of_any_bytes_is_refused_by_name_or_read() {
    attack(Target::MetaImage, 2000);
}

#[test]
fn vti_of_any_bytes_is_refused_by_name_or_read() {
    attack(Target::Vti, 2000);
}

#[test]
fn dicom_file_of_any_bytes_is_refused_by_name_or_read() {
    attack(Target::DicomFile, 1000);
}

#[test]
fn volume_view_of_any_bytes_is_refused_by_name_or_written_as_it_is() {
    attack(Target::VolumeView, 5000);
}
