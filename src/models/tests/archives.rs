//! Archives from people whom nobody knows: each is refused by name, and not a file is written.

use std::{fs, io::Cursor, io::Write};

use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::made::{Bench, Files, names_in, tiny, tiny_with, tiny_with_graph, zip, zip_in};

/// Refuses an archive as `name`, with `words` in the message, and leaves nothing behind.
fn refused(archive: &[u8], name: &str, words: &str) {
    let bench = Bench::new();
    let path = bench.archive(archive);
    let error = bench.installed().install(&path, false).expect_err(words);
    let text = error.to_string();
    assert_eq!(error.name(), name, "{text}");
    assert!(text.contains(words), "'{words}' in: {text}");
    assert!(text.contains(&path.display().to_string()) && !error.remedy().is_empty(), "{text}");
    assert_eq!(names_in(&bench.path("")), ["bundle.zip"], "{text}");
}

/// The tiny bundle and one more file.
fn with(name: &str, bytes: &[u8]) -> Files {
    let mut files = tiny();
    files.insert(name.into(), bytes.into());
    files
}

/// Where a record begins: `PK` and two bytes.
fn places(archive: &[u8], kind: [u8; 2]) -> Vec<usize> {
    let begin = [b'P', b'K', kind[0], kind[1]];
    archive.windows(4).enumerate().filter(|(_, window)| *window == begin).map(|(at, _)| at).collect()
}

/// Writes `bytes` at an offset of every local header and of every entry of the central directory (APPNOTE 4.3.7, 4.3.12).
fn patched(mut archive: Vec<u8>, local: usize, central: usize, bytes: &[u8]) -> Vec<u8> {
    for (kind, offset) in [([3, 4], local), ([1, 2], central)] {
        for at in places(&archive, kind) {
            archive[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
        }
    }
    archive
}

/// Every name `from` becomes `to`, of the same length.
fn renamed(mut archive: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at: Vec<_> =
        archive.windows(from.len()).enumerate().filter(|(_, w)| *w == from.as_bytes()).map(|(at, _)| at).collect();
    at.iter().for_each(|at| archive[*at..at + to.len()].copy_from_slice(to.as_bytes()));
    archive
}

#[test]
fn install_names_that_lead_elsewhere_are_refused() {
    for name in [
        "../evil.onnx",
        "/tmp/evil.onnx",
        "a/../../evil",
        "..\\evil.onnx",
        "C:\\evil.onnx",
        "a\0b",
        "a\nb",
        "./x",
        "a//b",
    ] {
        // A name of the same length first, since the writer would mend it.
        let plain = "x".repeat(name.len());
        let archive = renamed(zip(&with(&plain, b"evil")), &plain, name);
        refused(&archive, "E_MODEL_ARCHIVE", "lead elsewhere");
    }
}

#[test]
fn install_link_or_device_in_an_archive_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in tiny() {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.add_symlink("README", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    refused(&writer.finish().unwrap().into_inner(), "E_MODEL_ARCHIVE", "'README' is a link or a device");
    // The mode of a pipe, in the upper half of the attributes of every entry.
    let mut archive = zip(&tiny());
    for at in places(&archive, [1, 2]) {
        archive[at + 5] = 3; // made on Unix
        archive[at + 40..at + 42].copy_from_slice(&0o010_644u16.to_le_bytes());
    }
    refused(&archive, "E_MODEL_ARCHIVE", "is a link or a device");
}

#[test]
fn install_two_entries_of_one_name_are_refused_whatever_their_case() {
    let archive = renamed(zip(&with("graph.onnX", b"another")), "graph.onnX", "graph.onnx");
    refused(&archive, "E_MODEL_ARCHIVE", "two entries of one name");
    refused(&zip(&with("Graph.onnx", b"another")), "E_MODEL_ARCHIVE", "case of letters");
}

#[test]
fn install_encrypted_entry_is_refused() {
    // Bit 0 of the flags.
    refused(&patched(zip(&tiny()), 6, 8, &[1, 0]), "E_MODEL_ARCHIVE", "is encrypted");
}

#[test]
fn install_other_ways_to_pack_are_refused() {
    // 12 is bzip2, 93 Zstandard.
    for method in [12, 93] {
        refused(&patched(zip(&tiny()), 8, 10, &[method, 0]), "E_MODEL_ARCHIVE", "packed in a way that isn't read");
    }
}

#[test]
fn install_archive_that_is_cut_off_anywhere_or_is_none_is_refused() {
    let archive = zip(&tiny());
    for length in [0, 1, 4, archive.len() / 3, archive.len() / 2, archive.len() - 30, archive.len() - 1] {
        refused(&archive[..length], "E_MODEL_ARCHIVE", "can't be read as a zip archive");
    }
    refused(b"this is not a zip archive at all, but a text that is long enough", "E_MODEL_ARCHIVE", "can't be read");
}

#[test]
fn install_bytes_that_are_not_those_of_their_checksum_or_size_are_refused() {
    let archive = zip(&tiny());
    // The packed bytes of the second entry, which is the contract.
    let second = places(&archive, [3, 4])[1];
    let mut changed = archive.clone();
    changed[second + 30 + "model.json".len() + 20] ^= 0x10;
    refused(&changed, "E_MODEL_ARCHIVE", "'model.json'");
    // Another size than what is there: less, and more.
    for size in [10u32, 100_000] {
        refused(&patched(archive.clone(), 22, 24, &size.to_le_bytes()), "E_MODEL_ARCHIVE", "'model.json'");
    }
    let wrong = patched(archive, 14, 16, &[1, 2, 3, 4]);
    refused(&wrong, "E_MODEL_ARCHIVE", "can't be unpacked");
}

#[test]
fn install_bomb_is_refused_before_it_is_unpacked() {
    // 17 MiB of zeros, packed to some 17 kB, with the right hash in the contract.
    refused(&zip(&tiny_with_graph(vec![0; 17 << 20])), "E_MODEL_ARCHIVE", "unpacks from");
    // Many files, each of which might be.
    let many: Files = (0..20).map(|n| (format!("README{n}"), vec![0; 1 << 20])).chain(tiny()).collect();
    refused(&zip(&many), "E_MODEL_ARCHIVE", "it unpacks from");
    // A contract of more than 1 MiB.
    let mut files = tiny();
    files.get_mut("model.json").unwrap().extend(vec![b' '; 1 << 20]);
    refused(&zip(&files), "E_MODEL_ARCHIVE", "expected at most 1048576");
    refused(&zip(&with("README.md", &vec![b'x'; (1 << 20) + 1])), "E_MODEL_ARCHIVE", "'README.md' has 1048577 bytes");
}

#[test]
fn install_entries_that_share_bytes_are_refused() {
    // Both entries of the central directory point to the first local header (APPNOTE 4.4.16).
    let mut archive = zip(&tiny());
    for at in places(&archive, [1, 2]) {
        archive[at + 42..at + 46].copy_from_slice(&[0; 4]);
    }
    refused(&archive, "E_MODEL_ARCHIVE", "");
}

#[test]
fn install_missing_and_further_files_and_folders_are_refused() {
    let mut files = tiny();
    files.remove("graph.onnx");
    refused(&zip(&files), "E_MODEL_ARCHIVE", "it holds no 'graph.onnx', which model.json names");
    let mut files = tiny();
    files.remove("model.json");
    refused(&zip(&files), "E_MODEL_ARCHIVE", "it holds no model.json; it holds 'graph.onnx'");
    refused(&zip(&Files::new()), "E_MODEL_ARCHIVE", "it holds nothing");
    for name in ["run.sh", ".hidden", "graph.onnx.data", "model.json.bak"] {
        refused(
            &zip(&with(name, b"x")),
            "E_MODEL_ARCHIVE",
            &format!("it holds '{name}', which model.json doesn't name"),
        );
    }
    refused(&zip(&with("more/README.md", b"x")), "E_MODEL_ARCHIVE", "lies in another folder");
    let mut beside = Files::from([("elsewhere/x".to_owned(), b"x".to_vec())]);
    beside.extend(tiny().into_iter().map(|(name, bytes)| (format!("bundle/{name}"), bytes)));
    refused(&zip(&beside), "E_MODEL_ARCHIVE", "lies in another folder");
    refused(&zip_in("a/b/", &tiny()), "E_MODEL_ARCHIVE", "lies in another folder");
    let many: Files = (0..4097).map(|n| (format!("README{n}"), Vec::new())).chain(tiny()).collect();
    refused(&zip(&many), "E_MODEL_ARCHIVE", "4099 entries; expected at most 4096");
}

#[test]
fn install_contract_that_is_not_right_is_refused_as_everywhere() {
    let mut files = tiny();
    files.get_mut("graph.onnx").unwrap()[9] ^= 1;
    refused(&zip(&files), "E_MODEL_HASH", "graph.onnx has sha256");
    for version in [json!(3), json!("2"), json!(null)] {
        refused(&zip(&tiny_with("/schema_version", version)), "E_MODEL_SCHEMA", "expected 1 or 2");
    }
    refused(&zip(&with("model.json", b"{")), "E_MODEL_BUNDLE", "model.json");
    refused(&zip(&tiny_with("/sampling/samples", json!(0))), "E_MODEL_BUNDLE", "sampling.samples is 0");
    refused(
        &zip(&tiny_with("/segment/members/0/graph/file", json!("../x.onnx"))),
        "E_MODEL_BUNDLE",
        "not a plain file name",
    );
}

#[test]
fn install_name_or_version_that_would_lead_elsewhere_is_refused() {
    for bad in ["..", "../..", "a/b", "/etc", "a\\b", ".hidden", "a b", "ä", "CON", "a@1", "x.", "-f"] {
        for field in ["name", "version"] {
            let archive = zip(&tiny_with(&format!("/{field}"), json!(bad)));
            refused(
                &archive,
                "E_MODEL_BUNDLE",
                &format!("{field} is '{}'; to be installed expected", bad.escape_debug()),
            );
        }
    }
}

#[test]
fn install_path_that_is_not_there_is_refused_as_unreadable() {
    let bench = Bench::new();
    let error = bench.installed().install(&bench.path("none.zip"), false).unwrap_err();
    assert_eq!(error.name(), "E_READ");
    assert!(fs::read_dir(bench.path("")).unwrap().next().is_none());
}
