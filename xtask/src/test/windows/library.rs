//! What can be said of the DLL and the program without running them.

use std::fs;
use std::path::Path;

use super::super::check;
use super::super::tally::Tally;
use crate::process::{Result, output, root};
use crate::windows::Tools;

/// What every Windows has, in lower case, by how the names begin.
const OF_WINDOWS: [&str; 12] = [
    "advapi32.dll",
    "api-ms-win-",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "ntdll.dll",
    "ole32.dll",
    "shell32.dll",
    "user32.dll",
    "userenv.dll",
    "ws2_32.dll",
];

/// Looks at both files.
pub fn checks(tools: &Tools) -> Tally {
    let built = Tools::release_folder();
    let (library, program) = (built.join("sam2lung.dll"), built.join("sam2lung.exe"));
    let mut tally = check("DLL exports the interface on record and nothing else", exports(tools, &library));
    tally += check("DLL needs nothing but Windows", needs_windows_alone(tools, &library));
    tally += check("program needs nothing but Windows", needs_windows_alone(tools, &program));
    tally
}

/// Compares the exported functions with `tests/capi/abi.txt`, which was made from Linux's library.
fn exports(tools: &Tools, library: &Path) -> Result<()> {
    let text = output(tools.mingw_command("objdump").arg("--private-headers").arg(library))?;
    let mut exported = exported(&text);
    exported.sort_unstable();
    let record = fs::read_to_string(root().join("tests/capi/abi.txt")).map_err(|e| format!("abi.txt: {e}"))?;
    let recorded: Vec<&str> = record.lines().filter_map(|line| line.strip_prefix("symbol ")).collect();
    if exported == recorded {
        return Ok(());
    }
    let lacks = |list: &[&str], name: &&&str| !list.contains(*name);
    let missing: Vec<_> = recorded.iter().filter(|name| lacks(&exported, name)).collect();
    let besides: Vec<_> = exported.iter().filter(|name| lacks(&recorded, name)).collect();
    Err(format!("not exported: {missing:?}; exported besides: {besides:?}"))
}

/// The names in the table that objdump prints: lines like `[   0] +base[   1]  0000 sam2lung_abi_version`.
fn exported(text: &str) -> Vec<&str> {
    let table = text.split_once("[Ordinal/Name Pointer] Table").map_or("", |(_, table)| table);
    let lines = table.lines().skip(1).take_while(|line| line.trim_start().starts_with('['));
    lines.filter_map(|line| line.split_whitespace().next_back()).collect()
}

/// MinGW's own libraries would have to lie beside the program.
fn needs_windows_alone(tools: &Tools, file: &Path) -> Result<()> {
    let text = output(tools.mingw_command("objdump").arg("--private-headers").arg(file))?;
    let needed = text.lines().filter_map(|line| line.trim().strip_prefix("DLL Name: ")).map(str::to_lowercase);
    let foreign: Vec<_> = needed.filter(|name| !OF_WINDOWS.iter().any(|known| name.starts_with(known))).collect();
    if foreign.is_empty() { Ok(()) } else { Err(format!("{} needs {}", file.display(), foreign.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_takes_the_names_of_the_table_alone() {
        let text = "DLL Name: a.dll\n[Ordinal/Name Pointer] Table\n\t[   0] +base[   1]  0000 sam2lung_b\n\
                    \t[   1] +base[   2]  0001 sam2lung_a\n\nThe Function Table\n\t[  0] other\n";
        assert_eq!(exported(text), ["sam2lung_b", "sam2lung_a"]);
    }
}
