//! Lists of installed bundles.

use std::{
    ffi::{CStr, CString, c_char},
    path::Path,
};

use super::{
    bundle::sam2lung_signature,
    error::sam2lung_error,
    guard::guard,
    pointers::{c_text, check_output, getter, hand_over, optional_text, release},
    status::sam2lung_status,
};
use crate::{
    contract::signature::Trust,
    error::Result,
    models::{Entry, Installed},
};

/// The bundles that were installed in a folder when the list was made, and the built-in one, which comes first. Never changes.
/// Since version 5 of the interface.
pub struct sam2lung_bundle_list {
    folder: CString,
    entries: Vec<Listed>,
}

/// A bundle in the list.
struct Listed {
    name: CString,
    version: CString,
    path: CString,
    purpose: CString,
    signature: sam2lung_signature,
    signature_text: CString,
    problem: CString,
    sha256: CString,
    bytes: u64,
    is_builtin: bool,
}

impl From<Entry> for Listed {
    fn from(entry: Entry) -> Self {
        let words = |text: Option<String>| c_text(&text.unwrap_or_default());
        Listed {
            name: c_text(&entry.name),
            version: c_text(&entry.version),
            path: words(entry.folder.as_ref().map(|folder| folder.display().to_string())),
            purpose: words(entry.purpose.as_ref().map(ToString::to_string)),
            signature: sam2lung_signature::from(&entry.signature),
            signature_text: c_text(&entry.signature.to_string()),
            problem: words(entry.problem.as_ref().map(|problem| format!("{}: {problem}", problem.name()))),
            sha256: c_text(&entry.sha256),
            bytes: entry.bytes,
            is_builtin: entry.folder.is_none(),
        }
    }
}

/// Lists the installed bundles: by name, of each the newest version first; before them the built-in one. Since version 5 of the
/// interface.
///
/// Contracts and signatures are checked, the hashes of the graphs are not, so this is quick: sam2lung_bundle_open() does that.
/// What is wrong with a bundle is said in its entry. `sam2lung model install` installs bundles. Any thread.
///
/// @param folder path of the folder of installed bundles, UTF-8; NULL: the one that the environment variable SAM2LUNG_MODELS
///   names, else sam2lung/models in the user's data folder (`$XDG_DATA_HOME` or ~/.local/share, `%LOCALAPPDATA%`,
///   ~/Library/Application Support). Where there is none, nothing is installed
/// @param list where the list goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_list_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not: the folder can't be read, or the keys of signatures can't
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_create(
    folder: *const c_char,
    list: *mut *mut sam2lung_bundle_list,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = || -> Result<()> {
        check_output(list, "list")?;
        // SAFETY: the contract of the C ABI.
        let folder = unsafe { optional_text(folder, "folder") }?.map(Path::new);
        let installed = Installed::chosen(folder, Trust::usual()?);
        let folder = installed.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
        let entries = installed.list()?.into_iter().map(Listed::from).collect();
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(list, sam2lung_bundle_list { folder: c_text(&folder), entries }) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |_| work()) }
}

/// A text of an entry; "" for NULL and where there is no such entry.
unsafe fn words(list: *const sam2lung_bundle_list, index: usize, of: impl FnOnce(&Listed) -> &CStr) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(list, c"".as_ptr(), |list| list.entries.get(index).map_or(c"", of).as_ptr()) }
}

/// The folder of installed bundles that was looked into. Since version 5 of the interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @return UTF-8; "" for NULL, and where the environment doesn't tell where it is; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_folder(list: *const sam2lung_bundle_list) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(list, c"".as_ptr(), |list| list.folder.as_ptr()) }
}

/// How many bundles there are, with the built-in one. Since version 5 of the interface.
///
/// Any thread.
///
/// @param list the list, may be NULL
/// @return at least 1; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_count(list: *const sam2lung_bundle_list) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(list, 0, |list| list.entries.len()) }
}

/// The name of a bundle. Since version 5 of the interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return UTF-8; "" for NULL and where there is no such bundle; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_name(list: *const sam2lung_bundle_list, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(list, index, |entry| &entry.name) }
}

/// The version of a bundle. Since version 5 of the interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return UTF-8; "" for NULL and where there is no such bundle; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_version(
    list: *const sam2lung_bundle_list,
    index: usize,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(list, index, |entry| &entry.version) }
}

/// The folder of a bundle, for sam2lung_bundle_open(). Since version 5 of the interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return UTF-8; "" for the built-in bundle (sam2lung_bundle_builtin()), for NULL and where there is no such bundle; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_path(list: *const sam2lung_bundle_list, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(list, index, |entry| &entry.path) }
}

/// What a bundle is for, in a line: its channels, what it outlines, its roles with the kinds of their networks. Since version 5
/// of the interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return UTF-8, in English; "" where its contract can't be used, for NULL and where there is no such bundle; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_purpose(
    list: *const sam2lung_bundle_list,
    index: usize,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(list, index, |entry| &entry.purpose) }
}

/// What a bundle's signature is worth. Since version 5 of the interface.
///
/// Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return a sam2lung_signature; SAM2LUNG_SIGNATURE_MISSING for NULL and where there is no such bundle
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_signature(list: *const sam2lung_bundle_list, index: usize) -> i32 {
    let missing = sam2lung_signature::Missing;
    // SAFETY: the contract of the C ABI.
    unsafe { getter(list, missing, |list| list.entries.get(index).map_or(missing, |entry| entry.signature)) as i32 }
}

/// The same in words, to be shown. Since version 5 of the interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return UTF-8, in English; "" for NULL and where there is no such bundle; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_signature_text(
    list: *const sam2lung_bundle_list,
    index: usize,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(list, index, |entry| &entry.signature_text) }
}

/// Why a bundle can't be opened, as far as that is seen without its graphs' hashes: "E_NAME: message". Since version 5 of the
/// interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return UTF-8, in English; "" where nothing is wrong, for NULL and where there is no such bundle; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_problem(
    list: *const sam2lung_bundle_list,
    index: usize,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(list, index, |entry| &entry.problem) }
}

/// The sha256 of a bundle's model.json, which in turn names that of each graph. Since version 5 of the interface.
///
/// Belongs to the list, valid until it is freed. Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return 64 lower-case hexadecimal digits; "" where it can't be read, for NULL and where there is no such bundle; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_sha256(list: *const sam2lung_bundle_list, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(list, index, |entry| &entry.sha256) }
}

/// How large a bundle is: its model.json and its graphs. Since version 5 of the interface.
///
/// Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return bytes; 0 for NULL and where there is no such bundle
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_bytes(list: *const sam2lung_bundle_list, index: usize) -> u64 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(list, 0, |list| list.entries.get(index).map_or(0, |entry| entry.bytes)) }
}

/// Whether a bundle is the built-in one. Since version 5 of the interface.
///
/// Any thread.
///
/// @param list the list, may be NULL
/// @param index which one, from 0
/// @return whether it is; false for NULL and where there is no such bundle
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_is_builtin(list: *const sam2lung_bundle_list, index: usize) -> bool {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(list, false, |list| list.entries.get(index).is_some_and(|entry| entry.is_builtin)) }
}

/// Frees a list; bundles that were opened from it stay.
///
/// Any thread; not while another one uses it. Since version 5 of the interface.
///
/// @param list the list, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_list_free(list: *mut sam2lung_bundle_list) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(list) }
}
