//! A chest CT made by arithmetic, with known lungs and nodules.
