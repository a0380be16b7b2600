//! Tests on real CT: `../shared/data` beside the repository, or the folder that `SAM2LUNG_SHARED` names. Without it each
//! test says SKIPPED.

mod data;
mod lungs;
mod reading;
mod segmenting;
