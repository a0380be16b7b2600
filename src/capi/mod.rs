//! The C ABI: what `include/sam2lung.h` declares.
//!
//! Names are `sam2lung_<object>_<verb>`; nothing but these is exported. The header is generated from this folder by
//! `build.rs` and committed.

pub mod version;

#[cfg(test)]
mod tests {
    #[test]
    fn header_committed_equals_the_generated() {
        let generated = include_str!(concat!(env!("OUT_DIR"), "/sam2lung.h"));
        let committed = include_str!("../../include/sam2lung.h");
        assert!(generated == committed, "include/sam2lung.h is out of date: run `cargo xtask header` and commit it");
    }
}
