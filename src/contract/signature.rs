//! Who vouches for a bundle: an Ed25519 signature (RFC 8032) over the bytes of `model.json`, which holds the sha256 of each
//! graph.
//!
//! Enters: the bytes of `model.json` and of `model.json.sig`, and the public keys that the user trusts. Leaves: what the
//! signature is worth, or a named error. A signature is 64 raw bytes, as `openssl pkeyutl -sign -rawin` writes it; a key is a
//! PEM file with a SubjectPublicKeyInfo (RFC 8410), as `openssl pkey -pubout` writes it.

use std::{
    env,
    fmt::{self, Display},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use ed25519_dalek::{Signature as Ed25519, VerifyingKey, pkcs8::DecodePublicKey};

use crate::{
    data_folder,
    error::{Error, Result},
    limits::MAX_KEY_BYTES,
    regular,
};

/// Name of the file beside `model.json` that holds its signature.
pub const SIGNATURE_FILE: &str = "model.json.sig";
/// The folder of the keys, where the caller names none.
pub const KEYS_VARIABLE: &str = "SAM2LUNG_KEYS";
/// With `1`, bundles without a right signature are refused.
pub const REQUIRE_VARIABLE: &str = "SAM2LUNG_REQUIRE_SIGNATURE";
/// Length of an Ed25519 signature (RFC 8032, section 5.1.6).
pub const SIGNATURE_BYTES: u64 = 64;

/// What the signature of a bundle is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// The bundle is a part of this library.
    BuiltIn,
    /// There is none.
    Missing,
    /// There is one, and no key to check it with.
    NotChecked,
    /// It is right; the name of the key's file.
    By(String),
    /// It is wrong, and why. A bundle that was opened never has it.
    Wrong(String),
}

impl Signature {
    /// Its name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Signature::BuiltIn => "built_in",
            Signature::Missing => "missing",
            Signature::NotChecked => "not_checked",
            Signature::By(_) => "right",
            Signature::Wrong(_) => "wrong",
        }
    }

    /// The name of the key's file, where it is right.
    pub fn key(&self) -> Option<&str> {
        match self {
            Signature::By(key) => Some(key),
            _ => None,
        }
    }
}

impl Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signature::BuiltIn => f.write_str("built in"),
            Signature::Missing => f.write_str("not signed"),
            Signature::NotChecked => f.write_str("signed, not checked: no keys were chosen"),
            Signature::By(key) => write!(f, "signed, checked with {key}"),
            Signature::Wrong(reason) => write!(f, "signature is wrong: {reason}"),
        }
    }
}

/// A public key, and the name of its file.
#[derive(Debug, Clone)]
struct Key {
    name: String,
    key: VerifyingKey,
}

/// Whose signatures are trusted, and whether one is required.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    keys: Vec<Key>,
    folder: PathBuf,
    required: bool,
}

impl Trust {
    /// What the environment says: keys in the folder that `SAM2LUNG_KEYS` names, else in the folder `keys` of the user's
    /// data folder where it is there; `SAM2LUNG_REQUIRE_SIGNATURE`.
    ///
    /// # Errors
    /// [`Error::Signature`] for a folder without keys that was named, and for a key that can't be read.
    pub fn usual() -> Result<Self> {
        Self::chosen(None, false)
    }

    /// As [`Trust::usual`], but the keys of `folder` where one is named, and a signature where `required`.
    ///
    /// # Errors
    /// As [`Trust::usual`].
    pub fn chosen(folder: Option<&Path>, required: bool) -> Result<Self> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let required = required || set(REQUIRE_VARIABLE).is_some_and(|value| value != "0");
        let named = folder.map(Path::to_path_buf).or_else(|| set(KEYS_VARIABLE).map(PathBuf::from));
        match named {
            Some(folder) => Self::of(&folder, required),
            None => match data_folder::of_user().map(|folder| folder.join("keys")).filter(|keys| keys.is_dir()) {
                Some(folder) => Ok(Trust { keys: read_keys(&folder)?, folder, required }),
                None => Ok(Trust { required, ..Trust::default() }),
            },
        }
    }

    /// The keys of `folder`, whatever the environment says.
    ///
    /// # Errors
    /// [`Error::Signature`] where there is none, and for a key that can't be read.
    pub fn of(folder: &Path, required: bool) -> Result<Self> {
        let keys = read_keys(folder)?;
        if keys.is_empty() {
            return Err(unusable(folder, "it holds no public key, a file that ends in .pem"));
        }
        Ok(Trust { keys, folder: folder.into(), required })
    }

    /// What a signature is worth: 64 bytes that are right for `contract` under one of the keys.
    pub fn look(&self, contract: &[u8], signature: Option<&[u8]>) -> Signature {
        let Some(bytes) = signature else { return Signature::Missing };
        let Ok(signature) = Ed25519::from_slice(bytes) else {
            return Signature::Wrong(format!("{SIGNATURE_FILE} is not of {SIGNATURE_BYTES} bytes"));
        };
        if self.keys.is_empty() {
            return Signature::NotChecked;
        }
        // Strict: a key of small order, or a signature that is encoded in another way than RFC 8032 says, is none.
        let right = self.keys.iter().find(|key| key.key.verify_strict(contract, &signature).is_ok());
        right.map_or_else(|| Signature::Wrong(self.of_nobody()), |key| Signature::By(key.name.clone()))
    }

    fn of_nobody(&self) -> String {
        let names = self.keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join(", ");
        format!(
            "{SIGNATURE_FILE} is not the signature of this model.json with any key of {} ({names})",
            self.folder.display()
        )
    }

    /// What a signature is worth, where that is enough to open the bundle in `place`.
    ///
    /// # Errors
    /// [`Error::Signature`] for a wrong one; where one is required, for any that isn't right.
    pub fn accept(&self, place: &Path, signature: Signature) -> Result<Signature> {
        const REQUIRED: &str = "Sign the bundle, or don't require signatures";
        let refuse =
            |reason: String, remedy: &str| Err(Error::Signature { place: place.into(), reason, remedy: remedy.into() });
        match signature {
            Signature::Wrong(reason) => {
                refuse(reason, "Get the bundle again, or put the public key of who signed it there")
            }
            Signature::Missing if self.required => refuse(
                format!("the bundle is not signed (it has no {SIGNATURE_FILE}); a signature is required"),
                REQUIRED,
            ),
            Signature::NotChecked if self.required => refuse(
                format!(
                    "{SIGNATURE_FILE} can't be checked, since no public key was chosen; a right signature is required"
                ),
                "Choose a folder with the public key of who signed it",
            ),
            good => Ok(good),
        }
    }
}

/// The keys of a folder, by the names of their files.
fn read_keys(folder: &Path) -> Result<Vec<Key>> {
    let entries =
        fs::read_dir(folder).map_err(|e| unusable(folder, format!("the folder of keys can't be read: {e}")))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.collect::<io::Result<Vec<_>>>().map_err(|e| unusable(folder, e))?;
    let is_pem = |path: &Path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pem"));
    let mut paths: Vec<_> = paths.into_iter().filter(|path| is_pem(path)).collect();
    paths.sort();
    paths.iter().map(|path| read_key(path)).collect()
}

fn read_key(path: &Path) -> Result<Key> {
    let mut text = String::new();
    let read = regular::open(path).and_then(|file| file.take(MAX_KEY_BYTES).read_to_string(&mut text));
    read.map_err(|e| unusable(path, format!("it can't be read: {e}")))?;
    let key = VerifyingKey::from_public_key_pem(text.trim())
        .map_err(|e| unusable(path, format!("it is not an Ed25519 public key in PEM ({e})")))?;
    Ok(Key { name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(), key })
}

fn unusable(place: &Path, reason: impl Display) -> Error {
    let remedy = "Put Ed25519 public keys there, as 'openssl pkey -pubout' writes them";
    Error::Signature { place: place.into(), reason: reason.to_string(), remedy: remedy.into() }
}

#[cfg(test)]
pub(crate) mod tests {
    use ed25519_dalek::{
        Signer, SigningKey,
        pkcs8::{EncodePublicKey, spki::der::pem::LineEnding},
    };

    use super::*;

    /// A private key; two numbers make two.
    pub(crate) fn private_key(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    /// The signature of `text`.
    pub(crate) fn signed(text: &[u8], key: &SigningKey) -> Vec<u8> {
        key.sign(text).to_bytes().to_vec()
    }

    /// Writes the public key to `folder/NAME`.
    pub(crate) fn publish(key: &SigningKey, folder: &Path, name: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()).unwrap();
    }

    fn keys() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        publish(&private_key(1), folder.path(), "a.pem");
        publish(&private_key(2), folder.path(), "b.pem");
        fs::write(folder.path().join("notes.txt"), "not a key").unwrap();
        folder
    }

    #[test]
    fn look_names_the_key_that_signed_and_nobody_for_another_text_key_or_length() {
        let folder = keys();
        let trust = Trust::of(folder.path(), false).unwrap();
        let right = signed(b"contract", &private_key(2));
        assert_eq!(trust.look(b"contract", Some(&right)), Signature::By("b.pem".into()));
        assert_eq!(trust.look(b"contract", None), Signature::Missing);
        for (text, signature) in [
            (b"contracT".as_slice(), right.clone()),
            (b"contract", signed(b"contract", &private_key(3))),
            (b"contract", right[..63].to_vec()),
            (b"contract", [right.clone(), vec![b'\n']].concat()),
        ] {
            assert!(matches!(trust.look(text, Some(&signature)), Signature::Wrong(_)), "{text:?} {}", signature.len());
        }
        // RFC 8032, section 5.1.7: S has to be below the group's order, else there would be a second signature.
        let order = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let (mut second, mut carry) = (right.clone(), 0u16);
        for (byte, more) in second[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + more + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert!(matches!(trust.look(b"contract", Some(&second)), Signature::Wrong(_)));
    }

    #[test]
    fn look_takes_the_first_test_vector_with_a_text_of_rfc_8032() {
        // Section 7.1, TEST 2: the text is the byte 0x72.
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        };
        let secret = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let folder = tempfile::tempdir().unwrap();
        publish(&SigningKey::from_bytes(secret.as_slice().try_into().unwrap()), folder.path(), "rfc.pem");
        let trust = Trust::of(folder.path(), true).unwrap();
        assert_eq!(trust.look(&[0x72], Some(&signature)), Signature::By("rfc.pem".into()));
    }

    #[test]
    fn accept_refuses_what_is_wrong_and_where_one_is_required_what_is_not_right() {
        let folder = keys();
        let place = Path::new("bundle");
        let (free, strict) = (Trust::default(), Trust { required: true, ..Trust::default() });
        for good in [Signature::Missing, Signature::NotChecked, Signature::By("a.pem".into()), Signature::BuiltIn] {
            assert_eq!(free.accept(place, good.clone()).unwrap(), good);
        }
        for bad in [Signature::Missing, Signature::NotChecked, Signature::Wrong("x".into())] {
            let error = strict.accept(place, bad.clone()).unwrap_err();
            assert_eq!(error.name(), "E_SIGNATURE", "{bad}");
        }
        assert!(free.accept(place, Signature::Wrong("x".into())).is_err());
        let trust = Trust::of(folder.path(), true).unwrap();
        assert!(trust.accept(place, Signature::By("a.pem".into())).is_ok());
        assert_eq!(free.look(b"contract", Some(&[0; 64])), Signature::NotChecked);
        assert!(matches!(free.look(b"contract", Some(&[0; 63])), Signature::Wrong(_)), "that needs no key");
    }

    #[test]
    fn of_folder_that_holds_no_key_or_a_file_that_is_none_is_refused_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |folder: &Path| {
            let error = Trust::of(folder, false).unwrap_err();
            assert_eq!(error.name(), "E_SIGNATURE");
            error.to_string()
        };
        assert!(refused(&folder.path().join("none")).contains("can't be read"));
        assert!(refused(folder.path()).contains("no public key"));
        // A private key put there by mistake.
        let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END \
                       PRIVATE KEY-----\n";
        fs::write(folder.path().join("mine.pem"), private).unwrap();
        let text = refused(folder.path());
        assert!(text.contains("mine.pem") && text.contains("not an Ed25519 public key"), "{text}");
    }
}
