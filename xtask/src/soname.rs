//! Gives our copy of ONNX Runtime a name of its own.
//!
//! The loader keeps a library by the name that stands in it (DT_SONAME). Under the usual one, `libonnxruntime.so.1`, a plugin
//! of the host that needs another version would be given ours, and fail. The name is changed in place, as long as the new one
//! is no longer than the old one: no address moves. (System V ABI, "Dynamic Section"; LSB, "Symbol Versioning".)

use std::fs;
use std::path::Path;

use crate::process::Result;

/// What the loader is to call it; `src/model/runtime.rs` looks for a file of this name, too.
pub const OWN: &str = "libsam2lung_ort.so";

/// Renames the library `file` for the loader; nothing is written if it has the name already.
///
/// # Errors
/// If it is no shared library with a name at least as long, or can't be replaced.
pub fn rename(file: &Path) -> Result<()> {
    copy_renamed(file, file)
}

/// Writes a copy of the library `from`, renamed for the loader, to `to`.
///
/// # Errors
/// As [`rename`].
pub fn copy_renamed(from: &Path, to: &Path) -> Result<()> {
    let complain = |e: &dyn std::fmt::Display| format!("{}: {e}", from.display());
    let mut bytes = fs::read(from).map_err(|e| complain(&e))?;
    let changed = renamed(&mut bytes).ok_or_else(|| complain(&"is no shared library whose name can be changed"))?;
    if !changed && from == to {
        return Ok(());
    }
    // Whole or not at all; a process that has the old file open keeps it.
    let scratch = to.with_extension(format!("renaming-{}", std::process::id()));
    let write = |e: std::io::Error| format!("{}: {e}", to.display());
    fs::write(&scratch, bytes).map_err(write)?;
    let rights = fs::metadata(from).and_then(|about| fs::set_permissions(&scratch, about.permissions()));
    rights.and_then(|()| fs::rename(&scratch, to)).map_err(write)
}

/// Changes the name in the bytes of a library. Whether there was something to change; none: it can't be changed.
fn renamed(bytes: &mut [u8]) -> Option<bool> {
    let place = Names::of(bytes)?;
    let old = place.name(bytes)?.to_vec();
    if old == OWN.as_bytes() {
        return Some(false);
    }
    // No symbol's name ends as the old one does ("so.1"), so no other text shares these bytes.
    let room = bytes.get_mut(place.name_at..)?.get_mut(..old.len()).filter(|room| room.len() >= OWN.len())?;
    room.fill(0);
    room[..OWN.len()].copy_from_slice(OWN.as_bytes());
    place.hash_anew(bytes)?;
    Some(true)
}

/// Where a 64-bit ELF file of this byte order has its name.
struct Names {
    /// Of its first byte.
    name_at: usize,
    /// Of the list of versions that it defines, whose first is named after the library.
    versions_at: Option<usize>,
}

impl Names {
    fn of(bytes: &[u8]) -> Option<Names> {
        const LOAD: u64 = 1;
        const DYNAMIC: u64 = 2;
        if bytes.get(..6)? != b"\x7fELF\x02\x01" {
            return None;
        }
        let (first, size, count) = (long(bytes, 32)?, short(bytes, 54)?, short(bytes, 56)?);
        // Type, place in the file, address, size in the file.
        let mut parts = Vec::new();
        for n in 0..count {
            let at = first.checked_add(n * size)?;
            let kind = u64::from(u32::from_le_bytes(bytes.get(index(at)?..)?.get(..4)?.try_into().ok()?));
            parts.push((kind, long(bytes, at + 8)?, long(bytes, at + 16)?, long(bytes, at + 32)?));
        }
        let loaded = |address: u64| {
            let part = parts.iter().find(|(kind, _, start, size)| {
                *kind == LOAD && (*start..start.saturating_add(*size)).contains(&address)
            })?;
            index(address - part.2 + part.1)
        };
        let dynamic = parts.iter().find(|(kind, ..)| *kind == DYNAMIC)?;
        let entries =
            (0..dynamic.3 / 16).map_while(|n| long(bytes, dynamic.1 + 16 * n).zip(long(bytes, dynamic.1 + 16 * n + 8)));
        let entries: Vec<(u64, u64)> = entries.collect();
        let value = |tag: u64| entries.iter().find(|(other, _)| *other == tag).map(|(_, value)| *value);
        const STRINGS: u64 = 5;
        const SONAME: u64 = 14;
        const VERSIONS: u64 = 0x6fff_fffc;
        Some(Names {
            name_at: loaded(value(STRINGS)?)?.checked_add(index(value(SONAME)?)?)?,
            versions_at: value(VERSIONS).and_then(loaded),
        })
    }

    fn name<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.name_at..)?.split(|byte| *byte == 0).next()
    }

    /// The first version's hash is that of the library's name.
    fn hash_anew(&self, bytes: &mut [u8]) -> Option<()> {
        const BASE: u64 = 1;
        let Some(at) = self.versions_at else { return Some(()) };
        if short(bytes, at as u64 + 2)? & BASE != 0 {
            bytes.get_mut(at + 8..at + 12)?.copy_from_slice(&hash(OWN).to_le_bytes());
        }
        Some(())
    }
}

/// The hash of names in ELF files (System V ABI, "Hash Table").
fn hash(name: &str) -> u32 {
    name.bytes().fold(0_u32, |hash, byte| {
        let hash = (hash << 4).wrapping_add(byte.into());
        let top = hash & 0xf000_0000;
        (hash ^ (top >> 24)) & !top
    })
}

fn index(at: u64) -> Option<usize> {
    usize::try_from(at).ok()
}

fn short(bytes: &[u8], at: u64) -> Option<u64> {
    Some(u16::from_le_bytes(bytes.get(index(at)?..)?.get(..2)?.try_into().ok()?).into())
}

fn long(bytes: &[u8], at: u64) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(index(at)?..)?.get(..8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// A library of this name, made by the C compiler, with a version as ONNX Runtime has them.
    fn library(folder: &Path, name: &str) -> std::path::PathBuf {
        let (source, script, made) = (folder.join("a.c"), folder.join("a.map"), folder.join(name));
        fs::write(&source, "int answer(void) { return 42; }\n").unwrap();
        fs::write(&script, "VERS_1 { global: answer; local: *; };\n").unwrap();
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-o"]).arg(&made).arg(&source);
        compile.arg(format!("-Wl,-soname,{name}")).arg(format!("-Wl,--version-script={}", script.display()));
        assert!(compile.status().unwrap().success());
        made
    }

    fn dynamic(file: &Path) -> String {
        let read = Command::new("readelf").args(["--dynamic", "--version-info", "--wide"]).arg(file).output().unwrap();
        String::from_utf8(read.stdout).unwrap()
    }

    #[test]
    fn rename_of_a_library_changes_its_name_for_the_loader_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let made = library(dir.path(), "libonnxruntime.so.1");
        let before = fs::read(&made).unwrap();
        rename(&made).unwrap();
        let after = fs::read(&made).unwrap();
        let told = dynamic(&made);
        assert!(told.contains(&format!("soname: [{OWN}]")), "{told}");
        assert!(told.contains("VERS_1") && !told.contains("libonnxruntime.so.1"), "{told}");
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert!(before.len() == after.len() && changed <= "libonnxruntime.so.1".len() + 4, "{changed} bytes");
        rename(&made).unwrap();
        assert_eq!(fs::read(&made).unwrap(), after, "once more changes nothing");
    }

    #[test]
    fn rename_of_what_has_no_room_or_is_no_library_is_refused_and_leaves_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let short = library(dir.path(), "libort.so.1");
        let text = dir.path().join("text");
        fs::write(&text, "no library").unwrap();
        for file in [&short, &text] {
            let before = fs::read(file).unwrap();
            let message = rename(file).unwrap_err();
            assert!(message.contains(&file.display().to_string()), "{message}");
            assert_eq!(fs::read(file).unwrap(), before);
        }
    }

    #[test]
    fn hash_is_the_one_of_the_system_v_abi() {
        assert_eq!(hash("printf"), 0x077_905a6);
        assert_eq!(hash(""), 0);
    }
}
