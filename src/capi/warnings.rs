//! Warnings as C takes them.

use std::ffi::{CString, c_char};

use super::pointers::c_text;
use crate::warning::Warning;

/// Names and texts that stay where they are as long as their owner lives.
#[derive(Debug)]
pub struct Warnings(Vec<(CString, CString)>);

impl Warnings {
    pub fn of(warnings: &[Warning]) -> Self {
        Warnings(warnings.iter().map(|w| (c_text(w.name()), c_text(&w.to_string()))).collect())
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// "" where there is none.
    pub fn name(&self, index: usize) -> *const c_char {
        self.0.get(index).map_or(c"".as_ptr(), |(name, _)| name.as_ptr())
    }

    /// "" where there is none.
    pub fn text(&self, index: usize) -> *const c_char {
        self.0.get(index).map_or(c"".as_ptr(), |(_, text)| text.as_ptr())
    }
}
