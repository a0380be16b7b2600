//! What a reader decided and wrote of nodules.
//!
//! Enters: readings by the nodules' numbers, from a program in which somebody reads (3D Slicer). Leaves: the same, checked
//! against a result. The library decides nothing by them: it says them beside each nodule, and leaves out of DICOM objects what
//! was rejected.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    error::{Error, Result},
    findings::nodule::Nodule,
};

/// What a reader says of a nodule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Nothing yet.
    #[default]
    Undecided,
    /// It is one.
    Accepted,
    /// It is none, or it doesn't count.
    Rejected,
}

/// What a reader says of one nodule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Its number in the label map.
    pub nodule: u16,
    /// What was decided.
    pub decision: Decision,
    /// What was written; may be empty.
    pub comment: String,
    /// Who decided or wrote last; may be empty.
    pub reader: String,
}

impl Reading {
    /// False where it was rejected: what counts is what nobody rejected.
    pub fn accepted(&self) -> bool {
        self.decision != Decision::Rejected
    }

    /// Whether it was accepted or rejected.
    pub fn decided(&self) -> bool {
        self.decision != Decision::Undecided
    }
}

/// The readings of a result; none where nobody read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Readings(Vec<Reading>);

impl Readings {
    /// Readings of `nodules`, in their order. Nodules without one are undecided, unless there is no reading at all.
    ///
    /// # Errors
    /// [`Error::Option`] for a nodule that isn't there, and for two readings of one.
    pub fn of(readings: Vec<Reading>, nodules: &[Nodule]) -> Result<Self> {
        if readings.is_empty() {
            return Ok(Readings::default());
        }
        let mut by_number = BTreeMap::new();
        for reading in readings {
            let number = reading.nodule;
            let refuse = |got: String, expected: String| Err(Error::Option { option: "readings", got, expected });
            if nodules.iter().all(|nodule| nodule.id != number) {
                let expected = format!("numbers of the {} nodule(s) of the result", nodules.len());
                return refuse(format!("one of nodule {number}, which isn't there"), expected);
            }
            if by_number.insert(number, reading).is_some() {
                return refuse(format!("two of nodule {number}"), "one a nodule at most".into());
            }
        }
        let own = |nodule: &Nodule| {
            by_number.remove(&nodule.id).unwrap_or(Reading { nodule: nodule.id, ..Reading::default() })
        };
        Ok(Readings(nodules.iter().map(own).collect()))
    }

    /// True where nobody read the result.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That of a nodule; `None` where nobody read the result.
    pub fn nodule(&self, id: u16) -> Option<&Reading> {
        self.0.iter().find(|reading| reading.nodule == id)
    }

    /// Whether a reader rejected a nodule.
    pub fn rejects(&self, id: u16) -> bool {
        self.nodule(id).is_some_and(|reading| !reading.accepted())
    }

    /// How many were decided so.
    pub fn count(&self, decision: Decision) -> usize {
        self.0.iter().filter(|reading| reading.decision == decision).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_have_one_for_each_nodule_and_refuse_those_of_no_nodule() {
        let nodules = [2, 5].map(|id| Nodule::unmeasured(id, [[0.0; 3]; 2], 1.0));
        let rejected = |nodule| Reading { nodule, decision: Decision::Rejected, ..Reading::default() };
        let readings = Readings::of(vec![rejected(5)], &nodules).unwrap();
        assert!(readings.rejects(5) && !readings.rejects(2) && !readings.nodule(2).unwrap().decided());
        assert_eq!((readings.count(Decision::Undecided), readings.count(Decision::Rejected)), (1, 1));
        assert!(Readings::of(Vec::new(), &nodules).unwrap().is_empty());
        let missing = Readings::of(vec![rejected(3)], &nodules).unwrap_err().to_string();
        assert!(missing.contains("nodule 3, which isn't there"), "{missing}");
        assert!(
            Readings::of(vec![rejected(5), rejected(5)], &nodules).unwrap_err().to_string().contains("two of nodule 5")
        );
    }
}
