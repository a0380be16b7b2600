//! What a person reads: tables, pictures, the run manifest.
