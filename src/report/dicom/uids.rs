//! Unique identifiers made from a run: the same run has the same objects, wherever and whenever it is run.

use sha2::{Digest, Sha256};

/// The hash of all that objects are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHash([u8; 32]);

impl RunHash {
    /// That of these parts, in their order.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        RunHash(hash.finalize().into())
    }

    /// The UID of one thing of the run: a UUID below the root 2.25 (PS3.5 B.2), of version 8 (RFC 9562 5.8), from the first
    /// bits of a hash.
    pub fn uid(&self, thing: &str) -> String {
        let RunHash(bytes) = Self::of([self.0.as_slice(), thing.as_bytes()]);
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&bytes[..16]);
        uuid[6] = uuid[6] & 0x0f | 0x80;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        format!("2.25.{}", u128::from_be_bytes(uuid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_is_that_of_the_parts_and_of_the_thing_alone() {
        let run = RunHash::of([b"ab".as_slice(), b"c"]);
        assert_eq!(run.uid("report"), RunHash::of([b"ab".as_slice(), b"c"]).uid("report"));
        let others = [RunHash::of([b"a".as_slice(), b"bc"]).uid("report"), run.uid("overview")];
        assert!(!others.contains(&run.uid("report")) && others[0] != others[1]);
    }

    #[test]
    fn uid_is_a_number_below_the_root_of_uuids() {
        let uid = RunHash::of([b"".as_slice()]).uid("report");
        let number: u128 = uid.strip_prefix("2.25.").unwrap().parse().unwrap();
        assert!(uid.len() <= 64 && number.to_string() == uid[5..], "no zero in front: {uid}");
        assert_eq!((number >> 76 & 0xf, number >> 62 & 3), (8, 2), "version and variant");
    }
}
